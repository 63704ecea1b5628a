// A small seeded generator (mulberry32), so that a failing test can be run again with the same
// numbers.
//
// It is never used outside the tests. The seed comes from JAM_SEED or is the test's own.

export function seeded(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    exponential: (mean) => -mean * Math.log(1 - uniform()),
    chance: (share) => uniform() < share,
  };
}

// Seeds to try: the one in JAM_SEED, or `count` fixed ones.
export function seeds(count) {
  if (process.env.JAM_SEED) return [Number(process.env.JAM_SEED)];
  return Array.from({ length: count }, (_, i) => 1 + i * 7919);
}
