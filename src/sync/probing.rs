//! When to ask the server for the time, and where a burst of probes ends. The page's `web/clock-probes.js` does the same.
//!
//! One probe is under way at a time, so an answer is never mixed up with another. This only decides: the caller tells
//! the local time, sends what is due and hands in the answers.

use super::clock::{Probe, RoomClock};
use crate::limits::{
    BURST_GAP_SEC, BURST_PROBES, EARLY_BURSTS, EARLY_GAP_SEC, JOIN_PROBES, PROBE_GAP_SEC,
    PROBE_SILENCE_SEC,
};

/// A server gives `t0` back as it was; this much is for languages that print numbers shorter.
const SAME_STAMP_SEC: f64 = 1e-6;

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Due {
    /// Send a probe whose `t0` is the time that was just told.
    Probe,
    /// An answer has stayed away for too long: the connection is dead. Said once.
    Silence,
    /// Nothing before this local time.
    At(f64),
    /// Nothing until `start`.
    Never,
}

/// Times are in seconds of the local clock that stamps the probes.
#[derive(Debug, Default)]
pub struct Probing {
    state: State,
    /// Probes of this burst that have not been answered.
    left: usize,
    /// Bursts that still come early.
    early: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Stopped,
    Asking {
        at_sec: f64,
    },
    Asked {
        t0: f64,
    },
}

impl Probing {
    /// Nothing is due before `start`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A connection is there: the burst of joining begins. Whatever was under way is forgotten.
    pub fn start(&mut self, now: f64) {
        self.left = JOIN_PROBES;
        self.early = EARLY_BURSTS;
        self.state = State::Asking { at_sec: now };
    }

    /// The connection is gone.
    pub fn stop(&mut self) {
        *self = Self::new();
    }

    /// What is due at `now`. A `Probe` counts as sent.
    pub fn due(&mut self, now: f64) -> Due {
        match self.state {
            State::Stopped => Due::Never,
            State::Asking { at_sec } if now < at_sec => Due::At(at_sec),
            State::Asking { .. } => {
                self.state = State::Asked { t0: now };
                Due::Probe
            }
            State::Asked { t0 } if now < t0 + PROBE_SILENCE_SEC => Due::At(t0 + PROBE_SILENCE_SEC),
            State::Asked { .. } => {
                self.stop();
                Due::Silence
            }
        }
    }

    /// Takes the answer to the probe under way, tells `clock` of it, and of the end of a burst. Any other answer is
    /// ignored. `t3` was read before the message was even parsed.
    pub fn answer(&mut self, answer: Probe, clock: &mut RoomClock) {
        let State::Asked { t0 } = self.state else {
            return;
        };
        let is_the_one = (answer.t0 - t0).abs() <= SAME_STAMP_SEC;
        if !is_the_one || !answer.t1.is_finite() || !answer.t2.is_finite() {
            return;
        }
        clock.add_probe(Probe { t0, ..answer });
        self.left -= 1;
        let mut gap_sec = PROBE_GAP_SEC;
        if self.left == 0 {
            clock.end_burst();
            self.left = BURST_PROBES;
            gap_sec = if self.early > 0 {
                EARLY_GAP_SEC
            } else {
                BURST_GAP_SEC
            };
            self.early = self.early.saturating_sub(1);
        }
        self.state = State::Asking {
            at_sec: answer.t3 + gap_sec,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks and answers until `until`, 5 ms later each time; gives when probes were sent.
    fn live(probing: &mut Probing, clock: &mut RoomClock, from: f64, until: f64) -> Vec<f64> {
        let mut sent = Vec::new();
        let mut now = from;
        while now < until {
            match probing.due(now) {
                Due::Probe => {
                    sent.push(now);
                    let (t1, t2) = (now + 100.002, now + 100.003);
                    let t3 = now + 0.005;
                    probing.answer(
                        Probe {
                            t0: now,
                            t1,
                            t2,
                            t3,
                        },
                        clock,
                    );
                    now = t3;
                }
                Due::At(at) => now = at,
                other => panic!("{other:?} at {now}"),
            }
        }
        sent
    }

    #[test]
    fn sixteen_probes_one_at_a_time_then_bursts_of_four_every_half_second_and_later_every_two() {
        let (mut probing, mut clock) = (Probing::new(), RoomClock::new());
        assert_eq!(probing.due(1.0), Due::Never);
        probing.start(1.0);
        let sent = live(&mut probing, &mut clock, 1.0, 10.0);
        assert_eq!(sent.len(), 16 + EARLY_BURSTS * 4 + 4);
        let gaps_ms: Vec<_> = sent
            .windows(2)
            .map(|pair| ((pair[1] - pair[0]) * 1000.0).round())
            .collect();
        let burst = |gaps: usize| vec![25.0; gaps];
        let early = [vec![505.0], burst(3)].concat().repeat(EARLY_BURSTS);
        let expected = [burst(15), early, vec![2005.0], burst(3)].concat();
        assert_eq!(gaps_ms, expected);
        assert_eq!(clock.quality(10.0).probes, 4);
        assert!((clock.room_at(10.0).expect("ready") - 110.0).abs() < 1e-6);
    }

    #[test]
    fn an_answer_to_another_probe_is_not_counted() {
        let (mut probing, mut clock) = (Probing::new(), RoomClock::new());
        let stray = Probe {
            t0: 1.0,
            t1: 100.0,
            t2: 100.0,
            t3: 1.001,
        };
        probing.answer(stray, &mut clock);
        probing.start(2.0);
        probing.answer(stray, &mut clock);
        assert_eq!(probing.due(2.0), Due::Probe);
        probing.answer(stray, &mut clock);
        assert!(!clock.is_ready());
        let own = Probe { t0: 2.0, ..stray };
        probing.answer(Probe { t3: 2.001, ..own }, &mut clock);
        assert!(clock.is_ready());
        // The same answer once more is a stray one too.
        probing.answer(Probe { t3: 2.002, ..own }, &mut clock);
        assert_eq!(clock.quality(2.0).probes, 1);
    }

    #[test]
    fn silence_is_told_once_after_six_seconds() {
        let mut probing = Probing::new();
        probing.start(10.0);
        assert_eq!(probing.due(10.0), Due::Probe);
        assert_eq!(probing.due(10.0), Due::At(16.0));
        assert_eq!(probing.due(15.9), Due::At(16.0));
        assert_eq!(probing.due(16.0), Due::Silence);
        assert_eq!(probing.due(17.0), Due::Never);
        probing.start(20.0);
        assert_eq!(probing.due(20.0), Due::Probe);
    }
}
