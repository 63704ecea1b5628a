//! What a client says to its room, and what it says first.

use super::{assert_clean, assert_one_line};
use jam::limits::{
    DISPLAY_NAME_CHARS_MAX, SIGNAL_DEPTH_MAX, TRACK_DURATION_SEC_MAX, TRACK_ID_BYTES_MAX,
};
use jam::room::message::{ClientMessage, HostMessage, Report, RoomMessage};
use jam::room::parse::{parse_hello, parse_message};
use serde_json::value::RawValue;

/// Characters of an ERROR: a field's name, what it must be, and the beginning of what it was.
const ERROR_CHARS_MAX: usize = 300;

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match parse_hello(text) {
        Ok(hello) => {
            if let Some(name) = hello.display_name {
                assert_clean(&name, DISPLAY_NAME_CHARS_MAX);
            }
        }
        Err(reason) => assert!(matches!(reason.code_and_text().0, 1008)),
    }
    match parse_message(text, "jam1") {
        Ok(message) => check(&message, text),
        Err(error) => assert_one_line(&error, ERROR_CHARS_MAX),
    }
}

fn check(message: &ClientMessage, text: &str) {
    match message {
        ClientMessage::Clock { t0 } => {
            assert!(t0.get().len() <= 32);
            let t0: serde_json::Number = serde_json::from_str(t0.get()).expect("a number");
            assert!(t0.as_f64().is_some_and(f64::is_finite));
        }
        ClientMessage::Add { offer, .. } => {
            if let Some(offer) = offer {
                assert_one_line(&offer.name, 200);
            }
        }
        ClientMessage::Room(RoomMessage::Host(message)) => check_host(message),
        ClientMessage::Room(RoomMessage::Signal { blob, .. }) => {
            assert!(blob.get().len() <= text.len());
            let again: &RawValue = serde_json::from_str(blob.get()).expect("JSON");
            assert_eq!(again.get(), blob.get());
            let nested = blob.get().bytes().take_while(|byte| b"[{".contains(byte));
            assert!(nested.count() <= SIGNAL_DEPTH_MAX);
        }
        ClientMessage::Room(RoomMessage::HaveDelta(indices)) => {
            assert!(indices.len() <= text.len() / 2);
        }
        ClientMessage::Room(RoomMessage::Report(report)) => check_report(report),
        ClientMessage::Room(_) => {}
    }
}

fn check_host(message: &HostMessage) {
    match message {
        HostMessage::Control {
            track_id,
            offset_sec,
            ..
        } => {
            assert!(
                track_id
                    .as_ref()
                    .is_none_or(|id| id.len() <= TRACK_ID_BYTES_MAX)
            );
            let sec = offset_sec.as_f64().expect("a number of seconds");
            assert!(sec.is_finite() && sec >= 0.0, "{sec}");
        }
        HostMessage::Duration { duration_sec, .. } => {
            assert!(*duration_sec > 0.0 && *duration_sec <= TRACK_DURATION_SEC_MAX);
        }
        _ => {}
    }
}

fn check_report(report: &Report) {
    let numbers = [report.rtt_ms, report.error_ms, report.loaded];
    assert!(numbers.into_iter().flatten().all(f64::is_finite));
    assert!(report.rtt_ms.is_none_or(|ms| ms >= 0.0));
    assert!(
        report
            .loaded
            .is_none_or(|loaded| (0.0..=1.0).contains(&loaded))
    );
}
