//! Rooms of the real binary over real sockets.

use crate::common::http::get;
use crate::common::running::until;
use crate::common::server as common;

use common::{Client, TestServer, jam, run};
use std::io::{Read, Write};
use std::time::Duration;
use tungstenite::Message;

const PLAY: &str = r#"{"type":"PLAY","track_id":"t1","offset_sec":1.5,"timestamp":0}"#;

#[test]
fn everybody_in_the_room_hears_what_the_host_does_and_nobody_else() {
    let server = TestServer::start(&[]);
    let (mut host, _) = Client::join(&server, "a", "host");
    let (mut viewer, _) = Client::join(&server, "a", "viewer");
    let (mut stranger, _) = Client::join(&server, "b", "host");
    host.say(PLAY);
    for member in [&mut host, &mut viewer] {
        let state = &member.hear("STATE")["payload"];
        assert_eq!(state["status"], "PLAY");
        assert_eq!(state["track_id"], "t1");
        assert_eq!(state["offset_sec"].to_string(), "1.5");
    }
    stranger.say(r#"{"type":"CLOCK","t0":0}"#);
    stranger.hear("CLOCK");
}

#[test]
fn a_viewer_cannot_control_and_stays_connected() {
    let server = TestServer::start(&[]);
    let (mut viewer, _) = Client::join(&server, "a", "viewer");
    viewer.say(PLAY);
    assert_eq!(viewer.hear("ERROR")["message"], "Only host can control");
    viewer.say(r#"{"type":"CLOCK","t0":7}"#);
    let clock = viewer.hear("CLOCK");
    assert_eq!(clock["t0"], 7);
    assert!(clock["t2"].as_f64() >= clock["t1"].as_f64());
}

#[test]
fn the_host_seat_is_for_one_and_free_again_when_the_host_is_gone() {
    let server = TestServer::start(&[]);
    let (mut host, _) = Client::join(&server, "a", "host");
    host.say(PLAY);
    host.hear("STATE");
    let mut second = Client::connect(&server, "a");
    second.say(r#"{"type":"HELLO","role":"host"}"#);
    assert_eq!(second.hear_close(), (1008, "Host already assigned".into()));

    host.0.close(None).expect("closing");
    while host.0.read().is_ok() {}
    let (mut successor, _) = join_when_free(&server);
    successor.say(r#"{"type":"PAUSE","track_id":"t1","offset_sec":3,"timestamp":0}"#);
    assert_eq!(successor.hear("STATE")["payload"]["status"], "PAUSE");
}

#[test]
fn who_was_sent_away_is_gone_even_while_it_goes_on_sending_half_a_message() {
    let server = TestServer::start(&[]);
    let (_host, _) = Client::join(&server, "a", "host");
    let mut second = Client::connect(&server, "a");
    second.say(r#"{"type":"HELLO","role":"host"}"#);
    assert_eq!(second.hear_close(), (1008, "Host already assigned".into()));
    // A frame of 4,096 bytes, which comes byte by byte.
    let mut socket = second.0.get_ref().try_clone().expect("a socket");
    let mut sent = socket.write_all(&[0x81, 0xfe, 0x10, 0, 1, 2, 3, 4]);
    for _ in 0..4096 {
        if sent.is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
        sent = socket.write_all(b"x");
    }
    panic!("it is still there");
}

/// The room learns of a closed connection a moment after the one who closed it.
fn join_when_free(server: &TestServer) -> (Client, String) {
    loop {
        let mut client = Client::connect(server, "a");
        client.say(r#"{"type":"HELLO","role":"host"}"#);
        if let Ok(state) = client.next() {
            assert_eq!(
                state["payload"]["status"], "PLAY",
                "the music plays on without a host"
            );
            let peer = client.hear("PEER");
            return (client, peer["peer_id"].to_string());
        }
    }
}

#[test]
fn a_signal_reaches_one_member_unchanged() {
    let server = TestServer::start(&[]);
    let (mut ana, ana_id) = Client::join(&server, "a", "host");
    let (mut ben, ben_id) = Client::join(&server, "a", "viewer");
    ben.say(&format!(
        r#"{{"type":"SIGNAL","to":"{ana_id}","blob":{{"x":[1.0,null,"ü"]}}}}"#
    ));
    let signal = ana.hear("SIGNAL");
    assert_eq!(signal["from"], ben_id);
    assert_eq!(signal["blob"].to_string(), r#"{"x":[1.0,null,"ü"]}"#);
    ben.say(r#"{"type":"SIGNAL","to":"nobody","blob":0}"#);
    let message = ben.hear("ERROR")["message"].to_string();
    assert!(message.contains("nobody"), "{message}");
}

#[test]
fn nodes_are_listed_to_the_others_with_the_address_of_their_socket() {
    let server = TestServer::start(&[]);
    let (mut seed, seed_id) = Client::join(&server, "a", "host");
    let (mut other, _) = Client::join(&server, "a", "viewer");
    seed.say(r#"{"type":"ANNOUNCE","room":"a","port":9003,"total_chunks":10,"have_count":0}"#);
    assert_eq!(
        seed.hear("PEERS")["peers"].as_array().map(Vec::len),
        Some(0)
    );
    let listed = &other.hear("PEERS")["peers"][0];
    assert_eq!(listed["peer_id"], seed_id);
    assert_eq!(listed["ip"], "127.0.0.1");
    assert_eq!(listed["port"], 9003);
    assert_eq!(listed["is_host"], true);
    seed.say(r#"{"type":"HAVE_DELTA","room":"a","indices":[3,4,3]}"#);
    assert_eq!(other.hear("PEERS")["peers"][0]["have_count"], 2);
    drop(seed);
    assert_eq!(
        other.hear("PEERS")["peers"].as_array().map(Vec::len),
        Some(0)
    );
}

#[test]
fn a_first_message_that_is_no_hello_closes_with_its_reason() {
    let server = TestServer::start(&[]);
    for (first, reason) in [
        (PLAY, "Expected HELLO"),
        ("HELLO", "Invalid HELLO"),
        (r#"{"type":"HELLO","role":"boss"}"#, "Invalid role"),
        (r#"{"type":"HELLO"}"#, "Invalid role"),
        ("[]", "Invalid HELLO"),
    ] {
        let mut client = Client::connect(&server, "a");
        client.say(first);
        assert_eq!(client.hear_close(), (1008, reason.into()), "{first}");
    }
}

#[test]
fn what_is_not_text_or_too_long_closes_with_its_reason() {
    let server = TestServer::start(&[]);
    let (mut client, _) = Client::join(&server, "a", "viewer");
    client.0.send(Message::binary(vec![1, 2])).expect("sent");
    assert_eq!(client.hear_close(), (1003, "Text messages only".into()));

    let (mut client, _) = Client::join(&server, "a", "viewer");
    client.say(&"x".repeat(65_537));
    assert_eq!(
        client.hear_close(),
        (1009, "Message is over 65536 bytes".into())
    );

    let (mut client, _) = Client::join(&server, "a", "viewer");
    client.say(&"x".repeat(65_536));
    client.hear("ERROR");
    client.0.get_mut().write_all(b"\x81\x80....").expect("sent");
    client.0.get_mut().write_all(b"\xf1\x80....").expect("sent");
    assert_eq!(client.hear_next("ERROR")["message"], "Invalid JSON");
    assert_eq!(client.hear_close().0, 1002);
}

#[test]
fn hello_has_one_deadline_however_slowly_its_bytes_drip_in() {
    let server = TestServer::start(&[]);
    let mut client = Client::connect(&server, "a");
    let mut dripping = client.0.get_ref().try_clone().expect("a second handle");
    let drip = std::thread::spawn(move || {
        // A frame of 125 masked bytes, a byte a second: more than the deadline allows.
        let frame = [b"\x81\xfd\0\0\0\0".as_slice(), &[b' '; 125]].concat();
        for byte in frame {
            if dripping.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        panic!("the server let it go on");
    });
    assert_eq!(client.hear_close(), (1008, "HELLO timeout".into()));
    drop(client);
    drip.join().expect("the dripping ended");
}

#[test]
fn both_signals_close_every_member_with_1001_and_end_with_0() {
    for signal in ["INT", "TERM"] {
        let mut server = TestServer::start(&[]);
        let mut members: Vec<Client> = (0..20)
            .map(|n| Client::join(&server, &format!("room{}", n % 3), "viewer").0)
            .collect();
        let mut idle_http = server.connect();
        server.signal(signal);
        for member in &mut members {
            assert_eq!(member.hear_close(), (1001, "Server is stopping".into()));
        }
        assert_eq!(server.wait().code(), Some(0));
        let ended = idle_http.read(&mut [0; 1]);
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    }
}

#[test]
fn a_thousand_viewers_hear_the_host() {
    jam::sys::descriptors::raise_limit().expect("a limit");
    let server = TestServer::start(&[]);
    let (mut host, _) = Client::join(&server, "a", "host");
    let mut viewers: Vec<Client> = (0..1000)
        .map(|_| Client::join(&server, "a", "viewer").0)
        .collect();
    for offset in [0, 10] {
        host.say(&format!(
            r#"{{"type":"PLAY","track_id":"t1","offset_sec":{offset}}}"#
        ));
        host.hear("STATE");
        for viewer in &mut viewers {
            assert_eq!(viewer.hear("STATE")["payload"]["offset_sec"], offset);
        }
    }
}

#[test]
fn a_member_that_stops_reading_is_cut_off_and_the_others_miss_nothing() {
    let server = TestServer::start(&[]);
    let (mut host, _) = Client::join(&server, "a", "host");
    let (mut viewer, _) = Client::join(&server, "a", "viewer");
    let (_stuck, stuck_id) = Client::join(&server, "a", "viewer");
    let blob = "x".repeat(60_000);
    let mut rounds = 0;
    loop {
        host.say(&format!(
            r#"{{"type":"SIGNAL","to":"{stuck_id}","blob":"{blob}"}}"#
        ));
        rounds += 1;
        assert!(rounds < 2000, "the stuck member is never cut off");
        host.say(&format!(
            r#"{{"type":"PLAY","track_id":null,"offset_sec":{rounds}}}"#
        ));
        let answer = host.next().expect("an answer");
        let gone = answer["type"] == "ERROR";
        if gone {
            host.hear("STATE");
        }
        assert_eq!(viewer.hear("STATE")["payload"]["offset_sec"], rounds);
        if gone {
            break;
        }
    }
    server.wait_for_log(&["127.0.0.1: member", "of a cut off: outbox full ("]);
}

#[test]
fn a_flood_of_one_member_does_not_reach_the_others() {
    let server = TestServer::start(&[]);
    let (mut host, _) = Client::join(&server, "a", "host");
    let (mut viewer, _) = Client::join(&server, "a", "viewer");
    let (mut other, _) = Client::join(&server, "b", "host");
    let rounds = 1000; // A minute and a half of it.
    for round in 0..rounds {
        host.say(&format!(
            r#"{{"type":"PLAY","track_id":null,"offset_sec":{round}}}"#
        ));
    }
    for round in 0..20 {
        other.say(&format!(
            r#"{{"type":"PAUSE","track_id":null,"offset_sec":{round}}}"#
        ));
        assert_eq!(other.hear("STATE")["payload"]["offset_sec"], round);
    }
    viewer
        .0
        .get_ref()
        .set_nonblocking(true)
        .expect("no waiting");
    let mut heard = 0;
    while let Ok(state) = viewer.next() {
        assert_eq!(
            state["payload"]["offset_sec"], heard,
            "what is read is kept in order"
        );
        heard += 1;
    }
    assert!(heard < rounds, "the flood was not held back");
}

#[test]
fn a_member_that_was_sent_away_cannot_hold_its_place_by_talking() {
    let server = TestServer::start(&["--max-connections", "2"]);
    let (_host, _) = Client::join(&server, "a", "host");
    let mut second = Client::connect(&server, "a");
    second.say(r#"{"type":"HELLO","role":"host"}"#);
    // Looks away from the close frame, and goes on talking until the place is free for others.
    for attempt in 0.. {
        assert!(attempt < 10_000, "it holds its place");
        let _closed = second.0.get_mut().write_all(b"\x81\x82\0\0\0\0{}");
        let response = common::exchange(&server, b"GET /healthz HTTP/1.0\r\n\r\n");
        if response.starts_with("HTTP/1.1 200 ") {
            break;
        }
    }
}

#[test]
fn a_member_that_was_sent_away_and_says_no_goodbye_is_not_called_silent() {
    let server = TestServer::start(&[]);
    let (_host, _) = Client::join(&server, "a", "host");
    let mut second = Client::connect(&server, "a");
    second.say(r#"{"type":"HELLO","role":"host"}"#);
    // Half a head of a frame: now it has a moment for the rest.
    second.0.get_mut().write_all(b"\x81").expect("sent");
    let metrics = until("it is gone", || {
        let metrics = get(&mut server.connect(), "/metrics").text();
        let is_gone = |metrics: &String| metrics.contains("\njam_members 1\n");
        let is_known = metrics.contains("\njam_messages_received_total 2\n");
        Some(metrics).filter(|metrics| is_known && is_gone(metrics))
    });
    assert!(!metrics.contains("jam_cut_offs_total{"), "{metrics}");
}

#[test]
fn a_log_that_nobody_reads_holds_up_nobody() {
    let mut command = jam(&["server", "--listen", "127.0.0.1:0", "--log", "trace"]);
    let (unread, stderr) = std::io::pipe().expect("a pipe");
    command.stderr(stderr);
    let mut server = TestServer::start_command(command);
    // Every connection is a line or more; 64 KiB of a pipe and the log's queue are full long before the end.
    for _ in 0..3000 {
        let mut client = Client::connect(&server, "a");
        client.say("not a HELLO");
        client.hear_close();
    }
    let (mut host, _) = Client::join(&server, "a", "host");
    host.say(PLAY);
    host.hear("STATE");
    server.signal("TERM");
    assert_eq!(host.hear_close(), (1001, "Server is stopping".into()));
    assert_eq!(server.wait().code(), Some(0));
    drop(unread);
}

#[test]
fn accept_survives_running_out_of_descriptors() {
    let server = TestServer::start(&[]);
    let limit = |count: &str| {
        run(
            "prlimit",
            &["--pid", &server.pid(), &format!("--nofile={count}")],
        )
    };
    let (mut early, _) = Client::join(&server, "a", "host");
    // Fewer than are open for ever: standard input, output and error.
    limit("3:1000");
    let waiting = server.connect();
    server.wait_for_log(&["cannot accept connections"]);
    // Those who are in go on.
    early.say(PLAY);
    early.hear("STATE");
    limit("1000:1000");
    server.wait_for_log(&["accepting connections again"]);
    drop(waiting);
    let (mut late, _) = Client::join(&server, "a", "viewer");
    early.say(PLAY);
    late.hear("STATE");
    let repeated = server.log_so_far();
    assert!(
        !repeated.iter().any(|line| line.contains("cannot accept")),
        "{repeated:?}"
    );
}

#[test]
fn connections_over_the_cap_are_told_503_and_places_come_free() {
    let server = TestServer::start(&["--max-connections", "3"]);
    let members: Vec<Client> = (0..3)
        .map(|_| Client::join(&server, "a", "viewer").0)
        .collect();
    for _ in 0..24 {
        let response = common::exchange(&server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(response.starts_with("HTTP/1.1 503 "), "{response:?}");
    }
    drop(members);
    let mut tries = 0;
    while !common::exchange(&server, b"GET /healthz HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 ")
    {
        tries += 1;
        assert!(tries < 10_000, "the places do not come free");
    }
}

#[test]
fn jam_extensions_come_only_to_those_who_ask_and_in_order() {
    let server = TestServer::start(&["--share", common::TRACK, "--room", "a"]);
    let mut page = Client::connect(&server, "a");
    page.say(
        r#"{"type":"HELLO","role":"host","display_name":"Ana","wants":["WELCOME","QUEUE","MEMBERS"]}"#,
    );
    page.hear("STATE");
    page.hear("PEER");
    assert_eq!(page.hear("WELCOME")["name"], "Ana");
    assert_eq!(page.hear("QUEUE")["tracks"][0]["name"], "prelude5.wav");
    assert_eq!(page.hear("MEMBERS")["total"], 1);

    let (mut plain, _) = Client::join(&server, "a", "viewer");
    loop {
        if page.hear("MEMBERS")["total"] == 2 {
            break;
        }
    }
    page.say(PLAY);
    plain.hear("STATE");
}

#[test]
fn a_busy_port_is_a_failure_with_advice() {
    let server = TestServer::start(&[]);
    let port = server.address.port().to_string();
    let output = jam(&["server", "--listen", "127.0.0.1", "--port", &port])
        .output()
        .expect("jam");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.starts_with("jam: listening on 127.0.0.1:"),
        "{stderr}"
    );
    assert!(
        stderr
            .trim_end()
            .ends_with("(another program has it; choose another with --port)"),
        "{stderr}"
    );
}
