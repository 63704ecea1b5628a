//! Tries whether nodes can be dialled: a connection to the address from which a node spoke and the port that it
//! announced, closed again at once.
//!
//! A few short-lived threads work off a bounded queue. A room never waits for them; what finds no place is asked
//! for again by the room, which also decides when a node is tried again.

use super::registry::RoomHandle;
use super::room_thread::ToRoom;
use crate::limits::{
    DIAL_BACK_DEADLINE, DIAL_BACK_QUEUE_MAX, DIAL_BACK_THREADS_MAX, THREAD_STACK_BYTES,
};
use crate::room::members::MemberId;
use crate::sys::threads::Threads;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::{HashMap, VecDeque};
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A node to try, and the room that wants to know.
pub struct Attempt {
    pub room: RoomHandle,
    pub member: MemberId,
    pub address: SocketAddr,
}

/// Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct DialBack(Arc<Shared>);

struct Shared {
    threads: Threads,
    table: Mutex<Table>,
}

/// Invariant: `running` threads look into `waiting` again before they end.
#[derive(Default)]
struct Table {
    stopped: bool,
    waiting: VecDeque<Attempt>,
    running: usize,
    next_id: u64,
    dialling: HashMap<u64, Arc<Socket>>,
}

impl DialBack {
    #[must_use]
    pub fn new(threads: Threads) -> Self {
        Self(Arc::new(Shared {
            threads,
            table: Mutex::default(),
        }))
    }

    /// Waits for nobody.
    pub fn try_soon(&self, attempt: Attempt) {
        let mut table = self.lock();
        if table.stopped {
            return;
        }
        if table.waiting.len() >= DIAL_BACK_QUEUE_MAX {
            let (room, address) = (attempt.room.name(), attempt.address);
            return log::debug!("room {room}: too many nodes to try, {address} has to wait");
        }
        if table.running < DIAL_BACK_THREADS_MAX {
            let own = self.clone();
            let work = move || own.work();
            match self.0.threads.spawn("dial back", THREAD_STACK_BYTES, work) {
                Ok(()) => table.running += 1,
                Err(error) => {
                    log::error!("no thread to try whether nodes can be dialled: {error}");
                    if table.running == 0 {
                        return; // What nobody takes would keep its room for ever.
                    }
                }
            }
        }
        // Those that have just begun wait for the table.
        table.waiting.push_back(attempt);
    }

    /// Ends what is under way, and begins nothing any more.
    pub fn stop(&self) {
        let mut table = self.lock();
        table.stopped = true;
        table.waiting.clear();
        for socket in table.dialling.values() {
            let _not_connected_yet = socket.shutdown(Shutdown::Both);
        }
    }

    /// Until nothing waits.
    fn work(&self) {
        while let Some(attempt) = self.next() {
            let Some(dialable) = self.dial(attempt.address) else {
                continue;
            };
            log::debug!(
                "room {}: node at {} {}",
                attempt.room.name(),
                attempt.address,
                if dialable { "reached" } else { "not reached" }
            );
            let _stopped = attempt.room.tell(ToRoom::Dialled {
                member: attempt.member,
                port: attempt.address.port(),
                dialable,
            });
        }
    }

    fn next(&self) -> Option<Attempt> {
        let mut table = self.lock();
        let next = table.waiting.pop_front();
        if next.is_none() {
            table.running -= 1;
        }
        next
    }

    /// `None`: it could not be tried, for reasons of this side.
    fn dial(&self, address: SocketAddr) -> Option<bool> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP));
        let socket = Arc::new(socket.ok()?);
        let mut table = self.lock();
        if table.stopped {
            return None;
        }
        let id = table.next_id;
        table.next_id += 1;
        table.dialling.insert(id, Arc::clone(&socket));
        drop(table);
        let connected = socket.connect_timeout(&address.into(), DIAL_BACK_DEADLINE);
        let mut table = self.lock();
        table.dialling.remove(&id);
        (!table.stopped).then_some(connected.is_ok())
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table is whole between any two statements that hold it.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
