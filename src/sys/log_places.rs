//! How often one place of the program has its line in the log. Whatever a stranger or a broken disk can cause is caused as
//! often as it likes, so every place is held to some lines at once and then one a time, which counts what was left out. Pure.
//!
//! Invariant: never more entries than there are places that log.

use super::throttle::Throttle;
use crate::limits::{LOG_LINES_AT_ONCE, LOG_LINES_EVERY};
use std::collections::BTreeMap;
use std::time::Duration;

/// A file of the program and a line in it.
pub type Place = (&'static str, u32);

#[derive(Debug, Default)]
pub struct LogPlaces(BTreeMap<Place, Entry>);

#[derive(Debug)]
struct Entry {
    throttle: Throttle,
    /// The last of those that were left out.
    last: String,
}

impl LogPlaces {
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The line as it is to be written `now` (since any moment); `None`: it is left out for now.
    pub fn say(&mut self, now: Duration, place: Place, line: String) -> Option<String> {
        let entry = self.0.entry(place).or_insert_with(|| Entry {
            throttle: Throttle::new(LOG_LINES_AT_ONCE, LOG_LINES_EVERY),
            last: String::new(),
        });
        match entry.throttle.say(now) {
            Some(0) => Some(line),
            Some(left_out) => Some(format!("{line} (and {left_out} more like this before)")),
            None => {
                entry.last = line;
                None
            }
        }
    }

    /// Lines about what was left out and nobody said since: those that are due `now`.
    pub fn overdue(&mut self, now: Duration) -> Vec<String> {
        self.count(|throttle| throttle.overdue(now))
    }

    /// The same for all that was left out, due or not.
    pub fn rest(&mut self) -> Vec<String> {
        self.count(Throttle::take_left_out)
    }

    fn count(&mut self, ask: impl Fn(&mut Throttle) -> Option<u64>) -> Vec<String> {
        let told = |entry: &mut Entry| {
            let left_out = ask(&mut entry.throttle)?;
            let last = std::mem::take(&mut entry.last);
            Some(match left_out {
                1 => last,
                count => format!("{last} (and {} more like this before)", count - 1),
            })
        };
        self.0.values_mut().filter_map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place = ("here.rs", 1);
    const THERE: Place = ("here.rs", 2);

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_place_that_says_too_much_is_counted_and_no_other_place_is_touched() {
        let mut places = LogPlaces::default();
        let most = LOG_LINES_AT_ONCE as usize;
        let said = |places: &mut LogPlaces, place, number: usize, ms| {
            places.say(at(ms), place, format!("line {number}"))
        };
        for number in 0..1000 {
            let line = said(&mut places, HERE, number, 500);
            let expected = (number < most).then(|| format!("line {number}"));
            assert_eq!(line, expected);
        }
        assert_eq!(said(&mut places, THERE, 7, 500).as_deref(), Some("line 7"));
        assert!(places.overdue(at(600)).is_empty());
        let left_out = 1000 - most - 1;
        assert_eq!(
            places.overdue(at(1500)),
            [format!("line 999 (and {left_out} more like this before)")]
        );
        assert!(places.overdue(at(9000)).is_empty(), "nothing is told twice");
    }

    #[test]
    fn what_was_left_out_is_told_with_the_next_line_or_at_the_end() {
        let mut places = LogPlaces::default();
        for _ in 0..LOG_LINES_AT_ONCE + 3 {
            places.say(at(0), HERE, "a".into());
        }
        let next = places.say(at(1000), HERE, "b".into());
        assert_eq!(next.as_deref(), Some("b (and 3 more like this before)"));
        assert!(places.rest().is_empty());
        assert_eq!(places.say(at(1001), HERE, "c".into()), None);
        assert_eq!(places.rest(), ["c"], "one is told as it is");
    }
}
