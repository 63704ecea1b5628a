//! Tracks that leave a library to make room for others. Files that are shared never do, nor what was copied from them.

use super::dropping::Droppable;
use super::id::TrackId;
use super::incoming::name_file;
use super::library::{Library, Track};
use std::fs;
use std::ops::Deref;
use std::sync::{Arc, PoisonError};

/// A track of a library that stays there as long as this is kept.
#[derive(Debug)]
pub struct Held(Arc<Track>);

impl Held {
    /// Only while nothing is dropped.
    pub(super) fn of(track: &Arc<Track>) -> Self {
        track.usage.hold();
        Self(Arc::clone(track))
    }

    #[must_use]
    pub fn track(&self) -> &Arc<Track> {
        &self.0
    }
}

impl Deref for Held {
    type Target = Track;

    fn deref(&self) -> &Track {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.usage.let_go();
    }
}

impl Library {
    /// Finds a track that somebody is to be told of: it stays until he was told, and then he hears when it goes.
    #[must_use]
    pub fn hold(&self, id: TrackId) -> Option<Held> {
        let tracks = self.tracks.read().unwrap_or_else(PoisonError::into_inner);
        tracks.get(&id).map(Held::of)
    }

    /// The tracks that it keeps itself, that nobody shared and nobody is being sent.
    #[must_use]
    pub fn droppable(&self) -> Vec<Droppable> {
        let tracks = self.tracks.read().unwrap_or_else(PoisonError::into_inner);
        let may_go = tracks.values().filter(|track| self.may_drop(track));
        may_go
            .map(|track| Droppable {
                id: track.id,
                bytes: track.bytes,
                used: track.usage.last(),
            })
            .collect()
    }

    /// Forgets a track and deletes its file, unless it has to stay; the track that went.
    pub fn drop_track(&self, id: TrackId) -> Option<Arc<Track>> {
        // The same bytes may be about to be put there anew.
        let _placing = self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tracks = self.tracks.write().unwrap_or_else(PoisonError::into_inner);
        tracks.get(&id).filter(|track| self.may_drop(track))?;
        let track = tracks.remove(&id)?;
        drop(tracks);
        for path in [track.path.clone(), name_file(&track.path)] {
            if let Err(error) = fs::remove_file(&path) {
                log::warn!("library: deleting {}: {error}", path.display());
            }
        }
        Some(track)
    }

    fn may_drop(&self, track: &Track) -> bool {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        track.is_kept_here && !track.usage.is_sent_now() && !shared.contains(&track.id)
    }
}
