//! `kill -9` of a server, a seed and a leecher, at random moments, again and again: what is there stays there, only what
//! is missing is fetched, and nothing wrong has a track's name. The long form is
//! `cargo test --locked --test all -- --ignored kills::`.

use crate::common::frames::manifest_of;
use crate::common::http::{get, put_head};
use crate::common::node::{
    Running, Seed, assert_same, fetch, free_port, jam, noise, part_in, wait_until,
};
use crate::common::proxy::Proxy;
use crate::common::random::{Random, for_each_seed};
use crate::common::running::{track_id, wav};
use crate::common::server::{Client, TestServer, jam as jam_command};
use crate::common::temp::TempFolder;

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

const CHUNK_BYTES: usize = 16 * 1024;

/// A moment that nothing in the programs has to do with.
fn any_moment(random: &mut Random, most_ms: usize) {
    std::thread::sleep(Duration::from_micros(random.below(1000 * most_ms) as u64));
}

// ---- the swarm -----------------------------------------------------------------------------------

/// The chunks that are there, whole and right, in the part of a download.
fn held(folder: &Path, whole: &[u8]) -> BTreeSet<u32> {
    let Some(part) = part_in(folder) else {
        return BTreeSet::new();
    };
    let manifest = manifest_of("x", whole, 14);
    let there = fs::read(part).expect("the part");
    let chunks = (0..).zip(there.chunks(CHUNK_BYTES));
    let right = chunks.filter(|(index, chunk)| manifest.matches(*index, chunk));
    right.map(|(index, _)| index).collect()
}

fn seed_at(port: u16, file: &Path) -> Seed {
    Seed::start_command(jam(&[
        "seed",
        file.to_str().expect("text"),
        "--chunk-size",
        "16KiB",
        "--listen-port",
        &port.to_string(),
    ]))
}

/// A seed and a leecher, of which one or both are killed in every round, until the leecher is done.
fn swarm_with_kills(rounds: u64, chunks: usize) {
    let folder = TempFolder::new();
    let bytes = noise(51, chunks * CHUNK_BYTES - 5);
    let file = folder.write("song.bin", &bytes);
    let got = folder.join("got");
    let port = free_port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut seed = Some(seed_at(port, &file));
    let id = seed.as_ref().expect("it runs").id().to_owned();
    let (mut kills, mut passed_on) = (0, 0);
    for_each_seed(rounds, |random| {
        let before = held(&got, &bytes);
        let most = 1 + random.below(6);
        let proxy = Proxy::of_chunks(address, most);
        let mut leecher = fetch(&id, &[&proxy.at()], &got, &[]);
        let victim = random.below(4);
        if random.one_in(3) {
            any_moment(random, 60);
        } else {
            proxy.wait_for_different_chunks(1 + random.below(most));
            any_moment(random, 3);
        }
        // The leecher, or the seed, or one behind the other.
        if victim != 0 {
            leecher.kill();
            kills += 1;
        }
        if victim != 1 {
            seed = None;
            kills += 1;
        }
        if victim == 0 {
            any_moment(random, 5);
            leecher.kill();
            kills += 1;
        }
        if seed.is_none() {
            seed = Some(seed_at(port, &file));
        }
        passed_on += proxy.different_chunks().len();
        let after = held(&got, &bytes);
        assert!(after.is_superset(&before), "{before:?} {after:?}");
        assert!(after.len() <= passed_on, "{} of {passed_on}", after.len());
        assert!(!got.join("song.bin").exists());
    });
    let there = held(&got, &bytes);
    assert!(there.len() < chunks, "nothing was left to be fetched");
    // What is missing, and nothing else, comes through this one.
    let proxy = Proxy::of_chunks(address, chunks);
    let outcome = fetch(&id, &[&proxy.at()], &got, &[]).success();
    let missing: BTreeSet<u32> = (0..chunks as u32)
        .filter(|index| !there.contains(index))
        .collect();
    assert_eq!(proxy.different_chunks(), missing);
    let done = outcome.last_event("done");
    let had = there.iter().map(|&index| {
        let start = index as usize * CHUNK_BYTES;
        (bytes.len() - start).min(CHUNK_BYTES)
    });
    assert_eq!(done["had_bytes"], had.sum::<usize>());
    assert_same(&got.join("song.bin"), &bytes);
    assert_eq!(fs::read_dir(&got).expect("the folder").count(), 1);
    eprintln!(
        "{kills} kills; {} of {chunks} chunks kept, of {passed_on} that came",
        there.len()
    );
}

#[test]
fn seeds_and_leechers_that_are_killed_at_any_moment_lose_no_chunk() {
    swarm_with_kills(30, 260);
}

#[test]
#[ignore = "takes minutes"]
fn seeds_and_leechers_that_are_killed_at_any_moment_for_long() {
    swarm_with_kills(500, 4000);
}

/// The seed alone is killed, and the leecher lives: it comes back to it by itself each time.
#[test]
fn a_leecher_outlives_its_seed_many_times() {
    const CHUNKS: usize = 80;
    let folder = TempFolder::new();
    let bytes = noise(52, CHUNKS * CHUNK_BYTES);
    let file = folder.write("song.bin", &bytes);
    let port = free_port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut seed = seed_at(port, &file);
    let proxy = Proxy::of_chunks(address, 0);
    let got = folder.join("got");
    let leecher = fetch(seed.id(), &[&proxy.at()], &got, &[]);
    let mut random = Random::from_seed(52);
    for round in 1..=8 {
        // What was on its way when the seed was killed comes again.
        let more = || {
            proxy.allow(1);
            proxy.different_chunks().len() >= 4 * round
        };
        wait_until("more chunks come", more, String::new);
        any_moment(&mut random, 4);
        seed.running.kill();
        seed = seed_at(port, &file);
    }
    proxy.allow(usize::MAX);
    let outcome = leecher.success();
    assert_same(&got.join("song.bin"), &bytes);
    let done = outcome.last_event("done");
    let sources = done["sources"].as_array().expect("a list").iter();
    let came: u64 = sources.filter_map(|source| source["bytes"].as_u64()).sum();
    assert_eq!(came, bytes.len() as u64);
}

// ---- the server ----------------------------------------------------------------------------------

struct Party {
    folder: TempFolder,
    port: u16,
}

impl Party {
    fn start(&self) -> TestServer {
        let mut command = jam_command(&["server", "--listen"]);
        command.arg(format!("127.0.0.1:{}", self.port));
        command.arg("--state-dir").arg(self.folder.join("state"));
        // The seat of a host that is killed with its server is kept; guests are not in each other's way.
        command.args(["--guests", "add"]);
        TestServer::start_command(command)
    }

    fn tracks(&self) -> std::path::PathBuf {
        self.folder.join("state/tracks")
    }
}

fn guest(server: &TestServer) -> (Client, String) {
    let mut guest = Client::connect(server, "jam1");
    guest.say(r#"{"type":"HELLO","role":"viewer","wants":["WELCOME"]}"#);
    let welcome = guest.hear_next("WELCOME");
    let key = welcome["upload_key"].as_str().expect("a key").to_owned();
    (guest, key)
}

/// What an upload came to whose server may be killed meanwhile.
fn upload(mut socket: std::net::TcpStream, key: &str, song: &[u8]) -> bool {
    let field = format!("Authorization: Bearer {key}\r\n");
    let head = put_head("/tracks?name=song.wav&room=jam1", song.len(), &field);
    let mut send = |bytes: &[u8]| socket.write_all(bytes).is_ok();
    let sent = send(head.as_bytes()) && song.chunks(8 * 1024).all(&mut send);
    // Without an answer nothing was promised.
    let mut answer = [0; 12];
    sent && socket.read_exact(&mut answer).is_ok() && answer == *b"HTTP/1.1 201"
}

fn server_with_kills(rounds: u64) {
    let party = Party {
        folder: TempFolder::new(),
        port: free_port(),
    };
    let mut server = party.start();
    let mut promised: Vec<Vec<u8>> = Vec::new();
    let mut mark = 0;
    let mut uploads = 0;
    for_each_seed(rounds, |random| {
        let (_guest, key) = guest(&server);
        mark += 1;
        let song = wav(mark, 400_000 + random.below(100_000) as u32);
        let socket = server.connect();
        std::thread::scope(|scope| {
            let uploading = scope.spawn(|| upload(socket, &key, &song));
            any_moment(random, 16);
            server.signal("KILL");
            server.wait();
            uploads += 1;
            if uploading.join().expect("caught") {
                promised.push(song.clone());
            }
        });
        server = party.start();
        let stored = fs::read_dir(party.tracks()).expect("the library");
        for entry in stored.flatten() {
            let name = entry.file_name().into_string().expect("text");
            // Nothing but tracks and their names for display, each under its own hash.
            let id = name.trim_end_matches(".name");
            assert_eq!(id.len(), 64, "{name}");
            if id == name {
                let bytes = fs::read(entry.path()).expect("a track");
                assert_eq!(track_id(&bytes), name);
            }
        }
        for song in &promised {
            assert!(party.tracks().join(track_id(song)).is_file());
        }
        // Everything that the room lists can be had, but for what it says that it awaits.
        let view = get(&mut server.connect(), "/api/rooms/jam1").json();
        for track in view["tracks"].as_array().expect("a list") {
            let id = track["track_id"].as_str().expect("text");
            if track.get("awaited") != Some(&Value::Bool(true)) {
                let song = get(&mut server.connect(), &format!("/tracks/{id}"));
                assert_eq!(track_id(&song.body), id, "{}", song.head);
            }
        }
    });
    let names = fs::read_dir(party.folder.join("state/rooms")).expect("rooms");
    for entry in names.flatten() {
        let name = entry.file_name().into_string().expect("text");
        assert!(!name.contains("damaged"), "{name}");
    }
    eprintln!("{uploads} kills; {} uploads were done", promised.len());
}

#[test]
fn a_server_that_is_killed_in_mid_upload_has_every_track_that_it_said_it_has() {
    server_with_kills(26);
}

#[test]
#[ignore = "takes minutes"]
fn a_server_that_is_killed_in_mid_upload_for_long() {
    server_with_kills(400);
}

// ---- a swarm of several --------------------------------------------------------------------------

/// Any of four nodes may be killed at any moment; whoever was comes back.
#[test]
fn a_swarm_whose_nodes_are_killed_at_random_ends_with_the_same_file_everywhere() {
    const CHUNKS: usize = 600;
    let folder = TempFolder::new();
    let bytes = noise(53, CHUNKS * CHUNK_BYTES);
    let file = folder.write("song.bin", &bytes);
    let ports: Vec<u16> = (0..4).map(|_| free_port()).collect();
    let seed_port = ports[0];
    let mut seed = seed_at(seed_port, &file);
    let id = seed.id().to_owned();
    let folders: Vec<_> = (1..4).map(|at| folder.join(&format!("got-{at}"))).collect();
    let start = |at: usize| {
        let peers: Vec<String> = ports
            .iter()
            .filter(|&&port| port != ports[at + 1])
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        let mut command = jam(&["fetch", &id, "--json", "--connect"]);
        command.args(&peers);
        command.args(["--listen-port", &ports[at + 1].to_string()]);
        command.arg("--output").arg(&folders[at]);
        command.args(["--seed-after", "600"]);
        Running::start(command)
    };
    let mut leechers: Vec<Running> = (0..3).map(start).collect();
    for_each_seed(12, |random| {
        any_moment(random, 30);
        match random.below(4) {
            3 => {
                seed.running.kill();
                seed = seed_at(seed_port, &file);
            }
            at => {
                leechers[at].kill();
                leechers[at] = start(at);
            }
        }
    });
    for (leecher, folder) in leechers.iter().zip(&folders) {
        let said = || leecher.stdout.so_far();
        let done = || said().contains(r#""event":"done""#);
        wait_until("it is done", done, said);
        assert_same(&folder.join("song.bin"), &bytes);
    }
}
