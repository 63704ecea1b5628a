//! The targets, what a hunt begins with, and how much memory it may take.

mod common;
pub mod seeds;
pub mod targets;

/// Runs a target on an input, and counts what it allocates.
///
/// # Panics
/// When something does not hold: that is what is hunted.
pub fn hunt(name: &str, bytes: &[u8]) {
    let target = targets::find(name).unwrap_or_else(|| panic!("there is no target {name}"));
    let bytes = &bytes[..bytes.len().min(target.bytes_max)];
    let counted = allocation_counter::measure(|| (target.run)(bytes));
    let allowed = target.memory.base + target.memory.per_byte * bytes.len();
    assert!(
        counted.bytes_max <= allowed as u64,
        "{} bytes allocated for an input of {}, at most {allowed}",
        counted.bytes_max,
        bytes.len()
    );
}
