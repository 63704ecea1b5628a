//! What stands behind an option, read and checked. Every refusal is one line that ends in what to type.

use super::{SEED_PORT, UsageError};
use crate::limits::DISPLAY_NAME_CHARS_MAX;
use crate::room::address::{AddressError, Endpoint, RoomAddress};
use crate::room::name::RoomName;
use crate::text::clean_display_text;
use crate::track::chunks::ChunkSize;
use log::LevelFilter;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

const ROOM_EXAMPLE: &str = "ws://192.168.1.20:8000/ws/jam1";
const NODE_EXAMPLE: &str = "192.168.1.20:9003";

/// The value of the option just read.
pub(super) fn text(command: &str, parser: &mut lexopt::Parser) -> Result<String, UsageError> {
    use lexopt::ValueExt;
    let value = parser.value().and_then(|value| value.string());
    value.map_err(|error| usage(command, error))
}

/// What lexopt says, and whose help to read; `command` may be empty.
pub(super) fn usage(command: &str, error: lexopt::Error) -> UsageError {
    let blank = if command.is_empty() { "" } else { " " };
    let error = cut(on_one_line(&error), 160);
    UsageError(format!("{error} (type `jam{blank}{command} --help`)"))
}

/// What was typed may hold line ends and control characters, which must not reach the terminal.
pub(super) fn on_one_line(typed: &(impl ToString + ?Sized)) -> String {
    clean_display_text(&typed.to_string(), usize::MAX).unwrap_or_default()
}

/// Begins a refusal with what was typed.
pub(super) fn typed(option: &str, text: &str) -> String {
    let shown = cut(without_key(text).to_owned(), 60);
    match option {
        "" => format!("{shown:?}"),
        option => format!("{option} {shown:?}"),
    }
}

/// A room's address without the key that it may carry, to be shown.
pub(super) fn without_key(text: &str) -> &str {
    text.split_once("#key=")
        .map_or(text, |(address, _)| address)
}

/// What gets too long to read.
fn cut(mut text: String, chars_max: usize) -> String {
    if let Some((at, _)) = text.char_indices().nth(chars_max) {
        text.truncate(at);
        text += "...";
    }
    text
}

/// The level named in `--log` or `JAM_LOG`.
///
/// # Errors
/// One line with the names that there are.
pub fn parse_log_level(text: &str) -> Result<LevelFilter, UsageError> {
    text.parse().map_err(|_| {
        let typed = typed("", text);
        UsageError(format!(
            "no log level {typed} (type error, warn, info, debug, trace or off)"
        ))
    })
}

pub(super) fn parse_port(option: &str, text: &str) -> Result<u16, UsageError> {
    text.parse().map_err(|_| {
        let typed = typed(option, text);
        UsageError(format!(
            "{typed} is not a port (type a number from 0 to 65535)"
        ))
    })
}

pub(super) fn parse_room(text: &str) -> Result<RoomName, UsageError> {
    RoomName::parse(text).ok_or_else(|| {
        let typed = typed("--room", text);
        UsageError(format!(
            "{typed} is not a room name (type 1 to 64 of A-Z a-z 0-9 _ -)"
        ))
    })
}

pub(super) fn parse_room_address(option: &str, text: &str) -> Result<RoomAddress, UsageError> {
    RoomAddress::parse(text).map_err(|error| bad_room_address(option, text, error))
}

/// The room named apart goes before the one in the URL.
pub(super) fn parse_tracker(url: &str, room: Option<RoomName>) -> Result<RoomAddress, UsageError> {
    let address = match room {
        None => RoomAddress::parse(url),
        Some(room) => RoomAddress::parse_server(url, room),
    };
    address.map_err(|error| bad_room_address("--tracker-ws", url, error))
}

fn bad_room_address(option: &str, text: &str, error: impl Display) -> UsageError {
    let typed = typed(option, text);
    UsageError(format!(
        "{typed} {error} (type for example {option} {ROOM_EXAMPLE})"
    ))
}

/// The addresses behind `--connect`: everything up to the next option or track id, and at least one.
pub(super) fn parse_connect(
    command: &str,
    parser: &mut lexopt::Parser,
) -> Result<Vec<Endpoint>, UsageError> {
    let endpoint = |text: &str| parse_endpoint("--connect", text, SEED_PORT);
    if let Some(alone) = parser.optional_value() {
        return Ok(vec![endpoint(&alone.to_string_lossy())?]);
    }
    let mut found = vec![endpoint(&text(command, parser)?)?];
    while let Some(mut rest) = parser.try_raw_args() {
        let next = rest.peek().and_then(|next| next.to_str());
        let Some(next) = next.filter(|next| !next.starts_with('-') && !like_track_id(next)) else {
            break;
        };
        found.push(endpoint(next)?);
        rest.next();
    }
    Ok(found)
}

/// `option` may be empty, for an address that stands alone.
pub(super) fn parse_endpoint(option: &str, text: &str, port: u16) -> Result<Endpoint, UsageError> {
    if like_track_id(text) && !option.is_empty() {
        let typed = typed(option, text);
        let hint = format!("type for example {option} {NODE_EXAMPLE}");
        return Err(UsageError(format!("{typed} is a track id ({hint})")));
    }
    Endpoint::parse(text, port).map_err(|error| {
        let typed = typed(option, text);
        let host = match error {
            AddressError::Brackets => &format!("[{text}]"),
            _ => "192.168.1.20",
        };
        let blank = if option.is_empty() { "" } else { " " };
        UsageError(format!(
            "{typed} {error} (type for example {option}{blank}{host}:{port})"
        ))
    })
}

/// Whole or cut short: no host is called so.
pub(super) fn like_track_id(text: &str) -> bool {
    text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn parse_number<N>(
    option: &str,
    text: &str,
    allowed: &RangeInclusive<N>,
) -> Result<N, UsageError>
where
    N: FromStr + PartialOrd + Display,
{
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| {
        let typed = typed(option, text);
        let (least, most) = (allowed.start(), allowed.end());
        UsageError(format!(
            "{typed} is out of range (type a number from {least} to {most})"
        ))
    })
}

pub(super) fn parse_chunk_size(text: &str) -> Result<ChunkSize, UsageError> {
    let size = parse_size(text).and_then(ChunkSize::from_bytes);
    size.ok_or_else(|| {
        let typed = typed("--chunk-size", text);
        let allowed = ChunkSize::ALLOWED;
        let hint = format!("type {allowed}, for example --chunk-size 64KiB");
        UsageError(format!("{typed} is not a chunk size ({hint})"))
    })
}

/// What others are shown.
pub(super) fn parse_name(text: &str) -> Result<String, UsageError> {
    clean_display_text(text, DISPLAY_NAME_CHARS_MAX).ok_or_else(|| {
        UsageError("--name has nothing to show (type for example --name Ana)".into())
    })
}

pub(super) fn parse_key(text: &str) -> Result<String, UsageError> {
    match text {
        "" => Err(UsageError(
            "--key is empty (type any text that the others type too)".into(),
        )),
        text => Ok(text.to_owned()),
    }
}

/// `512MiB`, `512M`, `2GiB`, `64k` or a number of bytes; each letter is a power of 1024. Never 0.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &lower[digits.len()..] {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return None,
    };
    let number: u64 = digits.trim().parse().ok()?;
    number.checked_mul(1 << shift).filter(|&bytes| bytes > 0)
}
