//! The tracks with which rooms begin.

use crate::limits::QUEUE_TRACKS_MAX;
use crate::room::message::QueueTrack;
use crate::room::name::RoomName;
use crate::track::id::TrackId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Invariant: no room begins with more than a queue takes.
#[derive(Debug, Default)]
pub struct Stock(Mutex<HashMap<RoomName, Vec<QueueTrack>>>);

impl Stock {
    #[must_use]
    pub fn new(tracks: HashMap<RoomName, Vec<QueueTrack>>) -> Self {
        Self(Mutex::new(tracks))
    }

    #[must_use]
    pub fn of(&self, room: &RoomName) -> Vec<QueueTrack> {
        self.lock().get(room).cloned().unwrap_or_default()
    }

    /// Whether it is the room that the server was started for.
    #[must_use]
    pub fn is_for(&self, room: &RoomName) -> bool {
        self.lock().contains_key(room)
    }

    /// One more, if there is room for it.
    pub fn add(&self, room: &RoomName, track: QueueTrack) {
        let mut tracks = self.lock();
        let of_room = tracks.entry(room.clone()).or_default();
        if of_room.len() < QUEUE_TRACKS_MAX {
            of_room.push(track);
        }
    }

    /// The server has it no longer.
    pub fn drop(&self, id: TrackId) {
        for tracks in self.lock().values_mut() {
            tracks.retain(|track| track.track_id != id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomName, Vec<QueueTrack>>> {
        // The table is whole between any two statements that hold it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
