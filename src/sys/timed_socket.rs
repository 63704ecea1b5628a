//! A TCP connection on which nothing waits for ever: each read and write has its time, and all together have one.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Reads and writes give `TimedOut` when their time is over. It counts what came.
pub struct TimedSocket {
    socket: Arc<TcpStream>,
    /// How long one read or write may wait for its first byte.
    step: Duration,
    /// When everything has to be over.
    end: Instant,
    bytes_read: u64,
}

impl TimedSocket {
    #[must_use]
    pub fn new(socket: Arc<TcpStream>, step: Duration, end: Instant) -> Self {
        Self {
            socket,
            step,
            end,
            bytes_read: 0,
        }
    }

    /// From now on each read and write may wait this long.
    pub fn wait_at_most(&mut self, step: Duration) {
        self.step = step;
    }

    /// All bytes that ever arrived, also those of a frame that never became whole.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// # Errors
    /// When the connection is gone.
    pub fn peer(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }

    /// Ends our direction, and reads what is still on its way for a moment: a socket that is closed with unread
    /// bytes is reset, and what we said last may be lost with it.
    pub fn close_gently(&mut self, patience: Duration) {
        let _gone = self.socket.shutdown(Shutdown::Write);
        let end = Instant::now() + patience;
        self.end = self.end.min(end);
        let mut unwanted = [0; 4096];
        while matches!(self.read(&mut unwanted), Ok(count) if count > 0) {}
    }

    fn time_left(&self) -> io::Result<Duration> {
        let left = self
            .end
            .saturating_duration_since(Instant::now())
            .min(self.step);
        match left.is_zero() {
            true => Err(ErrorKind::TimedOut.into()),
            false => Ok(left),
        }
    }
}

impl Read for TimedSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.socket.set_read_timeout(Some(self.time_left()?))?;
            match (&*self.socket).read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => {
                    let count = result.map_err(timed_out)?;
                    self.bytes_read += count as u64;
                    return Ok(count);
                }
            }
        }
    }
}

impl Write for TimedSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.socket.set_write_timeout(Some(self.time_left()?))?;
            match (&*self.socket).write(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result.map_err(timed_out),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A socket's own deadline is told as `WouldBlock`, which would mean "try again" to some.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        _ => error,
    }
}
