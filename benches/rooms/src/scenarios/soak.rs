//! An hour's coming and going in two minutes, and what is left of it.

use crate::Outcome;
use crate::bench::Bench;
use crate::client::Intake;
use crate::guests::Role;
use crate::report::{Report, column};
use crate::servers::{Contestant, Server};
use std::time::{Duration, Instant};

const AT_ONCE: usize = 50;

struct Sample {
    visits: usize,
    seconds: f64,
    before: Footprint,
    after: Footprint,
}

#[derive(Clone, Copy)]
struct Footprint {
    resident_kib: u64,
    threads: u64,
    descriptors: u64,
}

/// # Errors
/// Never: a failure is a row that says so.
pub fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let visits = bench.pick(50_000, 12_500);
    let time = Duration::from_secs(bench.pick(120, 30));
    let taken = bench.jam_alone(1, |contestant| measure(contestant, visits, time));
    report.add(
        "soak",
        "viewers come, hear STATE and leave, fifty at a time; before and after",
        bench,
        &[
            column("visits", "visits", 0),
            column("seconds", "seconds", 0),
            column("rss_before_kib", "KiB before", 0),
            column("rss_after_kib", "after", 0),
            column("threads_before", "threads before", 0),
            column("threads_after", "after", 0),
            column("descriptors_before", "descriptors before", 0),
            column("descriptors_after", "after", 0),
        ],
        &taken,
        |rounds| {
            let last = rounds.last().expect("at least one round");
            vec![
                last.visits as f64,
                last.seconds,
                last.before.resident_kib as f64,
                last.after.resident_kib as f64,
                last.before.threads as f64,
                last.after.threads as f64,
                last.before.descriptors as f64,
                last.after.descriptors as f64,
            ]
        },
    );
    Ok(())
}

fn measure(contestant: &Contestant, visits: usize, time: Duration) -> Outcome<Sample> {
    let server = contestant.start()?;
    let mut party = server.party()?;
    party.gather("jam1", 1)?;
    party.idle(Duration::from_millis(500))?;
    let few_threads = server.process.threads()?;
    // A first wave makes what every later one uses again.
    let first = party.dial("jam1", Role::Viewer, AT_ONCE, Intake::Usual)?;
    party.wait_until_joined()?;
    party.hang_up(&first);
    let before = settle(&server, few_threads)?;
    let began = Instant::now();
    for wave in 1..=visits / AT_ONCE {
        // A crowd of its own for each, so that those who left cost nothing.
        let mut visitors = server.party()?;
        visitors.dial("jam1", Role::Viewer, AT_ONCE, Intake::Usual)?;
        visitors.wait_until_joined()?;
        drop(visitors);
        let due = time.mul_f64((wave * AT_ONCE) as f64 / visits as f64);
        party.idle(due.saturating_sub(began.elapsed()))?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = settle(&server, before.threads)?;
    Ok(Sample {
        visits,
        seconds,
        before,
        after,
    })
}

/// Once no more than so many threads are left, or after a while.
fn settle(server: &Server, threads: u64) -> Outcome<Footprint> {
    const PATIENCE: Duration = Duration::from_secs(15);
    let deadline = Instant::now() + PATIENCE;
    while server.process.threads()? > threads && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(Footprint {
        resident_kib: server.process.resident_kib()?,
        threads: server.process.threads()?,
        descriptors: server.process.descriptors()?,
    })
}
