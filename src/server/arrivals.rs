//! Tracks that rooms await, on their way from the nodes of the room into the library.
//!
//! One thread hears what rooms await and begins at most `ARRIVALS_MAX` fetches, each in a thread of its own; what is
//! there of a track can be read before the rest has come. A fetch ends when the track is whole, when no queue has it
//! any more, or when its room is gone.

use super::room_thread::RoomWant;
use super::run::Hub;
use super::swarm::show;
use super::tracks::queue_entry;
use crate::limits::{
    ARRIVAL_PATIENCE, ARRIVALS_MAX, ARRIVALS_WAITING_MAX, COMPANY_TICK, SNIFF_BYTES,
    THREAD_STACK_BYTES,
};
use crate::room::event::Want;
use crate::room::name::RoomName;
use crate::swarm::bitfield::Bitfield;
use crate::swarm::frame::NodeId;
use crate::swarm::key::SwarmKey;
use crate::swarm::machine::Order;
use crate::swarm::store::{ChunkStore, StoreError};
use crate::swarm::track_swarm::{Taste, TrackSwarm};
use crate::track::chunks::Layout;
use crate::track::error::LibraryError;
use crate::track::incoming::Scattered;
use crate::track::sniff::sniff;
use crossbeam_channel::RecvTimeoutError;
use std::collections::VecDeque;
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

/// Takes what rooms await until the server stops.
pub fn run(hub: &Arc<Hub>) {
    let mut waiting: VecDeque<RoomWant> = VecDeque::new();
    loop {
        match hub.wants.recv_timeout(COMPANY_TICK) {
            Ok(want) if waiting.len() < ARRIVALS_WAITING_MAX && !waiting.contains(&want) => {
                waiting.push_back(want);
            }
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while !waiting.is_empty() && hub.swarm.arrivals().len() < ARRIVALS_MAX {
            let next = waiting.pop_front().expect("bug: it is not empty");
            begin(hub, next);
        }
    }
}

fn begin(hub: &Arc<Hub>, RoomWant { room, want }: RoomWant) {
    if let Some(track) = hub.library.get(want.track_id) {
        // It came by another way meanwhile.
        if let Some(handle) = hub.registry.find(&room) {
            let _stopping = handle.track_arrived(queue_entry(&track, None));
        }
        return;
    }
    if let Err(why) = check_size(hub, want.bytes) {
        return log::warn!("room {room}: {:?} is not fetched: {why}", want.name);
    }
    let key = SwarmKey(hub.swarm_key(&room));
    let taste = Taste {
        order: Order::Playback(0),
        window: None,
    };
    let arrival = Arc::new(Arrival {
        swarm: TrackSwarm::new(want.track_id, key, None, taste),
        place: OnceLock::new(),
        room,
        want,
    });
    let mut arrivals = hub.swarm.arrivals();
    if arrivals.contains_key(&arrival.want.track_id) {
        return;
    }
    arrivals.insert(arrival.want.track_id, Arc::clone(&arrival));
    drop(arrivals);
    let (own_hub, own_arrival) = (Arc::clone(hub), Arc::clone(&arrival));
    let fetch = move || fetch(&own_hub, &own_arrival);
    if let Err(error) = hub.threads.spawn("arrival", THREAD_STACK_BYTES, fetch) {
        log::error!("no thread to fetch a track: {error}");
        hub.swarm.arrivals().remove(&arrival.want.track_id);
    }
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
    log::info!("room {room}: fetching {name:?} from its nodes");
    let fetched = match hub.swarm.node.join(&arrival.swarm) {
        Ok(()) => follow(hub, arrival),
        Err(error) => Err(error.to_string()),
    };
    match fetched {
        Ok(()) => {
            log::info!("room {room}: {name:?} is here");
            hub.swarm.keep(Arc::clone(&arrival.swarm));
        }
        Err(why) => {
            log::warn!("room {room}: {name:?} is not fetched: {why}");
            hub.swarm.node.leave(&arrival.swarm);
        }
    }
    hub.swarm.arrivals().remove(&arrival.want.track_id);
}

/// Until it is in the library.
fn follow(hub: &Hub, arrival: &Arrival) -> Result<(), String> {
    const LOOK_EVERY: Duration = Duration::from_secs(1);
    let swarm = &arrival.swarm;
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
                let concerns =
                    node.track_id == Some(swarm.id) || node.track_ids.contains(&swarm.id);
                if concerns && node.dialable != Some(false) {
                    let address = SocketAddr::new(node.ip, node.port);
                    swarm.learn(address, Some(NodeId(node.node_id.0)), false);
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
            return Ok(());
        }
        drop(room);
        if swarm.is_stopped() {
            return Err("the server is stopping".into());
        }
        swarm.wait_for_end(COMPANY_TICK);
    }
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
