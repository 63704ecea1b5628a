// Every sentence that a person reads about a state or an error of the party.
//
// Pure: no DOM, no clock, no storage, no randomness. The views ask here what to say and put the
// answer into a text node. Nothing here is HTML, and no sentence names a protocol or a code.

import { aheadOrBehind, formatMs, formatPercent } from './number-words.js';
import { artistLine, trackWords, unknownTrackTitle } from './track-words.js';

/** Below this a difference between two rooms cannot be heard as an echo. */
export const IN_SYNC_MS = 20;

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
 * that would help now ('hear', 'retry', 'add', 'start' or null). `tone` is 'plain', 'wait' or 'bad'.
 *
 * `track` is the entry of the room's list, null when the list does not have it; `state` the last
 * STATE, null before the first.
 */
export function stageWords(view) {
  const { state, track, canControl, hostName } = view;
  if (!state) return stage(`Joining ${view.room}`, { tone: 'wait' });
  if (state.track_id === null || state.track_id === undefined) {
    return emptyStage(view);
  }
  const words = track
    ? trackWords(track)
    : { title: unknownTrackTitle(state.track_id), artist: '', album: '' };
  const status = phaseWords({
    ...view,
    paused: state.status !== 'PLAY',
    host: canControl ? 'you' : hostName,
  });
  return { ...stage(words.title, status), artist: artistLine(words) };
}

function stage(title, { status = '', action = null, tone = 'plain' } = {}) {
  return { title, artist: '', status, action, tone };
}

function emptyStage({ canControl, hostName, trackCount, canAdd, uploading }) {
  if (canControl && trackCount > 0) {
    return stage('Pick a track', { status: 'Press play for the first, or tap one in the queue.' });
  }
  if (canAdd && uploading) {
    return stage('The first song is on its way', {
      status: canControl
        ? 'As soon as it is here, you can press play.'
        : 'As soon as it is here, it can be played.',
      tone: 'wait',
    });
  }
  if (canAdd && trackCount === 0) {
    return stage('Nothing to play yet', {
      status: 'Drop a song here, or pick some from this device.',
      action: 'add',
    });
  }
  if (canControl) {
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
      if (view.waiting) return waitingWords(view);
      return view.paused
        ? { status: pausedWords(view) }
        : { status: 'Starting together', tone: 'wait' };
    case 'paused':
      if (view.waiting) return waitingWords(view);
      return { status: view.queueEnded ? queueEndWords(view) : pausedWords(view) };
    case 'ended':
      return { status: endedWords(view) };
    case 'failed':
      return failureWords(view);
    default:
      return {};
  }
}

/** A start that waits: `waiting` has `ready`, `of` and, once somebody is ready, `leftSec`. */
function waitingWords({ waiting: { ready, of, leftSec }, host }) {
  const soon = leftSec === null ? '' : `, at most ${Math.max(1, Math.ceil(leftSec))} s more`;
  return {
    status: `Waiting for others: ${ready} of ${of} ready${soon}`,
    action: host === 'you' ? 'start' : null,
    tone: 'wait',
  };
}

function pausedWords({ host }) {
  if (host === 'you') return 'Paused. Press play when all are here.';
  return host ? `Paused. ${host} has the play button.` : 'Paused';
}

function endedWords({ host }) {
  if (host === 'you') return 'That was the end. Pick the next one.';
  return host ? `That was the end. ${host} picks the next one.` : 'That was the end.';
}

function queueEndWords({ host, canAdd }) {
  if (host !== 'you') {
    if (canAdd) return 'That was the last one. You can add more.';
    return host ? `That was the last one. ${host} can add more.` : 'That was the last one.';
  }
  return canAdd
    ? 'That was the last one. Add music, or play it again.'
    : 'That was the last one. Pick one, or play it again.';
}

function failureWords({ reason, canControl }) {
  switch (reason) {
    case 'unknown-track':
      return {
        status: canControl
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
        status: 'This file cannot be played here, it may be damaged. Another browser may.',
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

/** One line at the very bottom of the page. */
export function connectionWords(connection) {
  return {
    idle: 'Not joined',
    connecting: 'Connecting',
    open: 'Connected',
    reconnecting: 'Reconnecting',
  }[connection];
}

/** What has just happened in the room, for the ear; `happened` as room-model.js tells it. */
export function newsWords(happened, { state, host, peerId, arrived }, title) {
  const said = [];
  const chosen = happened.includes('track') || happened.includes('again');
  if (chosen && state.track_id !== null) said.push(`Now playing: ${title}.`);
  if (happened.includes('arrived')) said.push(arrivedWords(arrived));
  if (happened.includes('host-came')) {
    said.push(host.peer_id === peerId ? 'You are hosting.' : `${host.name} is hosting now.`);
  }
  return said.join(' ');
}

function arrivedWords(tracks) {
  if (tracks.length > 1) return `${tracks.length} tracks have arrived.`;
  return `${trackWords(tracks[0]).title} has arrived.`;
}
