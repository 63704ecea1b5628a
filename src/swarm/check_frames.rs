//! What travels on a connection of role 3 behind the handshake: the frames 0x40 to 0x4f. Pure.
//!
//! The dialler leads: it asks for echoes, sends data and has it acknowledged, asks for data, and says at last how it
//! went. The acceptor does one thing after the other. Whoever waits in vain for bytes says with STALLED how many came.

use crate::limits::{CHECK_BYTES_MAX, CHECK_DATA_BYTES, CHECK_ECHO_BYTES_MAX};

pub const ECHO: u8 = 0x40;
pub const ECHOED: u8 = 0x41;
pub const SEND: u8 = 0x42;
pub const DATA: u8 = 0x43;
pub const END: u8 = 0x44;
pub const RECEIVED: u8 = 0x45;
pub const STALLED: u8 = 0x46;
pub const RESULT: u8 = 0x47;

/// Length of what follows the length of the longest frame.
pub const FRAME_BYTES_MAX: usize = 1 + CHECK_DATA_BYTES;

/// One frame, borrowing what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFrame<'a> {
    /// Send this back.
    Echo(&'a [u8]),
    Echoed(&'a [u8]),
    /// Send me so many bytes, as DATA and END.
    Send {
        bytes: u32,
    },
    Data(&'a [u8]),
    /// All DATA has been sent; the checksum is the BLAKE3 hash of it.
    End {
        checksum: [u8; 32],
    },
    /// What came until END.
    Received(Received),
    /// Nothing more came within the deadline, and this is how many bytes of data had come until then.
    Stalled {
        bytes: u32,
    },
    /// How it went, for the acceptor to tell.
    Result(CheckResult),
}

/// What the receiver of data says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    pub bytes: u32,
    /// From the first byte to the last.
    pub micros: u32,
    /// BLAKE3 of what came.
    pub checksum: [u8; 32],
}

/// What the dialler found out. Zeros where it did not get that far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckResult {
    pub ok: bool,
    pub round_trip_micros: u32,
    /// Bytes a second from the dialler to the acceptor.
    pub there_bytes_per_sec: u64,
    /// Bytes a second from the acceptor to the dialler.
    pub back_bytes_per_sec: u64,
}

impl<'a> CheckFrame<'a> {
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match *self {
            Self::Echo(bytes) => frame(ECHO, &[bytes]),
            Self::Echoed(bytes) => frame(ECHOED, &[bytes]),
            Self::Send { bytes } => frame(SEND, &[&bytes.to_be_bytes()]),
            Self::Data(bytes) => frame(DATA, &[bytes]),
            Self::End { checksum } => frame(END, &[&checksum]),
            Self::Received(received) => frame(
                RECEIVED,
                &[
                    &received.bytes.to_be_bytes(),
                    &received.micros.to_be_bytes(),
                    &received.checksum,
                ],
            ),
            Self::Stalled { bytes } => frame(STALLED, &[&bytes.to_be_bytes()]),
            Self::Result(result) => frame(
                RESULT,
                &[
                    &[u8::from(result.ok)],
                    &result.round_trip_micros.to_be_bytes(),
                    &result.there_bytes_per_sec.to_be_bytes(),
                    &result.back_bytes_per_sec.to_be_bytes(),
                ],
            ),
        }
    }

    /// `None` when it is no frame of a check, or over a limit.
    #[must_use]
    pub fn decode(kind: u8, body: &'a [u8]) -> Option<Self> {
        let frame = match kind {
            ECHO | ECHOED if body.len() > CHECK_ECHO_BYTES_MAX => return None,
            ECHO => Self::Echo(body),
            ECHOED => Self::Echoed(body),
            SEND => {
                let bytes = u32::from_be_bytes(body.try_into().ok()?);
                (bytes <= CHECK_BYTES_MAX).then_some(Self::Send { bytes })?
            }
            DATA if body.is_empty() || body.len() > CHECK_DATA_BYTES => return None,
            DATA => Self::Data(body),
            END => Self::End {
                checksum: body.try_into().ok()?,
            },
            RECEIVED => {
                let (bytes, rest) = body.split_first_chunk()?;
                let (micros, checksum) = rest.split_first_chunk()?;
                Self::Received(Received {
                    bytes: u32::from_be_bytes(*bytes),
                    micros: u32::from_be_bytes(*micros),
                    checksum: checksum.try_into().ok()?,
                })
            }
            STALLED => Self::Stalled {
                bytes: u32::from_be_bytes(body.try_into().ok()?),
            },
            RESULT => {
                let (&ok, rest) = body.split_first()?;
                let (round_trip, rest) = rest.split_first_chunk()?;
                let (there, back) = rest.split_first_chunk()?;
                Self::Result(CheckResult {
                    ok: (ok < 2).then_some(ok == 1)?,
                    round_trip_micros: u32::from_be_bytes(*round_trip),
                    there_bytes_per_sec: u64::from_be_bytes(*there),
                    back_bytes_per_sec: u64::from_be_bytes(back.try_into().ok()?),
                })
            }
            _ => return None,
        };
        Some(frame)
    }
}

fn frame(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    let length = u32::try_from(length).expect("bug: frames of a check are short");
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.push(kind);
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<CheckFrame<'static>> {
        vec![
            CheckFrame::Echo(b"hello"),
            CheckFrame::Echoed(b""),
            CheckFrame::Send {
                bytes: CHECK_BYTES_MAX,
            },
            CheckFrame::Data(b"x"),
            CheckFrame::End { checksum: [7; 32] },
            CheckFrame::Received(Received {
                bytes: 1,
                micros: u32::MAX,
                checksum: [8; 32],
            }),
            CheckFrame::Stalled { bytes: 9 },
            CheckFrame::Result(CheckResult {
                ok: true,
                round_trip_micros: 400,
                there_bytes_per_sec: u64::MAX,
                back_bytes_per_sec: 1,
            }),
        ]
    }

    #[test]
    fn what_is_written_is_read_back() {
        for frame in all() {
            let bytes = frame.encode();
            let length = u32::from_be_bytes(bytes[..4].try_into().expect("four"));
            assert_eq!(length as usize, bytes.len() - 4);
            assert_eq!(CheckFrame::decode(bytes[4], &bytes[5..]), Some(frame));
        }
    }

    #[test]
    fn frames_of_a_fixed_length_are_not_read_when_they_are_shorter_or_longer() {
        for frame in all() {
            let bytes = frame.encode();
            let (kind, body) = (bytes[4], &bytes[5..]);
            if matches!(kind, ECHO | ECHOED | DATA) {
                continue;
            }
            for length in 0..body.len() {
                assert_eq!(CheckFrame::decode(kind, &body[..length]), None);
            }
            assert_eq!(CheckFrame::decode(kind, &[body, &[0]].concat()), None);
        }
    }

    #[test]
    fn nothing_over_a_limit_is_read() {
        let long = vec![0; CHECK_DATA_BYTES + 1];
        assert!(CheckFrame::decode(DATA, &long[1..]).is_some());
        assert_eq!(CheckFrame::decode(DATA, &long), None);
        assert_eq!(CheckFrame::decode(DATA, &[]), None);
        let echo = &long[..=CHECK_ECHO_BYTES_MAX];
        assert!(CheckFrame::decode(ECHO, &echo[1..]).is_some());
        assert_eq!(CheckFrame::decode(ECHO, echo), None);
        let bytes = (CHECK_BYTES_MAX + 1).to_be_bytes();
        assert_eq!(CheckFrame::decode(SEND, &bytes), None);
    }

    #[test]
    fn other_kinds_are_no_frames_of_a_check() {
        for kind in (0..=0xff).filter(|kind| !(ECHO..=RESULT).contains(kind)) {
            for length in [0, 4, 21, 32, 40] {
                assert_eq!(CheckFrame::decode(kind, &vec![1; length]), None);
            }
        }
    }
}
