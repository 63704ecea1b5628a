//! What it takes to get into a room and onto its host seat: the locks, the keys that were tried, and what somebody without
//! one may know.

use super::close::CloseReason;
use super::event::RoomView;
use super::key::{Key, Keys, Lock};
use super::machine::Room;
use super::rights_message::RightsMessage;
use super::token::Token;
use serde::Serialize;

/// A room for somebody without its key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LockedView {
    pub room: String,
    pub locked: bool,
    pub total: usize,
}

impl Room {
    /// Its own lock, or its server's.
    pub(super) fn lock(&self) -> Option<Lock> {
        self.own_lock.or(self.home.locks.room)
    }

    /// Whether it takes a key to join.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.lock().is_some()
    }

    /// Whether a wrong key has been tried since this was asked last. Whoever asks counts them.
    pub fn take_wrong_key(&mut self) -> bool {
        std::mem::take(&mut self.wrong_key)
    }

    /// Whether one of these keys would be compared with anything.
    #[must_use]
    pub fn tries(&self, keys: &Keys) -> bool {
        let tries_seat = keys.host.is_some() && self.home.locks.host.is_some();
        tries_seat || (keys.room.is_some() && self.is_locked())
    }

    /// Whether what is said would have a key compared with the one to the host seat.
    #[must_use]
    pub fn tries_seat(&self, message: &RightsMessage) -> bool {
        let has_key = matches!(message, RightsMessage::TakeSeat { host_key: Some(_) });
        has_key && self.home.locks.host.is_some()
    }

    /// # Errors
    /// Why this key does not open the room.
    pub(super) fn try_room_key(&mut self, key: Option<&Key>) -> Result<(), CloseReason> {
        self.try_lock(self.lock(), key)
            .map_err(|is_wrong| match is_wrong {
                true => CloseReason::WrongRoomKey,
                false => CloseReason::RoomKeyNeeded,
            })
    }

    /// # Errors
    /// Why this key does not open the host seat.
    pub(super) fn try_host_key(&mut self, key: Option<&Key>) -> Result<(), CloseReason> {
        self.try_lock(self.home.locks.host, key)
            .map_err(|is_wrong| match is_wrong {
                true => CloseReason::WrongHostKey,
                false => CloseReason::HostKeyNeeded,
            })
    }

    /// The error says whether there was a key.
    fn try_lock(&mut self, lock: Option<Lock>, key: Option<&Key>) -> Result<(), bool> {
        match (lock, key) {
            (None, _) => Ok(()),
            (Some(lock), Some(key)) if lock.opens_with(key) => Ok(()),
            (Some(_), Some(_)) => {
                self.wrong_key = true;
                Err(true)
            }
            (Some(_), None) => Err(false),
        }
    }

    /// Whether the seat is somebody's with this token already, so that it need not show another key to it.
    pub(super) fn has_seat(&self, token: &Token) -> bool {
        let seat = self.members.seat();
        let holder = self.members.by_token(token);
        seat.is_kept_for(token) || (holder.is_some() && holder == seat.holder())
    }

    /// From now on this key is needed, and no other; with `None` the server's, if it has one.
    pub(super) fn set_lock(&mut self, key: Option<&Key>) -> Result<(), String> {
        if key.is_none() && self.own_lock.is_none() && self.is_locked() {
            return Err("LOCK: the server asks for its key in every room without one".into());
        }
        self.own_lock = key.map(Lock::of);
        self.lock_changes += 1;
        self.has_news = true;
        Ok(())
    }

    /// What the room looks like from outside to somebody who shows this key, or none.
    ///
    /// # Errors
    /// That it is a wrong one.
    pub fn look(&mut self, now: f64, key: Option<&Key>) -> Result<Look, CloseReason> {
        match self.try_room_key(key) {
            Ok(()) => Ok(Look::Open(Box::new(self.view(now)))),
            Err(CloseReason::RoomKeyNeeded) => Ok(Look::Locked(LockedView {
                room: self.name.to_string(),
                locked: true,
                total: self.members.len(),
            })),
            Err(reason) => Err(reason),
        }
    }
}

/// What somebody outside may see.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Look {
    Open(Box<RoomView>),
    Locked(LockedView),
}
