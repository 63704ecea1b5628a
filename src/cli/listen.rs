//! `jam listen`: its options.

use super::help::LISTEN_HELP;
use super::keys::parse_key_to;
use super::tls::parse_ca;
use super::values::{parse_log_level, parse_name, parse_number, parse_room_address, text, usage};
use super::{Command, Invocation, UsageError, print};
use crate::limits::TRIM_MS_MAX;
use crate::room::address::RoomAddress;
use crate::room::key::Keys;
use lexopt::prelude::*;
use log::LevelFilter;
use std::ffi::OsString;

#[derive(Debug, PartialEq)]
pub struct ListenOptions {
    pub room: RoomAddress,
    /// An mpv.
    pub player: OsString,
    /// As mpv names it; `None`: the system's own.
    pub device: Option<String>,
    /// Play so many ms earlier; later when negative.
    pub trim_ms: i32,
    /// Take part in the swarm, instead of asking the server for everything.
    pub fetch: bool,
    /// Fit for display.
    pub name: Option<String>,
    /// Events as lines of JSON on standard output.
    pub json: bool,
}

const COMMAND: &str = "listen";
pub(super) const PLAYER: &str = "mpv";

pub(super) fn parse(
    parser: &mut lexopt::Parser,
    mut log: Option<LevelFilter>,
) -> Result<Invocation, UsageError> {
    let wrong = |error| usage(COMMAND, error);
    let mut room = None;
    let mut keys = Keys::default();
    let mut ca = None;
    let mut player = OsString::from(PLAYER);
    let (mut device, mut name) = (None, None);
    let mut trim_ms = 0;
    let (mut fetch, mut json) = (true, false);
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Short('h') | Long("help") => return print(LISTEN_HELP),
            Long("player") => player = parse_player(parser.value().map_err(wrong)?)?,
            Long("device") => device = Some(parse_device(text(COMMAND, parser)?)?),
            Long("trim") => {
                let allowed = -TRIM_MS_MAX..=TRIM_MS_MAX;
                trim_ms = parse_number("--trim", &text(COMMAND, parser)?, &allowed)?;
            }
            Long("no-fetch") => fetch = false,
            Long("room-key") => keys.room = Some(parse_key_to(COMMAND, "--room-key", parser)?),
            Long("tls-ca") => ca = parse_ca(COMMAND, parser)?,
            Long("name") => name = Some(parse_name(&text(COMMAND, parser)?)?),
            Long("json") => json = true,
            Long("log") => log = Some(parse_log_level(&text(COMMAND, parser)?)?),
            Value(word) if word == "help" => return print(LISTEN_HELP),
            Value(word) if room.is_none() => {
                room = Some(parse_room_address("jam listen", &word.to_string_lossy())?);
            }
            other => return Err(wrong(other.unexpected())),
        }
    }
    let mut room = room.ok_or_else(|| {
        UsageError("to which room? (type `jam listen ws://HOST:8000/ws/jam1`)".into())
    })?;
    super::keys::give(keys, Some(&mut room), "")?;
    super::tls::believe(ca, Some(&mut room), "")?;
    Ok(Invocation {
        command: Command::Listen(ListenOptions {
            room,
            player,
            device,
            trim_ms,
            fetch,
            name,
            json,
        }),
        log,
    })
}

pub(super) fn parse_player(program: OsString) -> Result<OsString, UsageError> {
    match program.is_empty() {
        true => Err(UsageError(
            "--player is empty (type for example --player /usr/bin/mpv)".into(),
        )),
        false => Ok(program),
    }
}

pub(super) fn parse_device(name: String) -> Result<String, UsageError> {
    match name.is_empty() {
        true => Err(UsageError(
            "--device is empty (type a name that `mpv --audio-device=help` lists)".into(),
        )),
        false => Ok(name),
    }
}
