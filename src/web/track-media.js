// Turns a track id into something that can be played: decoded PCM, or word that the <audio>
// element has to do it.
//
// It never starts a sound. All it holds on to is what it returns.
//
// Invariant: at most PCM_BYTES_MAX of sound is decoded for a track whose length can be read
// beforehand, and of a file that may be longer nothing is fetched before that length is known.

import { LoadError, UNKNOWN_STATUS, loadTrack } from './track-loader.js';

// Decoded sound is 32-bit floats: about 11 min of stereo at 48 kHz.
export const PCM_BYTES_MAX = 256 * 1024 * 1024;
const BYTES_PER_SAMPLE = 4;
const CHANNEL_COUNT_GUESS = 2;
const SAMPLE_RATE_GUESS_HZ = 48_000;
// A file up to this size is under the limit at any bit rate that people keep music in (48 kbit/s
// and up), so nobody asks for its length first.
const SMALL_FILE_BYTES = 4 * 1024 * 1024;
// Without a length: compressed 1:8 or better, a file of this size would already be near the limit.
const UNMEASURED_FILE_BYTES_MAX = 32 * 1024 * 1024;
// Nothing larger is fetched to be decoded, whatever its length.
const FILE_BYTES_MAX = PCM_BYTES_MAX;
const METADATA_TIMEOUT_MS = 8000;

// Resolves with { buffer } or { element: true }. Rejects with LoadError: 'unknown-track',
// 'network', 'decode' or 'no-audio-support'; or with the signal's reason.
//   bytes, durationSec   size and length of the file if known, else null
//   context              promise of an AudioContext, or of null if the browser has none; the
//                        fetched bytes wait for it
//   pace, isPatient      see loadTrack()
export async function prepareTrack({
  url,
  bytes,
  durationSec = null,
  context,
  signal,
  onProgress,
  pace,
  isPatient,
}) {
  const canDecode = 'fetch' in globalThis && 'ReadableStream' in globalThis && hasAudioContext();
  if (!canDecode) return elementOrFail(url, signal, () => whyNoElement(url, signal));
  const loadStop = new AbortController();
  const forward = () => loadStop.abort(signal.reason);
  signal.addEventListener('abort', forward, { once: true });
  try {
    const isTooLong = once((size) => wouldBeTooLong({ url, bytes: size, durationSec, signal }));
    const isMeasured = bytes !== null || durationSec !== null;
    if (isMeasured && (await isTooLong(bytes))) return { element: true };
    const admit = async (totalBytes) => {
      if (await isTooLong(totalBytes)) throw new LoadError('too-large', 'too long');
    };
    const loaded = await loadTrack(url, {
      signal: loadStop.signal,
      onProgress,
      admit: isMeasured ? undefined : admit,
      pace,
      isPatient,
      bytesMax: FILE_BYTES_MAX,
    });
    const readyContext = await abortable(context, signal);
    if (!readyContext) return await elementOrFail(url, signal, noAudioSupport);
    return { buffer: await decode(readyContext, loaded.bytes) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof LoadError && error.reason === 'too-large') return { element: true };
    if (error instanceof LoadError && error.reason !== 'decode') throw error;
    const refuse = () => new LoadError('decode', 'cannot decode the track', { cause: error });
    return await elementOrFail(url, signal, refuse);
  } finally {
    signal.removeEventListener('abort', forward);
    loadStop.abort();
  }
}

export function hasAudioContext() {
  return typeof (globalThis.AudioContext ?? globalThis.webkitAudioContext) === 'function';
}

// What a decoded track takes in memory.
export function pcmBytes(buffer) {
  return buffer.length * buffer.numberOfChannels * BYTES_PER_SAMPLE;
}

// The same for a track of this length, before it is decoded.
export function pcmBytesGuess(durationSec) {
  return durationSec * SAMPLE_RATE_GUESS_HZ * CHANNEL_COUNT_GUESS * BYTES_PER_SAMPLE;
}

function once(ask) {
  let answer;
  return (value) => (answer ??= ask(value));
}

// Would the track be too much to decode? A small file is not; of any other whose length nobody has
// said it is asked for first. Without an answer a large file counts as too long, and one of unknown
// size does not.
async function wouldBeTooLong({ url, bytes, durationSec, signal }) {
  if (durationSec !== null) return pcmBytesGuess(durationSec) > PCM_BYTES_MAX;
  if (bytes !== null && bytes <= SMALL_FILE_BYTES) return false;
  const readSec = await readDurationSec(url, signal);
  signal.throwIfAborted();
  if (readSec === null) return bytes !== null && bytes > UNMEASURED_FILE_BYTES_MAX;
  return pcmBytesGuess(readSec) > PCM_BYTES_MAX;
}

async function elementOrFail(url, signal, makeError) {
  if ((await readDurationSec(url, signal)) !== null) return { element: true };
  signal.throwIfAborted();
  throw await makeError();
}

function noAudioSupport() {
  return new LoadError('no-audio-support', 'this browser has no way to play this track');
}

// An element does not say why it cannot play something, so the server is asked.
async function whyNoElement(url, signal) {
  if (typeof globalThis.Audio !== 'function' || !('fetch' in globalThis)) return noAudioSupport();
  try {
    const { ok, status } = await fetch(url, { method: 'HEAD', signal });
    if (ok) return noAudioSupport();
    const reason = UNKNOWN_STATUS.includes(status) ? 'unknown-track' : 'network';
    return new LoadError(reason, `the server answered ${status}`);
  } catch (error) {
    return new LoadError('network', `cannot reach ${url}`, { cause: error });
  }
}

// The length that the file's own metadata claims, or null if the element cannot say in good time.
function readDurationSec(url, signal) {
  if (typeof globalThis.Audio !== 'function') return Promise.resolve(null);
  return new Promise((resolve) => {
    const element = new Audio();
    const finish = (value) => {
      clearTimeout(timer);
      element.removeAttribute('src');
      element.load();
      resolve(value);
    };
    const timer = setTimeout(() => finish(null), METADATA_TIMEOUT_MS);
    signal.addEventListener('abort', () => finish(null), { once: true });
    element.addEventListener(
      'loadedmetadata',
      () => finish(Number.isNaN(element.duration) ? null : element.duration),
      {
        once: true,
      },
    );
    element.addEventListener('error', () => finish(null), { once: true });
    element.muted = true;
    element.preload = 'metadata';
    element.src = url;
  });
}

// Older Safari knows only the form with callbacks.
function decode(context, bytes) {
  return new Promise((resolve, reject) => {
    const refuse = (error) =>
      reject(
        new LoadError('decode', 'the browser cannot decode this', {
          cause: error,
        }),
      );
    context.decodeAudioData(bytes, resolve, refuse)?.catch?.(refuse);
  });
}

function abortable(promise, signal) {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), {
      once: true,
    });
    promise.then(resolve, reject);
  });
}
