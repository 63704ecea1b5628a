//! What `jam listen` says: a line that is rewritten on a terminal, lines elsewhere, JSON for programs. Pure.

use crate::sync::follow::Phase;
use crate::text::clean_display_text;
use serde::Serialize;

/// The line on a terminal; elsewhere a line is written so often while nothing happens.
const TERMINAL_EVERY_SEC: f64 = 0.25;
const PLAIN_EVERY_SEC: f64 = 30.0;
const JSON_EVERY_SEC: f64 = 1.0;

const NAME_CHARS_MAX: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// So many columns.
    Terminal(usize),
    Plain,
    Json,
}

/// How the listener does.
#[derive(Clone, Debug, PartialEq)]
pub struct Now {
    pub phase: Phase,
    pub connected: bool,
    pub track_id: Option<String>,
    pub name: Option<String>,
    pub position_sec: f64,
    /// Positive: ahead of the room.
    pub error_ms: Option<f64>,
    /// Room time is known to within this.
    pub clock_ms: Option<f64>,
    pub rtt_ms: Option<f64>,
    /// The share of the current track that is here.
    pub loaded: Option<f64>,
    /// Nodes that the current track comes from or goes to; `None`: it takes no part in that.
    pub peers: Option<usize>,
    pub waits: Option<Waits>,
    pub starts: u32,
    pub jumps: u32,
    pub nudges: u32,
    pub players_lost: u32,
}

/// A start that waits until all have the track, or until nothing is left of this time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Waits {
    pub ready: usize,
    pub of: usize,
    pub left_sec: Option<f64>,
}

/// What is told as soon as it is another.
#[derive(Debug, PartialEq)]
struct News {
    phase: Phase,
    connected: bool,
    track_id: Option<String>,
    /// Of a start that waits.
    ready: Option<(usize, usize)>,
}

#[derive(Debug)]
pub struct Teller {
    mode: Mode,
    said_at: Option<f64>,
    said: Option<News>,
    line_is_up: bool,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event<'a> {
    Status {
        status: &'a str,
        connected: bool,
        track_id: Option<&'a str>,
        name: Option<&'a str>,
        position_sec: f64,
        error_ms: Option<f64>,
        clock_ms: Option<f64>,
        rtt_ms: Option<f64>,
        loaded: Option<f64>,
        peers: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        waiting: Option<Waits>,
        starts: u32,
        jumps: u32,
        nudges: u32,
        players_lost: u32,
    },
    Error {
        message: &'a str,
    },
}

impl Teller {
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            said_at: None,
            said: None,
            line_is_up: false,
        }
    }

    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What is to be written now, if anything.
    pub fn tell(&mut self, now_sec: f64, now: &Now) -> Option<String> {
        let news = News {
            phase: now.phase,
            connected: now.connected,
            track_id: now.track_id.clone(),
            ready: now.waits.map(|waits| (waits.ready, waits.of)),
        };
        let is_new = self.said.as_ref() != Some(&news);
        let every_sec = match self.mode {
            Mode::Terminal(_) => TERMINAL_EVERY_SEC,
            Mode::Plain => PLAIN_EVERY_SEC,
            Mode::Json => JSON_EVERY_SEC,
        };
        let waited = self.said_at.map_or(f64::INFINITY, |at| now_sec - at);
        if !is_new && waited < every_sec {
            return None;
        }
        (self.said, self.said_at) = (Some(news), Some(now_sec));
        Some(match self.mode {
            Mode::Terminal(columns) => {
                self.line_is_up = true;
                format!("\r\x1b[K{}", cut(&line(now), columns))
            }
            Mode::Plain => line(now) + "\n",
            Mode::Json => json(&status(now)),
        })
    }

    /// A message of its own, fit for this output; on a terminal the line makes way for it.
    pub fn error(&mut self, message: &str) -> Option<String> {
        match self.mode {
            Mode::Json => Some(json(&Event::Error { message })),
            _ => self.clear(),
        }
    }

    /// Takes the line away, so that something else can be written.
    pub fn clear(&mut self) -> Option<String> {
        std::mem::take(&mut self.line_is_up).then(|| "\r\x1b[K".to_owned())
    }
}

/// `playing  1:23  song.mp3  +0.4 ms  clock 0.2 ms  3 peers`
fn line(now: &Now) -> String {
    let mut parts = vec![word(now.phase).to_owned()];
    if now.track_id.is_some() {
        parts.push(clock_face(now.position_sec));
        let name = now
            .name
            .as_deref()
            .unwrap_or("a track that is not in the queue");
        parts.extend(clean_display_text(name, NAME_CHARS_MAX));
    }
    if let (Phase::Loading, Some(loaded)) = (now.phase, now.loaded) {
        parts.push(format!("{:.0} % here", (loaded * 100.0).floor()));
    }
    parts.extend(now.waits.map(|waits| waiting(now.phase, &waits)));
    if let (Phase::Playing, Some(error_ms)) = (now.phase, now.error_ms) {
        parts.push(format!("{error_ms:+.1} ms"));
    }
    parts.extend(now.clock_ms.map(|ms| format!("clock {ms:.1} ms")));
    parts.extend(now.peers.map(|peers| match peers {
        1 => "1 peer".to_owned(),
        more => format!("{more} peers"),
    }));
    if !now.connected {
        parts.push("the server is gone, trying again".to_owned());
    }
    parts.join("  ")
}

/// `waiting for others: 2 of 3 ready, at most 2 s more`
fn waiting(phase: Phase, waits: &Waits) -> String {
    let Waits { ready, of, .. } = waits;
    let left = waits.left_sec.map(|sec| sec.ceil().max(1.0));
    let soon = left.map_or_else(String::new, |sec| format!(", at most {sec:.0} s more"));
    match phase {
        Phase::Ready => format!("waiting for others: {ready} of {of} ready{soon}"),
        _ => format!("the others wait: {ready} of {of} ready{soon}"),
    }
}

/// Why nothing is heard, by what mpv says: without a loudspeaker the track is all right.
#[must_use]
pub fn not_playable(why: &str) -> String {
    match why.starts_with("audio output") {
        true => format!(
            "no sound comes out here: {why} (is there a loudspeaker? --device names another)"
        ),
        false => format!("this track cannot be played: {why}"),
    }
}

/// The page and the room use the same words.
#[must_use]
pub fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "idle",
        Phase::Loading => "loading",
        Phase::Ready => "ready",
        Phase::Paused => "paused",
        Phase::Playing => "playing",
        Phase::Ended => "ended",
        Phase::Failed => "failed",
    }
}

fn clock_face(sec: f64) -> String {
    let sec = sec.clamp(0.0, 1e9) as u64;
    match (sec / 3600, sec / 60 % 60, sec % 60) {
        (0, minutes, sec) => format!("{minutes}:{sec:02}"),
        (hours, minutes, sec) => format!("{hours}:{minutes:02}:{sec:02}"),
    }
}

fn status(now: &Now) -> Event<'_> {
    let round = |number: f64| (number * 1000.0).round() / 1000.0;
    Event::Status {
        status: word(now.phase),
        connected: now.connected,
        track_id: now.track_id.as_deref(),
        name: now.name.as_deref(),
        position_sec: round(now.position_sec),
        error_ms: now.error_ms.map(round),
        clock_ms: now.clock_ms.map(round),
        rtt_ms: now.rtt_ms.map(round),
        loaded: now.loaded.map(round),
        peers: now.peers,
        waiting: now.waits.map(|waits| Waits {
            left_sec: waits.left_sec.map(round),
            ..waits
        }),
        starts: now.starts,
        jumps: now.jumps,
        nudges: now.nudges,
        players_lost: now.players_lost,
    }
}

fn json(event: &Event) -> String {
    let mut line = serde_json::to_string(event).expect("bug: an event is made of text and numbers");
    line.push('\n');
    line
}

fn cut(text: &str, columns: usize) -> String {
    text.chars().take(columns).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Now {
        Now {
            phase: Phase::Playing,
            connected: true,
            track_id: Some("ab".into()),
            name: Some("song.mp3".into()),
            position_sec: 83.4567,
            error_ms: Some(0.44),
            clock_ms: Some(0.21),
            rtt_ms: Some(1.25),
            loaded: Some(1.0),
            peers: Some(3),
            waits: None,
            starts: 1,
            jumps: 0,
            nudges: 0,
            players_lost: 0,
        }
    }

    #[test]
    fn without_a_loudspeaker_it_is_not_the_track() {
        let why = "audio output initialization failed";
        let said = not_playable(why);
        assert!(said.starts_with("no sound comes out here: "), "{said}");
        assert!(said.contains(why) && said.contains("--device"), "{said}");
        let said = not_playable("unrecognized file format");
        assert_eq!(
            said,
            "this track cannot be played: unrecognized file format"
        );
    }

    #[test]
    fn a_line_says_what_plays_where_and_how_well() {
        let mut teller = Teller::new(Mode::Plain);
        let said = teller.tell(0.0, &now());
        let line = "playing  1:23  song.mp3  +0.4 ms  clock 0.2 ms  3 peers\n";
        assert_eq!(said.as_deref(), Some(line));
        assert_eq!(teller.tell(29.0, &now()), None);
        assert!(teller.tell(30.0, &now()).is_some());
        let lost = Now {
            connected: false,
            phase: Phase::Paused,
            ..now()
        };
        let said = teller.tell(30.1, &lost).expect("something else");
        assert_eq!(
            said,
            "paused  1:23  song.mp3  clock 0.2 ms  3 peers  the server is gone, trying again\n"
        );
    }

    #[test]
    fn a_terminal_has_one_line_that_fits() {
        let mut teller = Teller::new(Mode::Terminal(20));
        assert_eq!(teller.clear(), None);
        let said = teller.tell(0.0, &now()).expect("a line");
        assert_eq!(said, "\r\x1b[Kplaying  1:23  song.");
        assert_eq!(teller.error("lost"), Some("\r\x1b[K".into()));
        assert_eq!(teller.clear(), None);
    }

    #[test]
    fn a_start_that_waits_is_told_with_each_change() {
        let mut teller = Teller::new(Mode::Plain);
        let waits = |phase, ready, left_sec| Now {
            phase,
            position_sec: 0.0,
            error_ms: None,
            waits: Some(Waits {
                ready,
                of: 3,
                left_sec,
            }),
            ..now()
        };
        for (at, now, said) in [
            (
                0.0,
                waits(Phase::Loading, 0, None),
                Some(
                    "loading  0:00  song.mp3  100 % here  the others wait: 0 of 3 ready  clock 0.2 ms  3 peers\n",
                ),
            ),
            (
                0.1,
                waits(Phase::Ready, 1, Some(2.9)),
                Some(
                    "ready  0:00  song.mp3  waiting for others: 1 of 3 ready, at most 3 s more  clock 0.2 ms  3 peers\n",
                ),
            ),
            (0.2, waits(Phase::Ready, 1, Some(2.8)), None),
        ] {
            assert_eq!(teller.tell(at, &now).as_deref(), said);
        }
        let mut teller = Teller::new(Mode::Json);
        let said = teller.tell(0.0, &waits(Phase::Ready, 2, Some(1.23456)));
        let said = said.expect("a line");
        assert!(
            said.contains(r#""waiting":{"ready":2,"of":3,"left_sec":1.235}"#),
            "{said}"
        );
    }

    #[test]
    fn programs_get_an_object_a_line() {
        let mut teller = Teller::new(Mode::Json);
        let said = teller.tell(0.0, &now()).expect("a line");
        assert_eq!(
            said,
            "{\"event\":\"status\",\"status\":\"playing\",\"connected\":true,\"track_id\":\"ab\",\
             \"name\":\"song.mp3\",\"position_sec\":83.457,\"error_ms\":0.44,\"clock_ms\":0.21,\
             \"rtt_ms\":1.25,\"loaded\":1.0,\"peers\":3,\"starts\":1,\"jumps\":0,\"nudges\":0,\
             \"players_lost\":0}\n"
        );
        assert_eq!(
            teller.error("lost").as_deref(),
            Some("{\"event\":\"error\",\"message\":\"lost\"}\n")
        );
    }
}
