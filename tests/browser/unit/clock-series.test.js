// The page's clock on the series in testdata/clock, which tests/clock.rs reads as well.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KINDS, inSeconds } from '../../../benches/sync/series.js';
import { fileOf, fileText } from '../../../benches/sync/write-testdata.js';
import { RoomClock } from '../../../src/web/clock.js';

// Both clocks do the same sums; what is left is the width of room time in an f64, and four decimals
// in the file.
const SAME_MS = 0.001;

for (const kind of Object.keys(KINDS)) {
  const file = JSON.parse(readFileSync(fileOf(kind), 'utf8'));

  test(`${kind}: room time is what the file says, and near the truth`, () => {
    const clock = new RoomClock();
    let asked = 0;
    for (const { since_sec, probes, asks } of file.bursts) {
      for (const probe of probes) clock.addProbe(inSeconds(probe));
      clock.endBurst();
      for (const [localUs, roomUs, expectedMs] of asks) {
        const [{ t0: localSec, t1: roomSec }] = [inSeconds([localUs, roomUs, roomUs, localUs])];
        const errorMs = (clock.roomAt(localSec) - roomSec) * 1000;
        const withinMs = since_sec < 10 ? file.within_ms.first_10_sec : file.within_ms.later;
        assert.ok(Math.abs(errorMs - expectedMs) <= SAME_MS, `${errorMs}, not ${expectedMs} ms`);
        assert.ok(Math.abs(errorMs) <= withinMs, `${errorMs} ms at ${since_sec} s`);
        asked += 1;
      }
    }
    assert.ok(asked > 300, `${asked} moments`);
  });

  test(`${kind}: the file is what benches/sync/write-testdata.js writes`, () => {
    assert.equal(readFileSync(fileOf(kind), 'utf8'), fileText(kind));
  });
}
