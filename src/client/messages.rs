//! What a server says to a member, as values. `parse.rs` makes them.

use crate::room::message::Role;
use crate::room::rights::Guests;
use std::net::IpAddr;

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerSays {
    State(State),
    Peer {
        peer_id: String,
    },
    Welcome(Welcome),
    Queue(Vec<Track>),
    Members(Members),
    Peers(Peers),
    Swarm(Vec<SwarmNode>),
    Signal {
        from: String,
        /// JSON.
        blob: String,
    },
    Clock(Clock),
    Rights(Rights),
    Votes(Votes),
    /// `None`: no start waits any more.
    Waiting(Option<Waiting>),
    Error(String),
    /// A track that we offered, and that the server cannot take.
    Refused {
        track_id: String,
        why: String,
    },
    /// A type that this client has no use for.
    Other,
}

/// `track_id` is at `offset_sec` at room time `timestamp`.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub track_id: Option<String>,
    pub playing: bool,
    /// Seconds.
    pub offset_sec: f64,
    /// Seconds of room time.
    pub timestamp: f64,
}

/// Has a `Debug` of its own: tokens and keys are nothing for a log.
#[derive(Clone, PartialEq)]
pub struct Welcome {
    pub version: String,
    /// The name under which the others see this member.
    pub name: String,
    /// As what this member was let in.
    pub role: Option<Role>,
    /// Who says it in a later HELLO is this member again.
    pub token: Option<String>,
    /// What allows an upload, when this member may add to the queue.
    pub upload_key: Option<String>,
    pub swarm: Option<SwarmKey>,
}

/// Who holds the host seat, and what guests may do.
#[derive(Clone, Debug, PartialEq)]
pub struct Rights {
    pub host: Option<Person>,
    /// For whom the seat is kept, and until when in room time; not while there is a host.
    pub kept: Option<(Person, f64)>,
    pub guests: Guests,
    /// Whether it takes a key to join.
    pub locked: bool,
    /// How often that key was set or taken away; 0 from a server that does not count.
    pub lock_changes: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub peer_id: String,
    pub name: String,
}

/// How many would skip a track, and how many it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Votes {
    pub track_id: Option<String>,
    pub votes: usize,
    pub needed: usize,
}

/// A start that waits until all have the track.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    pub track_id: String,
    pub ready: usize,
    pub of: usize,
    /// Room time at which it begins whoever is ready, once somebody is.
    pub until: Option<f64>,
}

/// The answer to a question for the time: `t0` as it was asked, room times of arrival and answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    pub t0: f64,
    pub t1: f64,
    pub t2: f64,
}

/// What lets a node into the swarm of a room.
#[derive(Clone, PartialEq, Eq)]
pub struct SwarmKey {
    pub key: [u8; 32],
    /// The server's own node.
    pub node_id: [u8; 8],
}

impl std::fmt::Debug for Welcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Welcome")
            .field("version", &self.version)
            .field("name", &self.name)
            .field("role", &self.role)
            .field("swarm", &self.swarm)
            .finish_non_exhaustive()
    }
}

/// A key is nothing for a log.
impl std::fmt::Debug for SwarmKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SwarmKey")
            .field("node_id", &self.node_id)
            .finish_non_exhaustive()
    }
}

/// A track of the room's queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    pub track_id: String,
    pub name: String,
    pub bytes: u64,
    pub duration_sec: Option<f64>,
    pub title: Option<String>,
    pub artist: Option<String>,
    /// The name of the member who added it.
    pub added_by: Option<String>,
    /// Offered by a node, and not on the server yet.
    pub awaited: bool,
}

/// Who is in the room: the host first, then in the order of connecting.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members {
    /// All of them; the list may be shorter.
    pub total: usize,
    pub listed: Vec<Member>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member {
    pub peer_id: String,
    pub name: String,
    pub is_host: bool,
    /// A program that moves chunks, and not a listener.
    pub node: bool,
    pub report: Option<MemberReport>,
}

/// How a member says it does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberReport {
    pub status: Option<String>,
    pub method: Option<String>,
    pub rtt_ms: Option<f64>,
    /// Positive: ahead of the room.
    pub error_ms: Option<f64>,
    /// The share of the current track that it holds, 0 to 1.
    pub loaded: Option<f64>,
}

/// A room as it is told over HTTP to whoever asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// Room time in seconds.
    pub server_time: f64,
    pub state: State,
    pub host: Option<String>,
    /// What guests may do, if the server tells.
    pub guests: Option<Guests>,
    /// Whether it takes a key to join.
    pub locked: bool,
    pub queue: Vec<Track>,
    pub members: Members,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Peers {
    pub peers: Vec<Peer>,
    /// What the server sees of ourselves, when we are a node.
    pub you: Option<You>,
    /// Announce again after so many seconds.
    pub interval_sec: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    pub peer_id: String,
    pub ip: IpAddr,
    /// 0: cannot be dialled.
    pub port: u16,
    pub name: String,
    pub is_host: bool,
    pub have_count: u32,
    pub total_chunks: Option<u32>,
    pub chunk_size: Option<u32>,
    pub node_id: Option<[u8; 8]>,
    /// Lower-case hexadecimal, what the counts are about.
    pub track_id: Option<String>,
    /// Tracks that this node holds whole.
    pub track_ids: Vec<String>,
    /// `Some(false)`: the server could not dial it. `None`: not known.
    pub dialable: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct You {
    pub ip: IpAddr,
    /// Whether the server could dial us; `None` while it does not know.
    pub dialable: Option<bool>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SwarmNode {
    pub peer_id: String,
    pub name: String,
    pub track_id: Option<String>,
    pub total_chunks: Option<u32>,
    pub chunk_size: Option<u32>,
    pub have_count: u32,
    /// How full each 64th of the track is, 0 to 9.
    pub map: Option<Vec<u8>>,
    pub dialable: Option<bool>,
    /// The server's own node.
    pub server: bool,
    /// Chunks received, by the `peer_id` of the one that they came from.
    pub from: Vec<(String, u32)>,
    /// The `peer_id`s of those that this node could not dial.
    pub unreachable: Vec<String>,
}

/// A message that a jam server does not send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String);
