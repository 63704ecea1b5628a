//! The swarm of one track as the threads of a node share it: one mutex around what is decided, and nothing is read,
//! written or hashed under it.

use super::bitfield::Bitfield;
use super::frame::{Info, NodeId};
use super::handshake::Met;
use super::key::SwarmKey;
use super::machine::{Order, Swarm};
use super::store::{ChunkStore, StoreError};
use super::track_state::State;
pub use super::track_state::{Content, Source, Status};
use crate::limits::SWARM_ADDRESSES_MAX;
use crate::sys::secret;
use crate::track::chunks::Layout;
use crate::track::id::TrackId;
use crate::track::manifest::Manifest;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a node takes part.
#[derive(Clone, Copy, Debug)]
pub struct Taste {
    pub order: Order,
    /// Requests in flight on each connection, when they are not to adapt.
    pub window: Option<usize>,
}

impl Default for Taste {
    fn default() -> Self {
        Self {
            order: Order::RarestFirst,
            window: None,
        }
    }
}

pub struct TrackSwarm {
    pub id: TrackId,
    key: Mutex<SwarmKey>,
    /// What the track has to be cut into, when that is known beforehand.
    pub layout: Option<Layout>,
    taste: Taste,
    began: Instant,
    state: Mutex<State>,
    /// There may be something to ask for, or to dial.
    changed: Condvar,
    /// A chunk was gained.
    gained: Condvar,
    /// There may be somebody to dial.
    to_dial: Condvar,
    /// It is complete, or cannot go on.
    ended: Condvar,
    stopped: AtomicBool,
    sent_bytes: AtomicU64,
}

impl TrackSwarm {
    /// A track of which nothing is known yet but its id.
    #[must_use]
    pub fn new(id: TrackId, key: SwarmKey, layout: Option<Layout>, taste: Taste) -> Arc<Self> {
        Arc::new(Self {
            id,
            key: Mutex::new(key),
            layout,
            taste,
            began: Instant::now(),
            state: Mutex::default(),
            changed: Condvar::new(),
            gained: Condvar::new(),
            to_dial: Condvar::new(),
            ended: Condvar::new(),
            stopped: AtomicBool::new(false),
            sent_bytes: AtomicU64::new(0),
        })
    }

    #[must_use]
    pub fn key(&self) -> SwarmKey {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_key(&self, key: SwarmKey) {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = key;
    }

    /// What the track is cut into, as far as that is known.
    #[must_use]
    pub fn known_layout(&self) -> Option<Layout> {
        let content = self.content();
        content
            .map(|content| content.manifest.layout())
            .or(self.layout)
    }

    /// Begins to serve what `held` says, and to fetch the rest.
    pub fn begin(&self, manifest: Arc<Manifest>, store: Arc<dyn ChunkStore>, held: Bitfield) {
        let layout = manifest.layout();
        let held_bytes = held
            .iter_ones()
            .map(|index| layout.chunk_bytes(index) as u64);
        let mut state = self.lock();
        state.held_bytes = held_bytes.sum();
        let start = u32::from_be_bytes(secret::random_or_zero());
        let Taste { order, window } = self.taste;
        state.swarm = Some(Swarm::new(held, start, order, window));
        state.content = Some(Arc::new(Content { manifest, store }));
        drop(state);
        self.wake();
    }

    /// The manifest, as soon as some node gave it; `None` when the time is over.
    #[must_use]
    pub fn wait_for_manifest(&self, patience: Duration) -> Option<Arc<Manifest>> {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if let Some(manifest) = &state.proved {
                return Some(Arc::clone(manifest));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.is_stopped() {
                return None;
            }
            state = self.wait_changed(state, left);
        }
    }

    /// Waits until it is complete or cannot go on, `patience` at most.
    pub fn wait_for_end(&self, patience: Duration) {
        let state = self.lock();
        if state.is_complete() || state.failure.is_some() || self.is_stopped() {
            return;
        }
        let woken = self.ended.wait_timeout(state, patience);
        drop(woken.unwrap_or_else(PoisonError::into_inner).0);
    }

    #[must_use]
    pub fn status(&self) -> Status {
        let sent_bytes = self.sent_bytes.load(Ordering::Relaxed);
        self.lock().status(self.now(), sent_bytes)
    }

    /// The chunks gained since the first `known` ones, in the order in which they came.
    #[must_use]
    pub fn gains_since(&self, known: usize) -> Vec<u32> {
        let state = self.lock();
        let gains = state.swarm.as_ref().map_or(&[][..], Swarm::gains);
        gains.get(known..).unwrap_or_default().to_vec()
    }

    /// Until this node knows the track; `None` when the time is over.
    pub(super) fn wait_for_content(&self, patience: Duration) -> Option<Arc<Content>> {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if let Some(content) = &state.content {
                return Some(Arc::clone(content));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.is_stopped() {
                return None;
            }
            state = self.wait_changed(state, left);
        }
    }

    /// Takes note of what a node said of itself, and of the others that it knows.
    pub(super) fn meet(&self, met: &Met, address: SocketAddr) {
        let now = self.now();
        let mut state = self.lock();
        if met.info.complete {
            state.offering.needs_nothing(met.node);
        } else if state.book.node_at(address).is_some() {
            state.offering.learn(now, met.node);
        }
        drop(state);
        for &other in met.info.addresses.iter().take(SWARM_ADDRESSES_MAX) {
            self.learn(other, None, false);
        }
    }

    #[must_use]
    pub fn content(&self) -> Option<Arc<Content>> {
        self.lock().content.clone()
    }

    /// Whether chunk `index` is here.
    #[must_use]
    pub fn holds(&self, index: u32) -> bool {
        self.lock().holds(index)
    }

    /// A bit for each chunk that is here, as in BitTorrent, once the track is known.
    #[must_use]
    pub fn held(&self) -> Option<Vec<u8>> {
        let state = self.lock();
        state.swarm.as_ref().map(|swarm| swarm.held().to_bytes())
    }

    /// Whether it cannot go on.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.lock().failure.is_some()
    }

    /// Whether chunk `index` is here, waiting for it while the track grows; `patience` is for standing still.
    #[must_use]
    pub fn wait_for_chunk(&self, index: u32, patience: Duration) -> bool {
        let mut state = self.lock();
        let mut grew = (Instant::now(), state.held_bytes);
        loop {
            if state.holds(index) {
                return true;
            }
            if state.held_bytes != grew.1 {
                grew = (Instant::now(), state.held_bytes);
            }
            let left = patience.saturating_sub(grew.0.elapsed());
            if left.is_zero() || self.is_stopped() || state.failure.is_some() {
                return false;
            }
            state = self.wait_gained(state, left);
        }
    }

    /// Nodes that were dialled in vain.
    #[must_use]
    pub fn unreachable_nodes(&self) -> Vec<NodeId> {
        self.lock().book.unreachable_nodes()
    }

    /// Why it cannot go on, if so; taken out.
    #[must_use]
    pub fn take_failure(&self) -> Option<StoreError> {
        self.lock().failure.take()
    }

    /// A node that has something of this name, but in other chunks, and what it said; taken out.
    #[must_use]
    pub fn take_disagreement(&self) -> Option<String> {
        self.lock().disagreement.take()
    }

    /// A listener needs chunk `index` and those behind it first.
    pub fn play_from(&self, index: u32) {
        if let Some(swarm) = &mut self.lock().swarm {
            swarm.set_order(Order::Playback(index));
        }
    }

    /// There may be a node at `address`; `given`: the user typed it.
    pub fn learn(&self, address: SocketAddr, node: Option<NodeId>, given: bool) {
        let lot = u64::from_be_bytes(secret::random_or_zero());
        let now = self.now();
        let mut state = self.lock();
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let news = state.book.learn(now, address, node, given, lot);
        if let Some(node) = node {
            state.offering.learn(now, node);
        }
        state.look |= news;
        drop(state);
        if news {
            self.to_dial.notify_all();
        }
    }

    /// The connections of this track end as soon as they look.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        // Between the look of a waiting thread and its wait this lock is held.
        drop(self.lock());
        self.wake();
        self.to_dial.notify_all();
    }

    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    // ---- for the threads of the node ------------------------------------------------------------

    /// Seconds since this began.
    pub(super) fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    pub(super) fn at(&self, moment: Instant) -> f64 {
        moment.saturating_duration_since(self.began).as_secs_f64()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements that hold it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wait_changed<'a>(
        &self,
        state: MutexGuard<'a, State>,
        patience: Duration,
    ) -> MutexGuard<'a, State> {
        let woken = self.changed.wait_timeout(state, patience);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn wait_gained<'a>(
        &self,
        state: MutexGuard<'a, State>,
        patience: Duration,
    ) -> MutexGuard<'a, State> {
        let woken = self.gained.wait_timeout(state, patience);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn wait_to_dial(&self, patience: Duration) {
        let mut state = self.lock();
        // What was learned since it looked last was told to nobody.
        if !state.look {
            let woken = self.to_dial.wait_timeout(state, patience);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.look = false;
    }

    /// Somebody was lost, or found.
    pub(super) fn look_again(&self) {
        self.lock().look = true;
        self.to_dial.notify_all();
        self.changed.notify_all();
    }

    pub(super) fn notify_changed(&self) {
        self.changed.notify_all();
    }

    /// Everybody looks again.
    pub(super) fn wake(&self) {
        self.changed.notify_all();
        self.gained.notify_all();
        self.ended.notify_all();
    }

    /// A chunk was stored, and marked as held; `true`: it was the last.
    pub(super) fn notify_gained(&self, last: bool) {
        self.changed.notify_all();
        self.gained.notify_all();
        if last {
            self.ended.notify_all();
            self.to_dial.notify_all();
        }
    }

    /// Waits until something changes, `patience` at most.
    pub(super) fn rest(&self, patience: Duration) {
        drop(self.wait_changed(self.lock(), patience));
    }

    pub(super) fn count_sent(&self, bytes: usize) {
        self.sent_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// What this node says of itself to `to`, and how many of its gains that tells.
    pub(super) fn own_info(&self, listen_port: u16, to: NodeId) -> (Info, usize) {
        self.lock().own_info(listen_port, to)
    }

    /// It cannot go on: the first reason counts.
    pub(super) fn fail(&self, error: StoreError) {
        let mut state = self.lock();
        state.failure.get_or_insert(error);
        drop(state);
        self.wake();
    }

    /// Who was to fetch the manifest could not: somebody else may be asked at once.
    pub(super) fn yield_manifest(&self) {
        self.lock().manifest_asked_at = None;
        self.wake();
    }

    /// `node` sent wrong bytes from `ip`: it is not asked or answered again.
    pub(super) fn ban(&self, node: NodeId, ip: IpAddr) {
        self.lock().ban(node, ip);
    }
}
