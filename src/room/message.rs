//! The messages of a room, as values: what clients may say and what the server answers.
//!
//! `docs/PROTOCOL.md` describes them; `parse.rs` reads the one side, `ServerMessage::encode` writes the other.

use super::key::Keys;
use super::kind::Kind;
use super::node_message::{Announce, Links, Offer, PeerEntry, SwarmNode, SwarmWelcome, You};
use super::rights::Guests;
use super::rights_message::{KeptSeat, Person, RightsMessage};
use super::token::Token;
use super::waiting::Progress;
use crate::limits::ANNOUNCE_INTERVAL_SEC;
use crate::track::id::TrackId;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use serde_json::value::RawValue;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Host,
    Viewer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    Play,
    Pause,
}

/// The one truth about playback: `track_id` is at `offset_sec` at room time `timestamp`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub track_id: Option<String>,
    pub status: Status,
    /// Seconds, exactly the number that the host sent.
    pub offset_sec: Number,
    /// Room time in seconds.
    pub timestamp: f64,
}

/// HELLO, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    pub role: Role,
    /// Cleaned, or `None` when it was missing or nothing was left.
    pub display_name: Option<String>,
    pub wants: Wants,
    /// A program that moves chunks, and not a listener.
    pub node: bool,
    /// What an earlier WELCOME said.
    pub token: Option<Token>,
    /// To the room, and to the host seat.
    pub keys: Keys,
}

/// The message types beyond the basic ones that a client asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    pub welcome: bool,
    pub queue: bool,
    pub members: bool,
    pub history: bool,
    pub swarm: bool,
    /// The room's swarm key, in WELCOME.
    pub swarm_key: bool,
    /// To be waited for at a start, and told of it.
    pub waiting: bool,
    /// To be told of starts that wait, and not waited for.
    pub waiting_news: bool,
    pub rights: bool,
}

/// What a member says of its own playback; every field may be missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loaded: Option<f64>,
    /// How far off the member's clock may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_ms: Option<f64>,
    /// What all this is about. For the room alone: 200 ids would double the weight of MEMBERS.
    #[serde(skip)]
    pub track_id: Option<String>,
}

/// What a client may say after HELLO.
#[derive(Debug)]
pub enum ClientMessage {
    /// Answered where it arrives, never by the room.
    Clock {
        t0: Box<RawValue>,
    },
    /// Becomes `HostMessage::Add` once the track was found among the server's.
    /// With an offer: becomes `RoomMessage::Offer`, whether the server has the track or not.
    Add {
        track_id: TrackId,
        before: Option<TrackId>,
        offer: Option<Offer>,
    },
    Room(RoomMessage),
}

/// What a client may say to its room.
#[derive(Debug)]
pub enum RoomMessage {
    Host(HostMessage),
    Signal {
        to: String,
        blob: Box<RawValue>,
    },
    Announce(Announce),
    HaveDelta(Vec<u32>),
    Links(Links),
    /// A track that its sender has; `awaited` when the server has not.
    Offer {
        track: Box<QueueTrack>,
        before: Option<TrackId>,
    },
    Report(Report),
    Rights(RightsMessage),
}

/// What the host may say, and guests as far as it lets them. `before: None` means the end of the queue.
#[derive(Debug)]
pub enum HostMessage {
    Control {
        status: Status,
        track_id: Option<String>,
        offset_sec: Number,
    },
    Add {
        track: Box<QueueTrack>,
        before: Option<TrackId>,
    },
    Remove {
        track_id: TrackId,
    },
    Move {
        track_id: TrackId,
        before: Option<TrackId>,
    },
    /// `from`: the track that was current when this was said, if the client tells.
    Next {
        from: Option<String>,
    },
    Previous {
        from: Option<String>,
    },
    /// What the host's decoder found, in seconds.
    Duration {
        track_id: TrackId,
        duration_sec: f64,
    },
}

/// A track as the room lists it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueTrack {
    pub track_id: TrackId,
    pub name: String,
    pub bytes: u64,
    pub content_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_sec: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// Whether there is a picture at `/tracks/{track_id}/cover`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cover: bool,
    /// The name of the member who added it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_by: Option<String>,
    /// The `peer_id` of that member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added_by_id: Option<String>,
    /// Offered by a node, and not on the server yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub awaited: bool,
}

/// A track that was played, and the room time at which it began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Played {
    pub track_id: TrackId,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_sec: Option<f64>,
    pub at: f64,
}

/// A member as MEMBERS lists it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberEntry {
    pub peer_id: String,
    pub name: String,
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub node: bool,
}

/// What the server says.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
pub enum ServerMessage {
    State {
        payload: State,
    },
    Peer {
        peer_id: String,
    },
    Signal {
        from: String,
        blob: Box<RawValue>,
    },
    Peers {
        room: String,
        peers: Vec<PeerEntry>,
        interval_sec: u32,
        /// For a node with a `node_id`.
        #[serde(skip_serializing_if = "Option::is_none")]
        you: Option<You>,
    },
    Swarm {
        room: String,
        nodes: Vec<SwarmNode>,
    },
    Error {
        message: String,
        /// The track that the receiver offered and the server cannot take.
        #[serde(skip_serializing_if = "Option::is_none")]
        track_id: Option<TrackId>,
    },
    Welcome {
        version: &'static str,
        room: String,
        peer_id: String,
        name: String,
        role: Role,
        /// Who says it in a later HELLO is this member again.
        token: Token,
        /// What allows an upload into this room, when this member may add to it.
        upload_key: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        swarm: Option<SwarmWelcome>,
    },
    Queue {
        room: String,
        tracks: Arc<Vec<QueueTrack>>,
    },
    History {
        room: String,
        played: Vec<Played>,
    },
    Played {
        room: String,
        entry: Played,
    },
    Members {
        room: String,
        total: usize,
        members: Vec<MemberEntry>,
    },
    /// Without a track: nothing is waited for any more.
    Waiting {
        room: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        track_id: Option<String>,
        #[serde(flatten)]
        progress: Option<Progress>,
        /// Room time at which it starts anyhow.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<f64>,
    },
    Clock {
        t0: Box<RawValue>,
        t1: f64,
        t2: f64,
    },
    /// Who holds the host seat, or for whom it is kept, and what guests may do.
    Rights {
        room: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        host: Option<Person>,
        #[serde(skip_serializing_if = "Option::is_none")]
        kept: Option<KeptSeat>,
        guests: Guests,
        /// Whether it takes a key to join.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        locked: bool,
        /// How often the key has been set or taken away.
        #[serde(skip_serializing_if = "is_zero")]
        lock_changes: u64,
    },
    /// How many would skip the current track, and how many it takes.
    Votes {
        room: String,
        track_id: Option<String>,
        votes: usize,
        needed: usize,
    },
}

impl Wants {
    /// Whether a member with these wants is told its token.
    #[must_use]
    pub fn is_welcomed(self) -> bool {
        self.welcome || self.swarm_key
    }

    /// Whether a member with these wants receives a broadcast of `kind`.
    #[must_use]
    pub fn receives(self, kind: Kind) -> bool {
        match kind {
            Kind::State | Kind::Peers | Kind::Single => true,
            Kind::Queue => self.queue,
            Kind::Members => self.members,
            Kind::Played => self.history,
            Kind::Swarm => self.swarm,
            Kind::Waiting => self.waiting || self.waiting_news,
            Kind::Rights | Kind::Votes => self.rights,
        }
    }
}

impl ServerMessage {
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self::Error {
            message: message.into(),
            track_id: None,
        }
    }

    #[must_use]
    pub fn peers(room: &str, peers: Vec<PeerEntry>, you: Option<You>) -> Self {
        Self::Peers {
            room: room.into(),
            peers,
            interval_sec: ANNOUNCE_INTERVAL_SEC,
            you,
        }
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::State { .. } => Kind::State,
            Self::Queue { .. } => Kind::Queue,
            Self::Members { .. } => Kind::Members,
            Self::Peers { .. } => Kind::Peers,
            Self::Swarm { .. } => Kind::Swarm,
            Self::Waiting { .. } => Kind::Waiting,
            Self::Rights { .. } => Kind::Rights,
            Self::Votes { .. } => Kind::Votes,
            Self::Played { .. } => Kind::Played,
            Self::Peer { .. }
            | Self::Signal { .. }
            | Self::Error { .. }
            | Self::Welcome { .. }
            | Self::History { .. }
            | Self::Clock { .. } => Kind::Single,
        }
    }

    /// One line of JSON.
    #[must_use]
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("bug: every field of a server message is JSON")
    }
}

/// What has never changed is not told.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
