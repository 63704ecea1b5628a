//! Why a member is not in its room, in words that say what to try.

use crate::room::close::CloseReason;
use crate::sys::dial::DialError;
use std::fmt;
use std::io;

/// To be put behind "joining ws://host:8000/ws/jam1: ".
#[derive(Debug)]
pub enum RoomError {
    /// Nobody there could be reached.
    Dial(DialError),
    /// Connected, but not encrypted: what is wrong, and what to do.
    Tls { why: String },
    /// The server speaks TLS there, or sends us to where it does.
    WantsTls,
    /// Connected, but no answer to the request within the deadline.
    NoUpgrade { after_sec: u64 },
    /// Something else than HTTP came back.
    NotHttp { answer: String },
    /// HTTP, but no WebSocket.
    NotARoom { status: u16, answer: String },
    /// The server has no place for another connection.
    Full,
    /// A WebSocket, but nothing that a room says when somebody joins.
    NotJam { answer: String },
    /// The server sent us away.
    Closed { code: u16, reason: String },
    /// The connection broke.
    Broken { how: String },
    /// Nothing was heard for this long, pings included.
    Silent { sec: u64 },
    /// This machine was asleep, and nobody answers since.
    DiedAsleep,
    /// What was heard breaks the rules of WebSocket, or is too long.
    Garbage { what: String },
    /// This machine has no room for another thread.
    NoThread(io::Error),
}

impl RoomError {
    /// Whether coming back would only have the same answer, or send ourselves away.
    #[must_use]
    pub fn is_final(&self) -> bool {
        let Self::Closed { reason, .. } = self else {
            return false;
        };
        [
            CloseReason::Removed,
            CloseReason::CameBack,
            CloseReason::RoomKeyNeeded,
            CloseReason::WrongRoomKey,
            CloseReason::HostKeyNeeded,
            CloseReason::WrongHostKey,
        ]
        .iter()
        .any(|last| last.code_and_text().1 == reason)
    }
}

impl RoomError {
    /// Whether nobody is there at all, or only a proxy before a server that is not.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::Dial(_)
                | Self::NotARoom {
                    status: 502 | 504,
                    ..
                }
        )
    }
}

const WRONG_KEY_HINT: &str =
    " (ask the host for the one of today, and type it as --room-key KEY, or set JAM_ROOM_KEY)";
const WRONG_HOST_KEY_HINT: &str =
    " (ask whoever runs the server, and type it as --host-key KEY, or set JAM_HOST_KEY)";

impl fmt::Display for RoomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dial(error @ DialError::Refused { .. }) => {
                write!(f, "{error} (is `jam server` running there, on this port?)")
            }
            Self::Dial(error @ DialError::TimedOut { .. }) => write!(
                f,
                "{error} (is the machine on, on this network, and its firewall open for this port?)"
            ),
            Self::Dial(error @ DialError::Unreachable { .. }) => {
                write!(f, "{error} (is this machine on the same network?)")
            }
            Self::Dial(error) => error.fmt(f),
            Self::Tls { why } => f.write_str(why),
            Self::WantsTls => f.write_str(match cfg!(feature = "tls") {
                true => "the server wants TLS (begin the address with wss:// or https://)",
                false => {
                    "the server wants TLS, without which this jam was built (build one with \
                     `cargo build --release --features tls`)"
                }
            }),
            Self::NoUpgrade { after_sec } => write!(
                f,
                "connected, but no answer within {after_sec} s (not a jam server, or a stuck one)"
            ),
            Self::NotHttp { answer } => {
                write!(
                    f,
                    "not a jam server: it answers {answer:?} (check the port)"
                )
            }
            Self::NotARoom { status: 404, .. } => {
                f.write_str("no room there: it answers 404 (check the address and the room's name)")
            }
            Self::NotARoom { status, answer } => {
                write!(f, "not a jam server: it answers HTTP {status}")?;
                if !answer.is_empty() {
                    write!(f, ", {answer:?}")?;
                }
                f.write_str(" (check the address and the port)")
            }
            Self::Full => {
                f.write_str("the server is full, it takes no more connections (try again later)")
            }
            Self::NotJam { answer } if answer.is_empty() => {
                f.write_str("not a jam server: it takes WebSockets, but does not answer HELLO")
            }
            Self::NotJam { answer } => {
                write!(
                    f,
                    "not a jam server: it takes WebSockets, but says {answer:?}"
                )
            }
            Self::Closed { code, reason } if reason.is_empty() => {
                write!(
                    f,
                    "the server closed the connection with code {code} and no reason"
                )
            }
            Self::Closed { reason, .. } => {
                write!(f, "the server says: {reason}")?;
                match reason.as_str() {
                    "Host already assigned" => {
                        f.write_str(" (join as a viewer, or wait until the host has left)")
                    }
                    "Room key needed" => {
                        f.write_str(" (type it as --room-key KEY, or set JAM_ROOM_KEY)")
                    }
                    "Wrong room key" => f.write_str(WRONG_KEY_HINT),
                    "Host key needed" => {
                        f.write_str(" (type it as --host-key KEY, or set JAM_HOST_KEY)")
                    }
                    "Wrong host key" => f.write_str(WRONG_HOST_KEY_HINT),
                    "Too many attempts" => {
                        f.write_str(" (wait a minute, then try again with the right key)")
                    }
                    "Too many rooms" | "Too many rooms from your address" | "Room is full" => {
                        f.write_str(" (try again later)")
                    }
                    _ => Ok(()),
                }
            }
            Self::Broken { how } => write!(f, "the connection broke: {how}"),
            Self::Silent { sec } => write!(f, "the server has been silent for {sec} s"),
            Self::DiedAsleep => f.write_str("no answer since this machine was asleep"),
            Self::Garbage { what } => write!(f, "the server does not make sense: {what}"),
            Self::NoThread(error) => write!(f, "no room for another thread: {error}"),
        }
    }
}

impl std::error::Error for RoomError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Dial(error) => Some(error),
            Self::NoThread(error) => Some(error),
            _ => None,
        }
    }
}
