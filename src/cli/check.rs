//! `jam check`: its options.

use super::help::CHECK_HELP;
use super::keys::parse_key_to;
use super::tls::parse_ca;
use super::values::{
    on_one_line, parse_endpoint, parse_log_level, parse_port, parse_room_address, text, usage,
    without_key,
};
use super::{CHECK_PORT, Command, Invocation, UsageError, print};
use crate::room::address::{Endpoint, RoomAddress};
use crate::room::key::Keys;
use lexopt::prelude::*;
use log::LevelFilter;

#[derive(Debug, PartialEq)]
pub struct CheckOptions {
    pub target: CheckTarget,
    /// The result as JSON on standard output.
    pub json: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub enum CheckTarget {
    /// Dial this one.
    Peer(Endpoint),
    /// Wait for others on this port; 0: any free one.
    Listen(u16),
    Room(RoomAddress),
}

impl CheckTarget {
    pub(super) fn room_mut(&mut self) -> Option<&mut RoomAddress> {
        match self {
            Self::Room(room) => Some(room),
            Self::Peer(_) | Self::Listen(_) => None,
        }
    }
}

const COMMAND: &str = "check";

pub(super) fn parse(
    parser: &mut lexopt::Parser,
    mut log: Option<LevelFilter>,
) -> Result<Invocation, UsageError> {
    let wrong = |error| usage(COMMAND, error);
    let (mut peer, mut port, mut room) = (None, None, None);
    let mut json = false;
    let mut keys = Keys::default();
    let mut ca = None;
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Short('h') | Long("help") => return print(CHECK_HELP),
            Long("listen-port") => {
                port = Some(parse_port("--listen-port", &text(COMMAND, parser)?)?);
            }
            Long("room") => room = Some(parse_room_address("--room", &text(COMMAND, parser)?)?),
            Long("room-key") => keys.room = Some(parse_key_to(COMMAND, "--room-key", parser)?),
            Long("tls-ca") => ca = parse_ca(COMMAND, parser)?,
            Long("json") => json = true,
            Long("log") => log = Some(parse_log_level(&text(COMMAND, parser)?)?),
            Value(word) if word == "help" => return print(CHECK_HELP),
            Value(word) if peer.is_none() => peer = Some(parse_peer(&word.to_string_lossy())?),
            other => return Err(wrong(other.unexpected())),
        }
    }
    super::keys::give(keys, room.as_mut(), "--room")?;
    super::tls::believe(ca, room.as_mut(), "--room")?;
    let target = match (peer, port, room) {
        (Some(peer), None, None) => CheckTarget::Peer(peer),
        (None, Some(port), None) => CheckTarget::Listen(port),
        (None, None, Some(room)) => CheckTarget::Room(room),
        (None, None, None) => {
            return Err(UsageError(format!(
                "check what? (type --listen-port {CHECK_PORT} here, and `jam check HOST:{CHECK_PORT}` \
                 there; or --room ws://HOST:8000/ws/jam1)"
            )));
        }
        _ => {
            return Err(UsageError(
                "one at a time (type HOST:PORT, --listen-port PORT or --room URL)".into(),
            ));
        }
    };
    Ok(Invocation {
        command: Command::Check(CheckOptions { target, json }),
        log,
    })
}

/// A room's address in the place of a machine's is a forgotten option.
fn parse_peer(text: &str) -> Result<Endpoint, UsageError> {
    parse_endpoint("", text, CHECK_PORT).map_err(|refused| match RoomAddress::parse(text) {
        Err(_) => refused,
        Ok(_) => {
            let room: String = on_one_line(without_key(text)).chars().take(200).collect();
            UsageError(format!("this is a room (type `jam check --room {room}`)"))
        }
    })
}
