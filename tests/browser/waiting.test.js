// Starting together: a new track waits for who still loads it, and not for long.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import {
  assertFits,
  browser,
  join,
  server,
  startServer,
  useRealParts,
  waitForPhase,
  waitForText,
} from './harness.js';
import { startProxy } from './proxy.js';
import { glide, wavFile } from './wav.js';

const RATE_HZ = 24_000;
/** The track takes far longer than anybody waits. */
const SLOW_BYTES_PER_SEC = 50_000;
const FAST_BYTES_PER_SEC = 1e9;

useRealParts();

let folder;
let proxy;
before(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'jam-waiting-'));
  const samples = glide({ rateHz: RATE_HZ, frames: 60 * RATE_HZ, fromFrame: 0 });
  writeFileSync(joinPath(folder, 'song.wav'), wavFile([samples], RATE_HZ));
});
after(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  await startServer({ args: ['--share', folder] });
  proxy = await startProxy(server.port);
});
afterEach(() => proxy.stop());

/** Ana hosts on a good line, Ben listens; both have joined. */
async function party() {
  const ana = await browser.open(`${server.url}/jam1`);
  await join(ana, { name: 'Ana', role: 'host' });
  const ben = await browser.open(`${proxy.url}/jam1`);
  await join(ben, { name: 'Ben', role: 'viewer' });
  await waitForText(ana, '#crowd', '2 listening');
  return { ana, ben };
}

const press = (page) => page.click('#play-button');

test('who is slow is waited for, both are told, and the host may start at once', async () => {
  const { ana, ben } = await party();
  proxy.setRate(SLOW_BYTES_PER_SEC);
  await press(ana);
  await waitForText(ana, '#status', 'Waiting for others: 1 of 2 ready');
  await waitForPhase(ben, 'loading');
  assert.equal(await ana.evaluate(() => window.jam.player.snapshot().state.status), 'PAUSE');
  assert.equal(await ben.$eval('#start-button', (button) => button.hidden), true);
  await assertFits(ana);
  await ana.click('#start-button');
  await waitForPhase(ana, 'playing');
  // Who was not ready joins late, by itself.
  proxy.setRate(FAST_BYTES_PER_SEC);
  await waitForPhase(ben, 'playing');
});

test('nobody stops the party by being slow', async () => {
  const { ana, ben } = await party();
  proxy.setRate(SLOW_BYTES_PER_SEC);
  await press(ana);
  await waitForText(ana, '#status', 's more');
  await waitForPhase(ana, 'playing');
  assert.equal(await ben.evaluate(() => document.body.dataset.phase), 'loading');
  assert.equal(await ana.$eval('#start-button', (button) => button.hidden), true);
});

test('a room in which all have it starts by itself', async () => {
  const { ana, ben } = await party();
  await press(ana);
  await Promise.all([waitForPhase(ana, 'playing'), waitForPhase(ben, 'playing')]);
});
