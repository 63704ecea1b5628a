// Writes testdata/clock: one series of each kind, and what the page's clock makes of it.
//
// `node benches/sync/write-testdata.js` after a change of the clock that is meant; the tests of the
// page and of jam then have the new figures to agree on.

import { writeFileSync } from 'node:fs';
import { RoomClock } from '../../src/web/clock.js';
import { KINDS, LOCAL_ZERO_SEC, ROOM_ZERO_SEC, live, makeSeries } from './series.js';

const SEED = 1;
// Of the moments that a series asks for after a burst, these are written down.
const ASKS = [0, 2, 4];

export function fileText(kind) {
  const { about, withinMs } = KINDS[kind];
  const series = makeSeries(kind, SEED);
  for (const burst of series.bursts) burst.asks = burst.asks.filter((_, i) => ASKS.includes(i));
  live(new RoomClock(), series, (errorMs, _, ask) => ask.push(Number(errorMs.toFixed(4))));
  const head = {
    about,
    seed: SEED,
    columns: {
      probes: ['t0_us', 't1_us', 't2_us', 't3_us'],
      asks: ['local_us', 'room_us', 'error_ms'],
    },
    local_zero_sec: LOCAL_ZERO_SEC,
    room_zero_sec: ROOM_ZERO_SEC,
    within_ms: { first_10_sec: withinMs[0], later: withinMs[1] },
  };
  const lines = series.bursts.map(({ sinceSec, probes, asks }) =>
    JSON.stringify({ since_sec: sinceSec, probes, asks }),
  );
  const top = JSON.stringify(head, null, 1).slice(0, -2);
  return `${top},\n "bursts": [\n${lines.join(',\n')}\n ]\n}\n`;
}

export function fileOf(kind) {
  return new URL(`../../testdata/clock/${kind}.json`, import.meta.url);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const kind of Object.keys(KINDS)) writeFileSync(fileOf(kind), fileText(kind));
}
