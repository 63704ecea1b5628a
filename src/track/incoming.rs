//! A track on its way into a folder: written under another name, hashed on the way, and renamed once it is whole.

use super::error::{LibraryError, io_error};
use super::id::TrackId;
use super::sniff::{AudioKind, sniff};
use crate::limits::SNIFF_BYTES;
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How the file of a copy under construction is called; nobody else's files are.
const PARTIAL_START: &str = "jam-incoming-";
const PARTIAL_END: &str = ".part";

const STORING: &str = "storing a track in the library as";

/// Invariant: without `into_place` nothing of it stays on disk.
pub struct Incoming {
    partial: Partial,
    file: File,
    hasher: blake3::Hasher,
    /// The first bytes, until they are enough to tell what this is.
    start: Vec<u8>,
    kind: Option<AudioKind>,
    bytes: u64,
}

/// A track that is whole, but not yet in its place.
pub struct Arrived {
    pub id: TrackId,
    pub kind: AudioKind,
    pub bytes: u64,
    pub file: File,
    partial: Partial,
}

impl Incoming {
    /// # Errors
    /// When the folder takes no more files.
    pub fn begin(folder: &Path) -> Result<Self, LibraryError> {
        let partial = Partial(folder.join(unused_name()));
        let mut options = File::options();
        // What arrived is read again, for what it says about itself.
        options.read(true).write(true).create_new(true);
        let file = options
            .open(&partial.0)
            .map_err(io_error(STORING, &partial.0))?;
        Ok(Self {
            partial,
            file,
            hasher: blake3::Hasher::new(),
            start: Vec::new(),
            kind: None,
            bytes: 0,
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// As soon as the bytes cannot be audio, and when the disk takes no more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), LibraryError> {
        if self.kind.is_none() {
            let wanted = SNIFF_BYTES - self.start.len();
            self.start
                .extend_from_slice(&bytes[..bytes.len().min(wanted)]);
            if self.start.len() == SNIFF_BYTES {
                self.tell_kind()?;
            }
        }
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file
            .write_all(bytes)
            .map_err(io_error("writing", &self.partial.0))
    }

    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// It is whole. `durable`: it has to survive a loss of power.
    ///
    /// # Errors
    /// When it is no audio, or the disk fails.
    pub fn finish(mut self, durable: bool) -> Result<Arrived, LibraryError> {
        let kind = match self.kind {
            Some(kind) => kind,
            None => self.tell_kind()?,
        };
        if durable {
            self.file
                .sync_all()
                .map_err(io_error(STORING, &self.partial.0))?;
        }
        self.file
            .rewind()
            .map_err(io_error("reading", &self.partial.0))?;
        Ok(Arrived {
            id: TrackId::from_hash(self.hasher.finalize()),
            kind,
            bytes: self.bytes,
            file: self.file,
            partial: self.partial,
        })
    }

    fn tell_kind(&mut self) -> Result<AudioKind, LibraryError> {
        let kind = sniff(&self.start).ok_or_else(|| LibraryError::NotAudio {
            path: self.partial.0.clone(),
        })?;
        self.start = Vec::new();
        self.kind = Some(kind);
        Ok(kind)
    }
}

/// A track on its way whose pieces come in any order. Invariant: without `into_place` nothing of it stays on disk.
pub struct Scattered {
    partial: Partial,
    file: File,
}

impl Scattered {
    /// # Errors
    /// When the folder takes no more files.
    pub fn begin(folder: &Path) -> Result<Self, LibraryError> {
        let Incoming { partial, file, .. } = Incoming::begin(folder)?;
        Ok(Self { partial, file })
    }

    /// The file, to be written and read at offsets; it stays the same one when it is given its name.
    ///
    /// # Errors
    /// When there is no descriptor for it.
    pub fn file(&self) -> Result<File, LibraryError> {
        self.file
            .try_clone()
            .map_err(io_error("opening", &self.partial.0))
    }

    /// It is whole, and its bytes are those of `id`. `durable`: it has to survive a loss of power.
    ///
    /// # Errors
    /// When it is no audio, or the disk fails.
    pub fn finish(mut self, id: TrackId, durable: bool) -> Result<Arrived, LibraryError> {
        let path = self.partial.0.clone();
        if durable {
            self.file.sync_all().map_err(io_error(STORING, &path))?;
        }
        let bytes = self
            .file
            .metadata()
            .map_err(io_error("reading", &path))?
            .len();
        let mut start = Vec::with_capacity(SNIFF_BYTES);
        self.file.rewind().map_err(io_error("reading", &path))?;
        let mut limited = Read::by_ref(&mut self.file).take(SNIFF_BYTES as u64);
        limited
            .read_to_end(&mut start)
            .map_err(io_error("reading", &path))?;
        let kind = sniff(&start).ok_or(LibraryError::NotAudio { path: path.clone() })?;
        self.file.rewind().map_err(io_error("reading", &path))?;
        Ok(Arrived {
            id,
            kind,
            bytes,
            file: self.file,
            partial: self.partial,
        })
    }
}

impl Arrived {
    /// Gives it its final name, and a name for display beside it. A file that lies there gives way.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn into_place(self, folder: &Path, name: &str) -> Result<PathBuf, LibraryError> {
        let Partial(partial) = &self.partial;
        let stored = folder.join(self.id.to_string());
        fs::write(name_file(partial), name).map_err(io_error(STORING, partial))?;
        fs::rename(name_file(partial), name_file(&stored)).map_err(io_error(STORING, &stored))?;
        if let Err(error) = fs::rename(partial, &stored) {
            // A name stays for no bytes, unless they are those that should have given way.
            if !stored.is_file() {
                let _not_there = fs::remove_file(name_file(&stored));
            }
            return Err(io_error(STORING, &stored)(error));
        }
        Ok(stored)
    }
}

/// Whether a file is what a copy that was cut off left behind.
#[must_use]
pub fn is_partial(file_name: &str) -> bool {
    let ours = file_name.starts_with(PARTIAL_START);
    ours && (file_name.ends_with(PARTIAL_END) || file_name.ends_with(".name"))
}

/// Where the name for display of a stored track lies.
#[must_use]
pub fn name_file(stored: &Path) -> PathBuf {
    stored.with_extension("name")
}

fn unused_name() -> String {
    static BEGUN: AtomicU64 = AtomicU64::new(0);
    let number = BEGUN.fetch_add(1, Ordering::Relaxed);
    format!(
        "{PARTIAL_START}{}-{number}{PARTIAL_END}",
        std::process::id()
    )
}

/// A file under construction, and its name: gone again unless they were renamed.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // They are no longer there when all went well.
        let _renamed = fs::remove_file(&self.0);
        let _renamed = fs::remove_file(name_file(&self.0));
    }
}
