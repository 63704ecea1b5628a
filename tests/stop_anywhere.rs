//! The stopping chain: whatever connections are in the middle of when a server is told to stop, it ends, soon and in
//! order, and leaves nothing half done. What they are in the middle of comes from a seed.

use crate::common::http::put_head;
use crate::common::random::{Random, for_each_seed};
use crate::common::running::{until, wav};
use crate::common::server::{Client, TRACK, TestServer};
use crate::common::temp::TempFolder;

use jam::swarm::frame::{Frame, Hello, NodeId, Role, encode};
use jam::swarm::key::{Nonce, SwarmKey};
use jam::track::id::TrackId;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tungstenite::Message;

/// Somebody who is in the middle of something.
enum Visitor {
    /// Listens, and is owed a goodbye.
    Member(Box<Client>),
    /// Is owed nothing but an end.
    Other(TcpStream),
}

fn visitor(server: &TestServer, key: &str, random: &mut Random) -> Visitor {
    let mut socket = server.connect();
    match random.below(9) {
        0 => {}
        1 => {
            let head = b"GET / HTTP/1.1\r\nHost: jam\r\n\r\n";
            let part = random.below(head.len());
            socket.write_all(&head[..part]).expect("sent");
        }
        2 => {
            let song = wav(random.next(), 3000);
            let field = format!("Authorization: Bearer {key}\r\n");
            let head = put_head("/tracks?name=a.wav&room=jam1", song.len(), &field);
            socket.write_all(head.as_bytes()).expect("sent");
            let part = random.below(song.len());
            socket.write_all(&song[..part]).expect("sent");
        }
        3 => {
            // Takes some of a track, and then no more.
            let id = blake3::hash(&fs::read(TRACK).expect("the track"));
            let ask = format!("GET /tracks/{id} HTTP/1.1\r\nHost: jam\r\n\r\n");
            socket.write_all(ask.as_bytes()).expect("sent");
            let mut some = vec![0; 1 + random.below(5000)];
            socket.read_exact(&mut some).expect("some of it");
        }
        4 => {
            // A node that says HELLO, or half of it.
            let mut hello = Vec::new();
            encode(
                &Frame::Hello(Hello {
                    role: Role::List,
                    track: TrackId::from_bytes([0; 32]),
                    key_id: SwarmKey::OPEN.id(),
                    nonce: Nonce([7; 16]),
                    node: NodeId(*b"in haste"),
                    chunk_size: None,
                    chunk_count: None,
                }),
                &mut hello,
            );
            let part = 5 + random.below(hello.len() - 4);
            socket.write_all(&hello[..part]).expect("sent");
        }
        5 => {
            // A member with half a message on its way.
            let (mut client, _) = Client::join(server, "jam1", "viewer");
            client.0.get_mut().write_all(&[0x81, 0xfe]).expect("sent");
            return Visitor::Member(Box::new(client));
        }
        6 => {
            // An upgrade, and no HELLO.
            let client = Client::connect(server, "jam1");
            return Visitor::Other(client.0.get_ref().try_clone().expect("its socket"));
        }
        7 => {
            // A member that never reads, and is told a lot.
            let (mut deaf, peer_id) = Client::join(server, "jam1", "viewer");
            let blob = "x".repeat(20_000);
            let signal = format!(r#"{{"type":"SIGNAL","to":"{peer_id}","blob":"{blob}"}}"#);
            for _ in 0..random.below(20) {
                let _cut_off = deaf.0.send(Message::text(&signal));
            }
            return Visitor::Other(deaf.0.get_ref().try_clone().expect("its socket"));
        }
        _ => return Visitor::Member(Box::new(Client::join(server, "jam1", "viewer").0)),
    }
    Visitor::Other(socket)
}

#[test]
fn a_server_ends_whatever_its_connections_are_in_the_middle_of() {
    for_each_seed(8, |random| {
        let library = TempFolder::new();
        let folder = library.path().to_str().expect("text");
        let mut server = TestServer::start(&["--library", folder, "--share", TRACK]);
        let mut host = Client::connect(&server, "jam1");
        host.say(r#"{"type":"HELLO","role":"host","wants":["WELCOME"]}"#);
        let key = host.hear_next("WELCOME")["upload_key"].clone();
        let key = key.as_str().expect("a key");
        let visitors: Vec<Visitor> = (0..14).map(|_| visitor(&server, key, random)).collect();
        std::thread::sleep(Duration::from_micros(random.below(30_000) as u64));
        server.signal(if random.one_in(2) { "TERM" } else { "INT" });
        assert_eq!(host.hear_close().0, 1001);
        for visitor in visitors {
            match visitor {
                Visitor::Member(mut client) => assert_eq!(client.hear_close().0, 1001),
                Visitor::Other(mut socket) => {
                    // In order or with a reset, but it ends.
                    let mut rest = Vec::new();
                    let _reset = socket.read_to_end(&mut rest);
                }
            }
        }
        assert!(server.wait().success());
        let partial = || {
            let names = library.names();
            names.iter().any(|name| name.starts_with("jam-incoming"))
        };
        until("nothing half done is left", || (!partial()).then_some(()));
    });
}
