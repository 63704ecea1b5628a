//! A room beside a model of it. Every step is done by both, and everything that the room says is compared
//! with what the model expects; the model holds the rules as plainly as possible and knows no cleverness.
//!
//! Members sit in numbered slots. A slot that is joined again is a new member, as a new connection would be.

#[path = "room_host.rs"]
mod room_host;

use super::room_deck::{Deck, SONGS, queue_track, track_id};
use super::room_words::{
    ANNOUNCES, Announced, DELTAS, REPORTS, ROOM, WANTS, error_json, fields, home, ip, peer_id,
    render, role_text, to_all, token,
};
use jam::room::close::CloseReason;
use jam::room::event::{Input, Newcomer, Output};
use jam::room::key::Keys;
use jam::room::machine::Room;
use jam::room::members::MemberId;
use jam::room::message::{
    ClientMessage, Hello, HostMessage, Role, RoomMessage, ServerMessage, Wants,
};
use jam::room::name::RoomName;
use jam::room::parse::parse_message;
use std::collections::{BTreeMap, BTreeSet};

/// What somebody does, or that time passes. The `usize`s are slots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    JoinAsHost(usize),
    JoinAsViewer(usize),
    Leave(usize),
    Play(usize),
    Pause(usize),
    Signal {
        from: usize,
        to: usize,
    },
    Announce(usize),
    HaveDelta(usize),
    Report(usize),
    Edit {
        slot: usize,
        edit: Edit,
    },
    /// An upload of a song, by the host or for a host that has just gone.
    Upload(usize),
    Wait {
        sec: f64,
    },
    /// Time passes, and the room is woken too late: only at the end.
    Oversleep {
        sec: f64,
    },
}

/// What only the host may. Songs are numbers, in `SONGS`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edit {
    Play(usize),
    Pause(usize),
    Add(usize, Option<usize>),
    Remove(usize),
    Move(usize, Option<usize>),
    Next(SaidOf),
    Previous(SaidOf),
    Duration(usize),
}

/// Of which track the host believed that it was on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SaidOf {
    Any,
    Current,
    Another,
}

/// `variety` chooses the details: which offset, which track, which chunks.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub act: Act,
    pub variety: usize,
}

pub struct World {
    room: Room,
    pub now: f64,
    /// Off, the model only follows, which is faster.
    pub checking: bool,
    slots: BTreeMap<usize, u64>,
    next_id: u64,
    guests: u64,
    members: BTreeMap<u64, Member>,
    nodes: BTreeMap<u64, Node>,
    deck: Deck,
    queue_push: Push,
    members_push: Push,
    peers_push: Push,
}

struct Member {
    name: String,
    role: Role,
    wants: Wants,
    report: Option<String>,
    rtt_ms: f64,
    peers_heard: Option<String>,
    /// As it follows from everything that this member was sent, if it asked for that.
    queue_heard: Option<String>,
    history_heard: Option<Vec<String>>,
}

struct Node {
    announce: Announced,
    held: BTreeSet<u32>,
    heard_at: f64,
}

/// A list that changed and was not pushed yet, and when it may be.
struct Push {
    interval_sec: f64,
    changed: bool,
    not_before: Option<f64>,
}

impl World {
    pub fn new(now: f64) -> Self {
        Self::with_songs(now, &[])
    }

    pub fn with_songs(now: f64, songs: &[usize]) -> Self {
        let name = RoomName::parse(ROOM).expect("a room name");
        let push = |interval_sec| Push {
            interval_sec,
            changed: false,
            not_before: None,
        };
        Self {
            room: Room::new(
                now,
                name,
                songs.iter().map(|&song| queue_track(song)),
                home(),
            ),
            now,
            checking: true,
            slots: BTreeMap::new(),
            next_id: 1,
            guests: 0,
            members: BTreeMap::new(),
            nodes: BTreeMap::new(),
            deck: Deck::new(now, songs),
            queue_push: push(0.1),
            members_push: push(1.0),
            peers_push: push(0.25),
        }
    }

    /// Whether somebody sits, sat or never sat in the slot.
    pub fn is_in(&self, slot: usize) -> bool {
        self.slots
            .get(&slot)
            .is_some_and(|id| self.members.contains_key(id))
    }

    pub fn was_in(&self, slot: usize) -> bool {
        self.slots.contains_key(&slot)
    }

    /// Does the step and checks everything that comes of it.
    pub fn take(&mut self, step: &Step) {
        let Step { act, variety } = *step;
        let (heard, expected) = match act {
            Act::JoinAsHost(slot) => self.join(slot, Role::Host, variety),
            Act::JoinAsViewer(slot) => self.join(slot, Role::Viewer, variety),
            Act::Leave(slot) => self.leave(slot),
            Act::Play(slot) => self.control(slot, true, variety),
            Act::Pause(slot) => self.control(slot, false, variety),
            Act::Signal { from, to } => self.signal(from, to),
            Act::Announce(slot) => self.announce(slot, variety),
            Act::HaveDelta(slot) => self.have_delta(slot, variety),
            Act::Report(slot) => self.report(slot, variety),
            Act::Edit { slot, edit } => self.edit(slot, edit, variety),
            Act::Upload(song) => self.upload(song),
            Act::Wait { sec } => return self.wait(sec),
            Act::Oversleep { sec } => {
                self.now += sec;
                return self.tick();
            }
        };
        self.hear_lists(&heard);
        if self.checking {
            let heard: Vec<String> = heard.iter().map(render).collect();
            assert_eq!(heard, expected, "{act:?}");
        }
        self.tick();
    }

    fn id(&self, slot: usize) -> u64 {
        // Somebody who never joined, such as a connection that was refused.
        self.slots
            .get(&slot)
            .copied()
            .unwrap_or(1_000_000 + slot as u64)
    }

    fn handle(&mut self, input: Input) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.room.handle(self.now, input, &mut outputs);
        outputs
    }

    fn say(&mut self, id: u64, json: &str) -> Vec<Output> {
        let message = match parse_message(json, ROOM) {
            Ok(ClientMessage::Room(message)) => message,
            // As the server does, which looks for the track among its own.
            Ok(ClientMessage::Add {
                track_id: id,
                before,
                offer: None,
            }) => {
                let song = (0..SONGS.len()).find(|&song| track_id(song) == id);
                let track = Box::new(queue_track(song.expect("one of the songs")));
                RoomMessage::Host(HostMessage::Add { track, before })
            }
            other => panic!("{json}: {other:?}"),
        };
        self.handle(Input::Say {
            member: MemberId(id),
            message,
        })
    }

    fn join(&mut self, slot: usize, role: Role, variety: usize) -> (Vec<Output>, Vec<String>) {
        let id = self.next_id;
        self.next_id += 1;
        let wants = WANTS[(slot + variety) % WANTS.len()];
        let display_name = (slot != 1).then(|| format!("Name {slot}"));
        let heard = self.handle(Input::Join(Newcomer {
            member: MemberId(id),
            token: token(id),
            peer_id: peer_id(id),
            ip: ip(id),
            hello: Hello {
                role,
                display_name: display_name.clone(),
                wants,
                node: false,
                token: None,
                keys: Keys::default(),
            },
            relayed: false,
            proxied: false,
            upload_key: format!("key{id}"),
        }));
        if role == Role::Host && self.host().is_some() {
            return (
                heard,
                vec![format!("refuse {id} {:?}", CloseReason::HostTaken)],
            );
        }
        let name = display_name.unwrap_or_else(|| match role {
            Role::Host => "Host".into(),
            Role::Viewer => {
                self.guests += 1;
                format!("Guest {}", self.guests)
            }
        });
        let member = Member {
            name: name.clone(),
            role,
            wants,
            report: None,
            rtt_ms: 0.0,
            peers_heard: None,
            queue_heard: None,
            history_heard: None,
        };
        self.slots.insert(slot, id);
        self.members.insert(id, member);
        self.members_push.changed = true;

        let (peer, role) = (peer_id(id), role_text(role));
        let mut expected = vec![
            format!("admit {id} {wants:?}"),
            format!("to {id}: {}", self.deck.state_json()),
            format!(r#"to {id}: {{"type":"PEER","peer_id":"{peer}"}}"#),
        ];
        if wants.welcome {
            expected.push(format!(
                r#"to {id}: {{"type":"WELCOME","version":"0.1.0","room":"jam1","peer_id":"{peer}","name":"{name}","role":"{role}","token":"{}","upload_key":"key{id}"}}"#,
                token(id).as_str()
            ));
        }
        if wants.queue {
            expected.push(format!("to {id}: {}", self.queue_json()));
        }
        if wants.history {
            let played = self.deck.played_json().join(",");
            expected.push(format!(
                r#"to {id}: {{"type":"HISTORY","room":"jam1","played":[{played}]}}"#
            ));
        }
        if wants.members {
            expected.push(format!("to {id}: {}", self.members_json()));
        }
        (heard, expected)
    }

    fn leave(&mut self, slot: usize) -> (Vec<Output>, Vec<String>) {
        let id = self.id(slot);
        let heard = self.handle(Input::Leave {
            member: MemberId(id),
            properly: true,
        });
        if self.members.remove(&id).is_some() {
            self.members_push.changed = true;
        }
        if self.nodes.remove(&id).is_some() {
            self.peers_push.changed = true;
        }
        (heard, Vec::new())
    }

    fn signal(&mut self, from: usize, to: usize) -> (Vec<Output>, Vec<String>) {
        let (id, to) = (self.id(from), self.id(to));
        let blob = r#"{"sdp" : [1e400, "\ud800"]}"#;
        let to_peer = peer_id(to);
        let heard = self.say(
            id,
            &format!(r#"{{"type":"SIGNAL","to":"{to_peer}","blob":{blob}}}"#),
        );
        let expected = if !self.members.contains_key(&id) {
            Vec::new()
        } else if self.members.contains_key(&to) {
            let from_peer = peer_id(id);
            vec![format!(
                r#"to {to}: {{"type":"SIGNAL","from":"{from_peer}","blob":{blob}}}"#
            )]
        } else {
            vec![error_json(
                id,
                &format!("SIGNAL: no member {to_peer:?} in this room"),
            )]
        };
        (heard, expected)
    }

    fn announce(&mut self, slot: usize, variety: usize) -> (Vec<Output>, Vec<String>) {
        let id = self.id(slot);
        let announce = ANNOUNCES[variety % ANNOUNCES.len()];
        let (port, total, size, have) = announce;
        let mut json = format!(r#"{{"type":"ANNOUNCE","room":"jam1","port":{port}"#);
        json += &fields(&[
            ("total_chunks", total),
            ("chunk_size", size),
            ("have_count", have),
        ]);
        let heard = self.say(id, &(json + "}"));
        if !self.members.contains_key(&id) {
            return (heard, Vec::new());
        }
        let node = self.nodes.get(&id);
        self.peers_push.changed |= node.is_none_or(|node| node.announce != announce);
        let held = match self.nodes.remove(&id) {
            Some(node) if node.announce.1 == total => node.held,
            _ => BTreeSet::new(),
        };
        self.nodes.insert(
            id,
            Node {
                announce,
                held,
                heard_at: self.now,
            },
        );
        let list = self.peers_json(Some(id));
        self.members.get_mut(&id).expect("in").peers_heard = Some(list.clone());
        (heard, vec![format!("to {id}: {list}")])
    }

    fn have_delta(&mut self, slot: usize, variety: usize) -> (Vec<Output>, Vec<String>) {
        let id = self.id(slot);
        let indices = DELTAS[variety % DELTAS.len()];
        let heard = self.say(
            id,
            &format!(r#"{{"type":"HAVE_DELTA","room":"jam1","indices":{indices:?}}}"#),
        );
        if !self.members.contains_key(&id) {
            return (heard, Vec::new());
        }
        let Some(node) = self.nodes.get_mut(&id) else {
            return (
                heard,
                vec![error_json(id, "HAVE_DELTA: send ANNOUNCE first")],
            );
        };
        let total = node.announce.1.unwrap_or(1 << 20);
        if let Some(index) = indices.iter().find(|&&index| index >= total) {
            let text = format!("HAVE_DELTA: indices has {index}, but the track has {total} chunks");
            return (heard, vec![error_json(id, &text)]);
        }
        let before = node.held.len();
        node.held.extend(indices);
        node.heard_at = self.now;
        self.peers_push.changed |= node.held.len() > before;
        (heard, Vec::new())
    }

    fn report(&mut self, slot: usize, variety: usize) -> (Vec<Output>, Vec<String>) {
        let id = self.id(slot);
        let (said, listed, rtt_ms) = REPORTS[variety % REPORTS.len()];
        let heard = self.say(id, &format!(r#"{{"type":"REPORT",{said}}}"#));
        if let Some(member) = self.members.get_mut(&id) {
            self.members_push.changed |= member.report.as_deref() != Some(listed);
            member.report = Some(listed.into());
            member.rtt_ms = rtt_ms;
        }
        (heard, Vec::new())
    }

    /// Time passes; the room is woken when it asked to be, and at the end.
    fn wait(&mut self, sec: f64) {
        let end = self.now + sec;
        let mut wakes = 0;
        while let Some(at) = self.room.wake_at().filter(|&at| at <= end) {
            assert!(
                at > self.now,
                "asked to be woken at {at}, which is not after {}",
                self.now
            );
            self.now = at;
            self.tick();
            wakes += 1;
            assert!(wakes <= 1000, "the room wakes and wakes");
        }
        self.now = end;
        self.tick();
    }

    fn tick(&mut self) {
        let mut outputs = Vec::new();
        self.room.tick(self.now, &mut outputs);
        self.hear_lists(&outputs);
        let before = self.nodes.len();
        self.nodes.retain(|_, node| node.heard_at + 60.0 > self.now);
        self.peers_push.changed |= self.nodes.len() < before;
        let told = self.deck.tick(self.now, self.lead_sec());

        let (mut music, mut pushed) = (Vec::new(), Vec::new());
        for output in &outputs {
            match output {
                Output::Broadcast { message, except } => match message {
                    ServerMessage::Peers { .. } => {
                        self.hear_peers_broadcast(message, except);
                        pushed.push("PEERS");
                    }
                    ServerMessage::Queue { .. } => {
                        self.check_list(output, Self::queue_json);
                        pushed.push("QUEUE");
                    }
                    ServerMessage::Members { .. } => {
                        self.check_list(output, Self::members_json);
                        pushed.push("MEMBERS");
                    }
                    _ => music.push(render(output)),
                },
                Output::Send { to, message } => {
                    assert!(
                        self.nodes.contains_key(&to.0),
                        "PEERS to {to:?}, which is no node"
                    );
                    self.hear_peers(to.0, message);
                }
                other => panic!("a tick neither admits nor refuses: {other:?}"),
            }
        }
        assert_eq!(music, told, "at {}", self.now);
        self.check_pushes(&pushed);
        if self.checking {
            self.check_invariants();
        }
    }

    fn check_list(&self, output: &Output, truth: fn(&Self) -> String) {
        if self.checking {
            assert_eq!(render(output), to_all(&truth(self)));
        }
    }

    fn check_pushes(&mut self, pushed: &[&str]) {
        // An entry of PEERS and MEMBERS is reckoned at 150 bytes.
        let (members, nodes) = (self.members.len() as f64, self.nodes.len() as f64);
        let queue_bytes: usize = match pushed.contains(&"QUEUE") {
            true => self.deck.entries_json().iter().map(String::len).sum(),
            false => 0,
        };
        for (push, kind, bytes) in [
            (&mut self.peers_push, "PEERS", 150.0 * nodes),
            (&mut self.queue_push, "QUEUE", queue_bytes as f64),
            (&mut self.members_push, "MEMBERS", 150.0 * members),
        ] {
            let times = pushed.iter().filter(|&&pushed| pushed == kind).count();
            assert!(times <= 1, "{kind} pushed twice");
            push.check(self.now, times == 1, kind, bytes * members);
        }
    }

    /// What follows for the members from lists of the queue and of the history that they were sent.
    fn hear_lists(&mut self, outputs: &[Output]) {
        for output in outputs {
            let (message, only) = match output {
                Output::Send { to, message } => (message, Some(to.0)),
                Output::Broadcast { message, .. } => (message, None),
                _ => continue,
            };
            let receivers = self.members.iter_mut().filter(|(id, member)| match only {
                Some(only) => only == **id,
                None => member.wants.receives(message.kind()),
            });
            for (_, member) in receivers {
                match message {
                    ServerMessage::Queue { .. } => member.queue_heard = Some(message.encode()),
                    ServerMessage::History { played, .. } => {
                        let entries = played.iter().map(json).collect();
                        member.history_heard = Some(entries);
                    }
                    ServerMessage::Played { entry, .. } => {
                        let heard = member.history_heard.as_mut();
                        heard.expect("HISTORY comes first").push(json(entry));
                    }
                    _ => {}
                }
            }
        }
    }

    fn hear_peers_broadcast(&mut self, message: &ServerMessage, except: &[MemberId]) {
        assert!(except.is_sorted(), "{except:?}");
        let ids: Vec<u64> = self.members.keys().copied().collect();
        for id in ids
            .into_iter()
            .filter(|&id| !except.contains(&MemberId(id)))
        {
            assert!(!self.nodes.contains_key(&id), "a node has its own list");
            self.hear_peers(id, message);
        }
    }

    /// PEERS never lists its receiver, and is always the truth.
    fn hear_peers(&mut self, id: u64, message: &ServerMessage) {
        let list = self.peers_json(Some(id));
        if self.checking {
            assert_eq!(message.encode(), list, "to {id}");
        }
        self.members
            .get_mut(&id)
            .expect("nothing is sent to strangers")
            .peers_heard = Some(list);
    }

    fn check_invariants(&self) {
        let hosts = self
            .members
            .values()
            .filter(|member| member.role == Role::Host);
        assert!(hosts.count() <= 1, "two hosts");
        assert_eq!(self.room.members().host(), self.host().map(MemberId));
        assert_eq!(self.room.members().len(), self.members.len());
        assert_eq!(self.room.is_empty(), self.members.is_empty());
        let state = ServerMessage::State {
            payload: self.room.state().clone(),
        };
        assert_eq!(state.encode(), self.deck.state_json());
        assert_eq!(self.room.is_unused(), self.deck.is_unused());
        self.check_what_is_known();
        if !self.peers_push.changed {
            for (&id, member) in &self.members {
                // A member that is no node and came after the last push has not been told anything yet.
                let told = member.peers_heard.is_some() || self.nodes.contains_key(&id);
                let truth = told.then(|| self.peers_json(Some(id)));
                assert_eq!(member.peers_heard, truth, "{id} believes in an old list");
            }
        }
        let expiries = self.nodes.values().map(|node| node.heard_at + 60.0);
        let pushes = [&self.queue_push, &self.members_push, &self.peers_push]
            .into_iter()
            .filter_map(Push::due_at);
        let music = self.deck.acts_at(self.lead_sec());
        let all = expiries.chain(pushes).chain(music);
        let wake_at = all.min_by(f64::total_cmp);
        assert_eq!(self.room.wake_at(), wake_at, "at {}", self.now);
        assert!(
            wake_at.is_none_or(|at| at > self.now),
            "would wake again at once"
        );
    }

    /// Who asked for the queue or the history knows it, and nobody else was told.
    fn check_what_is_known(&self) {
        let queue = self.queue_json();
        let played = self.deck.played_json();
        for (id, member) in &self.members {
            assert_eq!(member.queue_heard.is_some(), member.wants.queue, "{id}");
            if !self.queue_push.changed {
                let heard = member.queue_heard.as_ref();
                assert!(heard.is_none_or(|heard| *heard == queue), "{id}: {heard:?}");
            }
            let heard = member.history_heard.as_ref();
            assert_eq!(heard.is_some(), member.wants.history, "{id}");
            if let Some(heard) = heard {
                assert!(heard.ends_with(played), "{id}: {heard:?}");
            }
        }
    }

    fn host(&self) -> Option<u64> {
        let mut members = self.members.iter();
        members
            .find(|(_, member)| member.role == Role::Host)
            .map(|(&id, _)| id)
    }

    fn queue_json(&self) -> String {
        let entries = self.deck.entries_json().join(",");
        format!(r#"{{"type":"QUEUE","room":"jam1","tracks":[{entries}]}}"#)
    }

    fn members_json(&self) -> String {
        let (hosts, viewers): (Vec<_>, Vec<_>) = self
            .members
            .iter()
            .partition(|(_, member)| member.role == Role::Host);
        let entries = hosts.into_iter().chain(viewers).map(|(&id, member)| {
            let report = match &member.report {
                Some(report) => format!(r#","report":{report}"#),
                None => String::new(),
            };
            let (name, role) = (&member.name, role_text(member.role));
            format!(
                r#"{{"peer_id":"{}","name":"{name}","role":"{role}"{report}}}"#,
                peer_id(id)
            )
        });
        let entries: Vec<String> = entries.collect();
        format!(
            r#"{{"type":"MEMBERS","room":"jam1","total":{},"members":[{}]}}"#,
            self.members.len(),
            entries.join(",")
        )
    }

    fn peers_json(&self, without: Option<u64>) -> String {
        let listed = self.nodes.iter().filter(|&(&id, _)| Some(id) != without);
        let entries = listed.map(|(&id, node)| {
            let (port, total, size, have) = node.announce;
            let member = &self.members[&id];
            let held = u32::try_from(node.held.len()).expect("few chunks");
            let have = have.unwrap_or(0).max(held).min(total.unwrap_or(u32::MAX));
            format!(
                r#"{{"peer_id":"{}","ip":"{}","port":{port},"have_count":{have},"display_name":"{}","is_host":{}{}}}"#,
                peer_id(id),
                ip(id),
                member.name,
                member.role == Role::Host,
                fields(&[("total_chunks", total), ("chunk_size", size)]),
            )
        });
        let entries: Vec<String> = entries.collect();
        format!(
            r#"{{"type":"PEERS","room":"jam1","peers":[{}],"interval_sec":15}}"#,
            entries.join(",")
        )
    }
}

impl Push {
    fn may_at(&self, now: f64) -> bool {
        self.not_before.is_none_or(|at| at <= now)
    }

    /// A list is pushed only when it changed, as soon as it may, and not again too soon; `bytes` is what the
    /// list has for all together.
    fn check(&mut self, now: f64, pushed: bool, kind: &str, bytes: f64) {
        let may = self.may_at(now);
        if pushed {
            assert!(self.changed, "{kind} pushed without a change");
            assert!(may, "{kind} pushed at {now}, too early");
            self.changed = false;
            self.not_before = Some(now + self.interval_sec.max(bytes / 4e6));
        } else {
            assert!(
                !(self.changed && may),
                "{kind} changed, but was not pushed at {now}"
            );
        }
    }

    /// When it has to be pushed, after a tick.
    fn due_at(&self) -> Option<f64> {
        self.not_before.filter(|_| self.changed)
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("JSON")
}
