//! When a start takes effect. Pure arithmetic in room time; the page has the listening half of it.

use crate::limits::{LEAD_MARGIN_MS, LEAD_MS_MAX, LEAD_MS_MIN};

/// How far ahead of now a start is set, in ms, so that everybody has heard of it and is ready by then.
///
/// `rtt_ms_max` is the longest round trip of the room: one half of it carries the message, the rest is for
/// retransmission and jitter.
#[must_use]
pub fn start_lead_ms(rtt_ms_max: f64) -> f64 {
    (2.0 * rtt_ms_max + LEAD_MARGIN_MS).clamp(LEAD_MS_MIN, LEAD_MS_MAX)
}

/// Room time as it is sent: whole microseconds, the precision that an f64 of this size holds with certainty.
#[must_use]
pub fn round_to_micros(room_time: f64) -> f64 {
    (room_time * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_grows_with_the_round_trip_between_its_bounds() {
        assert_eq!(start_lead_ms(0.0), 250.0);
        assert_eq!(start_lead_ms(50.0), 250.0);
        assert_eq!(start_lead_ms(100.0), 350.0);
        assert_eq!(start_lead_ms(1e9), 1500.0);
    }
}
