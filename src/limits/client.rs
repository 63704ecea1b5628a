//! Limits of a member of somebody else's room.

use super::ROOM_MESSAGE_BYTES_MAX;
use std::time::Duration;

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

/// How often somebody looks whether this machine was asleep, what gap means that it was, and how soon a server has to
/// answer then: at once, or in a few round trips where those take long.
pub const WAKE_LOOK: Duration = Duration::from_millis(500);
pub const WAKE_GAP: Duration = Duration::from_secs(3);
pub const WAKE_ANSWER_MIN: Duration = Duration::from_millis(800);
pub const WAKE_ANSWER_ROUND_TRIPS: u32 = 4;

/// So long after it woke all is tried again soon: a network may need a moment to be there.
pub const WAKE_HURRY: Duration = Duration::from_secs(5);
pub const WAKE_RETRY_MAX: Duration = Duration::from_millis(150);

/// While nobody is there it is looked again after at most this, and after half of it at least: up to three small packets
/// a second. What answers and does not take us is asked more and more rarely instead.
pub const SCOUT_DELAY_MAX: Duration = Duration::from_millis(800);

/// Who was in the room connects in this time, or in some times of what it took then, or tries again: a second packet goes
/// out after 1 s. A way that needs longer is no way to be in time.
pub const RECONNECT_PATIENCE: Duration = Duration::from_millis(1500);
const _: () = assert!(RECONNECT_PATIENCE.as_millis() < CONNECT_DEADLINE.as_millis());

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

/// Chunks named in one HAVE_DELTA: seven digits and a comma each.
pub const HAVE_DELTA_INDICES_MAX: usize = 8_000;
const _: () = assert!(HAVE_DELTA_INDICES_MAX * 8 + 200 < ROOM_MESSAGE_BYTES_MAX);

/// Longest word of a REPORT that is shown.
pub const REPORT_WORD_CHARS_MAX: usize = 16;

/// Fields of an answer over HTTP; a jam server sends ten.
pub const HTTP_ANSWER_FIELDS_MAX: usize = 64;

/// Longest answer that is read: a room with its members, its queue and what it has played.
pub const HTTP_ANSWER_BYTES_MAX: usize = 1 << 20;

/// A whole question and its answer take no longer, and no step of them.
pub const HTTP_ANSWER_DEADLINE: Duration = Duration::from_secs(20);
pub const HTTP_STEP: Duration = Duration::from_secs(20);

/// A file may take a day on its way to a server, which sees to it that it does not stand still.
pub const UPLOAD_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);
pub const UPLOAD_BUFFER_BYTES: usize = 64 * 1024;
