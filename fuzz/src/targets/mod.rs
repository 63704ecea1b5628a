//! What strangers send, and what has to hold whatever they send: one function for each thing that is decoded.
//!
//! A function panics when something does not hold. `fuzz/` hunts for such bytes; `tests/fuzz_corpus.rs` tries again, in
//! every `make test`, those that a hunt found worth keeping (`testdata/fuzz`). To add a target: a file here, a
//! line in `TARGETS`, and its seeds in `fuzz/src/seeds.rs`.

mod check_frame;
mod file_name;
mod forwarded;
mod frame_watch;
mod http_head;
mod key;
mod manifest;
mod mpv_lines;
mod origin;
mod range;
mod room_message;
mod room_session;
mod server_message;
mod state_file;
mod swarm_frame;
mod tags;
mod websocket;

/// One thing that is decoded.
pub struct Target {
    /// Also its folder's in `testdata/fuzz`.
    pub name: &'static str,
    /// Longer inputs are cut off before they get here.
    pub bytes_max: usize,
    pub run: fn(&[u8]),
    pub memory: Memory,
}

/// What may be allocated at any one time, besides the input itself.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Whatever the input is.
    pub base: usize,
    /// And so many for each byte of the input.
    pub per_byte: usize,
}

const fn target(name: &'static str, bytes_max: usize, run: fn(&[u8]), memory: Memory) -> Target {
    Target {
        name,
        bytes_max,
        run,
        memory,
    }
}

const fn memory(base: usize, per_byte: usize) -> Memory {
    Memory { base, per_byte }
}

const KIB: usize = 1024;

/// The memory counts what the checks of a target take, too: what was decoded is encoded, compared and printed there.
pub const TARGETS: &[Target] = &[
    target("http_head", 8 * KIB, http_head::run, memory(8 * KIB, 16)),
    target("range", 4 * KIB, range::run, memory(4 * KIB, 8)),
    target(
        "room_message",
        64 * KIB,
        room_message::run,
        memory(16 * KIB, 100),
    ),
    target(
        "room_session",
        16 * KIB,
        room_session::run,
        memory(256 * KIB, 1000),
    ),
    target(
        "server_message",
        64 * KIB,
        server_message::run,
        memory(16 * KIB, 200),
    ),
    target(
        "swarm_frame",
        64 * KIB,
        swarm_frame::run,
        memory(8 * KIB, 16),
    ),
    target(
        "check_frame",
        20 * KIB,
        check_frame::run,
        memory(8 * KIB, 16),
    ),
    target("manifest", 16 * KIB, manifest::run, memory(32 * KIB, 64)),
    target("tags_mpeg", 64 * KIB, tags::mpeg, memory(256 * KIB, 16)),
    target("tags_mp4", 64 * KIB, tags::mp4, memory(256 * KIB, 16)),
    target("tags_ogg", 64 * KIB, tags::ogg, memory(256 * KIB, 16)),
    target("tags_flac", 64 * KIB, tags::flac, memory(256 * KIB, 16)),
    target("tags_wav", 64 * KIB, tags::wav, memory(256 * KIB, 16)),
    // A line may have no byte; the target keeps all of them, twice.
    target("mpv_lines", 70 * KIB, mpv_lines::run, memory(16 * KIB, 200)),
    // For the length that a frame states there is memory at once, up to the 64 KiB that a message may have.
    target("websocket", 70 * KIB, websocket::run, memory(160 * KIB, 16)),
    target(
        "state_file",
        16 * KIB,
        state_file::run,
        memory(64 * KIB, 100),
    ),
    target("file_name", 4 * KIB, file_name::run, memory(16 * KIB, 16)),
    target("forwarded", 4 * KIB, forwarded::run, memory(4 * KIB, 8)),
    target("origin", 4 * KIB, origin::run, memory(8 * KIB, 16)),
    target(
        "frame_watch",
        70 * KIB,
        frame_watch::run,
        memory(160 * KIB, 16),
    ),
    target("key", 4 * KIB, key::run, memory(8 * KIB, 32)),
];

/// The target of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// A text that is put into a log, an ERROR or a terminal: one line, and not endless.
fn assert_one_line(text: &str, chars_max: usize) {
    assert!(!text.contains(['\n', '\r']), "more than a line: {text:?}");
    assert!(
        text.chars().count() <= chars_max,
        "{} characters, at most {chars_max}: {text:?}",
        text.chars().count()
    );
}

/// A text that was cleaned for display: nothing more would be taken away.
fn assert_clean(text: &str, chars_max: usize) {
    let again = jam::text::clean_display_text(text, chars_max);
    assert_eq!(again.as_deref(), Some(text), "is not fit for display");
}
