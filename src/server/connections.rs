//! The table of what is connected: how many there may be, in all and from one address.

use super::turned_away::Cause;
use crate::identity::one_who_counts;
use socket2::SockRef;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The connections that exist. Invariant: never more than `max`, and never more than `max_of_address` from one address (of
/// IPv6, from one network of a household).
pub struct Connections {
    max: usize,
    max_of_address: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// The server stops: nobody is admitted any more.
    closed: bool,
    next_id: u64,
    sockets: HashMap<u64, Arc<TcpStream>>,
    by_address: HashMap<IpAddr, usize>,
}

/// Why there is no place for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    Server,
    /// One address has all that it may have.
    Address,
}

impl Full {
    #[must_use]
    pub fn cause(self) -> Cause {
        match self {
            Self::Server => Cause::Connections,
            Self::Address => Cause::ConnectionsOfAddress,
        }
    }

    /// For the client.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Server => "this server is full, try again later",
            Self::Address => "too many connections from your address, try again later",
        }
    }
}

impl Table {
    fn count(&mut self, ip: IpAddr, max: usize) -> bool {
        let count = self.by_address.entry(one_who_counts(ip)).or_default();
        let has_room = *count < max;
        *count += usize::from(has_room);
        has_room
    }

    fn discount(&mut self, ip: IpAddr) {
        let ip = one_who_counts(ip);
        match self.by_address.get_mut(&ip) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.by_address.remove(&ip)),
        }
    }
}

/// A connection and its place in the table, which is free again when this is dropped.
pub struct Connection {
    id: u64,
    socket: Arc<TcpStream>,
    peer: SocketAddr,
    /// Where the client is, which a proxy may have told.
    ip: IpAddr,
    connections: Arc<Connections>,
    /// Of the inside of an encrypted connection: the socket by which that one comes, which has the place.
    carried_by: Option<Arc<TcpStream>>,
}

impl Connections {
    #[must_use]
    pub fn new(max: usize, max_of_address: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            max_of_address,
            table: Mutex::default(),
        })
    }

    /// # Errors
    /// Gives the socket back when it finds no place.
    pub(super) fn admit(
        self: &Arc<Self>,
        socket: TcpStream,
        peer: SocketAddr,
    ) -> Result<Connection, (TcpStream, Full)> {
        let ip = peer.ip().to_canonical();
        let mut table = self.lock();
        if table.closed || table.sockets.len() >= self.max {
            return Err((socket, Full::Server));
        }
        if !table.count(ip, self.max_of_address) {
            return Err((socket, Full::Address));
        }
        let id = table.next_id;
        table.next_id += 1;
        let socket = Arc::new(socket);
        table.sockets.insert(id, Arc::clone(&socket));
        Ok(Connection {
            id,
            socket,
            peer,
            ip,
            connections: Arc::clone(self),
            carried_by: None,
        })
    }

    /// Ends every connection, and admits no other; their threads notice.
    pub fn shut_all(&self) {
        let mut table = self.lock();
        table.closed = true;
        for socket in table.sockets.values() {
            let _gone = socket.shutdown(Shutdown::Both);
        }
    }

    /// Whether the next connection would be refused.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.count() >= self.max
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().sockets.len()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table is whole between any two statements that hold it.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Numbered in the order of connecting, never used twice.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    #[must_use]
    pub fn socket(&self) -> Arc<TcpStream> {
        Arc::clone(&self.socket)
    }

    /// The other side's address and port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.peer
    }

    /// Where the client is; an IPv4 address is an IPv4 one, also on a socket that takes both.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// What comes over this connection comes from there (`None`: from the other side of the socket itself), and counts as
    /// such.
    ///
    /// # Errors
    /// When that address has all the connections that it may have; then nothing changes.
    pub fn comes_from(&mut self, ip: Option<IpAddr>) -> Result<(), Full> {
        let ip = ip.unwrap_or(self.peer.ip()).to_canonical();
        if ip == self.ip {
            return Ok(());
        }
        let mut table = self.connections.lock();
        let has_place = self.carried_by.is_none();
        if has_place && one_who_counts(ip) != one_who_counts(self.ip) {
            if !table.count(ip, self.connections.max_of_address) {
                return Err(Full::Address);
            }
            table.discount(self.ip);
        }
        self.ip = ip;
        Ok(())
    }

    /// The same connection as it goes on behind a door: by `socket`, to which somebody carries what comes by this one.
    /// Whoever carries holds on to `self`, and so to its place.
    #[must_use]
    pub fn inside(&self, socket: TcpStream) -> Self {
        Self {
            id: self.id,
            socket: Arc::new(socket),
            peer: self.peer,
            ip: self.ip,
            connections: Arc::clone(&self.connections),
            carried_by: Some(self.socket()),
        }
    }

    /// Whether nobody on the way can read it.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.carried_by.is_some()
    }

    /// Lets at most about so much wait in the kernel for the other side. A socket that does not take that works all the
    /// same.
    pub fn limit_send_buffer(&self, bytes: usize) {
        let _as_it_is = SockRef::from(&*self.socket).set_send_buffer_size(bytes);
        if let Some(socket) = &self.carried_by {
            let _as_it_is = SockRef::from(&**socket).set_send_buffer_size(bytes);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The outbox may hold the socket a little longer; the other side should not have to wait for that.
        let _gone = self.socket.shutdown(Shutdown::Both);
        if self.carried_by.is_some() {
            return;
        }
        let mut table = self.connections.lock();
        table.sockets.remove(&self.id);
        table.discount(self.ip);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Connections that do not come from where they say.
    struct Gate {
        connections: Arc<Connections>,
        listener: TcpListener,
    }

    impl Gate {
        fn new(max: usize, max_of_address: usize) -> Self {
            Self {
                connections: Connections::new(max, max_of_address),
                listener: TcpListener::bind("127.0.0.1:0").expect("a port"),
            }
        }

        fn admit(&self, from: &str) -> Result<Connection, Full> {
            let address = self.listener.local_addr().expect("an address");
            let socket = TcpStream::connect(address).expect("connected");
            let peer = SocketAddr::new(ip(from), 1);
            let admitted = self.connections.admit(socket, peer);
            admitted.map_err(|(_, full)| full)
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn one_address_leaves_places_for_others_and_its_own_come_free() {
        let gate = Gate::new(4, 2);
        let first = gate.admit("10.0.0.1").expect("a place");
        let _second = gate.admit("::ffff:10.0.0.1").expect("a place");
        assert_eq!(gate.admit("10.0.0.1").err(), Some(Full::Address));
        let _other = gate.admit("10.0.0.2").expect("a place");
        drop(first);
        let _third = gate.admit("10.0.0.1").expect("a place");
        let _another = gate.admit("10.0.0.3").expect("a place");
        assert_eq!(gate.admit("10.0.0.4").err(), Some(Full::Server));
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let gate = Gate::new(9, 1);
        let _first = gate.admit("2001:db8:0:1::1").expect("a place");
        assert_eq!(
            gate.admit("2001:db8:0:1:ffff::2").err(),
            Some(Full::Address)
        );
        let _other = gate.admit("2001:db8:0:2::1").expect("a place");
    }

    #[test]
    fn a_connection_counts_where_its_proxy_says_it_comes_from() {
        let gate = Gate::new(9, 2);
        let mut first = gate.admit("127.0.0.1").expect("a place");
        let mut second = gate.admit("127.0.0.1").expect("a place");
        let far = Some(ip("10.0.0.9"));
        assert_eq!(first.comes_from(far), Ok(()));
        assert_eq!(first.comes_from(far), Ok(()));
        assert_eq!(second.comes_from(far), Ok(()));
        let mut third = gate.admit("127.0.0.1").expect("a place");
        assert_eq!(third.comes_from(far), Err(Full::Address));
        assert_eq!(third.ip(), ip("127.0.0.1"));
        // The next request over the same connection may be somebody else's.
        assert_eq!(second.comes_from(Some(ip("10.0.0.8"))), Ok(()));
        assert_eq!(third.comes_from(far), Ok(()));
        assert_eq!(first.comes_from(None), Ok(()));
        assert_eq!(first.ip(), ip("127.0.0.1"));
        drop((first, second, third));
        assert!(gate.connections.lock().by_address.is_empty());
    }
}
