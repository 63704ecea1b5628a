// What this page knows about its room, and how a message of the server changes it.
//
// Pure: a message goes in, a new room and a list of what happened come out. It never believes a
// message's shape: entries that do not fit are left out, and every list is bounded.

import { readRights, readVotes } from './rights.js';

const TRACKS_MAX = 1000;
const MEMBERS_MAX = 200;
const PLAYED_MAX = 100;
const TEXT_CHARS_MAX = 300;

/** What can be part of an address; other ids stay names without a picture. */
const CONTENT_ID = /^[0-9a-f]{64}$/;
/** The last second that a Date can name, or nearly. */
const TIME_SEC_MAX = 8e12;
const TRACK_TEXTS = ['name', 'content_type', 'title', 'artist', 'album', 'added_by', 'added_by_id'];
const UPLOAD_KEY = /^[0-9a-f]{16,128}$/;

export function emptyRoom() {
  return {
    state: null,
    waiting: null,
    peerId: null,
    tracks: [],
    tracksKnown: false,
    arrived: [],
    played: [],
    historyKnown: false,
    queueEnded: false,
    editable: false,
    uploadKey: null,
    members: [],
    machines: [],
    membersKnown: false,
    total: 0,
    host: null,
    lastHostId: null,
    lastHostName: null,
    kept: null,
    guests: 'nothing',
    locked: false,
    lockChanges: null,
    rightsKnown: false,
    votes: null,
    serverVersion: null,
  };
}

/**
 * `{ room, happened }`; `happened` holds 'state', 'track', 'again' (the same track from its start),
 * 'tracks', 'arrived', 'played', 'welcome', 'members', 'rights', 'guests' (they may do more or less),
 * 'lock' (the room's key was set or taken away), 'host-came', 'host-back' (the same who left), 'host-left' and 'votes', in that order of telling.
 *
 * `editable`: the server knows how to change the queue; an older one gives no upload key.
 * `queueEnded`: the last track has just played to its end. `arrived`: the tracks that the server has
 * since the last QUEUE, and had to wait for. `waiting`: the start that waits for those who load, as
 * `{ trackId, ready, of, untilSec }` with the room time at which it comes anyhow or null. `kept`: for
 * whom the free host seat is kept. `lockChanges`: how often the room's key has changed, null before the first RIGHTS
 * of a connection. `votes`: how many want to skip the current track, null while nobody
 * has said so.
 */
export function applyMessage(room, message) {
  switch (message?.type) {
    case 'STATE':
      return applyState(room, message.payload);
    case 'PEER':
      // A new connection: the key of the one before opens nothing any more, and a server counts from anew.
      return {
        room: {
          ...room,
          peerId: message.peer_id,
          uploadKey: null,
          waiting: null,
          lockChanges: null,
        },
        happened: [],
      };
    case 'WELCOME':
      return applyWelcome(room, message);
    case 'QUEUE':
      return applyQueue(room, readTracks(message.tracks));
    case 'HISTORY':
      return {
        room: { ...room, played: readPlayed(message.played), historyKnown: true },
        happened: ['played'],
      };
    case 'PLAYED':
      return {
        room: { ...room, played: readPlayed([...room.played, message.entry]) },
        happened: ['played'],
      };
    case 'MEMBERS':
      return applyMembers(room, message);
    case 'WAITING':
      return { room: { ...room, waiting: readWaiting(message) }, happened: ['waiting'] };
    case 'RIGHTS':
      return applyRights(room, readRights(message));
    case 'VOTES':
      return applyVotes(room, readVotes(message));
    default:
      return { room, happened: [] };
  }
}

function readWaiting({ track_id: trackId, ready, of, until }) {
  if (typeof trackId !== 'string' || !Number.isFinite(ready) || !Number.isFinite(of)) return null;
  return { trackId, ready, of, untilSec: isTime(until) ? until : null };
}

/** The start that waits, with the seconds that it waits at most or null; null when nothing waits. */
export function waitingAt({ waiting, state }, roomSec) {
  if (waiting === null || waiting.trackId !== state?.track_id) return null;
  const leftSec = waiting.untilSec === null ? NaN : waiting.untilSec - roomSec;
  return { ...waiting, leftSec: Number.isFinite(leftSec) ? leftSec : null };
}

function applyQueue(room, tracks) {
  const awaited = new Set(room.tracks.filter((track) => track.awaited).map(idOf));
  const arrived = tracks.filter((track) => !track.awaited && awaited.has(idOf(track)));
  return {
    room: { ...room, tracks, tracksKnown: true, arrived },
    happened: arrived.length > 0 ? ['tracks', 'arrived'] : ['tracks'],
  };
}

function idOf(track) {
  return track.track_id;
}

function applyWelcome(room, message) {
  const key = message.upload_key;
  const uploadKey = typeof key === 'string' && UPLOAD_KEY.test(key) ? key : null;
  return {
    room: {
      ...room,
      serverVersion: String(message.version),
      uploadKey,
      editable: uploadKey !== null,
      // What a server before knew, this one may not.
      rightsKnown: room.rightsKnown && typeof message.token === 'string',
    },
    happened: ['welcome'],
  };
}

function applyState(room, payload) {
  if (!isState(payload)) return { room, happened: [] };
  const known = room.state !== null;
  const changed = room.state?.track_id !== payload.track_id;
  const happened = ['state'];
  if (changed && (known || payload.track_id !== null)) happened.push('track');
  else if (!changed && startsAgain(room.state, payload)) happened.push('again');
  const queueEnded = !changed && isEnd(room, payload);
  const votes = changed ? null : room.votes;
  return { room: { ...room, state: payload, queueEnded, votes }, happened };
}

/** A playing track that stands at its start again, and there is none after it. */
function isEnd(room, { track_id: trackId, status, offset_sec: offsetSec }) {
  if (status !== 'PAUSE' || offsetSec !== 0) return false;
  const wasPlaying = room.state?.status === 'PLAY' || room.queueEnded;
  return wasPlaying && room.tracks.at(-1)?.track_id === trackId;
}

/** The same track, from its start: it was picked once more. */
function startsAgain(before, { status, offset_sec: offsetSec, timestamp }) {
  return status === 'PLAY' && offsetSec === 0 && timestamp !== before?.timestamp;
}

function isState(payload) {
  const id = payload?.track_id;
  return (
    (id === null || typeof id === 'string') &&
    (payload.status === 'PLAY' || payload.status === 'PAUSE') &&
    Number.isFinite(payload.offset_sec) &&
    Number.isFinite(payload.timestamp)
  );
}

export function readTracks(tracks) {
  if (!Array.isArray(tracks)) return [];
  const named = new Map();
  for (const track of tracks) {
    if (typeof track?.track_id === 'string') named.set(track.track_id, readTrack(track));
  }
  return [...named.values()].slice(0, TRACKS_MAX);
}

/** An entry of QUEUE with what is right about it; fields of another type are as if missing. */
export function readTrack(track) {
  const { track_id: id, bytes, duration_sec: durationSec } = track;
  const clean = { track_id: id };
  for (const field of TRACK_TEXTS) {
    const text = track[field];
    if (typeof text === 'string' && text.trim() !== '') {
      clean[field] = text.slice(0, TEXT_CHARS_MAX);
    }
  }
  if (Number.isFinite(bytes) && bytes >= 0) clean.bytes = bytes;
  if (Number.isFinite(durationSec) && durationSec > 0) clean.duration_sec = durationSec;
  if (track.awaited === true) clean.awaited = true;
  if (track.cover === true && CONTENT_ID.test(id)) clean.cover = true;
  return clean;
}

/** Where the picture of a track is, or null. */
export function coverUrl(track) {
  return track?.cover === true && CONTENT_ID.test(track.track_id)
    ? `/tracks/${track.track_id}/cover`
    : null;
}

function readPlayed(entries) {
  if (!Array.isArray(entries)) return [];
  return entries
    .filter((entry) => typeof entry?.track_id === 'string' && isTime(entry.at))
    .slice(-PLAYED_MAX)
    .map((entry) => ({ ...readTrack(entry), at: entry.at }));
}

function applyMembers(room, message) {
  const { members, machines, total } = readCrowd(message);
  const changed = { ...room, members, machines, membersKnown: true, total };
  // RIGHTS come at once, and this list only now and then.
  if (room.rightsKnown) return { room: changed, happened: ['members'] };
  const all = [...members, ...machines];
  const host = all.find((member) => member.role === 'host') ?? null;
  const news = hostNews(room, host);
  return { room: { ...changed, ...news.room }, happened: ['members', ...news.happened] };
}

function applyRights(room, { host, kept, guests, locked, lockChanges }) {
  const news = hostNews(room, host);
  // Somebody who comes while the seat is kept has not seen who left it.
  const lastHostName = host?.name ?? kept?.name ?? room.lastHostName;
  const happened = ['rights', ...news.happened];
  if (room.rightsKnown && guests !== room.guests) happened.splice(1, 0, 'guests');
  if (room.lockChanges !== null && lockChanges !== room.lockChanges) happened.push('lock');
  const rightsKnown = true;
  const known = { kept, guests, locked, lockChanges, rightsKnown, lastHostName };
  return { room: { ...room, ...news.room, ...known }, happened };
}

function hostNews(room, host) {
  const happened = [];
  if (host && host.peer_id !== room.host?.peer_id) {
    happened.push(host.peer_id === room.lastHostId ? 'host-back' : 'host-came');
  }
  if (!host && room.host) happened.push('host-left');
  const lastHostId = host?.peer_id ?? room.lastHostId;
  return { room: { host, lastHostId, lastHostName: host?.name ?? room.lastHostName }, happened };
}

/** A vote is about one track; for any other there is none. */
function applyVotes(room, votes) {
  if (votes === null || votes.trackId !== room.state?.track_id) return { room, happened: [] };
  return { room: { ...room, votes }, happened: ['votes'] };
}

/**
 * Who listens, and which machines only move chunks. `total` counts those who listen; a machine beyond the
 * end of the list counts among them, for nobody says what it is.
 */
export function readCrowd({ members, total }) {
  const all = readMembers(members);
  const machines = all.filter((member) => member.node === true);
  const inAll = Number.isFinite(total) ? total : all.length;
  return {
    members: all.filter((member) => member.node !== true),
    machines,
    total: Math.max(0, inAll - machines.length),
  };
}

function readMembers(members) {
  if (!Array.isArray(members)) return [];
  return members
    .filter((member) => typeof member?.peer_id === 'string')
    .slice(0, MEMBERS_MAX)
    .map((member) => ({ ...member, name: String(member.name ?? 'Somebody') }));
}

export function findTrack(room, trackId) {
  return room.tracks.find((track) => track.track_id === trackId) ?? null;
}

function isTime(sec) {
  return Number.isFinite(sec) && sec >= 0 && sec <= TIME_SEC_MAX;
}

/**
 * What a skip can reach: `hasNext` is false at the last track. A current track that is not in the
 * queue has all of it ahead.
 */
export function queuePlace(tracks, trackId) {
  const at = tracks.findIndex((track) => track.track_id === trackId);
  return { at, hasNext: at < tracks.length - 1, hasPrevious: at > 0 };
}
