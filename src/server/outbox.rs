//! The one way out to a member's socket: whole WebSocket frames, in order, never waiting.
//!
//! The lock makes frames of the sender, of the room's refusals and of the member's own reader (pong, close
//! reply, clock answer) follow each other and never mix. Nobody waits while holding it.
//!
//! A socket that takes no more makes the member "draining": what was left of the frame is kept, later frames
//! wait in a short queue where a newer list or state replaces an older one, and a short-lived thread writes them
//! with a deadline. Invariant: while `draining`, only that thread writes to the socket. When there is no such thread, the next
//! frame takes along what the socket takes by then.

use super::metrics::Metrics;
use crate::limits::{OUTBOX_BYTES_MAX, OUTBOX_FRAMES_MAX, THREAD_STACK_BYTES, WRITE_STALL};
use crate::room::close::CloseReason;
use crate::room::kind::Kind;
use crate::room::message::ServerMessage;
use crate::sys::threads::Threads;
use socket2::SockRef;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame as WireFrame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

/// An encoded frame, shared by all members it goes to.
#[derive(Debug)]
pub struct Frame {
    bytes: Vec<u8>,
    kind: Kind,
    is_close: bool,
    is_error: bool,
}

impl Frame {
    #[must_use]
    pub fn message(message: &ServerMessage) -> Arc<Self> {
        let wire = WireFrame::message(message.encode(), OpCode::Data(Data::Text), true);
        let frame = Self::from_wire(wire, message.kind(), false);
        let is_error = matches!(message, ServerMessage::Error { .. });
        Arc::new(Self { is_error, ..frame })
    }

    #[must_use]
    pub fn close(reason: CloseReason) -> Arc<Self> {
        let (code, text) = reason.code_and_text();
        let close = CloseFrame {
            code: CloseCode::from(code),
            reason: text.into(),
        };
        Arc::new(Self::from_wire(
            WireFrame::close(Some(close)),
            Kind::Single,
            true,
        ))
    }

    #[must_use]
    pub fn ping() -> Arc<Self> {
        Arc::new(Self::from_wire(
            WireFrame::ping(Vec::new()),
            Kind::Single,
            false,
        ))
    }

    /// A frame that tungstenite encoded: a pong, or the reply to a close.
    fn encoded(bytes: &[u8]) -> Arc<Self> {
        const OPCODE_BITS: u8 = 0x0f;
        const CLOSE: u8 = 8;
        Arc::new(Self {
            bytes: bytes.to_vec(),
            kind: Kind::Single,
            is_close: bytes
                .first()
                .is_some_and(|first| first & OPCODE_BITS == CLOSE),
            is_error: false,
        })
    }

    fn from_wire(wire: WireFrame, kind: Kind, is_close: bool) -> Self {
        let mut bytes = Vec::with_capacity(wire.len());
        wire.format(&mut bytes).expect("a Vec takes everything");
        Self {
            bytes,
            kind,
            is_close,
            is_error: false,
        }
    }
}

pub struct Outbox {
    /// Whose it is, for the log: an address and a member.
    who: String,
    socket: Arc<TcpStream>,
    threads: Threads,
    metrics: Arc<Metrics>,
    outgoing: Mutex<Outgoing>,
}

#[derive(Default)]
struct Outgoing {
    /// What the socket did not take of a frame.
    rest: Vec<u8>,
    waiting: VecDeque<Arc<Frame>>,
    draining: bool,
    /// A close frame is on its way, or the socket is gone: nothing more goes out.
    ended: bool,
    /// The socket was shut.
    cut_off: bool,
}

impl Outbox {
    #[must_use]
    pub fn new(
        who: String,
        socket: Arc<TcpStream>,
        threads: Threads,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        Arc::new(Self {
            who,
            socket,
            threads,
            metrics,
            outgoing: Mutex::default(),
        })
    }

    /// Whose it is, for the log.
    #[must_use]
    pub fn who(&self) -> &str {
        &self.who
    }

    /// Sends the frame, or lets it wait its turn. Never blocks; a member that stays behind is cut off.
    pub fn push(self: &Arc<Self>, frame: &Arc<Frame>) {
        let mut outgoing = self.lock();
        if outgoing.ended {
            return;
        }
        outgoing.ended = frame.is_close;
        self.metrics.messages_sent.add(1);
        self.metrics
            .message_bytes_sent
            .add(frame.bytes.len() as u64);
        if frame.is_error {
            self.metrics.errors_sent.add(1);
        }
        if outgoing.is_behind() {
            if !outgoing.wait_in_line(frame) {
                let (frames, bytes) = (outgoing.waiting.len(), outgoing.waiting_bytes());
                let why = format!("outbox full ({frames} frames, {bytes} bytes)");
                self.cut_off(&mut outgoing, "outbox full", &why);
            } else if !outgoing.draining {
                self.catch_up(&mut outgoing);
            }
            return;
        }
        match self.send_without_waiting(&frame.bytes) {
            Ok(sent) if sent == frame.bytes.len() => self.after_close(frame.is_close),
            Ok(sent) => {
                outgoing.rest = frame.bytes[sent..].to_vec();
                self.start_draining(&mut outgoing);
            }
            Err(error) => self.cut_off(&mut outgoing, CONNECTION_LOST, &error.to_string()),
        }
    }

    /// Sends a close frame as the last thing.
    pub fn close(self: &Arc<Self>, reason: CloseReason) {
        self.push(&Frame::close(reason));
    }

    /// What tungstenite's reading side wants to write, as a `Write` that takes everything.
    pub fn push_encoded(self: &Arc<Self>, bytes: &[u8]) {
        self.push(&Frame::encoded(bytes));
    }

    /// Whether a close frame was sent, or the member was cut off.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.lock().ended
    }

    fn send_without_waiting(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match SockRef::from(&*self.socket).send_with_flags(bytes, MSG_DONTWAIT) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
                result => return result,
            }
        }
    }

    fn start_draining(self: &Arc<Self>, outgoing: &mut Outgoing) {
        let outbox = Arc::clone(self);
        let spawned = self
            .threads
            .spawn("drain", THREAD_STACK_BYTES, move || outbox.drain());
        outgoing.draining = spawned.is_ok();
        if let Err(error) = spawned {
            log::debug!("{}: no thread to wait for it: {error}", self.who);
        }
    }

    /// There was no thread to wait for the socket: sends what it takes by now.
    fn catch_up(self: &Arc<Self>, outgoing: &mut Outgoing) {
        loop {
            if outgoing.rest.is_empty() {
                match outgoing.waiting.pop_front() {
                    Some(frame) => outgoing.rest.clone_from(&frame.bytes),
                    None => return self.after_close(outgoing.ended),
                }
            }
            match self.send_without_waiting(&outgoing.rest) {
                Ok(sent) if sent == outgoing.rest.len() => outgoing.rest.clear(),
                Ok(sent) => {
                    outgoing.rest.drain(..sent);
                    return self.start_draining(outgoing);
                }
                Err(error) => return self.cut_off(outgoing, CONNECTION_LOST, &error.to_string()),
            }
        }
    }

    /// Writes what waits, with a deadline for each write, until nothing is left.
    fn drain(&self) {
        loop {
            let mut outgoing = self.lock();
            let rest = std::mem::take(&mut outgoing.rest);
            let next = match rest.is_empty() {
                false => None,
                true => match outgoing.waiting.pop_front() {
                    Some(frame) => Some(frame),
                    None => {
                        outgoing.draining = false;
                        self.after_close(outgoing.ended);
                        return;
                    }
                },
            };
            drop(outgoing);
            let bytes = next.as_ref().map_or(rest.as_slice(), |frame| &frame.bytes);
            if let Err(error) = (&*self.socket).write_all(bytes) {
                let (reason, why) = match error.kind() {
                    ErrorKind::WouldBlock => {
                        let sec = WRITE_STALL.as_secs();
                        ("took nothing", format!("took nothing for {sec} s"))
                    }
                    _ => (CONNECTION_LOST, error.to_string()),
                };
                return self.cut_off(&mut self.lock(), reason, &why);
            }
        }
    }

    /// The other side reads the close frame and then the end of the stream.
    fn after_close(&self, closed: bool) {
        if closed {
            let _gone = self.socket.shutdown(Shutdown::Write);
        }
    }

    /// Ends the member without a close frame, which it would not read anyway. Its reader notices.
    fn cut_off(&self, outgoing: &mut Outgoing, reason: &'static str, why: &str) {
        if outgoing.cut_off {
            return; // The drain thread found the socket that was shut the first time.
        }
        self.metrics.cut_off(reason);
        log::info!("{} cut off: {why}", self.who);
        *outgoing = Outgoing {
            ended: true,
            cut_off: true,
            draining: outgoing.draining,
            ..Outgoing::default()
        };
        let _gone = self.socket.shutdown(Shutdown::Both);
    }

    fn lock(&self) -> MutexGuard<'_, Outgoing> {
        // What is inside is whole between any two statements that hold it.
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const CONNECTION_LOST: &str = "connection lost";

impl Outgoing {
    /// Whether something has to go out before the next frame.
    fn is_behind(&self) -> bool {
        self.draining || !self.rest.is_empty() || !self.waiting.is_empty()
    }

    fn waiting_bytes(&self) -> usize {
        self.waiting.iter().map(|frame| frame.bytes.len()).sum()
    }

    /// `false` when the line is full.
    fn wait_in_line(&mut self, frame: &Arc<Frame>) -> bool {
        if frame.kind.replaces_unsent() {
            self.waiting.retain(|waiting| waiting.kind != frame.kind);
        }
        let bytes = self.waiting_bytes() + frame.bytes.len();
        let full = self.waiting.len() >= OUTBOX_FRAMES_MAX || bytes > OUTBOX_BYTES_MAX;
        if full && !frame.is_close {
            return false;
        }
        self.waiting.push_back(Arc::clone(frame));
        true
    }
}

/// The flag's value where jam runs; socket2 passes it on as a number.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MSG_DONTWAIT: i32 = 0x40;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const MSG_DONTWAIT: i32 = 0x80;
