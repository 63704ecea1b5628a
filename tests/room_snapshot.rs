//! A room that is kept and comes back: it does what it would have done without the interruption.

use crate::common::random;
use crate::common::room_party;

use crate::common::room_deck::{SONGS, id_json, queue_track, track_id};
use crate::common::room_words::{OFFSETS, ROOM, home, render};
use jam::limits::{PLAYED_MAX, QUEUE_TRACKS_MAX, STATE_AWAY_SEC_MAX};
use jam::room::key::Keys;
use jam::room::message::{Hello, QueueTrack, Role};
use jam::room::name::RoomName;
use jam::room::parse::parse_hello;
use jam::room::snapshot::RoomSnapshot;
use jam::room::token::Token;
use random::{Random, for_each_seed};
use room_party::{EVERYTHING, NOON, Party, types};

/// As it is on the disk and back.
fn through_the_disk(snapshot: &RoomSnapshot) -> RoomSnapshot {
    let text = serde_json::to_string(snapshot).expect("JSON");
    let back: RoomSnapshot = serde_json::from_str(&text).expect("the same JSON");
    assert_eq!(back, *snapshot);
    back
}

/// The room of `party` after its server was killed, at a later time.
fn restored(party: &Party, now: f64) -> Party {
    let snapshot = through_the_disk(&party.room.snapshot(party.now));
    let name = snapshot.check().expect("a room's snapshot is right");
    let room = jam::room::machine::Room::restore(now, name, snapshot, home());
    Party { room, now }
}

/// Wakes the room whenever it wants to be, until `time`.
fn live_until(party: &mut Party, time: f64) -> Vec<String> {
    let mut heard = Vec::new();
    while let Some(at) = party.room.wake_at().filter(|&at| at <= time) {
        party.now = at.max(party.now);
        let mut outputs = Vec::new();
        party.room.tick(party.now, &mut outputs);
        heard.extend(outputs.iter().map(render));
    }
    party.now = time;
    heard
}

fn any_edit(party: &mut Party, random: &mut Random) -> Vec<String> {
    let song = random.below(SONGS.len());
    let id = id_json(song);
    let (offset, _) = *random.pick(&OFFSETS);
    let text = match random.below(9) {
        0..=2 => {
            let offset = *random.pick(&["0", "0.5", "1.75", offset]);
            format!(r#"{{"type":"PLAY","track_id":{id},"offset_sec":{offset}}}"#)
        }
        3 => format!(r#"{{"type":"PAUSE","track_id":{id},"offset_sec":{offset}}}"#),
        4 => return party.add(1, queue_track(song), None),
        5 => format!(r#"{{"type":"REMOVE","track_id":{id}}}"#),
        6 => format!(r#"{{"type":"MOVE","track_id":{id}}}"#),
        7 => r#"{"type":"NEXT"}"#.to_owned(),
        _ => format!(r#"{{"type":"DURATION","track_id":{id},"duration_sec":3.25}}"#),
    };
    party.say(1, &text)
}

/// What both say alike: lists are pushed when their time has come, which nobody keeps, and the seat is kept in one of
/// them alone.
fn without_lists(heard: Vec<String>) -> Vec<String> {
    let is_list = |line: &&String| {
        ["QUEUE", "MEMBERS", "PEERS", "SWARM", "RIGHTS", "VOTES"]
            .contains(&types(&[(*line).clone()])[0])
    };
    heard
        .iter()
        .filter(|line| !is_list(line))
        .cloned()
        .collect()
}

fn assert_same(live: &Party, back: &Party) {
    let without_host = |party: &Party| RoomSnapshot {
        host: None,
        ..party.room.snapshot(0.0)
    };
    let (live, back) = (without_host(live), without_host(back));
    let text = |snapshot: &RoomSnapshot| serde_json::to_string(snapshot).expect("JSON");
    assert_eq!(text(&live), text(&back));
}

/// Member 1, with the token that it was given.
fn returning_host() -> Hello {
    Hello {
        role: Role::Host,
        display_name: Some("Name 1".into()),
        wants: EVERYTHING,
        node: false,
        token: Token::parse(&format!("{:032x}", 1)),
        keys: Keys::default(),
    }
}

#[test]
fn a_room_that_comes_back_is_where_it_would_be_and_goes_on_as_it_would() {
    for_each_seed(400, |random| {
        let songs: Vec<QueueTrack> = (0..SONGS.len())
            .filter(|_| random.one_in(2))
            .map(queue_track)
            .collect();
        let mut live = Party::with_tracks(songs);
        live.join(1, Role::Host, EVERYTHING);
        for _ in 0..random.below(12) {
            any_edit(&mut live, random);
            let time = live.now + random.below(3_000_000) as f64 / 1e6;
            live_until(&mut live, time);
        }
        let away_sec = *random.pick(&[0.0, 0.01, 0.3, 1.0, 2.5, 10.0, 200.0, 3000.0]);
        let return_at = live.now + away_sec;
        let mut back = restored(&live, return_at);
        live.leave(1);
        live_until(&mut live, return_at);
        assert_same(&live, &back);

        for party in [&mut live, &mut back] {
            party.join_with(1, returning_host());
        }
        for _ in 0..random.below(6) {
            let mut same = random.clone();
            let heard = any_edit(&mut live, &mut same);
            assert_eq!(
                without_lists(heard),
                without_lists(any_edit(&mut back, random))
            );
            let time = live.now + random.below(2_500_000) as f64 / 1e6;
            let heard = live_until(&mut live, time);
            assert_eq!(
                without_lists(heard),
                without_lists(live_until(&mut back, time))
            );
            assert_same(&live, &back);
        }
    });
}

#[test]
fn the_state_comes_back_to_the_byte() {
    for (sent, shown) in OFFSETS {
        let mut party = Party::new();
        party.join(1, Role::Host, EVERYTHING);
        party.say(
            1,
            &format!(r#"{{"type":"PLAY","track_id":"t\"1","offset_sec":{sent}}}"#),
        );
        let back = restored(&party, party.now + 5.0);
        assert_eq!(back.state(), party.state());
        assert!(
            back.state().contains(&format!(r#""offset_sec":{shown},"#)),
            "{shown}"
        );
    }
}

#[test]
fn a_song_that_ended_meanwhile_was_followed_at_its_end_and_the_last_one_rests() {
    let mut party = Party::with_tracks([0, 3, 4].map(queue_track).to_vec());
    party.join(1, Role::Host, EVERYTHING);
    party.say(
        1,
        &format!(
            r#"{{"type":"PLAY","track_id":{},"offset_sec":0}}"#,
            id_json(0)
        ),
    );
    let began = party.room.state().timestamp;
    // Two seconds, one second, and in the midst of three minutes.
    let back = restored(&party, began + 63.0);
    assert_eq!(back.room.state().track_id, Some(track_id(4).to_string()));
    assert!((back.room.state().timestamp - (began + 3.0)).abs() < 2e-6);
    let played = back.room.snapshot(0.0).played;
    let ids: Vec<_> = played.iter().map(|entry| entry.track_id).collect();
    assert_eq!(ids, [0, 3, 4].map(track_id));

    let late = restored(&party, began + 1000.0);
    assert_eq!(late.state(), {
        let at = began + 3.0 + 180.000_001;
        crate::common::room_words::state_json(id_json(4), "PAUSE", "0.0", at)
    });
}

#[test]
fn after_half_a_day_the_song_rests_instead_of_having_played_to_nobody() {
    let mut party = Party::with_tracks([0, 4].map(queue_track).to_vec());
    party.join(1, Role::Host, EVERYTHING);
    party.say(
        1,
        &format!(
            r#"{{"type":"PLAY","track_id":{},"offset_sec":0}}"#,
            id_json(0)
        ),
    );
    let back = restored(&party, NOON + STATE_AWAY_SEC_MAX + 1.0);
    assert!(
        back.state()
            .contains(r#""status":"PAUSE","offset_sec":0.0"#),
        "{}",
        back.state()
    );
    assert!(back.state().contains(id_json(0)));
    assert!(back.room.snapshot(0.0).played.is_empty());
}

#[test]
fn what_is_to_be_kept_is_news_once() {
    let mut party = Party::with_tracks(vec![queue_track(4)]);
    assert_eq!(party.room.take_news(NOON), None, "nothing has happened");
    party.join(2, Role::Viewer, EVERYTHING);
    assert_eq!(party.room.take_news(NOON), None);
    party.join(1, Role::Host, EVERYTHING);
    let news = party.room.take_news(NOON).expect("somebody hosts");
    assert_eq!(news.host.expect("a host").name, "Name 1");
    party.say(1, r#"{"type":"NEXT"}"#);
    let news = party.room.take_news(NOON).expect("another state");
    assert_eq!(news, party.room.snapshot(NOON));
    assert_eq!(party.room.take_news(NOON), None, "once");
    party.say(1, r#"{"type":"MOVE","track_id":"0000000000000000000000000000000000000000000000000000000000000000"}"#);
    assert_eq!(party.room.take_news(NOON), None, "that was refused");
}

#[test]
fn what_the_server_offers_again_stays_out_when_it_was_taken_out() {
    let mut party = Party::with_tracks([0, 3].map(queue_track).to_vec());
    party.join(1, Role::Host, EVERYTHING);
    party.say(
        1,
        &format!(r#"{{"type":"REMOVE","track_id":{}}}"#, id_json(0)),
    );
    let mut back = restored(&party, NOON + 1.0);
    let mut outputs = Vec::new();
    for song in [0, 3, 4] {
        back.room
            .offer_from_server(NOON + 1.0, queue_track(song), &mut outputs);
    }
    let queue = back.room.snapshot(0.0).queue;
    let ids: Vec<_> = queue.iter().map(|track| track.track_id).collect();
    assert_eq!(ids, [3, 4].map(track_id));
}

#[test]
fn what_the_server_has_lost_is_awaited_until_it_comes() {
    let mut party = Party::with_tracks([0, 3].map(queue_track).to_vec());
    party.join(1, Role::Host, EVERYTHING);
    let mut outputs = Vec::new();
    let lost = [track_id(0), track_id(5)];
    party.room.tracks_lost(NOON, &lost, &mut outputs);
    let heard: Vec<String> = outputs.iter().map(render).collect();
    assert_eq!(heard[0], format!("want {} 5 \"two.opus\"", track_id(0)));
    assert_eq!(party.room.wants().len(), 1);
    let wanted = restored(&party, NOON).room.wants();
    assert_eq!(wanted, party.room.wants(), "and stays so over a restart");
    party.room.track_arrived(NOON, queue_track(0), &mut outputs);
    assert!(party.room.wants().is_empty());
}

#[test]
fn a_file_that_says_the_impossible_is_refused() {
    let good = || {
        let mut party = Party::with_tracks(vec![queue_track(0)]);
        party.join(1, Role::Host, EVERYTHING);
        party.room.snapshot(NOON)
    };
    assert_eq!(good().check(), Ok(RoomName::parse(ROOM).expect("a name")));
    let spoil = |change: &dyn Fn(&mut RoomSnapshot)| {
        let mut snapshot = good();
        change(&mut snapshot);
        assert!(snapshot.check().is_err(), "{snapshot:?}");
    };
    spoil(&|room| room.name = "../jam1".into());
    spoil(&|room| room.saved_at = -1.0);
    spoil(&|room| room.state.timestamp = 1e300);
    spoil(&|room| room.state.offset_sec = serde_json::from_str("-1").expect("a number"));
    spoil(&|room| room.state.track_id = Some("x".repeat(257)));
    spoil(&|room| {
        let mut track = queue_track(0);
        track.duration_sec = Some(0.0);
        room.queue = vec![track].into();
    });
}

#[test]
fn more_than_a_room_has_is_cut() {
    let mut snapshot = Party::new().room.snapshot(NOON);
    let played = r#"{"track_id":ID,"name":"x","at":1}"#.replace("ID", id_json(0));
    let played = serde_json::from_str(&played).expect("an entry");
    snapshot.played = vec![played; PLAYED_MAX + 10];
    let track = |number: usize| {
        let id = blake3::hash(&number.to_le_bytes());
        QueueTrack {
            track_id: jam::track::id::TrackId::from_hash(id),
            ..queue_track(1)
        }
    };
    snapshot.queue = (0..QUEUE_TRACKS_MAX + 10)
        .map(track)
        .collect::<Vec<_>>()
        .into();
    let name = snapshot.check().expect("it is right");
    let room = jam::room::machine::Room::restore(NOON, name, snapshot, home());
    let kept = room.snapshot(NOON);
    assert_eq!(kept.played.len(), PLAYED_MAX);
    assert_eq!(kept.queue.len(), QUEUE_TRACKS_MAX);
}

/// A file of version 1, with all that it must have and with fields of a later jam.
#[test]
fn what_is_not_known_is_left_out_and_what_is_missing_has_a_default() {
    let text = r#"{"name":"jam1","saved_at":1762569220.5,"state":{"track_id":null,"status":"PAUSE","offset_sec":0,"timestamp":1762569219.7,"later":1},"queue":[],"later":{}}"#;
    let snapshot: RoomSnapshot = serde_json::from_str(text).expect("a room");
    assert!(snapshot.played.is_empty() && snapshot.offered.is_empty());
    for text in [
        r#"{"name":"jam1","saved_at":1,"queue":[]}"#,
        r#"{"name":"jam1","saved_at":1,"state":{"track_id":null,"status":"STOP","offset_sec":0,"timestamp":1},"queue":[]}"#,
        r#"{"name":"jam1","saved_at":1,"state":{"track_id":null,"status":"PLAY","offset_sec":0,"timestamp":1},"queue":[{"track_id":"x"}]}"#,
    ] {
        assert!(
            serde_json::from_str::<RoomSnapshot>(text).is_err(),
            "{text}"
        );
    }
}

#[test]
fn who_hosted_what_guests_may_and_who_was_removed_come_back() {
    let mut party = Party::with_tracks(vec![queue_track(4)]);
    party.join(1, Role::Host, EVERYTHING);
    party.join(2, Role::Viewer, EVERYTHING);
    party.say(1, r#"{"type":"GUESTS","may":"vote"}"#);
    let hello = |text: &str| parse_hello(text).expect("a HELLO");
    let token = |digit: &str| digit.repeat(32);
    let come = |role: &str, digit: &str| {
        let token = token(digit);
        hello(&format!(
            r#"{{"type":"HELLO","role":"{role}","wants":["WELCOME"],"token":"{token}"}}"#
        ))
    };
    party.join_with(3, come("viewer", "b"));
    let removed = peer_id(&token("b"));
    party.say(1, &format!(r#"{{"type":"KICK","peer_id":"{removed}"}}"#));
    party.say(1, r#"{"type":"HAND_OVER","to":null}"#);
    party.leave(1);
    party.join_with(4, come("host", "a"));

    let mut back = restored(&party, NOON + 60.0);
    assert_eq!(
        back.room.snapshot(0.0).guests,
        party.room.snapshot(0.0).guests
    );
    assert_eq!(types(&back.join_with(5, come("viewer", "b"))), ["refuse"]);
    // The seat is kept for who held it, and for nobody else.
    let other = back.join_with(6, come("host", "c"));
    assert!(
        other.iter().any(|line| line.contains(r#""role":"viewer""#)),
        "{other:?}"
    );
    let holder = back.join_with(7, come("host", "a"));
    assert!(
        holder.iter().any(|line| line.contains(r#""role":"host""#)),
        "{holder:?}"
    );
}

fn peer_id(token: &str) -> String {
    Token::parse(token).expect("32 digits").peer_id()
}
