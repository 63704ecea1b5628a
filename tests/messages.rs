//! The room's messages: every example of `docs/PROTOCOL.md`, what is refused and with which words, and that
//! nothing that a client sends makes the reader panic.

use crate::common::random;

use jam::identity::NodeId;
use jam::limits::{READER_STACK_BYTES, ROOM_MESSAGE_BYTES_MAX, SIGNAL_DEPTH_MAX};
use jam::room::event::RoomView;
use jam::room::key::Keys;
use jam::room::locking::{LockedView, Look};
use jam::room::message::{
    ClientMessage, Hello, HostMessage, MemberEntry, Played, QueueTrack, Report, Role, RoomMessage,
    ServerMessage, State, Status, Wants,
};
use jam::room::node_message::{Offer, PeerEntry, SwarmNode, SwarmWelcome, You};
use jam::room::pace::{Limit, Pace, Rates};
use jam::room::parse::{parse_hello, parse_message};
use jam::room::rights::Guests;
use jam::room::rights_message::{KeptSeat, Person};
use jam::room::token::Token;
use jam::room::waiting::Progress;
use jam::track::id::TrackId;
use jam::track::sniff::AudioKind;
use random::for_each_seed;
use serde_json::Value;
use serde_json::value::RawValue;
use std::sync::Arc;

const CLIENT: &str = include_str!("../testdata/messages/client.jsonl");
const SERVER: &str = include_str!("../testdata/messages/server.jsonl");
const HTTP: &str = include_str!("../testdata/messages/http.jsonl");
const REFUSED: &str = include_str!("../testdata/messages/refused.jsonl");
const PROTOCOL: &str = include_str!("../docs/PROTOCOL.md");
const ROOM: &str = "jam1";
const TRACK: &str = "c34b4ce12be22e3f92ade1cc20d46caed00dc006e5b423dad71487182140c8e9";

fn parse(text: &str) -> RoomMessage {
    match parse_message(text, ROOM) {
        Ok(ClientMessage::Room(message)) => message,
        other => panic!("{text}: {other:?}"),
    }
}

fn refusal(text: &str) -> String {
    parse_message(text, ROOM).expect_err(text)
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.into()).expect("JSON")
}

fn track_id() -> TrackId {
    TrackId::parse(TRACK).expect("an id")
}

fn token(text: &str) -> Token {
    Token::parse(text).expect("a token")
}

fn number(json: &str) -> serde_json::Number {
    serde_json::from_str(json).expect("a number")
}

// ---- the examples --------------------------------------------------------------------------------

#[test]
fn every_example_of_the_protocol_page_is_a_line_that_the_tests_read() {
    let known: Vec<&str> = [CLIENT, SERVER, HTTP]
        .into_iter()
        .flat_map(str::lines)
        .collect();
    let mut examples = 0;
    let mut inside = false;
    for line in PROTOCOL.lines() {
        match line {
            "```json" => inside = true,
            "```" => inside = false,
            example if inside => {
                assert!(
                    known.contains(&example),
                    "not in testdata/messages: {example}"
                );
                examples += 1;
            }
            _ => {}
        }
    }
    assert!(examples > 15 && !inside, "{examples} examples found");
}

#[test]
fn every_client_example_is_understood() {
    for line in CLIENT.lines() {
        if line.contains("HELLO") {
            parse_hello(line).unwrap_or_else(|reason| panic!("{line}: {reason:?}"));
        } else {
            parse_message(line, ROOM).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }
}

#[test]
fn every_server_example_is_exactly_what_the_server_writes() {
    let written: Vec<String> = server_messages()
        .iter()
        .map(ServerMessage::encode)
        .collect();
    let expected: Vec<&str> = SERVER.lines().collect();
    for (written, expected) in written.iter().zip(&expected) {
        assert_eq!(written, expected);
    }
    assert_eq!(written.len(), expected.len());
}

/// What the lines of `server.jsonl` say, in their order.
fn server_messages() -> Vec<ServerMessage> {
    let (ana, ben) = ("p81c0d4e95a3b", "p3f9c21ab77d0");
    let state = |track_id: Option<&str>, status, offset: &str, timestamp| ServerMessage::State {
        payload: State {
            track_id: track_id.map(Into::into),
            status,
            offset_sec: number(offset),
            timestamp,
        },
    };
    let member = |peer_id: &str, name: &str, role, report| MemberEntry {
        peer_id: peer_id.into(),
        name: name.into(),
        role,
        report,
        node: false,
    };
    let members = |total, members| ServerMessage::Members {
        room: ROOM.into(),
        total,
        members,
    };
    let queue = |tracks| ServerMessage::Queue {
        room: ROOM.into(),
        tracks: Arc::new(tracks),
    };
    let clock = |t0, t1, t2| ServerMessage::Clock {
        t0: raw(t0),
        t1,
        t2,
    };
    let track_id = track_id();
    let plain = QueueTrack {
        track_id,
        name: "prelude60.opus".into(),
        bytes: 494_769,
        content_type: "audio/ogg; codecs=opus",
        duration_sec: None,
        title: None,
        artist: None,
        album: None,
        cover: false,
        added_by: None,
        added_by_id: None,
        awaited: false,
    };
    let described = QueueTrack {
        duration_sec: Some(60.0),
        title: Some("Prelude in C".into()),
        artist: Some("J. S. Bach".into()),
        album: Some("Preludes".into()),
        cover: true,
        added_by: Some("Ana".into()),
        added_by_id: Some("p81c0d4e95a3b".into()),
        ..plain.clone()
    };
    let entry = Played {
        track_id,
        name: described.name.clone(),
        title: described.title.clone(),
        artist: described.artist.clone(),
        duration_sec: described.duration_sec,
        at: 1_762_569_231.204_511,
    };
    let playing = Report {
        status: Some("playing"),
        method: Some("webaudio"),
        rtt_ms: Some(1.25),
        error_ms: Some(0.4),
        loaded: Some(1.0),
        clock_ms: Some(0.3),
        track_id: Some("told to the room alone".into()),
    };
    vec![
        state(None, Status::Pause, "0.0", 1_762_569_219.737_918),
        ServerMessage::Peer {
            peer_id: ben.into(),
        },
        state(Some("t1"), Status::Play, "0", 1_762_569_231.204_511),
        ServerMessage::Signal {
            from: ana.into(),
            blob: raw(r#"{"sdp":"v=0"}"#),
        },
        ServerMessage::peers(
            ROOM,
            vec![PeerEntry {
                peer_id: ana.into(),
                ip: "192.168.1.20".parse().expect("an address"),
                port: 9003,
                have_count: 3,
                display_name: "Ana".into(),
                is_host: true,
                total_chunks: Some(120),
                chunk_size: Some(4096),
                node_id: None,
                track_id: None,
                track_ids: Vec::new(),
                dialable: None,
            }],
            None,
        ),
        ServerMessage::Welcome {
            version: "0.1.0",
            room: ROOM.into(),
            peer_id: ben.into(),
            name: "Ben".into(),
            role: Role::Viewer,
            token: token("d5f3b1c09a7e48261f0c3d5b7a9e8642"),
            upload_key: "c0a2e4f6081b3d5f7092b4d6f81a3c5e".into(),
            swarm: None,
        },
        queue(vec![described.clone()]),
        members(
            2,
            vec![
                member(ana, "Ana", Role::Host, Some(playing)),
                member(ben, "Ben", Role::Viewer, None),
            ],
        ),
        clock("5120.25", 1_762_569_231.204_511, 1_762_569_231.204_536),
        ServerMessage::error("Only host can control"),
        ServerMessage::error(refusal(
            r#"{"type":"PLAY","track_id":"t1","offset_sec":"ten"}"#,
        )),
        // Beyond the page: the corners of the encoding.
        state(
            Some("a \"b\" \\ ü \u{7}"),
            Status::Pause,
            "12.5",
            1_762_569_231.5,
        ),
        queue(Vec::new()),
        members(0, Vec::new()),
        members(
            300,
            vec![member(
                "p1",
                "Guest 1",
                Role::Viewer,
                Some(Report::default()),
            )],
        ),
        ServerMessage::peers(ROOM, Vec::new(), None),
        ServerMessage::peers(
            ROOM,
            vec![PeerEntry {
                peer_id: "p1".into(),
                ip: "fd00::7".parse().expect("an address"),
                port: 0,
                have_count: 0,
                display_name: "Guest 1".into(),
                is_host: false,
                total_chunks: None,
                chunk_size: None,
                node_id: None,
                track_id: None,
                track_ids: Vec::new(),
                dialable: None,
            }],
            None,
        ),
        ServerMessage::Signal {
            from: "p1".into(),
            blob: raw("[1.50, \"\\ud800\"]"),
        },
        clock("-1.0e-300", 1_762_569_231.204_511, 1_762_569_231.204_511),
        ServerMessage::Welcome {
            version: "0.1.0",
            room: ROOM.into(),
            peer_id: ana.into(),
            name: "Ana".into(),
            role: Role::Host,
            token: token("0b7e1c94a5d2f3867e60b1c4d8f29a35"),
            upload_key: "353d413f07f6193d570d6b48b1f42c0a".into(),
            swarm: None,
        },
        ServerMessage::History {
            room: ROOM.into(),
            played: vec![entry.clone()],
        },
        ServerMessage::Played {
            room: ROOM.into(),
            entry,
        },
        queue(vec![plain.clone()]),
    ]
    .into_iter()
    .chain(messages_of_a_swarm(&plain))
    .chain(messages_about_rights())
    .chain([too_much_said()])
    .collect()
}

/// What a member hears that goes on at the limit.
fn too_much_said() -> ServerMessage {
    let pace = Pace::new(Rates::default());
    ServerMessage::error(pace.complaint(Limit::Messages))
}

/// The lines of `server.jsonl` about who may do what.
fn messages_about_rights() -> Vec<ServerMessage> {
    let ana = Person {
        peer_id: "p81c0d4e95a3b".into(),
        name: "Ana".into(),
    };
    let told = |host, kept, guests, lock_changes| ServerMessage::Rights {
        room: ROOM.into(),
        host,
        kept,
        guests,
        locked: lock_changes > 0,
        lock_changes,
    };
    let rights = |host, kept, guests| told(host, kept, guests, 0);
    let kept = KeptSeat {
        person: ana.clone(),
        until: 1_762_569_240.5,
    };
    vec![
        rights(Some(ana.clone()), None, Guests::Add),
        rights(None, Some(kept), Guests::Nothing),
        rights(None, None, Guests::Nothing),
        ServerMessage::Votes {
            room: ROOM.into(),
            track_id: Some(TRACK.into()),
            votes: 2,
            needed: 3,
        },
        ServerMessage::error("TAKE_SEAT: Ana hosts this room"),
        ServerMessage::error("TAKE_SEAT: the seat is kept for Ana for 12 more seconds"),
        // Beyond the page.
        rights(None, None, Guests::Everything),
        ServerMessage::Votes {
            room: ROOM.into(),
            track_id: None,
            votes: 0,
            needed: 1,
        },
        told(Some(ana), None, Guests::Add, 2),
        ServerMessage::error("TAKE_SEAT: Host key needed"),
    ]
}

/// The lines of `server.jsonl` about nodes.
fn messages_of_a_swarm(plain: &QueueTrack) -> Vec<ServerMessage> {
    let (ana, laptop, ben) = ("p81c0d4e95a3b", "p60b1f42c0a35", "p3f9c21ab77d0");
    let name = "Ana's laptop";
    let another = "cb85c5013e74cab3e388ae297467653ee72049414925d818f159171f15342e6b";
    let node_id = |text| NodeId::parse(text).expect("a node id");
    let swarm = |nodes| ServerMessage::Swarm {
        room: ROOM.into(),
        nodes,
    };
    let member = |peer_id: &str, name: &str, role, node| MemberEntry {
        peer_id: peer_id.into(),
        name: name.into(),
        role,
        report: None,
        node,
    };
    let unknown = SwarmNode {
        peer_id: "p1".into(),
        name: "Guest 1".into(),
        track_id: None,
        total_chunks: None,
        chunk_size: None,
        have_count: None,
        map: None,
        dialable: None,
        server: false,
        from: Vec::new(),
        unreachable: Vec::new(),
    };
    let fetching = |peer_id: &str, name: &str, have_count: u32, map: String| SwarmNode {
        peer_id: peer_id.into(),
        name: name.into(),
        track_id: Some(track_id()),
        total_chunks: Some(320),
        chunk_size: Some(16384),
        have_count: Some(have_count),
        map: Some(map),
        ..unknown.clone()
    };
    vec![
        ServerMessage::Welcome {
            version: "0.1.0",
            room: ROOM.into(),
            peer_id: laptop.into(),
            name: name.into(),
            role: Role::Viewer,
            token: token("6a1f0d5c7b9e2348d0c7a6b5e4f38291"),
            upload_key: "9e8d7c6b5a493827160514f3e2d1c0bf".into(),
            swarm: Some(SwarmWelcome {
                key: "a5".repeat(32),
                node_id: node_id("5e5e5e5e5e5e5e5e"),
            }),
        },
        ServerMessage::Members {
            room: ROOM.into(),
            total: 2,
            members: vec![
                member(ana, "Ana", Role::Host, false),
                member(laptop, name, Role::Viewer, true),
            ],
        },
        ServerMessage::peers(
            ROOM,
            vec![PeerEntry {
                peer_id: laptop.into(),
                ip: "192.168.1.20".parse().expect("an address"),
                port: 7401,
                have_count: 160,
                display_name: name.into(),
                is_host: false,
                total_chunks: Some(320),
                chunk_size: Some(16384),
                node_id: Some(node_id("9f86d081884c7d65")),
                track_id: Some(track_id()),
                track_ids: vec![TrackId::parse(another).expect("an id")],
                dialable: Some(false),
            }],
            Some(You {
                ip: "192.168.1.21".parse().expect("an address"),
                dialable: Some(true),
            }),
        ),
        swarm(vec![
            SwarmNode {
                dialable: Some(true),
                server: true,
                ..fetching("server", "Server", 320, "9".repeat(64))
            },
            SwarmNode {
                dialable: Some(false),
                from: vec![(ana.into(), 120), ("server".into(), 40)],
                unreachable: vec![ben.into()],
                ..fetching(laptop, name, 160, "9".repeat(32) + &"0".repeat(32))
            },
        ]),
        ServerMessage::Queue {
            room: ROOM.into(),
            tracks: Arc::new(vec![QueueTrack {
                added_by: Some(name.into()),
                added_by_id: Some(laptop.into()),
                awaited: true,
                ..plain.clone()
            }]),
        },
        ServerMessage::error("ADD: announce the track that you offer (track_id or track_ids)"),
        ServerMessage::Error {
            message: "\"prelude60.opus\" is out of the queue: it is larger than the server takes (jam server --max-upload)"
                .into(),
            track_id: Some(plain.track_id),
        },
        swarm(Vec::new()),
        swarm(vec![unknown]),
        ServerMessage::peers(
            ROOM,
            Vec::new(),
            Some(You {
                ip: "fd00::7".parse().expect("an address"),
                dialable: None,
            }),
        ),
        waiting(Some((0, None))),
        waiting(Some((1, Some(1_762_569_240.5)))),
        waiting(None),
    ]
}

/// How many of three are ready, and until when; `None`: it is over.
fn waiting(ready: Option<(usize, Option<f64>)>) -> ServerMessage {
    ServerMessage::Waiting {
        room: ROOM.into(),
        track_id: ready.map(|_| TRACK.into()),
        progress: ready.map(|(ready, _)| Progress { ready, of: 3 }),
        until: ready.and_then(|(_, until)| until),
    }
}

#[test]
fn the_http_example_is_exactly_what_a_view_of_a_room_says() {
    let member = |peer_id: &str, name: &str, role| MemberEntry {
        peer_id: peer_id.into(),
        name: name.into(),
        role,
        report: None,
        node: false,
    };
    let view = RoomView {
        room: ROOM.into(),
        server_time: 1_762_569_240.5,
        state: State {
            track_id: None,
            status: Status::Pause,
            offset_sec: number("0.0"),
            timestamp: 1_762_569_219.737_918,
        },
        host: Some("Ana".into()),
        guests: Guests::Add,
        locked: false,
        total: 2,
        members: vec![
            member("p81c0d4e95a3b", "Ana", Role::Host),
            member("p3f9c21ab77d0", "Ben", Role::Viewer),
        ],
        tracks: Arc::default(),
        played: Vec::new(),
    };
    let locked = LockedView {
        room: ROOM.into(),
        locked: true,
        total: 2,
    };
    let written = |look| serde_json::to_string(&look).expect("JSON");
    let looks = [Look::Open(Box::new(view)), Look::Locked(locked)];
    assert_eq!(HTTP.lines().collect::<Vec<_>>(), looks.map(written));
}

#[test]
fn every_message_of_the_server_is_one_line() {
    for message in server_messages() {
        let line = message.encode();
        assert!(!line.contains(|c: char| c.is_control()), "{line}");
    }
}

// ---- what is understood --------------------------------------------------------------------------

#[test]
fn hello_says_role_name_and_wants() {
    let text = r#"{"type":"HELLO","role":"viewer","display_name":"  \u202eAn\u0000a \n B  ","wants":["MEMBERS","STICKERS"]}"#;
    let expected = Hello {
        role: Role::Viewer,
        display_name: Some("Ana B".into()),
        wants: Wants {
            welcome: false,
            queue: false,
            members: true,
            ..Wants::default()
        },
        node: false,
        token: None,
        keys: Keys::default(),
    };
    assert_eq!(parse_hello(text), Ok(expected));
}

#[test]
fn every_type_that_can_be_wanted_is_wanted_by_its_name_alone() {
    let wants = |names: &str| {
        let text = format!(r#"{{"type":"HELLO","role":"viewer","wants":[{names}]}}"#);
        parse_hello(&text).expect(names).wants
    };
    let nothing = Wants::default();
    for (name, expected) in [
        (
            "WELCOME",
            Wants {
                welcome: true,
                ..nothing
            },
        ),
        (
            "QUEUE",
            Wants {
                queue: true,
                ..nothing
            },
        ),
        (
            "MEMBERS",
            Wants {
                members: true,
                ..nothing
            },
        ),
        (
            "HISTORY",
            Wants {
                history: true,
                ..nothing
            },
        ),
        (
            "SWARM",
            Wants {
                swarm: true,
                ..nothing
            },
        ),
        (
            "SWARM_KEY",
            Wants {
                swarm_key: true,
                ..nothing
            },
        ),
        (
            "WAITING",
            Wants {
                waiting: true,
                ..nothing
            },
        ),
        (
            "WAITING_NEWS",
            Wants {
                waiting_news: true,
                ..nothing
            },
        ),
    ] {
        assert_eq!(wants(&format!("\"{name}\"")), expected, "{name}");
    }
    // PLAYED comes to those who asked for HISTORY.
    assert_eq!(wants(r#""PLAYED","history","HISTORY ","STATE""#), nothing);
}

#[test]
fn a_name_of_nothing_visible_is_no_name_and_a_long_one_is_cut() {
    let name = |given: &str| {
        let text = format!(r#"{{"type":"HELLO","role":"host","display_name":"{given}"}}"#);
        parse_hello(&text).expect(given).display_name
    };
    assert_eq!(name(""), None);
    assert_eq!(name(r" \t\u200b "), None);
    assert_eq!(name(&"é".repeat(41)), Some("é".repeat(40)));
    assert_eq!(
        name("<b>Ana</b>").as_deref(),
        Some("<b>Ana</b>"),
        "text, which the page never runs"
    );
}

#[test]
fn a_field_that_comes_twice_is_refused_by_its_name() {
    for (text, field) in [
        (
            r#"{"type":"PLAY","track_id":"t1","track_id":"t2","offset_sec":1}"#,
            "track_id",
        ),
        (
            r#"{"type":"PLAY","track_id":"t1","offset_sec":1,"offset_sec":1}"#,
            "offset_sec",
        ),
        (
            r#"{"type":"PAUSE","type":"PLAY","track_id":"t1","offset_sec":1}"#,
            "type",
        ),
        (r#"{"type":"CLOCK","t0":1,"t\u0030":2}"#, "t0"),
        (r#"{"type":"TAKE_SEAT","unknown":1,"unknown":2}"#, "unknown"),
    ] {
        let expected = format!("Invalid message: a field comes more than once: \"{field}\"");
        assert_eq!(refusal(text), expected);
    }
    let hello = r#"{"type":"HELLO","role":"host","role":"viewer"}"#;
    assert!(parse_hello(hello).is_err());
    // What nobody looks into may be as it likes.
    parse(r#"{"type":"SIGNAL","to":"p1","blob":{"a":1,"a":2}}"#);
    let long = format!(r#"{{"{0}":1,"{0}":2}}"#, "x".repeat(1000));
    assert!(refusal(&long).len() < 200);
}

#[test]
fn a_blob_and_a_clock_probe_are_kept_as_they_were_written() {
    let blob = r#"{ "a" : [1.50, -0, 1e999, "\ud800\u0041"], "a": null }"#;
    let text = format!(r#"{{"type":"SIGNAL","blob":{blob} ,"to":"p1"}}"#);
    match parse(&text) {
        RoomMessage::Signal { to, blob: kept } => {
            assert_eq!((to.as_str(), kept.get()), ("p1", blob));
        }
        other => panic!("{other:?}"),
    }
    for t0 in [
        "0",
        "-0",
        "1.50",
        "5120.25",
        "1E5",
        "-1.0e-300",
        "18446744073709551616",
    ] {
        match parse_message(&format!(r#"{{"t0": {t0} ,"type":"CLOCK"}}"#), ROOM) {
            Ok(ClientMessage::Clock { t0: kept }) => assert_eq!(kept.get(), t0),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_announcement_may_leave_everything_out_but_the_port() {
    let RoomMessage::Announce(announce) = parse(r#"{"type":"ANNOUNCE","port":65535}"#) else {
        panic!("not ANNOUNCE")
    };
    assert_eq!(announce.port, 65535);
    assert_eq!((announce.total_chunks, announce.chunk_size), (None, None));
    assert_eq!(announce.have_count, None);
}

#[test]
fn a_report_keeps_every_field_that_was_given() {
    let text = r#"{"type":"REPORT","status":"blocked","method":"element","rtt_ms":3,"error_ms":-0.5,"loaded":1,"clock_ms":0.25,"track_id":"t1"}"#;
    let expected = Report {
        status: Some("blocked"),
        method: Some("element"),
        rtt_ms: Some(3.0),
        error_ms: Some(-0.5),
        loaded: Some(1.0),
        clock_ms: Some(0.25),
        track_id: Some("t1".into()),
    };
    match parse(text) {
        RoomMessage::Report(report) => assert_eq!(report, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_edit_of_the_queue_says_which_track_and_where_it_goes() {
    let other = TrackId::from_hash(blake3::hash(b"another"));
    for (more, expected) in [
        (String::new(), None),
        (r#","before":null"#.into(), None),
        (format!(r#","before":"{other}""#), Some(other)),
        (format!(r#","before":"{TRACK}""#), Some(track_id())),
    ] {
        let written = TRACK.to_uppercase();
        let text = format!(r#"{{"type":"ADD","track_id":"{written}"{more}}}"#);
        match parse_message(&text, ROOM) {
            Ok(ClientMessage::Add {
                track_id: id,
                before,
                offer: None,
            }) => assert_eq!((id, before), (track_id(), expected)),
            other => panic!("{text}: {other:?}"),
        }
        let text = format!(r#"{{"type":"MOVE","track_id":"{TRACK}"{more}}}"#);
        match parse(&text) {
            RoomMessage::Host(HostMessage::Move {
                track_id: id,
                before,
            }) => assert_eq!((id, before), (track_id(), expected)),
            other => panic!("{text}: {other:?}"),
        }
    }
    match parse(&format!(r#"{{"type":"REMOVE","track_id":"{TRACK}"}}"#)) {
        RoomMessage::Host(HostMessage::Remove { track_id: id }) => assert_eq!(id, track_id()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_announcement_of_a_node_says_who_it_is_and_each_track_once() {
    let another = TrackId::from_hash(blake3::hash(b"another"));
    let upper = TRACK.to_uppercase();
    let RoomMessage::Announce(announce) = parse(&format!(
        r#"{{"type":"ANNOUNCE","port":1,"node_id":"9F86d081884c7d65","track_id":"{upper}","track_ids":["{another}","{TRACK}","{another}","{upper}"]}}"#
    )) else {
        panic!("not ANNOUNCE")
    };
    let id = NodeId::parse("9f86d081884c7d65").expect("a node id");
    assert_eq!(
        (announce.node_id, announce.track_id),
        (Some(id), Some(track_id()))
    );
    assert_eq!(announce.track_ids, [another, track_id()]);
    let parsed = parse_message(
        &format!(
            r#"{{"type":"ANNOUNCE","port":1,"track_ids":[{}]}}"#,
            (0..65_u8)
                .map(|n| format!("\"{}\"", blake3::hash(&[n])))
                .collect::<Vec<_>>()
                .join(",")
        ),
        ROOM,
    );
    let error = parsed.expect_err("one too many");
    assert!(
        error.starts_with("ANNOUNCE: track_ids must be a list of at most 64 track ids"),
        "{error}"
    );
}

#[test]
fn links_name_each_node_once_with_the_most_chunks_that_were_said() {
    let text = format!(
        r#"{{"type":"LINKS","track_id":"{TRACK}","received":[["9F86D081884C7D65",7],["60303ae22b998861",0],["9f86d081884c7d65",9],["9f86d081884c7d65",8]],"unreachable":["9f86d081884c7d65","60303ae22b998861","9F86D081884C7D65"]}}"#
    );
    let RoomMessage::Links(mut links) = parse(&text) else {
        panic!("not LINKS")
    };
    let id = |text| NodeId::parse(text).expect("a node id");
    let (a, b) = (id("60303ae22b998861"), id("9f86d081884c7d65"));
    links.received.sort_unstable();
    assert_eq!(links.track_id, track_id());
    assert_eq!(links.received, [(a, 0), (b, 9)]);
    assert_eq!(links.unreachable, [a, b]);
    for count in [64, 65] {
        let ids = (0..count)
            .map(|n| format!("\"{n:016x}\""))
            .collect::<Vec<_>>();
        let pairs = ids.iter().map(|id| format!("[{id},1]")).collect::<Vec<_>>();
        for (field, list) in [("received", pairs), ("unreachable", ids)] {
            let text = format!(
                r#"{{"type":"LINKS","track_id":"{TRACK}","{field}":[{}]}}"#,
                list.join(",")
            );
            assert_eq!(parse_message(&text, ROOM).is_ok(), count == 64, "{field}");
        }
    }
}

#[test]
fn an_offer_is_understood_with_every_kind_of_sound_that_the_server_names() {
    for kind in AudioKind::ALL {
        let text = format!(
            r#"{{"type":"ADD","track_id":"{TRACK}","offer":{{"name":" a\u202e  b\n","bytes":1,"content_type":"{}"}}}}"#,
            kind.content_type()
        );
        match parse_message(&text, ROOM) {
            Ok(ClientMessage::Add {
                track_id: id,
                before: None,
                offer: Some(offer),
            }) => {
                assert_eq!(id, track_id());
                let content_type = kind.content_type();
                assert_eq!(
                    offer,
                    Offer {
                        name: "a b".into(),
                        bytes: 1,
                        content_type
                    }
                );
                let entry = offer.into_entry(id);
                assert_eq!((entry.track_id, entry.bytes, entry.awaited), (id, 1, true));
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn a_skip_says_from_which_track_and_need_not() {
    for (fields, expected) in [
        ("", None),
        (r#","from":null"#, None),
        (r#","from":"""#, Some("")),
        (r#","from":"t\"1""#, Some("t\"1")),
    ] {
        let next = parse(&format!(r#"{{"type":"NEXT"{fields}}}"#));
        let previous = parse(&format!(r#"{{"type":"PREVIOUS"{fields}}}"#));
        match (next, previous) {
            (
                RoomMessage::Host(HostMessage::Next { from: next }),
                RoomMessage::Host(HostMessage::Previous { from: previous }),
            ) => {
                assert_eq!(next.as_deref(), expected);
                assert_eq!(previous.as_deref(), expected);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_duration_is_above_0_and_of_30_days_at_most() {
    for (written, expected) in [
        ("60.0135", 60.0135),
        ("60", 60.0),
        ("1e-9", 1e-9),
        ("2592000", 2_592_000.0),
        ("2592000.0", 2_592_000.0),
    ] {
        let fields = format!(r#""track_id":"{TRACK}","duration_sec":{written}"#);
        match parse(&format!(r#"{{"type":"DURATION",{fields}}}"#)) {
            RoomMessage::Host(HostMessage::Duration {
                track_id: id,
                duration_sec,
            }) => assert_eq!((id, duration_sec), (track_id(), expected)),
            other => panic!("{other:?}"),
        }
    }
}

// ---- what is refused -----------------------------------------------------------------------------

struct Refused {
    /// Said instead of HELLO, and answered by closing.
    first: bool,
    send: String,
    error: String,
}

fn refused_examples() -> Vec<Refused> {
    let text = |line: &Value, field: &str| line[field].as_str().expect(field).to_owned();
    let lines = REFUSED
        .lines()
        .map(|line| serde_json::from_str(line).expect(line));
    lines
        .map(|line: Value| Refused {
            first: line["first"] == true,
            send: text(&line, "send"),
            error: text(&line, "error"),
        })
        .collect()
}

#[test]
fn every_refused_example_is_refused_with_exactly_these_words() {
    let mut differing = Vec::new();
    for Refused { first, send, error } in refused_examples() {
        let words = if first {
            parse_hello(&send)
                .map(|_| ())
                .map_err(|reason| reason.code_and_text().1.to_owned())
        } else {
            parse_message(&send, ROOM).map(|_| ())
        };
        if words != Err(error.clone()) {
            differing.push(format!(
                "{send}\n  expected {error:?}\n  but was  {words:?}"
            ));
        }
    }
    assert!(differing.is_empty(), "\n{}", differing.join("\n"));
}

#[test]
fn depth_costs_no_stack() {
    // In a thread as small as those that read, and from the deepest that a message can be.
    let deepest = (ROOM_MESSAGE_BYTES_MAX - 100) / 2;
    let deep = move || {
        for depth in [SIGNAL_DEPTH_MAX, 200, 10_000, deepest] {
            for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
                let depth = depth.min(ROOM_MESSAGE_BYTES_MAX / (open.len() + 1));
                let nested = format!("{}0{}", open.repeat(depth), close.repeat(depth));
                let unclosed = open.repeat(depth);
                for field in [
                    "type",
                    "role",
                    "wants",
                    "display_name",
                    "track_id",
                    "offset_sec",
                    "timestamp",
                    "to",
                    "indices",
                    "port",
                    "room",
                    "status",
                    "rtt_ms",
                    "t0",
                    "before",
                    "from",
                    "duration_sec",
                    "node",
                    "node_id",
                    "track_ids",
                    "received",
                    "unreachable",
                    "offer",
                    "unknown",
                ] {
                    for kind in [
                        "HELLO",
                        "PLAY",
                        "SIGNAL",
                        "ANNOUNCE",
                        "HAVE_DELTA",
                        "REPORT",
                        "CLOCK",
                        "ADD",
                        "MOVE",
                        "NEXT",
                        "DURATION",
                        "LINKS",
                    ] {
                        let whole = format!(r#"{{"type":"{kind}","{field}":{nested}}}"#);
                        let _either = parse_hello(&whole);
                        if let Err(error) = parse_message(&whole, ROOM) {
                            assert!(error.chars().count() < 200, "{error}");
                        }
                    }
                    let _refused = parse_hello(&format!(r#"{{"{field}":{unclosed}"#));
                    refusal(&format!(r#"{{"{field}":{unclosed}"#));
                }
                refusal(&nested);
                refusal(&unclosed);
                let signal = format!(r#"{{"type":"SIGNAL","to":"p1","blob":{nested}}}"#);
                let parsed = parse_message(&signal, ROOM);
                assert_eq!(parsed.is_ok(), depth <= SIGNAL_DEPTH_MAX, "depth {depth}");
            }
        }
    };
    let small = std::thread::Builder::new()
        .stack_size(READER_STACK_BYTES)
        .spawn(deep);
    small.expect("a thread").join().expect("no panic");
}

#[test]
fn the_longest_message_is_refused_in_few_words() {
    let long = "x".repeat(ROOM_MESSAGE_BYTES_MAX);
    let digits = "9".repeat(ROOM_MESSAGE_BYTES_MAX);
    for text in [
        format!(r#"{{"type":"{long}"}}"#),
        format!(r#"{{"{long}":NaN}}"#),
        format!(r#"{{"type":"PLAY","track_id":"{long}","offset_sec":0}}"#),
        format!(r#"{{"type":"PLAY","track_id":"t","offset_sec":"{long}"}}"#),
        format!(r#"{{"type":"PLAY","track_id":"t","offset_sec":{digits}}}"#),
        format!(r#"{{"type":"CLOCK","t0":{digits}}}"#),
        format!(r#"{{"type":"ANNOUNCE","port":{digits}}}"#),
        format!(r#"{{"type":"ANNOUNCE","room":"{long}","port":0}}"#),
        format!(r#"{{"type":"REPORT","status":"{long}"}}"#),
        format!(r#"{{"type":"REPORT","track_id":"{long}"}}"#),
        format!(r#"{{"type":"HAVE_DELTA","indices":[{digits}]}}"#),
        format!(r#"{{"type":"ADD","track_id":"{long}"}}"#),
        format!(r#"{{"type":"MOVE","track_id":"{TRACK}","before":"{long}"}}"#),
        format!(r#"{{"type":"NEXT","from":{digits}}}"#),
        format!(r#"{{"type":"DURATION","track_id":"{TRACK}","duration_sec":{digits}}}"#),
        format!(r#"{{"type":"ANNOUNCE","port":0,"node_id":"{long}"}}"#),
        format!(r#"{{"type":"ANNOUNCE","port":0,"track_ids":["{long}"]}}"#),
        format!(r#"{{"type":"LINKS","track_id":"{TRACK}","received":[["{long}",1]]}}"#),
        format!(r#"{{"type":"LINKS","track_id":"{TRACK}","unreachable":"{long}"}}"#),
        format!(r#"{{"type":"ADD","track_id":"{TRACK}","offer":"{long}"}}"#),
        format!(r#"{{"type":"ADD","track_id":"{TRACK}","offer":{{"name":"a","bytes":{digits}}}}}"#),
        long.clone(),
        digits.clone(),
    ] {
        let words = refusal(&text);
        assert!(words.chars().count() < 200, "{words}");
    }
}

// ---- nothing makes it panic ----------------------------------------------------------------------

/// Reads it as a first and as a later message; whatever comes of it is in few words.
fn read(text: &str) {
    let _either = parse_hello(text);
    if let Err(error) = parse_message(text, ROOM) {
        // The longest has all content types and 60 characters of what was sent.
        assert!(error.chars().count() < 240, "{text:?}: {error}");
    }
}

fn all_examples() -> Vec<String> {
    let refused = refused_examples().into_iter().map(|refused| refused.send);
    CLIENT
        .lines()
        .chain(SERVER.lines())
        .map(Into::into)
        .chain(refused)
        .collect()
}

#[test]
fn a_message_cut_at_any_byte_never_panics_and_is_refused() {
    for line in CLIENT.lines().map(str::trim) {
        for cut in (0..line.len()).filter(|&cut| line.is_char_boundary(cut)) {
            assert!(parse_hello(&line[..cut]).is_err(), "{}", &line[..cut]);
            refusal(&line[..cut]);
        }
    }
    for line in all_examples() {
        for cut in (0..line.len()).filter(|&cut| line.is_char_boundary(cut)) {
            read(&line[..cut]);
            read(&line[cut..]);
        }
    }
}

#[test]
fn changed_examples_never_panic() {
    let examples = all_examples();
    for_each_seed(20_000, |random| {
        let example = random.pick(&examples);
        let changed = random.mutate(example.as_bytes());
        read(&String::from_utf8_lossy(&changed));
    });
}

#[test]
fn random_bytes_and_random_pieces_of_json_never_panic() {
    const PIECES: [&str; 28] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\"type\"",
        "\"PLAY\"",
        "\"HELLO\"",
        "\"role\"",
        "\"host\"",
        "\"track_id\"",
        "\"offset_sec\"",
        "\"indices\"",
        "null",
        "true",
        "NaN",
        "-",
        "0",
        "1e999",
        "\\u",
        "\\ud800",
        "日本",
        "\u{0}",
        "\n",
        " ",
    ];
    for_each_seed(20_000, |random| {
        let count = random.below(40);
        read(&String::from_utf8_lossy(&random.bytes(count)));
        let text: String = (0..random.below(30))
            .map(|_| *random.pick(&PIECES))
            .collect();
        read(&text);
        read(&format!(r#"{{"type":"PLAY",{text}"#));
    });
}

#[test]
fn whatever_is_refused_is_answered_with_a_message_that_is_json() {
    for text in all_examples() {
        if let Err(error) = parse_message(&text, ROOM) {
            let answer = ServerMessage::error(error.as_str()).encode();
            let back: Value = serde_json::from_str(&answer).expect("JSON");
            assert_eq!(
                (&back["type"], &back["message"]),
                (&"ERROR".into(), &error.into())
            );
        }
    }
}
