// Whoever was held up, out of sight, frozen or on another network is back in sync without a click.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertBack,
  browser,
  counts,
  joins,
  listen,
  page,
  proxy,
  roomGoesOn,
  useListener,
} from './listener.js';

useListener();

test('a main thread that is blocked for a second costs nothing', async (context) => {
  await listen();
  const before = await counts();
  const sinceMs = Date.now();
  await page.evaluate(() => {
    const endMs = performance.now() + 1000;
    while (performance.now() < endMs);
  });
  await assertBack(sinceMs, context);
  assert.deepEqual({ ...(await counts()), bends: 0 }, { ...before, bends: 0 });
  assert.equal(await joins(), 0);
});

test('a page in the background plays on in sync', async (context) => {
  await listen();
  const before = await counts();
  const sinceMs = Date.now();
  await browser.hideAll();
  await page.waitForFunction(() => document.hidden);
  await roomGoesOn(10);
  await assertBack(sinceMs, context, 'while hidden: ');
  await page.front();
  await assertBack(sinceMs, context, 'seen again: ');
  assert.deepEqual({ ...(await counts()), bends: 0 }, { ...before, bends: 0 });
});

test('a page that was frozen in the background comes back by itself', async (context) => {
  await listen();
  await browser.hideAll();
  await page.waitForFunction(() => document.hidden);
  await page.setLifecycle('frozen');
  await roomGoesOn(5);
  const sinceMs = Date.now();
  await page.setLifecycle('active');
  await page.front();
  await assertBack(sinceMs, context);
});

test('on another network the old connection is given up, and the sound stays', async (context) => {
  await listen();
  const before = await counts();
  const sinceMs = Date.now();
  proxy.strand();
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.waitForFunction(() => window.joins > 0);
  context.diagnostic(`joined anew after ${Date.now() - sinceMs} ms`);
  await assertBack(sinceMs, context);
  assert.deepEqual({ ...(await counts()), bends: 0 }, { ...before, bends: 0 });
});
