// Playing earlier than the browser would, for a loudspeaker that is late and does not say so.
//
// Pure. A trim of 180 ms lets everything sound 180 ms earlier, a negative one later.

export const TRIM_MS_MAX = 500;

/** A clock that moves by this was wrong before: sleep, another server. */
const STEP_SEC = 0.02;

/** A whole number of ms within the bounds; 0 for what is no number. */
export function cleanTrim(ms) {
  const whole = Math.round(Number(ms));
  if (!Number.isFinite(whole)) return 0;
  // Not -0, which would be written with its sign.
  return Math.min(TRIM_MS_MAX, Math.max(-TRIM_MS_MAX, whole)) || 0;
}

/** The room's clock as the loudspeaker of this device has to see it: ahead by its trim. */
export class TrimmedClock {
  trimSec = 0;
  #clock;
  #aheadSec = NaN;

  constructor(clock) {
    this.#clock = clock;
  }

  get ready() {
    return this.#clock.ready;
  }

  roomAt(localSec) {
    return this.#clock.roomAt(localSec + this.trimSec);
  }

  localAt(roomSec) {
    return this.#clock.localAt(roomSec) - this.trimSec;
  }

  /** Whether the room's time, as this device knows it, has moved since it was last asked. */
  hasStepped(localSec) {
    const beforeSec = this.#aheadSec;
    this.#aheadSec = this.#clock.roomAt(localSec) - localSec;
    return Math.abs(this.#aheadSec - beforeSec) > STEP_SEC;
  }
}
