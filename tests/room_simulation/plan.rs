//! What is to happen in a simulated room: who comes, with which clocks and networks, and what befalls them.
//!
//! A plan is a value. Everybody has a seed of their own in it, so that a plan with somebody or something taken out is
//! still the same for the others: that is how a failure is made small.

use crate::common::random::Random;
use std::fmt;

/// A member, the machine it is on and the way to the server.
#[derive(Clone, Debug)]
pub struct Traits {
    pub seed: u64,
    pub joins_at: f64,
    /// What its clock shows at the beginning of the world, and how fast it runs.
    pub clock_zero_sec: f64,
    pub clock_rate: f64,
    /// How fast its sound card plays.
    pub sound_rate: f64,
    /// One way each, at least; and what is added to both by chance.
    pub up_sec: f64,
    pub down_sec: f64,
    pub jitter_sec: f64,
    /// One message in so many is lost once or more, and holds up what follows; 0: none.
    pub lost_one_in: usize,
    /// From asking for a track to having it, from opening it to standing there, and from the command to the sound.
    pub fetch_sec: f64,
    pub open_sec: f64,
    pub sound_sec: f64,
    /// Its answers are stamped when it comes to read them, and not when they arrive.
    pub stamps_late: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
    Play,
    Pause,
    /// To this part of the track.
    Seek(f64),
    Next,
    Previous,
    Add(usize),
    Remove(usize),
    /// Before the first of the queue.
    Move(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// By whoever has the host's role.
    Host(Deed),
    /// Nothing is read, decided or said; players go on.
    Block {
        who: usize,
        sec: f64,
    },
    /// The whole machine. Its monotonic clock may stand still meanwhile.
    Sleep {
        who: usize,
        sec: f64,
        clock_stands: bool,
    },
    /// The connection ends. Not `noticed`: nothing gets through, and nobody is told.
    Cut {
        who: usize,
        noticed: bool,
    },
    /// The program ends, with a goodbye or without, and is started again.
    Away {
        who: usize,
        sec: f64,
        goodbye: bool,
    },
    PlayerDies {
        who: usize,
        deck: usize,
    },
    /// The server is killed, and comes back with a clock that is off by `step_sec` against the one before.
    Kill {
        sec: f64,
        step_sec: f64,
    },
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// The first one is the host.
    pub members: Vec<Traits>,
    /// How long each track of the server is.
    pub tracks_sec: Vec<f64>,
    pub acts: Vec<(f64, Act)>,
}

/// What a plan is made of.
#[derive(Clone, Copy, Debug)]
pub struct Mixture {
    pub members_max: usize,
    pub deeds_max: usize,
    pub troubles_max: usize,
    pub kills: bool,
    /// Longest sleep.
    pub sleep_sec: f64,
    /// All that happens does so before.
    pub busy_sec: f64,
}

/// A number between the two.
pub fn between(random: &mut Random, low: f64, high: f64) -> f64 {
    low + (high - low) * random.below(1 << 30) as f64 / f64::from(1 << 30)
}

impl Plan {
    pub fn draw(random: &mut Random, mixture: Mixture) -> Self {
        let count = 2 + random.below(mixture.members_max - 1);
        let tracks = 3 + random.below(4);
        let mut plan = Self {
            seed: random.next(),
            members: (0..count).map(|who| Traits::draw(random, who)).collect(),
            tracks_sec: (0..tracks).map(|_| between(random, 9.0, 50.0)).collect(),
            acts: vec![(between(random, 1.0, 4.0), Act::Host(Deed::Play))],
        };
        for _ in 0..random.below(mixture.deeds_max + 1) {
            let at = between(random, 2.0, mixture.busy_sec);
            plan.do_something(random, at);
        }
        for _ in 0..random.below(mixture.troubles_max + 1) {
            let at = between(random, 3.0, mixture.busy_sec);
            let act = trouble(random, count, mixture);
            plan.acts.push((at, act));
        }
        plan.acts.sort_by(|a, b| a.0.total_cmp(&b.0));
        plan
    }

    /// The same with one member or one happening less.
    pub fn smaller(&self) -> Vec<Self> {
        let last = self.members.len() - 1;
        let without_member = (last > 0).then(|| {
            let mut plan = self.clone();
            plan.members.pop();
            plan.acts
                .retain(|(_, act)| act.who().is_none_or(|who| who < last));
            plan
        });
        let without_act = |index: usize| {
            let mut plan = self.clone();
            plan.acts.remove(index);
            plan
        };
        let without_acts = (0..self.acts.len()).rev().map(without_act);
        without_member.into_iter().chain(without_acts).collect()
    }

    fn do_something(&mut self, random: &mut Random, at: f64) {
        let track = random.below(self.tracks_sec.len());
        let deed = match random.below(16) {
            0..=2 => Deed::Play,
            3 | 4 => Deed::Pause,
            5..=7 => Deed::Seek(between(random, 0.0, 0.9)),
            8 => {
                // As one who drags the bar.
                let from = between(random, 0.0, 0.5);
                for step in 0..2 + random.below(12) {
                    let deed = Deed::Seek(from + 0.02 * step as f64);
                    self.acts.push((at + 0.04 * step as f64, Act::Host(deed)));
                }
                return;
            }
            9..=11 => Deed::Next,
            12 => Deed::Previous,
            13 => Deed::Add(track),
            14 => Deed::Remove(track),
            _ => Deed::Move(track),
        };
        self.acts.push((at, Act::Host(deed)));
        // A second press, before anybody has heard of the first.
        if random.one_in(6) {
            let again = at + between(random, 0.0, 0.3);
            self.acts.push((again, Act::Host(deed)));
        }
    }
}

fn trouble(random: &mut Random, count: usize, mixture: Mixture) -> Act {
    let who = random.below(count);
    match random.below(if mixture.kills { 9 } else { 7 }) {
        0 | 1 => Act::Block {
            who,
            sec: between(random, 0.05, 4.0),
        },
        2 => Act::Sleep {
            who,
            sec: between(random, 1.0, mixture.sleep_sec),
            clock_stands: random.one_in(2),
        },
        3 | 4 => Act::Cut {
            who,
            noticed: !random.one_in(3),
        },
        5 => Act::Away {
            who,
            sec: between(random, 0.5, 15.0),
            goodbye: random.one_in(2),
        },
        6 => Act::PlayerDies {
            who,
            deck: random.below(2),
        },
        _ => Act::Kill {
            sec: between(random, 0.1, 6.0),
            step_sec: step(random),
        },
    }
}

/// A clock that was set meanwhile, or one that was just read again.
fn step(random: &mut Random) -> f64 {
    let size = *random.pick(&[0.0, 0.001, 0.02, 0.05, 2.0, 3600.0]);
    between(random, -size, size)
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (who, traits) in self.members.iter().enumerate() {
            writeln!(f, "{who}: {traits:?}")?;
        }
        writeln!(f, "tracks: {:?}", self.tracks_sec)?;
        let mut acts = self.acts.iter();
        acts.try_for_each(|(at, act)| writeln!(f, "{at:.3}: {act:?}"))
    }
}

impl Act {
    fn who(self) -> Option<usize> {
        match self {
            Self::Host(_) | Self::Kill { .. } => None,
            Self::Block { who, .. }
            | Self::Sleep { who, .. }
            | Self::Cut { who, .. }
            | Self::Away { who, .. }
            | Self::PlayerDies { who, .. } => Some(who),
        }
    }
}

impl Traits {
    fn draw(random: &mut Random, who: usize) -> Self {
        let (least, most, jitter) = *random.pick(&[
            (0.000_1, 0.001, 0.000_3),
            (0.000_5, 0.003, 0.002),
            (0.001, 0.006, 0.015),
            (0.01, 0.08, 0.02),
            (0.05, 0.3, 0.03),
            (0.3, 0.5, 0.03),
        ]);
        // Half of the ways are as long there as back.
        let up_sec = between(random, least, most);
        let down_sec = match random.one_in(2) {
            true => up_sec,
            false => between(random, least, most),
        };
        Self {
            seed: random.next(),
            joins_at: match who {
                0 => 0.0,
                _ if random.one_in(2) => 0.0,
                _ => between(random, 0.0, 25.0),
            },
            clock_zero_sec: between(random, 0.0, 20_000.0),
            clock_rate: 1.0 + between(random, -100e-6, 100e-6),
            sound_rate: 1.0 + between(random, -100e-6, 100e-6),
            up_sec,
            down_sec,
            jitter_sec: between(random, 0.0, jitter),
            lost_one_in: *random.pick(&[0, 0, 500, 100]),
            fetch_sec: *random.pick(&[0.05, 0.5, 2.0, 6.0]),
            open_sec: between(random, 0.005, 0.15),
            sound_sec: between(random, 0.002, 0.06),
            stamps_late: random.one_in(3),
        }
    }

    /// There and back, when no queue is long.
    pub fn rtt_max_sec(&self) -> f64 {
        self.up_sec + self.down_sec + 2.0 * self.jitter_sec
    }
}
