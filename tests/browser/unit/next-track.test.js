// Which track comes next, and what the host's page tells the room about its length.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DurationTeller } from '../../../src/web/duration-teller.js';
import { nextTrackId } from '../../../src/web/next-track.js';

const tracks = ['a', 'b', 'c'].map((track_id) => ({ track_id }));

test('the entry behind the current one is next; at the end, and from outside, nothing is', () => {
  assert.equal(nextTrackId(tracks, 'a'), 'b');
  assert.equal(nextTrackId(tracks, 'c'), null);
  assert.equal(nextTrackId(tracks, 'x'), null);
  assert.equal(nextTrackId(tracks, null), null);
  assert.equal(nextTrackId([], 'a'), null);
});

function teller({ isOpen = () => true } = {}) {
  const sent = [];
  const send = (message) => isOpen() && sent.push([message.track_id, message.duration_sec]) > 0;
  return { sent, teller: new DurationTeller({ send }) };
}

const found = (trackId, durationSec, isDecoded = true) => ({ trackId, durationSec, isDecoded });

test('a length is told once, if the room has none or one that is off by more than 1 ms', () => {
  const { sent, teller: one } = teller();
  const listed = [
    { track_id: 'unknown' },
    { track_id: 'off', duration_sec: 60 },
    { track_id: 'right', duration_sec: 60 },
  ];
  const durations = [
    found('unknown', 59.5),
    found('off', 60.0013),
    found('right', 60.0009),
    found('elsewhere', 10),
  ];
  one.update({ durations, tracks: listed });
  one.update({ durations, tracks: listed });
  assert.deepEqual(sent, [
    ['unknown', 59.5],
    ['off', 60.0013],
  ]);
});

test('what an element believes is told only if nobody knows better', () => {
  const { sent, teller: one } = teller();
  const durations = [found('a', 12.5, false), found('b', 12.5, false)];
  one.update({ durations, tracks: [{ track_id: 'a', duration_sec: 12 }, { track_id: 'b' }] });
  assert.deepEqual(sent, [['b', 12.5]]);
});

test('on a new connection it is told again, and what did not go out too', () => {
  let open = false;
  const { sent, teller: one } = teller({ isOpen: () => open });
  const news = { durations: [found('a', 5)], tracks: [{ track_id: 'a' }] };
  one.update(news);
  open = true;
  one.update(news);
  one.reset();
  one.update(news);
  assert.deepEqual(sent, [
    ['a', 5],
    ['a', 5],
  ]);
});
