//! Asks a node which tracks it has.

use super::frame::{Frame, Info, Listed, Role};
use super::handshake::{self, Identity, Purpose, unexpected};
use super::key::SwarmKey;
use super::wire::{Wire, WireError};
use crate::limits::{SWARM_DIAL_DEADLINE, SWARM_TRACKS_BYTES_MAX};
use crate::track::id::TrackId;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

/// The tracks of the node at `address` that those who know `key` may have.
///
/// # Errors
/// When it cannot be reached, refuses, or is no node.
pub fn list(address: SocketAddr, own: Identity, key: SwarmKey) -> Result<Vec<Listed>, WireError> {
    let socket =
        TcpStream::connect_timeout(&address, SWARM_DIAL_DEADLINE).map_err(WireError::Io)?;
    let mut wire = Wire::new(Arc::new(socket), address, &[])?;
    let purpose = Purpose {
        role: Role::List,
        track: TrackId::from_bytes([0; 32]),
        key,
        layout: None,
    };
    handshake::dial(&mut wire, own, &purpose, |_| {
        Ok(Info {
            listen_port: own.listen_port,
            complete: false,
            has_manifest: false,
            addresses: Vec::new(),
            bitfield: Vec::new(),
        }
        .into())
    })?;
    match wire.read_frame(SWARM_TRACKS_BYTES_MAX)? {
        Frame::Tracks(tracks) => Ok(tracks),
        other => Err(unexpected(&other)),
    }
}
