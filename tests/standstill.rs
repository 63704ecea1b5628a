//! Nodes that stand still without having ended: stopped processes, networks that are parted, and lines on which nothing
//! comes any more. The others go on, and so does who stood still.

use crate::common::frames::manifest_of;
use crate::common::http::{get, put_head, read_response};
use crate::common::lab::Lab;
use crate::common::node::{Running, Seed, assert_same, fetch, noise, part_in, wait_until};
use crate::common::proxy::Proxy;
use crate::common::running::{Running as InLab, until, wav};
use crate::common::server::{Client, TRACK, TestServer};
use crate::common::temp::TempFolder;
use crate::common::toll::Toll;

use jam::limits::SWARM_SILENCE;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const CHUNKS: usize = 64;
const CHUNK_BYTES: usize = 16 * 1024;

/// A seed and three who fetch from it, each over a line of its own that passes chunks when it is told to. Among
/// themselves they have direct lines.
struct Swarm {
    folder: TempFolder,
    bytes: Vec<u8>,
    seed: Seed,
    lines: Vec<Proxy>,
    leechers: Vec<Running>,
}

impl Swarm {
    fn new(mark: u64) -> Self {
        let folder = TempFolder::new();
        let bytes = noise(mark, CHUNKS * CHUNK_BYTES);
        let file = folder.write("song.bin", &bytes);
        let seed = Seed::start(&[&file], &["--chunk-size", "16KiB"]);
        let lines: Vec<Proxy> = (0..3)
            .map(|_| Proxy::of_chunks(seed.address(), 1))
            .collect();
        let output = |at: usize| folder.join(&format!("got-{at}"));
        let leechers = lines.iter().enumerate().map(|(at, line)| {
            fetch(
                seed.id(),
                &[&line.at()],
                &output(at),
                &["--seed-after", "600"],
            )
        });
        Self {
            leechers: leechers.collect(),
            folder,
            bytes,
            seed,
            lines,
        }
    }

    fn path(&self, at: usize) -> PathBuf {
        self.folder.join(&format!("got-{at}/song.bin"))
    }

    /// What has left the seed, over all lines.
    fn left_the_seed(&self) -> usize {
        let of_lines = self.lines.iter().map(Proxy::different_chunks);
        of_lines.flatten().collect::<BTreeSet<u32>>().len()
    }

    /// Lets chunks through until so many different ones have left the seed.
    fn let_out(&self, chunks: usize) {
        let enough = || {
            for line in &self.lines {
                line.allow(1);
            }
            self.left_the_seed() >= chunks
        };
        wait_until("they have left the seed", enough, String::new);
    }

    fn wait_for_done(&self, at: usize) {
        let said = || self.leechers[at].stdout.so_far();
        let done = || said().contains(r#""event":"done""#);
        wait_until("it is done", done, said);
        assert_same(&self.path(at), &self.bytes);
    }

    fn is_done(&self, at: usize) -> bool {
        let said = self.leechers[at].stdout.so_far();
        said.contains(r#""event":"done""#)
    }
}

fn stand_still(time: Duration) {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        std::thread::sleep(left);
    }
}

/// Longer than anybody waits for a sign of life.
fn past_the_silence() -> Duration {
    SWARM_SILENCE + Duration::from_secs(2)
}

// ---- stopped processes ---------------------------------------------------------------------------

/// All chunks have left the seed when it is stopped, and nobody has all of them.
fn a_seed_is_stopped_for(time: Duration) {
    let swarm = Swarm::new(61);
    swarm.let_out(CHUNKS);
    swarm.seed.running.signal("STOP");
    let began = Instant::now();
    for at in 0..3 {
        swarm.wait_for_done(at);
    }
    stand_still(time.saturating_sub(began.elapsed()));
    swarm.seed.running.signal("CONT");
    // It serves as before, and on lines that nobody closed.
    let late = swarm.folder.join("late");
    let outcome = fetch(swarm.seed.id(), &[&swarm.seed.at()], &late, &[]).success();
    assert_same(&late.join("song.bin"), &swarm.bytes);
    assert!(outcome.stderr.is_empty(), "{}", outcome.stderr);
}

/// One of those who fetch is stopped in the middle; the others do not wait for what it was to bring.
fn a_leecher_is_stopped_for(time: Duration) {
    let swarm = Swarm::new(62);
    swarm.let_out(CHUNKS / 3);
    swarm.leechers[2].signal("STOP");
    for line in &swarm.lines {
        line.allow(1_000_000);
    }
    let began = Instant::now();
    swarm.wait_for_done(0);
    swarm.wait_for_done(1);
    assert!(!swarm.is_done(2) && !swarm.path(2).exists());
    stand_still(time.saturating_sub(began.elapsed()));
    swarm.leechers[2].signal("CONT");
    swarm.wait_for_done(2);
}

#[test]
fn the_others_finish_from_each_other_while_their_seed_is_stopped() {
    a_seed_is_stopped_for(past_the_silence());
}

#[test]
fn the_others_finish_while_one_of_them_is_stopped_and_it_goes_on_when_continued() {
    a_leecher_is_stopped_for(past_the_silence());
}

#[test]
#[ignore = "takes a minute"]
fn a_seed_that_is_stopped_for_a_minute_goes_on() {
    a_seed_is_stopped_for(Duration::from_secs(60));
}

#[test]
#[ignore = "takes a minute"]
fn a_leecher_that_is_stopped_for_a_minute_goes_on() {
    a_leecher_is_stopped_for(Duration::from_secs(60));
}

/// On Linux a process that is continued finds the reads interrupted that have a deadline, which all of jam's have.
/// Nothing may be lost by that: neither a connection nor what was said on it so far.
#[test]
fn reads_that_are_interrupted_lose_no_connection_and_no_byte() {
    let library = TempFolder::new();
    let folder = library.path().to_str().expect("text");
    let server = TestServer::start(&["--library", folder, "--share", TRACK]);
    let mut host = Client::connect(&server, "jam1");
    host.say(r#"{"type":"HELLO","role":"host","wants":["WELCOME"]}"#);
    let key = host.hear_next("WELCOME")["upload_key"].clone();
    let key = key.as_str().expect("a key");
    let field = format!("Authorization: Bearer {key}\r\n");
    let question = b"GET /api/rooms/jam1 HTTP/1.1\r\nHost: jam\r\n\r\n";
    let [mut asking, mut uploading] = [(); 2].map(|()| server.connect());
    // A head has 10 s in all, and a slow machine takes its time to stop somebody: a few parts for each, not many.
    const PARTS: usize = 9;
    let mut times = 0;
    for mark in 0..5 {
        let song = wav(63 + mark, 4000);
        let head = put_head("/tracks?name=song.wav&room=jam1", song.len(), &field);
        let upload = [head.as_bytes(), &song].concat();
        let send = |part: usize| {
            for (mut socket, whole) in [(&asking, &question[..]), (&uploading, &upload)] {
                let [from, to] = [part, part + 1].map(|part| whole.len() * part / PARTS);
                socket.write_all(&whole[from..to]).expect("sent");
            }
        };
        for part in 1..PARTS {
            server.signal("STOP");
            until("it is stopped", || is_stopped(&server.pid()).then_some(()));
            send(part - 1);
            times += 1;
            host.say(&format!(
                r#"{{"type":"PLAY","track_id":"t","offset_sec":{times}}}"#
            ));
            server.signal("CONT");
            assert_eq!(host.hear_next("STATE")["payload"]["offset_sec"], times);
        }
        send(PARTS - 1);
        let answer = read_response(&mut asking);
        assert_eq!(answer.json()["state"]["offset_sec"], times);
        let answer = read_response(&mut uploading);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let id = blake3::hash(&song).to_string();
        let back = get(&mut asking, &format!("/tracks/{id}"));
        assert!(back.body == song);
    }
}

fn is_stopped(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind_the_name = stat.rsplit(") ").next().unwrap_or_default();
    behind_the_name.starts_with('T')
}

/// The same between nodes: a seed and a leecher that are stopped and continued all the time never lose each other.
#[test]
fn nodes_that_are_interrupted_all_the_time_keep_their_connections() {
    let folder = TempFolder::new();
    let bytes = noise(64, 120 * CHUNK_BYTES);
    let file = folder.write("song.bin", &bytes);
    let seed = Seed::start(&[&file], &["--chunk-size", "16KiB", "--log", "debug"]);
    let line = Proxy::of_chunks(seed.address(), 0);
    let got = folder.join("got");
    let leecher = fetch(seed.id(), &[&line.at()], &got, &["--log", "debug"]);
    for time in 0..60 {
        for node in [&seed.running, &leecher] {
            node.signal("STOP");
            let stopped = || is_stopped(&node.pid().to_string());
            wait_until("it is stopped", stopped, String::new);
            node.signal("CONT");
        }
        line.allow(1);
        line.wait_for_different_chunks(time);
    }
    line.allow(1_000_000);
    let outcome = leecher.success();
    assert_same(&got.join("song.bin"), &bytes);
    let lost = [&outcome.stderr, &seed.running.stderr.so_far()]
        .iter()
        .flat_map(|said| said.lines())
        .filter(|line| line.contains("nterrupted") || line.contains("silent"))
        .map(str::to_owned)
        .collect::<Vec<_>>();
    assert_eq!(lost, [""; 0]);
}

// ---- networks ------------------------------------------------------------------------------------

struct Song {
    folder: TempFolder,
    bytes: Vec<u8>,
}

impl Song {
    fn new(mark: u64, bytes: usize) -> Self {
        let folder = TempFolder::new();
        let bytes = noise(mark, bytes);
        folder.write("song.bin", &bytes);
        Self { folder, bytes }
    }

    fn seed(&self, lab: &Lab, host: &str) -> InLab {
        let path = self.folder.join("song.bin");
        let arguments = ["seed", text(&path), "--chunk-size", "16KiB"];
        let seed = InLab::start(lab.jam(host, &arguments));
        seed.wait_for_stdout(&["Ctrl-C stops it"]);
        seed
    }

    fn fetch(&self, lab: &Lab, host: &str, from: &[&str]) -> InLab {
        let output = self.folder.join(host);
        let id = blake3::hash(&self.bytes).to_string();
        let mut command = lab.jam(host, &["fetch", &id, "--json", "--connect"]);
        command.args(from).arg("--output").arg(output);
        command.args(["--seed-after", "600"]);
        InLab::start(command)
    }

    /// The chunks that a host has so far, whole and right.
    fn held(&self, host: &str) -> BTreeSet<u32> {
        let Some(part) = part_in(&self.folder.join(host)) else {
            return BTreeSet::new();
        };
        let manifest = manifest_of("x", &self.bytes, 14);
        let there = fs::read(part).unwrap_or_default();
        let chunks = (0..).zip(there.chunks(CHUNK_BYTES));
        let right = chunks.filter(|(index, chunk)| manifest.matches(*index, chunk));
        right.map(|(index, _)| index).collect()
    }

    fn wait_for(&self, host: &str, fetching: &InLab) -> Value {
        let done = fetching.wait_for_done(1).remove(0);
        assert_same(&self.folder.join(host).join("song.bin"), &self.bytes);
        done
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// What a host has received, with all that goes around it.
fn received(lab: &Lab, host: &str) -> u64 {
    let file = "/sys/class/net/eth0/statistics/rx_bytes";
    let script = format!("ip netns exec {host} cat {file}");
    lab.sh(&script).trim().parse().expect("a number")
}

/// Half of the swarm has the seed; the other half has two nodes that were given different parts until then.
#[test]
fn both_halves_of_a_parted_swarm_share_what_they_have_and_fetch_nothing_twice() {
    let lab = Lab::new(&[
        ("seed", "10.77.0.2"),
        ("a", "10.77.0.3"),
        ("b", "10.77.0.4"),
        ("c", "10.77.0.5"),
        ("d", "10.77.0.6"),
    ]);
    lab.slow_down("seed", 12.0);
    // What passes from node to node takes longer than what comes from the seed, so that they have different parts.
    for host in ["c", "d"] {
        lab.slow_down(host, 1.0);
    }
    let song = Song::new(65, 6 << 20);
    let _seed = song.seed(&lab, "seed");
    let start = |host| song.fetch(&lab, host, &["10.77.0.2"]);
    let [a, b, c, d] = ["a", "b", "c", "d"].map(start);
    for fetching in [&c, &d] {
        fetching.wait_for_event("progress", |event| {
            (event["bytes"].as_u64()? >= 1 << 20).then_some(())
        });
    }
    lab.part(&["c", "d"]);
    let before = [song.held("c"), song.held("d")];
    let of_both = &before[0] | &before[1];
    assert!(before[0] != of_both && before[1] != of_both, "{before:?}");
    song.wait_for("a", &a);
    song.wait_for("b", &b);
    // Those who are cut off give each other what they have, and then say that nobody is left.
    until("they share what they have", || {
        let now = [song.held("c"), song.held("d")];
        (now[0] == now[1] && now[0].is_superset(&of_both)).then_some(())
    });
    for fetching in [&c, &d] {
        fetching.wait_for_event("word that nobody is left", |event| {
            (event["event"] == "waiting").then_some(())
        });
    }
    let apart = song.held("c");
    eprintln!(
        "{} and {} chunks when they were parted, {} then",
        before[0].len(),
        before[1].len(),
        apart.len()
    );
    assert!(apart.len() < song.bytes.len() / CHUNK_BYTES);
    lab.heal();
    for (host, fetching) in [("c", &c), ("d", &d)] {
        song.wait_for(host, fetching);
        let received = received(&lab, host);
        eprintln!("{host} received {received} bytes");
        // Heads of packets, requests of others, and what was on its way when the network was parted.
        let most = song.bytes.len() as u64 * 115 / 100;
        assert!(received < most, "{host} received {received} bytes");
    }
}

/// Nothing comes from a seed any more and nobody says so, as when a cable is pulled: its chunks come from elsewhere, its
/// connections end by the silence, on both sides.
#[test]
fn half_open_connections_end_and_their_chunks_come_from_elsewhere() {
    let lab = Lab::new(&[
        ("gone", "10.77.0.2"),
        ("seed", "10.77.0.3"),
        ("a", "10.77.0.4"),
    ]);
    for host in ["gone", "seed"] {
        lab.slow_down(host, 3.0);
    }
    let song = Song::new(66, 8 << 20);
    let [gone, _seed] = ["gone", "seed"].map(|host| song.seed(&lab, host));
    let pid = gone.pid().to_string();
    let calm = Toll::settled(&pid);
    let a = song.fetch(&lab, "a", &["10.77.0.2", "10.77.0.3"]);
    a.wait_for_event("progress from both", |event| {
        (event["peers"].as_u64()? == 2 && event["bytes"].as_u64()? > 1 << 20).then_some(())
    });
    assert!(Toll::of(&pid).descriptors > calm.descriptors);
    lab.part(&["gone"]);
    let done = song.wait_for("a", &a);
    let sources = done["sources"].as_array().expect("a list");
    let from_gone = sources
        .iter()
        .find(|source| source["address"] == "10.77.0.2:9003")
        .and_then(|source| source["bytes"].as_u64());
    assert!(from_gone.is_some_and(|bytes| bytes > 0), "{done}");
    let peers: Vec<u64> = a
        .stdout()
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["peers"].as_u64())
        .collect();
    assert_eq!(peers.last(), Some(&1), "{peers:?}");
    // The other side of it ends as well, though nobody told it anything.
    calm.wait_for(&pid);
}
