//! The keys that open a room and its host seat, and the locks that they fit. Pure.
//!
//! A key is a text that people share; it is never printed. A lock is what a server keeps of it: a hash, which is compared in
//! constant time. Nothing compares the texts.

use crate::limits::KEY_BYTES_MAX;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// What somebody typed to get in: 1 to `KEY_BYTES_MAX` bytes without control characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(String);

/// What a key has to fit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Lock(blake3::Hash);

/// What somebody brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Keys {
    /// To the room.
    pub room: Option<Key>,
    /// To its host seat.
    pub host: Option<Key>,
}

/// What a server asks of everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Locks {
    /// Of every room that has no lock of its own.
    pub room: Option<Lock>,
    /// Of every host seat.
    pub host: Option<Lock>,
}

impl Key {
    /// `None` unless it can be a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=KEY_BYTES_MAX).contains(&text.len());
        (fits && !text.contains(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// For those alone who send it on.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Keys {
    /// These, and of `others` those that are missing here.
    #[must_use]
    pub fn or(&self, others: &Self) -> Self {
        Self {
            room: self.room.clone().or_else(|| others.room.clone()),
            host: self.host.clone().or_else(|| others.host.clone()),
        }
    }

    /// Whether there is any to be tried.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.room.is_none() && self.host.is_none()
    }
}

impl Lock {
    /// That this key fits.
    #[must_use]
    pub fn of(key: &Key) -> Self {
        let hash = blake3::derive_key("jam lock 1", key.0.as_bytes());
        Self(blake3::Hash::from_bytes(hash))
    }

    /// In a time that does not tell how much of the key is right: `==` of BLAKE3 hashes takes the same for all.
    #[must_use]
    pub fn opens_with(&self, key: &Key) -> bool {
        self.0 == Self::of(key).0
    }
}

/// A key is nothing for a log.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A short key can be found from its hash.
impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock(..)")
    }
}

impl Serialize for Lock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_hex())
    }
}

impl<'de> Deserialize<'de> for Lock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = blake3::Hash::from_hex(text).map_err(|_| de::Error::custom("no lock"))?;
        Ok(Self(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::parse(text).expect("a key")
    }

    #[test]
    fn a_key_is_a_text_of_1_to_128_bytes_in_one_line() {
        for good in ["x", " plum jam ", "Grüße 🍓", &"k".repeat(128)] {
            assert_eq!(key(good).as_str(), good);
        }
        for bad in [
            "",
            &"k".repeat(129),
            &"é".repeat(65),
            "a\nb",
            "\0",
            "\u{85}",
        ] {
            assert_eq!(Key::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_lock_opens_with_its_key_alone() {
        let lock = Lock::of(&key("plum"));
        assert!(lock.opens_with(&key("plum")));
        for other in ["Plum", "plum ", "plu", "plumm", "plum\u{301}"] {
            assert!(!lock.opens_with(&key(other)), "{other}");
        }
    }

    #[test]
    fn a_lock_comes_back_from_a_file_and_no_other_text_is_one() {
        let lock = Lock::of(&key("plum"));
        let written = serde_json::to_string(&lock).expect("JSON");
        assert_eq!(written.len(), 66);
        assert_eq!(serde_json::from_str::<Lock>(&written).ok(), Some(lock));
        for bad in ["\"\"", "\"plum\"", "7", "null"] {
            assert!(serde_json::from_str::<Lock>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_and_locks_are_never_printed() {
        let keys = Keys {
            room: Some(key("plum")),
            host: Some(key("stone")),
        };
        let lock = Lock::of(&key("plum"));
        let printed = format!("{keys:?} {lock:?}");
        assert!(
            !printed.contains("plum") && !printed.contains("stone"),
            "{printed}"
        );
        let hash = serde_json::to_string(&lock).expect("JSON");
        assert!(!printed.contains(hash.trim_matches('"')), "{printed}");
    }
}
