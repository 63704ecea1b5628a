//! Limits of tracks: their chunks, their tags, and the files that hold them.

use std::time::Duration;

/// Chunks in a track: 16 GiB in chunks of 16 KiB.
pub const CHUNKS_MAX: u32 = 1 << 20;

/// Chunks that a node may name while it has not said how many its track has: what fits in 8 KiB of bits.
pub const CHUNKS_UNSTATED_MAX: u32 = 1 << 16;

/// Smallest chunk, 1 KiB: a leaf of a BLAKE3 tree, below which nothing can be checked.
pub const CHUNK_BYTES_MIN: u32 = 1 << 10;
const _: () = assert!(CHUNK_BYTES_MIN as usize == blake3::CHUNK_LEN);

/// Largest chunk, 4 MiB.
pub const CHUNK_BYTES_MAX: u32 = 4 << 20;

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

/// More are there while they are being sent, to however many who take their time; the next one is told 503. Each at its limit they
/// take 256 MiB, and 20 MiB as people embed them.
pub const COVERS_SENT_MAX: usize = 128;
const _: () = assert!(COVERS_KEPT_MAX < COVERS_SENT_MAX);

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
