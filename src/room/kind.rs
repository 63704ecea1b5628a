//! The kinds of messages that a member's way out knows apart.

/// What decides whether a waiting message is replaced by a newer one, and who receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    State,
    Queue,
    Members,
    Peers,
    Swarm,
    Waiting,
    Rights,
    Votes,
    /// One more entry of a list, for those who have it: each one counts.
    Played,
    /// To one member; each one counts: PEER, SIGNAL, ERROR, WELCOME, HISTORY, CLOCK.
    Single,
}

impl Kind {
    /// Whether the newest message of this kind makes an unsent older one superfluous.
    #[must_use]
    pub fn replaces_unsent(self) -> bool {
        !matches!(self, Self::Played | Self::Single)
    }
}
