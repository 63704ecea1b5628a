//! What is asked of somebody at the keyboard, and what the keys lead to meanwhile. Pure.

use super::desk::{Desk, Effect, Moment};
use super::keys::Key;
use super::party::Party;
use super::width::{cut, tail, width};
use crate::cli::{Deed, parse_time};
use crate::client::outgoing;
use crate::limits::{HOST_PATH_BYTES_MAX, KEY_BYTES_MAX};
use crate::room::key::Key as RoomKey;
use crate::room::rights::Guests;

/// Longest time that can be typed.
const TIME_CHARS_MAX: usize = 12;

pub(super) const NO_KEY: &str = "a key has 1 to 128 bytes, and no control characters";
const _: () = assert!(KEY_BYTES_MAX == 128);

/// What is asked at the moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Prompt {
    #[default]
    None,
    /// The place to seek to, as far as it was typed.
    Seek(String),
    /// The path of a file, as far as it was typed.
    File(String),
    /// The key that it shall take to join, as far as it was typed.
    Lock(String),
    /// Whether it shall take none any more.
    Unlock,
    /// Whether to remove this member.
    Kick { peer_id: String, name: String },
}

impl Desk {
    pub(super) fn press_in_seek(
        &mut self,
        mut typed: String,
        key: Key,
        party: &mut Party,
        now: Moment,
    ) -> Vec<Effect> {
        match key {
            Key::Escape => return Vec::new(),
            Key::Enter => {
                return match parse_time(&typed) {
                    Some(sec) => self.order(&Deed::Seek(sec), party, now),
                    None if typed.is_empty() => Vec::new(),
                    None => self.refuse("type for example 90 or 1:30", now),
                };
            }
            Key::Backspace => {
                typed.pop();
            }
            Key::Char(c @ ('0'..='9' | ':' | '.')) if typed.len() < TIME_CHARS_MAX => typed.push(c),
            _ => {}
        }
        self.prompt = Prompt::Seek(typed);
        Vec::new()
    }

    pub(super) fn ask_for_file(&mut self, party: &Party, now: Moment) -> Vec<Effect> {
        if party.seat.guests < Some(Guests::Add)
            && let Err(why) = party.may_control()
        {
            return self.refuse(&why, now);
        }
        self.prompt = Prompt::File(String::new());
        Vec::new()
    }

    pub(super) fn press_in_file(
        &mut self,
        mut typed: String,
        key: Key,
        now: Moment,
    ) -> Vec<Effect> {
        match key {
            Key::Escape => return Vec::new(),
            Key::Enter if typed.is_empty() => return Vec::new(),
            Key::Enter => {
                self.tell(format!("reading {typed}"), now);
                return vec![Effect::Add(typed)];
            }
            key => edit(&mut typed, key, HOST_PATH_BYTES_MAX),
        }
        self.prompt = Prompt::File(typed);
        Vec::new()
    }

    pub(super) fn ask_for_key(&mut self, party: &Party, now: Moment) -> Vec<Effect> {
        if let Err(why) = party.may_lock() {
            return self.refuse(&why, now);
        }
        self.prompt = Prompt::Lock(String::new());
        Vec::new()
    }

    pub(super) fn press_in_lock(
        &mut self,
        mut typed: String,
        key: Key,
        party: &mut Party,
        now: Moment,
    ) -> Vec<Effect> {
        match key {
            Key::Escape => return Vec::new(),
            Key::Enter if typed.is_empty() && party.lock.locked => {
                self.prompt = Prompt::Unlock;
                return Vec::new();
            }
            Key::Enter if typed.is_empty() => return Vec::new(),
            Key::Enter => {
                return match RoomKey::parse(&typed) {
                    Some(key) => self.order(&Deed::Lock(Some(key)), party, now),
                    None => self.refuse(NO_KEY, now),
                };
            }
            key => edit(&mut typed, key, KEY_BYTES_MAX),
        }
        self.prompt = Prompt::Lock(typed);
        Vec::new()
    }

    pub(super) fn press_in_unlock(
        &mut self,
        key: Key,
        party: &mut Party,
        now: Moment,
    ) -> Vec<Effect> {
        match key {
            Key::Char('y' | 'Y') => self.order(&Deed::Unlock, party, now),
            _ => Vec::new(),
        }
    }

    pub(super) fn press_in_kick(
        &mut self,
        key: Key,
        peer_id: String,
        name: &str,
        now: Moment,
    ) -> Vec<Effect> {
        match key {
            Key::Char('y' | 'Y') => {
                self.tell(format!("{name} is removed"), now);
                vec![Effect::Say(outgoing::kick(&peer_id))]
            }
            _ => Vec::new(),
        }
    }
}

/// What a key does to a line of text, of at most so many bytes, that is being typed.
fn edit(line: &mut String, key: Key, bytes_max: usize) {
    match key {
        Key::Backspace => drop(line.pop()),
        Key::Ctrl('u') => line.clear(),
        Key::Char(c) if line.len() + c.len_utf8() <= bytes_max => line.push(c),
        _ => {}
    }
}

/// What is asked for, above the keys. Of a long path the end stays, which is what is being typed.
#[must_use]
pub fn question(prompt: &Prompt, columns: usize) -> Option<String> {
    let typed_line = |asked: &str, typed: &str, hint: &str| {
        let left = columns.saturating_sub(width(asked) + 1);
        let line = format!("{asked}{}_", tail(typed, left));
        let whole = format!("{line}{hint}");
        Some(if width(&whole) <= columns {
            whole
        } else {
            cut(&line, columns)
        })
    };
    match prompt {
        Prompt::None => None,
        Prompt::Seek(typed) => Some(format!("seek to: {typed}_   (90 or 1:30, Enter; Esc: no)")),
        Prompt::File(typed) => typed_line("file: ", typed, "   (Enter; Esc: no)"),
        Prompt::Lock(typed) => typed_line(
            "new key to the room: ",
            typed,
            "   (Enter; empty: none; Esc: as it is)",
        ),
        Prompt::Unlock => Some("take the key away, so that everybody can join? (y/n)".to_owned()),
        Prompt::Kick { name, .. } => Some(format!("remove {name} from the room for good? (y/n)")),
    }
}
