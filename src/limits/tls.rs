//! Limits of encrypted connections.

use std::time::Duration;

/// For a whole TLS handshake, however its bytes drip in: three round trips, and a slow phone's arithmetic.
pub const TLS_HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// Taken from inside at a time: the largest record of TLS. As much again may wait decrypted, and rustls keeps no more
/// than what was made of it.
pub const TLS_CARRIED_BYTES: usize = 16 * 1024;

/// Reads in a row from one side of a connection until the other has its turn.
pub const TLS_READS_IN_A_ROW: usize = 8;

/// File descriptors of an encrypted connection: its socket, and both ends of the pair by which it is carried inside.
pub const TLS_DESCRIPTORS: u64 = 3;

/// A certificate with its chain, or a key; a hundred times what they have.
pub const TLS_FILE_BYTES_MAX: u64 = 1024 * 1024;
