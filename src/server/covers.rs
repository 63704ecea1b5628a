//! The pictures in tracks: read from the file when somebody asks, and kept for those who ask next.

use super::connection::{finish_head, send, send_text};
use super::http::{Request, ResponseHead, Status};
use super::run::Hub;
use super::turned_away::Cause;
use crate::limits::{COVERS_KEPT_MAX, COVERS_SENT_MAX};
use crate::track::id::TrackId;
use crate::track::library::Track;
use crate::track::tags::{Cover, read_tags};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A track's picture, read once by the first who asks.
type Slot = Arc<OnceLock<Option<Cover>>>;

/// The pictures asked for last, the newest at the end. One that is being sent stays, so that many who take their time share
/// it. Invariant: never more than `COVERS_SENT_MAX`.
#[derive(Default)]
pub struct Covers(Mutex<VecDeque<(TrackId, Slot)>>);

impl Covers {
    /// A room that turns to a new track asks for the same picture all at once: one reads, the others wait for it. `None`:
    /// too many others are being sent.
    fn slot(&self, id: TrackId) -> Option<Slot> {
        let mut kept = self.lock();
        let found = kept.iter().position(|(kept_id, _)| *kept_id == id);
        let entry = found.and_then(|at| kept.remove(at));
        let entry = entry.unwrap_or_else(|| (id, Slot::default()));
        let mut spare = (kept.len() + 1).saturating_sub(COVERS_KEPT_MAX);
        kept.retain(|(_, slot)| {
            let goes = spare > 0 && Arc::strong_count(slot) == 1;
            spare -= usize::from(goes);
            !goes
        });
        if kept.len() >= COVERS_SENT_MAX {
            return None;
        }
        let slot = Arc::clone(&entry.1);
        kept.push_back(entry);
        Some(slot)
    }

    fn forget(&self, slot: &Slot) {
        self.lock().retain(|(_, other)| !Arc::ptr_eq(other, slot));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(TrackId, Slot)>> {
        // The list is whole between any two statements that hold it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers GET or HEAD of a track's picture.
///
/// # Errors
/// When the response could not be sent whole.
pub fn send_cover(
    hub: &Hub,
    ip: IpAddr,
    id: TrackId,
    socket: &TcpStream,
    request: &Request,
) -> io::Result<()> {
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
    let Some(slot) = hub.covers.slot(id) else {
        hub.turned_away.note(Cause::Pictures, &ip, "");
        let text = "the server has too much to do right now, try again";
        return send_text(socket, request, Status::ServiceUnavailable, text);
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> TrackId {
        TrackId::parse(&format!("{number:064x}")).expect("64 digits")
    }

    #[test]
    fn a_picture_that_is_being_sent_is_there_once_however_many_are_asked_for_meanwhile() {
        let covers = Covers::default();
        let sent = covers.slot(id(0)).expect("a place");
        for number in 1..=2 * COVERS_SENT_MAX {
            covers.slot(id(number)).expect("a place");
        }
        assert_eq!(covers.lock().len(), COVERS_KEPT_MAX);
        let again = covers.slot(id(0)).expect("a place");
        assert!(Arc::ptr_eq(&sent, &again));
    }

    #[test]
    fn who_asks_for_ever_more_pictures_and_takes_none_is_refused_and_others_are_not_for_long() {
        let covers = Covers::default();
        let slots = (0..COVERS_SENT_MAX).map(|number| covers.slot(id(number)));
        let mut sent: Vec<Slot> = slots.map(|slot| slot.expect("a place")).collect();
        assert!(covers.slot(id(COVERS_SENT_MAX)).is_none());
        assert!(covers.slot(id(7)).is_some(), "that one is there");
        sent.pop();
        assert!(covers.slot(id(COVERS_SENT_MAX)).is_some());
        drop(sent);
        assert!(covers.slot(id(0)).is_some());
        assert_eq!(covers.lock().len(), COVERS_KEPT_MAX);
    }
}
