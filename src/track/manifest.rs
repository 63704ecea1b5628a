//! What a node has to know of a track before it fetches it: name, length, and the checksum of each chunk.
//!
//! A manifest may come from anyone, for the `track_id` proves all of it but the name. The checksums fold to the
//! `track_id`; but they alone do not prove how long the last chunk is, because only the value of a BLAKE3 leaf depends on a
//! length. So the last leaf comes along, with what links it to the last checksum.
//!
//! A manifest takes 32 bytes of memory for each chunk, and about 2 KiB beside them.

use super::chunks::Layout;
use super::hash_tree::{
    Checksum, chunk_checksum, fold_last_leaf, last_leaf, last_leaf_shape, root_of,
};
use super::id::TrackId;
use crate::limits::TRACK_NAME_CHARS_MAX;
use crate::text::clean_display_text;
use std::{error, fmt};

/// Invariant: proved. Its length, its chunk size and its checksums are those of the track with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    id: TrackId,
    name: String,
    layout: Layout,
    checksums: Vec<Checksum>,
    length_proof: LengthProof,
}

/// Proves the exact length: the last BLAKE3 leaf, and the way from it up to the checksum of the last chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LengthProof {
    /// 1 to 1,024 bytes.
    pub leaf: Vec<u8>,
    /// Values of the left siblings from the leaf upwards; at most 12, in a chunk of 4 MiB.
    pub siblings: Vec<Checksum>,
}

/// Why a manifest is not that of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestError {
    /// Another number of checksums than the length has chunks.
    Count { chunks: u32, checksums: usize },
    /// The last leaf does not lie at the end of a track of this length.
    Length { bytes: u64 },
    /// The checksums do not fold to the `track_id`.
    Checksums { id: TrackId },
}

impl Manifest {
    /// A manifest that somebody sent, if it is that of the track `id`. Of `name` only what can be shown is kept.
    ///
    /// # Errors
    /// When anything but the name does not belong to this track.
    pub fn prove(
        id: TrackId,
        name: &str,
        layout: Layout,
        checksums: Vec<Checksum>,
        proof: LengthProof,
    ) -> Result<Self, ManifestError> {
        let last = checksums.last().copied();
        let Some(last) = last.filter(|_| checksums.len() == layout.count() as usize) else {
            let (chunks, checksums) = (layout.count(), checksums.len());
            return Err(ManifestError::Count { chunks, checksums });
        };
        let has_shape = (proof.leaf.len(), proof.siblings.len()) == last_leaf_shape(&layout);
        if !has_shape || fold_last_leaf(&layout, &proof.leaf, &proof.siblings) != last {
            let bytes = layout.length();
            return Err(ManifestError::Length { bytes });
        }
        if root_of(&layout, &checksums) != id {
            return Err(ManifestError::Checksums { id });
        }
        let name = clean_display_text(name, TRACK_NAME_CHARS_MAX);
        Ok(Self {
            id,
            name: name.unwrap_or_else(|| "track".into()),
            layout,
            checksums,
            length_proof: proof,
        })
    }

    #[must_use]
    pub fn id(&self) -> TrackId {
        self.id
    }

    /// For display, at most `TRACK_NAME_CHARS_MAX` characters; not proved, and never part of a path as it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// One for each chunk.
    #[must_use]
    pub fn checksums(&self) -> &[Checksum] {
        &self.checksums
    }

    #[must_use]
    pub fn length_proof(&self) -> &LengthProof {
        &self.length_proof
    }

    /// Whether `data` is this chunk of the track, whatever number and bytes somebody sent.
    #[must_use]
    pub fn matches(&self, index: u32, data: &[u8]) -> bool {
        self.layout.contains(index)
            && data.len() == self.layout.chunk_bytes(index)
            && chunk_checksum(&self.layout, index, data) == self.checksums[index as usize]
    }
}

impl LengthProof {
    /// The proof that the bytes of the last chunk give.
    ///
    /// # Panics
    /// When `last_chunk` has another length than it.
    #[must_use]
    pub fn of(layout: &Layout, last_chunk: &[u8]) -> Self {
        let (leaf, siblings) = last_leaf(layout, last_chunk);
        Self {
            leaf: leaf.to_vec(),
            siblings,
        }
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { chunks, checksums } => {
                write!(f, "manifest has {checksums} checksums for {chunks} chunks")
            }
            Self::Length { bytes } => write!(f, "manifest does not prove its {bytes} bytes"),
            Self::Checksums { id } => write!(f, "checksums of the manifest are not those of {id}"),
        }
    }
}

impl error::Error for ManifestError {}
