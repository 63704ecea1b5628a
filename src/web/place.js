// Where in its track a listener is.
//
// Pure.

import { targetPosition } from './playback.js';

/** Phases in which the player's own position is what is heard, or would be. */
const HEARD = new Set(['playing', 'paused', 'ended']);

/**
 * Seconds into the track, of a player's snapshot: what is heard here, else where the room is; never
 * NaN. `roomSec` is room time, null while nobody knows it.
 */
export function placeOf({ phase, state, positionSec, durationSec }, roomSec) {
  const heard = HEARD.has(phase) && Number.isFinite(positionSec);
  let sec = heard ? positionSec : (state?.offset_sec ?? 0);
  if (!heard && state && roomSec !== null) sec = targetPosition(state, roomSec);
  const bounded = Number.isFinite(durationSec) ? Math.min(sec, durationSec) : sec;
  return Number.isFinite(bounded) ? Math.max(0, bounded) : 0;
}
