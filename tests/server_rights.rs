//! Who may do what in a room of the real server: the host seat, tokens, guests, votes, and removing somebody.

use crate::common::server as common;

use common::{Client, TRACK, TestServer};
use serde_json::{Value, json};
use std::process::Command;

const ROOM: &str = "a";
const WANTS: &str = r#""wants":["WELCOME","RIGHTS"]"#;
const STRANGER: &str = "0123456789abcdef0123456789abcdef";

/// A member that is told its token, and of rights and votes.
struct Member {
    client: Client,
    welcome: Value,
    rights: Value,
}

impl Member {
    fn join(server: &TestServer, name: &str, role: &str) -> Self {
        Self::greet(
            server,
            &format!(r#""display_name":"{name}","role":"{role}""#),
        )
    }

    fn join_with_token(server: &TestServer, role: &str, token: &str) -> Self {
        Self::greet(server, &format!(r#""token":"{token}","role":"{role}""#))
    }

    fn greet(server: &TestServer, fields: &str) -> Self {
        let mut client = Client::connect(server, ROOM);
        client.say(&format!(r#"{{"type":"HELLO",{fields},{WANTS}}}"#));
        client.hear("STATE");
        client.hear("PEER");
        let welcome = client.hear("WELCOME");
        let rights = client.hear("RIGHTS");
        Self {
            client,
            welcome,
            rights,
        }
    }

    fn field(&self, field: &str) -> String {
        self.welcome[field].as_str().expect(field).to_owned()
    }

    fn peer_id(&self) -> String {
        self.field("peer_id")
    }

    fn token(&self) -> String {
        self.field("token")
    }

    fn role(&self) -> String {
        self.field("role")
    }

    fn say(&mut self, message: &Value) {
        self.client.say(&message.to_string());
    }

    /// The next change of rights.
    fn rights(&mut self) -> Value {
        self.client.hear("RIGHTS")
    }

    /// What the server has against this.
    fn refusal(&mut self, message: &Value) -> String {
        self.say(message);
        let message = self.client.hear("ERROR")["message"].clone();
        message.as_str().expect("text").to_owned()
    }

    /// Closes with a close frame, and waits for the server's.
    fn say_goodbye(mut self) {
        self.client.0.close(None).expect("closing");
        while self.client.0.read().is_ok() {}
    }

    /// Until the room has done all that this member said; nothing else may come before.
    fn wait_for_room(&mut self) {
        let to = self.peer_id();
        self.say(&json!({"type": "SIGNAL", "to": to, "blob": null}));
        self.client.hear("SIGNAL");
    }
}

/// What RIGHTS says of the host.
fn host_of(rights: &Value) -> Option<&str> {
    rights["host"]["peer_id"].as_str()
}

fn is_free(rights: &Value) -> bool {
    rights.get("host").is_none() && rights.get("kept").is_none()
}

fn pause(offset_sec: u32) -> Value {
    json!({"type": "PAUSE", "track_id": "t1", "offset_sec": offset_sec})
}

fn close_reason(server: &TestServer, hello: &str) -> (u16, String) {
    let mut client = Client::connect(server, ROOM);
    client.say(hello);
    client.hear_close()
}

// ---- the seat ------------------------------------------------------------------------------------

#[test]
fn a_host_that_says_goodbye_leaves_the_seat_free_and_anybody_takes_it() {
    let server = TestServer::start(&[]);
    let host = Member::join(&server, "Ana", "host");
    assert_eq!(host_of(&host.rights), Some(host.peer_id().as_str()));
    let mut ben = Member::join(&server, "Ben", "viewer");
    assert_eq!(ben.rights, host.rights);
    let refusal = ben.refusal(&json!({"type": "TAKE_SEAT"}));
    assert_eq!(refusal, "TAKE_SEAT: Ana hosts this room");
    host.say_goodbye();
    assert!(is_free(&ben.rights()));
    ben.say(&json!({"type": "TAKE_SEAT"}));
    let rights = ben.rights();
    assert_eq!(rights["host"]["name"], "Ben");
    assert_eq!(host_of(&rights), Some(ben.peer_id().as_str()));
    ben.say(&pause(3));
    assert_eq!(ben.client.hear("STATE")["payload"]["offset_sec"], 3);
}

#[test]
fn the_seat_of_a_host_that_was_cut_off_is_kept_for_its_token_alone() {
    let server = TestServer::start(&[]);
    let host = Member::join(&server, "Ana", "host");
    let (peer_id, token) = (host.peer_id(), host.token());
    let mut ben = Member::join(&server, "Ben", "viewer");
    drop(host);
    let rights = ben.rights();
    assert_eq!(host_of(&rights), None);
    assert_eq!(rights["kept"]["peer_id"], peer_id.as_str());
    assert_eq!(rights["kept"]["name"], "Ana");

    let refusal = ben.refusal(&json!({"type": "TAKE_SEAT"}));
    let begin = "TAKE_SEAT: the seat is kept for Ana for ";
    assert!(refusal.starts_with(begin), "{refusal}");
    let plain = r#"{"type":"HELLO","role":"host"}"#;
    let taken = (1008, "Host already assigned".into());
    assert_eq!(close_reason(&server, plain), taken);
    let cleo = Member::join_with_token(&server, "host", STRANGER);
    assert_eq!(cleo.role(), "viewer");

    let again = Member::join_with_token(&server, "host", &token);
    assert_eq!((again.role(), again.peer_id()), ("host".into(), peer_id));
    assert_eq!(host_of(&ben.rights()), Some(again.peer_id().as_str()));
}

#[test]
fn a_seat_that_nobody_comes_back_for_is_free_after_its_time() {
    let server = TestServer::start(&[]);
    let host = Member::join(&server, "Ana", "host");
    let token = host.token();
    let mut ben = Member::join(&server, "Ben", "viewer");
    drop(host);
    let kept = ben.rights();
    let until = kept["kept"]["until"].as_f64().expect("a time");
    assert!(is_free(&ben.rights()));
    ben.client.say(r#"{"type":"CLOCK","t0":0}"#);
    let now = ben.client.hear("CLOCK")["t1"].as_f64().expect("a time");
    assert!(now >= until, "{now} is before {until}");
    ben.say(&json!({"type": "TAKE_SEAT"}));
    let rights = ben.rights();
    assert_eq!(host_of(&rights), Some(ben.peer_id().as_str()));
    let ana = Member::join_with_token(&server, "host", &token);
    assert_eq!(ana.role(), "viewer");
    assert_eq!(ana.rights, rights);
}

#[test]
fn who_knows_of_no_token_has_the_seat_as_ever() {
    let server = TestServer::start(&[]);
    let (host, _) = Client::join(&server, ROOM, "host");
    let mut ben = Member::join(&server, "Ben", "viewer");
    drop(host);
    assert!(is_free(&ben.rights()));
    let (_host, _) = Client::join(&server, ROOM, "host");
    assert!(host_of(&ben.rights()).is_some());
}

#[test]
fn a_host_hands_the_seat_over_to_somebody_or_to_nobody() {
    let server = TestServer::start(&[]);
    let mut ana = Member::join(&server, "Ana", "host");
    let mut ben = Member::join(&server, "Ben", "viewer");
    let hand_over = |to: Option<&str>| json!({"type": "HAND_OVER", "to": to});
    let refused = ben.refusal(&hand_over(None));
    assert_eq!(refused, "Only host can control");
    assert_eq!(
        ana.refusal(&hand_over(Some("p9"))),
        r#"HAND_OVER: no member "p9" in this room"#
    );
    ana.say(&hand_over(Some(&ben.peer_id())));
    for member in [&mut ana, &mut ben] {
        assert_eq!(member.rights()["host"]["name"], "Ben");
    }
    assert_eq!(ana.refusal(&pause(1)), "Only host can control");
    ben.say(&hand_over(None));
    for member in [&mut ana, &mut ben] {
        assert!(is_free(&member.rights()));
    }
    assert_eq!(ben.refusal(&pause(1)), "Only host can control");
    ana.say(&json!({"type": "TAKE_SEAT"}));
    assert_eq!(ben.rights()["host"]["name"], "Ana");
}

// ---- tokens --------------------------------------------------------------------------------------

#[test]
fn who_comes_back_while_its_old_connection_is_still_there_takes_its_place() {
    let server = TestServer::start(&[]);
    let mut ana = Member::join(&server, "Ana", "host");
    let mut ben = Member::join(&server, "Ben", "viewer");
    let again = Member::join_with_token(&server, "host", &ana.token());
    let came_back = (1008, "Came back on another connection".into());
    assert_eq!(ana.client.hear_close(), came_back);
    assert_eq!(again.welcome, ana.welcome, "name, role, token and key");
    assert_eq!(host_of(&ben.rights()), Some(again.peer_id().as_str()));
    let view = common::run("curl", &["-sS", &server.url("/api/rooms/a")]);
    let view: Value = serde_json::from_str(&view).expect("JSON");
    assert_eq!((&view["total"], &view["host"]), (&json!(2), &json!("Ana")));

    // As a viewer it leaves the seat.
    let third = Member::join_with_token(&server, "viewer", &ana.token());
    assert_eq!(third.role(), "viewer");
    assert!(is_free(&ben.rights()));
}

#[test]
fn a_token_is_the_same_person_also_on_a_server_that_was_started_again() {
    let server = TestServer::start(&[]);
    let ana = Member::join(&server, "Ana", "viewer");
    let ben = Member::join(&server, "Ben", "viewer");
    assert_ne!(ana.token(), ben.token());
    drop(server);
    let server = TestServer::start(&[]);
    let stranger = Member::join(&server, "Cleo", "viewer");
    let again = Member::join_with_token(&server, "viewer", &ana.token());
    assert_eq!(again.peer_id(), ana.peer_id());
    assert_eq!(again.token(), ana.token());
    assert!(![ana.token(), ben.token()].contains(&stranger.token()));
    let hash = blake3::hash(ana.token().as_bytes()).to_hex();
    assert_eq!(ana.peer_id(), format!("p{}", &hash[..12]));
}

#[test]
fn a_token_that_is_none_closes_like_any_wrong_hello() {
    let server = TestServer::start(&[]);
    let hello = r#"{"type":"HELLO","role":"viewer","token":"mine"}"#;
    assert_eq!(close_reason(&server, hello), (1008, "Invalid HELLO".into()));
}

// ---- guests --------------------------------------------------------------------------------------

#[test]
fn a_guest_may_what_the_host_lets_it_and_no_more() {
    let server = TestServer::start(&["--room", ROOM, "--share", TRACK]);
    let mut ana = Member::join(&server, "Ana", "host");
    let mut ben = Member::join(&server, "Ben", "viewer");
    let view = common::run("curl", &["-sS", &server.url("/api/rooms/a")]);
    let view: Value = serde_json::from_str(&view).expect("JSON");
    let track = view["tracks"][0]["track_id"].as_str().expect("a track");
    let add = json!({"type": "ADD", "track_id": track});
    let remove = json!({"type": "REMOVE", "track_id": track});
    const NO: &str = "Only host can control";
    let vote = json!({"type": "VOTE", "skip": track});
    let allow = |ana: &mut Member, ben: &mut Member, may: &str| {
        ana.say(&json!({"type": "GUESTS", "may": may}));
        for member in [ana, ben] {
            assert_eq!(member.rights()["guests"], may);
        }
    };
    for message in [&add, &remove, &vote, &pause(1)] {
        assert_eq!(ben.refusal(message), NO, "{message}");
    }
    assert_eq!(ben.refusal(&json!({"type": "GUESTS", "may": "add"})), NO);

    ana.say(&remove);
    ana.wait_for_room();
    allow(&mut ana, &mut ben, "add");
    ben.say(&add);
    for message in [&vote, &pause(1)] {
        assert_eq!(ben.refusal(message), NO, "{message}");
    }
    // It is the guest's own, but not when somebody else has added it.
    ben.say(&remove);
    ben.wait_for_room();
    ana.say(&add);
    ana.wait_for_room();
    assert_eq!(ben.refusal(&remove), NO);

    allow(&mut ana, &mut ben, "everything");
    ben.say(&pause(7));
    assert_eq!(ana.client.hear("STATE")["payload"]["offset_sec"], 7);
    ben.client.hear("STATE");
    let kick = json!({"type": "KICK", "peer_id": ana.peer_id()});
    for message in [
        &kick,
        &json!({"type": "GUESTS", "may": "add"}),
        &json!({"type": "HAND_OVER", "to": null}),
    ] {
        assert_eq!(ben.refusal(message), NO, "{message}");
    }
}

#[test]
fn the_server_says_what_guests_may_do_in_a_new_room() {
    let server = TestServer::start(&["--guests", "everything"]);
    let mut ben = Member::join(&server, "Ben", "viewer");
    assert_eq!(ben.rights["guests"], "everything");
    ben.say(&pause(2));
    assert_eq!(ben.client.hear("STATE")["payload"]["offset_sec"], 2);
}

#[test]
fn more_than_half_of_the_listeners_skip_a_track() {
    let server = TestServer::start(&["--room", ROOM, "--share", TRACK, "--guests", "vote"]);
    let mut ana = Member::join(&server, "Ana", "host");
    let mut ben = Member::join(&server, "Ben", "viewer");
    ana.say(&json!({"type": "PAUSE", "track_id": "t1", "offset_sec": 0}));
    for member in [&mut ana, &mut ben] {
        member.client.hear("STATE");
    }
    let mut cleo = Member::join(&server, "Cleo", "viewer");
    // A program that moves chunks is nobody who listens.
    let mut node = Member::greet(&server, r#""role":"viewer","node":true"#);
    let vote = |skip: Option<&str>| json!({"type": "VOTE", "skip": skip});
    assert_eq!(
        node.refusal(&vote(Some("t1"))),
        "VOTE: a node does not listen"
    );
    ben.say(&vote(Some("another")));
    ben.say(&vote(Some("t1")));
    ben.say(&vote(Some("t1")));
    for member in [&mut ana, &mut ben, &mut cleo, &mut node] {
        let votes = member.client.hear("VOTES");
        assert_eq!(votes["track_id"], "t1");
        assert_eq!((&votes["votes"], &votes["needed"]), (&json!(1), &json!(2)));
    }
    ben.say(&vote(None));
    assert_eq!(cleo.client.hear("VOTES")["votes"], 0);
    cleo.say(&vote(Some("t1")));
    assert_eq!(cleo.client.hear("VOTES")["votes"], 1);
    ben.say(&vote(Some("t1")));
    let state = cleo.client.hear("STATE");
    assert_ne!(state["payload"]["track_id"], "t1");
    assert_eq!(cleo.client.hear("VOTES")["votes"], 0);
}

#[test]
fn a_guest_uploads_with_its_own_key_when_guests_may_add() {
    let server = TestServer::start(&[]);
    let mut ana = Member::join(&server, "Ana", "host");
    let mut ben = Member::join(&server, "Ben", "viewer");
    assert_ne!(ana.field("upload_key"), ben.field("upload_key"));
    let upload = |key: &str| {
        let output = Command::new("curl")
            .args(["-sS", "-w", "\n%{http_code}", "-T", TRACK])
            .args(["-H", &format!("Authorization: Bearer {key}")])
            .arg(server.url("/tracks?name=song.wav&room=a"))
            .output()
            .expect("curl runs");
        let answer = String::from_utf8(output.stdout).expect("text");
        let (body, code) = answer.rsplit_once('\n').expect("a code");
        (code.to_owned(), body.to_owned())
    };
    let (code, why) = upload(&ben.field("upload_key"));
    assert_eq!(code, "403", "{why}");
    ana.say(&json!({"type": "GUESTS", "may": "add"}));
    ben.rights();
    let (code, entry) = upload(&ben.field("upload_key"));
    assert_eq!(code, "201", "{entry}");
    let entry: Value = serde_json::from_str(&entry).expect("JSON");
    assert_eq!(entry["added_by"], "Ben");
    assert_eq!(entry["added_by_id"], ben.peer_id().as_str());
    assert_eq!(upload(STRANGER).0, "403");
}

// ---- removing somebody ---------------------------------------------------------------------------

#[test]
fn who_was_removed_is_told_so_and_stays_out() {
    let server = TestServer::start(&[]);
    let mut ana = Member::join(&server, "Ana", "host");
    let mut ben = Member::join(&server, "Ben", "viewer");
    let kick = |peer_id: &str| json!({"type": "KICK", "peer_id": peer_id});
    assert_eq!(ben.refusal(&kick(&ana.peer_id())), "Only host can control");
    let oneself = ana.refusal(&kick(&ana.peer_id()));
    assert!(oneself.starts_with("KICK: that is yourself"), "{oneself}");
    ana.say(&kick(&ben.peer_id()));
    let removed = (1008, "Removed by the host".to_owned());
    assert_eq!(ben.client.hear_close(), removed);
    let hello = json!({"type": "HELLO", "role": "viewer", "token": ben.token()});
    assert_eq!(close_reason(&server, &hello.to_string()), removed);
    // On the server's own machine an address is everybody's.
    let stranger = Member::join(&server, "Cleo", "viewer");
    assert_ne!(stranger.peer_id(), ben.peer_id());
    assert_eq!(
        ana.refusal(&kick(&ben.peer_id())),
        format!("KICK: no member {:?} in this room", ben.peer_id())
    );
    ana.wait_for_room();
}
