//! A member's thread: it joins the room, tells what it hears, pings a silent server, and comes back when the connection
//! was lost, until it is told to leave.
//!
//! Events wait in a queue of `ROOM_EVENTS_MAX`. When nobody takes them the thread waits, and the server sees a member
//! that does not read: whoever joins a room has to keep taking.

use super::backoff::Backoff;
use super::connect::{Connected, Heard, connect, hear};
use super::error::RoomError;
use super::link::RoomLink;
use super::messages::{
    Clock, Members, Peers, Rights, ServerSays, State, SwarmKey, SwarmNode, Track, Votes, Waiting,
};
use super::outgoing::Hello;
use super::parse::{first_words, parse};
use super::vigil::{Sight, Vigil, WakeWatch};
use crate::limits::{
    CLIENT_STACK_BYTES, CONNECT_DEADLINE, JOIN_DEADLINE, RECONNECT_DELAY_MAX, RECONNECT_PATIENCE,
    ROOM_EVENTS_MAX, WAKE_ANSWER_ROUND_TRIPS, WAKE_HURRY, WAKE_LOOK, WELCOME_PATIENCE,
};
use crate::room::address::RoomAddress;
use crate::room::message::Role;
use crate::sys::threads::Threads;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};
use tungstenite::Message;

/// What happens to a member.
#[derive(Debug)]
pub enum RoomEvent {
    /// In the room, for the first time or again: time to announce.
    Joined(Joined),
    State(State),
    Queue(Vec<Track>),
    Members(Members),
    Peers(Peers),
    Swarm(Vec<SwarmNode>),
    Signal {
        from: String,
        /// JSON.
        blob: String,
    },
    /// The answer to a question for the time, and when it was read from the socket.
    Clock {
        clock: Clock,
        at: Instant,
    },
    Rights(Rights),
    Votes(Votes),
    /// A start that waits; `None`: none does any more.
    Waiting(Option<Waiting>),
    /// What the server says that we did wrong.
    Error(String),
    /// A track that we offered, and that the server cannot take.
    Refused {
        track_id: String,
        why: String,
    },
    /// This machine was asleep, and the connection may have outlived that: time to ask for the time again.
    Woken,
    /// The connection was lost; the next attempt begins after `again_in`.
    Lost {
        why: RoomError,
        again_in: Duration,
    },
    /// The room could never be joined, or does not want us back. The last event.
    Failed(RoomError),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    pub peer_id: String,
    /// The name under which the others see this member, if the server tells.
    pub name: Option<String>,
    /// As what we were let in, if the server tells.
    pub role: Option<Role>,
    /// What allows an upload into the room.
    pub upload_key: Option<String>,
    /// Our own address, as the way to the server has it.
    pub local_ip: IpAddr,
    /// The server's address, of all that its name may have.
    pub server_addr: SocketAddr,
    /// If it was asked for, and the server has a swarm.
    pub swarm: Option<SwarmKey>,
}

/// Joins a room in a thread of its own. Nothing is said or heard before it is connected; the first event is `Joined`
/// or `Failed`. `seed` decides about the delays between attempts to come back.
///
/// # Errors
/// When the system has no room for the thread.
pub fn join(
    address: RoomAddress,
    hello: &Hello,
    seed: u64,
    threads: &Threads,
) -> io::Result<(RoomLink, Receiver<RoomEvent>)> {
    let (link, alive) = RoomLink::new(address.room.clone(), address.keys.clone());
    let (sender, events) = bounded(ROOM_EVENTS_MAX);
    let member = Member {
        address,
        hello: hello.clone(),
        backoff: Backoff::new(seed),
        link: link.clone(),
        events: sender,
        threads: threads.clone(),
        joined_once: false,
        patience: CONNECT_DEADLINE,
        woke_at: None,
        _alive: alive,
    };
    threads.spawn("room client", CLIENT_STACK_BYTES, move || member.run())?;
    Ok((link, events))
}

struct Member {
    /// The keys of today are the link's.
    address: RoomAddress,
    /// With the token of the last WELCOME, once there was one.
    hello: Hello,
    backoff: Backoff,
    link: RoomLink,
    events: Sender<RoomEvent>,
    threads: Threads,
    joined_once: bool,
    /// How long connecting may take.
    patience: Duration,
    /// When this machine woke last, as far as anybody noticed.
    woke_at: Option<Instant>,
    /// Tells the link that this thread lives.
    _alive: Sender<()>,
}

/// Nobody wants to hear any more: we are to leave, or the receiver is gone.
struct Unheard;

impl Member {
    fn run(mut self) {
        loop {
            let began = Instant::now();
            let why = match connect(&self.address, self.patience, &self.threads) {
                Ok(connected) => self.attend(connected),
                Err(error) => Ok(error),
            };
            self.link.detach();
            let Ok(why) = why else { return };
            if self.link.is_leaving() {
                return;
            }
            if !self.joined_once || why.is_final() {
                if self.joined_once {
                    log::warn!("room {}: {why}", self.link.room());
                }
                let _unheard = self.tell(RoomEvent::Failed(why));
                return;
            }
            if began.elapsed() > RECONNECT_DELAY_MAX {
                self.backoff.reset();
            }
            let again_in = match why.is_absence() {
                _ if self.is_hurried() => self.backoff.hurried(),
                true => self.backoff.scouting(),
                false => self.backoff.delay(),
            };
            if self.tell(RoomEvent::Lost { why, again_in }).is_err() {
                return;
            }
            if self.pause(again_in).is_err() {
                return;
            }
        }
    }

    /// This machine woke a moment ago.
    fn is_hurried(&self) -> bool {
        self.woke_at.is_some_and(|at| at.elapsed() < WAKE_HURRY)
    }

    /// Until the next attempt, which is due at once when this machine wakes.
    fn pause(&mut self, time: Duration) -> Result<(), Unheard> {
        let until = Instant::now() + time;
        let mut wake = WakeWatch::new(day_sec());
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.link.leaving().recv_timeout(left.min(WAKE_LOOK)) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => return Err(Unheard),
            }
            if wake.has_woken(day_sec()) {
                self.woke_at = Some(Instant::now());
                return Ok(());
            }
            if left <= WAKE_LOOK {
                return Ok(());
            }
        }
    }

    /// Is a member until the connection ends; why it did.
    fn attend(&mut self, mut connected: Connected) -> Result<RoomError, Unheard> {
        let way_out = connected.way_out.clone();
        self.link.attach(&way_out);
        // Told to leave just before: then nobody has closed this connection.
        if self.link.is_leaving() {
            way_out.close();
            return Err(Unheard);
        }
        let ended = way_out.send(Message::text(self.hello.encode(&self.link.keys())));
        let arrived = match ended {
            Ok(()) => self.arrive(&mut connected)?,
            Err(_not_sent) => Err(RoomError::Broken {
                how: "the server takes nothing".into(),
            }),
        };
        let end = match arrived {
            Ok(()) => self.listen(&mut connected)?,
            Err(error) => error,
        };
        way_out.cut();
        Ok(end)
    }

    /// From HELLO to `Joined`: STATE, PEER and WELCOME, of which an old server may not send the last.
    fn arrive(&mut self, connected: &mut Connected) -> Result<Result<(), RoomError>, Unheard> {
        let mut state = None;
        let mut peer = None;
        let mut deadline = Instant::now() + JOIN_DEADLINE;
        loop {
            let text = match hear(&mut connected.incoming, deadline) {
                Heard::Text { text, .. } => text,
                Heard::Nothing | Heard::Pong => continue,
                Heard::End(error) => return Ok(Err(error)),
                Heard::TimedOut => match peer {
                    Some(peer_id) => return self.arrived(connected, peer_id, state, None),
                    None => {
                        let answer = String::new();
                        return Ok(Err(RoomError::NotJam { answer }));
                    }
                },
            };
            match (parse(&text), peer.take()) {
                (Ok(ServerSays::State(first)), None) => state = Some(first),
                (Ok(ServerSays::Peer { peer_id }), None) => {
                    peer = Some(peer_id);
                    deadline = Instant::now() + WELCOME_PATIENCE;
                }
                (said, Some(peer_id)) => {
                    return self.arrived(connected, peer_id, state, said.ok());
                }
                (Ok(ServerSays::Error(message)), None) => {
                    return Ok(Err(RoomError::NotJam { answer: message }));
                }
                (Ok(_), None) => {}
                (Err(_malformed), None) => {
                    let answer = first_words(&text);
                    return Ok(Err(RoomError::NotJam { answer }));
                }
            }
        }
    }

    /// Tells of it; `said` is what came behind PEER, which is WELCOME from every server that knows it.
    fn arrived(
        &mut self,
        connected: &Connected,
        peer_id: String,
        state: Option<State>,
        said: Option<ServerSays>,
    ) -> Result<Result<(), RoomError>, Unheard> {
        let (welcome, other) = match said {
            Some(ServerSays::Welcome(welcome)) => (Some(welcome), None),
            other => (None, other),
        };
        self.joined_once = true;
        self.patience =
            (WAKE_ANSWER_ROUND_TRIPS * connected.took).clamp(RECONNECT_PATIENCE, CONNECT_DEADLINE);
        if let Some(token) = welcome.as_ref().and_then(|welcome| welcome.token.clone()) {
            self.hello.token = Some(token);
        }
        self.link.joined();
        self.tell(RoomEvent::Joined(Joined {
            peer_id,
            name: welcome.as_ref().map(|welcome| welcome.name.clone()),
            role: welcome.as_ref().and_then(|welcome| welcome.role),
            upload_key: welcome
                .as_ref()
                .and_then(|welcome| welcome.upload_key.clone()),
            local_ip: connected.local.ip().to_canonical(),
            server_addr: connected.server,
            swarm: welcome.and_then(|welcome| welcome.swarm),
        }))?;
        if let Some(state) = state {
            self.tell(RoomEvent::State(state))?;
        }
        if let Some(other) = other {
            self.pass_on(other, Instant::now())?;
        }
        Ok(Ok(()))
    }

    fn listen(&mut self, connected: &mut Connected) -> Result<RoomError, Unheard> {
        let began = Instant::now();
        let sec = |at: Instant| at.saturating_duration_since(began).as_secs_f64();
        let mut vigil = Vigil::new(0.0, day_sec(), connected.took);
        loop {
            match vigil.look(sec(Instant::now()), day_sec()) {
                Sight::Nothing => {}
                sight @ (Sight::Ping | Sight::Woken) => {
                    // Whoever was cut off is heard of below.
                    let _cut_off = connected.way_out.send(Message::Ping(Vec::new().into()));
                    if sight == Sight::Woken {
                        self.woke_at = Some(Instant::now());
                        self.tell(RoomEvent::Woken)?;
                    }
                }
                Sight::Silent(sec) => return Ok(RoomError::Silent { sec }),
                Sight::DiedAsleep => return Ok(RoomError::DiedAsleep),
            }
            let look_at = Duration::from_secs_f64(vigil.look_at(sec(Instant::now())));
            let is_pong = match hear(&mut connected.incoming, began + look_at) {
                Heard::TimedOut => continue,
                Heard::End(error) => return Ok(error),
                Heard::Text { text, at } => {
                    match parse(&text) {
                        Ok(said) => self.pass_on(said, at)?,
                        Err(malformed) => log::debug!("room {}: {}", self.link.room(), malformed.0),
                    }
                    false
                }
                Heard::Pong => true,
                Heard::Nothing => false,
            };
            vigil.heard(sec(Instant::now()), is_pong);
        }
    }

    /// `at`: when it came.
    fn pass_on(&self, said: ServerSays, at: Instant) -> Result<(), Unheard> {
        self.tell(match said {
            ServerSays::State(state) => RoomEvent::State(state),
            ServerSays::Queue(tracks) => RoomEvent::Queue(tracks),
            ServerSays::Members(members) => RoomEvent::Members(members),
            ServerSays::Peers(peers) => RoomEvent::Peers(peers),
            ServerSays::Swarm(nodes) => RoomEvent::Swarm(nodes),
            ServerSays::Signal { from, blob } => RoomEvent::Signal { from, blob },
            ServerSays::Rights(rights) => RoomEvent::Rights(rights),
            ServerSays::Votes(votes) => RoomEvent::Votes(votes),
            ServerSays::Waiting(waiting) => RoomEvent::Waiting(waiting),
            ServerSays::Clock(clock) => RoomEvent::Clock { clock, at },
            ServerSays::Error(message) => RoomEvent::Error(message),
            ServerSays::Refused { track_id, why } => RoomEvent::Refused { track_id, why },
            ServerSays::Peer { .. } | ServerSays::Welcome(_) | ServerSays::Other => return Ok(()),
        })
    }

    /// Waits for room in the queue, unless we are to leave.
    fn tell(&self, event: RoomEvent) -> Result<(), Unheard> {
        select! {
            send(self.events, event) -> sent => sent.map_err(|_gone| Unheard),
            recv(self.link.leaving()) -> _ => Err(Unheard),
        }
    }
}

/// The time of day, which goes on while this machine sleeps.
fn day_sec() -> f64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.map_or(0.0, |since| since.as_secs_f64())
}
