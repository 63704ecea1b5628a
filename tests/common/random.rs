//! Random tests that can be repeated: a small generator (splitmix64), and a loop over seeds that names the
//! seed of a failure. `JAM_TEST_SEED=17 cargo test ...` runs that seed alone, `JAM_TEST_SEEDS=100..200` those.

use std::ops::Range;

/// The same seed gives the same numbers for ever.
#[derive(Clone)]
pub struct Random(u64);

/// Runs a test once for each of `seeds` seeds, or for those that the environment names.
pub fn for_each_seed(seeds: u64, mut test: impl FnMut(&mut Random)) {
    for seed in named_seeds().unwrap_or(0..seeds) {
        let _named_on_failure = NameOnFailure(seed);
        test(&mut Random(seed));
    }
}

fn named_seeds() -> Option<Range<u64>> {
    let number = |text: &str| text.parse::<u64>().expect("a seed is a whole number");
    if let Ok(seed) = std::env::var("JAM_TEST_SEED") {
        let seed = number(&seed);
        return Some(seed..seed + 1);
    }
    let seeds = std::env::var("JAM_TEST_SEEDS").ok()?;
    let (from, to) = seeds.split_once("..").expect("JAM_TEST_SEEDS is FROM..TO");
    Some(number(from)..number(to))
}

struct NameOnFailure(u64);

impl Drop for NameOnFailure {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with seed {0}; JAM_TEST_SEED={0} repeats it", self.0);
        }
    }
}

impl Random {
    pub fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `bound - 1`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    pub fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    /// The bytes with a few of them changed, dropped, doubled or cut off.
    pub fn mutate(&mut self, original: &[u8]) -> Vec<u8> {
        let mut bytes = original.to_vec();
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                return bytes;
            }
            let place = self.below(bytes.len());
            match self.below(5) {
                0 => bytes[place] = self.byte(),
                1 => bytes[place] ^= 1 << self.below(8),
                2 => drop(bytes.remove(place)),
                3 => bytes.insert(place, bytes[place]),
                _ => bytes.truncate(place),
            }
        }
        bytes
    }
}
