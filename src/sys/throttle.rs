//! How often the log says the same: a few lines at once, then one a time that counts what was left out. Pure.

use std::time::Duration;

/// For lines of one kind.
#[derive(Clone, Debug)]
pub struct Throttle {
    at_once: u32,
    every: Duration,
    /// Lines that may be said now.
    free: u32,
    /// Since when another one is on its way.
    since: Duration,
    left_out: u64,
}

impl Throttle {
    /// So many lines at once, and another one `every` so often.
    #[must_use]
    pub fn new(at_once: u32, every: Duration) -> Self {
        Self {
            at_once,
            every,
            free: at_once,
            since: Duration::ZERO,
            left_out: 0,
        }
    }

    /// Whether a line is said `now` (since any moment, and never earlier than the last time): how many were left out before
    /// it. Otherwise it is one of those.
    pub fn say(&mut self, now: Duration) -> Option<u64> {
        self.earn(now);
        if self.free == 0 {
            self.left_out += 1;
            return None;
        }
        self.free -= 1;
        Some(std::mem::take(&mut self.left_out))
    }

    /// How many were left out, when it is time to say so and nobody else did.
    pub fn overdue(&mut self, now: Duration) -> Option<u64> {
        self.earn(now);
        if self.left_out == 0 || self.free == 0 {
            return None;
        }
        self.free -= 1;
        Some(std::mem::take(&mut self.left_out))
    }

    /// How many were left out and are told now, whether it is time or not.
    pub fn take_left_out(&mut self) -> Option<u64> {
        let left_out = std::mem::take(&mut self.left_out);
        (left_out > 0).then_some(left_out)
    }

    fn earn(&mut self, now: Duration) {
        while self.free < self.at_once && now.saturating_sub(self.since) >= self.every {
            self.free += 1;
            self.since += self.every;
        }
        if self.free == self.at_once {
            self.since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(1);

    fn throttle() -> Throttle {
        Throttle::new(5, EVERY)
    }

    #[test]
    fn a_few_are_said_at_once_and_then_one_a_second_that_counts_the_others() {
        let mut throttle = throttle();
        let at = |ms: u64| Duration::from_millis(100_000 + ms);
        let said: Vec<_> = (0..3000).map(|ms| throttle.say(at(ms))).collect();
        let said: Vec<_> = said.into_iter().flatten().collect();
        assert_eq!(said, [0, 0, 0, 0, 0, 995, 999]);
        assert_eq!(throttle.overdue(at(2999)), None);
        assert_eq!(throttle.overdue(at(3000)), Some(999));
        assert_eq!(throttle.overdue(at(9000)), None, "nothing was left out");
    }

    #[test]
    fn every_line_is_said_or_counted_however_they_come() {
        // A made-up sequence of pauses; none is drawn, so that a failure can be read.
        for pauses in [[0, 0, 1], [300, 0, 40], [999, 1001, 2], [5000, 1, 1]] {
            let (mut throttle, mut now, mut told, mut lines) = (throttle(), Duration::ZERO, 0, 0);
            for step in 0..10_000_u64 {
                now += Duration::from_millis(pauses[(step % 3) as usize]);
                let said = throttle.say(now);
                lines += u64::from(said.is_some());
                told += said.map_or(0, |left_out| left_out + 1);
            }
            now += EVERY;
            told += throttle.overdue(now).unwrap_or(0);
            assert_eq!(told, 10_000);
            assert!(lines <= 5 + now.as_secs(), "{lines} lines in {now:?}");
        }
    }

    #[test]
    fn a_long_silence_allows_no_more_than_at_first() {
        let mut throttle = throttle();
        let year = Duration::from_secs(365 * 86_400);
        assert_eq!((0..9).filter_map(|_| throttle.say(year)).count(), 5);
        assert_eq!((0..9).filter_map(|_| throttle.say(2 * year)).count(), 5);
    }
}
