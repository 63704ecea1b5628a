//! A node's place in a room: it learns of other nodes there, and tells them and the page what it has and whence.
//!
//! One thread owns what was told; everybody else asks it through a small table.

use super::Failure;
use super::announcement::{announcement, current, links};
use super::offers::Offers;
pub use super::part::{Ears, Part};
use super::stop::Stop;
use crate::client::link::RoomLink;
use crate::client::member::{Joined, RoomEvent, join};
use crate::client::messages::{Peer, Track, You};
use crate::client::outgoing::{Announce, Hello, Links, Offer};
use crate::limits::{
    COMMAND_TICK, COMPANY_TICK, NODE_TRACKS_MAX, PEERS_TRACKS_CUT_MIN, REFUSALS_KEPT_MAX,
    THREAD_STACK_BYTES,
};
use crate::room::address::RoomAddress;
use crate::swarm::frame::NodeId;
use crate::swarm::key::SwarmKey;
use crate::swarm::node::Node;
use crate::swarm::track_swarm::TrackSwarm;
use crate::sys::secret;
use crate::sys::threads::Threads;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Cheap to clone.
#[derive(Clone)]
pub struct Company {
    link: RoomLink,
    node: Node,
    /// Nodes prove another key than the room's to each other.
    keyed: bool,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    joined: bool,
    /// The server's own node.
    server: Option<(SocketAddr, NodeId)>,
    key: Option<SwarmKey>,
    failed: Option<String>,
    lost: Option<String>,
    peers: Vec<Peer>,
    you: Option<You>,
    queue: Option<Vec<Track>>,
    current: Option<String>,
    tracks: Vec<Arc<TrackSwarm>>,
    /// Put into the room's queue.
    offers: Offers,
    /// What the server said against that, `REFUSALS_KEPT_MAX` at most: only a seed takes them out.
    refusals: Vec<String>,
}

impl Company {
    /// Joins in a thread of its own. `keyed`: nodes prove another key than the room's to each other.
    ///
    /// # Errors
    /// When the system has no room for the threads.
    pub fn join(
        room: &RoomAddress,
        part: Part,
        node: &Node,
        keyed: bool,
        threads: &Threads,
    ) -> Result<Self, Failure> {
        let hello = Hello {
            role: part.role,
            node: part.ears.is_none(),
            token: part.token(),
            wants: part.wants(),
            display_name: part.name,
        };
        let seed = u64::from_be_bytes(secret::random_or_zero());
        let failed = |error| Failure::new("starting a thread", &error);
        let (link, events) = join(room.clone(), &hello, seed, threads).map_err(failed)?;
        let company = Self {
            link,
            node: node.clone(),
            keyed,
            known: Arc::default(),
        };
        let attendance = Attendance {
            company: company.clone(),
            ears: part.ears.map(|ears| ears.to),
            announced: None,
            announce_at: Instant::now(),
            interval: Duration::from_secs(15),
            told: None,
        };
        let attend = move || attendance.run(&events);
        let spawned = threads.spawn("company", THREAD_STACK_BYTES, attend);
        spawned.map_err(failed)?;
        Ok(company)
    }

    /// The room's key, or none for a server without one.
    ///
    /// # Errors
    /// When it cannot be joined, or the program was asked to stop.
    pub fn wait_until_joined(&self, stop: &Stop) -> Result<SwarmKey, Failure> {
        loop {
            let known = self.lock();
            if let Some(why) = &known.failed {
                return Err(Failure(why.clone()));
            }
            if known.joined {
                return Ok(known.key.unwrap_or(SwarmKey::OPEN));
            }
            drop(known);
            if stop.is_asked() {
                return Err(Failure::stopped());
            }
            std::thread::sleep(COMMAND_TICK / 10);
        }
    }

    /// From now on the room hears of this track, and its nodes are dialled for it. Its key is the room's of today.
    pub fn add(&self, track: &Arc<TrackSwarm>) {
        let mut known = self.lock();
        if let Some(key) = known.key.filter(|_| !self.keyed) {
            self.node.change_key(track, key);
        }
        known.tracks.retain(|track| !track.is_stopped());
        known.tracks.push(Arc::clone(track));
        known.introduce(track);
    }

    /// Of all tracks that are fetched this one is what the room hears of.
    pub fn turn_to(&self, track: &Arc<TrackSwarm>) {
        let mut known = self.lock();
        known.tracks.retain(|other| other.id != track.id);
        known.tracks.push(Arc::clone(track));
    }

    /// Puts a track into the room's queue, once for each server, which has other rooms when it is started again.
    pub fn offer(&self, track_id: String, offer: Offer) {
        self.lock().offers.add(track_id, offer);
    }

    /// This member may edit the queue by now: what the room has not taken is offered again.
    pub fn offer_again(&self) {
        let mut known = self.lock();
        let node = known.server.map(|(_, node)| node);
        known.offers.joined(node);
    }

    /// The room's tracks: the current one first, then those behind it, then those before. `None`: not known yet.
    #[must_use]
    pub fn wanted(&self) -> Option<Vec<Track>> {
        let known = self.lock();
        let mut tracks = known.queue.clone()?;
        let is_current = |track: &Track| Some(&track.track_id) == known.current.as_ref();
        if let Some(place) = tracks.iter().position(is_current) {
            tracks.rotate_left(place);
        }
        Some(tracks)
    }

    /// What the server said against what was offered; each once.
    #[must_use]
    pub fn take_refusals(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().refusals)
    }

    /// Whether the server reached this node, once it has tried.
    #[must_use]
    pub fn is_dialable(&self) -> Option<bool> {
        self.lock().you.and_then(|you| you.dialable)
    }

    /// For what else there is to say to the room.
    #[must_use]
    pub fn link(&self) -> &RoomLink {
        &self.link
    }

    #[must_use]
    pub fn room(&self) -> &str {
        self.link.room().as_str()
    }

    /// Why the room is not there at the moment.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        self.lock().lost.clone()
    }

    pub fn leave(&self) {
        self.link.leave();
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // The table is whole between any two statements that hold it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The server says something against what we do.
    fn object(&mut self, text: String) {
        if self.refusals.len() < REFUSALS_KEPT_MAX {
            self.refusals.push(text);
        }
    }

    /// Tells `track` of the nodes that have it, or want it.
    fn introduce(&self, track: &TrackSwarm) {
        let id = track.id.to_string();
        if let Some((address, node)) = self.server {
            track.learn(address, Some(node), false);
        }
        for peer in &self.peers {
            let says = peer.track_id.iter().chain(&peer.track_ids);
            let has_said = peer.track_id.is_some() || !peer.track_ids.is_empty();
            let may_have_more = peer.track_ids.len() >= PEERS_TRACKS_CUT_MIN;
            let concerns = !has_said || may_have_more || says.into_iter().any(|said| *said == id);
            // Who cannot be dialled dials the others.
            if concerns && peer.port != 0 && peer.dialable != Some(false) {
                let address = SocketAddr::new(peer.ip, peer.port);
                track.learn(address, peer.node_id.map(NodeId), false);
            }
        }
    }
}

/// What was told of the track that is being fetched.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    track_id: String,
    gains: usize,
    links: Links,
}

struct Attendance {
    company: Company,
    ears: Option<Sender<RoomEvent>>,
    announced: Option<Announce>,
    announce_at: Instant,
    interval: Duration,
    told: Option<Told>,
}

impl Attendance {
    fn run(mut self, events: &Receiver<RoomEvent>) {
        let mut told_at = Instant::now();
        loop {
            match events.recv_timeout(COMPANY_TICK) {
                Ok(event) => {
                    self.hear(&event);
                    if let Some(ears) = &self.ears {
                        // Who does not listen any more is about to leave.
                        let _gone = ears.send(event);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if told_at.elapsed() >= COMPANY_TICK {
                told_at = Instant::now();
                self.tell();
            }
        }
    }

    fn hear(&mut self, event: &RoomEvent) {
        match event {
            RoomEvent::Joined(joined) => self.joined(joined),
            RoomEvent::Peers(list) => {
                self.interval = Duration::from_secs(u64::from(list.interval_sec).clamp(1, 60));
                let mut known = self.company.lock();
                (known.peers, known.you) = (list.peers.clone(), list.you);
                for track in &known.tracks {
                    known.introduce(track);
                }
            }
            RoomEvent::Queue(tracks) => {
                let mut known = self.company.lock();
                match known.offers.listed(tracks) {
                    0 => {}
                    news => log::debug!("{news} of the tracks that were offered are in the queue"),
                }
                known.queue = Some(tracks.clone());
            }
            RoomEvent::State(state) => self.company.lock().current.clone_from(&state.track_id),
            RoomEvent::Error(text) => {
                log::debug!("the room says: {text}");
                self.company.lock().object(text.clone());
            }
            RoomEvent::Refused { track_id, why } => {
                let mut known = self.company.lock();
                if known.offers.refused(track_id) {
                    known.object(format!("{why}; it is served all the same"));
                }
            }
            RoomEvent::Lost { why, .. } => {
                let why = why.to_string();
                let before = self.company.lock().lost.replace(why.clone());
                // Each attempt to come back may fail in the same way.
                if before.as_ref() == Some(&why) {
                    log::debug!("the room is still lost: {why}");
                } else {
                    log::warn!("the room is lost: {why}; what is under way goes on, trying again");
                }
            }
            RoomEvent::Failed(why) => {
                let text = format!("joining room {}: {why}", self.company.room());
                self.company.lock().failed = Some(text);
            }
            _ => {}
        }
    }

    fn joined(&mut self, joined: &Joined) {
        let swarm = joined.swarm.as_ref();
        let mut known = self.company.lock();
        if known.lost.take().is_some() {
            log::warn!("the room is there again");
        }
        let key = swarm.map(|swarm| SwarmKey(swarm.key));
        (known.key, known.joined) = (key, true);
        // A server without a swarm knows nodes only by their addresses.
        let server = swarm.map(|swarm| (joined.server_addr, NodeId(swarm.node_id)));
        known.server = server;
        known.offers.joined(server.map(|(_, node)| node));
        for track in &known.tracks {
            // A server that was started again has other keys.
            if let Some(key) = key.filter(|_| !self.company.keyed) {
                self.company.node.change_key(track, key);
            }
            known.introduce(track);
        }
        drop(known);
        (self.announced, self.told, self.announce_at) = (None, None, Instant::now());
    }

    /// What has changed since it was told last. What cannot be sent now is told when the room is joined again.
    fn tell(&mut self) {
        let mut known = self.company.lock();
        if !known.joined {
            return;
        }
        known.tracks.retain(|track| !track.is_stopped());
        let (tracks, draws_swarms) = (known.tracks.clone(), known.server.is_some());
        let offers = known.offers.next(NODE_TRACKS_MAX);
        drop(known);
        let announce = announcement(&self.company.node, &tracks, &offers);
        let changed = self.announced.as_ref().is_none_or(|last| {
            let counts = |announce: &Announce| (announce.track_id.clone(), announce.total_chunks);
            counts(last) != counts(&announce) || last.track_ids != announce.track_ids
        });
        if changed || Instant::now() >= self.announce_at {
            if self.company.link.announce(&announce).is_err() {
                return;
            }
            self.announce_at = Instant::now() + self.interval;
            self.announced = Some(announce);
        }
        self.tell_offers(&offers);
        if let Some(track) = current(&tracks) {
            self.tell_progress(track, draws_swarms);
        }
    }

    /// Behind ANNOUNCE: a room takes an offer only of a track that was announced.
    fn tell_offers(&self, offers: &[(String, Offer)]) {
        for (track_id, offer) in offers {
            if self.company.link.add(track_id, Some(offer)).is_err() {
                return;
            }
            self.company.lock().offers.told(track_id);
        }
    }

    fn tell_progress(&mut self, track: &TrackSwarm, draws_swarms: bool) {
        let track_id = track.id.to_string();
        let told = match self.told.take() {
            Some(told) if told.track_id == track_id => told,
            _ => Told {
                track_id: track_id.clone(),
                gains: 0,
                links: Links::default(),
            },
        };
        let gains = track.gains_since(told.gains);
        let links = links(track);
        let link = &self.company.link;
        let told_gains = gains.is_empty() || link.have_delta(&gains).is_ok();
        let told_links = links == told.links || !draws_swarms || link.links(&links).is_ok();
        self.told = Some(Told {
            track_id,
            gains: told.gains + if told_gains { gains.len() } else { 0 },
            links: if told_links { links } else { told.links },
        });
    }
}
