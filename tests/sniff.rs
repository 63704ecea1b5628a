//! What a file is by its first bytes. The files are built here from the facts of their formats.

use crate::common::random;

use jam::limits::SNIFF_BYTES;
use jam::track::sniff::{AudioKind, KNOWN_KINDS, sniff};
use random::for_each_seed;

// ---- files, by their specifications --------------------------------------------------------------

fn wav() -> Vec<u8> {
    // PCM, one channel, 44.1 kHz, 88,200 bytes a second, 2 bytes a sample, 16 bits.
    let fmt = [
        &[1, 0, 1, 0][..],
        &44_100_u32.to_le_bytes(),
        &88_200_u32.to_le_bytes(),
        &[2, 0, 16, 0],
    ];
    riff(
        b"WAVE",
        &[chunk(b"fmt ", &fmt.concat()), chunk(b"data", &[0; 400])].concat(),
    )
}

fn riff(form: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("small");
    [b"RIFF", &length.to_le_bytes()[..], form, body].concat()
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("small");
    [name, &length.to_le_bytes()[..], body].concat()
}

fn flac() -> Vec<u8> {
    // STREAMINFO, the last metadata block, of 34 bytes.
    [
        b"fLaC",
        &[0x80, 0, 0, 34][..],
        &[0; 34],
        &[0xff, 0xf8, 0xc9, 0x18],
    ]
    .concat()
}

/// A frame of MPEG 1 layer III, 128 kbit/s at 44.1 kHz: 417 bytes.
fn mp3_frame() -> Vec<u8> {
    [&[0xff, 0xfb, 0x90, 0x00][..], &[0; 413]].concat()
}

fn mp3() -> Vec<u8> {
    mp3_frame().repeat(5)
}

/// A frame of AAC-LC, 44.1 kHz, stereo, of `bytes` bytes with its header.
fn adts_frame(bytes: usize) -> Vec<u8> {
    let length = bytes.to_be_bytes();
    let (middle, low) = (length[6], length[7]);
    let header = [
        0xff,
        0xf1,
        0x50,
        0x80 | (middle >> 3),
        (middle << 5) | (low >> 3),
        (low << 5) | 0x1f,
        0xfc,
    ];
    [&header[..], &vec![0; bytes - 7]].concat()
}

fn aac() -> Vec<u8> {
    [adts_frame(371), adts_frame(250), adts_frame(400)].concat()
}

/// The first page of a stream whose first packet begins with `mark`.
fn ogg(mark: &[u8]) -> Vec<u8> {
    let packet = [mark, &[0; 30]].concat();
    let length = u8::try_from(packet.len()).expect("small");
    let page = [
        b"OggS",
        &[0, 2][..],
        &[0; 8],
        &[7, 0, 0, 0],
        &[0; 4],
        &[0; 4],
        &[1, length],
    ];
    [&page.concat()[..], &packet, b"OggS"].concat()
}

fn mp4(brand: &[u8; 4]) -> Vec<u8> {
    [
        &[0, 0, 0, 24][..],
        b"ftyp",
        brand,
        &[0, 0, 2, 0],
        b"isom",
        b"iso2",
        &[0; 64],
    ]
    .concat()
}

/// An ID3v2.4 tag with `body` bytes of content.
fn id3(body: usize) -> Vec<u8> {
    [id3_header(body), vec![0; body]].concat()
}

/// The tag's length is written with seven bits a byte.
fn id3_header(body: usize) -> Vec<u8> {
    let digits = [21, 14, 7, 0].map(|shift| u8::try_from((body >> shift) & 0x7f).expect("7 bits"));
    [b"ID3", &[4, 0, 0][..], &digits].concat()
}

fn cut(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(SNIFF_BYTES)]
}

/// One file of each kind.
fn known() -> Vec<(AudioKind, Vec<u8>)> {
    vec![
        (AudioKind::Wav, wav()),
        (AudioKind::Flac, flac()),
        (AudioKind::Mp3, mp3()),
        (AudioKind::OggVorbis, ogg(b"\x01vorbis")),
        (AudioKind::OggOpus, ogg(b"OpusHead")),
        (AudioKind::OggFlac, ogg(b"\x7fFLAC")),
        (AudioKind::Aac, aac()),
        (AudioKind::Mp4, mp4(b"M4A ")),
    ]
}

// ---- what is known -------------------------------------------------------------------------------

#[test]
fn every_kind_is_known_by_its_first_bytes() {
    for (kind, file) in known() {
        assert_eq!(sniff(&file), Some(kind));
    }
}

#[test]
fn the_tracks_of_the_tests_are_known() {
    let wav = include_bytes!("../testdata/tracks/prelude5.wav");
    let opus = include_bytes!("../testdata/tracks/prelude60.opus");
    assert_eq!(sniff(cut(wav)), Some(AudioKind::Wav));
    assert_eq!(sniff(cut(opus)), Some(AudioKind::OggOpus));
}

#[test]
fn every_kind_has_a_content_type_that_says_audio() {
    for (kind, _) in known() {
        assert!(kind.content_type().starts_with("audio/"), "{kind:?}");
    }
    assert_eq!(AudioKind::OggOpus.content_type(), "audio/ogg; codecs=opus");
    for name in ["WAV", "FLAC", "MP3", "Vorbis", "Opus", "AAC", "M4A"] {
        assert!(
            KNOWN_KINDS.contains(name),
            "{name} is not named to those whose file is refused"
        );
    }
}

#[test]
fn a_tag_may_stand_before_mp3_flac_and_aac() {
    for body in [0, 1, 127, 128, 2000, 50_000] {
        for (kind, sound) in [
            (AudioKind::Mp3, mp3()),
            (AudioKind::Flac, flac()),
            (AudioKind::Aac, aac()),
        ] {
            assert_eq!(
                sniff(&[id3(body), sound].concat()),
                Some(kind),
                "a tag of {body}"
            );
        }
    }
}

#[test]
fn a_tag_with_a_footer_is_ten_bytes_longer() {
    let mut tag = id3(300);
    tag[5] = 0x10;
    tag.extend(*b"3DI\x04\0\x10\0\0\x02\x2c");
    assert_eq!(sniff(&[tag, flac()].concat()), Some(AudioKind::Flac));
}

#[test]
fn a_tag_larger_than_what_is_read_is_taken_for_that_of_an_mp3() {
    for body in [SNIFF_BYTES - 10, SNIFF_BYTES, 5 << 20, (1 << 28) - 1] {
        let start = [id3_header(body), vec![0; SNIFF_BYTES]].concat();
        assert_eq!(sniff(cut(&start)), Some(AudioKind::Mp3), "a tag of {body}");
    }
}

#[test]
fn a_short_file_that_ends_within_its_tag_is_no_sound() {
    for file in [id3(0), id3(100), id3_header(100), id3_header(5 << 20)] {
        assert_eq!(sniff(&file), None);
    }
}

#[test]
fn every_bitrate_rate_and_version_of_mp3_has_the_frame_length_that_its_specification_says() {
    const KBITS_V1: [usize; 14] = [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    const KBITS_V2: [usize; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    for (version_bits, kbits, hertz, samples) in [
        (3, KBITS_V1, [44_100, 48_000, 32_000], 1152),
        (2, KBITS_V2, [22_050, 24_000, 16_000], 576),
        (0, KBITS_V2, [11_025, 12_000, 8_000], 576),
    ] {
        for (rate, kbits) in (1_u8..).zip(kbits) {
            for (hertz_bits, hertz) in (0_u8..).zip(hertz) {
                for padding in [0, 1] {
                    let second = 0xe0 | version_bits << 3 | 1 << 1 | 1;
                    let third = rate << 4 | hertz_bits << 2 | padding << 1;
                    let length = samples * kbits * 1000 / 8 / hertz + usize::from(padding);
                    let mut frame = vec![0; length];
                    frame[..3].copy_from_slice(&[0xff, second, third]);
                    let what = format!("{kbits} kbit/s, {hertz} Hz, version {version_bits}");
                    assert_eq!(sniff(&frame.repeat(2)), Some(AudioKind::Mp3), "{what}");
                    let mut late = frame.repeat(2);
                    late.insert(length, 0);
                    assert_eq!(sniff(&late), None, "{what}, the second frame a byte late");
                }
            }
        }
    }
}

#[test]
fn a_file_of_a_single_frame_is_known_but_not_one_that_ends_within_it() {
    for (kind, frame) in [
        (AudioKind::Mp3, mp3_frame()),
        (AudioKind::Aac, adts_frame(371)),
    ] {
        assert_eq!(sniff(&frame), Some(kind));
        assert_eq!(sniff(&frame[..frame.len() - 1]), None);
    }
}

#[test]
fn mp4_is_known_by_the_brands_of_sound_and_of_any_content() {
    for brand in [b"M4A ", b"M4B ", b"mp42", b"isom", b"iso6", b"dash"] {
        assert_eq!(sniff(&mp4(brand)), Some(AudioKind::Mp4));
    }
}

// ---- what is refused -----------------------------------------------------------------------------

#[test]
fn files_that_are_no_sound_are_refused() {
    let text_of_0xff = [&b"\xff"[..], "ein Text, der so beginnt".as_bytes()].concat();
    let utf_16 = [0xff, 0xfe]
        .into_iter()
        .chain("text".bytes().flat_map(|b| [b, 0]))
        .collect();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", vec![]),
        ("a blank", b" ".into()),
        ("a text", b"Just a few words about music.\n".repeat(50)),
        ("a text beginning with 0xff", text_of_0xff),
        ("a text in UTF-16", utf_16),
        ("zeros", vec![0; 1000]),
        ("only 0xff", vec![0xff; 1000]),
        (
            "HTML",
            b"<!DOCTYPE html><html><audio src=\"a.mp3\"></audio></html>".into(),
        ),
        (
            "JPEG",
            [&b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01"[..], &[0; 200]].concat(),
        ),
        ("PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".into()),
        ("GIF", b"GIF89a\x01\0\x01\0".into()),
        ("ELF", [&b"\x7fELF\x02\x01\x01"[..], &[0; 60]].concat()),
        ("zip", b"PK\x03\x04\x14\0\0\0\x08\0".into()),
        ("PDF", b"%PDF-1.7\n%\xff\xff\xff\xff\n".into()),
        ("AVI", riff(b"AVI ", &[0; 64])),
        ("WebP", riff(b"WEBP", &[0; 64])),
        (
            "big-endian RIFX",
            [&b"RIFX\0\0\0\x24WAVE"[..], &[0; 64]].concat(),
        ),
        ("MIDI", b"MThd\0\0\0\x06\0\x01".into()),
        ("WebM", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01".into()),
        ("Theora", ogg(b"\x80theora")),
        ("an Ogg skeleton of a film", ogg(b"fishead\0")),
        ("Speex", ogg(b"Speex   ")),
        ("QuickTime", mp4(b"qt  ")),
        ("HEIC", mp4(b"heic")),
        ("AVIF", mp4(b"avif")),
        ("a film for phones", mp4(b"3gp4")),
        ("an MPEG program stream", b"\0\0\x01\xba\x44\0\x04\0".into()),
        ("MP2", [&b"\xff\xfd\x90\0"[..], &[0; 600]].concat()),
        (
            "a tag before a text",
            [id3(20), b"words words words".into()].concat(),
        ),
    ];
    for (what, file) in files {
        assert_eq!(sniff(&file), None, "{what}");
    }
}

#[test]
fn one_frame_followed_by_something_else_is_a_coincidence() {
    for frame in [mp3_frame(), adts_frame(371)] {
        for follows in [
            &b"words, words"[..],
            &[0; 50],
            b"\xff\xd8\xff\xe0\0\x10JFIF",
        ] {
            assert_eq!(sniff(&[&frame[..], follows].concat()), None);
        }
    }
    assert_eq!(
        sniff(&[mp3_frame(), adts_frame(371)].concat()),
        None,
        "and not of another kind"
    );
}

#[test]
fn reserved_values_in_a_frame_header_are_refused() {
    for (at, value) in [
        (1, 0xeb), // a reserved version
        (1, 0xf9), // a reserved layer
        (2, 0xf0), // a forbidden bitrate
        (2, 0x00), // of any bitrate, whose frame length nobody knows
        (2, 0x9c), // a reserved sampling rate
    ] {
        let mut frame = mp3_frame();
        frame[at] = value;
        assert_eq!(sniff(&frame.repeat(3)), None, "byte {at} is {value:#x}");
    }
    let mut frame = adts_frame(371);
    frame[2] = 0x50 & 0xc3 | 13 << 2;
    assert_eq!(sniff(&frame.repeat(3)), None, "a reserved sampling rate");
    for bytes in [0_u8, 7] {
        let mut frame = adts_frame(371);
        (frame[3], frame[4], frame[5]) = (0x80, 0, bytes << 5 | 0x1f);
        assert_eq!(sniff(&frame.repeat(3)), None, "a frame of {bytes} bytes");
    }
}

// ---- whatever comes ------------------------------------------------------------------------------

#[test]
fn a_file_cut_at_any_byte_never_panics_and_is_never_taken_for_another_kind() {
    for (kind, file) in known() {
        let tagged = [id3(40), file.clone()].concat();
        for file in [&file, &tagged] {
            for end in 0..file.len() {
                let found = sniff(&file[..end]);
                assert!(
                    found.is_none_or(|found| found == kind),
                    "{kind:?} cut at {end}: {found:?}"
                );
            }
        }
    }
}

#[test]
fn random_bytes_never_panic_and_are_seldom_taken_for_sound() {
    let mut taken = 0;
    let mut looked_at = 0;
    for_each_seed(20_000, |random| {
        let count = random.below(200);
        let mut bytes = random.bytes(count);
        if random.one_in(2) && bytes.len() > 2 {
            (bytes[0], bytes[1]) = (0xff, 0xe0 | bytes[1]);
        }
        taken += u32::from(sniff(&bytes).is_some());
        looked_at += 1;
    });
    assert!(
        looked_at == 1 || taken < looked_at / 100,
        "{taken} of {looked_at}"
    );
}

#[test]
fn changed_files_never_panic() {
    let mut files: Vec<Vec<u8>> = known().into_iter().map(|(_, file)| file).collect();
    files.extend([
        [id3(40), mp3()].concat(),
        [id3(0), aac()].concat(),
        id3_header(5 << 20),
    ]);
    for_each_seed(20_000, |random| {
        let file = random.pick(&files);
        // The beginning decides, so that is where most changes belong.
        let (start, rest) = file.split_at(file.len().min(40));
        let changed = [random.mutate(start), rest.to_vec()].concat();
        let _either = sniff(&changed);
    });
}
