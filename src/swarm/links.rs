//! The connections on which a node asks: what each has asked for, and whether it may ask for more. Pure.

use super::frame::{NodeId, Want};
use super::machine::LinkKey;
use super::window::{Rate, Timing, Window};
use crate::limits::SWARM_FEW_LINKS;
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug)]
struct Link {
    node: NodeId,
    /// With when it was asked for, in the order in which the answers come.
    asked: VecDeque<(Want, f64)>,
    window: Window,
    /// Since when it leaves to other connections what it could ask for.
    leaving_since: Option<f64>,
}

#[derive(Debug)]
pub struct Links {
    links: BTreeMap<LinkKey, Link>,
    window: Option<usize>,
    /// Usual time of an answer, over all connections.
    usual_sec: f64,
    rate: Rate,
}

impl Links {
    /// `window`: requests in flight on each, when they are not to adapt.
    #[must_use]
    pub fn new(window: Option<usize>) -> Self {
        Self {
            links: BTreeMap::new(),
            window,
            usual_sec: 0.0,
            rate: Rate::default(),
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.links.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Whom they ask, a node as often as it has connections.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.links.values().map(|link| link.node)
    }

    #[must_use]
    pub fn contains(&self, link: LinkKey) -> bool {
        self.links.contains_key(&link)
    }

    /// Seconds from asking to the whole answer, usually; 0 before the first.
    #[must_use]
    pub fn usual_sec(&self) -> f64 {
        self.usual_sec
    }

    pub fn begin(&mut self, link: LinkKey, node: NodeId) {
        let begun = Link {
            node,
            asked: VecDeque::new(),
            window: Window::new(self.window),
            leaving_since: None,
        };
        self.links.insert(link, begun);
    }

    pub fn end(&mut self, link: LinkKey) {
        self.links.remove(&link);
    }

    /// Whom `link` asks; `None` when it ended.
    #[must_use]
    pub fn node_of(&self, link: LinkKey) -> Option<NodeId> {
        self.links.get(&link).map(|link| link.node)
    }

    /// Whether an answer is on its way.
    #[must_use]
    pub fn is_waiting(&self, link: LinkKey) -> bool {
        !self.get(link).asked.is_empty()
    }

    /// Whether `link` may have one more request in flight.
    #[must_use]
    pub fn has_room(&self, link: LinkKey) -> bool {
        let asking = self.get(link);
        let alone = self.links.len() <= SWARM_FEW_LINKS;
        // The shortest round trip of all: a slow uplink looks like a long way.
        let trips = self.links.values();
        let trips = trips.filter_map(|link| link.window.round_trip_sec());
        let trip_sec = trips.min_by(f64::total_cmp).unwrap_or(0.0);
        let on_the_way = self.rate.per_sec() * trip_sec / self.links.len() as f64;
        // What a seed's queue adds for all of them must not make each ask for more, or the queue grows until it is full.
        let way_sec = if alone { f64::INFINITY } else { trip_sec };
        asking.asked.len() < asking.window.size(alone, way_sec, on_the_way)
    }

    pub fn note_asked(&mut self, now: f64, link: LinkKey, want: Want) {
        let asking = self.get_mut(link);
        asking.asked.push_back((want, now));
        asking.leaving_since = None;
    }

    /// `link` could ask for something, and leaves it to the others.
    pub fn note_leaving(&mut self, now: f64, link: LinkKey) {
        self.get_mut(link).leaving_since.get_or_insert(now);
    }

    /// For how many seconds `link` has been leaving to others what it could ask for.
    #[must_use]
    pub fn leaving_sec(&self, now: f64, link: LinkKey) -> f64 {
        let since = self.get(link).leaving_since;
        since.map_or(0.0, |since| now - since)
    }

    /// What the oldest request of `link` wanted.
    #[must_use]
    pub fn oldest(&self, link: LinkKey) -> Option<Want> {
        self.get(link).asked.front().map(|&(want, _)| want)
    }

    /// The oldest request of `link` was answered with data. `asked_at` of `timing` does not matter.
    pub fn note_answer(&mut self, timing: Timing, link: LinkKey) {
        let asking = self.get_mut(link);
        let (_, asked_at) = asking.asked.pop_front().expect("bug: it had asked");
        asking.window.note(Timing { asked_at, ..timing });
        self.rate.count(timing.ended_at);
        let took = timing.ended_at - asked_at;
        self.usual_sec += if self.usual_sec == 0.0 {
            took
        } else {
            0.05 * (took - self.usual_sec)
        };
    }

    /// The oldest request of `link` was answered with nothing.
    pub fn note_nothing(&mut self, link: LinkKey) -> Option<Want> {
        let asked = self.get_mut(link).asked.pop_front();
        asked.map(|(want, _)| want)
    }

    fn get(&self, link: LinkKey) -> &Link {
        self.links.get(&link).expect("bug: the link has begun")
    }

    fn get_mut(&mut self, link: LinkKey) -> &mut Link {
        self.links.get_mut(&link).expect("bug: the link has begun")
    }
}
