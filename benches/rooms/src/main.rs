//! Measures jam's rooms beside the same room on other stacks, and prints tables.
//!
//! One thread with non-blocking sockets is all listeners; servers are child processes, one at a time. Every
//! figure of a scenario is taken in rounds, contestant after contestant, so that a noisy moment hits all.

mod bench;
mod client;
mod crowd;
mod download;
mod frame;
mod goals;
mod guests;
mod options;
mod party;
mod process;
mod report;
mod scenarios;
mod servers;
mod stats;
mod table;

use bench::Bench;
use options::{Command, Options};
use report::Report;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::process::ExitCode;

/// What went wrong, in words.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let done = match options::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Command::Run(options)) => run(&options),
        Err(error) => {
            eprintln!("bench-rooms: {error}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-rooms: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Outcome<()> {
    stop_servers_when_told_to_end()?;
    let descriptors = rlimit::increase_nofile_limit(u64::MAX)?;
    let bench = Bench::new(options, descriptors)?;
    let mut report = Report::default();
    for scenario in scenarios::ALL {
        if options.scenarios.is_empty() || options.scenarios.contains(&scenario.name.into()) {
            eprintln!("{}: {}", scenario.name, scenario.what);
            (scenario.run)(&bench, &mut report)?;
        }
    }
    report.judge();
    print!("{}", report.text());
    if let Some(path) = &options.json {
        std::fs::write(path, report.json())?;
    }
    Ok(())
}

/// A signal ends the program without unwinding, so the children are ended here.
fn stop_servers_when_told_to_end() -> Outcome<()> {
    const KILLED_BY_SIGNAL: i32 = 128;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                process::kill_all();
                std::process::exit(KILLED_BY_SIGNAL + signal);
            }
        })?;
    Ok(())
}
