// Slow and broken lines: what sounds goes on, and what is missing comes when it can.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { browser, join, server, startServer, useRealParts, waitUntil } from './harness.js';
import { startProxy } from './proxy.js';
import { glide, wavFile } from './wav.js';

const RATE_HZ = 24_000;
const TRACK_SEC = 60;
/** A track takes some seconds. */
const SLOW_BYTES_PER_SEC = 600_000;
const PART_BYTES = 300_000;
const POLL_MS = 20;

useRealParts();

let folder;
let proxy;
before(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'jam-bad-network-'));
  for (const [i, name] of ['1 first.wav', '2 second.wav'].entries()) {
    const samples = glide({ rateHz: RATE_HZ, frames: TRACK_SEC * RATE_HZ, fromFrame: i * 1e6 });
    writeFileSync(joinPath(folder, name), wavFile([samples], RATE_HZ));
  }
});
after(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  await startServer({ args: ['--share', folder] });
  proxy = await startProxy(server.port);
});
afterEach(() => proxy.stop());

const play = (page, track_id) =>
  page.evaluate(
    (track_id) => window.jam.socket.send({ type: 'PLAY', track_id, offset_sec: 0 }),
    track_id,
  );
const isPlaying = (page) => waitUntil(page, () => window.jam.player.snapshot().phase === 'playing');
const decodes = (page, id) =>
  waitUntil(page, (id) => window.jam.player.debug().decodedTracks.includes(id), id);

async function open(url, name, role) {
  const page = await browser.open(`${url}/jam1`);
  await join(page, { name, role });
  const ids = await page.evaluate(async () => {
    const { tracks } = await (await fetch('/api/rooms/jam1')).json();
    return tracks.map(({ track_id: id }) => id);
  });
  return { page, ids };
}

const requestsOf = (id) => proxy.requests.filter(({ path }) => path === `/tracks/${id}`);

/** Until a part of the track has come through. */
async function partHasPassed(id) {
  while (!requestsOf(id).some(({ passedBytes }) => passedBytes > PART_BYTES))
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

test('the next track is fetched on after the network was away, while the current one plays on', async () => {
  const { page, ids } = await open(proxy.url, 'Ana', 'host');
  proxy.setRate(SLOW_BYTES_PER_SEC);
  await play(page, ids[0]);
  await isPlaying(page);
  await page.evaluate(() => {
    window.phases = new Set();
    window.jam.player.addEventListener('change', () =>
      window.phases.add(window.jam.player.snapshot().phase),
    );
  });
  await partHasPassed(ids[1]);
  proxy.down();
  await page.waitForSelector('body[data-connection="reconnecting"]');
  proxy.up();
  await decodes(page, ids[1]);
  await isPlaying(page);
  const ranges = requestsOf(ids[1]).map(({ range }) => range);
  assert.equal(ranges[0], null);
  assert.match(ranges.at(-1), /^bytes=[1-9]\d*-$/);
  const phases = await page.evaluate(() => [...window.phases]);
  assert.ok(!phases.includes('loading') && !phases.includes('failed'), `${phases}`);
});

test('who has a slow line says how far it is, and joins when it has the track', async () => {
  const { page: host, ids } = await open(server.url, 'Ana', 'host');
  const { page: guest } = await open(proxy.url, 'Ben', 'viewer');
  proxy.setRate(SLOW_BYTES_PER_SEC);
  await play(host, ids[0]);
  await isPlaying(host);
  await waitUntil(guest, () => {
    const { phase, loaded } = window.jam.player.snapshot();
    return phase === 'loading' && loaded > 0.1 && loaded < 1;
  });
  await partHasPassed(ids[0]);
  proxy.down();
  await guest.waitForSelector('body[data-connection="reconnecting"]');
  await isPlaying(host);
  proxy.up();
  await isPlaying(guest);
  assert.match(requestsOf(ids[0]).at(-1).range, /^bytes=[1-9]\d*-$/);
  const [here, there] = await Promise.all(
    [host, guest].map((page) => page.evaluate(() => window.jam.player.snapshot().state)),
  );
  assert.deepEqual(here, there);
});
