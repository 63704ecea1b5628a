// The queue as the host changes it and everybody sees it: by mouse, by finger, by keyboard, and while
// the network is away.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  assertFits,
  assertNamed,
  browser,
  choose,
  join,
  room,
  screenshot,
  server,
  startServer,
  useRealParts,
  waitForPhase,
  waitForText,
  waitUntil,
} from './harness.js';
import { startNode } from './fake-node.js';
import { putTrack, wav } from './music.js';
import { feed, nodeOf } from './swarm-feed.js';

const SMALL_PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };

useRealParts();

/** A host in room jam1 with one tone for each name, `sec` seconds long. */
async function hostWith(names, { sec = 30, options } = {}) {
  await startServer({ args: [] });
  const host = await room(options);
  await join(host, { name: 'Ana', role: 'host' });
  for (const [index, name] of names.entries()) {
    await putTrack(server.url, `${name}.wav`, wav({ sec, hz: 200 + 7 * index }));
  }
  await waitForQueue(host, names);
  await settle(host);
  return host;
}

/** For a moment after joining a tap falls on nothing; and the queue shall be in view on a phone. */
async function settle(page) {
  await page.waitForSelector('#party:not(.is-settling)');
  await page.evaluate(() => document.querySelector('.tabs').scrollIntoView());
}

async function guestOf(options) {
  const guest = await room(options);
  await join(guest, { name: 'Ben', role: 'viewer' });
  await settle(guest);
  return guest;
}

/** Waits until the rows have these titles, in this order. */
async function waitForQueue(page, titles) {
  await waitUntil(
    page,
    (wanted) => {
      const rows = [...document.querySelectorAll('#queue > li:not([hidden]) .row-title')];
      return JSON.stringify(rows.map((row) => row.textContent)) === JSON.stringify(wanted);
    },
    titles,
  );
}

async function waitForCurrent(page, title) {
  await waitUntil(
    page,
    (title) =>
      document.querySelector('#queue .is-current [aria-current] .row-title')?.textContent === title,
    title,
  );
}

const row = (title) => `#queue > li:has(.row-title:text-is("${title}"))`;

async function middleOf(page, selector) {
  const box = await page.locator(selector).boundingBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2, height: box.height };
}

/** Takes a row by its grip and holds it over another. */
async function dragOver(page, title, overTitle) {
  const from = await middleOf(page, `${row(title)} .grip`);
  const to = await middleOf(page, `${row(overTitle)} .grip`);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x, (from.y + to.y) / 2, { steps: 4 });
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.waitForSelector(`${row(title)}.is-dragged`);
}

const position = (page) => page.evaluate(() => window.jam.player.snapshot().positionSec);

describe('the order', () => {
  test('changes by dragging with a mouse, for everybody', async () => {
    const host = await hostWith(['one', 'two', 'three', 'four']);
    const guest = await guestOf();
    await dragOver(host, 'one', 'three');
    await screenshot(host, 'dragging-laptop', 'screenshots-queue');
    await host.mouse.up();
    await waitForQueue(host, ['two', 'three', 'one', 'four']);
    await waitForQueue(guest, ['two', 'three', 'one', 'four']);
    await dragOver(host, 'four', 'two');
    await host.mouse.up();
    await waitForQueue(guest, ['four', 'two', 'three', 'one']);
    assert.equal(await host.locator('#move-dialog').isVisible(), false, 'a drag is no tap');
  });

  test('changes by dragging with a finger, which scrolls everywhere else', async () => {
    const host = await hostWith(['one', 'two', 'three', 'four'], { options: SMALL_PHONE });
    const grip = await middleOf(host, `${row('one')} .grip`);
    const touch = await host.context().newCDPSession(host);
    const send = (type, y) =>
      touch.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [{ x: grip.x, y }],
      });
    const scrolled = await host.evaluate(() => scrollY);
    await send('touchStart', grip.y);
    for (const share of [0.3, 0.6, 1, 1.3, 1.6, 2]) await send('touchMove', grip.y + share * 64);
    await host.waitForSelector(`${row('one')}.is-dragged`);
    assert.equal(await host.evaluate(() => scrollY), scrolled, 'the page holds still');
    await screenshot(host, 'dragging-320', 'screenshots-queue');
    await send('touchEnd');
    await waitForQueue(host, ['two', 'three', 'one', 'four']);
  });

  test('changes by keyboard, which keeps the focus and says the new place', async () => {
    const host = await hostWith(['one', 'two', 'three']);
    await host.focus(`${row('one')} .pick`);
    await host.keyboard.press('Alt+ArrowDown');
    await waitForQueue(host, ['two', 'one', 'three']);
    await waitForText(host, '#announcer', 'one is number 2 of 3.');
    await host.keyboard.press('Alt+ArrowDown');
    await waitForQueue(host, ['two', 'three', 'one']);
    assert.equal(
      await host.evaluate(() => document.activeElement.closest('li').textContent.includes('one')),
      true,
    );
    // Without Alt the arrows walk.
    await host.keyboard.press('ArrowUp');
    await host.keyboard.press('ArrowUp');
    await host.keyboard.press('Enter');
    await waitForCurrent(host, 'two');
    await host.focus(`${row('one')} .grip`);
    await host.keyboard.press('Home');
    await waitForQueue(host, ['one', 'two', 'three']);
    await host.keyboard.press('ArrowDown');
    await waitForQueue(host, ['two', 'one', 'three']);
  });

  test('changes without dragging, in the sheet behind the grip', async () => {
    const host = await hostWith(['one', 'two', 'three', 'four'], { options: SMALL_PHONE });
    await choose(host, 'one');
    await waitForCurrent(host, 'one');
    await host.tap(`${row('four')} .grip`);
    await host.waitForSelector('#move-dialog[open]');
    await waitForText(host, '#move-facts', 'Number 4 of 4 · added by Ana');
    await screenshot(host, 'move-sheet-320', 'screenshots-queue');
    await assertFits(host);
    assert.ok(
      await host.evaluate(() => {
        const sheet = document.querySelector('#move-dialog');
        return sheet.scrollWidth <= sheet.clientWidth;
      }),
    );
    await host.tap('[data-move="next"]');
    await waitForText(host, '#move-facts', 'Number 2 of 4');
    await host.tap('#move-dialog [data-close]');
    await waitForQueue(host, ['one', 'four', 'two', 'three']);
  });

  test('holds still during a drag, whatever the room says meanwhile', async () => {
    const host = await hostWith(['one', 'two', 'three']);
    await dragOver(host, 'one', 'two');
    await putTrack(server.url, 'late.wav', wav({ hz: 999 }));
    await waitForText(host, '#queue-count', '4');
    await host.waitForSelector(`${row('one')}.is-dragged`);
    assert.equal(await host.locator('#queue > li').count(), 3);
    await host.mouse.up();
    await waitForQueue(host, ['two', 'one', 'three', 'late']);
    await dragOver(host, 'two', 'late');
    await host.keyboard.press('Escape');
    await host.waitForSelector('#queue:not(.is-sorting)');
    await host.mouse.up();
    await waitForQueue(host, ['two', 'one', 'three', 'late']);
  });

  test('of five hundred tracks is moved with a single row', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `track ${index}`);
    const host = await hostWith(names, { sec: 0.01 });
    await host.evaluate(() => {
      window.added = 0;
      new MutationObserver((records) => {
        for (const record of records) window.added += record.addedNodes.length;
      }).observe(document.querySelector('#queue'), { childList: true });
    });
    await host.focus(`${row('track 0')} .grip`);
    await host.keyboard.press('End');
    await waitForText(host, '#announcer', 'track 0 is number 500 of 500.');
    await waitForQueue(host, [...names.slice(1), 'track 0']);
    assert.equal(await host.evaluate(() => window.added), 1);
    await host.fill('#filter-field', 'track 49');
    await waitForQueue(
      host,
      names.filter((name) => name.includes('track 49')),
    );
    await screenshot(host, 'filtered-laptop', 'screenshots-queue');
  });
});

describe('next and previous', () => {
  test('go through the queue, by button and by key, and the end is told', async () => {
    const host = await hostWith(['one', 'two', 'three']);
    const guest = await guestOf();
    await choose(host, 'one');
    await waitForPhase(host, 'playing');
    await host.click('#next-button');
    await waitForCurrent(guest, 'two');
    await host.keyboard.press('n');
    await waitForCurrent(guest, 'three');
    await waitForCurrent(host, 'three');
    await host.waitForSelector('#next-button[aria-disabled="true"]');
    await host.keyboard.press('Shift+ArrowRight');
    await waitForText(host, '#notice-text', 'That is the last one');
    await waitForCurrent(host, 'three');
    await host.click('#prev-button');
    await waitForCurrent(guest, 'two');
    await waitForCurrent(host, 'two');
    await waitForPhase(host, 'playing');
    // Once the track has played for a while, back is its own beginning.
    await host.keyboard.press('ArrowRight');
    await waitUntil(host, () => window.jam.player.snapshot().positionSec > 4);
    await host.keyboard.press('p');
    await waitUntil(host, () => window.jam.player.snapshot().positionSec < 3);
    await waitForCurrent(host, 'two');
    await waitForPhase(host, 'playing');
    await host.keyboard.press('p');
    await waitForCurrent(host, 'one');
  });

  test('go on from where the room is, before that is heard', async () => {
    const host = await hostWith(['one', 'two', 'three', 'four']);
    await choose(host, 'one');
    await waitForPhase(host, 'playing');
    const { tracks } = await (await fetch(`${server.url}/api/rooms/jam1`)).json();
    for (const { track_id: id } of tracks.slice(1)) {
      await host.keyboard.press('n');
      await waitUntil(
        host,
        (id) => {
          const entries = window.jam.socket.log.entries({ withFrequent: false });
          const states = entries.filter(
            ({ type, direction }) => type === 'STATE' && direction === 'in',
          );
          return states.at(-1).text.includes(id);
        },
        id,
      );
    }
    await waitForCurrent(host, 'four');
  });

  test('need nobody at the end of a track, and the end of the last is told', async () => {
    const host = await hostWith(['one', 'two'], { sec: 3 });
    const guest = await guestOf();
    await choose(host, 'one');
    await waitForCurrent(host, 'two');
    await waitForCurrent(guest, 'two');
    await waitForText(host, '#status', 'That was the last one. Add music, or play it again.');
    await waitForText(guest, '#status', 'That was the last one. Ana can add more.');
    await screenshot(host, 'end-laptop', 'screenshots-queue');
    await host.click('#play-button');
    await waitForPhase(host, 'playing');
  });
});

describe('taking a track out', () => {
  test('of the one that plays starts the next, and can be undone', async () => {
    const host = await hostWith(['one', 'two', 'three']);
    const guest = await guestOf();
    await choose(host, 'two');
    await waitForPhase(host, 'playing');
    await host.click(`${row('two')} .remove`);
    // It can be undone for nine seconds, of which a busy machine shall have as many as there are.
    await waitForText(host, '#toast-text', 'two is out of the queue.');
    await waitForQueue(guest, ['one', 'three']);
    await screenshot(host, 'removed-laptop', 'screenshots-queue');
    await host.click('#toast-button');
    await waitForQueue(guest, ['one', 'two', 'three']);
    await waitForCurrent(guest, 'three');
    await waitForPhase(host, 'playing');
  });

  test('by keyboard leads on to the next row', async () => {
    const host = await hostWith(['one', 'two', 'three']);
    await host.focus(`${row('two')} .pick`);
    await host.keyboard.press('Delete');
    await waitForQueue(host, ['one', 'three']);
    const label = () => host.evaluate(() => document.activeElement.getAttribute('aria-label'));
    assert.equal(await label(), 'Remove three from the queue');
    await host.keyboard.press('Enter');
    assert.equal(await label(), 'Remove one from the queue');
    await host.keyboard.press('Enter');
    await waitForText(host, '#now-title', 'Nothing to play yet');
    assert.equal(await host.evaluate(() => document.activeElement.id), 'add-button');
  });
});

describe('a guest', () => {
  test('on a small phone sees all of it and nothing that is not for them', async () => {
    const host = await hostWith(['one', 'two', 'three']);
    const guest = await guestOf(SMALL_PHONE);
    await choose(host, 'two');
    await waitForPhase(guest, 'playing');
    await waitForCurrent(guest, 'two');
    await waitForText(guest, '#queue', 'three0:30');
    await waitForText(guest, '#queue', 'added by Ana');
    assert.equal(await guest.locator('#queue button').count(), 0);
    for (const id of ['add-row', 'dock-add', 'controls', 'uploads']) {
      assert.equal(await guest.isVisible(`#${id}`), false, id);
    }
    await screenshot(guest, 'guest-320', 'screenshots-queue');
    await assertFits(guest);
    await assertNamed(guest);
    await assertNamed(host);
    await guest.tap('#tab-history');
    await waitForText(guest, '#played', 'two');
    assert.equal(await guest.locator('#played button').count(), 0);
    await screenshot(guest, 'guest-history-320', 'screenshots-queue');
    await assertFits(guest);
  });

  test('who takes the seat can change it at once', async () => {
    const host = await hostWith(['one', 'two']);
    const guest = await guestOf();
    await host.close();
    await waitForText(guest, '#notice', 'Ana left');
    await guest.click('#notice-button');
    await guest.click(`${row('one')} .remove`);
    await waitForQueue(guest, ['two']);
  });
});

describe('a track that is still on its way', () => {
  const entry = (changes) => ({
    track_id: 'c'.repeat(64),
    name: 'prelude.opus',
    bytes: 320 * 16384,
    content_type: 'audio/ogg; codecs=opus',
    added_by: "Ana's laptop",
    ...changes,
  });
  const rowText = '#queue .row-sub';

  test('says that it waits, how much has come, and that it is there', async () => {
    await startServer({ args: [] });
    const page = await room(SMALL_PHONE);
    const { say, tell } = await feed(page);
    await page.reload();
    await join(page, { name: 'Zoe', role: 'viewer' });
    await settle(page);
    const queue = (...tracks) => tell({ type: 'QUEUE', room: 'jam1', tracks });
    const server = (have) => say([nodeOf('server', 'Server', have, { server: true })]);
    queue(entry({ awaited: true }));
    await waitForText(page, rowText, 'Waiting for its seed');
    await waitForText(page, rowText, "added by Ana's laptop");
    assert.equal(await page.locator('#queue .is-awaited').count(), 1);
    server(0);
    server(138);
    await waitForText(page, rowText, 'Arriving, 43\u202f%');
    // Another track has its turn; of this one is known what was known.
    say([nodeOf('server', 'Server', 7, { server: true, track_id: 'd'.repeat(64) })]);
    server(170);
    await waitForText(page, rowText, 'Arriving, 53\u202f%');
    await screenshot(page, 'awaited-320', 'screenshots-queue');
    await assertFits(page);
    await assertNamed(page);
    queue(entry({ title: 'Prelude', artist: 'Bach' }));
    await waitForText(page, rowText, 'Bach');
    await waitForText(page, '#announcer', 'Prelude has arrived.');
    assert.equal(await page.locator('#queue .is-awaited').count(), 0);
    assert.doesNotMatch(await page.textContent(rowText), /Arriving/);
  });

  test('goes when the room gives it up, and keeps its row while its words change', async () => {
    await startServer({ args: [] });
    const guest = await guestOf();
    const machines = await browser.open(`${server.url}/`);
    const node = await startNode(machines, { name: "Ana's laptop", nodeId: '9f86d081884c7d65' });
    await guest.evaluate(() => {
      window.queueLengths = [];
      const list = document.querySelector('#queue');
      new MutationObserver(() => window.queueLengths.push(list.children.length)).observe(list, {
        childList: true,
      });
    });
    // Larger than the server takes: it comes, and goes by itself.
    await node.offer({ name: 'two.wav', bytes: 2 ** 43, content_type: 'audio/wav' });
    await waitUntil(guest, () => window.queueLengths.join() === '1,0');
    await node.offer({ name: 'two.wav', bytes: 1000, content_type: 'audio/wav' });
    await waitForText(guest, '#queue .is-awaited .row-sub', 'Waiting for its seed');

    const host = await room();
    await join(host, { name: 'Ana', role: 'host' });
    await settle(host);
    await putTrack(server.url, 'one.wav', wav({ sec: 30, hz: 200 }));
    await waitForQueue(host, ['two', 'one']);
    await host.focus(`${row('two')} .grip`);
    await host.keyboard.press('Enter');
    await waitForText(host, '#move-facts', 'Number 1 of 2 · Waiting for its seed');
    await host.keyboard.press('Escape');
    await host.focus(`${row('two')} .grip`);
    await host.keyboard.press('End');
    await waitForQueue(host, ['one', 'two']);
    await waitForText(host, '#queue .is-awaited .row-sub', 'Waiting for its seed');
    await assertNamed(host);
  });
});

describe('the history of the evening', () => {
  test('grows with each track, the latest first, and brings one back', async () => {
    const host = await hostWith(['one', 'two', 'three']);
    await host.click('#tab-history');
    await waitForText(host, '#played-empty', 'Nothing has been played yet');
    await screenshot(host, 'history-empty-laptop', 'screenshots-queue');
    await host.click('#tab-queue');
    for (const name of ['one', 'two']) {
      await choose(host, name);
      await waitForPhase(host, 'playing');
      await waitForCurrent(host, name);
    }
    await host.click('#tab-history');
    const played = () => host.locator('#played .row-title').allTextContents();
    await waitForText(host, '#played', 'two');
    assert.deepEqual(await played(), ['two', 'one']);
    assert.match(await host.textContent('#played time'), /\d{1,2}.\d{2}/);
    await screenshot(host, 'history-laptop', 'screenshots-queue');
    assert.equal(await host.isVisible('#played li:has-text("two") button'), false, 'it plays');
    await host.click('#played li:has-text("one") button');
    await host.click('#tab-queue');
    await waitForQueue(host, ['two', 'three', 'one']);
    await host.click(`${row('one')} .remove`);
    await waitForQueue(host, ['two', 'three']);
    await host.click('#tab-history');
    await host.click('#played li:has-text("one") button');
    await host.click('#tab-queue');
    await waitForQueue(host, ['two', 'three', 'one']);
    // Who comes later reads the same.
    const guest = await guestOf();
    await guest.click('#tab-history');
    await waitForText(guest, '#played', 'one');
    assert.deepEqual(await guest.locator('#played .row-title').allTextContents(), ['two', 'one']);
  });
});

describe('without a connection', () => {
  test('the queue rests and says why, and the music goes on', async () => {
    const host = await hostWith(['one', 'two', 'three'], { options: SMALL_PHONE });
    await choose(host, 'one');
    await waitForPhase(host, 'playing');
    await server.stop('SIGKILL');
    await waitForText(host, '#notice', 'The music goes on');
    await waitForText(host, '#queue-offline', 'can be changed again in a moment');
    await host.tap(`${row('two')} .remove`, { force: true });
    await waitForText(host, '#toast-text', 'did not reach the room');
    await host.focus(`${row('two')} .grip`);
    await host.keyboard.press('ArrowDown');
    await waitForQueue(host, ['one', 'two', 'three']);
    await screenshot(host, 'offline-320', 'screenshots-queue');
    await assertFits(host);
    const before = await position(host);
    await waitUntil(host, (sec) => window.jam.player.snapshot().positionSec > sec + 0.5, before);
  });
});
