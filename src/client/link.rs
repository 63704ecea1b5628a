//! The way out of a member's socket: whole masked frames, in order, from any thread.
//!
//! The lock makes messages, pings and what the reading side answers (pong, close reply) follow each other and never
//! mix. Whoever holds it writes with a deadline; a server that takes nothing until then is cut off, and the thread that
//! reads notices.

use super::outgoing::{self, Announce, Links, Offer, Report};
use crate::limits::{
    CLIENT_CLOSE_GRACE, CLIENT_READ_BUFFER_BYTES, CLIENT_WRITE_DEADLINE, ROOM_MESSAGE_BYTES_MAX,
    SERVER_MESSAGE_BYTES_MAX,
};
use crate::room::key::{Key, Keys};
use crate::room::name::RoomName;
use crate::room::rights::Guests;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

/// Says things to the room, from any thread; cheap to clone. While the connection is lost nothing can be said: the next
/// `Joined` is the moment to say again what the room has to know.
#[derive(Clone)]
pub struct RoomLink(Arc<Shared>);

struct Shared {
    room: RoomName,
    /// What opens the room, as far as is known today.
    keys: Mutex<Keys>,
    way_out: Mutex<Option<Arc<WayOut>>>,
    /// HELLO has been answered: until then nothing else may be said.
    joined: AtomicBool,
    /// Dropped when the member is to leave.
    stay: Mutex<Option<Sender<()>>>,
    leaving: Receiver<()>,
    /// Disconnected when the thread has ended.
    ended: Receiver<()>,
}

/// The room is not joined at the moment, or the message is too long for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSent;

impl RoomLink {
    /// The link, and what the thread of the member holds as long as it lives.
    pub(super) fn new(room: RoomName, keys: Keys) -> (Self, Sender<()>) {
        let (stay, leaving) = bounded(0);
        let (alive, ended) = bounded(0);
        let shared = Shared {
            room,
            keys: Mutex::new(keys),
            way_out: Mutex::default(),
            joined: AtomicBool::new(false),
            stay: Mutex::new(Some(stay)),
            leaving,
            ended,
        };
        (Self(Arc::new(shared)), alive)
    }

    #[must_use]
    pub fn room(&self) -> &RoomName {
        &self.0.room
    }

    /// # Errors
    /// `NotSent` while the room is not joined.
    pub fn announce(&self, announce: &Announce) -> Result<(), NotSent> {
        self.send(announce.encode(self.room()))
    }

    /// Tells which chunks were gained.
    ///
    /// # Errors
    /// `NotSent` while the room is not joined.
    pub fn have_delta(&self, indices: &[u32]) -> Result<(), NotSent> {
        let mut messages = outgoing::have_deltas(self.room(), indices).into_iter();
        messages.try_for_each(|message| self.send(message))
    }

    /// # Errors
    /// `NotSent` while the room is not joined.
    pub fn links(&self, links: &Links) -> Result<(), NotSent> {
        self.send(links.encode())
    }

    /// Puts a track into the queue.
    ///
    /// # Errors
    /// `NotSent` while the room is not joined. What the room thinks of it comes back as an `Error` event, or a queue.
    pub fn add(&self, track_id: &str, offer: Option<&Offer>) -> Result<(), NotSent> {
        self.send(outgoing::add(track_id, offer))
    }

    /// Would like to be the host. What comes of it is a `Rights` event, or an `Error`.
    ///
    /// # Errors
    /// `NotSent` while the room is not joined.
    pub fn take_seat(&self) -> Result<(), NotSent> {
        self.send(outgoing::take_seat())
    }

    /// Gives the host seat to the member with this `peer_id`, or to nobody.
    ///
    /// # Errors
    /// `NotSent` while the room is not joined.
    pub fn hand_over(&self, to: Option<&str>) -> Result<(), NotSent> {
        self.send(outgoing::hand_over(to))
    }

    /// Sets what guests may do.
    ///
    /// # Errors
    /// `NotSent` while the room is not joined.
    pub fn guests(&self, may: Guests) -> Result<(), NotSent> {
        self.send(outgoing::guests(may))
    }

    /// Votes to skip the current track, or takes that back.
    ///
    /// # Errors
    /// `NotSent` while the room is not joined.
    pub fn vote(&self, skip: Option<&str>) -> Result<(), NotSent> {
        self.send(outgoing::vote(skip))
    }

    /// Removes a member from the room.
    ///
    /// # Errors
    /// `NotSent` while the room is not joined.
    pub fn kick(&self, peer_id: &str) -> Result<(), NotSent> {
        self.send(outgoing::kick(peer_id))
    }

    /// The room takes this key from now on, or none that we know: so we come back after a lost connection.
    pub fn remember_room_key(&self, key: Option<Key>) {
        lock(&self.0.keys).room = key;
    }

    pub(super) fn keys(&self) -> Keys {
        lock(&self.0.keys).clone()
    }

    /// Asks for the time. The answer is a `Clock` event that brings `t0` back.
    ///
    /// # Errors
    /// `NotSent` while the room is not joined.
    pub fn clock(&self, t0: f64) -> Result<(), NotSent> {
        self.send(outgoing::clock(t0))
    }

    /// Tells how this member does.
    ///
    /// # Errors
    /// `NotSent` while the room is not joined.
    pub fn report(&self, report: &Report) -> Result<(), NotSent> {
        self.send(report.encode())
    }

    /// Sends one JSON text; waits for the socket at most `CLIENT_WRITE_DEADLINE`.
    ///
    /// # Errors
    /// `NotSent` while the room is not joined, and for a text that is over the room's limit.
    pub fn send(&self, text: String) -> Result<(), NotSent> {
        if text.len() > ROOM_MESSAGE_BYTES_MAX || !self.0.joined.load(Ordering::Acquire) {
            return Err(NotSent);
        }
        let way_out = lock(&self.0.way_out).clone();
        way_out.ok_or(NotSent)?.send(Message::text(text))
    }

    /// Leaves the room with close code 1000, waits a moment for the server's reply, and has the thread end: in a second,
    /// or as long as an attempt to connect that is under way.
    pub fn leave(&self) {
        let stay = lock(&self.0.stay).take();
        drop(stay);
        // Not locked while it waits: the thread needs the lock to end.
        let way_out = lock(&self.0.way_out).clone();
        if let Some(way_out) = way_out {
            way_out.close();
            // The answer is that nobody holds the other end any more.
            let _ended = self.0.ended.recv_timeout(CLIENT_CLOSE_GRACE);
            way_out.cut();
        }
    }

    /// Becomes ready when the member is to leave.
    pub(super) fn leaving(&self) -> &Receiver<()> {
        &self.0.leaving
    }

    #[must_use]
    pub(super) fn is_leaving(&self) -> bool {
        lock(&self.0.stay).is_none()
    }

    /// From now on this is the connection that `leave` ends, and, once `joined`, where messages go.
    pub(super) fn attach(&self, way_out: &Arc<WayOut>) {
        *lock(&self.0.way_out) = Some(Arc::clone(way_out));
    }

    pub(super) fn joined(&self) {
        self.0.joined.store(true, Ordering::Release);
    }

    pub(super) fn detach(&self) {
        self.0.joined.store(false, Ordering::Release);
        *lock(&self.0.way_out) = None;
    }
}

/// One socket, written to by whoever holds the lock.
pub(super) struct WayOut {
    socket: Arc<TcpStream>,
    /// Makes frames; it never reads.
    frames: Mutex<WebSocket<Writer>>,
    /// A close frame has been sent: nothing may follow it.
    closed: AtomicBool,
}

impl WayOut {
    pub(super) fn new(socket: Arc<TcpStream>) -> Arc<Self> {
        let writer = Writer {
            socket: Arc::clone(&socket),
            deadline: Instant::now(),
        };
        let frames = WebSocket::from_raw_socket(writer, Role::Client, Some(config()));
        Arc::new(Self {
            socket,
            frames: Mutex::new(frames),
            closed: AtomicBool::new(false),
        })
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    pub(super) fn send(&self, message: Message) -> Result<(), NotSent> {
        self.write(|frames| frames.send(message).is_ok())
    }

    /// What tungstenite's reading side has made ready: the upgrade's request, a pong, or the reply to a close.
    pub(super) fn send_encoded(&self, bytes: &[u8]) {
        // After our own close frame there is nothing to answer.
        let _closed = self.write(|frames| frames.get_mut().write_all(bytes).is_ok());
    }

    pub(super) fn close(&self) {
        let close = CloseFrame {
            code: CloseCode::Normal,
            reason: "".into(),
        };
        let _gone = self.write(|frames| {
            let sent = frames.close(Some(close)).is_ok();
            self.closed.store(true, Ordering::Relaxed);
            sent
        });
    }

    /// Ends the connection without a word; whoever reads from it notices.
    pub(super) fn cut(&self) {
        let _gone = self.socket.shutdown(Shutdown::Both);
    }

    fn write(&self, work: impl FnOnce(&mut WebSocket<Writer>) -> bool) -> Result<(), NotSent> {
        let mut frames = lock(&self.frames);
        if self.closed.load(Ordering::Relaxed) {
            return Err(NotSent);
        }
        frames.get_mut().deadline = Instant::now() + CLIENT_WRITE_DEADLINE;
        if !work(&mut frames) {
            // Half a frame may be out; what follows would be taken for its rest.
            self.closed.store(true, Ordering::Relaxed);
            self.cut();
            return Err(NotSent);
        }
        Ok(())
    }
}

/// The socket's writing side, with a deadline for a whole message.
struct Writer {
    socket: Arc<TcpStream>,
    deadline: Instant,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let left = time_left(self.deadline)?;
            self.socket.set_write_timeout(Some(left))?;
            match (&*self.socket).write(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Only there because a WebSocket wants both.
impl Read for Writer {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }
}

/// # Errors
/// `TimedOut` when nothing is left.
pub(super) fn time_left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    match left.is_zero() {
        true => Err(ErrorKind::TimedOut.into()),
        false => Ok(left),
    }
}

/// tungstenite's own bounds are far beyond what a room says.
pub(super) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(CLIENT_READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * ROOM_MESSAGE_BYTES_MAX)
        .max_message_size(Some(SERVER_MESSAGE_BYTES_MAX))
        .max_frame_size(Some(SERVER_MESSAGE_BYTES_MAX))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is inside is whole between any two statements that hold it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
