//! The files of a folder that is shared as a whole.

use super::error::{LibraryError, io_error};
use crate::limits::{FOLDER_DEPTH_MAX, FOLDER_FILES_MAX};
use std::path::{Path, PathBuf};

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
