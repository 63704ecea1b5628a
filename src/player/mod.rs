//! Loudspeakers: mpv processes that are told what to play over their JSON protocol.
//!
//! - `ipc`: the lines of that protocol, as values; pure.
//! - `mpv`: one process and the way to it.
//! - `deck`: a process that plays one track at a time, and is replaced when it dies.

pub mod deck;
pub mod ipc;
pub mod mpv;
