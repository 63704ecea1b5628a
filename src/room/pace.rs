//! How fast one member may speak: two token buckets, for messages and for bytes, so that nobody's flood is everybody's
//! delay.
//!
//! Who says too much is read more slowly, which an honest client hardly notices. Who goes on far beyond that for long is told
//! the limit, and at last cut off. Source: the leaky bucket of ITU-T I.371 read as credit.

use super::close::CloseReason;
use super::message::{ClientMessage, RoomMessage};
use crate::limits::{
    MESSAGE_BYTES_PER_SEC, MESSAGE_CREDIT_PER_SEC, MESSAGES_PER_SEC_MIN, PACE_BURST_SEC,
    PACE_CUT_OFF_SEC, PACE_ERROR_SEC, PACE_FORGIVEN,
};
use std::time::Duration;

/// The most that a message costs.
const COST_MAX: f64 = 5.0;
const _: () = assert!(COST_MAX < MESSAGES_PER_SEC_MIN as f64);

/// What a frame costs that is no message of its own: a ping, a pong, a piece of a message.
pub const FRAME_COST: f64 = 1.0;

/// What a member may say in a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// In messages of the cheapest kind.
    pub messages: f64,
    pub bytes: f64,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            messages: MESSAGE_CREDIT_PER_SEC,
            bytes: MESSAGE_BYTES_PER_SEC as f64,
        }
    }
}

/// Which of them somebody is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Messages,
    Bytes,
}

/// What has to be done before anything else is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Wait(Duration),
    /// The same, and the member hears of the limit.
    Tell(Limit, Duration),
    CutOff(Limit),
}

/// Credit of one member.
#[derive(Debug)]
pub struct Pace {
    rates: Rates,
    messages: f64,
    bytes: f64,
    /// What the member was told to wait last.
    wait_sec: f64,
    /// All waits together, less what was forgiven.
    held_sec: f64,
    told: bool,
}

impl Pace {
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            messages: rates.messages * PACE_BURST_SEC,
            bytes: rates.bytes * PACE_BURST_SEC,
            wait_sec: 0.0,
            held_sec: 0.0,
            told: false,
        }
    }

    /// Pays for something that was said `since_last` after what was said before, the wait for that included.
    pub fn pay(&mut self, since_last: Duration, messages: f64, bytes: f64) -> Verdict {
        let elapsed = since_last.as_secs_f64();
        let pay = |credit: &mut f64, rate: f64, cost: f64| {
            *credit = (*credit + elapsed * rate).min(rate * PACE_BURST_SEC) - cost;
            (-*credit).max(0.0) / rate
        };
        let for_messages = pay(&mut self.messages, self.rates.messages, messages);
        let for_bytes = pay(&mut self.bytes, self.rates.bytes, bytes);
        let (limit, wait) = match for_messages >= for_bytes {
            true => (Limit::Messages, for_messages),
            false => (Limit::Bytes, for_bytes),
        };
        let free = (elapsed - self.wait_sec).max(0.0);
        self.held_sec = (self.held_sec - free * PACE_FORGIVEN).max(0.0) + wait;
        self.wait_sec = wait;
        self.told &= self.held_sec >= PACE_ERROR_SEC / 2.0;
        let wait = Duration::from_secs_f64(wait);
        if self.held_sec >= PACE_CUT_OFF_SEC && self.told {
            Verdict::CutOff(limit)
        } else if self.held_sec >= PACE_ERROR_SEC && !self.told {
            self.told = true;
            Verdict::Tell(limit, wait)
        } else {
            Verdict::Wait(wait)
        }
    }

    /// What an ERROR says to somebody who is at this limit.
    #[must_use]
    pub fn complaint(&self, limit: Limit) -> String {
        let (rate, what, flag) = match limit {
            Limit::Messages => (self.rates.messages, "messages", "--max-messages"),
            Limit::Bytes => (self.rates.bytes, "bytes", "--max-bytes"),
        };
        format!(
            "You say more than {rate:.0} {what} a second: say less, or you are cut off (jam server {flag})"
        )
    }
}

impl Limit {
    #[must_use]
    pub fn close_reason(self) -> CloseReason {
        match self {
            Self::Messages => CloseReason::TooManyMessages,
            Self::Bytes => CloseReason::TooManyBytes,
        }
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
        ) => COST_MAX,
        Some(ClientMessage::Room(RoomMessage::Announce(_) | RoomMessage::HaveDelta(_))) => 4.0,
        Some(ClientMessage::Room(RoomMessage::Report(_) | RoomMessage::Links(_))) => 2.0,
        Some(ClientMessage::Room(RoomMessage::Signal { .. }) | ClientMessage::Clock { .. })
        | None => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{
        CHUNKS_MAX, HAVE_DELTA_INDICES_MAX, MESSAGE_CREDIT_MAX, ROOM_MESSAGE_BYTES_MAX,
    };

    const INSTANTLY: Duration = Duration::ZERO;
    const AT_ONCE: Verdict = Verdict::Wait(Duration::ZERO);

    fn usual() -> Pace {
        Pace::new(Rates::default())
    }

    /// Says the same again and again, as soon as it may, `every` apart; when it was told and when it was cut off, in seconds.
    fn talk(every: f64, messages: f64, bytes: f64, for_sec: f64) -> (Option<f64>, Option<f64>) {
        let mut pace = usual();
        let (mut now, mut since_last, mut told) = (0.0, Duration::ZERO, None);
        while now < for_sec {
            let wait = match pace.pay(since_last, messages, bytes) {
                Verdict::Wait(wait) => wait,
                Verdict::Tell(_, wait) => {
                    assert_eq!(told.replace(now), None, "told twice");
                    wait
                }
                Verdict::CutOff(_) => return (told, Some(now)),
            };
            since_last = wait.max(Duration::from_secs_f64(every));
            now += since_last.as_secs_f64();
        }
        (told, None)
    }

    #[test]
    fn a_burst_of_clock_probes_and_a_busy_host_never_wait() {
        let mut pace = usual();
        for _ in 0..16 {
            assert_eq!(pace.pay(INSTANTLY, 1.0, 100.0), AT_ONCE);
        }
        // Somebody who drags the seek bar like mad: ten changes a second for an hour.
        for _ in 0..36_000 {
            assert_eq!(pace.pay(Duration::from_millis(100), 5.0, 200.0), AT_ONCE);
        }
    }

    #[test]
    fn a_flood_waits_as_long_as_its_credit_takes_to_grow() {
        let mut pace = usual();
        let free = (MESSAGE_CREDIT_MAX / 5.0) as usize;
        for _ in 0..free {
            assert_eq!(pace.pay(INSTANTLY, 5.0, 100.0), AT_ONCE);
        }
        let wait = Duration::from_secs_f64(5.0 / MESSAGE_CREDIT_PER_SEC);
        assert_eq!(pace.pay(INSTANTLY, 5.0, 100.0), Verdict::Wait(wait));
        // Having waited that long it owes nothing, and has nothing.
        assert_eq!(pace.pay(wait, 5.0, 100.0), Verdict::Wait(wait));
    }

    #[test]
    fn credit_does_not_pile_up_in_silence() {
        let mut pace = usual();
        let hour = Duration::from_secs(3600);
        assert_eq!(pace.pay(hour, MESSAGE_CREDIT_MAX, 0.0), AT_ONCE);
        assert_ne!(pace.pay(INSTANTLY, 1.0, 0.0), AT_ONCE);
    }

    #[test]
    fn who_goes_on_and_on_is_told_first_and_cut_off_second() {
        for (messages, bytes) in [(5.0, 200.0), (1.0, 6.0), (0.0, 1024.0), (1.0, 60_000.0)] {
            let (told, cut_off) = talk(0.0, messages, bytes, 120.0);
            let (told, cut_off) = (told.expect("told"), cut_off.expect("cut off"));
            assert!(
                (PACE_ERROR_SEC * 0.9..PACE_ERROR_SEC * 1.5).contains(&told),
                "{told}"
            );
            assert!(
                (told + 5.0..PACE_CUT_OFF_SEC * 1.5).contains(&cut_off),
                "{cut_off}"
            );
        }
    }

    #[test]
    fn who_says_as_much_as_it_may_or_too_much_now_and_then_is_told_nothing() {
        let day = 86_400.0;
        assert_eq!(talk(1.0 / 50.0, 1.0, 100.0, day), (None, None));
        let bytes = MESSAGE_BYTES_PER_SEC as f64;
        assert_eq!(talk(1.0 / 50.0, 0.0, bytes / 50.0, day), (None, None));
        // Eight seconds of a flood each minute.
        let mut pace = usual();
        for _ in 0..1000 {
            let (mut now, mut since_last) = (0.0, Duration::from_secs(52));
            while now < 8.0 {
                match pace.pay(since_last, 5.0, 200.0) {
                    Verdict::Wait(wait) => since_last = wait,
                    other => panic!("{other:?}"),
                }
                now += since_last.as_secs_f64();
            }
        }
    }

    #[test]
    fn a_node_that_tells_of_every_chunk_of_the_largest_track_is_told_nothing() {
        let messages = (CHUNKS_MAX as usize).div_ceil(HAVE_DELTA_INDICES_MAX);
        let mut pace = usual();
        let mut since_last = Duration::ZERO;
        for _ in 0..messages {
            match pace.pay(since_last, 4.0, ROOM_MESSAGE_BYTES_MAX as f64) {
                Verdict::Wait(wait) => since_last = wait,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn who_was_told_and_calmed_down_is_told_anew() {
        let mut pace = usual();
        let flood = |pace: &mut Pace| {
            let mut since_last = Duration::ZERO;
            loop {
                match pace.pay(since_last, 5.0, 100.0) {
                    Verdict::Wait(wait) => since_last = wait,
                    Verdict::Tell(Limit::Messages, _) => return,
                    other => panic!("{other:?}"),
                }
            }
        };
        flood(&mut pace);
        assert_eq!(pace.pay(Duration::from_secs(60), 5.0, 100.0), AT_ONCE);
        flood(&mut pace);
        assert!(
            pace.complaint(Limit::Messages)
                .contains("50 messages a second")
        );
        assert!(pace.complaint(Limit::Bytes).contains("--max-bytes"));
    }
}
