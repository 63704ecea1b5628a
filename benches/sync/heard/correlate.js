// How much later the one of two sounds is than the other.
//
// Pure. Both are looked at through the same window; their spectra are made nearly flat first, so that the
// peak is one sample wide whatever is played.

import { fftOf } from './fft.js';

export const RATE_HZ = 48_000;
// What loudspeakers play and microphones hear; mains hum and the edge of a codec are left out.
const LOWEST_HZ = 150;
const HIGHEST_HZ = 9000;
// 1 would make all frequencies equally loud, noise included.
const WHITENING = 0.6;
// Another peak this far away is a rival; nearer it is the same one.
const RIVAL_SEC = 0.004;

// Looks for `b` around `a`: { lag, quality }, in samples by which `b` is later, found within
// +-`reach`. Quality is how much higher the peak is than its highest rival: what is no match has hardly more
// than 1. The arrays have the same length, of which windowed content fills all but `reach` samples.
export function lagOf(a, b, reach, rateHz = RATE_HZ) {
  const length = a.length;
  const fft = fftOf(length);
  // One transform for both: the spectrum of the real part is even, that of the imaginary one odd.
  const re = Float64Array.from(a);
  const im = Float64Array.from(b);
  fft.forward(re, im);
  cross(re, im, rateHz);
  fft.backward(re, im);
  return peakOf(re, reach, Math.round(RIVAL_SEC * rateHz));
}

// The piece of `samples` from `from` on through a Hann window, at the beginning of `length` zeros.
export function windowed(samples, from, count, length) {
  const piece = new Float64Array(length);
  for (let i = 0; i < count; i += 1) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / count);
    piece[i] = hann * (samples[from + i] ?? 0);
  }
  return piece;
}

// Turns the transform of a + ib into the whitened conj(A) B.
function cross(re, im, rateHz) {
  const length = re.length;
  const [low, high] = [LOWEST_HZ, HIGHEST_HZ].map((hz) => (hz * length) / rateHz);
  let loudest = 0;
  for (let k = 0, j = 0; k <= length / 2; k += 1, j = length - k) {
    const j0 = k === 0 ? 0 : j;
    const [aRe, aIm] = [(re[k] + re[j0]) / 2, (im[k] - im[j0]) / 2];
    const [bRe, bIm] = [(im[k] + im[j0]) / 2, (re[j0] - re[k]) / 2];
    const isHeard = k >= low && k <= high;
    re[k] = isHeard ? aRe * bRe + aIm * bIm : 0;
    im[k] = isHeard ? aRe * bIm - aIm * bRe : 0;
    loudest = Math.max(loudest, re[k] ** 2 + im[k] ** 2);
  }
  const least = 1e-6 * loudest ** (WHITENING / 2);
  for (let k = 0; k <= length / 2; k += 1) {
    const power = re[k] ** 2 + im[k] ** 2;
    const scale = power > 0 ? 1 / (power ** (WHITENING / 2) + least) : 0;
    re[k] *= scale;
    im[k] *= scale;
    if (k === 0 || k === length / 2) continue;
    re[length - k] = re[k];
    im[length - k] = -im[k];
  }
}

function peakOf(correlation, reach, guard) {
  const length = correlation.length;
  const at = (lag) => correlation[(lag + length) % length];
  let best = -reach;
  for (let lag = -reach; lag <= reach; lag += 1) if (at(lag) > at(best)) best = lag;
  let rival = 1e-12;
  for (let lag = -reach; lag <= reach; lag += 1)
    if (Math.abs(lag - best) > guard) rival = Math.max(rival, at(lag));
  const [before, top, behind] = [at(best - 1), at(best), at(best + 1)];
  const bow = before - 2 * top + behind;
  const between = bow === 0 ? 0 : Math.max(-0.5, Math.min(0.5, (before - behind) / (2 * bow)));
  return { lag: best + between, quality: top / rival };
}
