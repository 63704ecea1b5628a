//! How a connection is turned away: an answer that arrives, and a line in the log.

use super::accept::Connection;
use super::connection::read_before;
use super::http::{Refusal, ResponseHead, Status};
use super::run::Hub;
use super::turned_away::Cause;
use super::upload;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Refuses, and tells the log.
pub fn turn_away(hub: &Hub, connection: &Connection, refusal: Refusal, patience: Duration) {
    let cause = match refusal.text {
        upload::LIBRARY_IS_FULL => Cause::Library,
        upload::TOO_MANY_AT_ONCE => Cause::Uploads,
        _ => Cause::Request(refusal.status),
    };
    hub.turned_away.note(cause, &connection.ip(), refusal.text);
    refuse(&connection.socket(), refusal, patience);
}

/// Answers, and reads on until `patience` is over or the other side has enough.
pub fn refuse(mut socket: &TcpStream, refusal: Refusal, patience: Duration) {
    if socket.write_all(&refusal_bytes(refusal)).is_ok() {
        close_gently(socket, patience);
    }
}

fn refusal_bytes(refusal: Refusal) -> Vec<u8> {
    let body = format!("{}\n", refusal.text);
    let mut head = ResponseHead::new(refusal.status)
        .field("Content-Type", "text/plain; charset=utf-8")
        .field("Content-Length", body.len())
        .field("Connection", "close");
    head = match refusal.status {
        Status::MethodNotAllowed => head.field("Allow", "GET, HEAD"),
        Status::UpgradeRequired => head
            .field("Upgrade", "websocket")
            .field("Sec-WebSocket-Version", "13"),
        _ => head,
    };
    let mut bytes = head.finish();
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

/// Lets the last response arrive: a socket that is closed with unread bytes is reset, and the response lost.
pub fn close_gently(socket: &TcpStream, patience: Duration) {
    let _gone = socket.shutdown(Shutdown::Write);
    let deadline = Instant::now() + patience;
    let mut unwanted = [0; 4096];
    while matches!(read_before(socket, &mut unwanted, deadline), Ok(count) if count > 0) {}
}

/// Writes 503 to a connection for which there is no room, whatever it is going to ask, and waits for nothing.
pub fn tell_overload(socket: &TcpStream, text: &'static str) {
    // A new socket's buffer takes this much.
    let refusal = refusal_bytes(overload(text));
    if socket.set_nonblocking(true).is_ok() && (&*socket).write_all(&refusal).is_ok() {
        let _gone = socket.shutdown(Shutdown::Write);
    }
}

/// Why somebody finds no place.
#[must_use]
pub fn overload(text: &'static str) -> Refusal {
    Refusal {
        status: Status::ServiceUnavailable,
        text,
    }
}

/// Takes what such a connection has sent meanwhile, so that closing it does not reset it.
pub fn drop_request(mut socket: &TcpStream) {
    let mut request = [0; 4096];
    let _whatever = socket.read(&mut request);
}
