//! The host and the port of an address, as text.

use super::address::AddressError;
use crate::limits::HOST_BYTES_MAX;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The host without brackets, and what stands behind its colon.
pub(super) fn split_port(text: &str) -> Result<(&str, Option<&str>), AddressError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or(AddressError::Host)?;
        if !is_ipv6(host) {
            return Err(AddressError::Host);
        }
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(AddressError::Port),
        };
    }
    let (host, port) = match text.split_once(':') {
        Some((_, more)) if more.contains(':') => {
            return Err(match is_ipv6(text) {
                true => AddressError::Brackets,
                false => AddressError::Host,
            });
        }
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    match is_name_or_ipv4(host) {
        true => Ok((host, port)),
        false => Err(AddressError::Host),
    }
}

pub(super) fn parse_port(text: &str) -> Result<u16, AddressError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|&port| digits && port != 0);
    port.ok_or(AddressError::Port)
}

/// With or without the name of an interface: `fe80::1%eth0`.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "1"));
    let in_zone = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty() && zone.bytes().all(in_zone)
}

/// A number alone is no name: systems take it for an IPv4 address in one piece, which nobody means.
fn is_name_or_ipv4(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let begins_well = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let name = (1..=HOST_BYTES_MAX).contains(&text.len())
        && text.bytes().all(allowed)
        && text.bytes().next().is_some_and(begins_well)
        && !text.contains("..");
    let last = text.strip_suffix('.').unwrap_or(text);
    let last = last.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit());
    name && (!numeric || text.parse::<Ipv4Addr>().is_ok())
}
