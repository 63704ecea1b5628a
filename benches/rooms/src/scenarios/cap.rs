//! Far more clients than the server admits, all at once.

use crate::Outcome;
use crate::bench::Bench;
use crate::client::Intake;
use crate::guests::Role;
use crate::party::Party;
use crate::report::{Report, column};
use crate::servers::Contestant;
use std::time::{Duration, Instant};

const CAP: usize = 500;
const DIALLING: usize = 8 * CAP;

/// For a word to everybody, one way or the other.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Sample {
    let_in: usize,
    told_503: usize,
    closed: usize,
    hanging: usize,
    decided_s: f64,
    again_s: f64,
}

/// # Errors
/// Never: a failure is a row that says so.
pub fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let taken = bench.jam_alone(1, measure);
    report.add(
        "cap",
        "jam --max-connections 500, and 4,000 dial at once",
        bench,
        &[
            column("let_in", "let in", 0),
            column("told_503", "told 503", 0),
            column("closed", "just closed", 0),
            column("hanging", "hanging", 0),
            column("decided_s", "all decided s", 2),
            column("again_s", "next one in after s", 2),
        ],
        &taken,
        |rounds| {
            let last = rounds.last().expect("at least one round");
            vec![
                last.let_in as f64,
                last.told_503 as f64,
                last.closed as f64,
                last.hanging as f64,
                last.decided_s,
                last.again_s,
            ]
        },
    );
    Ok(())
}

fn measure(contestant: &Contestant) -> Outcome<Sample> {
    let server = contestant
        .with(&["--max-connections", &CAP.to_string()])
        .start()?;
    // Nobody is there: the connection that saw the server up has to be gone.
    std::thread::sleep(Duration::from_millis(100));
    let mut party = server.party()?;
    let mut sample = Sample::default();
    let began = Instant::now();
    let ids = party.dial("jam1", Role::Viewer, DIALLING, Intake::Usual)?;
    while undecided(&party) > 0 && began.elapsed() < PATIENCE {
        party.pump_until(began + PATIENCE)?;
    }
    sample.decided_s = began.elapsed().as_secs_f64();
    sample.hanging = undecided(&party);
    sample.let_in = ids.iter().filter(|&&id| party.guests().is_in(id)).count();
    for status in party.guests().lost() {
        match status {
            Some(503) => sample.told_503 += 1,
            Some(other) => return Err(format!("status {other}").into()),
            None => sample.closed += 1,
        }
    }
    party.hang_up(&ids);
    sample.again_s = next_one_in(server.party()?)?;
    Ok(sample)
}

fn undecided(party: &Party) -> usize {
    party.guests().outside() - party.guests().lost().count()
}

/// How long it takes until somebody gets in again.
fn next_one_in(mut party: Party) -> Outcome<f64> {
    let began = Instant::now();
    loop {
        let id = party.dial("jam1", Role::Host, 1, Intake::Usual)?[0];
        let lost_before = party.guests().lost().count();
        while !party.guests().is_in(id) && party.guests().lost().count() == lost_before {
            if began.elapsed() > PATIENCE {
                return Err("nobody gets in any more".into());
            }
            party.pump_until(began + PATIENCE)?;
        }
        if party.guests().is_in(id) {
            return Ok(began.elapsed().as_secs_f64());
        }
        party.idle(Duration::from_millis(10))?;
    }
}
