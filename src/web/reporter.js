// Tells the room how this member is doing: what changed, and not more often than needed.
//
// A thousand listeners report to one room, so numbers are rounded, small changes wait, and nothing
// is sent twice within the gap, with two exceptions: a new status, or one about another track, goes out
// at once, but never closer than the shorter gap to the one before; and that a track is ready is told without any delay, for the
// room may be waiting for it.

const GAP_MS = 2000;
const STATUS_GAP_MS = 400;

/** Without any change a report is still repeated, so that numbers do not go stale. */
const REPEAT_MS = 15000;

/** A clock gets better by small steps for minutes, and nobody hears less than this. */
const CLOCK_STEP_MS = 0.5;

export class Reporter {
  #send;
  #last = null;
  #lastAtMs = -Infinity;

  /** `send(message)` returns whether it went out. */
  constructor({ send }) {
    this.#send = send;
  }

  /** A new connection knows nothing yet. */
  reset() {
    this.#last = null;
  }

  /** `values`: status, method, rtt_ms, error_ms, loaded, clock_ms, track_id; null or missing ones are left out. */
  update(values, nowMs) {
    const report = tidy(values);
    const waitedMs = nowMs - this.#lastAtMs;
    if (waitedMs < this.#gapMs(report)) return;
    if (!this.#send({ type: 'REPORT', ...report })) return;
    this.#last = report;
    this.#lastAtMs = nowMs;
  }

  #gapMs(report) {
    if (this.#last === null || becomesReady(report, this.#last)) return 0;
    const last = this.#last;
    if (report.status !== last.status || report.track_id !== last.track_id) return STATUS_GAP_MS;
    return differs(report, last) ? GAP_MS : REPEAT_MS;
  }
}

/** REPORT.status for a player's phase. */
export function reportStatus(phase) {
  return (
    {
      locked: 'blocked',
      blocked: 'blocked',
      'catching-up': 'loading',
    }[phase] ?? phase
  );
}

function tidy(values) {
  const { status, method, rtt_ms: rttMs, error_ms: errorMs, loaded, clock_ms: clockMs } = values;
  const report = { status };
  if (method) report.method = method;
  if (Number.isFinite(rttMs)) report.rtt_ms = round(rttMs, 100);
  if (Number.isFinite(errorMs)) report.error_ms = round(errorMs, 10);
  if (Number.isFinite(loaded)) report.loaded = round(loaded, 100);
  if (Number.isFinite(clockMs)) report.clock_ms = round(clockMs, 100);
  if (typeof values.track_id === 'string') report.track_id = values.track_id;
  return report;
}

/** The room counts these as ready for the track that the report is about. */
const READY = new Set(['ready', 'playing', 'paused']);

function becomesReady(report, last) {
  if (!READY.has(report.status)) return false;
  return !READY.has(last.status) || report.track_id !== last.track_id;
}

function differs(a, b) {
  return (
    a.method !== b.method ||
    a.loaded !== b.loaded ||
    movedBy(a.error_ms, b.error_ms, 0.2) ||
    movedBy(a.clock_ms, b.clock_ms, Math.max(CLOCK_STEP_MS, 0.2 * (b.clock_ms ?? 0))) ||
    movedBy(a.rtt_ms, b.rtt_ms, Math.max(1, 0.2 * (b.rtt_ms ?? 0)))
  );
}

function movedBy(a, b, step) {
  if (a === undefined || b === undefined) return a !== b;
  return Math.abs(a - b) >= step - 1e-9;
}

function round(value, parts) {
  return Math.round(value * parts) / parts;
}
