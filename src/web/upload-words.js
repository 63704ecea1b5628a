// What is said about a file on its way to the server, and about why it did not get there. Pure.

import { formatBytes, formatPercent } from './number-words.js';

const KINDS = 'WAV, FLAC, MP3, Ogg, Opus, AAC and M4A';

/**
 * `{ text, canRetry, mends }`. `status` is the server's, 0 for none, 'empty' for a file without
 * anything in it; `text` the server's own line, for what has no better words here. `mends`: it is
 * worth trying by itself when the room is back.
 */
export function uploadFailure({ status, text = '', bytes, bytesMax }) {
  const failure = (words, { canRetry = false, mends = false } = {}) => ({
    text: words,
    canRetry,
    mends,
  });
  switch (status) {
    case 0:
      return failure('The connection was cut.', { canRetry: true, mends: true });
    case 'empty':
      return failure('There is nothing in this file.');
    case 403:
      return failure(sentence(text) || 'Only the host can add music.', {
        canRetry: true,
        mends: true,
      });
    case 408:
      return failure('The network was too slow: nothing came through for a while.', {
        canRetry: true,
        mends: true,
      });
    case 409:
      return failure('The queue is full. Remove something, then try again.', { canRetry: true });
    case 413:
      return failure(tooLarge(bytes, bytesMax));
    case 415:
      return failure(`This is not music that browsers play. ${KINDS} are.`);
    case 503:
      return failure('The server takes in too much at once right now.', { canRetry: true });
    case 507:
      return failure("The server's disk is full. Somebody has to make room there first.", {
        canRetry: true,
      });
    default:
      return failure(sentence(text) || 'The server did not take this file.', {
        canRetry: status >= 500,
      });
  }
}

function tooLarge(bytes, bytesMax) {
  const size = Number.isFinite(bytes) ? `Too large, with ${formatBytes(bytes)}` : 'Too large';
  if (!Number.isFinite(bytesMax)) return `${size}: this server takes smaller files only.`;
  return `${size}: this server takes up to ${formatBytes(bytesMax)} a file.`;
}

/** A line of the server as a sentence. */
function sentence(line) {
  const text = String(line).trim();
  if (text === '') return '';
  const capital = text[0].toLocaleUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

/** The line under the name of an upload. `connected`: the room is there; `mayAdd`: and lets it in. */
export function uploadWords(
  { state, file, sentBytes, bytesPerSec, problem },
  { connected, mayAdd = true },
) {
  if (state === 'failed') {
    const tail = problem.mends && !connected ? ' It goes on when the room is back.' : '';
    return problem.text + tail;
  }
  if (state === 'waiting') {
    if (!connected) return 'Waiting for the connection';
    return mayAdd ? `Waiting, ${formatBytes(file.size)}` : 'Waiting until you may add music again';
  }
  if (sentBytes >= file.size) return 'Sent, the server looks at it';
  const parts = [formatPercent(sentBytes / file.size)];
  if (bytesPerSec > 0) {
    parts.push(rateWords(bytesPerSec), leftWords((file.size - sentBytes) / bytesPerSec));
  }
  return parts.join(' · ');
}

export function rateWords(bytesPerSec) {
  return `${formatBytes(bytesPerSec)}/s`;
}

/** '12 s left', '3 min left'. */
export function leftWords(sec) {
  if (!Number.isFinite(sec)) return '';
  if (sec < 60) return `${Math.max(1, Math.ceil(sec))} s left`;
  return `${Math.ceil(sec / 60)} min left`;
}

/** The line above several: 'Adding 3 files, 12 MB to go', '2 files were not added'. */
export function uploadsSummary(uploads) {
  const going = uploads.filter((upload) => upload.state !== 'failed');
  if (going.length > 0) {
    const left = going.reduce((sum, { file, sentBytes }) => sum + file.size - sentBytes, 0);
    return `Adding ${count(going.length)}, ${formatBytes(left)} to go`;
  }
  return `${count(uploads.length)} ${uploads.length === 1 ? 'was' : 'were'} not added`;
}

function count(files) {
  return files === 1 ? '1 file' : `${files} files`;
}

/** Who drops a file without being allowed to is told who is. */
export function notYoursWords(hostName) {
  return hostName
    ? `Only ${hostName}, who hosts, can add music.`
    : 'Only who hosts can add music, and nobody does right now.';
}

/** For the one who drops: what happens on letting go. */
export function dropWords({ canAdd, connected, hostName, mayAdd }) {
  if (!mayAdd) return notYoursWords(hostName);
  if (!canAdd) return 'This server takes no music from the page.';
  return connected ? 'Let go to add it to the queue' : 'Let go: it is added when the room is back';
}
