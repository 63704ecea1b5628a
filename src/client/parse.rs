//! Reads what a server says.
//!
//! Unknown types and fields are passed over, and so is an entry of a list that cannot be understood: the server may be
//! newer than we are. Lists and texts are cut at the limits that a jam server keeps itself, and every text that people
//! may see is fit for a terminal, because the server may be anybody's.

use super::messages::{
    Clock, Malformed, Peer, Peers, ServerSays, State, SwarmKey, SwarmNode, Track, Votes, Welcome,
    You,
};
use super::parse_people;
use crate::limits::{
    ANNOUNCE_INTERVAL_SEC, DISPLAY_NAME_CHARS_MAX, LINKS_MAX, NODE_TRACKS_MAX, PEERS_LISTED_MAX,
    QUEUE_TRACKS_MAX, SERVER_TEXT_CHARS_MAX, SWARM_LISTED_MAX, SWARM_MAP_DIGITS,
    TRACK_ID_BYTES_MAX, TRACK_NAME_CHARS_MAX,
};
use crate::room::message::Role;
use crate::text::clean_display_text;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::net::IpAddr;

/// # Errors
/// When `text` is not a JSON object with a `type`, or lacks what its type needs.
pub fn parse(text: &str) -> Result<ServerSays, Malformed> {
    let malformed = |what: &str| Malformed(format!("{what}: {}", first_words(text)));
    let typed: Typed = serde_json::from_str(text).map_err(|_| malformed("not JSON, or no type"))?;
    if typed.kind == "SIGNAL" {
        // Its blob may hold what only a JSON text can, and not even a string of ours.
        let signal: Option<RawSignal> = serde_json::from_str(text).ok();
        let signal = signal.and_then(RawSignal::checked);
        return signal.ok_or_else(|| malformed("a signal that lacks something"));
    }
    let value: Value = serde_json::from_str(text).map_err(|_| malformed("not JSON"))?;
    let parsed = match typed.kind.as_ref() {
        "STATE" => value
            .get("payload")
            .cloned()
            .and_then(state)
            .map(ServerSays::State),
        "PEER" => short_text(&value, "peer_id").map(|peer_id| ServerSays::Peer { peer_id }),
        "WELCOME" => Some(welcome(&value)),
        "QUEUE" => Some(ServerSays::Queue(tracks(&value))),
        "MEMBERS" => Some(ServerSays::Members(parse_people::members(&value))),
        "PEERS" => Some(peers(&value)),
        "SWARM" => Some(ServerSays::Swarm(list(
            &value,
            "nodes",
            SWARM_LISTED_MAX,
            RawNode::checked,
        ))),
        "CLOCK" => clock(&value),
        "RIGHTS" => Some(ServerSays::Rights(parse_people::rights(&value))),
        "VOTES" => votes(&value),
        "WAITING" => Some(ServerSays::Waiting(parse_people::waiting(&value))),
        "ERROR" => Some(error(&value)),
        _ => Some(ServerSays::Other),
    };
    parsed.ok_or_else(|| malformed("a message that lacks something"))
}

/// The beginning of what somebody sent, fit for a terminal.
#[must_use]
pub fn first_words(text: &str) -> String {
    const CHARS: usize = 60;
    let start: String = text.chars().take(4 * CHARS).collect();
    clean_display_text(&start, CHARS).unwrap_or_default()
}

/// `N` bytes in hexadecimal, capitals or not.
#[must_use]
pub fn bytes_of_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

// ---- what is on the wire ---------------------------------------------------------------------------

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct RawSignal {
    from: String,
    blob: Box<RawValue>,
}

#[derive(Deserialize)]
struct RawState {
    track_id: Option<String>,
    status: String,
    offset_sec: f64,
    timestamp: f64,
}

#[derive(Deserialize)]
struct RawSwarmKey {
    key: String,
    node_id: String,
}

#[derive(Deserialize)]
struct RawTrack {
    track_id: String,
    #[serde(default)]
    name: String,
    bytes: u64,
    duration_sec: Option<f64>,
    title: Option<String>,
    artist: Option<String>,
    added_by: Option<String>,
    #[serde(default)]
    awaited: bool,
}

#[derive(Deserialize)]
struct RawPeer {
    peer_id: String,
    ip: IpAddr,
    port: u16,
    display_name: Option<String>,
    #[serde(default)]
    is_host: bool,
    #[serde(default)]
    have_count: u32,
    total_chunks: Option<u32>,
    chunk_size: Option<u32>,
    node_id: Option<String>,
    track_id: Option<String>,
    #[serde(default)]
    track_ids: Vec<String>,
    dialable: Option<bool>,
}

#[derive(Deserialize)]
struct RawYou {
    ip: IpAddr,
    dialable: Option<bool>,
}

#[derive(Deserialize)]
struct RawNode {
    peer_id: String,
    name: Option<String>,
    track_id: Option<String>,
    total_chunks: Option<u32>,
    chunk_size: Option<u32>,
    #[serde(default)]
    have_count: u32,
    map: Option<String>,
    dialable: Option<bool>,
    #[serde(default)]
    server: bool,
    #[serde(default)]
    from: Vec<(String, u32)>,
    #[serde(default)]
    unreachable: Vec<String>,
}

pub(super) fn state(payload: Value) -> Option<State> {
    let raw: RawState = serde_json::from_value(payload).ok()?;
    // A host may call what plays anything, and nothing too.
    let id_bytes = raw.track_id.as_ref().map_or(0, String::len);
    if id_bytes > TRACK_ID_BYTES_MAX {
        return None;
    }
    Some(State {
        track_id: raw.track_id,
        playing: raw.status == "PLAY",
        offset_sec: raw.offset_sec,
        timestamp: raw.timestamp,
    })
}

fn error(value: &Value) -> ServerSays {
    let message = display(value, "message", SERVER_TEXT_CHARS_MAX)
        .unwrap_or_else(|| "the server does not say what".into());
    match short_text(value, "track_id") {
        Some(track_id) => ServerSays::Refused {
            track_id: track_id.to_ascii_lowercase(),
            why: message,
        },
        None => ServerSays::Error(message),
    }
}

fn clock(value: &Value) -> Option<ServerSays> {
    let number = |field| value.get(field).and_then(Value::as_f64);
    Some(ServerSays::Clock(Clock {
        t0: number("t0")?,
        t1: number("t1")?,
        t2: number("t2")?,
    }))
}

fn welcome(value: &Value) -> ServerSays {
    let swarm = value.get("swarm").cloned();
    let raw: Option<RawSwarmKey> = swarm.and_then(|swarm| serde_json::from_value(swarm).ok());
    let swarm = raw.and_then(|raw| {
        Some(SwarmKey {
            key: bytes_of_hex(&raw.key)?,
            node_id: bytes_of_hex(&raw.node_id)?,
        })
    });
    ServerSays::Welcome(Welcome {
        version: display(value, "version", DISPLAY_NAME_CHARS_MAX).unwrap_or_default(),
        name: display(value, "name", DISPLAY_NAME_CHARS_MAX).unwrap_or_default(),
        role: match value.get("role").and_then(Value::as_str) {
            Some("host") => Some(Role::Host),
            Some("viewer") => Some(Role::Viewer),
            _ => None,
        },
        token: short_text(value, "token"),
        upload_key: short_text(value, "upload_key"),
        swarm,
    })
}

fn votes(value: &Value) -> Option<ServerSays> {
    let count = |field| usize::try_from(value.get(field)?.as_u64()?).ok();
    Some(ServerSays::Votes(Votes {
        track_id: short_text(value, "track_id"),
        votes: count("votes")?,
        needed: count("needed")?,
    }))
}

fn peers(value: &Value) -> ServerSays {
    let you = value.get("you").cloned();
    let you: Option<RawYou> = you.and_then(|you| serde_json::from_value(you).ok());
    let interval = value.get("interval_sec").and_then(Value::as_u64);
    let interval = interval.and_then(|sec| u32::try_from(sec).ok());
    ServerSays::Peers(Peers {
        peers: list(value, "peers", PEERS_LISTED_MAX, RawPeer::checked),
        you: you.map(|raw| You {
            ip: raw.ip.to_canonical(),
            dialable: raw.dialable,
        }),
        interval_sec: interval
            .unwrap_or(ANNOUNCE_INTERVAL_SEC)
            .clamp(1, 2 * ANNOUNCE_INTERVAL_SEC),
    })
}

impl RawSignal {
    fn checked(self) -> Option<ServerSays> {
        Some(ServerSays::Signal {
            from: Some(self.from).filter(|id| is_short(id))?,
            blob: self.blob.get().to_owned(),
        })
    }
}

impl RawTrack {
    fn checked(self) -> Option<Track> {
        Some(Track {
            name: name(Some(self.name), TRACK_NAME_CHARS_MAX),
            track_id: Some(self.track_id).filter(|id| is_short(id))?,
            bytes: self.bytes,
            duration_sec: self.duration_sec,
            title: shown(self.title, TRACK_NAME_CHARS_MAX),
            artist: shown(self.artist, TRACK_NAME_CHARS_MAX),
            added_by: shown(self.added_by, DISPLAY_NAME_CHARS_MAX),
            awaited: self.awaited,
        })
    }
}

impl RawPeer {
    fn checked(self) -> Option<Peer> {
        Some(Peer {
            peer_id: Some(self.peer_id).filter(|id| is_short(id))?,
            ip: self.ip.to_canonical(),
            port: self.port,
            name: name(self.display_name, DISPLAY_NAME_CHARS_MAX),
            is_host: self.is_host,
            have_count: self.have_count,
            total_chunks: self.total_chunks,
            chunk_size: self.chunk_size,
            node_id: self.node_id.as_deref().and_then(bytes_of_hex),
            track_id: self.track_id.and_then(full_id),
            track_ids: self
                .track_ids
                .into_iter()
                .take(NODE_TRACKS_MAX)
                .filter_map(full_id)
                .collect(),
            dialable: self.dialable,
        })
    }
}

impl RawNode {
    fn checked(self) -> Option<SwarmNode> {
        let digits = self.map.as_deref().filter(|map| {
            map.len() == SWARM_MAP_DIGITS as usize
                && map.bytes().all(|digit| digit.is_ascii_digit())
        });
        let short = |ids: Vec<String>| ids.into_iter().filter(|id| is_short(id));
        let from = self.from.into_iter().filter(|(id, _)| is_short(id));
        Some(SwarmNode {
            peer_id: Some(self.peer_id).filter(|id| is_short(id))?,
            name: name(self.name, DISPLAY_NAME_CHARS_MAX),
            track_id: self.track_id.and_then(full_id),
            total_chunks: self.total_chunks,
            chunk_size: self.chunk_size,
            have_count: self.have_count,
            map: digits.map(|map| map.bytes().map(|digit| digit - b'0').collect()),
            dialable: self.dialable,
            server: self.server,
            from: from.take(LINKS_MAX).collect(),
            unreachable: short(self.unreachable).take(LINKS_MAX).collect(),
        })
    }
}

// ---- reading ---------------------------------------------------------------------------------------

/// The `tracks` of a QUEUE, or of a room as it is told over HTTP.
pub(super) fn tracks(value: &Value) -> Vec<Track> {
    list(value, "tracks", QUEUE_TRACKS_MAX, RawTrack::checked)
}

/// The entries of a list that can be understood, at most `max` of them.
pub(super) fn list<R: DeserializeOwned, T>(
    value: &Value,
    field: &str,
    max: usize,
    check: fn(R) -> Option<T>,
) -> Vec<T> {
    let entries = value.get(field).and_then(Value::as_array);
    let entries = entries.map(Vec::as_slice).unwrap_or_default();
    let understood = |entry: &Value| check(R::deserialize(entry).ok()?);
    entries.iter().filter_map(understood).take(max).collect()
}

/// A text that is no longer than an id may be, as it is.
pub(super) fn short_text(value: &Value, field: &str) -> Option<String> {
    let text = value.get(field)?.as_str()?;
    is_short(text).then(|| text.to_owned())
}

pub(super) fn is_short(id: &str) -> bool {
    (1..=TRACK_ID_BYTES_MAX).contains(&id.len())
}

/// The id of a track: 64 hexadecimal digits, in small letters from here on.
fn full_id(text: String) -> Option<String> {
    let _bytes: [u8; 32] = bytes_of_hex(&text)?;
    Some(text.to_ascii_lowercase())
}

pub(super) fn display(value: &Value, field: &str, chars_max: usize) -> Option<String> {
    clean_display_text(value.get(field)?.as_str()?, chars_max)
}

/// A text as it may be shown, if anything is left of it.
pub(super) fn shown(text: Option<String>, chars_max: usize) -> Option<String> {
    clean_display_text(&text?, chars_max)
}

pub(super) fn name(text: Option<String>, chars_max: usize) -> String {
    shown(text, chars_max).unwrap_or_else(|| "somebody without a name".into())
}
