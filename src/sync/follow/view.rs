//! What is the case: who is heard, and how well.

use super::{DECKS, Deck, Follower, Line, Moment, Phase, Place};

impl Follower {
    /// How far ahead (positive) or behind what is heard is, as far as the player knows.
    #[must_use]
    pub fn error_sec(&self) -> Option<f64> {
        self.on_air.as_ref()?.ear.error_sec()
    }

    /// What lies between telling a player to begin and the sound, as far as it was measured.
    #[must_use]
    pub fn start_cost_sec(&self) -> f64 {
        self.start_cost_sec
    }

    #[must_use]
    pub fn phase(&self, now: Moment) -> Phase {
        let wanted = self.wanted.as_ref();
        let Some((line, wanted)) = wanted.and_then(|wanted| Some((wanted.line()?, wanted))) else {
            return Phase::Idle;
        };
        let place = Place {
            track: line.track.clone(),
            offset_sec: line.offset_sec,
        };
        let is_ready = |deck: &Deck| matches!(deck, Deck::Ready(at) if at.is_same(&place));
        if self.broken.contains(&line.track) {
            Phase::Failed
        } else if !wanted.playing {
            match self.decks.iter().any(is_ready) {
                true => Phase::Paused,
                false => Phase::Loading,
            }
        } else if self.is_over(&line, now) {
            Phase::Ended
        } else if self.heard_line().is_some() {
            Phase::Playing
        } else if self.is_about_to_begin() {
            Phase::Ready
        } else {
            Phase::Loading
        }
    }

    fn is_about_to_begin(&self) -> bool {
        let is_ready = |deck: usize| matches!(self.decks[deck], Deck::Ready(_));
        self.start
            .as_ref()
            .is_some_and(|start| is_ready(start.deck))
    }

    pub(super) fn heard_line(&self) -> Option<&Line> {
        match &self.decks[self.on_air.as_ref()?.deck] {
            Deck::Playing(line) => Some(line),
            _ => None,
        }
    }

    pub(super) fn is_over(&self, line: &Line, now: Moment) -> bool {
        let position = line.position_at(now.room_sec);
        self.duration_sec.is_some_and(|end| position >= end)
    }

    pub(super) fn can_play(&self, track: &str, has: &impl Fn(&str) -> bool) -> bool {
        has(track) && !self.broken.iter().any(|broken| broken == track)
    }

    pub(super) fn is_at(&self, deck: usize, place: &Place) -> bool {
        match &self.decks[deck] {
            Deck::Opening { place: at, .. } | Deck::Ready(at) => at.is_same(place),
            _ => false,
        }
    }

    pub(super) fn is_spare(&self, deck: usize) -> bool {
        let is_heard = self
            .on_air
            .as_ref()
            .is_some_and(|on_air| on_air.deck == deck);
        let is_leaving = self.leaving.is_some_and(|leaving| leaving.0 == deck);
        !is_heard && !is_leaving && !matches!(self.decks[deck], Deck::Down)
    }

    /// A player that is not heard, rather one that has prepared nothing.
    pub(super) fn spare(&self) -> Option<usize> {
        let spares = (0..DECKS).filter(|&deck| self.is_spare(deck));
        spares.min_by_key(|&deck| !matches!(self.decks[deck], Deck::Free))
    }
}
