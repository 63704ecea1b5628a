// When an <audio> element is told to play, to seek and to be quiet.
//
// The element is a fake and so are its timers: local time is moved by the test, the room is 900 s ahead.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { ElementPair } from '../../../src/web/element-pair.js';
import { ElementPlayer } from '../../../src/web/element-player.js';

const DURATION_SEC = 1800;
const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };

let localSec;
let timers;
let element;

class FakeElement extends EventTarget {
  duration = DURATION_SEC;
  buffered = { length: 0 };
  paused = true;
  seeking = false;
  ended = false;
  readyState = 4;
  playbackRate = 1;
  seeks = [];
  #positionSec = 0;

  get currentTime() {
    return this.#positionSec + (this.paused ? 0 : localSec - this.playedAtSec);
  }

  set currentTime(positionSec) {
    this.seeks.push(positionSec);
    this.#positionSec = positionSec;
  }

  async play() {
    this.paused = false;
    this.playedAtSec = localSec;
  }

  pause() {
    this.#positionSec = this.currentTime;
    this.paused = true;
  }

  load() {}

  removeAttribute() {
    this.src = undefined;
  }
}

beforeEach(() => {
  localSec = 100;
  timers = [];
  element = new FakeElement();
  globalThis.setTimeout = (run, ms) => {
    timers.push({ run, atSec: localSec + ms / 1000 });
    return timers[timers.length - 1];
  };
  globalThis.clearTimeout = (timer) => (timers = timers.filter((one) => one !== timer));
  globalThis.Audio = FakeElement;
});

afterEach(() => {
  Object.assign(globalThis, real);
  delete globalThis.Audio;
});

const clock = { ready: true, roomAt: (local) => local + 900, localAt: (room) => room - 900 };
const options = () => ({ url: '/tracks/t1', clock, nowSec: () => localSec });
const playing = (offset_sec, timestamp) => ({ status: 'PLAY', offset_sec, timestamp });

function moveTo(sec) {
  for (;;) {
    const [next] = timers.filter(({ atSec }) => atSec <= sec).sort((a, b) => a.atSec - b.atSec);
    if (!next) break;
    timers = timers.filter((one) => one !== next);
    localSec = next.atSec;
    next.run();
  }
  localSec = sec;
}

test('an element that is ready at its first sample only has to play', () => {
  const player = new ElementPlayer({ ...options(), element });
  player.follow(playing(0, 1000.3));
  assert.deepEqual(element.seeks, []);
  moveTo(100.2);
  assert.equal(element.paused, true);
  assert.equal(player.heardAt(localSec), null);
  moveTo(100.26);
  assert.equal(element.paused, false);
  assert.equal(player.heardAt(localSec), null, 'play() comes before the sound');
  moveTo(100.31);
  assert.notEqual(player.heardAt(localSec), null);
});

test('who comes late seeks ahead and begins there', () => {
  const player = new ElementPlayer({ ...options(), element });
  player.follow(playing(0, 500));
  assert.deepEqual(element.seeks, [500.5]);
  moveTo(100.5);
  assert.equal(element.paused, false);
});

test('what is off by 200 ms is bent, but sought after an interruption or with another trim', () => {
  for (const isInterrupted of [false, true]) {
    let aheadSec = 900;
    const moving = { ...clock, roomAt: (local) => local + aheadSec };
    element = new FakeElement();
    const player = new ElementPlayer({ ...options(), clock: moving, element });
    player.follow(playing(localSec + 800, 900 + localSec + 0.6));
    const run = (seconds) => {
      for (const endSec = localSec + seconds; localSec < endSec;) {
        moveTo(localSec + 0.1);
        player.tick(localSec);
      }
    };
    run(12);
    const seeks = element.seeks.length;
    aheadSec += 0.2;
    if (isInterrupted) player.resync();
    run(4);
    assert.equal(element.seeks.length - seeks, isInterrupted ? 1 : 0);
    player.close();
  }
});

test('the same said again lets it play on, however late a look at it may be', () => {
  const player = new ElementPlayer({ ...options(), element });
  const state = playing(10, 1000.6);
  player.follow(state);
  moveTo(102);
  const seeks = element.seeks.length;
  element.playedAtSec += 0.5;
  player.follow({ ...state });
  assert.equal(element.paused, false);
  assert.equal(element.seeks.length, seeks);
  player.follow(playing(40, 1002.6));
  assert.equal(element.seeks.length, seeks + 1, 'and what is new is followed');
});

test('the same said again while it bends lets it bend on', () => {
  let aheadSec = 900;
  const moving = { ...clock, roomAt: (local) => local + aheadSec };
  const player = new ElementPlayer({ ...options(), clock: moving, element });
  const state = playing(10, 1000.6);
  player.follow(state);
  const run = (seconds) => {
    for (const endSec = localSec + seconds; localSec < endSec;) {
      moveTo(localSec + 0.1);
      player.tick(localSec);
    }
  };
  run(12);
  aheadSec += 0.2;
  run(2);
  const { playbackRate } = element;
  assert.notEqual(playbackRate, 1);
  const seeks = element.seeks.length;
  player.follow({ ...state });
  assert.equal(element.paused, false);
  assert.equal(element.seeks.length, seeks);
  assert.equal(element.playbackRate, playbackRate);
});

test('another track lets it sound until then, and not longer', () => {
  const player = new ElementPlayer({ ...options(), element });
  player.follow(playing(10, 1000.6));
  moveTo(102);
  player.leave(102.5);
  moveTo(102.49);
  assert.equal(element.paused, false);
  moveTo(102.5);
  assert.equal(element.paused, true);
  assert.equal(player.isClosed, true);
});

test('at its own end it gets a moment more, for a browser is never quite on time', () => {
  const player = new ElementPlayer({ ...options(), element });
  player.follow(playing(DURATION_SEC - 2, 1000.6));
  moveTo(102);
  player.leave(102.56);
  moveTo(102.6);
  assert.equal(element.paused, false);
  moveTo(102.62);
  assert.equal(element.paused, true);
});

test('left without a moment it is quiet at once', () => {
  const player = new ElementPlayer({ ...options(), element });
  player.follow(playing(10, 1000.6));
  moveTo(102);
  player.leave(NaN);
  assert.equal(element.paused, true);
});

test('of two elements one sounds while the other gets ready; a third track takes the older', () => {
  const pair = new ElementPair();
  pair.setVolume(0.25);
  pair.create();
  const [first, second] = [pair.open(options()), pair.open(options())];
  assert.notEqual(first.element, second.element);
  assert.equal(second.element.volume, 0.25);
  const third = pair.open(options());
  assert.equal(first.isClosed, true);
  assert.equal(third.element, first.element);
  second.close();
  assert.equal(pair.open(options()).element, second.element);
  assert.equal(pair.newest, second.element);
});
