// Two windows, real sound: start, seek, pause, late join, and what follows a lost server.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startAgainInTime } from './apart.js';
import {
  WATCHDOG_MS,
  choose,
  join,
  room,
  server,
  startServer,
  useRealParts,
  waitForPhase,
  waitUntil,
} from './harness.js';
import { heardPositions } from './heard.js';

/** What two loudspeakers in one room may differ without an echo; how exact it really is, is measured elsewhere with recorded sound. */
const SKEW_SEC_MAX = 0.02;
/** Beside the machine's own clock, which is also the server's. */
const ROOM_ERROR_SEC_MAX = 0.06;
/** From the second look on the track starts again as often as it has to. */
const TOGETHER_WITHIN_MS = 2 * WATCHDOG_MS;

useRealParts();

async function party() {
  await startServer();
  const host = await room();
  const guest = await room();
  await join(host, { name: 'Ana', role: 'host' });
  await join(guest, { name: 'Ben', role: 'viewer' });
  return { host, guest };
}

const roomState = (page) =>
  page.evaluate(async () => (await (await fetch('/api/rooms/jam1')).json()).state);

/**
 * Waits until both pages play the same real sound at the same time, and where the room says. On a busy
 * machine a browser may start late, and needs some seconds to find its own place.
 */
async function assertTogether(pages) {
  const endMs = performance.now() + TOGETHER_WITHIN_MS;
  for (;;) {
    const complaint = await whatIsApart(pages);
    if (complaint === null) return;
    assert.ok(performance.now() < endMs, complaint);
    await startAgainInTime(...pages);
  }
}

/** In words, or null when they are together. */
async function whatIsApart(pages) {
  const state = await roomState(pages[0]);
  const heard = await heardPositions(pages, state.track_id);
  for (const { positionSec, atMs, loudness, likeness } of heard) {
    if (loudness < 0.001) return `silence: ${loudness}`;
    if (likeness < 0.7) return `not the track: ${likeness}`;
    const errorSec = positionSec - (state.offset_sec + atMs / 1000 - state.timestamp);
    if (Math.abs(errorSec) > ROOM_ERROR_SEC_MAX) return `off the room by ${errorSec} s`;
  }
  const skewSec = heard[0].positionSec - heard[1].positionSec;
  return Math.abs(skewSec) > SKEW_SEC_MAX ? `apart by ${skewSec} s` : null;
}

async function assertSilent(page) {
  await waitUntil(page, () => {
    const { analyser } = window.jam.player.debug();
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    return samples.every((value) => Math.abs(value) < 1e-4);
  });
}

/** Until the page says so: the sound was corrected to what it calls in sync. */
async function inSync(page) {
  await waitForPhase(page, 'playing');
  await waitUntil(page, () => Math.abs(window.jam.player.snapshot().errorMs ?? 1000) < 10);
}

describe('two windows', () => {
  test('start together, seek together, fall silent together', async () => {
    const { host, guest } = await party();
    await choose(host, 'prelude60');
    await Promise.all([inSync(host), inSync(guest)]);
    await assertTogether([host, guest]);

    // Far from the end, which must not come while a busy machine still looks.
    await host.fill('#seek', '10');
    await waitUntil(guest, () => {
      const { offset_sec: offsetSec, status } = window.jam.player.snapshot().state;
      return status === 'PLAY' && offsetSec >= 10 && offsetSec < 11;
    });
    await Promise.all([inSync(host), inSync(guest)]);
    await assertTogether([host, guest]);

    await host.click('#play-button');
    await Promise.all([waitForPhase(host, 'paused'), waitForPhase(guest, 'paused')]);
    await Promise.all([assertSilent(host), assertSilent(guest)]);
    const paused = await Promise.all(
      [host, guest].map((page) => page.evaluate(() => window.jam.player.snapshot().positionSec)),
    );
    assert.equal(paused[0], paused[1]);

    await host.click('#play-button');
    await Promise.all([inSync(host), inSync(guest)]);
    await assertTogether([host, guest]);
  });

  test('somebody who comes late hears the middle of the track with the others', async () => {
    const { host } = await party();
    await choose(host, 'prelude60');
    await inSync(host);
    const late = await room();
    await join(late, { name: 'Cleo', role: 'viewer' });
    await inSync(late);
    await assertTogether([host, late]);
  });

  test('another track follows in both, and at the end of the last there is silence', async () => {
    const { host, guest } = await party();
    await choose(host, 'prelude60');
    await Promise.all([inSync(host), inSync(guest)]);
    await choose(host, 'prelude5');
    const plays = (page, sec) =>
      waitUntil(
        page,
        (sec) => {
          const { phase, durationSec } = window.jam.player.snapshot();
          return phase === 'playing' && Math.abs(durationSec - sec) < 0.1;
        },
        sec,
      );
    await Promise.all([plays(host, 5), plays(guest, 5)]);
    // The room goes on by itself.
    await Promise.all([plays(host, 60), plays(guest, 60)]);
    await host.fill('#seek', '57');
    await Promise.all([waitForPhase(host, 'paused'), waitForPhase(guest, 'paused')]);
    await Promise.all([assertSilent(host), assertSilent(guest)]);
    await host.click('#play-button');
    await Promise.all([waitForPhase(host, 'playing'), waitForPhase(guest, 'playing')]);
  });

  test('a track too long to decode is played by an audio element', async () => {
    await startServer();
    const host = await room();
    await host.evaluate(() => {
      delete window.AudioContext;
      delete window.webkitAudioContext;
    });
    await join(host, { name: 'Ana', role: 'host' });
    await choose(host, 'prelude60');
    await waitForPhase(host, 'playing');
    assert.equal(await host.evaluate(() => window.jam.player.snapshot().method), 'element');
    await host.fill('#seek', '30');
    await waitUntil(host, () => window.jam.player.debug().element.currentTime > 30.5);
    await host.click('#play-button');
    await waitUntil(host, () => window.jam.player.debug().element.paused);
  });
});

describe('a server that goes away', () => {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    test(`by ${signal}: the music goes on, and the room is joined again`, async () => {
      const { host, guest } = await party();
      await choose(host, 'prelude60');
      await Promise.all([inSync(host), inSync(guest)]);
      const { port } = server;
      await server.stop(signal);
      await guest.waitForSelector('body[data-connection="reconnecting"]');
      await inSync(guest);
      const before = await guest.evaluate(() => window.jam.player.snapshot().positionSec);
      await waitUntil(guest, (sec) => window.jam.player.snapshot().positionSec > sec + 1, before);

      await startServer({ port });
      await Promise.all(
        [host, guest].map((page) => page.waitForSelector('body[data-connection="open"]')),
      );
      assert.equal(await host.getAttribute('body', 'data-role'), 'host');
      // The new server knows nothing of the old state: its room is quiet, and the host can go on.
      await choose(host, 'prelude60');
      await Promise.all([inSync(host), inSync(guest)]);
      await assertTogether([host, guest]);
    });
  }
});
