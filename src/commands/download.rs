//! One track on its way to this machine. `jam fetch` comes back to it until it is there, or cannot be had.

use super::Failure;
use super::progress::Progress;
use super::report::{Fetched, Missed, Source};
use super::session::Session;
use super::words::Waiting;
use crate::cli::FetchOptions;
use crate::limits::{COMMAND_TICK, FETCH_PATIENCE, WAITING_AFTER};
use crate::swarm::bitfield::Bitfield;
use crate::swarm::store::part_file::{Opened, PartFile};
use crate::swarm::store::seed_file::SeedFile;
use crate::swarm::track_swarm::{Status, Taste, TrackSwarm};
use crate::text::clean_display_text;
use crate::track::id::TrackId;
use crate::track::manifest::Manifest;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between its turns its nodes are looked for all the same, and what has begun to come goes on.
pub struct Download {
    pub track: Arc<TrackSwarm>,
    /// As it is called where it was found.
    name: Option<String>,
    turns: usize,
    began: Instant,
    part: Option<Part>,
}

/// What there is of it on the disk.
struct Part {
    file: Arc<PartFile>,
    manifest: Arc<Manifest>,
    /// Before anything came.
    had_bytes: u64,
}

/// How a turn ended.
pub enum Turn {
    Done(Fetched),
    /// Nothing came for as long as there was patience.
    InVain,
}

impl Download {
    /// Nothing is asked for yet.
    #[must_use]
    pub fn new(session: &Session, id: TrackId, name: Option<String>) -> Self {
        Self {
            track: TrackSwarm::new(id, session.key, None, Taste::default()),
            name,
            turns: 0,
            began: Instant::now(),
            part: None,
        }
    }

    /// Fetches it until it is there. `patience`: for nothing to come, if that is to have an end.
    ///
    /// # Errors
    /// When it was stopped, or the disk did not let it go on.
    pub fn take_turn(
        &mut self,
        options: &FetchOptions,
        session: &Session,
        progress: &mut Progress,
        patience: Option<Duration>,
    ) -> Result<Turn, Failure> {
        self.turns += 1;
        if self.is_first_turn() {
            self.began = Instant::now();
            session.join(&self.track)?;
        } else if let Some(company) = &session.company {
            company.turn_to(&self.track);
        }
        let mut rest = Rest::new(patience);
        let part = match self.part.take() {
            Some(part) => part,
            None => {
                let Some(manifest) = self.wait_for_manifest(session, progress, &mut rest)? else {
                    return Ok(Turn::InVain);
                };
                match open(options, session, &manifest, progress)? {
                    Opened::AlreadyThere(path) => {
                        let there = serve_there(session, &self.track, manifest, path, progress);
                        return there.map(Turn::Done);
                    }
                    Opened::Part(file, held) => self.begin(file, manifest, held),
                }
            }
        };
        let part = self.part.insert(part);
        if !follow(&self.track, part, session, progress, &mut rest)? {
            return Ok(Turn::InVain);
        }
        let path = part.file.finish()?;
        let length = part.manifest.layout().length();
        let took = self.began.elapsed();
        let fetched = report(&self.track, path, length, part.had_bytes, took);
        Ok(Turn::Done(fetched))
    }

    #[must_use]
    pub fn is_first_turn(&self) -> bool {
        self.turns == 1
    }

    /// Why its turns were in vain.
    #[must_use]
    pub fn why_in_vain(&self, session: &Session) -> String {
        let room = session.company.as_ref().map(|company| company.room());
        let where_to = room.map_or(String::new(), |room| format!(" in room {room}"));
        let sec = FETCH_PATIENCE.as_secs();
        match &self.part {
            None => format!("nobody{where_to} had it for {sec} s"),
            Some(_) => {
                format!("nobody{where_to} had what is missing for {sec} s (the rest is kept)")
            }
        }
    }

    /// It is not fetched any more, and that is said.
    pub fn give_up(self, session: &Session, progress: &mut Progress, why: String) -> Missed {
        session.node.leave(&self.track);
        let manifest = self.part.map(|part| part.manifest.name().to_owned());
        let name = manifest.or(self.name).unwrap_or_default();
        let track_id = self.track.id.to_string();
        let missed = Missed {
            name: clean_display_text(&name, usize::MAX).unwrap_or_else(|| track_id.clone()),
            track_id,
            why,
        };
        progress.missed(&missed);
        missed
    }

    /// `None`: in vain.
    fn wait_for_manifest(
        &self,
        session: &Session,
        progress: &mut Progress,
        rest: &mut Rest,
    ) -> Result<Option<Arc<Manifest>>, Failure> {
        loop {
            if let Some(manifest) = self.track.wait_for_manifest(COMMAND_TICK) {
                return Ok(Some(manifest));
            }
            if session.stop.is_asked() {
                return Err(Failure::stopped());
            }
            if rest.is_over(session, 0) {
                return Ok(None);
            }
            if rest.time() >= WAITING_AFTER {
                session.say_nobody(&self.track.status(), progress);
            }
        }
    }

    fn begin(&self, file: PartFile, manifest: Arc<Manifest>, held: Bitfield) -> Part {
        let file = Arc::new(file);
        let layout = manifest.layout();
        let bytes = held
            .iter_ones()
            .map(|index| layout.chunk_bytes(index) as u64);
        let had_bytes = bytes.sum();
        self.track.begin(Arc::clone(&manifest), file.clone(), held);
        Part {
            file,
            manifest,
            had_bytes,
        }
    }
}

/// How long nothing has come.
struct Rest {
    patience: Option<Duration>,
    since: Instant,
    held_bytes: u64,
}

impl Rest {
    fn new(patience: Option<Duration>) -> Self {
        Self {
            patience,
            since: Instant::now(),
            held_bytes: 0,
        }
    }

    fn time(&self) -> Duration {
        self.since.elapsed()
    }

    /// Whether there is no patience left. A room that is lost may come back, and its nodes with it.
    fn is_over(&mut self, session: &Session, held_bytes: u64) -> bool {
        let company = session.company.as_ref();
        let is_lost = self.patience.is_some() && company.is_some_and(|room| room.lost().is_some());
        if held_bytes != self.held_bytes || is_lost {
            self.held_bytes = held_bytes;
            self.since = Instant::now();
        }
        self.patience
            .is_some_and(|patience| self.time() >= patience)
    }
}

/// Until it is whole; `false`: in vain.
fn follow(
    track: &TrackSwarm,
    part: &Part,
    session: &Session,
    progress: &mut Progress,
    rest: &mut Rest,
) -> Result<bool, Failure> {
    let length = part.manifest.layout().length();
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
            return Ok(true);
        }
        if session.stop.is_asked() {
            return Err(Failure(format!(
                "stopped; {} of {length} bytes are kept in {} (run the same command again to go on)",
                status.held_bytes,
                part.file.path().display()
            )));
        }
        if rest.is_over(session, status.held_bytes) {
            return Ok(false);
        }
        if rest.time() < Duration::from_secs(2) {
            progress.fetching(status.held_bytes, length, status.peers);
        } else {
            say_waiting(session, &status, &part.manifest, progress);
        }
    }
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
