//! A program that runs for a while, with all that it prints. Ended when dropped.

use super::server::WATCHDOG;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

pub struct Running {
    child: Child,
    stdout: Arc<Lines>,
    stderr: Arc<Lines>,
}

#[derive(Default)]
struct Lines {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Running {
    /// `command` has pipes for its output.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        Self {
            stdout: Lines::of(child.stdout.take().expect("a pipe")),
            stderr: Lines::of(child.stderr.take().expect("a pipe")),
            child,
        }
    }

    /// Waits for a line on standard output that has all of these.
    pub fn wait_for_stdout(&self, parts: &[&str]) -> String {
        self.wait_in(&self.stdout, &format!("line with {parts:?}"), |lines| {
            lines.iter().find(|line| has_all(line, parts)).cloned()
        })
    }

    /// Waits for a line on standard error that has all of these.
    pub fn wait_for_stderr(&self, parts: &[&str]) -> String {
        self.wait_in(&self.stderr, &format!("line with {parts:?}"), |lines| {
            lines.iter().find(|line| has_all(line, parts)).cloned()
        })
    }

    /// Waits for an event of `--json` for which `find` gives something.
    pub fn wait_for_event<T>(&self, what: &str, find: impl Fn(&Value) -> Option<T>) -> T {
        self.wait_in(&self.stdout, what, |lines| {
            lines
                .iter()
                .filter_map(|line| json(line))
                .find_map(|event| find(&event))
        })
    }

    /// Waits for the `done` events of `--json`, so many of them.
    pub fn wait_for_done(&self, count: usize) -> Vec<Value> {
        self.wait_in(&self.stdout, "downloads that are done", |lines| {
            let events = lines.iter().filter_map(|line| json(line));
            let done: Vec<Value> = events.filter(|event| event["event"] == "done").collect();
            (done.len() >= count).then_some(done)
        })
    }

    pub fn stdout(&self) -> Vec<String> {
        self.stdout.lines.lock().expect("no panic").clone()
    }

    pub fn stderr(&self) -> Vec<String> {
        self.stderr.lines.lock().expect("no panic").clone()
    }

    /// For a command with a pipe for its standard input.
    pub fn type_in(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("a pipe");
        stdin.write_all(text.as_bytes()).expect("it reads");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        super::server::run("kill", &[&format!("-{name}"), &self.pid().to_string()]);
    }

    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + WATCHDOG;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "it does not end: {}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end, which must be a success.
    pub fn wait_for_success(&mut self) {
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.said());
    }

    fn said(&self) -> String {
        format!(
            "standard output {:#?}, standard error {:#?}",
            self.stdout(),
            self.stderr()
        )
    }

    fn wait_in<T>(&self, from: &Lines, what: &str, find: impl Fn(&[String]) -> Option<T>) -> T {
        let deadline = Instant::now() + WATCHDOG;
        let mut lines = from.lines.lock().expect("no panic");
        loop {
            if let Some(found) = find(&lines) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(lines);
                panic!("no {what}: {}", self.said());
            }
            lines = from.more.wait_timeout(lines, left).expect("no panic").0;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Lines {
    fn of(from: impl Read + Send + 'static) -> Arc<Self> {
        let lines = Arc::new(Self::default());
        let own = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                own.lines.lock().expect("no panic").push(line);
                own.more.notify_all();
            }
        });
        lines
    }
}

fn has_all(line: &str, parts: &[&str]) -> bool {
    parts.iter().all(|part| line.contains(part))
}

fn json(line: &str) -> Option<Value> {
    serde_json::from_str(line).ok()
}

/// Looks again and again until there is something.
pub fn until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + WATCHDOG;
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A WAV file of `bytes` bytes (8 kHz, mono, 8 bit) that cannot be compressed, another one for each `mark`.
pub fn wav(mark: u64, bytes: u32) -> Vec<u8> {
    let samples = bytes - 44;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + samples).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data");
    file.extend(samples.to_le_bytes());
    let mut noise = vec![0; samples as usize];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&mark.to_le_bytes());
    hasher.finalize_xof().fill(&mut noise);
    file.extend(noise);
    file
}

pub fn track_id(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_string()
}
