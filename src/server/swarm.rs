//! The server's own node: it gives the tracks of its library to the nodes of its rooms, and takes what rooms await from
//! them, so that browsers can hear what only a laptop has.
//!
//! It listens on the server's own port: a connection that begins with a swarm frame is handed to it. Tracks of the
//! library are hashed into chunks when a node asks for the first time; what is fetched is `arrivals`' to decide.

use super::arrival::Arrival;
use super::registry::{Registry, RoomHandle};
use super::wants::Waiting;
use crate::limits::SERVED_SWARMS_MAX;
use crate::room::event::ServerNode;
use crate::swarm::bitfield::Bitfield;
use crate::swarm::handshake::Identity;
use crate::swarm::key::{KeyId, SwarmKey};
use crate::swarm::node::{Extras, Node};
use crate::swarm::store::{ChunkStore, StoreError};
use crate::swarm::track_swarm::{Taste, TrackSwarm};
use crate::track::chunks::Layout;
use crate::track::hashing::hash_track;
use crate::track::id::TrackId;
use crate::track::library::{Library, Track};
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub struct ServerSwarm {
    pub node: Node,
    arriving: Mutex<HashMap<TrackId, Arc<Arrival>>>,
    waiting: Mutex<Waiting>,
    served: Arc<Served>,
}

/// The tracks that nodes asked for. Invariant: at most `SERVED_SWARMS_MAX`, the longest unasked goes first.
struct Served {
    library: Arc<Library>,
    registry: Registry,
    table: Mutex<Table>,
    /// Held while a track is hashed: those who want the same one wait for it.
    hashing: Mutex<()>,
}

#[derive(Default)]
struct Table {
    turn: u64,
    swarms: HashMap<(TrackId, KeyId), (u64, Arc<TrackSwarm>)>,
}

impl ServerSwarm {
    /// `port`: on which the server listens.
    #[must_use]
    pub fn new(library: &Arc<Library>, registry: &Registry, port: u16) -> Self {
        let served = Arc::new(Served {
            library: Arc::clone(library),
            registry: registry.clone(),
            table: Mutex::default(),
            hashing: Mutex::default(),
        });
        let identity = Identity {
            node: registry.node_id(),
            listen_port: port,
        };
        let own = Arc::clone(&served);
        let lookup = move |id, key| own.find(id, key);
        let extras = Extras {
            lookup: Some(Box::new(lookup)),
            ..Extras::default()
        };
        Self {
            node: Node::with_identity(identity, extras),
            arriving: Mutex::default(),
            waiting: Mutex::default(),
            served,
        }
    }

    /// Whether what a client sends first is a swarm frame: its length is far below 16 MiB, and no request begins with
    /// a zero.
    #[must_use]
    pub fn is_meant(first: &[u8]) -> bool {
        first.first() == Some(&0)
    }

    /// Serves such a connection until it ends.
    pub fn serve(&self, socket: Arc<TcpStream>, peer: SocketAddr, unread: &[u8]) {
        self.node.serve(socket, peer, unread);
    }

    /// A track that is being fetched.
    #[must_use]
    pub fn arriving(&self, id: TrackId) -> Option<Arc<Arrival>> {
        self.arrivals().get(&id).cloned()
    }

    pub(super) fn arrivals(&self) -> MutexGuard<'_, HashMap<TrackId, Arc<Arrival>>> {
        // The table is whole between any two statements that hold it.
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never locked before `arrivals` when both are.
    pub(super) fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // The lists are whole between any two statements that hold them.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a node is connected because of this track.
    #[must_use]
    pub(super) fn is_serving(&self, id: TrackId) -> bool {
        let swarms = self.served.of(id);
        swarms.iter().any(|swarm| swarm.status().peers > 0)
    }

    /// The library has this track no longer.
    pub(super) fn forget(&self, id: TrackId) {
        for swarm in self.served.of(id) {
            self.served.lock().swarms.remove(&(id, swarm.key().id()));
            self.node.leave(&swarm);
        }
    }

    /// A track that was fetched goes on being served.
    pub(super) fn keep(&self, swarm: Arc<TrackSwarm>) {
        if let Some(old) = self.served.keep(swarm) {
            self.node.leave(&old);
        }
    }
}

impl Served {
    fn find(&self, id: TrackId, key: KeyId) -> Option<Arc<TrackSwarm>> {
        let room = self.registry.find_by_key_id(key)?;
        if let Some(track) = self.library.get(id) {
            track.note_use();
        }
        if let Some(swarm) = self.known(id, key) {
            return Some(swarm);
        }
        let track = self.library.get(id)?;
        let _hashing = self.hashing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(swarm) = self.known(id, key) {
            return Some(swarm); // Somebody else was faster.
        }
        match begin(track, room.swarm_key()) {
            Ok(swarm) => {
                show(&room, &swarm);
                if let Some(old) = self.keep(Arc::clone(&swarm)) {
                    old.stop();
                }
                Some(swarm)
            }
            Err(error) => {
                log::error!("a track for the swarm of room {}: {error}", room.name());
                None
            }
        }
    }

    /// This track, for each room whose nodes asked for it.
    fn of(&self, id: TrackId) -> Vec<Arc<TrackSwarm>> {
        let table = self.lock();
        let all = table.swarms.iter();
        let of_track = all.filter(|((track, _), _)| *track == id);
        of_track.map(|(_, (_, swarm))| Arc::clone(swarm)).collect()
    }

    fn known(&self, id: TrackId, key: KeyId) -> Option<Arc<TrackSwarm>> {
        let mut table = self.lock();
        table.turn += 1;
        let turn = table.turn;
        let (asked, swarm) = table.swarms.get_mut(&(id, key))?;
        *asked = turn;
        // A file that changed is hashed anew, and found to be another track.
        match swarm.has_failed() {
            false => Some(Arc::clone(swarm)),
            true => {
                table.swarms.remove(&(id, key));
                None
            }
        }
    }

    /// Gives back the one that has to go for it.
    fn keep(&self, swarm: Arc<TrackSwarm>) -> Option<Arc<TrackSwarm>> {
        let mut table = self.lock();
        table.turn += 1;
        let turn = table.turn;
        let key = (swarm.id, swarm.key().id());
        table.swarms.insert(key, (turn, swarm));
        if table.swarms.len() <= SERVED_SWARMS_MAX {
            return None;
        }
        let oldest = table.swarms.iter().min_by_key(|(_, (asked, _))| *asked);
        let (&oldest, _) = oldest?;
        table.swarms.remove(&oldest).map(|(_, swarm)| swarm)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table is whole between any two statements that hold it.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A track of the library as a swarm of which the server has everything.
fn begin(track: Arc<Track>, key: SwarmKey) -> Result<Arc<TrackSwarm>, String> {
    let in_words = |error: &dyn std::fmt::Display| error.to_string();
    let mut file = track.open().map_err(|error| in_words(&error))?;
    let go_on = &mut |_: &Path, _, _| ControlFlow::Continue(());
    let hashed = hash_track(&mut file, track.bytes, None, Path::new(&track.name), go_on)
        .map_err(|error| in_words(&error))?;
    let manifest = hashed.into_manifest(&track.name);
    if manifest.id() != track.id {
        return Err(format!("{:?} is not what it was", track.name));
    }
    let layout = manifest.layout();
    let swarm = TrackSwarm::new(track.id, key, None, Taste::default());
    let stored = Stored { track, layout };
    let held = Bitfield::full(layout.count());
    swarm.begin(Arc::new(manifest), Arc::new(stored), held);
    Ok(swarm)
}

/// Has the room draw the server's node with this track.
pub(super) fn show(room: &RoomHandle, swarm: &TrackSwarm) {
    let (Some(layout), Some(held)) = (swarm.known_layout(), swarm.held()) else {
        return;
    };
    let sources = swarm.status().sources;
    let received = sources.iter().map(|source| {
        let chunks = u32::try_from(source.chunks).unwrap_or(u32::MAX);
        (source.node, chunks)
    });
    let have_count = held.iter().map(|byte| byte.count_ones()).sum();
    // A room that is too busy hears of the next one.
    let _too_busy = room.set_server_node(Some(ServerNode {
        track_id: swarm.id,
        total_chunks: layout.count(),
        chunk_size: layout.chunk_size().bytes(),
        have_count,
        held,
        received: received.collect(),
        unreachable: swarm.unreachable_nodes(),
    }));
}

/// A track of the library, read where it lies. Opened for each chunk: a descriptor is held only while one is read.
struct Stored {
    track: Arc<Track>,
    layout: Layout,
}

impl ChunkStore for Stored {
    fn read(&self, index: u32, buffer: &mut [u8]) -> Result<(), StoreError> {
        let reading = |source: io::Error| StoreError::Io {
            doing: "reading",
            path: self.track.name.clone().into(),
            source,
        };
        let file = self
            .track
            .open()
            .map_err(|error| reading(io::Error::other(error)))?;
        let read = file.read_exact_at(buffer, self.layout.offset(index));
        read.map_err(reading)
    }

    /// # Errors
    /// Always: the library's tracks are whole.
    fn write(&self, index: u32, _: &[u8]) -> Result<(), StoreError> {
        Err(StoreError::Wrong { index })
    }
}
