//! Tracks and their pictures fetched from the real binary, by many at once.

use crate::common::http;
use crate::common::server as common;
use crate::common::temp;

use common::{Client, TRACK, TestServer};
use http::{get, read_response};
use std::io::Write;
use temp::TempFolder;

const LISTENERS: usize = 100;
const TAGGED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tags/cover.flac");

#[test]
fn a_hundred_who_fetch_a_track_at_once_all_get_it_whole_and_the_room_goes_on_meanwhile() {
    let folder = TempFolder::new();
    // Larger than a socket's buffers, so that every download is under way until it is read.
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    bytes.extend((0..10 << 20).map(|place: u32| (place / 251) as u8));
    let file = folder.write("long.wav", &bytes);
    let id = blake3::hash(&bytes);
    let server = TestServer::start(&["--share", file.to_str().expect("text")]);
    let request = format!("GET /tracks/{id} HTTP/1.1\r\nHost: jam\r\n\r\n");
    let mut downloads: Vec<_> = (0..LISTENERS).map(|_| server.connect()).collect();
    for socket in &mut downloads {
        socket.write_all(request.as_bytes()).expect("sent");
    }
    // Nobody reads yet, and the room does not mind.
    let (mut host, _) = Client::join(&server, "a", "host");
    let (mut viewer, _) = Client::join(&server, "a", "viewer");
    for offset in 0..10 {
        host.say(&format!(
            r#"{{"type":"PLAY","track_id":"t1","offset_sec":{offset}}}"#
        ));
        for member in [&mut host, &mut viewer] {
            assert_eq!(member.hear("STATE")["payload"]["offset_sec"], offset);
        }
    }
    std::thread::scope(|scope| {
        for mut socket in downloads {
            let bytes = &bytes;
            scope.spawn(move || {
                let response = read_response(&mut socket);
                assert_eq!(response.status, 200);
                assert!(response.body == *bytes, "other bytes came");
            });
        }
    });
}

#[test]
fn what_a_track_says_of_itself_is_in_the_queue_and_its_picture_can_be_fetched() {
    let server = TestServer::start(&["--room", "a", "--share", TAGGED]);
    let mut socket = server.connect();
    let track = get(&mut socket, "/api/rooms/a").json()["tracks"][0].clone();
    assert_eq!(track["cover"], true, "{track}");
    for field in ["title", "artist", "album"] {
        assert!(track[field].is_string(), "{track}");
    }
    assert!(track["duration_sec"].as_f64() > Some(0.1), "{track}");
    let path = format!(
        "/tracks/{}/cover",
        track["track_id"].as_str().expect("text")
    );
    let picture = get(&mut socket, &path);
    assert_eq!(picture.status, 200);
    let kind = picture.field("Content-Type").expect("a kind");
    assert!(kind.starts_with("image/"), "{kind}");
    assert!(!picture.body.is_empty());
    let etag = picture.field("ETag").expect("a tag");
    let again = format!("GET {path} HTTP/1.1\r\nHost: jam\r\nIf-None-Match: {etag}\r\n\r\n");
    socket.write_all(again.as_bytes()).expect("sent");
    assert_eq!(read_response(&mut socket).status, 304);
}

#[test]
fn a_track_without_a_picture_and_an_unknown_one_have_none() {
    let server = TestServer::start(&["--room", "a", "--share", TRACK]);
    let mut socket = server.connect();
    let track = get(&mut socket, "/api/rooms/a").json()["tracks"][0].clone();
    assert_eq!(track.get("cover"), None);
    assert_eq!(track["duration_sec"], 5.0);
    let id = track["track_id"].as_str().expect("text").to_owned();
    for id in [id, "0".repeat(64)] {
        assert_eq!(get(&mut socket, &format!("/tracks/{id}/cover")).status, 404);
    }
}

#[test]
fn many_who_ask_for_the_same_picture_at_once_all_get_it() {
    let server = TestServer::start(&["--room", "a", "--share", TAGGED]);
    let track = get(&mut server.connect(), "/api/rooms/a").json()["tracks"][0].clone();
    let path = format!(
        "/tracks/{}/cover",
        track["track_id"].as_str().expect("text")
    );
    let pictures: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let ask = |_| {
            let (mut socket, path) = (server.connect(), &path);
            scope.spawn(move || get(&mut socket, path).body)
        };
        let asked: Vec<_> = (0..40).map(ask).collect();
        asked
            .into_iter()
            .map(|asked| asked.join().expect("no panic"))
            .collect()
    });
    assert!(!pictures[0].is_empty());
    assert!(pictures.iter().all(|picture| *picture == pictures[0]));
}
