//! Limits of what a server keeps of its rooms on disk (`--state-dir`).

use super::{PLAYED_MAX, QUEUE_BYTES_MAX, QUEUE_TRACKS_MAX, ROOMS_TOLD_MAX};
use std::time::Duration;

/// Changes are written at most this often, all that came meanwhile together: somebody who drags the seek bar is ten
/// changes a second. It is also what a server that is killed forgets.
pub const STATE_WRITE_INTERVAL: Duration = Duration::from_millis(200);

/// After a disk that did not take it, that is tried again.
pub const STATE_RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// The log says at most this often that the disk takes nothing.
pub const STATE_COMPLAINT_INTERVAL: Duration = Duration::from_secs(60);

/// For the last changes when the server stops.
pub const STATE_FLUSH_DEADLINE: Duration = Duration::from_secs(5);

/// Rooms whose change, or whose end, waits to be written: all there are, and as many that ended meanwhile.
pub const STATE_MAILBOX_ROOMS_MAX: usize = 2 * ROOMS_TOLD_MAX;

/// Largest file of a room that is read: the largest queue, the names of what was played, the ids of what the
/// server offered, and as much again for what later versions add.
pub const STATE_ROOM_BYTES_MAX: u64 = 512 * 1024;
const _: () = {
    // A name, a title and an artist of 120 characters, each of four bytes, and the rest.
    const PLAYED_BYTES: usize = 2048;
    const OFFERED_BYTES: usize = 67;
    let most = QUEUE_BYTES_MAX + PLAYED_MAX * PLAYED_BYTES + QUEUE_TRACKS_MAX * OFFERED_BYTES;
    assert!(STATE_ROOM_BYTES_MAX as usize > 2 * most);
};

/// Largest file of the server itself: it has about 250 bytes.
pub const STATE_SERVER_BYTES_MAX: u64 = 64 * 1024;

/// Damaged files of one name that are kept for whoever wants to look; the next one takes the place of the last.
pub const STATE_DAMAGED_MAX: u32 = 4;

/// Of what is said of a damaged file: enough to find the place, and one line.
pub const STATE_WORDS_CHARS_MAX: usize = 200;

/// Longer than a party: a room that comes back after this has its track at rest, instead of a queue that played to nobody.
pub const STATE_AWAY_SEC_MAX: f64 = 12.0 * 3600.0;

/// Room time in a file is below this, or the file is damaged: the year 5138, and a double still tells microseconds.
pub const ROOM_TIME_SEC_MAX: f64 = 1e11;

/// Tracks of each room that are looked for first when a server comes back: an hour of songs.
pub const STATE_NEEDED_OF_ROOM_MAX: usize = 16;

/// Of all rooms together: each file that is shared is compared with them.
pub const STATE_NEEDED_MAX: usize = 1024;

/// How long a server waits for another one that holds its folder: one that was just killed takes a moment to be gone.
pub const STATE_LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// How often it looks meanwhile.
pub const STATE_LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Names of files that are looked at in the folder of the rooms, damaged ones included.
pub const STATE_FILES_MAX: usize = 8 * ROOMS_TOLD_MAX;
const _: () = assert!(STATE_FILES_MAX > (2 + STATE_DAMAGED_MAX as usize) * ROOMS_TOLD_MAX);

/// What the system names a boot with has 37 bytes.
pub const BOOT_ID_BYTES_MAX: u64 = 64;
