// Two windows at a party, and how far apart they really sound.

import assert from 'node:assert/strict';
import {
  WATCHDOG_MS,
  choose,
  join,
  room,
  startServer,
  waitForPhase,
  waitUntil,
} from './harness.js';
import { heardPositions } from './heard.js';

/** Beside what was set: two windows of a busy machine. */
const SKEW_SEC_MAX = 0.02;
/** The track starts again as often as it has to. */
const WITHIN_MS = 2 * WATCHDOG_MS;

/** A host and a guest who hear the same; `options` are of the guest's window. */
export async function party(options) {
  await startServer();
  const host = await room();
  const guest = await room(options);
  await join(host, { name: 'Ana', role: 'host' });
  await join(guest, { name: 'Ben', role: 'viewer' });
  await choose(host, 'prelude60');
  await Promise.all([waitForPhase(host, 'playing'), waitForPhase(guest, 'playing')]);
  return { host, guest };
}

/** A busy machine takes longer to look than the track is long. */
export async function startAgainInTime(host, guest) {
  const began = await host.evaluate(() => {
    const { positionSec, state } = window.jam.player.snapshot();
    const { track_id, status } = state;
    const isLate = positionSec > 30 || status !== 'PLAY';
    if (isLate) window.jam.socket.send({ type: 'PLAY', track_id, offset_sec: 0 });
    return isLate;
  });
  if (!began) return;
  const hasBegun = () => {
    const { phase, positionSec } = window.jam.player.snapshot();
    return phase === 'playing' && positionSec < 30;
  };
  await Promise.all([waitUntil(host, hasBegun), waitUntil(guest, hasBegun)]);
}

/** Waits until `guest` is so many seconds ahead of `host`, as recorded. */
export async function assertAhead(host, guest, aheadSec) {
  const endMs = performance.now() + WITHIN_MS;
  for (;;) {
    await startAgainInTime(host, guest);
    const id = await host.evaluate(() => window.jam.player.snapshot().trackId);
    const [a, b] = await heardPositions([host, guest], id);
    const heardSec = b.positionSec - a.positionSec;
    const isLike = Math.min(a.likeness, b.likeness) > 0.7;
    if (isLike && Math.abs(heardSec - aheadSec) < SKEW_SEC_MAX) return;
    assert.ok(performance.now() < endMs, `ahead by ${heardSec} s, not ${aheadSec} s`);
  }
}
