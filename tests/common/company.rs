//! A host and a viewer who are in a room while something goes wrong, and notice when it is their trouble too.

use super::http::{Response, put};
use super::server::{Client, TestServer};
use std::net::TcpStream;

pub struct Company {
    pub host: Client,
    pub viewer: Client,
    pub viewer_id: String,
    pub room: String,
    key: String,
    round: u32,
}

impl Company {
    pub fn join(server: &TestServer, room: &str) -> Self {
        let mut host = Client::connect(server, room);
        host.say(r#"{"type":"HELLO","role":"host","display_name":"Ana","wants":["WELCOME"]}"#);
        let welcome = host.hear_next("WELCOME");
        let key = welcome["upload_key"].as_str().expect("text");
        let (viewer, viewer_id) = Client::join(server, room, "viewer");
        Self {
            host,
            viewer,
            viewer_id,
            room: room.into(),
            key: key.into(),
            round: 0,
        }
    }

    /// The host presses play, and hears of it as the next thing; what it played.
    pub fn play(&mut self) -> u32 {
        self.round += 1;
        let offset = self.round;
        self.host.say(&format!(
            r#"{{"type":"PLAY","track_id":null,"offset_sec":{offset}}}"#
        ));
        assert_eq!(self.host.hear("STATE")["payload"]["offset_sec"], offset);
        offset
    }

    /// And the viewer hears it as the next thing too.
    pub fn plays_on(&mut self) {
        let offset = self.play();
        assert_eq!(self.viewer.hear("STATE")["payload"]["offset_sec"], offset);
    }

    /// What was played last.
    pub fn round(&self) -> u32 {
        self.round
    }

    /// The fields of the host's requests.
    pub fn fields(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.key)
    }

    /// Where the host uploads to.
    pub fn path(&self) -> String {
        format!("/tracks?name=song.wav&room={}", self.room)
    }

    pub fn upload(&self, socket: &mut TcpStream, body: &[u8]) -> Response {
        put(socket, &self.path(), &self.fields(), body)
    }
}
