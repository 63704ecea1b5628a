//! Who nodes are and what they share: the names by which they know each other, and the key of a swarm; and who counts as
//! one where addresses are counted. Pure.
//!
//! Rooms hand these out, nodes prove and name them; both speak of the same values.

use serde::{Serialize, Serializer};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Whom an address stands for where addresses are counted: of IPv6 its first 64 bits, because a household has all that begin
/// with these; but all of one that is good on its own wire alone, where everybody's begin alike.
#[must_use]
pub fn one_who_counts(ip: IpAddr) -> IpAddr {
    const NETWORK: u128 = !0 << 64;
    match ip.to_canonical() {
        IpAddr::V6(ip) if !ip.is_unicast_link_local() => {
            Ipv6Addr::from_bits(ip.to_bits() & NETWORK).into()
        }
        whole => whole,
    }
}

/// What the members of a swarm share, and prove to each other that they know. All zero: an open swarm. A room tells its own
/// to those alone who asked for it in HELLO.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SwarmKey(pub [u8; 32]);

/// Tells which key is meant without telling the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

impl SwarmKey {
    pub const OPEN: Self = Self([0; 32]);

    /// The key that a text stands for, as typed behind `--key`.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self(blake3::derive_key("jam swarm key 1", text.as_bytes()))
    }

    /// The first 8 bytes of BLAKE3's keyed hash of "jam swarm key id".
    #[must_use]
    pub fn id(&self) -> KeyId {
        let hash = blake3::keyed_hash(&self.0, b"jam swarm key id");
        let (id, _) = hash.as_bytes().split_first_chunk().expect("bug: 32 bytes");
        KeyId(*id)
    }

    /// 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}

/// Without the key: what is printed may end up in a log.
impl fmt::Debug for SwarmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SwarmKey(..)")
    }
}

/// A node's own name, drawn by itself. Shown as 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub [u8; 8]);

impl NodeId {
    /// `None` unless `text` is 16 hexadecimal digits; upper case is accepted.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_hex.then(|| u64::from_str_radix(text, 16).ok())?;
        number.map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_id_is_16_hexadecimal_digits() {
        let id = NodeId([0, 1, 2, 0xab, 0xcd, 0xef, 0xff, 0]);
        assert_eq!(id.to_string(), "000102abcdefff00");
        for good in ["000102abcdefff00", "000102ABCDEFFF00", "000102AbCdEfFf00"] {
            assert_eq!(NodeId::parse(good), Some(id));
        }
        for bad in [
            "",
            "000102abcdefff0",
            "000102abcdefff000",
            "+00102abcdefff00",
            "000102abcdefff0g",
            "éééééééé",
            "0x0102abcdefff00",
        ] {
            assert_eq!(NodeId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_household_counts_as_one() {
        let counts_as = |text: &str| one_who_counts(text.parse().expect("an address")).to_string();
        for (ip, one) in [
            ("192.168.1.20", "192.168.1.20"),
            ("::ffff:192.168.1.20", "192.168.1.20"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::", "2001:db8:1:2::"),
            ("fe80::1:2:3:4", "fe80::1:2:3:4"),
        ] {
            assert_eq!(counts_as(ip), one);
        }
    }

    #[test]
    fn keys_are_told_apart_by_their_ids_and_never_printed() {
        let (a, b) = (SwarmKey([1; 32]), SwarmKey([2; 32]));
        assert_ne!(a.id(), b.id());
        assert_eq!(a.id(), a.id());
        assert_eq!(a.to_hex(), "01".repeat(32));
        assert_eq!(format!("{a:?}"), "SwarmKey(..)");
    }
}
