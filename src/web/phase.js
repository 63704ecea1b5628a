// What a listener is told about the sound, in one word, and where it is in the track.
//
// Pure.

import { CORRECTION, targetPosition } from './playback.js';

//   state            the STATE payload that is followed, or null
//   deck             what plays its track, or null while that is on its way
//   reason           why it cannot be played, or null
//   isUnlocked       whether a tap has allowed sound
//   isOutputStopped  whether there is an AudioContext that does not run
//   roomSec, localSec   the same moment on both clocks
export function phaseOf({ state, deck, reason, isUnlocked, isOutputStopped, roomSec, localSec }) {
  if ((state?.track_id ?? null) === null) return 'idle';
  if (!isUnlocked) return 'locked';
  if (reason) return 'failed';
  if ((isOutputStopped && deck?.method !== 'element') || deck?.blocked) return 'blocked';
  if (!deck) return 'loading';
  const endSec = deck.durationSec ?? Infinity;
  if (targetPosition(state, roomSec) >= endSec) return 'ended';
  if (state.status !== 'PLAY') return 'paused';
  if (roomSec < state.timestamp) return 'ready';
  const isFarOff = Math.abs(deck.errorSec ?? 0) > CORRECTION.bendMaxSec;
  return isFarOff || deck.heardAt(localSec) === null ? 'catching-up' : 'playing';
}

// Seconds into the track, as heard by the ear: what a TrimmedClock `clock` lets play early is heard when it is
// its time.
export function positionOf({ state, deck, phase, clock, localSec }) {
  const { trimSec } = clock;
  const playedSec = phase === 'playing' ? deck.heardAt(localSec) : null;
  const heardSec =
    playedSec === null
      ? targetPosition(state, clock.roomAt(localSec - trimSec))
      : playedSec - trimSec;
  return Math.max(0, Math.min(heardSec, deck?.durationSec ?? Infinity));
}
