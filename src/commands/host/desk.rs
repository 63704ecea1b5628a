//! What somebody at the keyboard is doing: where the cursor is, what is being typed, and what each key leads to. Pure.

use super::keys::Key;
use super::names::clock_face;
use super::party::{Idle, Order, Party};
pub use super::prompt::Prompt;
use crate::cli::{Deed, Which};
use crate::client::messages::{Member, Track};
use crate::client::{orders, outgoing};
use crate::room::rights::Guests;

/// How far an arrow seeks.
const STEP_SEC: f64 = 10.0;

/// A key that is held down seeks often; the room hears of it so often.
const SEEK_EVERY_SEC: f64 = 0.15;

/// How long a message stays.
const MESSAGE_SEC: f64 = 10.0;

const PAGE: usize = 10;

/// What a key leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Something for the room.
    Say(String),
    /// This file is to be served as well, as its path was typed.
    Add(String),
    Sound(Sound),
    /// Everything is to be drawn again.
    Redraw,
    Leave,
}

/// For our own loudspeaker alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    Louder,
    Softer,
    Mute,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    Queue,
    People,
}

/// When a key was pressed.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub local_sec: f64,
    /// `None` while it is not known.
    pub room_sec: Option<f64>,
}

#[derive(Clone, Debug, Default)]
pub struct Desk {
    pub focus: Focus,
    pub prompt: Prompt,
    pub help: bool,
    /// There is a loudspeaker of our own.
    pub listens: bool,
    /// A track of the queue, and where it was; `None`: the current one.
    cursor: Option<(String, usize)>,
    person: usize,
    message: Option<(String, f64)>,
    /// A seek that the room has not heard of, and when it heard of the last one.
    seek: Option<f64>,
    sought_at: Option<f64>,
}

impl Desk {
    /// Something for the user to read.
    pub fn tell(&mut self, message: impl Into<String>, now: Moment) {
        self.message = Some((message.into(), now.local_sec));
    }

    #[must_use]
    pub fn message(&self, now: Moment) -> Option<&str> {
        let (text, at) = self.message.as_ref()?;
        (now.local_sec < at + MESSAGE_SEC).then_some(text)
    }

    /// The place of the cursor in the queue.
    #[must_use]
    pub fn cursor(&self, party: &Party) -> usize {
        let last = party.queue.len().saturating_sub(1);
        let Some((track_id, place)) = &self.cursor else {
            return party.place().unwrap_or_default();
        };
        let is_it = |track: &Track| track.track_id == *track_id;
        let found = party.queue.iter().position(is_it);
        found.unwrap_or(*place).min(last)
    }

    #[must_use]
    pub fn person(&self, party: &Party) -> usize {
        self.person
            .min(party.members.listed.len().saturating_sub(1))
    }

    /// What is due without a key.
    pub fn tick(&mut self, party: &mut Party, now: Moment) -> Option<Effect> {
        let sought_at = self.sought_at.unwrap_or(f64::NEG_INFINITY);
        if now.local_sec < sought_at + SEEK_EVERY_SEC {
            return None;
        }
        let to = self.seek.take()?;
        self.sought_at = Some(now.local_sec);
        self.order(&Deed::Seek(to), party, now).pop()
    }

    pub fn press(&mut self, key: Key, party: &mut Party, now: Moment) -> Vec<Effect> {
        party.look(now.local_sec);
        if key == Key::Ctrl('c') {
            return vec![Effect::Leave];
        }
        match std::mem::take(&mut self.prompt) {
            Prompt::Seek(typed) => return self.press_in_seek(typed, key, party, now),
            Prompt::File(typed) => return self.press_in_file(typed, key, now),
            Prompt::Lock(typed) => return self.press_in_lock(typed, key, party, now),
            Prompt::Unlock => return self.press_in_unlock(key, party, now),
            Prompt::Kick { peer_id, name } => return self.press_in_kick(key, peer_id, &name, now),
            Prompt::None => {}
        }
        if self.help && key != Key::Char('q') {
            self.help = false;
            return Vec::new();
        }
        match key {
            Key::Char('q') => vec![Effect::Leave],
            Key::Char('?') => {
                self.help = true;
                Vec::new()
            }
            Key::Ctrl('l') => vec![Effect::Redraw],
            Key::Tab => {
                self.focus = match self.focus {
                    Focus::Queue => Focus::People,
                    Focus::People => Focus::Queue,
                };
                Vec::new()
            }
            Key::Char('+' | '=') => self.sound(Sound::Louder, now),
            Key::Char('-') => self.sound(Sound::Softer, now),
            Key::Char('m') => self.sound(Sound::Mute, now),
            Key::Up | Key::Char('k') => self.step(party, |place| place.saturating_sub(1)),
            Key::Down | Key::Char('j') => self.step(party, |place| place + 1),
            Key::PageUp => self.step(party, |place| place.saturating_sub(PAGE)),
            Key::PageDown => self.step(party, |place| place + PAGE),
            Key::Home => self.step(party, |_| 0),
            Key::End => self.step(party, |_| usize::MAX),
            Key::Char('t') if !party.seat.mine => self.take_seat(party, now),
            Key::Char('a') => self.ask_for_file(party, now),
            Key::Char('l') => self.ask_for_key(party, now),
            Key::Char('v') if party.seat.guests == Some(Guests::Vote) => vote(party),
            other => self.press_control(other, party, now),
        }
    }

    /// Keys for those who may control the room.
    fn press_control(&mut self, key: Key, party: &mut Party, now: Moment) -> Vec<Effect> {
        match key {
            Key::Char(' ') if party.is_playing() => self.order(&Deed::Pause, party, now),
            Key::Char(' ') => self.order(&Deed::Play(None), party, now),
            Key::Left => self.seek_by(-STEP_SEC, party, now),
            Key::Right => self.seek_by(STEP_SEC, party, now),
            Key::Char('s') if party.waits().is_some() => self.order(&Deed::Play(None), party, now),
            Key::Char('s') => {
                self.prompt = Prompt::Seek(String::new());
                Vec::new()
            }
            Key::Char('n') => self.order(&Deed::Next, party, now),
            Key::Char('p') => self.order(&Deed::Previous, party, now),
            Key::Char('g') => self.cycle_guests(party, now),
            _ => match self.focus {
                Focus::Queue => self.press_in_queue(key, party, now),
                Focus::People => self.press_in_people(key, party, now),
            },
        }
    }

    fn press_in_queue(&mut self, key: Key, party: &mut Party, now: Moment) -> Vec<Effect> {
        let place = self.cursor(party);
        if party.queue.is_empty() {
            return Vec::new();
        }
        let which = Which::Number(place + 1);
        match key {
            Key::Enter => self.order(&Deed::Play(Some(which)), party, now),
            Key::Delete | Key::Char('d') => {
                self.cursor = Some((party.queue[place].track_id.clone(), place));
                self.order(&Deed::Remove(which), party, now)
            }
            Key::Char('K') if place > 0 => self.shift(place, place - 1, party, now),
            // Behind the next one is before the one after that.
            Key::Char('J') if place + 1 < party.queue.len() => {
                self.shift(place, place + 2, party, now)
            }
            _ => Vec::new(),
        }
    }

    fn press_in_people(&mut self, key: Key, party: &mut Party, now: Moment) -> Vec<Effect> {
        let Some(member) = party.members.listed.get(self.person(party)).cloned() else {
            return Vec::new();
        };
        let is_me = party.me.as_ref() == Some(&member.peer_id);
        let Member { peer_id, name, .. } = member;
        match key {
            Key::Char('h' | 'x') if !party.seat.mine => {
                self.refuse("only the host may do that", now)
            }
            Key::Char('h' | 'x') if is_me => Vec::new(),
            Key::Char('h') if member.node => {
                self.refuse(&format!("{name} is a program and cannot host"), now)
            }
            Key::Char('h') => {
                self.tell(format!("the seat goes to {name}"), now);
                vec![Effect::Say(outgoing::hand_over(Some(&peer_id)))]
            }
            Key::Char('x') => {
                self.prompt = Prompt::Kick { peer_id, name };
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    // ---- what keys do ------------------------------------------------------------------------------

    pub(super) fn order(&mut self, deed: &Deed, party: &mut Party, now: Moment) -> Vec<Effect> {
        if !matches!(deed, Deed::Seek(_)) {
            self.seek = None;
        }
        if let Err(why) = may(deed, party) {
            return self.refuse(&why, now);
        }
        match party.order(deed, now.room_sec) {
            Ok(order) => vec![say(order, party, now)],
            Err(Idle::Already) => Vec::new(),
            Err(Idle::Cannot(why)) => self.refuse(&why, now),
        }
    }

    fn seek_by(&mut self, sec: f64, party: &mut Party, now: Moment) -> Vec<Effect> {
        if let Err(why) = party.may_control() {
            return self.refuse(&why, now);
        }
        if party.track_id().is_none() {
            return Vec::new();
        }
        let from = self
            .seek
            .unwrap_or_else(|| party.position_sec(now.room_sec));
        let longest = party.duration_sec().unwrap_or(f64::INFINITY);
        let to = (from + sec).min(longest).max(0.0);
        self.seek = Some(to);
        self.tell(format!("to {}", clock_face(to)), now);
        self.tick(party, now).into_iter().collect()
    }

    fn shift(&mut self, from: usize, to: usize, party: &mut Party, now: Moment) -> Vec<Effect> {
        if let Err(why) = party.may_control() {
            return self.refuse(&why, now);
        }
        let track_id = party.queue[from].track_id.clone();
        let before = party.queue.get(to).map(|track| track.track_id.as_str());
        let effect = Effect::Say(orders::shift(&track_id, before));
        self.cursor = Some((track_id, from));
        vec![effect]
    }

    fn step(&mut self, party: &Party, to: impl Fn(usize) -> usize) -> Vec<Effect> {
        match self.focus {
            Focus::Queue => {
                let last = party.queue.len().saturating_sub(1);
                let place = to(self.cursor(party)).min(last);
                let track = party.queue.get(place);
                self.cursor = track.map(|track| (track.track_id.clone(), place));
            }
            Focus::People => {
                let last = party.members.listed.len().saturating_sub(1);
                self.person = to(self.person(party)).min(last);
            }
        }
        Vec::new()
    }

    fn sound(&mut self, sound: Sound, now: Moment) -> Vec<Effect> {
        match self.listens {
            true => vec![Effect::Sound(sound)],
            false => self.refuse("nothing plays here (start with --listen)", now),
        }
    }

    fn cycle_guests(&mut self, party: &mut Party, now: Moment) -> Vec<Effect> {
        if !party.seat.mine {
            return self.refuse("only the host may do that", now);
        }
        let may = party.seat.guests;
        let levels = Guests::ALL.map(|(_, level)| level);
        let Some(place) = levels.iter().position(|level| Some(*level) == may) else {
            return self.refuse("this server knows no rights for guests", now);
        };
        let level = levels[(place + 1) % levels.len()];
        self.order(&Deed::Guests(level), party, now)
    }

    fn take_seat(&mut self, party: &Party, now: Moment) -> Vec<Effect> {
        match &party.seat.host {
            Some(host) => self.refuse(&format!("{host} hosts"), now),
            None => vec![Effect::Say(outgoing::take_seat())],
        }
    }

    pub(super) fn refuse(&mut self, why: &str, now: Moment) -> Vec<Effect> {
        self.tell(why, now);
        Vec::new()
    }
}

/// Whether to ask the room at all: it knows best who added what.
fn may(deed: &Deed, party: &Party) -> Result<(), String> {
    let adds = party.seat.guests >= Some(Guests::Add);
    match deed {
        Deed::Remove(_) if adds => Ok(()),
        _ => party.may_do(deed),
    }
}

fn vote(party: &Party) -> Vec<Effect> {
    let say = |track_id| Effect::Say(outgoing::vote(Some(track_id)));
    party.track_id().map(say).into_iter().collect()
}

fn say(order: Order, party: &mut Party, now: Moment) -> Effect {
    party.expect(&order, now.local_sec, now.room_sec);
    Effect::Say(order.text)
}
