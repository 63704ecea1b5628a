//! Who may do what in a room, beside a plain model of it: every short sequence, long random ones, and the rules one by one.

use crate::common::random::for_each_seed;
use crate::common::room_deck::{Deck, id_json, queue_track, track_id};
use crate::common::room_party::{EVERYTHING, NOON, NOTHING, Party, types};
use crate::common::room_words::{ROOM, error_json, home, micros, render, token};
use jam::limits::REMOVED_MAX;
use jam::room::event::{Home, Input, Newcomer, Output};
use jam::room::key::Keys;
use jam::room::machine::Room;
use jam::room::members::MemberId;
use jam::room::message::{
    ClientMessage, Hello, HostMessage, QueueTrack, Role, RoomMessage, ServerMessage, Wants,
};
use jam::room::name::RoomName;
use jam::room::parse::parse_message;
use jam::room::rights::Guests;
use jam::room::upload::{UploadRefusal, Uploader};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

const NO: &str = "Only host can control";

const WATCHER: Wants = Wants {
    welcome: true,
    rights: true,
    ..NOTHING
};

// ---- the model -----------------------------------------------------------------------------------

/// Four people, each of them always at the same address; the third shares that of the first.
const PEOPLE: [Person; 4] = [
    Person { ip: 1, ..LISTENER },
    Person { ip: 2, ..LISTENER },
    // Knows nothing of tokens and rights.
    Person {
        ip: 1,
        is_plain: true,
        is_node: false,
    },
    Person {
        ip: 4,
        is_plain: false,
        is_node: true,
    },
];
const LISTENER: Person = Person {
    ip: 0,
    is_plain: false,
    is_node: false,
};

struct Person {
    ip: u8,
    is_plain: bool,
    is_node: bool,
}

/// What somebody does, by their places in `PEOPLE`, or that time passes. Songs are numbers.
#[derive(Clone, Copy, Debug)]
enum Act {
    Join(usize, Role),
    Leave(usize, Properly),
    TakeSeat(usize),
    HandOver(usize, Option<usize>),
    Guests(usize, Guests),
    Kick(usize, usize),
    Vote(usize, Option<usize>),
    Pause(usize, usize),
    Next(usize),
    Add(usize, usize, Option<usize>),
    Remove(usize, usize),
    Wait(f64),
}

type Properly = bool;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Seat {
    Free,
    Held(usize),
    Kept(usize, f64),
}

struct World {
    room: Room,
    now: f64,
    /// Off, the model only follows, which is faster.
    checking: bool,
    next_id: u64,
    /// Under which number each is in, who is.
    ids: [Option<u64>; 4],
    seat: Seat,
    guests: Guests,
    votes: BTreeSet<usize>,
    removed: Vec<(String, Option<u8>)>,
    deck: Deck,
    /// The last RIGHTS and VOTES of each member.
    rights_heard: BTreeMap<u64, String>,
    votes_heard: BTreeMap<u64, Value>,
}

impl World {
    fn new() -> Self {
        let name = RoomName::parse(ROOM).expect("a room name");
        let songs = [0, 1];
        Self {
            room: Room::new(NOON, name, songs.map(queue_track), home()),
            now: NOON,
            checking: true,
            next_id: 1,
            ids: [None; 4],
            seat: Seat::Free,
            guests: Guests::Nothing,
            votes: BTreeSet::new(),
            removed: Vec::new(),
            deck: Deck::new(NOON, &songs),
            rights_heard: BTreeMap::new(),
            votes_heard: BTreeMap::new(),
        }
    }

    /// Everything that may happen next, and is not obviously nothing.
    fn possible(&self) -> Vec<Act> {
        let mut acts = vec![Act::Wait(0.3), Act::Wait(14.0), Act::Wait(15.0)];
        for (who, person) in PEOPLE.iter().enumerate() {
            let can_come = self.ids[who].is_none() || !person.is_plain;
            if can_come {
                acts.extend([Act::Join(who, Role::Host), Act::Join(who, Role::Viewer)]);
            }
            if self.ids[who].is_none() {
                continue;
            }
            let other = (who + 1) % PEOPLE.len();
            acts.extend([
                Act::Leave(who, true),
                Act::Leave(who, false),
                Act::TakeSeat(who),
                Act::HandOver(who, Some(other)),
                Act::HandOver(who, None),
                Act::Kick(who, other),
                Act::Kick(who, who),
                Act::Vote(who, Some(0)),
                Act::Vote(who, None),
                Act::Pause(who, 0),
                Act::Next(who),
                Act::Add(who, 2, None),
                Act::Add(who, 3, Some(0)),
                Act::Remove(who, 2),
            ]);
            acts.extend(Guests::ALL.map(|(_, guests)| Act::Guests(who, guests)));
        }
        acts
    }

    fn take(&mut self, act: Act) {
        let track_before = self.deck.track().to_owned();
        let (heard, mut expected) = match act {
            Act::Join(who, role) => self.join(who, role),
            Act::Leave(who, properly) => (self.leave(who, properly), Vec::new()),
            Act::Wait(sec) => return self.wait(sec),
            Act::TakeSeat(who) => self.take_seat(who),
            Act::HandOver(who, to) => self.hand_over(who, to),
            Act::Guests(who, may) => {
                let said = json!({"type": "GUESTS", "may": may});
                self.as_host(who, &said, |world| {
                    world.guests = may;
                    Ok(None)
                })
            }
            Act::Kick(who, whom) => self.kick(who, whom),
            Act::Vote(who, skip) => self.vote(who, skip),
            Act::Pause(who, song) => {
                let fields = format!(r#""track_id":{},"offset_sec":1"#, id_json(song));
                self.control(who, "PAUSE", &fields, Guests::Everything, |deck, now| {
                    deck.control(now, 0.25, id_json(song), false, "1");
                    Ok(())
                })
            }
            Act::Next(who) => {
                self.control(who, "NEXT", r#""x":0"#, Guests::Everything, |deck, now| {
                    deck.skip(now, 0.25, true, None).map(|_| ())
                })
            }
            Act::Add(who, song, before) => {
                let id = id_json(song);
                let before_id = before.map_or("null", id_json);
                let fields = format!(r#""track_id":{id},"before":{before_id}"#);
                let level = match before {
                    None => Guests::Add,
                    Some(_) => Guests::Everything,
                };
                let by = (name(who), self.peer_id(who));
                self.control(who, "ADD", &fields, level, |deck, _| {
                    deck.add(song, before, Some(by));
                    Ok(())
                })
            }
            Act::Remove(who, song) => {
                let mut entries = self.deck.entries_json().into_iter();
                let entry = entries.find(|entry| entry.contains(id_json(song)));
                let own = format!(
                    r#""added_by_id":"{}""#,
                    self.peer_id(who).unwrap_or_default()
                );
                let is_own = entry.is_some_and(|entry| entry.contains(&own));
                let level = match is_own && self.deck.track() != id_json(song) {
                    true => Guests::Add,
                    false => Guests::Everything,
                };
                let fields = format!(r#""track_id":{}"#, id_json(song));
                self.control(who, "REMOVE", &fields, level, |deck, now| {
                    deck.remove(now, 0.25, song).map(|_| ())
                })
            }
        };
        if self.deck.track() != track_before || self.guests < Guests::Vote {
            self.votes.clear();
        }
        if self.votes.len() > self.listeners() / 2 {
            self.votes.clear();
            let _empty_queue = self.deck.skip(self.now, 0.25, true, None);
        }
        expected.retain(|line| !line.is_empty());
        self.hear(&heard);
        assert_eq!(news(&heard), expected, "{act:?}");
        self.tick();
        self.check();
    }

    fn host(&self) -> Option<usize> {
        match self.seat {
            Seat::Held(who) => Some(who),
            _ => None,
        }
    }

    fn listeners(&self) -> usize {
        let here = |who: &usize| self.ids[*who].is_some() && !PEOPLE[*who].is_node;
        (0..PEOPLE.len()).filter(here).count()
    }

    fn peer_id(&self, who: usize) -> Option<String> {
        match PEOPLE[who].is_plain {
            true => self.ids[who].map(|id| format!("p{id}")),
            false => Some(token(who as u64).peer_id()),
        }
    }

    fn handle(&mut self, input: Input) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.room.handle(self.now, input, &mut outputs);
        outputs
    }

    fn say(&mut self, who: usize, json: &str) -> Vec<Output> {
        let member = MemberId(self.ids[who].expect("is in"));
        let message = match parse_message(json, ROOM) {
            Ok(ClientMessage::Room(message)) => message,
            Ok(ClientMessage::Add {
                track_id: id,
                before,
                ..
            }) => {
                let song = (0..4).find(|&song| track_id(song) == id);
                let track = Box::new(queue_track(song.expect("a song")));
                RoomMessage::Host(HostMessage::Add { track, before })
            }
            other => panic!("{json}: {other:?}"),
        };
        self.handle(Input::Say { member, message })
    }

    // ---- the rules ----

    fn join(&mut self, who: usize, role: Role) -> (Vec<Output>, Vec<String>) {
        let person = &PEOPLE[who];
        let id = self.next_id;
        self.next_id += 1;
        let heard = self.handle(Input::Join(Newcomer {
            member: MemberId(id),
            token: token(1000 + id),
            peer_id: format!("p{id}"),
            ip: ip(person.ip),
            hello: Hello {
                role,
                display_name: Some(name(who)),
                wants: match person.is_plain {
                    true => NOTHING,
                    false => WATCHER,
                },
                node: person.is_node,
                token: (!person.is_plain).then(|| token(who as u64)),
                keys: Keys::default(),
            },
            relayed: false,
            proxied: false,
            upload_key: format!("key{id}"),
        }));
        let peer_id = match person.is_plain {
            true => format!("p{id}"),
            false => token(who as u64).peer_id(),
        };
        let is_removed =
            |(peer, at): &(String, Option<u8>)| *peer == peer_id || *at == Some(person.ip);
        if self.removed.iter().any(is_removed) {
            return (heard, vec![format!("refuse {id} Removed")]);
        }
        let is_host = match self.seat {
            _ if role == Role::Viewer => false,
            Seat::Free => true,
            Seat::Held(holder) | Seat::Kept(holder, _) if holder == who && !person.is_plain => true,
            _ if person.is_plain => return (heard, vec![format!("refuse {id} HostTaken")]),
            _ => false,
        };
        let mut expected = Vec::new();
        if let Some(old) = self.ids[who] {
            expected.push(format!("end {old} CameBack"));
            self.votes.remove(&who);
        }
        if matches!(self.seat, Seat::Held(holder) | Seat::Kept(holder, _) if holder == who) {
            self.seat = Seat::Free;
        }
        if is_host {
            self.seat = Seat::Held(who);
        }
        self.ids[who] = Some(id);
        (heard, expected)
    }

    fn leave(&mut self, who: usize, properly: bool) -> Vec<Output> {
        let member = MemberId(self.ids[who].expect("is in"));
        let heard = self.handle(Input::Leave { member, properly });
        self.ids[who] = None;
        self.votes.remove(&who);
        if self.host() == Some(who) {
            self.seat = match properly || PEOPLE[who].is_plain {
                true => Seat::Free,
                false => Seat::Kept(who, micros(self.now + 15.0)),
            };
        }
        heard
    }

    fn take_seat(&mut self, who: usize) -> (Vec<Output>, Vec<String>) {
        let heard = self.say(who, r#"{"type":"TAKE_SEAT"}"#);
        let refusal = match self.seat {
            Seat::Held(host) if host == who => return (heard, Vec::new()),
            _ if PEOPLE[who].is_node => "TAKE_SEAT: a node cannot take the seat".into(),
            Seat::Held(host) => format!("TAKE_SEAT: {} hosts this room", name(host)),
            Seat::Kept(holder, until) => {
                let sec = (until - self.now).ceil();
                let plural = if sec > 1.0 { "s" } else { "" };
                let holder = name(holder);
                format!("TAKE_SEAT: the seat is kept for {holder} for {sec} more second{plural}")
            }
            Seat::Free => {
                self.seat = Seat::Held(who);
                return (heard, Vec::new());
            }
        };
        (heard, vec![self.error(who, &refusal)])
    }

    fn hand_over(&mut self, who: usize, to: Option<usize>) -> (Vec<Output>, Vec<String>) {
        let to_id = to.map(|to| self.peer_id(to).unwrap_or_else(|| "nobody".into()));
        let said = json!({"type": "HAND_OVER", "to": to_id});
        self.as_host(who, &said, |world| {
            world.seat = match to {
                None => Seat::Free,
                Some(to) if world.ids[to].is_none() => {
                    let id = to_id.expect("to somebody");
                    return Err(format!("HAND_OVER: no member {id:?} in this room"));
                }
                Some(to) if PEOPLE[to].is_node => {
                    return Err("HAND_OVER: a node cannot take the seat".into());
                }
                Some(to) => Seat::Held(to),
            };
            Ok(None)
        })
    }

    fn kick(&mut self, who: usize, whom: usize) -> (Vec<Output>, Vec<String>) {
        let peer_id = self.peer_id(whom).unwrap_or_else(|| "nobody".into());
        let said = json!({"type": "KICK", "peer_id": peer_id});
        self.as_host(who, &said, |world| {
            let Some(id) = world.ids[whom] else {
                return Err(format!("KICK: no member {peer_id:?} in this room"));
            };
            if who == whom {
                return Err("KICK: that is yourself (HAND_OVER gives the seat away)".into());
            }
            let ip = PEOPLE[whom].ip;
            let there =
                (0..PEOPLE.len()).filter(|&at| world.ids[at].is_some() && PEOPLE[at].ip == ip);
            let is_alone = there.count() == 1;
            world.removed.push((peer_id, is_alone.then_some(ip)));
            world.ids[whom] = None;
            world.votes.remove(&whom);
            Ok(Some(format!("end {id} Removed")))
        })
    }

    fn vote(&mut self, who: usize, skip: Option<usize>) -> (Vec<Output>, Vec<String>) {
        let skip_id = skip.map(|song| track_id(song).to_string());
        let heard = self.say(who, &json!({"type": "VOTE", "skip": skip_id}).to_string());
        if self.host() != Some(who) && self.guests < Guests::Vote {
            return (heard, vec![self.error(who, NO)]);
        }
        if PEOPLE[who].is_node {
            return (heard, vec![self.error(who, "VOTE: a node does not listen")]);
        }
        match skip {
            None => {
                self.votes.remove(&who);
            }
            Some(song) if self.deck.track() == id_json(song) => {
                self.votes.insert(who);
            }
            Some(_) => {}
        }
        (heard, Vec::new())
    }

    fn as_host(
        &mut self,
        who: usize,
        said: &Value,
        rule: impl FnOnce(&mut Self) -> Result<Option<String>, String>,
    ) -> (Vec<Output>, Vec<String>) {
        let heard = self.say(who, &said.to_string());
        if self.host() != Some(who) {
            return (heard, vec![self.error(who, NO)]);
        }
        let expected = match rule(self) {
            Ok(told) => told.unwrap_or_default(),
            Err(text) => self.error(who, &text),
        };
        (heard, vec![expected])
    }

    /// Something about the music, which guests may at this level.
    fn control(
        &mut self,
        who: usize,
        kind: &str,
        fields: &str,
        level: Guests,
        rule: impl FnOnce(&mut Deck, f64) -> Result<(), String>,
    ) -> (Vec<Output>, Vec<String>) {
        let heard = self.say(who, &format!(r#"{{"type":"{kind}",{fields}}}"#));
        if self.host() != Some(who) && self.guests < level {
            return (heard, vec![self.error(who, NO)]);
        }
        let expected = match rule(&mut self.deck, self.now) {
            Ok(()) => String::new(),
            Err(text) => self.error(who, &text),
        };
        (heard, vec![expected])
    }

    fn error(&self, who: usize, text: &str) -> String {
        error_json(self.ids[who].expect("is in"), text)
    }

    fn wait(&mut self, sec: f64) {
        let end = self.now + sec;
        while let Some(at) = self.room.wake_at().filter(|&at| at <= end) {
            assert!(
                at >= self.now,
                "asked to be woken at {at}, after {}",
                self.now
            );
            self.now = at;
            self.tick();
            self.check();
        }
        self.now = end;
        self.tick();
        self.check();
        self.check_votes();
    }

    fn tick(&mut self) {
        if matches!(self.seat, Seat::Kept(_, until) if until <= self.now) {
            self.seat = Seat::Free;
        }
        let mut outputs = Vec::new();
        self.room.tick(self.now, &mut outputs);
        self.hear(&outputs);
        assert_eq!(news(&outputs), [""; 0], "time alone sends nobody away");
    }

    // ---- what is checked ----

    /// What each member knows of rights and votes.
    fn hear(&mut self, outputs: &[Output]) {
        for output in outputs {
            let (message, to) = match output {
                Output::Send { to, message } => (message, vec![to.0]),
                Output::Broadcast { message, except } => {
                    let others = |(who, id): (usize, &Option<u64>)| {
                        let id = (*id)?;
                        let hears = !PEOPLE[who].is_plain && !except.contains(&MemberId(id));
                        hears.then_some(id)
                    };
                    let here = self.ids.iter().enumerate().filter_map(others);
                    (message, here.collect())
                }
                _ => continue,
            };
            for id in to {
                match message {
                    ServerMessage::Rights { .. } => {
                        self.rights_heard.insert(id, message.encode());
                    }
                    ServerMessage::Votes { .. } => {
                        let votes = serde_json::to_value(message).expect("JSON");
                        self.votes_heard.insert(id, votes);
                    }
                    _ => {}
                }
            }
        }
    }

    fn check(&self) {
        if !self.checking {
            return;
        }
        let host_id = self.host().and_then(|who| self.ids[who]);
        assert!(
            self.host().is_none() || host_id.is_some(),
            "a host that is not here"
        );
        assert_eq!(self.room.members().host(), host_id.map(MemberId));
        let here: Vec<usize> = (0..4).filter(|&who| self.ids[who].is_some()).collect();
        assert_eq!(self.room.members().len(), here.len());
        assert!(
            self.votes.len() <= self.listeners(),
            "more votes than listeners"
        );
        let state = ServerMessage::State {
            payload: self.room.state().clone(),
        };
        assert_eq!(state.encode(), self.deck.state_json());
        let view = serde_json::to_value(self.room.view(self.now)).expect("JSON");
        let entries = self.deck.entries_json().join(",");
        let entries: Value = serde_json::from_str(&format!("[{entries}]")).expect("JSON");
        assert_eq!(view["tracks"], entries);
        assert_eq!(view["host"], json!(self.host().map(name)));
        let hosts = view["members"].as_array().expect("a list").iter();
        let hosts = hosts.filter(|member| member["role"] == "host").count();
        assert_eq!(hosts, usize::from(host_id.is_some()), "hosts in the list");
        let truth = self.rights_json();
        for who in here.into_iter().filter(|&who| !PEOPLE[who].is_plain) {
            let heard = &self.rights_heard[&self.ids[who].expect("is in")];
            assert_eq!(*heard, truth, "{who} believes in old rights");
        }
        let kept_until = match self.seat {
            Seat::Kept(_, until) => Some(until),
            _ => None,
        };
        let wake_at = self.room.wake_at();
        assert!(kept_until.is_none_or(|until| wake_at <= Some(until) && wake_at > Some(self.now)));
    }

    /// After a while everybody knows how the votes stand.
    fn check_votes(&self) {
        let listening = (0..4).filter(|&who| !PEOPLE[who].is_plain);
        for id in listening.filter_map(|who| self.ids[who]) {
            let heard = self.votes_heard.get(&id);
            let votes = heard.map_or(json!(0), |heard| heard["votes"].clone());
            assert_eq!(votes, json!(self.votes.len()), "{id} counts otherwise");
            if let Some(heard) = heard.filter(|_| !self.votes.is_empty()) {
                assert_eq!(heard["needed"], json!(self.listeners() / 2 + 1));
                assert_eq!(heard["track_id"].to_string(), self.deck.track());
            }
        }
    }

    fn rights_json(&self) -> String {
        let person = |who: usize| {
            let id = self.peer_id(who).expect("known");
            format!(r#""peer_id":"{id}","name":"{}""#, name(who))
        };
        let seat = match self.seat {
            Seat::Free => String::new(),
            Seat::Held(who) => format!(r#""host":{{{}}},"#, person(who)),
            Seat::Kept(who, until) => {
                format!(
                    r#""kept":{{{},"until":{}}},"#,
                    person(who),
                    Value::from(until)
                )
            }
        };
        let guests = self.guests.name();
        format!(r#"{{"type":"RIGHTS","room":"jam1",{seat}"guests":"{guests}"}}"#)
    }
}

fn name(who: usize) -> String {
    format!("Name {who}")
}

fn ip(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, last).into()
}

/// Who is refused, sent away or told of a mistake.
fn news(outputs: &[Output]) -> Vec<String> {
    let is_news = |output: &&Output| match output {
        Output::Refuse { .. } | Output::End { .. } => true,
        Output::Send { message, .. } => matches!(message, ServerMessage::Error { .. }),
        _ => false,
    };
    outputs.iter().filter(is_news).map(render).collect()
}

/// Does every sequence of `depth` acts after `start`; gives how many there were.
fn explore(start: &[Act], depth: usize) -> usize {
    let mut path = start.to_vec();
    let explored = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| go(&mut path, depth)));
    explored.unwrap_or_else(|panic| {
        eprintln!("the sequence was {path:?}");
        std::panic::resume_unwind(panic)
    })
}

fn go(path: &mut Vec<Act>, depth: usize) -> usize {
    let mut world = World::new();
    for (number, &act) in path.iter().enumerate() {
        // What came before was checked when it was the last.
        world.checking = number + 1 == path.len();
        world.take(act);
    }
    if depth == 0 {
        return 1;
    }
    let mut sequences = 0;
    for act in world.possible() {
        path.push(act);
        sequences += go(path, depth - 1);
        path.pop();
    }
    sequences
}

const PARTY: [Act; 4] = [
    Act::Join(0, Role::Host),
    Act::Join(1, Role::Viewer),
    Act::Join(2, Role::Viewer),
    Act::Join(3, Role::Viewer),
];

#[test]
fn every_short_sequence_in_an_empty_room_keeps_the_rules() {
    assert!(explore(&[], 3) > 1000);
}

#[test]
fn every_pair_of_acts_at_a_party_keeps_the_rules() {
    assert!(explore(&PARTY, 2) > 1000);
}

#[test]
fn every_pair_of_acts_keeps_the_rules_while_the_seat_is_kept() {
    let start = [PARTY.as_slice(), &[Act::Leave(0, false), Act::Wait(1.0)]].concat();
    assert!(explore(&start, 2) > 1000);
}

#[test]
fn every_pair_of_acts_keeps_the_rules_while_guests_vote() {
    let start = [
        PARTY.as_slice(),
        &[
            Act::Guests(0, Guests::Vote),
            Act::Pause(0, 0),
            Act::Vote(1, Some(0)),
        ],
    ];
    assert!(explore(&start.concat(), 2) > 1000);
}

#[test]
fn long_random_walks_keep_the_rules() {
    for_each_seed(60, |random| {
        let mut world = World::new();
        for step in 0..400 {
            let possible = world.possible();
            let act = *random.pick(&possible);
            // Otherwise everybody would be out after a while.
            if matches!(act, Act::Kick(..)) && !random.one_in(20) {
                continue;
            }
            if step % 100 == 99 && world.removed.len() > 2 {
                break;
            }
            world.take(act);
        }
    });
}

// ---- one by one ----------------------------------------------------------------------------------

/// A party to whose members tokens and addresses are given; the last digit of the address is the member's number.
fn enter(party: &mut Party, id: u64, ip: IpAddr, own: Option<u64>, proxied: bool) -> Vec<String> {
    party.handle(Input::Join(Newcomer {
        member: MemberId(id),
        token: token(1000 + id),
        peer_id: format!("p{id}"),
        ip,
        hello: Hello {
            role: Role::Viewer,
            display_name: Some(format!("Name {id}")),
            wants: WATCHER,
            node: false,
            token: own.map(token),
            keys: Keys::default(),
        },
        relayed: proxied,
        proxied,
        upload_key: format!("key{id}"),
    }))
}

fn kick(party: &mut Party, peer_id: &str) -> Vec<String> {
    party.say(1, &json!({"type": "KICK", "peer_id": peer_id}).to_string())
}

#[test]
fn an_address_is_shut_out_only_when_it_was_the_removed_ones_alone() {
    let loopback: IpAddr = Ipv4Addr::LOCALHOST.into();
    for (line, (at, proxied, has_company, is_shut_out)) in [
        (ip(9), false, false, true),
        (ip(9), false, true, false),
        (ip(9), true, false, false),
        (loopback, false, false, false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut party = Party::new();
        party.join(1, Role::Host, NOTHING);
        enter(&mut party, 2, at, None, proxied);
        if has_company {
            enter(&mut party, 3, at, None, false);
        }
        assert_eq!(kick(&mut party, "p2")[0], "end 2 Removed");
        let again = enter(&mut party, 4, at, None, false);
        assert_eq!(again == ["refuse 4 Removed"], is_shut_out, "line {line}");
        let elsewhere = enter(&mut party, 5, ip(10), None, false);
        assert_eq!(elsewhere[0].split(' ').next(), Some("admit"));
    }
}

#[test]
fn a_room_remembers_the_last_that_were_removed() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    let at = Ipv4Addr::LOCALHOST.into();
    let count = REMOVED_MAX as u64;
    for number in 0..=count {
        enter(&mut party, 10 + number, at, Some(number), false);
        kick(&mut party, &token(number).peer_id());
    }
    let forgotten = enter(&mut party, 500, at, Some(0), false);
    assert_eq!(forgotten[0].split(' ').next(), Some("admit"));
    for number in 1..=count {
        let id = 600 + number;
        let again = enter(&mut party, id, at, Some(number), false);
        assert_eq!(again, [format!("refuse {id} Removed")]);
    }
}

#[test]
fn somebody_who_would_look_like_another_member_is_given_a_token_of_its_own() {
    let mut party = Party::new();
    // The first was drawn an id that the second one's token happens to have.
    party.handle(Input::Join(Newcomer {
        member: MemberId(1),
        token: token(77),
        peer_id: token(5).peer_id(),
        ip: ip(1),
        hello: Hello {
            role: Role::Viewer,
            display_name: None,
            wants: NOTHING,
            node: false,
            token: None,
            keys: Keys::default(),
        },
        relayed: false,
        proxied: false,
        upload_key: "key".into(),
    }));
    let heard = enter(&mut party, 2, ip(2), Some(5), false);
    assert_eq!(types(&heard)[0], "admit", "nobody is sent away");
    assert_eq!(party.room.members().len(), 2);
    assert!(heard[2].contains(r#""peer_id":"p2""#), "{heard:?}");
}

#[test]
fn the_seat_is_kept_for_15_seconds_to_the_moment() {
    for (after, is_free) in [(14.999, false), (15.001, true)] {
        let mut party = Party::new();
        party.join(1, Role::Host, EVERYTHING);
        party.join(2, Role::Viewer, WATCHER);
        party.handle(Input::Leave {
            member: MemberId(1),
            properly: false,
        });
        assert!(party.room.wake_at().is_some_and(|at| at <= NOON + 15.0));
        // Also when the room has not been woken meanwhile.
        party.now += after;
        let heard = party.say(2, r#"{"type":"TAKE_SEAT"}"#);
        let refusal = "TAKE_SEAT: the seat is kept for Name 1 for 1 more second";
        assert_eq!(heard.contains(&error_json(2, refusal)), !is_free);
        assert_eq!(party.room.members().host() == Some(MemberId(2)), is_free);
    }
}

#[test]
fn a_node_that_hands_its_seat_over_is_no_longer_listed_as_host() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    party.join(2, Role::Viewer, NOTHING);
    party.say(1, r#"{"type":"ANNOUNCE","port":9003}"#);
    let heard = party.wait(1.0).join("\n");
    assert!(heard.contains(r#""is_host":true"#), "{heard}");
    party.say(1, r#"{"type":"HAND_OVER","to":"p2"}"#);
    let heard = party.wait(1.0).join("\n");
    assert!(heard.contains(r#""is_host":false"#), "{heard}");
}

#[test]
fn many_votes_at_once_are_few_messages() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    party.say(1, r#"{"type":"GUESTS","may":"vote"}"#);
    party.say(1, r#"{"type":"PAUSE","track_id":"t1","offset_sec":0}"#);
    for id in 2..=100 {
        party.join(id, Role::Viewer, WATCHER);
    }
    let mut told = 0;
    for id in 2..=50 {
        assert_eq!(party.say(id, r#"{"type":"VOTE","skip":"t1"}"#), [""; 0]);
        told += types(&party.wait(0.01)).len();
    }
    assert!(
        (2..=3).contains(&(told - 1)),
        "{told} messages, and MEMBERS"
    );
    let heard = party.wait(1.0);
    let votes = r#"{"type":"VOTES","room":"jam1","track_id":"t1","votes":49,"needed":51}"#;
    assert!(
        heard.contains(&format!("to all but []: {votes}")),
        "{heard:?}"
    );
}

#[test]
fn guests_who_may_add_upload_with_their_own_keys_and_offer_at_the_end() {
    for (guests, may_add, may_offer_anywhere) in [
        (Guests::Nothing, false, false),
        (Guests::Add, true, false),
        (Guests::Vote, true, false),
        (Guests::Everything, true, true),
    ] {
        let name = RoomName::parse(ROOM).expect("a room name");
        let home = Home { guests, ..home() };
        let mut party = Party::new();
        party.room = Room::new(NOON, name, [queue_track(0)], home);
        party.join(1, Role::Host, NOTHING);
        enter(&mut party, 2, ip(2), None, false);
        let ask = |party: &Party, key: Option<&str>, at: IpAddr| {
            let uploader = Uploader {
                ip: at,
                key: key.map(Into::into),
                relayed: false,
            };
            party.room.may_upload(&uploader).map(|adder| adder.peer_id)
        };
        let guest = ask(&party, Some("key2"), ip(9));
        let expected = match may_add {
            true => Ok("p2".into()),
            false => Err(UploadRefusal::NotTheHost),
        };
        assert_eq!(guest, expected, "{guests:?}");
        assert_eq!(ask(&party, Some("key1"), ip(9)), Ok("p1".into()));
        assert_eq!(
            ask(&party, Some("key3"), ip(9)),
            Err(UploadRefusal::WrongKey)
        );
        let without = match may_add {
            true => UploadRefusal::KeyMissing,
            false => UploadRefusal::NotTheHost,
        };
        assert_eq!(ask(&party, None, ip(2)), Err(without));
        let host_ip = Ipv4Addr::LOCALHOST.into();
        assert_eq!(ask(&party, None, host_ip), Ok("p1".into()));

        let announce = json!({"type": "ANNOUNCE", "port": 0, "track_ids": [track_id(1)]});
        party.say(2, &announce.to_string());
        let awaited = QueueTrack {
            awaited: true,
            ..queue_track(1)
        };
        let mut offer = |before| {
            let track = Box::new(awaited.clone());
            let message = RoomMessage::Offer { track, before };
            let member = MemberId(2);
            let heard = party.handle(Input::Say { member, message });
            !heard.contains(&error_json(2, NO))
        };
        assert_eq!(offer(Some(track_id(0))), may_offer_anywhere, "{guests:?}");
        assert_eq!(offer(None), may_add, "{guests:?}");
        party.handle(Input::Leave {
            member: MemberId(1),
            properly: true,
        });
        let expected = match may_add {
            true => Ok("p2".into()),
            false => Err(UploadRefusal::NoHost),
        };
        assert_eq!(ask(&party, Some("key2"), ip(9)), expected);
    }
}
