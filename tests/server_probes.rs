//! Clock probes wait for nobody: not for a room that is busy, not for others who do not read, not for an upload or a
//! download that is under way. What is asserted is the order of things and never a time.

use crate::common::http;
use crate::common::server as common;
use crate::common::temp;

use common::{Client, TestServer};
use http::{put_head, read_response};
use serde_json::json;
use std::io::Write;
use temp::TempFolder;

/// More than the buffers of a socket and of a member's outbox take, so that who does not read is far behind.
const SIGNALS: usize = 100;
/// So many signals find room behind each other, even where a socket takes hardly one of them.
const WAITING: usize = 5;
const SIGNAL_BYTES: usize = 60_000;
const PROBES: usize = 200;

fn wav(bytes: usize, mark: u8) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    file.resize(bytes, mark);
    file
}

/// A probe, whose answer has to be the next thing that this member hears.
fn probe(member: &mut Client, number: usize) {
    member.say(&format!(r#"{{"type":"CLOCK","t0":{number}}}"#));
    let answer = member.hear("CLOCK");
    assert_eq!(answer["t0"], number);
    assert!(answer["t1"].as_f64() <= answer["t2"].as_f64(), "{answer}");
}

fn signal(to: &str) -> String {
    json!({"type": "SIGNAL", "to": to, "blob": "x".repeat(SIGNAL_BYTES)}).to_string()
}

#[test]
fn probes_are_answered_while_an_upload_and_a_download_stand_still() {
    let folder = TempFolder::new();
    // Larger than a socket's buffers, so that the download is under way until it is read.
    let shared = wav(20 << 20, 1);
    let file = folder.write("shared.wav", &shared);
    let server = TestServer::start(&["--room", "a", "--share", file.to_str().expect("text")]);
    let mut host = Client::connect(&server, "a");
    host.say(r#"{"type":"HELLO","role":"host","wants":["WELCOME"]}"#);
    let welcome = host.hear_next("WELCOME");
    let key = welcome["upload_key"].as_str().expect("a host has a key");

    let body = wav(4 << 20, 2);
    let (first, rest) = body.split_at(body.len() / 2);
    let fields = format!("Authorization: Bearer {key}\r\n");
    let mut upload = server.connect();
    let head = put_head("/tracks?name=up.wav&room=a", body.len(), &fields);
    upload.write_all(head.as_bytes()).expect("sent");
    upload.write_all(first).expect("sent");
    let mut download = server.connect();
    let id = blake3::hash(&shared);
    let request = format!("GET /tracks/{id} HTTP/1.1\r\nHost: jam\r\n\r\n");
    download.write_all(request.as_bytes()).expect("sent");

    let (mut viewer, _) = Client::join(&server, "a", "viewer");
    for number in 0..PROBES {
        probe(&mut viewer, number);
        probe(&mut host, number);
    }

    // Only now do the two go on, so they were under way all the time.
    upload.write_all(rest).expect("sent");
    assert_eq!(read_response(&mut upload).status, 201);
    let response = read_response(&mut download);
    assert!(response.body == shared, "other bytes came");
}

#[test]
fn probes_are_answered_between_large_signals_to_somebody_who_does_not_read() {
    let server = TestServer::start(&[]);
    let (_deaf, deaf_id) = Client::join(&server, "a", "viewer");
    let (mut loud, _) = Client::join(&server, "a", "viewer");
    let (mut quiet, _) = Client::join(&server, "a", "viewer");
    let large = signal(&deaf_id);
    for number in 0..SIGNALS {
        loud.say(&large);
        probe(&mut quiet, number);
        // The deaf one is cut off at some time, and then the sender is told.
        loud.say(&format!(r#"{{"type":"CLOCK","t0":{number}}}"#));
        assert_eq!(loud.hear_next("CLOCK")["t0"], number);
    }
}

#[test]
fn probes_are_answered_among_large_signals_to_the_prober_itself() {
    let server = TestServer::start(&[]);
    let (mut loud, _) = Client::join(&server, "a", "viewer");
    let (mut listener, id) = Client::join(&server, "a", "viewer");
    let large = signal(&id);
    // Nothing is read meanwhile: the frames pile up in the socket, and what it does not take in the outbox.
    for number in 0..WAITING {
        loud.say(&large);
        listener.say(&format!(r#"{{"type":"CLOCK","t0":{number}}}"#));
    }
    let mut answered = 0;
    let mut signals = 0;
    while answered < WAITING || signals < WAITING {
        let message = listener.next().expect("a message");
        match message["type"].as_str() {
            Some("CLOCK") => {
                assert_eq!(message["t0"], answered, "in the order of asking");
                answered += 1;
            }
            _ => signals += 1,
        }
    }
}
