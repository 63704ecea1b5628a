//! How many file descriptors this process may have.

use crate::limits::{CONNECTIONS_MAX, DESCRIPTORS_RESERVED};
use std::io;

/// Raises the soft limit as far as this process may, and gives the number it has then.
///
/// # Errors
/// When the limit cannot be read.
pub fn raise_limit() -> io::Result<u64> {
    // More than a server ever needs; some systems call "unlimited" what they then refuse to set.
    const ENOUGH: u64 = 4 * (CONNECTIONS_MAX as u64 + DESCRIPTORS_RESERVED as u64);
    rlimit::increase_nofile_limit(ENOUGH).or_else(|_| rlimit::Resource::NOFILE.get_soft())
}

/// How many connections `descriptors` allow, at most `wanted`.
#[must_use]
pub fn connections_within(descriptors: u64, wanted: usize) -> usize {
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let reserved = DESCRIPTORS_RESERVED.min(descriptors / 4);
    wanted.min(descriptors - reserved).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_leaves_descriptors_for_everything_else() {
        assert_eq!(connections_within(1_000_000, 8192), 8192);
        assert_eq!(connections_within(1024, 8192), 768);
        assert_eq!(connections_within(64, 8192), 48);
        assert_eq!(connections_within(1024, 5), 5);
    }
}
