//! What a process takes from the system.

use super::running::until;
use std::fs;

#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    pub threads: u64,
    pub descriptors: u64,
    pub resident_kib: u64,
    pub address_space_kib: u64,
}

impl Footprint {
    pub fn of(pid: &str) -> Self {
        let process = format!("/proc/{pid}");
        let status = fs::read_to_string(format!("{process}/status")).expect("it runs");
        let number = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            number.unwrap_or_else(|| panic!("no {field} in {status}"))
        };
        let descriptors = fs::read_dir(format!("{process}/fd")).expect("it runs");
        Self {
            threads: number("Threads:"),
            descriptors: descriptors.count() as u64,
            resident_kib: number("VmRSS:"),
            address_space_kib: number("VmSize:"),
        }
    }

    /// Waits until the process has no more threads and descriptors than it had before; what it has then.
    pub fn back_to(self, pid: &str) -> Self {
        let mut now = Self::of(pid);
        until("threads and descriptors are as before", || {
            now = Self::of(pid);
            (now.threads <= self.threads && now.descriptors <= self.descriptors).then_some(())
        });
        now
    }
}
