//! How far somebody in a simulated room may be off: what follows from the network and the player, and no more.

use super::listener::{SCATTER_SEC, SOUND_LATE_SEC, WANDER_SEC};
use super::plan::Traits;

/// What the ear of a player leaves as it is.
const DEAD_BAND_SEC: f64 = 0.02;

/// A clock that is 100 ppm off its line, between two bursts and shortly after joining.
const DRIFT_SEC: f64 = 0.001;

/// A server that was restarted with a clock that differs by less than a burst proves: half of that, for a while.
const UNPROVED_STEP_SEC: f64 = 0.001;

/// How far room time may be off: what no probe can tell, and what chance leaves.
pub fn clock_bound_sec(traits: &Traits, restarted: bool) -> f64 {
    let unproved_sec = if restarted { UNPROVED_STEP_SEC } else { 0.0 };
    let network_sec = (traits.up_sec - traits.down_sec).abs() / 2.0 + traits.jitter_sec / 2.0;
    network_sec + DRIFT_SEC + unproved_sec
}

/// How far the sound may be off of one who had time to put it right.
pub fn sound_bound_sec(traits: &Traits) -> f64 {
    clock_bound_sec(traits, false) + DEAD_BAND_SEC + SCATTER_SEC + WANDER_SEC
}

/// The same at the very start, when what lies between the command and the sound may not be known.
pub fn start_bound_sec(traits: &Traits) -> f64 {
    const WAKES_LATE_SEC: f64 = 0.006;
    let late = traits.sound_sec + SOUND_LATE_SEC + WAKES_LATE_SEC;
    clock_bound_sec(traits, false) + late + SCATTER_SEC + WANDER_SEC
}
