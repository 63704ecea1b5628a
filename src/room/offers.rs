//! Offers: a node puts a track into the queue that the server need not have; the server fetches it from the room.
//!
//! What is awaited stands in the queue and nowhere else, so that removing a track from it also ends the wanting.

use super::event::{Output, Want};
use super::governing::NOT_ALLOWED;
use super::machine::Room;
use super::members::MemberId;
use super::message::{HostMessage, QueueTrack, Role, ServerMessage};
use super::queue::QueueFull;
use super::rights::Guests;
use super::upload::{Adder, at_hosts_place};
use crate::identity::NodeId;
use crate::limits::OFFERERS_MAX;
use crate::track::id::TrackId;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Who offered what the queue awaits: they hear of it when the server cannot take it. Invariant: of tracks that the
/// queue awaits alone, and at most `OFFERERS_MAX` of each.
#[derive(Debug, Default)]
pub(super) struct Offerers(HashMap<TrackId, Vec<Offerer>>);

/// A node that connects anew is another member, but the same node.
#[derive(Debug)]
struct Offerer {
    member: MemberId,
    node: Option<NodeId>,
}

impl Offerers {
    fn add(&mut self, track_id: TrackId, offerer: Offerer) {
        let of_track = self.0.entry(track_id).or_default();
        of_track.retain(|old| {
            let same_node = old.node.is_some() && old.node == offerer.node;
            old.member != offerer.member && !same_node
        });
        if of_track.len() >= OFFERERS_MAX {
            of_track.remove(0);
        }
        of_track.push(offerer);
    }

    /// Forgets whoever offered what `tracks` do not await.
    pub(super) fn keep_awaited(&mut self, tracks: &[QueueTrack]) {
        if self.0.is_empty() {
            return;
        }
        let awaited = tracks.iter().filter(|track| track.awaited);
        let awaited: HashSet<TrackId> = awaited.map(|track| track.track_id).collect();
        self.0.retain(|track_id, _| awaited.contains(track_id));
    }
}

impl Room {
    /// The tracks of the queue that the server has not.
    #[must_use]
    pub fn wants(&self) -> Vec<Want> {
        let tracks = self.turntable.queue().tracks();
        let awaited = tracks.iter().filter(|track| track.awaited);
        awaited.map(want_of).collect()
    }

    /// The server has got a track. The queue's entry, if it is still there, gets what is known of the track now;
    /// who added it stays, and how long the host's decoder found it to be.
    pub fn track_arrived(&mut self, now: f64, track: QueueTrack, out: &mut Vec<Output>) {
        let changes = self.turntable.arrived(track);
        self.announce_changes(now, changes, out);
    }

    /// The server cannot take a track that the queue awaits: it leaves the queue, and whoever offered it hears why.
    /// It may be offered again, which is another try. Nothing happens when it is not awaited any more.
    pub fn track_refused(&mut self, now: f64, id: TrackId, why: &str, out: &mut Vec<Output>) {
        let awaited = self.turntable.queue().get(id).filter(|track| track.awaited);
        let Some(name) = awaited.map(|track| track.name.clone()) else {
            return;
        };
        let message = ServerMessage::Error {
            message: format!("\"{name}\" is out of the queue: {why}"),
            track_id: Some(id),
        };
        for to in self.offerers_of(id) {
            let message = message.clone();
            out.push(Output::Send { to, message });
        }
        let remove = HostMessage::Remove { track_id: id };
        let removed = self.turntable.handle(now, self.lead_sec(), remove);
        let changes = removed.expect("bug: it was in the queue a moment ago");
        self.hold_start(now, false, &changes, out);
        self.announce_changes(now, changes, out);
    }

    /// Those that are still here, or here again, in the order of joining.
    fn offerers_of(&self, id: TrackId) -> BTreeSet<MemberId> {
        let offerers = self.offerers.0.get(&id).map_or(&[][..], Vec::as_slice);
        let members = offerers.iter().map(|offerer| offerer.member);
        let nodes = self.nodes.iter().filter(|(_, node)| {
            let named = node.announce.node_id;
            named.is_some() && offerers.iter().any(|offerer| offerer.node == named)
        });
        members
            .chain(nodes.map(|(id, _)| id))
            .filter(|&id| self.members.get(id).is_some())
            .collect()
    }

    pub(super) fn offer(
        &mut self,
        now: f64,
        member: MemberId,
        mut track: QueueTrack,
        before: Option<TrackId>,
        out: &mut Vec<Output>,
    ) -> Result<(), String> {
        if !self.may_offer(member, before) {
            return Err(NOT_ALLOWED.into());
        }
        let announce = self.nodes.get(member).map(|node| &node.announce);
        let has_it = announce.is_some_and(|announce| {
            announce.track_id == Some(track.track_id)
                || announce.track_ids.contains(&track.track_id)
        });
        if !has_it {
            return Err("ADD: announce the track that you offer (track_id or track_ids)".into());
        }
        let speaker = self.members.get(member).expect("bug: only members speak");
        Adder::of(speaker).sign(&mut track);
        let node = announce.and_then(|announce| announce.node_id);
        let id = track.track_id;
        let want = track.awaited.then(|| want_of(&track));
        let changes = self
            .turntable
            .add(track, before)
            .map_err(|QueueFull| format!("ADD: {}", QueueFull::TEXT))?;
        // Kept as long as the queue awaits it, whoever put it there.
        self.offerers.add(id, Offerer { member, node });
        self.offerers.keep_awaited(&self.turntable.queue().tracks());
        // First the server's node, or somebody whom the queue tells of the track could ask for it too early.
        out.extend(want.filter(|_| changes.queue).map(Output::Want));
        self.announce_changes(now, changes, out);
        Ok(())
    }

    /// The host may, and who is where the host is, like an upload without a key; while there is no host, anybody. Guests
    /// who may add offer at the end of the queue.
    fn may_offer(&self, id: MemberId, before: Option<TrackId>) -> bool {
        let speaker = self.members.get(id).expect("bug: only members speak");
        let host = self.members.host().and_then(|host| self.members.get(host));
        let Some(host) = host else {
            return true;
        };
        let is_at_hosts_place =
            || at_hosts_place(&self.members, host, speaker.ip, speaker.relayed).is_ok();
        let guests_may = match before {
            None => self.guests >= Guests::Add,
            Some(_) => self.guests == Guests::Everything,
        };
        guests_may || speaker.role == Role::Host || is_at_hosts_place()
    }
}

fn want_of(track: &QueueTrack) -> Want {
    Want {
        track_id: track.track_id,
        name: track.name.clone(),
        bytes: track.bytes,
    }
}
