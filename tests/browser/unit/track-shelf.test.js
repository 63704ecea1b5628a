// What is fetched and decoded ahead, what is kept, and what is given up.
//
// fetch() answers when the test says so; decoding is a fake that makes a buffer of a size agreed upon.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { TrackShelf } from '../../../src/web/track-shelf.js';

const MIB = 1024 * 1024;
const BYTES_OF_SECOND = 48_000 * 2 * 4;
const real = { fetch: globalThis.fetch, setTimeout: globalThis.setTimeout };

let facts; // trackId -> { mib of PCM, bytes }
let asked; // [{ id, signal, answer(response) }]
let decodedIds;
let shelf;

beforeEach(() => {
  facts = new Map();
  asked = [];
  decodedIds = [];
  globalThis.AudioContext = class {};
  globalThis.setTimeout = (callback, ms) => real.setTimeout(callback, ms >= 8000 ? 2 ** 30 : 0);
  globalThis.fetch = (url, { signal }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      asked.push({ id: url.slice(1), signal, answer: resolve, fail: reject });
    });
  const context = {
    decodeAudioData: (bytes, done, refuse) => {
      const id = new TextDecoder().decode(bytes);
      decodedIds.push(id);
      if (id === 'broken') refuse(new Error('no sound in it'));
      else done({ length: (facts.get(id).mib * MIB) / 8, numberOfChannels: 2 });
    },
  };
  shelf = new TrackShelf({
    urlOf: (id) => `/${id}`,
    factsOf: (id) => ({
      bytes: 1000,
      durationSec: facts.has(id) ? (facts.get(id).mib * MIB) / BYTES_OF_SECOND : null,
    }),
    context: async () => context,
  });
});

afterEach(() => {
  shelf.close();
  Object.assign(globalThis, real);
  delete globalThis.AudioContext;
});

const track = (id, mib = 1) => facts.set(id, { mib });
const turn = () => new Promise((resolve) => setImmediate(resolve));
const newest = (id) => asked.findLast((one) => one.id === id);
const keptIds = () => shelf.decoded.map(({ trackId }) => trackId).sort();

async function arrive(id) {
  newest(id).answer(new Response(id, { headers: { 'content-length': String(id.length) } }));
  await turn();
  await turn();
}

async function prepareNext(id) {
  shelf.prepareNext(id);
  await turn();
}

async function take(id) {
  const taken = shelf.take(id, () => {});
  taken.catch(() => {});
  await turn();
  if (newest(id) && !shelf.decoded.some(({ trackId }) => trackId === id)) await arrive(id);
  return taken;
}

test('the next track is fetched and decoded ahead, and taken without another request', async () => {
  track('a');
  track('b');
  await take('a');
  await prepareNext('b');
  await prepareNext('b');
  await arrive('b');
  assert.deepEqual(decodedIds, ['a', 'b']);
  await shelf.take('b', () => {});
  assert.deepEqual(
    asked.map(({ id }) => id),
    ['a', 'b'],
  );
});

test('a track that becomes the current one on its way tells how far it is, and arrives', async () => {
  track('a');
  track('b');
  await take('a');
  await prepareNext('b');
  const progress = [];
  const taken = shelf.take('b', (...p) => progress.push(p));
  assert.equal(newest('b').signal.aborted, false);
  await arrive('b');
  await taken;
  assert.deepEqual(progress[progress.length - 1], [1, 1]);
  shelf.take('a', () => {});
  shelf.take('b', (...p) => assert.deepEqual(p, [1, 1]));
});

test('when another track comes next, the fetching of the first is given up', async () => {
  for (const id of 'abc') track(id);
  await take('a');
  await prepareNext('b');
  await prepareNext('c');
  assert.equal(newest('b').signal.aborted, true);
  assert.equal(newest('c').signal.aborted, false);
  shelf.prepareNext(null);
  assert.equal(newest('c').signal.aborted, true);
});

test('the track before stays while all three fit, for people go back one', async () => {
  for (const id of 'abcd') track(id, 80);
  await take('a');
  await take('b');
  assert.deepEqual(keptIds(), ['a', 'b']);
  await prepareNext('c');
  await arrive('c');
  assert.deepEqual(keptIds(), ['a', 'b', 'c']);
  await take('c');
  assert.deepEqual(keptIds(), ['b', 'c']);
  track('d', 120);
  await prepareNext('d');
  await arrive('d');
  assert.deepEqual(keptIds(), ['c', 'd'], 'the one before has to give way');
});

test('a next track that does not fit waits undecoded until it is needed soon', async () => {
  track('a', 150);
  track('b', 120);
  await take('a');
  await prepareNext('b');
  await arrive('b');
  assert.deepEqual(keptIds(), ['a']);
  shelf.hurryNext();
  await turn();
  assert.deepEqual(keptIds(), ['a', 'b']);
  await take('b');
  assert.deepEqual(keptIds(), ['b']);
  assert.equal(asked.length, 2);
});

test('a next track that does not fit is decoded when it becomes the current one', async () => {
  track('a', 150);
  track('b', 120);
  await take('a');
  await prepareNext('b');
  await arrive('b');
  await shelf.take('b', () => {});
  assert.deepEqual(keptIds(), ['b']);
});

test('a next track that cannot be decoded is said to who takes it, and not fetched again', async () => {
  track('a');
  globalThis.Audio = undefined;
  await take('a');
  await prepareNext('broken');
  await arrive('broken');
  assert.equal(shelf.nextMedia, null);
  await assert.rejects(
    shelf.take('broken', () => {}),
    { reason: 'decode' },
  );
  assert.equal(asked.length, 2);
  assert.deepEqual(keptIds(), ['a']);
});

test('a next track that the server did not have is asked for again when it is taken', async () => {
  track('a');
  track('b');
  await take('a');
  await prepareNext('b');
  newest('b').answer(new Response('no', { status: 404 }));
  await turn();
  await prepareNext('b');
  assert.equal(asked.length, 2, 'not over and over');
  await take('b');
  assert.equal(asked.length, 3);
});

test('the next track outlasts a network that is away for long', async () => {
  track('a');
  track('b');
  await take('a');
  await prepareNext('b');
  for (let attempt = 0; attempt < 30; attempt += 1) {
    newest('b').fail(new TypeError('down'));
    while (asked.length < attempt + 3) await new Promise((resolve) => real.setTimeout(resolve));
  }
  await arrive('b');
  assert.deepEqual(keptIds(), ['a', 'b']);
});

test('while it is held the next track is not read', async () => {
  track('a');
  track('b');
  await take('a');
  await prepareNext('b');
  shelf.holdNext(true);
  await arrive('b');
  assert.deepEqual(keptIds(), ['a']);
  shelf.holdNext(false);
  await turn();
  await turn();
  assert.deepEqual(keptIds(), ['a', 'b']);
});

test('what another context has decoded is forgotten', async () => {
  track('a');
  await take('a');
  shelf.forgetDecoded();
  await take('a');
  assert.deepEqual(decodedIds, ['a', 'a']);
});

test('without a current track nothing goes on', async () => {
  track('a');
  track('b');
  await take('a');
  await prepareNext('b');
  shelf.takeNone();
  assert.equal(newest('b').signal.aborted, true);
});
