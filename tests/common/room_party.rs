//! A room for tests of one rule each: somebody does something, and hears something.

use super::room_words::{ROOM, home, render, token};
use jam::room::event::{Input, Newcomer};
use jam::room::key::Keys;
use jam::room::machine::Room;
use jam::room::members::MemberId;
use jam::room::message::{
    ClientMessage, Hello, HostMessage, QueueTrack, Role, RoomMessage, ServerMessage, Wants,
};
use jam::room::name::RoomName;
use jam::room::parse::parse_message;
use jam::track::id::TrackId;
use std::net::Ipv4Addr;

pub const NOON: f64 = 1_762_569_219.737_918;

/// Every list. Who asks for WAITING is waited for: that has tests of its own.
pub const EVERYTHING: Wants = Wants {
    welcome: true,
    queue: true,
    members: true,
    history: true,
    swarm: true,
    swarm_key: true,
    waiting: false,
    waiting_news: false,
    rights: true,
};
pub const NOTHING: Wants = Wants {
    welcome: false,
    queue: false,
    members: false,
    history: false,
    swarm: false,
    swarm_key: false,
    waiting: false,
    waiting_news: false,
    rights: false,
};

/// Members with ids of 1 and up join and speak; what the room says comes back in lines.
pub struct Party {
    pub room: Room,
    pub now: f64,
}

impl Party {
    pub fn new() -> Self {
        Self::with_tracks(Vec::new())
    }

    pub fn with_tracks(tracks: Vec<QueueTrack>) -> Self {
        let name = RoomName::parse(ROOM).expect("a room name");
        Self {
            room: Room::new(NOON, name, tracks, home()),
            now: NOON,
        }
    }

    pub fn join(&mut self, id: u64, role: Role, wants: Wants) -> Vec<String> {
        let display_name = Some(format!("Name {id}"));
        self.join_with(
            id,
            Hello {
                role,
                display_name,
                wants,
                node: false,
                token: None,
                keys: Keys::default(),
            },
        )
    }

    pub fn join_with(&mut self, id: u64, hello: Hello) -> Vec<String> {
        self.handle(Input::Join(Newcomer {
            member: MemberId(id),
            token: token(id),
            peer_id: format!("p{id}"),
            ip: Ipv4Addr::LOCALHOST.into(),
            hello,
            relayed: false,
            proxied: false,
            upload_key: format!("key{id}"),
        }))
    }

    pub fn say(&mut self, id: u64, json: &str) -> Vec<String> {
        let Ok(ClientMessage::Room(message)) = parse_message(json, ROOM) else {
            panic!("not for the room: {json}");
        };
        self.handle(Input::Say {
            member: MemberId(id),
            message,
        })
    }

    /// ADD, with the track that the server has found.
    pub fn add(&mut self, id: u64, track: QueueTrack, before: Option<TrackId>) -> Vec<String> {
        let track = Box::new(track);
        self.handle(Input::Say {
            member: MemberId(id),
            message: RoomMessage::Host(HostMessage::Add { track, before }),
        })
    }

    /// ADD with an offer; `track` is as the server would list it.
    pub fn offer(&mut self, id: u64, track: QueueTrack) -> Vec<String> {
        let track = Box::new(track);
        let before = None;
        self.handle(Input::Say {
            member: MemberId(id),
            message: RoomMessage::Offer { track, before },
        })
    }

    pub fn leave(&mut self, id: u64) -> Vec<String> {
        self.handle(Input::Leave {
            member: MemberId(id),
            properly: true,
        })
    }

    pub fn handle(&mut self, input: Input) -> Vec<String> {
        let mut outputs = Vec::new();
        self.room.handle(self.now, input, &mut outputs);
        outputs.iter().map(render).collect()
    }

    pub fn wait(&mut self, sec: f64) -> Vec<String> {
        self.now += sec;
        let mut outputs = Vec::new();
        self.room.tick(self.now, &mut outputs);
        outputs.iter().map(render).collect()
    }

    pub fn state(&self) -> String {
        ServerMessage::State {
            payload: self.room.state().clone(),
        }
        .encode()
    }
}

/// The type of each message, and the first word of every other line.
pub fn types(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| match line.split_once(r#"{"type":""#) {
            Some((_, rest)) => rest.split('"').next().expect("a type"),
            None => line.split(' ').next().expect("a word"),
        })
        .collect()
}
