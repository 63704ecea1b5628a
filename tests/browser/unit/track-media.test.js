// What becomes of a track before it sounds: decoded, or left to the audio element.
//
// The element and fetch() are fakes; no test waits for real time.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { prepareTrack } from '../../../src/web/track-media.js';

const MIB = 1024 * 1024;
const DECODED = { length: 48_000, numberOfChannels: 2 };
const real = { fetch: globalThis.fetch, Audio: globalThis.Audio };

let happened;
let durationSec;

// Says its metadata when the test has had a turn; NaN stands for a file that it cannot read.
class FakeAudio extends EventTarget {
  set src(_) {
    happened.push('length asked');
    setImmediate(() => {
      this.duration = durationSec;
      this.dispatchEvent(new Event('loadedmetadata'));
    });
  }

  removeAttribute() {}

  load() {}
}

beforeEach(() => {
  happened = [];
  durationSec = 60;
  globalThis.Audio = FakeAudio;
  globalThis.AudioContext = class {};
  globalThis.fetch = async () => {
    happened.push('fetched');
    return new Response(new Uint8Array(1000), { headers: { 'content-length': '1000' } });
  };
});

afterEach(() => {
  Object.assign(globalThis, real);
  delete globalThis.AudioContext;
});

function prepare(bytes, knownSec) {
  const context = { decodeAudioData: (_, done) => done(DECODED) };
  return prepareTrack({
    url: '/tracks/t1',
    bytes,
    durationSec: knownSec,
    context: Promise.resolve(context),
    signal: new AbortController().signal,
    onProgress: () => {},
  });
}

test('a small file is fetched and decoded without asking for its length', async () => {
  assert.deepEqual(await prepare(1000), { buffer: DECODED });
  assert.deepEqual(happened, ['fetched']);
});

test('a large file is fetched only once its length is known to be bearable', async () => {
  assert.deepEqual(await prepare(9 * MIB), { buffer: DECODED });
  assert.deepEqual(happened, ['length asked', 'fetched']);
});

test('a file that is too long to decode is never fetched', async () => {
  durationSec = 3600;
  assert.deepEqual(await prepare(9 * MIB), { element: true });
  assert.deepEqual(happened, ['length asked']);
});

test('without a length a very large file is never fetched', async () => {
  durationSec = NaN;
  assert.deepEqual(await prepare(40 * MIB), { element: true });
  assert.deepEqual(happened, ['length asked']);
});

test('a file of unknown size is measured when the server has told its size', async () => {
  assert.deepEqual(await prepare(null), { buffer: DECODED });
  assert.deepEqual(happened, ['fetched'], 'it turned out to be small');
  happened = [];
  durationSec = 3600;
  globalThis.fetch = async () =>
    new Response(new Uint8Array(0), { headers: { 'content-length': String(9 * MIB) } });
  assert.deepEqual(await prepare(null), { element: true });
});

test('a length that the room knows is not asked for', async () => {
  assert.deepEqual(await prepare(9 * MIB, 60), { buffer: DECODED });
  assert.deepEqual(happened, ['fetched']);
  happened = [];
  assert.deepEqual(await prepare(1000, 3600), { element: true });
  assert.deepEqual(happened, []);
});
