//! Without a screen: a line for each change, and words instead of keys. Pure.

use super::names::label;
use super::party::Party;
use super::prompt::NO_KEY;
use super::report;
use crate::cli::{Deed, Shown, parse_time, parse_track};
use crate::client::messages::{Member, State, Track};
use crate::limits::HOST_LINE_BYTES_MAX;
use crate::room::key::Key;
use crate::room::rights::Guests;

/// More changes of a list at once than this are only counted.
const NAMED_MAX: usize = 5;

/// What a line on standard input asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    Do(Deed),
    Show(Shown),
    /// This file is to be served as well.
    Add(String),
    TakeSeat,
    Leave,
}

/// # Errors
/// What could have been typed.
pub fn word(line: &str) -> Result<Option<Word>, String> {
    // A path may have blanks in it.
    if let Some(path) = line.trim().strip_prefix("add ") {
        return Ok(Some(Word::Add(path.trim_start().to_owned())));
    }
    // And so may a key.
    if let Some(key) = line.trim().strip_prefix("lock ") {
        return match Key::parse(key.trim_start()) {
            Some(key) => Ok(Some(Word::Do(Deed::Lock(Some(key))))),
            None => Err(NO_KEY.into()),
        };
    }
    let mut words = line.split_whitespace();
    let Some(first) = words.next() else {
        return Ok(None);
    };
    let value = words.next();
    let deed = match (first, value) {
        ("play", None) => Some(Deed::Play(None)),
        ("play", Some(track)) => parse_track(track).map(|which| Deed::Play(Some(which))),
        ("pause", None) => Some(Deed::Pause),
        ("next", None) => Some(Deed::Next),
        ("previous", None) => Some(Deed::Previous),
        ("seek", Some(time)) => parse_time(time).map(Deed::Seek),
        ("remove", Some(track)) => parse_track(track).map(Deed::Remove),
        ("unlock", None) => Some(Deed::Unlock),
        ("guests", Some(level)) => Guests::parse(level).map(Deed::Guests),
        _ => None,
    };
    let other = match (first, value) {
        ("state", None) => Some(Word::Show(Shown::State)),
        ("queue", None) => Some(Word::Show(Shown::Queue)),
        ("members", None) => Some(Word::Show(Shown::Members)),
        ("take", None) => Some(Word::TakeSeat),
        ("leave" | "quit", None) => Some(Word::Leave),
        _ => None,
    };
    let found = deed.map(Word::Do).or(other);
    match found.filter(|_| words.next().is_none()) {
        Some(word) => Ok(Some(word)),
        None => Err(
            "type play, play 2, pause, seek 1:30, next, previous, add FILE, remove 2, guests add, lock KEY, \
             unlock, take, state, queue, members or leave"
                .into(),
        ),
    }
}

/// Lines out of bytes; one that is too long is no line of ours.
#[derive(Debug, Default)]
pub struct Lines(Vec<u8>);

impl Lines {
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.0);
                    if line.len() <= HOST_LINE_BYTES_MAX {
                        lines.push(String::from_utf8_lossy(&line).into_owned());
                    }
                }
                _ if self.0.len() <= HOST_LINE_BYTES_MAX => self.0.push(byte),
                _ => {}
            }
        }
        lines
    }
}

/// What has been told so far.
#[derive(Debug, Default)]
pub struct Chronicle {
    connected: Option<bool>,
    state: Option<State>,
    queue: Vec<Track>,
    members: Option<Vec<Member>>,
    seat: Option<String>,
    /// Of a start that waits: who is ready, and of how many.
    ready: Option<(usize, usize)>,
}

impl Chronicle {
    /// A line for each thing that has changed.
    pub fn tell(&mut self, party: &Party, room_sec: Option<f64>) -> Vec<String> {
        let mut lines = Vec::new();
        if self.connected.replace(party.connected) != Some(party.connected) {
            lines.push(match party.connected {
                true => format!("in room {}", party.room),
                false => "the server is gone, trying again".to_owned(),
            });
        }
        let parts = [
            Some(report::seat(party)),
            report::guests(party),
            report::locked(party),
        ];
        let seat = parts.into_iter().flatten().collect::<Vec<_>>().join("  ");
        if self.seat.as_ref() != Some(&seat) {
            lines.push(seat.clone());
            self.seat = Some(seat);
        }
        lines.extend(self.tell_members(party));
        lines.extend(self.tell_queue(party));
        if self.state != party.state {
            self.state.clone_from(&party.state);
            lines.push(state(party, room_sec));
        }
        let waits = party.waits().map(|waiting| (waiting.ready, waiting.of));
        if self.ready != waits {
            self.ready = waits;
            lines.extend(report::waiting(party, room_sec).map(|line| line + " (play starts now)"));
        }
        lines
    }

    fn tell_queue(&mut self, party: &Party) -> Vec<String> {
        let is_in =
            |list: &[Track], track: &Track| list.iter().any(|t| t.track_id == track.track_id);
        let added = party
            .queue
            .iter()
            .filter(|track| !is_in(&self.queue, track));
        let removed = self
            .queue
            .iter()
            .filter(|track| !is_in(&party.queue, track));
        let news = added.map(|track| format!("in the queue: {}", label(track)));
        let gone = removed.map(|track| format!("out of the queue: {}", label(track)));
        let lines: Vec<String> = news.chain(gone).collect();
        self.queue.clone_from(&party.queue);
        match lines.len() {
            ..=NAMED_MAX => lines,
            _ => vec![format!("{} tracks in the queue", party.queue.len())],
        }
    }

    fn tell_members(&mut self, party: &Party) -> Vec<String> {
        let now = &party.members.listed;
        // The first list says who was there before.
        let Some(before) = self.members.replace(now.clone()) else {
            self.members.take_if(|_| now.is_empty());
            return match now.is_empty() {
                true => Vec::new(),
                false => vec![format!("{} here", party.members.total)],
            };
        };
        let is_in =
            |list: &[Member], member: &Member| list.iter().any(|m| m.peer_id == member.peer_id);
        let came = now.iter().filter(|member| !is_in(&before, member));
        let left = before.iter().filter(|member| !is_in(now, member));
        let came = came.map(|member| format!("{} is here", member.name));
        let left = left.map(|member| format!("{} left", member.name));
        let lines: Vec<String> = came.chain(left).collect();
        match lines.len() {
            ..=NAMED_MAX => lines,
            _ => vec![format!("{} here", party.members.total)],
        }
    }
}

fn state(party: &Party, room_sec: Option<f64>) -> String {
    match party.track_id() {
        None => "nothing plays".to_owned(),
        Some(_) => {
            let (status, time) = (report::status(party), report::time(party, room_sec));
            format!("{status}  {time}  {}", report::name(party))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Which;
    use crate::client::messages::Members;

    #[test]
    fn words_mean_what_keys_and_actions_mean() {
        for (line, meant) in [
            ("play", Word::Do(Deed::Play(None))),
            (" play  2 ", Word::Do(Deed::Play(Some(Which::Number(2))))),
            ("pause", Word::Do(Deed::Pause)),
            ("seek 1:30", Word::Do(Deed::Seek(90.0))),
            ("next", Word::Do(Deed::Next)),
            ("previous", Word::Do(Deed::Previous)),
            ("remove 1", Word::Do(Deed::Remove(Which::Number(1)))),
            ("guests vote", Word::Do(Deed::Guests(Guests::Vote))),
            (
                " lock  plum jam ",
                Word::Do(Deed::Lock(Key::parse("plum jam"))),
            ),
            ("unlock", Word::Do(Deed::Unlock)),
            ("state", Word::Show(Shown::State)),
            ("queue", Word::Show(Shown::Queue)),
            ("members", Word::Show(Shown::Members)),
            ("add  a song.mp3 ", Word::Add("a song.mp3".into())),
            ("take", Word::TakeSeat),
            ("leave", Word::Leave),
            ("quit", Word::Leave),
        ] {
            assert_eq!(word(line), Ok(Some(meant)), "{line:?}");
        }
        assert_eq!(word("  "), Ok(None));
        for line in [
            "pley",
            "play x",
            "seek",
            "pause now",
            "add",
            "play 1 2",
            "guests all",
            "lock",
            "unlock plum",
        ] {
            assert!(word(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn lines_come_whole_however_they_are_cut_and_too_long_ones_never() {
        let text = b"play\nseek 10\n";
        for cut in 0..=text.len() {
            let mut lines = Lines::default();
            let mut found = lines.push(&text[..cut]);
            found.extend(lines.push(&text[cut..]));
            assert_eq!(found, ["play", "seek 10"]);
        }
        let mut lines = Lines::default();
        assert_eq!(lines.push(&[b'x'; 100_000]), [""; 0]);
        assert!(lines.0.len() <= HOST_LINE_BYTES_MAX + 1);
        assert_eq!(lines.push(b"\npause\n"), ["pause"]);
    }

    #[test]
    fn each_change_is_told_once() {
        let mut party = Party::new("jam1");
        let mut chronicle = Chronicle::default();
        assert_eq!(
            chronicle.tell(&party, None),
            ["the server is gone, trying again", "nobody hosts"]
        );
        party.connected = true;
        party.seat.mine = true;
        party.seat.guests = Some(Guests::Nothing);
        let member = |name: &str| Member {
            peer_id: name.into(),
            name: name.into(),
            ..Member::default()
        };
        let members = |names: &[&str]| Members {
            total: names.len(),
            listed: names.iter().map(|name| member(name)).collect(),
        };
        party.members = members(&["Ana"]);
        let told = chronicle.tell(&party, None);
        assert_eq!(
            told,
            ["in room jam1", "you host  guests may only listen", "1 here"]
        );
        assert_eq!(chronicle.tell(&party, None), [""; 0]);
        party.members = members(&["Ana", "Ben"]);
        assert_eq!(chronicle.tell(&party, None), ["Ben is here"]);
        party.members = members(&["Ana"]);
        assert_eq!(chronicle.tell(&party, None), ["Ben left"]);
        party.queue.push(Track {
            track_id: "t1".into(),
            name: "song.mp3".into(),
            duration_sec: Some(60.0),
            ..Track::default()
        });
        party.hear_state(State {
            track_id: Some("t1".into()),
            playing: true,
            offset_sec: 2.0,
            timestamp: 100.0,
        });
        assert_eq!(
            chronicle.tell(&party, Some(110.0)),
            ["in the queue: song.mp3", "playing  0:12 of 1:00  song.mp3"]
        );
        party.queue.clear();
        assert_eq!(
            chronicle.tell(&party, Some(111.0)),
            ["out of the queue: song.mp3"]
        );
    }
}
