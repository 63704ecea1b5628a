// Changes of the queue on their way to the server, so that a row is where it was dropped at once.
//
// Pure: the time comes in. The server's QUEUE is the truth; an edit only covers the moment until it
// shows there. Messages arrive in the order in which they were sent, so a QUEUE that shows an edit
// shows all that were made before it.

/** An edit that the server has not shown by then was not accepted. */
const PATIENCE_MS = 5000;

/** Which id stands behind the row `from` once it is dropped at `to`; null at the end. */
export function beforeIdAt(ids, from, to) {
  const others = ids.filter((_, index) => index !== from);
  return others[to] ?? null;
}

/** `tracks` with the track before `beforeId`, at the end for null; as they are without either. */
export function movedBefore(tracks, trackId, beforeId) {
  const track = tracks.find((other) => other.track_id === trackId);
  const others = tracks.filter((other) => other !== track);
  const at = beforeId === null ? others.length : indexOf(others, beforeId);
  if (track === undefined || at < 0) return tracks;
  return [...others.slice(0, at), track, ...others.slice(at)];
}

/**
 * Before which track `trackId` goes with 'up', 'down', 'first', 'last' or 'next' (right behind the
 * current one); null is the end, undefined that it is there already.
 */
export function targetOf(kind, tracks, trackId, currentId) {
  const ids = tracks.map((track) => track.track_id);
  const at = ids.indexOf(trackId);
  const current = ids.indexOf(currentId);
  const to = {
    up: at - 1,
    down: at + 1,
    first: 0,
    last: ids.length - 1,
    next: at < current ? current : current + 1,
  }[kind];
  if (at < 0 || to === at || to < 0 || to >= ids.length) return undefined;
  if (kind === 'next' && at === current) return undefined;
  return beforeIdAt(ids, at, to);
}

/** The track behind `trackId`, or null: where it has to go back to. */
export function idBehind(tracks, trackId) {
  const at = indexOf(tracks, trackId);
  return at < 0 ? null : (tracks[at + 1]?.track_id ?? null);
}

export class PendingEdits {
  #edits = [];

  move(trackId, beforeId, nowMs) {
    this.#add({ trackId, beforeId, removes: false, atMs: nowMs });
  }

  remove(trackId, nowMs) {
    this.#add({ trackId, beforeId: null, removes: true, atMs: nowMs });
  }

  /** The queue as it will be. The same array when nothing is on its way. */
  apply(tracks) {
    return this.#edits.reduce(applied, tracks);
  }

  /** A QUEUE has come. */
  settle(tracks) {
    const newest = this.#edits.findLastIndex((edit) => isShown(edit, tracks));
    this.#edits = this.#edits.slice(newest + 1);
  }

  /** Gives up what was never shown; true when there was something. */
  expire(nowMs) {
    const before = this.#edits.length;
    this.#edits = this.#edits.filter((edit) => nowMs - edit.atMs < PATIENCE_MS);
    return this.#edits.length < before;
  }

  clear() {
    this.#edits = [];
  }

  /** Only the last wish for a track counts. */
  #add(edit) {
    this.#edits = [...this.#edits.filter((other) => other.trackId !== edit.trackId), edit];
  }
}

function applied(tracks, { trackId, beforeId, removes }) {
  if (removes) return tracks.filter((track) => track.track_id !== trackId);
  return movedBefore(tracks, trackId, beforeId);
}

function isShown({ trackId, beforeId, removes }, tracks) {
  const at = indexOf(tracks, trackId);
  if (removes || at < 0) return at < 0;
  return (tracks[at + 1]?.track_id ?? null) === beforeId;
}

function indexOf(tracks, trackId) {
  return tracks.findIndex((track) => track.track_id === trackId);
}
