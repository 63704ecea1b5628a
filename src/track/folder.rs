//! The files that are shared, one by one or a folder as a whole.

use super::error::{LibraryError, io_error};
use super::library::{Library, Progress, Track};
use crate::limits::{FOLDER_DEPTH_MAX, FOLDER_FILES_MAX};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file to be shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub path: PathBuf,
    /// Nobody named it: what is wrong with it is said, and no reason to fail.
    of_folder: bool,
}

/// The files that `share` names, folders looked into.
///
/// # Errors
/// When one of them is not there, or a folder cannot be read.
pub fn listed(share: &[PathBuf]) -> Result<Vec<Listed>, LibraryError> {
    let mut found = Vec::new();
    for path in share {
        let path = path.clone();
        if !path.is_dir() {
            fs::metadata(&path).map_err(io_error("opening", &path))?;
            let of_folder = false;
            found.push(Listed { path, of_folder });
            continue;
        }
        let (files, cut) = files(&path)?;
        if cut {
            log::warn!(
                "{}: too many files or folders inside folders, the rest is left out",
                path.display()
            );
        }
        let of_folder = true;
        let files = files.into_iter();
        found.extend(files.map(|path| Listed { path, of_folder }));
    }
    Ok(found)
}

impl Listed {
    /// `None`: it is left out, with a word about it.
    ///
    /// # Errors
    /// When it is what the user named and cannot be shared, or `progress` called it off.
    pub fn share(
        &self,
        library: &Library,
        progress: Progress,
    ) -> Result<Option<Arc<Track>>, LibraryError> {
        match library.share(&self.path, progress) {
            Ok(track) => Ok(Some(track)),
            Err(error @ LibraryError::Interrupted { .. }) => Err(error),
            Err(error) if !self.of_folder => Err(error),
            Err(LibraryError::NotAudio { path }) => {
                log::info!("left out, not audio: {}", path.display());
                Ok(None)
            }
            Err(error) => {
                log::warn!("left out: {error}");
                Ok(None)
            }
        }
    }
}

/// The files in `folder` and the folders inside it, sorted by path: albums stay together. Hidden ones are left
/// out, and linked folders, which could lead in a circle. `true`: there were more than are looked at.
///
/// # Errors
/// When `folder` itself cannot be read; one inside it that cannot is logged and left out.
pub fn files(folder: &Path) -> Result<(Vec<PathBuf>, bool), LibraryError> {
    let mut files = Vec::new();
    let mut cut = false;
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((path, depth)) = folders.pop() {
        let entries = match path.read_dir() {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(io_error("reading", &path)(error)),
            Err(error) => {
                log::warn!("left out: {}: {error}", path.display());
                continue;
            }
        };
        for entry in entries
            .flatten()
            .filter(|entry| !is_hidden(&entry.file_name()))
        {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && depth + 1 < FOLDER_DEPTH_MAX {
                folders.push((entry.path(), depth + 1));
            } else if is_folder || files.len() >= FOLDER_FILES_MAX {
                cut = true;
            } else if entry.path().is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok((files, cut))
}

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
