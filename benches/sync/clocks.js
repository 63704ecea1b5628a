// How well room time is estimated: jam's clock beside the usual ones, on the same probes.
//
// The page's clock stands for jam's: the tests hold the one in Rust to the same figures.

import { RoomClock } from '../../src/web/clock.js';
import { LowestRoundTrip, MedianOffset } from './rivals.js';
import { KINDS, inSeconds, live, makeSeries } from './series.js';
import { table } from './table.js';

// The files in testdata have seed 1; what was tuned on them is judged on others.
const FIRST_SEED = 1001;
const ESTIMATORS = [
  { name: 'jam', make: () => new RoomClock() },
  { name: 'lowest round trip of 16', make: () => new LowestRoundTrip() },
  { name: 'median of 200', make: () => new MedianOffset() },
];
const PHASES = [
  { title: 'After the first burst', holds: (burst) => burst.joins && burst.sinceSec < 2 },
  { title: 'After 10 s', holds: (burst) => burst.sinceSec >= 10 },
];
// Right again: no probe contradicts room time by more than this.
const RIGHT_SEC = 0.005;

// Prints tables in Markdown, over so many series of each kind.
export function printClocks(seedCount) {
  const seeds = Array.from({ length: seedCount }, (_, i) => FIRST_SEED + i);
  const kinds = Object.keys(KINDS).map((kind) => measure(kind, seeds));
  for (const { title } of PHASES) {
    print(
      `${title}, ms off: median (95 % are better than)`,
      kinds.map(({ kind, phases }) => [kind, ...phases[title].map(errorCell)]),
    );
  }
  print(
    'Until right again after a sleep or a step, s from the first probe: median (worst)',
    kinds
      .filter(({ agains }) => agains[0].length > 0)
      .map(({ kind, agains }) => [kind, ...agains.map(againCell)]),
  );
}

function measure(kind, seeds) {
  const phases = Object.fromEntries(PHASES.map(({ title }) => [title, ESTIMATORS.map(() => [])]));
  const agains = ESTIMATORS.map(() => []);
  for (const seed of seeds) {
    const series = makeSeries(kind, seed);
    ESTIMATORS.forEach(({ make }, i) => {
      live(make(), series, (errorMs, burst) => {
        for (const { title, holds } of PHASES) {
          if (holds(burst)) phases[title][i].push(Math.abs(errorMs));
        }
      });
      agains[i].push(...untilRight(make(), series));
    });
  }
  return { kind, phases, agains };
}

// For each time that the connection or the room's clock began anew: seconds from its first probe to
// the first answer from which on no probe contradicts the clock.
function untilRight(clock, { bursts }) {
  const times = [];
  bursts.forEach((burst, index) => {
    const probes = burst.probes.map(inSeconds);
    if (index > 0 && burst.sinceSec < bursts[index - 1].sinceSec) {
      times.push({ beganSec: probes[0].t0, rightSec: Infinity });
    }
    const time = times.at(-1) ?? {};
    for (const probe of probes) {
      clock.addProbe(probe);
      if (contradicts(clock, probe)) time.rightSec = Infinity;
      else time.rightSec = Math.min(time.rightSec, probe.t3);
    }
    clock.endBurst();
  });
  return times.map(({ beganSec, rightSec }) => rightSec - beganSec);
}

function contradicts(clock, { t0, t1, t2, t3 }) {
  return clock.roomAt(t0) > t1 + RIGHT_SEC || clock.roomAt(t3) < t2 - RIGHT_SEC;
}

function print(title, rows) {
  const names = ESTIMATORS.map(({ name }) => name);
  console.log(`### ${title}\n\n${table(['', ...names], rows)}`);
}

function errorCell(errorsMs) {
  return `${quantile(errorsMs, 0.5).toFixed(3)} (${quantile(errorsMs, 0.95).toFixed(3)})`;
}

function againCell(seconds) {
  return `${quantile(seconds, 0.5).toFixed(2)} (${Math.max(...seconds).toFixed(2)})`;
}

function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
