//! Limits of rooms: who and what is in them, what is said, and how far ahead a start is set.

use super::{CHUNK_BYTES_MAX, CHUNKS_MAX, CONNECTIONS_MAX, OUTBOX_BYTES_MAX};
use std::time::Duration;

// ---- rooms ------------------------------------------------------------------------------------

/// Longest room name: fits a label on a page and a line of a log.
pub const ROOM_NAME_BYTES_MAX: usize = 64;

/// Longest `track_id` a host may send: a BLAKE3 id has 64, a hand-typed one may be anything.
pub const TRACK_ID_BYTES_MAX: usize = 256;

/// Longest display name of a member, in characters: a line of a phone's screen.
pub const DISPLAY_NAME_CHARS_MAX: usize = 40;

/// Longest WebSocket message but for SIGNAL: a HELLO or a PLAY has some hundred bytes, a HAVE_DELTA of thousands of
/// chunks fits.
pub const ROOM_MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// Longest SIGNAL: what members send each other is theirs to choose, such as a WebRTC offer with all its candidates, or a
/// picture.
pub const SIGNAL_BYTES_MAX: usize = 256 * 1024;
const _: () = assert!(SIGNAL_BYTES_MAX >= ROOM_MESSAGE_BYTES_MAX);

/// From the first byte of a message to its last, but for HELLO, which has its own deadline: what is there of it is
/// memory. A SIGNAL at its longest needs 70 kbit/s.
pub const MESSAGE_DEADLINE: Duration = Duration::from_secs(30);

/// Frames that one message may come in: clients send a message in one, and some cut what is long into pieces of some KiB.
pub const MESSAGE_FRAGMENTS_MAX: u32 = 256;

/// Rooms on one server unless told otherwise: each has a thread, and an empty one lives on for a while.
pub const ROOMS_MAX: usize = 4096;

/// The most that a server can be told to have: a thread each beside those of the members, and a file each with
/// `--state-dir`.
pub const ROOMS_TOLD_MAX: usize = 2 * ROOMS_MAX;

/// Rooms at a time that one address made, unless told otherwise: a school behind one router has dozens, and nobody takes the
/// names of all others. One that nobody is in goes after a while.
pub const ROOMS_PER_ADDRESS_MAX: usize = 256;
const _: () = assert!(ROOMS_PER_ADDRESS_MAX * 4 < ROOMS_MAX);

/// Members of one room unless told otherwise: ten full lecture halls, and fewer than there are connections, so that one room
/// leaves places for others.
pub const MEMBERS_MAX: usize = 6000;
const _: () = assert!(MEMBERS_MAX < CONNECTIONS_MAX);

/// An empty room keeps its state this long, so that a whole party may reload the page.
pub const ROOM_LINGER: Duration = Duration::from_secs(300);

/// The same when more than half of all rooms exist: strangers' empty rooms must not crowd out others.
pub const ROOM_LINGER_CROWDED: Duration = Duration::from_secs(1);

/// An empty room in which nothing was ever played, and that has nothing to play, is worth no memory.
pub const ROOM_LINGER_UNUSED: Duration = Duration::from_secs(10);

/// Inputs waiting for a room's thread; readers wait when it is full. Few, because the channel's memory is
/// touched when a room begins, and because what waits there is everybody's delay.
pub const ROOM_INPUTS_MAX: usize = 128;

/// What a member may say in a second unless told otherwise, in messages of the cheapest kind: ten PLAYs, or four clock
/// probes and much else. Whoever says more is read more slowly.
pub const MESSAGES_PER_SEC: u32 = 50;
pub const MESSAGE_CREDIT_PER_SEC: f64 = MESSAGES_PER_SEC as f64;

/// What it may say at once, in seconds of that: the probes of joining, and somebody who drags the seek bar.
pub const PACE_BURST_SEC: f64 = 4.0;
pub const MESSAGE_CREDIT_MAX: f64 = MESSAGE_CREDIT_PER_SEC * PACE_BURST_SEC;

/// Bytes that a member may say in a second unless told otherwise: a node that tells of a million chunks at once has said it in
/// ten seconds, and a hundred members who do nothing else leave a network of 1 Gbit/s some room.
pub const MESSAGE_BYTES_PER_SEC: u64 = 1 << 20;

/// The least that these two can be told to be: no wait is longer than a second then.
pub const MESSAGES_PER_SEC_MIN: u32 = 10;
pub const MESSAGE_BYTES_PER_SEC_MIN: u64 = SIGNAL_BYTES_MAX as u64;

/// And the most: what no machine says.
pub const MESSAGES_PER_SEC_TOLD_MAX: u32 = 1_000_000_000;

/// A member that was held back for so long, all waits together, is told the limit. A node that names a million chunks
/// waits for seven seconds.
pub const PACE_ERROR_SEC: f64 = 10.0;

/// And one that was held back for so long is cut off: it has said for half a minute all that it may, and more waits.
pub const PACE_CUT_OFF_SEC: f64 = 20.0;

/// For each second in which a member does not wait, so much is taken off: who says too much now and then is read more
/// slowly then, and nothing else.
pub const PACE_FORGIVEN: f64 = 0.25;

/// Longest number that a clock probe may carry: what any language prints for a double.
pub const CLOCK_NUMBER_BYTES_MAX: usize = 32;

/// Furthest place in a track: 31 years, and a double still tells microseconds.
pub const OFFSET_SEC_MAX: f64 = 1e9;

/// Largest time in a REPORT, as many milliseconds as room time has: whatever is larger was not measured.
pub const REPORT_MS_MAX: f64 = 1e14;

/// Deepest nesting of a SIGNAL's blob: JSON readers of other clients give up at 128.
pub const SIGNAL_DEPTH_MAX: usize = 100;

/// Members listed in MEMBERS: more than a page can show with sense; `total` counts all.
pub const MEMBERS_LISTED_MAX: usize = 200;

/// Bytes of lists (QUEUE, MEMBERS, PEERS, SWARM) that a room sends in a second, all receivers together: a large room hears of
/// changes later, so that talk about the party never weighs more than the music.
pub const LIST_BYTES_PER_SEC: f64 = 4e6;

/// What an entry of such a list is reckoned at.
pub const LIST_ENTRY_BYTES: f64 = 150.0;

/// MEMBERS is pushed at most this often, so that a thousand arrivals are not a thousand lists.
pub const MEMBERS_PUSH_INTERVAL_SEC: f64 = 1.0;

/// QUEUE is pushed at most this often, so that a track that is dragged along is not a list for every step.
pub const QUEUE_PUSH_INTERVAL_SEC: f64 = 0.1;

/// WAITING is pushed at most this often.
pub const WAITING_PUSH_INTERVAL_SEC: f64 = 0.1;

/// A start waits so long for the others once the first listener is ready: a phone on a good network loads a song in
/// less, and a party stands longer silences badly.
pub const WAITING_AFTER_FIRST_SEC: f64 = 3.0;

/// And never longer than this, when nobody gets ready.
pub const WAITING_SEC_MAX: f64 = 15.0;

/// Nodes a room remembers, each with a bitfield of at most `CHUNKS_MAX` bits.
pub const NODES_MAX: usize = 1024;

/// Nodes listed in PEERS; BitTorrent trackers answer with 50.
pub const PEERS_LISTED_MAX: usize = 100;

/// PEERS is pushed to the others at most this often.
pub const PEERS_PUSH_INTERVAL_SEC: f64 = 0.25;

/// How often nodes are asked to announce themselves again.
pub const ANNOUNCE_INTERVAL_SEC: u32 = 15;

/// A node unheard of for this long leaves the list: four missed announcements.
pub const NODE_EXPIRY_SEC: f64 = 60.0;

// ---- nodes of a room --------------------------------------------------------------------------

/// Tracks that a node may name in ANNOUNCE as held whole: a record or a few. Its whole list it tells whoever connects.
pub const NODE_TRACKS_MAX: usize = 64;

/// Such tracks in one PEERS, shared out among the nodes listed: the message goes to everybody, and the largest QUEUE,
/// PEERS and SWARM have room beside each other in an outbox.
pub const PEERS_TRACKS_MAX: usize = 400;

/// A node that is listed with so many tracks may have more: the list may have been cut short.
pub const PEERS_TRACKS_CUT_MIN: usize = PEERS_TRACKS_MAX / PEERS_LISTED_MAX;
const _: () = assert!(PEERS_TRACKS_CUT_MIN > 1 && PEERS_TRACKS_CUT_MIN <= NODE_TRACKS_MAX);

/// What the name of one such track has as JSON.
pub const PEERS_TRACK_BYTES: f64 = 67.0;

/// Entries of each list of a LINKS: no node has more connections that are worth a line in a picture.
pub const LINKS_MAX: usize = 64;

/// Nodes in SWARM: more than a page can draw with sense.
pub const SWARM_LISTED_MAX: usize = 100;

/// Lines between nodes in one SWARM, and as many that could not be dialled, shared out among the nodes listed: 25
/// nodes may all be linked with each other.
pub const SWARM_LINKS_MAX: usize = 600;

/// What a node has in SWARM beside its links, and what a link has.
pub const SWARM_ENTRY_BYTES: f64 = 320.0;
pub const SWARM_LINK_BYTES: f64 = 26.0;

/// SWARM is pushed at most this often: it shows movement, and nobody counts chunks by eye.
pub const SWARM_PUSH_INTERVAL_SEC: f64 = 0.25;

/// Digits of a node's `map`: a strip of as many pixels on a page.
pub const SWARM_MAP_DIGITS: u32 = 64;

/// Largest track that may be offered, 16 TiB: beyond what chunks of any size can cover.
pub const OFFER_BYTES_MAX: u64 = 1 << 44;
const _: () = assert!(OFFER_BYTES_MAX > CHUNKS_MAX as u64 * CHUNK_BYTES_MAX as u64);

/// Nodes that hear when the server cannot take what they offered, the last ones for each track: a handful of laptops
/// have the same song.
pub const OFFERERS_MAX: usize = 16;

/// For the server's attempt to dial a node: a second is long on any network where music is shared.
pub const DIAL_BACK_DEADLINE: Duration = Duration::from_secs(2);

/// A node that could not be dialled is tried again after this long: firewalls are changed by hand.
pub const DIAL_BACK_AGAIN_SEC: f64 = 60.0;

/// One node is not tried more often than this, however it changes its port: the server is no port scanner.
pub const DIAL_BACK_PAUSE_SEC: f64 = 2.0;

/// Attempts at a time: each has a thread, for two seconds at most.
pub const DIAL_BACK_THREADS_MAX: usize = 8;

/// Attempts that wait for one of those threads; what finds no place is tried again after `DIAL_BACK_AGAIN_SEC`.
pub const DIAL_BACK_QUEUE_MAX: usize = 256;

/// Tracks that rooms want and that the server's node has not heard of yet; rooms ask again for what found no place.
pub const WANTS_MAX: usize = 256;

// ---- who may do what --------------------------------------------------------------------------

/// The seat of a host that went without a word is kept this long: a lid that was closed by mistake, a phone that changes
/// networks. The music plays on meanwhile.
pub const SEAT_KEPT_SEC: f64 = 15.0;

/// Removed members that a room knows again: a party has one of them, if any.
pub const REMOVED_MAX: usize = 64;

/// VOTES is pushed at most this often, so that a hall that raises its hands is not a message for each hand to each.
pub const VOTES_PUSH_INTERVAL_SEC: f64 = 0.25;

/// What a VOTES has as JSON, with an ordinary track.
pub const VOTES_BYTES: f64 = 140.0;

// ---- queues ------------------------------------------------------------------------------------

/// Tracks in one room.
pub const QUEUE_TRACKS_MAX: usize = 500;

/// Bytes of a queue as JSON: 340 to 500 tracks, as much as their tags say. The whole list goes to everybody, and has to find room
/// in an outbox beside the other lists.
pub const QUEUE_BYTES_MAX: usize = 112 * 1024;
const _: () = assert!(2 * QUEUE_BYTES_MAX < OUTBOX_BYTES_MAX);

/// What an ordinary entry of it has.
pub const QUEUE_ENTRY_BYTES: usize = 330;

/// Entries of a room's history: an evening of songs.
pub const PLAYED_MAX: usize = 50;

// ---- a start in the near future ---------------------------------------------------------------

/// Shortest lead of a start: a decoded track needs this to be scheduled in comfort.
pub const LEAD_MS_MIN: f64 = 250.0;

/// Longest lead: a member with a worse connection joins late instead of holding up everybody.
pub const LEAD_MS_MAX: f64 = 1500.0;

/// What a start needs on top of two round trips.
pub const LEAD_MARGIN_MS: f64 = 150.0;

/// Round trips beyond this are not waited for: their lead would be longer than the longest.
pub const RTT_MS_WAITED_FOR_MAX: f64 = (LEAD_MS_MAX - LEAD_MARGIN_MS) / 2.0;

/// The next track is announced at least this long before the current one ends: a Bluetooth loudspeaker alone may
/// need 300 ms, and nobody waits for it, because the current track plays on.
pub const ADVANCE_LEAD_SEC_MIN: f64 = 1.0;

/// A room that wakes this much too late still has the next track follow exactly: the margin covers it.
pub const ADVANCE_LATE_SEC_MAX: f64 = 0.1;
const _: () = assert!(ADVANCE_LATE_SEC_MAX * 1000.0 < LEAD_MARGIN_MS);
