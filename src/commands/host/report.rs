//! What `jam host` prints of a room: in words for people, or as JSON for programs. Pure.

use super::names::{clock_face, label};
use super::party::Party;
use super::width::{pad, pad_left, width};
use crate::client::messages::{Member, Track, Waiting};
use crate::commands::words::count;
use crate::room::rights::Guests;
use serde::Serialize;

/// Longest name of a track in a list.
const LABEL_COLUMNS: usize = 60;

/// `playing  0:12 of 1:00  Prelude in C, J. S. Bach  track 2 of 5  Ana hosts  guests may add  locked  3 here`
#[must_use]
pub fn state(party: &Party, room_sec: Option<f64>) -> String {
    let mut parts = vec![waiting(party, room_sec).unwrap_or_else(|| status(party).to_owned())];
    if party.track_id().is_some() {
        parts.push(time(party, room_sec));
        parts.push(name(party));
        if let Some(place) = party.place() {
            parts.push(format!("track {} of {}", place + 1, party.queue.len()));
        }
    } else {
        parts.push(match party.queue.len() {
            0 => "the queue is empty".to_owned(),
            tracks => format!("{} in the queue", count(tracks, "track")),
        });
    }
    parts.push(seat(party));
    parts.extend(guests(party));
    parts.extend(locked(party));
    parts.push(format!("{} here", party.members.total));
    parts.join("  ") + "\n"
}

/// `waiting for others: 2 of 3 ready, at most 2 s more`, while a start waits.
#[must_use]
pub fn waiting(party: &Party, room_sec: Option<f64>) -> Option<String> {
    let Waiting {
        ready, of, until, ..
    } = party.waits()?;
    let left = until
        .zip(room_sec)
        .map(|(until, now)| (until - now).ceil().max(1.0));
    let soon = left.map_or_else(String::new, |sec| format!(", at most {sec:.0} s more"));
    Some(format!("waiting for others: {ready} of {of} ready{soon}"))
}

/// `playing`, `paused` or `idle`.
#[must_use]
pub fn status(party: &Party) -> &'static str {
    match (party.track_id(), party.is_playing()) {
        (None, _) => "idle",
        (Some(_), true) => "playing",
        (Some(_), false) => "paused",
    }
}

/// `0:12 of 1:00`
#[must_use]
pub fn time(party: &Party, room_sec: Option<f64>) -> String {
    let position = clock_face(party.position_sec(room_sec));
    match party.duration_sec() {
        Some(duration) => format!("{position} of {}", clock_face(duration)),
        None => position,
    }
}

/// The current track.
#[must_use]
pub fn name(party: &Party) -> String {
    let unknown = || "a track that is not in the queue".to_owned();
    party.track().map_or_else(unknown, label)
}

/// `you host`, `Ana hosts`, `nobody hosts`
#[must_use]
pub fn seat(party: &Party) -> String {
    let seat = &party.seat;
    match (seat.mine, &seat.host, &seat.kept) {
        (true, ..) => "you host".to_owned(),
        (_, Some(host), _) => format!("{host} hosts"),
        (_, None, Some((name, _))) => format!("the seat is kept for {name}"),
        (_, None, None) => "nobody hosts".to_owned(),
    }
}

/// `guests may only listen`, `guests may add`
#[must_use]
pub fn guests(party: &Party) -> Option<String> {
    let may = match party.seat.guests? {
        Guests::Nothing => "only listen",
        Guests::Add => "add",
        Guests::Vote => "add and vote",
        Guests::Everything => "do everything",
    };
    Some(format!("guests may {may}"))
}

/// `locked`, while it takes a key to join.
#[must_use]
pub fn locked(party: &Party) -> Option<String> {
    party.lock.locked.then(|| "locked".to_owned())
}

/// A line for each track, with `>` before the current one.
#[must_use]
pub fn queue(party: &Party) -> String {
    if party.queue.is_empty() {
        return format!("the queue of room {} is empty\n", party.room);
    }
    let labels: Vec<String> = party.queue.iter().map(label).collect();
    let longest = labels.iter().map(|label| width(label)).max();
    let columns = longest.unwrap_or_default().min(LABEL_COLUMNS);
    let place = party.place();
    let line = |(index, track): (usize, &Track)| {
        let mark = if place == Some(index) { '>' } else { ' ' };
        let label = pad(&labels[index], columns);
        let long = pad_left(&duration(track), 7);
        let by = origin(track);
        let line = format!("{mark} {:3}  {label}  {long}  {by}", index + 1);
        format!("{}\n", line.trim_end())
    };
    party.queue.iter().enumerate().map(line).collect()
}

/// `3:20`, or nothing while it is not known.
#[must_use]
pub fn duration(track: &Track) -> String {
    track.duration_sec.map_or_else(String::new, clock_face)
}

/// Who added it, and whether it is still on its way.
#[must_use]
pub fn origin(track: &Track) -> String {
    let by = track.added_by.clone().unwrap_or_default();
    match (track.awaited, by.as_str()) {
        (true, "") => "on its way".to_owned(),
        (true, by) => format!("{by}, on its way"),
        (false, _) => by,
    }
}

/// A line for each member, and one for those that the server does not list.
#[must_use]
pub fn members(party: &Party) -> String {
    let listed = &party.members.listed;
    if listed.is_empty() {
        return format!("nobody is in room {}\n", party.room);
    }
    let longest = listed.iter().map(|member| width(&member.name)).max();
    let columns = longest.unwrap_or_default();
    let line = |member: &Member| {
        let line = format!("{}  {}", pad(&member.name, columns), doing(member));
        format!("{}\n", line.trim_end())
    };
    let mut lines: String = listed.iter().map(line).collect();
    let unlisted = party.members.total.saturating_sub(listed.len());
    if unlisted > 0 {
        lines += &format!("and {unlisted} more\n");
    }
    lines
}

/// `host  playing  webaudio  +0.4 ms  round trip 1.3 ms`
#[must_use]
pub fn doing(member: &Member) -> String {
    let mut parts = Vec::new();
    if member.is_host {
        parts.push("host".to_owned());
    }
    if member.node {
        parts.push("a node".to_owned());
    }
    if let Some(report) = &member.report {
        parts.extend(report.status.clone());
        parts.extend(report.method.clone());
        parts.extend(report.error_ms.map(|ms| format!("{ms:+.1} ms")));
        parts.extend(report.rtt_ms.map(|ms| format!("round trip {ms:.1} ms")));
        let loading = report.loaded.filter(|loaded| *loaded < 1.0);
        parts.extend(loading.map(|loaded| format!("{:.0} % here", (loaded * 100.0).floor())));
    }
    parts.join("  ")
}

// ---- for programs ----------------------------------------------------------------------------------

#[derive(Serialize)]
struct StateJson<'a> {
    room: &'a str,
    status: &'static str,
    track_id: Option<&'a str>,
    name: Option<&'a str>,
    title: Option<&'a str>,
    artist: Option<&'a str>,
    position_sec: f64,
    duration_sec: Option<f64>,
    /// Of the queue, counted from 1.
    number: Option<usize>,
    tracks: usize,
    host: Option<&'a str>,
    guests: Option<&'a str>,
    /// Whether it takes a key to join.
    locked: bool,
    members: usize,
}

#[derive(Serialize)]
struct QueueJson<'a> {
    room: &'a str,
    tracks: Vec<TrackJson<'a>>,
}

#[derive(Serialize)]
struct TrackJson<'a> {
    number: usize,
    current: bool,
    track_id: &'a str,
    name: &'a str,
    title: Option<&'a str>,
    artist: Option<&'a str>,
    duration_sec: Option<f64>,
    bytes: u64,
    added_by: Option<&'a str>,
    awaited: bool,
}

#[derive(Serialize)]
struct MembersJson<'a> {
    room: &'a str,
    total: usize,
    members: Vec<MemberJson<'a>>,
}

#[derive(Serialize)]
struct MemberJson<'a> {
    peer_id: &'a str,
    name: &'a str,
    host: bool,
    node: bool,
    status: Option<&'a str>,
    method: Option<&'a str>,
    error_ms: Option<f64>,
    rtt_ms: Option<f64>,
    loaded: Option<f64>,
}

/// What is not known is null.
#[must_use]
pub fn state_json(party: &Party, room_sec: Option<f64>) -> String {
    let track = party.track();
    json(&StateJson {
        room: &party.room,
        status: if party.is_playing() { "PLAY" } else { "PAUSE" },
        track_id: party.track_id(),
        name: track.map(|track| track.name.as_str()),
        title: track.and_then(|track| track.title.as_deref()),
        artist: track.and_then(|track| track.artist.as_deref()),
        position_sec: (party.position_sec(room_sec) * 1000.0).round() / 1000.0,
        duration_sec: party.duration_sec(),
        number: party.place().map(|place| place + 1),
        tracks: party.queue.len(),
        host: party.seat.host.as_deref(),
        guests: party.seat.guests.map(Guests::name),
        locked: party.lock.locked,
        members: party.members.total,
    })
}

#[must_use]
pub fn queue_json(party: &Party) -> String {
    let place = party.place();
    let tracks = party.queue.iter().enumerate();
    json(&QueueJson {
        room: &party.room,
        tracks: tracks
            .map(|(index, track)| TrackJson {
                number: index + 1,
                current: place == Some(index),
                track_id: &track.track_id,
                name: &track.name,
                title: track.title.as_deref(),
                artist: track.artist.as_deref(),
                duration_sec: track.duration_sec,
                bytes: track.bytes,
                added_by: track.added_by.as_deref(),
                awaited: track.awaited,
            })
            .collect(),
    })
}

#[must_use]
pub fn members_json(party: &Party) -> String {
    let member = |member| member_json(member);
    json(&MembersJson {
        room: &party.room,
        total: party.members.total,
        members: party.members.listed.iter().map(member).collect(),
    })
}

fn member_json(member: &Member) -> MemberJson<'_> {
    let report = member.report.as_ref();
    MemberJson {
        peer_id: &member.peer_id,
        name: &member.name,
        host: member.is_host,
        node: member.node,
        status: report.and_then(|report| report.status.as_deref()),
        method: report.and_then(|report| report.method.as_deref()),
        error_ms: report.and_then(|report| report.error_ms),
        rtt_ms: report.and_then(|report| report.rtt_ms),
        loaded: report.and_then(|report| report.loaded),
    }
}

fn json(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).expect("bug: a report is text and numbers");
    line.push('\n');
    line
}
