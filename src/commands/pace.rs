//! When a command says how it is doing, and in which form. Pure: the caller tells the time and writes.

use super::event;
use super::words::{self, Fetching, Waiting};

/// A line on a terminal is rewritten at most five times a second: more is flicker. Programs get as many.
const REWRITE_SEC: f64 = 0.2;

/// Elsewhere a line a second is enough to see that it goes on.
const LINE_SEC: f64 = 1.0;

/// A reason to wait that stays the same is repeated this often, where lines stay.
const SAME_REASON_SEC: f64 = 30.0;

/// Hashing and sending that take less than this are not worth a word.
const LONG_SEC: f64 = 1.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One line of at most so many characters, rewritten.
    Terminal { columns: usize },
    /// Lines that stay: a log, a file.
    Plain,
    /// Lines of JSON.
    Json,
}

/// Each method gives what to write now, if anything. Times are in seconds, on one clock that never goes back.
#[derive(Debug)]
pub struct Pace {
    mode: Mode,
    /// When something was said last.
    said: Option<f64>,
    /// When the hashing or sending that goes on began.
    since: Option<f64>,
    /// The reason to wait, when that was said last.
    reason: Option<String>,
    /// Characters that stand on the terminal's line.
    on_line: usize,
}

impl Pace {
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            said: None,
            since: None,
            reason: None,
            on_line: 0,
        }
    }

    #[must_use]
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// Nothing before it has taken a while.
    pub fn hashing(&mut self, now: f64, name: &str, done: u64, total: u64) -> Option<String> {
        if !self.is_long_and_due(now) {
            return None;
        }
        Some(match self.mode {
            Mode::Json => event::hashing(name, done, total),
            _ => self.line(words::hashing(name, done, total)),
        })
    }

    /// A file on its way to a server, for people; nothing before it has taken a while.
    pub fn sending(&mut self, now: f64, name: &str, done: u64, total: u64) -> Option<String> {
        let is_worth_it = self.is_long_and_due(now);
        is_worth_it.then(|| self.line(words::sending(name, done, total)))
    }

    /// A new reason soon, the same one now and then.
    pub fn waiting(&mut self, now: f64, why: &Waiting) -> Option<String> {
        self.since = None;
        let reason = words::waiting(why);
        let stays = !matches!(self.mode, Mode::Terminal { .. });
        let known = self.reason.as_ref() == Some(&reason);
        let fresh = self.said.is_some_and(|at| now - at < SAME_REASON_SEC);
        if stays && known && fresh || !self.is_due(now) {
            return None;
        }
        self.reason = Some(reason.clone());
        Some(match self.mode {
            Mode::Json => event::waiting(why),
            _ => self.line(reason),
        })
    }

    /// Where a download is now.
    pub fn fetching(&mut self, now: f64, state: &Fetching) -> Option<String> {
        self.since = None;
        if !self.is_due(now) {
            return None;
        }
        Some(match self.mode {
            Mode::Json => event::progress(state),
            Mode::Terminal { columns } => self.line(words::progress(state, columns)),
            Mode::Plain => self.line(words::progress_without_bar(state)),
        })
    }

    /// Empties the terminal's line, and forgets what was said.
    pub fn clear(&mut self) -> Option<String> {
        self.said = None;
        self.reason = None;
        self.since = None;
        let blanks = std::mem::take(&mut self.on_line);
        (blanks > 0).then(|| format!("\r{}\r", " ".repeat(blanks)))
    }

    fn is_long_and_due(&mut self, now: f64) -> bool {
        let since = *self.since.get_or_insert(now);
        now - since >= LONG_SEC && self.is_due(now)
    }

    fn is_due(&mut self, now: f64) -> bool {
        let interval = match self.mode {
            Mode::Plain => LINE_SEC,
            Mode::Terminal { .. } | Mode::Json => REWRITE_SEC,
        };
        let due = self.said.is_none_or(|at| now - at >= interval);
        if due {
            self.said = Some(now);
            self.reason = None;
        }
        due
    }

    fn line(&mut self, text: String) -> String {
        let Mode::Terminal { columns } = self.mode else {
            return text + "\n";
        };
        let text = words::fit(&text, columns);
        let chars = text.chars().count();
        let blanks = self.on_line.saturating_sub(chars);
        self.on_line = chars;
        // The cursor goes back to the beginning: whatever else is written begins there.
        format!("\r{text}{}\r", " ".repeat(blanks))
    }
}
