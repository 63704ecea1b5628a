//! Who may upload into a room: its host, who shows the key from WELCOME, or comes from where the host is.

use super::members::{Member, Members};
use super::queue::{Queue, QueueFull};
use std::net::IpAddr;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Uploader {
    pub ip: IpAddr,
    pub key: Option<String>,
    /// Whether somebody else had the request sent, such as a proxy, whose address says nothing.
    pub relayed: bool,
}

/// Why not. Shown to people as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadRefusal {
    NoHost,
    WrongKey,
    NotTheHost,
    SharedAddress,
    QueueFull,
}

impl UploadRefusal {
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::QueueFull => QueueFull::TEXT,
            Self::NoHost => {
                "nobody hosts this room, and only its host may add music (open it and choose Host)"
            }
            Self::WrongKey => "this is not the upload key of the room's host (use the newest one)",
            Self::NotTheHost => "only the host of this room may add music",
            Self::SharedAddress => {
                "only the host may add music, and others share the host's address: \
                 send the host's upload key as \"Authorization: Bearer KEY\""
            }
        }
    }
}

/// The name of the host for whom the upload is.
///
/// Without a key the address has to do: the host's own, which nobody else in the room has. On the server's own
/// machine people share an address rightly.
///
/// # Errors
/// Why this uploader may not.
pub fn may_upload(
    members: &Members,
    queue: &Queue,
    uploader: &Uploader,
) -> Result<String, UploadRefusal> {
    let host = allowed_for(members, uploader)?;
    match queue.is_full() {
        true => Err(UploadRefusal::QueueFull),
        false => Ok(host),
    }
}

fn allowed_for(members: &Members, uploader: &Uploader) -> Result<String, UploadRefusal> {
    let host_id = members.host().ok_or(UploadRefusal::NoHost)?;
    let host = members.get(host_id).expect("bug: the host is a member");
    if let Some(key) = &uploader.key {
        let right = host.upload_key.as_ref();
        return match right.is_some_and(|right| is_same_secret(right, key)) {
            true => Ok(host.name.clone()),
            false => Err(UploadRefusal::WrongKey),
        };
    }
    at_hosts_place(members, host, uploader.ip, uploader.relayed)?;
    Ok(host.name.clone())
}

/// Whether somebody without the host's key comes from where the host alone is.
///
/// # Errors
/// Why that is not so.
pub(super) fn at_hosts_place(
    members: &Members,
    host: &Member,
    ip: IpAddr,
    relayed: bool,
) -> Result<(), UploadRefusal> {
    if relayed || ip != host.ip {
        return Err(UploadRefusal::NotTheHost);
    }
    if !ip.is_loopback() && members.listeners_from(ip) > 0 {
        return Err(UploadRefusal::SharedAddress);
    }
    Ok(())
}

/// In a time that does not tell how much of it is right: hashes are compared in constant time.
fn is_same_secret(a: &str, b: &str) -> bool {
    blake3::hash(a.as_bytes()) == blake3::hash(b.as_bytes())
}
