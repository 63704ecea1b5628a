//! What `jam fetch --json` prints: one JSON object a line. Pure.

use super::report::{Fetched, Missed};
use super::words::{self, Fetching, Waiting};
use serde::Serialize;

/// Unknown events and fields may come with later versions.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event<'a> {
    Hashing {
        name: &'a str,
        bytes: u64,
        total: u64,
    },
    Waiting {
        message: &'a str,
    },
    Progress {
        bytes: u64,
        total: u64,
        rate: u64,
        peers: usize,
        eta_sec: Option<f64>,
    },
    Done {
        path: String,
        bytes: u64,
        had_bytes: u64,
        seconds: f64,
        rate: u64,
        sources: Vec<From<'a>>,
    },
    Failed {
        track_id: &'a str,
        name: &'a str,
        message: &'a str,
    },
    Error {
        message: &'a str,
    },
}

#[derive(Serialize)]
struct From<'a> {
    node: &'a str,
    address: Option<&'a str>,
    seed: bool,
    bytes: u64,
}

impl Event<'_> {
    fn line(&self) -> String {
        let mut line =
            serde_json::to_string(self).expect("bug: an event is made of text and numbers");
        line.push('\n');
        line
    }
}

/// `{"event":"hashing","name":"song.mp3","bytes":..,"total":..}`
#[must_use]
pub fn hashing(name: &str, bytes: u64, total: u64) -> String {
    Event::Hashing { name, bytes, total }.line()
}

/// `{"event":"waiting","message":".."}`
#[must_use]
pub fn waiting(why: &Waiting) -> String {
    let message = &words::waiting(why);
    Event::Waiting { message }.line()
}

/// `{"event":"progress","bytes":..,"total":..,"rate":..,"peers":..,"eta_sec":..}`: bytes, bytes a second, and
/// `null` while no end is in sight.
#[must_use]
pub fn progress(now: &Fetching) -> String {
    Event::Progress {
        bytes: now.bytes,
        total: now.total,
        rate: now.rate.round() as u64,
        peers: now.peers,
        eta_sec: now.eta_sec.map(|sec| round(sec, 10.0)),
    }
    .line()
}

/// `{"event":"done","path":..,"bytes":..,"had_bytes":..,"seconds":..,"rate":..,"sources":[..]}`: `bytes` is the whole
/// file, `had_bytes` what was there before, `rate` what came a second. Sources as `report` sorts them.
#[must_use]
pub fn done(fetched: &Fetched) -> String {
    let sources = fetched.sorted_sources();
    let sources = sources.iter().map(|source| From {
        node: &source.node,
        address: source.address.as_deref(),
        seed: source.seed,
        bytes: source.bytes,
    });
    Event::Done {
        path: fetched.path.to_string_lossy().into_owned(),
        bytes: fetched.bytes,
        had_bytes: fetched.had_bytes,
        seconds: round(fetched.seconds, 1000.0),
        rate: fetched.rate().round() as u64,
        sources: sources.collect(),
    }
    .line()
}

/// `{"event":"failed","track_id":..,"name":..,"message":".."}`: one of several tracks could not be had, and the
/// others follow.
#[must_use]
pub fn failed(missed: &Missed) -> String {
    Event::Failed {
        track_id: &missed.track_id,
        name: &missed.name,
        message: &missed.why,
    }
    .line()
}

/// `{"event":"error","message":".."}`: the last line of a download that failed.
#[must_use]
pub fn error(message: &str) -> String {
    Event::Error { message }.line()
}

fn round(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}
