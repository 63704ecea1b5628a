//! Which tracks the nodes have that were named, when no track was.

use super::Failure;
use super::progress::Progress;
use super::session::Session;
use super::words::Waiting;
use crate::limits::{COMMAND_TICK, LIST_AGAIN, SWARM_STACK_BYTES, WAITING_AFTER};
use crate::swarm::frame::Listed;
use crate::swarm::lister;
use crate::swarm::wire::WireError;
use crossbeam_channel::{RecvTimeoutError, bounded};
use std::net::SocketAddr;
use std::time::Instant;

/// Where a node was asked, and what it said.
type Answer = (SocketAddr, Result<Vec<Listed>, WireError>);

/// What all of them have together, those of the first one first.
///
/// # Errors
/// When the program was asked to stop, or the system has no room for a thread.
pub fn list(session: &Session, progress: &mut Progress) -> Result<Vec<Listed>, Failure> {
    let began = Instant::now();
    // The second name is as good as the first, unless it takes long.
    while session.is_looking_up() && began.elapsed() < WAITING_AFTER {
        if session.pause(COMMAND_TICK / 10) {
            return Err(Failure::stopped());
        }
    }
    loop {
        let mut tried = session.unresolved();
        let mut all: Vec<Listed> = Vec::new();
        for (address, answer) in ask_all(session)? {
            match answer {
                Ok(tracks) if tracks.is_empty() => {
                    tried.push((address.to_string(), "it has no tracks".into()));
                }
                Ok(tracks) => {
                    for listed in tracks {
                        if !all.iter().any(|known| known.track == listed.track) {
                            all.push(listed);
                        }
                    }
                }
                Err(error) => tried.push((address.to_string(), error.to_string())),
            }
        }
        if !all.is_empty() {
            return Ok(all);
        }
        if began.elapsed() >= WAITING_AFTER {
            progress.waiting(&Waiting::Nobody { tried: &tried });
        }
        // Soon while the names are still being looked up; whoever was asked is not asked again at once.
        let pause = match tried.is_empty() {
            true => COMMAND_TICK,
            false => LIST_AGAIN,
        };
        if session.pause(pause) {
            return Err(Failure::stopped());
        }
    }
}

/// The answers of all addresses that are known, in the order in which those were typed. Each is asked in a thread of its own,
/// so that none that is silent keeps the others waiting, or Ctrl-C.
fn ask_all(session: &Session) -> Result<Vec<Answer>, Failure> {
    let addresses = session.resolved();
    let (sender, answers) = bounded(addresses.len());
    for &address in &addresses {
        let (sender, own, key) = (sender.clone(), session.identity(), session.key);
        let ask = move || {
            // Nobody waits any more when others were faster.
            let _late = sender.send((address, lister::list(address, own, key)));
        };
        let spawned = session.threads.spawn("list", SWARM_STACK_BYTES, ask);
        spawned.map_err(|error| Failure::new("starting a thread", &error))?;
    }
    drop(sender);
    let mut all: Vec<Answer> = Vec::new();
    let mut enough_at = None;
    while enough_at.is_none_or(|at| Instant::now() < at) {
        match answers.recv_timeout(COMMAND_TICK) {
            Ok(answer) => {
                if answer.1.as_ref().is_ok_and(|tracks| !tracks.is_empty()) {
                    enough_at.get_or_insert_with(|| Instant::now() + WAITING_AFTER);
                }
                all.push(answer);
            }
            Err(RecvTimeoutError::Timeout) if session.stop.is_asked() => {
                return Err(Failure::stopped());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    session.threads.reap();
    all.sort_by_key(|(address, _)| addresses.iter().position(|known| known == address));
    Ok(all)
}
