//! What a program holds of the system: whoever has finished with something has given it back.

use super::running::until;
use super::server::WATCHDOG;
use std::fs;
use std::time::{Duration, Instant};

/// Threads and open descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Toll {
    pub threads: usize,
    pub descriptors: usize,
}

impl Toll {
    pub fn of(pid: &str) -> Self {
        let count = |what: &str| {
            let entries = fs::read_dir(format!("/proc/{pid}/{what}"));
            entries.map_or(0, Iterator::count)
        };
        Self {
            threads: count("task"),
            descriptors: count("fd"),
        }
    }

    /// What it holds once `is_calm` is true of it twice in a row.
    pub fn when(pid: &str, is_calm: impl Fn(Self) -> bool) -> Self {
        let deadline = Instant::now() + WATCHDOG;
        let mut calm = 0;
        loop {
            let toll = Self::of(pid);
            calm = if is_calm(toll) { calm + 1 } else { 0 };
            if calm == 2 {
                return toll;
            }
            assert!(Instant::now() < deadline, "it holds {toll:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it holds once that changes no more: for longer than it takes to begin what a start begins, and to join the
    /// threads that have ended.
    pub fn settled(pid: &str) -> Self {
        const LOOK_EVERY: Duration = Duration::from_millis(20);
        const SAME_FOR: u32 = 25;
        let mut last = Self::of(pid);
        let mut same = 0;
        until("it holds what it needs", || {
            std::thread::sleep(LOOK_EVERY);
            let now = Self::of(pid);
            same = if now == last { same + 1 } else { 0 };
            last = now;
            (same == SAME_FOR).then_some(now)
        })
    }

    /// Waits until the program holds no more than this.
    pub fn wait_for(self, pid: &str) {
        Self::when(pid, |now| {
            now.threads <= self.threads && now.descriptors <= self.descriptors
        });
    }
}
