//! Reads what clients say: JSON text in, checked messages or the text of an ERROR out.
//!
//! Every wrong value is refused with the name of its field, and so is a field that comes twice. Unknown fields are
//! ignored. Nothing here recurses into the input, so that depth costs nothing.

use super::close::CloseReason;
use super::fields::{Fields, echo, quoted};
use super::key::Keys;
use super::message::{ClientMessage, Hello, HostMessage, Report, Role, RoomMessage, Status, Wants};
use super::token::Token;
use crate::limits::{
    CLOCK_NUMBER_BYTES_MAX, DISPLAY_NAME_CHARS_MAX, OFFSET_SEC_MAX, SIGNAL_DEPTH_MAX,
    TRACK_DURATION_SEC_MAX, TRACK_ID_BYTES_MAX,
};
use crate::text::clean_display_text;
use serde_json::{Number, Value};

/// The first message of a connection.
///
/// # Errors
/// The reason with which the connection is closed.
pub fn parse_hello(text: &str) -> Result<Hello, CloseReason> {
    let fields = Fields::parse(text).map_err(|_| CloseReason::InvalidHello)?;
    if fields.kind != "HELLO" {
        return Err(CloseReason::ExpectedHello);
    }
    let role = match fields.string("role") {
        Ok(Some(role)) if role == "host" => Role::Host,
        Ok(Some(role)) if role == "viewer" => Role::Viewer,
        _ => return Err(CloseReason::InvalidRole),
    };
    let name = fields
        .string("display_name")
        .map_err(|_| CloseReason::InvalidHello)?;
    let wants = fields.wants().map_err(|_| CloseReason::InvalidHello)?;
    let node = fields.flag("node").map_err(|_| CloseReason::InvalidHello)?;
    let token = fields.token().map_err(|_| CloseReason::InvalidHello)?;
    let key = |field| fields.key(field).map_err(|_| CloseReason::InvalidHello);
    let keys = Keys {
        room: key("key")?,
        host: key("host_key")?,
    };
    Ok(Hello {
        role,
        display_name: name.and_then(|name| clean_display_text(&name, DISPLAY_NAME_CHARS_MAX)),
        wants,
        node: node.unwrap_or(false),
        token,
        keys,
    })
}

/// Any later message, said in `room`.
///
/// # Errors
/// The text of the ERROR that tells the client what is wrong.
pub fn parse_message(text: &str, room: &str) -> Result<ClientMessage, String> {
    let fields = Fields::parse(text)?;
    let message = match fields.kind.as_str() {
        "CLOCK" => return fields.clock(),
        "ADD" => return fields.add(),
        "PLAY" => RoomMessage::Host(fields.control(Status::Play)?),
        "PAUSE" => RoomMessage::Host(fields.control(Status::Pause)?),
        "REMOVE" => RoomMessage::Host(HostMessage::Remove {
            track_id: fields.track("track_id")?,
        }),
        "MOVE" => RoomMessage::Host(HostMessage::Move {
            track_id: fields.track("track_id")?,
            before: fields.optional_track("before")?,
        }),
        "NEXT" => RoomMessage::Host(HostMessage::Next {
            from: fields.string("from")?,
        }),
        "PREVIOUS" => RoomMessage::Host(HostMessage::Previous {
            from: fields.string("from")?,
        }),
        "DURATION" => RoomMessage::Host(fields.duration()?),
        "SIGNAL" => fields.signal()?,
        "ANNOUNCE" => fields.announce(room)?,
        "HAVE_DELTA" => fields.have_delta(room)?,
        "LINKS" => fields.links(room)?,
        "REPORT" => fields.report()?,
        "TAKE_SEAT" => RoomMessage::Rights(fields.take_seat()?),
        "HAND_OVER" => RoomMessage::Rights(fields.hand_over()?),
        "GUESTS" => RoomMessage::Rights(fields.guests()?),
        "VOTE" => RoomMessage::Rights(fields.vote()?),
        "KICK" => RoomMessage::Rights(fields.kick()?),
        "LOCK" => RoomMessage::Rights(fields.lock()?),
        "HELLO" => return Err("HELLO: already said".into()),
        unknown => return Err(format!("Unknown type {}", echo(&quoted(unknown)))),
    };
    Ok(ClientMessage::Room(message))
}

/// One message's own fields.
impl Fields<'_> {
    fn wants(&self) -> Result<Wants, String> {
        let mut wants = Wants::default();
        let Some(raw) = self.raw.get("wants").filter(|_| !self.is_absent("wants")) else {
            return Ok(wants);
        };
        let Ok(kinds) = serde_json::from_str::<Vec<String>>(raw.get()) else {
            return self.refuse("wants", "a list of strings");
        };
        for kind in kinds {
            match kind.as_str() {
                "WELCOME" => wants.welcome = true,
                "QUEUE" => wants.queue = true,
                "MEMBERS" => wants.members = true,
                "HISTORY" => wants.history = true,
                "SWARM" => wants.swarm = true,
                "SWARM_KEY" => wants.swarm_key = true,
                "WAITING" => wants.waiting = true,
                "WAITING_NEWS" => wants.waiting_news = true,
                "RIGHTS" => wants.rights = true,
                _ => {}
            }
        }
        Ok(wants)
    }

    fn token(&self) -> Result<Option<Token>, String> {
        match self.string("token")? {
            None => Ok(None),
            Some(text) => match Token::parse(&text) {
                Some(token) => Ok(Some(token)),
                None => self.refuse("token", "what WELCOME said"),
            },
        }
    }

    fn clock(&self) -> Result<ClientMessage, String> {
        match (self.raw.get("t0"), self.scalar("t0")) {
            (Some(&raw), Some(Value::Number(_))) if raw.get().len() <= CLOCK_NUMBER_BYTES_MAX => {
                Ok(ClientMessage::Clock { t0: raw.to_owned() })
            }
            (_, Some(Value::Number(_))) => self.refuse("t0", "at most 32 characters long"),
            _ => self.refuse("t0", "a number"),
        }
    }

    fn duration(&self) -> Result<HostMessage, String> {
        let track_id = self.track("track_id")?;
        match self.measure("duration_sec")? {
            Some(duration_sec) if duration_sec > 0.0 && duration_sec <= TRACK_DURATION_SEC_MAX => {
                Ok(HostMessage::Duration {
                    track_id,
                    duration_sec,
                })
            }
            _ => self.refuse("duration_sec", "a number above 0, and of 30 days at most"),
        }
    }

    fn control(&self, status: Status) -> Result<HostMessage, String> {
        self.number("timestamp")?;
        let track_id = match self.raw.contains_key("track_id") {
            true => self.any_track_id()?,
            false => return self.refuse("track_id", "a string or null"),
        };
        Ok(HostMessage::Control {
            status,
            track_id,
            offset_sec: self.offset()?,
        })
    }

    /// Of a track that the server need not have.
    fn any_track_id(&self) -> Result<Option<String>, String> {
        match self.string("track_id")? {
            Some(id) if id.len() > TRACK_ID_BYTES_MAX => {
                self.refuse("track_id", "at most 256 bytes long")
            }
            Some(id) if id.contains(char::is_control) => {
                self.refuse("track_id", "without control characters")
            }
            track_id => Ok(track_id),
        }
    }

    fn offset(&self) -> Result<Number, String> {
        match self.scalar("offset_sec") {
            Some(Value::Number(offset)) => match offset.as_f64() {
                Some(sec) if (0.0..=OFFSET_SEC_MAX).contains(&sec) => Ok(offset),
                Some(sec) if sec > OFFSET_SEC_MAX => {
                    self.refuse("offset_sec", "a number of at most 1000000000")
                }
                _ => self.refuse("offset_sec", "a number of at least 0"),
            },
            _ => self.refuse("offset_sec", "a number of at least 0"),
        }
    }

    fn signal(&self) -> Result<RoomMessage, String> {
        let Some(to) = self.string("to")? else {
            return self.refuse("to", "the peer_id of a member");
        };
        match self.raw.get("blob") {
            Some(blob) if depth(blob.get()) > SIGNAL_DEPTH_MAX => Err(format!(
                "SIGNAL: blob is nested deeper than {SIGNAL_DEPTH_MAX}"
            )),
            Some(&blob) => Ok(RoomMessage::Signal {
                to,
                blob: blob.to_owned(),
            }),
            None => self.refuse("blob", "any JSON"),
        }
    }

    /// Milliseconds, at least 0.
    fn span(&self, field: &str) -> Result<Option<f64>, String> {
        self.measure(field)?;
        self.milliseconds(field)
    }

    fn report(&self) -> Result<RoomMessage, String> {
        const STATUSES: &[&str] = &[
            "idle", "loading", "ready", "playing", "paused", "ended", "blocked", "failed",
        ];
        let loaded = self.measure("loaded")?;
        if loaded.is_some_and(|loaded| loaded > 1.0) {
            return self.refuse("loaded", "a number from 0 to 1");
        }
        Ok(RoomMessage::Report(Report {
            status: self.choice("status", STATUSES)?,
            method: self.choice("method", &["webaudio", "element", "mpv"])?,
            rtt_ms: self.span("rtt_ms")?,
            error_ms: self.milliseconds("error_ms")?,
            loaded,
            clock_ms: self.span("clock_ms")?,
            track_id: self.any_track_id()?,
        }))
    }
}

/// How deeply a JSON value is nested, without recursion: brackets that are not inside strings.
fn depth(json: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => open += 1,
            b']' | b'}' if !in_string => open -= 1,
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}
