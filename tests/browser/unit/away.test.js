// Noticing that something was away: the page, its network, its loudspeaker.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { ClockProbes } from '../../../src/web/clock-probes.js';
import { outputName } from '../../../src/web/output-device.js';
import { SoundOutput } from '../../../src/web/sound-output.js';
import { watchWaking } from '../../../src/web/wake-watch.js';

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
});

// ---- probes ----

function probesAt(clock) {
  const sent = [];
  let silences = 0;
  const probes = new ClockProbes({
    clock: { addProbe: () => {}, endBurst: () => {}, reconnected: () => {} },
    send: (message) => sent.push(message),
    onSilence: () => (silences += 1),
    nowSec: () => clock.nowSec,
  });
  probes.start();
  return { probes, sent, silences: () => silences };
}

test('a page that was held up listens a moment longer, for the answer may be there already', () => {
  const clock = { nowSec: 100 };
  const { probes, sent, silences } = probesAt(clock);
  // Ten seconds in which nothing ran; then first of all the timers do.
  clock.nowSec = 110;
  mock.timers.tick(6000);
  assert.equal(silences(), 0);
  probes.answer({ t0: sent[0].t0, t1: 1, t2: 1 }, 110);
  mock.timers.tick(250);
  assert.equal(silences(), 0);
  // Without an answer it is silence after all.
  clock.nowSec = 130;
  mock.timers.tick(6000);
  assert.equal(silences(), 0);
  mock.timers.tick(250);
  assert.equal(silences(), 1);
});

test('a check ends with its answer, and later probes have their usual time', () => {
  const clock = { nowSec: 100 };
  const { probes, sent, silences } = probesAt(clock);
  clock.nowSec = 101;
  probes.check(800);
  clock.nowSec = 101.7;
  // An answer to what was asked before the check does not count.
  probes.answer({ t0: sent[0].t0, t1: 1, t2: 1 }, 101.7);
  probes.answer({ t0: sent[1].t0, t1: 1, t2: 1 }, 101.7);
  mock.timers.tick(20);
  assert.equal(sent.length, 3);
  mock.timers.tick(5900);
  assert.equal(silences(), 0);
  mock.timers.tick(100);
  assert.equal(silences(), 1);
});

test('a check that is under way is not begun anew, or it would never end', () => {
  const clock = { nowSec: 100 };
  const { probes, silences } = probesAt(clock);
  for (let asked = 0; asked < 4; asked += 1) {
    probes.check(800);
    mock.timers.tick(200);
  }
  assert.equal(silences(), 1);
});

test('sixteen on joining, then four every half second, and later every two', () => {
  const clock = { nowSec: 100 };
  const { probes, sent } = probesAt(clock);
  const gapsMs = [];
  for (let answered = 0; answered < 16 + 9 * 4; answered += 1) {
    const { length } = sent;
    probes.answer({ t0: clock.nowSec, t1: 1, t2: 1 }, clock.nowSec);
    let gapMs = 0;
    for (; sent.length === length; gapMs += 20) {
      clock.nowSec += 0.02;
      mock.timers.tick(20);
    }
    gapsMs.push(gapMs);
  }
  const longer = gapsMs.filter((gapMs) => gapMs > 20);
  assert.deepEqual(longer, [...Array(8).fill(500), 2000, 2000]);
  assert.equal(gapsMs.indexOf(500), 15);
});

// ---- sleep and sight ----

function watched() {
  const seen = { woken: 0, nowMs: 1e12 };
  const targets = { document: new EventTarget(), window: new EventTarget() };
  globalThis.document = Object.assign(targets.document, { hidden: false });
  globalThis.addEventListener = targets.window.addEventListener.bind(targets.window);
  watchWaking({ onWake: () => (seen.woken += 1), nowMs: () => seen.nowMs });
  return { seen, ...targets };
}

test('a gap between two looks is a sleep, and an even life is none', () => {
  const { seen } = watched();
  for (let look = 0; look < 10; look += 1) {
    seen.nowMs += 1000;
    mock.timers.tick(1000);
  }
  assert.equal(seen.woken, 0);
  seen.nowMs += 600_000;
  mock.timers.tick(1000);
  assert.equal(seen.woken, 1);
});

test('being seen again, thawed or on a network is waking; going away is not', () => {
  const { seen, document, window } = watched();
  document.hidden = true;
  document.dispatchEvent(new Event('visibilitychange'));
  assert.equal(seen.woken, 0);
  document.hidden = false;
  document.dispatchEvent(new Event('visibilitychange'));
  document.dispatchEvent(new Event('resume'));
  window.dispatchEvent(new Event('online'));
  assert.equal(seen.woken, 3);
  window.dispatchEvent(new Event('pageshow'));
  assert.equal(seen.woken, 3, 'the first time a page is shown');
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  assert.equal(seen.woken, 4);
});

// ---- loudspeakers ----

const devices = (...outputs) => ({
  enumerateDevices: async () => [
    { kind: 'audioinput', deviceId: 'default', groupId: 'g', label: 'Microphone' },
    ...outputs.map(([deviceId, groupId, label]) => ({
      kind: 'audiooutput',
      deviceId,
      groupId,
      label,
    })),
  ],
});

test('a loudspeaker has its own name, without the words for the default', async () => {
  const two = devices(
    ['default', 'g1', 'Default - Box'],
    ['1', 'g0', 'Built-in'],
    ['2', 'g1', 'Box'],
  );
  assert.equal(await outputName(two), 'Box');
  assert.equal(await outputName(devices(['7', 'g0', 'Built-in'])), 'Built-in');
  assert.equal((await outputName(devices(['7', 'g', 'x'.repeat(999)]))).length, 100);
});

test('where the browser does not tell there is no name', async () => {
  assert.equal(await outputName(undefined), '');
  assert.equal(await outputName(devices()), '');
  assert.equal(await outputName(devices(['', '', ''])), '');
  assert.equal(await outputName(devices(['1', 'a', 'Built-in'], ['2', 'b', 'Box'])), '');
  const refuses = { enumerateDevices: () => Promise.reject(new Error('no')) };
  assert.equal(await outputName(refuses), '');
});

// ---- an output that stands still ----

class FakeContext extends EventTarget {
  state = 'running';
  currentTime = 1;
  baseLatency = 0.01;
  asked = [];

  createGain() {
    return { gain: { value: 1 }, connect: (next) => next };
  }

  createAnalyser() {
    return this.createGain();
  }

  async suspend() {
    this.asked.push('suspend');
  }

  async resume() {
    this.asked.push('resume');
  }
}

test('a context that says it runs and stands still is stopped and started until it goes on', async () => {
  const context = new FakeContext();
  let changes = 0;
  const output = new SoundOutput({
    audioContextFactory: () => context,
    onChange: () => {
      changes += 1;
      output.nudge();
    },
  });
  output.open();
  const read = (count) => {
    for (let reading = 0; reading < count; reading += 1) output.read(100 + reading / 10);
  };
  read(20);
  assert.equal(output.isRunning, true);
  read(1);
  assert.equal(output.isRunning, false);
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(context.asked, ['suspend', 'resume']);
  read(20);
  assert.equal(changes, 2, 'once more, not with every reading');
  context.currentTime = 1.1;
  read(1);
  assert.equal(output.isRunning, true);
  assert.equal(changes, 3);
});

test('an output that was stopped on purpose does not stand still', () => {
  const context = new FakeContext();
  let changes = 0;
  const output = new SoundOutput({
    audioContextFactory: () => context,
    onChange: () => (changes += 1),
  });
  output.open();
  context.state = 'suspended';
  for (let reading = 0; reading < 50; reading += 1) output.read(100);
  assert.equal(changes, 0);
  assert.equal(output.isRunning, false);
});
