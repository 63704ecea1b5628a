//! What the commands do: one file each.

pub mod announcement;
pub mod check;
pub mod company;
pub mod download;
pub mod event;
pub mod fetch;
pub mod host;
pub mod listen;
pub mod listing;
pub mod meter;
pub mod offers;
pub mod pace;
pub mod part;
pub mod peer;
pub mod progress;
pub mod report;
pub mod seed;
pub mod server;
pub mod session;
pub mod stop;
pub mod words;

use crate::swarm::store::StoreError;
use crate::track::error::LibraryError;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// One line: doing what, why, and what to try.
#[derive(Debug)]
pub struct Failure(pub String);

impl Failure {
    #[must_use]
    pub fn new(doing: impl Display, error: &dyn Display) -> Self {
        Self(format!("{doing}: {error}"))
    }

    /// Asked to stop before it was done; there is nothing more to say.
    #[must_use]
    pub fn stopped() -> Self {
        Self("stopped before it was done".into())
    }
}

impl From<LibraryError> for Failure {
    fn from(error: LibraryError) -> Self {
        Self(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

/// Results go to standard output. A reader that has gone (`jam --help | head -1`) is no failure.
///
/// # Errors
/// When it could not be written.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new("writing to standard output", &error))
        }
        _ => Ok(()),
    }
}
