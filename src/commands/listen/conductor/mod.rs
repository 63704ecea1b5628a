//! The thread that conducts: it hears the room and the players, knows what time it is there, and carries out what
//! `sync::follow` decides, at the moment at which it is due. `telling` says how that goes.

mod telling;

use super::remote::Remote;
use super::reporter::Reporter;
use super::shelf::{Shelf, State};
use super::words::{Teller, not_playable};
use crate::cli::ListenOptions;
use crate::client::link::RoomLink;
use crate::client::member::RoomEvent;
use crate::client::messages::{self, Track, Waiting};
use crate::client::tls::trusted_file;
use crate::commands::Failure;
use crate::commands::stop::Stop;
use crate::limits::{COMMAND_TICK, PLAYER_SAID_MAX, PLAYER_STILLBORN_MAX, VOLUME_USUAL};
use crate::player::deck::{Deck, News};
use crate::player::ipc::Command;
use crate::player::mpv::{Heard, Launch};
use crate::room::address::RoomAddress;
use crate::sync::clock::{Probe, RoomClock};
use crate::sync::follow::{DECKS, Follower, Moment, Order, Wanted};
use crate::sync::probing::{Due, Probing};
use crate::sys::pen::Pen;
use crate::track::id::TrackId;
use crossbeam_channel::{Receiver, bounded, select};
use std::io;
use std::time::{Duration, Instant};

/// What a conductor works with.
pub struct Stage<'a> {
    pub link: &'a RoomLink,
    pub events: Receiver<RoomEvent>,
    /// Where tracks lie; `None`: they come from the server.
    pub shelf: Option<&'a Shelf>,
    pub stop: &'a Stop,
    /// Who has the terminal, if not we.
    pub remote: Option<&'a Remote>,
}

pub struct Conductor<'a> {
    stage: Stage<'a>,
    room: String,
    trim_sec: f64,
    began: Instant,
    clock: RoomClock,
    probing: Probing,
    decks: Vec<Deck>,
    heard: Receiver<Heard>,
    follower: Follower,
    /// By its name, if it has to show a certificate.
    encrypted_server: Option<String>,
    /// Where tracks are, for players.
    server: Option<String>,
    connected: bool,
    state: Option<messages::State>,
    queue: Vec<Track>,
    /// A start that waits for those who are not ready.
    waiting: Option<Waiting>,
    reporter: Reporter,
    teller: Teller,
    /// Not while somebody else has the terminal.
    pen: Option<Pen>,
    /// `None`: there is something that cannot wait.
    told_at: Option<Instant>,
    players_lost: u32,
    volume: u32,
}

impl<'a> Conductor<'a> {
    /// # Errors
    /// When the system has no room for a thread.
    pub fn new(options: &ListenOptions, stage: Stage<'a>) -> Result<Self, Failure> {
        let (sender, heard) = bounded(PLAYER_SAID_MAX);
        let launch = Launch {
            program: options.player.clone(),
            device: options.device.clone(),
            tls_ca: options.room.tls.as_ref().and_then(trusted_file),
        };
        let deck = |index| Deck::new(index, launch.clone(), sender.clone());
        let pen = stage.remote.is_none().then(|| Pen::start(io::stdout()));
        let pen = pen.transpose();
        let pen = pen.map_err(|error| Failure::new("starting a thread", &error))?;
        Ok(Self {
            stage,
            room: options.room.room.to_string(),
            trim_sec: f64::from(options.trim_ms) / 1000.0,
            began: Instant::now(),
            clock: RoomClock::new(),
            probing: Probing::new(),
            decks: (0..DECKS).map(deck).collect(),
            heard,
            follower: Follower::default(),
            encrypted_server: encrypted_server(&options.room),
            server: None,
            connected: false,
            state: None,
            queue: Vec::new(),
            waiting: None,
            reporter: Reporter::default(),
            teller: Teller::new(telling::mode(options.json)),
            told_at: None,
            players_lost: 0,
            volume: VOLUME_USUAL,
            pen,
        })
    }

    /// Plays until it is asked to stop.
    ///
    /// # Errors
    /// When there is no player, or the room could not be joined.
    pub fn run(mut self) -> Result<(), Failure> {
        let ended = self.conduct();
        let text = match &ended {
            Err(Failure(message)) => self.teller.error(message),
            Ok(()) => self.teller.clear(),
        };
        if let Some(text) = text {
            self.say(text);
        }
        ended
    }

    fn conduct(&mut self) -> Result<(), Failure> {
        while !self.stage.stop.is_asked() {
            for deck in 0..DECKS {
                let news = self.decks[deck].turn(Instant::now());
                let news = news.map_err(|error| Failure(error.to_string()))?;
                self.take(deck, news)?;
            }
            self.turn_volume()?;
            let due = self.probe().min(self.step()?);
            let wait = self.until(due).min(COMMAND_TICK);
            self.tell();
            select! {
                recv(self.stage.events) -> event => match event {
                    Ok(event) => self.hear(event)?,
                    // The thread of the member has ended: it was told to leave.
                    Err(_) => return Ok(()),
                },
                recv(self.heard) -> heard => {
                    let heard = heard.expect("bug: the decks hold the other end");
                    let deck = heard.deck;
                    let news = self.decks[deck].hear(heard);
                    self.take(deck, news)?;
                },
                default(wait) => {}
            }
        }
        Ok(())
    }

    // ---- the room --------------------------------------------------------------------------------

    fn hear(&mut self, event: RoomEvent) -> Result<(), Failure> {
        match event {
            RoomEvent::Joined(joined) => {
                self.connected = true;
                let plain = || format!("http://{}", joined.server_addr);
                self.server = Some(self.encrypted_server.clone().unwrap_or_else(plain));
                // Whatever waits now is told anew.
                self.waiting = None;
                self.probing.start(self.local(Instant::now()));
                self.clock.reconnected();
                self.reporter.reset();
            }
            RoomEvent::State(state) => {
                self.follower.follow(Wanted {
                    track: state.track_id.clone(),
                    playing: state.playing,
                    offset_sec: state.offset_sec,
                    timestamp: state.timestamp,
                });
                self.state = Some(state);
                self.look_ahead();
            }
            RoomEvent::Queue(tracks) => {
                self.queue = tracks;
                self.look_ahead();
            }
            RoomEvent::Clock { clock, at } => {
                let probe = Probe {
                    t0: clock.t0,
                    t1: clock.t1,
                    t2: clock.t2,
                    t3: self.local(at),
                };
                self.probing.answer(probe, &mut self.clock);
            }
            RoomEvent::Lost { why, .. } => {
                log::debug!("the room is lost: {why}");
                self.connected = false;
                self.probing.stop();
            }
            RoomEvent::Failed(why) => {
                let room = &self.room;
                return Err(Failure(format!("joining room {room}: {why}")));
            }
            RoomEvent::Waiting(waiting) => self.waiting = waiting,
            RoomEvent::Woken => self.probing.start(self.local(Instant::now())),
            RoomEvent::Error(text) => log::debug!("the room says: {text}"),
            // It offers nothing, so nothing of it is refused.
            RoomEvent::Refused { .. }
            | RoomEvent::Members(_)
            | RoomEvent::Peers(_)
            | RoomEvent::Swarm(_)
            | RoomEvent::Rights(_)
            | RoomEvent::Votes(_)
            | RoomEvent::Signal { .. } => {}
        }
        Ok(())
    }

    /// What the current track is, and what comes behind it.
    fn look_ahead(&mut self) {
        let current = self
            .state
            .as_ref()
            .and_then(|state| state.track_id.as_deref());
        let is_current = |track: &Track| Some(track.track_id.as_str()) == current;
        let place = self.queue.iter().position(is_current);
        let duration_sec = place.and_then(|place| self.queue[place].duration_sec);
        let behind = place.map_or(&[][..], |place| &self.queue[place + 1..]);
        let behind = behind.iter().map(|track| track.track_id.as_str());
        self.follower.set_duration(duration_sec);
        self.follower
            .set_next(behind.clone().next().map(str::to_owned));
        if let Some(shelf) = self.stage.shelf {
            let ids = current.into_iter().chain(behind);
            shelf.want(ids.filter_map(TrackId::parse).collect());
        }
    }

    /// Asks for the time when that is due; when to look again.
    fn probe(&mut self) -> f64 {
        loop {
            let now = self.local(Instant::now());
            match self.probing.due(now) {
                Due::Probe => {
                    if self.stage.link.clock(now).is_err() {
                        self.probing.stop();
                    }
                }
                // The link has its own eye on dead connections; this one may have been stuck only.
                Due::Silence => self.probing.start(now),
                Due::At(at) => return at,
                Due::Never => return f64::INFINITY,
            }
        }
    }

    // ---- the players -----------------------------------------------------------------------------

    fn take(&mut self, deck: usize, news: Option<News>) -> Result<(), Failure> {
        match news {
            None => {}
            Some(News::Up) => {
                if self.volume != VOLUME_USUAL {
                    self.order(deck, &Command::Volume(self.volume))?;
                }
                self.follower.up(deck);
            }
            Some(News::Ready) => {
                // The room may be waiting for it.
                self.told_at = None;
                if let Some(now) = self.moment(Instant::now()) {
                    self.follower.ready(deck, now);
                }
            }
            Some(News::NotPlayable(why)) => {
                log::warn!("{}", not_playable(&why));
                self.told_at = None;
                self.follower.not_playable(deck);
            }
            Some(News::Position { sec, at }) => {
                if let Some(then) = self.moment(at) {
                    let mut orders = Vec::new();
                    self.follower.heard(deck, sec, then, &mut orders);
                    self.carry_out(orders)?;
                }
            }
            Some(News::Down { why, again_in }) => {
                self.players_lost += 1;
                self.follower.down(deck);
                if self.decks[deck].stillborn() >= PLAYER_STILLBORN_MAX {
                    return Err(Failure(
                        "the player ends as soon as it begins (it has to be mpv 0.33 or later; \
                         --player names another)"
                            .into(),
                    ));
                }
                let sec = again_in.as_secs_f64();
                log::warn!("the player is gone: {why}; another one starts in {sec} s");
            }
        }
        Ok(())
    }

    /// As loud as it was asked for.
    fn turn_volume(&mut self) -> Result<(), Failure> {
        let asked = self.stage.remote.map_or(self.volume, Remote::volume);
        if asked != self.volume {
            self.volume = asked;
            for deck in 0..DECKS {
                self.order(deck, &Command::Volume(asked))?;
            }
        }
        Ok(())
    }

    /// Does what is due; when something is due again.
    fn step(&mut self) -> Result<f64, Failure> {
        let Some(now) = self.moment(Instant::now()) else {
            return Ok(f64::INFINITY);
        };
        let mut orders = Vec::new();
        let (shelf, server) = (self.stage.shelf, self.server.as_deref());
        let has = |track: &str| source(shelf, server, track).is_some();
        let wake = self.follower.step(now, has, &mut orders);
        self.carry_out(orders)?;
        Ok(wake)
    }

    fn carry_out(&mut self, orders: Vec<Order>) -> Result<(), Failure> {
        for order in orders {
            log::trace!("{order:?}");
            let (deck, command) = match order {
                Order::Load {
                    deck,
                    track,
                    offset_sec,
                } => {
                    // It has to stand still before it is there.
                    self.order(deck, &Command::Pause(true))?;
                    let source = source(self.stage.shelf, self.server.as_deref(), &track);
                    let source = source.unwrap_or_default();
                    (deck, Command::Load { source, offset_sec })
                }
                Order::Play { deck } => (deck, Command::Pause(false)),
                Order::Pause { deck } => (deck, Command::Pause(true)),
                Order::Stop { deck } => (deck, Command::Stop),
                Order::Speed { deck, speed } => (deck, Command::Speed(speed)),
                Order::Ask { deck } => (deck, Command::Position),
            };
            self.order(deck, &command)?;
        }
        Ok(())
    }

    fn order(&mut self, deck: usize, command: &Command) -> Result<(), Failure> {
        let news = self.decks[deck].tell(command, Instant::now());
        self.take(deck, news)
    }

    // ---- time ------------------------------------------------------------------------------------

    /// Seconds of the local clock.
    fn local(&self, at: Instant) -> f64 {
        at.saturating_duration_since(self.began).as_secs_f64()
    }

    /// The same in room time, once that is known. With `trim` the room seems to be ahead, so that all comes earlier.
    fn moment(&self, at: Instant) -> Option<Moment> {
        let local_sec = self.local(at);
        let room_sec = self.clock.room_at(local_sec)? + self.trim_sec;
        Some(Moment {
            local_sec,
            room_sec,
        })
    }

    /// How long until this local time, at most a tick.
    fn until(&self, local_sec: f64) -> Duration {
        let left = local_sec - self.local(Instant::now());
        Duration::try_from_secs_f64(left.min(1.0)).unwrap_or_default()
    }
}

fn encrypted_server(room: &RoomAddress) -> Option<String> {
    let is_encrypted = room.tls.is_some();
    is_encrypted.then(|| format!("https://{}", room.endpoint()))
}

/// Where a player finds a track: the file, or the server's address of it. None while it is still coming.
fn source(shelf: Option<&Shelf>, server: Option<&str>, track: &str) -> Option<String> {
    let id = TrackId::parse(track)?;
    let from_server = || server.map(|server| format!("{server}/tracks/{id}"));
    let Some(shelf) = shelf else {
        return from_server();
    };
    match shelf.card(&id)?.state {
        State::Coming(_) => None,
        State::Here(path) => Some(path.to_str()?.to_owned()),
        State::Failed => from_server(),
    }
}
