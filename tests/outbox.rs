//! A member's outbox under many threads and a reader that takes little at a time: what is drawn at random is how the
//! threads meet. Frames never mix, each thread's stay in order, and none is lost.

use crate::common::random::{Random, for_each_seed};
use jam::room::close::CloseReason;
use jam::room::message::{ServerMessage, State, Status};
use jam::server::outbox::{Frame, Outbox};
use jam::sys::threads::Threads;
use socket2::SockRef;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

const WATCHDOG: Duration = Duration::from_secs(120);
const PUSHERS: usize = 4;
const FRAMES: usize = 60;
/// So many of a thread's frames may be on their way: of all threads fewer than an outbox keeps.
const AHEAD_MAX: usize = 12;

struct Line {
    outbox: Arc<Outbox>,
    reader: TcpStream,
    threads: Threads,
}

/// An outbox whose socket takes a few KiB, and the other end.
fn line() -> Line {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let reader =
        TcpStream::connect(listener.local_addr().expect("its address")).expect("connected");
    let (socket, _) = listener.accept().expect("accepted");
    for socket in [&reader, &socket] {
        let socket = SockRef::from(socket);
        socket.set_send_buffer_size(4096).expect("an option");
        socket.set_recv_buffer_size(4096).expect("an option");
    }
    socket.set_write_timeout(Some(WATCHDOG)).expect("an option");
    reader.set_read_timeout(Some(WATCHDOG)).expect("an option");
    let threads = Threads::default();
    let (socket, metrics) = (Arc::new(socket), Arc::default());
    let outbox = Outbox::new("somebody".into(), socket, threads.clone(), metrics);
    Line {
        outbox,
        reader,
        threads,
    }
}

/// The frames of a server, one after the other, however the bytes come.
struct Frames<'a> {
    socket: &'a TcpStream,
    unread: Vec<u8>,
    random: &'a mut Random,
}

impl Frames<'_> {
    /// The next frame's first byte and payload; `None` at the end.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((first, head_bytes, payload_bytes)) = head(&self.unread)
                && self.unread.len() >= head_bytes + payload_bytes
            {
                let rest = self.unread.split_off(head_bytes + payload_bytes);
                let frame = std::mem::replace(&mut self.unread, rest);
                return Some((first, frame[head_bytes..].to_vec()));
            }
            let mut buffer = [0; 3000];
            let count = 1 + self.random.below(buffer.len());
            if self.random.one_in(8) {
                std::thread::sleep(Duration::from_micros(self.random.below(2000) as u64));
            }
            match self.socket.read(&mut buffer[..count]).expect("bytes") {
                0 => {
                    assert_eq!(self.unread, [0; 0], "half a frame at the end");
                    return None;
                }
                count => self.unread.extend_from_slice(&buffer[..count]),
            }
        }
    }

    fn next_message(&mut self) -> serde_json::Value {
        let (first, payload) = self.next().expect("a frame");
        assert_eq!(first, 0x81, "a whole text frame");
        serde_json::from_slice(&payload).expect("JSON")
    }
}

/// First byte, bytes of the head and bytes of the payload, once all of the head is there.
fn head(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (&[first, short], rest) = bytes.split_first_chunk()?;
    match short {
        126 => {
            let long = u16::from_be_bytes(*rest.first_chunk()?);
            Some((first, 4, usize::from(long)))
        }
        0..126 => Some((first, 2, usize::from(short))),
        _ => panic!("a masked or giant frame: {short}"),
    }
}

fn numbered(pusher: usize, number: usize, more: usize) -> Arc<Frame> {
    let padding = "x".repeat(more);
    Frame::message(&ServerMessage::error(format!(
        "{pusher} {number} {padding}"
    )))
}

#[test]
fn frames_of_many_threads_stay_whole_and_in_order() {
    for_each_seed(5, |random| {
        let line = line();
        let mut read = [0; PUSHERS];
        std::thread::scope(|scope| {
            let mut ahead = Vec::new();
            for pusher in 0..PUSHERS {
                let outbox = Arc::clone(&line.outbox);
                let sizes: Vec<usize> = (0..FRAMES).map(|_| random.below(2500)).collect();
                // A place is free again when a frame was read.
                let (places, free) = crossbeam_channel::bounded(AHEAD_MAX);
                ahead.push(free);
                scope.spawn(move || {
                    for (number, size) in sizes.into_iter().enumerate() {
                        let taken = places.send_timeout((), WATCHDOG);
                        taken.expect("the reader goes on");
                        outbox.push(&numbered(pusher, number, size));
                    }
                });
            }
            let mut frames = Frames {
                socket: &line.reader,
                unread: Vec::new(),
                random,
            };
            for _ in 0..PUSHERS * FRAMES {
                let said = frames.next_message();
                let text = said["message"].as_str().expect("text");
                let mut words = text.split(' ').map_while(|word| word.parse::<usize>().ok());
                let (pusher, number) = (words.next().expect("a number"), words.next());
                assert_eq!(number, Some(read[pusher]), "of thread {pusher}");
                read[pusher] += 1;
                ahead[pusher].recv().expect("a place was taken");
            }
            line.outbox.close(CloseReason::Stopping);
            assert_eq!(frames.next().expect("a close frame").0, 0x88);
            assert!(frames.next().is_none(), "nothing comes behind it");
        });
        assert_eq!(line.threads.join_all(WATCHDOG), 0);
    });
}

fn state(number: u32) -> Arc<Frame> {
    Frame::message(&ServerMessage::State {
        payload: State {
            track_id: Some("x".repeat(200)),
            status: Status::Play,
            offset_sec: number.into(),
            timestamp: 0.0,
        },
    })
}

#[test]
fn a_newer_state_replaces_an_unsent_one_and_the_last_always_arrives() {
    const LAST: u32 = 3000;
    for_each_seed(5, |random| {
        let line = line();
        let outbox = Arc::clone(&line.outbox);
        std::thread::scope(|scope| {
            scope.spawn(move || (1..=LAST).for_each(|number| outbox.push(&state(number))));
            let mut frames = Frames {
                socket: &line.reader,
                unread: Vec::new(),
                random,
            };
            let mut newest = 0;
            while newest < u64::from(LAST) {
                let said = frames.next_message();
                let number = said["payload"]["offset_sec"].as_u64().expect("a number");
                assert!(number > newest, "{number} behind {newest}");
                newest = number;
            }
        });
        assert!(!line.outbox.has_ended());
        assert_eq!(line.threads.join_all(WATCHDOG), 0);
    });
}

/// Whatever is pushed while the close frame goes out: it is the last frame, and whole.
#[test]
fn nothing_comes_behind_a_close_frame() {
    for_each_seed(20, |random| {
        let line = line();
        let before = random.below(40);
        std::thread::scope(|scope| {
            for pusher in 0..PUSHERS {
                let outbox = Arc::clone(&line.outbox);
                scope.spawn(move || {
                    for number in 0..10 {
                        outbox.push(&numbered(pusher, number, 500));
                    }
                });
            }
            let outbox = Arc::clone(&line.outbox);
            scope.spawn(move || {
                (0..before).for_each(|_| std::thread::yield_now());
                outbox.close(CloseReason::Stopping);
            });
            let mut frames = Frames {
                socket: &line.reader,
                unread: Vec::new(),
                random,
            };
            let mut last = 0;
            while let Some((first, _)) = frames.next() {
                assert_eq!(last & 0x0f, if last == 0 { 0 } else { 1 });
                last = first;
            }
            assert_eq!(last, 0x88, "a close frame");
        });
        assert!(line.outbox.has_ended());
        assert_eq!(line.threads.join_all(WATCHDOG), 0);
    });
}
