//! Bytes to frames. Pure: whatever the bytes are, the answer is a frame or an error.

use super::frame::{
    AnswerHead, Frame, FrameError, Hello, Info, Listed, MAGIC, ManifestPart, NodeId, Refusal,
    RefusalCode, Request, Role, VERSION, Want, Welcome, kind,
};
use super::key::{KeyId, Nonce, Proof};
use crate::limits::{
    LEAF_BYTES, SWARM_ADDRESSES_MAX, SWARM_NEWS_MAX, SWARM_REFUSAL_BYTES_MAX, TRACK_NAME_BYTES_MAX,
};
use crate::track::chunks::{ChunkSize, Layout};
use crate::track::id::TrackId;
use crate::track::manifest::LengthProof;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

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
