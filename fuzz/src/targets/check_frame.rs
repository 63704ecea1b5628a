//! A frame of `jam check`: its kind, and its body.

use jam::swarm::check_frames::{CheckFrame, FRAME_BYTES_MAX};

pub fn run(bytes: &[u8]) {
    let Some((&kind, body)) = bytes.split_first() else {
        return;
    };
    if let Some(frame) = CheckFrame::decode(kind, body) {
        assert!(bytes.len() <= FRAME_BYTES_MAX, "a frame over the limit");
        let again = frame.encode();
        let (length, rest) = again.split_first_chunk().expect("a length");
        assert_eq!(u32::from_be_bytes(*length) as usize, bytes.len());
        assert_eq!(rest, bytes, "{frame:?}");
    }
}
