//! What plays in a room, what comes next and what was played: every short sequence of what a host can do, long
//! random ones, and the rules one by one.

use crate::common::random;
use crate::common::room_explore;
use crate::common::room_party;
use crate::common::room_world;

use crate::common::room_deck::{SONGS, id_json, queue_track, track_id};
use crate::common::room_words::{render, state_json, to_all};
use jam::limits::{PLAYED_MAX, QUEUE_TRACKS_MAX};
use jam::room::message::{QueueTrack, Role, Wants};
use jam::room::queue::QueueFull;
use jam::track::id::TrackId;
use random::for_each_seed;
use room_explore::explore_after;
use room_party::{EVERYTHING, NOON, NOTHING, Party, types};
use room_world::{Act, Edit, SaidOf, Step, World};

// ---- everything that can happen, to a small depth ------------------------------------------------

const HOST: usize = 0;

fn edit(edit: Edit) -> Act {
    Act::Edit { slot: HOST, edit }
}

/// A song of two seconds, one shorter than any lead, and one whose duration nobody knows.
fn three_songs() -> World {
    World::with_songs(NOON, &[0, 1, 2])
}

/// Nearly everything that a host can do, and that time does.
fn anything(world: &World) -> Vec<Act> {
    let mut acts = vec![
        Act::Wait { sec: 0.05 },
        Act::Wait { sec: 0.2 },
        Act::Wait { sec: 1.8 },
        Act::Oversleep { sec: 2.1 },
        edit(Edit::Play(0)),
        edit(Edit::Play(2)),
        edit(Edit::Pause(1)),
        edit(Edit::Add(3, None)),
        edit(Edit::Add(3, Some(1))),
        edit(Edit::Remove(0)),
        edit(Edit::Remove(1)),
        edit(Edit::Remove(2)),
        edit(Edit::Move(0, None)),
        edit(Edit::Move(2, Some(0))),
        edit(Edit::Next(SaidOf::Any)),
        edit(Edit::Next(SaidOf::Current)),
        edit(Edit::Previous(SaidOf::Any)),
        edit(Edit::Previous(SaidOf::Another)),
        edit(Edit::Duration(0)),
        edit(Edit::Duration(2)),
        Act::Upload(5),
        Act::Play(HOST),
        Act::Report(HOST),
    ];
    acts.push(match world.is_in(HOST) {
        true => Act::Leave(HOST),
        false => Act::JoinAsHost(HOST),
    });
    acts
}

/// The acts that decide when the next track begins, for longer sequences.
fn what_moves_on(_: &World) -> Vec<Act> {
    vec![
        Act::Wait { sec: 0.3 },
        Act::Wait { sec: 1.75 },
        Act::Oversleep { sec: 1.9 },
        edit(Edit::Play(1)),
        edit(Edit::Pause(0)),
        edit(Edit::Remove(1)),
        edit(Edit::Move(0, None)),
        edit(Edit::Next(SaidOf::Any)),
        edit(Edit::Previous(SaidOf::Current)),
        edit(Edit::Duration(2)),
    ]
}

#[test]
fn every_short_sequence_of_edits_keeps_the_rules() {
    let start = [Act::JoinAsHost(HOST), Act::JoinAsViewer(1)];
    explore_after(three_songs, anything, &start, 3);
}

#[test]
fn every_short_sequence_while_a_song_plays_keeps_the_rules() {
    let start = [
        Act::JoinAsHost(HOST),
        edit(Edit::Play(0)),
        Act::Wait { sec: 1.0 },
    ];
    explore_after(three_songs, anything, &start, 3);
}

#[test]
fn every_short_sequence_while_the_last_song_plays_keeps_the_rules() {
    let start = [
        Act::JoinAsHost(HOST),
        edit(Edit::Move(0, None)),
        edit(Edit::Play(0)),
    ];
    explore_after(three_songs, anything, &start, 3);
}

#[test]
fn every_sequence_of_four_acts_that_move_on_keeps_the_rules() {
    let start = [Act::JoinAsHost(HOST), edit(Edit::Play(0))];
    explore_after(three_songs, what_moves_on, &start, 4);
}

#[test]
fn every_short_sequence_with_one_song_or_none_keeps_the_rules() {
    for songs in [&[][..], &[0]] {
        let start = [Act::JoinAsHost(HOST)];
        explore_after(|| World::with_songs(NOON, songs), anything, &start, 3);
    }
}

// ---- long random walks ---------------------------------------------------------------------------

fn any_edit(random: &mut random::Random) -> Edit {
    let song = random.below(SONGS.len());
    let other = (!random.one_in(3)).then(|| random.below(SONGS.len()));
    let said = *random.pick(&[SaidOf::Any, SaidOf::Current, SaidOf::Another]);
    match random.below(10) {
        0..=2 => Edit::Play(song),
        3 => Edit::Pause(song),
        4 => Edit::Add(song, other),
        5 => Edit::Remove(song),
        6 => Edit::Move(song, other),
        7 => Edit::Next(said),
        8 => Edit::Previous(said),
        _ => Edit::Duration(song),
    }
}

#[test]
fn long_random_walks_with_a_queue_keep_the_rules() {
    for_each_seed(30, |random| {
        let now = *random.pick(&[NOON, 0.0, 0.1, 4e9]);
        let songs: Vec<usize> = (0..SONGS.len()).filter(|_| random.one_in(2)).collect();
        let mut world = World::with_songs(now, &songs);
        for _ in 0..1200 {
            let slot = random.below(4);
            let act = match random.below(12) {
                0 if world.is_in(slot) && random.one_in(3) => Act::Leave(slot),
                0 | 1 if !world.is_in(slot) && slot == HOST => Act::JoinAsHost(slot),
                0 | 1 if !world.is_in(slot) => Act::JoinAsViewer(slot),
                1 => Act::Report(slot),
                2..=5 => Act::Edit {
                    slot: if random.one_in(20) { slot } else { HOST },
                    edit: any_edit(random),
                },
                6 if random.one_in(4) => Act::Play(slot),
                7 if random.one_in(2) => Act::Upload(random.below(SONGS.len())),
                8 => Act::Announce(slot),
                9 => Act::Oversleep {
                    sec: random.below(3_000_000) as f64 / 1e6,
                },
                10 => Act::Wait {
                    sec: *random.pick(&[0.0, 0.1, 0.25, 1.75, 60.0, 3600.0]),
                },
                _ => Act::Wait {
                    sec: random.below(1_000_000) as f64 / 1e6,
                },
            };
            world.take(&Step {
                act,
                variety: random.below(120),
            });
        }
    });
}

// ---- the rules, one by one -----------------------------------------------------------------------

/// The times of a party at which the first song, of two seconds, is played at once.
const BEGUN: f64 = NOON + 0.25;
const ENDED: f64 = BEGUN + 2.0;

/// A host who hears everything, and these songs.
fn party(songs: &[usize]) -> Party {
    let mut party = Party::with_tracks(songs.iter().map(|&song| queue_track(song)).collect());
    party.join(1, Role::Host, EVERYTHING);
    party.wait(0.0);
    party
}

fn play(party: &mut Party, song: usize, offset: &str) -> Vec<String> {
    control(party, "PLAY", song, offset)
}

fn control(party: &mut Party, kind: &str, song: usize, offset: &str) -> Vec<String> {
    let id = id_json(song);
    party.say(
        1,
        &format!(r#"{{"type":"{kind}","track_id":{id},"offset_sec":{offset}}}"#),
    )
}

/// Plays a song and waits for its first sound.
fn begin(party: &mut Party, song: usize, offset: &str) -> Vec<String> {
    play(party, song, offset);
    at(party, party.room.state().timestamp)
}

/// Says something about one song.
fn say(party: &mut Party, kind: &str, song: usize, more: &str) -> Vec<String> {
    let id = id_json(song);
    party.say(1, &format!(r#"{{"type":"{kind}","track_id":{id}{more}}}"#))
}

fn next(party: &mut Party) -> Vec<String> {
    party.say(1, r#"{"type":"NEXT"}"#)
}

fn previous(party: &mut Party) -> Vec<String> {
    party.say(1, r#"{"type":"PREVIOUS"}"#)
}

/// Wakes the room at this time.
fn at(party: &mut Party, time: f64) -> Vec<String> {
    party.wait(time - party.now)
}

/// The STATE in which this song is at its beginning.
fn state(song: usize, status: &str, timestamp: f64) -> String {
    to_all(&state_json(id_json(song), status, "0.0", timestamp))
}

/// The songs of a QUEUE, by number.
fn listed(line: &str) -> Vec<usize> {
    let mut places: Vec<(usize, usize)> = (0..SONGS.len())
        .filter_map(|song| Some((line.find(id_json(song))?, song)))
        .collect();
    places.sort_unstable();
    places.into_iter().map(|(_, song)| song).collect()
}

fn queue(party: &Party) -> Vec<usize> {
    let tracks = party.room.view(party.now).tracks;
    let number =
        |track: &QueueTrack| (0..SONGS.len()).find(|&song| track_id(song) == track.track_id);
    tracks.iter().filter_map(number).collect()
}

#[test]
fn the_next_track_is_announced_a_second_before_the_end_and_begins_exactly_at_the_end() {
    let mut party = party(&[0, 4]);
    begin(&mut party, 0, "0");
    assert_eq!(party.room.wake_at(), Some(ENDED - 1.0));
    assert_eq!(at(&mut party, ENDED - 1.000_001), [""; 0]);
    let heard = at(&mut party, ENDED - 1.0);
    assert_eq!(heard, [state(4, "PLAY", 1_762_569_221.987_918)]);
    assert_eq!(types(&party.wait(1.1)), ["PLAYED"], "once");
    assert_eq!(party.wait(0.3), [""; 0], "once");
}

#[test]
fn a_room_that_wakes_a_little_late_lets_no_gap_be_heard() {
    for (late, since) in [
        (0.000_07, ENDED),
        (0.001, ENDED),
        (0.099_9, ENDED),
        (0.101, ENDED + 0.101),
    ] {
        let mut party = party(&[0, 4]);
        begin(&mut party, 0, "0");
        let heard = at(&mut party, ENDED - 0.25 + late);
        assert_eq!(heard[0], state(4, "PLAY", since), "{late} s late");
    }
}

#[test]
fn a_seek_moves_the_end() {
    let mut party = party(&[0, 4]);
    begin(&mut party, 0, "0.5");
    assert_eq!(party.room.wake_at(), Some(ENDED - 0.5 - 1.0));
    play(&mut party, 0, "0.2");
    assert_eq!(party.room.wake_at(), Some(ENDED + 0.25 - 0.2 - 1.0));
}

#[test]
fn behind_the_last_track_the_room_pauses_at_its_beginning_when_it_has_ended() {
    let mut party = party(&[4, 0]);
    begin(&mut party, 0, "0");
    assert_eq!(party.room.wake_at(), Some(ENDED));
    assert_eq!(at(&mut party, ENDED - 0.000_001), [""; 0]);
    assert_eq!(at(&mut party, ENDED), [state(0, "PAUSE", ENDED)]);
    assert_eq!(party.room.wake_at(), None);
    assert_eq!(party.wait(1000.0), [""; 0]);
}

#[test]
fn a_track_whose_duration_nobody_knows_ends_by_itself_until_the_host_tells_it() {
    let mut party = party(&[2, 4]);
    begin(&mut party, 2, "0");
    assert_eq!(party.room.wake_at(), None);
    assert_eq!(party.wait(1e6), [""; 0]);
    play(&mut party, 2, "0");
    say(&mut party, "DURATION", 2, r#","duration_sec":3.5"#);
    party.wait(0.0);
    let end = party.now + 0.25 + 3.5;
    assert_eq!(at(&mut party, end - 1.01), [""; 0]);
    assert_eq!(at(&mut party, end - 1.0)[0], state(4, "PLAY", end));
}

#[test]
fn a_duration_that_is_over_already_moves_on_at_once() {
    for (songs, expected) in [
        (&[4, 0], (0, "PLAY", 100.5)),
        (&[0, 4], (4, "PAUSE", 100.25)),
    ] {
        let mut party = party(songs);
        play(&mut party, 4, "0");
        at(&mut party, NOON + 100.25);
        say(&mut party, "DURATION", 4, r#","duration_sec":30"#);
        let (song, status, since) = expected;
        assert_eq!(party.wait(0.0)[0], state(song, status, NOON + since));
    }
}

#[test]
fn a_start_that_was_announced_happens_before_the_one_after_it_however_short_the_track() {
    // The second song has 0.1 s, and a lead is 0.25 s.
    let mut party = party(&[1, 0]);
    play(&mut party, 1, "0");
    assert_eq!(party.room.wake_at(), Some(BEGUN));
    let heard = at(&mut party, BEGUN);
    assert_eq!(types(&heard), ["PLAYED", "STATE"]);
    assert_eq!(heard[1], state(0, "PLAY", BEGUN + 0.25));
}

#[test]
fn a_start_behind_the_end_is_an_end() {
    for (songs, song, status, since) in [(&[0, 4], 4, "PLAY", 0.5), (&[4, 0], 0, "PAUSE", 0.25)] {
        for offset in ["2", "2.5", "1e9"] {
            let mut party = party(songs);
            play(&mut party, 0, offset);
            assert_eq!(party.room.wake_at(), Some(BEGUN), "{offset}");
            let heard = at(&mut party, BEGUN);
            assert_eq!(heard[1], state(song, status, NOON + since), "{offset}");
        }
    }
}

#[test]
fn a_room_that_overslept_begins_the_next_track_a_lead_later_and_skips_none() {
    let mut party = party(&[0, 4, 3]);
    play(&mut party, 0, "0");
    let heard = at(&mut party, NOON + 3600.0);
    assert_eq!(types(&heard), ["PLAYED", "STATE"]);
    assert_eq!(heard[1], state(4, "PLAY", NOON + 3600.25));
    assert_eq!(party.room.wake_at(), Some(NOON + 3600.25));
    at(&mut party, NOON + 3600.25);
    assert_eq!(
        party.room.wake_at(),
        Some(NOON + 3600.25 + 180.000_001 - 1.0)
    );
}

#[test]
fn the_next_track_is_announced_earlier_when_somebody_has_a_long_way() {
    let mut party = party(&[0, 4]);
    begin(&mut party, 0, "0");
    party.join(2, Role::Viewer, NOTHING);
    party.say(2, r#"{"type":"REPORT","rtt_ms":675}"#);
    assert_eq!(at(&mut party, ENDED - 1.500_001), [""; 0]);
    assert_eq!(at(&mut party, ENDED - 1.5)[0], state(4, "PLAY", ENDED));
}

#[test]
fn a_paused_track_never_ends_and_the_music_plays_on_without_anybody() {
    let mut paused = party(&[0, 4]);
    control(&mut paused, "PAUSE", 0, "1.9");
    assert_eq!(paused.room.wake_at(), None);
    assert_eq!(paused.wait(1e6), [""; 0]);

    let mut alone = party(&[0, 4]);
    play(&mut alone, 0, "0");
    alone.leave(1);
    assert!(alone.room.is_empty());
    at(&mut alone, ENDED - 0.25);
    assert!(alone.state().contains(id_json(4)));
}

#[test]
fn two_quick_taps_on_next_skip_one_track_and_not_two() {
    let mut party = party(&[0, 3, 4]);
    play(&mut party, 0, "0");
    let tap = format!(r#"{{"type":"NEXT","from":{}}}"#, id_json(0));
    assert_eq!(types(&party.say(1, &tap)), ["STATE"]);
    assert_eq!(party.say(1, &tap), [""; 0]);
    assert!(party.state().contains(id_json(3)));
    let back = format!(r#"{{"type":"PREVIOUS","from":{}}}"#, id_json(3));
    assert_eq!(types(&party.say(1, &back)), ["STATE"]);
    assert_eq!(party.say(1, &back), [""; 0]);
    assert!(party.state().contains(id_json(0)));
}

#[test]
fn next_and_previous_begin_the_neighbour_and_keep_play_or_pause() {
    for (kind, at) in [("PLAY", BEGUN), ("PAUSE", NOON)] {
        let mut party = party(&[0, 3, 4]);
        control(&mut party, kind, 3, "0.5");
        assert_eq!(next(&mut party)[0], state(4, kind, at));
        assert_eq!(previous(&mut party)[0], state(3, kind, at));
        assert_eq!(previous(&mut party)[0], state(0, kind, at));
        assert_eq!(
            previous(&mut party)[0],
            state(0, kind, at),
            "the first one again"
        );
        control(&mut party, kind, 4, "7");
        assert_eq!(
            next(&mut party)[0],
            state(4, "PAUSE", NOON),
            "behind the last one"
        );
    }
}

#[test]
fn from_nothing_and_from_a_track_of_somewhere_else_both_lead_to_the_first_one() {
    for skip in [next, previous] {
        let mut party = party(&[3, 4]);
        assert_eq!(skip(&mut party), [state(3, "PAUSE", NOON)]);
        party.say(1, r#"{"type":"PLAY","track_id":"t1","offset_sec":0}"#);
        assert_eq!(skip(&mut party)[0], state(3, "PLAY", BEGUN));
    }
}

#[test]
fn an_empty_queue_has_no_neighbours() {
    let mut party = party(&[]);
    for kind in ["NEXT", "PREVIOUS"] {
        let heard = party.say(1, &format!(r#"{{"type":"{kind}"}}"#));
        let error = format!(r#"to 1: {{"type":"ERROR","message":"{kind}: the queue is empty"}}"#);
        assert_eq!(heard, [error]);
    }
}

#[test]
fn removing_the_current_track_goes_on_with_the_one_behind_it() {
    for (kind, at) in [("PLAY", BEGUN), ("PAUSE", NOON)] {
        let mut party = party(&[0, 3, 4]);
        control(&mut party, kind, 3, "0.5");
        assert_eq!(say(&mut party, "REMOVE", 3, "")[0], state(4, kind, at));
        let heard = say(&mut party, "REMOVE", 4, "");
        let nothing = to_all(&state_json("null", "PAUSE", "0.0", NOON));
        assert_eq!(heard[0], nothing, "and not with the one before it");
        assert_eq!(queue(&party), [0]);
        assert!(!party.room.is_unused());
    }
}

#[test]
fn removing_and_moving_other_tracks_changes_nothing_about_the_music() {
    let mut party = party(&[0, 3, 4]);
    begin(&mut party, 3, "0");
    let before = party.state();
    say(&mut party, "REMOVE", 0, "");
    say(&mut party, "MOVE", 3, "");
    assert_eq!(queue(&party), [4, 3]);
    assert_eq!(party.state(), before);
    // It has become the last one.
    assert_eq!(
        party.room.wake_at(),
        Some(BEGUN),
        "the list is to be pushed"
    );
    party.wait(0.0);
    assert_eq!(party.room.wake_at(), Some(BEGUN + 1.0));
}

#[test]
fn an_added_track_bears_the_hosts_name_and_goes_before_the_one_named_or_to_the_end() {
    let mut party = party(&[0, 4]);
    party.add(1, queue_track(2), Some(track_id(4)));
    party.add(1, queue_track(3), Some(track_id(5)));
    assert_eq!(
        queue(&party),
        [0, 2, 4, 3],
        "a track that has gone counts as the end"
    );
    assert_eq!(party.add(1, queue_track(3), Some(track_id(0))), [""; 0]);
    assert_eq!(
        queue(&party),
        [0, 2, 4, 3],
        "what is there stays where it is"
    );
    let view = party.room.view(NOON);
    let names: Vec<_> = view
        .tracks
        .iter()
        .map(|track| track.added_by.as_deref())
        .collect();
    assert_eq!(names, [None, Some("Name 1"), None, Some("Name 1")]);
}

#[test]
fn an_upload_goes_to_the_end_and_stays_where_it_is_when_it_was_there_already() {
    let mut party = party(&[0, 4]);
    let mut outputs = Vec::new();
    for song in [2, 0] {
        let added = party
            .room
            .add_uploaded(NOON + 1.0, queue_track(song), &mut outputs);
        assert_eq!(added, Ok(()));
    }
    assert_eq!(queue(&party), [0, 4, 2]);
    let heard = at(&mut party, NOON + 1.0);
    assert_eq!(listed(&heard[0]), [0, 4, 2]);
    assert_eq!(heard.len(), 1);
    assert!(heard[0].contains(r#""added_by":"Eve""#), "{heard:?}");
}

#[test]
fn a_full_queue_takes_no_more_and_says_so() {
    let tracks = (0..QUEUE_TRACKS_MAX).map(|number| QueueTrack {
        track_id: TrackId::from_hash(blake3::hash(&number.to_le_bytes())),
        ..queue_track(5)
    });
    let mut party = Party::with_tracks(tracks.collect());
    party.join(1, Role::Host, NOTHING);
    let heard = party.add(1, queue_track(0), None);
    let text = "ADD: the queue is full (remove something first)";
    assert_eq!(
        heard,
        [format!(r#"to 1: {{"type":"ERROR","message":"{text}"}}"#)]
    );
    let uploaded = party
        .room
        .add_uploaded(NOON, queue_track(0), &mut Vec::new());
    assert_eq!(uploaded, Err(QueueFull));
}

#[test]
fn what_is_not_in_the_queue_cannot_be_removed_moved_or_measured() {
    let mut party = party(&[0]);
    play(&mut party, 3, "0");
    let before = party.state();
    for (kind, more) in [
        ("REMOVE", ""),
        ("MOVE", ""),
        ("DURATION", r#","duration_sec":1"#),
    ] {
        let text = format!("{kind}: track {} is not in the queue", track_id(3));
        let error = format!(r#"to 1: {{"type":"ERROR","message":"{text}"}}"#);
        assert_eq!(say(&mut party, kind, 3, more), [error]);
    }
    assert_eq!(party.state(), before);
}

#[test]
fn only_the_host_edits_the_queue() {
    let mut party = party(&[0, 4]);
    party.join(2, Role::Viewer, EVERYTHING);
    let refused = [r#"to 2: {"type":"ERROR","message":"Only host can control"}"#];
    assert_eq!(party.add(2, queue_track(3), None), refused);
    for said in [
        format!(r#"{{"type":"REMOVE","track_id":{}}}"#, id_json(0)),
        format!(r#"{{"type":"MOVE","track_id":{}}}"#, id_json(0)),
        r#"{"type":"NEXT"}"#.into(),
        r#"{"type":"PREVIOUS","from":"t1"}"#.into(),
        format!(
            r#"{{"type":"DURATION","track_id":{},"duration_sec":1}}"#,
            id_json(0)
        ),
    ] {
        assert_eq!(party.say(2, &said), refused, "{said}");
    }
    assert_eq!(queue(&party), [0, 4]);
}

#[test]
fn an_id_in_capitals_is_the_same_track() {
    let mut party = party(&[0, 4]);
    let id = id_json(0).to_uppercase();
    party.say(
        1,
        &format!(r#"{{"type":"PLAY","track_id":{id},"offset_sec":0}}"#),
    );
    assert!(party.state().contains(&id), "as the host sent it");
    assert_eq!(types(&at(&mut party, BEGUN)), ["PLAYED"]);
    assert_eq!(party.room.wake_at(), Some(ENDED - 1.0));
    let small = format!(r#"{{"type":"NEXT","from":{}}}"#, id_json(0));
    assert_eq!(types(&party.say(1, &small)), ["STATE"]);
    assert!(party.state().contains(id_json(4)));
    let capital = id_json(4).to_uppercase();
    let capital = format!(r#"{{"type":"PREVIOUS","from":{capital}}}"#);
    assert_eq!(types(&party.say(1, &capital)), ["STATE"]);
    assert_eq!(types(&say(&mut party, "REMOVE", 0, "")), ["STATE"]);
}

#[test]
fn capitals_matter_in_what_is_no_id() {
    let mut party = party(&[0]);
    party.say(1, r#"{"type":"PLAY","track_id":"t1","offset_sec":0}"#);
    for from in ["T1", id_json(0).trim_matches('"')] {
        let next = format!(r#"{{"type":"NEXT","from":"{from}"}}"#);
        assert_eq!(party.say(1, &next), [""; 0], "{from}");
    }
    let next = r#"{"type":"NEXT","from":"t1"}"#;
    assert_eq!(types(&party.say(1, next)), ["STATE"]);
}

// ---- the history ---------------------------------------------------------------------------------

fn history(party: &Party) -> Vec<(TrackId, f64)> {
    let played = party.room.view(party.now).played;
    played
        .iter()
        .map(|entry| (entry.track_id, entry.at))
        .collect()
}

#[test]
fn a_track_is_in_the_history_once_until_another_one_begins() {
    let mut party = party(&[0, 4]);
    control(&mut party, "PAUSE", 0, "0");
    assert_eq!(party.wait(1.0), [""; 0], "what is paused has not begun");
    assert_eq!(types(&begin(&mut party, 0, "0")), ["PLAYED"]);
    assert_eq!(begin(&mut party, 0, "0.5"), [""; 0], "a seek");
    control(&mut party, "PAUSE", 0, "0.5");
    assert_eq!(begin(&mut party, 0, "0.5"), [""; 0], "going on");
    party.say(1, r#"{"type":"PLAY","track_id":"t1","offset_sec":0}"#);
    assert_eq!(party.wait(1.0), [""; 0], "no track of the queue");
    assert_eq!(types(&begin(&mut party, 4, "0")), ["PLAYED"]);
    assert_eq!(types(&begin(&mut party, 0, "0")), ["PLAYED"]);
    let expected = [(0, 1.25), (4, 3.0), (0, 3.25)];
    assert_eq!(
        history(&party),
        expected.map(|(song, at)| (track_id(song), NOON + at))
    );
}

#[test]
fn a_track_enters_the_history_at_its_first_sound_and_not_when_it_is_announced() {
    let mut party = party(&[0, 4]);
    assert_eq!(types(&play(&mut party, 0, "0")), ["STATE"]);
    assert_eq!(at(&mut party, BEGUN - 0.000_001), [""; 0]);
    assert_eq!(history(&party), []);
    assert_eq!(party.room.wake_at(), Some(BEGUN));
    assert_eq!(types(&at(&mut party, BEGUN)), ["PLAYED"]);
    assert_eq!(history(&party), [(track_id(0), BEGUN)]);

    assert_eq!(types(&at(&mut party, ENDED - 0.25)), ["STATE"]);
    assert_eq!(party.room.wake_at(), Some(ENDED));
    assert_eq!(types(&at(&mut party, ENDED + 0.01)), ["PLAYED"]);
    let late = (track_id(4), ENDED);
    assert_eq!(
        history(&party)[1..],
        [late],
        "when it began, not when the room woke"
    );
}

#[test]
fn what_was_announced_and_replaced_before_its_moment_leaves_no_entry() {
    let mut party = party(&[0, 1, 3, 4]);
    begin(&mut party, 0, "0");
    for _ in 0..3 {
        assert_eq!(types(&next(&mut party)), ["STATE"]);
        assert_eq!(party.wait(0.2), [""; 0]);
    }
    control(&mut party, "PAUSE", 4, "0");
    assert_eq!(party.wait(10.0), [""; 0]);
    assert_eq!(history(&party), [(track_id(0), BEGUN)]);
    assert_eq!(begin(&mut party, 0, "0"), [""; 0], "no other one began");
}

#[test]
fn a_pause_after_the_next_track_was_announced_leaves_no_entry_of_it() {
    let mut party = party(&[0, 4]);
    begin(&mut party, 0, "0");
    assert_eq!(types(&at(&mut party, ENDED - 0.25)), ["STATE"]);
    party.wait(0.1);
    control(&mut party, "PAUSE", 0, "1.85");
    assert_eq!(party.wait(10.0), [""; 0]);
    assert_eq!(history(&party), [(track_id(0), BEGUN)]);
}

#[test]
fn the_history_keeps_the_newest_fifty() {
    let mut party = party(&[0, 4]);
    for number in 0..60 {
        party.now = NOON + f64::from(number);
        begin(&mut party, [0, 4][number as usize % 2], "0");
    }
    let kept = history(&party);
    assert_eq!(kept.len(), PLAYED_MAX);
    assert_eq!(kept[0], (track_id(0), BEGUN + 10.0));
    assert_eq!(kept[49], (track_id(4), BEGUN + 59.0));
    let heard = party.join(2, Role::Viewer, EVERYTHING);
    assert_eq!(heard[6].matches(r#""at":"#).count(), PLAYED_MAX);
}

#[test]
fn an_entry_keeps_what_was_known_when_the_track_began() {
    let mut party = party(&[0]);
    let heard = begin(&mut party, 0, "0");
    let id = id_json(0);
    let entry = format!(
        r#"{{"track_id":{id},"name":"two.opus","title":"Zwei \"Sekunden\"","artist":"Ana","duration_sec":2.0,"at":1762569219.987918}}"#
    );
    let played = format!(r#"{{"type":"PLAYED","room":"jam1","entry":{entry}}}"#);
    assert_eq!(heard, [to_all(&played)]);
    say(&mut party, "REMOVE", 0, "");
    let heard = party.join(2, Role::Viewer, EVERYTHING);
    let history = format!(r#"to 2: {{"type":"HISTORY","room":"jam1","played":[{entry}]}}"#);
    assert_eq!(
        heard[6], history,
        "although the track has gone from the queue"
    );
}

// ---- who hears of the queue, and when ------------------------------------------------------------

#[test]
fn the_queue_is_pushed_at_once_and_then_ten_times_a_second_but_the_host_hears_at_once() {
    let mut party = party(&[0, 3, 4]);
    assert_eq!(
        say(&mut party, "MOVE", 0, ""),
        [""; 0],
        "the push is due now"
    );
    let heard = party.wait(0.0);
    assert_eq!(
        (types(&heard), listed(&heard[0])),
        (vec!["QUEUE"], vec![3, 4, 0])
    );
    assert!(heard[0].starts_with("to all but []: "));
    party.wait(0.04);
    for expected in [[4, 0, 3], [0, 3, 4]] {
        let first = expected[2];
        let heard = say(&mut party, "MOVE", first, "");
        assert_eq!(heard.len(), 1);
        assert!(heard[0].starts_with("to 1: "), "{heard:?}");
        assert_eq!(listed(&heard[0]), expected);
        assert_eq!(party.wait(0.01), [""; 0]);
    }
    assert_eq!(party.room.wake_at(), Some(NOON + 0.1));
    let heard = at(&mut party, NOON + 0.1);
    assert_eq!(listed(&heard[0]), [0, 3, 4]);
    assert_eq!(party.room.wake_at(), None);
}

#[test]
fn the_host_hears_of_an_upload_at_once_too() {
    let mut party = party(&[0]);
    let mut upload = |song| {
        let mut outputs = Vec::new();
        let added = party
            .room
            .add_uploaded(NOON, queue_track(song), &mut outputs);
        assert_eq!(added, Ok(()));
        let heard: Vec<String> = outputs.iter().map(render).collect();
        (heard, party.wait(0.0))
    };
    let (heard, pushed) = upload(3);
    assert_eq!(heard, [""; 0], "the push is due now");
    assert_eq!(listed(&pushed[0]), [0, 3]);
    let (heard, pushed) = upload(4);
    assert!(heard[0].starts_with("to 1: "), "{heard:?}");
    assert_eq!(listed(&heard[0]), [0, 3, 4]);
    assert_eq!(pushed, [""; 0], "the others wait");
    assert_eq!(upload(4), (vec![], vec![]), "nothing new");
}

#[test]
fn a_host_that_did_not_ask_for_the_queue_is_not_sent_it() {
    let mut party = Party::with_tracks(vec![queue_track(0), queue_track(4)]);
    party.join(1, Role::Host, NOTHING);
    for _ in 0..3 {
        assert_eq!(say(&mut party, "MOVE", 0, ""), [""; 0]);
        let _pushed = party.wait(0.01);
        assert_eq!(say(&mut party, "MOVE", 4, ""), [""; 0]);
    }
}

#[test]
fn what_changes_nothing_is_no_news() {
    let mut party = party(&[0, 3, 4]);
    let id = id_json(3);
    for said in [
        format!(r#"{{"type":"MOVE","track_id":{id},"before":{id}}}"#),
        format!(
            r#"{{"type":"MOVE","track_id":{id},"before":{}}}"#,
            id_json(4)
        ),
        format!(r#"{{"type":"MOVE","track_id":{}}}"#, id_json(4)),
        format!(r#"{{"type":"DURATION","track_id":{id},"duration_sec":1}}"#),
    ] {
        assert_eq!(party.say(1, &said), [""; 0], "{said}");
        assert_eq!(party.room.wake_at(), None, "{said}");
    }
}

#[test]
fn the_larger_the_list_and_the_room_the_later_the_next_push() {
    let name = "n".repeat(50_000);
    let long = QueueTrack {
        name,
        ..queue_track(0)
    };
    let mut party = Party::with_tracks(vec![long, queue_track(4)]);
    party.join(1, Role::Host, EVERYTHING);
    let heard = party.join(2, Role::Viewer, EVERYTHING);
    let (_, list) = heard[5].split_once(r#""tracks":["#).expect("QUEUE");
    // Without the comma between the two, and what ends the list.
    let bytes = (list.len() - 1 - "]}".len()) as f64;
    for id in 3..=20 {
        party.join(id, Role::Viewer, NOTHING);
    }
    party.wait(0.0);
    say(&mut party, "MOVE", 0, "");
    assert_eq!(types(&party.wait(0.0)), ["QUEUE"]);
    assert_eq!(
        types(&say(&mut party, "MOVE", 4, "")),
        ["QUEUE"],
        "to the host"
    );
    let at = party.room.wake_at().expect("another push");
    // Whether or not they asked for it: 20 times 50,000 bytes are a quarter of a second.
    assert_eq!(at, NOON + bytes * 20.0 / 4e6);
    assert!((0.25..0.26).contains(&(at - NOON)), "{at}");
}

#[test]
fn who_wants_only_the_history_hears_played_but_no_queue() {
    let history = Wants {
        history: true,
        ..NOTHING
    };
    let mut party = party(&[0]);
    let heard = party.join(2, Role::Viewer, history);
    assert_eq!(types(&heard), ["admit", "STATE", "PEER", "HISTORY"]);
    let heard = party.join(3, Role::Viewer, NOTHING);
    assert_eq!(types(&heard), ["admit", "STATE", "PEER"]);
}
