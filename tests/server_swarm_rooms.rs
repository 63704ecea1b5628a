//! Nodes in the rooms of the real binary: what they are told of each other and of themselves, who can be dialled,
//! what a page draws of them, and tracks that they offer.

use crate::common::http;
use crate::common::node::free_port;
use crate::common::server as common;

use common::{Client, TRACK, TestServer, WATCHDOG};
use http::get;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};
use tungstenite::Message;

const ID_A: &str = "9f86d081884c7d65";
const ID_B: &str = "60303ae22b998861";

fn track(number: u8) -> String {
    blake3::hash(&[number]).to_string()
}

/// Joins as a node that asks for the swarm's key; gives WELCOME too.
fn node(server: &TestServer, room: &str, name: &str) -> (Client, Value) {
    let mut client = Client::connect(server, room);
    let hello = json!({
        "type": "HELLO", "role": "viewer", "display_name": name, "node": true, "wants": ["WELCOME", "SWARM_KEY"],
    });
    client.say(&hello.to_string());
    client.hear("STATE");
    client.hear("PEER");
    let welcome = client.hear("WELCOME");
    (client, welcome)
}

fn announce(node: &mut Client, id: &str, port: u16) {
    let text = json!({
        "type": "ANNOUNCE", "port": port, "node_id": id, "track_id": track(1), "total_chunks": 64,
        "chunk_size": 16384, "have_count": 0, "track_ids": [track(2)],
    });
    node.say(&text.to_string());
}

/// Reads until a message of this type is as it should be.
fn hear_until(client: &mut Client, kind: &str, is_good: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + WATCHDOG;
    let mut heard = Vec::new();
    // Pings come for ever, so that a read alone would never give up.
    while Instant::now() < deadline {
        if let Message::Text(text) = client.0.read().expect("a message") {
            let message: Value = serde_json::from_str(&text).expect("JSON");
            if message["type"] == kind && is_good(&message) {
                return message;
            }
            heard.push(message);
        }
    }
    panic!("no such {kind}: {heard:#?}");
}

/// Nobody listens there.
fn closed_port() -> u16 {
    free_port()
}

#[test]
fn every_room_has_a_key_of_its_own_and_the_server_one_node() {
    let server = TestServer::start(&[]);
    let swarm = |room: &str| node(&server, room, "n").1["swarm"].clone();
    let (a, again, b) = (swarm("a"), swarm("a"), swarm("b"));
    assert_eq!(a, again);
    assert_ne!(a["key"], b["key"]);
    assert_eq!(a["node_id"], b["node_id"]);
    let digits = |value: &Value| {
        let text = value.as_str().expect("text").to_owned();
        assert!(text.bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
        text.len()
    };
    assert_eq!((digits(&a["key"]), digits(&a["node_id"])), (64, 16));
    let other = TestServer::start(&[]);
    let elsewhere = node(&other, "a", "n").1["swarm"].clone();
    assert_ne!(elsewhere["key"], a["key"]);
    assert_ne!(elsewhere["node_id"], a["node_id"]);
    // Who does not ask is not told.
    let mut basic = Client::connect(&server, "a");
    basic.say(r#"{"type":"HELLO","role":"viewer","wants":["WELCOME"]}"#);
    assert_eq!(basic.hear_next("WELCOME").get("swarm"), None);
}

#[test]
fn nodes_hear_who_can_be_dialled_and_whether_they_can_themselves() {
    let server = TestServer::start(&[]);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let open = listener.local_addr().expect("an address").port();
    let closed = closed_port();
    let (mut a, _) = node(&server, "a", "reachable");
    let (mut b, _) = node(&server, "a", "behind a firewall");
    announce(&mut a, ID_A, open);
    announce(&mut b, ID_B, closed);
    let of_a = hear_until(&mut a, "PEERS", |message| {
        message["you"]["dialable"] == true && message["peers"][0]["dialable"] == false
    });
    assert_eq!(of_a["you"], json!({"ip": "127.0.0.1", "dialable": true}));
    assert_eq!(of_a["peers"][0]["node_id"], ID_B);
    let of_b = hear_until(&mut b, "PEERS", |message| {
        message["you"]["dialable"] == false && message["peers"] != json!([])
    });
    assert_eq!(of_b["you"], json!({"ip": "127.0.0.1", "dialable": false}));
    let told_of_a = &of_b["peers"][0];
    assert_eq!(
        told_of_a.get("dialable"),
        None,
        "said only when it failed: {told_of_a}"
    );
    assert_eq!(
        (
            &told_of_a["node_id"],
            &told_of_a["track_id"],
            &told_of_a["track_ids"]
        ),
        (&ID_A.into(), &track(1).into(), &json!([track(2)]))
    );
    // The attempt was a connection that ends at once.
    let (mut attempt, _) = listener.accept().expect("the server dialled");
    attempt.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
    let mut nothing = [0];
    assert_eq!(
        std::io::Read::read(&mut attempt, &mut nothing).expect("an end"),
        0
    );

    // Another port is tried anew.
    let second = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    announce(
        &mut b,
        ID_B,
        second.local_addr().expect("an address").port(),
    );
    let reached = |message: &Value| message["you"]["dialable"] == true;
    hear_until(&mut b, "PEERS", reached);
    hear_until(&mut a, "PEERS", |message| {
        message["peers"][0].get("dialable").is_none()
    });
}

#[test]
fn nobody_is_dialled_who_did_not_ask_for_it_or_came_through_others() {
    let server = TestServer::start(&[]);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.set_nonblocking(true).expect("not blocking");
    let open = listener.local_addr().expect("an address").port();
    let (mut basic, _) = Client::join(&server, "a", "viewer");
    basic.say(&format!(r#"{{"type":"ANNOUNCE","port":{open}}}"#));
    // A page: its address is its own, but it could have any ports of this machine tried.
    let url = format!("ws://{}/ws/a", server.address);
    let mut request =
        tungstenite::client::IntoClientRequest::into_client_request(url).expect("a request");
    let own = format!("http://{}", server.address);
    request
        .headers_mut()
        .insert("Origin", own.parse().expect("a value"));
    let (socket, _) =
        tungstenite::client(request, server.connect()).expect("the upgrade is granted");
    let mut page = Client(socket);
    page.say(r#"{"type":"HELLO","role":"viewer"}"#);
    announce(&mut page, ID_A, open);
    // What was pushed to all before it announced itself says nothing of it.
    let own = hear_until(&mut page, "PEERS", |message| message.get("you").is_some());
    assert_eq!(own["you"], json!({"ip": "127.0.0.1"}));
    // By the time the server has tried a later one it would have tried these.
    let (mut last, _) = node(&server, "a", "last");
    announce(&mut last, ID_B, closed_port());
    hear_until(&mut last, "PEERS", |message| {
        message["you"]["dialable"] == false
    });
    assert!(listener.accept().is_err(), "somebody was dialled");
}

#[test]
fn a_server_stops_at_once_while_it_dials_somebody_who_does_not_answer() {
    let mut server = TestServer::start(&[]);
    // A listener whose queue is full: the kernel lets further connections wait.
    let socket =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket
        .bind(&std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
        .expect("a port");
    socket.listen(0).expect("listening");
    let address = socket
        .local_addr()
        .expect("an address")
        .as_socket()
        .expect("an address");
    let mut fill = Vec::new();
    while let Ok(connection) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        fill.push(connection);
        assert!(fill.len() < 100, "this kernel has no end of places");
    }
    let (mut stuck, _) = node(&server, "a", "stuck");
    announce(&mut stuck, ID_A, address.port());
    stuck.hear("PEERS");
    // Others are tried meanwhile.
    let (mut other, _) = node(&server, "b", "other");
    announce(&mut other, ID_B, closed_port());
    hear_until(&mut other, "PEERS", |message| {
        message["you"]["dialable"] == false
    });
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let busy = server.log_so_far();
    assert!(
        !busy.iter().any(|line| line.contains("still busy")),
        "{busy:?}"
    );
}

#[test]
fn a_page_that_asks_for_it_draws_the_swarm() {
    let server = TestServer::start(&[]);
    let (mut a, welcome_a) = node(&server, "a", "Ana's laptop");
    let (mut b, welcome_b) = node(&server, "a", "Ben's laptop");
    let mut page = Client::connect(&server, "a");
    page.say(r#"{"type":"HELLO","role":"viewer","wants":["SWARM"]}"#);
    assert_eq!(page.hear_next("SWARM")["nodes"], json!([]));
    announce(&mut a, ID_A, 0);
    announce(&mut b, ID_B, 0);
    b.hear("PEERS");
    b.say(&format!(
        r#"{{"type":"HAVE_DELTA","indices":{:?}}}"#,
        (0..32).collect::<Vec<u8>>()
    ));
    let links = json!({
        "type": "LINKS", "track_id": track(1), "received": [[ID_A, 32]], "unreachable": [ID_A],
    });
    b.say(&links.to_string());
    let is_whole = |message: &Value| message["nodes"][1].get("from").is_some();
    let swarm = hear_until(&mut page, "SWARM", is_whole);
    let peer = |welcome: &Value| welcome["peer_id"].clone();
    let expected = json!([
        {
            "peer_id": peer(&welcome_a), "name": "Ana's laptop", "track_id": track(1), "total_chunks": 64,
            "chunk_size": 16384, "have_count": 0, "map": "0".repeat(64),
        },
        {
            "peer_id": peer(&welcome_b), "name": "Ben's laptop", "track_id": track(1), "total_chunks": 64,
            "chunk_size": 16384, "have_count": 32, "map": "9".repeat(32) + &"0".repeat(32),
            "from": [[peer(&welcome_a), 32]], "unreachable": [peer(&welcome_a)],
        },
    ]);
    assert_eq!(swarm["nodes"], expected);
    drop(a);
    let alone = hear_until(&mut page, "SWARM", |message| {
        message["nodes"].as_array().expect("a list").len() == 1
    });
    assert_eq!(
        alone["nodes"][0].get("from"),
        None,
        "nobody is drawn who has gone"
    );
    b.say(&json!({"type": "LINKS", "track_id": track(2)}).to_string());
    let error = b.hear_next("ERROR")["message"].to_string();
    assert!(error.contains("LINKS: track_id"), "{error}");
}

#[test]
fn a_node_on_the_hosts_machine_offers_a_track_that_the_server_has_not() {
    let server = TestServer::start(&["--room", "b", "--share", TRACK]);
    let mut host = Client::connect(&server, "a");
    host.say(r#"{"type":"HELLO","role":"host","display_name":"Ana","wants":["QUEUE"]}"#);
    assert_eq!(host.hear_next("QUEUE")["tracks"], json!([]));
    let (mut seed, welcome) = node(&server, "a", "Ana's laptop");
    let offer = |id: &str| {
        json!({
            "type": "ADD", "track_id": id,
            "offer": {"name": "offered.opus", "bytes": 494_769, "content_type": "audio/ogg; codecs=opus"},
        })
        .to_string()
    };
    seed.say(&offer(&track(1)));
    let error = seed.hear_next("ERROR")["message"].to_string();
    assert!(error.contains("announce the track"), "{error}");
    announce(&mut seed, ID_A, 0);
    seed.say(&offer(&track(1)));
    let queue = host.hear_next("QUEUE");
    let expected = json!([{
        "track_id": track(1), "name": "offered.opus", "bytes": 494_769,
        "content_type": "audio/ogg; codecs=opus", "added_by": "Ana's laptop",
        "added_by_id": welcome["peer_id"], "awaited": true,
    }]);
    assert_eq!(queue["tracks"], expected);
    // Of a track that the server has, the server knows better.
    let shared = get(&mut server.connect(), "/api/rooms/b").json()["tracks"][0].clone();
    let id = shared["track_id"].as_str().expect("an id").to_owned();
    seed.say(&json!({"type": "ANNOUNCE", "port": 0, "node_id": ID_A, "track_id": id}).to_string());
    seed.say(&offer(&id));
    let queue = hear_until(&mut host, "QUEUE", |message| {
        message["tracks"].as_array().expect("a list").len() == 2
    });
    assert_eq!(
        (
            &queue["tracks"][1]["name"],
            queue["tracks"][1].get("awaited")
        ),
        (&shared["name"], None)
    );
    // Nothing is awaited once it has been uploaded: the entry stays where it is.
    host.say(&json!({"type": "REMOVE", "track_id": id}).to_string());
    host.say(&json!({"type": "ADD", "track_id": track(9), "offer": {"name": "x", "bytes": 0, "content_type": "audio/mpeg"}}).to_string());
    let error = host.hear_next("ERROR")["message"].to_string();
    assert!(error.contains("ADD: offer: bytes must be"), "{error}");
}

#[test]
fn an_upload_ends_the_waiting_for_an_offered_track() {
    let server = TestServer::start(&[]);
    let bytes = std::fs::read(TRACK).expect("a track");
    let id = blake3::hash(&bytes).to_string();
    let mut host = Client::connect(&server, "a");
    host.say(r#"{"type":"HELLO","role":"host","display_name":"Ana","wants":["QUEUE"]}"#);
    let (mut seed, _) = node(&server, "a", "Ana's laptop");
    seed.say(&json!({"type": "ANNOUNCE", "port": 0, "node_id": ID_A, "track_id": id}).to_string());
    let offer = json!({"name": "prelude5.wav", "bytes": bytes.len(), "content_type": "audio/wav"});
    seed.say(&json!({"type": "ADD", "track_id": id, "offer": offer}).to_string());
    hear_until(&mut host, "QUEUE", |message| {
        message["tracks"][0]["awaited"] == true
    });
    let mut socket = server.connect();
    let head = format!(
        "PUT /tracks?name=other.wav&room=a HTTP/1.1\r\nHost: jam\r\nContent-Length: {}\r\n\r\n",
        bytes.len()
    );
    std::io::Write::write_all(&mut socket, head.as_bytes()).expect("sent");
    std::io::Write::write_all(&mut socket, &bytes).expect("sent");
    let queue = hear_until(&mut host, "QUEUE", |message| {
        message["tracks"][0].get("awaited").is_none()
    });
    assert_eq!(queue["tracks"].as_array().expect("a list").len(), 1);
    assert_eq!(queue["tracks"][0]["added_by"], "Ana's laptop");
    assert!(queue["tracks"][0]["duration_sec"].is_number(), "{queue}");
}
