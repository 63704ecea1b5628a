//! What is said of who may do what: the host seat, the guests' rights, votes, and removing somebody.

use super::fields::Fields;
use super::key::Key;
use super::rights::Guests;
use crate::limits::{KEY_BYTES_MAX, TRACK_ID_BYTES_MAX};
use serde::Serialize;

/// What a client may say of it, checked.
#[derive(Clone, Debug, PartialEq)]
pub enum RightsMessage {
    TakeSeat {
        host_key: Option<Key>,
    },
    /// `None`: the seat is to be free.
    HandOver {
        to: Option<String>,
    },
    Guests {
        may: Guests,
    },
    /// The track to be skipped; `None` takes the vote back.
    Vote {
        skip: Option<String>,
    },
    Kick {
        peer_id: String,
    },
    /// The key that it takes to join from now on; `None`: no key of this room's own.
    Lock {
        key: Option<Key>,
    },
}

/// A member as RIGHTS names it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Person {
    pub peer_id: String,
    pub name: String,
}

/// For whom the seat is kept, until this room time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeptSeat {
    #[serde(flatten)]
    pub person: Person,
    pub until: f64,
}

const A_MEMBER: &str = "the peer_id of a member";

const A_KEY: &str = "a text of 1 to 128 bytes without control characters";
const _: () = assert!(KEY_BYTES_MAX == 128);

impl Fields<'_> {
    /// Never repeats what was said: it may be a key with a slip in it.
    pub(super) fn key(&self, field: &str) -> Result<Option<Key>, String> {
        let refusal = || format!("{}: {field} must be {A_KEY}", self.kind);
        match self.string(field).map_err(|_| refusal())? {
            None => Ok(None),
            Some(text) => Key::parse(&text).map(Some).ok_or_else(refusal),
        }
    }

    pub(super) fn take_seat(&self) -> Result<RightsMessage, String> {
        let host_key = self.key("host_key")?;
        Ok(RightsMessage::TakeSeat { host_key })
    }

    pub(super) fn lock(&self) -> Result<RightsMessage, String> {
        // Leaving it out is more likely a mistake than a wish to let everybody in.
        match self.raw.contains_key("key") {
            true => Ok(RightsMessage::Lock {
                key: self.key("key")?,
            }),
            false => Err(format!("LOCK: key is missing, it must be {A_KEY}, or null")),
        }
    }

    pub(super) fn hand_over(&self) -> Result<RightsMessage, String> {
        // Leaving it out is more likely a mistake than a wish to have no host.
        match self.raw.contains_key("to") {
            true => Ok(RightsMessage::HandOver {
                to: self.string("to")?,
            }),
            false => self.refuse("to", "the peer_id of a member, or null"),
        }
    }

    pub(super) fn guests(&self) -> Result<RightsMessage, String> {
        const NAMES: &[&str] = &["nothing", "add", "vote", "everything"];
        match self.choice("may", NAMES)?.and_then(Guests::parse) {
            Some(may) => Ok(RightsMessage::Guests { may }),
            None => self.refuse("may", &format!("one of {}", NAMES.join(", "))),
        }
    }

    pub(super) fn vote(&self) -> Result<RightsMessage, String> {
        let skip = match self.raw.contains_key("skip") {
            true => self.string("skip")?,
            false => return self.refuse("skip", "a track_id or null"),
        };
        match skip {
            Some(id) if id.len() > TRACK_ID_BYTES_MAX => {
                self.refuse("skip", "at most 256 bytes long")
            }
            Some(id) if id.contains(char::is_control) => {
                self.refuse("skip", "without control characters")
            }
            skip => Ok(RightsMessage::Vote { skip }),
        }
    }

    pub(super) fn kick(&self) -> Result<RightsMessage, String> {
        match self.string("peer_id")? {
            Some(peer_id) => Ok(RightsMessage::Kick { peer_id }),
            None => self.refuse("peer_id", A_MEMBER),
        }
    }
}
