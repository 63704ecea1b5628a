//! Limits of room time at a listener: how often it is asked for, and how much of the answers is kept.

use super::{MESSAGE_CREDIT_MAX, MESSAGE_CREDIT_PER_SEC};

/// Probes of a member that has just joined: some of them meet no queue, even on busy Wi-Fi.
pub const JOIN_PROBES: usize = 16;
const _: () = assert!((JOIN_PROBES as f64) < MESSAGE_CREDIT_MAX);

/// Probes of every burst after that: the best of four keeps a line exact that is already there.
pub const BURST_PROBES: usize = 4;

/// From an answer to the next probe: apart enough that one full queue does not hold up all of a burst.
pub const PROBE_GAP_SEC: f64 = 0.02;

/// From the end of a burst to the next one: a clock that is 50 ppm off runs 0.1 ms away meanwhile.
pub const BURST_GAP_SEC: f64 = 2.0;
const _: () = assert!(BURST_PROBES as f64 / BURST_GAP_SEC < MESSAGE_CREDIT_PER_SEC / 10.0);

/// Bursts that come sooner, after joining: on a line whose delay changes by tens of milliseconds they halve the error of the first
/// ten seconds, in which music begins and corrections are rare.
pub const EARLY_BURSTS: usize = 8;

/// From the end of a burst to an early one.
pub const EARLY_GAP_SEC: f64 = 0.5;
const _: () = assert!(BURST_PROBES as f64 / EARLY_GAP_SEC < MESSAGE_CREDIT_PER_SEC / 2.0);

/// A network that holds an answer back for so long does not carry a party.
pub const PROBE_SILENCE_SEC: f64 = 6.0;

/// More probes than this in one burst are a caller that forgot to end it.
pub const CLOCK_BURST_PROBES_MAX: usize = 64;
const _: () = assert!(JOIN_PROBES <= CLOCK_BURST_PROBES_MAX);

/// Bursts come every 2 s, so a window of 120 s holds 60, and the early ones; this bounds a caller that is faster.
pub const CLOCK_BURSTS_MAX: usize = 256;
