//! Swarms of several machines, each a network namespace: firewalls, two networks, slow links, parted networks and nodes
//! that die.

use crate::common::http;
use crate::common::lab;
use crate::common::member;
use crate::common::running;
use crate::common::server as common;
use crate::common::temp;

use common::TestServer;
use http::get;
use lab::Lab;
use member::Member;
use running::{Running, track_id, until, wav};
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use temp::TempFolder;

const ROOM: &str = "ws://10.77.0.1:8000/ws/jam1";

/// A file, where the seed has it and where the others fetch it to.
struct Song {
    folder: TempFolder,
    bytes: Vec<u8>,
    id: String,
}

impl Song {
    fn new(name: &str, bytes: Vec<u8>) -> Self {
        let folder = TempFolder::new();
        folder.write(name, &bytes);
        let id = track_id(&bytes);
        Self { folder, bytes, id }
    }

    fn audio(mark: u64, bytes: u32) -> Self {
        Self::new("song.wav", wav(mark, bytes))
    }

    fn path(&self) -> String {
        let names = self.folder.names();
        text(&self.folder.join(&names[0])).to_owned()
    }

    /// Waits until it is there, whole and right; what the last event says.
    fn wait_for(&self, fetch: &Running) -> Value {
        let done = fetch.wait_for_done(1).remove(0);
        let path = done["path"].as_str().expect("a path");
        assert!(
            fs::read(path).expect("fetched") == self.bytes,
            "{path} differs"
        );
        done
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

fn server(lab: &Lab) -> (TestServer, SocketAddr) {
    let server = TestServer::start_command(lab.jam("server", &["server", "--listen", "[::]:8000"]));
    (server, lab.door("server", "127.0.0.1:8000"))
}

fn seed(lab: &Lab, host: &str, song: &Song, more: &[&str]) -> Running {
    let mut command = lab.jam(host, &["seed", &song.path()]);
    command.args(more);
    let seed = Running::start(command);
    seed.wait_for_stdout(&["Ctrl-C stops it"]);
    seed
}

/// `jam fetch` into a folder of its own, which serves on when it is done.
fn fetch(lab: &Lab, host: &str, folder: &TempFolder, arguments: &[&str]) -> Running {
    let output = folder.join(host);
    fs::create_dir_all(&output).expect("a folder");
    let mut command = lab.jam(host, &["fetch", "--json", "--output", text(&output)]);
    command.args(arguments);
    // Behind TRACK_ID and --connect, which take words as well.
    command.args(["--seed-after", "600"]);
    Running::start(command)
}

fn sources(done: &Value) -> &[Value] {
    done["sources"].as_array().expect("a list")
}

/// Bytes that came from nodes that had everything, and from others.
fn shares(done: &Value) -> (u64, u64) {
    let bytes = |seed: bool| {
        let of_kind = sources(done)
            .iter()
            .filter(move |source| source["seed"] == seed);
        of_kind
            .map(|source| source["bytes"].as_u64().expect("a number"))
            .sum()
    };
    (bytes(true), bytes(false))
}

fn wait_for_bytes(fetch: &Running, bytes: u64) {
    fetch.wait_for_event("progress", |event| {
        (event["event"] == "done" || event["bytes"].as_u64()? >= bytes).then_some(())
    });
}

// ---- firewalls --------------------------------------------------------------------------------------

#[test]
fn a_seed_that_nobody_can_dial_feeds_a_room_all_the_same() {
    let lab = Lab::new(&[
        ("server", "10.77.0.1"),
        ("seed", "10.77.0.2"),
        ("a", "10.77.0.3"),
        ("b", "10.77.0.4"),
    ]);
    lab.wall_off("seed");
    lab.slow_down("seed", 4.0);
    let (_server, door) = server(&lab);
    let song = Song::audio(1, 4 << 20);
    let _seed = seed(&lab, "seed", &song, &["--room", ROOM, "--name", "Ana"]);
    let node = Member::join(
        door,
        "jam1",
        json!({ "role": "viewer", "node": true, "wants": ["QUEUE"] }),
    );
    node.say(&json!({ "type": "ANNOUNCE", "port": 0, "node_id": "00000000000000aa" }));
    node.wait_for("PEERS", |peers| {
        let mut peers = peers["peers"].as_array().expect("a list").iter();
        peers.any(|peer| peer["display_name"] == "Ana" && peer["dialable"] == false)
    });
    let fetched = TempFolder::new();
    let fetches = ["a", "b"].map(|host| fetch(&lab, host, &fetched, &[&song.id, "--room", ROOM]));
    for fetch in &fetches {
        // The line takes eight seconds for the song.
        fetch.wait_for_event("progress", |event| {
            (event["event"] == "progress").then_some(())
        });
        song.wait_for(fetch);
    }
    node.wait_for_entry(&song.id, |entry| entry["awaited"] != true);
    let mut socket = std::net::TcpStream::connect(door).expect("the door");
    let response = get(&mut socket, &format!("/tracks/{}", song.id));
    assert!(response.body == song.bytes, "status {}", response.status);
    // The server tries, to know and to fetch, and nobody else. Now that all have everything nobody has a reason to, but
    // for the server's look once a minute.
    let knocks = lab.knocks("seed");
    assert!(
        0 < knocks && knocks < 20,
        "{knocks} packets tried to reach the seed"
    );
    std::thread::sleep(std::time::Duration::from_secs(12));
    let more = lab.knocks("seed") - knocks;
    assert!(more < 4, "{more} packets more when everybody was done");
}

#[test]
fn when_nobody_can_dial_anybody_the_servers_node_passes_everything_on() {
    let lab = Lab::new(&[
        ("server", "10.77.0.1"),
        ("seed", "10.77.0.2"),
        ("a", "10.77.0.3"),
        ("b", "10.77.0.4"),
    ]);
    for host in ["seed", "a", "b"] {
        lab.wall_off(host);
    }
    let (_server, _door) = server(&lab);
    let song = Song::audio(2, 4 << 20);
    let fetched = TempFolder::new();
    let fetches = ["a", "b"].map(|host| fetch(&lab, host, &fetched, &[&song.id, "--room", ROOM]));
    let _seed = seed(&lab, "seed", &song, &["--room", ROOM]);
    for fetch in &fetches {
        let done = song.wait_for(fetch);
        assert_eq!(sources(&done).len(), 1, "{done}");
        assert_eq!(sources(&done)[0]["address"], "10.77.0.1:8000", "{done}");
    }
}

#[test]
fn behind_a_firewall_a_fetch_finds_what_a_seed_had_no_room_to_announce() {
    let lab = Lab::new(&[
        ("server", "10.77.0.1"),
        ("seed", "10.77.0.2"),
        ("a", "10.77.0.3"),
    ]);
    // The seed cannot offer it what it wants: it has to come and ask.
    lab.wall_off("a");
    let (_server, _door) = server(&lab);
    let first = Song::new("000.txt", b"0".to_vec());
    let texts: Vec<Vec<u8>> = (1..100).map(|number| vec![b'a'; number]).collect();
    let others: Vec<_> = (1..100)
        .zip(&texts)
        .map(|(number, text)| first.folder.write(&format!("{number:03}.txt"), text))
        .collect();
    let others: Vec<&str> = others.iter().map(|file| text(file)).collect();
    let _seed = seed(
        &lab,
        "seed",
        &first,
        &[&others[..], &["--room", ROOM]].concat(),
    );
    let fetched = TempFolder::new();
    let fetch = fetch(
        &lab,
        "a",
        &fetched,
        &[&track_id(&texts[70]), "--room", ROOM],
    );
    fetch.wait_for_done(1);
}

#[test]
fn with_a_host_elsewhere_a_seed_adds_nothing_but_serves() {
    let lab = Lab::new(&[
        ("server", "10.77.0.1"),
        ("ana", "10.77.0.2"),
        ("ben", "10.77.0.3"),
    ]);
    let (_server, _) = server(&lab);
    let door = lab.door("ana", "10.77.0.1:8000");
    let host = Member::join(door, "jam1", json!({ "role": "host", "wants": ["QUEUE"] }));
    let song = Song::audio(3, 200_000);
    let ben = seed(&lab, "ben", &song, &["--room", ROOM]);
    let said = ben.wait_for_stderr(&["the room's queue is its host's"]);
    assert!(
        said.contains("the track is served") && said.contains("--host"),
        "{said}"
    );
    let fetched = TempFolder::new();
    song.wait_for(&fetch(&lab, "ana", &fetched, &[&song.id, "--room", ROOM]));
    assert_eq!(host.wait_for("QUEUE", |_| true)["tracks"], json!([]));
    drop(host);
}

// ---- addresses --------------------------------------------------------------------------------------

#[test]
fn a_seed_on_two_networks_is_one_node() {
    let lab = Lab::new(&[("seed", "10.77.0.2"), ("a", "10.77.0.3")]);
    for (host, address) in [("seed", "10.78.0.2"), ("a", "10.78.0.3")] {
        lab.sh(&format!(
            "ip link add name q-{host} type veth peer name eth1 netns {host}
            ip link set q-{host} master net up
            ip -n {host} addr add {address}/24 dev eth1
            ip -n {host} link set eth1 up"
        ));
    }
    for device in ["eth0", "eth1"] {
        lab.sh(&format!(
            "tc -n seed qdisc replace dev {device} root tbf rate 8mbit burst 16384 latency 50ms"
        ));
    }
    let song = Song::audio(4, 4 << 20);
    let _seed = seed(&lab, "seed", &song, &[]);
    let fetched = TempFolder::new();
    let both = [&song.id, "--connect", "10.77.0.2:9003", "10.78.0.2:9003"];
    let fetch = fetch(&lab, "a", &fetched, &both);
    let done = song.wait_for(&fetch);
    assert_eq!(sources(&done).len(), 1, "{done}");
    let events = fetch.stdout();
    let events = events
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let peers: Vec<u64> = events.filter_map(|event| event["peers"].as_u64()).collect();
    assert!(
        peers.contains(&1) && peers.iter().all(|&peers| peers <= 1),
        "{peers:?}"
    );
}

#[test]
fn all_of_it_works_where_there_is_only_ipv6() {
    let lab = Lab::new(&[
        ("server", "10.77.0.1"),
        ("seed", "10.77.0.2"),
        ("a", "10.77.0.3"),
        ("b", "10.77.0.4"),
    ]);
    for (at, host) in ["server", "seed", "a", "b"].iter().enumerate() {
        let number = at + 1;
        lab.sh(&format!(
            "ip -n {host} addr flush dev eth0
            ip -n {host} addr add fd77::{number}/64 dev eth0 nodad"
        ));
    }
    let (_server, door) = server(&lab);
    let room = "ws://[fd77::1]:8000/ws/jam1";
    let song = Song::audio(5, 2 << 20);
    let _seed = seed(&lab, "seed", &song, &["--room", room]);
    let eve = Member::join(
        door,
        "jam1",
        json!({ "role": "viewer", "wants": ["QUEUE"] }),
    );
    eve.wait_for_entry(&song.id, |entry| entry["awaited"] != true);
    let fetched = TempFolder::new();
    song.wait_for(&fetch(&lab, "a", &fetched, &["--room", room]));
    let other = Song::audio(6, 2 << 20);
    let _other = seed(&lab, "a", &other, &["--listen-port", "9010"]);
    other.wait_for(&fetch(
        &lab,
        "b",
        &fetched,
        &["--connect", "[fd77::3]:9010"],
    ));
}

#[test]
fn a_name_is_looked_up_until_somebody_has_it() {
    let lab = Lab::new(&[("seed", "10.77.0.2"), ("a", "10.77.0.3")]);
    // No server of names, and a list of them that grows.
    lab.sh(
        "echo 127.0.0.1 localhost >/run/hosts; mount --bind /run/hosts /etc/hosts
        : >/run/none; mount --bind /run/none /etc/resolv.conf",
    );
    let song = Song::audio(7, 1 << 20);
    let _seed = seed(&lab, "seed", &song, &[]);
    let fetched = TempFolder::new();
    let fetch = fetch(&lab, "a", &fetched, &[&song.id, "--connect", "studio.test"]);
    fetch.wait_for_event("word that nobody has this name", |event| {
        let message = event["message"].as_str()?;
        (message.contains("studio.test:9003") && message.contains("no such name")).then_some(())
    });
    lab.sh("echo 10.77.0.2 studio.test >>/run/hosts");
    song.wait_for(&fetch);
}

// ---- parted and slow networks -----------------------------------------------------------------------

#[test]
fn a_swarm_that_was_parted_finishes_when_it_is_whole_again() {
    let lab = Lab::new(&[
        ("seed", "10.77.0.2"),
        ("a", "10.77.0.3"),
        ("b", "10.77.0.4"),
        ("c", "10.77.0.5"),
        ("d", "10.77.0.6"),
    ]);
    lab.slow_down("seed", 8.0);
    let song = Song::audio(8, 6 << 20);
    let _seed = seed(&lab, "seed", &song, &[]);
    let fetched = TempFolder::new();
    let start = |host| fetch(&lab, host, &fetched, &[&song.id, "--connect", "10.77.0.2"]);
    let [a, b, c, d] = ["a", "b", "c", "d"].map(start);
    for fetch in [&c, &d] {
        wait_for_bytes(fetch, 1 << 19);
    }
    lab.part(&["c", "d"]);
    song.wait_for(&a);
    song.wait_for(&b);
    let apart = [&c, &d].map(|fetch| {
        fetch.wait_for_event("word that nobody is left, or the end", |event| {
            let waiting = event["event"] == "waiting";
            (waiting || event["event"] == "done").then_some(waiting)
        })
    });
    lab.heal();
    song.wait_for(&c);
    song.wait_for(&d);
    assert!(
        apart.contains(&true),
        "they had all of it before they were parted"
    );
}

#[test]
fn eight_leechers_get_most_of_a_track_from_each_other() {
    let names = ["seed", "a", "b", "c", "d", "e", "f", "g", "h"];
    let addresses: Vec<String> = (2..11).map(|number| format!("10.77.0.{number}")).collect();
    let hosts: Vec<(&str, &str)> = names
        .iter()
        .zip(&addresses)
        .map(|(name, at)| (*name, at.as_str()))
        .collect();
    let lab = Lab::new(&hosts);
    for name in names {
        lab.slow_down(name, 100.0);
    }
    let song = Song::audio(9, 16 << 20);
    let _seed = seed(&lab, "seed", &song, &[]);
    let fetched = TempFolder::new();
    let start = |host: &&str| fetch(&lab, host, &fetched, &[&song.id, "--connect", "10.77.0.2"]);
    let fetches: Vec<Running> = names[1..].iter().map(start).collect();
    let done: Vec<Value> = fetches.iter().map(|fetch| song.wait_for(fetch)).collect();
    let seed_address = "10.77.0.2:9003";
    let (mut from_seed, mut from_others) = (0, 0);
    for source in done.iter().flat_map(sources) {
        let bytes = source["bytes"].as_u64().expect("a number");
        match source["address"] == seed_address {
            true => from_seed += bytes,
            false => from_others += bytes,
        }
    }
    assert_eq!(from_seed + from_others, 8 * song.bytes.len() as u64);
    assert!(
        from_others >= from_seed,
        "{from_seed} bytes from the seed, {from_others} from others"
    );
}

// ---- a seed that dies -------------------------------------------------------------------------------

#[test]
fn all_finish_when_the_seed_is_killed_and_they_hold_every_chunk_between_them() {
    let lab = Lab::new(&[
        ("server", "10.77.0.1"),
        ("seed", "10.77.0.2"),
        ("a", "10.77.0.3"),
        ("b", "10.77.0.4"),
        ("c", "10.77.0.5"),
        ("d", "10.77.0.6"),
    ]);
    let (_server, door) = server(&lab);
    lab.slow_down("seed", 16.0);
    for host in ["a", "b", "c", "d"] {
        lab.slow_down(host, 4.0);
    }
    // In 64 chunks: as many as the picture of the swarm has digits. Not audio, so that the server keeps out of it.
    let song = Song::new("notes.txt", wav(10, 8 << 20)[44..].to_vec());
    let seed = seed(
        &lab,
        "seed",
        &song,
        &["--room", ROOM, "--name", "seed", "--chunk-size", "128KiB"],
    );
    let eve = Member::join(
        door,
        "jam1",
        json!({ "role": "viewer", "wants": ["SWARM"] }),
    );
    let fetched = TempFolder::new();
    let start = |host| fetch(&lab, host, &fetched, &[&song.id, "--room", ROOM]);
    let fetches = ["a", "b", "c", "d"].map(start);
    eve.wait_for("SWARM", |swarm| {
        let nodes = swarm["nodes"].as_array().expect("a list").iter();
        let leechers = nodes.filter(|node| node["name"] != "seed");
        let maps: Vec<&str> = leechers.filter_map(|node| node["map"].as_str()).collect();
        (0..64).all(|digit| maps.iter().any(|map| map.as_bytes()[digit] == b'9'))
    });
    seed.signal("KILL");
    for fetch in &fetches {
        let done = song.wait_for(fetch);
        let (_, from_others) = shares(&done);
        assert!(from_others > 0, "{done}");
    }
}

#[test]
fn a_lab_is_gone_when_it_is_dropped() {
    let lab = Lab::new(&[("a", "10.77.0.2"), ("b", "10.77.0.3")]);
    lab.wall_off("b");
    assert_eq!(lab.knocks("b"), 0);
    let waiting = Running::start({
        let mut command = lab.on("a", "cat");
        command.stdin(std::process::Stdio::piped());
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        command
    });
    let net = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    let theirs = until("it is in a network of its own", || {
        let theirs = net(&waiting.pid().to_string())?;
        (net("self").as_ref() != Some(&theirs)).then_some(theirs)
    });
    drop(waiting);
    drop(lab);
    let holders = || {
        let processes = fs::read_dir("/proc").expect("processes").flatten();
        let pids = processes.map(|entry| entry.file_name().to_string_lossy().into_owned());
        pids.filter(|pid| net(pid).as_ref() == Some(&theirs))
            .count()
    };
    until("nobody is in its network any more", || {
        (holders() == 0).then_some(())
    });
}
