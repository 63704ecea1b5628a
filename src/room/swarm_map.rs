//! The picture of a room's swarm: which node has how much of what, and from whom.
//!
//! Nodes know each other by their `node_id`, pages by `peer_id`; here one becomes the other. A link to somebody who
//! is not in the room is not drawn.

use super::event::ServerNode;
use super::held::Held;
use super::members::Members;
use super::node_message::SwarmNode;
use super::nodes::{Node, Nodes};
use crate::identity::NodeId;
use crate::limits::{
    LINKS_MAX, SWARM_ENTRY_BYTES, SWARM_LINK_BYTES, SWARM_LINKS_MAX, SWARM_LISTED_MAX,
};
use std::collections::HashMap;

/// As what the server's own node stands in the picture.
const SERVER_PEER_ID: &str = "server";
const SERVER_NAME: &str = "Server";

/// The server's node, with its bits counted once.
#[derive(Debug)]
pub(super) struct ServerPart {
    node: ServerNode,
    held: Held,
}

impl ServerPart {
    pub(super) fn new(node: ServerNode) -> Self {
        let held = Held::of_bitfield(node.total_chunks, &node.held);
        Self { node, held }
    }

    pub(super) fn node(&self) -> &ServerNode {
        &self.node
    }
}

/// At most `SWARM_LISTED_MAX` nodes: the server's, those that told of a track in the order of joining, the others.
pub(super) fn picture(
    members: &Members,
    nodes: &Nodes,
    server: Option<&ServerPart>,
    server_id: NodeId,
) -> Vec<SwarmNode> {
    let (telling, silent): (Vec<_>, Vec<_>) = nodes
        .iter()
        .filter_map(|(id, node)| Some((members.get(id)?, node)))
        .partition(|(_, node)| node.announce.track_id.is_some());
    let listed = SWARM_LISTED_MAX.min(telling.len() + silent.len() + usize::from(server.is_some()));
    let links = Links {
        peer_ids: peer_ids(members, nodes, server_id),
        max: (SWARM_LINKS_MAX / listed.max(1)).min(LINKS_MAX),
    };
    let others = telling.into_iter().chain(silent).map(|(member, node)| {
        let entry = SwarmNode {
            peer_id: member.peer_id.clone(),
            name: member.name.clone(),
            ..entry_of(node)
        };
        links.draw(entry, node.received(), node.unreachable())
    });
    let server = server.map(|server| {
        let ServerNode {
            received,
            unreachable,
            ..
        } = &server.node;
        links.draw(entry_of_server(server), received, unreachable)
    });
    server.into_iter().chain(others).take(listed).collect()
}

/// What the picture weighs as JSON, about.
pub(super) fn picture_bytes(picture: &[SwarmNode]) -> f64 {
    let links = picture
        .iter()
        .map(|node| node.from.len() + node.unreachable.len());
    picture.len() as f64 * SWARM_ENTRY_BYTES + links.sum::<usize>() as f64 * SWARM_LINK_BYTES
}

/// Of a node that connected anew before its old connection was missed, the new one counts.
fn peer_ids<'a>(
    members: &'a Members,
    nodes: &Nodes,
    server_id: NodeId,
) -> HashMap<NodeId, &'a str> {
    let known = nodes.iter().filter_map(|(id, node)| {
        let member = members.get(id)?;
        Some((node.announce.node_id?, member.peer_id.as_str()))
    });
    known.chain([(server_id, SERVER_PEER_ID)]).collect()
}

/// Without its links, and without whose it is.
fn entry_of(node: &Node) -> SwarmNode {
    SwarmNode {
        peer_id: String::new(),
        name: String::new(),
        track_id: node.announce.track_id,
        total_chunks: node.announce.total_chunks,
        chunk_size: node.announce.chunk_size,
        have_count: node.tells_have_count().then(|| node.have_count()),
        map: node.map(),
        dialable: node.dialable(),
        server: false,
        from: Vec::new(),
        unreachable: Vec::new(),
    }
}

fn entry_of_server(server: &ServerPart) -> SwarmNode {
    let ServerPart { node, held } = server;
    SwarmNode {
        peer_id: SERVER_PEER_ID.into(),
        name: SERVER_NAME.into(),
        track_id: Some(node.track_id),
        total_chunks: Some(node.total_chunks),
        chunk_size: Some(node.chunk_size),
        have_count: Some(node.have_count.max(held.count()).min(node.total_chunks)),
        map: held.map(node.total_chunks, node.have_count),
        // Whoever is in the room has reached it.
        dialable: Some(true),
        server: true,
        from: Vec::new(),
        unreachable: Vec::new(),
    }
}

struct Links<'a> {
    peer_ids: HashMap<NodeId, &'a str>,
    /// For each node, so that a few with many links leave room for the others'.
    max: usize,
}

impl Links<'_> {
    fn draw(
        &self,
        mut entry: SwarmNode,
        received: &[(NodeId, u32)],
        unreachable: &[NodeId],
    ) -> SwarmNode {
        let name = |id: &NodeId| {
            let peer_id = self.peer_ids.get(id)?;
            (*peer_id != entry.peer_id).then(|| (*peer_id).to_owned())
        };
        let drawn = received.iter().filter(|&&(_, chunks)| chunks > 0);
        let mut from: Vec<(String, u32)> = drawn
            .filter_map(|(id, chunks)| Some((name(id)?, *chunks)))
            .collect();
        // The strongest first, and among equals always the same.
        from.sort_unstable_by(|(a, most), (b, more)| more.cmp(most).then_with(|| a.cmp(b)));
        from.truncate(self.max);
        let unreachable = unreachable.iter().filter_map(name).take(self.max).collect();
        (entry.from, entry.unreachable) = (from, unreachable);
        entry
    }
}
