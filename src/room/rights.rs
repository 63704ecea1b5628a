//! What the guests of a room may do: nothing, or as much as its host lets them.

use super::message::HostMessage;
use super::turntable::Turntable;
use serde::{Deserialize, Serialize};

/// Each allows what those before it allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guests {
    #[default]
    Nothing,
    /// Put tracks at the end of the queue, and take out what they put there themselves.
    Add,
    /// Vote to skip the current track.
    Vote,
    /// All that the host does with the music. Who may do what stays the host's.
    Everything,
}

impl Guests {
    pub const ALL: [(&str, Self); 4] = [
        ("nothing", Self::Nothing),
        ("add", Self::Add),
        ("vote", Self::Vote),
        ("everything", Self::Everything),
    ];

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|&(_, guests)| guests)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|&&(_, guests)| guests == self);
        found.expect("bug: every one has a name").0
    }
}

/// Whether a guest with this `peer_id` may say this to a room that allows `guests`.
#[must_use]
pub fn guest_may(
    guests: Guests,
    message: &HostMessage,
    peer_id: &str,
    turntable: &Turntable,
) -> bool {
    if guests == Guests::Everything {
        return true;
    }
    guests >= Guests::Add
        && match message {
            HostMessage::Add { before, .. } => before.is_none(),
            HostMessage::Remove { track_id } => {
                let track = turntable.queue().get(*track_id);
                let added_by = track.and_then(|track| track.added_by_id.as_deref());
                added_by == Some(peer_id) && !turntable.is_current(&track_id.to_string())
            }
            _ => false,
        }
}
