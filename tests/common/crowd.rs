//! Many members of one room in one thread: they come, listen to all that is said, answer pings, and leave.

use super::server::TestServer;
use socket2::SockRef;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub struct Crowd {
    server: SocketAddr,
    opening: Vec<u8>,
    /// Who came first is first.
    members: VecDeque<Guest>,
    came: usize,
    buffer: Vec<u8>,
}

struct Guest {
    socket: TcpStream,
    unread: Vec<u8>,
    upgraded: bool,
    /// The `offset_sec` of the last STATE.
    heard: Option<u64>,
    has_ended: bool,
}

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

impl Crowd {
    pub fn new(server: &TestServer, room: &str) -> Self {
        let mut opening = format!(
            "GET /ws/{room} HTTP/1.1\r\nHost: jam\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .into_bytes();
        opening.extend(frame(TEXT, br#"{"type":"HELLO","role":"viewer"}"#));
        Self {
            server: server.address,
            opening,
            members: VecDeque::new(),
            came: 0,
            buffer: vec![0; 64 * 1024],
        }
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn come(&mut self, count: usize) {
        for _ in 0..count {
            let mut socket = TcpStream::connect(self.server).expect("the server accepts");
            socket.write_all(&self.opening).expect("sent");
            socket.set_nonblocking(true).expect("no waiting");
            self.came += 1;
            self.members.push_back(Guest {
                socket,
                unread: Vec::new(),
                upgraded: false,
                heard: None,
                has_ended: false,
            });
        }
    }

    /// Those who came first leave: with a close frame, without one, or by a reset.
    pub fn leave(&mut self, count: usize) {
        for number in 0..count.min(self.members.len()) {
            let mut guest = self.members.pop_front().expect("there are some");
            match (self.came + number) % 3 {
                0 => guest.say(CLOSE, &1000u16.to_be_bytes()),
                1 => {}
                _ => {
                    let linger = SockRef::from(&guest.socket).set_linger(Some(Duration::ZERO));
                    linger.expect("an option");
                }
            }
        }
    }

    /// Hears what there is to hear.
    pub fn look(&mut self) {
        for guest in &mut self.members {
            guest.look(&mut self.buffer);
        }
    }

    pub fn say_all(&mut self, text: &str) {
        for guest in &mut self.members {
            guest.say(TEXT, text.as_bytes());
        }
    }

    /// Of the first so many, how many have heard this STATE or a later one.
    pub fn have_heard(&self, offset_sec: u64, first: usize) -> usize {
        let heard = |guest: &&Guest| guest.heard.is_some_and(|heard| heard >= offset_sec);
        self.members.iter().take(first).filter(heard).count()
    }

    /// How many the server has ended, who had not left.
    pub fn lost(&self) -> usize {
        self.members.iter().filter(|guest| guest.has_ended).count()
    }
}

impl Guest {
    fn look(&mut self, buffer: &mut [u8]) {
        loop {
            match self.socket.read(buffer) {
                Ok(0) => self.has_ended = true,
                Ok(count) => {
                    self.unread.extend_from_slice(&buffer[..count]);
                    self.hear();
                    if count == buffer.len() {
                        continue;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.has_ended = true,
            }
            return;
        }
    }

    fn hear(&mut self) {
        if !self.upgraded {
            let end = self
                .unread
                .windows(4)
                .position(|bytes| bytes == b"\r\n\r\n");
            let Some(end) = end else { return };
            assert!(
                self.unread.starts_with(b"HTTP/1.1 101 "),
                "{:?}",
                self.unread
            );
            self.unread.drain(..end + 4);
            self.upgraded = true;
        }
        while let Some((head, length)) = frame_length(&self.unread) {
            let all: Vec<u8> = self.unread.drain(..head + length).collect();
            match all[0] {
                TEXT => self.heard = state(&all[head..]).or(self.heard),
                PING => self.say(PONG, &all[head..]),
                CLOSE => self.has_ended = true,
                _ => {}
            }
        }
    }

    /// Unless the socket is full. A frame is never cut.
    fn say(&mut self, kind: u8, payload: &[u8]) {
        let bytes = frame(kind, payload);
        match self.socket.write(&bytes) {
            Ok(count) if count < bytes.len() => {
                self.socket.set_nonblocking(false).expect("waiting");
                self.has_ended |= self.socket.write_all(&bytes[count..]).is_err();
                self.socket.set_nonblocking(true).expect("no waiting");
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.has_ended = true,
        }
    }
}

/// The `offset_sec` of a STATE.
fn state(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).expect("text");
    if !text.starts_with(r#"{"type":"STATE""#) {
        return None;
    }
    let (_, after) = text.split_once(r#""offset_sec":"#)?;
    let end = after.find(|c: char| !c.is_ascii_digit())?;
    after[..end].parse().ok()
}

/// Bytes of the first frame's head and of its payload, once it is whole.
fn frame_length(bytes: &[u8]) -> Option<(usize, usize)> {
    let (head, length) = match bytes.get(1)? {
        126 => (
            4,
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        ),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            (10, usize::try_from(length).ok()?)
        }
        short => (2, usize::from(*short)),
    };
    (bytes.len() >= head + length).then_some((head, length))
}

/// A client's frame, masked with zeros.
pub fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("short");
    assert!(length < 126, "short");
    let mut bytes = vec![kind, 0x80 | length, 0, 0, 0, 0];
    bytes.extend(payload);
    bytes
}
