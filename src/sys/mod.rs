//! The thin outside: reading the clock, the log and other output, threads, addresses, the machine's limits.

pub mod addresses;
pub mod clock;
pub mod descriptors;
pub mod dial;
pub mod kept_folder;
pub mod listener;
pub mod log_places;
pub mod logger;
pub mod memory;
pub mod one_line;
pub mod pen;
pub mod secret;
pub mod threads;
pub mod throttle;
pub mod timed_socket;
#[cfg(feature = "tls")]
pub mod tls_carrier;
#[cfg(feature = "tls")]
pub mod tls_files;
