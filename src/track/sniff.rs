//! Tells what kind of sound a file holds by its first bytes, never by its name.
//!
//! The facts are those of the formats' own specifications: RIFF, FLAC, ID3v2, MPEG audio and ADTS frame
//! headers, Ogg pages, ISO base media files.

use super::frame::{Coding, frame};
use crate::limits::SNIFF_BYTES;

/// A kind of sound that browsers decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioKind {
    Wav,
    Flac,
    Mp3,
    OggVorbis,
    OggOpus,
    OggFlac,
    Aac,
    Mp4,
}

impl AudioKind {
    pub const ALL: [Self; 8] = [
        Self::Wav,
        Self::Flac,
        Self::Mp3,
        Self::OggVorbis,
        Self::OggOpus,
        Self::OggFlac,
        Self::Aac,
        Self::Mp4,
    ];

    /// The kind with exactly this `Content-Type`.
    #[must_use]
    pub fn of_content_type(text: &str) -> Option<Self> {
        let mut kinds = Self::ALL.into_iter();
        kinds.find(|kind| kind.content_type() == text)
    }

    /// For the `Content-Type` of a response.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Flac => "audio/flac",
            Self::Mp3 => "audio/mpeg",
            Self::OggVorbis => "audio/ogg; codecs=vorbis",
            Self::OggOpus => "audio/ogg; codecs=opus",
            Self::OggFlac => "audio/ogg; codecs=flac",
            Self::Aac => "audio/aac",
            Self::Mp4 => "audio/mp4",
        }
    }
}

/// What can be played, for messages.
pub const KNOWN_KINDS: &str = "WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus, AAC or M4A";

/// What somebody hears who gives something else.
pub const NOT_AUDIO: &str = "this is not audio that a browser plays: it must be WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus, AAC or M4A";

/// The kind of a file that begins with `start`, which should have 64 KiB unless the file is shorter.
/// `None`: no audio that a browser decodes.
#[must_use]
pub fn sniff(start: &[u8]) -> Option<AudioKind> {
    // Tags of any size may stand before MP3, AAC and (against its specification, but often) FLAC.
    let (sound, tagged) = match id3_bytes(start) {
        Some(tag_bytes) => (start.get(tag_bytes..).unwrap_or_default(), true),
        None => (start, false),
    };
    if sound.starts_with(b"fLaC") {
        return Some(AudioKind::Flac);
    }
    if sound.starts_with(b"RIFF") && sound.get(8..12) == Some(b"WAVE") {
        return Some(AudioKind::Wav);
    }
    if sound.starts_with(b"OggS") {
        return sniff_ogg(sound);
    }
    if sound.get(4..8) == Some(b"ftyp") {
        return is_audio_brand(sound.get(8..12)?).then_some(AudioKind::Mp4);
    }
    if tagged && sound.is_empty() && start.len() >= SNIFF_BYTES {
        return Some(AudioKind::Mp3); // A cover larger than what we were given; such tags are MP3's.
    }
    sniff_frames(sound)
}

/// Bytes of the ID3v2 tag at the start, its header included. Its length has 7 bits a byte.
pub(super) fn id3_bytes(start: &[u8]) -> Option<usize> {
    let header = start.get(..10)?;
    if &header[..3] != b"ID3" || header[6..].iter().any(|&byte| byte >= 0x80) {
        return None;
    }
    let body = header[6..]
        .iter()
        .fold(0, |bytes, &byte| bytes << 7 | usize::from(byte));
    let footer = if header[5] & 0x10 == 0 { 0 } else { 10 };
    Some(10 + body + footer)
}

/// The first packet of the first page names the codec; video has its own first pages.
fn sniff_ogg(sound: &[u8]) -> Option<AudioKind> {
    let segments = usize::from(*sound.get(26)?);
    let packet = sound.get(27 + segments..)?;
    [
        (b"OpusHead".as_slice(), AudioKind::OggOpus),
        (b"\x01vorbis", AudioKind::OggVorbis),
        (b"\x7fFLAC", AudioKind::OggFlac),
    ]
    .into_iter()
    .find_map(|(mark, kind)| packet.starts_with(mark).then_some(kind))
}

/// Images (HEIC, AVIF) and QuickTime films use the same container.
fn is_audio_brand(brand: &[u8]) -> bool {
    matches!(
        brand,
        b"M4A "
            | b"M4B "
            | b"M4P "
            | b"mp41"
            | b"mp42"
            | b"isom"
            | b"iso2"
            | b"iso4"
            | b"iso5"
            | b"iso6"
            | b"dash"
            | b"MSNV"
    )
}

/// MP3 and AAC have no header but their frames': believed when one frame is followed by another of its kind.
fn sniff_frames(sound: &[u8]) -> Option<AudioKind> {
    let first = frame(sound)?;
    let kind = match first.coding {
        Coding::Mp3 => AudioKind::Mp3,
        Coding::Aac => AudioKind::Aac,
    };
    match sound.get(first.bytes..).filter(|rest| rest.len() >= 7) {
        Some(rest) => (frame(rest)?.coding == first.coding).then_some(kind),
        None => (sound.len() >= first.bytes).then_some(kind), // A file of a single frame.
    }
}
