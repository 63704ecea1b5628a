//! What a track is: its id, what kind of sound it holds, what it says about itself, and where its bytes lie.

pub mod chunks;
pub mod dropping;
pub mod error;
pub mod eviction;
pub mod folder;
mod frame;
pub mod hash_tree;
pub mod hashing;
pub mod id;
pub mod incoming;
pub mod library;
pub mod manifest;
pub mod scratch;
pub mod sniff;
pub mod stored;
pub mod tags;
pub mod usage;
