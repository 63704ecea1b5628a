//! What is said to a room to have something done, and how the room shows that it has followed. Pure.

use crate::room::key::Key;
use crate::room::rights::Guests;

/// What is to be said, and how the room will show that it has followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub text: String,
    pub shows: Shows,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Shows {
    /// This track, this status and this place.
    State {
        track_id: Option<String>,
        playing: bool,
        offset_sec: f64,
    },
    /// Any new state.
    AnyState,
    /// A queue without this track.
    Gone(String),
    /// Guests may do this.
    Guests(Guests),
    /// Another key than before: this one, or none of the room's own.
    Lock(Option<Key>),
}

/// Why nothing is to be said.
#[derive(Clone, Debug, PartialEq)]
pub enum Idle {
    /// It is so already.
    Already,
    /// It cannot be.
    Cannot(String),
}
