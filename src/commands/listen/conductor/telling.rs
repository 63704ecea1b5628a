//! What the conductor tells the room and the user, and when.

use super::Conductor;
use crate::client::messages::{Track, Waiting};
use crate::client::outgoing::Report;
use crate::commands::listen::shelf::{Card, State};
use crate::commands::listen::words::{Mode, Now, Waits, word};
use crate::limits::COMMAND_TICK;
use crate::sync::follow::Phase;
use crate::sys::one_line;
use crate::track::id::TrackId;
use std::io;
use std::time::Instant;

impl Conductor<'_> {
    /// To be called often: it says little.
    pub(super) fn tell(&mut self) {
        let at = Instant::now();
        let is_due = |told_at: Instant| at.saturating_duration_since(told_at) >= COMMAND_TICK;
        if !self.told_at.is_none_or(is_due) {
            return;
        }
        self.told_at = Some(at);
        let now_sec = self.local(at);
        let now = self.now();
        if self.connected {
            let report = Report {
                status: word(now.phase),
                method: Some("mpv"),
                rtt_ms: now.rtt_ms,
                error_ms: now.error_ms,
                loaded: now.loaded,
                clock_ms: now.clock_ms,
                track_id: now.track_id.clone(),
            };
            if let Some(report) = self.reporter.update(now_sec, report)
                && self.stage.link.report(&report).is_err()
            {
                self.reporter.reset();
            }
        }
        match self.stage.remote {
            Some(remote) => remote.show(now),
            None => {
                // On a terminal that takes nothing at the moment the line is of no use later.
                let is_line = matches!(self.teller.mode(), Mode::Terminal(_));
                let is_stuck = self.pen.as_ref().is_some_and(|pen| !pen.is_free());
                if is_line && is_stuck {
                    return;
                }
                // A server that has not let us in yet is not gone.
                if self.server.is_none() && self.teller.mode() != Mode::Json {
                    return;
                }
                if let Some(text) = self.teller.tell(now_sec, &now) {
                    self.say(text);
                }
            }
        }
    }

    fn now(&self) -> Now {
        let moment = self.moment(Instant::now());
        let local_sec = self.local(Instant::now());
        let state = self.state.as_ref();
        let track_id = state.and_then(|state| state.track_id.clone());
        let card = track_id.as_deref().and_then(|id| self.card(id));
        let is_current = |track: &&Track| Some(&track.track_id) == track_id.as_ref();
        let quality = self.clock.is_ready().then(|| self.clock.quality(local_sec));
        let waits = self.waits();
        let phase = moment.map_or(Phase::Loading, |moment| self.follower.phase(moment));
        let phase = match phase {
            Phase::Paused if waits.is_some() => Phase::Ready,
            // What is no track of a library can be had from nobody.
            Phase::Loading if track_id.as_deref().is_some_and(is_unknown) => Phase::Failed,
            phase => phase,
        };
        let error_sec = self.follower.error_sec();
        let counts = self.follower.counts;
        Now {
            phase,
            connected: self.connected,
            name: self
                .queue
                .iter()
                .find(is_current)
                .map(|track| track.name.clone()),
            position_sec: match (state, moment) {
                (Some(state), Some(moment)) if state.playing => {
                    let room_sec = moment.room_sec - self.trim_sec;
                    state.offset_sec + (room_sec - state.timestamp).max(0.0)
                }
                (state, _) => state.map_or(0.0, |state| state.offset_sec),
            },
            error_ms: error_sec
                .filter(|_| phase == Phase::Playing)
                .map(|sec| sec * 1000.0),
            clock_ms: quality.as_ref().and_then(|quality| quality.spread_ms),
            rtt_ms: quality.as_ref().and_then(|quality| quality.rtt_ms),
            loaded: card.as_ref().map(|card| match card.state {
                State::Coming(share) => share,
                State::Here(_) => 1.0,
                State::Failed => 0.0,
            }),
            peers: card.map(|card| card.peers),
            waits: waits.map(|waiting| Waits {
                ready: waiting.ready,
                of: waiting.of,
                left_sec: left_sec(
                    waiting,
                    moment.map(|moment| moment.room_sec - self.trim_sec),
                ),
            }),
            track_id,
            starts: counts.starts,
            jumps: counts.jumps,
            nudges: counts.nudges,
            players_lost: self.players_lost,
        }
    }

    /// A reader that has gone, or takes nothing, is no reason to stop the music.
    pub(super) fn say(&self, text: String) {
        let _not_read = self.pen.as_ref().map(|pen| pen.write(text));
    }

    /// The start that waits, of the very track that the room shows.
    fn waits(&self) -> Option<&Waiting> {
        let state = self.state.as_ref().filter(|state| !state.playing)?;
        let waiting = self.waiting.as_ref()?;
        (state.track_id.as_ref() == Some(&waiting.track_id)).then_some(waiting)
    }

    fn card(&self, track: &str) -> Option<Card> {
        self.stage.shelf?.card(&TrackId::parse(track)?)
    }
}

fn is_unknown(track: &str) -> bool {
    TrackId::parse(track).is_none()
}

fn left_sec(waiting: &Waiting, room_sec: Option<f64>) -> Option<f64> {
    Some((waiting.until? - room_sec?).max(0.0))
}

pub(super) fn mode(json: bool) -> Mode {
    match (json, one_line::take(&io::stdout())) {
        (true, _) => Mode::Json,
        (false, Some(columns)) => Mode::Terminal(columns),
        (false, None) => Mode::Plain,
    }
}
