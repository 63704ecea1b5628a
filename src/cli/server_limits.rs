//! The flags of `jam server` that change its limits, in the order of its help.

use super::UsageError;
use super::values::{parse_number, parse_size, typed};
use crate::limits::{
    CONNECTIONS_MAX, MESSAGE_BYTES_PER_SEC_MIN, MESSAGES_PER_SEC_MIN, MESSAGES_PER_SEC_TOLD_MAX,
    ROOMS_TOLD_MAX, ServerLimits, UPLOADS_TOLD_MAX,
};

/// Connections that a server can be told to take: what a process can have threads for.
const CONNECTIONS_TOLD_MAX: usize = 128 * CONNECTIONS_MAX;

/// Without their dashes.
pub(super) const FLAGS: [&str; 7] = [
    "max-connections-per-address",
    "max-rooms",
    "max-rooms-per-address",
    "max-members",
    "max-messages",
    "max-bytes",
    "max-uploads",
];

/// Sets the limit that `flag`, one of those, stands for.
pub(super) fn set(limits: &mut ServerLimits, flag: &str, text: &str) -> Result<(), UsageError> {
    let option = format!("--{flag}");
    let count = |most: usize| parse_number(&option, text, &(1..=most));
    match flag {
        "max-connections-per-address" => {
            limits.connections_per_address = Some(count(CONNECTIONS_TOLD_MAX)?);
        }
        "max-rooms" => limits.rooms = count(ROOMS_TOLD_MAX)?,
        "max-rooms-per-address" => limits.rooms_per_address = count(ROOMS_TOLD_MAX)?,
        "max-members" => limits.members = count(CONNECTIONS_TOLD_MAX)?,
        "max-messages" => {
            let allowed = MESSAGES_PER_SEC_MIN..=MESSAGES_PER_SEC_TOLD_MAX;
            limits.messages_per_sec = parse_number(&option, text, &allowed)?;
        }
        "max-bytes" => limits.message_bytes_per_sec = parse_bytes_per_sec(text)?,
        "max-uploads" => limits.uploads = count(UPLOADS_TOLD_MAX)?,
        other => unreachable!("bug: --{other} is none of FLAGS"),
    }
    Ok(())
}

fn parse_bytes_per_sec(text: &str) -> Result<u64, UsageError> {
    let size = parse_size(text).filter(|&bytes| bytes >= MESSAGE_BYTES_PER_SEC_MIN);
    size.ok_or_else(|| {
        let typed = typed("--max-bytes", text);
        UsageError(format!(
            "{typed} is not a size of at least 256KiB (type for example --max-bytes 4MiB)"
        ))
    })
}

const _: () = assert!(MESSAGE_BYTES_PER_SEC_MIN == 256 * 1024);
