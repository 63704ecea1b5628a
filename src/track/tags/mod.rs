//! What a file says about itself: title, artist, album and cover, and how long it sounds.
//!
//! Files come from strangers. Nothing here fails or panics: what cannot be understood is not there. No size that a
//! file states is believed: memory is taken for bytes that exist and up to `TAG_BYTES_MAX`, and reading ends after
//! `TAG_READ_BYTES_MAX`.
//!
//! The length is that of the samples which a browser decodes, because the next track starts where they end. Where
//! decoders differ it is Chromium's, measured with `decodeAudioData`: encoder delay and padding are cut off where
//! the file states them, and of chained Ogg streams only the first counts.

mod comments;
mod flac;
mod found;
mod id3;
mod mp4;
mod mpeg;
mod ogg;
mod riff;
mod source;

pub use found::{Cover, PictureKind, Tags};

use super::frame::Coding;
use super::sniff::AudioKind;
use crate::limits::TRACK_DURATION_SEC_MAX;
use found::Found;
use source::Source;
use std::io::{Read, Seek};

/// The tags of a file of this kind, as `sniff` tells it. Reads from the file's start, wherever it stands, and
/// leaves it standing anywhere.
#[must_use]
pub fn read_tags(file: &mut (impl Read + Seek), kind: AudioKind) -> Tags {
    let mut found = Found::default();
    let mut source = Source::new(file);
    let duration_sec = match kind {
        AudioKind::Wav => riff::read(&mut source, &mut found),
        AudioKind::Flac => flac::read(&mut source, &mut found),
        AudioKind::Mp3 => mpeg::read(&mut source, &mut found, Coding::Mp3),
        AudioKind::Aac => mpeg::read(&mut source, &mut found, Coding::Aac),
        AudioKind::OggVorbis => ogg::read(&mut source, &mut found, ogg::Codec::Vorbis),
        AudioKind::OggOpus => ogg::read(&mut source, &mut found, ogg::Codec::Opus),
        AudioKind::OggFlac => ogg::read(&mut source, &mut found, ogg::Codec::Flac),
        AudioKind::Mp4 => mp4::read(&mut source, &mut found),
    };
    if source.has_failed() {
        // Half a title is another title.
        return Tags::default();
    }
    let is_length = |sec: &f64| *sec > 0.0 && *sec <= TRACK_DURATION_SEC_MAX;
    let mut tags = found.tags();
    // A file that was not read to its end seems shorter than it is.
    tags.duration_sec = duration_sec.filter(|sec| is_length(sec) && !source.is_exhausted());
    tags
}
