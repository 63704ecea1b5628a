//! A member of somebody else's room: against the real server, and against one that misbehaves.

use crate::common::server as common;

use common::{Client, TestServer, WATCHDOG, jam};
use crossbeam_channel::Receiver;
use jam::client::error::RoomError;
use jam::client::link::RoomLink;
use jam::client::member::{Joined, RoomEvent, join};
use jam::client::messages::{Peers, Person, Rights, ServerSays, Votes};
use jam::client::orders;
use jam::client::outgoing::{Announce, Hello, Report};
use jam::client::parse::parse;
use jam::limits::{SCOUT_DELAY_MAX, SERVER_MESSAGE_BYTES_MAX};
use jam::room::address::RoomAddress;
use jam::room::message::Role;
use jam::room::rights::Guests;
use jam::sys::dial::DialError;
use jam::sys::threads::Threads;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

const STATE: &str = r#"{"type":"STATE","payload":{"track_id":null,"status":"PAUSE","offset_sec":0.0,"timestamp":1762569219.7}}"#;
const PEER: &str = r#"{"type":"PEER","peer_id":"p1"}"#;
const WELCOME: &str = r#"{"type":"WELCOME","version":"9.9.9","room":"jam1","peer_id":"p1","name":"Ana","role":"viewer","token":"353d413f07f6193d570d6b48b1f42c0a","swarm":{"key":"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff","node_id":"0102030405060708"},"later":1}"#;

/// A member in a room, gone when it is dropped.
struct Member {
    link: RoomLink,
    events: Receiver<RoomEvent>,
    threads: Threads,
}

impl Member {
    fn join_as(server: SocketAddr, role: Role) -> Self {
        Self::join_as_one(server, role, true, vec!["QUEUE", "SWARM", "SWARM_KEY"])
    }

    /// Somebody who listens.
    fn join_wanting(server: SocketAddr, role: Role, wants: Vec<&'static str>) -> Self {
        Self::join_as_one(server, role, false, wants)
    }

    fn join_as_one(server: SocketAddr, role: Role, node: bool, wants: Vec<&'static str>) -> Self {
        let address = RoomAddress::parse(&format!("ws://{server}/ws/jam1")).expect("a room");
        let hello = Hello {
            role,
            display_name: Some("Ana".into()),
            node,
            wants,
            token: None,
        };
        let threads = Threads::default();
        let (link, events) = join(address, &hello, 1, &threads).expect("a thread");
        Self {
            link,
            events,
            threads,
        }
    }

    fn join(server: SocketAddr) -> Self {
        Self::join_as(server, Role::Viewer)
    }

    /// The next event that `pick` wants, whatever comes before.
    fn hear<T>(&self, mut pick: impl FnMut(RoomEvent) -> Option<T>) -> T {
        loop {
            let event = self.events.recv_timeout(WATCHDOG).expect("an event");
            if let Some(found) = pick(event) {
                return found;
            }
        }
    }

    fn joined(&self) -> Joined {
        self.hear(|event| match event {
            RoomEvent::Joined(joined) => Some(joined),
            RoomEvent::Failed(error) => panic!("{error}"),
            _ => None,
        })
    }

    fn peers(&self) -> Peers {
        self.hear(|event| match event {
            RoomEvent::Peers(peers) => Some(peers),
            _ => None,
        })
    }

    fn lost(&self) -> (RoomError, Duration) {
        self.hear(|event| match event {
            RoomEvent::Lost { why, again_in } => Some((why, again_in)),
            _ => None,
        })
    }

    /// Why the room could never be joined; nothing may be heard before or after it.
    fn failed(self) -> String {
        let event = self.events.recv_timeout(WATCHDOG).expect("an event");
        let RoomEvent::Failed(error) = event else {
            panic!("{event:?}");
        };
        assert!(
            self.events.recv_timeout(WATCHDOG).is_err(),
            "the last event"
        );
        assert_eq!(self.threads.join_all(WATCHDOG), 0);
        error.to_string()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.link.leave();
        let left = self.threads.join_all(WATCHDOG);
        assert!(left == 0 || std::thread::panicking(), "a thread is stuck");
    }
}

/// A server that does as a test wants with each connection, in the order of connecting.
fn fake(mut serve: impl FnMut(usize, TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for (number, socket) in listener.incoming().flatten().enumerate() {
            socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
            serve(number, socket);
        }
    });
    address
}

/// Answers the upgrade with these bytes and closes.
fn answers(bytes: &'static [u8]) -> SocketAddr {
    fake(move |_, mut socket| {
        read_head(&mut socket);
        let _gone = socket.write_all(bytes);
    })
}

fn read_head(socket: &mut TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(socket.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
}

/// Does what a server does until somebody has joined; what HELLO was.
fn welcome(socket: TcpStream) -> (WebSocket<TcpStream>, String) {
    let mut socket = tungstenite::accept(socket).expect("an upgrade");
    let hello = socket.read().expect("HELLO").into_text().expect("text");
    for message in [STATE, PEER, WELCOME] {
        socket.send(Message::text(message)).expect("sent");
    }
    (socket, hello.as_str().to_owned())
}

// ---- the real server -------------------------------------------------------------------------------

#[test]
fn a_member_joins_hears_the_room_and_is_heard() {
    let server = TestServer::start(&["--room", "jam1", "--share", common::TRACK]);
    let ana = Member::join(server.address);
    let joined = ana.joined();
    assert_eq!(joined.name.as_deref(), Some("Ana"));
    assert_eq!(joined.server_addr, server.address);
    assert!(joined.local_ip.is_loopback());
    let state = ana.hear(|event| match event {
        RoomEvent::State(state) => Some(state),
        _ => None,
    });
    assert!(!state.playing);
    let queue = ana.hear(|event| match event {
        RoomEvent::Queue(tracks) => Some(tracks),
        _ => None,
    });
    assert_eq!(queue.len(), 1);
    assert_eq!(queue[0].name, "prelude5.wav");

    let ben = Member::join(server.address);
    ben.joined();
    for (member, port, have_count) in [(&ana, 9003, 320), (&ben, 9004, 0)] {
        let announce = Announce {
            port,
            total_chunks: Some(320),
            chunk_size: Some(16384),
            have_count: Some(have_count),
            ..Announce::default()
        };
        member.link.announce(&announce).expect("joined");
    }
    let of_ben = loop {
        let list = ben.peers();
        if !list.peers.is_empty() {
            break list;
        }
    };
    assert_eq!(of_ben.peers.len(), 1);
    assert_eq!(of_ben.peers[0].port, 9003);
    assert_eq!(of_ben.peers[0].have_count, 320);
    assert_eq!(of_ben.peers[0].name, "Ana");
    ben.link.have_delta(&[0, 1, 2]).expect("joined");
    while ana
        .peers()
        .peers
        .first()
        .is_none_or(|peer| peer.have_count != 3)
    {}
}

#[test]
fn a_taken_host_seat_is_told_with_what_to_do() {
    let server = TestServer::start(&[]);
    let host = Member::join_as(server.address, Role::Host);
    host.joined();
    let second = Member::join_as(server.address, Role::Host).failed();
    assert_eq!(
        second,
        "the server says: Host already assigned (join as a viewer, or wait until the host has left)"
    );
}

#[test]
fn the_time_is_asked_for_and_its_answer_stamped_when_it_was_read() {
    let server = TestServer::start(&[]);
    let member = Member::join(server.address);
    member.joined();
    // The number comes back as it was, also one that has no short name.
    for t0 in [0.0, 5120.25, 1.0 / 3.0, 123456.789012345] {
        let before = Instant::now();
        member.link.clock(t0).expect("joined");
        let (clock, at) = member.hear(|event| match event {
            RoomEvent::Clock { clock, at } => Some((clock, at)),
            _ => None,
        });
        assert_eq!(clock.t0, t0);
        assert!(clock.t1 > 1e9 && clock.t2 >= clock.t1, "{clock:?}");
        assert!(before <= at && at <= Instant::now());
    }
}

#[test]
fn what_the_server_thinks_wrong_is_heard() {
    let server = TestServer::start(&[]);
    let ana = Member::join(server.address);
    ana.joined();
    ana.link
        .send(r#"{"type":"PLAY","track_id":"t1","offset_sec":0}"#.into())
        .expect("joined");
    let error = ana.hear(|event| match event {
        RoomEvent::Error(message) => Some(message),
        _ => None,
    });
    assert_eq!(error, "Only host can control");
}

#[test]
fn a_member_comes_back_when_its_server_was_restarted() {
    let mut server = TestServer::start(&[]);
    let address = server.address;
    let ana = Member::join(address);
    let before = ana.joined().peer_id;
    server.signal("TERM");
    server.wait();
    let (why, again_in) = ana.lost();
    assert_eq!(why.to_string(), "the server says: Server is stopping");
    assert!(again_in < Duration::from_secs(1), "{again_in:?}");
    assert!(ana.link.announce(&Announce::default()).is_err());
    let refused = ana.lost().0.to_string();
    assert!(refused.contains("refused the connection"), "{refused}");

    let listen = address.to_string();
    let _again = TestServer::start_command(jam(&["server", "--listen", &listen]));
    assert_eq!(ana.joined().peer_id, before, "the same member");
    ana.link.announce(&Announce::default()).expect("joined");
    ana.peers();
}

#[test]
fn who_is_not_there_is_looked_for_all_the_time_and_who_refuses_more_and_more_rarely() {
    let mut server = TestServer::start(&[]);
    let listen = server.address.to_string();
    let ana = Member::join(server.address);
    ana.joined();
    server.signal("KILL");
    server.wait();
    ana.lost();
    for _ in 0..5 {
        let (why, again_in) = ana.lost();
        assert!(matches!(why, RoomError::Dial(_)), "{why}");
        assert!(again_in <= SCOUT_DELAY_MAX, "{again_in:?}");
        assert!(again_in >= SCOUT_DELAY_MAX / 2, "{again_in:?}");
    }
    let _again = TestServer::start_command(jam(&["server", "--listen", &listen]));
    ana.joined();

    let closed = fake(|number, socket| {
        if number == 0 {
            welcome(socket);
        }
    });
    let ben = Member::join(closed);
    ben.joined();
    let delays: Vec<Duration> = (0..3).map(|_| ben.lost().1).collect();
    assert!(delays[2] > 2 * delays[0], "{delays:?}");
}

#[test]
fn a_start_that_waits_is_told_until_it_is_over() {
    let server = TestServer::start(&["--share", common::TRACK]);
    let ana = Member::join_wanting(server.address, Role::Host, vec!["QUEUE", "WAITING_NEWS"]);
    ana.joined();
    let track_id = ana.hear(|event| match event {
        RoomEvent::Queue(tracks) => Some(tracks[0].track_id.clone()),
        _ => None,
    });
    let ben = Member::join_wanting(server.address, Role::Viewer, vec!["WAITING"]);
    ben.joined();
    let waiting = || {
        ana.hear(|event| match event {
            RoomEvent::Waiting(waiting) => Some(waiting),
            _ => None,
        })
    };
    ana.link
        .send(orders::control(true, Some(&track_id), 0.0))
        .expect("joined");
    let first = waiting().expect("a start that waits");
    // The host is told, and not waited for.
    assert_eq!((first.ready, first.of, first.until), (0, 1, None));
    assert_eq!(first.track_id, track_id);
    let report = Report {
        status: "ready",
        track_id: Some(track_id),
        ..Report::default()
    };
    ben.link.report(&report).expect("joined");
    assert_eq!(waiting(), None);
}

#[test]
fn leaving_frees_the_seat_at_once() {
    let server = TestServer::start(&[]);
    let host = Member::join_as(server.address, Role::Host);
    host.joined();
    drop(host);
    let mut next = Client::connect(&server, "jam1");
    next.say(r#"{"type":"HELLO","role":"host"}"#);
    next.hear("STATE");
}

// ---- servers that are none -------------------------------------------------------------------------

#[test]
fn a_server_that_is_not_there_is_told_as_what_it_is() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = nobody.local_addr().expect("an address");
    drop(nobody);
    let refused = Member::join(address).failed();
    assert!(
        refused.contains("refused the connection (is `jam server` running"),
        "{refused}"
    );
    let threads = Threads::default();
    let hello = Hello {
        role: Role::Viewer,
        display_name: None,
        node: false,
        wants: vec![],
        token: None,
    };
    let nowhere = RoomAddress::parse("ws://no-such-machine.invalid:1/ws/jam1").expect("a room");
    let (_link, events) = join(nowhere, &hello, 1, &threads).expect("a thread");
    match events.recv_timeout(WATCHDOG) {
        Ok(RoomEvent::Failed(RoomError::Dial(
            DialError::NameNotFound { host } | DialError::NameTimedOut { host },
        ))) => assert_eq!(host, "no-such-machine.invalid"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_jam_server_is_told_with_what_it_answers() {
    for (answer, expected) in [
        (
            &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..],
            "it answers HTTP 200, \"hello\"",
        ),
        (
            b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>oops",
            "it answers HTTP 502 (check",
        ),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "no room there"),
        (b"HTTP/1.1 503 Unavailable\r\n\r\n", "the server is full"),
        (
            b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n",
            "not a jam server: it answers",
        ),
        (b"\xff\x00\xfe garbage", "not a jam server: it answers"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "not a jam server: it answers",
        ),
        (b"HTTP/1.1 101 Swi", "closed before the answer was whole"),
        (b"", "closed before the answer was whole"),
    ] {
        let told = Member::join(answers(answer)).failed();
        assert!(told.contains(expected), "{answer:?}: {told}");
    }
}

#[test]
fn an_endless_answer_to_the_upgrade_is_cut_off() {
    let server = fake(|_, mut socket| {
        read_head(&mut socket);
        let _gone = socket.write_all(b"HTTP/1.1 200 OK\r\n");
        while socket.write_all(&[b'a'; 4096]).is_ok() {}
    });
    let told = Member::join(server).failed();
    assert!(told.contains("not a jam server"), "{told}");
}

#[test]
fn a_server_that_never_answers_the_upgrade_is_given_up() {
    let (release, wait) = mpsc::channel::<()>();
    let server = fake(move |_, _socket| assert!(wait.recv().is_err()));
    let told = Member::join(server).failed();
    assert!(told.contains("no answer within 10 s"), "{told}");
    drop(release);
}

#[test]
fn a_websocket_that_is_no_room_is_given_up() {
    let silent = fake(|_, socket| {
        let mut socket = tungstenite::accept(socket).expect("an upgrade");
        while socket.read().is_ok() {}
    });
    let talks = fake(|_, socket| {
        let mut socket = tungstenite::accept(socket).expect("an upgrade");
        let _gone = socket.send(Message::text("hello, \u{1b}[31mred"));
        while socket.read().is_ok() {}
    });
    let told = Member::join(talks).failed();
    assert_eq!(
        told,
        "not a jam server: it takes WebSockets, but says \"hello, [31mred\""
    );
    let told = Member::join(silent).failed();
    assert!(told.contains("does not answer HELLO"), "{told}");
}

// ---- servers that go wrong later -------------------------------------------------------------------

#[test]
fn a_lost_member_comes_back_and_says_hello_again() {
    let (hellos, said) = mpsc::channel();
    let server = fake(move |number, socket| {
        let (mut socket, hello) = welcome(socket);
        hellos.send(hello).expect("the test listens");
        match number {
            // Cut without a word.
            0 => {}
            // No frame at all.
            1 => {
                let _gone = socket.get_mut().write_all(&[0xff; 100]);
                while socket.read().is_ok() {}
            }
            // Far too long, and not even complete.
            2 => {
                let length = (SERVER_MESSAGE_BYTES_MAX as u64 + 1).to_be_bytes();
                let head = [&[0x81, 127], &length[..]].concat();
                let _gone = socket.get_mut().write_all(&head);
                while socket.read().is_ok() {}
            }
            _ => while socket.read().is_ok() {},
        }
    });
    let ana = Member::join(server);
    for expected in [
        "the connection broke",
        "does not make sense",
        "is over the limit of 524288",
    ] {
        let joined = ana.joined();
        assert_eq!(
            joined.swarm.expect("a key").node_id,
            [1, 2, 3, 4, 5, 6, 7, 8]
        );
        let why = ana.lost().0.to_string();
        assert!(why.contains(expected), "{why}");
    }
    ana.joined();
    let hello = r#"{"type":"HELLO","role":"viewer","display_name":"Ana","node":true,"wants":["WELCOME","QUEUE","SWARM","SWARM_KEY"]"#;
    // From the second time on it says who it is.
    let token = r#","token":"353d413f07f6193d570d6b48b1f42c0a""#;
    for token in ["", token, token, token] {
        let expected = format!("{hello}{token}}}");
        assert_eq!(said.recv_timeout(WATCHDOG).expect("HELLO"), expected);
    }
}

#[test]
fn a_member_that_is_not_wanted_back_does_not_come_back() {
    for reason in ["Removed by the host", "Came back on another connection"] {
        let server = fake(move |number, socket| {
            assert_eq!(number, 0, "it came back");
            let (mut socket, _) = welcome(socket);
            let frame = CloseFrame {
                code: CloseCode::Policy,
                reason: reason.into(),
            };
            socket.close(Some(frame)).expect("sent");
            while socket.read().is_ok() {}
        });
        let ana = Member::join(server);
        ana.joined();
        let why = ana.hear(|event| match event {
            RoomEvent::Failed(why) => Some(why.to_string()),
            RoomEvent::Lost { why, .. } => panic!("{why}"),
            _ => None,
        });
        assert_eq!(why, format!("the server says: {reason}"));
    }
}

#[test]
fn a_host_sets_what_guests_may_do_and_hands_its_seat_over() {
    let server = TestServer::start(&[]);
    let ana = Member::join_wanting(server.address, Role::Host, vec!["RIGHTS"]);
    let ben = Member::join_wanting(server.address, Role::Viewer, vec!["RIGHTS"]);
    let (joined, of_ben) = (ana.joined(), ben.joined());
    assert_eq!(joined.role, Some(Role::Host));
    assert_eq!(of_ben.role, Some(Role::Viewer));
    let rights = |member: &Member, is_awaited: &dyn Fn(&Rights) -> bool| {
        member.hear(|event| match event {
            RoomEvent::Rights(rights) => is_awaited(&rights).then_some(rights),
            _ => None,
        })
    };
    ana.link.guests(Guests::Vote).expect("joined");
    let told = rights(&ben, &|rights| rights.guests == Guests::Vote);
    assert_eq!(told.host.expect("a host").peer_id, joined.peer_id);

    ben.link.vote(Some("t1")).expect("joined");
    ana.link
        .send(r#"{"type":"PAUSE","track_id":"t1","offset_sec":0}"#.into())
        .expect("joined");
    let votes = ben.hear(|event| match event {
        RoomEvent::State(state) if state.track_id.is_some() => {
            ben.link.vote(Some("t1")).expect("joined");
            None
        }
        RoomEvent::Votes(votes) => Some(votes),
        _ => None,
    });
    assert_eq!(votes.track_id.as_deref(), Some("t1"));
    assert_eq!((votes.votes, votes.needed), (1, 2));

    let is_host = |id: &str| {
        let id = id.to_owned();
        move |rights: &Rights| rights.host.as_ref().is_some_and(|host| host.peer_id == id)
    };
    ana.link.hand_over(Some(&of_ben.peer_id)).expect("joined");
    rights(&ana, &is_host(&of_ben.peer_id));
    ben.link.hand_over(None).expect("joined");
    rights(&ana, &|rights| {
        rights.host.is_none() && rights.kept.is_none()
    });
    ana.link.take_seat().expect("joined");
    rights(&ben, &is_host(&joined.peer_id));
    ana.link.kick(&of_ben.peer_id).expect("joined");
    let why = ben.hear(|event| match event {
        RoomEvent::Failed(why) => Some(why.to_string()),
        _ => None,
    });
    assert_eq!(why, "the server says: Removed by the host");
}

#[test]
fn long_lists_and_unknown_messages_are_no_trouble() {
    let server = fake(|_, socket| {
        let (mut socket, _) = welcome(socket);
        let entry = r#"{"track_id":"t","name":"n","bytes":1}"#;
        let long = format!(
            r#"{{"type":"QUEUE","tracks":[{entry}{}]}}"#,
            format!(",{entry}").repeat(5_000)
        );
        assert!(long.len() > 150_000);
        for message in [
            "nonsense",
            "[]",
            r#"{"type":7}"#,
            r#"{"type":"NEW","x":[]}"#,
            r#"{"type":"STATE"}"#,
            &long,
        ] {
            socket.send(Message::text(message)).expect("sent");
        }
        let _gone = socket.send(Message::Binary(vec![1, 2, 3].into()));
        let _gone = socket.send(Message::text(r#"{"type":"ERROR","message":"done"}"#));
        while socket.read().is_ok() {}
    });
    let ana = Member::join(server);
    ana.joined();
    let tracks = ana.hear(|event| match event {
        RoomEvent::Queue(tracks) => Some(tracks),
        RoomEvent::Lost { why, .. } => panic!("{why}"),
        _ => None,
    });
    assert_eq!(tracks.len(), 500);
    let error = ana.hear(|event| match event {
        RoomEvent::Error(message) => Some(message),
        RoomEvent::Lost { why, .. } => panic!("{why}"),
        _ => None,
    });
    assert_eq!(error, "done");
}

#[test]
fn a_server_that_goes_silent_is_pinged_and_then_given_up() {
    let (pings, pinged) = mpsc::channel();
    let server = fake(move |number, socket| {
        let (mut socket, _) = welcome(socket);
        let pings = pings.clone();
        std::thread::spawn(move || match number {
            // Raw: tungstenite would answer the ping.
            0 => {
                let mut byte = [0];
                while matches!(socket.get_mut().read(&mut byte), Ok(1)) {
                    let _received = pings.send(byte[0]);
                }
            }
            _ => while socket.read().is_ok() {},
        });
    });
    let ana = Member::join(server);
    ana.joined();
    let why = ana.lost().0.to_string();
    assert_eq!(why, "the server has been silent for 20 s");
    // A masked ping without a payload: two bytes of head, four of mask.
    assert_eq!(pinged.recv_timeout(WATCHDOG), Ok(0x89));
    assert_eq!(pinged.recv_timeout(WATCHDOG), Ok(0x80));
    ana.joined();
}

#[test]
fn bytes_that_drip_in_are_no_sign_of_life() {
    let server = fake(|number, socket| {
        let (mut socket, _) = welcome(socket);
        std::thread::spawn(move || match number {
            0 => {
                // The head of a message of 1,000 bytes, which never becomes whole.
                let mut bytes = vec![0x81, 126, 0x03, 0xe8];
                loop {
                    if socket.get_mut().write_all(&bytes).is_err() {
                        return;
                    }
                    bytes = vec![b' '];
                    std::thread::sleep(Duration::from_millis(500));
                }
            }
            _ => while socket.read().is_ok() {},
        });
    });
    let ana = Member::join(server);
    ana.joined();
    assert_eq!(
        ana.lost().0.to_string(),
        "the server has been silent for 20 s"
    );
}

#[test]
fn who_talks_to_a_server_that_does_not_read_does_not_wait_for_ever() {
    let (release, wait) = mpsc::channel::<()>();
    let server = fake(move |_, socket| {
        let _open = welcome(socket);
        assert!(wait.recv().is_err());
    });
    let ana = Member::join(server);
    ana.joined();
    let filler = "x".repeat(60_000);
    let text = format!(r#"{{"type":"SIGNAL","blob":"{filler}"}}"#);
    let (link, (gave_up, given_up)) = (ana.link.clone(), mpsc::channel());
    std::thread::spawn(move || {
        while link.send(text.clone()).is_ok() {}
        gave_up.send(())
    });
    assert_eq!(given_up.recv_timeout(WATCHDOG), Ok(()));
    ana.lost();
    drop(release);
}

#[test]
fn messages_of_many_threads_never_mix_and_pings_are_answered_between_them() {
    const THREADS: usize = 8;
    const EACH: usize = 400;
    let (counted, result) = mpsc::channel();
    let server = fake(move |_, socket| {
        let (mut socket, _) = welcome(socket);
        let (mut texts, mut pongs, mut pings) = (0, 0, 0);
        while texts < THREADS * EACH || pongs < pings {
            if texts % 100 == 0 && pings <= texts / 100 {
                socket
                    .send(Message::Ping(vec![7; 100].into()))
                    .expect("sent");
                pings += 1;
            }
            match socket.read().expect("whole, masked frames") {
                Message::Text(text) => {
                    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                    assert_eq!(value["type"], "HAVE_DELTA");
                    texts += 1;
                }
                Message::Pong(payload) => {
                    assert_eq!(&payload[..], [7; 100]);
                    pongs += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        counted.send((texts, pongs > 10)).expect("the test listens");
        match socket.read().expect("a goodbye") {
            Message::Close(Some(close)) => counted.send((u16::from(close.code).into(), true)),
            other => panic!("{other:?}"),
        }
        .expect("the test listens");
        while socket.read().is_ok() {}
    });
    let ana = Member::join(server);
    ana.joined();
    let senders: Vec<_> = (0..THREADS)
        .map(|thread| {
            let link = ana.link.clone();
            std::thread::spawn(move || {
                let indices: Vec<u32> = (0..100 * thread as u32).collect();
                for _ in 0..EACH {
                    let indices = if indices.is_empty() {
                        &[1][..]
                    } else {
                        &indices
                    };
                    link.have_delta(indices).expect("joined");
                }
            })
        })
        .collect();
    for sender in senders {
        sender.join().expect("a sender");
    }
    let counts = result.recv_timeout(WATCHDOG).expect("all of them");
    assert_eq!(counts, (THREADS * EACH, true));
    drop(ana);
    assert_eq!(
        result.recv_timeout(WATCHDOG).expect("a close frame"),
        (1000, true)
    );
}

#[test]
fn leaving_ends_a_member_that_nobody_listens_to() {
    let server = fake(|_, socket| {
        let (mut socket, _) = welcome(socket);
        while socket.send(Message::text(STATE)).is_ok() {}
    });
    let ana = Member::join(server);
    ana.joined();
    // The queue of events fills up, and the thread waits.
    while !ana.events.is_full() {
        std::thread::yield_now();
    }
    drop(ana);
}

#[test]
fn leaving_ends_a_member_that_waits_to_come_back() {
    let server = fake(|number, socket| {
        if number == 0 {
            drop(welcome(socket));
        }
    });
    let ana = Member::join(server);
    ana.joined();
    ana.lost();
    drop(ana);
}

// ---- what the protocol says beyond what the server of this test may know -----------------------------

#[test]
fn the_swarms_messages_are_read_as_the_protocol_has_them() {
    let id = "c34b4ce12be22e3f92ade1cc20d46caed00dc006e5b423dad71487182140c8e9";
    let peers = format!(
        r#"{{"type":"PEERS","room":"jam1","peers":[{{"peer_id":"p81","ip":"::ffff:192.168.1.20","port":9003,"have_count":3,"display_name":"Ana","is_host":true,"total_chunks":120,"chunk_size":4096,"node_id":"0102030405060708","track_id":"{}","track_ids":["{id}","no id"],"dialable":false}},{{"peer_id":"bad"}},7],"interval_sec":15,"you":{{"ip":"192.168.1.7","dialable":true}}}}"#,
        id.to_uppercase()
    );
    let Ok(ServerSays::Peers(peers)) = parse(&peers) else {
        panic!("PEERS");
    };
    let [ana] = &peers.peers[..] else {
        panic!("{peers:?}");
    };
    assert_eq!(ana.ip.to_string(), "192.168.1.20");
    assert_eq!(ana.node_id, Some([1, 2, 3, 4, 5, 6, 7, 8]));
    assert_eq!(ana.track_id.as_deref(), Some(id));
    assert_eq!(ana.track_ids, [id]);
    assert_eq!(ana.dialable, Some(false));
    assert_eq!(peers.you.expect("you").dialable, Some(true));

    let map = "9".repeat(32) + &"0".repeat(32);
    let swarm = format!(
        r#"{{"type":"SWARM","room":"jam1","nodes":[{{"peer_id":"p3f","name":"Ana's laptop","track_id":"{id}","total_chunks":320,"chunk_size":16384,"have_count":160,"map":"{map}","dialable":false,"from":[["p81",160],["server",2]],"unreachable":["p81"]}},{{"peer_id":"server","server":true,"map":"12"}},{{"peer_id":""}}]}}"#
    );
    let Ok(ServerSays::Swarm(nodes)) = parse(&swarm) else {
        panic!("SWARM");
    };
    assert_eq!(nodes.len(), 2);
    let map = nodes[0].map.as_ref().expect("a map");
    assert_eq!((map.len(), map[31], map[32]), (64, 9, 0));
    assert_eq!(nodes[0].from, [("p81".into(), 160), ("server".into(), 2)]);
    assert_eq!(nodes[0].unreachable, ["p81"]);
    assert!(nodes[1].server && nodes[1].map.is_none() && nodes[1].dialable.is_none());

    let Ok(ServerSays::Welcome(welcome)) = parse(WELCOME) else {
        panic!("WELCOME");
    };
    let token = welcome.token.clone().expect("a token");
    assert_eq!(token, "353d413f07f6193d570d6b48b1f42c0a");
    assert!(!format!("{welcome:?}").contains(&token), "not shown");
    let swarm = welcome.swarm.expect("a key");
    assert_eq!(
        (swarm.key[0], swarm.key[10], swarm.key[31]),
        (0, 0xaa, 0xff)
    );
    assert!(!format!("{swarm:?}").contains("170"), "a key is not shown");
    for bad in [
        WELCOME.replace("00112233", "0011223"),
        WELCOME.replace("00112233", "é0112233"),
        WELCOME.replace("0102030405060708", "x"),
    ] {
        match parse(&bad) {
            Ok(ServerSays::Welcome(welcome)) => assert_eq!(welcome.swarm, None),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_message_of_the_recorded_ones_is_understood() {
    let recorded = include_str!("../testdata/messages/server.jsonl");
    let mut kinds = std::collections::BTreeSet::new();
    for line in recorded.lines().filter(|line| !line.trim().is_empty()) {
        let said = parse(line).unwrap_or_else(|error| panic!("{error:?}"));
        kinds.insert(
            format!("{said:?}")
                .split([' ', '(', '{'])
                .next()
                .map(String::from),
        );
        // Cut anywhere it is malformed, and never a panic.
        for (cut, _) in line.char_indices() {
            assert!(parse(&line[..cut]).is_err(), "{}", &line[..cut]);
        }
    }
    assert!(kinds.len() >= 7, "{kinds:?}");
}

/// A host of another program may send it; a member that does not understand the first STATE cannot join.
#[test]
fn a_track_without_a_name_is_understood() {
    let state = STATE.replace("null", "\"\"");
    let Ok(ServerSays::State(state)) = parse(&state) else {
        panic!("not understood");
    };
    assert_eq!(state.track_id.as_deref(), Some(""));
}

#[test]
fn names_and_words_of_a_server_cannot_write_on_a_terminal() {
    let Ok(ServerSays::Error(message)) =
        parse(r#"{"type":"ERROR","message":"a\u001b[2Jb\nc\u202ed"}"#)
    else {
        panic!("ERROR");
    };
    assert_eq!(message, "a[2Jb cd");
    let refused = parse(r#"{"type":"ERROR","message":"a\u001b[2Jb","track_id":"AB"}"#);
    let expected = ServerSays::Refused {
        track_id: "ab".into(),
        why: "a[2Jb".into(),
    };
    assert_eq!(refused, Ok(expected));
    for no_id in ["7", "null", "\"\"", "[\"a\"]"] {
        let said = parse(&format!(
            r#"{{"type":"ERROR","message":"m","track_id":{no_id}}}"#
        ));
        assert_eq!(said, Ok(ServerSays::Error("m".into())), "{no_id}");
    }
    let deep = format!(
        r#"{{"type":"SIGNAL","from":"p","blob":{}"#,
        "[".repeat(100_000)
    );
    assert!(parse(&deep).is_err());
}

#[test]
fn rights_and_votes_are_read_as_far_as_they_make_sense() {
    let ana = Person {
        peer_id: "p81".into(),
        name: "Ana".into(),
    };
    let locked = |host, kept, guests, lock_changes| {
        Ok(ServerSays::Rights(Rights {
            host,
            kept,
            guests,
            locked: lock_changes > 0,
            lock_changes,
        }))
    };
    let rights = |host, kept, guests| locked(host, kept, guests, 0);
    let person = r#"{"peer_id":"p81","name":"A\u0007na"}"#;
    for (fields, expected) in [
        (
            format!(r#""host":{person},"guests":"add""#),
            rights(Some(ana.clone()), None, Guests::Add),
        ),
        (
            r#""kept":{"peer_id":"p81","name":"Ana","until":7.5},"guests":"everything""#.into(),
            rights(None, Some((ana.clone(), 7.5)), Guests::Everything),
        ),
        (
            r#""guests":"vote","locked":true,"lock_changes":3"#.into(),
            locked(None, None, Guests::Vote, 3),
        ),
        (
            r#""guests":"vote","locked":"yes","lock_changes":-1"#.into(),
            rights(None, None, Guests::Vote),
        ),
        (
            format!(r#""kept":{person},"host":7,"guests":"dance""#),
            rights(None, None, Guests::Nothing),
        ),
        (r#""x":0"#.into(), rights(None, None, Guests::Nothing)),
    ] {
        let text = format!(r#"{{"type":"RIGHTS","room":"jam1",{fields}}}"#);
        assert_eq!(parse(&text), expected, "{text}");
    }
    let votes = r#"{"type":"VOTES","track_id":"t1","votes":2,"needed":3}"#;
    let expected = ServerSays::Votes(Votes {
        track_id: Some("t1".into()),
        votes: 2,
        needed: 3,
    });
    assert_eq!(parse(votes), Ok(expected));
    assert!(parse(&votes.replace('2', "-2")).is_err());
}
