//! The room's state machine: every short sequence of inputs, long random ones, and the rules one by one.

use crate::common::random;
use crate::common::room_explore;
use crate::common::room_party;
use crate::common::room_world;

use crate::common::room_words::OFFSETS;
use jam::limits::{
    MEMBERS_LISTED_MAX, NODES_MAX, PEERS_LISTED_MAX, ROOM_INPUTS_MAX, TRACK_ID_BYTES_MAX,
};
use jam::room::close::CloseReason;
use jam::room::event::{Input, Output};
use jam::room::key::Keys;
use jam::room::members::MemberId;
use jam::room::message::{Hello, QueueTrack, Role, RoomMessage, Wants};
use jam::room::rights::Guests;
use jam::track::id::TrackId;
use random::for_each_seed;
use room_party::{EVERYTHING, NOON, NOTHING, Party, types};
use room_world::{Act, Step, World};

// ---- everything that can happen, to a small depth ------------------------------------------------

/// What may happen next with three slots. An unused slot is like any other, so that the lowest stands for all.
fn possible(world: &World) -> Vec<Act> {
    let mut acts = vec![
        Act::Wait { sec: 0.3 },
        Act::Wait { sec: 1.0 },
        Act::Wait { sec: 60.0 },
    ];
    for slot in 0..3 {
        if world.is_in(slot) {
            acts.extend([
                Act::Leave(slot),
                Act::Play(slot),
                Act::Pause(slot),
                Act::Signal {
                    from: slot,
                    to: (slot + 1) % 3,
                },
                Act::Announce(slot),
                Act::HaveDelta(slot),
                Act::Report(slot),
            ]);
        } else if world.was_in(slot) {
            // Late words of somebody who has gone, and a return.
            acts.extend([Act::JoinAsHost(slot), Act::Play(slot), Act::Announce(slot)]);
        } else {
            acts.extend([Act::JoinAsHost(slot), Act::JoinAsViewer(slot)]);
            break;
        }
    }
    acts
}

fn explore_after(start: &[Act], depth: usize) {
    room_explore::explore_after(|| World::new(NOON), possible, start, depth);
}

#[test]
fn every_short_sequence_from_an_empty_room_keeps_the_rules() {
    explore_after(&[], 5);
}

#[test]
fn every_short_sequence_in_a_room_with_a_host_and_two_viewers_keeps_the_rules() {
    explore_after(
        &[
            Act::JoinAsHost(0),
            Act::JoinAsViewer(1),
            Act::JoinAsViewer(2),
        ],
        3,
    );
}

#[test]
fn every_short_sequence_among_three_nodes_keeps_the_rules() {
    let start = [
        Act::JoinAsViewer(0),
        Act::JoinAsHost(1),
        Act::JoinAsViewer(2),
        Act::Announce(0),
        Act::Announce(1),
        Act::Announce(2),
        Act::Wait { sec: 59.5 },
    ];
    explore_after(&start, 3);
}

// ---- long random walks ---------------------------------------------------------------------------

#[test]
fn long_random_walks_keep_the_rules() {
    for_each_seed(60, |random| {
        let mut world = World::new(*random.pick(&[NOON, 0.0, 0.1, 4e9]));
        for _ in 0..1500 {
            let slot = random.below(8);
            let act = match random.below(12) {
                0 | 1 if world.is_in(slot) && random.one_in(3) => Act::Leave(slot),
                0 if !world.is_in(slot) => Act::JoinAsHost(slot),
                1 if !world.is_in(slot) => Act::JoinAsViewer(slot),
                2 => Act::Play(slot),
                3 => Act::Pause(slot),
                4 => Act::Signal {
                    from: slot,
                    to: random.below(8),
                },
                5 => Act::Announce(slot),
                6 | 7 => Act::HaveDelta(slot),
                8 => Act::Report(slot),
                9 => Act::Wait {
                    sec: random.below(1_000_000) as f64 / 1e6,
                },
                10 => Act::Wait {
                    sec: *random.pick(&[0.0, 0.25, 1.0, 30.0, 60.0, 3600.0]),
                },
                _ => Act::Wait {
                    sec: random.below(10) as f64 / 1e3,
                },
            };
            world.take(&Step {
                act,
                variety: random.below(60),
            });
        }
    });
}

// ---- the rules, one by one -----------------------------------------------------------------------

#[test]
fn answers_to_joining_come_in_the_promised_order_and_only_those_asked_for() {
    let mut party = Party::new();
    let all = party.join(1, Role::Host, EVERYTHING);
    assert_eq!(
        types(&all),
        [
            "admit", "STATE", "PEER", "WELCOME", "RIGHTS", "QUEUE", "HISTORY", "MEMBERS", "SWARM"
        ]
    );
    let basic = party.join(2, Role::Viewer, NOTHING);
    assert_eq!(types(&basic), ["admit", "STATE", "PEER"]);
    let queue = party.join(
        3,
        Role::Viewer,
        Wants {
            queue: true,
            ..NOTHING
        },
    );
    assert_eq!(types(&queue), ["admit", "STATE", "PEER", "QUEUE"]);
    assert_eq!(all[2], r#"to 1: {"type":"PEER","peer_id":"p1"}"#);
}

#[test]
fn a_new_room_is_paused_at_the_start_of_nothing_since_it_began() {
    let expected = r#"{"type":"STATE","payload":{"track_id":null,"status":"PAUSE","offset_sec":0.0,"timestamp":1762569219.737918}}"#;
    assert_eq!(Party::new().state(), expected);
}

#[test]
fn a_late_member_is_told_the_state_as_it_stands() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    party.say(1, r#"{"type":"PLAY","track_id":"t1","offset_sec":7.5}"#);
    party.now += 100.0;
    let heard = party.join(2, Role::Viewer, NOTHING);
    assert_eq!(heard[1], format!("to 2: {}", party.state()));
    assert!(
        party
            .state()
            .contains(r#""offset_sec":7.5,"timestamp":1762569219.987918"#)
    );
}

#[test]
fn a_second_host_is_refused_and_leaves_no_trace() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    party.wait(10.0);
    assert_eq!(
        party.join(2, Role::Host, EVERYTHING),
        ["refuse 2 HostTaken"]
    );
    assert_eq!(
        CloseReason::HostTaken.code_and_text(),
        (1008, "Host already assigned")
    );
    // What the refused one still says or does reaches nobody.
    let play = r#"{"type":"PLAY","track_id":"t","offset_sec":0}"#;
    assert_eq!(party.say(2, play), [""; 0]);
    assert_eq!(party.leave(2), [""; 0]);
    assert_eq!(party.wait(10.0), [""; 0]);
    assert_eq!(party.room.members().len(), 1);
}

#[test]
fn the_host_seat_is_free_as_soon_as_the_host_has_gone() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    party.leave(1);
    assert_eq!(
        types(&party.join(2, Role::Host, NOTHING)),
        ["admit", "STATE", "PEER"]
    );
    assert_eq!(party.room.members().host(), Some(MemberId(2)));
}

#[test]
fn a_leaving_viewer_does_not_free_the_host_seat() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    party.join(2, Role::Viewer, NOTHING);
    party.leave(2);
    party.leave(2);
    assert_eq!(party.join(3, Role::Host, NOTHING), ["refuse 3 HostTaken"]);
}

#[test]
fn a_host_who_leaves_changes_nothing_about_the_music() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    party.say(1, r#"{"type":"PLAY","track_id":"t1","offset_sec":3}"#);
    let before = party.state();
    party.now += 60.0;
    assert_eq!(party.leave(1), [""; 0]);
    assert_eq!(party.state(), before);
}

#[test]
fn only_the_host_controls_and_only_the_asker_hears_of_the_refusal() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    party.join(2, Role::Viewer, NOTHING);
    let before = party.state();
    for kind in ["PLAY", "PAUSE"] {
        let said = format!(r#"{{"type":"{kind}","track_id":"t","offset_sec":0}}"#);
        let refused = r#"to 2: {"type":"ERROR","message":"Only host can control"}"#;
        assert_eq!(party.say(2, &said), [refused]);
    }
    assert_eq!(party.state(), before);
}

#[test]
fn everybody_hears_the_numbers_and_the_track_exactly_as_the_host_sent_them() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    for (sent, heard) in OFFSETS {
        let said = format!(r#"{{"type":"PAUSE","track_id":"t1","offset_sec":{sent}}}"#);
        let state = format!(
            r#"to all but []: {{"type":"STATE","payload":{{"track_id":"t1","status":"PAUSE","offset_sec":{heard},"timestamp":1762569219.737918}}}}"#
        );
        assert_eq!(party.say(1, &said), [state]);
    }
    let long = "x".repeat(TRACK_ID_BYTES_MAX);
    for track in [
        "null",
        "\"\"",
        "\"ünïcödé \\\" \\\\\"",
        &format!("\"{long}\""),
    ] {
        let heard = party.say(
            1,
            &format!(r#"{{"type":"PAUSE","track_id":{track},"offset_sec":0}}"#),
        );
        assert!(
            heard[0].contains(&format!(r#""track_id":{track},"#)),
            "{heard:?}"
        );
    }
}

#[test]
fn a_pause_holds_from_now_and_the_hosts_own_timestamp_is_not_used() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    party.now = NOON + 11.466_593;
    for timestamp in ["0", "-5", "1e300", "1.5"] {
        let said = format!(
            r#"{{"type":"PAUSE","track_id":"t1","offset_sec":12.5,"timestamp":{timestamp}}}"#
        );
        let heard = party.say(1, &said);
        let expected = r#""offset_sec":12.5,"timestamp":1762569231.204511}}"#;
        assert!(heard[0].ends_with(expected), "{heard:?}");
    }
}

#[test]
fn a_start_waits_for_the_slowest_member_that_is_still_here() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    party.join(2, Role::Viewer, NOTHING);
    let lead_ms = |party: &mut Party| {
        party.say(1, r#"{"type":"PLAY","track_id":"t1","offset_sec":0}"#);
        ((party.room.state().timestamp - party.now) * 1000.0).round()
    };
    assert_eq!(lead_ms(&mut party), 250.0);
    for (rtt_ms, expected) in [
        (10.0, 250.0),
        (50.0, 250.0),
        (100.0, 350.0),
        (675.0, 1500.0),
    ] {
        party.say(2, &format!(r#"{{"type":"REPORT","rtt_ms":{rtt_ms}}}"#));
        assert_eq!(lead_ms(&mut party), expected, "round trip {rtt_ms}");
    }
    for lie in ["1e14", "60000", "675.1"] {
        party.say(2, &format!(r#"{{"type":"REPORT","rtt_ms":{lie}}}"#));
        assert_eq!(lead_ms(&mut party), 250.0, "nobody waits for {lie} ms");
    }
    party.leave(2);
    assert_eq!(lead_ms(&mut party), 250.0);
}

#[test]
fn a_signal_reaches_the_one_it_is_for_and_nobody_else_unchanged() {
    let mut party = Party::new();
    for id in 1..=3 {
        party.join(id, Role::Viewer, NOTHING);
    }
    let blob = r#"{"b":[1.50,-0,1e999],"a":"\u0041","a":null}"#;
    let heard = party.say(
        1,
        &format!(r#"{{"type":"SIGNAL","to":"p3","blob": {blob} }}"#),
    );
    assert_eq!(
        heard,
        [format!(
            r#"to 3: {{"type":"SIGNAL","from":"p1","blob":{blob}}}"#
        )]
    );
}

#[test]
fn a_signal_to_somebody_who_is_not_here_is_answered_with_an_error() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, NOTHING);
    party.join(2, Role::Viewer, NOTHING);
    party.leave(2);
    for to in ["p2", "p9", ""] {
        let heard = party.say(1, &format!(r#"{{"type":"SIGNAL","to":"{to}","blob":0}}"#));
        let text = format!(r#"SIGNAL: no member \"{to}\" in this room"#);
        assert_eq!(
            heard,
            [format!(r#"to 1: {{"type":"ERROR","message":"{text}"}}"#)]
        );
    }
}

#[test]
fn a_list_of_peers_never_shows_the_one_who_receives_it() {
    let mut party = Party::new();
    for id in 1..=3 {
        party.join(id, Role::Viewer, NOTHING);
    }
    party.wait(1.0);
    for id in 1..=2 {
        let own = format!(r#""peer_id":"p{id}""#);
        let heard = party.say(id, r#"{"type":"ANNOUNCE","port":9003}"#);
        assert!(heard.len() == 1 && !heard[0].contains(&own), "{heard:?}");
    }
    let heard = party.wait(1.0);
    let to = |who: &str| heard.iter().find(|line| line.starts_with(who)).expect(who);
    assert!(to("to 1:").contains("p2") && !to("to 1:").contains(r#""p1""#));
    // The second has had the whole list as its answer, the third gets everybody.
    assert!(
        !heard.iter().any(|line| line.starts_with("to 2:")),
        "{heard:?}"
    );
    assert!(to("to all but [1, 2]:").contains(r#""p1""#) && to("to all").contains(r#""p2""#));
}

#[test]
fn a_chunk_counts_once_however_often_it_is_named() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, NOTHING);
    party.join(2, Role::Viewer, NOTHING);
    party.say(1, r#"{"type":"ANNOUNCE","port":9003,"total_chunks":120}"#);
    for indices in ["[5,5,5]", "[5]", "[5,6]", "[119,6]", "[]"] {
        party.say(
            1,
            &format!(r#"{{"type":"HAVE_DELTA","indices":{indices}}}"#),
        );
    }
    let heard = party.say(2, r#"{"type":"ANNOUNCE","port":0}"#);
    assert!(heard[0].contains(r#""have_count":3,"#), "{heard:?}");
}

#[test]
fn what_a_node_announced_and_what_it_told_since_are_not_added_up() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, NOTHING);
    party.join(2, Role::Viewer, NOTHING);
    let mut count = |said: &str| {
        party.say(1, said);
        let heard = party.say(2, r#"{"type":"ANNOUNCE","port":0}"#);
        let (_, rest) = heard[0].split_once(r#""have_count":"#).expect("a count");
        rest.split(',')
            .next()
            .expect("a number")
            .parse::<u32>()
            .expect("a number")
    };
    assert_eq!(
        count(r#"{"type":"ANNOUNCE","port":1,"total_chunks":4,"have_count":2}"#),
        2
    );
    assert_eq!(count(r#"{"type":"HAVE_DELTA","indices":[0]}"#), 2);
    assert_eq!(count(r#"{"type":"HAVE_DELTA","indices":[1,2]}"#), 3);
    assert_eq!(
        count(r#"{"type":"ANNOUNCE","port":1,"total_chunks":4,"have_count":9}"#),
        4
    );
    // Another track: what it held of the first does not count.
    assert_eq!(
        count(r#"{"type":"ANNOUNCE","port":1,"total_chunks":5,"have_count":0}"#),
        0
    );
}

#[test]
fn chunks_that_the_track_has_not_are_refused_and_none_of_the_message_counts() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, NOTHING);
    let early = party.say(1, r#"{"type":"HAVE_DELTA","indices":[0]}"#);
    assert_eq!(
        early,
        [r#"to 1: {"type":"ERROR","message":"HAVE_DELTA: send ANNOUNCE first"}"#]
    );
    party.say(1, r#"{"type":"ANNOUNCE","port":9003,"total_chunks":8}"#);
    let heard = party.say(1, r#"{"type":"HAVE_DELTA","indices":[0,8]}"#);
    let text = "HAVE_DELTA: indices has 8, but the track has 8 chunks";
    assert_eq!(
        heard,
        [format!(r#"to 1: {{"type":"ERROR","message":"{text}"}}"#)]
    );
    party.join(2, Role::Viewer, NOTHING);
    let list = party.say(2, r#"{"type":"ANNOUNCE","port":0}"#);
    assert!(list[0].contains(r#""have_count":0,"#), "{list:?}");
}

#[test]
fn a_node_is_forgotten_when_nothing_was_heard_of_it_for_60_seconds() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, NOTHING);
    party.join(2, Role::Viewer, NOTHING);
    party.say(1, r#"{"type":"ANNOUNCE","port":9003}"#);
    party.wait(59.0);
    party.say(1, r#"{"type":"HAVE_DELTA","indices":[]}"#);
    party.wait(59.9);
    let listed = |party: &mut Party| {
        let heard = party.say(2, r#"{"type":"ANNOUNCE","port":0}"#);
        heard[0].contains(r#""p1""#)
    };
    assert!(
        listed(&mut party),
        "60 s count from the last word, not from the announcement"
    );
    party.wait(0.2);
    assert!(!listed(&mut party));
    let late = party.say(1, r#"{"type":"HAVE_DELTA","indices":[0]}"#);
    assert!(late[0].contains("send ANNOUNCE first"), "{late:?}");
}

#[test]
fn a_node_expires_at_the_very_moment_for_which_the_room_asked_to_be_woken() {
    // 0.1 + 60 and then - 0.1 is not 60 in floating point: the room would ask for the same moment for ever.
    for_each_seed(2000, |random| {
        let start = random.below(1_000_000_000) as f64 / 1e6;
        let mut world = World::new(start);
        for act in [
            Act::JoinAsViewer(0),
            Act::Announce(0),
            Act::Wait { sec: 70.0 },
        ] {
            world.take(&Step { act, variety: 0 });
        }
    });
}

#[test]
fn members_are_listed_to_all_at_most_once_a_second_and_not_without_a_change() {
    let mut party = Party::new();
    party.join(1, Role::Host, EVERYTHING);
    assert_eq!(types(&party.wait(0.0)), ["MEMBERS"]);
    for id in 2..=50 {
        party.join(id, Role::Viewer, EVERYTHING);
        assert_eq!(party.wait(0.01), [""; 0], "member {id}");
    }
    assert_eq!(party.room.wake_at(), Some(NOON + 1.0));
    let heard = party.wait(0.52);
    assert_eq!(types(&heard), ["MEMBERS"]);
    assert!(heard[0].contains(r#""total":50,"#), "{heard:?}");
    assert_eq!(party.wait(100.0), [""; 0]);
    assert_eq!(party.room.wake_at(), None);
    let report = r#"{"type":"REPORT","status":"ready"}"#;
    party.say(1, report);
    assert_eq!(types(&party.wait(0.0)), ["MEMBERS"]);
    party.say(1, report);
    assert_eq!(
        party.wait(100.0),
        [""; 0],
        "the same report again is no news"
    );
}

#[test]
fn the_host_is_listed_first_and_at_most_200_are_listed_but_all_counted() {
    let mut party = Party::new();
    for id in 1..=300 {
        party.join(id, Role::Viewer, NOTHING);
    }
    let heard = party.join(301, Role::Host, EVERYTHING);
    let list: serde_json::Value =
        serde_json::from_str(heard[7].split_once(": ").expect("JSON").1).expect("JSON");
    let members = list["members"].as_array().expect("a list");
    assert_eq!(list["total"], 301);
    assert_eq!(members.len(), MEMBERS_LISTED_MAX);
    assert_eq!(members[0]["peer_id"], "p301");
    assert_eq!(members[1]["peer_id"], "p1");
    assert_eq!(members[199]["peer_id"], "p199");
}

#[test]
fn at_most_100_nodes_are_listed_and_at_most_1024_remembered() {
    let mut party = Party::new();
    let announce = r#"{"type":"ANNOUNCE","port":9003}"#;
    let nodes = NODES_MAX as u64;
    for id in 1..=nodes {
        party.join(id, Role::Viewer, NOTHING);
        let heard = party.say(id, announce);
        let listed = heard[0].matches(r#""peer_id""#).count();
        assert_eq!(
            listed,
            usize::try_from(id - 1)
                .expect("small")
                .min(PEERS_LISTED_MAX)
        );
    }
    party.join(nodes + 1, Role::Viewer, NOTHING);
    let heard = party.say(nodes + 1, announce);
    assert!(
        heard.len() == 1 && heard[0].contains("this room has 1024 nodes already"),
        "{heard:?}"
    );
    assert!(
        party.say(1, announce)[0].contains("PEERS"),
        "those inside may announce again"
    );
    party.leave(7);
    assert!(
        party.say(nodes + 1, announce)[0].contains("PEERS"),
        "a place became free"
    );
}

#[test]
fn many_deltas_at_once_are_one_push_to_the_others() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, NOTHING);
    party.join(2, Role::Viewer, NOTHING);
    party.wait(1.0);
    party.say(1, r#"{"type":"ANNOUNCE","port":9003}"#);
    assert_eq!(types(&party.wait(0.0)), ["PEERS"]);
    for index in 0..ROOM_INPUTS_MAX {
        party.say(
            1,
            &format!(r#"{{"type":"HAVE_DELTA","indices":[{index}]}}"#),
        );
        assert_eq!(party.wait(0.0001), [""; 0]);
    }
    let heard = party.wait(0.25);
    assert_eq!(types(&heard), ["PEERS"]);
    assert!(
        heard[0].contains(&format!(r#""have_count":{ROOM_INPUTS_MAX},"#)),
        "{heard:?}"
    );
}

#[test]
fn guests_without_a_name_are_numbered_and_the_host_is_called_host() {
    let mut party = Party::new();
    let nameless = |role| Hello {
        role,
        display_name: None,
        wants: EVERYTHING,
        node: false,
        token: None,
        keys: Keys::default(),
    };
    for (id, role, name) in [
        (1, Role::Viewer, "Guest 1"),
        (2, Role::Host, "Host"),
        (3, Role::Viewer, "Guest 2"),
    ] {
        let heard = party.join_with(id, nameless(role));
        assert!(
            heard[3].contains(&format!(r#""name":"{name}""#)),
            "{heard:?}"
        );
    }
    party.leave(3);
    let again = party.join_with(4, nameless(Role::Viewer));
    assert!(
        again[3].contains(r#""name":"Guest 3""#),
        "no name is given twice: {again:?}"
    );
}

#[test]
fn the_queue_lists_the_rooms_tracks_in_their_order() {
    let track = |name: &str| QueueTrack {
        track_id: TrackId::from_hash(blake3::hash(name.as_bytes())),
        name: name.into(),
        bytes: 5,
        content_type: "audio/wav",
        duration_sec: None,
        title: None,
        artist: None,
        album: None,
        cover: false,
        added_by: None,
        added_by_id: None,
        awaited: false,
    };
    let mut party = Party::with_tracks(vec![track("b.wav"), track("a.wav")]);
    let heard = party.join(1, Role::Viewer, EVERYTHING);
    let (b, a) = (blake3::hash(b"b.wav"), blake3::hash(b"a.wav"));
    let expected = format!(
        r#"to 1: {{"type":"QUEUE","room":"jam1","tracks":[{{"track_id":"{b}","name":"b.wav","bytes":5,"content_type":"audio/wav"}},{{"track_id":"{a}","name":"a.wav","bytes":5,"content_type":"audio/wav"}}]}}"#
    );
    assert_eq!(heard[5], expected);
}

#[test]
fn a_view_from_outside_shows_who_is_here_without_joining() {
    let mut party = Party::new();
    assert_eq!(party.room.view(NOON + 1.0).host, None);
    party.join(1, Role::Viewer, NOTHING);
    party.join(2, Role::Host, NOTHING);
    let view = party.room.view(NOON + 1.0);
    assert_eq!(
        (view.room.as_str(), view.total, view.members.len()),
        ("jam1", 2, 2)
    );
    assert_eq!(view.host.as_deref(), Some("Name 2"));
    assert_eq!(view.guests, Guests::Nothing);
    assert_eq!(view.server_time, NOON + 1.0);
    assert_eq!(view.state, *party.room.state());
    assert_eq!(party.room.members().len(), 2);
}

#[test]
fn members_that_asked_for_nothing_more_receive_only_the_basic_types() {
    use jam::room::kind::Kind;
    for (kind, wants) in [
        (
            Kind::Queue,
            Wants {
                queue: true,
                ..NOTHING
            },
        ),
        (
            Kind::Members,
            Wants {
                members: true,
                ..NOTHING
            },
        ),
        (
            Kind::Played,
            Wants {
                history: true,
                ..NOTHING
            },
        ),
        (
            Kind::Swarm,
            Wants {
                swarm: true,
                ..NOTHING
            },
        ),
    ] {
        assert!(!NOTHING.receives(kind) && wants.receives(kind), "{kind:?}");
    }
    for kind in [Kind::State, Kind::Peers, Kind::Single] {
        assert!(NOTHING.receives(kind), "{kind:?}");
    }
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    let mut outputs: Vec<Output> = Vec::new();
    party.room.tick(party.now + 1.0, &mut outputs);
    let [Output::Broadcast { message, .. }] = outputs.as_slice() else {
        panic!("MEMBERS, and nothing else: {outputs:?}");
    };
    assert_eq!(
        message.kind(),
        Kind::Members,
        "by its kind the senders know who asked for it"
    );
}

#[test]
fn what_a_member_says_after_it_left_is_as_if_it_was_never_said() {
    let mut party = Party::new();
    party.join(1, Role::Host, EVERYTHING);
    party.join(2, Role::Viewer, EVERYTHING);
    party.leave(1);
    party.wait(5.0);
    let before = party.state();
    let words: [&str; 6] = [
        r#"{"type":"PLAY","track_id":"t","offset_sec":0}"#,
        r#"{"type":"PAUSE","track_id":"t","offset_sec":0}"#,
        r#"{"type":"SIGNAL","to":"p2","blob":0}"#,
        r#"{"type":"ANNOUNCE","port":1}"#,
        r#"{"type":"HAVE_DELTA","indices":[0]}"#,
        r#"{"type":"REPORT","rtt_ms":900}"#,
    ];
    for said in words {
        assert_eq!(party.say(1, said), [""; 0], "{said}");
    }
    assert_eq!(party.wait(100.0), [""; 0]);
    assert_eq!(party.state(), before);
}

#[test]
fn a_message_for_the_room_can_be_built_without_its_json() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    let message = RoomMessage::HaveDelta(vec![u32::MAX]);
    party.say(1, r#"{"type":"ANNOUNCE","port":1}"#);
    let heard = party.handle(Input::Say {
        member: MemberId(1),
        message,
    });
    assert!(heard[0].contains("indices has 4294967295"), "{heard:?}");
}
