//! jam: a listening party from one small binary.
//!
//! The map, from the outside in; an arrow never points back up (`tests/tidy.rs` checks it):
//!
//! - [`cli`]: arguments to a command, and the help texts.
//! - [`commands`]: what `jam seed`, `fetch`, `listen`, `peer` and `check` do, and what they say on the way.
//! - [`server`]: the hub. Rooms over WebSocket, tracks and the page over HTTP, on one port.
//! - [`swarm`]: moving chunks. Nodes that fetch tracks from each other, and where they keep them.
//! - [`client`]: a member of somebody else's room.
//! - [`player`]: loudspeakers. mpv processes, and how they are told what to play.
//! - [`room`]: what a room is. Messages, members, nodes and the state machine; pure.
//! - [`sync`]: being together. What time it is in the room, when a change takes effect, how a player follows; pure.
//! - [`track`]: what a track is. Its id, its kind, its tags and length, the library on disk.
//! - [`sys`]: the thin outside. Clock reading, log, threads, signals, addresses.
//! - [`identity`]: names of nodes and keys of swarms; pure.
//! - [`text`]: names made fit for display; pure.
//! - [`limits`]: every limit, timeout and size.
//!
//! `docs/ARCHITECTURE.md` tells how the threads fit together.

#![forbid(unsafe_code)]

pub mod cli;
pub mod client;
pub mod commands;
pub mod identity;
pub mod limits;
pub mod player;
pub mod room;
pub mod server;
pub mod swarm;
pub mod sync;
pub mod sys;
pub mod text;
pub mod track;
