//! HTTP of the real binary: tracks with ranges, the page, refusals, keep-alive; with curl where it counts.

use crate::common::server as common;

use common::{TRACK, TestServer, exchange, jam, run};
use miniz_oxide::inflate::decompress_to_vec_zlib;
use std::fs;
use std::io::{Read, Write};
use std::time::Duration;

fn server() -> TestServer {
    TestServer::start(&["--share", TRACK])
}

fn bytes() -> Vec<u8> {
    fs::read(TRACK).expect("the track")
}

fn track_id() -> String {
    blake3::hash(&bytes()).to_hex().to_string()
}

/// GET with further header lines; head and body.
fn get(server: &TestServer, path: &str, fields: &str) -> (String, Vec<u8>) {
    let mut socket = server.connect();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n");
    socket.write_all(request.as_bytes()).expect("sent");
    let mut response = Vec::new();
    socket.read_to_end(&mut response).expect("a whole response");
    let end = response
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a head");
    let body = response.split_off(end + 4);
    (String::from_utf8(response).expect("text"), body)
}

#[test]
fn a_track_comes_whole_and_in_parts() {
    let server = server();
    let (path, all) = (format!("/tracks/{}", track_id()), bytes());
    let (head, body) = get(&server, &path, "");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("Content-Type: audio/wav\r\n"), "{head}");
    assert!(head.contains("Accept-Ranges: bytes\r\n"), "{head}");
    assert!(body == all, "other bytes");

    let total = all.len();
    for (range, expected) in [
        ("bytes=0-0", &all[..1]),
        ("bytes=1000-1999", &all[1000..2000]),
        ("bytes=480000-", &all[480_000..]),
        ("bytes=-10", &all[total - 10..]),
        ("bytes=480000-99999999", &all[480_000..]),
    ] {
        let (head, body) = get(&server, &path, &format!("Range: {range}\r\n"));
        assert!(head.starts_with("HTTP/1.1 206 "), "{range}: {head}");
        let first = offset_of(&all, expected);
        let place = format!(
            "Content-Range: bytes {first}-{}/{total}\r\n",
            first + expected.len() - 1
        );
        assert!(head.contains(&place), "{range}: {head} has no {place}");
        assert!(body == expected, "{range}: other bytes");
    }
    let (head, _) = get(&server, &path, &format!("Range: bytes={total}-\r\n"));
    assert!(head.starts_with("HTTP/1.1 416 "), "{head}");
    assert!(
        head.contains(&format!("Content-Range: bytes */{total}\r\n")),
        "{head}"
    );
}

/// Where a part of a slice begins in it.
fn offset_of(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

#[test]
fn conditions_on_the_etag_are_kept() {
    let server = server();
    let (path, etag) = (
        format!("/tracks/{}", track_id()),
        format!("\"{}\"", track_id()),
    );
    let status = |fields: &str| get(&server, &path, fields).0[9..12].to_owned();
    assert_eq!(status(&format!("If-None-Match: {etag}\r\n")), "304");
    assert_eq!(status("If-None-Match: \"other\"\r\n"), "200");
    assert_eq!(
        status(&format!("Range: bytes=5-9\r\nIf-Range: {etag}\r\n")),
        "206"
    );
    assert_eq!(status("Range: bytes=5-9\r\nIf-Range: \"other\"\r\n"), "200");
}

#[test]
fn curl_continues_a_download_where_it_broke_off() {
    let server = server();
    let folder = tempdir();
    let file = folder.join("part.wav");
    fs::write(&file, &bytes()[..100_000]).expect("a part");
    let file = file.to_str().expect("text");
    run(
        "curl",
        &[
            "-sSf",
            "-C",
            "-",
            "-o",
            file,
            &server.url(&format!("/tracks/{}", track_id())),
        ],
    );
    assert!(fs::read(file).expect("a file") == bytes(), "other bytes");
    fs::remove_dir_all(folder).expect("removed");
}

fn tempdir() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("jam-http-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn head_is_get_without_the_body() {
    let server = server();
    for path in [
        &format!("/tracks/{}", track_id()),
        "/",
        "/jam1",
        "/healthz",
        "/assets/app.js",
        "/none/such",
    ] {
        let (get_head, _) = get(&server, path, "");
        let head = exchange(
            &server,
            format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
        );
        assert_eq!(head, get_head, "{path}");
    }
}

#[test]
fn each_wrong_request_gets_its_refusal() {
    let server = server();
    let long = "x".repeat(9000);
    let many = "A: b\r\n".repeat(100);
    for (request, status) in [
        (
            "GET /none/such HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            404,
        ),
        (
            "GET /tracks/none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            404,
        ),
        (
            "GET /../Cargo.toml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            404,
        ),
        (
            "GET /assets/../../Cargo.toml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            404,
        ),
        (
            "GET /qr.svg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            400,
        ),
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            411,
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
            413,
        ),
        ("GET /ws/jam1 HTTP/1.1\r\nHost: x\r\n\r\n", 426),
        (&format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"), 431),
        (&format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"), 431),
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    ] {
        let response = exchange(&server, request.as_bytes());
        let start = &request[..request.len().min(60)];
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{start:?}: {response}"
        );
    }
}

#[test]
fn a_head_has_one_deadline_however_slowly_its_bytes_drip_in() {
    let server = server();
    let mut socket = server.connect();
    let mut dripping = socket.try_clone().expect("a second handle");
    let drip = std::thread::spawn(move || {
        for byte in b"GET / HTTP/1.1\r\nHost: a-very-slow-client\r\n\r\n" {
            if dripping.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    let mut response = Vec::new();
    let _reset = socket.read_to_end(&mut response);
    let response = String::from_utf8_lossy(&response);
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    drip.join().expect("the dripping ended");
}

#[test]
fn a_connection_carries_many_requests_also_when_they_come_at_once() {
    let server = server();
    let mut socket = server.connect();
    let one = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let requests = one.repeat(20) + last;
    socket.write_all(requests.as_bytes()).expect("sent");
    let mut responses = String::new();
    socket.read_to_string(&mut responses).expect("responses");
    assert_eq!(responses.matches("HTTP/1.1 200 OK\r\n").count(), 21);
    assert_eq!(responses.matches("\r\n\r\nok\n").count(), 21);
}

#[test]
fn the_page_is_whole_and_asks_for_nothing_elsewhere() {
    let server = server();
    let (head, body) = get(&server, "/jam1", "");
    assert!(
        head.contains("Content-Security-Policy: default-src 'none'; script-src 'self';"),
        "{head}"
    );
    let page = String::from_utf8(body).expect("text");
    assert_strict(&head, &page);
    assert!(
        page.contains(&format!("content=\"{}\"", env!("CARGO_PKG_VERSION"))),
        "no version"
    );
    // Every browser takes it packed, like its parts.
    let (_, packed_page) = get(&server, "/jam1", "Accept-Encoding: gzip, deflate\r\n");
    let mut bytes_in_all = packed_page.len();
    for asset in &jam::server::page::ASSETS {
        let (head, body) = get(&server, &format!("/assets/{}", asset.name), "");
        assert!(head.starts_with("HTTP/1.1 200 "), "{}: {head}", asset.name);
        let elsewhere = String::from_utf8_lossy(&body).replace("http://www.w3.org/", "");
        assert!(
            !elsewhere.contains("https://"),
            "{} names another host",
            asset.name
        );
        let packed = get(
            &server,
            &format!("/assets/{}", asset.name),
            "Accept-Encoding: gzip, deflate\r\n",
        );
        let is_deflated = packed.0.contains("Content-Encoding: deflate\r\n");
        // A picture may be packed as well as it can be.
        let is_picture = asset.name.ends_with(".png");
        assert!(is_deflated || is_picture, "{}: {}", asset.name, packed.0);
        let unpacked = match is_deflated {
            true => decompress_to_vec_zlib(&packed.1).expect("zlib"),
            false => packed.1.clone(),
        };
        assert!(unpacked == body, "{}: other bytes", asset.name);
        bytes_in_all += packed.1.len();
        let etag = head
            .lines()
            .find_map(|line| line.strip_prefix("ETag: "))
            .expect("an ETag");
        let again = get(
            &server,
            &format!("/assets/{}", asset.name),
            &format!("If-None-Match: {etag}\r\n"),
        );
        assert!(
            again.0.starts_with("HTTP/1.1 304 "),
            "{}: {}",
            asset.name,
            again.0
        );
    }
    assert!(
        bytes_in_all < 150 * 1024,
        "the page has {bytes_in_all} bytes"
    );
}

/// What a browser is told about the page, and that the page can live with it.
fn assert_strict(head: &str, page: &str) {
    for field in [
        "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer",
    ] {
        assert!(head.contains(&format!("{field}\r\n")), "{field}: {head}");
    }
    let policy = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Security-Policy: "));
    let policy: Vec<&str> = policy.expect("a policy").split("; ").collect();
    for directive in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(&directive), "{directive}: {policy:?}");
    }
    let unsafe_words = ["unsafe-", "*", "http:", "https:"];
    for directive in policy {
        let found = unsafe_words.iter().find(|word| directive.contains(**word));
        assert_eq!(found, None, "{directive}");
    }
    // In small letters, for markup has no others.
    let page = page.to_ascii_lowercase();
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().expect("a part");
        let has_code = tag.split_whitespace().any(|word| {
            let is_handler = word.starts_with("on") && word.contains('=');
            is_handler || word.starts_with("style=") || word.contains("javascript:")
        });
        assert!(!has_code, "<{tag}>");
        let is_script = tag.split_whitespace().next() == Some("script");
        assert!(!is_script || tag.contains("src=\"/assets/"), "<{tag}>");
        assert_ne!(tag.split_whitespace().next(), Some("style"));
    }
}

#[test]
fn no_script_of_the_page_makes_markup_of_a_text() {
    for asset in &jam::server::page::ASSETS {
        if !asset.name.ends_with(".js") {
            continue;
        }
        let file = format!("{}/src/web/{}", env!("CARGO_MANIFEST_DIR"), asset.name);
        let script = fs::read_to_string(file).expect("a script");
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "createContextualFragment",
            "setHTML",
            "srcdoc",
            "eval(",
            "new Function",
            "javascript:",
        ] {
            assert!(!script.contains(way), "{}: {way}", asset.name);
        }
    }
}

#[test]
fn a_room_can_be_looked_at_from_outside_before_anybody_is_there() {
    let server = server();
    let (_, body) = get(&server, "/api/rooms/jam1", "");
    let view: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(view["tracks"][0]["track_id"], track_id());
    assert_eq!(view["total"], 0);
    let (mut host, _) = common::Client::join(&server, "jam1", "host");
    host.say(r#"{"type":"PLAY","track_id":"t","offset_sec":0}"#);
    host.hear("STATE");
    let (_, body) = get(&server, "/api/rooms/jam1", "");
    let view: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(view["state"]["status"], "PLAY");
    assert_eq!(view["host"], "Host");
}

#[test]
fn the_address_for_others_comes_as_a_qr_code() {
    let server = server();
    let (head, body) = get(
        &server,
        "/qr.svg?text=http%3A%2F%2F192.168.1.20%3A8000%2Fjam1",
        "",
    );
    assert!(head.contains("Content-Type: image/svg+xml\r\n"), "{head}");
    let svg = String::from_utf8(body).expect("text");
    assert!(svg.starts_with("<svg ") && svg.len() > 1000, "{svg}");
}

#[test]
fn a_track_whose_file_changed_is_no_longer_served() {
    let folder = tempdir().join("changing");
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("changing.wav");
    fs::write(&file, bytes()).expect("a file");
    let server = TestServer::start(&["--share", file.to_str().expect("text")]);
    let path = format!("/tracks/{}", track_id());
    assert!(get(&server, &path, "").0.starts_with("HTTP/1.1 200 "));
    fs::write(&file, b"RIFF....WAVE, but not what was promised").expect("changed");
    assert!(get(&server, &path, "").0.starts_with("HTTP/1.1 500 "));
    server.wait_for_log(&["changing.wav", "is not what it was when it was hashed"]);
    fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn sharing_what_is_no_audio_is_refused_with_what_would_work() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = jam(&["server", "--port", "0", "--share", manifest])
        .output()
        .expect("jam");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("Cargo.toml: not audio that a browser plays (it must be WAV"),
        "{stderr}"
    );
}

#[test]
fn downloads_that_nobody_reads_hold_up_nobody() {
    let server = server();
    let request = format!("GET /tracks/{} HTTP/1.1\r\nHost: x\r\n\r\n", track_id());
    let stuck: Vec<_> = (0..100)
        .map(|_| {
            let mut socket = server.connect();
            socket.write_all(request.as_bytes()).expect("sent");
            socket
        })
        .collect();
    let (mut host, _) = common::Client::join(&server, "jam1", "host");
    host.say(r#"{"type":"PLAY","track_id":"t","offset_sec":0}"#);
    host.hear("STATE");
    assert!(
        get(&server, &format!("/tracks/{}", track_id()), "").1 == bytes(),
        "other bytes"
    );
    drop(stuck);
}
