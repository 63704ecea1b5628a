//! What the threads of a track share under its one mutex.

use super::book::{Book, Unreached};
use super::frame::NodeId;
use super::machine::{LinkKey, Swarm};
use super::store::{ChunkStore, StoreError};
use crate::limits::SWARM_CREDITED_MAX;
use crate::track::manifest::Manifest;
use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

/// What is known of a track once its manifest is proved and its place is open.
pub struct Content {
    pub manifest: Arc<Manifest>,
    pub store: Arc<dyn ChunkStore>,
}

/// Where bytes came from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Source {
    pub node: NodeId,
    /// `None`: it cannot be dialled.
    pub address: Option<SocketAddr>,
    /// It had the whole track when it was met.
    pub seed: bool,
    pub chunks: u64,
    pub bytes: u64,
}

/// How far it is, for people.
#[derive(Clone, Debug)]
pub struct Status {
    pub held_bytes: u64,
    pub total_bytes: Option<u64>,
    pub complete: bool,
    /// Connected nodes.
    pub peers: usize,
    /// Connected nodes that still lack something.
    pub leechers: usize,
    pub sent_bytes: u64,
    pub sources: Vec<Source>,
    pub unreached: Vec<Unreached>,
}

#[derive(Default)]
pub struct State {
    pub content: Option<Arc<Content>>,
    /// Proved, and waiting for a place.
    pub proved: Option<Arc<Manifest>>,
    /// When a connection began to fetch the manifest.
    pub manifest_asked_at: Option<f64>,
    pub swarm: Option<Swarm>,
    pub book: Book,
    pub banned: HashSet<NodeId>,
    pub sources: BTreeMap<NodeId, Source>,
    pub held_bytes: u64,
    /// Why it cannot go on.
    pub failure: Option<StoreError>,
    /// Connections on which this node answers, by node.
    pub answering: BTreeMap<NodeId, usize>,
    /// Nodes that this one asks, or is about to.
    pub asking: BTreeMap<NodeId, Asking>,
    /// When nodes that were met are offered to be answered.
    pub offer_at: BTreeMap<NodeId, f64>,
}

/// Connections on which one node is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    pub links: usize,
    pub since: f64,
}

impl State {
    pub fn holds(&self, index: u32) -> bool {
        let swarm = self.swarm.as_ref();
        swarm.is_some_and(|swarm| swarm.held().get(index))
    }

    pub fn status(&self, sent_bytes: u64) -> Status {
        let swarm = self.swarm.as_ref();
        let content = self.content.as_ref();
        Status {
            held_bytes: self.held_bytes,
            total_bytes: content.map(|content| content.manifest.layout().length()),
            complete: swarm.is_some_and(Swarm::is_complete),
            peers: swarm.map_or(0, Swarm::peer_count),
            leechers: swarm.map_or(0, Swarm::leechers),
            sent_bytes,
            sources: self.sources().collect(),
            unreached: self.book.unreached(),
        }
    }

    pub fn is_complete(&self) -> bool {
        self.swarm.as_ref().is_some_and(Swarm::is_complete)
    }

    /// Whether so many others ask this node that `node` had better ask somebody else.
    pub fn is_crowded(&self, node: NodeId) -> bool {
        let full = self.answering.len() >= self.book.askers_max();
        full && !self.answering.contains_key(&node)
    }

    /// `false`: it is asked already, or not to be asked.
    pub fn begin_asking_of(&mut self, node: NodeId, now: f64) -> bool {
        if self.asking.contains_key(&node) || self.banned.contains(&node) {
            return false;
        }
        let (links, since) = (1, now);
        self.asking.insert(node, Asking { links, since });
        true
    }

    /// One connection on which `node` was asked is over.
    pub fn end_asking_of(&mut self, node: NodeId) {
        if let Some(asking) = self.asking.get_mut(&node) {
            asking.links -= 1;
            if asking.links == 0 {
                self.asking.remove(&node);
            }
        }
    }

    /// With the addresses at which they can be dialled, if they can.
    pub fn sources(&self) -> impl Iterator<Item = Source> {
        self.sources.iter().map(|(&node, source)| Source {
            address: self.book.address_of(node),
            ..*source
        })
    }

    /// A verified chunk of `bytes` came from `node`.
    pub fn credit(&mut self, node: NodeId, seed: bool, bytes: usize) {
        self.held_bytes += bytes as u64;
        if self.sources.len() >= SWARM_CREDITED_MAX && !self.sources.contains_key(&node) {
            return;
        }
        let source = self.sources.entry(node).or_insert(Source {
            node,
            address: None,
            seed,
            chunks: 0,
            bytes: 0,
        });
        source.chunks += 1;
        source.bytes += bytes as u64;
    }

    pub fn swarm(&mut self) -> &mut Swarm {
        self.swarm.as_mut().expect("bug: the swarm has begun")
    }

    /// Ends what `link` asked for.
    pub fn end_asking(&mut self, link: LinkKey, node: NodeId) {
        if let Some(swarm) = &mut self.swarm {
            swarm.end_asking(link);
            swarm.disconnect(node);
        }
    }
}
