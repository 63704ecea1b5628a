//! MP3 and AAC in ADTS: frame after frame, with tags before and behind. Nothing states reliably how many frames there
//! are, so they are counted; a file was just hashed anyway.

use super::found::Found;
use super::id3;
use super::source::Source;
use crate::limits::TAG_SCAN_BYTES;
use crate::track::frame::{Coding, Frame, frame};
use crate::track::sniff::id3_bytes;

/// Every MP3 decoder gives sound this many samples late, beyond the delay that the encoder states.
const DECODER_DELAY: u64 = 529;

/// Fills `found`, and gives the length in seconds.
pub(super) fn read(source: &mut Source, found: &mut Found, coding: Coding) -> Option<f64> {
    let sound_at = read_id3(source, 0, found);
    let v1_at = source.bytes().saturating_sub(id3::V1_BYTES as u64);
    let is_tagged = source
        .exactly(v1_at)
        .is_some_and(|tag| id3::parse_v1(&tag, found));
    let mut sound = Sound {
        source,
        end: if is_tagged { v1_at } else { u64::MAX },
        coding,
        hertz: None,
    };
    let (at, first) = sound.find(sound_at)?;
    sound.hertz = Some(first.hertz);
    let info = match coding {
        Coding::Mp3 => Info::parse(sound.source.look(at, first.bytes), &first),
        Coding::Aac => None,
    };
    let counted_from = if info.is_some() {
        at + first.bytes as u64
    } else {
        at
    };
    let (samples, end) = sound.count(counted_from);
    let heard = match info.and_then(|info| info.trim(&first, end - at)) {
        Some(trim) => trim.applied_to(samples),
        None => samples,
    };
    Some(heard as f64 / f64::from(first.hertz))
}

/// Reads the ID3v2 tags that begin at `at`, and gives the place where they end.
pub(super) fn read_id3(source: &mut Source, at: u64, found: &mut Found) -> u64 {
    let mut at = at;
    while let Some(bytes) = id3_bytes(source.look(at, 10)) {
        id3::parse_v2(&source.read(at, bytes as u64), found);
        at += bytes as u64;
    }
    at
}

struct Sound<'a, 'b> {
    source: &'a mut Source<'b>,
    /// Where a tag begins at the end of the file.
    end: u64,
    coding: Coding,
    /// Frames of another rate are no frames of this sound.
    hertz: Option<u32>,
}

impl Sound<'_, '_> {
    /// The frame that begins at `at`, if it is there with its last byte: a part of one is not decoded.
    fn frame_at(&mut self, at: u64) -> Option<Frame> {
        let frame = frame(self.source.look(at, 7))?;
        let is_whole = at + frame.bytes as u64 <= self.end.min(self.source.bytes());
        let is_ours =
            frame.coding == self.coding && self.hertz.is_none_or(|hertz| hertz == frame.hertz);
        (is_whole && is_ours).then_some(frame)
    }

    /// The first frame at `at` or later that is followed by another, or stands at `at`.
    fn find(&mut self, at: u64) -> Option<(u64, Frame)> {
        if let Some(frame) = self.frame_at(at) {
            return Some((at, frame));
        }
        let mut at = at;
        loop {
            let window = self.source.look(at, TAG_SCAN_BYTES);
            let Some(sync) = window.iter().position(|&byte| byte == 0xff) else {
                if window.is_empty() {
                    return None;
                }
                at += window.len() as u64;
                continue;
            };
            at += sync as u64;
            if let Some(frame) = self.frame_at(at)
                && self.frame_at(at + frame.bytes as u64).is_some()
            {
                return Some((at, frame));
            }
            at += 1;
        }
    }

    /// The samples from the frame at `at` on, and where the last frame ends. Chromium goes on after a damaged place
    /// of an MP3, but not of AAC.
    fn count(&mut self, at: u64) -> (u64, u64) {
        let (mut samples, mut at) = (0, at);
        loop {
            while let Some(frame) = self.frame_at(at) {
                samples += u64::from(frame.samples);
                at += frame.bytes as u64;
            }
            match self.coding {
                Coding::Mp3 => match self.find(at) {
                    // The first frame after it is lost, too.
                    Some((next, frame)) => at = next + frame.bytes as u64,
                    None => return (samples, at),
                },
                Coding::Aac => return (samples, at),
            }
        }
    }
}

/// What a first frame without sound says about the others, in the form of Xing or of VBRI.
#[derive(Clone, Copy)]
struct Info {
    frames: Option<u32>,
    bytes: Option<u32>,
    /// Samples that the encoder put before and behind the sound.
    padding: Option<(u16, u16)>,
}

impl Info {
    fn parse(bytes: &[u8], frame: &Frame) -> Option<Self> {
        if bytes.get(36..)?.starts_with(b"VBRI") {
            return Some(Self {
                frames: None,
                bytes: None,
                padding: None,
            });
        }
        let (mark, rest) = bytes.get(frame.info_at..)?.split_first_chunk::<4>()?;
        if mark != b"Xing" && mark != b"Info" {
            return None;
        }
        let (&[_, _, _, flags], mut rest) = rest.split_first_chunk::<4>()?;
        let mut number = |flag: u8| {
            let (number, after) = rest.split_first_chunk::<4>()?;
            (flags & flag != 0).then(|| {
                rest = after;
                u32::from_be_bytes(*number)
            })
        };
        let (frames, bytes) = (number(1), number(2));
        let table_bytes = if flags & 4 != 0 { 100 } else { 0 };
        let quality_bytes = if flags & 8 != 0 { 4 } else { 0 };
        let encoder = rest.get(table_bytes + quality_bytes..).unwrap_or_default();
        let is_trusted = [b"LAME", b"Lavf", b"Lavc"]
            .iter()
            .any(|name| encoder.starts_with(*name));
        // 12 bits each.
        let padding = encoder.get(21..24).filter(|_| is_trusted).map(|three| {
            let [a, b, c] = [three[0], three[1], three[2]].map(u16::from);
            (a << 4 | b >> 4, (b & 15) << 8 | c)
        });
        let is_info = frames.is_some_and(|count| count > 0) || bytes.is_some_and(|count| count > 0);
        is_info.then_some(Self {
            frames,
            bytes,
            padding,
        })
    }

    /// What is not heard, given the length of the sound in bytes with this frame. When that is far from what is
    /// stated, files were joined, and nobody knows where the padding is.
    fn trim(&self, frame: &Frame, sound_bytes: u64) -> Option<Trim> {
        let (before, behind) = self.padding?;
        let is_joined = self.bytes.is_some_and(|bytes| {
            let least = sound_bytes.min(u64::from(bytes));
            sound_bytes.abs_diff(u64::from(bytes)) > least / 16
        });
        let end =
            u64::from(self.frames.filter(|_| !is_joined).unwrap_or(0)) * u64::from(frame.samples);
        let behind = u64::from(behind).saturating_sub(DECODER_DELAY);
        Some(Trim {
            before: u64::from(before) + DECODER_DELAY,
            behind: end.saturating_sub(behind)..end,
        })
    }
}

struct Trim {
    before: u64,
    behind: std::ops::Range<u64>,
}

impl Trim {
    /// How many of so many decoded samples are heard.
    fn applied_to(&self, samples: u64) -> u64 {
        let behind = samples
            .min(self.behind.end)
            .saturating_sub(self.behind.start);
        samples.saturating_sub(self.before + behind)
    }
}
