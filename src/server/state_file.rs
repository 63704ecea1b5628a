//! What the files of `--state-dir` say: bytes to values and back. Pure.
//!
//! Whatever the bytes are, what comes of them is what a room may be, or why it is none in words fit for a log.

use crate::limits::STATE_WORDS_CHARS_MAX;
use crate::room::name::RoomName;
use crate::room::snapshot::RoomSnapshot;
use crate::text::clean_display_text;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// Of the files. A change that an older jam would misread gets another.
pub const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Version {
    jam_state: u32,
}

#[derive(Serialize)]
struct RoomFile<'a> {
    jam_state: u32,
    room: &'a RoomSnapshot,
}

#[derive(Deserialize)]
struct StoredRoom {
    room: RoomSnapshot,
}

/// The room that a file named after it holds.
///
/// # Errors
/// Why it is none.
pub fn decode_room(name: &RoomName, bytes: Vec<u8>) -> Result<RoomSnapshot, String> {
    let StoredRoom { room } = decode(bytes)?;
    match room.check()? == *name {
        true => Ok(room),
        false => Err(in_words(&format_args!("it is of room {}", room.name))),
    }
}

#[must_use]
pub fn encode_room(room: &RoomSnapshot) -> Vec<u8> {
    let jam_state = VERSION;
    encode(&RoomFile { jam_state, room })
}

/// Any of the files, of this version.
///
/// # Errors
/// Why it is none.
pub fn decode<T: DeserializeOwned>(bytes: Vec<u8>) -> Result<T, String> {
    let text = String::from_utf8(bytes).map_err(|error| in_words(&error))?;
    let Version { jam_state } = serde_json::from_str(&text).map_err(|error| in_words(&error))?;
    if jam_state != VERSION {
        return Err(format!("jam_state {jam_state} is another version of jam's"));
    }
    serde_json::from_str(&text).map_err(|error| in_words(&error))
}

#[must_use]
pub fn encode(file: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(file).expect("bug: every field of a state file is JSON");
    bytes.push(b'\n');
    bytes
}

/// An error may repeat what it does not understand, which may be anything.
fn in_words(error: &impl Display) -> String {
    clean_display_text(&error.to_string(), STATE_WORDS_CHARS_MAX).unwrap_or_default()
}
