//! Frames on a connection whose other side may be anybody: each read and write has a deadline, nothing is allocated by
//! a length that somebody claims, and what is no frame is kept for a look.

use crate::limits::CHECK_CLOSE_GRACE;
use crate::swarm::check_frames::{CheckFrame, FRAME_BYTES_MAX};
use crate::swarm::frame::{self, Frame, FrameError};
use crate::sys::timed_socket::TimedSocket;
use crate::text::clean_display_text;
use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

pub struct Wire {
    socket: TimedSocket,
    frame: Vec<u8>,
}

/// What is told of bytes that nobody can read.
pub const NO_TEXT: &str = "bytes that are no text";

#[derive(Debug)]
pub enum WireError {
    TimedOut,
    /// The other side said goodbye, or cut the connection.
    Gone(String),
    /// No frame, and how it begins, fit for a terminal.
    NotAFrame(String),
}

impl Wire {
    #[must_use]
    pub fn new(socket: TimedSocket) -> Self {
        Self {
            socket,
            frame: Vec::new(),
        }
    }

    pub fn wait_at_most(&mut self, step: Duration) {
        self.socket.wait_at_most(step);
    }

    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.socket.bytes_read()
    }

    /// The next frame: its kind and its body.
    ///
    /// # Errors
    /// When none came in time, or what came is none.
    pub fn read(&mut self) -> Result<(u8, &[u8]), WireError> {
        let mut head = [0; 4];
        let mut have = 0;
        while have < head.len() {
            match self.socket.read(&mut head[have..]) {
                Ok(0) if have == 0 => return Err(WireError::Gone("closed".into())),
                Ok(0) => return Err(WireError::NotAFrame(shown(&head[..have]))),
                Ok(count) => have += count,
                Err(error) => return Err(error.into()),
            }
        }
        let length = u32::from_be_bytes(head) as usize;
        if !(1..=FRAME_BYTES_MAX).contains(&length) {
            return Err(self.not_a_frame(&head));
        }
        self.frame.resize(length, 0);
        self.socket.read_exact(&mut self.frame)?;
        let (&kind, body) = self.frame.split_first().expect("bug: at least one byte");
        Ok((kind, body))
    }

    /// The next frame, when it is to be one of those that every connection begins with.
    ///
    /// # Errors
    /// When none came in time, or what came is none; inside, when it is not a frame that this version knows.
    pub fn read_frame(&mut self) -> Result<Result<Frame<'_>, FrameError>, WireError> {
        self.read()?;
        Ok(frame::decode(&self.frame))
    }

    /// # Errors
    /// When the other side takes nothing in time, or is gone.
    pub fn say_frames(&mut self, frames: &[Frame]) -> Result<(), WireError> {
        let mut bytes = Vec::new();
        for frame in frames {
            frame::encode(frame, &mut bytes);
        }
        self.send(&bytes)
    }

    /// # Errors
    /// When the other side takes nothing in time, or is gone.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        Ok(self.socket.write_all(bytes)?)
    }

    /// # Errors
    /// When the other side takes nothing in time, or is gone.
    pub fn say(&mut self, frame: &CheckFrame) -> Result<(), WireError> {
        self.send(&frame.encode())
    }

    /// So that what was said last arrives.
    pub fn close_gently(&mut self) {
        self.socket.close_gently(CHECK_CLOSE_GRACE);
    }

    /// A little more of it, if there is more: a banner, or the first line of an answer.
    fn not_a_frame(&mut self, head: &[u8]) -> WireError {
        const PATIENCE: Duration = Duration::from_millis(100);
        let mut start = head.to_vec();
        let mut more = [0; 76];
        self.socket.wait_at_most(PATIENCE);
        if let Ok(count) = self.socket.read(&mut more) {
            start.extend_from_slice(&more[..count]);
        }
        WireError::NotAFrame(shown(&start))
    }
}

/// The first line, if it is text.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().next().unwrap_or_default();
    let readable = !line.contains(char::REPLACEMENT_CHARACTER) && !line.contains('\0');
    let clean = clean_display_text(line, 60).filter(|_| readable);
    clean.unwrap_or_else(|| NO_TEXT.into())
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::UnexpectedEof => Self::Gone("closed in the middle of a frame".into()),
            _ => Self::Gone(error.to_string()),
        }
    }
}
