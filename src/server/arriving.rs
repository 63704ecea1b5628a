//! The bytes of a track over HTTP while it still comes from the swarm: each is sent as soon as it is there.

use super::arrival::Arrival;
use super::connection::{finish_head, send_text};
use super::http::{Method, Request, Status};
use super::run::Hub;
use super::tracks;
use crate::limits::ARRIVING_BYTES;
use std::io::{self, Write};
use std::net::TcpStream;

/// Answers GET or HEAD.
///
/// # Errors
/// When the response could not be sent whole; the connection cannot be used again then.
pub fn send(
    hub: &Hub,
    arrival: &Arrival,
    mut socket: &TcpStream,
    request: &Request,
) -> io::Result<()> {
    let Some(length) = arrival.length() else {
        let text = "nobody in the room sends this track yet, try again";
        return send_text(socket, request, Status::ServiceUnavailable, text);
    };
    let id = arrival.want.track_id;
    let Some((head, range)) = tracks::choose(id, length, socket, request)? else {
        return Ok(());
    };
    let head = head
        .field("Content-Type", arrival.content_type())
        .field("Content-Length", range.end - range.start);
    socket.write_all(&finish_head(request, head))?;
    if request.method == Method::Head {
        return Ok(());
    }
    let mut buffer = vec![0; ARRIVING_BYTES];
    let mut at = range.start;
    while at < range.end {
        let wanted = usize::try_from(range.end - at).unwrap_or(usize::MAX);
        let wanted = wanted.min(buffer.len());
        let count = arrival.read_at(&mut buffer[..wanted], at)?;
        socket.write_all(&buffer[..count])?;
        hub.metrics.track_bytes_sent.add(count as u64);
        at += count as u64;
    }
    Ok(())
}
