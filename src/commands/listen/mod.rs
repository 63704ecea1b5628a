//! `jam listen`: a loudspeaker of a room.
//!
//! - `conductor`: the thread that hears the room, knows its time, and tells two players what to do.
//! - `shelf`: the thread that fetches tracks through the swarm.
//! - `remote`: what a conductor shows, and how loud it plays, for somebody else who has the terminal.
//! - `reporter`, `words`: what the room and the user are told, and when; pure.

pub mod conductor;
pub mod remote;
pub mod reporter;
pub mod shelf;
pub mod words;

use super::Failure;
use super::company::{Ears, Part};
use super::session::Session;
use super::stop::Stop;
use crate::cli::{FETCH_PORT, ListenOptions};
use crate::client::member::{RoomEvent, join};
use crate::client::outgoing::Hello;
use crate::limits::{CLIENT_CLOSE_GRACE, LISTEN_EVENTS_MAX, THREAD_STACK_BYTES};
use crate::room::message::Role;
use crate::sys::secret;
use crate::sys::threads::Threads;
use crate::track::scratch::ScratchFolder;
use conductor::{Conductor, Stage};
use crossbeam_channel::bounded;
use shelf::Shelf;
use std::thread;

/// # Errors
/// When there is no player, or the room cannot be joined.
pub fn run(options: &ListenOptions) -> Result<(), Failure> {
    match options.fetch {
        true => listen_as_node(options),
        false => listen_alone(options),
    }
}

fn listen_as_node(options: &ListenOptions) -> Result<(), Failure> {
    let folder = ScratchFolder::make()?;
    let mut session = Session::start(None, FETCH_PORT, None, &[])?;
    let (ears, events) = bounded::<RoomEvent>(LISTEN_EVENTS_MAX);
    let part = Part {
        role: Role::Viewer,
        name: options.name.clone(),
        ears: Some(Ears {
            to: ears,
            wants: &["WAITING"],
            token: None,
        }),
    };
    let entered = session.enter(&options.room, part);
    let company = entered.map(|()| session.company.clone());
    let ended = match company {
        Ok(Some(company)) => {
            let shelf = Shelf::of(&options.room);
            let stage = Stage {
                link: company.link(),
                events,
                shelf: Some(&shelf),
                stop: &session.stop,
                remote: None,
            };
            thread::scope(|scope| {
                let _closed_at_the_end = Closing(&shelf);
                thread::Builder::new()
                    .name("shelf".into())
                    .stack_size(THREAD_STACK_BYTES)
                    .spawn_scoped(scope, || shelf.run(&session, folder.path()))
                    .map_err(|error| Failure::new("starting a thread", &error))?;
                Conductor::new(options, stage)?.run()
            })
        }
        // Without a company nobody has anything to say, and nobody is left in the room.
        Ok(None) => Ok(()),
        Err(failure) => {
            drop(events);
            Err(failure)
        }
    };
    session.end();
    ended
}

/// The shelf's thread is waited for, whatever ends the conductor.
struct Closing<'a>(&'a Shelf);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn listen_alone(options: &ListenOptions) -> Result<(), Failure> {
    let stop = Stop::on_signals().map_err(|error| Failure::new("waiting for signals", &error))?;
    let hello = Hello {
        role: Role::Viewer,
        display_name: options.name.clone(),
        node: false,
        wants: vec!["QUEUE", "WAITING"],
        token: None,
    };
    let threads = Threads::default();
    let seed = u64::from_be_bytes(secret::random_or_zero());
    let (link, events) = join(options.room.clone(), &hello, seed, &threads)
        .map_err(|error| Failure::new("starting a thread", &error))?;
    let stage = Stage {
        link: &link,
        events,
        shelf: None,
        stop: &stop,
        remote: None,
    };
    let ended = Conductor::new(options, stage).and_then(Conductor::run);
    link.leave();
    let _looking_up_a_name = threads.join_all(2 * CLIENT_CLOSE_GRACE);
    ended
}
