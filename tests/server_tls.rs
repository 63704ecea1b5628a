//! The encrypted door of the real binary: everything that goes by the plain one goes by it as well, on the same port,
//! and who breaks off a handshake or a connection leaves nothing behind.

use crate::common::http::{put, read_response};
use crate::common::running::{track_id, until, wav};
use crate::common::server::{Client, TRACK, TestServer, WATCHDOG, jam, run};
use crate::common::temp::TempFolder;
use crate::common::tls::{Certificate, ask};

use jam::limits::WRITE_STALL;
use jam::sys::addresses;
use serde_json::Value;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::Output;
use std::time::{Duration, Instant};
use tungstenite::Message;

fn start(certificate: &Certificate, arguments: &[&str]) -> TestServer {
    let (file, key) = (certificate.file(), certificate.key());
    let mut all = vec!["--tls-cert", &file, "--tls-key", &key];
    all.extend(arguments);
    TestServer::start(&all)
}

fn https(server: &TestServer, path: &str) -> String {
    format!("https://localhost:{}{path}", server.address.port())
}

/// With a certificate that only this test trusts.
fn curl(certificate: &Certificate, arguments: &[&str]) -> String {
    let file = certificate.file();
    let mut all = vec!["-sS", "--fail", "--ipv4", "--cacert", &file];
    all.extend(arguments);
    run("curl", &all)
}

/// Threads and descriptors of the server.
fn taken(server: &TestServer) -> (usize, usize) {
    let count = |what: &str| {
        let folder = format!("/proc/{}/{what}", server.pid());
        fs::read_dir(folder).expect("it runs").count()
    };
    (count("task"), count("fd"))
}

fn wait_until_as_before(server: &TestServer, before: (usize, usize)) {
    until("threads and descriptors as before", || {
        let now = taken(server);
        (now.0 <= before.0 && now.1 <= before.1).then_some(())
    });
}

// ---- what goes by it -----------------------------------------------------------------------------

#[test]
fn the_page_and_its_parts_come_encrypted_and_on_this_machine_plainly_as_well() {
    let certificate = Certificate::new();
    let server = start(&certificate, &[]);
    let page = certificate.get(server.address, "/jam1");
    assert_eq!(page.status, 200, "{}", page.head);
    assert!(page.text().contains("<title>"), "{}", page.text());
    assert_eq!(
        certificate.get(server.address, "/assets/app.js").status,
        200
    );
    let by_curl = curl(&certificate, &["--tlsv1.3", &https(&server, "/jam1")]);
    assert_eq!(by_curl, page.text());
    let older = ["--tlsv1.2", "--tls-max", "1.2", &https(&server, "/jam1")];
    assert_eq!(curl(&certificate, &older), page.text());
    assert_eq!(
        run("curl", &["-sS", "--fail", &server.url("/jam1")]),
        page.text()
    );
}

#[test]
fn one_connection_carries_many_requests() {
    let certificate = Certificate::new();
    let server = start(&certificate, &[]);
    let mut socket = certificate.connect(server.address);
    for _ in 0..20 {
        ask(&mut socket, "/healthz");
    }
    for _ in 0..20 {
        assert_eq!(read_response(&mut socket).text(), "ok\n");
    }
}

#[test]
fn a_large_track_comes_whole_and_in_parts_with_the_same_bytes() {
    let certificate = Certificate::new();
    let folder = TempFolder::new();
    let bytes = wav(1, 24_000_000);
    let file = folder.write("large.wav", &bytes);
    let server = start(&certificate, &["--share", file.to_str().expect("text")]);
    let url = https(&server, &format!("/tracks/{}", track_id(&bytes)));
    let to = folder.join("fetched.wav");
    let to = to.to_str().expect("text");
    curl(&certificate, &["-o", to, &url]);
    assert!(fs::read(to).expect("a file") == bytes, "other bytes");
    for range in ["0-0", "1000-17999999", "23999990-"] {
        curl(&certificate, &["-r", range, "-o", to, &url]);
        let (from, end) = range.split_once('-').expect("a range");
        let from: usize = from.parse().expect("a number");
        let end = end.parse().map_or(bytes.len(), |last: usize| last + 1);
        assert!(
            fs::read(to).expect("a file") == bytes[from..end],
            "{range}: other bytes"
        );
    }
    // The client has said all, and still hears all.
    let mut socket = certificate.connect(server.address);
    ask(&mut socket, &format!("/tracks/{}", track_id(&bytes)));
    socket.conn.send_close_notify();
    socket.flush().expect("sent");
    socket.sock.shutdown(Shutdown::Write).expect("an end");
    let response = read_response(&mut socket);
    assert!(response.body == bytes, "other bytes");
    let mut rest = Vec::new();
    // With a goodbye; a connection that is just gone would be an error here.
    socket.read_to_end(&mut rest).expect("a goodbye");
    assert_eq!(rest, b"");
}

#[test]
fn a_room_is_the_same_by_both_doors() {
    let certificate = Certificate::new();
    let server = start(&certificate, &["--share", TRACK]);
    let mut host = certificate.join(server.address, "jam1", r#""role":"host""#);
    let (mut guest, _) = Client::join(&server, "jam1", "viewer");
    host.say(r#"{"type":"PLAY","track_id":"t1","offset_sec":1.5,"timestamp":0}"#);
    for state in [host.hear_next("STATE"), guest.hear_next("STATE")] {
        assert_eq!(state["payload"]["offset_sec"], 1.5);
        assert_eq!(state["payload"]["status"], "PLAY");
    }
    for number in 0..50 {
        let text = "x".repeat(number * 1000);
        host.say(&format!(r#"{{"type":"PAUSE","track_id":"{number}","offset_sec":0,"timestamp":0,"more":"{text}"}}"#));
        assert_eq!(
            guest.hear_next("STATE")["payload"]["track_id"],
            number.to_string()
        );
    }
    guest.0.close(None).expect("a close frame");
    host.0.close(None).expect("a close frame");
    let end = loop {
        match host.0.read() {
            Ok(Message::Close(_) | Message::Text(_)) => {}
            Ok(other) => panic!("{other}"),
            Err(error) => break error,
        }
    };
    assert!(matches!(end, tungstenite::Error::ConnectionClosed), "{end}");
}

#[test]
fn the_room_knows_where_an_encrypted_member_really_is() {
    let certificate = Certificate::new();
    let server = start(&certificate, &[]);
    // Another address of loopback, so that nobody is confused with the server itself.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    let own: SocketAddr = "127.0.0.7:0".parse().expect("an address");
    socket.bind(&own.into()).expect("bound");
    socket.connect(&server.address.into()).expect("accepted");
    let socket = certificate.connect_on(TcpStream::from(socket));
    let (socket, _) = tungstenite::client("ws://localhost/ws/a", socket).expect("granted");
    let mut node = Client(socket);
    node.say(r#"{"type":"HELLO","role":"viewer","display_name":"Ben"}"#);
    node.say(r#"{"type":"ANNOUNCE","room":"a","port":0}"#);
    node.hear_next("PEERS");
    let (mut guest, _) = Client::join(&server, "a", "viewer");
    guest.say(r#"{"type":"ANNOUNCE","room":"a","port":0}"#);
    let peers = guest.hear_next("PEERS");
    assert_eq!(peers["peers"][0]["ip"], "127.0.0.7", "{peers}");
}

#[test]
fn a_host_uploads_encrypted_from_its_own_address() {
    let certificate = Certificate::new();
    let server = start(&certificate, &[]);
    let hello = r#""role":"host","display_name":"Ana","wants":["WELCOME","QUEUE"]"#;
    let _host = certificate.join(server.address, "a", hello);
    let bytes = wav(2, 3_000_000);
    let file = certificate.write("large.wav", &bytes);
    let url = https(&server, "/tracks?name=song.wav&room=a");
    let entry: Value =
        serde_json::from_str(&curl(&certificate, &["-T", &file, &url])).expect("JSON");
    assert_eq!(entry["track_id"], track_id(&bytes));
    let mut socket = certificate.connect(server.address);
    ask(&mut socket, &format!("/tracks/{}", track_id(&bytes)));
    assert!(
        read_response(&mut socket).body == bytes,
        "other bytes came back"
    );
    // Who waits for the end of its body is answered as well.
    let mut plain = server.connect();
    assert_eq!(
        put(&mut plain, "/tracks?name=song.wav&room=a", "", &bytes).status,
        200
    );
}

#[test]
fn others_are_told_encrypted_addresses_and_a_plain_page_sends_them_there() {
    let certificate = Certificate::new();
    let server = start(&certificate, &["--listen", "0.0.0.0:0"]);
    let info = certificate.get(server.address, "/api/server").json();
    let addresses = info["addresses"].as_array().expect("a list");
    let https = |address: &Value| address.as_str().is_some_and(|a| a.starts_with("https://"));
    assert!(addresses.iter().all(https), "{info}");
    let everywhere = SocketAddr::new([0, 0, 0, 0].into(), server.address.port());
    // Without a network there is nobody else to send anywhere.
    for address in addresses::reachable(everywhere).into_iter().take(1) {
        let url = format!("https://{address}/jam1");
        assert!(server.greeting.contains(&url), "{}", server.greeting);
        let plain = |path: &str| {
            let mut socket = TcpStream::connect(address).expect("accepted");
            let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
            socket.write_all(head.as_bytes()).expect("sent");
            read_response(&mut socket)
        };
        let sent_away = plain("/jam1");
        assert_eq!(sent_away.status, 308, "{}", sent_away.head);
        assert_eq!(sent_away.field("Location"), Some(&*url));
        assert_eq!(sent_away.field("Cache-Control"), Some("no-store"));
        // jam's own programs speak plainly.
        assert_eq!(plain("/healthz").status, 200);
        assert_eq!(plain("/api/rooms/jam1").status, 200);
        let socket = TcpStream::connect(address).expect("accepted");
        tungstenite::client(format!("ws://{address}/ws/jam1"), socket).expect("granted");
    }
}

#[test]
fn the_swarm_goes_on_by_the_plain_door() {
    let certificate = Certificate::new();
    let server = start(&certificate, &["--share", TRACK]);
    let folder = TempFolder::new();
    let room = format!("ws://{}/ws/jam1", server.address);
    let output = folder.path().to_str().expect("text");
    let id = track_id(&fs::read(TRACK).expect("the track"));
    let mut fetch = jam(&["fetch", &id, "--room", &room, "--output", output]);
    fetch.args(["--listen-port", "0", "--seed-after", "0"]);
    let Output { status, stderr, .. } = fetch.output().expect("jam runs");
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    let fetched = fs::read(folder.join("prelude5.wav")).expect("a file");
    assert!(
        fetched == fs::read(TRACK).expect("the track"),
        "other bytes"
    );
}

// ---- what goes wrong -----------------------------------------------------------------------------

#[test]
fn a_handshake_has_one_deadline_however_slowly_its_bytes_drip_in() {
    let certificate = Certificate::new();
    let server = start(&certificate, &[]);
    let mut socket = server.connect();
    let mut dripping = socket.try_clone().expect("a second handle");
    let drip = std::thread::spawn(move || {
        // A record of 1,000 bytes, one byte at a time.
        for byte in [0x16, 3, 1, 3, 232, 1, 0, 3, 228].iter().chain(&[3; 60]) {
            if dripping.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    let mut response = Vec::new();
    let _reset = socket.read_to_end(&mut response);
    assert_eq!(response, b"", "an answer to half a question");
    server.wait_for_log(&["TLS with 127.0.0.1: no handshake within 10 s"]);
    drip.join().expect("the dripping ended");
}

#[test]
fn garbage_behind_the_first_byte_ends_that_connection_alone() {
    let certificate = Certificate::new();
    let server = start(&certificate, &[]);
    let mut guest = certificate.join(server.address, "a", r#""role":"viewer""#);
    let before = taken(&server);
    for garbage in [
        &[0x16; 1000][..],
        b"\x16GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff",
        b"\x16\x03\x01\x00\x00",
    ] {
        let mut socket = server.connect();
        socket.write_all(garbage).expect("sent");
        // What follows may be waited for; it does not come.
        socket.shutdown(Shutdown::Write).expect("an end");
        let mut answer = Vec::new();
        let _reset = socket.read_to_end(&mut answer);
        // Nothing, or an alert.
        assert!(answer.is_empty() || answer[0] == 0x15, "{answer:?}");
    }
    server.wait_for_log(&["TLS with 127.0.0.1"]);
    wait_until_as_before(&server, before);
    // Garbage that comes later, in the place of a record.
    let mut socket = certificate.connect(server.address);
    ask(&mut socket, "/healthz");
    assert_eq!(read_response(&mut socket).status, 200);
    socket.sock.write_all(&[0x17, 3, 3, 0, 40]).expect("sent");
    socket.sock.write_all(&[7; 40]).expect("sent");
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).expect_err("an alert");
    guest.say(r#"{"type":"CLOCK","t0":1}"#);
    guest.hear_next("CLOCK");
    wait_until_as_before(&server, before);
}

#[test]
fn plain_words_to_a_server_without_tls_are_answered_as_ever_and_tls_is_refused() {
    let certificate = Certificate::new();
    let server = TestServer::start(&[]);
    let mut socket = certificate.connect(server.address);
    let error = socket
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .and_then(|()| socket.read_exact(&mut [0]));
    error.expect_err("no handshake");
}

#[test]
fn connections_that_are_dropped_half_way_leave_no_thread_and_no_descriptor() {
    let certificate = Certificate::new();
    let bytes = wav(3, 20_000_000);
    let file = certificate.write("large.wav", &bytes);
    let server = start(&certificate, &["--share", &file]);
    // Whatever is made once is made now.
    assert_eq!(certificate.get(server.address, "/jam1").status, 200);
    drop(certificate.join(server.address, "b", r#""role":"viewer""#));
    let before = until("the first connections are gone", || {
        let (threads, files) = taken(&server);
        std::thread::sleep(Duration::from_millis(100));
        (taken(&server) == (threads, files)).then_some((threads, files))
    });
    let hello = hello_of(&certificate);
    for round in 0..50 {
        match round % 5 {
            // In the middle of the handshake.
            0 => {
                let mut socket = server.connect();
                socket
                    .write_all(&hello[..round * hello.len() / 50])
                    .expect("sent");
            }
            1 => {
                let mut socket = server.connect();
                socket.write_all(&hello).expect("sent");
            }
            // In the middle of a download, with and without a reset.
            2 => {
                let mut socket = certificate.connect(server.address);
                ask(&mut socket, &format!("/tracks/{}", track_id(&bytes)));
                socket.read_exact(&mut vec![0; 100_000]).expect("some");
            }
            // As a member.
            3 => drop(certificate.join(server.address, "b", r#""role":"viewer""#)),
            // In the middle of an upload.
            _ => {
                let mut socket = certificate.connect(server.address);
                let head = "PUT /tracks?name=a.wav&room=b HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nRIFF";
                socket.write_all(head.as_bytes()).expect("sent");
            }
        }
    }
    wait_until_as_before(&server, before);
}

/// What a client says first.
fn hello_of(certificate: &Certificate) -> Vec<u8> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut client = certificate.connect(address);
    let mut hello = Vec::new();
    client
        .conn
        .write_tls(&mut hello)
        .expect("a Vec takes everything");
    hello
}

#[test]
fn a_member_that_reads_nothing_is_cut_off_and_nobody_waits_for_it() {
    let certificate = Certificate::new();
    let server = start(&certificate, &[]);
    let mut stuck = certificate.join(
        server.address,
        "a",
        r#""role":"viewer","wants":["WELCOME"]"#,
    );
    let id = stuck_peer_id(&mut stuck);
    let (mut talker, _) = Client::join(&server, "a", "viewer");
    let blob = "x".repeat(60_000);
    let signal = format!(r#"{{"type":"SIGNAL","to":"{id}","blob":"{blob}"}}"#);
    // Until the sender hears that nobody of this name is there.
    let deadline = Instant::now() + WATCHDOG + WRITE_STALL;
    talker
        .0
        .get_ref()
        .set_read_timeout(Some(Duration::from_millis(1)))
        .expect("a timeout");
    loop {
        talker.say(&signal);
        match talker.next() {
            Ok(message) if message["type"] == "ERROR" => break,
            Ok(_) => {}
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
        assert!(Instant::now() < deadline, "it is never cut off");
    }
    server.wait_for_log(&["cut off"]);
}

fn stuck_peer_id(member: &mut Client<crate::common::tls::TlsSocket>) -> String {
    let peer = member.hear_next("PEER");
    peer["peer_id"].as_str().expect("text").to_owned()
}

#[test]
fn stopping_says_goodbye_to_encrypted_members_and_waits_for_nobody() {
    let certificate = Certificate::new();
    let mut server = start(&certificate, &[]);
    let mut member = certificate.join(server.address, "a", r#""role":"host""#);
    let mut idle = certificate.connect(server.address);
    ask(&mut idle, "/healthz");
    assert_eq!(read_response(&mut idle).status, 200);
    let mut half = server.connect();
    half.write_all(&hello_of(&certificate)[..100])
        .expect("sent");
    let silent = server.connect();
    server.signal("TERM");
    assert_eq!(member.hear_close().0, 1001);
    drop(member);
    assert!(server.wait().success());
    let log = server.log_so_far();
    assert!(
        !log.iter().any(|line| line.contains("still busy")),
        "{log:?}"
    );
    drop((idle, half, silent));
}

// ---- certificates that do not do -----------------------------------------------------------------

#[test]
fn files_that_do_not_do_are_named_with_what_is_wrong_with_them() {
    let (one, other) = (Certificate::new(), Certificate::new());
    let (locked, none) = (one.path("locked.pem"), one.path("none.pem"));
    let how = [
        "pkey",
        "-in",
        &one.key(),
        "-aes128",
        "-passout",
        "pass:x",
        "-out",
        &locked,
    ];
    run("openssl", &how);
    let text = one.write("text.pem", b"no certificate\n");
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let broken = one.write("broken.pem", broken);
    let half = one.write("half.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n");
    let both = [fs::read(one.file()), fs::read(one.key())].map(|file| file.expect("a file"));
    let both = one.write("both.pem", &both.concat());
    let (cert, key) = (one.file(), one.key());
    for (cert, key, expected) in [
        (&none, &key, "reading the certificate {none}: No such file"),
        (&cert, &none, "reading the key {none}: No such file"),
        (
            &text,
            &key,
            "the certificate {text} has none in it (a PEM file has a line -----BEGIN CERTIFICATE-----)",
        ),
        (
            &cert,
            &text,
            "the key {text} has none in it (a PEM file has a line -----BEGIN PRIVATE KEY-----)",
        ),
        (&cert, &cert, "the key {cert} has none in it"),
        (
            &cert,
            &other.key(),
            "the key {other} is not the one of the certificate {cert}",
        ),
        (
            &cert,
            &locked,
            "the key {locked} is locked with a password (unlock it: openssl pkey -in {locked} -out open.pem)",
        ),
        (&broken, &key, "the certificate {broken} cannot be used: "),
        (&half, &key, "the certificate {half} is no PEM file: "),
    ] {
        let expected = expected.replace("{none}", &none).replace("{text}", &text);
        let expected = expected
            .replace("{cert}", cert)
            .replace("{locked}", &locked);
        let expected = expected
            .replace("{broken}", &broken)
            .replace("{half}", &half);
        let expected = expected.replace("{other}", &other.key());
        let command = [
            "server",
            "--listen",
            "127.0.0.1:0",
            "--tls-cert",
            cert,
            "--tls-key",
            key,
        ];
        let Output { status, stderr, .. } = jam(&command).output().expect("jam runs");
        let stderr = String::from_utf8(stderr).expect("text");
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.starts_with(&format!("jam: {expected}")), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    let server = TestServer::start(&["--tls-cert", &both, "--tls-key", &both]);
    assert_eq!(one.get(server.address, "/healthz").status, 200);
}
