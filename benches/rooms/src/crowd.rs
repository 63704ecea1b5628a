//! All clients of a measurement in one thread, behind one epoll.

use crate::client::{Client, Event, Inbox, Intake, Opening, Readiness};
use mio::{Events, Interest, Poll, Token};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A client of a crowd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId(pub usize);

pub struct Crowd {
    address: SocketAddr,
    poll: Poll,
    events: Events,
    /// `None` once it was hung up.
    clients: Vec<Option<Client>>,
    /// Those with something to do.
    ready: Vec<ClientId>,
    inbox: Inbox,
}

impl Crowd {
    /// # Errors
    /// When the system gives no epoll.
    pub fn new(address: SocketAddr) -> io::Result<Self> {
        const EVENTS_AT_ONCE: usize = 1024;
        Ok(Self {
            address,
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_AT_ONCE),
            clients: Vec::new(),
            ready: Vec::new(),
            inbox: Inbox::default(),
        })
    }

    /// Begins to connect one more. Ids count up from 0.
    ///
    /// # Errors
    /// When the system gives no socket.
    pub fn dial(&mut self, opening: &Opening, intake: Intake) -> io::Result<ClientId> {
        let mut client = Client::dial(self.address, opening.clone(), intake)?;
        let id = ClientId(self.clients.len());
        self.poll.registry().register(
            &mut client.socket,
            Token(id.0),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        self.clients.push(Some(client));
        Ok(id)
    }

    /// Notes what has happened, after waiting for something at most so long; how many clients have something to
    /// do now.
    ///
    /// # Errors
    /// When epoll fails.
    pub fn collect(&mut self, wait: Duration) -> io::Result<usize> {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => done?,
        }
        for event in &self.events {
            let id = ClientId(event.token().0);
            if let Some(client) = &mut self.clients[id.0] {
                if client.readiness == Readiness::default() {
                    self.ready.push(id);
                }
                client.readiness.readable |= event.is_readable();
                client.readiness.writable |= event.is_writable();
                client.readiness.closed |= event.is_read_closed() || event.is_error();
            }
        }
        Ok(self.ready.len())
    }

    /// Does what was noted.
    pub fn handle(&mut self, tell: &mut impl FnMut(ClientId, Event)) {
        for id in self.ready.drain(..) {
            if let Some(client) = &mut self.clients[id.0] {
                client.handle(&mut self.inbox, &mut |event| tell(id, event));
            }
        }
    }

    /// Sends bytes of whole frames.
    pub fn send(&mut self, id: ClientId, frames: &[u8]) {
        if let Some(client) = &mut self.clients[id.0] {
            client.send(frames);
        }
    }

    /// From now on nothing is read from it, while it stays connected.
    ///
    /// # Errors
    /// When epoll fails.
    pub fn stop_reading(&mut self, id: ClientId) -> io::Result<()> {
        match &mut self.clients[id.0] {
            Some(client) => self.poll.registry().deregister(&mut client.socket),
            None => Ok(()),
        }
    }

    /// Closes it as somebody does who pulls the plug: without a word.
    pub fn hang_up(&mut self, id: ClientId) {
        self.clients[id.0] = None;
    }
}
