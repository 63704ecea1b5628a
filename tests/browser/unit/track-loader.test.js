// Fetching a track over a network that fails: what is asked for again, and when it is given up.
//
// fetch() is a script of answers; waiting is cut short, so no test takes real time.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { LoadError, loadTrack } from '../../../src/web/track-loader.js';

const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const realFetch = globalThis.fetch;
const realSetTimeout = globalThis.setTimeout;

let asked;

beforeEach(() => {
  asked = [];
  // Back-off is over at once; the stall timer never fires.
  globalThis.setTimeout = (callback, ms) => realSetTimeout(callback, ms >= 15_000 ? 2 ** 30 : 0);
});

afterEach(() => {
  globalThis.fetch = realFetch;
  globalThis.setTimeout = realSetTimeout;
});

// Each answer is a function of the request's headers, or an Error to fail with; the last one
// repeats.
function serve(...answers) {
  globalThis.fetch = async (url, { headers }) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(headers);
    if (answer instanceof Error) throw answer;
    return answer(headers);
  };
}

const whole = () => new Response(BYTES, { headers: { 'content-length': '1000', etag: '"a"' } });

// The connection dies after `count` bytes of what was asked for.
const cutAfter = (count) => (headers) => {
  const from = Number(/bytes=(\d+)-/.exec(headers.Range ?? '')?.[1] ?? 0);
  let sent = false;
  const body = new ReadableStream({
    pull(controller) {
      if (sent) return controller.error(new TypeError('connection lost'));
      sent = true;
      controller.enqueue(BYTES.slice(from, from + count));
    },
  });
  return partial(from, body);
};

const rest = (headers) => {
  const from = Number(/bytes=(\d+)-/.exec(headers.Range)[1]);
  return partial(from, BYTES.slice(from));
};

function partial(from, body) {
  const headers = { 'content-length': String(1000 - from), etag: '"a"' };
  if (from > 0) headers['content-range'] = `bytes ${from}-999/1000`;
  return new Response(body, { status: from > 0 ? 206 : 200, headers });
}

async function load(options = {}) {
  const { bytes } = await loadTrack('/tracks/t1', { bytesMax: 1 << 20, ...options });
  return new Uint8Array(bytes);
}

test('a track arrives whole, with progress', async () => {
  serve(whole);
  const progress = [];
  assert.deepEqual(await load({ onProgress: (...p) => progress.push(p) }), BYTES);
  assert.deepEqual(progress[0], [0, 1000]);
  assert.deepEqual(progress[progress.length - 1], [1000, 1000]);
});

test('after a cut the rest is asked for, and only the rest', async () => {
  serve(cutAfter(300), cutAfter(200), rest);
  assert.deepEqual(await load(), BYTES);
  assert.deepEqual(asked, [
    {},
    { Range: 'bytes=300-', 'If-Range': '"a"' },
    { Range: 'bytes=500-', 'If-Range': '"a"' },
  ]);
});

test('a server that answers with the whole track again is taken from the start', async () => {
  serve(cutAfter(300), whole);
  assert.deepEqual(await load(), BYTES);
});

test('a server that sends another part than was asked for is asked again from the start', async () => {
  serve(cutAfter(300), () => partial(700, BYTES.slice(700)), whole);
  assert.deepEqual(await load(), BYTES);
  assert.deepEqual(asked[2], {});
});

test('a server that is down for a while is asked again', async () => {
  serve(new TypeError('down'), () => new Response('busy', { status: 503 }), whole);
  assert.deepEqual(await load(), BYTES);
});

test('a server that stays down is given up after eight attempts', async () => {
  serve(new TypeError('down'));
  await assert.rejects(load(), { reason: 'network' });
  assert.equal(asked.length, 8);
});

test('progress starts the count of failures anew', async () => {
  serve(...Array.from({ length: 20 }, () => cutAfter(10)), rest);
  assert.deepEqual(await load(), BYTES);
});

for (const status of [400, 404, 410]) {
  test(`an answer of ${status} means that the track is unknown, at once`, async () => {
    serve(() => new Response('no', { status }));
    await assert.rejects(load(), { reason: 'unknown-track' });
    assert.equal(asked.length, 1);
  });
}

test('a track over the limit is refused before anything is kept', async () => {
  serve(whole);
  await assert.rejects(load({ bytesMax: 999 }), { reason: 'too-large' });
});

test('a track of unknown length that grows over the limit is refused', async () => {
  serve(() => new Response(BYTES));
  await assert.rejects(load({ bytesMax: 999 }), { reason: 'too-large' });
});

test('a track of unknown length arrives whole', async () => {
  serve(() => new Response(BYTES));
  assert.deepEqual(await load(), BYTES);
});

test('who may refuse a track is asked before its body is read', async () => {
  let read = false;
  const body = () =>
    new ReadableStream(
      {
        pull(controller) {
          read = true;
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  serve(() => new Response(body(), { headers: { 'content-length': '1000' } }));
  const sizes = [];
  const admit = async (totalBytes) => {
    sizes.push(totalBytes);
    throw new LoadError('too-large', 'too long');
  };
  await assert.rejects(load({ admit }), { reason: 'too-large' });
  assert.deepEqual(sizes, [1000]);
  assert.equal(read, false);
});

test('an abort ends the waiting', async () => {
  const stop = new AbortController();
  serve(new TypeError('down'));
  const loading = load({ signal: stop.signal });
  stop.abort(new Error('superseded'));
  await assert.rejects(loading, { message: 'superseded' });
});
