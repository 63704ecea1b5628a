//! Askers that want to harm a `jam seed`: it lives, an honest fetch goes on meanwhile, and what they took comes back.

use crate::common::frames;
use crate::common::liar;
use crate::common::node;
use crate::common::random;
use crate::common::temp;

use frames::{encoded, examples, manifest_of};
use jam::limits::{SWARM_CONNECTIONS_PER_ADDRESS_MAX, SWARM_MESH_MAX};
use jam::swarm::frame::{Frame, NodeId, Request, Role, Want};
use jam::track::manifest::Manifest;
use liar::{Liar, Lie, Talk};
use node::{Seed, WATCHDOG, assert_same, fetch, free_port, noise, wait_until};
use random::{Random, for_each_seed};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use temp::TempFolder;

/// A seed, and what it serves.
struct Victim {
    folder: TempFolder,
    bytes: Vec<u8>,
    seed: Seed,
    /// Threads and descriptors before anybody came.
    before: (usize, usize),
}

impl Victim {
    fn start(bytes: usize) -> Self {
        let folder = TempFolder::new();
        let bytes = noise(6, bytes);
        let file = folder.write("song.bin", &bytes);
        let seed = Seed::start(&[&file], &["--chunk-size", "64KiB"]);
        let before = taken(seed.running.pid());
        Self {
            folder,
            bytes,
            seed,
            before,
        }
    }

    fn manifest(&self) -> Manifest {
        manifest_of("song.bin", &self.bytes, 16)
    }

    /// An honest fetch gets everything while others go on; it says to them when it is over, also when it was in vain.
    fn serves_meanwhile(&self, over: &AtomicBool) {
        let got = TempFolder::new();
        let mut honest = fetch(self.seed.id(), &[&self.seed.at()], got.path(), &[]);
        let until = Instant::now() + WATCHDOG;
        while !honest.has_ended() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        over.store(true, Ordering::Relaxed);
        assert!(honest.has_ended(), "{}", honest.stdout.so_far());
    }

    fn connect(&self) -> TcpStream {
        self.connect_from(1)
    }

    /// From 127.0.0.`host`.
    fn connect_from(&self, host: u8) -> TcpStream {
        let socket =
            Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
        let from = SocketAddr::from(([127, 0, 0, host], 0));
        socket
            .bind(&from.into())
            .expect("an address of this machine");
        socket
            .connect(&self.seed.address().into())
            .expect("connected");
        let socket = TcpStream::from(socket);
        socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
        socket
    }

    fn is_fetched(&self) {
        let got = TempFolder::new();
        fetch(self.seed.id(), &[&self.seed.at()], got.path(), &[]).success();
        assert_same(&got.join("song.bin"), &self.bytes);
    }

    /// Everything that others took is given back, and nobody was harmed.
    fn recovers(mut self) {
        self.is_fetched();
        let pid = self.seed.running.pid();
        let (threads, files) = self.before;
        let all_back = || {
            let now = taken(pid);
            now.0 <= threads && now.1 <= files
        };
        wait_until("everything is given back", all_back, || {
            format!("{:?}, and {:?} at first", taken(pid), (threads, files))
        });
        assert!(!self.seed.running.has_ended());
        assert_eq!(self.seed.running.stderr.so_far(), "");
        let _until_now = &self.folder;
    }
}

/// Threads and descriptors of a process.
fn taken(pid: u32) -> (usize, usize) {
    let count = |what: &str| {
        let folder = format!("/proc/{pid}/{what}");
        std::fs::read_dir(Path::new(&folder)).map_or(0, Iterator::count)
    };
    (count("task"), count("fd"))
}

/// Memory of a process that is really there, in bytes.
fn resident_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.expect("a number") * 1024
}

/// Everything that comes until the other side closes.
fn read_all(socket: &mut TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    match socket.read_to_end(&mut said) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("it does not close")
        }
        _ => said,
    }
}

#[test]
fn garbage_is_refused_and_the_connection_ends() {
    let victim = Victim::start(500_000);
    for said in [
        &b"GET / HTTP/1.1\r\nHost: jam\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.6\r\n",
        &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3],
        &[0; 64],
        &[0xff; 64],
        &[
            0, 0, 0, 80, 1, b'j', b'a', b'm', b's', b'w', b'a', b'r', b'm', 2,
        ],
        &[0, 0, 0, 1, 0x12],
    ] {
        let mut socket = victim.connect();
        socket.write_all(said).expect("sent");
        let _gone = socket.shutdown(Shutdown::Write);
        read_all(&mut socket);
    }
    victim.recovers();
}

#[test]
fn frames_that_are_broken_or_do_not_belong_there_end_the_connection() {
    let victim = Victim::start(500_000);
    let frames: Vec<Vec<u8>> = examples().iter().map(|example| example.bytes()).collect();
    let mut shaken_hands = 0;
    for_each_seed(150, |random: &mut Random| {
        let socket = victim.connect();
        let mut socket = if random.one_in(2) {
            shaken_hands += 1;
            Talk::dial(socket, &victim.manifest())
                .expect("the handshake")
                .0
        } else {
            socket
        };
        for _ in 0..=random.below(5) {
            let frame = random.pick(&frames).clone();
            // The other side may have closed already.
            let _sent = socket.write_all(&random.mutate(&frame));
        }
        let _gone = socket.shutdown(Shutdown::Write);
        read_all(&mut socket);
    });
    assert!(shaken_hands > 0 || std::env::var("JAM_TEST_SEED").is_ok());
    victim.recovers();
}

#[test]
fn a_chunk_behind_the_end_ends_the_connection() {
    let victim = Victim::start(500_000);
    let manifest = victim.manifest();
    let count = manifest.layout().count();
    for (want, news) in [
        (Want::Chunk(count), vec![]),
        (Want::Chunk(u32::MAX), vec![]),
        (Want::News, vec![count]),
        (Want::Any, vec![0, u32::MAX]),
    ] {
        let mut talk = Talk::dial(victim.connect(), &manifest).expect("the handshake");
        talk.say(&Frame::Request(Request { want, news }))
            .expect("sent");
        assert_eq!(read_all(&mut talk.0), [0; 0]);
    }
    victim.recovers();
}

/// A leecher that has the manifest and nothing else: its only source stopped in the middle of the first chunk.
#[test]
fn chunks_that_a_node_does_not_hold_are_answered_with_nothing() {
    let folder = TempFolder::new();
    let bytes = noise(6, 300_000);
    let manifest = manifest_of("song.bin", &bytes, 16);
    let id = manifest.id().to_string();
    let source = Liar::start(Lie::StopsMidChunk, manifest.clone(), bytes);
    let port = free_port();
    let got = folder.join("got");
    let more = ["--listen-port", &port.to_string()];
    let _leecher = fetch(&id, &[&source.at()], &got, &more);
    source.wait_for_lie();
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    let mut talk = Talk::dial(socket, &manifest).expect("the handshake");
    for _ in 0..50 {
        for index in 0..manifest.layout().count() {
            let (want, news) = (Want::Chunk(index), Vec::new());
            talk.say(&Frame::Request(Request { want, news }))
                .expect("sent");
            let answer = talk.read().expect("an answer");
            assert_eq!(answer[0], jam::swarm::frame::kind::EMPTY, "chunk {index}");
        }
    }
}

#[test]
fn two_hundred_connections_do_not_keep_an_honest_fetch_from_finishing() {
    let victim = Victim::start(8 << 20);
    let manifest = victim.manifest();
    let mut sockets: Vec<TcpStream> = Vec::new();
    for host in [2, 3] {
        for number in 0..100 {
            let socket = victim.connect_from(host);
            match Talk::dial(socket, &manifest) {
                Ok(talk) => sockets.push(talk.0),
                Err(error) => {
                    assert!(
                        number >= SWARM_CONNECTIONS_PER_ADDRESS_MAX,
                        "{number}: {error}"
                    );
                    assert!(
                        error
                            .to_string()
                            .contains("too many connections from your address")
                    );
                }
            }
        }
    }
    // A seed that has enough askers sends the others away after its INFO, so there may be more.
    assert!(sockets.len() >= 2 * SWARM_CONNECTIONS_PER_ADDRESS_MAX);
    let request = encoded(&Frame::Request(Request {
        want: Want::Chunk(1),
        news: Vec::new(),
    }));
    for socket in &mut sockets {
        let _gone = socket.write_all(&request);
    }
    victim.is_fetched();
    let resident = resident_bytes(victim.seed.running.pid());
    assert!(resident < 128 << 20, "{resident} bytes");
    drop(sockets);
    victim.recovers();
}

#[test]
fn connections_that_say_half_a_hello_are_ended() {
    let victim = Victim::start(500_000);
    let hello = examples()[0].bytes();
    let mut sockets: Vec<TcpStream> = (0..60)
        .map(|number| {
            let mut socket = victim.connect_from(2);
            socket.write_all(&hello[..number]).expect("sent");
            socket
        })
        .collect();
    victim.is_fetched();
    for socket in &mut sockets {
        read_all(socket);
    }
    victim.recovers();
}

#[test]
fn requests_without_reading_the_answers_fill_no_memory() {
    let victim = Victim::start(2 << 20);
    let manifest = victim.manifest();
    let flooders: Vec<TcpStream> = (0..10)
        .map(|_| {
            Talk::dial(victim.connect_from(2), &manifest)
                .expect("the handshake")
                .0
        })
        .collect();
    let request = encoded(&Frame::Request(Request {
        want: Want::Chunk(3),
        news: Vec::new(),
    }));
    let flood = request.repeat(10_000);
    for mut flooder in flooders.iter() {
        flooder.set_nonblocking(true).expect("an option");
        let _as_much_as_it_takes = flooder.write(&flood);
    }
    victim.is_fetched();
    let resident = resident_bytes(victim.seed.running.pid());
    assert!(resident < 128 << 20, "{resident} bytes");
    drop(flooders);
    victim.recovers();
}

#[test]
fn news_of_everything_a_thousand_times_over_changes_nothing() {
    let victim = Victim::start(2 << 20);
    let manifest = victim.manifest();
    let mut talk = Talk::dial(victim.connect(), &manifest).expect("the handshake");
    let news: Vec<u32> = (0..4096).map(|at| at % manifest.layout().count()).collect();
    for _ in 0..1000 {
        let request = Request {
            want: Want::Any,
            news: news.clone(),
        };
        talk.say(&Frame::Request(request)).expect("sent");
        let answer = talk.read().expect("an answer");
        assert_eq!(answer[0], jam::swarm::frame::kind::EMPTY);
    }
    drop(talk);
    victim.recovers();
}

/// They take all the places of those whom a node answers, and never pass anything on.
#[test]
fn askers_that_only_hold_their_places_do_not_shut_out_an_honest_fetch() {
    let victim = Victim::start(2 << 20);
    let manifest = victim.manifest();
    let idle: Vec<Talk> = (0..20)
        .map(|_| Talk::dial(victim.connect_from(2), &manifest).expect("the handshake"))
        .collect();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let request = encoded(&Frame::Request(Request {
                want: Want::News,
                news: Vec::new(),
            }));
            while !over.load(Ordering::Relaxed) {
                for talk in &idle {
                    let _refused = (&talk.0).write_all(&request);
                }
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        victim.serves_meanwhile(&over);
    });
}

/// They are one machine, whatever they say, and take whatever they get.
#[test]
fn one_machine_that_says_to_be_many_does_not_shut_out_an_honest_fetch() {
    greedy_ones_do_not_shut_out_an_honest_fetch(Talk::dial);
}

/// The same node, on twenty connections.
#[test]
fn one_node_that_is_there_many_times_does_not_shut_out_an_honest_fetch() {
    greedy_ones_do_not_shut_out_an_honest_fetch(|socket, manifest| {
        Talk::dial_as(NodeId(*b"the same"), Role::Ask, socket, manifest)
    });
}

fn greedy_ones_do_not_shut_out_an_honest_fetch(
    dial: fn(TcpStream, &Manifest) -> std::io::Result<Talk>,
) {
    let victim = Victim::start(2 << 20);
    let manifest = victim.manifest();
    let mut greedy: Vec<Talk> = (0..20)
        .map(|_| dial(victim.connect_from(2), &manifest).expect("the handshake"))
        .collect();
    let request = encoded(&Frame::Request(Request {
        want: Want::Chunk(1),
        news: Vec::new(),
    }));
    // The seed has sent each of them away or a chunk before the honest one comes.
    let mut ask = move || {
        greedy.retain_mut(|talk| talk.0.write_all(&request).is_ok() && talk.read().is_ok());
        greedy.len()
    };
    assert!(ask() >= SWARM_MESH_MAX);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                ask();
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        victim.serves_meanwhile(&over);
    });
}
