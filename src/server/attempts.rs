//! Wrong keys by address, so that nobody tries them all. Pure: the caller passes the time, in seconds on a clock that never
//! goes back.
//!
//! A token bucket for each address: `KEY_ATTEMPTS_MAX` wrong keys at once, then one more each `KEY_ATTEMPT_SEC`. Right keys
//! cost nothing. Invariant: never more than `KEY_ADDRESSES_MAX` addresses; one whose bucket is full again is as if it had
//! never been there.
//!
//! Source: the virtual scheduling form of the generic cell rate algorithm, ITU-T I.371: a bucket is the moment at which it
//! will be full.

use crate::limits::{KEY_ADDRESSES_MAX, KEY_ATTEMPT_SEC, KEY_ATTEMPTS_MAX};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

#[derive(Debug, Default)]
pub struct Attempts {
    full_at: HashMap<IpAddr, f64>,
}

impl Attempts {
    /// Whether a key from this address may be tried.
    #[must_use]
    pub fn may_try(&self, now: f64, ip: IpAddr) -> bool {
        let full_at = self.full_at.get(&place_of(ip)).copied().unwrap_or(now);
        full_at - now <= f64::from(KEY_ATTEMPTS_MAX - 1) * KEY_ATTEMPT_SEC
    }

    /// A key from this address was wrong. Whether that was the last one for now.
    pub fn was_wrong(&mut self, now: f64, ip: IpAddr) -> bool {
        let place = place_of(ip);
        if !self.full_at.contains_key(&place) {
            self.make_room(now);
        }
        let full_at = self.full_at.entry(place).or_insert(now);
        *full_at = full_at.max(now) + KEY_ATTEMPT_SEC;
        !self.may_try(now, ip)
    }

    /// How many addresses are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.full_at.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.full_at.is_empty()
    }

    /// Forgets those who have waited, and when that is not enough the one who tried least.
    fn make_room(&mut self, now: f64) {
        if self.full_at.len() < KEY_ADDRESSES_MAX {
            return;
        }
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() < KEY_ADDRESSES_MAX {
            return;
        }
        let all = self.full_at.iter();
        let least = all.min_by(|(_, a), (_, b)| a.total_cmp(b));
        if let Some(place) = least.map(|(place, _)| *place) {
            self.full_at.remove(&place);
        }
    }
}

/// An IPv6 network hands out a /64 to each household or machine, which may use any address in it. Unlike where places are counted
/// (`one_who_counts`), those of one wire are one as well: whoever guesses there may take as many addresses as he likes.
fn place_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let network = ip.to_bits() & !u128::from(u64::MAX);
            Ipv6Addr::from_bits(network).into()
        }
        v4 => v4,
    }
}
