//! Limits of a loudspeaker: mpv processes, and how closely they follow a room.

use std::time::Duration;

/// Longest line that mpv says: its answers to what we ask have less than 200 bytes, its events name a file at most.
pub const PLAYER_LINE_BYTES_MAX: usize = 64 * 1024;

/// What is read from mpv at a time.
pub const PLAYER_READ_BYTES: usize = 4 * 1024;

/// What mpv said and nobody has looked at yet: some seconds of events. When it is full the reading thread waits.
pub const PLAYER_SAID_MAX: usize = 256;

/// Longest words of mpv that are shown.
pub const PLAYER_WORDS_CHARS_MAX: usize = 120;

/// mpv answers at once, or after opening a sound device; one that has not answered by then hangs, and is replaced.
pub const PLAYER_ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// A fresh process has to load its libraries first, from a slow card perhaps.
pub const PLAYER_BIRTH_DEADLINE: Duration = Duration::from_secs(20);

/// A position whose answer took longer says too little of the moment that it was true.
pub const PLAYER_READING_MAX: Duration = Duration::from_millis(8);

/// mpv takes a line of 300 bytes at once, or is stopped.
pub const PLAYER_WRITE_DEADLINE: Duration = Duration::from_secs(2);

/// Requests without an answer: ten seconds of positions and more.
pub const PLAYER_PENDING_MAX: usize = 256;

/// After it was told to go mpv has this long until it is killed.
pub const PLAYER_EXIT_GRACE: Duration = Duration::from_millis(500);

/// A player that died is replaced after this, doubling while replacements die as well.
pub const PLAYER_AGAIN_MIN: Duration = Duration::from_millis(250);
pub const PLAYER_AGAIN_MAX: Duration = Duration::from_secs(10);

/// One that has lived so long was well: the next one comes soon again.
pub const PLAYER_WELL_AFTER: Duration = Duration::from_secs(30);

/// Stack of the thread that reads from mpv; it parses JSON, nested up to 128 deep.
pub const PLAYER_STACK_BYTES: usize = 256 * 1024;

/// Readings that count for how far a player is off: sixteen seconds of ten each.
pub const EAR_READINGS_MAX: usize = 160;

/// Tracks that could not be played since the room spoke last: the current one, and some that were to come.
pub const BROKEN_TRACKS_MAX: usize = 8;

/// Nobody hears a position beyond this; it is a mistake, and not worth opening a file for.
pub const FOLLOW_OFFSET_SEC_MAX: f64 = 1e6;

/// Percent: as it was recorded, and what a key changes.
pub const VOLUME_USUAL: u32 = 100;
pub const VOLUME_STEP: u32 = 5;

/// Largest `--trim`: no loudspeaker is later than a second.
pub const TRIM_MS_MAX: i32 = 1000;

/// Tracks that a listener keeps: the current one, what comes next, and what may be wanted again.
pub const SHELF_TRACKS_MAX: usize = 4;

/// The longest of them: three hours of WAV. Longer ones are played from the server, so that
/// a stranger's room takes 8 GiB of this disk at most.
pub const SHELF_TRACK_BYTES_MAX: u64 = 2 << 30;

/// Tracks that it fetches ahead, the current one included.
pub const SHELF_AHEAD: usize = 3;
const _: () = assert!(SHELF_AHEAD < SHELF_TRACKS_MAX);

/// An encrypted room may be behind a proxy, which passes no chunks on: a track of which no node has told anything for this
/// long comes from the server itself. A node that answers at all does so in some round trips.
pub const SHELF_PATIENCE: Duration = Duration::from_secs(3);

/// How often the shelf looks what has come.
pub const SHELF_TICK: Duration = Duration::from_millis(50);

/// What a listener was told and has not looked at yet.
pub const LISTEN_EVENTS_MAX: usize = 64;

/// Players in a row that end before they have said a word: the program is no mpv, or too old.
pub const PLAYER_STILLBORN_MAX: u32 = 3;
