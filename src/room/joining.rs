//! How somebody gets into a room, or back, and out again.

use super::close::CloseReason;
use super::event::{Newcomer, Output};
use super::machine::Room;
use super::members::{Member, MemberId};
use super::message::{Hello, Role, ServerMessage};
use super::node_message::SwarmWelcome;
use super::seat::Kept;
use super::token::Token;

impl Room {
    /// Whether there is a place for one more, of `members_max`; somebody who comes back has its own.
    #[must_use]
    pub fn has_place_for(&self, newcomer: &Newcomer, members_max: usize) -> bool {
        let token = newcomer.hello.token.as_ref();
        let comes_back = token.is_some_and(|token| self.members.by_token(token).is_some());
        comes_back || self.members.len() < members_max
    }

    pub(super) fn join(&mut self, now: f64, newcomer: Newcomer, out: &mut Vec<Output>) {
        let member = newcomer.member;
        // Before anything else: who has no key learns nothing.
        if let Err(reason) = self.try_room_key(newcomer.hello.keys.room.as_ref()) {
            return out.push(Output::Refuse { member, reason });
        }
        let brought = newcomer.hello.token.as_ref();
        let (token, peer_id) = match self.identity(brought) {
            Some(identity) => identity,
            None => (newcomer.token, newcomer.peer_id),
        };
        if self.removed.has(&peer_id, newcomer.ip) {
            let reason = CloseReason::Removed;
            return out.push(Output::Refuse { member, reason });
        }
        let has_host_key = match self.seat_key(&newcomer.hello, &token) {
            Ok(has_host_key) => has_host_key,
            Err(reason) => return out.push(Output::Refuse { member, reason }),
        };
        let before = self.members.by_token(&token);
        let role = match newcomer.hello.role {
            Role::Viewer => Some(Role::Viewer),
            Role::Host if before.is_some() && before == self.members.host() => Some(Role::Host),
            Role::Host => self.members.seat().role_for(brought),
        };
        let Some(role) = role else {
            let reason = CloseReason::HostTaken;
            return out.push(Output::Refuse { member, reason });
        };
        let before = before.and_then(|old| {
            let (member, reason) = (old, CloseReason::CameBack);
            out.push(Output::End { member, reason });
            self.forget_member(now, old)
        });
        if self.members.seat().is_kept_for(&token) {
            self.members.give_seat(None);
        }
        let (name, upload_key) = match before {
            Some(before) => (Some(before.name), before.upload_key),
            None => (None, newcomer.upload_key),
        };
        let name = newcomer.hello.display_name.or(name);
        let name = name.unwrap_or_else(|| self.members.next_default_name(role));
        let wants = newcomer.hello.wants;
        let added = self.members.add(
            member,
            Member {
                peer_id,
                token,
                name,
                role,
                ip: newcomer.ip,
                relayed: newcomer.relayed,
                proxied: newcomer.proxied,
                node: newcomer.hello.node,
                wants,
                report: None,
                has_host_key,
                upload_key,
            },
        );
        assert!(added, "bug: the seat was free a moment ago");
        self.members_push.request(now);
        out.push(Output::Admit { member, wants });
        self.greet(member, out);
    }

    /// Whether this HELLO shows the key to the host seat. Who asks for the seat has to, unless it is its own already.
    fn seat_key(&mut self, hello: &Hello, token: &Token) -> Result<bool, CloseReason> {
        match self.try_host_key(hello.keys.host.as_ref()) {
            Ok(()) => Ok(true),
            Err(CloseReason::HostKeyNeeded) if hello.role == Role::Viewer => Ok(false),
            Err(CloseReason::HostKeyNeeded) if self.has_seat(token) => Ok(false),
            Err(reason) => Err(reason),
        }
    }

    /// Who somebody with this token is; `None` when it has none, or by the rarest chance another member looks the same.
    fn identity(&self, token: Option<&Token>) -> Option<(Token, String)> {
        let token = token?;
        let peer_id = token.peer_id();
        let found = self.members.by_peer_id(&peer_id);
        let present = found.and_then(|id| self.members.get(id));
        let is_free = present.is_none_or(|present| present.token == *token);
        is_free.then(|| (token.clone(), peer_id))
    }

    /// What everybody is told on joining, and what it asked for.
    fn greet(&self, id: MemberId, out: &mut Vec<Output>) {
        let member = self.members.get(id).expect("bug: it has just joined");
        let wants = member.wants;
        let mut send = |message| out.push(Output::Send { to: id, message });
        send(self.state_message());
        send(ServerMessage::Peer {
            peer_id: member.peer_id.clone(),
        });
        if wants.is_welcomed() {
            send(self.welcome(member));
        }
        if wants.rights {
            send(self.rights_message());
            if self.votes.count() > 0 {
                send(self.votes_message());
            }
        }
        if wants.queue {
            send(self.queue_message());
        }
        if wants.history {
            send(ServerMessage::History {
                room: self.name.to_string(),
                played: self.turntable.played(),
            });
        }
        if wants.members {
            send(self.members_message());
        }
        if wants.swarm {
            send(self.swarm_message(self.swarm_picture()));
        }
    }

    fn welcome(&self, member: &Member) -> ServerMessage {
        let swarm = member.wants.swarm_key.then(|| SwarmWelcome {
            key: self.home.swarm_key.to_hex(),
            node_id: self.home.node_id,
        });
        ServerMessage::Welcome {
            version: self.home.version,
            room: self.name.to_string(),
            peer_id: member.peer_id.clone(),
            name: member.name.clone(),
            role: member.role,
            token: member.token.clone(),
            upload_key: member.upload_key.clone(),
            swarm,
        }
    }

    /// The seat of a host that went without a word is kept, if it can prove that it is back.
    pub(super) fn leave(&mut self, now: f64, member: MemberId, properly: bool) {
        let Some(gone) = self.forget_member(now, member) else {
            return; // Refused at the door, or sent away.
        };
        if gone.role == Role::Host && !properly && gone.wants.is_welcomed() {
            let kept = Kept::new(now, gone.token, gone.peer_id, gone.name);
            self.members.keep_seat(kept);
        }
    }

    pub(super) fn forget_member(&mut self, now: f64, id: MemberId) -> Option<Member> {
        let gone = self.members.remove(id)?;
        self.votes.take_back(id);
        self.members_push.request(now);
        let change = self.nodes.remove(id);
        self.nodes_changed(now, &change);
        Some(gone)
    }
}
