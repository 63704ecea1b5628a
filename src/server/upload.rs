//! PUT /tracks: takes a track from a member of a room, hashes it on the way and puts it into the room's queue.

use super::connection::{is_timeout, read_before, send};
use super::http::{Refusal, Request, ResponseHead, Status, query_value};
use super::run::Hub;
use super::tracks::queue_entry;
use crate::identity::one_who_counts;
use crate::limits::{
    HASH_BUFFER_BYTES, TRACK_NAME_CHARS_MAX, UPLOAD_BYTES_PER_SEC_MIN, UPLOAD_PATIENCE,
    UPLOAD_STALL,
};
use crate::room::message::QueueTrack;
use crate::room::name::RoomName;
use crate::room::queue::QueueFull;
use crate::room::upload::{UploadRefusal, Uploader};
use crate::text::clean_display_text;
use crate::track::error::LibraryError;
use crate::track::eviction::Held;
use crate::track::incoming::Incoming;
use crate::track::sniff::NOT_AUDIO;
use std::collections::HashMap;
use std::io::Write;
use std::net::{IpAddr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How many uploads are under way from each address.
#[derive(Debug)]
pub struct Uploads {
    max: usize,
    max_of_address: usize,
    running: Mutex<HashMap<IpAddr, usize>>,
}

/// A place among the uploads, given back when it is dropped.
struct Permit<'a> {
    uploads: &'a Uploads,
    ip: IpAddr,
}

impl Uploads {
    #[must_use]
    pub fn new(max: usize, max_of_address: usize) -> Self {
        Self {
            max,
            max_of_address,
            running: Mutex::default(),
        }
    }

    fn begin(&self, ip: IpAddr) -> Option<Permit<'_>> {
        let ip = one_who_counts(ip);
        let mut running = self.lock();
        let own = running.get(&ip).copied().unwrap_or(0);
        if own >= self.max_of_address || running.values().sum::<usize>() >= self.max {
            return None;
        }
        running.insert(ip, own + 1);
        Some(Permit { uploads: self, ip })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // The table is whole between any two statements that hold it.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut running = self.uploads.lock();
        match running.get_mut(&self.ip) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(running.remove(&self.ip)),
        }
    }
}

/// Where an upload comes from, and whether somebody else had it sent from there.
#[derive(Clone, Copy)]
pub struct Place {
    pub ip: IpAddr,
    pub relayed: bool,
}

/// How an upload ends when nothing came of it.
pub enum Failed {
    Refused(Refusal),
    /// The client went away.
    Gone,
}

fn refuse<T>(status: Status, text: &'static str) -> Result<T, Failed> {
    Err(Failed::Refused(Refusal { status, text }))
}

/// Takes one upload and answers it. `unread` has what came behind the head, and keeps what comes behind the body.
///
/// # Errors
/// The refusal to send, after which the connection ends.
pub fn receive(
    hub: &Hub,
    Place { ip, relayed }: Place,
    socket: &TcpStream,
    request: &Request,
    unread: &mut Vec<u8>,
) -> Result<(), Failed> {
    let query = request.query.as_deref().unwrap_or_default();
    let Some(room) = query_value(query, "room").and_then(|room| RoomName::parse(&room)) else {
        return refuse(Status::BadRequest, HOW_TO_ASK);
    };
    let name = query_value(query, "name").unwrap_or_default();
    let Some(name) = clean_display_text(&name, TRACK_NAME_CHARS_MAX) else {
        return refuse(Status::BadRequest, HOW_TO_ASK);
    };
    let uploader = Uploader {
        ip,
        key: request.bearer.clone(),
        relayed,
    };
    // Held to the end, so that the room waits for its track.
    let Some(handle) = hub.registry.find(&room) else {
        return refuse(Status::Forbidden, UploadRefusal::NoHost.text());
    };
    let adder = match handle.may_upload(uploader) {
        Some(Ok(adder)) => adder,
        Some(Err(UploadRefusal::QueueFull)) => {
            return refuse(Status::Conflict, UploadRefusal::QueueFull.text());
        }
        Some(Err(refusal)) => return refuse(Status::Forbidden, refusal.text()),
        None => return refuse(Status::ServiceUnavailable, ROOM_IS_BUSY),
    };
    if request.body_bytes > hub.upload_bytes_max {
        let text = "this file is larger than the server takes (jam server --max-upload)";
        return refuse(Status::ContentTooLarge, text);
    }
    let Some(_permit) = hub.uploads.begin(ip) else {
        return refuse(Status::ServiceUnavailable, TOO_MANY_AT_ONCE);
    };
    // Behind the permit: it asks every room, and lets go of tracks.
    let Some(space) = hub.making_room.reserve(hub, request.body_bytes) else {
        return refuse(Status::InsufficientStorage, LIBRARY_IS_FULL);
    };
    if request.expects_continue && unread.is_empty() {
        let go_on = (&*socket).write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
        go_on.map_err(|_| Failed::Gone)?;
    }
    let (track, is_new) = take(hub, socket, request.body_bytes, unread, name)?;
    drop(space); // It is counted as one of the library's now.
    let entry = queue_entry(&track, Some(adder));
    match handle.add_uploaded(entry.clone()) {
        Some(Ok(())) => {}
        Some(Err(QueueFull)) => return refuse(Status::Conflict, QueueFull::TEXT),
        None => return refuse(Status::ServiceUnavailable, ROOM_IS_BUSY),
    }
    log::info!(
        "room {room}: {} bytes uploaded as {:?}",
        track.bytes,
        track.name
    );
    hub.metrics.uploads.add(1);
    answer(socket, request, &entry, is_new).map_err(|_| Failed::Gone)
}

/// What the log knows the limits of.
pub const LIBRARY_IS_FULL: &str = "the server's library is full (jam server --max-library)";
pub const TOO_MANY_AT_ONCE: &str = "too many uploads at once, try again in a moment";

const ROOM_IS_BUSY: &str = "the room is busy, try again";

const HOW_TO_ASK: &str =
    "say the name and the room: curl -T song.mp3 'http://HOST:8000/tracks?name=song.mp3&room=jam1'";

/// It stays until it stands in the queue.
fn take(
    hub: &Hub,
    socket: &TcpStream,
    bytes: u64,
    unread: &mut Vec<u8>,
    name: String,
) -> Result<(Held, bool), Failed> {
    let mut incoming = hub.library.begin_upload().map_err(refusal_of)?;
    let began = Instant::now();
    let early = unread
        .len()
        .min(usize::try_from(bytes).unwrap_or(usize::MAX));
    incoming.write(&unread[..early]).map_err(refusal_of)?;
    unread.drain(..early);
    hub.metrics.upload_bytes_received.add(early as u64);
    let mut buffer = vec![0; HASH_BUFFER_BYTES];
    while incoming.bytes() < bytes {
        let left = usize::try_from(bytes - incoming.bytes()).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let count = match read_before(socket, &mut buffer[..wanted], Instant::now() + UPLOAD_STALL)
        {
            Ok(count) if count > 0 => count,
            Err(error) if is_timeout(&error) => return refuse_slow(),
            _ => return Err(Failed::Gone),
        };
        hub.metrics.upload_bytes_received.add(count as u64);
        incoming.write(&buffer[..count]).map_err(refusal_of)?;
        if is_too_slow(&incoming, began) {
            return refuse_slow();
        }
    }
    hub.library
        .finish_upload(incoming, name)
        .map_err(refusal_of)
}

/// A place among the uploads is not for somebody who lets bytes drip.
fn is_too_slow(incoming: &Incoming, began: Instant) -> bool {
    let elapsed = began.elapsed();
    elapsed > UPLOAD_PATIENCE
        && (incoming.bytes() as f64) < elapsed.as_secs_f64() * UPLOAD_BYTES_PER_SEC_MIN
}

fn refuse_slow<T>() -> Result<T, Failed> {
    refuse(
        Status::RequestTimeout,
        "the upload stood still for too long, try again",
    )
}

fn refusal_of(error: LibraryError) -> Failed {
    let (status, text) = match &error {
        LibraryError::NotAudio { .. } => (Status::UnsupportedMediaType, NOT_AUDIO),
        full if full.is_disk_full() => (
            Status::InsufficientStorage,
            "the server's disk is full: ask whoever runs it to make room",
        ),
        full if full.is_shortage() => (
            Status::ServiceUnavailable,
            "the server has too much to do right now, try again",
        ),
        _ => (
            Status::InternalError,
            "the server cannot store this track: whoever runs it finds the reason in its log",
        ),
    };
    if !matches!(error, LibraryError::NotAudio { .. }) {
        log::error!("upload: {error}");
    }
    Failed::Refused(Refusal { status, text })
}

fn answer(
    socket: &TcpStream,
    request: &Request,
    entry: &QueueTrack,
    is_new: bool,
) -> std::io::Result<()> {
    let status = if is_new { Status::Created } else { Status::Ok };
    let mut body = serde_json::to_vec(entry).expect("bug: every field of an answer is JSON");
    body.push(b'\n');
    let head = ResponseHead::new(status)
        .field("Content-Type", "application/json")
        .field("Cache-Control", "no-store")
        .field("Location", format_args!("/tracks/{}", entry.track_id));
    send(socket, request, head, &body)
}
