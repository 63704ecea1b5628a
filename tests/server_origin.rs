//! Pages of other origins at the real server: what their browsers say for them is refused, and nobody else is.

use crate::common::server::{TestServer, exchange, jam};

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// The status of an upgrade with this Host and these fields.
fn upgrade(server: &TestServer, host: &str, fields: &str) -> u16 {
    let request = format!(
        "GET /ws/a HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{KEY}{fields}\r\n"
    );
    // A whole frame behind it, of a type that ends the connection.
    let mut bytes = request.into_bytes();
    bytes.extend([0x88, 0x80, 0, 0, 0, 0]);
    status(&exchange(server, &bytes))
}

fn upload(server: &TestServer, fields: &str) -> (u16, String) {
    let request = format!(
        "PUT /tracks?name=x.wav&room=a HTTP/1.1\r\nHost: x:80\r\nContent-Length: 4\r\n{fields}\r\nRIFF"
    );
    let answer = exchange(server, request.as_bytes());
    (status(&answer), answer)
}

fn status(answer: &str) -> u16 {
    let digits = answer.get(9..12).and_then(|digits| digits.parse().ok());
    digits.unwrap_or_else(|| panic!("no status: {answer:?}"))
}

#[test]
fn a_page_of_this_server_may_open_a_websocket_and_another_may_not() {
    let server = TestServer::start(&[]);
    assert_eq!(
        upgrade(&server, "10.0.0.2:8000", ""),
        101,
        "websocat and jam say none"
    );
    for (host, origin) in [
        ("10.0.0.2:8000", "http://10.0.0.2:8000"),
        ("Party.example", "https://party.example"),
        ("party.example:443", "https://party.example"),
        ("[fd00::2]:8000", "http://[fd00::2]:8000"),
    ] {
        let fields = format!("Origin: {origin}\r\n");
        assert_eq!(upgrade(&server, host, &fields), 101, "{origin} at {host}");
    }
    for (host, origin) in [
        ("10.0.0.2:8000", "http://evil.example"),
        ("10.0.0.2:8000", "http://10.0.0.2"),
        ("10.0.0.2:8000", "null"),
        ("10.0.0.2:8000", ""),
        (
            "10.0.0.2:8000",
            "http://10.0.0.2:8000\r\nOrigin: http://evil.example",
        ),
    ] {
        let fields = format!("Origin: {origin}\r\n");
        assert_eq!(upgrade(&server, host, &fields), 403, "{origin} at {host}");
    }
    server.wait_for_log(&["127.0.0.1", "http://evil.example", "--allow-origin"]);
}

#[test]
fn an_upload_for_another_page_is_refused_before_anything_else() {
    let server = TestServer::start(&[]);
    let (status, answer) = upload(&server, "Origin: http://evil.example\r\n");
    assert_eq!(status, 403);
    assert!(answer.contains("--allow-origin"), "{answer}");
    // Nobody is there: refused as well, but for that.
    for fields in ["", "Origin: http://x\r\n"] {
        let (status, answer) = upload(&server, fields);
        assert_eq!(status, 403);
        assert!(answer.contains("nobody hosts this room"), "{answer}");
    }
    // Looking changes nothing, and a browser shows the answer to no other page.
    let look = "GET /healthz HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n";
    assert!(exchange(&server, look.as_bytes()).starts_with("HTTP/1.1 200 "));
}

#[test]
fn origins_that_are_allowed_are_checked_at_the_start_and_let_in() {
    let allowed = [
        "--allow-origin",
        "https://Party.example",
        "--allow-origin",
        "http://b:8080",
    ];
    let server = TestServer::start(&allowed);
    for origin in [
        "https://party.example",
        "https://party.example:443",
        "http://b:8080",
    ] {
        let fields = format!("Origin: {origin}\r\n");
        assert_eq!(upgrade(&server, "10.0.0.2:8000", &fields), 101, "{origin}");
    }
    for origin in ["http://party.example", "https://b:8080", "http://b", "null"] {
        let fields = format!("Origin: {origin}\r\n");
        assert_eq!(upgrade(&server, "10.0.0.2:8000", &fields), 403, "{origin}");
    }
    for bad in [
        "*",
        "null",
        "party.example",
        "https://party.example/jam1",
        "",
    ] {
        let output = jam(&["server", "--allow-origin", bad])
            .output()
            .expect("jam runs");
        assert_eq!(output.status.code(), Some(2), "{bad}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("is no origin (type for example"), "{told}");
    }
}
