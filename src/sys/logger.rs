//! The log: one line each on standard error, `warn room jam1: ...`.
//!
//! Lines are written by a thread of their own, because standard error may be a pipe that nobody reads or a
//! terminal that somebody stopped: whoever logs never waits. What does not fit in the queue is counted and told, and so is
//! what one place of the program says too often (`log_places`).

use super::log_places::LogPlaces;
use crate::limits::{LOG_FLUSH_DEADLINE, LOG_LINES_EVERY, LOG_LINES_MAX, THREAD_STACK_BYTES};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// The target of lines that are held to their number where they are made.
pub const COUNTED: &str = "jam::counted";

/// To the beginning of the terminal's line, and nothing on it.
const EMPTY_LINE: &str = "\r\x1b[K";

enum Entry {
    Line(String),
    /// Answered when everything before it has been written.
    Flush(Sender<()>),
}

struct StderrLog {
    entries: OnceLock<Sender<Entry>>,
    lost_lines: AtomicU64,
    began: OnceLock<Instant>,
    places: Mutex<LogPlaces>,
    /// Who takes the lines instead, while a screen is on the terminal.
    diverted: Mutex<Option<Sender<String>>>,
    /// The terminal has a line that is rewritten.
    shares_line: AtomicBool,
}

static LOG: StderrLog = StderrLog {
    entries: OnceLock::new(),
    lost_lines: AtomicU64::new(0),
    began: OnceLock::new(),
    places: Mutex::new(LogPlaces::new()),
    diverted: Mutex::new(None),
    shares_line: AtomicBool::new(false),
};

/// The running log; what waits is written when it is dropped, if standard error takes it soon.
pub struct Logger(());

impl Logger {
    /// Lines of `level` and worse go to standard error from now on. Called once in a program.
    ///
    /// # Errors
    /// When the system has no room for the thread.
    pub fn start(level: LevelFilter) -> io::Result<Self> {
        let (sender, entries) = bounded(LOG_LINES_MAX);
        // Never joined without a limit: it may be stuck in a write for ever, and ends with the process.
        Builder::new()
            .name("log".into())
            .stack_size(THREAD_STACK_BYTES)
            .spawn(move || write_each(&entries))?;
        let _already_set = LOG.entries.set(sender);
        let _already_set = log::set_logger(&LOG);
        log::set_max_level(level);
        Ok(Self(()))
    }
}

/// Lines go somewhere else than to standard error until this is dropped.
pub struct Diverted(());

impl Diverted {
    /// What `to` has no room for is dropped: nobody waits for a screen.
    #[must_use]
    pub fn start(to: Sender<String>) -> Self {
        *diverted() = Some(to);
        Self(())
    }
}

impl Drop for Diverted {
    fn drop(&mut self) {
        *diverted() = None;
    }
}

/// From now on somebody rewrites a line on the terminal. A line of the log takes its place there; the other one comes back below
/// when it is written again.
pub fn make_way() {
    LOG.shares_line.store(true, Ordering::Relaxed);
}

fn diverted() -> MutexGuard<'static, Option<Sender<String>>> {
    // Whole between any two statements that hold it.
    LOG.diverted.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Logger {
    fn drop(&mut self) {
        let Some(entries) = LOG.entries.get() else {
            return;
        };
        let (done, written) = bounded(1);
        if entries
            .send_timeout(Entry::Flush(done), LOG_FLUSH_DEADLINE)
            .is_ok()
        {
            let _too_late = written.recv_timeout(LOG_FLUSH_DEADLINE);
        }
    }
}

impl Log for StderrLog {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= log::max_level() && metadata.target().starts_with("jam")
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = record.level().as_str().to_ascii_lowercase();
        let line = format!("{level} {}", record.args());
        // Who asks for more than is said by itself wants to see all of it.
        let is_counted = record.level() > Level::Info || record.target() == COUNTED;
        let place = record.file_static().zip(record.line());
        let line = match place.filter(|_| !is_counted) {
            None => line,
            Some(place) => match LOG.places().say(LOG.now(), place, line) {
                Some(line) => line,
                None => return,
            },
        };
        let line = Entry::Line(line + "\n");
        let taken = self
            .entries
            .get()
            .is_some_and(|entries| entries.try_send(line).is_ok());
        if !taken {
            self.lost_lines.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

impl StderrLog {
    fn now(&self) -> Duration {
        self.began.get_or_init(Instant::now).elapsed()
    }

    fn places(&self) -> MutexGuard<'_, LogPlaces> {
        // Whole between any two statements that hold it.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_each(entries: &Receiver<Entry>) {
    let mut stderr = io::stderr();
    loop {
        let entry = match entries.recv_timeout(LOG_LINES_EVERY) {
            Ok(entry) => Some(entry),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let lost = LOG.lost_lines.swap(0, Ordering::Relaxed);
        if lost > 0 {
            // Nobody is left to tell when standard error is gone; here and below.
            let _gone = stderr.write_all(format!("warn {lost} lines of the log lost\n").as_bytes());
        }
        let left_out = match entry {
            Some(Entry::Flush(_)) => LOG.places().rest(),
            _ => LOG.places().overdue(LOG.now()),
        };
        for line in left_out {
            write_line(&mut stderr, line + "\n");
        }
        match entry {
            Some(Entry::Line(line)) => write_line(&mut stderr, line),
            Some(Entry::Flush(done)) => {
                let _unwanted = done.try_send(());
            }
            None => {}
        }
    }
}

fn write_line(stderr: &mut io::Stderr, line: String) {
    if let Some(to) = diverted().as_ref() {
        let _dropped = to.try_send(line);
        return;
    }
    let line = match LOG.shares_line.load(Ordering::Relaxed) && stderr.is_terminal() {
        true => format!("{EMPTY_LINE}{line}"),
        false => line,
    };
    let _gone = stderr.write_all(line.as_bytes());
}
