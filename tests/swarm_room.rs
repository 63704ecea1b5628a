//! `jam seed` and `jam fetch` in rooms of a real server: what stands in the queue, who may put it there, and who gets it.

use crate::common::http;
use crate::common::member;
use crate::common::relay;
use crate::common::running;
use crate::common::server as common;
use crate::common::temp;

use common::{TRACK, TestServer, jam};
use http::get;
use jam::swarm::frame::{self, Frame, Hello, NodeId, RefusalCode, Role};
use jam::swarm::handshake::Identity;
use jam::swarm::key::{Nonce, Proof, SwarmKey};
use jam::swarm::lister;
use jam::swarm::store::file_name::part_name;
use jam::swarm::wire::{Wire, WireError};
use jam::track::id::TrackId;
use member::{GatedSeed, Member, key_of};
use relay::Relay;
use running::{Running, track_id, until, wav};
use serde_json::{Value, json};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use temp::TempFolder;

const ROOM: &str = "jam1";

fn room_of(server: &TestServer) -> String {
    format!("ws://{}/ws/{ROOM}", server.address)
}

fn path(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// `jam seed` of a file in the room; it serves when this returns.
fn seed(server: &TestServer, file: &Path, more: &[&str]) -> Running {
    let mut command = jam(&[
        "seed",
        path(file),
        "--room",
        &room_of(server),
        "--listen-port",
        "0",
    ]);
    command.args(more);
    let seed = Running::start(command);
    seed.wait_for_stdout(&["Ctrl-C stops it"]);
    seed
}

/// `jam fetch --json` into a folder.
fn fetch(folder: &TempFolder, arguments: &[&str]) -> Running {
    let mut command = jam(&[
        "fetch",
        "--json",
        "--listen-port",
        "0",
        "--output",
        path(folder.path()),
    ]);
    command.args(arguments);
    Running::start(command)
}

/// The port of a seed, from what it says to type.
fn port_of(seed: &Running) -> u16 {
    let line = seed.wait_for_stdout(&["--connect "]);
    let (_, address) = line.split_once("--connect ").expect("an address");
    let (_, port) = address.trim_matches('\'').rsplit_once(':').expect("a port");
    port.parse().expect("a number")
}

fn listener(server: &TestServer) -> Member {
    let hello = json!({ "role": "viewer", "display_name": "Eve", "wants": ["QUEUE", "WELCOME", "SWARM_KEY"] });
    Member::join(server.address, ROOM, hello)
}

fn is_here(entry: &Value) -> bool {
    entry["awaited"] != true && entry["duration_sec"].as_f64().is_some()
}

// ---- into the queue ---------------------------------------------------------------------------------

#[test]
fn what_a_seed_brings_stands_in_the_queue_and_is_soon_played_by_browsers() {
    let server = TestServer::start(&[]);
    let eve = listener(&server);
    let _seed = seed(&server, Path::new(TRACK), &["--name", "Ana"]);
    let bytes = fs::read(TRACK).expect("the track");
    let id = track_id(&bytes);
    let entry = eve.wait_for_entry(&id, |_| true);
    assert_eq!(
        (&entry["name"], &entry["bytes"], &entry["added_by"]),
        (&json!("prelude5.wav"), &json!(bytes.len()), &json!("Ana"))
    );
    let entry = eve.wait_for_entry(&id, is_here);
    assert_eq!(entry["duration_sec"], 5.0);
    assert_eq!(
        (&entry["content_type"], &entry["added_by"]),
        (&json!("audio/wav"), &json!("Ana"))
    );
    let response = get(&mut server.connect(), &format!("/tracks/{id}"));
    assert_eq!(response.status, 200);
    assert!(response.body == bytes, "other bytes came");
}

#[test]
fn a_browser_that_asks_at_once_gets_the_bytes_as_they_come() {
    let server = TestServer::start(&[]);
    let eve = listener(&server);
    let folder = TempFolder::new();
    let bytes = wav(1, 3 << 20);
    let id = track_id(&bytes);
    let _seed = seed(&server, &folder.write("long.wav", &bytes), &[]);
    eve.wait_for_entry(&id, |_| true);
    let response = until("the track is being fetched", || {
        let response = get(&mut server.connect(), &format!("/tracks/{id}"));
        (response.status == 200).then_some(response)
    });
    assert!(response.body == bytes, "other bytes came");
    assert_eq!(response.field("Content-Type"), Some("audio/wav"));
}

#[test]
fn what_is_no_audio_is_for_fetch_alone() {
    let server = TestServer::start(&[]);
    let eve = listener(&server);
    let (folder, fetched) = (TempFolder::new(), TempFolder::new());
    let notes = b"bring a cable\n".repeat(4000);
    let seed = seed(&server, &folder.write("notes.txt", &notes), &[]);
    seed.wait_for_stderr(&["notes.txt is no audio"]);
    let id = track_id(&notes);
    fetch(&fetched, &[&id, "--room", &room_of(&server)]).wait_for_success();
    assert!(fs::read(fetched.join("notes.txt")).expect("fetched") == notes);
    // What the seed said is in this order, so that the queue would have it by now.
    assert_eq!(eve.wait_for("QUEUE", |_| true)["tracks"], json!([]));
}

#[test]
fn a_track_that_the_server_has_no_room_for_is_left_out_with_a_word_in_the_log() {
    let folder = TempFolder::new();
    let song = folder.write("song.wav", &wav(2, 100_000));
    let small = folder.write("small.wav", &wav(2, 10_000));
    for (option, expected) in [
        ("--max-upload", "larger than the server takes"),
        ("--max-library", "library is full"),
    ] {
        let server = TestServer::start(&[option, "64KiB"]);
        let eve = listener(&server);
        let fetched = TempFolder::new();
        let seed = seed(&server, &song, &[path(&small)]);
        server.wait_for_log(&["song.wav", "not fetched", expected, option]);
        seed.wait_for_stderr(&[
            "\"song.wav\" is out of the queue",
            expected,
            "it is served all the same",
        ]);
        eve.wait_for_last("QUEUE", |queue| {
            let tracks = queue["tracks"].as_array().expect("a list");
            tracks.len() == 1 && tracks[0]["name"] == "small.wav" && is_here(&tracks[0])
        });
        assert_eq!(seed.stderr().len(), 1, "{:?}", seed.stderr());
        let id = track_id(&fs::read(&song).expect("the song"));
        fetch(&fetched, &[&id, "--room", &room_of(&server)]).wait_for_success();
        assert_eq!(fetched.names(), ["song.wav"]);
        let response = get(&mut server.connect(), &format!("/tracks/{id}"));
        assert_eq!(response.status, 404, "{}", response.text());
    }
}

#[test]
fn two_rooms_that_await_the_same_track_both_get_it() {
    let server = TestServer::start(&[]);
    let eve = listener(&server);
    let hello = json!({ "role": "viewer", "wants": ["QUEUE"] });
    let adam = Member::join(server.address, "other", hello);
    let folder = TempFolder::new();
    let bytes = wav(3, 2 << 20);
    let id = track_id(&bytes);
    let file = folder.write("same.wav", &bytes);
    let other = format!("ws://{}/ws/other", server.address);
    let _there = Running::start(jam(&[
        "seed",
        path(&file),
        "--room",
        &other,
        "--listen-port",
        "0",
    ]));
    let _here = seed(&server, &file, &[]);
    eve.wait_for_entry(&id, is_here);
    adam.wait_for_entry(&id, is_here);
}

#[test]
fn a_seed_brings_more_tracks_than_an_announcement_names() {
    let server = TestServer::start(&[]);
    let eve = listener(&server);
    let folder = TempFolder::new();
    let songs: Vec<Vec<u8>> = (0..100).map(|mark| wav(1000 + mark, 2000)).collect();
    let files = songs.iter().enumerate();
    let files: Vec<_> = files
        .map(|(at, song)| folder.write(&format!("{at:03}.wav"), song))
        .collect();
    let others: Vec<&str> = files[1..].iter().map(|file| path(file)).collect();
    let seed = seed(&server, &files[0], &others);
    eve.wait_for("QUEUE", |queue| {
        queue["tracks"]
            .as_array()
            .is_some_and(|tracks| tracks.len() == 100)
    });
    for song in &songs {
        eve.wait_for_entry(&track_id(song), is_here);
    }
    assert_eq!(seed.stderr(), [""; 0]);
}

#[test]
fn a_fetch_finds_what_a_seed_has_no_room_to_announce() {
    let server = TestServer::start(&[]);
    let folder = TempFolder::new();
    // Not audio, so that the server has none of it.
    let notes: Vec<Vec<u8>> = (0..100).map(|number| vec![b'a'; 100 + number]).collect();
    let files = notes.iter().enumerate();
    let files: Vec<_> = files
        .map(|(at, text)| folder.write(&format!("{at:03}.txt"), text))
        .collect();
    let others: Vec<&str> = files[1..].iter().map(|file| path(file)).collect();
    let _seed = seed(&server, &files[0], &others);
    for number in [0, 70, 99] {
        let fetched = TempFolder::new();
        fetch(
            &fetched,
            &[&track_id(&notes[number]), "--room", &room_of(&server)],
        )
        .wait_for_success();
        assert_eq!(fetched.names(), [format!("{number:03}.txt")]);
    }
}

// ---- who may ----------------------------------------------------------------------------------------

#[test]
fn on_the_hosts_own_machine_a_seed_adds_to_the_hosts_queue() {
    let server = TestServer::start(&[]);
    let host = Member::join(
        server.address,
        ROOM,
        json!({ "role": "host", "wants": ["QUEUE"] }),
    );
    let _seed = seed(&server, Path::new(TRACK), &[]);
    host.wait_for_entry(&track_id(&fs::read(TRACK).expect("the track")), is_here);
}

#[test]
fn a_seed_takes_the_hosts_seat_when_it_is_told_to() {
    let server = TestServer::start(&[]);
    let eve = Member::join(
        server.address,
        ROOM,
        json!({ "role": "viewer", "wants": ["QUEUE", "MEMBERS"] }),
    );
    let _seed = seed(&server, Path::new(TRACK), &["--host", "--name", "Ana"]);
    eve.wait_for("MEMBERS", |members| {
        let mut all = members["members"].as_array().expect("a list").iter();
        all.any(|member| member["role"] == "host" && member["name"] == "Ana")
    });
    eve.wait_for_entry(&track_id(&fs::read(TRACK).expect("the track")), is_here);
}

// ---- fetching from a room ---------------------------------------------------------------------------

#[test]
fn a_fetch_from_a_room_gets_what_plays_and_then_what_comes_next() {
    let server = TestServer::start(&[]);
    let host = Member::join(
        server.address,
        ROOM,
        json!({ "role": "host", "wants": ["QUEUE"] }),
    );
    let (folder, fetched) = (TempFolder::new(), TempFolder::new());
    let songs: Vec<Vec<u8>> = (10..13).map(|mark| wav(mark, 200_000)).collect();
    let ids: Vec<String> = songs.iter().map(|song| track_id(song)).collect();
    let names = ["a.wav", "b.wav", "c.wav"];
    let files: Vec<_> = names
        .iter()
        .zip(&songs)
        .map(|(name, song)| folder.write(name, song))
        .collect();
    let (first, others) = files.split_first().expect("three");
    let others: Vec<&str> = others.iter().map(|file| path(file)).collect();
    let _seed = seed(&server, first, &others);
    for id in &ids {
        host.wait_for_entry(id, |_| true);
    }
    host.say(&json!({ "type": "PAUSE", "track_id": ids[1], "offset_sec": 0, "timestamp": 0 }));
    host.wait_for("STATE", |state| {
        state["payload"]["track_id"] == ids[1].as_str()
    });
    let mut fetch = fetch(&fetched, &["--room", &room_of(&server)]);
    let done = fetch.wait_for_done(3);
    let order: Vec<&str> = done
        .iter()
        .map(|done| done["path"].as_str().expect("a path"))
        .collect();
    let expected = ["b.wav", "c.wav", "a.wav"].map(|name| path(&fetched.join(name)).to_owned());
    assert_eq!(order, expected);
    fetch.wait_for_success();
    for (name, song) in names.iter().zip(&songs) {
        assert!(
            fs::read(fetched.join(name)).expect("fetched") == *song,
            "{name} differs"
        );
    }
}

#[test]
fn a_fetch_from_a_room_without_music_waits_for_some_and_says_so() {
    let server = TestServer::start(&[]);
    let fetched = TempFolder::new();
    let mut fetch = fetch(&fetched, &["--room", &room_of(&server)]);
    fetch.wait_for_event("word that the room is empty", |event| {
        let message = event["message"].as_str()?;
        (event["event"] == "waiting" && message.contains("has nothing in its queue yet"))
            .then_some(())
    });
    let _seed = seed(&server, Path::new(TRACK), &[]);
    fetch.wait_for_success();
    assert_eq!(fetched.names(), ["prelude5.wav"]);
}

/// Stands in the queue, and nobody has it.
fn offer_of_nobody(server: &TestServer, name: &str) -> (Member, String) {
    let id = track_id(name.as_bytes());
    let hello = json!({ "role": "viewer", "node": true, "wants": ["QUEUE"] });
    let liar = Member::join(server.address, ROOM, hello);
    liar.say(&json!({
        "type": "ANNOUNCE", "port": 0, "node_id": "00000000000000aa", "track_ids": [id],
    }));
    let offer = json!({ "name": name, "bytes": 1_000_000, "content_type": "audio/wav" });
    liar.say(&json!({ "type": "ADD", "track_id": id, "offer": offer }));
    liar.wait_for_entry(&id, |_| true);
    (liar, id)
}

#[test]
fn a_fetch_from_a_room_goes_on_without_what_cannot_be_had_and_says_what_that_is() {
    let server = TestServer::start(&[]);
    let (folder, fetched) = (TempFolder::new(), TempFolder::new());
    // The first is nobody's, and of the second something has the place.
    let (_liar, gone) = offer_of_nobody(&server, "gone.wav");
    let songs: Vec<Vec<u8>> = (30..33).map(|mark| wav(mark, 200_000)).collect();
    let names = ["a.wav", "b.wav", "c.wav"];
    let files: Vec<_> = names
        .iter()
        .zip(&songs)
        .map(|(name, song)| folder.write(name, song))
        .collect();
    let blocked = TrackId::parse(&track_id(&songs[0])).expect("an id");
    fs::create_dir(fetched.join(&part_name("a.wav", blocked))).expect("a folder");
    let eve = listener(&server);
    let _seed = seed(&server, &files[0], &[path(&files[1]), path(&files[2])]);
    for song in &songs {
        eve.wait_for_entry(&track_id(song), |_| true);
    }
    let mut fetch = fetch(&fetched, &["--room", &room_of(&server)]);
    let done = fetch.wait_for_done(2);
    let paths: Vec<&str> = done
        .iter()
        .filter_map(|done| done["path"].as_str())
        .collect();
    assert_eq!(
        paths,
        [path(&fetched.join("b.wav")), path(&fetched.join("c.wav"))]
    );
    let failed = |id: &str| {
        fetch.wait_for_event("word of a failure", |event| {
            let is_meant = event["event"] == "failed" && event["track_id"] == id;
            is_meant.then(|| (event["name"].clone(), event["message"].to_string()))
        })
    };
    let (name, why) = failed(&blocked.to_string());
    assert!(
        name == "a.wav" && why.contains("move it away"),
        "{name}: {why}"
    );
    let (name, why) = failed(&gone);
    assert!(
        name == "gone.wav" && why.contains("nobody in room jam1 had it"),
        "{name}: {why}"
    );
    assert_eq!(fetch.wait().code(), Some(1));
    let line = fetch.wait_for_stderr(&["jam: 2 of 4 tracks are missing", "a.wav: ", "gone.wav: "]);
    assert!(line.contains("run the same command again"), "{line}");
    let last = fetch.stdout().pop().expect("a line");
    assert!(
        last.starts_with(r#"{"event":"error""#) && last.contains("2 of 4"),
        "{last}"
    );
    for (name, song) in names.iter().zip(&songs).skip(1) {
        assert!(fs::read(fetched.join(name)).expect("fetched") == *song);
    }
}

#[test]
fn a_track_whose_seed_pauses_makes_way_for_the_others_and_comes_all_the_same() {
    let server = TestServer::start(&[]);
    let slow = GatedSeed::join(server.address, ROOM, "Ana", &wav(33, 1 << 20));
    let quick = GatedSeed::join(server.address, ROOM, "Ben", &wav(34, 1 << 20));
    slow.offer();
    quick.offer();
    quick.gate.open();
    let fetched = TempFolder::new();
    let mut fetch = fetch(&fetched, &["--room", &room_of(&server)]);
    slow.gate.allow(6);
    until("some of it comes", || {
        (slow.gate.left().len() == 6).then_some(())
    });
    let done = fetch.wait_for_done(1);
    assert_eq!(done[0]["path"], path(&fetched.join("Ben.wav")));
    slow.gate.open();
    fetch.wait_for_success();
    assert_eq!(fetched.names(), ["Ana.wav", "Ben.wav"]);
}

// ---- the room's key ---------------------------------------------------------------------------------

#[test]
fn outside_of_the_room_a_fetch_is_told_that_it_lacks_the_key() {
    let server = TestServer::start(&[]);
    let seed = seed(&server, Path::new(TRACK), &[]);
    let id = track_id(&fs::read(TRACK).expect("the track"));
    let at = format!("127.0.0.1:{}", port_of(&seed));
    let fetched = TempFolder::new();
    for arguments in [
        &[&*id, "--connect", &at][..],
        &["--connect", &at],
        &[&id, "--connect", &at, "--key", "x"],
    ] {
        let fetch = fetch(&fetched, arguments);
        let said = fetch.wait_for_event("word of the key", |event| {
            let message = event["message"].as_str()?;
            message
                .contains("needs another key")
                .then(|| message.to_owned())
        });
        assert!(said.contains(&at) && said.contains("--room"), "{said}");
        fetch.signal("INT");
    }
    assert_eq!(fetched.names(), [""; 0]);
    // With the room everything is as it was.
    fetch(&fetched, &[&id, "--room", &room_of(&server)]).wait_for_success();
}

/// What a node hears that knows which key is meant, but not the key: nothing that it could use.
fn knock(address: SocketAddr, track: TrackId, key: &SwarmKey) -> WireError {
    let socket = Arc::new(TcpStream::connect(address).expect("a connection"));
    let mut wire = Wire::new(socket, address, &[]).expect("a socket");
    let hello = Frame::Hello(Hello {
        role: Role::Ask,
        track,
        key_id: key.id(),
        nonce: Nonce([7; 16]),
        node: NodeId([9; 8]),
        chunk_size: None,
        chunk_count: None,
    });
    wire.write_frame(&hello).expect("sent");
    match wire.read_frame(1024).expect("a WELCOME") {
        Frame::Welcome(_) => {}
        other => panic!("{other:?}"),
    }
    let mut bytes = Vec::new();
    frame::encode(&Frame::Proof(Proof([1; 32])), &mut bytes);
    frame::encode(&Frame::GetManifest(0), &mut bytes);
    wire.write(&bytes).expect("sent");
    match wire.read_frame(1 << 17) {
        Ok(frame) => panic!("it got {frame:?}"),
        Err(error) => error,
    }
}

#[test]
fn without_the_rooms_key_neither_a_seed_nor_the_server_gives_anything() {
    let server = TestServer::start(&[]);
    let eve = listener(&server);
    let seed = seed(&server, Path::new(TRACK), &[]);
    let id = track_id(&fs::read(TRACK).expect("the track"));
    eve.wait_for_entry(&id, is_here);
    let key = SwarmKey(key_of(&eve.wait_for("WELCOME", |_| true)));
    let track = TrackId::parse(&id).expect("an id");
    let identity = Identity {
        node: NodeId([9; 8]),
        listen_port: 0,
    };
    let seed_address = SocketAddr::from((Ipv4Addr::LOCALHOST, port_of(&seed)));
    for address in [seed_address, server.address] {
        match knock(address, track, &key) {
            WireError::Refused(refusal) => assert_eq!(refusal.code, RefusalCode::WrongKey),
            other => panic!("{address}: {other}"),
        }
        for wrong in [SwarmKey::OPEN, SwarmKey::of_text("guess")] {
            let listed = lister::list(address, identity, wrong);
            assert!(
                matches!(listed, Err(WireError::Refused(_))),
                "{address}: {listed:?}"
            );
        }
    }
    let listed = lister::list(seed_address, identity, key).expect("the seed's tracks");
    assert_eq!(listed.len(), 1);
}

// ---- a seed that comes back -------------------------------------------------------------------------

#[test]
fn what_was_taken_out_of_the_queue_stays_out_when_its_seed_comes_back() {
    let mut server = TestServer::start(&[]);
    let relay = Relay::to(server.address);
    let folder = TempFolder::new();
    let songs = [wav(40, 50_000), wav(41, 50_000)];
    let ids = songs.each_ref().map(|song| track_id(song));
    let files = [
        folder.write("stays.wav", &songs[0]),
        folder.write("goes.wav", &songs[1]),
    ];
    let mut command = jam(&["seed", path(&files[0]), path(&files[1]), "--name", "Ana"]);
    let room = format!("ws://{}/ws/{ROOM}", relay.address);
    command.args(["--listen-port", "0", "--log", "debug", "--room", &room]);
    let seed = Running::start(command);
    let host = |server: &TestServer| {
        let hello = json!({ "role": "host", "wants": ["QUEUE", "MEMBERS"] });
        Member::join(server.address, ROOM, hello)
    };
    let ana = host(&server);
    for id in &ids {
        ana.wait_for_entry(id, is_here);
    }
    until("the seed has seen them in the queue too", || {
        let lines = seed.stderr();
        let seen = lines.iter().filter_map(|line| {
            let (before, _) = line.split_once(" of the tracks that were offered")?;
            before.rsplit_once(' ')?.1.parse::<usize>().ok()
        });
        (seen.sum::<usize>() == 2).then_some(())
    });
    relay.cut();
    seed.wait_for_stderr(&["the room is lost"]);
    ana.say(&json!({ "type": "REMOVE", "track_id": ids[1] }));
    let is_left = |queue: &Value| {
        let tracks = queue["tracks"].as_array().expect("a list");
        tracks.len() == 1 && tracks[0]["track_id"] == ids[0].as_str()
    };
    ana.wait_for("QUEUE", is_left);
    ana.forget();
    relay.mend();
    seed.wait_for_stderr(&["the room is there again"]);
    // It announces itself before it offers anything, and the server's answer is a while behind both.
    let late = GatedSeed::join(server.address, ROOM, "Ben", &wav(42, 50_000));
    late.gate.open();
    let is_back = |peers: &Value| {
        let peers = peers["peers"].as_array().expect("a list");
        let has = |peer: &Value| {
            peer["track_ids"]
                .as_array()
                .is_some_and(|all| all.len() == 2)
        };
        peers
            .iter()
            .any(|peer| peer["display_name"] == "Ana" && has(peer))
    };
    late.member.wait_for("PEERS", is_back);
    late.offer();
    let queue = late.member.wait_for("QUEUE", |queue| {
        let tracks = queue["tracks"].as_array().expect("a list");
        tracks
            .iter()
            .any(|track| track["track_id"] == late.track_id.as_str())
    });
    assert_eq!(queue["tracks"].as_array().map(Vec::len), Some(2), "{queue}");
    drop((ana, late));

    // A server that was started again has lost its rooms.
    let address = server.address;
    server.signal("KILL");
    server.wait();
    let server = TestServer::start_command(jam(&["server", "--listen", &address.to_string()]));
    let ana = host(&server);
    for id in &ids {
        ana.wait_for_entry(id, is_here);
    }
}

// ---- a server that comes back -----------------------------------------------------------------------

#[test]
fn a_server_that_was_killed_finds_its_room_again_with_another_key() {
    let mut server = TestServer::start(&[]);
    let id = track_id(&fs::read(TRACK).expect("the track"));
    let (before, address) = {
        let eve = listener(&server);
        (eve.wait_for("WELCOME", |_| true), server.address)
    };
    let seed = seed(&server, Path::new(TRACK), &[]);
    let eve = listener(&server);
    eve.wait_for_entry(&id, is_here);
    drop(eve);
    server.signal("KILL");
    server.wait();
    seed.wait_for_stderr(&["the room is lost"]);
    let server = TestServer::start_command(jam(&["server", "--listen", &address.to_string()]));
    seed.wait_for_stderr(&["the room is there again"]);
    let eve = listener(&server);
    eve.wait_for_entry(&id, is_here);
    let after = eve.wait_for("WELCOME", |_| true);
    assert_ne!(before["swarm"]["key"], after["swarm"]["key"]);
    assert_ne!(before["swarm"]["node_id"], after["swarm"]["node_id"]);
    let fetched = TempFolder::new();
    let mut fetch = fetch(&fetched, &["--room", &room_of(&server)]);
    fetch.wait_for_success();
    assert_eq!(fetched.names(), ["prelude5.wav"]);
}

#[test]
fn a_fetch_of_several_tracks_goes_on_when_the_server_comes_back_in_between() {
    let mut server = TestServer::start(&[]);
    let address = server.address;
    let host = Member::join(address, ROOM, json!({ "role": "host", "wants": ["QUEUE"] }));
    let first = GatedSeed::join(address, ROOM, "Ana", &wav(20, 1 << 20));
    let second = GatedSeed::join(address, ROOM, "Ben", &wav(21, 1 << 20));
    for seed in [&first, &second] {
        host.wait_for("PEER", |_| true);
        seed.offer();
    }
    let fetched = TempFolder::new();
    let mut fetch = fetch(&fetched, &["--room", &room_of(&server)]);
    until("the first comes", || {
        first.gate.allow(1);
        (first.gate.left().len() > 20).then_some(())
    });
    server.signal("KILL");
    server.wait();
    fetch.wait_for_stderr(&["the room is lost"]);
    let server = TestServer::start_command(jam(&["server", "--listen", &address.to_string()]));
    fetch.wait_for_stderr(&["the room is there again"]);
    // The same tracks from others, who know the room's new key.
    let _again = [("Ana", 20), ("Ben", 21)].map(|(name, mark)| {
        let seed = GatedSeed::join(server.address, ROOM, name, &wav(mark, 1 << 20));
        seed.gate.open();
        seed
    });
    fetch.wait_for_success();
    assert_eq!(fetched.names(), ["Ana.wav", "Ben.wav"]);
}
