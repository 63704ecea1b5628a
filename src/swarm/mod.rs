//! Moving chunks of tracks from node to node, and keeping them.
//!
//! A node seeds a track when it has all of it, and is a leecher while it still fetches; all nodes of a track are its swarm.
//! Bytes are checked against the track's manifest before they are kept or passed on.
//!
//! What is decided is pure: [`machine`] (what to ask of whom, what to answer), with [`peers`], [`flights`],
//! [`pass`], [`window`] and [`bitfield`]; [`book`] and [`offering`] (whom to dial); [`frame`], [`check_frames`] and
//! [`key`] (bytes on the wire). Around it: [`wire`] and [`handshake`] read and write,
//! [`asker`] and [`answerer`] are the two sides of a connection, [`scout`] finds company, [`track_swarm`] is what the
//! threads share, [`doors`] counts connections, [`node`] starts and stops it all, [`store`] keeps the bytes.

pub mod answerer;
pub mod asker;
pub mod bitfield;
pub mod book;
pub mod check_frames;
pub mod doors;
pub mod flights;
pub mod frame;
mod frame_decode;
mod frame_encode;
mod greet;
pub mod handshake;
pub mod key;
pub mod links;
pub mod lister;
pub mod machine;
pub mod node;
pub mod offering;
pub mod pass;
pub mod peers;
pub mod scout;
pub mod store;
mod track_state;
pub mod track_swarm;
pub mod window;
pub mod wire;
