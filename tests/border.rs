//! Values at the border: what is no value of a field is refused by the name of the field, for every message and every
//! field; the room stays as it was, and nobody hears of it.

use crate::common::border::{self, Wrong};
use crate::common::http::get;
use crate::common::server::{Client, TestServer};
use jam::room::parse::{parse_hello, parse_message};
use serde_json::{Value, json};

const ROOM: &str = "a";

#[test]
fn every_message_of_the_table_is_understood_as_it_stands() {
    for text in border::right() {
        parse_message(&text, ROOM).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

/// Fields of examples that no server knows, and that change nothing.
const UNKNOWN: [(&str, &str); 4] = [
    ("PLAY", "speed"),
    ("REPORT", "battery"),
    ("ADD", "added_by"),
    ("TAKE_SEAT", "room"),
];

/// Or a new message would be looked at by nobody.
#[test]
fn every_message_and_field_of_the_protocol_stands_in_the_table() {
    let examples = include_str!("../testdata/messages/client.jsonl");
    let kinds = border::kinds();
    let mut seen = 0;
    for line in examples.lines() {
        let Ok(example) = serde_json::from_str::<Value>(line) else {
            continue; // Half a character, which only jam's own reader takes.
        };
        let fields = example.as_object().expect("an object");
        let kind = example["type"].as_str().expect("text");
        if kind == "HELLO" {
            continue;
        }
        assert!(kinds.contains(&kind), "{kind}");
        let mut right = border::right().into_iter();
        let right = right.find(|text| text.contains(&format!("\"type\":\"{kind}\"")));
        let right = right.expect("one of this type");
        for field in fields.keys() {
            if UNKNOWN.contains(&(kind, field)) {
                continue;
            }
            assert!(right.contains(&format!("\"{field}\":")), "{kind}: {field}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} fields");
}

#[test]
fn every_wrong_value_of_every_field_is_refused_by_its_name() {
    let all = border::wrong();
    assert!(all.len() > 1000, "{}", all.len());
    for Wrong { text, field } in all {
        let Err(refusal) = parse_message(&text, ROOM) else {
            panic!("taken: {text}");
        };
        assert!(refusal.contains(field), "{text}: {refusal}");
        assert!(refusal.chars().count() < 300, "{text}: {refusal}");
        assert!(!refusal.contains(char::is_control), "{text}: {refusal:?}");
    }
}

#[test]
fn every_wrong_hello_is_refused() {
    for text in border::wrong_hellos() {
        assert!(parse_hello(&text).is_err(), "{text}");
    }
}

/// What anybody can see of a room, but for the time.
fn seen(server: &TestServer) -> Value {
    let mut view = get(&mut server.connect(), "/api/rooms/a").json();
    view["server_time"] = json!(0);
    view
}

#[test]
fn wrong_values_over_a_socket_change_nothing_and_are_heard_by_nobody() {
    let server = TestServer::start(&["--max-messages", "1000000"]);
    let wants = r#""wants":["QUEUE","MEMBERS","HISTORY","SWARM","WAITING","RIGHTS"]"#;
    let mut host = Client::connect(&server, ROOM);
    host.say(r#"{"type":"HELLO","role":"host"}"#);
    host.hear_next("PEER");
    host.say(r#"{"type":"PLAY","track_id":"t1","offset_sec":1.5}"#);
    host.hear_next("STATE");
    let mut viewer = Client::connect(&server, ROOM);
    viewer.say(&format!(r#"{{"type":"HELLO","role":"viewer",{wants}}}"#));
    // The last that comes with joining; from then on nothing has a reason to come.
    viewer.hear_next("SWARM");
    let before = seen(&server);
    // Every third, so that each kind of mistake is there for some message.
    for Wrong { text, field } in border::wrong().into_iter().step_by(3) {
        host.say(&text);
        let error = host.hear("ERROR");
        let said = error["message"].as_str().expect("text");
        assert!(said.contains(field), "{text}: {said}");
    }
    assert_eq!(seen(&server), before);
    viewer.say(r#"{"type":"CLOCK","t0":1}"#);
    loop {
        let heard = viewer.next().expect("a message");
        match heard["type"].as_str() {
            Some("CLOCK") => break,
            // The arrival of the viewer itself may be told twice.
            Some("MEMBERS") => assert_eq!(heard["members"][0]["report"], Value::Null, "{heard}"),
            _ => panic!("heard by others: {heard}"),
        }
    }
    host.say(r#"{"type":"PAUSE","track_id":"t1","offset_sec":2}"#);
    assert_eq!(viewer.hear_next("STATE")["payload"]["offset_sec"], 2);
}

#[test]
fn wrong_hellos_over_a_socket_are_closed_and_enter_no_room() {
    let server = TestServer::start(&[]);
    for text in border::wrong_hellos().into_iter().step_by(4) {
        let mut client = Client::connect(&server, ROOM);
        client.say(&text);
        let (code, reason) = client.hear_close();
        assert_eq!(code, 1008, "{text}: {reason}");
    }
    assert_eq!(seen(&server)["total"], 0);
}

#[test]
fn bytes_that_are_no_text_close_with_1007_and_the_others_go_on() {
    use std::io::Write;
    let server = TestServer::start(&[]);
    let (mut host, _) = Client::join(&server, ROOM, "host");
    for payload in [
        &b"\xff\xfe"[..],
        b"{\"type\":\"PLAY\",\"a\":\"\xc3\"}",
        b"\xed\xa0\x80",
    ] {
        let (mut other, _) = Client::join(&server, ROOM, "viewer");
        let mut frame = vec![0x81, 0x80 | payload.len() as u8, 0, 0, 0, 0];
        frame.extend(payload);
        other.0.get_mut().write_all(&frame).expect("sent");
        assert_eq!(other.hear_close().0, 1007);
    }
    host.say(r#"{"type":"CLOCK","t0":1}"#);
    host.hear("CLOCK");
}
