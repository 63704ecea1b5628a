//! The tracks that a node can serve: which there are, and where their bytes lie.
//!
//! A track's id is the hash of its bytes. A file that changed since it was hashed is not served: its bytes
//! would no longer be those that the id promises.
//!
//! With a folder, the library keeps copies there: `<track_id>` holds the bytes and `<track_id>.name` the name
//! for display. Both are written under another name first and then renamed, and at the next start the bytes are
//! hashed again, never believed. Without one, shared files are served from where they lie.

use super::error::{LibraryError, io_error};
use super::id::TrackId;
use super::sniff::{AudioKind, sniff};
use crate::limits::{HASH_BUFFER_BYTES, SNIFF_BYTES, TRACK_NAME_CHARS_MAX};
use crate::text::clean_display_text;
use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

/// A track and the file that holds it.
#[derive(Debug)]
pub struct Track {
    pub id: TrackId,
    /// For display; never part of a path.
    pub name: String,
    pub bytes: u64,
    pub kind: AudioKind,
    path: PathBuf,
    stamp: Stamp,
}

/// What tells a file from another one in its place without reading it.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    device: u64,
    inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// Shared by the threads of a server. Tracks are only ever added, or replaced by one with the same bytes.
#[derive(Debug, Default)]
pub struct Library {
    folder: Option<PathBuf>,
    tracks: RwLock<HashMap<TrackId, Arc<Track>>>,
    /// Copies begun so far, so that no two of them are the same file.
    copies: AtomicU64,
    /// Held while a finished copy is put in its place.
    placing: Mutex<()>,
}

/// Told how many bytes of a file have been hashed so far, out of how many; may call it off.
pub type Progress<'a> = &'a mut dyn FnMut(&Path, u64, u64) -> ControlFlow<()>;

impl Track {
    /// The open file, at its start.
    ///
    /// # Errors
    /// `Changed` when it is not the file that was hashed, `Io` when it cannot be opened.
    pub fn open(&self) -> Result<File, LibraryError> {
        let file = File::open(&self.path).map_err(io_error("opening", &self.path))?;
        let metadata = file.metadata().map_err(io_error("reading", &self.path))?;
        if Stamp::of(&metadata) != self.stamp {
            let path = self.path.clone();
            return Err(LibraryError::Changed { path });
        }
        Ok(file)
    }
}

impl Library {
    /// A library without a folder.
    #[must_use]
    pub fn in_place() -> Self {
        Self::default()
    }

    /// The library in `folder`, which is made when it is missing, with the tracks that are there already, by name.
    /// A file whose bytes are not what its name says is left alone and logged.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(
        folder: &Path,
        progress: Progress,
    ) -> Result<(Self, Vec<Arc<Track>>), LibraryError> {
        fs::create_dir_all(folder).map_err(io_error("making the library", folder))?;
        let library = Self {
            folder: Some(folder.to_owned()),
            ..Self::default()
        };
        let mut found = Vec::new();
        let mut strangers = 0;
        for entry in fs::read_dir(folder).map_err(io_error("reading the library", folder))? {
            let path = entry
                .map_err(io_error("reading the library", folder))?
                .path();
            let name = file_name(&path).unwrap_or_default();
            if let Some(id) = TrackId::parse(&name) {
                match library.find_stored(&path, id, progress) {
                    Ok(track) => found.push(track),
                    Err(error) => log::warn!("library: leaving a file out: {error}"),
                }
            } else if name.starts_with(PARTIAL_START) && name.ends_with(PARTIAL_END) {
                // A copy that was cut off, and that nobody will finish. If it cannot go, it does no harm.
                let _stays = fs::remove_file(&path);
            } else if !name.ends_with(".name") {
                strangers += 1;
            }
        }
        if strangers > 0 {
            log::warn!(
                "library {}: {strangers} files there are not stored tracks (add them with --share)",
                folder.display()
            );
        }
        found.sort_by(|a, b| (&a.name, a.id.to_string()).cmp(&(&b.name, b.id.to_string())));
        Ok((library, found))
    }

    #[must_use]
    pub fn get(&self, id: TrackId) -> Option<Arc<Track>> {
        let tracks = self.tracks.read().unwrap_or_else(PoisonError::into_inner);
        tracks.get(&id).cloned()
    }

    /// Puts a file into the library. The same bytes are the same track, under the name they came with first.
    ///
    /// # Errors
    /// When the file cannot be read or stored, changes meanwhile, or is no audio; and when `progress` calls it off.
    pub fn share(&self, path: &Path, progress: Progress) -> Result<Arc<Track>, LibraryError> {
        // Asked before it is opened: opening a named pipe waits for somebody who writes into it.
        if !fs::metadata(path)
            .map_err(io_error("opening", path))?
            .is_file()
        {
            let source = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
            return Err(io_error("opening", path)(source));
        }
        let mut file = File::open(path).map_err(io_error("opening", path))?;
        let name = display_name(path);
        match &self.folder {
            None => Ok(self.add(inspect(&mut file, path, name, progress)?)),
            Some(folder) => self.store(&mut file, path, folder, name, progress),
        }
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
        let track = inspect(
            &mut file,
            path,
            name.unwrap_or_else(|| id.to_string()),
            progress,
        )?;
        if track.id != id {
            let path = path.to_owned();
            return Err(LibraryError::Changed { path });
        }
        Ok(self.add(track))
    }

    /// Copies a file into the library's folder under its id.
    fn store(
        &self,
        file: &mut File,
        path: &Path,
        folder: &Path,
        name: String,
        progress: Progress,
    ) -> Result<Arc<Track>, LibraryError> {
        let kind = kind_of(file, path)?;
        let expected = file.metadata().map_err(io_error("reading", path))?.len();
        let copy_number = self.copies.fetch_add(1, Ordering::Relaxed);
        let partial = format!(
            "{PARTIAL_START}{}-{copy_number}{PARTIAL_END}",
            std::process::id()
        );
        let partial = Partial(folder.join(partial));
        let storing = "storing a track in the library as";
        let mut copy = File::create(&partial.0).map_err(io_error(storing, &partial.0))?;
        let (id, bytes) = copy_hashing(file, path, &mut copy, &partial.0, expected, progress)?;
        copy.sync_all().map_err(io_error(storing, &partial.0))?;

        let _placing = self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.servable(id) {
            return Ok(known); // The same bytes came before.
        }
        // A file that is there already was not found good, and gives way.
        let stored = folder.join(id.to_string());
        fs::write(name_file(&partial.0), &name).map_err(io_error(storing, &partial.0))?;
        fs::rename(name_file(&partial.0), name_file(&stored))
            .map_err(io_error(storing, &stored))?;
        fs::rename(&partial.0, &stored).map_err(io_error(storing, &stored))?;
        let metadata = fs::metadata(&stored).map_err(io_error(storing, &stored))?;
        Ok(self.add(Track {
            id,
            name,
            bytes,
            kind,
            path: stored,
            stamp: Stamp::of(&metadata),
        }))
    }

    /// The track as it is known already, unless its file is no longer what was hashed.
    fn add(&self, track: Track) -> Arc<Track> {
        if let Some(known) = self.servable(track.id) {
            return known;
        }
        let track = Arc::new(track);
        let mut tracks = self.tracks.write().unwrap_or_else(PoisonError::into_inner);
        tracks.insert(track.id, Arc::clone(&track));
        track
    }

    fn servable(&self, id: TrackId) -> Option<Arc<Track>> {
        self.get(id).filter(|track| track.open().is_ok())
    }
}

/// Hashes a file where it lies.
fn inspect(
    file: &mut File,
    path: &Path,
    name: String,
    progress: Progress,
) -> Result<Track, LibraryError> {
    let before = file.metadata().map_err(io_error("reading", path))?;
    let kind = kind_of(file, path)?;
    let (id, bytes) = copy_hashing(file, path, &mut io::sink(), path, before.len(), progress)?;
    let after = fs::metadata(path).map_err(io_error("reading", path))?;
    let stamp = Stamp::of(&after);
    if bytes != stamp.bytes || stamp != Stamp::of(&before) {
        let path = path.to_owned();
        return Err(LibraryError::Changed { path });
    }
    Ok(Track {
        id,
        name,
        bytes,
        kind,
        path: path.to_owned(),
        stamp,
    })
}

/// How the file of a copy under construction is called; nobody else's files are.
const PARTIAL_START: &str = "jam-incoming-";
const PARTIAL_END: &str = ".part";

/// A file under construction, and its name: gone again unless they were renamed.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // They are no longer there when all went well.
        let _renamed = fs::remove_file(&self.0);
        let _renamed = fs::remove_file(name_file(&self.0));
    }
}

fn kind_of(file: &mut File, path: &Path) -> Result<AudioKind, LibraryError> {
    let mut start = Vec::with_capacity(SNIFF_BYTES);
    let mut limited = Read::by_ref(file).take(SNIFF_BYTES as u64);
    limited
        .read_to_end(&mut start)
        .map_err(io_error("reading", path))?;
    file.rewind().map_err(io_error("reading", path))?;
    let path = path.to_owned();
    sniff(&start).ok_or(LibraryError::NotAudio { path })
}

fn copy_hashing(
    from: &mut impl Read,
    from_path: &Path,
    to: &mut impl Write,
    to_path: &Path,
    bytes_expected: u64,
    progress: Progress,
) -> Result<(TrackId, u64), LibraryError> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; HASH_BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok((TrackId::from_hash(hasher.finalize()), bytes)),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(io_error("reading", from_path)(error)),
        };
        hasher.update(&buffer[..count]);
        to.write_all(&buffer[..count])
            .map_err(io_error("writing", to_path))?;
        bytes += count as u64;
        if progress(from_path, bytes, bytes_expected.max(bytes)).is_break() {
            let path = from_path.to_owned();
            return Err(LibraryError::Interrupted { path });
        }
    }
}

fn name_file(stored: &Path) -> PathBuf {
    stored.with_extension("name")
}

fn file_name(path: &Path) -> Option<String> {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
}

fn display_name(path: &Path) -> String {
    file_name(path)
        .and_then(|name| clean_display_text(&name, TRACK_NAME_CHARS_MAX))
        .unwrap_or_else(|| "track".into())
}
