//! `jam peer`: its options.

use super::help::PEER_HELP;
use super::keys::parse_key_to;
use super::tls::parse_ca;
use super::values::{
    parse_chunk_size, parse_connect, parse_log_level, parse_number, parse_port, parse_room,
    parse_tracker, text, usage,
};
use super::{Command, Invocation, UsageError, print};
use crate::limits::{CHUNKS_MAX, REQUESTS_IN_FLIGHT_MAX};
use crate::room::address::{Endpoint, RoomAddress};
use crate::room::key::Keys;
use crate::track::chunks::ChunkSize;
use lexopt::prelude::*;
use log::LevelFilter;

#[derive(Debug, PartialEq)]
pub struct PeerOptions {
    /// Have all chunks, instead of fetching them.
    pub seed: bool,
    /// `None`: `SEED_PORT` or `FETCH_PORT`, or any free one when that is taken. 0: any free one.
    pub listen_port: Option<u16>,
    /// Never 0.
    pub num_chunks: u32,
    pub chunk_size: ChunkSize,
    /// Nobody only when `seed` or `tracker` is given.
    pub connect: Vec<Endpoint>,
    /// Requests in flight to each peer; `None`: as the network asks for.
    pub inflight: Option<u8>,
    pub tracker: Option<RoomAddress>,
}

const COMMAND: &str = "peer";
const NUM_CHUNKS: u32 = 120;
const CHUNK_BYTES: u64 = 4096;

pub(super) fn parse(
    parser: &mut lexopt::Parser,
    mut log: Option<LevelFilter>,
) -> Result<Invocation, UsageError> {
    let wrong = |error| usage(COMMAND, error);
    let mut options = PeerOptions {
        seed: false,
        listen_port: None,
        num_chunks: NUM_CHUNKS,
        chunk_size: ChunkSize::from_bytes(CHUNK_BYTES).expect("bug: 4 KiB is a chunk size"),
        connect: Vec::new(),
        inflight: None,
        tracker: None,
    };
    let mut url = None;
    let mut keys = Keys::default();
    let mut ca = None;
    let mut room = None;
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Short('h') | Long("help") => return print(PEER_HELP),
            Long("seed") => options.seed = true,
            Long("listen-port") => {
                options.listen_port = Some(parse_port("--listen-port", &text(COMMAND, parser)?)?);
            }
            Long("num-chunks") => {
                let allowed = 1..=CHUNKS_MAX;
                options.num_chunks =
                    parse_number("--num-chunks", &text(COMMAND, parser)?, &allowed)?;
            }
            Long("chunk-size") => options.chunk_size = parse_chunk_size(&text(COMMAND, parser)?)?,
            Long("connect") => options.connect.extend(parse_connect(COMMAND, parser)?),
            Long("inflight") => {
                let allowed = 1..=REQUESTS_IN_FLIGHT_MAX;
                let inflight = parse_number("--inflight", &text(COMMAND, parser)?, &allowed)?;
                options.inflight = Some(inflight);
            }
            Long("tracker-ws") => url = Some(text(COMMAND, parser)?),
            Long("room-key") => keys.room = Some(parse_key_to(COMMAND, "--room-key", parser)?),
            Long("tls-ca") => ca = parse_ca(COMMAND, parser)?,
            Long("room") => room = Some(parse_room(&text(COMMAND, parser)?)?),
            Long("log") => log = Some(parse_log_level(&text(COMMAND, parser)?)?),
            Value(word) if word == "help" => return print(PEER_HELP),
            other => return Err(wrong(other.unexpected())),
        }
    }
    options.tracker = match (url, room) {
        (None, None) => None,
        (Some(url), room) => Some(parse_tracker(&url, room)?),
        (None, Some(room)) => {
            return Err(UsageError(format!(
                "--room {room} on which server? (type --tracker-ws ws://HOST:8000/ws/{room})"
            )));
        }
    };
    super::keys::give(keys, options.tracker.as_mut(), "--tracker-ws")?;
    super::tls::believe(ca, options.tracker.as_mut(), "--tracker-ws")?;
    if !options.seed && options.connect.is_empty() && options.tracker.is_none() {
        return Err(UsageError(
            "from whom? (type --connect HOST:9003, --tracker-ws ws://HOST:8000/ws/jam1, or --seed)"
                .into(),
        ));
    }
    Ok(Invocation {
        command: Command::Peer(options),
        log,
    })
}
