//! Keys to rooms and host seats of the real server: who gets in, what the others are told, and how often they may try.

use crate::common::running::Running;
use crate::common::server::{Client, TRACK, TestServer, WATCHDOG, exchange, jam};
use crate::common::temp::TempFolder;
use jam::swarm::frame::{Frame, Hello, NodeId, Role};
use jam::swarm::key::{Nonce, SwarmKey};
use jam::swarm::wire::{Wire, WireError};
use jam::track::id::TrackId;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;

const ROOM: &str = "a";
const WANTS: [&str; 2] = ["WELCOME", "RIGHTS"];

fn needed() -> (u16, String) {
    (1008, "Room key needed".into())
}

fn wrong() -> (u16, String) {
    (1008, "Wrong room key".into())
}

/// Says HELLO with these fields beside role and wants.
fn hello(server: &TestServer, role: &str, fields: &Value) -> Client {
    let mut client = Client::connect(server, ROOM);
    let mut hello = json!({"type": "HELLO", "role": role, "wants": WANTS});
    for (name, value) in fields.as_object().expect("fields") {
        hello[name] = value.clone();
    }
    client.say(&hello.to_string());
    client
}

/// Joins; its WELCOME and RIGHTS.
fn join(server: &TestServer, role: &str, fields: &Value) -> (Client, Value, Value) {
    let mut client = hello(server, role, fields);
    client.hear("STATE");
    client.hear("PEER");
    let welcome = client.hear("WELCOME");
    let rights = client.hear("RIGHTS");
    (client, welcome, rights)
}

/// Why somebody is not let in.
fn refused(server: &TestServer, role: &str, fields: &Value) -> (u16, String) {
    hello(server, role, fields).hear_close()
}

fn get(server: &TestServer, path: &str, fields: &str) -> (String, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n");
    let answer = exchange(server, request.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.lines().next().expect("a line");
    (status.replace("HTTP/1.1 ", ""), body.to_owned())
}

fn look(server: &TestServer, fields: &str) -> (String, String) {
    get(server, &format!("/api/rooms/{ROOM}"), fields)
}

/// Somebody at another address of this machine.
fn connect_from(server: &TestServer, ip: Ipv4Addr) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let own = SocketAddr::new(ip.into(), 0);
    socket
        .bind(&own.into())
        .expect("an address of this machine");
    socket
        .connect(&server.address.into())
        .expect("the server accepts");
    socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
    let url = format!("ws://{}/ws/{ROOM}", server.address);
    let stream: TcpStream = socket.into();
    Client(
        tungstenite::client(&url, stream)
            .expect("the upgrade is granted")
            .0,
    )
}

#[test]
fn a_room_key_of_the_server_opens_every_room_and_nothing_else_does() {
    let server = TestServer::start(&["--room-key", "plum jam", "--share", TRACK, "--room", ROOM]);
    assert!(
        server.greeting.contains(" (with its room key)\n"),
        "{}",
        server.greeting
    );
    assert!(!server.greeting.contains("plum"), "{}", server.greeting);
    assert_eq!(refused(&server, "viewer", &json!({})), needed());
    assert_eq!(refused(&server, "host", &json!({"key": null})), needed());
    for key in ["", "plum", "plum jam ", "Plum jam"] {
        let expected = match key {
            "" => (1008, "Invalid HELLO".into()),
            _ => wrong(),
        };
        assert_eq!(refused(&server, "viewer", &json!({ "key": key })), expected);
    }
    let (mut ana, welcome, rights) = join(&server, "host", &json!({"key": "plum jam"}));
    assert_eq!(rights["locked"], true);
    // A token is no key, whoever it belongs to.
    let token = &welcome["token"];
    assert_eq!(
        refused(&server, "host", &json!({ "token": token })),
        needed()
    );
    let both = json!({"token": token, "key": "apricot"});
    assert_eq!(refused(&server, "host", &both), wrong());
    let (_, again, _) = join(&server, "host", &json!({"token": token, "key": "plum jam"}));
    assert_eq!(again["peer_id"], welcome["peer_id"]);
    assert_eq!(ana.hear_close().1, "Came back on another connection");
    let log = server.wait_for_log(&["127.0.0.1: member", "of a turned away: Wrong room key"]);
    assert!(!log.contains("plum"), "{log}");
}

#[test]
fn nobody_has_a_room_made_without_its_key() {
    let server = TestServer::start(&["--room-key", "plum"]);
    for (number, key) in [None, Some("pear"), Some("plum")].into_iter().enumerate() {
        let mut client = Client::connect(&server, &format!("new{number}"));
        client.say(&json!({"type": "HELLO", "role": "viewer", "key": key}).to_string());
        match key {
            None => assert_eq!(client.hear_close(), needed()),
            Some("pear") => assert_eq!(client.hear_close(), wrong()),
            _ => drop(client.hear("STATE")),
        }
        let rooms = usize::from(key == Some("plum"));
        let (_, metrics) = get(&server, "/metrics", "");
        assert!(
            metrics.contains(&format!("jam_rooms {rooms}\n")),
            "{metrics}"
        );
    }
}

#[test]
fn the_environment_has_keys_where_nobody_else_sees_them() {
    let mut command = jam(&["server", "--listen", "127.0.0.1:0"]);
    command
        .env("JAM_ROOM_KEY", "plum")
        .env("JAM_HOST_KEY", "stone");
    let server = TestServer::start_command(command);
    assert_eq!(refused(&server, "viewer", &json!({})), needed());
    join(
        &server,
        "host",
        &json!({"key": "plum", "host_key": "stone"}),
    );
    let arguments = fs::read(format!("/proc/{}/cmdline", server.pid())).expect("it runs");
    assert!(!String::from_utf8_lossy(&arguments).contains("plum"));
    // Empty is no key, and no wish to have none.
    for name in ["JAM_ROOM_KEY", "JAM_HOST_KEY"] {
        let output = jam(&["server"]).env(name, "").output().expect("jam runs");
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(&format!("{name} is empty")), "{told}");
    }
}

#[test]
fn the_host_sets_changes_and_takes_away_a_key_and_who_is_in_stays() {
    let server = TestServer::start(&[]);
    let (mut ana, welcome, rights) = join(&server, "host", &json!({}));
    assert_eq!(rights.get("locked"), None);
    let (mut ben, ..) = join(&server, "viewer", &json!({"key": "of no use"}));
    ben.say(r#"{"type":"LOCK","key":"mine"}"#);
    assert_eq!(ben.hear("ERROR")["message"], "Only host can control");
    for key in ["plum", "apricot"] {
        ana.say(&json!({"type": "LOCK", "key": key}).to_string());
        assert_eq!(ana.hear("RIGHTS")["locked"], true);
        assert_eq!(ben.hear("RIGHTS")["locked"], true);
        assert_eq!(refused(&server, "viewer", &json!({})), needed());
        assert_eq!(refused(&server, "viewer", &json!({"key": "pear"})), wrong());
        drop(join(&server, "viewer", &json!({ "key": key })));
    }
    assert_eq!(refused(&server, "viewer", &json!({"key": "plum"})), wrong());
    // Its host needs the new one as well.
    let token = &welcome["token"];
    assert_eq!(
        refused(&server, "host", &json!({ "token": token })),
        needed()
    );
    ana.say(r#"{"type":"LOCK","key":null}"#);
    assert_eq!(ana.hear("RIGHTS").get("locked"), None);
    join(&server, "viewer", &json!({}));
    assert_eq!(ben.hear("RIGHTS").get("locked"), None);
}

#[test]
fn a_rooms_own_key_takes_the_place_of_the_servers() {
    let server = TestServer::start(&["--room-key", "plum"]);
    let (mut ana, ..) = join(&server, "host", &json!({"key": "plum"}));
    ana.say(r#"{"type":"LOCK","key":null}"#);
    let told = ana.hear("ERROR")["message"].to_string();
    assert!(told.contains("LOCK: the server asks for its key"), "{told}");
    ana.say(r#"{"type":"LOCK","key":"apricot"}"#);
    ana.hear("RIGHTS");
    assert_eq!(refused(&server, "viewer", &json!({"key": "plum"})), wrong());
    join(&server, "viewer", &json!({"key": "apricot"}));
    // Other rooms are as they were.
    let mut other = Client::connect(&server, "b");
    other.say(r#"{"type":"HELLO","role":"viewer","key":"plum"}"#);
    other.hear("STATE");
    ana.say(r#"{"type":"LOCK","key":null}"#);
    assert_eq!(ana.hear("RIGHTS")["locked"], true);
    join(&server, "viewer", &json!({"key": "plum"}));
}

#[test]
fn a_host_key_is_for_who_takes_the_seat_and_not_for_who_is_handed_it() {
    let server = TestServer::start(&["--host-key", "stone"]);
    let close = |text: &str| (1008, text.to_owned());
    assert_eq!(
        refused(&server, "host", &json!({})),
        close("Host key needed")
    );
    let guess = json!({"host_key": "plum"});
    assert_eq!(refused(&server, "host", &guess), close("Wrong host key"));
    assert_eq!(refused(&server, "viewer", &guess), close("Wrong host key"));
    let (mut ben, welcome, _) = join(&server, "viewer", &json!({}));
    let refusal = |client: &mut Client, fields: Value| {
        let mut message = json!({"type": "TAKE_SEAT"});
        message["host_key"] = fields;
        client.say(&message.to_string());
        client.hear("ERROR")["message"]
            .as_str()
            .expect("text")
            .to_owned()
    };
    assert_eq!(refusal(&mut ben, Value::Null), "TAKE_SEAT: Host key needed");
    assert_eq!(
        refusal(&mut ben, json!("plum")),
        "TAKE_SEAT: Wrong host key"
    );
    let (mut ana, ..) = join(&server, "host", &json!({"host_key": "stone"}));
    ben.hear("RIGHTS");
    let to = &welcome["peer_id"];
    ana.say(&json!({"type": "HAND_OVER", "to": to}).to_string());
    assert_eq!(ben.hear("RIGHTS")["host"]["peer_id"], *to);
    // Its seat is kept for its token, which is enough.
    drop(ben);
    assert_eq!(ana.hear_next("RIGHTS")["host"]["peer_id"], *to);
    assert_eq!(ana.hear_next("RIGHTS")["kept"]["peer_id"], *to);
    let (mut ben, back, _) = join(&server, "host", &json!({"token": welcome["token"]}));
    assert_eq!(back["role"], "host");
    // Once it is free that is over: who showed the key takes it, who did not does not.
    assert_eq!(ana.hear("RIGHTS")["host"]["peer_id"], *to);
    ben.say(r#"{"type":"HAND_OVER","to":null}"#);
    ben.hear("RIGHTS");
    assert_eq!(refusal(&mut ben, Value::Null), "TAKE_SEAT: Host key needed");
    assert_eq!(ana.hear("RIGHTS").get("host"), None);
    ana.say(r#"{"type":"TAKE_SEAT"}"#);
    assert_eq!(ana.hear("RIGHTS")["host"]["name"], "Host");
}

#[test]
fn from_outside_a_locked_room_tells_how_many_are_there_and_its_key_opens_the_rest() {
    let arguments = ["--room-key", "plum & jam", "--share", TRACK, "--room", ROOM];
    let server = TestServer::start(&arguments);
    let locked = |total| {
        (
            String::from("200 OK"),
            json!({"room": ROOM, "locked": true, "total": total}),
        )
    };
    let told = |fields: &str| {
        let (status, body) = look(&server, fields);
        (
            status,
            serde_json::from_str::<Value>(&body).unwrap_or_default(),
        )
    };
    assert_eq!(told(""), locked(0));
    let (_ana, ..) = join(&server, "host", &json!({"key": "plum & jam"}));
    assert_eq!(told(""), locked(1));
    let other = get(&server, "/api/rooms/nobody-was-here", "").1;
    assert!(other.contains(r#""locked":true"#), "{other}");
    let (status, body) = look(&server, "Authorization: Bearer plum\r\n");
    let expected = "this is not the key to this room\n";
    assert_eq!(
        (status.as_str(), body.as_str()),
        ("403 Forbidden", expected)
    );
    let (status, view) = told("Authorization: Bearer plum%20%26%20jam\r\n");
    assert_eq!((status.as_str(), &view["host"]), ("200 OK", &json!("Host")));
    assert_eq!(view["tracks"][0]["name"], "prelude5.wav");
    // Without its key nobody uploads by the address alone.
    let put = "PUT /tracks?name=x.wav&room=a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nRIFF";
    let answer = exchange(&server, put.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(
        answer.contains("this room takes a key to enter"),
        "{answer}"
    );
}

/// What the server's own node answers somebody who was never let in: whatever it asks, and for whatever key.
#[test]
fn the_swarm_of_a_locked_room_serves_nobody_from_outside() {
    let arguments = ["--room-key", "plum", "--share", TRACK, "--room", ROOM];
    let server = TestServer::start(&arguments);
    let id = TrackId::from_hash(blake3::hash(&fs::read(TRACK).expect("the track")));
    let folder = TempFolder::new();
    let output = folder.path().to_str().expect("text");
    let at = server.address.to_string();
    for key in [SwarmKey::OPEN, SwarmKey::of_text("plum"), SwarmKey([1; 32])] {
        for role in [Role::Ask, Role::Offer, Role::List, Role::Check] {
            assert_refused(server.address, role, id, &key);
        }
    }
    // Who has the room's key is told that of its swarm, and is served.
    let room = format!("http://{at}/{ROOM}#key=plum");
    let fetch = jam(&[
        "fetch",
        "--room",
        &room,
        "--output",
        output,
        "--seed-after",
        "0",
    ]);
    Running::start(fetch).wait_for_success();
    assert_eq!(folder.names(), ["prelude5.wav"]);
}

fn assert_refused(address: SocketAddr, role: Role, track: TrackId, key: &SwarmKey) {
    let socket = Arc::new(TcpStream::connect(address).expect("a connection"));
    let mut wire = Wire::new(socket, address, &[]).expect("a socket");
    let is_about_one = matches!(role, Role::Ask | Role::Offer);
    let hello = Frame::Hello(Hello {
        role,
        track: match is_about_one {
            true => track,
            false => TrackId::from_bytes([0; 32]),
        },
        key_id: key.id(),
        nonce: Nonce([7; 16]),
        node: NodeId([9; 8]),
        chunk_size: None,
        chunk_count: None,
    });
    wire.write_frame(&hello).expect("sent");
    let told = wire.read_frame(1024);
    let refused = matches!(told, Ok(Frame::Refuse(_)) | Err(WireError::Refused(_)));
    assert!(refused, "{role:?}: {told:?}");
}

#[test]
fn wrong_keys_run_out_for_one_address_and_for_nobody_else() {
    let arguments = ["--room-key", "plum", "--host-key", "stone"];
    let server = TestServer::start(&arguments);
    let (mut ana, ..) = join(
        &server,
        "host",
        &json!({"key": "plum", "host_key": "stone"}),
    );
    let (mut ben, ..) = join(&server, "viewer", &json!({"key": "plum"}));
    let mut wrongs = 0;
    let last = loop {
        let close = refused(
            &server,
            "viewer",
            &json!({"key": format!("guess {wrongs}")}),
        );
        if close != wrong() || wrongs > 40 {
            break close;
        }
        wrongs += 1;
    };
    let too_many = (1008, String::from("Too many attempts"));
    assert_eq!(last, too_many);
    // At once 20, and as many more as the test took three seconds.
    assert!((20..40).contains(&wrongs), "{wrongs}");
    server.wait_for_log(&["127.0.0.1", "too many wrong keys"]);
    ben.say(r#"{"type":"TAKE_SEAT","host_key":"guess"}"#);
    assert_eq!(ben.hear("ERROR")["message"], "TAKE_SEAT: Too many attempts");
    // Without a key nothing is tried, and who is in goes on.
    assert_eq!(refused(&server, "viewer", &json!({})), needed());
    assert_eq!(look(&server, "").0, "200 OK");
    ana.say(r#"{"type":"PAUSE","track_id":"t1","offset_sec":7}"#);
    assert_eq!(ben.hear("STATE")["payload"]["offset_sec"], 7);
    // Somebody at another address of this machine.
    let mut from_elsewhere = connect_from(&server, Ipv4Addr::new(127, 0, 0, 2));
    from_elsewhere.say(r#"{"type":"HELLO","role":"viewer","key":"plum"}"#);
    from_elsewhere.hear("STATE");
}

#[test]
fn a_hundred_guesses_at_once_are_no_more_than_one_after_the_other() {
    let server = TestServer::start(&["--room-key", "plum"]);
    let guesses: Vec<_> = (0..100)
        .map(|number| {
            hello(
                &server,
                "viewer",
                &json!({"key": format!("guess {number}")}),
            )
        })
        .collect();
    let closes = guesses.into_iter().map(|mut client| client.hear_close().1);
    let tried = closes.filter(|reason| reason == "Wrong room key").count();
    assert!((20..40).contains(&tried), "{tried}");
}

#[test]
fn a_lock_outlives_its_server_and_the_key_stands_in_no_file_and_no_log() {
    let folder = TempFolder::new();
    let state = folder.path().to_string_lossy().into_owned();
    let arguments = [
        "--state-dir",
        &state,
        "--log",
        "trace",
        "--room-key",
        "orange",
    ];
    let mut server = TestServer::start(&arguments);
    let (mut ana, welcome, _) = join(&server, "host", &json!({"key": "orange"}));
    ana.say(r#"{"type":"PAUSE","track_id":"t1","offset_sec":1}"#);
    ana.say(r#"{"type":"LOCK","key":"quince jelly"}"#);
    ana.hear_next("RIGHTS");
    assert_eq!(
        refused(&server, "viewer", &json!({"key": "medlar"})),
        wrong()
    );
    server.signal("TERM");
    server.wait();
    let mut written = server.log_so_far().join("\n");
    let file = fs::read_to_string(folder.path().join("rooms/a.json")).expect("a file");
    assert!(file.contains(r#""lock":""#), "{file}");
    written += &file;
    let server = TestServer::start(&arguments[..4]);
    let token = &welcome["token"];
    assert_eq!(
        refused(&server, "host", &json!({ "token": token })),
        needed()
    );
    let fields = json!({"token": token, "key": "quince jelly"});
    let (mut ana, back, rights) = join(&server, "host", &fields);
    assert_eq!(
        (&back["role"], &rights["locked"]),
        (&json!("host"), &json!(true))
    );
    ana.say(r#"{"type":"LOCK","key":null}"#);
    assert_eq!(ana.hear("RIGHTS").get("locked"), None);
    written += &server.log_so_far().join("\n");
    for key in ["orange", "quince", "medlar"] {
        assert!(!written.contains(key), "{key}: {written}");
    }
}

#[test]
fn a_qr_code_with_a_key_takes_it_from_where_no_proxy_writes_it_down() {
    let server = TestServer::start(&[]);
    let path = "/qr.svg?text=http%3A%2F%2Fhost%3A8000%2Fjam1";
    let (_, plain) = get(&server, path, "");
    let (status, keyed) = get(&server, path, "Authorization: Bearer plum%20jam\r\n");
    assert_eq!(status, "200 OK");
    assert_ne!(plain, keyed);
    let whole = "/qr.svg?text=http%3A%2F%2Fhost%3A8000%2Fjam1%23key%3Dplum%2520jam";
    assert_eq!(keyed, get(&server, whole, "").1);
    let (status, _) = get(&server, path, "Authorization: Bearer %ff\r\n");
    assert_eq!(status, "400 Bad Request");
}
