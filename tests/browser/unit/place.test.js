// Where in its track a listener is: what is heard, else where the room is, and always a number.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from '../../../src/web/place.js';

const STATE = { track_id: 'a', status: 'PLAY', offset_sec: 10, timestamp: 100 };
const place = (changes, roomSec = 105) =>
  placeOf(
    { phase: 'playing', state: STATE, positionSec: 12, durationSec: 60, ...changes },
    roomSec,
  );

test('what is heard is where it is', () => {
  assert.equal(place({}), 12);
  assert.equal(place({ phase: 'paused' }), 12);
  assert.equal(place({ positionSec: 61 }), 60);
  assert.equal(place({ positionSec: -0.1 }), 0);
});

test('what is not heard is where the room is', () => {
  assert.equal(place({ phase: 'loading' }), 15);
  assert.equal(place({ positionSec: NaN }), 15);
  assert.equal(place({ phase: 'loading' }, 900), 60);
  assert.equal(place({ phase: 'loading' }, null), 10, 'nobody knows room time');
  assert.equal(place({ phase: 'loading', durationSec: null }, 900), 810);
});

test('without a track, or without sense, it is at its start', () => {
  assert.equal(place({ phase: 'idle', state: null, durationSec: null }), 0);
  assert.equal(place({ phase: 'loading', state: { ...STATE, offset_sec: NaN } }, null), 0);
});
