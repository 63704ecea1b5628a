//! A room beside a model of it. Every step is done by both, and everything that the room says is compared
//! with what the model expects; the model holds the rules as plainly as possible and knows no cleverness.
//!
//! Members sit in numbered slots. A slot that is joined again is a new member, as a new connection would be.

#![allow(dead_code, reason = "each test file uses its share")]

use jam::room::event::{Input, Newcomer, Output};
use jam::room::machine::Room;
use jam::room::members::MemberId;
use jam::room::message::{ClientMessage, CloseReason, Hello, Role, ServerMessage, Wants};
use jam::room::name::RoomName;
use jam::room::parse::parse_message;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// What somebody does, or that time passes. The `usize`s are slots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    JoinAsHost(usize),
    JoinAsViewer(usize),
    Leave(usize),
    Play(usize),
    Pause(usize),
    Signal { from: usize, to: usize },
    Announce(usize),
    HaveDelta(usize),
    Report(usize),
    Wait { sec: f64 },
}

/// `variety` chooses the details: which offset, which track, which chunks.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub act: Act,
    pub variety: usize,
}

pub const ROOM: &str = "jam1";
const WANTS: [Wants; 3] = [
    Wants {
        welcome: true,
        queue: true,
        members: true,
        history: true,
    },
    Wants {
        welcome: false,
        queue: false,
        members: false,
        history: false,
    },
    Wants {
        welcome: false,
        queue: false,
        members: true,
        history: true,
    },
];
/// What the host sends as `offset_sec`, and how the number stands in STATE.
pub const OFFSETS: [(&str, &str); 8] = [
    ("0", "0"),
    ("0.0", "0.0"),
    ("1e-3", "0.001"),
    ("12.5", "12.5"),
    ("9007199254740993", "9007199254740993"),
    ("1e15", "1000000000000000.0"),
    ("123456789.12345678", "123456789.12345678"),
    ("1e300", "1e+300"),
];
const TRACKS: [&str; 4] = ["\"t1\"", "null", "\"\"", "\"Grüße \\\"2\\\"\""];
/// A REPORT's fields, how they stand in MEMBERS, and the round trip in them.
const REPORTS: [(&str, &str, f64); 5] = [
    (r#""rtt_ms":40"#, r#"{"rtt_ms":40.0}"#, 40.0),
    (
        r#""rtt_ms":212.5,"status":"ready""#,
        r#"{"status":"ready","rtt_ms":212.5}"#,
        212.5,
    ),
    (r#""x":0"#, "{}", 0.0),
    (r#""rtt_ms":1e300"#, r#"{"rtt_ms":1e+300}"#, 1e300),
    (
        r#""status":"playing","method":"element","error_ms":-0.5,"loaded":1"#,
        r#"{"status":"playing","method":"element","error_ms":-0.5,"loaded":1.0}"#,
        0.0,
    ),
];
/// An ANNOUNCE: port, total_chunks, chunk_size, have_count.
type Announced = (u16, Option<u32>, Option<u32>, Option<u32>);
const ANNOUNCES: [Announced; 4] = [
    (9003, Some(8), Some(4096), Some(0)),
    (0, None, None, None),
    (9003, Some(8), Some(4096), Some(3)),
    (9004, Some(4), None, Some(7)),
];
const DELTAS: [&[u32]; 5] = [&[0, 1], &[1, 1, 2], &[], &[3], &[9]];

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
    state: String,
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
}

struct Node {
    announce: Announced,
    held: BTreeSet<u32>,
    heard_at: f64,
}

/// A list that changed and was not pushed yet, and when it was pushed last.
struct Push {
    interval_sec: f64,
    changed: bool,
    pushed_at: Option<f64>,
}

impl World {
    pub fn new(now: f64) -> Self {
        let name = RoomName::parse(ROOM).expect("a room name");
        let push = |interval_sec| Push {
            interval_sec,
            changed: false,
            pushed_at: None,
        };
        Self {
            room: Room::new(now, name, Vec::new(), "0.1.0"),
            now,
            checking: true,
            slots: BTreeMap::new(),
            next_id: 1,
            guests: 0,
            members: BTreeMap::new(),
            nodes: BTreeMap::new(),
            state: state_json("null", "PAUSE", "0.0", now),
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
            Act::Play(slot) => self.control(slot, "PLAY", variety),
            Act::Pause(slot) => self.control(slot, "PAUSE", variety),
            Act::Signal { from, to } => self.signal(from, to),
            Act::Announce(slot) => self.announce(slot, variety),
            Act::HaveDelta(slot) => self.have_delta(slot, variety),
            Act::Report(slot) => self.report(slot, variety),
            Act::Wait { sec } => return self.wait(sec),
        };
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
        match parse_message(json, ROOM) {
            Ok(ClientMessage::Room(message)) => self.handle(Input::Say {
                member: MemberId(id),
                message,
            }),
            other => panic!("{json}: {other:?}"),
        }
    }

    fn join(&mut self, slot: usize, role: Role, variety: usize) -> (Vec<Output>, Vec<String>) {
        let id = self.next_id;
        self.next_id += 1;
        let wants = WANTS[(slot + variety) % WANTS.len()];
        let display_name = (slot != 1).then(|| format!("Name {slot}"));
        let heard = self.handle(Input::Join(Newcomer {
            member: MemberId(id),
            peer_id: peer_id(id),
            ip: ip(id),
            hello: Hello {
                role,
                display_name: display_name.clone(),
                wants,
            },
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
        };
        self.slots.insert(slot, id);
        self.members.insert(id, member);
        self.members_push.changed = true;

        let upload_key = match role {
            Role::Host => format!(r#","upload_key":"key{id}""#),
            Role::Viewer => String::new(),
        };
        let (peer, role) = (peer_id(id), role_text(role));
        let mut expected = vec![
            format!("admit {id} {wants:?}"),
            format!("to {id}: {}", self.state),
            format!(r#"to {id}: {{"type":"PEER","peer_id":"{peer}"}}"#),
        ];
        if wants.welcome {
            expected.push(format!(
                r#"to {id}: {{"type":"WELCOME","version":"0.1.0","room":"jam1","peer_id":"{peer}","name":"{name}","role":"{role}"{upload_key}}}"#
            ));
        }
        if wants.queue {
            expected.push(format!(
                r#"to {id}: {{"type":"QUEUE","room":"jam1","tracks":[]}}"#
            ));
        }
        if wants.history {
            expected.push(format!(
                r#"to {id}: {{"type":"HISTORY","room":"jam1","played":[]}}"#
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
        });
        if self.members.remove(&id).is_some() {
            self.members_push.changed = true;
        }
        if self.nodes.remove(&id).is_some() {
            self.peers_push.changed = true;
        }
        (heard, Vec::new())
    }

    fn control(&mut self, slot: usize, kind: &str, variety: usize) -> (Vec<Output>, Vec<String>) {
        let id = self.id(slot);
        let track = TRACKS[variety % TRACKS.len()];
        let (offset, offset_sent) = OFFSETS[variety % OFFSETS.len()];
        let heard = self.say(
            id,
            &format!(
                r#"{{"type":"{kind}","track_id":{track},"offset_sec":{offset},"timestamp":3}}"#
            ),
        );
        let expected = match self.members.get(&id).map(|member| member.role) {
            None => Vec::new(),
            Some(Role::Viewer) => vec![error_json(id, "Only host can control")],
            Some(Role::Host) => {
                let rtt_ms = self
                    .members
                    .values()
                    .map(|member| member.rtt_ms)
                    .filter(|&rtt_ms| rtt_ms <= 675.0)
                    .fold(0.0, f64::max);
                let lead_ms = match kind {
                    "PLAY" => (2.0 * rtt_ms + 150.0).clamp(250.0, 1500.0),
                    _ => 0.0,
                };
                self.state = state_json(track, kind, offset_sent, self.now + lead_ms / 1000.0);
                vec![format!("to all but []: {}", self.state)]
            }
        };
        (heard, expected)
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
        let before = self.nodes.len();
        self.nodes.retain(|_, node| node.heard_at + 60.0 > self.now);
        self.peers_push.changed |= self.nodes.len() < before;

        let (mut members_pushed, mut peers_pushed) = (false, false);
        for output in &outputs {
            match output {
                Output::Broadcast { message, except } if is_members(message) => {
                    if self.checking {
                        assert_eq!(message.encode(), self.members_json());
                    }
                    assert!(
                        except.is_empty() && !members_pushed,
                        "pushed twice, or not to all"
                    );
                    members_pushed = true;
                }
                Output::Broadcast { message, except } => {
                    self.hear_peers_broadcast(message, except);
                    peers_pushed = true;
                }
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
        self.members_push.check(self.now, members_pushed, "MEMBERS");
        self.peers_push.check(self.now, peers_pushed, "PEERS");
        if self.checking {
            self.check_invariants();
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
        assert_eq!(state.encode(), self.state);
        if !self.peers_push.changed {
            for (&id, member) in &self.members {
                // A member that is no node and came after the last push has not been told anything yet.
                let told = member.peers_heard.is_some() || self.nodes.contains_key(&id);
                let truth = told.then(|| self.peers_json(Some(id)));
                assert_eq!(member.peers_heard, truth, "{id} believes in an old list");
            }
        }
        let expiries = self.nodes.values().map(|node| node.heard_at + 60.0);
        let pushes = [&self.members_push, &self.peers_push]
            .into_iter()
            .filter_map(Push::due_at);
        let wake_at = expiries.chain(pushes).min_by(f64::total_cmp);
        assert_eq!(self.room.wake_at(), wake_at, "at {}", self.now);
        assert!(
            wake_at.is_none_or(|at| at > self.now),
            "would wake again at once"
        );
    }

    fn host(&self) -> Option<u64> {
        let mut members = self.members.iter();
        members
            .find(|(_, member)| member.role == Role::Host)
            .map(|(&id, _)| id)
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
    /// A list is pushed only when it changed, as soon as it may, and not more often than that.
    fn check(&mut self, now: f64, pushed: bool, what: &str) {
        let may = self
            .pushed_at
            .is_none_or(|at| at + self.interval_sec <= now);
        if pushed {
            assert!(self.changed, "{what} pushed without a change");
            assert!(
                may,
                "{what} pushed at {now} again, after {:?}",
                self.pushed_at
            );
            (self.changed, self.pushed_at) = (false, Some(now));
        } else {
            assert!(
                !(self.changed && may),
                "{what} changed, but was not pushed at {now}"
            );
        }
    }

    /// When it has to be pushed, after a tick.
    fn due_at(&self) -> Option<f64> {
        let at = self.pushed_at.map(|at| at + self.interval_sec);
        at.filter(|_| self.changed)
    }
}

/// An output as one line.
pub fn render(output: &Output) -> String {
    match output {
        Output::Admit { member, wants } => format!("admit {} {wants:?}", member.0),
        Output::Send { to, message } => format!("to {}: {}", to.0, message.encode()),
        Output::Broadcast { message, except } => {
            let except: Vec<u64> = except.iter().map(|member| member.0).collect();
            format!("to all but {except:?}: {}", message.encode())
        }
        Output::Refuse { member, reason } => format!("refuse {} {reason:?}", member.0),
    }
}

fn is_members(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Members { .. })
}

fn peer_id(id: u64) -> String {
    format!("p{id}")
}

fn ip(id: u64) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, (id % 250) as u8).into()
}

fn role_text(role: Role) -> &'static str {
    match role {
        Role::Host => "host",
        Role::Viewer => "viewer",
    }
}

fn error_json(id: u64, text: &str) -> String {
    let text = serde_json::Value::from(text);
    format!(r#"to {id}: {{"type":"ERROR","message":{text}}}"#)
}

fn state_json(track: &str, status: &str, offset: &str, at: f64) -> String {
    let timestamp = serde_json::to_string(&((at * 1e6).round() / 1e6)).expect("a number");
    format!(
        r#"{{"type":"STATE","payload":{{"track_id":{track},"status":"{status}","offset_sec":{offset},"timestamp":{timestamp}}}}}"#
    )
}

fn fields(fields: &[(&str, Option<u32>)]) -> String {
    let present = fields
        .iter()
        .filter_map(|&(name, value)| Some((name, value?)));
    present
        .map(|(name, value)| format!(r#","{name}":{value}"#))
        .collect()
}
