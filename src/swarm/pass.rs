//! The first pass of a seed: every chunk leaves it once before any leaves it twice. Pure.
//!
//! While it lasts, leechers ask a seed for any chunk that they lack and the seed chooses, so that what it sends is new
//! to the whole swarm and they can feed each other at once. Without it a song to eight leechers takes a fifth longer.

use super::bitfield::Bitfield;
use std::ops::Range;

#[derive(Debug)]
pub struct Pass {
    sent: Bitfield,
    next: u32,
}

impl Pass {
    /// `start`: the chunk with which it begins; two seeds that begin elsewhere send different chunks.
    #[must_use]
    pub fn new(count: u32, start: u32) -> Self {
        Self {
            sent: Bitfield::new(count),
            next: start % count,
        }
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        self.sent.is_full()
    }

    /// A chunk that was sent because it was asked for by number counts too.
    pub fn mark_sent(&mut self, index: u32) {
        self.sent.set(index);
    }

    /// The next chunk that was never sent and that a leecher with `has` lacks; it counts as sent now.
    pub fn take(&mut self, has: &Bitfield) -> Option<u32> {
        let rest = self.next..self.sent.len();
        let index = first_unsent(rest, &self.sent, has)
            .or_else(|| first_unsent(0..self.next, &self.sent, has))?;
        self.sent.set(index);
        self.next = (index + 1) % self.sent.len();
        Some(index)
    }
}

fn first_unsent(range: Range<u32>, sent: &Bitfield, has: &Bitfield) -> Option<u32> {
    let mut from = range.start;
    while let Some(index) = sent.next_zero(from).filter(|&index| index < range.end) {
        if !has.get(index) {
            return Some(index);
        }
        from = index + 1;
    }
    None
}
