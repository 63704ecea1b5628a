//! The model of what plays in a room, what comes next and what was played: a list of songs and one state, with
//! the rules of `docs/PROTOCOL.md` written down as plainly as possible.
//!
//! What a method gives back is what all members are told at once.

use super::room_words::{micros, state_json, to_all};
use jam::room::message::QueueTrack;
use jam::track::id::TrackId;
use std::sync::LazyLock;

pub struct Song {
    name: &'static str,
    title: Option<&'static str>,
    artist: Option<&'static str>,
    duration_sec: Option<f64>,
    added_by: Option<&'static str>,
}

const fn song(name: &'static str, duration_sec: Option<f64>) -> Song {
    Song {
        name,
        title: None,
        artist: None,
        duration_sec,
        added_by: None,
    }
}

/// The songs of the world, which tests name by number. The second is shorter than any lead.
pub const SONGS: [Song; 6] = [
    Song {
        title: Some("Zwei \"Sekunden\""),
        artist: Some("Ana"),
        ..song("two.opus", Some(2.0))
    },
    song("blink.wav", Some(0.1)),
    Song {
        added_by: Some("Eve"),
        ..song("endless.mp3", None)
    },
    song("one.flac", Some(1.0)),
    song("minutes.ogg", Some(180.000_001)),
    Song {
        title: Some("?"),
        ..song("unknown.m4a", None)
    },
];

/// Their ids, and how those stand in JSON.
static IDS: LazyLock<Vec<(TrackId, String)>> = LazyLock::new(|| {
    let ids = SONGS.iter().map(|song| blake3::hash(song.name.as_bytes()));
    ids.map(|id| (TrackId::from_hash(id), format!(r#""{id}""#)))
        .collect()
});

pub fn track_id(song: usize) -> TrackId {
    IDS[song].0
}

pub fn id_json(song: usize) -> &'static str {
    &IDS[song].1
}

/// The song as the server's library would list it.
pub fn queue_track(song: usize) -> QueueTrack {
    let Song {
        name,
        title,
        artist,
        duration_sec,
        added_by,
    } = SONGS[song];
    QueueTrack {
        track_id: track_id(song),
        name: name.into(),
        bytes: 5,
        content_type: "audio/wav",
        duration_sec,
        title: title.map(Into::into),
        artist: artist.map(Into::into),
        album: None,
        cover: false,
        added_by: added_by.map(Into::into),
        added_by_id: None,
        awaited: false,
    }
}

/// A song in the queue.
#[derive(Clone, PartialEq)]
pub struct Entry {
    song: usize,
    duration_sec: Option<f64>,
    /// Name and `peer_id`.
    added_by: Option<(String, Option<String>)>,
}

pub struct Deck {
    entries: Vec<Entry>,
    /// The current track as it stands in STATE: a JSON string, or null.
    track: String,
    playing: bool,
    offset: String,
    timestamp: f64,
    /// Entries of the history as JSON, the newest last, and the song of that one.
    played: Vec<String>,
    last_played: Option<usize>,
}

impl Deck {
    pub fn new(now: f64, songs: &[usize]) -> Self {
        let entry = |&song: &usize| Entry {
            song,
            duration_sec: SONGS[song].duration_sec,
            added_by: SONGS[song].added_by.map(|name| (name.into(), None)),
        };
        Self {
            entries: songs.iter().map(entry).collect(),
            track: "null".into(),
            playing: false,
            offset: "0.0".into(),
            timestamp: micros(now),
            played: Vec::new(),
            last_played: None,
        }
    }

    // ---- what the host does ----

    /// PLAY and PAUSE of anything: a start lies `lead` seconds ahead, a pause is now.
    pub fn control(
        &mut self,
        now: f64,
        lead: f64,
        track: &str,
        playing: bool,
        offset: &str,
    ) -> Vec<String> {
        let timestamp = if playing { now + lead } else { now };
        self.put_on(timestamp, track, playing, offset)
    }

    /// `added_by`: name and `peer_id`, as far as they are known.
    pub fn add(
        &mut self,
        song: usize,
        before: Option<usize>,
        added_by: Option<(String, Option<String>)>,
    ) {
        if self.place_of(song).is_some() {
            return;
        }
        let place = before.and_then(|before| self.place_of(before));
        let entry = Entry {
            song,
            duration_sec: SONGS[song].duration_sec,
            added_by,
        };
        self.entries
            .insert(place.unwrap_or(self.entries.len()), entry);
    }

    pub fn remove(&mut self, now: f64, lead: f64, song: usize) -> Result<Vec<String>, String> {
        let place = self.place_of(song).ok_or_else(|| gone("REMOVE", song))?;
        let was_current = self.current() == Some(place);
        self.entries.remove(place);
        Ok(match self.entries.get(place) {
            _ if !was_current => Vec::new(),
            Some(behind) => {
                let track = id_json(behind.song);
                self.control(now, lead, track, self.playing, "0.0")
            }
            None => self.control(now, lead, "null", false, "0.0"),
        })
    }

    pub fn move_before(&mut self, song: usize, before: Option<usize>) -> Result<(), String> {
        let place = self.place_of(song).ok_or_else(|| gone("MOVE", song))?;
        if before == Some(song) {
            return Ok(());
        }
        let entry = self.entries.remove(place);
        let to = before.and_then(|before| self.place_of(before));
        self.entries.insert(to.unwrap_or(self.entries.len()), entry);
        Ok(())
    }

    pub fn set_duration(&mut self, song: usize, duration_sec: f64) -> Result<(), String> {
        let place = self.place_of(song).ok_or_else(|| gone("DURATION", song))?;
        self.entries[place].duration_sec = Some(duration_sec);
        Ok(())
    }

    /// NEXT (forward) or PREVIOUS, said when `from` (JSON) was the current track.
    pub fn skip(
        &mut self,
        now: f64,
        lead: f64,
        forward: bool,
        from: Option<&str>,
    ) -> Result<Vec<String>, String> {
        if from.is_some_and(|from| !is_same_track(from, &self.track)) {
            return Ok(Vec::new());
        }
        if self.entries.is_empty() {
            let kind = if forward { "NEXT" } else { "PREVIOUS" };
            return Err(format!("{kind}: the queue is empty"));
        }
        let to = match self.current() {
            None => 0,
            Some(place) if forward => place + 1,
            Some(place) => place.saturating_sub(1),
        };
        Ok(match self.entries.get(to) {
            Some(entry) => {
                let track = id_json(entry.song);
                self.control(now, lead, track, self.playing, "0.0")
            }
            None => self.rest(now),
        })
    }

    // ---- what happens by itself ----

    pub fn acts_at(&self, lead: f64) -> Option<f64> {
        let acts = [self.begins_at(), self.moves_on_at(lead)];
        acts.into_iter().flatten().min_by(f64::total_cmp)
    }

    pub fn tick(&mut self, now: f64, lead: f64) -> Vec<String> {
        let mut told = self.begin(now);
        told.extend(self.move_on(now, lead));
        told
    }

    /// When the song that plays next in the history begins; the one that did so last is in it already.
    fn begins_at(&self) -> Option<f64> {
        let song = self.entries[self.current()?].song;
        let is_next = self.playing && self.last_played != Some(song);
        is_next.then_some(self.timestamp)
    }

    fn begin(&mut self, now: f64) -> Vec<String> {
        if self.begins_at().is_none_or(|at| at > now) {
            return Vec::new();
        }
        let entry = &self.entries[self.current().expect("something plays")];
        let played = played_json(entry, self.timestamp);
        self.last_played = Some(entry.song);
        self.played.push(played.clone());
        if self.played.len() > 50 {
            self.played.remove(0);
        }
        vec![to_all(&format!(
            r#"{{"type":"PLAYED","room":"jam1","entry":{played}}}"#
        ))]
    }

    /// When the next one is announced, a lead and at least a second before the end of this one; or when the last one ends. But never
    /// before this one has begun.
    fn moves_on_at(&self, lead: f64) -> Option<f64> {
        let is_last = self.current()? + 1 == self.entries.len();
        let end = self.end()?;
        let at = if is_last { end } else { end - lead.max(1.0) };
        Some(at.max(self.timestamp))
    }

    fn move_on(&mut self, now: f64, lead: f64) -> Vec<String> {
        if self.moves_on_at(lead).is_none_or(|at| at > now) {
            return Vec::new();
        }
        let place = self.current().expect("something plays");
        let end = self.end().expect("something ends");
        match self.entries.get(place + 1) {
            // Without a gap, if there is nearly time enough.
            Some(next) => {
                let track = id_json(next.song);
                let soonest = now + lead.min(1.0);
                let is_nearly_in_time = soonest - end <= 0.1;
                let timestamp = if is_nearly_in_time { end } else { soonest };
                self.put_on(timestamp, track, true, "0.0")
            }
            None => self.rest(now),
        }
    }

    /// The room time at which the current track ends, if that is known and it plays.
    fn end(&self) -> Option<f64> {
        let duration_sec = self.entries[self.current()?].duration_sec?;
        let offset: f64 = self.offset.parse().expect("a number");
        let rest = if offset < duration_sec {
            duration_sec - offset
        } else {
            0.0
        };
        self.playing.then_some(self.timestamp + rest)
    }

    /// The last one is over: it stands at its beginning.
    fn rest(&mut self, now: f64) -> Vec<String> {
        let track = self.track.clone();
        self.put_on(now, &track, false, "0.0")
    }

    fn put_on(&mut self, timestamp: f64, track: &str, playing: bool, offset: &str) -> Vec<String> {
        self.track = track.into();
        self.playing = playing;
        self.offset = offset.into();
        self.timestamp = micros(timestamp);
        vec![to_all(&self.state_json())]
    }

    // ---- what it looks like ----

    fn place_of(&self, song: usize) -> Option<usize> {
        self.entries.iter().position(|entry| entry.song == song)
    }

    /// Where in the queue the current track is; the host may have written its id in capitals.
    fn current(&self) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| id_json(entry.song).eq_ignore_ascii_case(&self.track))
    }

    /// The current track as it stands in STATE.
    pub fn track(&self) -> &str {
        &self.track
    }

    pub fn is_unused(&self) -> bool {
        self.track == "null" && self.entries.is_empty()
    }

    pub fn state_json(&self) -> String {
        let status = if self.playing { "PLAY" } else { "PAUSE" };
        state_json(&self.track, status, &self.offset, self.timestamp)
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries of QUEUE.
    pub fn entries_json(&self) -> Vec<String> {
        self.entries.iter().map(entry_json).collect()
    }

    /// The entries of HISTORY.
    pub fn played_json(&self) -> &[String] {
        &self.played
    }
}

/// Both as JSON. In an id capitals do not matter.
fn is_same_track(a: &str, b: &str) -> bool {
    let is_id = |json: &str| TrackId::parse(json.trim_matches('"')).is_some();
    a == b || (is_id(a) && is_id(b) && a.eq_ignore_ascii_case(b))
}

fn gone(kind: &str, song: usize) -> String {
    format!("{kind}: track {} is not in the queue", track_id(song))
}

fn entry_json(entry: &Entry) -> String {
    let song = &SONGS[entry.song];
    let by = entry.added_by.as_ref();
    format!(
        r#"{{"track_id":{},"name":"{}","bytes":5,"content_type":"audio/wav"{}{}{}{}{}}}"#,
        id_json(entry.song),
        song.name,
        field("duration_sec", entry.duration_sec),
        field("title", song.title),
        field("artist", song.artist),
        field("added_by", by.map(|(name, _)| name.as_str())),
        field("added_by_id", by.and_then(|(_, id)| id.as_deref())),
    )
}

fn played_json(entry: &Entry, at: f64) -> String {
    let song = &SONGS[entry.song];
    format!(
        r#"{{"track_id":{},"name":"{}"{}{}{}{}}}"#,
        id_json(entry.song),
        song.name,
        field("title", song.title),
        field("artist", song.artist),
        field("duration_sec", entry.duration_sec),
        field("at", Some(at)),
    )
}

/// `,"name":value`, or nothing.
fn field(name: &str, value: Option<impl Into<serde_json::Value>>) -> String {
    match value.map(Into::into) {
        Some(value) => format!(r#","{name}":{value}"#),
        None => String::new(),
    }
}
