// How numbers are written.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  aheadOrBehind,
  formatBytes,
  formatMs,
  formatPercent,
  formatTime,
  positionText,
  spokenTime,
} from '../../../src/web/number-words.js';

const plain = (text) => text.replaceAll('\u202f', ' ');

test('time is written in minutes and, when needed, hours', () => {
  assert.equal(formatTime(0), '0:00');
  assert.equal(formatTime(41.9), '0:41');
  assert.equal(formatTime(59.99998), '1:00');
  assert.equal(formatTime(725), '12:05');
  assert.equal(formatTime(3723), '1:02:03');
  assert.equal(formatTime(-3), '0:00');
  assert.equal(formatTime(NaN), '-:--');
  assert.equal(formatTime(null), '-:--');
});

test('time is spoken in words', () => {
  assert.equal(spokenTime(0.4), '0 seconds');
  assert.equal(spokenTime(62), '1 minute 2 seconds');
  assert.equal(spokenTime(3600), '1 hour');
  assert.equal(positionText(41, 60), '41 seconds of 1 minute');
  assert.equal(positionText(41, null), '41 seconds');
});

test('small errors keep a digit, large ones become seconds', () => {
  assert.equal(plain(formatMs(0.63)), '0.6 ms');
  assert.equal(plain(formatMs(-38.4)), '38 ms');
  assert.equal(plain(formatMs(1234)), '1.2 s');
  assert.equal(plain(formatMs(0.01)), '< 0.1 ms');
  assert.equal(plain(aheadOrBehind(-38.4)), '38 ms behind');
  assert.equal(plain(aheadOrBehind(38.4)), '38 ms ahead');
  assert.equal(plain(formatPercent(0.6299)), '62 %');
  assert.equal(plain(formatPercent(undefined)), '0 %');
  assert.equal(formatBytes(494769), '495 KB');
  assert.equal(formatBytes(23494769), '23 MB');
  assert.equal(formatBytes(2.5e9), '2.5 GB');
});
