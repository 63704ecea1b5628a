//! The queue of a room of the real binary: edited by its host, heard by everybody, and going on by itself.

use crate::common::http;
use crate::common::server as common;

use common::{Client, TestServer};
use http::get;
use serde_json::Value;
use std::collections::HashMap;

const MUSIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tracks");

fn with_music() -> TestServer {
    TestServer::start(&["--room", "a", "--share", MUSIC])
}

fn member(server: &TestServer, role: &str) -> Client {
    let mut member = Client::connect(server, "a");
    member.say(&format!(
        r#"{{"type":"HELLO","role":"{role}","display_name":"Ana","wants":["QUEUE","HISTORY"]}}"#
    ));
    member.hear("STATE");
    member.hear("PEER");
    member
}

fn ids(queue: &Value) -> Vec<String> {
    let tracks = queue["tracks"].as_array().expect("a list");
    let id = |track: &Value| track["track_id"].as_str().expect("text").to_owned();
    tracks.iter().map(id).collect()
}

#[test]
fn a_track_that_ends_is_followed_by_the_next_at_that_very_moment() {
    let server = with_music();
    let mut host = member(&server, "host");
    let mut viewer = member(&server, "viewer");
    let tracks = ids(&host.hear("QUEUE"));
    assert_eq!(tracks.len(), 2);
    for track in &tracks {
        host.say(&format!(
            r#"{{"type":"DURATION","track_id":"{track}","duration_sec":0.6}}"#
        ));
    }
    host.say(&format!(
        r#"{{"type":"PLAY","track_id":"{}","offset_sec":0.1}}"#,
        tracks[0]
    ));
    let state = |member: &mut Client| member.hear_next("STATE")["payload"].clone();
    let first = state(&mut viewer);
    assert_eq!(
        (&first["track_id"], &first["status"]),
        (&tracks[0].as_str().into(), &"PLAY".into())
    );
    let second = state(&mut viewer);
    assert_eq!(second["track_id"], tracks[1].as_str());
    assert_eq!(second["status"], "PLAY");
    let at = |state: &Value| state["timestamp"].as_f64().expect("a number");
    // Half a second was left of it. A machine that slept through that begins later, never earlier.
    assert!(at(&second) - at(&first) > 0.499_998, "{first} {second}");
    let end = state(&mut viewer);
    assert_eq!(end["track_id"], tracks[1].as_str());
    assert_eq!(
        (&end["status"], &end["offset_sec"]),
        (&"PAUSE".into(), &0.0.into())
    );
    let outside = get(&mut server.connect(), "/api/rooms/a").json();
    let played = outside["played"].as_array().expect("a list");
    let played: Vec<&Value> = played.iter().map(|entry| &entry["track_id"]).collect();
    assert_eq!(played, [tracks[0].as_str(), &tracks[1]]);
    let played = host.hear_next("PLAYED");
    assert_eq!(played["entry"]["track_id"], tracks[0].as_str());
}

#[test]
fn the_host_edits_the_queue_and_everybody_hears_of_it() {
    let server = with_music();
    let mut host = member(&server, "host");
    let mut viewer = member(&server, "viewer");
    let tracks = ids(&host.hear("QUEUE"));
    viewer.hear("QUEUE");
    host.hear("HISTORY");
    viewer.hear("HISTORY");
    let (a, b) = (&tracks[0], &tracks[1]);
    for (edit, expected) in [
        (format!(r#"{{"type":"MOVE","track_id":"{a}"}}"#), vec![b, a]),
        (format!(r#"{{"type":"REMOVE","track_id":"{a}"}}"#), vec![b]),
        (
            format!(r#"{{"type":"ADD","track_id":"{a}","before":"{b}"}}"#),
            vec![a, b],
        ),
    ] {
        host.say(&edit);
        // Of quick changes the host may hear twice: at once, and with the others.
        for member in [&mut host, &mut viewer] {
            while ids(&member.hear("QUEUE"))
                .iter()
                .ne(expected.iter().copied())
            {}
        }
    }
    let outside = get(&mut server.connect(), "/api/rooms/a").json();
    assert_eq!(outside["tracks"][0]["added_by"], "Ana");
    assert_eq!(outside["tracks"][1].get("added_by"), None);

    let unknown = "0".repeat(64);
    host.say(&format!(r#"{{"type":"ADD","track_id":"{unknown}"}}"#));
    let error = host.hear_next("ERROR")["message"].to_string();
    assert!(error.contains("no track 000"), "{error}");
    viewer.say(r#"{"type":"NEXT"}"#);
    assert_eq!(
        viewer.hear_next("ERROR")["message"],
        "Only host can control"
    );
}

#[test]
fn metrics_count_what_happens_in_prometheus_format() {
    let server = with_music();
    let metrics = || {
        let response = get(&mut server.connect(), "/metrics");
        assert_eq!(
            response.field("Content-Type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        parse(&response.text())
    };
    let before = metrics();
    assert_eq!(before["jam_tracks"], 2.0);
    assert_eq!(before["jam_members"], 0.0);
    let mut host = member(&server, "host");
    host.say(r#"{"type":"NONSENSE"}"#);
    host.hear_next("ERROR");
    let mut second = Client::connect(&server, "a");
    second.say(r#"{"type":"HELLO","role":"host"}"#);
    second.hear_close();
    let tracks = ids(&get(&mut server.connect(), "/api/rooms/a").json());
    let bytes = get(&mut server.connect(), &format!("/tracks/{}", tracks[0]))
        .body
        .len();
    let after = metrics();
    let grown = |name: &str| after[name] - before.get(name).copied().unwrap_or(0.0);
    assert_eq!(grown("jam_rooms"), 1.0);
    assert_eq!(grown("jam_messages_received_total"), 3.0);
    assert_eq!(grown("jam_errors_sent_total"), 1.0);
    assert_eq!(grown("jam_connections_total"), 5.0);
    assert_eq!(grown("jam_http_requests_total"), 5.0);
    assert_eq!(grown("jam_track_bytes_sent_total"), bytes as f64);
    assert_eq!(grown("jam_connections_refused_total"), 0.0);
    assert!(grown("jam_messages_sent_total") >= 6.0);
    assert!(grown("jam_message_bytes_sent_total") > 500.0);
    assert!(grown("jam_members") >= 1.0);
}

/// Every line is a comment of the known kinds or a sample of a series that was declared before.
fn parse(text: &str) -> HashMap<String, f64> {
    let mut samples = HashMap::new();
    let mut declared = "";
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.split(' ');
            match words.next() {
                Some("HELP") => assert!(words.count() > 2, "{line}"),
                Some("TYPE") => {
                    declared = words.next().expect("a name");
                    let kind = words.next().expect("a kind");
                    assert!(["gauge", "counter"].contains(&kind), "{line}");
                    assert_eq!(kind == "counter", declared.ends_with("_total"), "{line}");
                }
                _ => panic!("{line}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a sample");
        assert_eq!(series.split('{').next(), Some(declared), "{line}");
        let before = samples.insert(series.to_owned(), value.parse().expect("a number"));
        assert_eq!(before, None, "{line} comes twice");
    }
    assert!(text.ends_with('\n'));
    samples
}
