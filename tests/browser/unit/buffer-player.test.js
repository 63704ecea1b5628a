// What BufferPlayer schedules for a given room state: starts, seeks, late joins, pauses,
// corrections.
//
// Local time, room time and context time all run at the same speed here; 0 s of the context is
// heard at local 100 s, which is 1000 s in the room. The context renders 64 ms before it is heard.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { BufferPlayer } from '../../../src/web/buffer-player.js';
import { FakeAudioContext } from './fake-audio.js';

const LATENCY_SEC = 0.064;
const DURATION_SEC = 60;

let context;
let clock;
let outputClock;
let player;

beforeEach(() => {
  context = new FakeAudioContext();
  clock = {
    ready: true,
    aheadSec: 0,
    roomAt: (local) => local + 900 + clock.aheadSec,
    localAt: (room) => room - 900 - clock.aheadSec,
  };
  outputClock = { ready: true, epochSec: 100, isSteady: true };
  player = new BufferPlayer({
    context,
    destination: {},
    buffer: { duration: DURATION_SEC },
    clock,
    outputClock,
  });
  moveTo(1);
});

// The moment at which context time `heardSec` is heard.
function moveTo(heardSec) {
  context.currentTime = heardSec + LATENCY_SEC;
}

const localSec = () => context.currentTime - LATENCY_SEC + outputClock.epochSec;
const state = (status, offset_sec, timestamp) => ({
  track_id: 't1',
  status,
  offset_sec,
  timestamp,
});

// Lets time pass with a tick every half second.
function run(seconds) {
  const endSec = context.currentTime + seconds;
  while (context.currentTime < endSec - 1e-9) {
    context.currentTime = Math.min(endSec, context.currentTime + 0.5);
    player.tick(localSec());
  }
}

function assertNear(actual, expected, within = 2e-5) {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`);
}

test('a start in the future is scheduled for exactly that moment', () => {
  player.follow(state('PLAY', 12.5, 1001.3));
  const [source] = context.live;
  assertNear(source.startSec, 1.3);
  assertNear(source.positionSec, 12.5);
  assert.equal(player.heardAt(localSec()), null);
  moveTo(2.3);
  assertNear(player.heardAt(localSec()), 13.5);
});

test('a late join begins soon, at the place where the room then is', () => {
  player.follow(state('PLAY', 0, 981));
  const [source] = context.live;
  assert.ok(source.startSec > context.currentTime && source.startSec < context.currentTime + 0.1);
  assertNear(source.positionSec, source.startSec + 19);
});

test('starts lie on whole frames, so that no browser has to interpolate', () => {
  for (const timestamp of [1001.3000001, 1001.31234567, 990.0001234]) {
    player.follow(state('PLAY', 1 / 3, timestamp));
    const { startSec, positionSec } = context.live[context.live.length - 1];
    for (const sec of [startSec, positionSec])
      assertNear(sec * 48000, Math.round(sec * 48000), 1e-6);
  }
});

test('the same state again changes nothing', () => {
  const playing = state('PLAY', 0, 1001.3);
  player.follow(playing);
  player.follow({ ...playing });
  moveTo(5);
  player.follow({ ...playing });
  run(5);
  assert.equal(context.sources.length, 1);
});

test('the same music under another name changes nothing either', () => {
  player.follow(state('PLAY', 0, 1001.3));
  moveTo(11.3);
  player.follow(state('PLAY', 10.2, 1011.5));
  run(5);
  assert.equal(context.sources.length, 1);
  assert.equal(player.counts.bends, 0);
});

test('a seek lets the old place sound until the new one begins, and then crossfades', () => {
  player.follow(state('PLAY', 0, 1001.3));
  moveTo(10);
  player.follow(state('PLAY', 40, 1010.4));
  const [before, after] = context.live;
  assertNear(after.startSec, 10.4);
  assertNear(after.positionSec, 40);
  assertNear(before.stopSec, 10.415);
});

test('a second seek before the first has begun replaces it', () => {
  player.follow(state('PLAY', 0, 1001.3));
  moveTo(10);
  player.follow(state('PLAY', 40, 1010.4));
  player.follow(state('PLAY', 20, 1010.6));
  const [before, after] = context.live;
  assert.equal(context.live.length, 2);
  assertNear(before.stopSec, 10.615);
  assertNear(after.positionSec, 20);
});

test('pause fades out at once and takes away what was scheduled', () => {
  player.follow(state('PLAY', 0, 1001.3));
  moveTo(10);
  player.follow(state('PLAY', 40, 1010.4));
  player.follow(state('PAUSE', 40, 1010));
  assert.equal(context.live.length, 1);
  assert.ok(context.live[0].stopSec < context.currentTime + 0.03);
  run(5);
  assert.equal(context.live.length, 0);
});

test('play after pause starts where it was told to', () => {
  player.follow(state('PLAY', 0, 1001.3));
  moveTo(10);
  player.follow(state('PAUSE', 8.7, 1010));
  moveTo(20);
  player.follow(state('PLAY', 8.7, 1020.25));
  const [source] = context.live;
  assertNear(source.startSec, 20.25);
  assertNear(source.positionSec, 8.7);
});

test('past the end of the track nothing is started', () => {
  player.follow(state('PLAY', 0, 900));
  run(3);
  assert.equal(context.sources.length, 0);
});

test('without a room clock or an output it waits, and starts when both are there', () => {
  clock.ready = false;
  player.follow(state('PLAY', 0, 990));
  run(1);
  assert.equal(context.sources.length, 0);
  clock.ready = true;
  run(0.5);
  assert.equal(context.live.length, 1);
});

test('a start still to come is placed again when the clock has learnt better', () => {
  player.follow(state('PLAY', 0, 1002));
  clock.aheadSec = 0.003;
  run(0.5);
  assert.equal(context.live.length, 1);
  assertNear(context.live[0].positionSec, 0.003, 1e-4);
});

test('an error of 20 ms is bent away and stays away', () => {
  player.follow(state('PLAY', 0, 1001.3));
  moveTo(5);
  clock.aheadSec = 0.02; // the room is 20 ms further than was thought
  run(0.5);
  assertNear(player.errorSec, -0.02, 1e-4);
  run(12);
  assertNear(player.errorSec, 0, 3e-5);
  assert.deepEqual(player.counts, { bends: 1, jumps: 0, starts: 1 });
  const { events } = context.live[0].playbackRate;
  assert.equal(events.length, 2);
  assert.ok(events[0].value > 1 && events[0].value < 1.00201);
  assert.equal(events[1].value, 1);
});

test('an error of half a second is jumped, at the second measurement', () => {
  player.follow(state('PLAY', 0, 1001.3));
  moveTo(5);
  clock.aheadSec = 0.5;
  run(0.5);
  assert.equal(player.counts.jumps, 0);
  run(1.5);
  assert.equal(player.counts.jumps, 1);
  assertNear(player.errorSec, 0);
});

test('one measurement that is far off is forgiven', () => {
  player.follow(state('PLAY', 0, 1001.3));
  moveTo(5);
  outputClock.epochSec += 0.3;
  run(0.5);
  outputClock.epochSec -= 0.3;
  run(2);
  assert.deepEqual(player.counts, { bends: 0, jumps: 0, starts: 1 });
});

test('after an interruption of the output 13 ms are jumped at once', () => {
  player.follow(state('PLAY', 0, 1001.3));
  moveTo(5);
  player.resync();
  outputClock.epochSec += 0.013;
  run(1);
  assert.equal(player.counts.jumps, 1);
  assertNear(player.errorSec, 0);
});

test('when another track takes over, this one sounds until then', () => {
  player.follow(state('PLAY', 0, 1001.3));
  moveTo(10);
  player.leave(110.4);
  assertNear(context.live[0].stopSec, 10.415);
});

test('seeking like mad keeps the number of sources bounded', () => {
  for (let i = 0; i < 200; i += 1) {
    player.follow(state('PLAY', (i * 7) % 50, 1000));
    context.currentTime += 0.1;
  }
  assert.ok(context.live.length <= 6, `${context.live.length} sources`);
});

// A track before `player`'s, 4 s long, that the room lets begin at context time 1.3 s.
function before({ aheadSec = 0 } = {}) {
  const first = new BufferPlayer({
    context,
    destination: {},
    buffer: { duration: 4 },
    clock,
    outputClock,
  });
  first.follow(state('PLAY', 0, 1001.3 + aheadSec));
  moveTo(4.5);
  return first;
}

const after = (joinSec) =>
  new BufferPlayer({
    context,
    destination: {},
    buffer: { duration: DURATION_SEC },
    clock,
    outputClock,
    joinSec,
  });

const fadesIn = (source) => source.next.gain.events.length > 0;

test('at its end a track is played to its last frame, and the next begins with the frame after it', () => {
  for (const lateSec of [0, 0.003, -0.003, 0.0199]) {
    context.sources = [];
    moveTo(1);
    const first = before({ aheadSec: lateSec });
    const joinSec = first.leave(105.3);
    assertNear(joinSec * 48000, Math.round((5.3 + lateSec) * 48000), 1e-6);
    const next = after(joinSec);
    next.follow(state('PLAY', 0, 1005.3));
    const [old, fresh] = context.sources;
    assert.equal(old.stopSec, Infinity, 'it is not cut');
    assert.equal(fresh.startSec, joinSec);
    assert.equal(fresh.positionSec, 0);
    assert.equal(fadesIn(fresh), false);
    assertNear(first.heardAt(105.29 + lateSec), 3.99);
    assert.equal(first.heardAt(105.301 + lateSec), null);
    next.tick(localSec());
    assert.equal(context.sources.length, 2, 'a joined start is not placed again for a few ms');
  }
});

test('what the track before was late at the join, the next one bends away', () => {
  const first = before({ aheadSec: 0.003 });
  player = after(first.leave(105.3));
  player.follow(state('PLAY', 0, 1005.3));
  moveTo(6);
  run(0.5);
  assertNear(player.errorSec, -0.003, 1e-4);
  run(12);
  assertNear(player.errorSec, 0, 1e-4);
  assert.deepEqual(player.counts, { bends: 1, jumps: 0, starts: 1 });
});

test('a bend that is under way at the end is reckoned with', () => {
  const first = before();
  clock.aheadSec = 0.015;
  first.tick(localSec());
  const [{ playbackRate }] = context.sources;
  assert.equal(first.counts.bends, 1);
  const joinSec = first.leave(105.285);
  // 3.2 s are left at the earliest, of which the bend takes 0.74 s by 0.2 %.
  const bentSec = 5.3 - playbackRate.events[0].atSec - 128 / 96000;
  assertNear(joinSec, 5.3 - bentSec * (1 - 1 / playbackRate.events[0].value), 4e-5);
});

test('cut in the middle, a track fades out and the next one fades in', () => {
  const first = before();
  moveTo(3);
  assert.equal(first.leave(103.4), null);
  const next = after(null);
  next.follow(state('PLAY', 0, 1003.4));
  const [old, fresh] = context.sources;
  assertNear(old.stopSec, 3.415);
  assertNear(fresh.startSec, 3.4);
  assert.equal(fadesIn(fresh), true);
});

test('a track that ends long before the next begins leaves a silence, and no fade', () => {
  const first = before();
  assert.equal(first.leave(105.4), null);
  assert.equal(context.sources[0].stopSec, Infinity);
});

test('when the join has passed before the next track is there, that one begins where the room is', () => {
  const first = before();
  const joinSec = first.leave(105.3);
  moveTo(5.28);
  after(joinSec).follow(state('PLAY', 0, 1005.3));
  const fresh = context.sources[1];
  assert.ok(fresh.startSec > context.currentTime + 0.05);
  assertNear(fresh.positionSec, fresh.startSec - 5.3);
});

test('a takeover that is put off in time lets the track sound on', () => {
  const first = before();
  moveTo(3);
  first.leave(103.4);
  first.leave(103.9);
  assertNear(context.sources[0].stopSec, 3.915);
  first.leave(NaN);
  assert.ok(context.sources[0].stopSec < context.currentTime + 0.03);
});
