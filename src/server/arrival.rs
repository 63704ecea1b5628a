//! A track on its way into the library, as far as it can be read already.
//!
//! Its bytes lie in a file of their full length; which of them are there, the swarm knows. Whoever reads waits for the
//! chunk that it needs, and has the next ones fetched first.

use crate::limits::{ARRIVAL_PATIENCE, COMPANY_TICK, SNIFF_BYTES};
use crate::room::event::Want;
use crate::room::name::RoomName;
use crate::swarm::store::{ChunkStore, StoreError};
use crate::swarm::track_swarm::TrackSwarm;
use crate::track::chunks::Layout;
use crate::track::sniff::sniff;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// A track on its way.
pub struct Arrival {
    pub want: Want,
    pub(super) room: RoomName,
    pub(super) is_first_try: bool,
    pub(super) swarm: Arc<TrackSwarm>,
    pub(super) place: OnceLock<Arc<Place>>,
}

/// Where its bytes come to lie.
pub(super) struct Place {
    pub(super) file: File,
    pub(super) layout: Layout,
    pub(super) name: String,
}

impl Arrival {
    /// Bytes of the track, once somebody has proved how many they are; waits for that.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        let deadline = Instant::now() + ARRIVAL_PATIENCE;
        while self.place.get().is_none() && !self.is_over() && Instant::now() < deadline {
            self.swarm.wait_for_end(COMPANY_TICK / 5);
        }
        self.place.get().map(|place| place.layout.length())
    }

    /// Reads some bytes from `offset` on, as many as the chunk there has and `buffer` takes, waiting for them. What
    /// comes behind is fetched first from now on.
    ///
    /// # Errors
    /// `TimedOut` when they did not come for long, and what the disk says.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let place = self.place.get().ok_or(io::ErrorKind::NotFound)?;
        let chunk_bytes = u64::from(place.layout.chunk_size().bytes());
        let index = u32::try_from(offset / chunk_bytes).map_err(io::Error::other)?;
        if !self.swarm.holds(index) {
            self.swarm.play_from(index);
            if !self.swarm.wait_for_chunk(index, ARRIVAL_PATIENCE) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        let chunk_end = place.layout.offset(index) + place.layout.chunk_bytes(index) as u64;
        let bytes = (chunk_end - offset).min(buffer.len() as u64);
        let bytes = usize::try_from(bytes).expect("bug: at most the buffer");
        place.file.read_exact_at(&mut buffer[..bytes], offset)?;
        Ok(bytes)
    }

    /// What its beginning looks like; waits for the first chunk alone.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        const UNKNOWN: &str = "application/octet-stream";
        let Some(length) = self.length() else {
            return UNKNOWN;
        };
        let wanted = length.min(SNIFF_BYTES as u64);
        let mut start = vec![0; usize::try_from(wanted).expect("bug: it is small")];
        let mut there = 0;
        while there < start.len() && (there == 0 || self.has(there as u64)) {
            match self.read_at(&mut start[there..], there as u64) {
                Ok(count) => there += count,
                Err(_) => break,
            }
        }
        sniff(&start[..there]).map_or(UNKNOWN, |kind| kind.content_type())
    }

    fn has(&self, offset: u64) -> bool {
        let place = self.place.get();
        place.is_some_and(|place| {
            let index = offset / u64::from(place.layout.chunk_size().bytes());
            u32::try_from(index).is_ok_and(|index| self.swarm.holds(index))
        })
    }

    fn is_over(&self) -> bool {
        self.swarm.is_stopped()
    }
}

impl ChunkStore for Place {
    fn read(&self, index: u32, buffer: &mut [u8]) -> Result<(), StoreError> {
        let read = self.file.read_exact_at(buffer, self.layout.offset(index));
        read.map_err(|error| self.failed("reading", error))
    }

    fn write(&self, index: u32, data: &[u8]) -> Result<(), StoreError> {
        let written = self.file.write_all_at(data, self.layout.offset(index));
        written.map_err(|error| self.failed("writing", error))
    }
}

impl Place {
    fn failed(&self, doing: &'static str, source: io::Error) -> StoreError {
        StoreError::Io {
            doing,
            path: PathBuf::from(&self.name),
            source,
        }
    }
}
