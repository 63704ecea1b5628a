//! What all scenarios have: who takes part, how long to measure, and the rounds in which they take turns.

use crate::Outcome;
use crate::options::Options;
use crate::servers::{Contestant, JAM, Places, RIVALS, TOKIO};
use std::path::PathBuf;

pub struct Bench {
    /// jam first.
    pub contestants: Vec<Contestant>,
    /// Those who should be here and cannot, with the reason.
    pub missing: Vec<(String, String)>,
    pub quick: bool,
    pub viewers: Vec<usize>,
    /// For files of our own.
    pub scratch: PathBuf,
    rounds: Option<usize>,
}

/// What a contestant's rounds gave, or why they did not.
pub struct Taken<T> {
    pub title: String,
    pub name: String,
    pub rounds: Result<Vec<T>, String>,
}

impl Bench {
    /// # Errors
    /// When there are not enough descriptors, or no place for logs.
    pub fn new(options: &Options, descriptors: u64) -> Outcome<Self> {
        const DESCRIPTORS_MIN: u64 = 8192;
        if descriptors < DESCRIPTORS_MIN {
            return Err(format!(
                "{descriptors} file descriptors are too few; type: ulimit -n {DESCRIPTORS_MIN}"
            )
            .into());
        }
        let places = Places {
            tools: options.tools.clone(),
            rivals: options.rivals.clone(),
        };
        std::fs::create_dir_all(places.tools.join("logs"))?;
        let wanted =
            |name: &str| options.only.is_empty() || options.only.iter().any(|it| it == name);
        let mut contestants = Vec::new();
        let mut missing = Vec::new();
        if wanted(JAM) {
            contestants.push(Contestant::jam(JAM, &options.jam, &places));
        }
        for (name, path) in &options.also {
            contestants.push(Contestant::jam(name, path, &places));
        }
        for (name, title) in RIVALS.iter().filter(|(name, _)| wanted(name)) {
            match Contestant::rival(name, &places) {
                Ok(rival) => contestants.push(rival),
                Err(reason) => missing.push((String::from(*title), reason)),
            }
        }
        Ok(Self {
            contestants,
            missing,
            quick: options.quick,
            viewers: options.viewers.clone(),
            scratch: places.tools,
            rounds: options.rounds,
        })
    }

    /// One number for a full run and another for a quick one.
    #[must_use]
    pub fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Measures everybody in turn, so many times (unless the command line says how often).
    pub fn interleave<T>(
        &self,
        rounds: usize,
        measure: impl FnMut(&Contestant) -> Outcome<T>,
    ) -> Vec<Taken<T>> {
        self.take_turns(self.contestants.iter().collect(), rounds, measure)
    }

    /// The same without tokio's second row, where buffers make no difference.
    pub fn interleave_stacks<T>(
        &self,
        rounds: usize,
        measure: impl FnMut(&Contestant) -> Outcome<T>,
    ) -> Vec<Taken<T>> {
        let stacks = self.contestants.iter().filter(|it| it.name != TOKIO);
        self.take_turns(stacks.collect(), rounds, measure)
    }

    /// The same for jam alone.
    pub fn jam_alone<T>(
        &self,
        rounds: usize,
        measure: impl FnMut(&Contestant) -> Outcome<T>,
    ) -> Vec<Taken<T>> {
        let jams = self.contestants.iter().filter(|it| it.is_jam);
        self.take_turns(jams.collect(), rounds, measure)
    }

    fn take_turns<T>(
        &self,
        contestants: Vec<&Contestant>,
        rounds: usize,
        mut measure: impl FnMut(&Contestant) -> Outcome<T>,
    ) -> Vec<Taken<T>> {
        let rounds = self.rounds.unwrap_or(rounds);
        let mut taken: Vec<Taken<T>> = contestants
            .iter()
            .map(|contestant| Taken {
                title: contestant.title().into(),
                name: contestant.name.clone(),
                rounds: Ok(Vec::new()),
            })
            .collect();
        for round in 1..=rounds {
            for (contestant, taken) in contestants.iter().zip(&mut taken) {
                let Ok(values) = &mut taken.rounds else {
                    continue; // It failed before, and would again.
                };
                eprintln!("  round {round} of {rounds}: {}", taken.title);
                match measure(contestant) {
                    Ok(value) => values.push(value),
                    Err(error) => {
                        eprintln!("  failed: {error}");
                        taken.rounds = Err(error.to_string());
                    }
                }
            }
        }
        taken
    }
}
