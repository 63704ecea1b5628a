//! Which chunks of a track somebody has: one bit for each.
//!
//! On the wire it looks as in BitTorrent (BEP 3, "bitfield"): the highest bit of the first byte is chunk 0, and spare bits at
//! the end are zero. In memory chunk `i` is bit `i % 64`, counted from the lowest, of word `i / 64`, and spare
//! bits are zero too.

/// As many bits as a track has chunks; one bit of memory for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitfield {
    count: u32,
    ones: u32,
    words: Vec<u64>,
}

const WORD_BITS: u32 = u64::BITS;

impl Bitfield {
    /// None of `count` chunks.
    #[must_use]
    pub fn new(count: u32) -> Self {
        Self {
            count,
            ones: 0,
            words: vec![0; count.div_ceil(WORD_BITS) as usize],
        }
    }

    /// All of `count` chunks.
    #[must_use]
    pub fn full(count: u32) -> Self {
        let mut words = vec![u64::MAX; count.div_ceil(WORD_BITS) as usize];
        if let Some(last) = words.last_mut() {
            *last >>= spare_bits(count);
        }
        Self {
            count,
            ones: count,
            words,
        }
    }

    /// From the wire. `None` unless there are exactly as many bytes as `count` bits need, and spare bits are zero.
    #[must_use]
    pub fn from_bytes(count: u32, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != count.div_ceil(8) as usize {
            return None;
        }
        let words: Vec<u64> = bytes.chunks(8).map(word_of).collect();
        let spare = words.last().map_or(0, |last| {
            last.checked_shr(WORD_BITS - spare_bits(count)).unwrap_or(0)
        });
        let ones = words.iter().map(|word| word.count_ones()).sum();
        (spare == 0).then_some(Self { count, ones, words })
    }

    /// For the wire: a byte for every 8 chunks, the last one padded with zeros.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = self.words.iter().flat_map(|word| word.to_le_bytes());
        bytes
            .take(self.count.div_ceil(8) as usize)
            .map(u8::reverse_bits)
            .collect()
    }

    /// How many chunks the track has, held or not.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Whether it is about no chunks at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many chunks are held.
    #[must_use]
    pub fn count_ones(&self) -> u32 {
        self.ones
    }

    /// Whether all chunks are held.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.ones == self.count
    }

    /// Whether this chunk is held; `false` for one that the track does not have.
    #[must_use]
    pub fn get(&self, index: u32) -> bool {
        let word = self.words.get((index / WORD_BITS) as usize);
        word.is_some_and(|word| word & bit(index) != 0)
    }

    /// Notes that a chunk is held; whether it was not before.
    ///
    /// # Panics
    /// When the track has no such chunk.
    pub fn set(&mut self, index: u32) -> bool {
        assert!(
            index < self.count,
            "bug: no chunk {index} of {}",
            self.count
        );
        let word = &mut self.words[(index / WORD_BITS) as usize];
        let newly = *word & bit(index) == 0;
        *word |= bit(index);
        self.ones += u32::from(newly);
        newly
    }

    /// Notes that a chunk is not held; whether it was before. `false` for one that the track does not have.
    pub fn clear(&mut self, index: u32) -> bool {
        let was = self.get(index);
        if was {
            self.words[(index / WORD_BITS) as usize] &= !bit(index);
            self.ones -= 1;
        }
        was
    }

    /// 64 chunks a word, as the header says: for questions about many chunks at once.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The chunks that are held, in order.
    pub fn iter_ones(&self) -> impl Iterator<Item = u32> + '_ {
        let words = (0..).zip(&self.words);
        words.flat_map(|(place, &word)| bits(place, word))
    }

    /// The chunks that are not held, in order.
    pub fn iter_zeros(&self) -> impl Iterator<Item = u32> + '_ {
        let words = (0..).zip(&self.words);
        let zeros = words.flat_map(|(place, &word)| bits(place, !word));
        zeros.take_while(|&index| index < self.count)
    }

    /// The first chunk from `from` on that is not held.
    #[must_use]
    pub fn next_zero(&self, from: u32) -> Option<u32> {
        let start = from / WORD_BITS;
        let before = !(u64::MAX << (from % WORD_BITS)); // Of the first word.
        let words = (start..).zip(self.words.get(start as usize..)?);
        let mut zeros = words.map(|(place, &word)| {
            let looked_at = if place == start { word | before } else { word };
            (place, !looked_at)
        });
        let (place, zeros) = zeros.find(|&(_, zeros)| zeros != 0)?;
        let index = place * WORD_BITS + zeros.trailing_zeros();
        (index < self.count).then_some(index)
    }
}

fn bit(index: u32) -> u64 {
    1 << (index % WORD_BITS)
}

/// Bits of the last word that stand for no chunk: 0 to 63.
fn spare_bits(count: u32) -> u32 {
    count.next_multiple_of(WORD_BITS) - count
}

/// Up to eight bytes of the wire as a word.
fn word_of(bytes: &[u8]) -> u64 {
    let places = (0..).step_by(8);
    let shifted = bytes
        .iter()
        .zip(places)
        .map(|(byte, place): (_, u32)| u64::from(byte.reverse_bits()) << place);
    shifted.fold(0, |word, part| word | part)
}

/// The numbers of the bits that are set in the word at this place, from the lowest.
fn bits(place: u32, word: u64) -> impl Iterator<Item = u32> {
    let words = std::iter::successors(Some(word), |word| Some(word & word.wrapping_sub(1)));
    words
        .take_while(|&word| word != 0)
        .map(move |word| place * WORD_BITS + word.trailing_zeros())
}
