//! The frames of a member as they are counted before anybody reads them: for them it pays, so none may be missed.

use super::websocket::Socket;
use jam::limits::ROOM_MESSAGE_BYTES_MAX;
use jam::server::frame_watch::FrameWatch;
use jam::server::websocket::config;
use tungstenite::protocol::Role;
use tungstenite::{Error, Message, WebSocket};

/// The first byte tells in pieces of how many bytes the others arrive.
pub fn run(bytes: &[u8]) {
    let Some((&piece, bytes)) = bytes.split_first() else {
        return;
    };
    let whole = seen(bytes, bytes.len().max(1));
    let in_pieces = seen(bytes, usize::from(piece).max(1));
    assert_eq!(whole, in_pieces, "in pieces of {piece}");
    assert!(whole.extra as usize <= bytes.len() / 2, "{whole:?}");
    assert!(whole.rests <= bytes.len() as u64 / 2, "{whole:?}");
    assert_eq!(plainly(bytes), whole);
    assert_agrees(&whole, bytes);
}

/// What is known when all is seen.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    extra: u32,
    fragments: u32,
    rests: u64,
    inside: bool,
}

fn seen(bytes: &[u8], piece: usize) -> Seen {
    let mut watch = FrameWatch::default();
    let extra = bytes.chunks(piece).map(|bytes| watch.see(bytes)).sum();
    Seen {
        extra,
        fragments: watch.fragments(),
        rests: watch.rests(),
        inside: watch.is_inside(),
    }
}

/// The same from all bytes at once, with nothing to remember.
fn plainly(mut bytes: &[u8]) -> Seen {
    let mut seen = Seen::default();
    let mut open = false;
    while let Some((first, head, payload)) = head(bytes) {
        let control = first & 0x08 != 0;
        if !control {
            open = first & 0x80 == 0;
            seen.fragments = match first & 0x0f {
                0 => seen.fragments + 1,
                _ => 1,
            };
        }
        seen.extra += u32::from(control || first & 0x0f == 0);
        let end = usize::try_from(payload)
            .ok()
            .and_then(|payload| payload.checked_add(head));
        let Some(rest) = end.and_then(|end| bytes.get(end..)) else {
            return Seen {
                inside: true,
                ..seen
            };
        };
        seen.rests += u64::from(!open);
        bytes = rest;
    }
    seen.inside = open || !bytes.is_empty();
    seen
}

/// The first byte of a frame, the bytes of its head, and those of its payload; `None` while the head is not whole.
fn head(bytes: &[u8]) -> Option<(u8, usize, u64)> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    let (length_bytes, payload) = match second & 0x7f {
        126 => (2, u64::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (8, u64::from_be_bytes(*rest.first_chunk()?)),
        short => (0, u64::from(short)),
    };
    let head_bytes = 2 + length_bytes + if second & 0x80 == 0 { 0 } else { 4 };
    (bytes.len() >= head_bytes).then_some((first, head_bytes, payload))
}

/// Whatever tungstenite made a message of was counted.
fn assert_agrees(seen: &Seen, bytes: &[u8]) {
    let config = config(ROOM_MESSAGE_BYTES_MAX);
    let socket = Socket::new(bytes, bytes.len());
    let mut socket = WebSocket::from_partially_read(socket, Vec::new(), Role::Server, Some(config));
    let (mut messages, mut control) = (0, 0);
    let end = loop {
        match socket.read() {
            Ok(Message::Text(_) | Message::Binary(_)) => messages += 1,
            Ok(_) => control += 1,
            Err(error) => break error,
        }
    };
    assert!(control <= seen.extra, "{control} of {seen:?}");
    assert!(messages <= seen.rests, "{messages} of {seen:?}");
    // It took all that came, and knows nothing of further frames.
    if matches!(&end, Error::Protocol(error) if error.to_string().contains("without closing")) {
        assert!(seen.rests <= messages + u64::from(control), "{seen:?}");
    }
}
