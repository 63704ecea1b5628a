// What a phone is told when somebody puts jam on its home screen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser, server, startServer, useRealParts } from './harness.js';

useRealParts();

test('every icon of the manifest is there, and as large as it says', async () => {
  await startServer();
  const page = await browser.open(server.url);
  const { manifest, icons } = await page.evaluate(async () => {
    const link = (rel) => document.querySelector(`link[rel="${rel}"]`).href;
    const response = await fetch(link('manifest'));
    const manifest = await response.json();
    const touch = { src: link('apple-touch-icon'), sizes: '180x180' };
    const sizeOf = async ({ src, sizes }) => {
      const image = new Image();
      image.src = src;
      await image.decode();
      return { src, sizes, actual: `${image.naturalWidth}x${image.naturalHeight}` };
    };
    return { manifest, icons: await Promise.all([...manifest.icons, touch].map(sizeOf)) };
  });
  assert.deepEqual(
    [manifest.name, manifest.start_url, manifest.display],
    ['jam', '/', 'standalone'],
  );
  assert.ok(manifest.icons.some(({ purpose }) => purpose === 'maskable'));
  for (const { src, sizes, actual } of icons) {
    if (sizes !== 'any') assert.equal(actual, sizes, src);
  }
});
