//! Chunk checksums fold to the hash that `b3sum` prints, whatever the length and the chunk size.

use crate::common::random;

use jam::limits::HASH_BUFFER_BYTES;
use jam::track::chunks::{ChunkSize, Layout};
use jam::track::hash_tree::{Checksum, chunk_checksum, root_of};
use jam::track::hashing::{HashError, Hashed, hash_track};
use jam::track::id::TrackId;
use random::{Random, for_each_seed};
use std::error::Error;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

fn layout(length: usize, log2: u8) -> Layout {
    let size = ChunkSize::from_log2(log2).expect("a chunk size");
    Layout::new(length as u64, size).expect("a layout")
}

fn checksums(layout: &Layout, bytes: &[u8]) -> Vec<Checksum> {
    let chunks = bytes.chunks(layout.chunk_size().bytes() as usize);
    (0..)
        .zip(chunks)
        .map(|(index, chunk)| chunk_checksum(layout, index, chunk))
        .collect()
}

fn id_of(bytes: &[u8]) -> TrackId {
    TrackId::from_hash(blake3::hash(bytes))
}

fn hash(source: &mut dyn Read, length: u64, log2: u8) -> Result<Hashed, HashError> {
    let go_on = &mut |_: &Path, _, _| ControlFlow::Continue(());
    hash_track(
        source,
        length,
        ChunkSize::from_log2(log2),
        Path::new("a track"),
        go_on,
    )
}

#[test]
fn checksums_fold_to_the_hash_of_the_bytes_around_every_power_of_two_and_for_every_chunk_size() {
    let bytes = sound((5 << 20) + 1);
    let powers = (0..=22).map(|log2| 1_usize << log2);
    let around = powers.flat_map(|power| [power - 1, power, power + 1]);
    let more = [
        3 << 10,
        (3 << 10) + 1,
        (3 << 20) - 1,
        5 << 20,
        (5 << 20) + 1,
    ];
    for length in around.chain(more).filter(|&length| length > 0) {
        let bytes = &bytes[..length];
        let id = id_of(bytes);
        for log2 in 10..=22 {
            let layout = layout(length, log2);
            let root = root_of(&layout, &checksums(&layout, bytes));
            assert_eq!(root, id, "{layout}");
        }
    }
}

/// Bytes that repeat after 251 places, so that no two leaves, chunks or halves are the same.
fn sound(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

#[test]
fn checksums_fold_to_the_hash_of_the_bytes_for_random_lengths_and_contents() {
    for_each_seed(200, |random| {
        let log2 = 1 + random.below(18);
        let length = 1 + random.below(1 << log2);
        let bytes = random.bytes(length);
        let layout = layout(length, 10 + random.below(9) as u8);
        assert_eq!(
            root_of(&layout, &checksums(&layout, &bytes)),
            id_of(&bytes),
            "{layout}"
        );
    });
}

#[test]
fn the_checksum_of_the_only_chunk_is_the_track_id() {
    for length in [1, 1023, 1024, 1025, 5000, 16384] {
        let bytes = sound(length);
        let layout = layout(length, 14);
        assert_eq!(checksums(&layout, &bytes), [*id_of(&bytes).as_bytes()]);
    }
}

#[test]
fn a_checksum_depends_on_the_bytes_on_their_place_and_on_being_alone() {
    let two_zeros = layout(2048, 10);
    let zeros = [0; 1024];
    let first = chunk_checksum(&two_zeros, 0, &zeros);
    assert_ne!(first, chunk_checksum(&two_zeros, 1, &zeros));
    assert_ne!(first, chunk_checksum(&layout(1024, 10), 0, &zeros));
    for_each_seed(100, |random| {
        let mut other = zeros;
        other[random.below(1024)] ^= 1 << random.below(8);
        assert_ne!(first, chunk_checksum(&two_zeros, 0, &other));
    });
}

#[test]
fn a_track_of_the_largest_number_of_chunks_folds() {
    // 1 GiB of zeros in chunks of 1 KiB; the checksums are made here as BLAKE3 does, leaf by leaf.
    let layout = layout(1 << 30, 10);
    let zeros = [0; 1024];
    let checksums: Vec<Checksum> = (0..layout.count())
        .map(|index| chunk_checksum(&layout, index, &zeros))
        .collect();
    let mut whole = blake3::Hasher::new();
    let piece = vec![0; 1 << 20];
    for _ in 0..1 << 10 {
        whole.update(&piece);
    }
    assert_eq!(
        root_of(&layout, &checksums),
        TrackId::from_hash(whole.finalize())
    );
}

#[test]
fn chunks_far_behind_4_gib_have_the_values_that_blake3_gives_them() {
    use blake3::hazmat::HasherExt;
    let size = ChunkSize::from_log2(14).expect("a chunk size");
    let layout = Layout::new(16 << 30, size).expect("a layout");
    let chunk = sound(16 << 10);
    let mut hasher = blake3::Hasher::new();
    hasher
        .set_input_offset((16 << 30) - (16 << 10))
        .update(&chunk);
    let last = chunk_checksum(&layout, layout.count() - 1, &chunk);
    assert_eq!(last, hasher.finalize_non_root());
}

// ---- hashing -------------------------------------------------------------------------------------

#[test]
fn a_track_is_hashed_in_one_pass_however_its_bytes_come() {
    /// Gives a few bytes at a time, and is interrupted now and then, as a pipe may be.
    struct Dripping<'a>(&'a [u8], &'a mut Random);
    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.1.one_in(10) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let most = buffer.len().min(self.0.len());
            let count = most.min(1 + self.1.below(9000));
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }
    for_each_seed(60, |random| {
        let length = 1 + random.below(4 * HASH_BUFFER_BYTES);
        let log2 = 10 + random.below(10) as u8;
        let bytes = sound(length);
        let mut source = Dripping(&bytes, random);
        let hashed = hash(&mut source, length as u64, log2).expect("hashed");
        assert_eq!(hashed.id, id_of(&bytes));
        assert_eq!(hashed.layout, layout(length, log2));
        assert_eq!(hashed.checksums, checksums(&hashed.layout, &bytes));
        let manifest = hashed.into_manifest("A song.flac");
        assert_eq!(
            (manifest.id(), manifest.name()),
            (id_of(&bytes), "A song.flac")
        );
    });
}

#[test]
fn hashing_reads_the_length_and_not_a_byte_more() {
    let mut source = &sound(5000)[..];
    let hashed = hash(&mut source, 4000, 10).expect("hashed");
    assert_eq!(hashed.id, id_of(&sound(4000)));
    assert_eq!(source.len(), 1000);
}

#[test]
fn progress_is_told_of_every_buffer_and_may_call_it_off() {
    let bytes = sound(3 * HASH_BUFFER_BYTES + 5);
    for (chunk_log2, step) in [
        (10, HASH_BUFFER_BYTES),
        (14, HASH_BUFFER_BYTES),
        (18, 1 << 18),
    ] {
        for last in 1..=4 {
            let mut told = Vec::new();
            let result = hash_track(
                &mut &bytes[..],
                bytes.len() as u64,
                ChunkSize::from_log2(chunk_log2),
                Path::new("a track"),
                &mut |path, done, all| {
                    assert_eq!((path, all), (Path::new("a track"), bytes.len() as u64));
                    told.push(done as usize);
                    match told.len() == last {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                },
            );
            let steps = (1..).map(|count| bytes.len().min(count * step));
            let wanted: Vec<usize> = steps.take(bytes.len().div_ceil(step).min(last)).collect();
            assert_eq!(told, wanted);
            let called_off = matches!(result, Err(HashError::Interrupted));
            assert_eq!(
                called_off,
                told.len() == last,
                "{last} of chunks of 1 << {chunk_log2}"
            );
        }
    }
}

#[test]
fn what_cannot_be_hashed_is_refused_with_the_reason() {
    let said = |length: u64, log2: u8| match hash(&mut &sound(5000)[..], length, log2) {
        Ok(_) => panic!("{length} bytes were hashed"),
        Err(error) => error.to_string(),
    };
    assert_eq!(said(0, 10), "is empty");
    assert_eq!(said(5001, 10), "ended before its 5001 bytes");
    assert_eq!(
        said((1 << 30) + 1, 10),
        "1073741825 bytes are too many for chunks of 1 KiB \
         (choose a larger chunk size: a power of two from 1 KiB to 4 MiB)"
    );
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is on fire"))
        }
    }
    let error = hash(&mut Broken, 10, 10).expect_err("broken");
    assert_eq!(error.to_string(), "the disk is on fire");
    assert!(error.source().is_some());
}
