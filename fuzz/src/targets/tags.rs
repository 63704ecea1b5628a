//! Files of every kind, as somebody uploads them: titles, pictures and lengths are read without believing them.

use super::assert_clean;
use jam::limits::{COVER_BYTES_MAX, TAG_CHARS_MAX, TRACK_DURATION_SEC_MAX};
use jam::track::sniff::{AudioKind, sniff};
use jam::track::tags::{PictureKind, Tags, read_tags};
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// Bytes that may be read of a file of any length: jumping about in a small one must not take for ever.
const READ_BASE: u64 = 1 << 20;
const READS_PER_BYTE: u64 = 4096;

/// ID3, the header that Xing and LAME write, MP3 and AAC in ADTS.
pub fn mpeg(bytes: &[u8]) {
    read_as(bytes, &[AudioKind::Mp3, AudioKind::Aac]);
}

pub fn mp4(bytes: &[u8]) {
    read_as(bytes, &[AudioKind::Mp4]);
}

pub fn ogg(bytes: &[u8]) {
    read_as(
        bytes,
        &[AudioKind::OggVorbis, AudioKind::OggOpus, AudioKind::OggFlac],
    );
}

pub fn flac(bytes: &[u8]) {
    read_as(bytes, &[AudioKind::Flac]);
}

pub fn wav(bytes: &[u8]) {
    read_as(bytes, &[AudioKind::Wav]);
}

fn read_as(bytes: &[u8], kinds: &[AudioKind]) {
    let _kind = sniff(bytes);
    for &kind in kinds {
        let mut file = Counted {
            file: Cursor::new(bytes),
            read: 0,
        };
        let tags = read_tags(&mut file, kind);
        let allowed = READ_BASE + READS_PER_BYTE * bytes.len() as u64;
        assert!(
            file.read <= allowed,
            "{} bytes of {}",
            file.read,
            bytes.len()
        );
        check(&tags, bytes);
    }
}

fn check(tags: &Tags, bytes: &[u8]) {
    let texts = [&tags.title, &tags.artist, &tags.album];
    for text in texts.into_iter().flatten() {
        assert_clean(text, TAG_CHARS_MAX);
    }
    if let Some(sec) = tags.duration_sec {
        assert!(sec > 0.0 && sec <= TRACK_DURATION_SEC_MAX, "{sec}");
    }
    if let Some(cover) = &tags.cover {
        assert!(cover.bytes.len() <= COVER_BYTES_MAX.min(bytes.len()));
        assert_eq!(PictureKind::of(&cover.bytes), Some(cover.kind));
    }
}

/// A file that counts what is read of it.
struct Counted<'a> {
    file: Cursor<&'a [u8]>,
    read: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read += count as u64;
        Ok(count)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
