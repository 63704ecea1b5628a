//! One mpv process and the way to it: a pair of connected sockets, of which mpv has the other end as its standard input.
//!
//! No name in the file system leads to it, so nobody else can talk to it; and mpv ends when its end of the pair does,
//! also when this program was killed. One thread reads what it says; it ends with the socket, and is joined.

use super::ipc::{Command, Lines, Said, parse};
use crate::limits::{
    PLAYER_EXIT_GRACE, PLAYER_READ_BYTES, PLAYER_STACK_BYTES, PLAYER_WRITE_DEADLINE,
};
use crossbeam_channel::{Receiver, Sender, bounded, select};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Child, Stdio};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Nothing of the user's configuration, no window, no keys, and nothing that a file may ask for: a track comes from
/// somebody else. It has to be one of the kinds that a room plays, and may not name other files.
const ARGUMENTS: &[&str] = &[
    "--no-config",
    "--no-terminal",
    "--idle=yes",
    "--pause=yes",
    "--keep-open=yes",
    "--no-video",
    "--no-sub",
    "--load-scripts=no",
    "--ytdl=no",
    "--access-references=no",
    "--demuxer=lavf",
    "--demuxer-lavf-o-append=format_whitelist=wav,w64,flac,mp3,ogg,aac,mov",
    "--hr-seek=yes",
    // Of a server that has gone: longer than a hiccup of the network, shorter than a song.
    "--network-timeout=15",
    // What comes encrypted comes from the server of the room, and from nobody between.
    "--tls-verify=yes",
    "--resume-playback=no",
    // A nudge of the tempo bends the pitch by less than anybody hears; cutting and pasting waves is worse.
    "--audio-pitch-correction=no",
    "--gapless-audio=no",
    "--replaygain=no",
    "--volume=100",
    "--audio-client-name=jam",
    "--input-media-keys=no",
    "--input-default-bindings=no",
    "--input-ipc-client=fd://0",
];

/// Which program plays, and through what.
#[derive(Clone, Debug)]
pub struct Launch {
    pub program: OsString,
    /// As `mpv --audio-device=help` lists them; `None`: the system's own.
    pub device: Option<String>,
    /// Of the certificates that a server is believed by; `None`: the player's own.
    pub tls_ca: Option<PathBuf>,
}

/// What a process said, or that it has gone.
#[derive(Debug)]
pub struct Heard {
    /// Of which of the decks, and of which of its processes.
    pub deck: usize,
    pub life: u64,
    /// When it was read.
    pub at: Instant,
    /// `None`: there is nothing more to come.
    pub said: Option<Said>,
}

/// Why there is no player.
#[derive(Debug)]
pub enum PlayerError {
    Missing { program: OsString },
    CannotStart { program: OsString, error: io::Error },
}

impl fmt::Display for PlayerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { program } if program == OsStr::new("mpv") => f.write_str(
                "mpv is not installed (type `sudo apt-get install mpv`, or what your system \
                 has for that; or name another one with --player)",
            ),
            Self::Missing { program } => {
                write!(
                    f,
                    "there is no program {program:?} (name another with --player)"
                )
            }
            Self::CannotStart { program, error } => write!(f, "starting {program:?}: {error}"),
        }
    }
}

impl std::error::Error for PlayerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Missing { .. } => None,
            Self::CannotStart { error, .. } => Some(error),
        }
    }
}

/// Ended when it is dropped, and waited for.
pub struct Mpv {
    child: Child,
    socket: Arc<UnixStream>,
    /// Dropped when the reading thread is not to wait any more.
    stay: Option<Sender<()>>,
    reader: Option<JoinHandle<()>>,
}

/// It takes nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl Mpv {
    /// What it says goes to `to`, marked as from this deck and life.
    ///
    /// # Errors
    /// When the program is missing or cannot be started.
    pub fn start(
        launch: &Launch,
        deck: usize,
        life: u64,
        to: &Sender<Heard>,
    ) -> Result<Self, PlayerError> {
        let cannot = |error| PlayerError::CannotStart {
            program: launch.program.clone(),
            error,
        };
        let (ours, theirs) = UnixStream::pair().map_err(cannot)?;
        ours.set_write_timeout(Some(PLAYER_WRITE_DEADLINE))
            .map_err(cannot)?;
        let mut command = process::Command::new(&launch.program);
        command.args(ARGUMENTS);
        if let Some(device) = &launch.device {
            command.arg(format!("--audio-device={device}"));
        }
        if let Some(file) = &launch.tls_ca {
            let mut option = OsString::from("--tls-ca-file=");
            option.push(file);
            command.arg(option);
        }
        command
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C is for this program, which then ends the player.
            .process_group(0);
        let child = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => PlayerError::Missing {
                program: launch.program.clone(),
            },
            _ => cannot(error),
        })?;
        // It holds mpv's end of the pair, which has to be mpv's alone.
        drop(command);
        let (stay, leaving) = bounded(0);
        let socket = Arc::new(ours);
        let mut mpv = Self {
            child,
            socket: Arc::clone(&socket),
            stay: Some(stay),
            reader: None,
        };
        let to = to.clone();
        let tell = move |said| {
            let at = Instant::now();
            let heard = Heard {
                deck,
                life,
                at,
                said,
            };
            tell(&to, &leaving, heard)
        };
        let reader = Builder::new()
            .name("player".into())
            .stack_size(PLAYER_STACK_BYTES)
            .spawn(move || read(&socket, &tell))
            .map_err(cannot)?;
        mpv.reader = Some(reader);
        Ok(mpv)
    }

    /// # Errors
    /// `Gone` when it does not take the line in time.
    pub fn send(&self, command: &Command, request: u64) -> Result<(), Gone> {
        let line = command.encode(request);
        // Half a line may be out after an error, so that is the end of it.
        (&*self.socket).write_all(line.as_bytes()).map_err(|_| Gone)
    }

    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Mpv {
    fn drop(&mut self) {
        let _gone = self.socket.shutdown(Shutdown::Both);
        let deadline = Instant::now() + PLAYER_EXIT_GRACE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() >= deadline {
                let _ended = self.child.kill();
                let _reaped = self.child.wait();
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(self.stay.take());
        if let Some(reader) = self.reader.take() {
            // A panic was reported on standard error when it happened.
            let _panicked = reader.join();
        }
    }
}

/// Reads until the socket ends, or nobody listens.
fn read(mut socket: &UnixStream, tell: &impl Fn(Option<Said>) -> bool) {
    let mut lines = Lines::default();
    let mut buffer = [0; PLAYER_READ_BYTES];
    loop {
        match socket.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => break,
            Ok(count) => lines.push(&buffer[..count]),
        }
        loop {
            let line = match lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(_too_long) => {
                    log::warn!("the player sends a line without an end, and is replaced");
                    let _told = tell(None);
                    return;
                }
            };
            match parse(&line) {
                Ok(Said::Other) => {}
                Ok(said) => {
                    if !tell(Some(said)) {
                        return;
                    }
                }
                Err(malformed) => log::debug!("the player says {:?}", malformed.0),
            }
        }
    }
    let _told = tell(None);
}

/// Waits for room in the queue, unless nobody looks any more.
fn tell(to: &Sender<Heard>, leaving: &Receiver<()>, heard: Heard) -> bool {
    select! {
        send(to, heard) -> sent => sent.is_ok(),
        recv(leaving) -> _ => false,
    }
}
