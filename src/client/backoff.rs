//! How long to wait before the next attempt to connect: doubling, with a little chance in it, so that the members of
//! a room whose server was restarted do not all come back in the same moment.

use crate::limits::{
    RECONNECT_DELAY_MAX, RECONNECT_DELAY_MIN, RECONNECT_JITTER, SCOUT_DELAY_MAX, WAKE_RETRY_MAX,
};
use std::time::Duration;

/// The delays are the same for the same seed.
#[derive(Clone, Debug)]
pub struct Backoff {
    next: Duration,
    random: u64,
}

impl Backoff {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            next: RECONNECT_DELAY_MIN,
            random: seed,
        }
    }

    /// How long to wait now; longer than the time before, up to `RECONNECT_DELAY_MAX`, give or take a fifth.
    pub fn delay(&mut self) -> Duration {
        let delay = self.next;
        self.next = (delay * 2).min(RECONNECT_DELAY_MAX);
        delay.mul_f64(1.0 + RECONNECT_JITTER * self.chance())
    }

    /// How long to wait while nobody is there at all: always as long, at most `SCOUT_DELAY_MAX` and at least half of that.
    /// Whoever comes back then is somebody new.
    pub fn scouting(&mut self) -> Duration {
        self.reset();
        self.up_to(SCOUT_DELAY_MAX)
    }

    /// How long to wait soon after this machine woke.
    pub fn hurried(&mut self) -> Duration {
        self.up_to(WAKE_RETRY_MAX)
    }

    fn up_to(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(0.75 + 0.25 * self.chance())
    }

    /// After a connection that held.
    pub fn reset(&mut self) {
        self.next = RECONNECT_DELAY_MIN;
    }

    /// From -1 to 1. SplitMix64 by Sebastiano Vigna.
    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_half_a_second_to_ten_give_or_take_a_fifth() {
        for seed in 0..1000 {
            let mut backoff = Backoff::new(seed);
            for ideal_ms in [500, 1000, 2000, 4000, 8000, 10_000, 10_000] {
                let ms = backoff.delay().as_millis();
                let (least, most) = (ideal_ms * 4 / 5 - 1, ideal_ms * 6 / 5 + 1);
                assert!((least..=most).contains(&ms), "{ms} is not {ideal_ms}");
            }
            backoff.reset();
            assert!(backoff.delay() <= Duration::from_millis(601));
        }
    }

    #[test]
    fn who_is_not_there_is_looked_for_more_than_once_a_second_and_not_more_than_thrice() {
        for seed in 0..1000 {
            let mut backoff = Backoff::new(seed);
            backoff.delay();
            backoff.delay();
            for _ in 0..10 {
                let ms = backoff.scouting().as_millis();
                assert!((399..=800).contains(&ms), "{ms}");
                let ms = backoff.hurried().as_millis();
                assert!((74..=150).contains(&ms), "{ms}");
            }
            assert!(backoff.delay() <= Duration::from_millis(601), "anew");
        }
    }

    #[test]
    fn members_with_different_seeds_come_back_at_different_moments() {
        let delay = |seed| Backoff::new(seed).delay();
        let distinct: std::collections::HashSet<_> = (0..100).map(delay).collect();
        assert!(distinct.len() > 90, "{}", distinct.len());
        assert_eq!(delay(7), delay(7));
    }
}
