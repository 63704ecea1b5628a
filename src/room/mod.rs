//! What a room is: its messages, its members, its nodes, its state, and who may change it.
//!
//! Nothing in this folder touches a socket, a file, a thread or a clock.

pub mod address;
pub mod event;
mod fields;
pub mod machine;
pub mod members;
pub mod message;
pub mod name;
pub mod nodes;
pub mod pace;
pub mod parse;
pub mod push;
pub mod queue;
pub mod turntable;
pub mod upload;
