//! Who is in the rooms and what they have heard; every word is checked.

use crate::Outcome;
use crate::client::Event;
use crate::crowd::ClientId;
use serde_json::Value;
use std::collections::HashMap;
use std::time::SystemTime;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Host,
    Viewer,
}

struct Member {
    room: usize,
    role: Role,
    has_state: bool,
    peer_id: Option<String>,
    /// The last round whose STATE it has.
    round: u32,
    /// It is not read any more, or gone: nobody waits for it.
    stalled: bool,
    refused_with: Option<u16>,
    ended: bool,
}

/// What a PLAY led to.
#[derive(Debug, Default)]
pub struct Round {
    /// From before the host's write until each viewer had the whole STATE, in ms.
    pub viewer_ms: Vec<f64>,
    /// Of all members, the hosts included.
    pub delivered: usize,
    /// Members that did not get the STATE in time.
    pub missing: usize,
}

impl Round {
    /// When the last viewer had it.
    #[must_use]
    pub fn last_ms(&self) -> f64 {
        self.viewer_ms.iter().copied().fold(0.0, f64::max)
    }
}

/// The members by their client's number, and the round that they are in.
pub struct Guests {
    rooms: Vec<String>,
    members: Vec<Member>,
    number: u32,
    began: SystemTime,
    round: Round,
    /// Each room's STATE of this round as text: the first is read with care, the others have to be equal.
    heard: HashMap<usize, Vec<u8>>,
    /// What no room may say, the first of it.
    fault: Option<String>,
}

/// What the hosts play.
const TRACK: &str = "bench";

impl Default for Guests {
    fn default() -> Self {
        Self {
            rooms: Vec::new(),
            members: Vec::new(),
            number: 0,
            began: SystemTime::now(),
            round: Round::default(),
            heard: HashMap::new(),
            fault: None,
        }
    }
}

impl Guests {
    /// One more, who is still outside; in the order of the clients' numbers.
    pub fn invite(&mut self, room: &str, role: Role) {
        let known = self.rooms.iter().position(|name| name == room);
        let room = known.unwrap_or_else(|| {
            self.rooms.push(room.into());
            self.rooms.len() - 1
        });
        self.members.push(Member {
            room,
            role,
            has_state: false,
            peer_id: None,
            round: self.number,
            stalled: false,
            refused_with: None,
            ended: false,
        });
    }

    /// What one of them experienced.
    pub fn note(&mut self, id: ClientId, event: Event) {
        match event {
            Event::Text { text, at } => self.hear(id, text, at),
            Event::Refused { status } => self.members[id.0].refused_with = Some(status),
            Event::Ended => self.members[id.0].ended = true,
        }
    }

    /// How many have not joined yet.
    #[must_use]
    pub fn outside(&self) -> usize {
        self.members.iter().filter(|it| !it.is_in()).count()
    }

    /// How many never joined, and never will.
    #[must_use]
    pub fn turned_away(&self) -> usize {
        let members = self.members.iter();
        members.filter(|it| it.ended && !it.is_in()).count()
    }

    /// Whose connection ended, and how: refused with this status, or `None` without a word.
    pub fn lost(&self) -> impl Iterator<Item = Option<u16>> {
        let members = self.members.iter();
        members.filter(|it| it.ended).map(|it| it.refused_with)
    }

    #[must_use]
    pub fn is_in(&self, id: ClientId) -> bool {
        self.members[id.0].is_in()
    }

    #[must_use]
    pub fn peer_id(&self, id: ClientId) -> Option<&str> {
        self.members[id.0].peer_id.as_deref()
    }

    /// From now on nobody waits for this one.
    pub fn forget(&mut self, id: ClientId) {
        self.members[id.0].stalled = true;
    }

    /// The next round begins now; what its hosts say.
    pub fn begin_round(&mut self) -> String {
        self.number += 1;
        self.round = Round::default();
        self.heard.clear();
        let play = format!(
            r#"{{"type":"PLAY","track_id":"{TRACK}","offset_sec":{},"timestamp":0}}"#,
            self.number
        );
        self.began = SystemTime::now();
        play
    }

    /// Members that this round's STATE has not reached yet.
    #[must_use]
    pub fn awaited(&self) -> usize {
        let all = self.members.iter().filter(|it| !it.stalled).count();
        all - self.round.delivered
    }

    /// What this round has come to.
    ///
    /// # Errors
    /// When a room said what it must not.
    pub fn end_round(&mut self) -> Outcome<Round> {
        let missing = self.awaited();
        let round = std::mem::take(&mut self.round);
        match self.fault.take() {
            Some(fault) => Err(fault.into()),
            None => Ok(Round { missing, ..round }),
        }
    }

    fn hear(&mut self, id: ClientId, text: &[u8], at: SystemTime) {
        let member = &mut self.members[id.0];
        let known = member.is_in() && self.heard.get(&member.room).is_some_and(|it| it == text);
        if !known {
            match read(text) {
                Some(Said::State { round, .. }) if !member.has_state => {
                    member.has_state = true;
                    member.round = round;
                    return;
                }
                Some(Said::Peer(peer_id)) => {
                    member.peer_id = Some(peer_id);
                    return;
                }
                Some(Said::Signal) => return,
                Some(Said::State { round, is_right }) if is_right && round == self.number => {
                    self.heard.insert(member.room, text.to_vec());
                }
                // One that came after nobody waited for it any more.
                Some(Said::State { round, .. }) if round < self.number => return,
                _ => {
                    let text = String::from_utf8_lossy(&text[..text.len().min(200)]);
                    self.fault.get_or_insert(format!("unexpected: {text}"));
                    return;
                }
            }
        }
        if member.round == self.number {
            self.fault
                .get_or_insert(format!("STATE {} came twice", self.number));
            return;
        }
        member.round = self.number;
        self.round.delivered += 1;
        if member.role == Role::Viewer {
            let elapsed = at.duration_since(self.began).unwrap_or_default();
            self.round.viewer_ms.push(elapsed.as_secs_f64() * 1e3);
        }
    }
}

impl Member {
    fn is_in(&self) -> bool {
        self.has_state && self.peer_id.is_some()
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Said {
    State {
        /// The offset, which is the number of the round: 0 before the first.
        round: u32,
        /// It is our track that plays, at some time of the server's.
        is_right: bool,
    },
    Peer(String),
    Signal,
}

/// `None` for what the load does not expect, errors included.
fn read(text: &[u8]) -> Option<Said> {
    let message: Value = serde_json::from_slice(text).ok()?;
    match message["type"].as_str()? {
        "STATE" => {
            let state = &message["payload"];
            let offset_sec = state["offset_sec"].as_f64()?;
            let is_right = state["track_id"] == TRACK
                && state["status"] == "PLAY"
                && state["timestamp"].as_f64().is_some_and(|at| at > 1e9);
            Some(Said::State {
                round: offset_sec as u32,
                is_right,
            })
        }
        "PEER" => Some(Said::Peer(message["peer_id"].as_str()?.into())),
        "SIGNAL" => Some(Said::Signal),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_counts_when_track_status_and_time_are_right() {
        let right = br#"{"type":"STATE","payload":{"track_id":"bench","status":"PLAY","offset_sec":7,"timestamp":1762569231.2}}"#;
        let state = |round, is_right| Some(Said::State { round, is_right });
        assert_eq!(read(right), state(7, true));
        let paused = br#"{"type": "STATE", "payload": {"track_id": null, "status": "PAUSE", "offset_sec": 0.0, "timestamp": 1762569231}}"#;
        assert_eq!(read(paused), state(0, false));
        assert_eq!(read(br#"{"type":"ERROR","message":"no"}"#), None);
        assert_eq!(read(b"nonsense"), None);
    }
}
