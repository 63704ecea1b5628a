//! Every limit, timeout and size, with its unit in the name and its reason beside it.
//!
//! A number that bounds something lives here and nowhere else, next to the numbers it must agree with.

use std::time::Duration;

// ---- rooms ------------------------------------------------------------------------------------

/// Longest room name: fits a label on a page and a line of a log.
pub const ROOM_NAME_BYTES_MAX: usize = 64;

/// Longest `track_id` a host may send: a BLAKE3 id has 64, a hand-typed one may be anything.
pub const TRACK_ID_BYTES_MAX: usize = 256;

/// Longest display name of a member, in characters: a line of a phone's screen.
pub const DISPLAY_NAME_CHARS_MAX: usize = 40;

/// Longest WebSocket message: a WebRTC offer has a few KiB, a HAVE_DELTA of thousands of chunks fits.
pub const ROOM_MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// Rooms on one server: each has a thread, and an empty one lives on for a while.
pub const ROOMS_MAX: usize = 4096;

/// An empty room keeps its state this long, so that a whole party may reload the page.
pub const ROOM_LINGER: Duration = Duration::from_secs(300);

/// The same when more than half of `ROOMS_MAX` exist: strangers' empty rooms must not crowd out others.
pub const ROOM_LINGER_CROWDED: Duration = Duration::from_secs(1);

/// An empty room in which nothing was ever played, and that has nothing to play, is worth no memory.
pub const ROOM_LINGER_UNUSED: Duration = Duration::from_secs(10);

/// Inputs waiting for a room's thread; readers wait when it is full. Few, because the channel's memory is
/// touched when a room begins, and because what waits there is everybody's delay.
pub const ROOM_INPUTS_MAX: usize = 128;

/// What a member may say in a second, in messages of the cheapest kind: ten PLAYs, or four clock probes and
/// much else. Whoever says more is read more slowly.
pub const MESSAGE_CREDIT_PER_SEC: f64 = 50.0;

/// What it may say at once: the probes of joining, and somebody who drags the seek bar.
pub const MESSAGE_CREDIT_MAX: f64 = 200.0;

/// Longest number that a clock probe may carry: what any language prints for a double.
pub const CLOCK_NUMBER_BYTES_MAX: usize = 32;

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

/// Chunks in a track: 16 GiB in chunks of 16 KiB.
pub const CHUNKS_MAX: u32 = 1 << 20;

/// Chunks that a node may name while it has not said how many its track has: what fits in 8 KiB of bits.
pub const CHUNKS_UNSTATED_MAX: u32 = 1 << 16;

/// Smallest chunk, 1 KiB: a leaf of a BLAKE3 tree, below which nothing can be checked.
pub const CHUNK_BYTES_MIN: u32 = 1 << 10;
const _: () = assert!(CHUNK_BYTES_MIN as usize == blake3::CHUNK_LEN);

/// Largest chunk, 4 MiB.
pub const CHUNK_BYTES_MAX: u32 = 4 << 20;

// ---- what may be asked for on the command line -------------------------------------------------

/// Longest name of a host: what the domain name system takes.
pub const HOST_BYTES_MAX: usize = 253;

/// Requests under way to one peer that `jam peer` can be told to keep: beyond a few they only fill queues.
pub const REQUESTS_IN_FLIGHT_MAX: u8 = 16;

/// Longest `--seed-after`: eleven days, after which it is a mistake, and which can be added to any clock.
pub const SEED_AFTER_SEC_MAX: u32 = 1_000_000;

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

// ---- connections ------------------------------------------------------------------------------

/// Connections of one server unless told otherwise: each has a thread, and a process has 65,530 memory
/// maps by default, two for each thread's stack.
pub const CONNECTIONS_MAX: usize = 8192;

/// File descriptors kept free for everything that is not a connection: tracks being read, the listener.
pub const DESCRIPTORS_RESERVED: usize = 256;

/// Connections the kernel completes before they are accepted. The standard library asks for 128, and two
/// thousand listeners who dial at once then wait for retransmissions.
pub const LISTEN_BACKLOG: i32 = 4096;

/// How often the accept thread looks whether it should stop, and joins threads that ended.
pub const ACCEPT_TICK: Duration = Duration::from_millis(200);

/// Pause after an accept that failed for want of descriptors or memory.
pub const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Connections over the cap that were told 503 and stay open for a moment, twice: on their way to the thread that
/// closes them, and with it. Further ones are closed as soon as they were told.
pub const REFUSALS_MAX: usize = 64;
const _: () = assert!(2 * REFUSALS_MAX < DESCRIPTORS_RESERVED);

/// Time for a refused connection to take its 503.
pub const REFUSAL_DEADLINE: Duration = Duration::from_millis(200);

/// From the upgrade to a whole HELLO, however its bytes drip in.
pub const HELLO_DEADLINE: Duration = Duration::from_secs(20);

/// After this long without a byte from a member it is sent a ping, and after as long again it is gone: a host
/// who lost the network frees the seat, and pages say something every two seconds anyway.
pub const SILENCE: Duration = Duration::from_secs(10);

/// A member (or a downloader) that takes no byte for this long while some wait for it is cut off.
pub const WRITE_STALL: Duration = Duration::from_secs(10);

/// Messages waiting for a member that does not read.
pub const OUTBOX_FRAMES_MAX: usize = 64;

/// Their bytes: room for the largest lists and a few large signals, while 8,192 members that do not read
/// stay within 2 GiB.
pub const OUTBOX_BYTES_MAX: usize = 256 * 1024;
const _: () = assert!(OUTBOX_BYTES_MAX >= 2 * ROOM_MESSAGE_BYTES_MAX);

/// The kernel's buffer for what goes out to a member; it doubles the number. Downloads keep the system's.
pub const MEMBER_SEND_BUFFER_BYTES: usize = 64 * 1024;

/// tungstenite's read buffer: most messages have under 200 bytes, and its default of 128 KiB is really touched.
pub const SOCKET_READ_BUFFER_BYTES: usize = 1024;

/// Inputs waiting for a sender. It never waits for a socket, so a full channel only means a busy CPU.
pub const SENDER_INPUTS_MAX: usize = 1024;

/// Senders for each core: with one, whatever else the core has to do holds up half of a large room.
pub const SENDERS_PER_CORE: usize = 2;

/// No more senders than these.
pub const SENDERS_MAX: usize = 8;

/// The members that a room has before it is spread over all senders: fewer are served in less time than it takes to
/// wake another thread.
pub const SMALL_ROOM_MEMBERS: usize = 32;

/// From SIGTERM until sockets are closed by force: members get that long to answer the close frame.
pub const STOP_GRACE: Duration = Duration::from_millis(400);

/// Lines of the log waiting for standard error; the next ones are counted and dropped.
pub const LOG_LINES_MAX: usize = 1024;

/// For the log's last lines when the program ends.
pub const LOG_FLUSH_DEADLINE: Duration = Duration::from_millis(100);

/// Accepting has to work this long until it counts as mended.
pub const ACCEPT_CALM: Duration = Duration::from_secs(5);

/// Stack of every thread but a member's: compressing the page takes half of it in a debug build.
pub const THREAD_STACK_BYTES: usize = 512 * 1024;

/// Stack of a member's reader thread; virtual, only what is touched counts. Larger than any other thread's, or
/// the C library would hand it the stack of an HTTP thread that has just ended, touched pages and all.
pub const READER_STACK_BYTES: usize = 576 * 1024;
const _: () = assert!(READER_STACK_BYTES > THREAD_STACK_BYTES);

// ---- HTTP -------------------------------------------------------------------------------------

/// Bytes of a request's head.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Fields of a request's head.
pub const HEAD_FIELDS_MAX: usize = 64;

/// A response's body up to this size is sent together with its head, in one system call and one packet.
pub const COPIED_BODY_BYTES_MAX: usize = 4 * 1024;

/// For a whole request head, however its bytes drip in.
pub const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// A kept-alive connection without a request.
pub const KEEP_ALIVE_IDLE: Duration = Duration::from_secs(30);

/// An HTTP thread waits this long for a room's answer about itself.
pub const ROOM_ANSWER_DEADLINE: Duration = Duration::from_secs(1);

/// Text in a QR code: an address.
pub const QR_TEXT_BYTES_MAX: usize = 256;

// ---- uploads ----------------------------------------------------------------------------------

/// Largest track that is taken, unless told otherwise: 50 minutes of CD sound as WAV, more than an hour and a half
/// as FLAC.
pub const UPLOAD_BYTES_MAX: u64 = 512 << 20;

/// Uploads at a time: each has a thread, a file and a buffer, and more would only be slower each.
pub const UPLOADS_MAX: usize = 16;

/// Uploads at a time from one address: the page sends one after the other, and nobody else's places are taken.
pub const UPLOADS_PER_ADDRESS_MAX: usize = 4;

/// An upload that brings no byte for this long is over.
pub const UPLOAD_STALL: Duration = Duration::from_secs(15);

/// After this long an upload has to have brought `UPLOAD_BYTES_PER_SEC_MIN` on average.
pub const UPLOAD_PATIENCE: Duration = Duration::from_secs(60);

/// Slower than any network on which people would share music: a song takes five minutes.
pub const UPLOAD_BYTES_PER_SEC_MIN: f64 = 16.0 * 1024.0;

/// A client that was refused may go on sending this long, so that it can read why.
pub const UPLOAD_REFUSAL_DEADLINE: Duration = Duration::from_secs(10);

// ---- tracks -----------------------------------------------------------------------------------

/// Bytes of a file that tell what it is.
pub const SNIFF_BYTES: usize = 64 * 1024;

/// Buffer for hashing a file.
pub const HASH_BUFFER_BYTES: usize = 128 * 1024;

/// How deep a shared folder is looked into: artist, album, disc, and one to spare.
pub const FOLDER_DEPTH_MAX: usize = 5;

/// Files of a shared folder that are looked at, whatever they are.
pub const FOLDER_FILES_MAX: usize = 5_000;

/// Longest track name in characters.
pub const TRACK_NAME_CHARS_MAX: usize = 120;

/// Longest title, artist and album of a track, in characters: what a page shows in two lines.
pub const TAG_CHARS_MAX: usize = 120;

/// Largest cover: what people embed for large screens has a few hundred KiB, and every listener fetches it.
pub const COVER_BYTES_MAX: usize = 2 << 20;

/// Bytes of tags in one piece that are looked at: a cover at its limit in base64, and the texts.
pub const TAG_BYTES_MAX: usize = 4 << 20;
const _: () = assert!(TAG_BYTES_MAX > COVER_BYTES_MAX / 3 * 4 + (1 << 20));

/// Bytes of a file that are held while it is looked through. An Ogg page's head and an MP3 frame fit.
pub const TAG_WINDOW_BYTES: usize = 64 * 1024;

/// What is kept of it before the place that is looked at: longer than a frame of MP3 or AAC, so that a look one frame
/// ahead does not throw away where it came from.
pub const TAG_WINDOW_BEHIND_BYTES: usize = 8 * 1024;

/// How much of it is searched at a time: little, so that the next search begins within the same window.
pub const TAG_SCAN_BYTES: usize = 4 * 1024;
const _: () = assert!(TAG_SCAN_BYTES < TAG_WINDOW_BYTES / 2);

/// Bytes of a file that are read for its tags and its length, in all: 512 MiB of sound whose frames have to be counted,
/// an eighth of it twice. A tenth of a second from the system's cache for music, a few seconds for the worst that a file
/// can be.
pub const TAG_READ_BYTES_MAX: u64 = 600 << 20;

/// Chunks of a WAV that are looked at: it has a handful, and one of zeros has as many as you like.
pub const RIFF_CHUNKS_MAX: usize = 1000;

/// Tracks and edits of an MP4 of which a note is taken; a track of music has one of each.
pub const MP4_PARTS_MAX: usize = 64;

/// Samples that iTunes may say it put before or behind the sound; Chromium believes as many.
pub const ITUNES_PADDING_SAMPLES_MAX: u64 = 16_384;

/// Bytes at the end of a FLAC in which its last frame is looked for: 4,608 samples of eight channels have 144 KiB.
pub const FLAC_FRAME_BYTES_MAX: u64 = 256 * 1024;

/// What FLAC's picture block may have beside the picture.
pub const PICTURE_WORDS_BYTES_MAX: usize = 64 * 1024;

/// Pictures of tracks kept in memory: a screen of a queue, which every listener asks for.
pub const COVERS_KEPT_MAX: usize = 24;

/// Tracks in one room.
pub const QUEUE_TRACKS_MAX: usize = 500;

/// Bytes of a queue as JSON: 380 to 500 tracks, as much as their tags say. The whole list goes to everybody, and has to find room
/// in an outbox beside the other lists.
pub const QUEUE_BYTES_MAX: usize = 112 * 1024;
const _: () = assert!(2 * QUEUE_BYTES_MAX < OUTBOX_BYTES_MAX);

/// What an ordinary entry of it has.
pub const QUEUE_ENTRY_BYTES: usize = 300;

/// Entries of a room's history: an evening of songs.
pub const PLAYED_MAX: usize = 50;

/// Longest name of a file, in bytes: what Linux, macOS and the usual file systems take.
pub const FILE_NAME_BYTES_MAX: usize = 255;

/// Names that a fetched track is tried under, `name (1000)` the last.
pub const FINAL_NAMES_MAX: u32 = 1000;

/// How long a download waits for another one that holds its part: a process that was just killed or is just beginning
/// another program, and not one that fetches.
pub const PART_LOCK_PATIENCE: Duration = Duration::from_millis(200);

/// How often it looks meanwhile.
pub const PART_LOCK_PAUSE: Duration = Duration::from_millis(5);

/// How often a download's part may be moved away in the very moment it is opened.
pub const PART_OPEN_ATTEMPTS: u32 = 10;

/// Longest track: whatever claims more is mistaken, and would never end.
pub const TRACK_DURATION_SEC_MAX: f64 = 30.0 * 86_400.0;

// ---- the swarm --------------------------------------------------------------------------------

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
const _: () = assert!(2 * SWARM_CONNECTIONS_PER_ADDRESS_MAX < SWARM_CONNECTIONS_MAX);

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

/// How often a command that waits looks around, and draws its progress.
pub const COMMAND_TICK: Duration = Duration::from_millis(100);

/// Nothing is said of a wait that is shorter.
pub const WAITING_AFTER: Duration = Duration::from_secs(1);

/// How often names typed with `--connect` are looked up again while nobody answers.
pub const RESOLVE_AGAIN: Duration = Duration::from_secs(5);

/// A finished fetch goes on serving so long at most, while others need what it has.
pub const SEED_AFTER_USUAL: Duration = Duration::from_secs(10);

// ---- members of somebody else's room, and checks of the network ---------------------------------------------------

/// An address that has not answered after this long does not answer: three attempts of the system.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// The system's resolver asks two name servers twice, 5 s each, when all goes wrong; nobody waits for the end of that.
pub const RESOLVE_DEADLINE: Duration = Duration::from_secs(10);

/// The system's resolver puts its answers on the stack.
pub const RESOLVE_STACK_BYTES: usize = 512 * 1024;

/// From the connection to a whole answer to the upgrade.
pub const UPGRADE_DEADLINE: Duration = Duration::from_secs(10);

/// From HELLO to PEER: a room's thread has nothing else to do.
pub const JOIN_DEADLINE: Duration = Duration::from_secs(10);

/// From PEER to WELCOME, which servers that know it send at once; others are not waited for.
pub const WELCOME_PATIENCE: Duration = Duration::from_secs(1);

/// After this long without a message the server is pinged, and after as long again it is gone.
pub const CLIENT_SILENCE: Duration = Duration::from_secs(10);

/// A server that does not take a message for this long is cut off.
pub const CLIENT_WRITE_DEADLINE: Duration = Duration::from_secs(5);
const _: () = assert!(2 * CLIENT_SILENCE.as_secs() + CLIENT_WRITE_DEADLINE.as_secs() < 30);

/// How long a member that leaves waits for the server's goodbye.
pub const CLIENT_CLOSE_GRACE: Duration = Duration::from_millis(500);

/// First and longest wait before the next attempt to come back, and how much chance changes it.
pub const RECONNECT_DELAY_MIN: Duration = Duration::from_millis(500);
pub const RECONNECT_DELAY_MAX: Duration = Duration::from_secs(10);
pub const RECONNECT_JITTER: f64 = 0.2;

/// Longest message of a server: a list of 100 nodes of a swarm with all their links has less than 300 KiB.
pub const SERVER_MESSAGE_BYTES_MAX: usize = 512 * 1024;

/// tungstenite's read buffer of a member; it is really touched.
pub const CLIENT_READ_BUFFER_BYTES: usize = 8 * 1024;

/// The thread of a member parses JSON, nested up to 128 deep.
pub const CLIENT_STACK_BYTES: usize = 512 * 1024;

/// Events that wait for whoever joined a room: a burst of lists.
pub const ROOM_EVENTS_MAX: usize = 64;

/// Longest text of an ERROR that is shown.
pub const SERVER_TEXT_CHARS_MAX: usize = 300;

/// Nodes in a SWARM list.
pub const SWARM_NODES_LISTED_MAX: usize = 100;

/// Sources of a node, or nodes that it could not dial, in one list.
pub const SWARM_SOURCES_MAX: usize = 64;

/// Tracks that a node announces as held whole.
pub const TRACK_IDS_ANNOUNCED_MAX: usize = 64;

/// Chunks named in one HAVE_DELTA: seven digits and a comma each.
pub const HAVE_DELTA_INDICES_MAX: usize = 8_000;
const _: () = assert!(HAVE_DELTA_INDICES_MAX * 8 + 200 < ROOM_MESSAGE_BYTES_MAX);

/// Bytes that a check of the network sends each way: enough to fill what waits in routers on the way.
pub const CHECK_BYTES: u32 = 1 << 20;

/// What the answering side of a check sends or takes at most.
pub const CHECK_BYTES_MAX: u32 = 4 << 20;

/// Bytes in one DATA frame, and largest body of any frame of a check.
pub const CHECK_DATA_BYTES: usize = 16 * 1024;

/// Longest echo: small enough for one packet on any way.
pub const CHECK_ECHO_BYTES_MAX: usize = 64;

/// Echoes of one check; the middle one of their round trips is told.
pub const CHECK_ECHOES: usize = 10;
pub const CHECK_ECHOES_MAX: usize = 100;

/// The answering side waits this long for each step.
pub const CHECK_ANSWER_STEP: Duration = Duration::from_secs(4);

/// The asking side waits longer than that, so that it hears what the other one missed.
pub const CHECK_STEP: Duration = Duration::from_secs(7);
const _: () = assert!(CHECK_STEP.as_secs() > CHECK_ANSWER_STEP.as_secs() + 1);

/// How long all the data of a check may take to arrive once it has been sent: the system keeps it until then.
pub const CHECK_RECEIPT_DEADLINE: Duration = Duration::from_secs(30);

/// A check is over after this long, whatever happens: 1 MiB each way at 20 KiB a second.
pub const CHECK_DEADLINE: Duration = Duration::from_secs(120);

/// Checks that are answered at a time; each has a thread.
pub const CHECKS_MAX: usize = 16;

/// What still comes when a check has ended is taken for this long.
pub const CHECK_CLOSE_GRACE: Duration = Duration::from_millis(500);

/// Less than that has arrived when not even one large packet came through.
pub const CHECK_LARGE_PACKET_BYTES: u64 = 1200;

/// How long a check of a room waits for the server's word whether this machine can be dialled.
pub const CHECK_VERDICT_PATIENCE: Duration = Duration::from_secs(8);

/// How long it gathers lists at least: they come four times a second at most, and a node tells of its links when it
/// has them.
pub const CHECK_LISTS_PATIENCE: Duration = Duration::from_secs(2);

/// What a command waits at its end for threads that only wait for an answer.
pub const ANSWERS_GRACE: Duration = Duration::from_millis(10);

/// Nodes that a check of a room dials at a time.
pub const CHECK_DIALS_MAX: usize = 16;

/// How often a node in a room tells it what changed: four times a second the picture of the swarm moves.
pub const COMPANY_TICK: Duration = Duration::from_millis(250);

/// Tracks that the server fetches from nodes at a time; each has a thread, and more would only be slower each.
pub const ARRIVALS_MAX: usize = 4;

/// Tracks that wait for that.
pub const ARRIVALS_WAITING_MAX: usize = 512;
const _: () = assert!(ARRIVALS_WAITING_MAX >= QUEUE_TRACKS_MAX);

/// A listener waits this long for bytes of a track while nothing of it comes.
pub const ARRIVAL_PATIENCE: Duration = Duration::from_secs(20);

/// A fetch of which nothing came for this long makes way for others that wait. A node that has to offer itself does so
/// twice in that time.
pub const ARRIVAL_STALL: Duration = Duration::from_secs(10);
const _: () =
    assert!(ARRIVAL_STALL.as_secs() as f64 > SWARM_OFFER_AFTER_SEC + SWARM_OFFER_AGAIN_SEC);

/// Tracks of the library that the server's node is ready to serve, each with its manifest: 10 KiB for a song.
pub const SERVED_SWARMS_MAX: usize = 64;

/// Bytes that the library may have in all until it takes no more from uploads and from the swarm, unless told otherwise.
pub const LIBRARY_BYTES_MAX: u64 = 16 << 30;

/// Whoever was asked which tracks it has, and could not say, is asked again after this.
pub const LIST_AGAIN: Duration = Duration::from_millis(500);

/// What a server said against a node, kept until somebody takes note: one for each track that may be offered at once.
pub const REFUSALS_KEPT_MAX: usize = 64;
