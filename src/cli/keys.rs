//! The keys to a room and to its host seat: typed, in the room's address, or in the environment, and in this order.
//!
//! No refusal repeats what was typed: it may be a key with a slip in it.

use super::values::text;
use super::{Command, Deed, HostWork, UsageError};
use crate::limits::KEY_BYTES_MAX;
use crate::room::address::RoomAddress;
use crate::room::key::{Key, Keys};
use std::ffi::OsString;

/// Where the environment has them. Arguments of a program are seen by everybody on its machine.
pub const ROOM_KEY_VARIABLE: &str = "JAM_ROOM_KEY";
pub const HOST_KEY_VARIABLE: &str = "JAM_HOST_KEY";

/// What a host sets, who may need `ROOM_KEY_VARIABLE` to get in.
pub const NEW_KEY_VARIABLE: &str = "JAM_NEW_KEY";

/// What stands behind an option.
pub(super) fn parse_key_to(
    command: &str,
    option: &str,
    parser: &mut lexopt::Parser,
) -> Result<Key, UsageError> {
    read(option, &text(command, parser)?)
}

/// The key behind `--lock`, if what comes next is no option.
pub(super) fn optional_new_key(parser: &mut lexopt::Parser) -> Result<Option<Key>, UsageError> {
    let value = match parser.optional_value() {
        Some(value) => Some(value),
        None => parser
            .try_raw_args()
            .and_then(|mut rest| rest.next_if(|next| !next.to_string_lossy().starts_with('-'))),
    };
    value.map(|value| read("--lock", &given(value))).transpose()
}

/// What is no text is no key either.
fn given(value: OsString) -> String {
    value.into_string().unwrap_or_else(|_| "\0".into())
}

fn read(from: &str, text: &str) -> Result<Key, UsageError> {
    if text.is_empty() {
        return Err(UsageError(format!(
            "{from} is empty (give it any text that is hard to guess, or leave it out)"
        )));
    }
    Key::parse(text).ok_or_else(|| {
        UsageError(format!(
            "{from} is no key (take 1 to {KEY_BYTES_MAX} bytes without control characters)"
        ))
    })
}

/// The keys of the environment.
///
/// # Errors
/// One line that says which of them is none. An empty one is as likely a mistake as a wish: nobody is let in by mistake.
pub fn keys_of_environment(
    room: Option<OsString>,
    host: Option<OsString>,
) -> Result<Keys, UsageError> {
    let key =
        |name, value: Option<OsString>| value.map(|value| read(name, &given(value))).transpose();
    Ok(Keys {
        room: key(ROOM_KEY_VARIABLE, room)?,
        host: key(HOST_KEY_VARIABLE, host)?,
    })
}

/// Gives a room's address the keys that were typed; `option` is the one that would have named the room.
pub(super) fn give(
    typed: Keys,
    room: Option<&mut RoomAddress>,
    option: &str,
) -> Result<(), UsageError> {
    match room {
        Some(room) => room.keys = typed.or(&room.keys),
        None if typed.is_empty() => {}
        None => {
            return Err(UsageError(format!(
                "a key to which room? (type {option} ws://HOST:8000/ws/jam1 as well)"
            )));
        }
    }
    Ok(())
}

impl Command {
    /// Takes these keys where it takes keys and none was typed.
    pub fn add_keys(&mut self, environment: &Keys) {
        let add = |room: &mut RoomAddress| room.keys = room.keys.or(environment);
        match self {
            Self::Print(_) => {}
            Self::Server(options) => options.keys = options.keys.or(environment),
            Self::Seed(options) => options.room.iter_mut().for_each(add),
            Self::Fetch(options) => options.room.iter_mut().for_each(add),
            Self::Listen(options) => add(&mut options.room),
            Self::Host(options) => {
                add(&mut options.room);
                if let HostWork::Stay(stay) = &mut options.work {
                    let listen = stay.listen.iter_mut();
                    listen.for_each(|listen| add(&mut listen.room));
                }
            }
            Self::Peer(options) => options.tracker.iter_mut().for_each(add),
            Self::Check(options) => options.target.room_mut().into_iter().for_each(add),
        }
    }

    /// Takes what `NEW_KEY_VARIABLE` says where a room is to be locked and no key was typed.
    ///
    /// # Errors
    /// One line when there is none, or it is none.
    pub fn add_new_key(&mut self, environment: Option<OsString>) -> Result<(), UsageError> {
        let Self::Host(options) = self else {
            return Ok(());
        };
        if let HostWork::Do { deed, .. } = &mut options.work
            && *deed == Deed::Lock(None)
        {
            let Some(value) = environment else {
                return Err(UsageError(format!(
                    "--lock with which key? (set {NEW_KEY_VARIABLE}, or type --lock KEY)"
                )));
            };
            *deed = Deed::Lock(Some(read(NEW_KEY_VARIABLE, &given(value))?));
        }
        Ok(())
    }
}
