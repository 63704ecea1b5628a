//! What a member says to its room: the JSON of each message.

use crate::limits::{HAVE_DELTA_INDICES_MAX, LINKS_MAX, NODE_TRACKS_MAX};
use crate::room::key::{Key, Keys};
use crate::room::message::Role;
use crate::room::name::RoomName;
use crate::room::rights::Guests;
use serde::{Serialize, Serializer};

/// HELLO: who we are, and which messages beyond the basic ones we would like.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    pub role: Role,
    pub display_name: Option<String>,
    /// A program that moves chunks, and not somebody who listens.
    pub node: bool,
    /// Names of message types. WELCOME is always asked for.
    pub wants: Vec<&'static str>,
    /// What an earlier WELCOME said, by which we are the same member again.
    pub token: Option<String>,
}

/// ANNOUNCE: under which port others reach us, and what we hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Announce {
    /// 0: cannot be dialled.
    pub port: u16,
    pub node_id: [u8; 8],
    /// What the three counts are about.
    pub track_id: Option<String>,
    pub total_chunks: Option<u32>,
    /// Bytes of a chunk.
    pub chunk_size: Option<u32>,
    pub have_count: Option<u32>,
    /// Tracks that we hold whole; the first 64 are told.
    pub track_ids: Vec<String>,
}

/// LINKS: what has come from whom so far, and who could not be dialled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Links {
    pub track_id: String,
    /// Chunks received in all, by the id of the node; the first 64 are told.
    pub received: Vec<([u8; 8], u32)>,
    pub unreachable: Vec<[u8; 8]>,
}

/// REPORT: how a listener does. What is `None` is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<f64>,
    /// Positive: ahead of the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_ms: Option<f64>,
    /// The share of the current track that is here, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loaded: Option<f64>,
    /// How far off our clock may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_ms: Option<f64>,
    /// What all this is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_id: Option<String>,
}

/// The description of a track that a node has and the server may not have yet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offer {
    pub name: String,
    pub bytes: u64,
    pub content_type: &'static str,
}

impl Hello {
    /// With the keys that this role needs.
    #[must_use]
    pub fn encode(&self, keys: &Keys) -> String {
        let mut wants = vec!["WELCOME"];
        wants.extend(self.wants.iter().filter(|&&name| name != "WELCOME"));
        let host_key = keys.host.as_ref().filter(|_| self.role == Role::Host);
        json(&Wire::Hello {
            role: self.role,
            display_name: self.display_name.as_deref(),
            node: self.node,
            wants,
            token: self.token.as_deref(),
            key: keys.room.as_ref().map(Key::as_str),
            host_key: host_key.map(Key::as_str),
        })
    }
}

impl Announce {
    #[must_use]
    pub fn encode(&self, room: &RoomName) -> String {
        let told = self.track_ids.len().min(NODE_TRACKS_MAX);
        json(&Wire::Announce {
            room: room.as_str(),
            port: self.port,
            node_id: Hex(self.node_id),
            track_id: self.track_id.as_deref(),
            total_chunks: self.total_chunks,
            chunk_size: self.chunk_size,
            have_count: self.have_count,
            track_ids: &self.track_ids[..told],
        })
    }
}

impl Links {
    #[must_use]
    pub fn encode(&self) -> String {
        let received = self.received.iter().take(LINKS_MAX);
        let unreachable = self.unreachable.iter().take(LINKS_MAX);
        json(&Wire::Links {
            track_id: &self.track_id,
            received: received.map(|&(id, chunks)| (Hex(id), chunks)).collect(),
            unreachable: unreachable.map(|&id| Hex(id)).collect(),
        })
    }
}

impl Report {
    #[must_use]
    pub fn encode(&self) -> String {
        json(&Wire::Report(self))
    }
}

/// CLOCK: asks for the time; `t0` is this moment on a clock of our own.
#[must_use]
pub fn clock(t0: f64) -> String {
    json(&Wire::Clock { t0 })
}

/// HAVE_DELTA: chunks that were gained, in as many messages as they need.
#[must_use]
pub fn have_deltas(room: &RoomName, indices: &[u32]) -> Vec<String> {
    let parts = indices.chunks(HAVE_DELTA_INDICES_MAX);
    let encode = |indices| {
        json(&Wire::HaveDelta {
            room: room.as_str(),
            indices,
        })
    };
    parts.map(encode).collect()
}

/// ADD: puts a track into the queue, at its end. With `offer` the server need not have it yet.
#[must_use]
pub fn add(track_id: &str, offer: Option<&Offer>) -> String {
    json(&Wire::Add { track_id, offer })
}

/// TAKE_SEAT: we would like to be the host, while nobody is.
#[must_use]
pub fn take_seat() -> String {
    json(&Wire::TakeSeat)
}

/// HAND_OVER: another member is host from now on, or nobody.
#[must_use]
pub fn hand_over(to: Option<&str>) -> String {
    json(&Wire::HandOver { to })
}

/// GUESTS: what they may do.
#[must_use]
pub fn guests(may: Guests) -> String {
    json(&Wire::Guests { may })
}

/// VOTE: this track is to be skipped; `None` takes that back.
#[must_use]
pub fn vote(skip: Option<&str>) -> String {
    json(&Wire::Vote { skip })
}

/// KICK: a member is to go, and to stay out.
#[must_use]
pub fn kick(peer_id: &str) -> String {
    json(&Wire::Kick { peer_id })
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
enum Wire<'a> {
    Hello {
        role: Role,
        #[serde(skip_serializing_if = "Option::is_none")]
        display_name: Option<&'a str>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        node: bool,
        wants: Vec<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        host_key: Option<&'a str>,
    },
    Announce {
        room: &'a str,
        port: u16,
        node_id: Hex,
        #[serde(skip_serializing_if = "Option::is_none")]
        track_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        total_chunks: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        chunk_size: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        have_count: Option<u32>,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        track_ids: &'a [String],
    },
    HaveDelta {
        room: &'a str,
        indices: &'a [u32],
    },
    Links {
        track_id: &'a str,
        received: Vec<(Hex, u32)>,
        unreachable: Vec<Hex>,
    },
    Report(&'a Report),
    Clock {
        t0: f64,
    },
    Add {
        track_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        offer: Option<&'a Offer>,
    },
    TakeSeat,
    HandOver {
        to: Option<&'a str>,
    },
    Guests {
        may: Guests,
    },
    Vote {
        skip: Option<&'a str>,
    },
    Kick {
        peer_id: &'a str,
    },
}

/// 16 hexadecimal digits.
struct Hex([u8; 8]);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = u64::from_be_bytes(self.0);
        serializer.collect_str(&format_args!("{number:016x}"))
    }
}

fn json(message: &Wire) -> String {
    serde_json::to_string(message).expect("bug: every field of a client message is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ROOM_MESSAGE_BYTES_MAX;

    #[test]
    fn the_longest_messages_are_not_too_long_for_a_server() {
        let room = RoomName::parse(&"r".repeat(64)).expect("a room");
        let indices = vec![1_048_575; 3 * HAVE_DELTA_INDICES_MAX + 1];
        let deltas = have_deltas(&room, &indices);
        assert_eq!(deltas.len(), 4);
        let announce = Announce {
            track_ids: vec!["f".repeat(64); 1000],
            ..Announce::default()
        };
        let links = Links {
            received: vec![([255; 8], u32::MAX); 1000],
            unreachable: vec![[255; 8]; 1000],
            ..Links::default()
        };
        for text in [announce.encode(&room), links.encode()]
            .iter()
            .chain(&deltas)
        {
            assert!(text.len() <= ROOM_MESSAGE_BYTES_MAX, "{}", text.len());
        }
        assert_eq!(have_deltas(&room, &[]), [""; 0]);
    }

    #[test]
    fn messages_about_rights_are_what_the_protocol_says() {
        for (said, expected) in [
            (take_seat(), r#"{"type":"TAKE_SEAT"}"#),
            (
                hand_over(Some("p3f9c21ab77d0")),
                r#"{"type":"HAND_OVER","to":"p3f9c21ab77d0"}"#,
            ),
            (hand_over(None), r#"{"type":"HAND_OVER","to":null}"#),
            (
                guests(Guests::Everything),
                r#"{"type":"GUESTS","may":"everything"}"#,
            ),
            (vote(Some("t1")), r#"{"type":"VOTE","skip":"t1"}"#),
            (vote(None), r#"{"type":"VOTE","skip":null}"#),
            (
                kick("p3f9c21ab77d0"),
                r#"{"type":"KICK","peer_id":"p3f9c21ab77d0"}"#,
            ),
        ] {
            assert_eq!(said, expected);
        }
    }

    #[test]
    fn messages_are_what_the_protocol_says() {
        let room = RoomName::parse("jam1").expect("a room");
        let hello = Hello {
            role: Role::Viewer,
            display_name: Some("Ana's \"laptop\"".into()),
            node: true,
            wants: vec!["SWARM_KEY", "WELCOME"],
            token: None,
        };
        assert_eq!(
            hello.encode(&Keys::default()),
            r#"{"type":"HELLO","role":"viewer","display_name":"Ana's \"laptop\"","node":true,"wants":["WELCOME","SWARM_KEY"]}"#
        );
        let again = Hello {
            role: Role::Host,
            display_name: None,
            node: false,
            wants: Vec::new(),
            token: Some("353d413f07f6193d570d6b48b1f42c0a".into()),
        };
        assert_eq!(
            again.encode(&Keys::default()),
            r#"{"type":"HELLO","role":"host","wants":["WELCOME"],"token":"353d413f07f6193d570d6b48b1f42c0a"}"#
        );
        let announce = Announce {
            port: 9003,
            node_id: [1, 2, 3, 4, 5, 6, 7, 0xff],
            total_chunks: Some(320),
            ..Announce::default()
        };
        assert_eq!(
            announce.encode(&room),
            r#"{"type":"ANNOUNCE","room":"jam1","port":9003,"node_id":"01020304050607ff","total_chunks":320}"#
        );
        assert_eq!(
            have_deltas(&room, &[0, 7]),
            [r#"{"type":"HAVE_DELTA","room":"jam1","indices":[0,7]}"#]
        );
        let links = Links {
            track_id: "ab".into(),
            received: vec![([0; 8], 12)],
            unreachable: vec![[0x11; 8]],
        };
        assert_eq!(
            links.encode(),
            r#"{"type":"LINKS","track_id":"ab","received":[["0000000000000000",12]],"unreachable":["1111111111111111"]}"#
        );
        let report = Report {
            status: "playing",
            method: Some("mpv"),
            error_ms: Some(-0.4),
            clock_ms: Some(0.25),
            track_id: Some("ab".into()),
            ..Report::default()
        };
        assert_eq!(
            report.encode(),
            r#"{"type":"REPORT","status":"playing","method":"mpv","error_ms":-0.4,"clock_ms":0.25,"track_id":"ab"}"#
        );
        assert_eq!(clock(5120.25), r#"{"type":"CLOCK","t0":5120.25}"#);
        let offer = Offer {
            name: "song.mp3".into(),
            bytes: 7,
            content_type: "audio/mpeg",
        };
        assert_eq!(
            add("ab", Some(&offer)),
            r#"{"type":"ADD","track_id":"ab","offer":{"name":"song.mp3","bytes":7,"content_type":"audio/mpeg"}}"#
        );
    }
}
