// The two usual ways to get at another machine's time, with the interface of the page's RoomClock.
//
// Neither ends a burst, knows a drift or has a line: both keep the last probes and their offsets.

class LastProbes {
  #kept = [];
  #countMax;

  constructor(countMax) {
    this.#countMax = countMax;
  }

  addProbe({ t0, t1, t2, t3 }) {
    const rttSec = t3 - t0 - (t2 - t1);
    const offsetSec = (t1 - t0 + (t2 - t3)) / 2;
    this.#kept.push({ rttSec, offsetSec });
    if (this.#kept.length > this.#countMax) this.#kept.shift();
  }

  endBurst() {}

  roomAt(localSec) {
    return localSec + this.offsetOf(this.#kept);
  }
}

// The offset of the probe with the lowest round trip, of the last 16.
export class LowestRoundTrip extends LastProbes {
  constructor() {
    super(16);
  }

  offsetOf(kept) {
    return kept.reduce((best, each) => (each.rttSec < best.rttSec ? each : best)).offsetSec;
  }
}

// The median offset of the last 200.
export class MedianOffset extends LastProbes {
  constructor() {
    super(200);
  }

  offsetOf(kept) {
    const sorted = kept.map((each) => each.offsetSec).sort((a, b) => a - b);
    const half = sorted.length / 2;
    return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
  }
}
