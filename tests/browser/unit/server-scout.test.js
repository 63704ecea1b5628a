// Whether a server is back, with a fake server and timers that the test turns by hand.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { ServerScout } from '../../../src/web/server-scout.js';

/** What `fetch` does: a status, 'away', or 'silent' for no answer at all. */
let server;
let asked;
let returns;
let scout;

beforeEach(() => {
  server = 200;
  asked = 0;
  returns = 0;
  scout = new ServerScout({ onReturn: () => (returns += 1) });
  globalThis.fetch = (url, { signal }) => {
    asked += 1;
    if (server === 'away') return Promise.reject(new TypeError('refused'));
    if (server !== 'silent') return Promise.resolve({ status: server });
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason)),
    );
  };
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
});

async function pass(ms) {
  mock.timers.tick(ms);
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
}

test('a server that was away and answers is back, once', async () => {
  scout.start();
  server = 'away';
  await pass(1000);
  await pass(1000);
  assert.equal(asked, 2);
  assert.equal(returns, 0);
  server = 200;
  await pass(1000);
  assert.equal(returns, 1);
  await pass(1000);
  assert.equal(returns, 1);
});

test('a server that answers all the time never comes back', async () => {
  scout.start();
  for (let i = 0; i < 5; i += 1) await pass(1000);
  assert.equal(asked, 5);
  assert.equal(returns, 0);
});

test('no answer, and one that refuses, is a server that is away', async () => {
  scout.start();
  for (const away of ['silent', 503]) {
    server = away;
    await pass(1000);
    await pass(1500);
    server = 200;
    await pass(1000);
  }
  assert.equal(returns, 2);
});

test('nothing is asked any more once it is stopped, and starting twice asks once', async () => {
  scout.start();
  scout.start();
  await pass(1000);
  assert.equal(asked, 1);
  server = 'silent';
  await pass(1000);
  scout.stop();
  await pass(10_000);
  assert.equal(asked, 2);
  assert.equal(returns, 0);
});
