//! WebSocket frames as a client sees them: what it sends is masked, what it receives is not.

/// What a server may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Close,
    Ping,
    Pong,
}

/// A whole frame at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub kind: Kind,
    pub payload: &'a [u8],
    /// Of the whole frame, its head included.
    pub bytes: usize,
}

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const LENGTH_IN_2_BYTES: u8 = 126;
const LENGTH_IN_8_BYTES: u8 = 127;

/// Any mask does: it only has to be there, and the server has to undo it.
const MASK: [u8; 4] = [0x4a, 0x61, 0x6d, 0x21];

/// The first frame, or `None` while it is not whole.
///
/// # Errors
/// When this is nothing that a room's server sends: compressed, masked, binary, or in fragments.
pub fn parse(bytes: &[u8]) -> Result<Option<Frame<'_>>, &'static str> {
    let &[first, second, ref rest @ ..] = bytes else {
        return Ok(None);
    };
    if first & RESERVED != 0 {
        return Err("a frame with reserved bits: compressed?");
    }
    if second & MASKED != 0 {
        return Err("a masked frame from a server");
    }
    if first & FIN == 0 {
        return Err("a fragmented message");
    }
    let kind = match first & 0x0f {
        1 => Kind::Text,
        8 => Kind::Close,
        9 => Kind::Ping,
        10 => Kind::Pong,
        _ => return Err("a frame that is not text"),
    };
    let length_bytes = match second {
        LENGTH_IN_2_BYTES => 2,
        LENGTH_IN_8_BYTES => 8,
        _ => 0,
    };
    if rest.len() < length_bytes {
        return Ok(None);
    }
    let (length, rest) = rest.split_at(length_bytes);
    let payload_bytes = match length {
        [] => usize::from(second),
        _ => length
            .iter()
            .fold(0, |sum, &byte| (sum << 8) | usize::from(byte)),
    };
    Ok(rest.get(..payload_bytes).map(|payload| Frame {
        kind,
        payload,
        bytes: 2 + length_bytes + payload_bytes,
    }))
}

#[must_use]
pub fn text(payload: &str) -> Vec<u8> {
    masked(1, payload.as_bytes())
}

#[must_use]
pub fn pong(payload: &[u8]) -> Vec<u8> {
    masked(10, payload)
}

fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![FIN | opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length), _) if length < LENGTH_IN_2_BYTES => frame.push(MASKED | length),
        (_, Ok(length)) => {
            frame.push(MASKED | LENGTH_IN_2_BYTES);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | LENGTH_IN_8_BYTES);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(b, m)| b ^ m));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server would have sent: the same without the mask.
    fn unmasked(frame: &[u8], head_bytes: usize) -> Vec<u8> {
        let mut bytes = frame[..head_bytes].to_vec();
        bytes[1] &= !MASKED;
        let payload = &frame[head_bytes + MASK.len()..];
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(b, m)| b ^ m));
        bytes
    }

    #[test]
    fn frames_of_every_length_survive_the_way_there_and_back() {
        for (length, head_bytes) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let payload = "x".repeat(length);
            let bytes = unmasked(&text(&payload), head_bytes);
            let frame = parse(&bytes).expect("valid").expect("whole");
            assert_eq!(frame.kind, Kind::Text);
            assert_eq!(frame.payload, payload.as_bytes());
            assert_eq!(frame.bytes, bytes.len());
        }
    }

    #[test]
    fn a_cut_frame_is_waited_for_at_every_place() {
        let bytes = unmasked(&text(&"x".repeat(300)), 4);
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn the_next_frame_is_left_alone() {
        let bytes = [0x81, 1, b'a', 0x89, 0];
        let frame = parse(&bytes).expect("valid").expect("whole");
        assert_eq!((frame.payload, frame.bytes), (b"a".as_slice(), 3));
        let ping = parse(&bytes[3..]).expect("valid").expect("whole");
        assert_eq!(ping.kind, Kind::Ping);
    }

    #[test]
    fn what_a_room_does_not_send_is_an_error() {
        for head in [[0xc1, 0], [0x81, 0x80], [0x01, 0], [0x82, 0], [0x80, 0]] {
            assert!(parse(&head).is_err(), "{head:x?}");
        }
    }
}
