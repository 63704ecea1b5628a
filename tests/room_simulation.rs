//! Whole rooms in simulated time: the real room, clocks and followers, on machines whose clocks are off, over networks
//! that delay and break, while people press keys, machines sleep and the server is killed.
//!
//! What has to hold is in `room_simulation/watch.rs`. `JAM_TEST_SEED=17` runs one seed. Many more seeds and longer
//! sleeps: `cargo test --release room_simulation -- --ignored --nocapture`.

mod bounds;
mod listener;
mod machine;
mod plan;
mod player;
mod server;
mod steps;
mod troubles;
mod watch;
mod ways;
mod world;

use crate::common::random::{Random, for_each_seed};
use plan::{Mixture, Plan};
use watch::Broken;
use world::World;

/// Lines of what happened before a failure.
const TRACE_LINES: usize = 40;

const CALM: Mixture = Mixture {
    members_max: 4,
    deeds_max: 8,
    troubles_max: 0,
    kills: false,
    sleep_sec: 0.0,
    busy_sec: 35.0,
};

fn run(plan: &Plan) -> (Option<Broken>, World) {
    let mut world = World::new(plan, false);
    world.run();
    (world.watch.broken.take(), world)
}

/// Runs the plan of each seed; of one that fails the smallest part that still does.
fn simulate(seeds: u64, mixture: Mixture) {
    let (mut compared, mut started) = (0, 0);
    for_each_seed(seeds, |random: &mut Random| {
        let plan = Plan::draw(random, mixture);
        let (broken, world) = run(&plan);
        compared += world.watch.compared;
        started += world.watch.started;
        if broken.is_some() {
            let plan = shrink(plan);
            let mut world = World::new(&plan, true);
            world.run();
            let broken = world.watch.broken.expect("the same again");
            let trace = world.trace.expect("it was asked for");
            let from = trace.len().saturating_sub(TRACE_LINES);
            panic!(
                "{plan}\n{}\nat {:.3} s: {}",
                trace[from..].join("\n"),
                broken.at,
                broken.what
            );
        }
    });
    println!("{compared} places and {started} starts were compared");
}

/// Takes out what is not needed for a failure: members from the last one on, then what happens.
fn shrink(mut plan: Plan) -> Plan {
    loop {
        let smaller = plan.smaller();
        match smaller.into_iter().find(|plan| run(plan).0.is_some()) {
            Some(smaller) => plan = smaller,
            None => return plan,
        }
    }
}

#[test]
fn rooms_without_trouble_agree() {
    simulate(60, CALM);
}

#[test]
fn rooms_agree_again_after_every_trouble() {
    simulate(
        100,
        Mixture {
            troubles_max: 4,
            sleep_sec: 25.0,
            ..CALM
        },
    );
}

#[test]
fn rooms_agree_again_when_the_server_is_killed() {
    simulate(
        60,
        Mixture {
            troubles_max: 3,
            kills: true,
            sleep_sec: 25.0,
            ..CALM
        },
    );
}

#[test]
#[ignore = "minutes in a release build: cargo test --release room_simulation -- --ignored --nocapture"]
fn thousands_of_rooms_agree_again_after_many_troubles_and_long_sleeps() {
    simulate(
        3000,
        Mixture {
            members_max: 6,
            deeds_max: 14,
            troubles_max: 7,
            kills: true,
            sleep_sec: 900.0,
            busy_sec: 60.0,
        },
    );
}
