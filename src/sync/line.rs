//! The line that says how room time runs beside a local clock, drawn through what probes tell.
//!
//! A probe tells two things for certain. When it left, room time was at most what the server read on its arrival; when
//! the answer arrived, room time was at least what the server read on sending it. Each bound is off by what that one
//! way took, and a queue only ever pushes it outwards. So the two ways are judged each by itself, for a busy network
//! often has a queue in one direction alone, and the line runs halfway between the best upper bounds and the best lower
//! ones.

/// How fast clocks of real machines differ; the slope has to earn anything beyond it.
const SLOPE_PRIOR: f64 = 30e-6;

/// Error of a bound that met no queue at all.
const QUIET_SEC: f64 = 0.000_1;

/// At `local_sec`, room time is `local_sec + base + offset_sec`, or that is a bound of it.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub local_sec: f64,
    pub offset_sec: f64,
}

/// What a probe says.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub upper: Point,
    pub lower: Point,
}

/// The best of a burst.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    pub upper: Point,
    pub lower: Point,
    pub quickest: Bounds,
}

/// offset = `offset_sec` + `slope` * (local - `newest_sec`), and how well that is known.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    newest_sec: f64,
    offset_sec: f64,
    slope: f64,
    /// From the lower bounds to the upper ones: the round trip without any queue.
    gap_sec: f64,
    variance_sec2: f64,
    slope_variance: f64,
}

impl Bounds {
    pub fn rtt_sec(self) -> f64 {
        (self.upper.offset_sec - self.lower.offset_sec).max(0.0)
    }

    pub fn middle(self) -> Point {
        Point {
            local_sec: (self.upper.local_sec + self.lower.local_sec) / 2.0,
            offset_sec: (self.upper.offset_sec + self.lower.offset_sec) / 2.0,
        }
    }
}

impl Line {
    /// There is at least one burst. The slope comes from the quickest probes first, because their middles stay where
    /// they are when the path becomes longer, and is then drawn closer by the bounds, which are more exact.
    #[must_use]
    pub fn fit(bursts: &[Burst], tick_sec: f64) -> Self {
        let quiet_sec = QUIET_SEC + tick_sec / 3.0;
        let uppers: Vec<Point> = bursts.iter().map(|burst| burst.upper).collect();
        let lowers: Vec<Point> = bursts.iter().map(|burst| burst.lower).collect();
        let quickest = bursts.iter().map(|burst| burst.quickest);
        let middles: Vec<Point> = quickest.clone().map(Bounds::middle).collect();
        let halves_sec: Vec<f64> = quickest.map(|probe| probe.rtt_sec() / 2.0).collect();

        let (rough, _) = slope_of(&[(&middles, above(&halves_sec))], quiet_sec);
        let upper_late_sec = above(&offsets_at(&uppers, rough, uppers[0].local_sec));
        let lower_late_sec = below(&offsets_at(&lowers, rough, lowers[0].local_sec));
        let ways = [(&uppers[..], upper_late_sec), (&lowers[..], lower_late_sec)];
        let (slope, precision) = slope_of(&ways, quiet_sec);

        let newest_sec = middles[middles.len() - 1].local_sec;
        let ahead = Ahead {
            slope,
            slope_sigma: precision.powf(-0.5),
            at_sec: newest_sec,
        };
        let (upper_sec, upper_variance) = ahead.level_of(&uppers, above);
        let (lower_sec, lower_variance) = ahead.level_of(&lowers, below);
        Self {
            newest_sec,
            offset_sec: (upper_sec + lower_sec) / 2.0,
            slope,
            gap_sec: (upper_sec - lower_sec).max(0.0),
            variance_sec2: (upper_variance + lower_variance) / 4.0,
            slope_variance: 1.0 / precision,
        }
    }

    pub fn offset_at(&self, local_sec: f64) -> f64 {
        self.offset_sec + self.slope * (local_sec - self.newest_sec)
    }

    /// The local time that has this offset to `shifted_sec`: the way back of `offset_at`.
    pub fn local_at(&self, shifted_sec: f64) -> f64 {
        let past_newest_sec = shifted_sec - self.newest_sec - self.offset_sec;
        self.newest_sec + past_newest_sec / (1.0 + self.slope)
    }

    pub fn gap_sec(&self) -> f64 {
        self.gap_sec
    }

    /// The truth is within this, at about two standard deviations, even if all of the gap between the bounds belongs
    /// to one of them.
    pub fn spread_sec(&self, local_sec: f64) -> f64 {
        let away_sec = local_sec - self.newest_sec;
        let sigma_sec = (self.variance_sec2 + away_sec * away_sec * self.slope_variance).sqrt();
        2.0 * sigma_sec + self.gap_sec / 2.0
    }
}

/// How points are brought to the moment that counts.
struct Ahead {
    slope: f64,
    slope_sigma: f64,
    at_sec: f64,
}

impl Ahead {
    /// Where a row of bounds stands, and the variance of that. Bounds from long ago are as uncertain as the slope
    /// that brings them here.
    fn level_of(&self, points: &[Point], late: fn(&[f64]) -> Vec<f64>) -> (f64, f64) {
        let offsets = offsets_at(points, self.slope, self.at_sec);
        let weight = |(point, late_sec): (&Point, f64)| {
            let away_sec = (self.at_sec - point.local_sec).abs();
            (late_sec + (QUIET_SEC + self.slope_sigma * away_sec)).powi(-2)
        };
        let weights: Vec<f64> = points.iter().zip(late(&offsets)).map(weight).collect();
        (mean(&offsets, &weights), 1.0 / weights.iter().sum::<f64>())
    }
}

/// None of nothing. Of equals the first.
pub fn best(probes: &[Bounds]) -> Option<Burst> {
    let best = |is_better: fn(&Bounds, &Bounds) -> bool| {
        let better = |a: Bounds, b: Bounds| if is_better(&b, &a) { b } else { a };
        probes.iter().copied().reduce(better)
    };
    Some(Burst {
        upper: best(|a, b| a.upper.offset_sec < b.upper.offset_sec)?.upper,
        lower: best(|a, b| a.lower.offset_sec > b.lower.offset_sec)?.lower,
        quickest: best(|a, b| a.rtt_sec() < b.rtt_sec())?,
    })
}

/// How far each value is above the least.
fn above(values: &[f64]) -> Vec<f64> {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    values.iter().map(|value| value - least).collect()
}

/// How far each value is below the greatest.
fn below(values: &[f64]) -> Vec<f64> {
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    values.iter().map(|value| greatest - value).collect()
}

/// Offsets as they would be at `at_sec`.
fn offsets_at(points: &[Point], slope: f64, at_sec: f64) -> Vec<f64> {
    let moved = |point: &Point| point.offset_sec - slope * (point.local_sec - at_sec);
    points.iter().map(moved).collect()
}

/// The slope that rows of points share, by weighted least squares, shrunk towards 0, and its precision. What a point
/// is late by is about as wrong as it may be.
fn slope_of(rows: &[(&[Point], Vec<f64>)], quiet_sec: f64) -> (f64, f64) {
    let mut precision = SLOPE_PRIOR.powi(-2);
    let mut moment = 0.0;
    for (points, late_sec) in rows {
        let weight = |late_sec: &f64| (late_sec + quiet_sec).powi(-2);
        let weights: Vec<f64> = late_sec.iter().map(weight).collect();
        let first = points[0];
        let xs: Vec<f64> = points
            .iter()
            .map(|point| point.local_sec - first.local_sec)
            .collect();
        let ys: Vec<f64> = points
            .iter()
            .map(|point| point.offset_sec - first.offset_sec)
            .collect();
        let (x, y) = (mean(&xs, &weights), mean(&ys, &weights));
        for ((each_x, each_y), weight) in xs.iter().zip(&ys).zip(&weights) {
            precision += weight * (each_x - x) * (each_x - x);
            moment += weight * (each_x - x) * (each_y - y);
        }
    }
    (moment / precision, precision)
}

/// Taken from the first value on, because the others are near it.
fn mean(values: &[f64], weights: &[f64]) -> f64 {
    let first = values[0];
    let products = values
        .iter()
        .zip(weights)
        .map(|(value, weight)| weight * (value - first));
    first + products.sum::<f64>() / weights.iter().sum::<f64>()
}
