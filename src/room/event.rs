//! What goes into a room's state machine and what comes out of it, as values.

use super::members::MemberId;
use super::message::{
    CloseReason, Hello, MemberEntry, Played, QueueTrack, RoomMessage, ServerMessage, State, Wants,
};
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;

#[derive(Debug)]
pub enum Input {
    Join(Newcomer),
    Say {
        member: MemberId,
        message: RoomMessage,
    },
    Leave {
        member: MemberId,
    },
}

/// Somebody who said HELLO.
#[derive(Debug)]
pub struct Newcomer {
    pub member: MemberId,
    pub peer_id: String,
    pub ip: IpAddr,
    pub hello: Hello,
    /// Told to a host: what allows an upload into this room.
    pub upload_key: String,
}

#[derive(Debug)]
pub enum Output {
    /// The member is in: what follows for it can be sent.
    Admit { member: MemberId, wants: Wants },
    /// To one member.
    Send {
        to: MemberId,
        message: ServerMessage,
    },
    /// To every member that receives messages of this kind, except some (sorted).
    Broadcast {
        message: ServerMessage,
        except: Vec<MemberId>,
    },
    /// The member did not get in: close its connection. It was never part of the room.
    Refuse {
        member: MemberId,
        reason: CloseReason,
    },
}

/// What a room looks like from outside.
#[derive(Clone, Debug, Serialize)]
pub struct RoomView {
    pub room: String,
    pub server_time: f64,
    pub state: State,
    pub host: Option<String>,
    pub total: usize,
    pub members: Vec<MemberEntry>,
    pub tracks: Arc<Vec<QueueTrack>>,
    pub played: Vec<Played>,
}
