// The seat of the host: left, lost, kept, taken and handed over; and coming back as the same member.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  assertFits,
  assertNamed,
  join,
  room,
  screenshot,
  startServer,
  tapIfAsked,
  waitForPhase,
  waitForText,
  waitUntil,
} from './harness.js';
import {
  SHOTS,
  SMALL_PHONE,
  guest,
  host,
  isHidden,
  openMenu,
  peerId,
  playing,
  useRealLine,
  waitForRole,
  waitUntilSaid,
  windowBeside,
} from './members.js';

const startLine = useRealLine();

describe('the seat of a host', () => {
  test('who closes the page is free at once, and taken with one click', async () => {
    await startServer({ args: [] });
    const ana = await host();
    const ben = await guest('Ben');
    const cleo = await guest('Cleo', SMALL_PHONE);
    await playing(ana);
    await waitForPhase(ben, 'playing');
    await ana.close();
    await waitForText(ben, '#notice-text', 'Ana left. The music plays on.');
    await cleo.waitForSelector('#notice-button:visible');
    await screenshot(cleo, 'free-320', SHOTS);
    await assertFits(cleo);
    assert.equal(await ben.isVisible('#controls'), false);
    await ben.click('#notice-button');
    await waitForRole(ben, 'host');
    await waitForText(cleo, '#crowd', 'Ben is hosting');
    await waitUntilSaid(cleo, 'Ben is hosting now.');
    await isHidden(cleo, '#notice-button');
    await ben.click('#play-button');
    await waitForPhase(cleo, 'paused');
  });

  test('who is cut off is kept, and the host comes back as the host', async () => {
    await startServer({ args: [] });
    const line = await startLine();
    const ana = await host({ url: line.url });
    const ben = await guest('Ben', SMALL_PHONE);
    await playing(ana);
    await waitForPhase(ben, 'playing');
    const id = await peerId(ana);
    line.down();
    await waitUntilSaid(ben, 'Ana lost the connection.');
    assert.equal(await ben.getAttribute('body', 'data-phase'), 'playing');
    line.up();
    await waitForRole(ana, 'host');
    assert.equal(await peerId(ana), id);
    await waitUntil(ben, () => document.querySelector('#notice-text').textContent === '');
    await ana.click('#play-button');
    await waitForPhase(ben, 'paused');
  });

  test('who stays away can be taken in the end, and the host comes back as a guest', async () => {
    await startServer({ args: [] });
    const line = await startLine();
    const ana = await host({ url: line.url });
    const ben = await guest('Ben', SMALL_PHONE);
    await playing(ana);
    line.down();
    const kept = await ben.waitForFunction(() => {
      const shown = (id) => document.getElementById(id).textContent;
      if (!shown('notice-text').includes('The seat is kept.')) return null;
      const offered = !document.getElementById('notice-button').hidden;
      return { offered, left: shown('notice-count') };
    });
    const { offered, left } = await kept.jsonValue();
    assert.equal(offered, false);
    assert.match(left, /^\d+ s$/);
    await screenshot(ben, 'kept-320', SHOTS);
    await assertFits(ben);
    await ben.click('#notice-button:has-text("Take over")');
    await waitForRole(ben, 'host');
    line.up();
    await waitForRole(ana, 'viewer');
    await waitUntilSaid(ana, 'Ben is hosting now. You are listening along.');
    assert.equal(await ana.isVisible('#controls'), false);
  });

  test('can be handed over with two clicks, and back', async () => {
    await startServer({ args: [] });
    const ana = await host();
    const ben = await guest('Ben', SMALL_PHONE);
    await playing(ana);
    await openMenu(ana, 'Ben');
    await assertNamed(ana);
    await screenshot(ana, 'menu-laptop', SHOTS);
    await ana.click('#member-host');
    await waitForRole(ben, 'host');
    await waitUntilSaid(ben, 'Ana made you the host.');
    await waitForRole(ana, 'viewer');
    await waitUntilSaid(ana, 'Ben is hosting now.');
    await isHidden(ana, '#controls');
    assert.equal(await ana.locator('.menu:visible').count(), 0);
    await ben.tap('#play-button');
    await waitForPhase(ana, 'paused');
    await openMenu(ben, 'Ana');
    await assertFits(ben);
    await ben.tap('#member-host');
    await waitForRole(ana, 'host');
    await waitForRole(ben, 'viewer');
  });

  test('of two who ask for it at once is one’s, and the other is told', async () => {
    await startServer({ args: [] });
    const ana = await host();
    const ben = await guest('Ben');
    const cleo = await guest('Cleo');
    await ana.close();
    for (const page of [ben, cleo]) await page.waitForSelector('#notice-button:visible');
    const click = (page) => page.evaluate(() => document.querySelector('#notice-button').click());
    await Promise.all([click(ben), click(cleo)]);
    const isHost = (page) => page.evaluate(() => document.body.dataset.role === 'host');
    for (const page of [ben, cleo]) {
      await waitUntil(page, () =>
        /^(You are|Ben is|Cleo is) hosting/.test(document.querySelector('#crowd').textContent),
      );
    }
    const hosts = await Promise.all([ben, cleo].map(isHost));
    assert.equal(hosts.filter(Boolean).length, 1, `${hosts}`);
  });
});

describe('coming back', () => {
  test('after a reload needs no click, and the host is the host', async () => {
    await startServer({ args: [] });
    const ana = await host();
    await playing(ana);
    const id = await peerId(ana);
    await ana.reload();
    await waitForRole(ana, 'host');
    assert.equal(await peerId(ana), id);
    assert.equal(await ana.isVisible('#lobby'), false);
    await tapIfAsked(ana);
    await waitForPhase(ana, 'playing');
    await ana.click('#play-button');
    await waitForPhase(ana, 'paused');
  });

  test('in a browser that was started again asks for the one tap that sound needs', async () => {
    await startServer({ args: [] });
    const before = await host();
    await playing(before);
    const visit = await before.evaluate(() => sessionStorage.getItem('jam-tab'));
    await before.close();
    const after = await room();
    await after.evaluate((visit) => sessionStorage.setItem('jam-tab', visit), visit);
    await after.reload();
    await waitForRole(after, 'host');
    await tapIfAsked(after);
    await waitForPhase(after, 'playing');
  });

  test('of a guest is as the same guest, and leaving is leaving', async () => {
    await startServer({ args: [] });
    const ana = await host();
    const ben = await guest('Ben');
    const id = await peerId(ben);
    await ben.reload();
    await waitForRole(ben, 'viewer');
    assert.equal(await peerId(ben), id);
    assert.equal(await ben.evaluate(() => window.jam.socket.name), 'Ben');
    await ben.click('a:text-is("Leave")');
    await ben.waitForSelector('#room-form');
    await ben.goBack();
    await ben.waitForSelector('#listen-button:visible');
    await waitForText(ana, '#crowd', 'only you here');
    await ben.click('#listen-button');
    await waitForRole(ben, 'viewer');
    assert.equal(await peerId(ben), id);
  });

  test('of a closed window is as the same member, and two windows are two', async () => {
    await startServer({ args: [] });
    const first = await host();
    const id = await peerId(first);
    const second = await windowBeside(first);
    await join(second, { name: 'Ana too', role: 'viewer' });
    assert.notEqual(await peerId(second), id);
    await waitForText(first, '#people-count', '2');
    await waitForRole(first, 'host');
    await first.close();
    const third = await windowBeside(second);
    await join(third, { name: 'Ana', role: 'viewer' });
    assert.equal(await peerId(third), id);
    await waitForText(third, '#people-count', '2');
  });

  test('on another connection ends this one with a word, and a way to use it here', async () => {
    await startServer({ args: [] });
    const ana = await host();
    await playing(ana);
    // Another browser with the same token, as nobody should have it: the windows do not hear each other.
    const stored = await ana.evaluate(() => localStorage.getItem('jam-tokens'));
    const other = await room();
    await other.evaluate((stored) => localStorage.setItem('jam-tokens', stored), stored);
    await other.reload();
    await join(other, { name: 'Ana', role: 'viewer' });
    await waitForText(ana, '#ending-title', 'jam1 is open in another window');
    await screenshot(ana, 'elsewhere-laptop', SHOTS);
    assert.equal(await ana.evaluate(() => window.jam.player.snapshot().phase), 'idle');
    await assertFits(ana);
    await ana.click('#ending-return');
    // Who came back there only to listen has left the seat free.
    await waitForRole(ana, 'host');
    await waitForPhase(ana, 'playing');
    await waitForText(other, '#ending-title', 'another window');
  });
});
