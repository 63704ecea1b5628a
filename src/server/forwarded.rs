//! What a proxy says of the client's address: the last entry of X-Forwarded-For, which is its own; whatever stands before
//! that anybody may have written. Pure.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The address in the last entry of a list that may come in several fields; `None` when that is no address.
#[must_use]
pub fn last_address<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Option<IpAddr> {
    let last = fields.last()?;
    let last = last.rsplit(|&byte| byte == b',').next()?;
    address(std::str::from_utf8(last).ok()?.trim())
}

/// `10.0.0.9`, `10.0.0.9:4711`, `fd00::9`, `[fd00::9]` or `[fd00::9]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let alone = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || {
        let inside = text.strip_prefix('[')?.strip_suffix(']')?;
        inside.parse::<Ipv6Addr>().ok().map(IpAddr::from)
    };
    let found = alone.or_else(with_port).or_else(in_brackets)?;
    Some(found.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(fields: &[&str]) -> Option<String> {
        let fields = fields.iter().map(|field| field.as_bytes());
        last_address(fields).map(|ip| ip.to_string())
    }

    #[test]
    fn the_last_entry_counts_in_every_way_of_writing_it() {
        for (fields, ip) in [
            (&["10.0.0.9"][..], "10.0.0.9"),
            (&["10.0.0.9:4711"], "10.0.0.9"),
            (&[" 1.2.3.4 , 10.0.0.9 "], "10.0.0.9"),
            (&["1.2.3.4,garbage,10.0.0.9"], "10.0.0.9"),
            (&["1.2.3.4", "10.0.0.9"], "10.0.0.9"),
            (&["garbage, 1.2.3.4", "5.6.7.8,\tfd00::9"], "fd00::9"),
            (&["[fd00::9]"], "fd00::9"),
            (&["[fd00::9]:4711"], "fd00::9"),
            (&["::ffff:10.0.0.9"], "10.0.0.9"),
            (&["[::ffff:10.0.0.9]:80"], "10.0.0.9"),
        ] {
            assert_eq!(last(fields).as_deref(), Some(ip), "{fields:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_none_and_no_earlier_entry_takes_its_place() {
        for fields in [
            &[][..],
            &[""],
            &[","],
            &["10.0.0.9,"],
            &["10.0.0.9", ""],
            &["10.0.0.9, unknown"],
            &["10.0.0"],
            &["10.0.0.9:"],
            &["10.0.0.9:99999"],
            &["[10.0.0.9]"],
            &["[fd00::9"],
            &["fd00::9]"],
            &["_hidden"],
            &["\"10.0.0.9\""],
            &["10.0.0.9\u{661}"],
        ] {
            assert_eq!(last(fields), None, "{fields:?}");
        }
        assert_eq!(last_address([&b"10.0.0.9\xff"[..]].into_iter()), None);
    }
}
