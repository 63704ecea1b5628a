//! By what way a request came, which decides what its address says.

use super::http::Request;

/// How a request came, as far as its address is concerned.
#[derive(Clone, Copy)]
pub struct Way {
    pub relayed: bool,
    pub proxied: bool,
}

impl Way {
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self {
            relayed: request.relayed,
            proxied: request.proxied,
        }
    }
}
