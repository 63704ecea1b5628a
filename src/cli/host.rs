//! `jam host`: its options, and what it can be told to do.

use super::help::HOST_HELP;
use super::keys::{optional_new_key, parse_key_to};
use super::listen::ListenOptions;
use super::tls::parse_ca;
use super::values::{
    parse_log_level, parse_name, parse_number, parse_port, parse_room_address, text, typed, usage,
};
use super::{Command, Invocation, UsageError, print};
use crate::limits::{FOLLOW_OFFSET_SEC_MAX, QUEUE_TRACKS_MAX, TRIM_MS_MAX};
use crate::room::address::RoomAddress;
use crate::room::key::{Key, Keys};
use crate::room::rights::Guests;
use crate::room::trust::Trust;
use crate::track::id::TrackId;
use lexopt::prelude::*;
use log::LevelFilter;
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, PartialEq)]
pub struct HostOptions {
    pub room: RoomAddress,
    /// Fit for display.
    pub name: Option<String>,
    pub work: HostWork,
}

/// Stay, or do one thing.
#[derive(Debug, PartialEq)]
pub enum HostWork {
    Stay(StayOptions),
    Do { deed: Deed, json: bool },
    Upload { files: Vec<PathBuf>, json: bool },
    Show { what: Shown, json: bool },
}

#[derive(Debug, PartialEq)]
pub struct StayOptions {
    /// May be empty.
    pub files: Vec<PathBuf>,
    /// `None`: `SEED_PORT`, or any free one when that is taken. 0: any free one.
    pub listen_port: Option<u16>,
    /// Wait for the host seat, and do not ask.
    pub wait: bool,
    /// Lines, whatever the terminal can do.
    pub plain: bool,
    /// Play here as well.
    pub listen: Option<ListenOptions>,
}

/// What somebody who controls a room wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// What is paused, or this track from its beginning.
    Play(Option<Which>),
    Pause,
    /// To so many seconds of the track.
    Seek(f64),
    Next,
    Previous,
    Remove(Which),
    /// From now on guests may do this.
    Guests(Guests),
    /// From now on who joins needs this key; `None` until the environment has said which.
    Lock(Option<Key>),
    /// The room has no key of its own any more.
    Unlock,
}

/// A track of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Counted from 1.
    Number(usize),
    Id(TrackId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    State,
    Queue,
    Members,
}

const COMMAND: &str = "host";

/// Everything that was typed, before it is known what for.
#[derive(Default)]
struct Typed {
    room: Option<RoomAddress>,
    name: Option<String>,
    keys: Keys,
    ca: Option<Trust>,
    files: Vec<PathBuf>,
    uploads: Vec<PathBuf>,
    deed: Option<(&'static str, Deed)>,
    shown: Option<(&'static str, Shown)>,
    json: bool,
    /// The last option that is only for staying.
    staying: Option<&'static str>,
    listen_port: Option<u16>,
    wait: bool,
    plain: bool,
    listen: bool,
    /// The last option that is only for listening.
    listening: Option<&'static str>,
    player: Option<OsString>,
    device: Option<String>,
    trim_ms: i32,
}

pub(super) fn parse(
    parser: &mut lexopt::Parser,
    mut log: Option<LevelFilter>,
) -> Result<Invocation, UsageError> {
    let wrong = |error| usage(COMMAND, error);
    let mut typed = Typed::default();
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Short('h') | Long("help") => return print(HOST_HELP),
            Long("log") => log = Some(parse_log_level(&text(COMMAND, parser)?)?),
            Long("room-key") => {
                typed.keys.room = Some(parse_key_to(COMMAND, "--room-key", parser)?);
            }
            Long("host-key") => {
                typed.keys.host = Some(parse_key_to(COMMAND, "--host-key", parser)?);
            }
            Long("tls-ca") => typed.ca = parse_ca(COMMAND, parser)?,
            Long("name") => typed.name = Some(parse_name(&text(COMMAND, parser)?)?),
            Long("json") => typed.json = true,
            Long(option) => {
                let option = option.to_owned();
                typed.option(&option, parser)?;
            }
            Value(word) if word == "help" && typed.room.is_none() => return print(HOST_HELP),
            Value(word) if typed.room.is_none() => {
                let room = parse_room_address("jam host", &word.to_string_lossy())?;
                typed.room = Some(room);
            }
            Value(file) if file.is_empty() => {
                return Err(UsageError(
                    "the name of a file is empty (type for example `jam host URL song.mp3`)".into(),
                ));
            }
            Value(file) => typed.files.push(file.into()),
            other => return Err(wrong(other.unexpected())),
        }
    }
    let options = typed.sorted()?;
    Ok(Invocation {
        command: Command::Host(options),
        log,
    })
}

impl Typed {
    fn option(&mut self, option: &str, parser: &mut lexopt::Parser) -> Result<(), UsageError> {
        match option {
            "state" => self.show("--state", Shown::State),
            "queue" => self.show("--queue", Shown::Queue),
            "members" => self.show("--members", Shown::Members),
            "play" => {
                let which = optional_track(parser)?;
                self.act("--play", Deed::Play(which))
            }
            "pause" => self.act("--pause", Deed::Pause),
            "next" => self.act("--next", Deed::Next),
            "previous" => self.act("--previous", Deed::Previous),
            "seek" => {
                let sec = seek(&text(COMMAND, parser)?)?;
                self.act("--seek", Deed::Seek(sec))
            }
            "remove" => {
                let which = track("--remove", &text(COMMAND, parser)?)?;
                self.act("--remove", Deed::Remove(which))
            }
            "guests" => {
                let level = super::server::parse_guests(&text(COMMAND, parser)?)?;
                self.act("--guests", Deed::Guests(level))
            }
            "lock" => {
                let key = optional_new_key(parser)?;
                self.act("--lock", Deed::Lock(key))
            }
            "unlock" => self.act("--unlock", Deed::Unlock),
            "add" => {
                let wrong = |error| usage(COMMAND, error);
                let files = parser.values().map_err(wrong)?;
                self.uploads.extend(files.map(PathBuf::from));
                Ok(())
            }
            _ => self.way_of_staying(option, parser),
        }
    }

    fn way_of_staying(
        &mut self,
        option: &str,
        parser: &mut lexopt::Parser,
    ) -> Result<(), UsageError> {
        let wrong = |error| usage(COMMAND, error);
        match option {
            "listen-port" => {
                let port = parse_port("--listen-port", &text(COMMAND, parser)?)?;
                (self.listen_port, self.staying) = (Some(port), Some("--listen-port"));
            }
            "wait" => (self.wait, self.staying) = (true, Some("--wait")),
            "plain" => (self.plain, self.staying) = (true, Some("--plain")),
            "listen" => (self.listen, self.staying) = (true, Some("--listen")),
            "player" => {
                let player = super::listen::parse_player(parser.value().map_err(wrong)?)?;
                (self.player, self.listening) = (Some(player), Some("--player"));
            }
            "device" => {
                let device = super::listen::parse_device(text(COMMAND, parser)?)?;
                (self.device, self.listening) = (Some(device), Some("--device"));
            }
            "trim" => {
                let allowed = -TRIM_MS_MAX..=TRIM_MS_MAX;
                self.trim_ms = parse_number("--trim", &text(COMMAND, parser)?, &allowed)?;
                self.listening = Some("--trim");
            }
            other => return Err(wrong(lexopt::Error::UnexpectedOption(format!("--{other}")))),
        }
        Ok(())
    }

    fn act(&mut self, option: &'static str, deed: Deed) -> Result<(), UsageError> {
        match self.deed.replace((option, deed)) {
            None => Ok(()),
            Some((before, _)) => Err(two_things(before, option)),
        }
    }

    fn show(&mut self, option: &'static str, what: Shown) -> Result<(), UsageError> {
        match self.shown.replace((option, what)) {
            None => Ok(()),
            Some((before, _)) => Err(two_things(before, option)),
        }
    }

    /// What all of it means together.
    fn sorted(mut self) -> Result<HostOptions, UsageError> {
        let Some(mut room) = self.room.take() else {
            return Err(UsageError(
                "which room? (type `jam host ws://HOST:8000/ws/jam1`)".into(),
            ));
        };
        super::keys::give(std::mem::take(&mut self.keys), Some(&mut room), "")?;
        super::tls::believe(self.ca.take(), Some(&mut room), "")?;
        if let (Some(option), false) = (self.listening, self.listen) {
            let hint = "type --listen as well, to play here";
            return Err(UsageError(format!("{option} for what? ({hint})")));
        }
        let name = self.name.take();
        let added = (!self.uploads.is_empty()).then_some("--add");
        let deed = self.deed.as_ref().map(|(option, _)| *option);
        let shown = self.shown.as_ref().map(|(option, _)| *option);
        let mut things = [deed, added, shown].into_iter().flatten();
        let (first, second) = (things.next(), things.next());
        if let (Some(first), Some(second)) = (first, second) {
            return Err(two_things(first, second));
        }
        let Some(thing) = first else {
            let work = HostWork::Stay(self.stay(&room, name.as_deref())?);
            return Ok(HostOptions { room, name, work });
        };
        if let Some(file) = self.files.first() {
            let file = super::values::typed("", &file.to_string_lossy());
            return Err(UsageError(format!(
                "{thing} does one thing and ends, so {file} would not be served (type --add FILE, \
                 or leave {thing} out)"
            )));
        }
        if let Some(option) = self.staying {
            return Err(two_things(thing, option));
        }
        let json = self.json;
        let work = match (self.deed, self.shown) {
            (Some((_, deed)), _) => HostWork::Do { deed, json },
            (_, Some((_, what))) => HostWork::Show { what, json },
            _ => HostWork::Upload {
                files: self.uploads,
                json,
            },
        };
        Ok(HostOptions { room, name, work })
    }

    fn stay(self, room: &RoomAddress, name: Option<&str>) -> Result<StayOptions, UsageError> {
        if self.json {
            return Err(UsageError(
                "--json of what? (type --state, --queue, --members or something to do as well)"
                    .into(),
            ));
        }
        let listen = self.listen.then(|| ListenOptions {
            room: room.clone(),
            player: self.player.unwrap_or_else(|| super::listen::PLAYER.into()),
            device: self.device,
            trim_ms: self.trim_ms,
            fetch: true,
            name: name.map(str::to_owned),
            json: false,
        });
        Ok(StayOptions {
            files: self.files,
            listen_port: self.listen_port,
            wait: self.wait,
            plain: self.plain,
            listen,
        })
    }
}

fn two_things(first: &str, second: &str) -> UsageError {
    UsageError(format!(
        "{first} and {second} at once? (one thing at a time; type `jam host --help`)"
    ))
}

/// The track behind `--play`, if what comes next is one.
fn optional_track(parser: &mut lexopt::Parser) -> Result<Option<Which>, UsageError> {
    if let Some(value) = parser.optional_value() {
        return track("--play", &value.to_string_lossy()).map(Some);
    }
    let Some(mut rest) = parser.try_raw_args() else {
        return Ok(None);
    };
    let next = rest.peek().and_then(|next| next.to_str());
    let like_one = |text: &&str| text.bytes().all(|b| b.is_ascii_digit()) || is_id(text);
    let Some(next) = next.filter(|text| !text.is_empty()).filter(like_one) else {
        return Ok(None);
    };
    let which = track("--play", next)?;
    rest.next();
    Ok(Some(which))
}

fn is_id(text: &str) -> bool {
    TrackId::parse(text).is_some()
}

fn track(option: &str, text: &str) -> Result<Which, UsageError> {
    parse_track(text).ok_or_else(|| {
        let typed = typed(option, text);
        UsageError(format!(
            "{typed} is no track (type its number in the queue, or the 64 digits of its id)"
        ))
    })
}

fn seek(text: &str) -> Result<f64, UsageError> {
    parse_time(text).ok_or_else(|| {
        let typed = typed("--seek", text);
        UsageError(format!(
            "{typed} is no place in a track (type for example 90, 1:30 or 1:02:03)"
        ))
    })
}

/// A number in the queue, or a whole id.
#[must_use]
pub fn parse_track(text: &str) -> Option<Which> {
    if let Some(id) = TrackId::parse(text) {
        return Some(Which::Id(id));
    }
    let number = text.parse().ok()?;
    (1..=QUEUE_TRACKS_MAX)
        .contains(&number)
        .then_some(Which::Number(number))
}

/// `90`, `90.5`, `1:30` and `1:02:03` in seconds; minutes and seconds behind a colon have two digits below 60.
#[must_use]
pub fn parse_time(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split(':').collect();
    let (seconds, larger) = parts.split_last()?;
    let whole = |part: &str| part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty();
    let (integer, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let is_well = larger.len() <= 2 && whole(integer) && whole(fraction);
    let mut behind = larger.iter().skip(1).copied().chain([integer]);
    let is_short = |part: &str| part.len() == 2 && part < "60";
    if !is_well || !larger.iter().all(|part| whole(part)) {
        return None;
    }
    if !larger.is_empty() && !behind.all(is_short) {
        return None;
    }
    let mut sec: f64 = seconds.parse().ok()?;
    for (part, worth) in larger.iter().rev().zip([60.0, 3600.0]) {
        sec += part.parse::<f64>().ok()? * worth;
    }
    (sec <= FOLLOW_OFFSET_SEC_MAX).then_some(sec)
}
