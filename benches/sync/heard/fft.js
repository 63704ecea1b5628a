// The Fourier transform, in place, on two arrays of the same length: real and imaginary parts.
//
// Pure. Lengths are powers of two; each has its tables once (fftOf).

const known = new Map();

export function fftOf(length) {
  if (!known.has(length)) known.set(length, new Fft(length));
  return known.get(length);
}

// The smallest length that is a power of two and not below `count`.
export function fftLength(count) {
  return 2 ** Math.ceil(Math.log2(count));
}

class Fft {
  #swaps = [];
  #cos;
  #sin;

  constructor(length) {
    if (!(length >= 2) || 2 ** Math.round(Math.log2(length)) !== length)
      throw new RangeError(`${length} is no power of two`);
    this.length = length;
    const bits = Math.log2(length);
    for (let i = 0; i < length; i += 1) {
      let mirrored = 0;
      for (let bit = 0; bit < bits; bit += 1) mirrored |= ((i >> bit) & 1) << (bits - 1 - bit);
      if (mirrored > i) this.#swaps.push([i, mirrored]);
    }
    this.#cos = Float64Array.from({ length: length / 2 }, (_, i) =>
      Math.cos((2 * Math.PI * i) / length),
    );
    this.#sin = Float64Array.from({ length: length / 2 }, (_, i) =>
      Math.sin((2 * Math.PI * i) / length),
    );
  }

  forward(re, im) {
    for (const [i, j] of this.#swaps) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
    for (let half = 1; half < this.length; half *= 2) this.#stage(re, im, half);
  }

  // Not scaled: `length` times what forward() began with.
  backward(re, im) {
    this.forward(im, re);
  }

  #stage(re, im, half) {
    const [cos, sin] = [this.#cos, this.#sin];
    const step = this.length / (2 * half);
    for (let first = 0; first < this.length; first += 2 * half) {
      for (let k = 0, t = 0; k < half; k += 1, t += step) {
        const i = first + k;
        const j = i + half;
        const a = re[j] * cos[t] + im[j] * sin[t];
        const b = im[j] * cos[t] - re[j] * sin[t];
        re[j] = re[i] - a;
        im[j] = im[i] - b;
        re[i] += a;
        im[i] += b;
      }
    }
  }
}
