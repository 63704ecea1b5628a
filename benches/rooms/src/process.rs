//! A server as a child process: started, measured from outside, and always stopped.

use crate::Outcome;
use nix::sys::signal::{Signal, kill};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Servers that run, for whoever has to stop them on the way out.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn running() -> MutexGuard<'static, BTreeSet<i32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every server that this program started; for when it is told to end itself.
pub fn kill_all() {
    for &pid in running().iter() {
        let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

pub struct Process {
    child: Child,
    pid: Pid,
}

impl Process {
    /// # Errors
    /// When the program cannot be run.
    pub fn start(command: &mut Command) -> Outcome<Self> {
        let mut running = running();
        let child = command
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let pid = Pid::from_raw(child.id().cast_signed());
        running.insert(pid.as_raw());
        Ok(Self { child, pid })
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Processor time of all its threads so far, also of those that have ended. Exact, not in ticks.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn cpu_time(&self) -> Outcome<Duration> {
        let clock = clock_getcpuclockid(self.pid)?;
        Ok(clock_gettime(clock)?.into())
    }

    /// # Errors
    /// When the process is gone.
    pub fn resident_kib(&self) -> Outcome<u64> {
        self.status_number("VmRSS:")
    }

    /// The most that was resident since `forget_peak`.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn peak_resident_kib(&self) -> Outcome<u64> {
        self.status_number("VmHWM:")
    }

    /// # Errors
    /// When the process is gone.
    pub fn forget_peak(&self) -> Outcome<()> {
        const RESET_PEAK: &str = "5";
        fs::write(format!("/proc/{}/clear_refs", self.pid), RESET_PEAK)?;
        Ok(())
    }

    /// # Errors
    /// When the process is gone.
    pub fn threads(&self) -> Outcome<u64> {
        self.status_number("Threads:")
    }

    /// # Errors
    /// When the process is gone.
    pub fn descriptors(&self) -> Outcome<u64> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.pid))?.count() as u64)
    }

    fn status_number(&self, field: &str) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line.and_then(|rest| rest.split_whitespace().next());
        Ok(number.ok_or(format!("no {field}"))?.parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(3);
        let _gone = kill(self.pid, Signal::SIGTERM);
        let deadline = Instant::now() + PATIENCE;
        while !self.has_ended() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _gone = self.child.kill();
        let _ended = self.child.wait();
        running().remove(&self.pid.as_raw());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_measured_and_stopped() {
        let process = Process::start(Command::new("sleep").arg("60")).expect("sleep");
        assert!(process.resident_kib().expect("alive") > 0);
        assert_eq!(process.threads().expect("alive"), 1);
        assert!(process.cpu_time().expect("alive") < Duration::from_secs(5));
        let proc = format!("/proc/{}", process.pid);
        drop(process);
        assert!(!fs::exists(proc).expect("/proc"));
    }
}
