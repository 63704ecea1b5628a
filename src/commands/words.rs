//! Numbers and states in words, fitted to a line of a terminal. Pure.

use crate::text::clean_display_text;
use std::ops::RangeInclusive;

/// Narrowest and widest bar that still tells something.
const BAR_CHARS: RangeInclusive<usize> = 5..=40;

/// What the rest of a progress line usually takes beside the bar.
const BESIDE_BAR_CHARS: usize = 59;

const UNITS: [&str; 6] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

/// A download at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fetching {
    /// Verified, with what was there before.
    pub bytes: u64,
    pub total: u64,
    /// Bytes a second.
    pub rate: f64,
    /// Connected.
    pub peers: usize,
    pub eta_sec: Option<f64>,
}

/// Why nothing comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting<'a> {
    /// Nobody answered: each address that was dialled, and why it failed.
    Nobody { tried: &'a [(String, String)] },
    /// The room is there, but there is nothing to play in it.
    EmptyRoom { room: &'a str },
    /// The room is there, but nobody in it has the track.
    NobodyInRoom { room: &'a str },
    /// The room's server does not answer.
    Server { address: &'a str, why: &'a str },
    /// Peers are connected, but none has what is missing.
    Chunks { missing: u32, peers: usize },
}

/// `4.9 MiB`, `512 MiB`, `612 bytes`; three digits and at most one behind the point.
#[must_use]
pub fn size(bytes: u64) -> String {
    let unit = unit_for(bytes);
    format!("{} {}", in_unit(bytes, unit), unit_name(unit, bytes))
}

/// `2.1 of 4.9 MiB`, both in the unit of the second.
#[must_use]
pub fn size_of(done: u64, total: u64) -> String {
    let unit = unit_for(total);
    let (done, all) = (in_unit(done, unit), in_unit(total, unit));
    format!("{done} of {all} {}", unit_name(unit, total))
}

/// `11.3 MiB/s`.
#[must_use]
pub fn rate(bytes_per_sec: f64) -> String {
    // A number beyond u64 becomes its largest, and what is no number 0.
    let bytes = bytes_per_sec.round() as u64;
    let unit = unit_for(bytes).max(1);
    format!("{} {}/s", in_unit(bytes, unit), UNITS[unit])
}

/// The smallest unit in which a size has at most three digits before the point.
fn unit_for(bytes: u64) -> usize {
    let mut unit = 0;
    while unit + 1 < UNITS.len() && bytes as f64 / 1024_f64.powi(unit as i32) >= 999.5 {
        unit += 1;
    }
    unit
}

fn unit_name(unit: usize, bytes: u64) -> &'static str {
    match (unit, bytes) {
        (0, 1) => "byte",
        _ => UNITS[unit],
    }
}

fn in_unit(bytes: u64, unit: usize) -> String {
    let value = bytes as f64 / 1024_f64.powi(unit as i32);
    match unit == 0 || value >= 99.95 {
        true => format!("{value:.0}"),
        false => format!("{value:.1}"),
    }
}

/// `0:02`, `12:34`, `1:02:03`; from four days on `5 days`.
#[must_use]
pub fn duration(sec: f64) -> String {
    let sec = sec.ceil() as u64;
    let (hours, minutes, seconds) = (sec / 3600, sec / 60 % 60, sec % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        1..96 => format!("{hours}:{minutes:02}:{seconds:02}"),
        _ => format!("{} days", hours / 24),
    }
}

/// `0.62 s`, `8.2 s`, then `1:02`.
#[must_use]
pub fn took(sec: f64) -> String {
    match sec {
        ..0.995 => format!("{sec:.2} s"),
        ..59.95 => format!("{sec:.1} s"),
        _ => duration(sec),
    }
}

/// `1 peer`, `7 peers`.
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}

/// Rounded down, so that only the whole is 100.
#[must_use]
pub fn percent(part: u64, whole: u64) -> u64 {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    percent.min(100) as u64
}

/// `[#########>          ]`, with `width` characters between the brackets.
#[must_use]
pub fn bar(part: u64, whole: u64, width: usize) -> String {
    let filled = u128::from(part.min(whole)) * width as u128 / u128::from(whole.max(1));
    let filled = filled as usize;
    let tip = if filled < width { ">" } else { "" };
    let empty = width - filled - tip.len();
    format!("[{}{tip}{}]", "#".repeat(filled), " ".repeat(empty))
}

/// ` 43 %  [#########>          ]  2.1 of 4.9 MiB  11.3 MiB/s  7 peers  0:02 left`, at most `columns` characters:
/// the bar gets shorter first, and then goes with whatever else does not fit.
#[must_use]
pub fn progress(now: &Fetching, columns: usize) -> String {
    let parts = Parts::new(now);
    let all = parts.line(None);
    // A bar that keeps its width while the numbers beside it change theirs, as long as that fits.
    let left = columns.saturating_sub(all.len() + "  []".len());
    let usual = columns.saturating_sub(BESIDE_BAR_CHARS);
    let width = left.min(usual).min(*BAR_CHARS.end());
    if BAR_CHARS.contains(&width) {
        return parts.line(Some(bar(now.bytes, now.total, width)));
    }
    let Parts {
        percent,
        amount,
        rate,
        left,
        ..
    } = &parts;
    let shorter = [
        all,
        join(&[percent, amount, rate, left]),
        join(&[percent, rate, left]),
        join(&[percent, left]),
    ];
    let fitting = shorter.into_iter().find(|line| line.len() <= columns);
    fitting.unwrap_or_else(|| fit(percent, columns))
}

/// ` 43 %  2.1 of 4.9 MiB  11.3 MiB/s  7 peers  0:02 left`, for lines that stay.
#[must_use]
pub fn progress_without_bar(now: &Fetching) -> String {
    Parts::new(now).line(None)
}

/// All of it ASCII.
struct Parts {
    percent: String,
    amount: String,
    rate: String,
    peers: String,
    /// Empty while no end is in sight.
    left: String,
}

impl Parts {
    fn new(now: &Fetching) -> Self {
        let left = now.eta_sec.map(|sec| format!("{} left", duration(sec)));
        Self {
            percent: format!("{:>3} %", percent(now.bytes, now.total)),
            amount: size_of(now.bytes, now.total),
            rate: rate(now.rate),
            peers: count(now.peers, "peer"),
            left: left.unwrap_or_default(),
        }
    }

    fn line(&self, bar: Option<String>) -> String {
        let bar = bar.unwrap_or_default();
        join(&[
            &self.percent,
            &bar,
            &self.amount,
            &self.rate,
            &self.peers,
            &self.left,
        ])
    }
}

fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("  ")
}

/// `hashing song.mp3: 43 % of 4.9 MiB`
#[must_use]
pub fn hashing(name: &str, done: u64, total: u64) -> String {
    on_one_line(format!(
        "hashing {name}: {} % of {}",
        percent(done, total),
        size(total)
    ))
}

/// `sending song.mp3: 2.1 of 4.9 MiB, 43 %`
#[must_use]
pub fn sending(name: &str, done: u64, total: u64) -> String {
    let (part, percent) = (size_of(done, total), percent(done, total));
    on_one_line(format!("sending {name}: {part}, {percent} %"))
}

/// One line, without an end.
#[must_use]
pub fn waiting(why: &Waiting) -> String {
    const SHOWN_MAX: usize = 3;
    on_one_line(match why {
        Waiting::Nobody { tried: [] } => "waiting for a peer: nobody known yet".into(),
        Waiting::Nobody { tried } => {
            let shown = tried.iter().take(SHOWN_MAX);
            let shown: Vec<String> = shown.map(|(at, why)| format!("{at} ({why})")).collect();
            let more = match tried.len().saturating_sub(SHOWN_MAX) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let shown = shown.join(", ");
            format!("waiting for a peer: nobody reachable at {shown}{more}; trying again")
        }
        Waiting::EmptyRoom { room } => {
            format!("waiting for music: room {room} has nothing in its queue yet")
        }
        Waiting::NobodyInRoom { room } => {
            format!("waiting for a peer: nobody in room {room} has the track yet")
        }
        Waiting::Server { address, why } => {
            format!("waiting for the server: {address} not reachable ({why}); trying again")
        }
        Waiting::Chunks { missing, peers } => {
            let (chunks, peers) = (count(*missing as usize, "chunk"), count(*peers, "peer"));
            format!("waiting for {chunks} that nobody has yet ({peers} connected)")
        }
    })
}

/// Names of files, and what systems say, may hold anything.
fn on_one_line(text: String) -> String {
    clean_display_text(&text, usize::MAX).unwrap_or_default()
}

/// At most `columns` characters, with `...` where something was cut off.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let dots = "...".len().min(columns);
    let kept = text.chars().take(columns - dots);
    kept.chain(".".repeat(dots).chars()).collect()
}
