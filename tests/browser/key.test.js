// Keys: a link that carries one, the form that asks for one, the host's lock, and the key to the host seat.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  assertFits,
  assertNamed,
  browser,
  join,
  room,
  screenshot,
  server,
  startServer,
  useRealParts,
  waitForText,
  waitUntil,
} from './harness.js';
import { openLine } from './cut-line.js';
import { SMALL_PHONE, guest, host, isHidden, waitForRole } from './members.js';

useRealParts();

const SHOTS = 'screenshots-key';
const OPEN = 'body[data-connection="open"]';

const locked = (...more) => startServer({ args: ['--room-key', 'plum & jam', ...more] });
const link = (key) => `${server.url}/jam1#key=${encodeURIComponent(key)}`;

/** Everything that this page has asked the server for, as the browser sent it. */
async function watched(url, options) {
  const asked = [];
  const page = await browser.open('about:blank', options);
  page.on('request', (request) => asked.push(request.url()));
  page.on('websocket', (socket) => asked.push(socket.url()));
  await page.goto(url);
  return { page, asked };
}

describe('a room with a key', () => {
  test('opens with a link, also after a reload, and the key stands in no request', async () => {
    await locked();
    const { page, asked } = await watched(link('plum & jam'));
    await waitForText(page, '#lobby-line', 'Nobody');
    assert.equal(page.url(), `${server.url}/jam1`);
    assert.equal(await page.isVisible('#lobby-key'), false);
    await join(page, { name: 'Ana', role: 'host' });
    await page.reload();
    await waitForRole(page, 'host');
    assert.ok(asked.length > 10);
    assert.deepEqual(
      asked.filter((url) => /plum|key=/.test(url)),
      [],
    );
    const log = await page.evaluate(() =>
      window.jam.socket.log.entries({ withFrequent: true }).map(({ text }) => text),
    );
    assert.ok(log.some((text) => text.includes('"key":"…"')));
    assert.doesNotMatch(log.join('\n'), /plum/);
  });

  test('asks for it before joining, and again when it does not fit', async () => {
    await locked();
    const page = await room(SMALL_PHONE);
    await waitForText(page, '#lobby-line', 'This room takes a key.');
    await page.waitForSelector('#lobby-key:visible');
    await page.tap('#listen-button');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'lobby-key');
    await screenshot(page, 'lobby-320', SHOTS);
    await assertFits(page);
    await assertNamed(page);
    await page.fill('#lobby-key', 'plum');
    await page.tap('#listen-button');
    await waitForText(page, '#door-title', 'That key does not fit');
    assert.equal(await page.inputValue('#door-field'), 'plum');
    await screenshot(page, 'door-320', SHOTS);
    await assertFits(page);
    await assertNamed(page);
    await page.fill('#door-field', 'plum & jam');
    await page.tap('#door-open');
    await page.waitForSelector(OPEN);
    await page.reload();
    await page.waitForSelector(OPEN);
  });

  test('with a wrong key in the link it says so, and does not go on trying it', async () => {
    await locked();
    const page = await browser.open(link('apricot'));
    await waitForText(page, '#lobby-key-trouble', 'That key does not fit.');
    const isSeen = ([told, field]) => told < field && field < innerHeight;
    const bottoms = ['#lobby-key-trouble', '#lobby-key'].map(async (part) => {
      const { y, height } = await page.locator(part).boundingBox();
      return y + height;
    });
    assert.ok(await page.evaluate(isSeen, await Promise.all(bottoms)), 'right above the field');
    await page.waitForSelector('#lobby-key:visible');
    await page.fill('#lobby-key', 'plum & jam');
    await join(page, { name: 'Ben', role: 'viewer' });
  });

  test('too many wrong ones are told calmly', async () => {
    await locked();
    const page = await room();
    await page.waitForSelector('#lobby-key:visible');
    await page.fill('#lobby-key', 'plum & jam');
    // Every three seconds one more may be tried: who guesses goes on until the right one was too late.
    await page.evaluate(async () => {
      let guesses = 0;
      const guess = async () => {
        guesses += 1;
        const headers = { Authorization: `Bearer guess${guesses}` };
        return (await fetch('/api/rooms/jam1', { headers })).status;
      };
      while ((await guess()) !== 429);
      document.querySelector('#listen-button').click();
      const isDecided = () =>
        document.querySelector('#door-title').textContent !== '' ||
        document.body.dataset.connection === 'open';
      while (!isDecided()) await guess();
    });
    await waitForText(page, '#door-title', 'Too many wrong keys');
    assert.equal(await page.inputValue('#door-field'), 'plum & jam');
    await screenshot(page, 'attempts', SHOTS);
  });
});

describe('the host’s lock', () => {
  test('is set, shared with the link and its code, changed and taken away', async () => {
    await startServer({ args: [] });
    const ana = await host();
    const ben = await guest('Ben');
    await ana.click('#tab-people');
    await waitForText(ana, '#lock-words', 'Who knows the address can join.');
    assert.equal(await ben.isVisible('#lock-row'), false);
    await ana.click('#lock-button');
    assert.equal(await ana.isVisible('#key-clear'), false);
    await ana.fill('#key-field', 'Grüße & 🍓');
    await screenshot(ana, 'lock', SHOTS);
    await assertNamed(ana);
    await ana.click('#key-go');
    await waitForText(ana, '#lock-words', 'Who joins needs the key.');
    assert.equal(await ben.evaluate(() => window.jam.socket.connection), 'open');

    await ana.click('#share-button');
    const shared = await ana.inputValue('#share-address');
    assert.equal(shared.split('#')[1], `key=${encodeURIComponent('Grüße & 🍓')}`);
    await waitForText(ana, '#share-key', 'The key is part of it.');
    await ana.waitForSelector('#share-qr:visible');
    assert.match(await ana.getAttribute('#share-qr', 'src'), /^blob:/);
    assert.doesNotMatch(await ana.getAttribute('#share-qr', 'alt'), /key/);
    await screenshot(ana, 'share', SHOTS);
    await ana.keyboard.press('Escape');
    await waitUntil(ben, () =>
      window.jam.socket.log
        .entries({ withFrequent: false })
        .some(({ text }) => text.includes('"locked":true')),
    );
    await ben.click('#share-button');
    await waitForText(ben, '#share-key', 'does not know');
    await ben.keyboard.press('Escape');

    const cleo = await browser.open(link('Grüße & 🍓'));
    await join(cleo, { name: 'Cleo', role: 'viewer' });
    const dan = await room();
    await dan.waitForSelector('#lobby-key:visible');
    // Who is in and loads the page again needs it as well.
    await ben.reload();
    await waitForText(ben, '#door-title', 'jam1 takes a key');
    await ben.fill('#door-field', 'Grüße & 🍓');
    await ben.click('#door-open');
    await ben.waitForSelector(OPEN);
    await ana.reload();
    await waitForRole(ana, 'host');

    await ana.click('#tab-people');
    await ana.click('#lock-button');
    await ana.click('#key-clear');
    await waitForText(ana, '#lock-words', 'Who knows the address can join.');
    await isHidden(dan, '#lobby-key');
    await ana.click('#share-button');
    assert.doesNotMatch(await ana.inputValue('#share-address'), /#/);
  });
});

describe('a key that changes while guests are in', () => {
  const through = (line) => `${line.url}/jam1#key=${encodeURIComponent('plum & jam')}`;

  /** What was shown as a key in joining. */
  function keysTried(page) {
    const tried = [];
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => {
        const message = JSON.parse(payload);
        if (message.type === 'HELLO') tried.push(message.key);
      }),
    );
    return tried;
  }

  async function lock(page, key) {
    await page.click('#tab-people');
    await page.click('#lock-button');
    await page.fill('#key-field', key);
    await page.click('#key-go');
  }

  test('is told, not shared by who has the old one, and asked for when they come back', async () => {
    await locked();
    const line = await openLine(server.port);
    const ana = await browser.open(link('plum & jam'));
    await join(ana, { name: 'Ana', role: 'host' });
    await waitForRole(ana, 'host');
    const ben = await browser.open('about:blank', SMALL_PHONE);
    const tried = keysTried(ben);
    await ben.goto(through(line));
    await join(ben, { name: 'Ben', role: 'viewer' });
    assert.deepEqual(tried, ['plum & jam']);
    await lock(ana, 'apricot');
    await waitForText(ben, '#toast-text', 'The host has set a new key.');
    await ben.tap('#share-button');
    assert.doesNotMatch(await ben.inputValue('#share-address'), /#/);
    await waitForText(ben, '#share-key', 'does not know');
    await ben.keyboard.press('Escape');
    await ana.click('#share-button');
    assert.match(await ana.inputValue('#share-address'), /#key=apricot$/);
    await ana.keyboard.press('Escape');

    line.goAway();
    line.comeBack();
    await waitForText(ben, '#door-title', 'jam1 has a new key');
    assert.equal(await ben.inputValue('#door-field'), '');
    await screenshot(ben, 'changed-320', SHOTS);
    await assertFits(ben);
    await assertNamed(ben);
    await ben.fill('#door-field', 'plum & jam');
    await ben.tap('#door-open');
    await waitForText(ben, '#door-title', 'That key does not fit');
    await ben.fill('#door-field', 'apricot');
    await ben.tap('#door-open');
    await ben.waitForSelector(OPEN);
    // The old one was typed, and never tried by itself.
    assert.deepEqual(tried, ['plum & jam', undefined, 'plum & jam', 'apricot']);
    await ben.reload();
    await ben.waitForSelector(OPEN);
    line.close();
  });

  test('lets the host come back who has set it, and a refusal changes nothing', async () => {
    await locked();
    const line = await openLine(server.port);
    const ana = await browser.open(through(line));
    await join(ana, { name: 'Ana', role: 'host' });
    await waitForRole(ana, 'host');
    await ana.click('#tab-people');
    await ana.click('#lock-button');
    await ana.click('#key-clear');
    await waitForText(ana, '#notice-text', 'the server asks for its key');
    await ana.reload();
    await waitForRole(ana, 'host');
    await lock(ana, 'apricot');
    await waitUntil(ana, () => JSON.parse(sessionStorage['jam-keys']).room === 'apricot');
    line.goAway();
    await ana.waitForSelector('body[data-connection="reconnecting"]');
    line.comeBack();
    await ana.waitForSelector(OPEN);
    await waitForRole(ana, 'host');
    line.close();
  });
});

describe('the key to the host seat', () => {
  test('is asked for at the door, where listening is fine without', async () => {
    await startServer({ args: ['--host-key', 'stone'] });
    const ana = await room();
    await ana.click('#host-button');
    await waitForText(ana, '#door-title', 'Hosting takes a key here');
    await ana.fill('#door-field', 'pebble');
    await ana.click('#door-open');
    await waitForText(ana, '#door-title', 'That host key does not fit');
    await ana.fill('#door-field', 'stone');
    await ana.click('#door-open');
    await waitForRole(ana, 'host');
    await ana.reload();
    await waitForRole(ana, 'host');
    const ben = await room();
    await waitUntil(ben, () => document.querySelector('#lobby-line').textContent !== '');
    await join(ben, { name: 'Ben', role: 'viewer' });
  });

  test('is asked for when the free seat is taken in the room', async () => {
    await startServer({ args: ['--host-key', 'stone'] });
    const ben = await room();
    await ben.click('#host-button');
    await ben.click('#door-listen');
    await waitForRole(ben, 'viewer');
    await ben.click('#notice-button');
    await waitForText(ben, '#key-title', 'Hosting takes a key here');
    await ben.fill('#key-field', 'pebble');
    await ben.click('#key-go');
    await waitForText(ben, '#key-title', 'That host key does not fit');
    await ben.fill('#key-field', 'stone');
    await ben.click('#key-go');
    await waitForRole(ben, 'host');
  });
});
