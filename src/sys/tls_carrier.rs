//! Carries one encrypted connection: between a socket that speaks TLS, the outside, and one end of a socket pair.
//!
//! Whoever has the other end, the inside, reads and writes plain bytes on a socket like any other, and blocks as it likes.
//! One thread carries both ways; both of its sockets are non-blocking, and it waits for whatever can go on. Invariant:
//! nothing is taken from one side while the other has not taken what came before, so that what is held here is bounded
//! and a slow reader slows its writer, as on a plain connection. A side that says all is said is told so on the other side.

use crate::limits::{TLS_CARRIED_BYTES, TLS_READS_IN_A_ROW, WRITE_STALL};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustls::Connection;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;

pub struct Carrier {
    tls: Connection,
    outside: Arc<TcpStream>,
    inside: UnixStream,
    /// For what comes from inside.
    buffer: Box<[u8]>,
    /// Decrypted, and not handed inside yet.
    plain_bytes: usize,
    from_outside: Side,
    from_inside: Side,
    /// The inside takes nothing more.
    inside_is_gone: bool,
    /// Since when the outside has taken nothing of what waits for it.
    stuck_since: Option<Instant>,
}

/// How far the bytes from one side are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Open,
    /// No more come, and the other side does not know it yet.
    Ended,
    /// And the other side was told.
    Passed,
}

/// On which side there is something to read.
struct Ready {
    outside: bool,
    inside: bool,
}

impl Carrier {
    /// `tls` has its handshake behind it. What comes back beside is the inside: a stream socket, though not one of TCP.
    ///
    /// # Errors
    /// When the system has no more descriptors.
    pub fn new(mut tls: Connection, outside: Arc<TcpStream>) -> io::Result<(Self, TcpStream)> {
        let (inside, other_end) = UnixStream::pair()?;
        inside.set_nonblocking(true)?;
        outside.set_nonblocking(true)?;
        // Data may have come together with the end of the handshake.
        let state = tls.process_new_packets().map_err(io::Error::other)?;
        let mut carrier = Self {
            tls,
            outside,
            inside,
            buffer: vec![0; TLS_CARRIED_BYTES].into_boxed_slice(),
            plain_bytes: state.plaintext_bytes_to_read(),
            from_outside: Side::Open,
            from_inside: Side::Open,
            inside_is_gone: false,
            stuck_since: None,
        };
        if state.peer_has_closed() {
            carrier.from_outside = Side::Ended;
        }
        Ok((carrier, TcpStream::from(OwnedFd::from(other_end))))
    }

    /// Until both sides have said all, or one is gone. Both sockets are to be closed then.
    ///
    /// # Errors
    /// Why it ended early.
    pub fn run(mut self) -> io::Result<()> {
        let ended = self.carry();
        if ended.is_err() {
            // Why the other side hangs up may have come before it did.
            let _nothing_more = self.take_from_outside();
            let _gone = self.hand_inside();
        }
        ended
    }

    fn carry(&mut self) -> io::Result<()> {
        self.hand_inside()?;
        while !self.is_over() {
            let ready = self.wait()?;
            if ready.outside {
                self.take_from_outside()?;
            }
            self.hand_inside()?;
            if ready.inside {
                self.take_from_inside()?;
            }
            self.hand_outside()?;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        let nobody_listens = self.inside_is_gone || self.from_outside != Side::Open;
        self.from_inside == Side::Passed && nobody_listens && self.plain_bytes == 0
    }

    fn wants_outside(&self) -> bool {
        self.from_outside == Side::Open && self.tls.wants_read()
    }

    fn wants_inside(&self) -> bool {
        self.from_inside == Side::Open && !self.tls.wants_write()
    }

    /// Waits until something can go on. Has no deadline but for an outside that takes nothing: the inside has one for
    /// everything that it waits for, and its end is noticed here.
    fn wait(&mut self) -> io::Result<Ready> {
        let flag = |wanted, flag| if wanted { flag } else { PollFlags::empty() };
        let outside = flag(self.wants_outside(), PollFlags::IN)
            | flag(self.tls.wants_write(), PollFlags::OUT);
        let inside =
            flag(self.wants_inside(), PollFlags::IN) | flag(self.plain_bytes > 0, PollFlags::OUT);
        // Poll tells of an end without being asked, again and again: so a side is looked at only when something follows.
        let looks_outside = !outside.is_empty();
        let waits_for_its_end = self.from_inside != Side::Open && !self.inside_is_gone;
        let looks_inside = !inside.is_empty() || waits_for_its_end;
        let mut both = [
            PollFd::new(&self.outside, outside),
            PollFd::new(&self.inside, inside),
        ];
        let looked_at = match (looks_outside, looks_inside) {
            (true, true) => &mut both[..],
            (true, false) => &mut both[..1],
            (false, true) => &mut both[1..],
            (false, false) => unreachable!("bug: nothing is left to carry, and it goes on"),
        };
        match poll(looked_at, self.patience()?.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let end = PollFlags::HUP | PollFlags::ERR;
        let [of_outside, of_inside] = both.map(|file| file.revents());
        self.inside_is_gone |= of_inside.intersects(end);
        Ok(Ready {
            outside: of_outside.intersects(PollFlags::IN | end),
            inside: of_inside.intersects(PollFlags::IN | end),
        })
    }

    /// How long to wait; `None`: for as long as it takes.
    fn patience(&self) -> io::Result<Option<Timespec>> {
        let Some(since) = self.stuck_since else {
            return Ok(None);
        };
        let left = WRITE_STALL.saturating_sub(since.elapsed());
        if left.is_zero() {
            let why = format!("took nothing for {} s", WRITE_STALL.as_secs());
            return Err(io::Error::new(ErrorKind::TimedOut, why));
        }
        Ok(Some(Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        }))
    }

    fn take_from_outside(&mut self) -> io::Result<()> {
        for _ in 0..TLS_READS_IN_A_ROW {
            if !self.wants_outside() {
                break;
            }
            match self.tls.read_tls(&mut &*self.outside) {
                // Without a goodbye of TLS; what travels here says itself where it ends.
                Ok(0) => self.from_outside = Side::Ended,
                Ok(_) => self.decrypt()?,
                Err(error) if is_passing(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn decrypt(&mut self) -> io::Result<()> {
        match self.tls.process_new_packets() {
            Ok(state) => {
                self.plain_bytes = state.plaintext_bytes_to_read();
                if state.peer_has_closed() {
                    self.from_outside = Side::Ended;
                }
                Ok(())
            }
            Err(error) => {
                // An alert that says why, if the socket takes it.
                let _gone = self.tls.write_tls(&mut &*self.outside);
                Err(io::Error::new(ErrorKind::InvalidData, error))
            }
        }
    }

    fn hand_inside(&mut self) -> io::Result<()> {
        while self.plain_bytes > 0 {
            let mut reader = self.tls.reader();
            let plain = reader.fill_buf()?;
            let taken = match self.inside_is_gone {
                // Nobody is there to hear it.
                true => plain.len(),
                false => match (&self.inside).write(plain) {
                    Ok(count) => count,
                    Err(error) if is_passing(&error) => return Ok(()),
                    Err(_) => {
                        self.inside_is_gone = true;
                        continue;
                    }
                },
            };
            reader.consume(taken);
            self.plain_bytes -= taken;
        }
        if self.from_outside == Side::Ended {
            self.from_outside = Side::Passed;
            let _gone = self.inside.shutdown(Shutdown::Write);
        }
        Ok(())
    }

    fn take_from_inside(&mut self) -> io::Result<()> {
        for _ in 0..TLS_READS_IN_A_ROW {
            if !self.wants_inside() {
                break;
            }
            match (&self.inside).read(&mut self.buffer) {
                Ok(count) if count > 0 => {
                    self.tls.writer().write_all(&self.buffer[..count])?;
                    self.hand_outside()?;
                    if count < self.buffer.len() {
                        break; // That was all, most likely.
                    }
                }
                Err(error) if is_passing(&error) => break,
                // At its end, or with bytes that the inside did not read: either way it has said all.
                Ok(_) | Err(_) => {
                    self.from_inside = Side::Ended;
                    self.tls.send_close_notify();
                }
            }
        }
        Ok(())
    }

    fn hand_outside(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut &*self.outside) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => self.stuck_since = None,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stuck_since.get_or_insert_with(Instant::now);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        if self.from_inside == Side::Ended {
            self.from_inside = Side::Passed;
            let _gone = self.outside.shutdown(Shutdown::Write);
        }
        Ok(())
    }
}

/// Whether the same may work in a moment.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
