//! How fast a download is, and how long it will still take. Pure: the caller tells the time.

/// Older news count less: after so many seconds about a third.
const SMOOTHING_SEC: f64 = 3.0;

/// Slower than this is standing still.
const BYTES_PER_SEC_MIN: f64 = 1.0;

/// The smoothed rate of something that grows to a known size.
///
/// An exponential average, corrected for its beginning: the first two updates already give a true rate, and what was
/// there before the first one counts for nothing.
#[derive(Clone, Debug)]
pub struct Meter {
    total: u64,
    last: Option<(f64, u64)>,
    /// Bytes a second, weighted by age, and the sum of those weights (below 1).
    weighted: f64,
    weight: f64,
}

impl Meter {
    /// `total`: bytes when it is done.
    #[must_use]
    pub fn new(total: u64) -> Self {
        Self {
            total,
            last: None,
            weighted: 0.0,
            weight: 0.0,
        }
    }

    /// `bytes` in all are there at `now_sec`, on any clock that never goes back. An update at the same moment as the
    /// last one, or before it, counts with the next.
    pub fn update(&mut self, now_sec: f64, bytes: u64) {
        let Some((last_sec, last_bytes)) = self.last else {
            self.last = Some((now_sec, bytes));
            return;
        };
        let passed_sec = now_sec - last_sec;
        if passed_sec <= 0.0 {
            return;
        }
        let rate = bytes.saturating_sub(last_bytes) as f64 / passed_sec;
        let kept = (-passed_sec / SMOOTHING_SEC).exp();
        self.weighted = self.weighted * kept + rate * (1.0 - kept);
        self.weight = self.weight * kept + (1.0 - kept);
        self.last = Some((now_sec, bytes));
    }

    /// Whether there were two updates to compare.
    #[must_use]
    pub fn knows_rate(&self) -> bool {
        self.weight > 0.0
    }

    /// Bytes a second; 0 before the second update.
    #[must_use]
    pub fn rate(&self) -> f64 {
        match self.knows_rate() {
            true => self.weighted / self.weight,
            false => 0.0,
        }
    }

    /// Seconds until all is there; `None` while nothing comes.
    #[must_use]
    pub fn eta(&self) -> Option<f64> {
        let (_, bytes) = self.last?;
        let missing = self.total.saturating_sub(bytes);
        let rate = self.rate();
        match missing {
            0 => Some(0.0),
            _ => (rate >= BYTES_PER_SEC_MIN).then(|| missing as f64 / rate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64) -> bool {
        (value - expected).abs() <= expected.abs() * 0.01
    }

    #[test]
    fn a_steady_download_is_measured_from_the_second_update_on() {
        let mut meter = Meter::new(10_000);
        assert_eq!((meter.rate(), meter.eta()), (0.0, None));
        meter.update(5.0, 2_000);
        assert_eq!((meter.rate(), meter.eta()), (0.0, None));
        meter.update(5.1, 2_100);
        assert!(close(meter.rate(), 1_000.0), "{}", meter.rate());
        for step in 2..=30 {
            meter.update(5.0 + f64::from(step) * 0.1, 2_000 + step as u64 * 100);
        }
        assert!(close(meter.rate(), 1_000.0), "{}", meter.rate());
        assert!(close(meter.eta().expect("it moves"), 5.0));
    }

    #[test]
    fn what_was_there_before_is_no_speed() {
        let mut meter = Meter::new(1 << 30);
        meter.update(0.0, 1 << 29);
        meter.update(1.0, 1 << 29);
        assert_eq!((meter.rate(), meter.eta()), (0.0, None));
    }

    #[test]
    fn a_change_of_speed_is_mostly_seen_after_three_seconds_and_wholly_after_fifteen() {
        let mut meter = Meter::new(1 << 40);
        let mut bytes = 0;
        let mut run = |meter: &mut Meter, from: u32, to: u32, step: u64| {
            for tick in from..to {
                meter.update(f64::from(tick) * 0.2, bytes);
                bytes += step;
            }
        };
        run(&mut meter, 0, 100, 200);
        run(&mut meter, 100, 116, 2_000);
        assert!(
            (6_000.0..8_000.0).contains(&meter.rate()),
            "{}",
            meter.rate()
        );
        run(&mut meter, 116, 176, 2_000);
        assert!(close(meter.rate(), 10_000.0), "{}", meter.rate());
    }

    #[test]
    fn a_download_that_stands_still_has_no_end_in_sight() {
        let mut meter = Meter::new(10_000);
        meter.update(0.0, 0);
        meter.update(1.0, 1_000);
        meter.update(60.0, 1_000);
        assert!(meter.rate() < 1.0, "{}", meter.rate());
        assert_eq!(meter.eta(), None);
    }

    #[test]
    fn one_that_is_done_takes_no_time() {
        let mut meter = Meter::new(1_000);
        meter.update(0.0, 1_000);
        assert_eq!(meter.eta(), Some(0.0));
    }

    #[test]
    fn news_of_the_same_moment_or_an_earlier_one_are_not_lost_and_never_infinite() {
        let mut meter = Meter::new(10_000);
        meter.update(1.0, 0);
        meter.update(1.0, 500);
        meter.update(0.5, 700);
        meter.update(2.0, 1_000);
        assert!(close(meter.rate(), 1_000.0), "{}", meter.rate());
        meter.update(3.0, 900);
        assert!(meter.rate().is_finite() && meter.rate() >= 0.0);
    }
}
