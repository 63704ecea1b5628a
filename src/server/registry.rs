//! Which rooms there are. Finds a room by name, makes it when somebody enters, and forgets it when its thread
//! says that nobody has been there for a while.
//!
//! Invariant: a room is forgotten only while nobody but the registry and the room's own thread holds its
//! handle, so that nobody can be talking to a room that is gone.

use super::room_thread::{RoomThread, ToRoom};
use super::sender::{RoomKey, Senders};
use crate::limits::{
    ROOM_ANSWER_DEADLINE, ROOM_INPUTS_MAX, ROOMS_MAX, STOP_GRACE, THREAD_STACK_BYTES,
};
use crate::room::event::RoomView;
use crate::room::machine::Room;
use crate::room::message::QueueTrack;
use crate::room::name::RoomName;
use crate::room::queue::QueueFull;
use crate::room::upload::{UploadRefusal, Uploader};
use crate::sys::clock::RoomClock;
use crate::sys::threads::Threads;
use crossbeam_channel::{Sender, bounded};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A way to talk to a room; while it is held, the room lives.
#[derive(Clone)]
pub struct RoomHandle(Arc<Entry>);

struct Entry {
    name: RoomName,
    inputs: Sender<ToRoom>,
}

impl RoomHandle {
    /// May wait while the room is busy. `false`: the room has stopped with its server, and nobody heard it.
    // Apart: a channel's innards would lie on the stack of every member that listens.
    #[inline(never)]
    pub fn tell(&self, message: ToRoom) -> bool {
        self.0.inputs.send(message).is_ok()
    }

    /// Whether somebody may upload into the room, and under which name; `None` when it did not answer in time.
    #[must_use]
    pub fn may_upload(&self, uploader: Uploader) -> Option<Result<String, UploadRefusal>> {
        self.ask(|answer| ToRoom::MayUpload { uploader, answer })
    }

    /// Puts an uploaded track into the room's queue; `None` when it did not answer in time.
    #[must_use]
    pub fn add_uploaded(&self, track: QueueTrack) -> Option<Result<(), QueueFull>> {
        let track = Box::new(track);
        self.ask(|answer| ToRoom::AddUploaded { track, answer })
    }

    /// `None`: it did not answer in time.
    fn ask<T>(&self, question: impl FnOnce(Sender<T>) -> ToRoom) -> Option<T> {
        let (answer, answered) = bounded(1);
        let asked = self
            .0
            .inputs
            .send_timeout(question(answer), ROOM_ANSWER_DEADLINE);
        asked.ok()?;
        answered.recv_timeout(ROOM_ANSWER_DEADLINE).ok()
    }
}

/// Why a room cannot be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnterError {
    TooManyRooms,
    Stopping,
}

/// Cheap to clone; all clones are the same registry.
#[derive(Clone)]
pub struct Registry(Arc<Shared>);

struct Shared {
    threads: Threads,
    clock: RoomClock,
    version: &'static str,
    /// The tracks with which rooms begin.
    tracks: HashMap<RoomName, Vec<QueueTrack>>,
    rooms: Mutex<Rooms>,
}

struct Rooms {
    by_name: HashMap<RoomName, RoomHandle>,
    next_key: u64,
    /// `None` once the server stops.
    senders: Option<Senders>,
}

impl Registry {
    /// `tracks`: the tracks with which each room begins.
    #[must_use]
    pub fn new(
        threads: Threads,
        clock: RoomClock,
        version: &'static str,
        tracks: HashMap<RoomName, Vec<QueueTrack>>,
        senders: Senders,
    ) -> Self {
        let rooms = Rooms {
            by_name: HashMap::new(),
            next_key: 0,
            senders: Some(senders),
        };
        Self(Arc::new(Shared {
            threads,
            clock,
            version,
            tracks,
            rooms: Mutex::new(rooms),
        }))
    }

    /// The room of this name, made when there is none.
    ///
    /// # Errors
    /// When there are too many rooms, no thread for one more, or the server is stopping.
    pub fn enter(&self, name: &RoomName) -> Result<RoomHandle, EnterError> {
        let mut rooms = self.lock();
        let Some(senders) = rooms.senders.clone() else {
            return Err(EnterError::Stopping);
        };
        if let Some(room) = rooms.by_name.get(name) {
            return Ok(room.clone());
        }
        if rooms.by_name.len() >= ROOMS_MAX {
            return Err(EnterError::TooManyRooms);
        }
        let key = RoomKey(rooms.next_key);
        rooms.next_key += 1;
        let handle = self.start_room(key, name, &senders)?;
        rooms.by_name.insert(name.clone(), handle.clone());
        Ok(handle)
    }

    // Apart: most who enter find the room there, and do not need the stack that making one takes.
    #[inline(never)]
    fn start_room(
        &self,
        key: RoomKey,
        name: &RoomName,
        senders: &Senders,
    ) -> Result<RoomHandle, EnterError> {
        let (sender, inputs) = bounded(ROOM_INPUTS_MAX);
        let handle = RoomHandle(Arc::new(Entry {
            name: name.clone(),
            inputs: sender,
        }));
        let room_thread = RoomThread {
            handle: handle.clone(),
            room: self.empty_room(name),
            inputs,
            senders: senders.for_room(key),
            registry: self.clone(),
            clock: self.0.clock,
        };
        let run = move || room_thread.run();
        match self.0.threads.spawn("room", THREAD_STACK_BYTES, run) {
            Ok(()) => Ok(handle),
            Err(error) => {
                log::error!("room {name}: no thread for it: {error}");
                Err(EnterError::TooManyRooms)
            }
        }
    }

    fn empty_room(&self, name: &RoomName) -> Room {
        let tracks = self.0.tracks.get(name).into_iter().flatten().cloned();
        Room::new(self.0.clock.now(), name.clone(), tracks, self.0.version)
    }

    /// What a room looks like from outside, whether it exists or not; `None` when it did not answer in time.
    #[must_use]
    pub fn view(&self, name: &RoomName) -> Option<RoomView> {
        match self.find(name) {
            Some(room) => room.ask(ToRoom::View),
            None => Some(self.empty_room(name).view(self.0.clock.now())),
        }
    }

    /// The room of this name, if there is one.
    #[must_use]
    pub fn find(&self, name: &RoomName) -> Option<RoomHandle> {
        self.lock().by_name.get(name).cloned()
    }

    /// `false`, and nothing changed, when somebody else has hold of the room.
    #[must_use]
    pub fn forget_if_unused(&self, room: &RoomHandle) -> bool {
        const REGISTRY_AND_ROOM: usize = 2;
        let mut rooms = self.lock();
        if Arc::strong_count(&room.0) > REGISTRY_AND_ROOM {
            return false;
        }
        rooms.by_name.remove(&room.0.name);
        true
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().by_name.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends everybody away, with close code 1001. No room can be entered from now on.
    pub fn stop(&self) {
        let mut rooms = self.lock();
        rooms.senders = None;
        let stopped: Vec<RoomHandle> = rooms.by_name.drain().map(|(_, room)| room).collect();
        drop(rooms);
        let deadline = Instant::now() + STOP_GRACE;
        for room in stopped {
            // A room that is too busy to be told in time loses its members when their sockets are shut.
            let _too_busy = room.0.inputs.send_deadline(ToRoom::Stop, deadline);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        // The table is whole between any two statements that hold it.
        self.0.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
