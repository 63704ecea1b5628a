//! jam's own commands at `wss://` and `https://`: the real binary on both sides, what goes by TLS, and what is said when
//! a certificate or an address is wrong.

use crate::common::running::{Running, track_id, until, wav};
use crate::common::server::{TRACK, TestServer, WATCHDOG, jam, run};
use crate::common::temp::TempFolder;
use crate::common::tls::{Certificate, HERE};

use jam::limits::TLS_HANDSHAKE_DEADLINE;
use jam::player::deck::{Deck, News};
use jam::player::ipc;
use jam::player::mpv::Launch;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for a busy machine to find its place in it.
const LONG: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/testdata/tracks/prelude60.opus"
);

/// What `openssl req -x509` makes when it is told nothing else: one that may sign others.
const SIGNER: &str = "basicConstraints = critical, CA:TRUE\nsubjectAltName = IP:127.0.0.1\n";

fn start(certificate: &str, key: &str, more: &[&str]) -> TestServer {
    TestServer::start(&[&["--tls-cert", certificate, "--tls-key", key], more].concat())
}

fn room(server: &TestServer) -> String {
    format!("https://{}/jam1", server.address)
}

/// Runs jam to its end: what it said on both outputs, and its exit code.
fn outcome(mut command: Command) -> (String, String, Option<i32>) {
    let output = command.output().expect("jam runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

/// Runs jam, which is to succeed.
fn done(arguments: &[&str]) -> String {
    let (stdout, stderr, code) = outcome(jam(arguments));
    assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
    stdout
}

/// Runs jam, which is to fail with one line that has these words.
#[track_caller]
fn refused(arguments: &[&str], words: &[&str]) {
    let (stdout, stderr, code) = outcome(jam(arguments));
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{arguments:?}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "no {word:?} in {stderr}");
    }
}

/// A server that says this to everybody, and hangs up; `None`: says nothing for as long as its clients stay.
fn somebody(says: Option<&'static [u8]>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.expect("a connection");
            match says {
                Some(words) => {
                    let _heard = socket.read(&mut [0; 4096]);
                    let _gone = socket.write_all(words);
                }
                None => drop(socket.read_to_end(&mut Vec::new())),
            }
        }
    });
    address
}

// ---- what goes by TLS ----------------------------------------------------------------------------

#[test]
fn a_script_looks_uploads_and_controls_by_tls() {
    let certificate = Certificate::new();
    let server = start(&certificate.file(), &certificate.key(), &[]);
    let room = room(&server);
    let ca = certificate.file();
    let host = |action: &[&str]| done(&[&["host", &room, "--tls-ca", &ca], action].concat());
    let large = certificate.write("large.wav", &wav(1, 12_000_000));
    host(&["--add", TRACK, &large]);
    let queue = host(&["--queue"]);
    assert!(queue.contains("prelude5.wav"), "{queue}");
    let playing = host(&["--play", "1"]);
    assert!(playing.starts_with("playing"), "{playing}");
    let members = done(&["host", &room, "--members", "--tls-ca", &ca]);
    assert_eq!(members, "nobody is in room jam1\n");
    // And what came there is what was sent.
    let path = format!("/tracks/{}", track_id(&wav(1, 12_000_000)));
    let got = certificate.get(server.address, &path);
    assert!(got.body == wav(1, 12_000_000), "other bytes");
}

#[test]
fn nodes_meet_in_a_room_by_tls_and_say_so_in_their_addresses() {
    let certificate = Certificate::new();
    let server = start(&certificate.file(), &certificate.key(), &[]);
    let (ca, folder) = (certificate.file(), TempFolder::new());
    let bytes = wav(2, 3_000_000);
    let file = certificate.write("song.wav", &bytes);
    // By its name, which the certificate has too.
    let room = format!("wss://localhost:{}/ws/jam1", server.address.port());
    let mut seed = jam(&["seed", &file, "--listen-port", "0"]);
    seed.args(["--room", &room, "--tls-ca", &ca]);
    let seed = Running::start(seed);
    let line = format!("jam fetch {} --room {room}", track_id(&bytes));
    seed.wait_for_stdout(&[&line]);
    let output = folder.path().to_str().expect("text");
    let mut arguments = vec!["fetch", "--room", &room, "--tls-ca", &ca];
    arguments.extend(["--output", output, "--listen-port", "0"]);
    done(&[&arguments[..], &["--seed-after", "0", &track_id(&bytes)]].concat());
    assert!(
        fs::read(folder.join("song.wav")).expect("a file") == bytes,
        "other bytes"
    );
    let checked = done(&["check", "--room", &room, "--tls-ca", &ca]);
    assert!(checked.contains("who reaches whom"), "{checked}");
}

#[test]
fn made_up_chunks_travel_between_peers_of_a_room_by_tls() {
    let certificate = Certificate::new();
    let server = start(&certificate.file(), &certificate.key(), &[]);
    let (room, ca) = (room(&server), certificate.file());
    let peer = ["peer", "--tracker-ws", &room, "--tls-ca", &ca];
    let mut seed = jam(&peer);
    seed.args(["--seed", "--listen-port", "0", "--num-chunks", "4"]);
    let _seed = Running::start(seed);
    let mut fetch = jam(&peer);
    fetch.args(["--listen-port", "0", "--num-chunks", "4"]);
    Running::start(fetch).wait_for_success();
}

#[test]
fn the_room_is_found_again_by_tls_and_leaves_nothing_of_the_connections_before() {
    let certificate = Certificate::new();
    let (cert, key) = (certificate.file(), certificate.key());
    let server = start(&cert, &key, &[]);
    let port = server.address.port().to_string();
    let mut seed = jam(&["seed", TRACK, "--listen-port", "0", "--tls-ca", &cert]);
    seed.args(["--room", &room(&server)]);
    let mut seed = Running::start(seed);
    seed.wait_for_stdout(&["Ctrl-C"]);
    let threads = |seed: &Running| {
        let folder = format!("/proc/{}/task", seed.pid());
        let tasks = fs::read_dir(folder).expect("it runs");
        let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm"));
        tasks
            .flatten()
            .flat_map(name)
            .filter(|n| n == "tls\n")
            .count()
    };
    let back = |seed: &Running| {
        let lines = seed.stderr();
        lines
            .iter()
            .filter(|line| line.contains("the room is there again"))
            .count()
    };
    let mut server = server;
    for round in 1..=3 {
        drop(server);
        server = start(&cert, &key, &["--port", &port]);
        until("it is back, by one connection", || {
            (back(&seed) >= round && threads(&seed) == 1).then_some(())
        });
    }
    seed.signal("INT");
    seed.wait_for_success();
}

#[test]
fn a_loudspeaker_plays_from_the_server_by_tls() {
    let certificate = Certificate::new();
    let share = ["--share", LONG];
    let server = start(&certificate.file(), &certificate.key(), &share);
    let (room, ca) = (room(&server), certificate.file());
    let mut listen = jam(&["listen", &room, "--tls-ca", &ca, "--no-fetch", "--json"]);
    listen.args(["--device", "null"]);
    let listen = Running::start(listen);
    listen.wait_for_event("it is there", |event| {
        (event["status"] == "idle").then_some(())
    });
    done(&["host", &room, "--tls-ca", &ca, "--play", "1"]);
    listen.wait_for_event("it plays", |event| {
        (event["status"] == "playing" && event["error_ms"].is_number()).then_some(())
    });
}

#[test]
fn a_player_takes_tracks_only_from_whom_the_file_vouches_for() {
    let (certificate, other) = (Certificate::new(), Certificate::new());
    let elsewhere = Certificate::with("subjectAltName = DNS:party.example.org\n");
    let share = ["--share", TRACK];
    let server = start(&certificate.file(), &certificate.key(), &share);
    let signer = Certificate::with(SIGNER);
    let by_signer = start(&signer.file(), &signer.key(), &share);
    let misnamed = start(&elsewhere.file(), &elsewhere.key(), &share);
    let track = track_id(&fs::read(TRACK).expect("the track"));
    let opens = |ca: String, host: &str, server: &TestServer| {
        let (to, heard) = crossbeam_channel::bounded(64);
        let launch = Launch {
            program: "mpv".into(),
            device: Some("null".into()),
            tls_ca: Some(ca.into()),
        };
        let mut deck = Deck::new(0, launch, to);
        let source = format!("https://{host}:{}/tracks/{track}", server.address.port());
        let load = ipc::Command::Load {
            source,
            offset_sec: 0.0,
        };
        let mut told = false;
        let deadline = Instant::now() + WATCHDOG;
        loop {
            assert!(Instant::now() < deadline, "the player says nothing");
            let mut news = vec![deck.turn(Instant::now()).expect("mpv is installed")];
            if let Ok(said) = heard.recv_timeout(Duration::from_millis(10)) {
                news.push(deck.hear(said));
            }
            for news in news.into_iter().flatten() {
                match news {
                    News::Up if !told => {
                        told = true;
                        let _later = deck.tell(&load, Instant::now());
                    }
                    News::Ready => return true,
                    News::NotPlayable(_) => return false,
                    _ => {}
                }
            }
        }
    };
    assert!(opens(certificate.file(), "127.0.0.1", &server));
    assert!(opens(certificate.file(), "localhost", &server));
    assert!(opens(signer.file(), "127.0.0.1", &by_signer));
    assert!(!opens(other.file(), "127.0.0.1", &server));
    // It is not for this address.
    assert!(!opens(elsewhere.file(), "127.0.0.1", &misnamed));
}

// ---- certificates --------------------------------------------------------------------------------

#[test]
fn the_certificate_of_the_signer_the_usual_self_signed_one_and_the_environment_are_believed() {
    let signer = Certificate::with(SIGNER);
    let server = start(&signer.file(), &signer.key(), &[]);
    let state = ["host", &room(&server), "--state"];
    done(&[&state[..], &["--tls-ca", &signer.file()]].concat());
    let mut by_environment = jam(&state);
    by_environment.env("SSL_CERT_FILE", signer.file());
    let (_, stderr, code) = outcome(by_environment);
    assert_eq!(code, Some(0), "{stderr}");

    // Signed by it, and shown without it.
    let (request, signed) = (signer.path("leaf.csr"), signer.path("leaf.pem"));
    let leaf = Certificate::new();
    let (ca, ca_key, how) = (
        signer.file(),
        signer.key(),
        signer.write("leaf.cnf", HERE.as_bytes()),
    );
    let key = leaf.key();
    let asking = [
        "req", "-new", "-key", &key, "-subj", "/CN=leaf", "-out", &request,
    ];
    run("openssl", &asking);
    let mut signing = vec![
        "x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key,
    ];
    signing.extend([
        "-CAcreateserial",
        "-extfile",
        &how,
        "-days",
        "30",
        "-out",
        &signed,
    ]);
    run("openssl", &signing);
    let server = start(&signed, &key, &[]);
    let state = ["host", &room(&server), "--state", "--tls-ca", &ca];
    done(&state);
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_with_what_to_type() {
    let (certificate, other) = (Certificate::new(), Certificate::new());
    let (signer, other_signer) = (Certificate::with(SIGNER), Certificate::with(SIGNER));
    for (shown, believed) in [(&certificate, &other), (&signer, &other_signer)] {
        let server = start(&shown.file(), &shown.key(), &[]);
        let room = room(&server);
        let words = ["nobody whom this machine trusts", "--tls-ca FILE"];
        let mut alone = jam(&["host", &room, "--state"]);
        alone.env("SSL_CERT_FILE", other.file());
        let (_, stderr, code) = outcome(alone);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(words.iter().all(|word| stderr.contains(word)), "{stderr}");
        let file = believed.file();
        refused(
            &["host", &room, "--state", "--tls-ca", &file],
            &["asking for wss://127.0.0.1", "is not in", &file],
        );
        refused(
            &["listen", &room, "--tls-ca", &file],
            &["joining room jam1", "is not in", &file],
        );
        // And the server knows why.
        server.wait_for_log(&["TLS with 127.0.0.1", "alert"]);
    }
}

#[test]
fn another_name_is_refused_with_those_that_the_certificate_has() {
    for more in ["", "basicConstraints = CA:FALSE\n"] {
        let names = "subjectAltName = DNS:party.example.org, IP:192.168.1.20\n";
        let certificate = Certificate::with(&format!("{more}{names}"));
        let server = start(&certificate.file(), &certificate.key(), &[]);
        refused(
            &[
                "host",
                &room(&server),
                "--state",
                "--tls-ca",
                &certificate.file(),
            ],
            &["is for party.example.org, 192.168.1.20, and not for 127.0.0.1"],
        );
    }
    let certificate = Certificate::with("basicConstraints = CA:FALSE\n");
    let server = start(&certificate.file(), &certificate.key(), &[]);
    refused(
        &[
            "host",
            &room(&server),
            "--state",
            "--tls-ca",
            &certificate.file(),
        ],
        &["names no host", "subjectAltName"],
    );
}

#[test]
fn one_that_is_over_or_has_not_begun_is_refused_with_the_time() {
    for extensions in [HERE, SIGNER] {
        let certificate = Certificate::with(extensions);
        for (from, to, words) in [
            (
                "20200101000000Z",
                "20200102000000Z",
                ["expired", "days ago"],
            ),
            ("20900101000000Z", "20910101000000Z", ["only in", "clock"]),
        ] {
            let dated = certificate.dated(from, to);
            let server = start(&dated, &certificate.key(), &[]);
            let state = ["host", &room(&server), "--state", "--tls-ca", &dated];
            refused(&state, &words);
        }
    }
}

#[test]
fn a_file_that_is_none_of_certificates_is_named() {
    let certificate = Certificate::new();
    let server = start(&certificate.file(), &certificate.key(), &[]);
    let room = room(&server);
    for (file, words) in [
        (certificate.path("nothing.pem"), "No such file"),
        (certificate.key(), "has none in it"),
        (
            certificate.write("large.pem", &vec![b'x'; 2 << 20]),
            "too large",
        ),
        ("/".into(), "s a directory"),
    ] {
        let state = ["host", &room, "--state", "--tls-ca", &file];
        refused(&state, &["certificate", &file, words]);
    }
}

// ---- addresses -----------------------------------------------------------------------------------

#[test]
fn a_plain_server_at_an_encrypted_address_is_told_apart_from_a_silent_one() {
    let plain = TestServer::start(&[]);
    let certificate = Certificate::new();
    let ca = certificate.file();
    let advice = "begin the address with ws:// or http://";
    for address in [plain.address, somebody(Some(b"SSH-2.0-OpenSSH_9.2\r\n"))] {
        let room = format!("wss://{address}/ws/jam1");
        refused(
            &["host", &room, "--state", "--tls-ca", &ca],
            &["does not speak TLS", advice],
        );
        refused(
            &[
                "seed",
                TRACK,
                "--listen-port",
                "0",
                "--room",
                &room,
                "--tls-ca",
                &ca,
            ],
            &["joining room jam1", "does not speak TLS", advice],
        );
    }
    let room = format!("https://{}/jam1", somebody(Some(b"")));
    let state = ["host", &room, "--state", "--tls-ca", &ca];
    refused(&state, &["hung up during the handshake", advice]);
    let room = format!("https://{}/jam1", somebody(None));
    let state = ["host", &room, "--state", "--tls-ca", &ca];
    let within = format!("within {} s", TLS_HANDSHAKE_DEADLINE.as_secs());
    refused(&state, &["no handshake", &within]);
}

#[test]
fn a_server_of_tls_alone_at_a_plain_address_is_told() {
    let redirect = b"HTTP/1.1 301 Moved\r\nLocation: https://party.example.org/\r\n\
                     Content-Length: 0\r\n\r\n";
    let nginx = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 66\r\n\r\n\
                  <html>The plain HTTP request was sent to HTTPS port</html>01234567";
    let alert = b"\x15\x03\x03\x00\x02\x02\x32";
    for answer in [&redirect[..], nginx, alert] {
        let address = somebody(Some(answer));
        let words = ["wants TLS", "wss://"];
        let room = format!("http://{address}/jam1");
        refused(&["host", &room, "--state"], &words);
        refused(&["host", &room, "--pause"], &words);
    }
}

#[test]
fn a_dead_end_behind_the_handshake_is_as_bounded_as_a_plain_one() {
    // One that shakes hands, takes the request, and says something else, or nothing more.
    let certificate = Certificate::new();
    let (file, key) = (certificate.file(), certificate.key());
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let mut other = Command::new("openssl");
    other.args(["s_server", "-www", "-accept"]);
    other.args([&format!("127.0.0.1:{port}"), "-cert", &file, "-key", &key]);
    other
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let _other = Running::start(other);
    until("openssl listens", || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
    });
    let room = format!("wss://127.0.0.1:{port}/ws/jam1");
    refused(
        &["host", &room, "--pause", "--tls-ca", &file],
        &["joining wss://127.0.0.1"],
    );
}
