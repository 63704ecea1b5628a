//! The BLAKE3 tree of a track, seen from its chunks.
//!
//! BLAKE3 cuts its input into leaves of 1,024 bytes and merges their values in pairs: the left part of a node has the
//! largest power of two of leaves that leaves something for the right part (section 2.1 of the BLAKE3 paper). A chunk
//! has a power of two of leaves, so it is a subtree of its own, and the values of all chunks merge in the
//! same way into the root, which is the `track_id`. Everything here is `blake3::hazmat`, put in order.

use super::chunks::Layout;
use super::id::TrackId;
use blake3::hazmat::{
    HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root,
};
use blake3::{CHUNK_LEN, Hasher};

/// The value of a subtree of the track's BLAKE3 tree.
pub type Checksum = [u8; 32];

/// Bytes of a leaf of the tree; the last one may be shorter.
pub const LEAF_BYTES: usize = CHUNK_LEN;

/// The checksum of a chunk: its subtree's value, which depends on where it lies, or the root itself when the track has
/// but this one.
///
/// # Panics
/// When there is no such chunk, or `data` has another length than it.
#[must_use]
pub fn chunk_checksum(layout: &Layout, index: u32, data: &[u8]) -> Checksum {
    assert!(
        data.len() == layout.chunk_bytes(index),
        "bug: {} bytes for chunk {index} of {layout}",
        data.len()
    );
    match layout.count() {
        1 => *blake3::hash(data).as_bytes(),
        _ => subtree(layout.offset(index), data),
    }
}

/// The `track_id` that these checksums of all chunks fold to.
///
/// # Panics
/// When there are not as many checksums as chunks.
#[must_use]
pub fn root_of(layout: &Layout, checksums: &[Checksum]) -> TrackId {
    assert!(
        checksums.len() == layout.count() as usize,
        "bug: {} checksums for {layout}",
        checksums.len()
    );
    match checksums {
        [only] => TrackId::from_bytes(*only),
        _ => {
            let (left, right) = halves(checksums);
            let root = merge_subtrees_root(&fold(left), &fold(right), Mode::Hash);
            TrackId::from_hash(root)
        }
    }
}

/// The last leaf of the track, out of the bytes of its last chunk, and the values of the left siblings on the way from
/// it up to the chunk's own value.
pub(super) fn last_leaf<'a>(layout: &Layout, last_chunk: &'a [u8]) -> (&'a [u8], Vec<Checksum>) {
    let index = layout.count() - 1;
    assert!(
        last_chunk.len() == layout.chunk_bytes(index),
        "bug: {} bytes for the last chunk of {layout}",
        last_chunk.len()
    );
    let (mut offset, mut rest) = (layout.offset(index), last_chunk);
    let mut siblings = Vec::new();
    while rest.len() > LEAF_BYTES {
        let (left, right) = rest.split_at(left_subtree_len(rest.len() as u64) as usize);
        siblings.push(subtree(offset, left));
        offset += left.len() as u64;
        rest = right;
    }
    siblings.reverse();
    (rest, siblings)
}

/// How many bytes the last leaf of the track has, and how many left siblings.
pub(super) fn last_leaf_shape(layout: &Layout) -> (usize, usize) {
    let mut rest = layout.chunk_bytes(layout.count() - 1) as u64;
    let mut siblings = 0;
    while rest > LEAF_BYTES as u64 {
        rest -= left_subtree_len(rest);
        siblings += 1;
    }
    (rest as usize, siblings)
}

/// The value of the last chunk that this leaf and these siblings give. They have the shape of `last_leaf_shape`.
pub(super) fn fold_last_leaf(layout: &Layout, leaf: &[u8], siblings: &[Checksum]) -> Checksum {
    let alone = layout.count() == 1;
    let Some((top, lower)) = siblings.split_last() else {
        return chunk_checksum(layout, layout.count() - 1, leaf);
    };
    let mut value = subtree(layout.length() - leaf.len() as u64, leaf);
    for sibling in lower {
        value = merge_subtrees_non_root(sibling, &value, Mode::Hash);
    }
    match alone {
        true => *merge_subtrees_root(top, &value, Mode::Hash).as_bytes(),
        false => merge_subtrees_non_root(top, &value, Mode::Hash),
    }
}

/// The value of a subtree that is not the whole tree.
fn subtree(offset: u64, data: &[u8]) -> Checksum {
    let mut hasher = Hasher::new();
    hasher.set_input_offset(offset).update(data);
    hasher.finalize_non_root()
}

/// As deep as the tree over the chunks, at most 20.
fn fold(checksums: &[Checksum]) -> Checksum {
    match checksums {
        [only] => *only,
        _ => {
            let (left, right) = halves(checksums);
            merge_subtrees_non_root(&fold(left), &fold(right), Mode::Hash)
        }
    }
}

/// Two or more, cut as BLAKE3 cuts leaves. The shape of the tree over the chunks is that of a tree over as many leaves.
fn halves(checksums: &[Checksum]) -> (&[Checksum], &[Checksum]) {
    checksums.split_at(checksums.len().div_ceil(2).next_power_of_two())
}
