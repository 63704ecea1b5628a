//! The log: one line each on standard error, `warn room jam1: ...`.
//!
//! Lines are written by a thread of their own, because standard error may be a pipe that nobody reads or a
//! terminal that somebody stopped: whoever logs never waits. What does not fit in the queue is counted and told.

use crate::limits::{LOG_FLUSH_DEADLINE, LOG_LINES_MAX, THREAD_STACK_BYTES};
use crossbeam_channel::{Receiver, Sender, bounded};
use log::{LevelFilter, Log, Metadata, Record};
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Builder;

enum Entry {
    Line(String),
    /// Answered when everything before it has been written.
    Flush(Sender<()>),
}

struct StderrLog {
    entries: OnceLock<Sender<Entry>>,
    lost_lines: AtomicU64,
    /// Who takes the lines instead, while a screen is on the terminal.
    diverted: Mutex<Option<Sender<String>>>,
}

static LOG: StderrLog = StderrLog {
    entries: OnceLock::new(),
    lost_lines: AtomicU64::new(0),
    diverted: Mutex::new(None),
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
        let line = Entry::Line(format!("{level} {}\n", record.args()));
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

fn write_each(entries: &Receiver<Entry>) {
    let mut stderr = io::stderr();
    for entry in entries {
        let lost = LOG.lost_lines.swap(0, Ordering::Relaxed);
        if lost > 0 {
            // Nobody is left to tell when standard error is gone; here and below.
            let _gone = stderr.write_all(format!("warn {lost} lines of the log lost\n").as_bytes());
        }
        match entry {
            Entry::Line(line) => {
                if let Some(to) = diverted().as_ref() {
                    let _dropped = to.try_send(line);
                    continue;
                }
                let _gone = stderr.write_all(line.as_bytes());
            }
            Entry::Flush(done) => {
                let _unwanted = done.try_send(());
            }
        }
    }
}
