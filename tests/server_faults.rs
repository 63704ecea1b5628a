//! A server that the system gives nothing more: no threads, no descriptors, no memory. Whoever comes is refused, those
//! who are there play on, and all is well when there is some again.

use crate::common::company::Company;
use crate::common::footprint::Footprint;
use crate::common::http::get;
use crate::common::running::{track_id, until, wav};
use crate::common::server::{Client, TestServer, WATCHDOG, exchange, jam, run};
use crate::common::temp::TempFolder;

use serde_json::json;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: jam\r\nConnection: close\r\n\r\n";

fn limit(server: &TestServer, what: &str) {
    run("prlimit", &["--pid", &server.pid(), what]);
}

/// Threads are counted for each user: a server of one that is nobody else.
struct Alone {
    server: TestServer,
    user: String,
    _folder: TempFolder,
}

impl Alone {
    fn start() -> Self {
        let folder = TempFolder::new();
        // Where others may not look is no place for what they are to run.
        let binary = folder.join("jam");
        fs::copy(env!("CARGO_BIN_EXE_jam"), &binary).expect("a copy");
        let user = match run("id", &["-u"]).trim() {
            "0" => (1_000_000 + std::process::id()).to_string(),
            user => user.to_owned(),
        };
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={user}")).arg(binary);
        command.args(["server", "--listen", "127.0.0.1:0"]);
        command.env_remove("JAM_LOG").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self {
            server: TestServer::start_command(command),
            user,
            _folder: folder,
        }
    }

    /// Said by that user, who may.
    fn limit(&self, what: &str) {
        let user = format!("--reuid={}", self.user);
        run(
            "setpriv",
            &[&user, "prlimit", "--pid", &self.server.pid(), what],
        );
    }
}

/// Asks on a connection that was there before for what would need another thread.
fn upgrade(socket: TcpStream, server: &TestServer, room: &str) -> Client {
    let url = format!("ws://{}/ws/{room}", server.address);
    let (socket, _) = tungstenite::client(&url, socket).expect("the upgrade is granted");
    Client(socket)
}

#[test]
fn without_threads_newcomers_are_told_503_and_those_who_are_there_play_on() {
    let alone = Alone::start();
    let server = &alone.server;
    let mut company = Company::join(server, "a");
    let mut kept: Vec<TcpStream> = (0..3).map(|_| server.connect()).collect();
    for socket in &mut kept {
        assert_eq!(get(socket, "/healthz").status, 200);
    }
    alone.limit("--nproc=1:");
    for _ in 0..50 {
        let answer = exchange(server, HEALTH);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer:?}");
        company.plays_on();
    }
    server.wait_for_log(&["cannot start threads for connections"]);
    // Who has a connection may do everything with it.
    let song = wav(1, 200_000);
    assert_eq!(company.upload(&mut kept[0], &song).status, 201);
    let path = format!("/tracks/{}", track_id(&song));
    assert!(get(&mut kept[0], &path).body == song);
    let mut late = upgrade(kept.remove(1), server, "a");
    late.say(r#"{"type":"HELLO","role":"viewer"}"#);
    late.hear("STATE");
    late.hear("PEER");
    company.plays_on();
    late.hear("STATE");
    assert_a_slow_member_hears_all(&mut company);
    // A new room would need one.
    let mut elsewhere = upgrade(kept.remove(1), server, "b");
    elsewhere.say(r#"{"type":"HELLO","role":"host"}"#);
    assert_eq!(elsewhere.hear_close().0, 1013);
    assert_eq!(
        server
            .log_so_far()
            .iter()
            .filter(|line| line.contains("threads"))
            .count(),
        0
    );

    alone.limit("--nproc=4000:");
    server.wait_for_log(&["accepting connections again"]);
    let (mut newcomer, _) = Client::join(server, "b", "viewer");
    newcomer.say(r#"{"type":"CLOCK","t0":1}"#);
    newcomer.hear("CLOCK");
    company.plays_on();
}

/// More than a socket takes, for the viewer, who reads it later; what is said next takes the rest along.
fn assert_a_slow_member_hears_all(company: &mut Company) {
    const SIGNALS: usize = 5;
    let blob = "x".repeat(60_000);
    let signal = json!({"type": "SIGNAL", "to": company.viewer_id, "blob": blob}).to_string();
    for _ in 0..SIGNALS {
        company.host.say(&signal);
    }
    // An answer: all of them have been passed on.
    company.host.say("{}");
    company.host.hear("ERROR");
    let patience = |company: &Company, time| {
        let socket = company.viewer.0.get_ref();
        socket.set_read_timeout(Some(time)).expect("a timeout");
    };
    patience(company, Duration::from_millis(20));
    let mut heard = 0;
    while heard < SIGNALS {
        match company.viewer.next() {
            Ok(message) => heard += usize::from(message["type"] == "SIGNAL"),
            Err(_nothing_more) => drop(company.play()),
        }
    }
    patience(company, WATCHDOG);
    let last = company.play();
    while company.viewer.hear("STATE")["payload"]["offset_sec"] != last {}
}

#[test]
fn without_descriptors_nothing_is_lost_and_everything_works_again_when_there_are_some() {
    let folder = TempFolder::new();
    let state = folder.join("state");
    let server = TestServer::start(&["--state-dir", state.to_str().expect("text")]);
    let mut company = Company::join(&server, "a");
    let before = wav(1, 300_000);
    let mut kept = server.connect();
    assert_eq!(company.upload(&mut kept, &before).status, 201);
    let mut download = server.connect();
    assert_eq!(get(&mut download, "/healthz").status, 200);

    limit(&server, "--nofile=4:");
    let waiting = server.connect();
    server.wait_for_log(&["cannot accept connections"]);
    company.plays_on();
    server.wait_for_log(&["state: not kept", "open files"]);
    let path = format!("/tracks/{}", track_id(&before));
    let refused = get(&mut download, &path);
    assert_eq!(
        (refused.status, refused.text().contains("try again")),
        (503, true)
    );
    let late = wav(2, 100_000);
    let refused = company.upload(&mut kept, &late);
    assert_eq!(
        (refused.status, refused.text().contains("try again")),
        (503, true)
    );

    limit(&server, "--nofile=1000:");
    server.wait_for_log(&["state: kept again"]);
    company.plays_on();
    let mut again = server.connect();
    assert!(get(&mut again, &path).body == before);
    assert_eq!(company.upload(&mut again, &late).status, 201);
    assert!(
        get(&mut download, &path).body == before,
        "the old connection is as good"
    );
    drop(waiting);
    let room = state.join("rooms/a.json");
    until("the room is kept", || {
        fs::read_to_string(&room)
            .ok()?
            .contains(&track_id(&late))
            .then_some(())
    });
}

#[test]
fn without_address_space_newcomers_are_told_503_and_those_who_are_there_play_on() {
    let server = TestServer::start(&[]);
    let mut company = Company::join(&server, "a");
    let mut kept = server.connect();
    assert_eq!(get(&mut kept, "/healthz").status, 200);
    // A little more than it has: less than is kept free for those who are there.
    let bytes = Footprint::of(&server.pid()).address_space_kib * 1024 + (1 << 20);
    limit(&server, &format!("--as={bytes}:"));
    for _ in 0..50 {
        let answer = exchange(&server, HEALTH);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer:?}");
        company.plays_on();
    }
    server.wait_for_log(&["cannot take more connections"]);
    let song = wav(3, 200_000);
    assert_eq!(company.upload(&mut kept, &song).status, 201);
    let path = format!("/tracks/{}", track_id(&song));
    assert!(get(&mut kept, &path).body == song);
    limit(&server, "--as=unlimited:");
    server.wait_for_log(&["accepting connections again"]);
    Client::join(&server, "a", "viewer");
    company.plays_on();
}

/// A viewer of a room, or what was said instead.
fn try_to_join(server: &TestServer) -> Option<TcpStream> {
    let mut socket = server.connect();
    let upgrade = "GET /ws/a HTTP/1.1\r\nHost: jam\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    // Who is refused may be gone before this was said, or its answer was read.
    socket.write_all(upgrade.as_bytes()).ok()?;
    let mut answer = [0; 1024];
    let bytes = socket.read(&mut answer).ok()?;
    if !answer[..bytes].starts_with(b"HTTP/1.1 101 ") {
        let answer = String::from_utf8_lossy(&answer[..bytes]);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 503 "),
            "{answer}"
        );
        return None;
    }
    // Masked with zeros.
    let hello = br#"{"type":"HELLO","role":"viewer"}"#;
    let mut frame = vec![0x81, 0x80 | hello.len() as u8, 0, 0, 0, 0];
    frame.extend(hello);
    socket.write_all(&frame).expect("sent");
    let mut first = [0; 2];
    socket.read_exact(&mut first).expect("a STATE");
    Some(socket)
}

#[test]
fn a_server_with_little_memory_takes_as_many_as_it_can_and_serves_them() {
    const ROOM_FOR: u64 = 300 << 20;
    // Else the C library reserves 64 MiB for each of some threads, and how many of these there are is chance.
    let mut idle = jam(&["server", "--listen", "127.0.0.1:0"]);
    idle.env("MALLOC_ARENA_MAX", "2");
    let idle = Footprint::of(&TestServer::start_command(idle).pid()).address_space_kib * 1024;
    let mut command = Command::new("prlimit");
    let limited = jam(&["server", "--listen", "127.0.0.1:0"]);
    command.arg(format!("--as={}", idle + ROOM_FOR));
    command.arg(limited.get_program()).args(limited.get_args());
    command.env_remove("JAM_LOG").stdin(Stdio::null());
    command.env("MALLOC_ARENA_MAX", "2");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let server = TestServer::start_command(command);
    let mut company = Company::join(&server, "a");
    let mut kept = server.connect();
    for round in 0..3 {
        let all: Vec<Option<TcpStream>> = (0..500).map(|_| try_to_join(&server)).collect();
        let inside = all.iter().flatten().count();
        assert!((50..500).contains(&inside), "{inside} got in");
        company.plays_on();
        let song = wav(round, 1_000_000);
        assert_eq!(company.upload(&mut kept, &song).status, 201);
        let path = format!("/tracks/{}", track_id(&song));
        assert!(get(&mut kept, &path).body == song);
        drop(all);
        until("there is room again", || try_to_join(&server).map(drop));
    }
    company.plays_on();
}
