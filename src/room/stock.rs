//! What the server's own music has to do with a room that is there already: what is offered to it later, and what a
//! server that was started again has no more.

use super::event::Output;
use super::machine::Room;
use super::message::QueueTrack;
use super::turntable::Changes;
use crate::limits::QUEUE_TRACKS_MAX;
use crate::track::id::TrackId;
use std::sync::Arc;

impl Room {
    /// The server offers a track to this room, at the end of the queue; but each only once, because whoever may edit the
    /// queue may have taken it out since. Nothing happens when there is no room for it.
    pub fn offer_from_server(&mut self, now: f64, track: QueueTrack, out: &mut Vec<Output>) {
        let id = track.track_id;
        if self.offered.contains(&id) || self.offered.len() >= QUEUE_TRACKS_MAX {
            return;
        }
        if let Ok(changes) = self.turntable.add(track, None) {
            Arc::make_mut(&mut self.offered).push(id);
            self.has_news = true;
            self.announce_changes(now, changes, out);
        }
    }

    /// The server has looked, and has none of these: the queue awaits those that stand in it, for a node may have them.
    pub fn tracks_lost(&mut self, now: f64, lost: &[TrackId], out: &mut Vec<Output>) {
        let mut changes = Changes::default();
        for &id in lost {
            changes.queue |= self.turntable.lost(id).queue;
        }
        if changes.queue {
            let wants = self.wants().into_iter();
            let wants = wants.filter(|want| lost.contains(&want.track_id));
            out.extend(wants.map(Output::Want));
        }
        self.announce_changes(now, changes, out);
    }
}
