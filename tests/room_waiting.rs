//! Starting together: a new track waits for those who load it, and for nobody too long.

use crate::common::random;
use crate::common::room_deck::{id_json, queue_track, track_id};
use crate::common::room_party;

use jam::limits::{WAITING_AFTER_FIRST_SEC, WAITING_SEC_MAX};
use jam::room::key::Keys;
use jam::room::message::{Hello, Role, Status, Wants};
use random::for_each_seed;
use room_party::{EVERYTHING, NOTHING, Party, types};

const WAITS: Wants = Wants {
    waiting: true,
    ..NOTHING
};

/// A host (1) and two guests (2, 3) who are waited for, with the three first songs.
fn party() -> Party {
    let mut party = Party::with_tracks((0..3).map(queue_track).collect());
    party.join(1, Role::Host, WAITS);
    party.join(2, Role::Viewer, WAITS);
    party.join(3, Role::Viewer, WAITS);
    party.wait(1.0);
    party
}

fn play(party: &mut Party, song: usize) -> Vec<String> {
    let id = id_json(song);
    party.say(
        1,
        &format!(r#"{{"type":"PLAY","track_id":{id},"offset_sec":0}}"#),
    )
}

fn report(party: &mut Party, id: u64, song: usize, status: &str) -> Vec<String> {
    let track = id_json(song);
    let text = format!(r#"{{"type":"REPORT","status":"{status}","track_id":{track}}}"#);
    party.say(id, &text)
}

fn plays(party: &Party) -> bool {
    party.room.state().status == Status::Play
}

fn current(party: &Party) -> Option<&str> {
    party.room.state().track_id.as_deref()
}

/// Lets time pass, and the room do what it has to at the moments for which it asked to be woken.
fn pass(party: &mut Party, sec: f64) -> Vec<String> {
    let until = party.now + sec;
    let mut said = Vec::new();
    while let Some(at) = party.room.wake_at().filter(|&at| at <= until) {
        said.extend(party.wait((at - party.now).max(0.0)));
    }
    party.now = until;
    said
}

/// The WAITING messages among what was said.
fn waitings(said: &[String]) -> Vec<&String> {
    said.iter()
        .filter(|line| line.contains("WAITING"))
        .collect()
}

#[test]
fn a_new_track_starts_when_everybody_has_it() {
    let mut party = party();
    assert_eq!(types(&play(&mut party, 0)), ["STATE"]);
    assert!(!plays(&party));
    assert_eq!(current(&party), Some(&*track_id(0).to_string()));
    let told = party.wait(0.0);
    assert_eq!(waitings(&told).len(), 1, "{told:?}");
    assert!(told[0].contains(r#""ready":0,"of":3}"#), "{told:?}");

    for id in [1, 2] {
        party.now += 0.5;
        report(&mut party, id, 0, "ready");
        assert!(!plays(&party));
    }
    let told = party.wait(0.1);
    let progress = waitings(&told)[0];
    assert!(
        progress.contains(r#""ready":2,"of":3,"until":"#),
        "{told:?}"
    );
    let last = report(&mut party, 3, 0, "paused");
    assert_eq!(types(&last), ["STATE", "WAITING"]);
    assert!(
        last[1].ends_with(r#"{"type":"WAITING","room":"jam1"}"#),
        "{last:?}"
    );
    assert!(plays(&party));
    assert_eq!(party.room.state().timestamp, round(party.now + 0.25));
    // The same one again, after a pause or elsewhere in it, is nothing to wait for.
    party.wait(1.0);
    party.say(1, r#"{"type":"PAUSE","track_id":null,"offset_sec":0}"#);
    play(&mut party, 0);
    assert!(plays(&party));
}

fn round(room_time: f64) -> f64 {
    (room_time * 1e6).round() / 1e6
}

#[test]
fn who_is_slow_is_waited_for_until_three_seconds_after_the_first() {
    let mut party = party();
    play(&mut party, 1);
    party.wait(2.0);
    report(&mut party, 2, 1, "ready");
    let first_at = party.now;
    party.wait(WAITING_AFTER_FIRST_SEC - 0.001);
    assert!(!plays(&party));
    let told = party.wait(0.002);
    assert!(plays(&party), "{told:?}");
    assert!(party.room.state().timestamp >= first_at + WAITING_AFTER_FIRST_SEC);
    assert!(
        told.last().expect("said").ends_with(r#""room":"jam1"}"#),
        "{told:?}"
    );
}

#[test]
fn a_room_in_which_nobody_gets_ready_starts_all_the_same() {
    let mut party = party();
    play(&mut party, 1);
    party.wait(WAITING_SEC_MAX - 0.001);
    assert!(!plays(&party));
    party.wait(0.002);
    assert!(plays(&party));
}

#[test]
fn being_ready_late_does_not_make_the_waiting_longer_than_the_longest() {
    let mut party = party();
    play(&mut party, 1);
    party.wait(WAITING_SEC_MAX - 1.0);
    report(&mut party, 2, 1, "ready");
    party.wait(1.001);
    assert!(plays(&party));
}

#[test]
fn the_host_need_not_wait() {
    let mut party = party();
    play(&mut party, 1);
    assert_eq!(types(&play(&mut party, 1)), ["WAITING", "STATE"]);
    assert!(plays(&party));
}

#[test]
fn who_cannot_play_has_left_or_only_moves_chunks_is_not_waited_for() {
    let mut party = party();
    let node = Hello {
        role: Role::Viewer,
        display_name: None,
        wants: EVERYTHING,
        node: true,
        token: None,
        keys: Keys::default(),
    };
    party.join_with(4, node);
    play(&mut party, 1);
    report(&mut party, 2, 1, "failed");
    assert!(!plays(&party));
    party.leave(3);
    assert!(!plays(&party));
    report(&mut party, 1, 1, "blocked");
    assert!(plays(&party), "nobody is left to wait for");
}

#[test]
fn a_report_about_another_track_says_nothing() {
    let mut party = party();
    for id in 1..=3 {
        report(&mut party, id, 1, "playing");
    }
    play(&mut party, 0);
    assert!(!plays(&party));
    for id in 1..=3 {
        report(&mut party, id, 1, "failed");
    }
    assert!(!plays(&party));
}

#[test]
fn nobody_prolongs_a_waiting_by_coming() {
    let mut party = party();
    play(&mut party, 1);
    party.join(9, Role::Viewer, WAITS);
    for id in 1..=3 {
        report(&mut party, id, 1, "ready");
    }
    assert!(plays(&party));
}

#[test]
fn what_everybody_has_already_starts_at_once() {
    let mut party = party();
    for id in 1..=3 {
        report(&mut party, id, 2, "ready");
    }
    assert_eq!(types(&play(&mut party, 2)), ["STATE"]);
    assert!(plays(&party));
}

#[test]
fn a_room_without_anybody_who_asked_waits_for_nobody() {
    let mut party = Party::with_tracks(vec![queue_track(0)]);
    party.join(1, Role::Host, EVERYTHING);
    play(&mut party, 0);
    assert!(plays(&party));
}

#[test]
fn a_pause_ends_the_waiting_and_a_skip_waits_anew() {
    let mut party = party();
    play(&mut party, 0);
    let said = party.say(1, r#"{"type":"NEXT"}"#);
    assert_eq!(types(&said), ["STATE"]);
    assert_eq!(current(&party), Some(&*track_id(1).to_string()));
    assert!(!plays(&party));
    for id in 1..=3 {
        report(&mut party, id, 1, "ready");
    }
    assert!(plays(&party), "the skip kept what was wanted");

    play(&mut party, 2);
    let id = id_json(2);
    let pause = format!(r#"{{"type":"PAUSE","track_id":{id},"offset_sec":0}}"#);
    assert_eq!(types(&party.say(1, &pause)), ["WAITING", "STATE"]);
    for member in 1..=3 {
        report(&mut party, member, 2, "ready");
    }
    party.wait(WAITING_SEC_MAX + 1.0);
    assert!(!plays(&party));
    // A skip from a pause stays one.
    party.say(1, r#"{"type":"PREVIOUS"}"#);
    party.wait(WAITING_SEC_MAX + 1.0);
    assert!(!plays(&party));
}

#[test]
fn seeking_while_the_room_waits_moves_the_start() {
    let mut party = party();
    let id = id_json(0);
    play(&mut party, 0);
    report(&mut party, 2, 0, "ready");
    let until = party.now + WAITING_AFTER_FIRST_SEC;
    let seek = |sec| format!(r#"{{"type":"PAUSE","track_id":{id},"offset_sec":{sec}}}"#);
    for sec in [40, 42] {
        assert_eq!(types(&party.say(1, &seek(sec))), ["STATE"]);
        assert!(!plays(&party));
    }
    let left = until - party.now;
    pass(&mut party, left - 0.1);
    assert!(!plays(&party), "it waits on, as long as before");
    let said = pass(&mut party, 0.2);
    assert_eq!(types(&said), ["STATE", "WAITING"]);
    assert!(plays(&party));
    assert_eq!(party.room.state().offset_sec.as_f64(), Some(42.0));
}

#[test]
fn taking_the_awaited_track_out_of_the_queue_waits_for_the_one_behind_it() {
    let mut party = party();
    play(&mut party, 0);
    let id = id_json(0);
    party.say(1, &format!(r#"{{"type":"REMOVE","track_id":{id}}}"#));
    assert_eq!(current(&party), Some(&*track_id(1).to_string()));
    assert!(!plays(&party));
    for id in 1..=3 {
        report(&mut party, id, 1, "ready");
    }
    assert!(plays(&party));
}

#[test]
fn edits_of_the_queue_leave_a_waiting_alone() {
    let mut party = party();
    play(&mut party, 0);
    let id = id_json(2);
    party.say(1, &format!(r#"{{"type":"REMOVE","track_id":{id}}}"#));
    party.add(1, queue_track(3), None);
    for id in 1..=3 {
        report(&mut party, id, 0, "ready");
    }
    assert!(plays(&party));
}

#[test]
fn a_queue_that_goes_on_by_itself_waits_for_nobody() {
    let mut party = party();
    play(&mut party, 0);
    for id in 1..=3 {
        report(&mut party, id, 0, "ready");
    }
    party.wait(1.5);
    assert_eq!(current(&party), Some(&*track_id(1).to_string()));
    assert!(plays(&party));
}

/// Whatever is said: nobody waits longer than allowed, a waiting room stands still, and the members know it.
#[test]
fn every_waiting_ends_in_time_whatever_happens() {
    const STATUSES: [&str; 6] = ["loading", "ready", "playing", "paused", "failed", "blocked"];
    for_each_seed(300, |random| {
        let mut party = party();
        let mut is_waiting = false;
        for _ in 0..200 {
            let said = match random.below(9) {
                0 => play(&mut party, random.below(3)),
                8 => {
                    let (id, sec) = (id_json(random.below(3)), random.below(3));
                    let seek = format!(r#"{{"type":"PAUSE","track_id":{id},"offset_sec":{sec}}}"#);
                    party.say(1, &seek)
                }
                1 => party.say(1, r#"{"type":"NEXT"}"#),
                2 => party.say(1, r#"{"type":"PAUSE","track_id":null,"offset_sec":0}"#),
                3 | 4 => {
                    let status = STATUSES[random.below(STATUSES.len())];
                    let id = 1 + random.below(3) as u64;
                    report(&mut party, id, random.below(3), status)
                }
                _ => pass(&mut party, random.below(2000) as f64 / 1000.0),
            };
            for line in waitings(&said) {
                is_waiting = line.contains("track_id");
            }
            assert!(!is_waiting || !plays(&party));
        }
        pass(&mut party, WAITING_SEC_MAX + WAITING_AFTER_FIRST_SEC);
        let told = pass(&mut party, WAITING_SEC_MAX);
        assert_eq!(waitings(&told), Vec::<&String>::new());
    });
}

#[test]
fn who_asks_for_the_news_alone_is_told_and_not_waited_for() {
    const LOOKS_ON: Wants = Wants {
        waiting_news: true,
        ..NOTHING
    };
    let mut party = Party::with_tracks((0..3).map(queue_track).collect());
    party.join(1, Role::Host, LOOKS_ON);
    party.join(2, Role::Viewer, LOOKS_ON);
    party.wait(1.0);
    play(&mut party, 0);
    assert!(plays(&party), "nobody is to be waited for");
    party.join(3, Role::Viewer, WAITS);
    party.wait(1.0);
    let said = play(&mut party, 1);
    assert!(!plays(&party), "{said:?}");
    let told = [said, pass(&mut party, 1.0)].concat();
    let told = waitings(&told);
    assert!(told[0].contains(r#""ready":0,"of":1"#), "{told:?}");
    let last = report(&mut party, 3, 1, "ready");
    assert!(plays(&party), "{last:?}");
}
