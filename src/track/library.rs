//! The tracks that a node can serve: which there are, and where their bytes lie.
//!
//! A track's id is the hash of its bytes. A file that changed since it was hashed is not served: its bytes
//! would no longer be those that the id promises.
//!
//! With a folder, the library keeps tracks there (`stored.rs`): what is uploaded, and copies of shared files unless those
//! are served from where they lie. Without one what is uploaded is kept in a scratch folder until the program ends.

use super::error::{LibraryError, io_error};
use super::eviction::Held;
use super::id::TrackId;
use super::incoming::{Arrived, Incoming, Scattered};
use super::scratch::ScratchFolder;
use super::sniff::{AudioKind, sniff};
use super::tags::{Tags, read_tags};
use super::usage::{Sending, Usage};
use crate::limits::{HASH_BUFFER_BYTES, SNIFF_BYTES, TRACK_NAME_CHARS_MAX};
use crate::text::clean_display_text;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
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
    /// Without the picture.
    pub tags: Tags,
    /// Whether the file has a picture, which `read_tags` finds again.
    pub has_cover: bool,
    pub(super) path: PathBuf,
    stamp: Stamp,
    /// It lies where the library keeps what is its own.
    pub(super) is_kept_here: bool,
    pub(super) usage: Usage,
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

/// Shared by the threads of a server. Tracks are added, replaced by one with the same bytes, and dropped (`eviction`).
#[derive(Debug, Default)]
pub struct Library {
    pub(super) folder: Option<PathBuf>,
    /// What is shared is copied there as well.
    pub(super) copies: bool,
    /// For uploads when there is no folder; made for the first of them.
    scratch: Mutex<Option<ScratchFolder>>,
    pub(super) tracks: RwLock<HashMap<TrackId, Arc<Track>>>,
    /// What somebody shared: it stays, even as a copy.
    pub(super) shared: Mutex<HashSet<TrackId>>,
    /// Held while a finished copy is put in its place, or goes from there.
    pub(super) placing: Mutex<()>,
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

    /// Somebody wants to have it.
    pub fn note_use(&self) {
        if self.is_kept_here {
            self.usage.note(&self.path);
        }
    }

    /// It stays at least as long as this is kept.
    #[must_use]
    pub fn begin_sending(&self) -> Sending<'_> {
        self.note_use();
        self.usage.begin_sending()
    }
}

impl Library {
    /// A library without a folder.
    #[must_use]
    pub fn in_place() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn get(&self, id: TrackId) -> Option<Arc<Track>> {
        let tracks = self.tracks.read().unwrap_or_else(PoisonError::into_inner);
        tracks.get(&id).cloned()
    }

    /// How many tracks there are.
    #[must_use]
    pub fn count(&self) -> usize {
        let tracks = self.tracks.read().unwrap_or_else(PoisonError::into_inner);
        tracks.len()
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
        if !self.copies {
            let track = inspect(&mut file, path, name, progress)?;
            self.keep_for_good(track.id);
            return Ok(self.add(track));
        }
        kind_of(&mut file, path)?; // Refused under its own name, before anything is written.
        let mut upload = self.begin_upload()?;
        let expected = file.metadata().map_err(io_error("reading", path))?.len();
        read_all(&mut file, path, expected, progress, &mut |bytes| {
            upload.write(bytes)
        })?;
        let (track, _) = self.finish_upload(upload, name)?;
        self.keep_for_good(track.id);
        Ok(Arc::clone(track.track()))
    }

    fn keep_for_good(&self, id: TrackId) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.insert(id);
    }

    /// Begins to take a track that comes in pieces.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn begin_upload(&self) -> Result<Incoming, LibraryError> {
        Incoming::begin(&self.upload_folder()?)
    }

    /// Takes up a track that came whole, under a name for display; and whether it is new. The same bytes are
    /// the same track, under the name they came with first.
    ///
    /// # Errors
    /// When it is no audio, or cannot be stored.
    pub fn finish_upload(
        &self,
        upload: Incoming,
        name: String,
    ) -> Result<(Held, bool), LibraryError> {
        self.take_up(upload.finish(self.folder.is_some())?, name)
    }

    /// Begins to take a track whose pieces come in any order.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn begin_scattered(&self) -> Result<Scattered, LibraryError> {
        Scattered::begin(&self.upload_folder()?)
    }

    /// Takes up such a track, whose pieces were all checked to be those of `id`.
    ///
    /// # Errors
    /// When it is no audio, or cannot be stored.
    pub fn finish_scattered(
        &self,
        whole: Scattered,
        id: TrackId,
        name: String,
    ) -> Result<Held, LibraryError> {
        let arrived = whole.finish(id, self.folder.is_some())?;
        self.take_up(arrived, name).map(|(track, _)| track)
    }

    fn take_up(&self, mut arrived: Arrived, name: String) -> Result<(Held, bool), LibraryError> {
        let mut tags = read_tags(&mut arrived.file, arrived.kind);
        let _placing = self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.servable(arrived.id) {
            known.note_use();
            return Ok((Held::of(&known), false)); // The same bytes came before.
        }
        let Arrived {
            id, kind, bytes, ..
        } = arrived;
        let path = arrived.into_place(&self.upload_folder()?, &name)?;
        let metadata = fs::metadata(&path).map_err(io_error("reading", &path))?;
        let track = Track {
            id,
            name,
            bytes,
            kind,
            has_cover: tags.cover.take().is_some(),
            tags,
            usage: Usage::of_stored(&path),
            path,
            stamp: Stamp::of(&metadata),
            is_kept_here: true,
        };
        Ok((Held::of(&self.add(track)), true))
    }

    /// Bytes of the tracks that it holds, shared files where they lie included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let tracks = self.tracks.read().unwrap_or_else(PoisonError::into_inner);
        tracks.values().map(|track| track.bytes).sum()
    }

    fn upload_folder(&self) -> Result<PathBuf, LibraryError> {
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody who clears away temporary files may have taken it.
        if let Some(scratch) = scratch.as_ref().filter(|scratch| scratch.path().is_dir()) {
            return Ok(scratch.path().to_owned());
        }
        let made = scratch.insert(ScratchFolder::make()?);
        log::info!(
            "uploads are kept in {} until the server stops (keep them with --library DIR)",
            made.path().display()
        );
        Ok(made.path().to_owned())
    }

    /// The track as it is known already, unless its file is no longer what was hashed.
    pub(super) fn add(&self, track: Track) -> Arc<Track> {
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
pub(super) fn inspect(
    file: &mut File,
    path: &Path,
    name: String,
    progress: Progress,
) -> Result<Track, LibraryError> {
    let before = file.metadata().map_err(io_error("reading", path))?;
    let kind = kind_of(file, path)?;
    let mut hasher = blake3::Hasher::new();
    let bytes = read_all(file, path, before.len(), progress, &mut |bytes| {
        hasher.update(bytes);
        Ok(())
    })?;
    let id = TrackId::from_hash(hasher.finalize());
    file.rewind().map_err(io_error("reading", path))?;
    let mut tags = read_tags(file, kind);
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
        has_cover: tags.cover.take().is_some(),
        tags,
        path: path.to_owned(),
        stamp,
        is_kept_here: false,
        usage: Usage::default(),
    })
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

/// Gives the file to `take` piece by piece; how many bytes it had.
fn read_all(
    file: &mut File,
    path: &Path,
    bytes_expected: u64,
    progress: Progress,
    take: &mut dyn FnMut(&[u8]) -> Result<(), LibraryError>,
) -> Result<u64, LibraryError> {
    let mut buffer = vec![0; HASH_BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(io_error("reading", path)(error)),
        };
        take(&buffer[..count])?;
        bytes += count as u64;
        if progress(path, bytes, bytes_expected.max(bytes)).is_break() {
            let path = path.to_owned();
            return Err(LibraryError::Interrupted { path });
        }
    }
}

pub(super) fn file_name(path: &Path) -> Option<String> {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
}

fn display_name(path: &Path) -> String {
    file_name(path)
        .and_then(|name| clean_display_text(&name, TRACK_NAME_CHARS_MAX))
        .unwrap_or_else(|| "track".into())
}
