// Clicks on an even beat, on the way that the music takes to the loudspeaker.
//
// It never touches the music; whoever wants to hear the clicks alone silences that meanwhile. Clicks are
// scheduled on the context's own time, so a slow page makes none of them late.

import { BEAT_SEC } from './tap-to-beat.js';

const FIRST_AFTER_SEC = 0.4;
/** Clicks of so long are scheduled ahead, and looked after so often. */
const AHEAD_SEC = 3;
const LOOK_EVERY_MS = 500;

const CLICK_SEC = 0.04;
const CLICK_HZ = 1600;
const CLICK_DECAY_SEC = 0.006;
/** Clear on a small loudspeaker, not painful in headphones. */
const LEVEL = 0.5;

export class Metronome {
  #context;
  #clock;
  #gain;
  #buffer;
  #firstSec;
  #scheduled = 0;
  #timer;

  /** `output` is a SoundOutput that runs. */
  constructor({ context, clock }) {
    this.#context = context;
    this.#clock = clock;
    this.#gain = context.createGain();
    this.#gain.gain.value = LEVEL;
    this.#gain.connect(context.destination);
    this.#buffer = drawClick(context);
    this.#firstSec = context.currentTime + FIRST_AFTER_SEC;
    this.#schedule();
    this.#timer = setInterval(() => this.#schedule(), LOOK_EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#gain.disconnect();
  }

  /** How long after the first click a local time is, as far as the browser knows; NaN when it does not. */
  secondsAt(localSec) {
    return localSec - this.#clock.epochSec - this.#firstSec;
  }

  #schedule() {
    const untilSec = this.#context.currentTime + AHEAD_SEC;
    for (;;) {
      const atSec = this.#firstSec + this.#scheduled * BEAT_SEC;
      if (atSec > untilSec) return;
      this.#scheduled += 1;
      // One that is over already would come at once.
      if (atSec > this.#context.currentTime) this.#click(atSec);
    }
  }

  #click(atSec) {
    const source = this.#context.createBufferSource();
    source.buffer = this.#buffer;
    source.connect(this.#gain);
    source.start(atSec);
  }
}

function drawClick(context) {
  const { sampleRate } = context;
  const buffer = context.createBuffer(1, Math.round(CLICK_SEC * sampleRate), sampleRate);
  const samples = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i += 1) {
    const sec = i / sampleRate;
    samples[i] = Math.sin(2 * Math.PI * CLICK_HZ * sec) * Math.exp(-sec / CLICK_DECAY_SEC);
  }
  return buffer;
}
