//! `jam peer`: tries a network with a track that needs no file. The same node as `seed` and `fetch`, with a store that
//! makes its chunks up.

use super::company::Part;
use super::progress::Progress;
use super::report::{self, DOWNLOAD_COMPLETE};
use super::session::Session;
use super::{Failure, print};
use crate::cli::{FETCH_PORT, PeerOptions, SEED_PORT};
use crate::limits::{COMMAND_TICK, WAITING_AFTER};
use crate::room::message::Role;
use crate::swarm::bitfield::Bitfield;
use crate::swarm::machine::Order;
use crate::swarm::store::ChunkStore;
use crate::swarm::store::generated::{Generated, GeneratedSink};
use crate::swarm::track_swarm::{Taste, TrackSwarm};
use crate::track::chunks::Layout;
use crate::track::manifest::Manifest;
use std::sync::Arc;
use std::time::Instant;

/// # Errors
/// When the port is taken, the two sides do not agree, or it was stopped before it was done.
pub fn run(options: &PeerOptions) -> Result<(), Failure> {
    let length = u64::from(options.num_chunks) * u64::from(options.chunk_size.bytes());
    let layout = Layout::new(length, options.chunk_size)
        .ok_or_else(|| Failure(format!("{} chunks are too many", options.num_chunks)))?;
    let usual = if options.seed { SEED_PORT } else { FETCH_PORT };
    let mut session = Session::start(options.listen_port, usual, None, &options.connect)?;
    if let Some(room) = &options.tracker {
        let (role, name) = (Role::Viewer, None);
        let ears = None;
        session.enter(room, Part { role, name, ears })?;
    }
    let manifest = Arc::new(Generated::new(layout).manifest());
    let taste = Taste {
        order: Order::RarestFirst,
        window: options.inflight.map(usize::from),
    };
    let track = TrackSwarm::new(manifest.id(), session.key, Some(layout), taste);
    let (store, held): (Arc<dyn ChunkStore>, _) = if options.seed {
        (
            Arc::new(Generated::new(layout)),
            Bitfield::full(layout.count()),
        )
    } else {
        (
            Arc::new(GeneratedSink::new(layout)),
            Bitfield::new(layout.count()),
        )
    };
    track.begin(Arc::clone(&manifest), store, held);
    session.join(&track)?;
    let ended = if options.seed {
        seed(&session, layout)
    } else {
        fetch(&session, &track, &manifest)
    };
    session.end();
    ended
}

fn seed(session: &Session, layout: Layout) -> Result<(), Failure> {
    print(&format!(
        "seeding {} chunks of {} bytes on port {}\n",
        layout.count(),
        layout.chunk_size().bytes(),
        session.node.port()
    ))?;
    while !session.pause(COMMAND_TICK) {}
    Ok(())
}

fn fetch(session: &Session, track: &TrackSwarm, manifest: &Manifest) -> Result<(), Failure> {
    let mut progress = Progress::new(false);
    let began = Instant::now();
    let mut shown = 0;
    loop {
        track.wait_for_end(COMMAND_TICK);
        let gains = track.gains_since(shown);
        shown += gains.len();
        if !gains.is_empty() {
            progress.clear();
        }
        for &index in &gains {
            let bytes = manifest.layout().chunk_bytes(index);
            let checksum = &manifest.checksums()[index as usize];
            print(&report::chunk(index, bytes, checksum))?;
        }
        if shown == manifest.layout().count() as usize {
            return print(DOWNLOAD_COMPLETE);
        }
        if let Some(error) = track.take_failure() {
            return Err(error.into());
        }
        if let Some(disagreement) = track.take_disagreement() {
            return Err(Failure(disagreement));
        }
        let status = track.status();
        if status.peers == 0 && began.elapsed() >= WAITING_AFTER {
            session.say_nobody(&status, &mut progress);
        }
        if session.stop.is_asked() {
            return Err(Failure::stopped());
        }
    }
}
