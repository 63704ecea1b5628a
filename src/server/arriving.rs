//! The bytes of a track over HTTP while it still comes from the swarm: each is sent as soon as it is there.

use super::arrival::Arrival;
use super::connection::{self, finish_head, send_text};
use super::http::{Method, Request, Status};
use super::range::{Selection, select};
use super::run::Hub;
use super::tracks::track_head;
use crate::limits::HASH_BUFFER_BYTES;
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
    let etag = format!("\"{}\"", arrival.want.track_id);
    let selection = select(
        request.if_none_match.as_deref(),
        request.if_range.as_deref(),
        request.range.as_deref(),
        &etag,
        length,
    );
    let (head, range) = match selection {
        Selection::NotModified => {
            let head = track_head(Status::NotModified, &etag);
            return socket.write_all(&finish_head(request, head));
        }
        Selection::Unsatisfiable => {
            let all = format!("bytes */{length}");
            let head = track_head(Status::RangeNotSatisfiable, &etag).field("Content-Range", all);
            return connection::send(socket, request, head, b"");
        }
        Selection::Whole => (track_head(Status::Ok, &etag), 0..length),
        Selection::Part(range) => {
            let place = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            let head = track_head(Status::PartialContent, &etag).field("Content-Range", place);
            (head, range)
        }
    };
    let head = head
        .field("Content-Type", arrival.content_type())
        .field("Content-Length", range.end - range.start);
    socket.write_all(&finish_head(request, head))?;
    if request.method == Method::Head {
        return Ok(());
    }
    let mut buffer = vec![0; HASH_BUFFER_BYTES];
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
