//! Standard output or standard error, written by a thread of its own: a terminal may be stopped and a pipe may have a
//! reader that does not read, and who has something to say there must not wait for that.
//!
//! A thread that is stuck in a write ends with the process; nobody waits for it longer than `OUTPUT_PATIENCE`.

use crate::limits::{OUTPUT_PATIENCE, OUTPUT_TEXTS_MAX, THREAD_STACK_BYTES};
use crate::sys::threads::Threads;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub struct Pen {
    /// `None` once it is to end.
    to: Option<Sender<String>>,
    page: Arc<Page>,
    threads: Threads,
}

#[derive(Default)]
struct Page {
    state: Mutex<State>,
    written: Condvar,
}

#[derive(Default)]
struct State {
    /// Texts that have not been written yet, the one included that is being written.
    left: usize,
    /// Nobody reads there any more, and why.
    gone: Option<(ErrorKind, String)>,
}

impl Pen {
    /// # Errors
    /// When the system has no room for the thread.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (to, texts) = bounded(OUTPUT_TEXTS_MAX);
        let page = Arc::<Page>::default();
        let threads = Threads::default();
        let own = Arc::clone(&page);
        threads.spawn("pen", THREAD_STACK_BYTES, move || {
            write_each(&texts, &own, out)
        })?;
        Ok(Self {
            to: Some(to),
            page,
            threads,
        })
    }

    /// Whether there was room for it: what is not taken is not written.
    ///
    /// # Errors
    /// When something before it could not be written. A reader that has gone is no error.
    pub fn write(&self, text: impl Into<String>) -> io::Result<bool> {
        let mut state = self.page.lock();
        match &state.gone {
            Some((ErrorKind::BrokenPipe, _)) => return Ok(true),
            Some((kind, why)) => return Err(io::Error::new(*kind, why.clone())),
            None => {}
        }
        let to = self.to.as_ref().expect("bug: it ends with its owner");
        match to.try_send(text.into()) {
            Ok(()) => {
                state.left += 1;
                Ok(true)
            }
            Err(TrySendError::Full(_)) => Ok(false),
            // Only a panic ends the thread before.
            Err(TrySendError::Disconnected(_)) => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    /// Whether everything has been written.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.page.lock().left == 0
    }

    /// Waits a moment for that; whether it came.
    pub fn flush(&self) -> bool {
        let deadline = Instant::now() + OUTPUT_PATIENCE;
        let mut state = self.page.lock();
        while state.left > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.page.written.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        self.flush();
        self.to = None;
        // One that is stuck was waited for just now.
        let _stuck = self.threads.join_all(Duration::from_millis(10));
    }
}

impl Page {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements that hold it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_each(texts: &Receiver<String>, page: &Page, mut out: impl Write) {
    for text in texts {
        let done = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let mut state = page.lock();
        state.left -= 1;
        if let Err(error) = done {
            state.gone.get_or_insert((error.kind(), error.to_string()));
        }
        page.written.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{PipeReader, Read, pipe};

    /// More than any pipe takes.
    fn flood() -> String {
        "x".repeat(1 << 20)
    }

    fn pen() -> (Pen, PipeReader) {
        let (reader, writer) = pipe().expect("a pipe");
        (Pen::start(writer).expect("a thread"), reader)
    }

    #[test]
    fn all_is_written_in_order_and_flushed_at_the_end() {
        let (pen, mut reader) = pen();
        for number in 0..10 {
            assert!(pen.write(format!("{number}")).expect("a reader"));
        }
        drop(pen);
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("text");
        assert_eq!(text, "0123456789");
    }

    #[test]
    fn who_does_not_read_stops_nobody_and_little_waits_for_it() {
        let (pen, mut reader) = pen();
        assert!(pen.write(flood()).expect("a reader"));
        assert!(!pen.is_free());
        let taken = (0..1000).filter(|_| pen.write("more").expect("a reader"));
        let taken = taken.count();
        assert!((1..=OUTPUT_TEXTS_MAX).contains(&taken), "{taken}");
        assert!(!pen.flush());
        let mut first = vec![0; 1 << 20];
        reader.read_exact(&mut first).expect("the flood");
        let mut rest = vec![0; 4 * taken];
        reader.read_exact(&mut rest).expect("the rest");
        assert!(pen.flush() && pen.is_free());
        drop(pen);
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error_and_anything_else_is() {
        let (pen, reader) = pen();
        drop(reader);
        for _ in 0..2 * OUTPUT_TEXTS_MAX {
            assert!(pen.write("nobody reads this").expect("no error"));
            pen.flush();
        }
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let pen = Pen::start(Full).expect("a thread");
        assert!(pen.write("one").expect("nothing has failed yet"));
        pen.flush();
        let error = pen.write("two").expect_err("the first has failed");
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }
}
