//! Between a conductor and somebody else who has the terminal: how it does, and how loud it is to play.

use super::words::Now;
use crate::limits::VOLUME_USUAL;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub struct Remote {
    now: Mutex<Option<Now>>,
    /// Percent.
    volume: AtomicU32,
}

impl Default for Remote {
    fn default() -> Self {
        Self {
            now: Mutex::default(),
            volume: AtomicU32::new(VOLUME_USUAL),
        }
    }
}

impl Remote {
    /// What the conductor said last.
    #[must_use]
    pub fn now(&self) -> Option<Now> {
        self.lock().clone()
    }

    pub fn set_volume(&self, percent: u32) {
        self.volume.store(percent, Ordering::Relaxed);
    }

    pub(super) fn volume(&self) -> u32 {
        self.volume.load(Ordering::Relaxed)
    }

    pub(super) fn show(&self, now: Now) {
        *self.lock() = Some(now);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Now>> {
        // Whole between any two statements that hold it.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
