//! Room time from clock probes: the series that the page's clock reads too, and what holds for any series.

use crate::common::random;

use jam::limits::{
    BURST_GAP_SEC, BURST_PROBES, CLOCK_BURST_PROBES_MAX, CLOCK_BURSTS_MAX, EARLY_BURSTS,
    EARLY_GAP_SEC, JOIN_PROBES, PROBE_GAP_SEC, PROBE_SILENCE_SEC,
};
use jam::sync::clock::{Probe, RoomClock};
use random::{Random, for_each_seed};
use serde_json::Value;
use std::fs;
use std::path::Path;

// ---- the series in testdata/clock ------------------------------------------------------------------

/// Both clocks do the same sums; what is left is the width of room time in an f64, and four decimals in the file.
const SAME_MS: f64 = 0.001;

struct Series {
    name: String,
    json: Value,
}

fn all_series() -> Vec<Series> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/clock");
    let mut series: Vec<Series> = fs::read_dir(folder)
        .expect("testdata/clock")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("a series");
            Series {
                name: path.file_stem().expect("a name").to_string_lossy().into(),
                json: serde_json::from_str(&text).expect("JSON"),
            }
        })
        .collect();
    series.sort_by(|a, b| a.name.cmp(&b.name));
    series
}

impl Series {
    fn local(&self, micros: &Value) -> f64 {
        number(&self.json["local_zero_sec"]) + number(micros) / 1e6
    }

    fn room(&self, micros: &Value) -> f64 {
        number(&self.json["room_zero_sec"]) + number(micros) / 1e6
    }

    fn probe(&self, columns: &Value) -> Probe {
        Probe {
            t0: self.local(&columns[0]),
            t1: self.room(&columns[1]),
            t2: self.room(&columns[2]),
            t3: self.local(&columns[3]),
        }
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

#[test]
fn room_time_is_what_the_page_makes_of_the_same_probes_and_near_the_truth() {
    let all = all_series();
    assert_eq!(all.len(), 9);
    for series in &all {
        let mut clock = RoomClock::new();
        let mut asked = 0;
        for burst in list(&series.json["bursts"]) {
            for probe in list(&burst["probes"]) {
                clock.add_probe(series.probe(probe));
            }
            clock.end_burst();
            let since_sec = number(&burst["since_sec"]);
            let phase = if since_sec < 10.0 {
                "first_10_sec"
            } else {
                "later"
            };
            let within_ms = number(&series.json["within_ms"][phase]);
            for ask in list(&burst["asks"]) {
                let room = clock.room_at(series.local(&ask[0])).expect("ready");
                let error_ms = (room - series.room(&ask[1])) * 1000.0;
                let place = format!("{} at {since_sec} s: {error_ms} ms", series.name);
                assert!((error_ms - number(&ask[2])).abs() <= SAME_MS, "{place}");
                assert!(error_ms.abs() <= within_ms, "{place}");
                asked += 1;
            }
        }
        assert!(asked > 300, "{}: {asked} moments", series.name);
    }
}

#[test]
fn the_page_asks_as_often_as_jam() {
    let page = include_str!("../src/web/clock-probes.js");
    for (name, value) in [
        ("JOIN_PROBES", JOIN_PROBES as f64),
        ("BURST_PROBES", BURST_PROBES as f64),
        ("PROBE_GAP_MS", PROBE_GAP_SEC * 1000.0),
        ("BURST_GAP_MS", BURST_GAP_SEC * 1000.0),
        ("EARLY_BURSTS", EARLY_BURSTS as f64),
        ("EARLY_GAP_MS", EARLY_GAP_SEC * 1000.0),
        ("SILENCE_MS", PROBE_SILENCE_SEC * 1000.0),
    ] {
        let line = format!("const {name} = {value};");
        assert!(page.contains(&line), "the page has no `{line}`");
    }
}

// ---- any series ------------------------------------------------------------------------------------

/// A number between the two.
fn between(random: &mut Random, low: f64, high: f64) -> f64 {
    low + (high - low) * random.below(1_000_000) as f64 / 1e6
}

/// A clock of its own, a network and a server, whose time is that of the world.
struct World<'a> {
    random: &'a mut Random,
    now: f64,
    /// Local time is `now * rate - behind`.
    rate: f64,
    behind: f64,
    base_delay: f64,
    jitter: f64,
}

impl<'a> World<'a> {
    fn new(random: &'a mut Random) -> Self {
        Self {
            rate: 1.0 + between(random, -1e-4, 1e-4),
            behind: between(random, 0.0, 1e9),
            base_delay: between(random, 0.0001, 0.02),
            jitter: between(random, 0.0, 0.02),
            now: 1_762_569_219.0,
            random,
        }
    }

    fn local(&self) -> f64 {
        self.now * self.rate - self.behind
    }

    fn probe(&mut self) -> Probe {
        let t0 = self.local();
        self.now += self.base_delay + between(self.random, 0.0, self.jitter);
        let t1 = self.now;
        self.now += 0.000_03;
        let t2 = self.now;
        self.now += self.base_delay + between(self.random, 0.0, self.jitter);
        let t3 = self.local();
        self.now += 0.02;
        Probe { t0, t1, t2, t3 }
    }

    /// Bursts as a member asks for them, each ended by the caller.
    fn bursts(&mut self, count: usize) -> Vec<Vec<Probe>> {
        let mut bursts = Vec::new();
        for index in 0..count {
            let probes = if index == 0 {
                JOIN_PROBES
            } else {
                BURST_PROBES
            };
            bursts.push((0..probes).map(|_| self.probe()).collect());
            self.now += 2.0;
        }
        bursts
    }

    fn error_ms(&self, clock: &RoomClock) -> f64 {
        (clock.room_at(self.local()).expect("ready") - self.now) * 1000.0
    }
}

fn feed(clock: &mut RoomClock, bursts: &[Vec<Probe>]) {
    for burst in bursts {
        for &probe in burst {
            clock.add_probe(probe);
        }
        clock.end_burst();
    }
}

#[test]
fn other_zeros_of_the_clocks_give_the_same_room_time() {
    for_each_seed(50, |random| {
        // Whole numbers, and none that makes an f64 of room time coarser: the stamps are hardly rounded.
        let local_shift = (1 << random.below(24)) as f64;
        let room_shift = (1 << random.below(29)) as f64;
        let mut world = World::new(random);
        let bursts = world.bursts(40);
        let shift = |probe: &Probe| Probe {
            t0: probe.t0 + local_shift,
            t1: probe.t1 + room_shift,
            t2: probe.t2 + room_shift,
            t3: probe.t3 + local_shift,
        };
        let shifted: Vec<Vec<Probe>> = bursts
            .iter()
            .map(|burst| burst.iter().map(shift).collect())
            .collect();
        let (mut here, mut there) = (RoomClock::new(), RoomClock::new());
        feed(&mut here, &bursts);
        feed(&mut there, &shifted);
        for ahead_sec in [-60.0, 0.0, 1.7, 60.0] {
            let local = world.local() + ahead_sec;
            let one = here.room_at(local).expect("ready") + room_shift;
            let other = there.room_at(local + local_shift).expect("ready");
            assert!((one - other).abs() < 5e-6, "{one} and {other}");
        }
    });
}

#[test]
fn room_time_goes_on_with_local_time_and_local_at_is_the_way_back() {
    for_each_seed(50, |random| {
        let mut world = World::new(random);
        let mut clock = RoomClock::new();
        let count = 1 + world.random.below(60);
        feed(&mut clock, &world.bursts(count));
        let mut before = f64::NEG_INFINITY;
        for step in -1000..1000 {
            let local = world.local() + f64::from(step) * 0.001;
            let room = clock.room_at(local).expect("ready");
            assert!(room > before, "{room} after {before}");
            before = room;
            let back = clock.local_at(room).expect("ready");
            assert!((back - local).abs() < 1e-6, "{back} for {local}");
        }
    });
}

#[test]
fn room_time_is_within_half_the_shortest_round_trip_and_the_jitter_is_fought_down() {
    for_each_seed(50, |random| {
        let mut world = World::new(random);
        let mut clock = RoomClock::new();
        feed(&mut clock, &world.bursts(60));
        let error_ms = world.error_ms(&clock).abs();
        let allowed_ms = 0.1 + world.jitter * 1000.0 / 10.0;
        assert!(error_ms < allowed_ms, "{error_ms} ms, {allowed_ms} allowed");
    });
}

#[test]
fn malformed_and_impossible_probes_change_nothing() {
    for_each_seed(50, |random| {
        let mut world = World::new(random);
        let bursts = world.bursts(10);
        let local = world.local();
        let (mut clean, mut dirty) = (RoomClock::new(), RoomClock::new());
        feed(&mut clean, &bursts);
        for burst in &bursts {
            for &probe in burst {
                dirty.add_probe(malformed(world.random, probe));
                dirty.add_probe(probe);
                dirty.add_probe(malformed(world.random, probe));
            }
            dirty.end_burst();
        }
        assert_eq!(clean.room_at(local), dirty.room_at(local));
        assert_eq!(clean.quality(local), dirty.quality(local));
    });
}

fn malformed(random: &mut Random, probe: Probe) -> Probe {
    let Probe { t0, t1, t2, t3 } = probe;
    let nonsense = *random.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e12]);
    match random.below(8) {
        0 => Probe {
            t0: nonsense,
            ..probe
        },
        1 => Probe {
            t1: nonsense,
            ..probe
        },
        2 => Probe {
            t2: nonsense,
            ..probe
        },
        3 => Probe {
            t3: nonsense,
            ..probe
        },
        // Back before it left, sent before it arrived, held for longer than it was away, an hour on its way.
        4 => Probe {
            t3: t0 - 0.1,
            ..probe
        },
        5 => Probe {
            t2: t1 - 0.1,
            ..probe
        },
        6 => Probe {
            t2: t2 + (t3 - t0) + 0.1,
            ..probe
        },
        _ => Probe {
            t3: t3 + 3600.0,
            ..probe
        },
    }
}

#[test]
fn a_clock_that_never_heard_a_sensible_probe_is_not_ready() {
    let mut clock = RoomClock::new();
    clock.add_probe(Probe {
        t0: 2.0,
        t1: 5.0,
        t2: 5.0,
        t3: 1.0,
    });
    clock.end_burst();
    assert!(!clock.is_ready());
    assert_eq!(clock.room_at(1.0), None);
    assert_eq!(clock.local_at(1.0), None);
    let quality = clock.quality(1.0);
    assert_eq!((quality.rtt_ms, quality.spread_ms), (None, None));
    assert_eq!(quality.probes, 0);
}

#[test]
fn a_step_is_believed_with_the_second_probe_that_proves_it() {
    for_each_seed(50, |random| {
        let mut world = World::new(random);
        let mut clock = RoomClock::new();
        feed(&mut clock, &world.bursts(20));
        let round_trip = 2.0 * (world.base_delay + world.jitter);
        let size = round_trip + between(world.random, 0.01, 1800.0);
        let step = if world.random.one_in(2) { size } else { -size };
        world.behind += step;
        clock.add_probe(world.probe());
        // A line with a slope says something else at another local time.
        let allowed_sec = round_trip + 2e-4 * step.abs();
        let off_sec = world.error_ms(&clock) / 1e3 + step;
        assert!(off_sec.abs() < allowed_sec, "after one: {off_sec} s");
        clock.add_probe(world.probe());
        let error_ms = world.error_ms(&clock).abs();
        assert!(error_ms < 500.0 * round_trip, "after two: {error_ms} ms");
    });
}

/// The network hides it: less than half of a round trip proves no step.
#[test]
fn a_server_that_comes_back_with_another_clock_is_believed_after_its_first_burst() {
    for_each_seed(50, |random| {
        let mut world = World::new(random);
        world.base_delay = 0.05;
        let mut clock = RoomClock::new();
        feed(&mut clock, &world.bursts(30));
        world.behind += between(world.random, 0.01, 0.05);
        clock.reconnected();
        feed(&mut clock, &world.bursts(1));
        let error_ms = world.error_ms(&clock).abs();
        let allowed_ms = 4.0 + 100.0 * world.jitter;
        assert!(error_ms < allowed_ms, "{error_ms} ms, {allowed_ms} allowed");
    });
}

/// Found by the simulation: the first probe of the first restart was taken for the second one's.
#[test]
fn two_restarts_in_a_row_leave_nothing_of_the_server_in_between() {
    for_each_seed(50, |random| {
        let mut world = World::new(random);
        world.base_delay = 0.05;
        let mut clock = RoomClock::new();
        feed(&mut clock, &world.bursts(30));
        world.behind += 1.7;
        clock.reconnected();
        clock.add_probe(world.probe());
        world.behind += 0.02;
        clock.reconnected();
        feed(&mut clock, &world.bursts(1));
        let error_ms = world.error_ms(&clock).abs();
        let allowed_ms = 1.0 + 100.0 * world.jitter;
        assert!(error_ms < allowed_ms, "{error_ms} ms, {allowed_ms} allowed");
    });
}

#[test]
fn a_new_connection_over_a_busy_network_does_not_spoil_what_is_known() {
    for_each_seed(50, |random| {
        let mut world = World::new(random);
        world.jitter = 0.001;
        let mut clock = RoomClock::new();
        feed(&mut clock, &world.bursts(30));
        clock.reconnected();
        for mut probe in world.bursts(1).remove(0) {
            // One way alone is full.
            (probe.t1, probe.t2) = (probe.t1 + 0.1, probe.t2 + 0.1);
            probe.t3 += 0.1 * world.rate;
            clock.add_probe(probe);
        }
        clock.end_burst();
        let error_ms = world.error_ms(&clock).abs();
        assert!(error_ms < 1.0, "{error_ms} ms");
    });
}

#[test]
fn the_spread_covers_the_error_nineteen_times_out_of_twenty() {
    let (mut covered, mut asked) = (0, 0);
    for_each_seed(50, |random| {
        let mut world = World::new(random);
        let mut clock = RoomClock::new();
        for burst in world.bursts(60) {
            feed(&mut clock, &[burst]);
        }
        for _ in 0..20 {
            world.now += 2.0;
            feed(&mut clock, &world.bursts(1));
            let spread_ms = clock.quality(world.local()).spread_ms.expect("ready");
            covered += usize::from(world.error_ms(&clock).abs() <= spread_ms);
            asked += 1;
        }
    });
    assert!(covered * 20 >= asked * 19, "{covered} of {asked}");
}

#[test]
fn neither_endless_nor_tiny_bursts_nor_hostile_stamps_cost_memory_or_sense() {
    for_each_seed(5, |random| {
        let mut world = World::new(random);
        let mut clock = RoomClock::new();
        for _ in 0..2000 {
            clock.add_probe(world.probe());
        }
        assert!(clock.quality(world.local()).probes <= CLOCK_BURST_PROBES_MAX);
        for _ in 0..2000 {
            clock.add_probe(world.probe());
            clock.end_burst();
        }
        assert!(world.error_ms(&clock).abs() < 500.0 * (world.base_delay + world.jitter));
        for _ in 0..2000 {
            let [t0, t1, t2] = [0, 1, 2].map(|_| {
                let size = 10_f64.powi(world.random.below(14) as i32 - 2);
                between(world.random, -size, size)
            });
            let t3 = t0 + between(world.random, 0.0, 20.0);
            clock.add_probe(Probe { t0, t1, t2, t3 });
            if world.random.one_in(3) {
                clock.end_burst();
            }
            let sane = [0.0, t0, t3].map(|local| clock.room_at(local).is_none_or(f64::is_finite));
            assert_eq!(sane, [true; 3]);
        }
        // What it holds is what it prints; a probe takes less than 300 characters.
        let printed = format!("{clock:?}").len();
        let held_max = 3 * CLOCK_BURSTS_MAX + CLOCK_BURST_PROBES_MAX;
        assert!(printed < held_max * 300, "{printed}");
    });
}
