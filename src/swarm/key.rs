//! Who may take part in a swarm: those who know its key prove it to each other. Pure.
//!
//! Each side draws a nonce; the proof is a BLAKE3 keyed hash over both, so that neither side can answer with what it
//! heard. The key itself never travels here. What follows is neither encrypted nor signed: the checksums of the track
//! protect the bytes, and nothing hides them from who can listen on the network.

use crate::track::id::TrackId;

/// What the members of a swarm share. All zero: an open swarm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SwarmKey(pub [u8; 32]);

/// Tells which key is meant without telling the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

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

impl std::fmt::Debug for SwarmKey {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("SwarmKey(..)")
    }
}

impl SwarmKey {
    pub const OPEN: Self = Self([0; 32]);

    /// The key that a text stands for, as typed behind `--key`.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self(blake3::derive_key("jam swarm key 1", text.as_bytes()))
    }

    #[must_use]
    pub fn id(&self) -> KeyId {
        let hash = blake3::keyed_hash(&self.0, b"jam swarm key id");
        let (id, _) = hash.as_bytes().split_first_chunk().expect("bug: 32 bytes");
        KeyId(*id)
    }

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
