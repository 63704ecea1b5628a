//! Gives a file its final name, without ever taking the place of another file.

use super::StoreError;
use super::error::io_error;
use super::file_name::numbered;
use crate::limits::FINAL_NAMES_MAX;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Makes a hard link, as `fs::hard_link` does.
pub(super) type Link<'a> = &'a dyn Fn(&Path, &Path) -> io::Result<()>;

/// The names that a file may get, in order: `name`, `name (2)`, and so on.
pub(super) fn candidates(folder: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    (1..=FINAL_NAMES_MAX).map(move |number| folder.join(numbered(name, number)))
}

/// Moves `file`, which lies at `part`, to the first free name in `folder`.
///
/// # Errors
/// `Moved` when `part` is not this file any more, `NoName` when no name is free, `Io` when the disk fails.
pub(super) fn place(
    file: &File,
    part: &Path,
    folder: &Path,
    name: &str,
    link: Link,
) -> Result<PathBuf, StoreError> {
    let metadata = file.metadata().map_err(io_error("finishing", part))?;
    if !is_at(&metadata, part)? {
        let path = part.to_owned();
        return Err(StoreError::Moved { path });
    }
    for path in candidates(folder, name) {
        if move_to(part, &path, link).map_err(io_error("finishing", &path))? {
            return Ok(path);
        }
    }
    let path = folder.join(name);
    Err(StoreError::NoName { path })
}

/// Whether this is the file that lies at `path`, itself and not behind a symbolic link.
pub(super) fn is_at(metadata: &Metadata, path: &Path) -> Result<bool, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(is_same(metadata, &found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_error("opening", path)(error)),
    }
}

pub(super) fn is_same(a: &Metadata, b: &Metadata) -> bool {
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// `false` when there is something at `to` already, be it a symbolic link to nothing.
fn move_to(from: &Path, to: &Path, link: Link) -> io::Result<bool> {
    match link(from, to) {
        Ok(()) => {
            // Both names are there if the program ends right here; whoever fetches the track next tidies up.
            if let Err(error) = fs::remove_file(from) {
                log::warn!("cannot remove {}: {error}", from.display());
            }
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) if is_linkless(&error) => match fs::symlink_metadata(to) {
            // A file that takes the name right now is lost: such file systems offer nothing better.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::rename(from, to).map(|()| true)
            }
            Err(error) => Err(error),
            Ok(_) => Ok(false),
        },
        Err(error) => Err(error),
    }
}

/// Whether the file system may just know no hard links: FAT and some network disks.
fn is_linkless(error: &io::Error) -> bool {
    use ErrorKind::{CrossesDevices, PermissionDenied, TooManyLinks, Unsupported};
    let kind = error.kind();
    matches!(
        kind,
        PermissionDenied | Unsupported | TooManyLinks | CrossesDevices
    )
}

/// So that the new name survives a loss of power. Some file systems do not know it, and need it less.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.or_else(|error| match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a part in it, gone at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn with_a_part(name: &str) -> (Self, File, PathBuf) {
            let name = format!("jam-placing-{}-{name}", std::process::id());
            let folder = Self(std::env::temp_dir().join(name));
            fs::create_dir_all(&folder.0).expect("a folder");
            let part = folder.0.join(".part");
            fs::write(&part, "bytes").expect("a part");
            let file = File::open(&part).expect("the part");
            (folder, file, part)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _best_effort = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn where_there_are_no_hard_links_the_part_is_renamed_but_never_over_another_file() {
        for kind in [ErrorKind::PermissionDenied, ErrorKind::Unsupported] {
            let (folder, file, part) = Folder::with_a_part("linkless");
            fs::write(folder.0.join("a"), "mine").expect("another file");
            std::os::unix::fs::symlink("nothing", folder.0.join("a (2)")).expect("a link");
            let link = |_: &Path, _: &Path| Err(kind.into());
            let placed = place(&file, &part, &folder.0, "a", &link).expect("placed");
            assert_eq!(placed, folder.0.join("a (3)"));
            assert_eq!(fs::read(&placed).expect("the file"), b"bytes");
            assert_eq!(fs::read(folder.0.join("a")).expect("the other"), b"mine");
            assert!(!part.exists());
        }
    }

    #[test]
    fn a_disk_that_fails_is_said_and_the_part_stays() {
        let (folder, file, part) = Folder::with_a_part("failing");
        let link = |_: &Path, _: &Path| Err(ErrorKind::StorageFull.into());
        let error = place(&file, &part, &folder.0, "a", &link).expect_err("full");
        assert!(error.is_disk_full(), "{error}");
        assert!(part.exists() && !folder.0.join("a").exists());
    }

    #[test]
    fn the_folder_can_be_synced() {
        let (folder, _file, _part) = Folder::with_a_part("synced");
        sync_folder(&folder.0).expect("synced");
        assert!(sync_folder(&folder.0.join("missing")).is_err());
    }
}
