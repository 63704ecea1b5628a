// The trim of one device, and the taps that find it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertAhead, party } from './apart.js';
import {
  assertFits,
  assertNamed,
  browser,
  choose,
  join,
  lanAddress,
  room,
  screenshot,
  server,
  startServer,
  tapIfAsked,
  useRealParts,
  waitForPhase,
  waitForText,
} from './harness.js';

const SMALL_PHONE = { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true };

useRealParts();

describe('the trim', () => {
  test('plays earlier at once, is kept, and goes again', async () => {
    const { host, guest } = await party();
    await assertAhead(host, guest, 0);
    const peerId = () => guest.evaluate(() => window.jam.socket.peerId);
    const before = await peerId();
    await guest.click('#sync-chip');
    await guest.fill('#trim', '150');
    await waitForText(guest, '#trim-value', '150 ms earlier');
    await assertAhead(host, guest, 0.15);
    // What is shown and sent is what the ear hears.
    const apart = async () => {
      const read = (page) =>
        page.evaluate(() => [Date.now(), window.jam.player.snapshot().positionSec]);
      const [[hostMs, hostSec], [guestMs, guestSec]] = [await read(host), await read(guest)];
      return guestSec - hostSec - (guestMs - hostMs) / 1000;
    };
    assert.ok(Math.abs(await apart()) < 0.08, `${await apart()}`);
    assert.equal(await peerId(), before);

    await guest.reload();
    await tapIfAsked(guest);
    await assertAhead(host, guest, 0.15);
    await guest.click('#sync-chip');
    await guest.click('#trim-later');
    await waitForText(guest, '#trim-value', '145 ms earlier');
    await guest.click('#trim-none');
    await assertAhead(host, guest, 0);
  });

  test('a negative one plays later, also while a track is about to start', async () => {
    const { host, guest } = await party();
    await guest.click('#sync-chip');
    await guest.fill('#trim', '-120');
    await choose(host, 'prelude60');
    await assertAhead(host, guest, -0.12);
  });

  test('is found by tapping along, and the music comes back', async () => {
    await startServer();
    const page = await room();
    await page.evaluate(() => {
      // Clicks are the only short sounds.
      window.clicks = [];
      const start = AudioBufferSourceNode.prototype.start;
      AudioBufferSourceNode.prototype.start = function (...given) {
        if (this.buffer.duration < 0.1) window.clicks.push(given[0]);
        return start.apply(this, given);
      };
    });
    await join(page, { name: 'Ana', role: 'host' });
    await choose(page, 'prelude60');
    await waitForPhase(page, 'playing');
    await page.click('#sync-chip');
    await page.click('#tap-start');
    await page.waitForSelector('#tap-pad:focus');
    await screenshot(page, 'taps');
    // Somebody who hears every click 205 ms after the browser thinks it is heard, and is 25 ms early.
    await page.evaluate(async () => {
      const pad = document.querySelector('#tap-pad');
      const hears = (sec) => (sec + window.jam.player.debug().mapping.epochSec + 0.18) * 1000;
      for (let click = 0; click < 14; click += 1) {
        while (window.clicks.length <= click) await new Promise((done) => setTimeout(done, 50));
        const tap = new PointerEvent('pointerdown', { bubbles: true });
        // The finger's own time, however late a busy machine tells of it.
        Object.defineProperty(tap, 'timeStamp', { value: hears(window.clicks[click]) });
        pad.dispatchEvent(tap);
      }
    });
    await waitForText(page, '#tap-words', 'ms late');
    await screenshot(page, 'taps-found');
    await page.click('#tap-use');
    const trimMs = await page.evaluate(() => document.querySelector('#trim').valueAsNumber);
    assert.ok(Math.abs(trimMs - 205) <= 12, `${trimMs}`);
    assert.equal(await page.isVisible('#sync-figures'), true);
    // Space taps, and neither scrolls nor presses.
    await page.click('#tap-start');
    await page.keyboard.press('Space');
    await page.keyboard.press('Space');
    await page.keyboard.press('Space');
    await waitForText(page, '#tap-words', '1 of 8');
    await page.keyboard.press('Escape');
    await page.click('#sync-chip');
    assert.equal(await page.isVisible('#tapping'), false);
  });

  test('works on a plain address of the network, which is no secure context', async (t) => {
    const address = lanAddress();
    if (address === null) return t.skip('this machine has no address but loopback');
    await startServer({ host: '0.0.0.0' });
    const page = await browser.open(`http://${address}:${server.port}/jam1`);
    assert.equal(await page.evaluate(() => window.isSecureContext), false);
    await join(page, { name: 'Ana', role: 'host' });
    await choose(page, 'prelude60');
    await waitForPhase(page, 'playing');
    await page.click('#sync-chip');
    await page.fill('#trim', '100');
    await waitForText(page, '#trim-hint', 'Kept for this device.');
    await page.click('#tap-start');
    await page.keyboard.press('Space');
    await waitForText(page, '#tap-words', 'find the beat');
    assert.match(await page.evaluate(() => navigator.mediaSession.metadata.title), /prelude60/);
  });

  test('fits a small phone, and everything in it has a name', async () => {
    const { guest } = await party(SMALL_PHONE);
    await guest.click('#sync-chip');
    await guest.fill('#trim', '180');
    await assertFits(guest);
    await assertNamed(guest);
    await screenshot(guest, 'sync-small-phone');
    await guest.click('#tap-start');
    await assertFits(guest);
    await assertNamed(guest);
    await screenshot(guest, 'taps-small-phone');
  });
});
