//! Limits of the swarm: frames, connections between nodes, and when what is dialled, asked and offered.

use super::{CHUNKS_MAX, TRACK_NAME_CHARS_MAX};
use std::time::Duration;

/// A leaf of a BLAKE3 tree: what proves the length of a track.
pub const LEAF_BYTES: usize = 1024;

/// Longest name of a track in a frame.
pub const TRACK_NAME_BYTES_MAX: usize = 1024;
const _: () = assert!(TRACK_NAME_BYTES_MAX >= 4 * TRACK_NAME_CHARS_MAX);

/// HELLO, WELCOME and PROOF have 83 bytes at most, a REFUSE its text.
pub const SWARM_HANDSHAKE_BYTES_MAX: u32 = 1024;

/// Longest text of a refusal.
pub const SWARM_REFUSAL_BYTES_MAX: usize = 512;

/// INFO: a bit for every chunk, and addresses.
pub const SWARM_INFO_BYTES_MAX: u32 = CHUNKS_MAX / 8 + 4096;

/// Chunks named as news in one frame; the rest comes with the next.
pub const SWARM_NEWS_MAX: usize = 4096;

/// Every frame but those with data: full of news, and to spare.
pub const SWARM_SMALL_BYTES_MAX: u32 = 32 * 1024;
const _: () = assert!(4 * SWARM_NEWS_MAX + 1024 < SWARM_SMALL_BYTES_MAX as usize);

/// Checksums in one frame of a manifest: a song's are one frame.
pub const SWARM_MANIFEST_CHECKSUMS: usize = 2048;

/// MANIFEST: these, the name, and the proof of the length.
pub const SWARM_MANIFEST_BYTES_MAX: u32 = 80 * 1024;
const _: () = assert!(
    32 * SWARM_MANIFEST_CHECKSUMS + TRACK_NAME_BYTES_MAX + LEAF_BYTES + 1024
        < SWARM_MANIFEST_BYTES_MAX as usize
);

/// Addresses of other nodes in one frame.
pub const SWARM_ADDRESSES_MAX: usize = 64;

/// Tracks that a list names.
pub const SWARM_TRACKS_LISTED_MAX: usize = 100;

/// What a connection's buffer begins with: most frames without data fit.
pub const SWARM_READ_BYTES: usize = 4 * 1024;

/// Connections of a node: two for each of a hundred partners, and some for those who only want to know about others.
/// Each has a thread.
pub const SWARM_CONNECTIONS_MAX: usize = 256;

/// Connections that one address may open: a lab behind one router has many nodes, but none may shut out all others.
pub const SWARM_CONNECTIONS_PER_ADDRESS_MAX: usize = 96;
const _: () =
    assert!(2 * SWARM_CONNECTIONS_PER_ADDRESS_MAX < SWARM_CONNECTIONS_MAX - SWARM_CONNECTIONS_OWN);

/// Of a node's connections, those that nobody else can take: whom it asks and whom it offers itself to in a small swarm, so that it
/// still reaches them when strangers take all other places.
pub const SWARM_CONNECTIONS_OWN: usize = 40;
const _: () = assert!(SWARM_CONNECTIONS_OWN >= 2 * SWARM_MESH_MAX + SWARM_LINKS_ALONE);

/// Connections that the kernel completes before they are accepted.
pub const SWARM_BACKLOG: i32 = 256;

/// Stack of a node's threads; virtual, only what is touched counts.
pub const SWARM_STACK_BYTES: usize = 256 * 1024;

/// From connecting to WELCOME, and between any two frames of the handshake.
pub const SWARM_HANDSHAKE_DEADLINE: Duration = Duration::from_secs(8);

/// An acceptor that does not know the track itself yet waits this long until it says so.
pub const SWARM_CONTENT_PATIENCE: Duration = Duration::from_secs(5);
const _: () = assert!(SWARM_CONTENT_PATIENCE.as_secs() < SWARM_HANDSHAKE_DEADLINE.as_secs());

/// A connection on which no byte comes or goes for this long is over, though somebody waits for one.
pub const SWARM_SILENCE: Duration = Duration::from_secs(15);

/// An asker that needs nothing says so this often.
pub const SWARM_KEEP_ALIVE: Duration = Duration::from_secs(4);
const _: () = assert!(2 * SWARM_KEEP_ALIVE.as_secs() < SWARM_SILENCE.as_secs());

/// For a TCP connection to come about.
pub const SWARM_DIAL_DEADLINE: Duration = Duration::from_secs(3);

/// How long an answer that has only news may wait for some.
pub const SWARM_NEWS_WAIT: Duration = Duration::from_millis(50);

/// How long an asker that needs nothing of a seed rests until it looks again.
pub const SWARM_REST_SEC: f64 = 0.05;

/// How often such an asker wants to know about other nodes.
pub const SWARM_ASK_AGAIN: Duration = Duration::from_secs(3);

/// A manifest that does not come for this long is asked of somebody else.
pub const SWARM_MANIFEST_PATIENCE_SEC: f64 = 2.0;

/// Most requests in flight on one connection: 16 chunks cover a round trip of 20 ms at 100 Mbit/s.
pub const SWARM_IN_FLIGHT_MAX: usize = 16;

/// With more connections than these on which it asks, a node has something to read while one of them waits.
pub const SWARM_FEW_LINKS: usize = 4;

/// Requests in flight where packets are lost.
pub const SWARM_IN_FLIGHT_LOSS: usize = 4;

/// Linux waits at least 200 ms for a retransmission; nothing else on a local network stands still for so long.
pub const SWARM_STALL_SEC: f64 = 0.15;

/// A chunk that is asked of a second node at the end was waited for at least this long.
pub const SWARM_LATE_SEC_MIN: f64 = 0.005;

/// When a leecher misses so many chunks for each of its connections, or fewer, it leaves to other leechers what they can bring:
/// with more the seed sends less twice, but the last leecher is done later.
pub const SWARM_SPARED_PER_LINK: usize = 2;

/// Chunks among which the rarest is looked for: more make no difference, and each costs.
pub const SWARM_PICK_SCAN_MAX: usize = 2048;

/// Up to so many nodes everybody dials everybody.
pub const SWARM_MESH_MAX: usize = 16;

/// Partners of a node in a larger swarm: with more of them each is slower, with fewer a bad one counts more. A
/// simulation of 300 nodes took 1.32 times the shortest time with 6, 1.24 with 8 and 1.27 with 10.
pub const SWARM_PARTNERS: usize = 8;

/// Nodes that one answers in a larger swarm: some more than it asks, so that whoever comes late finds a place.
pub const SWARM_ASKERS_MAX: usize = 10;
const _: () = assert!(SWARM_PARTNERS < SWARM_ASKERS_MAX && SWARM_ASKERS_MAX <= SWARM_MESH_MAX);

/// A node that was sent no chunk for this long has no claim to its place among those.
pub const SWARM_IDLE_ASKER_SEC: f64 = 2.0;

/// Addresses that a node remembers for one track.
pub const SWARM_BOOK_MAX: usize = 1024;

/// Nodes that are remembered because they sent wrong bytes.
pub const SWARM_BANNED_MAX: usize = 1024;

/// Nodes whose share is counted.
pub const SWARM_CREDITED_MAX: usize = 1024;

/// An address that cannot be reached is tried again after this at the latest.
pub const SWARM_RETRY_SEC_MAX: f64 = 8.0;

/// Connections to the only node there is.
pub const SWARM_LINKS_ALONE: usize = 3;

/// How long one node alone is asked on one connection: others may be about to come.
pub const SWARM_EXTRA_AFTER_SEC: f64 = 0.15;

/// A node that has been met and does not dial back for this long is offered to be answered.
pub const SWARM_OFFER_AFTER_SEC: f64 = 1.5;

/// A seed in its first pass that fewer than so many nodes ask...
pub const SWARM_IGNORED_ASKERS: usize = 4;

/// ... offers itself after this: in a large swarm it may be that nobody has chosen it as a partner.
pub const SWARM_OFFER_SOON_SEC: f64 = 0.05;
const _: () = assert!(SWARM_OFFER_SOON_SEC < SWARM_OFFER_AFTER_SEC);

/// And again after this.
pub const SWARM_OFFER_AGAIN_SEC: f64 = 5.0;

/// And at last after this, when offers are in vain.
pub const SWARM_OFFER_AGAIN_SEC_MAX: f64 = 30.0;

/// A node that lacked something when its connection ended may come back, or takes an offer, until then.
pub const SWARM_UNFINISHED_SEC: f64 = 4.0;
const _: () = assert!(SWARM_UNFINISHED_SEC > 2.0 * SWARM_OFFER_AFTER_SEC);

/// How often a scout looks for addresses that are due.
pub const SWARM_SCOUT_TICK: Duration = Duration::from_millis(100);

/// For the threads of a node to end.
pub const SWARM_STOP_GRACE: Duration = Duration::from_secs(2);

/// TRACKS: a list of them.
pub const SWARM_TRACKS_BYTES_MAX: u32 = 128 * 1024;
const _: () = assert!(
    SWARM_TRACKS_LISTED_MAX * (TRACK_NAME_BYTES_MAX + 64) < SWARM_TRACKS_BYTES_MAX as usize
);
