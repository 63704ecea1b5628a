//! What has to hold in every simulated room, looked at twenty times a second.
//!
//! - Whoever is in the room, undisturbed, and has heard the state for a while plays the room's track, at the room's
//!   place: to within the error of its clock (half of what its ways differ by, and of what the network adds by chance)
//!   and the dead band of its player. A paused room is silent.
//! - Whoever stands ready, with a round trip that the room knows and waits for, hears of a start before its moment, and
//!   begins at it.
//! - Nobody's sound goes backwards, leaps or ends (`steps.rs`) but for a new state, or for one of few corrections: not
//!   when the connection is lost, nor when the server is.
//! - Whoever was cut off, slept or was stuck is back in the room in time, with its state.
//! - A start waits for those who get ready, and not for long. The queue and what is on its way to a member are bounded.

use super::bounds::{clock_bound_sec, sound_bound_sec, start_bound_sec};
use super::listener::wanted;
use super::plan::Act;
use super::steps::{Before, TAKES_OVER_SEC};
use super::world::World;
use jam::client::messages::State;
use jam::limits::{
    JOIN_PROBES, PLAYED_MAX, PROBE_GAP_SEC, QUEUE_TRACKS_MAX, RTT_MS_WAITED_FOR_MAX,
    WAITING_AFTER_FIRST_SEC, WAITING_SEC_MAX,
};
use jam::room::message::Status;

/// A start that was off is heard, judged twice and put right within this.
const CORRECTED_SEC: f64 = 4.0;

/// Whose machine was stuck while it opened a track may think for a while that opening takes so long.
const OPENS_SLOWLY_SEC: f64 = 4.0;

/// What a clock learnt of the server before counts for so long; and it may be away for a while first.
const CLOCK_REMEMBERS_SEC: f64 = 150.0;

/// From the end of a trouble: the next burst comes, the clock is believed, and the sound is put right.
const CALM_SEC: f64 = 6.0;

/// Jumps soon after each other are held back for so long.
const HELD_BACK_SEC: f64 = 18.0;
const TROUBLES_FORGOTTEN_SEC: f64 = 45.0;

/// Messages on their way to one member: what is said in half a minute of silence on a dead connection.
const ON_THE_WAY_MAX: usize = 400;

/// What was found to be wrong.
#[derive(Clone, Debug)]
pub struct Broken {
    pub at: f64,
    pub what: String,
}

pub struct Watch {
    pub broken: Option<Broken>,
    pub seen: Vec<Seen>,
    /// The room's, and since when.
    state: Option<State>,
    state_at: f64,
    /// Since when it waits, and how often the host had pressed something by then.
    waits_since: Option<(f64, u32)>,
    starts: Vec<Start>,
    /// How often somebody's place was compared with the room's, and how many starts were.
    pub compared: u64,
    pub started: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Nothing befell it after this.
    calm_since: f64,
    /// It has to be in the room and know its state after this.
    due_at: f64,
    pub troubles: Vec<f64>,
    /// It knows the room's state since then.
    heard_at: Option<f64>,
    stalled_until: f64,
    pub before: Option<Before>,
    /// The timestamp of the state that it knows, and since when.
    pub knows: (Option<f64>, f64),
    /// How many starts there were, and since when.
    pub starts: (u32, f64),
}

/// Somebody stood ready when it was announced.
#[derive(Clone, Debug)]
struct Start {
    who: usize,
    timestamp: f64,
    announced_at: f64,
}

impl Watch {
    pub fn new(count: usize) -> Self {
        Self {
            broken: None,
            seen: vec![Seen::default(); count],
            state: None,
            state_at: 0.0,
            waits_since: None,
            starts: Vec::new(),
            compared: 0,
            started: 0,
        }
    }

    pub fn joined(&mut self, who: usize, now: f64) {
        self.seen[who].calm_since = self.seen[who].calm_since.max(now);
    }

    pub fn lost(&mut self, who: usize, now: f64) {
        self.joined(who, now);
    }

    /// Something comes to this member much later than it usually does.
    pub fn stalled(&mut self, who: usize, until: f64) {
        self.seen[who].stalled_until = self.seen[who].stalled_until.max(until);
    }
}

impl World {
    /// Something befalls somebody until then; and it may be out of the room for some more.
    pub fn trouble(&mut self, who: usize, until: f64, back_within: f64) {
        let seen = &mut self.watch.seen[who];
        seen.calm_since = seen.calm_since.max(until);
        seen.due_at = seen.due_at.max(until + back_within);
        seen.troubles.push(until);
    }

    /// When there is nothing more to look at.
    pub fn ends_at(&self) -> f64 {
        let last_act = self.plan.acts.last().map_or(0.0, |act| act.0);
        let calm = |who: usize| {
            let seen = &self.watch.seen[who];
            let joins = self.plan.members[who].joins_at;
            seen.calm_since.max(seen.due_at).max(joins) + self.settles_within(who)
        };
        let calm = (0..self.listeners.len()).map(calm).fold(0.0, f64::max);
        calm.max(last_act + CORRECTED_SEC) + 4.0
    }

    /// The room may have changed its state.
    pub fn compare_state(&mut self) {
        let Some(room) = &self.server.room else {
            return;
        };
        let state = room.state();
        let state = State {
            track_id: state.track_id.clone(),
            playing: state.status == Status::Play,
            offset_sec: state.offset_sec.as_f64().expect("a finite number"),
            timestamp: state.timestamp,
        };
        if self.watch.state.as_ref() == Some(&state) {
            return;
        }
        self.note(|| format!("the room: {state:?}"));
        let held_since = self.watch.state_at;
        let same_track = |before: &State| before.track_id == state.track_id;
        if !self.watch.state.as_ref().is_some_and(same_track) && self.watch.waits_since.is_some() {
            // For another one it waits anew.
            self.watch.waits_since = Some((self.now, self.host_presses));
        }
        self.watch.state_at = self.now;
        self.watch.starts.clear();
        for seen in &mut self.watch.seen {
            seen.heard_at = None;
        }
        if state.playing {
            self.expect_starts(&state, held_since);
        }
        self.watch.state = Some(state);
    }

    /// The room says what it waits for, or that it does not any more.
    pub fn waits(&mut self, for_track: bool) {
        let (since, presses) = self
            .watch
            .waits_since
            .unwrap_or((self.now, self.host_presses));
        let room = self.server.room.as_ref();
        let plays = room.is_some_and(|room| room.state().status == Status::Play);
        let was_waiting = self.watch.waits_since.is_some() && room.is_some();
        if was_waiting && !for_track && !plays && self.host_presses == presses {
            self.break_off("a start that waited never happens".into());
        }
        self.watch.waits_since = for_track.then_some((since, presses));
    }

    fn expect_starts(&mut self, state: &State, held_since: f64) {
        let before = self.watch.state.clone();
        let was_held = self.watch.waits_since.is_some()
            && before
                .as_ref()
                .is_some_and(|before| !before.playing && before.track_id == state.track_id);
        // Who has just been let go for the start before is not ready for this one.
        let twice = before.as_ref().is_some_and(|before| {
            before.playing && state.timestamp - before.timestamp < TAKES_OVER_SEC
        });
        let soon = self.now - held_since < WAITING_AFTER_FIRST_SEC && was_held;
        for who in 0..self.listeners.len() {
            let listener = &self.listeners[who];
            let track = state.track_id.as_deref().unwrap_or_default();
            let waits_at =
                |player: &super::player::Player| player.waits_at(track, state.offset_sec);
            let stands_ready = listener.players.iter().any(waits_at);
            let settled = self.is_settled(who) && !listener.machine.is_deaf(self.now);
            let told = listener.told_rtt();
            let known = told.is_some_and(|(at, rtt_sec)| {
                let limit_sec = RTT_MS_WAITED_FOR_MAX / 1000.0;
                let true_sec = self.plan.members[who].rtt_max_sec();
                at + 1.0 < self.now && rtt_sec.max(true_sec) <= limit_sec
            });
            if settled && known && stands_ready && !twice {
                self.watch.starts.push(Start {
                    who,
                    timestamp: state.timestamp,
                    announced_at: self.now,
                });
            } else if settled && soon && !stands_ready && self.host_pressed_at < held_since {
                self.break_off(format!("a start did not wait for {who}, who gets ready"));
            }
        }
    }

    pub fn heard_state(&mut self, who: usize) {
        if self.listeners[who].state != self.watch.state {
            return;
        }
        let seen = &mut self.watch.seen[who];
        if seen.heard_at.is_some() {
            return;
        }
        seen.heard_at = Some(self.now);
        let disturbed_until = seen.calm_since.max(seen.stalled_until);
        let expected = self.watch.starts.iter().find(|start| start.who == who);
        let Some(start) = expected.filter(|start| disturbed_until < start.announced_at) else {
            return;
        };
        let late_sec = self.server.room_time(self.now) - start.timestamp;
        if late_sec > 0.0 {
            self.break_off(format!("{who} hears of a start {late_sec} s after it"));
        }
    }

    pub fn look(&mut self) {
        for who in 0..self.listeners.len() {
            if self.listeners[who].present && self.watch.broken.is_none() {
                self.look_whether_back(who);
                self.look_at_clock(who);
                self.look_at_steps(who);
                self.look_at_start(who);
                self.look_at_sound(who);
            }
        }
        let waits_sec = self
            .watch
            .waits_since
            .map_or(0.0, |(since, _)| self.now - since);
        if waits_sec > WAITING_SEC_MAX + 0.2 && self.server.room.is_some() {
            self.break_off(format!("the room waits for {waits_sec} s"));
        }
    }

    /// Once a second.
    pub fn look_at_bounds(&mut self) {
        if let Some(room) = &self.server.room {
            let view = room.view(self.server.room_time(self.now));
            if view.tracks.len() > QUEUE_TRACKS_MAX || view.played.len() > PLAYED_MAX {
                self.break_off("the queue or the history grows".into());
            }
        }
        let most = self.connections.iter().map(|way| way.on_the_way).max();
        if most.is_some_and(|most| most > ON_THE_WAY_MAX) {
            self.break_off(format!("{most:?} messages are on their way to one member"));
        }
    }

    fn settles_within(&self, who: usize) -> f64 {
        let probe_sec = self.plan.members[who].rtt_max_sec() + PROBE_GAP_SEC;
        let held_back = match self.troubles_lately(who) {
            0 | 1 => 0.0,
            _ => HELD_BACK_SEC,
        };
        CALM_SEC + JOIN_PROBES as f64 * probe_sec + held_back
    }

    fn troubles_lately(&self, who: usize) -> usize {
        let recent = |at: &&f64| **at > self.now - TROUBLES_FORGOTTEN_SEC;
        self.watch.seen[who].troubles.iter().filter(recent).count()
    }

    fn was_stuck_lately(&self, who: usize) -> bool {
        let until = self.listeners[who].machine.deaf_until;
        until > 0.0 && until > self.now - TROUBLES_FORGOTTEN_SEC
    }

    fn is_settled(&self, who: usize) -> bool {
        let calm_since = self.watch.seen[who].calm_since;
        self.is_in_the_room(who) && self.now >= calm_since + self.settles_within(who)
    }

    fn look_whether_back(&mut self, who: usize) {
        let seen = &self.watch.seen[who];
        let rtt_sec = self.plan.members[who].rtt_max_sec();
        let heard_within = 1.0 + 4.0 * (0.2 + rtt_sec);
        let joined_by = self.plan.members[who].joins_at + 3.0 * rtt_sec;
        let due_at = seen.due_at.max(self.watch.state_at).max(joined_by) + heard_within;
        let is_back = self.is_in_the_room(who) && seen.heard_at.is_some();
        if self.server.room.is_some() && self.now > due_at && !is_back {
            let in_the_room = self.is_in_the_room(who);
            let knows = self.listeners[who].state.clone();
            self.break_off(format!(
                "{who} is not back: in the room {in_the_room}, knows {knows:?}"
            ));
        }
    }

    fn look_at_clock(&mut self, who: usize) {
        let truth = self.server.room_time(self.now);
        let Some(moment) = self.listeners[who].moment(self.now) else {
            return;
        };
        let error_sec = moment.room_sec - truth;
        let lately = self.now - CLOCK_REMEMBERS_SEC..self.now;
        let mut kills = self.plan.acts.iter().filter(|(at, _)| lately.contains(at));
        let restarted = kills.any(|(_, act)| matches!(act, Act::Kill { .. }));
        let bound_sec = clock_bound_sec(&self.plan.members[who], restarted);
        if self.is_settled(who) && error_sec.abs() > bound_sec {
            self.break_off(format!(
                "the clock of {who} is {error_sec} s off, {bound_sec} are allowed"
            ));
        }
    }

    /// One who stood ready begins in time.
    fn look_at_start(&mut self, who: usize) {
        let Some(at) = self.watch.starts.iter().position(|start| start.who == who) else {
            return;
        };
        let bound_sec = start_bound_sec(&self.plan.members[who]);
        let start = self.watch.starts[at].clone();
        let room_sec = self.server.room_time(self.now);
        if room_sec < start.timestamp + bound_sec {
            return;
        }
        self.watch.starts.swap_remove(at);
        let seen = &self.watch.seen[who];
        let disturbed = seen.calm_since.max(seen.stalled_until) > start.announced_at;
        if disturbed || !self.is_in_the_room(who) || self.is_over(room_sec) {
            return;
        }
        self.watch.started += 1;
        self.compare_sound(who, bound_sec, "begins");
    }

    fn look_at_sound(&mut self, who: usize) {
        let (Some(state), Some(heard_at)) = (&self.watch.state, self.watch.seen[who].heard_at)
        else {
            return;
        };
        let room_sec = self.server.room_time(self.now);
        let began_at = self.server.world_time(state.timestamp).max(heard_at);
        let track = state.track_id.as_deref().unwrap_or_default();
        let began_at = match state.playing {
            true => began_at.max(self.listeners[who].has_since(track)),
            false => heard_at,
        };
        let corrected_sec = match self.was_stuck_lately(who) {
            true => CORRECTED_SEC + OPENS_SLOWLY_SEC,
            false => CORRECTED_SEC,
        };
        let due_at = began_at + if state.playing { corrected_sec } else { 0.15 };
        if !self.is_settled(who) || self.now < due_at || self.is_over(room_sec) {
            return;
        }
        if !state.playing || state.track_id.is_none() {
            let heard = self.listeners[who].audible(self.now, &self.plan.tracks_sec);
            if !heard.is_empty() {
                let heard = format!("{who} plays {heard:?} in a paused room");
                self.break_off(heard);
            }
            return;
        }
        // A correction is heard for a moment.
        if self.now < self.watch.seen[who].starts.1 + TAKES_OVER_SEC {
            return;
        }
        let bound_sec = sound_bound_sec(&self.plan.members[who]);
        self.watch.compared += 1;
        self.compare_sound(who, bound_sec, "plays");
    }

    fn compare_sound(&mut self, who: usize, bound_sec: f64, does: &str) {
        let Some(state) = &self.watch.state else {
            return;
        };
        let truth = wanted(state).position_at(self.server.room_time(self.now));
        let track = state.track_id.clone().unwrap_or_default();
        let heard = self.listeners[who].audible(self.now, &self.plan.tracks_sec);
        let right = |(heard, position): &(&str, f64)| {
            *heard == track && (position - truth).abs() <= bound_sec
        };
        // Two players in one room take over from each other.
        if heard.is_empty() || !heard.iter().all(right) {
            let heard: Vec<String> = heard
                .iter()
                .map(|(track, position)| format!("{track} {} s off", position - truth))
                .collect();
            self.break_off(format!(
                "{who} {does} {heard:?}, and not {track} at {truth}, {bound_sec} allowed"
            ));
        }
    }

    /// Whether the room's track has ended, or is about to: what is heard then is the last of its sound.
    fn is_over(&self, room_sec: f64) -> bool {
        let Some(state) = &self.watch.state else {
            return true;
        };
        let track = state.track_id.as_deref().unwrap_or_default();
        state.playing && wanted(state).position_at(room_sec) > self.end_of(track)
    }

    pub fn break_off(&mut self, what: String) {
        self.note(|| what.clone());
        let at = self.now;
        self.watch.broken.get_or_insert(Broken { at, what });
    }
}
