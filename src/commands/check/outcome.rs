//! What a check found out: numbers, and the one thing that is wrong.

use std::net::SocketAddr;
use std::time::Duration;

/// One check, as far as it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The address that answered, of those that the name has.
    pub address: Option<SocketAddr>,
    /// How long connecting took.
    pub connected: Option<Duration>,
    /// The median of some small echoes.
    pub round_trip: Option<Duration>,
    /// Bytes a second from here to there.
    pub there: Option<u64>,
    /// Bytes a second from there to here.
    pub back: Option<u64>,
    /// `None`: all is well.
    pub trouble: Option<Trouble>,
}

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the machine that dialled.
    There,
    /// To the machine that dialled.
    Back,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    NoSuchName,
    NameTimedOut,
    Refused,
    TimedOut,
    /// With the system's words.
    Unreachable(String),
    Forbidden(String),
    CannotDial(String),
    /// Connected, and not a byte came back.
    Silent,
    /// Connected, and closed without a word.
    HungUp,
    NotJam {
        answer: String,
    },
    Version,
    /// Jam, but it takes part in no checks.
    NoChecks {
        why: String,
    },
    /// Nothing of what was sent this way arrives, though the other way works.
    Lost(Way),
    /// Small packets arrive, large ones do not.
    LargeLost(Way),
    /// So many bytes arrived, then no more.
    Stopped {
        way: Way,
        bytes: u64,
    },
    /// The connection was cut in the middle.
    Cut(String),
    /// Something arrived that was not sent. `None`: one way or the other.
    WrongBytes(Option<Way>),
    /// It took longer than a check may.
    TooSlow,
}

impl Trouble {
    /// For programs that read JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoSuchName => "no_such_name",
            Self::NameTimedOut => "name_timed_out",
            Self::Refused => "refused",
            Self::TimedOut => "timed_out",
            Self::Unreachable(_) => "unreachable",
            Self::Forbidden(_) => "forbidden",
            Self::CannotDial(_) => "cannot_dial",
            Self::Silent => "silent",
            Self::HungUp => "hung_up",
            Self::NotJam { .. } => "not_jam",
            Self::Version => "version",
            Self::NoChecks { .. } => "no_checks",
            Self::Lost(Way::There) => "lost_there",
            Self::Lost(Way::Back) => "lost_back",
            Self::LargeLost(Way::There) => "large_lost_there",
            Self::LargeLost(Way::Back) => "large_lost_back",
            Self::Stopped { .. } => "stopped",
            Self::Cut(_) => "cut",
            Self::WrongBytes(_) => "wrong_bytes",
            Self::TooSlow => "too_slow",
        }
    }
}

/// How a check looked from the side that was dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visit {
    /// The other side has told how it went.
    Told {
        ok: bool,
        round_trip: Duration,
        there: u64,
        back: u64,
    },
    /// A connection, and then nothing for some seconds.
    Silent,
    /// Our answer to HELLO was followed by nothing.
    AnswerLost,
    /// Data stopped after so many bytes, one way or the other.
    Stopped {
        way: Way,
        bytes: u64,
    },
    /// Not jam, or garbled.
    NotJam {
        said: String,
    },
    Version(u8),
    /// A node that wants something else, or has another key.
    NotACheck,
    WrongBytes,
    Cut,
    /// It asked for more than a check does.
    Greedy,
}

/// The middle one, or the mean of the two in the middle; `None` of nothing.
#[must_use]
pub fn median(times: &mut [Duration]) -> Option<Duration> {
    times.sort_unstable();
    let middle = times.len() / 2;
    let upper = *times.get(middle)?;
    match times.len().is_multiple_of(2) {
        true => Some((times[middle - 1] + upper) / 2),
        false => Some(upper),
    }
}

/// Bytes a second; a time too short to measure counts as a microsecond.
#[must_use]
pub fn rate(bytes: u64, took: Duration) -> u64 {
    let micros = took.as_micros().max(1);
    u64::try_from(u128::from(bytes) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |ms: &[u64]| {
            let mut times: Vec<_> = ms.iter().map(|&ms| Duration::from_millis(ms)).collect();
            median(&mut times)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[9, 1, 5]), Some(Duration::from_millis(5)));
        assert_eq!(of(&[9, 1, 5, 7]), Some(Duration::from_millis(6)));
    }

    #[test]
    fn a_rate_is_bytes_a_second_and_never_divides_by_nothing() {
        assert_eq!(rate(1_000_000, Duration::from_millis(100)), 10_000_000);
        assert_eq!(rate(5, Duration::ZERO), 5_000_000);
        assert_eq!(rate(u64::MAX, Duration::ZERO), u64::MAX);
    }
}
