//! What plays, what comes next and what has been played: a room's state, its queue and its history.
//!
//! Times are room time in seconds. `lead_sec` is how far ahead of now a start is set. A track that plays to its
//! end is followed by the next one at exactly the moment at which it ends; that is said a second or more before,
//! so that everybody can have the next one ready, loudspeakers with a long delay included. The history has what
//! really began, not what was announced.

use super::message::{HostMessage, Played, QueueTrack, State, Status};
use super::queue::{Queue, QueueFull};
use crate::limits::{ADVANCE_LATE_SEC_MAX, ADVANCE_LEAD_SEC_MIN, PLAYED_MAX};
use crate::sync::playback::round_to_micros;
use crate::track::id::TrackId;
use serde_json::Number;
use std::collections::VecDeque;

/// What is news for the room.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    pub state: bool,
    pub queue: bool,
    /// A track that has begun to play.
    pub began: Option<Played>,
}

#[derive(Debug)]
pub struct Turntable {
    state: State,
    queue: Queue,
    /// The newest last.
    played: VecDeque<Played>,
    /// Whether it rests only until a start that waits, so that it counts as playing for what comes next.
    held: bool,
}

const QUEUE_CHANGED: Changes = Changes {
    state: false,
    queue: true,
    began: None,
};

impl Turntable {
    /// Nothing plays yet.
    #[must_use]
    pub fn new(now: f64, queue: Queue) -> Self {
        let state = State {
            track_id: None,
            status: Status::Pause,
            offset_sec: zero(),
            timestamp: round_to_micros(now),
        };
        Self {
            state,
            queue,
            played: VecDeque::new(),
            held: false,
        }
    }

    /// As it was kept; the newest of `played` last.
    #[must_use]
    pub fn restore(state: State, queue: Queue, played: Vec<Played>) -> Self {
        let too_many = played.len().saturating_sub(PLAYED_MAX);
        Self {
            state,
            queue,
            played: played.into_iter().skip(too_many).collect(),
            held: false,
        }
    }

    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    #[must_use]
    pub fn played(&self) -> Vec<Played> {
        self.played.iter().cloned().collect()
    }

    /// Does what the host says.
    ///
    /// # Errors
    /// The text of the ERROR that tells why nothing was done.
    pub fn handle(
        &mut self,
        now: f64,
        lead_sec: f64,
        message: HostMessage,
    ) -> Result<Changes, String> {
        match message {
            HostMessage::Control {
                status,
                track_id,
                offset_sec,
            } => Ok(self.set_state(now, lead_sec, track_id, status, offset_sec)),
            HostMessage::Add { track, before } => self
                .add(*track, before)
                .map_err(|QueueFull| format!("ADD: {}", QueueFull::TEXT)),
            HostMessage::Remove { track_id } => self.remove(now, lead_sec, track_id),
            HostMessage::Move { track_id, before } => {
                let moved = self.queue.move_before(track_id, before);
                moved
                    .map(queue_changed)
                    .ok_or_else(|| not_there("MOVE", track_id))
            }
            HostMessage::Duration {
                track_id,
                duration_sec,
            } => {
                let set = self.queue.set_duration(track_id, duration_sec);
                set.map(queue_changed)
                    .ok_or_else(|| not_there("DURATION", track_id))
            }
            HostMessage::Next { from } => {
                if self.has_moved_on(from.as_deref()) {
                    return Ok(Changes::default());
                }
                self.skip(now, lead_sec, "NEXT", self.queue.after(self.current()))
            }
            HostMessage::Previous { from } => {
                if self.has_moved_on(from.as_deref()) {
                    return Ok(Changes::default());
                }
                self.skip(now, lead_sec, "PREVIOUS", self.queue.before(self.current()))
            }
        }
    }

    /// Keeps a start back: the track rests where it would begin, until `release` or another decision.
    pub fn hold(&mut self, now: f64) {
        self.state.status = Status::Pause;
        self.state.timestamp = round_to_micros(now);
        self.held = true;
    }

    /// Begins what was kept back.
    pub fn release(&mut self, now: f64, lead_sec: f64) -> Changes {
        let State {
            track_id,
            offset_sec,
            ..
        } = self.state.clone();
        match self.held {
            true => self.set_state(now, lead_sec, track_id, Status::Play, offset_sec),
            false => Changes::default(),
        }
    }

    /// Puts a track into the queue.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn add(
        &mut self,
        track: QueueTrack,
        before: Option<TrackId>,
    ) -> Result<Changes, QueueFull> {
        self.queue.add(track, before).map(queue_changed)
    }

    /// The server has this track now, which the queue may have awaited.
    pub fn arrived(&mut self, track: QueueTrack) -> Changes {
        queue_changed(self.queue.arrived(track))
    }

    /// The server has this track no more: the queue awaits it. Whether it stood there as one that the server has.
    pub fn lost(&mut self, id: TrackId) -> Changes {
        queue_changed(self.queue.await_again(id))
    }

    /// When `tick` has something to do, if at all.
    #[must_use]
    pub fn wake_at(&self, lead_sec: f64) -> Option<f64> {
        // A track never advances before it has begun.
        self.begins_at().or_else(|| self.advance_at(lead_sec))
    }

    /// Remembers what has begun, and goes on to the next track when the current one is about to end.
    pub fn tick(&mut self, now: f64, lead_sec: f64) -> Changes {
        let began = self.remember(now);
        Changes {
            began,
            ..self.advance(now, lead_sec)
        }
    }

    /// When `advance` has something to do, if at all.
    fn advance_at(&self, lead_sec: f64) -> Option<f64> {
        let ends_at = self.ends_at()?;
        let at = match self.queue.after(self.current()) {
            Some(_) => ends_at - lead_sec.max(ADVANCE_LEAD_SEC_MIN),
            None => ends_at,
        };
        // A start that is announced has to happen first, however short the track.
        Some(at.max(self.state.timestamp))
    }

    fn advance(&mut self, now: f64, lead_sec: f64) -> Changes {
        if self.advance_at(lead_sec).is_none_or(|at| at > now) {
            return Changes::default();
        }
        let ends_at = self.ends_at().expect("bug: what advances ends");
        match self.queue.after(self.current()) {
            Some(next) => {
                let track_id = Some(next.to_string());
                // A thread never wakes quite in time; that must not be heard as a gap.
                let soonest = now + lead_sec.min(ADVANCE_LEAD_SEC_MIN);
                let at = match soonest <= ends_at + ADVANCE_LATE_SEC_MAX {
                    true => ends_at,
                    false => soonest,
                };
                self.begin(at, track_id, Status::Play, zero())
            }
            None => self.begin(now, self.state.track_id.clone(), Status::Pause, zero()),
        }
    }

    /// Room time at which the current track ends, when it plays and its duration is known.
    fn ends_at(&self) -> Option<f64> {
        if self.state.status != Status::Play {
            return None;
        }
        let duration_sec = self.queue.get(self.current()?)?.duration_sec?;
        let left_sec = duration_sec - self.state.offset_sec.as_f64()?;
        Some(self.state.timestamp + left_sec.max(0.0))
    }

    /// The current track, when it is one that a queue can have.
    fn current(&self) -> Option<TrackId> {
        TrackId::parse(self.state.track_id.as_deref()?)
    }

    /// Whether this names the track that STATE names; capitals do not matter in an id.
    #[must_use]
    pub fn is_current(&self, track_id: &str) -> bool {
        !self.has_moved_on(Some(track_id))
    }

    /// Whoever said this has not heard yet that another track is on.
    fn has_moved_on(&self, from: Option<&str>) -> bool {
        let Some(from) = from else { return false };
        match (TrackId::parse(from), self.current()) {
            // Capitals do not matter in an id.
            (Some(from), Some(current)) => from != current,
            _ => self.state.track_id.as_deref() != Some(from),
        }
    }

    fn skip(
        &mut self,
        now: f64,
        lead_sec: f64,
        kind: &str,
        to: Option<TrackId>,
    ) -> Result<Changes, String> {
        if self.queue.is_empty() {
            return Err(format!("{kind}: the queue is empty"));
        }
        let status = self.intent();
        Ok(match to {
            Some(to) => self.set_state(now, lead_sec, Some(to.to_string()), status, zero()),
            // Behind the last one: it rests at its beginning.
            None => {
                let track_id = self.state.track_id.clone();
                self.set_state(now, lead_sec, track_id, Status::Pause, zero())
            }
        })
    }

    fn remove(&mut self, now: f64, lead_sec: f64, id: TrackId) -> Result<Changes, String> {
        let next = self.queue.after(Some(id));
        if self.queue.remove(id).is_none() {
            return Err(not_there("REMOVE", id));
        }
        if self.current() != Some(id) {
            return Ok(QUEUE_CHANGED);
        }
        let status = match next {
            Some(_) => self.intent(),
            None => Status::Pause,
        };
        let next = next.map(|next| next.to_string());
        let changes = self.set_state(now, lead_sec, next, status, zero());
        Ok(Changes {
            queue: true,
            ..changes
        })
    }

    /// What the room would do if nothing were waited for.
    fn intent(&self) -> Status {
        match self.held {
            true => Status::Play,
            false => self.state.status,
        }
    }

    /// A start lies in the near future, a pause is now.
    fn set_state(
        &mut self,
        now: f64,
        lead_sec: f64,
        track_id: Option<String>,
        status: Status,
        offset_sec: Number,
    ) -> Changes {
        let at = match status {
            Status::Play => now + lead_sec,
            Status::Pause => now,
        };
        self.begin(at, track_id, status, offset_sec)
    }

    pub(super) fn begin(
        &mut self,
        at: f64,
        track_id: Option<String>,
        status: Status,
        offset_sec: Number,
    ) -> Changes {
        self.held = false;
        self.state = State {
            track_id,
            status,
            offset_sec,
            timestamp: round_to_micros(at),
        };
        Changes {
            state: true,
            ..Changes::default()
        }
    }

    /// The track that plays or is announced, unless it is the newest in the history.
    fn unremembered(&self) -> Option<&QueueTrack> {
        let track = self.queue.get(self.current()?)?;
        let newest = self.played.back().map(|entry| entry.track_id);
        let is_new = newest != Some(track.track_id);
        (self.state.status == Status::Play && is_new).then_some(track)
    }

    /// When the history is to have one more entry, if at all.
    fn begins_at(&self) -> Option<f64> {
        self.unremembered().map(|_| self.state.timestamp)
    }

    /// Enters a track into the history, once until another one begins. Not before its moment: until then it may
    /// be skipped, and nobody has heard it.
    fn remember(&mut self, now: f64) -> Option<Played> {
        let track = self.unremembered()?;
        if self.state.timestamp > now {
            return None;
        }
        let began = Played {
            track_id: track.track_id,
            name: track.name.clone(),
            title: track.title.clone(),
            artist: track.artist.clone(),
            duration_sec: track.duration_sec,
            at: self.state.timestamp,
        };
        if self.played.len() >= PLAYED_MAX {
            self.played.pop_front();
        }
        self.played.push_back(began.clone());
        Some(began)
    }
}

fn queue_changed(changed: bool) -> Changes {
    Changes {
        queue: changed,
        ..Changes::default()
    }
}

fn not_there(kind: &str, id: TrackId) -> String {
    format!("{kind}: track {id} is not in the queue")
}

pub(super) fn zero() -> Number {
    Number::from_f64(0.0).expect("0 is a JSON number")
}
