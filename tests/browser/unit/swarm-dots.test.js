// Chunks as dots: never too many, fairly shared, and gone when they have arrived.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dots, DOTS_MAX, TRAVEL_MS } from '../../../src/web/swarm-dots.js';

/** Steps every 250 ms; the most that were under way, and how many dots each chord got. */
function run(steps, gainedAt) {
  const dots = new Dots();
  const seen = new Map();
  let most = 0;
  for (let step = 0; step < steps; step += 1) {
    dots.add(gainedAt(step), step * 250);
    const begun = new Map();
    for (let ms = 0; ms < 250; ms += 10) {
      const now = dots.at(step * 250 + ms);
      most = Math.max(most, now.length);
      for (const { key, share } of now) {
        assert.ok(share >= 0 && share <= 1);
        if (share < 0.0003) begun.set(key, (begun.get(key) ?? 0) + 1);
      }
    }
    for (const [key, count] of begun) seen.set(key, (seen.get(key) ?? 0) + count);
  }
  return { dots, most, seen };
}

test('a few chunks are a dot each, which travels from 0 to 1 and is gone', () => {
  const dots = new Dots();
  dots.add([{ key: 'a b', chunks: 2 }], 1000);
  assert.equal(dots.isBusy(1000), true);
  const counts = [];
  for (let ms = 1000; ms < 4000; ms += 20) counts.push(dots.at(ms).length);
  assert.equal(Math.max(...counts), 2);
  assert.equal(counts.at(-1), 0);
  assert.equal(dots.isBusy(4000), false);
});

test('a dot only goes forward', () => {
  const dots = new Dots();
  dots.add([{ key: 'a b', chunks: 1 }], 0);
  const shares = [];
  for (let ms = 0; ms < 2600; ms += 50) shares.push(...dots.at(ms).map(({ share }) => share));
  assert.ok(shares.length > TRAVEL_MS / 60);
  assert.deepEqual(
    shares,
    [...shares].sort((a, b) => a - b),
  );
});

test('a hundred busy nodes have no more dots than can be drawn', () => {
  const gained = Array.from({ length: 3000 }, (_, index) => ({ key: `c${index}`, chunks: 50 }));
  const { most } = run(40, () => gained);
  assert.ok(most <= DOTS_MAX, `${most}`);
  assert.ok(most > DOTS_MAX / 2, `only ${most}`);
});

test('dots flow evenly and do not come in waves', () => {
  const dots = new Dots();
  const gained = Array.from({ length: 20 }, (_, index) => ({ key: `c${index}`, chunks: 9 }));
  const counts = [];
  for (let step = 0; step < 40; step += 1) {
    dots.add(gained, step * 250);
    for (let ms = 0; ms < 250; ms += 50) {
      if (step > 10) counts.push(dots.at(step * 250 + ms).length);
    }
  }
  assert.ok(Math.min(...counts) > 0.6 * Math.max(...counts), `${counts}`);
});

test('a chord with more chunks has more dots, and none is forgotten', () => {
  const { seen } = run(200, () => [
    { key: 'busy', chunks: 300 },
    { key: 'slow', chunks: 20 },
  ]);
  assert.ok(seen.get('busy') > 5 * seen.get('slow'), `${[...seen]}`);
  assert.ok(seen.get('slow') > 3, `${[...seen]}`);
});

test('cleared dots are gone', () => {
  const dots = new Dots();
  dots.add([{ key: 'a b', chunks: 9 }], 0);
  dots.clear();
  assert.equal(dots.isBusy(1), false);
  dots.add([], 10);
  assert.deepEqual(dots.at(500), []);
});
