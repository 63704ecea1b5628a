//! Tracks that were offered and that the server cannot take: they leave the queue, and whoever offered them hears why.

use crate::common::room_nodes;
use crate::common::room_party;
use crate::common::room_words;

use jam::limits::OFFERERS_MAX;
use jam::room::key::Keys;
use jam::room::message::{Hello, QueueTrack, Role};
use jam::track::id::TrackId;
use room_nodes::{node_id, track};
use room_party::{EVERYTHING, NOTHING, Party, types};
use room_words::render;
use serde_json::{Value, json};

const WHY: &str = "it is larger than the server takes";

fn id(number: usize) -> TrackId {
    TrackId::parse(&track(number)).expect("an id")
}

fn entry(number: usize, awaited: bool) -> QueueTrack {
    QueueTrack {
        track_id: id(number),
        name: format!("song {number}.mp3"),
        bytes: 5,
        content_type: "audio/mpeg",
        duration_sec: None,
        title: None,
        artist: None,
        album: None,
        cover: false,
        added_by: None,
        added_by_id: None,
        awaited,
    }
}

/// A node that has announced these tracks, under this id if it has one.
fn join_node(party: &mut Party, member: u64, node: Option<usize>, tracks: &[usize]) {
    let hello = Hello {
        role: Role::Viewer,
        display_name: Some(format!("Node {member}")),
        wants: NOTHING,
        node: true,
        token: None,
        keys: Keys::default(),
    };
    party.join_with(member, hello);
    let tracks: Vec<String> = tracks.iter().map(|&number| track(number)).collect();
    let announce = json!({
        "type": "ANNOUNCE", "port": 0, "node_id": node.map(node_id), "track_ids": tracks,
    });
    party.say(member, &announce.to_string());
}

/// A host, who is member 1, and member 2, a node that offers songs 0 to 2.
fn party_with_offers() -> Party {
    let mut party = Party::new();
    party.join(1, Role::Host, EVERYTHING);
    join_node(&mut party, 2, Some(2), &[0, 1, 2]);
    for number in 0..3 {
        party.offer(2, entry(number, true));
    }
    party.wait(1.0);
    party
}

fn refuse(party: &mut Party, number: usize) -> Vec<String> {
    let mut outputs = Vec::new();
    let now = party.now;
    party.room.track_refused(now, id(number), WHY, &mut outputs);
    outputs.iter().map(render).collect()
}

fn names(party: &Party) -> Vec<String> {
    let tracks = party.room.view(party.now).tracks;
    tracks.iter().map(|track| track.name.clone()).collect()
}

/// Who hears of a refusal.
fn told(lines: &[String]) -> Vec<String> {
    let errors = lines.iter().filter(|line| line.contains(r#""ERROR""#));
    let to = errors.map(|line| line.split(':').next().expect("a start").to_owned());
    to.collect()
}

#[test]
fn a_track_that_cannot_be_taken_leaves_the_queue_and_its_node_alone_hears_why() {
    let mut party = party_with_offers();
    let heard = refuse(&mut party, 1);
    let (_, error) = heard[0].split_once(": ").expect("a message");
    let error: Value = serde_json::from_str(error).expect("JSON");
    let expected = json!({
        "type": "ERROR", "message": format!("\"song 1.mp3\" is out of the queue: {WHY}"), "track_id": track(1),
    });
    assert_eq!(error, expected);
    assert_eq!(told(&heard), ["to 2"]);
    // The host's page need not wait for the push.
    assert_eq!(types(&heard), ["ERROR", "QUEUE"]);
    assert_eq!(names(&party), ["song 0.mp3", "song 2.mp3"]);
    assert_eq!(types(&party.wait(1.0)), ["QUEUE"]);
    let wanted: Vec<_> = party.room.wants().into_iter().map(|w| w.track_id).collect();
    assert_eq!(wanted, [id(0), id(2)]);
}

#[test]
fn it_may_be_offered_again_which_is_another_try() {
    let mut party = party_with_offers();
    refuse(&mut party, 1);
    let heard = party.offer(2, entry(1, true));
    assert!(heard[0].starts_with("want "), "{heard:?}");
    assert_eq!(names(&party).last().map(String::as_str), Some("song 1.mp3"));
    assert_eq!(told(&refuse(&mut party, 1)), ["to 2"]);
}

#[test]
fn what_is_not_awaited_any_more_stays_as_it_is() {
    let mut party = party_with_offers();
    // Somebody else brought it meanwhile.
    let mut outputs = Vec::new();
    let now = party.now;
    party.room.track_arrived(now, entry(0, false), &mut outputs);
    let remove = json!({ "type": "REMOVE", "track_id": track(1) });
    party.say(1, &remove.to_string());
    party.wait(1.0);
    for number in [0, 1, 7] {
        assert_eq!(refuse(&mut party, number), [""; 0], "song {number}");
    }
    assert_eq!(names(&party), ["song 0.mp3", "song 2.mp3"]);
    assert_eq!(party.wait(1.0), [""; 0]);
}

#[test]
fn when_it_is_the_current_one_the_room_goes_on_with_the_next() {
    let mut party = party_with_offers();
    let play = json!({ "type": "PLAY", "track_id": track(1), "offset_sec": 0 });
    party.say(1, &play.to_string());
    party.wait(5.0);
    let heard = refuse(&mut party, 1);
    let state = heard.iter().find(|line| line.contains(r#""STATE""#));
    assert!(
        state.is_some_and(|state| state.contains(&track(2))),
        "{heard:?}"
    );
    refuse(&mut party, 2);
    assert_eq!(party.room.state().track_id, None, "nothing comes behind it");
    assert_eq!(names(&party), ["song 0.mp3"]);
}

#[test]
fn a_node_that_came_back_as_another_member_hears_of_it_and_one_that_is_gone_does_not() {
    let mut party = party_with_offers();
    // The same node again, before its old connection was missed.
    join_node(&mut party, 3, Some(2), &[0]);
    assert_eq!(told(&refuse(&mut party, 0)), ["to 2", "to 3"]);
    party.leave(2);
    assert_eq!(told(&refuse(&mut party, 1)), ["to 3"]);
    party.leave(3);
    assert_eq!(told(&refuse(&mut party, 2)), [""; 0]);
    assert_eq!(names(&party), [""; 0]);
}

#[test]
fn all_who_offered_it_hear_of_it_and_nobody_who_only_has_it() {
    let mut party = party_with_offers();
    join_node(&mut party, 3, Some(3), &[0]);
    join_node(&mut party, 4, None, &[0]);
    join_node(&mut party, 5, Some(5), &[0]);
    party.offer(3, entry(0, true));
    party.offer(4, entry(0, true));
    // Twice is once.
    party.offer(4, entry(0, true));
    assert_eq!(told(&refuse(&mut party, 0)), ["to 2", "to 3", "to 4"]);
}

#[test]
fn of_very_many_who_offer_the_same_the_last_ones_hear_of_it() {
    let mut party = party_with_offers();
    let last = 10 + OFFERERS_MAX as u64;
    for member in 10..=last {
        join_node(&mut party, member, None, &[0]);
        party.offer(member, entry(0, true));
    }
    let heard = told(&refuse(&mut party, 0));
    assert_eq!(heard.len(), OFFERERS_MAX);
    assert_eq!(heard.last(), Some(&format!("to {last}")));
}

#[test]
fn who_offered_what_has_arrived_hears_nothing_of_the_next_try_of_others() {
    let mut party = party_with_offers();
    let remove = json!({ "type": "REMOVE", "track_id": track(0) });
    party.say(1, &remove.to_string());
    join_node(&mut party, 3, Some(3), &[0]);
    party.offer(3, entry(0, true));
    assert_eq!(told(&refuse(&mut party, 0)), ["to 3"]);
}
