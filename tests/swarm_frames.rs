//! The frames of the swarm: every file of `testdata/frames` is what the values encode to and decodes to them again,
//! and nothing that a peer sends makes the decoder panic or allocate what was not sent.

use crate::common::frames;
use crate::common::random;

use frames::{Example, encoded, examples, folder, manifest_of};
use jam::limits::{
    SWARM_ADDRESSES_MAX, SWARM_HANDSHAKE_BYTES_MAX, SWARM_INFO_BYTES_MAX, SWARM_MANIFEST_BYTES_MAX,
    SWARM_MANIFEST_CHECKSUMS, SWARM_NEWS_MAX, SWARM_REFUSAL_BYTES_MAX, SWARM_SMALL_BYTES_MAX,
    SWARM_TRACKS_BYTES_MAX, SWARM_TRACKS_LISTED_MAX, TRACK_NAME_BYTES_MAX,
};
use jam::swarm::frame::{
    AnswerHead, Frame, FrameError, HEAD_BYTES, Listed, ManifestPart, Refusal, RefusalCode, Request,
    Want, decode, frame_length, kind,
};
use jam::track::hash_tree::root_of;
use jam::track::id::TrackId;
use random::for_each_seed;
use std::collections::BTreeSet;

/// A frame without its length, as the decoder gets it.
fn body(frame: &[u8]) -> &[u8] {
    &frame[4..]
}

fn kind_of(example: &Example) -> u8 {
    example.bytes()[HEAD_BYTES - 1]
}

#[test]
fn every_file_is_what_its_value_encodes_to() {
    for example in examples() {
        assert_eq!(example.file(), example.text(), "{}.hex", example.name);
    }
}

#[test]
fn every_file_decodes_to_its_value() {
    for example in examples() {
        let bytes = example.bytes();
        assert_eq!(
            decode(body(&bytes)).as_ref(),
            Ok(&example.frame),
            "{}",
            example.name
        );
        let head = bytes[..4].try_into().expect("four bytes");
        assert_eq!(frame_length(head, u32::MAX), Ok(bytes.len() - 4));
    }
}

#[test]
fn the_folder_has_a_file_for_every_kind_and_no_other_file() {
    let listed: BTreeSet<String> = examples()
        .iter()
        .map(|example| format!("{}.hex", example.name))
        .collect();
    let entries = std::fs::read_dir(folder()).expect("testdata/frames");
    let there: BTreeSet<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(there, listed);
    let kinds: BTreeSet<u8> = examples().iter().map(kind_of).collect();
    let all = [
        kind::HELLO,
        kind::WELCOME,
        kind::PROOF,
        kind::INFO,
        kind::REFUSE,
        kind::GET_MANIFEST,
        kind::REQUEST,
        kind::GET_PEERS,
        kind::BYE,
        kind::MANIFEST,
        kind::CHUNK,
        kind::EMPTY,
        kind::PEERS,
        kind::TRACKS,
    ];
    assert_eq!(kinds, all.into());
}

#[test]
fn the_example_track_is_a_test_vector_of_blake3() {
    // `test_vectors.json` of the BLAKE3 repository, input_len 2049.
    let printed = "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030";
    let manifest = frames::example_manifest();
    assert_eq!(manifest.id().to_string(), printed);
    let folded = root_of(&manifest.layout(), manifest.checksums());
    assert_eq!(folded, manifest.id());
}

// ---- cut, longer, empty, huge --------------------------------------------------------------------

/// Kinds whose last field goes on to the end of the frame, and in steps of how many bytes.
fn open_end(kind: u8) -> Option<usize> {
    match kind {
        kind::INFO | kind::REFUSE | kind::CHUNK => Some(1),
        kind::MANIFEST => Some(32),
        _ => None,
    }
}

#[test]
fn a_frame_cut_at_any_byte_is_malformed_or_another_whole_frame() {
    for example in examples() {
        let bytes = example.bytes();
        let whole = body(&bytes);
        for cut in 0..whole.len() {
            match decode(&whole[..cut]) {
                Err(FrameError::Malformed { kind }) => assert_eq!(kind, whole[0]),
                Err(FrameError::Length { bytes, .. }) => assert_eq!((bytes, cut), (0, 0)),
                Err(error) => panic!("{} cut at {cut}: {error}", example.name),
                Ok(frame) => {
                    let step = open_end(whole[0])
                        .unwrap_or_else(|| panic!("{} cut at {cut} is {frame:?}", example.name));
                    assert_eq!(
                        (whole.len() - cut) % step,
                        0,
                        "{} cut at {cut}",
                        example.name
                    );
                    assert_eq!(body(&encoded(&frame)), &whole[..cut]);
                }
            }
        }
    }
}

#[test]
fn a_frame_with_one_byte_too_many_is_malformed_unless_its_last_field_takes_it() {
    for example in examples() {
        let mut bytes = example.bytes();
        bytes.push(b'x');
        let found = decode(body(&bytes));
        match open_end(bytes[4]) {
            Some(1) => assert_eq!(body(&encoded(&found.expect(example.name))), body(&bytes)),
            _ => assert_eq!(found, Err(FrameError::Malformed { kind: bytes[4] })),
        }
    }
}

#[test]
fn a_length_of_zero_or_over_the_limit_is_refused_before_anything_is_allocated() {
    let limits = [
        SWARM_HANDSHAKE_BYTES_MAX,
        SWARM_INFO_BYTES_MAX,
        SWARM_SMALL_BYTES_MAX,
        SWARM_MANIFEST_BYTES_MAX,
        SWARM_TRACKS_BYTES_MAX,
    ];
    for max in limits {
        for bytes in [0, max + 1, 1 << 24, 0x4745_5420, u32::MAX] {
            let refused = frame_length(bytes.to_be_bytes(), max);
            assert_eq!(refused, Err(FrameError::Length { bytes, max }));
        }
        for bytes in [1, max] {
            let taken = frame_length(bytes.to_be_bytes(), max).map(|bytes| bytes as u32);
            assert_eq!(taken, Ok(bytes));
        }
    }
}

#[test]
fn counts_that_promise_more_than_there_is_are_malformed() {
    let huge = |kind: u8, rest: &[u8]| [&[kind], rest].concat();
    for frame in [
        huge(kind::REQUEST, &[2, 0, 0, 0, 0, 0xff, 0xff]),
        huge(kind::CHUNK, &[0, 0, 0, 0, 0, 0xff, 0xff]),
        huge(kind::EMPTY, &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        huge(kind::PEERS, &[0xff, 0xff]),
        huge(kind::TRACKS, &[0xff, 0xff]),
        huge(kind::INFO, &[0, 0, 0, 0xff, 0xff]),
        huge(kind::MANIFEST, &[10, 0, 0, 0, 0, 0, 0, 8, 1, 0xff, 0xff]),
        huge(
            kind::MANIFEST,
            &[10, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0, 1, b'x', 0xff],
        ),
    ] {
        let kind = frame[0];
        assert_eq!(
            decode(&frame),
            Err(FrameError::Malformed { kind }),
            "{frame:02x?}"
        );
    }
}

#[test]
fn what_is_no_value_of_a_field_is_malformed() {
    let change = |name: &str, at: usize, byte: u8| {
        let all = examples();
        let example = all.iter().find(|example| example.name == name).expect(name);
        let mut bytes = body(&example.bytes()).to_vec();
        bytes[at] = byte;
        bytes
    };
    for (frame, why) in [
        (change("hello-ask", 1, b'J'), "other magic"),
        (change("hello-ask", 10, 4), "no such role"),
        (change("hello-ask", 75, 9), "no such chunk size"),
        (change("hello-ask", 75, 23), "no such chunk size"),
        (change("info-seed", 3, 4), "no such flag"),
        (change("info-seed", 6, 5), "no such kind of address"),
        (change("request-any", 1, 3), "no such want"),
        (change("request-any", 5, 1), "an index for any"),
        (change("bye", 1, 2), "neither true nor false"),
        (change("chunk", 1, 2), "neither true nor false"),
        (change("refuse", 5, 0xff), "not UTF-8"),
        (change("manifest", 1, 9), "no such chunk size"),
        (change("manifest", 2, 1), "more chunks than a track has"),
        (change("manifest", 12, 0xff), "not UTF-8"),
        (change("manifest-rest", 28, 3), "checksums behind the end"),
        (change("tracks", 35, 23), "no such chunk size"),
    ] {
        let kind = frame[0];
        assert_eq!(decode(&frame), Err(FrameError::Malformed { kind }), "{why}");
    }
    let no_index = [&[kind::CHUNK, 0][..], &[0xff; 4], &[0, 0]].concat();
    assert!(decode(&no_index).is_err(), "a CHUNK without an index");
}

#[test]
fn another_version_and_an_unknown_kind_are_told_apart_from_garbage() {
    let mut hello = body(&examples()[0].bytes()).to_vec();
    hello[9] = 2;
    assert_eq!(decode(&hello), Err(FrameError::Version { version: 2 }));
    hello.truncate(10);
    assert_eq!(decode(&hello), Err(FrameError::Version { version: 2 }));
    for kind in [0x00, 0x05, 0x14, 0x25, 0x40, 0x7f, 0xff] {
        assert_eq!(decode(&[kind, 1, 2]), Err(FrameError::Unexpected { kind }));
    }
}

// ---- limits --------------------------------------------------------------------------------------

#[test]
fn the_largest_frame_of_each_kind_is_within_its_limit() {
    let news: Vec<u32> = (0..SWARM_NEWS_MAX as u32).collect();
    let head = AnswerHead {
        pass_over: true,
        index: None,
        news: news.clone(),
    };
    let v6 = "[fd00::2]:9004".parse().expect("an address");
    let addresses = vec![v6; SWARM_ADDRESSES_MAX];
    let manifest = manifest_of(
        &"é".repeat(120),
        &vec![7; (SWARM_MANIFEST_CHECKSUMS + 1) * 1024 - 1],
        10,
    );
    let part = ManifestPart::of(&manifest, 0, SWARM_MANIFEST_CHECKSUMS);
    let listed = Listed {
        track: manifest.id(),
        layout: manifest.layout(),
        name: "é".repeat(TRACK_NAME_BYTES_MAX / 2),
    };
    let text = "x".repeat(SWARM_REFUSAL_BYTES_MAX);
    for (frame, max) in [
        (
            Frame::Request(Request {
                want: Want::News,
                news,
            }),
            SWARM_SMALL_BYTES_MAX,
        ),
        (Frame::Empty(head), SWARM_SMALL_BYTES_MAX),
        (Frame::Peers(addresses), SWARM_SMALL_BYTES_MAX),
        (Frame::Manifest(part), SWARM_MANIFEST_BYTES_MAX),
        (
            Frame::Tracks(vec![listed; SWARM_TRACKS_LISTED_MAX]),
            SWARM_TRACKS_BYTES_MAX,
        ),
        (
            Frame::Refuse(Refusal {
                code: RefusalCode::Busy,
                text,
            }),
            SWARM_HANDSHAKE_BYTES_MAX,
        ),
    ] {
        let bytes = encoded(&frame);
        let head = bytes[..4].try_into().expect("four bytes");
        assert_eq!(frame_length(head, max), Ok(bytes.len() - 4));
        assert_eq!(decode(body(&bytes)), Ok(frame));
    }
}

#[test]
fn more_news_addresses_and_text_than_a_frame_may_have_are_malformed() {
    let over = u16::try_from(SWARM_NEWS_MAX + 1).expect("fits");
    let news = [&over.to_be_bytes()[..], &vec![0; 4 * usize::from(over)]].concat();
    let request = [&[kind::REQUEST, 2, 0, 0, 0, 0], &news[..]].concat();
    assert_eq!(
        decode(&request),
        Err(FrameError::Malformed {
            kind: kind::REQUEST
        })
    );
    let address = [4, 10, 0, 0, 1, 0x23, 0x2b];
    let mut peers = vec![kind::PEERS, 0, SWARM_ADDRESSES_MAX as u8 + 1];
    peers.extend(address.repeat(SWARM_ADDRESSES_MAX + 1));
    assert_eq!(
        decode(&peers),
        Err(FrameError::Malformed { kind: kind::PEERS })
    );
    let mut refusal = vec![kind::REFUSE, 1];
    refusal.resize(2 + SWARM_REFUSAL_BYTES_MAX + 1, b'x');
    assert_eq!(
        decode(&refusal),
        Err(FrameError::Malformed { kind: kind::REFUSE })
    );
}

// ---- chance --------------------------------------------------------------------------------------

/// Decodes, and what comes out encodes to the same bytes again.
fn decode_and_back(bytes: &[u8]) {
    if let Ok(frame) = decode(bytes) {
        assert_eq!(body(&encoded(&frame)), bytes, "{frame:?}");
    }
}

#[test]
fn random_bytes_never_make_the_decoder_panic() {
    let kinds: Vec<u8> = examples().iter().map(kind_of).collect();
    for_each_seed(2000, |random| {
        let length = random.below(300);
        let mut bytes = random.bytes(length);
        decode_and_back(&bytes);
        bytes.insert(0, *random.pick(&kinds));
        decode_and_back(&bytes);
    });
}

#[test]
fn mutated_frames_are_refused_or_are_frames() {
    let frames: Vec<Vec<u8>> = examples().iter().map(Example::bytes).collect();
    for_each_seed(5000, |random| {
        let frame = random.pick(&frames).clone();
        decode_and_back(&random.mutate(body(&frame)));
    });
}

#[test]
fn random_values_come_back_as_they_were() {
    for_each_seed(300, |random| {
        let count = random.below(50);
        let news: Vec<u32> = (0..count).map(|_| random.next() as u32).collect();
        let index = (random.next() as u32).min(u32::MAX - 1);
        let length = random.below(5000);
        let data = random.bytes(length);
        let head = AnswerHead {
            pass_over: random.one_in(2),
            index: Some(index),
            news: news.clone(),
        };
        let want = *random.pick(&[Want::Chunk(index), Want::Any, Want::News]);
        let bytes = random.bytes(20_000).split_off(random.below(19_999));
        let manifest = manifest_of("song.wav", &bytes, 10 + random.below(4) as u8);
        let first = random.below(manifest.checksums().len() + 1) as u32;
        let listed = Listed {
            track: TrackId::from_bytes(std::array::from_fn(|_| random.byte())),
            layout: manifest.layout(),
            name: "Ärger".into(),
        };
        for frame in [
            Frame::Chunk(head.clone(), &data),
            Frame::Empty(AnswerHead {
                index: None,
                ..head
            }),
            Frame::Request(Request { want, news }),
            Frame::Manifest(ManifestPart::of(&manifest, first, random.below(30))),
            Frame::Tracks(vec![listed; random.below(5)]),
            Frame::GetManifest(index),
        ] {
            let bytes = encoded(&frame);
            assert_eq!(decode(body(&bytes)), Ok(frame));
        }
    });
}
