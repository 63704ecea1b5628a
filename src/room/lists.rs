//! What a room tells of itself in lists: QUEUE, MEMBERS, PEERS and SWARM, and to whom.

use super::choice::{Candidate, Receiver, choose};
use super::event::{NodeAddress, Output, ServerNode};
use super::machine::{Room, to_all};
use super::members::{Member, MemberId};
use super::message::{Role, ServerMessage};
use super::node_message::{PeerEntry, SwarmNode, You};
use super::nodes::{Change, Node};
use super::swarm_map::{ServerPart, picture, picture_bytes};
use crate::limits::{
    LIST_ENTRY_BYTES, MEMBERS_LISTED_MAX, NODE_TRACKS_MAX, PEERS_LISTED_MAX, PEERS_TRACK_BYTES,
    PEERS_TRACKS_MAX,
};
use crate::track::id::TrackId;
use std::net::SocketAddr;

impl Room {
    /// The nodes that can be dialled, or may be: those of which the server knows better are left out.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeAddress> {
        let nodes = self.nodes.iter().filter_map(|(id, node)| {
            let member = self.members.get(id)?;
            Some(NodeAddress {
                peer_id: member.peer_id.clone(),
                node_id: node.announce.node_id?,
                ip: member.ip,
                port: node.announce.port,
                track_id: node.announce.track_id,
                track_ids: node.announce.track_ids.clone(),
                dialable: node.dialable(),
            })
        });
        nodes
            .filter(|node| node.port != 0 && node.dialable != Some(false))
            .collect()
    }

    /// Whether a node could be dialled, as `Output::DialBack` asked.
    pub fn dialled(&mut self, now: f64, member: MemberId, port: u16, dialable: bool) {
        let change = self.nodes.dialled(member, port, dialable);
        self.nodes_changed(now, &change);
    }

    /// How far the server's own node is; `None` when it has nothing to do with this room.
    pub fn set_server_node(&mut self, now: f64, node: Option<ServerNode>) {
        if self.server_node.as_ref().map(ServerPart::node) != node.as_ref() {
            self.server_node = node.map(ServerPart::new);
            self.swarm_changed(now);
        }
    }

    pub(super) fn nodes_changed(&mut self, now: f64, change: &Change) {
        if *change == Change::Visible {
            self.peers_push.request(now);
            self.swarm_changed(now);
        }
    }

    /// Nobody looks, nothing is drawn: whoever joins later gets the picture of that moment.
    pub(super) fn swarm_changed(&mut self, now: f64) {
        if self.members.swarm_watchers() > 0 {
            self.swarm_push.request(now);
        }
    }

    pub(super) fn push_lists(&mut self, now: f64, out: &mut Vec<Output>) {
        let receivers = self.members.len();
        let list_bytes = |entries: usize| entries as f64 * LIST_ENTRY_BYTES;
        if self.peers_push.due_at().is_some_and(|at| at <= now) {
            let peers_bytes = list_bytes(self.nodes.len().min(PEERS_LISTED_MAX))
                + self.tracks_listed() as f64 * PEERS_TRACK_BYTES;
            if self.peers_push.take_due(now, peers_bytes, receivers) {
                self.push_peers(out);
            }
        }
        let queue_bytes = self.turntable.queue().bytes() as f64;
        if self.queue_push.take_due(now, queue_bytes, receivers) {
            out.push(to_all(self.queue_message()));
        }
        let members_bytes = list_bytes(receivers.min(MEMBERS_LISTED_MAX));
        if self.members_push.take_due(now, members_bytes, receivers) {
            out.push(to_all(self.members_message()));
        }
        if self.swarm_push.due_at().is_some_and(|at| at <= now) {
            self.push_swarm(now, out);
        }
        if self.waiting_push.take_due(now, LIST_ENTRY_BYTES, receivers) {
            out.extend(self.waiting_message(now).map(to_all));
        }
    }

    pub(super) fn dial_back(&mut self, now: f64, out: &mut Vec<Output>) {
        for (member, port) in self.nodes.take_due_dials(now) {
            if let Some(ip) = self.members.get(member).map(|member| member.ip) {
                let address = SocketAddr::new(ip, port);
                out.push(Output::DialBack { member, address });
            }
        }
    }

    /// Every node gets a list without itself, all others one list of everybody; of a large room each a choice.
    fn push_peers(&mut self, out: &mut Vec<Output>) {
        let candidates = self.candidates();
        for to in self.nodes.behind() {
            let message = self.peers_of(&candidates, Some(to));
            out.push(Output::Send { to, message });
            self.nodes.mark_sent(to);
        }
        out.push(Output::Broadcast {
            message: self.peers_of(&candidates, None),
            except: self.nodes.iter().map(|(id, _)| id).collect(),
        });
    }

    pub(super) fn peers_message(&self, to: Option<MemberId>) -> ServerMessage {
        self.peers_of(&self.candidates(), to)
    }

    /// Looked at once for all who are told.
    fn candidates(&self) -> Vec<Candidate> {
        let current = self.state().track_id.as_deref().and_then(TrackId::parse);
        let nodes = self.nodes.iter();
        nodes
            .map(|(id, node)| Candidate::of(id, node, current))
            .collect()
    }

    fn peers_of(&self, candidates: &[Candidate], to: Option<MemberId>) -> ServerMessage {
        let tracks_max = self.tracks_of_each();
        let own = to.and_then(|to| self.nodes.get(to));
        let receiver = Receiver {
            id: to,
            track_id: own.and_then(|node| node.announce.track_id),
        };
        let peers = choose(candidates, receiver, PEERS_LISTED_MAX)
            .into_iter()
            .filter_map(|id| Some((self.members.get(id)?, self.nodes.get(id)?)))
            .map(|(member, node)| peer_entry(member, node, tracks_max))
            .collect();
        let you = to.and_then(|to| {
            let node = self.nodes.get(to)?;
            node.announce.node_id?;
            Some(You {
                ip: self.members.get(to)?.ip,
                dialable: node.dialable(),
            })
        });
        ServerMessage::peers(self.name.as_str(), peers, you)
    }

    /// How many of its whole tracks are passed on of each node: all of them, unless there are many nodes.
    fn tracks_of_each(&self) -> usize {
        let telling = self
            .nodes
            .iter()
            .filter(|(_, node)| !node.announce.track_ids.is_empty());
        let telling = telling.count().clamp(1, PEERS_LISTED_MAX);
        (PEERS_TRACKS_MAX / telling).min(NODE_TRACKS_MAX)
    }

    /// How many tracks a PEERS names, about.
    fn tracks_listed(&self) -> usize {
        let tracks_max = self.tracks_of_each();
        let nodes = self.nodes.iter().take(PEERS_LISTED_MAX);
        nodes
            .map(|(_, node)| node.announce.track_ids.len().min(tracks_max))
            .sum()
    }

    fn push_swarm(&mut self, now: f64, out: &mut Vec<Output>) {
        let watchers = self.members.swarm_watchers();
        let nodes = match watchers {
            0 => Vec::new(),
            _ => self.swarm_picture(),
        };
        let due = self
            .swarm_push
            .take_due(now, picture_bytes(&nodes), watchers);
        if due && watchers > 0 {
            out.push(to_all(self.swarm_message(nodes)));
        }
    }

    pub(super) fn swarm_picture(&self) -> Vec<SwarmNode> {
        let server = self.server_node.as_ref();
        picture(&self.members, &self.nodes, server, self.home.node_id)
    }

    pub(super) fn swarm_message(&self, nodes: Vec<SwarmNode>) -> ServerMessage {
        ServerMessage::Swarm {
            room: self.name.to_string(),
            nodes,
        }
    }

    pub(super) fn queue_message(&self) -> ServerMessage {
        ServerMessage::Queue {
            room: self.name.to_string(),
            tracks: self.turntable.queue().tracks(),
        }
    }

    pub(super) fn members_message(&self) -> ServerMessage {
        ServerMessage::Members {
            room: self.name.to_string(),
            total: self.members.len(),
            members: self.members.entries(),
        }
    }
}

fn peer_entry(member: &Member, node: &Node, tracks_max: usize) -> PeerEntry {
    let announce = &node.announce;
    let tracks = announce.track_ids.iter().take(tracks_max);
    PeerEntry {
        peer_id: member.peer_id.clone(),
        ip: member.ip,
        port: announce.port,
        have_count: node.have_count(),
        display_name: member.name.clone(),
        is_host: member.role == Role::Host,
        total_chunks: announce.total_chunks,
        chunk_size: announce.chunk_size,
        node_id: announce.node_id,
        track_id: announce.track_id,
        track_ids: tracks.copied().collect(),
        dialable: node.dialable().filter(|&dialable| !dialable),
    }
}
