//! A listener's idea of room time: probes in, a conversion between the local clock and the room's out.
//!
//! The same as the page's `web/clock.js`, step by step; the series in `testdata/clock` hold them together. The caller
//! stamps the probes with a clock of its own in seconds, and says when a burst of them is over.
//!
//! Invariant: room = local + base + line(local), where `base` is a whole number of seconds fixed by the first probe.
//! Everything that is squared or divided stays small, because room time itself (1.7e9 s) leaves an f64 only a quarter
//! of a microsecond.

use super::line::{Bounds, Burst, Line, Point, best};
use crate::limits::{CLOCK_BURST_PROBES_MAX, CLOCK_BURSTS_MAX};

/// How far back a burst still counts: long enough to see a drift of some ppm, short enough to follow it.
const WINDOW_SEC: f64 = 120.0;

/// Bounds that contradict those of before by more than this prove that a clock has stepped. Less may be a drift that was
/// not known well, and the line just follows.
const STEP_SEC: f64 = 0.002;

/// A round trip longer than this says nothing about the time, and no burst lasts longer.
const ROUND_TRIP_SEC_MAX: f64 = 10.0;

/// No clock shows more, and sums of squares of less stay finite: the year 5138.
const STAMP_SEC_MAX: f64 = 1e11;

/// A coarse clock can make a short round trip look this much shorter than nothing.
const NEGATIVE_ROUND_TRIP_SEC_MAX: f64 = 0.001;

/// Resolutions to which clocks are rounded, above all by browsers, the coarsest first.
const TICKS_SEC: [f64; 4] = [0.1, 1.0 / 60.0, 0.001, 0.000_1];

/// A question for the time and its answer. `t0` and `t3`, its departure and the answer's arrival, are local seconds;
/// `t1` and `t2`, its arrival and the answer's departure, are room seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    pub t0: f64,
    pub t1: f64,
    pub t2: f64,
    pub t3: f64,
}

/// How well room time is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// The lowest round trip of the last burst.
    pub rtt_ms: Option<f64>,
    /// Room time is within this of the truth, at about two standard deviations, even if the shortest path was all in
    /// one direction.
    pub spread_ms: Option<f64>,
    /// Probes of the burst that goes on, or else of the last one.
    pub probes: usize,
}

#[derive(Debug, Default)]
pub struct RoomClock {
    base_sec: Option<f64>,
    burst: Vec<Bounds>,
    bursts: Vec<Burst>,
    /// The last probe, if it proves a step.
    suspect: Option<Bounds>,
    line: Option<Line>,
    tick: Tick,
    last_burst: Option<LastBurst>,
    /// Whether the next whole burst is the first of a connection.
    reconnected: bool,
}

#[derive(Clone, Copy, Debug)]
struct LastBurst {
    rtt_sec: f64,
    probes: usize,
}

/// The coarsest resolution that all stamps so far agree with.
#[derive(Debug, Default)]
struct Tick {
    index: usize,
    seen: bool,
}

impl RoomClock {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Malformed probes and those that arrived before they left are ignored.
    pub fn add_probe(&mut self, probe: Probe) {
        let Probe { t0, t1, t2, t3 } = probe;
        let sensible = [t0, t1, t2, t3]
            .iter()
            .all(|stamp| stamp.abs() <= STAMP_SEC_MAX);
        if !sensible || t3 < t0 || t2 < t1 {
            return;
        }
        let rtt_sec = t3 - t0 - (t2 - t1);
        if !(-NEGATIVE_ROUND_TRIP_SEC_MAX..=ROUND_TRIP_SEC_MAX).contains(&rtt_sec) {
            return;
        }
        self.tick.note(t0);
        self.tick.note(t3);
        let base_sec = *self.base_sec.get_or_insert((t1 - t0).round());
        if self.is_burst_full(t0) {
            self.end_burst();
        }
        self.keep(Bounds {
            upper: Point {
                local_sec: t0,
                offset_sec: t1 - t0 - base_sec,
            },
            lower: Point {
                local_sec: t3,
                offset_sec: t2 - t3 - base_sec,
            },
        });
        // While joining, what is known so far is better than no time at all.
        if let (true, Some(best)) = (self.bursts.is_empty(), best(&self.burst)) {
            self.line = Some(Line::fit(&[best], self.tick.sec()));
        }
    }

    /// Another connection, perhaps to a server that was restarted, and whose clock differs from the one before by too
    /// little for one probe to prove it. When its first burst is over, what was known has to agree with it or is forgotten.
    pub fn reconnected(&mut self) {
        self.burst.clear();
        self.suspect = None; // It may be of the server before.
        self.reconnected = true;
    }

    /// A burst is complete: the best of it joins the line.
    pub fn end_burst(&mut self) {
        let Some(best) = best(&self.burst) else {
            return;
        };
        if std::mem::take(&mut self.reconnected) && self.is_another(best.quickest) {
            self.bursts.clear();
        }
        self.last_burst = Some(LastBurst {
            rtt_sec: best.quickest.rtt_sec(),
            probes: self.burst.len(),
        });
        self.burst.clear();
        self.bursts.push(best);
        self.forget_old(best.quickest.upper.local_sec);
        self.line = Some(Line::fit(&self.bursts, self.tick.sec()));
    }

    /// Was there a sensible probe yet?
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.line.is_some()
    }

    /// Room time at a local time; none before the first probe.
    #[must_use]
    pub fn room_at(&self, local_sec: f64) -> Option<f64> {
        let line = self.line?;
        Some(self.base_sec? + (local_sec + line.offset_at(local_sec)))
    }

    /// The local time at which it is `room_sec` in the room; none before the first probe.
    #[must_use]
    pub fn local_at(&self, room_sec: f64) -> Option<f64> {
        Some(self.line?.local_at(room_sec - self.base_sec?))
    }

    /// How well room time is known at a local time.
    #[must_use]
    pub fn quality(&self, local_sec: f64) -> Quality {
        let under_way = best(&self.burst);
        let probes = match under_way {
            Some(_) => self.burst.len(),
            None => self.last_burst.map_or(0, |last| last.probes),
        };
        let last_sec = self.last_burst.map(|last| last.rtt_sec);
        let rtt_sec = last_sec.or(under_way.map(|best| best.quickest.rtt_sec()));
        Quality {
            rtt_ms: rtt_sec.map(|sec| sec * 1000.0),
            spread_ms: self.line.map(|line| line.spread_sec(local_sec) * 1000.0),
            probes,
        }
    }

    /// Two probes in a row that prove a step replace all that was known: after sleep, or a restart of the server, nobody
    /// should wait. One alone may have been under way while a clock stepped, and is dropped.
    fn keep(&mut self, bounds: Bounds) {
        let proves_step = self.proves_step(bounds);
        match self.suspect.take() {
            _ if !proves_step => self.burst.push(bounds),
            None => self.suspect = Some(bounds),
            Some(before) => {
                self.burst = vec![before, bounds];
                self.bursts.clear();
            }
        }
    }

    /// An upper bound below the lower ones, or the other way round. To break the line alone proves nothing: it may have
    /// had a queue on one side, and the truth lies anywhere between its bounds.
    fn proves_step(&self, Bounds { upper, lower }: Bounds) -> bool {
        self.line.is_some_and(|line| {
            let over_sec = line.offset_at(upper.local_sec) - upper.offset_sec;
            let under_sec = lower.offset_sec - line.offset_at(lower.local_sec);
            over_sec.max(under_sec) > line.gap_sec() / 2.0 + STEP_SEC + self.tick.sec()
        })
    }

    /// The best probe of a whole burst is further off the line than a queue on one of its ways would explain.
    fn is_another(&self, quickest: Bounds) -> bool {
        self.line.is_some_and(|line| {
            let middle = quickest.middle();
            let off_sec = middle.offset_sec - line.offset_at(middle.local_sec);
            let queued_sec = (quickest.rtt_sec() - line.gap_sec()).max(0.0);
            off_sec.abs() > queued_sec / 2.0 + STEP_SEC + self.tick.sec()
        })
    }

    fn is_burst_full(&self, now_sec: f64) -> bool {
        self.burst.first().is_some_and(|first| {
            let age_sec = now_sec - first.upper.local_sec;
            self.burst.len() >= CLOCK_BURST_PROBES_MAX || age_sec > ROUND_TRIP_SEC_MAX
        })
    }

    fn forget_old(&mut self, now_sec: f64) {
        self.bursts
            .retain(|burst| now_sec - burst.quickest.upper.local_sec <= WINDOW_SEC);
        let surplus = self.bursts.len().saturating_sub(CLOCK_BURSTS_MAX);
        self.bursts.drain(..surplus);
    }
}

impl Tick {
    fn note(&mut self, stamp_sec: f64) {
        self.seen = true;
        let fits = |tick_sec: &f64| {
            let rest_sec = stamp_sec - (stamp_sec / tick_sec).round() * tick_sec;
            rest_sec.abs() < 1e-6
        };
        while TICKS_SEC.get(self.index).is_some_and(|tick| !fits(tick)) {
            self.index += 1;
        }
    }

    /// Seconds to which the local clock seems to be rounded; 0 when it is finer than matters.
    fn sec(&self) -> f64 {
        let tick_sec = TICKS_SEC.get(self.index).filter(|_| self.seen);
        tick_sec.copied().unwrap_or(0.0)
    }
}
