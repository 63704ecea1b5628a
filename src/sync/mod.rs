//! Being together: what time it is in the room, when a change takes effect, and where a track should be.

pub mod clock;
pub mod ear;
pub mod follow;
mod line;
pub mod playback;
pub mod probing;
