//! Limits of the server: connections, requests, uploads, and what it fetches from the swarm.

use super::{
    QUEUE_BYTES_MAX, QUEUE_TRACKS_MAX, SIGNAL_BYTES_MAX, SWARM_OFFER_AFTER_SEC,
    SWARM_OFFER_AGAIN_SEC,
};
use std::time::Duration;

// ---- connections ------------------------------------------------------------------------------

/// Connections of one server unless told otherwise: each has a thread, and a process has 65,530 memory
/// maps by default, two for each thread's stack.
pub const CONNECTIONS_MAX: usize = 8192;

/// Of these one address may have three quarters, unless told otherwise; but never fewer than so many: two lecture halls
/// behind one router, a second window each.
pub const CONNECTIONS_PER_ADDRESS_MIN: usize = 1000;

/// File descriptors kept free for everything that is not a connection: tracks being read, the listener.
pub const DESCRIPTORS_RESERVED: usize = 256;

/// Address space kept free under a limit of it (`ulimit -v`), for what those who are there still need: a hundred
/// connections of theirs that change threads, or one more arena of the C library. Without it the next one is told 503.
pub const ADDRESS_SPACE_RESERVED: u64 = 64 << 20;
const _: () = assert!(ADDRESS_SPACE_RESERVED > 100 * READER_STACK_BYTES as u64);

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

/// Their bytes: room for two of the longest signals, or one and the largest lists. What is broadcast lies in memory once, however
/// many members it waits for; only signals are a member's own, and come no faster than their senders may talk.
pub const OUTBOX_BYTES_MAX: usize = 640 * 1024;
const _: () = assert!(OUTBOX_BYTES_MAX >= 2 * (SIGNAL_BYTES_MAX + 1024));
const _: () = assert!(OUTBOX_BYTES_MAX > SIGNAL_BYTES_MAX + 2 * QUEUE_BYTES_MAX);

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

/// Refusals of one kind that the log tells at once; then one line a second says how many more there were.
pub const REFUSALS_TOLD_AT_ONCE: u32 = 5;
pub const REFUSALS_TOLD_EVERY: Duration = Duration::from_secs(1);

/// Lines of the log waiting for standard error; the next ones are counted and dropped.
pub const LOG_LINES_MAX: usize = 1024;

/// Lines of one place of the program that the log tells at once, and how often one more: a start that goes through an evening's
/// folder has its say, and whoever causes the same line for a day causes 10 MB.
pub const LOG_LINES_AT_ONCE: u32 = 50;
pub const LOG_LINES_EVERY: Duration = Duration::from_secs(1);
const _: () = assert!(LOG_LINES_AT_ONCE > REFUSALS_TOLD_AT_ONCE);

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

/// Uploads at a time unless told otherwise: each has a thread, a file and a buffer, and more would only be slower each.
pub const UPLOADS_MAX: usize = 16;

/// The most that a server can be told to take at a time.
pub const UPLOADS_TOLD_MAX: usize = 1024;

/// Uploads at a time from one address: the page sends one after the other, and nobody else's places are taken.
pub const UPLOADS_PER_ADDRESS_MAX: usize = UPLOADS_MAX / 4;

/// An upload that brings no byte for this long is over.
pub const UPLOAD_STALL: Duration = Duration::from_secs(15);

/// After this long an upload has to have brought `UPLOAD_BYTES_PER_SEC_MIN` on average.
pub const UPLOAD_PATIENCE: Duration = Duration::from_secs(60);

/// Slower than any network on which people would share music: a song takes five minutes.
pub const UPLOAD_BYTES_PER_SEC_MIN: f64 = 16.0 * 1024.0;

/// A client that was refused may go on sending this long, so that it can read why.
pub const UPLOAD_REFUSAL_DEADLINE: Duration = Duration::from_secs(10);

/// Tracks that the server fetches from nodes at a time; each has a thread, and more would only be slower each.
pub const ARRIVALS_MAX: usize = 4;

/// Tracks that wait for that.
pub const ARRIVALS_WAITING_MAX: usize = 512;
const _: () = assert!(ARRIVALS_WAITING_MAX >= QUEUE_TRACKS_MAX);

/// A listener waits this long for bytes of a track while nothing of it comes.
pub const ARRIVAL_PATIENCE: Duration = Duration::from_secs(20);

/// What is read of it at a time for one listener, and a hall may listen: the chunks of a song are no larger.
pub const ARRIVING_BYTES: usize = 32 * 1024;

/// A fetch of which nothing came for this long makes way for others that wait. A node that has to offer itself does so
/// twice in that time.
pub const ARRIVAL_STALL: Duration = Duration::from_secs(10);
const _: () =
    assert!(ARRIVAL_STALL.as_secs() as f64 > SWARM_OFFER_AFTER_SEC + SWARM_OFFER_AGAIN_SEC);

/// Tracks of the library that the server's node is ready to serve, each with its manifest: 10 KiB for a song.
pub const SERVED_SWARMS_MAX: usize = 64;

/// A track's last use is written down no more often than this: what is dropped first is a matter of evenings.
pub const TRACK_USE_INTERVAL: Duration = Duration::from_secs(60);

/// Bytes that the library may have in all, unless told otherwise. For more, tracks go that no room needs; when there are
/// none it takes no more from uploads and from the swarm.
pub const LIBRARY_BYTES_MAX: u64 = 16 << 30;
