// Tracks that are too long to decode, played by an <audio> element: where they are is heard, not asked.
//
// Every second of such a track has two tones of its own, so that a tenth of a second tells which it is.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, before, test } from 'node:test';
import { WATCHDOG_MS, join, room, startServer, useRealParts, waitUntil } from './harness.js';
import { glide, wavFile } from './wav.js';

const RATE_HZ = 8000;
const HALF_HOUR_SEC = 1800;
/** Still more than is decoded. */
const LESS_LONG_SEC = 750;
const SHORT_SEC = 6;
/** The seconds of a track in a row and a column. */
const ROW_SEC = 45;
const TONE_STEP_HZ = 36;
const ROW_TONE_HZ = 400;
const COLUMN_TONE_HZ = 2100;
/** Of an element, where it is in a second cannot be heard; a second it is off would be. */
const NEAR_SEC = 1;
/** A busy machine takes its time. */
const WITHIN_MS = 2 * WATCHDOG_MS;

useRealParts();

let folder;
before(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'jam-long-files-'));
  const write = (name, samples) =>
    writeFileSync(joinPath(folder, name), wavFile([samples], RATE_HZ));
  write('1 half an hour.wav', coded(HALF_HOUR_SEC));
  write('2 short.wav', glide({ rateHz: RATE_HZ, frames: SHORT_SEC * RATE_HZ }));
  write('3 long.wav', coded(LESS_LONG_SEC));
});
after(() => rmSync(folder, { recursive: true }));

/** Whole cycles in a second, so that nothing clicks between two. */
function tones(sec) {
  const row = Math.floor(sec / ROW_SEC);
  return [ROW_TONE_HZ + TONE_STEP_HZ * row, COLUMN_TONE_HZ + TONE_STEP_HZ * (sec % ROW_SEC)];
}

function coded(lengthSec) {
  const wave = Array.from({ length: RATE_HZ }, (_, i) =>
    Math.round(8000 * Math.sin((2 * Math.PI * i) / RATE_HZ)),
  );
  const samples = new Int16Array(lengthSec * RATE_HZ);
  for (let sec = 0; sec < lengthSec; sec += 1) {
    const [row, column] = tones(sec);
    for (let i = 0; i < RATE_HZ; i += 1)
      samples[sec * RATE_HZ + i] = wave[(row * i) % RATE_HZ] + wave[(column * i) % RATE_HZ];
  }
  return samples;
}

async function party() {
  await startServer({ args: ['--share', folder] });
  const host = await room();
  await join(host, { name: 'Ana', role: 'host' });
  const ids = await host.evaluate(async () => {
    const { tracks } = await (await fetch('/api/rooms/jam1')).json();
    return tracks.map(({ track_id: id }) => id);
  });
  return { host, ids };
}

const play = (page, track_id, offset_sec) =>
  page.evaluate((message) => window.jam.socket.send(message), {
    type: 'PLAY',
    track_id,
    offset_sec,
  });

const plays = (page, trackId, method) =>
  waitUntil(
    page,
    ([trackId, method]) => {
      const { phase, trackId: id, method: by } = window.jam.player.snapshot();
      return phase === 'playing' && id === trackId && by === method;
    },
    [trackId, method],
  );

/** Runs in the page: the second that the element is heard to be in, and the one the room is in. */
async function listen({ ROW_SEC, TONE_STEP_HZ, ROW_TONE_HZ, COLUMN_TONE_HZ, ROWS }) {
  const { player, clock } = window.jam;
  const { context, element } = player.debug();
  const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
  const source = new MediaStreamAudioSourceNode(context, { mediaStream: element.captureStream() });
  source.connect(analyser);
  const fromSec = context.currentTime;
  const spectrum = new Float32Array(analyser.frequencyBinCount);
  const loudness = (hz) => spectrum[Math.round((hz * analyser.fftSize) / context.sampleRate)];
  const loudest = (baseHz, count) => {
    const at = Array.from({ length: count }, (_, i) => loudness(baseHz + i * TONE_STEP_HZ));
    return at.indexOf(Math.max(...at));
  };
  const endMs = performance.now() + 5000;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    analyser.getFloatFrequencyData(spectrum);
    const row = loudest(ROW_TONE_HZ, ROWS);
    const column = loudest(COLUMN_TONE_HZ, ROW_SEC);
    const isHeard = loudness(ROW_TONE_HZ + row * TONE_STEP_HZ) > -40;
    const isOver = performance.now() > endMs;
    if ((context.currentTime < fromSec + 0.5 || !isHeard) && !isOver) continue;
    source.disconnect();
    const { offset_sec: offsetSec, timestamp } = player.snapshot().state;
    const roomSec = clock.roomAt(performance.now() / 1000);
    return {
      heardSec: isHeard ? row * ROW_SEC + column : null,
      wantedSec: offsetSec + roomSec - timestamp,
    };
  }
}

/** Until it is so: an element may need a second attempt, and a busy machine its time. */
async function isWhereTheRoomIs(page) {
  const code = { ROW_SEC, TONE_STEP_HZ, ROW_TONE_HZ, COLUMN_TONE_HZ, ROWS: 45 };
  const endMs = performance.now() + WITHIN_MS;
  for (;;) {
    const { heardSec, wantedSec } = await page.evaluate(listen, code);
    // What is heard began up to 0.2 s ago, and the sound takes its time through the browser.
    const isHeard = heardSec !== null;
    if (isHeard && wantedSec > heardSec - NEAR_SEC / 2 && wantedSec < heardSec + 1 + NEAR_SEC)
      return;
    assert.ok(performance.now() < endMs, `hears ${heardSec} s, wants ${wantedSec} s`);
  }
}

test('half an hour is played, sought in and joined late where the room is', async () => {
  const { host, ids } = await party();
  await play(host, ids[0], 0);
  await plays(host, ids[0], 'element');
  await isWhereTheRoomIs(host);
  const { durationSec } = await host.evaluate(() => window.jam.player.snapshot());
  assert.ok(Math.abs(durationSec - HALF_HOUR_SEC) < 0.01, `${durationSec}`);

  await play(host, ids[0], 1234.5);
  await waitUntil(host, () => window.jam.player.snapshot().positionSec > 1234.6);
  await plays(host, ids[0], 'element');
  await isWhereTheRoomIs(host);

  const late = await room();
  await join(late, { name: 'Ben', role: 'viewer' });
  await plays(late, ids[0], 'element');
  await isWhereTheRoomIs(late);
});

test('a decoded track follows a long one, and a long one a decoded one', async () => {
  const { host, ids } = await party();
  await play(host, ids[0], HALF_HOUR_SEC - 8);
  await plays(host, ids[0], 'element');
  await plays(host, ids[1], 'webaudio');
  await waitUntil(host, () => window.jam.player.debug().ahead?.deck.isSupplied === true);
  await plays(host, ids[2], 'element');
  await isWhereTheRoomIs(host);
});
