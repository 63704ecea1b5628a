//! The first frames of a connection: who is there, which track is meant, and that both know the key.

use super::frame::{Frame, Hello, Info, NodeId, Refusal, RefusalCode, Role, Welcome};
use super::key::{Nonce, Side, SwarmKey};
use super::wire::{Wire, WireError};
use crate::limits::{SWARM_HANDSHAKE_BYTES_MAX, SWARM_HANDSHAKE_DEADLINE, SWARM_INFO_BYTES_MAX};
use crate::sys::secret;
use crate::track::chunks::{ChunkSize, Layout};
use crate::track::id::TrackId;
use std::io;

/// What a node says of itself to everybody.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    pub node: NodeId,
    /// 0: cannot be dialled.
    pub listen_port: u16,
}

/// Who is at the other end.
#[derive(Debug)]
pub struct Met {
    pub node: NodeId,
    pub info: Info,
}

/// What the dialler says of itself, and asks for at once.
pub struct Opening {
    pub info: Info,
    /// Goes out with INFO: a round trip less before the first chunk.
    pub wants_manifest: bool,
}

impl From<Info> for Opening {
    fn from(info: Info) -> Self {
        let wants_manifest = false;
        Self {
            info,
            wants_manifest,
        }
    }
}

/// What the dialler wants.
pub struct Purpose {
    pub role: Role,
    pub track: TrackId,
    pub key: SwarmKey,
    /// What the track is believed to be cut into.
    pub layout: Option<Layout>,
}

/// Says HELLO and what follows. `open` tells about this node, once it is known who the other one is.
///
/// # Errors
/// When the other side refuses, is not a node, does not know the key, or is silent.
pub fn dial(
    wire: &mut Wire,
    own: Identity,
    purpose: &Purpose,
    open: impl FnOnce(NodeId) -> Result<Opening, Refusal>,
) -> Result<Met, WireError> {
    wire.set_deadline(SWARM_HANDSHAKE_DEADLINE);
    let nonce = draw_nonce()?;
    wire.write_frame(&Frame::Hello(Hello {
        role: purpose.role,
        track: purpose.track,
        key_id: purpose.key.id(),
        nonce,
        node: own.node,
        chunk_size: purpose.layout.map(|layout| layout.chunk_size()),
        chunk_count: purpose.layout.map(|layout| layout.count()),
    }))?;
    let welcome = match wire.read_frame(SWARM_HANDSHAKE_BYTES_MAX)? {
        Frame::Welcome(welcome) => welcome,
        other => return Err(unexpected(&other)),
    };
    let prove = |side| purpose.key.proof(side, nonce, welcome.nonce, purpose.track);
    if !welcome.proof.is(&prove(Side::Acceptor)) {
        return Err(WireError::WrongKey);
    }
    if welcome.node == own.node {
        return Err(WireError::Itself);
    }
    let opening = match open(welcome.node) {
        Ok(opening) => opening,
        Err(refusal) => {
            wire.write_frame(&Frame::Refuse(refusal.clone()))?;
            return Err(WireError::Refused(refusal));
        }
    };
    let mut bytes = Vec::new();
    super::frame::encode(&Frame::Proof(prove(Side::Dialler)), &mut bytes);
    super::frame::encode(&Frame::Info(opening.info), &mut bytes);
    if opening.wants_manifest {
        super::frame::encode(&Frame::GetManifest(0), &mut bytes);
    }
    wire.write(&bytes)?;
    Ok(Met {
        node: welcome.node,
        info: read_info(wire)?,
    })
}

/// Reads HELLO, whatever it says.
///
/// # Errors
/// When something else comes, or nothing.
pub fn read_hello(wire: &mut Wire) -> Result<Hello, WireError> {
    wire.set_deadline(SWARM_HANDSHAKE_DEADLINE);
    match wire.read_frame(SWARM_HANDSHAKE_BYTES_MAX)? {
        Frame::Hello(hello) => Ok(hello),
        other => Err(unexpected(&other)),
    }
}

/// Answers a HELLO that is accepted, and has the dialler prove that it knows `key`. Nothing about the track is said
/// before it did; the caller sends its own INFO next.
///
/// # Errors
/// When the dialler does not know the key, or goes away.
pub fn welcome(
    wire: &mut Wire,
    own: Identity,
    hello: &Hello,
    key: &SwarmKey,
) -> Result<Met, WireError> {
    let nonce = draw_nonce()?;
    let prove = |side| key.proof(side, hello.nonce, nonce, hello.track);
    wire.write_frame(&Frame::Welcome(Welcome {
        nonce,
        node: own.node,
        proof: prove(Side::Acceptor),
    }))?;
    match wire.read_frame(SWARM_HANDSHAKE_BYTES_MAX)? {
        Frame::Proof(proof) if proof.is(&prove(Side::Dialler)) => {}
        Frame::Proof(_) => {
            let refusal = refusal(RefusalCode::WrongKey, "that is not this swarm's key");
            wire.write_frame(&Frame::Refuse(refusal))?;
            return Err(WireError::WrongKey);
        }
        other => return Err(unexpected(&other)),
    }
    Ok(Met {
        node: hello.node,
        info: read_info(wire)?,
    })
}

fn read_info(wire: &mut Wire) -> Result<Info, WireError> {
    match wire.read_frame(SWARM_INFO_BYTES_MAX)? {
        Frame::Info(info) => Ok(info),
        other => Err(unexpected(&other)),
    }
}

#[must_use]
pub fn refusal(code: RefusalCode, text: impl Into<String>) -> Refusal {
    let text = text.into();
    Refusal { code, text }
}

/// What is said when the other side has `count` chunks of `size`, and this one has others.
#[must_use]
pub fn other_layout(here: Layout, size: ChunkSize, count: u32) -> Refusal {
    let text = format!(
        "here are {} chunks of {} bytes, not {count} of {} (give both sides the same chunk size and number of chunks)",
        here.count(),
        here.chunk_size().bytes(),
        size.bytes()
    );
    refusal(RefusalCode::WrongLayout, text)
}

/// A frame that is none of those that may come now.
#[must_use]
pub fn unexpected(frame: &Frame) -> WireError {
    let mut bytes = Vec::new();
    super::frame::encode(frame, &mut bytes);
    let kind = bytes[super::frame::HEAD_BYTES - 1];
    WireError::Frame(super::frame::FrameError::Unexpected { kind })
}

fn draw_nonce() -> io::Result<Nonce> {
    secret::random().map(Nonce)
}
