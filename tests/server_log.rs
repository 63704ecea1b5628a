//! The log of the real binary under somebody who wants to fill a disk with it: whatever he causes a thousand times is said
//! some times, and all of it is counted.

use crate::common::http::{get, put, read_response};
use crate::common::running::{until, wav};
use crate::common::server::{Client, TestServer, WATCHDOG};
use crate::common::temp::TempFolder;

use jam::limits::LOG_LINES_AT_ONCE;
use socket2::{Domain, Socket, Type};
use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

const TIMES: u64 = 300;

/// Reads the log until its lines with these words stand for so many; how many lines that were.
struct Log<'a> {
    server: &'a TestServer,
    lines: RefCell<Vec<String>>,
}

impl<'a> Log<'a> {
    fn of(server: &'a TestServer) -> Self {
        Self {
            server,
            lines: RefCell::default(),
        }
    }

    fn lines_for(&self, words: &str, times: u64) -> usize {
        let mut found = 0;
        until(&format!("{words:?} is told {times} times"), || {
            let mut lines = self.lines.borrow_mut();
            lines.extend(self.server.log_so_far());
            let about = lines.iter().filter(|line| line.contains(words));
            let told: Vec<u64> = about.map(|line| stands_for(line)).collect();
            found = told.len();
            let sum: u64 = told.iter().sum();
            assert!(sum <= times, "{words:?}: {sum}, {lines:?}");
            (sum == times).then_some(())
        });
        found
    }
}

/// `... (and 5 more like this before)` are six, `... (and 5 more before)` as well, and `5 more turned away: ...` are five.
fn stands_for(line: &str) -> u64 {
    let number = |text: &str| {
        text.split(' ')
            .next()
            .and_then(|word| word.parse::<u64>().ok())
    };
    match line.rsplit_once("(and ") {
        Some((_, rest)) => 1 + number(rest).expect("a number"),
        None if line.contains(" more turned away") => {
            let (_, rest) = line.split_once(' ').expect("a level");
            number(rest).expect("a number")
        }
        None => 1,
    }
}

/// A place has its lines at once, and one a second for as long as a test may take.
fn most() -> usize {
    LOG_LINES_AT_ONCE as usize + usize::try_from(WATCHDOG.as_secs()).expect("a minute")
}

#[test]
fn a_track_that_cannot_be_read_and_uploads_without_end_fill_no_log() {
    let folder = TempFolder::new();
    let bytes = wav(1, 1000);
    let file = folder.write("gone.wav", &bytes);
    let server = TestServer::start(&["--share", file.to_str().expect("text")]);
    let log = Log::of(&server);
    fs::remove_file(file).expect("removed");
    let mut socket = server.connect();
    let path = format!("/tracks/{}", blake3::hash(&bytes));
    for _ in 0..TIMES {
        assert_eq!(get(&mut socket, &path).status, 500);
    }
    let lines = log.lines_for("gone.wav", TIMES);
    assert!((1..=most()).contains(&lines), "{lines}");

    let mut host = Client::connect(&server, "a");
    host.say(r#"{"type":"HELLO","role":"host","wants":["WELCOME"]}"#);
    let key = host.hear_next("WELCOME")["upload_key"].clone();
    let fields = format!("Authorization: Bearer {}\r\n", key.as_str().expect("a key"));
    for _ in 0..TIMES {
        let stored = put(
            &mut socket,
            "/tracks?name=own.wav&room=a",
            &fields,
            &wav(2, 1000),
        );
        assert!(matches!(stored.status, 200 | 201), "{}", stored.text());
    }
    let lines = log.lines_for("own.wav", TIMES);
    assert!((1..=most()).contains(&lines), "{lines}");
}

#[test]
fn what_was_left_out_is_told_when_the_server_stops() {
    let folder = TempFolder::new();
    let bytes = wav(1, 1000);
    let file = folder.write("gone.wav", &bytes);
    let mut server = TestServer::start(&["--share", file.to_str().expect("text")]);
    fs::remove_file(file).expect("removed");
    let request = format!(
        "GET /tracks/{} HTTP/1.1\r\nHost: jam\r\n\r\n",
        blake3::hash(&bytes)
    );
    let mut socket = server.connect();
    // All at once, so that most of it is still to be told.
    socket
        .write_all(request.repeat(100).as_bytes())
        .expect("sent");
    for _ in 0..100 {
        assert_eq!(read_response(&mut socket).status, 500);
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    Log::of(&server).lines_for("gone.wav", 100);
}

/// GET of a locked room from this address with this key; its status.
fn try_key(server: &TestServer, from: Ipv4Addr, key: &str) -> u16 {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let own = SocketAddr::new(from.into(), 0);
    socket
        .bind(&own.into())
        .expect("an address of this machine");
    socket.connect(&server.address.into()).expect("connected");
    let mut socket = TcpStream::from(socket);
    socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
    let request =
        format!("GET /api/rooms/a HTTP/1.1\r\nHost: jam\r\nAuthorization: Bearer {key}\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("sent");
    read_response(&mut socket).status
}

#[test]
fn wrong_keys_from_many_addresses_are_told_now_and_then_and_all_counted() {
    let server = TestServer::start(&["--room-key", "plum"]);
    for place in 0..TIMES {
        let from = Ipv4Addr::new(127, 0, 1, u8::try_from(1 + place % 60).expect("small"));
        assert_eq!(try_key(&server, from, "guess"), 403);
    }
    let lines = Log::of(&server).lines_for("Wrong room key", TIMES);
    // Five at once and one a second, as of everybody who is turned away.
    assert!((1..=5 + most()).contains(&lines), "{lines}");
    assert!(lines < TIMES as usize / 2, "{lines}");
}

#[test]
fn whoever_runs_out_of_attempts_is_told_with_its_address_and_the_limit() {
    let server = TestServer::start(&["--room-key", "plum", "--host-key", "stone"]);
    let from = Ipv4Addr::new(127, 0, 0, 7);
    let mut tried = 0;
    while try_key(&server, from, "guess") == 403 {
        tried += 1;
        assert!(tried < 40, "no end");
    }
    let line = server.wait_for_log(&["warn 127.0.0.7 turned away", "too many wrong keys"]);
    assert!(line.contains("20 at once, one each 3 s"), "{line}");
    // The seat's key, which is tried by who is in already.
    let mut guest = Client::connect(&server, "a");
    guest.say(r#"{"type":"HELLO","role":"viewer","key":"plum"}"#);
    guest.hear_next("PEER");
    guest.say(r#"{"type":"TAKE_SEAT","host_key":"guess"}"#);
    guest.hear_next("ERROR");
    let line = server.wait_for_log(&["127.0.0.1: member", "of a turned away: Wrong host key"]);
    assert!(!line.contains("guess"), "{line}");
}
