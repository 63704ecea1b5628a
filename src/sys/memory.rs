//! How much address space this process may still take (`ulimit -v`).
//!
//! Rust ends a program whose allocation fails, and a thread that begins without room for its signal stack does as well.
//! So whoever begins something large looks ahead.

use rlimit::{INFINITY, Resource};
use std::fs;

/// Bytes until the limit; `None` when there is no limit, or the system does not say.
#[must_use]
pub fn address_space_left() -> Option<u64> {
    let limit = Resource::AS.get_soft().ok();
    let limit = limit.filter(|&limit| limit != INFINITY)?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(limit.saturating_sub(address_space(&status)?))
}

/// What a process has, from its `/proc/PID/status`.
fn address_space(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kib: u64 = line?.trim().strip_suffix(" kB")?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_space_is_read_from_the_status() {
        let status =
            "Name:\tjam\nVmPeak:\t  900000 kB\nVmSize:\t  131072 kB\nVmLck:\t       0 kB\n";
        assert_eq!(address_space(status), Some(128 << 20));
        assert_eq!(address_space("Name:\tjam\n"), None);
        assert_eq!(address_space("VmSize:\t many kB\n"), None);
    }
}
