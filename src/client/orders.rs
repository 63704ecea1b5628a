//! What who controls a room says to it: the JSON of each message.

use crate::room::key::Key;
use serde::Serialize;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
enum Wire<'a> {
    Play(Place<'a>),
    Pause(Place<'a>),
    Next {
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<&'a str>,
    },
    Previous {
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<&'a str>,
    },
    Move {
        track_id: &'a str,
        before: Option<&'a str>,
    },
    Remove {
        track_id: &'a str,
    },
    Lock {
        key: Option<&'a str>,
    },
}

#[derive(Serialize)]
struct Place<'a> {
    track_id: Option<&'a str>,
    offset_sec: f64,
}

/// PLAY or PAUSE: `track_id` at `offset_sec`.
#[must_use]
pub fn control(playing: bool, track_id: Option<&str>, offset_sec: f64) -> String {
    let place = Place {
        track_id,
        offset_sec,
    };
    json(&match playing {
        true => Wire::Play(place),
        false => Wire::Pause(place),
    })
}

/// NEXT, which does nothing when another track than `from` is the current one by then.
#[must_use]
pub fn next(from: Option<&str>) -> String {
    json(&Wire::Next { from })
}

/// PREVIOUS, in the same way.
#[must_use]
pub fn previous(from: Option<&str>) -> String {
    json(&Wire::Previous { from })
}

/// MOVE: puts a track before another one, or at the end.
#[must_use]
pub fn shift(track_id: &str, before: Option<&str>) -> String {
    json(&Wire::Move { track_id, before })
}

/// REMOVE: takes a track out of the queue.
#[must_use]
pub fn remove(track_id: &str) -> String {
    json(&Wire::Remove { track_id })
}

/// LOCK: who joins needs this key from now on; `None`: none of the room's own.
#[must_use]
pub fn lock(key: Option<&Key>) -> String {
    json(&Wire::Lock {
        key: key.map(Key::as_str),
    })
}

fn json(message: &Wire) -> String {
    serde_json::to_string(message).expect("bug: every field of an order is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_what_the_protocol_says() {
        for (order, text) in [
            (
                control(true, Some("t1"), 0.0),
                r#"{"type":"PLAY","track_id":"t1","offset_sec":0.0}"#,
            ),
            (
                control(false, None, 12.5),
                r#"{"type":"PAUSE","track_id":null,"offset_sec":12.5}"#,
            ),
            (next(Some("ab")), r#"{"type":"NEXT","from":"ab"}"#),
            (previous(None), r#"{"type":"PREVIOUS"}"#),
            (
                shift("ab", None),
                r#"{"type":"MOVE","track_id":"ab","before":null}"#,
            ),
            (lock(None), r#"{"type":"LOCK","key":null}"#),
            (
                lock(Key::parse("plum jam").as_ref()),
                r#"{"type":"LOCK","key":"plum jam"}"#,
            ),
            (remove("ab"), r#"{"type":"REMOVE","track_id":"ab"}"#),
        ] {
            assert_eq!(order, text);
        }
    }
}
