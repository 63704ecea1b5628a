//! What a viewer weighs who sits there and listens.

use crate::Outcome;
use crate::bench::Bench;
use crate::guests::Role;
use crate::report::{Report, column};
use crate::servers::Contestant;
use crate::stats::median;
use std::time::Duration;

const VIEWERS: usize = 1000;

/// # Errors
/// Never: a contestant that fails is a row that says so.
pub fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let taken = bench.interleave(bench.pick(2, 1), measure);
    report.add(
        "memory",
        "resident, for each of 1,000 idle viewers (kernel memory apart: sockets, and jam's kernel stacks)",
        bench,
        &[column("kib_per_viewer", "KiB/viewer", 1)],
        &taken,
        |rounds| vec![median(rounds)],
    );
    Ok(())
}

fn measure(contestant: &Contestant) -> Outcome<f64> {
    const SETTLE: Duration = Duration::from_secs(1);
    let server = contestant.start()?;
    let mut party = server.party()?;
    // The first member is not counted: it may load what all will share.
    party.gather("jam1", 1)?;
    party.idle(SETTLE)?;
    let before_kib = server.process.resident_kib()?;
    party.dial("jam1", Role::Viewer, VIEWERS, crate::client::Intake::Usual)?;
    party.wait_until_joined()?;
    party.idle(SETTLE)?;
    let after_kib = server.process.resident_kib()?;
    Ok((after_kib as f64 - before_kib as f64) / VIEWERS as f64)
}
