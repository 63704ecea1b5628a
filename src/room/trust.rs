//! Whose word is taken for who a server is. In a jam that was built without TLS `no_trust.rs` stands for this file.

use super::address::AddressError;
use std::path::PathBuf;

/// Of a server that is spoken to by TLS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trust {
    /// A PEM file of certificates; `None`: those that the system trusts.
    pub file: Option<PathBuf>,
}

impl Trust {
    /// # Errors
    /// Never, with TLS.
    pub fn of_system() -> Result<Self, AddressError> {
        Ok(Self { file: None })
    }

    #[must_use]
    pub fn of_file(file: PathBuf) -> Option<Self> {
        Some(Self { file: Some(file) })
    }
}
