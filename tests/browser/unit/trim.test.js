// Playing earlier: the trim's bounds, its clock, and what is told of the position meanwhile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { positionOf } from '../../../src/web/phase.js';
import { TrimmedClock, cleanTrim } from '../../../src/web/trim.js';

/** Room time is local time and 900 s. */
function roomClock() {
  return {
    ready: true,
    aheadSec: 900,
    roomAt(local) {
      return local + this.aheadSec;
    },
    localAt(room) {
      return room - this.aheadSec;
    },
  };
}

function near(actual, expected) {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
}

test('a trim is a whole number of ms between -500 and 500', () => {
  assert.deepEqual(
    [180.4, -180.6, 501, -1e9, '20', NaN, 'x', undefined, Infinity].map(cleanTrim),
    [180, -181, 500, -500, 20, 0, 0, 0, 0],
  );
  assert.equal(Object.is(cleanTrim(-0.2), 0), true);
});

test('with a trim everything is due so much earlier, and back', () => {
  const clock = new TrimmedClock(roomClock());
  near(clock.localAt(1000), 100);
  clock.trimSec = 0.18;
  near(clock.localAt(1000), 99.82);
  near(clock.roomAt(99.82), 1000);
  near(clock.roomAt(clock.localAt(1234.5)), 1234.5);
});

test('a step of the room clock is told once, a trim is none, and neither is learning', () => {
  const room = roomClock();
  const clock = new TrimmedClock(room);
  assert.equal(clock.hasStepped(100), false);
  clock.trimSec = 0.3;
  assert.equal(clock.hasStepped(100.1), false);
  room.aheadSec += 0.004;
  assert.equal(clock.hasStepped(100.2), false);
  room.aheadSec += 600;
  assert.equal(clock.hasStepped(100.3), true);
  assert.equal(clock.hasStepped(100.4), false);
});

test('a clock that is not ready has not stepped, nor when it becomes ready', () => {
  const room = roomClock();
  const clock = new TrimmedClock(room);
  room.aheadSec = NaN;
  assert.equal(clock.hasStepped(100), false);
  room.aheadSec = 900;
  assert.equal(clock.hasStepped(100.1), false);
});

test('the position is what the ear hears, with or without a trim', () => {
  const clock = new TrimmedClock(roomClock());
  const state = { status: 'PLAY', offset_sec: 0, timestamp: 1000 };
  for (const trimSec of [0, 0.2, -0.3]) {
    clock.trimSec = trimSec;
    const playsWhatIsDue = { durationSec: 60, heardAt: (sec) => clock.roomAt(sec) - 1000 };
    for (const phase of ['playing', 'loading'])
      near(positionOf({ state, deck: playsWhatIsDue, phase, clock, localSec: 110 }), 10);
  }
  assert.equal(positionOf({ state, deck: null, phase: 'ready', clock, localSec: 99 }), 0);
});
