//! What can go wrong with a store, in words that say what to do.

use crate::track::chunks::ChunkSize;
use crate::track::error::{is_full, is_shortage};
use crate::track::hashing::HashError;
use std::path::{Path, PathBuf};
use std::{error, fmt, io};

#[derive(Debug)]
pub enum StoreError {
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A track has at least one byte.
    Empty { path: PathBuf },
    /// More chunks of this size than a track may have.
    TooLong {
        path: PathBuf,
        length: u64,
        chunk_size: ChunkSize,
    },
    /// A folder, a pipe or a device, where a file is needed.
    NotAFile { path: PathBuf },
    /// A file or something else, where a folder is needed.
    NotAFolder { path: PathBuf },
    /// Something that is no file has the name of the download's part.
    InTheWay { path: PathBuf },
    /// The bytes are no longer those that were hashed or written.
    Changed { path: PathBuf },
    /// Another process fetches this track into this folder.
    Busy { path: PathBuf },
    /// What was fetched no longer has its name, or another file has it.
    Moved { path: PathBuf },
    /// There are files of this name with all numbers behind it.
    NoName { path: PathBuf },
    /// `progress` called it off.
    Interrupted { path: PathBuf },
    /// A chunk that was asked for is not there.
    Missing { index: u32 },
    /// A chunk that is not the one with this number.
    Wrong { index: u32 },
    /// Finished before all chunks were there.
    Incomplete { path: PathBuf, missing: u32 },
}

impl StoreError {
    /// Whether the disk took no more.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_full(source))
    }

    pub(super) fn hashing(path: &Path, error: HashError) -> Self {
        let path = path.to_owned();
        match error {
            HashError::Empty => Self::Empty { path },
            HashError::TooLong { length, chunk_size } => Self::TooLong {
                path,
                length,
                chunk_size,
            },
            HashError::Read(source) => Self::Io {
                doing: "reading",
                path,
                source,
            },
            HashError::Shorter { .. } => Self::Changed { path },
            HashError::Interrupted => Self::Interrupted { path },
        }
    }
}

/// For `map_err`: what was being done, and to which file.
pub(super) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io {
        doing,
        path,
        source,
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io {
                doing,
                path,
                source,
            } => write!(f, "{doing} {}: {source}{}", path.display(), advice(source)),
            Self::Empty { path } => write!(f, "seeding {}: the file is empty", path.display()),
            Self::TooLong {
                path,
                length,
                chunk_size,
            } => write!(
                f,
                "seeding {}: {length} bytes are too many for chunks of {chunk_size} (choose a larger one: {})",
                path.display(),
                ChunkSize::ALLOWED
            ),
            Self::NotAFile { path } => {
                write!(
                    f,
                    "opening {}: not a regular file (name the files in a folder one by one)",
                    path.display()
                )
            }
            Self::NotAFolder { path } => write!(
                f,
                "fetching into {}: not a folder (choose another one)",
                path.display()
            ),
            Self::InTheWay { path } => write!(
                f,
                "fetching into {}: something else has this name (move it away)",
                path.display()
            ),
            Self::Changed { path } => write!(
                f,
                "reading {}: the file is not what it was when it was hashed (start again)",
                path.display()
            ),
            Self::Busy { path } => write!(
                f,
                "fetching into {}: another jam is fetching this track there (wait for it, or choose another folder)",
                path.display()
            ),
            Self::Moved { path } => write!(
                f,
                "finishing {}: the file was moved or removed meanwhile (fetch again)",
                path.display()
            ),
            Self::NoName { path } => write!(
                f,
                "naming {}: too many files are called so (choose another folder)",
                path.display()
            ),
            Self::Interrupted { path } => write!(f, "hashing {}: interrupted", path.display()),
            Self::Missing { index } => write!(f, "reading chunk {index}: not there"),
            Self::Wrong { index } => write!(f, "storing chunk {index}: its bytes are wrong"),
            Self::Incomplete { path, missing } => {
                write!(f, "finishing {}: {missing} chunks missing", path.display())
            }
        }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => " (check the name)",
        io::ErrorKind::PermissionDenied => " (check who may read and write there)",
        _ if is_shortage(error) => " (raise the limit of open files: `ulimit -n`)",
        io::ErrorKind::ReadOnlyFilesystem => " (choose another folder)",
        _ if is_full(error) => " (make room, or choose another folder)",
        _ => "",
    }
}

impl error::Error for StoreError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
