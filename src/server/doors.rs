//! Who is let in: the server's locks, wrong keys counted by address, and pages of other origins.
//!
//! A key is tried under the lock of the table of attempts, so that a thousand connections at once are a thousand attempts one
//! after the other. What happens under it is a hash and a step of the room's state machine, and no I/O.

use super::accept::Connection;
use super::attempts::Attempts;
use super::connection::{send_json, send_text};
use super::http::{Method, Refusal, Request, Status};
use super::registry::Registry;
use super::room_thread::ToRoom;
use super::run::Hub;
use super::turned_away::{Cause, TurnedAway};
use crate::room::close::CloseReason;
use crate::room::key::{Key, Keys, Locks};
use crate::room::locking::Look;
use crate::room::machine::Room;
use crate::room::name::RoomName;
use crate::room::origin::is_own;
use crate::sys::clock::RoomClock;
use crate::text::{percent_decoded, percent_encoded};
use std::io;
use std::net::{IpAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

pub struct Doors {
    pub locks: Locks,
    clock: RoomClock,
    attempts: Mutex<Attempts>,
    turned_away: Arc<TurnedAway>,
}

impl Doors {
    #[must_use]
    pub fn new(locks: Locks, clock: RoomClock, turned_away: Arc<TurnedAway>) -> Self {
        Self {
            locks,
            clock,
            attempts: Mutex::default(),
            turned_away,
        }
    }

    /// Has somebody try a key, and counts it when that gives true, for a wrong one. `false`: it was not tried, for too many
    /// from this address were wrong.
    pub fn attempt(&self, ip: IpAddr, try_key: impl FnOnce() -> bool) -> bool {
        // The table is whole between any two statements that hold it.
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if !attempts.may_try(now, ip) {
            return false;
        }
        let was_last = try_key() && attempts.was_wrong(now, ip);
        drop(attempts);
        if was_last {
            let cause = Cause::Close(CloseReason::TooManyAttempts);
            let what = "too many wrong keys, no more are tried from there for a while";
            self.turned_away.note(cause, &ip, what);
        }
        true
    }

    /// What a room looks like from outside, to somebody at this address with this key.
    ///
    /// # Errors
    /// Why the key is of no use.
    pub fn look(
        &self,
        room: &mut Room,
        ip: IpAddr,
        key: Option<&Key>,
    ) -> Result<Look, CloseReason> {
        let now = self.clock.now();
        if key.is_none() || !room.is_locked() {
            return room.look(now, key);
        }
        let mut look = Err(CloseReason::TooManyAttempts);
        self.attempt(ip, || {
            look = room.look(now, key);
            room.take_wrong_key()
        });
        look
    }
}

/// Before a room is made for somebody, which has a thread: a locked server makes none without the key. A room that there is
/// decides itself.
///
/// # Errors
/// Why this newcomer is not let in.
pub fn knock(
    hub: &Hub,
    connection: &Connection,
    name: &RoomName,
    keys: &Keys,
) -> Result<(), CloseReason> {
    let doors = hub.registry.doors();
    if doors.locks.room.is_none() || hub.registry.find(name).is_some() {
        return Ok(());
    }
    let mut room = hub.registry.empty_room(name);
    match doors.look(&mut room, connection.ip(), keys.room.as_ref())? {
        Look::Open(_) => Ok(()),
        Look::Locked(_) => Err(CloseReason::RoomKeyNeeded),
    }
}

/// What the room of this name looks like from outside, whether it exists or not; `None` when it did not answer in time.
fn look(
    registry: &Registry,
    name: &RoomName,
    ip: IpAddr,
    key: Option<Key>,
) -> Option<Result<Look, CloseReason>> {
    match registry.find(name) {
        Some(room) => room.ask(|answer| ToRoom::Look { ip, key, answer }),
        None => {
            let mut room = registry.empty_room(name);
            Some(registry.doors().look(&mut room, ip, key.as_ref()))
        }
    }
}

/// The key that a request shows, percent-encoded: a field of a head has no room for every letter. `None`: it can be no key.
fn key_of(bearer: &str) -> Option<Key> {
    percent_decoded(bearer).and_then(|text| Key::parse(&text))
}

/// The end of a room's address that carries this key, as a request shows it. `None`: it can be no key.
#[must_use]
pub fn key_in_address(bearer: &str) -> Option<String> {
    let key = key_of(bearer)?;
    Some(format!("#key={}", percent_encoded(key.as_str())))
}

/// Answers `GET /api/rooms/{room}`.
///
/// # Errors
/// When the answer could not be sent.
pub fn send_view(
    hub: &Hub,
    ip: IpAddr,
    room: &RoomName,
    socket: &TcpStream,
    request: &Request,
) -> io::Result<()> {
    let told = |status, text| send_text(socket, request, status, text);
    // What can be no key need not be tried.
    let look = match request.bearer.as_deref().map(key_of) {
        Some(None) => Some(Err(CloseReason::WrongRoomKey)),
        key => look(&hub.registry, room, ip, key.flatten()),
    };
    if let Some(Err(reason)) = look {
        let who = format!("{ip}: who looks at {room}");
        hub.turned_away.note(Cause::Close(reason), &who, "");
    }
    match look {
        Some(Ok(look)) => send_json(socket, request, &look),
        Some(Err(CloseReason::TooManyAttempts)) => told(
            Status::TooManyRequests,
            "too many wrong keys came from this address: wait a minute, then try again",
        ),
        Some(Err(_)) => told(Status::Forbidden, "this is not the key to this room"),
        None => told(Status::ServiceUnavailable, "the room is busy, try again"),
    }
}

/// Browsers let any page open a WebSocket anywhere, and say which page it was. Only this server's own may, and those that
/// `--allow-origin` names; who is no browser says nothing.
///
/// # Errors
/// The answer to the page of somebody else.
pub fn check_origin(hub: &Hub, connection: &Connection, request: &Request) -> Result<(), Refusal> {
    let changes_something = request.websocket_key.is_some() || request.method == Method::Put;
    let Some(origin) = request.origin.as_deref().filter(|_| changes_something) else {
        return Ok(());
    };
    let host = request.host.as_deref().unwrap_or_default();
    let is_allowed = |origin| hub.origins.iter().any(|allowed| allowed.is(origin));
    if is_own(origin, host) || is_allowed(origin) {
        return Ok(());
    }
    let ip = connection.ip();
    let shown = |text: &str| text.chars().take(100).collect::<String>();
    let (from, at) = (shown(origin), shown(host));
    let what = format!("a page of origin {from:?} at {at:?} (see --allow-origin)");
    let cause = Cause::Request(Status::Forbidden);
    hub.turned_away.note(cause, &ip, &what);
    Err(Refusal {
        status: Status::Forbidden,
        text: "pages of another origin may not use this server \
               (whoever runs it lets them with jam server --allow-origin)",
    })
}
