//! A room as a member knows it who controls it: what plays, what comes next, who is there and who may do what; and
//! the message for each thing that one may want of it. Pure: room time comes in as an argument.

use super::lock::{LockNews, RoomLock};
use super::names::{clock_face, label};
pub use super::order::{Idle, Order, Shows};
use crate::cli::{Deed, Which};
use crate::client::messages::{Member, Members, Overview, Rights, State, Track, Waiting};
use crate::client::{orders, outgoing};
use crate::commands::words::count;
use crate::room::address::RoomAddress;
use crate::room::rights::Guests;

/// Nobody has to look for the end of a track to the millisecond.
const END_SEC: f64 = 0.05;

/// What was asked for counts as the room's state until the room has spoken, but no longer than this.
const EXPECTED_SEC: f64 = 2.0;

/// Orders on their way that are kept in mind.
const EXPECTED_MAX: usize = 16;

#[derive(Clone, Debug, Default)]
pub struct Party {
    pub room: String,
    pub connected: bool,
    /// Our own `peer_id`.
    pub me: Option<String>,
    pub seat: Seat,
    pub lock: RoomLock,
    pub state: Option<State>,
    pub queue: Vec<Track>,
    pub members: Members,
    /// A start that waits for those who are not ready, as the room told it.
    pub waiting: Option<Waiting>,
    /// What the room will say, most likely, one after the other, and until which local time to believe that.
    expected: Vec<(State, f64)>,
}

/// Who may control the room.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seat {
    /// We are the host.
    pub mine: bool,
    pub host: Option<String>,
    /// Who went without a word and may come back, and until which room time.
    pub kept: Option<(String, f64)>,
    /// What guests may do; `None`: the server does not say.
    pub guests: Option<Guests>,
}

impl Party {
    #[must_use]
    pub fn new(room: &str) -> Self {
        Self {
            room: room.to_owned(),
            ..Self::default()
        }
    }

    /// As somebody knows it who is about to join with the keys of this address.
    #[must_use]
    pub fn of_member(address: &RoomAddress) -> Self {
        Self {
            lock: RoomLock::new(address.keys.room.clone()),
            ..Self::new(address.room.as_str())
        }
    }

    /// As somebody sees it who is not there.
    #[must_use]
    pub fn of_overview(room: &str, overview: Overview) -> Self {
        let seat = Seat {
            host: overview.host,
            guests: overview.guests,
            ..Seat::default()
        };
        Self {
            connected: true,
            seat,
            lock: RoomLock::seen(overview.locked),
            state: Some(overview.state),
            queue: overview.queue,
            members: overview.members,
            ..Self::new(room)
        }
    }

    // ---- what the room says ------------------------------------------------------------------------

    pub fn hear_state(&mut self, state: State) {
        let is_it = |(expected, _): &(State, f64)| {
            expected.track_id == state.track_id
                && expected.playing == state.playing
                && expected.offset_sec == state.offset_sec
        };
        match self.expected.iter().position(is_it) {
            // What was asked for later is still to come.
            Some(place) => drop(self.expected.drain(..=place)),
            // Something else has happened.
            None => self.expected.clear(),
        }
        self.state = Some(state);
    }

    pub fn hear_members(&mut self, members: Members) {
        self.members = members;
    }

    /// Also whether the room's key is another one now.
    pub fn hear_rights(&mut self, rights: Rights) -> Option<LockNews> {
        let news = self.lock.hear(&rights);
        let host = rights.host.as_ref();
        self.seat = Seat {
            mine: host.is_some_and(|host| Some(&host.peer_id) == self.me.as_ref()),
            host: rights.host.map(|host| host.name),
            kept: rights.kept.map(|(person, until)| (person.name, until)),
            guests: Some(rights.guests),
        };
        news
    }

    /// Whether nobody has the host seat, and it is kept for nobody.
    #[must_use]
    pub fn seat_is_free(&self) -> bool {
        self.connected && self.seat.host.is_none() && self.seat.kept.is_none()
    }

    /// An order is on its way: what it will lead to counts from now on, so that two quick ones add up.
    pub fn expect(&mut self, order: &Order, local_sec: f64, room_sec: Option<f64>) {
        if let Shows::Lock(key) = &order.shows {
            self.lock.ask(key.clone());
        }
        if let (
            Shows::State {
                track_id,
                playing,
                offset_sec,
            },
            Some(room_sec),
        ) = (&order.shows, room_sec)
        {
            let state = State {
                track_id: track_id.clone(),
                playing: *playing,
                offset_sec: *offset_sec,
                timestamp: room_sec,
            };
            self.expected.truncate(EXPECTED_MAX - 1);
            self.expected.push((state, local_sec + EXPECTED_SEC));
        }
    }

    /// What was expected and did not come is forgotten.
    pub fn look(&mut self, local_sec: f64) {
        self.expected.retain(|(_, until)| local_sec < *until);
    }

    // ---- what is so --------------------------------------------------------------------------------

    /// What plays, or will in a moment.
    #[must_use]
    pub fn state(&self) -> Option<&State> {
        let expected = self.expected.last().map(|(state, _)| state);
        expected.or(self.state.as_ref())
    }

    #[must_use]
    pub fn track_id(&self) -> Option<&str> {
        self.state()?.track_id.as_deref()
    }

    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.state().is_some_and(|state| state.playing)
    }

    /// The start that waits, of the very track that the room shows.
    #[must_use]
    pub fn waits(&self) -> Option<&Waiting> {
        let state = self.state().filter(|state| !state.playing)?;
        let is_it = |waiting: &&Waiting| state.track_id.as_ref() == Some(&waiting.track_id);
        self.waiting.as_ref().filter(is_it)
    }

    /// The place of the current track in the queue.
    #[must_use]
    pub fn place(&self) -> Option<usize> {
        let current = self.track_id()?;
        self.queue
            .iter()
            .position(|track| track.track_id == current)
    }

    #[must_use]
    pub fn track(&self) -> Option<&Track> {
        Some(&self.queue[self.place()?])
    }

    #[must_use]
    pub fn duration_sec(&self) -> Option<f64> {
        self.track()?.duration_sec
    }

    /// Seconds of the current track; `room_sec` is room time if it is known.
    #[must_use]
    pub fn position_sec(&self, room_sec: Option<f64>) -> f64 {
        let Some(state) = self.state() else {
            return 0.0;
        };
        let since = match room_sec {
            Some(room_sec) if state.playing => (room_sec - state.timestamp).max(0.0),
            _ => 0.0,
        };
        let longest = self.duration_sec().unwrap_or(f64::INFINITY);
        (state.offset_sec + since).min(longest.max(state.offset_sec))
    }

    /// The member behind our own connection.
    #[must_use]
    pub fn myself(&self) -> Option<&Member> {
        let me = self.me.as_ref()?;
        self.members
            .listed
            .iter()
            .find(|member| member.peer_id == *me)
    }

    /// # Errors
    /// Why this member may not control the room, in words.
    pub fn may_control(&self) -> Result<(), String> {
        if self.seat.mine || self.seat.guests == Some(Guests::Everything) {
            return Ok(());
        }
        let room = &self.room;
        Err(match (&self.seat.host, &self.seat.kept) {
            (Some(host), _) => format!(
                "{host} hosts room {room}, and guests may not control it ({host} may allow it: \
                 with g in jam host, or on the page under People)"
            ),
            (None, Some((name, _))) => {
                format!("the host seat of room {room} is kept for {name} for a moment (try again)")
            }
            (None, None) => format!("nobody hosts room {room} (take the seat first)"),
        })
    }

    // ---- what to say -------------------------------------------------------------------------------

    /// # Errors
    /// When there is nothing to say, and why.
    pub fn order(&self, deed: &Deed, room_sec: Option<f64>) -> Result<Order, Idle> {
        match deed {
            Deed::Play(None) => self.go_on(room_sec),
            Deed::Play(Some(which)) => Ok(control(true, Some(self.find(*which)?), 0.0)),
            Deed::Pause => match self.state() {
                // A start that waits would go on by itself.
                Some(state) if state.playing || self.waits().is_some() => {
                    let place = rounded(self.position_sec(room_sec));
                    Ok(control(false, state.track_id.as_deref(), place))
                }
                _ => Err(Idle::Already),
            },
            Deed::Seek(sec) => self.seek(*sec),
            Deed::Next => Ok(any_state(orders::next(Some(self.current()?)))),
            Deed::Previous => Ok(any_state(orders::previous(Some(self.current()?)))),
            Deed::Remove(which) => {
                let track_id = self.find(*which)?.to_owned();
                Ok(Order {
                    text: orders::remove(&track_id),
                    shows: Shows::Gone(track_id),
                })
            }
            Deed::Guests(level) if self.seat.guests == Some(*level) => Err(Idle::Already),
            Deed::Guests(level) => Ok(Order {
                text: outgoing::guests(*level),
                shows: Shows::Guests(*level),
            }),
            Deed::Lock(None) => Err(Idle::Cannot("no key was given".into())),
            Deed::Lock(key) => self.lock(key.as_ref()),
            Deed::Unlock => self.lock(None),
        }
    }

    /// Whether the room has followed; `state_is_new`: it has told its state since.
    #[must_use]
    pub fn has_followed(&self, shows: &Shows, state_is_new: bool) -> bool {
        match shows {
            Shows::AnyState => state_is_new,
            Shows::State {
                track_id,
                playing,
                offset_sec,
            } => self.state.as_ref().is_some_and(|state| {
                state.track_id == *track_id
                    && state.playing == *playing
                    && state.offset_sec == *offset_sec
            }),
            Shows::Gone(track_id) => !self.queue.iter().any(|track| track.track_id == *track_id),
            Shows::Guests(level) => self.seat.guests == Some(*level),
            Shows::Lock(_) => !self.lock.is_asked(),
        }
    }

    fn go_on(&self, room_sec: Option<f64>) -> Result<Order, Idle> {
        if self.is_playing() {
            return Err(Idle::Already);
        }
        let Some(current) = self.track_id() else {
            let first = self.queue.first().ok_or_else(|| {
                Idle::Cannot("nothing is in the queue (add something: --add FILE)".into())
            })?;
            return Ok(control(true, Some(&first.track_id), 0.0));
        };
        let place = self.position_sec(room_sec);
        let is_over = self
            .duration_sec()
            .is_some_and(|sec| place >= sec - END_SEC);
        Ok(control(
            true,
            Some(current),
            if is_over { 0.0 } else { place },
        ))
    }

    fn seek(&self, sec: f64) -> Result<Order, Idle> {
        let current = self.current()?;
        if let Some(track) = self
            .track()
            .filter(|track| track.duration_sec.is_some_and(|d| sec > d))
        {
            let long = clock_face(track.duration_sec.unwrap_or_default());
            let name = label(track);
            return Err(Idle::Cannot(format!("\"{name}\" is only {long} long")));
        }
        Ok(control(self.is_playing(), Some(current), rounded(sec)))
    }

    /// The current track.
    fn current(&self) -> Result<&str, Idle> {
        let nothing = || Idle::Cannot("no track is open (begin one: --play 1)".into());
        self.track_id().ok_or_else(nothing)
    }

    fn find(&self, which: Which) -> Result<&str, Idle> {
        let found = match which {
            Which::Number(number) => self.queue.get(number - 1),
            Which::Id(id) => {
                let id = id.to_string();
                self.queue.iter().find(|track| track.track_id == id)
            }
        };
        let there = match self.queue.len() {
            0 => "nothing".to_owned(),
            tracks => count(tracks, "track"),
        };
        let wanted = match which {
            Which::Number(number) => format!("track {number}"),
            Which::Id(_) => "this track".to_owned(),
        };
        found.map(|track| track.track_id.as_str()).ok_or_else(|| {
            Idle::Cannot(format!(
                "there is no {wanted} in the queue, which has {there}"
            ))
        })
    }
}

fn control(playing: bool, track_id: Option<&str>, offset_sec: f64) -> Order {
    Order {
        text: orders::control(playing, track_id, offset_sec),
        shows: Shows::State {
            track_id: track_id.map(str::to_owned),
            playing,
            offset_sec,
        },
    }
}

fn any_state(text: String) -> Order {
    Order {
        text,
        shows: Shows::AnyState,
    }
}

/// To the microsecond: no more digits than anybody can mean.
fn rounded(sec: f64) -> f64 {
    (sec.max(0.0) * 1e6).round() / 1e6
}
