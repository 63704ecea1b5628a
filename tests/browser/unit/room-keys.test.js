// The keys of a tab: from the address, from its session, and what is said about them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  KEY_TROUBLES,
  doorWords,
  lockNews,
  lookTrouble,
  seatKeyWords,
  shareKeyWords,
} from '../../../src/web/key-words.js';
import { RoomKeys, isKey, keyInHash } from '../../../src/web/room-keys.js';

function fakeSession(stored = {}) {
  return {
    stored,
    getItem: (key) => stored[key] ?? null,
    setItem(key, value) {
      stored[key] = value;
    },
  };
}

const open = (session, hash = '', name = 'jam1') => new RoomKeys({ name, session, hash });

test('a key is 1 to 128 bytes without control characters', () => {
  for (const good of ['x', ' plum jam ', 'Grüße 🍓', 'k'.repeat(128)]) assert.ok(isKey(good), good);
  for (const bad of ['', 'k'.repeat(129), 'é'.repeat(65), 'a\nb', '\u0000', '\u0085']) {
    assert.ok(!isKey(bad), JSON.stringify(bad));
  }
});

test('an address carries it behind #key=', () => {
  for (const [hash, expected] of [
    ['#key=plum%20jam', 'plum jam'],
    ['#a=b&key=Gr%C3%BC%C3%9Fe', 'Grüße'],
    ['#key=a+b', 'a+b'],
    ['', null],
    ['#', null],
    ['#key=', null],
    ['#key=%ff', null],
    ['#key=%0a', null],
    ['#monkey=x', null],
  ]) {
    assert.equal(keyInHash(hash), expected, hash);
  }
});

test('it is kept for its room and for a reload of this tab', () => {
  const session = fakeSession();
  const keys = open(session, '#key=plum%20%26%20jam');
  assert.deepEqual([keys.room, keys.host, keys.areKept], ['plum & jam', null, true]);
  keys.set({ host: 'stone' });
  const again = open(session);
  assert.deepEqual([again.room, again.host], ['plum & jam', 'stone']);
  assert.equal(again.inAddress, '#key=plum%20%26%20jam');
  assert.deepEqual(again.headers, { Authorization: 'Bearer plum%20%26%20jam' });
  assert.equal(open(session, '', 'jam2').room, null);
  assert.equal(open(session, '#key=pear').room, 'pear');
  again.set({ room: null });
  assert.deepEqual([again.room, again.host, again.inAddress], [null, 'stone', '']);
  assert.equal(again.headers, undefined);
  assert.equal(open(session).room, null);
});

test('what is stored is not believed, and nothing stored is no trouble', () => {
  for (const stored of ['7', '{', '{"name":"jam1","room":7,"host":""}', '{"room":"x"}']) {
    const keys = open(fakeSession({ 'jam-keys': stored }));
    assert.deepEqual([keys.room, keys.host], [null, null], stored);
  }
  const keys = open(null, '#key=plum');
  assert.deepEqual([keys.room, keys.areKept], ['plum', false]);
});

test('there are words for every trouble, and none for others', () => {
  for (const why of KEY_TROUBLES) {
    const { title, text } = doorWords(why, 'jam1');
    assert.ok(title && text, why);
  }
  assert.match(doorWords('key-needed', 'jam1').title, /^jam1 /);
  assert.match(doorWords('key-changed', 'jam1').title, /new key/);
  assert.notEqual(lockNews(true), lockNews(false));
  assert.equal(seatKeyWords('TAKE_SEAT: Ana hosts this room'), null);
  assert.match(seatKeyWords('TAKE_SEAT: Too many attempts').title, /Too many/);
  assert.equal(lookTrouble(200), '');
  assert.match(lookTrouble(429), /Wait a minute/);
  assert.equal(shareKeyWords({ locked: false, hasKey: true }), '');
});
