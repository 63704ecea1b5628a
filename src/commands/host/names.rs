//! How tracks and times are written. Pure.

use crate::client::messages::Track;

/// How a track is called: title and artist, or the name of its file.
#[must_use]
pub fn label(track: &Track) -> String {
    match (&track.title, &track.artist) {
        (Some(title), Some(artist)) => format!("{title}, {artist}"),
        (Some(title), None) => title.clone(),
        (None, _) => track.name.clone(),
    }
}

/// `0:02`, `12:34`, `1:02:03`: what has begun counts, as on every clock.
#[must_use]
pub fn clock_face(sec: f64) -> String {
    let sec = sec.clamp(0.0, 1e9) as u64;
    match (sec / 3600, sec / 60 % 60, sec % 60) {
        (0, minutes, sec) => format!("{minutes}:{sec:02}"),
        (hours, minutes, sec) => format!("{hours}:{minutes:02}:{sec:02}"),
    }
}
