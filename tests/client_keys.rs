//! Every command that goes to a room, at a server whose rooms take a key: with the right one, a wrong one and none. And what
//! a node without it gets from the swarm of such a room.

use crate::common::member::{Member, key_of};
use crate::common::running::{Running, track_id};
use crate::common::server::{Client, TRACK, TestServer, jam};
use crate::common::temp::TempFolder;

use crate::common::relay::Relay;
use jam::client::outgoing::Hello;
use jam::identity::{NodeId, SwarmKey};
use jam::room::key::{Key, Keys};
use jam::room::message::Role;
use jam::swarm::handshake::Identity;
use jam::swarm::lister;
use jam::swarm::wire::WireError;
use serde_json::json;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Output;

const NEEDED: &str = "Room key needed (type it as --room-key KEY, or set JAM_ROOM_KEY)";
const WRONG: &str = "Wrong room key";

fn start() -> TestServer {
    TestServer::start(&[
        "--room-key",
        "plum jam",
        "--host-key",
        "stone",
        "--share",
        TRACK,
    ])
}

fn room_of(server: &TestServer) -> String {
    format!("ws://{}/ws/jam1", server.address)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The commands that end by themselves when they are not let in.
fn commands(room: &str, folder: &str) -> Vec<Vec<String>> {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut all = vec![
        words(&format!(
            "fetch --room {room} --listen-port 0 --output {folder}"
        )),
        words(&format!("host {room} --state")),
        words(&format!("host {room} --next")),
        words(&format!("host {room} --plain --listen-port 0")),
        words(&format!("listen {room} --no-fetch --player /bin/true")),
        words(&format!("listen {room} --player /bin/true")),
        words(&format!("check --room {room}")),
        words(&format!("peer --tracker-ws {room} --listen-port 0")),
    ];
    all.push(
        ["seed", TRACK, "--room", room, "--listen-port", "0"]
            .map(String::from)
            .into(),
    );
    all
}

fn run(arguments: &[String], more: &[&str]) -> Output {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = jam(&arguments);
    command.args(more).output().expect("jam runs")
}

#[test]
fn a_guest_says_one_key_and_who_would_host_both() {
    let keys = Keys {
        room: Key::parse("plum"),
        host: Key::parse("stone"),
    };
    let said = |role, keys: &Keys| {
        let hello = Hello {
            role,
            display_name: None,
            node: false,
            wants: Vec::new(),
            token: None,
        };
        hello.encode(keys)
    };
    assert_eq!(
        said(Role::Host, &keys),
        r#"{"type":"HELLO","role":"host","wants":["WELCOME"],"key":"plum","host_key":"stone"}"#
    );
    assert!(said(Role::Viewer, &keys).ends_with(r#","key":"plum"}"#));
    assert!(!said(Role::Host, &Keys::default()).contains("key"));
}

#[test]
fn every_command_says_that_it_takes_a_key_and_what_is_wrong_with_another() {
    let server = start();
    let folder = TempFolder::new();
    for arguments in commands(&room_of(&server), &folder.path().to_string_lossy()) {
        for (more, expected) in [(&[][..], NEEDED), (&["--room-key", "guess"], WRONG)] {
            let output = run(&arguments, more);
            let told = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
            assert!(told.contains(expected), "{arguments:?}: {told}");
            assert!(!told.contains("guess"), "{told}");
            assert_eq!(text(&output.stdout).find("is gone"), None, "{output:?}");
        }
    }
}

#[test]
fn with_the_key_of_the_address_or_the_environment_they_are_in() {
    let server = start();
    let linked = format!("http://{}/jam1#key=plum%20jam", server.address);
    let folder = TempFolder::new();
    let output = jam(&["fetch", "--room", &linked, "--listen-port", "0", "--output"])
        .arg(folder.path())
        .args(["--seed-after", "0"])
        .output()
        .expect("jam runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(
        fs::read(folder.join("prelude5.wav")).ok(),
        fs::read(TRACK).ok()
    );
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(!said.contains("plum"), "{said}");
    for arguments in [
        ["host", &room_of(&server), "--state", "--json"],
        ["host", &room_of(&server), "--queue", "--json"],
    ] {
        let output = jam(&arguments)
            .env("JAM_ROOM_KEY", "plum jam")
            .output()
            .expect("jam runs");
        assert!(text(&output.stdout).contains("prelude5.wav") || arguments[2] == "--state");
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
}

#[test]
fn who_would_host_shows_the_key_to_the_seat_as_well() {
    let server = start();
    let room = room_of(&server);
    let host = |more: &[&str]| {
        let mut command = jam(&["host", &room, "--play", "1", "--json"]);
        command.args(more).env("JAM_ROOM_KEY", "plum jam");
        command.output().expect("jam runs")
    };
    let without = host(&[]);
    let told = text(&without.stderr);
    assert_eq!(without.status.code(), Some(1), "{told}");
    assert!(
        told.contains("Host key needed (type it as --host-key KEY"),
        "{told}"
    );
    let wrong = text(&host(&["--host-key", "pebble"]).stderr);
    assert!(
        wrong.contains("Wrong host key")
            && wrong.contains("type it as --host-key KEY")
            && !wrong.contains("pebble"),
        "{wrong}"
    );
    let right = host(&["--host-key", "stone"]);
    assert!(right.status.success(), "{}", text(&right.stderr));
    assert!(text(&right.stdout).contains(r#""status":"PLAY""#));
    let mut seed = jam(&[
        "seed",
        TRACK,
        "--room",
        &room,
        "--listen-port",
        "0",
        "--host",
    ]);
    seed.env("JAM_ROOM_KEY", "plum jam")
        .env("JAM_HOST_KEY", "stone");
    let seed = Running::start(seed);
    let line = seed.wait_for_stdout(&["jam fetch", "--room"]);
    assert!(line.ends_with("--room-key KEY"), "{line}");
    seed.wait_for_stdout(&["What stands behind --room-key is the key to the room."]);
    let said = seed.stdout().join("\n") + &seed.stderr().join("\n");
    assert!(!said.contains("plum") && !said.contains("stone"), "{said}");
}

#[test]
fn a_client_whose_room_is_locked_while_it_was_away_says_so_and_does_not_hammer() {
    let server = TestServer::start(&[]);
    let line = Relay::to(server.address);
    let room = format!("ws://{}/ws/jam1", line.address);
    let seed = Running::start(jam(&["seed", TRACK, "--room", &room, "--listen-port", "0"]));
    seed.wait_for_stdout(&["Ctrl-C stops it"]);
    let mut ana = Client::connect(&server, "jam1");
    ana.say(r#"{"type":"HELLO","role":"host","wants":["RIGHTS"]}"#);
    ana.hear_next("RIGHTS");
    line.cut();
    ana.say(r#"{"type":"LOCK","key":"plum"}"#);
    assert_eq!(ana.hear_next("RIGHTS")["locked"], true);
    line.mend();
    seed.wait_for_stderr(&["room jam1", "Room key needed", "--room-key KEY"]);
}

#[test]
fn a_node_without_the_key_gets_nothing_from_the_server_and_nothing_from_the_rooms_nodes() {
    let server = start();
    let room = room_of(&server);
    let mut command = jam(&["seed", TRACK, "--room", &room, "--listen-port", "0"]);
    command.env("JAM_ROOM_KEY", "plum jam");
    let seed = Running::start(command);
    let line = seed.wait_for_stdout(&["jam fetch", "--connect"]);
    let port = line
        .split("--connect ")
        .nth(1)
        .and_then(|at| at.rsplit(':').next());
    let port: u16 = port
        .and_then(|port| port.split(' ').next()?.parse().ok())
        .expect("a port");
    let seed_address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // No way to the swarm key but through the door.
    let mut eve = Client::connect(&server, "jam1");
    eve.say(
        r#"{"type":"HELLO","role":"viewer","node":true,"wants":["WELCOME","SWARM_KEY","SWARM"]}"#,
    );
    assert_eq!(eve.hear_close(), (1008, "Room key needed".into()));
    let identity = Identity {
        node: NodeId([9; 8]),
        listen_port: 0,
    };
    for address in [seed_address, server.address] {
        for guess in [
            SwarmKey::OPEN,
            SwarmKey::of_text("plum jam"),
            SwarmKey::of_text(""),
        ] {
            let listed = lister::list(address, identity, guess);
            assert!(
                matches!(listed, Err(WireError::Refused(_))),
                "{address}: {listed:?}"
            );
        }
    }
    // Who has the room's key is told the swarm's.
    let hello = json!({"role": "viewer", "node": true, "wants": ["WELCOME", "SWARM_KEY"], "key": "plum jam"});
    let ben = Member::join(server.address, "jam1", hello);
    let key = SwarmKey(key_of(&ben.wait_for("WELCOME", |_| true)));
    let listed = lister::list(seed_address, identity, key).expect("the seed's tracks");
    let id = track_id(&fs::read(TRACK).expect("the track"));
    assert_eq!(
        listed.first().map(|track| track.track.to_string()),
        Some(id)
    );
}
