//! The frames of the swarm protocol: values to bytes and bytes to values. Pure.
//!
//! A frame is a `u32` length of what follows, a `u8` kind and a body; all numbers are big-endian. The length is
//! checked against a limit before anything is allocated for it. `docs/PROTOCOL.md` describes every frame.

use super::key::{KeyId, Nonce, Proof};
use crate::limits::{
    LEAF_BYTES, SWARM_ADDRESSES_MAX, SWARM_NEWS_MAX, SWARM_REFUSAL_BYTES_MAX, TRACK_NAME_BYTES_MAX,
};
use crate::track::chunks::{ChunkSize, Layout};
use crate::track::hash_tree::Checksum;
use crate::track::id::TrackId;
use crate::track::manifest::{LengthProof, Manifest};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub const MAGIC: &[u8; 8] = b"jamswarm";
pub const VERSION: u8 = 1;

/// Length and kind.
pub const HEAD_BYTES: usize = 5;

/// Tells nodes apart: drawn at random when a program starts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub [u8; 8]);

impl std::fmt::Display for NodeId {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for NodeId {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "NodeId({self})")
    }
}

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

/// Appends a whole frame to `out`.
pub fn encode(frame: &Frame, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.push(frame_kind(frame));
    match frame {
        Frame::Hello(hello) => put_hello(hello, out),
        Frame::Welcome(welcome) => {
            out.extend_from_slice(&welcome.nonce.0);
            out.extend_from_slice(&welcome.node.0);
            out.extend_from_slice(&welcome.proof.0);
        }
        Frame::Proof(proof) => out.extend_from_slice(&proof.0),
        Frame::Info(info) => {
            out.extend_from_slice(&info.listen_port.to_be_bytes());
            out.push(u8::from(info.complete) | u8::from(info.has_manifest) << 1);
            put_addresses(&info.addresses, out);
            out.extend_from_slice(&info.bitfield);
        }
        Frame::Refuse(refusal) => {
            out.push(code_byte(refusal.code));
            out.extend_from_slice(refusal.text.as_bytes());
        }
        Frame::GetManifest(first) => out.extend_from_slice(&first.to_be_bytes()),
        Frame::Request(Request { want, news }) => {
            let (mode, index) = match *want {
                Want::Chunk(index) => (0, index),
                Want::Any => (1, 0),
                Want::News => (2, 0),
            };
            out.push(mode);
            out.extend_from_slice(&u32::to_be_bytes(index));
            put_news(news, out);
        }
        Frame::GetPeers => {}
        Frame::Bye(complete) => out.push(u8::from(*complete)),
        Frame::Manifest(part) => put_manifest_part(part, out),
        Frame::Chunk(head, data) => {
            put_answer_head(head, out);
            out.extend_from_slice(data);
        }
        Frame::Empty(head) => put_answer_head(head, out),
        Frame::Peers(addresses) => put_addresses(addresses, out),
        Frame::Tracks(tracks) => {
            out.extend_from_slice(&count_u16(tracks.len()).to_be_bytes());
            for listed in tracks {
                out.extend_from_slice(listed.track.as_bytes());
                put_layout(listed.layout, out);
                put_name(&listed.name, out);
            }
        }
    }
    set_length(start, 0, out);
}

/// Begins a CHUNK whose data is written behind it by somebody else: `data_bytes` have to follow.
pub fn encode_chunk_head(head: &AnswerHead, data_bytes: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.push(kind::CHUNK);
    put_answer_head(head, out);
    set_length(start, data_bytes, out);
}

fn set_length(start: usize, more: usize, out: &mut [u8]) {
    let bytes = out.len() - start - 4 + more;
    let bytes = u32::try_from(bytes).expect("bug: a frame is far below 4 GiB");
    out[start..start + 4].copy_from_slice(&bytes.to_be_bytes());
}

fn frame_kind(frame: &Frame) -> u8 {
    match frame {
        Frame::Hello(_) => kind::HELLO,
        Frame::Welcome(_) => kind::WELCOME,
        Frame::Proof(_) => kind::PROOF,
        Frame::Info(_) => kind::INFO,
        Frame::Refuse(_) => kind::REFUSE,
        Frame::GetManifest(_) => kind::GET_MANIFEST,
        Frame::Request(_) => kind::REQUEST,
        Frame::GetPeers => kind::GET_PEERS,
        Frame::Bye(_) => kind::BYE,
        Frame::Manifest(_) => kind::MANIFEST,
        Frame::Chunk(..) => kind::CHUNK,
        Frame::Empty(_) => kind::EMPTY,
        Frame::Peers(_) => kind::PEERS,
        Frame::Tracks(_) => kind::TRACKS,
    }
}

fn count_u16(count: usize) -> u16 {
    u16::try_from(count).expect("bug: lists in frames are bounded")
}

fn put_hello(hello: &Hello, out: &mut Vec<u8>) {
    out.extend_from_slice(MAGIC);
    out.push(VERSION);
    out.push(match hello.role {
        Role::Ask => 0,
        Role::Offer => 1,
        Role::List => 2,
        Role::Check => 3,
    });
    out.extend_from_slice(hello.track.as_bytes());
    out.extend_from_slice(&hello.key_id.0);
    out.extend_from_slice(&hello.nonce.0);
    out.extend_from_slice(&hello.node.0);
    out.push(hello.chunk_size.map_or(0, ChunkSize::log2));
    out.extend_from_slice(&hello.chunk_count.unwrap_or(0).to_be_bytes());
}

fn put_layout(layout: Layout, out: &mut Vec<u8>) {
    out.push(layout.chunk_size().log2());
    out.extend_from_slice(&layout.length().to_be_bytes());
}

fn put_name(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&count_u16(name.len()).to_be_bytes());
    out.extend_from_slice(name.as_bytes());
}

fn put_news(news: &[u32], out: &mut Vec<u8>) {
    out.extend_from_slice(&count_u16(news.len()).to_be_bytes());
    for index in news {
        out.extend_from_slice(&index.to_be_bytes());
    }
}

fn put_answer_head(head: &AnswerHead, out: &mut Vec<u8>) {
    out.push(u8::from(head.pass_over));
    out.extend_from_slice(&head.index.unwrap_or(u32::MAX).to_be_bytes());
    put_news(&head.news, out);
}

fn put_addresses(addresses: &[SocketAddr], out: &mut Vec<u8>) {
    out.extend_from_slice(&count_u16(addresses.len()).to_be_bytes());
    for address in addresses {
        match address.ip() {
            IpAddr::V4(ip) => {
                out.push(4);
                out.extend_from_slice(&ip.octets());
            }
            IpAddr::V6(ip) => {
                out.push(6);
                out.extend_from_slice(&ip.octets());
            }
        }
        out.extend_from_slice(&address.port().to_be_bytes());
    }
}

fn put_manifest_part(part: &ManifestPart, out: &mut Vec<u8>) {
    put_layout(part.layout, out);
    put_name(&part.name, out);
    out.extend_from_slice(&count_u16(part.proof.leaf.len()).to_be_bytes());
    out.extend_from_slice(&part.proof.leaf);
    out.push(u8::try_from(part.proof.siblings.len()).expect("bug: at most twelve"));
    for sibling in &part.proof.siblings {
        out.extend_from_slice(sibling);
    }
    out.extend_from_slice(&part.first.to_be_bytes());
    for checksum in &part.checksums {
        out.extend_from_slice(checksum);
    }
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

fn code_byte(code: RefusalCode) -> u8 {
    match code {
        RefusalCode::Version => 1,
        RefusalCode::UnknownTrack => 2,
        RefusalCode::WrongKey => 3,
        RefusalCode::Busy => 4,
        RefusalCode::AlreadyConnected => 5,
        RefusalCode::WrongLayout => 6,
        RefusalCode::Banned => 7,
        RefusalCode::Stopping => 8,
        RefusalCode::NotOffered => 9,
        RefusalCode::Other(byte) => byte,
    }
}

fn code_of(byte: u8) -> RefusalCode {
    match byte {
        1 => RefusalCode::Version,
        2 => RefusalCode::UnknownTrack,
        3 => RefusalCode::WrongKey,
        4 => RefusalCode::Busy,
        5 => RefusalCode::AlreadyConnected,
        6 => RefusalCode::WrongLayout,
        7 => RefusalCode::Banned,
        8 => RefusalCode::Stopping,
        9 => RefusalCode::NotOffered,
        other => RefusalCode::Other(other),
    }
}

/// What follows the length: the kind and the body.
///
/// # Errors
/// When it is no frame, or has bytes that its kind does not have.
pub fn decode(bytes: &[u8]) -> Result<Frame<'_>, FrameError> {
    let (&kind, body) = bytes
        .split_first()
        .ok_or(FrameError::Length { bytes: 0, max: 0 })?;
    if kind == kind::HELLO
        && body.len() > MAGIC.len()
        && body.starts_with(MAGIC)
        && body[MAGIC.len()] != VERSION
    {
        let version = body[MAGIC.len()];
        return Err(FrameError::Version { version });
    }
    let mut rest = Rest(body);
    let frame = match kind {
        kind::HELLO => rest.hello().map(Frame::Hello),
        kind::WELCOME => rest.welcome().map(Frame::Welcome),
        kind::PROOF => rest.array().map(|proof| Frame::Proof(Proof(proof))),
        kind::INFO => rest.info().map(Frame::Info),
        kind::REFUSE => rest.refusal().map(Frame::Refuse),
        kind::GET_MANIFEST => rest.u32().map(Frame::GetManifest),
        kind::REQUEST => rest.request().map(Frame::Request),
        kind::GET_PEERS => Some(Frame::GetPeers),
        kind::BYE => rest.flag().map(Frame::Bye),
        kind::MANIFEST => rest.manifest_part().map(Frame::Manifest),
        kind::CHUNK => rest
            .answer_head()
            .filter(|head| head.index.is_some())
            .map(|head| Frame::Chunk(head, rest.all())),
        kind::EMPTY => rest.answer_head().map(Frame::Empty),
        kind::PEERS => rest.addresses().map(Frame::Peers),
        kind::TRACKS => rest.tracks().map(Frame::Tracks),
        _ => return Err(FrameError::Unexpected { kind }),
    };
    frame
        .filter(|_| rest.0.is_empty())
        .ok_or(FrameError::Malformed { kind })
}

/// The part of a body that has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn all(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn track_id(&mut self) -> Option<TrackId> {
        self.array().map(TrackId::from_bytes)
    }

    fn hello(&mut self) -> Option<Hello> {
        (self.array()? == *MAGIC && self.u8()? == VERSION).then_some(())?;
        let role = match self.u8()? {
            0 => Role::Ask,
            1 => Role::Offer,
            2 => Role::List,
            3 => Role::Check,
            _ => return None,
        };
        Some(Hello {
            role,
            track: self.track_id()?,
            key_id: KeyId(self.array()?),
            nonce: Nonce(self.array()?),
            node: NodeId(self.array()?),
            chunk_size: match self.u8()? {
                0 => None,
                log2 => Some(ChunkSize::from_log2(log2)?),
            },
            chunk_count: Some(self.u32()?).filter(|&count| count > 0),
        })
    }

    fn welcome(&mut self) -> Option<Welcome> {
        Some(Welcome {
            nonce: Nonce(self.array()?),
            node: NodeId(self.array()?),
            proof: Proof(self.array()?),
        })
    }

    fn info(&mut self) -> Option<Info> {
        let listen_port = self.u16()?;
        let flags = self.u8()?;
        (flags < 4).then_some(())?;
        Some(Info {
            listen_port,
            complete: flags & 1 != 0,
            has_manifest: flags & 2 != 0,
            addresses: self.addresses()?,
            bitfield: self.all().to_vec(),
        })
    }

    fn refusal(&mut self) -> Option<Refusal> {
        let code = code_of(self.u8()?);
        let text = std::str::from_utf8(self.all()).ok()?;
        (text.len() <= SWARM_REFUSAL_BYTES_MAX).then(|| Refusal {
            code,
            text: text.to_owned(),
        })
    }

    fn request(&mut self) -> Option<Request> {
        let (mode, index) = (self.u8()?, self.u32()?);
        let want = match (mode, index) {
            (0, index) => Want::Chunk(index),
            (1, 0) => Want::Any,
            (2, 0) => Want::News,
            _ => return None,
        };
        let news = self.news()?;
        Some(Request { want, news })
    }

    fn news(&mut self) -> Option<Vec<u32>> {
        let count = usize::from(self.u16()?);
        (count <= SWARM_NEWS_MAX).then_some(())?;
        let bytes = self.take(count * 4)?.chunks_exact(4);
        Some(
            bytes
                .map(|bytes| u32::from_be_bytes(bytes.try_into().expect("bug: four bytes")))
                .collect(),
        )
    }

    fn answer_head(&mut self) -> Option<AnswerHead> {
        let pass_over = self.flag()?;
        let index = Some(self.u32()?).filter(|&index| index != u32::MAX);
        let news = self.news()?;
        Some(AnswerHead {
            pass_over,
            index,
            news,
        })
    }

    fn addresses(&mut self) -> Option<Vec<SocketAddr>> {
        let count = usize::from(self.u16()?);
        (count <= SWARM_ADDRESSES_MAX).then_some(())?;
        (0..count).map(|_| self.address()).collect()
    }

    fn address(&mut self) -> Option<SocketAddr> {
        let ip = match self.u8()? {
            4 => IpAddr::V4(Ipv4Addr::from(self.array::<4>()?)),
            6 => IpAddr::V6(Ipv6Addr::from(self.array::<16>()?)),
            _ => return None,
        };
        Some(SocketAddr::new(ip, self.u16()?))
    }

    fn layout(&mut self) -> Option<Layout> {
        let chunk_size = ChunkSize::from_log2(self.u8()?)?;
        Layout::new(u64::from_be_bytes(self.array()?), chunk_size)
    }

    fn name(&mut self) -> Option<String> {
        let bytes = usize::from(self.u16()?);
        (bytes <= TRACK_NAME_BYTES_MAX).then_some(())?;
        let name = std::str::from_utf8(self.take(bytes)?).ok()?;
        Some(name.to_owned())
    }

    fn manifest_part(&mut self) -> Option<ManifestPart> {
        let layout = self.layout()?;
        let name = self.name()?;
        let leaf_bytes = usize::from(self.u16()?);
        (leaf_bytes <= LEAF_BYTES).then_some(())?;
        let leaf = self.take(leaf_bytes)?.to_vec();
        let siblings = usize::from(self.u8()?);
        let siblings = self.take(siblings * 32)?.chunks_exact(32);
        let siblings = siblings.map(|bytes| bytes.try_into().expect("bug: 32 bytes"));
        let proof = LengthProof {
            leaf,
            siblings: siblings.collect(),
        };
        let first = self.u32()?;
        let checksums = self.all();
        let whole = checksums.len().is_multiple_of(32)
            && first as usize + checksums.len() / 32 <= layout.count() as usize;
        whole.then(|| ManifestPart {
            layout,
            name,
            proof,
            first,
            checksums: checksums
                .chunks_exact(32)
                .map(|bytes| bytes.try_into().expect("bug: 32 bytes"))
                .collect(),
        })
    }

    fn tracks(&mut self) -> Option<Vec<Listed>> {
        let count = self.u16()?;
        (0..count)
            .map(|_| {
                Some(Listed {
                    track: self.track_id()?,
                    layout: self.layout()?,
                    name: self.name()?,
                })
            })
            .collect()
    }
}
