//! Tells what kind of sound a file holds by its first bytes, never by its name.
//!
//! The facts are those of the formats' own specifications: RIFF, FLAC, ID3v2, MPEG audio and ADTS frame
//! headers, Ogg pages, ISO base media files.

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
fn id3_bytes(start: &[u8]) -> Option<usize> {
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
    let (kind, first_bytes) = frame(sound)?;
    match sound.get(first_bytes..).filter(|rest| rest.len() >= 7) {
        Some(rest) => (frame(rest)?.0 == kind).then_some(kind),
        None => (sound.len() >= first_bytes).then_some(kind), // A file of a single frame.
    }
}

/// The frame that begins here, and its length in bytes.
fn frame(bytes: &[u8]) -> Option<(AudioKind, usize)> {
    let header: &[u8; 7] = bytes.get(..7)?.try_into().ok()?;
    if header[0] != 0xff || header[1] & 0xe0 != 0xe0 {
        return None;
    }
    // The layer's bits: 00 is ADTS, 01 is layer III.
    match (header[1] >> 1) & 3 {
        0 if header[1] & 0xf0 == 0xf0 => adts_bytes(header).map(|bytes| (AudioKind::Aac, bytes)),
        1 => mp3_bytes(header).map(|bytes| (AudioKind::Mp3, bytes)),
        _ => None,
    }
}

fn adts_bytes(header: &[u8; 7]) -> Option<usize> {
    let rate_index = (header[2] >> 2) & 15;
    let bytes = usize::from(header[3] & 3) << 11
        | usize::from(header[4]) << 3
        | usize::from(header[5] >> 5);
    (rate_index < 13 && bytes > 7).then_some(bytes)
}

fn mp3_bytes(header: &[u8; 7]) -> Option<usize> {
    const KBITS_V1: [usize; 15] = [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    const KBITS_V2: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    const HERTZ_V1: [usize; 3] = [44_100, 48_000, 32_000];
    let kbits_index = usize::from(header[2] >> 4);
    let hertz_index = usize::from((header[2] >> 2) & 3);
    let padding = usize::from((header[2] >> 1) & 1);
    // MPEG 1, 2 and 2.5: each halves the sampling rate, and the later two the samples of a frame.
    let (kbits, hertz_divisor, samples_per_8) = match (header[1] >> 3) & 3 {
        3 => (KBITS_V1, 1, 144),
        2 => (KBITS_V2, 2, 72),
        0 => (KBITS_V2, 4, 72),
        _ => return None,
    };
    let kbits = *kbits.get(kbits_index).filter(|&&kbits| kbits > 0)?;
    let hertz = HERTZ_V1.get(hertz_index)? / hertz_divisor;
    Some(samples_per_8 * kbits * 1000 / hertz + padding)
}
