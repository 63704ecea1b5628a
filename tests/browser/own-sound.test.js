// The sound of one device: the media keys, interruptions, and what the others see of it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertAhead, party } from './apart.js';
import {
  assertFits,
  choose,
  join,
  room,
  screenshot,
  startServer,
  useRealParts,
  waitForPhase,
  waitForText,
  waitUntil,
} from './harness.js';

const SMALL_PHONE = { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true };

useRealParts();

/** Remembers what the page tells the system, so that a test can press its keys. */
function spyOnSession() {
  const { mediaSession } = navigator;
  window.keys = {};
  const setHandler = mediaSession.setActionHandler.bind(mediaSession);
  mediaSession.setActionHandler = (name, handler) => {
    window.keys[name] = handler;
    setHandler(name, handler);
  };
  const setPosition = mediaSession.setPositionState.bind(mediaSession);
  mediaSession.setPositionState = (state) => {
    window.told = state;
    setPosition(state);
  };
}

const session = (page) =>
  page.evaluate(() => {
    const { metadata, playbackState } = navigator.mediaSession;
    const { title, artist, album, artwork } = metadata ?? {};
    const keys = Object.keys(window.keys).filter((name) => window.keys[name] !== null);
    return { title, artist, album, picture: artwork?.[0]?.src, playbackState, keys };
  });

describe('the media keys', () => {
  test("are the host's buttons for the host, and a guest's own sound for a guest", async () => {
    await startServer();
    const [host, guest] = [await room(), await room()];
    for (const page of [host, guest]) await page.evaluate(spyOnSession);
    await join(host, { name: 'Ana', role: 'host' });
    await join(guest, { name: 'Ben', role: 'viewer' });
    await choose(host, 'prelude60');
    await Promise.all([waitForPhase(host, 'playing'), waitForPhase(guest, 'playing')]);
    const isTold = () =>
      navigator.mediaSession.metadata?.artwork[0]?.src.startsWith('data:image/png');
    await Promise.all([waitUntil(host, isTold), waitUntil(guest, isTold)]);
    const [hostsKeys, guestsKeys] = [await session(host), await session(guest)];
    assert.match(hostsKeys.title, /prelude60/);
    assert.equal(hostsKeys.playbackState, 'playing');
    assert.deepEqual(hostsKeys.keys, ['play', 'pause', 'nexttrack', 'previoustrack', 'seekto']);
    assert.deepEqual(guestsKeys.keys, ['play', 'pause']);
    const press = (page, name, details) =>
      page.evaluate(([name, details]) => void window.keys[name](details), [name, details]);

    await press(host, 'seekto', { seekTime: 30 });
    await waitUntil(guest, () => window.told?.position > 29 && window.told.duration > 59);
    await press(guest, 'pause');
    await waitUntil(guest, () => navigator.mediaSession.playbackState === 'paused');
    assert.equal(await guest.getAttribute('#mute', 'aria-pressed'), 'true');
    assert.equal(await host.evaluate(() => window.jam.player.snapshot().state.status), 'PLAY');
    await press(guest, 'play');
    await waitUntil(guest, () => navigator.mediaSession.playbackState === 'playing');
    assert.equal(await guest.getAttribute('#mute', 'aria-pressed'), 'false');

    await press(host, 'pause');
    await Promise.all([waitForPhase(host, 'paused'), waitForPhase(guest, 'paused')]);
    await waitUntil(guest, () => navigator.mediaSession.playbackState === 'paused');
    await press(host, 'play');
    await waitForPhase(guest, 'playing');
    await press(host, 'previoustrack');
    await waitUntil(guest, () => window.told?.position < 10);
  });
});

describe('an interruption', () => {
  test('that ends by itself is over without a tap', async () => {
    const { host, guest } = await party();
    const starts = () => guest.evaluate(() => window.jam.player.debug().counts.starts);
    await guest.evaluate(() => window.jam.player.output.context.suspend());
    await waitUntil(guest, () => window.jam.player.output.isRunning);
    await waitForPhase(guest, 'playing');
    await assertAhead(host, guest, 0);
    assert.ok((await starts()) >= 1);
  });

  test('that needs a tap says so in one place, and one tap is enough', async () => {
    const { host, guest } = await party();
    await guest.evaluate(async () => {
      const { context } = window.jam.player.output;
      window.resume = context.resume.bind(context);
      context.resume = () => Promise.reject(new Error('not allowed'));
      await context.suspend();
    });
    await waitForPhase(guest, 'blocked');
    await guest.evaluate(() => {
      window.jam.player.output.context.resume = window.resume;
    });
    await guest.click('#hear-button');
    await waitForPhase(guest, 'playing');
    await assertAhead(host, guest, 0);
  });

  test('another loudspeaker with another delay is found out at once', async () => {
    const { host, guest } = await party();
    await waitUntil(guest, () => Math.abs(window.jam.player.snapshot().errorMs ?? 99) < 5);
    const starts = () => guest.evaluate(() => window.jam.player.debug().counts.starts);
    const before = await starts();
    // From now on what is rendered is heard 150 ms later, and the browser says so.
    await guest.evaluate(() => {
      const { context } = window.jam.player.output;
      const stamp = context.getOutputTimestamp.bind(context);
      context.getOutputTimestamp = () => {
        const { contextTime, performanceTime } = stamp();
        return { contextTime: contextTime - 0.15, performanceTime };
      };
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    });
    await assertAhead(host, guest, 0);
    assert.ok((await starts()) > before, 'by a jump, not by seconds of another tempo');
  });
});

describe('the people', () => {
  test('are seen with error, clock, round trip and method', async () => {
    const { host, guest } = await party(SMALL_PHONE);
    await guest.click('#tab-people');
    await waitForText(guest, '#members', 'clock');
    await waitUntil(guest, () => {
      const rows = [...document.querySelectorAll('#members .row-facts')];
      const isWhole = (row) => /^clock.*round trip/.test(row.textContent);
      return rows.length === 2 && rows.every(isWhole);
    });
    await waitForText(guest, '#members .is-host .row-sub', 'hosting · Web Audio');
    await waitForText(guest, '#together', 'All 2 in sync');
    await assertFits(guest);
    await guest.evaluate(() => document.querySelector('#together').scrollIntoView());
    await screenshot(guest, 'people-small-phone');
    assert.equal(await host.isVisible('#together'), false);
  });

  test('are readable in a room of 200', async () => {
    const { guest } = await party({ viewport: { width: 360, height: 740 }, isMobile: true });
    await guest.click('#tab-people');
    await guest.evaluate(async () => {
      const join = (index) =>
        new Promise((joined) => {
          const socket = new WebSocket(`ws://${location.host}/ws/jam1`);
          const say = (message) => socket.send(JSON.stringify(message));
          socket.onopen = () => {
            say({ type: 'HELLO', role: 'viewer', display_name: `Guest ${index}` });
            const method = ['webaudio', 'element', 'mpv'][index % 3];
            const error_ms = index % 17 === 0 ? -38 : Math.sin(index) * 3;
            const report = { status: 'playing', method, rtt_ms: index / 3, error_ms, loaded: 1 };
            say({ type: 'REPORT', ...report, clock_ms: index / 50 });
            joined();
          };
        });
      for (let index = 1; index <= 198; index += 1) await join(index);
    });
    await waitUntil(guest, () => document.querySelectorAll('#members .row-facts').length === 200);
    await waitForText(guest, '#together', 'off by up to 38');
    await assertFits(guest);
    await guest.evaluate(() => document.querySelector('#together').scrollIntoView());
    await screenshot(guest, 'people-200');
  });
});
