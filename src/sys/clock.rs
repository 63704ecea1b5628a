//! Room time: the server's clock, in seconds since the epoch.

use crate::limits::{BOOT_ID_BYTES_MAX, ROOM_TIME_SEC_MAX};
use crate::sync::playback::round_to_micros;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::time::{Duration, SystemTime};

/// A monotonic clock anchored to the wall clock once, so that it never jumps while the server runs.
#[derive(Clone, Copy, Debug)]
pub struct RoomClock {
    /// Of the machine's monotonic clock.
    anchor_ns: u64,
    anchor_epoch_sec: f64,
}

/// Where room time lies on the machine's monotonic clock: a program that was started again goes on exactly there, as
/// long as the machine was not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockLine {
    /// As the system names the time since it was started.
    boot_id: String,
    monotonic_ns: u64,
    room_sec: f64,
}

impl ClockLine {
    /// Room time was at least this; `None` when the line cannot be right.
    #[must_use]
    pub fn room_sec(&self) -> Option<f64> {
        let is_room_time = (0.0..ROOM_TIME_SEC_MAX).contains(&self.room_sec);
        is_room_time.then_some(self.room_sec)
    }
}

impl RoomClock {
    #[must_use]
    pub fn start() -> Self {
        Self::start_not_before(0.0)
    }

    /// Anchored to the wall clock, unless that is behind `room_sec`: room time never goes back.
    #[must_use]
    pub fn start_not_before(room_sec: f64) -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            anchor_ns: monotonic_ns(),
            anchor_epoch_sec: since_epoch
                .map_or(0.0, |since| since.as_secs_f64())
                .max(room_sec),
        }
    }

    /// Goes on along a line that was kept. `None`: the machine has been started anew, and its clock with it.
    #[must_use]
    pub fn resume(line: &ClockLine) -> Option<Self> {
        let is_same_boot = boot_id().is_some_and(|id| id == line.boot_id);
        // A container may count from elsewhere.
        let has_begun = monotonic_ns() >= line.monotonic_ns;
        Some(Self {
            anchor_ns: line.monotonic_ns,
            anchor_epoch_sec: line.room_sec().filter(|_| is_same_boot && has_begun)?,
        })
    }

    /// For `resume`; `None` where the system does not say when it was started.
    #[must_use]
    pub fn line(&self) -> Option<ClockLine> {
        Some(ClockLine {
            boot_id: boot_id()?,
            monotonic_ns: self.anchor_ns,
            room_sec: self.anchor_epoch_sec,
        })
    }

    /// Seconds since the epoch.
    #[must_use]
    pub fn now(&self) -> f64 {
        let elapsed = Duration::from_nanos(monotonic_ns().saturating_sub(self.anchor_ns));
        self.anchor_epoch_sec + elapsed.as_secs_f64()
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

/// What `Instant` hides: a number that another run of the program understands.
fn monotonic_ns() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    let sec = u64::try_from(time.tv_sec).unwrap_or(0);
    let nsec = u64::try_from(time.tv_nsec).unwrap_or(0);
    sec * 1_000_000_000 + nsec
}

fn boot_id() -> Option<String> {
    let file = File::open("/proc/sys/kernel/random/boot_id").ok()?;
    let mut id = String::new();
    let read = file.take(BOOT_ID_BYTES_MAX).read_to_string(&mut id);
    read.ok().filter(|&bytes| bytes > 0)?;
    Some(id.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_resumed_goes_on_where_the_first_one_is() {
        let first = RoomClock::start();
        let line = first.line().expect("Linux names its boot");
        let kept = serde_json::to_string(&line).expect("JSON");
        let line = serde_json::from_str(&kept).expect("JSON");
        let resumed = RoomClock::resume(&line).expect("the same boot");
        let (before, between, after) = (first.now(), resumed.now(), first.now());
        assert!(before <= between && between <= after);
        assert_eq!(
            resumed.line(),
            Some(line),
            "nothing adds up over many starts"
        );
    }

    #[test]
    fn another_boot_and_a_clock_that_counts_from_elsewhere_are_not_gone_on_with() {
        let line = RoomClock::start().line().expect("Linux names its boot");
        let other_boot = ClockLine {
            boot_id: "00000000-0000-0000-0000-000000000000".into(),
            ..line.clone()
        };
        assert!(RoomClock::resume(&other_boot).is_none());
        let elsewhere = ClockLine {
            monotonic_ns: line.monotonic_ns + 3_600_000_000_000,
            ..line
        };
        assert!(RoomClock::resume(&elsewhere).is_none());
    }

    #[test]
    fn room_time_never_begins_behind_what_it_was() {
        let ahead = RoomClock::start().now() + 1000.0;
        assert!(RoomClock::start_not_before(ahead).now() >= ahead);
        assert!(RoomClock::start_not_before(1.0).now() > 1e9);
    }
}
