//! The nodes of a room: members that announced that they serve chunks, or want to.
//!
//! The list has a version, which grows with every change that somebody else could see; each node knows the
//! version that it was last sent, so that nobody is told the same thing twice.

use super::held::Held;
use super::members::MemberId;
use super::node_message::{Announce, Links};
use crate::identity::NodeId;
use crate::limits::{
    CHUNKS_MAX, CHUNKS_UNSTATED_MAX, DIAL_BACK_AGAIN_SEC, DIAL_BACK_PAUSE_SEC, NODE_EXPIRY_SEC,
    NODES_MAX,
};
use std::collections::BTreeMap;

#[derive(Debug)]
pub struct Node {
    pub announce: Announce,
    /// What HAVE_DELTA named.
    held: Held,
    /// What the last LINKS said.
    received: Vec<(NodeId, u32)>,
    unreachable: Vec<NodeId>,
    dialling: Dialling,
    heard_at: f64,
    /// The version of the list that this node was last sent.
    sent_version: u64,
}

/// What is known of whether the node can be dialled.
#[derive(Debug, Default)]
struct Dialling {
    dialable: Option<bool>,
    /// When the server should try, if it should.
    due_at: Option<f64>,
    not_before: f64,
}

impl Node {
    /// What it announced, or what it has told of since, whichever is more.
    #[must_use]
    pub fn have_count(&self) -> u32 {
        let said = self.announce.have_count.unwrap_or(0).max(self.held.count());
        said.min(self.announce.total_chunks.unwrap_or(CHUNKS_MAX))
    }

    /// Whether it said anything of how much it has.
    #[must_use]
    pub fn tells_have_count(&self) -> bool {
        self.announce.have_count.is_some() || self.held.count() > 0
    }

    /// A digit for each 64th of its track, when it told enough for that.
    #[must_use]
    pub fn map(&self) -> Option<String> {
        let total = self.announce.total_chunks?;
        match self.tells_have_count() {
            true => self.held.map(total, self.have_count()),
            false => None,
        }
    }

    /// Chunks that it has from each node.
    #[must_use]
    pub fn received(&self) -> &[(NodeId, u32)] {
        &self.received
    }

    /// Nodes that it could not dial.
    #[must_use]
    pub fn unreachable(&self) -> &[NodeId] {
        &self.unreachable
    }

    /// Whether the server could dial it, when it tried.
    #[must_use]
    pub fn dialable(&self) -> Option<bool> {
        self.dialling.dialable
    }

    /// The one sum that decides, so that a node is gone at the very moment for which the room is woken.
    fn expires_at(&self) -> f64 {
        self.heard_at + NODE_EXPIRY_SEC
    }

    fn replace(&mut self, now: f64, announce: Announce, can_try: bool) {
        let before = std::mem::replace(&mut self.announce, announce);
        let after = &self.announce;
        if (before.track_id, before.total_chunks) != (after.track_id, after.total_chunks) {
            self.held = Held::default();
        }
        if before.track_id != after.track_id {
            (self.received, self.unreachable) = (Vec::new(), Vec::new());
        }
        let place = |announce: &Announce| (announce.port, announce.node_id.is_some());
        if place(&before) != place(after) {
            self.plan_to_dial(now, can_try);
        }
    }

    /// It is somewhere else than before: whether it can be dialled is not known.
    fn plan_to_dial(&mut self, now: f64, can_try: bool) {
        let has_place = self.announce.port != 0 && self.announce.node_id.is_some();
        let due_at = now.max(self.dialling.not_before);
        self.dialling.dialable = None;
        self.dialling.due_at = (can_try && has_place).then_some(due_at);
    }
}

#[derive(Debug, Default)]
pub struct Nodes {
    nodes: BTreeMap<MemberId, Node>,
    version: u64,
}

/// What an announcement or a delta did.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    None,
    Visible,
}

impl Nodes {
    /// `can_try`: whether the server may dial the address from which this came.
    ///
    /// # Errors
    /// The text of an ERROR when the room has `NODES_MAX` nodes already.
    pub fn announce(
        &mut self,
        now: f64,
        id: MemberId,
        announce: Announce,
        can_try: bool,
    ) -> Result<Change, String> {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.heard_at = now;
            if node.announce == announce {
                return Ok(Change::None);
            }
            node.replace(now, announce, can_try);
        } else {
            if self.nodes.len() >= NODES_MAX {
                return Err(format!("ANNOUNCE: this room has {NODES_MAX} nodes already"));
            }
            let mut node = Node {
                announce,
                held: Held::default(),
                received: Vec::new(),
                unreachable: Vec::new(),
                dialling: Dialling::default(),
                heard_at: now,
                sent_version: 0,
            };
            node.plan_to_dial(now, can_try);
            self.nodes.insert(id, node);
        }
        self.version += 1;
        Ok(Change::Visible)
    }

    /// # Errors
    /// The text of an ERROR when the sender never announced itself, or names a chunk that its track has not.
    pub fn have_delta(
        &mut self,
        now: f64,
        id: MemberId,
        indices: &[u32],
    ) -> Result<Change, String> {
        let Some(node) = self.nodes.get_mut(&id) else {
            return Err("HAVE_DELTA: send ANNOUNCE first".into());
        };
        let total = node.announce.total_chunks.unwrap_or(CHUNKS_UNSTATED_MAX);
        if let Some(index) = indices.iter().find(|&&index| index >= total) {
            return Err(format!(
                "HAVE_DELTA: indices has {index}, but the track has {total} chunks"
            ));
        }
        node.heard_at = now;
        if node.held.add(indices) == 0 {
            return Ok(Change::None);
        }
        // Its own list, which never shows itself, is as true as it was.
        let was_told = node.sent_version == self.version;
        self.version += 1;
        if was_told {
            node.sent_version = self.version;
        }
        Ok(Change::Visible)
    }

    /// What a node says of its links takes the place of what it said before. It is no part of PEERS.
    ///
    /// # Errors
    /// The text of an ERROR when the sender announced no such track.
    pub fn links(&mut self, now: f64, id: MemberId, links: Links) -> Result<Change, String> {
        let Some(node) = self.nodes.get_mut(&id) else {
            return Err("LINKS: send ANNOUNCE first".into());
        };
        if node.announce.track_id != Some(links.track_id) {
            return Err("LINKS: track_id must be that of the last ANNOUNCE".into());
        }
        node.heard_at = now;
        if (&node.received, &node.unreachable) == (&links.received, &links.unreachable) {
            return Ok(Change::None);
        }
        (node.received, node.unreachable) = (links.received, links.unreachable);
        Ok(Change::Visible)
    }

    /// The nodes that the server should try to dial now. Each is tried again until `dialled` says that it worked.
    pub fn take_due_dials(&mut self, now: f64) -> Vec<(MemberId, u16)> {
        let due = |node: &Node| node.dialling.due_at.is_some_and(|at| at <= now);
        let nodes = self.nodes.iter_mut().filter(|(_, node)| due(node));
        nodes
            .map(|(&id, node)| {
                node.dialling.due_at = Some(now + DIAL_BACK_AGAIN_SEC);
                node.dialling.not_before = now + DIAL_BACK_PAUSE_SEC;
                (id, node.announce.port)
            })
            .collect()
    }

    /// Whether the node could be dialled at this port. Old news, of a node that has gone or changed, is none.
    pub fn dialled(&mut self, id: MemberId, port: u16, dialable: bool) -> Change {
        let Some(node) = self.nodes.get_mut(&id) else {
            return Change::None;
        };
        let is_asked = node.announce.port == port && node.dialling.due_at.is_some();
        if !is_asked {
            return Change::None;
        }
        if dialable {
            node.dialling.due_at = None;
        }
        if node.dialling.dialable == Some(dialable) {
            return Change::None;
        }
        node.dialling.dialable = Some(dialable);
        self.version += 1;
        Change::Visible
    }

    /// When `take_due_dials` has something to do next.
    #[must_use]
    pub fn dials_at(&self) -> Option<f64> {
        let all = self.nodes.values().filter_map(|node| node.dialling.due_at);
        all.min_by(f64::total_cmp)
    }

    /// Another member is host: news when one of these is a node.
    pub fn host_changed(&mut self, ids: [Option<MemberId>; 2]) -> Change {
        let mut ids = ids.into_iter().flatten();
        if !ids.any(|id| self.nodes.contains_key(&id)) {
            return Change::None;
        }
        self.version += 1;
        Change::Visible
    }

    pub fn remove(&mut self, id: MemberId) -> Change {
        if self.nodes.remove(&id).is_none() {
            return Change::None;
        }
        self.version += 1;
        Change::Visible
    }

    /// Forgets those that were not heard of for `NODE_EXPIRY_SEC`.
    pub fn expire(&mut self, now: f64) -> Change {
        let before = self.nodes.len();
        self.nodes.retain(|_, node| node.expires_at() > now);
        if self.nodes.len() == before {
            return Change::None;
        }
        self.version += 1;
        Change::Visible
    }

    /// When `expire` has something to do next.
    #[must_use]
    pub fn expires_at(&self) -> Option<f64> {
        let all = self.nodes.values().map(Node::expires_at);
        all.min_by(f64::total_cmp)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    #[must_use]
    pub fn get(&self, id: MemberId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (MemberId, &Node)> {
        self.nodes.iter().map(|(&id, node)| (id, node))
    }

    pub fn mark_sent(&mut self, id: MemberId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.sent_version = self.version;
        }
    }

    /// Nodes that have not been sent the list as it stands.
    #[must_use]
    pub fn behind(&self) -> Vec<MemberId> {
        self.iter()
            .filter(|(_, node)| node.sent_version < self.version)
            .map(|(id, _)| id)
            .collect()
    }
}
