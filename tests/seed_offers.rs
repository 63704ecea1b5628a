//! What a seed offers to its room, and when it does so again.

use jam::client::messages::Track;
use jam::client::outgoing::Offer;
use jam::commands::offers::Offers;
use jam::identity::NodeId;

const FIRST: Option<NodeId> = Some(NodeId([1; 8]));
const SECOND: Option<NodeId> = Some(NodeId([2; 8]));

fn offers(names: &[&str]) -> Offers {
    let mut offers = Offers::default();
    for &name in names {
        let offer = Offer {
            name: name.into(),
            bytes: 5,
            content_type: "audio/wav",
        };
        offers.add(name.into(), offer);
    }
    offers
}

fn next(offers: &Offers) -> Vec<String> {
    offers
        .next(usize::MAX)
        .into_iter()
        .map(|(id, _)| id)
        .collect()
}

fn tell(offers: &mut Offers) -> Vec<String> {
    let told = next(offers);
    for id in &told {
        offers.told(id);
    }
    told
}

fn queue(ids: &[&str]) -> Vec<Track> {
    let track = |id: &&str| Track {
        track_id: (*id).into(),
        name: (*id).into(),
        bytes: 5,
        duration_sec: None,
        ..Track::default()
    };
    ids.iter().map(track).collect()
}

#[test]
fn each_is_told_once_and_as_many_at_a_time_as_there_is_room_for() {
    let mut offers = offers(&["a", "b", "c"]);
    offers.joined(FIRST);
    assert_eq!(offers.next(2).len(), 2);
    offers.told("a");
    assert_eq!(next(&offers), ["b", "c"]);
    assert_eq!(tell(&mut offers), ["b", "c"]);
    assert_eq!(next(&offers), [""; 0]);
}

#[test]
fn what_the_queue_has_had_is_not_offered_to_the_same_server_again() {
    let mut offers = offers(&["a", "b"]);
    offers.joined(FIRST);
    tell(&mut offers);
    assert_eq!(offers.listed(&queue(&["x", "a"])), 1);
    assert_eq!(offers.listed(&queue(&["a"])), 0);
    // Somebody takes it out while the connection is lost, or before.
    offers.listed(&queue(&[]));
    offers.joined(FIRST);
    assert_eq!(tell(&mut offers), ["b"], "nobody knows whether that came");
}

#[test]
fn a_server_that_was_started_again_is_offered_everything() {
    let mut offers = offers(&["a", "b"]);
    offers.joined(FIRST);
    tell(&mut offers);
    offers.listed(&queue(&["a", "b"]));
    assert!(offers.refused("b"));
    offers.joined(SECOND);
    assert_eq!(tell(&mut offers), ["a", "b"]);
    assert!(offers.refused("b"), "it says so for the first time");
}

#[test]
fn what_the_server_cannot_take_is_news_once() {
    let mut offers = offers(&["a"]);
    offers.joined(FIRST);
    tell(&mut offers);
    assert!(offers.refused("a"));
    assert!(!offers.refused("a"));
    offers.joined(FIRST);
    assert_eq!(next(&offers), [""; 0]);
    assert!(!offers.refused("a"));
    assert!(offers.refused("of somebody else"));
}

#[test]
fn what_stands_in_the_queue_before_it_was_offered_is_offered_all_the_same() {
    let mut offers = offers(&["a"]);
    offers.listed(&queue(&["a"]));
    offers.joined(FIRST);
    offers.listed(&queue(&["a"]));
    assert_eq!(tell(&mut offers), ["a"]);
}

#[test]
fn a_server_without_a_node_is_offered_everything_whenever_it_is_joined() {
    let mut offers = offers(&["a"]);
    for _ in 0..3 {
        offers.joined(None);
        assert_eq!(tell(&mut offers), ["a"]);
        offers.listed(&queue(&["a"]));
        assert!(offers.refused("a"));
    }
}
