//! A manifest that somebody sent, true but for some bytes: what is believed is the track's own, all but the name.

use super::{assert_clean, assert_one_line};
use jam::limits::TRACK_NAME_CHARS_MAX;
use jam::swarm::frame::{Frame, ManifestPart, decode, encode};
use jam::track::chunks::{ChunkSize, Layout};
use jam::track::hash_tree::chunk_checksum;
use jam::track::id::TrackId;
use jam::track::manifest::{LengthProof, Manifest};

/// The length, which is not part of what `decode` reads.
const LENGTH_BYTES: usize = 4;

/// A byte for the size of chunks, one for the number of changes, three for each of them, and the track.
pub fn run(bytes: &[u8]) {
    let Some((&[log2, changes], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let changes = 3 * usize::from(changes % 8);
    let Some((changes, track)) = rest.split_at_checked(changes) else {
        return;
    };
    let chunk_size = ChunkSize::from_log2(10 + log2 % 13).expect("10 to 22");
    let Some(layout) = Layout::new(track.len() as u64, chunk_size) else {
        return;
    };
    let manifest = true_manifest(track, layout);
    assert_own_chunks_match(&manifest, track);

    let mut sent = Vec::new();
    let part = ManifestPart::of(&manifest, 0, usize::MAX);
    encode(&Frame::Manifest(part), &mut sent);
    for change in changes.chunks_exact(3) {
        let body = sent.len() - LENGTH_BYTES;
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % body;
        sent[LENGTH_BYTES + at] ^= change[2];
    }
    let Ok(Frame::Manifest(part)) = decode(&sent[LENGTH_BYTES..]) else {
        return;
    };
    let proved = Manifest::prove(
        manifest.id(),
        &part.name,
        part.layout,
        part.checksums,
        part.proof,
    );
    match proved {
        Ok(proved) => {
            assert_same_cut(proved.layout(), manifest.layout());
            assert_eq!(proved.checksums(), manifest.checksums());
            assert_eq!(proved.length_proof(), manifest.length_proof());
            assert_clean(proved.name(), TRACK_NAME_CHARS_MAX);
        }
        Err(error) => assert_one_line(&error.to_string(), 200),
    }
}

/// A track of one chunk is the same in chunks of any size that is not less.
fn assert_same_cut(proved: Layout, own: Layout) {
    assert_eq!(
        (proved.length(), proved.count()),
        (own.length(), own.count())
    );
    assert!(proved.chunk_size() == own.chunk_size() || own.count() == 1);
}

fn true_manifest(track: &[u8], layout: Layout) -> Manifest {
    let chunks: Vec<&[u8]> = track.chunks(layout.chunk_size().bytes() as usize).collect();
    let checksums = (0..)
        .zip(&chunks)
        .map(|(index, chunk)| chunk_checksum(&layout, index, chunk));
    let proof = LengthProof::of(&layout, chunks[chunks.len() - 1]);
    let id = TrackId::from_hash(blake3::hash(track));
    Manifest::prove(id, "song.flac", layout, checksums.collect(), proof)
        .expect("what a track gives is its own")
}

fn assert_own_chunks_match(manifest: &Manifest, track: &[u8]) {
    let chunk_bytes = manifest.layout().chunk_size().bytes() as usize;
    for (index, chunk) in (0..).zip(track.chunks(chunk_bytes)) {
        assert!(manifest.matches(index, chunk), "chunk {index}");
        assert!(!manifest.matches(index, &chunk[1..]), "chunk {index}");
        assert!(!manifest.matches(u32::MAX - index, chunk), "chunk {index}");
    }
}
