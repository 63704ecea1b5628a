//! WAV: chunks with a name and a length. Programs that write into a pipe state a length of 0 or of all ones.

use super::found::{Field, Found};
use super::source::Source;
use super::{comments, id3};
use crate::limits::RIFF_CHUNKS_MAX;

/// Fills `found`, and gives the length in seconds: whole sample frames that are there and that a browser decodes.
pub(super) fn read(source: &mut Source, found: &mut Found) -> Option<f64> {
    let mut format = None;
    let mut sound_bytes = None;
    let mut at = 12;
    for _ in 0..RIFF_CHUNKS_MAX {
        let Some([a, b, c, d, size @ ..]) = source.exactly::<8>(at) else {
            break;
        };
        let body = at + 8;
        let left = source.bytes().saturating_sub(body);
        let size = u64::from(u32::from_le_bytes(size));
        match &[a, b, c, d] {
            b"fmt " => format = source.exactly(body).and_then(Format::parse),
            b"data" if sound_bytes.is_none() => {
                let is_stated = size > 0 && size < u64::from(u32::MAX) && size <= left;
                sound_bytes = Some(if is_stated { size } else { left });
                if !is_stated {
                    break; // What follows is sound, too.
                }
            }
            b"LIST" => {
                let list = source.read(body, size);
                if let Some(list) = list.strip_prefix(b"INFO") {
                    parse_info(list, found);
                }
            }
            b"id3 " | b"ID3 " => id3::parse_v2(&source.read(body, size), found),
            _ => {}
        }
        at = body + size + size % 2;
    }
    let format = format?;
    let frames = sound_bytes? / format.frame_bytes;
    Some(frames as f64 / f64::from(format.hertz))
}

struct Format {
    hertz: u32,
    frame_bytes: u64,
}

impl Format {
    /// From the first 16 bytes of its chunk. The bytes a second and a frame that it states are not needed, and wrong
    /// in some files.
    fn parse(chunk: [u8; 16]) -> Option<Self> {
        let short = |at: usize| u16::from_le_bytes([chunk[at], chunk[at + 1]]);
        // PCM, floats, A-law, mu-law, and one of these with more said about it: what browsers decode.
        let is_linear = matches!(short(0), 1 | 3 | 6 | 7 | 0xfffe);
        let hertz = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
        let frame_bytes = u64::from(short(2)) * u64::from(short(14).div_ceil(8));
        (is_linear && hertz > 0 && frame_bytes > 0).then_some(Self { hertz, frame_bytes })
    }
}

fn parse_info(list: &[u8], found: &mut Found) {
    let mut rest = list;
    while let Some((name, after)) = rest.split_first_chunk::<4>() {
        let Some((text, after)) = comments::split_sized(after, u32::from_le_bytes) else {
            return;
        };
        let field = match name {
            b"INAM" => Some(Field::Title),
            b"IART" => Some(Field::Artist),
            b"IPRD" => Some(Field::Album),
            _ => None,
        };
        if let Some(field) = field {
            found.text(field, &id3::guess_text(text));
        }
        rest = after.get(text.len() % 2..).unwrap_or_default();
    }
}
