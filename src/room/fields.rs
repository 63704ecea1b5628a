//! The fields of a client's message: JSON text in, checked values or the text of an ERROR out. Nothing here
//! recurses into the input, so that depth costs nothing.

use crate::limits::REPORT_MS_MAX;
use crate::track::id::TrackId;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::fmt;

/// Characters of a client's own text that an ERROR repeats.
const ECHO_CHARS_MAX: usize = 60;

const A_TRACK_ID: &str = "the 64 hexadecimal digits of a track";

/// The fields of one JSON object, each still as it was written.
pub(super) struct Fields<'a> {
    pub(super) kind: String,
    pub(super) raw: HashMap<String, &'a RawValue>,
}

/// The fields of an object, each of which is there once: of two that disagree nobody knows which was meant.
struct Each<'a>(HashMap<String, &'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Each<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_map(EachVisitor)
    }
}

struct EachVisitor;

impl<'de> Visitor<'de> for EachVisitor {
    type Value = Each<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut fields: M) -> Result<Self::Value, M::Error> {
        let mut raw = HashMap::new();
        while let Some((field, value)) = fields.next_entry::<String, &RawValue>()? {
            if raw.contains_key(&field) {
                let message = format!("{TWICE}{}", echo(&quoted(&field)));
                return Err(serde::de::Error::custom(message));
            }
            raw.insert(field, value);
        }
        Ok(Each(raw))
    }
}

/// Begins what is said of a field that comes twice; behind it stands which.
const TWICE: &str = "Invalid message: a field comes more than once: ";

impl<'a> Fields<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        let Each(raw) =
            serde_json::from_str(text).map_err(|error| describe_json_error(text, &error))?;
        let kind = match raw.get("type").map(|raw| serde_json::from_str(raw.get())) {
            Some(Ok(kind)) => kind, // A String at once: a Value would be read to any depth, on the stack.
            Some(_) => return Err("type must be a string".into()),
            None => return Err("type is missing".into()),
        };
        Ok(Self { kind, raw })
    }

    pub(super) fn refuse<T>(&self, field: &str, expected: &str) -> Result<T, String> {
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
    pub(super) fn scalar(&self, field: &str) -> Option<Value> {
        let raw = self.raw.get(field)?.get();
        if raw.starts_with(['[', '{']) {
            return None;
        }
        serde_json::from_str(raw).ok()
    }

    /// Optional fields may be missing or null, as some clients write what they do not have.
    pub(super) fn is_absent(&self, field: &str) -> bool {
        self.raw.get(field).is_none_or(|raw| raw.get() == "null")
    }

    /// Missing and null are `None`, here and below.
    pub(super) fn string(&self, field: &str) -> Result<Option<String>, String> {
        match self.scalar(field) {
            _ if self.is_absent(field) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            _ => self.refuse(field, "a string"),
        }
    }

    /// true or false.
    pub(super) fn flag(&self, field: &str) -> Result<Option<bool>, String> {
        match self.scalar(field) {
            _ if self.is_absent(field) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            _ => self.refuse(field, "true or false"),
        }
    }

    /// A number of at least 0.
    pub(super) fn measure(&self, field: &str) -> Result<Option<f64>, String> {
        match self.number(field)? {
            Some(value) if value < 0.0 => self.refuse(field, "a number of at least 0"),
            other => Ok(other),
        }
    }

    /// A time in milliseconds, as far as anybody can have measured it.
    pub(super) fn milliseconds(&self, field: &str) -> Result<Option<f64>, String> {
        match self.number(field)? {
            Some(value) if value.abs() > REPORT_MS_MAX => {
                self.refuse(field, "a number of milliseconds")
            }
            other => Ok(other),
        }
    }

    pub(super) fn number(&self, field: &str) -> Result<Option<f64>, String> {
        match self.scalar(field) {
            _ if self.is_absent(field) => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64()),
            _ => self.refuse(field, "a number"),
        }
    }

    /// A whole number of 0 to `max`.
    pub(super) fn whole(&self, field: &str, max: u32) -> Result<Option<u32>, String> {
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
    pub(super) fn choice(
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
    pub(super) fn check_room(&self, room: &str) -> Result<(), String> {
        match self.string("room")? {
            Some(other) if other != room => self.refuse("room", &format!("{room:?}")),
            _ => Ok(()),
        }
    }

    pub(super) fn track(&self, field: &str) -> Result<TrackId, String> {
        match self.optional_track(field)? {
            Some(id) => Ok(id),
            None => self.refuse(field, A_TRACK_ID),
        }
    }

    pub(super) fn optional_track(&self, field: &str) -> Result<Option<TrackId>, String> {
        match self.scalar(field) {
            _ if self.is_absent(field) => Ok(None),
            Some(Value::String(text)) => match TrackId::parse(&text) {
                Some(id) => Ok(Some(id)),
                None => self.refuse(field, A_TRACK_ID),
            },
            _ => self.refuse(field, A_TRACK_ID),
        }
    }
}

impl<'a> Fields<'a> {
    /// The fields of the object that `field` holds; what is wrong with them is said of `KIND: field`.
    pub(super) fn object(&self, field: &str) -> Result<Option<Fields<'a>>, String> {
        let Some(&raw) = self.raw.get(field).filter(|_| !self.is_absent(field)) else {
            return Ok(None);
        };
        match serde_json::from_str(raw.get()) {
            Ok(Each(raw)) => Ok(Some(Fields {
                kind: format!("{}: {field}", self.kind),
                raw,
            })),
            Err(error) => match twice(&error) {
                Some(said) => Err(format!("{}: {field}: {said}", self.kind)),
                None => self.refuse(field, "an object"),
            },
        }
    }

    /// A list of things that are read one by one; missing and null are an empty one.
    pub(super) fn list<T: DeserializeOwned, U>(
        &self,
        field: &str,
        max: usize,
        expected: &str,
        read: impl Fn(T) -> Option<U>,
    ) -> Result<Vec<U>, String> {
        let Some(raw) = self.raw.get(field).filter(|_| !self.is_absent(field)) else {
            return Ok(Vec::new());
        };
        let items = serde_json::from_str::<Vec<T>>(raw.get()).ok();
        let items = items.filter(|items| items.len() <= max);
        match items.and_then(|items| items.into_iter().map(read).collect()) {
            Some(items) => Ok(items),
            None => self.refuse(field, &format!("a list of at most {max} {expected}")),
        }
    }
}

/// What is said of a field that comes twice, if that is the matter.
fn twice(error: &serde_json::Error) -> Option<String> {
    let said = error.to_string();
    let field = said.strip_prefix(TWICE)?;
    // Behind it stands the place, of which nobody can make use.
    let field = field
        .rsplit_once(" at line ")
        .map_or(field, |(field, _)| field);
    Some(format!("{TWICE}{field}"))
}

/// "Invalid JSON", with the field in whose value the reader stumbled when there is one: the usual case is a
/// client in another language that writes NaN or Infinity.
fn describe_json_error(text: &str, error: &serde_json::Error) -> String {
    if let Some(said) = twice(error) {
        return said;
    }
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

/// The key whose value begins last in `read`: `{"a":1,"b":N` gives `b`, and so does `{"a":1,"b":"N`.
fn last_key(read: &str) -> Option<&str> {
    let (before, after) = read.rsplit_once(':')?;
    let key = before.trim_end().strip_suffix('"')?;
    let value = after.trim_start();
    let value = value.strip_prefix('"').unwrap_or(value);
    let value_begins_there = !value.contains([',', '"', '{', '[']);
    value_begins_there.then(|| &key[key.rfind('"').map_or(0, |quote| quote + 1)..])
}

pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// In one line, however the client broke its own.
pub(super) fn echo(text: &str) -> String {
    let blank = |text: &str| text.replace(char::is_control, " ");
    match text.char_indices().nth(ECHO_CHARS_MAX) {
        None => blank(text),
        Some((end, _)) => format!("{}…", blank(&text[..end])),
    }
}
