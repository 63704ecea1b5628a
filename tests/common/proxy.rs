//! Stands between a seed and those who fetch from it, reads every frame that the seed sends, and decides what becomes
//! of it: passed on, held back until the test says so, or the end.

use jam::swarm::frame::{self, Frame};
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

pub struct Proxy {
    host: &'static str,
    pub port: u16,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    target: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    closed: bool,
    sockets: Vec<TcpStream>,
    /// CHUNK frames that were passed on.
    chunks: usize,
    different: BTreeSet<u32>,
    /// So many CHUNK frames may pass.
    chunks_max: usize,
    /// Nobody gets through to the seed.
    shut: bool,
}

impl Proxy {
    /// Connections wait until it is opened.
    pub fn shut(target: SocketAddr) -> Self {
        Self::shut_on("127.0.0.1", target)
    }

    /// The same on another address of this machine.
    pub fn shut_on(host: &'static str, target: SocketAddr) -> Self {
        let proxy = Self::start_on(host, target, usize::MAX);
        proxy.shared.state.lock().expect("no panic").shut = true;
        proxy
    }

    pub fn unlock(&self) {
        self.shared.state.lock().expect("no panic").shut = false;
        self.shared.changed.notify_all();
    }

    /// The first `chunks` chunks pass, and the next ones wait.
    pub fn of_chunks(target: SocketAddr, chunks: usize) -> Self {
        Self::start(target, chunks)
    }

    fn start(target: SocketAddr, chunks_max: usize) -> Self {
        Self::start_on("127.0.0.1", target, chunks_max)
    }

    fn start_on(host: &'static str, target: SocketAddr, chunks_max: usize) -> Self {
        let listener = TcpListener::bind((host, 0)).expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let state = State {
            chunks_max,
            ..State::default()
        };
        let shared = Arc::new(Shared {
            target,
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let own_shared = Arc::clone(&shared);
        let accepting = Some(std::thread::spawn(move || accept(&own_shared, &listener)));
        Self {
            host,
            port,
            shared,
            accepting,
        }
    }

    pub fn at(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// `more` chunks may pass beside those before.
    pub fn allow(&self, more: usize) {
        let mut state = self.shared.state.lock().expect("no panic");
        state.chunks_max = state.chunks_max.saturating_add(more);
        self.shared.changed.notify_all();
    }

    /// Chunks that were passed on so far.
    pub fn chunks(&self) -> usize {
        self.shared.state.lock().expect("no panic").chunks
    }

    /// Their numbers.
    pub fn different_chunks(&self) -> BTreeSet<u32> {
        self.shared
            .state
            .lock()
            .expect("no panic")
            .different
            .clone()
    }

    /// Waits until so many different chunks have been passed on.
    pub fn wait_for_different_chunks(&self, chunks: usize) {
        let state = self.shared.state.lock().expect("no panic");
        let waited =
            self.shared
                .changed
                .wait_timeout_while(state, super::node::WATCHDOG, |state| {
                    state.different.len() < chunks
                });
        let (state, late) = waited.expect("no panic");
        assert!(!late.timed_out(), "{} of {chunks}", state.different.len());
    }

    /// Ends all connections, in order; nobody listens here any more.
    pub fn close(&mut self) {
        let mut state = self.shared.state.lock().expect("no panic");
        state.closed = true;
        for socket in state.sockets.drain(..) {
            let _gone = socket.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
        // Wakes the thread that accepts.
        let _woken = TcpStream::connect((self.host, self.port));
        if let Some(accepting) = self.accepting.take() {
            accepting.join().expect("no panic");
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.close();
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    for socket in listener.incoming() {
        let state = shared.state.lock().expect("no panic");
        let waits = |state: &mut State| state.shut && !state.closed;
        let mut state = shared.changed.wait_while(state, waits).expect("no panic");
        if state.closed {
            return;
        }
        let Ok(socket) = socket else { continue };
        let Ok(onward) = TcpStream::connect(shared.target) else {
            continue;
        };
        let clones = [&socket, &socket, &onward, &onward].map(|socket| socket.try_clone());
        let [Ok(from), Ok(known), Ok(to), Ok(known_onward)] = clones else {
            continue;
        };
        state.sockets.extend([known, known_onward]);
        drop(state);
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            let _ended = io::copy(&mut &from, &mut &to);
            let _gone = to.shutdown(Shutdown::Write);
        });
        std::thread::spawn(move || {
            let _ended = pass_frames(&shared, &onward, &socket);
            let _gone = socket.shutdown(Shutdown::Write);
        });
    }
}

/// From the seed to one who fetches.
fn pass_frames(shared: &Shared, mut seed: &TcpStream, mut leecher: &TcpStream) -> io::Result<()> {
    loop {
        let mut bytes = vec![0; 4];
        seed.read_exact(&mut bytes)?;
        let length = u32::from_be_bytes(bytes[..4].try_into().expect("four bytes"));
        bytes.resize(4 + length as usize, 0);
        seed.read_exact(&mut bytes[4..])?;
        let decoded = frame::decode(&bytes[4..]);
        let chunk = match &decoded {
            Ok(Frame::Chunk(head, _)) => head.index,
            _ => None,
        };
        if chunk.is_some() {
            let state = shared.state.lock().expect("no panic");
            let holds = |state: &mut State| !state.closed && state.chunks >= state.chunks_max;
            let mut state = shared.changed.wait_while(state, holds).expect("no panic");
            if state.closed {
                return Ok(());
            }
            // Counted before it goes out, so that never more than allowed do.
            state.chunks += 1;
        }
        leecher.write_all(&bytes)?;
        let mut state = shared.state.lock().expect("no panic");
        state.different.extend(chunk);
        drop(state);
        shared.changed.notify_all();
    }
}
