//! Votes to skip the current track. They end with it.

use super::members::MemberId;
use std::collections::BTreeSet;

/// Invariant: there are votes only while there is a track for them.
#[derive(Debug, Default)]
pub(super) struct Votes {
    track_id: String,
    by: BTreeSet<MemberId>,
}

/// What VOTES tells.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standing {
    pub(super) votes: usize,
    pub(super) needed: usize,
    pub(super) track_id: String,
}

/// More than half of those who listen.
pub(super) fn needed(listeners: usize) -> usize {
    listeners / 2 + 1
}

impl Votes {
    /// A vote for another track ends those that there were.
    pub(super) fn cast(&mut self, member: MemberId, track_id: &str) {
        if self.track_id != track_id {
            self.end();
            track_id.clone_into(&mut self.track_id);
        }
        self.by.insert(member);
    }

    pub(super) fn take_back(&mut self, member: MemberId) {
        self.by.remove(&member);
    }

    pub(super) fn end(&mut self) {
        self.by.clear();
    }

    /// Ends them when their track is not the one that is on.
    pub(super) fn end_without(&mut self, current: Option<&str>) {
        if current != Some(self.track_id.as_str()) {
            self.end();
        }
    }

    pub(super) fn count(&self) -> usize {
        self.by.len()
    }

    pub(super) fn are_enough(&self, listeners: usize) -> bool {
        self.by.len() >= needed(listeners)
    }

    /// How it stands; `None` without any vote.
    pub(super) fn standing(&self, listeners: usize) -> Option<Standing> {
        (!self.by.is_empty()).then(|| Standing {
            votes: self.by.len(),
            needed: needed(listeners),
            track_id: self.track_id.clone(),
        })
    }
}
