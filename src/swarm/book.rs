//! The addresses at which nodes of a track may be, and which of them to dial when. Pure.
//!
//! Up to `SWARM_MESH_MAX` nodes everybody dials everybody. Above, a node keeps `SWARM_PARTNERS` partners chosen at random:
//! what one of them has reaches all others in a few steps, and nobody has a thousand connections.

use super::frame::NodeId;
use crate::limits::{
    SWARM_ASKERS_MAX, SWARM_BOOK_MAX, SWARM_MESH_MAX, SWARM_PARTNERS, SWARM_RETRY_SEC_MAX,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;

#[derive(Clone, Debug, PartialEq)]
enum Standing {
    /// To be dialled from this moment on.
    Due(f64),
    Dialling,
    Asking(NodeId),
    /// Ourselves, or banned.
    Never,
}

#[derive(Clone, Debug)]
struct Entry {
    standing: Standing,
    /// Typed by the user: never forgotten.
    given: bool,
    /// Dialled in vain, or refused, one after the other.
    failures: u32,
    /// Times that it had no place for us, one after the other.
    crowded: u32,
    why: Option<String>,
    node: Option<NodeId>,
    /// Drawn when it was learned; the lowest are dialled first.
    lot: u64,
}

#[derive(Debug, Default)]
pub struct Book {
    entries: BTreeMap<SocketAddr, Entry>,
    /// How many addresses were given to others.
    given_out: usize,
}

/// An address that could not be reached, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    pub address: SocketAddr,
    pub why: String,
}

impl Entry {
    /// Seconds until the next attempt after so many in vain.
    fn wait(&self, attempts: u32) -> f64 {
        const FIRST_SEC: f64 = 0.25;
        let doubled = FIRST_SEC * f64::from(1 << attempts.min(10));
        // Spread, so that a seed that comes back is not dialled by all at the same moment.
        let spread = 0.8 + 0.4 * (self.lot % 1000) as f64 / 1000.0;
        doubled.min(SWARM_RETRY_SEC_MAX) * spread
    }
}

impl Book {
    /// There may be a node at `address`. `lot` is drawn at random. `true`: that is news.
    pub fn learn(
        &mut self,
        now: f64,
        address: SocketAddr,
        node: Option<NodeId>,
        given: bool,
        lot: u64,
    ) -> bool {
        if let Some(known) = self.entries.get_mut(&address) {
            known.given |= given;
            if node.is_some() && known.node != node {
                // Somebody else is there now, or somebody we were looking for.
                known.node = node;
                known.failures = 0;
                if matches!(known.standing, Standing::Due(_)) {
                    known.standing = Standing::Due(now);
                    return true;
                }
            }
            return false;
        }
        if self.entries.len() >= SWARM_BOOK_MAX && !given && !self.forget_one() {
            return false;
        }
        let entry = Entry {
            standing: Standing::Due(now),
            given,
            failures: 0,
            crowded: 0,
            why: None,
            node,
            lot,
        };
        self.entries.insert(address, entry);
        true
    }

    /// The one that was dialled in vain most often.
    fn forget_one(&mut self) -> bool {
        let idle = |entry: &Entry| matches!(entry.standing, Standing::Due(_)) && !entry.given;
        let worst = self.entries.iter().filter(|(_, entry)| idle(entry));
        let worst = worst.max_by_key(|(_, entry)| entry.failures);
        let Some((&address, _)) = worst.filter(|(_, entry)| entry.failures > 0) else {
            return false;
        };
        self.entries.remove(&address);
        true
    }

    /// The addresses to dial now; they count as being dialled. `is_asked` tells which nodes are asked already.
    pub fn dial(&mut self, now: f64, is_asked: impl Fn(NodeId) -> bool) -> Vec<SocketAddr> {
        let wanted = if self.is_mesh() {
            SWARM_MESH_MAX
        } else {
            SWARM_PARTNERS
        };
        let busy =
            |entry: &&Entry| matches!(entry.standing, Standing::Dialling | Standing::Asking(_));
        let busy = self.entries.values().filter(busy).count();
        let mut due: Vec<(u32, u64, SocketAddr)> = self
            .entries
            .iter()
            .filter(|(_, entry)| matches!(entry.standing, Standing::Due(at) if at <= now))
            .filter(|(_, entry)| !entry.node.is_some_and(&is_asked))
            .map(|(&address, entry)| (entry.failures + entry.crowded, entry.lot, address))
            .collect();
        due.sort_unstable();
        // What the user typed comes before what others told, or whoever tells of a thousand made-up addresses would
        // keep this node from the only true one. Only one at a time: the user may be mistaken as well.
        let is_typed = |&(.., address): &(u32, u64, SocketAddr)| {
            let entry = &self.entries[&address];
            entry.given && entry.crowded == 0
        };
        if let Some(place) = due.iter().position(is_typed) {
            due[..=place].rotate_right(1);
        }
        due.truncate(wanted.saturating_sub(busy));
        let chosen: Vec<SocketAddr> = due.into_iter().map(|(.., address)| address).collect();
        for address in &chosen {
            let entry = self.entries.get_mut(address).expect("bug: it is listed");
            entry.standing = Standing::Dialling;
        }
        chosen
    }

    /// What the user typed, and where nobody was met yet; these count as being dialled.
    pub fn dial_unmet(&mut self, now: f64) -> Vec<SocketAddr> {
        let is_due = |entry: &Entry| matches!(entry.standing, Standing::Due(at) if at <= now);
        let entries = self.entries.iter_mut();
        let unmet = entries.filter(|(_, entry)| entry.given && entry.node.is_none());
        unmet
            .filter(|(_, entry)| is_due(entry))
            .map(|(&address, entry)| {
                entry.standing = Standing::Dialling;
                address
            })
            .collect()
    }

    /// Whether the swarm is so small that everybody may ask everybody.
    fn is_mesh(&self) -> bool {
        let alive = |entry: &&Entry| entry.failures == 0 && entry.standing != Standing::Never;
        self.entries.values().filter(alive).count() <= SWARM_MESH_MAX
    }

    /// How many nodes may ask this one: who comes later hears of others instead. A chunk that is sent to many at the same
    /// time reaches none of them soon, and nobody can pass it on.
    #[must_use]
    pub fn askers_max(&self) -> usize {
        if self.is_mesh() {
            SWARM_MESH_MAX
        } else {
            SWARM_ASKERS_MAX
        }
    }

    pub fn reached(&mut self, address: SocketAddr, node: NodeId) {
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.standing = Standing::Asking(node);
            entry.node = Some(node);
            (entry.failures, entry.why) = (0, None);
        }
    }

    /// `node`, which came by itself, says that it is at `address`: while it is asked nobody needs to be dialled there.
    pub fn identify(&mut self, address: SocketAddr, node: NodeId) {
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.node = Some(node);
        }
    }

    /// The connection ended, or none came about: it is dialled again later, the longer the more often that happens.
    pub fn failed(&mut self, now: f64, address: SocketAddr, why: String) {
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.standing = Standing::Due(now + entry.wait(entry.failures));
            entry.failures += 1;
            entry.why = Some(why);
        }
    }

    /// There is a node, and it serves enough others: it is asked again later, and others are as good.
    pub fn crowded(&mut self, now: f64, address: SocketAddr) {
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.standing = Standing::Due(now + entry.wait(entry.crowded));
            entry.crowded += 1;
            (entry.failures, entry.why) = (0, None);
        }
    }

    /// `address` is another way to a node that is asked already, or it has all it needs: no failure, but not now.
    pub fn postpone(&mut self, now: f64, address: SocketAddr, node: Option<NodeId>) {
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.standing = Standing::Due(now + SWARM_RETRY_SEC_MAX);
            entry.node = node.or(entry.node);
            (entry.failures, entry.why) = (0, None);
        }
    }

    /// `node` is not asked any more: its other addresses may be dialled at once.
    pub fn lost(&mut self, now: f64, node: NodeId) {
        for entry in self.entries.values_mut() {
            if entry.node == Some(node) && matches!(entry.standing, Standing::Due(_)) {
                entry.standing = Standing::Due(now);
            }
        }
    }

    /// Ourselves, or somebody who sent wrong bytes.
    pub fn never(&mut self, address: SocketAddr, why: &str) {
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.standing = Standing::Never;
            entry.why = Some(why.to_owned());
        }
    }

    /// When the next address is due.
    #[must_use]
    pub fn due_at(&self) -> Option<f64> {
        let due = self
            .entries
            .values()
            .filter_map(|entry| match entry.standing {
                Standing::Due(at) => Some(at),
                _ => None,
            });
        due.min_by(f64::total_cmp)
    }

    /// Addresses for others: nodes that are known to be there, in turn, so that not all are sent to the same ones.
    #[must_use]
    pub fn addresses(&mut self, max: usize, without: NodeId) -> Vec<SocketAddr> {
        let good = |entry: &Entry| {
            // What was only heard of is not passed on, nor what was typed here and nobody answered at.
            let met = entry.node.is_some_and(|node| node != without);
            let is_doubtful = matches!(entry.standing, Standing::Never | Standing::Dialling);
            met && entry.failures == 0 && !is_doubtful
        };
        let known = self.entries.iter().filter(|(_, entry)| good(entry));
        let mut known: Vec<(u64, SocketAddr)> = known
            .map(|(&address, entry)| (entry.lot, address))
            .collect();
        known.sort_unstable();
        if known.len() > max {
            let first = self.given_out % known.len();
            known.rotate_left(first);
            known.truncate(max);
            self.given_out = first + max;
        }
        known.into_iter().map(|(_, address)| address).collect()
    }

    /// What was tried in vain last.
    #[must_use]
    pub fn unreached(&self) -> Vec<Unreached> {
        let why = |(&address, entry): (&SocketAddr, &Entry)| {
            let why = entry.why.clone()?;
            Some(Unreached { address, why })
        };
        self.entries.iter().filter_map(why).collect()
    }

    /// Nodes that were dialled in vain.
    #[must_use]
    pub fn unreachable_nodes(&self) -> Vec<NodeId> {
        let failing = self.entries.values().filter(|entry| entry.failures > 0);
        failing.filter_map(|entry| entry.node).collect()
    }

    /// Who was last reached at an address, or is said to be there.
    #[must_use]
    pub fn node_at(&self, address: SocketAddr) -> Option<NodeId> {
        self.entries.get(&address).and_then(|entry| entry.node)
    }

    /// At which address a node is known.
    #[must_use]
    pub fn address_of(&self, node: NodeId) -> Option<SocketAddr> {
        let at = self
            .entries
            .iter()
            .find(|(_, entry)| entry.node == Some(node));
        at.map(|(&address, _)| address)
    }
}
