//! A frame of the swarm, as it lies behind its length.

use super::assert_one_line;
use jam::limits::{SWARM_ADDRESSES_MAX, SWARM_NEWS_MAX, SWARM_REFUSAL_BYTES_MAX};
use jam::swarm::bitfield::Bitfield;
use jam::swarm::frame::{Frame, decode, encode, frame_length};

pub fn run(bytes: &[u8]) {
    match decode(bytes) {
        Ok(frame) => {
            check(&frame);
            let mut again = Vec::new();
            encode(&frame, &mut again);
            // There is one way to write a frame: nothing is passed over, and nothing is put right.
            let (length, body) = again.split_first_chunk().expect("a length");
            assert_eq!(frame_length(*length, u32::MAX), Ok(bytes.len()));
            assert_eq!(body, bytes, "{frame:?}");
        }
        Err(error) => assert_one_line(&error.to_string(), 100),
    }
}

fn check(frame: &Frame) {
    match frame {
        Frame::Info(info) => {
            assert!(info.addresses.len() <= SWARM_ADDRESSES_MAX);
            check_bitfield(&info.bitfield);
        }
        Frame::Refuse(refusal) => assert!(refusal.text.len() <= SWARM_REFUSAL_BYTES_MAX),
        Frame::Request(request) => assert!(request.news.len() <= SWARM_NEWS_MAX),
        Frame::Chunk(head, _) => assert!(head.index.is_some()),
        Frame::Empty(head) => assert!(head.news.len() <= SWARM_NEWS_MAX),
        Frame::Manifest(part) => {
            let behind = part.first as usize + part.checksums.len();
            assert!(behind <= part.layout.count() as usize);
        }
        Frame::Peers(addresses) => assert!(addresses.len() <= SWARM_ADDRESSES_MAX),
        _ => {}
    }
}

/// For every number of chunks that it could be about.
fn check_bitfield(bytes: &[u8]) {
    let Ok(bits) = u32::try_from(8 * bytes.len()) else {
        return;
    };
    for count in bits.saturating_sub(9).max(1)..=bits + 1 {
        let Some(field) = Bitfield::from_bytes(count, bytes) else {
            continue;
        };
        assert_eq!(field.to_bytes(), bytes);
        assert!(field.iter_ones().all(|index| index < count));
        assert_eq!(field.iter_ones().count(), field.count_ones() as usize);
    }
}
