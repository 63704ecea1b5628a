// The mapping from context time to local time against what browsers really say, oddities included.
//
// The contexts are plain objects; the local clock is a number that the test moves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputClock } from '../../../src/web/output-clock.js';
import { seeded, seeds } from './random.js';

// A context whose time 0 is heard at local time `epochSec`.
class FakeContext {
  state = 'running';
  latencySec = 0.064;
  epochSec = 100;
  noise = () => 0;

  constructor({ hasStamp = true } = {}) {
    if (hasStamp) this.getOutputTimestamp = () => this.stamp();
  }

  at(localSec) {
    this.localSec = localSec;
    return this;
  }

  get currentTime() {
    return this.localSec - this.epochSec + this.latencySec;
  }

  get outputLatency() {
    return this.latencySec;
  }

  stamp() {
    const contextTime = this.localSec - this.epochSec - 0.005;
    return { contextTime, performanceTime: (this.epochSec + contextTime + this.noise()) * 1000 };
  }
}

function readFor(clock, context, fromSec, seconds) {
  let localSec = fromSec;
  for (; localSec < fromSec + seconds; localSec += 0.1) clock.read(context.at(localSec), localSec);
  return localSec;
}

function assertNear(actual, expected, withinSec, hint = '') {
  assert.ok(
    Math.abs(actual - expected) <= withinSec,
    `${actual} is not ${expected} +-${withinSec} ${hint}`,
  );
}

test('a stamp already contains the delay of the output, so nothing is subtracted', () => {
  const clock = new OutputClock();
  readFor(clock, new FakeContext(), 101, 1);
  assertNear(clock.epochSec, 100, 1e-6);
  assert.equal(clock.source, 'timestamp');
  assert.equal(clock.latencySec, 0.064);
});

test('single readings that are off by 8 ms do not move it', () => {
  for (const seed of seeds(10)) {
    const random = seeded(seed);
    const context = new FakeContext();
    context.noise = () => (random.chance(0.2) ? 0.008 : random.between(-0.0002, 0.0002));
    const clock = new OutputClock();
    readFor(clock, context, 101, 4);
    assertNear(clock.epochSec, 100, 0.0003, `JAM_SEED=${seed}`);
  }
});

test('a slow drift is followed', () => {
  const context = new FakeContext();
  const clock = new OutputClock();
  for (let localSec = 101; localSec < 131; localSec += 0.1) {
    context.epochSec = 100 + (localSec - 101) * 100e-6;
    clock.read(context.at(localSec), localSec);
  }
  assertNear(clock.epochSec, context.epochSec, 0.0003);
});

test('it is steady once the readings of some seconds agree, whatever single ones say', () => {
  for (const seed of seeds(10)) {
    const random = seeded(seed);
    const context = new FakeContext();
    context.noise = () => (random.chance(0.1) ? 0.008 : random.between(-0.0005, 0.0005));
    const clock = new OutputClock();
    const localSec = readFor(clock, context, 101, 5);
    assert.equal(clock.isSteady, false, `JAM_SEED=${seed}`);
    readFor(clock, context, localSec, 5);
    assert.equal(clock.isSteady, true, `JAM_SEED=${seed}`);
  }
});

test('it is not steady while the readings wander faster than any sound card drifts', () => {
  const context = new FakeContext();
  const clock = new OutputClock();
  let steady = 0;
  for (let localSec = 101; localSec < 113; localSec += 0.1) {
    context.epochSec = 100 + 0.005 * Math.sin((localSec - 101) / 2);
    clock.read(context.at(localSec), localSec);
    if (clock.isSteady) steady += 1;
  }
  assert.equal(steady, 0);
});

test('another loudspeaker with another delay counts after four readings', () => {
  const context = new FakeContext();
  const clock = new OutputClock();
  const localSec = readFor(clock, context, 101, 4);
  context.epochSec += 0.18;
  readFor(clock, context, localSec, 0.45);
  assertNear(clock.epochSec, 100.18, 1e-6);
});

test('readings from before a reset do not count after it', () => {
  const context = new FakeContext();
  const clock = new OutputClock();
  const localSec = readFor(clock, context, 101, 4);
  clock.reset();
  assert.equal(clock.ready, false);
  context.epochSec += 30;
  readFor(clock, context, localSec + 30, 0.15);
  assertNear(clock.epochSec, 130, 1e-6);
});

test('the first moments of a new output do not count', () => {
  const context = new FakeContext();
  const clock = new OutputClock();
  context.noise = () => 0.08;
  const localSec = readFor(clock, context, 100, 0.3);
  assert.equal(clock.ready, false);
  context.noise = () => 0;
  readFor(clock, context, localSec + 0.1, 0.25);
  assertNear(clock.epochSec, 100, 1e-6);
});

test('a context that does not run says nothing', () => {
  const context = new FakeContext();
  context.state = 'suspended';
  const clock = new OutputClock();
  readFor(clock, context, 101, 2);
  assert.equal(clock.ready, false);
  assert.ok(Number.isNaN(clock.epochSec));
});

test('a stamp from before the output stopped is not believed', () => {
  const context = new FakeContext();
  const stale = { contextTime: 0.5, performanceTime: 100_500 };
  context.getOutputTimestamp = () => stale;
  const clock = new OutputClock();
  readFor(clock, context, 130, 0.5);
  assert.equal(clock.ready, false);
});

for (const [name, context] of [
  ['has no getOutputTimestamp', new FakeContext({ hasStamp: false })],
  [
    'answers zeros',
    Object.assign(new FakeContext(), {
      getOutputTimestamp: () => ({ contextTime: 0, performanceTime: 0 }),
    }),
  ],
]) {
  test(`a browser that ${name} is taken at its currentTime and outputLatency`, () => {
    const clock = new OutputClock();
    readFor(clock, context, 101, 4);
    assert.equal(clock.source, 'latency');
    assertNear(clock.epochSec, 100, 1e-6);
  });
}

test('without any word of a delay there is none', () => {
  const context = new FakeContext({ hasStamp: false });
  context.latencySec = 0;
  const clock = new OutputClock();
  readFor(clock, context, 101, 4);
  assertNear(clock.epochSec, 100, 1e-6);
  assert.equal(clock.latencySec, null);
});
