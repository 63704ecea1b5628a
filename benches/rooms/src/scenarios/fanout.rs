//! The room's main work: one PLAY, and a STATE for everybody.

use crate::Outcome;
use crate::bench::{Bench, Taken};
use crate::crowd::ClientId;
use crate::party::{Party, STATE_PATIENCE};
use crate::report::{Column, Report, column};
use crate::servers::{Contestant, Server};
use crate::stats::{median, percentile};
use std::time::Duration;

/// Between a STATE that everybody has and the next PLAY. With no more PLAYs in a row than `PLAYS` this stays
/// within what jam lets one member say: forty at once, and ten a second after that.
const PAUSE: Duration = Duration::from_millis(60);

const WARM_UP_PLAYS: usize = 3;
const PLAYS: usize = 30;

/// What some PLAYs led to.
#[derive(Default)]
pub struct Sample {
    last_ms: Vec<f64>,
    cpu: Duration,
    delivered: usize,
    missing: usize,
}

pub const COLUMNS: &[Column] = &[
    column("p50_ms", "p50 ms", 2),
    column("p99_ms", "p99 ms", 2),
    column("cpu_us", "CPU µs/STATE", 1),
    column("lost", "lost", 0),
    column("plays", "PLAYs", 0),
];

/// # Errors
/// Never: a contestant that fails is a row that says so.
pub fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let rounds = bench.pick(4, 2);
    for &viewers in &bench.viewers {
        let taken = bench.interleave(rounds, |contestant| measure(contestant, viewers));
        add(bench, report, "fanout", viewers, &taken);
    }
    Ok(())
}

/// # Errors
/// Never: a failure is a row that says so.
pub fn run_large(bench: &Bench, report: &mut Report) -> Outcome<()> {
    const VIEWERS: usize = 5000;
    let taken = bench.jam_alone(1, |contestant| measure(contestant, VIEWERS));
    add(bench, report, "large", VIEWERS, &taken);
    Ok(())
}

fn add(
    bench: &Bench,
    report: &mut Report,
    scenario: &str,
    viewers: usize,
    taken: &[Taken<Sample>],
) {
    let title = "from a host's write until the last viewer has the STATE";
    let scenario = format!("{scenario}-{viewers}");
    report.add(&scenario, title, bench, COLUMNS, taken, sum_up);
}

fn measure(contestant: &Contestant, viewers: usize) -> Outcome<Sample> {
    let server = contestant.start()?;
    let mut party = server.party()?;
    let host = party.gather("jam1", viewers)?;
    Sample::take(&server, &mut party, &[host])
}

impl Sample {
    /// Lets the hosts press play together, again and again.
    ///
    /// # Errors
    /// When a room says what it must not, or its server is gone.
    pub fn take(server: &Server, party: &mut Party, hosts: &[ClientId]) -> Outcome<Self> {
        for _ in 0..WARM_UP_PLAYS {
            party.play(hosts);
            party.finish_round(STATE_PATIENCE)?;
            party.idle(PAUSE)?;
        }
        let mut sample = Self::default();
        let before = server.process.cpu_time()?;
        for _ in 0..PLAYS {
            party.play(hosts);
            let round = party.finish_round(STATE_PATIENCE)?;
            sample.last_ms.push(round.last_ms());
            sample.delivered += round.delivered;
            sample.missing += round.missing;
            party.idle(PAUSE)?;
        }
        sample.cpu = server.process.cpu_time()? - before;
        Ok(sample)
    }
}

/// The figures of `COLUMNS`.
#[must_use]
pub fn sum_up(rounds: &[Sample]) -> Vec<f64> {
    let last_ms: Vec<f64> = rounds.iter().flat_map(|it| it.last_ms.clone()).collect();
    let cpu_us: f64 = rounds.iter().map(|it| it.cpu.as_secs_f64() * 1e6).sum();
    let delivered: usize = rounds.iter().map(|it| it.delivered).sum();
    let missing: usize = rounds.iter().map(|it| it.missing).sum();
    vec![
        median(&last_ms),
        percentile(&last_ms, 99.0),
        cpu_us / delivered.max(1) as f64,
        missing as f64,
        last_ms.len() as f64,
    ]
}
