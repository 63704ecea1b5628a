//! Starts a server, holds what its threads share, and stops it.

use super::accept::{self, Connections};
use super::arrivals;
use super::covers::Covers;
use super::doors::Doors;
use super::making_room::MakingRoom;
use super::metrics::Metrics;
use super::music::{self, Gathering, Later};
use super::registry::{self, Registry};
use super::room_thread::RoomWant;
use super::sender::Senders;
use super::state_disk::Kept;
use super::state_keeper::KeeperThread;
use super::swarm::ServerSwarm;
use super::tls::Tls;
use super::turned_away::{Told, TurnedAway};
use super::upload::Uploads;
use crate::limits::{
    ACCEPT_TICK, LISTEN_BACKLOG, STOP_GRACE, ServerLimits, THREAD_STACK_BYTES, WANTS_MAX,
};
use crate::room::key::Locks;
use crate::room::members::MemberId;
use crate::room::message::QueueTrack;
use crate::room::name::RoomName;
use crate::room::origin::Origin;
use crate::room::pace::Rates;
use crate::room::rights::Guests;
use crate::room::token::Token;
use crate::sys::addresses;
use crate::sys::clock::RoomClock;
use crate::sys::listener;
use crate::sys::secret::Secret;
use crate::sys::threads::Threads;
use crate::track::library::Library;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the threads of a server share.
pub struct Hub {
    pub version: &'static str,
    pub clock: RoomClock,
    pub threads: Threads,
    pub connections: Arc<Connections>,
    pub registry: Registry,
    pub library: Arc<Library>,
    pub swarm: ServerSwarm,
    pub covers: Covers,
    pub uploads: Uploads,
    pub upload_bytes_max: u64,
    pub library_bytes_max: u64,
    pub making_room: MakingRoom,
    /// What a member may say in a second.
    pub rates: Rates,
    /// Whoever connects does so through a proxy that says where the client is.
    pub trusts_proxy: bool,
    pub turned_away: Arc<TurnedAway>,
    pub metrics: Arc<Metrics>,
    /// The door for those who want to be encrypted, if there is one.
    pub tls: Option<Tls>,
    pub gathering: Gathering,
    /// Whose pages may use this server, beside its own.
    pub origins: Vec<Origin>,
    /// The tracks that rooms await; ends when the server stops. Who reads it is the server's node.
    pub wants: Receiver<RoomWant>,
    local: SocketAddr,
    /// Drawn anew at each start, because members are counted anew.
    members_secret: Secret,
}

impl Hub {
    /// Nobody can guess it, and nobody is given it twice.
    #[must_use]
    pub fn new_token(&self, member: MemberId) -> Token {
        let key = self.members_secret.key("token", member.0);
        Token::parse(&key).expect("bug: a key is 32 digits")
    }

    /// What allows a member to upload into its room.
    #[must_use]
    pub fn new_upload_key(&self, member: MemberId) -> String {
        self.members_secret.key("upload", member.0)
    }

    /// Under which addresses others reach this server, as URLs. Asked anew each time: a laptop changes networks.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        let reachable = addresses::reachable(self.local).into_iter();
        reachable.map(|address| self.url(address)).collect()
    }

    /// As a browser should open it; on this machine there is nobody to hide from.
    fn url(&self, address: SocketAddr) -> String {
        match &self.tls {
            Some(_) if !address.ip().is_loopback() => addresses::https_url(address),
            _ => addresses::http_url(address),
        }
    }
}

/// What a server is started with.
pub struct Config {
    pub listen: SocketAddr,
    pub connections_max: usize,
    pub upload_bytes_max: u64,
    pub library_bytes_max: u64,
    pub limits: ServerLimits,
    pub trusts_proxy: bool,
    pub library: Library,
    /// To be spoken to with TLS as well.
    pub tls: Option<Tls>,
    /// The tracks with which rooms begin.
    pub tracks: HashMap<RoomName, Vec<QueueTrack>>,
    /// What guests may do in a new room.
    pub guests: Guests,
    /// What it takes to join, and to host.
    pub locks: Locks,
    /// Whose pages may use this server, beside its own.
    pub origins: Vec<Origin>,
    /// What was there when the server ran before, and where to keep it for the next time.
    pub kept: Option<Kept>,
    /// Music to look through once the server runs.
    pub later: Option<Later>,
}

impl Told {
    fn of(config: &Config) -> Self {
        Self {
            limits: config.limits,
            connections: config.connections_max,
            connections_of_address: config.limits.connections_of_address(config.connections_max),
            upload_bytes: config.upload_bytes_max,
            library_bytes: config.library_bytes_max,
        }
    }
}

/// A running server. Dropping it without `stop` leaves its threads running.
pub struct Server {
    hub: Arc<Hub>,
    stop: Sender<()>,
    state: Option<KeeperThread>,
}

impl Server {
    /// Binds and starts to accept.
    ///
    /// # Errors
    /// When the address cannot be bound, or the system has no room for the threads.
    pub fn start(config: Config) -> io::Result<Self> {
        let (limits, told) = (config.limits, Told::of(&config));
        let turned_away = Arc::new(TurnedAway::new(told));
        let listener = listener::bind(config.listen, LISTEN_BACKLOG)?;
        listener::set_tick(&listener, ACCEPT_TICK)?;
        let local = listener::local_address(&listener)?;
        let threads = Threads::default();
        let version = env!("CARGO_PKG_VERSION");
        let senders = Senders::start(&threads)?;
        let (clock, secret, rooms, state) = match config.kept {
            None => (RoomClock::start(), Secret::draw()?, Vec::new(), None),
            Some(kept) => {
                let state = KeeperThread::start(kept.disk, kept.unwritten)?;
                (kept.clock, kept.secret, kept.rooms, Some(state))
            }
        };
        let (wants, wanted) = bounded(WANTS_MAX);
        let registry = Registry::new(registry::Config {
            threads: threads.clone(),
            clock,
            version,
            tracks: config.tracks,
            secret,
            guests: config.guests,
            doors: Arc::new(Doors::new(config.locks, clock, Arc::clone(&turned_away))),
            keeper: state.as_ref().map(KeeperThread::keeper),
            turned_away: Arc::clone(&turned_away),
            senders,
            wants,
        });
        let library = Arc::new(config.library);
        let hub = Arc::new(Hub {
            swarm: ServerSwarm::new(&library, &registry, local.port()),
            version,
            clock,
            connections: Connections::new(told.connections, told.connections_of_address),
            registry,
            threads,
            library,
            covers: Covers::default(),
            uploads: Uploads::new(limits.uploads, limits.uploads_of_address()),
            upload_bytes_max: config.upload_bytes_max,
            library_bytes_max: config.library_bytes_max,
            making_room: MakingRoom::default(),
            rates: Rates {
                messages: limits.messages_per_sec.into(),
                bytes: limits.message_bytes_per_sec as f64,
            },
            trusts_proxy: config.trusts_proxy,
            turned_away,
            metrics: Arc::default(),
            tls: config.tls,
            gathering: Gathering::begun(config.later.is_some()),
            origins: config.origins,
            wants: wanted,
            local,
            members_secret: Secret::draw()?,
        });
        hub.registry.restore(rooms);
        let (stop, stopped) = bounded(0);
        let own_hub = Arc::clone(&hub);
        let accept = move || accept::run(&own_hub, &listener, &stopped);
        hub.threads.spawn("accept", THREAD_STACK_BYTES, accept)?;
        let own_hub = Arc::clone(&hub);
        let take_arrivals = move || arrivals::run(&own_hub);
        hub.threads
            .spawn("arrivals", THREAD_STACK_BYTES, take_arrivals)?;
        if let Some(later) = config.later {
            let own_hub = Arc::clone(&hub);
            let gather = move || music::run(&own_hub, &later);
            hub.threads.spawn("music", THREAD_STACK_BYTES, gather)?;
        }
        Ok(Self { hub, stop, state })
    }

    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.hub.local
    }

    /// The one address on which it listens, as a URL.
    #[must_use]
    pub fn local_url(&self) -> String {
        self.hub.url(self.hub.local)
    }

    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        self.hub.addresses()
    }

    /// Sends every member close code 1001, ends all connections and joins all threads, within a second; two more when the
    /// server's node dials somebody who does not answer.
    pub fn stop(self) {
        drop(self.stop);
        self.hub.gathering.stop();
        self.hub.registry.stop();
        self.hub.swarm.node.clone().stop();
        let deadline = Instant::now() + STOP_GRACE;
        // Those who answer the close frame go by themselves; keep-alive connections do not.
        while self.hub.connections.count() > 0 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.hub.connections.shut_all();
        let running = self.hub.threads.join_all(STOP_GRACE);
        if running > 0 {
            log::warn!("stopping: {running} threads were still busy");
        }
        if let Some(state) = self.state {
            state.stop();
        }
    }
}
