//! Being together: when a change takes effect, and where a track should be.

pub mod playback;
