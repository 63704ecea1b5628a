//! A folder for what a program keeps between two runs: its own while it is open, and each file whole or as it was.
//!
//! What cannot be read is set aside, never in the way, and never thrown away.

use crate::limits::{STATE_DAMAGED_MAX, STATE_LOCK_PATIENCE, STATE_LOCK_PAUSE};
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

const LOCK: &str = "lock";
/// How a file under construction is called, behind its name.
const PART: &str = "part";

#[derive(Debug)]
pub struct KeptFolder {
    path: PathBuf,
    /// Held, so that a second program is refused.
    _lock: File,
}

/// Why a folder cannot be used.
#[derive(Debug)]
pub enum OpenError {
    InUse,
    Io(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str("another server has it"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::InUse => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl KeptFolder {
    /// The folder, made for its owner alone when it is missing.
    ///
    /// # Errors
    /// When another program has it open, or it cannot be made.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        make_folder(path).map_err(OpenError::Io)?;
        let lock = open_lock(&path.join(LOCK)).map_err(OpenError::Io)?;
        let deadline = Instant::now() + STATE_LOCK_PATIENCE;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(OpenError::Io(error)),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(OpenError::InUse);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(STATE_LOCK_PAUSE),
            }
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A folder that only its owner may look into; one that is there stays as it is.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => ErrorKind::NotADirectory.into(),
        _ => error,
    })
}

/// A disk that takes nothing any more need not keep a server from starting: a lock is held on a file that is only read.
fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    options
        .open(path)
        .or_else(|error| File::open(path).map_err(|_| error))
}

/// Replaces a file as a whole: whoever reads it, and whatever happens meanwhile, it is the old one or the new one.
///
/// # Errors
/// When the disk does not take it; the old one is still there then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = with_end(path, PART);
    let written = write_part(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // Half of it would only take up what little room there is.
        let _not_even_begun = fs::remove_file(&part);
    }
    written?;
    sync_folder_of(path)
}

fn write_part(part: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    let mut file = options.open(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes a file for good; one that is not there is gone already.
///
/// # Errors
/// When the disk does not let it go.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder_of(path),
    }
}

/// Without this a loss of power may bring back the old name.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Whether a file is one that was never finished.
#[must_use]
pub fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == PART)
}

/// All of a file; `None` when there is none.
///
/// # Errors
/// When it cannot be read, is no file, or is larger than `bytes_max`.
pub fn read_bounded(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    // Asked before it is opened: opening a named pipe waits for somebody who writes into it.
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("it is no file")),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(bytes_max + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > bytes_max {
        true => Err(io::Error::other(format!(
            "it has more than {bytes_max} bytes"
        ))),
        false => Ok(Some(bytes)),
    }
}

/// Gives what lies there a name that nobody reads, so that a new file can take its place; that name.
///
/// # Errors
/// When the disk does not let it be renamed.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let names = (1..=STATE_DAMAGED_MAX).map(|number| with_end(path, &format!("damaged-{number}")));
    let names: Vec<PathBuf> = names.collect();
    let is_free = |name: &&PathBuf| fs::symlink_metadata(name).is_err();
    let free = names.iter().find(is_free).or(names.last());
    let aside = free.expect("bug: some are kept");
    fs::rename(path, aside)?;
    Ok(aside.clone())
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    name.into()
}
