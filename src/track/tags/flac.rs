//! FLAC: metadata blocks, then frames. The first block states how many samples there are, or 0 when the encoder wrote
//! into a pipe; the header of the last frame knows it better.

use super::found::Found;
use super::mpeg::read_id3;
use super::source::Source;
use super::{comments, id3};
use crate::limits::{COVER_BYTES_MAX, FLAC_FRAME_BYTES_MAX, PICTURE_WORDS_BYTES_MAX};
use std::ops::Range;

/// Fills `found`, and gives the length in seconds.
pub(super) fn read(source: &mut Source, found: &mut Found) -> Option<f64> {
    let mut at = read_id3(source, 0, found) + 4;
    let mut info = None;
    while let Some([kind, a, b, c]) = source.exactly(at) {
        let size = u64::from(u32::from_be_bytes([0, a, b, c]));
        at += 4;
        match kind & 0x7f {
            0 => info = source.exactly(at).and_then(|block| Info::parse(&block)),
            4 => comments::parse_comments(&source.read(at, size), found),
            6 if size <= (COVER_BYTES_MAX + PICTURE_WORDS_BYTES_MAX) as u64 => {
                comments::parse_picture(&source.read(at, size), found);
            }
            _ => {}
        }
        at += size;
        if kind & 0x80 != 0 {
            break;
        }
    }
    let info = info?;
    let tail_at = source.bytes().saturating_sub(FLAC_FRAME_BYTES_MAX).max(at);
    let mut tail = source.read(tail_at, FLAC_FRAME_BYTES_MAX);
    if tail.len() > id3::V1_BYTES && tail[tail.len() - id3::V1_BYTES..].starts_with(b"TAG") {
        tail.truncate(tail.len() - id3::V1_BYTES);
    }
    Some(info.seconds(info.samples_with(&tail)))
}

/// The block that every file begins with.
pub(super) struct Info {
    block_samples_max: u64,
    hertz: u32,
    channels: u8,
    /// 0: unknown.
    samples: u64,
}

impl Info {
    pub fn parse(block: &[u8; 34]) -> Option<Self> {
        let number = |range: Range<usize>| {
            block[range]
                .iter()
                .fold(0, |sum: u64, &byte| sum << 8 | u64::from(byte))
        };
        // 20 bits of rate, 3 of channels less one, 5 of depth less one, 36 of samples.
        let hertz = u32::try_from(number(10..13) >> 4).ok()?;
        (hertz > 0).then_some(Self {
            block_samples_max: number(2..4),
            hertz,
            channels: (block[12] >> 1 & 7) + 1,
            samples: number(13..18) & 0xf_ffff_ffff,
        })
    }

    pub fn seconds(&self, samples: u64) -> f64 {
        samples as f64 / f64::from(self.hertz)
    }

    /// How many samples there are in a file with this end.
    fn samples_with(&self, tail: &[u8]) -> u64 {
        let mut frames = (0..tail.len())
            .rev()
            .filter_map(|at| self.frame(&tail[at..]));
        let last = frames.next();
        match (self.samples, last) {
            (0, last) => last.map_or(0, |frame| frame.end),
            (stated, None) => stated,
            (stated, Some(last)) => {
                let is_whole = last.end == stated || frames.any(|frame| frame.end == stated);
                // Otherwise the file ends within its last frame.
                if is_whole { stated } else { last.start }
            }
        }
    }

    /// The samples of the frame that begins here.
    fn frame(&self, bytes: &[u8]) -> Option<Range<u64>> {
        let (&[0xff, sync, sizes, channels], rest) = bytes.split_first_chunk()? else {
            return None;
        };
        let channel_count = match channels >> 4 {
            count @ 0..=7 => count + 1,
            8..=10 => 2,
            _ => return None,
        };
        if sync & 0xfe != 0xf8 || channel_count != self.channels || channels & 1 != 0 {
            return None;
        }
        let (number, number_bytes) = coded_number(rest)?;
        let rest = rest.get(number_bytes..)?;
        let (samples, samples_bytes) = match sizes >> 4 {
            1 => (192, 0),
            code @ 2..=5 => (576 << (code - 2), 0),
            6 => (u64::from(*rest.first()?) + 1, 1),
            7 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)) + 1, 2),
            code @ 8..=15 => (256 << (code - 8), 0),
            _ => return None,
        };
        let rate_bytes = match sizes & 15 {
            12 => 1,
            13 | 14 => 2,
            15 => return None,
            _ => 0,
        };
        let head_bytes = 4 + number_bytes + samples_bytes + rate_bytes;
        if checksum(bytes.get(..head_bytes)?) != *bytes.get(head_bytes)? {
            return None;
        }
        // Frames are counted, or samples when frames are not all of the same length.
        let first = match sync & 1 {
            0 => number * self.block_samples_max,
            _ => number,
        };
        Some(first..first + samples)
    }
}

/// A number in the manner of UTF-8, but of up to 36 bits, and how many bytes it has.
fn coded_number(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let count = match first.leading_ones() {
        0 => 1,
        ones @ 2..=7 => ones as usize,
        _ => return None,
    };
    let own_bits = if count == 1 { 0x7f } else { 0x7f_u8 >> count };
    let mut number = u64::from(first & own_bits);
    for &byte in bytes.get(1..count)? {
        if byte & 0xc0 != 0x80 {
            return None;
        }
        number = number << 6 | u64::from(byte & 0x3f);
    }
    Some((number, count))
}

/// CRC-8 with the polynomial 7.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, &byte| {
        (0..8).fold(sum ^ byte, |sum: u8, _| {
            let carry = sum & 0x80 != 0;
            sum << 1 ^ if carry { 7 } else { 0 }
        })
    })
}
