//! The contestants: jam, and the same room on other stacks.

use crate::Outcome;
use crate::party::Party;
use crate::process::Process;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub const JAM: &str = "jam";
pub const FASTAPI: &str = "fastapi";
pub const WEBSOCKETS: &str = "websockets";
pub const WS: &str = "ws";
pub const BUN: &str = "bun";
pub const TOKIO_2K: &str = "tokio-2k";
pub const TOKIO: &str = "tokio";

/// A name on the command line, and what it stands for in the tables.
pub const RIVALS: &[(&str, &str)] = &[
    (FASTAPI, "FastAPI, uvicorn, uvloop"),
    (WEBSOCKETS, "Python websockets"),
    (WS, "Node.js ws"),
    (BUN, "Bun, native publish"),
    (TOKIO_2K, "tokio-tungstenite, 2 KiB read buffer"),
    (TOKIO, "tokio-tungstenite, default buffers"),
];

/// A server that can be started.
#[derive(Clone)]
pub struct Contestant {
    pub name: String,
    pub is_jam: bool,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(&'static str, PathBuf)>,
    log: PathBuf,
}

/// Where the servers and what they need are.
pub struct Places {
    /// `target/bench`, as `setup.sh` leaves it.
    pub tools: PathBuf,
    /// `benches/rooms/rivals`.
    pub rivals: PathBuf,
}

impl Contestant {
    /// A build of jam.
    #[must_use]
    pub fn jam(name: &str, binary: &Path, places: &Places) -> Self {
        let arguments = ["server", "--log", "warn", "--listen", ADDRESS];
        Self::new(name, binary.into(), &arguments, places)
    }

    /// # Errors
    /// Why it cannot be measured here.
    pub fn rival(name: &str, places: &Places) -> Result<Self, String> {
        let missing = places.tools.join("missing").join(tool_of(name));
        if let Ok(reason) = fs::read_to_string(missing) {
            return Err(reason.trim().into());
        }
        let script = |file: &str| places.rivals.join(file).display().to_string();
        let modules = places.tools.join("npm/node_modules");
        let python = || places.tools.join("venv/bin/python");
        let mut contestant = match name {
            FASTAPI => Self::new(name, python(), &[&script("fastapi_room.py"), PORT], places),
            WEBSOCKETS => Self::new(
                name,
                python(),
                &[&script("websockets_room.py"), PORT],
                places,
            ),
            WS => Self::new(name, "node".into(), &[&script("ws_room.js"), PORT], places),
            BUN => Self::new(
                name,
                places.tools.join("npm/bun"),
                &[&script("bun_room.js"), PORT],
                places,
            ),
            TOKIO_2K => Self::new(name, sibling("tokio-room")?, &[PORT, "2048"], places),
            TOKIO => Self::new(name, sibling("tokio-room")?, &[PORT], places),
            _ => return Err(format!("no contestant is called {name}")),
        };
        if name == WS {
            contestant.environment.push(("NODE_PATH", modules));
        }
        Ok(contestant)
    }

    fn new(name: &str, program: PathBuf, arguments: &[&str], places: &Places) -> Self {
        Self {
            name: name.into(),
            is_jam: name.starts_with(JAM),
            program,
            arguments: arguments.iter().map(|&it| it.into()).collect(),
            environment: Vec::new(),
            log: places.tools.join("logs").join(format!("{name}.log")),
        }
    }

    /// What it is in the tables.
    #[must_use]
    pub fn title(&self) -> &str {
        let known = RIVALS.iter().find(|(name, _)| *name == self.name);
        known.map_or(&self.name, |(_, title)| title)
    }

    /// The same with further arguments.
    #[must_use]
    pub fn with(&self, arguments: &[&str]) -> Self {
        let mut contestant = self.clone();
        let more = arguments.iter().map(|&it| String::from(it));
        contestant.arguments.extend(more);
        contestant
    }

    /// Starts it on a free port and waits until it accepts.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(&self) -> Outcome<Server> {
        const PATIENCE: Duration = Duration::from_secs(15);
        let address = free_address()?;
        let log = File::create(&self.log)?;
        let port = address.port().to_string();
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments.iter().map(|it| it.replace(PORT, &port)))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut process = Process::start(&mut command)?;
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if process.has_ended() || Instant::now() > deadline {
                return Err(format!("did not start, see {}", self.log.display()).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Server { process, address })
    }
}

/// A server that runs until this is dropped.
pub struct Server {
    pub process: Process,
    pub address: SocketAddr,
}

impl Server {
    /// # Errors
    /// When the system gives no epoll.
    pub fn party(&self) -> Outcome<Party> {
        Party::new(self.address)
    }
}

/// Stands for the port in an argument.
const PORT: &str = "{port}";
const ADDRESS: &str = "127.0.0.1:{port}";

/// What `setup.sh` calls the thing that a rival needs.
fn tool_of(name: &str) -> &str {
    match name {
        FASTAPI | WEBSOCKETS => "python",
        WS | BUN => "npm",
        _ => "cargo",
    }
}

/// A program that was built with this one.
fn sibling(name: &str) -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let path = own.with_file_name(name);
    match path.exists() {
        true => Ok(path),
        false => Err(format!("{} is missing", path.display())),
    }
}

/// Free a moment ago, which is good enough on a machine that measures.
fn free_address() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
