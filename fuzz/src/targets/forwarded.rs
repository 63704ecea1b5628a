//! `X-Forwarded-For`, as it comes through a proxy: what stands before the last entry anybody may have written.

use jam::server::forwarded::last_address;
use std::net::{IpAddr, SocketAddr};

/// A line for each field.
pub fn run(bytes: &[u8]) {
    let found = read(bytes);
    let entry = bytes.rsplit(|byte| b"\n,".contains(byte)).next();
    assert_eq!(found, read(entry.unwrap_or_default()), "not the last entry");
    for forged in [
        &b"203.0.113.7, "[..],
        b"203.0.113.7\n",
        b"\xff,,\n[::1]:80,",
    ] {
        assert_eq!(read(&[forged, bytes].concat()), found, "forged");
    }
    let Some(ip) = found else {
        return;
    };
    assert_eq!(
        ip.to_canonical(),
        ip,
        "one address, and two ways to count it"
    );
    let entry = std::str::from_utf8(entry.unwrap_or_default()).expect("it was read");
    let plain = |c: char| c.is_ascii_hexdigit() || ".:[]%".contains(c);
    assert!(entry.trim().chars().all(plain), "{entry:?}");
    // However a proxy writes it, it is the same.
    let port = SocketAddr::new(ip, 4711);
    for written in [format!("{ip}"), format!("{port}"), format!(" {ip}\t")] {
        assert_eq!(read(written.as_bytes()), found, "{written:?}");
    }
}

fn read(bytes: &[u8]) -> Option<IpAddr> {
    last_address(bytes.split(|&byte| byte == b'\n'))
}
