//! What `seed`, `fetch` and `peer` share: a node that listens, and the lookup of the names that were typed.

use super::Failure;
use super::company::{Company, Part};
use super::progress::Progress;
use super::stop::Stop;
use super::words::Waiting;
use crate::limits::{COMMAND_TICK, RESOLVE_AGAIN, THREAD_STACK_BYTES};
use crate::room::address::{Endpoint, RoomAddress};
use crate::swarm::frame::NodeId;
use crate::swarm::handshake::Identity;
use crate::swarm::key::SwarmKey;
use crate::swarm::node::{Extras, Node};
use crate::swarm::track_swarm::{Status, TrackSwarm};
use crate::sys::addresses;
use crate::sys::descriptors;
use crate::sys::threads::Threads;
use std::io::{self, ErrorKind};
use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub struct Session {
    pub node: Node,
    pub key: SwarmKey,
    pub stop: Stop,
    /// The room that this node is in.
    pub company: Option<Company>,
    pub threads: Threads,
    resolver: Arc<Resolver>,
}

impl Session {
    /// `port`: where to listen; `usual` when that was not said, or any free one when that is taken.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn start(
        port: Option<u16>,
        usual: u16,
        key: Option<&str>,
        connect: &[Endpoint],
    ) -> Result<Self, Failure> {
        let stop =
            Stop::on_signals().map_err(|error| Failure::new("waiting for signals", &error))?;
        Self::start_until(stop, port, usual, key, connect)
    }

    /// The same for somebody who sees to signals: it goes on until `stop`.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn start_until(
        stop: Stop,
        port: Option<u16>,
        usual: u16,
        key: Option<&str>,
        connect: &[Endpoint],
    ) -> Result<Self, Failure> {
        // A file for each track, and a socket for each connection. What the system allows may do all the same.
        if let Err(error) = descriptors::raise_limit() {
            log::warn!("cannot read the limit of file descriptors: {error}");
        }
        let node = match port {
            Some(port) => listen(port),
            None => match listen(usual) {
                Err(error) if error.kind() == ErrorKind::AddrInUse => listen(0),
                result => result,
            },
        };
        let node = node.map_err(|error| cannot_listen(port.unwrap_or(usual), &error))?;
        let resolver = Arc::new(Resolver::new(connect));
        let threads = Threads::default();
        let (own_resolver, own_stop) = (Arc::clone(&resolver), stop.clone());
        let resolve = move || own_resolver.run(&own_stop);
        if !connect.is_empty() {
            threads
                .spawn("resolver", THREAD_STACK_BYTES, resolve)
                .map_err(|error| Failure::new("starting a thread", &error))?;
        }
        Ok(Self {
            node,
            key: key.map_or(SwarmKey::OPEN, SwarmKey::of_text),
            company: None,
            stop,
            resolver,
            threads,
        })
    }

    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            node: self.node_id(),
            listen_port: self.node.port(),
        }
    }

    #[must_use]
    pub fn node_id(&self) -> NodeId {
        self.node.id()
    }

    /// Under which addresses others reach this node.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, self.node.port()));
        addresses::reachable(everywhere)
    }

    /// Joins a room, and takes over its key unless one was typed.
    ///
    /// # Errors
    /// When it cannot be joined, or the program was asked to stop.
    pub fn enter(&mut self, room: &RoomAddress, part: Part) -> Result<(), Failure> {
        let keyed = self.key != SwarmKey::OPEN;
        let company = Company::join(room, part, &self.node, keyed, &self.threads)?;
        let key = company.wait_until_joined(&self.stop)?;
        if !keyed {
            self.key = key;
        }
        self.company = Some(company);
        Ok(())
    }

    /// Takes part in the swarm of `track`; the addresses that were typed are dialled for it.
    ///
    /// # Errors
    /// When the system has no room for a thread.
    pub fn join(&self, track: &Arc<TrackSwarm>) -> Result<(), Failure> {
        let joined = self.node.join(track);
        joined.map_err(|error| Failure::new("starting a thread", &error))?;
        self.resolver.add(track);
        if let Some(company) = &self.company {
            company.add(track);
        }
        Ok(())
    }

    /// The addresses that the names stand for so far.
    #[must_use]
    pub fn resolved(&self) -> Vec<SocketAddr> {
        self.resolver.lock().addresses.clone()
    }

    /// Whether some name has not been looked up for the first time yet.
    #[must_use]
    pub fn is_looking_up(&self) -> bool {
        !self.resolver.lock().looked
    }

    /// Names that could not be looked up, and why.
    #[must_use]
    pub fn unresolved(&self) -> Vec<(String, String)> {
        self.resolver.lock().failures.clone()
    }

    /// Nobody is connected: who was tried, and why that failed.
    pub fn say_nobody(&self, status: &Status, progress: &mut Progress) {
        let mut tried = self.unresolved();
        let unreached = status.unreached.iter();
        tried.extend(unreached.map(|at| (at.address.to_string(), at.why.clone())));
        match &self.company {
            Some(company) if tried.is_empty() => {
                let room = company.room();
                progress.waiting(&Waiting::NobodyInRoom { room });
            }
            _ => progress.waiting(&Waiting::Nobody { tried: &tried }),
        }
    }

    /// Waits for `time`, or until it is asked to stop; whether it was.
    #[must_use]
    pub fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while !self.stop.is_asked() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            std::thread::sleep(left.min(COMMAND_TICK));
        }
        true
    }

    /// Ends all connections, and joins all threads.
    pub fn end(self) {
        self.resolver.lock().over = true;
        if let Some(company) = &self.company {
            company.leave();
        }
        self.node.stop();
        let _looking_up_a_name = self.threads.join_all(2 * COMMAND_TICK);
    }
}

fn listen(port: u16) -> io::Result<Node> {
    Node::listen(port, Extras::default())
}

fn cannot_listen(port: u16, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => {
            " (another program has it; choose another with --listen-port, or 0 for any)"
        }
        ErrorKind::PermissionDenied => {
            " (ports below 1024 need more rights; choose another with --listen-port)"
        }
        _ => "",
    };
    Failure(format!("listening on port {port}: {error}{hint}"))
}

/// Looks up the names that were typed, again and again: a laptop may come later, or under another address.
struct Resolver {
    endpoints: Vec<Endpoint>,
    state: Mutex<Resolved>,
}

#[derive(Default)]
struct Resolved {
    over: bool,
    /// All of them were looked up once.
    looked: bool,
    addresses: Vec<SocketAddr>,
    failures: Vec<(String, String)>,
    tracks: Vec<Arc<TrackSwarm>>,
}

impl Resolver {
    fn new(endpoints: &[Endpoint]) -> Self {
        Self {
            endpoints: endpoints.to_vec(),
            state: Mutex::default(),
        }
    }

    fn add(&self, track: &Arc<TrackSwarm>) {
        let mut state = self.lock();
        state.tracks.retain(|track| !track.is_stopped());
        state.tracks.push(Arc::clone(track));
        for &address in &state.addresses {
            track.learn(address, None, true);
        }
    }

    fn run(&self, stop: &Stop) {
        loop {
            self.resolve();
            self.lock().looked = true;
            let again = Instant::now() + RESOLVE_AGAIN;
            while Instant::now() < again {
                if stop.is_asked() || self.lock().over {
                    return;
                }
                std::thread::sleep(COMMAND_TICK);
            }
        }
    }

    fn resolve(&self) {
        for endpoint in &self.endpoints {
            let found = (endpoint.host.as_str(), endpoint.port).to_socket_addrs();
            let mut state = self.lock();
            state.failures.retain(|(at, _)| *at != endpoint.to_string());
            match found {
                Ok(found) => {
                    for address in found {
                        if !state.addresses.contains(&address) {
                            state.addresses.push(address);
                            for track in &state.tracks {
                                track.learn(address, None, true);
                            }
                        }
                    }
                }
                Err(error) => {
                    let why = format!("no such name: {error}");
                    state.failures.push((endpoint.to_string(), why));
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Resolved> {
        // The table is whole between any two statements that hold it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
