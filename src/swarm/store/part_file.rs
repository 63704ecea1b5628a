//! A track on its way into a folder: `.name.1f2e3d4c5b6a7988.part` until it is whole, then `name`.
//!
//! A chunk's bit is set after its bytes were written, and only chunks that were checked are written. Bytes that the system
//! has taken survive `kill -9`; for what survives a loss of power the part is hashed again when it is opened,
//! never believed. The final name comes last: every chunk there, `fsync`, the name, `fsync` of the folder.
//!
//! A part is only as long as the last chunk that was written, and what was skipped is a hole, which takes no disk, and when
//! the part is opened costs reading zeros from memory.
//!
//! Memory: one bit for each chunk here, and 32 bytes for each in the manifest that the caller has; while an
//! old part is hashed, one buffer.

use super::error::io_error;
use super::file_name::{final_name, part_name};
use super::opening::{find_finished, hash_part, make_folder, open_part, remove_leftover};
use super::placing::{place, sync_folder};
use super::{ChunkStore, Stamp, StoreError, is_cut_short};
use crate::limits::PART_OPEN_ATTEMPTS;
use crate::swarm::bitfield::Bitfield;
use crate::track::chunks::Layout;
use crate::track::library::Progress;
use crate::track::manifest::Manifest;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

/// Invariant: the file is locked and lies at `part` until it has its final name, and is open for as long as this lives.
#[derive(Debug)]
pub struct PartFile {
    file: File,
    folder: PathBuf,
    part: PathBuf,
    name: String,
    layout: Layout,
    held: Mutex<Bitfield>,
    /// Written to while the file gets its final name, read while a chunk is written: a chunk that came twice must not
    /// be written into what is finished already. `true`: `fsync` failed once. Linux then forgets what it could not write,
    /// and says that all is well when it is asked again.
    finishing: RwLock<bool>,
    finished: OnceLock<(PathBuf, Stamp)>,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each download, and it is taken apart at once"
)]
pub enum Opened {
    /// This file holds the whole track.
    AlreadyThere(PathBuf),
    /// What is still to be fetched, and what is there of it already.
    Part(PartFile, Bitfield),
}

impl PartFile {
    /// Looks in `folder`, which is made when it is missing, for the track or a part of it, and hashes what is
    /// there.
    ///
    /// # Errors
    /// `Busy` when another process fetches the same track into this folder; `NotAFolder`, `InTheWay` when something else
    /// has the folder's or the part's name; `Interrupted` when `progress` calls it off; `Io` when the disk fails.
    pub fn open(
        folder: &Path,
        manifest: &Manifest,
        progress: Progress,
    ) -> Result<Opened, StoreError> {
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        make_folder(folder)?;
        let name = final_name(manifest.name());
        let part = folder.join(part_name(&name, manifest.id()));
        for _ in 0..PART_OPEN_ATTEMPTS {
            if let Some(path) = find_finished(folder, &name, manifest, progress)? {
                remove_leftover(&part);
                return Ok(Opened::AlreadyThere(path));
            }
            let Some(file) = open_part(&part)? else {
                continue; // Another process has just finished it, or given it up.
            };
            // Another process may have finished it after the first look, and then this part is a new one. While it is
            // locked, nobody else finishes the track.
            if let Some(path) = find_finished(folder, &name, manifest, progress)? {
                drop(file);
                remove_leftover(&part);
                return Ok(Opened::AlreadyThere(path));
            }
            let layout = manifest.layout();
            let held = hash_part(&file, &part, manifest, progress)?;
            let part = Self {
                file,
                folder: folder.to_owned(),
                part,
                name,
                layout,
                held: Mutex::new(held.clone()),
                finishing: RwLock::new(false),
                finished: OnceLock::new(),
            };
            return Ok(Opened::Part(part, held));
        }
        Err(StoreError::Busy { path: part })
    }

    /// Where the bytes lie now: the part, or the final name once it has one.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.finished.get().map_or(&self.part, |(path, _)| path)
    }

    /// Gives the file its final name, or one with a number behind it when another file has that, and goes on
    /// serving it. Doing it twice changes nothing.
    ///
    /// # Errors
    /// `Incomplete` when chunks are missing; `Moved` when the part was moved or removed; `Io` when the disk fails. The
    /// part stays, and it can be tried again; `Changed` when it has to be opened and hashed again first.
    pub fn finish(&self) -> Result<PathBuf, StoreError> {
        let finishing = self.finishing.write();
        let mut sync_failed = finishing.unwrap_or_else(PoisonError::into_inner);
        if let Some((path, _)) = self.finished.get() {
            return Ok(path.clone());
        }
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = held.len() - held.count_ones();
        drop(held);
        if missing > 0 {
            let path = self.part.clone();
            return Err(StoreError::Incomplete { path, missing });
        }
        let failed = || io_error("finishing", &self.part);
        if *sync_failed {
            return Err(self.changed());
        }
        let synced = self.file.sync_all();
        *sync_failed = synced.is_err();
        synced.map_err(failed())?;
        let stamp = Stamp::of(&self.file.metadata().map_err(failed())?);
        if stamp.bytes != self.layout.length() {
            return Err(self.changed()); // Somebody else wrote to it.
        }
        let link = |from: &Path, to: &Path| fs::hard_link(from, to);
        let path = place(&self.file, &self.part, &self.folder, &self.name, &link)?;
        let _once = self.finished.set((path.clone(), stamp));
        sync_folder(&self.folder).map_err(failed())?;
        Ok(path)
    }

    fn is_held(&self, index: u32) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(index)
    }

    fn check_length(&self, index: u32, bytes: usize) {
        assert!(
            bytes == self.layout.chunk_bytes(index),
            "bug: {bytes} bytes for chunk {index} of {}",
            self.layout
        );
    }

    fn changed(&self) -> StoreError {
        let path = self.path().to_owned();
        StoreError::Changed { path }
    }
}

impl ChunkStore for PartFile {
    fn read(&self, index: u32, buffer: &mut [u8]) -> Result<(), StoreError> {
        self.check_length(index, buffer.len());
        if !self.is_held(index) {
            return Err(StoreError::Missing { index });
        }
        let read = self.file.read_exact_at(buffer, self.layout.offset(index));
        read.map_err(|error| match is_cut_short(&error) {
            true => self.changed(),
            false => io_error("reading", self.path())(error),
        })?;
        // Once it has its final name, it is the user's file, who may write to it.
        if let Some((path, stamp)) = self.finished.get() {
            let metadata = self.file.metadata().map_err(io_error("reading", path))?;
            if Stamp::of(&metadata) != *stamp {
                return Err(self.changed());
            }
        }
        Ok(())
    }

    fn write(&self, index: u32, data: &[u8]) -> Result<(), StoreError> {
        self.check_length(index, data.len());
        let finishing = self.finishing.read();
        let _not_finishing = finishing.unwrap_or_else(PoisonError::into_inner);
        if self.is_held(index) {
            return Ok(());
        }
        self.file
            .write_all_at(data, self.layout.offset(index))
            .map_err(io_error("writing", &self.part))?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.set(index);
        Ok(())
    }
}
