//! Threads with an owner: every one that is spawned here is joined here.
//!
//! A thread cannot join itself, so one that ends only says so; `reap` joins those, and frees their stacks.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Cheap to clone; all clones are the same owner.
#[derive(Clone, Default)]
pub struct Threads(Arc<Shared>);

#[derive(Default)]
struct Shared {
    table: Mutex<Table>,
    one_ended: Condvar,
}

#[derive(Default)]
struct Table {
    next_id: u64,
    running: HashMap<u64, JoinHandle<()>>,
    ended: Vec<u64>,
}

impl Threads {
    /// Runs `work` in a thread of its own.
    ///
    /// # Errors
    /// When the system has no room for another thread; `work` is dropped then.
    pub fn spawn(
        &self,
        name: &str,
        stack_bytes: usize,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        // The table stays locked until the handle is in it, so that a thread cannot report its end before.
        let mut table = self.lock();
        let id = table.next_id;
        let threads = self.clone();
        let handle = Builder::new()
            .name(name.into())
            .stack_size(stack_bytes)
            .spawn(move || {
                let _end = EndOfThread { threads, id };
                work();
            })?;
        table.next_id += 1;
        table.running.insert(id, handle);
        Ok(())
    }

    /// The same for work with a value that comes back, with the reason, when the system has no room for another thread.
    ///
    /// # Errors
    /// Then.
    pub fn spawn_with<T: Send + 'static>(
        &self,
        name: &str,
        stack_bytes: usize,
        value: T,
        work: impl FnOnce(T) + Send + 'static,
    ) -> Result<(), (T, io::Error)> {
        // What was moved into a thread that never began is dropped with it; this stays here.
        let slot = Arc::new(Mutex::new(Some(value)));
        let own_slot = Arc::clone(&slot);
        let spawned = self.spawn(name, stack_bytes, move || {
            let value = take(&own_slot);
            drop(own_slot);
            work(value.expect("bug: it waits for this thread"));
        });
        spawned.map_err(|error| (take(&slot).expect("bug: no thread took it"), error))
    }

    /// Joins the threads that have ended.
    pub fn reap(&self) {
        let mut table = self.lock();
        let ended = std::mem::take(&mut table.ended);
        let handles: Vec<_> = ended
            .iter()
            .filter_map(|id| table.running.remove(id))
            .collect();
        drop(table);
        for handle in handles {
            // A panic was reported on standard error when it happened.
            let _panicked = handle.join();
        }
    }

    /// How many have not been joined yet.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().running.len()
    }

    /// Waits until all threads have ended and joins them; how many still run when the time is over.
    #[must_use]
    pub fn join_all(&self, timeout: Duration) -> usize {
        let deadline = Instant::now() + timeout;
        loop {
            self.reap();
            let table = self.lock();
            let left = deadline.saturating_duration_since(Instant::now());
            if table.running.is_empty() || left.is_zero() {
                return table.running.len();
            }
            if table.ended.is_empty() {
                let _woken = self.0.one_ended.wait_timeout(table, left);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table is whole between any two statements that hold it.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Reports the end of its thread, also when it panics.
struct EndOfThread {
    threads: Threads,
    id: u64,
}

impl Drop for EndOfThread {
    fn drop(&mut self) {
        self.threads.lock().ended.push(self.id);
        self.threads.0.one_ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;

    #[test]
    fn what_a_thread_was_to_work_with_comes_back_when_there_is_none() {
        const MORE_THAN_THERE_IS: usize = 1 << 60;
        let threads = Threads::default();
        let (done, ended) = bounded(1);
        let work = move |value: String| done.send(value).expect("somebody waits");
        let refused = threads.spawn_with("large", MORE_THAN_THERE_IS, "a".to_owned(), work.clone());
        assert_eq!(refused.expect_err("no room").0, "a");
        assert_eq!(threads.count(), 0);
        let begun = threads.spawn_with("usual", 64 * 1024, "b".to_owned(), work);
        assert!(begun.is_ok());
        assert_eq!(ended.recv().as_deref(), Ok("b"));
    }

    #[test]
    fn join_all_waits_for_every_thread_also_for_one_that_panics() {
        let threads = Threads::default();
        let (release, wait) = bounded::<()>(0);
        threads
            .spawn("waits", 64 * 1024, move || {
                let _released = wait.recv();
            })
            .expect("a thread");
        threads
            .spawn("panics", 64 * 1024, || panic!("on purpose, for a test"))
            .expect("a thread");
        assert!(
            threads.join_all(Duration::ZERO) > 0,
            "one of them cannot have ended"
        );
        drop(release);
        assert_eq!(threads.join_all(Duration::from_secs(60)), 0);
    }
}
