//! The bytes of a member's WebSocket behind the upgrade, read as the server reads them.

use jam::limits::ROOM_MESSAGE_BYTES_MAX;
use jam::server::websocket::config;
use std::io::{self, Read, Write};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

/// With its head, as a server writes it.
const CONTROL_FRAME_BYTES_MAX: usize = 2 + 125;

/// The first byte tells in pieces of how many bytes the others arrive.
pub fn run(bytes: &[u8]) {
    let Some((&piece, bytes)) = bytes.split_first() else {
        return;
    };
    let socket = Socket::new(bytes, usize::from(piece));
    let config = config(ROOM_MESSAGE_BYTES_MAX);
    let mut socket = WebSocket::from_partially_read(socket, Vec::new(), Role::Server, Some(config));
    let mut left = bytes.len() + 2;
    loop {
        left -= 1; // Each message takes a byte at least, so that this comes to an end.
        match socket.read() {
            Ok(Message::Text(text)) => assert!(text.len() <= ROOM_MESSAGE_BYTES_MAX),
            Ok(Message::Binary(data)) => assert!(data.len() <= ROOM_MESSAGE_BYTES_MAX),
            Ok(Message::Ping(data) | Message::Pong(data)) => assert!(data.len() <= 125),
            Ok(_) => {}
            Err(_) => break,
        }
        assert!(left > 0, "more messages than bytes");
    }
    let _gone = socket.flush();
    // Pongs bring back what came, and no more; a close reply, of which there is one, may say what was wrong.
    let written = socket.get_ref().written;
    assert!(
        written <= bytes.len() + CONTROL_FRAME_BYTES_MAX,
        "{written} for {}",
        bytes.len()
    );
}

/// The other side, which sends what it has and goes.
pub struct Socket<'a> {
    rest: &'a [u8],
    piece: usize,
    written: usize,
}

impl<'a> Socket<'a> {
    /// So many bytes of it come at a time, and one at least.
    pub fn new(rest: &'a [u8], piece: usize) -> Self {
        Self {
            rest,
            piece: piece.max(1),
            written: 0,
        }
    }
}

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.piece.min(self.rest.len()).min(buffer.len());
        let (now, later) = self.rest.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.rest = later;
        Ok(count)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
