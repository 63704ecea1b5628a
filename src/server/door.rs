//! By which door a connection comes: plain HTTP, the swarm's protocol or TLS, all on one port and told apart by the
//! first byte; and who is asked to come by the encrypted one.

use super::accept::Connection;
use super::connection::{finish_head, read_before};
use super::http::{Method, Request, ResponseHead, Status};
use super::route::{Route, route};
use super::run::Hub;
use super::swarm::ServerSwarm;
use super::tls::Tls;
use crate::limits::KEEP_ALIVE_IDLE;
use crate::room::address::Endpoint;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

/// Waits for the first bytes. Gives back a connection that goes on with HTTP, with what has been read of it in
/// `unread`; one of the swarm is served here until it ends. Of an encrypted one it is the inside.
#[must_use]
pub fn enter(hub: &Arc<Hub>, connection: Connection, unread: &mut Vec<u8>) -> Option<Connection> {
    let mut buffer = [0; 1024];
    let deadline = Instant::now() + KEEP_ALIVE_IDLE;
    // An error is found again by who reads on.
    if let Ok(count) = read_before(&connection.socket(), &mut buffer, deadline) {
        unread.extend_from_slice(&buffer[..count]);
    }
    if ServerSwarm::is_meant(unread) {
        let address = connection.address();
        hub.swarm.serve(connection.socket(), address, unread);
        return None;
    }
    match &hub.tls {
        Some(tls) if Tls::is_meant(unread) => tls.accept(hub, connection, &std::mem::take(unread)),
        _ => Some(connection),
    }
}

/// Where the page should be asked for instead: encrypted, when there is a choice. On this machine nobody listens on the
/// way, and its browsers trust it as it is; and everything but the page is answered as it is asked for, because jam's own
/// programs speak plainly.
#[must_use]
pub fn elsewhere(hub: &Hub, connection: &Connection, request: &Request) -> Option<String> {
    let is_page = matches!(route(&request.path), Route::Page);
    if hub.tls.is_none() || connection.is_encrypted() || connection.ip().is_loopback() || !is_page {
        return None;
    }
    encrypted_address(request.host.as_deref()?, &request.path)
}

/// `host` as the client names this server, and the path of a page, whose letters are harmless. `None`: that is no host.
fn encrypted_address(host: &str, path: &str) -> Option<String> {
    let endpoint = Endpoint::parse(host, 80).ok()?;
    let address = endpoint.to_string();
    let address = address.strip_suffix(":443").unwrap_or(&address);
    Some(format!("https://{address}{path}"))
}

/// Sends a browser there. It may not remember that: the server may be started without TLS again.
///
/// # Errors
/// When it could not be sent.
pub fn redirect(mut socket: &TcpStream, request: &Request, address: &str) -> io::Result<()> {
    let body = format!("the page is at {address}\n");
    let head = ResponseHead::new(Status::PermanentRedirect)
        // Put together from checked parts: no line end is in it.
        .field("Location", address)
        .field("Content-Type", "text/plain; charset=utf-8")
        .field("Cache-Control", "no-store")
        .field("Content-Length", body.len());
    let mut bytes = finish_head(request, head);
    if request.method != Method::Head {
        bytes.extend_from_slice(body.as_bytes());
    }
    socket.write_all(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encrypted_address_is_the_one_that_was_asked_for() {
        let address = |host| encrypted_address(host, "/jam1");
        let with = |host: &str| Some(format!("https://{host}/jam1"));
        assert_eq!(address("192.168.1.20:8000"), with("192.168.1.20:8000"));
        assert_eq!(address("[fd00::2]:8000"), with("[fd00::2]:8000"));
        assert_eq!(address("party.example.org"), with("party.example.org:80"));
        assert_eq!(address("party.example.org:443"), with("party.example.org"));
        for host in [
            "",
            "a b",
            "a/b",
            "a\r\nSet-Cookie: b",
            "ana@host",
            "http://host",
        ] {
            assert_eq!(address(host), None, "{host:?}");
        }
    }
}
