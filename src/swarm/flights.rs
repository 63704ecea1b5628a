//! Which chunks are on their way to this node, and on which connections. Pure.

use super::bitfield::Bitfield;
use super::machine::LinkKey;
use crate::limits::SWARM_LATE_SEC_MIN;
use std::collections::BTreeMap;

/// A chunk that was asked for by number, or has come and is being verified.
#[derive(Debug)]
struct Flight {
    /// Never empty.
    links: Vec<LinkKey>,
    since: f64,
}

#[derive(Debug)]
pub struct Flights {
    flights: BTreeMap<u32, Flight>,
    /// The same chunks.
    chunks: Bitfield,
}

impl Flights {
    #[must_use]
    pub fn new(count: u32) -> Self {
        Self {
            flights: BTreeMap::new(),
            chunks: Bitfield::new(count),
        }
    }

    /// The chunks of `has` that are neither held nor on their way, from `from` on and round.
    pub fn missing<'a>(
        &'a self,
        has: &'a Bitfield,
        held: &'a Bitfield,
        from: u32,
    ) -> impl Iterator<Item = u32> + 'a {
        const BITS: u32 = u64::BITS;
        let words = u32::try_from(has.words().len()).expect("bug: fewer words than chunks");
        let first = from / BITS;
        // The word of `from` comes twice: its end first, and its beginning last.
        (0..=words).flat_map(move |step| {
            let word = (first + step) % words;
            let at = word as usize;
            let mut bits = has.words()[at] & !held.words()[at] & !self.chunks.words()[at];
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

    pub fn fly(&mut self, now: f64, link: LinkKey, index: u32) {
        self.chunks.set(index);
        let flight = self.flights.entry(index).or_insert_with(|| Flight {
            links: Vec::new(),
            since: now,
        });
        flight.links.push(link);
    }

    /// `link` does not bring `index` any more.
    pub fn land(&mut self, link: LinkKey, index: u32) {
        if let Some(flight) = self.flights.get_mut(&index) {
            flight.links.retain(|&other| other != link);
            if flight.links.is_empty() {
                self.arrive(index);
            }
        }
    }

    /// `link` does not bring anything any more.
    pub fn land_all(&mut self, link: LinkKey) {
        let chunks: Vec<u32> = self.flights.keys().copied().collect();
        for index in chunks {
            self.land(link, index);
        }
    }

    /// `index` is here, whoever else may still bring it.
    pub fn arrive(&mut self, index: u32) {
        self.flights.remove(&index);
        self.chunks.clear(index);
    }

    /// The chunk of `has` that others than `link` have been waiting for longest, if that is too long. `usual_sec`: what an
    /// answer takes.
    #[must_use]
    pub fn late(&self, now: f64, usual_sec: f64, link: LinkKey, has: &Bitfield) -> Option<u32> {
        const TIMES_USUAL: f64 = 3.0;
        let late = (TIMES_USUAL * usual_sec).max(SWARM_LATE_SEC_MIN);
        let is_late = |flight: &Flight| {
            now - flight.since > late * flight.links.len() as f64 && !flight.links.contains(&link)
        };
        let flights = self.flights.iter();
        flights
            .filter(|&(&index, flight)| has.get(index) && is_late(flight))
            .min_by(|(_, a), (_, b)| a.since.total_cmp(&b.since))
            .map(|(&index, _)| index)
    }

    /// # Panics
    /// When something is on its way that is `held`, or on a connection that is not `open`.
    pub fn check(&self, held: &Bitfield, open: impl Fn(LinkKey) -> bool) {
        assert!(
            self.chunks.iter_ones().eq(self.flights.keys().copied()),
            "bug: not the same chunks"
        );
        for (&index, flight) in &self.flights {
            assert!(!held.get(index), "bug: chunk {index} is held");
            assert!(!flight.links.is_empty(), "bug: nobody brings chunk {index}");
            assert!(
                flight.links.iter().all(|&link| open(link)),
                "bug: chunk {index}"
            );
        }
    }
}
