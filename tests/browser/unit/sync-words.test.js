// What the sheet behind the chip and the list of people say about sound.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  errorWay,
  memberClock,
  memberMethod,
  togetherWords,
} from '../../../src/web/member-words.js';
import { syncFacts, tapWords, trimHint, trimWords } from '../../../src/web/sync-words.js';

const plain = (text) => text.replaceAll(/[\u202f\u00a0]/g, ' ');

test('unknown measurements are called that', () => {
  const snapshot = { errorMs: null, outputLatencyMs: null, method: null };
  for (const [, value] of syncFacts({ snapshot, quality: null })) {
    assert.equal(value, 'not yet');
  }
});

test('a trim says which way it goes, and for what it is kept', () => {
  assert.deepEqual([0, 180, -40].map(trimWords), ['none', '180 ms earlier', '40 ms later']);
  assert.match(trimHint(''), /Kept for this device\.$/);
  assert.match(trimHint('Box in the kitchen'), /Kept for Box in the kitchen\.$/);
});

test('taps are counted, and their answer says how sure it is', () => {
  assert.match(tapWords({ kind: 'few', count: 0 }), /first two/);
  assert.equal(tapWords({ kind: 'few', count: 3 }), '3 of 8');
  assert.match(tapWords({ kind: 'irregular', count: 9 }), /do not agree/);
  const found = (ms) => tapWords({ kind: 'found', count: 9, spreadSec: 0.0123 }, ms);
  assert.match(found(182), /182 ms late\. .* ± 12 ms/);
  assert.match(found(-20), /20 ms early/);
});

test('a member is told with what is known, and nothing is made up', () => {
  const report = { status: 'playing', method: 'webaudio', rtt_ms: 1.25, clock_ms: 0.2, loaded: 1 };
  assert.equal(plain(memberClock(report)), 'clock ± 0.2 ms · round trip 1.3 ms');
  assert.equal(memberMethod(report), 'Web Audio');
  assert.equal(plain(memberClock({ rtt_ms: 12 })), 'round trip 12 ms');
  assert.equal(memberMethod({ method: 'mpv', loaded: 1 }), 'mpv');
  const element = { status: 'playing', method: 'element', loaded: 0.62 };
  assert.equal(plain(memberMethod(element)), 'Audio element · 62 % here');
  assert.equal(memberMethod({ ...element, status: 'loading' }), 'Audio element');
  for (const unknown of [undefined, null, {}, { method: 'tape', rtt_ms: 'x', loaded: 'y' }])
    assert.equal(memberMethod(unknown) + memberClock(unknown), '');
});

test('which way an error goes is said only where there is one', () => {
  const way = (error_ms, status = 'playing') => errorWay({ status, error_ms });
  assert.deepEqual(
    [way(0.4), way(-3), way(0.01), way('x'), way(5, 'paused')],
    ['ahead', 'behind', '', '', ''],
  );
});

test('the party at a glance', () => {
  const plays = (name, error_ms) => ({ name, report: { status: 'playing', error_ms } });
  const is = (name, status) => ({ name, report: { status } });
  const say = (...members) => plain(togetherWords(members));
  assert.equal(say(), '');
  assert.equal(say(plays('Ana', 0.4)), '');
  assert.equal(say(plays('Ana', 0.4), { name: 'Ben' }), '');
  assert.equal(say(is('Ana', 'paused'), is('Ben', 'paused')), '');
  assert.equal(say(plays('Ana', 0.4), is('Ben', 'paused')), '1 in sync');
  assert.equal(say(plays('Ana', 0.4), plays('Ben', -1.2)), 'All 2 in sync, to 1.2 ms');
  assert.equal(
    say(plays('Ana', 0.4), plays('Ben', -38), is('Cleo', 'loading'), is('Dan', 'blocked')),
    '1 in sync, Ben 38 ms behind, 1 loading, 1 without sound',
  );
  assert.equal(say(plays('Ana', 30), plays('Ben', -300)), '2 off by up to 300 ms');
});
