//! Room time: the server's clock, in seconds since the epoch.

use crate::sync::playback::round_to_micros;
use std::time::{Duration, Instant, SystemTime};

/// A monotonic clock anchored to the wall clock once, so that it never jumps while the server runs.
#[derive(Clone, Copy, Debug)]
pub struct RoomClock {
    anchor: Instant,
    anchor_epoch_sec: f64,
}

impl RoomClock {
    #[must_use]
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            anchor: Instant::now(),
            anchor_epoch_sec: since_epoch.map_or(0.0, |since| since.as_secs_f64()),
        }
    }

    /// Seconds since the epoch.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.anchor_epoch_sec + self.anchor.elapsed().as_secs_f64()
    }

    /// `now` in whole microseconds, as it is sent.
    #[must_use]
    pub fn stamp(&self) -> f64 {
        round_to_micros(self.now())
    }

    /// How long until room time `at`; zero when it has passed.
    #[must_use]
    pub fn until(&self, at: f64) -> Duration {
        Duration::try_from_secs_f64(at - self.now()).unwrap_or(Duration::ZERO)
    }
}
