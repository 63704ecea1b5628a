//! A track on its way into a folder: `.name.1f2e3d4c5b6a7988.part` until it is whole, then `name`.
//!
//! A chunk's bit is set after its bytes were written, and only chunks that were checked are written. Bytes that the system
//! has taken survive `kill -9`; for what survives a loss of power the part is hashed again when it is opened,
//! never believed. The final name comes last: every chunk there, `fsync`, the name, `fsync` of the folder.
//!
//! Memory: one bit for each chunk here, and 32 bytes for each in the manifest that the caller has; while an
//! old part is hashed, one buffer.

use super::error::io_error;
use super::file_name::{final_name, part_name};
use super::placing::{candidates, is_at, is_same, place};
use super::{ChunkStore, Stamp, StoreError, is_cut_short};
use crate::limits::PART_OPEN_ATTEMPTS;
use crate::swarm::bitfield::Bitfield;
use crate::track::chunks::Layout;
use crate::track::hashing::ChunkBuffer;
use crate::track::library::Progress;
use crate::track::manifest::Manifest;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Invariant: the file is locked and lies at `part` until it has its final name, and is open for as long as this lives.
#[derive(Debug)]
pub struct PartFile {
    file: File,
    folder: PathBuf,
    part: PathBuf,
    name: String,
    layout: Layout,
    held: Mutex<Bitfield>,
    /// Held while the file gets its final name.
    finishing: Mutex<()>,
    finished: OnceLock<(PathBuf, Stamp)>,
}

#[derive(Debug)]
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
    /// `Busy` when another process fetches the same track into this folder; `NotAFolder`, `NotAFile` when something else
    /// has the folder's or the part's name; `Interrupted` when `progress` calls it off; `Io` when the disk fails.
    pub fn open(
        folder: &Path,
        manifest: &Manifest,
        progress: Progress,
    ) -> Result<Opened, StoreError> {
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
            let layout = manifest.layout();
            let held = hash_part(&file, &part, manifest, progress)?;
            let part = Self {
                file,
                folder: folder.to_owned(),
                part,
                name,
                layout,
                held: Mutex::new(held.clone()),
                finishing: Mutex::new(()),
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
    /// part stays what it was then, and it can be tried again.
    pub fn finish(&self) -> Result<PathBuf, StoreError> {
        let _finishing = self
            .finishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
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
        self.file.sync_all().map_err(failed())?;
        let stamp = Stamp::of(&self.file.metadata().map_err(failed())?);
        if stamp.bytes != self.layout.length() {
            return Err(self.changed()); // Somebody else wrote to it.
        }
        let link = |from: &Path, to: &Path| fs::hard_link(from, to);
        let path = place(&self.file, &self.part, &self.folder, &self.name, &link)?;
        let _once = self.finished.set((path.clone(), stamp));
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

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    match fs::create_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::AlreadyExists | ErrorKind::NotADirectory
            ) =>
        {
            let path = folder.to_owned();
            Err(StoreError::NotAFolder { path })
        }
        Err(error) => Err(io_error("making the folder", folder)(error)),
    }
}

/// The file in `folder` that holds the track under one of the names that it may have.
fn find_finished(
    folder: &Path,
    name: &str,
    manifest: &Manifest,
    progress: Progress,
) -> Result<Option<PathBuf>, StoreError> {
    for path in candidates(folder, name) {
        let Ok(found) = fs::symlink_metadata(&path) else {
            return Ok(None);
        };
        if !found.is_file() || found.len() != manifest.layout().length() {
            continue;
        }
        // One that cannot be read is somebody else's.
        let Ok(file) = File::open(&path) else {
            continue;
        };
        let mut all = true;
        let hashed = hash_chunks(&file, &path, manifest, progress, &mut |_, matches| {
            all &= matches;
            match matches {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        match hashed {
            Ok(()) if all => return Ok(Some(path)),
            Err(error @ StoreError::Interrupted { .. }) => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(None)
}

/// The part, made when it is missing, and locked. `None`: it was moved away in this very moment, look again.
fn open_part(path: &Path) -> Result<Option<File>, StoreError> {
    const OPENING: &str = "opening";
    let mut options = File::options();
    options.read(true).write(true);
    // What makes a new file never follows a symbolic link.
    let file = match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let Ok(found) = fs::symlink_metadata(path) else {
                return Ok(None);
            };
            if !found.is_file() {
                let path = path.to_owned();
                return Err(StoreError::NotAFile { path });
            }
            let file = options.open(path).map_err(io_error(OPENING, path))?;
            let opened = file.metadata().map_err(io_error(OPENING, path))?;
            if !is_same(&found, &opened) {
                return Ok(None);
            }
            file
        }
        made => made.map_err(io_error("making", path))?,
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let path = path.to_owned();
            return Err(StoreError::Busy { path });
        }
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
            log::warn!(
                "{} cannot be locked: fetch it only once at a time",
                path.display()
            );
        }
        Err(TryLockError::Error(error)) => return Err(io_error("locking", path)(error)),
    }
    let metadata = file.metadata().map_err(io_error(OPENING, path))?;
    if !is_at(&metadata, path)? {
        return Ok(None); // Finished between opening and locking it.
    }
    if metadata.nlink() > 1 {
        // It has its final name already, and the program ended before this one was removed. What lies there now is
        // the user's, and must not be written to.
        fs::remove_file(path).map_err(io_error("removing", path))?;
        return Ok(None);
    }
    Ok(Some(file))
}

/// Removes a part that nobody needs any more, and nobody uses.
fn remove_leftover(part: &Path) {
    let is_file = fs::symlink_metadata(part).is_ok_and(|found| found.is_file());
    if is_file && File::open(part).is_ok_and(|file| file.try_lock().is_ok()) {
        // If it cannot go, it does no harm.
        let _stays = fs::remove_file(part);
    }
}

/// Cuts off what is too much, and finds the chunks that are there.
fn hash_part(
    file: &File,
    path: &Path,
    manifest: &Manifest,
    progress: Progress,
) -> Result<Bitfield, StoreError> {
    let length = manifest.layout().length();
    if file.metadata().map_err(io_error("reading", path))?.len() > length {
        file.set_len(length).map_err(io_error("cutting", path))?;
    }
    let mut held = Bitfield::new(manifest.layout().count());
    hash_chunks(file, path, manifest, progress, &mut |index, matches| {
        if matches {
            held.set(index);
        }
        ControlFlow::Continue(())
    })?;
    Ok(held)
}

/// Tells `take` of each chunk that the file is long enough for whether it is the track's, until it has heard
/// enough.
fn hash_chunks(
    file: &File,
    path: &Path,
    manifest: &Manifest,
    progress: Progress,
    take: &mut dyn FnMut(u32, bool) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let layout = manifest.layout();
    let metadata = file.metadata().map_err(io_error("reading", path))?;
    let end = metadata.len().min(layout.length());
    let mut buffer = ChunkBuffer::new(&layout);
    for indices in buffer.batches() {
        let start = layout.offset(indices.start);
        if start >= end {
            break;
        }
        let bytes = buffer.of(&indices);
        let there = bytes.len().min((end - start) as usize);
        let bytes = &mut bytes[..there];
        file.read_exact_at(bytes, start)
            .map_err(io_error("reading", path))?;
        let chunks = bytes.chunks(layout.chunk_size().bytes() as usize);
        for (index, chunk) in indices.zip(chunks) {
            if take(index, manifest.matches(index, chunk)).is_break() {
                return Ok(());
            }
        }
        if progress(path, start + there as u64, end).is_break() {
            let path = path.to_owned();
            return Err(StoreError::Interrupted { path });
        }
    }
    Ok(())
}
