//! The music that a server begins with: what it shares, and what its library has.
//!
//! A server whose rooms were there before does not keep them waiting for it: it looks through its music while the party
//! goes on, first for what the rooms need next. Bytes are always hashed, never believed.

use super::registry::Registry;
use super::room_thread::ToRoom;
use super::run::Hub;
use super::tracks::queue_entry;
use crate::limits::{STATE_NEEDED_MAX, STATE_NEEDED_OF_ROOM_MAX};
use crate::room::event::RoomView;
use crate::room::message::QueueTrack;
use crate::room::name::RoomName;
use crate::track::error::LibraryError;
use crate::track::folder::{self, Listed};
use crate::track::id::TrackId;
use crate::track::library::Progress;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// What is looked through once the server runs.
pub struct Later {
    pub share: Vec<PathBuf>,
    /// The room to which it is offered.
    pub room: RoomName,
    /// It begins with what lies in the library as well, for it was not there before.
    pub room_is_new: bool,
}

/// Whether a server still looks through its music, and whether it should go on.
#[derive(Debug, Default)]
pub struct Gathering {
    under_way: AtomicBool,
    stopping: AtomicBool,
}

impl Gathering {
    #[must_use]
    pub fn begun(under_way: bool) -> Self {
        Self {
            under_way: AtomicBool::new(under_way),
            stopping: AtomicBool::new(false),
        }
    }

    /// A track that the library has not may yet be found.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.under_way.load(Ordering::Acquire)
    }

    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// Looks through the library's folder and `later` while the server runs.
pub fn run(hub: &Hub, later: &Later) {
    match look_through(hub, later) {
        Ok(()) => {
            hub.gathering.under_way.store(false, Ordering::Release);
            tell_what_is_lost(hub);
        }
        Err(LibraryError::Interrupted { .. }) => {}
        // Nobody knows what else is there: what is not found is not called lost.
        Err(error) => {
            hub.gathering.under_way.store(false, Ordering::Release);
            log::error!("{error}");
        }
    }
}

/// First what the rooms need, then the rest.
fn look_through(hub: &Hub, later: &Later) -> Result<(), LibraryError> {
    let needed = Needed::of(&hub.registry);
    let mut progress = |_: &Path, _, _| match hub.gathering.is_stopping() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let mut files = folder::listed(&later.share)?;
    files.sort_by_cached_key(|file| needed.rank_of_file(&file.path));
    let soon = files
        .iter()
        .take_while(|file| needed.rank_of_file(&file.path) < usize::MAX);
    let soon = soon.count();
    share(hub, later, &files[..soon], &mut progress)?;
    let rank = |id| needed.rank(id);
    for track in hub.library.look_through(&rank, &mut progress)? {
        if later.room_is_new {
            hub.registry.offer(&later.room, queue_entry(&track, None));
        }
    }
    share(hub, later, &files[soon..], &mut progress)
}

fn share(
    hub: &Hub,
    later: &Later,
    files: &[Listed],
    progress: Progress,
) -> Result<(), LibraryError> {
    for file in files {
        match file.share(&hub.library, progress) {
            Ok(Some(track)) => hub.registry.offer(&later.room, queue_entry(&track, None)),
            Ok(None) => {}
            Err(error @ LibraryError::Interrupted { .. }) => return Err(error),
            Err(error) => log::error!("left out: {error}"),
        }
    }
    Ok(())
}

/// What stands in a queue and is nowhere here may still be with a node of the room.
fn tell_what_is_lost(hub: &Hub) {
    for room in hub.registry.rooms() {
        let Some(RoomView { tracks, .. }) = room.view() else {
            continue;
        };
        let lost = tracks.iter().filter(|track| !track.awaited);
        let lost = lost.filter(|track| hub.library.get(track.track_id).is_none());
        let lost: Vec<TrackId> = lost.map(|track| track.track_id).collect();
        if !lost.is_empty() {
            log::warn!(
                "room {}: {} tracks of its queue are not on this server any more",
                room.name(),
                lost.len()
            );
            let _stopping = room.tell(ToRoom::TracksLost(lost));
        }
    }
}

/// What the rooms play and will play, what is needed first in front.
struct Needed(Vec<QueueTrack>);

impl Needed {
    fn of(registry: &Registry) -> Self {
        let mut needed = Vec::new();
        for view in registry.rooms().iter().filter_map(|room| room.view()) {
            let current = view.state.track_id.as_deref().and_then(TrackId::parse);
            let place = |track: &QueueTrack| Some(track.track_id) == current;
            let from = view.tracks.iter().position(place).unwrap_or(0);
            let ahead = view.tracks[from..].iter().take(STATE_NEEDED_OF_ROOM_MAX);
            needed.extend(ahead.cloned().enumerate());
        }
        // The first of every room, then the second of each.
        needed.sort_by_key(|(place, _)| *place);
        needed.truncate(STATE_NEEDED_MAX);
        Self(needed.into_iter().map(|(_, track)| track).collect())
    }

    fn rank(&self, id: TrackId) -> usize {
        let found = self.0.iter().position(|track| track.track_id == id);
        found.unwrap_or(usize::MAX)
    }

    /// A file whose bytes nobody has hashed yet is known by its name and its length; that it is another one costs
    /// nothing but time.
    fn rank_of_file(&self, path: &Path) -> usize {
        let Some(name) = path.file_name().map(|name| name.to_string_lossy()) else {
            return usize::MAX;
        };
        let mut named = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, track)| track.name == name);
        let Some(bytes) = named
            .clone()
            .next()
            .and(fs::metadata(path).ok())
            .map(|m| m.len())
        else {
            return usize::MAX;
        };
        let found = named.find(|(_, track)| track.bytes == bytes);
        found.map_or(usize::MAX, |(rank, _)| rank)
    }
}
