//! Many small parties in one server.

use crate::Outcome;
use crate::bench::Bench;
use crate::report::Report;
use crate::scenarios::fanout::{COLUMNS, Sample, sum_up};
use crate::servers::Contestant;

const ROOMS: usize = 100;
const VIEWERS: usize = 9;

/// # Errors
/// Never: a contestant that fails is a row that says so.
pub fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let taken = bench.interleave_stacks(bench.pick(3, 1), measure);
    report.add(
        "rooms",
        "100 rooms of ten: from all hosts' writes until the last viewer of all has the STATE",
        bench,
        COLUMNS,
        &taken,
        sum_up,
    );
    Ok(())
}

fn measure(contestant: &Contestant) -> Outcome<Sample> {
    let server = contestant.start()?;
    let mut party = server.party()?;
    let mut hosts = Vec::new();
    for room in 0..ROOMS {
        hosts.push(party.gather(&format!("room{room}"), VIEWERS)?);
    }
    Sample::take(&server, &mut party, &hosts)
}
