//! What is heard from one look to the next.

use super::world::World;

/// From telling a player to begin until it is the only one that is heard.
pub const TAKES_OVER_SEC: f64 = 0.3;

/// A state is heard of so late at most, and acted upon.
const LATE_SEC: f64 = 4.0;

/// The very end of a track may be missing.
const END_SEC: f64 = 0.3;

/// What was heard at the look before, when that was one player.
#[derive(Clone, Debug)]
pub struct Before {
    at: f64,
    track: String,
    position_sec: f64,
    /// Of the state that this listener knew.
    timestamp: f64,
}

impl World {
    /// Forwards, at the pace of time, unless there was a reason.
    pub fn look_at_steps(&mut self, who: usize) {
        let listener = &self.listeners[who];
        let (counts, known) = (listener.follower.counts, listener.state.as_ref());
        let audible = listener.audible(self.now, &self.plan.tracks_sec);
        let now = match (&audible[..], known) {
            ([(track, position_sec)], Some(state)) => Some(Before {
                at: self.now,
                track: (*track).to_owned(),
                position_sec: *position_sec,
                timestamp: state.timestamp,
            }),
            _ => None,
        };
        let silent = audible.is_empty() && !listener.machine.is_asleep();
        let may_sound = silent && listener.players.iter().all(|player| player.alive);
        let knows = known.map(|state| state.timestamp);
        let seen = &mut self.watch.seen[who];
        let before = std::mem::replace(&mut seen.before, now.clone());
        if seen.starts.0 != counts.starts {
            seen.starts = (counts.starts, self.now);
        }
        if seen.knows.0 != knows {
            seen.knows = (knows, self.now);
        }
        let (troubles, started_at) = (seen.troubles.len(), seen.starts.1);
        // Who hears of a state after its moment ends what it plays at once. While it is stuck it does nothing.
        let known_long = self.now > seen.knows.1 + LATE_SEC;
        if !known_long && listener.machine.is_deaf(self.now) {
            seen.knows.1 = self.now;
        }
        let may_sound = may_sound && known_long;
        // What waited for a lost packet to be sent again says little about the time, and it may be all that there is.
        let lossy = usize::from(self.plan.members[who].lost_one_in > 0);
        if counts.jumps as usize > 2 + lossy + 2 * troubles {
            let jumps = counts.jumps;
            self.break_off(format!(
                "{who} has jumped {jumps} times after {troubles} troubles"
            ));
        }
        // One player takes over from the other some time after it was let go.
        let steady = |before: &Before| before.at > started_at + TAKES_OVER_SEC;
        let Some(before) = before.filter(steady) else {
            return;
        };
        let passed = self.now - before.at;
        if passed > 0.06 || knows != Some(before.timestamp) {
            return;
        }
        match now.filter(|now| now.track == before.track) {
            Some(now) => {
                let moved = now.position_sec - before.position_sec;
                if !(0.0..1.01 * passed).contains(&moved) {
                    self.break_off(format!("{who} leaps by {moved} s"));
                }
            }
            None if may_sound && before.position_sec < self.end_of(&before.track) => {
                self.break_off(format!("{who} falls silent"));
            }
            None => {}
        }
    }

    /// Where a track counts as over.
    pub fn end_of(&self, track: &str) -> f64 {
        let mut lengths = self.plan.tracks_sec.iter().enumerate();
        let this = lengths.find(|(index, _)| super::server::track_id(*index).to_string() == track);
        this.map_or(f64::INFINITY, |(_, length)| length - END_SEC)
    }
}
