//! The program: parses its arguments, runs one command, prints one error line, and ends with its exit code.
//!
//! Exit codes: 0 done, 1 could not do it, 2 wrong arguments.

use jam::cli::{self, Command, ServerOptions, UsageError};
use jam::room::message::QueueTrack;
use jam::server::run::{Config, Server};
use jam::sys::{addresses, descriptors, logger};
use jam::track::library::{Library, LibraryError, Track};
use log::LevelFilter;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::HashMap;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One line: doing what, why, and what to try.
struct Failure(String);

impl From<LibraryError> for Failure {
    fn from(error: LibraryError) -> Self {
        Self(error.to_string())
    }
}

fn failed(doing: impl Display, error: impl Display) -> Failure {
    Failure(format!("{doing}: {error}"))
}

fn main() -> ExitCode {
    let invocation = match cli::parse(std::env::args_os().skip(1)) {
        Ok(invocation) => invocation,
        Err(error) => return wrong_usage(&error),
    };
    let level = match invocation.log.map_or_else(log_level_of_environment, Ok) {
        Ok(level) => level,
        Err(error) => return wrong_usage(&error),
    };
    logger::start(level);
    let done = match invocation.command {
        Command::Print(text) => print(&text),
        Command::Server(options) => serve(options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(line)) => {
            eprintln!("jam: {line}");
            ExitCode::from(1)
        }
    }
}

fn wrong_usage(UsageError(line): &UsageError) -> ExitCode {
    eprintln!("jam: {line}");
    ExitCode::from(2)
}

fn log_level_of_environment() -> Result<LevelFilter, UsageError> {
    match std::env::var("JAM_LOG") {
        Ok(level) if !level.is_empty() => cli::parse_log_level(&level),
        _ => Ok(LevelFilter::Info),
    }
}

/// Results go to standard output. A reader that has gone (`jam --help | head -1`) is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(failed("writing to standard output", error))
        }
        _ => Ok(()),
    }
}

fn serve(options: ServerOptions) -> Result<(), Failure> {
    // From the first moment on, so that a signal during a long hashing stops the program as well.
    let mut signals =
        Signals::new([SIGINT, SIGTERM]).map_err(|error| failed("waiting for signals", error))?;
    let connections_max = connections_max(options.connections_max);
    let (library, tracks) = gather_music(&options, &mut signals)?;
    let offered = tracks.len();
    let tracks = tracks.iter().map(|track| queue_track(track)).collect();
    let server = Server::start(Config {
        listen: options.listen,
        connections_max,
        library,
        tracks: HashMap::from([(options.room.clone(), tracks)]),
    })
    .map_err(|error| cannot_listen(&options, &error))?;
    log::info!(
        "room {}: {offered} tracks to choose from; at most {connections_max} connections",
        options.room
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
        if signals.pending().next().is_some() {
            eprintln!();
            std::process::exit(0); // Nothing has been promised to anybody yet; a half-stored file is a .part.
        }
        meter.show(path, done, total);
    };
    let (library, stored) = match &options.library {
        None => (Library::in_place(), Vec::new()),
        Some(folder) => Library::open(folder, &mut progress)?,
    };
    let mut tracks: Vec<Arc<Track>> = Vec::new();
    for path in &options.share {
        let found = if path.is_dir() {
            share_folder(&library, path, &mut progress)?
        } else {
            vec![library.share(path, &mut progress)?]
        };
        tracks.extend(found);
    }
    tracks.extend(stored);
    let mut seen = std::collections::HashSet::new();
    tracks.retain(|track| seen.insert(track.id));
    Ok((library, tracks))
}

/// The audio files of a folder, by name; what is no audio is left out with a word about it.
fn share_folder(
    library: &Library,
    folder: &Path,
    progress: &mut dyn FnMut(&Path, u64, u64),
) -> Result<Vec<Arc<Track>>, Failure> {
    let doing = format!("reading {}", folder.display());
    let entries = folder.read_dir().map_err(|error| failed(&doing, error))?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed(&doing, error))?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let mut tracks = Vec::new();
    for file in files {
        match library.share(&file, progress) {
            Ok(track) => tracks.push(track),
            Err(LibraryError::NotAudio { path }) => {
                log::info!("not audio, left out: {}", path.display())
            }
            Err(error) => return Err(error.into()),
        }
    }
    if tracks.is_empty() {
        log::warn!("no audio files in {}", folder.display());
    }
    Ok(tracks)
}

fn queue_track(track: &Track) -> QueueTrack {
    QueueTrack {
        track_id: track.id,
        name: track.name.clone(),
        bytes: track.bytes,
        content_type: track.kind.content_type(),
    }
}

/// Where to go, ready to click.
fn greeting(server: &Server, room: &str) -> String {
    let local = server.local_address();
    let here = match local.ip() {
        ip if ip.is_unspecified() || ip.is_loopback() => {
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
