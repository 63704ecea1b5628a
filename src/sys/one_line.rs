//! The one line on a terminal that a command rewrites to say how it is doing.

use super::logger;
use rustix::termios::tcgetwinsize;
use std::env;
use std::io::IsTerminal;
use std::os::fd::AsFd;

/// What a terminal has that does not say.
const COLUMNS_USUAL: usize = 80;

/// Less is no line of ours.
const COLUMNS_MIN: usize = 20;

/// How many columns text may have there; `None` where lines stay. From then on the log makes way for it.
#[must_use]
pub fn take(out: &(impl IsTerminal + AsFd)) -> Option<usize> {
    if !out.is_terminal() {
        return None;
    }
    logger::make_way();
    let asked = env::var("COLUMNS").ok();
    let asked = asked.and_then(|columns| columns.parse().ok());
    let columns = asked.filter(|&columns| columns >= COLUMNS_MIN);
    let columns = columns.or_else(|| {
        let there = usize::from(tcgetwinsize(out).ok()?.ws_col);
        (there > 0).then_some(there.max(COLUMNS_MIN))
    });
    // The last column stays free: a cursor behind it would begin a new line.
    Some(columns.unwrap_or(COLUMNS_USUAL) - 1)
}
