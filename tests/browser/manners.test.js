// The manners of the page: what was asked for is where the finger is, nothing jumps, nothing happens
// behind anybody's back, and what was typed is understood.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  browser,
  room,
  server,
  useRealParts,
  assertFits,
  choose,
  join,
  screenshot,
  startServer,
  waitForPhase,
  waitForText,
  waitUntil,
} from './harness.js';

const PHONE = { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true };
const SMALL_PHONE = { ...PHONE, viewport: { width: 320, height: 568 } };

useRealParts();

describe('on the way in', () => {
  test('the first answer shows something before any script runs', async () => {
    await startServer();
    const page = await room();
    await page.route('**/assets/app.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: '' }),
    );
    await page.reload();
    assert.equal(await page.isVisible('.boot'), true);
    assert.doesNotMatch(await page.content(), /\{\{/);
    await page.unroute('**/assets/app.js');
    await page.reload();
    await page.waitForSelector('#listen-button');
    assert.equal(await page.isVisible('.boot'), false);
  });

  test('a suggested name that was taken is kept', async () => {
    await startServer();
    const page = await room();
    const suggested = await page.inputValue('#name-field');
    await page.click('#listen-button');
    await page.waitForSelector('body[data-connection="open"]');
    await page.goto(`${server.url}/other`);
    await page.waitForSelector('#listen-button:visible');
    assert.equal(await page.inputValue('#name-field'), suggested);
  });

  test('joining takes no second tap through to the party, and gives the title the focus', async () => {
    await startServer();
    const page = await room(PHONE);
    const hit = await page.evaluate(() => {
      document.querySelector('#listen-button').click();
      const element = document.elementFromPoint(innerWidth / 2, innerHeight - 30);
      return element.closest('#party') !== null;
    });
    assert.equal(hit, false, 'the second tap falls on nothing');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'now-title');
    await waitUntil(page, () =>
      document.elementFromPoint(innerWidth / 2, innerHeight - 30).closest('#party'),
    );
  });

  test('news of the room move nothing in the lobby, and Listen is above the fold', async () => {
    await startServer();
    const page = await room(SMALL_PHONE);
    const bottoms = () =>
      page.evaluate(() =>
        ['listen-button', 'host-button'].map(
          (id) => document.getElementById(id).getBoundingClientRect().bottom,
        ),
      );
    const before = await bottoms();
    assert.ok(before[0] <= 568, `Listen ends at ${before[0]} px`);
    const host = await room();
    await join(host, { name: 'Ana Maria Magdalena of the very long name', role: 'host' });
    await choose(host, 'prelude60');
    await waitForText(page, '#lobby-names', 'Ana Maria');
    await waitForText(page, '#lobby-line', 'prelude60');
    assert.equal(await page.isVisible('#host-button'), false);
    assert.deepEqual(await bottoms(), before);
    await screenshot(page, 'lobby-small-phone');
  });

  test('an address that is no room offers the one it may have meant', async () => {
    await startServer();
    const page = await browser.open(`${server.url}/JAM%201`);
    await waitForText(page, '#room-hint', 'There is no such room. Did you mean JAM-1?');
    assert.equal(await page.inputValue('#room-field'), 'JAM-1');
    await page.goto(`${server.url}/jam1/`);
    await waitForText(page, '#lobby-room', 'jam1');
  });

  test('a pasted address is understood, and a name that cannot be is refused', async () => {
    await startServer();
    const page = await browser.open(`${server.url}/`);
    await page.fill('#room-field', '音楽');
    await waitForText(page, '#room-hint', 'Letters, digits');
    await page.fill('#room-field', 'healthz');
    await page.click('#join-room');
    await waitForText(page, '#room-hint', 'keeps that name');
    await page.fill('#room-field', `${server.url}/party?x=1`);
    await waitForText(page, '#room-hint', 'The room will be party.');
    await page.click('#join-room');
    await page.waitForURL('**/party');
  });
});

describe('at the party', () => {
  test('a drag that ends where it began does not stop the line', async () => {
    await startServer();
    const host = await room();
    await join(host, { name: 'Ana', role: 'host' });
    await choose(host, 'prelude60');
    await waitForPhase(host, 'playing');
    // What a browser does for such a drag: 'input' twice, and no 'change'.
    const frozenAt = await host.evaluate(() => {
      const seek = document.querySelector('#seek');
      const began = seek.value;
      for (const value of ['30', began]) {
        seek.value = value;
        seek.dispatchEvent(new InputEvent('input', { bubbles: true }));
      }
      return Number(began);
    });
    await host.mouse.move(5, 5);
    await host.mouse.down();
    await host.mouse.up();
    await waitUntil(
      host,
      (sec) => document.querySelector('#seek').valueAsNumber > sec + 1,
      frozenAt,
    );
  });

  test('the controls stay where they are when the music stops', async () => {
    await startServer();
    const host = await room(PHONE);
    await join(host, { name: 'Ana', role: 'host' });
    await choose(host, 'prelude60');
    await waitForPhase(host, 'playing');
    const top = () =>
      host.evaluate(
        () => document.querySelector('#play-button').getBoundingClientRect().top + scrollY,
      );
    await waitUntil(host, () => document.querySelector('#status').hidden);
    const before = await top();
    await host.click('#play-button');
    await waitForText(host, '#status', 'Paused');
    assert.equal(await top(), before);
  });

  test('a host far down in the list can still pause', async () => {
    await startServer();
    const host = await room(SMALL_PHONE);
    await join(host, { name: 'Ana', role: 'host' });
    await choose(host, 'prelude60');
    await waitForPhase(host, 'playing');
    await host.evaluate(() => scrollTo(0, 0));
    await host.waitForSelector('#dock-play', { state: 'hidden' });
    // Two tracks make no long list; the drawer does.
    await host.evaluate(() => (document.querySelector('#drawer').open = true));
    await host.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await host.waitForSelector('#dock-play[aria-label="Pause"]');
    await assertFits(host);
    await screenshot(host, 'dock-play-small-phone');
    await host.click('#dock-play');
    await waitForPhase(host, 'paused');
  });

  test('beside a long list the player stays in view', async () => {
    await startServer();
    const host = await room();
    await join(host, { name: 'Ana', role: 'host' });
    await choose(host, 'prelude60');
    await waitForPhase(host, 'playing');
    const button = await host.evaluate(() => {
      const list = document.querySelector('#queue');
      for (let count = 0; count < 40; count += 1) list.append(list.firstChild.cloneNode(true));
      scrollTo(0, 1200);
      return document.querySelector('#play-button').getBoundingClientRect().toJSON();
    });
    assert.ok(button.top > 0 && button.bottom < 800 - 64, JSON.stringify(button));
  });

  test('a host whose own lost connection still holds the seat has it at once', async () => {
    await startServer();
    const host = await room();
    await join(host, { name: 'Ana', role: 'host' });
    await waitForText(host, '#crowd', 'You are hosting');
    const id = await host.evaluate(() => window.jam.socket.peerId);
    // The old connection does not end, as in a network that has gone without a word.
    await host.evaluate(() => {
      const { close } = WebSocket.prototype;
      WebSocket.prototype.close = () => {};
      window.jam.socket.join({ role: 'host', name: 'Ana' });
      WebSocket.prototype.close = close;
    });
    await host.waitForSelector('body[data-role="host"][data-connection="open"]');
    await waitForText(host, '#crowd', 'You are hosting · only you here');
    assert.equal(await host.evaluate(() => window.jam.socket.peerId), id);
  });

  test('the live region for notices is there before it speaks', async () => {
    await startServer();
    const host = await room();
    await join(host, { name: 'Ana', role: 'host' });
    const region = await host.evaluate(() => {
      const node = document.querySelector('#notice-text');
      return [node.getAttribute('role'), node.textContent, node.checkVisibility()];
    });
    assert.deepEqual(region, ['status', '', true]);
  });

  test('a stranger of the same name keeps the seat, and it is not taken when they leave', async () => {
    await startServer();
    const host = await room();
    const other = await room();
    // The lobby has not heard yet that the seat is taken.
    await other.evaluate(() => document.querySelector('#host-button').classList.remove('is-away'));
    await join(host, { name: 'Ana', role: 'host' });
    await other.fill('#name-field', 'Ana');
    await other.evaluate(() => document.querySelector('#host-button').click());
    await waitForText(other, '#notice-text', 'Ana is hosting now. You are listening along.');
    assert.equal(await other.getAttribute('body', 'data-role'), 'viewer');
    await host.close();
    await waitForText(other, '#crowd', 'Nobody is hosting');
    assert.equal(await other.getAttribute('body', 'data-role'), 'viewer');
  });

  test('who comes and goes changes only their own row', async () => {
    await startServer();
    const host = await room();
    await join(host, { name: 'Ana', role: 'host' });
    await host.click('#tab-people');
    await waitForText(host, '#members', 'Ana');
    await host.evaluate(() => {
      window.changes = { added: 0, removed: 0 };
      new MutationObserver((records) => {
        for (const record of records) {
          window.changes.added += record.addedNodes.length;
          window.changes.removed += record.removedNodes.length;
        }
      }).observe(document.querySelector('#members'), { childList: true });
    });
    const guest = await room();
    await join(guest, { name: 'Ben', role: 'viewer' });
    await waitForText(host, '#members', 'Ben');
    await guest.close();
    await waitUntil(host, () => !document.querySelector('#members').textContent.includes('Ben'));
    assert.deepEqual(await host.evaluate(() => window.changes), { added: 1, removed: 1 });
  });

  test('unmuting makes a sound also when the volume is at its end', async () => {
    await startServer();
    const page = await room();
    await join(page, { name: 'Ana', role: 'viewer' });
    await page.focus('#volume');
    await page.keyboard.press('Home');
    assert.equal(await page.getAttribute('#mute', 'aria-pressed'), 'true');
    await page.click('#mute');
    assert.equal(await page.getAttribute('#mute', 'aria-pressed'), 'false');
    assert.equal(await page.inputValue('#volume'), '80');
  });
});
