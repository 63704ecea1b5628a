//! A real `jam server` on a free port, and clients that talk to it. Stopped when dropped.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tungstenite::protocol::WebSocket;
use tungstenite::{Error, Message};

/// Nothing in a test waits longer than this; whoever does has found a hang.
pub const WATCHDOG: Duration = Duration::from_secs(120);

pub const TRACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tracks/prelude5.wav");

pub struct TestServer {
    child: Child,
    pub address: SocketAddr,
    /// What it printed on standard output until it was ready.
    pub greeting: String,
    stderr: Receiver<String>,
}

impl TestServer {
    /// `jam server` on a free port of 127.0.0.1, with further arguments.
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = jam(&["server", "--listen", "127.0.0.1:0"]);
        command.args(arguments);
        Self::start_command(command)
    }

    pub fn start_command(mut command: Command) -> Self {
        let mut child = command.spawn().expect("jam starts");
        // A test that gives the program another standard error reads that itself, or not at all.
        let stderr = child.stderr.take().map_or_else(|| channel().1, lines);
        let stdout = lines(child.stdout.take().expect("a pipe"));
        let mut greeting = String::new();
        let port = loop {
            let Ok(line) = stdout.recv_timeout(WATCHDOG) else {
                let said: Vec<String> = stderr.try_iter().collect();
                panic!("jam did not start: {said:?}");
            };
            greeting += &format!("{line}\n");
            let after = line.split_once("localhost:").map(|(_, after)| after);
            if let Some(port) = after.and_then(|after| after.split('/').next()?.parse().ok()) {
                break port;
            }
        };
        greeting.extend(stdout.recv_timeout(WATCHDOG).map(|line| line + "\n"));
        Self {
            child,
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
            greeting,
            stderr,
        }
    }

    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).expect("the server accepts");
        socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
        socket
    }

    pub fn signal(&self, name: &str) {
        run("kill", &[&format!("-{name}"), &self.pid()]);
    }

    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + WATCHDOG;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(Instant::now() < deadline, "jam does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for a line of the log that has all of these.
    pub fn wait_for_log(&self, parts: &[&str]) -> String {
        let mut seen = Vec::new();
        while let Ok(line) = self.stderr.recv_timeout(WATCHDOG) {
            if parts.iter().all(|part| line.contains(part)) {
                return line;
            }
            seen.push(line);
        }
        panic!("no line with {parts:?} in the log: {seen:?}");
    }

    /// What the log says of this so far.
    pub fn log_so_far(&self) -> Vec<String> {
        self.stderr.try_iter().collect()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The real binary, with its output caught.
pub fn jam(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jam"));
    command
        .args(arguments)
        .env_remove("JAM_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Runs a program of the system to its end; what it printed.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error} (make test-setup installs it)"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {stderr}");
    String::from_utf8(output.stdout).expect("text")
}

/// A member of a room, or somebody who is about to be one.
pub struct Client<S = TcpStream>(pub WebSocket<S>);

impl Client {
    pub fn connect(server: &TestServer, room: &str) -> Self {
        let url = format!("ws://{}/ws/{room}", server.address);
        let (socket, _response) =
            tungstenite::client(&url, server.connect()).expect("the upgrade is granted");
        Self(socket)
    }

    /// Joins, and reads the first STATE and PEER.
    pub fn join(server: &TestServer, room: &str, role: &str) -> (Self, String) {
        let mut client = Self::connect(server, room);
        client.say(&format!(r#"{{"type":"HELLO","role":"{role}"}}"#));
        client.hear("STATE");
        let peer = client.hear("PEER");
        let peer_id = peer["peer_id"].as_str().expect("text").to_owned();
        (client, peer_id)
    }
}

impl<S: Read + Write> Client<S> {
    pub fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).expect("sent");
    }

    /// The next message, which must be of this type.
    pub fn hear(&mut self, kind: &str) -> Value {
        let message = self.next().expect("a message");
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// The next message of this type, whatever comes before.
    pub fn hear_next(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().expect("a message");
            if message["type"] == kind {
                return message;
            }
        }
    }

    pub fn next(&mut self) -> Result<Value, Error> {
        loop {
            if let Message::Text(text) = self.0.read()? {
                return Ok(serde_json::from_str(&text).expect("the server sends JSON"));
            }
        }
    }

    /// Reads on until the server closes; code and reason.
    pub fn hear_close(&mut self) -> (u16, String) {
        loop {
            match self.0.read() {
                Ok(Message::Close(Some(close))) => {
                    return (close.code.into(), close.reason.to_string());
                }
                Ok(_) => {}
                Err(error) => panic!("no close frame: {error}"),
            }
        }
    }
}

/// Sends these bytes on a new connection and gives everything that comes back until it ends.
pub fn exchange(server: &TestServer, request: &[u8]) -> String {
    let mut socket = server.connect();
    socket.write_all(request).expect("sent");
    let mut response = Vec::new();
    let _reset = socket.read_to_end(&mut response);
    String::from_utf8_lossy(&response).into_owned()
}
