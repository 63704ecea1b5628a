// Asks the server for the time, at the right moments, and hands the answers to the room clock.
//
// One probe is under way at a time, so an answer is never mixed up with another. Sixteen on
// joining, then bursts of four, the first of them sooner; the clock is told where a burst ends. An answer that stays away
// is how a dead connection is noticed: `onSilence` is then called, once. A page that was held up
// (sleep, a busy tab) finds its timers due before it sees what came in meanwhile, so then the answer
// gets a moment more.

const JOIN_PROBES = 16;
const BURST_PROBES = 4;
const PROBE_GAP_MS = 20;
const BURST_GAP_MS = 2000;

/** On a line whose delay changes a lot these halve the error of the first ten seconds, in which music begins. */
const EARLY_BURSTS = 8;
const EARLY_GAP_MS = 500;

/** A network that holds an answer back for so long does not carry a party. */
export const SILENCE_MS = 6000;

/** A timer that comes so late was held up, with everything else. */
const HELD_UP_MS = 500;
const GRACE_MS = 250;

export class ClockProbes {
  #clock;
  #send;
  #onSilence;
  #nowSec;
  #left = 0;
  #early = 0;
  #t0 = null;
  #timer = null;
  #silenceTimer = null;
  #isChecking = false;

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
    this.#join(SILENCE_MS);
  }

  /** Asks at once, whatever was under way, and calls no answer within `deadlineMs` silence. */
  check(deadlineMs) {
    if (this.#isChecking) return;
    this.stop();
    this.#isChecking = true;
    this.#join(deadlineMs);
  }

  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#silenceTimer);
    this.#isChecking = false;
    this.#t0 = null;
    this.#left = 0;
  }

  /** `t3` was read before the message was even parsed. */
  answer({ t0, t1, t2 }, t3) {
    if (this.#t0 === null || Math.abs(t0 - this.#t0) > 1e-6) return;
    if (!Number.isFinite(t1) || !Number.isFinite(t2)) return;
    clearTimeout(this.#silenceTimer);
    this.#isChecking = false;
    this.#clock.addProbe({ t0: this.#t0, t1, t2, t3 });
    this.#t0 = null;
    this.#left -= 1;
    if (this.#left > 0) {
      this.#timer = setTimeout(() => this.#probe(SILENCE_MS), PROBE_GAP_MS);
      return;
    }
    this.#clock.endBurst();
    const isEarly = this.#early > 0;
    this.#early -= isEarly ? 1 : 0;
    this.#timer = setTimeout(
      () => {
        this.#left = BURST_PROBES;
        this.#probe(SILENCE_MS);
      },
      isEarly ? EARLY_GAP_MS : BURST_GAP_MS,
    );
  }

  #join(deadlineMs) {
    this.#left = JOIN_PROBES;
    this.#early = EARLY_BURSTS;
    this.#probe(deadlineMs);
  }

  #probe(deadlineMs) {
    this.#listenFor(deadlineMs);
    this.#t0 = this.#nowSec();
    this.#send({ type: 'CLOCK', t0: this.#t0 });
  }

  #listenFor(deadlineMs) {
    const dueSec = this.#nowSec() + deadlineMs / 1000;
    this.#silenceTimer = setTimeout(() => {
      const isHeldUp = (this.#nowSec() - dueSec) * 1000 > HELD_UP_MS;
      if (isHeldUp) this.#silenceTimer = setTimeout(this.#onSilence, GRACE_MS);
      else this.#onSilence();
    }, deadlineMs);
  }
}
