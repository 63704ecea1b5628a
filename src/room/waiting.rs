//! Starting together: a start of another track waits until those who listen have it ready, and not for long.
//!
//! Times are room time in seconds. Only members who asked for WAITING are waited for, and of those only the ones who
//! were there when the waiting began: nobody can prolong it by coming, and nobody by being slow.

use super::event::Output;
use super::machine::{Room, to_all};
use super::members::{Member, MemberId, Members};
use super::message::{HostMessage, ServerMessage, Status};
use super::turntable::Changes;
use crate::limits::{WAITING_AFTER_FIRST_SEC, WAITING_SEC_MAX};
use crate::sync::playback::round_to_micros;
use serde::Serialize;
use std::collections::BTreeSet;

/// A place that was rounded on its way is no other one.
const SAME_PLACE_SEC: f64 = 0.01;

/// What the room waits for, if it does.
#[derive(Debug)]
pub struct Waiting {
    track_id: String,
    /// Those who were asked, in the order of connecting.
    asked: BTreeSet<MemberId>,
    began_at: f64,
    first_ready_at: Option<f64>,
    told: Option<Progress>,
}

/// How far a waiting room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    pub ready: usize,
    pub of: usize,
}

impl Progress {
    fn is_complete(self) -> bool {
        self.ready == self.of
    }
}

impl Waiting {
    /// `None` when there is nobody to wait for.
    fn new(now: f64, track_id: &str, members: &Members) -> Option<Self> {
        let asked = members.iter().filter(|(_, member)| listens(member));
        let mut waiting = Self {
            track_id: track_id.to_owned(),
            asked: asked.map(|(id, _)| id).collect(),
            began_at: now,
            first_ready_at: None,
            told: None,
        };
        let progress = waiting.look(now, members);
        (!progress.is_complete()).then_some(waiting)
    }

    /// Counts who is ready by now; who cannot play, or has left, is not counted at all.
    fn look(&mut self, now: f64, members: &Members) -> Progress {
        let track_id = &self.track_id;
        let asked = self.asked.iter().filter_map(|&id| members.get(id));
        let (mut ready, mut of) = (0, 0);
        for member in asked.filter(|member| can_play(member, track_id)) {
            of += 1;
            ready += usize::from(is_ready(member, track_id));
        }
        if ready > 0 {
            self.first_ready_at.get_or_insert(now);
        }
        Progress { ready, of }
    }

    /// When it starts whoever is ready; known to the members once somebody is.
    fn until(&self) -> Option<f64> {
        let after_first = self.first_ready_at? + WAITING_AFTER_FIRST_SEC;
        Some(round_to_micros(after_first.min(self.deadline())))
    }

    fn deadline(&self) -> f64 {
        self.began_at + WAITING_SEC_MAX
    }

    fn ends_at(&self) -> f64 {
        self.until().unwrap_or_else(|| self.deadline())
    }
}

/// Whether a start is to wait for this member, if it can play at all.
fn listens(member: &Member) -> bool {
    member.wants.waiting && !member.node
}

fn can_play(member: &Member, track_id: &str) -> bool {
    let Some(report) = &member.report else {
        return true;
    };
    let this_track = report.track_id.as_deref() == Some(track_id);
    match report.status {
        Some("blocked") => false,
        Some("failed" | "ended") => !this_track,
        _ => true,
    }
}

fn is_ready(member: &Member, track_id: &str) -> bool {
    let report = member.report.as_ref();
    report.is_some_and(|report| {
        report.track_id.as_deref() == Some(track_id)
            && matches!(report.status, Some("ready" | "playing" | "paused"))
    })
}

impl Room {
    /// The host decided something: a start of a track that was not on yet waits from now on, unless it is said
    /// `at_once`, and what was waited for before is over when the state has changed.
    pub(super) fn hold_start(
        &mut self,
        now: f64,
        at_once: bool,
        changes: &Changes,
        out: &mut Vec<Output>,
    ) {
        if !changes.state {
            return;
        }
        let was_waiting = self.waiting.take().is_some();
        let state = self.turntable.state();
        let begins = state.status == Status::Play && state.track_id != self.started;
        let track_id = state.track_id.clone().filter(|_| begins && !at_once);
        self.waiting = track_id.and_then(|id| Waiting::new(now, &id, &self.members));
        match self.waiting {
            Some(_) => self.turntable.hold(now),
            None => {
                self.remember_started();
                if was_waiting {
                    self.tell_waiting_over(out);
                }
            }
        }
    }

    /// Whether this is said of the very track that is waited for: whoever says it again wants it now.
    pub(super) fn is_start_now(&self, message: &HostMessage) -> bool {
        let HostMessage::Control {
            status: Status::Play,
            track_id,
            ..
        } = message
        else {
            return false;
        };
        let waiting = self.waiting.as_ref();
        waiting.is_some_and(|waiting| track_id.as_ref() == Some(&waiting.track_id))
    }

    /// Whether this seeks in the very track that is waited for: its start goes on waiting, at the other place.
    pub(super) fn moves_waiting_start(&self, message: &HostMessage) -> bool {
        let HostMessage::Control {
            status: Status::Pause,
            track_id,
            offset_sec,
        } = message
        else {
            return false;
        };
        let waiting = self.waiting.as_ref();
        let is_it = waiting.is_some_and(|waiting| track_id.as_ref() == Some(&waiting.track_id));
        let before = &self.turntable.state().offset_sec;
        let moved = before.as_f64().zip(offset_sec.as_f64());
        is_it && moved.is_some_and(|(before, after)| (after - before).abs() > SAME_PLACE_SEC)
    }

    /// After every step, in which somebody may have got ready, or left, or was waited for long enough: starts when that
    /// was all.
    pub(super) fn go_on_waiting(&mut self, now: f64, out: &mut Vec<Output>) {
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        let progress = waiting.look(now, &self.members);
        if !progress.is_complete() && now < waiting.ends_at() {
            if waiting.told.replace(progress) != Some(progress) {
                self.waiting_push.request(now);
            }
            return;
        }
        self.waiting = None;
        let changes = self.turntable.release(now, self.lead_sec());
        self.remember_started();
        self.announce_changes(now, changes, out);
        self.tell_waiting_over(out);
    }

    pub(super) fn waiting_ends_at(&self) -> Option<f64> {
        self.waiting.as_ref().map(Waiting::ends_at)
    }

    /// What goes on by itself has been made ready by all who could: it counts as begun.
    pub(super) fn remember_started(&mut self) {
        let state = self.turntable.state();
        if state.status == Status::Play {
            self.started.clone_from(&state.track_id);
        }
    }

    /// How far the waiting is, for those who are told; `None` when nothing is waited for.
    pub(super) fn waiting_message(&mut self, now: f64) -> Option<ServerMessage> {
        let waiting = self.waiting.as_mut()?;
        let progress = waiting.look(now, &self.members);
        Some(ServerMessage::Waiting {
            room: self.name.to_string(),
            track_id: Some(waiting.track_id.clone()),
            progress: Some(progress),
            until: waiting.until(),
        })
    }

    fn tell_waiting_over(&self, out: &mut Vec<Output>) {
        out.push(to_all(ServerMessage::Waiting {
            room: self.name.to_string(),
            track_id: None,
            progress: None,
            until: None,
        }));
    }
}
