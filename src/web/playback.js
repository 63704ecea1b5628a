// Where the music should be, and what to do when it is not there.
//
// Pure: it never touches an AudioContext, a clock or the network; times come in, decisions go out.
//
// Invariant: a correction moves the sound by a whole number of sample frames. A browser copies
// frames as they are only while the place it reads from is whole; half a frame off, it would
// interpolate between neighbours for the rest of the track, and the treble would be gone.

export const CORRECTION = Object.freeze({
  // Nobody hears less than this; correcting it would only chase the noise of the measurement.
  ignoreSec: 0.001,
  // A browser's idea of its own output wanders by some ms for seconds after a start or an
  // underrun, while the sound stays put. Following it about would put right what is right; less
  // than this can wait.
  ignoreUnsteadySec: 0.01,
  // Up to here the tempo is bent, for ten seconds at most; further apart two loudspeakers in one room
  // are an echo, which has to end at once: the sound jumps.
  bendMaxSec: 0.02,
  // 0.2 % is 3.5 cents: no musician hears it.
  rateDeltaMax: 0.002,
  // A small error is worked off over this time.
  bendOverSec: 4,
  // A jump needs this many measurements in a row: one can be a hiccup of the browser.
  jumpVoteCount: 2,
  // How long the old place and the new one overlap in a jump.
  crossfadeSec: 0.015,
});

// WebAudio looks at playbackRate once for each block of this many frames.
export const BLOCK_FRAMES = 128;

// A STATE payload with what is needed to follow it, null for none, undefined for nonsense.
export function readState(payload) {
  if (payload === null) return null;
  const { track_id, status, offset_sec, timestamp } = payload ?? {};
  if (track_id !== null && typeof track_id !== 'string') return undefined;
  if (status !== 'PLAY' && status !== 'PAUSE') return undefined;
  if (!Number.isFinite(offset_sec) || !Number.isFinite(timestamp)) return undefined;
  return { track_id, status, offset_sec: Math.max(0, offset_sec), timestamp };
}

// Position in seconds that should be heard when it is `roomNowSec` in the room, for the payload of
// a STATE. Before its timestamp a state stands still at its offset; a paused one does not advance.
// It knows no end of the track.
export function targetPosition(state, roomNowSec) {
  const offsetSec = Number.isFinite(state?.offset_sec) ? state.offset_sec : 0;
  if (state?.status !== 'PLAY' || !Number.isFinite(state.timestamp)) return offsetSec;
  if (!Number.isFinite(roomNowSec)) return offsetSec;
  return offsetSec + Math.max(0, roomNowSec - state.timestamp);
}

// What to do about an error. Errors are heard minus wanted position: positive is ahead.
//   errorSec     the error at the moment at which a new correction could begin
//   residualSec  what will be left of it when a correction that is already under way ends
//   isSteady     whether the measurements of the last seconds agree with each other
//   jumpVotes    the number that the last decision returned
// Returns { action, jumpVotes }, action being
//   'none'  leave things as they are, a running correction included
//   'bend'  replace what is scheduled by planBend(errorSec)
//   'wait'  too far off to bend; look again before jumping
//   'jump'  crossfade to the right place
export function decideCorrection({
  errorSec,
  residualSec = errorSec,
  isSteady = true,
  jumpVotes = 0,
}) {
  if (!Number.isFinite(errorSec) || !Number.isFinite(residualSec))
    return { action: 'none', jumpVotes: 0 };
  if (Math.abs(errorSec) > CORRECTION.bendMaxSec) {
    const votes = jumpVotes + 1;
    if (votes >= CORRECTION.jumpVoteCount) return { action: 'jump', jumpVotes: 0 };
    return { action: 'wait', jumpVotes: votes };
  }
  const ignoreSec = isSteady ? CORRECTION.ignoreSec : CORRECTION.ignoreUnsteadySec;
  if (Math.abs(residualSec) < ignoreSec) return { action: 'none', jumpVotes: 0 };
  return { action: 'bend', jumpVotes: 0 };
}

// The rate that works off `errorSec`, and for how long: 1 -+ min(0.2 %, error / 4 s), rounded so
// that the sound moves by whole frames and the rate changes on block borders.
export function planBend(errorSec, sampleRateHz) {
  const frames = Math.round(errorSec * sampleRateHz);
  if (frames === 0) return { rate: 1, durationSec: 0 };
  const shiftSec = Math.abs(frames) / sampleRateHz;
  const delta = Math.min(CORRECTION.rateDeltaMax, shiftSec / CORRECTION.bendOverSec);
  const blocks = Math.ceil(Math.abs(frames) / delta / BLOCK_FRAMES);
  // An AudioParam keeps a 32-bit float, so the book-keeping uses the very same number.
  const rate = Math.fround(1 - frames / (blocks * BLOCK_FRAMES));
  return { rate, durationSec: (blocks * BLOCK_FRAMES) / sampleRateHz };
}

// The first block border at or after a context time.
export function blockBorderAfter(contextSec, sampleRateHz) {
  const blocks = Math.ceil((contextSec * sampleRateHz) / BLOCK_FRAMES - 1e-6);
  return (blocks * BLOCK_FRAMES) / sampleRateHz;
}

export function roundToFrame(seconds, sampleRateHz) {
  return Math.round(seconds * sampleRateHz) / sampleRateHz;
}

// The first frame at or after a context time. A source whose end lies between two frames still
// plays the first of them.
export function frameAfter(contextSec, sampleRateHz) {
  return Math.ceil(contextSec * sampleRateHz - 1e-3) / sampleRateHz;
}

// More pieces than a source can have scheduled and not yet played; older ones are merged away.
const SEGMENT_COUNT_MAX = 16;

// Which position of the track leaves the loudspeaker at which context time, for one source whose
// rate was set at known times. Pieces are straight lines that meet.
export class SourceTimeline {
  #segments;

  constructor(startContextSec, startPositionSec) {
    this.#segments = [{ contextSec: startContextSec, positionSec: startPositionSec, rate: 1 }];
    this.startContextSec = startContextSec;
    this.startPositionSec = startPositionSec;
  }

  // Before the start the track stands still at its first position.
  positionAt(contextSec) {
    if (contextSec <= this.startContextSec) return this.startPositionSec;
    let segment = this.#segments[0];
    for (const next of this.#segments) if (next.contextSec <= contextSec) segment = next;
    return segment.positionSec + (contextSec - segment.contextSec) * segment.rate;
  }

  // The context time at which the track has reached `positionSec`, if no rate changes any more.
  contextAt(positionSec) {
    let segment = this.#segments[0];
    for (const next of this.#segments) if (next.positionSec <= positionSec) segment = next;
    return segment.contextSec + (positionSec - segment.positionSec) / segment.rate;
  }

  // From `contextSec` on the source runs at `rate`; whatever was planned after that moment is
  // forgotten.
  setRate(contextSec, rate) {
    const from = Math.max(contextSec, this.startContextSec);
    const positionSec = this.positionAt(from);
    const kept = this.#segments.filter((s) => s.contextSec < from);
    this.#segments = [...kept, { contextSec: from, positionSec, rate }].slice(-SEGMENT_COUNT_MAX);
  }

  // The context time from which on the rate no longer changes.
  get settledContextSec() {
    return this.#segments[this.#segments.length - 1].contextSec;
  }

  segments() {
    return this.#segments.map((s) => ({ ...s }));
  }
}
