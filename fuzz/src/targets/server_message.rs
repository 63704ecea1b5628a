//! What a server says to `jam seed`, `fetch`, `listen` and `check`: it may be anybody's.

use super::{assert_clean, assert_one_line};
use jam::client::messages::{Peers, ServerSays, SwarmNode, Track};
use jam::client::parse::{bytes_of_hex, parse};
use jam::limits::{
    ANNOUNCE_INTERVAL_SEC, DISPLAY_NAME_CHARS_MAX, LINKS_MAX, NODE_TRACKS_MAX, PEERS_LISTED_MAX,
    QUEUE_TRACKS_MAX, SERVER_TEXT_CHARS_MAX, SWARM_LISTED_MAX, SWARM_MAP_DIGITS,
    TRACK_ID_BYTES_MAX, TRACK_NAME_CHARS_MAX,
};

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match parse(text) {
        Ok(says) => check(&says, text),
        Err(malformed) => assert_one_line(&malformed.0, 120),
    }
}

fn check(says: &ServerSays, text: &str) {
    match says {
        ServerSays::State(state) => {
            assert!(state.offset_sec.is_finite() && state.timestamp.is_finite());
            let id_bytes = state.track_id.as_ref().map_or(0, String::len);
            assert!(id_bytes <= TRACK_ID_BYTES_MAX);
        }
        ServerSays::Peer { peer_id } => assert!(is_short(peer_id)),
        ServerSays::Welcome(welcome) => {
            for text in [&welcome.version, &welcome.name] {
                if !text.is_empty() {
                    assert_clean(text, DISPLAY_NAME_CHARS_MAX);
                }
            }
        }
        ServerSays::Queue(tracks) => {
            assert!(tracks.len() <= QUEUE_TRACKS_MAX);
            tracks.iter().for_each(check_track);
        }
        ServerSays::Peers(peers) => check_peers(peers),
        ServerSays::Swarm(nodes) => {
            assert!(nodes.len() <= SWARM_LISTED_MAX);
            nodes.iter().for_each(check_node);
        }
        ServerSays::Signal { from, blob } => {
            assert!(is_short(from));
            assert!(blob.len() <= text.len());
        }
        ServerSays::Clock(clock) => {
            assert!(
                [clock.t0, clock.t1, clock.t2]
                    .into_iter()
                    .all(f64::is_finite)
            );
        }
        ServerSays::Rights(rights) => {
            let kept = rights.kept.iter().map(|(person, until)| {
                assert!(until.is_finite());
                person
            });
            rights.host.iter().chain(kept).for_each(|person| {
                assert!(is_short(&person.peer_id));
                assert_clean(&person.name, DISPLAY_NAME_CHARS_MAX);
            });
        }
        ServerSays::Votes(votes) => {
            assert!(
                votes
                    .track_id
                    .as_ref()
                    .is_none_or(|id| id.len() <= TRACK_ID_BYTES_MAX)
            );
        }
        ServerSays::Waiting(waiting) => {
            if let Some(waiting) = waiting {
                assert!(is_short(&waiting.track_id));
                assert!(waiting.until.is_none_or(f64::is_finite));
            }
        }
        ServerSays::Members(_) => {}
        ServerSays::Error(why) | ServerSays::Refused { why, .. } => {
            assert_clean(why, SERVER_TEXT_CHARS_MAX);
        }
        ServerSays::Other => {}
    }
}

fn is_short(id: &str) -> bool {
    (1..=TRACK_ID_BYTES_MAX).contains(&id.len())
}

fn is_full_id(id: &str) -> bool {
    bytes_of_hex::<32>(id).is_some() && !id.bytes().any(|digit| digit.is_ascii_uppercase())
}

fn check_track(track: &Track) {
    assert!(is_short(&track.track_id));
    assert_clean(&track.name, TRACK_NAME_CHARS_MAX);
    assert!(track.duration_sec.is_none_or(f64::is_finite));
}

fn check_peers(peers: &Peers) {
    assert!((1..=2 * ANNOUNCE_INTERVAL_SEC).contains(&peers.interval_sec));
    assert!(peers.peers.len() <= PEERS_LISTED_MAX);
    for peer in &peers.peers {
        assert!(is_short(&peer.peer_id));
        assert_clean(&peer.name, DISPLAY_NAME_CHARS_MAX);
        assert!(peer.track_ids.len() <= NODE_TRACKS_MAX);
        let mut ids = peer.track_ids.iter().chain(&peer.track_id);
        assert!(ids.all(|id| is_full_id(id)));
    }
}

fn check_node(node: &SwarmNode) {
    assert!(is_short(&node.peer_id));
    assert_clean(&node.name, DISPLAY_NAME_CHARS_MAX);
    assert!(node.from.len() <= LINKS_MAX && node.unreachable.len() <= LINKS_MAX);
    if let Some(map) = &node.map {
        assert!(map.len() == SWARM_MAP_DIGITS as usize && map.iter().all(|&digit| digit <= 9));
    }
}
