//! Room time, for somebody who has to know how far the track is: asks the server for it, and adds up the answers.

use crate::client::link::RoomLink;
use crate::client::messages::Clock;
use crate::sync::clock::{Probe, RoomClock};
use crate::sync::probing::{Due, Probing};
use std::time::Instant;

pub struct Timekeeper {
    began: Instant,
    clock: RoomClock,
    probing: Probing,
}

impl Default for Timekeeper {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            clock: RoomClock::new(),
            probing: Probing::new(),
        }
    }
}

impl Timekeeper {
    /// The room is joined, for the first time or again.
    pub fn start(&mut self) {
        let now = self.local_sec();
        self.probing.start(now);
    }

    /// The room is lost.
    pub fn stop(&mut self) {
        self.probing.stop();
    }

    /// Asks when that is due; when to look again, on the local clock.
    pub fn probe(&mut self, link: &RoomLink) -> f64 {
        loop {
            let now = self.local_sec();
            match self.probing.due(now) {
                Due::Probe => {
                    if link.clock(now).is_err() {
                        self.probing.stop();
                    }
                }
                // The link has its own eye on dead connections; this one may have been stuck only.
                Due::Silence => self.probing.start(now),
                Due::At(at) => return at,
                Due::Never => return f64::INFINITY,
            }
        }
    }

    pub fn hear(&mut self, clock: Clock, at: Instant) {
        let probe = Probe {
            t0: clock.t0,
            t1: clock.t1,
            t2: clock.t2,
            t3: at.saturating_duration_since(self.began).as_secs_f64(),
        };
        self.probing.answer(probe, &mut self.clock);
    }

    /// Seconds of the local clock.
    #[must_use]
    pub fn local_sec(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// `None` while nothing is known.
    #[must_use]
    pub fn room_sec(&self) -> Option<f64> {
        self.clock.room_at(self.local_sec())
    }
}
