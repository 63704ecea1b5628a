//! Who is in a room, in the order of joining, and who holds the host seat.

use super::message::{MemberEntry, Report, Role, Wants};
use super::seat::{Kept, Seat};
use super::token::Token;
use crate::limits::{MEMBERS_LISTED_MAX, RTT_MS_WAITED_FOR_MAX};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// One connection to the server, numbered in the order of connecting; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u64);

#[derive(Clone, Debug)]
pub struct Member {
    pub peer_id: String,
    pub token: Token,
    pub name: String,
    pub role: Role,
    pub ip: IpAddr,
    /// Whether the address says nothing of where the member is.
    pub relayed: bool,
    /// Whether the address is a proxy's.
    pub proxied: bool,
    /// A program that moves chunks, and not a listener.
    pub node: bool,
    pub wants: Wants,
    pub report: Option<Report>,
    /// It has shown the key to the host seat.
    pub has_host_key: bool,
    /// What allows an upload, as far as this member may add to the queue.
    pub upload_key: String,
}

/// Invariant: whoever holds the seat is a member with the host's role, and the only one; `by_peer_id` has every member once.
#[derive(Debug, Default)]
pub struct Members {
    members: BTreeMap<MemberId, Member>,
    by_peer_id: HashMap<String, MemberId>,
    seat: Seat,
    named_by_server: u64,
    /// Those who asked for SWARM.
    swarm_watchers: usize,
    /// Those who asked for RIGHTS.
    rights_watchers: usize,
    listeners: usize,
    /// Kept, because it is asked for at every step of the room.
    rtt_ms_max: f64,
}

impl Members {
    /// `false`, and nothing changed, when the host seat is asked for and somebody holds it.
    pub fn add(&mut self, id: MemberId, member: Member) -> bool {
        if member.role == Role::Host {
            if self.host().is_some() {
                return false;
            }
            self.seat = Seat::Held(id);
        }
        self.swarm_watchers += usize::from(member.wants.swarm);
        self.rights_watchers += usize::from(member.wants.rights);
        self.listeners += usize::from(!member.node);
        self.by_peer_id.insert(member.peer_id.clone(), id);
        let replaced = self.members.insert(id, member);
        assert!(replaced.is_none(), "bug: a member joined twice");
        true
    }

    pub fn remove(&mut self, id: MemberId) -> Option<Member> {
        let member = self.members.remove(&id)?;
        self.by_peer_id.remove(&member.peer_id);
        self.swarm_watchers -= usize::from(member.wants.swarm);
        self.rights_watchers -= usize::from(member.wants.rights);
        self.listeners -= usize::from(!member.node);
        if self.host() == Some(id) {
            self.seat = Seat::Free;
        }
        self.rtt_changed(rtt_waited_for(&member), 0.0);
        Some(member)
    }

    /// A name for somebody who gave none.
    pub fn next_default_name(&mut self, role: Role) -> String {
        match role {
            Role::Host => "Host".into(),
            Role::Viewer => {
                self.named_by_server += 1;
                format!("Guest {}", self.named_by_server)
            }
        }
    }

    #[must_use]
    pub fn get(&self, id: MemberId) -> Option<&Member> {
        self.members.get(&id)
    }

    /// In the order of connecting.
    pub fn iter(&self) -> impl Iterator<Item = (MemberId, &Member)> {
        self.members.iter().map(|(&id, member)| (id, member))
    }

    #[must_use]
    pub fn by_peer_id(&self, peer_id: &str) -> Option<MemberId> {
        self.by_peer_id.get(peer_id).copied()
    }

    /// The member with this token.
    #[must_use]
    pub fn by_token(&self, token: &Token) -> Option<MemberId> {
        let id = self.by_peer_id(&token.peer_id())?;
        (self.members[&id].token == *token).then_some(id)
    }

    /// The member with this upload key. Found in a time that does not tell how much of it is right: hashes are compared
    /// in constant time.
    #[must_use]
    pub fn by_upload_key(&self, key: &str) -> Option<(MemberId, &Member)> {
        let hash = blake3::hash(key.as_bytes());
        let mut all = self.members.iter();
        all.find(|(_, member)| blake3::hash(member.upload_key.as_bytes()) == hash)
            .map(|(&id, member)| (id, member))
    }

    #[must_use]
    pub fn host(&self) -> Option<MemberId> {
        self.seat.holder()
    }

    #[must_use]
    pub fn seat(&self) -> &Seat {
        &self.seat
    }

    /// This member has shown the key to the host seat.
    pub fn show_host_key(&mut self, id: MemberId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.has_host_key = true;
        }
    }

    /// From now on this member is the host, and who was is a viewer; `None`: nobody is.
    pub fn give_seat(&mut self, to: Option<MemberId>) {
        self.set_role(self.host(), Role::Viewer);
        self.seat = to.map_or(Seat::Free, Seat::Held);
        self.set_role(to, Role::Host);
    }

    /// The seat, which nobody holds, is kept for somebody.
    pub fn keep_seat(&mut self, kept: Kept) {
        assert!(self.host().is_none(), "bug: a seat is held or kept");
        self.seat = Seat::Kept(kept);
    }

    /// Frees a seat that was kept for long enough.
    pub fn expire_seat(&mut self, now: f64) {
        self.seat.expire(now);
    }

    fn set_role(&mut self, id: Option<MemberId>, role: Role) {
        if let Some(id) = id {
            let member = self.members.get_mut(&id);
            member.expect("bug: only members have the seat").role = role;
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// How many members receive SWARM.
    #[must_use]
    pub fn swarm_watchers(&self) -> usize {
        self.swarm_watchers
    }

    /// How many members receive RIGHTS.
    #[must_use]
    pub fn rights_watchers(&self) -> usize {
        self.rights_watchers
    }

    /// How many there are beside the programs that move chunks.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.listeners
    }

    /// How many members have this address, whatever they are.
    #[must_use]
    pub fn all_from(&self, ip: IpAddr) -> usize {
        let all = self.members.values();
        all.filter(|member| member.ip == ip).count()
    }

    /// How many listeners beside the host have this address; programs that move chunks are nobody.
    #[must_use]
    pub fn listeners_from(&self, ip: IpAddr) -> usize {
        self.members
            .values()
            .filter(|member| member.ip == ip && member.role == Role::Viewer && !member.node)
            .count()
    }

    /// Whether the report differs from the member's last one.
    pub fn set_report(&mut self, id: MemberId, report: Report) -> bool {
        let Some(member) = self.members.get_mut(&id) else {
            return false;
        };
        let changed = member.report.as_ref() != Some(&report);
        let rtt_before = rtt_waited_for(member);
        member.report = Some(report);
        let rtt_now = rtt_waited_for(member);
        self.rtt_changed(rtt_before, rtt_now);
        changed
    }

    /// Longest round trip that any member reported, in ms. Who reports more than a start waits for joins late
    /// instead of holding up everybody.
    #[must_use]
    pub fn rtt_ms_max(&self) -> f64 {
        self.rtt_ms_max
    }

    fn rtt_changed(&mut self, before: f64, now: f64) {
        if now >= self.rtt_ms_max {
            self.rtt_ms_max = now;
        } else if before >= self.rtt_ms_max {
            let all = self.members.values().map(rtt_waited_for);
            self.rtt_ms_max = all.fold(0.0, f64::max);
        }
    }

    /// Whether `entries` has this member.
    #[must_use]
    pub fn is_listed(&self, id: MemberId) -> bool {
        if self.len() <= MEMBERS_LISTED_MAX || self.host() == Some(id) {
            return true;
        }
        let viewers_before = self
            .members
            .range(..id)
            .filter(|&(&id, _)| self.host() != Some(id));
        viewers_before.count() + usize::from(self.host().is_some()) < MEMBERS_LISTED_MAX
    }

    /// The host, then the others by time of joining, up to `MEMBERS_LISTED_MAX`.
    #[must_use]
    pub fn entries(&self) -> Vec<MemberEntry> {
        let host = self.host().and_then(|id| self.members.get(&id));
        let viewers = self
            .members
            .values()
            .filter(|member| member.role == Role::Viewer);
        host.into_iter()
            .chain(viewers)
            .take(MEMBERS_LISTED_MAX)
            .map(|member| MemberEntry {
                peer_id: member.peer_id.clone(),
                name: member.name.clone(),
                role: member.role,
                report: member.report.clone(),
                node: member.node,
            })
            .collect()
    }
}

/// In ms; 0 when there is none to wait for.
fn rtt_waited_for(member: &Member) -> f64 {
    let rtt_ms = member.report.as_ref().and_then(|report| report.rtt_ms);
    rtt_ms
        .filter(|&rtt_ms| rtt_ms <= RTT_MS_WAITED_FOR_MAX)
        .unwrap_or(0.0)
}
