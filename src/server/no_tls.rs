//! What stands for `tls.rs` in a jam that was built without it: a `Tls` of which there is none.

use super::accept::Connection;
use super::run::Hub;
use std::path::Path;
use std::sync::Arc;

/// Nobody has one.
#[derive(Debug)]
pub enum Tls {}

impl Tls {
    /// # Errors
    /// Always; the command line refuses it before.
    pub fn load(_: &Path, _: &Path) -> Result<Self, String> {
        Err("this jam was built without TLS".into())
    }

    #[must_use]
    pub fn is_meant(_: &[u8]) -> bool {
        false
    }

    #[must_use]
    pub fn accept(&self, _: &Arc<Hub>, _: Connection, _: &[u8]) -> Option<Connection> {
        match *self {}
    }
}
