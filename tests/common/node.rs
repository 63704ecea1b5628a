//! Real `jam seed`, `jam fetch` and `jam peer` on free ports of this machine, and files for them.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Nothing in a test waits longer than this; whoever does has found a hang.
pub const WATCHDOG: Duration = Duration::from_secs(120);

pub const TRACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tracks/prelude5.wav");

/// A program that runs, and what it has printed so far. Killed when dropped.
pub struct Running {
    child: Child,
    pub stdout: Lines,
    pub stderr: Lines,
}

/// What comes out of a pipe, read by a thread until it ends.
pub struct Lines {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Lines {
    fn of(from: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let own_text = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut from = BufReader::new(from);
            let mut line = Vec::new();
            while from
                .read_until(b'\n', &mut line)
                .is_ok_and(|count| count > 0)
            {
                let line = std::mem::take(&mut line);
                *own_text.lock().expect("no panic") += &String::from_utf8_lossy(&line);
            }
        });
        let reader = Some(reader);
        Self { text, reader }
    }

    pub fn so_far(&self) -> String {
        self.text.lock().expect("no panic").clone()
    }

    /// All of it, once the program has ended.
    fn all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("no panic");
        }
        self.so_far()
    }
}

/// How a program ended, and everything that it printed.
#[derive(Debug)]
pub struct Outcome {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let command = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stdout = Lines::of(child.stdout.take().expect("a pipe"));
        let stderr = Lines::of(child.stderr.take().expect("a pipe"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    pub fn jam(arguments: &[&str]) -> Self {
        Self::start(jam(arguments))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let kill = Command::new("kill")
            .args([&format!("-{name}"), &self.pid().to_string()])
            .stderr(Stdio::null())
            .status();
        kill.expect("kill");
    }

    pub fn kill(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }

    /// Waits until it has ended by itself.
    pub fn outcome(mut self) -> Outcome {
        let (stdout, stderr) = (&self.stdout, &self.stderr);
        let child = &mut self.child;
        let ended = || child.try_wait().expect("a child").is_some();
        let said = || format!("{}\n{}", stdout.so_far(), stderr.so_far());
        wait_until("the program ends", ended, said);
        let status = self.child.wait().expect("a child");
        Outcome {
            status,
            stdout: self.stdout.all(),
            stderr: self.stderr.all(),
        }
    }

    /// As `outcome`, and it has to have done what it should.
    pub fn success(self) -> Outcome {
        let outcome = self.outcome();
        assert!(outcome.status.success(), "{outcome:?}");
        outcome
    }

    fn said(&self) -> String {
        format!("{}\n{}", self.stdout.so_far(), self.stderr.so_far())
    }

    /// Waits until standard error has a line with all of these.
    pub fn wait_for_error_line(&mut self, parts: &[&str]) -> String {
        let mut found = None;
        let stderr = Arc::clone(&self.stderr.text);
        let look = || {
            let text = stderr.lock().expect("no panic");
            let mut lines = text.lines();
            found = lines
                .find(|line| parts.iter().all(|part| line.contains(part)))
                .map(str::to_owned);
            found.is_some()
        };
        wait_until(&format!("{parts:?} on standard error"), look, || {
            self.said()
        });
        found.expect("it came true")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Outcome {
    /// What `jam fetch --json` printed: one value a line.
    pub fn events(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
            })
            .collect()
    }

    /// The last line of `jam fetch --json`, which has to be of this event.
    pub fn last_event(&self, event: &str) -> Value {
        let last = self.events().pop();
        let last = last.unwrap_or_else(|| panic!("nothing printed: {self:?}"));
        assert_eq!(last["event"], event, "{self:?}");
        last
    }
}

/// A `jam seed` that serves.
pub struct Seed {
    pub running: Running,
    pub port: u16,
    /// Of its tracks, in the order of the files.
    pub ids: Vec<String>,
}

impl Seed {
    pub fn start(files: &[&Path], more: &[&str]) -> Self {
        let mut arguments = vec!["seed", "--listen-port", "0"];
        arguments.extend(more);
        arguments.extend(files.iter().map(|file| file.to_str().expect("text")));
        Self::start_command(jam(&arguments))
    }

    pub fn start_command(command: Command) -> Self {
        let running = Running::start(command);
        let is_ready = || running.stdout.so_far().contains("Ctrl-C");
        wait_until("the seed serves", is_ready, || running.said());
        let greeting = running.stdout.so_far();
        let after = |mark: &str| {
            let lines = greeting.lines().filter(|line| line.starts_with(mark));
            lines
                .map(|line| line[mark.len()..].trim().to_owned())
                .collect::<Vec<String>>()
        };
        let (ids, commands) = (after("track "), after("fetch "));
        let address = commands[0].split_once("--connect ").expect("an address").1;
        let address = address.split(' ').next().expect("an address");
        let port = address.trim_matches('\'').rsplit(':').next();
        let port = port.and_then(|port| port.parse().ok()).expect("a port");
        Self { running, port, ids }
    }

    pub fn id(&self) -> &str {
        &self.ids[0]
    }

    pub fn at(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

/// `jam fetch` of this track from these, as JSON, on a free port.
pub fn fetch(id: &str, from: &[&str], folder: &Path, more: &[&str]) -> Running {
    let mut arguments = vec!["fetch", id, "--json", "--listen-port", "0", "--connect"];
    arguments.extend(from);
    arguments.extend(["--output", folder.to_str().expect("text")]);
    arguments.extend(more);
    Running::jam(&arguments)
}

/// The real binary.
pub fn jam(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jam"));
    command.args(arguments).env_remove("JAM_LOG");
    command
}

/// Waits for a condition; `said` tells what there was instead if it never comes.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool, said: impl FnOnce() -> String) {
    let deadline = Instant::now() + WATCHDOG;
    while !condition() {
        if Instant::now() >= deadline {
            panic!("waited in vain until {what}: {}", said());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What cannot be guessed or compressed away, the same for the same `mark`.
pub fn noise(mark: u64, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&mark.to_le_bytes());
    hasher.finalize_xof().fill(&mut noise);
    noise
}

/// Whether the file at `path` has exactly these bytes, also in the eyes of `b3sum` where there is one.
pub fn assert_same(path: &Path, bytes: &[u8]) {
    let found = std::fs::read(path).expect("the file");
    assert!(found == bytes, "{} has other bytes", path.display());
    let mut b3sum = Command::new("b3sum");
    if let Ok(output) = b3sum.arg("--no-names").arg(path).output() {
        let printed = String::from_utf8(output.stdout).expect("text");
        assert_eq!(printed.trim(), blake3::hash(bytes).to_string());
    }
}

/// The part of a download in a folder, if there is one.
pub fn part_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.find(|path| path.extension().is_some_and(|ending| ending == "part"))
}

/// The sum of what came from everybody, as `done` tells it.
pub fn bytes_from(done: &Value) -> u64 {
    let sources = done["sources"].as_array().expect("a list");
    let bytes = sources.iter().filter_map(|source| source["bytes"].as_u64());
    bytes.sum()
}

/// A port that stays this test's own while nobody listens there: below those that the system gives out by itself, to
/// whoever asks for any port and to whoever dials.
pub fn free_port() -> u16 {
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 18_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Other test programs begin elsewhere.
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(turn < COUNT, "no free port");
        let port = FIRST + (std::process::id().wrapping_mul(97) + turn) % COUNT;
        let port = u16::try_from(port).expect("a port");
        if TcpListener::bind(("::", port)).is_ok() {
            return port;
        }
    }
}
