//! The thread that writes what rooms are like to disk, and the box in which rooms leave that.
//!
//! A room never waits: what it leaves takes the place of what it left before and nobody has written yet. A disk
//! that takes nothing is tried again, and the party goes on.

use super::state_disk::{ServerFile, StateDisk};
use crate::limits::{
    STATE_COMPLAINT_INTERVAL, STATE_FLUSH_DEADLINE, STATE_MAILBOX_ROOMS_MAX, STATE_RETRY_INTERVAL,
    STATE_WRITE_INTERVAL, THREAD_STACK_BYTES,
};
use crate::room::name::RoomName;
use crate::room::snapshot::RoomSnapshot;
use crate::sys::threads::Threads;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Cheap to clone; all clones are the same box.
#[derive(Clone)]
pub struct Keeper(Arc<Shared>);

/// The thread; whoever has this stops it.
pub struct KeeperThread {
    keeper: Keeper,
    threads: Threads,
}

struct Shared {
    mailbox: Mutex<Mailbox>,
    news: Condvar,
}

#[derive(Default)]
struct Mailbox {
    rooms: HashMap<RoomName, Change>,
    stopping: bool,
}

enum Change {
    Now(Box<RoomSnapshot>),
    Gone,
}

impl KeeperThread {
    /// `unwritten`: what the disk did not take when the server started.
    ///
    /// # Errors
    /// When the system has no room for the thread.
    pub fn start(disk: StateDisk, unwritten: Option<ServerFile>) -> io::Result<Self> {
        let keeper = Keeper(Arc::new(Shared {
            mailbox: Mutex::default(),
            news: Condvar::new(),
        }));
        let threads = Threads::default();
        let writer = Writer {
            keeper: keeper.clone(),
            disk,
            unwritten,
            complained: None,
        };
        threads.spawn("state", THREAD_STACK_BYTES, move || writer.run())?;
        Ok(Self { keeper, threads })
    }

    #[must_use]
    pub fn keeper(&self) -> Keeper {
        self.keeper.clone()
    }

    /// Writes what is left and ends. No room may be running any more.
    pub fn stop(self) {
        self.keeper.lock().stopping = true;
        self.keeper.0.news.notify_all();
        if self.threads.join_all(STATE_FLUSH_DEADLINE) > 0 {
            log::error!("state: the disk takes too long, and the last changes may be lost");
        }
    }
}

impl Keeper {
    /// The room is like this now.
    pub fn keep(&self, name: &RoomName, room: RoomSnapshot) {
        self.leave(name, Change::Now(Box::new(room)));
    }

    /// There is no such room any more.
    pub fn forget(&self, name: &RoomName) {
        self.leave(name, Change::Gone);
    }

    fn leave(&self, name: &RoomName, change: Change) {
        let mut mailbox = self.lock();
        if mailbox.rooms.len() < STATE_MAILBOX_ROOMS_MAX || mailbox.rooms.contains_key(name) {
            mailbox.rooms.insert(name.clone(), change);
            self.0.news.notify_all();
        }
        // Else the disk has been away for long while rooms came and went; the next change of this one counts.
    }

    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        // The box is whole between any two statements that hold it.
        self.0
            .mailbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change, or the end.
    fn wait_for_news(&self, patience: Duration) -> (HashMap<RoomName, Change>, bool) {
        let mailbox = self.lock();
        let is_quiet = |mailbox: &mut Mailbox| mailbox.rooms.is_empty() && !mailbox.stopping;
        let waited = self.0.news.wait_timeout_while(mailbox, patience, is_quiet);
        let (mut mailbox, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut mailbox.rooms), mailbox.stopping)
    }

    /// A pause that the end cuts short.
    fn rest(&self, pause: Duration) {
        let mailbox = self.lock();
        let goes_on = |mailbox: &mut Mailbox| !mailbox.stopping;
        drop(self.0.news.wait_timeout_while(mailbox, pause, goes_on));
    }

    /// Puts back what could not be written, unless something newer is there.
    fn put_back(&self, name: RoomName, change: Change) {
        self.lock().rooms.entry(name).or_insert(change);
    }
}

struct Writer {
    keeper: Keeper,
    disk: StateDisk,
    unwritten: Option<ServerFile>,
    /// When the log was told last that the disk takes nothing; `None` while it does.
    complained: Option<Instant>,
}

impl Writer {
    fn run(mut self) {
        // Longer than anybody waits; what matters is the news.
        const QUIET: Duration = Duration::from_secs(3600);
        loop {
            let patience = match self.unwritten {
                Some(_) => STATE_RETRY_INTERVAL,
                None => QUIET,
            };
            let (rooms, stopping) = self.keeper.wait_for_news(patience);
            let written = self.write_all(rooms);
            if stopping {
                return;
            }
            self.keeper.rest(match written {
                true => STATE_WRITE_INTERVAL,
                false => STATE_RETRY_INTERVAL,
            });
        }
    }

    /// `false`: something has to be tried again.
    fn write_all(&mut self, rooms: HashMap<RoomName, Change>) -> bool {
        let mut failed = None;
        if let Some(file) = self.unwritten.take()
            && let Err(error) = self.disk.write_server(&file)
        {
            self.unwritten = Some(file);
            failed = Some(error);
        }
        for (name, change) in rooms {
            let done = match &change {
                Change::Now(room) => self.disk.write_room(&name, room),
                Change::Gone => self.disk.remove_room(&name),
            };
            if let Err(error) = done {
                failed = Some(error);
                self.keeper.put_back(name, change);
            }
        }
        self.tell(failed.as_ref());
        failed.is_none()
    }

    fn tell(&mut self, failed: Option<&io::Error>) {
        match (failed, self.complained) {
            (Some(_), Some(at)) if at.elapsed() < STATE_COMPLAINT_INTERVAL => {}
            (Some(error), _) => {
                log::error!(
                    "state: not kept, a restart would lose the last changes: {error} (tried again)"
                );
                self.complained = Some(Instant::now());
            }
            (None, Some(_)) => {
                log::info!("state: kept again");
                self.complained = None;
            }
            (None, None) => {}
        }
    }
}
