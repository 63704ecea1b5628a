// The page's idea of room time: probes in, a conversion between the local clock and the room's out.
//
// Pure: it never reads a clock, opens a socket or keeps a timer; the caller stamps the probes with
// performance.now() in seconds and says when a burst of them is over.
//
// Invariant: room = local + base + line(local), where `base` is a whole number of seconds fixed by
// the first probe. Everything that is squared or divided stays small, because room time itself
// (1.7e9 s) leaves an f64 only a quarter of a microsecond.

export const CLOCK_DEFAULTS = Object.freeze({
  // How far back a burst still counts: long enough to see a drift of some ppm, short enough to
  // follow it.
  windowSec: 120,
  // How fast clocks of real machines differ; the slope has to earn anything beyond it.
  slopePriorPpm: 30,
  // Error of a probe that met no queue at all.
  floorMs: 0.1,
  // A burst further off than this speaks against the line; this many in a row replace it.
  resetOffMs: 50,
  resetBurstCount: 3,
  // A burst of at least this many probes is that of a new connection, and replaces the line by
  // itself: after sleep or a restart of the server nobody should wait for three bursts.
  joinBurstProbeCount: 8,
  // A round trip longer than this says nothing about the time.
  roundTripMaxSec: 10,
});

// More probes than this in one burst are a caller that forgot to end it.
const BURST_PROBE_COUNT_MAX = 64;
// Bursts come every 2 s, so a window holds 60; this bounds a caller that is faster.
const BURST_COUNT_MAX = 256;
// Resolutions to which browsers round performance.now(), the coarsest first.
const TICKS_SEC = [0.1, 1 / 60, 0.001, 0.0001];
// A coarse clock can make a short round trip look this much shorter than nothing.
const NEGATIVE_ROUND_TRIP_MAX_SEC = 0.001;

export class RoomClock {
  #options;
  #baseSec = null;
  #burst = [];
  #bursts = []; // one probe for each burst, the one with the lowest round trip
  #suspects = []; // bursts in a row that contradict the line
  #line = null;
  #tickIndex = 0;
  #stampCount = 0;
  #lastBurst = { rttSec: null, probeCount: 0 };

  constructor(options = {}) {
    this.#options = { ...CLOCK_DEFAULTS, ...options };
  }

  // t0 and t3 are local seconds, t1 and t2 room seconds. Malformed probes and those that arrived
  // before they left are ignored.
  addProbe(probe) {
    const { t0, t1, t2, t3 } = probe ?? {};
    if (![t0, t1, t2, t3].every(Number.isFinite)) return;
    const roundTripSec = t3 - t0 - (t2 - t1);
    if (t3 < t0 || t2 < t1 || roundTripSec < -NEGATIVE_ROUND_TRIP_MAX_SEC) return;
    if (roundTripSec > this.#options.roundTripMaxSec) return;
    this.#noteTick(t0);
    this.#noteTick(t3);
    this.#baseSec ??= Math.round(t1 - t0);
    const offsetSec = (t1 - t0 - this.#baseSec + (t2 - t3 - this.#baseSec)) / 2;
    const sample = {
      localSec: t0 + (t3 - t0) / 2,
      offsetSec,
      rttSec: Math.max(0, roundTripSec),
    };
    this.#burst.push(sample);
    if (this.#burst.length > BURST_PROBE_COUNT_MAX) this.#burst.shift();
    // While joining, the best probe so far is better than no time at all.
    if (this.#bursts.length === 0) this.#line = this.#fit([lowest(this.#burst)]);
  }

  // A burst is complete: its lowest round trip joins the line, or counts against it.
  endBurst() {
    if (this.#burst.length === 0) return;
    const best = lowest(this.#burst);
    const probeCount = this.#burst.length;
    this.#burst = [];
    this.#lastBurst = { rttSec: best.rttSec, probeCount };
    if (this.#contradicts(best)) {
      this.#suspects.push(best);
      const enough = probeCount >= this.#options.joinBurstProbeCount;
      if (!enough && this.#suspects.length < this.#options.resetBurstCount) return;
      this.#bursts = this.#suspects;
    } else {
      this.#bursts.push(best);
    }
    this.#suspects = [];
    this.#forgetOld(best.localSec);
    this.#line = this.#fit(this.#bursts);
  }

  get ready() {
    return this.#line !== null;
  }

  // Room time at a local time; NaN before the first probe.
  roomAt(localSec) {
    if (!this.#line) return NaN;
    return this.#baseSec + (localSec + this.#offsetAt(localSec));
  }

  // The local time at which it is `roomSec` in the room; NaN before the first probe.
  localAt(roomSec) {
    if (!this.#line) return NaN;
    const { middleSec, offsetSec, slope } = this.#line;
    return middleSec + (roomSec - this.#baseSec - middleSec - offsetSec) / (1 + slope);
  }

  // rtt_ms: the lowest round trip of the last burst. spread_ms: room time is within this of the
  // truth, at about two standard deviations, even if the shortest path was all in one direction.
  quality(localSec) {
    const probes = this.#burst.length || this.#lastBurst.probeCount;
    const rttSec =
      this.#lastBurst.rttSec ?? (this.#burst.length ? lowest(this.#burst).rttSec : null);
    if (!this.#line) return { rtt_ms: null, spread_ms: null, probes };
    const { middleSec, varianceSec2, slopeVariance, rttMinSec } = this.#line;
    const sigmaSec = Math.sqrt(varianceSec2 + (localSec - middleSec) ** 2 * slopeVariance);
    return {
      rtt_ms: rttSec * 1000,
      spread_ms: (2 * sigmaSec + rttMinSec / 2) * 1000,
      probes,
    };
  }

  // Seconds to which the local clock seems to be rounded; 0 when it is finer than matters.
  get #tickSec() {
    return this.#stampCount === 0 ? 0 : (TICKS_SEC[this.#tickIndex] ?? 0);
  }

  #noteTick(stampSec) {
    this.#stampCount = Math.min(this.#stampCount + 1, 1e6);
    while (this.#tickIndex < TICKS_SEC.length) {
      const tickSec = TICKS_SEC[this.#tickIndex];
      const restSec = Math.abs(stampSec - Math.round(stampSec / tickSec) * tickSec);
      if (restSec < 1e-6) return;
      this.#tickIndex += 1;
    }
  }

  // A probe is never wrong by more than half its round trip, so a slow one proves no step of the
  // clock.
  #contradicts(sample) {
    if (this.#bursts.length === 0) return false;
    const offSec = Math.abs(sample.offsetSec - this.#offsetAt(sample.localSec));
    return offSec > Math.max(this.#options.resetOffMs / 1000, sample.rttSec / 2);
  }

  #forgetOld(nowSec) {
    const { windowSec } = this.#options;
    this.#bursts = this.#bursts.filter((s) => nowSec - s.localSec <= windowSec);
    this.#bursts = this.#bursts.slice(-BURST_COUNT_MAX);
  }

  #offsetAt(localSec) {
    const { middleSec, offsetSec, slope } = this.#line;
    return offsetSec + slope * (localSec - middleSec);
  }

  // Weighted least squares with the slope shrunk towards 0; see CLOCK_DEFAULTS for the constants.
  #fit(samples) {
    const rttMinSec = Math.min(...samples.map((s) => s.rttSec));
    const priorPrecision = 1 / (this.#options.slopePriorPpm * 1e-6) ** 2;
    const floorSec = this.#options.floorMs / 1000 + this.#tickSec / 3;
    const weights = samples.map((s) => ((s.rttSec - rttMinSec) / 2 + floorSec) ** -2);
    const total = sum(weights);
    const first = samples[0];
    const middleSec =
      first.localSec +
      sum(samples.map((s, i) => weights[i] * (s.localSec - first.localSec))) / total;
    const offsetSec =
      first.offsetSec +
      sum(samples.map((s, i) => weights[i] * (s.offsetSec - first.offsetSec))) / total;
    const xs = samples.map((s) => s.localSec - middleSec);
    const ys = samples.map((s) => s.offsetSec - offsetSec);
    const precision = sum(xs.map((x, i) => weights[i] * x * x)) + priorPrecision;
    const slope = sum(xs.map((x, i) => weights[i] * x * ys[i])) / precision;
    // Scatter beyond what the weights promise makes the result less certain, never more.
    const chi2 = sum(xs.map((x, i) => weights[i] * (ys[i] - slope * x) ** 2));
    const scatter = Math.max(1, chi2 / Math.max(1, samples.length - 2));
    return {
      middleSec,
      offsetSec,
      slope,
      rttMinSec,
      varianceSec2: scatter / total,
      slopeVariance: scatter / precision,
    };
  }
}

function lowest(samples) {
  return samples.reduce((best, s) => (s.rttSec < best.rttSec ? s : best));
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
