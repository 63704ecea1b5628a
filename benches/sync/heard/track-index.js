// Finds a stretch of sound in the music that is known to be played, anywhere in it.
//
// Pure. Several tracks are looked up as one, in places that count on from track to track.

import { RATE_HZ, lagOf, windowed } from './correlate.js';
import { fftLength, fftOf } from './fft.js';

export const WINDOW_SEC = 0.5;
// How far from a guess a place is looked for.
const REACH_SEC = 0.04;
// A right place has a quality of 2 and more, and is like the sound: 0.9, and 0.35 while the tempo is bent by 0.2 %. Of
// wrong ones a few in a hundred have that quality, and none of these is more like the sound than 0.22.
const QUALITY_MIN = 1.5;
const LIKENESS_MIN = 0.28;
// The whole music is searched at a lower rate, in pieces.
const DECIMATION = 8;
const COARSE_HZ = RATE_HZ / DECIMATION;
const PIECE_LENGTH = 16_384;
const COARSE_HIGHEST_HZ = 2400;
const CANDIDATE_COUNT = 5;
// Nothing follows a track for so long in the one row of all tracks.
const GAP_SEC = 1;

const WINDOW = Math.round(WINDOW_SEC * RATE_HZ);
const REACH = Math.round(REACH_SEC * RATE_HZ);
const LENGTH = fftLength(WINDOW + 2 * REACH);

export class TrackIndex {
  #samples;
  #pieces = null;

  // `tracks` are arrays of samples.
  constructor(tracks) {
    const gap = GAP_SEC * RATE_HZ;
    const count = tracks.reduce((sum, track) => sum + track.length + gap, 0);
    this.#samples = new Float32Array(count);
    this.beginsSec = [];
    let at = 0;
    for (const track of tracks) {
      this.beginsSec.push(at / RATE_HZ);
      this.#samples.set(track, at);
      at += track.length + gap;
    }
  }

  // { placeSec, quality, likeness, isSure } of the window around the sample `center`, for the middle of it.
  // Likeness is the coefficient of correlation.
  near(channel, center, guessSec) {
    const from = center - WINDOW / 2;
    const guess = Math.round(guessSec * RATE_HZ) - WINDOW / 2;
    const own = windowed(channel, from, WINDOW, LENGTH);
    const known = windowed(this.#samples, guess, WINDOW, LENGTH);
    const { lag, quality } = lagOf(known, own, REACH);
    // Sound that is later in its window than the music in its own is from an earlier place.
    const placeSec = (guess - lag + WINDOW / 2) / RATE_HZ;
    const likeness = this.#likeness(channel, from, guess - Math.round(lag));
    return {
      placeSec,
      quality,
      likeness,
      isSure: quality >= QUALITY_MIN && likeness >= LIKENESS_MIN,
    };
  }

  // The same without a guess; null when it is nowhere.
  find(channel, center) {
    const coarse = decimated(channel, center - WINDOW / 2, WINDOW / DECIMATION);
    const found = this.#candidates(coarse).map((placeSec) => this.near(channel, center, placeSec));
    const best = found.reduce((a, b) => (b.quality > a.quality ? b : a));
    return best.isSure ? best : null;
  }

  // Of what lies in the middle of the window: bent tempo pulls the ends apart.
  #likeness(channel, from, guess) {
    let [both, own, known] = [0, 1e-12, 1e-12];
    for (let i = WINDOW / 4; i < (3 * WINDOW) / 4; i += 1) {
      const [a, b] = [channel[from + i] ?? 0, this.#samples[guess + i] ?? 0];
      both += a * b;
      own += a * a;
      known += b * b;
    }
    return both / Math.sqrt(own * known);
  }

  // The likeliest places, in seconds.
  #candidates(coarse) {
    this.#pieces ??= piecesOf(this.#samples);
    const fft = fftOf(PIECE_LENGTH);
    const ownRe = windowed(coarse, 0, coarse.length, PIECE_LENGTH);
    const ownIm = new Float64Array(PIECE_LENGTH);
    fft.forward(ownRe, ownIm);
    whiten(ownRe, ownIm);
    const best = [];
    for (const { first, re, im } of this.#pieces) {
      const r = new Float64Array(PIECE_LENGTH);
      const i = new Float64Array(PIECE_LENGTH);
      for (let k = 0; k < PIECE_LENGTH; k += 1) {
        r[k] = ownRe[k] * re[k] + ownIm[k] * im[k];
        i[k] = ownRe[k] * im[k] - ownIm[k] * re[k];
      }
      fft.backward(r, i);
      let top = 0;
      for (let k = 0; k < PIECE_LENGTH - coarse.length; k += 1) if (r[k] > r[top]) top = k;
      best.push({ height: r[top], placeSec: (first + top + coarse.length / 2) / COARSE_HZ });
    }
    best.sort((a, b) => b.height - a.height);
    return best.slice(0, CANDIDATE_COUNT).map(({ placeSec }) => placeSec);
  }
}

// The spectra of the music, piece by piece, each overlapping the next by a window.
function piecesOf(samples) {
  const coarse = decimated(samples, 0, Math.floor(samples.length / DECIMATION));
  const step = PIECE_LENGTH - WINDOW / DECIMATION;
  const pieces = [];
  for (let first = 0; first < coarse.length; first += step) {
    const re = new Float64Array(PIECE_LENGTH);
    re.set(coarse.subarray(first, first + PIECE_LENGTH));
    const im = new Float64Array(PIECE_LENGTH);
    fftOf(PIECE_LENGTH).forward(re, im);
    whiten(re, im);
    pieces.push({ first, re, im });
  }
  return pieces;
}

function whiten(re, im) {
  const highest = (COARSE_HIGHEST_HZ * PIECE_LENGTH) / COARSE_HZ;
  for (let k = 0; k < re.length; k += 1) {
    const hz = Math.min(k, re.length - k);
    const power = re[k] ** 2 + im[k] ** 2;
    const scale = hz <= highest && hz > highest / 16 && power > 0 ? power ** -0.25 : 0;
    re[k] *= scale;
    im[k] *= scale;
  }
}

// Every eighth sample, each the mean of its neighbours under a raised cosine.
function decimated(samples, from, count) {
  const radius = 2 * DECIMATION;
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => {
    return (1 + Math.cos((Math.PI * (i - radius)) / (radius + 1))) / (2 * radius + 2);
  });
  const coarse = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const middle = from + i * DECIMATION;
    for (let j = -radius; j <= radius; j += 1)
      coarse[i] += weights[j + radius] * (samples[middle + j] ?? 0);
  }
  return coarse;
}
