// One listener whose page may be held up, put to sleep or cut off, and a recording that says when it is back.
//
// What is back is decided by the recording: every frame that the page renders is compared with the track, at the
// place where the room's clock wants it. How long it took is said and not asserted, for these machines may be busy:
// the promise is 2 s.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, afterEach, before, beforeEach } from 'node:test';
import { startBareBrowser } from './bare-browser.js';
import { WATCHDOG_MS, server, startServer } from './harness.js';
import { startProxy } from './proxy.js';
import { startTape } from './tape.js';
import { noise, wavFile } from './wav.js';

const RATE_HZ = 48_000;
const TRACK_SEC = 200;
/** What two loudspeakers in one room may be apart. */
const IN_SYNC_SEC = 0.02;
/** Looking takes time from the page that is looked at. */
const LOOK_EVERY_MS = 300;

/** Those of the current test. */
export let browser;
export let proxy;
export let page;

/** For the top of a test file: a server, a browser and a network between them for each test. */
export function useListener() {
  let folder;
  before(() => {
    folder = mkdtempSync(joinPath(tmpdir(), 'jam-coming-back-'));
    const samples = noise({ rateHz: RATE_HZ, frames: TRACK_SEC * RATE_HZ });
    writeFileSync(joinPath(folder, 'noise.wav'), wavFile([samples], RATE_HZ));
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    await startServer({ args: ['--share', folder] });
    proxy = await startProxy(server.port);
    browser = await startBareBrowser();
  });
  afterEach(async () => {
    await browser.close();
    proxy.stop();
    await server.stop();
  });
}

/** Somebody, alone, who hears the track with the tape running. */
export async function listen() {
  page = await browser.open(`${proxy.url}/jam1`);
  await page.join('Ana', 'host');
  await page.waitForFunction(() => document.body.dataset.connection === 'open');
  await page.evaluate(async () => {
    window.joins = 0;
    window.jam.socket.addEventListener('message', ({ detail }) => {
      if (detail.type === 'PEER') window.joins += 1;
    });
    const { tracks } = await (await fetch('/api/rooms/jam1')).json();
    const track_id = tracks[0].track_id;
    window.jam.socket.send({ type: 'PLAY', track_id, offset_sec: 0 });
  });
  await page.waitForFunction(() => window.jam.player.snapshot().phase === 'playing');
  await startTape(page);
  await page.evaluate(rememberTrack);
  await assertBack(Date.now());
}

/** Runs in the page: the track as it is rendered. */
async function rememberTrack() {
  const { context } = window.jam.player.debug();
  const { trackId } = window.jam.player.snapshot();
  const bytes = await (await fetch(`/tracks/${trackId}`)).arrayBuffer();
  window.track = (await context.decodeAudioData(bytes)).getChannelData(0);
}

/**
 * Waits until the last second of the tape is where the room is. Returns how long after `sinceMs` (Unix time) the
 * last sound that was not came out of the loudspeaker.
 */
async function backAfterMs(sinceMs) {
  const endMs = performance.now() + WATCHDOG_MS;
  for (;;) {
    const judged = await page.evaluate(judgeTape, { sinceMs, inSyncSec: IN_SYNC_SEC });
    if (judged.isBack) return judged;
    assert.ok(performance.now() < endMs, `not back: ${JSON.stringify(judged)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Waits until all that is heard is in sync, and says how long that took from `sinceMs`. */
export async function assertBack(sinceMs, context = null, what = '') {
  const { backMs, errorSec } = await backAfterMs(sinceMs);
  const said = `back after ${Math.round(backMs)} ms, ${(errorSec * 1000).toFixed(2)} ms off`;
  context?.diagnostic(`${what}${said}`);
}

/** Runs in the page: looks at the tape in windows of 50 ms, from the last one back to `sinceMs`. */
async function judgeTape({ sinceMs, inSyncSec }) {
  const { jam, tape, track } = window;
  const { context, mapping } = jam.player.debug();
  const { state } = jam.player.snapshot();
  const rate = context.sampleRate;
  const width = Math.round(0.05 * rate);
  const within = Math.round(inSyncSec * rate);
  const localOf = (frame) => mapping.epochSec + frame / rate;
  const fromFrame = ((sinceMs - performance.timeOrigin) / 1000 - mapping.epochSec) * rate;
  const newest = tape.at(-1);
  const endFrame = newest.frame + newest.samples.length;

  const windowAt = (frame) => {
    const samples = new Float32Array(width);
    for (const { frame: at, samples: chunk } of tape) {
      if (at + chunk.length <= frame || at >= frame + width) continue;
      const first = Math.max(frame, at);
      const last = Math.min(frame + width, at + chunk.length);
      samples.set(chunk.subarray(first - at, last - at), first - frame);
    }
    return samples;
  };
  const likeness = (samples, start, step) => {
    let [cross, own, other] = [0, 0, 0];
    for (let i = 0; i < width; i += step) {
      const y = track[start + i] ?? 0;
      cross += samples[i] * y;
      own += samples[i] ** 2;
      other += y ** 2;
    }
    return cross / Math.sqrt(own * other || 1);
  };
  /** Seconds ahead of the room, or null when it is not within `inSyncSec`. */
  const errorAt = (frame) => {
    const samples = windowAt(frame);
    const roomSec = jam.clock.roomAt(localOf(frame));
    const wanted = Math.round((state.offset_sec + roomSec - state.timestamp) * rate);
    // Usually it is right in the middle, and looking further would only keep the page from its work.
    for (const reach of [Math.round(within / 20), within]) {
      let best = { shift: 0, likeness: 0 };
      for (let shift = -reach; shift <= reach; shift += 2) {
        const found = likeness(samples, wanted + shift, 8);
        if (found > best.likeness) best = { shift, likeness: found };
      }
      if (best.likeness > 0.8) return best.shift / rate;
    }
    return null;
  };
  let frame = endFrame - width;
  let errorSec = null;
  for (; frame > fromFrame; frame -= width) {
    const found = errorAt(frame);
    if (found === null) break;
    errorSec ??= found;
  }
  const goodSec = (endFrame - frame - width) / rate;
  const backMs = performance.timeOrigin + localOf(frame + width) * 1000 - sinceMs;
  const { phase, errorMs } = jam.player.snapshot();
  const seen = { phase, errorMs, state: context.state, ...jam.player.debug().counts };
  return { seen, isBack: goodSec >= 1, goodSec, backMs: frame > fromFrame ? backMs : 0, errorSec };
}

export const counts = () => page.evaluate(() => window.jam.player.debug().counts);
/** How often it has joined anew since `listen`. */
export const joins = () => page.evaluate(() => window.joins);

/** Until the room's own time has gone on by so much; the page is not asked. */
export async function roomGoesOn(seconds) {
  const now = async () => (await (await fetch(`${server.url}/api/rooms/jam1`)).json()).server_time;
  const endSec = (await now()) + seconds;
  while ((await now()) < endSec) await new Promise((resolve) => setTimeout(resolve, 50));
}
