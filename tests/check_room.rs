//! `jam check --room`: a real room with nodes in it, and one that says exactly what a test wants.

use crate::common::server as common;

use common::{TestServer, WATCHDOG, jam};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use tungstenite::Message;

#[derive(Debug)]
struct Checked {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn check(arguments: &[&str]) -> Checked {
    let output = jam(&["check"]).args(arguments).output().expect("jam");
    Checked {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// A port at which HELLO is answered as by a node that takes part in no checks.
fn refusing() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || listener.incoming().flatten().for_each(refuse));
    address
}

fn refuse(mut socket: TcpStream) {
    let _hello = socket.read_exact(&mut [0; 84]);
    let _gone = socket.write_all(b"\0\0\0\x04\x0f\x09no");
    let _end = socket.read(&mut [0; 84]);
}

fn unused_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A server with a room whose nodes are `peers` and `nodes`, and which says that it dialled us with success or not. Its own
/// node answers on the same port.
fn room_that_says(peers: Value, nodes: Value, dialable: Option<bool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let (peers, nodes) = (peers.clone(), nodes.clone());
            std::thread::spawn(move || serve(socket, &peers, &nodes, dialable));
        }
    });
    format!("ws://{address}/ws/jam1")
}

fn serve(socket: TcpStream, peers: &Value, nodes: &Value, dialable: Option<bool>) {
    socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
    let mut first = [0];
    if !matches!(socket.peek(&mut first), Ok(1)) || first == [0] {
        return refuse(socket);
    }
    let mut socket = tungstenite::accept(socket).expect("an upgrade");
    let hello = socket.read().expect("HELLO").into_text().expect("text");
    assert!(
        hello.contains(r#""node":true"#) && hello.contains("SWARM_KEY"),
        "{hello}"
    );
    let (key, node_id) = ("ab".repeat(32), "5e".repeat(8));
    for message in [
        json!({"type":"STATE","payload":{"track_id":null,"status":"PAUSE","offset_sec":0,"timestamp":1}}),
        json!({"type":"PEER","peer_id":"pme"}),
        json!({"type":"WELCOME","version":"9","room":"jam1","peer_id":"pme","name":"jam check","role":"viewer","swarm":{"key":key,"node_id":node_id}}),
    ] {
        socket
            .send(Message::text(message.to_string()))
            .expect("sent");
    }
    let announce = socket.read().expect("ANNOUNCE").into_text().expect("text");
    let announce: Value = serde_json::from_str(&announce).expect("JSON");
    let port = announce["port"].as_u64().expect("a port") as u16;
    TcpStream::connect(("127.0.0.1", port)).expect("the check listens where it says");
    let mut list = json!({"type":"PEERS","room":"jam1","peers":peers,"interval_sec":15,"you":{"ip":"127.0.0.1"}});
    socket.send(Message::text(list.to_string())).expect("sent");
    let swarm = json!({"type":"SWARM","room":"jam1","nodes":nodes});
    socket.send(Message::text(swarm.to_string())).expect("sent");
    if let Some(dialable) = dialable {
        list["you"]["dialable"] = dialable.into();
        socket.send(Message::text(list.to_string())).expect("sent");
    }
    while socket.read().is_ok() {}
}

fn peer(id: &str, name: &str, port: u16) -> Value {
    json!({"peer_id":id,"ip":"127.0.0.1","port":port,"have_count":0,"display_name":name,"is_host":false,"node_id":"0102030405060708"})
}

#[test]
fn the_table_joins_what_was_dialled_here_with_what_the_others_told() {
    let ana = refusing();
    let room = room_that_says(
        json!([
            peer("p1", "Ana's laptop", ana.port()),
            peer("p2", "Ben", unused_port())
        ]),
        json!([
            {"peer_id":"server","name":"Server","server":true,"from":[["p1",7]],"unreachable":["p2"]},
            {"peer_id":"p1","name":"Ana's laptop","dialable":true,"from":[["server",160],["p2",0]],"unreachable":["p2"]},
            {"peer_id":"p2","name":"Ben","dialable":false,"from":[["p1",3]]},
        ]),
        Some(true),
    );
    let checked = check(&["--room", &room]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    let rows: Vec<Vec<&str>> = checked
        .stdout
        .lines()
        .filter(|line| line.starts_with("  "))
        .map(|line| {
            line.trim()
                .split("   ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(
        rows[0],
        [
            "from \\ to",
            "server",
            "Ana's laptop",
            "Ben",
            "this machine"
        ]
    );
    assert_eq!(rows[1], ["server", "-", "yes", "no", "yes"]);
    assert_eq!(rows[2], ["Ana's laptop", "yes", "-", "no", "?"]);
    assert_eq!(rows[3], ["Ben", "?", "yes", "-", "?"]);
    assert!(
        rows[4][1].starts_with("yes ") && rows[4][2].starts_with("yes "),
        "{rows:?}"
    );
    assert_eq!(rows[4][3..], ["refused", "-"]);
    let meaning = "this machine can be dialled (TCP port ";
    assert!(checked.stdout.contains(meaning), "{}", checked.stdout);
    let meaning = "it does not reach Ben (refused), which will have to dial this machine instead";
    assert!(checked.stdout.contains(meaning), "{}", checked.stdout);
}

#[test]
fn all_is_well_when_the_server_dials_this_machine_and_it_reaches_everybody() {
    let ana = refusing();
    let room = room_that_says(
        json!([peer("p1", "Ana", ana.port())]),
        json!([]),
        Some(true),
    );
    let checked = check(&["--json", "--room", &room]);
    assert_eq!(
        (checked.code, checked.stderr.as_str()),
        (Some(0), ""),
        "{checked:?}"
    );
    let value: Value = serde_json::from_str(&checked.stdout).expect("JSON");
    assert_eq!(
        (&value["ok"], &value["dialable"]),
        (&true.into(), &true.into())
    );
    assert_eq!(value["nodes"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_machine_that_cannot_be_dialled_is_told_what_it_can_still_do() {
    let room = room_that_says(json!([]), json!([]), Some(false));
    let checked = check(&["--room", &room]);
    assert_eq!(checked.code, Some(1));
    let meaning = "it will still fetch, and serve by dialling the others";
    assert!(checked.stdout.contains(meaning), "{}", checked.stdout);
    let room = room_that_says(json!([]), json!([]), None);
    let checked = check(&["--room", &room]);
    assert!(
        checked.stdout.contains("the server does not say"),
        "{}",
        checked.stdout
    );
}

#[test]
fn a_room_is_checked_with_everybody_in_it() {
    let server = TestServer::start(&[]);
    let room = format!("{}/jam1", server.address);
    // Nodes that announced themselves: one that answers as jam, one that is gone, and a browser.
    let answers = refusing();
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port");
    let gone_port = gone.local_addr().expect("an address").port();
    drop(gone);
    let mut members = Vec::new();
    for (name, port) in [("Ana", answers.port()), ("Ben", gone_port), ("Cleo", 0)] {
        let mut member = common::Client::connect(&server, "jam1");
        member.say(&format!(
            r#"{{"type":"HELLO","role":"viewer","display_name":"{name}"}}"#
        ));
        member.say(&format!(r#"{{"type":"ANNOUNCE","port":{port}}}"#));
        member.hear_next("PEERS");
        members.push(member);
    }
    let checked = check(&["--room", &room]);
    let row = |name: &str| {
        let line = checked
            .stdout
            .lines()
            .find(|line| line.trim().starts_with(name));
        line.unwrap_or_else(|| panic!("no {name}: {}", checked.stdout))
            .to_owned()
    };
    let mine = row("this machine  ");
    assert!(
        mine.contains("yes 0.") && mine.contains("refused") && mine.contains("cannot listen"),
        "{mine}"
    );
    assert!(row("from \\ to").contains("Ana"));
    assert!(row("Ana").contains('?'));
    assert!(
        checked.stdout.contains("it does not reach Ben (refused)"),
        "{}",
        checked.stdout
    );
    assert_eq!(checked.code, Some(1), "Ben is not reached");

    let json = check(&["--json", "--room", &room]);
    let value: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let reach = value["reach"].as_array().expect("a list");
    assert!(
        reach
            .iter()
            .any(|pair| pair["ok"] == true && pair["round_trip_ms"].is_number())
    );
    assert!(reach.iter().any(|pair| pair["why"] == "refused"));
}

#[test]
fn a_room_that_cannot_be_joined_is_told_in_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let checked = check(&["--room", &format!("ws://{address}/ws/jam1")]);
    assert_eq!((checked.code, checked.stdout.as_str()), (Some(1), ""));
    assert!(
        checked.stderr.contains("is `jam server` running there"),
        "{checked:?}"
    );
    assert_eq!(checked.stderr.lines().count(), 1);
}
