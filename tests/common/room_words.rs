//! What a room's model says and hears: the details of the messages, and the JSON in which they stand.

use jam::identity::{NodeId, SwarmKey};
use jam::room::event::{Home, Output};
use jam::room::key::Locks;
use jam::room::message::{Role, Wants};
use jam::room::rights::Guests;
use jam::room::token::Token;
use std::net::{IpAddr, Ipv4Addr};

pub const ROOM: &str = "jam1";
pub const WANTS: [Wants; 3] = [
    Wants {
        welcome: true,
        queue: true,
        members: true,
        history: true,
        swarm: false,
        swarm_key: false,
        waiting: false,
        waiting_news: false,
        rights: false,
    },
    Wants {
        welcome: false,
        queue: false,
        members: false,
        history: false,
        swarm: false,
        swarm_key: false,
        waiting: false,
        waiting_news: false,
        rights: false,
    },
    Wants {
        welcome: false,
        queue: false,
        members: true,
        history: true,
        swarm: false,
        swarm_key: false,
        waiting: false,
        waiting_news: false,
        rights: false,
    },
];
/// What the host sends as `offset_sec`, and how the number stands in STATE.
pub const OFFSETS: [(&str, &str); 8] = [
    ("0", "0"),
    ("0.0", "0.0"),
    ("1e-3", "0.001"),
    ("12.5", "12.5"),
    ("1000000000", "1000000000"),
    ("1e6", "1000000.0"),
    ("123456789.12345678", "123456789.12345678"),
    ("1e-300", "1e-300"),
];
/// Tracks that are in no queue, as the host sends them.
pub const TRACKS: [&str; 4] = ["\"t1\"", "null", "\"\"", "\"Grüße \\\"2\\\"\""];
/// The same for the songs of the queue: within all, behind the short ones' end, behind every end.
pub const SONG_OFFSETS: [(&str, &str); 5] = [
    ("0", "0"),
    ("0.05", "0.05"),
    ("1.9999999", "1.9999999"),
    ("1.0", "1.0"),
    ("1e9", "1000000000.0"),
];
/// What DURATION tells, in seconds.
pub const DURATIONS: [&str; 5] = ["2", "0.5", "1e-9", "0.333333", "2592000"];
/// A REPORT's fields, how they stand in MEMBERS, and the round trip in them.
pub const REPORTS: [(&str, &str, f64); 5] = [
    (r#""rtt_ms":40"#, r#"{"rtt_ms":40.0}"#, 40.0),
    (
        r#""rtt_ms":212.5,"status":"ready""#,
        r#"{"status":"ready","rtt_ms":212.5}"#,
        212.5,
    ),
    (r#""x":0"#, "{}", 0.0),
    (r#""rtt_ms":1e13"#, r#"{"rtt_ms":10000000000000.0}"#, 1e13),
    (
        r#""status":"playing","method":"element","error_ms":-0.5,"loaded":1"#,
        r#"{"status":"playing","method":"element","error_ms":-0.5,"loaded":1.0}"#,
        0.0,
    ),
];
/// An ANNOUNCE: port, total_chunks, chunk_size, have_count.
pub type Announced = (u16, Option<u32>, Option<u32>, Option<u32>);
pub const ANNOUNCES: [Announced; 4] = [
    (9003, Some(8), Some(4096), Some(0)),
    (0, None, None, None),
    (9003, Some(8), Some(4096), Some(3)),
    (9004, Some(4), None, Some(7)),
];
pub const DELTAS: [&[u32]; 5] = [&[0, 1], &[1, 1, 2], &[], &[3], &[9]];

/// An output as one line.
pub fn render(output: &Output) -> String {
    match output {
        Output::Admit { member, wants } => format!("admit {} {wants:?}", member.0),
        Output::Send { to, message } => format!("to {}: {}", to.0, message.encode()),
        Output::Broadcast { message, except } => {
            let except: Vec<u64> = except.iter().map(|member| member.0).collect();
            format!("to all but {except:?}: {}", message.encode())
        }
        Output::DialBack { member, address } => format!("dial {} at {address}", member.0),
        Output::Want(want) => format!("want {} {} {:?}", want.track_id, want.bytes, want.name),
        Output::End { member, reason } => format!("end {} {reason:?}", member.0),
        Output::Refuse { member, reason } => format!("refuse {} {reason:?}", member.0),
    }
}

/// What the rooms of the tests say of their server.
pub fn home() -> Home {
    Home {
        version: "0.1.0",
        swarm_key: SwarmKey([0xa5; 32]),
        node_id: NodeId([0x5e; 8]),
        guests: Guests::Nothing,
        locks: Locks::default(),
    }
}

pub fn token(id: u64) -> Token {
    Token::parse(&format!("{id:032x}")).expect("a token")
}

pub fn peer_id(id: u64) -> String {
    format!("p{id}")
}

pub fn ip(id: u64) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, (id % 250) as u8).into()
}

pub fn role_text(role: Role) -> &'static str {
    match role {
        Role::Host => "host",
        Role::Viewer => "viewer",
    }
}

pub fn error_json(id: u64, text: &str) -> String {
    let text = serde_json::Value::from(text);
    format!(r#"to {id}: {{"type":"ERROR","message":{text}}}"#)
}

pub fn state_json(track: &str, status: &str, offset: &str, at: f64) -> String {
    let timestamp = serde_json::Value::from(micros(at));
    format!(
        r#"{{"type":"STATE","payload":{{"track_id":{track},"status":"{status}","offset_sec":{offset},"timestamp":{timestamp}}}}}"#
    )
}

/// The time in whole microseconds.
pub fn micros(sec: f64) -> f64 {
    (sec * 1e6).round() / 1e6
}

/// What all members are told, as `render` shows it.
pub fn to_all(json: &str) -> String {
    format!("to all but []: {json}")
}

pub fn fields(fields: &[(&str, Option<u32>)]) -> String {
    let present = fields
        .iter()
        .filter_map(|&(name, value)| Some((name, value?)));
    present
        .map(|(name, value)| format!(r#","{name}":{value}"#))
        .collect()
}
