//! Who may take part in a swarm: those who know its key prove it to each other. Pure.
//!
//! Each side draws a nonce; the proof is a BLAKE3 keyed hash over both, so that neither side can answer with what it
//! heard. The key itself never travels here. What follows is neither encrypted nor signed: the checksums of the track
//! protect the bytes, and nothing hides them from who can listen on the network.

pub use crate::identity::{KeyId, SwarmKey};
use crate::track::id::TrackId;

/// Drawn at random for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce(pub [u8; 16]);

/// That its sender knows the key. Compare it with `is` alone, which takes the same time wherever they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof(pub [u8; 32]);

/// Who proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Dialler,
    Acceptor,
}

impl SwarmKey {
    /// What `side` of a connection about `track` sends to prove that it knows the key.
    #[must_use]
    pub fn proof(&self, side: Side, dialler: Nonce, acceptor: Nonce, track: TrackId) -> Proof {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(b"jam swarm proof");
        hasher.update(&[match side {
            Side::Dialler => 0,
            Side::Acceptor => 1,
        }]);
        hasher.update(&dialler.0);
        hasher.update(&acceptor.0);
        hasher.update(track.as_bytes());
        Proof(*hasher.finalize().as_bytes())
    }
}

impl Proof {
    /// In constant time.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        blake3::Hash::from_bytes(self.0) == blake3::Hash::from_bytes(other.0)
    }
}
