// What guests may do, as the host sets it: adding music, votes to skip, everything; and removing somebody.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  assertFits,
  assertNamed,
  choose,
  screenshot,
  startServer,
  waitForPhase,
  waitForText,
  waitUntil,
} from './harness.js';
import {
  SHOTS,
  SMALL_PHONE,
  allow,
  guest,
  host,
  isHidden,
  openMenu,
  playing,
  putTone,
  row,
  useRealLine,
  waitForQueue,
  waitForRole,
  waitUntilSaid,
  windowBeside,
} from './members.js';
import { asFile, wav } from './music.js';

const startLine = useRealLine();

describe('what guests may do', () => {
  test('is shown and works level by level, and ends when the host says so', async () => {
    await startServer({ args: [] });
    const ana = await host();
    await putTone('one', 300);
    await putTone('two', 400);
    const ben = await guest('Ben', SMALL_PHONE);
    await waitForQueue(ben, ['one', 'two']);
    await playing(ana, 'one');
    await waitForPhase(ben, 'playing');
    const shown = async () => {
      const all = ['add-row', 'dock-add', 'vote-row', 'controls', 'seek'];
      const flags = await Promise.all(all.map((id) => ben.isVisible(`#${id}`)));
      return all.filter((_, index) => flags[index]);
    };
    assert.deepEqual(await shown(), []);
    assert.equal(await ben.locator('#queue button').count(), 0);

    await allow(ana, 'add');
    await waitUntilSaid(ben, 'You can add music now.');
    await ben.waitForSelector('#add-row:visible');
    assert.deepEqual(await shown(), ['add-row', 'dock-add']);
    const three = asFile('three.wav', wav({ sec: 150, hz: 500 }));
    await ben.setInputFiles('#upload-field', [three]);
    await waitForQueue(ana, ['one', 'two', 'three']);
    await ben.waitForSelector(`${row('three')} .remove`);
    assert.equal(await ben.locator('#queue button').count(), 1, 'only what Ben has brought');
    await assertFits(ben);
    await assertNamed(ben);
    await ben.evaluate(() => document.querySelector('.tabs').scrollIntoView());
    await screenshot(ben, 'guest-adds-320', SHOTS);
    await ben.tap(`${row('three')} .remove`);
    await waitForQueue(ana, ['one', 'two']);
    await ben.setInputFiles('#upload-field', [three]);
    await waitForQueue(ana, ['one', 'two', 'three']);

    await allow(ana, 'vote');
    await ben.waitForSelector('#vote-row:visible');
    assert.deepEqual(await shown(), ['add-row', 'dock-add', 'vote-row']);
    await assertFits(ben);

    await allow(ana, 'everything');
    await ben.waitForSelector('#controls:visible');
    assert.deepEqual(await shown(), ['add-row', 'dock-add', 'controls', 'seek']);
    await ben.tap('#play-button');
    await waitForPhase(ana, 'paused');
    await choose(ben, 'three');
    await waitForText(ana, '#now-title', 'three');
    await waitForPhase(ben, 'playing');
    assert.equal(await ben.isVisible('.menu'), false, 'people are the host’s');
    await ben.tap('#tab-people');
    assert.equal(await ben.isVisible('#guests-row'), false);
    await waitForText(ben, '#guests-words', 'Everybody may control everything.');

    await allow(ana, 'nothing');
    await isHidden(ben, '#controls');
    await ben.tap('#tab-queue');
    assert.deepEqual(await shown(), []);
    assert.equal(await ben.locator('#queue button').count(), 0);
  });

  test('is what it was when a guest or the host comes back', async () => {
    await startServer({ args: [] });
    const line = await startLine();
    const ana = await host({ url: line.url });
    const ben = await guest('Ben', { url: line.url });
    await allow(ana, 'add');
    await ben.waitForSelector('#add-row:visible');
    line.down();
    await ben.waitForSelector('body[data-connection="reconnecting"]');
    line.up();
    await waitForRole(ana, 'host');
    await waitForRole(ben, 'viewer');
    await ana.click('#tab-people');
    assert.equal(await ana.inputValue('#guests-field'), 'add');
    await ben.waitForSelector('#add-row:visible');
  });

  test('a track is skipped when more than half want to', async () => {
    await startServer({ args: [] });
    const ana = await host();
    await putTone('one', 300);
    await putTone('two', 400);
    await waitForQueue(ana, ['one', 'two']);
    const ben = await guest('Ben');
    const cleo = await guest('Cleo', SMALL_PHONE);
    await playing(ana, 'one');
    await allow(ana, 'vote');
    await cleo.waitForSelector('#vote-button:visible');
    await ben.click('#vote-button');
    await waitForText(cleo, '#vote-text', 'Skip? 1 of 2');
    await waitForText(ben, '#vote-text', 'Skip? 1 of 2');
    assert.equal(await ben.getAttribute('#vote-button', 'aria-pressed'), 'true');
    assert.equal(await cleo.getAttribute('#vote-button', 'aria-pressed'), 'false');
    await waitForText(ana, '#skip-count', '1/2');
    assert.match(await ana.getAttribute('#next-button', 'aria-label'), /1 of 2 want to skip/);
    await screenshot(cleo, 'vote-320', SHOTS);
    await screenshot(ana, 'vote-host-laptop', SHOTS);
    await assertFits(cleo);
    await ben.click('#vote-button');
    await waitUntil(cleo, () => document.querySelector('#vote-text').textContent === 'Skip?');
    await ben.focus('#vote-button');
    await ben.keyboard.press('Space');
    await waitForText(cleo, '#vote-text', '1 of 2');
    await cleo.tap('#vote-button');
    for (const page of [ana, ben, cleo]) await waitForText(page, '#now-title', 'two');
    await waitForPhase(ben, 'playing');
    await waitUntil(ben, () => document.querySelector('#vote-text').textContent === 'Skip?');
    assert.equal(await ben.getAttribute('#vote-button', 'aria-pressed'), 'false');
    assert.equal(await ana.textContent('#skip-count'), '');
  });
});

describe('removing somebody', () => {
  test('asks first, is final, and is told calmly', async () => {
    await startServer({ args: [] });
    const ana = await host();
    const ben = await guest('Ben', SMALL_PHONE);
    await playing(ana);
    await waitForPhase(ben, 'playing');
    await openMenu(ana, 'Ben');
    await ana.click('#member-remove');
    await waitForText(ana, '#member-text', 'Remove Ben from this room?');
    assert.equal(await ana.evaluate(() => document.activeElement.id), 'member-keep');
    await ana.keyboard.press('Enter');
    await isHidden(ana, '#member-dialog');
    await openMenu(ana, 'Ben');
    await ana.click('#member-remove');
    await ana.click('#member-sure');
    await waitForText(ben, '#ending-title', 'Ana removed you from this room');
    assert.equal(await ben.evaluate(() => document.activeElement.id), 'ending-title');
    assert.equal(await ben.evaluate(() => window.jam.player.snapshot().phase), 'idle');
    await screenshot(ben, 'removed-320', SHOTS);
    await assertFits(ben);
    await waitUntil(ana, () => !document.querySelector('#members').textContent.includes('Ben'));
    assert.equal(await ana.getAttribute('body', 'data-phase'), 'playing');
    await ben.reload();
    await waitForText(ben, '#ending-title', 'removed you from this room');
    const again = await windowBeside(ben);
    await again.click('#listen-button');
    await waitForText(again, '#ending-title', 'removed you from this room');
    assert.equal(await ben.getAttribute('body', 'data-connection'), 'idle');
  });

  test('closes the sheet of somebody who has left', async () => {
    await startServer({ args: [] });
    const ana = await host();
    const ben = await guest('Ben');
    await openMenu(ana, 'Ben');
    await ben.close();
    await isHidden(ana, '#member-dialog');
  });
});
