//! Bytes to read, or a place to write to, that fail after so many bytes, in one of the ways in which files and sockets do.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};

/// What happens at the byte where it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Error(ErrorKind),
    /// A read finds the end, a write is taken by nobody.
    End,
}

/// In how many ways it fails, for loops.
pub const FAULTS: [Fault; 4] = [
    Fault::End,
    Fault::Error(ErrorKind::ConnectionReset),
    Fault::Error(ErrorKind::TimedOut),
    Fault::Error(ErrorKind::Other),
];

/// Gives `bytes` and keeps what is written, until it fails.
#[derive(Debug)]
pub struct Faulty<'a> {
    bytes: &'a [u8],
    at: usize,
    pub written: Vec<u8>,
    /// It fails once so many bytes were read, or written.
    pub after: usize,
    pub fault: Fault,
    /// No call takes or gives more than this.
    pub piece: usize,
    /// Every other call is interrupted first.
    pub interrupted: bool,
    calls: usize,
}

impl<'a> Faulty<'a> {
    pub fn new(bytes: &'a [u8], after: usize, fault: Fault) -> Self {
        Self {
            bytes,
            at: 0,
            written: Vec::new(),
            after,
            fault,
            piece: usize::MAX,
            interrupted: false,
            calls: 0,
        }
    }

    /// A byte at a time, and every other call interrupted.
    pub fn in_drips(bytes: &'a [u8], after: usize, fault: Fault) -> Self {
        Self {
            piece: 1,
            interrupted: true,
            ..Self::new(bytes, after, fault)
        }
    }

    fn fail(&self) -> io::Result<usize> {
        match self.fault {
            Fault::Error(kind) => Err(kind.into()),
            Fault::End => Ok(0),
        }
    }

    fn is_interrupted(&mut self) -> bool {
        self.calls += 1;
        self.interrupted && self.calls % 2 == 1
    }
}

impl Read for Faulty<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_interrupted() {
            return Err(ErrorKind::Interrupted.into());
        }
        if self.at >= self.after && !buffer.is_empty() {
            return self.fail();
        }
        let end = self.bytes.len().min(self.after);
        let count = buffer
            .len()
            .min(self.piece)
            .min(end.saturating_sub(self.at));
        buffer[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

impl Seek for Faulty<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = self.bytes.len() as i64;
        let at = match to {
            SeekFrom::Start(at) => i64::try_from(at).unwrap_or(i64::MAX),
            SeekFrom::End(by) => length.saturating_add(by),
            SeekFrom::Current(by) => (self.at as i64).saturating_add(by),
        };
        let at = u64::try_from(at).map_err(|_| ErrorKind::InvalidInput)?;
        self.at = usize::try_from(at).unwrap_or(usize::MAX);
        Ok(at)
    }
}

impl Write for Faulty<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_interrupted() {
            return Err(ErrorKind::Interrupted.into());
        }
        let left = self.after.saturating_sub(self.written.len());
        if left == 0 && !bytes.is_empty() {
            return self.fail();
        }
        let count = bytes.len().min(self.piece).min(left);
        self.written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
