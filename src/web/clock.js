// The page's idea of room time: probes in, a conversion between the local clock and the room's out.
//
// Pure: it never reads a clock, opens a socket or keeps a timer; the caller stamps the probes with
// performance.now() in seconds and says when a burst of them is over. `jam` itself has the same
// thing, step by step, in src/sync/clock.rs; the series in testdata/clock hold them together.
//
// A probe tells two things for certain. When it left, room time was at most what the server read on
// its arrival; when the answer arrived, room time was at least what the server read on sending it.
// Each bound is off by what that one way took, and a queue only ever pushes it outwards. So the two
// ways are judged each by itself, for a busy network often has a queue in one direction alone, and
// the line runs halfway between the best upper bounds and the best lower ones.
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
  // Error of a bound that met no queue at all.
  quietMs: 0.1,
  // Bounds that contradict those of before by more than this prove that a clock has stepped. Less
  // may be a drift that was not known well, and the line just follows.
  stepMs: 2,
  // A round trip longer than this says nothing about the time, and no burst lasts longer.
  roundTripMaxSec: 10,
});

// More probes than this in one burst are a caller that forgot to end it.
const BURST_PROBE_COUNT_MAX = 64;
// Bursts come every 2 s, so a window holds 60; this bounds a caller that is faster.
const BURST_COUNT_MAX = 256;
// Resolutions to which browsers round performance.now(), the coarsest first.
const TICKS_SEC = [0.1, 1 / 60, 0.001, 0.0001];
// No clock shows more, and sums of squares of less stay finite: the year 5138.
const STAMP_MAX_SEC = 1e11;
// A coarse clock can make a short round trip look this much shorter than nothing.
const NEGATIVE_ROUND_TRIP_MAX_SEC = 0.001;

export class RoomClock {
  #options;
  #baseSec = null;
  #burst = []; // probes as a pair of bounds, { upper, lower }
  #bursts = []; // the best of each burst, { upper, lower, quickest }
  #suspect = null; // the last probe, if it proves a step
  #line = null;
  #reconnected = false; // whether the next whole burst is the first of a connection
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
    if (![t0, t1, t2, t3].every(isStamp)) return;
    const roundTripSec = t3 - t0 - (t2 - t1);
    if (t3 < t0 || t2 < t1 || roundTripSec < -NEGATIVE_ROUND_TRIP_MAX_SEC) return;
    if (roundTripSec > this.#options.roundTripMaxSec) return;
    this.#noteTick(t0);
    this.#noteTick(t3);
    this.#baseSec ??= Math.round(t1 - t0);
    const bounds = {
      upper: { localSec: t0, offsetSec: t1 - t0 - this.#baseSec },
      lower: { localSec: t3, offsetSec: t2 - t3 - this.#baseSec },
    };
    if (this.#isBurstFull(t0)) this.endBurst();
    this.#keep(bounds);
    // While joining, what is known so far is better than no time at all.
    if (this.#bursts.length === 0 && this.#burst.length > 0) {
      this.#line = this.#fit([bestOf(this.#burst)]);
    }
  }

  // Another connection, perhaps to a server that was restarted, and whose clock differs from the one
  // before by too little for one probe to prove it. When its first burst is over, what was known has to
  // agree with it or is forgotten.
  reconnected() {
    this.#burst = [];
    this.#suspect = null; // It may be of the server before.
    this.#reconnected = true;
  }

  // A burst is complete: the best of it joins the line.
  endBurst() {
    if (this.#burst.length === 0) return;
    const best = bestOf(this.#burst);
    if (this.#reconnected && this.#isAnother(best.quickest)) this.#bursts = [];
    this.#reconnected = false;
    this.#lastBurst = { rttSec: rttOf(best.quickest), probeCount: this.#burst.length };
    this.#burst = [];
    this.#bursts.push(best);
    this.#forgetOld(best.quickest.upper.localSec);
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
    const { newestSec, offsetSec, slope } = this.#line;
    return newestSec + (roomSec - this.#baseSec - newestSec - offsetSec) / (1 + slope);
  }

  // rtt_ms: the lowest round trip of the last burst. spread_ms: room time is within this of the
  // truth, at about two standard deviations, even if the shortest path was all in one direction.
  quality(localSec) {
    const probes = this.#burst.length || this.#lastBurst.probeCount;
    if (!this.#line) return { rtt_ms: null, spread_ms: null, probes };
    const { rttSec } = this.#lastBurst;
    // Lost with the first burst, when the connection was.
    const isKnown = rttSec !== null || this.#burst.length > 0;
    const rtt_ms = isKnown ? (rttSec ?? rttOf(bestOf(this.#burst).quickest)) * 1000 : null;
    const { newestSec, gapSec, varianceSec2, slopeVariance } = this.#line;
    const sigmaSec = Math.sqrt(varianceSec2 + (localSec - newestSec) ** 2 * slopeVariance);
    return { rtt_ms, spread_ms: (2 * sigmaSec + gapSec / 2) * 1000, probes };
  }

  // Two probes in a row that prove a step replace all that was known: after sleep, or a restart of
  // the server, nobody should wait. One alone may have been under way while a clock stepped, and is
  // dropped.
  #keep(bounds) {
    if (!this.#provesStep(bounds)) {
      this.#suspect = null;
      this.#burst.push(bounds);
    } else if (this.#suspect === null) {
      this.#suspect = bounds;
    } else {
      this.#burst = [this.#suspect, bounds];
      this.#bursts = [];
      this.#suspect = null;
    }
  }

  // An upper bound below the lower ones, or the other way round. To break the line alone proves
  // nothing: it may have had a queue on one side, and the truth lies anywhere between its bounds.
  #provesStep({ upper, lower }) {
    if (!this.#line) return false;
    const brokenSec = Math.max(
      this.#offsetAt(upper.localSec) - upper.offsetSec,
      lower.offsetSec - this.#offsetAt(lower.localSec),
    );
    return brokenSec > this.#line.gapSec / 2 + this.#options.stepMs / 1000 + this.#tickSec;
  }

  // The best probe of a whole burst is further off the line than a queue on one of its ways would
  // explain.
  #isAnother(quickest) {
    if (!this.#line) return false;
    const { localSec, offsetSec } = middleOf(quickest);
    const queuedSec = Math.max(0, rttOf(quickest) - this.#line.gapSec);
    const offSec = Math.abs(offsetSec - this.#offsetAt(localSec));
    return offSec > queuedSec / 2 + this.#options.stepMs / 1000 + this.#tickSec;
  }

  #isBurstFull(nowSec) {
    if (this.#burst.length === 0) return false;
    const ageSec = nowSec - this.#burst[0].upper.localSec;
    return this.#burst.length >= BURST_PROBE_COUNT_MAX || ageSec > this.#options.roundTripMaxSec;
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

  #forgetOld(nowSec) {
    const { windowSec } = this.#options;
    this.#bursts = this.#bursts.filter((b) => nowSec - b.quickest.upper.localSec <= windowSec);
    this.#bursts = this.#bursts.slice(-BURST_COUNT_MAX);
  }

  #offsetAt(localSec) {
    const { newestSec, offsetSec, slope } = this.#line;
    return offsetSec + slope * (localSec - newestSec);
  }

  // The slope comes from the quickest probes first, because their middles stay where they are when
  // the path becomes longer, and is then drawn closer by the bounds, which are more exact.
  #fit(bursts) {
    const quietSec = this.#options.quietMs / 1000;
    const slopeQuietSec = quietSec + this.#tickSec / 3;
    const priorPrecision = 1 / (this.#options.slopePriorPpm * 1e-6) ** 2;
    const uppers = bursts.map((b) => b.upper);
    const lowers = bursts.map((b) => b.lower);
    const quickest = bursts.map((b) => b.quickest);

    const middles = quickest.map(middleOf);
    const queuedSec = above(quickest.map(rttOf)).map((sec) => sec / 2);
    const rough = slopeOf([{ points: middles, lateSec: queuedSec }], slopeQuietSec, priorPrecision);
    const ways = [
      { points: uppers, lateSec: above(levelled(uppers, rough.slope)) },
      { points: lowers, lateSec: below(levelled(lowers, rough.slope)) },
    ];
    const { slope, precision } = slopeOf(ways, slopeQuietSec, priorPrecision);

    // Bounds from long ago are as uncertain as the slope that brings them here.
    const slopeSigma = precision ** -0.5;
    const newestSec = middles[middles.length - 1].localSec;
    const quietAt = (p) => quietSec + slopeSigma * Math.abs(newestSec - p.localSec);
    const upper = levelOf(uppers, slope, newestSec, quietAt, above);
    const lower = levelOf(lowers, slope, newestSec, quietAt, below);
    return {
      newestSec,
      offsetSec: (upper.offsetSec + lower.offsetSec) / 2,
      slope,
      gapSec: Math.max(0, upper.offsetSec - lower.offsetSec),
      varianceSec2: (upper.varianceSec2 + lower.varianceSec2) / 4,
      slopeVariance: 1 / precision,
    };
  }
}

function isStamp(sec) {
  return Number.isFinite(sec) && Math.abs(sec) <= STAMP_MAX_SEC;
}

function rttOf({ upper, lower }) {
  return Math.max(0, upper.offsetSec - lower.offsetSec);
}

function middleOf({ upper, lower }) {
  return {
    localSec: (upper.localSec + lower.localSec) / 2,
    offsetSec: (upper.offsetSec + lower.offsetSec) / 2,
  };
}

function bestOf(probes) {
  const best = (isBetter) => probes.reduce((a, b) => (isBetter(b, a) ? b : a));
  return {
    upper: best((a, b) => a.upper.offsetSec < b.upper.offsetSec).upper,
    lower: best((a, b) => a.lower.offsetSec > b.lower.offsetSec).lower,
    quickest: best((a, b) => rttOf(a) < rttOf(b)),
  };
}

// How far each value is above the least, or below the greatest.
function above(values) {
  const least = Math.min(...values);
  return values.map((value) => value - least);
}

function below(values) {
  const greatest = Math.max(...values);
  return values.map((value) => greatest - value);
}

// Offsets as they would be at the time of the first point.
function levelled(points, slope) {
  const { localSec } = points[0];
  return points.map((p) => p.offsetSec - slope * (p.localSec - localSec));
}

// The slope that rows of points share, by weighted least squares, shrunk towards 0. What a point is
// late by is about as wrong as it may be.
function slopeOf(rows, quietSec, priorPrecision) {
  let precision = priorPrecision;
  let moment = 0;
  for (const { points, lateSec } of rows) {
    const weights = lateSec.map((sec) => (sec + quietSec) ** -2);
    const [first] = points;
    const xs = points.map((p) => p.localSec - first.localSec);
    const ys = points.map((p) => p.offsetSec - first.offsetSec);
    const [x, y] = [mean(xs, weights), mean(ys, weights)];
    precision += sum(xs.map((each, i) => weights[i] * (each - x) ** 2));
    moment += sum(xs.map((each, i) => weights[i] * (each - x) * (ys[i] - y)));
  }
  return { slope: moment / precision, precision };
}

// Where a row of bounds stands at `atSec`.
function levelOf(points, slope, atSec, quietAt, late) {
  const offsets = points.map((p) => p.offsetSec - slope * (p.localSec - atSec));
  const lateSec = late(offsets);
  const weights = points.map((p, i) => (lateSec[i] + quietAt(p)) ** -2);
  return { offsetSec: mean(offsets, weights), varianceSec2: 1 / sum(weights) };
}

function mean(values, weights) {
  const [first] = values;
  return first + sum(values.map((value, i) => weights[i] * (value - first))) / sum(weights);
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
