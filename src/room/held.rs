//! Which chunks of a track a node holds, as far as it told, and the strip of digits that SWARM draws of it.

use crate::limits::SWARM_MAP_DIGITS;

/// A set of chunk numbers, one bit each; grows to the highest one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    /// Chunk 0 is the lowest bit of the first word.
    words: Vec<u64>,
    count: u32,
}

impl Held {
    /// From a bitfield as nodes send it: chunk 0 is the highest bit of the first byte. Bits behind `total` are
    /// not looked at.
    #[must_use]
    pub fn of_bitfield(total: u32, bytes: &[u8]) -> Self {
        let is_held = |index: &u32| {
            let byte = bytes.get(*index as usize / 8).copied().unwrap_or(0);
            byte & (0x80 >> (index % 8)) != 0
        };
        let mut held = Self::default();
        let indices: Vec<u32> = (0..total).filter(is_held).collect();
        held.add(&indices);
        held
    }

    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// How many of `indices` are news. The caller has looked whether the track has such chunks.
    pub fn add(&mut self, indices: &[u32]) -> u32 {
        let mut gained = 0;
        for &index in indices {
            let (word, bit) = (index as usize / 64, 1_u64 << (index % 64));
            if word >= self.words.len() {
                self.words.resize(word + 1, 0);
            }
            if self.words[word] & bit == 0 {
                self.words[word] |= bit;
                gained += 1;
            }
        }
        self.count += gained;
        gained
    }

    /// A digit for each 64th of a track of `total` chunks: 9 when all of it is held, 0 when nothing is. A node that
    /// says it has more than it named is believed, and what is not named is taken to be the first that it can be.
    /// `None` of a track without chunks.
    #[must_use]
    pub fn map(&self, total: u32, have_count: u32) -> Option<String> {
        if total == 0 {
            return None;
        }
        let have_count = have_count.min(total);
        let all_below = self.zero_after(have_count.saturating_sub(self.count), total);
        let digits = u64::from(SWARM_MAP_DIGITS);
        let total = u64::from(total);
        // In parts of which a chunk has 64 and a digit `total`, so that everything is whole.
        let digit = |place: u64| {
            let (start, end) = (place * total, (place + 1) * total);
            let (first, last) = (start / digits, (end - 1) / digits);
            let inside = |chunk: u64| end.min((chunk + 1) * digits) - start.max(chunk * digits);
            let mut held = 0;
            for chunk in [first, last]
                .into_iter()
                .take(if first == last { 1 } else { 2 })
            {
                held += inside(chunk) * u64::from(self.has(chunk, all_below));
            }
            if last > first {
                held += self.count_between(first + 1, last, all_below) * digits;
            }
            match held {
                0 => '0',
                held if held == total => '9',
                held => char::from(b'1' + u8::try_from(held * 8 / total).expect("bug: below 8")),
            }
        };
        Some((0..digits).map(digit).collect())
    }

    /// The chunk before which there are so many that are not named; `total` at most.
    fn zero_after(&self, zeros: u32, total: u32) -> u64 {
        let mut left = zeros;
        let mut index = 0;
        while left > 0 && index < total {
            let word = self.words.get(index as usize / 64).copied().unwrap_or(0);
            if index.is_multiple_of(64) && word.count_zeros() < left {
                left -= word.count_zeros();
                index += 64;
                continue;
            }
            left -= u32::from(word >> (index % 64) & 1 == 0);
            index += 1;
        }
        index.min(total).into()
    }

    fn has(&self, chunk: u64, all_below: u64) -> bool {
        let word = usize::try_from(chunk / 64).expect("bug: chunk numbers are small");
        let word = self.words.get(word).copied().unwrap_or(0);
        chunk < all_below || word >> (chunk % 64) & 1 == 1
    }

    /// How many of the chunks from `start` to before `end` it has.
    fn count_between(&self, start: u64, end: u64, all_below: u64) -> u64 {
        let named_from = start.max(all_below.min(end));
        let mut count = named_from - start;
        let mut at = named_from;
        while at < end {
            let word = usize::try_from(at / 64).expect("bug: chunk numbers are small");
            let Some(&word) = self.words.get(word) else {
                break;
            };
            let stop = end.min((at / 64 + 1) * 64);
            let wanted = word >> (at % 64);
            let width = stop - at;
            let kept = if width == 64 {
                wanted
            } else {
                wanted & ((1 << width) - 1)
            };
            count += u64::from(kept.count_ones());
            at = stop;
        }
        count
    }
}
