//! The program: parses its arguments, runs one command, prints one error line, and ends with its exit code.
//!
//! Exit codes: 0 done, 1 could not do it, 2 wrong arguments.

use jam::cli::{
    self, Command, HOST_KEY_VARIABLE, NEW_KEY_VARIABLE, ROOM_KEY_VARIABLE, UsageError,
    keys_of_environment,
};
use jam::commands::{self, Failure, print};
use jam::sys::logger::Logger;
use jam::sys::pen::Pen;
use log::LevelFilter;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut invocation = match cli::parse(std::env::args_os().skip(1)) {
        Ok(invocation) => invocation,
        Err(error) => return wrong_usage(&error),
    };
    let variable = |name| std::env::var_os(name);
    let keys = keys_of_environment(variable(ROOM_KEY_VARIABLE), variable(HOST_KEY_VARIABLE));
    match (keys, &mut invocation.command) {
        (_, Command::Print(_)) => {}
        (Ok(keys), command) => {
            command.add_keys(&keys);
            if let Err(error) = command.add_new_key(variable(NEW_KEY_VARIABLE)) {
                return wrong_usage(&error);
            }
        }
        (Err(error), _) => return wrong_usage(&error),
    }
    let done = match invocation.command {
        Command::Print(text) => print(&text),
        command => {
            let level = match invocation.log {
                Some(level) => Ok(level),
                None => log_level_of_environment(&command),
            };
            let level = match level {
                Ok(level) => level,
                Err(error) => return wrong_usage(&error),
            };
            // Lives as long as the command, and writes what is left when it ends.
            match Logger::start(level) {
                Ok(_log) => run(command),
                Err(error) => Err(Failure::new("starting the log", &error)),
            }
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Print(text) => print(&text),
        Command::Server(options) => commands::server::run(&options),
        Command::Seed(options) => commands::seed::run(&options),
        Command::Fetch(options) => commands::fetch::run(&options),
        Command::Listen(options) => commands::listen::run(&options),
        Command::Host(options) => commands::host::run(&options),
        Command::Peer(options) => commands::peer::run(&options),
        Command::Check(options) => commands::check::run(&options),
    }
}

fn fail(Failure(line): &Failure) -> ExitCode {
    tell(line);
    ExitCode::from(1)
}

fn wrong_usage(UsageError(line): &UsageError) -> ExitCode {
    tell(line);
    ExitCode::from(2)
}

/// A terminal that takes nothing does not keep the program.
fn tell(line: &str) {
    let line = format!("jam: {line}\n");
    match Pen::start(io::stderr()) {
        // Dropped, it waits a moment until the line is there.
        Ok(pen) => drop(pen.write(line)),
        Err(_no_thread) => eprint!("{line}"),
    }
}

/// A server tells what happens; the others talk to somebody at a terminal, who wants to hear of trouble only.
fn log_level_of_environment(command: &Command) -> Result<LevelFilter, UsageError> {
    match std::env::var("JAM_LOG") {
        Ok(level) if !level.is_empty() => cli::parse_log_level(&level),
        _ => Ok(match command {
            Command::Server(_) => LevelFilter::Info,
            _ => LevelFilter::Warn,
        }),
    }
}
