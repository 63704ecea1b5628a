//! When to tell the room how this listener does: what changed, and not more often than needed. Pure.
//!
//! The page's `web/reporter.js` does the same: numbers are rounded, small changes wait, a new status goes out soon,
//! and without any change a report is repeated, so that its numbers do not go stale. That a track is ready is told without any
//! delay, for the room may be waiting for it.

use crate::client::outgoing::Report;

const GAP_SEC: f64 = 2.0;
const STATUS_GAP_SEC: f64 = 0.4;
const REPEAT_SEC: f64 = 15.0;

/// An error has to move by this before it is told again, a round trip by this or a fifth of itself.
const ERROR_STEP_MS: f64 = 0.2;
const RTT_STEP_MS: f64 = 1.0;
/// Nobody hears less than this, and a clock gets better by small steps for minutes.
const CLOCK_STEP_MS: f64 = 0.5;

#[derive(Debug, Default)]
pub struct Reporter {
    last: Option<(f64, Report)>,
    sent_at: Option<f64>,
}

impl Reporter {
    /// A new connection knows nothing yet.
    pub fn reset(&mut self) {
        self.last = None;
    }

    /// What is to be sent now, if anything. It counts as sent.
    pub fn update(&mut self, now_sec: f64, report: Report) -> Option<Report> {
        let report = rounded(report);
        let waited = self.sent_at.map_or(f64::INFINITY, |at| now_sec - at);
        if waited < self.gap_sec(&report) {
            return None;
        }
        self.last = Some((now_sec, report.clone()));
        self.sent_at = Some(now_sec);
        Some(report)
    }

    fn gap_sec(&self, report: &Report) -> f64 {
        match &self.last {
            Some((_, last)) if becomes_ready(report, last) => 0.0,
            Some((_, last)) if same_moment(last, report) => match differs(report, last) {
                true => GAP_SEC,
                false => REPEAT_SEC,
            },
            _ => STATUS_GAP_SEC,
        }
    }
}

fn becomes_ready(report: &Report, last: &Report) -> bool {
    is_ready(report) && (!is_ready(last) || report.track_id != last.track_id)
}

/// The room counts these as ready for the track that the report is about.
fn is_ready(report: &Report) -> bool {
    matches!(report.status, "ready" | "playing" | "paused")
}

/// The room waits for those who are not ready with a track, so another one is told as soon as another status.
fn same_moment(a: &Report, b: &Report) -> bool {
    a.status == b.status && a.track_id == b.track_id
}

fn rounded(report: Report) -> Report {
    Report {
        rtt_ms: round(report.rtt_ms, 100.0),
        error_ms: round(report.error_ms, 10.0),
        loaded: round(report.loaded, 100.0),
        clock_ms: round(report.clock_ms, 100.0),
        ..report
    }
}

fn round(number: Option<f64>, parts: f64) -> Option<f64> {
    let number = number.filter(|number| number.is_finite())?;
    Some((number * parts).round() / parts)
}

fn differs(a: &Report, b: &Report) -> bool {
    let rtt_step = RTT_STEP_MS.max(0.2 * b.rtt_ms.unwrap_or(0.0));
    let clock_step = CLOCK_STEP_MS.max(0.2 * b.clock_ms.unwrap_or(0.0));
    a.method != b.method
        || a.loaded != b.loaded
        || moved(a.error_ms, b.error_ms, ERROR_STEP_MS)
        || moved(a.rtt_ms, b.rtt_ms, rtt_step)
        || moved(a.clock_ms, b.clock_ms, clock_step)
}

fn moved(a: Option<f64>, b: Option<f64>, step: f64) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() >= step - 1e-9,
        _ => a.is_some() != b.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playing(error_ms: f64) -> Report {
        Report {
            status: "playing",
            error_ms: Some(error_ms),
            ..Report::default()
        }
    }

    #[test]
    fn a_new_status_goes_out_soon_a_change_after_two_seconds_and_the_same_after_fifteen() {
        let mut reporter = Reporter::default();
        assert_eq!(reporter.update(0.0, playing(0.44)), Some(playing(0.4)));
        let paused = || Report {
            status: "paused",
            ..Report::default()
        };
        assert_eq!(reporter.update(0.3, paused()), None);
        assert_eq!(reporter.update(0.4, paused()), Some(paused()));
        assert_eq!(reporter.update(1.0, playing(0.4)), Some(playing(0.4)));
        assert_eq!(reporter.update(2.9, playing(5.0)), None);
        assert_eq!(reporter.update(3.0, playing(5.0)), Some(playing(5.0)));
        assert_eq!(reporter.update(17.9, playing(5.1)), None);
        assert_eq!(reporter.update(18.0, playing(5.1)), Some(playing(5.1)));
        reporter.reset();
        assert_eq!(reporter.update(19.0, playing(5.1)), Some(playing(5.1)));
    }

    #[test]
    fn that_a_track_is_ready_is_told_at_once() {
        let about = |status, track_id: &str| Report {
            status,
            track_id: Some(track_id.into()),
            ..Report::default()
        };
        let mut reporter = Reporter::default();
        for (at, report, goes_out) in [
            (0.0, about("playing", "a"), true),
            (0.01, about("loading", "b"), false),
            (0.4, about("loading", "b"), true),
            (0.41, about("ready", "b"), true),
            (0.42, about("playing", "b"), false),
            (0.43, about("ready", "c"), true),
            (0.44, about("loading", "c"), false),
            (0.84, about("loading", "c"), true),
            (0.85, about("failed", "c"), false),
            (1.25, about("failed", "c"), true),
        ] {
            let said = reporter.update(at, report.clone());
            assert_eq!(said.is_some(), goes_out, "{report:?} at {at}");
        }
    }

    #[test]
    fn another_track_is_told_soon_and_a_clock_that_gets_a_little_better_can_wait() {
        let about = |track_id: &str, clock_ms| Report {
            track_id: Some(track_id.into()),
            clock_ms: Some(clock_ms),
            ..playing(0.4)
        };
        let mut reporter = Reporter::default();
        assert_eq!(
            reporter.update(0.0, about("a", 1.234)),
            Some(about("a", 1.23))
        );
        assert_eq!(reporter.update(2.0, about("a", 0.9)), None);
        assert_eq!(reporter.update(2.1, about("b", 0.9)), Some(about("b", 0.9)));
        assert_eq!(reporter.update(4.2, about("b", 0.4)), Some(about("b", 0.4)));
    }
}
