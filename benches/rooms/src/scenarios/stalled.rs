//! Ten phones in a tunnel: connected, and reading nothing.

use crate::Outcome;
use crate::bench::Bench;
use crate::client::Intake;
use crate::crowd::ClientId;
use crate::guests::Role;
use crate::party::Party;
use crate::report::{Report, column};
use crate::servers::Contestant;
use crate::stats::percentile;
use std::time::Duration;

const VIEWERS: usize = 500;
const STALLED: usize = 10;

/// More than the ten's sockets take on either side, and less than would have jam cut them off for its amount:
/// the ten are there, and behind, as long as this measures.
const SIGNALS_TO_EACH: usize = 4;
const SIGNAL_BLOB_BYTES: usize = 56 * 1024;

/// Within the ten seconds after which jam cuts off who takes nothing, and within what a host may say.
const PLAYS: usize = 60;
const PAUSE: Duration = Duration::from_millis(140);

/// A STATE that has not come by then counts as lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// After so many PLAYs in a row that did not reach everybody, the room is taken for stuck.
const GIVE_UP_AFTER: usize = 3;

struct Sample {
    without: Phase,
    with: Phase,
}

#[derive(Default)]
struct Phase {
    viewer_ms: Vec<f64>,
    lost: usize,
}

/// # Errors
/// Never: a contestant that fails is a row that says so.
pub fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let taken = bench.interleave_stacks(bench.pick(2, 1), measure);
    report.add(
        "stalled",
        "500 viewers, and ten more that never read: when each of the 500 has a STATE",
        bench,
        &[
            column("p50_without_ms", "p50 without ms", 2),
            column("p99_without_ms", "p99 without ms", 2),
            column("p50_with_ms", "p50 with ms", 2),
            column("p99_with_ms", "p99 with ms", 2),
            column("lost_without", "lost without", 0),
            column("lost_with", "lost with", 0),
        ],
        &taken,
        |rounds| {
            let without = Phase::of_all(rounds.iter().map(|it| &it.without));
            let with = Phase::of_all(rounds.iter().map(|it| &it.with));
            vec![
                percentile(&without.viewer_ms, 50.0),
                percentile(&without.viewer_ms, 99.0),
                percentile(&with.viewer_ms, 50.0),
                percentile(&with.viewer_ms, 99.0),
                without.lost as f64,
                with.lost as f64,
            ]
        },
    );
    Ok(())
}

fn measure(contestant: &Contestant) -> Outcome<Sample> {
    let server = contestant.start()?;
    let mut party = server.party()?;
    let host = party.gather("jam1", VIEWERS)?;
    let without = Phase::take(&mut party, host)?;
    let stalled = party.dial("jam1", Role::Viewer, STALLED, Intake::Tiny)?;
    // Ten of the others do the talking, so that the host's say is left for PLAYs.
    let talkers = party.dial("jam1", Role::Viewer, STALLED, Intake::Usual)?;
    party.wait_until_joined()?;
    for (&talker, &stalled) in talkers.iter().zip(&stalled) {
        party.stall(stalled)?;
        for _ in 0..SIGNALS_TO_EACH {
            party.signal(talker, stalled, SIGNAL_BLOB_BYTES);
        }
    }
    party.idle(PAUSE)?;
    let with = Phase::take(&mut party, host)?;
    Ok(Sample { without, with })
}

impl Phase {
    fn take(party: &mut Party, host: ClientId) -> Outcome<Self> {
        let mut phase = Self::default();
        let mut lost_in_a_row = 0;
        for _ in 0..PLAYS {
            party.play(&[host]);
            let round = party.finish_round(PATIENCE)?;
            phase.lost += round.missing;
            phase.viewer_ms.extend(round.viewer_ms);
            lost_in_a_row = if round.missing > 0 {
                lost_in_a_row + 1
            } else {
                0
            };
            if lost_in_a_row >= GIVE_UP_AFTER {
                break;
            }
            party.idle(PAUSE)?;
        }
        Ok(phase)
    }

    fn of_all<'a>(phases: impl Iterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for phase in phases {
            all.viewer_ms.extend(&phase.viewer_ms);
            all.lost += phase.lost;
        }
        all
    }
}
