//! Reads a track once, and knows its chunks: what a manifest is made of.
//!
//! One buffer of 128 KiB, or of a chunk if that is more; beside it only the checksums grow, 32 bytes for each chunk.

use super::chunks::{ChunkSize, Layout};
use super::hash_tree::{Checksum, chunk_checksum, root_of};
use super::id::TrackId;
use super::library::Progress;
use super::manifest::{LengthProof, Manifest};
use crate::limits::HASH_BUFFER_BYTES;
use std::io::{self, Read};
use std::path::Path;
use std::{error, fmt};

/// All that a manifest says of a track, but its name.
#[derive(Clone, Debug)]
pub struct Hashed {
    pub id: TrackId,
    pub layout: Layout,
    pub checksums: Vec<Checksum>,
    pub length_proof: LengthProof,
}

#[derive(Debug)]
pub enum HashError {
    Empty,
    /// It has more chunks of this size than a track may have.
    TooLong {
        length: u64,
        chunk_size: ChunkSize,
    },
    Read(io::Error),
    /// It ended before its length.
    Shorter {
        length: u64,
    },
    /// `progress` called it off.
    Interrupted,
}

/// Reads exactly `length` bytes; what may come after them is the caller's to look at. Without a chunk size it is
/// `ChunkSize::for_length`. `path` is for `progress`, which is told of every buffer.
///
/// # Errors
/// When the bytes cannot be read, are none or too many, or `progress` calls it off.
pub fn hash_track(
    source: &mut dyn Read,
    length: u64,
    chunk_size: Option<ChunkSize>,
    path: &Path,
    progress: Progress,
) -> Result<Hashed, HashError> {
    let layout = layout_for(length, chunk_size)?;
    let mut checksums = Vec::with_capacity(layout.count() as usize);
    let mut buffer = ChunkBuffer::new(&layout);
    let mut length_proof = None;
    for indices in buffer.batches() {
        let bytes = buffer.of(&indices);
        source
            .read_exact(bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => HashError::Shorter { length },
                _ => HashError::Read(error),
            })?;
        let chunks = bytes.chunks(layout.chunk_size().bytes() as usize);
        for (index, chunk) in indices.clone().zip(chunks) {
            checksums.push(chunk_checksum(&layout, index, chunk));
            if index + 1 == layout.count() {
                length_proof = Some(LengthProof::of(&layout, chunk));
            }
        }
        let last = indices.end - 1;
        let done = layout.offset(last) + layout.chunk_bytes(last) as u64;
        if progress(path, done, length).is_break() {
            return Err(HashError::Interrupted);
        }
    }
    Ok(Hashed {
        id: root_of(&layout, &checksums),
        layout,
        checksums,
        length_proof: length_proof.expect("bug: a layout without a last chunk"),
    })
}

/// How a track of this length is cut.
///
/// # Errors
/// `Empty` or `TooLong`.
pub fn layout_for(length: u64, chunk_size: Option<ChunkSize>) -> Result<Layout, HashError> {
    if length == 0 {
        return Err(HashError::Empty);
    }
    let chunk_size = chunk_size.unwrap_or_else(|| ChunkSize::for_length(length));
    Layout::new(length, chunk_size).ok_or(HashError::TooLong { length, chunk_size })
}

impl Hashed {
    /// The manifest of it under this name.
    #[must_use]
    pub fn into_manifest(self, name: &str) -> Manifest {
        let Self {
            id,
            layout,
            checksums,
            length_proof,
        } = self;
        Manifest::prove(id, name, layout, checksums, length_proof)
            .expect("bug: a track's own manifest is proved by its id")
    }
}

/// A buffer for as many whole chunks as fit, at least one: small chunks are read many at a time.
pub(crate) struct ChunkBuffer {
    layout: Layout,
    per_batch: u32,
    bytes: Vec<u8>,
}

impl ChunkBuffer {
    pub(crate) fn new(layout: &Layout) -> Self {
        let chunk = layout.chunk_size().bytes() as usize;
        let capacity = HASH_BUFFER_BYTES.max(chunk);
        let needed = layout.length().min(capacity as u64) as usize;
        Self {
            layout: *layout,
            per_batch: (capacity / chunk) as u32,
            bytes: vec![0; needed],
        }
    }

    /// The indices of the chunks that are read together, in order.
    pub(crate) fn batches(&self) -> impl Iterator<Item = std::ops::Range<u32>> + use<> {
        let (count, per_batch) = (self.layout.count(), self.per_batch);
        let starts = (0..count).step_by(per_batch as usize);
        starts.map(move |start| start..count.min(start.saturating_add(per_batch)))
    }

    /// The buffer's part for these chunks, which are one of `batches`.
    pub(crate) fn of(&mut self, indices: &std::ops::Range<u32>) -> &mut [u8] {
        let last = indices.end - 1;
        let end = self.layout.offset(last) + self.layout.chunk_bytes(last) as u64;
        let count = (end - self.layout.offset(indices.start)) as usize;
        &mut self.bytes[..count]
    }
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "is empty"),
            Self::TooLong { length, chunk_size } => write!(
                f,
                "{length} bytes are too many for chunks of {chunk_size} (choose a larger chunk size: {})",
                ChunkSize::ALLOWED
            ),
            Self::Read(source) => write!(f, "{source}"),
            Self::Shorter { length } => write!(f, "ended before its {length} bytes"),
            Self::Interrupted => write!(f, "interrupted"),
        }
    }
}

impl error::Error for HashError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Read(source) => Some(source),
            Self::Empty | Self::TooLong { .. } | Self::Shorter { .. } | Self::Interrupted => None,
        }
    }
}
