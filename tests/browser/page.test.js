// The page as people use it: landing, lobby, party, on a phone, by keyboard, and when things go wrong.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import {
  browser,
  room,
  server,
  useRealParts,
  assertFits,
  assertNamed,
  choose,
  join,
  TRACKS,
  lanAddress,
  screenshot,
  startServer,
  waitForPhase,
  waitForText,
  waitUntil,
} from './harness.js';

const PHONE = { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true };

useRealParts();

/** A connection that takes a place on the server; `status` is the HTTP status of the answer. */
async function openRawWebSocket(port) {
  const socket = connect(port, 'localhost');
  socket.on('error', () => {});
  const fields = [
    'GET /ws/jam1 HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==',
  ];
  socket.write(`${fields.join('\r\n')}\r\n\r\n`);
  const [answer] = await once(socket, 'data');
  return { socket, status: answer.toString().split(' ')[1] };
}

describe('the way in', () => {
  test('the landing page leads to a room and remembers it', async () => {
    await startServer();
    const page = await browser.open(`${server.url}/`);
    await page.fill('#room-field', 'party');
    await screenshot(page, 'landing-laptop');
    await assertNamed(page);
    await page.click('#join-room');
    await page.waitForURL('**/party');
    await join(page, { name: 'Ana', role: 'viewer' });
    await page.goto(`${server.url}/`);
    await waitForText(page, '#recent-rooms', 'party');
  });

  test('the lobby shows who is there and what plays before anybody joins', async () => {
    await startServer();
    const host = await room();
    await join(host, { name: 'Ana', role: 'host' });
    await choose(host, 'prelude60');
    const guest = await room(PHONE);
    await waitForText(guest, '#lobby', 'Ana');
    await waitForText(guest, '#lobby', 'prelude60');
    assert.equal(await guest.isVisible('#host-button'), false, 'the seat is taken');
    await screenshot(guest, 'lobby-phone');
    await assertFits(guest);
    await assertNamed(guest);
  });

  test('a returning member needs one tap', async () => {
    await startServer();
    const page = await room();
    await join(page, { name: 'Ana', role: 'viewer' });
    await page.click('a:text-is("Leave")');
    await page.click('#recent-rooms a');
    await page.waitForSelector('#listen-button:visible');
    assert.equal(await page.inputValue('#name-field'), 'Ana');
    await page.click('#listen-button');
    await page.waitForSelector('body[data-connection="open"]');
  });

  test('a full server is explained', async () => {
    const cap = 20;
    await startServer({ args: ['--max-connections', String(cap)] });
    const page = await room();
    await page.waitForSelector('#listen-button');
    // Others take all the places that this page's own connections have left.
    const others = [];
    let status = '101';
    while (status === '101') {
      assert.ok(others.length <= cap);
      const other = await openRawWebSocket(server.port);
      others.push(other.socket);
      status = other.status;
    }
    assert.equal(status, '503');
    await page.fill('#name-field', 'Ben');
    // Whoever joins while the lobby's question is on its way takes it back, and with it goes its connection: a free place.
    const look = await page.waitForResponse((answer) => answer.url().includes('/api/rooms/'));
    await look.finished();
    await page.click('#listen-button');
    await waitUntil(page, () => {
      const { connection } = document.body.dataset;
      return (
        connection === 'open' || document.querySelector('#notice').textContent.includes('full')
      );
    });
    assert.notEqual(await page.getAttribute('body', 'data-connection'), 'open', 'a place was free');
    await screenshot(page, 'full-laptop');
    for (const other of others) other.destroy();
    await page.waitForSelector('body[data-connection="open"]');
  });
});

describe('the party', () => {
  test('host and guest see each other, and only the host sees controls', async () => {
    await startServer();
    const host = await room();
    const guest = await room(PHONE);
    await join(host, { name: 'Ana', role: 'host' });
    await waitForText(host, '#now-title', 'Pick a track');
    await join(guest, { name: 'Ben <b>', role: 'viewer' });
    await waitForText(guest, 'body', 'Waiting for Ana');
    await screenshot(guest, 'waiting-phone');
    await choose(host, 'prelude60');
    await Promise.all([waitForPhase(host, 'playing'), waitForPhase(guest, 'playing')]);
    await waitForText(guest, '#now-title', 'prelude60');
    await waitForText(guest, '#crowd', 'Ana is hosting');
    for (const id of ['#play-button', '#seek', '#prev-button', '#next-button']) {
      assert.equal(await guest.isVisible(id), false, id);
      assert.equal(await host.isVisible(id), true, id);
    }
    await host.click('#tab-people');
    await waitForText(host, '#members', 'Ben <b>');
    await waitForText(host, '#members', 'ms');
    await screenshot(host, 'people-laptop');
    await host.click('#tab-queue');
    await waitForText(host, '#sync-text', 'in sync');
    await screenshot(host, 'party-laptop');
    await screenshot(guest, 'party-phone');
    await assertFits(guest);
    await assertNamed(guest);
    await assertNamed(host);
    await guest.setViewportSize({ width: 320, height: 568 });
    await assertFits(guest);
    await guest.setViewportSize({ width: 740, height: 360 });
    await assertFits(guest);
  });

  test('the keyboard is enough', async () => {
    await startServer({ args: ['--share', `${TRACKS}/prelude60.opus`] });
    const host = await room();
    await host.focus('#name-field');
    await host.keyboard.type('Ana');
    await host.keyboard.press('Tab');
    await host.keyboard.press('Tab');
    await host.keyboard.press('Enter');
    await host.waitForSelector('body[data-connection="open"][data-role="host"]');
    await host.waitForSelector('#queue .pick');
    await host.keyboard.press('Space');
    await waitForPhase(host, 'playing');
    const before = await host.evaluate(() => window.jam.player.snapshot().positionSec);
    await host.keyboard.press('ArrowRight');
    await waitUntil(host, (sec) => window.jam.player.snapshot().positionSec > sec + 4.5, before);
    await host.keyboard.press('m');
    assert.equal(await host.getAttribute('#mute', 'aria-pressed'), 'true');
    await host.keyboard.press('Space');
    await waitForPhase(host, 'paused');
    await host.keyboard.press('?');
    await host.waitForSelector('#help-dialog[open]');
    await host.keyboard.press('Escape');
    assert.match(await host.getAttribute('#seek', 'aria-valuetext'), /\d+/);
  });

  test('when the host leaves the music plays on, and the seat can be taken', async () => {
    await startServer();
    const host = await room();
    const guest = await room();
    await join(host, { name: 'Ana', role: 'host' });
    await join(guest, { name: 'Ben', role: 'viewer' });
    await choose(host, 'prelude60');
    await waitForPhase(guest, 'playing');
    await host.close();
    await waitForText(guest, '#notice-text', 'Ana left. The music plays on.');
    await screenshot(guest, 'host-left-laptop');
    assert.equal(await guest.getAttribute('body', 'data-phase'), 'playing');
    await guest.click('#notice-button');
    await guest.waitForSelector('body[data-role="host"][data-connection="open"]');
    await guest.click('#play-button');
    await waitForPhase(guest, 'paused');
  });

  test('a lost connection is told calmly, and mended', async () => {
    await startServer();
    const { port } = server;
    const host = await room(PHONE);
    await join(host, { name: 'Ana', role: 'host' });
    await choose(host, 'prelude60');
    await waitForPhase(host, 'playing');
    await server.stop('SIGKILL');
    await waitForText(host, '#notice', 'The music goes on');
    await screenshot(host, 'reconnecting-phone');
    assert.equal(await host.getAttribute('#queue .pick', 'aria-disabled'), 'true');
    await host.keyboard.press('ArrowRight');
    await waitForText(host, '#notice-text', 'did not reach the room');
    await startServer({ port });
    await host.waitForSelector('body[data-connection="open"]');
    await host.waitForSelector('#queue .pick:not([aria-disabled])');
  });

  test('a track that the room does not have is told in words', async () => {
    await startServer();
    const host = await room();
    await join(host, { name: 'Ana', role: 'host' });
    await host.click('#drawer summary');
    await host.fill('#raw-track', 't1');
    await host.click('#raw-play');
    await waitForPhase(host, 'failed');
    await screenshot(host, 'unknown-track-laptop');
    const words = await host.textContent('#status');
    assert.doesNotMatch(words, /404|undefined|error/i);
    await choose(host, 'prelude5');
    await waitForPhase(host, 'playing');
  });

  test('the room can be shared by its address and its code', async () => {
    await startServer();
    const host = await room(PHONE);
    await join(host, { name: 'Ana', role: 'host' });
    await host.click('#share-button');
    await host.waitForSelector('#share-dialog[open]');
    await waitUntil(host, () => document.querySelector('#share-qr').naturalWidth > 0);
    await screenshot(host, 'share-phone');
    await assertFits(host);
    await host.keyboard.press('Escape');
    await host.click('#sync-chip');
    await waitForText(host, '#sync-dialog', 'ound trip');
    await screenshot(host, 'sync-phone');
  });
});

describe('the developer drawer', () => {
  test('shows both ways, and sends any JSON to a member and any PLAY', async () => {
    await startServer();
    const host = await room();
    const guest = await room();
    await join(host, { name: 'Ana', role: 'host' });
    await join(guest, { name: 'Ben', role: 'viewer' });
    await host.click('#drawer summary');
    await guest.click('#drawer summary');
    await waitForText(host, '#drawer-log', 'HELLO');
    await waitForText(host, '#drawer-log', 'STATE');
    const guestId = await guest.textContent('#own-peer-id');
    await host.fill('#signal-to', guestId);
    await host.fill('#signal-blob', '{"sdp":["offer",1]}');
    await host.click('#signal-send');
    await waitForText(guest, '#drawer-log', '"blob":{"sdp":["offer",1]}');
    await host.fill('#signal-blob', '{not json');
    await host.click('#signal-send');
    await waitForText(host, '#signal-problem', 'JSON');
    await host.fill('#raw-track', 'any');
    await host.fill('#raw-offset', '12.5');
    await host.click('#raw-pause');
    await waitForText(guest, '#drawer-log', '"track_id":"any","status":"PAUSE","offset_sec":12.5');
    await screenshot(host, 'drawer-laptop');
  });
});

describe('a plain address of the network', () => {
  test('works although it is no secure context', async (t) => {
    const address = lanAddress();
    if (address === null) return t.skip('this machine has no address but loopback');
    await startServer({ host: '0.0.0.0' });
    const page = await browser.open(`http://${address}:${server.port}/jam1`, PHONE);
    assert.equal(await page.evaluate(() => window.isSecureContext), false);
    await join(page, { name: 'Ana', role: 'host' });
    await choose(page, 'prelude60');
    await waitForPhase(page, 'playing');
    await waitForText(page, '#sync-text', 'in sync');
    await page.click('#share-button');
    assert.equal(await page.inputValue('#share-address'), `http://${address}:${server.port}/jam1`);
    await page.click('#share-copy');
    await waitForText(page, '#share-note', 'op');
  });
});

describe('in the dark', () => {
  test('the page is dark where the system is', async () => {
    await startServer();
    const host = await room({ ...PHONE, colorScheme: 'dark', reducedMotion: 'reduce' });
    await join(host, { name: 'Ana', role: 'host' });
    await choose(host, 'prelude60');
    await waitForPhase(host, 'playing');
    const paper = await host.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(paper, 'rgb(23, 19, 17)');
    await waitForText(host, '#sync-text', 'in sync');
    await screenshot(host, 'party-phone-dark');
  });
});
