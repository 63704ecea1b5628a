// Moves in the queue, and edits that wait for the server.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropIndex, edgeScroll, shiftOf } from '../../../src/web/drag-list.js';
import { toBeMoved } from '../../../src/web/keyed-list.js';
import {
  beforeIdAt,
  idBehind,
  movedBefore,
  PendingEdits,
  targetOf,
} from '../../../src/web/queue-edits.js';
import { seeded, seeds } from './random.js';

const queue = (letters) => [...letters].map((track_id) => ({ track_id }));
const letters = (tracks) => tracks.map((track) => track.track_id).join('');

test('a row dropped at a place goes before the one that is there then', () => {
  const ids = [...'abcd'];
  for (let from = 0; from < 4; from += 1) {
    for (let to = 0; to < 4; to += 1) {
      const moved = movedBefore(queue('abcd'), ids[from], beforeIdAt(ids, from, to));
      assert.equal(letters(moved)[to], ids[from], `${from} to ${to}`);
    }
  }
});

test('a move that names what is not there changes nothing', () => {
  const tracks = queue('abc');
  assert.equal(movedBefore(tracks, 'x', null), tracks);
  assert.equal(movedBefore(tracks, 'a', 'x'), tracks);
  assert.equal(movedBefore(tracks, 'a', 'a'), tracks);
});

test('each move leads where its name says, and none beyond the ends', () => {
  const tracks = queue('abcd');
  const after = (kind, id, current = 'b') => {
    const before = targetOf(kind, tracks, id, current);
    return before === undefined ? undefined : letters(movedBefore(tracks, id, before));
  };
  assert.equal(after('up', 'c'), 'acbd');
  assert.equal(after('up', 'a'), undefined);
  assert.equal(after('down', 'c'), 'abdc');
  assert.equal(after('down', 'd'), undefined);
  assert.equal(after('first', 'c'), 'cabd');
  assert.equal(after('last', 'a'), 'bcda');
  assert.equal(after('last', 'd'), undefined);
  assert.equal(after('next', 'd'), 'abdc');
  assert.equal(after('next', 'a'), 'bacd');
  assert.equal(after('next', 'c'), undefined, 'it is next');
  assert.equal(after('next', 'b'), undefined, 'it plays');
  assert.equal(after('next', 'd', null), 'dabc', 'nothing plays');
  assert.equal(after('next', 'd', 'gone'), 'dabc');
  assert.equal(after('up', 'x'), undefined);
});

test('what stands behind a track is where it goes back to', () => {
  assert.equal(idBehind(queue('abc'), 'a'), 'b');
  assert.equal(idBehind(queue('abc'), 'c'), null);
  assert.equal(idBehind(queue('abc'), 'x'), null);
});

test('an edit shows at once and until the server shows it', () => {
  const edits = new PendingEdits();
  const tracks = queue('abcd');
  assert.equal(edits.apply(tracks), tracks, 'nothing is on its way');
  edits.move('d', 'a', 0);
  edits.remove('b', 0);
  assert.equal(letters(edits.apply(tracks)), 'dac');
  edits.settle(queue('dabc'));
  assert.equal(letters(edits.apply(queue('dabc'))), 'dac', 'the removal is still on its way');
  edits.settle(queue('dac'));
  const now = queue('dac');
  assert.equal(edits.apply(now), now);
});

test('a queue that shows the newest edit shows all before it', () => {
  const edits = new PendingEdits();
  edits.move('a', 'c', 0);
  edits.move('c', null, 0);
  // The first alone does not look done here: its neighbour went away.
  edits.settle(queue('badc'));
  const now = queue('badc');
  assert.equal(edits.apply(now), now);
});

test('only the last wish for a track counts', () => {
  const edits = new PendingEdits();
  edits.move('a', 'c', 0);
  edits.move('a', null, 0);
  assert.equal(letters(edits.apply(queue('abcd'))), 'bcda');
  edits.settle(queue('bacd'));
  assert.equal(letters(edits.apply(queue('bacd'))), 'bcda');
});

test('an edit that the server never shows is given up', () => {
  const edits = new PendingEdits();
  edits.move('a', null, 1000);
  assert.equal(edits.expire(2000), false);
  assert.equal(edits.expire(7000), true);
  assert.equal(letters(edits.apply(queue('ab'))), 'ab');
  edits.move('a', null, 8000);
  edits.clear();
  assert.equal(letters(edits.apply(queue('ab'))), 'ab');
});

test('as few rows as possible are put in anew', () => {
  const moved = (before, after) => [...toBeMoved([...before], [...after])].join('');
  assert.equal(moved('abcde', 'abcde'), '');
  assert.equal(moved('abcde', 'bcdea'), 'a');
  assert.equal(moved('abcde', 'eabcd'), 'e');
  assert.equal(moved('abc', 'axbc'), 'x', 'a new one');
  assert.equal(moved('', 'ab'), 'ab');
});

test('rows that stay are in their order already, whatever happened', () => {
  for (const seed of seeds(200)) {
    const random = seeded(seed);
    const before = Array.from({ length: Math.floor(random.between(0, 12)) }, (_, index) => index);
    const after = [...before, 100, 101]
      .map((key) => [random.uniform(), key])
      .sort(([a], [b]) => a - b)
      .map(([, key]) => key);
    const moving = toBeMoved(before, after);
    const staying = (key) => !moving.has(key);
    assert.deepEqual(after.filter(staying), before.filter(staying), `seed ${seed}`);
  }
});

test('a dragged row falls where its middle is, and never outside', () => {
  const at = (movedPx, from = 2) => dropIndex({ from, count: 5, movedPx, pitchPx: 64 });
  assert.equal(at(0), 2);
  assert.equal(at(31), 2);
  assert.equal(at(33), 3);
  assert.equal(at(-64), 1);
  assert.equal(at(9999), 4);
  assert.equal(at(-9999), 0);
  assert.equal(dropIndex({ from: 1, count: 3, movedPx: 10, pitchPx: 0 }), 1);
});

test('the rows between make room', () => {
  const shifts = (from, to) => [0, 1, 2, 3, 4].map((index) => shiftOf(index, from, to));
  assert.deepEqual(shifts(1, 3), [0, 0, -1, -1, 0]);
  assert.deepEqual(shifts(3, 1), [0, 1, 1, 0, 0]);
  assert.deepEqual(shifts(2, 2), [0, 0, 0, 0, 0]);
});

test('the page scrolls along at the edges only, faster nearer to them', () => {
  assert.equal(edgeScroll(400, 800), 0);
  assert.ok(edgeScroll(0, 800) < edgeScroll(80, 800));
  assert.ok(edgeScroll(80, 800) < 0);
  assert.ok(edgeScroll(790, 800) > 0);
});
