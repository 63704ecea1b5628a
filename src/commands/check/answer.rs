//! The side of a check that waits: a port, and a thread for each connection, up to a number. `visit` has the rest.

use super::outcome::Visit;
use super::visit::{Visitor, refusal};
use super::wire::Wire;
use crate::limits::{
    ACCEPT_BACKOFF, ACCEPT_TICK, CHECK_ANSWER_STEP, CHECK_DEADLINE, CHECKS_MAX, SWARM_BACKLOG,
    THREAD_STACK_BYTES,
};
use crate::swarm::frame::RefusalCode;
use crate::swarm::key::SwarmKey;
use crate::sys::listener;
use crate::sys::secret::Secret;
use crate::sys::threads::Threads;
use crate::sys::timed_socket::TimedSocket;
use socket2::Socket;
use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Told from the threads of the visits.
pub type Tell = dyn Fn(SocketAddr, Visit) + Send + Sync;

/// A port on which checks are answered; cheap to clone.
#[derive(Clone)]
pub struct Answering(Arc<Shared>);

struct Shared {
    secret: Arc<Secret>,
    local: SocketAddr,
    threads: Threads,
    tell: Box<Tell>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stopped: bool,
    next_id: u64,
    visits: HashMap<u64, Arc<TcpStream>>,
    /// Those who know one of these are answered.
    keys: Vec<SwarmKey>,
}

impl Answering {
    /// Listens on a port of all addresses, IPv4 and, where the system has it, IPv6; 0 takes a free one.
    ///
    /// # Errors
    /// When the port is taken or not allowed, or the system has no room for the thread.
    pub fn start(
        port: u16,
        secret: &Arc<Secret>,
        tell: impl Fn(SocketAddr, Visit) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = listener::bind_everywhere(port, SWARM_BACKLOG)?;
        listener::set_tick(&listener, ACCEPT_TICK)?;
        let answering = Self(Arc::new(Shared {
            secret: Arc::clone(secret),
            local: listener::local_address(&listener)?,
            threads: Threads::default(),
            tell: Box::new(tell),
            state: Mutex::new(State {
                keys: vec![SwarmKey::OPEN],
                ..State::default()
            }),
        }));
        let accepting = answering.clone();
        let threads = answering.0.threads.clone();
        threads.spawn("check accept", THREAD_STACK_BYTES, move || {
            accepting.accept(&listener);
        })?;
        Ok(answering)
    }

    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.0.local
    }

    /// Answers those who know this key, too.
    pub fn add_key(&self, key: SwarmKey) {
        self.state().keys.push(key);
    }

    /// Ends all visits and waits for their threads.
    pub fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        for socket in state.visits.values() {
            let _gone = socket.shutdown(Shutdown::Both);
        }
        drop(state);
        let _left = self.0.threads.join_all(2 * ACCEPT_TICK);
    }

    fn accept(&self, listener: &Socket) {
        while !self.state().stopped {
            self.0.threads.reap();
            match listener.accept() {
                Ok((socket, from)) => {
                    let from = from.as_socket();
                    let from = from.expect("bug: a TCP connection has an IP address");
                    self.admit(socket.into(), from);
                }
                Err(error) if listener::is_tick(&error) => {}
                // Out of descriptors, or a connection that was gone at once.
                Err(_) => std::thread::sleep(ACCEPT_BACKOFF),
            }
        }
    }

    fn admit(&self, socket: TcpStream, from: SocketAddr) {
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        let socket = Arc::new(socket);
        let _slower = socket.set_nodelay(true);
        let mut state = self.state();
        if state.stopped || state.visits.len() >= CHECKS_MAX {
            drop(state);
            // A few bytes fit into an empty buffer without waiting.
            let _gone =
                (&*socket).write_all(&refusal(RefusalCode::Busy, "too many checks at a time"));
            return;
        }
        let id = state.next_id;
        state.next_id += 1;
        state.visits.insert(id, Arc::clone(&socket));
        drop(state);
        let answering = self.clone();
        // Without a thread the connection is dropped, and with it its place.
        let place = Place { answering, id };
        let _dropped = self.0.threads.spawn("check", THREAD_STACK_BYTES, move || {
            place.answer(socket, from)
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements that hold it.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a visit in the table, which is free again when this is dropped.
struct Place {
    answering: Answering,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.answering.state().visits.remove(&self.id);
    }
}

impl Place {
    fn answer(&self, socket: Arc<TcpStream>, from: SocketAddr) {
        let end = Instant::now() + CHECK_DEADLINE;
        let socket = TimedSocket::new(socket, CHECK_ANSWER_STEP, end);
        let shared = &self.answering.0;
        let keys = self.answering.state().keys.clone();
        let visit = Visitor::new(Wire::new(socket), &shared.secret, self.id).answer(&keys);
        if !self.answering.state().stopped {
            (shared.tell)(from, visit);
        }
    }
}
