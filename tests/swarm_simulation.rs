//! Whole swarms in simulated time: how fast they are, and what they do when something goes wrong.
//!
//! Times are simulated, so they are the same on every machine. `JAM_TEST_SEED=17` runs one seed; the full
//! thousand nodes are `cargo test --release swarm_simulation -- --ignored --nocapture`.

use crate::common::random;
use crate::common::swarm_world;

use jam::swarm::bitfield::Bitfield;
use random::{Random, for_each_seed};
use swarm_world::{Fault, MBIT, Place, Setup, World, silence_sec};

const RATE: f64 = 100.0 * MBIT;
const CHUNK_BYTES: f64 = 16384.0;
const CHUNK_SEC: f64 = CHUNK_BYTES / RATE;

/// Chunks of a song of 5 MiB.
const SONG: u32 = 320;

/// A seed, and leechers that were told its address.
fn around_a_seed(leechers: usize, chunks: u32) -> Vec<Place> {
    let mut places = vec![Place::seed(chunks, RATE)];
    places.resize(leechers + 1, Place::leecher(chunks, RATE));
    for place in &mut places[1..] {
        place.given = vec![0];
    }
    places
}

/// A seed, and leechers, each of whom a room told of up to a hundred others.
fn in_a_room(random: &mut Random, leechers: usize, chunks: u32) -> Vec<Place> {
    let mut places = around_a_seed(leechers, chunks);
    for (me, place) in places.iter_mut().enumerate() {
        place.given.clear();
        while place.told.len() < leechers.min(100) {
            let other = random.below(leechers + 1);
            if other != me && !place.told.contains(&other) {
                place.told.push(other);
            }
        }
    }
    places
}

fn setup(places: Vec<Place>) -> Setup {
    Setup {
        places,
        chunk_bytes: CHUNK_BYTES,
        latency_sec: 150e-6,
        stalls: 0.0,
        faults: Vec::new(),
    }
}

struct Outcome {
    /// From a leecher's start to its end, as a multiple of size by rate: the last one, and the middle one.
    last: f64,
    middle: f64,
    /// What the seed sent, in copies of the track.
    copies: f64,
    /// Share of chunks that came twice.
    duplicates: f64,
}

/// Runs until everybody who is alive has everything.
fn run(name: &str, random: &mut Random, setup: Setup) -> Outcome {
    let mut world = World::new(random, setup);
    assert!(world.run(120.0), "{name}: somebody never has everything");
    world.check();
    let chunks = f64::from(world.nodes[0].place.held.len());
    let leechers = world.nodes.iter().filter(|node| !node.place.held.is_full());
    let done = leechers.filter_map(|node| Some(node.done_at? - node.place.starts_at));
    let mut times: Vec<f64> = done.map(|took| took / (chunks * CHUNK_SEC)).collect();
    times.sort_by(f64::total_cmp);
    let sum = |count: fn(&swarm_world::Node) -> u64| -> f64 {
        world.nodes.iter().map(count).sum::<u64>() as f64
    };
    let outcome = Outcome {
        last: times[times.len() - 1],
        middle: times[times.len() / 2],
        copies: world.nodes[0].sent as f64 / chunks,
        duplicates: sum(|node| node.duplicates) / sum(|node| node.received),
    };
    let most = world.nodes.iter().map(|node| node.askers_most).max();
    println!(
        "{name}: last {:.3}, middle {:.3}, copies of the seed {:.3}, twice {:.2} %, most askers {}",
        outcome.last,
        outcome.middle,
        outcome.copies,
        100.0 * outcome.duplicates,
        most.unwrap_or(0),
    );
    outcome
}

// ---- how fast ----------------------------------------------------------------------------------

#[test]
fn one_leecher_keeps_the_line_of_the_seed_full() {
    for_each_seed(3, |random| {
        let outcome = run("1", random, setup(around_a_seed(1, SONG)));
        assert!(outcome.last <= 1.05);
    });
}

#[test]
fn eight_leechers_have_a_song_little_later_than_one_would() {
    for_each_seed(5, |random| {
        let outcome = run("8", random, setup(around_a_seed(8, SONG)));
        assert!(outcome.last <= 1.10);
        assert!(outcome.copies <= 1.10);
        assert!(outcome.duplicates <= 0.01);
    });
}

#[test]
fn sixteen_leechers_have_a_song_little_later_than_one_would() {
    for_each_seed(2, |random| {
        let outcome = run("16", random, setup(around_a_seed(16, SONG)));
        assert!(outcome.last <= 1.15);
        assert!(outcome.duplicates <= 0.01);
    });
}

/// Size by rate, and a chunk's time for every doubling of those who have it: no schedule is faster.
fn bound(nodes: f64, chunks: u32) -> f64 {
    1.0 + nodes.log2().ceil() / f64::from(chunks)
}

#[test]
fn a_hundred_leechers_that_know_each_other_stay_close_to_the_bound() {
    for_each_seed(1, |random| {
        let places = in_a_room(random, 100, SONG);
        let outcome = run("100 in a room", random, setup(places));
        assert!(outcome.last <= 1.3 * bound(100.0, SONG));
        assert!(outcome.duplicates <= 0.01);
    });
}

#[test]
fn a_hundred_leechers_that_know_the_seed_alone_are_sent_on_to_each_other() {
    for_each_seed(1, |random| {
        let outcome = run("100 around a seed", random, setup(around_a_seed(100, SONG)));
        assert!(
            outcome.last <= 1.5,
            "it was 4.0 when all of them asked the seed"
        );
    });
}

#[test]
#[ignore = "half a minute in a release build: cargo test --release -- --ignored a_thousand"]
fn a_thousand_leechers_stay_close_to_the_bound() {
    let mut close = Vec::new();
    for_each_seed(3, |random| {
        let places = in_a_room(random, 1000, SONG);
        let outcome = run("1,000 in a room", random, setup(places));
        // With test seed 0 nobody chooses the seed as a partner, and it has to offer itself: up to 0.15 s. Of the first
        // eight seeds three are not close to the bound, and seed 4 takes 1.453.
        assert!(outcome.last <= 1.45);
        assert!(outcome.duplicates <= 0.01);
        close.push(outcome.last <= 1.3 * bound(1000.0, SONG));
    });
    let all = close.len();
    let close = close.into_iter().filter(|&close| close).count();
    assert!(close + 1 >= all, "{close} of {all} are close to the bound");
}

#[test]
#[ignore = "half a minute in a release build: cargo test --release -- --ignored a_thousand"]
fn a_thousand_leechers_that_know_the_seed_alone_are_sent_on_to_each_other() {
    for_each_seed(1, |random| {
        let outcome = run(
            "1,000 around a seed",
            random,
            setup(around_a_seed(1000, SONG)),
        );
        assert!(
            outcome.last <= 2.0,
            "it was 16.6 when all of them asked the seed"
        );
    });
}

#[test]
fn a_thousand_leechers_all_get_a_short_track() {
    for_each_seed(1, |random| {
        let places = in_a_room(random, 1000, 8);
        let outcome = run("1,000, short", random, setup(places));
        assert!(
            outcome.last <= 25.0,
            "with this seed of the test nobody chose the seed as a partner"
        );
    });
}

#[test]
fn a_long_way_is_filled_with_requests() {
    for_each_seed(1, |random| {
        let mut setup = setup(around_a_seed(1, 4 * SONG));
        setup.latency_sec = 0.02;
        let outcome = run("1, 40 ms away", random, setup);
        assert!(outcome.last <= 1.35);
    });
}

// ---- when something goes wrong -----------------------------------------------------------------

#[test]
fn the_swarm_finishes_when_the_seed_dies_after_little_more_than_one_copy() {
    for_each_seed(5, |random| {
        let mut places = around_a_seed(8, SONG);
        for place in &mut places[1..] {
            place.up = RATE / 2.0;
        }
        let mut setup = setup(places);
        setup.faults = vec![(0.0, Fault::DiesAfter(0, u64::from(SONG) * 105 / 100))];
        let outcome = run("8, seed dies", random, setup);
        assert!((1.04..1.06).contains(&outcome.copies), "it died");
        assert!(outcome.last <= 2.5, "they have half of its rate");
    });
}

#[test]
fn leechers_that_die_or_fall_silent_hold_up_nobody() {
    for_each_seed(5, |random| {
        let mut setup = setup(around_a_seed(8, SONG));
        setup.faults = vec![
            (0.1, Fault::Dies(3)),
            (0.15, Fault::FallsSilent(4)),
            (0.2, Fault::Dies(5)),
        ];
        let outcome = run("8, three are lost", random, setup);
        assert!(outcome.last * f64::from(SONG) * CHUNK_SEC < silence_sec() / 10.0);
        assert!(outcome.last <= 1.5);
    });
}

#[test]
fn one_that_sends_wrong_chunks_is_left_alone_and_all_others_finish() {
    for_each_seed(5, |random| {
        let mut places = around_a_seed(8, SONG);
        places[2].corrupts = 10;
        let outcome = run("8, one corrupts", random, setup(places));
        assert!(outcome.last <= 1.4);
    });
}

#[test]
fn slow_leechers_do_not_hold_up_fast_ones() {
    for_each_seed(3, |random| {
        let mut places = around_a_seed(8, SONG);
        for place in &mut places[1..=2] {
            (place.up, place.down) = (RATE / 20.0, RATE / 2.0);
        }
        let outcome = run("8, two with slow uplinks", random, setup(places));
        assert!(outcome.middle <= 1.7);
        assert!(outcome.last <= 2.1, "their downlinks take twice the time");
    });
}

#[test]
fn late_comers_get_everything_from_those_who_have_it() {
    for_each_seed(3, |random| {
        let mut places = around_a_seed(8, SONG);
        for (place, late) in places[5..].iter_mut().zip(1..) {
            place.starts_at = 0.15 * f64::from(late);
        }
        let outcome = run("8, four come late", random, setup(places));
        assert!(outcome.last <= 1.3);
    });
}

#[test]
fn a_late_comer_finds_a_place_where_everybody_is_asked_by_enough_others() {
    for_each_seed(1, |random| {
        let mut places = around_a_seed(60, SONG);
        places[60].starts_at = 0.2;
        let outcome = run("60, one comes late", random, setup(places));
        assert!(outcome.last <= 1.8);
    });
}

#[test]
fn a_seed_that_cannot_be_dialled_offers_itself_to_whom_it_was_told_of() {
    for_each_seed(3, |random| {
        let mut places = around_a_seed(4, 8 * SONG);
        places[0].dialable = false;
        places[0].given = vec![1];
        for place in &mut places[2..] {
            place.given = vec![1];
        }
        places[1].given.clear();
        let outcome = run("4, seed behind a firewall", random, setup(places));
        assert!(outcome.last <= 2.0);
    });
}

#[test]
fn a_seed_that_comes_back_sends_first_what_nobody_has() {
    for_each_seed(3, |random| {
        let mut places = around_a_seed(4, SONG);
        let half = |odd: u32| {
            let mut held = Bitfield::new(SONG);
            (0..SONG / 2)
                .filter(|index| index % 2 == odd)
                .for_each(|index| {
                    held.set(index);
                });
            held
        };
        for (place, odd) in places[1..].iter_mut().zip([0, 1, 0, 1]) {
            place.held = half(odd);
        }
        let outcome = run("4, half is here", random, setup(places));
        // Three quarters are missing everywhere, and half of the track is nowhere but at the seed.
        assert!(outcome.last <= 0.8);
    });
}

#[test]
fn lost_packets_cost_a_part_of_the_time_and_not_all_of_it() {
    for_each_seed(2, |random| {
        let mut setup = setup(around_a_seed(8, SONG));
        setup.stalls = 0.05;
        let outcome = run("8, a chunk in 20 stands still", random, setup);
        assert!(outcome.last <= 6.0);
    });
}
