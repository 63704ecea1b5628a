// Files that are not what they seem: said when it is their turn, and no trouble to the others.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, before, test } from 'node:test';
import { join, room, startServer, useRealParts, waitUntil } from './harness.js';
import { glide, wavFile } from './wav.js';

const RATE_HZ = 8000;

useRealParts();

let folder;
before(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'jam-bad-files-'));
  const good = wavFile([glide({ rateHz: RATE_HZ, frames: 60 * RATE_HZ })], RATE_HZ);
  const other = wavFile([glide({ rateHz: RATE_HZ, frames: 50 * RATE_HZ })], RATE_HZ);
  const write = (name, bytes) => writeFileSync(joinPath(folder, name), bytes);
  write('1 good.wav', good);
  // The head of a WAV with a format that there is not.
  const odd = Buffer.from(good.subarray(0, 100_000));
  odd.writeUInt16LE(0x9999, 20);
  write('2 odd.wav', odd);
  write('3 good too.wav', other);
  // Promises a minute and has two seconds.
  write('4 truncated.wav', good.subarray(0, 44 + 2 * 2 * RATE_HZ));
  write('5 noise.flac', Buffer.concat([Buffer.from('fLaC'), Buffer.alloc(50_000, 'jam')]));
});
after(() => rmSync(folder, { recursive: true }));

async function party() {
  await startServer({ args: ['--share', folder] });
  const page = await room();
  await join(page, { name: 'Ana', role: 'host' });
  const ids = await page.evaluate(async () => {
    const { tracks } = await (await fetch('/api/rooms/jam1')).json();
    return Object.fromEntries(tracks.map(({ name, track_id: id }) => [Number(name[0]), id]));
  });
  assert.deepEqual(Object.keys(ids), ['1', '2', '3', '4', '5']);
  const play = (number) =>
    page.evaluate(
      (track_id) => window.jam.socket.send({ type: 'PLAY', track_id, offset_sec: 0 }),
      ids[number],
    );
  const becomes = (number, phase) =>
    waitUntil(
      page,
      ([trackId, phase]) => {
        const snapshot = window.jam.player.snapshot();
        return snapshot.trackId === trackId && snapshot.phase === phase;
      },
      [ids[number], phase],
    );
  const reason = () => page.evaluate(() => window.jam.player.snapshot().reason);
  return { page, play, becomes, reason };
}

test('a file that cannot be decoded is no trouble while it is next, and says so when it is its turn', async () => {
  const { page, play, becomes, reason } = await party();
  await play(1);
  await becomes(1, 'playing');
  await waitUntil(page, () => window.jam.player.debug().nextReason === 'decode');
  await becomes(1, 'playing');
  assert.equal(await reason(), null);

  await play(2);
  await becomes(2, 'failed');
  assert.equal(await reason(), 'decode');
  await play(3);
  await becomes(3, 'playing');
  await play(5);
  await becomes(5, 'failed');
  assert.equal(await reason(), 'decode');
  await play(1);
  await becomes(1, 'playing');
});

test('of a truncated file that is played which is there', async () => {
  const { page, play, becomes } = await party();
  await play(4);
  await becomes(4, 'playing');
  const durationSec = await page.evaluate(() => window.jam.player.snapshot().durationSec);
  assert.ok(Math.abs(durationSec - 2) < 0.01, `${durationSec}`);
  await play(1);
  await becomes(1, 'playing');
});
