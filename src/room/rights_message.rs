//! What is said of who may do what: the host seat, the guests' rights, votes, and removing somebody.

use super::fields::Fields;
use super::rights::Guests;
use crate::limits::TRACK_ID_BYTES_MAX;
use serde::Serialize;

/// What a client may say of it, checked.
#[derive(Clone, Debug, PartialEq)]
pub enum RightsMessage {
    TakeSeat,
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

impl Fields<'_> {
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
