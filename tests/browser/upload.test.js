// Music from the host's own device: dropped, picked, refused, cancelled, cut off and taken up again.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { openLine } from './cut-line.js';
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
  waitForPhase,
  waitForText,
  waitUntil,
} from './harness.js';
import { asFile, taggedMp3, wav } from './music.js';

const SMALL_PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };

/** More than the buffers between a page and a server hold. */
const LARGE_SEC = 1500;

useRealParts();

let line;
afterEach(() => {
  line?.close();
  line = undefined;
});

async function host(options) {
  const page = await room(options);
  await join(page, { name: 'Ana', role: 'host' });
  await page.waitForSelector('#party:not(.is-settling)');
  await page.waitForSelector('#add-button');
  return page;
}

/** A host at the other end of a line that can be cut. */
async function hostOnALine(options) {
  await startServer({ args: [] });
  line = await openLine(server.port);
  const page = await browser.open(`${line.url}/jam1`, options);
  await join(page, { name: 'Ana', role: 'host' });
  await page.waitForSelector('#party:not(.is-settling)');
  await page.waitForSelector('#add-button');
  return page;
}

const pick = (page, ...files) => page.setInputFiles('#upload-field', files);

const queueTitles = (page) => page.locator('#queue .row-title').allTextContents();

async function waitForQueue(page, titles) {
  await waitUntil(
    page,
    (wanted) =>
      JSON.stringify(
        [...document.querySelectorAll('#queue .row-title')].map((row) => row.textContent),
      ) === JSON.stringify(wanted),
    titles,
  );
}

/** Files as somebody drags them over the page: they enter, hover and fall. */
async function dragFiles(page, files, { fall = true } = {}) {
  await page.evaluate(
    ([files, fall]) => {
      const transfer = new DataTransfer();
      for (const { name, base64 } of files) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type: 'audio/wav' }));
      }
      const target = document.querySelector('#now-title');
      for (const type of ['dragenter', 'dragover', ...(fall ? ['drop'] : [])]) {
        target.dispatchEvent(
          new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }),
        );
      }
    },
    [files.map(({ name, buffer }) => ({ name, base64: buffer.toString('base64') })), fall],
  );
}

const tone = (name, hz, sec = 4) => asFile(`${name}.wav`, wav({ sec, hz }));

describe('music from this device', () => {
  test('that is dropped is queued in its order, and can be played at once', async () => {
    await startServer({ args: [] });
    const page = await host();
    await waitForText(page, '#now-title', 'Nothing to play yet');
    await screenshot(page, 'empty-laptop', 'screenshots-queue');
    const files = [tone('zebra', 300), tone('my_song', 400), tone('apple', 500)];
    await dragFiles(page, files, { fall: false });
    await waitForText(page, '#drop-words', 'Let go to add it to the queue');
    await screenshot(page, 'drop-laptop', 'screenshots-queue');
    await dragFiles(page, files);
    await waitForQueue(page, ['zebra', 'my_song', 'apple']);
    await page.waitForSelector('#drop-veil', { state: 'hidden' });
    await page.waitForSelector('#uploads', { state: 'hidden' });
    await waitForText(page, '#announcer', 'apple is in the queue.');
    assert.equal(await page.isVisible('#play-button'), true);
    await page.click('#play-button');
    await waitForPhase(page, 'playing');
    await waitForText(page, '#now-title', 'zebra');
    const guest = await room(SMALL_PHONE);
    await join(guest, { name: 'Ben', role: 'viewer' });
    await waitForQueue(guest, ['zebra', 'my_song', 'apple']);
  });

  test('that is picked with the button says what its tags say, with its cover', async () => {
    await startServer({ args: [] });
    const page = await host(SMALL_PHONE);
    const tags = { title: 'Prelude <b>', artist: 'J. S. Bach', album: 'Well' };
    const chooser = page.waitForEvent('filechooser');
    await page.tap('#stage-add');
    await (await chooser).setFiles([asFile('01.mp3', taggedMp3(tags), 'audio/mpeg')]);
    await waitForQueue(page, ['Prelude <b>']);
    await page.tap('#play-button');
    await waitForText(page, '#now-title', 'Prelude <b>');
    await waitForText(page, '#now-artist', 'J. S. Bach · Well');
    await page.waitForSelector('#record .cover.is-here');
    await page.waitForSelector('#queue .cover.is-here');
    await screenshot(page, 'tags-320', 'screenshots-queue');
    await assertFits(page);
  });

  test('that is there already is said to be', async () => {
    await startServer({ args: [] });
    const page = await host();
    await pick(page, tone('one', 300));
    await waitForQueue(page, ['one']);
    await pick(page, tone('one', 300));
    await waitForText(page, '#toast-text', 'one is in the queue already.');
    assert.deepEqual(await queueTitles(page), ['one']);
  });

  test('cannot be added by a guest, who is told who can', async () => {
    await startServer({ args: [] });
    await host();
    const guest = await room();
    await join(guest, { name: 'Ben', role: 'viewer' });
    await waitForText(guest, '#crowd', 'Ana is hosting');
    await dragFiles(guest, [tone('one', 300)], { fall: false });
    await waitForText(guest, '#drop-words', 'Only Ana, who hosts, can add music.');
    await dragFiles(guest, [tone('one', 300)]);
    await waitForText(guest, '#toast-text', 'Only Ana, who hosts, can add music.');
    await guest.waitForSelector('#drop-veil', { state: 'hidden' });
    await screenshot(guest, 'guest-dropped-laptop', 'screenshots-queue');
    assert.match(guest.url(), /jam1$/, 'the browser has not left to show the file');
    assert.equal(await guest.isVisible('#uploads'), false);
  });
});

describe('a file that is refused', () => {
  test('because it is no music says so, and the others come', async () => {
    await startServer({ args: [] });
    const page = await host(SMALL_PHONE);
    const text = Buffer.from('Dear diary, this is no song. '.repeat(40_000));
    await pick(page, tone('one', 300), asFile('diary.mp3', text, 'audio/mpeg'), tone('two', 400));
    await waitForQueue(page, ['one', 'two']);
    await waitForText(page, '#upload-rows', 'This is not music that browsers play.');
    await waitForText(page, '#uploads-summary', '1 file was not added');
    assert.equal(await page.isVisible('#upload-rows .retry'), false);
    await page.evaluate(() => document.querySelector('.tabs').scrollIntoView());
    await screenshot(page, 'refused-320', 'screenshots-queue');
    await assertFits(page);
    await assertNamed(page);
    await page.tap('#upload-rows .stop');
    await page.waitForSelector('#uploads', { state: 'hidden' });
  });

  test('because it is too large is not even sent', async () => {
    await startServer({ args: ['--max-upload', '100KiB'] });
    const page = await host();
    const sent = [];
    page.on('request', (request) => request.method() === 'PUT' && sent.push(request.url()));
    await pick(page, tone('small', 300, 1));
    await waitForQueue(page, ['small']);
    await pick(page, tone('large', 300, 60));
    await waitForText(page, '#upload-rows', 'Too large, with 960 KB: this server takes up to');
    assert.equal(sent.length, 1);
  });

  test('because the disk is full says so, and can be tried again', async (t) => {
    const disk = smallDisk(t);
    await startServer({ args: ['--library', disk] });
    const page = await host();
    await pick(page, tone('fits', 300, 4), tone('full', 400, 60));
    await waitForText(page, '#upload-rows', "The server's disk is full.");
    await waitForQueue(page, ['fits']);
    await screenshot(page, 'disk-full-laptop', 'screenshots-queue');
    await page.click('#upload-rows .retry');
    await waitForText(page, '#upload-rows', "The server's disk is full.");
    await page.click('#play-button');
    await waitForPhase(page, 'playing');
  });

  test('by the decoder is marked in the queue, and the party goes on', async () => {
    await startServer({ args: [] });
    const page = await host();
    // The head of a WAV in a format that there is not.
    const odd = wav({ sec: 1, hz: 300 });
    odd.writeUInt16LE(0x9999, 20);
    await pick(page, asFile('odd.wav', odd), tone('good', 400));
    await waitForQueue(page, ['odd', 'good']);
    await page.click('#play-button');
    await waitForPhase(page, 'failed');
    await waitForText(page, '#status', 'may be damaged');
    await waitForText(page, '#queue .is-unplayable', 'Cannot be played here');
    await screenshot(page, 'undecodable-laptop', 'screenshots-queue');
    await page.click('#next-button');
    await waitForPhase(page, 'playing');
    await waitForText(page, '#now-title', 'good');
  });
});

describe('an upload on its way', () => {
  test('shows how far it is, can be cancelled, and holds nobody up', async () => {
    const page = await hostOnALine(SMALL_PHONE);
    await pick(page, tone('one', 300, 60));
    await waitForQueue(page, ['one']);
    await page.tap('#play-button');
    await waitForPhase(page, 'playing');
    line.hold();
    await pick(page, tone('large', 300, LARGE_SEC), tone('two', 400));
    await waitForText(page, '#uploads-summary', 'Adding 2 files');
    await waitUntil(
      page,
      () => document.querySelector('#upload-rows [role="progressbar"]').ariaValueNow > 0,
    );
    await waitForText(page, '#upload-rows li:nth-child(2)', 'Waiting');
    await page.evaluate(() => document.querySelector('.tabs').scrollIntoView());
    await screenshot(page, 'uploading-320', 'screenshots-queue');
    await assertFits(page);
    await assertNamed(page);
    assert.equal(await page.getAttribute('body', 'data-phase'), 'playing');
    assert.equal(
      await page.getAttribute('#upload-rows li:first-child .stop', 'aria-label'),
      'Cancel large',
    );
    await page.tap('#upload-rows li:first-child .stop');
    line.release();
    await waitForQueue(page, ['one', 'two']);
  });

  test('that is cut off is said to be, and tried again', async () => {
    const page = await hostOnALine();
    line.hold();
    await pick(page, tone('large', 300, LARGE_SEC));
    await waitForText(page, '#upload-rows', '%');
    await waitUntil(
      page,
      () => document.querySelector('#upload-rows [role="progressbar"]').ariaValueNow > 0,
    );
    line.cutUploads();
    await waitForText(page, '#upload-rows', 'The connection was cut.');
    await waitForText(page, '#announcer', 'large.wav was not added.');
    await screenshot(page, 'cut-laptop', 'screenshots-queue');
    line.release();
    await page.click('#upload-rows .retry');
    await waitForQueue(page, ['large']);
    await page.waitForSelector('#uploads', { state: 'hidden' });
  });

  test('goes on by itself when the room is back, in the old order', async () => {
    const page = await hostOnALine();
    line.hold();
    await pick(page, tone('large', 300, LARGE_SEC), tone('two', 400));
    await waitUntil(
      page,
      () => document.querySelector('#upload-rows [role="progressbar"]')?.ariaValueNow > 0,
    );
    line.goAway();
    await page.waitForSelector('body[data-connection="reconnecting"]');
    await waitForText(page, '#upload-rows', 'It goes on when the room is back.');
    await waitForText(page, '#upload-rows', 'Waiting for the connection');
    await screenshot(page, 'upload-offline-laptop', 'screenshots-queue');
    line.release();
    line.comeBack();
    await waitForQueue(page, ['large', 'two']);
  });

  test('asks before the page is closed', async () => {
    const page = await hostOnALine();
    line.hold();
    await pick(page, tone('large', 300, LARGE_SEC));
    await waitForText(page, '#upload-rows', '%');
    const asked = page.waitForEvent('dialog');
    await page.close({ runBeforeUnload: true });
    const dialog = await asked;
    assert.equal(dialog.type(), 'beforeunload');
    await dialog.dismiss();
    await waitForText(page, '#upload-rows', '%');
    await page.click('#upload-rows .stop');
    const closed = page.waitForEvent('close');
    await page.close({ runBeforeUnload: true });
    await closed;
  });
});

/** A file system of half a megabyte, gone after the test. */
function smallDisk(t) {
  const folder = mkdtempSync(joinPath(tmpdir(), 'jam-small-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder]);
  assert.equal(mounted.status, 0, `this test mounts a small tmpfs, as root: ${mounted.stderr}`);
  t.after(async () => {
    await server?.stop();
    spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}
