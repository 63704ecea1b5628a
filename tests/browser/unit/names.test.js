// Names of rooms and people.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cleanName,
  foldText,
  initials,
  normalizeRoomName,
  roomFromPath,
  roomNameProblem,
  suggestName,
} from '../../../src/web/names.js';

test('whatever is typed becomes a room name that the server accepts, or nothing', () => {
  assert.equal(normalizeRoomName('jam1'), 'jam1');
  assert.equal(normalizeRoomName('  Café Lena! '), 'Cafe-Lena');
  assert.equal(normalizeRoomName('../../etc'), 'etc');
  assert.equal(normalizeRoomName('音楽'), '');
  assert.equal(normalizeRoomName('x'.repeat(99)).length, 64);
});

test('a pasted address is the room that it leads to', () => {
  for (const pasted of [
    'http://192.0.2.2:8000/jam1',
    'https://party.example/jam1/?x=1#y',
    '192.0.2.2:8000/jam1',
    'localhost:8000/jam1',
    'party.local/jam1',
    'jam1?x=1#y',
    '/jam1/x',
    ' http://192.0.2.2:8000/jam1 ',
  ]) {
    assert.equal(normalizeRoomName(pasted), 'jam1', pasted);
  }
  assert.equal(normalizeRoomName('http://192.0.2.2:8000/'), '');
  assert.equal(normalizeRoomName('/JAM%201'), 'JAM-1');
  assert.equal(normalizeRoomName('/Caf%C3%A9'), 'Cafe');
  assert.equal(normalizeRoomName('/Caf%E9'), 'CafE9', 'no UTF-8: left as it is');
  assert.equal(normalizeRoomName('100%'), '100');
  assert.equal(normalizeRoomName('#1 fans?'), '1-fans');
});

test('letters that are no letter with an accent have a plain form', () => {
  assert.equal(
    normalizeRoomName('Straße Łódź Ørsted Ægir Đorđe'),
    'Strasse-Lodz-Orsted-AEgir-Dorde',
  );
  assert.equal(foldText('Naïve Łódź'), 'naive lodz');
});

test('names that cannot be are refused with a reason', () => {
  assert.equal(roomNameProblem('jam1'), null);
  assert.match(roomNameProblem(''), /Letters/);
  assert.match(roomNameProblem('healthz'), /keeps that name/);
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
