//! Stands between two programs and breaks their connections at a chosen byte: in order, or with a reset. Ended when it
//! is dropped.

use super::server::WATCHDOG;
use rustix::event::{PollFd, PollFlags, poll};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Which bytes are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From who dialled.
    There,
    /// From who was dialled.
    Back,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Both sides read the end of the stream.
    Closed,
    /// Both sides get a reset: what they have not read yet is lost.
    Reset,
}

pub const HOWS: [How; 2] = [How::Closed, How::Reset];

/// The end of a connection, as soon as `after` bytes have gone that way.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    pub way: Way,
    pub after: usize,
    pub how: How,
}

pub struct Cutter {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    target: SocketAddr,
    plan: Mutex<Plan>,
    changed: Condvar,
}

struct Plan {
    cut: Option<Cut>,
    /// Most that is passed on in one piece.
    piece: usize,
    /// What went either way over the connection that ended last.
    passed: [usize; 2],
    ended: usize,
    over: bool,
}

impl Cutter {
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let plan = Plan {
            cut: None,
            piece: usize::MAX,
            passed: [0, 0],
            ended: 0,
            over: false,
        };
        let shared = Arc::new(Shared {
            target,
            plan: Mutex::new(plan),
            changed: Condvar::new(),
        });
        let own = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || {
            std::thread::scope(|scope| {
                for client in listener.incoming().flatten() {
                    if own.lock().over {
                        return;
                    }
                    scope.spawn(|| own.serve(client));
                }
            });
        });
        Self {
            address,
            shared,
            accepting: Some(accepting),
        }
    }

    /// What happens to the next connections.
    pub fn cut(&self, cut: Option<Cut>) {
        self.shared.lock().cut = cut;
    }

    /// From the next connection on no more than this is passed on in one piece.
    pub fn in_pieces(&self, piece: usize) {
        self.shared.lock().piece = piece;
    }

    /// Waits until a connection has ended since `before`; how many bytes went there and back over it.
    pub fn wait_for_end(&self, before: usize) -> [usize; 2] {
        let plan = self.shared.lock();
        let goes_on = |plan: &mut Plan| plan.ended <= before;
        let waited = self
            .shared
            .changed
            .wait_timeout_while(plan, WATCHDOG, goes_on);
        let (plan, late) = waited.expect("no panic");
        assert!(!late.timed_out(), "the connection does not end");
        plan.passed
    }

    /// Connections that have ended.
    pub fn ended(&self) -> usize {
        self.shared.lock().ended
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        let _wakes_it = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _panicked = accepting.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Plan> {
        // A test that failed while it held it has said why.
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, client: TcpStream) {
        let plan = self.lock();
        let (cut, piece) = (plan.cut, plan.piece);
        drop(plan);
        let passed = match TcpStream::connect(self.target) {
            Ok(server) => Line {
                sockets: [client, server],
                open: [true, true],
                passed: [0, 0],
            }
            .run(cut, piece, || self.lock().over),
            Err(_) => [0, 0],
        };
        let mut plan = self.lock();
        plan.passed = passed;
        plan.ended += 1;
        drop(plan);
        self.changed.notify_all();
    }
}

/// The two sockets of a connection: who dialled, and who was dialled.
struct Line {
    sockets: [TcpStream; 2],
    /// Whether more may come from it.
    open: [bool; 2],
    passed: [usize; 2],
}

impl Line {
    fn run(mut self, cut: Option<Cut>, piece: usize, is_over: impl Fn() -> bool) -> [usize; 2] {
        for socket in &self.sockets {
            socket.set_nodelay(true).expect("an option");
            socket.set_write_timeout(Some(WATCHDOG)).expect("an option");
        }
        loop {
            let left = cut.map(|cut| (cut.way as usize, cut.after - self.passed[cut.way as usize]));
            if let (Some(cut), Some((_, 0))) = (cut, left) {
                self.end(cut.how);
                return self.passed;
            }
            if self.open == [false, false] || is_over() {
                return self.passed;
            }
            for from in self.readable() {
                let most = match left {
                    Some((way, left)) if way == from => piece.min(left),
                    _ => piece,
                };
                if self.pass(from, most).is_err() {
                    // One side is gone without a word; the other hears of it in the same way.
                    self.end(How::Reset);
                    return self.passed;
                }
            }
        }
    }

    /// From which of them there is something to read, an end included.
    fn readable(&self) -> Vec<usize> {
        let tick = rustix::time::Timespec {
            tv_sec: 0,
            tv_nsec: 50_000_000,
        };
        let open: Vec<usize> = (0..2).filter(|&side| self.open[side]).collect();
        let mut polled: Vec<PollFd> = open
            .iter()
            .map(|&side| PollFd::new(&self.sockets[side], PollFlags::IN))
            .collect();
        if poll(&mut polled, Some(&tick)).is_err() {
            return Vec::new();
        }
        let ready = polled.iter().map(|fd| !fd.revents().is_empty());
        open.iter()
            .zip(ready)
            .filter_map(|(&side, ready)| ready.then_some(side))
            .collect()
    }

    fn pass(&mut self, from: usize, most: usize) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        let most = most.min(buffer.len());
        let count = (&self.sockets[from]).read(&mut buffer[..most])?;
        if count == 0 {
            self.open[from] = false;
            let _gone = self.sockets[1 - from].shutdown(Shutdown::Write);
            return Ok(());
        }
        (&self.sockets[1 - from]).write_all(&buffer[..count])?;
        self.passed[from] += count;
        Ok(())
    }

    fn end(&mut self, how: How) {
        match how {
            How::Reset => {
                for socket in &self.sockets {
                    let _gone = SockRef::from(socket).set_linger(Some(Duration::ZERO));
                }
            }
            How::Closed => {
                for socket in &self.sockets {
                    let _gone = socket.shutdown(Shutdown::Write);
                }
                // A socket that is closed with unread bytes would be reset.
                let until = Instant::now() + Duration::from_millis(40);
                let mut unwanted = [0; 4096];
                while self.open != [false, false] && Instant::now() < until {
                    for from in self.readable() {
                        let read = (&self.sockets[from]).read(&mut unwanted);
                        self.open[from] = matches!(read, Ok(1..));
                    }
                }
            }
        }
    }
}

/// Ends a connection of the test's own.
pub fn end(socket: TcpStream, how: How) {
    match how {
        How::Reset => {
            let _gone = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
        }
        How::Closed => {
            let _gone = socket.shutdown(Shutdown::Write);
            let mut unwanted = [0; 4096];
            while matches!((&socket).read(&mut unwanted), Ok(1..)) {}
        }
    }
}
