//! Cutting a track into chunks: which sizes there are, how many chunks a length has, and where each lies.
//!
//! A chunk has a power of two of bytes, so that it is a subtree of the track's BLAKE3 tree; the last one may be
//! shorter. Offsets and lengths of tracks are bytes in 64 bits, indices and counts of chunks fit in 32.

use crate::limits::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNKS_MAX};
use std::fmt;

/// Bytes of every chunk but the last: a power of two from 1 KiB to 4 MiB. Kept as its exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkSize(u8);

/// A length, at least 1, cut into chunks: at least 1, and at most `CHUNKS_MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    length: u64,
    chunk_size: ChunkSize,
}

/// Up to how many bytes a track has chunks of 16 KiB, and so on. The number of chunks grows as well as their size: many
/// are good for a swarm, but each costs 32 bytes of manifest. 320 for a song of 5 MiB, 8,192 for 1 GiB, 32,768 for
/// 4 GiB, and 65,536 from there on, until chunks cannot grow any more.
const SIZES_BY_LENGTH: [(u64, u8); 8] = [
    (16 << 20, 14),
    (128 << 20, 15),
    (512 << 20, 16),
    (4 << 30, 17),
    (16 << 30, 18),
    (32 << 30, 19),
    (64 << 30, 20),
    (128 << 30, 21),
];

impl ChunkSize {
    pub const MIN: Self = Self(CHUNK_BYTES_MIN.ilog2() as u8);
    pub const MAX: Self = Self(CHUNK_BYTES_MAX.ilog2() as u8);

    /// What is allowed, for messages.
    pub const ALLOWED: &str = "a power of two from 1 KiB to 4 MiB";

    /// The size of `1 << log2` bytes; `None` outside 10 to 22.
    #[must_use]
    pub fn from_log2(log2: u8) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0)
            .contains(&log2)
            .then_some(Self(log2))
    }

    /// `None` unless `bytes` is `ALLOWED`.
    #[must_use]
    pub fn from_bytes(bytes: u64) -> Option<Self> {
        if !bytes.is_power_of_two() {
            return None;
        }
        Self::from_log2(bytes.trailing_zeros() as u8)
    }

    #[must_use]
    pub fn log2(self) -> u8 {
        self.0
    }

    #[must_use]
    pub fn bytes(self) -> u32 {
        1 << self.0
    }

    /// What a track of `length` bytes is cut into when nobody says otherwise.
    #[must_use]
    pub fn for_length(length: u64) -> Self {
        let found = SIZES_BY_LENGTH.iter().find(|(most, _)| length <= *most);
        found.map_or(Self::MAX, |&(_, log2)| Self(log2))
    }
}

impl fmt::Display for ChunkSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0..20 => write!(f, "{} KiB", 1 << (self.0 - 10)),
            _ => write!(f, "{} MiB", 1 << (self.0 - 20)),
        }
    }
}

impl Layout {
    /// `None` when `length` is 0, or has more than `CHUNKS_MAX` chunks of this size.
    #[must_use]
    pub fn new(length: u64, chunk_size: ChunkSize) -> Option<Self> {
        let count = length.div_ceil(u64::from(chunk_size.bytes()));
        let layout = Self { length, chunk_size };
        (1..=u64::from(CHUNKS_MAX))
            .contains(&count)
            .then_some(layout)
    }

    /// Bytes of the track.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    #[must_use]
    pub fn chunk_size(&self) -> ChunkSize {
        self.chunk_size
    }

    /// How many chunks there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        // Fits: `new` has seen to it.
        self.length.div_ceil(u64::from(self.chunk_size.bytes())) as u32
    }

    /// Whether there is a chunk of this number.
    #[must_use]
    pub fn contains(&self, index: u32) -> bool {
        index < self.count()
    }

    /// Where in the track a chunk begins, in bytes.
    ///
    /// # Panics
    /// When there is no such chunk.
    #[must_use]
    pub fn offset(&self, index: u32) -> u64 {
        assert!(self.contains(index), "bug: {} has no chunk {index}", self);
        u64::from(index) << self.chunk_size.0
    }

    /// How many bytes a chunk has: the chunk size, or what is left for the last one.
    ///
    /// # Panics
    /// When there is no such chunk.
    #[must_use]
    pub fn chunk_bytes(&self, index: u32) -> usize {
        let left = self.length - self.offset(index);
        left.min(u64::from(self.chunk_size.bytes())) as usize
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (length, count) = (self.length, self.count());
        write!(f, "{length} bytes in {count} chunks of {}", self.chunk_size)
    }
}
