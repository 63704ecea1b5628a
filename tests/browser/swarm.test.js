// The swarm's tab: what machines say to the room becomes a picture, a table and sentences.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  browser,
  room,
  server,
  useRealParts,
  assertFits,
  assertNamed,
  join,
  screenshot,
  startServer,
  waitForText,
  waitUntil,
} from './harness.js';
import { startNode } from './fake-node.js';
import { feed, nodeOf } from './swarm-feed.js';

const PHONE = { viewport: { width: 320, height: 700 }, hasTouch: true, isMobile: true };
const ANA = '9f86d081884c7d65';
const BEN = '60303ae22b998861';

useRealParts();

/** A window at the party with the swarm's tab open. */
async function watch(options) {
  const page = await room(options);
  await join(page, { name: 'Zoe', role: 'viewer' });
  await page.click('#tab-swarm');
  return page;
}

/** The same, for SWARM messages of the test's own. */
async function watchFeed(options) {
  await startServer();
  const page = await room(options);
  const swarm = await feed(page);
  // The socket is made on joining; the route has to be there before the scripts.
  await page.reload();
  await join(page, { name: 'Zoe', role: 'viewer' });
  await page.click('#tab-swarm');
  await waitForText(page, '#swarm-headline', 'No swarm yet.');
  return { page, ...swarm };
}

/** Every node takes from the one before it; `round` makes the counts grow. */
function crowd(count, round, more = () => ({})) {
  return Array.from({ length: count }, (_, index) =>
    nodeOf(`p${index}`, `Node ${index}`, Math.min(320, index * 3 + round * 8), {
      from: index === 0 ? [] : [[`p${index - 1}`, 40 + round * 8]],
      ...more(index),
    }),
  );
}

/** How many dots' worth of pixels are painted: two that overlap are less than two. */
const dotsInView = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector('#swarm-dots');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let covered = 0;
    for (let at = 3; at < data.length; at += 4) covered += data[at] / 255;
    return covered / (Math.PI * 3.2 ** 2 * devicePixelRatio ** 2);
  });

describe('with machines in the room', () => {
  test('a seed and a taker make a ring, a chord with dots, sentences and a table', async () => {
    await startServer();
    const page = await watch();
    await waitForText(page, '#swarm-headline', 'No swarm yet.');
    const machines = await browser.open(`${server.url}/`);
    await startNode(machines, { name: "Ana's laptop", nodeId: ANA, have: 320 });
    const ben = await startNode(machines, { name: 'Ben', nodeId: BEN });
    await waitForText(page, '#swarm-headline', '2 nodes, 1 seed; 50');
    await waitForText(page, '#swarm-headline', 'nothing moves right now');

    let have = 0;
    const take = async () => {
      await ben.gain(have, have + 8, [[ANA, have + 8]]);
      have += 8;
    };
    while ((await dotsInView(page)) === 0) await take();
    await page.click('.swarm-node[aria-label^="Ben"]');
    await take();
    await waitUntil(page, () => document.querySelector('.chord.is-moving.is-own') !== null);
    await waitForText(page, '#swarm-detail', "B/s from Ana's laptop.");
    assert.match(await page.textContent('#swarm-detail'), /^Ben has \d+\u202f%\. Takes /);
    assert.match(await page.textContent('#swarm-headline'), /B\/s in all$/);
    await screenshot(page, 'swarm-two-laptop');

    await page.click('#swarm-toggle');
    await waitForText(page, '#swarm-rows', "Ana's laptopall");
    await take();
    await waitForText(page, '#swarm-rows tr:nth-child(2)', 'from 1');
    await assertNamed(page);
    await page.click('#swarm-toggle');

    await ben.gain(have, 320, [[ANA, 320]]);
    await waitForText(page, '#swarm-headline', 'All 2 nodes have the whole track.');
    assert.equal(await page.locator('.swarm-node.is-full').count(), 2);

    await ben.leave();
    await waitForText(page, '#swarm-headline', 'One node, with the whole track');
    await waitForText(page, '#swarm-detail', "Ana's laptop has the whole track. It waits for");
  });

  test('machines are no listeners, and stand apart in the list of people', async () => {
    await startServer();
    const page = await room();
    await join(page, { name: 'Zoe', role: 'viewer' });
    const machines = await browser.open(`${server.url}/`);
    await startNode(machines, { name: 'nas', nodeId: ANA, have: 320 });
    await page.click('#tab-people');
    await waitForText(page, '#machines', 'nas');
    await waitForText(page, '#machines', 'seeding');
    assert.match(await page.textContent('#crowd'), /only you here/);
    assert.equal(await page.locator('#members li').count(), 1);
    assert.equal((await page.textContent('#people-count')).trim(), '1');
    const lobby = await room();
    await waitForText(lobby, '#lobby-names', 'Zoe');
    assert.equal(await lobby.textContent('#lobby-names'), 'Zoe');
  });

  test('before the first machine the tab has the command of this very room', async () => {
    await startServer({ host: '0.0.0.0' });
    const page = await watch(PHONE);
    await waitUntil(page, () => document.querySelector('#swarm-command').value !== '');
    await waitUntil(page, () =>
      /^jam seed song\.mp3 --room ws:\/\/[\w.:[\]-]+:\d+\/ws\/jam1$/.test(
        document.querySelector('#swarm-command').value,
      ),
    );
    await page.click('#swarm-copy');
    await waitUntil(page, () => /Copied|Selected/.test(document.body.textContent));
    await assertFits(page);
    await assertNamed(page);
  });
});

describe('a swarm of any size', () => {
  for (const [count, mode] of [
    [8, 'named'],
    [24, 'initials'],
    [100, 'dots'],
  ]) {
    test(`${count} nodes fit on a small phone, and the nearest to a thumb is meant`, async () => {
      const { page, say } = await watchFeed(PHONE);
      say(crowd(count, 0));
      await waitUntil(
        page,
        (count) => document.querySelectorAll('.swarm-node').length === count,
        count,
      );
      assert.equal(await page.getAttribute('#swarm-stage', 'data-mode'), mode);
      let most = 0;
      // In a crowd a dot stands for many chunks, and is some rounds away.
      for (let round = 1; round < 8 || (most < 0.5 && round < 100); round += 1) {
        say(crowd(count, round));
        await waitUntil(page, () => document.querySelector('.chord.is-moving') !== null);
        await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
        most = Math.max(most, await dotsInView(page));
      }
      assert.ok(most > 0.5 && most < 60 * 1.1, `${most} dots`);
      await assertFits(page);
      await assertNamed(page);
      await screenshot(page, `swarm-${count}-small-phone`);
      const place = await page.evaluate(() => {
        const node = document.querySelector('[data-node-id="p3"]');
        node.scrollIntoView({ block: 'center' });
        const { x, y, width, height } = node.getBoundingClientRect();
        return { x: x + width / 2, y: y + height / 2 };
      });
      // Towards the edge of the screen, where nobody else is.
      await page.touchscreen.tap(Math.min(318, place.x + 4), place.y);
      await waitForText(page, '#swarm-detail', 'Node 3 has ');
      assert.equal(await page.getAttribute('[data-node-id="p3"]', 'aria-pressed'), 'true');
    });
  }

  test('hostile names are text, and change nothing else', async () => {
    const { page, say } = await watchFeed(PHONE);
    const name = '<img src=x onerror="document.title=1">'.repeat(2);
    const nodes = crowd(9, 0, (index) => (index % 2 === 0 ? { name } : { name: 'x'.repeat(500) }));
    say(nodes);
    await page.click('.swarm-node >> nth=2');
    await waitForText(page, '#swarm-detail', '<img src=x');
    assert.equal(await page.locator('#panel-swarm img').count(), 0);
    await assertFits(page);
    await page.click('#swarm-toggle');
    await waitForText(page, '#swarm-rows', '<img src=x');
    assert.equal(await page.locator('#panel-swarm img').count(), 0);
    await assertFits(page);
  });

  test('nonsense of a server is left out', async () => {
    const { page, say, tell } = await watchFeed();
    say([null, 7, { peer_id: 5 }, { peer_id: 'a', map: 'x', from: { b: 1 }, name: [] }]);
    await waitForText(page, '#swarm-headline', 'One node so far');
    await waitForText(page, '#swarm-detail', 'Somebody has not said what it holds.');
    tell({ type: 'SWARM', nodes: 'many' });
    await waitForText(page, '#swarm-headline', 'No swarm yet.');
  });
});

describe('what moves', () => {
  test('a node that becomes whole pulses once, and when all are there is nothing to say but that', async () => {
    const { page, say } = await watchFeed();
    say([nodeOf('a', 'Ana', 320), nodeOf('b', 'Ben', 319)]);
    await waitForText(page, '#swarm-headline', '1 seed');
    say([nodeOf('a', 'Ana', 320), nodeOf('b', 'Ben', 320)]);
    await waitUntil(page, () => document.querySelector('[data-node-id="b"].is-done') !== null);
    assert.equal(await page.locator('[data-node-id="a"].is-done').count(), 0);
    await waitForText(page, '#swarm-headline', 'All 2 nodes have the whole track.');
    await waitUntil(page, () => document.querySelector('.is-done') === null);
  });

  test('frames are drawn only while something moves in view', async () => {
    const { page, say } = await watchFeed();
    await page.evaluate(() => {
      window.asked = 0;
      const ask = window.requestAnimationFrame;
      window.requestAnimationFrame = (callback) => {
        window.asked += 1;
        return ask.call(window, callback);
      };
    });
    const asked = () => page.evaluate(() => window.asked);
    /** Waits for a second without frames. */
    const rests = () =>
      page.evaluate(
        () =>
          new Promise((resolve) => {
            let last = -1;
            const timer = setInterval(() => {
              if (window.asked === last) {
                clearInterval(timer);
                resolve();
              }
              last = window.asked;
            }, 1000);
          }),
      );
    say(crowd(9, 0));
    await page.waitForSelector('.swarm-node');
    say(crowd(9, 1));
    await waitUntil(page, () => window.asked > 10);
    await rests();
    await page.click('#tab-queue');
    await waitUntil(page, () => document.querySelector('#panel-swarm').hidden);
    // The page hears of it with its next frame.
    await rests();
    const before = await asked();
    for (let round = 2; round < 6; round += 1) {
      say(crowd(9, round));
      await waitForText(page, '#swarm-count', '9');
    }
    say(crowd(10, 6));
    await waitForText(page, '#swarm-count', '10');
    await rests();
    assert.equal(await asked(), before, 'nothing is drawn in a hidden tab');
    assert.equal(await page.locator('.swarm-node').count(), 9);
    await page.click('#tab-swarm');
    await waitUntil(page, () => document.querySelectorAll('.swarm-node').length === 10);
    assert.equal(await dotsInView(page), 0, 'what happened meanwhile is not played after');
  });

  test('without motion the chords and rings still tell', async () => {
    const { page, say } = await watchFeed({ reducedMotion: 'reduce' });
    say(crowd(5, 0));
    await page.waitForSelector('.swarm-node');
    const ring = () => page.getAttribute('[data-node-id="p1"] .node-held', 'd');
    const before = await ring();
    say(crowd(5, 20));
    await waitUntil(page, () => document.querySelectorAll('.chord.is-moving').length === 4);
    assert.notEqual(await ring(), before);
    assert.equal(await dotsInView(page), 0);
  });
});

describe('by keyboard and ear', () => {
  test('one stop for the tab key, arrows go around, Enter asks, Escape lets go', async () => {
    const { page, say } = await watchFeed();
    say(crowd(5, 0, (index) => (index === 4 ? { dialable: false } : {})));
    await page.waitForSelector('.swarm-node');
    assert.equal(await page.locator('.swarm-node[tabindex="0"]').count(), 1);
    await page.focus('.swarm-node[tabindex="0"]');
    const focused = () => page.evaluate(() => document.activeElement.dataset.nodeId);
    assert.equal(await focused(), 'p0');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await focused(), 'p4');
    await page.keyboard.press('Enter');
    await waitForText(page, '#swarm-detail', 'Cannot be dialled; it dials the others.');
    await waitForText(page, '#announcer', 'Node 4 has ');
    // News leave the focus alone.
    say(crowd(6, 1));
    await waitUntil(page, () => document.querySelectorAll('.swarm-node').length === 6);
    assert.equal(await focused(), 'p4');
    await page.keyboard.press('Escape');
    await waitForText(page, '#swarm-detail', 'Tap a node');
    await page.keyboard.press('Home');
    assert.equal(await focused(), 'p0');
    await page.keyboard.press('End');
    assert.equal(await focused(), 'p5');
  });

  test('a picked node that leaves is let go, and a lost connection is said', async () => {
    const { page, say } = await watchFeed();
    say(crowd(3, 0));
    await page.click('[data-node-id="p2"]');
    await waitForText(page, '#swarm-detail', 'Node 2 has ');
    say(crowd(2, 0));
    await waitForText(page, '#swarm-detail', 'Tap a node');
    await server.stop('SIGKILL');
    await waitForText(page, '#swarm-headline', '(before the connection was lost)');
    assert.equal(await page.locator('.swarm-node').count(), 2);
  });
});
