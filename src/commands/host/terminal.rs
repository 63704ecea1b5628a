//! The terminal: taken over for a screen, and given back as it was, whatever ends the program.
//!
//! Keys come one by one and are not shown, and nothing stops the output (no Ctrl-S), but signals are signals: Ctrl-C and
//! Ctrl-Z reach whoever waits for them. A panic gives the terminal back before it says what happened.
//!
//! A terminal may take nothing for a while. Then nothing is drawn, and nobody waits for it longer than a moment.

use super::screen::{Row, update};
use crate::sys::pen::Pen;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize,
    tcsetattr,
};
use std::io::{self, IsTerminal};
use std::panic;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The other screen, without a cursor and without breaking lines; and back.
const TAKE: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const GIVE_BACK: &str = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/// What a terminal has that does not say.
const SIZE_USUAL: (usize, usize) = (80, 24);

/// Cheap to clone; all clones are the same terminal.
#[derive(Clone)]
pub struct Terminal(Arc<Taken>);

struct Taken {
    before: Termios,
    pen: Pen,
    hold: Mutex<Hold>,
}

#[derive(Clone, Copy, Default)]
struct Hold {
    /// It is ours at the moment.
    ours: bool,
    /// It shows the other screen, or will in a moment.
    shown: bool,
    /// That is to be said anew: somebody else may have had it.
    due: bool,
}

/// What is on it.
#[derive(Default)]
pub struct Canvas(Vec<Row>);

/// Whether there is a terminal at both ends that can do more than lines.
#[must_use]
pub fn is_capable() -> bool {
    let kind = std::env::var("TERM").unwrap_or_default();
    let is_dumb = kind.is_empty() || kind == "dumb";
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}

impl Terminal {
    /// # Errors
    /// When it is none.
    pub fn take() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let terminal = Self(Arc::new(Taken {
            before,
            pen: Pen::start(io::stdout())?,
            hold: Mutex::default(),
        }));
        terminal.take_again()?;
        terminal.give_back_on_panic();
        Ok(terminal)
    }

    /// After it was given back, or when somebody else had it.
    ///
    /// # Errors
    /// When it is gone.
    pub fn take_again(&self) -> io::Result<()> {
        let mut hold = self.lock();
        let mut modes = self.0.before.clone();
        modes
            .local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN);
        modes
            .input_modes
            .remove(InputModes::ICRNL | InputModes::INLCR | InputModes::IXON);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
        // What it shows comes with the first drawing.
        (hold.ours, hold.due) = (true, true);
        Ok(())
    }

    /// As it was. Any number of times.
    pub fn give_back(&self) {
        let mut hold = self.lock();
        let Hold { ours, shown, .. } = std::mem::take(&mut *hold);
        if ours {
            // A terminal that has gone needs nothing back, and one that takes nothing gets its settings alone.
            if shown && self.0.pen.write(GIVE_BACK).is_ok() {
                self.0.pen.flush();
            }
            let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.0.before);
        }
    }

    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.lock().ours
    }

    /// Nothing is drawn before all is there that was drawn before: a terminal that is slow, or stopped, shows less often
    /// how things are, and never how they were.
    ///
    /// # Errors
    /// When it is gone.
    pub fn draw(&self, canvas: &mut Canvas, rows: Vec<Row>) -> io::Result<()> {
        let mut hold = self.lock();
        if !hold.ours || !self.0.pen.is_free() {
            return Ok(());
        }
        let mut text = update(&canvas.0, &rows);
        if hold.due {
            text.insert_str(0, TAKE);
        }
        if !text.is_empty() && !self.0.pen.write(text)? {
            return Ok(());
        }
        (hold.shown, hold.due) = (true, false);
        canvas.0 = rows;
        Ok(())
    }

    fn give_back_on_panic(&self) {
        // Nothing is left to give back once all others have let it go.
        let taken = Arc::downgrade(&self.0);
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            if let Some(taken) = taken.upgrade() {
                Self(taken).give_back();
            }
            before(what);
        }));
    }

    fn lock(&self) -> MutexGuard<'_, Hold> {
        self.0.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Canvas {
    /// Whatever is there, everything is drawn next time.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

/// Columns and rows.
#[must_use]
pub fn size() -> (usize, usize) {
    let Ok(size) = tcgetwinsize(io::stdout()) else {
        return SIZE_USUAL;
    };
    match (size.ws_col, size.ws_row) {
        (0, _) | (_, 0) => SIZE_USUAL,
        (columns, rows) => (usize::from(columns), usize::from(rows)),
    }
}
