//! The tracks of a room in order, each of them once.
//!
//! Bounded in entries and in bytes, because the whole list goes to every member that asks for it.

use super::message::QueueTrack;
use crate::limits::{QUEUE_BYTES_MAX, QUEUE_ENTRY_BYTES, QUEUE_TRACKS_MAX};
use crate::track::id::TrackId;
use std::sync::Arc;

/// Why a track cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

impl QueueFull {
    pub const TEXT: &str = "the queue is full (remove something first)";
}

/// Invariant: no track is there twice, and `bytes` is what the entries have together as JSON.
#[derive(Debug, Default)]
pub struct Queue {
    /// Shared with the messages that list them.
    tracks: Arc<Vec<QueueTrack>>,
    bytes: usize,
}

impl Queue {
    /// The first of `tracks` that fit.
    #[must_use]
    pub fn new(tracks: impl IntoIterator<Item = QueueTrack>) -> Self {
        let mut queue = Self::default();
        for track in tracks {
            if queue.add(track, None).is_err() {
                break;
            }
        }
        queue
    }

    #[must_use]
    pub fn tracks(&self) -> Arc<Vec<QueueTrack>> {
        Arc::clone(&self.tracks)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// Whether there is no room for another track of ordinary names.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.tracks.len() >= QUEUE_TRACKS_MAX || self.bytes + QUEUE_ENTRY_BYTES > QUEUE_BYTES_MAX
    }

    /// Bytes of the entries as JSON.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    #[must_use]
    pub fn get(&self, id: TrackId) -> Option<&QueueTrack> {
        self.tracks.get(self.position(id)?)
    }

    /// The track behind this one. Of a track that is not in the queue: the first.
    #[must_use]
    pub fn after(&self, id: Option<TrackId>) -> Option<TrackId> {
        let next = id.and_then(|id| self.position(id)).map_or(0, |at| at + 1);
        Some(self.tracks.get(next)?.track_id)
    }

    /// The track before this one. Of the first, and of a track that is not in the queue: the first.
    #[must_use]
    pub fn before(&self, id: Option<TrackId>) -> Option<TrackId> {
        let at = id.and_then(|id| self.position(id)).unwrap_or(0);
        Some(self.tracks.get(at.saturating_sub(1))?.track_id)
    }

    /// Puts a track before another one, or at the end. `false`: it was there already, and stays where it is. One that
    /// was awaited counts as arrived then.
    ///
    /// # Errors
    /// When there is no room for one more.
    pub fn add(&mut self, track: QueueTrack, before: Option<TrackId>) -> Result<bool, QueueFull> {
        if self.position(track.track_id).is_some() {
            return Ok(!track.awaited && self.arrived(track));
        }
        let bytes = self.bytes + json_bytes(&track);
        if self.tracks.len() >= QUEUE_TRACKS_MAX || bytes > QUEUE_BYTES_MAX {
            return Err(QueueFull);
        }
        let at = self.place_before(before);
        Arc::make_mut(&mut self.tracks).insert(at, track);
        self.bytes = bytes;
        Ok(true)
    }

    /// The server has this track now: the entry that awaited it tells what it is, as far as there is room for that.
    /// Who added it stays, and how long the host found it to be. Whether there was such an entry.
    pub fn arrived(&mut self, track: QueueTrack) -> bool {
        let Some(at) = self
            .position(track.track_id)
            .filter(|&at| self.tracks[at].awaited)
        else {
            return false;
        };
        let before = &self.tracks[at];
        let plain = QueueTrack {
            awaited: false,
            ..before.clone()
        };
        let told = QueueTrack {
            duration_sec: before.duration_sec.or(track.duration_sec),
            added_by: before.added_by.clone(),
            added_by_id: before.added_by_id.clone(),
            awaited: false,
            ..track
        };
        let others = self.bytes - json_bytes(before);
        let fits = others + json_bytes(&told) <= QUEUE_BYTES_MAX;
        let after = if fits { told } else { plain };
        self.bytes = others + json_bytes(&after);
        Arc::make_mut(&mut self.tracks)[at] = after;
        true
    }

    /// The server has lost this track. Whether there was an entry of one that it had.
    pub fn await_again(&mut self, id: TrackId) -> bool {
        let Some(at) = self.position(id).filter(|&at| !self.tracks[at].awaited) else {
            return false;
        };
        let awaited = QueueTrack {
            awaited: true,
            // Without the file nobody can show it.
            cover: false,
            ..self.tracks[at].clone()
        };
        self.bytes = self.bytes - json_bytes(&self.tracks[at]) + json_bytes(&awaited);
        Arc::make_mut(&mut self.tracks)[at] = awaited;
        true
    }

    pub fn remove(&mut self, id: TrackId) -> Option<QueueTrack> {
        let at = self.position(id)?;
        let removed = Arc::make_mut(&mut self.tracks).remove(at);
        self.bytes -= json_bytes(&removed);
        Some(removed)
    }

    /// Moves a track before another one, or to the end. Whether anything changed; `None`: it is not there.
    pub fn move_before(&mut self, id: TrackId, before: Option<TrackId>) -> Option<bool> {
        let from = self.position(id)?;
        let place = self.place_before(before);
        let to = if place > from { place - 1 } else { place };
        if to != from {
            let tracks = Arc::make_mut(&mut self.tracks);
            let track = tracks.remove(from);
            tracks.insert(to, track);
        }
        Some(to != from)
    }

    /// Whether anything changed, which it does not when there is no room for it; `None`: it is not there.
    pub fn set_duration(&mut self, id: TrackId, duration_sec: f64) -> Option<bool> {
        let at = self.position(id)?;
        if self.tracks[at].duration_sec == Some(duration_sec) {
            return Some(false);
        }
        let timed = QueueTrack {
            duration_sec: Some(duration_sec),
            ..self.tracks[at].clone()
        };
        let bytes = self.bytes - json_bytes(&self.tracks[at]) + json_bytes(&timed);
        if bytes > QUEUE_BYTES_MAX {
            return Some(false);
        }
        Arc::make_mut(&mut self.tracks)[at] = timed;
        self.bytes = bytes;
        Some(true)
    }

    fn position(&self, id: TrackId) -> Option<usize> {
        self.tracks.iter().position(|track| track.track_id == id)
    }

    /// A track that has gone meanwhile counts as the end.
    fn place_before(&self, before: Option<TrackId>) -> usize {
        before
            .and_then(|id| self.position(id))
            .unwrap_or(self.tracks.len())
    }
}

fn json_bytes(track: &QueueTrack) -> usize {
    let json = serde_json::to_string(track).expect("bug: every field of a track is JSON");
    json.len()
}
