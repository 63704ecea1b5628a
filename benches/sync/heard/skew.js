// Who hears what when: from one recording with a channel for each listener, where each is in the music, and
// how far apart they are. No player is asked anything.
//
// Pure.

import { RATE_HZ } from './correlate.js';
import { WINDOW_SEC } from './track-index.js';

export const HOP_SEC = 0.25;
// Below this a channel is silent.
const SILENT_RMS = 0.001;
// Places that do not go on by themselves: a seek, another track, a jump.
const LEAP_SEC = 0.045;
const AROUND = Math.round(WINDOW_SEC / HOP_SEC);
// The tempo is taken over so many windows. Less is drift or noise, more is a leap.
const SLOPE_WINDOWS = 4;
const BENT_MIN = 0.00015;
const BENT_MAX = 0.004;
// Sound that is nowhere in the music, as crackling is, is not looked up everywhere in each window again.
const PATIENCE_MAX = 6;

// Where each channel is in the music, window by window: { atSec, places: [channel][window] }, with NaN for
// what is nowhere in it and null for silence. `index` is a TrackIndex; the channels are recorded at once.
export function follow(channels, index, { fromSec = 0, toSec = Infinity } = {}) {
  const endSec = Math.min(toSec, channels[0].length / RATE_HZ) - WINDOW_SEC / 2;
  const seekers = channels.map((channel) => new Seeker(channel, index));
  const atSec = [];
  for (let at = fromSec + WINDOW_SEC / 2; at <= endSec; at += HOP_SEC) atSec.push(at);
  const places = channels.map(() => []);
  for (const at of atSec) {
    const now = seekers.map((seeker, k) => seeker.goOn(at, lastPlaces(places[k])));
    seekers.forEach((seeker, k) => {
      const others = now.filter((place, other) => other !== k && isPlace(place));
      places[k].push(Number.isNaN(now[k]) ? seeker.seek(at, others) : now[k]);
    });
  }
  return { atSec, places };
}

// Where a channel goes on from its last places.
function lastPlaces(past) {
  const found = [];
  for (let ago = 1; ago <= 2 * AROUND && found.length < 2; ago += 1) {
    const place = past[past.length - ago];
    if (isPlace(place)) found.push(place + ago * HOP_SEC);
  }
  return found;
}

class Seeker {
  #channel;
  #index;
  #failures = 0;
  #skips = 0;

  constructor(channel, index) {
    this.#channel = channel;
    this.#index = index;
  }

  // Null for silence, NaN when it is at none of the guessed places.
  goOn(atSec, guessed) {
    const center = Math.round(atSec * RATE_HZ);
    if (rms(this.#channel, center) < SILENT_RMS) return null;
    for (const guess of guessed) {
      const { placeSec, isSure } = this.#index.near(this.#channel, center, guess);
      if (isSure) return placeSec;
    }
    return NaN;
  }

  // Where the others are, or anywhere.
  seek(atSec, others) {
    const besideSec = this.goOn(atSec, others);
    if (isPlace(besideSec)) return besideSec;
    if (this.#skips > 0) {
      this.#skips -= 1;
      return NaN;
    }
    const found = this.#index.find(this.#channel, Math.round(atSec * RATE_HZ));
    this.#failures = found ? 0 : this.#failures + 1;
    this.#skips = found ? 0 : Math.min(PATIENCE_MAX, 2 ** this.#failures - 2);
    return found?.placeSec ?? NaN;
  }
}

// By how many seconds listener b is later than listener a, window by window, and the sum of it:
// { skews: [{ atSec, skewSec }], bothSec, oneSec, unsureSec }. A window in which one of them leaps counts only when
// the places before and behind it say the same of both.
export function compare({ atSec, places }, a, b) {
  const counts = { bothSec: 0, oneSec: 0, unsureSec: 0 };
  const skews = [];
  atSec.forEach((at, i) => {
    const pair = [places[a][i], places[b][i]];
    const silent = pair.filter((place) => place === null).length;
    if (silent === 2) return;
    if (silent === 1) {
      counts.oneSec += HOP_SEC;
      return;
    }
    counts.bothSec += HOP_SEC;
    const isClear = pair.every(isPlace) && !isLeap(places, a, b, i);
    if (isClear) skews.push({ atSec: at, skewSec: pair[0] - pair[1] });
    else counts.unsureSec += HOP_SEC;
  });
  return { skews, ...counts };
}

// The two windows are half in the old place and half in the new one, and found in different halves.
function isLeap(places, a, b, i) {
  const apart = Math.abs(places[a][i] - places[b][i]);
  if (apart < LEAP_SEC) return false;
  return [a, b].some((k) => leaps(places[k], i));
}

function leaps(row, i) {
  for (let j = Math.max(1, i - AROUND + 1); j <= Math.min(row.length - 1, i + AROUND - 1); j += 1) {
    if (!isPlace(row[j]) || !isPlace(row[j - 1])) return true;
    if (Math.abs(row[j] - row[j - 1] - HOP_SEC) > LEAP_SEC) return true;
  }
  return false;
}

function isPlace(place) {
  return place !== null && Number.isFinite(place);
}

function rms(channel, center) {
  const half = (WINDOW_SEC * RATE_HZ) / 2;
  let sum = 0;
  for (let i = center - half; i < center + half; i += 4) sum += (channel[i] ?? 0) ** 2;
  return Math.sqrt(sum / (half / 2));
}

// How long the tempo of one was bent against that of the other, and by how much at most: { bentSec, bentMax }. Leaps
// are not counted.
export function bending(skews) {
  let [bentSec, bentMax] = [0, 0];
  for (let i = SLOPE_WINDOWS; i < skews.length; i += 1) {
    const [from, to] = [skews[i - SLOPE_WINDOWS], skews[i]];
    const slope = Math.abs((to.skewSec - from.skewSec) / (to.atSec - from.atSec));
    const isWhole = to.atSec - from.atSec < (SLOPE_WINDOWS + 0.5) * HOP_SEC;
    if (!isWhole || slope < BENT_MIN || slope > BENT_MAX) continue;
    bentSec += HOP_SEC;
    bentMax = Math.max(bentMax, slope);
  }
  return { bentSec, bentMax };
}

// |skew| in ms: { medianMs, p95Ms, maxMs, signedMs }; NaN when nothing was compared.
export function summary(skews) {
  const ms = skews.map(({ skewSec }) => skewSec * 1000);
  const sizes = ms.map(Math.abs);
  return {
    medianMs: quantile(sizes, 0.5),
    p95Ms: quantile(sizes, 0.95),
    maxMs: quantile(sizes, 1),
    signedMs: quantile(ms, 0.5),
  };
}

export function quantile(values, share) {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
