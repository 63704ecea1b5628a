//! The way in from a member's socket, as tungstenite reads it: with deadlines, and paid for byte by byte.

use super::outbox::Outbox;
use super::toll::Toll;
use crate::limits::STOP_GRACE;
use crate::room::close::CloseReason;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The socket of a member as tungstenite sees it.
pub struct Incoming {
    socket: Arc<TcpStream>,
    outbox: Arc<Outbox>,
    /// For everything up to here, not for each read; `None` once the socket's own timeout is set.
    deadline: Option<Instant>,
    /// What is said here is paid for.
    toll: Option<Box<Toll>>,
}

impl Incoming {
    /// What is to be written goes to `outbox`, and everything has to be read until `deadline`.
    #[must_use]
    pub fn new(socket: Arc<TcpStream>, outbox: Arc<Outbox>, deadline: Instant) -> Self {
        Self {
            socket,
            outbox,
            deadline: Some(deadline),
            toll: None,
        }
    }

    /// From now on what is said is paid for.
    #[must_use]
    pub fn for_toll(mut self, toll: Box<Toll>) -> Self {
        self.toll = Some(toll);
        self
    }

    /// Why nothing more is read, when this is somebody who is cut off.
    #[must_use]
    pub fn over(&self) -> Option<CloseReason> {
        self.toll.as_ref().and_then(|toll| toll.over())
    }

    /// # Errors
    /// Why this member is cut off.
    pub fn pay_for_message(&mut self, cost: f64) -> Result<(), CloseReason> {
        if let Some(toll) = &mut self.toll {
            toll.pay_for_message(cost);
        }
        self.over().map_or(Ok(()), Err)
    }

    /// # Errors
    /// When this member is cut off, and nothing of it counts any more.
    fn pay_for_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(toll) = &mut self.toll {
            toll.pay_for_bytes(bytes);
        }
        match self.over() {
            Some(_) => Err(ErrorKind::ConnectionAborted.into()),
            None => Ok(()),
        }
    }

    /// From now on each read may wait this long.
    pub fn wait_at_most(&mut self, timeout: Duration) {
        self.deadline = None;
        // Fails only for a zero timeout, or a socket that is gone, which the next read tells as well.
        let _gone = self.socket.set_read_timeout(Some(timeout));
    }

    /// What still comes counts for nothing, and nothing is read later than this.
    pub fn read_for_nothing_until(&mut self, deadline: Instant) {
        self.toll = None;
        self.deadline = Some(deadline);
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Whoever was sent away may not stay by sending half a message after another.
        if self.deadline.is_none() && self.outbox.has_ended() {
            self.deadline = Some(Instant::now() + STOP_GRACE);
        }
        if let Some(deadline) = self.deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            self.socket.set_read_timeout(Some(left))?;
        }
        let count = loop {
            match (&*self.socket).read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.pay_for_bytes(&buffer[..count])?;
        Ok(count)
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outbox.push_encoded(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
