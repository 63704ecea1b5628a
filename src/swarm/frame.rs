//! The frames of the swarm protocol: values to bytes and bytes to values. Pure.
//!
//! A frame is a `u32` length of what follows, a `u8` kind and a body; all numbers are big-endian. The length is
//! checked against a limit before anything is allocated for it. `docs/PROTOCOL.md` describes every frame.

use super::key::{KeyId, Nonce, Proof};
pub use crate::identity::NodeId;
use crate::track::chunks::{ChunkSize, Layout};
use crate::track::hash_tree::Checksum;
use crate::track::id::TrackId;
use crate::track::manifest::{LengthProof, Manifest};
use std::net::SocketAddr;

pub use super::frame_decode::decode;
pub use super::frame_encode::{encode, encode_chunk_head};

pub const MAGIC: &[u8; 8] = b"jamswarm";
pub const VERSION: u8 = 1;

/// Length and kind.
pub const HEAD_BYTES: usize = 5;

/// What the dialler wants of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It asks, the acceptor answers.
    Ask,
    /// It answers: it has something, and perhaps nobody can dial it.
    Offer,
    /// It wants to know which tracks there are.
    List,
    /// It tries the network.
    Check,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    pub role: Role,
    pub track: TrackId,
    pub key_id: KeyId,
    pub nonce: Nonce,
    pub node: NodeId,
    /// What the dialler believes the track to be cut into, if it does.
    pub chunk_size: Option<ChunkSize>,
    pub chunk_count: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    pub nonce: Nonce,
    pub node: NodeId,
    pub proof: Proof,
}

/// What a node says of itself once both have proved that they know the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// 0: cannot be dialled.
    pub listen_port: u16,
    pub complete: bool,
    pub has_manifest: bool,
    /// Other nodes of the track.
    pub addresses: Vec<SocketAddr>,
    /// Empty when the node is complete, or holds nothing.
    pub bitfield: Vec<u8>,
}

/// Why a connection is refused; the text says it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCode {
    Version,
    UnknownTrack,
    WrongKey,
    Busy,
    AlreadyConnected,
    WrongLayout,
    Banned,
    Stopping,
    NotOffered,
    /// One that this version does not know.
    Other(u8),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: RefusalCode,
    pub text: String,
}

/// What an asker wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Chunk(u32),
    /// Any chunk that the asker lacks: the answerer, a seed in its first pass, chooses.
    Any,
    /// Nothing but news; the answer may take a moment.
    News,
}

/// A request, with the chunks that the asker gained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub want: Want,
    pub news: Vec<u32>,
}

/// What comes before the data of a chunk, or instead of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerHead {
    /// The answerer has sent every chunk once, or never was in a first pass.
    pub pass_over: bool,
    /// `None` in EMPTY: nothing that was asked for by number.
    pub index: Option<u32>,
    pub news: Vec<u32>,
}

/// Some checksums of a manifest, with what is needed to prove it once all are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestPart {
    pub layout: Layout,
    pub name: String,
    pub proof: LengthProof,
    pub first: u32,
    pub checksums: Vec<Checksum>,
}

/// A track as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub track: TrackId,
    pub layout: Layout,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    Hello(Hello),
    Welcome(Welcome),
    Proof(Proof),
    Info(Info),
    Refuse(Refusal),
    /// The checksums from this chunk on.
    GetManifest(u32),
    Request(Request),
    GetPeers,
    /// The asker is done; `true`: it holds all.
    Bye(bool),
    Manifest(ManifestPart),
    Chunk(AnswerHead, &'a [u8]),
    Empty(AnswerHead),
    Peers(Vec<SocketAddr>),
    Tracks(Vec<Listed>),
}

/// Why bytes are not a frame of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// A length of zero, or over the limit that holds now.
    Length { bytes: u32, max: u32 },
    /// The body is not what its kind says.
    Malformed { kind: u8 },
    /// A kind that this version does not know, or not here.
    Unexpected { kind: u8 },
    /// HELLO of another protocol or version.
    Version { version: u8 },
}

impl std::fmt::Display for FrameError {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Length { bytes, max } => {
                write!(f, "frame of {bytes} bytes, where 1 to {max} may come")
            }
            Self::Malformed { kind } => write!(f, "malformed frame of kind 0x{kind:02x}"),
            Self::Unexpected { kind } => write!(f, "unexpected frame of kind 0x{kind:02x}"),
            Self::Version { version } => {
                write!(f, "version {version} of the swarm protocol, not {VERSION}")
            }
        }
    }
}

impl std::error::Error for FrameError {}

pub mod kind {
    pub const HELLO: u8 = 0x01;
    pub const WELCOME: u8 = 0x02;
    pub const PROOF: u8 = 0x03;
    pub const INFO: u8 = 0x04;
    pub const REFUSE: u8 = 0x0f;
    pub const GET_MANIFEST: u8 = 0x10;
    pub const REQUEST: u8 = 0x11;
    pub const GET_PEERS: u8 = 0x12;
    pub const BYE: u8 = 0x13;
    pub const MANIFEST: u8 = 0x20;
    pub const CHUNK: u8 = 0x21;
    pub const EMPTY: u8 = 0x22;
    pub const PEERS: u8 = 0x23;
    pub const TRACKS: u8 = 0x24;
}

impl ManifestPart {
    /// The checksums of `manifest` from chunk `first` on, at most `count`.
    #[must_use]
    pub fn of(manifest: &Manifest, first: u32, count: usize) -> Self {
        let all = manifest.checksums();
        let first = (first as usize).min(all.len());
        Self {
            layout: manifest.layout(),
            name: manifest.name().to_owned(),
            proof: manifest.length_proof().clone(),
            first: u32::try_from(first).expect("bug: the count is a u32"),
            checksums: all[first..].iter().take(count).copied().collect(),
        }
    }
}

/// How many bytes follow the four of the length.
///
/// # Errors
/// When that is none, or more than `max`.
pub fn frame_length(head: [u8; 4], max: u32) -> Result<usize, FrameError> {
    let bytes = u32::from_be_bytes(head);
    if bytes == 0 || bytes > max {
        return Err(FrameError::Length { bytes, max });
    }
    Ok(usize::try_from(bytes).expect("bug: a u32 fits"))
}
