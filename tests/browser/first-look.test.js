// What somebody sees first: a page that does not come, and people on a phone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { room, startServer, useRealParts, waitUntil } from './harness.js';
import { guest, host } from './members.js';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

useRealParts();

test('a page of which a part is missing says so after a while', async () => {
  await startServer();
  const page = await room();
  await page.route('**/clock.js', (route) => route.fulfill({ status: 503 }));
  await page.reload();
  const late = page.locator('.boot-late');
  assert.equal(await late.isVisible(), false, 'not at once');
  await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
  await late.waitFor({ state: 'visible' });
  assert.match(await late.textContent(), /Load the page again/);
});

for (const [name, device] of Object.entries({ phone: PHONE, laptop: {} })) {
  test(`on a ${name} the dots of a member stand beside its name, and the numbers in one column`, async () => {
    await startServer();
    const ana = await host(device);
    await guest('Ben');
    await ana.click('#tab-people');
    const ben = ana.locator('#members > li:has(.row-title:text-is("Ben"))');
    await ben.locator('.menu').waitFor({ state: 'visible' });
    // A row that is new slides in.
    await waitUntil(ana, () => {
      const reports = [...document.querySelectorAll('#members .report')];
      return new Set(reports.map((one) => one.getBoundingClientRect().right)).size === 1;
    });
    const box = (part) => ben.locator(part).boundingBox();
    const [row, menu, title] = await Promise.all([
      ben.boundingBox(),
      box('.menu'),
      box('.row-title'),
    ]);
    assert.ok(menu.y < title.y + title.height && menu.x > title.x + title.width, 'beside the name');
    assert.ok(menu.y + menu.height <= row.y + row.height, 'within the row');
  });
}
