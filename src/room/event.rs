//! What goes into a room's state machine and what comes out of it, as values.

use super::close::CloseReason;
use super::key::Locks;
use super::members::MemberId;
use super::message::{
    Hello, MemberEntry, Played, QueueTrack, RoomMessage, ServerMessage, State, Wants,
};
use super::rights::Guests;
use super::token::Token;
use crate::identity::{NodeId, SwarmKey};
use crate::track::id::TrackId;
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

#[derive(Debug)]
pub enum Input {
    Join(Newcomer),
    Say {
        member: MemberId,
        message: RoomMessage,
    },
    Leave {
        member: MemberId,
        /// It said goodbye: its close frame arrived. Otherwise it may be back in a moment.
        properly: bool,
    },
}

/// Somebody who said HELLO.
#[derive(Debug)]
pub struct Newcomer {
    pub member: MemberId,
    /// Drawn by the server, for somebody who brings no token along.
    pub token: Token,
    /// What follows from that.
    pub peer_id: String,
    pub ip: IpAddr,
    pub hello: Hello,
    /// Whether somebody else had the connection made, such as a proxy or a page, so that the address says nothing.
    pub relayed: bool,
    /// Whether that was a proxy, so that the address is another's.
    pub proxied: bool,
    /// Told to the member: what allows an upload into this room.
    pub upload_key: String,
}

/// What a room tells of its server.
#[derive(Clone, Debug)]
pub struct Home {
    pub version: &'static str,
    /// This room's own.
    pub swarm_key: SwarmKey,
    /// The server's own node.
    pub node_id: NodeId,
    /// What guests may do in a new room.
    pub guests: Guests,
    /// What the server asks of who joins, and of who hosts.
    pub locks: Locks,
}

/// A track in a room's queue that the server has not, and should fetch from the room's nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    pub track_id: TrackId,
    pub name: String,
    pub bytes: u64,
}

/// Where a node can be dialled, as far as is known, and what it says it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeAddress {
    pub peer_id: String,
    pub node_id: NodeId,
    pub ip: IpAddr,
    /// Never 0.
    pub port: u16,
    /// What it has parts of.
    pub track_id: Option<TrackId>,
    /// What it has whole, as far as it said.
    pub track_ids: Vec<TrackId>,
    /// Whether the server reached it; `None` while that is not known.
    pub dialable: Option<bool>,
}

/// The server's own node, as SWARM draws it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerNode {
    pub track_id: TrackId,
    pub total_chunks: u32,
    pub chunk_size: u32,
    pub have_count: u32,
    /// A bit for each chunk, the first one in the highest bit of the first byte.
    pub held: Vec<u8>,
    /// Chunks of this track that came from each node.
    pub received: Vec<(NodeId, u32)>,
    pub unreachable: Vec<NodeId>,
}

#[derive(Debug)]
pub enum Output {
    /// The member is in: what follows for it can be sent.
    Admit { member: MemberId, wants: Wants },
    /// To one member.
    Send {
        to: MemberId,
        message: ServerMessage,
    },
    /// To every member that receives messages of this kind, except some (sorted).
    Broadcast {
        message: ServerMessage,
        except: Vec<MemberId>,
    },
    /// Try whether the member's node can be dialled, and tell `Room::dialled`.
    DialBack {
        member: MemberId,
        address: SocketAddr,
    },
    /// A track that the server has to fetch; `Room::wants` has all of them.
    Want(Want),
    /// The member did not get in: close its connection. It was never part of the room.
    Refuse {
        member: MemberId,
        reason: CloseReason,
    },
    /// A member is sent away: close its connection. It is no part of the room any more.
    End {
        member: MemberId,
        reason: CloseReason,
    },
}

/// What a room looks like from outside.
#[derive(Clone, Debug, Serialize)]
pub struct RoomView {
    pub room: String,
    pub server_time: f64,
    pub state: State,
    pub host: Option<String>,
    /// What they may do.
    pub guests: Guests,
    /// Whether it takes a key to join. Who sees this has shown it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    pub total: usize,
    pub members: Vec<MemberEntry>,
    pub tracks: Arc<Vec<QueueTrack>>,
    pub played: Vec<Played>,
}
