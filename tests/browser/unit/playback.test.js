// Where the track should be, and the corrections: they end with nothing left, never overshoot, and
// the book-keeping follows the very blocks and floats that a browser uses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BLOCK_FRAMES,
  CORRECTION,
  SourceTimeline,
  blockBorderAfter,
  decideCorrection,
  frameAfter,
  planBend,
  readState,
  roundToFrame,
  targetPosition,
} from '../../../src/web/playback.js';
import { seeded, seeds } from './random.js';

const AT = 1_762_569_231.204511;
const play = { track_id: 't1', status: 'PLAY', offset_sec: 12.5, timestamp: AT };

test('before its timestamp a playing track stands still at its offset', () => {
  assert.equal(targetPosition(play, AT - 10), 12.5);
  assert.equal(targetPosition(play, AT), 12.5);
});

test('after its timestamp a playing track advances with the room', () => {
  assert.ok(Math.abs(targetPosition(play, AT + 3.25) - 15.75) < 1e-6);
});

test('a paused track stands still', () => {
  assert.equal(targetPosition({ ...play, status: 'PAUSE' }, AT + 100), 12.5);
});

test('without a state, a usable offset or a clock there is still a position', () => {
  assert.equal(targetPosition(null, AT), 0);
  assert.equal(targetPosition({ ...play, offset_sec: 'x' }, AT), 0);
  assert.equal(targetPosition(play, NaN), 12.5);
  assert.equal(targetPosition({ ...play, timestamp: undefined }, AT), 12.5);
});

test('under a millisecond nothing is done', () => {
  for (const errorSec of [0, 0.0009, -0.0009]) {
    assert.equal(decideCorrection({ errorSec }).action, 'none');
  }
});

test('up to 20 ms the tempo is bent', () => {
  for (const errorSec of [0.0011, -0.0011, 0.02, -0.02]) {
    assert.equal(decideCorrection({ errorSec }).action, 'bend');
  }
});

test('while the measurements disagree, less than 10 ms can wait', () => {
  assert.equal(decideCorrection({ errorSec: 0.0099, isSteady: false }).action, 'none');
  assert.equal(decideCorrection({ errorSec: -0.0101, isSteady: false }).action, 'bend');
});

test('a correction that is under way and will fit is left alone', () => {
  const decision = decideCorrection({ errorSec: 0.02, residualSec: 0.0004 });
  assert.equal(decision.action, 'none');
});

test('a correction that is under way and will not fit is replaced', () => {
  assert.equal(decideCorrection({ errorSec: 0.0005, residualSec: -0.003 }).action, 'bend');
});

test('beyond 20 ms it jumps, but only when that was measured twice in a row', () => {
  const first = decideCorrection({ errorSec: 0.0201, jumpVotes: 0 });
  assert.deepEqual(first, { action: 'wait', jumpVotes: 1 });
  const second = decideCorrection({ errorSec: -0.3, jumpVotes: first.jumpVotes });
  assert.deepEqual(second, { action: 'jump', jumpVotes: 0 });
  const calm = decideCorrection({ errorSec: 0.0001, jumpVotes: first.jumpVotes });
  assert.equal(decideCorrection({ errorSec: 0.3, jumpVotes: calm.jumpVotes }).action, 'wait');
});

test('an error that is no number leads to nothing', () => {
  for (const errorSec of [NaN, Infinity, undefined]) {
    assert.equal(decideCorrection({ errorSec }).action, 'none');
  }
});

test('the rate is 1 -+ min(0.2 %, error / 4 s), to within the rounding to whole frames', () => {
  for (const errorSec of [0.001, -0.002, 0.004, 0.008, -0.02, 0.04]) {
    const { rate, durationSec } = planBend(errorSec, 48000);
    const delta = Math.min(0.002, Math.abs(errorSec) / 4);
    assert.ok(
      Math.abs(1 - Math.sign(errorSec) * delta - rate) < delta * 0.02,
      `${errorSec}: ${rate}`,
    );
    assert.ok(
      Math.abs(durationSec - Math.abs(errorSec) / delta) < 0.01,
      `${errorSec}: ${durationSec} s`,
    );
  }
});

test('no plan is faster or slower than 0.2 %, and each moves by whole frames between block borders', () => {
  for (const seed of seeds(20)) {
    const random = seeded(seed);
    for (let i = 0; i < 200; i += 1) {
      const sampleRateHz = [44100, 48000, 96000][Math.floor(random.uniform() * 3)];
      const errorSec = random.between(-0.04, 0.04);
      const { rate, durationSec } = planBend(errorSec, sampleRateHz);
      const hint = `JAM_SEED=${seed}, error ${errorSec} at ${sampleRateHz} Hz`;
      assert.ok(Math.abs(rate - 1) <= CORRECTION.rateDeltaMax * 1.001, hint);
      assert.equal(Math.fround(rate), rate, hint);
      const blocks = (durationSec * sampleRateHz) / BLOCK_FRAMES;
      assert.ok(Math.abs(blocks - Math.round(blocks)) < 1e-6, hint);
      const frames = (1 - rate) * durationSec * sampleRateHz;
      // The longest plans lose a tenth of a frame to the float: still nothing for the treble.
      assert.ok(Math.abs(frames - Math.round(frames)) < 0.12, `${hint}: moves ${frames} frames`);
      assert.ok(Math.abs(errorSec * sampleRateHz - frames) <= 0.6, hint);
    }
  }
});

test('an error smaller than half a frame needs no plan', () => {
  assert.deepEqual(planBend(0.000001, 48000), { rate: 1, durationSec: 0 });
});

test('block borders are multiples of a block, at or after the time asked for', () => {
  for (const [sec, blocks] of [
    [0, 0],
    [128 / 48000, 1],
    [129 / 48000, 2],
    [1, 375],
  ]) {
    assert.ok(Math.abs(blockBorderAfter(sec, 48000) - (blocks * 128) / 48000) < 1e-12);
  }
  assert.equal(roundToFrame(1.00001, 48000), 48000 / 48000);
});

test('a timeline stands still before its start and then runs at 1', () => {
  const line = new SourceTimeline(10, 3);
  assert.equal(line.positionAt(9), 3);
  assert.equal(line.positionAt(10), 3);
  assert.equal(line.positionAt(12.5), 5.5);
});

test('a new plan replaces what was planned after its beginning', () => {
  const line = new SourceTimeline(0, 0);
  line.setRate(10, 0.9);
  line.setRate(20, 1);
  line.setRate(15, 1.1); // before the old plan was over
  line.setRate(16, 1);
  assert.equal(line.settledContextSec, 16);
  assert.ok(Math.abs(line.positionAt(15) - 14.5) < 1e-9);
  assert.ok(Math.abs(line.positionAt(25) - (14.5 + 1.1 + 9)) < 1e-9);
});

test('pieces meet, and their number is bounded', () => {
  for (const seed of seeds(10)) {
    const random = seeded(seed);
    const line = new SourceTimeline(5, 1);
    let atSec = 5;
    for (let i = 0; i < 500; i += 1) {
      atSec += random.between(0.05, 5);
      const before = line.positionAt(atSec);
      line.setRate(atSec, random.between(0.998, 1.002));
      assert.ok(Math.abs(line.positionAt(atSec) - before) < 1e-9, `JAM_SEED=${seed}`);
      assert.ok(Math.abs(line.positionAt(atSec + 1e-6) - before) < 2e-6, `JAM_SEED=${seed}`);
    }
    assert.ok(line.segments().length <= 16);
    assert.deepEqual(
      line.segments().map((s) => s.contextSec),
      line
        .segments()
        .map((s) => s.contextSec)
        .sort((a, b) => a - b),
    );
  }
});

// The loop of the player without a browser: measure every half second, decide, bend.
function follow({ errorSec, seconds, sampleRateHz, cardPpm = 0, noise = () => 0 }) {
  const line = new SourceTimeline(0, 0);
  const trueTarget = (contextSec) => contextSec * (1 + cardPpm * 1e-6) - errorSec;
  const errors = [];
  let bends = 0;
  for (let nowSec = 0.5; nowSec < seconds; nowSec += 0.5) {
    errors.push({ nowSec, errorSec: line.positionAt(nowSec) - trueTarget(nowSec) });
    const offSec = noise();
    const measuredAt = (contextSec) =>
      line.positionAt(contextSec) - trueTarget(contextSec) + offSec;
    const applySec = blockBorderAfter(nowSec + 0.06, sampleRateHz);
    const nowError = measuredAt(applySec);
    const residualSec = measuredAt(Math.max(applySec, line.settledContextSec));
    const decision = decideCorrection({ errorSec: nowError, residualSec });
    if (decision.action !== 'bend') continue;
    const plan = planBend(nowError, sampleRateHz);
    line.setRate(applySec, plan.rate);
    line.setRate(applySec + plan.durationSec, 1);
    bends += 1;
  }
  return { errors, bends };
}

test('a correction ends with nothing left and never goes past the right place', () => {
  for (const seed of seeds(20)) {
    const random = seeded(seed);
    const errorSec = random.between(-0.04, 0.04);
    const sampleRateHz = random.chance(0.5) ? 44100 : 48000;
    const { errors, bends } = follow({ errorSec, sampleRateHz, seconds: 30 });
    const hint = `JAM_SEED=${seed}, error ${errorSec}`;
    assert.ok(bends <= 1, hint);
    const frameSec = 1 / sampleRateHz;
    const left = errors[errors.length - 1].errorSec;
    if (bends) assert.ok(Math.abs(left) <= frameSec * 0.6, `${hint} leaves ${left}`);
    for (const at of errors) assert.ok(at.errorSec * Math.sign(errorSec) > -frameSec, hint);
    for (let i = 1; i < errors.length; i += 1) {
      assert.ok(Math.abs(errors[i].errorSec) <= Math.abs(errors[i - 1].errorSec) + 1e-9, hint);
    }
  }
});

test('a sound card that drifts by 80 ppm is kept within 1.1 ms, with a bend now and then', () => {
  for (const cardPpm of [80, -80]) {
    const { errors, bends } = follow({ errorSec: 0, cardPpm, sampleRateHz: 48000, seconds: 300 });
    assert.ok(errors.every((at) => Math.abs(at.errorSec) < 0.0011));
    assert.ok(bends >= 10 && bends <= 40, `${bends} bends`);
  }
});

test('measurements that scatter by half a millisecond cause no correction', () => {
  for (const seed of seeds(10)) {
    const random = seeded(seed);
    const noise = () => random.between(-0.0005, 0.0005);
    const { bends } = follow({ errorSec: 0.0003, noise, sampleRateHz: 48000, seconds: 120 });
    assert.equal(bends, 0, `JAM_SEED=${seed}`);
  }
});

test('what ends between two frames is over with the next one', () => {
  assert.equal(frameAfter(100 / 48_000, 48_000), 100 / 48_000);
  assert.equal(frameAfter(100.0005 / 48_000, 48_000), 100 / 48_000);
  assert.equal(frameAfter(100.2 / 48_000, 48_000), 101 / 48_000);
});

test('a timeline says when a position is reached, bends included', () => {
  const timeline = new SourceTimeline(10, 2);
  assert.equal(timeline.contextAt(5), 13);
  timeline.setRate(11, 0.5);
  timeline.setRate(13, 1);
  for (const contextSec of [10, 10.5, 11, 12, 13, 20])
    assert.ok(Math.abs(timeline.contextAt(timeline.positionAt(contextSec)) - contextSec) < 1e-9);
  assert.equal(timeline.contextAt(4), 13);
});

test('a state that makes no sense is told from one that is none', () => {
  const good = { track_id: 'a', status: 'PLAY', offset_sec: -1, timestamp: 5, more: true };
  assert.deepEqual(readState(good), { track_id: 'a', status: 'PLAY', offset_sec: 0, timestamp: 5 });
  assert.equal(readState(null), null);
  for (const wrong of [{}, undefined, { ...good, status: 'STOP' }, { ...good, timestamp: '5' }])
    assert.equal(readState(wrong), undefined);
});
