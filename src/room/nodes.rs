//! The nodes of a room: members that announced that they serve chunks, or want to.
//!
//! The list has a version, which grows with every change that somebody else could see; each node knows the
//! version that it was last sent, so that nobody is told the same thing twice.

use super::members::MemberId;
use super::message::Announce;
use crate::limits::{CHUNKS_MAX, CHUNKS_UNSTATED_MAX, NODE_EXPIRY_SEC, NODES_MAX};
use std::collections::BTreeMap;

#[derive(Debug)]
pub struct Node {
    pub announce: Announce,
    /// Chunks that HAVE_DELTA named, one bit each; grows to the highest one.
    held: Vec<u64>,
    held_count: u32,
    heard_at: f64,
    /// The version of the list that this node was last sent.
    sent_version: u64,
}

impl Node {
    /// What it announced, or what it has told of since, whichever is more.
    #[must_use]
    pub fn have_count(&self) -> u32 {
        let said = self.announce.have_count.unwrap_or(0).max(self.held_count);
        said.min(self.announce.total_chunks.unwrap_or(CHUNKS_MAX))
    }

    /// The one sum that decides, so that a node is gone at the very moment for which the room is woken.
    fn expires_at(&self) -> f64 {
        self.heard_at + NODE_EXPIRY_SEC
    }

    /// How many of `indices` are news.
    fn hold(&mut self, indices: &[u32]) -> u32 {
        let mut gained = 0;
        for &index in indices {
            let (word, bit) = (index as usize / 64, 1_u64 << (index % 64));
            if word >= self.held.len() {
                self.held.resize(word + 1, 0);
            }
            if self.held[word] & bit == 0 {
                self.held[word] |= bit;
                gained += 1;
            }
        }
        self.held_count += gained;
        gained
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
    /// # Errors
    /// The text of an ERROR when the room has `NODES_MAX` nodes already.
    pub fn announce(
        &mut self,
        now: f64,
        id: MemberId,
        announce: Announce,
    ) -> Result<Change, String> {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.heard_at = now;
            if node.announce == announce {
                return Ok(Change::None);
            }
            if node.announce.total_chunks != announce.total_chunks {
                (node.held, node.held_count) = (Vec::new(), 0);
            }
            node.announce = announce;
        } else {
            if self.nodes.len() >= NODES_MAX {
                return Err(format!("ANNOUNCE: this room has {NODES_MAX} nodes already"));
            }
            let node = Node {
                announce,
                held: Vec::new(),
                held_count: 0,
                heard_at: now,
                sent_version: 0,
            };
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
        if node.hold(indices) == 0 {
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
