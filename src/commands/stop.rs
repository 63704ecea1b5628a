//! Ctrl-C and its relatives: the first asks a command to stop, the second ends it at once.

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the program was asked to stop. Cheap to clone.
#[derive(Clone)]
pub struct Stop(Arc<AtomicBool>);

/// As shells report a program that a signal ended.
const INTERRUPTED: i32 = 128 + SIGINT;

impl Stop {
    /// From now on signals ask the program to stop.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn on_signals() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the second signal finds the flag set.
            flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        // A limit of the size of files is an error of that file.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(Self(asked))
    }

    /// Nothing asks the program to stop but `ask`: signals are somebody else's.
    #[must_use]
    pub fn by_hand() -> Self {
        Self(Arc::default())
    }

    /// Whether this was the first time.
    pub fn ask(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }

    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
