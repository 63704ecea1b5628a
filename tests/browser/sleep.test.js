// Whoever slept is back in sync without a click, whatever became of the connection and of the clock.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { server } from './harness.js';
import { assertBack, browser, listen, page, roomGoesOn, useListener } from './listener.js';

useListener();

test('after a sleep in which the server gave it up, the page joins anew and is in sync', async (context) => {
  await listen();
  browser.signal('SIGSTOP');
  await roomGoesOn(21);
  await nobodyIsThere();
  const sinceMs = Date.now();
  browser.signal('SIGCONT');
  await assertBack(sinceMs, context);
  await page.waitForFunction(() => window.joins > 0);
});

/** The server pings who is silent, and waits for an answer. */
async function nobodyIsThere() {
  const total = async () => (await (await fetch(`${server.url}/api/rooms/jam1`)).json()).total;
  while ((await total()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
}

test('a sleep during which the clock of the machine stood still', async (context) => {
  await listen();
  await page.evaluate(hideSleepFromClock);
  browser.signal('SIGSTOP');
  await roomGoesOn(5);
  const sinceMs = Date.now();
  browser.signal('SIGCONT');
  await page.waitForFunction(
    () => Math.abs(window.jam.clock.roomAt(performance.now() / 1000) - Date.now() / 1000) < 1,
  );
  const sleptMs = await page.evaluate(() => window.sleptMs);
  assert.ok(sleptMs > 4000, `${sleptMs}`);
  await assertBack(sinceMs - sleptMs, context);
});

/** Runs in the page: a time in which nobody asked for the time did not pass, as on many a machine that slept. */
function hideSleepFromClock() {
  const now = performance.now.bind(performance);
  const stamp = AudioContext.prototype.getOutputTimestamp;
  let lastMs = now();
  window.sleptMs = 0;
  performance.now = () => {
    const nowMs = now();
    if (nowMs - lastMs > 2000) window.sleptMs += nowMs - lastMs;
    lastMs = nowMs;
    return nowMs - window.sleptMs;
  };
  AudioContext.prototype.getOutputTimestamp = function () {
    const { contextTime, performanceTime } = stamp.call(this);
    return { contextTime, performanceTime: performanceTime - window.sleptMs };
  };
}
