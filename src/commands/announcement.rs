//! What a node in a room says that it has.

use crate::client::outgoing::{Announce, Links, Offer};
use crate::swarm::node::Node;
use crate::swarm::track_swarm::TrackSwarm;
use std::sync::Arc;

/// `offers`: to be made next. Of more tracks than an announcement takes they come first, because a room takes an offer
/// only of a track that was announced.
#[must_use]
pub fn announcement(
    node: &Node,
    tracks: &[Arc<TrackSwarm>],
    offers: &[(String, Offer)],
) -> Announce {
    let current = current(tracks);
    let layout = current.and_then(|track| track.known_layout());
    let whole = tracks.iter().filter(|track| track.status().complete);
    let mut track_ids: Vec<String> = whole.map(|track| track.id.to_string()).collect();
    track_ids.sort_by_key(|id| !offers.iter().any(|(offered, _)| offered == id));
    Announce {
        port: node.port(),
        node_id: node.id().0,
        track_id: current.map(|track| track.id.to_string()),
        total_chunks: layout.map(|layout| layout.count()),
        chunk_size: layout.map(|layout| layout.chunk_size().bytes()),
        have_count: current.map(|track| {
            let gains = track.gains_since(0).len();
            u32::try_from(gains).expect("bug: a track has at most a million chunks")
        }),
        track_ids,
    }
}

/// The track that is being fetched, the last of several, or else the last one.
#[must_use]
pub fn current(tracks: &[Arc<TrackSwarm>]) -> Option<&Arc<TrackSwarm>> {
    let fetching = tracks.iter().rfind(|track| !track.status().complete);
    fetching.or(tracks.last())
}

/// From whom it has how much of a track.
#[must_use]
pub fn links(track: &TrackSwarm) -> Links {
    let sources = track.status().sources;
    let received = sources.iter().map(|source| {
        let chunks = u32::try_from(source.chunks).unwrap_or(u32::MAX);
        (source.node.0, chunks)
    });
    let unreachable = track.unreachable_nodes();
    Links {
        track_id: track.id.to_string(),
        received: received.collect(),
        unreachable: unreachable.iter().map(|node| node.0).collect(),
    }
}
