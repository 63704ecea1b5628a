//! `jam fetch`: gets tracks from all nodes that have them, and serves what it has meanwhile.

use super::Failure;
use super::company::{Company, Part};
use super::listing::list;
use super::progress::Progress;
use super::report::{Fetched, Source};
use super::session::Session;
use super::words::Waiting;
use crate::cli::{FETCH_PORT, FetchOptions, SeedAfter};
use crate::limits::{COMMAND_TICK, SEED_AFTER_USUAL, WAITING_AFTER};
use crate::room::message::Role;
use crate::swarm::bitfield::Bitfield;
use crate::swarm::store::part_file::{Opened, PartFile};
use crate::swarm::store::seed_file::SeedFile;
use crate::swarm::track_swarm::{Status, Taste, TrackSwarm};
use crate::track::id::TrackId;
use crate::track::manifest::Manifest;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// # Errors
/// When it was stopped, or the disk or the network did not let it finish.
pub fn run(options: &FetchOptions) -> Result<(), Failure> {
    let key = options.key.as_deref();
    let mut session = Session::start(options.listen_port, FETCH_PORT, key, &options.connect)?;
    if let Some(room) = &options.room {
        let (role, name) = (Role::Viewer, options.name.clone());
        session.enter(room, Part { role, name })?;
    }
    let mut progress = Progress::new(options.json);
    let fetched = fetch_all(options, &session, &mut progress);
    if let Err(Failure(message)) = &fetched {
        progress.failed(message);
    }
    drop(progress);
    let ended = fetched.map(|tracks| serve_on(options, &session, &tracks));
    session.end();
    ended
}

fn fetch_all(
    options: &FetchOptions,
    session: &Session,
    progress: &mut Progress,
) -> Result<Vec<Arc<TrackSwarm>>, Failure> {
    let ids = match options.track {
        Some(id) => vec![id],
        None => match &session.company {
            Some(company) => queue(session, company, progress)?,
            None => list(session, progress)?,
        },
    };
    let mut tracks = Vec::new();
    for id in ids {
        let track = TrackSwarm::new(id, session.key, None, Taste::default());
        session.join(&track)?;
        let fetched = fetch(options, session, &track, progress)?;
        progress
            .done(&fetched)
            .map_err(|error| Failure::new("writing to standard output", &error))?;
        tracks.push(track);
    }
    Ok(tracks)
}

/// What the room plays, and then what comes next.
fn queue(
    session: &Session,
    company: &Company,
    progress: &mut Progress,
) -> Result<Vec<TrackId>, Failure> {
    let began = Instant::now();
    loop {
        let wanted = company.wanted().unwrap_or_default();
        let ids = wanted
            .iter()
            .filter_map(|track| TrackId::parse(&track.track_id));
        let ids: Vec<TrackId> = ids.collect();
        if !ids.is_empty() {
            return Ok(ids);
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

fn fetch(
    options: &FetchOptions,
    session: &Session,
    track: &Arc<TrackSwarm>,
    progress: &mut Progress,
) -> Result<Fetched, Failure> {
    let began = Instant::now();
    let manifest = loop {
        if let Some(manifest) = track.wait_for_manifest(COMMAND_TICK) {
            break manifest;
        }
        if session.stop.is_asked() {
            return Err(Failure::stopped());
        }
        wait(session, track, progress, began.elapsed());
    };
    let (part, had_bytes) = match open(options, session, &manifest, progress)? {
        Opened::AlreadyThere(path) => {
            return serve_there(session, track, manifest, path, progress);
        }
        Opened::Part(part, held) => {
            let part = Arc::new(part);
            let layout = manifest.layout();
            let bytes = held
                .iter_ones()
                .map(|index| layout.chunk_bytes(index) as u64);
            let had_bytes = bytes.sum::<u64>();
            track.begin(Arc::clone(&manifest), part.clone(), held);
            (part, had_bytes)
        }
    };
    let length = manifest.layout().length();
    let mut last_gain = (Instant::now(), had_bytes);
    loop {
        track.wait_for_end(COMMAND_TICK);
        if let Some(error) = track.take_failure() {
            let hint = if error.is_disk_full() {
                " (free some space and run the same command again: what is there is kept)"
            } else {
                ""
            };
            return Err(Failure(format!("{error}{hint}")));
        }
        let status = track.status();
        if status.complete {
            break;
        }
        if session.stop.is_asked() {
            return Err(Failure(format!(
                "stopped; {} of {length} bytes are kept in {} (run the same command again to go on)",
                status.held_bytes,
                part.path().display()
            )));
        }
        if status.held_bytes != last_gain.1 {
            last_gain = (Instant::now(), status.held_bytes);
        }
        if last_gain.0.elapsed() < Duration::from_secs(2) {
            progress.fetching(status.held_bytes, length, status.peers);
        } else {
            say_waiting(session, &status, &manifest, progress);
        }
    }
    let path = part.finish()?;
    Ok(report(track, path, length, had_bytes, began.elapsed()))
}

fn open(
    options: &FetchOptions,
    session: &Session,
    manifest: &Manifest,
    progress: &mut Progress,
) -> Result<Opened, Failure> {
    let mut hashing = hashing(session, progress);
    Ok(PartFile::open(&options.output, manifest, &mut hashing)?)
}

/// Tells how far hashing is, and calls it off when the program is asked to stop.
fn hashing(
    session: &Session,
    progress: &mut Progress,
) -> impl FnMut(&Path, u64, u64) -> ControlFlow<()> {
    |path, done, total| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        progress.hashing(&name, done, total);
        match session.stop.is_asked() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// It is there already: others may have it.
fn serve_there(
    session: &Session,
    track: &Arc<TrackSwarm>,
    manifest: Arc<Manifest>,
    path: PathBuf,
    progress: &mut Progress,
) -> Result<Fetched, Failure> {
    let layout = manifest.layout();
    let size = Some(layout.chunk_size());
    let (store, found) = SeedFile::open(&path, size, &mut hashing(session, progress))?;
    if found.id() == manifest.id() {
        track.begin(manifest, Arc::new(store), Bitfield::full(layout.count()));
    }
    let length = layout.length();
    Ok(report(track, path, length, length, Duration::ZERO))
}

fn report(
    track: &TrackSwarm,
    path: PathBuf,
    bytes: u64,
    had_bytes: u64,
    took: Duration,
) -> Fetched {
    let sources = track.status().sources;
    Fetched {
        path,
        bytes,
        had_bytes,
        seconds: took.as_secs_f64(),
        sources: sources
            .iter()
            .map(|source| Source {
                node: source.node.to_string(),
                address: source.address.map(|address| address.to_string()),
                seed: source.seed,
                bytes: source.bytes,
            })
            .collect(),
    }
}

fn wait(session: &Session, track: &TrackSwarm, progress: &mut Progress, waited: Duration) {
    if waited >= WAITING_AFTER {
        session.say_nobody(&track.status(), progress);
    }
}

fn say_waiting(session: &Session, status: &Status, manifest: &Manifest, progress: &mut Progress) {
    if status.peers > 0 {
        let missing = manifest.layout().length() - status.held_bytes;
        let chunk = u64::from(manifest.layout().chunk_size().bytes());
        progress.waiting(&Waiting::Chunks {
            missing: u32::try_from(missing.div_ceil(chunk)).unwrap_or(u32::MAX),
            peers: status.peers,
        });
    } else {
        session.say_nobody(status, progress);
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
