//! Listening sockets, with the options that both the server and the nodes of a swarm need.

use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// Binds and listens.
///
/// # Errors
/// When the address is taken, not this machine's, or not allowed.
pub fn bind(address: SocketAddr, backlog: i32) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    // A restarted server takes its port back from connections that are still closing.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // [::] means all addresses, old ones included, whatever this machine's default is.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    Ok(socket)
}

/// The same on all addresses of this machine, of both kinds where it has both.
///
/// # Errors
/// When the port is taken or not allowed.
pub fn bind_everywhere(port: u16, backlog: i32) -> io::Result<Socket> {
    let old = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    match bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)), backlog) {
        Err(error)
            if !matches!(
                error.kind(),
                ErrorKind::AddrInUse | ErrorKind::PermissionDenied
            ) =>
        {
            bind(old, backlog)
        }
        result => result,
    }
}

/// Where it listens.
///
/// # Errors
/// When the system does not say.
pub fn local_address(listener: &Socket) -> io::Result<SocketAddr> {
    let address = listener.local_addr()?.as_socket();
    Ok(address.expect("bug: a TCP listener has an IP address"))
}

/// How long `accept` waits for somebody.
///
/// # Errors
/// When the socket does not take the option.
pub fn set_tick(listener: &Socket, tick: Duration) -> io::Result<()> {
    listener.set_read_timeout(Some(tick))
}

/// Whether an error of `accept` is only its tick, or a client that went away while it waited in the backlog.
#[must_use]
pub fn is_tick(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock
            | ErrorKind::TimedOut
            | ErrorKind::Interrupted
            | ErrorKind::ConnectionAborted
    )
}
