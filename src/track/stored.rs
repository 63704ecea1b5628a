//! The folder of a library: `<track_id>` holds the bytes of a track and `<track_id>.name` the name for display. At the
//! next start the bytes are hashed again, never believed.

use super::error::{LibraryError, io_error};
use super::id::TrackId;
use super::incoming::{is_partial, name_file};
use super::library::{Library, Progress, Track, file_name, inspect};
use super::usage::Usage;
use crate::limits::TRACK_NAME_CHARS_MAX;
use crate::text::clean_display_text;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the library finds files that are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    Copied,
    /// Served from where they lie.
    InPlace,
}

impl Library {
    /// The library in `folder`, which is made when it is missing, with the tracks that are there already, by name.
    /// A file whose bytes are not what its name says is left alone and logged.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(
        folder: &Path,
        progress: Progress,
    ) -> Result<(Self, Vec<Arc<Track>>), LibraryError> {
        let library = Self::in_folder(folder, Shared::Copied)?;
        let found = library.look_through(&|_| 0, progress)?;
        Ok((library, found))
    }

    /// The same library before anybody has looked what is there.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn in_folder(folder: &Path, shared: Shared) -> Result<Self, LibraryError> {
        fs::create_dir_all(folder).map_err(io_error("making the library", folder))?;
        for path in paths(folder)? {
            if is_partial(&file_name(&path).unwrap_or_default()) {
                // A copy that was cut off, and that nobody will finish. If it cannot go, it does no harm.
                let _stays = fs::remove_file(&path);
            }
        }
        let mut library = Self::in_place();
        library.folder = Some(folder.to_owned());
        library.copies = shared == Shared::Copied;
        Ok(library)
    }

    /// Hashes what is in the library's folder, the lowest `rank` first; the tracks that are there, by name. A file whose
    /// bytes are not what its name says is left alone and logged.
    ///
    /// # Errors
    /// When the folder cannot be read, or `progress` calls it off.
    pub fn look_through(
        &self,
        rank: &dyn Fn(TrackId) -> usize,
        progress: Progress,
    ) -> Result<Vec<Arc<Track>>, LibraryError> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let mut stored = Vec::new();
        let mut strangers = 0;
        for path in paths(folder)? {
            let name = file_name(&path).unwrap_or_default();
            match TrackId::parse(&name) {
                Some(id) => stored.push((id, path)),
                None if name.ends_with(".name") || is_partial(&name) => {}
                None => strangers += 1,
            }
        }
        if strangers > 0 {
            log::warn!(
                "library {}: {strangers} files there are not stored tracks (add them with --share)",
                folder.display()
            );
        }
        stored.sort_by_key(|(id, _)| rank(*id));
        let mut found = Vec::new();
        for (id, path) in stored {
            match self.find_stored(&path, id, progress) {
                Ok(track) => found.push(track),
                Err(error @ LibraryError::Interrupted { .. }) => return Err(error),
                Err(error) => log::warn!("library: leaving a file out: {error}"),
            }
        }
        found.sort_by(|a, b| (&a.name, a.id.to_string()).cmp(&(&b.name, b.id.to_string())));
        Ok(found)
    }

    fn find_stored(
        &self,
        path: &Path,
        id: TrackId,
        progress: Progress,
    ) -> Result<Arc<Track>, LibraryError> {
        let mut file = File::open(path).map_err(io_error("opening", path))?;
        let name = fs::read_to_string(name_file(path)).ok();
        let name = name.and_then(|name| clean_display_text(&name, TRACK_NAME_CHARS_MAX));
        let mut track = inspect(
            &mut file,
            path,
            name.unwrap_or_else(|| id.to_string()),
            progress,
        )?;
        if track.id != id {
            let path = path.to_owned();
            return Err(LibraryError::Changed { path });
        }
        track.is_kept_here = true;
        track.usage = Usage::of_stored(path);
        Ok(self.add(track))
    }
}

fn paths(folder: &Path) -> Result<Vec<PathBuf>, LibraryError> {
    const READING: &str = "reading the library";
    let entries = fs::read_dir(folder).map_err(io_error(READING, folder))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths
        .collect::<Result<_, _>>()
        .map_err(io_error(READING, folder))
}
