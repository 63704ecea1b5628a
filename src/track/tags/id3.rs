//! ID3: version 1 in the last 128 bytes of a file, versions 2.2 to 2.4 at its start or in a chunk.
//!
//! Compressed and encrypted frames are left out; nobody writes them.

use super::found::{Field, Found};
use std::borrow::Cow;

/// Bytes of a version 1 tag.
pub(super) const V1_BYTES: usize = 128;

const FRONT_COVER: u8 = 3;

/// `false` when it is none.
pub(super) fn parse_v1(tag: &[u8; V1_BYTES], found: &mut Found) -> bool {
    if !tag.starts_with(b"TAG") {
        return false;
    }
    for (field, at) in [(Field::Title, 3), (Field::Artist, 33), (Field::Album, 63)] {
        let text = tag[at..at + 30].split(|&byte| byte == 0).next();
        found.text(field, &guess_text(text.unwrap_or_default()));
    }
    true
}

/// A version 2 tag with its header; it may be cut off.
pub(super) fn parse_v2(tag: &[u8], found: &mut Found) {
    let Some((&[b'I', b'D', b'3', version, _, flags, _, _, _, _], body)) = tag.split_first_chunk()
    else {
        return;
    };
    let unsynchronised = flags & 0x80 != 0;
    let mut rest: &[u8] = body;
    let whole;
    if unsynchronised && version < 4 {
        whole = synchronise(body);
        rest = &whole;
    }
    if flags & 0x40 != 0 {
        let Some(after) = after_extended_header(version, rest) else {
            return;
        };
        rest = after;
    }
    while let Some((frame, after)) = Frame::first(version, rest) {
        rest = after;
        if let Some(content) = frame.content(version, unsynchronised) {
            read_frame(frame.name, &content, found);
        }
    }
}

/// In version 2.2 its flag means compression of a kind that was never defined.
fn after_extended_header(version: u8, body: &[u8]) -> Option<&[u8]> {
    let size = body.first_chunk()?;
    match version {
        3 => body.get(
            usize::try_from(u32::from_be_bytes(*size))
                .ok()?
                .checked_add(4)?..,
        ),
        4 => body.get(seven_bits(*size)..),
        _ => None,
    }
}

struct Frame<'a> {
    name: &'a [u8],
    flags: u8,
    body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The first frame and what comes after it; `None` at the padding, or when the frame is cut off.
    fn first(version: u8, bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (name, rest) = bytes.split_at_checked(if version == 2 { 3 } else { 4 })?;
        let is_name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if !name.iter().all(is_name) {
            return None;
        }
        let (count, flags, rest) = match version {
            2 => {
                let (&[a, b, c], rest) = rest.split_first_chunk()?;
                (u32::from_be_bytes([0, a, b, c]) as usize, 0, rest)
            }
            3 | 4 => {
                let (&[a, b, c, d, _, flags], rest) = rest.split_first_chunk()?;
                let size = [a, b, c, d];
                // Some programs forgot that version 2.4 counts with seven bits a byte.
                let is_seven_bits = version == 4 && size.iter().all(|&byte| byte < 0x80);
                let count = match is_seven_bits {
                    true => seven_bits(size),
                    false => u32::from_be_bytes(size) as usize,
                };
                (count, flags, rest)
            }
            _ => return None,
        };
        let (body, rest) = rest.split_at_checked(count)?;
        Some((Self { name, flags, body }, rest))
    }

    fn content(&self, version: u8, tag_unsynchronised: bool) -> Option<Cow<'a, [u8]>> {
        let has = |flag: u8| self.flags & flag != 0;
        let (left_out, extra_bytes, unsynchronised) = match version {
            3 => (has(0xc0), usize::from(has(0x20)), false),
            4 => (
                has(0x0c),
                usize::from(has(0x40)) + if has(0x01) { 4 } else { 0 },
                tag_unsynchronised || has(0x02),
            ),
            _ => (false, 0, false),
        };
        let content = self.body.get(extra_bytes..).filter(|_| !left_out)?;
        Some(match unsynchronised {
            true => synchronise(content).into(),
            false => content.into(),
        })
    }
}

fn read_frame(name: &[u8], content: &[u8], found: &mut Found) {
    let field = match name {
        b"TIT2" | b"TT2" => Field::Title,
        b"TPE1" | b"TP1" => Field::Artist,
        b"TALB" | b"TAL" => Field::Album,
        b"APIC" | b"PIC" => {
            if let Some((is_front, picture)) = picture(name, content) {
                found.picture(is_front, picture);
            }
            return;
        }
        _ => return,
    };
    if let Some((&encoding, text)) = content.split_first() {
        found.text(field, &decode(encoding, text));
    }
}

/// Whether it is the front cover, and its bytes.
fn picture<'a>(name: &[u8], content: &'a [u8]) -> Option<(bool, &'a [u8])> {
    let (&encoding, rest) = content.split_first()?;
    let rest = match name {
        b"PIC" => rest.get(3..)?,
        _ => after_zero(rest, 1)?,
    };
    let (&role, rest) = rest.split_first()?;
    let picture = after_zero(rest, if matches!(encoding, 1 | 2) { 2 } else { 1 })?;
    Some((role == FRONT_COVER, picture))
}

/// What comes after a text that ends with a zero of `width` bytes.
fn after_zero(bytes: &[u8], width: usize) -> Option<&[u8]> {
    let mut characters = bytes.chunks_exact(width);
    let zero = characters.position(|character| character.iter().all(|&byte| byte == 0))?;
    bytes.get((zero + 1) * width..)
}

fn decode(encoding: u8, text: &[u8]) -> String {
    match (encoding, text) {
        (0, _) => latin_1(text),
        (1, [0xff, 0xfe, text @ ..]) => utf_16(text, u16::from_le_bytes),
        (1, [0xfe, 0xff, text @ ..]) | (2, text) => utf_16(text, u16::from_be_bytes),
        (1, text) => utf_16(text, u16::from_le_bytes),
        _ => String::from_utf8_lossy(text).into_owned(),
    }
}

fn utf_16(text: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = text
        .chunks_exact(2)
        .map(|pair| unit([pair[0], pair[1]]))
        .filter(|&unit| unit != 0xfeff); // Each value of a list may begin with one.
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn latin_1(text: &[u8]) -> String {
    text.iter().map(|&byte| char::from(byte)).collect()
}

/// Text of an encoding that is stated nowhere.
pub(super) fn guess_text(text: &[u8]) -> String {
    String::from_utf8(text.to_vec()).unwrap_or_else(|_| latin_1(text))
}

/// Takes away the zeros that were put after 0xff, lest a tag looks like sound.
fn synchronise(bytes: &[u8]) -> Vec<u8> {
    let mut after_ff = false;
    let mut clean = bytes.to_vec();
    clean.retain(|&byte| {
        let is_added = after_ff && byte == 0;
        after_ff = byte == 0xff;
        !is_added
    });
    clean
}

fn seven_bits(size: [u8; 4]) -> usize {
    size.iter()
        .fold(0, |sum, &byte| sum << 7 | usize::from(byte & 0x7f))
}
