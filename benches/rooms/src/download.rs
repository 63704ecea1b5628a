//! Listeners that fetch a file over HTTP, behind an epoll of their own.

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A whole body, fetched in the plain way.
///
/// # Errors
/// When the connection breaks.
pub fn get(address: SocketAddr, path: &str) -> io::Result<Vec<u8>> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let mut socket = std::net::TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer)?;
    let head_end = answer.windows(4).position(|it| it == b"\r\n\r\n");
    Ok(answer.split_off(head_end.map_or(0, |at| at + 4)))
}

/// What all fetches together may bring, as if over a gigabit network: as much as loopback can would measure
/// how the system divides two cores among a hundred threads.
const LINK_BYTES_PER_SEC: f64 = 125e6;

/// So many fetches of one file at a time; when one is done, the next begins.
pub struct Downloads {
    address: SocketAddr,
    request: Vec<u8>,
    poll: Poll,
    events: Events,
    fetches: Vec<Fetch>,
    /// Who is looked at next.
    turn: usize,
    buffer: Vec<u8>,
    began: Instant,
    bytes: u64,
}

struct Fetch {
    socket: TcpStream,
    asked: bool,
    /// There may be something to read.
    ready: bool,
}

impl Downloads {
    /// # Errors
    /// When the system gives no sockets.
    pub fn begin(address: SocketAddr, path: &str, count: usize) -> io::Result<Self> {
        const BUFFER_BYTES: usize = 64 * 1024;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let poll = Poll::new()?;
        let fetches: io::Result<_> = (0..count)
            .map(|number| Fetch::dial(address, &poll, number))
            .collect();
        Ok(Self {
            address,
            request: request.into_bytes(),
            fetches: fetches?,
            poll,
            events: Events::with_capacity(count),
            turn: 0,
            buffer: vec![0; BUFFER_BYTES],
            began: Instant::now(),
            bytes: 0,
        })
    }

    /// What all fetches together have brought.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads a little of what has come, for a fraction of a millisecond.
    ///
    /// # Errors
    /// When epoll fails, or the server refuses a connection.
    pub fn step(&mut self) -> io::Result<()> {
        const READS: usize = 8;
        self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
        for event in &self.events {
            let fetch = &mut self.fetches[event.token().0];
            fetch.ready |= event.is_readable();
            if event.is_writable() && !fetch.asked {
                // A new socket takes a request whole.
                fetch.asked = fetch.socket.write(&self.request).is_ok();
            }
        }
        let mut reads = 0;
        for _ in 0..self.fetches.len() {
            if reads == READS || !self.has_link_capacity() {
                break;
            }
            self.turn = (self.turn + 1) % self.fetches.len();
            if self.fetches[self.turn].ready {
                self.read()?;
                reads += 1;
            }
        }
        Ok(())
    }

    fn has_link_capacity(&self) -> bool {
        (self.bytes as f64) < self.began.elapsed().as_secs_f64() * LINK_BYTES_PER_SEC
    }

    fn read(&mut self) -> io::Result<()> {
        let fetch = &mut self.fetches[self.turn];
        match fetch.socket.read(&mut self.buffer) {
            Ok(0) => *fetch = Fetch::dial(self.address, &self.poll, self.turn)?,
            Ok(count) => self.bytes += count as u64,
            Err(error) if error.kind() == ErrorKind::WouldBlock => fetch.ready = false,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Fetch {
    fn dial(address: SocketAddr, poll: &Poll, number: usize) -> io::Result<Self> {
        let mut socket = TcpStream::connect(address)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry()
            .register(&mut socket, Token(number), interest)?;
        Ok(Self {
            socket,
            asked: false,
            ready: false,
        })
    }
}
