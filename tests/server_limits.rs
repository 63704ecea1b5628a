//! The limits of the real binary, made small by their flags: what is refused and how, that the others go on, that places come
//! free again, and what the log says.

use crate::common::http::{Response, get, put, put_head, read_response};
use crate::common::member::Member;
use crate::common::running::until;
use crate::common::server::{Client, TestServer, WATCHDOG};
use crate::common::temp::TempFolder;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tungstenite::Message;

const MIB: usize = 1 << 20;

/// A connection from this address of the loopback interface.
fn connect_from(server: &TestServer, ip: &str) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let own = SocketAddr::new(ip.parse().expect("an address"), 0);
    socket.bind(&own.into()).expect("bound");
    socket.connect(&server.address.into()).expect("connected");
    let socket = TcpStream::from(socket);
    socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
    socket
}

fn client_from(server: &TestServer, ip: &str, room: &str) -> Client {
    let url = format!("ws://{}/ws/{room}", server.address);
    let (socket, _) = tungstenite::client(&url, connect_from(server, ip)).expect("an upgrade");
    Client(socket)
}

const HELLO: &str = r#"{"type":"HELLO","role":"viewer"}"#;

/// Joins a room, or hears why not.
fn try_join(mut client: Client) -> Result<Client, (u16, String)> {
    client.say(HELLO);
    loop {
        match client.0.read() {
            Ok(Message::Text(text)) if text.contains("\"PEER\"") => return Ok(client),
            Ok(Message::Close(Some(close))) => {
                return Err((close.code.into(), close.reason.to_string()));
            }
            Ok(_) => {}
            Err(error) => panic!("neither in nor out: {error}"),
        }
    }
}

fn refusal_of(client: Client) -> (u16, String) {
    match try_join(client) {
        Ok(_) => panic!("it is in"),
        Err(refusal) => refusal,
    }
}

/// The same message again and again, in a thread of its own, until the connection ends.
fn flood(client: &Client, bytes: Vec<u8>) -> std::thread::JoinHandle<()> {
    let mut socket = client.0.get_ref().try_clone().expect("a second handle");
    std::thread::spawn(move || while socket.write_all(&bytes).is_ok() {})
}

/// Masked with zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend((long as u16).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

// ---- connections ---------------------------------------------------------------------------------

#[test]
fn one_address_cannot_take_all_connections_and_the_log_says_so_now_and_then() {
    let server = TestServer::start(&["--max-connections-per-address", "3"]);
    let members: Vec<Client> = (0..3)
        .map(|_| Client::join(&server, "a", "viewer").0)
        .collect();
    for _ in 0..40 {
        let mut answer = String::new();
        let mut socket = server.connect();
        let _asked = socket.write_all(b"GET /healthz HTTP/1.0\r\n\r\n");
        let _reset = socket.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer:?}");
        assert!(answer.contains("from your address"), "{answer:?}");
    }
    // Somebody else gets in.
    let response = get(&mut connect_from(&server, "127.0.0.2"), "/healthz");
    assert_eq!(response.status, 200);
    let line = server.wait_for_log(&["turned away", "127.0.0.1"]);
    assert!(
        line.contains("3 at a time, --max-connections-per-address"),
        "{line}"
    );
    server.wait_for_log(&["more turned away: too many connections from one address"]);
    // Some at once, and then one each second that a slow machine takes.
    let told = server.log_so_far();
    assert!(told.len() < 30, "{told:?}");
    drop(members);
    let free = || {
        let mut answer = String::new();
        let mut socket = server.connect();
        let _asked = socket.write_all(b"GET /healthz HTTP/1.0\r\n\r\n");
        let _reset = socket.read_to_string(&mut answer);
        answer.starts_with("HTTP/1.1 200 ").then_some(())
    };
    until("the places come free", free);
}

#[test]
fn a_request_that_is_refused_is_told_to_the_log_with_its_limit() {
    let server = TestServer::start(&["--max-upload", "1000"]);
    let head = format!(
        "GET / HTTP/1.1\r\nHost: jam\r\nX: {}\r\n\r\n",
        "x".repeat(9000)
    );
    let answer = |request: &[u8]| {
        let mut socket = server.connect();
        let _refused = socket.write_all(request);
        read_response(&mut socket).status
    };
    assert_eq!(answer(head.as_bytes()), 431);
    server.wait_for_log(&["127.0.0.1 turned away", "8192 bytes and 64 fields"]);
    assert_eq!(answer(b"BREW /pot HTTP/1.1\r\nHost: jam\r\n\r\n"), 405);
    server.wait_for_log(&["info 127.0.0.1 turned away", "only GET and HEAD"]);
    let (_host, key) = host_with_key(&server);
    assert_eq!(upload(&server, &key, 1).status, 413);
    server.wait_for_log(&["warn 127.0.0.1 turned away", "1000 bytes, --max-upload"]);
}

// ---- rooms and members ---------------------------------------------------------------------------

#[test]
fn one_address_cannot_make_all_rooms_and_its_empty_ones_go() {
    let server = TestServer::start(&["--max-rooms-per-address", "2"]);
    let first = try_join(Client::connect(&server, "r1")).expect("a room");
    let _second = try_join(Client::connect(&server, "r2")).expect("a room");
    let refused = refusal_of(Client::connect(&server, "r3"));
    assert_eq!(refused, (1013, "Too many rooms from your address".into()));
    server.wait_for_log(&["127.0.0.1", "r3", "2 at a time, --max-rooms-per-address"]);
    // It may enter what is there, and somebody else may make one, which it may enter as well.
    try_join(Client::connect(&server, "r2")).expect("an old room");
    let _other = try_join(client_from(&server, "127.0.0.2", "r3")).expect("a room");
    try_join(Client::connect(&server, "r3")).expect("a room of somebody else");
    drop(first);
    // Ten seconds for a room in which nothing was played.
    until("its empty room goes", || {
        try_join(Client::connect(&server, "r4")).ok()
    });
}

#[test]
fn no_more_rooms_than_told_are_there_at_a_time() {
    let server = TestServer::start(&["--max-rooms", "2"]);
    let _first = try_join(Client::connect(&server, "r1")).expect("a room");
    let _second = try_join(client_from(&server, "127.0.0.2", "r2")).expect("a room");
    let refused = refusal_of(client_from(&server, "127.0.0.3", "r3"));
    assert_eq!(refused, (1013, "Too many rooms".into()));
    server.wait_for_log(&["127.0.0.3", "2 at a time, --max-rooms)"]);
}

#[test]
fn the_servers_own_room_is_there_for_the_party_however_many_others_there_are() {
    let server = TestServer::start(&["--max-rooms", "1", "--room", "kitchen"]);
    let _stranger = try_join(client_from(&server, "127.0.0.2", "r1")).expect("a room");
    assert_eq!(
        refusal_of(Client::connect(&server, "r2")),
        (1013, "Too many rooms".into())
    );
    try_join(Client::connect(&server, "kitchen")).expect("the server's own room");
}

#[test]
fn a_room_has_no_more_members_than_told_but_one_that_comes_back_has_its_place() {
    let server = TestServer::start(&["--max-members", "2"]);
    let mut host = Client::connect(&server, "a");
    host.say(r#"{"type":"HELLO","role":"host","wants":["WELCOME"]}"#);
    let token = host.hear_next("WELCOME")["token"].clone();
    let second = try_join(Client::connect(&server, "a")).expect("a place");
    assert_eq!(
        refusal_of(Client::connect(&server, "a")),
        (1013, "Room is full".into())
    );
    server.wait_for_log(&[
        "127.0.0.1: member",
        "Room is full (2 members, --max-members)",
    ]);
    try_join(Client::connect(&server, "b")).expect("another room");
    let mut again = Client::connect(&server, "a");
    again.say(&format!(
        r#"{{"type":"HELLO","role":"host","token":{token}}}"#
    ));
    again.hear("STATE");
    assert_eq!(host.hear_close().1, "Came back on another connection");
    drop(second);
    until("a place comes free", || {
        try_join(Client::connect(&server, "a")).ok()
    });
}

// ---- what one member says ------------------------------------------------------------------------

/// Hears an ERROR about this limit, and then the close with this reason; nothing else but `other` answers.
fn told_and_cut_off(client: &mut Client, about: &str, reason: &str) {
    let mut told = false;
    let close = loop {
        match client.0.read() {
            Ok(Message::Text(text)) => told |= text.contains(about) && text.contains("ERROR"),
            Ok(Message::Close(Some(close))) => break close,
            Ok(_) => {}
            Err(error) => panic!("no close frame (told: {told}): {error}"),
        }
    };
    assert!(told, "cut off without a word: {}", close.reason);
    assert_eq!(
        (u16::from(close.code), close.reason.as_str()),
        (1008, reason)
    );
}

#[test]
fn who_floods_with_messages_is_told_and_then_cut_off_while_the_others_play_on() {
    let server = TestServer::start(&["--max-messages", "20"]);
    let host = Member::join(server.address, "a", json!({ "role": "host" }));
    let (mut flooder, _) = Client::join(&server, "a", "viewer");
    let play = r#"{"type":"PLAY","track_id":null,"offset_sec":1}"#;
    let flooding = flood(&flooder, frame(0x81, play.as_bytes()));
    // Meanwhile the host is heard as ever.
    for round in 1..=10 {
        host.say(&json!({ "type": "PLAY", "track_id": null, "offset_sec": round }));
        host.wait_for("STATE", |state| state["payload"]["offset_sec"] == round);
    }
    told_and_cut_off(&mut flooder, "20 messages a second", "Too many messages");
    drop(flooder);
    flooding.join().expect("it ended");
    assert!(!host.has_heard("ERROR"));
    let limit = "Too many messages (20 a second, --max-messages)";
    server.wait_for_log(&["127.0.0.1: member", limit]);
}

#[test]
fn who_floods_with_bytes_is_told_and_then_cut_off() {
    let server = TestServer::start(&["--max-bytes", "256KiB", "--max-messages", "1000000"]);
    let (mut flooder, _) = Client::join(&server, "a", "viewer");
    let signal = format!(
        r#"{{"type":"SIGNAL","to":"nobody","blob":"{}"}}"#,
        "x".repeat(60_000)
    );
    let flooding = flood(&flooder, frame(0x81, signal.as_bytes()));
    told_and_cut_off(&mut flooder, "262144 bytes a second", "Too many bytes");
    drop(flooder);
    flooding.join().expect("it ended");
    server.wait_for_log(&["Too many bytes (262144 a second, --max-bytes)"]);
}

#[test]
fn pings_are_paid_for_like_messages() {
    let server = TestServer::start(&["--max-messages", "20"]);
    let (mut flooder, _) = Client::join(&server, "a", "viewer");
    let flooding = flood(&flooder, frame(0x89, b"ping"));
    told_and_cut_off(&mut flooder, "20 messages a second", "Too many messages");
    drop(flooder);
    flooding.join().expect("it ended");
}

#[test]
fn a_message_comes_in_some_pieces_but_not_in_any_number() {
    let server = TestServer::start(&["--max-messages", "1000000"]);
    let (mut client, _) = Client::join(&server, "a", "viewer");
    let text = br#"{"type":"CLOCK","t0":1}"#;
    let mut socket = client.0.get_ref().try_clone().expect("a second handle");
    for (index, byte) in text.iter().enumerate() {
        let first = if index == 0 { 0x01 } else { 0x00 };
        let last = if index + 1 == text.len() { 0x80 } else { 0x00 };
        socket
            .write_all(&frame(first | last, &[*byte]))
            .expect("sent");
        socket.write_all(&frame(0x89, b"")).expect("sent");
    }
    assert_eq!(client.hear("CLOCK")["t0"], 1);
    for payload in [&b""[..], b"x"] {
        let (mut client, _) = Client::join(&server, "a", "viewer");
        let mut socket = client.0.get_ref().try_clone().expect("a second handle");
        socket.write_all(&frame(0x01, payload)).expect("sent");
        let flooding = flood(&client, frame(0x00, payload));
        assert_eq!(client.hear_close(), (1008, "Too many fragments".into()));
        drop((client, socket));
        flooding.join().expect("it ended");
    }
    server.wait_for_log(&["Too many fragments (256 a message)"]);
}

#[test]
fn a_signal_may_be_longer_than_what_is_said_to_the_room() {
    let server = TestServer::start(&[]);
    let (mut ana, ana_id) = Client::join(&server, "a", "host");
    let (mut ben, _) = Client::join(&server, "a", "viewer");
    let envelope = format!(r#"{{"type":"SIGNAL","to":"{ana_id}","blob":""}}"#);
    for bytes in [65_537, 262_144] {
        let blob = "x".repeat(bytes - envelope.len());
        ben.say(&envelope.replace("\"\"", &format!("\"{blob}\"")));
        assert_eq!(ana.hear("SIGNAL")["blob"], blob.as_str());
    }
    let blob = "x".repeat(262_145 - envelope.len());
    ben.say(&envelope.replace("\"\"", &format!("\"{blob}\"")));
    assert_eq!(
        ben.hear_close(),
        (1009, "Message is over 262144 bytes".into())
    );
    let long = format!(
        r#"{{"type":"PLAY","track_id":null,"offset_sec":1,"x":"{}"}}"#,
        "x".repeat(65_536)
    );
    ana.say(&long);
    assert_eq!(
        ana.hear_close(),
        (1009, "Message is over 65536 bytes".into())
    );
    let mut early = Client::connect(&server, "a");
    early.say(&format!(
        r#"{{"type":"HELLO","role":"viewer","x":"{}"}}"#,
        "x".repeat(65_536)
    ));
    assert_eq!(
        early.hear_close(),
        (1009, "Message is over 65536 bytes".into())
    );
}

#[test]
fn a_message_that_drips_in_has_one_deadline() {
    let server = TestServer::start(&[]);
    let (mut client, _) = Client::join(&server, "a", "viewer");
    let mut dripping = client.0.get_ref().try_clone().expect("a second handle");
    let drip = std::thread::spawn(move || {
        let whole = frame(0x81, &[b' '; 120]);
        for byte in whole {
            if dripping.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        panic!("the server let it go on");
    });
    assert_eq!(client.hear_close(), (1008, "Message timeout".into()));
    drop(client);
    drip.join().expect("the dripping ended");
}

// ---- memory --------------------------------------------------------------------------------------

/// What the process really has in memory.
fn resident_bytes(server: &TestServer) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()));
    let status = status.expect("a process");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("a line");
    let kib: usize = line
        .split_whitespace()
        .nth(1)
        .expect("a number")
        .parse()
        .expect("digits");
    kib * 1024
}

#[test]
fn thirty_unfinished_messages_and_thirty_that_never_read_take_no_more_than_they_may() {
    let server = TestServer::start(&["--max-messages", "1000000", "--max-bytes", "1GiB"]);
    let (mut host, host_id) = Client::join(&server, "a", "host");
    let mut holders: Vec<Client> = (0..30)
        .map(|_| Client::join(&server, "a", "viewer").0)
        .collect();
    let before = resident_bytes(&server);
    for holder in &mut holders {
        // All of the longest signal but its end, in a frame that says it is longer still to come.
        let begin = format!(r#"{{"type":"SIGNAL","to":"{host_id}","blob":""#);
        let mut head = vec![0x81, 0xff];
        head.extend(262_144_u64.to_be_bytes());
        head.extend([0; 4]);
        let socket = holder.0.get_mut();
        socket.write_all(&head).expect("sent");
        socket.write_all(begin.as_bytes()).expect("sent");
        socket
            .write_all(&vec![b'x'; 262_144 - begin.len() - 1])
            .expect("sent");
    }
    // Whatever came before it has been read when this is answered, but for what waits in sockets.
    for round in 0..200 {
        host.say(&format!(r#"{{"type":"CLOCK","t0":{round}}}"#));
        host.hear("CLOCK");
    }
    let after = resident_bytes(&server);
    // 30 of 256 KiB are 7.5 MiB.
    assert!(after < before + 16 * MIB, "{before} and then {after} bytes");
    // Beside them as many that do not read what is meant for them alone, in a room where something happens.
    let deaf: Vec<(Client, String)> = (0..30)
        .map(|_| Client::join(&server, "a", "viewer"))
        .collect();
    let blob = "x".repeat(250_000);
    for round in 1..=6 {
        for (_, id) in &deaf {
            host.say(&format!(
                r#"{{"type":"SIGNAL","to":"{id}","blob":"{blob}"}}"#
            ));
        }
        host.say(&format!(
            r#"{{"type":"PAUSE","track_id":null,"offset_sec":{round}}}"#
        ));
        assert_eq!(host.hear_next("STATE")["payload"]["offset_sec"], round);
        // 7.5 MiB, and 30 of 640 KiB; 45 MiB were sent.
        let after = resident_bytes(&server);
        assert!(after < before + 36 * MIB, "{before} and then {after} bytes");
    }
    server.wait_for_log(&["member", "cut off: outbox full ("]);
}

#[test]
fn members_that_never_read_hold_up_nobody_and_no_memory_and_have_the_newest_state_or_none() {
    let server = TestServer::start(&["--max-messages", "1000000"]);
    let (mut host, _) = Client::join(&server, "a", "host");
    let (mut reader, _) = Client::join(&server, "a", "viewer");
    let mut deaf: Vec<Client> = (0..30)
        .map(|_| Client::join(&server, "a", "viewer").0)
        .collect();
    let before = resident_bytes(&server);
    let track = "t".repeat(256);
    let rounds = 20_000;
    let hearing = std::thread::spawn(move || {
        let mut newest = 0;
        while newest < rounds {
            newest = reader.hear("STATE")["payload"]["offset_sec"]
                .as_u64()
                .expect("a number");
        }
    });
    let mut last = 0;
    for round in 1..=rounds {
        host.say(&format!(
            r#"{{"type":"PAUSE","track_id":"{track}","offset_sec":{round}}}"#
        ));
        if round % 20 == 0 {
            while last < round {
                last = host.hear("STATE")["payload"]["offset_sec"]
                    .as_u64()
                    .expect("a number");
            }
        }
    }
    hearing.join().expect("who reads has the last one");
    let after = resident_bytes(&server);
    assert!(after < before + 48 * MIB, "{before} and then {after} bytes");
    for client in &mut deaf {
        let mut newest = 0;
        while newest < rounds {
            match client.next() {
                Ok(state) => newest = state["payload"]["offset_sec"].as_u64().expect("a number"),
                Err(_) => break, // Cut off, because it took nothing for too long.
            }
        }
    }
}

// ---- behind a proxy ------------------------------------------------------------------------------

/// A member whose upgrade has these fields.
fn join_with(server: &TestServer, fields: &str) -> Client {
    let mut socket = server.connect();
    let request = format!(
        "GET /ws/a HTTP/1.1\r\nHost: jam\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
    );
    socket.write_all(request.as_bytes()).expect("sent");
    let response = read_response(&mut socket);
    assert_eq!(response.status, 101, "{}", response.head);
    let role = tungstenite::protocol::Role::Client;
    Client(tungstenite::WebSocket::from_raw_socket(socket, role, None))
}

/// The address under which the others find a node that came like this.
fn address_of(server: &TestServer, fields: &str) -> String {
    let mut node = join_with(server, fields);
    node.say(HELLO);
    node.hear_next("PEER");
    let (mut other, _) = Client::join(server, "a", "viewer");
    node.say(r#"{"type":"ANNOUNCE","port":9003}"#);
    let listed = other.hear_next("PEERS");
    let ip = listed["peers"][0]["ip"]
        .as_str()
        .expect("an address")
        .to_owned();
    node.0.close(None).expect("closing");
    while node.0.read().is_ok() {}
    until("it is gone", || {
        (other.hear_next("PEERS")["peers"] == Value::Array(Vec::new())).then_some(())
    });
    ip
}

#[test]
fn a_trusted_proxy_says_where_everybody_is() {
    let server = TestServer::start(&["--trust-proxy"]);
    for (fields, ip) in [
        ("", "127.0.0.1"),
        ("X-Forwarded-For: 10.0.0.9\r\n", "10.0.0.9"),
        ("X-Forwarded-For: 1.2.3.4, 10.0.0.9\r\n", "10.0.0.9"),
        (
            "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.0.0.9:4711\r\n",
            "10.0.0.9",
        ),
        ("X-Forwarded-For: [2001:db8::9]:4711\r\n", "2001:db8::9"),
        ("X-Forwarded-For: 10.0.0.9, garbage\r\n", "127.0.0.1"),
        ("X-Forwarded-For: \r\n", "127.0.0.1"),
        ("Forwarded: for=10.0.0.9\r\n", "127.0.0.1"),
    ] {
        assert_eq!(address_of(&server, fields), ip, "{fields:?}");
    }
}

#[test]
fn nobody_is_believed_who_says_where_others_are_unless_told_to() {
    let server = TestServer::start(&[]);
    let fields = "X-Forwarded-For: 10.0.0.9\r\n";
    assert_eq!(address_of(&server, fields), "127.0.0.1");
}

#[test]
fn behind_a_trusted_proxy_connections_and_rooms_are_counted_for_who_is_behind_it() {
    let server = TestServer::start(&["--trust-proxy", "--max-connections-per-address", "2"]);
    let of = |ip: &str| format!("X-Forwarded-For: {ip}\r\n");
    let mut members = Vec::new();
    for ip in [
        "10.0.0.1",
        "10.0.0.1",
        "10.0.0.2",
        "2001:db8::1",
        "2001:db8::2",
    ] {
        members.push(join_with(&server, &of(ip)));
    }
    let ask = |ip: &str| {
        let mut socket = server.connect();
        let request = format!("GET /healthz HTTP/1.1\r\nHost: jam\r\n{}\r\n", of(ip));
        socket.write_all(request.as_bytes()).expect("sent");
        read_response(&mut socket)
    };
    for ip in ["10.0.0.1", "2001:db8::3"] {
        let refused = ask(ip);
        assert_eq!(refused.status, 503, "{ip}");
        assert!(
            refused.text().contains("from your address"),
            "{}",
            refused.text()
        );
    }
    // Until its head is read a connection counts as one of the proxy, and so does one that was refused until it is gone.
    for ip in ["10.0.0.2", "2001:db8:0:1::1"] {
        until("there is a place", || (ask(ip).status == 200).then_some(()));
    }
    server.wait_for_log(&["10.0.0.1 turned away", "--max-connections-per-address"]);
}

#[test]
fn a_household_of_ipv6_has_the_places_of_one_address_among_the_uploads() {
    let server = TestServer::start(&["--trust-proxy", "--max-uploads", "4"]);
    let (_host, key) = host_with_key(&server);
    let begin = |ip: &str| {
        let fields = format!("{key}X-Forwarded-For: {ip}\r\nExpect: 100-continue\r\n");
        let mut socket = server.connect();
        let head = put_head("/tracks?name=a.wav&room=a", 1000, &fields);
        socket.write_all(head.as_bytes()).expect("sent");
        let response = read_response(&mut socket);
        (socket, response)
    };
    let (_first, response) = begin("2001:db8::1");
    assert_eq!(response.status, 100, "{}", response.head);
    let (_second, response) = begin("2001:db8::2");
    assert_eq!(response.status, 503, "{}", response.text());
    server.wait_for_log(&[
        "2001:db8::2 turned away",
        "1 from one address, --max-uploads",
    ]);
    for ip in ["2001:db8:0:1::1", "10.0.0.1"] {
        assert_eq!(begin(ip).1.status, 100, "{ip}");
    }
}

// ---- the library ---------------------------------------------------------------------------------

/// A host that may upload, and its key as a field of a request.
fn host_with_key(server: &TestServer) -> (Client, String) {
    let mut host = Client::connect(server, "a");
    host.say(r#"{"type":"HELLO","role":"host","wants":["WELCOME","QUEUE"]}"#);
    let welcome = host.hear_next("WELCOME");
    let key = welcome["upload_key"].as_str().expect("a key");
    (host, format!("Authorization: Bearer {key}\r\n"))
}

/// A WAV file of so many bytes and a few more, another for each `mark`.
fn wav(mark: u8, samples: u32) -> Vec<u8> {
    let mut file = b"RIFF".to_vec();
    file.extend((36 + samples).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data");
    file.extend(samples.to_le_bytes());
    file.resize(44 + samples as usize, mark);
    file
}

fn upload(server: &TestServer, key: &str, mark: u8) -> Response {
    let path = format!("/tracks?name=song{mark}.wav&room=a");
    put(&mut server.connect(), &path, key, &wav(mark, 300_000))
}

fn id(mark: u8) -> String {
    blake3::hash(&wav(mark, 300_000)).to_string()
}

fn has(server: &TestServer, mark: u8) -> bool {
    let path = format!("/tracks/{}", id(mark));
    let mut socket = server.connect();
    let request = format!("HEAD {path} HTTP/1.0\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("sent");
    let mut head = String::new();
    socket.read_to_string(&mut head).expect("an answer");
    head.starts_with("HTTP/1.1 200 ")
}

fn queue(server: &TestServer) -> Vec<Value> {
    let view = get(&mut server.connect(), "/api/rooms/a").json();
    view["tracks"].as_array().expect("tracks").clone()
}

fn take_out(server: &TestServer, host: &mut Client, mark: u8) {
    host.say(&format!(r#"{{"type":"REMOVE","track_id":"{}"}}"#, id(mark)));
    until("it is out of the queue", || {
        let queue = queue(server);
        let mut ids = queue.iter().map(|track| &track["track_id"]);
        ids.all(|track| track != id(mark).as_str()).then_some(())
    });
}

/// Three of these tracks fit, and not four.
const THREE: [&str; 2] = ["--max-library", "1000000"];

#[test]
fn a_full_library_drops_what_no_queue_needs_and_never_what_one_needs() {
    let folder = TempFolder::new();
    let path = folder.path().to_str().expect("text");
    let server = TestServer::start(&[THREE[0], THREE[1], "--library", path]);
    let (mut host, key) = host_with_key(&server);
    for mark in 1..=3 {
        assert_eq!(upload(&server, &key, mark).status, 201);
    }
    let refused = upload(&server, &key, 4);
    assert_eq!(refused.status, 507, "{}", refused.text());
    server.wait_for_log(&["turned away", "1000000 bytes, --max-library"]);
    take_out(&server, &mut host, 2);
    assert!(has(&server, 2), "nothing goes without need");
    assert_eq!(upload(&server, &key, 4).status, 201);
    let dropped = server.wait_for_log(&["dropped to make room"]);
    assert!(dropped.contains("song2.wav"), "{dropped}");
    for (mark, there) in [(1, true), (2, false), (3, true), (4, true)] {
        assert_eq!(has(&server, mark), there, "{mark}");
        assert_eq!(folder.path().join(id(mark)).exists(), there, "{mark}");
    }
    // What was dropped may come again.
    take_out(&server, &mut host, 4);
    assert_eq!(upload(&server, &key, 2).status, 201);
    assert!(has(&server, 2) && !has(&server, 4));
}

/// Somebody who has said too much waits before the room hears him, and meanwhile what he adds may go.
#[test]
fn a_track_that_is_added_while_another_needs_its_room_is_there_or_awaited() {
    let server = TestServer::start(&[THREE[0], THREE[1], "--max-messages", "20"]);
    let (mut host, key) = host_with_key(&server);
    for mark in 1..=3 {
        assert_eq!(upload(&server, &key, mark).status, 201);
    }
    for _ in 0..8 {
        host.say(r#"{"type":"PAUSE","track_id":null,"offset_sec":0,"timestamp":0}"#);
    }
    for mark in 1..=3 {
        take_out(&server, &mut host, mark);
        host.say(&format!(r#"{{"type":"ADD","track_id":"{}"}}"#, id(mark)));
        let status = upload(&server, &key, mark + 3).status;
        assert!([201, 507].contains(&status), "{status}");
        until("what stands in the queue is there, or awaited", || {
            let is_settled = queue(&server).iter().all(|track| {
                let listed = (1..=mark + 3).find(|&mark| track["track_id"] == id(mark).as_str());
                let is_here = has(&server, listed.expect("one of ours"));
                is_here != (track["awaited"] == true)
            });
            is_settled.then_some(())
        });
    }
}

#[test]
fn an_upload_that_finds_no_place_lets_go_of_nothing() {
    let server = TestServer::start(&[THREE[0], THREE[1], "--max-uploads", "1"]);
    let (mut host, key) = host_with_key(&server);
    for mark in 1..=3 {
        assert_eq!(upload(&server, &key, mark).status, 201);
        take_out(&server, &mut host, mark);
    }
    let head = put_head("/tracks?name=slow.wav&room=a", 1000, &key);
    let mut slow = server.connect();
    slow.write_all(
        head.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n")
            .as_bytes(),
    )
    .expect("sent");
    assert_eq!(read_response(&mut slow).status, 100);
    let there: Vec<bool> = (1..=3).map(|mark| has(&server, mark)).collect();
    assert_eq!(upload(&server, &key, 4).status, 503);
    let left: Vec<bool> = (1..=3).map(|mark| has(&server, mark)).collect();
    assert_eq!(left, there);
}

#[test]
fn the_longest_unused_goes_first_also_after_a_restart() {
    let folder = TempFolder::new();
    let library = folder.path().join("library");
    let state = folder.path().join("state");
    let arguments = |path: &std::path::Path| path.to_str().expect("text").to_owned();
    let (library, state) = (arguments(&library), arguments(&state));
    let all = [
        THREE[0],
        THREE[1],
        "--library",
        &library,
        "--state-dir",
        &state,
    ];
    let mut server = TestServer::start(&all);
    let (mut host, key) = host_with_key(&server);
    for mark in 1..=3 {
        assert_eq!(upload(&server, &key, mark).status, 201);
    }
    for mark in 1..=3 {
        take_out(&server, &mut host, mark);
    }
    // Leaves its seat, so that it is free after the restart.
    host.0.close(None).expect("closing");
    while host.0.read().is_ok() {}
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    // As if all of it had been a while ago, and the first one asked for last.
    for (mark, days) in [(1, 3), (2, 2), (3, 1)] {
        let name = std::path::Path::new(&library).join(format!("{}.name", id(mark)));
        let file = std::fs::File::options()
            .write(true)
            .open(name)
            .expect("a name");
        let age = Duration::from_secs(days * 86_400);
        file.set_modified(std::time::SystemTime::now() - age)
            .expect("set");
    }
    let server = TestServer::start(&all);
    let (mut host, key) = host_with_key(&server);
    until("its music is looked through", || {
        has(&server, 3).then_some(())
    });
    let fetched = get(&mut server.connect(), &format!("/tracks/{}", id(1)));
    assert_eq!(fetched.status, 200);
    // What came back may stand in no queue: the room was empty when it was kept.
    assert_eq!(upload(&server, &key, 4).status, 201);
    assert!(
        server
            .wait_for_log(&["dropped to make room"])
            .contains("song2.wav")
    );
    take_out(&server, &mut host, 4);
    assert_eq!(upload(&server, &key, 5).status, 201);
    assert!(
        server
            .wait_for_log(&["dropped to make room"])
            .contains("song3.wav")
    );
    assert!(has(&server, 1) && !has(&server, 2) && !has(&server, 3));
}

#[test]
fn what_was_shared_is_never_dropped() {
    let folder = TempFolder::new();
    let song = folder.write("song1.wav", &wav(1, 300_000));
    let library = folder.path().join("library");
    let library = library.to_str().expect("text");
    let song = song.to_str().expect("text");
    let all = [
        THREE[0],
        THREE[1],
        "--library",
        library,
        "--room",
        "a",
        "--share",
        song,
    ];
    let server = TestServer::start(&all);
    let (mut host, key) = host_with_key(&server);
    host.hear_next("QUEUE");
    for mark in 2..=3 {
        assert_eq!(upload(&server, &key, mark).status, 201);
    }
    take_out(&server, &mut host, 1);
    assert_eq!(upload(&server, &key, 4).status, 507);
    assert!(has(&server, 1));
}
