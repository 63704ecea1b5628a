//! The JSON protocol of mpv: one object a line, each way. Pure.
//!
//! A request has a number, and its answer brings it back; in between come events. What we have no use for is
//! passed over, for another mpv may say more.

use crate::limits::{PLAYER_LINE_BYTES_MAX, PLAYER_WORDS_CHARS_MAX};
use crate::text::clean_display_text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What mpv is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Opens a file or URL at this position, instead of what is open; it stays paused if it was.
    Load {
        source: String,
        offset_sec: f64,
    },
    Pause(bool),
    /// 1 is as it was recorded.
    Speed(f64),
    /// 100 is as it was recorded.
    Volume(u32),
    /// Closes what is open.
    Stop,
    /// Asks which position of the track leaves the loudspeaker.
    Position,
}

/// What mpv says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The answer to a request; the error is mpv's own word for it.
    Reply {
        request: u64,
        result: Result<Answer, String>,
    },
    /// It begins to open what was asked for last but these many.
    Started {
        entry: u64,
    },
    /// Everything is ready at the position that was asked for; if it is not paused there is sound.
    Restarted,
    /// A file is closed. `error`: it could not be played, and why.
    Ended {
        entry: Option<u64>,
        error: Option<String>,
    },
    Other,
}

/// What an answer brings, of what we ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    Nothing,
    Number(f64),
    /// What was asked to be loaded will start under this number.
    Entry(u64),
}

/// A line that is not of this protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

/// A line has no end within `PLAYER_LINE_BYTES_MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Command {
    /// The line for it, with its line end.
    #[must_use]
    pub fn encode(&self, request: u64) -> String {
        let command = match self {
            Self::Load { source, offset_sec } => Words::Load {
                name: "loadfile",
                url: source,
                flags: "replace",
                // By name: the place of the options among the words has changed between versions of mpv.
                options: Options {
                    start: format!("{offset_sec:.6}"),
                },
            },
            Self::Pause(pause) => Words::SetFlag("set_property", "pause", *pause),
            Self::Speed(speed) => Words::SetNumber("set_property", "speed", *speed),
            Self::Volume(volume) => Words::SetNumber("set_property", "volume", f64::from(*volume)),
            Self::Stop => Words::Plain(&["stop"]),
            Self::Position => Words::Plain(&["get_property", "audio-pts"]),
        };
        let line = Line {
            command,
            request_id: request,
        };
        let mut line = serde_json::to_string(&line).expect("bug: a command is text and numbers");
        line.push('\n');
        line
    }
}

#[derive(Serialize)]
struct Line<'a> {
    command: Words<'a>,
    request_id: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Words<'a> {
    Plain(&'a [&'a str]),
    SetFlag(&'a str, &'a str, bool),
    SetNumber(&'a str, &'a str, f64),
    Load {
        name: &'a str,
        url: &'a str,
        flags: &'a str,
        options: Options,
    },
}

#[derive(Serialize)]
struct Options {
    start: String,
}

#[derive(Deserialize)]
struct Raw {
    request_id: Option<u64>,
    error: Option<String>,
    #[serde(default)]
    data: Value,
    event: Option<String>,
    playlist_entry_id: Option<u64>,
    reason: Option<String>,
    file_error: Option<String>,
}

/// # Errors
/// `Malformed` with its beginning, fit for a log.
pub fn parse(line: &[u8]) -> Result<Said, Malformed> {
    let malformed = || {
        let text = String::from_utf8_lossy(&line[..line.len().min(400)]);
        Malformed(words(&text))
    };
    // mpv copies file names and tags as they are, which need not be UTF-8.
    let text = String::from_utf8_lossy(line);
    let raw: Raw = serde_json::from_str(&text).map_err(|_| malformed())?;
    match (raw.event.as_deref(), raw.request_id, raw.error.as_deref()) {
        (Some("start-file"), ..) => match raw.playlist_entry_id {
            Some(entry) => Ok(Said::Started { entry }),
            None => Err(malformed()),
        },
        (Some("playback-restart"), ..) => Ok(Said::Restarted),
        (Some("end-file"), ..) => Ok(Said::Ended {
            entry: raw.playlist_entry_id,
            error: (raw.reason.as_deref() == Some("error"))
                .then(|| words(&raw.file_error.unwrap_or_default())),
        }),
        (Some(_), ..) => Ok(Said::Other),
        (None, Some(request), Some("success")) => Ok(Said::Reply {
            request,
            result: Ok(answer(&raw.data)),
        }),
        (None, Some(request), Some(error)) => Ok(Said::Reply {
            request,
            result: Err(words(error)),
        }),
        _ => Err(malformed()),
    }
}

fn answer(data: &Value) -> Answer {
    let entry = data.get("playlist_entry_id").and_then(Value::as_u64);
    match (data.as_f64(), entry) {
        (Some(number), _) => Answer::Number(number),
        (_, Some(entry)) => Answer::Entry(entry),
        _ => Answer::Nothing,
    }
}

fn words(text: &str) -> String {
    clean_display_text(text, PLAYER_WORDS_CHARS_MAX).unwrap_or_default()
}

/// Makes lines of bytes, however these are cut.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// Where the line begins that comes next.
    taken: usize,
    /// Where the search for its end goes on.
    looked_at: usize,
}

impl Lines {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.looked_at -= self.taken;
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole line without its end; `None` until there is one.
    ///
    /// # Errors
    /// `TooLong` once a line is; there is no way to go on after that.
    pub fn next_line(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        let mut ahead = self.bytes[self.looked_at..].iter();
        let found = ahead.position(|&byte| byte == b'\n');
        let end = found.map_or(self.bytes.len(), |further| self.looked_at + further);
        if end - self.taken > PLAYER_LINE_BYTES_MAX {
            return Err(TooLong);
        }
        self.looked_at = end;
        if found.is_none() {
            return Ok(None);
        }
        let line = self.bytes[self.taken..end].to_vec();
        self.taken = end + 1;
        self.looked_at = self.taken;
        Ok(Some(line))
    }
}
