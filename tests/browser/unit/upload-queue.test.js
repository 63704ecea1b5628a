// Files on their way, with a request that the test answers by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UploadQueue } from '../../../src/web/upload-queue.js';
import {
  dropWords,
  leftWords,
  uploadFailure,
  uploadsSummary,
  uploadWords,
} from '../../../src/web/upload-words.js';

const KEY = '5c0e'.repeat(8);
const file = (name, size = 1000) => ({ name, size });
const plain = (text) => text.replaceAll('\u202f', ' ');

function start({ key = KEY } = {}) {
  const sent = [];
  const world = { nowMs: 0, sent, added: [], failed: [] };
  const queue = new UploadQueue({
    send: (options) => {
      const request = { ...options, name: options.file.name, stopped: false };
      sent.push(request);
      return () => (request.stopped = true);
    },
    nowMs: () => world.nowMs,
  });
  queue.addEventListener('added', ({ detail }) => world.added.push(detail.upload.file.name));
  queue.addEventListener('failed', ({ detail }) => world.failed.push(detail.problem.text));
  queue.setKey(key);
  return { queue, ...world, world };
}

const states = (queue) => queue.uploads.map(({ file: { name }, state }) => `${name} ${state}`);

test('files go one after the other, in the order in which they were given', () => {
  const { queue, sent, world } = start();
  queue.add([file('a'), file('b'), file('c')]);
  assert.deepEqual(states(queue), ['a sending', 'b waiting', 'c waiting']);
  assert.equal(sent[0].key, KEY);
  sent[0].onDone({ track_id: 'x' });
  assert.deepEqual(states(queue), ['b sending', 'c waiting']);
  sent[1].onDone(null);
  sent[2].onDone(null);
  assert.deepEqual(world.added, ['a', 'b', 'c']);
  assert.equal(queue.busy, false);
});

test('a refused file never keeps the next from its turn', () => {
  const { queue, sent, world } = start();
  queue.add([file('a'), file('b')]);
  sent[0].onFailed({ status: 415, text: 'not audio' });
  assert.deepEqual(states(queue), ['a failed', 'b sending']);
  assert.match(world.failed[0], /not music/);
  assert.equal(queue.uploads[0].problem.canRetry, false);
  assert.equal(queue.busy, true);
  sent[1].onDone(null);
  assert.equal(queue.busy, false, 'what has failed keeps nobody here');
});

test('what was cut off can be tried again, and is by itself when the room is back', () => {
  const { queue, sent, world } = start();
  queue.add([file('a'), file('b')]);
  sent[0].onFailed({ status: 0, text: '' });
  assert.deepEqual(states(queue), ['a failed', 'b waiting'], 'a pause: maybe the network is away');
  assert.equal(queue.uploads[0].problem.canRetry, true);
  queue.tick();
  assert.equal(sent.length, 1);
  world.nowMs = 5000;
  queue.tick();
  assert.deepEqual(states(queue), ['a failed', 'b sending']);
  queue.retry(queue.uploads[0].id);
  assert.deepEqual(states(queue), ['a waiting', 'b sending']);
  sent[1].onFailed({ status: 0, text: '' });
  queue.setKey(null);
  queue.setKey('new'.repeat(8));
  assert.deepEqual(states(queue), ['a sending', 'b waiting']);
  assert.equal(sent[2].name, 'a');
});

test('without a key everything waits', () => {
  const { queue, sent } = start({ key: null });
  queue.add([file('a')]);
  queue.tick();
  assert.deepEqual(states(queue), ['a waiting']);
  queue.setKey(KEY);
  assert.equal(sent.length, 1);
});

test('a refusal of a key that is not the newest is tried again with that', () => {
  const { queue, sent, world } = start();
  queue.add([file('a')]);
  queue.setKey('new'.repeat(8));
  sent[0].onFailed({ status: 403, text: 'who are you' });
  assert.equal(sent[1].key, 'new'.repeat(8));
  assert.deepEqual(world.failed, []);
  sent[1].onFailed({ status: 403, text: 'only the host can add music' });
  assert.deepEqual(world.failed, ['Only the host can add music.']);
});

test('cancelling stops the request and goes on with the next', () => {
  const { queue, sent } = start();
  queue.add([file('a'), file('b'), file('c')]);
  queue.cancel(queue.uploads[1].id);
  queue.cancel(queue.uploads[0].id);
  assert.equal(sent[0].stopped, true);
  assert.deepEqual(states(queue), ['c sending']);
  queue.cancelAll();
  assert.equal(sent[1].stopped, true);
  assert.deepEqual(states(queue), []);
});

test('what is too large or empty is told before it is sent', () => {
  const { queue, sent } = start({ key: null });
  queue.setBytesMax(5000);
  queue.add([file('big', 6000), file('none', 0), file('fits', 5000)]);
  queue.setKey(KEY);
  assert.deepEqual(states(queue), ['big failed', 'none failed', 'fits sending']);
  assert.equal(
    queue.uploads[0].problem.text,
    'Too large, with 6 KB: this server takes up to 5 KB a file.',
  );
  assert.equal(sent.length, 1);
});

test('a limit that is learnt late holds for what has not begun', () => {
  const { queue } = start();
  queue.add([file('going', 6000), file('big', 6000), file('fits')]);
  queue.setBytesMax(5000);
  assert.deepEqual(states(queue), ['going sending', 'big failed', 'fits waiting']);
});

test('an upload that stalls is given up, one that moves is not', () => {
  const { queue, sent, world } = start();
  queue.add([file('a')]);
  world.nowMs = 29_000;
  sent[0].onProgress(10);
  world.nowMs = 58_000;
  queue.tick();
  assert.deepEqual(states(queue), ['a sending']);
  world.nowMs = 60_000;
  queue.tick();
  assert.deepEqual(states(queue), ['a failed']);
  assert.equal(sent[0].stopped, true);
});

test('the rate is measured, and what is left told', () => {
  const { queue, sent, world } = start();
  queue.add([file('a', 10e6)]);
  const [upload] = queue.uploads;
  const words = () => plain(uploadWords(upload, { connected: true }));
  assert.equal(words(), '0 %');
  world.nowMs = 1000;
  sent[0].onProgress(2e6);
  assert.equal(words(), '20 % · 2.0 MB/s · 4 s left');
  sent[0].onProgress(11e6);
  assert.equal(words(), 'Sent, the server looks at it', 'with its head the request is longer');
});

test('what waits says for what', () => {
  const { queue } = start({ key: null });
  queue.add([file('a')]);
  const words = (view) => uploadWords(queue.uploads[0], view);
  assert.equal(words({ connected: true, mayAdd: true }), 'Waiting, 1 KB');
  assert.equal(words({ connected: false, mayAdd: true }), 'Waiting for the connection');
  assert.equal(words({ connected: true, mayAdd: false }), 'Waiting until you may add music again');
});

test('every refusal has words, and trying again only where it can help', () => {
  for (const status of [0, 403, 408, 409, 503, 507, 500]) {
    assert.equal(uploadFailure({ status }).canRetry, true, status);
  }
  for (const status of ['empty', 400, 411, 413, 415]) {
    assert.equal(uploadFailure({ status }).canRetry, false, status);
  }
  for (const status of [0, 400, 403, 408, 409, 411, 413, 415, 500, 503, 507, 599]) {
    const { text } = uploadFailure({ status });
    assert.match(text, /^[A-Z].*\.$/);
    assert.doesNotMatch(text, /HTTP|\d{3}|undefined|NaN|null/);
  }
  assert.equal(uploadFailure({ status: 400, text: 'no name' }).text, 'No name.');
});

test('the line above the files counts what is still to go', () => {
  const upload = (state, size, sentBytes = 0) => ({ state, file: { size }, sentBytes });
  assert.equal(
    uploadsSummary([upload('failed', 9e6), upload('sending', 3e6, 1e6), upload('waiting', 1e6)]),
    'Adding 2 files, 3.0 MB to go',
  );
  assert.equal(uploadsSummary([upload('failed', 9e6)]), '1 file was not added');
  assert.equal(leftWords(12.2), '13 s left');
  assert.equal(leftWords(150), '3 min left');
});

test('who may not add music is told who can', () => {
  const words = (view) => dropWords({ mayAdd: false, canAdd: false, connected: true, ...view });
  assert.equal(words({ hostName: 'Ana' }), 'Only Ana, who hosts, can add music.');
  assert.match(words({ hostName: null }), /nobody does/);
  assert.match(words({ mayAdd: true, canAdd: true }), /Let go/);
  assert.match(words({ mayAdd: true, canAdd: false }), /takes no music/);
});
