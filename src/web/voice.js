// One AudioBufferSourceNode from its start to its end: fades, rate changes, and the book of where
// it is.
//
// It never decides when to start, stop or bend; buffer-player.js does. It reads no clock but the
// context's.
//
// Invariant: `timeline` says which position the source plays at any context time, because every
// start and every rate change goes through this file, on whole frames and block borders.

import { BLOCK_FRAMES, CORRECTION, SourceTimeline, frameAfter } from './playback.js';

// A start at the very beginning of a track keeps its attack.
const FADE_IN_AT_ZERO_SEC = 0.003;

export class Voice {
  #context;
  #source;
  #fadeIn;
  #fadeOut;
  #trackSec;

  // Starts `buffer` at `positionSec` when the context's time is `startSec`; both lie on whole
  // frames. A joined one goes on where another track ends, so nothing is faded.
  constructor({ context, destination, buffer, startSec, positionSec, isJoined = false, onEnded }) {
    this.#context = context;
    this.#trackSec = buffer.duration;
    this.isJoined = isJoined;
    this.startSec = startSec;
    this.endSec = Infinity;
    this.timeline = new SourceTimeline(startSec, positionSec);
    this.#source = context.createBufferSource();
    this.#source.buffer = buffer;
    this.#fadeIn = context.createGain();
    this.#fadeOut = context.createGain();
    this.#source.connect(this.#fadeIn).connect(this.#fadeOut).connect(destination);
    if (!isJoined) {
      const fadeSec = positionSec === 0 ? FADE_IN_AT_ZERO_SEC : CORRECTION.crossfadeSec;
      this.#fadeIn.gain.setValueAtTime(0, startSec);
      this.#fadeIn.gain.linearRampToValueAtTime(1, startSec + fadeSec);
    }
    this.#source.onended = () => {
      this.disconnect();
      this.endSec = Math.min(this.endSec, context.currentTime);
      onEnded(this);
    };
    this.#source.start(startSec, positionSec);
  }

  get hasStarted() {
    return this.startSec <= this.#context.currentTime + 0.02;
  }

  get isEnding() {
    return this.endSec < Infinity;
  }

  // When its last frame will have been played, as far as is planned.
  get trackEndSec() {
    return frameAfter(this.timeline.contextAt(this.#trackSec), this.#context.sampleRate);
  }

  // Fades out from `contextSec` on. A later call moves the end, as long as the fade has not begun.
  endAt(contextSec) {
    const fromSec = Math.max(
      contextSec,
      this.#context.currentTime + BLOCK_FRAMES / this.#context.sampleRate,
    );
    if (this.endSec <= this.#context.currentTime) return;
    this.endSec = fromSec;
    const { gain } = this.#fadeOut;
    gain.cancelScheduledValues(0);
    gain.setValueAtTime(1, fromSec);
    gain.linearRampToValueAtTime(0, fromSec + CORRECTION.crossfadeSec);
    this.#source.stop(fromSec + CORRECTION.crossfadeSec);
  }

  // Runs at plan.rate from a block border on, and at 1 again after it; replaces any earlier plan.
  bend(contextSec, plan) {
    const { playbackRate } = this.#source;
    // A time in the middle of a block before the border, so that no rounding lets it slip by one.
    const halfBlockSec = BLOCK_FRAMES / this.#context.sampleRate / 2;
    playbackRate.cancelScheduledValues(contextSec - halfBlockSec);
    playbackRate.setValueAtTime(plan.rate, contextSec - halfBlockSec);
    playbackRate.setValueAtTime(1, contextSec + plan.durationSec - halfBlockSec);
    this.timeline.setRate(contextSec, plan.rate);
    this.timeline.setRate(contextSec + plan.durationSec, 1);
  }

  disconnect() {
    this.#source.onended = null;
    this.#source.disconnect();
    this.#fadeOut.disconnect();
  }
}
