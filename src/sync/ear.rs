//! How far a player is off, and what to do about it. Pure: readings and the time come in, decisions go out.
//!
//! A player says which position leaves its loudspeaker, and is mistaken by some ms: over PulseAudio what it says
//! wanders for seconds while the sound stays put, and nudging after it has made matters worse. So the tempo is bent
//! rarely, on long evidence, and not again when that did not help; only what is far off is put right at once.
//! A sound card that runs fast or slow needs it again and again, a minute or more apart.
//! Errors are heard minus wanted position: positive is ahead.

use crate::limits::EAR_READINGS_MAX;
use std::collections::VecDeque;

/// A player that has just begun says nothing useful.
const SETTLE_SEC: f64 = 0.5;

/// The middle one of so many readings is an error that can be acted upon.
const BATCH: usize = 7;

/// Further off than this two loudspeakers in a room are an echo, which has to end: the sound jumps.
const JUMP_SEC: f64 = 0.02;

/// A jump needs so many batches in a row.
const JUMP_VOTES: u32 = 2;

/// What is said of a start while the output is still finding its pace: the cost of the start is learnt after this.
const LEARN_AFTER_SEC: f64 = 4.0;

/// Nothing is bent on less evidence than that, in parts that agree with each other.
const EVIDENCE_SEC: f64 = 5.0;
const EVIDENCE_PARTS: usize = 4;
const AGREE_SEC: f64 = 0.0015;

/// Less is left as it is: it is what a player is mistaken by.
const NUDGE_MIN_SEC: f64 = 0.004;

/// From the end of one nudge to the next at least: the worst sound card, 100 ppm off, is no more than 6 ms off by then,
/// and what only wanders is not run after.
const NUDGE_GAP_SEC: f64 = 60.0;

/// 0.2 % is 3.5 cents, which no musician hears.
const NUDGE_DELTA: f64 = 0.002;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Advice {
    /// Leave it as it is.
    Nothing,
    /// So much too late or early it began, for what is known of a start.
    Learn { error_sec: f64 },
    /// Begin again at the right place: it is off by this, and `from_the_start` if it always was.
    Jump {
        error_sec: f64,
        from_the_start: bool,
    },
    /// Play at this speed for so long.
    Nudge { speed: f64, for_sec: f64 },
}

/// Of one start; the next one has another.
#[derive(Debug)]
pub struct Ear {
    /// Local time from which on readings count.
    from_sec: f64,
    readings: VecDeque<(f64, f64)>,
    /// Since the last decision about a jump.
    fresh: usize,
    jump_votes: u32,
    learnt: bool,
    /// What the error was when the tempo was bent, until it is clear whether that helped.
    nudged_at: Option<f64>,
    /// No nudge before this local time.
    nudge_after_sec: f64,
    /// Bending did not help: what the player says is not the truth.
    distrusted: bool,
}

impl Ear {
    /// The sound begins at this local time.
    #[must_use]
    pub fn new(starts_sec: f64) -> Self {
        Self {
            from_sec: starts_sec + SETTLE_SEC,
            readings: VecDeque::new(),
            fresh: 0,
            jump_votes: 0,
            learnt: false,
            nudged_at: None,
            nudge_after_sec: starts_sec,
            distrusted: false,
        }
    }

    /// The middle of the last readings.
    #[must_use]
    pub fn error_sec(&self) -> Option<f64> {
        let last = self.readings.iter().rev().take(2 * BATCH + 1);
        middle(last.map(|reading| reading.1).collect())
    }

    /// The error at a local time.
    pub fn hear(&mut self, local_sec: f64, error_sec: f64) -> Advice {
        if local_sec < self.from_sec || !error_sec.is_finite() {
            return Advice::Nothing;
        }
        if self.readings.len() == EAR_READINGS_MAX {
            self.readings.pop_front();
        }
        self.readings.push_back((local_sec, error_sec));
        self.fresh += 1;
        if self.fresh == BATCH {
            self.fresh = 0;
            let batch = self.readings.iter().rev().take(BATCH);
            let error_sec = middle(batch.map(|reading| reading.1).collect());
            if let Some(error_sec) = error_sec.filter(|error| error.abs() > JUMP_SEC) {
                return self.vote(error_sec);
            }
            self.jump_votes = 0;
        }
        // A row of votes for a jump comes first.
        match self.jump_votes {
            0 => self.consider(local_sec),
            _ => Advice::Nothing,
        }
    }

    fn vote(&mut self, error_sec: f64) -> Advice {
        self.jump_votes += 1;
        if self.jump_votes < JUMP_VOTES {
            return Advice::Nothing;
        }
        self.jump_votes = 0;
        // What comes later than the cost of the start is learnt, or only in the end of what was heard, is no start's fault.
        let all = self.readings.iter().map(|reading| reading.1).collect();
        let from_the_start = !self.learnt
            && self.nudged_at.is_none()
            && middle(all).is_some_and(|all| (error_sec - all).abs() < JUMP_SEC / 2.0);
        self.readings.clear();
        Advice::Jump {
            error_sec,
            from_the_start,
        }
    }

    fn consider(&mut self, local_sec: f64) -> Advice {
        if !self.learnt && local_sec >= self.from_sec + LEARN_AFTER_SEC {
            self.learnt = true;
            let all = self.readings.iter().map(|reading| reading.1).collect();
            if let Some(error_sec) = middle(all) {
                return Advice::Learn { error_sec };
            }
        }
        let Some(error_sec) = self.evidence() else {
            return Advice::Nothing;
        };
        if let Some(before) = self.nudged_at.take() {
            self.distrusted |= error_sec.abs() >= before.abs() / 2.0;
        }
        let may_nudge = !self.distrusted && local_sec >= self.nudge_after_sec;
        match may_nudge && error_sec.abs() >= NUDGE_MIN_SEC {
            true => self.nudge(local_sec, error_sec),
            false => Advice::Nothing,
        }
    }

    fn nudge(&mut self, local_sec: f64, error_sec: f64) -> Advice {
        self.nudged_at = Some(error_sec);
        let for_sec = error_sec.abs() / NUDGE_DELTA;
        self.nudge_after_sec = local_sec + for_sec + NUDGE_GAP_SEC;
        self.readings.clear();
        self.fresh = 0;
        // What has been decoded before still sounds for a moment.
        self.from_sec = local_sec + for_sec + 2.0 * SETTLE_SEC;
        Advice::Nudge {
            speed: 1.0 - NUDGE_DELTA.copysign(error_sec),
            for_sec,
        }
    }

    /// The error over a long time, when its parts agree.
    fn evidence(&self) -> Option<f64> {
        let (first, last) = (self.readings.front()?, self.readings.back()?);
        if last.0 - first.0 < EVIDENCE_SEC {
            return None;
        }
        let errors: Vec<f64> = self.readings.iter().map(|reading| reading.1).collect();
        let parts = errors.chunks(errors.len().div_ceil(EVIDENCE_PARTS));
        let middles: Option<Vec<f64>> = parts.map(|part| middle(part.to_vec())).collect();
        let middles = middles?;
        let least = middles.iter().copied().fold(f64::INFINITY, f64::min);
        let most = middles.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (most - least < AGREE_SEC).then(|| middle(errors)).flatten()
    }
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten readings a second with what `error` says, from 0 on; what was advised, and when.
    fn listen(ear: &mut Ear, until: f64, error: impl Fn(f64) -> f64) -> Vec<(f64, Advice)> {
        let steps = (until * 10.0) as u32;
        let hear = |step: u32| {
            let at = f64::from(step) / 10.0;
            (at, ear.hear(at, error(at)))
        };
        let advice = (0..steps).map(hear);
        advice
            .filter(|(_, advice)| *advice != Advice::Nothing)
            .collect()
    }

    #[test]
    fn far_off_twice_in_a_row_is_a_jump_and_once_is_not() {
        let advice = listen(&mut Ear::new(0.0), 2.0, |_| -0.03);
        let jump = Advice::Jump {
            error_sec: -0.03,
            from_the_start: true,
        };
        assert_eq!(advice[0].1, jump);
        assert!(advice[0].0 >= 0.5 + 1.3, "{advice:?}");
        // A hiccup of less than a batch.
        let hiccup = |at: f64| if (0.5..1.1).contains(&at) { 0.05 } else { 0.0 };
        assert_eq!(listen(&mut Ear::new(0.0), 4.0, hiccup), []);
    }

    #[test]
    fn a_jump_tells_of_the_start_when_all_since_then_was_as_far_off() {
        let jump_of = |error: &dyn Fn(f64) -> f64| {
            let advice = listen(&mut Ear::new(0.0), 4.0, error);
            match advice[..] {
                [(_, Advice::Jump { from_the_start, .. }), ..] => from_the_start,
                _ => panic!("{advice:?}"),
            }
        };
        // Just over what is a jump, and now and then just below.
        assert!(jump_of(&|at| if at < 1.5 { -0.0195 } else { -0.0205 }));
        // All was well until the machine stumbled.
        assert!(!jump_of(&|at| if at < 2.3 { 0.001 } else { -0.05 }));
    }

    #[test]
    fn a_start_is_learnt_from_once_and_small_errors_are_left_alone() {
        let advice = listen(&mut Ear::new(0.0), 60.0, |_| 0.003);
        assert_eq!(advice, [(4.5, Advice::Learn { error_sec: 0.003 })]);
    }

    #[test]
    fn the_tempo_is_bent_on_five_seconds_that_agree() {
        let mut ear = Ear::new(0.0);
        let advice = listen(&mut ear, 12.0, |_| -0.008);
        assert_eq!(advice.len(), 2, "{advice:?}");
        let Advice::Nudge { speed, for_sec } = advice[1].1 else {
            panic!("{advice:?}");
        };
        assert!((speed - 1.002).abs() < 1e-9 && (for_sec - 4.0).abs() < 1e-9);
        assert!(advice[1].0 >= 5.0);
    }

    #[test]
    fn what_wanders_is_no_evidence() {
        let wander = |at: f64| 0.008 + 0.004 * (at / 5.0).sin();
        let advice = listen(&mut Ear::new(0.0), 60.0, wander);
        assert!(
            matches!(advice[..], [(_, Advice::Learn { .. })]),
            "{advice:?}"
        );
    }

    #[test]
    fn a_nudge_that_does_not_help_is_the_last() {
        let advice = listen(&mut Ear::new(0.0), 120.0, |_| 0.008);
        let nudges = advice
            .iter()
            .filter(|(_, advice)| matches!(advice, Advice::Nudge { .. }));
        assert_eq!(nudges.count(), 1, "{advice:?}");
    }
}
