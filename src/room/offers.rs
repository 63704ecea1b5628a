//! Offers: a node puts a track into the queue that the server need not have; the server fetches it from the room.
//!
//! What is awaited stands in the queue and nowhere else, so that removing a track from it also ends the wanting.

use super::event::{Output, Want};
use super::machine::Room;
use super::members::{MemberId, Members};
use super::message::{QueueTrack, Role};
use super::queue::QueueFull;
use super::upload::at_hosts_place;
use crate::track::id::TrackId;

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

    pub(super) fn offer(
        &mut self,
        now: f64,
        member: MemberId,
        mut track: QueueTrack,
        before: Option<TrackId>,
        out: &mut Vec<Output>,
    ) -> Result<(), String> {
        if !may_control_queue(&self.members, member) {
            return Err("Only host can control".into());
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
        track.added_by = Some(speaker.name.clone());
        let want = track.awaited.then(|| want_of(&track));
        let changes = self
            .turntable
            .add(track, before)
            .map_err(|QueueFull| format!("ADD: {}", QueueFull::TEXT))?;
        // First the server's node, or somebody whom the queue tells of the track could ask for it too early.
        out.extend(want.filter(|_| changes.queue).map(Output::Want));
        self.announce_changes(now, changes, out);
        Ok(())
    }
}

/// The host may, and who is where the host is, like an upload without a key; while there is no host, anybody.
fn may_control_queue(members: &Members, id: MemberId) -> bool {
    let speaker = members.get(id).expect("bug: only members speak");
    let Some(host) = members.host().and_then(|host| members.get(host)) else {
        return true;
    };
    speaker.role == Role::Host || at_hosts_place(members, host, speaker.ip, speaker.relayed).is_ok()
}

fn want_of(track: &QueueTrack) -> Want {
    Want {
        track_id: track.track_id,
        name: track.name.clone(),
        bytes: track.bytes,
    }
}
