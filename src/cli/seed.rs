//! `jam seed`: its options.

use super::help::SEED_HELP;
use super::keys::parse_key_to;
use super::tls::parse_ca;
use super::values::{
    parse_chunk_size, parse_key, parse_log_level, parse_name, parse_port, parse_room_address, text,
    usage,
};
use super::{Command, Invocation, UsageError, print};
use crate::room::address::RoomAddress;
use crate::room::key::Keys;
use crate::track::chunks::ChunkSize;
use lexopt::prelude::*;
use log::LevelFilter;
use std::path::PathBuf;

#[derive(Debug, PartialEq)]
pub struct SeedOptions {
    /// At least one.
    pub files: Vec<PathBuf>,
    pub room: Option<RoomAddress>,
    /// Take the room's host seat; only with `room`.
    pub host: bool,
    /// `None`: `SEED_PORT`, or any free one when that is taken. 0: any free one.
    pub listen_port: Option<u16>,
    /// `None`: by the file's length.
    pub chunk_size: Option<ChunkSize>,
    pub key: Option<String>,
    /// Fit for display.
    pub name: Option<String>,
}

const COMMAND: &str = "seed";

pub(super) fn parse(
    parser: &mut lexopt::Parser,
    mut log: Option<LevelFilter>,
) -> Result<Invocation, UsageError> {
    let wrong = |error| usage(COMMAND, error);
    let mut options = SeedOptions {
        files: Vec::new(),
        room: None,
        host: false,
        listen_port: None,
        chunk_size: None,
        key: None,
        name: None,
    };
    let mut keys = Keys::default();
    let mut ca = None;
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Short('h') | Long("help") => return print(SEED_HELP),
            Long("room") => {
                options.room = Some(parse_room_address("--room", &text(COMMAND, parser)?)?);
            }
            Long("host") => options.host = true,
            Long("listen-port") => {
                options.listen_port = Some(parse_port("--listen-port", &text(COMMAND, parser)?)?);
            }
            Long("chunk-size") => {
                options.chunk_size = Some(parse_chunk_size(&text(COMMAND, parser)?)?);
            }
            Long("key") => options.key = Some(parse_key(&text(COMMAND, parser)?)?),
            Long("room-key") => keys.room = Some(parse_key_to(COMMAND, "--room-key", parser)?),
            Long("tls-ca") => ca = parse_ca(COMMAND, parser)?,
            Long("host-key") => keys.host = Some(parse_key_to(COMMAND, "--host-key", parser)?),
            Long("name") => options.name = Some(parse_name(&text(COMMAND, parser)?)?),
            Long("log") => log = Some(parse_log_level(&text(COMMAND, parser)?)?),
            Value(word) if word == "help" && options.files.is_empty() => return print(SEED_HELP),
            Value(file) if file.is_empty() => {
                return Err(UsageError(
                    "the name of a file is empty (type for example `jam seed song.mp3`)".into(),
                ));
            }
            Value(file) => options.files.push(file.into()),
            other => return Err(wrong(other.unexpected())),
        }
    }
    if options.files.is_empty() {
        return Err(UsageError(
            "which file? (type for example `jam seed song.mp3`)".into(),
        ));
    }
    super::keys::give(keys, options.room.as_mut(), "--room")?;
    super::tls::believe(ca, options.room.as_mut(), "--room")?;
    if options.host && options.room.is_none() {
        return Err(UsageError(
            "--host of which room? (type --room ws://HOST:8000/ws/jam1 as well)".into(),
        ));
    }
    Ok(Invocation {
        command: Command::Seed(options),
        log,
    })
}
