//! The scenarios, in the order of the report.

mod cap;
mod dial;
mod downloads;
mod fanout;
mod memory;
mod rooms;
mod soak;
mod stalled;

use crate::Outcome;
use crate::bench::Bench;
use crate::report::Report;

pub struct Scenario {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn(&Bench, &mut Report) -> Outcome<()>,
}

pub const ALL: &[Scenario] = &[
    Scenario {
        name: "fanout",
        what: "a host presses play, until the last viewer knows",
        run: fanout::run,
    },
    Scenario {
        name: "memory",
        what: "what an idle viewer weighs",
        run: memory::run,
    },
    Scenario {
        name: "stalled",
        what: "ten viewers that never read, and all the others",
        run: stalled::run,
    },
    Scenario {
        name: "dial",
        what: "2,000 viewers come in the same moment",
        run: dial::run,
    },
    Scenario {
        name: "rooms",
        what: "100 rooms of ten, all hosts at once",
        run: rooms::run,
    },
    Scenario {
        name: "large",
        what: "jam alone: 5,000 viewers",
        run: fanout::run_large,
    },
    Scenario {
        name: "cap",
        what: "jam alone: eight times as many as fit",
        run: cap::run,
    },
    Scenario {
        name: "downloads",
        what: "jam alone: everybody fetches the track at once",
        run: downloads::run,
    },
    Scenario {
        name: "soak",
        what: "jam alone: an hour of coming and going",
        run: soak::run,
    },
];
