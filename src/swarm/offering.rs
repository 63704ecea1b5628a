//! Whom a node offers to answer because it may be that they cannot dial this one, and when. Pure.
//!
//! An offer in vain is made again after a longer and longer time, and never again to a node that has everything: those
//! who are done must not go on knocking at each other.

use super::frame::NodeId;
use crate::limits::{
    SWARM_BOOK_MAX, SWARM_OFFER_AFTER_SEC, SWARM_OFFER_AGAIN_SEC, SWARM_OFFER_AGAIN_SEC_MAX,
};
use std::collections::BTreeMap;

#[derive(Debug)]
struct Plan {
    at: f64,
    /// Offers that led to nothing, one after the other.
    vain: u32,
    needs_nothing: bool,
}

#[derive(Debug, Default)]
pub struct Offering(BTreeMap<NodeId, Plan>);

impl Offering {
    /// There is such a node. It has some time to dial this one first.
    pub fn learn(&mut self, now: f64, node: NodeId) {
        if self.0.contains_key(&node) || self.0.len() >= SWARM_BOOK_MAX && !self.forget_one() {
            return;
        }
        let plan = Plan {
            at: now + SWARM_OFFER_AFTER_SEC,
            vain: 0,
            needs_nothing: false,
        };
        self.0.insert(node, plan);
    }

    /// One that has everything, or else the one to which most offers were made in vain: a seed that serves for weeks sees
    /// more nodes come and go than it remembers.
    fn forget_one(&mut self) -> bool {
        let useless = |plan: &Plan| (plan.needs_nothing, plan.vain);
        let most = self.0.iter().max_by_key(|(_, plan)| useless(plan));
        let most = most.filter(|(_, plan)| useless(plan) > (false, 0));
        let Some((&node, _)) = most else { return false };
        self.0.remove(&node).is_some()
    }

    /// `node` has everything.
    pub fn needs_nothing(&mut self, node: NodeId) {
        self.learn(0.0, node);
        if let Some(plan) = self.0.get_mut(&node) {
            plan.needs_nothing = true;
        }
    }

    /// Nodes to which an offer is due.
    pub fn due(&self, now: f64) -> impl Iterator<Item = NodeId> {
        let due = move |plan: &Plan| !plan.needs_nothing && plan.at <= now;
        let all = self.0.iter();
        all.filter(move |(_, plan)| due(plan))
            .map(|(&node, _)| node)
    }

    /// An offer is on its way to `node`.
    pub fn offered(&mut self, now: f64, node: NodeId) {
        if let Some(plan) = self.0.get_mut(&node) {
            let again = SWARM_OFFER_AGAIN_SEC * f64::from(1 << plan.vain.min(10));
            plan.at = now + again.min(SWARM_OFFER_AGAIN_SEC_MAX);
        }
    }

    /// How the last offer to `node` ended: whether it came to an answer, or may soon.
    pub fn ended(&mut self, node: NodeId, in_vain: bool) {
        if let Some(plan) = self.0.get_mut(&node) {
            plan.vain = if in_vain { plan.vain + 1 } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId([1; 8]);

    #[test]
    fn offers_in_vain_become_rare() {
        let mut offering = Offering::default();
        offering.learn(0.0, NODE);
        assert_eq!(offering.due(SWARM_OFFER_AFTER_SEC - 0.1).count(), 0);
        let mut made_at = Vec::new();
        let mut now = 0.0;
        while now < 600.0 {
            if offering.due(now).next().is_some() {
                offering.offered(now, NODE);
                offering.ended(NODE, true);
                made_at.push(now);
            }
            now += 0.5;
        }
        assert_eq!(made_at[..4], [1.5, 6.5, 16.5, 36.5]);
        assert!(made_at.len() < 25, "{made_at:?}");
        offering.ended(NODE, false);
        offering.offered(now, NODE);
        assert_eq!(offering.due(now + SWARM_OFFER_AGAIN_SEC).count(), 1);
    }

    #[test]
    fn nodes_that_are_gone_make_room_for_new_ones() {
        let mut offering = Offering::default();
        for number in 0..SWARM_BOOK_MAX as u64 {
            let node = NodeId(number.to_be_bytes());
            offering.learn(0.0, node);
            match number % 2 {
                0 => offering.ended(node, true),
                _ => offering.needs_nothing(node),
            }
        }
        for number in 0..SWARM_BOOK_MAX as u64 {
            offering.learn(1e6, NodeId((1 << 32 | number).to_be_bytes()));
        }
        assert_eq!(offering.0.len(), SWARM_BOOK_MAX);
        let new = offering.0.keys().filter(|node| node.0[3] == 1);
        assert_eq!(new.count(), SWARM_BOOK_MAX);
    }

    #[test]
    fn nothing_is_offered_to_who_has_everything() {
        let mut offering = Offering::default();
        offering.needs_nothing(NODE);
        offering.learn(1.0, NODE);
        assert_eq!(offering.due(1e9).count(), 0);
    }
}
