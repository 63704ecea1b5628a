//! Counts the frames of a WebSocket as their bytes come in, before anybody has read them. Pure.
//!
//! tungstenite gives messages and says nothing of what they came in: a message of a million empty pieces, or a ping that
//! answers itself, would never come up. What is no frame at all is tungstenite's to find; here it only has to be counted
//! without harm.

/// The longest head: two bytes, eight of length, four of mask.
const HEAD_BYTES_MAX: usize = 14;

/// Where in the frames of one client the reading is.
#[derive(Debug, Default)]
pub struct FrameWatch {
    head: [u8; HEAD_BYTES_MAX],
    head_bytes: usize,
    payload_left: u64,
    /// Frames so far of the message that is being read.
    fragments: u32,
    /// The last frame of a message has not begun yet.
    more_to_come: bool,
    /// How often everything that had begun was whole.
    rests: u64,
}

impl FrameWatch {
    /// Looks at the next bytes; how many frames began in them that are no message of their own: pings, pongs, closes, and
    /// further pieces of a message.
    pub fn see(&mut self, mut bytes: &[u8]) -> u32 {
        let mut extra = 0_u32;
        while let Some((&first, rest)) = bytes.split_first() {
            if self.payload_left > 0 {
                let here = usize::try_from(self.payload_left).unwrap_or(usize::MAX);
                let here = here.min(bytes.len());
                self.payload_left -= here as u64;
                bytes = &bytes[here..];
                self.rests += u64::from(!self.is_inside());
                continue;
            }
            bytes = rest;
            self.head[self.head_bytes] = first;
            self.head_bytes += 1;
            if self.head_bytes == self.head_length() {
                extra += u32::from(self.begin_frame());
                self.head_bytes = 0;
                self.rests += u64::from(!self.is_inside());
            }
        }
        extra
    }

    /// Frames so far of the message that is being read, or of the last one.
    #[must_use]
    pub fn fragments(&self) -> u32 {
        self.fragments
    }

    /// How often everything that had begun was whole: what is inside now is something else when this has changed.
    #[must_use]
    pub fn rests(&self) -> u64 {
        self.rests
    }

    /// Whether something has begun and is not whole.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.head_bytes > 0 || self.payload_left > 0 || self.more_to_come
    }

    fn head_length(&self) -> usize {
        if self.head_bytes < 2 {
            return HEAD_BYTES_MAX;
        }
        let mask = if self.head[1] & 0x80 == 0 { 0 } else { 4 };
        match self.head[1] & 0x7f {
            126 => 4 + mask,
            127 => 10 + mask,
            _ => 2 + mask,
        }
    }

    /// Its head is whole. Whether the frame is no message of its own.
    fn begin_frame(&mut self) -> bool {
        const FINAL: u8 = 0x80;
        const OPCODE_BITS: u8 = 0x0f;
        const CONTINUATION: u8 = 0;
        const FIRST_CONTROL: u8 = 8;
        let number = |from: usize, bytes: usize| {
            let digits = &self.head[from..from + bytes];
            digits
                .iter()
                .fold(0, |number, &byte| number << 8 | u64::from(byte))
        };
        self.payload_left = match self.head[1] & 0x7f {
            126 => number(2, 2),
            127 => number(2, 8),
            short => u64::from(short),
        };
        let opcode = self.head[0] & OPCODE_BITS;
        if opcode >= FIRST_CONTROL {
            return true;
        }
        self.more_to_come = self.head[0] & FINAL == 0;
        self.fragments = match opcode {
            CONTINUATION => self.fragments.saturating_add(1),
            _ => 1,
        };
        opcode == CONTINUATION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload_bytes: usize, masked: bool) -> Vec<u8> {
        let mut bytes = vec![first];
        let mask = if masked { 0x80 } else { 0 };
        match payload_bytes {
            0..126 => bytes.push(mask | payload_bytes as u8),
            126..65_536 => {
                bytes.push(mask | 126);
                bytes.extend((payload_bytes as u16).to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend((payload_bytes as u64).to_be_bytes());
            }
        }
        bytes.extend([0x55; 4].iter().take(if masked { 4 } else { 0 }));
        bytes.resize(bytes.len() + payload_bytes, 0x81);
        bytes
    }

    #[test]
    fn frames_are_counted_alike_however_their_bytes_are_cut() {
        let (text, ping) = (0x81, 0x89);
        let (begin, more, last) = (0x01, 0x00, 0x80);
        let frames = [
            (text, 0),
            (text, 125),
            (ping, 5),
            (begin, 126),
            (more, 0),
            (ping, 125),
            (more, 65_535),
            (last, 65_536),
            (text, 70_000),
        ];
        for masked in [true, false] {
            let all = frames
                .map(|(first, length)| frame(first, length, masked))
                .concat();
            for step in [1, 2, 3, 7, 1024, all.len()] {
                let mut watch = FrameWatch::default();
                let pieces = all.chunks(step).map(|bytes| watch.see(bytes));
                assert_eq!(pieces.sum::<u32>(), 5, "{step}");
                assert!(!watch.is_inside());
                assert_eq!(watch.fragments(), 1);
                assert_eq!(watch.rests(), 5);
            }
        }
    }

    #[test]
    fn a_message_is_open_until_its_last_byte_and_pings_between_its_pieces_do_not_count_as_such() {
        let mut watch = FrameWatch::default();
        assert_eq!(watch.see(&frame(0x01, 3, true)), 0);
        assert!(watch.is_inside());
        for number in 1..=1000 {
            assert_eq!(watch.see(&frame(0x00, 0, true)), 1);
            assert_eq!(watch.see(&frame(0x89, 0, true)), 1);
            assert_eq!(watch.fragments(), 1 + number);
        }
        let last = frame(0x80, 2, true);
        watch.see(&last[..last.len() - 1]);
        assert!(watch.is_inside());
        watch.see(&last[last.len() - 1..]);
        assert!(!watch.is_inside());
        watch.see(&[0x81]);
        assert!(watch.is_inside());
    }

    #[test]
    fn lengths_up_to_the_largest_are_taken_as_they_are() {
        let mut watch = FrameWatch::default();
        watch.see(&[0x82, 0xff]);
        watch.see(&[0xff; 8]);
        watch.see(&[0; 4]);
        watch.see(&[7; 5000]);
        assert!(watch.is_inside());
    }
}
