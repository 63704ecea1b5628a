// The rig proves itself: sound that is shifted by known times has to be found shifted by these times.
//
// First on samples alone, with noise; then through the sound server and its recorder, as the listeners' sound
// comes.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wavFile } from '../../../tests/browser/wav.js';
import { seeded } from '../../../tests/browser/unit/random.js';
import { RATE_HZ } from './correlate.js';
import { makeMusic, toPcm } from './music.js';
import { compare, follow } from './skew.js';
import { SoundServer } from './sound-server.js';
import { TrackIndex } from './track-index.js';
import { sleep } from './wait.js';

// Nothing may be off by more.
const ERROR_MS_MAX = 0.05;
const SHIFTS_MS = [0.013, -0.4, 3.337, -21, 480.25];
const PLAYED_SHIFTS_MS = [0.25, 2.337, 21.013];
const NOISE = 0.002;
const SECONDS = 5;
// Half the length of the filter that shifts by a part of a sample.
const TAPS = 48;

// The errors in ms, of the worst window of each shift. Throws when one is too large.
export function proveOnSamples() {
  const music = makeMusic(SECONDS + 4, 3);
  const index = new TrackIndex([music]);
  const random = seeded(3);
  const original = music.slice(2 * RATE_HZ, (2 + SECONDS) * RATE_HZ);
  return SHIFTS_MS.map((shiftMs) => {
    const later = shifted(music, shiftMs / 1000).slice(2 * RATE_HZ, (2 + SECONDS) * RATE_HZ);
    const noisy = later.map((value) => 0.5 * value + random.between(-NOISE, NOISE));
    return check('on samples', shiftMs, [original, noisy], index);
  });
}

// The same with sound that is played and recorded.
export async function proveOnSound(processes) {
  const music = makeMusic(SECONDS + 4, 4);
  const index = new TrackIndex([music]);
  const channels = [0, ...PLAYED_SHIFTS_MS].map((ms) => toPcm(shifted(music, ms / 1000)));
  const file = join(processes.folder, 'proof.wav');
  writeFileSync(file, wavFile(channels, RATE_HZ));
  const server = await SoundServer.start(processes, channels.length);
  await server.record();
  const player = server.playToAll(file);
  await sleep(SECONDS + 3);
  const recorded = await server.recorded();
  await processes.end(player);
  await server.stop();
  return PLAYED_SHIFTS_MS.map((ms, i) => {
    return check('on recorded sound', ms, [recorded[0], recorded[i + 1]], index);
  });
}

function check(what, shiftMs, channels, index) {
  const { skews } = compare(follow(channels, index), 0, 1);
  const errors = skews.map(({ skewSec }) => Math.abs(skewSec * 1000 - shiftMs));
  const worst = Math.max(...errors);
  if (errors.length < 2 * SECONDS) {
    throw new Error(`the rig finds itself ${what} ${errors.length} times only (${shiftMs} ms)`);
  }
  if (!(worst <= ERROR_MS_MAX)) {
    throw new Error(`the rig is off ${what} by ${worst} ms when the truth is ${shiftMs} ms`);
  }
  return worst;
}

// The same sound so many seconds later, also between two samples.
export function shifted(samples, seconds) {
  const frames = seconds * RATE_HZ;
  const whole = Math.floor(frames);
  const part = frames - whole;
  const taps = Array.from({ length: 2 * TAPS }, (_, i) => {
    const x = i - TAPS + 1 - part;
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
    return sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / (TAPS + 1)));
  });
  return Float32Array.from(samples, (_, n) => {
    let sum = 0;
    for (let i = 0; i < taps.length; i += 1)
      sum += taps[i] * (samples[n - whole - (i - TAPS + 1)] ?? 0);
    return sum;
  });
}
