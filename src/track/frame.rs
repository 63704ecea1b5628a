//! The header of a frame of MP3 or of AAC in ADTS: sounds whose files have no other header.

/// What a frame's header says about the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub coding: Coding,
    /// With its header.
    pub bytes: usize,
    /// In each channel.
    pub samples: u32,
    pub hertz: u32,
    /// Where a first frame of MP3 may say how many follow: after the header and the (empty) side information.
    pub info_at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Mp3,
    Aac,
}

/// The frame that begins here, from its first seven bytes; `None` when it is none.
pub(super) fn frame(bytes: &[u8]) -> Option<Frame> {
    let header: &[u8; 7] = bytes.get(..7)?.try_into().ok()?;
    if header[0] != 0xff || header[1] & 0xe0 != 0xe0 {
        return None;
    }
    // The layer's bits: 00 is ADTS, 01 is layer III.
    match (header[1] >> 1) & 3 {
        0 if header[1] & 0xf0 == 0xf0 => adts(header),
        1 => mp3(header),
        _ => None,
    }
}

fn adts(header: &[u8; 7]) -> Option<Frame> {
    const HERTZ: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ];
    let hertz = *HERTZ.get(usize::from((header[2] >> 2) & 15))?;
    let bytes = usize::from(header[3] & 3) << 11
        | usize::from(header[4]) << 3
        | usize::from(header[5] >> 5);
    let blocks = u32::from(header[6] & 3) + 1;
    (bytes > 7).then_some(Frame {
        coding: Coding::Aac,
        bytes,
        samples: 1024 * blocks,
        hertz,
        info_at: 0,
    })
}

fn mp3(header: &[u8; 7]) -> Option<Frame> {
    const KBITS_V1: [usize; 15] = [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    const KBITS_V2: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    const HERTZ_V1: [usize; 3] = [44_100, 48_000, 32_000];
    let kbits_index = usize::from(header[2] >> 4);
    let hertz_index = usize::from((header[2] >> 2) & 3);
    let padding = usize::from((header[2] >> 1) & 1);
    let mono = header[3] >> 6 == 3;
    // MPEG 1, 2 and 2.5: each halves the sampling rate, and the later two the samples of a frame.
    let (kbits, hertz_divisor, samples_per_8, side_bytes) = match (header[1] >> 3) & 3 {
        3 => (KBITS_V1, 1, 144, if mono { 17 } else { 32 }),
        2 => (KBITS_V2, 2, 72, if mono { 9 } else { 17 }),
        0 => (KBITS_V2, 4, 72, if mono { 9 } else { 17 }),
        _ => return None,
    };
    let kbits = *kbits.get(kbits_index).filter(|&&kbits| kbits > 0)?;
    let hertz = HERTZ_V1.get(hertz_index)? / hertz_divisor;
    Some(Frame {
        coding: Coding::Mp3,
        bytes: samples_per_8 * kbits * 1000 / hertz + padding,
        samples: u32::try_from(8 * samples_per_8).ok()?,
        hertz: u32::try_from(hertz).ok()?,
        info_at: 4 + side_bytes,
    })
}
