//! The terminal: taken over for a screen, and given back as it was, whatever ends the program.
//!
//! Keys come one by one and are not shown, and nothing stops the output (no Ctrl-S), but signals are signals: Ctrl-C and
//! Ctrl-Z reach whoever waits for them. A panic gives the terminal back before it says what happened.

use super::screen::{Row, update};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize,
    tcsetattr,
};
use std::io::{self, IsTerminal, Write};
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
    /// Ours at the moment.
    ours: Mutex<bool>,
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
            ours: Mutex::new(false),
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
        let mut ours = self.lock();
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
        *ours = true;
        write(TAKE)
    }

    /// As it was. Any number of times.
    pub fn give_back(&self) {
        let mut ours = self.lock();
        if std::mem::take(&mut *ours) {
            // A terminal that has gone needs nothing back.
            let _gone = write(GIVE_BACK);
            let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.0.before);
        }
    }

    #[must_use]
    pub fn is_ours(&self) -> bool {
        *self.lock()
    }

    /// # Errors
    /// When it is gone.
    pub fn draw(&self, canvas: &mut Canvas, rows: Vec<Row>) -> io::Result<()> {
        let ours = self.lock();
        let text = update(&canvas.0, &rows);
        if *ours && !text.is_empty() {
            write(&text)?;
        }
        canvas.0 = rows;
        Ok(())
    }

    fn give_back_on_panic(&self) {
        let terminal = self.clone();
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            terminal.give_back();
            before(what);
        }));
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.0.ours.lock().unwrap_or_else(PoisonError::into_inner)
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

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
