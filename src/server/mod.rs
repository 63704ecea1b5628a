//! The hub: rooms over WebSocket, tracks and the page over HTTP, on one port.
//!
//! `docs/ARCHITECTURE.md` draws the threads and queues. In short: one thread accepts; each connection starts in
//! an HTTP thread; a WebSocket goes on in a reader thread of its own; each room has a thread that decides; a
//! few senders write to the members and never wait.

pub mod accept;
pub mod arrival;
pub mod arrivals;
pub mod arriving;
pub mod attempts;
pub mod connection;
pub mod connections;
pub mod covers;
pub mod dial_back;
pub mod door;
pub mod doors;
pub mod forwarded;
pub mod frame_watch;
pub mod http;
pub mod incoming;
pub mod making_room;
pub mod metrics;
pub mod music;
pub mod outbox;
pub mod page;
pub mod range;
pub mod refusal;
pub mod refusing;
pub mod registry;
mod room_end;
pub mod room_handle;
pub mod room_thread;
pub mod route;
pub mod run;
pub mod sender;
pub mod state_disk;
pub mod state_file;
pub mod state_keeper;
mod stay;
pub mod stock;
pub mod swarm;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
pub mod tls;
pub mod toll;
pub mod tracks;
pub mod turned_away;
pub mod upload;
pub mod wants;
pub mod way;
pub mod websocket;
