//! Which connections a node has: never more than it can serve, never too many from one address, and all of them ended
//! together when it stops.

use crate::identity::one_who_counts;
use crate::limits::{
    SWARM_CONNECTIONS_MAX, SWARM_CONNECTIONS_OWN, SWARM_CONNECTIONS_PER_ADDRESS_MAX,
};
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub struct Doors(Mutex<Table>);

#[derive(Default)]
struct Table {
    closed: bool,
    next_id: u64,
    sockets: HashMap<u64, (Arc<TcpStream>, Option<IpAddr>)>,
    by_address: HashMap<IpAddr, usize>,
}

/// Why a connection is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    Stopping,
    Full,
    FullForAddress,
}

/// A place among the connections, free again when this is dropped.
pub struct Place {
    id: u64,
    doors: Arc<Doors>,
}

impl Doors {
    /// `from`: where it came from, when it was not this node that dialled.
    ///
    /// # Errors
    /// Why there is no place for it.
    pub fn admit(
        self: &Arc<Self>,
        socket: &Arc<TcpStream>,
        from: Option<IpAddr>,
    ) -> Result<Place, Shut> {
        let from = from.map(one_who_counts);
        let mut table = self.lock();
        if table.closed {
            return Err(Shut::Stopping);
        }
        let kept_free = if from.is_some() {
            SWARM_CONNECTIONS_OWN
        } else {
            0
        };
        if table.sockets.len() + kept_free >= SWARM_CONNECTIONS_MAX {
            return Err(Shut::Full);
        }
        if let Some(ip) = from {
            let count = table.by_address.entry(ip).or_default();
            if *count >= SWARM_CONNECTIONS_PER_ADDRESS_MAX {
                return Err(Shut::FullForAddress);
            }
            *count += 1;
        }
        let id = table.next_id;
        table.next_id += 1;
        table.sockets.insert(id, (Arc::clone(socket), from));
        let doors = Arc::clone(self);
        Ok(Place { id, doors })
    }

    /// Ends every connection, and admits no other; their threads notice.
    pub fn shut_all(&self) {
        let mut table = self.lock();
        table.closed = true;
        for (socket, _) in table.sockets.values() {
            let _gone = socket.shutdown(Shutdown::Both);
        }
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().sockets.len()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table is whole between any two statements that hold it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.doors.lock();
        let Some((socket, from)) = table.sockets.remove(&self.id) else {
            return;
        };
        let _gone = socket.shutdown(Shutdown::Both);
        let Some(ip) = from else { return };
        if let Some(count) = table.by_address.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                table.by_address.remove(&ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn a_household_with_ipv6_counts_as_one_address() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let socket = Arc::new(TcpStream::connect(address).expect("connected"));
        let doors = Arc::new(Doors::default());
        let from = |number: usize| format!("2001:db8::{number:x}").parse::<IpAddr>();
        let admit = |number| doors.admit(&socket, from(number).ok());
        let places: Vec<_> = (0..SWARM_CONNECTIONS_PER_ADDRESS_MAX).map(admit).collect();
        assert!(places.iter().all(Result::is_ok));
        assert_eq!(admit(1000).err(), Some(Shut::FullForAddress));
        drop(places);
        assert!(doors.lock().by_address.is_empty());
    }

    #[test]
    fn strangers_leave_a_node_places_for_whom_it_dials_itself() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let socket = Arc::new(TcpStream::connect(address).expect("connected"));
        let doors = Arc::new(Doors::default());
        let from = |number: usize| IpAddr::from(Ipv4Addr::from_bits(number as u32));
        let strangers = (0..SWARM_CONNECTIONS_MAX - SWARM_CONNECTIONS_OWN)
            .map(|number| doors.admit(&socket, Some(from(number))).ok());
        let strangers: Vec<_> = strangers.collect();
        assert!(strangers.iter().all(Option::is_some));
        assert_eq!(
            doors.admit(&socket, Some(from(999))).err(),
            Some(Shut::Full)
        );
        let own = (0..SWARM_CONNECTIONS_OWN).map(|_| doors.admit(&socket, None).ok());
        let own: Vec<_> = own.collect();
        assert!(own.iter().all(Option::is_some));
        assert_eq!(doors.admit(&socket, None).err(), Some(Shut::Full));
        drop((strangers, own));
        assert_eq!(doors.count(), 0);
    }
}
