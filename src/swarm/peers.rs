//! What one node knows of the nodes that it is connected with: what each holds, and what each was told. Pure.
//!
//! Of a node there may be several connections; all of this is kept once for all of them.

use super::bitfield::Bitfield;
use super::frame::NodeId;
use std::collections::BTreeMap;

#[derive(Debug)]
pub struct Peer {
    connections: u32,
    pub has: Bitfield,
    /// How many of our gains it was told.
    pub told: usize,
    /// Whether it may be asked for any chunk.
    chooses: bool,
    /// It had everything when it was met.
    pub was_seed: bool,
    pub received: u64,
}

#[derive(Debug)]
pub struct Peers {
    known: BTreeMap<NodeId, Peer>,
    /// How many of them hold each chunk.
    holders: Vec<u16>,
}

impl Peers {
    #[must_use]
    pub fn new(count: u32) -> Self {
        let holders = vec![0; count as usize];
        let known = BTreeMap::new();
        Self { known, holders }
    }

    #[must_use]
    pub fn get(&self, node: NodeId) -> Option<&Peer> {
        self.known.get(&node)
    }

    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Peer)> {
        self.known.iter().map(|(&node, peer)| (node, peer))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    #[must_use]
    pub fn holders(&self, index: u32) -> u16 {
        self.holders[index as usize]
    }

    /// See `Swarm::connect`.
    pub fn connect(&mut self, node: NodeId, has: &Bitfield, told: usize) {
        let peer = self.known.entry(node).or_insert_with(|| Peer {
            connections: 0,
            has: Bitfield::new(has.len()),
            told,
            chooses: false,
            was_seed: false,
            received: 0,
        });
        peer.connections += 1;
        if peer.connections == 1 && has.is_full() {
            (peer.chooses, peer.was_seed) = (true, true);
        }
        for index in has.iter_ones() {
            if peer.has.set(index) {
                self.holders[index as usize] += 1;
            }
        }
    }

    /// See `Swarm::disconnect`.
    pub fn disconnect(&mut self, node: NodeId) {
        let Some(peer) = self.known.get_mut(&node) else {
            return;
        };
        peer.connections -= 1;
        // What was on its way may be lost; on another connection it is told again.
        peer.told = 0;
        if peer.connections == 0 {
            let gone = self.known.remove(&node).expect("bug: it was there");
            for index in gone.has.iter_ones() {
                self.holders[index as usize] -= 1;
            }
        }
    }

    /// `node` holds these, which all exist. `false`: it is not connected.
    pub fn hear(&mut self, node: NodeId, news: &[u32]) -> bool {
        let Some(peer) = self.known.get_mut(&node) else {
            return false;
        };
        for &index in news {
            if peer.has.set(index) {
                self.holders[index as usize] += 1;
            }
        }
        true
    }

    /// `node` does not hold this after all, and is no seed.
    pub fn forget(&mut self, node: NodeId, index: u32) {
        if let Some(peer) = self.known.get_mut(&node)
            && peer.has.clear(index)
        {
            self.holders[index as usize] -= 1;
            peer.chooses = false;
            // When that was gained here it was not told, for it had it.
            peer.told = 0;
        }
    }

    /// The seed that chooses what it sends: one at a time, or two would choose the same.
    #[must_use]
    pub fn chooser(&self) -> Option<NodeId> {
        let mut choosing = self.known.iter().filter(|(_, peer)| peer.chooses);
        choosing.next().map(|(&node, _)| node)
    }

    pub fn note_pass_over(&mut self, node: NodeId) {
        if let Some(peer) = self.known.get_mut(&node) {
            peer.chooses = false;
        }
    }

    pub fn credit(&mut self, node: NodeId) {
        if let Some(peer) = self.known.get_mut(&node) {
            peer.received += 1;
        }
    }

    /// Up to `max` of `gains` that `node` has not been told of and lacks; they count as told. A seed that chooses what it
    /// sends is told of the first `resumed` as well: it did not bring them, and must not choose them.
    pub fn news_for(
        &mut self,
        node: NodeId,
        gains: &[u32],
        resumed: usize,
        max: usize,
    ) -> Vec<u32> {
        let Some(peer) = self.known.get_mut(&node) else {
            return Vec::new();
        };
        let mut news = Vec::new();
        while peer.told < gains.len() && news.len() < max {
            let index = gains[peer.told];
            let chosen = peer.chooses && peer.told < resumed;
            peer.told += 1;
            if chosen || !peer.has.get(index) {
                news.push(index);
            }
        }
        news
    }

    /// Whether `news_for` would have something.
    #[must_use]
    pub fn has_news_for(&self, node: NodeId, gains: &[u32]) -> bool {
        self.known.get(&node).is_some_and(|peer| {
            let untold = &gains[peer.told..];
            untold.iter().any(|&index| !peer.has.get(index))
        })
    }

    /// # Panics
    /// When the counts of holders are not what the peers hold.
    pub fn check(&self) {
        for (index, &holders) in (0..).zip(&self.holders) {
            let having = self.known.values().filter(|peer| peer.has.get(index));
            assert_eq!(having.count(), usize::from(holders), "bug: chunk {index}");
        }
    }
}
