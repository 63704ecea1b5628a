//! A way to talk to a room's thread, for whoever holds it.

use super::room_thread::ToRoom;
use crate::identity::{KeyId, SwarmKey};
use crate::limits::ROOM_ANSWER_DEADLINE;
use crate::room::event::{NodeAddress, RoomView, ServerNode, Want};
use crate::room::message::QueueTrack;
use crate::room::name::RoomName;
use crate::room::queue::QueueFull;
use crate::room::upload::{Adder, UploadRefusal, Uploader};
use crate::track::id::TrackId;
use crossbeam_channel::{Sender, bounded};
use std::net::IpAddr;
use std::sync::Arc;

/// A way to talk to a room; while it is held, the room lives.
#[derive(Clone)]
pub struct RoomHandle(pub(super) Arc<Entry>);

/// What all handles of a room share.
pub(super) struct Entry {
    pub(super) name: RoomName,
    pub(super) swarm_key: SwarmKey,
    pub(super) key_id: KeyId,
    pub(super) inputs: Sender<ToRoom>,
    /// Who entered first, as far as addresses count; nobody for a room that was there before the server.
    pub(super) made_by: Option<IpAddr>,
}

impl RoomHandle {
    #[must_use]
    pub fn name(&self) -> &RoomName {
        &self.0.name
    }

    /// What the nodes of this room share.
    #[must_use]
    pub fn swarm_key(&self) -> SwarmKey {
        self.0.swarm_key
    }

    /// May wait while the room is busy. `false`: the room has stopped with its server, and nobody heard it.
    // Apart: a channel's innards would lie on the stack of every member that listens.
    #[inline(never)]
    pub fn tell(&self, message: ToRoom) -> bool {
        self.0.inputs.send(message).is_ok()
    }

    /// Whether somebody may upload into the room, and for whom that is; `None` when it did not answer in time.
    #[must_use]
    pub fn may_upload(&self, uploader: Uploader) -> Option<Result<Adder, UploadRefusal>> {
        self.ask(|answer| ToRoom::MayUpload { uploader, answer })
    }

    /// Puts an uploaded track into the room's queue; `None` when it did not answer in time.
    #[must_use]
    pub fn add_uploaded(&self, track: QueueTrack) -> Option<Result<(), QueueFull>> {
        let track = Box::new(track);
        self.ask(|answer| ToRoom::AddUploaded { track, answer })
    }

    /// The nodes of the room that can be dialled, or may be; `None` when it did not answer in time.
    #[must_use]
    pub fn nodes(&self) -> Option<Vec<NodeAddress>> {
        self.ask(ToRoom::Nodes)
    }

    /// The tracks that the room's queue awaits; `None` when it did not answer in time.
    #[must_use]
    pub fn wants(&self) -> Option<Vec<Want>> {
        self.ask(ToRoom::Wants)
    }

    /// The server has this track now. `false`: the room has stopped with its server. May wait while it is busy.
    pub fn track_arrived(&self, track: QueueTrack) -> bool {
        self.tell(ToRoom::TrackArrived(Box::new(track)))
    }

    /// The server cannot take a track that the room may await. `false`: the room has stopped with its server. May wait
    /// while it is busy.
    pub fn track_refused(&self, track_id: TrackId, why: &'static str) -> bool {
        self.tell(ToRoom::TrackRefused { track_id, why })
    }

    /// What the room looks like; `None` when it did not answer in time.
    #[must_use]
    pub fn view(&self) -> Option<RoomView> {
        self.ask(ToRoom::View)
    }

    /// How far the server's own node is with a track of this room, for SWARM; `None` when it does nothing here.
    /// Waits for nobody: `false` when the room is too busy to hear it, and the next one will do.
    pub fn set_server_node(&self, node: Option<ServerNode>) -> bool {
        let node = ToRoom::ServerNode(node.map(Box::new));
        self.0.inputs.try_send(node).is_ok()
    }

    /// `None`: it did not answer in time.
    pub(super) fn ask<T>(&self, question: impl FnOnce(Sender<T>) -> ToRoom) -> Option<T> {
        let (answer, answered) = bounded(1);
        let asked = self
            .0
            .inputs
            .send_timeout(question(answer), ROOM_ANSWER_DEADLINE);
        asked.ok()?;
        answered.recv_timeout(ROOM_ANSWER_DEADLINE).ok()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crossbeam_channel::Receiver;

    /// Of a room without a thread, and what it is told.
    pub fn handle() -> (RoomHandle, Receiver<ToRoom>) {
        let (inputs, told) = bounded(1);
        let swarm_key = SwarmKey::OPEN;
        let entry = Entry {
            name: RoomName::parse("a").expect("a room"),
            key_id: swarm_key.id(),
            swarm_key,
            inputs,
            made_by: None,
        };
        (RoomHandle(Arc::new(entry)), told)
    }
}
