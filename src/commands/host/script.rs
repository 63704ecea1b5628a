//! `jam host` from a script: does one thing, waits until the room has followed, and prints what is now.

use super::party::Party;
use super::report;
use super::visit::{NoVisit, Visit, look, seat_taken};
use crate::cli::{Deed, HostOptions, Shown};
use crate::client::http::{self, PutError, Upload};
use crate::commands::progress::Progress;
use crate::commands::{Failure, print};
use crate::limits::{CLIENT_CLOSE_GRACE, COMMAND_TICK, HOST_GONE_PATIENCE, SERVER_TEXT_CHARS_MAX};
use crate::room::address::RoomAddress;
use crate::room::rights::Guests;
use crate::sys::threads::Threads;
use crate::text::clean_display_text;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// # Errors
/// When the room cannot be joined, may not be controlled, or does not follow.
pub fn act(options: &HostOptions, deed: &Deed, json: bool) -> Result<(), Failure> {
    let mut visit = match Visit::begin(options) {
        Ok(visit) => visit,
        Err(NoVisit::SeatTaken) => return Err(seat_taken(&options.room)),
        Err(NoVisit::Failed(failure)) => return Err(failure),
    };
    let done = visit.act(deed);
    let seen = Seen::of(options, Some(&visit));
    visit.end();
    done?;
    tell_what_is(&seen, json)
}

/// What a visit leaves behind.
struct Seen {
    /// With the key that opens it now.
    room: RoomAddress,
    me: Option<String>,
    guests: Option<Guests>,
}

impl Seen {
    fn of(options: &HostOptions, visit: Option<&Visit>) -> Self {
        let mut room = options.room.clone();
        let party = visit.map(|visit| &visit.party);
        if let Some(party) = party {
            room.keys.room = party.lock.key().cloned();
        }
        Self {
            room,
            me: party.and_then(|party| party.me.clone()),
            guests: party.and_then(|party| party.seat.guests),
        }
    }
}

/// What others see once this program is out again: then the seat is free for the next one.
fn tell_what_is(seen: &Seen, json: bool) -> Result<(), Failure> {
    let until = Instant::now() + HOST_GONE_PATIENCE;
    let (mut party, room_sec) = loop {
        let (mut party, room_sec) = look(&seen.room)?;
        party.me.clone_from(&seen.me);
        if party.myself().is_none() || Instant::now() >= until {
            break (party, room_sec);
        }
        std::thread::sleep(COMMAND_TICK / 10);
    };
    party.seat.guests = party.seat.guests.or(seen.guests);
    tell(&party, Some(room_sec), json)
}

/// # Errors
/// When the server does not answer.
pub fn show(options: &HostOptions, what: Shown, json: bool) -> Result<(), Failure> {
    let (party, room_sec) = look(&options.room)?;
    match (what, json) {
        (Shown::State, _) => tell(&party, Some(room_sec), json),
        (Shown::Queue, false) => print(&report::queue(&party)),
        (Shown::Queue, true) => print(&report::queue_json(&party)),
        (Shown::Members, false) => print(&report::members(&party)),
        (Shown::Members, true) => print(&report::members_json(&party)),
    }
}

fn tell(party: &Party, room_sec: Option<f64>, json: bool) -> Result<(), Failure> {
    print(&match json {
        true => report::state_json(party, room_sec),
        false => report::state(party, room_sec),
    })
}

/// Puts files at the end of the queue, one after the other.
///
/// # Errors
/// When one of them cannot be read, or the server does not take it.
pub fn upload(options: &HostOptions, files: &[PathBuf], json: bool) -> Result<(), Failure> {
    let visit = match Visit::begin(options) {
        Ok(visit) => Some(visit),
        // The host's own machine may upload without the seat; the server knows.
        Err(NoVisit::SeatTaken) => None,
        Err(NoVisit::Failed(failure)) => return Err(failure),
    };
    // On standard error, whatever standard output is for.
    let mut progress = Progress::new(false);
    let done = files
        .iter()
        .try_for_each(|file| upload_one(options, visit.as_ref(), file, &mut progress));
    drop(progress);
    let seen = Seen::of(options, visit.as_ref());
    if let Some(visit) = visit {
        visit.end();
    }
    done?;
    tell_what_is(&seen, json)
}

/// A file that tells how much of it has been read.
struct Told<'a> {
    file: File,
    name: &'a str,
    done: u64,
    total: u64,
    progress: &'a mut Progress,
}

impl Read for Told<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.done += count as u64;
        self.progress.sending(self.name, self.done, self.total);
        Ok(count)
    }
}

fn upload_one(
    options: &HostOptions,
    visit: Option<&Visit>,
    path: &Path,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let adding = || format!("adding {path:?}");
    let cannot = |error| Failure::new(adding(), &error);
    let file = File::open(path).map_err(cannot)?;
    let bytes = file.metadata().map_err(cannot)?.len();
    let shown = path.file_name().unwrap_or_default().to_string_lossy();
    let mut file = Told {
        file,
        name: &shown,
        done: 0,
        total: bytes,
        progress,
    };
    let (room, name) = (options.room.room.as_str(), encoded(&shown));
    let upload = Upload {
        path: &format!("/tracks?name={name}&room={room}"),
        key: visit.and_then(|visit| visit.upload_key.as_deref()),
        bytes,
    };
    let threads = Threads::default();
    let stop = || visit.is_some_and(|visit| visit.stop.is_asked());
    let answer = http::put(&options.room, &upload, &mut file, stop, &threads);
    let _looking_up_a_name = threads.join_all(2 * CLIENT_CLOSE_GRACE);
    progress.clear();
    match answer {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
        Ok(answer) => {
            let why = clean_display_text(&answer.body, SERVER_TEXT_CHARS_MAX).unwrap_or_default();
            Err(Failure(format!("{}: the server says: {why}", adding())))
        }
        Err(PutError::Stopped) => Err(Failure::stopped()),
        Err(PutError::File(error)) => Err(Failure::new(adding(), &error)),
        Err(PutError::Server(error)) => Err(Failure::new(adding(), &error)),
    }
}

/// A file name as a value of a query.
fn encoded(name: &str) -> String {
    let mut query = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => query.push(byte.into()),
            _ => query += &format!("%{byte:02X}"),
        }
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_file_name_goes_into_a_query() {
        assert_eq!(
            encoded("a song & more?.mp3"),
            "a%20song%20%26%20more%3F.mp3"
        );
        assert_eq!(encoded("Lied%ä"), "Lied%25%C3%A4");
    }
}
