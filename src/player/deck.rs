//! A deck: plays one track at a time through a process of its own, which is replaced when it dies or hangs.
//!
//! Nothing here waits: commands go out, answers come in through `hear`, and `turn` sees to what is due. Every request
//! has its deadline; a process that misses one is ended.

use super::ipc::{Answer, Command, Said};
use super::mpv::{Heard, Launch, Mpv, PlayerError};
use crate::limits::{
    PLAYER_AGAIN_MAX, PLAYER_AGAIN_MIN, PLAYER_ANSWER_DEADLINE, PLAYER_BIRTH_DEADLINE,
    PLAYER_PENDING_MAX, PLAYER_READING_MAX, PLAYER_WELL_AFTER,
};
use crossbeam_channel::Sender;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What has happened to a deck.
#[derive(Debug, PartialEq)]
pub enum News {
    /// A process is there, with nothing open.
    Up,
    /// What was loaded last stands at its place.
    Ready,
    /// It cannot be played, and what mpv says.
    NotPlayable(String),
    /// This position left the loudspeaker at that moment.
    Position { sec: f64, at: Instant },
    /// The process is gone; another one comes.
    Down { why: String, again_in: Duration },
}

pub struct Deck {
    index: usize,
    launch: Launch,
    heard: Sender<Heard>,
    process: Option<Process>,
    lives: u64,
    /// When the next process is due, and how long the one behind it would have to wait.
    again_at: Instant,
    again_in: Duration,
    /// Processes in a row that have not said a word.
    stillborn: u32,
}

struct Process {
    mpv: Mpv,
    born: Instant,
    answered: bool,
    requests: u64,
    pending: VecDeque<Pending>,
    load: Option<Load>,
    /// What it opened last.
    started: Option<u64>,
    /// What is open and was ready.
    open: Option<u64>,
}

struct Pending {
    request: u64,
    kind: Kind,
    asked: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Load,
    Position,
    Other,
}

/// Under way.
struct Load {
    request: u64,
    entry: Option<u64>,
}

impl Deck {
    /// Nothing runs before the first `turn`.
    #[must_use]
    pub fn new(index: usize, launch: Launch, heard: Sender<Heard>) -> Self {
        Self {
            index,
            launch,
            heard,
            process: None,
            lives: 0,
            again_at: Instant::now(),
            again_in: PLAYER_AGAIN_MIN,
            stillborn: 0,
        }
    }

    /// Starts a process when one is due, and ends one that hangs.
    ///
    /// # Errors
    /// When the program is missing, or cannot be started.
    pub fn turn(&mut self, now: Instant) -> Result<Option<News>, PlayerError> {
        if let Some(process) = &self.process {
            let deadline = match process.answered {
                true => PLAYER_ANSWER_DEADLINE,
                false => PLAYER_BIRTH_DEADLINE,
            };
            let oldest = process.pending.front();
            if oldest.is_some_and(|oldest| now >= oldest.asked + deadline) {
                let sec = deadline.as_secs();
                return Ok(self.down(now, &format!("no answer within {sec} s")));
            }
        } else if now >= self.again_at {
            self.lives += 1;
            let mpv = Mpv::start(&self.launch, self.index, self.lives, &self.heard)?;
            log::debug!("player {} runs as process {}", self.index, mpv.pid());
            self.process = Some(Process {
                mpv,
                born: now,
                answered: false,
                requests: 0,
                pending: VecDeque::new(),
                load: None,
                started: None,
                open: None,
            });
            // Its answer says that it lives.
            return Ok(self.tell(&Command::Pause(true), now));
        }
        Ok(None)
    }

    /// How many processes in a row ended before they had said a word: a program that is no mpv, or an old one.
    #[must_use]
    pub fn stillborn(&self) -> u32 {
        self.stillborn
    }

    /// Nothing happens while there is no process; `Down` when it does not take the command.
    pub fn tell(&mut self, command: &Command, now: Instant) -> Option<News> {
        let process = self.process.as_mut()?;
        process.requests += 1;
        let request = process.requests;
        let kind = match command {
            Command::Load { .. } => {
                process.load = Some(Load {
                    request,
                    entry: None,
                });
                process.open = None;
                Kind::Load
            }
            Command::Position => Kind::Position,
            Command::Stop => {
                (process.load, process.open) = (None, None);
                Kind::Other
            }
            _ => Kind::Other,
        };
        if process.pending.len() >= PLAYER_PENDING_MAX {
            return self.down(now, "it does not answer");
        }
        if process.mpv.send(command, request).is_err() {
            return self.down(now, "it takes no commands");
        }
        process.pending.push_back(Pending {
            request,
            kind,
            asked: now,
        });
        None
    }

    /// What one of its processes said; of earlier ones nothing counts.
    pub fn hear(&mut self, heard: Heard) -> Option<News> {
        if heard.life != self.lives {
            return None;
        }
        let process = self.process.as_mut()?;
        match heard.said {
            None => self.down(heard.at, "it ended"),
            Some(Said::Reply { request, result }) => process.reply(request, result, heard.at),
            Some(Said::Started { entry }) => {
                process.started = Some(entry);
                None
            }
            Some(Said::Restarted) => process.restarted(),
            Some(Said::Ended { entry, error }) => process.ended(entry, error),
            Some(Said::Other) => None,
        }
    }

    /// Ends the process, if there is one.
    fn down(&mut self, now: Instant, why: &str) -> Option<News> {
        let process = self.process.take()?;
        let lived = now.saturating_duration_since(process.born);
        match process.answered {
            true => self.stillborn = 0,
            false => self.stillborn += 1,
        }
        if lived >= PLAYER_WELL_AFTER {
            self.again_in = PLAYER_AGAIN_MIN;
        }
        let again_in = self.again_in;
        self.again_at = now + again_in;
        self.again_in = (again_in * 2).min(PLAYER_AGAIN_MAX);
        let why = why.to_owned();
        Some(News::Down { why, again_in })
    }
}

impl Process {
    fn reply(&mut self, request: u64, result: Result<Answer, String>, at: Instant) -> Option<News> {
        let place = self.pending.iter().position(|p| p.request == request)?;
        let Pending { kind, asked, .. } = self.pending.remove(place)?;
        let born = !std::mem::replace(&mut self.answered, true);
        match (kind, result) {
            (Kind::Load, Ok(Answer::Entry(entry))) => {
                let load = self.load.as_mut().filter(|load| load.request == request)?;
                load.entry = Some(entry);
                None
            }
            (Kind::Load, Err(why)) => {
                self.load.take_if(|load| load.request == request)?;
                Some(News::NotPlayable(why))
            }
            // Between asking and answering lies the moment that it speaks of: a slow answer says little.
            (Kind::Position, Ok(Answer::Number(sec))) => {
                let took = at.saturating_duration_since(asked);
                let at = asked + took / 2;
                (took <= PLAYER_READING_MAX).then_some(News::Position { sec, at })
            }
            _ if born => Some(News::Up),
            _ => None,
        }
    }

    fn restarted(&mut self) -> Option<News> {
        let started = self.started?;
        self.load.take_if(|load| load.entry == Some(started))?;
        self.open = Some(started);
        Some(News::Ready)
    }

    fn ended(&mut self, entry: Option<u64>, error: Option<String>) -> Option<News> {
        let error = error?;
        let loading = self.load.as_ref().and_then(|load| load.entry);
        if entry.is_none() || (entry != loading && entry != self.open) {
            return None;
        }
        (self.load, self.open) = (None, None);
        Some(News::NotPlayable(error))
    }
}
