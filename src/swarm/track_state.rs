//! What the threads of a track share under its one mutex.

use super::book::{Book, Unreached};
use super::frame::{Info, NodeId};
use super::machine::{LinkKey, Swarm};
use super::offering::Offering;
use super::store::{ChunkStore, StoreError};
use crate::limits::{
    SWARM_ADDRESSES_MAX, SWARM_BANNED_MAX, SWARM_BOOK_MAX, SWARM_CREDITED_MAX,
    SWARM_IDLE_ASKER_SEC, SWARM_MANIFEST_PATIENCE_SEC, SWARM_UNFINISHED_SEC,
};
use crate::track::manifest::Manifest;
use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
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
    /// Nodes that still lack something, connected or just so.
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
    /// There may be somebody to dial who was not there when the scout looked last.
    pub look: bool,
    /// Who sent wrong bytes, and from where: somebody else may have told an honest node's id.
    pub banned: HashSet<(NodeId, IpAddr)>,
    pub sources: BTreeMap<NodeId, Source>,
    pub held_bytes: u64,
    /// Why it cannot go on.
    pub failure: Option<StoreError>,
    /// Who cuts the track into other chunks, and what it said.
    pub disagreement: Option<String>,
    /// Connections on which this node answers, by node.
    pub answering: BTreeMap<NodeId, Answering>,
    /// Nodes that this one asks, or is about to.
    pub asking: BTreeMap<NodeId, Asking>,
    asking_turns: u64,
    /// Nodes that may be offered to be answered.
    pub offering: Offering,
    /// Nodes that lacked something when the last connection with them ended, and when that was.
    pub unfinished: BTreeMap<NodeId, f64>,
}

/// Connections on which one node is answered.
#[derive(Clone, Copy, Debug)]
pub struct Answering {
    pub links: usize,
    /// From where it speaks.
    pub ip: IpAddr,
    /// When it was last sent a chunk, or when the first of them began.
    pub active_at: f64,
}

/// Connections on which one node is asked.
#[derive(Debug)]
pub struct Asking {
    pub links: usize,
    pub since: f64,
    /// Tells this from what it may have taken the place of.
    turn: AskingTurn,
    /// When that node began it. It only says who it is; whoever is found at an address that was dialled comes first.
    offered_on: Option<Arc<TcpStream>>,
}

impl Asking {
    pub fn is_offered(&self) -> bool {
        self.offered_on.is_some()
    }
}

/// One time that a node began to be asked, until it is asked no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskingTurn(u64);

impl State {
    pub fn holds(&self, index: u32) -> bool {
        let swarm = self.swarm.as_ref();
        swarm.is_some_and(|swarm| swarm.held().get(index))
    }

    /// Whether the caller is to fetch the manifest, which only one connection at a time does.
    pub fn claim_manifest(&mut self, now: f64) -> bool {
        let asked = self.manifest_asked_at;
        let free = asked.is_none_or(|at| now - at > SWARM_MANIFEST_PATIENCE_SEC);
        let claimed = self.content.is_none() && self.proved.is_none() && free;
        if claimed {
            self.manifest_asked_at = Some(now);
        }
        claimed
    }

    pub fn status(&self, now: f64, sent_bytes: u64) -> Status {
        let swarm = self.swarm.as_ref();
        let content = self.content.as_ref();
        Status {
            held_bytes: self.held_bytes,
            total_bytes: content.map(|content| content.manifest.layout().length()),
            complete: swarm.is_some_and(Swarm::is_complete),
            peers: swarm.map_or(0, Swarm::peer_count),
            leechers: self.leechers(now),
            sent_bytes,
            sources: self.sources().collect(),
            unreached: self.book.unreached(),
        }
    }

    /// See `TrackSwarm::own_info`.
    pub fn own_info(&mut self, listen_port: u16, to: NodeId) -> (Info, usize) {
        let addresses = self.book.addresses(SWARM_ADDRESSES_MAX / 2, to);
        let swarm = self.swarm.as_ref();
        let complete = swarm.is_some_and(Swarm::is_complete);
        let held = swarm.map(Swarm::held).filter(|held| held.count_ones() > 0);
        let info = Info {
            listen_port,
            complete,
            has_manifest: swarm.is_some(),
            addresses,
            bitfield: match held {
                Some(held) if !complete => held.to_bytes(),
                _ => Vec::new(),
            },
        };
        (info, swarm.map_or(0, |swarm| swarm.gains().len()))
    }

    pub fn is_complete(&self) -> bool {
        self.swarm.as_ref().is_some_and(Swarm::is_complete)
    }

    /// Whether so many others ask this node that `node`, which speaks from `ip`, had better ask somebody else. Who only
    /// holds a place and is sent nothing does not count, or a few idle strangers could keep everybody away. Nor can one
    /// machine that says to be many: who has fewer places than some other address finds one.
    pub fn is_crowded(&self, now: f64, node: NodeId, ip: IpAddr) -> bool {
        if self.answering.contains_key(&node) {
            return false;
        }
        let active = |answering: &&Answering| now - answering.active_at < SWARM_IDLE_ASKER_SEC;
        let mut places = BTreeMap::from([(ip, 1)]);
        for answering in self.answering.values().filter(active) {
            *places.entry(answering.ip).or_insert(0) += 1;
        }
        let full = places.values().sum::<usize>() > self.book.askers_max();
        let most = places.values().max().copied().unwrap_or_default();
        full && places[&ip] >= most
    }

    /// A connection on which `node` is answered begins; it speaks from `ip`.
    pub fn begin_answering(&mut self, now: f64, node: NodeId, ip: IpAddr) {
        let begun = Answering {
            links: 0,
            ip,
            active_at: now,
        };
        self.answering.entry(node).or_insert(begun).links += 1;
    }

    /// `node` is being sent a chunk.
    pub fn note_sending(&mut self, now: f64, node: NodeId) {
        if let Some(answering) = self.answering.get_mut(&node) {
            answering.active_at = now;
        }
    }

    /// A connection on which `node` was answered is over.
    pub fn end_answering(&mut self, node: NodeId) {
        if let Some(answering) = self.answering.get_mut(&node) {
            answering.links -= 1;
            if answering.links == 0 {
                self.answering.remove(&node);
            }
        }
    }

    /// `None`: it is asked already, or not to be asked. `offered_on`: the connection, when the node began it. One that was dialled
    /// takes the place of an offered one, which ends: or whoever tells another node's id could keep this one from asking it.
    pub fn begin_asking_of(
        &mut self,
        node: NodeId,
        ip: IpAddr,
        now: f64,
        offered_on: Option<&Arc<TcpStream>>,
    ) -> Option<AskingTurn> {
        if self.banned.contains(&(node, ip)) {
            return None;
        }
        if let Some(asking) = self.asking.get(&node) {
            let replaced = asking.offered_on.as_ref();
            let replaced = replaced.filter(|_| offered_on.is_none())?;
            let _gone_already = replaced.shutdown(Shutdown::Both);
        }
        self.asking_turns += 1;
        let turn = AskingTurn(self.asking_turns);
        let begun = Asking {
            links: 1,
            since: now,
            turn,
            offered_on: offered_on.map(Arc::clone),
        };
        self.asking.insert(node, begun);
        Some(turn)
    }

    /// One more connection to `node`, which is asked already.
    pub fn ask_more_of(&mut self, node: NodeId) -> Option<AskingTurn> {
        let asking = self.asking.get_mut(&node)?;
        asking.links += 1;
        Some(asking.turn)
    }

    /// `node` sent wrong bytes from `ip`.
    pub fn ban(&mut self, node: NodeId, ip: IpAddr) {
        if self.banned.len() < SWARM_BANNED_MAX {
            self.banned.insert((node, ip));
        }
        let address = self.book.address_of(node);
        if let Some(address) = address.filter(|address| address.ip() == ip) {
            self.book.never(address, "it sent wrong bytes");
        }
    }

    /// One connection on which `node` was asked is over.
    pub fn end_asking_of(&mut self, node: NodeId, turn: AskingTurn) {
        let asking = self.asking.get_mut(&node);
        if let Some(asking) = asking.filter(|asking| asking.turn == turn) {
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
    pub fn end_asking(&mut self, now: f64, link: LinkKey, node: NodeId) {
        if let Some(swarm) = &mut self.swarm {
            swarm.end_asking(link);
        }
        self.disconnect(now, node);
    }

    /// One of the connections with `node` ended.
    pub fn disconnect(&mut self, now: f64, node: NodeId) {
        let Some(swarm) = &mut self.swarm else { return };
        if swarm.peer_is_complete(node) == Some(true) {
            self.offering.needs_nothing(node);
        }
        self.unfinished
            .retain(|_, &mut since| now - since < SWARM_UNFINISHED_SEC);
        match swarm.peer_is_complete(node) {
            Some(false) if self.unfinished.len() < SWARM_BOOK_MAX => {
                self.unfinished.insert(node, now);
            }
            _ => {
                self.unfinished.remove(&node);
            }
        }
        swarm.disconnect(node);
    }

    /// Nodes that still lack something: connected ones, and those with which the next connection may be about to come.
    /// Who asked them last may be who they are going to ask.
    pub fn leechers(&self, now: f64) -> usize {
        let Some(swarm) = &self.swarm else { return 0 };
        let about_to_come = self.unfinished.iter().filter(|&(&node, &since)| {
            now - since < SWARM_UNFINISHED_SEC && swarm.peer_is_complete(node).is_none()
        });
        swarm.leechers() + about_to_come.count()
    }
}
