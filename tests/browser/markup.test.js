// What people write is text: a name, a title, tags and a blob full of markup never become elements.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  browser,
  join,
  server,
  startServer,
  useRealParts,
  waitForText,
  waitUntil,
} from './harness.js';
import { guest, host, peerId } from './members.js';

useRealParts();

const MARKUP =
  '<img src=x onerror=window.hit=1><svg onload=window.hit=1><script>window.hit=1</script>';

/** An MPEG file with these tags and hardly any sound. */
function tagged(fields) {
  const frames = Object.entries(fields).map(([id, text]) => {
    const body = Buffer.concat([Buffer.from([3]), Buffer.from(text)]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(body.length);
    return Buffer.concat([Buffer.from(id), size, Buffer.alloc(2), body]);
  });
  const tags = Buffer.concat(frames);
  const size = [21, 14, 7, 0].map((shift) => (tags.length >> shift) & 0x7f);
  const frame = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x00]), Buffer.alloc(413)]);
  const sound = Buffer.concat(Array.from({ length: 40 }, () => frame));
  return Buffer.concat([Buffer.from('ID3'), Buffer.from([3, 0, 0, ...size]), tags, sound]);
}

/** In the page: what of it would be an element that somebody else has written. */
function foreign() {
  const elements = [...document.querySelectorAll('[onerror], [onload], img[src="x"], body script')];
  return { elements: elements.map((element) => element.outerHTML), hit: window.hit ?? null };
}

test('names, titles, tags and blobs full of markup stay text', async () => {
  await startServer({ args: [] });
  const ana = await host();
  const ben = await guest(`Ben ${MARKUP}`.slice(0, 40));
  await waitForText(ana, '#members', 'Ben <img src=x onerror=window.hit=1');
  const file = tagged({ TIT2: `T${MARKUP}`, TPE1: `A${MARKUP}`, TALB: `L${MARKUP}` });
  const files = [
    { name: `f${MARKUP.replaceAll('/', '')}.mp3`, mimeType: 'audio/mpeg', buffer: file },
  ];
  await ana.setInputFiles('#upload-field', files);
  await waitForText(ben, '#queue', 'T<img src=x');
  await ana.click('#queue .pick');
  await waitForText(ben, '#now-title', 'T<img src=x');
  await waitForText(ben, '#now-artist', 'A<img src=x');
  const to = await peerId(ben);
  await ana.evaluate(
    ([to, MARKUP]) =>
      window.jam.socket.send({ type: 'SIGNAL', to, blob: { [MARKUP]: [MARKUP, MARKUP] } }),
    [to, MARKUP],
  );
  await waitUntil(ben, () =>
    window.jam.socket.log.entries({ withFrequent: true }).some(({ type }) => type === 'SIGNAL'),
  );
  // The drawer shows what came, as it came.
  await ben.evaluate(() => document.querySelector('#drawer').setAttribute('open', ''));
  const cleo = await browser.open(`${server.url}/jam1`);
  await waitForText(cleo, '#lobby-names', 'Ben <img');
  await join(cleo, { name: '</title><script>', role: 'viewer' });
  await waitForText(ana, '#members', '</title><script>');
  for (const page of [ana, ben, cleo]) {
    await page.click('#tab-people');
    assert.deepEqual(await page.evaluate(foreign), { elements: [], hit: null });
  }
});
