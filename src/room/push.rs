//! When a list that changed is pushed: soon, but not more often than every so many seconds.

use crate::limits::LIST_BYTES_PER_SEC;

/// Times are room time in seconds.
#[derive(Debug)]
pub struct Push {
    interval_sec: f64,
    earliest: f64,
    due_at: Option<f64>,
}

impl Push {
    #[must_use]
    pub fn every(interval_sec: f64) -> Self {
        Self {
            interval_sec,
            earliest: 0.0,
            due_at: None,
        }
    }

    /// The list changed. Further changes before the push ride along.
    pub fn request(&mut self, now: f64) {
        self.due_at.get_or_insert(now.max(self.earliest));
    }

    /// When `take_due` will say yes, if a push is waiting.
    #[must_use]
    pub fn due_at(&self) -> Option<f64> {
        self.due_at
    }

    /// Whether to push now a list of so many bytes to so many members. The more that is, the later the next.
    #[must_use]
    pub fn take_due(&mut self, now: f64, bytes: f64, receivers: usize) -> bool {
        let due = self.due_at.is_some_and(|at| at <= now);
        if due {
            self.due_at = None;
            let bytes_in_all = bytes * receivers as f64;
            self.earliest = now + self.interval_sec.max(bytes_in_all / LIST_BYTES_PER_SEC);
        }
        due
    }
}
