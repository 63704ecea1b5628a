//! Which rooms there are. Finds a room by name, makes it when somebody enters, and forgets it when its thread
//! says that nobody has been there for a while.
//!
//! Invariant: a room is forgotten only while nobody but the registry and the room's own thread holds its
//! handle, so that nobody can be talking to a room that is gone.

pub use super::room_handle::RoomHandle;

use super::dial_back::{Attempt, DialBack};
use super::doors::Doors;
use super::room_handle::Entry;
use super::room_thread::{RoomThread, RoomWant, ToRoom};
use super::sender::{RoomKey, Senders};
use super::state_keeper::Keeper;
use super::stock::Stock;
use super::turned_away::TurnedAway;
use crate::identity::{KeyId, NodeId, SwarmKey, one_who_counts};
use crate::limits::{ROOM_INPUTS_MAX, ROOM_LINGER, STOP_GRACE, ServerLimits, THREAD_STACK_BYTES};
use crate::room::event::Home;
use crate::room::machine::Room;
use crate::room::message::QueueTrack;
use crate::room::name::RoomName;
use crate::room::rights::Guests;
use crate::room::snapshot::RoomSnapshot;
use crate::sys::clock::RoomClock;
use crate::sys::secret::Secret;
use crate::sys::threads::Threads;
use crate::track::id::TrackId;
use crossbeam_channel::{Sender, bounded};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Why a room cannot be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnterError {
    TooManyRooms,
    TooManyRoomsOfAddress,
    Stopping,
}

/// Cheap to clone; all clones are the same registry.
#[derive(Clone)]
pub struct Registry(Arc<Shared>);

struct Shared {
    threads: Threads,
    clock: RoomClock,
    version: &'static str,
    stock: Stock,
    secret: Secret,
    guests: Guests,
    doors: Arc<Doors>,
    keeper: Option<Keeper>,
    turned_away: Arc<TurnedAway>,
    dial_back: DialBack,
    rooms: Mutex<Rooms>,
}

/// What a registry is made of.
pub struct Config {
    pub threads: Threads,
    pub clock: RoomClock,
    pub version: &'static str,
    /// The tracks with which rooms begin.
    pub tracks: HashMap<RoomName, Vec<QueueTrack>>,
    /// From which the rooms' swarm keys are made, and the id of the server's node.
    pub secret: Secret,
    /// What guests may do in a new room.
    pub guests: Guests,
    pub doors: Arc<Doors>,
    /// Hears of all that has to outlive the server.
    pub keeper: Option<Keeper>,
    pub turned_away: Arc<TurnedAway>,
    pub senders: Senders,
    /// Hears of the tracks that rooms await. It is dropped when the server stops and all rooms have ended.
    pub wants: Sender<RoomWant>,
}

struct Rooms {
    by_name: HashMap<RoomName, RoomHandle>,
    next_key: u64,
    /// `None` once the server stops.
    outlets: Option<Outlets>,
}

/// What a room's thread is given of its own.
#[derive(Clone)]
struct Outlets {
    senders: Senders,
    wants: Sender<RoomWant>,
}

impl Registry {
    #[must_use]
    pub fn new(config: Config) -> Self {
        let (senders, wants) = (config.senders, config.wants);
        let rooms = Rooms {
            by_name: HashMap::new(),
            next_key: 0,
            outlets: Some(Outlets { senders, wants }),
        };
        Self(Arc::new(Shared {
            dial_back: DialBack::new(config.threads.clone()),
            threads: config.threads,
            clock: config.clock,
            version: config.version,
            stock: Stock::new(config.tracks),
            secret: config.secret,
            guests: config.guests,
            doors: config.doors,
            keeper: config.keeper,
            turned_away: config.turned_away,
            rooms: Mutex::new(rooms),
        }))
    }

    /// The room of this name, made when there is none, by somebody at `ip`.
    ///
    /// # Errors
    /// When there are too many rooms, in all or of this address, no thread for one more, or the server is stopping.
    pub fn enter(&self, name: &RoomName, ip: IpAddr) -> Result<RoomHandle, EnterError> {
        let mut rooms = self.lock();
        let Some(outlets) = rooms.outlets.clone() else {
            return Err(EnterError::Stopping);
        };
        if let Some(room) = rooms.by_name.get(name) {
            return Ok(room.clone());
        }
        // The server's own room is one more: strangers' rooms must not keep the party out.
        let made_by = (!self.0.stock.is_for(name)).then(|| one_who_counts(ip));
        if made_by.is_some() {
            self.has_room_for(&rooms, made_by)?;
        }
        let room = self.empty_room(name);
        self.start_room(&mut rooms, room, made_by, None, outlets)
    }

    /// Whether one more may be made by somebody there.
    fn has_room_for(&self, rooms: &Rooms, made_by: Option<IpAddr>) -> Result<(), EnterError> {
        let limits = self.limits();
        if rooms.by_name.len() >= limits.rooms {
            return Err(EnterError::TooManyRooms);
        }
        let theirs = rooms.by_name.values();
        let theirs = theirs.filter(|room| room.0.made_by == made_by).count();
        if theirs >= limits.rooms_per_address {
            return Err(EnterError::TooManyRoomsOfAddress);
        }
        Ok(())
    }

    /// Rooms that were there before the server was started, as they would be now. Nobody need be in them for a while.
    pub fn restore(&self, kept: Vec<(RoomName, RoomSnapshot)>) {
        let mut rooms = self.lock();
        let stays_until = Instant::now() + ROOM_LINGER;
        for (name, snapshot) in kept {
            let Some(outlets) = rooms.outlets.clone() else {
                return;
            };
            let room = Room::restore(self.0.clock.now(), name.clone(), snapshot, self.home(&name));
            // What went wrong is in the log, and the room is made anew when somebody enters.
            let _no_thread = self.start_room(&mut rooms, room, None, Some(stays_until), outlets);
        }
    }

    /// The server has one more track to offer in this room, now or whenever it begins.
    pub fn offer(&self, name: &RoomName, track: QueueTrack) {
        self.0.stock.add(name, track.clone());
        if let Some(room) = self.find(name) {
            let _stopping = room.tell(ToRoom::Offered(Box::new(track)));
        }
    }

    // Apart: most who enter find the room there, and do not need the stack that making one takes.
    #[inline(never)]
    fn start_room(
        &self,
        rooms: &mut Rooms,
        room: Room,
        made_by: Option<IpAddr>,
        stays_until: Option<Instant>,
        outlets: Outlets,
    ) -> Result<RoomHandle, EnterError> {
        let name = room.name().clone();
        let key = RoomKey(rooms.next_key);
        rooms.next_key += 1;
        let (sender, inputs) = bounded(ROOM_INPUTS_MAX);
        let swarm_key = self.swarm_key(&name);
        let handle = RoomHandle(Arc::new(Entry {
            name: name.clone(),
            key_id: swarm_key.id(),
            swarm_key,
            inputs: sender,
            made_by,
        }));
        let wanted = room.wants().into_iter().map(|want| RoomWant {
            room: name.clone(),
            want,
        });
        let room_thread = RoomThread {
            handle: handle.clone(),
            untold: wanted.collect(),
            room,
            inputs,
            senders: outlets.senders.for_room(key),
            registry: self.clone(),
            clock: self.0.clock,
            wants: outlets.wants,
            wants_are_late: false,
            keeper: self.0.keeper.clone(),
            stays_until,
        };
        let run = move || room_thread.run();
        match self.0.threads.spawn("room", THREAD_STACK_BYTES, run) {
            Ok(()) => {
                rooms.by_name.insert(name, handle.clone());
                Ok(handle)
            }
            Err(error) => {
                log::error!("room {name}: no thread for it: {error}");
                Err(EnterError::TooManyRooms)
            }
        }
    }

    /// A room that nobody has entered.
    pub(super) fn empty_room(&self, name: &RoomName) -> Room {
        let tracks = self.0.stock.of(name);
        Room::new(self.0.clock.now(), name.clone(), tracks, self.home(name))
    }

    fn home(&self, name: &RoomName) -> Home {
        Home {
            version: self.0.version,
            swarm_key: self.swarm_key(name),
            node_id: self.node_id(),
            guests: self.0.guests,
            locks: self.0.doors.locks,
        }
    }

    /// What the nodes of the room of this name share, whether there is such a room or not.
    #[must_use]
    pub fn swarm_key(&self, name: &RoomName) -> SwarmKey {
        SwarmKey(self.0.secret.key_of("swarm key", name.as_str()))
    }

    /// The id of the server's own node.
    #[must_use]
    pub fn node_id(&self) -> NodeId {
        let key = self.0.secret.key_of("swarm node", "");
        NodeId(std::array::from_fn(|index| key[index]))
    }

    /// The room with this swarm key, if there is one.
    #[must_use]
    pub fn find_by_key_id(&self, key_id: KeyId) -> Option<RoomHandle> {
        let rooms = self.lock();
        let mut all = rooms.by_name.values();
        all.find(|room| room.0.key_id == key_id).cloned()
    }

    /// The rooms that there are, in no order.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomHandle> {
        self.lock().by_name.values().cloned().collect()
    }

    /// Tries soon whether a member's node can be dialled, and tells its room.
    pub(super) fn dial_back(&self, attempt: Attempt) {
        self.0.dial_back.try_soon(attempt);
    }

    #[must_use]
    pub fn doors(&self) -> Arc<Doors> {
        Arc::clone(&self.0.doors)
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
        // Before anybody can make a new one of this name, which may have something to keep.
        if let Some(keeper) = &self.0.keeper {
            keeper.forget(&room.0.name);
        }
        true
    }

    /// A bug has ended this room's thread: whoever comes back finds a new one.
    pub(super) fn forget_dead(&self, room: &RoomHandle) {
        let mut rooms = self.lock();
        let found = rooms.by_name.get(room.name());
        if found.is_some_and(|found| Arc::ptr_eq(&found.0, &room.0)) {
            rooms.by_name.remove(room.name());
        }
    }

    #[must_use]
    pub fn limits(&self) -> &ServerLimits {
        &self.0.turned_away.told().limits
    }

    /// Hears of whom a room turns away.
    #[must_use]
    pub fn turned_away(&self) -> &TurnedAway {
        &self.0.turned_away
    }

    /// What was there for a room to begin with is there no longer.
    pub fn drop_from_stock(&self, id: TrackId) {
        self.0.stock.drop(id);
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
        rooms.outlets = None;
        let stopped: Vec<RoomHandle> = rooms.by_name.drain().map(|(_, room)| room).collect();
        drop(rooms);
        self.0.dial_back.stop();
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
