//! `jam seed`: hashes files and serves them until it is stopped.

use super::company::{Company, Part};
use super::progress::Progress;
use super::report::{self, Invitation, Seeded};
use super::session::Session;
use super::stop::Stop;
use super::{Failure, print};
use crate::cli::{SEED_PORT, SeedOptions};
use crate::client::outgoing::Offer;
use crate::limits::COMMAND_TICK;
use crate::room::message::Role;
use crate::swarm::bitfield::Bitfield;
use crate::swarm::store::StoreError;
use crate::swarm::store::seed_file::SeedFile;
use crate::swarm::track_swarm::{Taste, TrackSwarm};
use crate::track::chunks::ChunkSize;
use crate::track::manifest::Manifest;
use crate::track::sniff::sniff;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// # Errors
/// When a file cannot be served, the port is taken, or no file is left to serve.
pub fn run(options: &SeedOptions) -> Result<(), Failure> {
    let key = options.key.as_deref();
    let mut session = Session::start(options.listen_port, SEED_PORT, key, &[])?;
    let files = hash(&options.files, options.chunk_size, &session.stop)?;
    if let Some(room) = &options.room {
        let role = if options.host {
            Role::Host
        } else {
            Role::Viewer
        };
        let name = options.name.clone();
        let ears = None;
        session.enter(room, Part { role, name, ears })?;
    }
    let mut tracks = share(&session, files)?;
    invite(options, &session, &tracks)?;
    let ended = serve(&session, &mut tracks);
    session.end();
    ended
}

/// Serves files from now on, to the room if there is one.
///
/// # Errors
/// When the system has no room for a thread.
pub fn share(
    session: &Session,
    files: Vec<(SeedFile, Manifest)>,
) -> Result<Vec<Arc<TrackSwarm>>, Failure> {
    let mut tracks = Vec::new();
    for (store, manifest) in files {
        let track = TrackSwarm::new(manifest.id(), session.key, None, Taste::default());
        let held = Bitfield::full(manifest.layout().count());
        track.begin(Arc::new(manifest), Arc::new(store), held);
        session.join(&track)?;
        offer(session, &track);
        tracks.push(track);
    }
    Ok(tracks)
}

/// Into the room's queue, if it is music.
fn offer(session: &Session, track: &TrackSwarm) {
    let (Some(company), Some(content)) = (&session.company, track.content()) else {
        return;
    };
    let manifest = &content.manifest;
    let mut start = vec![0; manifest.layout().chunk_bytes(0)];
    let kind = content
        .store
        .read(0, &mut start)
        .ok()
        .and_then(|()| sniff(&start));
    let Some(kind) = kind else {
        let name = manifest.name();
        return log::warn!("{name} is no audio: `jam fetch` gets it, the room's queue does not");
    };
    company.offer(
        track.id.to_string(),
        Offer {
            name: manifest.name().to_owned(),
            bytes: manifest.layout().length(),
            content_type: kind.content_type(),
        },
    );
}

/// Opens files to serve them, each once.
///
/// # Errors
/// When one cannot be read, or the program was asked to stop.
pub fn hash(
    paths: &[PathBuf],
    chunk_size: Option<ChunkSize>,
    stop: &Stop,
) -> Result<Vec<(SeedFile, Manifest)>, Failure> {
    let mut progress = Progress::new(false);
    let mut seen = HashSet::new();
    let mut files = Vec::new();
    for path in paths {
        let mut report = |path: &Path, done, total| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            progress.hashing(&name, done, total);
            match stop.is_asked() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let (store, manifest) = SeedFile::open(path, chunk_size, &mut report)?;
        if seen.insert(manifest.id()) {
            files.push((store, manifest));
        }
    }
    Ok(files)
}

fn invite(
    options: &SeedOptions,
    session: &Session,
    tracks: &[Arc<TrackSwarm>],
) -> Result<(), Failure> {
    let contents = tracks.iter().filter_map(|track| track.content());
    let seeded: Vec<Seeded> = contents
        .map(|content| Seeded {
            id: content.manifest.id(),
            name: content.manifest.name().to_owned(),
            bytes: content.manifest.layout().length(),
            chunks: content.manifest.layout().count(),
            chunk_size: content.manifest.layout().chunk_size(),
        })
        .collect();
    let invitation = Invitation {
        addresses: &session.addresses(),
        port: session.node.port(),
        room: options.room.as_ref(),
        key: options.key.is_some(),
    };
    print(&report::seeding(&seeded, &invitation))
}

/// Until it is stopped, or nothing is left.
fn serve(session: &Session, tracks: &mut Vec<Arc<TrackSwarm>>) -> Result<(), Failure> {
    while !session.pause(COMMAND_TICK) {
        for refusal in session.company.iter().flat_map(Company::take_refusals) {
            log::warn!("{}", in_words(&refusal));
        }
        if let Some(error) = drop_failed(session, tracks).filter(|_| tracks.is_empty()) {
            return Err(Failure::new("nothing is left to serve", &error));
        }
    }
    Ok(())
}

/// Takes off what cannot be read any more; what the last of these says.
pub fn drop_failed(session: &Session, tracks: &mut Vec<Arc<TrackSwarm>>) -> Option<StoreError> {
    let mut last = None;
    tracks.retain(|track| match track.take_failure() {
        Some(error) => {
            session.node.leave(track);
            log::error!("{error}; it is not served any more");
            last = Some(error);
            false
        }
        None => true,
    });
    last
}

/// What a room says against an offer, and what to do about it.
fn in_words(refusal: &str) -> String {
    match refusal {
        "Only host can control" => {
            "the room's queue is its host's: the track is served, and stands in no queue \
             (run this on the host's machine, or with --host while nobody hosts)"
                .into()
        }
        other => format!("the room says: {other}"),
    }
}
