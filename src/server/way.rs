//! By what way a request came, which decides what its address says.

use super::http::Request;
use std::net::IpAddr;

/// How a request came, as far as its address is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub relayed: bool,
    pub proxied: bool,
    /// Where the client is, when that is not where the socket leads to.
    pub ip: Option<IpAddr>,
}

impl Way {
    /// `trusts_proxy`: whatever a proxy says of the client's address is so, and the request counts as if it had come from
    /// there straight.
    #[must_use]
    pub fn of(request: &Request, trusts_proxy: bool) -> Self {
        match request.forwarded_for.filter(|_| trusts_proxy) {
            Some(ip) => Self {
                relayed: request.from_page,
                proxied: false,
                ip: Some(ip),
            },
            None => Self {
                relayed: request.relayed,
                proxied: request.proxied,
                ip: None,
            },
        }
    }
}
