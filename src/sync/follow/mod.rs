//! Follows a room with two players: which one opens what, where, and when it begins. Pure.
//!
//! A start always takes the same way: a player opens the track at the right place, paused, and is let go at the right
//! moment. While one plays the other prepares what comes: the place of a seek, the next track, or the right place when
//! the first has drifted away. So the old sound ends when the new one begins.
//!
//! The caller passes the time in both clocks, carries out every order at once, tells what became of it, and calls
//! `step` again at the latest at the local time that it gave back. `steps` decides what is due, `view` tells what is
//! the case.

mod steps;
mod view;

use super::ear::{Advice, Ear};
use crate::limits::{BROKEN_TRACKS_MAX, FOLLOW_OFFSET_SEC_MAX};

pub const DECKS: usize = 2;

/// What lies between the command and the sound, until it has been measured here: PulseAudio and ALSA let go of what is
/// in their buffers at once.
const START_COST_GUESS_SEC: f64 = 0.002;
const START_COST_MAX_SEC: f64 = 1.0;

/// So many starts are remembered for it.
const START_COSTS: usize = 7;

/// Starts with the same player and output differ by so much; the first one that is off by less says little.
const START_JITTER_SEC: f64 = 0.01;

/// A track that ends by itself may be so late when the next one begins.
const LATE_END_SEC: f64 = 0.05;

/// How long opening a track is thought to take at first, and the bounds of what is learnt.
const PREPARE_GUESS_SEC: f64 = 0.2;
const PREPARE_MIN_SEC: f64 = 0.1;
const PREPARE_MAX_SEC: f64 = 4.0;

/// Two states that are so close are the same.
const SAME_SEC: f64 = 0.001;

/// Jumps that follow each other soon do not help: each waits twice as long as the one before, until there was none for
/// this long.
const JUMP_GAP_MIN_SEC: f64 = 1.0;
const JUMP_GAP_MAX_SEC: f64 = 16.0;
const JUMPS_FORGOTTEN_SEC: f64 = 30.0;

/// Room time that leaps by so much against the local clock has been learnt anew, after sleep or a restart of the server:
/// no player has to say that it is off.
const LEAP_SEC: f64 = 0.02;

/// The same moment in both clocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    pub local_sec: f64,
    pub room_sec: f64,
}

/// What the room says of playback.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub track: Option<String>,
    pub playing: bool,
    pub offset_sec: f64,
    /// Room time.
    pub timestamp: f64,
}

/// To be done at once.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Open this track here, paused.
    Load {
        deck: usize,
        track: String,
        offset_sec: f64,
    },
    Play {
        deck: usize,
    },
    Pause {
        deck: usize,
    },
    Stop {
        deck: usize,
    },
    Speed {
        deck: usize,
        speed: f64,
    },
    /// Ask which position is heard.
    Ask {
        deck: usize,
    },
}

/// What is heard, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The room has no track.
    Idle,
    /// It is not here yet, or being opened.
    Loading,
    /// It stands at its place, and begins in a moment.
    Ready,
    Paused,
    Playing,
    Ended,
    /// It cannot be played here.
    Failed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub starts: u32,
    pub jumps: u32,
    pub nudges: u32,
}

/// A place in a track.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    track: String,
    offset_sec: f64,
}

/// The track is at `offset_sec` at room time `timestamp`, and goes on from there.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    track: String,
    offset_sec: f64,
    timestamp: f64,
}

#[derive(Debug, Default)]
enum Deck {
    /// There is no player.
    #[default]
    Down,
    Free,
    Opening {
        place: Place,
        since: f64,
    },
    Ready(Place),
    Playing(Line),
}

/// A start that is being prepared.
#[derive(Debug)]
struct Start {
    deck: usize,
    line: Line,
    /// Room time at which it is to be heard, and where the track is then.
    at: f64,
    offset_sec: f64,
}

/// The one that is heard.
#[derive(Debug)]
struct OnAir {
    deck: usize,
    ear: Ear,
    ask_at: f64,
    /// Of its track, if that is known.
    duration_sec: Option<f64>,
    /// How long before the moment it was let go, which may have been a little late.
    start_cost_sec: f64,
    /// When the tempo is to be straight again.
    bent_until: Option<f64>,
}

#[derive(Debug)]
pub struct Follower {
    wanted: Option<Wanted>,
    duration_sec: Option<f64>,
    next: Option<String>,
    decks: [Deck; DECKS],
    start: Option<Start>,
    on_air: Option<OnAir>,
    /// To be silenced at this room time.
    leaving: Option<(usize, f64)>,
    start_cost_sec: f64,
    /// What the last starts cost, the newest first; a guess is the oldest until it is refuted or pushed out.
    start_costs: Vec<f64>,
    prepare_sec: f64,
    /// How far room time was ahead of the local clock when it was told last.
    ahead_sec: Option<f64>,
    /// When it jumped last, in local time, and how long after that it may jump again.
    jumped: Option<(f64, f64)>,
    broken: Vec<String>,
    pub counts: Counts,
}

impl Default for Follower {
    fn default() -> Self {
        Self {
            wanted: None,
            duration_sec: None,
            next: None,
            decks: Default::default(),
            start: None,
            on_air: None,
            leaving: None,
            start_cost_sec: START_COST_GUESS_SEC,
            start_costs: vec![START_COST_GUESS_SEC],
            prepare_sec: PREPARE_GUESS_SEC,
            ahead_sec: None,
            jumped: None,
            broken: Vec::new(),
            counts: Counts::default(),
        }
    }
}

impl Wanted {
    /// Where the track is at a room time. Before its timestamp a state stands still, and a paused one does not advance.
    #[must_use]
    pub fn position_at(&self, room_sec: f64) -> f64 {
        match self.playing {
            true => self.offset_sec + (room_sec - self.timestamp).max(0.0),
            false => self.offset_sec,
        }
    }

    fn line(&self) -> Option<Line> {
        let offset_sec = self.offset_sec;
        let sensible = (0.0..FOLLOW_OFFSET_SEC_MAX).contains(&offset_sec);
        Some(Line {
            track: self.track.clone().filter(|_| sensible)?,
            offset_sec,
            timestamp: self.timestamp,
        })
    }
}

impl Line {
    fn is_same(&self, other: &Self) -> bool {
        let apart = (self.offset_sec - self.timestamp) - (other.offset_sec - other.timestamp);
        self.track == other.track && apart.abs() < SAME_SEC
    }

    /// When this one falls silent for the next one: a track that ends just then ends by itself.
    fn ends_for(&self, next: &Self, duration_sec: Option<f64>) -> f64 {
        let position = self.position_at(next.timestamp);
        let is_at_its_end = duration_sec.is_none_or(|end| position >= end - LATE_END_SEC);
        let ends_itself = self.track != next.track && is_at_its_end;
        next.timestamp + if ends_itself { LATE_END_SEC } else { 0.0 }
    }

    fn position_at(&self, room_sec: f64) -> f64 {
        self.offset_sec + (room_sec - self.timestamp).max(0.0)
    }
}

// ---- what happens --------------------------------------------------------------------------------

impl Follower {
    /// The room says something else. What failed before is tried again.
    pub fn follow(&mut self, wanted: Wanted) {
        self.broken.clear();
        self.wanted = Some(wanted);
    }

    /// How long the current track is, if that is known.
    pub fn set_duration(&mut self, duration_sec: Option<f64>) {
        self.duration_sec = duration_sec.filter(|sec| sec.is_finite() && *sec > 0.0);
    }

    /// What comes behind the current track.
    pub fn set_next(&mut self, track: Option<String>) {
        self.next = track;
    }

    /// A player is there, with nothing open.
    pub fn up(&mut self, deck: usize) {
        self.decks[deck] = Deck::Free;
    }

    /// A player is gone.
    pub fn down(&mut self, deck: usize) {
        self.forget(deck);
        self.decks[deck] = Deck::Down;
    }

    /// A player stands at the place that it was to open last.
    pub fn ready(&mut self, deck: usize, now: Moment) {
        if let Deck::Opening { place, since } = &self.decks[deck] {
            let took = (now.local_sec - since).max(0.0);
            // Most of what the longest of late took, so that the next one is in time.
            self.prepare_sec = (self.prepare_sec * 0.7)
                .max(1.5 * took + 0.03)
                .clamp(PREPARE_MIN_SEC, PREPARE_MAX_SEC);
            self.decks[deck] = Deck::Ready(place.clone());
        }
    }

    /// What a player opened, or was to open, cannot be played.
    pub fn not_playable(&mut self, deck: usize) {
        let track = match &self.decks[deck] {
            Deck::Opening { place, .. } | Deck::Ready(place) => place.track.clone(),
            Deck::Playing(line) => line.track.clone(),
            Deck::Down | Deck::Free => return,
        };
        if self.broken.len() < BROKEN_TRACKS_MAX {
            self.broken.push(track);
        }
        self.forget(deck);
        self.decks[deck] = Deck::Free;
    }

    /// This position was heard at that moment.
    pub fn heard(&mut self, deck: usize, position_sec: f64, then: Moment, orders: &mut Vec<Order>) {
        let Deck::Playing(line) = &self.decks[deck] else {
            return;
        };
        // Behind the end there is nothing to be early or late for.
        if self.is_over(line, then) {
            return;
        }
        let error_sec = position_sec - line.position_at(then.room_sec);
        let Some(on_air) = self.on_air.as_mut().filter(|on_air| on_air.deck == deck) else {
            return;
        };
        match on_air.ear.hear(then.local_sec, error_sec) {
            Advice::Nothing => {}
            Advice::Learn { error_sec } => self.learn(error_sec),
            Advice::Jump {
                error_sec,
                from_the_start,
            } => {
                // What happens later says nothing about starts.
                if from_the_start {
                    self.learn(error_sec);
                }
                self.jump(then);
            }
            Advice::Nudge { speed, for_sec } => {
                on_air.bent_until = Some(then.local_sec + for_sec);
                self.counts.nudges += 1;
                orders.push(Order::Speed { deck, speed });
            }
        }
    }

    /// From what the start of the one on air was off by. A busy machine is late and never early, so of what was
    /// measured the middle counts, and of two the lower.
    fn learn(&mut self, error_sec: f64) {
        let Some(on_air) = &self.on_air else { return };
        let cost_sec = on_air.start_cost_sec - error_sec;
        if self.start_costs == [START_COST_GUESS_SEC]
            && (cost_sec - START_COST_GUESS_SEC).abs() > START_JITTER_SEC
        {
            self.start_costs.clear();
        }
        self.start_costs.truncate(START_COSTS - 1);
        self.start_costs
            .insert(0, cost_sec.clamp(0.0, START_COST_MAX_SEC));
        let mut sorted = self.start_costs.clone();
        sorted.sort_by(f64::total_cmp);
        self.start_cost_sec = sorted[(sorted.len() - 1) / 2];
    }

    /// Not when a start is under way: it is this jump, or another line that ends this one.
    fn jump(&mut self, now: Moment) {
        let line = self.heard_line().filter(|_| self.start.is_none());
        let Some(line) = line.cloned() else { return };
        let gap_sec = match self.jumped {
            Some((at, gap_sec)) if now.local_sec < at + gap_sec => return,
            Some((at, gap_sec)) if now.local_sec < at + JUMPS_FORGOTTEN_SEC => {
                (2.0 * gap_sec).min(JUMP_GAP_MAX_SEC)
            }
            _ => JUMP_GAP_MIN_SEC,
        };
        self.jumped = Some((now.local_sec, gap_sec));
        self.counts.jumps += 1;
        self.plan(line, now);
    }

    fn forget(&mut self, deck: usize) {
        self.start.take_if(|start| start.deck == deck);
        self.on_air.take_if(|on_air| on_air.deck == deck);
        self.leaving.take_if(|leaving| leaving.0 == deck);
    }
}

impl Place {
    fn is_same(&self, other: &Self) -> bool {
        self.track == other.track && (self.offset_sec - other.offset_sec).abs() < SAME_SEC / 10.0
    }
}

/// The local time at which it is `room_sec`, which is near.
fn local(now: Moment, room_sec: f64) -> f64 {
    now.local_sec + (room_sec - now.room_sec)
}
