//! What one node knows of the swarm of one track, and what it does next. Pure.
//!
//! A chunk is missing, asked for or held. What is asked for by one connection is not asked for by another until it is
//! late at the very end. This module only decides: it opens no connection, reads no clock and sees no data. Its caller
//! passes `now` in seconds, carries out every `Step`, and reports how it went.
//!
//! Of a node there may be several connections; what it holds, and what it was told of us, is kept once for all of them.
//! Picking is rarest first (Cohen, "Incentives Build Robustness in BitTorrent", 2003) with two changes: a seed in its
//! first pass chooses itself (see `pass`), and ties are broken from an offset of the node's own.

use super::bitfield::Bitfield;
use super::frame::{NodeId, Want};
use super::pass::Pass;
use super::window::{Timing, Window};
use crate::limits::{SWARM_LATE_SEC_MIN, SWARM_PICK_SCAN_MAX, SWARM_REST_SEC};
use std::collections::{BTreeMap, VecDeque};

/// One connection on which this node asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey(pub u64);

/// Which chunk is wanted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    RarestFirst,
    /// From this chunk on, as a listener needs them.
    Playback(u32),
}

/// What an asking connection does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    Ask(Want),
    /// Read an answer: some are on their way, and nothing more is to be asked.
    Read,
    /// Nothing to do until something changes, or this many seconds have passed.
    Rest(f64),
    /// Everything is here.
    Done,
}

/// A peer does not keep to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A chunk beyond the track.
    NoSuchChunk(u32),
    /// Not what was asked for.
    NotAsked(u32),
}

#[derive(Debug)]
struct Peer {
    connections: u32,
    has: Bitfield,
    /// How many of our gains it was told.
    told: usize,
    /// Whether it may be asked for any chunk.
    chooses: bool,
    received: u64,
}

#[derive(Debug)]
struct Link {
    node: NodeId,
    /// In the order in which the answers come.
    asked: VecDeque<(Want, f64)>,
    window: Window,
}

/// A chunk that was asked for by number, or has come and is being verified.
#[derive(Debug)]
struct Flight {
    links: Vec<LinkKey>,
    since: f64,
}

#[derive(Debug)]
pub struct Swarm {
    held: Bitfield,
    /// In the order in which they came.
    gains: Vec<u32>,
    /// How many connected peers hold each chunk.
    holders: Vec<u16>,
    /// The keys of `flights`.
    in_flight: Bitfield,
    flights: BTreeMap<u32, Flight>,
    peers: BTreeMap<NodeId, Peer>,
    links: BTreeMap<LinkKey, Link>,
    pass: Option<Pass>,
    start: u32,
    order: Order,
    window: Option<usize>,
    /// Usual time of an answer, over all connections.
    usual_sec: f64,
}

impl Swarm {
    /// `start`: this node's own offset, drawn at random. `window`: requests in flight, when they are not to adapt.
    #[must_use]
    pub fn new(held: Bitfield, start: u32, order: Order, window: Option<usize>) -> Self {
        let count = held.len();
        Self {
            pass: held.is_full().then(|| Pass::new(count, start)),
            gains: held.iter_ones().collect(),
            holders: vec![0; count as usize],
            in_flight: Bitfield::new(count),
            flights: BTreeMap::new(),
            peers: BTreeMap::new(),
            links: BTreeMap::new(),
            start: start % count,
            held,
            order,
            window,
            usual_sec: 0.0,
        }
    }

    #[must_use]
    pub fn held(&self) -> &Bitfield {
        &self.held
    }

    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.held.is_full()
    }

    /// Everything gained so far, oldest first.
    #[must_use]
    pub fn gains(&self) -> &[u32] {
        &self.gains
    }

    /// Connected nodes.
    #[must_use]
    pub fn peer_count(&self) -> usize {
        self.peers.len()
    }

    /// Connected nodes that still lack something.
    #[must_use]
    pub fn leechers(&self) -> usize {
        self.peers
            .values()
            .filter(|peer| !peer.has.is_full())
            .count()
    }

    /// Whether this connected node holds everything; `None` when it is not connected.
    #[must_use]
    pub fn peer_is_complete(&self, node: NodeId) -> Option<bool> {
        self.peers.get(&node).map(|peer| peer.has.is_full())
    }

    pub fn set_order(&mut self, order: Order) {
        self.order = order;
    }

    // ---- connections ----------------------------------------------------------------------------

    /// A connection with `node` began, in either direction: `has` is what it says that it holds, `told` how many of our
    /// gains it has been told of.
    pub fn connect(&mut self, node: NodeId, has: &Bitfield, told: usize) {
        let count = self.held.len();
        let peer = self.peers.entry(node).or_insert_with(|| Peer {
            connections: 0,
            has: Bitfield::new(count),
            told,
            chooses: false,
            received: 0,
        });
        peer.connections += 1;
        peer.chooses |= has.is_full() && peer.connections == 1;
        for index in has.iter_ones() {
            if peer.has.set(index) {
                self.holders[index as usize] += 1;
            }
        }
    }

    /// One of the connections with `node` ended.
    pub fn disconnect(&mut self, node: NodeId) {
        let Some(peer) = self.peers.get_mut(&node) else {
            return;
        };
        peer.connections -= 1;
        // What was on its way may be lost; on another connection it is told again.
        peer.told = 0;
        if peer.connections == 0 {
            let gone = self.peers.remove(&node).expect("bug: it was there");
            for index in gone.has.iter_ones() {
                self.holders[index as usize] -= 1;
            }
        }
    }

    /// This node begins to ask `node`, which is connected, on `link`.
    pub fn begin_asking(&mut self, link: LinkKey, node: NodeId) {
        let (asked, window) = (VecDeque::new(), Window::new(self.window));
        let begun = Link {
            node,
            asked,
            window,
        };
        self.links.insert(link, begun);
    }

    /// `link` ended: what it had asked for may be asked elsewhere.
    pub fn end_asking(&mut self, link: LinkKey) {
        self.links.remove(&link);
        let chunks: Vec<u32> = self.flights.keys().copied().collect();
        for index in chunks {
            self.land(link, index);
        }
    }

    /// How many connections ask `node`.
    #[must_use]
    pub fn links_to(&self, node: NodeId) -> usize {
        self.links.values().filter(|link| link.node == node).count()
    }

    // ---- asking ---------------------------------------------------------------------------------

    /// What `link` does next; an `Ask` counts as done.
    pub fn next(&mut self, now: f64, link: LinkKey) -> Step {
        let asking = self.links.get(&link).expect("bug: the link has begun");
        if self.held.is_full() {
            return Step::Done;
        }
        if asking.asked.len() >= asking.window.size() {
            return Step::Read;
        }
        let (node, waiting) = (asking.node, !asking.asked.is_empty());
        let peer = &self.peers[&node];
        let want = if self.may_ask_any(node) {
            Some(Want::Any)
        } else {
            let new = self.pick(&peer.has);
            new.or_else(|| self.pick_late(now, link, &peer.has))
                .map(Want::Chunk)
        };
        match want {
            Some(want) => {
                self.ask(now, link, want);
                Step::Ask(want)
            }
            None if waiting => Step::Read,
            // A seed has no news.
            None if peer.has.is_full() => Step::Rest(SWARM_REST_SEC),
            None => {
                self.ask(now, link, Want::News);
                Step::Ask(Want::News)
            }
        }
    }

    /// One seed at a time chooses, or two would choose the same.
    fn may_ask_any(&self, node: NodeId) -> bool {
        let chooser = self.peers.iter().find(|(_, peer)| peer.chooses);
        self.order == Order::RarestFirst && chooser.is_some_and(|(&id, _)| id == node)
    }

    /// Takes note that `link` asked for `want`.
    pub fn ask(&mut self, now: f64, link: LinkKey, want: Want) {
        if let Want::Chunk(index) = want {
            self.fly(now, link, index);
        }
        let asking = self.links.get_mut(&link).expect("bug: the link has begun");
        asking.asked.push_back((want, now));
    }

    /// The rarest chunk of `has` that is missing here, the first from this node's own offset of those.
    fn pick(&self, has: &Bitfield) -> Option<u32> {
        let from = match self.order {
            Order::RarestFirst => self.start,
            Order::Playback(from) => from % self.held.len(),
        };
        let missing = candidates(has, &self.held, &self.in_flight, from);
        if let Order::Playback(_) = self.order {
            return { missing }.next();
        }
        let mut best = None;
        for index in missing.take(SWARM_PICK_SCAN_MAX) {
            let holders = self.holders[index as usize];
            if best.is_none_or(|(fewest, _)| holders < fewest) {
                best = Some((holders, index));
                if holders <= 1 {
                    break;
                }
            }
        }
        best.map(|(_, index)| index)
    }

    /// A chunk that another connection has been waiting for too long, when nothing else is left to ask for.
    fn pick_late(&self, now: f64, link: LinkKey, has: &Bitfield) -> Option<u32> {
        const TIMES_USUAL: f64 = 3.0;
        let late = (TIMES_USUAL * self.usual_sec).max(SWARM_LATE_SEC_MIN);
        let is_late = |flight: &Flight| {
            now - flight.since > late * flight.links.len() as f64 && !flight.links.contains(&link)
        };
        self.flights
            .iter()
            .filter(|&(&index, flight)| {
                has.get(index) && !flight.links.is_empty() && is_late(flight)
            })
            .min_by(|(_, a), (_, b)| a.since.total_cmp(&b.since))
            .map(|(&index, _)| index)
    }

    fn fly(&mut self, now: f64, link: LinkKey, index: u32) {
        self.in_flight.set(index);
        let flight = self.flights.entry(index).or_insert_with(|| Flight {
            links: Vec::new(),
            since: now,
        });
        flight.links.push(link);
    }

    fn land(&mut self, link: LinkKey, index: u32) {
        let Some(flight) = self.flights.get_mut(&index) else {
            return;
        };
        flight.links.retain(|&other| other != link);
        if flight.links.is_empty() {
            self.flights.remove(&index);
            self.in_flight.clear(index);
        }
    }

    /// The answer to the oldest request of `link` brought chunk `index`, which is to be verified and stored, and then
    /// told by `hold`. `false`: it is here already, and is thrown away.
    ///
    /// # Errors
    /// When it was not asked for.
    pub fn receive(
        &mut self,
        timing: Timing,
        link: LinkKey,
        index: u32,
    ) -> Result<bool, Violation> {
        let asking = self.links.get_mut(&link).expect("bug: the link has begun");
        let Some((want, asked_at)) = asking.asked.pop_front() else {
            return Err(Violation::NotAsked(index));
        };
        match want {
            Want::Chunk(wanted) if wanted == index => {}
            Want::Any if index < self.held.len() => {}
            _ => return Err(Violation::NotAsked(index)),
        }
        asking.window.note(Timing { asked_at, ..timing });
        let took = timing.ended_at - asked_at;
        self.usual_sec += if self.usual_sec == 0.0 {
            took
        } else {
            0.05 * (took - self.usual_sec)
        };
        if self.held.get(index) {
            self.land(link, index);
            return Ok(false);
        }
        if want == Want::Any {
            self.fly(timing.ended_at, link, index);
        }
        Ok(true)
    }

    /// The answer to the oldest request of `link` brought nothing. `pass_over`: its node does not choose any more.
    pub fn receive_nothing(&mut self, link: LinkKey, pass_over: bool) -> Result<(), Violation> {
        let asking = self.links.get_mut(&link).expect("bug: the link has begun");
        let node = asking.node;
        let Some((want, _)) = asking.asked.pop_front() else {
            return Err(Violation::NotAsked(u32::MAX));
        };
        if let Want::Chunk(index) = want {
            self.land(link, index);
            // It said that it had this one, and has it no more.
            let peer = self.peers.get_mut(&node).expect("bug: connected");
            if peer.has.clear(index) {
                self.holders[index as usize] -= 1;
            }
        }
        if pass_over || want == Want::Any {
            self.note_pass_over(node);
        }
        Ok(())
    }

    /// `node` said that its first pass is over.
    pub fn note_pass_over(&mut self, node: NodeId) {
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.chooses = false;
        }
    }

    /// Chunk `index`, received on `link`, is verified and stored. `false`: another copy was faster.
    pub fn hold(&mut self, link: LinkKey, index: u32) -> bool {
        self.flights.remove(&index);
        self.in_flight.clear(index);
        let new = self.held.set(index);
        if new {
            self.gains.push(index);
            if let Some(link) = self.links.get(&link)
                && let Some(peer) = self.peers.get_mut(&link.node)
            {
                peer.received += 1;
            }
        }
        new
    }

    // ---- answering ------------------------------------------------------------------------------

    /// What to send to `node` for this request, if anything: a chunk that is held.
    pub fn answer(&mut self, node: NodeId, want: Want) -> Result<Option<u32>, Violation> {
        let index = match want {
            Want::News => None,
            Want::Chunk(index) if index >= self.held.len() => {
                return Err(Violation::NoSuchChunk(index));
            }
            Want::Chunk(index) => self.held.get(index).then_some(index),
            Want::Any => match (&mut self.pass, self.peers.get(&node)) {
                (Some(pass), Some(peer)) => pass.take(&peer.has),
                _ => None,
            },
        };
        if let (Some(index), Some(pass)) = (index, &mut self.pass) {
            pass.mark_sent(index);
        }
        Ok(index)
    }

    /// Whether leechers have to choose themselves.
    #[must_use]
    pub fn pass_is_over(&self) -> bool {
        self.pass.as_ref().is_none_or(Pass::is_over)
    }

    /// Up to `max` chunks that `node` has not been told of and lacks; they count as told.
    pub fn news_for(&mut self, node: NodeId, max: usize) -> Vec<u32> {
        let Some(peer) = self.peers.get_mut(&node) else {
            return Vec::new();
        };
        let mut news = Vec::new();
        while peer.told < self.gains.len() && news.len() < max {
            let index = self.gains[peer.told];
            peer.told += 1;
            if !peer.has.get(index) {
                news.push(index);
            }
        }
        news
    }

    /// Whether `news_for` would have something.
    #[must_use]
    pub fn has_news_for(&self, node: NodeId) -> bool {
        self.peers.get(&node).is_some_and(|peer| {
            let untold = &self.gains[peer.told..];
            untold.iter().any(|&index| !peer.has.get(index))
        })
    }

    /// `node` says that it holds these.
    ///
    /// # Errors
    /// When one is beyond the track; nothing is changed then.
    pub fn hear(&mut self, node: NodeId, news: &[u32]) -> Result<(), Violation> {
        let count = self.held.len();
        if let Some(&index) = news.iter().find(|&&index| index >= count) {
            return Err(Violation::NoSuchChunk(index));
        }
        let Some(peer) = self.peers.get_mut(&node) else {
            return Ok(());
        };
        for &index in news {
            if peer.has.set(index) {
                self.holders[index as usize] += 1;
            }
        }
        Ok(())
    }

    /// How many chunks came from each connected node.
    pub fn received(&self) -> impl Iterator<Item = (NodeId, u64)> {
        self.peers.iter().map(|(&node, peer)| (node, peer.received))
    }
}

/// The chunks of `has` that are neither held nor in flight, from `from` on and round.
fn candidates<'a>(
    has: &'a Bitfield,
    held: &'a Bitfield,
    in_flight: &'a Bitfield,
    from: u32,
) -> impl Iterator<Item = u32> + 'a {
    const BITS: u32 = u64::BITS;
    let words = u32::try_from(has.words().len()).expect("bug: fewer words than chunks");
    let first = from / BITS;
    // The word of `from` comes twice: its end first, and its beginning last.
    (0..=words).flat_map(move |step| {
        let word = (first + step) % words;
        let at = word as usize;
        let mut bits = has.words()[at] & !held.words()[at] & !in_flight.words()[at];
        let behind = u64::MAX << (from % BITS);
        if step == 0 {
            bits &= behind;
        } else if step == words {
            bits &= !behind;
        }
        std::iter::from_fn(move || {
            (bits != 0).then(|| {
                let bit = bits.trailing_zeros();
                bits &= bits - 1;
                word * BITS + bit
            })
        })
    })
}
