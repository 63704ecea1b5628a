//! The host seat of a room: a member holds it, or it is kept for one that went without a word, or it is free.

use super::members::MemberId;
use super::message::Role;
use super::token::Token;
use crate::limits::SEAT_KEPT_SEC;
use crate::sync::playback::round_to_micros;

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Seat {
    #[default]
    Free,
    Held(MemberId),
    Kept(Kept),
}

/// For whom the seat is kept, and until when in room time.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub token: Token,
    pub peer_id: String,
    pub name: String,
    pub until: f64,
}

impl Kept {
    /// From now on for as long as a seat is kept.
    #[must_use]
    pub fn new(now: f64, token: Token, peer_id: String, name: String) -> Self {
        Self {
            token,
            peer_id,
            name,
            until: round_to_micros(now + SEAT_KEPT_SEC),
        }
    }
}

impl Seat {
    #[must_use]
    pub fn holder(&self) -> Option<MemberId> {
        match self {
            Self::Held(id) => Some(*id),
            Self::Free | Self::Kept(_) => None,
        }
    }

    #[must_use]
    pub fn kept(&self) -> Option<&Kept> {
        match self {
            Self::Kept(kept) => Some(kept),
            Self::Free | Self::Held(_) => None,
        }
    }

    #[must_use]
    pub fn is_kept_for(&self, token: &Token) -> bool {
        self.kept().is_some_and(|kept| kept.token == *token)
    }

    /// As what somebody gets in who asks for the seat and says who it is, or not; `None`: not at all. Clients that know
    /// of no tokens are told that the seat is taken, as they expect.
    #[must_use]
    pub fn role_for(&self, token: Option<&Token>) -> Option<Role> {
        match (self, token) {
            (Self::Free, _) => Some(Role::Host),
            (Self::Kept(kept), Some(token)) if kept.token == *token => Some(Role::Host),
            (_, Some(_)) => Some(Role::Viewer),
            (_, None) => None,
        }
    }

    /// Frees a seat that was kept for long enough.
    pub fn expire(&mut self, now: f64) {
        if self.expires_at().is_some_and(|at| at <= now) {
            *self = Self::Free;
        }
    }

    /// When `expire` has something to do, if at all.
    #[must_use]
    pub fn expires_at(&self) -> Option<f64> {
        self.kept().map(|kept| kept.until)
    }
}
