//! `jam host`: plays files to a room and controls it, from the terminal or a script.
//!
//! - `party`, `order`, `lock`: the room as somebody knows it who controls it, and the message for each thing to be done; pure.
//! - `keys`, `desk`, `prompt`, `screen`, `legend`: what is typed, what it leads to, and what is shown; pure.
//! - `report`, `names`, `width`: what is printed of a room, fitted to columns; pure.
//! - `plain`: lines instead of a screen; pure.
//! - `timekeeper`: what time it is there.
//! - `visit`, `script`: one thing, and out again.
//! - `stay`: a room and our files while we stay; `live` has a screen for it, `lines` has none,
//!   and `governing` hears who may do what.
//! - `adding`: a file that is read, to be served as well.
//! - `terminal`, `outside`, `loudspeaker`: the terminal, what comes from it and from signals, and what plays here.

pub mod adding;
pub mod desk;
pub mod governing;
pub mod keys;
pub mod legend;
pub mod lines;
pub mod live;
pub mod lock;
pub mod loudspeaker;
pub mod names;
pub mod order;
pub mod outside;
pub mod party;
pub mod plain;
pub mod prompt;
pub mod report;
pub mod screen;
pub mod script;
pub mod stay;
pub mod terminal;
pub mod timekeeper;
pub mod visit;
pub mod width;

use super::Failure;
use crate::cli::{HostOptions, HostWork};

/// # Errors
/// When the room cannot be joined or may not be controlled, or a file cannot be served.
pub fn run(options: &HostOptions) -> Result<(), Failure> {
    match &options.work {
        HostWork::Stay(stay) => stay::run(options, stay),
        HostWork::Do { deed, json } => script::act(options, deed, *json),
        HostWork::Upload { files, json } => script::upload(options, files, *json),
        HostWork::Show { what, json } => script::show(options, *what, *json),
    }
}
