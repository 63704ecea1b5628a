//! `jam host` that stays: serves files, keeps the room's state at hand, and does what is typed, on a screen or in lines.

use super::adding::{Adding, News};
use super::desk::{Desk, Effect, Moment, Sound};
use super::loudspeaker::Loudspeaker;
use super::outside::{Typing, Watch};
use super::party::Party;
use super::plain::Lines;
use super::screen::{self, Sharing};
use super::timekeeper::Timekeeper;
use super::visit::{SEAT_TAKEN, seat_taken, token};
use super::{lines, live, terminal};
use crate::cli::{HostOptions, SEED_PORT, StayOptions};
use crate::client::member::RoomEvent;
use crate::commands::Failure;
use crate::commands::company::{Company, Ears, Part};
use crate::commands::meter::Meter;
use crate::commands::seed::{drop_failed, hash, share};
use crate::commands::session::Session;
use crate::commands::stop::Stop;
use crate::limits::{
    COMMAND_TICK, HOST_ENTRY_DEADLINE, LISTEN_EVENTS_MAX, VOLUME_STEP, VOLUME_USUAL,
};
use crate::room::message::Role;
use crate::swarm::track_swarm::TrackSwarm;
use crossbeam_channel::{Receiver, bounded, select};
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// # Errors
/// When a file cannot be served, or the room cannot be joined or is lost for good.
pub fn run(options: &HostOptions, stay: &StayOptions) -> Result<(), Failure> {
    match !stay.plain && terminal::is_capable() {
        true => {
            let stop = Stop::by_hand();
            let watch = Watch::start(&stop)?;
            open(options, stay, stop, |room| live::run(room, &watch))
        }
        false => {
            let stop = Stop::on_signals();
            let stop = stop.map_err(|error| Failure::new("waiting for signals", &error))?;
            open(options, stay, stop, lines::run)
        }
    }
}

/// From the files to the end of the session, with `work` in between.
fn open(
    options: &HostOptions,
    stay: &StayOptions,
    stop: Stop,
    work: impl FnOnce(&mut Room) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut session = Session::start_until(stop, stay.listen_port, SEED_PORT, None, &[])?;
    let files = hash(&stay.files, None, &session.stop)?;
    let events = match enter(options, stay, &mut session) {
        Ok(events) => events,
        Err(failure) => {
            session.end();
            return Err(failure);
        }
    };
    let done = share(&session, files).and_then(|tracks| {
        let company = session.company.as_ref();
        let company = company.expect("bug: it has just entered a room");
        thread::scope(|scope| {
            let loudspeaker = stay.listen.as_ref();
            let loudspeaker = loudspeaker
                .map(|options| Loudspeaker::start(scope, options, company.link(), &session.stop));
            let mut room = Room::new(options, &session, company, events);
            room.desk.listens = loudspeaker.is_some();
            room.tracks = tracks;
            room.loudspeaker = loudspeaker.transpose()?;
            let done = room.arrive(stay).and_then(|()| work(&mut room));
            // The conductor goes as well, and is waited for.
            session.stop.ask();
            done
        })
    });
    session.end();
    done
}

fn enter(
    options: &HostOptions,
    stay: &StayOptions,
    session: &mut Session,
) -> Result<Receiver<RoomEvent>, Failure> {
    // Who plays nothing has nothing to get ready.
    let wants: &[_] = match stay.listen {
        Some(_) => &["MEMBERS", "RIGHTS", "VOTES", "WAITING"],
        None => &["MEMBERS", "RIGHTS", "VOTES", "WAITING_NEWS"],
    };
    let (to, events) = bounded(LISTEN_EVENTS_MAX);
    let part = Part {
        role: Role::Host,
        name: options.name.clone(),
        ears: Some(Ears {
            to,
            wants,
            token: Some(token()?),
        }),
    };
    match session.enter(&options.room, part) {
        Ok(()) => Ok(events),
        // A server that lets nobody wait for the seat.
        Err(Failure(why)) if why.contains(SEAT_TAKEN) => Err(seat_taken(&options.room)),
        Err(failure) => Err(failure),
    }
}

/// All that there is while we are in a room.
pub struct Room<'a> {
    pub session: &'a Session,
    pub(super) company: &'a Company,
    events: Receiver<RoomEvent>,
    pub server: String,
    pub party: Party,
    pub desk: Desk,
    time: Timekeeper,
    tracks: Vec<Arc<TrackSwarm>>,
    adding: Adding,
    sent: Meter,
    loudspeaker: Option<Loudspeaker>,
    volume: u32,
    mute: bool,
    /// For the host seat.
    pub(super) waiting: bool,
    /// What there is to tell apart from the room's own state.
    pub said: Vec<String>,
}

impl<'a> Room<'a> {
    fn new(
        options: &HostOptions,
        session: &'a Session,
        company: &'a Company,
        events: Receiver<RoomEvent>,
    ) -> Self {
        Self {
            session,
            company,
            events,
            server: options.room.endpoint().to_string(),
            party: Party::of_member(&options.room),
            desk: Desk::default(),
            time: Timekeeper::default(),
            tracks: Vec::new(),
            adding: Adding::default(),
            sent: Meter::new(u64::MAX),
            loudspeaker: None,
            volume: VOLUME_USUAL,
            mute: false,
            waiting: true,
            said: Vec::new(),
        }
    }

    pub fn events(&self) -> &Receiver<RoomEvent> {
        &self.events
    }

    /// Until it is known who hosts. Who may not control the room waits for the seat, if that is wanted.
    fn arrive(&mut self, stay: &StayOptions) -> Result<(), Failure> {
        let until = Instant::now() + HOST_ENTRY_DEADLINE;
        let events = self.events.clone();
        while !self.party.seat.mine && self.party.seat.guests.is_none() {
            match events.recv_timeout(COMMAND_TICK) {
                Ok(event) => self.hear(event)?,
                Err(_) if self.session.stop.is_asked() => return Err(Failure::stopped()),
                Err(_) if Instant::now() < until => {}
                Err(_) => return Err(Failure("the server does not say who hosts".into())),
            }
        }
        match self.party.may_control() {
            Err(why) if !stay.wait => self.ask_whether_to_wait(&why),
            _ => Ok(()),
        }
    }

    fn ask_whether_to_wait(&mut self, why: &str) -> Result<(), Failure> {
        let refused = || {
            // It ends with what else there is to do.
            let line = why.strip_suffix(')').unwrap_or(why);
            Err(Failure(format!("{line}; --wait waits for the seat)")))
        };
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return refused();
        }
        eprint!("{why}\nWait for the seat? [Y/n] ");
        let typing = Typing::start()?;
        let events = self.events.clone();
        let mut lines = Lines::default();
        while self.turn()? {
            select! {
                recv(events) -> event => match event {
                    Ok(event) => self.hear(event)?,
                    Err(_) => return refused(),
                },
                recv(typing.bytes) -> typed => {
                    let Ok(typed) = typed else { return refused() };
                    if let Some(line) = lines.push(&typed).first() {
                        return match line.trim() {
                            "" | "y" | "Y" | "yes" => Ok(()),
                            _ => refused(),
                        };
                    }
                },
                default(TURN) => {}
            }
        }
        Err(Failure::stopped())
    }

    #[must_use]
    pub fn now(&self) -> Moment {
        Moment {
            local_sec: self.time.local_sec(),
            room_sec: self.time.room_sec(),
        }
    }

    /// What is due now and then. `false`: it is over.
    ///
    /// # Errors
    /// When there is no player, or nothing is left to serve.
    pub fn turn(&mut self) -> Result<bool, Failure> {
        // When the next probe is due does not matter here: this comes often enough.
        self.time.probe(self.company.link());
        let now = self.now();
        self.party.look(now.local_sec);
        if let Some(effect) = self.desk.tick(&mut self.party, now) {
            self.carry_out(effect);
        }
        if let Some(error) = drop_failed(self.session, &mut self.tracks) {
            self.say(format!("{error}; it is not served any more"));
        }
        self.look_at_adding()?;
        // What the room says against an offer comes as an event as well.
        let _told = self.company.take_refusals();
        if let Some(loudspeaker) = &self.loudspeaker {
            loudspeaker.check()?;
        }
        Ok(!self.session.stop.is_asked())
    }

    /// # Errors
    /// When the room is lost for good.
    pub fn hear(&mut self, event: RoomEvent) -> Result<(), Failure> {
        if let Some(loudspeaker) = &self.loudspeaker {
            loudspeaker.tell(&event);
        }
        match event {
            RoomEvent::Joined(joined) => {
                self.time.start();
                self.party.connected = true;
                self.party.waiting = None;
                self.party.lock.joined();
                self.party.me = Some(joined.peer_id);
                self.party.seat.mine = joined.role == Some(Role::Host);
                self.party.seat.host = joined.name.filter(|_| self.party.seat.mine);
            }
            RoomEvent::State(state) => self.party.hear_state(state),
            RoomEvent::Queue(tracks) => self.party.queue = tracks,
            RoomEvent::Members(members) => self.party.hear_members(members),
            RoomEvent::Rights(rights) => self.hear_rights(rights),
            RoomEvent::Votes(votes) if votes.votes > 0 => {
                let (votes, needed) = (votes.votes, votes.needed);
                self.say(format!("{votes} of {needed} votes to skip this track"));
            }
            RoomEvent::Waiting(waiting) => self.party.waiting = waiting,
            RoomEvent::Woken => self.time.start(),
            RoomEvent::Clock { clock, at } => self.time.hear(clock, at),
            RoomEvent::Error(why) => self.hear_refusal(&why),
            RoomEvent::Refused { why, .. } => self.say(why),
            RoomEvent::Lost { .. } => {
                self.party.connected = false;
                self.time.stop();
            }
            RoomEvent::Failed(why) => {
                let room = &self.party.room;
                return Err(Failure(format!("joining room {room}: {why}")));
            }
            RoomEvent::Votes(_)
            | RoomEvent::Peers(_)
            | RoomEvent::Swarm(_)
            | RoomEvent::Signal { .. } => {}
        }
        Ok(())
    }

    /// `false`: leave.
    pub fn carry_out(&mut self, effect: Effect) -> bool {
        match effect {
            Effect::Say(text) => {
                if self.company.link().send(text).is_err() {
                    self.say("the server is gone for the moment: try again".to_owned());
                }
            }
            Effect::Add(typed) => {
                if let Err(why) = self.adding.begin(&typed) {
                    self.say(why);
                }
            }
            Effect::Sound(sound) => self.turn_volume(sound),
            Effect::Redraw => {}
            Effect::Leave => return false,
        }
        true
    }

    /// Something to read, on the screen or in a line.
    pub fn say(&mut self, text: String) {
        let now = self.now();
        self.desk.tell(text.clone(), now);
        self.said.push(text);
    }

    fn look_at_adding(&mut self) -> Result<(), Failure> {
        match self.adding.look(&self.tracks) {
            None => {}
            Some(News::Reading(words)) => self.desk.tell(words, self.now()),
            Some(News::Refused(why)) => self.say(why),
            Some(News::File(file, manifest)) => {
                let name = manifest.name().to_owned();
                self.tracks
                    .extend(share(self.session, vec![(file, manifest)])?);
                self.say(format!("{name} is served from here"));
            }
        }
        Ok(())
    }

    fn turn_volume(&mut self, sound: Sound) {
        match sound {
            Sound::Louder => self.volume = (self.volume + VOLUME_STEP).min(VOLUME_USUAL),
            Sound::Softer => self.volume = self.volume.saturating_sub(VOLUME_STEP),
            Sound::Mute => self.mute = !self.mute,
        }
        if sound != Sound::Mute {
            self.mute = false;
        }
        if let Some(loudspeaker) = &self.loudspeaker {
            loudspeaker.set_volume(if self.mute { 0 } else { self.volume });
        }
    }

    #[must_use]
    pub fn sharing(&mut self) -> Sharing {
        let statuses: Vec<_> = self.tracks.iter().map(|track| track.status()).collect();
        let sent = statuses.iter().map(|status| status.sent_bytes).sum();
        self.sent.update(self.time.local_sec(), sent);
        Sharing {
            tracks: statuses.len(),
            peers: statuses
                .iter()
                .map(|status| status.peers)
                .max()
                .unwrap_or(0),
            bytes_per_sec: self.sent.rate(),
        }
    }

    #[must_use]
    pub fn loudspeaker(&self) -> Option<screen::Loudspeaker> {
        let now = self.loudspeaker.as_ref()?.now();
        Some(screen::Loudspeaker {
            volume: self.volume,
            mute: self.mute,
            error_ms: now.and_then(|now| now.error_ms),
        })
    }
}

/// How long a loop may wait before something is due again.
pub const TURN: Duration = COMMAND_TICK;
