//! `jam server`: its options.

use super::help::SERVER_HELP;
use super::keys::parse_key_to;
use super::server_limits;
use super::tls::without_tls;
use super::values::{
    on_one_line, parse_log_level, parse_port, parse_room, parse_size, text, typed, usage,
};
use super::{Command, Invocation, UsageError, print};
use crate::limits::{
    CONNECTIONS_MAX, LIBRARY_BYTES_MAX, ORIGINS_MAX, ServerLimits, UPLOAD_BYTES_MAX,
};
use crate::room::address::SERVER_PORT;
use crate::room::key::Keys;
use crate::room::name::RoomName;
use crate::room::origin::Origin;
use crate::room::rights::Guests;
use lexopt::prelude::*;
use log::LevelFilter;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

#[derive(Debug, PartialEq)]
pub struct ServerOptions {
    pub listen: SocketAddr,
    pub library: Option<PathBuf>,
    pub state_dir: Option<PathBuf>,
    pub share: Vec<PathBuf>,
    pub room: RoomName,
    pub connections_max: usize,
    pub upload_bytes_max: u64,
    pub library_bytes_max: u64,
    pub limits: ServerLimits,
    /// Where clients are is what a proxy says.
    pub trust_proxy: bool,
    /// What guests may do in a new room.
    pub guests: Guests,
    /// What it takes to join a room, and to host one.
    pub keys: Keys,
    /// Whose pages may use the server, beside its own.
    pub origins: Vec<Origin>,
    pub tls: Option<TlsFiles>,
}

/// What an encrypted server shows, and proves to have.
#[derive(Debug, PartialEq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

const COMMAND: &str = "server";
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), SERVER_PORT);
const DEFAULT_ROOM: &str = "jam1";

pub(super) fn parse(
    parser: &mut lexopt::Parser,
    mut log: Option<LevelFilter>,
) -> Result<Invocation, UsageError> {
    let wrong = |error| usage(COMMAND, error);
    let mut options = ServerOptions {
        listen: DEFAULT_LISTEN,
        library: None,
        state_dir: None,
        share: Vec::new(),
        room: RoomName::parse(DEFAULT_ROOM).expect("bug: the default is a room name"),
        connections_max: CONNECTIONS_MAX,
        upload_bytes_max: UPLOAD_BYTES_MAX,
        library_bytes_max: LIBRARY_BYTES_MAX,
        limits: ServerLimits::default(),
        trust_proxy: false,
        guests: Guests::default(),
        keys: Keys::default(),
        origins: Vec::new(),
        tls: None,
    };
    let mut port = None;
    let (mut certificate, mut key) = (None, None);
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Short('h') | Long("help") => return print(SERVER_HELP),
            Long("listen") => options.listen = parse_listen(&text(COMMAND, parser)?)?,
            Short('p') | Long("port") => {
                port = Some(parse_port("--port", &text(COMMAND, parser)?)?)
            }
            Long("library") => options.library = Some(parser.value().map_err(wrong)?.into()),
            Long("state-dir") => options.state_dir = Some(parser.value().map_err(wrong)?.into()),
            Long("share") => {
                let files = parser.values().map_err(share_usage)?;
                options.share.extend(files.map(PathBuf::from));
            }
            Long("room") => options.room = parse_room(&text(COMMAND, parser)?)?,
            Long("guests") => options.guests = parse_guests(&text(COMMAND, parser)?)?,
            Long("room-key") => {
                options.keys.room = Some(parse_key_to(COMMAND, "--room-key", parser)?);
            }
            Long("host-key") => {
                options.keys.host = Some(parse_key_to(COMMAND, "--host-key", parser)?);
            }
            Long("allow-origin") => {
                let origin = parse_origin(&text(COMMAND, parser)?)?;
                options.origins.push(origin);
            }
            Long("max-connections") => {
                options.connections_max = parse_count(&text(COMMAND, parser)?)?;
            }
            Long("max-upload") => {
                let size = text(COMMAND, parser)?;
                options.upload_bytes_max = parse_bytes("--max-upload", &size, "512MiB")?;
            }
            Long("max-library") => {
                let size = text(COMMAND, parser)?;
                options.library_bytes_max = parse_bytes("--max-library", &size, "16GiB")?;
            }
            Long("trust-proxy") => options.trust_proxy = true,
            Long("tls-cert") => certificate = Some(parser.value().map_err(wrong)?.into()),
            Long("tls-key") => key = Some(parser.value().map_err(wrong)?.into()),
            Long("log") => log = Some(parse_log_level(&text(COMMAND, parser)?)?),
            Long(flag) if server_limits::FLAGS.contains(&flag) => {
                let flag = flag.to_owned();
                server_limits::set(&mut options.limits, &flag, &text(COMMAND, parser)?)?;
            }
            Value(word) if word == "help" => return print(SERVER_HELP),
            Value(file) => {
                let file = on_one_line(&file.to_string_lossy());
                let hint =
                    format!("unexpected {file:?} (type `jam server --share {file}` to offer it)");
                return Err(UsageError(hint));
            }
            other => return Err(wrong(other.unexpected())),
        }
    }
    if options.origins.len() > ORIGINS_MAX {
        return Err(UsageError(format!(
            "--allow-origin more than {ORIGINS_MAX} times (leave some out)"
        )));
    }
    if let Some(port) = port {
        options.listen.set_port(port);
    }
    options.tls = tls_files(certificate, key)?;
    Ok(Invocation {
        command: Command::Server(options),
        log,
    })
}

/// A file whose name looks like an option is the usual reason why `--share` finds none.
fn share_usage(error: lexopt::Error) -> UsageError {
    let UsageError(line) = usage(COMMAND, error);
    let advice = "(type `jam server --share FILE`; a name that begins with - as ./-name)";
    UsageError(line.replace("(type `jam server --help`)", advice))
}

fn tls_files(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
) -> Result<Option<TlsFiles>, UsageError> {
    let wrong = |text: &str| Err(UsageError(text.into()));
    match (certificate, key) {
        (None, None) => Ok(None),
        _ if !cfg!(feature = "tls") => Err(without_tls("--tls-cert", "see docs/nginx.conf")),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (Some(_), None) => wrong("--tls-cert without its key (type --tls-key FILE as well)"),
        (None, Some(_)) => {
            wrong("--tls-key without its certificate (type --tls-cert FILE as well)")
        }
    }
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

fn parse_count(text: &str) -> Result<usize, UsageError> {
    let count = text.parse().ok().filter(|&count| count > 0);
    count.ok_or_else(|| {
        UsageError(format!(
            "--max-connections {text:?} is no number of connections (type for example --max-connections 2000)"
        ))
    })
}

pub(super) fn parse_guests(text: &str) -> Result<Guests, UsageError> {
    Guests::parse(text).ok_or_else(|| {
        UsageError(format!(
            "--guests {text:?} is none of nothing, add, vote and everything (type for example --guests add)"
        ))
    })
}

fn parse_origin(text: &str) -> Result<Origin, UsageError> {
    Origin::parse(text).ok_or_else(|| {
        let typed = typed("--allow-origin", text);
        UsageError(format!(
            "{typed} is no origin (type for example --allow-origin https://party.example)"
        ))
    })
}

fn parse_bytes(option: &str, text: &str, example: &str) -> Result<u64, UsageError> {
    parse_size(text).ok_or_else(|| {
        UsageError(format!(
            "{option} {text:?} is not a size (type for example {option} {example})"
        ))
    })
}
