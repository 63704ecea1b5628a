//! Members whose connection breaks off at any byte, both ways: what was said whole is heard, half a message is none, and
//! the room is as it was for everybody else.

use crate::common::cutter::{Cut, Cutter, HOWS, How, Way, end};
use crate::common::faulty::{FAULTS, Faulty};
use crate::common::http::get;
use crate::common::running::until;
use crate::common::server::{Client, TestServer, WATCHDOG};
use crate::common::toll::Toll;

use jam::client::member::{RoomEvent, join};
use jam::client::outgoing::Hello;
use jam::limits::ROOM_MESSAGE_BYTES_MAX;
use jam::room::address::RoomAddress;
use jam::room::message::Role;
use jam::server::websocket::config;
use jam::sys::threads::Threads;
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;
use tungstenite::protocol::Role as Side;
use tungstenite::{Message, WebSocket};

const UPGRADE: &str = "GET /ws/jam1 HTTP/1.1\r\nHost: jam\r\nConnection: Upgrade\r\n\
                       Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A frame as a client sends it.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x1f, 0x8b, 0x00, 0xa5];
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(short @ 0..126) => frame.push(0x80 | short),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(payload.len()).expect("short").to_be_bytes());
        }
    }
    frame.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    frame.extend(masked.map(|(byte, mask)| byte ^ mask));
    frame
}

/// Everything that a host says, and where each PLAY of it is whole.
struct Speech {
    bytes: Vec<u8>,
    plays: Vec<(usize, f64)>,
}

/// Its offsets are its own, so that it shows in the room what was heard of it.
fn speech(number: usize) -> Speech {
    let mut bytes = UPGRADE.as_bytes().to_vec();
    let mut plays = Vec::new();
    bytes.extend(masked(0x81, br#"{"type":"HELLO","role":"host"}"#));
    for more in [0.25, 0.5] {
        let offset = number as f64 + more;
        let text = format!(r#"{{"type":"PLAY","track_id":"t","offset_sec":{offset}}}"#);
        bytes.extend(masked(0x81, text.as_bytes()));
        plays.push((bytes.len(), offset));
        bytes.extend(masked(0x89, b"ping"));
    }
    // In two fragments.
    let offset = number as f64 + 0.75;
    let text = format!(r#"{{"type":"PLAY","track_id":"t","offset_sec":{offset}}}"#);
    let (first, rest) = text.split_at(20);
    bytes.extend(masked(0x01, first.as_bytes()));
    bytes.extend(masked(0x80, rest.as_bytes()));
    plays.push((bytes.len(), offset));
    bytes.extend(masked(0x88, &[0x03, 0xe8]));
    Speech { bytes, plays }
}

fn view(server: &TestServer) -> Value {
    get(&mut server.connect(), "/api/rooms/jam1").json()
}

/// The room once nobody is in it.
fn empty_room(server: &TestServer) -> Value {
    until("everybody has left", || {
        let view = view(server);
        (view["total"] == 0).then_some(view)
    })
}

/// Runs `work`, behind which the server holds no more than before it.
fn holding_nothing(server: &TestServer, work: impl FnOnce()) {
    // A first visitor, for what is begun once.
    let (visitor, _) = Client::join(server, "jam1", "viewer");
    drop(visitor);
    empty_room(server);
    let pid = server.pid();
    let calm = Toll::settled(&pid);
    work();
    empty_room(server);
    calm.wait_for(&pid);
}

#[test]
fn a_host_that_breaks_off_at_any_byte_was_heard_as_far_as_its_messages_were_whole() {
    let server = TestServer::start(&[]);
    holding_nothing(&server, || {
        let length = speech(100).bytes.len();
        eprintln!("{} hosts", HOWS.len() * (length + 1));
        let mut expected = view(&server)["state"]["offset_sec"].clone();
        for after in 0..=length {
            for how in HOWS {
                // As many digits each time.
                let Speech { bytes, plays } = speech(1000 + 2 * after + how as usize);
                let mut socket = server.connect();
                socket.write_all(&bytes[..after]).expect("sent");
                end(socket, how);
                let heard = plays.iter().take_while(|(whole, _)| *whole <= after);
                let heard: Vec<f64> = heard.map(|(_, offset)| *offset).collect();
                let state = empty_room(&server)["state"]["offset_sec"].clone();
                match (how, heard.last()) {
                    (How::Closed, Some(last)) => assert_eq!(state, *last, "{after} bytes"),
                    (How::Closed, None) => assert_eq!(state, expected, "{after} bytes"),
                    // A reset may come before what was sent is read.
                    (How::Reset, _) => {
                        let is_one = heard.iter().any(|&offset| state == offset);
                        assert!(is_one || state == expected, "{after} bytes: {state}");
                    }
                }
                expected = state;
            }
        }
    });
}

#[test]
fn messages_that_come_a_byte_at_a_time_are_the_same() {
    let server = TestServer::start(&[]);
    let Speech { bytes, plays } = speech(7);
    let mut socket = server.connect();
    socket.set_nodelay(true).expect("an option");
    for byte in &bytes {
        socket.write_all(&[*byte]).expect("sent");
    }
    end(socket, How::Closed);
    let last = plays.last().expect("some").1;
    assert_eq!(empty_room(&server)["state"]["offset_sec"], last);
}

/// The same on jam's configuration of the WebSocket, where calls can be interrupted.
#[test]
fn a_reader_that_fails_after_any_byte_gives_whole_messages_and_then_an_error() {
    let messages = ["first", "second and longer", "third"];
    let mut bytes = Vec::new();
    let mut ends = Vec::new();
    for text in messages {
        bytes.extend(masked(0x81, text.as_bytes()));
        ends.push(bytes.len());
        bytes.extend(masked(0x89, b"are you there"));
    }
    for fault in FAULTS {
        for after in 0..=bytes.len() {
            for drips in [false, true] {
                let mut socket = Faulty::new(&bytes, after, fault);
                socket.piece = if drips { 1 } else { usize::MAX };
                let config = config(ROOM_MESSAGE_BYTES_MAX);
                let mut socket =
                    WebSocket::from_partially_read(socket, Vec::new(), Side::Server, Some(config));
                let mut heard = Vec::new();
                let error = loop {
                    match socket.read() {
                        Ok(Message::Text(text)) => heard.push(text.as_str().to_owned()),
                        Ok(_) => {}
                        Err(error) => break error,
                    }
                };
                let whole = ends.iter().filter(|&&end| end <= after).count();
                assert!(heard.len() <= whole, "{after} {fault:?}: {heard:?}");
                assert_eq!(heard, messages[..heard.len()], "{error}");
            }
        }
    }
}

// ---- jam's own member ----------------------------------------------------------------------------

/// What a member over this line hears until the line ends.
fn visit(address: SocketAddr) -> Vec<&'static str> {
    let address = RoomAddress::parse(&format!("ws://{address}/ws/jam1")).expect("a room");
    let hello = Hello {
        role: Role::Viewer,
        display_name: Some("Ana".into()),
        node: true,
        wants: vec!["QUEUE", "MEMBERS", "SWARM_KEY"],
        token: None,
    };
    let threads = Threads::default();
    let (link, events) = join(address, &hello, 1, &threads).expect("a thread");
    let mut heard = Vec::new();
    loop {
        let event = events.recv_timeout(WATCHDOG).expect("an event");
        let is_over = matches!(event, RoomEvent::Lost { .. } | RoomEvent::Failed(_));
        heard.push(match &event {
            RoomEvent::Joined(joined) => {
                assert_eq!(joined.name.as_deref().unwrap_or("Ana"), "Ana");
                "Joined"
            }
            RoomEvent::State(state) => {
                assert!(!state.playing);
                "State"
            }
            RoomEvent::Queue(tracks) => {
                assert_eq!(tracks.len(), 1);
                "Queue"
            }
            RoomEvent::Members(_) => "Members",
            RoomEvent::Lost { .. } => "Lost",
            RoomEvent::Failed(_) => "Failed",
            other => panic!("{other:?}"),
        });
        if is_over || heard.contains(&"Members") {
            break;
        }
    }
    link.leave();
    drop(events);
    assert_eq!(threads.join_all(WATCHDOG), 0, "a thread is stuck");
    heard
}

#[test]
fn a_member_whose_line_breaks_at_any_byte_hears_whole_messages_and_ends() {
    let server = TestServer::start(&["--share", crate::common::server::TRACK]);
    let cutter = Cutter::to(server.address);
    let whole = visit(cutter.address);
    assert_eq!(whole.last(), Some(&"Members"));
    let lengths = cutter.wait_for_end(0);
    holding_nothing(&server, || {
        for way in [Way::There, Way::Back] {
            // Behind the last of them the member says its goodbye.
            for after in 0..lengths[way as usize] - 8 {
                for how in HOWS {
                    cutter.cut(Some(Cut { way, after, how }));
                    let mut heard = visit(cutter.address);
                    let last = heard.pop();
                    let ended = matches!(last, Some("Lost" | "Failed" | "Members"));
                    assert!(ended, "{way:?} {after} {how:?}: {heard:?} {last:?}");
                    assert!(whole.starts_with(&heard), "{way:?} {after}: {heard:?}");
                }
            }
        }
        eprintln!("{} members", cutter.ended());
        cutter.cut(None);
        // With fewer at a time tungstenite takes the answer to the upgrade for an attack.
        cutter.in_pieces(5);
        assert_eq!(visit(cutter.address), whole);
    });
}
