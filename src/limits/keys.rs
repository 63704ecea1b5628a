//! Limits of the keys to rooms and to the host seat, and of trying them.

/// A key: something that people type, or paste from a password manager. Percent-encoded, three times as many fit a head.
pub const KEY_BYTES_MAX: usize = 128;
const _: () = assert!(3 * KEY_BYTES_MAX < super::HEAD_BYTES_MAX / 2);

/// Wrong keys that one address may try at once: some people behind one router who mistype.
pub const KEY_ATTEMPTS_MAX: u32 = 20;

/// After them one more in so many seconds: 28,800 a day, when six random letters and digits have two thousand million.
pub const KEY_ATTEMPT_SEC: f64 = 3.0;

/// Addresses whose wrong keys are counted. Each is forgotten a minute after its last one; past this number the one that tried
/// least makes way. 4,096 take about 200 KiB.
pub const KEY_ADDRESSES_MAX: usize = 4096;

/// Origins that may be named with `--allow-origin`: they are compared one by one.
pub const ORIGINS_MAX: usize = 32;
