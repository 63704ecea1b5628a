// The server is killed in mid-song and started again: nobody hears it, and everybody is together afterwards.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { join, room, server, startServer, useRealParts, waitUntil } from './harness.js';
import { findShift, startTape, tapeFrames } from './tape.js';
import { glide, wavFile } from './wav.js';

const TRACK_SEC = 120;
/** Too long to decode, and more than a browser reads ahead. */
const LONG_SEC = 1500;
const LONG_RATE_HZ = 24_000;
/** Two tones are near zero for less; a gap is longer. */
const GAP_SEC = 0.003;
/** Of an element, what is recorded comes in pieces, of which a busy browser may be late with one. */
const ELEMENT_GAP_SEC = 0.05;
const SILENCE = 0.005;
/** Places of the tape that are looked up in the track. */
const LOOK_EVERY_SEC = 0.1;
const LOOK_FRAMES = 400;
const LOOK_WITHIN_FRAMES = 2000;
/** Of samples that are bent by 0.2 % within so few frames; another place is off by much more. */
const LIKE = 0.15;
/** What one correction of the tempo does in that time, and a jump that nobody hears. */
const STEP_SEC = 0.005;
/** As in the tests of the sound. */
const IN_SYNC_MS = 10;
const WITHIN_MS = 20_000;

useRealParts();

let folder;
let rateHz;
let args;
/** The track as the browser hears it. */
let original;

before(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'jam-restart-'));
});
after(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(joinPath(folder, 'state'), { recursive: true, force: true }));

/** A file with the rate of this machine's output is played as it is. */
async function writeTrack() {
  if (original) return;
  await startServer();
  const page = await room();
  rateHz = await page.evaluate(() => new AudioContext().sampleRate);
  await server.stop();
  const samples = glide({ rateHz, frames: TRACK_SEC * rateHz });
  writeFileSync(joinPath(folder, 'track.wav'), wavFile([samples], rateHz));
  original = Float32Array.from(samples, (value) => value / 32768);
}

function writeLongTrack() {
  const samples = new Int16Array(LONG_SEC * LONG_RATE_HZ);
  samples.set(glide({ rateHz: LONG_RATE_HZ, frames: TRACK_SEC * LONG_RATE_HZ }));
  writeFileSync(joinPath(folder, 'long.wav'), wavFile([samples], LONG_RATE_HZ));
}

async function party(file) {
  args = ['--share', joinPath(folder, file), '--state-dir', joinPath(folder, 'state')];
  await startServer({ args });
  const host = await room({ bypassCSP: true });
  const guest = await room({ bypassCSP: true });
  await join(host, { name: 'Ana', role: 'host' });
  await join(guest, { name: 'Ben', role: 'viewer' });
  await host.evaluate(async () => {
    const { tracks } = await (await fetch('/api/rooms/jam1')).json();
    const { track_id } = tracks[0];
    window.jam.socket.send({ type: 'PLAY', track_id, offset_sec: 0 });
  });
  return [host, guest];
}

async function inSync(page) {
  await waitUntil(
    page,
    (withinMs) => {
      const { phase, errorMs } = window.jam.player.snapshot();
      return phase === 'playing' && errorMs !== null && Math.abs(errorMs) < withinMs;
    },
    IN_SYNC_MS,
  );
}

const frameNow = (page) =>
  page.evaluate(() => {
    const { context } = window.jam.player.debug();
    return Math.round(context.currentTime * context.sampleRate);
  });

/** Waits until so much more has been rendered; the frame that is rendered then. */
async function soundsFor(page, sec) {
  await page.evaluate((sec) => {
    window.soundsUntilSec = window.jam.player.debug().context.currentTime + sec;
  }, sec);
  await waitUntil(
    page,
    () => window.jam.player.debug().context.currentTime >= window.soundsUntilSec,
  );
  return frameNow(page);
}

/** `kill -9` while the music plays, and the same again on the same port; how long it took all to be back. */
async function restart(pages, awaySec) {
  const { port } = server;
  await server.stop('SIGKILL');
  await Promise.all(
    pages.map((page) => page.waitForSelector('body[data-connection="reconnecting"]')),
  );
  await soundsFor(pages[0], awaySec);
  await startServer({ port, args });
  const startedMs = performance.now();
  await Promise.all(pages.map((page) => page.waitForSelector('body[data-connection="open"]')));
  return performance.now() - startedMs;
}

/** Seconds of the longest silence. */
function longestGapSec(tape, rate) {
  let longest = 0;
  let run = 0;
  for (const value of tape) {
    run = Math.abs(value) < SILENCE ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest / rate;
}

/** Seconds of the largest step between two places of the tape that the track does not have. */
function largestStepSec(tape, guess) {
  const every = Math.round(LOOK_EVERY_SEC * rateHz);
  let expected = guess;
  let largest = 0;
  for (let at = 0; at + LOOK_FRAMES <= tape.length; at += every) {
    const piece = tape.slice(at, at + LOOK_FRAMES);
    const { shift, difference } = findShift(piece, original, expected, LOOK_WITHIN_FRAMES);
    assert.ok(difference < LIKE, `not the track at ${at / rateHz} s: ${difference}`);
    if (at > 0) largest = Math.max(largest, Math.abs(shift - expected));
    expected = shift + every;
  }
  return largest / rateHz;
}

/** Where in the track a frame of the context's time is, from the player's own book. */
const placeOf = (page, frame) =>
  page.evaluate((frame) => {
    const { context, segments } = window.jam.player.debug();
    const { contextSec, positionSec, rate } = segments.at(-1);
    const sec = frame / context.sampleRate;
    return Math.round((positionSec + (sec - contextSec) * rate) * context.sampleRate);
  }, frame);

/** What the page takes room time for, beside its own clock, and how often its sound has jumped. */
const bookOf = (page) =>
  page.evaluate(() => {
    const localSec = performance.now() / 1000;
    const { counts } = window.jam.player.debug();
    return { aheadSec: window.jam.clock.roomAt(localSec) - localSec, ...counts };
  });

/** Notes from now on whatever an `<audio>` element says when it has nothing to play, or is at another place. */
const watchElement = (page) =>
  page.evaluate(() => {
    window.interruptions = [];
    const { element } = window.jam.player.debug();
    for (const type of ['pause', 'seeking', 'emptied', 'error', 'ended']) {
      element.addEventListener(type, () => window.interruptions.push(type));
    }
    element.addEventListener('waiting', () => {
      const { buffered, currentTime } = element;
      // With so much read ahead it waits for the machine, which is busy, and not for the server.
      if (buffered.end(buffered.length - 1) > currentTime + 1) return;
      window.interruptions.push('waiting');
    });
  });

const stateOf = (page) => page.evaluate(() => window.jam.player.snapshot().state);

for (const awaySec of [0.5, 7]) {
  test(`a decoded track plays on while the server is away for ${awaySec} s`, async (t) => {
    await writeTrack();
    const pages = await party('track.wav');
    const [host, guest] = pages;
    await startTape(guest);
    await Promise.all(pages.map(inSync));
    // A jump is in the book some time before it is heard.
    const { jumps: jumpsBefore } = await bookOf(guest);
    const from = await soundsFor(guest, 2);
    const guess = await placeOf(guest, from);
    const before = await stateOf(guest);
    const book = await bookOf(guest);
    const backMs = await restart(pages, awaySec);
    t.diagnostic(`all back ${backMs.toFixed(0)} ms after the server`);
    const to = await soundsFor(guest, 3);
    assert.deepEqual(await stateOf(guest), before, 'the same state, to the digit');
    assert.deepEqual(await stateOf(host), before);
    await Promise.all(pages.map(inSync));
    const tape = await tapeFrames(guest, from, to);
    if (tape === null) return t.diagnostic('the browser was too starved to record');
    const gapSec = longestGapSec(tape, rateHz);
    const stepSec = largestStepSec(tape, guess);
    t.diagnostic(`longest silence ${gapSec * 1000} ms, largest step ${stepSec * 1000} ms`);
    assert.ok(gapSec < GAP_SEC, `a gap of ${gapSec} s`);
    const { aheadSec, starts, jumps } = await bookOf(guest);
    const movedSec = Math.abs(aheadSec - book.aheadSec);
    assert.ok(movedSec < STEP_SEC, `room time moved by ${movedSec} s`);
    assert.equal(starts, book.starts, 'it plays on and is not started anew');
    // With the same state and the same room time there is one reason left for a jump: a busy browser took back what it
    // had said of its output.
    assert.ok(stepSec < STEP_SEC || jumps > jumpsBefore, `a step of ${stepSec} s`);
  });
}

test('a long track that is read as it plays goes on as well', async (t) => {
  writeLongTrack();
  const pages = await party('long.wav');
  const [, guest] = pages;
  await Promise.all(pages.map(inSync));
  await startTape(guest, { ofElement: true });
  const from = await soundsFor(guest, 3);
  await watchElement(guest);
  const { jumps } = await bookOf(guest);
  const before = await stateOf(guest);
  const buffered = () =>
    guest.evaluate(() => {
      const { element } = window.jam.player.debug();
      return element.buffered.end(element.buffered.length - 1);
    });
  const readSec = await buffered();
  assert.ok(readSec < LONG_SEC, 'not all of it is there already');
  const backMs = await restart(pages, 3);
  t.diagnostic(`${readSec} s read ahead; all back ${backMs.toFixed(0)} ms after the server`);
  const to = await soundsFor(guest, 5);
  assert.deepEqual(await stateOf(guest), before);
  await Promise.all(pages.map(inSync));
  const { method } = await guest.evaluate(() => window.jam.player.snapshot());
  assert.equal(method, 'element');
  // It reads on from the new server.
  const endMs = performance.now() + WITHIN_MS;
  while ((await buffered()) <= readSec) assert.ok(performance.now() < endMs, 'it reads no more');
  const tape = await tapeFrames(guest, from, to);
  if (tape === null) return t.diagnostic('the browser was too starved to record');
  const gapSec = longestGapSec(
    tape,
    await guest.evaluate(() => window.jam.player.debug().context.sampleRate),
  );
  t.diagnostic(`longest silence ${gapSec * 1000} ms`);
  const interruptions = await guest.evaluate(() => window.interruptions);
  const book = await bookOf(guest);
  if (book.jumps > jumps)
    return t.diagnostic('a busy browser took back what it had said of its output');
  assert.deepEqual(interruptions, []);
  // The pieces of the recording, and not of the sound, may be late.
  if (gapSec >= ELEMENT_GAP_SEC) t.diagnostic('the browser was too starved to record');
});
