//! A member's outbox, driven step by step from a seed: what is pushed, how many bytes the other end takes and when, and
//! how it ends. The one thing that is left to chance is how far the draining thread has got, and whatever that is: frames
//! are whole and in order, only what a newer one replaces is missing, and what waits is bounded.
//!
//! `tests/outbox.rs` has the same with many threads at once and no plan.

use crate::common::random::{Random, for_each_seed};
use jam::limits::{OUTBOX_BYTES_MAX, OUTBOX_FRAMES_MAX};
use jam::room::close::CloseReason;
use jam::room::message::{ServerMessage, State, Status};
use jam::server::outbox::{Frame, Outbox};
use jam::sys::threads::Threads;
use socket2::SockRef;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

const WATCHDOG: Duration = Duration::from_secs(120);
const STEPS: usize = 300;
/// What two sockets of a few KiB may hold between them, generously: the system rounds up.
const KERNEL_BYTES_MAX: usize = 96 * 1024;

/// What was pushed, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pushed {
    /// Has to arrive.
    Single,
    /// A newer one may arrive in its place.
    State,
}

struct Plan<'a> {
    outbox: Arc<Outbox>,
    reader: TcpStream,
    threads: Threads,
    random: &'a mut Random,
    pushed: Vec<Pushed>,
    pushed_bytes: usize,
    came: Vec<u8>,
    closed: bool,
    /// It was cut off, by itself or because the other end was reset.
    cut: bool,
    /// The other end takes next to nothing.
    lazy: bool,
}

impl<'a> Plan<'a> {
    fn new(random: &'a mut Random) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let reader = TcpStream::connect(address).expect("connected");
        let (socket, _) = listener.accept().expect("accepted");
        for socket in [&reader, &socket] {
            socket.set_nodelay(true).expect("an option");
            let socket = SockRef::from(socket);
            socket.set_send_buffer_size(8192).expect("an option");
            socket.set_recv_buffer_size(8192).expect("an option");
        }
        socket.set_write_timeout(Some(WATCHDOG)).expect("an option");
        reader.set_nonblocking(true).expect("an option");
        let threads = Threads::default();
        let (socket, metrics) = (Arc::new(socket), Arc::default());
        let outbox = Outbox::new("somebody".into(), socket, threads.clone(), metrics);
        let lazy = random.one_in(3);
        Self {
            outbox,
            reader,
            threads,
            random,
            pushed: Vec::new(),
            pushed_bytes: 0,
            came: Vec::new(),
            closed: false,
            cut: false,
            lazy,
        }
    }

    fn step(&mut self) {
        match self.random.below(40) {
            0..14 => self.push_single(),
            14..24 => self.push_state(),
            24..27 => {
                self.outbox.push(&Frame::ping());
                self.outbox.push_encoded(&[0x8a, 0]);
            }
            27..37 if !self.lazy || self.random.one_in(12) => {
                let most = *self.random.pick(&[1, 7, 500, 4000, 60_000]);
                let count = 1 + self.random.below(most);
                self.read(count);
            }
            37 => {
                let micros = self.random.below(300) as u64;
                std::thread::sleep(Duration::from_micros(micros));
            }
            38 if self.random.one_in(8) => self.close(),
            _ => {}
        }
        self.check_bounds();
    }

    fn push_single(&mut self) {
        let padding = "x".repeat(self.random.below(3000));
        let number = self.pushed.len();
        let frame = Frame::message(&ServerMessage::error(format!("{number} {padding}")));
        self.push(&frame, Pushed::Single, padding.len());
    }

    fn push_state(&mut self) {
        let number = self.pushed.len() as u32;
        let length = 10 + self.random.below(200);
        let frame = Frame::message(&ServerMessage::State {
            payload: State {
                track_id: Some("x".repeat(length)),
                status: Status::Play,
                offset_sec: number.into(),
                timestamp: 0.0,
            },
        });
        self.push(&frame, Pushed::State, length);
    }

    fn push(&mut self, frame: &Arc<Frame>, kind: Pushed, bytes: usize) {
        if self.outbox.has_ended() {
            self.outbox.push(frame);
            return;
        }
        self.outbox.push(frame);
        // It may have been the one too many; then it never goes out.
        self.pushed.push(kind);
        self.pushed_bytes += bytes;
    }

    fn close(&mut self) {
        self.cut |= !self.closed && self.outbox.has_ended();
        self.closed = true;
        self.outbox.close(CloseReason::Stopping);
    }

    /// What there is, up to so much; `false`: there is no more to come.
    fn read(&mut self, count: usize) -> bool {
        let mut buffer = vec![0; count];
        match self.reader.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.came.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => true,
            // What the outbox cut off.
            Err(_) => false,
        }
    }

    /// A member that stays behind has been cut off before it costs more than it may.
    fn check_bounds(&self) {
        if self.outbox.has_ended() {
            return;
        }
        let behind = self.pushed_bytes.saturating_sub(self.came.len());
        let states = self.pushed.iter().filter(|kind| **kind == Pushed::State);
        // A state that was replaced is not there any more.
        let replaceable = 300 * states.count();
        let most = OUTBOX_BYTES_MAX + KERNEL_BYTES_MAX + replaceable;
        assert!(behind <= most, "{behind} bytes wait");
    }

    /// Reads the rest; the frames' first bytes and texts, and how many bytes of another frame there were.
    fn finish(mut self) {
        self.close();
        self.reader.set_nonblocking(false).expect("an option");
        self.reader
            .set_read_timeout(Some(WATCHDOG))
            .expect("an option");
        while self.read(60_000) {}
        assert_eq!(self.threads.join_all(WATCHDOG), 0, "a thread is stuck");
        let (frames, rest) = frames(&self.came);
        if !self.cut {
            assert_eq!(rest, 0, "half a frame");
            assert_eq!(frames.last().expect("some").0, 0x88, "a close frame");
        }
        self.check_frames(&frames);
    }

    fn check_frames(&self, frames: &[(u8, &[u8])]) {
        let mut newest = None;
        let mut came = BTreeMap::new();
        for (place, (first, payload)) in frames.iter().enumerate() {
            match *first {
                0x81 => {}
                0x88 => {
                    assert_eq!(place + 1, frames.len(), "something behind the close frame");
                    continue;
                }
                other => {
                    assert!(other == 0x89 || other == 0x8a, "{other:#x}");
                    continue;
                }
            }
            let said: serde_json::Value = serde_json::from_slice(payload).expect("JSON");
            let (kind, number) = match said["type"].as_str() {
                Some("ERROR") => {
                    let text = said["message"].as_str().expect("text");
                    let number = text.split(' ').next().expect("a word");
                    (Pushed::Single, number.parse().expect("a number"))
                }
                Some("STATE") => {
                    let number = said["payload"]["offset_sec"].as_u64().expect("a number");
                    (Pushed::State, number as usize)
                }
                _ => panic!("{said}"),
            };
            assert!(newest < Some(number), "{number} behind {newest:?}");
            newest = Some(number);
            came.insert(number, kind);
        }
        if self.cut {
            return;
        }
        let last_state = self.pushed.iter().rposition(|kind| *kind == Pushed::State);
        for (number, kind) in self.pushed.iter().enumerate() {
            let must_come = *kind == Pushed::Single || Some(number) == last_state;
            let is_there = came.get(&number) == Some(kind);
            assert!(is_there || !must_come, "{kind:?} {number} is missing");
        }
    }
}

/// Whole frames, and the bytes behind them.
fn frames(bytes: &[u8]) -> (Vec<(u8, &[u8])>, usize) {
    let mut found = Vec::new();
    let mut rest = bytes;
    while let Some((&[first, short], behind)) = rest.split_first_chunk() {
        let (length, behind) = match short {
            126 => match behind.split_first_chunk() {
                Some((long, behind)) => (usize::from(u16::from_be_bytes(*long)), behind),
                None => break,
            },
            0..126 => (usize::from(short), behind),
            _ => panic!("a masked or giant frame: {short}"),
        };
        let Some((payload, behind)) = behind.split_at_checked(length) else {
            break;
        };
        found.push((first, payload));
        rest = behind;
    }
    (found, rest.len())
}

#[test]
fn whatever_is_pushed_and_read_in_whatever_order_frames_are_whole_and_none_is_lost() {
    follow_plans(60);
}

#[test]
#[ignore = "takes minutes"]
fn whatever_is_pushed_and_read_in_many_more_orders() {
    follow_plans(2000);
}

fn follow_plans(seeds: u64) {
    let mut cut = 0;
    for_each_seed(seeds, |random| {
        let mut plan = Plan::new(random);
        for _ in 0..STEPS {
            plan.step();
            if plan.closed {
                break;
            }
        }
        cut += u32::from(!plan.closed && plan.outbox.has_ended());
        plan.finish();
    });
    // Both happen: members that keep up, and some that do not.
    eprintln!("{cut} of {seeds} were cut off");
}

/// Nobody reads: the one frame too many cuts the member off, and not one before.
#[test]
fn a_member_that_reads_nothing_is_cut_off_when_its_line_is_full() {
    for_each_seed(40, |random| {
        let mut plan = Plan::new(random);
        let mut pushed = 0;
        while !plan.outbox.has_ended() {
            plan.push_single();
            pushed += 1;
            assert!(pushed < 10_000, "it is never cut off");
        }
        assert!(pushed > OUTBOX_FRAMES_MAX, "{pushed} frames were too many");
        plan.finish();
    });
}

/// The other end is reset at any step: the outbox ends, and whoever pushes goes on.
#[test]
fn a_member_that_is_reset_at_any_step_is_over() {
    for_each_seed(120, |random| {
        let mut plan = Plan::new(random);
        let last = plan.random.below(STEPS);
        for _ in 0..last {
            plan.step();
        }
        let reader = std::mem::replace(&mut plan.reader, idle());
        SockRef::from(&reader)
            .set_linger(Some(Duration::ZERO))
            .expect("an option");
        drop(reader);
        let mut pushed = 0;
        while !plan.outbox.has_ended() {
            plan.outbox.push(&Frame::ping());
            pushed += 1;
            assert!(pushed < 1_000_000, "nobody notices");
        }
        assert_eq!(plan.threads.join_all(WATCHDOG), 0, "a thread is stuck");
    });
}

/// A socket that leads nowhere in particular.
fn idle() -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    TcpStream::connect(listener.local_addr().expect("its address")).expect("connected")
}
