//! Reads who is in a room: MEMBERS, RIGHTS, for whom a start waits, and the room as it is told over HTTP.

use super::messages::{Member, MemberReport, Members, Overview, Person, Rights, Waiting};
use super::parse::{display, is_short, list, name, short_text, shown, state, tracks};
use crate::limits::{DISPLAY_NAME_CHARS_MAX, MEMBERS_LISTED_MAX, REPORT_WORD_CHARS_MAX};
use crate::room::rights::Guests;
use serde::Deserialize;
use serde_json::Value;

/// What `GET /api/rooms/{room}` answers; `None` when it is something else.
#[must_use]
pub fn overview(text: &str) -> Option<Overview> {
    let value: Value = serde_json::from_str(text).ok()?;
    Some(Overview {
        server_time: value.get("server_time")?.as_f64()?,
        state: state(value.get("state")?.clone())?,
        host: display(&value, "host", DISPLAY_NAME_CHARS_MAX),
        guests: value
            .get("guests")
            .and_then(Value::as_str)
            .and_then(Guests::parse),
        locked: is_true(&value, "locked"),
        queue: tracks(&value),
        members: members(&value),
    })
}

/// Whether that answer is all that somebody without the room's key is told.
#[must_use]
pub fn is_locked(text: &str) -> bool {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    is_true(&value, "locked") && value.get("state").is_none()
}

fn is_true(value: &Value, field: &str) -> bool {
    value.get(field).and_then(Value::as_bool).unwrap_or(false)
}

pub(super) fn members(value: &Value) -> Members {
    let listed = list(value, "members", MEMBERS_LISTED_MAX, RawMember::checked);
    let total = value.get("total").and_then(Value::as_u64);
    let total = total.and_then(|total| usize::try_from(total).ok());
    Members {
        total: total.unwrap_or_default().max(listed.len()),
        listed,
    }
}

pub(super) fn rights(value: &Value) -> Rights {
    let changes = value.get("lock_changes");
    let guests = value.get("guests").and_then(Value::as_str);
    Rights {
        host: value.get("host").and_then(person),
        kept: value.get("kept").and_then(|kept| {
            let until = kept.get("until")?.as_f64()?;
            Some((person(kept)?, until))
        }),
        // What we do not know allows us nothing that we would try.
        guests: guests.and_then(Guests::parse).unwrap_or_default(),
        locked: is_true(value, "locked"),
        lock_changes: changes.and_then(Value::as_u64).unwrap_or_default(),
    }
}

fn person(value: &Value) -> Option<Person> {
    let shown = value.get("name").and_then(Value::as_str);
    Some(Person {
        peer_id: short_text(value, "peer_id")?,
        name: name(shown.map(Into::into), DISPLAY_NAME_CHARS_MAX),
    })
}

/// Without a track, or numbers that make sense, nothing waits.
pub(super) fn waiting(value: &Value) -> Option<Waiting> {
    let count = |field| usize::try_from(value.get(field)?.as_u64()?).ok();
    Some(Waiting {
        track_id: short_text(value, "track_id")?,
        ready: count("ready")?,
        of: count("of")?,
        until: value.get("until").and_then(Value::as_f64),
    })
}

#[derive(Deserialize)]
struct RawMember {
    peer_id: String,
    name: Option<String>,
    role: Option<String>,
    #[serde(default)]
    node: bool,
    report: Option<RawReport>,
}

#[derive(Deserialize)]
struct RawReport {
    status: Option<String>,
    method: Option<String>,
    rtt_ms: Option<f64>,
    error_ms: Option<f64>,
    loaded: Option<f64>,
}

impl RawMember {
    fn checked(self) -> Option<Member> {
        let word = |text| shown(text, REPORT_WORD_CHARS_MAX);
        Some(Member {
            peer_id: Some(self.peer_id).filter(|id| is_short(id))?,
            name: name(self.name, DISPLAY_NAME_CHARS_MAX),
            is_host: self.role.as_deref() == Some("host"),
            node: self.node,
            report: self.report.map(|report| MemberReport {
                status: word(report.status),
                method: word(report.method),
                rtt_ms: report.rtt_ms,
                error_ms: report.error_ms,
                loaded: report.loaded,
            }),
        })
    }
}
