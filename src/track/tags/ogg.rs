//! Ogg: pages, each of one of the streams that are in the file together or after one another. The first stream is
//! the one that counts.

use super::comments;
use super::flac;
use super::found::Found;
use super::source::Source;
use crate::limits::{TAG_BYTES_MAX, TAG_SCAN_BYTES};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Vorbis,
    Opus,
    Flac,
}

/// Fills `found`, and gives the length in seconds.
pub(super) fn read(source: &mut Source, found: &mut Found, codec: Codec) -> Option<f64> {
    let first = Page::at(source, 0)?;
    let mut head = Head::new(codec);
    let mut length = Length::default();
    let mut at = 0;
    while let Some(page) = Page::next(source, at) {
        at = page.end;
        if page.stream != first.stream {
            continue;
        }
        let is_sound = match codec {
            Codec::Opus => head.is_whole,
            // More head follows the comments, at no time at all.
            _ => length.pages > 0 || page.granule.is_some_and(|granule| granule > 0),
        };
        if !head.is_whole {
            head.add(source, &page, found);
        }
        if is_sound {
            length.add(source, &page, codec);
        }
        if page.is_last {
            break;
        }
    }
    head.seconds(&length)
}

struct Page {
    is_last: bool,
    /// Samples up to the end of the last packet that ends here; `None` when none does.
    granule: Option<u64>,
    stream: u32,
    /// Lengths of the pieces in `body`; a packet ends with a piece of less than 255 bytes.
    pieces: Vec<u8>,
    body: u64,
    end: u64,
}

impl Page {
    const HEAD_BYTES: usize = 27;

    /// The page that begins at `at`; `None` unless it is there with its last byte.
    fn at(source: &mut Source, at: u64) -> Option<Self> {
        let head = source.look(at, Self::HEAD_BYTES + 255);
        let (head, rest) = head.split_first_chunk::<{ Self::HEAD_BYTES }>()?;
        if !head.starts_with(b"OggS\0") {
            return None;
        }
        let granule = head[6..14].try_into().map(i64::from_le_bytes).ok()?;
        let stream = head[14..18].try_into().map(u32::from_le_bytes).ok()?;
        let pieces = rest.get(..usize::from(head[26]))?.to_vec();
        let body = at + (Self::HEAD_BYTES + pieces.len()) as u64;
        let body_bytes: u64 = pieces.iter().map(|&piece| u64::from(piece)).sum();
        let page = Self {
            is_last: head[5] & 4 != 0,
            granule: u64::try_from(granule).ok(),
            stream,
            pieces,
            body,
            end: body + body_bytes,
        };
        (page.end <= source.bytes()).then_some(page)
    }

    /// The first page at `at` or later.
    fn next(source: &mut Source, at: u64) -> Option<Self> {
        let mut at = at;
        loop {
            if let Some(page) = Self::at(source, at) {
                return Some(page);
            }
            at += 1;
            let window = source.look(at, TAG_SCAN_BYTES);
            if window.is_empty() {
                return None;
            }
            let mark = window.windows(4).position(|four| four == b"OggS");
            // Without one, one may begin in the last three bytes.
            at += mark.unwrap_or(window.len().saturating_sub(4)) as u64;
        }
    }

    /// Each piece: its place, its length, and whether a packet ends with it.
    fn places(&self) -> impl Iterator<Item = (u64, usize, bool)> {
        self.pieces.iter().scan(self.body, |at, &piece| {
            let place = *at;
            *at += u64::from(piece);
            Some((place, usize::from(piece), piece < 255))
        })
    }
}

/// The packets before the sound: what the stream is, and its comments.
struct Head {
    codec: Codec,
    packet: Vec<u8>,
    packets: u32,
    first: Vec<u8>,
    is_whole: bool,
}

impl Head {
    fn new(codec: Codec) -> Self {
        Self {
            codec,
            packet: Vec::new(),
            packets: 0,
            first: Vec::new(),
            is_whole: false,
        }
    }

    fn add(&mut self, source: &mut Source, page: &Page, found: &mut Found) {
        for (at, bytes, ends) in page.places() {
            if self.packet.len() + bytes <= TAG_BYTES_MAX {
                self.packet.extend(source.look(at, bytes));
            }
            if ends && !self.is_whole {
                let packet = std::mem::take(&mut self.packet);
                self.is_whole = self.read_packet(&packet, found);
                if self.packets == 0 {
                    self.first = packet;
                }
                self.packets += 1;
            }
        }
    }

    /// Whether it was the last before the sound of which anything is asked.
    fn read_packet(&self, packet: &[u8], found: &mut Found) -> bool {
        if self.packets == 0 {
            return false;
        }
        let mark: &[u8] = match self.codec {
            Codec::Vorbis => b"\x03vorbis",
            Codec::Opus => b"OpusTags",
            Codec::Flac => {
                // FLAC's own blocks, with their headers.
                let (Some((&kind, _)), Some(block)) = (packet.split_first(), packet.get(4..))
                else {
                    return true;
                };
                match kind & 0x7f {
                    4 => comments::parse_comments(block, found),
                    6 => _ = comments::parse_picture(block, found),
                    _ => {}
                }
                return kind & 0x80 != 0;
            }
        };
        if let Some(comments) = packet.strip_prefix(mark) {
            comments::parse_comments(comments, found);
        }
        true
    }

    fn seconds(&self, length: &Length) -> Option<f64> {
        let first = &self.first;
        match self.codec {
            Codec::Opus => {
                let unheard = u16::from_le_bytes(*first.get(10..)?.first_chunk()?);
                let heard = length.samples.saturating_sub(u64::from(unheard));
                Some(heard as f64 / f64::from(Length::OPUS_HERTZ))
            }
            Codec::Vorbis => {
                let hertz = u32::from_le_bytes(*first.get(12..)?.first_chunk()?);
                let block_samples = 1 << (first.get(28)? >> 4);
                let samples = length.end.saturating_sub(length.begin(block_samples));
                (hertz > 0).then(|| samples as f64 / f64::from(hertz))
            }
            Codec::Flac => {
                let info = flac::Info::parse(first.get(17..)?.first_chunk()?)?;
                Some(info.seconds(length.end))
            }
        }
    }
}

/// Counts what is in the pages of sound.
#[derive(Default)]
struct Length {
    pages: u64,
    /// Of Opus only.
    samples: u64,
    /// Of the Opus packet that has begun.
    pending: Option<u64>,
    first_granule: u64,
    first_packets: u64,
    /// The last granule.
    end: u64,
}

impl Length {
    const OPUS_HERTZ: u32 = 48_000;

    fn add(&mut self, source: &mut Source, page: &Page, codec: Codec) {
        let packets = page.pieces.iter().filter(|&&piece| piece < 255).count() as u64;
        let mut page_samples = 0;
        if codec == Codec::Opus {
            for (at, bytes, ends) in page.places() {
                let begun = self.pending.take();
                let samples = begun.unwrap_or_else(|| opus_samples(source.look(at, bytes.min(2))));
                match ends {
                    true => page_samples += samples,
                    false => self.pending = Some(samples),
                }
            }
        }
        let before = self.end;
        if let Some(granule) = page.granule {
            if self.pages == 0 {
                (self.first_granule, self.first_packets) = (granule, packets);
            }
            self.end = granule;
            if page.is_last || self.pages == 0 {
                // The encoder filled the last packets up; where the sound ends is said only here. Likewise the first
                // packets of a stream that was cut out of another.
                page_samples = page_samples.min(granule.saturating_sub(before));
            }
        }
        self.samples += page_samples;
        self.pages += 1;
    }

    /// Where the first packet begins, for Vorbis with blocks of at most so many samples: at zero, but for a stream
    /// that was cut out of another.
    fn begin(&self, block_samples: u64) -> u64 {
        self.first_granule
            .saturating_sub(self.first_packets * block_samples / 2)
    }
}

/// Samples of an Opus packet, from its first two bytes.
fn opus_samples(packet: &[u8]) -> u64 {
    let Some(&first) = packet.first() else {
        return 0;
    };
    let step = usize::from(first >> 3 & 3);
    let samples = match first >> 3 {
        0..=11 => [480, 960, 1920, 2880][step],
        12..=15 => [480, 960][step & 1],
        _ => [120, 240, 480, 960][step],
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1).copied().unwrap_or(0) & 63),
    };
    samples * frames
}
