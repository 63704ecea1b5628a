//! What is due: which player opens what, which is let go and which falls silent.

use super::{DECKS, Deck, Follower, LEAP_SEC, Line, Moment, OnAir, Order, Place, Start, local};
use crate::sync::ear::Ear;

/// A player that is let go later than this begins at another place instead.
const LATE_SEC: f64 = 0.005;

/// How often a player is asked where it is.
const ASK_EVERY_SEC: f64 = 0.1;

/// Nothing to be done is looked at again after this.
const IDLE_SEC: f64 = 0.5;

impl Follower {
    /// Decides what is due. `has`: is this track here? The local time until which nothing else is due.
    pub fn step(
        &mut self,
        now: Moment,
        has: impl Fn(&str) -> bool,
        orders: &mut Vec<Order>,
    ) -> f64 {
        let mut wake = now.local_sec + IDLE_SEC;
        if self.has_leapt(now) {
            self.leap(now, orders);
        }
        if let Some((deck, at)) = self.leaving {
            match at <= now.room_sec {
                true => self.silence(deck, orders),
                false => wake = wake.min(local(now, at)),
            }
        }
        let Some(wanted) = self.wanted.clone() else {
            return wake;
        };
        match wanted.line() {
            None => self.silence_all(orders),
            Some(line) if wanted.playing => {
                wake = wake.min(self.play(&line, now, &has, orders));
            }
            Some(line) => self.stand(line, now, &has, orders),
        }
        wake
    }

    fn has_leapt(&mut self, now: Moment) -> bool {
        let ahead_sec = now.room_sec - now.local_sec;
        let before = self.ahead_sec.replace(ahead_sec);
        before.is_some_and(|before| (ahead_sec - before).abs() > LEAP_SEC)
    }

    /// What was planned for a moment of room time is planned anew.
    fn leap(&mut self, now: Moment, orders: &mut Vec<Order>) {
        self.start = None;
        if let Some((deck, _)) = self.leaving {
            self.silence(deck, orders);
        }
        self.jump(now);
    }

    /// Paused: silent at once, and ready at the right place.
    fn stand(
        &mut self,
        line: Line,
        now: Moment,
        has: &impl Fn(&str) -> bool,
        orders: &mut Vec<Order>,
    ) {
        let playing = |deck: &Deck| matches!(deck, Deck::Playing(_));
        for deck in 0..DECKS {
            if playing(&self.decks[deck]) {
                self.silence(deck, orders);
            }
        }
        self.start = None;
        let place = Place {
            track: line.track,
            offset_sec: line.offset_sec,
        };
        self.prepare(place, now, has, orders);
    }

    fn play(
        &mut self,
        line: &Line,
        now: Moment,
        has: &impl Fn(&str) -> bool,
        orders: &mut Vec<Order>,
    ) -> f64 {
        let mut wake = self.end_what_is_over(line, now, orders);
        let on_the_line = self.heard_line().is_some_and(|heard| heard.is_same(line));
        if let Some(on_air) = self.on_air.as_mut().filter(|_| on_the_line) {
            on_air.duration_sec = self.duration_sec;
        }
        self.start.take_if(|start| !start.line.is_same(line));
        if !on_the_line && self.start.is_none() && !self.is_over(line, now) {
            self.plan(line.clone(), now);
        }
        if self.start.is_some() {
            wake = wake.min(self.bring_about(now, has, orders));
        } else if let Some(next) = self.next.clone().filter(|_| on_the_line) {
            let track = next;
            let offset_sec = 0.0;
            self.prepare(Place { track, offset_sec }, now, has, orders);
        }
        wake.min(self.listen(now, orders))
    }

    /// What is heard and is not of this line ends when the line begins.
    fn end_what_is_over(&mut self, line: &Line, now: Moment, orders: &mut Vec<Order>) -> f64 {
        let other = self.heard_line().filter(|heard| !heard.is_same(line));
        let (Some(other), Some(on_air)) = (other, &self.on_air) else {
            return f64::INFINITY;
        };
        let ends = other.ends_for(line, on_air.duration_sec);
        if ends > now.room_sec {
            return local(now, ends);
        }
        self.silence(on_air.deck, orders);
        f64::INFINITY
    }

    /// Aims at the line's own beginning if that can still be met, or else at a moment soon.
    pub(super) fn plan(&mut self, line: Line, now: Moment) {
        let whole = Place {
            track: line.track.clone(),
            offset_sec: line.offset_sec,
        };
        let waiting = (0..DECKS).find(|&deck| self.is_at(deck, &whole) && self.is_spare(deck));
        let in_time = line.timestamp - self.start_cost_sec >= now.room_sec - LATE_SEC;
        let (deck, at) = match waiting.filter(|_| in_time) {
            Some(deck) => (Some(deck), line.timestamp),
            None => {
                let soon = now.room_sec + self.prepare_sec + self.start_cost_sec;
                (self.spare(), line.timestamp.max(soon))
            }
        };
        self.start = deck.map(|deck| Start {
            deck,
            at,
            offset_sec: line.position_at(at),
            line,
        });
    }

    /// Sees to the start that is planned: opens, waits, lets go.
    fn bring_about(
        &mut self,
        now: Moment,
        has: &impl Fn(&str) -> bool,
        orders: &mut Vec<Order>,
    ) -> f64 {
        let Some(start) = &self.start else {
            return f64::INFINITY;
        };
        let deck = start.deck;
        let place = Place {
            track: start.line.track.clone(),
            offset_sec: start.offset_sec,
        };
        let due = start.at - self.start_cost_sec;
        if !self.is_at(deck, &place) {
            if !self.can_play(&place.track, has) {
                // It is planned anew when it is here.
                self.start = None;
            } else {
                self.load(deck, place, now, orders);
            }
            return f64::INFINITY;
        }
        if matches!(self.decks[deck], Deck::Opening { .. }) {
            return f64::INFINITY;
        }
        if now.room_sec > due + LATE_SEC {
            let line = start.line.clone();
            self.plan(line, now);
            return now.local_sec;
        }
        if now.room_sec < due {
            return local(now, due);
        }
        self.let_go(now, orders);
        now.local_sec
    }

    fn let_go(&mut self, now: Moment, orders: &mut Vec<Order>) {
        let Some(start) = self.start.take() else {
            return;
        };
        orders.push(Order::Play { deck: start.deck });
        self.counts.starts += 1;
        if let Some(old) = self.on_air.take() {
            let ends = match &self.decks[old.deck] {
                Deck::Playing(line) if !line.is_same(&start.line) => {
                    line.ends_for(&start.line, old.duration_sec)
                }
                _ => start.at,
            };
            self.leaving = Some((old.deck, ends));
        }
        let starts_sec = local(now, start.at);
        self.on_air = Some(OnAir {
            deck: start.deck,
            ear: Ear::new(starts_sec),
            ask_at: starts_sec,
            duration_sec: None,
            start_cost_sec: start.at - now.room_sec,
            bent_until: None,
        });
        self.decks[start.deck] = Deck::Playing(start.line);
    }

    /// Asks where the player is, and ends a nudge.
    fn listen(&mut self, now: Moment, orders: &mut Vec<Order>) -> f64 {
        let Some(on_air) = &mut self.on_air else {
            return f64::INFINITY;
        };
        let deck = on_air.deck;
        if on_air
            .bent_until
            .take_if(|until| *until <= now.local_sec)
            .is_some()
        {
            orders.push(Order::Speed { deck, speed: 1.0 });
        }
        if on_air.ask_at <= now.local_sec {
            on_air.ask_at = now.local_sec + ASK_EVERY_SEC;
            orders.push(Order::Ask { deck });
        }
        on_air
            .bent_until
            .unwrap_or(f64::INFINITY)
            .min(on_air.ask_at)
    }

    /// Has some player stand at a place, if one has nothing else to do.
    fn prepare(
        &mut self,
        place: Place,
        now: Moment,
        has: &impl Fn(&str) -> bool,
        orders: &mut Vec<Order>,
    ) {
        let is_there = (0..DECKS).any(|deck| self.is_at(deck, &place));
        if is_there || !self.can_play(&place.track, has) {
            return;
        }
        if let Some(deck) = self.spare() {
            self.load(deck, place, now, orders);
        }
    }

    fn load(&mut self, deck: usize, place: Place, now: Moment, orders: &mut Vec<Order>) {
        orders.push(Order::Load {
            deck,
            track: place.track.clone(),
            offset_sec: place.offset_sec,
        });
        let since = now.local_sec;
        self.decks[deck] = Deck::Opening { place, since };
    }

    fn silence(&mut self, deck: usize, orders: &mut Vec<Order>) {
        self.forget(deck);
        orders.push(Order::Pause { deck });
        orders.push(Order::Speed { deck, speed: 1.0 });
        self.decks[deck] = Deck::Free;
    }

    fn silence_all(&mut self, orders: &mut Vec<Order>) {
        for deck in 0..DECKS {
            if !matches!(self.decks[deck], Deck::Down | Deck::Free) {
                self.silence(deck, orders);
                orders.push(Order::Stop { deck });
            }
        }
    }
}
