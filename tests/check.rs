//! `jam check` over real sockets: a good way, and every kind of bad one that this machine can make by itself.

use crate::common::server as common;

use common::{WATCHDOG, jam};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// `jam check --listen-port 0`; killed when dropped.
struct Waiting {
    child: Child,
    address: SocketAddr,
    greeting: Vec<String>,
    lines: Receiver<String>,
}

impl Waiting {
    fn start(arguments: &[&str]) -> Self {
        let mut command = jam(&["check", "--listen-port", "0"]);
        let mut child = command.args(arguments).spawn().expect("jam starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _gone = sender.send(line);
            }
        });
        let mut greeting = vec![lines.recv_timeout(WATCHDOG).expect("a greeting")];
        let json = arguments.contains(&"--json");
        while !json && !greeting.last().expect("a line").contains("Ctrl-C") {
            greeting.push(lines.recv_timeout(WATCHDOG).expect("a greeting"));
        }
        let digits =
            |text: &str| -> String { text.chars().take_while(char::is_ascii_digit).collect() };
        let marker = if json { "\"port\":" } else { "on port " };
        let (_, after) = greeting[0].split_once(marker).expect("a port");
        let port: u16 = digits(after).parse().expect("a port");
        Self {
            child,
            address: SocketAddr::new([127, 0, 0, 1].into(), port),
            greeting,
            lines,
        }
    }

    fn told(&self) -> String {
        self.lines
            .recv_timeout(WATCHDOG)
            .expect("a word about the check")
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[derive(Debug)]
struct Checked {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    took: Duration,
}

fn check(arguments: &[&str]) -> Checked {
    let began = Instant::now();
    let output = jam(&["check"]).args(arguments).output().expect("jam");
    Checked {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
        took: began.elapsed(),
    }
}

/// What is wrong with the way to `address`: its kind, its sentence and the whole answer. The exit code must be 1, and the
/// sentence one line on standard error.
fn trouble(address: SocketAddr) -> (String, String, Value) {
    let checked = check(&["--json", &address.to_string()]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.took < Duration::from_secs(45), "{checked:?}");
    let value: Value = serde_json::from_str(&checked.stdout).expect("JSON");
    assert_eq!(value["ok"], false);
    let text = |field: &str| value["trouble"][field].as_str().expect("text").to_owned();
    assert_eq!(checked.stderr, format!("jam: {}\n", text("text")));
    (text("kind"), text("text"), value)
}

/// Takes connections and does this with each.
fn listening(serve: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(socket));
        }
    });
    address
}

/// What a proxy does with the bytes of one direction: `number` of bytes passed so far, and the bytes.
type Meddle = fn(number: usize, bytes: &mut [u8]) -> Pass;

enum Pass {
    On,
    Drop,
    Cut,
}

/// Passes everything on to `target`, but for what the meddlers do with it.
fn proxy(target: SocketAddr, there: Meddle, back: Meddle) -> SocketAddr {
    listening(move |near| {
        let far = TcpStream::connect(target).expect("the target listens");
        let (near2, far2) = (
            near.try_clone().expect("a clone"),
            far.try_clone().expect("a clone"),
        );
        let other = std::thread::spawn(move || pass(far2, near2, back));
        pass(near, far, there);
        other.join().expect("the other direction");
    })
}

fn pass(mut from: TcpStream, mut to: TcpStream, meddle: Meddle) {
    let mut buffer = [0; 4096];
    let mut number = 0;
    let mut broken = false;
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = &mut buffer[..count];
        match meddle(number, bytes) {
            Pass::On if to.write_all(bytes).is_err() => break,
            Pass::On => {}
            Pass::Drop => broken = true,
            Pass::Cut => {
                let _gone = to.shutdown(Shutdown::Both);
                let _gone = from.shutdown(Shutdown::Both);
            }
        }
        number += count;
    }
    // On a way that loses things the goodbye is lost, too.
    if !broken {
        let _gone = to.shutdown(Shutdown::Write);
    }
}

const HONEST: Meddle = |_, _| Pass::On;
const DEAF: Meddle = |_, _| Pass::Drop;
/// Past the handshake and the echoes.
const LATER: usize = 30_000;

// ---- a good way -----------------------------------------------------------------------------------

#[test]
fn a_good_way_is_measured_on_both_sides_any_number_of_times() {
    let waiting = Waiting::start(&[]);
    assert!(waiting.greeting[0].contains("Type on the other machine"));
    for _ in 0..3 {
        let checked = check(&[&waiting.address.to_string()]);
        assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""));
        for part in [
            "all is well",
            "connected",
            "round trip",
            "there",
            "back",
            "every byte right",
        ] {
            assert!(checked.stdout.contains(part), "{part}: {}", checked.stdout);
        }
        let told = waiting.told();
        assert!(
            told.starts_with("127.0.0.1: all is well: round trip"),
            "{told}"
        );
    }
}

#[test]
fn the_results_are_there_for_programs() {
    let mut waiting = Waiting::start(&["--json"]);
    let port = waiting.address.port();
    for target in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
    ] {
        let checked = check(&["--json", &target]);
        assert_eq!(
            (checked.code, checked.stderr.as_str()),
            (Some(0), ""),
            "{target}"
        );
        let value: Value = serde_json::from_str(&checked.stdout).expect("JSON");
        assert_eq!(value["target"], *target);
        assert_eq!(
            (&value["ok"], &value["trouble"]),
            (&true.into(), &Value::Null)
        );
        for number in [
            "connect_ms",
            "round_trip_ms",
            "there_bytes_per_sec",
            "back_bytes_per_sec",
        ] {
            assert!(value[number].as_f64() > Some(0.0), "{number}: {value}");
        }
        let told: Value = serde_json::from_str(&waiting.told()).expect("JSON");
        assert_eq!(told["ok"], true);
    }
    common::run("kill", &["-INT", &waiting.child.id().to_string()]);
    assert_eq!(waiting.child.wait().expect("a child").code(), Some(0));
}

#[test]
fn many_checks_at_a_time_are_answered_or_told_to_wait() {
    let waiting = Waiting::start(&[]);
    let address = waiting.address;
    let checks: Vec<_> = (0..12)
        .map(|_| std::thread::spawn(move || check(&[&address.to_string()])))
        .collect();
    for done in checks {
        let checked = done.join().expect("a check");
        assert_eq!(checked.code, Some(0), "{checked:?}");
    }
    // All places taken by those who say nothing: the next one is told so at once.
    let silent: Vec<_> = (0..16)
        .map(|_| TcpStream::connect(address).expect("a connection"))
        .collect();
    let busy = check(&[&address.to_string()]);
    assert!(
        busy.stderr.contains("too many checks at a time"),
        "{busy:?}"
    );
    drop(silent);
}

// ---- nobody there ---------------------------------------------------------------------------------

#[test]
fn a_port_where_nobody_listens_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let (kind, text, _) = trouble(address);
    assert_eq!(kind, "refused");
    assert!(
        text.contains("nobody listens there, or a firewall rejects it"),
        "{text}"
    );
    assert!(
        text.contains(&format!("jam check --listen-port {}", address.port())),
        "{text}"
    );
}

#[test]
fn a_listener_that_never_answers_times_out() {
    // A full backlog: the system takes no further connection and says nothing.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    socket.bind(&any.into()).expect("a port");
    socket.listen(0).expect("a backlog of none");
    let address = socket
        .local_addr()
        .expect("an address")
        .as_socket()
        .expect("IPv4");
    let mut held = Vec::new();
    while let Ok(socket) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        held.push(socket);
    }
    let (kind, text, _) = trouble(address);
    assert_eq!(kind, "timed_out");
    for part in ["a firewall drops the connection", "client isolation"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_name_that_does_not_exist_is_no_machine() {
    let checked = check(&["--json", "no-such-machine.invalid:9001"]);
    assert_eq!(checked.code, Some(1));
    assert!(
        checked.stderr.contains("no-such-machine.invalid"),
        "{checked:?}"
    );
}

// ---- somebody else there --------------------------------------------------------------------------

#[test]
fn what_is_not_jam_is_told_with_what_it_says() {
    let ssh = listening(|mut socket| {
        let _gone = socket.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
        std::thread::sleep(Duration::from_secs(1));
    });
    let (kind, text, _) = trouble(ssh);
    assert_eq!(kind, "not_jam");
    assert!(
        text.contains("\"SSH-2.0-OpenSSH_9.2p1 Debian-2\""),
        "{text}"
    );

    let http = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = http.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut socket in http.incoming().flatten() {
            let mut unread = [0; 1024];
            let _request = socket.read(&mut unread);
            let _gone = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let (kind, text, _) = trouble(address);
    assert_eq!(kind, "not_jam");
    assert!(text.contains("HTTP/1.1 400 Bad Request"), "{text}");

    let binary = listening(|mut socket| {
        let _gone = socket.write_all(&[0x16, 3, 1, 0, 0, 0xff, 0x1b, b'[']);
        std::thread::sleep(Duration::from_secs(1));
    });
    let (kind, text, _) = trouble(binary);
    assert_eq!(kind, "not_jam");
    assert!(text.contains("bytes that are no text"), "{text}");

    let short = listening(|mut socket| {
        let _hello = socket.read(&mut [0; 1024]);
        let _gone = socket.write_all(b"no");
    });
    assert_eq!(trouble(short).0, "not_jam");
}

#[test]
fn somebody_who_hangs_up_or_says_nothing_is_told_apart() {
    let hangs_up = listening(drop);
    let (kind, text, value) = trouble(hangs_up);
    assert!(kind == "hung_up" || kind == "cut", "{text}");
    assert!(value["connect_ms"].as_f64() > Some(0.0));
    let silent = listening(|mut socket| {
        let mut unread = Vec::new();
        let _end = socket.read_to_end(&mut unread);
    });
    let (kind, text, _) = trouble(silent);
    assert_eq!(kind, "silent");
    assert!(
        text.contains("takes connections, but nothing comes back"),
        "{text}"
    );
}

#[test]
fn another_version_of_the_protocol_is_told_as_such() {
    let refuses = listening(|mut socket| {
        let mut hello = [0; 84];
        let _gone = socket.read_exact(&mut hello);
        let _gone = socket.write_all(&[0, 0, 0, 5, 0x0f, 1, b'o', b'l', b'd']);
        let _end = socket.read(&mut hello);
    });
    let (kind, text, _) = trouble(refuses);
    assert_eq!(kind, "version");
    assert!(text.contains("same jam on both sides"), "{text}");

    let waiting = Waiting::start(&[]);
    let mut newer = TcpStream::connect(waiting.address).expect("a connection");
    newer.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
    let mut hello = vec![0, 0, 0, 80, 1];
    hello.extend_from_slice(b"jamswarm\x02\x03");
    hello.resize(84, 0);
    newer.write_all(&hello).expect("sent");
    let mut refusal = Vec::new();
    newer.read_to_end(&mut refusal).expect("a refusal");
    assert_eq!(refusal[4..6], [0x0f, 1]);
    assert!(waiting.told().contains("speaks version 2"));
}

#[test]
fn a_jam_that_takes_part_in_no_checks_can_be_reached_all_the_same() {
    let refuses = listening(|mut socket| {
        let mut hello = [0; 84];
        let _gone = socket.read_exact(&mut hello);
        let _gone = socket.write_all(b"\0\0\0\x0c\x0f\x09no\x1b[31mcheck");
        let _end = socket.read(&mut hello);
    });
    let (kind, text, _) = trouble(refuses);
    assert_eq!(kind, "no_checks");
    assert!(
        text.contains("is jam and can be reached") && !text.contains('\u{1b}'),
        "{text}"
    );
}

// ---- a bad way ------------------------------------------------------------------------------------

#[test]
fn wrong_bytes_are_found_each_way_and_the_way_is_told() {
    let waiting = Waiting::start(&[]);
    // One bit of one byte somewhere in the middle of the data.
    let corrupt: Meddle = |number, bytes| {
        if number <= 500_000 && 500_000 < number + bytes.len() {
            bytes[500_000 - number] ^= 1;
        }
        Pass::On
    };
    for (there, back, expected) in [
        (corrupt, HONEST, "on the way from here to"),
        (HONEST, corrupt, "to here"),
    ] {
        let (kind, text, value) = trouble(proxy(waiting.address, there, back));
        assert_eq!(kind, "wrong_bytes", "{value}");
        assert!(text.contains(expected), "{text}");
        assert!(value["round_trip_ms"].as_f64() > Some(0.0), "{value}");
        waiting.told();
    }
    let garbled: Meddle = |_, bytes| {
        bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
        Pass::On
    };
    let (kind, _, value) = trouble(proxy(waiting.address, HONEST, garbled));
    assert_eq!(kind, "not_jam", "{value}");
}

#[test]
fn when_only_one_direction_works_it_is_told_which() {
    let waiting = Waiting::start(&[]);
    let (kind, text, _) = trouble(proxy(waiting.address, DEAF, HONEST));
    assert_eq!(kind, "lost_there");
    assert!(
        text.contains("what is sent from here is lost on the way there"),
        "{text}"
    );
    let told = waiting.told();
    assert!(told.contains("sent nothing"), "{told}");

    let (kind, text, _) = trouble(proxy(waiting.address, HONEST, DEAF));
    assert_eq!(kind, "silent");
    assert!(
        text.contains("look at what `jam check --listen-port"),
        "{text}"
    );
    let told = waiting.told();
    assert!(told.contains("only one direction works"), "{told}");
}

#[test]
fn a_direction_that_stops_working_is_told_with_how_far_it_came() {
    let waiting = Waiting::start(&[]);
    let stops: Meddle = |number, _| match number < LATER {
        true => Pass::On,
        false => Pass::Drop,
    };
    let (kind, text, _) = trouble(proxy(waiting.address, stops, HONEST));
    assert_eq!(kind, "stopped");
    assert!(text.contains("bytes on the way from here to"), "{text}");
    assert!(waiting.told().contains("coming here"));
    let (kind, text, _) = trouble(proxy(waiting.address, HONEST, stops));
    assert_eq!(kind, "stopped");
    assert!(text.contains("to here"), "{text}");
    let told = waiting.told();
    assert!(told.contains("going there"), "{told}");
}

#[test]
fn a_way_where_only_small_things_pass_is_told_as_that() {
    let waiting = Waiting::start(&[]);
    // What comes in one piece of more than a packet is lost, and everything behind it, as with TCP.
    let small: Meddle = |number, bytes| match number < 2_000 && bytes.len() < 1_000 {
        true => Pass::On,
        false => Pass::Drop,
    };
    for (there, back, expected) in [
        (small, HONEST, "large_lost_there"),
        (HONEST, small, "large_lost_back"),
    ] {
        let (kind, text, value) = trouble(proxy(waiting.address, there, back));
        assert_eq!(kind, expected, "{value}");
        assert!(text.contains("MTU"), "{text}");
        waiting.told();
    }
}

#[test]
fn a_connection_that_is_cut_in_the_middle_is_told_as_that() {
    let waiting = Waiting::start(&[]);
    let cuts: Meddle = |number, _| match number < LATER {
        true => Pass::On,
        false => Pass::Cut,
    };
    let (kind, text, _) = trouble(proxy(waiting.address, cuts, HONEST));
    assert_eq!(kind, "cut");
    assert!(text.contains("cut the connection"), "{text}");
    assert!(waiting.told().contains("cut off in the middle"));
}

// ---- hostile others -------------------------------------------------------------------------------

#[test]
fn a_hostile_visitor_costs_the_one_who_waits_nothing_but_that_visit() {
    let waiting = Waiting::start(&[]);
    let visit = |bytes: &[u8]| {
        let mut socket = TcpStream::connect(waiting.address).expect("a connection");
        socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
        let _gone = socket.write_all(bytes);
        let mut answer = Vec::new();
        let _gone = socket.read_to_end(&mut answer);
        answer
    };
    let http = visit(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(http, b"", "nothing that a browser would show");
    assert!(waiting.told().contains("\"GET / HTTP/1.1\""));
    for bytes in [
        &[0xff; 64][..],
        &[0, 0, 0, 0],
        &[0, 0, 0, 1, 0x44],
        b"\0\0\0\x02\x01x",
    ] {
        visit(bytes);
        let told = waiting.told();
        assert!(told.contains("is not jam"), "{told}");
    }
    // A length is claimed and not kept.
    visit(&[0, 0, 0x40, 1, 1, b'j']);
    waiting.told();
    let checked = check(&[&waiting.address.to_string()]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[test]
fn an_endless_answerer_is_not_listened_to_for_ever() {
    let endless = listening(
        |mut socket| {
            while socket.write_all(&[b'x'; 4096]).is_ok() {}
        },
    );
    assert_eq!(trouble(endless).0, "not_jam");
    // Frames of a length that is allowed, but nothing that was asked for.
    let frames = listening(|mut socket| {
        let frame = [&[0, 0, 0x10, 0, 0x43][..], &[7; 4095]].concat();
        while socket.write_all(&frame).is_ok() {}
    });
    assert_eq!(trouble(frames).0, "not_jam");
}

// ---- this machine ---------------------------------------------------------------------------------

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind("[::]:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let checked = check(&["--listen-port", &port]);
    assert_eq!(checked.code, Some(1));
    assert!(checked.stderr.contains("choose another one"), "{checked:?}");
}

// ---- a network of its own -------------------------------------------------------------------------

/// Runs this script in a network of its own, where nothing but loopback exists and root may do anything; what it printed.
/// `$JAM` is the program, and `listen` starts `$JAM check --listen-port 9001` and waits until it listens.
fn in_own_network(script: &str) -> String {
    let prelude = "set -eu
        ip link set lo up
        listen() {
            $JAM check --listen-port 9001 >\"$TMP\" & listener=$!
            until grep -q Ctrl-C \"$TMP\"; do sleep 0.05; done
        }
        hush() { kill $listener; wait $listener; cat \"$TMP\"; }
        drop_in() { nft add table inet t; nft add chain inet t i '{ type filter hook input priority 0; }'
            nft add rule inet t i \"$@\"; }
        check() { $JAM check --json \"$1\" || true; }
        ";
    let folder = std::env::temp_dir();
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let tmp = folder.join(format!("jam-check-{}-{number}", std::process::id()));
    let output = Command::new("unshare")
        .args([
            "--map-root-user",
            "--net",
            "sh",
            "-c",
            &format!("{prelude}{script}"),
        ])
        .env("JAM", env!("CARGO_BIN_EXE_jam"))
        .env("TMP", &tmp)
        .env(
            "PATH",
            format!(
                "{}:/usr/sbin:/sbin",
                std::env::var("PATH").unwrap_or_default()
            ),
        )
        .stdin(Stdio::null())
        .output()
        .expect("unshare, of util-linux");
    let _never_made = std::fs::remove_file(&tmp);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "a network of its own needs ip and nft (make test-setup installs iproute2 and nftables) and the right to \
         make one (run the tests as root, or allow unprivileged user namespaces): {stderr}"
    );
    String::from_utf8(output.stdout).expect("text")
}

fn kinds(output: &str) -> Vec<String> {
    let values = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    values
        .map(|value| {
            value["trouble"]["kind"]
                .as_str()
                .unwrap_or("none")
                .to_owned()
        })
        .collect()
}

#[test]
fn a_firewall_that_drops_looks_different_from_one_that_rejects() {
    let output = in_own_network(
        "listen
        check 127.0.0.1:9001
        drop_in tcp dport 9001 drop
        check 127.0.0.1:9001
        nft flush ruleset; drop_in tcp dport 9001 reject with tcp reset
        check 127.0.0.1:9001
        nft flush ruleset; drop_in tcp dport 9001 reject with icmpx type admin-prohibited
        check 127.0.0.1:9001
        nft flush ruleset
        check 127.0.0.1:9001
        hush",
    );
    assert_eq!(
        kinds(&output),
        ["none", "timed_out", "refused", "unreachable", "none"],
        "{output}"
    );
}

#[test]
fn no_way_there_is_told_as_that() {
    let output = in_own_network(
        "check 192.0.2.1:9001
        ip link add veth-a type veth peer name veth-b
        ip addr add 192.0.2.7/24 dev veth-a
        ip link set veth-a up; ip link set veth-b up
        ip route add unreachable 198.51.100.0/25
        ip route add blackhole 198.51.100.128/25
        ip route add prohibit 203.0.113.0/24
        check 198.51.100.1:9001
        check 198.51.100.200:9001
        check 203.0.113.1:9001
        check 192.0.2.1:9001",
    );
    let found = kinds(&output);
    assert_eq!(
        found[..4],
        ["unreachable", "unreachable", "unreachable", "forbidden"],
        "{output}"
    );
    // Nobody answers the question who has this address.
    assert!(
        found[4] == "unreachable" || found[4] == "timed_out",
        "{output}"
    );
}

#[test]
fn packets_of_full_size_that_vanish_are_noticed_each_way() {
    let output = in_own_network(
        "listen
        ip link set lo mtu 1500
        drop_in tcp dport 9001 meta length '>' 1000 drop
        check 127.0.0.1:9001
        nft flush ruleset; drop_in tcp sport 9001 meta length '>' 1000 drop
        check 127.0.0.1:9001
        nft flush ruleset
        check 127.0.0.1:9001
        hush",
    );
    assert_eq!(
        kinds(&output),
        ["large_lost_there", "large_lost_back", "none"],
        "{output}"
    );
    assert!(
        output.contains("the data stopped after 0 bytes, coming here"),
        "{output}"
    );
}

#[test]
fn a_way_that_is_lost_in_the_middle_is_told_whichever_it_is() {
    let output = in_own_network(
        "listen
        drop_in tcp dport 9001 ct original packets '>' 3 drop
        check 127.0.0.1:9001
        nft flush ruleset; drop_in tcp sport 9001 ct reply packets '>' 3 drop
        check 127.0.0.1:9001
        hush",
    );
    let found = kinds(&output);
    assert_eq!(found.len(), 2, "{output}");
    for kind in found {
        assert!(
            kind.starts_with("lost_") || kind == "silent",
            "{kind}: {output}"
        );
    }
}
