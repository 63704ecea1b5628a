//! How many requests a connection keeps in flight. Pure.
//!
//! One is best on a healthy local network: whoever asks last knows most about what is rare. More are needed where a
//! round trip takes longer than a chunk (the pipe would run dry between two answers), and where packets are lost: an
//! answer that waits for a retransmission should not keep the next one waiting.

use crate::limits::{SWARM_IN_FLIGHT_LOSS, SWARM_IN_FLIGHT_MAX, SWARM_STALL_SEC};

/// When an answer was asked for and came, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    pub asked_at: f64,
    /// Its first bytes were there.
    pub began_at: f64,
    pub ended_at: f64,
}

#[derive(Debug)]
pub struct Window {
    fixed: Option<usize>,
    answers: u32,
    /// Shortest time from asking on an idle connection to the first byte; forgotten slowly.
    round_trip_sec: f64,
    /// Usual time from the first byte to the last.
    transfer_sec: f64,
    /// The middle of the times from asking (or from the end of the answer before) to the last byte.
    usual_sec: f64,
    /// Share of answers that stood still as only a retransmission timeout does.
    stalls: f64,
    last_end: f64,
}

/// Weight of one answer in the averages.
const WEIGHT: f64 = 0.1;
/// Weight of one answer in the share of stalls.
const STALL_WEIGHT: f64 = 0.03;
/// A share of stalls that no healthy network has.
const STALLS_OF_LOSS: f64 = 0.01;
/// An answer has stood still not long ago.
const STALLS_SEEN: f64 = 0.005;
/// How much the shortest round trip is forgotten with each answer, so that a network may become slower.
const FORGET: f64 = 1.002;

impl Window {
    /// `fixed`: always so many.
    #[must_use]
    pub fn new(fixed: Option<usize>) -> Self {
        Self {
            fixed,
            answers: 0,
            round_trip_sec: 0.0,
            transfer_sec: 0.0,
            usual_sec: 0.0,
            stalls: 0.0,
            last_end: 0.0,
        }
    }

    /// Takes note of an answer with data.
    pub fn note(&mut self, timing: Timing) {
        let idle = timing.asked_at >= self.last_end;
        let from = timing.asked_at.max(self.last_end);
        self.last_end = timing.ended_at;
        self.answers = self.answers.saturating_add(1);
        let wait = (timing.began_at - from).max(0.0);
        let transfer = (timing.ended_at - timing.began_at).max(0.0);
        let whole = (timing.ended_at - from).max(0.0);
        if self.usual_sec == 0.0 {
            (self.transfer_sec, self.usual_sec) = (transfer, whole);
            self.round_trip_sec = wait;
            return;
        }
        if idle {
            self.round_trip_sec = (self.round_trip_sec * FORGET).min(wait);
        }
        let stalled = whole > SWARM_STALL_SEC && whole > 6.0 * self.usual_sec;
        self.stalls += STALL_WEIGHT * (f64::from(u8::from(stalled)) - self.stalls);
        if !stalled {
            // The first ones count alike: a token bucket lets them through at once.
            let weight = WEIGHT.max(1.0 / f64::from(self.answers));
            self.transfer_sec += weight * (transfer - self.transfer_sec);
        }
        // Steps of a tenth up or down find the middle, which single stalls do not move.
        self.usual_sec *= if whole > self.usual_sec {
            1.1
        } else {
            1.0 / 1.1
        };
    }

    /// Requests to keep in flight. `alone`: few other connections fill the gaps that this one leaves. `way_sec`: the round trip is
    /// no longer than this, whatever was seen here. `on_the_way`: chunks that come on each connection while one makes its way.
    #[must_use]
    pub fn size(&self, alone: bool, way_sec: f64, on_the_way: f64) -> usize {
        if let Some(fixed) = self.fixed {
            return fixed;
        }
        let lossy = self.stalls > STALLS_OF_LOSS;
        let for_loss = if lossy { SWARM_IN_FLIGHT_LOSS } else { 1 };
        // So much of a chunk's time without data is not worth another request.
        let idle = if alone { 0.1 } else { 0.5 };
        // Where packets are lost it pays to have asked for more.
        let way_sec = if self.stalls > STALLS_SEEN {
            f64::INFINITY
        } else {
            way_sec
        };
        let gap = self.round_trip_sec.min(way_sec) / self.transfer_sec.max(1e-6) - idle;
        let for_delay = 1 + gap.clamp(0.0, SWARM_IN_FLIGHT_MAX as f64).ceil() as usize;
        // Twice what comes in a round trip, so that it grows as long as more comes.
        let for_share = (2.0 * on_the_way).clamp(0.0, SWARM_IN_FLIGHT_MAX as f64);
        let for_share = for_share.ceil() as usize;
        // Slowly at first: whoever fills the queue of a seed keeps all those waiting who are about to say HELLO to it.
        let for_now = 1 + self.answers as usize / 2;
        for_delay
            .max(for_share)
            .max(for_loss)
            .min(for_now)
            .min(SWARM_IN_FLIGHT_MAX)
    }

    /// Shortest time from asking to the first byte, as far as it is remembered; `None` before the first answer.
    #[must_use]
    pub fn round_trip_sec(&self) -> Option<f64> {
        (self.usual_sec > 0.0).then_some(self.round_trip_sec)
    }
}

/// How many chunks come in a second, by an exponential average over about a quarter of one.
#[derive(Debug, Default)]
pub struct Rate {
    per_sec: f64,
    last_at: f64,
}

impl Rate {
    const OVER_SEC: f64 = 0.25;

    /// One more came.
    pub fn count(&mut self, now: f64) {
        let passed = (now - self.last_at).max(0.0);
        self.per_sec = self.per_sec * (-passed / Self::OVER_SEC).exp() + 1.0 / Self::OVER_SEC;
        self.last_at = now.max(self.last_at);
    }

    #[must_use]
    pub fn per_sec(&self) -> f64 {
        self.per_sec
    }
}
