//! Who may upload into a room: its host, who shows the key from WELCOME, or comes from where the host is; and whoever
//! shows a key, when guests may add to the queue.

use super::members::{Member, Members};
use super::message::QueueTrack;
use super::queue::{Queue, QueueFull};
use super::rights::Guests;
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
    KeyMissing,
    Locked,
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
            Self::KeyMissing => {
                "everybody in this room may add music, and shows the upload key of their own: \
                 open the room's page, or send the key as \"Authorization: Bearer KEY\""
            }
            Self::Locked => {
                "this room takes a key to enter: send the upload key that its page has \
                 as \"Authorization: Bearer KEY\""
            }
            Self::SharedAddress => {
                "only the host may add music, and others share the host's address: \
                 send the host's upload key as \"Authorization: Bearer KEY\""
            }
        }
    }
}

/// For whom a track is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adder {
    pub name: String,
    pub peer_id: String,
}

impl Adder {
    #[must_use]
    pub fn of(member: &Member) -> Self {
        Self {
            name: member.name.clone(),
            peer_id: member.peer_id.clone(),
        }
    }

    /// Writes into a track who adds it.
    pub fn sign(self, track: &mut QueueTrack) {
        track.added_by = Some(self.name);
        track.added_by_id = Some(self.peer_id);
    }
}

/// The member for whom the upload is: the host, or any other when guests may add.
///
/// Without a key the address has to do: the host's own, which nobody else in the room has. On the server's own
/// machine people share an address rightly.
///
/// # Errors
/// Why this uploader may not.
pub fn may_upload(
    members: &Members,
    queue: &Queue,
    guests: Guests,
    uploader: &Uploader,
) -> Result<Adder, UploadRefusal> {
    let member = allowed_for(members, guests >= Guests::Add, uploader)?;
    match queue.is_full() {
        true => Err(UploadRefusal::QueueFull),
        false => Ok(Adder::of(member)),
    }
}

fn allowed_for<'a>(
    members: &'a Members,
    guests_may: bool,
    uploader: &Uploader,
) -> Result<&'a Member, UploadRefusal> {
    let host = members.host().and_then(|id| members.get(id));
    if host.is_none() && !guests_may {
        return Err(UploadRefusal::NoHost);
    }
    if let Some(key) = &uploader.key {
        return match members.by_upload_key(key) {
            Some((id, member)) if guests_may || members.host() == Some(id) => Ok(member),
            Some(_) => Err(UploadRefusal::NotTheHost),
            None => Err(UploadRefusal::WrongKey),
        };
    }
    let Some(host) = host else {
        return Err(UploadRefusal::KeyMissing);
    };
    match at_hosts_place(members, host, uploader.ip, uploader.relayed) {
        Ok(()) => Ok(host),
        Err(_) if guests_may => Err(UploadRefusal::KeyMissing),
        Err(refusal) => Err(refusal),
    }
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
