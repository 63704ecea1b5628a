//! Requests and answers that break off at any byte, in order or with a reset: the server does nothing by halves, gives
//! back what it held, and serves whoever comes next.

use crate::common::cutter::{Cut, Cutter, HOWS, How, Way, end};
use crate::common::faulty::{FAULTS, Fault, Faulty};
use crate::common::http::{get, put, put_head};
use crate::common::member::Member;
use crate::common::random::{Random, for_each_seed};
use crate::common::running::{track_id, wav};
use crate::common::server::{TRACK, TestServer};
use crate::common::temp::TempFolder;
use crate::common::toll::Toll;

use jam::client::http::{self, PutError, Upload};
use jam::room::address::RoomAddress;
use jam::sys::threads::Threads;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;

/// A room with a host, who may upload.
struct Stage {
    library: TempFolder,
    server: TestServer,
    /// Listens all the time: who is silent for 20 s is none any more.
    _host: Member,
    key: String,
    /// What the server holds when nothing is going on.
    calm: Toll,
}

impl Stage {
    fn new() -> Self {
        let library = TempFolder::new();
        let folder = library.path().to_str().expect("text");
        let server = TestServer::start(&["--library", folder, "--share", TRACK]);
        let hello = json!({ "role": "host", "wants": ["WELCOME"] });
        let host = Member::join(server.address, "jam1", hello);
        let welcome = host.wait_for("WELCOME", |_| true);
        let key = welcome["upload_key"].as_str().expect("a key").to_owned();
        // The thread of the upgrade is gone a moment later.
        let calm = Toll::settled(&server.pid());
        Self {
            library,
            server,
            _host: host,
            key,
            calm,
        }
    }

    /// The next client is served, and finds these tracks in the room.
    fn tracks(&self) -> Vec<String> {
        let view = get(&mut self.server.connect(), "/api/rooms/jam1").json();
        let tracks = view["tracks"].as_array().expect("a list").iter();
        let id = |track: &Value| track["track_id"].as_str().expect("text").to_owned();
        tracks.map(id).collect()
    }

    fn partial_files(&self) -> usize {
        let names = self.library.names();
        let partial = names.iter().filter(|name| name.starts_with("jam-incoming"));
        partial.count()
    }

    /// Nothing is left of all that was tried.
    fn is_as_before(&self) {
        self.calm.wait_for(&self.server.pid());
        assert_eq!(self.partial_files(), 0, "{:?}", self.library.names());
    }
}

/// What comes back for these bytes, which end so.
fn exchange(server: &TestServer, bytes: &[u8], how: How) -> Vec<u8> {
    let mut socket = server.connect();
    let sent = socket.write_all(bytes);
    let mut answer = Vec::new();
    if how == How::Closed {
        let _gone = socket.shutdown(std::net::Shutdown::Write);
        let _reset = socket.read_to_end(&mut answer);
    }
    end(socket, how);
    drop(sent);
    answer
}

fn request(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: jam\r\nConnection: close\r\n{fields}\r\n")
}

fn track_path() -> String {
    let id = track_id(&fs::read(TRACK).expect("the track"));
    format!("/tracks/{id}")
}

// ---- what the server reads ---------------------------------------------------------------------

#[test]
fn a_request_that_breaks_off_at_any_byte_is_not_answered_and_leaves_nothing() {
    let stage = Stage::new();
    let range = request(&track_path(), "Range: bytes=100-199\r\n");
    let room = request("/api/rooms/jam1", "Accept: text/html\r\n");
    for request in [&range, &room] {
        for after in 0..request.len() {
            for how in HOWS {
                let answer = exchange(&stage.server, &request.as_bytes()[..after], how);
                assert!(answer.is_empty(), "an answer to {after} bytes");
            }
        }
    }
    eprintln!("{} requests", HOWS.len() * (range.len() + room.len()));
    // And whole, a byte at a time, it is answered as it always is.
    let mut socket = stage.server.connect();
    socket.set_nodelay(true).expect("an option");
    for byte in range.as_bytes() {
        socket.write_all(&[*byte]).expect("sent");
    }
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 206 "));
    let track = fs::read(TRACK).expect("the track");
    assert!(answer.ends_with(&track[100..200]));
    drop(socket);
    stage.is_as_before();
}

#[test]
fn an_upload_that_breaks_off_at_any_byte_never_becomes_a_track() {
    let stage = Stage::new();
    let song = wav(1, 300);
    let key = format!("Authorization: Bearer {}\r\n", stage.key);
    let head = put_head("/tracks?name=song.wav&room=jam1", song.len(), &key);
    let whole = [head.as_bytes(), &song].concat();
    let before = stage.tracks();
    for after in 0..whole.len() {
        for how in HOWS {
            let answer = exchange(&stage.server, &whole[..after], how);
            assert!(!answer.starts_with(b"HTTP/1.1 2"), "{after} bytes");
        }
        if after % 16 == 0 {
            assert_eq!(stage.tracks(), before, "{after} bytes");
        }
    }
    assert_eq!(stage.tracks(), before);
    eprintln!("{} uploads", HOWS.len() * whole.len());
    stage.is_as_before();
    assert!(!stage.library.join(&track_id(&song)).exists());
    // The places among the uploads were given back.
    let answer = put(
        &mut stage.server.connect(),
        "/tracks?name=song.wav&room=jam1",
        &key,
        &song,
    );
    assert_eq!(answer.status, 201, "{}", answer.text());
    let stored = fs::read(stage.library.join(&track_id(&song))).expect("stored");
    assert!(stored == song);
}

// ---- what the server writes --------------------------------------------------------------------

#[test]
fn an_answer_that_nobody_reads_to_its_end_holds_up_nobody() {
    let stage = Stage::new();
    let cutter = Cutter::to(stage.server.address);
    let mut random = Random::from_seed(6);
    let page = request("/", "Accept-Encoding: deflate\r\n");
    let part = request(&track_path(), "Range: bytes=1000-1099\r\n");
    let track = request(&track_path(), "");
    for (request, tries) in [(&part, usize::MAX), (&page, 150), (&track, 60)] {
        let whole = exchange(&stage.server, request.as_bytes(), How::Closed);
        let cuts: Vec<usize> = match whole.len() <= tries {
            true => (0..whole.len()).collect(),
            false => (0..tries).map(|_| random.below(whole.len())).collect(),
        };
        for after in cuts {
            for how in HOWS {
                let way = Way::Back;
                cutter.cut(Some(Cut { way, after, how }));
                let before = cutter.ended();
                let mut socket = std::net::TcpStream::connect(cutter.address).expect("a line");
                let _sent = socket.write_all(request.as_bytes());
                let mut came = Vec::new();
                let _reset = socket.read_to_end(&mut came);
                assert!(came.len() <= after && whole.starts_with(&came), "{after}");
                cutter.wait_for_end(before);
            }
        }
    }
    eprintln!("{} answers", cutter.ended());
    assert_eq!(stage.tracks().len(), 1);
    stage.is_as_before();
}

// ---- jam's own client ----------------------------------------------------------------------------

fn room_at(address: SocketAddr) -> RoomAddress {
    RoomAddress::parse(&format!("ws://{address}/ws/jam1")).expect("a room")
}

/// How many bytes went there and back when nothing was cut.
fn whole(cutter: &Cutter, ask: impl FnOnce()) -> [usize; 2] {
    cutter.cut(None);
    let before = cutter.ended();
    ask();
    cutter.wait_for_end(before)
}

#[test]
fn a_question_whose_answer_breaks_off_has_no_answer_and_never_half_of_one() {
    let stage = Stage::new();
    let cutter = Cutter::to(stage.server.address);
    let (room, threads) = (room_at(cutter.address), Threads::default());
    let ask = || http::get(&room, "/api/rooms/jam1", &threads);
    // All but the time, which goes on.
    let tracks = |answer: &http::Answer| {
        let view: Value = serde_json::from_str(&answer.body).expect("whole");
        (answer.status, view["tracks"].to_string())
    };
    let right = tracks(&ask().expect("an answer"));
    let lengths = whole(&cutter, || drop(ask()));
    cutter.in_pieces(1);
    for way in [Way::There, Way::Back] {
        let length = lengths[way as usize];
        for after in (0..=length).step_by(if length < 400 { 1 } else { 3 }) {
            for how in HOWS {
                cutter.cut(Some(Cut { way, after, how }));
                match ask() {
                    Err(_) => {}
                    // The question and the answer had arrived when the line was cut.
                    Ok(answer) => assert_eq!(tracks(&answer), right, "{way:?} {after} {how:?}"),
                }
            }
        }
    }
    cutter.in_pieces(usize::MAX);
    whole(&cutter, || {
        assert_eq!(tracks(&ask().expect("an answer")), right)
    });
    eprintln!("{} questions", cutter.ended());
    stage.is_as_before();
}

#[test]
fn an_upload_of_our_own_over_a_line_that_breaks_is_a_track_or_an_error() {
    let stage = Stage::new();
    let cutter = Cutter::to(stage.server.address);
    let (room, threads) = (room_at(cutter.address), Threads::default());
    let song = wav(2, 400);
    let send = |file: &mut Faulty| {
        let upload = Upload {
            path: "/tracks?name=song.wav&room=jam1",
            key: Some(&stage.key),
            bytes: song.len() as u64,
        };
        http::put(&room, &upload, file, || false, &threads)
    };
    let before = stage.tracks();
    // A file that cannot be read to its end is no track, and no reason for the server to wait.
    for fault in FAULTS {
        for after in (0..song.len()).step_by(7) {
            let sent = send(&mut Faulty::new(&song, after, fault));
            assert!(matches!(sent, Err(PutError::File(_))), "{after} {fault:?}");
        }
    }
    assert_eq!(stage.tracks(), before);
    for_each_seed(120, |random| {
        let way = *random.pick(&[Way::There, Way::Back]);
        let (after, how) = (random.below(620), *random.pick(&HOWS));
        cutter.cut(Some(Cut { way, after, how }));
        let whole = Fault::End;
        let sent = send(&mut Faulty::new(&song, song.len(), whole));
        // The answer may be lost when the track has arrived, and not the other way round.
        if let Ok(answer) = sent
            && answer.status == 201
        {
            assert!(stage.tracks().contains(&track_id(&song)));
        }
    });
    cutter.cut(None);
    cutter.in_pieces(3);
    let sent = send(&mut Faulty::in_drips(&song, song.len(), Fault::End));
    let answer = sent.expect("interrupted reads are tried again");
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    let stored = fs::read(stage.library.join(&track_id(&song))).expect("stored");
    assert!(stored == song);
    stage.is_as_before();
}
