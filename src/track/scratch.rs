//! A folder for one run of the program: made when it is first needed, gone at the end. What a run that was killed
//! left behind is cleared away by the next one, which knows by a lock that nobody uses it any more.

use super::error::{LibraryError, io_error};
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

const FOLDER_START: &str = "jam-uploads-";
const LOCK: &str = "lock";

/// Removed when this is dropped.
#[derive(Debug)]
pub struct ScratchFolder {
    path: PathBuf,
    /// Held, so that others see that the folder is in use.
    _lock: File,
}

impl ScratchFolder {
    /// A new folder in the user's cache, or in the system's folder for temporary files.
    ///
    /// # Errors
    /// When it cannot be made in either.
    pub fn make() -> Result<Self, LibraryError> {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
        let cache = cache.or(home).filter(|path| path.is_absolute());
        let in_cache = cache.and_then(|cache| Self::make_in(&cache.join("jam")).ok());
        match in_cache {
            Some(made) => Ok(made),
            None => Self::make_in(&std::env::temp_dir()),
        }
    }

    /// A new folder in `parent`, which is made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make_in(parent: &Path) -> Result<Self, LibraryError> {
        const MAKING: &str = "making a folder for uploads in";
        fs::create_dir_all(parent).map_err(io_error(MAKING, parent))?;
        clear_abandoned(parent);
        let own = format!("{FOLDER_START}{}", std::process::id());
        for attempt in 0..100 {
            let path = parent.join(format!("{own}-{attempt}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => {
                    made.map_err(io_error(MAKING, parent))?;
                    let lock = File::create(path.join(LOCK)).and_then(|lock| {
                        lock.lock()?;
                        Ok(lock)
                    });
                    let _lock = lock.map_err(io_error(MAKING, parent))?;
                    return Ok(Self { path, _lock });
                }
            }
        }
        Err(io_error(MAKING, parent)(ErrorKind::AlreadyExists.into()))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        let removed = fs::remove_dir_all(&self.path);
        if let Err(error) = removed.or_else(gone_is_well) {
            log::warn!("cannot remove {}: {error}", self.path.display());
        }
    }
}

fn gone_is_well(error: io::Error) -> io::Result<()> {
    match error.kind() {
        ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

fn clear_abandoned(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(FOLDER_START)
            && is_abandoned(&path)
        {
            // Another jam may be at it, and it does no harm.
            let _stays = fs::remove_dir_all(&path);
        }
    }
}

/// A folder without a lock may be one that is just being made.
fn is_abandoned(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(_) => false,
    }
}
