//! As what a node joins a room.

use crate::client::member::RoomEvent;
use crate::room::message::Role;
use crossbeam_channel::Sender;

#[derive(Clone, Debug)]
pub struct Part {
    pub role: Role,
    pub name: Option<String>,
    /// Somebody who listens as well, and is told everything.
    pub ears: Option<Ears>,
}

/// Where everything is told that the room says; whoever holds the other end has to keep taking.
#[derive(Clone, Debug)]
pub struct Ears {
    pub to: Sender<RoomEvent>,
    /// Types of messages that a node does without.
    pub wants: &'static [&'static str],
    /// By which the room knows us when we come back; with one, who asks for the host seat may wait for it inside.
    pub token: Option<String>,
}

impl Part {
    #[must_use]
    pub fn token(&self) -> Option<String> {
        self.ears.as_ref()?.token.clone()
    }

    /// Types of messages that are asked for.
    #[must_use]
    pub fn wants(&self) -> Vec<&'static str> {
        let mut wants = vec!["QUEUE", "SWARM_KEY"];
        wants.extend(self.ears.iter().flat_map(|ears| ears.wants));
        wants
    }
}
