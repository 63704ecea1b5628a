//! `jam check`: is there a way to another machine, how far is it, how fast, and if not, what is in the way.

pub mod answer;
pub mod dial;
pub mod outcome;
pub mod room;
pub mod table;
pub mod visit;
pub mod wire;
pub mod words;

use super::Failure;
use crate::cli::{CheckOptions, CheckTarget};
use crate::limits::ANSWERS_GRACE;
use crate::room::address::Endpoint;
use crate::sys::addresses;
use crate::sys::secret::Secret;
use crate::sys::threads::Threads;
use answer::Answering;
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

/// Does what `options` say, and prints it on standard output.
///
/// # Errors
/// One line that says what is wrong, and what to do about it.
pub fn run(options: &CheckOptions) -> Result<(), Failure> {
    let secret = Secret::draw().map_err(|error| Failure::new("drawing random numbers", &error))?;
    let secret = Arc::new(secret);
    let done = match &options.target {
        CheckTarget::Peer(target) => check_machine(target, &secret, options.json),
        CheckTarget::Listen(port) => wait_for_checks(*port, &secret, options.json),
        CheckTarget::Room(address) => room::check(address, &secret, options.json),
    };
    done.map_err(Failure)
}

fn check_machine(target: &Endpoint, secret: &Secret, as_json: bool) -> Result<(), String> {
    let threads = Threads::default();
    let outcome = dial::check(target, secret, &threads);
    // Only a name that nobody answers about leaves a thread behind.
    let _left = threads.join_all(ANSWERS_GRACE);
    let name = target.to_string();
    print(&match as_json {
        true => format!("{}\n", words::report_json(&name, &outcome)),
        false => words::report(&name, &outcome),
    });
    match &outcome.trouble {
        None => Ok(()),
        Some(trouble) => Err(words::sentence(&name, trouble)),
    }
}

/// Until Ctrl-C.
fn wait_for_checks(port: u16, secret: &Arc<Secret>, as_json: bool) -> Result<(), String> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM]).map_err(|error| format!("waiting for signals: {error}"))?;
    let tell = move |from, visit| {
        print(&match as_json {
            true => format!("{}\n", words::visit_json(from, &visit)),
            false => format!("{}\n", words::visit_line(from, &visit)),
        });
    };
    let answering =
        Answering::start(port, secret, tell).map_err(|error| cannot_listen(port, &error))?;
    let local = answering.local();
    let reachable = addresses::reachable(local);
    print(&match as_json {
        true => format!(
            "{}\n",
            json!({ "port": local.port(), "addresses": reachable })
        ),
        false => words::waiting(local, &reachable),
    });
    signals.forever().next();
    answering.stop();
    Ok(())
}

fn cannot_listen(port: u16, error: &io::Error) -> String {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => " (another program has it; choose another one)",
        ErrorKind::PermissionDenied => {
            " (ports below 1024 need more rights; choose one from 1024 to 65535)"
        }
        _ => "",
    };
    format!("listening on port {port}: {error}{hint}")
}

/// A reader of standard output that has gone does not change what the network is like.
fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _gone = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}
