//! What comes from outside of the program while it stays in a room: bytes that are typed, and signals. A thread for each,
//! joined when the program leaves.

use super::terminal::Terminal;
use crate::commands::Failure;
use crate::commands::stop::Stop;
use crate::limits::{
    COMMAND_TICK, HOST_SIGNALS_MAX, HOST_TYPED_BYTES, HOST_TYPED_MAX, THREAD_STACK_BYTES,
};
use crate::sys::threads::Threads;
use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH, SIGXFSZ};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::emulate_default_handler;
use std::io;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};

/// What was typed; nothing when nothing was for a moment.
pub struct Typing {
    pub bytes: Receiver<Vec<u8>>,
    threads: Threads,
    over: Stop,
}

impl Typing {
    /// # Errors
    /// When the system has no room for the thread.
    pub fn start() -> Result<Self, Failure> {
        let (sender, bytes) = bounded(HOST_TYPED_MAX);
        let (threads, over) = (Threads::default(), Stop::by_hand());
        let own_over = over.clone();
        threads
            .spawn("typing", THREAD_STACK_BYTES, move || {
                read(&sender, &own_over)
            })
            .map_err(|error| Failure::new("starting a thread", &error))?;
        Ok(Self {
            bytes,
            threads,
            over,
        })
    }
}

impl Drop for Typing {
    fn drop(&mut self) {
        self.over.ask();
        // It looks up every tick.
        let _reading = self.threads.join_all(2 * COMMAND_TICK);
    }
}

/// Until it is over, or there is nothing more to read.
fn read(to: &Sender<Vec<u8>>, over: &Stop) {
    let tick = Timespec {
        tv_sec: 0,
        tv_nsec: i64::from(COMMAND_TICK.subsec_nanos()),
    };
    let stdin = io::stdin();
    while !over.is_asked() {
        let mut files = [PollFd::new(&stdin, PollFlags::IN)];
        let typed = match poll(&mut files, Some(&tick)) {
            Ok(0) => Vec::new(),
            Err(Errno::INTR) => continue,
            Err(_) => return,
            Ok(_) => {
                let mut bytes = vec![0; HOST_TYPED_BYTES];
                // Past the buffer of the standard library, of which `poll` knows nothing.
                match rustix::io::read(&stdin, &mut bytes) {
                    Err(Errno::INTR) => continue,
                    Ok(0) | Err(_) => return,
                    Ok(count) => bytes.truncate(count),
                }
                bytes
            }
        };
        // Nobody who does not look for so long wants to know what was typed meanwhile.
        if let Err(SendTimeoutError::Disconnected(_)) = to.send_timeout(typed, COMMAND_TICK) {
            return;
        }
    }
}

/// What signals ask for beside the end, which `Stop` knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To stop for a moment (Ctrl-Z).
    Pause,
    /// The terminal has another size, or was somebody else's meanwhile.
    Look,
}

pub struct Watch {
    pub asked: Receiver<Asked>,
    handle: Handle,
    threads: Threads,
    terminal: Arc<Mutex<Option<Terminal>>>,
}

impl Watch {
    /// The first signal to end asks `stop`, the second one ends the program at once.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn start(stop: &Stop) -> Result<Self, Failure> {
        let waiting = |error| Failure::new("waiting for signals", &error);
        let mut signals = Signals::new([
            SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH, SIGXFSZ,
        ])
        .map_err(waiting)?;
        let handle = signals.handle();
        let (sender, asked) = bounded(HOST_SIGNALS_MAX);
        let terminal: Arc<Mutex<Option<Terminal>>> = Arc::default();
        let threads = Threads::default();
        let (own_stop, own_terminal) = (stop.clone(), Arc::clone(&terminal));
        let watch = move || {
            for signal in signals.forever() {
                match signal {
                    SIGINT | SIGTERM | SIGHUP | SIGQUIT if own_stop.ask() => {}
                    SIGINT | SIGTERM | SIGHUP | SIGQUIT => end_at_once(signal, &own_terminal),
                    SIGTSTP => drop(sender.try_send(Asked::Pause)),
                    SIGCONT | SIGWINCH => drop(sender.try_send(Asked::Look)),
                    // A limit of the size of files is an error of that file.
                    _ => {}
                }
            }
        };
        threads
            .spawn("signals", THREAD_STACK_BYTES, watch)
            .map_err(waiting)?;
        Ok(Self {
            asked,
            handle,
            threads,
            terminal,
        })
    }

    /// Who is given back the terminal when the program ends at once.
    pub fn has_taken(&self, terminal: &Terminal) {
        *lock(&self.terminal) = Some(terminal.clone());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.handle.close();
        let _closing = self.threads.join_all(2 * COMMAND_TICK);
    }
}

/// Until somebody has it go on.
pub fn sleep_until_continued() {
    let _not_allowed = emulate_default_handler(SIGTSTP);
}

fn end_at_once(signal: i32, terminal: &Mutex<Option<Terminal>>) {
    if let Some(terminal) = lock(terminal).as_ref() {
        terminal.give_back();
    }
    // As shells report a program that a signal ended.
    process::exit(128 + signal);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
