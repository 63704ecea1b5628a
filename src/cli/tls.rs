//! Whom to believe about who a server is: `--tls-ca`.

use super::UsageError;
use super::values::{typed, usage};
use crate::room::address::RoomAddress;
use crate::room::trust::Trust;

/// What stands behind the option.
pub(super) fn parse_ca(
    command: &str,
    parser: &mut lexopt::Parser,
) -> Result<Option<Trust>, UsageError> {
    if !cfg!(feature = "tls") {
        return Err(without_tls("--tls-ca", "leave the option out"));
    }
    let file = parser.value().map_err(|error| usage(command, error))?;
    match file.is_empty() {
        true => Err(UsageError(
            "--tls-ca is empty (type for example --tls-ca cert.pem)".into(),
        )),
        false => Ok(Trust::of_file(file.into())),
    }
}

/// `or`: what else can be done.
pub(super) fn without_tls(option: &str, or: &str) -> UsageError {
    UsageError(format!(
        "{option}: this jam was built without TLS (type `cargo build --release --features tls` to build one with \
         it, or {or})"
    ))
}

/// Gives a room's address the certificates that were typed; `option` is the one that would have named the room.
pub(super) fn believe(
    typed_ca: Option<Trust>,
    room: Option<&mut RoomAddress>,
    option: &str,
) -> Result<(), UsageError> {
    let Some(trust) = typed_ca else { return Ok(()) };
    match room {
        Some(RoomAddress { tls: Some(tls), .. }) => *tls = trust,
        Some(plain) => {
            let typed = typed("", &plain.to_string());
            return Err(UsageError(format!(
                "--tls-ca for {typed}, which is not encrypted (type its address with wss:// or https://)"
            )));
        }
        None => {
            return Err(UsageError(format!(
                "--tls-ca for which room? (type {option} wss://HOST:8000/ws/jam1 as well)"
            )));
        }
    }
    Ok(())
}
