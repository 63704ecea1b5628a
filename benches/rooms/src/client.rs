//! One WebSocket of the load: a non-blocking socket and what it is waiting for.

use crate::frame::{self, Kind};
use mio::net::TcpStream;
use nix::errno::Errno;
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{self, ErrorKind, IoSliceMut, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

/// What a client says by itself, shared by all of its kind.
#[derive(Clone)]
pub struct Opening {
    upgrade: Rc<[u8]>,
    hello: Rc<[u8]>,
}

impl Opening {
    /// `hello` is the first message.
    #[must_use]
    pub fn new(address: SocketAddr, room: &str, hello: &str) -> Self {
        let upgrade = format!(
            "GET /ws/{room} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        );
        Self {
            upgrade: upgrade.into_bytes().into(),
            hello: frame::text(hello).into(),
        }
    }
}

/// The key and answer that RFC 6455 has as its example: one pair for everybody costs nothing to check.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// How a client's socket takes what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    Usual,
    /// A receive buffer as small as the kernel allows, and segments as over Ethernet: what is not read soon
    /// fills the server's side, which over loopback would have room for megabytes.
    Tiny,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    Text {
        text: &'a [u8],
        /// When the kernel received the end of it.
        at: SystemTime,
    },
    /// An HTTP answer that is no upgrade.
    Refused { status: u16 },
    /// Nothing more comes from it.
    Ended,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    pub readable: bool,
    pub writable: bool,
    pub closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Upgrading,
    Open,
    Ended,
}

pub struct Client {
    pub socket: TcpStream,
    /// What epoll said of the socket since it was last looked at.
    pub readiness: Readiness,
    stage: Stage,
    opening: Opening,
    /// The beginning of a frame or head that is not whole yet.
    unparsed: Vec<u8>,
    unsent: Vec<u8>,
}

impl Client {
    /// Begins to connect.
    ///
    /// # Errors
    /// When the system gives no socket.
    pub fn dial(address: SocketAddr, opening: Opening, intake: Intake) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        // Thousands of closed sockets would keep their ports for a minute otherwise.
        socket.set_linger(Some(Duration::ZERO))?;
        socket.set_tcp_nodelay(true)?;
        setsockopt(&socket, ReceiveTimestampns, &true)?;
        if intake == Intake::Tiny {
            const ETHERNET_SEGMENT_BYTES: u32 = 1460;
            socket.set_recv_buffer_size(1)?;
            socket.set_tcp_mss(ETHERNET_SEGMENT_BYTES)?;
        }
        match socket.connect(&address.into()) {
            Err(error) if !is_under_way(&error) => return Err(error),
            _ => {}
        }
        Ok(Self {
            socket: TcpStream::from_std(socket.into()),
            readiness: Readiness::default(),
            stage: Stage::Connecting,
            opening,
            unparsed: Vec::new(),
            unsent: Vec::new(),
        })
    }

    /// Does what the socket is ready for.
    pub fn handle(&mut self, inbox: &mut Inbox, tell: &mut impl FnMut(Event)) {
        let ready = std::mem::take(&mut self.readiness);
        if ready.writable {
            self.write(tell);
        }
        if ready.readable {
            self.read(ready.closed, inbox, tell);
        }
    }

    fn write(&mut self, tell: &mut impl FnMut(Event)) {
        if self.stage == Stage::Connecting {
            match SockRef::from(&self.socket).take_error() {
                Ok(None) if self.socket.peer_addr().is_ok() => {
                    self.stage = Stage::Upgrading;
                    let upgrade = Rc::clone(&self.opening.upgrade);
                    self.send(&upgrade);
                }
                Ok(None) => {} // Not connected yet.
                _ => self.end(tell),
            }
        } else if !self.unsent.is_empty() {
            let unsent = std::mem::take(&mut self.unsent);
            self.send(&unsent);
        }
    }

    fn read(&mut self, to_the_end: bool, inbox: &mut Inbox, tell: &mut impl FnMut(Event)) {
        while !matches!(self.stage, Stage::Ended | Stage::Connecting) {
            match inbox.receive(&self.socket) {
                Ok(([], _)) => self.end(tell),
                Ok((bytes, at)) => {
                    let is_short = bytes.len() < INBOX_BYTES;
                    self.take_in(bytes, at, tell);
                    // After a short read there was nothing more, and the next bytes are a new event.
                    if is_short && !to_the_end {
                        return;
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                Err(_) => self.end(tell),
            }
        }
    }

    /// Sends now what the socket takes, and the rest when it takes more.
    pub fn send(&mut self, bytes: &[u8]) {
        let mut sent = 0;
        while self.unsent.is_empty() && sent < bytes.len() {
            match self.socket.write(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A socket that is gone says so when it is read.
                Err(_) => break,
            }
        }
        self.unsent.extend_from_slice(&bytes[sent..]);
    }

    fn take_in(&mut self, bytes: &[u8], at: SystemTime, tell: &mut impl FnMut(Event)) {
        if self.unparsed.is_empty() {
            let used = self.consume(bytes, at, tell);
            self.unparsed.extend_from_slice(&bytes[used..]);
        } else {
            let mut all = std::mem::take(&mut self.unparsed);
            all.extend_from_slice(bytes);
            let used = self.consume(&all, at, tell);
            all.drain(..used);
            self.unparsed = all;
        }
    }

    /// Makes sense of what is whole; how many bytes that was.
    fn consume(&mut self, bytes: &[u8], at: SystemTime, tell: &mut impl FnMut(Event)) -> usize {
        let mut used = 0;
        if self.stage == Stage::Upgrading {
            let Some(head_bytes) = head_bytes(bytes) else {
                return 0;
            };
            let head = &bytes[..head_bytes];
            let status = status_of(head);
            if status != 101 || !contains(head, ACCEPT) {
                tell(Event::Refused { status });
                self.end(tell);
                return bytes.len();
            }
            used = head_bytes;
            self.stage = Stage::Open;
            let hello = Rc::clone(&self.opening.hello);
            self.send(&hello);
        }
        while self.stage == Stage::Open {
            match frame::parse(&bytes[used..]) {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    used += frame.bytes;
                    match frame.kind {
                        Kind::Text => tell(Event::Text {
                            text: frame.payload,
                            at,
                        }),
                        Kind::Ping => self.send(&frame::pong(frame.payload)),
                        Kind::Pong => {}
                        Kind::Close => self.end(tell),
                    }
                }
                Err(_nonsense) => self.end(tell),
            }
        }
        used
    }

    fn end(&mut self, tell: &mut impl FnMut(Event)) {
        self.stage = Stage::Ended;
        // As browsers do at once, so that the server need not wait for it.
        let _gone = self.socket.shutdown(Shutdown::Both);
        tell(Event::Ended);
    }
}

/// Where everybody reads into.
pub struct Inbox {
    bytes: Vec<u8>,
    control: Vec<u8>,
}

const INBOX_BYTES: usize = 64 * 1024;

impl Default for Inbox {
    fn default() -> Self {
        Self {
            bytes: vec![0; INBOX_BYTES],
            control: nix::cmsg_space!(TimeSpec),
        }
    }
}

impl Inbox {
    /// What one read gives, and when the kernel received the last of it.
    fn receive(&mut self, socket: &TcpStream) -> Result<(&[u8], SystemTime), Errno> {
        let mut parts = [IoSliceMut::new(&mut self.bytes)];
        let control = Some(self.control.as_mut_slice());
        let flags = MsgFlags::empty();
        let message = recvmsg::<()>(socket.as_raw_fd(), &mut parts, control, flags)?;
        let count = message.bytes;
        let stamp = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::ScmTimestampns(at) => {
                Some(SystemTime::UNIX_EPOCH + Duration::from(at))
            }
            _ => None,
        });
        Ok((&self.bytes[..count], stamp.unwrap_or_else(SystemTime::now)))
    }
}

fn is_under_way(error: &io::Error) -> bool {
    const EINPROGRESS: i32 = 115;
    error.kind() == ErrorKind::WouldBlock || error.raw_os_error() == Some(EINPROGRESS)
}

/// Up to and with the empty line.
fn head_bytes(bytes: &[u8]) -> Option<usize> {
    const EMPTY_LINE: &[u8] = b"\r\n\r\n";
    let at = bytes
        .windows(EMPTY_LINE.len())
        .position(|window| window == EMPTY_LINE)?;
    Some(at + EMPTY_LINE.len())
}

/// 0 for what is not HTTP.
fn status_of(head: &[u8]) -> u16 {
    let digits = head.get(9..12).unwrap_or_default();
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_found_and_read() {
        let bytes = b"HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nbody";
        assert_eq!(head_bytes(bytes), Some(bytes.len() - 4));
        assert_eq!(head_bytes(&bytes[..20]), None);
        assert_eq!(status_of(bytes), 503);
        assert_eq!(status_of(b"nonsense"), 0);
    }
}
