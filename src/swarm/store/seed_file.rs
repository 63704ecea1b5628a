//! A whole file, served from where it lies and never written to.
//!
//! It stays open. A file that is written to while it is served would give bytes that no longer match its manifest, so
//! every read looks at its length and the time of its last change. One that was replaced by another file of the
//! same name, as most editors do, is served on as it was.

use super::error::io_error;
use super::{ChunkStore, Stamp, StoreError, is_cut_short};
use crate::track::chunks::{ChunkSize, Layout};
use crate::track::hashing::hash_track;
use crate::track::library::Progress;
use crate::track::manifest::Manifest;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub struct SeedFile {
    file: File,
    path: PathBuf,
    layout: Layout,
    stamp: Stamp,
}

impl SeedFile {
    /// Hashes a file, and gives it with its manifest. Without a chunk size it is `ChunkSize::for_length`.
    ///
    /// # Errors
    /// When the file is not a regular one, is empty or too long for this chunk size, cannot be read, changes meanwhile, or
    /// `progress` calls it off.
    pub fn open(
        path: &Path,
        chunk_size: Option<ChunkSize>,
        progress: Progress,
    ) -> Result<(Self, Manifest), StoreError> {
        // Asked before it is opened: opening a named pipe waits for somebody who writes into it.
        let metadata = fs::metadata(path).map_err(io_error("opening", path))?;
        if !metadata.is_file() {
            let path = path.to_owned();
            return Err(StoreError::NotAFile { path });
        }
        let mut file = File::open(path).map_err(io_error("opening", path))?;
        let stamp = stamp_of(&file, path)?;
        let hashed = hash_track(&mut file, stamp.bytes, chunk_size, path, progress)
            .map_err(|error| StoreError::hashing(path, error))?;
        let seed = Self {
            layout: hashed.layout,
            path: path.to_owned(),
            stamp,
            file,
        };
        seed.check_unchanged()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let manifest = hashed.into_manifest(&name);
        Ok((seed, manifest))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn check_unchanged(&self) -> Result<(), StoreError> {
        match stamp_of(&self.file, &self.path)? == self.stamp {
            true => Ok(()),
            false => Err(self.changed()),
        }
    }

    fn changed(&self) -> StoreError {
        let path = self.path.clone();
        StoreError::Changed { path }
    }
}

impl ChunkStore for SeedFile {
    fn read(&self, index: u32, buffer: &mut [u8]) -> Result<(), StoreError> {
        assert!(
            buffer.len() == self.layout.chunk_bytes(index),
            "bug: a buffer of {} bytes for chunk {index} of {}",
            buffer.len(),
            self.layout
        );
        let read = self
            .file
            .read_exact_at(buffer, self.layout.offset(index))
            .map_err(|error| match is_cut_short(&error) {
                true => self.changed(),
                false => io_error("reading", &self.path)(error),
            });
        read?;
        // Looked at after reading: whoever writes sets the time first, so bytes that changed before they were read are
        // noticed.
        self.check_unchanged()
    }

    /// # Errors
    /// Always: there is nothing to add to a whole file.
    fn write(&self, _index: u32, _data: &[u8]) -> Result<(), StoreError> {
        let source = io::Error::new(io::ErrorKind::Unsupported, "a whole file is only read");
        Err(io_error("writing", &self.path)(source))
    }
}

fn stamp_of(file: &File, path: &Path) -> Result<Stamp, StoreError> {
    let metadata = file.metadata().map_err(io_error("reading", path))?;
    Ok(Stamp::of(&metadata))
}
