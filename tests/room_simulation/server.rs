//! The simulated server: the real room, the time of the world for its clock, and what a server does around a room.

use super::plan::Plan;
use crate::common::room_words::{ROOM, home};
use jam::room::event::{Input, Newcomer, Output};
use jam::room::machine::Room;
use jam::room::members::MemberId;
use jam::room::message::{ClientMessage, HostMessage, QueueTrack, RoomMessage};
use jam::room::name::RoomName;
use jam::room::parse::{parse_hello, parse_message};
use jam::room::snapshot::RoomSnapshot;
use jam::room::token::Token;
use jam::sync::playback::round_to_micros;
use jam::track::id::TrackId;
use std::net::Ipv4Addr;

/// Room time at the beginning of the world.
const NOON: f64 = 1_762_569_219.737_918;

pub struct Server {
    /// None while it does not run.
    pub room: Option<Room>,
    library: Vec<QueueTrack>,
    /// Room time is that of the world and this.
    ahead_sec: f64,
    /// What was on its disk when it was killed.
    before: Option<RoomSnapshot>,
}

pub fn track_id(track: usize) -> TrackId {
    TrackId::parse(&format!("{:064x}", track + 1)).expect("64 digits")
}

impl Server {
    pub fn start(plan: &Plan) -> Self {
        let tracks = plan.tracks_sec.iter().enumerate();
        let library: Vec<QueueTrack> = tracks
            .map(|(index, &duration_sec)| QueueTrack {
                track_id: track_id(index),
                name: format!("track {index}"),
                bytes: 5,
                content_type: "audio/flac",
                duration_sec: Some(duration_sec),
                title: None,
                artist: None,
                album: None,
                cover: false,
                added_by: None,
                added_by_id: None,
                awaited: false,
            })
            .collect();
        Self {
            room: Some(begin(NOON, &library)),
            library,
            ahead_sec: NOON,
            before: None,
        }
    }

    pub fn room_time(&self, now: f64) -> f64 {
        self.ahead_sec + now
    }

    pub fn world_time(&self, room_sec: f64) -> f64 {
        room_sec - self.ahead_sec
    }

    /// As it is sent.
    pub fn stamp(&self, now: f64) -> f64 {
        round_to_micros(self.room_time(now))
    }

    pub fn kill(&mut self, now: f64) {
        let room_sec = self.room_time(now);
        if let Some(room) = self.room.take() {
            self.before = Some(room.snapshot(room_sec));
        }
    }

    /// Another process begins, whose clock was read again.
    pub fn come_back(&mut self, now: f64, step_sec: f64) {
        self.ahead_sec += step_sec;
        if let Some(before) = &self.before {
            // A clock that was kept never goes back.
            let behind_sec = before.saved_at - self.room_time(now);
            self.ahead_sec += behind_sec.max(0.0);
        }
        let room_sec = self.room_time(now);
        self.room = Some(remembered(self.before.take(), room_sec, &self.library));
    }

    pub fn hello(&mut self, now: f64, member: MemberId, text: &str) -> Vec<Output> {
        let hello = parse_hello(text).expect("a listener says HELLO as it should");
        self.feed(
            now,
            Input::Join(Newcomer {
                member,
                token: Token::parse(&format!("{:032x}", member.0)).expect("32 digits"),
                peer_id: format!("p{}", member.0),
                ip: Ipv4Addr::LOCALHOST.into(),
                hello,
                relayed: false,
                proxied: false,
                upload_key: "key".into(),
            }),
        )
    }

    pub fn say(&mut self, now: f64, member: MemberId, text: &str) -> Vec<Output> {
        let message = match parse_message(text, ROOM).expect("listeners speak as they should") {
            ClientMessage::Room(message) => message,
            ClientMessage::Add {
                track_id, before, ..
            } => {
                let found = self.library.iter().find(|track| track.track_id == track_id);
                let track = Box::new(found.expect("a track of the server").clone());
                RoomMessage::Host(HostMessage::Add { track, before })
            }
            ClientMessage::Clock { .. } => unreachable!("probes take a way of their own"),
        };
        self.feed(now, Input::Say { member, message })
    }

    pub fn leave(&mut self, now: f64, member: MemberId) -> Vec<Output> {
        let properly = false;
        self.feed(now, Input::Leave { member, properly })
    }

    /// What the room does by itself.
    pub fn tick(&mut self, now: f64) -> Vec<Output> {
        let room_sec = self.room_time(now);
        let mut outputs = Vec::new();
        if let Some(room) = &mut self.room {
            room.tick(room_sec, &mut outputs);
        }
        outputs
    }

    /// When that is due.
    pub fn wakes_at(&self) -> Option<f64> {
        Some(self.world_time(self.room.as_ref()?.wake_at()?))
    }

    fn feed(&mut self, now: f64, input: Input) -> Vec<Output> {
        let room_sec = self.room_time(now);
        let mut outputs = Vec::new();
        if let Some(room) = &mut self.room {
            room.handle(room_sec, input, &mut outputs);
            room.tick(room_sec, &mut outputs);
        }
        outputs
    }
}

fn begin(room_sec: f64, library: &[QueueTrack]) -> Room {
    let name = RoomName::parse(ROOM).expect("a room name");
    Room::new(room_sec, name, library.iter().cloned(), home())
}

/// The room as a server finds it that comes back.
fn remembered(before: Option<RoomSnapshot>, room_sec: f64, library: &[QueueTrack]) -> Room {
    match before {
        None => begin(room_sec, library),
        Some(before) => {
            let name = RoomName::parse(ROOM).expect("a room name");
            Room::restore(room_sec, name, before, home())
        }
    }
}
