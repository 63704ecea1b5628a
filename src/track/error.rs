//! What can go wrong with a library, in words that say what to do.

use super::sniff::KNOWN_KINDS;
use std::path::{Path, PathBuf};
use std::{error, fmt, io};

#[derive(Debug)]
pub enum LibraryError {
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    NotAudio {
        path: PathBuf,
    },
    /// The file is no longer what was hashed.
    Changed {
        path: PathBuf,
    },
    /// Called off before it was done.
    Interrupted {
        path: PathBuf,
    },
}

impl LibraryError {
    /// Whether the file may be fine, and only this process has too many open.
    #[must_use]
    pub fn is_shortage(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_shortage(source))
    }

    /// Whether the disk took no more.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_full(source))
    }
}

/// Whether this process, or the machine, has too many files open.
#[must_use]
pub fn is_shortage(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

/// Whether the disk took no more.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// For `map_err`: what was being done, and to which file.
pub(super) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LibraryError {
    let path = path.to_owned();
    move |source| LibraryError::Io {
        doing,
        path,
        source,
    }
}

impl fmt::Display for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io {
                doing,
                path,
                source,
            } => write!(
                f,
                "{doing} {}: {source}{}",
                path.display(),
                advice(doing, source)
            ),
            Self::NotAudio { path } => write!(
                f,
                "sharing {}: not audio that a browser plays (it must be {KNOWN_KINDS})",
                path.display()
            ),
            Self::Changed { path } => write!(
                f,
                "reading {}: the file is not what it was when it was hashed (share it again)",
                path.display()
            ),
            Self::Interrupted { path } => write!(f, "hashing {}: interrupted", path.display()),
        }
    }
}

fn advice(doing: &str, error: &io::Error) -> &'static str {
    let is_reading = doing.starts_with("opening") || doing.starts_with("reading");
    match error.kind() {
        io::ErrorKind::NotFound => " (check the name)",
        io::ErrorKind::PermissionDenied if !is_reading => " (check who may write there)",
        io::ErrorKind::PermissionDenied => " (check who may read it)",
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => " (it has to be a folder)",
        io::ErrorKind::StorageFull => " (make room, or choose another folder with --library)",
        _ => "",
    }
}

impl error::Error for LibraryError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::NotAudio { .. } | Self::Changed { .. } | Self::Interrupted { .. } => None,
        }
    }
}
