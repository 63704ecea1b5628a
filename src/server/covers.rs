//! The pictures in tracks: read from the file when somebody asks, and kept for those who ask next.

use super::connection::{finish_head, send, send_text};
use super::http::{Request, ResponseHead, Status};
use super::run::Hub;
use crate::limits::COVERS_KEPT_MAX;
use crate::track::id::TrackId;
use crate::track::library::Track;
use crate::track::tags::{Cover, read_tags};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A track's picture, read once by the first who asks.
type Slot = Arc<OnceLock<Option<Cover>>>;

/// The pictures asked for last, the newest at the end.
#[derive(Default)]
pub struct Covers(Mutex<VecDeque<(TrackId, Slot)>>);

impl Covers {
    /// A room that turns to a new track asks for the same picture all at once: one reads, the others wait for it.
    fn slot(&self, id: TrackId) -> Slot {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().position(|(kept_id, _)| *kept_id == id);
        let entry = found.and_then(|at| kept.remove(at));
        let entry = entry.unwrap_or_else(|| (id, Slot::default()));
        let slot = Arc::clone(&entry.1);
        kept.push_back(entry);
        if kept.len() > COVERS_KEPT_MAX {
            kept.pop_front();
        }
        slot
    }

    fn forget(&self, slot: &Slot) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(_, other)| !Arc::ptr_eq(other, slot));
    }
}

/// Answers GET or HEAD of a track's picture.
///
/// # Errors
/// When the response could not be sent whole.
pub fn send_cover(hub: &Hub, id: TrackId, socket: &TcpStream, request: &Request) -> io::Result<()> {
    let track = hub.library.get(id).filter(|track| track.has_cover);
    let Some(track) = track else {
        let text = "no picture of this track on this server";
        return send_text(socket, request, Status::NotFound, text);
    };
    let etag = format!("\"{id}-cover\"");
    let head = |status| {
        ResponseHead::new(status)
            .field("ETag", &etag)
            // The picture is part of the bytes whose hash is the id.
            .field("Cache-Control", "public, max-age=31536000, immutable")
            .field("X-Content-Type-Options", "nosniff")
    };
    if request.if_none_match.as_deref() == Some(&etag) {
        return (&*socket).write_all(&finish_head(request, head(Status::NotModified)));
    }
    let slot = hub.covers.slot(id);
    match slot.get_or_init(|| read_cover(&track)) {
        Some(cover) => {
            let head = head(Status::Ok).field("Content-Type", cover.kind.content_type());
            send(socket, request, head, &cover.bytes)
        }
        None => {
            hub.covers.forget(&slot); // The file may come back.
            let text = "the server cannot read this track any more";
            send_text(socket, request, Status::InternalError, text)
        }
    }
}

fn read_cover(track: &Track) -> Option<Cover> {
    match track.open() {
        Ok(mut file) => read_tags(&mut file, track.kind).cover,
        Err(error) => {
            log::error!("cover of {:?}: {error}", track.name);
            None
        }
    }
}
