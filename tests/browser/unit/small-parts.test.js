// The message log, the reporter and the keys.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyMeaning } from '../../../src/web/keys.js';
import { MessageLog } from '../../../src/web/message-log.js';
import { Reporter } from '../../../src/web/reporter.js';

test('the log is bounded, and what comes all the time does not push out the rest', () => {
  const log = new MessageLog();
  log.add('in', 'STATE', 'first', 0);
  for (let index = 0; index < 1000; index += 1) {
    log.add(...(index % 2 === 0 ? ['out', 'CLOCK'] : ['in', 'SWARM']), 'tick', 0);
  }
  assert.equal(log.entries({ withFrequent: false })[0].text, 'first');
  assert.equal(log.entries({ withFrequent: true }).length, 41);
  for (let index = 0; index < 1000; index += 1) log.add('in', 'PEERS', 'x', 0);
  assert.equal(log.entries({ withFrequent: false }).length, 300);
  log.add('in', 'SIGNAL', 'y'.repeat(1e5), 0);
  assert.equal(log.entries({ withFrequent: false }).at(-1).text.length, 4000);
  log.clear();
  assert.deepEqual(log.entries({ withFrequent: true }), []);
});

function reporter() {
  const sent = [];
  const made = new Reporter({
    send: (message) => {
      sent.push(message);
      return true;
    },
  });
  return { made, sent };
}

const PLAYING = { status: 'playing', method: 'webaudio', rtt_ms: 1.257, loaded: 1 };

test('a report is rounded and leaves out what is not known', () => {
  const { made, sent } = reporter();
  made.update({ ...PLAYING, error_ms: NaN }, 0);
  assert.deepEqual(sent, [
    { type: 'REPORT', status: 'playing', method: 'webaudio', rtt_ms: 1.26, loaded: 1 },
  ]);
});

test('changes wait two seconds, a new status does not, and silence is repeated', () => {
  const { made, sent } = reporter();
  made.update({ ...PLAYING, error_ms: 0.4 }, 0);
  made.update({ ...PLAYING, error_ms: 9 }, 1900);
  assert.equal(sent.length, 1);
  made.update({ ...PLAYING, error_ms: 9 }, 2000);
  assert.equal(sent.length, 2);
  made.update({ ...PLAYING, error_ms: 9.1 }, 6000);
  assert.equal(sent.length, 2, 'too small to tell');
  made.update({ ...PLAYING, status: 'paused' }, 6100);
  assert.equal(sent.length, 3);
  made.update({ ...PLAYING, status: 'ended' }, 6200);
  assert.equal(sent.length, 3, 'not closer than the short gap');
  made.update({ ...PLAYING, status: 'paused' }, 21100);
  assert.equal(sent.length, 4, 'repeated');
});

test('that a track is ready is told without delay, for the room may be waiting for it', () => {
  const { made, sent } = reporter();
  made.update({ status: 'loading', track_id: 'a' }, 0);
  made.update({ status: 'paused', track_id: 'a' }, 10);
  assert.equal(sent.length, 2);
  made.update({ status: 'playing', track_id: 'a' }, 20);
  assert.equal(sent.length, 2, 'that is no news to who waits');
  made.update({ status: 'paused', track_id: 'b' }, 30);
  assert.equal(sent.length, 3);
  made.update({ status: 'loading', track_id: 'c' }, 40);
  assert.equal(sent.length, 3);
});

test('keys mean nothing inside fields and on what they already press', () => {
  const means = (key, place = {}) => keyMeaning({ key, ...place });
  assert.equal(means(' '), 'toggle');
  assert.equal(means(' ', { onPressable: true }), null);
  assert.equal(means('ArrowLeft'), 'back');
  assert.equal(means('ArrowRight', { inTabs: true }), null);
  assert.equal(means('n'), 'next');
  assert.equal(means('p'), 'previous');
  assert.equal(means('ArrowRight', { shifted: true }), 'next');
  assert.equal(means('ArrowLeft', { shifted: true }), 'previous');
  assert.equal(means('ArrowLeft', { shifted: true, inTabs: true }), null);
  assert.equal(means('m'), 'mute');
  assert.equal(means('/'), 'find');
  assert.equal(means('?'), 'help');
  assert.equal(means('m', { inField: true }), null);
  assert.equal(means('m', { modified: true }), null);
  assert.equal(means('x'), null);
});

test('another track is told as soon as another status, and a clock that gets a little better can wait', () => {
  const { made, sent } = reporter();
  const about = (track_id, clock_ms) => ({ ...PLAYING, track_id, clock_ms });
  made.update(about('a', 1.234), 0);
  made.update(about('a', 0.9), 2000);
  assert.equal(sent.length, 1);
  assert.deepEqual([sent[0].clock_ms, sent[0].track_id], [1.23, 'a']);
  made.update(about('b', 0.9), 2100);
  assert.equal(sent.at(-1).track_id, 'b');
  made.update(about('b', 0.4), 4099);
  assert.equal(sent.length, 2);
  made.update(about('b', 0.4), 4100);
  assert.equal(sent.at(-1).clock_ms, 0.4);
  made.update(about(null, NaN), 4500);
  assert.equal('track_id' in sent.at(-1) || 'clock_ms' in sent.at(-1), false);
});
