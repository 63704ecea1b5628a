// How late a loudspeaker is, from somebody who taps along with clicks.
//
// Pure: clicks and taps come in as times, a judgement goes out.
//
// A tap belongs to the click before or after it, nobody knows which: so lateness is told only up to
// whole beats. A loudspeaker is late and hardly ever early, so of all that would fit the one from
// EARLIEST_SEC on is meant.

/** 80 beats a minute: slow enough for the longest trim, fast enough to be tapped evenly. */
export const BEAT_SEC = 0.75;

/** So many taps have to agree. */
export const TAPS_WANTED = 8;
/** The first ones find the beat. */
const TAPS_SKIPPED = 2;
/** What is judged: who taps on gets a better answer, not an older one. */
const TAPS_MAX = 24;
const EARLIEST_SEC = -0.15;
/**
 * Whoever taps along is ahead of what they hear: untrained people by 20 to 50 ms, less with a beat this
 * slow and clicks this short. A finger that touches glass is told some ms late, which works the other way.
 */
export const ANTICIPATION_SEC = 0.025;
/** A tap this far from the others was a slip. */
const SLIP_SEC = 0.1;
/** Taps that scatter by more say nothing. */
const SPREAD_SEC_MAX = 0.05;
/** Of all taps that count so many may be slips. */
const SLIPS_SHARE_MAX = 0.3;

/**
 * `taps`: seconds behind the first click, in order. Returns `{ kind, count }`, `count` being the taps that
 * count so far, and kind
 *   'few'        more are wanted
 *   'irregular'  they do not agree; more may help
 *   'found'      with `lateSec`, how late the loudspeaker is, and `spreadSec`, within which half the taps lie
 */
export function judgeTaps(taps) {
  const counted = taps.slice(TAPS_SKIPPED).slice(-TAPS_MAX);
  const count = counted.length;
  if (count < TAPS_WANTED) return { kind: 'few', count };
  const around = circularMean(counted);
  const offs = counted.map((sec) => wrap(sec - around, -BEAT_SEC / 2));
  const middle = median(offs);
  const near = offs.filter((off) => Math.abs(off - middle) <= SLIP_SEC);
  if (near.length < TAPS_WANTED * (1 - SLIPS_SHARE_MAX)) return { kind: 'irregular', count };
  if (near.length < count * (1 - SLIPS_SHARE_MAX)) return { kind: 'irregular', count };
  const offSec = median(near);
  const spreadSec = median(near.map((off) => Math.abs(off - offSec)));
  if (spreadSec > SPREAD_SEC_MAX) return { kind: 'irregular', count };
  const lateSec = wrap(around + offSec + ANTICIPATION_SEC, EARLIEST_SEC);
  return { kind: 'found', count, lateSec, spreadSec };
}

/** The same moment of the beat, from `fromSec` up to a beat later. */
function wrap(sec, fromSec) {
  const rest = (sec - fromSec) % BEAT_SEC;
  return fromSec + (rest < 0 ? rest + BEAT_SEC : rest);
}

/** Where on the beat most taps are: an average that knows no end of the beat. */
function circularMean(values) {
  const turn = (2 * Math.PI) / BEAT_SEC;
  const sum = (write) => values.reduce((total, sec) => total + write(sec * turn), 0);
  return Math.atan2(sum(Math.sin), sum(Math.cos)) / turn;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
