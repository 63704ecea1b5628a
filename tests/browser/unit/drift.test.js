// An hour on a sound card whose clock is off: it is followed with bent tempo alone, and never far off.
//
// The context's time is the card's; what the browser says of it scatters. No test waits for real time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferPlayer } from '../../../src/web/buffer-player.js';
import { OutputClock } from '../../../src/web/output-clock.js';
import { FakeAudioContext } from './fake-audio.js';
import { seeded } from './random.js';

const HOUR_SEC = 3600;
const READ_EVERY_SEC = 0.1;
const READINGS_PER_TICK = 5;
const LATENCY_SEC = 0.064;
const SCATTER_SEC = 0.0015;
const ROOM_AHEAD_SEC = 1000;
const START_SEC = 5;
// A correction begins beyond 1 ms, and the mapping is known to some tenths of that.
const ERROR_SEC_MAX = 0.0025;

// Plays one track for an hour and looks each half second where it really is.
function hour(cardPpm) {
  const rate = 1 + cardPpm * 1e-6;
  const random = seeded(1);
  const context = new FakeAudioContext();
  let localSec = 100;
  const heardSec = () => (localSec - 100) * rate;
  context.getOutputTimestamp = () => ({
    contextTime: heardSec() + random.between(-SCATTER_SEC, SCATTER_SEC),
    performanceTime: localSec * 1000,
  });
  const outputClock = new OutputClock();
  const clock = {
    ready: true,
    roomAt: (local) => local + ROOM_AHEAD_SEC,
    localAt: (room) => room - ROOM_AHEAD_SEC,
  };
  const buffer = { duration: 2 * HOUR_SEC };
  const player = new BufferPlayer({ context, destination: {}, buffer, clock, outputClock });
  const timestamp = ROOM_AHEAD_SEC + 100 + START_SEC;
  const state = { track_id: 't1', status: 'PLAY', offset_sec: 0, timestamp };
  const errorsSec = [];
  let startsAtFirst;
  for (let reading = 1; reading * READ_EVERY_SEC < HOUR_SEC; reading += 1) {
    localSec = 100 + reading * READ_EVERY_SEC;
    context.currentTime = heardSec() + LATENCY_SEC;
    outputClock.read(context, localSec);
    if (reading === 10) player.follow(state);
    if (reading % READINGS_PER_TICK !== 0) continue;
    player.tick(localSec);
    const wantedSec = localSec - 100 - START_SEC;
    if (wantedSec <= 1) startsAtFirst = player.counts.starts;
    else errorsSec.push(positionAt(player.segments(), heardSec()) - wantedSec);
  }
  const rates = context.sources.flatMap(({ playbackRate }) => playbackRate.events);
  return {
    counts: player.counts,
    startsAtFirst,
    errorsSec,
    rates: rates.map(({ value }) => value),
  };
}

function positionAt(segments, contextSec) {
  const {
    positionSec,
    contextSec: fromSec,
    rate,
  } = segments.findLast((one) => {
    return one.contextSec <= contextSec;
  });
  return positionSec + (contextSec - fromSec) * rate;
}

for (const ppm of [50, -50]) {
  test(`a card that is ${ppm} ppm off is followed for an hour without a jump`, () => {
    const { counts, startsAtFirst, errorsSec, rates } = hour(ppm);
    assert.equal(counts.starts, startsAtFirst);
    assert.equal(counts.jumps, 0);
    const worstSec = Math.max(...errorsSec.map(Math.abs));
    assert.ok(worstSec < ERROR_SEC_MAX, `${worstSec} s`);
    assert.ok(rates.every((rate) => Math.abs(rate - 1) <= 0.002 + 1e-6));
    // 180 ms in an hour; each correction is worth about one.
    assert.ok(counts.bends > 60 && counts.bends < 400, `${counts.bends} bends`);
  });
}

test('on a good card hardly anything is corrected', () => {
  const { counts, errorsSec } = hour(0);
  assert.ok(counts.bends <= 3 && counts.jumps === 0, JSON.stringify(counts));
  assert.ok(Math.max(...errorsSec.map(Math.abs)) < ERROR_SEC_MAX);
});
