//! The locks of a room, against a model of who knows what: random parties in which everybody tries keys.

use crate::common::random::{Random, for_each_seed};
use crate::common::room_party::{NOON, NOTHING, Party};
use crate::common::room_words::{ROOM, home, token};
use jam::room::close::CloseReason;
use jam::room::event::{Home, Input, Newcomer, Output};
use jam::room::key::{Key, Keys, Lock, Locks};
use jam::room::locking::Look;
use jam::room::machine::Room;
use jam::room::members::MemberId;
use jam::room::message::ClientMessage;
use jam::room::message::{Hello, Role, ServerMessage, Wants};
use jam::room::name::RoomName;
use jam::room::parse::parse_message;
use jam::room::upload::{UploadRefusal, Uploader};
use std::net::Ipv4Addr;

const KEYS: [&str; 3] = ["plum", "apricot", "quince"];
const WANTS: Wants = Wants {
    welcome: true,
    rights: true,
    ..NOTHING
};

fn key(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

fn lock(text: Option<&str>) -> Option<Lock> {
    text.map(|text| Lock::of(&key(text)))
}

fn room(locks: Locks) -> Room {
    let name = RoomName::parse(ROOM).expect("a room name");
    let home = Home { locks, ..home() };
    Room::new(NOON, name, [], home)
}

/// What should be so.
struct World {
    room: Room,
    now: f64,
    server: Option<&'static str>,
    host_key: Option<&'static str>,
    own: Option<&'static str>,
    lock_changes: u64,
    next_id: u64,
    /// By person: the member, and whether it has shown the host key.
    here: [Option<(u64, bool)>; 3],
    host: Option<usize>,
    /// The person, and until when.
    kept: Option<(usize, f64)>,
}

fn any_key(random: &mut Random) -> Option<&'static str> {
    *random.pick(&[None, Some(KEYS[0]), Some(KEYS[1]), Some(KEYS[2])])
}

impl World {
    fn new(random: &mut Random) -> Self {
        let (server, host_key) = (any_key(random), any_key(random));
        let locks = Locks {
            room: lock(server),
            host: lock(host_key),
        };
        Self {
            room: room(locks),
            now: NOON,
            server,
            host_key,
            own: None,
            lock_changes: 0,
            next_id: 1,
            here: [None; 3],
            host: None,
            kept: None,
        }
    }

    fn needed(&self) -> Option<&'static str> {
        self.own.or(self.server)
    }

    fn has_seat(&self, who: usize) -> bool {
        self.host == Some(who) || self.kept.is_some_and(|(kept, _)| kept == who)
    }

    fn handle(&mut self, input: Input) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.room.handle(self.now, input, &mut outputs);
        outputs
    }

    /// Why a HELLO should be refused, and whether that is a wrong key.
    fn refusal(&self, who: usize, role: Role, keys: [Option<&str>; 2]) -> Option<CloseReason> {
        let [room_key, host_key] = keys;
        match (self.needed(), room_key) {
            (Some(_), None) => return Some(CloseReason::RoomKeyNeeded),
            (Some(needed), Some(shown)) if needed != shown => {
                return Some(CloseReason::WrongRoomKey);
            }
            _ => {}
        }
        match (self.host_key, host_key) {
            (Some(needed), Some(shown)) if needed != shown => Some(CloseReason::WrongHostKey),
            (Some(_), None) if role == Role::Host && !self.has_seat(who) => {
                Some(CloseReason::HostKeyNeeded)
            }
            _ => None,
        }
    }

    fn join(&mut self, who: usize, role: Role, keys: [Option<&'static str>; 2]) {
        let id = self.next_id;
        self.next_id += 1;
        let expected = self.refusal(who, role, keys);
        let outputs = self.handle(Input::Join(Newcomer {
            member: MemberId(id),
            token: token(1000 + id),
            peer_id: token(1000 + id).peer_id(),
            ip: Ipv4Addr::LOCALHOST.into(),
            hello: Hello {
                role,
                display_name: Some(format!("Name {who}")),
                wants: WANTS,
                node: false,
                token: Some(token(who as u64)),
                keys: Keys {
                    room: keys[0].map(key),
                    host: keys[1].map(key),
                },
            },
            relayed: false,
            proxied: false,
            upload_key: format!("key{id}"),
        }));
        let refused = outputs.iter().find_map(|output| match output {
            Output::Refuse { reason, .. } => Some(*reason),
            _ => None,
        });
        assert_eq!(refused, expected);
        let is_wrong = matches!(
            expected,
            Some(CloseReason::WrongRoomKey | CloseReason::WrongHostKey)
        );
        assert_eq!(self.room.take_wrong_key(), is_wrong);
        if expected.is_some() {
            assert_eq!(outputs.len(), 1, "nothing else is told: {outputs:?}");
            return;
        }
        let was_host = self.has_seat(who);
        if was_host {
            (self.host, self.kept) = (None, None);
        }
        if role == Role::Host && self.host.is_none() && self.kept.is_none() {
            self.host = Some(who);
        }
        let shown = self.host_key.is_none() || keys[1].is_some();
        self.here[who] = Some((id, shown));
    }

    fn say(&mut self, who: usize, json: &str) -> Vec<Output> {
        let (id, _) = self.here[who].expect("is in");
        let Ok(ClientMessage::Room(message)) = parse_message(json, ROOM) else {
            panic!("not for the room: {json}");
        };
        let member = MemberId(id);
        self.handle(Input::Say { member, message })
    }

    /// The text of the ERROR for this, if there is one.
    fn error(outputs: &[Output]) -> Option<&str> {
        outputs.iter().find_map(|output| match output {
            Output::Send {
                message: ServerMessage::Error { message, .. },
                ..
            } => Some(message.as_str()),
            _ => None,
        })
    }

    fn take_seat(&mut self, who: usize, shown: Option<&'static str>) {
        let field = shown.map_or("null".into(), |key| format!("{key:?}"));
        let outputs = self.say(
            who,
            &format!(r#"{{"type":"TAKE_SEAT","host_key":{field}}}"#),
        );
        let (id, has_key) = self.here[who].expect("is in");
        let is_open = has_key || self.host_key.is_none() || self.host_key == shown;
        let expected = match (self.host, self.kept) {
            (Some(host), _) if host == who => None,
            (Some(host), _) => Some(format!("TAKE_SEAT: Name {host} hosts this room")),
            (None, Some(_)) => Some("TAKE_SEAT: the seat is kept".into()),
            (None, None) if is_open => None,
            (None, None) if shown.is_some() => Some("TAKE_SEAT: Wrong host key".into()),
            (None, None) => Some("TAKE_SEAT: Host key needed".into()),
        };
        let error = Self::error(&outputs).map(|text| text.split(" for ").next().expect("a part"));
        assert_eq!(error, expected.as_deref());
        let is_wrong = expected.as_deref() == Some("TAKE_SEAT: Wrong host key");
        assert_eq!(self.room.take_wrong_key(), is_wrong);
        if expected.is_none() && self.host != Some(who) {
            self.host = Some(who);
            self.here[who] = Some((id, true));
        }
    }

    fn lock(&mut self, who: usize, to: Option<&'static str>) {
        let field = to.map_or("null".into(), |key| format!("{key:?}"));
        let outputs = self.say(who, &format!(r#"{{"type":"LOCK","key":{field}}}"#));
        let error = Self::error(&outputs).map(str::to_owned);
        if self.host != Some(who) {
            assert_eq!(error.as_deref(), Some("Only host can control"));
        } else if to.is_none() && self.own.is_none() && self.server.is_some() {
            let text = error.as_deref().expect("refused");
            assert!(text.starts_with("LOCK: the server asks"), "{text}");
        } else {
            assert_eq!(error, None);
            self.own = to;
            self.lock_changes += 1;
        }
        let was_set = error.is_none();
        let told = outputs.iter().find_map(|output| match output {
            Output::Broadcast {
                message:
                    ServerMessage::Rights {
                        locked,
                        lock_changes,
                        ..
                    },
                ..
            } => Some((*locked, *lock_changes)),
            _ => None,
        });
        // Everybody who asked for it hears of a key that was set, and never which.
        let news = was_set.then_some((self.needed().is_some(), self.lock_changes));
        assert_eq!(told, news);
    }

    fn leave(&mut self, who: usize, properly: bool) {
        let (id, _) = self.here[who].take().expect("is in");
        let member = MemberId(id);
        self.handle(Input::Leave { member, properly });
        if self.host == Some(who) {
            self.host = None;
            self.kept = (!properly).then_some((who, self.now + 15.0));
        }
    }

    fn wait(&mut self, sec: f64) {
        self.now += sec;
        self.room.tick(self.now, &mut Vec::new());
        self.kept = self.kept.filter(|(_, until)| *until > self.now);
    }

    fn look(&mut self, shown: Option<&'static str>) {
        let look = self.room.look(self.now, shown.map(key).as_ref());
        let is_open = self.needed().is_none() || self.needed() == shown;
        let here = self.here.iter().flatten().count();
        match look {
            Ok(Look::Open(view)) => assert!(is_open && view.total == here),
            Ok(Look::Locked(view)) => {
                assert!(!is_open && shown.is_none() && view.total == here);
            }
            Err(reason) => {
                assert!(!is_open && shown.is_some());
                assert_eq!(reason, CloseReason::WrongRoomKey);
            }
        }
        assert_eq!(self.room.take_wrong_key(), !is_open && shown.is_some());
    }

    /// Killed and started again, perhaps with other keys.
    fn restart(&mut self, random: &mut Random) {
        let snapshot = self.room.snapshot(self.now);
        let written = serde_json::to_string(&snapshot).expect("JSON");
        assert!(KEYS.iter().all(|key| !written.contains(key)), "{written}");
        let snapshot = serde_json::from_str(&written).expect("a snapshot");
        (self.server, self.host_key) = (any_key(random), any_key(random));
        let locks = Locks {
            room: lock(self.server),
            host: lock(self.host_key),
        };
        let name = RoomName::parse(ROOM).expect("a room name");
        let home = Home { locks, ..home() };
        self.room = Room::restore(self.now, name, snapshot, home);
        let last = self.host.take().or(self.kept.map(|(who, _)| who));
        self.kept = last.map(|who| (who, self.now + 15.0));
        self.here = [None; 3];
        self.lock_changes = 0;
    }
}

#[test]
fn everybody_gets_in_and_onto_the_seat_with_the_right_key_alone() {
    for_each_seed(600, |random| {
        let mut world = World::new(random);
        for _ in 0..80 {
            let who = random.below(3);
            let is_here = world.here[who].is_some();
            match random.below(10) {
                0..=3 => {
                    let role = *random.pick(&[Role::Host, Role::Viewer]);
                    let keys = [any_key(random), any_key(random)];
                    // Right more often than chance has it, or nobody would ever be in.
                    let keys = match random.below(2) {
                        0 => keys,
                        _ => [world.needed(), world.host_key],
                    };
                    world.join(who, role, keys);
                }
                4 if is_here => {
                    let shown = any_key(random);
                    world.take_seat(who, shown);
                }
                5 | 6 if is_here => {
                    let to = any_key(random);
                    world.lock(who, to);
                }
                7 if is_here => world.leave(who, random.one_in(2)),
                8 => {
                    let shown = any_key(random);
                    world.look(shown);
                }
                9 if random.one_in(6) => world.restart(random),
                _ => world.wait(*random.pick(&[0.53, 4.9, 16.0])),
            }
        }
    });
}

#[test]
fn without_locks_keys_are_not_looked_at() {
    let open = room(Locks::default());
    let keys = Keys {
        room: Some(key("plum")),
        host: Some(key("stone")),
    };
    assert!(!open.is_locked() && !open.tries(&keys));
    let host_only = room(Locks {
        room: None,
        host: lock(Some("stone")),
    });
    assert!(host_only.tries(&keys));
    let room_key = Keys { host: None, ..keys };
    assert!(!host_only.tries(&room_key) && !host_only.tries(&Keys::default()));
}

#[test]
fn an_upload_into_a_locked_room_shows_a_key_of_a_member() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    let ask = |party: &Party, key: Option<&str>| {
        let uploader = Uploader {
            ip: Ipv4Addr::LOCALHOST.into(),
            key: key.map(Into::into),
            relayed: false,
        };
        party.room.may_upload(&uploader).map(|adder| adder.peer_id)
    };
    assert_eq!(ask(&party, None), Ok("p1".into()));
    party.say(1, r#"{"type":"LOCK","key":"plum"}"#);
    assert_eq!(ask(&party, None), Err(UploadRefusal::Locked));
    assert_eq!(ask(&party, Some("key1")), Ok("p1".into()));
    assert_eq!(ask(&party, Some("plum")), Err(UploadRefusal::WrongKey));
}
