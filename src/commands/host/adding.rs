//! A file that is added while we stay: it is read in a thread of its own, so that neither the room nor the keys wait for a
//! slow disk.

use crate::commands::stop::Stop;
use crate::limits::{COMMAND_TICK, THREAD_STACK_BYTES};
use crate::swarm::store::seed_file::SeedFile;
use crate::swarm::track_swarm::TrackSwarm;
use crate::sys::threads::Threads;
use crate::track::id::TrackId;
use crate::track::manifest::Manifest;
use crossbeam_channel::{Receiver, TryRecvError, bounded};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

type Read = Result<(SeedFile, Manifest), String>;

#[derive(Debug)]
pub enum News {
    /// How far it is.
    Reading(String),
    /// It is to be served.
    File(SeedFile, Manifest),
    /// It cannot be served, and why.
    Refused(String),
}

/// One file at a time.
pub struct Adding {
    threads: Threads,
    over: Stop,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    name: String,
    read: Receiver<Read>,
    percent: Arc<AtomicU64>,
}

impl Default for Adding {
    fn default() -> Self {
        Self {
            threads: Threads::default(),
            over: Stop::by_hand(),
            under_way: None,
        }
    }
}

impl Adding {
    /// `typed`: a path, from this folder or from `~`, as a shell has it.
    ///
    /// # Errors
    /// Why that cannot be now.
    pub fn begin(&mut self, typed: &str) -> Result<(), String> {
        if let Some(UnderWay { name, .. }) = &self.under_way {
            return Err(format!(
                "{name} is still being read: add one file after the other"
            ));
        }
        let path = expanded(typed, std::env::var_os("HOME").map(PathBuf::from));
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let percent = Arc::<AtomicU64>::default();
        let (sender, read) = bounded(1);
        let (over, own_percent) = (self.over.clone(), Arc::clone(&percent));
        let work = move || {
            let _nobody_looks = sender.send(open(&path, &over, &own_percent));
        };
        self.threads
            .spawn("adding", THREAD_STACK_BYTES, work)
            .map_err(|error| format!("starting a thread: {error}"))?;
        self.under_way = Some(UnderWay {
            name,
            read,
            percent,
        });
        Ok(())
    }

    /// What there is to tell, while there is something. `served`: what is not served twice.
    pub fn look(&mut self, served: &[Arc<TrackSwarm>]) -> Option<News> {
        let UnderWay {
            name,
            read,
            percent,
        } = self.under_way.as_ref()?;
        let read = match read.try_recv() {
            Err(TryRecvError::Empty) => {
                let percent = percent.load(Ordering::Relaxed);
                return Some(News::Reading(format!("reading {name}: {percent} %")));
            }
            Ok(read) => read,
            Err(TryRecvError::Disconnected) => Err("reading it broke".into()),
        };
        self.under_way = None;
        self.threads.reap();
        let is_served = |id: TrackId| served.iter().any(|track| track.id == id);
        Some(match read {
            Err(why) => News::Refused(why),
            Ok((_, manifest)) if is_served(manifest.id()) => {
                News::Refused(format!("{} is served already", manifest.name()))
            }
            Ok((file, manifest)) => News::File(file, manifest),
        })
    }
}

impl Drop for Adding {
    fn drop(&mut self) {
        self.over.ask();
        // A disk that does not answer is not waited for.
        let _reading = self.threads.join_all(2 * COMMAND_TICK);
    }
}

fn open(path: &Path, over: &Stop, percent: &AtomicU64) -> Read {
    let mut report = |_: &Path, done: u64, total: u64| {
        let share = u128::from(done) * 100 / u128::from(total.max(1));
        percent.store(u64::try_from(share).unwrap_or(100), Ordering::Relaxed);
        match over.is_asked() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    SeedFile::open(path, None, &mut report).map_err(|error| error.to_string())
}

/// `~/Music/song.mp3` is what people type, and no shell is there to read it.
fn expanded(typed: &str, home: Option<PathBuf>) -> PathBuf {
    match (typed.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(typed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_here_or_at_home() {
        let home = || Some(PathBuf::from("/ana"));
        for (typed, path) in [
            ("~/a song.mp3", "/ana/a song.mp3"),
            ("~ana/song.mp3", "~ana/song.mp3"),
            ("song.mp3", "song.mp3"),
            ("/music/~/song.mp3", "/music/~/song.mp3"),
        ] {
            assert_eq!(expanded(typed, home()), PathBuf::from(path));
        }
        assert_eq!(expanded("~/song.mp3", None), PathBuf::from("~/song.mp3"));
    }
}
