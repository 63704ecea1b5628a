//! Tracks fetched from the real binary by many at once.

#[path = "common/server.rs"]
mod common;
#[path = "common/http.rs"]
mod http;
#[path = "common/temp.rs"]
mod temp;

use common::{Client, TestServer};
use http::read_response;
use std::io::Write;
use temp::TempFolder;

const LISTENERS: usize = 100;

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
