//! The bytes of tracks over HTTP, whole or in part.

use super::arrivals::{self, Outlook};
use super::arriving;
use super::connection::{finish_head, send, send_text};
use super::http::{Method, Request, ResponseHead, Status};
use super::metrics::Count;
use super::range::{Selection, select};
use super::run::Hub;
use crate::room::message::QueueTrack;
use crate::room::upload::Adder;
use crate::track::id::TrackId;
use crate::track::library::Track;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::ops::Range;

/// Answers GET or HEAD of a track.
///
/// # Errors
/// When the response could not be sent whole; the connection cannot be used again then.
pub fn send_track(hub: &Hub, id: TrackId, socket: &TcpStream, request: &Request) -> io::Result<()> {
    let track = match hub.library.get(id) {
        Some(track) => track,
        None => match arrivals::outlook(hub, id) {
            Outlook::Here(track) => track,
            Outlook::Coming(arrival) => return arriving::send(hub, &arrival, socket, request),
            Outlook::Late => {
                let text = "other tracks come first, try again";
                return send_text(socket, request, Status::ServiceUnavailable, text);
            }
            Outlook::None => {
                let text = "no such track on this server";
                return send_text(socket, request, Status::NotFound, text);
            }
        },
    };
    match choose(id, track.bytes, socket, request)? {
        Some((head, range)) => send_bytes(hub, Part(&track, range), head, socket, request),
        None => Ok(()),
    }
}

/// How the answer begins, and which bytes of the track it has; `None`: it has none, and has been sent.
///
/// # Errors
/// When that could not be sent.
pub fn choose(
    id: TrackId,
    length: u64,
    mut socket: &TcpStream,
    request: &Request,
) -> io::Result<Option<(ResponseHead, Range<u64>)>> {
    let etag = format!("\"{id}\"");
    let head = |status| track_head(status, &etag);
    let selection = select(
        request.if_none_match.as_deref(),
        request.if_range.as_deref(),
        request.range.as_deref(),
        &etag,
        length,
    );
    Ok(match selection {
        Selection::NotModified => {
            socket.write_all(&finish_head(request, head(Status::NotModified)))?;
            None
        }
        Selection::Unsatisfiable => {
            let all = format!("bytes */{length}");
            let head = head(Status::RangeNotSatisfiable).field("Content-Range", all);
            send(socket, request, head, b"")?;
            None
        }
        Selection::Whole => Some((head(Status::Ok), 0..length)),
        Selection::Part(range) => {
            let place = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            let head = head(Status::PartialContent).field("Content-Range", place);
            Some((head, range))
        }
    })
}

/// The part of a response's head that is the same for all of a track's bytes.
fn track_head(status: Status, etag: &str) -> ResponseHead {
    ResponseHead::new(status)
        .field("Accept-Ranges", "bytes")
        .field("ETag", etag)
        .field(
            "Cache-Control",
            match status {
                Status::RangeNotSatisfiable => "no-store",
                // The id is the hash of the bytes: they can never be others.
                _ => "public, max-age=31536000, immutable",
            },
        )
        .field("X-Content-Type-Options", "nosniff")
}

/// Some bytes of a track.
struct Part<'a>(&'a Track, Range<u64>);

fn send_bytes(
    hub: &Hub,
    Part(track, range): Part,
    head: ResponseHead,
    mut socket: &TcpStream,
    request: &Request,
) -> io::Result<()> {
    let mut file = match track.open() {
        Ok(file) => file,
        Err(error) if error.is_shortage() => {
            let text = "the server has too much to do right now, try again";
            return send_text(socket, request, Status::ServiceUnavailable, text);
        }
        Err(error) => {
            log::error!("track {:?}: {error}", track.name);
            let text = "the server cannot read this track any more";
            return send_text(socket, request, Status::InternalError, text);
        }
    };
    let length = range.end - range.start;
    let head = head
        .field("Content-Type", track.kind.content_type())
        .field("Content-Length", length);
    socket.write_all(&finish_head(request, head))?;
    if request.method == Method::Head {
        return Ok(());
    }
    let _stays = track.begin_sending();
    file.seek(SeekFrom::Start(range.start))?;
    copy_exactly(file, length, socket, &hub.metrics.track_bytes_sent)
}

/// From file to socket without passing through this process, where the standard library knows how.
fn copy_exactly(file: File, length: u64, mut socket: &TcpStream, sent: &Count) -> io::Result<()> {
    let mut part = file.take(length);
    let copied = io::copy(&mut part, &mut socket);
    sent.add(length - part.limit());
    if copied? < length {
        // The file was cut short under us. The client sees a connection that ended too early.
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// The track as a room lists it.
#[must_use]
pub fn queue_entry(track: &Track, adder: Option<Adder>) -> QueueTrack {
    let tags = track.tags.clone();
    let mut entry = QueueTrack {
        track_id: track.id,
        name: track.name.clone(),
        bytes: track.bytes,
        content_type: track.kind.content_type(),
        duration_sec: tags.duration_sec,
        title: tags.title,
        artist: tags.artist,
        album: tags.album,
        cover: track.has_cover,
        added_by: None,
        added_by_id: None,
        awaited: false,
    };
    if let Some(adder) = adder {
        adder.sign(&mut entry);
    }
    entry
}
