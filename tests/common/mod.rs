//! What several tests need.

pub mod border;
pub mod cutter;
pub mod faulty;
pub mod frames;
pub mod http;
pub mod lab;
pub mod liar;
pub mod member;
pub mod node;
pub mod proxy;
pub mod random;
pub mod relay;
pub mod room_deck;
pub mod room_explore;
pub mod room_nodes;
pub mod room_party;
pub mod room_words;
pub mod room_world;
pub mod running;
pub mod screen;
pub mod server;
pub mod swarm_world;
pub mod temp;
pub mod toll;
