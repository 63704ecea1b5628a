//! What stands for `tls.rs` in a jam that was built without it: no address asks for TLS there.

use super::error::RoomError;
use crate::room::address::RoomAddress;
use crate::room::trust::Trust;
use crate::sys::threads::Threads;
use std::net::TcpStream;
use std::path::PathBuf;

#[must_use]
pub fn trusted_file(trust: &Trust) -> Option<PathBuf> {
    match *trust {}
}

/// # Errors
/// Never: there is no trust to call it with.
pub(super) fn encrypt(
    _: TcpStream,
    _: &RoomAddress,
    trust: &Trust,
    _: &Threads,
) -> Result<TcpStream, RoomError> {
    match *trust {}
}
