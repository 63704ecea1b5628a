//! A manifest is believed only if all of it but its name belongs to the track.

use crate::common::random;

use jam::track::chunks::{ChunkSize, Layout};
use jam::track::hash_tree::{Checksum, LEAF_BYTES, chunk_checksum};
use jam::track::id::TrackId;
use jam::track::manifest::{LengthProof, Manifest, ManifestError};
use random::{Random, for_each_seed};

/// What travels from node to node.
#[derive(Clone)]
struct Sent {
    id: TrackId,
    length: u64,
    chunk_size: ChunkSize,
    checksums: Vec<Checksum>,
    proof: LengthProof,
}

impl Sent {
    fn of(bytes: &[u8], log2: u8) -> Self {
        let chunk_size = ChunkSize::from_log2(log2).expect("a chunk size");
        let length = bytes.len() as u64;
        let layout = Layout::new(length, chunk_size).expect("a layout");
        let chunks: Vec<&[u8]> = bytes.chunks(chunk_size.bytes() as usize).collect();
        let checksums = (0..)
            .zip(&chunks)
            .map(|(index, chunk)| chunk_checksum(&layout, index, chunk));
        Self {
            id: TrackId::from_hash(blake3::hash(bytes)),
            length,
            chunk_size,
            checksums: checksums.collect(),
            proof: LengthProof::of(&layout, chunks[chunks.len() - 1]),
        }
    }

    /// `None` when there is no such layout at all.
    fn try_prove(&self) -> Option<Result<Manifest, ManifestError>> {
        let layout = Layout::new(self.length, self.chunk_size)?;
        let (checksums, proof) = (self.checksums.clone(), self.proof.clone());
        Some(Manifest::prove(
            self.id,
            "A song.flac",
            layout,
            checksums,
            proof,
        ))
    }

    fn prove(&self) -> Result<Manifest, ManifestError> {
        self.try_prove().expect("a layout")
    }

    fn is_refused(&self) -> bool {
        !matches!(self.try_prove(), Some(Ok(_)))
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut other = self.clone();
        change(&mut other);
        other
    }
}

/// Lengths on both sides of every edge: of a leaf, of a chunk, of a power of two of leaves and of chunks.
fn lengths() -> Vec<usize> {
    let powers = (0..=16).map(|log2| 1_usize << log2);
    let around = powers.flat_map(|power| [power - 1, power, power + 1]);
    let more = (1..=20).flat_map(|leaves| [leaves * 1024 - 1, leaves * 1024, leaves * 1024 + 1]);
    let mut lengths: Vec<usize> = around.chain(more).filter(|&length| length > 0).collect();
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}

fn some_bytes(random: &mut Random) -> (Vec<u8>, u8) {
    let length = match random.below(3) {
        0 => *random.pick(&lengths()),
        1 => 1 + random.below(5000),
        _ => 1 + random.below(100_000),
    };
    (random.bytes(length), 10 + random.below(6) as u8)
}

fn flip(checksum: &mut Checksum, random: &mut Random) {
    checksum[random.below(32)] ^= 1 << random.below(8);
}

#[test]
fn a_true_manifest_is_proved_for_every_length_and_chunk_size() {
    let bytes: Vec<u8> = (0..70_000).map(|place| (place % 251) as u8).collect();
    for length in lengths() {
        for log2 in 10..=17 {
            let sent = Sent::of(&bytes[..length], log2);
            let manifest = sent
                .prove()
                .unwrap_or_else(|error| panic!("{length}, {log2}: {error}"));
            assert_eq!(manifest.id(), sent.id);
            assert_eq!(manifest.name(), "A song.flac");
            assert_eq!(manifest.layout().length(), length as u64);
            assert_eq!(manifest.layout().chunk_size(), sent.chunk_size);
            assert_eq!(manifest.checksums(), sent.checksums);
            assert_eq!(*manifest.length_proof(), sent.proof);
            assert!((1..=LEAF_BYTES).contains(&sent.proof.leaf.len()));
            assert!(sent.proof.siblings.len() <= 12);
        }
    }
}

#[test]
fn a_chunk_of_4_mib_has_12_siblings() {
    let bytes = vec![7; 4 << 20];
    let sent = Sent::of(&bytes, 22);
    assert_eq!((sent.checksums.len(), sent.proof.siblings.len()), (1, 12));
    assert!(sent.prove().is_ok());
}

#[test]
fn any_other_length_is_refused() {
    // Every length that may be claimed for the same checksums, and many for which there would be more or fewer.
    let bytes: Vec<u8> = (0..9000).map(|place| (place % 251) as u8).collect();
    for length in lengths()
        .into_iter()
        .filter(|&length| length <= bytes.len())
    {
        for log2 in [10, 11, 13] {
            let sent = Sent::of(&bytes[..length], log2);
            for claimed in (1..=10_000).filter(|&claimed| claimed != length as u64) {
                // Most claims fail at once, so all of them can be tried.
                let refused = sent.with(|sent| sent.length = claimed).is_refused();
                assert!(
                    refused,
                    "{length} bytes as {claimed} in chunks of 1 << {log2}"
                );
            }
        }
    }
}

#[test]
fn another_length_is_refused_also_with_a_leaf_and_siblings_of_its_shape() {
    for_each_seed(2000, |random| {
        let (bytes, log2) = some_bytes(random);
        let sent = Sent::of(&bytes, log2);
        let by = 1 + random.below(2 << log2);
        let mut other = bytes.clone();
        match random.one_in(2) {
            true => other.extend((0..by).map(|_| if random.one_in(2) { 0 } else { random.byte() })),
            false => other.truncate(bytes.len().saturating_sub(by).max(1)),
        }
        if other.len() == bytes.len() {
            return;
        }
        // A liar who knows the track, and makes the best of it: everything as for the other length, but the
        // checksums of the track, as many as are needed.
        let forged = Sent::of(&other, log2);
        let mut checksums = sent.checksums.clone();
        checksums.resize(forged.checksums.len(), *checksums.last().expect("one"));
        assert!(
            forged
                .with(|forged| (forged.id, forged.checksums) = (sent.id, checksums))
                .is_refused()
        );
        assert!(forged.with(|forged| forged.id = sent.id).is_refused());
        let own_proof =
            |forged: &mut Sent| (forged.id, forged.proof) = (sent.id, sent.proof.clone());
        assert!(forged.with(own_proof).is_refused());
    });
}

#[test]
fn a_checksum_that_is_wrong_swapped_missing_or_too_many_is_refused() {
    for_each_seed(500, |random| {
        let (bytes, log2) = some_bytes(random);
        let sent = Sent::of(&bytes, log2);
        assert!(sent.prove().is_ok());
        let count = sent.checksums.len();
        let place = random.below(count);
        let wrong = sent.with(|sent| flip(&mut sent.checksums[place], random));
        let expected = match place + 1 == count {
            true => ManifestError::Length { bytes: sent.length },
            false => ManifestError::Checksums { id: sent.id },
        };
        assert_eq!(wrong.prove(), Err(expected));
        let chunks = count as u32;
        for checksums in [count - 1, count + 1, 0] {
            let last = sent.checksums[count - 1];
            let other = sent.with(|sent| sent.checksums.resize(checksums, last));
            assert_eq!(
                other.prove(),
                Err(ManifestError::Count { chunks, checksums })
            );
        }
        let other_place = random.below(count);
        if sent.checksums[place] != sent.checksums[other_place] {
            assert!(
                sent.with(|sent| sent.checksums.swap(place, other_place))
                    .is_refused()
            );
        }
    });
}

#[test]
fn a_leaf_or_sibling_that_is_wrong_missing_or_too_many_is_refused() {
    for_each_seed(500, |random| {
        let (bytes, log2) = some_bytes(random);
        let sent = Sent::of(&bytes, log2);
        let refused = |change: &mut dyn FnMut(&mut LengthProof)| {
            let other = sent.with(|sent| change(&mut sent.proof));
            let expected = ManifestError::Length { bytes: sent.length };
            assert_eq!(other.prove(), Err(expected), "{:?}", other.proof);
        };
        let leaf_bytes = sent.proof.leaf.len();
        refused(&mut |proof| proof.leaf[random.below(leaf_bytes)] ^= 1 << random.below(8));
        refused(&mut |proof| proof.leaf.truncate(leaf_bytes - 1));
        refused(&mut |proof| proof.leaf.push(0));
        refused(&mut |proof| proof.leaf.clear());
        refused(&mut |proof| proof.leaf.resize(1025, 0));
        refused(&mut |proof| proof.leaf.resize(1 << 20, 0));
        refused(&mut |proof| proof.siblings.push([0; 32]));
        refused(&mut |proof| proof.siblings.insert(0, [0; 32]));
        refused(&mut |proof| proof.siblings.resize(1000, [0; 32]));
        let siblings = sent.proof.siblings.len();
        if siblings > 0 {
            refused(&mut |proof| flip(&mut proof.siblings[random.below(siblings)], random));
            refused(&mut |proof| proof.siblings.truncate(siblings - 1));
            refused(&mut |proof| proof.siblings.clear());
            let end = siblings - 1;
            if siblings > 1 && sent.proof.siblings[0] != sent.proof.siblings[end] {
                refused(&mut |proof| proof.siblings.swap(0, end));
            }
        }
    });
}

#[test]
fn the_manifest_of_another_track_is_refused() {
    for_each_seed(300, |random| {
        let (bytes, log2) = some_bytes(random);
        let mut other = bytes.clone();
        let place = random.below(other.len());
        other[place] ^= 1 << random.below(8);
        let (sent, other) = (Sent::of(&bytes, log2), Sent::of(&other, log2));
        assert!(sent.with(|sent| sent.id = other.id).is_refused());
        assert!(
            sent.with(|sent| sent.checksums = other.checksums.clone())
                .is_refused()
        );
        let of_the_last = place / (1 << log2) + 1 == sent.checksums.len();
        if of_the_last {
            assert!(
                sent.with(|sent| sent.proof = other.proof.clone())
                    .is_refused()
            );
        }
    });
}

#[test]
fn another_chunk_size_is_refused_unless_it_cuts_the_track_in_the_same_way() {
    for_each_seed(500, |random| {
        let (bytes, log2) = some_bytes(random);
        let other_log2 = 10 + random.below(6) as u8;
        let sent = Sent::of(&bytes, log2);
        let claimed = sent.with(|sent| {
            sent.chunk_size = ChunkSize::from_log2(other_log2).expect("a chunk size");
        });
        // One chunk is one chunk; then the claim is true.
        let is_true = Sent::of(&bytes, other_log2).checksums == sent.checksums;
        assert_eq!(!claimed.is_refused(), is_true, "{} bytes", bytes.len());
    });
}

#[test]
fn inner_nodes_do_not_pass_for_chunks_or_leaves() {
    // The children of the root, claimed as a track of two leaves: their values as the checksums of two chunks, and the
    // 64 bytes that are merged to the root, claimed as a track of 64 bytes.
    let bytes: Vec<u8> = (0..4096).map(|place| (place % 251) as u8).collect();
    let halves = Sent::of(&bytes, 11);
    let id = halves.id;
    let as_two_leaves = Sent {
        length: 2048,
        chunk_size: ChunkSize::MIN,
        ..halves.clone()
    };
    assert!(as_two_leaves.is_refused());
    let merged = halves.checksums.concat();
    let as_one_leaf = Sent::of(&merged, 10);
    assert!(as_one_leaf.with(|sent| sent.id = id).is_refused());
    let own_checksum = |sent: &mut Sent| (sent.id, sent.checksums) = (id, vec![*id.as_bytes()]);
    assert!(as_one_leaf.with(own_checksum).is_refused());
}

#[test]
fn a_chunk_matches_only_whole_and_in_its_place() {
    for_each_seed(300, |random| {
        let (bytes, log2) = some_bytes(random);
        let manifest = Sent::of(&bytes, log2).prove().expect("a manifest");
        let count = manifest.layout().count();
        let chunks: Vec<&[u8]> = bytes.chunks(1 << log2).collect();
        let index = random.below(count as usize);
        let chunk = chunks[index];
        assert!(manifest.matches(index as u32, chunk));
        assert!(!manifest.matches(index as u32, &chunk[..chunk.len() - 1]));
        assert!(!manifest.matches(index as u32, &[chunk, &[0]].concat()));
        assert!(!manifest.matches(index as u32, &[]));
        for other in [count, count + 1, u32::MAX, (index as u32).wrapping_add(1)] {
            assert!(
                !manifest.matches(other, chunk),
                "{index} as {other} of {count}"
            );
        }
        let mut wrong = chunk.to_vec();
        wrong[random.below(chunk.len())] ^= 1 << random.below(8);
        assert!(!manifest.matches(index as u32, &wrong));
    });
}

#[test]
fn a_name_is_made_fit_for_display() {
    let sent = Sent::of(b"a track", 10);
    let layout = Layout::new(sent.length, sent.chunk_size).expect("a layout");
    let named = |name: &str| {
        let (checksums, proof) = (sent.checksums.clone(), sent.proof.clone());
        let manifest = Manifest::prove(sent.id, name, layout, checksums, proof);
        manifest.expect("a manifest").name().to_owned()
    };
    assert_eq!(named("AC/DC - T.N.T.\n\u{202e}3pm"), "AC/DC - T.N.T. 3pm");
    assert_eq!(named(""), "track");
    assert_eq!(named(" \0\u{200b} "), "track");
    assert_eq!(named(&"é".repeat(1000)), "é".repeat(120));
}

#[test]
fn refusals_say_what_is_wrong() {
    let sent = Sent::of(&[1; 3000], 10);
    let said = |sent: Sent| sent.prove().expect_err("refused").to_string();
    assert_eq!(
        said(sent.with(|sent| sent.checksums.truncate(2))),
        "manifest has 2 checksums for 3 chunks"
    );
    assert_eq!(
        said(sent.with(|sent| sent.length -= 1)),
        "manifest does not prove its 2999 bytes"
    );
    let other = TrackId::from_bytes([0xab; 32]);
    assert_eq!(
        said(sent.with(|sent| sent.id = other)),
        format!("checksums of the manifest are not those of {other}")
    );
}
