// Chunks on their way, as dots: which chord each is on, and how far.
//
// Pure but for what it remembers; times are local ms. Never more than `DOTS_MAX` are under way: when more
// chunks travel than that, a dot stands for several, and each chord keeps its part of the dots.

export const DOTS_MAX = 60;

/** From one node to another: slow enough to follow with the eye. */
export const TRAVEL_MS = 1100;

/** Chunks are told in lots; their dots leave one after the other, over about the time in which they came. */
const SPREAD_MIN_MS = 200;
const SPREAD_MAX_MS = 1100;

const CHORDS_MAX = 10_000;

export class Dots {
  #alive = [];
  /** Parts of dots that chords have not had yet. */
  #owed = new Map();
  #lastMs = null;
  #turn = 0;

  /** `gained` as `SwarmModel.update` tells it. */
  add(gained, nowMs) {
    const sinceMs = this.#lastMs === null ? SPREAD_MAX_MS : nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    const spreadMs = Math.min(SPREAD_MAX_MS, Math.max(SPREAD_MIN_MS, sinceMs));
    this.#alive = this.#alive.filter((dot) => dot.endMs > nowMs);
    if (this.#owed.size > CHORDS_MAX) this.#owed.clear();
    const chunks = gained.reduce((sum, { chunks }) => sum + chunks, 0);
    if (chunks === 0) return;
    // As many as there may be under way, times the part of their lives that this lot is spread over.
    let free = Math.min(
      DOTS_MAX - this.#alive.length,
      Math.ceil((DOTS_MAX * spreadMs) / (TRAVEL_MS + spreadMs)),
    );
    const scale = Math.min(1, free / chunks);
    for (const { key, chunks: own } of this.#fairly(gained)) {
      // Begun anywhere between two dots, or a crowd of equals would wait and then leave all at once.
      const owed = (this.#owed.get(key) ?? (scale < 1 ? phase(key) : 0)) + own * scale;
      const count = Math.min(free, Math.floor(owed + 1e-9));
      this.#owed.set(key, Math.min(2, owed - count));
      free -= count;
      this.#launch(key, count, spreadMs, nowMs);
    }
  }

  /** Not always the same ones first when there are too few for all. */
  #fairly(gained) {
    this.#turn += 1;
    const first = this.#turn % gained.length;
    return [...gained.slice(first), ...gained.slice(0, first)];
  }

  #launch(key, count, spreadMs, nowMs) {
    for (let index = 0; index < count; index += 1) {
      const startMs = nowMs + (spreadMs * (index + phase(key))) / count;
      this.#alive.push({ key, startMs, endMs: startMs + TRAVEL_MS });
    }
  }

  /** Those under way as `{ key, share }`, `share` of the way from 0 to 1. */
  at(nowMs) {
    this.#alive = this.#alive.filter((dot) => dot.endMs > nowMs);
    return this.#alive
      .filter((dot) => dot.startMs <= nowMs)
      .map(({ key, startMs }) => ({ key, share: eased((nowMs - startMs) / TRAVEL_MS) }));
  }

  /** Whether anything will still move. */
  isBusy(nowMs) {
    return this.#alive.some((dot) => dot.endMs > nowMs);
  }

  clear() {
    this.#alive = [];
    this.#owed.clear();
    this.#lastMs = null;
  }
}

/** 0 to 1 and its own for each chord, so that not all of them leave at the same moment. */
function phase(key) {
  let sum = 0;
  for (let index = 0; index < key.length; index += 1) {
    sum = (sum * 31 + key.charCodeAt(index)) % 8191;
  }
  return sum / 8191;
}

function eased(share) {
  return share * share * (3 - 2 * share);
}
