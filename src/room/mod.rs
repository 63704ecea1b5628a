//! What a room is: its messages, its members, its nodes, its state, and who may change it.
//!
//! Nothing in this folder touches a socket, a file, a thread or a clock.

pub mod address;
pub mod choice;
pub mod close;
pub mod event;
mod fields;
mod governing;
pub mod held;
mod host_text;
mod joining;
pub mod key;
pub mod kind;
mod lists;
pub mod locking;
pub mod machine;
pub mod members;
pub mod message;
pub mod name;
pub mod node_message;
pub mod nodes;
mod offers;
pub mod origin;
pub mod pace;
pub mod parse;
mod parse_node;
pub mod push;
pub mod queue;
pub mod removed;
pub mod rights;
pub mod rights_message;
pub mod seat;
pub mod snapshot;
mod stock;
mod swarm_map;
pub mod token;
#[cfg(not(feature = "tls"))]
#[path = "no_trust.rs"]
pub mod trust;
#[cfg(feature = "tls")]
pub mod trust;
pub mod turntable;
pub mod upload;
mod votes;
pub mod waiting;
