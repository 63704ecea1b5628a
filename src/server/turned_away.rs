//! Tells the log who was turned away and why: which limit, what it is, and with what it is raised. Of each kind a few
//! lines at once and then one a second, so that whoever is turned away often does not fill a disk with it.

use super::http::Status;
use crate::limits::{
    COVERS_SENT_MAX, HEAD_BYTES_MAX, HEAD_DEADLINE, HEAD_FIELDS_MAX, HELLO_DEADLINE,
    KEY_ATTEMPT_SEC, KEY_ATTEMPTS_MAX, MESSAGE_DEADLINE, MESSAGE_FRAGMENTS_MAX,
    REFUSALS_TOLD_AT_ONCE, REFUSALS_TOLD_EVERY, ROOM_MESSAGE_BYTES_MAX, SIGNAL_BYTES_MAX,
    ServerLimits, UPLOAD_STALL,
};
use crate::room::close::CloseReason;
use crate::sys::logger::COUNTED;
use crate::sys::throttle::Throttle;
use log::Level;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Why somebody was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    Connections,
    ConnectionsOfAddress,
    Uploads,
    Library,
    Pictures,
    /// A request that this server answers with this.
    Request(Status),
    /// A WebSocket that this server ends.
    Close(CloseReason),
}

/// The limits that a server has been told, as far as they turn somebody away.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub limits: ServerLimits,
    pub connections: usize,
    pub connections_of_address: usize,
    pub upload_bytes: u64,
    pub library_bytes: u64,
}

/// Shared by the threads of a server.
pub struct TurnedAway {
    told: Told,
    began: Instant,
    kinds: Mutex<BTreeMap<Cause, Throttle>>,
}

impl TurnedAway {
    #[must_use]
    pub fn new(told: Told) -> Self {
        Self {
            told,
            began: Instant::now(),
            kinds: Mutex::default(),
        }
    }

    #[must_use]
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// `who` has an address, and is a member when that is known; `what` was the matter, when the cause alone does not say
    /// it.
    pub fn note(&self, cause: Cause, who: &dyn Display, what: &str) {
        let Some(left_out) = self.throttle(cause, Throttle::say) else {
            return;
        };
        let why = match (self.told.limit_of(cause), what) {
            (Some(limit), "") => limit,
            (Some(limit), what) => format!("{what} ({limit})"),
            (None, what) => what.to_owned(),
        };
        log::log!(
            target: COUNTED,
            cause.level(),
            "{who} turned away: {why}{}",
            more(left_out)
        );
    }

    /// Says what was left out and nobody said since. To be called now and then.
    pub fn tick(&self) {
        let now = self.began.elapsed();
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        for (&cause, throttle) in kinds.iter_mut() {
            if let Some(left_out) = throttle.overdue(now) {
                let why = self
                    .told
                    .limit_of(cause)
                    .unwrap_or_else(|| cause.name().into());
                log::log!(target: COUNTED, cause.level(), "{left_out} more turned away: {why}");
            }
        }
    }

    fn throttle<T>(
        &self,
        cause: Cause,
        ask: impl FnOnce(&mut Throttle, std::time::Duration) -> T,
    ) -> T {
        let now = self.began.elapsed();
        // Whole between any two statements that hold it; as many kinds as there are causes.
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let throttle = kinds
            .entry(cause)
            .or_insert_with(|| Throttle::new(REFUSALS_TOLD_AT_ONCE, REFUSALS_TOLD_EVERY));
        ask(throttle, now)
    }
}

fn more(left_out: u64) -> String {
    match left_out {
        0 => String::new(),
        count => format!(" (and {count} more before)"),
    }
}

impl Cause {
    /// Whoever runs the server can do something about its limits, and nothing about what strangers try.
    fn level(self) -> Level {
        match self {
            Self::Connections | Self::ConnectionsOfAddress => Level::Warn,
            Self::Uploads | Self::Library => Level::Warn,
            Self::Pictures => Level::Info,
            Self::Request(status) => match status {
                Status::ContentTooLarge | Status::InsufficientStorage => Level::Warn,
                _ => Level::Info,
            },
            Self::Close(reason) => match reason {
                CloseReason::TooManyMessages | CloseReason::TooManyBytes => Level::Warn,
                CloseReason::RoomFull | CloseReason::TooManyRooms => Level::Warn,
                CloseReason::TooManyRoomsOfAddress | CloseReason::TooManyAttempts => Level::Warn,
                _ => Level::Info,
            },
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Connections => "too many connections",
            Self::ConnectionsOfAddress => "too many connections from one address",
            Self::Uploads => "too many uploads",
            Self::Library => "library full",
            Self::Pictures => "too many pictures at once",
            Self::Request(status) => status.line(),
            Self::Close(reason) => reason.code_and_text().1,
        }
    }
}

impl Told {
    /// The limit that was met, and the flag that raises it if there is one; `None` when it was something else.
    fn limit_of(&self, cause: Cause) -> Option<String> {
        let name = cause.name();
        let limits = &self.limits;
        let what = match cause {
            Cause::Connections => format!("{} at a time, --max-connections", self.connections),
            Cause::ConnectionsOfAddress => format!(
                "{} at a time, --max-connections-per-address",
                self.connections_of_address
            ),
            Cause::Uploads => format!(
                "{} at a time, {} from one address, --max-uploads",
                limits.uploads,
                limits.uploads_of_address()
            ),
            Cause::Library => format!("{} bytes, --max-library", self.library_bytes),
            Cause::Pictures => format!("{COVERS_SENT_MAX} at a time"),
            Cause::Request(status) => self.limit_of_request(status)?,
            Cause::Close(reason) => match reason {
                CloseReason::HelloTimeout => format!("{} s", HELLO_DEADLINE.as_secs()),
                CloseReason::MessageTimeout => format!("{} s", MESSAGE_DEADLINE.as_secs()),
                CloseReason::TooBig => format!("{ROOM_MESSAGE_BYTES_MAX} bytes"),
                CloseReason::SignalTooBig => format!("{SIGNAL_BYTES_MAX} bytes"),
                CloseReason::TooManyFragments => format!("{MESSAGE_FRAGMENTS_MAX} a message"),
                CloseReason::TooManyMessages => {
                    format!("{} a second, --max-messages", limits.messages_per_sec)
                }
                CloseReason::TooManyBytes => {
                    format!("{} a second, --max-bytes", limits.message_bytes_per_sec)
                }
                CloseReason::TooManyAttempts => {
                    format!("{KEY_ATTEMPTS_MAX} at once, one each {KEY_ATTEMPT_SEC} s")
                }
                CloseReason::RoomFull => format!("{} members, --max-members", limits.members),
                CloseReason::TooManyRooms => format!("{} at a time, --max-rooms", limits.rooms),
                CloseReason::TooManyRoomsOfAddress => format!(
                    "{} at a time, --max-rooms-per-address",
                    limits.rooms_per_address
                ),
                _ => return Some(name.into()),
            },
        };
        Some(format!("{name} ({what})"))
    }

    fn limit_of_request(&self, status: Status) -> Option<String> {
        Some(match status {
            Status::HeadTooLarge => {
                format!("{HEAD_BYTES_MAX} bytes and {HEAD_FIELDS_MAX} fields")
            }
            Status::RequestTimeout => format!(
                "{} s for a head, {} s without a byte of an upload",
                HEAD_DEADLINE.as_secs(),
                UPLOAD_STALL.as_secs()
            ),
            Status::ContentTooLarge => format!("{} bytes, --max-upload", self.upload_bytes),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: Told = Told {
        limits: ServerLimits {
            connections_per_address: Some(7),
            rooms: 1,
            rooms_per_address: 2,
            members: 3,
            messages_per_sec: 40,
            message_bytes_per_sec: 500_000,
            uploads: 6,
        },
        connections: 70,
        connections_of_address: 7,
        upload_bytes: 1000,
        library_bytes: 2000,
    };

    #[test]
    fn a_limit_is_told_with_its_name_its_value_and_its_flag() {
        use Cause::{Close, Connections, ConnectionsOfAddress, Request};
        for (cause, words) in [
            (Connections, "(70 at a time, --max-connections)"),
            (
                ConnectionsOfAddress,
                "(7 at a time, --max-connections-per-address)",
            ),
            (
                Close(CloseReason::TooManyRooms),
                "(1 at a time, --max-rooms)",
            ),
            (
                Close(CloseReason::TooManyRoomsOfAddress),
                "from your address (2 at a time, --max-rooms-per-address)",
            ),
            (Close(CloseReason::RoomFull), "(3 members, --max-members)"),
            (
                Close(CloseReason::TooManyMessages),
                "(40 a second, --max-messages)",
            ),
            (
                Close(CloseReason::TooManyBytes),
                "(500000 a second, --max-bytes)",
            ),
            (Close(CloseReason::HelloTimeout), "HELLO timeout (20 s)"),
            (Close(CloseReason::InvalidHello), "Invalid HELLO"),
            (
                Request(Status::ContentTooLarge),
                "(1000 bytes, --max-upload)",
            ),
            (Cause::Library, "(2000 bytes, --max-library)"),
            (Cause::Uploads, "2 from one address, --max-uploads)"),
        ] {
            let told = TOLD.limit_of(cause).expect("a limit");
            assert!(told.contains(words), "{cause:?}: {told}");
        }
        assert_eq!(TOLD.limit_of(Request(Status::BadRequest)), None);
    }
}
