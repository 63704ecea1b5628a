//! What of a room outlives its server, and a room that is made of it again.
//!
//! A room that comes back is where it would be without the interruption: what would have ended has ended, and what
//! would have begun has begun, at the same moments.
//!
//! The fields are a promise, because they are on disk. New ones have a default; none changes its meaning.

use super::event::Home;
use super::key::Lock;
use super::machine::Room;
use super::message::{Played, QueueTrack, State, Status};
use super::name::RoomName;
use super::queue::Queue;
use super::removed::Removed;
use super::rights::Guests;
use super::seat::Kept;
use super::token::Token;
use super::turntable::{Turntable, zero};
use crate::limits::{
    QUEUE_TRACKS_MAX, ROOM_TIME_SEC_MAX, STATE_AWAY_SEC_MAX, TRACK_DURATION_SEC_MAX,
    TRACK_ID_BYTES_MAX,
};
use crate::track::id::TrackId;
use crate::track::sniff::AudioKind;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::sync::Arc;

/// A room as it was at `saved_at`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomSnapshot {
    pub name: String,
    /// Room time in seconds.
    pub saved_at: f64,
    pub state: State,
    pub queue: Arc<Vec<QueueTrack>>,
    #[serde(default)]
    pub played: Vec<Played>,
    /// The tracks that the server itself put here: when it starts again, what was taken out stays out.
    #[serde(default)]
    pub offered: Arc<Vec<TrackId>>,
    /// What guests may do; what the server says of new rooms when it is missing.
    #[serde(default)]
    pub guests: Option<Guests>,
    /// For whom the host seat is kept when the server starts again.
    #[serde(default)]
    pub host: Option<Host>,
    #[serde(default)]
    pub removed: Removed,
    /// What it takes to join, when the room has a lock of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Lock>,
}

/// A host that can prove who it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Host {
    pub token: Token,
    pub name: String,
}

impl RoomSnapshot {
    /// The room's name, when everything is as a room may have it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<RoomName, &'static str> {
        let name = RoomName::parse(&self.name).ok_or("this is no name of a room")?;
        let State {
            track_id,
            offset_sec,
            timestamp,
            ..
        } = &self.state;
        let is_room_time = |sec: f64| (0.0..ROOM_TIME_SEC_MAX).contains(&sec);
        if !is_room_time(self.saved_at) || !is_room_time(*timestamp) {
            return Err("its times are none");
        }
        let track_id_bytes = track_id.as_ref().map_or(0, String::len);
        if track_id_bytes > TRACK_ID_BYTES_MAX {
            return Err("its track_id is too long");
        }
        if !offset_sec.as_f64().is_some_and(|sec| sec >= 0.0) {
            return Err("its offset_sec is below 0");
        }
        let is_duration = |sec: f64| sec > 0.0 && sec <= TRACK_DURATION_SEC_MAX;
        let mut durations = self.queue.iter().filter_map(|track| track.duration_sec);
        match durations.all(is_duration) {
            true => Ok(name),
            false => Err("a track's duration_sec is none"),
        }
    }
}

impl Room {
    /// What is to be kept, when that has changed since it was asked last.
    pub fn take_news(&mut self, now: f64) -> Option<RoomSnapshot> {
        std::mem::take(&mut self.has_news).then(|| self.snapshot(now))
    }

    #[must_use]
    pub fn snapshot(&self, now: f64) -> RoomSnapshot {
        RoomSnapshot {
            name: self.name.to_string(),
            saved_at: now,
            state: self.state().clone(),
            queue: self.turntable.queue().tracks(),
            played: self.turntable.played(),
            offered: Arc::clone(&self.offered),
            guests: Some(self.guests),
            host: self.host_to_keep(),
            removed: self.removed.clone(),
            lock: self.own_lock,
        }
    }

    /// As for one that goes without a word, which a server that is killed looks like.
    fn host_to_keep(&self) -> Option<Host> {
        if let Some(kept) = self.members.seat().kept() {
            let (token, name) = (kept.token.clone(), kept.name.clone());
            return Some(Host { token, name });
        }
        let host = self.members.get(self.members.host()?)?;
        host.wants.is_welcomed().then(|| Host {
            token: host.token.clone(),
            name: host.name.clone(),
        })
    }

    /// The room as it would be at `now`, without members.
    #[must_use]
    pub fn restore(now: f64, name: RoomName, snapshot: RoomSnapshot, home: Home) -> Self {
        let mut room = Self::new(now, name, [], home);
        let queue = Queue::new(snapshot.queue.iter().cloned());
        let (state, played) = (snapshot.state, snapshot.played);
        room.turntable = Turntable::restore(state, queue, played);
        let lead_sec = room.lead_sec();
        room.turntable.catch_up(now, lead_sec, snapshot.saved_at);
        room.offered = snapshot.offered;
        room.started = room.state().track_id.clone();
        room.guests = snapshot.guests.unwrap_or(room.guests);
        room.removed = snapshot.removed.bounded();
        room.own_lock = snapshot.lock;
        if let Some(Host { token, name }) = snapshot.host {
            let peer_id = token.peer_id();
            room.members.keep_seat(Kept::new(now, token, peer_id, name));
        }
        room
    }
}

impl Turntable {
    /// Does all that would have happened until `now`, at the moments at which it would have. After a long absence
    /// the track that was on rests at its beginning instead.
    fn catch_up(&mut self, now: f64, lead_sec: f64, away_since: f64) {
        // Each track begins and is followed once.
        const STEPS_MAX: usize = 2 * QUEUE_TRACKS_MAX + 2;
        if now - away_since > STATE_AWAY_SEC_MAX && self.state().status == Status::Play {
            let track_id = self.state().track_id.clone();
            self.begin(now, track_id, Status::Pause, zero());
        }
        for _ in 0..STEPS_MAX {
            match self.wake_at(lead_sec).filter(|&at| at <= now) {
                Some(at) => self.tick(at, lead_sec),
                None => return,
            };
        }
    }
}

/// An entry of the queue as it lies on the disk.
#[derive(Deserialize)]
struct StoredTrack {
    track_id: TrackId,
    name: String,
    bytes: u64,
    content_type: String,
    duration_sec: Option<f64>,
    title: Option<String>,
    artist: Option<String>,
    album: Option<String>,
    #[serde(default)]
    cover: bool,
    added_by: Option<String>,
    added_by_id: Option<String>,
    #[serde(default)]
    awaited: bool,
}

impl<'de> Deserialize<'de> for QueueTrack {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = StoredTrack::deserialize(deserializer)?;
        let kind = AudioKind::of_content_type(&stored.content_type);
        let kind = kind.ok_or_else(|| de::Error::custom("unknown content_type"))?;
        Ok(Self {
            track_id: stored.track_id,
            name: stored.name,
            bytes: stored.bytes,
            content_type: kind.content_type(),
            duration_sec: stored.duration_sec,
            title: stored.title,
            artist: stored.artist,
            album: stored.album,
            cover: stored.cover,
            added_by: stored.added_by,
            added_by_id: stored.added_by_id,
            awaited: stored.awaited,
        })
    }
}
