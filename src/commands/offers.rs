//! What a node puts into the queue of its room, and what the server made of it. Pure.
//!
//! An offer is made once to a server, however often the room is joined: what the queue has had, somebody may have taken
//! out again, and what the server could not take it cannot take now. Another server, or the same one started again,
//! knows nothing of that, and is offered everything. What never showed in the queue is offered again: the connection may
//! have been lost on the way, or the room may have got another host.

use crate::client::messages::Track;
use crate::client::outgoing::Offer;
use crate::identity::NodeId;

#[derive(Debug, Default)]
pub struct Offers {
    made: Vec<Made>,
    /// The one that is joined, by its own node; `None` when it has none.
    server: Option<NodeId>,
}

#[derive(Debug)]
struct Made {
    track_id: String,
    offer: Offer,
    /// Since the room was joined last.
    told: bool,
    /// The server whose queue has had it.
    listed_by: Option<NodeId>,
    /// The server that could not take it.
    refused_by: Option<NodeId>,
}

impl Offers {
    pub fn add(&mut self, track_id: String, offer: Offer) {
        self.made.push(Made {
            track_id,
            offer,
            told: false,
            listed_by: None,
            refused_by: None,
        });
    }

    /// The room is joined, for the first time or again.
    pub fn joined(&mut self, server: Option<NodeId>) {
        self.server = server;
        for made in &mut self.made {
            let knows = |by: Option<NodeId>| by.is_some() && by == server;
            made.told = knows(made.listed_by) || knows(made.refused_by);
        }
    }

    /// What is to be told next, `max` at most.
    #[must_use]
    pub fn next(&self, max: usize) -> Vec<(String, Offer)> {
        let untold = self.made.iter().filter(|made| !made.told);
        let untold = untold.map(|made| (made.track_id.clone(), made.offer.clone()));
        untold.take(max).collect()
    }

    /// The server has been sent this one.
    pub fn told(&mut self, track_id: &str) {
        for made in self.of(track_id) {
            made.told = true;
        }
    }

    /// The queue has come; how many of the offers it has had for the first time.
    pub fn listed(&mut self, queue: &[Track]) -> usize {
        let server = self.server;
        let mut news = 0;
        for made in &mut self.made {
            let is_expected = made.told && made.listed_by != server;
            if is_expected && queue.iter().any(|track| track.track_id == made.track_id) {
                made.listed_by = server;
                news += 1;
            }
        }
        news
    }

    /// The server cannot take this one; `false` when that is known.
    pub fn refused(&mut self, track_id: &str) -> bool {
        let server = self.server;
        let mut is_news = true;
        for made in self.of(track_id) {
            is_news = server.is_none() || made.refused_by != server;
            made.refused_by = server;
        }
        is_news
    }

    fn of<'a>(&'a mut self, track_id: &'a str) -> impl Iterator<Item = &'a mut Made> {
        let made = self.made.iter_mut();
        made.filter(move |made| made.track_id == track_id)
    }
}
