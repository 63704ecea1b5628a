//! Where a node keeps the chunks of one track.
//!
//! Stores hold no chunks in memory: what grows with the track is its manifest (32 bytes for each chunk) and a bitfield
//! (one bit for each). All threads of a node share a store, and none waits for another's reading or writing.

pub mod error;
pub mod file_name;
pub mod generated;
mod opening;
pub mod part_file;
mod placing;
pub mod seed_file;

pub use error::StoreError;

use std::fs::Metadata;
use std::io;
use std::time::SystemTime;

/// The chunks of one track. Which of them are there is for the node to know, which asks for no others.
pub trait ChunkStore: Send + Sync {
    /// Fills `buffer`, which is as long as the chunk. After an error it holds anything.
    ///
    /// # Errors
    /// When the chunk is not there, its bytes are no longer what they were, or the disk fails.
    ///
    /// # Panics
    /// When the track has no such chunk, or `buffer` has another length than it.
    fn read(&self, index: u32, buffer: &mut [u8]) -> Result<(), StoreError>;

    /// Keeps a chunk that was checked against the manifest. One that is there already is left alone.
    ///
    /// # Errors
    /// When the disk takes no more, or fails.
    ///
    /// # Panics
    /// When the track has no such chunk, or `data` has another length than it.
    fn write(&self, index: u32, data: &[u8]) -> Result<(), StoreError>;
}

/// What tells that a file was written to, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

fn is_cut_short(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}
