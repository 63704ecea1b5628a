// Who may do what in a room, as its RIGHTS tell it, and what is said about that.
//
// Pure. The server checks everything itself; this only decides what the page offers, so that
// nobody is shown what they may not do.

/** What the host can allow its guests; each includes those before it. */
export const LEVELS = ['nothing', 'add', 'vote', 'everything'];

const NAME_CHARS_MAX = 100;

/**
 * `{ host, kept, guests, locked, lockChanges }` of a RIGHTS message: who hosts, for whom the free seat is kept
 * until when, the level of the guests, whether joining takes a key, and how often that was set or taken away. What
 * does not fit is as if missing.
 */
export function readRights({ host, kept, guests, locked, lock_changes: lockChanges }) {
  const isKept = !isPerson(host) && isPerson(kept) && Number.isFinite(kept.until);
  return {
    host: isPerson(host) ? person(host) : null,
    kept: isKept ? { ...person(kept), until: kept.until } : null,
    guests: LEVELS.includes(guests) ? guests : 'nothing',
    locked: locked === true,
    lockChanges: Number.isInteger(lockChanges) ? lockChanges : 0,
  };
}

function isPerson(value) {
  return typeof value?.peer_id === 'string';
}

function person({ peer_id: peerId, name }) {
  return { peer_id: peerId, name: String(name ?? 'Somebody').slice(0, NAME_CHARS_MAX) };
}

/**
 * What this member may do. `editable`: the server knows how to change a queue. `mayAdd` is about the right
 * alone, `canAdd` about both.
 */
export function rightsOf({ isHost, guests, editable }) {
  const level = isHost ? LEVELS.length : LEVELS.indexOf(guests);
  const mayAdd = level >= LEVELS.indexOf('add');
  const canControl = level >= LEVELS.indexOf('everything');
  return {
    canControl,
    canEdit: canControl && editable,
    mayAdd,
    canAdd: mayAdd && editable,
    // Who can skip has no need to ask the others.
    canVote: guests === 'vote' && !isHost,
  };
}

/** What a guest hears when the host has allowed more, or less. */
export function guestsNews(guests) {
  return {
    nothing: 'The host chooses the music now.',
    add: 'You can add music now.',
    vote: 'You can add music and vote to skip now.',
    everything: 'You can control everything now.',
  }[guests];
}

/** What stands above the people, for those who cannot change it; nothing where they have no right. */
export function guestsWords(guests) {
  return {
    nothing: '',
    add: 'Everybody may add music.',
    vote: 'Everybody may add music and vote to skip.',
    everything: 'Everybody may control everything.',
  }[guests];
}

/** `{ votes, needed }` of VOTES for the track that plays, or null. */
export function readVotes({ track_id: trackId, votes, needed }) {
  const isCount = (value) => Number.isInteger(value) && value >= 0;
  if (typeof trackId !== 'string' || !isCount(votes) || !isCount(needed)) return null;
  return { trackId, votes, needed };
}

/** The button with which a guest asks for the next track: what is on it, and what is read out. */
export function voteWords({ votes, needed }) {
  if (votes === 0) return { text: 'Skip?', label: 'Skip? Vote for the next track' };
  const count = `${votes} of ${needed}`;
  return { text: `Skip? ${count}`, label: `Skip? ${count} votes` };
}
