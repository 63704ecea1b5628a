//! `jam server`: gathers the music, starts the server, greets, and stops it when it is asked to.

use super::{Failure, print};
use crate::cli::{ServerOptions, TlsFiles};
use crate::limits::TLS_DESCRIPTORS;
use crate::room::key::{Lock, Locks};
use crate::room::queue::Queue;
use crate::server::music::Later;
use crate::server::run::{Config, Server};
use crate::server::state_disk::{self, Kept};
use crate::server::tls::Tls;
use crate::server::tracks::queue_entry;
use crate::sys::descriptors;
use crate::sys::kept_folder::OpenError;
use crate::track::folder;
use crate::track::library::{Library, Track};
use crate::track::stored::Shared;
use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
    let tls = options.tls.as_ref().map(load_tls).transpose()?;
    let connections_max = connections_max(options.connections_max, tls.is_some());
    let kept = options.state_dir.as_deref().map(open_state).transpose()?;
    let library = library(options, kept.as_ref())?;
    // Whoever waits for a room to come back does not wait for a long hashing.
    let later = kept.as_ref().and_then(|kept| later(options, kept));
    let tracks = match &later {
        Some(later) => {
            folder::listed(&later.share)?; // A name that was mistyped is said at once.
            Vec::new()
        }
        None => gather_music(options, &library, &mut signals)?,
    };
    let entries = tracks.iter().map(|track| queue_entry(track, None));
    let tracks = Queue::new(entries.clone()).tracks();
    let offered = tracks.len();
    if entries.len() > offered {
        log::warn!(
            "{} tracks are more than a room takes: it has the first {offered}",
            entries.len()
        );
    }
    let rooms = kept.as_ref().map_or(0, |kept| kept.rooms.len());
    let server = Server::start(Config {
        listen: options.listen,
        connections_max,
        upload_bytes_max: options.upload_bytes_max,
        library_bytes_max: options.library_bytes_max,
        limits: options.limits,
        trusts_proxy: options.trust_proxy,
        library,
        tls,
        tracks: HashMap::from([(options.room.clone(), tracks.to_vec())]),
        guests: options.guests,
        locks: Locks {
            room: options.keys.room.as_ref().map(Lock::of),
            host: options.keys.host.as_ref().map(Lock::of),
        },
        origins: options.origins.clone(),
        kept,
        later,
    })
    .map_err(|error| cannot_listen(options, &error))?;
    print(&greeting(&server, options))?;
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    match rooms {
        0 => log::info!(
            "room {}: {offered} track{} to choose from; at most {connections_max} connections",
            options.room,
            plural(offered)
        ),
        rooms => log::info!(
            "{rooms} room{} as before; at most {connections_max} connections",
            plural(rooms)
        ),
    }

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

fn load_tls(files: &TlsFiles) -> Result<Tls, Failure> {
    Tls::load(&files.certificate, &files.key).map_err(Failure)
}

fn connections_max(wanted: usize, encrypted: bool) -> usize {
    let descriptors_each = if encrypted { TLS_DESCRIPTORS } else { 1 };
    match descriptors::raise_limit() {
        Ok(limit) => descriptors::connections_within(limit / descriptors_each, wanted),
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

fn open_state(folder: &Path) -> Result<Kept, Failure> {
    state_disk::open(folder).map_err(|error| {
        let hint = match error {
            OpenError::InUse => " (stop it, or choose another folder with --state-dir)",
            OpenError::Io(_) => " (choose another with --state-dir)",
        };
        Failure(format!(
            "keeping the rooms in {}: {error}{hint}",
            folder.display()
        ))
    })
}

fn library(options: &ServerOptions, kept: Option<&Kept>) -> Result<Library, Failure> {
    Ok(match (&options.library, kept) {
        (Some(folder), _) => Library::in_folder(folder, Shared::Copied)?,
        (None, Some(kept)) => Library::in_folder(&kept.disk.tracks_folder(), Shared::InPlace)?,
        (None, None) => Library::in_place(),
    })
}

/// When there are rooms that wait for it.
fn later(options: &ServerOptions, kept: &Kept) -> Option<Later> {
    (!kept.rooms.is_empty()).then(|| Later {
        share: options.share.clone(),
        room: options.room.clone(),
        room_is_new: kept.rooms.iter().all(|(name, _)| *name != options.room),
    })
}

/// The tracks that the room begins with: what is shared now, then what was there already.
fn gather_music(
    options: &ServerOptions,
    library: &Library,
    signals: &mut Signals,
) -> Result<Vec<Arc<Track>>, Failure> {
    let mut meter = HashMeter::default();
    let mut progress = |path: &Path, done, total| {
        meter.show(path, done, total);
        match signals.pending().next() {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    };
    let stored = library.look_through(&|_| 0, &mut progress)?;
    let mut tracks: Vec<Arc<Track>> = Vec::new();
    for path in &options.share {
        let before = tracks.len();
        for file in folder::listed(std::slice::from_ref(path))? {
            tracks.extend(file.share(library, &mut progress)?);
        }
        if path.is_dir() && tracks.len() == before {
            log::warn!("no audio files in {}", path.display());
        }
    }
    tracks.extend(stored);
    let mut seen = HashSet::new();
    tracks.retain(|track| seen.insert(track.id));
    Ok(tracks)
}

/// Where to go, ready to click. The key stands nowhere: what a server prints is kept in logs.
fn greeting(server: &Server, options: &ServerOptions) -> String {
    let room = &options.room;
    let key = match options.keys.room {
        Some(_) => " (with its room key)",
        None => "",
    };
    let local = server.local_address();
    let here = match local.ip() {
        ip if ip.is_unspecified() || is_localhost(ip) => {
            format!("http://localhost:{}", local.port())
        }
        _ => server.local_url(),
    };
    let others = server.addresses();
    let mut text = String::from("jam is listening. Open the room in a browser:\n");
    text += &format!("  {here}/{room}    on this machine{key}\n");
    for address in &others {
        text += &format!("  {address}/{room}    from others on the network{key}\n");
    }
    if others.is_empty() {
        text += &alone(local, options.trust_proxy);
    }
    text
}

/// Why it has no address for others.
fn alone(local: SocketAddr, trusts_proxy: bool) -> String {
    match local.ip().is_loopback() {
        true if trusts_proxy => "Others come through your proxy.\n".into(),
        true => format!(
            "Nobody else reaches it: it listens on this machine only (try --listen 0.0.0.0:{}).\n",
            local.port()
        ),
        false => "Nobody else reaches it: this machine has no network.\n".into(),
    }
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
