//! Tracks on their way into a server: heard before they are there, and whatever goes wrong meanwhile. And the server's
//! port, which swarm connections share with everything else.

use crate::common::disk::DiskServer;
use crate::common::http;
use crate::common::member;
use crate::common::running;
use crate::common::server as common;
use crate::common::temp;

use common::{TestServer, WATCHDOG};
use http::{get, read_response};
use jam::limits::ARRIVALS_MAX;
use member::{GatedSeed, Member};
use running::{track_id, until, wav};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;
use temp::TempFolder;

const ROOM: &str = "jam1";

/// 64 chunks of 16 KiB.
fn song(mark: u64) -> Vec<u8> {
    wav(mark, 1 << 20)
}

/// A connection that has asked for a track, or a part of it.
fn ask(server: &TestServer, id: &str, fields: &str) -> TcpStream {
    let mut socket = server.connect();
    let request = format!("GET /tracks/{id} HTTP/1.1\r\nHost: jam\r\n{fields}\r\n");
    socket.write_all(request.as_bytes()).expect("sent");
    socket
}

fn read_head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).expect("a response");
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("text")
}

/// Lets chunks out one by one until the thread has got what it waits for; how many had left by then.
fn feed_until<T>(seed: &GatedSeed, wanted: std::thread::JoinHandle<T>) -> (T, usize) {
    let deadline = Instant::now() + WATCHDOG;
    while !wanted.is_finished() {
        assert!(Instant::now() < deadline, "in vain: {:?}", seed.gate.left());
        let before = seed.gate.left().len();
        seed.gate.allow(1);
        until("a chunk leaves, or all have left", || {
            let left = seed.gate.left().len();
            (left > before || left >= seed.gate.chunks() || wanted.is_finished()).then_some(())
        });
        // Time for the chunk to get through, so that not more of them leave than are needed.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let left = seed.gate.left().len();
    (wanted.join().expect("no panic"), left)
}

fn is_here(entry: &Value) -> bool {
    entry["awaited"] != true
}

// ---- heard before it is there -----------------------------------------------------------------------

#[test]
fn an_offered_track_stands_in_the_queue_before_a_byte_of_it_has_come() {
    let server = TestServer::start(&[]);
    let bytes = song(1);
    let seed = GatedSeed::join(server.address, ROOM, "Ana", &bytes);
    seed.offer();
    let entry = seed.member.wait_for_entry(&seed.track_id, |_| true);
    assert_eq!(entry["awaited"], true);
    assert_eq!(entry["duration_sec"], Value::Null);
    assert_eq!(seed.gate.left(), [0; 0]);
    seed.gate.open();
    let entry = seed.member.wait_for_entry(&seed.track_id, is_here);
    assert!(entry["duration_sec"].as_f64().is_some(), "{entry}");
    assert_eq!(entry["added_by"], "Ana");
}

#[test]
fn whoever_asks_at_the_moment_at_which_the_queue_tells_of_a_track_gets_it() {
    let server = TestServer::start(&[]);
    for round in 0..20 {
        let bytes = wav(100 + round, 50_000);
        let seed = GatedSeed::join(server.address, ROOM, "Ana", &bytes);
        seed.gate.open();
        let mut socket = server.connect();
        seed.offer();
        let response = get(&mut socket, &format!("/tracks/{}", seed.track_id));
        assert!(response.body == bytes, "round {round}: {}", response.head);
    }
}

#[test]
fn the_beginning_is_sent_while_the_rest_still_comes() {
    let server = TestServer::start(&[]);
    let bytes = song(2);
    let seed = GatedSeed::join(server.address, ROOM, "Ana", &bytes);
    seed.offer();
    let mut socket = ask(&server, &seed.track_id, "");
    let mut beginning = socket.try_clone().expect("a socket");
    let first = std::thread::spawn(move || {
        let head = read_head(&mut beginning);
        let mut start = vec![0; 20_000];
        beginning.read_exact(&mut start).expect("the beginning");
        (head, start)
    });
    let ((head, start), left) = feed_until(&seed, first);
    assert!(
        head.starts_with("HTTP/1.1 200") && head.contains("audio/wav"),
        "{head}"
    );
    assert!(start == bytes[..20_000]);
    assert!(
        left < seed.gate.chunks() / 2,
        "only after {left} of {} chunks",
        seed.gate.chunks()
    );
    seed.gate.open();
    let mut rest = vec![0; bytes.len() - start.len()];
    socket.read_exact(&mut rest).expect("the rest");
    assert!(rest == bytes[20_000..]);
}

#[test]
fn whoever_jumps_to_the_end_gets_the_end_first() {
    let server = TestServer::start(&[]);
    let bytes = song(3);
    let seed = GatedSeed::join(server.address, ROOM, "Ana", &bytes);
    seed.offer();
    let mut socket = ask(&server, &seed.track_id, "Range: bytes=-1000\r\n");
    let end = std::thread::spawn(move || read_response(&mut socket));
    let (response, left) = feed_until(&seed, end);
    assert_eq!(response.status, 206);
    assert!(response.body == bytes[bytes.len() - 1000..]);
    assert!(left < seed.gate.chunks(), "only after all chunks");
    let last = u32::try_from(seed.gate.chunks() - 1).expect("few");
    let order = seed.gate.left();
    assert!(order.contains(&last), "{order:?}");
    // And another one who listens from the middle meanwhile.
    let mut socket = ask(&server, &seed.track_id, "Range: bytes=500000-\r\n");
    seed.gate.open();
    assert!(read_response(&mut socket).body == bytes[500_000..]);
    let whole = get(&mut server.connect(), &format!("/tracks/{}", seed.track_id));
    assert!(whole.body == bytes);
}

#[test]
fn listeners_who_go_away_harm_nobody() {
    let server = TestServer::start(&[]);
    let bytes = song(4);
    let seed = GatedSeed::join(server.address, ROOM, "Ana", &bytes);
    seed.offer();
    let leaving: Vec<TcpStream> = (0..8)
        .map(|at| {
            ask(
                &server,
                &seed.track_id,
                &format!("Range: bytes={}-\r\n", at * 100_000),
            )
        })
        .collect();
    let mut staying = ask(&server, &seed.track_id, "");
    until("some chunks leave", || {
        seed.gate.allow(1);
        (seed.gate.left().len() >= 4).then_some(())
    });
    drop(leaving);
    seed.gate.open();
    let response = read_response(&mut staying);
    assert!(response.body == bytes);
    seed.member.wait_for_entry(&seed.track_id, is_here);
}

#[test]
fn a_track_that_does_not_come_is_answered_in_words_and_one_that_stops_coming_ends() {
    let server = TestServer::start(&[]);
    let stops = GatedSeed::join(server.address, ROOM, "Ana", &song(5));
    stops.offer();
    // Announced, but nobody serves it.
    let nowhere = track_id(b"nowhere");
    let wants = json!(["QUEUE"]);
    let liar = Member::join(
        server.address,
        ROOM,
        json!({ "role": "viewer", "node": true, "wants": wants }),
    );
    liar.say(&json!({
        "type": "ANNOUNCE", "port": 0, "node_id": "00000000000000aa", "track_ids": [nowhere],
    }));
    let offer = json!({ "name": "nowhere.wav", "bytes": 1_000_000, "content_type": "audio/wav" });
    liar.say(&json!({ "type": "ADD", "track_id": nowhere, "offer": offer }));
    liar.wait_for_entry(&nowhere, |entry| entry["awaited"] == true);

    let mut never = ask(&server, &nowhere, "");
    let never = std::thread::spawn(move || read_response(&mut never));
    let mut half = ask(&server, &stops.track_id, "");
    let half = std::thread::spawn(move || {
        let head = read_head(&mut half);
        let mut body = Vec::new();
        let _reset = half.read_to_end(&mut body);
        (head, body)
    });
    until("some chunks leave", || {
        stops.gate.allow(1);
        (stops.gate.left().len() >= 10).then_some(())
    });
    let response = never.join().expect("no panic");
    assert_eq!(response.status, 503);
    assert!(
        response
            .text()
            .contains("nobody in the room sends this track yet"),
        "{}",
        response.text()
    );
    let (head, body) = half.join().expect("no panic");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(!body.is_empty() && body.len() < 1 << 20 && song(5).starts_with(&body));
    // Whoever tries again when it comes again gets it.
    stops.gate.open();
    let whole = get(
        &mut server.connect(),
        &format!("/tracks/{}", stops.track_id),
    );
    assert!(whole.body == song(5));
}

// ---- not wanted any more ----------------------------------------------------------------------------

fn remains(folder: &TempFolder) -> Vec<String> {
    let mut names = folder.names();
    names.retain(|name| name.starts_with("jam-incoming-"));
    names
}

#[test]
fn a_track_that_is_removed_while_it_comes_is_not_fetched_on_and_leaves_nothing() {
    let folder = TempFolder::new();
    let server = TestServer::start(&["--library", folder.path().to_str().expect("text")]);
    let bytes = song(6);
    let seed = GatedSeed::join(server.address, ROOM, "Ana", &bytes);
    seed.offer();
    until("some chunks leave", || {
        seed.gate.allow(1);
        (seed.gate.left().len() >= 4).then_some(())
    });
    assert_eq!(remains(&folder).len(), 1, "{:?}", folder.names());
    let host = Member::join(
        server.address,
        ROOM,
        json!({ "role": "host", "wants": ["QUEUE"] }),
    );
    host.say(&json!({ "type": "REMOVE", "track_id": seed.track_id }));
    host.wait_for("QUEUE", |queue| queue["tracks"] == json!([]));
    until("the fetch has ended", || {
        folder.names().is_empty().then_some(())
    });
    until("nothing is sent of it", || {
        let path = format!("/tracks/{}", seed.track_id);
        (get(&mut server.connect(), &path).status == 404).then_some(())
    });
    seed.gate.open();
    // Wanted again, it comes.
    host.forget();
    seed.member.forget();
    seed.offer();
    host.wait_for_entry(&seed.track_id, is_here);
    assert!(fs::read(folder.join(&seed.track_id)).expect("in the library") == bytes);
    assert_eq!(remains(&folder), [""; 0]);
}

#[test]
fn a_track_that_is_removed_and_wanted_again_at_once_comes_however_often() {
    let server = TestServer::start(&[]);
    let seed = GatedSeed::join(server.address, ROOM, "Ana", &song(7));
    let host = Member::join(
        server.address,
        ROOM,
        json!({ "role": "host", "wants": ["QUEUE"] }),
    );
    for round in 0..6 {
        seed.member.forget();
        host.forget();
        seed.offer();
        host.wait_for_entry(&seed.track_id, |_| true);
        // The server looks once a second whether it is still wanted: hit that moment from all sides.
        std::thread::sleep(std::time::Duration::from_millis(170 * round));
        host.say(&json!({ "type": "REMOVE", "track_id": seed.track_id }));
        host.wait_for("QUEUE", |queue| queue["tracks"] == json!([]));
        seed.member
            .wait_for("QUEUE", |queue| queue["tracks"] == json!([]));
    }
    seed.member.forget();
    seed.offer();
    seed.gate.open();
    seed.member.wait_for_entry(&seed.track_id, is_here);
}

/// Offers of tracks, as many as are fetched at a time and as many again, by nodes that went away; what they are.
fn offer_and_go(server: &TestServer) -> Vec<String> {
    let offer_one = |number| {
        let id = track_id(&[number as u8]);
        let hello = json!({ "role": "viewer", "node": true, "wants": ["QUEUE"] });
        let liar = Member::join(server.address, ROOM, hello);
        let node = format!("00000000000000a{number}");
        liar.say(&json!({ "type": "ANNOUNCE", "port": 0, "node_id": node, "track_ids": [id] }));
        let offer = json!({ "name": "gone.wav", "bytes": 1_000_000, "content_type": "audio/wav" });
        liar.say(&json!({ "type": "ADD", "track_id": id, "offer": offer }));
        liar.wait_for_entry(&id, |_| true);
        id
    };
    (0..2 * ARRIVALS_MAX).map(offer_one).collect()
}

#[test]
fn tracks_whose_nodes_went_away_do_not_keep_others_from_coming() {
    let server = TestServer::start(&[]);
    let gone = offer_and_go(&server);
    let seed = GatedSeed::join(server.address, ROOM, "Ana", &song(8));
    seed.gate.open();
    seed.offer();
    // A listener waits for its turn.
    let whole = get(&mut server.connect(), &format!("/tracks/{}", seed.track_id));
    assert!(whole.body == song(8), "{}", whole.head);
    let queue = seed.member.wait_for("QUEUE", |queue| {
        let tracks = queue["tracks"].as_array().expect("a list");
        tracks
            .iter()
            .any(|track| track["track_id"] == seed.track_id.as_str() && is_here(track))
    });
    let tracks = queue["tracks"].as_array().expect("a list");
    let awaited = tracks
        .iter()
        .filter(|track| track["awaited"] == true)
        .count();
    assert_eq!(awaited, gone.len());
}

#[test]
fn a_server_that_stops_while_a_track_comes_does_so_at_once_and_leaves_nothing() {
    let folder = TempFolder::new();
    let mut server = TestServer::start(&["--library", folder.path().to_str().expect("text")]);
    let seed = GatedSeed::join(server.address, ROOM, "Ana", &song(9));
    seed.offer();
    until("some chunks leave", || {
        seed.gate.allow(1);
        (seed.gate.left().len() >= 4).then_some(())
    });
    assert_eq!(remains(&folder).len(), 1, "{:?}", folder.names());
    let mut waiting = ask(&server, &seed.track_id, "Range: bytes=-1000\r\n");
    server.signal("TERM");
    assert!(server.wait().success());
    let mut nothing = Vec::new();
    let _reset = waiting.read_to_end(&mut nothing);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_server_that_stops_while_somebody_waits_for_the_turn_of_a_track_waits_for_nobody() {
    let mut server = TestServer::start(&[]);
    let gone = offer_and_go(&server);
    let _waiting: Vec<TcpStream> = gone.iter().map(|id| ask(&server, id, "")).collect();
    let mut looks = 0;
    until("all of them have asked", || {
        looks += 1;
        let metrics = get(&mut server.connect(), "/metrics").text();
        let (_, rest) = metrics.split_once("\njam_http_requests_total ")?;
        let requests: usize = rest.lines().next()?.parse().ok()?;
        // A member's upgrade for each of them as well.
        (requests == 2 * gone.len() + looks).then_some(())
    });
    server.signal("TERM");
    assert!(server.wait().success());
    let log = server.log_so_far();
    let is_late = |line: &String| line.contains("still busy");
    assert!(!log.iter().any(is_late), "{log:?}");
}

/// Somebody who looks at the queue.
fn watcher(server: &TestServer) -> Member {
    let hello = json!({ "role": "viewer", "display_name": "Eve", "wants": ["QUEUE"] });
    Member::join(server.address, ROOM, hello)
}

/// The track has left the queue, its seed alone hears why, and nobody gets its bytes; what the seed
/// hears.
fn assert_out_of_the_queue(
    server: &TestServer,
    seed: &GatedSeed,
    eve: &Member,
    why: &str,
) -> String {
    let error = seed.member.wait_for("ERROR", |_| true);
    assert_eq!(error["track_id"], seed.track_id.as_str(), "{error}");
    let said = error["message"].as_str().expect("text").to_owned();
    assert!(
        said.contains(".wav\" is out of the queue") && said.contains(why),
        "{said}"
    );
    until("it is gone", || {
        let path = format!("/api/rooms/{ROOM}");
        let room: Value = serde_json::from_str(&get(&mut server.connect(), &path).text()).ok()?;
        (room["tracks"] == json!([])).then_some(())
    });
    eve.wait_for_last("QUEUE", |queue| queue["tracks"] == json!([]));
    assert!(!eve.has_heard("ERROR"));
    until("nothing is sent of it", || {
        let path = format!("/tracks/{}", seed.track_id);
        (get(&mut server.connect(), &path).status == 404).then_some(())
    });
    said
}

// ---- other seeds than they said they were -----------------------------------------------------------

#[test]
fn a_track_goes_on_coming_from_whoever_has_it_when_its_seed_is_gone() {
    let server = TestServer::start(&[]);
    let first = GatedSeed::join(server.address, ROOM, "Ana", &song(10));
    first.offer();
    let eve = Member::join(
        server.address,
        ROOM,
        json!({ "role": "viewer", "wants": ["QUEUE"] }),
    );
    until("some chunks leave", || {
        first.gate.allow(1);
        (first.gate.left().len() >= 20).then_some(())
    });
    let id = first.track_id.clone();
    let mut listening = ask(&server, &id, "");
    drop(first);
    let second = GatedSeed::join(server.address, ROOM, "Ben", &song(10));
    second.gate.open();
    assert!(read_response(&mut listening).body == song(10));
    eve.wait_for_entry(&id, is_here);
    let again = second.gate.left().len();
    assert!(
        again < second.gate.chunks(),
        "all {again} chunks came a second time"
    );
}

#[test]
fn what_turns_out_to_be_larger_than_it_was_said_to_be_is_left_out() {
    let folder = TempFolder::new();
    let library = folder.path().to_str().expect("text");
    let server = TestServer::start(&["--library", library, "--max-upload", "64KiB"]);
    let seed = GatedSeed::join(server.address, ROOM, "Ana", &song(11));
    seed.gate.open();
    let eve = watcher(&server);
    seed.offer_as(1000);
    assert_out_of_the_queue(&server, &seed, &eve, "larger than the server takes");
    server.wait_for_log(&["not fetched", "larger than the server takes"]);
    assert_eq!(folder.names(), [""; 0]);
    assert_eq!(seed.gate.left(), [0; 0]);
}

#[test]
fn what_is_said_to_be_too_large_is_not_even_asked_for() {
    let server = TestServer::start(&["--max-library", "800KiB"]);
    let seed = GatedSeed::join(server.address, ROOM, "Ana", &song(13));
    let eve = watcher(&server);
    seed.offer();
    assert_out_of_the_queue(&server, &seed, &eve, "library is full");
    assert_eq!(seed.gate.left(), [0; 0]);
    // Another one, of which there is room, comes all the same.
    let small = GatedSeed::join(server.address, ROOM, "Ben", &wav(14, 100_000));
    small.gate.open();
    small.offer();
    eve.wait_for_entry(&small.track_id, is_here);
}

#[test]
fn what_the_disk_has_no_room_for_is_left_out_and_may_be_offered_again() {
    let disk = DiskServer::start("size=1m", "--library DISK");
    let (server, inside) = (&disk.server, &disk.inside);
    let names = || fs::read_dir(inside).expect("the library").count();
    let eve = watcher(server);
    let large = GatedSeed::join(server.address, ROOM, "Ana", &wav(15, 2 << 20));
    large.gate.open();
    for _ in 0..2 {
        large.member.forget();
        large.say_offer(2 << 20);
        let said = assert_out_of_the_queue(server, &large, &eve, "disk is full");
        assert!(!said.contains("os error"), "that is for the log: {said}");
        server.wait_for_log(&["\"Ana.wav\" is not fetched: writing", "No space left"]);
        until("nothing is left of it", || (names() == 0).then_some(()));
    }
    let small = GatedSeed::join(server.address, ROOM, "Ben", &wav(16, 500_000));
    small.gate.open();
    small.offer();
    eve.wait_for_entry(&small.track_id, is_here);
}

#[test]
fn what_turns_out_to_be_no_audio_is_thrown_away() {
    let folder = TempFolder::new();
    let server = TestServer::start(&["--library", folder.path().to_str().expect("text")]);
    let seed = GatedSeed::join(
        server.address,
        ROOM,
        "Ana",
        &b"bring a cable\n".repeat(4000),
    );
    seed.gate.open();
    let eve = watcher(&server);
    seed.offer();
    assert_out_of_the_queue(&server, &seed, &eve, "not audio");
    server.wait_for_log(&["Ana.wav", "not fetched", "audio"]);
    until("nothing is left of it", || {
        folder.names().is_empty().then_some(())
    });
    until("nothing is sent of it", || {
        let path = format!("/tracks/{}", seed.track_id);
        (get(&mut server.connect(), &path).status == 404).then_some(())
    });
}

#[test]
fn a_track_of_two_rooms_comes_from_the_room_whose_nodes_are_still_there() {
    let server = TestServer::start(&[]);
    let bytes = song(12);
    // Its chunks never leave, so that the fetch for this room stands still.
    let stuck = GatedSeed::join(server.address, ROOM, "Ana", &bytes);
    stuck.offer();
    server.wait_for_log(&["room jam1", "fetching"]);
    let other = GatedSeed::join(server.address, "other", "Ben", &bytes);
    other.gate.open();
    other.offer();
    other.member.wait_for_entry(&other.track_id, is_here);
    stuck.member.wait_for_entry(&stuck.track_id, is_here);
}

// ---- the server's port ------------------------------------------------------------------------------

fn count_in_proc(server: &TestServer, what: &str) -> usize {
    fs::read_dir(format!("/proc/{}/{what}", server.pid()))
        .expect("a process")
        .count()
}

#[test]
fn swarm_connections_of_all_kinds_leave_the_rest_of_the_port_alone() {
    let server = TestServer::start(&[]);
    let eve = Member::join(
        server.address,
        ROOM,
        json!({ "role": "viewer", "display_name": "Eve" }),
    );
    let alive = |word: &str| {
        let response = get(&mut server.connect(), "/metrics");
        assert_eq!(response.status, 200, "{word}");
        eve.forget();
        eve.say(&json!({ "type": "CLOCK", "t0": 1 }));
        eve.wait_for("CLOCK", |_| true);
    };
    alive("at first");
    let calm = |what| count_in_proc(&server, what);
    let before = (calm("fd"), calm("task"));
    let mut hello = vec![0, 0, 0, 80, 1];
    hello.extend_from_slice(b"jamswarm\x01\x00");
    hello.resize(84, 7);
    // What begins with a zero and is no frame, or no HELLO, or a HELLO about nothing.
    let garbage: [&[u8]; 7] = [
        &[0],
        &[0; 4],
        &[0; 4000],
        &[0, 0, 0, 5, 0xee, 1, 2, 3, 4],
        &[0, 0xff, 0xff, 0xff, 1],
        &[0, 0, 0, 1, 7, 0, 0, 0, 1, 7],
        &hello,
    ];
    for bytes in garbage {
        let mut socket = server.connect();
        socket.write_all(bytes).expect("sent");
        let _half = socket.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _reset = socket.read_to_end(&mut answer);
        let is_refusal = answer.is_empty() || answer[4] == 0x0f;
        assert!(is_refusal, "{bytes:?}: {answer:?}");
        alive("after garbage");
    }
    // Half a HELLO each.
    let half_open: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut socket = server.connect();
            socket.write_all(&hello[..40]).expect("sent");
            socket
        })
        .collect();
    alive("beside 200 that said half a HELLO");
    // And some that drip.
    let mut slow: Vec<TcpStream> = (0..20).map(|_| server.connect()).collect();
    let mut dripped = 0;
    let mut ended = 0;
    let began = Instant::now();
    while ended < slow.len() {
        assert!(began.elapsed() < WATCHDOG, "{ended} slow ones ended");
        let byte = [hello.get(dripped).copied().unwrap_or(0)];
        dripped += 1;
        ended = 0;
        for socket in &mut slow {
            ended += usize::from(socket.write_all(&byte).is_err());
        }
        alive("beside slow ones");
        std::thread::sleep(std::time::Duration::from_millis(250));
    }
    for mut socket in half_open {
        let mut answer = Vec::new();
        // Ended by the server, with a word or without.
        let _reset = socket.read_to_end(&mut answer);
    }
    drop(slow);
    until("descriptors and threads are as before", || {
        (calm("fd") <= before.0 && calm("task") <= before.1).then_some(())
    });
    alive("in the end");
}
