//! Starts a server, holds what its threads share, and stops it.

use super::accept::{self, Connections};
use super::covers::Covers;
use super::metrics::Metrics;
use super::page::Page;
use super::registry::Registry;
use super::sender::Senders;
use super::upload::Uploads;
use crate::limits::{LISTEN_BACKLOG, STOP_GRACE, THREAD_STACK_BYTES};
use crate::room::members::MemberId;
use crate::room::message::QueueTrack;
use crate::room::name::RoomName;
use crate::sys::addresses;
use crate::sys::clock::RoomClock;
use crate::sys::secret::Secret;
use crate::sys::threads::Threads;
use crate::track::library::Library;
use crossbeam_channel::{Sender, bounded};
use socket2::{Domain, Protocol, Socket, Type};
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
    pub library: Library,
    pub covers: Covers,
    pub uploads: Uploads,
    pub upload_bytes_max: u64,
    pub metrics: Arc<Metrics>,
    pub page: Page,
    local: SocketAddr,
    secret: Secret,
}

impl Hub {
    /// Opaque, and different for every member of every server.
    #[must_use]
    pub fn new_peer_id(&self, member: MemberId) -> String {
        let key = self.secret.key("peer", member.0);
        format!("p{}", &key[..12])
    }

    /// What allows a host to upload into its room.
    #[must_use]
    pub fn new_upload_key(&self, member: MemberId) -> String {
        self.secret.key("upload", member.0)
    }

    /// Under which addresses others reach this server, as URLs. Asked anew each time: a laptop changes networks.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        addresses::reachable(self.local)
            .into_iter()
            .map(addresses::http_url)
            .collect()
    }
}

/// What a server is started with.
pub struct Config {
    pub listen: SocketAddr,
    pub connections_max: usize,
    pub upload_bytes_max: u64,
    pub library: Library,
    /// The tracks with which rooms begin.
    pub tracks: HashMap<RoomName, Vec<QueueTrack>>,
}

/// A running server. Dropping it without `stop` leaves its threads running.
pub struct Server {
    hub: Arc<Hub>,
    stop: Sender<()>,
}

impl Server {
    /// Binds and starts to accept.
    ///
    /// # Errors
    /// When the address cannot be bound, or the system has no room for the threads.
    pub fn start(config: Config) -> io::Result<Self> {
        let listener = bind(config.listen)?;
        accept::tick(&listener)?;
        let local = listener.local_addr()?.as_socket();
        let local = local.expect("bug: a TCP listener has an IP address");
        let threads = Threads::default();
        let clock = RoomClock::start();
        let version = env!("CARGO_PKG_VERSION");
        let senders = Senders::start(&threads)?;
        let hub = Arc::new(Hub {
            version,
            clock,
            connections: Connections::new(config.connections_max),
            registry: Registry::new(threads.clone(), clock, version, config.tracks, senders),
            threads,
            library: config.library,
            covers: Covers::default(),
            uploads: Uploads::default(),
            upload_bytes_max: config.upload_bytes_max,
            metrics: Arc::default(),
            page: Page::new(version),
            local,
            secret: Secret::draw()?,
        });
        let (stop, stopped) = bounded(0);
        let own_hub = Arc::clone(&hub);
        let accept = move || accept::run(&own_hub, &listener, &stopped);
        hub.threads.spawn("accept", THREAD_STACK_BYTES, accept)?;
        Ok(Self { hub, stop })
    }

    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.hub.local
    }

    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        self.hub.addresses()
    }

    /// Sends every member close code 1001, ends all connections and joins all threads, within a second.
    pub fn stop(self) {
        drop(self.stop);
        self.hub.registry.stop();
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
    }
}

fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A restarted server takes its port back from connections that are still closing.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // [::] means all addresses, old ones included, whatever this machine's default is.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG)?;
    Ok(socket)
}
