//! Chunk sizes and the arithmetic of a track that is cut into chunks.

use crate::common::random;

use jam::limits::{CHUNK_BYTES_MAX, CHUNKS_MAX};
use jam::track::chunks::{ChunkSize, Layout};
use random::for_each_seed;

fn sizes() -> impl Iterator<Item = ChunkSize> {
    (10..=22).map(|log2| ChunkSize::from_log2(log2).expect("a chunk size"))
}

fn layout(length: u64, log2: u8) -> Layout {
    let size = ChunkSize::from_log2(log2).expect("a chunk size");
    Layout::new(length, size).expect("a layout")
}

#[test]
fn chunk_sizes_are_the_powers_of_two_from_1_kib_to_4_mib() {
    let found: Vec<u8> = (0..=255)
        .filter(|&log2| ChunkSize::from_log2(log2).is_some())
        .collect();
    assert_eq!(found, (10..=22).collect::<Vec<u8>>());
    for size in sizes() {
        let bytes = u64::from(size.bytes());
        assert_eq!(bytes, 1 << size.log2());
        assert_eq!(ChunkSize::from_bytes(bytes), Some(size));
        for other in [bytes - 1, bytes + 1, bytes * 3, bytes / 2 * 3] {
            assert_eq!(ChunkSize::from_bytes(other), None, "{other}");
        }
    }
    for other in [
        0,
        1,
        2,
        512,
        8 << 20,
        1 << 32,
        (1 << 32) + 1024,
        1 << 42,
        u64::MAX,
    ] {
        assert_eq!(ChunkSize::from_bytes(other), None, "{other}");
    }
    assert_eq!(ChunkSize::MIN.bytes(), 1024);
    assert_eq!(ChunkSize::MAX.bytes(), CHUNK_BYTES_MAX);
}

#[test]
fn chunk_sizes_are_shown_as_people_write_them() {
    let shown: Vec<String> = sizes().map(|size| size.to_string()).collect();
    assert_eq!(shown[..3], ["1 KiB", "2 KiB", "4 KiB"]);
    assert_eq!(shown[9..], ["512 KiB", "1 MiB", "2 MiB", "4 MiB"]);
    let ends = [ChunkSize::MIN.to_string(), ChunkSize::MAX.to_string()];
    assert!(
        ends.iter()
            .all(|end| ChunkSize::ALLOWED.contains(end.as_str()))
    );
}

#[test]
fn a_track_is_cut_so_that_the_number_of_chunks_grows_more_slowly_than_its_length() {
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    for (length, chunk, count) in [
        (1, "16 KiB", 1),
        (5 * MIB, "16 KiB", 320),
        (16 * MIB, "16 KiB", 1_024),
        (16 * MIB + 1, "32 KiB", 513),
        (32 * MIB, "32 KiB", 1_024),
        (64 * MIB, "32 KiB", 2_048),
        (GIB, "128 KiB", 8_192),
        (4 * GIB, "128 KiB", 32_768),
        (16 * GIB, "256 KiB", 65_536),
        (17 * GIB, "512 KiB", 34_816),
        (128 * GIB, "2 MiB", 65_536),
        (1024 * GIB, "4 MiB", 262_144),
        (4096 * GIB, "4 MiB", CHUNKS_MAX),
    ] {
        let size = ChunkSize::for_length(length);
        assert_eq!(size.to_string(), chunk, "{length}");
        let layout = Layout::new(length, size).expect("a layout");
        assert_eq!(layout.count(), count, "{length}");
    }
    let too_long = 4096 * GIB + 1;
    assert_eq!(Layout::new(too_long, ChunkSize::for_length(too_long)), None);
}

#[test]
fn longer_tracks_never_have_smaller_chunks() {
    let lengths = (0..=43).flat_map(|log2| [(1_u64 << log2) - 1, 1 << log2, (1 << log2) + 1]);
    let sizes: Vec<ChunkSize> = lengths.map(ChunkSize::for_length).collect();
    assert!(sizes.is_sorted());
    assert_eq!(ChunkSize::for_length(u64::MAX), ChunkSize::MAX);
}

#[test]
fn a_layout_has_1_to_chunks_max_chunks() {
    for size in sizes() {
        let bytes = u64::from(size.bytes());
        let most = bytes * u64::from(CHUNKS_MAX);
        for (length, count) in [
            (0, None),
            (1, Some(1)),
            (bytes - 1, Some(1)),
            (bytes, Some(1)),
            (bytes + 1, Some(2)),
            (most - bytes, Some(CHUNKS_MAX - 1)),
            (most, Some(CHUNKS_MAX)),
            (most + 1, None),
            (u64::MAX, None),
        ] {
            let found = Layout::new(length, size).map(|layout| layout.count());
            assert_eq!(found, count, "{length} bytes in chunks of {size}");
        }
    }
}

#[test]
fn chunks_lie_one_after_the_other_and_cover_the_track() {
    for_each_seed(300, |random| {
        let log2 = 10 + random.below(13) as u8;
        let count = 1 + random.below(50) as u64;
        let length = (count << log2) - random.next() % (1 << log2);
        let layout = layout(length, log2);
        assert_eq!(u64::from(layout.count()), count);
        let mut end = 0;
        for index in 0..layout.count() {
            assert!(layout.contains(index));
            assert_eq!(layout.offset(index), end);
            let bytes = layout.chunk_bytes(index);
            let is_last = index + 1 == layout.count();
            assert!(bytes > 0 && (is_last || bytes == 1 << log2));
            end += bytes as u64;
        }
        assert_eq!(end, length);
        assert!(!layout.contains(layout.count()) && !layout.contains(u32::MAX));
    });
}

#[test]
fn a_track_beyond_32_bits_has_exact_offsets() {
    let length = (16 << 30) - 1;
    let layout = layout(length, 14);
    assert_eq!(layout.count(), CHUNKS_MAX);
    let last = layout.count() - 1;
    assert_eq!(layout.offset(last), (16 << 30) - (16 << 10));
    assert_eq!(layout.chunk_bytes(last), (16 << 10) - 1);
    assert_eq!(layout.chunk_bytes(0), 16 << 10);
    // What is left after chunk 0 and after chunk 262,144 has only zeros in its low 32 bits.
    let even = self::layout(16 << 30, 14);
    assert_eq!(
        (even.chunk_bytes(0), even.chunk_bytes(1 << 18)),
        (16 << 10, 16 << 10)
    );
    assert_eq!(
        layout.to_string(),
        "17179869183 bytes in 1048576 chunks of 16 KiB"
    );
}

#[test]
#[should_panic(expected = "bug: 10 bytes in 1 chunks of 1 KiB has no chunk 1")]
fn asking_for_a_chunk_that_does_not_exist_is_a_bug() {
    let _offset = layout(10, 10).offset(1);
}
