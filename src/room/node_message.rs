//! What nodes say of themselves and of each other, as values: ANNOUNCE, LINKS and offers, and what PEERS, SWARM
//! and WELCOME tell them.

use super::message::QueueTrack;
use crate::identity::NodeId;
use crate::track::id::TrackId;
use serde::Serialize;
use std::net::IpAddr;

/// ANNOUNCE, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Announce {
    /// 0: cannot be dialled.
    pub port: u16,
    pub total_chunks: Option<u32>,
    pub chunk_size: Option<u32>,
    pub have_count: Option<u32>,
    pub node_id: Option<NodeId>,
    /// What the counts and HAVE_DELTA are about.
    pub track_id: Option<TrackId>,
    /// Held whole.
    pub track_ids: Vec<TrackId>,
}

/// LINKS, checked: each node is named once in each list.
#[derive(Clone, Debug, PartialEq)]
pub struct Links {
    pub track_id: TrackId,
    /// Chunks of this track that came from each node, since the sender began with it.
    pub received: Vec<(NodeId, u32)>,
    /// Nodes that the sender could not dial.
    pub unreachable: Vec<NodeId>,
}

/// What ADD says of a track that the server may not have.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Cleaned.
    pub name: String,
    pub bytes: u64,
    pub content_type: &'static str,
}

impl Offer {
    /// The track as a queue lists it until the server has it.
    #[must_use]
    pub fn into_entry(self, track_id: TrackId) -> QueueTrack {
        QueueTrack {
            track_id,
            name: self.name,
            bytes: self.bytes,
            content_type: self.content_type,
            duration_sec: None,
            title: None,
            artist: None,
            album: None,
            cover: false,
            added_by: None,
            added_by_id: None,
            awaited: true,
        }
    }
}

/// A node as PEERS lists it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeerEntry {
    pub peer_id: String,
    pub ip: IpAddr,
    pub port: u16,
    pub have_count: u32,
    pub display_name: String,
    pub is_host: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_chunks: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<NodeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_id: Option<TrackId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub track_ids: Vec<TrackId>,
    /// Only ever false: the server tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialable: Option<bool>,
}

/// What PEERS tells a node of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct You {
    pub ip: IpAddr,
    /// `None` while the server does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialable: Option<bool>,
}

/// What WELCOME tells a node of the room's swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SwarmWelcome {
    /// 64 hexadecimal digits.
    pub key: String,
    /// The server's own node.
    pub node_id: NodeId,
}

/// A node as SWARM draws it; what is not known is left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SwarmNode {
    pub peer_id: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_id: Option<TrackId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_chunks: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub have_count: Option<u32>,
    /// How full each 64th of the track is, a digit each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialable: Option<bool>,
    /// The server's own node.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub server: bool,
    /// From whom it has how many chunks, by `peer_id`; the most first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<(String, u32)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<String>,
}
