// When a context time is heard: the mapping between an AudioContext and the local clock.
//
// It never schedules anything and keeps no timer or clock; the caller calls read() about ten times
// a second. What getOutputTimestamp() says already contains the delay of the output, so nobody may
// subtract that again.
//
// Invariant: heard at local time L is context time L - epochSec. Readings older than WINDOW_SEC no
// longer count for it, and after a step of the output (suspended, other loudspeaker) no reading
// from before it does.

// A new output stumbles in its first moments, so that what it says then is off by up to 80 ms.
const FIRST_SEC = 0.4;
// Readings this recent say where the output is now.
const WINDOW_SEC = 2.5;
// Over PulseAudio, Chromium's stamps wander by up to 5 ms in their first 12 s, while the sound
// itself stays put. So the output counts as steady only if four parts of a longer history agree.
const HISTORY_SEC = 8;
const HISTORY_PARTS = 4;
const STEADY_SEC = 0.001;
const READING_COUNT_MAX = 100;
// Readings scatter by a few ms; this many in a row this far to one side of the median are a step.
const STEP_SEC = 0.02;
const STEP_COUNT = 4;
// A stamp older than this was taken before the output stopped.
const STAMP_AGE_MAX_SEC = 0.5;
// Chromium's stamps run ahead of currentTime by rounding only.
const STAMP_AHEAD_MAX_SEC = 0.05;
// A browser that gives no sensible stamp for this long while it runs does not have any.
const STAMP_PATIENCE_SEC = 1;

export class OutputClock {
  #readings = []; // { localSec, epochSec }
  #missingSinceSec = null;
  #usesLatency = false;
  #latencySec = null;

  // Takes a reading; returns whether the context could say anything yet.
  read(context, localSec) {
    if (context.state !== 'running' || !(context.currentTime > FIRST_SEC)) return false;
    let epochSec = epochFromStamp(context, localSec);
    if (epochSec !== null) {
      this.#missingSinceSec = null;
      this.#use({ latency: false });
    } else {
      this.#missingSinceSec ??= localSec;
      const missingSec = localSec - this.#missingSinceSec;
      if (hasStamps(context) && missingSec < STAMP_PATIENCE_SEC) return this.ready;
      this.#use({ latency: true });
      epochSec = epochFromLatency(context, localSec);
    }
    this.#add({ localSec, epochSec });
    const latencySec = context.outputLatency;
    this.#latencySec = Number.isFinite(latencySec) && latencySec > 0 ? latencySec : null;
    return true;
  }

  // Forgets every reading: the output has stopped, or begun anew.
  reset() {
    this.#readings = [];
    this.#missingSinceSec = null;
  }

  get ready() {
    return this.#readings.length > 0;
  }

  get readingCount() {
    return this.#readings.length;
  }

  // The local time at which context time 0 was, or would have been, heard; NaN without a reading.
  get epochSec() {
    const newestSec = this.#readings[this.#readings.length - 1]?.localSec;
    const recent = this.#readings.filter((r) => newestSec - r.localSec <= WINDOW_SEC);
    return median(recent.map((r) => r.epochSec));
  }

  // Have the readings said the same for a while, so that small differences can be believed?
  get isSteady() {
    const count = this.#readings.length;
    if (count < HISTORY_PARTS) return false;
    const oldestSec = this.#readings[0].localSec;
    const spanSec = this.#readings[count - 1].localSec - oldestSec;
    if (spanSec < HISTORY_SEC * 0.8) return false;
    const middles = [];
    for (let part = 0; part < HISTORY_PARTS; part += 1) {
      const from = Math.floor((count * part) / HISTORY_PARTS);
      const to = Math.floor((count * (part + 1)) / HISTORY_PARTS);
      middles.push(median(this.#readings.slice(from, to).map((r) => r.epochSec)));
    }
    return Math.max(...middles) - Math.min(...middles) < STEADY_SEC;
  }

  // The delay of the output as the browser puts it, or null; for showing only.
  get latencySec() {
    return this.#latencySec;
  }

  // Where the readings come from.
  get source() {
    return this.#usesLatency ? 'latency' : 'timestamp';
  }

  // The two ways of reading differ, so their values must not meet in one median.
  #use({ latency }) {
    if (latency !== this.#usesLatency) this.#readings = [];
    this.#usesLatency = latency;
  }

  #add(reading) {
    this.#readings = this.#readings.filter((r) => reading.localSec - r.localSec <= HISTORY_SEC);
    this.#readings = [...this.#readings, reading].slice(-READING_COUNT_MAX);
    const newest = this.#readings.slice(-STEP_COUNT);
    if (newest.length < STEP_COUNT || this.#readings.length < 2 * STEP_COUNT) return;
    const middleSec = median(this.#readings.slice(0, -STEP_COUNT).map((r) => r.epochSec));
    const offsSec = newest.map((r) => r.epochSec - middleSec);
    if (offsSec.every((d) => d > STEP_SEC) || offsSec.every((d) => d < -STEP_SEC))
      this.#readings = newest;
  }
}

function hasStamps(context) {
  return typeof context.getOutputTimestamp === 'function';
}

function epochFromStamp(context, localSec) {
  if (!hasStamps(context)) return null;
  const stamp = context.getOutputTimestamp();
  if (!(stamp?.performanceTime > 0) || !(stamp?.contextTime > 0)) return null;
  const stampSec = stamp.performanceTime / 1000;
  const epochSec = stampSec - stamp.contextTime;
  if (Math.abs(localSec - stampSec) > STAMP_AGE_MAX_SEC) return null;
  if (localSec - epochSec > context.currentTime + STAMP_AHEAD_MAX_SEC) return null;
  return epochSec;
}

function epochFromLatency(context, localSec) {
  const latencySec = [context.outputLatency, context.baseLatency].find(
    (v) => Number.isFinite(v) && v > 0,
  );
  return localSec - context.currentTime + (latencySec ?? 0);
}

function median(values) {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
