//! What the host of a `World` does to the music: said to the room, and done to the model.

use super::{Edit, SaidOf, World};
use crate::common::room_deck::{Deck, Entry, id_json, queue_track};
use crate::common::room_words::{DURATIONS, OFFSETS, SONG_OFFSETS, TRACKS, error_json, peer_id};
use jam::room::event::Output;
use jam::room::message::Role;

impl World {
    pub(super) fn control(
        &mut self,
        slot: usize,
        playing: bool,
        variety: usize,
    ) -> (Vec<Output>, Vec<String>) {
        let track = TRACKS[variety % TRACKS.len()];
        let offset = OFFSETS[variety % OFFSETS.len()];
        self.say_control(slot, playing, track, offset)
    }

    fn say_control(
        &mut self,
        slot: usize,
        playing: bool,
        track: &str,
        (offset, offset_heard): (&str, &str),
    ) -> (Vec<Output>, Vec<String>) {
        let kind = if playing { "PLAY" } else { "PAUSE" };
        let fields = format!(r#""track_id":{track},"offset_sec":{offset},"timestamp":3"#);
        self.say_as_host(slot, kind, &fields, |deck, now, lead| {
            Ok(deck.control(now, lead, track, playing, offset_heard))
        })
    }

    pub(super) fn edit(
        &mut self,
        slot: usize,
        edit: Edit,
        variety: usize,
    ) -> (Vec<Output>, Vec<String>) {
        let id = |song: usize| format!(r#""track_id":{}"#, id_json(song));
        let id_before = |song: usize, before: Option<usize>| match before {
            Some(before) => format!(r#"{},"before":{}"#, id(song), id_json(before)),
            // Left out and null are the same.
            None if variety.is_multiple_of(2) => id(song),
            None => format!(r#"{},"before":null"#, id(song)),
        };
        match edit {
            Edit::Play(song) | Edit::Pause(song) => {
                let offset = SONG_OFFSETS[variety % SONG_OFFSETS.len()];
                let track = match variety % 8 {
                    7 => id_json(song).to_uppercase(),
                    _ => id_json(song).to_owned(),
                };
                self.say_control(slot, matches!(edit, Edit::Play(_)), &track, offset)
            }
            Edit::Add(song, before) => {
                let id = self.id(slot);
                let host = self.members.get(&id);
                let by = host.map(|host| (host.name.clone(), Some(peer_id(id))));
                self.say_as_host(slot, "ADD", &id_before(song, before), |deck, _, _| {
                    deck.add(song, before, by);
                    Ok(Vec::new())
                })
            }
            Edit::Remove(song) => self.say_as_host(slot, "REMOVE", &id(song), |deck, now, lead| {
                deck.remove(now, lead, song)
            }),
            Edit::Move(song, before) => {
                self.say_as_host(slot, "MOVE", &id_before(song, before), |deck, _, _| {
                    deck.move_before(song, before).map(|()| Vec::new())
                })
            }
            Edit::Next(said) => self.skip(slot, "NEXT", said, variety),
            Edit::Previous(said) => self.skip(slot, "PREVIOUS", said, variety),
            Edit::Duration(song) => {
                let sec = DURATIONS[variety % DURATIONS.len()];
                let fields = format!(r#"{},"duration_sec":{sec}"#, id(song));
                self.say_as_host(slot, "DURATION", &fields, |deck, _, _| {
                    let sec = sec.parse().expect("a number");
                    deck.set_duration(song, sec).map(|()| Vec::new())
                })
            }
        }
    }

    fn skip(
        &mut self,
        slot: usize,
        kind: &str,
        said: SaidOf,
        variety: usize,
    ) -> (Vec<Output>, Vec<String>) {
        let track = self.deck.track();
        let from = match said {
            SaidOf::Any => None,
            SaidOf::Current if track != "null" && variety % 4 == 3 => Some(track.to_uppercase()),
            SaidOf::Current => Some(track.to_owned()),
            SaidOf::Another => Some(r#""another""#.to_owned()),
        };
        let field = from.as_ref().map(|from| format!(r#""from":{from}"#));
        // Of nothing is as of any.
        let from = from.filter(|from| from != "null");
        let fields = field.unwrap_or_else(|| r#""x":0"#.into());
        self.say_as_host(slot, kind, &fields, |deck, now, lead| {
            deck.skip(now, lead, kind == "NEXT", from.as_deref())
        })
    }

    /// Says what only the host may; `rule` is what it does then.
    fn say_as_host(
        &mut self,
        slot: usize,
        kind: &str,
        fields: &str,
        rule: impl FnOnce(&mut Deck, f64, f64) -> Result<Vec<String>, String>,
    ) -> (Vec<Output>, Vec<String>) {
        let id = self.id(slot);
        let heard = self.say(id, &format!(r#"{{"type":"{kind}",{fields}}}"#));
        let Some(member) = self.members.get(&id) else {
            return (heard, Vec::new());
        };
        if member.role == Role::Viewer {
            return (heard, vec![error_json(id, "Only host can control")]);
        }
        let before = self.deck.entries().to_vec();
        let lead = self.lead_sec();
        let mut expected = match rule(&mut self.deck, self.now, lead) {
            Ok(told) => told,
            Err(text) => vec![error_json(id, &text)],
        };
        expected.extend(self.news_of_queue(&before));
        (heard, expected)
    }

    /// What is told at once when the queue is no longer as it was: the others may have to wait, but not the host.
    fn news_of_queue(&mut self, before: &[Entry]) -> Option<String> {
        if self.deck.entries() == before {
            return None;
        }
        self.queue_push.changed = true;
        let host = self.host()?;
        let has_to_wait = !self.queue_push.may_at(self.now);
        (has_to_wait && self.members[&host].wants.queue)
            .then(|| format!("to {host}: {}", self.queue_json()))
    }

    pub(super) fn upload(&mut self, song: usize) -> (Vec<Output>, Vec<String>) {
        let mut outputs = Vec::new();
        let track = queue_track(song);
        let before = self.deck.entries().to_vec();
        let by = track.added_by.clone().map(|name| (name, None));
        self.deck.add(song, None, by);
        let done = self.room.add_uploaded(self.now, track, &mut outputs);
        assert!(done.is_ok(), "few songs fit");
        (outputs, self.news_of_queue(&before).into_iter().collect())
    }

    /// How far ahead a start is set: two of the longest round trips that are waited for, and some more.
    pub(super) fn lead_sec(&self) -> f64 {
        let rtts = self.members.values().map(|member| member.rtt_ms);
        let rtt_ms = rtts.filter(|&rtt_ms| rtt_ms <= 675.0).fold(0.0, f64::max);
        (2.0 * rtt_ms + 150.0).clamp(250.0, 1500.0) / 1000.0
    }
}
