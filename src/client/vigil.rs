//! Whether a connection still lives: a server that is silent is pinged, and so is one after this machine was asleep.
//! Pure.
//!
//! Times are seconds of a clock that may stand still while the machine sleeps. The time of day goes on then, and does
//! not have to be right: whoever set it only has a server asked whether all is well.

use crate::limits::{
    CLIENT_SILENCE, WAKE_ANSWER_MIN, WAKE_ANSWER_ROUND_TRIPS, WAKE_GAP, WAKE_LOOK,
};
use std::time::Duration;

/// Notices that time has passed in which nobody looked: sleep, or a program that was stopped.
#[derive(Debug)]
pub struct WakeWatch {
    looked_day_sec: f64,
}

impl WakeWatch {
    #[must_use]
    pub fn new(day_sec: f64) -> Self {
        Self {
            looked_day_sec: day_sec,
        }
    }

    /// To be called every `WAKE_LOOK`. How long the last look is ago.
    pub fn look(&mut self, day_sec: f64) -> f64 {
        day_sec - std::mem::replace(&mut self.looked_day_sec, day_sec)
    }

    /// The same; whether this machine was away in between.
    pub fn has_woken(&mut self, day_sec: f64) -> bool {
        self.look(day_sec) > WAKE_GAP.as_secs_f64()
    }
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sight {
    Nothing,
    /// Send a ping.
    Ping,
    /// This machine was asleep: send a ping, which has to be answered soon.
    Woken,
    /// Nothing has come for so many seconds, pings included: the connection is dead.
    Silent(u64),
    /// Nobody has answered since this machine woke: the connection is dead.
    DiedAsleep,
}

#[derive(Debug)]
pub struct Vigil {
    wake: WakeWatch,
    heard_at: f64,
    pinged: bool,
    /// By when a pong has to be there.
    answer_by: Option<f64>,
    patience_sec: f64,
}

impl Vigil {
    /// `round_trip`: how long a server of this room may need to answer, as far as that is known.
    #[must_use]
    pub fn new(now: f64, day_sec: f64, round_trip: Duration) -> Self {
        let patience = (WAKE_ANSWER_ROUND_TRIPS * round_trip).max(WAKE_ANSWER_MIN);
        Self {
            wake: WakeWatch::new(day_sec),
            heard_at: now,
            pinged: false,
            answer_by: None,
            patience_sec: patience.as_secs_f64(),
        }
    }

    /// A whole message came. Only a pong is an answer: others may have lain in the socket while we slept.
    pub fn heard(&mut self, now: f64, is_pong: bool) {
        (self.heard_at, self.pinged) = (now, false);
        if is_pong {
            self.answer_by = None;
        }
    }

    /// Whether the connection may be believed to live. What is to be sent counts as sent.
    pub fn look(&mut self, now: f64, day_sec: f64) -> Sight {
        let since_sec = self.wake.look(day_sec);
        if since_sec > WAKE_GAP.as_secs_f64() {
            self.answer_by = Some(now + self.patience_sec);
            return Sight::Woken;
        }
        // Who was held up has not listened for all that time.
        if let Some(by) = &mut self.answer_by
            && since_sec > 2.0 * WAKE_LOOK.as_secs_f64()
        {
            *by = now + self.patience_sec;
        }
        if self.answer_by.is_some_and(|by| now >= by) {
            return Sight::DiedAsleep;
        }
        match self.pinged {
            _ if now < self.silent_at() => Sight::Nothing,
            true => Sight::Silent(2 * CLIENT_SILENCE.as_secs()),
            false => {
                self.pinged = true;
                Sight::Ping
            }
        }
    }

    /// When to look again at the latest.
    #[must_use]
    pub fn look_at(&self, now: f64) -> f64 {
        let soon = now + WAKE_LOOK.as_secs_f64();
        let answer_by = self.answer_by.unwrap_or(f64::INFINITY);
        soon.min(answer_by).min(self.silent_at())
    }

    fn silent_at(&self) -> f64 {
        let silences = if self.pinged { 2.0 } else { 1.0 };
        self.heard_at + silences * CLIENT_SILENCE.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_SEC: f64 = 1_762_569_219.0;
    const LAN: Duration = Duration::from_millis(1);

    /// Looks from `from` to `to` as often as it should; what there was to do, and when.
    fn watch(vigil: &mut Vigil, from: f64, to: f64, asleep_sec: f64) -> Vec<(f64, Sight)> {
        let (mut now, mut seen) = (from, Vec::new());
        while now <= to {
            let sight = vigil.look(now, DAY_SEC + now + asleep_sec);
            if sight != Sight::Nothing {
                seen.push((now, sight));
            }
            if matches!(sight, Sight::Silent(_) | Sight::DiedAsleep) {
                break;
            }
            now = vigil.look_at(now);
        }
        seen
    }

    #[test]
    fn a_silent_server_is_pinged_once_and_then_given_up() {
        let mut vigil = Vigil::new(100.0, DAY_SEC + 100.0, LAN);
        let seen = watch(&mut vigil, 100.0, 200.0, 0.0);
        assert_eq!(seen, [(110.0, Sight::Ping), (120.0, Sight::Silent(20))]);
        let mut vigil = Vigil::new(100.0, DAY_SEC + 100.0, LAN);
        watch(&mut vigil, 100.0, 115.0, 0.0);
        vigil.heard(115.0, false);
        let seen = watch(&mut vigil, 115.0, 126.0, 0.0);
        assert_eq!(seen, [(125.0, Sight::Ping)], "a message is a sign of life");
    }

    #[test]
    fn after_sleep_only_the_answer_to_a_ping_counts_and_it_has_to_come_soon() {
        let mut vigil = Vigil::new(100.0, DAY_SEC + 100.0, LAN);
        watch(&mut vigil, 100.0, 103.0, 0.0);
        let seen = watch(&mut vigil, 103.4, 110.0, 600.0);
        assert_eq!(seen, [(103.4, Sight::Woken), (104.2, Sight::DiedAsleep)]);

        let mut vigil = Vigil::new(100.0, DAY_SEC + 100.0, LAN);
        assert_eq!(vigil.look(100.5, DAY_SEC + 700.0), Sight::Woken);
        vigil.heard(100.6, false);
        assert_eq!(vigil.look(101.3, DAY_SEC + 700.8), Sight::DiedAsleep);

        let mut vigil = Vigil::new(100.0, DAY_SEC + 100.0, LAN);
        assert_eq!(vigil.look(100.5, DAY_SEC + 700.0), Sight::Woken);
        vigil.heard(100.6, true);
        let seen = watch(&mut vigil, 100.6, 110.0, 599.5);
        assert_eq!(seen, []);
    }

    #[test]
    fn a_line_that_takes_its_time_has_it_and_so_has_who_was_held_up() {
        let mut vigil = Vigil::new(100.0, DAY_SEC, Duration::from_millis(500));
        assert_eq!(vigil.look(100.5, DAY_SEC + 700.0), Sight::Woken);
        assert_eq!(vigil.look(102.4, DAY_SEC + 700.9), Sight::Nothing);
        assert_eq!(vigil.look(102.6, DAY_SEC + 701.1), Sight::DiedAsleep);

        let mut vigil = Vigil::new(100.0, DAY_SEC, LAN);
        assert_eq!(vigil.look(100.5, DAY_SEC + 700.0), Sight::Woken);
        assert_eq!(vigil.look(102.5, DAY_SEC + 702.0), Sight::Nothing);
        assert_eq!(vigil.look(103.2, DAY_SEC + 702.7), Sight::Nothing);
        assert_eq!(vigil.look(103.4, DAY_SEC + 702.9), Sight::DiedAsleep);
    }

    #[test]
    fn a_clock_that_somebody_set_back_means_nothing() {
        let mut vigil = Vigil::new(100.0, DAY_SEC, LAN);
        assert_eq!(vigil.look(100.5, DAY_SEC - 3600.0), Sight::Nothing);
        assert_eq!(vigil.look(101.0, DAY_SEC - 3599.5), Sight::Nothing);
    }
}
