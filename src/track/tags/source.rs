//! A file that is read here and there through a window, and never for longer than `TAG_READ_BYTES_MAX`.

use crate::limits::{
    TAG_BYTES_MAX, TAG_READ_BYTES_MAX, TAG_SCAN_BYTES, TAG_WINDOW_BEHIND_BYTES, TAG_WINDOW_BYTES,
};
use std::io::{ErrorKind, Read, Seek, SeekFrom};

pub(super) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

pub(super) struct Source<'a> {
    file: &'a mut dyn ReadSeek,
    bytes: u64,
    window: Vec<u8>,
    window_at: u64,
    bytes_left_to_read: u64,
    failed: bool,
}

impl<'a> Source<'a> {
    /// A file that cannot be read is as good as empty.
    pub fn new(file: &'a mut dyn ReadSeek) -> Self {
        let bytes = file.seek(SeekFrom::End(0)).unwrap_or(0);
        Self {
            file,
            bytes,
            window: Vec::new(),
            window_at: 0,
            bytes_left_to_read: TAG_READ_BYTES_MAX,
            failed: false,
        }
    }

    /// Length of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether something was not read because so much had been read before.
    pub fn is_exhausted(&self) -> bool {
        self.bytes_left_to_read == 0
    }

    /// Whether something that is there could not be read.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Up to `count` bytes at `at`, at most a window's: fewer only where the file ends or cannot be read.
    pub fn look(&mut self, at: u64, count: usize) -> &[u8] {
        let count = within(at, count.min(TAG_WINDOW_BYTES), self.bytes);
        let is_held = |from: u64, held: usize| {
            at >= from && at.saturating_add(count as u64) <= from.saturating_add(held as u64)
        };
        if !is_held(self.window_at, self.window.len()) {
            let mut window = std::mem::take(&mut self.window);
            let window_at = at.saturating_sub(TAG_WINDOW_BEHIND_BYTES as u64);
            self.fill(
                window_at,
                TAG_WINDOW_BEHIND_BYTES + TAG_WINDOW_BYTES,
                &mut window,
            );
            (self.window, self.window_at) = (window, window_at);
        }
        let start = usize::try_from(at - self.window_at).unwrap_or(usize::MAX);
        let held = self.window.get(start..).unwrap_or_default();
        &held[..count.min(held.len())]
    }

    /// The `N` bytes at `at`.
    pub fn exactly<const N: usize>(&mut self, at: u64) -> Option<[u8; N]> {
        self.look(at, N).try_into().ok()
    }

    /// Up to `count` bytes at `at`, at most `TAG_BYTES_MAX`.
    pub fn read(&mut self, at: u64, count: u64) -> Vec<u8> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count <= TAG_SCAN_BYTES {
            return self.look(at, count).to_vec(); // Many small ones are not as many system calls.
        }
        let mut bytes = Vec::new();
        self.fill(at, count.min(TAG_BYTES_MAX), &mut bytes);
        bytes
    }

    fn fill(&mut self, at: u64, count: usize, buffer: &mut Vec<u8>) {
        let left = usize::try_from(self.bytes_left_to_read).unwrap_or(usize::MAX);
        buffer.clear();
        buffer.resize(within(at, count, self.bytes).min(left), 0);
        self.bytes_left_to_read -= buffer.len() as u64;
        let mut filled = 0;
        if self.file.seek(SeekFrom::Start(at)).is_ok() {
            while filled < buffer.len() {
                match self.file.read(&mut buffer[filled..]) {
                    Ok(0) => break,
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => {
                        self.failed = true;
                        break;
                    }
                }
            }
        }
        buffer.truncate(filled);
    }
}

/// How many of `count` bytes at `at` there are in a file of `bytes`.
fn within(at: u64, count: usize, bytes: u64) -> usize {
    usize::try_from(bytes.saturating_sub(at)).map_or(count, |left| left.min(count))
}
