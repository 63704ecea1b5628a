//! Under which addresses others reach this machine.

use std::net::{IpAddr, SocketAddr};

/// The addresses to give to others for a server that listens on `local`: every non-loopback address of the
/// machine when it listens on all, else the one it listens on. Empty when only this machine reaches it.
///
/// IPv6 link-local addresses are left out: a browser cannot open them. IPv4 comes first, it is what people type.
#[must_use]
pub fn reachable(local: SocketAddr) -> Vec<SocketAddr> {
    if !local.ip().is_unspecified() {
        let alone = (!local.ip().is_loopback()).then_some(local);
        return alone.into_iter().collect();
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<IpAddr> = interfaces.iter().map(|interface| interface.ip()).collect();
    addresses.retain(|ip| match ip {
        IpAddr::V4(ip) => !ip.is_loopback(),
        IpAddr::V6(ip) => local.is_ipv6() && !ip.is_loopback() && !ip.is_unicast_link_local(),
    });
    addresses.sort_by_key(|ip| (ip.is_ipv6(), *ip));
    addresses.dedup();
    let with_port = |ip| SocketAddr::new(ip, local.port());
    addresses.into_iter().map(with_port).collect()
}

/// `http://192.168.1.20:8000`, without the port when it is the usual one.
#[must_use]
pub fn http_url(address: SocketAddr) -> String {
    url("http", 80, address)
}

/// `https://192.168.1.20:8000`, without the port when it is the usual one.
#[must_use]
pub fn https_url(address: SocketAddr) -> String {
    url("https", 443, address)
}

fn url(scheme: &str, usual_port: u16, address: SocketAddr) -> String {
    if address.port() != usual_port {
        return format!("{scheme}://{address}");
    }
    match address.is_ipv6() {
        true => format!("{scheme}://[{}]", address.ip()),
        false => format!("{scheme}://{}", address.ip()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_loopback_is_reached_by_nobody_else() {
        let local: SocketAddr = "127.0.0.1:8000".parse().expect("an address");
        assert_eq!(reachable(local), []);
    }

    #[test]
    fn a_server_on_one_address_is_reached_there() {
        let local: SocketAddr = "192.168.1.20:8000".parse().expect("an address");
        assert_eq!(reachable(local), [local]);
    }

    #[test]
    fn a_server_on_all_addresses_never_offers_loopback() {
        for local in ["0.0.0.0:8000", "[::]:8000"] {
            let local: SocketAddr = local.parse().expect("an address");
            for address in reachable(local) {
                assert!(!address.ip().is_loopback() && !address.ip().is_unspecified());
                assert_eq!(address.port(), 8000);
            }
        }
    }

    #[test]
    fn urls_are_ready_to_click() {
        let url = |address: &str| http_url(address.parse().expect("an address"));
        assert_eq!(url("192.168.1.20:8000"), "http://192.168.1.20:8000");
        assert_eq!(url("192.168.1.20:80"), "http://192.168.1.20");
        assert_eq!(url("[fd00::2]:8000"), "http://[fd00::2]:8000");
        assert_eq!(url("[fd00::2]:80"), "http://[fd00::2]");
        let url = |address: &str| https_url(address.parse().expect("an address"));
        assert_eq!(url("192.168.1.20:8000"), "https://192.168.1.20:8000");
        assert_eq!(url("192.168.1.20:80"), "https://192.168.1.20:80");
        assert_eq!(url("192.168.1.20:443"), "https://192.168.1.20");
        assert_eq!(url("[fd00::2]:443"), "https://[fd00::2]");
    }
}
