//! A node: listens, tells connections which track they are about, and stops everything that it started.
//!
//! Threads: one accepts (unless somebody else does and hands sockets over), one per track looks for company, and one
//! per connection asks or answers. Stopping shuts all sockets; every thread notices and is joined.

use super::answerer::Answerer;
use super::doors::{Doors, Shut};
use super::frame::{Frame, Hello, Info, Listed, NodeId, Refusal, RefusalCode, Role};
use super::handshake::{self, Identity, refusal};
use super::key::{KeyId, SwarmKey};
use super::machine::LinkKey;
use super::scout;
use super::track_swarm::TrackSwarm;
use super::wire::{Wire, WireError};
use crate::limits::{
    ACCEPT_BACKOFF, ACCEPT_TICK, SWARM_BACKLOG, SWARM_CONTENT_PATIENCE, SWARM_LISTED_MAX,
    SWARM_STACK_BYTES, SWARM_STOP_GRACE,
};
use crate::sys::listener;
use crate::sys::secret;
use crate::sys::threads::Threads;
use crate::track::id::TrackId;
use socket2::Socket;
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    checker: Option<Box<Checker>>,
    next_link: AtomicU64,
    stopped: AtomicBool,
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
        self.0.tracks().insert(key, Arc::clone(track));
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
        meet(&self.0, socket, peer, unread);
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
            log::warn!("stopping: {running} threads of the node were still busy");
        }
    }
}

impl Shared {
    #[must_use]
    pub fn next_link(&self) -> LinkKey {
        LinkKey(self.next_link.fetch_add(1, Ordering::Relaxed))
    }

    fn tracks(&self) -> MutexGuard<'_, HashMap<(TrackId, KeyId), Arc<TrackSwarm>>> {
        // The table is whole between any two statements that hold it.
        self.tracks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: TrackId, key: KeyId) -> Option<Arc<TrackSwarm>> {
        let known = self.tracks().get(&(id, key)).cloned();
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
    let own_shared = Arc::clone(shared);
    let serve = move || meet(&own_shared, Arc::new(socket), peer, &[]);
    if let Err(error) = shared.threads.spawn("peer", SWARM_STACK_BYTES, serve) {
        log::warn!("no thread for {peer}: {error}");
    }
}

fn meet(shared: &Shared, socket: Arc<TcpStream>, peer: SocketAddr, unread: &[u8]) {
    let place = shared.doors.admit(&socket, Some(peer.ip().to_canonical()));
    let Ok(mut wire) = Wire::new(socket, peer, unread) else {
        return;
    };
    let _place = match place {
        Ok(place) => place,
        Err(shut) => return wire.refuse(refusal_of(shut)),
    };
    let ended = match handshake::read_hello(&mut wire) {
        Ok(hello) => match hello.role {
            Role::Ask => answer(shared, wire, &hello),
            Role::Offer => take_offer(shared, wire, &hello),
            Role::List => list(shared, wire, &hello),
            Role::Check => {
                check(shared, wire, hello);
                Ok(())
            }
        },
        Err(WireError::Frame(error)) => {
            wire.refuse(refusal(RefusalCode::Version, error.to_string()));
            Err(error.into())
        }
        Err(error) => Err(error),
    };
    if let Err(error) = ended {
        log::debug!("peer {peer}: {error}");
    }
}

fn refusal_of(shut: Shut) -> Refusal {
    match shut {
        Shut::Stopping => refusal(RefusalCode::Stopping, "this node is stopping"),
        Shut::Full => refusal(RefusalCode::Busy, "this node has too many connections"),
        Shut::FullForAddress => refusal(
            RefusalCode::Busy,
            "this node has too many connections from your address",
        ),
    }
}

/// The track that a HELLO is about, if its sender may take part.
fn admit(shared: &Shared, hello: &Hello) -> Result<Arc<TrackSwarm>, Refusal> {
    let Some(track) = shared.find(hello.track, hello.key_id) else {
        return Err(shared.unknown(hello));
    };
    if track.lock().banned.contains(&hello.node) {
        return Err(refusal(RefusalCode::Banned, "you sent wrong bytes"));
    }
    Ok(track)
}

/// Two nodes whose track is cut into other chunks can do nothing for each other.
fn wrong_layout(track: &TrackSwarm, hello: &Hello) -> Option<Refusal> {
    let here = track.known_layout()?;
    let (size, count) = (hello.chunk_size?, hello.chunk_count?);
    let same = size == here.chunk_size() && count == here.count();
    (!same).then(|| {
        let text = format!(
            "here the track has chunks of {}, not of {size}",
            here.chunk_size()
        );
        refusal(RefusalCode::WrongLayout, text)
    })
}

fn answer(shared: &Shared, mut wire: Wire, hello: &Hello) -> Result<(), WireError> {
    let track = match admit(shared, hello) {
        Ok(track) => track,
        Err(refusal) => {
            log::debug!("refused {}: {}", wire.peer(), refusal.text);
            wire.refuse(refusal);
            return Ok(());
        }
    };
    let own = shared.identity;
    let met = handshake::welcome(&mut wire, own, hello, &track.key())?;
    if let Some(refusal) = wrong_layout(&track, hello) {
        wire.refuse(refusal);
        return Ok(());
    }
    let ip = wire.peer().ip();
    if met.info.listen_port != 0 {
        let address = SocketAddr::new(ip, met.info.listen_port);
        track.learn(address, Some(met.node), false);
        track.meet(&met, address);
    }
    // It may be that this node has just begun as well.
    let Some(content) = track.wait_for_content(SWARM_CONTENT_PATIENCE) else {
        let text = "this node does not know the track itself yet";
        wire.refuse(refusal(RefusalCode::Busy, text));
        return Ok(());
    };
    let (info, told) = track.own_info(own.listen_port, met.node);
    wire.write_frame(&Frame::Info(info))?;
    Answerer {
        track,
        content,
        wire,
        met,
        told,
    }
    .run()
}

fn take_offer(shared: &Shared, mut wire: Wire, hello: &Hello) -> Result<(), WireError> {
    let admitted = admit(shared, hello).and_then(|track| {
        let mut state = track.lock();
        if state.is_complete() || !state.begin_asking_of(hello.node, track.now()) {
            let text = "this node asks you already, or needs nothing";
            return Err(refusal(RefusalCode::AlreadyConnected, text));
        }
        drop(state);
        Ok(track)
    });
    let track = match admitted {
        Ok(track) => track,
        Err(refusal) => {
            wire.refuse(refusal);
            return Ok(());
        }
    };
    let own = shared.identity;
    let met = handshake::welcome(&mut wire, own, hello, &track.key()).and_then(|met| {
        let (info, told) = track.own_info(own.listen_port, met.node);
        wire.write_frame(&Frame::Info(info))?;
        Ok((met, told))
    });
    match met {
        Ok((met, told)) => {
            scout::accept_offer(shared, &track, wire, met, told);
            Ok(())
        }
        Err(error) => {
            track.lock().end_asking_of(hello.node);
            Err(error)
        }
    }
}

/// Says which tracks there are for those who know the key.
fn list(shared: &Shared, mut wire: Wire, hello: &Hello) -> Result<(), WireError> {
    let tracks: Vec<_> = shared.tracks().values().cloned().collect();
    let mut tracks = tracks;
    tracks.retain(|track| track.key().id() == hello.key_id);
    let Some(key) = tracks.first().map(|track| track.key()) else {
        wire.refuse(shared.unknown(hello));
        return Ok(());
    };
    handshake::welcome(&mut wire, shared.identity, hello, &key)?;
    let contents = tracks.iter().filter_map(|track| track.content());
    let mut listed: Vec<Listed> = contents
        .take(SWARM_LISTED_MAX)
        .map(|content| Listed {
            track: content.manifest.id(),
            layout: content.manifest.layout(),
            name: content.manifest.name().to_owned(),
        })
        .collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    wire.write_frame(&Frame::Info(Info {
        listen_port: shared.identity.listen_port,
        complete: false,
        has_manifest: false,
        addresses: Vec::new(),
        bitfield: Vec::new(),
    }))?;
    wire.write_frame(&Frame::Tracks(listed))?;
    wire.drain();
    Ok(())
}

fn check(shared: &Shared, wire: Wire, hello: Hello) {
    match &shared.checker {
        Some(checker) => checker(wire, hello),
        None => {
            let text = "this node moves tracks; to try a network type `jam check --listen-port 9001` there";
            wire.refuse(refusal(RefusalCode::NotOffered, text));
        }
    }
}

impl Shared {
    /// Why a HELLO is about nothing that is here, in words that help.
    fn unknown(&self, hello: &Hello) -> Refusal {
        let tracks = self.tracks();
        if tracks.keys().any(|(id, _)| *id == hello.track)
            || tracks.is_empty() && hello.role == Role::List
        {
            let text = "this swarm needs another key (--key, or --room and its address)";
            return refusal(RefusalCode::WrongKey, text);
        }
        let here = tracks.values().filter_map(|track| track.layout).next();
        if let (Some(here), Some(size), Some(count)) = (here, hello.chunk_size, hello.chunk_count) {
            let text = format!(
                "here are {} chunks of {} bytes, not {count} of {} (give both sides the same --num-chunks and --chunk-size)",
                here.count(),
                here.chunk_size().bytes(),
                size.bytes()
            );
            log::error!("a peer was refused: {text}");
            return refusal(RefusalCode::WrongLayout, text);
        }
        let others = tracks.keys().all(|(_, key)| *key != hello.key_id);
        if others && !tracks.is_empty() {
            let text = "this swarm needs another key (--key, or --room and its address)";
            return refusal(RefusalCode::WrongKey, text);
        }
        refusal(RefusalCode::UnknownTrack, "this node has no such track")
    }
}
