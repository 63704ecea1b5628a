//! How fast one member may speak: a token bucket, so that nobody's flood is everybody's delay.
//!
//! Source: the leaky bucket of ITU-T I.371 read as credit. Honest clients never meet it.

use super::message::{ClientMessage, RoomMessage};
use crate::limits::{MESSAGE_CREDIT_MAX, MESSAGE_CREDIT_PER_SEC};
use std::time::Duration;

/// Credit of one member.
#[derive(Debug)]
pub struct Pace {
    credit: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            credit: MESSAGE_CREDIT_MAX,
        }
    }
}

impl Pace {
    /// Pays for a message that came `since_last` after the one before; how long its sender has to be kept
    /// waiting before anything else is read from it.
    pub fn pay(&mut self, since_last: Duration, cost: f64) -> Duration {
        let earned = since_last.as_secs_f64() * MESSAGE_CREDIT_PER_SEC;
        self.credit = (self.credit + earned).min(MESSAGE_CREDIT_MAX) - cost;
        Duration::from_secs_f64((-self.credit).max(0.0) / MESSAGE_CREDIT_PER_SEC)
    }
}

/// What a message costs: more when it makes the server write to everybody. A refused one costs as little as any.
#[must_use]
pub fn cost(message: Option<&ClientMessage>) -> f64 {
    match message {
        Some(
            ClientMessage::Room(
                RoomMessage::Host(_) | RoomMessage::Offer { .. } | RoomMessage::Rights(_),
            )
            | ClientMessage::Add { .. },
        ) => 5.0,
        Some(ClientMessage::Room(RoomMessage::Announce(_) | RoomMessage::HaveDelta(_))) => 4.0,
        Some(ClientMessage::Room(RoomMessage::Report(_) | RoomMessage::Links(_))) => 2.0,
        Some(ClientMessage::Room(RoomMessage::Signal { .. }) | ClientMessage::Clock { .. })
        | None => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANTLY: Duration = Duration::ZERO;

    #[test]
    fn a_burst_of_clock_probes_and_a_busy_host_never_wait() {
        let mut pace = Pace::default();
        for _ in 0..16 {
            assert_eq!(pace.pay(INSTANTLY, 1.0), INSTANTLY);
        }
        // Somebody who drags the seek bar like mad: ten changes a second for an hour.
        for _ in 0..36_000 {
            assert_eq!(pace.pay(Duration::from_millis(100), 5.0), INSTANTLY);
        }
    }

    #[test]
    fn a_flood_waits_as_long_as_its_credit_takes_to_grow() {
        let mut pace = Pace::default();
        let free = (MESSAGE_CREDIT_MAX / 5.0) as usize;
        for _ in 0..free {
            assert_eq!(pace.pay(INSTANTLY, 5.0), INSTANTLY);
        }
        let wait = pace.pay(INSTANTLY, 5.0);
        assert_eq!(wait, Duration::from_secs_f64(5.0 / MESSAGE_CREDIT_PER_SEC));
        // Having waited that long it owes nothing, and has nothing.
        assert_eq!(pace.pay(wait, 5.0), wait);
    }

    #[test]
    fn credit_does_not_pile_up_in_silence() {
        let mut pace = Pace::default();
        assert_eq!(
            pace.pay(Duration::from_secs(3600), MESSAGE_CREDIT_MAX),
            INSTANTLY
        );
        assert!(pace.pay(INSTANTLY, 1.0) > INSTANTLY);
    }
}
