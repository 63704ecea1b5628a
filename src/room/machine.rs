//! Decides what happens in one room: takes what members say, gives back what is to be sent to whom.
//!
//! Pure: it reads no clock and sends nothing. The caller passes room time with every input, carries out every
//! `Output` in order, and calls `tick` no later than `wake_at` says.

use super::event::{Home, Input, Output, RoomView};
use super::governing::NOT_ALLOWED;
use super::key::Lock;
use super::members::{MemberId, Members};
use super::message::{HostMessage, QueueTrack, RoomMessage, ServerMessage, State};
use super::name::RoomName;
use super::nodes::{Change, Nodes};
use super::offers::Offerers;
use super::push::Push;
use super::queue::{Queue, QueueFull};
use super::removed::Removed;
use super::rights::Guests;
use super::seat::Seat;
use super::swarm_map::ServerPart;
use super::turntable::{Changes, Turntable};
use super::upload::{Adder, UploadRefusal, Uploader, may_upload};
use super::votes::{Standing, Votes};
use super::waiting::Waiting;
use crate::limits::{
    MEMBERS_PUSH_INTERVAL_SEC, PEERS_PUSH_INTERVAL_SEC, QUEUE_PUSH_INTERVAL_SEC,
    SWARM_PUSH_INTERVAL_SEC, VOTES_PUSH_INTERVAL_SEC, WAITING_PUSH_INTERVAL_SEC,
};
use crate::sync::playback::{round_to_micros, start_lead_ms};
use crate::track::id::TrackId;
use std::sync::Arc;

/// Who gets in is in `joining.rs`, who may do what in `governing.rs`, the lists that it tells in `lists.rs`, what nodes
/// offer in `offers.rs`, starts that wait in `waiting.rs`, what keys open in `locking.rs`.
pub struct Room {
    pub(super) name: RoomName,
    pub(super) home: Home,
    pub(super) turntable: Turntable,
    /// What the server itself put into the queue.
    pub(super) offered: Arc<Vec<TrackId>>,
    /// What a snapshot has is no longer what it was when one was taken last.
    pub(super) has_news: bool,
    pub(super) members: Members,
    pub(super) nodes: Nodes,
    pub(super) server_node: Option<ServerPart>,
    pub(super) offerers: Offerers,
    pub(super) waiting: Option<Waiting>,
    /// The track that was last begun.
    pub(super) started: Option<String>,
    pub(super) guests: Guests,
    pub(super) votes: Votes,
    pub(super) removed: Removed,
    /// Instead of the server's.
    pub(super) own_lock: Option<Lock>,
    /// How often it has been set or taken away since the server began.
    pub(super) lock_changes: u64,
    /// A wrong key has been tried, and nobody has been told of it.
    pub(super) wrong_key: bool,
    /// What those who asked for RIGHTS have been told last.
    pub(super) seat_told: Seat,
    pub(super) guests_told: Guests,
    pub(super) lock_changes_told: u64,
    pub(super) votes_told: Option<Standing>,
    pub(super) votes_push: Push,
    pub(super) queue_push: Push,
    pub(super) members_push: Push,
    pub(super) peers_push: Push,
    pub(super) swarm_push: Push,
    pub(super) waiting_push: Push,
}

impl Room {
    /// An empty room with `tracks` to choose from. `home` is what WELCOME says of the server.
    #[must_use]
    pub fn new(
        now: f64,
        name: RoomName,
        tracks: impl IntoIterator<Item = QueueTrack>,
        home: Home,
    ) -> Self {
        let guests = home.guests;
        let queue = Queue::new(tracks);
        let offered = queue.tracks().iter().map(|track| track.track_id).collect();
        Self {
            name,
            home,
            turntable: Turntable::new(now, queue),
            offered: Arc::new(offered),
            has_news: false,
            members: Members::default(),
            nodes: Nodes::default(),
            server_node: None,
            offerers: Offerers::default(),
            waiting: None,
            started: None,
            guests,
            votes: Votes::default(),
            removed: Removed::default(),
            own_lock: None,
            lock_changes: 0,
            wrong_key: false,
            seat_told: Seat::default(),
            guests_told: guests,
            lock_changes_told: 0,
            votes_told: None,
            votes_push: Push::every(VOTES_PUSH_INTERVAL_SEC),
            queue_push: Push::every(QUEUE_PUSH_INTERVAL_SEC),
            members_push: Push::every(MEMBERS_PUSH_INTERVAL_SEC),
            peers_push: Push::every(PEERS_PUSH_INTERVAL_SEC),
            swarm_push: Push::every(SWARM_PUSH_INTERVAL_SEC),
            waiting_push: Push::every(WAITING_PUSH_INTERVAL_SEC),
        }
    }

    pub fn handle(&mut self, now: f64, input: Input, out: &mut Vec<Output>) {
        self.members.expire_seat(now);
        let newcomer = match &input {
            Input::Join(newcomer) => Some(newcomer.member),
            _ => None,
        };
        match input {
            Input::Join(newcomer) => self.join(now, newcomer, out),
            Input::Say { member, message } => self.say(now, member, message, out),
            Input::Leave { member, properly } => self.leave(now, member, properly),
        }
        self.settle(now, newcomer, out);
    }

    /// Remembers what has begun, goes on to the next track, pushes the lists that are due and forgets silent nodes.
    pub fn tick(&mut self, now: f64, out: &mut Vec<Output>) {
        let changes = self.turntable.tick(now, self.lead_sec());
        if changes.state {
            self.remember_started();
        }
        self.announce_changes(now, changes, out);
        let change = self.nodes.expire(now);
        self.nodes_changed(now, &change);
        self.dial_back(now, out);
        self.members.expire_seat(now);
        self.settle(now, None, out);
        self.push_votes(now, out);
        self.push_lists(now, out);
    }

    /// Room time at which `tick` has something to do, if at all.
    #[must_use]
    pub fn wake_at(&self) -> Option<f64> {
        [
            self.turntable.wake_at(self.lead_sec()),
            self.queue_push.due_at(),
            self.members_push.due_at(),
            self.peers_push.due_at(),
            self.swarm_push.due_at(),
            self.waiting_push.due_at(),
            self.waiting_ends_at(),
            self.votes_push.due_at(),
            self.members.seat().expires_at(),
            self.nodes.expires_at(),
            self.nodes.dials_at(),
        ]
        .into_iter()
        .flatten()
        .min_by(f64::total_cmp)
    }

    /// Whether this uploader may add to the queue; for whom it does.
    ///
    /// # Errors
    /// Why not.
    pub fn may_upload(&self, uploader: &Uploader) -> Result<Adder, UploadRefusal> {
        if self.is_locked() && uploader.key.is_none() {
            return Err(UploadRefusal::Locked);
        }
        may_upload(&self.members, self.turntable.queue(), self.guests, uploader)
    }

    /// Puts an uploaded track at the end of the queue, unless it is there already.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn add_uploaded(
        &mut self,
        now: f64,
        track: QueueTrack,
        out: &mut Vec<Output>,
    ) -> Result<(), QueueFull> {
        let changes = self.turntable.add(track, None)?;
        self.announce_changes(now, changes, out);
        Ok(())
    }

    /// Nothing was ever played here, and there is nothing to play: there is nothing to remember.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        self.state().track_id.is_none() && self.turntable.queue().is_empty()
    }

    #[must_use]
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    #[must_use]
    pub fn state(&self) -> &State {
        self.turntable.state()
    }

    #[must_use]
    pub fn members(&self) -> &Members {
        &self.members
    }

    #[must_use]
    pub fn view(&self, now: f64) -> RoomView {
        let host = self.members.host().and_then(|id| self.members.get(id));
        RoomView {
            room: self.name.to_string(),
            server_time: round_to_micros(now),
            state: self.state().clone(),
            host: host.map(|host| host.name.clone()),
            guests: self.guests,
            locked: self.is_locked(),
            total: self.members.len(),
            members: self.members.entries(),
            tracks: self.turntable.queue().tracks(),
            played: self.turntable.played(),
        }
    }

    fn say(&mut self, now: f64, member: MemberId, message: RoomMessage, out: &mut Vec<Output>) {
        let Some(speaker) = self.members.get(member) else {
            return; // Refused, or gone: what was still on its way does not count.
        };
        let done = match message {
            RoomMessage::Host(message) if !self.may_control(speaker, &message) => {
                Err(NOT_ALLOWED.into())
            }
            RoomMessage::Host(mut message) => {
                if let HostMessage::Add { track, .. } = &mut message {
                    Adder::of(speaker).sign(track);
                }
                self.control(now, message, out)
            }
            RoomMessage::Rights(message) => self.say_of_rights(now, member, message, out),
            RoomMessage::Signal { to, blob } => {
                let from = speaker.peer_id.clone();
                self.members
                    .by_peer_id(&to)
                    .ok_or_else(|| format!("SIGNAL: no member {to:?} in this room"))
                    .map(|to| {
                        let message = ServerMessage::Signal { from, blob };
                        out.push(Output::Send { to, message });
                    })
            }
            RoomMessage::Announce(announce) => {
                let can_try = !speaker.relayed;
                let done = self.nodes.announce(now, member, announce, can_try);
                done.map(|change| {
                    let message = self.peers_message(Some(member));
                    out.push(Output::Send {
                        to: member,
                        message,
                    });
                    self.nodes.mark_sent(member);
                    self.nodes_changed(now, &change);
                })
            }
            RoomMessage::HaveDelta(indices) => self
                .nodes
                .have_delta(now, member, &indices)
                .map(|change| self.nodes_changed(now, &change)),
            RoomMessage::Links(links) => self.nodes.links(now, member, links).map(|change| {
                if change == Change::Visible {
                    self.swarm_changed(now);
                }
            }),
            RoomMessage::Offer { track, before } => self.offer(now, member, *track, before, out),
            RoomMessage::Report(report) => {
                if self.members.set_report(member, report) && self.members.is_listed(member) {
                    self.members_push.request(now);
                }
                Ok(())
            }
        };
        if let Err(text) = done {
            out.push(Output::Send {
                to: member,
                message: ServerMessage::error(text),
            });
        }
    }

    /// Does what somebody who may has said.
    pub(super) fn control(
        &mut self,
        now: f64,
        message: HostMessage,
        out: &mut Vec<Output>,
    ) -> Result<(), String> {
        let at_once = self.is_start_now(&message);
        let moves_start = self.moves_waiting_start(&message);
        let changes = self.turntable.handle(now, self.lead_sec(), message)?;
        match moves_start {
            true => self.turntable.hold(now),
            false => self.hold_start(now, at_once, &changes, out),
        }
        self.announce_changes(now, changes, out);
        Ok(())
    }

    pub(super) fn announce_changes(&mut self, now: f64, changes: Changes, out: &mut Vec<Output>) {
        self.has_news |= changes != Changes::default();
        // What has begun did so before anything else changed.
        if let Some(entry) = changes.began {
            let room = self.name.to_string();
            out.push(to_all(ServerMessage::Played { room, entry }));
        }
        if changes.state {
            out.push(to_all(self.state_message()));
        }
        if changes.queue {
            self.offerers.keep_awaited(&self.turntable.queue().tracks());
            self.queue_push.request(now);
            self.tell_host_of_queue(now, out);
        }
    }

    /// A large room hears of a change later; its host, who makes them all, should not wait.
    fn tell_host_of_queue(&self, now: f64, out: &mut Vec<Output>) {
        let waits = self.queue_push.due_at().is_some_and(|at| at > now);
        let host = self.members.host().filter(|_| waits);
        let Some(to) = host else { return };
        if self.members.get(to).is_some_and(|host| host.wants.queue) {
            let message = self.queue_message();
            out.push(Output::Send { to, message });
        }
    }

    /// How far ahead of now a start is set, in seconds.
    pub(super) fn lead_sec(&self) -> f64 {
        start_lead_ms(self.members.rtt_ms_max()) / 1000.0
    }

    pub(super) fn state_message(&self) -> ServerMessage {
        ServerMessage::State {
            payload: self.state().clone(),
        }
    }
}

pub(super) fn to_all(message: ServerMessage) -> Output {
    Output::Broadcast {
        message,
        except: Vec::new(),
    }
}
