//! `jam fetch`: its options.

use super::help::FETCH_HELP;
use super::keys::parse_key_to;
use super::tls::parse_ca;
use super::values::{
    on_one_line, parse_connect, parse_key, parse_log_level, parse_name, parse_number, parse_port,
    parse_room_address, text, usage, without_key,
};
use super::{Command, Invocation, SEED_PORT, UsageError, print};
use crate::limits::SEED_AFTER_SEC_MAX;
use crate::room::address::{Endpoint, RoomAddress};
use crate::room::key::Keys;
use crate::track::id::TrackId;
use lexopt::prelude::*;
use log::LevelFilter;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, PartialEq)]
pub struct FetchOptions {
    pub track: Option<TrackId>,
    /// This, or `connect`, or both.
    pub room: Option<RoomAddress>,
    pub connect: Vec<Endpoint>,
    /// A folder.
    pub output: PathBuf,
    /// `None`: `FETCH_PORT`, or any free one when that is taken. 0: any free one.
    pub listen_port: Option<u16>,
    pub seed_after: SeedAfter,
    pub key: Option<String>,
    /// Fit for display.
    pub name: Option<String>,
    /// Events as lines of JSON on standard output.
    pub json: bool,
}

/// How long a download that is done serves others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeedAfter {
    /// Until those that are there have it too, and for ten seconds at most.
    OthersDone,
    /// At least so long.
    AtLeast(Duration),
    /// Until it is stopped.
    Stopped,
}

const COMMAND: &str = "fetch";

pub(super) fn parse(
    parser: &mut lexopt::Parser,
    mut log: Option<LevelFilter>,
) -> Result<Invocation, UsageError> {
    let wrong = |error| usage(COMMAND, error);
    let mut options = FetchOptions {
        track: None,
        room: None,
        connect: Vec::new(),
        output: PathBuf::from("."),
        listen_port: None,
        seed_after: SeedAfter::OthersDone,
        key: None,
        name: None,
        json: false,
    };
    let mut keys = Keys::default();
    let mut ca = None;
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Short('h') | Long("help") => return print(FETCH_HELP),
            Long("room") => {
                options.room = Some(parse_room_address("--room", &text(COMMAND, parser)?)?);
            }
            Long("connect") => options.connect.extend(parse_connect(COMMAND, parser)?),
            Long("output") => options.output = parse_output(parser.value().map_err(wrong)?)?,
            Long("listen-port") => {
                options.listen_port = Some(parse_port("--listen-port", &text(COMMAND, parser)?)?);
            }
            Long("seed-after") => options.seed_after = parse_seed_after(parser)?,
            Long("key") => options.key = Some(parse_key(&text(COMMAND, parser)?)?),
            Long("room-key") => keys.room = Some(parse_key_to(COMMAND, "--room-key", parser)?),
            Long("tls-ca") => ca = parse_ca(COMMAND, parser)?,
            Long("name") => options.name = Some(parse_name(&text(COMMAND, parser)?)?),
            Long("json") => options.json = true,
            Long("log") => log = Some(parse_log_level(&text(COMMAND, parser)?)?),
            Value(word) if word == "help" => return print(FETCH_HELP),
            Value(word) if options.track.is_none() => {
                options.track = Some(parse_track(&word.to_string_lossy())?);
            }
            other => return Err(wrong(other.unexpected())),
        }
    }
    super::keys::give(keys, options.room.as_mut(), "--room")?;
    super::tls::believe(ca, options.room.as_mut(), "--room")?;
    if options.room.is_none() && options.connect.is_empty() {
        return Err(UsageError(
            "from whom? (type --connect HOST:9003, or --room ws://HOST:8000/ws/jam1)".into(),
        ));
    }
    Ok(Invocation {
        command: Command::Fetch(options),
        log,
    })
}

fn parse_output(folder: OsString) -> Result<PathBuf, UsageError> {
    match folder.is_empty() {
        true => Err(UsageError(
            "--output is empty (type for example --output Music)".into(),
        )),
        false => Ok(folder.into()),
    }
}

/// An address in the place of the track is a forgotten option.
fn parse_track(text: &str) -> Result<TrackId, UsageError> {
    TrackId::parse(text).ok_or_else(|| {
        let shown: String = on_one_line(without_key(text)).chars().take(80).collect();
        let forgotten = if RoomAddress::parse(text).is_ok() {
            Some("--room")
        } else if text.contains(['.', ':']) && Endpoint::parse(text, SEED_PORT).is_ok() {
            Some("--connect")
        } else {
            None
        };
        let hint = match forgotten {
            Some(option) => format!("type {option} {shown}"),
            None => "type the 64 hexadecimal digits that `jam seed` prints".into(),
        };
        UsageError(format!("{shown:?} is not a track id ({hint})"))
    })
}

/// The number is optional: what follows without `=` and is no number may be the track.
fn parse_seed_after(parser: &mut lexopt::Parser) -> Result<SeedAfter, UsageError> {
    const DIGITS_MAX: usize = 9;
    let is_number = |text: &str| {
        (1..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let value = match parser.optional_value() {
        Some(value) => Some(value),
        None => parser
            .try_raw_args()
            .and_then(|mut rest| rest.next_if(|next| next.to_str().is_some_and(is_number))),
    };
    let Some(value) = value else {
        return Ok(SeedAfter::Stopped);
    };
    let seconds = parse_number(
        "--seed-after",
        &value.to_string_lossy(),
        &(0..=SEED_AFTER_SEC_MAX),
    )?;
    Ok(SeedAfter::AtLeast(Duration::from_secs(seconds.into())))
}
