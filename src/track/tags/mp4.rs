//! MP4: boxes in boxes. Only those on the way to the sound's times and to iTunes' tags are opened, so that depth is
//! bounded however they are nested.

use super::found::{Field, Found};
use super::source::Source;
use crate::limits::{COVER_BYTES_MAX, ITUNES_PADDING_SAMPLES_MAX, MP4_PARTS_MAX, TAG_BYTES_MAX};

/// Fills `found`, and gives the length in seconds.
pub(super) fn read(source: &mut Source, found: &mut Found) -> Option<f64> {
    let mut movie = Movie::default();
    let whole = Part {
        kind: *b"file",
        at: 0,
        end: source.bytes(),
    };
    whole.each(source, |source, part| match &part.kind {
        b"moov" => movie.read(source, part, found),
        b"moof" => movie.read_fragment(source, part),
        _ => {}
    });
    movie.seconds()
}

/// What is inside a box.
#[derive(Clone, Copy)]
struct Part {
    kind: [u8; 4],
    at: u64,
    end: u64,
}

impl Part {
    fn bytes(self) -> u64 {
        self.end - self.at
    }

    /// The boxes inside, one after another. One that says it is larger ends where this one does.
    fn each(self, source: &mut Source, mut visit: impl FnMut(&mut Source, Part)) {
        let mut at = self.at;
        while at < self.end
            && let Some([a, b, c, d, kind @ ..]) = source.exactly::<8>(at)
        {
            let (head_bytes, bytes) = match u32::from_be_bytes([a, b, c, d]) {
                0 => (8, self.end - at),
                1 => (16, source.exactly(at + 8).map_or(0, u64::from_be_bytes)),
                bytes => (8, u64::from(bytes)),
            };
            let end = at.saturating_add(bytes).min(self.end);
            if end < at + head_bytes {
                return;
            }
            let part = Part {
                kind,
                at: at + head_bytes,
                end,
            };
            visit(source, part);
            at = end;
        }
    }

    /// The number `offset` bytes into the box.
    fn number(self, source: &mut Source, offset: u64) -> Option<u32> {
        let at = self.at + offset;
        let number = (at + 4 <= self.end).then(|| source.exactly(at))??;
        Some(u32::from_be_bytes(number))
    }

    /// All that is in it, up to `TAG_BYTES_MAX`.
    fn content(self, source: &mut Source) -> Vec<u8> {
        source.read(self.at, self.bytes())
    }
}

#[derive(Default)]
struct Movie {
    ticks_per_sec: u32,
    sound: Option<Sound>,
    gap: Gap,
}

impl Movie {
    fn read(&mut self, source: &mut Source, moov: Part, found: &mut Found) {
        // By track; fragments leave out what is said here.
        let mut sample_ticks = Vec::new();
        moov.each(source, |source, part| match &part.kind {
            b"mvhd" => self.ticks_per_sec = ticks_per_sec(source, part).unwrap_or(0),
            b"trak" if self.sound.is_none() => self.sound = Sound::read(source, part),
            b"mvex" => part.each(source, |source, trex| {
                if &trex.kind == b"trex"
                    && let Some(track) = trex.number(source, 4)
                    && sample_ticks.len() < MP4_PARTS_MAX
                {
                    sample_ticks.push((track, trex.number(source, 12).unwrap_or(0)));
                }
            }),
            b"udta" => part.each(source, |source, part| {
                if &part.kind == b"meta" {
                    read_meta(source, part, found, &mut self.gap);
                }
            }),
            _ => {}
        });
        if let Some(sound) = &mut self.sound {
            let ours = sample_ticks.iter().find(|(track, _)| *track == sound.track);
            sound.sample_ticks = ours.map_or(0, |(_, ticks)| *ticks);
        }
    }

    fn read_fragment(&mut self, source: &mut Source, moof: Part) {
        if let Some(sound) = &mut self.sound {
            moof.each(source, |source, part| {
                if &part.kind == b"traf" {
                    sound.read_fragment(source, part);
                }
            });
        }
    }

    fn seconds(&self) -> Option<f64> {
        let sound = self.sound.as_ref()?;
        let sec = |ticks: u64| ticks as f64 / f64::from(sound.ticks_per_sec);
        let (all, before, behind) = (sec(sound.ticks), sec(self.gap.before), sec(self.gap.behind));
        let sum = match sound.edits.as_slice() {
            [] => all - behind - before,
            // Only AAC's decoder looks where an edit ends.
            [edit, ..] if !sound.is_aac => all - sec(edit.from),
            edits => edits
                .iter()
                .map(|edit| {
                    let length = f64::from(edit.ticks) / f64::from(self.ticks_per_sec.max(1));
                    let from = sec(edit.from);
                    let to = if edit.ticks > 0 { from + length } else { all };
                    // An edit that ends with the sound has left out what is behind it. If it ends only little later,
                    // that is cut off nevertheless.
                    let is_exact = to < all - behind + 0.5 * sec(1);
                    let to = if is_exact { to } else { to.min(all) - behind };
                    let is_delayed = edits.len() == 1 && before > 0.0;
                    to - if is_delayed { before } else { from }
                })
                .filter(|&sec| sec > 0.0)
                .sum(),
        };
        sum.is_finite().then_some(sum)
    }
}

/// The first track of sound.
struct Sound {
    track: u32,
    ticks_per_sec: u32,
    ticks: u64,
    /// Length of a sample of which a fragment says nothing.
    sample_ticks: u32,
    edits: Vec<Edit>,
    is_aac: bool,
}

/// A stretch that is played.
struct Edit {
    /// In ticks of the movie; 0: to the end.
    ticks: u32,
    /// In ticks of the track.
    from: u64,
}

impl Sound {
    fn read(source: &mut Source, trak: Part) -> Option<Self> {
        let mut sound = Self {
            track: 0,
            ticks_per_sec: 0,
            ticks: 0,
            sample_ticks: 0,
            edits: Vec::new(),
            is_aac: false,
        };
        let mut is_sound = false;
        trak.each(source, |source, part| match &part.kind {
            b"tkhd" => {
                let is_long = part.number(source, 0).is_some_and(|start| start >> 24 == 1);
                let track = part.number(source, if is_long { 20 } else { 12 });
                sound.track = track.unwrap_or(0);
            }
            b"edts" => part.each(source, |source, part| {
                if &part.kind == b"elst" {
                    sound.edits = read_edits(&part.content(source));
                }
            }),
            b"mdia" => part.each(source, |source, part| match &part.kind {
                b"mdhd" => sound.ticks_per_sec = ticks_per_sec(source, part).unwrap_or(0),
                b"hdlr" => is_sound = part.number(source, 8) == Some(u32::from_be_bytes(*b"soun")),
                b"minf" => part.each(source, |source, part| {
                    if &part.kind == b"stbl" {
                        sound.read_table(source, part);
                    }
                }),
                _ => {}
            }),
            _ => {}
        });
        (is_sound && sound.ticks_per_sec > 0).then_some(sound)
    }

    fn read_table(&mut self, source: &mut Source, stbl: Part) {
        stbl.each(source, |source, part| match &part.kind {
            b"stsd" => self.is_aac = part.number(source, 12) == Some(u32::from_be_bytes(*b"mp4a")),
            // How many samples have how many ticks. No sound needs a longer table.
            b"stts" if part.bytes() <= TAG_BYTES_MAX as u64 => {
                let table = part.content(source);
                for entry in table.get(8..).unwrap_or_default().chunks_exact(8) {
                    let [count, ticks] = [be_32(entry, 0), be_32(entry, 4)].map(u64::from);
                    self.ticks = self.ticks.saturating_add(count * ticks);
                }
            }
            _ => {}
        });
    }

    fn read_fragment(&mut self, source: &mut Source, traf: Part) {
        let mut is_ours = false;
        let mut sample_ticks = self.sample_ticks;
        traf.each(source, |source, part| match &part.kind {
            b"tfhd" => {
                let flags = part.number(source, 0).unwrap_or(0);
                is_ours = part.number(source, 4) == Some(self.track);
                if flags & 8 != 0 {
                    // After the place of its bytes and the number of its description, if they are stated.
                    let offset = 8 + u64::from(flags & 1) * 8 + u64::from(flags >> 1 & 1) * 4;
                    sample_ticks = part.number(source, offset).unwrap_or(0);
                }
            }
            b"trun" if is_ours => {
                let run = part.content(source);
                self.ticks = self.ticks.saturating_add(run_ticks(&run, sample_ticks));
            }
            _ => {}
        });
    }
}

/// The ticks of all samples of a run in a fragment.
fn run_ticks(run: &[u8], sample_ticks: u32) -> u64 {
    let Some(rest) = run.get(8..) else {
        return 0;
    };
    let (flags, count) = (be_32(run, 0), be_32(run, 4));
    let has = |flag: u32| flags & flag != 0;
    if !has(0x100) {
        return u64::from(count) * u64::from(sample_ticks);
    }
    let head_bytes = [0x1, 0x4].map(|flag| if has(flag) { 4 } else { 0 });
    let fields = [0x100, 0x200, 0x400, 0x800].map(|flag| usize::from(has(flag)));
    let table = rest.get(head_bytes.iter().sum()..).unwrap_or_default();
    table
        .chunks_exact(4 * fields.iter().sum::<usize>())
        .take(count as usize)
        .map(|sample| u64::from(be_32(sample, 0)))
        .sum()
}

/// Edits that play nothing (a beginning of silence) are left out: decoders do not make silence of them.
fn read_edits(list: &[u8]) -> Vec<Edit> {
    let is_long = list.first() == Some(&1);
    let entries = list.get(8..).unwrap_or_default();
    entries
        .chunks_exact(if is_long { 20 } else { 12 })
        .take(MP4_PARTS_MAX)
        .filter_map(|entry| match is_long {
            true => {
                let ticks = u64::from(be_32(entry, 0)) << 32 | u64::from(be_32(entry, 4));
                let from = u64::from(be_32(entry, 8)) << 32 | u64::from(be_32(entry, 12));
                let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
                (from <= i64::MAX as u64).then_some(Edit { ticks, from })
            }
            false => {
                let (ticks, from) = (be_32(entry, 0), u64::from(be_32(entry, 4)));
                (from <= i32::MAX as u64).then_some(Edit { ticks, from })
            }
        })
        .collect()
}

/// Of a `mvhd` or a `mdhd`: version 1 has times of eight bytes before it.
fn ticks_per_sec(source: &mut Source, part: Part) -> Option<u32> {
    let is_long = part.number(source, 0)? >> 24 == 1;
    part.number(source, if is_long { 20 } else { 12 })
}

/// The number at `at` of a slice that was cut to hold it.
fn be_32(bytes: &[u8], at: usize) -> u32 {
    let number = bytes.get(at..).and_then(<[u8]>::first_chunk);
    number.map_or(0, |&number| u32::from_be_bytes(number))
}

// ---- iTunes' tags ------------------------------------------------------------------------------------

/// Samples that an encoder put before and behind the sound, as iTunes notes them.
#[derive(Default)]
struct Gap {
    before: u64,
    behind: u64,
}

impl Gap {
    /// Hexadecimal numbers: nothing, before, behind, the rest.
    fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut numbers = text.split_ascii_whitespace().skip(1);
        let mut number = || u64::from_str_radix(numbers.next()?, 16).ok();
        let (before, behind) = (number()?, number()?);
        let is_gap = |samples: u64| samples < ITUNES_PADDING_SAMPLES_MAX;
        (is_gap(before) && is_gap(behind)).then_some(Self { before, behind })
    }
}

fn read_meta(source: &mut Source, meta: Part, found: &mut Found, gap: &mut Gap) {
    // Some programs leave out the version before the boxes.
    let has_version = meta.number(source, 4) != Some(u32::from_be_bytes(*b"hdlr"));
    let meta = Part {
        at: if has_version {
            meta.at.saturating_add(4).min(meta.end)
        } else {
            meta.at
        },
        ..meta
    };
    meta.each(source, |source, part| {
        if &part.kind == b"ilst" {
            part.each(source, |source, item| read_item(source, item, found, gap));
        }
    });
}

fn read_item(source: &mut Source, item: Part, found: &mut Found, gap: &mut Gap) {
    let field = match &item.kind {
        b"\xa9nam" => Some(Field::Title),
        b"\xa9ART" => Some(Field::Artist),
        b"\xa9alb" => Some(Field::Album),
        b"covr" | b"----" => None,
        _ => return,
    };
    let mut is_gap = false;
    item.each(source, |source, part| {
        if &part.kind == b"name" {
            is_gap = part.content(source).get(4..) == Some(b"iTunSMPB");
        }
        // A kind and a language stand before the value.
        let bytes = part.bytes().saturating_sub(8);
        if &part.kind != b"data" || bytes > COVER_BYTES_MAX as u64 {
            return;
        }
        let wants = |found: &Found| found.wants_picture(false, bytes as usize);
        if &item.kind == b"covr" && !wants(found) {
            return;
        }
        let content = part.content(source);
        let value = content.get(8..).unwrap_or_default();
        match field {
            Some(field) => found.text(field, &String::from_utf8_lossy(value)),
            None if is_gap => *gap = Gap::parse(value).unwrap_or_default(),
            None if &item.kind == b"covr" => found.picture(false, value),
            None => {}
        }
    });
}
