//! When a track was used last, and whether it is being sent right now.
//!
//! Of a track that is kept in a folder that outlives the program, as the time of the file with its name: reading a
//! track does not change its own, which would say that it is another one.

use super::incoming::name_file;
use crate::limits::TRACK_USE_INTERVAL;
use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Debug, Default)]
pub struct Usage {
    /// In seconds since the epoch.
    used_sec: AtomicU64,
    sent_now: AtomicUsize,
}

/// A track that is being sent, until this is dropped.
pub struct Sending<'a>(&'a Usage);

impl Usage {
    /// What is known of a file with a name beside it.
    #[must_use]
    pub fn of_stored(path: &Path) -> Self {
        let modified = fs::metadata(name_file(path)).and_then(|metadata| metadata.modified());
        let usage = Self::default();
        // One of which nothing is known was not used for longest.
        let used = modified.map_or(Duration::ZERO, since_epoch);
        usage.used_sec.store(used.as_secs(), Ordering::Relaxed);
        usage
    }

    #[must_use]
    pub fn last(&self) -> Duration {
        Duration::from_secs(self.used_sec.load(Ordering::Relaxed))
    }

    #[must_use]
    pub fn is_sent_now(&self) -> bool {
        self.sent_now.load(Ordering::Acquire) > 0
    }

    #[must_use]
    pub fn begin_sending(&self) -> Sending<'_> {
        self.hold();
        Sending(self)
    }

    /// It stays until it is let go as often.
    pub(super) fn hold(&self) {
        self.sent_now.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn let_go(&self) {
        self.sent_now.fetch_sub(1, Ordering::AcqRel);
    }

    /// It is used now; told to the disk, for the track in `stored`, when that has not been done for a while.
    pub fn note(&self, stored: &Path) {
        let now = SystemTime::now();
        let sec = since_epoch(now).as_secs();
        let before = self.used_sec.load(Ordering::Relaxed);
        if sec >= before && sec - before < TRACK_USE_INTERVAL.as_secs() {
            return;
        }
        self.used_sec.store(sec, Ordering::Relaxed);
        let names = File::options().write(true).open(name_file(stored));
        // On a disk that takes nothing it is known until the program ends.
        let _not_kept = names.and_then(|file| file.set_modified(now));
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.0.let_go();
    }
}
