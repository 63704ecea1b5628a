//! What files say about themselves, and how long they sound. The samples in `testdata/tags` were made with ffmpeg;
//! their lengths are those of what Chromium's `decodeAudioData` gives. The rest is built here.

use crate::common::random;

use jam::limits::{COVER_BYTES_MAX, TAG_BYTES_MAX, TAG_CHARS_MAX, TRACK_DURATION_SEC_MAX};
use jam::track::sniff::{AudioKind, sniff};
use jam::track::tags::{PictureKind, Tags, read_tags};
use random::for_each_seed;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

const PNG: &[u8] = include_bytes!("../testdata/tags/cover.png");
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";

const SAMPLES: &[(AudioKind, &[u8])] = &[
    (AudioKind::Wav, include_bytes!("../testdata/tags/info.wav")),
    (
        AudioKind::Flac,
        include_bytes!("../testdata/tags/cover.flac"),
    ),
    (
        AudioKind::Mp3,
        include_bytes!("../testdata/tags/id3v23-info.mp3"),
    ),
    (
        AudioKind::Mp3,
        include_bytes!("../testdata/tags/id3v24-xing.mp3"),
    ),
    (AudioKind::Mp3, include_bytes!("../testdata/tags/bare.mp3")),
    (
        AudioKind::OggVorbis,
        include_bytes!("../testdata/tags/comments.ogg"),
    ),
    (
        AudioKind::OggOpus,
        include_bytes!("../testdata/tags/comments.opus"),
    ),
    (
        AudioKind::OggFlac,
        include_bytes!("../testdata/tags/flac.ogg"),
    ),
    (
        AudioKind::Aac,
        include_bytes!("../testdata/tags/frames.aac"),
    ),
    (AudioKind::Mp4, include_bytes!("../testdata/tags/cover.m4a")),
    (
        AudioKind::Mp4,
        include_bytes!("../testdata/tags/fragment.m4a"),
    ),
];

fn sample(kind: AudioKind) -> &'static [u8] {
    let found = SAMPLES.iter().find(|(of, _)| *of == kind);
    found.expect("a sample of each kind").1
}

fn tags(file: &[u8]) -> Tags {
    let kind = sniff(&file[..file.len().min(65_536)]).expect("sound");
    tags_of(file, kind)
}

fn tags_of(file: &[u8], kind: AudioKind) -> Tags {
    let tags = read_tags(&mut Cursor::new(file), kind);
    for text in [&tags.title, &tags.artist, &tags.album]
        .into_iter()
        .flatten()
    {
        assert!(!text.is_empty() && text.chars().count() <= TAG_CHARS_MAX);
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    if let Some(cover) = &tags.cover {
        assert!(cover.bytes.len() <= COVER_BYTES_MAX);
        assert_eq!(PictureKind::of(&cover.bytes), Some(cover.kind));
    }
    assert!(
        tags.duration_sec
            .is_none_or(|sec| sec > 0.0 && sec <= TRACK_DURATION_SEC_MAX)
    );
    tags
}

fn words(tags: &Tags) -> [Option<&str>; 3] {
    [&tags.title, &tags.artist, &tags.album].map(Option::as_deref)
}

fn cover(tags: &Tags) -> Option<(PictureKind, &[u8])> {
    let cover = tags.cover.as_ref()?;
    Some((cover.kind, &cover.bytes))
}

#[track_caller]
fn assert_samples(file: &[u8], samples: u64, hertz: u32) {
    let sec = tags(file).duration_sec.expect("a length");
    let expected = samples as f64 / f64::from(hertz);
    assert!(
        (sec - expected).abs() < 0.000_1,
        "{sec} s instead of {expected} s"
    );
}

// ---- files, by their specifications --------------------------------------------------------------

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let padding = vec![0; body.len() % 2];
    [&name[..], &sized_le(body), &padding].concat()
}

fn sized_le(body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).expect("small");
    [&size.to_le_bytes()[..], body].concat()
}

fn sized_be(body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).expect("small");
    [&size.to_be_bytes()[..], body].concat()
}

/// 44.1 kHz, stereo, 16 bits.
fn wav(chunks: &[Vec<u8>]) -> Vec<u8> {
    let format = [
        &[1, 0, 2, 0][..],
        &44_100_u32.to_le_bytes(),
        &176_400_u32.to_le_bytes(),
        &[4, 0, 16, 0],
    ];
    let body = [
        &b"WAVE"[..],
        &chunk(b"fmt ", &format.concat()),
        &chunks.concat(),
    ];
    chunk(b"RIFF", &body.concat())
}

fn id3(version: u8, flags: u8, frames: &[u8]) -> Vec<u8> {
    [
        b"ID3",
        &[version, 0, flags][..],
        &seven_bits(frames.len()),
        frames,
    ]
    .concat()
}

fn seven_bits(size: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| u8::try_from(size >> shift & 0x7f).expect("7 bits"))
}

fn frame(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).expect("small");
    [&name[..], &size.to_be_bytes(), &[0, 0], body].concat()
}

/// An `APIC` in a tag of version 2.3.
fn picture(role: u8, bytes: &[u8]) -> Vec<u8> {
    let head = [&b"\0image/anything\0"[..], &[role], b"words\0"].concat();
    frame(b"APIC", &[&head, bytes].concat())
}

/// Two frames of MPEG 1 layer III, 128 kbit/s at 44.1 kHz.
fn mp3() -> Vec<u8> {
    [&[0xff, 0xfb, 0x90, 0x00][..], &[0; 413]]
        .concat()
        .repeat(2)
}

fn tagged(frames: &[u8]) -> Tags {
    tags(&[id3(3, 0, frames), mp3()].concat())
}

fn comments(list: &[&str]) -> Vec<u8> {
    let count = u32::try_from(list.len()).expect("few");
    let list: Vec<u8> = list
        .iter()
        .flat_map(|text| sized_le(text.as_bytes()))
        .collect();
    [sized_le(b"a vendor"), count.to_le_bytes().to_vec(), list].concat()
}

fn flac(blocks: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut file = b"fLaC\0\0\0\x22".to_vec();
    let mut info = [0; 34];
    // 4096 samples a block, 48 kHz, mono, 16 bits, 96,000 samples.
    info[..4].copy_from_slice(&[0x10, 0, 0x10, 0]);
    info[10..18].copy_from_slice(&[0x0b, 0xb8, 0x00, 0xf0, 0x00, 0x01, 0x77, 0x00]);
    file.extend(info);
    for (kind, body) in blocks {
        let size = u32::try_from(body.len()).expect("small").to_be_bytes();
        file.extend([&[*kind], &size[1..], body].concat());
    }
    [file, b"\x81\0\0\0".to_vec()].concat()
}

fn flac_picture(role: u32, mime: &[u8], bytes: &[u8]) -> Vec<u8> {
    let head = [
        &role.to_be_bytes()[..],
        &sized_be(mime),
        &sized_be(b"words"),
    ]
    .concat();
    [head, vec![0; 16], sized_be(bytes)].concat()
}

/// A page on which each packet ends; a longer packet than 254 bytes has more pieces.
fn page(flags: u8, granule: i64, stream: u32, packets: &[&[u8]]) -> Vec<u8> {
    let mut pieces = Vec::new();
    for packet in packets {
        pieces.extend(vec![255; packet.len() / 255]);
        pieces.push(u8::try_from(packet.len() % 255).expect("small"));
    }
    let count = u8::try_from(pieces.len()).expect("at most 255 pieces");
    let head = [
        b"OggS\0",
        &[flags][..],
        &granule.to_le_bytes(),
        &stream.to_le_bytes(),
        &[0; 8],
    ];
    [head.concat(), vec![count], pieces, packets.concat()].concat()
}

const OPUS_HEAD: &[u8] = b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0";

/// A packet of Opus with 960 samples.
const OPUS: &[u8] = b"\x08sound";

fn opus(stream: u32, list: &[&str]) -> Vec<u8> {
    let tags = [b"OpusTags".to_vec(), comments(list)].concat();
    [
        page(2, 0, stream, &[OPUS_HEAD]),
        page(0, 0, stream, &[&tags]),
        page(0, 1920, stream, &[OPUS; 2]),
        page(4, 3000, stream, &[OPUS; 2]),
    ]
    .concat()
}

fn bx(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).expect("small");
    [&size.to_be_bytes()[..], kind, body].concat()
}

fn m4a(boxes: &[Vec<u8>]) -> Vec<u8> {
    [bx(b"ftyp", b"M4A \0\0\x02\0isom"), boxes.concat()].concat()
}

fn item(kind: &[u8; 4], values: &[&[u8]]) -> Vec<u8> {
    let data = |value: &&[u8]| bx(b"data", &[&[0; 8], *value].concat());
    bx(kind, &values.iter().flat_map(data).collect::<Vec<u8>>())
}

fn ilst(items: &[Vec<u8>]) -> Vec<u8> {
    let meta = [
        vec![0; 4],
        bx(b"hdlr", &[0; 25]),
        bx(b"ilst", &items.concat()),
    ]
    .concat();
    bx(b"moov", &bx(b"udta", &bx(b"meta", &meta)))
}

// ---- what is read --------------------------------------------------------------------------------

#[test]
fn every_kind_has_its_title_artist_and_album_but_for_those_without_tags() {
    for (kind, file) in SAMPLES {
        let tags = tags(file);
        let is_bare =
            *kind == AudioKind::Aac || *file == include_bytes!("../testdata/tags/bare.mp3");
        let expected = match is_bare {
            true => [None; 3],
            false => [Some("Präludium"), Some("Bach"), Some("BWV846")],
        };
        assert_eq!(words(&tags), expected, "{kind:?}");
    }
}

#[test]
fn covers_are_found_in_mp3_flac_and_m4a() {
    let with_cover = SAMPLES
        .iter()
        .filter(|(_, file)| cover(&tags(file)).is_some());
    assert_eq!(with_cover.count(), 4);
    for (_, file) in SAMPLES {
        if let Some((kind, bytes)) = cover(&tags(file)) {
            assert_eq!(kind.content_type(), "image/png");
            assert!(bytes == PNG);
        }
    }
}

#[test]
fn the_length_is_what_a_browser_decodes() {
    // In samples. Made from 18,395 at 44.1 kHz, 20,021 at 48 kHz. Where nothing is said about padding, it is heard.
    let expected = [
        (3_337, 8_000),
        (6_674, 16_000),
        (18_395, 44_100),
        (20_021, 48_000),
        (18 * 576, 22_050),
        (18_395, 44_100),
        (20_021, 48_000),
        (6_674, 16_000),
        (19_456, 44_100),
        (18_390, 44_100),
        (19_418, 44_100),
    ];
    for ((kind, file), (samples, hertz)) in SAMPLES.iter().zip(expected) {
        let sec = tags(file).duration_sec.expect("a length");
        let error_ms = (sec - f64::from(samples) / f64::from(hertz)) * 1000.0;
        assert!(error_ms.abs() < 0.1, "{kind:?}: {sec} s, {error_ms} ms off");
    }
    assert_samples(include_bytes!("../testdata/tracks/prelude5.wav"), 5, 1);
    assert_samples(include_bytes!("../testdata/tracks/prelude60.opus"), 60, 1);
}

// ---- WAV -----------------------------------------------------------------------------------------

#[test]
fn a_wav_whose_stated_size_is_wrong_is_as_long_as_the_file() {
    let sound = chunk(b"data", &[7; 4000]);
    assert_samples(&wav(std::slice::from_ref(&sound)), 1000, 44_100);
    for stated in [0, 4001, 0x7fff_ffff, u32::MAX] {
        let mut sound = sound.clone();
        sound[4..8].copy_from_slice(&stated.to_le_bytes());
        assert_samples(&wav(&[sound]), 1000, 44_100);
    }
    let cut = wav(&[sound]);
    assert_samples(&cut[..cut.len() - 2001], 499, 44_100);
}

#[test]
fn a_wav_has_its_words_before_or_after_the_sound_and_in_two_forms() {
    let info = [
        &b"INFO"[..],
        &chunk(b"INAM", b"odd\0\0"),
        &chunk(b"IART", b"Bj\xf6rk\0"),
    ]
    .concat();
    let list = chunk(b"LIST", &info);
    let tag = chunk(b"id3 ", &id3(3, 0, &frame(b"TALB", b"\0an album")));
    let sound = chunk(b"data", &[7; 400]);
    for chunks in [
        [list.clone(), tag.clone(), sound.clone()],
        [sound, list, tag],
    ] {
        let file = wav(&chunks);
        assert_eq!(
            words(&tags(&file)),
            [Some("odd"), Some("Björk"), Some("an album")]
        );
        assert_samples(&file, 100, 44_100);
    }
}

#[test]
fn a_wav_of_a_coding_that_browsers_do_not_have_has_no_length() {
    let mut file = wav(&[chunk(b"data", &[7; 400])]);
    file[20] = 2; // ADPCM
    assert_eq!(tags(&file).duration_sec, None);
    for at in [22, 24, 34] {
        let mut file = wav(&[chunk(b"data", &[7; 400])]);
        file[at..at + 2].fill(0); // No channels, a rate of 0, a depth of 0.
        assert_eq!(tags(&file).duration_sec, None);
    }
}

// ---- ID3 -----------------------------------------------------------------------------------------

#[test]
fn id3_has_four_encodings_and_lists() {
    for (text, expected) in [
        (&b"\0Bj\xf6rk"[..], "Björk"),
        (b"\x01\xff\xfeB\0j\0\xf6\0r\0k\0\0\0", "Björk"),
        (b"\x01\xfe\xff\0B\0j\0\xf6\0r\0k", "Björk"),
        (b"\x02\0B\0j\0\xf6\0r\0k", "Björk"),
        (b"\x03Bj\xc3\xb6rk\0", "Björk"),
        (b"\x03one\0two\0", "one, two"),
        (b"\x01\xff\xfea\0\0\0\xff\xfeb\0", "a, b"),
        (b"\x03not \xff UTF-8", "not \u{fffd} UTF-8"),
        (b"\x01\xff\xfe\x3d\xd8", "\u{fffd}"),
    ] {
        assert_eq!(
            words(&tagged(&frame(b"TPE1", text))),
            [None, Some(expected), None]
        );
    }
}

#[test]
fn texts_are_cleaned_and_cut() {
    let long = [&b"\x03"[..], &b"x".repeat(100_000)].concat();
    for (text, expected) in [
        (
            &b"\x03\x1b[2J\r\n two   blanks \x07"[..],
            Some("[2J two blanks".to_owned()),
        ),
        ("\x03\u{202e}evil".as_bytes(), Some("evil".into())),
        (&long, Some("x".repeat(TAG_CHARS_MAX))),
        (b"\x03 \n\0", None),
        (b"\x03", None),
        (b"", None),
    ] {
        assert_eq!(tagged(&frame(b"TIT2", text)).title, expected);
    }
}

#[test]
fn every_version_of_id3_is_read() {
    let v2_2 = [
        &b"TT2\0\0\x06\0title"[..],
        b"TP1\0\0\x07\0artist",
        b"PIC\0\0\x11\0XXX\x03\0",
        JPEG,
    ];
    let file = [id3(2, 0, &v2_2.concat()), mp3()].concat();
    assert_eq!(words(&tags(&file)), [Some("title"), Some("artist"), None]);
    assert_eq!(cover(&tags(&file)), Some((PictureKind::Jpeg, JPEG)));

    // Unsynchronised as a whole, which splits 0xff 0xe0; with an extended header.
    let unsynchronised = frame(b"TIT2", b"\0\xff\0\xe0");
    let body = [&[0, 0, 0, 6, 0, 0, 0, 0, 0, 0][..], &unsynchronised].concat();
    let mut file = [id3(3, 0xc0, &body), mp3()].concat();
    file[10 + 10 + 7] -= 1; // A frame's size is that of before.
    assert_eq!(words(&tags(&file)), [Some("ÿà"), None, None]);

    // Version 2.4 does so by frame, and may state a length before.
    let mut frame_2_4 = frame(b"TIT2", b"\0\0\0\x03\0\xff\0\xe0");
    frame_2_4[9] = 0x03;
    let file = [id3(4, 0, &frame_2_4), mp3()].concat();
    assert_eq!(words(&tags(&file)), [Some("ÿà"), None, None]);
}

#[test]
fn id3v1_fills_in_what_is_missing_and_is_no_sound() {
    let v1 = [
        &b"TAG"[..],
        &[b't'; 30],
        b"artist\0rubbish",
        &[b' '; 16],
        &[0; 65 - 2],
    ]
    .concat();
    let v1: [u8; 128] = [v1, vec![0; 2]].concat()[..128]
        .try_into()
        .expect("128 bytes");
    let file = [id3(3, 0, &frame(b"TALB", b"\0album")), mp3(), v1.to_vec()].concat();
    assert_eq!(
        words(&tags(&file)),
        [Some(&"t".repeat(30)[..]), Some("artist"), Some("album")]
    );
    assert_samples(&file, 2 * 1152, 44_100);
}

#[test]
fn an_id3_size_beyond_the_file_or_of_any_frame_does_no_harm() {
    let title = frame(b"TIT2", b"\0title");
    for stated in [0xffff_ffff_u32, 0x7fff_ffff, 100 << 20, 50] {
        let mut lying = frame(b"APIC", b"\0image/png\0\x03\0");
        lying[4..8].copy_from_slice(&stated.to_be_bytes());
        let tags = tagged(&[title.clone(), lying].concat());
        assert_eq!(words(&tags), [Some("title"), None, None]);
        assert_eq!(tags.cover, None);
    }
    let mut file = [id3(3, 0, &title), mp3()].concat();
    file[6..10].copy_from_slice(&seven_bits((1 << 28) - 1));
    assert_eq!(tags_of(&file, AudioKind::Mp3).duration_sec, None);
}

// ---- covers --------------------------------------------------------------------------------------

#[test]
fn a_cover_is_what_its_bytes_are_and_nothing_that_could_hold_a_script() {
    let webp = b"RIFF\x10\0\0\0WEBPVP8 ";
    for (bytes, expected) in [
        (JPEG, Some(PictureKind::Jpeg)),
        (PNG, Some(PictureKind::Png)),
        (b"GIF89a\x01\0\x01\0", Some(PictureKind::Gif)),
        (webp, Some(PictureKind::Webp)),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            None,
        ),
        (b"<?xml version='1.0'?><svg/>", None),
        (b"<!DOCTYPE html><script>alert(1)</script>", None),
        (b"https://example.org/cover.jpg", None),
        (b"BM rest of a bitmap", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"\xff\xd8", None),
        (b"", None),
    ] {
        let expected = expected.map(|kind| (kind, bytes));
        assert_eq!(cover(&tagged(&picture(3, bytes))), expected, "ID3");
        let block = flac_picture(3, b"text/html", bytes);
        assert_eq!(cover(&tags(&flac(&[(6, block)]))), expected, "FLAC");
        let file = m4a(&[ilst(&[item(b"covr", &[bytes])])]);
        assert_eq!(cover(&tags(&file)), expected, "MP4");
    }
}

#[test]
fn the_front_cover_comes_before_other_pictures_and_else_the_first_that_can_be_shown() {
    let tagged = |pictures: &[Vec<u8>]| tagged(&pictures.concat());
    let (artist, front, back) = (picture(8, JPEG), picture(3, PNG), picture(4, b"GIF89a..."));
    let tags = tagged(&[artist.clone(), front.clone(), back.clone()]);
    assert_eq!(tags.cover.expect("a cover").kind, PictureKind::Png);
    let tags = tagged(&[back, artist.clone()]);
    assert_eq!(tags.cover.expect("a cover").kind, PictureKind::Gif);
    let tags = tagged(&[picture(3, b"<svg/>"), artist]);
    assert_eq!(tags.cover.expect("a cover").kind, PictureKind::Jpeg);
}

#[test]
fn a_cover_may_be_as_large_as_its_limit_and_no_larger() {
    for (bytes, is_taken) in [(COVER_BYTES_MAX, true), (COVER_BYTES_MAX + 1, false)] {
        let mut large = JPEG.to_vec();
        large.resize(bytes, 1);
        assert_eq!(tagged(&picture(3, &large)).cover.is_some(), is_taken);
        let file = flac(&[(6, flac_picture(3, b"image/jpeg", &large))]);
        assert_eq!(tags(&file).cover.is_some(), is_taken);
        let file = m4a(&[ilst(&[item(b"covr", &[&large])])]);
        assert_eq!(tags(&file).cover.is_some(), is_taken);
    }
}

// ---- FLAC and Ogg --------------------------------------------------------------------------------

#[test]
fn vorbis_comments_have_keys_in_any_case_and_several_artists() {
    let list = [
        "title=a=b",
        "ARTIST=one",
        "Artist=two",
        "ALBUM=",
        "album=late",
        "no value",
        "=x",
    ];
    let expected = [Some("a=b"), Some("one, two"), Some("late")];
    assert_eq!(words(&tags(&flac(&[(4, comments(&list))]))), expected);
    assert_eq!(words(&tags(&opus(1, &list))), expected);
}

#[test]
fn comments_whose_counts_and_lengths_lie_end_where_their_bytes_do() {
    let good = comments(&["TITLE=title", "ARTIST=artist"]);
    for at in [0, 12, 16, 31] {
        for lie in [u32::MAX, 100 << 20, 0x7fff_ffff] {
            let mut bad = good.clone();
            bad[at..at + 4].copy_from_slice(&lie.to_le_bytes());
            let tags = tags(&flac(&[(4, bad)]));
            assert_eq!(tags.duration_sec, Some(2.0), "the rest is read");
        }
    }
}

#[test]
fn a_flac_that_does_not_say_how_long_it_is_is_as_long_as_its_last_frame_says() {
    let mut file = sample(AudioKind::Flac).to_vec();
    file[21] &= 0xf0;
    file[22..26].fill(0);
    assert_samples(&file, 6_674, 16_000);
    file.extend([&b"TAG"[..], &[0; 125]].concat());
    assert_samples(&file, 6_674, 16_000);
    let cut = &sample(AudioKind::Flac)[..12_000];
    let sec = tags(cut).duration_sec.expect("a length");
    assert!(sec > 0.1 && sec < 0.3, "what is there of it: {sec} s");
}

#[test]
fn an_ogg_may_have_its_cover_in_base64() {
    let block = flac_picture(3, b"image/png", PNG);
    let picture = format!("METADATA_BLOCK_PICTURE={}", base64(&block));
    assert_eq!(
        cover(&tags(&opus(1, &[&picture]))),
        Some((PictureKind::Png, PNG))
    );
    for bad in [
        "METADATA_BLOCK_PICTURE=",
        "METADATA_BLOCK_PICTURE=!",
        &picture[..60],
    ] {
        assert_eq!(tags(&opus(1, &[bad, "TITLE=title"])).cover, None);
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let four = |three: &[u8]| {
        let [a, b, c] = [0, 1, 2].map(|at| u32::from(three.get(at).copied().unwrap_or(0)));
        let bits = a << 16 | b << 8 | c;
        let digit = |shift: u32| char::from(DIGITS[(bits >> shift & 63) as usize]);
        [digit(18), digit(12), digit(6), digit(0)][..=three.len()].to_owned()
    };
    bytes.chunks(3).flat_map(four).collect()
}

#[test]
fn of_chained_and_mixed_ogg_streams_the_first_counts() {
    let one = opus(1, &["TITLE=one"]);
    assert_samples(&one, 3000 - 312, 48_000);
    let two = opus(2, &["TITLE=two"]);
    let chained = [one.clone(), two].concat();
    assert_eq!(words(&tags(&chained)), [Some("one"), None, None]);
    assert_samples(&chained, 3000 - 312, 48_000);

    // A page of another stream, with a wild time, between the first page and the others.
    let first_page = page(2, 0, 1, &[OPUS_HEAD]);
    let other = page(0, i64::MAX, 9, &[b"\x80theora", &[0; 500]]);
    let mixed = [&first_page, &other, &one[first_page.len()..]].concat();
    assert_samples(&mixed, 3000 - 312, 48_000);

    // Rubbish between pages is passed over.
    let torn = [
        &first_page,
        &b"OggOggSOggS\x01"[..],
        &one[first_page.len()..],
    ]
    .concat();
    assert_samples(&torn, 3000 - 312, 48_000);
}

#[test]
fn an_ogg_without_sound_or_without_an_end_is_no_endless_work() {
    let head = page(2, 0, 1, &[OPUS_HEAD]);
    let _any_length = tags(&head.repeat(500));
    let empty = page(0, -1, 1, &[]);
    assert_eq!(
        tags(&[head.clone(), empty.repeat(500)].concat()).duration_sec,
        None
    );
    // A packet that never ends.
    let mut open = page(0, -1, 1, &[&[1; 254]]);
    open[27] = 255;
    open.push(1);
    assert_eq!(tags(&[head, open.repeat(500)].concat()).duration_sec, None);
}

// ---- MP4 -----------------------------------------------------------------------------------------

#[test]
fn boxes_in_boxes_without_end_are_not_followed() {
    for kind in [
        b"moov", b"udta", b"meta", b"trak", b"ilst", b"----", b"moof",
    ] {
        let mut deep = vec![0; 8];
        for _ in 0..20_000 {
            deep.extend([&8_u32.to_be_bytes()[..], kind].concat());
        }
        // Each says that it lasts to the end of the file.
        for at in (8..deep.len()).step_by(8) {
            let left = u32::try_from(deep.len() - at).expect("small");
            deep[at..at + 4].copy_from_slice(&left.to_be_bytes());
        }
        assert_eq!(tags(&m4a(&[deep[8..].to_vec()])), Tags::default());
    }
}

#[test]
fn box_sizes_that_lie_end_with_the_box_around_them() {
    let title = item(b"\xa9nam", &[b"title"]);
    for lie in [0, 1, 2, 7, 9, 100 << 20, u32::MAX] {
        let mut bad = item(b"covr", &[JPEG]);
        bad[..4].copy_from_slice(&u32::to_be_bytes(lie));
        let tags = tags(&m4a(&[ilst(&[title.clone(), bad])]));
        assert_eq!(tags.title.as_deref(), Some("title"));
    }
    let mut large = bx(b"mdat", &[0xff; 8]);
    large[..4].copy_from_slice(&1_u32.to_be_bytes());
    assert_eq!(tags(&m4a(&[large, ilst(&[title])])), Tags::default());
}

#[test]
fn itunes_padding_is_cut_off() {
    let mut file = sample(AudioKind::Mp4).to_vec();
    let edits = file
        .windows(4)
        .position(|four| four == b"elst")
        .expect("edits");
    file[edits..edits + 4].copy_from_slice(b"free");
    let note = b" 00000000 00000840 00000064 0000000000004444 00000000";
    let name = bx(b"name", b"\0\0\0\0iTunSMPB");
    let data = bx(b"data", &[&[0; 8], &note[..]].concat());
    let note = ilst(&[bx(b"----", &[name, data].concat())]);
    assert_samples(&[file.clone(), note].concat(), 19_419 - 2112 - 100, 44_100);
    assert_samples(&file, 19_419, 44_100);
}

// ---- whatever comes ------------------------------------------------------------------------------

/// A file with a beginning and an end, and zeros between; counts what is read of it.
struct Sparse<'a> {
    start: &'a [u8],
    end: &'a [u8],
    bytes: u64,
    at: u64,
    read: u64,
}

impl Sparse<'_> {
    fn byte(&self, at: u64) -> u8 {
        let from_end = usize::try_from(self.bytes - at).unwrap_or(usize::MAX);
        let in_end = self.end.len().checked_sub(from_end).map(|at| self.end[at]);
        let in_start = usize::try_from(at).ok().and_then(|at| self.start.get(at));
        in_end.or(in_start.copied()).unwrap_or(0)
    }
}

impl Read for Sparse<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() && self.at < self.bytes {
            buffer[count] = self.byte(self.at);
            self.at += 1;
            count += 1;
        }
        self.read += count as u64;
        Ok(count)
    }
}

impl Seek for Sparse<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(offset) => self.bytes.saturating_add_signed(offset),
            SeekFrom::Current(offset) => self.at.saturating_add_signed(offset),
        };
        Ok(self.at)
    }
}

#[test]
fn of_a_file_of_many_gigabytes_only_little_is_read() {
    const BYTES: u64 = 9 << 30;
    let sound = wav(&[b"data\xff\xff\xff\xff".to_vec()]);
    let movie = ilst(&[item(b"\xa9nam", &[b"title"])]);
    let mut media = bx(b"ftyp", b"M4A \0\0\0\0");
    let media_bytes = BYTES - (media.len() + movie.len()) as u64;
    media.extend([&b"\0\0\0\x01mdat"[..], &media_bytes.to_be_bytes()].concat());
    let huge_comment = flac(&[(4, vec![0xff; 8]), (6, vec![0xff; 8])]);
    for (kind, start, end) in [
        (AudioKind::Wav, &sound[..], &b""[..]),
        (AudioKind::Mp4, &media, &movie),
        (AudioKind::Flac, &huge_comment, b""),
    ] {
        let mut file = Sparse {
            start,
            end,
            bytes: BYTES,
            at: 0,
            read: 0,
        };
        let tags = read_tags(&mut file, kind);
        assert!(
            file.read < 2 * TAG_BYTES_MAX as u64,
            "{kind:?}: {} read",
            file.read
        );
        match kind {
            AudioKind::Wav => assert_eq!(tags.duration_sec.map(f64::floor), Some(54_782.0)),
            AudioKind::Mp4 => assert_eq!(tags.title.as_deref(), Some("title")),
            _ => {}
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_has_no_tags() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }
    impl Seek for Broken {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            Ok(1 << 40)
        }
    }
    for (kind, _) in SAMPLES {
        assert_eq!(read_tags(&mut Broken, *kind), Tags::default());
        assert_eq!(tags_of(b"", *kind), Tags::default());
    }
}

#[test]
fn a_file_cut_at_any_byte_is_never_longer_than_the_whole() {
    for (kind, file) in SAMPLES {
        let whole = tags(file).duration_sec.expect("a length");
        let step = if file.len() > 5000 { 7 } else { 1 };
        for end in (0..file.len()).step_by(step).chain(0..file.len().min(600)) {
            let cut = tags_of(&file[..end], *kind).duration_sec;
            // An encoder's padding is cut off at the end only.
            assert!(
                cut.is_none_or(|sec| sec < whole + 0.05),
                "{kind:?} at {end}: {cut:?}"
            );
        }
    }
}

#[test]
fn changed_files_never_panic_and_stay_within_the_limits() {
    for_each_seed(6_000, |random| {
        let (kind, file) = *random.pick(SAMPLES);
        // Sizes and tags are at the beginning, and in some files at the end.
        let mut file = file.to_vec();
        let reach = *random.pick(&[60, 400, file.len()]);
        let from = if random.one_in(4) {
            file.len() - reach.min(file.len())
        } else {
            0
        };
        let to = (from + reach).min(file.len());
        let changed = match random.one_in(3) {
            false => random.mutate(&file[from..to]),
            true => {
                let mut part = file[from..to].to_vec();
                let at = random.below(part.len());
                let end = (at + 4).min(part.len());
                part[at..end].fill(if random.one_in(2) { 0xff } else { 0 });
                part
            }
        };
        file.splice(from..to, changed);
        let kind = if random.one_in(20) {
            random.pick(SAMPLES).0
        } else {
            kind
        };
        let _any = tags_of(&file, kind);
    });
}
