//! Connecting to a machine by its name: every address that the name has, in turn, each with a deadline, and words for
//! what went wrong that tell the kinds of trouble apart.

use crate::limits::{CONNECT_DEADLINE, RESOLVE_DEADLINE, RESOLVE_STACK_BYTES};
use crate::sys::threads::Threads;
use crossbeam_channel::{RecvTimeoutError, bounded};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Why nobody could be reached.
#[derive(Debug)]
pub enum DialError {
    /// Nobody knows the name.
    NameNotFound { host: String },
    /// Nobody answered in time whether the name exists.
    NameTimedOut { host: String },
    /// The machine, or a firewall before it, said no at once.
    Refused { address: SocketAddr },
    /// Nothing came back within the deadline.
    TimedOut {
        address: SocketAddr,
        after: Duration,
    },
    /// The network says that there is no way there.
    Unreachable {
        address: SocketAddr,
        source: io::Error,
    },
    /// This machine itself forbids it: a firewall for outgoing connections.
    Forbidden {
        address: SocketAddr,
        source: io::Error,
    },
    Other {
        address: SocketAddr,
        source: io::Error,
    },
}

/// An open connection, and how long it took: one round trip, and what the other side needed to answer.
#[derive(Debug)]
pub struct Dialled {
    pub socket: TcpStream,
    pub address: SocketAddr,
    pub took: Duration,
}

/// Connects to the first address of `host` that answers, IPv4 or IPv6; each may take `CONNECT_DEADLINE`.
///
/// # Errors
/// What the first address said when none answered.
pub fn dial_name(host: &str, port: u16, threads: &Threads) -> Result<Dialled, DialError> {
    dial_name_within(host, port, CONNECT_DEADLINE, threads)
}

/// The same, where each address may take so long.
///
/// # Errors
/// What the first address said when none answered.
pub fn dial_name_within(
    host: &str,
    port: u16,
    deadline: Duration,
    threads: &Threads,
) -> Result<Dialled, DialError> {
    let mut first = None;
    for address in resolve(host, port, threads)? {
        match dial_within(address, deadline) {
            Ok(dialled) => return Ok(dialled),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or_else(|| DialError::NameNotFound { host: host.into() }))
}

/// # Errors
/// What that address said; after `CONNECT_DEADLINE` that it said nothing.
pub fn dial(address: SocketAddr) -> Result<Dialled, DialError> {
    dial_within(address, CONNECT_DEADLINE)
}

fn dial_within(address: SocketAddr, deadline: Duration) -> Result<Dialled, DialError> {
    let began = Instant::now();
    match TcpStream::connect_timeout(&address, deadline) {
        Ok(socket) => {
            // A connection to a free port of this machine may meet itself: both ends are one socket then.
            if socket.local_addr().is_ok_and(|local| local == address) {
                return Err(DialError::Refused { address });
            }
            // Small messages go out at once. What cannot be set shows when it is used.
            let _slower = socket.set_nodelay(true);
            Ok(Dialled {
                socket,
                address,
                took: began.elapsed(),
            })
        }
        Err(error) => Err(DialError::of(address, began.elapsed(), error)),
    }
}

/// The addresses of `host`, a name or an address (an IPv6 one with or without brackets), each once.
///
/// The system's resolver knows no deadline, so it runs in a thread of its own, which may outlive the answer.
///
/// # Errors
/// `NameNotFound`, or `NameTimedOut` after `RESOLVE_DEADLINE`.
pub fn resolve(host: &str, port: u16, threads: &Threads) -> Result<Vec<SocketAddr>, DialError> {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let name = bare.unwrap_or(host).to_owned();
    if let Ok(ip) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    // Those of earlier questions: whoever looks for a server all night has asked thousands.
    threads.reap();
    let (sender, answer) = bounded(1);
    let host = name.clone();
    let spawned = threads.spawn("resolve", RESOLVE_STACK_BYTES, move || {
        let addresses = (name.as_str(), port).to_socket_addrs();
        let _too_late = sender.send(addresses.map(Iterator::collect::<Vec<_>>));
    });
    let found = match spawned {
        Ok(()) => answer.recv_timeout(RESOLVE_DEADLINE),
        Err(_no_thread) => return Err(DialError::NameTimedOut { host }),
    };
    match found {
        Ok(Ok(mut addresses)) if !addresses.is_empty() => {
            let mut seen = Vec::new();
            addresses.retain(|address| {
                let new = !seen.contains(address);
                seen.push(*address);
                new
            });
            Ok(addresses)
        }
        Ok(_) | Err(RecvTimeoutError::Disconnected) => Err(DialError::NameNotFound { host }),
        Err(RecvTimeoutError::Timeout) => Err(DialError::NameTimedOut { host }),
    }
}

impl DialError {
    fn of(address: SocketAddr, after: Duration, source: io::Error) -> Self {
        match source.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Self::Refused { address },
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::TimedOut { address, after },
            // A black hole in the table of routes is told as an invalid argument.
            ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::AddrNotAvailable
            | ErrorKind::InvalidInput => Self::Unreachable { address, source },
            ErrorKind::PermissionDenied => Self::Forbidden { address, source },
            _ => Self::Other { address, source },
        }
    }

    /// One or two words, for a table.
    #[must_use]
    pub fn in_short(&self) -> &'static str {
        match self {
            Self::NameNotFound { .. } => "no such name",
            Self::NameTimedOut { .. } => "name timed out",
            Self::Refused { .. } => "refused",
            Self::TimedOut { .. } => "timed out",
            Self::Unreachable { .. } => "unreachable",
            Self::Forbidden { .. } => "forbidden",
            Self::Other { .. } => "failed",
        }
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameNotFound { host } => write!(
                f,
                "no machine is called {host:?} (check the spelling, or type its address)"
            ),
            Self::NameTimedOut { host } => write!(
                f,
                "nobody says whether there is a machine called {host:?} (is the network up? or type its address)"
            ),
            Self::Refused { address } => write!(f, "{address} refused the connection"),
            Self::TimedOut { address, after } => {
                write!(f, "{address} did not answer within {} s", after.as_secs())
            }
            Self::Unreachable { address, source }
            | Self::Forbidden { address, source }
            | Self::Other { address, source } => write!(f, "{address}: {}", plain(source)),
        }
    }
}

impl std::error::Error for DialError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable { source, .. }
            | Self::Forbidden { source, .. }
            | Self::Other { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The system's words without its number, in lower case.
#[must_use]
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text
        .split_once(" (os error")
        .map_or(text.as_str(), |(words, _)| words);
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn an_address_needs_no_resolver_and_may_have_brackets() {
        let threads = Threads::default();
        for (host, address) in [
            ("192.168.1.20", "192.168.1.20:9001"),
            ("fd00::2", "[fd00::2]:9001"),
            ("[fd00::2]", "[fd00::2]:9001"),
        ] {
            let found = resolve(host, 9001, &threads).expect("an address");
            assert_eq!(found, [address.parse().expect("an address")]);
        }
        assert_eq!(threads.count(), 0);
    }

    #[test]
    fn a_name_is_tried_at_all_its_addresses() {
        let threads = Threads::default();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let dialled = dial_name("localhost", port, &threads).expect("localhost");
        assert_eq!(dialled.address.port(), port);
        assert_eq!(threads.join_all(Duration::from_secs(60)), 0);
    }

    #[test]
    fn whoever_asks_again_and_again_keeps_no_thread_for_each_time() {
        let threads = Threads::default();
        let ask = || resolve("localhost", 9001, &threads).expect("localhost");
        for _ in 0..10 {
            ask();
        }
        let deadline = Instant::now() + Duration::from_secs(60);
        // The last one may not have ended yet.
        while threads.count() > 1 {
            assert!(Instant::now() < deadline, "{} are left", threads.count());
            ask();
        }
    }

    #[test]
    fn nobody_is_found_under_a_name_that_does_not_exist() {
        let error = dial_name("no-such-machine.invalid", 9001, &Threads::default());
        let error = error.expect_err("no such name");
        assert!(
            matches!(
                error,
                DialError::NameNotFound { .. } | DialError::NameTimedOut { .. }
            ),
            "{error}"
        );
    }

    #[test]
    fn a_port_without_a_listener_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let error = dial(address).expect_err("nobody listens");
        assert!(matches!(error, DialError::Refused { .. }), "{error}");
    }
}
