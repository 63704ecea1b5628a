//! A member of a room who listens all the time, and a node of its own whose chunks leave one by one, when a test says so.

use super::server::WATCHDOG;
use jam::swarm::bitfield::Bitfield;
use jam::swarm::key::SwarmKey;
use jam::swarm::node::{Extras, Node};
use jam::swarm::store::{ChunkStore, StoreError};
use jam::swarm::track_swarm::{Taste, TrackSwarm};
use jam::track::chunks::{ChunkSize, Layout};
use jam::track::hashing::hash_track;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tungstenite::{Error, Message};

pub struct Member {
    to_say: Sender<String>,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    messages: Mutex<Vec<Value>>,
    more: Condvar,
}

impl Member {
    /// Joins with a HELLO of these fields; it has joined when this returns.
    pub fn join(server: SocketAddr, room: &str, mut hello: Value) -> Self {
        let url = format!("ws://{server}/ws/{room}");
        let stream = TcpStream::connect(server).expect("the server accepts");
        stream.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
        let (mut socket, _) = tungstenite::client(&url, stream).expect("the upgrade is granted");
        let tick = Duration::from_millis(10);
        socket
            .get_mut()
            .set_read_timeout(Some(tick))
            .expect("a timeout");
        let (to_say, says) = channel::<String>();
        let heard = Arc::new(Heard::default());
        let own = Arc::clone(&heard);
        std::thread::spawn(move || {
            loop {
                for text in says.try_iter() {
                    socket.send(Message::text(text)).expect("sent");
                }
                match socket.read() {
                    Ok(Message::Text(text)) => {
                        let message = serde_json::from_str(&text).expect("the server sends JSON");
                        own.messages.lock().expect("no panic").push(message);
                        own.more.notify_all();
                    }
                    Ok(_) => {}
                    Err(Error::Io(error)) if is_tick(&error) => {
                        // Everybody who could say something is gone.
                        if Arc::strong_count(&own) == 1 {
                            return;
                        }
                    }
                    Err(_) => return,
                }
            }
        });
        let member = Self { to_say, heard };
        hello["type"] = "HELLO".into();
        member.say(&hello);
        member.wait_for("STATE", |_| true);
        member.wait_for("PEER", |_| true);
        member
    }

    pub fn say(&self, message: &Value) {
        self.to_say
            .send(message.to_string())
            .expect("the member is there");
    }

    /// The first message of this type, old or new, that is as it should be.
    pub fn wait_for(&self, kind: &str, is_good: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + WATCHDOG;
        let mut messages = self.heard.messages.lock().expect("no panic");
        loop {
            let mut ones = messages.iter().filter(|message| message["type"] == kind);
            if let Some(message) = ones.find(|message| is_good(message)) {
                return message.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let all = messages.clone();
                drop(messages);
                panic!("no such {kind}: {all:#?}");
            }
            messages = self
                .heard
                .more
                .wait_timeout(messages, left)
                .expect("no panic")
                .0;
        }
    }

    /// Waits until the newest message of this type is as it should be.
    pub fn wait_for_last(&self, kind: &str, is_good: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + WATCHDOG;
        let mut messages = self.heard.messages.lock().expect("no panic");
        loop {
            let last = messages
                .iter()
                .rfind(|message| message["type"] == kind)
                .cloned();
            if last.as_ref().is_some_and(&is_good) {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(messages);
                panic!("the last {kind} is {last:#?}");
            }
            messages = self
                .heard
                .more
                .wait_timeout(messages, left)
                .expect("no panic")
                .0;
        }
    }

    pub fn has_heard(&self, kind: &str) -> bool {
        let messages = self.heard.messages.lock().expect("no panic");
        messages.iter().any(|message| message["type"] == kind)
    }

    /// Forgets what was heard so far.
    pub fn forget(&self) {
        self.heard.messages.lock().expect("no panic").clear();
    }

    /// The entry of the queue for this track, as soon as it is as it should be.
    pub fn wait_for_entry(&self, track_id: &str, is_good: impl Fn(&Value) -> bool) -> Value {
        let entry = |queue: &Value| -> Option<Value> {
            let mut tracks = queue["tracks"].as_array()?.iter();
            let entry = tracks.find(|track| track["track_id"] == track_id)?;
            is_good(entry).then(|| entry.clone())
        };
        let queue = self.wait_for("QUEUE", |queue| entry(queue).is_some());
        entry(&queue).expect("it was there")
    }
}

fn is_tick(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    )
}

/// Lets chunks out.
pub struct Gate {
    bytes: Vec<u8>,
    layout: Layout,
    state: Mutex<GateState>,
    opened: Condvar,
}

#[derive(Default)]
struct GateState {
    /// `None`: as many as anybody wants.
    allowed: Option<usize>,
    left: Vec<u32>,
    /// The seed goes away.
    over: bool,
}

impl Gate {
    /// So many chunks more may leave.
    pub fn allow(&self, chunks: usize) {
        let mut state = self.state.lock().expect("no panic");
        state.allowed = state.allowed.map(|allowed| allowed + chunks);
        self.opened.notify_all();
    }

    pub fn open(&self) {
        self.state.lock().expect("no panic").allowed = None;
        self.opened.notify_all();
    }

    /// The chunks that left, in this order.
    pub fn left(&self) -> Vec<u32> {
        self.state.lock().expect("no panic").left.clone()
    }

    pub fn chunks(&self) -> usize {
        self.layout.count() as usize
    }
}

impl ChunkStore for Gate {
    fn read(&self, index: u32, buffer: &mut [u8]) -> Result<(), StoreError> {
        let mut state = self.state.lock().expect("no panic");
        while state.allowed == Some(0) && !state.over {
            state = self.opened.wait(state).expect("no panic");
        }
        if state.over {
            return Err(StoreError::Missing { index });
        }
        state.allowed = state.allowed.map(|allowed| allowed - 1);
        state.left.push(index);
        let start = usize::try_from(self.layout.offset(index)).expect("small");
        buffer.copy_from_slice(&self.bytes[start..start + buffer.len()]);
        Ok(())
    }

    fn write(&self, index: u32, _: &[u8]) -> Result<(), StoreError> {
        Err(StoreError::Wrong { index })
    }
}

/// A seed in this process: in the room, with a track whose chunks leave through a gate that is closed at first.
pub struct GatedSeed {
    pub member: Member,
    pub gate: Arc<Gate>,
    pub track_id: String,
    node: Node,
    name: String,
}

impl GatedSeed {
    /// Joins, announces the track, and serves it; it does not offer it yet.
    pub fn join(server: SocketAddr, room: &str, name: &str, bytes: &[u8]) -> Self {
        let wants = ["WELCOME", "SWARM_KEY", "QUEUE"];
        let hello = json!({ "role": "viewer", "display_name": name, "node": true, "wants": wants });
        let member = Member::join(server, room, hello);
        let welcome = member.wait_for("WELCOME", |_| true);
        let key = SwarmKey(key_of(&welcome));
        let node = Node::listen(0, Extras::default()).expect("a port");
        let size = ChunkSize::from_log2(14);
        let mut source = bytes;
        let go_on = &mut |_: &Path, _, _| ControlFlow::Continue(());
        let hashed = hash_track(
            &mut source,
            bytes.len() as u64,
            size,
            Path::new(name),
            go_on,
        );
        let manifest = hashed
            .expect("hashed")
            .into_manifest(&format!("{name}.wav"));
        let layout = manifest.layout();
        let gate = Arc::new(Gate {
            bytes: bytes.to_vec(),
            layout,
            state: Mutex::new(GateState {
                allowed: Some(0),
                ..GateState::default()
            }),
            opened: Condvar::new(),
        });
        let track = TrackSwarm::new(manifest.id(), key, None, Taste::default());
        let track_id = manifest.id().to_string();
        track.begin(
            Arc::new(manifest),
            gate.clone(),
            Bitfield::full(layout.count()),
        );
        node.join(&track).expect("a thread");
        let announce = json!({
            "type": "ANNOUNCE", "port": node.port(), "node_id": node.id().to_string(), "track_id": track_id,
            "total_chunks": layout.count(), "chunk_size": layout.chunk_size().bytes(),
            "have_count": layout.count(), "track_ids": [track_id],
        });
        member.say(&announce);
        Self {
            member,
            gate,
            track_id,
            node,
            name: name.to_owned(),
        }
    }

    /// Puts its track into the room's queue, and waits until it stands there.
    pub fn offer(&self) {
        self.offer_as(self.gate.bytes.len());
    }

    /// The same, and says that it has so many bytes.
    pub fn offer_as(&self, bytes: usize) {
        self.say_offer(bytes);
        self.member.wait_for_entry(&self.track_id, |_| true);
    }

    /// The same without waiting: when the server refuses it at once, the queue may never be seen with it.
    pub fn say_offer(&self, bytes: usize) {
        let name = format!("{}.wav", self.name);
        let offer = json!({ "name": name, "bytes": bytes, "content_type": "audio/wav" });
        self.member
            .say(&json!({ "type": "ADD", "track_id": self.track_id, "offer": offer }));
    }
}

impl Drop for GatedSeed {
    fn drop(&mut self) {
        self.gate.state.lock().expect("no panic").over = true;
        self.gate.opened.notify_all();
        self.node.clone().stop();
    }
}

/// The swarm's key in a WELCOME.
pub fn key_of(welcome: &Value) -> [u8; 32] {
    let digits = welcome["swarm"]["key"].as_str().expect("a key");
    let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("digits");
    std::array::from_fn(byte)
}
