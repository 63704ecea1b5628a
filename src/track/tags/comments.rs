//! Vorbis comments, as FLAC, Ogg Vorbis and Ogg Opus have them, and FLAC's picture block.

use super::found::{Field, Found};
use crate::limits::COVER_BYTES_MAX;

const FRONT_COVER: u32 = 3;

/// The comments after whatever mark a codec puts before them; they may be cut off.
pub(super) fn parse_comments(bytes: &[u8], found: &mut Found) {
    let mut artists = Vec::new();
    let Some((_vendor, rest)) = split_sized(bytes, u32::from_le_bytes) else {
        return;
    };
    // How many there are is said here, and seen when they end.
    let mut rest = rest.get(4..).unwrap_or_default();
    while let Some((comment, after)) = split_sized(rest, u32::from_le_bytes) {
        rest = after;
        let Some(equals) = comment.iter().position(|&byte| byte == b'=') else {
            continue;
        };
        let (key, value) = (
            comment[..equals].to_ascii_uppercase(),
            &comment[equals + 1..],
        );
        match key.as_slice() {
            b"TITLE" => found.text(Field::Title, &String::from_utf8_lossy(value)),
            b"ALBUM" => found.text(Field::Album, &String::from_utf8_lossy(value)),
            b"ARTIST" => artists.push(String::from_utf8_lossy(value)),
            b"METADATA_BLOCK_PICTURE" if value.len() <= COVER_BYTES_MAX * 3 / 2 => {
                parse_picture(&from_base64(value), found);
            }
            _ => {}
        }
    }
    found.text(Field::Artist, &artists.join("\0"));
}

/// A picture block without its header; `None` when it is cut off.
pub(super) fn parse_picture(block: &[u8], found: &mut Found) -> Option<()> {
    let (role, rest) = block.split_first_chunk()?;
    let (_said_type, rest) = split_sized(rest, u32::from_be_bytes)?;
    let (_description, rest) = split_sized(rest, u32::from_be_bytes)?;
    let measures_bytes = 16;
    let (picture, _) = split_sized(rest.get(measures_bytes..)?, u32::from_be_bytes)?;
    found.picture(u32::from_be_bytes(*role) == FRONT_COVER, picture);
    Some(())
}

/// What stands after its length, and what comes after that.
pub(super) fn split_sized(bytes: &[u8], number: fn([u8; 4]) -> u32) -> Option<(&[u8], &[u8])> {
    let (size, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(number(*size)).ok()?)
}

/// Up to the padding or the first character that does not belong there.
fn from_base64(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut bit_count) = (0_u32, 0);
    for six in text.iter().map_while(|&byte| digit(byte)) {
        bits = bits << 6 | u32::from(six);
        bit_count += 6;
        if bit_count >= 8 {
            bit_count -= 8;
            bytes.push((bits >> bit_count & 0xff) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::from_base64;

    #[test]
    fn base64_ends_at_its_padding_or_at_what_does_not_belong_there() {
        assert_eq!(from_base64(b"aGVhcmQ="), b"heard");
        assert_eq!(from_base64(b"aGVhcg=="), b"hear");
        assert_eq!(from_base64(b"aGVh\nrest"), b"hea");
        assert_eq!(from_base64(b"+/+/"), [0xfb, 0xff, 0xbf]);
        assert_eq!(from_base64(b"a"), b"");
    }
}
