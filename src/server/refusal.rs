//! Why the server does not take a track that a room awaits: in words for whoever offered it, and for the log.
//!
//! None of these is tried again by itself: the next attempt would fetch the same bytes and most likely fail the same
//! way, while the track stood in the queue as if it were to come. Whoever offers it again has another try.

use crate::swarm::store::StoreError;
use crate::track::error::{LibraryError, is_full, is_shortage};
use crate::track::sniff::NOT_AUDIO;
use std::{fmt, io};

#[derive(Debug)]
pub enum Refusal {
    TooLarge,
    LibraryFull,
    TooManyWait,
    NotAudio,
    /// What the system says, with names of files that are nobody else's business; in all of the rest.
    DiskFull(String),
    /// Threads or descriptors.
    Busy(String),
    CannotStore(String),
}

impl Refusal {
    #[must_use]
    pub fn no_thread(error: &io::Error) -> Self {
        Self::Busy(format!("no thread to fetch a track: {error}"))
    }

    /// `detail` says what was being done when the disk failed.
    #[must_use]
    pub fn of_disk(error: &io::Error, detail: String) -> Self {
        match error {
            full if is_full(full) => Self::DiskFull(detail),
            short if is_shortage(short) => Self::Busy(detail),
            _ => Self::CannotStore(detail),
        }
    }

    /// For whoever offered the track, and may know nothing of the server but its address.
    #[must_use]
    pub fn in_words(&self) -> &'static str {
        match self {
            Self::TooLarge => "it is larger than the server takes (jam server --max-upload)",
            Self::LibraryFull => "the server's library is full (jam server --max-library)",
            Self::TooManyWait => "too many tracks wait on the server (offer it again later)",
            Self::NotAudio => NOT_AUDIO,
            Self::DiskFull(_) => {
                "the server's disk is full (ask whoever runs it to make room, and offer it again)"
            }
            Self::Busy(_) => "the server has too much to do right now (offer it again later)",
            Self::CannotStore(_) => {
                "the server cannot store it (whoever runs it finds the reason in its log)"
            }
        }
    }
}

/// For the log.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiskFull(detail) | Self::Busy(detail) | Self::CannotStore(detail) => {
                f.write_str(detail)
            }
            Self::TooLarge | Self::LibraryFull | Self::TooManyWait | Self::NotAudio => {
                f.write_str(self.in_words())
            }
        }
    }
}

impl From<LibraryError> for Refusal {
    fn from(error: LibraryError) -> Self {
        let detail = error.to_string();
        match &error {
            LibraryError::NotAudio { .. } => Self::NotAudio,
            LibraryError::Io { source, .. } => Self::of_disk(source, detail),
            LibraryError::Changed { .. } | LibraryError::Interrupted { .. } => {
                Self::CannotStore(detail)
            }
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let detail = error.to_string();
        match &error {
            StoreError::Io { source, .. } => Self::of_disk(source, detail),
            _ => Self::CannotStore(detail),
        }
    }
}
