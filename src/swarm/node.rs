//! A node: listens, tells connections which track they are about, and stops everything that it started.
//!
//! Threads: one accepts (unless somebody else does and hands sockets over), one per track looks for company, and one
//! per connection asks or answers. Stopping shuts all sockets; every thread notices and is joined.

use super::doors::{Doors, Place, Shut};
use super::frame::{self, Frame, Hello, NodeId, Refusal, RefusalCode};
use super::greet::meet;
use super::handshake::{Identity, refusal};
use super::key::{KeyId, SwarmKey};
use super::machine::LinkKey;
use super::scout;
use super::track_swarm::TrackSwarm;
use super::wire::Wire;
use crate::limits::{
    ACCEPT_BACKOFF, ACCEPT_TICK, REFUSALS_TOLD_AT_ONCE, REFUSALS_TOLD_EVERY, SWARM_BACKLOG,
    SWARM_CONNECTIONS_MAX, SWARM_CONNECTIONS_PER_ADDRESS_MAX, SWARM_STACK_BYTES, SWARM_STOP_GRACE,
};
use crate::sys::listener;
use crate::sys::secret;
use crate::sys::threads::Threads;
use crate::sys::throttle::Throttle;
use crate::track::id::TrackId;
use socket2::Socket;
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Finds a track that this node could serve but has not begun to, for those who know this key.
pub type Lookup = dyn Fn(TrackId, KeyId) -> Option<Arc<TrackSwarm>> + Send + Sync;

/// Takes connections that try the network.
pub type Checker = dyn Fn(Wire, Hello) + Send + Sync;

/// What the threads of a node share.
pub struct Shared {
    pub identity: Identity,
    pub doors: Arc<Doors>,
    pub threads: Threads,
    tracks: Mutex<HashMap<(TrackId, KeyId), Arc<TrackSwarm>>>,
    lookup: Option<Box<Lookup>>,
    pub(super) checker: Option<Box<Checker>>,
    next_link: AtomicU64,
    stopped: AtomicBool,
    began: Instant,
    /// For those who find no place.
    turned_away: Mutex<Throttle>,
}

/// A running node. Dropping it without `stop` leaves its threads running.
#[derive(Clone)]
pub struct Node(Arc<Shared>);

/// What a node does beyond its tracks.
#[derive(Default)]
pub struct Extras {
    pub lookup: Option<Box<Lookup>>,
    pub checker: Option<Box<Checker>>,
}

impl Node {
    /// A node whose connections somebody else accepts. `listen_port`: where, 0 for nowhere.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new(listen_port: u16, extras: Extras) -> io::Result<Self> {
        let node = NodeId(secret::random()?);
        Ok(Self::with_identity(Identity { node, listen_port }, extras))
    }

    /// The same under a name that was drawn elsewhere.
    #[must_use]
    pub fn with_identity(identity: Identity, extras: Extras) -> Self {
        Self(Arc::new(Shared {
            identity,
            doors: Arc::default(),
            threads: Threads::default(),
            tracks: Mutex::default(),
            lookup: extras.lookup,
            checker: extras.checker,
            next_link: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            began: Instant::now(),
            turned_away: Mutex::new(Throttle::new(REFUSALS_TOLD_AT_ONCE, REFUSALS_TOLD_EVERY)),
        }))
    }

    /// A node that listens on `port` of all addresses; 0 takes a free one.
    ///
    /// # Errors
    /// When the port cannot be bound, or the system has no room for a thread.
    pub fn listen(port: u16, extras: Extras) -> io::Result<Self> {
        let socket = listener::bind_everywhere(port, SWARM_BACKLOG)?;
        listener::set_tick(&socket, ACCEPT_TICK)?;
        let port = listener::local_address(&socket)?.port();
        let node = Self::new(port, extras)?;
        let shared = Arc::clone(&node.0);
        let accept = move || accept(&shared, &socket);
        node.0.threads.spawn("swarm", SWARM_STACK_BYTES, accept)?;
        Ok(node)
    }

    #[must_use]
    pub fn id(&self) -> NodeId {
        self.0.identity.node
    }

    /// 0: nobody can dial it.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.identity.listen_port
    }

    /// Takes part in the swarm of `track` until it is stopped.
    ///
    /// # Errors
    /// When the system has no room for a thread.
    pub fn join(&self, track: &Arc<TrackSwarm>) -> io::Result<()> {
        let key = (track.id, track.key().id());
        let mut tracks = self.0.tracks();
        // Those that somebody else stopped.
        tracks.retain(|_, track| !track.is_stopped());
        tracks.insert(key, Arc::clone(track));
        drop(tracks);
        let (shared, track) = (Arc::clone(&self.0), Arc::clone(track));
        let look = move || scout::run(&shared, &track);
        self.0.threads.spawn("scout", SWARM_STACK_BYTES, look)
    }

    /// From now on another key holds for a track, because its room has a new one.
    pub fn change_key(&self, track: &Arc<TrackSwarm>, key: SwarmKey) {
        let mut tracks = self.0.tracks();
        if tracks.remove(&(track.id, track.key().id())).is_some() {
            track.set_key(key);
            tracks.insert((track.id, key.id()), Arc::clone(track));
        }
    }

    /// Leaves the swarm of a track.
    pub fn leave(&self, track: &TrackSwarm) {
        self.0.tracks().remove(&(track.id, track.key().id()));
        track.stop();
    }

    /// Serves a connection that somebody else accepted, in the thread of the caller. `unread` was read from it.
    pub fn serve(&self, socket: Arc<TcpStream>, peer: SocketAddr, unread: &[u8]) {
        match self.0.admit(&socket, peer) {
            Ok(place) => meet(&self.0, socket, peer, unread, place),
            Err(refusal) => refuse_at_once(&socket, refusal),
        }
    }

    /// Connections at the moment.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.doors.count()
    }

    /// Ends all connections and joins all threads.
    pub fn stop(self) {
        self.0.stopped.store(true, Ordering::Release);
        let tracks: Vec<_> = self.0.tracks().drain().map(|(_, track)| track).collect();
        for track in tracks {
            track.stop();
        }
        self.0.doors.shut_all();
        let running = self.0.threads.join_all(SWARM_STOP_GRACE);
        if running > 0 {
            // Such as those that dial an address which does not answer.
            log::debug!("stopping: {running} threads of the node were still busy");
        }
    }
}

impl Shared {
    fn admit(&self, socket: &Arc<TcpStream>, peer: SocketAddr) -> Result<Place, Refusal> {
        let ip = peer.ip().to_canonical();
        self.doors
            .admit(socket, Some(ip))
            .map_err(|shut| match shut {
                Shut::Stopping => refusal(RefusalCode::Stopping, "this node is stopping"),
                Shut::Full => {
                    self.tell_log(&ip, "too many connections of nodes", SWARM_CONNECTIONS_MAX);
                    refusal(RefusalCode::Busy, "this node has too many connections")
                }
                Shut::FullForAddress => {
                    let most = SWARM_CONNECTIONS_PER_ADDRESS_MAX;
                    self.tell_log(&ip, "too many connections of nodes from its address", most);
                    let text = "this node has too many connections from your address";
                    refusal(RefusalCode::Busy, text)
                }
            })
    }

    fn tell_log(&self, ip: &IpAddr, what: &str, limit: usize) {
        let mut throttle = self
            .turned_away
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match throttle.say(self.began.elapsed()) {
            Some(0) => log::info!("{ip} turned away: {what} ({limit} at a time)"),
            Some(more) => {
                log::info!("{ip} turned away: {what} ({limit} at a time; and {more} more before)");
            }
            None => {}
        }
    }

    #[must_use]
    pub fn next_link(&self) -> LinkKey {
        LinkKey(self.next_link.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn tracks(&self) -> MutexGuard<'_, HashMap<(TrackId, KeyId), Arc<TrackSwarm>>> {
        // The table is whole between any two statements that hold it.
        self.tracks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(&self, id: TrackId, key: KeyId) -> Option<Arc<TrackSwarm>> {
        let known = self.tracks().get(&(id, key)).cloned();
        // One that was stopped may be begun anew.
        let known = known.filter(|track| !track.is_stopped());
        known.or_else(|| self.lookup.as_ref()?(id, key))
    }
}

fn accept(shared: &Arc<Shared>, listener: &Socket) {
    while !shared.stopped.load(Ordering::Acquire) {
        match listener.accept() {
            Ok((socket, address)) => {
                if let Some(peer) = address.as_socket() {
                    take(shared, socket.into(), peer);
                }
            }
            Err(error) if listener::is_tick(&error) => {}
            Err(error) => {
                log::warn!("cannot accept connections: {error} (trying again)");
                std::thread::sleep(ACCEPT_BACKOFF);
            }
        }
        shared.threads.reap();
    }
}

fn take(shared: &Arc<Shared>, socket: TcpStream, peer: SocketAddr) {
    let socket = Arc::new(socket);
    let place = match shared.admit(&socket, peer) {
        Ok(place) => place,
        Err(refusal) => return refuse_at_once(&socket, refusal),
    };
    let own_shared = Arc::clone(shared);
    let serve = move || meet(&own_shared, socket, peer, &[], place);
    if let Err(error) = shared.threads.spawn("peer", SWARM_STACK_BYTES, serve) {
        log::warn!("no thread for {peer}: {error}");
    }
}

/// Without waiting for anything: a flood of connections must not become a flood of threads.
fn refuse_at_once(socket: &TcpStream, refusal: Refusal) {
    let mut bytes = Vec::new();
    frame::encode(&Frame::Refuse(refusal), &mut bytes);
    // A new socket's buffer takes this much.
    if socket.set_nonblocking(true).is_ok() && (&*socket).write_all(&bytes).is_ok() {
        let _gone = socket.shutdown(Shutdown::Write);
        let mut hello = [0; 256];
        let _whatever = (&*socket).read(&mut hello);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::track_swarm::Taste;

    #[test]
    fn a_track_that_was_stopped_is_found_by_the_lookup_again_and_forgotten() {
        let id = TrackId::from_bytes([7; 32]);
        let begin = move || TrackSwarm::new(id, SwarmKey::OPEN, None, Taste::default());
        let extras = Extras {
            lookup: Some(Box::new(move |_, _| Some(begin()))),
            ..Extras::default()
        };
        let node = Node::new(0, extras).expect("a node");
        let first = begin();
        node.join(&first).expect("a thread");
        let key = SwarmKey::OPEN.id();
        let found = node.0.find(id, key).expect("it takes part");
        assert!(Arc::ptr_eq(&found, &first));
        first.stop();
        let found = node.0.find(id, key).expect("the lookup begins it anew");
        assert!(!Arc::ptr_eq(&found, &first) && !found.is_stopped());
        let other = TrackId::from_bytes([8; 32]);
        let other = TrackSwarm::new(other, SwarmKey::OPEN, None, Taste::default());
        node.join(&other).expect("a thread");
        assert_eq!(node.0.tracks().len(), 1);
        node.stop();
    }
}
