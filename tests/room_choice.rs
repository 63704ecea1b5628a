//! Whom PEERS lists in a room with more nodes than it has room for.

use crate::common::random;
use crate::common::room_nodes;
use crate::common::room_party;

use jam::limits::{NODES_MAX, PEERS_LISTED_MAX};
use jam::room::choice::{Candidate, Receiver, choose};
use jam::room::members::MemberId;
use jam::room::message::Role;
use jam::track::id::TrackId;
use random::for_each_seed;
use room_nodes::{node_id, track};
use room_party::{NOTHING, Party};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn id(number: usize) -> TrackId {
    TrackId::parse(&track(number)).expect("an id")
}

fn plain(number: u64) -> Candidate {
    Candidate {
        id: MemberId(number),
        may_be_dialled: true,
        holds_current: false,
        track_id: None,
    }
}

fn receiver(number: u64) -> Receiver {
    Receiver {
        id: Some(MemberId(number)),
        track_id: None,
    }
}

fn numbers(chosen: Vec<MemberId>) -> Vec<u64> {
    chosen.into_iter().map(|MemberId(number)| number).collect()
}

#[test]
fn all_the_others_are_listed_as_long_as_there_is_room_for_them() {
    for count in [0, 1, 99, 100, 101] {
        let all: Vec<Candidate> = (0..count).map(plain).collect();
        let others: Vec<u64> = (0..count).filter(|&number| number != 7).collect();
        let chosen = numbers(choose(&all, receiver(7), 100));
        assert_eq!(chosen, others, "{count}");
    }
}

#[test]
fn whatever_the_room_the_list_is_full_and_has_nobody_twice_and_never_the_receiver() {
    for_each_seed(200, |random| {
        let count = 1 + random.below(400) as u64;
        let all: Vec<Candidate> = (0..count)
            .map(|number| Candidate {
                may_be_dialled: !random.one_in(3),
                holds_current: random.one_in(3),
                track_id: random.one_in(2).then(|| id(random.below(3))),
                ..plain(number)
            })
            .collect();
        let own = random.below(count as usize) as u64;
        let to = Receiver {
            track_id: random.one_in(2).then(|| id(random.below(3))),
            ..receiver(own)
        };
        let max = 1 + random.below(120);
        let chosen = numbers(choose(&all, to, max));
        assert_eq!(chosen.len(), max.min(count as usize - 1));
        assert!(chosen.is_sorted_by(|a, b| a < b) && !chosen.contains(&own));
        assert_eq!(numbers(choose(&all, to, max)), chosen, "the same each time");
        // Nobody who is left out would have been more use than somebody who is in.
        let use_of = |candidate: &Candidate| {
            let shares = to.track_id.is_some() && candidate.track_id == to.track_id;
            (candidate.may_be_dialled, candidate.holds_current, shares)
        };
        let (inside, outside): (Vec<_>, Vec<_>) = all
            .iter()
            .filter(|candidate| candidate.id.0 != own)
            .partition(|candidate| chosen.contains(&candidate.id.0));
        let least = inside.into_iter().map(use_of).min();
        let most = outside.into_iter().map(use_of).max();
        assert!(most.is_none() || most <= least, "{most:?} {least:?}");
    });
}

#[test]
fn nodes_between_them_are_told_of_everybody_and_each_is_told_about_equally_often() {
    const COUNT: u64 = 1000;
    let all: Vec<Candidate> = (1..=COUNT).map(plain).collect();
    let mut times = vec![0_usize; COUNT as usize + 1];
    let mut lists = BTreeSet::new();
    for number in 1..=COUNT {
        let chosen = numbers(choose(&all, receiver(number), 100));
        for &other in &chosen {
            times[other as usize] += 1;
        }
        lists.insert(chosen);
    }
    assert_eq!(lists.len() as u64, COUNT, "everybody has another list");
    // 100 on average; by chance alone nobody would be further from it than 5 times the deviation of 9.5.
    let (least, most) = (times[1..].iter().min(), times[1..].iter().max());
    assert!(
        least >= Some(&52) && most <= Some(&148),
        "{least:?} {most:?}"
    );
}

#[test]
fn a_swarm_that_knows_only_its_lists_hangs_together() {
    let all: Vec<Candidate> = (1..=1000).map(plain).collect();
    let mut reached = BTreeSet::from([1]);
    let mut next = vec![1];
    while let Some(number) = next.pop() {
        for other in numbers(choose(&all, receiver(number), 20)) {
            if reached.insert(other) {
                next.push(other);
            }
        }
    }
    assert_eq!(reached.len(), 1000);
}

#[test]
fn somebody_who_leaves_changes_one_place_of_a_list_and_no_more() {
    let all: Vec<Candidate> = (1..=1000).map(plain).collect();
    let before: BTreeSet<u64> = numbers(choose(&all, receiver(1), 100))
        .into_iter()
        .collect();
    for gone in [2, 500, 1000] {
        let left: Vec<Candidate> = all.iter().copied().filter(|c| c.id.0 != gone).collect();
        let after: BTreeSet<u64> = numbers(choose(&left, receiver(1), 100))
            .into_iter()
            .collect();
        assert_eq!(
            before.difference(&after).count(),
            usize::from(before.contains(&gone))
        );
    }
}

// ---- in a room -----------------------------------------------------------------------------------

fn announce(
    party: &mut Party,
    member: u64,
    port: u16,
    track_id: usize,
    have: u32,
    whole: &[usize],
) -> Value {
    let whole: Vec<String> = whole.iter().map(|&number| track(number)).collect();
    let text = json!({
        "type": "ANNOUNCE", "port": port, "node_id": node_id(member as usize), "track_id": track(track_id),
        "total_chunks": 64, "have_count": have, "track_ids": whole,
    });
    let heard = party.say(member, &text.to_string());
    let (_, peers) = heard[0].split_once(": ").expect("a message");
    serde_json::from_str(peers).expect("JSON")
}

fn listed(peers: &Value) -> Vec<u64> {
    let peers = peers["peers"].as_array().expect("a list");
    let ids = peers
        .iter()
        .map(|peer| peer["peer_id"].as_str().expect("an id"));
    ids.map(|id| id[1..].parse().expect("a number")).collect()
}

/// Nodes 1 to 300, the host is 1000 and plays track 0. Everybody fetches track 9 and has nothing of track 0.
fn crowd() -> Party {
    let mut party = Party::new();
    party.join(1000, Role::Host, NOTHING);
    let play = json!({ "type": "PLAY", "track_id": track(0), "offset_sec": 0 });
    party.say(1000, &play.to_string());
    for member in 1..=300 {
        party.join(member, Role::Viewer, NOTHING);
        announce(&mut party, member, 9003, 9, 0, &[]);
    }
    party
}

#[test]
fn who_holds_what_plays_is_in_every_list_and_who_cannot_be_dialled_in_none() {
    let mut party = crowd();
    // Part of the current track, all of it, nothing of it, and all of it behind a firewall or without a port.
    announce(&mut party, 297, 9003, 0, 1, &[]);
    announce(&mut party, 298, 9003, 8, 0, &[0]);
    announce(&mut party, 299, 9003, 0, 0, &[]);
    announce(&mut party, 300, 9003, 0, 64, &[0]);
    announce(&mut party, 296, 0, 0, 64, &[0]);
    party.wait(0.0);
    party.room.dialled(party.now, MemberId(300), 9003, false);
    let mut seen = BTreeSet::new();
    for member in 1..=60 {
        let list = listed(&announce(&mut party, member, 9003, 7, 0, &[]));
        assert_eq!(list.len(), PEERS_LISTED_MAX);
        assert!(list.contains(&297) && list.contains(&298), "{list:?}");
        assert!(!list.contains(&300) && !list.contains(&296), "{list:?}");
        seen.extend(list);
    }
    assert_eq!(seen.len(), 298, "all others are somewhere");
}

#[test]
fn who_fetches_the_same_track_comes_before_others_whatever_plays() {
    let mut party = crowd();
    for member in 1..=20 {
        announce(&mut party, member, 9003, 3, 5, &[]);
    }
    let list = listed(&announce(&mut party, 21, 9003, 3, 0, &[]));
    let others: Vec<u64> = (1..=20).collect();
    assert_eq!(list[..20], others);
}

#[test]
fn the_answer_to_an_announcement_is_the_list_that_is_pushed() {
    let mut party = crowd();
    party.wait(0.0);
    let answered = listed(&announce(&mut party, 5, 9003, 9, 0, &[]));
    announce(&mut party, 7, 9003, 9, 1, &[]);
    let pushed = party.wait(5.0);
    let own = pushed.iter().find(|line| line.starts_with("to 5: "));
    let (_, own) = own.expect("a list").split_once(": ").expect("a message");
    let own: Value = serde_json::from_str(own).expect("JSON");
    assert_eq!(listed(&own), answered);
}

#[test]
fn lists_for_the_largest_room_are_chosen_in_no_time() {
    let all: Vec<Candidate> = (0..NODES_MAX as u64).map(plain).collect();
    let lists = all
        .iter()
        .map(|own| choose(&all, receiver(own.id.0), PEERS_LISTED_MAX));
    let listed: usize = lists.map(|list| list.len()).sum();
    assert_eq!(listed, NODES_MAX * PEERS_LISTED_MAX);
}
