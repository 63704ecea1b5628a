//! The log: one line each on standard error, `warn room jam1: ...`.

use log::{LevelFilter, Log, Metadata, Record};
use std::io::Write;

struct StderrLog;

static LOG: StderrLog = StderrLog;

/// Lines of `level` and worse go to standard error from now on. Calling it again only changes the level.
pub fn start(level: LevelFilter) {
    let _already_set = log::set_logger(&LOG);
    log::set_max_level(level);
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
        // One write a line, so that threads do not mix; nobody is left to tell when standard error is gone.
        let _gone = std::io::stderr().write_all(format!("{level} {}\n", record.args()).as_bytes());
    }

    fn flush(&self) {}
}
