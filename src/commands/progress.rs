//! Says on the way how a command is doing: a line that is rewritten on a terminal, a line now and then elsewhere,
//! lines of JSON for programs. Results go to standard output, everything else to standard error.
//!
//! `Pace` decides when and what, and is pure; `Progress` only looks at the clock and writes. What cannot be written
//! is not worth a failed download, so only results report errors.

use super::event;
use super::meter::Meter;
use super::pace::{Mode, Pace};
use super::report::{self, Fetched, Missed};
use super::words::{Fetching, Waiting};
use crate::sys::one_line;
use std::io::{self, ErrorKind, Write};
use std::time::Instant;

/// Of downloads, one after the other, or of one command that hashes.
pub struct Progress {
    began: Instant,
    pace: Pace,
    meter: Option<Meter>,
}

impl Progress {
    /// For a person at the terminal or a log, or for a program with `json`.
    #[must_use]
    pub fn new(json: bool) -> Self {
        let mode = match (json, one_line::take(&io::stderr())) {
            (true, _) => Mode::Json,
            (false, Some(columns)) => Mode::Terminal { columns },
            (false, None) => Mode::Plain,
        };
        Self {
            began: Instant::now(),
            pace: Pace::new(mode),
            meter: None,
        }
    }

    fn now_sec(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// `done` of `total` bytes of this file are hashed. Nothing is said of what is quickly done.
    pub fn hashing(&mut self, name: &str, done: u64, total: u64) {
        let text = self.pace.hashing(self.now_sec(), name, done, total);
        self.say(text);
    }

    /// `done` of `total` bytes of this file have gone to a server. Nothing is said of what is quickly done.
    pub fn sending(&mut self, name: &str, done: u64, total: u64) {
        let text = self.pace.sending(self.now_sec(), name, done, total);
        self.say(text);
    }

    /// Nothing comes, and why. To be called again while that lasts.
    pub fn waiting(&mut self, why: &Waiting) {
        let text = self.pace.waiting(self.now_sec(), why);
        self.say(text);
    }

    /// `bytes` of `total` are verified, with what was there before. To be called often: it says little.
    pub fn fetching(&mut self, bytes: u64, total: u64, peers: usize) {
        let now_sec = self.now_sec();
        let meter = self.meter.get_or_insert_with(|| Meter::new(total));
        meter.update(now_sec, bytes);
        if !meter.knows_rate() {
            return;
        }
        let now = Fetching {
            bytes,
            total,
            rate: meter.rate(),
            peers,
            eta_sec: meter.eta(),
        };
        let text = self.pace.fetching(now_sec, &now);
        self.say(text);
    }

    /// The line on the terminal goes, so that something else can be written.
    pub fn clear(&mut self) {
        let text = self.pace.clear();
        self.say(text);
    }

    /// The result, on standard output.
    ///
    /// # Errors
    /// When it could not be written; a reader that has gone is no error.
    pub fn done(&mut self, fetched: &Fetched) -> io::Result<()> {
        self.set_aside();
        let text = match self.pace.mode() {
            Mode::Json => event::done(fetched),
            _ => report::fetched(fetched),
        };
        match write(&mut io::stdout().lock(), &text) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }

    /// Another track has its turn.
    pub fn set_aside(&mut self) {
        self.clear();
        self.meter = None;
    }

    /// A track of several that could not be had.
    pub fn missed(&mut self, missed: &Missed) {
        self.set_aside();
        let text = match self.pace.mode() {
            Mode::Json => event::failed(missed),
            _ => report::missed(missed),
        };
        self.say(Some(text));
    }

    /// Clears the way for the error line, which is the caller's to print; programs get theirs here.
    pub fn failed(&mut self, message: &str) {
        self.clear();
        if *self.pace.mode() == Mode::Json {
            self.say(Some(event::error(message)));
        }
    }

    fn say(&self, text: Option<String>) {
        let Some(text) = text else { return };
        // Nothing to be done about a terminal that has gone.
        let _ = match self.pace.mode() {
            Mode::Json => write(&mut io::stdout().lock(), &text),
            _ => write(&mut io::stderr().lock(), &text),
        };
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn write(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn what_is_left_of_a_second_download_is_told_by_its_own_length() {
        let mut progress = Progress::new(false);
        progress.fetching(0, 1_000_000, 1);
        progress
            .done(&Fetched {
                path: PathBuf::from("first"),
                bytes: 1_000_000,
                had_bytes: 1_000_000,
                seconds: 0.0,
                sources: Vec::new(),
            })
            .expect("told");
        progress.fetching(1000, 1000, 1);
        let eta_sec = progress.meter.as_ref().and_then(Meter::eta);
        assert_eq!(eta_sec, Some(0.0));
    }
}
