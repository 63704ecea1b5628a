//! The world around a simulated room: one time, and one heap of what is to happen.

use super::listener::{Listener, Says};
use super::plan::{Plan, between};
use super::server::Server;
use super::watch::Watch;
use crate::common::random::Random;
use jam::room::kind::Kind;
use jam::room::message::{Role, Wants};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::rc::Rc;

/// How often everybody's sound is compared with the room.
const LOOK_SEC: f64 = 0.05;

pub struct World {
    pub plan: Plan,
    pub now: f64,
    pub server: Server,
    pub listeners: Vec<Listener>,
    pub connections: Vec<Connection>,
    pub watch: Watch,
    pub trace: Option<Vec<String>>,
    /// When a word of the host arrived last.
    pub host_pressed_at: f64,
    pub host_presses: u32,
    pub room_turn: u64,
    /// What was begun before the last of them does not count.
    pub turns: Vec<u64>,
    pub lives: Vec<u64>,
    events: BinaryHeap<Reverse<Event>>,
    counted: u64,
    pub random: Random,
}

/// Its number is the server's `MemberId`.
pub struct Connection {
    pub who: usize,
    pub wants: Option<Wants>,
    /// The server has ended it, or ended itself.
    pub ended: bool,
    /// Nothing gets through any more.
    pub cut: bool,
    pub up_free_at: f64,
    pub down_free_at: f64,
    pub server_heard_at: f64,
    pub on_the_way: usize,
}

#[derive(Debug)]
pub enum What {
    Act(usize),
    Look,
    RoomTurn(u64),
    Silence,
    ServerBack {
        step_sec: f64,
    },
    Comes {
        who: usize,
    },
    Connect {
        who: usize,
        life: u64,
    },
    PlayerBack {
        who: usize,
        deck: usize,
        life: u64,
    },
    Turn {
        who: usize,
        number: u64,
    },
    Up {
        connection: usize,
        up: Up,
    },
    Down {
        connection: usize,
        down: Down,
        arrived: f64,
    },
}

#[derive(Debug)]
pub enum Up {
    Hello(String),
    Clock { t0: f64 },
    Text(String),
    Goodbye,
}

#[derive(Clone, Debug)]
pub enum Down {
    Text(Rc<str>, Kind),
    Clock { t0: f64, t1: f64, t2: f64 },
    Closed,
}

struct Event {
    at: f64,
    number: u64,
    what: What,
}

impl World {
    pub fn new(plan: &Plan, traced: bool) -> Self {
        let role = |who| if who == 0 { Role::Host } else { Role::Viewer };
        let members = plan.members.iter().enumerate();
        let listeners: Vec<Listener> = members
            .map(|(who, traits)| Listener::new(traits.clone(), role(who)))
            .collect();
        let count = listeners.len();
        let mut world = Self {
            now: 0.0,
            server: Server::start(plan),
            listeners,
            connections: Vec::new(),
            watch: Watch::new(count),
            trace: traced.then(Vec::new),
            host_pressed_at: 0.0,
            host_presses: 0,
            events: BinaryHeap::new(),
            counted: 0,
            room_turn: 0,
            turns: vec![0; count],
            lives: vec![0; count],
            random: Random::from_seed(plan.seed),
            plan: plan.clone(),
        };
        for who in 0..count {
            world.at(world.plan.members[who].joins_at, What::Comes { who });
        }
        for act in 0..world.plan.acts.len() {
            world.at(world.plan.acts[act].0, What::Act(act));
        }
        world.at(0.0, What::Look);
        world.at(1.0, What::Silence);
        world
    }

    /// Until all troubles are over, everybody had time to come back, and some more.
    pub fn run(&mut self) {
        while self.watch.broken.is_none() {
            let Some(Reverse(event)) = self.events.pop() else {
                return;
            };
            self.now = event.at;
            if self.now > self.ends_at() {
                return;
            }
            self.happen(event.what);
        }
    }

    pub fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:9.3} {}", self.now, line()));
        }
    }

    /// Whether a listener's way to the server is whole, both ends say so, and the room has let it in.
    pub fn is_in_the_room(&self, who: usize) -> bool {
        let listener = &self.listeners[who];
        let connection = listener.connection.map(|index| &self.connections[index]);
        listener.joined && connection.is_some_and(|c| !c.cut && !c.ended)
    }

    pub fn at(&mut self, at: f64, what: What) {
        self.counted += 1;
        let number = self.counted;
        self.events.push(Reverse(Event { at, number, what }));
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Act(act) => self.act(self.plan.acts[act].1),
            What::Look => {
                self.look();
                self.at(self.now + LOOK_SEC, What::Look);
            }
            What::RoomTurn(number) if number == self.room_turn => {
                let outputs = self.server.tick(self.now);
                self.carry_out(outputs);
            }
            What::Silence => {
                self.drop_silent();
                self.look_at_bounds();
                self.at(self.now + 1.0, What::Silence);
            }
            What::ServerBack { step_sec } => {
                self.server.come_back(self.now, step_sec);
                self.note(|| "the server is back".into());
                self.carry_out(Vec::new());
            }
            What::Comes { who } => {
                self.listeners[who].present = true;
                self.connect(who);
            }
            What::Connect { who, life } if life == self.lives[who] => self.connect(who),
            What::PlayerBack { who, deck, life } if life == self.lives[who] => {
                self.listeners[who].players[deck] = super::player::Player::born();
                self.listeners[who].follower.up(deck);
            }
            What::Turn { who, number } if number == self.turns[who] => self.turn(who),
            What::Up { connection, up } => self.arrives(connection, up),
            What::Down {
                connection,
                down,
                arrived,
            } => self.told(connection, down, arrived),
            What::RoomTurn(_)
            | What::Connect { .. }
            | What::PlayerBack { .. }
            | What::Turn { .. } => {}
        }
    }

    // ---- listeners -------------------------------------------------------------------------------

    /// A loop that waits wakes a little late.
    fn turn_at(&mut self, who: usize, at: f64) {
        let late_max = if self.random.one_in(40) {
            0.004
        } else {
            0.0003
        };
        let late = between(&mut self.random, 0.0, late_max);
        self.turns[who] += 1;
        let number = self.turns[who];
        self.at(at.max(self.now) + late, What::Turn { who, number });
    }

    fn turn(&mut self, who: usize) {
        let listener = &mut self.listeners[who];
        if !listener.present {
            return;
        }
        if listener.machine.is_deaf(self.now) {
            let at = listener.machine.deaf_until;
            return self.turn_at(who, at);
        }
        if listener.hears_nothing(self.now) {
            self.lost(who);
        }
        let before = self.listeners[who].follower.counts;
        let (says, wake) = self.listeners[who].turn(self.now);
        let after = self.listeners[who].follower.counts;
        if after != before {
            let error_sec = self.listeners[who].follower.error_sec();
            self.note(|| format!("{who}: {after:?}, its error was {error_sec:?} s"));
        }
        for said in says {
            self.say(
                who,
                match said {
                    Says::Clock { t0 } => Up::Clock { t0 },
                    Says::Text(text) => Up::Text(text),
                },
            );
        }
        self.turn_at(who, wake.max(self.now + 1e-5));
    }

    fn connect(&mut self, who: usize) {
        let listener = &mut self.listeners[who];
        if !listener.present || listener.connection.is_some() {
            return;
        }
        let connection = self.connections.len();
        listener.connects(self.now, connection);
        let hello = listener.hello();
        // The system's handshake, and the upgrade.
        let there_and_back = listener.traits.rtt_max_sec();
        self.connections.push(Connection {
            who,
            wants: None,
            ended: self.server.room.is_none(),
            cut: false,
            up_free_at: self.now + 2.0 * there_and_back,
            down_free_at: self.now,
            server_heard_at: self.now + 3.0 * there_and_back,
            on_the_way: 0,
        });
        self.say(who, Up::Hello(hello));
        self.turn_at(who, self.now);
    }

    fn lost(&mut self, who: usize) {
        let delay = self.listeners[who].lost(self.now).as_secs_f64();
        self.note(|| format!("{who} has lost the room, and tries again in {delay:.2} s"));
        self.watch.lost(who, self.now);
        let life = self.lives[who];
        self.at(self.now + delay, What::Connect { who, life });
    }

    fn told(&mut self, connection: usize, down: Down, arrived: f64) {
        let now = self.now;
        let Connection { who, cut, .. } = self.connections[connection];
        let listener = &mut self.listeners[who];
        if listener.connection != Some(connection) || (cut && !matches!(down, Down::Closed)) {
            self.connections[connection].on_the_way -= 1;
            return;
        }
        if listener.machine.is_deaf(now) {
            // A machine that sleeps receives nothing.
            let asleep = listener.machine.is_asleep();
            let at = listener.machine.deaf_until;
            let arrived = if asleep { at } else { arrived };
            return self.at(
                at,
                What::Down {
                    connection,
                    down,
                    arrived,
                },
            );
        }
        self.connections[connection].on_the_way -= 1;
        match down {
            Down::Closed => self.lost(who),
            Down::Clock { t0, t1, t2 } => listener.answer(now, arrived, t0, t1, t2),
            Down::Text(text, kind) => {
                if listener.hear(now, &text) {
                    self.note(|| format!("{who} has joined"));
                    self.watch.joined(who, now);
                }
                if kind == Kind::State {
                    self.note(|| format!("{who} hears {text}"));
                    self.heard_state(who);
                }
            }
        }
        self.turn_at(who, now);
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_time = self.at.total_cmp(&other.at);
        by_time.then(self.number.cmp(&other.number))
    }
}
