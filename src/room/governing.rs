//! Who may do what in a room: what is said of the host seat, the guests' rights and votes, and what follows from it.

use super::close::CloseReason;
use super::event::Output;
use super::key::Key;
use super::machine::{Room, to_all};
use super::members::{Member, MemberId};
use super::message::{HostMessage, Role, ServerMessage};
use super::rights::{Guests, guest_may};
use super::rights_message::{KeptSeat, Person, RightsMessage};
use super::votes::needed;
use crate::limits::VOTES_BYTES;

pub(super) const NOT_ALLOWED: &str = "Only host can control";

impl Room {
    /// Whether a member may say this about the music.
    pub(super) fn may_control(&self, speaker: &Member, message: &HostMessage) -> bool {
        let is_host = speaker.role == Role::Host;
        is_host || guest_may(self.guests, message, &speaker.peer_id, &self.turntable)
    }

    pub(super) fn say_of_rights(
        &mut self,
        now: f64,
        member: MemberId,
        message: RightsMessage,
        out: &mut Vec<Output>,
    ) -> Result<(), String> {
        let is_host = self.members.host() == Some(member);
        match message {
            RightsMessage::TakeSeat { host_key } => self.take_seat(now, member, host_key.as_ref()),
            RightsMessage::Vote { skip } => self.vote(member, skip.as_deref()),
            _ if !is_host => Err(NOT_ALLOWED.into()),
            RightsMessage::HandOver { to } => self.hand_over(to.as_deref()),
            RightsMessage::Guests { may } => {
                self.guests = may;
                Ok(())
            }
            RightsMessage::Lock { key } => self.set_lock(key.as_ref()),
            RightsMessage::Kick { peer_id } => self.kick(now, member, &peer_id, out),
        }
    }

    fn take_seat(
        &mut self,
        now: f64,
        member: MemberId,
        host_key: Option<&Key>,
    ) -> Result<(), String> {
        let host = self.members.host();
        if host == Some(member) {
            return Ok(());
        }
        if self.is_node(member) {
            return Err("TAKE_SEAT: a node cannot take the seat".into());
        }
        if let Some(host) = host.and_then(|host| self.members.get(host)) {
            return Err(format!("TAKE_SEAT: {} hosts this room", host.name));
        }
        if let Some(kept) = self.members.seat().kept() {
            let left_sec = (kept.until - now).ceil();
            let seconds = if left_sec == 1.0 { "second" } else { "seconds" };
            let name = &kept.name;
            return Err(format!(
                "TAKE_SEAT: the seat is kept for {name} for {left_sec} more {seconds}"
            ));
        }
        let speaker = self.members.get(member);
        if !speaker.is_some_and(|speaker| speaker.has_host_key) {
            self.try_host_key(host_key)
                .map_err(|reason| format!("TAKE_SEAT: {}", reason.code_and_text().1))?;
            self.members.show_host_key(member);
        }
        self.members.give_seat(Some(member));
        Ok(())
    }

    fn hand_over(&mut self, to: Option<&str>) -> Result<(), String> {
        let to = to.map(|to| self.named("HAND_OVER", to)).transpose()?;
        if to.is_some_and(|to| self.is_node(to) && self.members.host() != Some(to)) {
            return Err("HAND_OVER: a node cannot take the seat".into());
        }
        self.members.give_seat(to);
        Ok(())
    }

    fn vote(&mut self, member: MemberId, skip: Option<&str>) -> Result<(), String> {
        let is_host = self.members.host() == Some(member);
        if !is_host && self.guests < Guests::Vote {
            return Err(NOT_ALLOWED.into());
        }
        if self.is_node(member) {
            return Err("VOTE: a node does not listen".into());
        }
        match (skip, &self.turntable.state().track_id) {
            (None, _) => self.votes.take_back(member),
            (Some(skip), Some(current)) if self.turntable.is_current(skip) => {
                self.votes.cast(member, current);
            }
            // Said before the sender heard that another track is on.
            _ => {}
        }
        Ok(())
    }

    fn kick(
        &mut self,
        now: f64,
        host: MemberId,
        peer_id: &str,
        out: &mut Vec<Output>,
    ) -> Result<(), String> {
        let id = self.named("KICK", peer_id)?;
        if id == host {
            return Err("KICK: that is yourself (HAND_OVER gives the seat away)".into());
        }
        let member = self.members.get(id).expect("bug: named a moment ago");
        let ip = member.ip;
        let is_its_own = !ip.is_loopback() && !member.proxied && self.members.all_from(ip) == 1;
        self.removed
            .add(peer_id.to_owned(), is_its_own.then_some(ip));
        self.has_news = true;
        self.forget_member(now, id);
        let reason = CloseReason::Removed;
        out.push(Output::End { member: id, reason });
        Ok(())
    }

    fn named(&self, kind: &str, peer_id: &str) -> Result<MemberId, String> {
        let found = self.members.by_peer_id(peer_id);
        found.ok_or_else(|| format!("{kind}: no member {peer_id:?} in this room"))
    }

    fn is_node(&self, id: MemberId) -> bool {
        self.members.get(id).is_some_and(|member| member.node)
    }

    /// At the end of every step: what follows from it for votes, for what is waited for, and for rights. `newcomer` has been told already.
    pub(super) fn settle(&mut self, now: f64, newcomer: Option<MemberId>, out: &mut Vec<Output>) {
        self.settle_votes(now, out);
        if newcomer.is_some() && self.waiting_ends_at().is_some() {
            self.waiting_push.request(now);
        }
        self.go_on_waiting(now, out);
        let is_known =
            self.guests_told == self.guests && self.lock_changes_told == self.lock_changes;
        if !is_known || self.seat_told != *self.members.seat() {
            self.rights_changed(now, newcomer, out);
        }
    }

    fn rights_changed(&mut self, now: f64, newcomer: Option<MemberId>, out: &mut Vec<Output>) {
        let seat = self.members.seat().clone();
        if seat != self.seat_told {
            let hosts = [self.seat_told.holder(), seat.holder()];
            let change = self.nodes.host_changed(hosts);
            self.nodes_changed(now, &change);
            self.members_push.request(now);
        }
        (self.seat_told, self.guests_told) = (seat, self.guests);
        self.lock_changes_told = self.lock_changes;
        self.has_news = true;
        let newcomer = newcomer.and_then(|id| self.members.get(id).map(|member| (id, member)));
        let told = newcomer.filter(|(_, member)| member.wants.rights);
        if self.members.rights_watchers() > usize::from(told.is_some()) {
            out.push(Output::Broadcast {
                message: self.rights_message(),
                except: told.into_iter().map(|(id, _)| id).collect(),
            });
        }
    }

    fn settle_votes(&mut self, now: f64, out: &mut Vec<Output>) {
        let current = self.turntable.state().track_id.as_deref();
        self.votes.end_without(current);
        if self.guests < Guests::Vote {
            self.votes.end();
        }
        if self.votes.are_enough(self.members.listeners()) {
            self.votes.end();
            // Without a queue there is no next: then nothing happens.
            let _empty = self.control(now, HostMessage::Next { from: None }, out);
        }
        if self.votes.standing(self.members.listeners()) != self.votes_told {
            self.votes_push.request(now);
        }
    }

    pub(super) fn push_votes(&mut self, now: f64, out: &mut Vec<Output>) {
        let watchers = self.members.rights_watchers();
        if !self.votes_push.take_due(now, VOTES_BYTES, watchers) {
            return;
        }
        // Also when a vote was taken back at once: a newcomer may have heard of it meanwhile.
        self.votes_told = self.votes.standing(self.members.listeners());
        if watchers > 0 {
            out.push(to_all(self.votes_message()));
        }
    }

    /// How many votes there are, if any.
    pub(super) fn votes_message(&self) -> ServerMessage {
        let listeners = self.members.listeners();
        ServerMessage::Votes {
            room: self.name.to_string(),
            track_id: self.state().track_id.clone(),
            votes: self.votes.count(),
            needed: needed(listeners),
        }
    }

    pub(super) fn rights_message(&self) -> ServerMessage {
        let host = self.members.host().and_then(|id| self.members.get(id));
        let kept = self.members.seat().kept();
        ServerMessage::Rights {
            room: self.name.to_string(),
            host: host.map(|host| Person {
                peer_id: host.peer_id.clone(),
                name: host.name.clone(),
            }),
            kept: kept.map(|kept| KeptSeat {
                person: Person {
                    peer_id: kept.peer_id.clone(),
                    name: kept.name.clone(),
                },
                until: kept.until,
            }),
            guests: self.guests,
            locked: self.is_locked(),
            lock_changes: self.lock_changes,
        }
    }
}
