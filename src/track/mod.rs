//! What a track is: its id, what kind of sound it holds, what it says about itself, and where its bytes lie.

pub mod error;
pub mod folder;
mod frame;
pub mod id;
pub mod incoming;
pub mod library;
pub mod scratch;
pub mod sniff;
pub mod tags;
