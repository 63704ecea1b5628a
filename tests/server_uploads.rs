//! Uploads to the real binary: who may, what is taken, and what stays on disk when it goes wrong.

use crate::common::disk::DiskServer;
use crate::common::http;
use crate::common::server as common;
use crate::common::temp;

use common::{Client, TRACK, TestServer, jam, run};
use http::{Response, get, put, put_head, read_response};
use jam::limits::{SNIFF_BYTES, UPLOADS_PER_ADDRESS_MAX};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use temp::TempFolder;

const SONG: &str = "/tracks?name=song.wav&room=a";

/// A host that hears of the queue, and its upload key as a field of a request.
fn host(server: &TestServer) -> (Client, String) {
    let mut host = Client::connect(server, "a");
    host.say(
        r#"{"type":"HELLO","role":"host","display_name":"Ana","wants":["WELCOME","QUEUE","HISTORY"]}"#,
    );
    let welcome = host.hear_next("WELCOME");
    let key = welcome["upload_key"].as_str().expect("a host has a key");
    let field = format!("Authorization: Bearer {key}\r\n");
    host.hear("QUEUE");
    host.hear("HISTORY");
    (host, field)
}

/// A WAV file of this many samples (8 kHz, mono, 8 bit), another for each `mark`.
fn wav(mark: u8, samples: u32) -> Vec<u8> {
    let mut file = b"RIFF".to_vec();
    file.extend((36 + samples).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data");
    file.extend(samples.to_le_bytes());
    file.resize(44 + samples as usize, mark);
    file
}

fn upload(server: &TestServer, path: &str, fields: &str, body: &[u8]) -> Response {
    put(&mut server.connect(), path, fields, body)
}

fn library_of(folder: &TempFolder) -> TestServer {
    TestServer::start(&["--library", folder.path().to_str().expect("text")])
}

/// The names in a folder without the track of this id and its name.
fn others(folder: &Path, id: Option<&str>) -> Vec<String> {
    let names = fs::read_dir(folder).expect("the library").map(|entry| {
        let name = entry.expect("an entry").file_name();
        name.to_string_lossy().into_owned()
    });
    names
        .filter(|name| id.is_none_or(|id| !name.starts_with(id)))
        .collect()
}

// ---- what goes well ------------------------------------------------------------------------------

#[test]
fn what_the_host_uploads_is_in_the_queue_and_can_be_fetched_by_everybody() {
    let folder = TempFolder::new();
    let server = library_of(&folder);
    let (mut host, key) = host(&server);
    let body = fs::read(TRACK).expect("the track");
    let response = upload(&server, SONG, &key, &body);
    assert_eq!(response.status, 201, "{}", response.text());
    let entry = response.json();
    let id = blake3::hash(&body).to_string();
    assert_eq!(entry["track_id"], id.as_str());
    assert_eq!(entry["name"], "song.wav");
    assert_eq!(entry["bytes"], body.len());
    assert_eq!(entry["content_type"], "audio/wav");
    assert_eq!(entry["added_by"], "Ana");
    assert_eq!(response.field("Location"), Some(&*format!("/tracks/{id}")));
    assert_eq!(host.hear("QUEUE")["tracks"], Value::from(vec![entry]));
    let fetched = get(&mut server.connect(), &format!("/tracks/{id}"));
    assert!(fetched.body == body, "other bytes came back");
    assert_eq!(others(folder.path(), Some(&id)), [""; 0]);
}

#[test]
fn curl_uploads_from_the_hosts_address_without_a_key() {
    let server = TestServer::start(&[]);
    let (mut host, _) = host(&server);
    let url = server.url("/tracks?name=my%20song.wav&room=a");
    // curl waits for "100 Continue" before a body of this size.
    let folder = TempFolder::new();
    let large = folder.write("large.wav", &wav(1, 3_000_000));
    let large = large.to_str().expect("text");
    let said = run("curl", &["-sS", "--fail", "-T", large, &url]);
    let entry: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(entry["name"], "my song.wav");
    assert_eq!(host.hear("QUEUE")["tracks"][0], entry);
}

#[test]
fn the_same_bytes_are_one_track_also_when_they_come_at_the_same_moment() {
    let folder = TempFolder::new();
    let server = library_of(&folder);
    let (mut host, key) = host(&server);
    let body = wav(1, 400_000);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let upload = |name: usize| {
            let (mut socket, key, body) = (server.connect(), &key, &body);
            let path = format!("/tracks?name=song{name}.wav&room=a");
            scope.spawn(move || put(&mut socket, &path, key, body).status)
        };
        let running: Vec<_> = (0..4).map(upload).collect();
        running
            .into_iter()
            .map(|upload| upload.join().expect("no panic"))
            .collect()
    });
    assert!(statuses.iter().all(|status| [200, 201].contains(status)));
    let new = statuses.iter().filter(|&&status| status == 201).count();
    assert_eq!(new, 1, "{statuses:?}");
    assert_eq!(
        host.hear("QUEUE")["tracks"].as_array().map(Vec::len),
        Some(1)
    );
    let id = blake3::hash(&body).to_string();
    assert_eq!(others(folder.path(), Some(&id)), [""; 0]);
}

#[test]
fn a_connection_goes_on_after_an_upload() {
    let server = TestServer::start(&[]);
    let (_host, key) = host(&server);
    let mut socket = server.connect();
    for mark in 0..3 {
        assert_eq!(
            put(&mut socket, SONG, &key, &wav(mark, 100_000)).status,
            201
        );
        assert_eq!(get(&mut socket, "/healthz").text(), "ok\n");
    }
}

#[test]
fn a_name_is_cleaned_for_display_and_never_a_path() {
    let folder = TempFolder::new();
    let server = library_of(&folder);
    let (_host, key) = host(&server);
    for (mark, (sent, shown)) in (0..).zip([
        ("..%2F..%2Fetc%2Fpasswd", "../../etc/passwd"),
        ("%2Fetc%2Fcron.d%2Fx", "/etc/cron.d/x"),
        ("a%00b%0A%E2%80%AEc.wav", "ab c.wav"),
        ("%3Cb%3Ex%3C%2Fb%3E", "<b>x</b>"),
    ]) {
        let body = wav(mark, 1000);
        let response = upload(&server, &format!("/tracks?name={sent}&room=a"), &key, &body);
        assert_eq!(response.status, 201, "{}", response.text());
        assert_eq!(response.json()["name"], shown);
    }
    assert_eq!(folder.names().len(), 8, "four tracks and their names");
    let is_plain = |name: &String| name.len() >= 64 && !name.contains("etc");
    assert!(folder.names().iter().all(is_plain), "{:?}", folder.names());
}

#[test]
fn uploads_without_a_library_are_gone_when_the_server_has_stopped() {
    let cache = TempFolder::new();
    let start = || {
        let mut command = jam(&["server", "--listen", "127.0.0.1:0"]);
        command.env("XDG_CACHE_HOME", cache.path());
        TestServer::start_command(command)
    };
    let in_cache = || fs::read_dir(cache.join("jam")).map_or(0, |entries| entries.count());
    let mut server = start();
    let (mut member, key) = host(&server);
    assert_eq!(in_cache(), 0, "nothing is made before it is needed");
    assert_eq!(upload(&server, SONG, &key, &wav(1, 1000)).status, 201);
    member.hear("QUEUE");
    assert_eq!(in_cache(), 1);
    server.signal("TERM");
    assert!(server.wait().success());
    assert_eq!(in_cache(), 0);

    // A server that was killed leaves its folder to the next one; that of a running one stays.
    let mut killed = start();
    let (_member, key) = host(&killed);
    assert_eq!(upload(&killed, SONG, &key, &wav(1, 1000)).status, 201);
    killed.signal("KILL");
    killed.wait();
    assert_eq!(in_cache(), 1);
    let first = start();
    let (_member, key) = host(&first);
    assert_eq!(upload(&first, SONG, &key, &wav(1, 1000)).status, 201);
    assert_eq!(in_cache(), 1);
    let second = start();
    let (_member, key) = host(&second);
    assert_eq!(upload(&second, SONG, &key, &wav(1, 1000)).status, 201);
    assert_eq!(in_cache(), 2);
}

// ---- what is refused -----------------------------------------------------------------------------

#[test]
fn only_the_host_of_the_room_may_add_to_it() {
    let server = TestServer::start(&[]);
    let nobody = upload(&server, SONG, "", &wav(1, 1000));
    assert_eq!(nobody.status, 403);
    assert!(nobody.text().contains("nobody hosts"), "{}", nobody.text());

    let (mut host, key) = host(&server);
    let (_viewer, _) = Client::join(&server, "a", "viewer");
    for (fields, why) in [
        (
            "Authorization: Bearer 00000000000000000000000000000000\r\n",
            "key",
        ),
        ("Authorization: Bearer \r\n", "key"),
        ("X-Forwarded-For: 10.0.0.1\r\n", "only the host"),
        ("Forwarded: for=10.0.0.1\r\n", "only the host"),
        ("X-Real-IP: 10.0.0.1\r\n", "only the host"),
        ("Origin: http://jam\r\n", "only the host"),
        ("Origin: http://elsewhere.example\r\n", "another origin"),
    ] {
        let refused = upload(&server, SONG, fields, &wav(1, 1000));
        assert_eq!(refused.status, 403, "{fields}");
        assert!(refused.text().contains(why), "{}", refused.text());
    }
    // The key of one room opens no other.
    let (mut other, _) = Client::join(&server, "b", "host");
    let elsewhere = upload(&server, "/tracks?name=x&room=b", &key, &wav(1, 1000));
    assert_eq!(elsewhere.status, 403);
    // Through a proxy, the key alone counts.
    let relayed = format!("{key}X-Forwarded-For: 10.0.0.1\r\n");
    assert_eq!(upload(&server, SONG, &relayed, &wav(1, 1000)).status, 201);
    host.hear("QUEUE");
    other.say(r#"{"type":"CLOCK","t0":0}"#);
    other.hear("CLOCK");
}

#[test]
fn something_that_is_no_audio_is_refused_before_the_rest_of_it_comes() {
    let folder = TempFolder::new();
    let server = library_of(&folder);
    let (_host, key) = host(&server);
    let mut socket = server.connect();
    let head = put_head(SONG, 100_000_000, &key);
    socket.write_all(head.as_bytes()).expect("sent");
    socket.write_all(&[b'x'; SNIFF_BYTES]).expect("sent");
    let refused = read_response(&mut socket);
    assert_eq!(refused.status, 415);
    assert!(refused.text().contains("FLAC"), "{}", refused.text());
    for body in [&b""[..], b"x", b"<html></html>"] {
        assert_eq!(upload(&server, SONG, &key, body).status, 415);
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_track_over_the_limit_is_refused_before_it_is_sent() {
    let server = TestServer::start(&["--max-upload", "100kB"]);
    let (_host, key) = host(&server);
    let mut socket = server.connect();
    let head = put_head(SONG, 102_401, &format!("{key}Expect: 100-continue\r\n"));
    socket.write_all(head.as_bytes()).expect("sent");
    assert_eq!(read_response(&mut socket).status, 413);
    let fits = wav(1, 102_400 - 44);
    assert_eq!(upload(&server, SONG, &key, &fits).status, 201);
    let info = get(&mut server.connect(), "/api/server").json();
    assert_eq!(info["upload_bytes_max"], 102_400);
}

#[test]
fn a_malformed_upload_is_told_how_it_is_done() {
    let server = TestServer::start(&[]);
    let (_host, key) = host(&server);
    for path in [
        "/tracks",
        "/tracks?name=x",
        "/tracks?room=a",
        "/tracks?name=%20&room=a",
        "/tracks?name=x&room=a%2Fb",
        "/tracks/?name=%ff&room=a",
    ] {
        let refused = upload(&server, path, &key, &wav(1, 1000));
        assert_eq!(refused.status, 400, "{path}");
        assert!(refused.text().contains("curl -T"), "{}", refused.text());
    }
    assert_eq!(upload(&server, "/a", &key, &wav(1, 10)).status, 405);
    let mut socket = server.connect();
    let head =
        format!("PUT {SONG} HTTP/1.1\r\nHost: jam\r\n{key}Transfer-Encoding: chunked\r\n\r\n");
    socket.write_all(head.as_bytes()).expect("sent");
    assert_eq!(read_response(&mut socket).status, 411);
}

#[test]
fn more_uploads_at_once_than_an_address_may_have_are_told_to_wait() {
    let server = TestServer::start(&[]);
    let (mut host, key) = host(&server);
    let body = wav(1, 200_000);
    let (early, late) = body.split_at(100_000);
    let mut running: Vec<_> = (0..UPLOADS_PER_ADDRESS_MAX)
        .map(|_| {
            let mut socket = server.connect();
            let expects = format!("{key}Expect: 100-continue\r\n");
            let head = put_head(SONG, body.len(), &expects);
            socket.write_all(head.as_bytes()).expect("sent");
            // Once it is told to go on, it has its place.
            assert_eq!(read_response(&mut socket).status, 100);
            socket.write_all(early).expect("sent");
            socket
        })
        .collect();
    assert_eq!(upload(&server, SONG, &key, &body).status, 503);
    for socket in &mut running {
        socket.write_all(late).expect("sent");
        let status = read_response(socket).status;
        assert!([200, 201].contains(&status), "{status}");
    }
    host.hear("QUEUE");
    assert_eq!(upload(&server, SONG, &key, &body).status, 200);
}

#[test]
fn a_full_queue_is_said_before_the_track_is_sent() {
    let server = TestServer::start(&[]);
    let (mut host, key) = host(&server);
    for mark in 0..=u8::MAX {
        for samples in [10, 11] {
            let path = format!("/tracks?name={}&room=a", "x".repeat(120));
            let status = upload(&server, &path, &key, &wav(mark, samples)).status;
            assert!([201, 409].contains(&status), "{status}");
        }
    }
    let mut socket = server.connect();
    let head = put_head(SONG, 1_000_000, &format!("{key}Expect: 100-continue\r\n"));
    socket.write_all(head.as_bytes()).expect("sent");
    let refused = read_response(&mut socket);
    assert_eq!(refused.status, 409);
    assert!(
        refused.text().contains("queue is full"),
        "{}",
        refused.text()
    );
    host.hear("QUEUE");
}

#[test]
fn a_limit_of_file_sizes_is_a_full_disk_and_not_the_end() {
    let mut command = Command::new("sh");
    let script = format!(
        "ulimit -f 1000 && exec {} server --listen 127.0.0.1:0",
        env!("CARGO_BIN_EXE_jam")
    );
    command.args(["-c", &script]).env_remove("JAM_LOG");
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let server = TestServer::start_command(command);
    let (_host, key) = host(&server);
    assert_eq!(upload(&server, SONG, &key, &wav(1, 3_000_000)).status, 507);
    assert_eq!(upload(&server, SONG, &key, &wav(1, 1000)).status, 201);
}

// ---- what goes wrong -----------------------------------------------------------------------------

#[test]
fn an_upload_that_ends_early_leaves_nothing_behind() {
    let folder = TempFolder::new();
    let server = library_of(&folder);
    let (mut host, key) = host(&server);
    let body = wav(1, 500_000);
    for sent in [0, 1, 44, SNIFF_BYTES, body.len() - 1] {
        let mut socket = server.connect();
        let head = put_head(SONG, body.len(), &key);
        socket.write_all(head.as_bytes()).expect("sent");
        socket.write_all(&body[..sent]).expect("sent");
        drop(socket);
    }
    // More than one address may have under way at a time: the next is taken when the server has seen the ends.
    wait_until(|| match upload(&server, SONG, &key, &body).status {
        201 => true,
        status => {
            assert_eq!(status, 503);
            false
        }
    });
    let id = blake3::hash(&body).to_string();
    wait_until(|| others(folder.path(), Some(&id)).is_empty());
    assert_eq!(
        host.hear("QUEUE")["tracks"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn an_upload_that_stands_still_is_over_and_the_room_never_noticed() {
    let folder = TempFolder::new();
    let server = library_of(&folder);
    let (mut host, key) = host(&server);
    let mut socket = server.connect();
    let head = put_head(SONG, 100_000, &key);
    socket.write_all(head.as_bytes()).expect("sent");
    socket.write_all(&wav(1, 1000)).expect("sent");
    let refused = read_response(&mut socket);
    assert_eq!(refused.status, 408);
    assert!(refused.text().contains("try again"), "{}", refused.text());
    assert_eq!(folder.names(), [""; 0]);
    host.say(r#"{"type":"CLOCK","t0":0}"#);
    host.hear("CLOCK");
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing_behind() {
    let disk = DiskServer::start("size=1m", "--library DISK");
    let (server, inside) = (&disk.server, &disk.inside);
    let (mut host, key) = host(server);
    let full = upload(server, SONG, &key, &wav(1, 2_000_000));
    assert_eq!(full.status, 507);
    assert!(full.text().contains("disk is full"), "{}", full.text());
    wait_until(|| others(inside, None).is_empty());
    let small = wav(2, 500_000);
    assert_eq!(upload(server, SONG, &key, &small).status, 201);
    let tracks = host.hear("QUEUE")["tracks"].clone();
    assert_eq!(tracks.as_array().map(Vec::len), Some(1));
    let id = blake3::hash(&small).to_string();
    assert_eq!(others(inside, Some(&id)), [""; 0]);
}

fn wait_until(condition: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + common::WATCHDOG;
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "it never comes true");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}
