//! The name of a room, checked once at the border and carried as a type.

use crate::limits::ROOM_NAME_BYTES_MAX;
use std::fmt;
use std::sync::Arc;

/// 1 to 64 of `A-Z a-z 0-9 _ -`; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// `None` when `text` is empty, too long or has any other character.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let good = (1..=ROOM_NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed);
        good.then(|| Self(text.into()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_names_are_1_to_64_of_the_allowed_characters() {
        for good in ["a", "jam1", "A-Z_9", &"x".repeat(64)] {
            assert_eq!(RoomName::parse(good).expect(good).as_str(), good);
        }
        for bad in ["", "a b", "a/b", "..", "é", "a\n", "a%20", &"x".repeat(65)] {
            assert_eq!(RoomName::parse(bad), None, "{bad:?}");
        }
    }
}
