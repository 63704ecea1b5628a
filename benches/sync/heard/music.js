// Music for the recordings: plucked strings, made up from a seed.
//
// Pure. No two notes have the same attack and no two bars the same notes, so that half a second of it is like
// one place of one track only.

import { seeded } from '../../../tests/browser/unit/random.js';
import { RATE_HZ } from './correlate.js';

// Four chords that go round, as semitones above the lowest C.
const CHORDS = [
  [0, 7, 12, 16, 19, 24],
  [9, 16, 21, 24, 28, 33],
  [5, 12, 17, 21, 24, 29],
  [7, 14, 19, 23, 26, 31],
];
const LOWEST_HZ = 65.4;
const CHORD_SEC = 2.4;
const NOTE_GAP_SEC = [0.09, 0.3];
const NOTE_SEC = [0.8, 1.8];
// What a string keeps of itself from one period to the next.
const DECAY = 0.996;
const LOUDNESS = 0.2;
const FADE_SEC = 0.02;

// Mono samples between -1 and 1.
export function makeMusic(seconds, seed) {
  const random = seeded(seed);
  const samples = new Float32Array(Math.round(seconds * RATE_HZ));
  for (let atSec = 0; atSec < seconds; atSec += random.between(...NOTE_GAP_SEC)) {
    const chord = CHORDS[Math.floor(atSec / CHORD_SEC) % CHORDS.length];
    const semitone = chord[Math.floor(random.uniform() * chord.length)];
    pluck(samples, Math.round(atSec * RATE_HZ), LOWEST_HZ * 2 ** (semitone / 12), random);
  }
  return samples;
}

// The string is a row of noise that goes round and is smoothed a little each time.
function pluck(samples, from, hz, random) {
  const string = Float32Array.from({ length: Math.round(RATE_HZ / hz) }, () =>
    random.between(-1, 1),
  );
  const loudness = LOUDNESS * random.between(0.5, 1);
  const count = Math.min(Math.round(random.between(...NOTE_SEC) * RATE_HZ), samples.length - from);
  const fade = FADE_SEC * RATE_HZ;
  for (let i = 0, at = 0; i < count; i += 1) {
    const next = at + 1 === string.length ? 0 : at + 1;
    samples[from + i] += loudness * Math.min(1, (count - i) / fade) * string[at];
    string[at] = (DECAY * (string[at] + string[next])) / 2;
    at = next;
  }
}

// As whole numbers for a WAV file.
export function toPcm(samples) {
  return Int16Array.from(samples, (value) => Math.round(32_767 * Math.max(-1, Math.min(1, value))));
}
