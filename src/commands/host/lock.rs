//! Whether a room takes a key, and which one, as far as somebody inside knows; and what is said to change that. Pure.
//!
//! A server tells no keys. What opens the room is the key that let us in, or the one that we have set. Once somebody else has
//! set another one we know none, and the one from before is not tried again.

use super::order::{Idle, Order, Shows};
use super::party::Party;
use crate::cli::Deed;
use crate::client::messages::Rights;
use crate::client::orders;
use crate::room::key::Key;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoomLock {
    pub locked: bool,
    /// What opens it.
    key: Option<Key>,
    /// How often the room's key has changed, as it was told over this connection.
    changes: Option<u64>,
    /// What we have asked for, and the room has not told: another key, or none.
    asked: Option<Option<Key>>,
}

/// The key has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockNews {
    /// To the one that we asked for.
    Ours,
    /// To one that we do not know, or to none.
    Anothers,
}

impl RoomLock {
    /// With the key that is shown when joining.
    #[must_use]
    pub fn new(key: Option<Key>) -> Self {
        Self {
            key,
            ..Self::default()
        }
    }

    /// From outside.
    #[must_use]
    pub fn seen(locked: bool) -> Self {
        Self {
            locked,
            ..Self::default()
        }
    }

    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Over a new connection everything is told anew.
    pub fn joined(&mut self) {
        (self.changes, self.asked) = (None, None);
    }

    pub fn ask(&mut self, key: Option<Key>) {
        self.asked = Some(key);
    }

    /// The room has not told yet what was asked for.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// What the room says against something that we said.
    pub fn hear_refusal(&mut self, why: &str) {
        if why.starts_with("LOCK: ") || why == "Only host can control" {
            self.asked = None;
        }
    }

    pub fn hear(&mut self, rights: &Rights) -> Option<LockNews> {
        let was_locked = std::mem::replace(&mut self.locked, rights.locked);
        let before = self.changes.replace(rights.lock_changes)?;
        if before == rights.lock_changes && was_locked == rights.locked {
            return None;
        }
        let asked = self.asked.take();
        let news = match asked {
            Some(_) => LockNews::Ours,
            None => LockNews::Anothers,
        };
        self.key = asked.flatten();
        Some(news)
    }
}

impl Party {
    /// # Errors
    /// Why this member may not do this, in words.
    pub fn may_do(&self, deed: &Deed) -> Result<(), String> {
        match deed {
            Deed::Lock(_) | Deed::Unlock => self.may_lock(),
            _ => self.may_control(),
        }
    }

    /// # Errors
    /// Why this member may not set the room's key: that is the host's alone, whatever guests may do.
    pub fn may_lock(&self) -> Result<(), String> {
        let room = &self.room;
        match (&self.seat.host, &self.seat.kept) {
            _ if self.seat.mine => Ok(()),
            (Some(host), _) => Err(format!(
                "{host} hosts room {room}, and only the host sets its key (try again when the seat is free)"
            )),
            (None, Some((name, _))) => Err(format!(
                "the host seat of room {room} is kept for {name} for a moment (try again)"
            )),
            (None, None) => Err(format!("nobody hosts room {room} (take the seat first)")),
        }
    }

    /// Sets this key, or takes the room's own away.
    pub(super) fn lock(&self, key: Option<&Key>) -> Result<Order, Idle> {
        let is_so = match key {
            Some(_) => self.lock.locked && self.lock.key() == key,
            None => !self.lock.locked,
        };
        match is_so {
            true => Err(Idle::Already),
            false => Ok(Order {
                text: orders::lock(key),
                shows: Shows::Lock(key.cloned()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::rights::Guests;

    fn key(text: &str) -> Key {
        Key::parse(text).expect("a key")
    }

    fn rights(locked: bool, lock_changes: u64) -> Rights {
        Rights {
            host: None,
            kept: None,
            guests: Guests::Nothing,
            locked,
            lock_changes,
        }
    }

    #[test]
    fn the_key_that_let_us_in_counts_until_another_is_set_and_ours_when_the_room_has_told() {
        let mut lock = RoomLock::new(Some(key("plum")));
        assert_eq!(lock.hear(&rights(true, 3)), None);
        assert_eq!(lock.hear(&rights(true, 3)), None);
        assert_eq!(lock.key(), Some(&key("plum")));
        lock.ask(Some(key("pear")));
        assert_eq!(lock.key(), Some(&key("plum")));
        assert_eq!(lock.hear(&rights(true, 4)), Some(LockNews::Ours));
        assert_eq!((lock.key(), lock.is_asked()), (Some(&key("pear")), false));
        assert_eq!(lock.hear(&rights(true, 5)), Some(LockNews::Anothers));
        assert_eq!((lock.key(), lock.locked), (None, true));
    }

    #[test]
    fn what_was_refused_is_not_ours_and_a_new_connection_counts_from_anew() {
        let mut lock = RoomLock::new(None);
        lock.hear(&rights(false, 1));
        lock.ask(Some(key("plum")));
        lock.hear_refusal("REMOVE: no such track");
        assert!(lock.is_asked());
        lock.hear_refusal("Only host can control");
        assert_eq!(lock.hear(&rights(true, 2)), Some(LockNews::Anothers));
        assert_eq!(lock.key(), None);
        let mut lock = RoomLock::new(Some(key("plum")));
        lock.hear(&rights(true, 7));
        lock.joined();
        assert_eq!(lock.hear(&rights(true, 0)), None);
        assert_eq!(lock.key(), Some(&key("plum")));
    }
}
