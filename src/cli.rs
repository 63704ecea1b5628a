//! Arguments to a command, and the help texts. Pure: it reads no files and prints nothing.

use crate::limits::{CONNECTIONS_MAX, UPLOAD_BYTES_MAX};
use crate::room::name::RoomName;
use crate::text::clean_display_text;
use lexopt::prelude::*;
use log::LevelFilter;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

#[derive(Debug, PartialEq)]
pub enum Command {
    /// Print this text and be done.
    Print(String),
    Server(ServerOptions),
}

#[derive(Debug, PartialEq)]
pub struct ServerOptions {
    pub listen: SocketAddr,
    pub library: Option<PathBuf>,
    pub share: Vec<PathBuf>,
    pub room: RoomName,
    pub connections_max: usize,
    pub upload_bytes_max: u64,
}

/// A command, and how much it is to tell on the way (`None`: not said).
#[derive(Debug, PartialEq)]
pub struct Invocation {
    pub command: Command,
    pub log: Option<LevelFilter>,
}

/// What is wrong and what to type, in one line.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError(pub String);

pub const HELP: &str = "\
jam: a listening party from one small binary. Everyone in the room hears the same moment.

Usage: jam COMMAND [OPTIONS]

Commands:
  server    Host rooms: the page, the sound and the tracks, on one port

Options:
  -h, --help       This text; `jam COMMAND --help` tells about a command
  -V, --version    The version

Try it: jam server --share song.mp3
";

pub const SERVER_HELP: &str = "\
Hosts rooms: serves the page, keeps everyone together and hands out the tracks, on one port.

Usage: jam server [OPTIONS] [--share FILE...]

Options:
      --listen ADDR:PORT     Where to listen [default: 0.0.0.0:8000]; port 0 takes a free one,
                             [::]:8000 takes IPv6 as well
  -p, --port PORT            Another port, the address as it is
      --share FILE...        Music to offer: files, or folders for the audio files in them.
                             WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus, AAC or M4A
      --room NAME            The room that offers it [default: jam1]
      --library DIR          Keep uploads and copies of shared music in DIR, and offer what is there
                             already; without it uploads are gone when the server stops
      --max-upload SIZE      Largest track that a host may upload [default: 512MiB]
      --max-connections N    Refuse more with 503 [default: 8192, or what the system allows]
      --log LEVEL            error, warn, info, debug or trace [default: info, or JAM_LOG]
  -h, --help                 This text

Ctrl-C stops it. Everybody who can reach this machine can join its rooms.
";

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8000);
const DEFAULT_ROOM: &str = "jam1";

/// `arguments` without the program's name.
///
/// # Errors
/// One line that says what is wrong and what to type.
pub fn parse<I>(arguments: I) -> Result<Invocation, UsageError>
where
    I: IntoIterator,
    I::Item: Into<OsString>,
{
    let mut parser = lexopt::Parser::from_args(arguments);
    let usage =
        |error: lexopt::Error| UsageError(format!("{} (type `jam --help`)", on_one_line(&error)));
    let mut log = None;
    let mut first = parser.next().map_err(usage)?;
    while first == Some(Long("log")) {
        log = Some(parse_log_level(&text(&mut parser)?)?);
        first = parser.next().map_err(usage)?;
    }
    match first {
        None => Err(UsageError(
            "which command? (type `jam server`, or `jam --help`)".into(),
        )),
        Some(Short('h') | Long("help")) => print(HELP),
        Some(Short('V') | Long("version")) => {
            print(&format!("jam {}\n", env!("CARGO_PKG_VERSION")))
        }
        Some(Value(command)) if command == "server" => parse_server(&mut parser, log),
        Some(Value(command)) if command == "help" => match parser.next().map_err(usage)? {
            Some(Value(command)) if command == "server" => print(SERVER_HELP),
            _ => print(HELP),
        },
        Some(Value(command)) => {
            let command = command.to_string_lossy().into_owned();
            Err(UsageError(format!(
                "there is no command {command:?} (type `jam --help`)"
            )))
        }
        Some(option) => Err(usage(option.unexpected())),
    }
}

fn print(text: &str) -> Result<Invocation, UsageError> {
    Ok(Invocation {
        command: Command::Print(text.to_owned()),
        log: None,
    })
}

fn parse_server(
    parser: &mut lexopt::Parser,
    mut log: Option<LevelFilter>,
) -> Result<Invocation, UsageError> {
    let mut options = ServerOptions {
        listen: DEFAULT_LISTEN,
        library: None,
        share: Vec::new(),
        room: RoomName::parse(DEFAULT_ROOM).expect("bug: the default is a room name"),
        connections_max: CONNECTIONS_MAX,
        upload_bytes_max: UPLOAD_BYTES_MAX,
    };
    let mut port = None;
    while let Some(argument) = parser.next().map_err(server_usage)? {
        match argument {
            Short('h') | Long("help") => return print(SERVER_HELP),
            Long("listen") => options.listen = parse_listen(&text(parser)?)?,
            Short('p') | Long("port") => port = Some(parse_port(&text(parser)?)?),
            Long("library") => options.library = Some(parser.value().map_err(server_usage)?.into()),
            Long("share") => {
                let files = parser.values().map_err(share_usage)?;
                options.share.extend(files.map(PathBuf::from));
            }
            Long("room") => options.room = parse_room(&text(parser)?)?,
            Long("max-connections") => options.connections_max = parse_count(&text(parser)?)?,
            Long("max-upload") => options.upload_bytes_max = parse_size(&text(parser)?)?,
            Long("log") => log = Some(parse_log_level(&text(parser)?)?),
            Value(word) if word == "help" => return print(SERVER_HELP),
            Value(file) => {
                let file = on_one_line(&file.to_string_lossy());
                let hint =
                    format!("unexpected {file:?} (type `jam server --share {file}` to offer it)");
                return Err(UsageError(hint));
            }
            other => return Err(server_usage(other.unexpected())),
        }
    }
    if let Some(port) = port {
        options.listen.set_port(port);
    }
    Ok(Invocation {
        command: Command::Server(options),
        log,
    })
}

/// The level named in `--log` or `JAM_LOG`.
///
/// # Errors
/// One line with the names that there are.
pub fn parse_log_level(text: &str) -> Result<LevelFilter, UsageError> {
    text.parse().map_err(|_| {
        UsageError(format!(
            "no log level {text:?} (type error, warn, info, debug, trace or off)"
        ))
    })
}

/// A file whose name looks like an option is the usual reason why `--share` finds none.
fn share_usage(error: lexopt::Error) -> UsageError {
    let UsageError(line) = server_usage(error);
    let advice = "(type `jam server --share FILE`; a name that begins with - as ./-name)";
    UsageError(line.replace("(type `jam server --help`)", advice))
}

/// The value of the option just read.
fn text(parser: &mut lexopt::Parser) -> Result<String, UsageError> {
    let value = parser.value().and_then(|value| value.string());
    value.map_err(server_usage)
}

fn server_usage(error: lexopt::Error) -> UsageError {
    UsageError(format!(
        "{} (type `jam server --help`)",
        on_one_line(&error)
    ))
}

/// What was typed may hold line ends and control characters, which must not reach the terminal.
fn on_one_line(typed: &impl ToString) -> String {
    clean_display_text(&typed.to_string(), usize::MAX).unwrap_or_default()
}

/// `0.0.0.0:8000`, `[::]:8000`, `:8000`, `8000` or `0.0.0.0`.
fn parse_listen(text: &str) -> Result<SocketAddr, UsageError> {
    let port_alone = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = port_alone.parse() {
        return Ok(SocketAddr::new(DEFAULT_LISTEN.ip(), port));
    }
    let host = text.replacen("localhost", "127.0.0.1", 1);
    let address = host.parse().ok();
    let address =
        address.or_else(|| Some(SocketAddr::new(host.parse().ok()?, DEFAULT_LISTEN.port())));
    address.ok_or_else(|| {
        UsageError(format!(
            "--listen {text:?} is not an address (type for example --listen 0.0.0.0:8000)"
        ))
    })
}

fn parse_port(text: &str) -> Result<u16, UsageError> {
    text.parse().map_err(|_| {
        UsageError(format!(
            "--port {text:?} is not a port (type a number from 0 to 65535)"
        ))
    })
}

fn parse_room(text: &str) -> Result<RoomName, UsageError> {
    RoomName::parse(text).ok_or_else(|| {
        UsageError(format!(
            "--room {text:?} is not a room name (type 1 to 64 of A-Z a-z 0-9 _ -)"
        ))
    })
}

fn parse_count(text: &str) -> Result<usize, UsageError> {
    let count = text.parse().ok().filter(|&count| count > 0);
    count.ok_or_else(|| {
        UsageError(format!(
            "--max-connections {text:?} is not a number (type for example --max-connections 2000)"
        ))
    })
}

/// `512MiB`, `512M`, `2GiB`, `64k` or a number of bytes; each letter is a power of 1024.
fn parse_size(text: &str) -> Result<u64, UsageError> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &lower[digits.len()..] {
        "" | "b" => Some(0),
        "k" | "kb" | "kib" => Some(10),
        "m" | "mb" | "mib" => Some(20),
        "g" | "gb" | "gib" => Some(30),
        "t" | "tb" | "tib" => Some(40),
        _ => None,
    };
    let number: Option<u64> = digits.trim().parse().ok();
    let bytes = number.and_then(|number| number.checked_mul(1 << shift?));
    bytes.filter(|&bytes| bytes > 0).ok_or_else(|| {
        UsageError(format!(
            "--max-upload {text:?} is not a size (type for example --max-upload 512MiB)"
        ))
    })
}
