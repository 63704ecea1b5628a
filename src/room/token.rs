//! By what a member is known again when its connection was lost: a secret that only it and its server know.
//!
//! The `peer_id`, which everybody sees, follows from it. So whoever comes back with its token has the same one, also
//! after the server was started again, and nothing has to be remembered for that.

use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;

/// 32 lower-case hexadecimal digits.
#[derive(Clone, Serialize)]
pub struct Token(String);

/// In a time that does not tell how much of a token is right: all of its bytes are compared.
impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.bytes().zip(other.0.bytes());
        pairs.fold(0, |different, (a, b)| different | (a ^ b)) == 0
    }
}

impl Eq for Token {}

impl Token {
    /// `None` unless `text` is 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 32 && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `p` and the first 12 digits of the token's BLAKE3 hash.
    #[must_use]
    pub fn peer_id(&self) -> String {
        let hash = blake3::hash(self.0.as_bytes()).to_hex();
        format!("p{}", &hash[..12])
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("no token"))
    }
}

/// A secret is nothing for a log.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_32_digits_in_small_letters_and_is_never_printed() {
        let text = "0123456789abcdef0123456789abcdef";
        let token = Token::parse(text).expect("a token");
        assert_eq!(token.as_str(), text);
        assert_eq!(format!("{token:?}"), "Token(..)");
        assert_eq!(Token::parse(text), Some(token.clone()));
        for place in 0..32 {
            let mut other = text.to_owned();
            let digit = if text.as_bytes()[place] == b'7' {
                "8"
            } else {
                "7"
            };
            other.replace_range(place..=place, digit);
            assert_ne!(Token::parse(&other), Some(token.clone()), "{other}");
        }
        for bad in [
            "",
            "0123456789abcdef0123456789abcde",
            "0123456789abcdef0123456789abcdef0",
            "0123456789ABCDEF0123456789ABCDEF",
            "0123456789abcdef0123456789abcdeg",
            "éééééééééééééééé",
        ] {
            assert_eq!(Token::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_peer_id_is_the_beginning_of_the_tokens_hash() {
        let token = Token::parse("353d413f07f6193d570d6b48b1f42c0a").expect("a token");
        let hash = blake3::hash(b"353d413f07f6193d570d6b48b1f42c0a").to_hex();
        assert_eq!(token.peer_id(), format!("p{}", &hash[..12]));
    }
}
