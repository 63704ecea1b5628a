//! Which keys there are: in short, at the foot of the screen, and in a sentence each. Pure.

use super::desk::{Desk, Focus};
use super::party::Party;
use crate::room::rights::Guests;

/// For the whole screen, when it is asked for; all of it is seen on a terminal of 24 rows and 80 columns.
pub const HELP: [&str; 15] = [
    "space, n, p   play or pause, next track, previous track",
    "left, right   10 s back, 10 s ahead; s: to a time that you type, or start now",
    "Tab           between the queue and the people; up and down move there",
    "Enter, d      play the track under the cursor, take it out of the queue",
    "J, K          move it down, up",
    "a             add a file, whose path you type",
    "h, x          give the host seat to whom the cursor is at, remove that member",
    "g             what guests may do: nothing, add, vote, everything",
    "l             set the key that it takes to join, or take it away",
    "t, v          take the host seat while it is free; as a guest, vote to skip",
    "+, -, m       louder, softer, mute; here alone, with --listen",
    "Ctrl-L        draw everything again",
    "Ctrl-Z        stop for a moment (and fg), nothing is served meanwhile",
    "q, Ctrl-C     leave; the music plays on",
    "any key       back",
];

/// The keys that do something at the moment.
#[must_use]
pub fn keys(party: &Party, desk: &Desk) -> Vec<&'static str> {
    // First what has to be there on the smallest terminal.
    let mut keys = vec!["q leave", "? help"];
    if party.may_control().is_ok() {
        keys.extend([
            "space play/pause",
            "<- -> seek",
            if party.waits().is_some() {
                "s start now"
            } else {
                "s seek to"
            },
            "n next",
            "p previous",
        ]);
        match desk.focus {
            Focus::Queue => keys.extend(["Enter play", "d remove", "J K move"]),
            Focus::People if party.seat.mine => keys.extend(["h hand over", "x remove"]),
            Focus::People => {}
        }
    }
    if party.may_control().is_ok() || party.seat.guests >= Some(Guests::Add) {
        keys.push("a add");
    }
    if party.seat.mine && party.seat.guests.is_some() {
        keys.extend(["g guests", "l lock"]);
    }
    if !party.seat.mine && party.seat.host.is_none() {
        keys.push("t take the seat");
    }
    if !party.seat.mine && party.seat.guests == Some(Guests::Vote) {
        keys.push("v vote to skip");
    }
    if desk.listens {
        keys.push("+ - m volume");
    }
    keys.push("Tab queue/people");
    keys
}
