// What a track is called, from its tags or its file name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clockTime,
  fileStem,
  lengthWords,
  queueSubWords,
  searchText,
  trackFacts,
  trackWords,
} from '../../../src/web/track-words.js';

test('file names become titles and artists', () => {
  const words = (name) => {
    const { title, artist } = trackWords({ track_id: 'abc', name });
    return [title, artist];
  };
  assert.deepEqual(words('J. S. Bach - Prelude in C.opus'), ['Prelude in C', 'J. S. Bach']);
  assert.deepEqual(words('01 - Ode_to_Joy.flac'), ['Ode_to_Joy', '']);
  assert.deepEqual(words('99 Luftballons.mp3'), ['99 Luftballons', '']);
  assert.deepEqual(words('12. Sinnerman.wav'), ['Sinnerman', '']);
  assert.deepEqual(words('.mp3'), ['Track abc', '']);
  assert.deepEqual(words('No. 5 in c.minor.mp3'), ['No. 5 in c.minor', '']);
  assert.equal(trackWords({ track_id: 'f'.repeat(64) }).title, 'Track ffffffff…');
  assert.equal(fileStem(undefined), '');
});

test('tags come before the file name', () => {
  const track = { track_id: 'a', name: '01 - x - y.mp3', title: 'Prelude', album: 'Well' };
  assert.deepEqual(trackWords(track), { title: 'Prelude', artist: '', album: 'Well' });
  assert.equal(trackWords({ ...track, artist: 'Bach' }).artist, 'Bach');
  const untitled = { track_id: 'a', name: 'my_song.mp3', artist: 'Bach' };
  assert.deepEqual(trackWords(untitled), { title: 'my_song', artist: 'Bach', album: '' });
});

test('the second line says whose it is and who brought it', () => {
  const track = { name: 'a.opus', content_type: 'audio/ogg; codecs=opus', bytes: 494769 };
  assert.equal(trackFacts(track), 'Opus · 495 KB');
  assert.equal(trackFacts({}), '');
  assert.deepEqual(queueSubWords(track), { about: 'Opus · 495 KB', by: '' });
  assert.deepEqual(queueSubWords({ ...track, added_by: 'Ana' }), { about: '', by: 'added by Ana' });
  assert.deepEqual(queueSubWords({ ...track, title: 'A', artist: 'Bach', added_by: 'Ana' }), {
    about: 'Bach',
    by: 'added by Ana',
  });
  assert.match(queueSubWords(track, { unplayable: true }).about, /Cannot be played/);
});

test('of a track that is still on its way it says how much is there', () => {
  const words = (arrived, more) =>
    queueSubWords({ name: 'Bach - a.opus', awaited: true, added_by: 'Ana', ...more }, { arrived });
  for (const unknown of [undefined, 0, NaN]) {
    assert.deepEqual(words(unknown), { about: 'Waiting for its seed', by: 'added by Ana' });
  }
  assert.equal(words(0.004).about, 'Arriving, 0\u202f%');
  assert.equal(words(0.295).about, 'Arriving, 29\u202f%');
  assert.equal(words(138 / 320).about, 'Arriving, 43\u202f%');
  assert.equal(words(0.43, { awaited: undefined }).about, 'Bach');
});

test('a length is told only when it is known', () => {
  assert.equal(lengthWords({ duration_sec: 192 }), '3:12');
  assert.equal(lengthWords({}), '');
  assert.equal(lengthWords(null), '');
});

test('a track is found by everything that is said about it', () => {
  const text = searchText({ name: 'x.mp3', title: 'Prelude', artist: 'Bach', added_by: 'Ana' });
  for (const word of ['x.mp3', 'Prelude', 'Bach', 'Ana']) assert.ok(text.includes(word), word);
});

test('the time of day has hours and minutes', () => {
  assert.match(clockTime(1762569231.2), /\d{1,2}.\d{2}/);
  assert.equal(clockTime(NaN), '');
});
