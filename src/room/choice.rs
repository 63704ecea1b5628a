//! Which nodes of a large room a member is told of: PEERS has no room for all of them.
//!
//! Those come first that may be dialled, among them those that have something of what plays, and among these and the
//! others those that are about the same track as the receiver. What places are left go to a mix that is another one for each receiver, so that between
//! them the nodes know everybody, and the same one each time, so that nobody changes partners for nothing.

use super::members::MemberId;
use super::nodes::Node;
use crate::track::id::TrackId;

/// A node that may be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub id: MemberId,
    /// It has a port, and the server did not find it closed.
    pub may_be_dialled: bool,
    /// It has some of the room's current track.
    pub holds_current: bool,
    /// What it announced parts of.
    pub track_id: Option<TrackId>,
}

/// For whom the choice is; without anything for those who are no nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receiver {
    pub id: Option<MemberId>,
    /// What it announced parts of.
    pub track_id: Option<TrackId>,
}

impl Candidate {
    #[must_use]
    pub fn of(id: MemberId, node: &Node, current: Option<TrackId>) -> Self {
        let announce = &node.announce;
        let holds = |track: TrackId| {
            announce.track_id == Some(track) && node.have_count() > 0
                || announce.track_ids.contains(&track)
        };
        Self {
            id,
            may_be_dialled: announce.port != 0 && node.dialable() != Some(false),
            holds_current: current.is_some_and(holds),
            track_id: announce.track_id,
        }
    }
}

/// At most `max` of `candidates` but never the receiver, in the order of joining; all of them when there are no more.
#[must_use]
pub fn choose(candidates: &[Candidate], receiver: Receiver, max: usize) -> Vec<MemberId> {
    let others = candidates
        .iter()
        .filter(|candidate| Some(candidate.id) != receiver.id);
    let mut ranked: Vec<([bool; 3], u64, MemberId)> = others
        .map(|candidate| {
            let shares_track =
                receiver.track_id.is_some() && candidate.track_id == receiver.track_id;
            let uses = [
                candidate.may_be_dialled,
                candidate.holds_current,
                shares_track,
            ];
            let lot = mix(receiver.id, candidate.id);
            (uses.map(|is_of_use| !is_of_use), lot, candidate.id)
        })
        .collect();
    if ranked.len() > max {
        ranked.select_nth_unstable(max);
        ranked.truncate(max);
    }
    let mut chosen: Vec<MemberId> = ranked.into_iter().map(|(.., id)| id).collect();
    chosen.sort_unstable();
    chosen
}

/// As good as random for each pair, and always the same for it.
fn mix(receiver: Option<MemberId>, candidate: MemberId) -> u64 {
    let receiver = receiver.map_or(0, |MemberId(id)| id.wrapping_add(1));
    // The last steps of SplitMix64.
    let mut bits = receiver.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ candidate.0;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
