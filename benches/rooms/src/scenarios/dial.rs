//! A link is posted, and everybody opens it in the same moment.

use crate::Outcome;
use crate::bench::Bench;
use crate::client::Intake;
use crate::guests::Role;
use crate::report::{Report, column};
use crate::servers::Contestant;
use crate::stats::{median, percentile};
use std::time::Instant;

const VIEWERS: usize = 2000;

/// # Errors
/// Never: a contestant that fails is a row that says so.
pub fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let taken = bench.interleave_stacks(bench.pick(5, 2), measure);
    report.add(
        "dial",
        "2,000 viewers dial at once, until the last has its first STATE",
        bench,
        &[column("p50_s", "p50 s", 3), column("max_s", "worst s", 3)],
        &taken,
        |rounds| vec![median(rounds), percentile(rounds, 100.0)],
    );
    Ok(())
}

fn measure(contestant: &Contestant) -> Outcome<f64> {
    let server = contestant.start()?;
    let mut party = server.party()?;
    party.gather("jam1", 1)?;
    let began = Instant::now();
    party.dial("jam1", Role::Viewer, VIEWERS, Intake::Usual)?;
    party.wait_until_joined()?;
    Ok(began.elapsed().as_secs_f64())
}
