//! `jam server`: gathers the music, starts the server, greets, and stops it when it is asked to.

use super::{Failure, print};
use crate::cli::ServerOptions;
use crate::room::queue::Queue;
use crate::server::run::{Config, Server};
use crate::server::tracks::queue_entry;
use crate::sys::{addresses, descriptors};
use crate::track::error::LibraryError;
use crate::track::folder;
use crate::track::library::{Library, Progress, Track};
use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// # Errors
/// When the music cannot be read, or the address cannot be bound.
pub fn run(options: &ServerOptions) -> Result<(), Failure> {
    // From the first moment on, so that a signal during a long hashing stops the program as well.
    let mut signals = Signals::new([SIGINT, SIGTERM])
        .map_err(|error| Failure::new("waiting for signals", &error))?;
    // A limit of the size of files is an error of that file, and not the end of the party.
    signal_hook::flag::register(SIGXFSZ, Arc::default())
        .map_err(|error| Failure::new("ignoring SIGXFSZ", &error))?;
    let connections_max = connections_max(options.connections_max);
    let (library, tracks) = gather_music(options, &mut signals)?;
    let entries = tracks.iter().map(|track| queue_entry(track, None));
    let tracks = Queue::new(entries.clone()).tracks();
    let offered = tracks.len();
    if entries.len() > offered {
        log::warn!(
            "{} tracks are more than a room takes: it has the first {offered}",
            entries.len()
        );
    }
    let server = Server::start(Config {
        listen: options.listen,
        connections_max,
        upload_bytes_max: options.upload_bytes_max,
        library_bytes_max: options.library_bytes_max,
        library,
        tracks: HashMap::from([(options.room.clone(), tracks.to_vec())]),
        guests: options.guests,
    })
    .map_err(|error| cannot_listen(options, &error))?;
    log::info!(
        "room {}: {offered} track{} to choose from; at most {connections_max} connections",
        options.room,
        if offered == 1 { "" } else { "s" }
    );
    print(&greeting(&server, options.room.as_str()))?;

    // Waits as long as the party lasts.
    let signal = signals.forever().next();
    log::info!(
        "stopping: {}",
        if signal == Some(SIGINT) {
            "Ctrl-C"
        } else {
            "asked to"
        }
    );
    server.stop();
    Ok(())
}

fn connections_max(wanted: usize) -> usize {
    match descriptors::raise_limit() {
        Ok(limit) => descriptors::connections_within(limit, wanted),
        Err(error) => {
            log::warn!("cannot read the limit of file descriptors: {error}");
            wanted
        }
    }
}

fn cannot_listen(options: &ServerOptions, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => " (another program has it; choose another with --port)",
        ErrorKind::AddrNotAvailable => {
            " (not an address of this machine; try --listen 0.0.0.0:8000)"
        }
        ErrorKind::PermissionDenied => {
            " (ports below 1024 need more rights; choose another with --port)"
        }
        _ => "",
    };
    Failure(format!("listening on {}: {error}{hint}", options.listen))
}

/// The library, and the tracks that the room begins with: what is shared now, then what was there already.
fn gather_music(
    options: &ServerOptions,
    signals: &mut Signals,
) -> Result<(Library, Vec<Arc<Track>>), Failure> {
    let mut meter = HashMeter::default();
    let mut progress = |path: &Path, done, total| {
        meter.show(path, done, total);
        match signals.pending().next() {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    };
    let (library, stored) = match &options.library {
        None => (Library::in_place(), Vec::new()),
        Some(folder) => Library::open(folder, &mut progress)?,
    };
    let mut tracks: Vec<Arc<Track>> = Vec::new();
    for path in &options.share {
        if path.is_dir() {
            tracks.extend(share_folder(&library, path, &mut progress)?);
        } else {
            tracks.push(library.share(path, &mut progress)?);
        }
    }
    tracks.extend(stored);
    let mut seen = HashSet::new();
    tracks.retain(|track| seen.insert(track.id));
    Ok((library, tracks))
}

/// The audio files of a folder; what is no audio, or cannot be read, is left out with a word about it.
fn share_folder(
    library: &Library,
    folder: &Path,
    progress: Progress,
) -> Result<Vec<Arc<Track>>, Failure> {
    let (files, cut) = folder::files(folder)?;
    if cut {
        log::warn!(
            "{}: too many files or folders inside folders, the rest is left out",
            folder.display()
        );
    }
    let mut tracks = Vec::new();
    for file in files {
        match library.share(&file, progress) {
            Ok(track) => tracks.push(track),
            Err(LibraryError::NotAudio { path }) => {
                log::info!("left out, not audio: {}", path.display())
            }
            Err(error @ LibraryError::Interrupted { .. }) => return Err(error.into()),
            Err(error) => log::warn!("left out: {error}"),
        }
    }
    if tracks.is_empty() {
        log::warn!("no audio files in {}", folder.display());
    }
    Ok(tracks)
}

/// Where to go, ready to click.
fn greeting(server: &Server, room: &str) -> String {
    let local = server.local_address();
    let here = match local.ip() {
        ip if ip.is_unspecified() || is_localhost(ip) => {
            format!("http://localhost:{}", local.port())
        }
        _ => addresses::http_url(local),
    };
    let others = server.addresses();
    let mut text = String::from("jam is listening. Open the room in a browser:\n");
    text += &format!("  {here}/{room}    on this machine\n");
    for address in &others {
        text += &format!("  {address}/{room}    from others on the network\n");
    }
    if others.is_empty() {
        text += "Nobody else reaches it: ";
        text += if local.ip().is_loopback() {
            "it listens on this machine only (try --listen 0.0.0.0:8000).\n"
        } else {
            "this machine has no network.\n"
        };
    }
    text
}

/// What the name localhost stands for; other loopback addresses have no name.
fn is_localhost(ip: IpAddr) -> bool {
    ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST
}

/// Says on standard error that hashing goes on, when it takes long enough to wonder.
#[derive(Default)]
struct HashMeter {
    began: Option<Instant>,
    shown: Option<Instant>,
}

impl HashMeter {
    fn show(&mut self, path: &Path, done: u64, total: u64) {
        const PATIENCE: Duration = Duration::from_secs(1);
        const INTERVAL: Duration = Duration::from_millis(250);
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        let interval = if io::stderr().is_terminal() {
            INTERVAL
        } else {
            PATIENCE
        };
        if now - began < PATIENCE || self.shown.is_some_and(|shown| now - shown < interval) {
            return;
        }
        self.shown = Some(now);
        let percent = done * 100 / total.max(1);
        let end = if io::stderr().is_terminal() {
            "\r"
        } else {
            "\n"
        };
        eprint!(
            "hashing {}: {percent} % of {} MiB{end}",
            path.display(),
            total >> 20
        );
    }
}
