//! What stands for `trust.rs` in a jam that was built without TLS: a `Trust` of which there is none.

use super::address::AddressError;
use std::path::PathBuf;

/// No server is spoken to by TLS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Trust {}

impl Trust {
    /// # Errors
    /// Always.
    pub fn of_system() -> Result<Self, AddressError> {
        Err(AddressError::Encrypted)
    }

    #[must_use]
    pub fn of_file(_: PathBuf) -> Option<Self> {
        None
    }
}
