//! The tracks that rooms await and nobody fetches at the moment, in the order of their turns.

use super::room_thread::RoomWant;
use crate::limits::ARRIVALS_WAITING_MAX;
use crate::track::id::TrackId;
use std::collections::VecDeque;

/// What rooms await and nobody fetches at the moment. A track may be there several times, for several rooms.
#[derive(Default)]
pub struct Waiting {
    fresh: VecDeque<RoomWant>,
    /// Of these nothing came when it was their turn: behind all others.
    tried: VecDeque<RoomWant>,
}

impl Waiting {
    /// Gives it back when too many wait.
    #[must_use]
    pub fn add(&mut self, want: RoomWant) -> Option<RoomWant> {
        if self.fresh.contains(&want) || self.tried.contains(&want) {
            return None;
        }
        if self.fresh.len() + self.tried.len() >= ARRIVALS_WAITING_MAX {
            return Some(want);
        }
        self.fresh.push_back(want);
        None
    }

    /// The first that `is_next`, taken out, and whether it is its first turn.
    pub fn take(&mut self, is_next: impl Fn(&RoomWant) -> bool) -> Option<(RoomWant, bool)> {
        for (waiting, is_first) in [(&mut self.fresh, true), (&mut self.tried, false)] {
            if let Some(at) = waiting.iter().position(&is_next) {
                return waiting.remove(at).map(|want| (want, is_first));
            }
        }
        None
    }

    /// Whether this track waits.
    #[must_use]
    pub fn has(&self, id: TrackId) -> bool {
        self.any(|waiting| waiting == id)
    }

    /// Of this one nothing came when it was its turn.
    pub fn put_back(&mut self, want: RoomWant) {
        // Its room may have asked again meanwhile, and would stand in its own way.
        if !self.fresh.contains(&want) && !self.tried.contains(&want) {
            self.tried.push_back(want);
        }
    }

    #[must_use]
    pub fn any(&self, is_meant: impl Fn(TrackId) -> bool) -> bool {
        let mut all = self.fresh.iter().chain(&self.tried);
        all.any(|waiting| is_meant(waiting.want.track_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::event::Want;
    use crate::room::name::RoomName;

    #[test]
    fn a_track_that_was_asked_for_again_while_it_was_its_turn_waits_once() {
        let want = RoomWant {
            room: RoomName::parse("a").expect("a room"),
            want: Want {
                track_id: TrackId::from_bytes([1; 32]),
                name: "song.wav".into(),
                bytes: 1000,
            },
        };
        let mut waiting = Waiting::default();
        assert_eq!(waiting.add(want.clone()), None);
        let (taken, _) = waiting.take(|_| true).expect("its turn");
        assert_eq!(waiting.add(want), None);
        waiting.put_back(taken);
        assert!(waiting.take(|_| true).is_some());
        assert!(waiting.take(|_| true).is_none());
    }
}
