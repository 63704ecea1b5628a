//! A short visit to a room: takes the host seat if it is free, has one thing done, and leaves properly, so that the
//! music plays on.

use super::party::{Idle, Order, Party, Shows};
use super::timekeeper::Timekeeper;
use crate::cli::{Deed, HostOptions};
use crate::client::error::RoomError;
use crate::client::http::{self, Answer};
use crate::client::link::RoomLink;
use crate::client::member::{RoomEvent, join};
use crate::client::outgoing::Hello;
use crate::client::parse_people::{is_locked, overview};
use crate::commands::Failure;
use crate::commands::stop::Stop;
use crate::limits::{CLIENT_CLOSE_GRACE, COMMAND_TICK, HOST_ENTRY_DEADLINE, HOST_ORDER_DEADLINE};
use crate::room::address::RoomAddress;
use crate::room::close::CloseReason;
use crate::room::message::Role;
use crate::sys::secret;
use crate::sys::threads::Threads;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// What a server says to a second host.
pub const SEAT_TAKEN: &str = "Host already assigned";

pub struct Visit {
    address: RoomAddress,
    pub link: RoomLink,
    events: Receiver<RoomEvent>,
    threads: Threads,
    pub stop: Stop,
    pub party: Party,
    time: Timekeeper,
    /// What allows an upload.
    pub upload_key: Option<String>,
    heard: Heard,
}

/// What has come since the beginning.
#[derive(Default)]
struct Heard {
    joined: bool,
    queue: bool,
    members: bool,
    rights: bool,
    states: usize,
    /// What the server says against what we said.
    refusal: Option<String>,
}

/// Why there is no visit.
pub enum NoVisit {
    /// Somebody else has the seat, and this server lets nobody in who asks for it.
    SeatTaken,
    Failed(Failure),
}

impl Visit {
    /// Joins, as the host if that may be.
    ///
    /// # Errors
    /// When the room cannot be joined.
    pub fn begin(options: &HostOptions) -> Result<Self, NoVisit> {
        let failed = |doing: &str, error| NoVisit::Failed(Failure::new(doing, &error));
        let stop = Stop::on_signals().map_err(|error| failed("waiting for signals", error))?;
        let hello = Hello {
            role: Role::Host,
            display_name: options.name.clone(),
            node: false,
            wants: vec!["QUEUE", "MEMBERS", "RIGHTS"],
            token: Some(token().map_err(NoVisit::Failed)?),
        };
        let threads = Threads::default();
        let seed = u64::from_be_bytes(secret::random_or_zero());
        let (link, events) = join(options.room.clone(), &hello, seed, &threads)
            .map_err(|error| failed("starting a thread", error))?;
        let mut visit = Self {
            address: options.room.clone(),
            link,
            events,
            threads,
            stop,
            party: Party::of_member(&options.room),
            time: Timekeeper::default(),
            upload_key: None,
            heard: Heard::default(),
        };
        match visit.enter() {
            Ok(()) => Ok(visit),
            Err(no_visit) => {
                visit.end();
                Err(no_visit)
            }
        }
    }

    /// Waits until everything is known that an order needs.
    fn enter(&mut self) -> Result<(), NoVisit> {
        let until = Instant::now() + HOST_ENTRY_DEADLINE;
        loop {
            let heard = &self.heard;
            let knows_seat = self.party.seat.mine || heard.rights;
            let lists = heard.queue && heard.members && heard.states > 0;
            if heard.joined && lists && knows_seat && self.time.room_sec().is_some() {
                return Ok(());
            }
            if Instant::now() >= until {
                let room = &self.address;
                let why = format!("joining {room}: the server does not tell all about the room");
                return Err(NoVisit::Failed(Failure(why)));
            }
            self.hear_next()?;
        }
    }

    /// Has `deed` done, and waits until the room shows it.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn act(&mut self, deed: &Deed) -> Result<(), Failure> {
        if matches!(deed, Deed::Lock(_) | Deed::Unlock) {
            // How the lock is now comes behind everything else.
            self.wait_until(|visit| visit.heard.rights)?;
        }
        self.party.may_do(deed).map_err(Failure)?;
        let Order { text, shows } = match self.party.order(deed, self.time.room_sec()) {
            Ok(order) => order,
            Err(Idle::Already) => return Ok(()),
            Err(Idle::Cannot(why)) => return Err(Failure(why)),
        };
        if let Shows::Lock(key) = &shows {
            self.party.lock.ask(key.clone());
        }
        let before = self.heard.states;
        if self.link.send(text).is_err() {
            let room = &self.address;
            return Err(Failure(format!("the connection to {room} was lost")));
        }
        let followed = |visit: &Self| {
            let is_new = visit.heard.states > before;
            visit.party.has_followed(&shows, is_new)
        };
        self.wait_until(followed)?;
        // A new track is told before its state, or behind it.
        let is_known =
            |visit: &Self| visit.party.track_id().is_none() || visit.party.place().is_some();
        match shows {
            Shows::AnyState => self.wait_until(is_known),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// When the room refuses, or does not follow in time.
    pub fn wait_until(&mut self, done: impl Fn(&Self) -> bool) -> Result<(), Failure> {
        let until = Instant::now() + HOST_ORDER_DEADLINE;
        while !done(self) {
            if let Some(why) = self.heard.refusal.take() {
                let room = &self.party.room;
                return Err(Failure(format!("room {room} says: {why}")));
            }
            if Instant::now() >= until {
                let (room, sec) = (&self.party.room, HOST_ORDER_DEADLINE.as_secs());
                let why = format!("room {room} has not followed within {sec} s (try again)");
                return Err(Failure(why));
            }
            self.hear_next().map_err(|no_visit| match no_visit {
                NoVisit::Failed(failure) => failure,
                NoVisit::SeatTaken => Failure(SEAT_TAKEN.into()),
            })?;
        }
        Ok(())
    }

    /// Leaves with a close handshake: the seat is free at once.
    pub fn end(self) {
        self.link.leave();
        drop(self.events);
        let _looking_up_a_name = self.threads.join_all(2 * CLIENT_CLOSE_GRACE);
    }

    /// One event, or a moment without any.
    fn hear_next(&mut self) -> Result<(), NoVisit> {
        if self.stop.is_asked() {
            return Err(NoVisit::Failed(Failure::stopped()));
        }
        let due = self.time.probe(&self.link) - self.time.local_sec();
        let wait = Duration::try_from_secs_f64(due.min(1.0)).unwrap_or_default();
        match self.events.recv_timeout(wait.min(COMMAND_TICK)) {
            Ok(event) => self.hear(event),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => Err(NoVisit::Failed(Failure::stopped())),
        }
    }

    fn hear(&mut self, event: RoomEvent) -> Result<(), NoVisit> {
        let failed = |why: String| Err(NoVisit::Failed(Failure(why)));
        let room = &self.address;
        match event {
            RoomEvent::Joined(joined) => {
                self.heard.joined = true;
                self.time.start();
                self.upload_key = joined.upload_key;
                self.party.connected = true;
                self.party.me = Some(joined.peer_id);
                self.party.seat.mine = joined.role == Some(Role::Host);
                self.party.seat.host = joined.name.filter(|_| self.party.seat.mine);
            }
            RoomEvent::State(state) => {
                self.heard.states += 1;
                self.party.hear_state(state);
            }
            RoomEvent::Queue(tracks) => {
                self.heard.queue = true;
                self.party.queue = tracks;
            }
            RoomEvent::Members(members) => {
                self.heard.members = true;
                self.party.hear_members(members);
            }
            RoomEvent::Rights(rights) => {
                self.heard.rights = true;
                self.party.hear_rights(rights);
            }
            RoomEvent::Clock { clock, at } => self.time.hear(clock, at),
            RoomEvent::Error(why) | RoomEvent::Refused { why, .. } => {
                self.heard.refusal = Some(why);
            }
            RoomEvent::Failed(RoomError::Closed { reason, .. }) if reason == SEAT_TAKEN => {
                return Err(NoVisit::SeatTaken);
            }
            RoomEvent::Failed(why) => return failed(format!("joining {room}: {why}")),
            RoomEvent::Lost { why, .. } => {
                return failed(format!("the connection to {room} was lost: {why}"));
            }
            RoomEvent::Woken => self.time.start(),
            RoomEvent::Votes(_)
            | RoomEvent::Waiting(_)
            | RoomEvent::Peers(_)
            | RoomEvent::Swarm(_)
            | RoomEvent::Signal { .. } => {}
        }
        Ok(())
    }
}

/// The room as its server tells whoever asks, and room time; nobody in the room notices.
///
/// # Errors
/// When the server does not answer, or something else than a room.
pub fn look(address: &RoomAddress) -> Result<(Party, f64), Failure> {
    let threads = Threads::default();
    let path = format!("/api/rooms/{}", address.room);
    let answer = http::get(address, &path, &threads);
    let _looking_up_a_name = threads.join_all(2 * CLIENT_CLOSE_GRACE);
    let asking = || format!("asking for {address}");
    let Answer { status, body } = answer.map_err(|error| Failure::new(asking(), &error))?;
    let refused = match status {
        200 if is_locked(&body) => Some(CloseReason::RoomKeyNeeded),
        403 => Some(CloseReason::WrongRoomKey),
        429 => Some(CloseReason::TooManyAttempts),
        _ => None,
    };
    if let Some((code, reason)) = refused.map(CloseReason::code_and_text) {
        let reason = reason.to_owned();
        return Err(Failure::new(asking(), &RoomError::Closed { code, reason }));
    }
    let overview = (status == 200).then(|| overview(&body)).flatten();
    let overview = overview.ok_or_else(|| {
        let why = RoomError::NotARoom {
            status,
            answer: String::new(),
        };
        Failure::new(asking(), &why)
    })?;
    let room_sec = overview.server_time;
    Ok((
        Party::of_overview(address.room.as_str(), overview),
        room_sec,
    ))
}

/// Why a room is not ours to control, when all that is known is that the seat is taken.
#[must_use]
pub fn seat_taken(address: &RoomAddress) -> Failure {
    match look(address) {
        Ok((party, _)) if party.seat.host.is_some() => Failure(
            party
                .may_control()
                .err()
                .unwrap_or_else(|| SEAT_TAKEN.to_owned()),
        ),
        _ => {
            let room = &address.room;
            Failure(format!(
                "somebody else hosts room {room} (try again when the seat is free)"
            ))
        }
    }
}

/// By which a room will know us again; with one it lets in also who has to wait for the host seat.
///
/// # Errors
/// When the system gives no random numbers.
pub fn token() -> Result<String, Failure> {
    let bytes: [u8; 16] =
        secret::random().map_err(|error| Failure::new("drawing random numbers", &error))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
