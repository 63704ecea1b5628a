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
use super::flights::Flights;
use super::frame::{NodeId, Want};
use super::links::Links;
use super::pass::Pass;
use super::peers::{Peer, Peers};
use super::window::Timing;
use crate::limits::{SWARM_PICK_SCAN_MAX, SWARM_REST_SEC, SWARM_SPARED_PER_LINK};

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
pub struct Swarm {
    held: Bitfield,
    /// In the order in which they came.
    gains: Vec<u32>,
    /// So many of them were here from the start.
    resumed: usize,
    flights: Flights,
    peers: Peers,
    links: Links,
    pass: Option<Pass>,
    start: u32,
    order: Order,
}

impl Swarm {
    /// `start`: this node's own offset, drawn at random. `window`: requests in flight, when they are not to adapt.
    #[must_use]
    pub fn new(held: Bitfield, start: u32, order: Order, window: Option<usize>) -> Self {
        let count = held.len();
        Self {
            pass: held.is_full().then(|| Pass::new(count, start)),
            gains: held.iter_ones().collect(),
            resumed: held.count_ones() as usize,
            flights: Flights::new(count),
            peers: Peers::new(count),
            links: Links::new(window),
            start: start % count,
            held,
            order,
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
            .iter()
            .filter(|(_, peer)| !peer.has.is_full())
            .count()
    }

    /// Whether this connected node holds everything; `None` when it is not connected.
    #[must_use]
    pub fn peer_is_complete(&self, node: NodeId) -> Option<bool> {
        self.peers.get(node).map(|peer| peer.has.is_full())
    }

    pub fn set_order(&mut self, order: Order) {
        self.order = order;
    }

    // ---- connections ----------------------------------------------------------------------------

    /// A connection with `node` began, in either direction: `has` is what it says that it holds, `told` how many of our
    /// gains it has been told of.
    pub fn connect(&mut self, node: NodeId, has: &Bitfield, told: usize) {
        self.peers.connect(node, has, told);
        self.mark_sent(has.iter_ones());
    }

    /// One of the connections with `node` ended.
    pub fn disconnect(&mut self, node: NodeId) {
        self.peers.disconnect(node);
    }

    /// What somebody else has, this seed need not be the first to send: it may have been here before.
    fn mark_sent(&mut self, chunks: impl Iterator<Item = u32>) {
        if let Some(pass) = &mut self.pass {
            chunks.for_each(|index| pass.mark_sent(index));
        }
    }

    /// This node begins to ask `node`, which is connected, on `link`.
    pub fn begin_asking(&mut self, link: LinkKey, node: NodeId) {
        self.links.begin(link, node);
    }

    /// `link` ended: what it had asked for may be asked elsewhere.
    pub fn end_asking(&mut self, link: LinkKey) {
        self.links.end(link);
        self.flights.land_all(link);
    }

    /// How many connections ask `node`.
    #[must_use]
    pub fn links_to(&self, node: NodeId) -> usize {
        self.links.nodes().filter(|&asked| asked == node).count()
    }

    // ---- asking ---------------------------------------------------------------------------------

    /// What `link` does next; an `Ask` counts as done.
    pub fn next(&mut self, now: f64, link: LinkKey) -> Step {
        let node = self.links.node_of(link);
        let node = node.expect("bug: the link has begun");
        if self.held.is_full() {
            return Step::Done;
        }
        if !self.links.has_room(link) {
            return Step::Read;
        }
        let waiting = self.links.is_waiting(link);
        let usual_sec = self.links.usual_sec();
        let peer = self.peers.get(node).expect("bug: it is connected");
        let chooses = self.peers.chooser() == Some(node);
        let want = if chooses && self.order == Order::RarestFirst {
            Some(Want::Any)
        } else {
            let new = self.pick(&peer.has);
            if new.is_some_and(|index| self.is_for_others(now, link, peer, index)) {
                self.links.note_leaving(now, link);
                return match waiting {
                    true => Step::Read,
                    false => Step::Rest(usual_sec.min(SWARM_REST_SEC)),
                };
            }
            let late = || self.flights.late(now, usual_sec, link, &peer.has);
            new.or_else(late).map(Want::Chunk)
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

    /// Whether `link` leaves chunk `index` to connections with others that hold it: a seed is spared at the end, when so
    /// little is missing that the others bring it as soon. Not for long, since they may be slow.
    fn is_for_others(&self, now: f64, link: LinkKey, peer: &Peer, index: u32) -> bool {
        const PATIENCE_USUAL: f64 = 3.0;
        let patience = PATIENCE_USUAL * self.links.usual_sec();
        let few = SWARM_SPARED_PER_LINK * self.links.len();
        let missing = self.flights.missing(&peer.has, &self.held, 0);
        peer.was_seed
            && self.peers.holders(index) > 1
            && self.links.leaving_sec(now, link) < patience
            && missing.take(few + 1).count() <= few
    }

    /// Takes note that `link` asked for `want`.
    pub fn ask(&mut self, now: f64, link: LinkKey, want: Want) {
        if let Want::Chunk(index) = want {
            self.flights.fly(now, link, index);
        }
        self.links.note_asked(now, link, want);
    }

    /// The rarest chunk of `has` that is missing here, the first from this node's own offset of those.
    fn pick(&self, has: &Bitfield) -> Option<u32> {
        let from = match self.order {
            Order::RarestFirst => self.start,
            Order::Playback(from) => from % self.held.len(),
        };
        let missing = self.flights.missing(has, &self.held, from);
        if let Order::Playback(_) = self.order {
            return { missing }.next();
        }
        let mut best = None;
        for index in missing.take(SWARM_PICK_SCAN_MAX) {
            let holders = self.peers.holders(index);
            if best.is_none_or(|(fewest, _)| holders < fewest) {
                best = Some((holders, index));
                if holders <= 1 {
                    break;
                }
            }
        }
        best.map(|(_, index)| index)
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
        let want = match self.links.oldest(link) {
            Some(Want::Chunk(wanted)) if wanted == index => Want::Chunk(wanted),
            Some(Want::Any) if index < self.held.len() => Want::Any,
            _ => return Err(Violation::NotAsked(index)),
        };
        self.links.note_answer(timing, link);
        if self.held.get(index) {
            self.flights.land(link, index);
            return Ok(false);
        }
        if want == Want::Any {
            self.flights.fly(timing.ended_at, link, index);
        }
        Ok(true)
    }

    /// The answer to the oldest request of `link` brought nothing. `pass_over`: its node does not choose any more.
    pub fn receive_nothing(&mut self, link: LinkKey, pass_over: bool) -> Result<(), Violation> {
        let node = self.links.node_of(link);
        let node = node.expect("bug: the link has begun");
        let Some(want) = self.links.note_nothing(link) else {
            return Err(Violation::NotAsked(u32::MAX));
        };
        if let Want::Chunk(index) = want {
            self.flights.land(link, index);
            // It said that it had this one, and has it no more.
            self.peers.forget(node, index);
        }
        if pass_over || want == Want::Any {
            self.note_pass_over(node);
        }
        Ok(())
    }

    /// `node` said that its first pass is over.
    pub fn note_pass_over(&mut self, node: NodeId) {
        self.peers.note_pass_over(node);
    }

    /// Chunk `index`, received on `link`, is verified and stored. `false`: another copy was faster.
    pub fn hold(&mut self, link: LinkKey, index: u32) -> bool {
        self.flights.arrive(index);
        let new = self.held.set(index);
        if new {
            self.gains.push(index);
            if let Some(node) = self.links.node_of(link) {
                self.peers.credit(node);
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
            Want::Any => match (&mut self.pass, self.peers.get(node)) {
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

    /// Up to `max` chunks that `node` has not been told of and has a use for; they count as told.
    pub fn news_for(&mut self, node: NodeId, max: usize) -> Vec<u32> {
        self.peers.news_for(node, &self.gains, self.resumed, max)
    }

    /// How many of our gains `node` was told of, or had already.
    #[must_use]
    pub fn told(&self, node: NodeId) -> Option<usize> {
        self.peers.get(node).map(|peer| peer.told)
    }

    /// Whether `news_for` would have something.
    #[must_use]
    pub fn has_news_for(&self, node: NodeId) -> bool {
        self.peers.has_news_for(node, &self.gains)
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
        if self.peers.hear(node, news) {
            self.mark_sent(news.iter().copied());
        }
        Ok(())
    }

    /// For tests, after every step: what is kept twice is the same.
    ///
    /// # Panics
    /// When it is not.
    pub fn check(&self) {
        self.peers.check();
        self.flights
            .check(&self.held, |link| self.links.contains(link));
        assert_eq!(
            self.gains.len(),
            self.held.count_ones() as usize,
            "bug: gains"
        );
        let asked = |node| self.peers.get(node).is_some();
        assert!(self.links.nodes().all(asked), "bug: asks nobody");
    }
}
