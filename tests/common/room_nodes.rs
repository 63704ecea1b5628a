//! A room of nodes beside a model of it: what they announce, offer and say of their links, and what the server
//! finds out of them. The model keeps the rules as plainly as possible, and draws its pictures chunk by chunk.

use super::room_words::{ROOM, home, token};
use jam::identity::NodeId;
use jam::room::event::{Input, Newcomer, Output, ServerNode};
use jam::room::key::Keys;
use jam::room::machine::Room;
use jam::room::members::MemberId;
use jam::room::message::{
    ClientMessage, Hello, HostMessage, QueueTrack, Role, RoomMessage, ServerMessage, Wants,
};
use jam::room::name::RoomName;
use jam::room::parse::parse_message;
use jam::track::id::TrackId;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// Nodes and tracks are numbers; of both there are a few.
pub fn node_id(number: usize) -> String {
    format!("{:016x}", 0xab00 + number)
}

pub fn track(number: usize) -> String {
    blake3::hash(&number.to_le_bytes()).to_string()
}

fn server_id() -> String {
    home().node_id.to_string()
}

#[derive(Clone, Debug)]
pub struct Announcing {
    pub port: u16,
    pub node: Option<usize>,
    pub track: Option<usize>,
    pub total: Option<u32>,
    pub have: Option<u32>,
    pub whole: Vec<usize>,
}

/// What the server's node does: the track, how many chunks it has, those held, and how many came from whom.
pub type ServerPart = (usize, u32, Vec<u32>, Vec<(usize, u32)>);

#[derive(Clone, Debug)]
pub enum Act {
    Join {
        host: bool,
        ip: IpAddr,
        relayed: bool,
        node: bool,
        watches: bool,
    },
    Leave(u64),
    Announce(u64, Announcing),
    Delta(u64, Vec<u32>),
    /// Of a track: from nodes, and from the server for `None`.
    Links(u64, usize, Vec<(Option<usize>, u32)>, Vec<usize>),
    /// The server tried this port.
    Dialled(u64, u16, bool),
    Offer {
        id: u64,
        track: usize,
        server_has_it: bool,
    },
    Remove(u64, usize),
    Arrived(usize),
    /// The server cannot take this track.
    Refused(usize),
    Server(Option<ServerPart>),
    Wait(f64),
}

struct Member {
    host: bool,
    ip: IpAddr,
    relayed: bool,
    node: bool,
    watches: bool,
    peers_heard: Option<Value>,
    swarm_heard: Option<Value>,
}

struct Node {
    said: Announcing,
    held: BTreeSet<u32>,
    from: BTreeMap<String, u32>,
    unreachable: BTreeSet<String>,
    dialable: Option<bool>,
    dial_at: Option<f64>,
    dial_not_before: f64,
    heard_at: f64,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    track: usize,
    added_by: String,
    awaited: bool,
    title: Option<String>,
    /// Members, and the nodes that they said they are.
    offerers: Vec<(u64, Option<usize>)>,
}

pub struct Nodes {
    pub room: Room,
    pub now: f64,
    members: BTreeMap<u64, Member>,
    nodes: BTreeMap<u64, Node>,
    queue: Vec<Entry>,
    server: Option<ServerPart>,
    next_id: u64,
    swarm_not_before: f64,
    /// What was seen, so that a walk can tell whether it went anywhere.
    pub seen: BTreeSet<&'static str>,
}

const NOON: f64 = 1_762_569_219.5;

impl Nodes {
    pub fn new() -> Self {
        let name = RoomName::parse(ROOM).expect("a room name");
        Self {
            room: Room::new(NOON, name, Vec::new(), home()),
            now: NOON,
            members: BTreeMap::new(),
            nodes: BTreeMap::new(),
            queue: Vec::new(),
            server: None,
            next_id: 1,
            swarm_not_before: 0.0,
            seen: BTreeSet::new(),
        }
    }

    pub fn ids(&self) -> Vec<u64> {
        self.members.keys().copied().collect()
    }

    pub fn has_host(&self) -> bool {
        self.members.values().any(|member| member.host)
    }

    pub fn port_of(&self, id: u64) -> u16 {
        self.nodes.get(&id).map_or(0, |node| node.said.port)
    }

    pub fn take(&mut self, act: Act) {
        let mut out = Vec::new();
        let text = format!("{act:?}");
        let expected = self.act(act, &mut out);
        self.hear(&out);
        let answers: Vec<String> = out.iter().filter_map(answer).collect();
        assert_eq!(answers, expected, "{text}");
        self.tick();
        self.check();
    }

    /// Does it, and gives what is to be heard of it at once: errors, the answer to ANNOUNCE, and wants.
    fn act(&mut self, act: Act, out: &mut Vec<Output>) -> Vec<String> {
        match act {
            Act::Join {
                host,
                ip,
                relayed,
                node,
                watches,
            } => {
                self.join(
                    Member {
                        host,
                        ip,
                        relayed,
                        node,
                        watches,
                        peers_heard: None,
                        swarm_heard: None,
                    },
                    out,
                );
                Vec::new()
            }
            Act::Leave(id) => {
                self.room.handle(
                    self.now,
                    Input::Leave {
                        member: MemberId(id),
                        properly: true,
                    },
                    out,
                );
                self.members.remove(&id);
                self.nodes.remove(&id);
                Vec::new()
            }
            Act::Announce(id, said) => self.announce(id, said, out),
            Act::Delta(id, indices) => {
                self.say(id, &json!({"type": "HAVE_DELTA", "indices": indices}), out);
                let Some(node) = self.nodes.get_mut(&id) else {
                    return vec![error(id, "HAVE_DELTA: send ANNOUNCE first")];
                };
                let total = node.said.total.unwrap_or(65_536);
                if let Some(index) = indices.iter().find(|&&index| index >= total) {
                    let text = format!(
                        "HAVE_DELTA: indices has {index}, but the track has {total} chunks"
                    );
                    return vec![error(id, &text)];
                }
                node.held.extend(indices);
                node.heard_at = self.now;
                Vec::new()
            }
            Act::Links(id, number, from, unreachable) => {
                self.links(id, number, &from, &unreachable, out)
            }
            Act::Dialled(id, port, dialable) => {
                self.room.dialled(self.now, MemberId(id), port, dialable);
                if let Some(node) = self.nodes.get_mut(&id)
                    && node.said.port == port
                    && node.dial_at.is_some()
                {
                    node.dialable = Some(dialable);
                    node.dial_at = node.dial_at.filter(|_| !dialable);
                    self.seen
                        .insert(if dialable { "dialable" } else { "not dialable" });
                }
                Vec::new()
            }
            Act::Offer {
                id,
                track: number,
                server_has_it,
            } => self.offer(id, number, server_has_it, out),
            Act::Remove(id, number) => {
                self.say(
                    id,
                    &json!({"type": "REMOVE", "track_id": track(number)}),
                    out,
                );
                if !self.members[&id].host {
                    return vec![error(id, "Only host can control")];
                }
                let before = self.queue.len();
                self.queue.retain(|entry| entry.track != number);
                match self.queue.len() < before {
                    true => Vec::new(),
                    false => vec![error(
                        id,
                        &format!("REMOVE: track {} is not in the queue", track(number)),
                    )],
                }
            }
            Act::Arrived(number) => {
                self.room.track_arrived(self.now, known(number), out);
                self.arrive(number);
                Vec::new()
            }
            Act::Refused(number) => self.refuse(number, out),
            Act::Server(server) => {
                self.room
                    .set_server_node(self.now, server.as_ref().map(server_node));
                self.server = server;
                Vec::new()
            }
            Act::Wait(sec) => {
                self.wait(sec);
                Vec::new()
            }
        }
    }

    fn join(&mut self, mut member: Member, out: &mut Vec<Output>) {
        let id = self.next_id;
        self.next_id += 1;
        let role = if member.host {
            Role::Host
        } else {
            Role::Viewer
        };
        let wants = Wants {
            swarm: member.watches,
            ..Wants::default()
        };
        let hello = Hello {
            role,
            display_name: Some(name(id)),
            wants,
            node: member.node,
            token: None,
            keys: Keys::default(),
        };
        let newcomer = Newcomer {
            member: MemberId(id),
            token: token(id),
            peer_id: peer_id(id),
            ip: member.ip,
            hello,
            relayed: member.relayed,
            proxied: false,
            upload_key: String::new(),
        };
        self.room.handle(self.now, Input::Join(newcomer), out);
        let swarm = out.iter().find_map(|output| match output {
            Output::Send {
                message: message @ ServerMessage::Swarm { .. },
                ..
            } => Some(value(message)),
            _ => None,
        });
        assert_eq!(
            swarm.is_some(),
            member.watches,
            "who asks for SWARM is told at once, and nobody else"
        );
        member.swarm_heard = swarm;
        self.members.insert(id, member);
    }

    fn announce(&mut self, id: u64, said: Announcing, out: &mut Vec<Output>) -> Vec<String> {
        let tracks: Vec<String> = said.whole.iter().map(|&number| track(number)).collect();
        let text = json!({
            "type": "ANNOUNCE", "port": said.port, "node_id": said.node.map(node_id),
            "track_id": said.track.map(track), "total_chunks": said.total, "have_count": said.have,
            "track_ids": tracks,
        });
        self.say(id, &text, out);
        let before = self.nodes.remove(&id);
        let same_track = before
            .as_ref()
            .is_some_and(|node| node.said.track == said.track);
        let same_total = before
            .as_ref()
            .is_some_and(|node| node.said.total == said.total);
        let same_place = before.as_ref().is_some_and(|node| {
            (node.said.port, node.said.node.is_some()) == (said.port, said.node.is_some())
        });
        let mut node = before.unwrap_or(Node {
            said: said.clone(),
            held: BTreeSet::new(),
            from: BTreeMap::new(),
            unreachable: BTreeSet::new(),
            dialable: None,
            dial_at: None,
            dial_not_before: 0.0,
            heard_at: self.now,
        });
        if !same_track || !same_total {
            node.held.clear();
        }
        if !same_track {
            node.from.clear();
            node.unreachable.clear();
        }
        if !same_place {
            let can_be_tried = said.port != 0 && said.node.is_some() && !self.members[&id].relayed;
            node.dialable = None;
            node.dial_at = can_be_tried.then_some(self.now.max(node.dial_not_before));
        }
        node.said = said;
        node.heard_at = self.now;
        self.nodes.insert(id, node);
        vec![format!("{id}: {}", self.peers(id))]
    }

    fn links(
        &mut self,
        id: u64,
        number: usize,
        from: &[(Option<usize>, u32)],
        unreachable: &[usize],
        out: &mut Vec<Output>,
    ) -> Vec<String> {
        let named = |from: &Option<usize>| from.map_or_else(server_id, node_id);
        let received: Vec<Value> = from
            .iter()
            .map(|(from, n)| json!([named(from), n]))
            .collect();
        let unreachable: Vec<String> = unreachable.iter().map(|&number| node_id(number)).collect();
        let text = json!({
            "type": "LINKS", "track_id": track(number), "received": received, "unreachable": unreachable,
        });
        self.say(id, &text, out);
        let Some(node) = self.nodes.get_mut(&id) else {
            return vec![error(id, "LINKS: send ANNOUNCE first")];
        };
        if node.said.track != Some(number) {
            return vec![error(
                id,
                "LINKS: track_id must be that of the last ANNOUNCE",
            )];
        }
        node.from.clear();
        for (from, chunks) in from {
            let most = node.from.entry(named(from)).or_default();
            *most = (*most).max(*chunks);
        }
        node.unreachable = unreachable.into_iter().collect();
        node.heard_at = self.now;
        Vec::new()
    }

    fn offer(
        &mut self,
        id: u64,
        number: usize,
        server_has_it: bool,
        out: &mut Vec<Output>,
    ) -> Vec<String> {
        let offer = json!({
            "type": "ADD", "track_id": track(number),
            "offer": {"name": "offered.mp3", "bytes": 1000 + number, "content_type": "audio/mpeg"},
        });
        let Ok(ClientMessage::Add {
            track_id,
            before,
            offer: Some(offer),
        }) = parse_message(&offer.to_string(), ROOM)
        else {
            panic!("not an offer: {offer}");
        };
        let entry = if server_has_it {
            known(number)
        } else {
            offer.into_entry(track_id)
        };
        let message = RoomMessage::Offer {
            track: Box::new(entry),
            before,
        };
        self.room.handle(
            self.now,
            Input::Say {
                member: MemberId(id),
                message,
            },
            out,
        );

        let speaker = &self.members[&id];
        let host = self.members.values().find(|member| member.host);
        let may = host.is_none_or(|host| {
            let others = self
                .members
                .values()
                .filter(|other| other.ip == host.ip && !other.host && !other.node);
            let is_hosts_own = host.ip.is_loopback() || others.count() == 0;
            speaker.host || speaker.ip == host.ip && !speaker.relayed && is_hosts_own
        });
        if !may {
            self.seen.insert("offer of a stranger");
            return vec![error(id, "Only host can control")];
        }
        let said = self.nodes.get(&id).map(|node| &node.said);
        if !said.is_some_and(|said| said.track == Some(number) || said.whole.contains(&number)) {
            return vec![error(
                id,
                "ADD: announce the track that you offer (track_id or track_ids)",
            )];
        }
        let node = said.and_then(|said| said.node);
        if let Some(entry) = self.queue.iter_mut().find(|entry| entry.track == number) {
            let is_same = |&(member, other): &(u64, Option<usize>)| {
                member == id || other.is_some() && other == node
            };
            entry.offerers.retain(|offerer| !is_same(offerer));
            entry.offerers.push((id, node));
            if server_has_it {
                self.arrive(number);
            }
            return Vec::new();
        }
        self.queue.push(Entry {
            track: number,
            added_by: name(id),
            awaited: !server_has_it,
            title: server_has_it.then(|| title(number)),
            offerers: vec![(id, node)],
        });
        if server_has_it {
            return Vec::new();
        }
        self.seen.insert("want");
        vec![format!(
            "want {} {} \"offered.mp3\"",
            track(number),
            1000 + number
        )]
    }

    fn refuse(&mut self, number: usize, out: &mut Vec<Output>) -> Vec<String> {
        let id = TrackId::parse(&track(number)).expect("an id");
        self.room
            .track_refused(self.now, id, "it is too large", out);
        let is_meant = |entry: &Entry| entry.track == number && entry.awaited;
        let Some(at) = self.queue.iter().position(is_meant) else {
            return Vec::new();
        };
        let Entry { offerers, .. } = self.queue.remove(at);
        self.seen.insert("refused");
        let is_told = |id: &u64| {
            let node = self.nodes.get(id).and_then(|node| node.said.node);
            let mut all = offerers.iter();
            all.any(|&(member, other)| member == *id || other.is_some() && other == node)
        };
        let told = self.members.keys().filter(|id| is_told(id));
        let message = "\"offered.mp3\" is out of the queue: it is too large";
        let error = json!({"type": "ERROR", "message": message, "track_id": track(number)});
        told.map(|id| format!("{id}: {error}")).collect()
    }

    fn arrive(&mut self, number: usize) {
        let mut entries = self.queue.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.track == number && entry.awaited) {
            (entry.awaited, entry.title) = (false, Some(title(number)));
            self.seen.insert("arrived");
        }
    }

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
            self.check();
            wakes += 1;
            assert!(wakes < 2000, "the room wakes and wakes");
        }
        self.now = end;
    }

    fn tick(&mut self) {
        let mut out = Vec::new();
        self.room.tick(self.now, &mut out);
        let before = self.nodes.len();
        self.nodes.retain(|_, node| node.heard_at + 60.0 > self.now);
        if self.nodes.len() < before {
            self.seen.insert("expired");
        }
        let mut dials = Vec::new();
        for (id, node) in &mut self.nodes {
            if node.dial_at.is_some_and(|at| at <= self.now) {
                if node.dialable == Some(false) {
                    self.seen.insert("dialled again");
                }
                node.dial_at = Some(self.now + 60.0);
                node.dial_not_before = self.now + 2.0;
                dials.push((
                    MemberId(*id),
                    SocketAddr::new(self.members[id].ip, node.said.port),
                ));
            }
        }
        let dialled: Vec<_> = out
            .iter()
            .filter_map(|output| match output {
                Output::DialBack { member, address } => Some((*member, *address)),
                _ => None,
            })
            .collect();
        assert_eq!(dialled, dials);
        let swarms: Vec<Value> = out
            .iter()
            .filter_map(|output| match output {
                Output::Broadcast {
                    message: message @ ServerMessage::Swarm { .. },
                    ..
                } => Some(value(message)),
                _ => None,
            })
            .collect();
        self.hear(&out);
        let watchers = self
            .members
            .values()
            .filter(|member| member.watches)
            .count();
        if let Some(swarm) = swarms.first() {
            assert_eq!(swarms.len(), 1);
            assert!(watchers > 0, "SWARM without anybody who looks");
            assert!(self.now >= self.swarm_not_before, "SWARM too early");
            assert_eq!(*swarm, self.swarm());
            self.swarm_not_before = self.now + 0.25;
            self.seen.insert("swarm");
        }
        assert!(!out.iter().any(|output| matches!(output, Output::Want(_))));
    }

    fn check(&mut self) {
        let swarm = self.swarm();
        let wake_at = self.room.wake_at();
        assert!(
            wake_at.is_none_or(|at| at > self.now),
            "would wake again at once"
        );
        for (id, member) in &self.members {
            if member.watches && member.swarm_heard.as_ref() != Some(&swarm) {
                assert!(
                    self.now < self.swarm_not_before,
                    "{id} was not told of\n{swarm}"
                );
                // Within the interval, or what it weighs for those few who look.
                assert!(
                    wake_at.is_some_and(|at| at <= self.swarm_not_before + 1e-3),
                    "{id} would wait for ever"
                );
            }
        }
        let wants: Vec<String> = self
            .room
            .wants()
            .iter()
            .map(|want| want.track_id.to_string())
            .collect();
        let awaited = self.queue.iter().filter(|entry| entry.awaited);
        assert_eq!(
            wants,
            awaited.map(|entry| track(entry.track)).collect::<Vec<_>>()
        );
        let tracks = self.room.view(self.now).tracks;
        assert_eq!(tracks.len(), self.queue.len());
        for (told, entry) in tracks.iter().zip(&self.queue) {
            assert_eq!(told.track_id.to_string(), track(entry.track));
            assert_eq!(told.added_by.as_ref(), Some(&entry.added_by));
            assert_eq!((told.awaited, &told.title), (entry.awaited, &entry.title));
        }
        let addresses: Vec<(String, String, u16)> = self
            .room
            .nodes()
            .into_iter()
            .map(|node| (node.peer_id, node.node_id.to_string(), node.port))
            .collect();
        let known = self
            .nodes
            .iter()
            .filter(|(_, node)| node.said.port != 0 && node.dialable != Some(false));
        let known = known.filter_map(|(&id, node)| {
            Some((peer_id(id), node_id(node.said.node?), node.said.port))
        });
        assert_eq!(addresses, known.collect::<Vec<_>>());
    }

    /// After a while in which nothing happened everybody knows how things stand.
    pub fn settle(&mut self) {
        self.take(Act::Wait(3.0));
        for (id, member) in self
            .members
            .iter()
            .filter(|(id, _)| self.nodes.contains_key(id))
        {
            let heard = member.peers_heard.as_ref().map(ToString::to_string);
            assert_eq!(heard, Some(self.peers(*id)), "{id}");
        }
    }

    fn hear(&mut self, out: &[Output]) {
        for output in out {
            match output {
                Output::Send { to, message } => {
                    let Some(member) = self.members.get_mut(&to.0) else {
                        continue;
                    };
                    member.hear(message);
                }
                Output::Broadcast { message, except } => {
                    for (id, member) in &mut self.members {
                        let wants = Wants {
                            swarm: member.watches,
                            ..Wants::default()
                        };
                        if wants.receives(message.kind()) && !except.contains(&MemberId(*id)) {
                            member.hear(message);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn say(&mut self, id: u64, text: &Value, out: &mut Vec<Output>) {
        let Ok(ClientMessage::Room(message)) = parse_message(&text.to_string(), ROOM) else {
            panic!("not for the room: {text}");
        };
        let is_host_only = matches!(message, RoomMessage::Host(HostMessage::Remove { .. }));
        assert!(is_host_only || !matches!(message, RoomMessage::Host(_)));
        self.room.handle(
            self.now,
            Input::Say {
                member: MemberId(id),
                message,
            },
            out,
        );
    }

    // ---- how things stand, as JSON -----------------------------------------------------------------

    fn peers(&self, to: u64) -> String {
        let peers: Vec<Value> = self
            .nodes
            .iter()
            .filter(|&(&id, _)| id != to)
            .map(|(&id, node)| {
                let tracks: Vec<String> = node.said.whole.iter().map(|&number| track(number)).collect();
                present(json!({
                    "peer_id": peer_id(id), "ip": self.members[&id].ip, "port": node.said.port,
                    "have_count": node.have(), "display_name": name(id), "is_host": self.members[&id].host,
                    "total_chunks": node.said.total, "node_id": node.said.node.map(node_id),
                    "track_id": node.said.track.map(track),
                    "track_ids": (!tracks.is_empty()).then_some(tracks),
                    "dialable": node.dialable.filter(|&dialable| !dialable),
                }))
            })
            .collect();
        let mut message =
            json!({"type": "PEERS", "room": ROOM, "peers": peers, "interval_sec": 15});
        if self.nodes[&to].said.node.is_some() {
            message["you"] =
                present(json!({"ip": self.members[&to].ip, "dialable": self.nodes[&to].dialable}));
        }
        message.to_string()
    }

    fn swarm(&self) -> Value {
        let mut peer_of = BTreeMap::new();
        for (&id, node) in &self.nodes {
            node.said
                .node
                .map(|number| peer_of.insert(node_id(number), peer_id(id)));
        }
        peer_of.insert(server_id(), "server".into());
        let links = |own: &str, from: &BTreeMap<String, u32>, unreachable: &BTreeSet<String>| {
            let mut from: Vec<(u32, String)> = from
                .iter()
                .filter_map(|(node, &chunks)| Some((chunks, peer_of.get(node)?.clone())))
                .filter(|(chunks, peer)| *chunks > 0 && peer != own)
                .collect();
            from.sort_by(|(a, x), (b, y)| b.cmp(a).then(x.cmp(y)));
            let from: Vec<Value> = from
                .into_iter()
                .map(|(chunks, peer)| json!([peer, chunks]))
                .collect();
            let unreachable = unreachable.iter().filter_map(|node| peer_of.get(node));
            let unreachable: Vec<&String> = unreachable.filter(|peer| *peer != own).collect();
            (
                (!from.is_empty()).then_some(from),
                (!unreachable.is_empty()).then(|| json!(unreachable)),
            )
        };
        let mut listed = Vec::new();
        if let Some((number, total, held, received)) = &self.server {
            let received = received
                .iter()
                .map(|&(node, chunks)| (node_id(node), chunks))
                .collect();
            let (from, unreachable) = links("server", &received, &BTreeSet::new());
            let held: BTreeSet<u32> = held.iter().copied().collect();
            let have = u32::try_from(held.len()).expect("few");
            listed.push(present(json!({
                "peer_id": "server", "name": "Server", "track_id": track(*number), "total_chunks": total,
                "chunk_size": 16384, "have_count": have, "map": digits(*total, have, &held),
                "dialable": true, "server": true, "from": from, "unreachable": unreachable,
            })));
        }
        let (telling, silent): (Vec<_>, Vec<_>) = self
            .nodes
            .iter()
            .partition(|(_, node)| node.said.track.is_some());
        for (&id, node) in telling.into_iter().chain(silent) {
            let (from, unreachable) = links(&peer_id(id), &node.from, &node.unreachable);
            let tells = node.said.have.is_some() || !node.held.is_empty();
            let map = node.said.total.filter(|&total| tells && total > 0);
            listed.push(present(json!({
                "peer_id": peer_id(id), "name": name(id), "track_id": node.said.track.map(track),
                "total_chunks": node.said.total, "have_count": tells.then(|| node.have()),
                "map": map.map(|total| digits(total, node.have(), &node.held)),
                "dialable": node.dialable, "from": from, "unreachable": unreachable,
            })));
        }
        json!({"type": "SWARM", "room": ROOM, "nodes": listed})
    }
}

impl Member {
    fn hear(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Peers { .. } => self.peers_heard = Some(value(message)),
            ServerMessage::Swarm { .. } => {
                assert!(self.watches, "SWARM to somebody who never asked");
                self.swarm_heard = Some(value(message));
            }
            _ => {}
        }
    }
}

impl Node {
    fn have(&self) -> u32 {
        let held = u32::try_from(self.held.len()).expect("few");
        let have = self.said.have.unwrap_or(0).max(held);
        self.said.total.map_or(have, |total| have.min(total))
    }
}

/// Every digit from every 64th part of every chunk in it.
pub fn digits(total: u32, have: u32, held: &BTreeSet<u32>) -> String {
    let mut unnamed = have.min(total) as usize - held.len().min(have.min(total) as usize);
    let mut filled = Vec::new();
    for chunk in 0..total {
        let is_named = held.contains(&chunk);
        let is_taken = !is_named && unnamed > 0;
        unnamed -= usize::from(is_taken);
        filled.push(is_named || is_taken);
    }
    (0..64)
        .map(|place| {
            let parts = place * total..(place + 1) * total;
            let held = parts.filter(|part| filled[*part as usize / 64]).count();
            match held {
                0 => '0',
                held if held == total as usize => '9',
                held => {
                    char::from_digit(1 + (held * 8 / total as usize) as u32, 10).expect("a digit")
                }
            }
        })
        .collect()
}

fn server_node(server: &ServerPart) -> ServerNode {
    let (number, total, held, received) = server;
    let mut bits = vec![0; total.div_ceil(8) as usize];
    for &chunk in held {
        bits[chunk as usize / 8] |= 0x80 >> (chunk % 8);
    }
    ServerNode {
        track_id: TrackId::parse(&track(*number)).expect("an id"),
        total_chunks: *total,
        chunk_size: 16384,
        have_count: u32::try_from(held.len()).expect("few"),
        held: bits,
        received: received
            .iter()
            .map(|&(node, chunks)| (NodeId::parse(&node_id(node)).expect("an id"), chunks))
            .collect(),
        unreachable: Vec::new(),
    }
}

fn title(number: usize) -> String {
    format!("Song {number}")
}

/// A track as the server lists it once it has it.
fn known(number: usize) -> QueueTrack {
    QueueTrack {
        track_id: TrackId::parse(&track(number)).expect("an id"),
        name: "known.mp3".into(),
        bytes: 1000,
        content_type: "audio/mpeg",
        duration_sec: None,
        title: Some(title(number)),
        artist: None,
        album: None,
        cover: false,
        added_by: None,
        added_by_id: None,
        awaited: false,
    }
}

fn name(id: u64) -> String {
    format!("Name {id}")
}

fn peer_id(id: u64) -> String {
    format!("p{id}")
}

fn error(id: u64, text: &str) -> String {
    format!("{id}: {}", json!({"type": "ERROR", "message": text}))
}

fn value(message: &ServerMessage) -> Value {
    serde_json::from_str(&message.encode()).expect("JSON")
}

/// Without the fields that are null.
fn present(mut object: Value) -> Value {
    let fields = object.as_object_mut().expect("an object");
    fields.retain(|_, value| !value.is_null());
    object
}

fn answer(output: &Output) -> Option<String> {
    match output {
        Output::Send {
            to,
            message: message @ (ServerMessage::Error { .. } | ServerMessage::Peers { .. }),
        } => Some(format!("{}: {}", to.0, value(message))),
        Output::Want(want) => Some(format!(
            "want {} {} {:?}",
            want.track_id, want.bytes, want.name
        )),
        _ => None,
    }
}
