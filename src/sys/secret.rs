//! What nobody else can guess: keys made from the system's random numbers.

use std::fs::File;
use std::io::{self, Read};

/// Random bytes from the system's generator.
///
/// # Errors
/// When the system gives none.
pub fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Random bytes for what need not be a secret: a lot that is drawn, an offset to begin with.
#[must_use]
pub fn random_or_zero<const N: usize>() -> [u8; N] {
    random().unwrap_or([0; N])
}

/// Drawn once when a program starts.
pub struct Secret([u8; 32]);

impl Secret {
    /// # Errors
    /// When the system gives no random numbers.
    pub fn draw() -> io::Result<Self> {
        random().map(Self)
    }

    /// As `to_hex` wrote it; `None` unless it is 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text)
            .ok()
            .map(|hash| Self(*hash.as_bytes()))
    }

    /// To be kept where nobody else reads it.
    #[must_use]
    pub fn to_hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// The key with this number for this purpose: 32 hexadecimal digits, always the same.
    #[must_use]
    pub fn key(&self, purpose: &str, number: u64) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&number.to_le_bytes());
        hasher.update(purpose.as_bytes());
        let mut key = hasher.finalize().to_hex().to_string();
        key.truncate(32);
        key
    }

    /// The key of what has this name, for this purpose: always the same.
    #[must_use]
    pub fn key_of(&self, purpose: &str, name: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        // No number is this large, so that no other key is the same.
        hasher.update(&u64::MAX.to_le_bytes());
        hasher.update(purpose.as_bytes());
        hasher.update(&[0]);
        hasher.update(name.as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// Fills `buffer` with the bytes that belong to this number and purpose: any length, always the same.
    pub fn fill(&self, purpose: &str, number: u64, buffer: &mut [u8]) {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&number.to_le_bytes());
        hasher.update(purpose.as_bytes());
        hasher.finalize_xof().fill(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_by_number_by_purpose_and_by_secret() {
        let (a, b) = (
            Secret::draw().expect("one"),
            Secret::draw().expect("another"),
        );
        assert_eq!(a.key("upload", 7), a.key("upload", 7));
        let others = [a.key("upload", 8), a.key("peer", 7), b.key("upload", 7)];
        assert!(others.iter().all(|other| *other != a.key("upload", 7)));
        assert_eq!(a.key("upload", 7).len(), 32);
        let kept = Secret::from_hex(&a.to_hex()).expect("64 digits");
        assert_eq!(a.key("upload", 7), kept.key("upload", 7));
        assert_eq!(a.key_of("swarm", "jam1"), a.key_of("swarm", "jam1"));
        let others = [
            a.key_of("swarm", "jam2"),
            a.key_of("node", "jam1"),
            b.key_of("swarm", "jam1"),
        ];
        assert!(
            others
                .iter()
                .all(|other| *other != a.key_of("swarm", "jam1"))
        );
    }

    #[test]
    fn bytes_are_the_same_for_the_same_number_and_begin_alike_at_every_length() {
        let secret = Secret::draw().expect("a secret");
        let (mut long, mut short, mut other) = ([0; 1000], [0; 16], [0; 16]);
        secret.fill("nonce", 1, &mut long);
        secret.fill("nonce", 1, &mut short);
        secret.fill("nonce", 2, &mut other);
        assert_eq!(long[..16], short);
        assert_ne!(short, other);
    }
}
