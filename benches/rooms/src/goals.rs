//! What jam has set itself: figures that it must reach, and figures that it would like to.

use crate::report::Report;
use crate::servers::{BUN, FASTAPI, JAM, TOKIO_2K};
use crate::table::Table;

struct Goal {
    what: &'static str,
    unit: &'static str,
    measure: fn(&Report) -> Option<f64>,
    must: f64,
    stretch: Option<f64>,
}

const FANOUT: &str = "fanout-1000";
const FANOUT_LARGE: &str = "fanout-3000";

const GOALS: &[Goal] = &[
    Goal {
        what: "1,000 viewers, p50: jam / FastAPI",
        unit: "",
        measure: |report| ratio(report, FANOUT, FASTAPI),
        must: 0.30,
        stretch: Some(0.20),
    },
    Goal {
        what: "1,000 viewers, p50: jam / tokio-tungstenite 2 KiB",
        unit: "",
        measure: |report| ratio(report, FANOUT, TOKIO_2K),
        must: 1.10,
        stretch: Some(0.90),
    },
    Goal {
        what: "1,000 viewers, p50: jam / Bun",
        unit: "",
        measure: |report| ratio(report, FANOUT, BUN),
        must: 0.75,
        stretch: Some(0.55),
    },
    Goal {
        what: "3,000 viewers, p50: jam / FastAPI",
        unit: "",
        measure: |report| ratio(report, FANOUT_LARGE, FASTAPI),
        must: 0.30,
        stretch: Some(0.20),
    },
    Goal {
        what: "3,000 viewers, p50: jam / tokio-tungstenite 2 KiB",
        unit: "",
        measure: |report| ratio(report, FANOUT_LARGE, TOKIO_2K),
        must: 1.10,
        stretch: Some(0.90),
    },
    Goal {
        what: "3,000 viewers, p50: jam / Bun",
        unit: "",
        measure: |report| ratio(report, FANOUT_LARGE, BUN),
        must: 0.75,
        stretch: Some(0.55),
    },
    Goal {
        what: "processor time for a delivered STATE",
        unit: " µs",
        measure: |report| report.figure(FANOUT, JAM, "cpu_us"),
        must: 14.0,
        stretch: Some(12.0),
    },
    Goal {
        what: "resident memory of an idle viewer",
        unit: " KiB",
        measure: |report| report.figure("memory", JAM, "kib_per_viewer"),
        must: 22.0,
        stretch: Some(16.5),
    },
    Goal {
        what: "p99 of the others while ten stall",
        unit: " ms",
        measure: |report| report.figure("stalled", JAM, "p99_with_ms"),
        must: 10.0,
        stretch: None,
    },
    Goal {
        what: "the same / without the ten",
        unit: "",
        measure: |report| {
            let with = report.figure("stalled", JAM, "p99_with_ms")?;
            Some(with / report.figure("stalled", JAM, "p99_without_ms")?)
        },
        must: 2.0,
        stretch: None,
    },
    Goal {
        what: "2,000 dial at once, until all have STATE",
        unit: " s",
        measure: |report| report.figure("dial", JAM, "p50_s"),
        must: 1.0,
        stretch: Some(0.4),
    },
];

fn ratio(report: &Report, scenario: &str, rival: &str) -> Option<f64> {
    let own = report.figure(scenario, JAM, "p50_ms")?;
    Some(own / report.figure(scenario, rival, "p50_ms")?)
}

/// The goals that could be measured, if any.
#[must_use]
pub fn table(report: &Report) -> Option<Table> {
    let mut table = Table::new("goals of jam", &["", "measured", "must", "stretch", ""]);
    let mut any = false;
    for goal in GOALS {
        let Some(value) = (goal.measure)(report) else {
            continue;
        };
        any = true;
        let amount = |value: f64| format!("{value:.2}{}", goal.unit);
        table.row(vec![
            goal.what.into(),
            amount(value),
            amount(goal.must),
            goal.stretch.map_or("-".into(), amount),
            verdict(value, goal.must, goal.stretch).into(),
        ]);
    }
    any.then_some(table)
}

fn verdict(value: f64, must: f64, stretch: Option<f64>) -> &'static str {
    match stretch {
        Some(stretch) if value <= stretch => "stretch",
        _ if value <= must => "must",
        _ => "MISSED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_reached_at_its_figure() {
        assert_eq!(verdict(0.2, 0.3, Some(0.2)), "stretch");
        assert_eq!(verdict(0.3, 0.3, Some(0.2)), "must");
        assert_eq!(verdict(0.31, 0.3, Some(0.2)), "MISSED");
        assert_eq!(verdict(1.0, 2.0, None), "must");
    }

    #[test]
    fn nothing_measured_is_no_table() {
        assert!(table(&Report::default()).is_none());
    }
}
