//! The tracks of a listener that is a node: fetched through the swarm into a folder that goes when it ends, the current
//! one first, and passed on meanwhile.
//!
//! One thread owns the tracks; others tell it what is wanted, and look at a small table.

use crate::commands::session::Session;
use crate::limits::{
    SHELF_AHEAD, SHELF_PATIENCE, SHELF_TICK, SHELF_TRACK_BYTES_MAX, SHELF_TRACKS_MAX,
};
use crate::room::address::RoomAddress;
use crate::swarm::store::part_file::{Opened, PartFile};
use crate::swarm::track_swarm::{Taste, TrackSwarm};
use crate::track::id::TrackId;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How far a track is.
#[derive(Clone, Debug)]
pub struct Card {
    pub id: TrackId,
    pub state: State,
    /// Nodes on the other end of a connection for it.
    pub peers: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// This share of it is here, 0 to 1.
    Coming(f64),
    Here(PathBuf),
    /// It cannot be kept here.
    Failed,
}

#[derive(Default)]
pub struct Shelf {
    wanted: Mutex<Vec<TrackId>>,
    cards: Mutex<Vec<Card>>,
    over: AtomicBool,
    /// There may be a proxy before the server.
    may_be_proxied: bool,
}

/// A track that takes part in the swarm.
struct Slot {
    track: Arc<TrackSwarm>,
    part: Option<Arc<PartFile>>,
    failed: bool,
    /// The room was there all the while, and no node has told anything of it.
    unknown_since: Instant,
}

impl Shelf {
    #[must_use]
    pub fn of(room: &RoomAddress) -> Self {
        Self {
            may_be_proxied: room.tls.is_some(),
            ..Self::default()
        }
    }

    /// These tracks, in the order in which they will be played.
    pub fn want(&self, mut tracks: Vec<TrackId>) {
        tracks.truncate(SHELF_AHEAD);
        *lock(&self.wanted) = tracks;
    }

    #[must_use]
    pub fn card(&self, id: &TrackId) -> Option<Card> {
        lock(&self.cards)
            .iter()
            .find(|card| card.id == *id)
            .cloned()
    }

    /// Has `run` return.
    pub fn close(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// Fetches until it is closed.
    pub fn run(&self, session: &Session, folder: &Path) {
        let mut slots: Vec<Slot> = Vec::new();
        while !self.over.load(Ordering::Acquire) {
            let wanted = lock(&self.wanted).clone();
            make_room(session, &mut slots, &wanted);
            begin_next(session, &mut slots, &wanted);
            let company = session.company.as_ref();
            let room_is_there = company.is_some_and(|company| company.lost().is_none());
            for slot in &mut slots {
                slot.go_on(folder);
                if self.may_be_proxied {
                    slot.turn_to_server(room_is_there);
                }
            }
            *lock(&self.cards) = slots.iter().map(Slot::card).collect();
            std::thread::sleep(SHELF_TICK);
        }
    }
}

/// Tracks are taken off when there are too many, first those that have been there longest.
fn make_room(session: &Session, slots: &mut Vec<Slot>, wanted: &[TrackId]) {
    while slots.len() >= SHELF_TRACKS_MAX {
        let unwanted = |slot: &Slot| !wanted.contains(&slot.track.id);
        let Some(place) = slots.iter().position(unwanted) else {
            return;
        };
        let slot = slots.remove(place);
        session.node.leave(&slot.track);
        if let Some(part) = slot.part {
            // The folder goes at the end, with whatever is left in it.
            let _removed = fs::remove_file(part.path());
        }
    }
}

/// The first wanted track that is not there, once those before it are.
fn begin_next(session: &Session, slots: &mut Vec<Slot>, wanted: &[TrackId]) {
    for id in wanted {
        match slots.iter().find(|slot| slot.track.id == *id) {
            Some(slot) if slot.is_settled() => {}
            Some(_) => return,
            None if slots.len() >= SHELF_TRACKS_MAX => return,
            None => {
                let track = TrackSwarm::new(*id, session.key, None, Taste::default());
                let failed = match session.join(&track) {
                    Ok(()) => false,
                    Err(failure) => {
                        log::warn!("fetching track {id}: {}", failure.0);
                        true
                    }
                };
                let part = None;
                return slots.push(Slot {
                    track,
                    part,
                    failed,
                    unknown_since: Instant::now(),
                });
            }
        }
    }
}

impl Slot {
    /// Opens a file for it as soon as its manifest is known, and takes note when that cannot be written.
    fn go_on(&mut self, folder: &Path) {
        if let Some(error) = self.track.take_failure() {
            log::warn!("{error}; this track comes from the server instead");
            self.failed = true;
        }
        if self.part.is_some() || self.failed {
            return;
        }
        let Some(manifest) = self.track.wait_for_manifest(SHELF_TICK / 10) else {
            return;
        };
        let bytes = manifest.layout().length();
        if !may_lie_here(bytes) {
            log::warn!(
                "{bytes} bytes are more than is kept here; this track comes from the server instead"
            );
            self.failed = true;
            return;
        }
        let opened = PartFile::open(folder, &manifest, &mut |_, _, _| ControlFlow::Continue(()));
        match opened {
            Ok(Opened::Part(part, held)) => {
                let part = Arc::new(part);
                self.track.begin(manifest, part.clone(), held);
                self.part = Some(part);
            }
            // Nothing in this folder ever gets its final name.
            Ok(Opened::AlreadyThere(_)) => self.failed = true,
            Err(error) => {
                log::warn!("{error}; this track comes from the server instead");
                self.failed = true;
            }
        }
    }

    /// When nobody gives it, and the server may.
    fn turn_to_server(&mut self, room_is_there: bool) {
        if self.part.is_some() || self.failed || !room_is_there {
            self.unknown_since = Instant::now();
        } else if self.unknown_since.elapsed() > SHELF_PATIENCE {
            let id = self.track.id;
            log::info!("no node tells of track {id}; it comes from the server instead");
            self.failed = true;
        }
    }

    fn is_settled(&self) -> bool {
        self.failed || self.track.status().complete
    }

    fn card(&self) -> Card {
        let status = self.track.status();
        let length = self.track.known_layout().map(|layout| layout.length());
        let state = match &self.part {
            _ if self.failed => State::Failed,
            Some(part) if status.complete => State::Here(part.path().to_owned()),
            _ => State::Coming(match length {
                Some(length) => status.held_bytes as f64 / length.max(1) as f64,
                None => 0.0,
            }),
        };
        Card {
            id: self.track.id,
            state,
            peers: status.peers,
        }
    }
}

/// A room that somebody else hosts decides what is fetched, but not that it fills this disk.
fn may_lie_here(bytes: u64) -> bool {
    bytes <= SHELF_TRACK_BYTES_MAX
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whole between any two statements that hold it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_album_lies_here_and_a_disk_image_does_not() {
        assert!(may_lie_here(1 << 30));
        assert!(may_lie_here(SHELF_TRACK_BYTES_MAX));
        assert!(!may_lie_here(SHELF_TRACK_BYTES_MAX + 1));
        assert!(!may_lie_here(u64::MAX));
    }
}
