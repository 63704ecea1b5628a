//! `jam fetch`: gets tracks from all nodes that have them, and serves what it has meanwhile.
//!
//! Of several tracks one that cannot be had does not keep the others from coming. In a room one for which nothing comes
//! makes way for them and has its turn again later, until nothing has come for any of them for long.

use super::Failure;
use super::company::{Company, Part};
use super::download::{Download, Turn};
use super::listing::list;
use super::progress::Progress;
use super::report::{self, Missed};
use super::session::Session;
use super::words::Waiting;
use crate::cli::{FETCH_PORT, FetchOptions, SeedAfter};
use crate::limits::{COMMAND_TICK, FETCH_PATIENCE, FETCH_TURN, SEED_AFTER_USUAL, WAITING_AFTER};
use crate::room::message::Role;
use crate::swarm::track_swarm::TrackSwarm;
use crate::track::id::TrackId;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// # Errors
/// When it was stopped, or the disk or the network did not let it finish all tracks.
pub fn run(options: &FetchOptions) -> Result<(), Failure> {
    let key = options.key.as_deref();
    let mut session = Session::start(options.listen_port, FETCH_PORT, key, &options.connect)?;
    if let Some(room) = &options.room {
        let (role, name) = (Role::Viewer, options.name.clone());
        let ears = None;
        session.enter(room, Part { role, name, ears })?;
    }
    let mut progress = Progress::new(options.json);
    let fetched = fetch_all(options, &session, &mut progress);
    let (tracks, failure) = match fetched {
        Ok(harvest) => (
            harvest.tracks,
            report::missing(&harvest.missed, harvest.of).map(Failure),
        ),
        Err(failure) => (Vec::new(), Some(failure)),
    };
    if let Some(Failure(message)) = &failure {
        progress.failed(message);
    }
    drop(progress);
    if !tracks.is_empty() {
        serve_on(options, &session, &tracks);
    }
    session.end();
    failure.map_or(Ok(()), Err)
}

/// What came of all that was wanted.
#[derive(Default)]
struct Harvest {
    of: usize,
    tracks: Vec<Arc<TrackSwarm>>,
    missed: Vec<Missed>,
}

/// # Errors
/// When it was stopped, the result cannot be told, or the only track cannot be had.
fn fetch_all(
    options: &FetchOptions,
    session: &Session,
    progress: &mut Progress,
) -> Result<Harvest, Failure> {
    let mut waiting: VecDeque<Download> = match (options.track, &session.company) {
        (Some(id), _) => VecDeque::from([Download::new(session, id, None)]),
        (None, Some(company)) => queue(session, company, progress)?,
        (None, None) => {
            let listed = list(session, progress)?.into_iter();
            let wanted = listed.map(|one| Download::new(session, one.track, Some(one.name)));
            wanted.collect()
        }
    };
    let of = waiting.len();
    let mut harvest = Harvest {
        of,
        ..Harvest::default()
    };
    // A track alone is waited for: it is in nobody's way.
    let turn = (of > 1 && session.company.is_some()).then_some(FETCH_TURN);
    let mut in_vain = InVain::default();
    while let Some(mut download) = waiting.pop_front() {
        match download.take_turn(options, session, progress, turn) {
            Ok(Turn::Done(fetched)) => {
                progress
                    .done(&fetched)
                    .map_err(|error| Failure::new("writing to standard output", &error))?;
                harvest.tracks.push(download.track);
            }
            Ok(Turn::InVain) => {
                progress.set_aside();
                let was_first = download.is_first_turn();
                waiting.push_back(download);
                if in_vain.is_over(was_first, &waiting) {
                    for download in waiting.drain(..) {
                        let why = download.why_in_vain(session);
                        harvest
                            .missed
                            .push(download.give_up(session, progress, why));
                    }
                }
            }
            Err(failure) if of == 1 || session.stop.is_asked() => return Err(failure),
            Err(Failure(why)) => {
                harvest
                    .missed
                    .push(download.give_up(session, progress, why));
            }
        }
    }
    Ok(harvest)
}

/// How long nothing has come of any of the tracks that wait, each of which has had a turn.
#[derive(Default)]
struct InVain {
    held_bytes: u64,
    time: Duration,
}

impl InVain {
    /// After a turn of which nothing came.
    fn is_over(&mut self, was_first_turn: bool, waiting: &VecDeque<Download>) -> bool {
        let held_bytes = waiting.iter().map(|one| one.track.status().held_bytes);
        let held_bytes = held_bytes.sum();
        if was_first_turn || held_bytes != self.held_bytes {
            *self = Self {
                held_bytes,
                time: Duration::ZERO,
            };
            return false;
        }
        self.time += FETCH_TURN;
        self.time >= FETCH_PATIENCE
    }
}

/// What the room plays, and then what comes next.
fn queue(
    session: &Session,
    company: &Company,
    progress: &mut Progress,
) -> Result<VecDeque<Download>, Failure> {
    let began = Instant::now();
    loop {
        let wanted = company.wanted().unwrap_or_default();
        let wanted = wanted.into_iter().filter_map(|track| {
            let id = TrackId::parse(&track.track_id)?;
            Some(Download::new(session, id, Some(track.name)))
        });
        let wanted: VecDeque<Download> = wanted.collect();
        if !wanted.is_empty() {
            return Ok(wanted);
        }
        if began.elapsed() >= WAITING_AFTER {
            let room = company.room();
            progress.waiting(&Waiting::EmptyRoom { room });
        }
        if session.pause(COMMAND_TICK) {
            return Err(Failure::stopped());
        }
    }
}

/// Goes on serving as long as the user wants, or as long as the others need it.
fn serve_on(options: &FetchOptions, session: &Session, tracks: &[Arc<TrackSwarm>]) {
    let (at_least, at_most) = match options.seed_after {
        SeedAfter::OthersDone => (Duration::ZERO, Some(SEED_AFTER_USUAL)),
        SeedAfter::AtLeast(time) => (time, Some(time)),
        SeedAfter::Stopped => (Duration::ZERO, None),
    };
    let began = Instant::now();
    while !session.stop.is_asked() {
        let elapsed = began.elapsed();
        if at_most.is_some_and(|most| elapsed >= most) {
            return;
        }
        let leechers = tracks.iter().map(|track| track.status().leechers);
        let needed = leechers.sum::<usize>() > 0;
        if at_most.is_some()
            && elapsed >= at_least
            && !needed
            && options.seed_after == SeedAfter::OthersDone
        {
            return;
        }
        if session.pause(COMMAND_TICK) {
            return;
        }
    }
}
