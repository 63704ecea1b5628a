//! Every limit, timeout and size, with its unit in the name and its reason beside it.
//!
//! A number that bounds something lives here and nowhere else, next to the numbers it must agree with.
//!
//! A file for each domain; whoever needs a limit names it as `limits::NAME`.

mod chosen;
mod client;
mod commands;
mod keys;
mod player;
mod rooms;
mod server;
mod state;
mod swarm;
mod sync;
mod tls;
mod tracks;

pub use chosen::*;
pub use client::*;
pub use commands::*;
pub use keys::*;
pub use player::*;
pub use rooms::*;
pub use server::*;
pub use state::*;
pub use swarm::*;
pub use sync::*;
pub use tls::*;
pub use tracks::*;
