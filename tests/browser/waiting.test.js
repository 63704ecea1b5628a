// Starting together: a new track waits for who still loads it, and not for long.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import {
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

/**
 * In the page: keeps what the status line says and what is offered with it, for it says so for three seconds and a busy
 * machine may look later. `takes`: presses Start as soon as one of two is ready.
 */
function watchTheWait(takes) {
  window.waits = [];
  const button = document.querySelector('#start-button');
  const look = () => {
    const status = document.querySelector('#status').textContent;
    if (!status.startsWith('Waiting for others')) return;
    window.waits.push({
      status,
      room: window.jam.player.snapshot().state.status,
      offered: !button.hidden,
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    });
    if (!takes || button.hidden || !status.includes('1 of 2 ready')) return;
    takes = false;
    button.click();
  };
  const options = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver(look).observe(document.querySelector('#party'), options);
}

const waits = (page) => page.evaluate(() => window.waits);

test('who is slow is waited for, both are told, and the host may start at once', async () => {
  const { ana, ben } = await party();
  await ana.evaluate(watchTheWait, true);
  await ben.evaluate(watchTheWait, false);
  proxy.setRate(SLOW_BYTES_PER_SEC);
  await press(ana);
  await waitForPhase(ben, 'loading');
  await waitForPhase(ana, 'playing');
  const seen = await waits(ana);
  const half = seen.find(({ status }) => status.includes('1 of 2 ready'));
  assert.deepEqual([half?.room, half?.offered], ['PAUSE', true]);
  assert.ok(seen.every(({ overflow }) => overflow <= 0));
  const plays = await ana.evaluate(() => {
    const entries = window.jam.socket.log.entries({ withFrequent: false });
    return entries.filter(({ direction, type }) => direction === 'out' && type === 'PLAY').length;
  });
  assert.equal(plays, 2, 'the start, and that it is to be now');
  // Who was not ready joins late, by itself.
  proxy.setRate(FAST_BYTES_PER_SEC);
  await waitForPhase(ben, 'playing');
  assert.ok((await waits(ben)).every(({ offered }) => !offered));
});

/** In the page: goes five seconds on as soon as the room waits. */
function seekInTheWait() {
  const observer = new MutationObserver(() => {
    if (!document.querySelector('#status').textContent.startsWith('Waiting for others')) return;
    observer.disconnect();
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
  });
  const options = { subtree: true, childList: true, characterData: true };
  observer.observe(document.querySelector('#party'), options);
}

test('seeking while the room waits moves the start', async () => {
  const { ana } = await party();
  await ana.evaluate(seekInTheWait);
  proxy.setRate(SLOW_BYTES_PER_SEC);
  await press(ana);
  await waitForPhase(ana, 'playing');
  const { said, state } = await ana.evaluate(() => ({
    said: window.jam.socket.log
      .entries({ withFrequent: false })
      .filter(({ direction, type }) => direction === 'out' && ['PLAY', 'PAUSE'].includes(type))
      .map(({ type }) => type),
    state: window.jam.player.snapshot().state,
  }));
  assert.deepEqual(said.toSorted(), ['PAUSE', 'PLAY']);
  assert.deepEqual([state.status, state.offset_sec], ['PLAY', 5]);
});

test('nobody stops the party by being slow', async () => {
  const { ana, ben } = await party();
  await ana.evaluate(watchTheWait, false);
  proxy.setRate(SLOW_BYTES_PER_SEC);
  await press(ana);
  await waitForPhase(ana, 'playing');
  assert.ok((await waits(ana)).some(({ status }) => status.endsWith('s more')));
  assert.equal(await ben.evaluate(() => document.body.dataset.phase), 'loading');
  assert.equal(await ana.$eval('#start-button', (button) => button.hidden), true);
});

test('a room in which all have it starts by itself', async () => {
  const { ana, ben } = await party();
  await press(ana);
  await Promise.all([waitForPhase(ana, 'playing'), waitForPhase(ben, 'playing')]);
});
