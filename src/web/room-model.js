// What this page knows about its room, and how a message of the server changes it.
//
// Pure: a message goes in, a new room and a list of what happened come out. It never believes a
// message's shape: entries that do not fit are left out, and every list is bounded.

const TRACKS_MAX = 1000;
const MEMBERS_MAX = 200;

export function emptyRoom() {
  return {
    state: null,
    peerId: null,
    tracks: [],
    tracksKnown: false,
    members: [],
    membersKnown: false,
    total: 0,
    host: null,
    lastHostName: null,
    serverVersion: null,
  };
}

/**
 * `{ room, happened }`; `happened` holds 'state', 'track', 'again' (the same track from its start),
 * 'tracks', 'members', 'host-came' and 'host-left', in that order of telling.
 */
export function applyMessage(room, message) {
  switch (message?.type) {
    case 'STATE':
      return applyState(room, message.payload);
    case 'PEER':
      return { room: { ...room, peerId: message.peer_id }, happened: [] };
    case 'WELCOME':
      return {
        room: { ...room, serverVersion: String(message.version) },
        happened: ['welcome'],
      };
    case 'QUEUE':
      return {
        room: {
          ...room,
          tracks: readTracks(message.tracks),
          tracksKnown: true,
        },
        happened: ['tracks'],
      };
    case 'MEMBERS':
      return applyMembers(room, message);
    default:
      return { room, happened: [] };
  }
}

function applyState(room, payload) {
  if (!isState(payload)) return { room, happened: [] };
  const known = room.state !== null;
  const changed = room.state?.track_id !== payload.track_id;
  const happened = ['state'];
  if (changed && (known || payload.track_id !== null)) happened.push('track');
  else if (!changed && startsAgain(room.state, payload)) happened.push('again');
  return { room: { ...room, state: payload }, happened };
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
  return tracks.filter((track) => typeof track?.track_id === 'string').slice(0, TRACKS_MAX);
}

function applyMembers(room, message) {
  const members = readMembers(message.members);
  const host = members.find((member) => member.role === 'host') ?? null;
  const happened = ['members'];
  if (host && host.peer_id !== room.host?.peer_id) happened.push('host-came');
  if (!host && room.host) happened.push('host-left');
  const listed = members.length;
  return {
    room: {
      ...room,
      members,
      membersKnown: true,
      total: Number.isFinite(message.total) ? message.total : listed,
      host,
      lastHostName: host?.name ?? room.lastHostName,
    },
    happened,
  };
}

export function readMembers(members) {
  if (!Array.isArray(members)) return [];
  return members
    .filter((member) => typeof member?.peer_id === 'string')
    .slice(0, MEMBERS_MAX)
    .map((member) => ({ ...member, name: String(member.name ?? 'Somebody') }));
}

export function findTrack(room, trackId) {
  return room.tracks.find((track) => track.track_id === trackId) ?? null;
}

/** The neighbour of a track in the list, `step` +1 or -1, going round; null in an empty list. */
export function neighbour(tracks, trackId, step) {
  if (tracks.length === 0) return null;
  const at = tracks.findIndex((track) => track.track_id === trackId);
  if (at < 0) return step > 0 ? tracks[0] : tracks.at(-1);
  return tracks[(at + step + tracks.length) % tracks.length];
}

/** REPORT.status for a player's phase. */
export function reportStatus(phase) {
  return (
    {
      locked: 'blocked',
      blocked: 'blocked',
      'catching-up': 'loading',
    }[phase] ?? phase
  );
}
