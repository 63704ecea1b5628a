//! Tracks that rooms await, on their way from the nodes of the room into the library.
//!
//! One thread hears what rooms await and begins at most `ARRIVALS_MAX` fetches, each in a thread of its own; what is
//! there of a track can be read before the rest has come. A fetch ends when the track is whole, when no queue has it
//! any more, or when its room is gone. One of which nothing comes makes way for others, and has its turn again later.
//! One that the library cannot take is not tried again: the room is told, which takes it out of its queue.

use super::arrival::{Arrival, Place};
use super::making_room::Space;
use super::refusal::Refusal;
use super::room_thread::RoomWant;
use super::run::Hub;
use super::swarm::show;
use super::tracks::queue_entry;
use crate::limits::{
    ARRIVAL_PATIENCE, ARRIVAL_STALL, ARRIVALS_MAX, COMPANY_TICK, NODE_TRACKS_MAX,
    THREAD_STACK_BYTES,
};
use crate::swarm::bitfield::Bitfield;
use crate::swarm::machine::Order;
use crate::swarm::track_swarm::{Taste, TrackSwarm};
use crate::track::id::TrackId;
use crate::track::incoming::Scattered;
use crate::track::library::Track;
use crossbeam_channel::{Select, TryRecvError};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// What becomes of a track that somebody wants to hear.
pub enum Outlook {
    Here(Arc<Track>),
    Coming(Arc<Arrival>),
    /// Others came first, for as long as anybody waits, or until the server stops.
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
        let goes_on = hear(hub);
        let waits = hub.gathering.is_under_way() || hub.swarm.waiting().has(id);
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
        if !goes_on || Instant::now() >= deadline {
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
    let mut without_place = Vec::new();
    let mut waiting = hub.swarm.waiting();
    let goes_on = loop {
        match hub.wants.try_recv() {
            Ok(want) => without_place.extend(waiting.add(want)),
            Err(error) => break error == TryRecvError::Empty,
        }
    };
    drop(waiting);
    for want in without_place {
        refuse(hub, &want, &Refusal::TooManyWait);
    }
    goes_on
}

/// The room takes it out of its queue, and tells whoever offered it. May wait while the room is busy.
fn refuse(hub: &Hub, RoomWant { room, want }: &RoomWant, refusal: &Refusal) {
    log::warn!("room {room}: {:?} is not fetched: {refusal}", want.name);
    if let Some(handle) = hub.registry.find(room) {
        let _stopping = handle.track_refused(want.track_id, refusal.in_words());
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
    let Some((wanted, is_first_try)) = next else {
        return false;
    };
    let RoomWant { room, want } = wanted.clone();
    if let Some(track) = hub.library.hold(want.track_id) {
        drop((arrivals, waiting));
        if let Some(handle) = hub.registry.find(&room) {
            let _stopping = handle.track_arrived(queue_entry(&track, None));
        }
        return true;
    }
    if let Err(refusal) = check_size(hub, want.bytes) {
        drop((arrivals, waiting));
        refuse(hub, &wanted, &refusal);
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
        hub.swarm.arrivals().remove(&id);
        refuse(hub, &wanted, &Refusal::no_thread(&error));
    }
    true
}

/// Whether the library might take so many bytes more.
fn check_size(hub: &Hub, bytes: u64) -> Result<(), Refusal> {
    if bytes > hub.upload_bytes_max {
        return Err(Refusal::TooLarge);
    }
    match hub.making_room.is_thinkable(hub, bytes) {
        true => Ok(()),
        false => Err(Refusal::LibraryFull),
    }
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
        Err(error) => Err(Failed::Refused(Refusal::no_thread(&error))),
    };
    let wanted = RoomWant {
        room: room.clone(),
        want: arrival.want.clone(),
    };
    match fetched {
        Ok(Followed::ToItsEnd) => {
            log::info!("room {room}: {name:?} is here");
            hub.swarm.keep(Arc::clone(&arrival.swarm));
        }
        Ok(Followed::InVain) => {
            log::debug!("room {room}: nothing comes of {name:?}: others first, then again");
            hub.swarm.node.leave(&arrival.swarm);
            hub.swarm.waiting().put_back(wanted);
        }
        Err(Failed::Moot(why)) => {
            log::info!("room {room}: {name:?} is not fetched: {why}");
            hub.swarm.node.leave(&arrival.swarm);
        }
        Err(Failed::Refused(refusal)) => {
            hub.swarm.node.leave(&arrival.swarm);
            refuse(hub, &wanted, &refusal);
        }
    }
    hub.swarm.arrivals().remove(&arrival.want.track_id);
}

enum Followed {
    ToItsEnd,
    /// Nothing came for long, and others wait.
    InVain,
}

enum Failed {
    /// Nobody waits for it any more.
    Moot(&'static str),
    Refused(Refusal),
}

impl<E: Into<Refusal>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// Until it is in the library.
fn follow(hub: &Hub, arrival: &Arrival) -> Result<Followed, Failed> {
    const LOOK_EVERY: Duration = Duration::from_secs(1);
    let swarm = &arrival.swarm;
    let mut grew = (Instant::now(), 0);
    let mut scattered = None;
    let mut looked_at: Option<Instant> = None;
    loop {
        // Not held between two looks, or a room that everybody left would live on.
        let room = hub.registry.find(&arrival.room);
        let room = room.ok_or(Failed::Moot("its room is gone"))?;
        if looked_at.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
            looked_at = Some(Instant::now());
            let wants = room.wants();
            if wants.is_some_and(|wants| !wants.iter().any(|want| want.track_id == swarm.id)) {
                return Err(Failed::Moot("no queue has it any more"));
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
            return Err(error.into());
        }
        if swarm.status().complete
            && let Some((whole, _space)) = scattered.take()
        {
            let name = arrival.place.get().map(|place| place.name.clone());
            let name = name.unwrap_or_else(|| arrival.want.name.clone());
            let track = hub.library.finish_scattered(whole, swarm.id, name)?;
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
            return Err(Failed::Moot("the server is stopping"));
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
fn prepare<'a>(hub: &'a Hub, arrival: &Arrival) -> Result<Option<(Scattered, Space<'a>)>, Refusal> {
    let Some(manifest) = arrival.swarm.wait_for_manifest(Duration::ZERO) else {
        return Ok(None);
    };
    let layout = manifest.layout();
    check_size(hub, layout.length())?;
    let space = hub.making_room.reserve(hub, layout.length());
    let space = space.ok_or(Refusal::LibraryFull)?;
    let scattered = hub.library.begin_scattered()?;
    let file = scattered.file()?;
    let name = manifest.name().to_owned();
    let sized = file.set_len(layout.length());
    sized
        .map_err(|error| Refusal::of_disk(&error, format!("making room for {name:?}: {error}")))?;
    let place = Arc::new(Place { file, layout, name });
    let _only_here = arrival.place.set(Arc::clone(&place));
    let held = Bitfield::new(layout.count());
    arrival.swarm.begin(manifest, place, held);
    Ok(Some((scattered, space)))
}
