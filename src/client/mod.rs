//! A member of somebody else's room: a blocking WebSocket client of a jam server.
//!
//! - `messages`, `parse`: what a server says, as values; pure.
//! - `outgoing`: what we say; pure.
//! - `backoff`: how long to wait before trying again; pure.
//! - `error`: why there is no connection, in words; pure.
//! - `connect`: the way into a room, from a name to an upgraded socket.
//! - `link`: the way out of the socket, for any thread.
//! - `member`: the thread that reads, pings, and comes back when the connection was lost.

pub mod backoff;
pub mod connect;
pub mod error;
pub mod link;
pub mod member;
pub mod messages;
pub mod outgoing;
pub mod parse;
