//! A member's reader thread: everything that one WebSocket says, from HELLO to the end.
//!
//! It reads with tungstenite and writes nothing itself: pongs, close replies and clock answers go through the
//! member's outbox like all else. Waiting for the room holds up this client alone.

pub use super::incoming::Incoming;

use super::accept::Connection;
use super::doors;
use super::outbox::{Frame, Outbox};
use super::registry::{EnterError, RoomHandle};
use super::room_thread::{Joining, ToRoom};
use super::run::Hub;
use super::stay::Stay;
use super::toll::Toll;
use super::tracks::queue_entry;
use super::turned_away::Cause;
use super::way::Way;
use crate::limits::{
    HELLO_DEADLINE, ROOM_MESSAGE_BYTES_MAX, SIGNAL_BYTES_MAX, SILENCE, SOCKET_READ_BUFFER_BYTES,
    STOP_GRACE,
};
use crate::room::close::CloseReason;
use crate::room::event::Newcomer;
use crate::room::members::MemberId;
use crate::room::message::{ClientMessage, Hello, HostMessage, RoomMessage, ServerMessage};
use crate::room::name::RoomName;
use crate::room::node_message::Offer;
use crate::room::pace;
use crate::room::parse::{parse_hello, parse_message};
use crate::room::token::Token;
use crate::track::id::TrackId;
use crate::track::library::Track;
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::Instant;
use tungstenite::error::{CapacityError, Error, ProtocolError};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, Utf8Bytes, WebSocket};

/// Everything that one member's reader needs; made by the HTTP side after the upgrade was answered.
pub struct Reader {
    hub: Arc<Hub>,
    connection: Connection,
    outbox: Arc<Outbox>,
    room: RoomName,
    socket: WebSocket<Incoming>,
    /// Made here and not when they are needed: hashing takes stack, which every member would hold on to.
    peer_id: String,
    upload_key: String,
    token: Option<Token>,
    way: Way,
    /// Whether the other side's close frame has arrived.
    said_goodbye: bool,
}

/// How a member's frames are read, with messages of up to so many bytes. tungstenite's own bounds are far beyond what a
/// room hears.
#[must_use]
pub fn config(message_bytes_max: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(SOCKET_READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(message_bytes_max)
        .max_message_size(Some(message_bytes_max))
        .max_frame_size(Some(message_bytes_max))
}

/// A member may send others longer messages than it may send the room.
fn allow_signals(config: &mut WebSocketConfig) {
    config.max_message_size = Some(SIGNAL_BYTES_MAX);
    config.max_frame_size = Some(SIGNAL_BYTES_MAX);
}

/// What is said to somebody whose frames could not be read on; `None` when nobody is left to hear it.
#[must_use]
pub fn close_reason(error: &Error) -> Option<CloseReason> {
    match error {
        Error::ConnectionClosed
        | Error::Io(_)
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => Some(match *max_size {
            SIGNAL_BYTES_MAX => CloseReason::SignalTooBig,
            _ => CloseReason::TooBig,
        }),
        Error::Utf8(_) => Some(CloseReason::NotUtf8),
        _ => Some(CloseReason::BadWebSocket),
    }
}

/// Why reading ended.
enum End {
    /// The other side is gone, or has said goodbye.
    Gone(&'static str),
    /// We end it, and say why.
    Close(CloseReason),
}

impl Reader {
    /// `already_read`: bytes that came behind the request's head.
    #[must_use]
    pub fn new(
        hub: Arc<Hub>,
        connection: Connection,
        room: RoomName,
        way: Way,
        already_read: Vec<u8>,
    ) -> Self {
        let member = MemberId(connection.id());
        let outbox = Outbox::new(
            format!("{}: member {} of {room}", connection.ip(), member.0),
            connection.socket(),
            hub.threads.clone(),
            Arc::clone(&hub.metrics),
        );
        let deadline = Instant::now() + HELLO_DEADLINE;
        let mut toll = Box::new(Toll::new(Arc::clone(&outbox), hub.rates));
        toll.pay_for_bytes(&already_read);
        let incoming = Incoming::new(connection.socket(), Arc::clone(&outbox), deadline);
        let incoming = incoming.for_toll(toll);
        let config = config(ROOM_MESSAGE_BYTES_MAX);
        let socket =
            WebSocket::from_partially_read(incoming, already_read, Role::Server, Some(config));
        let token = hub.new_token(member);
        Self {
            peer_id: token.peer_id(),
            token: Some(token),
            upload_key: hub.new_upload_key(member),
            hub,
            connection,
            outbox,
            room,
            socket,
            way,
            said_goodbye: false,
        }
    }

    /// Until the connection ends.
    pub fn run(mut self: Box<Self>) {
        let end = match self.wait_for_hello() {
            Ok(hello) => self.be_a_member(hello),
            Err(end) => end,
        };
        let id = self.connection.id();
        match end {
            End::Gone(why) => log::debug!("room {}: member {id} gone: {why}", self.room),
            End::Close(reason) => {
                self.hub.metrics.cut_off(reason.code_and_text().1);
                log::debug!(
                    "room {}: closing member {id}: {}",
                    self.room,
                    reason.code_and_text().1
                );
                let who = &self.outbox.who();
                self.hub.turned_away.note(Cause::Close(reason), who, "");
                self.outbox.close(reason);
                self.wait_for_goodbye();
            }
        }
    }

    // Apart, like everything below that is not needed while a member just listens: its frame is memory that
    // every viewer holds.
    #[inline(never)]
    fn wait_for_hello(&mut self) -> Result<Hello, End> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    self.hub.metrics.messages_received.add(1);
                    let hello = parse_hello(&text).map_err(End::Close)?;
                    self.socket.set_config(allow_signals);
                    self.socket.get_mut().wait_at_most(SILENCE);
                    return Ok(hello);
                }
                Ok(Message::Binary(_)) => return Err(End::Close(CloseReason::TextOnly)),
                Ok(_) => {}
                Err(error) if is_timeout(&error) => {
                    return Err(End::Close(CloseReason::HelloTimeout));
                }
                Err(error) => return Err(self.end_of(&error)),
            }
        }
    }

    fn be_a_member(&mut self, hello: Hello) -> End {
        let room = match self.join(hello) {
            Ok(room) => room,
            Err(reason) => return End::Close(reason),
        };
        self.hub.metrics.members.add(1);
        let mut stay = Stay {
            metrics: Arc::clone(&self.hub.metrics),
            room,
            member: MemberId(self.connection.id()),
            said_goodbye: false,
        };
        let end = self.listen(stay.member, &stay.room);
        stay.said_goodbye = self.said_goodbye;
        end
    }

    // Apart, so that what only joining needs is not below everything while the member listens.
    #[inline(never)]
    fn join(&mut self, hello: Hello) -> Result<RoomHandle, CloseReason> {
        doors::knock(&self.hub, &self.connection, &self.room, &hello.keys)?;
        let room = match self.hub.registry.enter(&self.room, self.connection.ip()) {
            Ok(room) => room,
            Err(EnterError::TooManyRooms) => return Err(CloseReason::TooManyRooms),
            Err(EnterError::TooManyRoomsOfAddress) => {
                return Err(CloseReason::TooManyRoomsOfAddress);
            }
            Err(EnterError::Stopping) => return Err(CloseReason::Stopping),
        };
        let member = MemberId(self.connection.id());
        let newcomer = Newcomer {
            member,
            token: self.token.take().expect("bug: a member joins once"),
            peer_id: std::mem::take(&mut self.peer_id),
            ip: self.connection.ip(),
            hello,
            relayed: self.way.relayed,
            proxied: self.way.proxied,
            upload_key: std::mem::take(&mut self.upload_key),
        };
        let outbox = Arc::clone(&self.outbox);
        match room.tell(ToRoom::Join(Box::new(Joining { newcomer, outbox }))) {
            true => Ok(room),
            false => Err(CloseReason::Stopping),
        }
    }

    fn listen(&mut self, member: MemberId, room: &RoomHandle) -> End {
        let mut pinged = false;
        loop {
            match self.socket.read() {
                // Sent away by the room: what is still said does not count.
                Ok(_) if self.outbox.has_ended() => {
                    self.wait_for_goodbye();
                    return End::Gone("was sent away");
                }
                Ok(Message::Text(text)) => match self.hear(&text, member, room) {
                    Ok(()) => {}
                    Err(reason) => return End::Close(reason),
                },
                Ok(Message::Binary(_)) => return End::Close(CloseReason::TextOnly),
                // Its answer goes out with the next read, which tells that all is said.
                Ok(Message::Close(_)) => self.said_goodbye = true,
                Ok(_) => {}
                Err(error) if is_timeout(&error) => {
                    // It had its moment to say goodbye.
                    if self.outbox.has_ended() {
                        return End::Gone("was sent away");
                    }
                    if pinged {
                        self.hub.metrics.cut_off("silent");
                        let sec = 2 * SILENCE.as_secs();
                        log::info!("{} cut off: silent for {sec} s", self.outbox.who());
                        return End::Gone("silent");
                    }
                    self.outbox.push(&Frame::ping());
                    pinged = true;
                    continue;
                }
                Err(error) => return self.end_of(&error),
            }
            pinged = false;
        }
    }

    /// Clock probes are answered here, so that they wait for nobody.
    ///
    /// # Errors
    /// Why this member is cut off.
    #[inline(never)]
    fn hear(
        &mut self,
        text: &Utf8Bytes,
        member: MemberId,
        room: &RoomHandle,
    ) -> Result<(), CloseReason> {
        let t1 = self.hub.clock.stamp();
        self.hub.metrics.messages_received.add(1);
        let parsed = parse_message(text, self.room.as_str());
        let is_signal = matches!(&parsed, Ok(ClientMessage::Room(RoomMessage::Signal { .. })));
        if text.len() > ROOM_MESSAGE_BYTES_MAX && !is_signal {
            return Err(CloseReason::TooBig);
        }
        let cost = pace::cost(parsed.as_ref().ok());
        // Whoever waits to say that it is in the queue must not find it gone by then.
        let stays = match &parsed {
            Ok(ClientMessage::Add { track_id, .. }) => self.hub.library.hold(*track_id),
            _ => None,
        };
        let said = match parsed {
            Ok(ClientMessage::Clock { t0 }) => {
                let t2 = self.hub.clock.stamp();
                Err(ServerMessage::Clock { t0, t1, t2 })
            }
            Ok(ClientMessage::Room(message)) => Ok(message),
            Ok(ClientMessage::Add {
                track_id,
                before,
                offer,
            }) => Self::what_to_add(track_id, stays.as_deref(), before, offer)
                .map_err(ServerMessage::error),
            Err(refusal) => Err(ServerMessage::error(refusal)),
        };
        // What is answered here is answered at once, and the waiting comes behind it.
        if let Err(answer) = &said {
            self.outbox.push(&Frame::message(answer));
        }
        self.socket.get_mut().pay_for_message(cost)?;
        if let Ok(message) = said {
            let _stopped = room.tell(ToRoom::Say { member, message });
        }
        Ok(())
    }

    /// With what the server knows of the track, if it has it.
    #[inline(never)]
    fn what_to_add(
        track_id: TrackId,
        known: Option<&Track>,
        before: Option<TrackId>,
        offer: Option<Offer>,
    ) -> Result<RoomMessage, String> {
        let known = known.map(|track| queue_entry(track, None));
        match (known, offer) {
            (Some(track), Some(_)) => Ok(RoomMessage::Offer {
                track: Box::new(track),
                before,
            }),
            (None, Some(offer)) => Ok(RoomMessage::Offer {
                track: Box::new(offer.into_entry(track_id)),
                before,
            }),
            (Some(track), None) => Ok(RoomMessage::Host(HostMessage::Add {
                track: Box::new(track),
                before,
            })),
            (None, None) => Err(format!("ADD: no track {track_id} on this server")),
        }
    }

    /// Makes sense of an error of `read`. After a close frame from the other side tungstenite has the reply ready.
    #[inline(never)]
    fn end_of(&mut self, error: &Error) -> End {
        match error {
            Error::ConnectionClosed => {
                let _gone = self.socket.flush();
                End::Gone("closed")
            }
            error => match self.socket.get_ref().over().or_else(|| close_reason(error)) {
                Some(reason) => End::Close(reason),
                None => End::Gone("connection lost"),
            },
        }
    }

    /// Reads on for a moment after our close frame: a socket closed with unread bytes would be reset, and the
    /// frame with it.
    // Apart: its buffer would be part of every listening member's stack.
    #[inline(never)]
    fn wait_for_goodbye(&mut self) {
        let deadline = Instant::now() + STOP_GRACE;
        let incoming = self.socket.get_mut();
        incoming.read_for_nothing_until(deadline);
        let mut unwanted = [0; 1024];
        while matches!(incoming.read(&mut unwanted), Ok(count) if count > 0) {}
    }
}

fn is_timeout(error: &Error) -> bool {
    matches!(error, Error::Io(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}
