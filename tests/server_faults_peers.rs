//! Peers that vanish, stand still or come and go in thousands: each is noticed, none is anybody else's trouble, and
//! afterwards the server is as small as before.

use crate::common::company::Company;
use crate::common::footprint::Footprint;
use crate::common::http::{get, put_head};
use crate::common::lab::Lab;
use crate::common::node;
use crate::common::running::{track_id, until, wav};
use crate::common::server::{Client, TestServer, WATCHDOG, jam, run};
use crate::common::temp::TempFolder;

use jam::sys::descriptors;
use serde_json::Value;
use socket2::SockRef;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const LONG: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/testdata/tracks/prelude60.opus"
);
const SHORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tracks/prelude5.wav");

/// A client's frame, masked with zeros.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("short");
    assert!(length < 126);
    let mut bytes = vec![0x81, 0x80 | length, 0, 0, 0, 0];
    bytes.extend(text.as_bytes());
    bytes
}

fn upgrade(room: &str) -> Vec<u8> {
    format!(
        "GET /ws/{room} HTTP/1.1\r\nHost: jam\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes()
}

const HELLO: &str = r#"{"type":"HELLO","role":"viewer","display_name":"Eve"}"#;

/// Ends a connection as a machine does that lost its memory of it.
fn reset(socket: TcpStream) {
    let linger = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
    linger.expect("an option");
}

// ---- connections that are reset ------------------------------------------------------------------

#[test]
fn a_reset_at_any_byte_of_a_head_a_frame_an_upload_or_a_download_leaves_nothing_behind() {
    let library = TempFolder::new();
    let folder = library.path().to_str().expect("text");
    let server = TestServer::start(&["--library", folder]);
    let mut company = Company::join(&server, "a");
    let shared = wav(1, 3_000_000);
    let answer = company.upload(&mut server.connect(), &shared);
    assert_eq!(answer.status, 201);
    until("the connection of the upload is gone", || {
        (Footprint::of(&server.pid()).threads < 30).then_some(())
    });
    let before = Footprint::of(&server.pid());
    let names = library.names();

    let mut member = upgrade("a");
    let head_bytes = member.len();
    for message in [
        HELLO,
        r#"{"type":"CLOCK","t0":1}"#,
        r#"{"type":"REPORT","status":"playing"}"#,
    ] {
        member.extend(frame(message));
    }
    let song = wav(2, 100_000);
    let mut upload = put_head(&company.path(), song.len(), &company.fields()).into_bytes();
    let upload_head_bytes = upload.len();
    upload.extend(&song);
    let sent = |bytes: &[u8]| {
        let mut socket = server.connect();
        socket.write_all(bytes).expect("sent");
        socket
    };
    // Every byte of what a member says, and of the head of an upload.
    for end in 0..=member.len() {
        let mut socket = sent(&member[..end]);
        // Past the head the server has answered first, so that it reads the rest as frames.
        if end > head_bytes && end % 2 == 0 {
            socket.read_exact(&mut [0; 100]).expect("the upgrade");
        }
        reset(socket);
    }
    for end in (0..upload_head_bytes).chain((upload_head_bytes..upload.len()).step_by(9973)) {
        reset(sent(&upload[..end]));
    }
    company.plays_on();
    let request = format!(
        "GET /tracks/{} HTTP/1.1\r\nHost: jam\r\n\r\n",
        track_id(&shared)
    );
    for bytes in (0..100_000).step_by(2503) {
        let mut socket = sent(request.as_bytes());
        socket.read_exact(&mut vec![0; bytes]).expect("a beginning");
        reset(socket);
    }
    company.plays_on();
    before.back_to(&server.pid());
    until("nothing is left behind", || {
        (library.names() == names).then_some(())
    });
    company.plays_on();
    let metrics = get(&mut server.connect(), "/metrics").text();
    assert!(metrics.contains("\njam_members 2\n"), "{metrics}");
}

// ---- connections in thousands --------------------------------------------------------------------

/// How the next connection ends: without a byte, or after a HELLO that was answered.
fn come(server: &TestServer, number: usize) -> TcpStream {
    let mut socket = server.connect();
    if number % 2 == 1 {
        let mut all = upgrade("a");
        all.extend(frame(HELLO));
        socket.write_all(&all).expect("sent");
    }
    socket
}

#[test]
fn two_thousand_connections_that_were_opened_and_dropped_leave_the_server_as_it_was() {
    const CONNECTIONS: usize = 2000;
    descriptors::raise_limit().expect("as many as this process may have");
    // Else it is chance how much the C library keeps for each of its threads, and that grows for some rounds.
    let mut command = jam(&["server", "--listen", "127.0.0.1:0"]);
    command.env("MALLOC_ARENA_MAX", "2");
    let server = TestServer::start_command(command);
    let mut company = Company::join(&server, "a");
    let before = Footprint::of(&server.pid());
    let mut rounds = Vec::new();
    for _ in 0..3 {
        let sockets: Vec<TcpStream> = (0..CONNECTIONS)
            .map(|number| come(&server, number))
            .collect();
        until("all are in", || {
            let now = Footprint::of(&server.pid()).descriptors;
            (now >= before.descriptors + CONNECTIONS as u64).then_some(())
        });
        company.plays_on();
        for (number, socket) in sockets.into_iter().enumerate() {
            match number % 4 {
                0 | 1 => reset(socket),
                _ => drop(socket),
            }
        }
        company.plays_on();
        rounds.push(before.back_to(&server.pid()));
    }
    let [first, .., last] = rounds[..] else {
        unreachable!()
    };
    println!("{before:?}, after each {CONNECTIONS}: {rounds:?}");
    // What the C library keeps varies by megabytes; 4 KiB of each connection would be more.
    let margin_kib = 4 * 2 * CONNECTIONS as u64;
    let most_kib = first.resident_kib + margin_kib;
    assert!(last.resident_kib < most_kib, "{rounds:?}");
    company.plays_on();
}

// ---- a member that stands still ------------------------------------------------------------------

fn is_in_sync(line: &str) -> bool {
    let Ok(status) = serde_json::from_str::<Value>(line) else {
        return false;
    };
    let error_ms = status["error_ms"].as_f64();
    status["status"] == "playing" && error_ms.is_some_and(|ms| ms.abs() < 50.0)
}

/// A loudspeaker, as a program of its own.
fn listen(server: &TestServer) -> node::Running {
    let room = format!("ws://{}/ws/jam1", server.address);
    node::Running::jam(&[
        "listen", &room, "--json", "--device", "null", "--name", "Box",
    ])
}

/// Meanwhile these say something now and then: who is silent for 20 s is gone.
fn wait_until_in_sync(listener: &node::Running, others: &mut [&mut Client]) {
    let before = listener.stdout.so_far().len();
    let mut spoke = Instant::now();
    let look = || {
        if spoke.elapsed() > Duration::from_secs(2) {
            spoke = Instant::now();
            for other in &mut *others {
                other.say(r#"{"type":"CLOCK","t0":1}"#);
            }
        }
        listener.stdout.so_far()[before..].lines().any(is_in_sync)
    };
    node::wait_until("it plays in time", look, || listener.stderr.so_far());
}

fn host_of_music(server: &TestServer) -> (Client, Vec<String>) {
    let mut host = Client::connect(server, "jam1");
    host.say(r#"{"type":"HELLO","role":"host","wants":["QUEUE","MEMBERS"]}"#);
    let queue = host.hear_next("QUEUE");
    let tracks = queue["tracks"].as_array().expect("a list").iter();
    let ids = tracks.map(|track| track["track_id"].as_str().expect("text").to_owned());
    (host, ids.collect())
}

fn wait_for_members(host: &mut Client, count: usize) {
    while host.hear_next("MEMBERS")["total"] != count {}
}

/// The next STATE that says PLAY: while a start waits for a listener it says PAUSE.
fn hear_play(member: &mut Client) -> Value {
    loop {
        let state = member.hear_next("STATE")["payload"].clone();
        if state["status"] == "PLAY" {
            return state;
        }
    }
}

#[test]
fn a_listener_that_stands_still_for_longer_than_the_silence_is_gone_and_comes_back_in_time() {
    let server = TestServer::start(&["--share", LONG]);
    let (mut host, ids) = host_of_music(&server);
    let (mut viewer, _) = Client::join(&server, "jam1", "viewer");
    wait_for_members(&mut host, 2);
    let listener = listen(&server);
    wait_for_members(&mut host, 3);
    let mut round = 0;
    let mut play = |host: &mut Client, viewer: &mut Client| {
        round = (round + 1) % 40;
        let id = &ids[0];
        host.say(&format!(
            r#"{{"type":"PLAY","track_id":"{id}","offset_sec":{round}}}"#
        ));
        // Beside what nodes tell of themselves.
        assert_eq!(hear_play(viewer)["offset_sec"], round);
    };
    play(&mut host, &mut viewer);
    wait_until_in_sync(&listener, &mut [&mut host, &mut viewer]);
    let pid = listener.pid().to_string();
    run("kill", &["-STOP", &pid]);
    // The room is busy all the while, and everybody else hears all of it.
    host.0.get_mut().set_nonblocking(true).expect("no waiting");
    let mut is_gone = false;
    let began = Instant::now();
    while !is_gone {
        assert!(began.elapsed() < WATCHDOG, "it is never gone");
        play(&mut host, &mut viewer);
        std::thread::sleep(Duration::from_millis(100));
        while let Ok(message) = host.next() {
            is_gone |= message["type"] == "MEMBERS" && message["total"] == 2;
        }
    }
    host.0.get_mut().set_nonblocking(false).expect("waiting");
    run("kill", &["-CONT", &pid]);
    wait_for_members(&mut host, 3);
    play(&mut host, &mut viewer);
    wait_until_in_sync(&listener, &mut [&mut host, &mut viewer]);
}

#[test]
fn a_server_that_stood_still_goes_on_where_everybody_is_and_nobody_is_lost() {
    let server = TestServer::start(&["--share", SHORT, LONG]);
    let (mut host, ids) = host_of_music(&server);
    let (mut viewer, _) = Client::join(&server, "jam1", "viewer");
    wait_for_members(&mut host, 2);
    let listener = listen(&server);
    wait_for_members(&mut host, 3);
    // The first track ends while nobody is there to say so.
    let id = &ids[0];
    host.say(&format!(
        r#"{{"type":"PLAY","track_id":"{id}","offset_sec":0}}"#
    ));
    let first = hear_play(&mut viewer);
    server.signal("STOP");
    let stood_still = Duration::from_secs(7);
    std::thread::sleep(stood_still);
    viewer.say(r#"{"type":"CLOCK","t0":7}"#);
    server.signal("CONT");
    let mut state = None;
    while state.is_none() {
        match viewer.next().expect("still a member") {
            message if message["type"] == "STATE" => state = Some(message["payload"].clone()),
            message => assert!(
                ["CLOCK", "PEERS"]
                    .iter()
                    .any(|&kind| message["type"] == kind)
            ),
        }
    }
    let next = state.expect("one");
    let ended = first["timestamp"].as_f64().expect("a time") + 5.0;
    assert_eq!(next["track_id"], ids[1].as_str());
    // Nobody could begin it at that moment; now they do, together and with its first note.
    assert!(next["timestamp"].as_f64() > Some(ended), "{first} {next}");
    assert_eq!(next["offset_sec"].as_f64(), Some(0.0), "{next}");
    wait_until_in_sync(&listener, &mut [&mut host, &mut viewer]);
    let members = get(&mut server.connect(), "/api/rooms/jam1").json();
    assert_eq!(members["total"], 3, "{members}");
}

// ---- half-open connections -----------------------------------------------------------------------

fn join_through(door: SocketAddr, room: &str, hello: &str) -> Client {
    let socket = TcpStream::connect(door).expect("the door is open");
    socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
    let (socket, _) =
        tungstenite::client(format!("ws://{door}/ws/{room}"), socket).expect("an upgrade");
    let mut client = Client(socket);
    client.say(hello);
    client.hear("STATE");
    client
}

#[test]
fn peers_behind_a_network_that_swallows_everything_are_found_and_the_seat_is_free() {
    let folder = TempFolder::new();
    // Larger than all buffers on the way.
    let shared = wav(1, 30 << 20);
    let file = folder.write("shared.wav", &shared);
    let lab = Lab::new(&[("server", "10.9.0.1"), ("a", "10.9.0.2"), ("b", "10.9.0.3")]);
    let mut arguments = vec![
        "server",
        "--listen",
        "10.9.0.1:8000",
        "--room",
        "b",
        "--share",
    ];
    arguments.push(file.to_str().expect("text"));
    let server = node::Running::start(lab.jam("server", &arguments));
    let look = || server.stdout.so_far().contains("jam is listening");
    node::wait_until("the server listens", look, || server.stderr.so_far());
    let pid = server.pid().to_string();
    let (lost, safe) = (
        lab.door("a", "10.9.0.1:8000"),
        lab.door("b", "10.9.0.1:8000"),
    );
    let watcher = r#"{"type":"HELLO","role":"viewer","wants":["MEMBERS","RIGHTS"]}"#;
    let mut viewer = join_through(safe, "a", watcher);
    viewer.hear_next("MEMBERS");
    let before = Footprint::of(&pid);

    let mut host = join_through(lost, "a", r#"{"type":"HELLO","role":"host"}"#);
    while viewer.hear_next("MEMBERS")["total"] != 2 {}
    // A download, and an upload into another room, that are under way.
    let mut download = TcpStream::connect(lost).expect("the door is open");
    let request = format!(
        "GET /tracks/{} HTTP/1.1\r\nHost: jam\r\n\r\n",
        track_id(&shared)
    );
    download.write_all(request.as_bytes()).expect("sent");
    download.read_exact(&mut [0; 1000]).expect("a beginning");
    let mut uploader = join_through(
        lost,
        "c",
        r#"{"type":"HELLO","role":"host","wants":["WELCOME"]}"#,
    );
    let key = uploader.hear_next("WELCOME")["upload_key"].clone();
    let fields = format!(
        "Authorization: Bearer {}\r\nExpect: 100-continue\r\n",
        key.as_str().expect("text")
    );
    let mut upload = TcpStream::connect(lost).expect("the door is open");
    let head = put_head("/tracks?name=song.wav&room=c", 1_000_000, &fields);
    upload.write_all(head.as_bytes()).expect("sent");
    upload
        .read_exact(&mut [0; 12])
        .expect("it is told to go on");

    host.say(r#"{"type":"PLAY","track_id":null,"offset_sec":1}"#);
    viewer.hear_next("STATE");
    lab.part(&["a"]);
    let began = Instant::now();
    while viewer.hear_next("MEMBERS")["total"] != 1 {}
    // Twice the silence, and what a busy machine adds: said, and not asserted.
    let found_after = began.elapsed();
    viewer.say(r#"{"type":"TAKE_SEAT"}"#);
    while viewer.hear_next("RIGHTS")["host"].is_null() {}
    viewer.say(r#"{"type":"PLAY","track_id":null,"offset_sec":2}"#);
    assert_eq!(viewer.hear_next("STATE")["payload"]["offset_sec"], 2);
    before.back_to(&pid);
    println!(
        "found after {found_after:?}, all gone after {:?}",
        began.elapsed()
    );
}
