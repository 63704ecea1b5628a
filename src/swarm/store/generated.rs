//! Tracks that nobody recorded: for measuring a swarm without a disk.
//!
//! Every chunk is pseudo-random and can be made again at any time, so neither side keeps any bytes. The seed makes what it
//! is asked for; the leecher's side makes what it should have got, compares, and remembers one bit for each chunk.

use super::{ChunkStore, StoreError};
use crate::swarm::bitfield::Bitfield;
use crate::track::chunks::Layout;
use crate::track::hash_tree::{chunk_checksum, root_of};
use crate::track::manifest::{LengthProof, Manifest};
use blake3::{Hasher, OutputReader};
use std::sync::{Mutex, PoisonError};

/// All chunks of a synthetic track: chunk `i` is the output of BLAKE3 in key derivation mode for the number `i`. Its
/// manifest is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generated {
    layout: Layout,
}

/// What a leecher has got of a synthetic track.
#[derive(Debug)]
pub struct GeneratedSink {
    track: Generated,
    held: Mutex<Bitfield>,
}

const CONTEXT: &str = "jam synthetic track 1";

/// How much is made at a time to compare it.
const PIECE_BYTES: usize = 4096;

impl Generated {
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self { layout }
    }

    /// `synthetic-120x4096` for 120 chunks of 4 KiB.
    #[must_use]
    pub fn name(&self) -> String {
        let layout = &self.layout;
        format!(
            "synthetic-{}x{}",
            layout.count(),
            layout.chunk_size().bytes()
        )
    }

    /// Makes every chunk once, in the memory of one.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        let layout = &self.layout;
        let mut checksums = Vec::with_capacity(layout.count() as usize);
        let mut chunk = Vec::new();
        for index in 0..layout.count() {
            chunk.resize(layout.chunk_bytes(index), 0);
            chunk_bytes(index).fill(&mut chunk);
            checksums.push(chunk_checksum(layout, index, &chunk));
        }
        let proof = LengthProof::of(layout, &chunk);
        let id = root_of(layout, &checksums);
        Manifest::prove(id, &self.name(), *layout, checksums, proof)
            .expect("bug: a track's own manifest is proved by its id")
    }

    fn is_chunk(&self, index: u32, data: &[u8]) -> bool {
        let mut made = chunk_bytes(index);
        let mut piece = [0; PIECE_BYTES];
        data.chunks(PIECE_BYTES).all(|data| {
            let piece = &mut piece[..data.len()];
            made.fill(piece);
            piece == data
        })
    }

    fn check_length(&self, index: u32, bytes: usize) {
        assert!(
            bytes == self.layout.chunk_bytes(index),
            "bug: {bytes} bytes for chunk {index} of {}",
            self.layout
        );
    }
}

impl ChunkStore for Generated {
    fn read(&self, index: u32, buffer: &mut [u8]) -> Result<(), StoreError> {
        self.check_length(index, buffer.len());
        chunk_bytes(index).fill(buffer);
        Ok(())
    }

    /// # Errors
    /// `Wrong` unless it is the chunk that would be made.
    fn write(&self, index: u32, data: &[u8]) -> Result<(), StoreError> {
        self.check_length(index, data.len());
        match self.is_chunk(index, data) {
            true => Ok(()),
            false => Err(StoreError::Wrong { index }),
        }
    }
}

impl GeneratedSink {
    /// A leecher that has nothing yet.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self {
            track: Generated::new(layout),
            held: Mutex::new(Bitfield::new(layout.count())),
        }
    }

    /// What has been written so far.
    #[must_use]
    pub fn held(&self) -> Bitfield {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }
}

impl ChunkStore for GeneratedSink {
    fn read(&self, index: u32, buffer: &mut [u8]) -> Result<(), StoreError> {
        self.track.check_length(index, buffer.len());
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_held = held.get(index);
        drop(held);
        match is_held {
            true => self.track.read(index, buffer),
            false => Err(StoreError::Missing { index }),
        }
    }

    /// # Errors
    /// `Wrong` unless it is the chunk that the seed makes.
    fn write(&self, index: u32, data: &[u8]) -> Result<(), StoreError> {
        self.track.write(index, data)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.set(index);
        Ok(())
    }
}

fn chunk_bytes(index: u32) -> OutputReader {
    let mut hasher = Hasher::new_derive_key(CONTEXT);
    hasher.update(&index.to_le_bytes());
    hasher.finalize_xof()
}
