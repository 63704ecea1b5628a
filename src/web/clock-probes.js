// Asks the server for the time, at the right moments, and hands the answers to the room clock.
//
// One probe is under way at a time, so an answer is never mixed up with another. Sixteen on
// joining, then bursts of four; the clock is told where a burst ends. An answer that stays away
// is how a dead connection is noticed: `onSilence` is then called, once.

const JOIN_PROBES = 16;
const BURST_PROBES = 4;
const PROBE_GAP_MS = 20;
const BURST_GAP_MS = 2000;

/** A network that holds an answer back for so long does not carry a party. */
export const SILENCE_MS = 6000;

export class ClockProbes {
  #clock;
  #send;
  #onSilence;
  #nowSec;
  #left = 0;
  #t0 = null;
  #timer = null;
  #silenceTimer = null;

  /** `nowSec` reads the local clock, `send` sends one message. */
  constructor({ clock, send, onSilence, nowSec }) {
    this.#clock = clock;
    this.#send = send;
    this.#onSilence = onSilence;
    this.#nowSec = nowSec;
  }

  /** A connection is there: the burst of joining begins. */
  start() {
    this.#clock.reconnected();
    this.stop();
    this.#left = JOIN_PROBES;
    this.#probe();
  }

  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#silenceTimer);
    this.#t0 = null;
    this.#left = 0;
  }

  /** `t3` was read before the message was even parsed. */
  answer({ t0, t1, t2 }, t3) {
    if (this.#t0 === null || Math.abs(t0 - this.#t0) > 1e-6) return;
    if (!Number.isFinite(t1) || !Number.isFinite(t2)) return;
    clearTimeout(this.#silenceTimer);
    this.#clock.addProbe({ t0: this.#t0, t1, t2, t3 });
    this.#t0 = null;
    this.#left -= 1;
    if (this.#left > 0) {
      this.#timer = setTimeout(() => this.#probe(), PROBE_GAP_MS);
      return;
    }
    this.#clock.endBurst();
    this.#timer = setTimeout(() => {
      this.#left = BURST_PROBES;
      this.#probe();
    }, BURST_GAP_MS);
  }

  #probe() {
    this.#silenceTimer = setTimeout(() => this.#onSilence(), SILENCE_MS);
    this.#t0 = this.#nowSec();
    this.#send({ type: 'CLOCK', t0: this.#t0 });
  }
}
