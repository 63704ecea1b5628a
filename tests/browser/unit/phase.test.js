// The one word for what is heard.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phaseOf } from '../../../src/web/phase.js';

const PLAYING = { track_id: 't1', status: 'PLAY', offset_sec: 10, timestamp: 1000 };

function deckAt(positionSec, more = {}) {
  return { method: 'webaudio', durationSec: 60, errorSec: 0, heardAt: () => positionSec, ...more };
}

function phase(more = {}) {
  return phaseOf({
    state: PLAYING,
    deck: deckAt(15),
    reason: null,
    isUnlocked: true,
    isOutputStopped: false,
    roomSec: 1005,
    localSec: 5,
    ...more,
  });
}

test('each state of things has its word', () => {
  const cases = [
    ['playing', {}],
    ['idle', { state: null }],
    ['idle', { state: { ...PLAYING, track_id: null } }],
    ['locked', { isUnlocked: false }],
    ['failed', { reason: 'decode' }],
    ['blocked', { isOutputStopped: true }],
    ['blocked', { deck: deckAt(null, { method: 'element', blocked: true }) }],
    ['playing', { isOutputStopped: true, deck: deckAt(15, { method: 'element' }) }],
    ['loading', { deck: null }],
    ['paused', { state: { ...PLAYING, status: 'PAUSE' } }],
    ['ready', { roomSec: 999 }],
    ['ended', { roomSec: 1050 }],
    ['catching-up', { deck: deckAt(null) }],
    ['catching-up', { deck: deckAt(15, { errorSec: -0.03 }) }],
    ['playing', { deck: deckAt(15, { errorSec: -0.01 }) }],
    ['playing', { roomSec: 9e9, deck: deckAt(15, { durationSec: null }) }],
  ];
  for (const [word, more] of cases) assert.equal(phase(more), word, JSON.stringify(more));
});
