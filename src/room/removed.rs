//! Whom the host removed: they stay out, by who they were and where they came from.

use crate::limits::REMOVED_MAX;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::net::IpAddr;

/// The newest last, at most `REMOVED_MAX`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Removed(VecDeque<Entry>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    peer_id: String,
    /// When it was this member's alone.
    ip: Option<IpAddr>,
}

impl Removed {
    pub fn add(&mut self, peer_id: String, ip: Option<IpAddr>) {
        self.0.retain(|entry| entry.peer_id != peer_id);
        if self.0.len() >= REMOVED_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Entry { peer_id, ip });
    }

    /// At most `REMOVED_MAX`, whoever wrote them down.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.0.truncate(REMOVED_MAX);
        self
    }

    /// Whether this is somebody who was removed.
    #[must_use]
    pub fn has(&self, peer_id: &str, ip: IpAddr) -> bool {
        let mut all = self.0.iter();
        all.any(|entry| entry.peer_id == peer_id || entry.ip == Some(ip))
    }
}
