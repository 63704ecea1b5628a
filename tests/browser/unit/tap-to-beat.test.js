// How late a loudspeaker is, from taps.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ANTICIPATION_SEC,
  BEAT_SEC,
  TAPS_WANTED,
  judgeTaps,
} from '../../../src/web/tap-to-beat.js';
import { seeded } from './random.js';

/** Taps of somebody who hears every click `lateSec` late and is off by `scatter(index)`. */
function tapsOf(lateSec, { count = 12, scatter = () => 0, skips = () => false } = {}) {
  const beats = Array.from({ length: count }, (_, beat) => beat).filter((beat) => !skips(beat));
  return beats.map((beat) => beat * BEAT_SEC + lateSec - ANTICIPATION_SEC + scatter(beat));
}

function assertLate(taps, lateSec, withinSec = 1e-9) {
  const judged = judgeTaps(taps);
  assert.equal(judged.kind, 'found', JSON.stringify(judged));
  assert.ok(Math.abs(judged.lateSec - lateSec) <= withinSec, `${judged.lateSec}, not ${lateSec}`);
  return judged;
}

test('even taps tell how late it is, from a little early up to the longest trim', () => {
  for (const lateSec of [-0.12, 0, 0.03, 0.18, 0.37, 0.38, 0.5, 0.59])
    assertLate(tapsOf(lateSec), lateSec);
});

test('taps on both sides of the end of a beat belong together', () => {
  // Half a beat late: some fall nearer to the click before, some to the one after.
  const scatter = (beat) => (beat % 2 ? 0.03 : -0.03);
  for (const lateSec of [BEAT_SEC / 2, BEAT_SEC / 2 + ANTICIPATION_SEC])
    assertLate(tapsOf(lateSec, { count: 14, scatter }), lateSec, 0.031);
});

test('of people who scatter by 25 ms nearly all get it to 25 ms', () => {
  const random = seeded(7).uniform;
  const normal = () => [1, 2, 3, 4, 5, 6].reduce((sum) => sum + random() - 0.5, 0) * 1.41 * 0.025;
  let good = 0;
  for (let person = 0; person < 200; person += 1) {
    const lateSec = random() * 0.5;
    const judged = judgeTaps(tapsOf(lateSec, { count: 14, scatter: normal }));
    if (judged.kind === 'found' && Math.abs(judged.lateSec - lateSec) < 0.025) good += 1;
  }
  assert.ok(good > 190, `${good} of 200`);
});

test('a slip, a missed click and the first two taps change nothing', () => {
  const scatter = (beat) => (beat < 2 ? 0.3 : beat === 5 ? 0.25 : beat === 9 ? -0.2 : 0);
  const taps = tapsOf(0.18, { count: 16, scatter, skips: (beat) => beat === 7 });
  assertLate(taps, 0.18);
});

test('the spread is where half of the taps lie', () => {
  const scatter = (beat) => [-0.03, -0.01, 0, 0.01, 0.03][beat % 5];
  const { spreadSec } = assertLate(tapsOf(0.2, { count: 22, scatter }), 0.2);
  assert.ok(Math.abs(spreadSec - 0.01) < 1e-9, `${spreadSec}`);
});

test('too few taps say nothing, and how many there are', () => {
  assert.deepEqual(judgeTaps([]), { kind: 'few', count: 0 });
  assert.deepEqual(judgeTaps(tapsOf(0.1, { count: 2 })), { kind: 'few', count: 0 });
  const almost = tapsOf(0.1, { count: TAPS_WANTED + 1 });
  assert.deepEqual(judgeTaps(almost), { kind: 'few', count: TAPS_WANTED - 1 });
});

test('taps that do not agree are refused', () => {
  const random = seeded(3).uniform;
  for (let person = 0; person < 100; person += 1) {
    const anywhere = tapsOf(0, { count: 14, scatter: () => random() * BEAT_SEC });
    assert.equal(judgeTaps(anywhere).kind, 'irregular');
  }
  // Twice as fast as the clicks: half of them are between two.
  const fast = Array.from({ length: 24 }, (_, tap) => (tap * BEAT_SEC) / 2);
  assert.equal(judgeTaps(fast).kind, 'irregular');
});

test('who goes on gets an answer from the last taps', () => {
  const random = seeded(5).uniform;
  const astray = tapsOf(0, { count: 30, scatter: () => random() * BEAT_SEC });
  const steady = tapsOf(0.25, { count: 24 }).map((sec) => sec + 30 * BEAT_SEC);
  assertLate([...astray, ...steady], 0.25);
});
