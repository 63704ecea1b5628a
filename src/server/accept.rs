//! Takes connections: one thread that survives every error of accept.

pub use super::connections::{Connection, Connections};

use super::connection;
use super::connections::Full;
use super::refusing;
use super::run::Hub;
use crate::limits::{
    ACCEPT_BACKOFF, ACCEPT_CALM, ADDRESS_SPACE_RESERVED, REFUSAL_DEADLINE, REFUSALS_MAX,
    THREAD_STACK_BYTES, WRITE_STALL,
};
use crate::sys::{listener, memory};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use socket2::Socket;
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Accepts until `stop` is dropped at its other end.
pub fn run(hub: &Arc<Hub>, listener: &Socket, stop: &Receiver<()>) {
    let (refusals, refused) = bounded(REFUSALS_MAX);
    let refuser = move || see_off(&refused);
    if let Err(error) = hub.threads.spawn("refuser", THREAD_STACK_BYTES, refuser) {
        log::error!("no thread to tell clients that the server is full: {error}");
    }
    let mut trouble = Trouble::default();
    while !is_over(stop) {
        match listener.accept() {
            Ok((socket, address)) => {
                trouble.over();
                if let Some(peer) = address.as_socket() {
                    take(hub, socket.into(), peer, &refusals, &mut trouble);
                }
            }
            // With descriptors exhausted accept fails at once, also when nobody is waiting.
            Err(error) if listener::is_tick(&error) => trouble.over(),
            Err(error) => {
                trouble.note("cannot accept connections", &error);
                // Only a dropped sender ends this wait early.
                let _stopping = stop.recv_timeout(ACCEPT_BACKOFF);
            }
        }
        hub.threads.reap();
        hub.turned_away.tick();
    }
}

fn is_over(stop: &Receiver<()>) -> bool {
    matches!(
        stop.try_recv(),
        Err(crossbeam_channel::TryRecvError::Disconnected)
    )
}

/// Says once that accepting fails, and once that it works again.
#[derive(Default)]
struct Trouble {
    last: Option<Instant>,
}

impl Trouble {
    fn note(&mut self, what: &str, error: &io::Error) {
        if self.last.replace(Instant::now()).is_none() {
            log::error!("{what}: {error} (trying again until it works)");
        }
    }

    fn over(&mut self) {
        if self.last.is_some_and(|last| last.elapsed() >= ACCEPT_CALM) {
            self.last = None;
            log::warn!("accepting connections again");
        }
    }
}

fn take(
    hub: &Arc<Hub>,
    socket: TcpStream,
    peer: SocketAddr,
    refusals: &Sender<TcpStream>,
    trouble: &mut Trouble,
) {
    if let Err(error) = prepare(&socket) {
        return log::debug!("connection from {peer} lost at once: {error}");
    }
    if is_short_of_memory(trouble) {
        return refuse(hub, socket, Full::Server, refusals);
    }
    let connection = match hub.connections.admit(socket, peer) {
        Ok(connection) => connection,
        Err((socket, full)) => {
            hub.turned_away
                .note(full.cause(), &peer.ip().to_canonical(), "");
            return refuse(hub, socket, full, refusals);
        }
    };
    hub.metrics.connections.add(1);
    let own_hub = Arc::clone(hub);
    let serve = move |connection| connection::serve(&own_hub, connection);
    let started = hub
        .threads
        .spawn_with("http", THREAD_STACK_BYTES, connection, serve);
    if let Err((connection, error)) = started {
        trouble.note("cannot start threads for connections", &error);
        // Another descriptor, for the connection's own ends with it.
        if let Ok(socket) = connection.socket().try_clone() {
            refuse(hub, socket, Full::Server, refusals);
        }
    }
}

/// A thread that has no room to begin in would end the whole program.
fn is_short_of_memory(trouble: &mut Trouble) -> bool {
    let is_short = memory::address_space_left().is_some_and(|left| left < ADDRESS_SPACE_RESERVED);
    if is_short {
        let error = io::Error::other("its address space is short (ulimit -v)");
        trouble.note("cannot take more connections", &error);
    }
    is_short
}

/// Waits for nobody.
fn refuse(hub: &Hub, socket: TcpStream, full: Full, refusals: &Sender<TcpStream>) {
    hub.metrics.refused.add(1);
    refusing::tell_overload(&socket, full.text());
    // With more to see off than there is room for, the rest is closed at once.
    let _closed = refusals.try_send(socket);
}

fn prepare(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_write_timeout(Some(WRITE_STALL))
}

/// Keeps sockets that were told 503 open for a moment: one that is closed with an unread request is reset, and a
/// client may lose the answer.
fn see_off(refused: &Receiver<TcpStream>) {
    let mut leaving: VecDeque<(Instant, TcpStream)> = VecDeque::new();
    loop {
        let wait = leaving.front().map_or(Duration::MAX, |(told, _)| {
            REFUSAL_DEADLINE.saturating_sub(told.elapsed())
        });
        match refused.recv_timeout(wait) {
            Ok(socket) => leaving.push_back((Instant::now(), socket)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let is_over = |(told, _): &(Instant, TcpStream)| told.elapsed() >= REFUSAL_DEADLINE;
        while leaving.len() > REFUSALS_MAX || leaving.front().is_some_and(is_over) {
            let (_, socket) = leaving.pop_front().expect("bug: there is one");
            refusing::drop_request(&socket);
        }
    }
}
