//! The shell around a room: one thread that owns the room's state machine, feeds it and carries out what it says.

use super::dial_back::Attempt;
use super::outbox::{Frame, Outbox};
use super::registry::{Registry, RoomHandle};
use super::sender::RoomSenders;
use super::state_keeper::Keeper;
use super::turned_away::Cause;
use crate::limits::{QUEUE_TRACKS_MAX, ROOM_LINGER, ROOM_LINGER_CROWDED, ROOM_LINGER_UNUSED};
use crate::room::close::CloseReason;
use crate::room::event::{Input, Newcomer, NodeAddress, Output, RoomView, ServerNode, Want};
use crate::room::key::Key;
use crate::room::locking::Look;
use crate::room::machine::Room;
use crate::room::members::MemberId;
use crate::room::message::{QueueTrack, RoomMessage, ServerMessage};
use crate::room::name::RoomName;
use crate::room::queue::QueueFull;
use crate::room::upload::{Adder, UploadRefusal, Uploader};
use crate::sys::clock::RoomClock;
use crate::track::id::TrackId;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What others send to a room's thread.
pub enum ToRoom {
    Join(Box<Joining>),
    Say {
        member: MemberId,
        message: RoomMessage,
    },
    Leave {
        member: MemberId,
        /// Its close frame arrived.
        properly: bool,
    },
    /// What the room looks like, to a channel with room for one answer.
    View(Sender<RoomView>),
    /// The same for somebody at this address, with a key or without.
    Look {
        ip: IpAddr,
        key: Option<Key>,
        answer: Sender<Result<Look, CloseReason>>,
    },
    /// Whether this uploader may add to the queue, and for whom that is.
    MayUpload {
        uploader: Uploader,
        answer: Sender<Result<Adder, UploadRefusal>>,
    },
    /// An uploaded track for the queue; the answer is why there is no room for it.
    AddUploaded {
        track: Box<QueueTrack>,
        answer: Sender<Result<(), QueueFull>>,
    },
    /// The server has a track that the queue may await.
    TrackArrived(Box<QueueTrack>),
    /// The server cannot take a track that the queue may await, and why.
    TrackRefused {
        track_id: TrackId,
        why: &'static str,
    },
    /// The server offers one more track of its own.
    Offered(Box<QueueTrack>),
    /// The server has looked for these, and has them no more.
    TracksLost(Vec<TrackId>),
    /// What the queue awaits, to a channel with room for one answer.
    Wants(Sender<Vec<Want>>),
    /// The nodes that can be dialled, or may be, to a channel with room for one answer.
    Nodes(Sender<Vec<NodeAddress>>),
    /// How far the server's own node is with a track of this room; `None`: it does nothing here.
    ServerNode(Option<Box<ServerNode>>),
    /// Whether a member's node could be dialled at this port.
    Dialled {
        member: MemberId,
        port: u16,
        dialable: bool,
    },
    /// Everybody is sent away and the thread ends.
    Stop,
}

pub struct Joining {
    pub newcomer: Newcomer,
    pub outbox: Arc<Outbox>,
}

/// What became of a key.
#[derive(PartialEq)]
enum Tried {
    Right,
    Wrong,
    /// Too many from there were wrong.
    Not,
}

/// A track that a room's queue awaits. It may be told more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomWant {
    pub room: RoomName,
    pub want: Want,
}

pub struct RoomThread {
    pub handle: RoomHandle,
    pub room: Room,
    pub inputs: Receiver<ToRoom>,
    pub senders: RoomSenders,
    pub registry: Registry,
    pub clock: RoomClock,
    pub wants: Sender<RoomWant>,
    /// What found no place among them, each once; told as soon as there is one.
    pub untold: VecDeque<RoomWant>,
    /// Whether the log says so already.
    pub wants_are_late: bool,
    /// Hears of what has to outlive the server.
    pub keeper: Option<Keeper>,
    /// A room that was there before the server waits so long for its members to come back.
    pub stays_until: Option<Instant>,
}

impl RoomThread {
    /// Until the server stops, or nobody has been here for a while.
    pub fn run(mut self) {
        let mut outputs = Vec::new();
        let mut empty_since = Some(Instant::now());
        loop {
            let joining = match self.inputs.recv_timeout(self.next_wait(empty_since)) {
                Ok(ToRoom::Stop) => return self.send_everybody_away(),
                Ok(input) => self.hear(input, &mut outputs),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => {
                    unreachable!("bug: the thread has a sender itself")
                }
            };
            self.room.tick(self.clock.now(), &mut outputs);
            for output in outputs.drain(..) {
                self.carry_out(output, joining.as_ref());
            }
            self.tell_what_is_wanted();
            self.keep_news();
            if !self.room.is_empty() {
                empty_since = None;
            } else if self
                .stays_for(*empty_since.get_or_insert_with(Instant::now))
                .is_zero()
                && self.registry.forget_if_unused(&self.handle)
            {
                return;
            }
        }
    }

    /// Gives the way to somebody who joins, which `Admit` or `Refuse` needs.
    fn hear(&mut self, input: ToRoom, outputs: &mut Vec<Output>) -> Option<Arc<Outbox>> {
        let now = self.clock.now();
        match input {
            ToRoom::Join(joining) => {
                let Joining { newcomer, outbox } = *joining;
                let members_max = self.registry.limits().members;
                if !self.room.has_place_for(&newcomer, members_max) {
                    self.turn_away(&outbox, CloseReason::RoomFull);
                    return None;
                }
                self.let_in(newcomer, outputs);
                return Some(outbox);
            }
            ToRoom::Say { member, message } => self.say(member, message, outputs),
            ToRoom::Leave { member, properly } => {
                self.feed(Input::Leave { member, properly }, outputs);
                self.senders.leave(member);
            }
            ToRoom::View(answer) => reply(&answer, self.room.view(now)),
            ToRoom::Look { ip, key, answer } => {
                let doors = self.registry.doors();
                reply(&answer, doors.look(&mut self.room, ip, key.as_ref()));
            }
            ToRoom::MayUpload { uploader, answer } => {
                reply(&answer, self.room.may_upload(&uploader));
            }
            ToRoom::AddUploaded { track, answer } => {
                reply(&answer, self.room.add_uploaded(now, *track, outputs));
            }
            ToRoom::TrackArrived(track) => self.room.track_arrived(now, *track, outputs),
            ToRoom::TrackRefused { track_id, why } => {
                self.room.track_refused(now, track_id, why, outputs);
            }
            ToRoom::Offered(track) => self.room.offer_from_server(now, *track, outputs),
            ToRoom::TracksLost(lost) => self.room.tracks_lost(now, &lost, outputs),
            ToRoom::Wants(answer) => reply(&answer, self.room.wants()),
            ToRoom::Nodes(answer) => reply(&answer, self.room.nodes()),
            ToRoom::ServerNode(node) => self.room.set_server_node(now, node.map(|node| *node)),
            ToRoom::Dialled {
                member,
                port,
                dialable,
            } => self.room.dialled(now, member, port, dialable),
            ToRoom::Stop => unreachable!("bug: stopping is not the room's business"),
        }
        None
    }

    fn feed(&mut self, input: Input, outputs: &mut Vec<Output>) {
        self.room.handle(self.clock.now(), input, outputs);
    }

    /// Without the room hearing of it when the keys may not be tried.
    fn let_in(&mut self, newcomer: Newcomer, outputs: &mut Vec<Output>) {
        if !self.room.tries(&newcomer.hello.keys) {
            return self.feed(Input::Join(newcomer), outputs);
        }
        let (member, ip) = (newcomer.member, newcomer.ip);
        // A wrong one is refused by the room, and told where that is carried out.
        if self.attempt(ip, Input::Join(newcomer), outputs) == Tried::Not {
            let reason = CloseReason::TooManyAttempts;
            outputs.push(Output::Refuse { member, reason });
        }
    }

    fn say(&mut self, member: MemberId, message: RoomMessage, outputs: &mut Vec<Output>) {
        let tried = match &message {
            RoomMessage::Rights(message) => self.room.tries_seat(message),
            _ => false,
        };
        let speaker = self.room.members().get(member).filter(|_| tried);
        let Some(ip) = speaker.map(|speaker| speaker.ip) else {
            return self.feed(Input::Say { member, message }, outputs);
        };
        let reason = match self.attempt(ip, Input::Say { member, message }, outputs) {
            Tried::Right => return,
            Tried::Wrong => CloseReason::WrongHostKey,
            Tried::Not => {
                let why = CloseReason::TooManyAttempts.code_and_text().1;
                let message = ServerMessage::error(format!("TAKE_SEAT: {why}"));
                outputs.push(Output::Send {
                    to: member,
                    message,
                });
                CloseReason::TooManyAttempts
            }
        };
        let who = format!("{ip}: member {} of {}", member.0, self.handle.name());
        self.note(&who, reason);
    }

    /// Feeds what has a key in it, unless no more are tried from there, and counts a wrong one.
    fn attempt(&mut self, ip: IpAddr, input: Input, outputs: &mut Vec<Output>) -> Tried {
        let doors = self.registry.doors();
        let mut is_wrong = false;
        let is_tried = doors.attempt(ip, || {
            self.feed(input, outputs);
            is_wrong = self.room.take_wrong_key();
            is_wrong
        });
        match (is_tried, is_wrong) {
            (false, _) => Tried::Not,
            (true, true) => Tried::Wrong,
            (true, false) => Tried::Right,
        }
    }

    fn carry_out(&mut self, output: Output, joining: Option<&Arc<Outbox>>) {
        const SOMEBODY_JOINS: &str = "bug: only a Join is admitted or refused";
        match output {
            Output::Admit { member, wants } => {
                let outbox = Arc::clone(joining.expect(SOMEBODY_JOINS));
                self.senders.join(member, wants, outbox);
            }
            Output::Refuse { reason, .. } => {
                self.turn_away(joining.expect(SOMEBODY_JOINS), reason);
            }
            // Its reader notices, and tells of it, which the room ignores.
            Output::End { member, reason } => {
                let (room, why) = (self.handle.name(), reason.code_and_text().1);
                log::info!("room {room}: member {} is sent away: {why}", member.0);
                self.senders.one(member, Frame::close(reason));
                self.senders.leave(member);
            }
            Output::Send { to, message } => self.senders.one(to, Frame::message(&message)),
            Output::Broadcast { message, except } => {
                let frame = Frame::message(&message);
                self.senders.all(Some(message.kind()), &frame, except);
            }
            Output::DialBack { member, address } => self.registry.dial_back(Attempt {
                room: self.handle.clone(),
                member,
                address,
            }),
            Output::Want(want) => {
                let room = self.handle.name().clone();
                let want = RoomWant { room, want };
                if self.untold.len() < QUEUE_TRACKS_MAX && !self.untold.contains(&want) {
                    self.untold.push_back(want);
                }
                self.tell_what_is_wanted();
            }
        }
    }

    fn turn_away(&self, outbox: &Arc<Outbox>, reason: CloseReason) {
        self.note(outbox.who(), reason);
        outbox.close(reason);
    }

    /// Tells the log who was turned away.
    fn note(&self, who: &str, reason: CloseReason) {
        let turned_away = self.registry.turned_away();
        turned_away.note(Cause::Close(reason), &who, "");
    }

    /// Never waits for the server's node.
    fn tell_what_is_wanted(&mut self) {
        while let Some(want) = self.untold.pop_front() {
            match self.wants.try_send(want) {
                Ok(()) => self.wants_are_late = false,
                Err(TrySendError::Full(want)) => {
                    if !std::mem::replace(&mut self.wants_are_late, true) {
                        let (room, want_id) = (&want.room, want.want.track_id);
                        log::warn!(
                            "room {room}: nobody takes note yet that track {want_id} is awaited"
                        );
                    }
                    return self.untold.push_front(want);
                }
                // The server stops.
                Err(TrySendError::Disconnected(_)) => {}
            }
        }
    }

    /// What was said is kept, and never the other way round.
    fn keep_news(&mut self) {
        if let Some(keeper) = &self.keeper
            && let Some(snapshot) = self.room.take_news(self.clock.now())
        {
            keeper.keep(self.handle.name(), snapshot);
        }
    }

    /// Until the room has something to do by itself.
    fn next_wait(&self, empty_since: Option<Instant>) -> Duration {
        // Soon enough to see that the server has become crowded, or that a reader let go of an empty room.
        const LONGEST: Duration = Duration::from_secs(5);
        // An empty room whose last reader has not let go yet asks again a little later.
        const AGAIN: Duration = Duration::from_millis(10);
        let linger = empty_since.map(|since| self.stays_for(since).max(AGAIN));
        let wake = self.room.wake_at().map(|at| self.clock.until(at));
        [linger, wake]
            .into_iter()
            .flatten()
            .fold(LONGEST, Duration::min)
    }

    /// How long the room lives on when nobody comes; it is empty since then.
    fn stays_for(&self, empty_since: Instant) -> Duration {
        let linger = self.linger().saturating_sub(empty_since.elapsed());
        let until = self.stays_until.unwrap_or(empty_since);
        linger.max(until.saturating_duration_since(Instant::now()))
    }

    fn linger(&self) -> Duration {
        if self.room.is_unused() {
            ROOM_LINGER_UNUSED
        } else if self.registry.len() > self.registry.limits().rooms / 2 {
            ROOM_LINGER_CROWDED
        } else {
            ROOM_LINGER
        }
    }

    pub(super) fn send_everybody_away(&self) {
        let frame = Frame::close(CloseReason::Stopping);
        self.senders.all(None, &frame, Vec::new());
        for input in self.inputs.try_iter() {
            if let ToRoom::Join(joining) = input {
                joining.outbox.push(&frame);
            }
        }
    }
}

/// Whoever asked may have stopped waiting.
fn reply<T>(answer: &Sender<T>, value: T) {
    let _unwanted = answer.try_send(value);
}
