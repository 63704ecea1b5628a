//! Room for more tracks in the library: what may be taken, and what goes for it. A track that stands in a queue, plays, is being
//! sent, or was shared stays; of all others the longest unused go first.

use super::room_thread::ToRoom;
use super::run::Hub;
use crate::track::dropping::choose;
use crate::track::id::TrackId;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is promised to tracks that are on their way.
#[derive(Default)]
pub struct MakingRoom {
    /// Bytes.
    promised: Mutex<u64>,
    /// Held while somebody looks what may go: two at a time would let go of too much.
    looking: Mutex<()>,
}

/// Bytes that are promised to a track until this is dropped.
pub struct Space<'a> {
    making_room: &'a MakingRoom,
    bytes: u64,
}

impl MakingRoom {
    /// Promises so many bytes, and drops what it takes; `None` when there are not enough that may go. May wait for rooms that
    /// are busy.
    #[must_use]
    pub fn reserve(&self, hub: &Hub, bytes: u64) -> Option<Space<'_>> {
        let _one_at_a_time = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let promised = *self.lock();
        let wanted = hub.library.bytes().saturating_add(promised);
        let wanted = wanted.saturating_add(bytes);
        let missing = wanted.saturating_sub(hub.library_bytes_max);
        if missing > 0 && !drop_unused(hub, missing) {
            return None;
        }
        *self.lock() += bytes;
        Some(Space {
            making_room: self,
            bytes,
        })
    }

    /// Whether so many bytes could find room if no room needed anything; asks nobody.
    #[must_use]
    pub fn is_thinkable(&self, hub: &Hub, bytes: u64) -> bool {
        let droppable = hub.library.droppable();
        let may_go: u64 = droppable.iter().map(|track| track.bytes).sum();
        let stays = hub.library.bytes().saturating_sub(may_go);
        stays.saturating_add(bytes) <= hub.library_bytes_max
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        // A number.
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Space<'_> {
    fn drop(&mut self) {
        *self.making_room.lock() -= self.bytes;
    }
}

/// `false`: nothing went, for there is not enough that may.
fn drop_unused(hub: &Hub, bytes: u64) -> bool {
    let Some(needed) = needed(hub) else {
        return false;
    };
    let mut droppable = hub.library.droppable();
    droppable.retain(|track| !needed.contains(&track.id) && !hub.swarm.is_serving(track.id));
    let Some(chosen) = choose(droppable, bytes) else {
        return false;
    };
    let mut dropped = Vec::new();
    for id in chosen {
        hub.swarm.forget(id);
        hub.registry.drop_from_stock(id);
        let Some(track) = hub.library.drop_track(id) else {
            continue; // Somebody has just asked for it.
        };
        let (name, size) = (&track.name, track.bytes);
        log::info!(
            "library: {name:?} ({size} bytes) is dropped to make room: no room needs it, and nothing else was unused for longer"
        );
        hub.metrics.tracks_dropped.add(1);
        dropped.push(id);
    }
    // Somebody may have put one of them into a queue in this very moment.
    for room in hub.registry.rooms() {
        let _stopping = room.tell(ToRoom::TracksLost(dropped.clone()));
    }
    true
}

/// What stands in the queue of any room or plays there; `None` when one did not answer.
fn needed(hub: &Hub) -> Option<HashSet<TrackId>> {
    let mut needed = HashSet::new();
    for room in hub.registry.rooms() {
        let view = room.view()?;
        needed.extend(view.tracks.iter().map(|track| track.track_id));
        needed.extend(view.state.track_id.as_deref().and_then(TrackId::parse));
    }
    Some(needed)
}
