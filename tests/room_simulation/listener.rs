//! A simulated listener: the real clock, the real follower and the real parsers, put together as `jam listen` does it,
//! on a machine with a clock of its own, which may sleep or be stuck.

use super::machine::Machine;
use super::plan::{Deed, Traits, between};
use super::player::Player;
use super::server::track_id;
use crate::common::random::Random;
use jam::client::backoff::Backoff;
use jam::client::messages::{ServerSays, State, Track};
use jam::client::outgoing::Hello;
use jam::client::parse::parse;
use jam::commands::listen::words::word;
use jam::limits::{CLIENT_SILENCE, COMMAND_TICK, RECONNECT_DELAY_MAX, SHELF_AHEAD};
use jam::room::key::Keys;
use jam::room::message::Role;
use jam::sync::clock::{Probe, RoomClock};
use jam::sync::follow::{DECKS, Follower, Moment, Order, Phase, Wanted};
use jam::sync::probing::{Due, Probing};
use serde_json::json;
use std::time::Duration;

/// A report that changed waits so long behind the one before.
const REPORT_GAP_SEC: f64 = 0.4;
const REPORT_RTT_GAP_SEC: f64 = 2.0;

/// What a player says of its place scatters by this, and wanders by that.
pub const SCATTER_SEC: f64 = 0.0005;
pub const WANDER_SEC: f64 = 0.001;

/// A sound begins by chance so much later than it usually does.
pub const SOUND_LATE_SEC: f64 = 0.002;

pub struct Listener {
    pub traits: Traits,
    pub machine: Machine,
    pub role: Role,
    /// By which the room knows it again.
    token: Option<String>,
    pub random: Random,
    pub clock: RoomClock,
    probing: Probing,
    pub follower: Follower,
    pub players: [Player; DECKS],
    /// Tracks that are here, or will be at this time.
    here: Vec<(String, f64)>,
    /// The one that it believes in.
    pub connection: Option<usize>,
    pub joined: bool,
    pub state: Option<State>,
    queue: Vec<Track>,
    backoff: Backoff,
    connected_at: f64,
    heard_at: f64,
    reported: Option<(f64, &'static str, Option<String>, Option<f64>)>,
    /// Since when the room knows a round trip of this connection.
    told_rtt_at: Option<f64>,
    /// The program runs.
    pub present: bool,
}

pub enum Says {
    Clock { t0: f64 },
    Text(String),
}

impl Listener {
    pub fn new(traits: Traits, role: Role) -> Self {
        let mut random = Random::from_seed(traits.seed);
        let backoff = Backoff::new(random.next());
        let mut follower = Follower::default();
        (0..DECKS).for_each(|deck| follower.up(deck));
        Self {
            machine: Machine::new(traits.clock_zero_sec, traits.clock_rate),
            traits,
            role,
            random,
            clock: RoomClock::new(),
            probing: Probing::new(),
            follower,
            players: [Player::born(), Player::born()],
            here: Vec::new(),
            token: None,
            connection: None,
            joined: false,
            state: None,
            queue: Vec::new(),
            backoff,
            connected_at: 0.0,
            heard_at: 0.0,
            reported: None,
            told_rtt_at: None,
            present: false,
        }
    }

    /// The program has ended, and begins again on the same machine.
    pub fn restart(&mut self) {
        let seed = self.random.next();
        let traits = Traits {
            seed,
            ..self.traits.clone()
        };
        let fresh = Self::new(traits, self.role);
        let before = std::mem::replace(self, fresh);
        self.machine = before.machine;
        // A page that is loaded again knows it still.
        self.token = before.token;
    }

    pub fn moment(&self, now: f64) -> Option<Moment> {
        let local_sec = self.machine.local(now);
        let room_sec = self.clock.room_at(local_sec)?;
        Some(Moment {
            local_sec,
            room_sec,
        })
    }

    /// `false`: it is asleep already.
    pub fn sleep(&mut self, now: f64, sec: f64, clock_stands: bool) -> bool {
        if self.machine.is_asleep() {
            return false;
        }
        self.machine.sleep(now, sec, clock_stands);
        match clock_stands {
            true => self.heard_at += sec,
            // Waiting for what never came is over, and a ping goes out first.
            false => self.heard_at = self.heard_at.max(now + sec - CLIENT_SILENCE.as_secs_f64()),
        }
        true
    }

    // ---- the room --------------------------------------------------------------------------------

    pub fn hello(&self) -> String {
        let hello = Hello {
            role: self.role,
            display_name: None,
            node: false,
            wants: vec!["QUEUE", "WAITING"],
            token: self.token.clone(),
        };
        hello.encode(&Keys::default())
    }

    pub fn connects(&mut self, now: f64, connection: usize) {
        self.connection = Some(connection);
        (self.connected_at, self.heard_at) = (now, now);
    }

    /// How long until it tries again.
    pub fn lost(&mut self, now: f64) -> Duration {
        self.connection = None;
        self.joined = false;
        self.probing.stop();
        if now - self.connected_at > RECONNECT_DELAY_MAX.as_secs_f64() {
            self.backoff.reset();
        }
        self.backoff.delay()
    }

    /// `true`: it has joined with this.
    pub fn hear(&mut self, now: f64, text: &str) -> bool {
        self.heard_at = now;
        match parse(text).expect("a room speaks as it should") {
            ServerSays::State(state) => {
                self.follower.follow(wanted(&state));
                self.state = Some(state);
                self.look_ahead(now);
            }
            ServerSays::Queue(tracks) => {
                self.queue = tracks;
                self.look_ahead(now);
            }
            ServerSays::Welcome(welcome) => {
                self.token = welcome.token;
                self.joined = true;
                self.probing.start(self.machine.local(now));
                self.clock.reconnected();
                (self.reported, self.told_rtt_at) = (None, None);
                return true;
            }
            _ => {}
        }
        false
    }

    /// The answer to a probe; `arrived`: in the time of the world.
    pub fn answer(&mut self, now: f64, arrived: f64, t0: f64, t1: f64, t2: f64) {
        self.heard_at = now;
        let at = match self.traits.stamps_late {
            true => now,
            false => arrived,
        };
        // While it slept nothing was stamped.
        let t3 = self.machine.local(at).max(t0);
        let probe = Probe { t0, t1, t2, t3 };
        self.probing.answer(probe, &mut self.clock);
    }

    fn look_ahead(&mut self, now: f64) {
        let current = self.state.as_ref().and_then(|state| state.track_id.clone());
        let is_current = |track: &Track| Some(&track.track_id) == current.as_ref();
        let place = self.queue.iter().position(is_current);
        let duration_sec = place.and_then(|place| self.queue[place].duration_sec);
        self.follower.set_duration(duration_sec);
        let behind = place.map_or(&[][..], |place| &self.queue[place + 1..]);
        let behind = behind.iter().map(|track| track.track_id.clone());
        self.follower.set_next(behind.clone().next());
        for track in current.into_iter().chain(behind).take(SHELF_AHEAD) {
            if !self.here.iter().any(|(here, _)| *here == track) {
                self.here.push((track, now + self.traits.fetch_sec));
            }
        }
    }

    pub fn has_since(&self, track: &str) -> f64 {
        let here = self.here.iter().find(|(here, _)| here == track);
        here.map_or(f64::INFINITY, |(_, since)| *since)
    }

    // ---- what it does ----------------------------------------------------------------------------

    /// Does what is due. What it says, and when it has to do something again.
    pub fn turn(&mut self, now: f64) -> (Vec<Says>, f64) {
        self.machine.wake_up(now);
        let mut says = Vec::new();
        let mut wake = now + COMMAND_TICK.as_secs_f64();
        let awake = self.machine.awake(now);
        for deck in 0..DECKS {
            if self.players[deck].opened(awake)
                && let Some(moment) = self.moment(now)
            {
                self.follower.ready(deck, moment);
            }
        }
        let local = self.machine.local(now);
        loop {
            match self.probing.due(local) {
                Due::Probe => says.push(Says::Clock { t0: local }),
                Due::Silence => self.probing.start(local),
                Due::At(at) => break wake = wake.min(self.machine.world(at)),
                Due::Never => break,
            }
        }
        if let Some(next) = self.follow(now) {
            wake = wake.min(self.machine.world(next));
        }
        let opening = self.players.iter().filter_map(Player::opens_at);
        wake = opening
            .map(|at| self.machine.world_of_awake(at))
            .fold(wake, f64::min);
        if self.joined {
            says.extend(self.report(now).map(Says::Text));
        }
        (says, wake)
    }

    /// Does what is due for the sound; the local time until which nothing else is.
    fn follow(&mut self, now: f64) -> Option<f64> {
        let moment = self.moment(now)?;
        loop {
            let mut orders = Vec::new();
            let here = &self.here;
            let has = |track: &str| here.iter().any(|(id, since)| id == track && *since <= now);
            let next = self.follower.step(moment, has, &mut orders);
            let asked = orders
                .iter()
                .any(|order| matches!(order, Order::Ask { .. }));
            self.carry_out(now, orders);
            // What was heard may have changed what is due.
            if !asked {
                return Some(next);
            }
        }
    }

    /// Nothing has come for too long.
    pub fn hears_nothing(&self, now: f64) -> bool {
        self.connection.is_some() && now - self.heard_at > 2.0 * CLIENT_SILENCE.as_secs_f64()
    }

    fn carry_out(&mut self, now: f64, orders: Vec<Order>) {
        let (awake, rate) = (self.machine.awake(now), self.traits.sound_rate);
        for order in orders {
            match order {
                Order::Load {
                    deck,
                    track,
                    offset_sec,
                } => {
                    let took = self.traits.open_sec * between(&mut self.random, 0.8, 1.2);
                    self.players[deck].load(track, offset_sec, awake + took);
                }
                Order::Play { deck } => {
                    let late = between(&mut self.random, 0.0, SOUND_LATE_SEC);
                    let sounds_at = awake + self.traits.sound_sec + late;
                    assert!(self.players[deck].play(sounds_at), "let go too soon");
                }
                Order::Pause { deck } => self.players[deck].pause(),
                Order::Stop { deck } => self.players[deck].stop(),
                Order::Speed { deck, speed } => self.players[deck].set_speed(awake, rate, speed),
                Order::Ask { deck } => self.look_at(now, deck),
            }
        }
    }

    /// Has the follower know where a player says it is.
    fn look_at(&mut self, now: f64, deck: usize) {
        let awake = self.machine.awake(now);
        let position = self.players[deck].position(awake, self.traits.sound_rate);
        let (Some((_, at)), Some(moment)) = (position, self.moment(now)) else {
            return;
        };
        let wander = WANDER_SEC * (awake / 7.0).sin();
        let says = at + wander + between(&mut self.random, -SCATTER_SEC, SCATTER_SEC);
        let mut orders = Vec::new();
        self.follower.heard(deck, says, moment, &mut orders);
        self.carry_out(now, orders);
    }

    fn report(&mut self, now: f64) -> Option<String> {
        let moment = self.moment(now);
        let phase = moment.map_or(Phase::Loading, |moment| self.follower.phase(moment));
        let track = self.state.as_ref().and_then(|state| state.track_id.clone());
        let rtt_ms = self.clock.quality(self.machine.local(now)).rtt_ms;
        if let Some((at, status, about, told_ms)) = &self.reported {
            let same = (*status, about) == (word(phase), &track);
            let moved = rtt_ms
                .zip(*told_ms)
                .is_none_or(|(a, b)| (a - b).abs() > 1.0 + 0.2 * b);
            let gap_sec = match (same, moved) {
                (false, _) => REPORT_GAP_SEC,
                (true, true) => REPORT_RTT_GAP_SEC,
                (true, false) => f64::INFINITY,
            };
            if now - at < gap_sec {
                return None;
            }
        }
        let report = json!({
            "type": "REPORT", "status": word(phase), "track_id": track, "method": "mpv",
            "rtt_ms": rtt_ms,
        });
        self.reported = Some((now, word(phase), track, rtt_ms));
        self.told_rtt_at = self.told_rtt_at.or(rtt_ms.map(|_| now));
        Some(report.to_string())
    }

    /// The round trip that the room has been told, and since when it knows one.
    pub fn told_rtt(&self) -> Option<(f64, f64)> {
        let (_, _, _, rtt_ms) = self.reported.as_ref()?;
        Some((self.told_rtt_at?, rtt_ms.as_ref()? / 1000.0))
    }

    // ---- the host --------------------------------------------------------------------------------

    /// What the room is told when the host does something, as far as it can be done.
    pub fn deed(&self, now: f64, deed: Deed) -> Option<String> {
        let state = self.state.as_ref()?;
        let first = self.queue.first().map(|track| track.track_id.clone());
        let track = state.track_id.clone().or(first.clone());
        let room_sec = self.moment(now)?.room_sec;
        let position = wanted(state).position_at(room_sec);
        let control = |playing: bool, offset_sec: f64| {
            let kind = if playing { "PLAY" } else { "PAUSE" };
            json!({"type": kind, "track_id": track, "offset_sec": offset_sec, "timestamp": room_sec})
        };
        let duration_sec = self
            .queue
            .iter()
            .find(|each| Some(&each.track_id) == track.as_ref());
        let duration_sec = duration_sec.and_then(|each| each.duration_sec);
        let said = match deed {
            Deed::Play => control(true, position.min(duration_sec.unwrap_or(position))),
            Deed::Pause => control(false, position),
            Deed::Seek(part) => control(state.playing, part * duration_sec?),
            Deed::Next => json!({"type": "NEXT", "from": state.track_id}),
            Deed::Previous => json!({"type": "PREVIOUS", "from": state.track_id}),
            Deed::Add(track) => json!({"type": "ADD", "track_id": track_id(track).to_string()}),
            Deed::Remove(track) => {
                json!({"type": "REMOVE", "track_id": track_id(track).to_string()})
            }
            Deed::Move(track) => {
                let id = track_id(track).to_string();
                json!({"type": "MOVE", "track_id": id, "before": first})
            }
        };
        Some(said.to_string())
    }

    /// What leaves its loudspeaker, of tracks of these lengths.
    pub fn audible(&self, now: f64, lengths_sec: &[f64]) -> Vec<(&str, f64)> {
        let (awake, rate) = (self.machine.awake(now), self.traits.sound_rate);
        let length_sec = |track: &str| {
            let mut lengths = lengths_sec.iter().enumerate();
            let this = lengths.find(|(index, _)| track_id(*index).to_string() == track);
            this.map_or(0.0, |(_, length)| *length)
        };
        let players = self.players.iter().filter(|_| !self.machine.is_asleep());
        let places = players.filter_map(|player| player.position(awake, rate));
        places
            .filter(|(track, at)| *at < length_sec(track))
            .collect()
    }
}

/// A state as the follower takes it.
pub fn wanted(state: &State) -> Wanted {
    Wanted {
        track: state.track_id.clone(),
        playing: state.playing,
        offset_sec: state.offset_sec,
        timestamp: state.timestamp,
    }
}
