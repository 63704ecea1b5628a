//! Arguments to a command, and the help texts. Pure: it reads no files and prints nothing.
//!
//! Each command has a file with its options and how they are read; `values` reads what stands behind an option.

mod check;
mod fetch;
mod help;
mod host;
mod keys;
mod listen;
mod peer;
mod seed;
mod server;
mod server_limits;
mod tls;
mod values;

pub use check::{CheckOptions, CheckTarget};
pub use fetch::{FetchOptions, SeedAfter};
pub use help::{
    CHECK_HELP, FETCH_HELP, HELP, HOST_HELP, LISTEN_HELP, PEER_HELP, SEED_HELP, SERVER_HELP,
};
pub use host::{Deed, HostOptions, HostWork, Shown, StayOptions, Which, parse_time, parse_track};
pub use keys::{HOST_KEY_VARIABLE, NEW_KEY_VARIABLE, ROOM_KEY_VARIABLE, keys_of_environment};
pub use listen::ListenOptions;
pub use peer::PeerOptions;
pub use seed::SeedOptions;
pub use server::{ServerOptions, TlsFiles};
pub use values::parse_log_level;

use lexopt::prelude::*;
use log::LevelFilter;
use std::ffi::{OsStr, OsString};

/// Where `jam seed` and `jam peer --seed` listen unless told otherwise, and what a node's address without a port means.
pub const SEED_PORT: u16 = 9003;

/// Where `jam fetch` and `jam peer` listen unless told otherwise: a seed may run on the same machine.
pub const FETCH_PORT: u16 = 9004;

/// Where `jam check` dials an address without a port.
pub const CHECK_PORT: u16 = 9001;

#[derive(Debug, PartialEq)]
pub enum Command {
    /// Print this text and be done.
    Print(String),
    Server(ServerOptions),
    Seed(SeedOptions),
    Fetch(FetchOptions),
    Listen(ListenOptions),
    Host(HostOptions),
    Peer(PeerOptions),
    Check(CheckOptions),
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
    let usage = |error| values::usage("", error);
    let mut log = None;
    let mut first = parser.next().map_err(usage)?;
    while first == Some(Long("log")) {
        let level = parser.value().and_then(|level| level.string());
        log = Some(parse_log_level(&level.map_err(usage)?)?);
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
        Some(Value(command)) if command == "help" => match parser.next().map_err(usage)? {
            Some(Value(command)) => print(help_of(&command).unwrap_or(HELP)),
            _ => print(HELP),
        },
        Some(Value(command)) => parse_command(&command, &mut parser, log),
        Some(option) => Err(usage(option.unexpected())),
    }
}

fn parse_command(
    command: &OsStr,
    parser: &mut lexopt::Parser,
    log: Option<LevelFilter>,
) -> Result<Invocation, UsageError> {
    match command.to_str() {
        Some("server") => server::parse(parser, log),
        Some("seed") => seed::parse(parser, log),
        Some("fetch") => fetch::parse(parser, log),
        Some("listen") => listen::parse(parser, log),
        Some("host") => host::parse(parser, log),
        Some("peer") => peer::parse(parser, log),
        Some("check") => check::parse(parser, log),
        _ => {
            let typed = values::typed("", &command.to_string_lossy());
            Err(UsageError(format!(
                "there is no command {typed} (type `jam --help`)"
            )))
        }
    }
}

fn help_of(command: &OsStr) -> Option<&'static str> {
    match command.to_str()? {
        "server" => Some(SERVER_HELP),
        "seed" => Some(SEED_HELP),
        "fetch" => Some(FETCH_HELP),
        "listen" => Some(LISTEN_HELP),
        "host" => Some(HOST_HELP),
        "peer" => Some(PEER_HELP),
        "check" => Some(CHECK_HELP),
        _ => None,
    }
}

fn print(text: &str) -> Result<Invocation, UsageError> {
    Ok(Invocation {
        command: Command::Print(text.to_owned()),
        log: None,
    })
}
