//! A member of somebody else's room: a blocking WebSocket client of a jam server.
//!
//! - `messages`, `parse`, `parse_people`: what a server says, as values; pure.
//! - `outgoing`, `orders`: what we say; pure.
//! - `backoff`: how long to wait before trying again; pure.
//! - `vigil`: whether a connection still lives, and whether this machine was asleep; pure.
//! - `error`: why there is no connection, in words; pure.
//! - `connect`: the way into a room, from a name to an upgraded socket.
//! - `link`: the way out of the socket, for any thread.
//! - `member`: the thread that reads, pings, and comes back when the connection was lost.
//! - `tls`: the encrypted way to a server (with its feature); `tls_words`: what went wrong there; pure.
//! - `http`: a question or a file for the server, outside of any room; `http_answer`: what comes back; pure.

pub mod backoff;
pub mod connect;
pub mod error;
pub mod http;
pub mod http_answer;
pub mod link;
pub mod member;
pub mod messages;
pub mod orders;
pub mod outgoing;
pub mod parse;
pub mod parse_people;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
pub mod tls;
#[cfg(feature = "tls")]
mod tls_words;
pub mod vigil;
