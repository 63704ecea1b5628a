//! Limits of what is typed, of the commands that wait for something, and of checks of the network.

use super::{RECONNECT_DELAY_MAX, SWARM_RETRY_SEC_MAX};
use std::time::Duration;

/// Longest name of a host: what the domain name system takes.
pub const HOST_BYTES_MAX: usize = 253;

/// Requests under way to one peer that `jam peer` can be told to keep: beyond a few they only fill queues.
pub const REQUESTS_IN_FLIGHT_MAX: u8 = 16;

/// Longest `--seed-after`: eleven days, after which it is a mistake, and which can be added to any clock.
pub const SEED_AFTER_SEC_MAX: u32 = 1_000_000;

/// How often a command that waits looks around, and draws its progress.
pub const COMMAND_TICK: Duration = Duration::from_millis(100);

/// Nothing is said of a wait that is shorter.
pub const WAITING_AFTER: Duration = Duration::from_secs(1);

/// How often names typed with `--connect` are looked up again while nobody answers.
pub const RESOLVE_AGAIN: Duration = Duration::from_secs(5);

/// A finished fetch goes on serving so long at most, while others need what it has.
pub const SEED_AFTER_USUAL: Duration = Duration::from_secs(10);

/// Of several tracks of a room one of which nothing comes for this long makes way for the others.
pub const FETCH_TURN: Duration = Duration::from_secs(5);

/// When nothing has come of any of those that are left for this long they cannot be had: their seeds could have come
/// back to the room and been dialled again.
pub const FETCH_PATIENCE: Duration = Duration::from_secs(20);
const _: () = assert!(
    FETCH_PATIENCE.as_secs() as f64 > RECONNECT_DELAY_MAX.as_secs() as f64 + SWARM_RETRY_SEC_MAX
);

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

/// Whoever was asked which tracks it has, and could not say, is asked again after this.
pub const LIST_AGAIN: Duration = Duration::from_millis(500);

/// What a server said against a node, kept until somebody takes note: one for each track that may be offered at once.
pub const REFUSALS_KEPT_MAX: usize = 64;

/// How long a command waits for all that a room tells who joins, and for its clock.
pub const HOST_ENTRY_DEADLINE: Duration = Duration::from_secs(40);
const _: () = assert!(
    HOST_ENTRY_DEADLINE.as_secs() > 30,
    "name, upgrade and HELLO"
);

/// A room follows an order at once, but a new track may begin 15 s later, when all have it.
pub const HOST_ORDER_DEADLINE: Duration = Duration::from_secs(20);

/// Pieces of what is typed, and their bytes: a key has six at most, and a held one comes thirty times a second.
pub const HOST_TYPED_MAX: usize = 16;
pub const HOST_TYPED_BYTES: usize = 256;

/// Signals that wait: any number of them means one more look.
pub const HOST_SIGNALS_MAX: usize = 8;

/// Lines of the log that wait for the screen, and the longest message there.
pub const HOST_LOG_LINES_MAX: usize = 16;

/// Longest path that is typed: what Linux takes.
pub const HOST_PATH_BYTES_MAX: usize = 4096;

/// Longest line of words on standard input: one with a path.
pub const HOST_LINE_BYTES_MAX: usize = HOST_PATH_BYTES_MAX + 64;

/// How long `jam host` without a screen waits for room time before it says where the music is: a server that has the
/// time tells it within a second, and others never do.
pub const HOST_FIRST_LINES_WAIT: Duration = Duration::from_secs(1);

/// What a terminal has not taken when this is over is not waited for any more, and so many pieces of text wait for it.
pub const OUTPUT_PATIENCE: Duration = Duration::from_secs(1);
pub const OUTPUT_TEXTS_MAX: usize = 64;

/// How often the screen is drawn: a clock that moves, and numbers that can be read.
pub const HOST_DRAW_EVERY: Duration = Duration::from_millis(250);

/// A server answers a goodbye before its room has heard of it; a busy one may take a moment for that.
pub const HOST_GONE_PATIENCE: Duration = Duration::from_secs(2);
