// Every sentence that a person reads about a state or an error, and how numbers are written.
//
// Pure: no DOM, no clock, no storage, no randomness. The views ask here what to say and put the
// answer into a text node. Nothing here is HTML, and no sentence names a protocol or a code.

/** Below this a difference between two rooms cannot be heard as an echo. */
export const IN_SYNC_MS = 20;

/** A decoder leaves out a few samples: 59.99 s are a minute to everybody but a computer. */
const NEARLY_SEC = 0.05;

const THIN_SPACE = '\u202f';

/** '0:41', '12:05', '1:02:03'; '-:--' while the length is not known. */
export function formatTime(sec) {
  if (!Number.isFinite(sec)) return '-:--';
  const whole = Math.max(0, Math.floor(sec + NEARLY_SEC));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const seconds = String(whole % 60).padStart(2, '0');
  if (hours === 0) return `${minutes}:${seconds}`;
  return `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`;
}

/** The same for the ear: '1 minute 2 seconds'. */
export function spokenTime(sec) {
  if (!Number.isFinite(sec)) return 'unknown';
  const whole = Math.max(0, Math.floor(sec + NEARLY_SEC));
  const parts = [
    [Math.floor(whole / 3600), 'hour'],
    [Math.floor((whole % 3600) / 60), 'minute'],
    [whole % 60, 'second'],
  ].filter(([count]) => count > 0);
  if (parts.length === 0) return '0 seconds';
  return parts.map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' ');
}

/** What a slider or a progress line says: '41 seconds of 1 minute'. */
export function positionText(positionSec, durationSec) {
  if (!Number.isFinite(durationSec)) return spokenTime(positionSec);
  return `${spokenTime(positionSec)} of ${spokenTime(durationSec)}`;
}

/** A duration without its sign: '0.6 ms', '38 ms', '1.2 s'. */
export function formatMs(ms) {
  const size = Math.abs(ms);
  if (size < 0.05) return `<${THIN_SPACE}0.1${THIN_SPACE}ms`;
  if (size < 9.95) return `${size.toFixed(1)}${THIN_SPACE}ms`;
  if (size < 999.5) return `${Math.round(size)}${THIN_SPACE}ms`;
  return `${(size / 1000).toFixed(1)}${THIN_SPACE}s`;
}

/** '0.6 ms ahead', '38 ms behind'. */
export function aheadOrBehind(ms) {
  if (Math.abs(ms) < 0.05) return formatMs(ms);
  return `${formatMs(ms)} ${ms < 0 ? 'behind' : 'ahead'}`;
}

export function formatPercent(share) {
  const bounded = Math.min(1, Math.max(0, Number(share) || 0));
  return `${Math.floor(bounded * 100)}${THIN_SPACE}%`;
}

export function formatBytes(bytes) {
  if (!Number.isFinite(bytes)) return '';
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} KB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/**
 * Title and artist from a file name, the way people name their files:
 * '01 - J. S. Bach - Prelude in C.flac' is 'Prelude in C' by 'J. S. Bach'.
 */
export function trackWords(track) {
  const name = typeof track?.name === 'string' ? track.name : '';
  const stem = name.replace(/\.[a-z0-9]{2,4}$/i, '').replace(/_/g, ' ');
  const plain = stem
    .replace(/^\s*(0\d[\s.-]+|\d{1,2}(\.\s+|\s+-\s+))(?=\S)/, '')
    .replace(/\s+/g, ' ')
    .trim();
  const [artist, ...rest] = plain.split(/\s[-–—]\s/);
  if (rest.length > 0 && artist !== '') {
    return { title: rest.join(' - '), artist };
  }
  return { title: plain || unknownTrackTitle(track?.track_id), artist: '' };
}

/** A track that is not in the room's list has only its id. */
export function unknownTrackTitle(trackId) {
  const id = String(trackId ?? '');
  return id.length > 16 ? `Track ${id.slice(0, 8)}…` : `Track ${id}`.trim();
}

const FORMATS = [
  [/opus/, 'Opus'],
  [/ogg|vorbis/, 'Ogg'],
  [/flac/, 'FLAC'],
  [/wav/, 'WAV'],
  [/aac/, 'AAC'],
  [/mp4|m4a/, 'M4A'],
  [/mpeg|mp3/, 'MP3'],
];

/** The quiet second line of a track: 'Opus · 0.5 MB'. */
export function trackFacts(track) {
  const type = String(track?.content_type ?? '').toLowerCase();
  const format = FORMATS.find(([pattern]) => pattern.test(type))?.[1] ?? '';
  return [format, formatBytes(track?.bytes)].filter(Boolean).join(' · ');
}

/** 'Ana is hosting · 12 listening'. `hostName` is null when the seat is free. */
export function crowdWords({ hostName, isHost, total }) {
  const host = isHost
    ? 'You are hosting'
    : hostName
      ? `${hostName} is hosting`
      : 'Nobody is hosting';
  if (!(total > 0)) return host;
  return `${host} · ${total === 1 ? 'only you here' : `${total} listening`}`;
}

/** The same seen from outside the room, before joining. */
export function lobbyWords({ hostName, total, title, playing }) {
  if (total === 0) return 'Nobody is here yet. Be the first.';
  if (hostName && title) {
    return `${hostName} ${playing ? 'is playing' : 'has paused'} ${title}`;
  }
  if (hostName) return `${hostName} is hosting and picking a track`;
  if (title && playing) return `${title} is playing, nobody is hosting`;
  return 'Nobody is hosting right now';
}

/** Names in a row: 'Ana, Ben, Cleo and 9 others'. */
export function nameList(names, total) {
  const shown = names.slice(0, 3);
  const others = Math.max(0, total - shown.length);
  if (others > 0) {
    return `${shown.join(', ')} and ${others} ${others === 1 ? 'other' : 'others'}`;
  }
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/**
 * The chip in the corner. `tone` is 'good', 'wait' or 'off'; the text says the same, so that
 * nothing is told by the colour alone.
 */
export function chipWords({ connection, phase, errorMs, loaded }) {
  if (connection === 'connecting') return chip('connecting', 'wait');
  if (connection === 'reconnecting') return chip('reconnecting', 'wait');
  switch (phase) {
    case 'locked':
    case 'blocked':
      return chip('sound is off', 'off');
    case 'loading':
      return chip(`loading ${formatPercent(loaded)}`, 'wait');
    case 'catching-up':
      return chip('catching up', 'wait');
    case 'ready':
      return chip('ready', 'good');
    case 'playing':
      return playingChip(errorMs);
    case 'paused':
      return chip('paused', 'good');
    case 'ended':
      return chip('ended', 'good');
    case 'failed':
      return chip('no sound', 'off');
    default:
      return chip('connected', 'good');
  }
}

function chip(text, tone) {
  return { text, tone };
}

function playingChip(errorMs) {
  if (!Number.isFinite(errorMs)) return chip('playing', 'good');
  if (Math.abs(errorMs) < IN_SYNC_MS) {
    return chip(`in sync, ${formatMs(errorMs)}`, 'good');
  }
  return chip(aheadOrBehind(errorMs), 'wait');
}

/**
 * What stands under the cover: `title`, a quiet `artist`, a `status` line and the one `action`
 * that would help now ('hear', 'retry', 'reload' or null). `tone` is 'plain', 'wait' or 'bad'.
 *
 * `track` is the entry of the room's list, null when the list does not have it; `state` the last
 * STATE, null before the first.
 */
export function stageWords(view) {
  const { state, track, isHost, hostName } = view;
  if (!state) return stage(`Joining ${view.room}`, { tone: 'wait' });
  if (state.track_id === null || state.track_id === undefined) {
    return emptyStage(view);
  }
  const words = track
    ? trackWords(track)
    : { title: unknownTrackTitle(state.track_id), artist: '' };
  const status = phaseWords({
    ...view,
    paused: state.status !== 'PLAY',
    host: isHost ? 'you' : hostName,
  });
  return { ...stage(words.title, status), artist: words.artist };
}

function stage(title, { status = '', action = null, tone = 'plain' } = {}) {
  return { title, artist: '', status, action, tone };
}

function emptyStage({ isHost, hostName, trackCount }) {
  if (isHost && trackCount > 0) {
    return stage('Pick a track', { status: 'Pick one in the list to start.' });
  }
  if (isHost) {
    return stage('Nothing to play yet', {
      status:
        'This room has no tracks. Start the server with \u2011\u2011share and a song, and it shows up here.',
    });
  }
  if (hostName) {
    return stage(`Waiting for ${hostName} to pick something`, {
      status: 'It starts here by itself.',
    });
  }
  return stage('Nothing is playing yet', {
    status: 'Somebody has to host: that can be you.',
  });
}

function phaseWords(view) {
  switch (view.phase) {
    case 'locked':
    case 'blocked':
      return {
        status: 'Your browser wants one tap before it makes a sound.',
        action: 'hear',
        tone: 'wait',
      };
    case 'loading':
      return { status: `Loading ${formatPercent(view.loaded)}`, tone: 'wait' };
    case 'catching-up':
      return { status: 'Catching up with the room', tone: 'wait' };
    case 'ready':
      return view.paused
        ? { status: pausedWords(view) }
        : { status: 'Starting together', tone: 'wait' };
    case 'paused':
      return { status: pausedWords(view) };
    case 'ended':
      return { status: endedWords(view) };
    case 'failed':
      return failureWords(view);
    default:
      return {};
  }
}

function pausedWords({ host }) {
  if (host === 'you') return 'Paused. Press play when all are here.';
  return host ? `Paused. ${host} has the play button.` : 'Paused';
}

function endedWords({ host }) {
  if (host === 'you') return 'That was the end. Pick the next one.';
  return host ? `That was the end. ${host} picks the next one.` : 'That was the end.';
}

function failureWords({ reason, isHost }) {
  switch (reason) {
    case 'unknown-track':
      return {
        status: isHost
          ? 'This server does not have that track. Pick one from the list.'
          : 'This server does not have that track. The host can pick another.',
        tone: 'bad',
      };
    case 'network':
      return {
        status: 'The track did not arrive. Is the network all right?',
        action: 'retry',
        tone: 'bad',
      };
    case 'decode':
      return {
        status: 'This browser cannot play that file. Another browser may.',
        action: 'retry',
        tone: 'bad',
      };
    case 'no-audio-support':
      return {
        status:
          'This browser cannot play sound here. Try a current Firefox, Chrome, Edge or Safari.',
        tone: 'bad',
      };
    default:
      return {
        status: 'The sound stopped unexpectedly.',
        action: 'retry',
        tone: 'bad',
      };
  }
}

/** What the list of people says about somebody's sound, from their last REPORT. */
export function reportWords(report) {
  switch (report?.status) {
    case 'loading':
      return Number.isFinite(report.loaded) && report.loaded < 1
        ? `loading ${formatPercent(report.loaded)}`
        : 'catching up';
    case 'playing':
      return Number.isFinite(report.error_ms) ? formatMs(report.error_ms) : 'playing';
    case 'ready':
      return 'ready';
    case 'paused':
      return 'paused';
    case 'ended':
      return 'ended';
    case 'blocked':
      return 'sound is off';
    case 'failed':
      return 'no sound';
    default:
      return '';
  }
}

/** What the dialog behind the chip lists: [label, value] pairs. */
export function syncFacts({ snapshot, quality }) {
  const known = (value, write) => (Number.isFinite(value) ? write(value) : 'not yet');
  return [
    ['Error', known(snapshot.errorMs, aheadOrBehind)],
    ['Round trip', known(quality?.rtt_ms, formatMs)],
    ['Clock', known(quality?.spread_ms, (ms) => `± ${formatMs(ms)}, ${quality.probes} probes`)],
    ['Output delay', known(snapshot.outputLatencyMs, formatMs)],
    ['Method', { webaudio: 'Web Audio', element: 'Audio element' }[snapshot.method] ?? 'not yet'],
  ];
}

/** One line at the very bottom of the page. */
export function connectionWords(connection) {
  return {
    idle: 'Not joined',
    connecting: 'Connecting',
    open: 'Connected',
    reconnecting: 'Reconnecting',
  }[connection];
}
