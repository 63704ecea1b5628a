//! Decides what happens in one room: takes what members say, gives back what is to be sent to whom.
//!
//! Pure: it reads no clock and sends nothing. The caller passes room time with every input, carries out every
//! `Output` in order, and calls `tick` no later than `wake_at` says.

use super::members::{Member, MemberId, Members};
use super::message::{
    CloseReason, Hello, MemberEntry, PeerEntry, QueueTrack, Role, RoomMessage, ServerMessage,
    State, Status, Wants,
};
use super::name::RoomName;
use super::nodes::{Change, Nodes};
use super::push::Push;
use crate::limits::{
    MEMBERS_LISTED_MAX, MEMBERS_PUSH_INTERVAL_SEC, PEERS_LISTED_MAX, PEERS_PUSH_INTERVAL_SEC,
};
use crate::sync::playback::{round_to_micros, start_lead_ms};
use serde::Serialize;
use serde_json::Number;
use std::net::IpAddr;
use std::sync::Arc;

#[derive(Debug)]
pub enum Input {
    Join {
        member: MemberId,
        peer_id: String,
        ip: IpAddr,
        hello: Hello,
    },
    Say {
        member: MemberId,
        message: RoomMessage,
    },
    Leave {
        member: MemberId,
    },
}

#[derive(Debug)]
pub enum Output {
    /// The member is in: what follows for it can be sent.
    Admit { member: MemberId, wants: Wants },
    /// To one member.
    Send {
        to: MemberId,
        message: ServerMessage,
    },
    /// To every member that receives messages of this kind, except some (sorted).
    Broadcast {
        message: ServerMessage,
        except: Vec<MemberId>,
    },
    /// The member did not get in: close its connection. It was never part of the room.
    Refuse {
        member: MemberId,
        reason: CloseReason,
    },
}

/// What a room looks like from outside.
#[derive(Clone, Debug, Serialize)]
pub struct RoomView {
    pub room: String,
    pub server_time: f64,
    pub state: State,
    pub host: Option<String>,
    pub total: usize,
    pub members: Vec<MemberEntry>,
    pub tracks: Arc<Vec<QueueTrack>>,
}

pub struct Room {
    name: RoomName,
    version: &'static str,
    state: State,
    members: Members,
    nodes: Nodes,
    tracks: Arc<Vec<QueueTrack>>,
    members_push: Push,
    peers_push: Push,
}

impl Room {
    /// An empty room with `tracks` to choose from. `version` is what WELCOME says of the server.
    #[must_use]
    pub fn new(
        now: f64,
        name: RoomName,
        tracks: Arc<Vec<QueueTrack>>,
        version: &'static str,
    ) -> Self {
        let state = State {
            track_id: None,
            status: Status::Pause,
            offset_sec: Number::from_f64(0.0).expect("0 is a JSON number"),
            timestamp: round_to_micros(now),
        };
        Self {
            name,
            version,
            state,
            members: Members::default(),
            nodes: Nodes::default(),
            tracks,
            members_push: Push::every(MEMBERS_PUSH_INTERVAL_SEC),
            peers_push: Push::every(PEERS_PUSH_INTERVAL_SEC),
        }
    }

    pub fn handle(&mut self, now: f64, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Join {
                member,
                peer_id,
                ip,
                hello,
            } => self.join(now, member, peer_id, ip, hello, out),
            Input::Say { member, message } => self.say(now, member, message, out),
            Input::Leave { member } => self.leave(now, member),
        }
    }

    /// Pushes the lists that are due and forgets silent nodes.
    pub fn tick(&mut self, now: f64, out: &mut Vec<Output>) {
        if self.nodes.expire(now) == Change::Visible {
            self.peers_push.request(now);
        }
        let receivers = self.members.len();
        let peers_listed = self.nodes.len().min(PEERS_LISTED_MAX);
        if self.peers_push.take_due(now, peers_listed, receivers) {
            self.push_peers(out);
        }
        let members_listed = receivers.min(MEMBERS_LISTED_MAX);
        if self.members_push.take_due(now, members_listed, receivers) {
            let message = self.members_message();
            out.push(Output::Broadcast {
                message,
                except: Vec::new(),
            });
        }
    }

    /// Room time at which `tick` has something to do, if at all.
    #[must_use]
    pub fn wake_at(&self) -> Option<f64> {
        [
            self.members_push.due_at(),
            self.peers_push.due_at(),
            self.nodes.expires_at(),
        ]
        .into_iter()
        .flatten()
        .min_by(f64::total_cmp)
    }

    /// Nothing was ever played here, and there is nothing to play: there is nothing to remember.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        self.state.track_id.is_none() && self.tracks.is_empty()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    #[must_use]
    pub fn members(&self) -> &Members {
        &self.members
    }

    #[must_use]
    pub fn view(&self, now: f64) -> RoomView {
        let host = self.members.host().and_then(|id| self.members.get(id));
        RoomView {
            room: self.name.to_string(),
            server_time: round_to_micros(now),
            state: self.state.clone(),
            host: host.map(|host| host.name.clone()),
            total: self.members.len(),
            members: self.members.entries(),
            tracks: Arc::clone(&self.tracks),
        }
    }

    fn join(
        &mut self,
        now: f64,
        member: MemberId,
        peer_id: String,
        ip: IpAddr,
        hello: Hello,
        out: &mut Vec<Output>,
    ) {
        let (role, wants) = (hello.role, hello.wants);
        if role == Role::Host && self.members.host().is_some() {
            let reason = CloseReason::HostTaken;
            return out.push(Output::Refuse { member, reason });
        }
        let name = match hello.display_name {
            Some(name) => name,
            None => self.members.next_default_name(role),
        };
        let added = self.members.add(
            member,
            Member {
                peer_id: peer_id.clone(),
                name: name.clone(),
                role,
                ip,
                wants,
                report: None,
            },
        );
        assert!(added, "bug: the seat was free a moment ago");
        self.members_push.request(now);

        out.push(Output::Admit { member, wants });
        let mut send = |message| {
            out.push(Output::Send {
                to: member,
                message,
            })
        };
        send(self.state_message());
        send(ServerMessage::Peer {
            peer_id: peer_id.clone(),
        });
        if wants.welcome {
            send(ServerMessage::Welcome {
                version: self.version,
                room: self.name.to_string(),
                peer_id,
                name,
                role,
            });
        }
        if wants.queue {
            send(ServerMessage::Queue {
                room: self.name.to_string(),
                tracks: Arc::clone(&self.tracks),
            });
        }
        if wants.members {
            send(self.members_message());
        }
    }

    fn say(&mut self, now: f64, member: MemberId, message: RoomMessage, out: &mut Vec<Output>) {
        let Some(speaker) = self.members.get(member) else {
            return; // Refused, or gone: what was still on its way does not count.
        };
        let done = match message {
            RoomMessage::Control { .. } if speaker.role != Role::Host => {
                Err("Only host can control".into())
            }
            RoomMessage::Control {
                status,
                track_id,
                offset_sec,
            } => {
                self.control(now, status, track_id, offset_sec, out);
                Ok(())
            }
            RoomMessage::Signal { to, blob } => {
                let from = speaker.peer_id.clone();
                self.members
                    .by_peer_id(&to)
                    .ok_or_else(|| format!("SIGNAL: no member {to:?} in this room"))
                    .map(|to| {
                        let message = ServerMessage::Signal { from, blob };
                        out.push(Output::Send { to, message });
                    })
            }
            RoomMessage::Announce(announce) => {
                self.nodes.announce(now, member, announce).map(|change| {
                    let message = self.peers_message(Some(member));
                    out.push(Output::Send {
                        to: member,
                        message,
                    });
                    self.nodes.mark_sent(member);
                    self.nodes_changed(now, &change);
                })
            }
            RoomMessage::HaveDelta(indices) => self
                .nodes
                .have_delta(now, member, &indices)
                .map(|change| self.nodes_changed(now, &change)),
            RoomMessage::Report(report) => {
                if self.members.set_report(member, report) && self.members.is_listed(member) {
                    self.members_push.request(now);
                }
                Ok(())
            }
        };
        if let Err(text) = done {
            out.push(Output::Send {
                to: member,
                message: ServerMessage::error(text),
            });
        }
    }

    fn control(
        &mut self,
        now: f64,
        status: Status,
        track_id: Option<String>,
        offset_sec: Number,
        out: &mut Vec<Output>,
    ) {
        let lead_sec = match status {
            Status::Play => start_lead_ms(self.members.rtt_ms_max()) / 1000.0,
            Status::Pause => 0.0,
        };
        self.state = State {
            track_id,
            status,
            offset_sec,
            timestamp: round_to_micros(now + lead_sec),
        };
        out.push(Output::Broadcast {
            message: self.state_message(),
            except: Vec::new(),
        });
    }

    fn leave(&mut self, now: f64, member: MemberId) {
        if self.members.remove(member).is_none() {
            return; // Refused at the door.
        }
        self.members_push.request(now);
        let change = self.nodes.remove(member);
        self.nodes_changed(now, &change);
    }

    fn nodes_changed(&mut self, now: f64, change: &Change) {
        if *change == Change::Visible {
            self.peers_push.request(now);
        }
    }

    /// Every node gets a list without itself, all others one list of everybody.
    fn push_peers(&mut self, out: &mut Vec<Output>) {
        for to in self.nodes.behind() {
            let message = self.peers_message(Some(to));
            out.push(Output::Send { to, message });
            self.nodes.mark_sent(to);
        }
        out.push(Output::Broadcast {
            message: self.peers_message(None),
            except: self.nodes.iter().map(|(id, _)| id).collect(),
        });
    }

    fn peers_message(&self, without: Option<MemberId>) -> ServerMessage {
        let listed = self.nodes.iter().filter(|&(id, _)| Some(id) != without);
        let peers = listed
            .filter_map(|(id, node)| Some((self.members.get(id)?, node)))
            .take(PEERS_LISTED_MAX)
            .map(|(member, node)| PeerEntry {
                peer_id: member.peer_id.clone(),
                ip: member.ip,
                port: node.announce.port,
                have_count: node.have_count(),
                display_name: member.name.clone(),
                is_host: member.role == Role::Host,
                total_chunks: node.announce.total_chunks,
                chunk_size: node.announce.chunk_size,
            })
            .collect();
        ServerMessage::peers(self.name.as_str(), peers)
    }

    fn state_message(&self) -> ServerMessage {
        ServerMessage::State {
            payload: self.state.clone(),
        }
    }

    fn members_message(&self) -> ServerMessage {
        ServerMessage::Members {
            room: self.name.to_string(),
            total: self.members.len(),
            members: self.members.entries(),
        }
    }
}
