//! Tracks that rooms await, on their way from the nodes of the room into the library.
//!
//! One thread hears what rooms await and begins at most `ARRIVALS_MAX` fetches, each in a thread of its own; what is
//! there of a track can be read before the rest has come. A fetch ends when the track is whole, when no queue has it
//! any more, or when its room is gone. One of which nothing comes makes way for others, and has its turn again later.

use super::room_thread::RoomWant;
use super::run::Hub;
use super::swarm::show;
use super::tracks::queue_entry;
use crate::limits::{
    ARRIVAL_PATIENCE, ARRIVAL_STALL, ARRIVALS_MAX, COMPANY_TICK, NODE_TRACKS_MAX, SNIFF_BYTES,
    THREAD_STACK_BYTES,
};
use crate::room::event::Want;
use crate::room::name::RoomName;
use crate::swarm::bitfield::Bitfield;
use crate::swarm::machine::Order;
use crate::swarm::store::{ChunkStore, StoreError};
use crate::swarm::track_swarm::{Taste, TrackSwarm};
use crate::track::chunks::Layout;
use crate::track::error::LibraryError;
use crate::track::id::TrackId;
use crate::track::incoming::Scattered;
use crate::track::library::Track;
use crate::track::sniff::sniff;
use crossbeam_channel::{Select, TryRecvError};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A track on its way.
pub struct Arrival {
    pub want: Want,
    room: RoomName,
    is_first_try: bool,
    swarm: Arc<TrackSwarm>,
    place: OnceLock<Arc<Place>>,
}

/// Where its bytes come to lie.
struct Place {
    file: File,
    layout: Layout,
    name: String,
}

impl Arrival {
    /// Bytes of the track, once somebody has proved how many they are; waits for that.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        let deadline = Instant::now() + ARRIVAL_PATIENCE;
        while self.place.get().is_none() && !self.is_over() && Instant::now() < deadline {
            self.swarm.wait_for_end(COMPANY_TICK / 5);
        }
        self.place.get().map(|place| place.layout.length())
    }

    /// Reads some bytes from `offset` on, as many as the chunk there has and `buffer` takes, waiting for them. What
    /// comes behind is fetched first from now on.
    ///
    /// # Errors
    /// `TimedOut` when they did not come for long, and what the disk says.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let place = self.place.get().ok_or(io::ErrorKind::NotFound)?;
        let chunk_bytes = u64::from(place.layout.chunk_size().bytes());
        let index = u32::try_from(offset / chunk_bytes).map_err(io::Error::other)?;
        if !self.swarm.holds(index) {
            self.swarm.play_from(index);
            if !self.swarm.wait_for_chunk(index, ARRIVAL_PATIENCE) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        let chunk_end = place.layout.offset(index) + place.layout.chunk_bytes(index) as u64;
        let bytes = (chunk_end - offset).min(buffer.len() as u64);
        let bytes = usize::try_from(bytes).expect("bug: at most the buffer");
        place.file.read_exact_at(&mut buffer[..bytes], offset)?;
        Ok(bytes)
    }

    /// What its beginning looks like; waits for the first chunk alone.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        const UNKNOWN: &str = "application/octet-stream";
        let Some(length) = self.length() else {
            return UNKNOWN;
        };
        let wanted = length.min(SNIFF_BYTES as u64);
        let mut start = vec![0; usize::try_from(wanted).expect("bug: it is small")];
        let mut there = 0;
        while there < start.len() && (there == 0 || self.has(there as u64)) {
            match self.read_at(&mut start[there..], there as u64) {
                Ok(count) => there += count,
                Err(_) => break,
            }
        }
        sniff(&start[..there]).map_or(UNKNOWN, |kind| kind.content_type())
    }

    fn has(&self, offset: u64) -> bool {
        let place = self.place.get();
        place.is_some_and(|place| {
            let index = offset / u64::from(place.layout.chunk_size().bytes());
            u32::try_from(index).is_ok_and(|index| self.swarm.holds(index))
        })
    }

    fn is_over(&self) -> bool {
        self.swarm.is_stopped()
    }
}

/// What becomes of a track that somebody wants to hear.
pub enum Outlook {
    Here(Arc<Track>),
    Coming(Arc<Arrival>),
    /// Others came first, for as long as anybody waits.
    Late,
    /// No room awaits it.
    None,
}

/// Waits for the turn of a track that a room awaits.
#[must_use]
pub fn outlook(hub: &Hub, id: TrackId) -> Outlook {
    let deadline = Instant::now() + ARRIVAL_PATIENCE;
    loop {
        // Whoever was told of it finds it in one of these: it leaves none before it is in the next.
        let _stopping = hear(hub);
        let waits = hub.swarm.waiting().has(id);
        if let Some(arrival) = hub.swarm.arriving(id) {
            return Outlook::Coming(arrival);
        }
        if let Some(track) = hub.library.get(id) {
            return Outlook::Here(track);
        }
        // It may have been put back meanwhile.
        if !waits && !hub.swarm.waiting().has(id) {
            return Outlook::None;
        }
        if Instant::now() >= deadline {
            return Outlook::Late;
        }
        std::thread::sleep(COMPANY_TICK / 5);
    }
}

/// Takes what rooms await until the server stops.
pub fn run(hub: &Arc<Hub>) {
    while hear(hub) {
        while begin_next(hub) {}
        let mut select = Select::new();
        select.recv(&hub.wants);
        let _or_nothing_new = select.ready_timeout(COMPANY_TICK);
    }
}

/// `false`: the server stops.
fn hear(hub: &Hub) -> bool {
    let mut waiting = hub.swarm.waiting();
    loop {
        match hub.wants.try_recv() {
            Ok(want) => waiting.add(want),
            Err(TryRecvError::Empty) => return true,
            Err(TryRecvError::Disconnected) => return false,
        }
    }
}

/// Begins with what is in the library already, or else what there is room for; a track that is being fetched waits for
/// its end. `false`: there is none.
fn begin_next(hub: &Arc<Hub>) -> bool {
    let mut arrivals = hub.swarm.arrivals();
    let has_room = arrivals.len() < ARRIVALS_MAX;
    let mut waiting = hub.swarm.waiting();
    let next = waiting.take(|RoomWant { want, .. }| {
        let id = want.track_id;
        hub.library.get(id).is_some() || has_room && !arrivals.contains_key(&id)
    });
    let Some((RoomWant { room, want }, is_first_try)) = next else {
        return false;
    };
    if let Some(track) = hub.library.get(want.track_id) {
        drop((arrivals, waiting));
        if let Some(handle) = hub.registry.find(&room) {
            let _stopping = handle.track_arrived(queue_entry(&track, None));
        }
        return true;
    }
    if let Err(why) = check_size(hub, want.bytes) {
        log::warn!("room {room}: {:?} is not fetched: {why}", want.name);
        return true;
    }
    let key = hub.registry.swarm_key(&room);
    let taste = Taste {
        order: Order::Playback(0),
        window: None,
    };
    let arrival = Arc::new(Arrival {
        swarm: TrackSwarm::new(want.track_id, key, None, taste),
        place: OnceLock::new(),
        room,
        want,
        is_first_try,
    });
    let id = arrival.want.track_id;
    arrivals.insert(id, Arc::clone(&arrival));
    drop((arrivals, waiting));
    let own_hub = Arc::clone(hub);
    let fetch = move || fetch(&own_hub, &arrival);
    if let Err(error) = hub.threads.spawn("arrival", THREAD_STACK_BYTES, fetch) {
        log::error!("no thread to fetch a track: {error}");
        hub.swarm.arrivals().remove(&id);
    }
    true
}

/// Whether the library may take so many bytes more.
fn check_size(hub: &Hub, bytes: u64) -> Result<(), String> {
    if bytes > hub.upload_bytes_max {
        return Err("it is larger than the server takes (jam server --max-upload)".into());
    }
    if hub.library.bytes().saturating_add(bytes) > hub.library_bytes_max {
        return Err("the library is full (jam server --max-library)".into());
    }
    Ok(())
}

fn fetch(hub: &Arc<Hub>, arrival: &Arrival) {
    let (name, room) = (&arrival.want.name, &arrival.room);
    let level = match arrival.is_first_try {
        true => log::Level::Info,
        false => log::Level::Debug,
    };
    log::log!(level, "room {room}: fetching {name:?} from its nodes");
    let fetched = match hub.swarm.node.join(&arrival.swarm) {
        Ok(()) => follow(hub, arrival),
        Err(error) => Err(error.to_string()),
    };
    match fetched {
        Ok(Followed::ToItsEnd) => {
            log::info!("room {room}: {name:?} is here");
            hub.swarm.keep(Arc::clone(&arrival.swarm));
        }
        Ok(Followed::InVain) => {
            log::debug!("room {room}: nothing comes of {name:?}: others first, then again");
            hub.swarm.node.leave(&arrival.swarm);
            hub.swarm.waiting().put_back(RoomWant {
                room: room.clone(),
                want: arrival.want.clone(),
            });
        }
        Err(why) => {
            log::warn!("room {room}: {name:?} is not fetched: {why}");
            hub.swarm.node.leave(&arrival.swarm);
        }
    }
    hub.swarm.arrivals().remove(&arrival.want.track_id);
}

enum Followed {
    ToItsEnd,
    /// Nothing came for long, and others wait.
    InVain,
}

/// Until it is in the library.
fn follow(hub: &Hub, arrival: &Arrival) -> Result<Followed, String> {
    const LOOK_EVERY: Duration = Duration::from_secs(1);
    let swarm = &arrival.swarm;
    let mut grew = (Instant::now(), 0);
    let mut scattered = None;
    let mut looked_at: Option<Instant> = None;
    loop {
        // Not held between two looks, or a room that everybody left would live on.
        let room = hub.registry.find(&arrival.room).ok_or("its room is gone")?;
        if looked_at.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
            looked_at = Some(Instant::now());
            let wants = room.wants();
            if wants.is_some_and(|wants| !wants.iter().any(|want| want.track_id == swarm.id)) {
                return Err("no queue has it any more".into());
            }
            for node in room.nodes().unwrap_or_default() {
                // Of more tracks than that it names only some.
                let concerns = node.track_id == Some(swarm.id)
                    || node.track_ids.contains(&swarm.id)
                    || node.track_ids.len() >= NODE_TRACKS_MAX;
                if concerns && node.dialable != Some(false) {
                    let address = SocketAddr::new(node.ip, node.port);
                    swarm.learn(address, Some(node.node_id), false);
                }
            }
        }
        show(&room, swarm);
        if scattered.is_none() {
            scattered = prepare(hub, arrival)?;
        }
        if let Some(error) = swarm.take_failure() {
            return Err(error.to_string());
        }
        if swarm.status().complete
            && let Some(whole) = scattered.take()
        {
            let name = arrival.place.get().map(|place| place.name.clone());
            let name = name.unwrap_or_else(|| arrival.want.name.clone());
            let track = hub.library.finish_scattered(whole, swarm.id, name);
            let track = track.map_err(|error: LibraryError| error.to_string())?;
            let _stopping = room.track_arrived(queue_entry(&track, None));
            return Ok(Followed::ToItsEnd);
        }
        let held_bytes = swarm.status().held_bytes;
        if held_bytes != grew.1 {
            grew = (Instant::now(), held_bytes);
        } else if grew.0.elapsed() >= ARRIVAL_STALL && is_in_the_way(hub, swarm.id) {
            return Ok(Followed::InVain);
        }
        drop(room);
        if swarm.is_stopped() {
            return Err("the server is stopping".into());
        }
        swarm.wait_for_end(COMPANY_TICK);
    }
}

/// Whether something could begin if the fetch of this track ended: the same for another room, or another one.
fn is_in_the_way(hub: &Hub, id: TrackId) -> bool {
    let arrivals = hub.swarm.arrivals();
    let waiting = hub.swarm.waiting();
    let is_full = arrivals.len() >= ARRIVALS_MAX;
    waiting.has(id) || is_full && waiting.any(|other| !arrivals.contains_key(&other))
}

/// A place for its bytes, once it is known how many they are.
fn prepare(hub: &Hub, arrival: &Arrival) -> Result<Option<Scattered>, String> {
    let Some(manifest) = arrival.swarm.wait_for_manifest(Duration::ZERO) else {
        return Ok(None);
    };
    let layout = manifest.layout();
    check_size(hub, layout.length())?;
    let in_words = |error: LibraryError| error.to_string();
    let scattered = hub.library.begin_scattered().map_err(in_words)?;
    let open = || -> Result<Place, LibraryError> {
        Ok(Place {
            file: scattered.file()?,
            layout,
            name: manifest.name().to_owned(),
        })
    };
    let place = open().map_err(in_words)?;
    place
        .file
        .set_len(layout.length())
        .map_err(|error| error.to_string())?;
    let place = Arc::new(place);
    let _only_here = arrival.place.set(Arc::clone(&place));
    let held = Bitfield::new(layout.count());
    arrival.swarm.begin(manifest, place, held);
    Ok(Some(scattered))
}

impl ChunkStore for Place {
    fn read(&self, index: u32, buffer: &mut [u8]) -> Result<(), StoreError> {
        let read = self.file.read_exact_at(buffer, self.layout.offset(index));
        read.map_err(|error| self.failed("reading", error))
    }

    fn write(&self, index: u32, data: &[u8]) -> Result<(), StoreError> {
        let written = self.file.write_all_at(data, self.layout.offset(index));
        written.map_err(|error| self.failed("writing", error))
    }
}

impl Place {
    fn failed(&self, doing: &'static str, source: io::Error) -> StoreError {
        StoreError::Io {
            doing,
            path: PathBuf::from(&self.name),
            source,
        }
    }
}
