//! Frames over a TCP socket: reads whole ones into one buffer that is used again, and writes them with one call.

use super::frame::{self, Frame, FrameError, Refusal};
use crate::limits::{SWARM_HANDSHAKE_DEADLINE, SWARM_READ_BYTES, SWARM_SILENCE};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why a connection is over.
#[derive(Debug)]
pub enum WireError {
    /// The other side closed it, between two frames.
    Closed,
    /// No byte came for this long.
    Silent(Duration),
    Io(io::Error),
    Frame(FrameError),
    /// The other side said why.
    Refused(Refusal),
    /// It does not know the key.
    WrongKey,
    /// It does not keep to the protocol.
    Broken(String),
    /// It sent wrong bytes.
    Wrong(String),
    /// This node dialled itself.
    Itself,
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Closed => f.write_str("closed by the other side"),
            Self::Silent(time) => write!(f, "silent for {} s", time.as_secs()),
            Self::Io(error) => error.fmt(f),
            Self::Frame(error) => error.fmt(f),
            Self::Refused(refusal) => f.write_str(&refusal.text),
            Self::WrongKey => f.write_str("it does not know the swarm's key"),
            Self::Itself => f.write_str("that is this node itself"),
            Self::Broken(what) | Self::Wrong(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for WireError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Frame(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Self::Silent(SWARM_SILENCE),
            ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

impl From<FrameError> for WireError {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

/// A frame, and when its first bytes came.
pub struct Arrival<'a> {
    pub frame: Frame<'a>,
    pub began_at: Instant,
}

pub struct Wire {
    socket: Arc<TcpStream>,
    peer: SocketAddr,
    /// What was read; the frame that was last given out lies at its beginning.
    buffer: Vec<u8>,
    filled: usize,
    /// Bytes of the frame that was last given out.
    given: usize,
    began_at: Instant,
    /// For all that is read until it is lifted, however the bytes drip in.
    deadline: Option<Instant>,
}

impl Wire {
    /// # Errors
    /// When the socket does not take its options.
    pub fn new(socket: Arc<TcpStream>, peer: SocketAddr, unread: &[u8]) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(SWARM_SILENCE))?;
        socket.set_write_timeout(Some(SWARM_SILENCE))?;
        let mut buffer = unread.to_vec();
        buffer.resize(unread.len().max(SWARM_READ_BYTES), 0);
        Ok(Self {
            socket,
            peer,
            buffer,
            filled: unread.len(),
            given: 0,
            began_at: Instant::now(),
            deadline: None,
        })
    }

    /// The other side's address; an IPv4 one is an IPv4 one, also on a socket that takes both.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        SocketAddr::new(self.peer.ip().to_canonical(), self.peer.port())
    }

    #[must_use]
    pub fn socket(&self) -> &Arc<TcpStream> {
        &self.socket
    }

    /// All that is read from now on has to be there within `time`.
    pub fn set_deadline(&mut self, time: Duration) {
        self.deadline = Some(Instant::now() + time);
    }

    /// From now on only silence ends the connection.
    ///
    /// # Errors
    /// When the socket does not take it.
    pub fn lift_deadline(&mut self) -> io::Result<()> {
        self.deadline = None;
        self.socket.set_read_timeout(Some(SWARM_SILENCE))
    }

    /// The next frame: its kind and its body, of at most `max` bytes.
    ///
    /// # Errors
    /// When the connection is over, or the length of the frame over the limit.
    pub fn read(&mut self, max: u32) -> Result<&[u8], WireError> {
        const LENGTH_BYTES: usize = 4;
        self.buffer.copy_within(self.given..self.filled, 0);
        self.filled -= self.given;
        self.given = 0;
        let waited = self.filled == 0;
        self.fill(LENGTH_BYTES, waited)?;
        if !waited {
            self.began_at = Instant::now();
        }
        let head = self.buffer[..LENGTH_BYTES].try_into();
        let length = frame::frame_length(head.expect("bug: four bytes"), max)?;
        self.fill(LENGTH_BYTES + length, false)?;
        self.given = LENGTH_BYTES + length;
        Ok(&self.buffer[LENGTH_BYTES..self.given])
    }

    /// Reads until `wanted` bytes are there, and the length of the next frame if it comes along.
    fn fill(&mut self, wanted: usize, mut note_begin: bool) -> Result<(), WireError> {
        let room = wanted + frame::HEAD_BYTES;
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        while self.filled < wanted {
            let free = if wanted <= SWARM_READ_BYTES {
                SWARM_READ_BYTES.max(room)
            } else {
                room
            };
            if let Some(deadline) = self.deadline {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(WireError::Silent(SWARM_HANDSHAKE_DEADLINE));
                }
                self.socket.set_read_timeout(Some(left))?;
            }
            match (&*self.socket).read(&mut self.buffer[self.filled..free]) {
                Ok(0) if self.filled == 0 => return Err(WireError::Closed),
                Ok(0) => return Err(WireError::Io(ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(match (WireError::from(error), self.deadline) {
                        (WireError::Silent(_), Some(_)) => {
                            WireError::Silent(SWARM_HANDSHAKE_DEADLINE)
                        }
                        (error, _) => error,
                    });
                }
            }
            if std::mem::take(&mut note_begin) {
                self.began_at = Instant::now();
            }
        }
        Ok(())
    }

    /// The next frame, decoded; a REFUSE is the error that it is.
    ///
    /// # Errors
    /// As `read`, and when it is no frame.
    pub fn read_frame(&mut self, max: u32) -> Result<Frame<'_>, WireError> {
        match frame::decode(self.read(max)?)? {
            Frame::Refuse(refusal) => Err(WireError::Refused(refusal)),
            frame => Ok(frame),
        }
    }

    /// As `read_frame`, and when its first bytes came.
    ///
    /// # Errors
    /// The same.
    pub fn read_with_times(&mut self, max: u32) -> Result<Arrival<'_>, WireError> {
        self.read(max)?;
        let bytes = &self.buffer[4..self.given];
        match frame::decode(bytes)? {
            Frame::Refuse(refusal) => Err(WireError::Refused(refusal)),
            frame => Ok(Arrival {
                frame,
                began_at: self.began_at,
            }),
        }
    }

    /// # Errors
    /// When it does not go out whole before the deadline.
    pub fn write(&self, bytes: &[u8]) -> Result<(), WireError> {
        (&*self.socket).write_all(bytes)?;
        Ok(())
    }

    /// # Errors
    /// When it does not go out whole before the deadline.
    pub fn write_frame(&self, frame: &Frame) -> Result<(), WireError> {
        let mut bytes = Vec::new();
        frame::encode(frame, &mut bytes);
        self.write(&bytes)
    }

    /// Says why, and lets it arrive: a socket that is closed with unread bytes is reset, and the words lost.
    pub fn refuse(mut self, refusal: Refusal) {
        if self.write_frame(&Frame::Refuse(refusal)).is_ok() {
            self.drain();
        }
    }

    /// Ends the connection once the other side has had its last answer.
    pub fn drain(&mut self) {
        const PATIENCE: Duration = Duration::from_millis(500);
        let _gone = self.socket.shutdown(Shutdown::Write);
        let _as_it_is = self.socket.set_read_timeout(Some(PATIENCE));
        let until = Instant::now() + PATIENCE;
        let mut unwanted = [0; 1024];
        while matches!((&*self.socket).read(&mut unwanted), Ok(count) if count > 0)
            && Instant::now() < until
        {}
    }
}
