//! Reads what clients say: JSON text in, checked messages or the text of an ERROR out.
//!
//! Every wrong value is refused with the name of its field. Unknown fields are ignored, and of a field that
//! comes twice the last one counts. Nothing here recurses into the input, so that depth costs nothing.

use super::message::{
    Announce, ClientMessage, CloseReason, Hello, Report, Role, RoomMessage, Status, Wants,
};
use crate::limits::{
    CHUNK_BYTES_MAX, CHUNKS_MAX, CLOCK_NUMBER_BYTES_MAX, DISPLAY_NAME_CHARS_MAX, SIGNAL_DEPTH_MAX,
    TRACK_ID_BYTES_MAX,
};
use crate::text::clean_display_text;
use serde_json::value::RawValue;
use serde_json::{Number, Value};
use std::collections::HashMap;

/// Characters of a client's own text that an ERROR repeats.
const ECHO_CHARS_MAX: usize = 60;

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
    Ok(Hello {
        role,
        display_name: name.and_then(|name| clean_display_text(&name, DISPLAY_NAME_CHARS_MAX)),
        wants,
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
        "PLAY" => fields.control(Status::Play)?,
        "PAUSE" => fields.control(Status::Pause)?,
        "SIGNAL" => fields.signal()?,
        "ANNOUNCE" => fields.announce(room)?,
        "HAVE_DELTA" => fields.have_delta(room)?,
        "REPORT" => fields.report()?,
        "HELLO" => return Err("HELLO: already said".into()),
        unknown => return Err(format!("Unknown type {}", echo(&quoted(unknown)))),
    };
    Ok(ClientMessage::Room(message))
}

/// The fields of one JSON object, each still as it was written.
struct Fields<'a> {
    kind: String,
    raw: HashMap<String, &'a RawValue>,
}

impl<'a> Fields<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let raw: HashMap<String, &'a RawValue> =
            serde_json::from_str(text).map_err(|error| describe_json_error(text, &error))?;
        let kind = match raw.get("type").map(|raw| serde_json::from_str(raw.get())) {
            Some(Ok(kind)) => kind, // A String at once: a Value would be read to any depth, on the stack.
            Some(_) => return Err("type must be a string".into()),
            None => return Err("type is missing".into()),
        };
        Ok(Self { kind, raw })
    }

    fn refuse<T>(&self, field: &str, expected: &str) -> Result<T, String> {
        Err(match self.raw.get(field) {
            None => format!("{}: {field} is missing, it must be {expected}", self.kind),
            Some(raw) => format!(
                "{}: {field} must be {expected}, not {}",
                self.kind,
                echo(raw.get())
            ),
        })
    }

    /// The field's value, unless it is missing or an array or object (which nothing here has).
    fn scalar(&self, field: &str) -> Option<Value> {
        let raw = self.raw.get(field)?.get();
        if raw.starts_with(['[', '{']) {
            return None;
        }
        serde_json::from_str(raw).ok()
    }

    /// Optional fields may be missing or null, as some clients write what they do not have.
    fn is_absent(&self, field: &str) -> bool {
        self.raw.get(field).is_none_or(|raw| raw.get() == "null")
    }

    /// Missing and null are `None`, here and below.
    fn string(&self, field: &str) -> Result<Option<String>, String> {
        match self.scalar(field) {
            _ if self.is_absent(field) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            _ => self.refuse(field, "a string"),
        }
    }

    /// A number of at least 0.
    fn measure(&self, field: &str) -> Result<Option<f64>, String> {
        match self.number(field)? {
            Some(value) if value < 0.0 => self.refuse(field, "a number of at least 0"),
            other => Ok(other),
        }
    }

    fn number(&self, field: &str) -> Result<Option<f64>, String> {
        match self.scalar(field) {
            _ if self.is_absent(field) => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64()),
            _ => self.refuse(field, "a number"),
        }
    }

    /// A whole number of 0 to `max`.
    fn whole(&self, field: &str, max: u32) -> Result<Option<u32>, String> {
        let value = match self.scalar(field) {
            _ if self.is_absent(field) => return Ok(None),
            Some(Value::Number(number)) => number.as_u64(),
            _ => None,
        };
        match value.and_then(|value| u32::try_from(value).ok()) {
            Some(value) if value <= max => Ok(Some(value)),
            _ => self.refuse(field, &format!("a whole number from 0 to {max}")),
        }
    }

    /// One of `choices`.
    fn choice(
        &self,
        field: &str,
        choices: &'static [&'static str],
    ) -> Result<Option<&'static str>, String> {
        if self.is_absent(field) {
            return Ok(None);
        }
        let found = match self.scalar(field) {
            Some(Value::String(text)) => choices.iter().find(|&&choice| choice == text),
            _ => None,
        };
        match found {
            Some(&choice) => Ok(Some(choice)),
            None => self.refuse(field, &format!("one of {}", choices.join(", "))),
        }
    }

    /// `room` may be left out, but must not name another room.
    fn check_room(&self, room: &str) -> Result<(), String> {
        match self.string("room")? {
            Some(other) if other != room => self.refuse("room", &format!("{room:?}")),
            _ => Ok(()),
        }
    }

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
                _ => {}
            }
        }
        Ok(wants)
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

    fn control(&self, status: Status) -> Result<RoomMessage, String> {
        self.number("timestamp")?;
        let track_id = match self.raw.contains_key("track_id") {
            true => self.string("track_id")?,
            false => return self.refuse("track_id", "a string or null"),
        };
        if track_id
            .as_ref()
            .is_some_and(|id| id.len() > TRACK_ID_BYTES_MAX)
        {
            return self.refuse("track_id", "at most 256 bytes long");
        }
        Ok(RoomMessage::Control {
            status,
            track_id,
            offset_sec: self.offset()?,
        })
    }

    fn offset(&self) -> Result<Number, String> {
        match self.scalar("offset_sec") {
            Some(Value::Number(offset)) if offset.as_f64().is_some_and(|sec| sec >= 0.0) => {
                Ok(offset)
            }
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

    fn announce(&self, room: &str) -> Result<RoomMessage, String> {
        self.check_room(room)?;
        let Some(port) = self.whole("port", u16::MAX.into())? else {
            return self.refuse("port", "a whole number from 0 to 65535");
        };
        Ok(RoomMessage::Announce(Announce {
            port: u16::try_from(port).expect("bug: checked against u16::MAX"),
            total_chunks: self.whole("total_chunks", CHUNKS_MAX)?,
            chunk_size: self.whole("chunk_size", CHUNK_BYTES_MAX)?,
            have_count: self.whole("have_count", CHUNKS_MAX)?,
        }))
    }

    fn have_delta(&self, room: &str) -> Result<RoomMessage, String> {
        self.check_room(room)?;
        let indices = self.raw.get("indices").map(|raw| raw.get());
        match indices.and_then(|raw| serde_json::from_str::<Vec<u32>>(raw).ok()) {
            Some(indices) if indices.iter().all(|&index| index < CHUNKS_MAX) => {
                Ok(RoomMessage::HaveDelta(indices))
            }
            _ => self.refuse("indices", "a list of chunk numbers"),
        }
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
            method: self.choice("method", &["webaudio", "element"])?,
            rtt_ms: self.measure("rtt_ms")?,
            error_ms: self.number("error_ms")?,
            loaded,
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

/// "Invalid JSON", with the field in whose value the reader stumbled when there is one: the usual case is a
/// client in another language that writes NaN or Infinity.
fn describe_json_error(text: &str, error: &serde_json::Error) -> String {
    if error.is_data() {
        return "Invalid message: it must be a JSON object".into();
    }
    let read = prefix_before(text, error);
    match last_key(read) {
        Some(key) => format!("Invalid JSON: {} is not a JSON value", echo(key)),
        None => "Invalid JSON".into(),
    }
}

/// What stands before the place of the error (line and column count from 1, columns in bytes).
fn prefix_before<'a>(text: &'a str, error: &serde_json::Error) -> &'a str {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let mut end = (line_start + error.column()).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The key whose value begins last in `read`: `{"a":1,"b":N` gives `b`.
fn last_key(read: &str) -> Option<&str> {
    let (before, after) = read.rsplit_once(':')?;
    let key = before.trim_end().strip_suffix('"')?;
    let value_begins_there = !after.contains([',', '"', '{', '[']);
    value_begins_there.then(|| &key[key.rfind('"').map_or(0, |quote| quote + 1)..])
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn echo(text: &str) -> String {
    match text.char_indices().nth(ECHO_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
