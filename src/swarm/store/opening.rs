//! What a download finds in its folder when it begins: the whole track, a part of it, somebody else at work, or nothing.
//!
//! Other processes may do the same at any moment. The part belongs to whoever holds the lock on it, who looks
//! again whether the name still leads to the same file.

use super::StoreError;
use super::error::io_error;
use super::placing::{candidates, is_at, is_same};
use crate::limits::{PART_LOCK_PATIENCE, PART_LOCK_PAUSE};
use crate::swarm::bitfield::Bitfield;
use crate::track::hashing::ChunkBuffer;
use crate::track::library::Progress;
use crate::track::manifest::Manifest;
use std::fs::{self, File, Metadata, TryLockError};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

/// Makes the folder unless it is there.
pub(super) fn make_folder(folder: &Path) -> Result<(), StoreError> {
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
pub(super) fn find_finished(
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
        let mut right = 0;
        let hashed = hash_chunks(&file, &path, manifest, progress, &mut |_, matches| {
            right += u32::from(matches);
            match matches {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        match hashed {
            Ok(()) if right == manifest.layout().count() => return Ok(Some(path)),
            Err(error @ StoreError::Interrupted { .. }) => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(None)
}

/// The part, made when it is missing, and locked. `None`: it was moved away in this very moment, look again.
pub(super) fn open_part(path: &Path) -> Result<Option<File>, StoreError> {
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
                return Err(StoreError::InTheWay { path });
            }
            let file = match options.open(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                opened => opened.map_err(io_error(OPENING, path))?,
            };
            let opened = file.metadata().map_err(io_error(OPENING, path))?;
            if !is_same(&found, &opened) {
                return Ok(None);
            }
            file
        }
        made => made.map_err(io_error("making", path))?,
    };
    lock(&file, path)?;
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

/// Waits a moment for whoever is just about to end.
fn lock(file: &File, path: &Path) -> Result<(), StoreError> {
    let deadline = Instant::now() + PART_LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(PART_LOCK_PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                let path = path.to_owned();
                return Err(StoreError::Busy { path });
            }
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                let path = path.display();
                log::warn!("{path} cannot be locked: fetch it only once at a time");
                return Ok(());
            }
            Err(TryLockError::Error(error)) => return Err(io_error("locking", path)(error)),
        }
    }
}

/// Removes a part that nobody needs any more, and nobody uses.
pub(super) fn remove_leftover(part: &Path) {
    if !fs::symlink_metadata(part).is_ok_and(|found| found.is_file()) {
        return;
    }
    let Ok(file) = File::open(part) else {
        return;
    };
    let is_this = |opened: &Metadata| is_at(opened, part).is_ok_and(|same| same);
    if file.try_lock().is_ok() && file.metadata().is_ok_and(|opened| is_this(&opened)) {
        // If it cannot go, it does no harm.
        let _stays = fs::remove_file(part);
    }
}

/// Cuts off what is too much, and finds the chunks that are there.
pub(super) fn hash_part(
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
