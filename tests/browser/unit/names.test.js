// Names of rooms and people.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cleanName,
  initials,
  normalizeRoomName,
  roomFromPath,
  suggestName,
} from '../../../src/web/names.js';

test('whatever is typed becomes a room name that the server accepts, or nothing', () => {
  assert.equal(normalizeRoomName('jam1'), 'jam1');
  assert.equal(normalizeRoomName('  Café Lena! '), 'Cafe-Lena');
  assert.equal(normalizeRoomName('a/b?c=d#e'), 'abcde');
  assert.equal(normalizeRoomName('../../etc'), 'etc');
  assert.equal(normalizeRoomName('音楽'), '');
  assert.equal(normalizeRoomName('x'.repeat(99)).length, 64);
});

test('every normalized name survives the address bar', () => {
  for (const typed of ['jam1', 'Lab 4', 'a_b-c', 'ÄÖÜ', 'x'.repeat(99)]) {
    const room = normalizeRoomName(typed);
    assert.equal(roomFromPath(`/${room}`), room);
  }
  assert.equal(roomFromPath('/'), null);
  assert.equal(roomFromPath('/jam1/'), 'jam1');
  assert.equal(roomFromPath('/a b'), null);
  assert.equal(roomFromPath('/a/b'), null);
});

test('display names are one line and bounded', () => {
  assert.equal(cleanName('  Ana\n\tMaria '), 'Ana Maria');
  assert.equal(cleanName(''), '');
  assert.equal(Array.from(cleanName('😀'.repeat(60))).length, 40);
});

test('suggestions cover the whole list and never run past it', () => {
  assert.equal(suggestName([0, 0]), 'Merry Quince');
  assert.match(suggestName([0.999999, 0.999999]), /^\w+ \w+$/);
});

test('badges have one or two letters', () => {
  assert.equal(initials('Ana'), 'A');
  assert.equal(initials('ben van okafor'), 'BO');
  assert.equal(initials('😀 x'), '😀X');
  assert.equal(initials('   '), '?');
});
