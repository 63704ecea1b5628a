//! The nodes of a room: what they announce, their links and their picture, what they offer, and whether they can
//! be dialled; in random walks beside a model, and the rules one by one.

use crate::common::random;
use crate::common::room_nodes;
use crate::common::room_party;
use crate::common::room_words;

use jam::identity::NodeId;
use jam::limits::{
    LINKS_MAX, NODE_TRACKS_MAX, OUTBOX_BYTES_MAX, PEERS_LISTED_MAX, PEERS_TRACKS_MAX,
    QUEUE_BYTES_MAX, QUEUE_TRACKS_MAX, ROOM_MESSAGE_BYTES_MAX, SWARM_LISTED_MAX,
};
use jam::room::event::{Input, Newcomer, Output, ServerNode};
use jam::room::held::Held;
use jam::room::key::Keys;
use jam::room::members::MemberId;
use jam::room::message::{ClientMessage, Hello, QueueTrack, Role, ServerMessage, Wants};
use jam::room::pace::{Pace, Rates, Verdict, cost};
use jam::room::parse::parse_message;
use jam::track::id::TrackId;
use random::{Random, for_each_seed};
use room_nodes::{Act, Announcing, Nodes, digits, node_id, track};
use room_party::{EVERYTHING, NOTHING, Party, types};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

// ---- the strip of digits -------------------------------------------------------------------------

#[test]
fn the_map_of_every_small_set_of_chunks_is_what_counting_each_part_gives() {
    for total in 1..=9_u32 {
        for bits in 0..1_u32 << total {
            let chunks: BTreeSet<u32> = (0..total).filter(|chunk| bits >> chunk & 1 == 1).collect();
            for have in 0..=total + 1 {
                assert_map(total, have, &chunks);
            }
        }
    }
}

#[test]
fn the_map_of_longer_tracks_is_what_counting_each_part_gives() {
    for total in (1..300).chain([511, 512, 513, 4095, 4096, 4097]) {
        for have in [0, 1, total / 3, total - 1, total] {
            assert_map(total, have, &BTreeSet::new());
        }
    }
    for_each_seed(400, |random| {
        let total = 1 + u32::try_from(random.below(700)).expect("small");
        let density = 1 + random.below(9);
        let chunks = (0..total).filter(|_| random.below(10) < density).collect();
        let have = u32::try_from(random.below(total as usize + 2)).expect("small");
        assert_map(total, have, &chunks);
    });
}

fn assert_map(total: u32, have: u32, chunks: &BTreeSet<u32>) {
    let list: Vec<u32> = chunks.iter().copied().collect();
    let mut held = Held::default();
    assert_eq!(held.add(&list) as usize, list.len());
    let have = have.max(held.count());
    let expected = digits(total, have, chunks);
    assert_eq!(
        held.map(total, have).as_ref(),
        Some(&expected),
        "{total} {have} {chunks:?}"
    );
    assert_eq!(expected.contains(|c| c != '9'), have < total);
    let mut bytes = vec![0; total.div_ceil(8) as usize + 1];
    for chunk in list {
        bytes[chunk as usize / 8] |= 0x80 >> (chunk % 8);
    }
    // What stands behind the last chunk is not one.
    bytes.push(0xff);
    assert_eq!(Held::of_bitfield(total, &bytes), held);
    assert_eq!(
        Held::of_bitfield(total, &bytes[..total as usize / 16]).count() as usize,
        {
            let cut = total / 16 * 8;
            chunks.iter().filter(|&&chunk| chunk < cut).count()
        }
    );
}

#[test]
fn the_map_of_the_longest_track_is_drawn_in_no_time() {
    const CHUNKS: u32 = jam::limits::CHUNKS_MAX;
    let mut held = Held::default();
    held.add(&(0..CHUNKS).step_by(2).collect::<Vec<_>>());
    assert_eq!(held.map(CHUNKS, CHUNKS / 2), Some("5".repeat(64)));
    assert_eq!(held.map(CHUNKS, CHUNKS), Some("9".repeat(64)));
    assert_eq!(held.map(CHUNKS, CHUNKS - 1), Some("9".repeat(63) + "8"));
    assert_eq!(
        Held::default().map(CHUNKS, CHUNKS / 2),
        Some("9".repeat(32) + &"0".repeat(32))
    );
    assert_eq!(held.map(0, 0), None);
}

// ---- random walks --------------------------------------------------------------------------------

#[test]
fn random_walks_of_nodes_keep_the_rules() {
    let mut seen = BTreeSet::new();
    let mut walks = 0;
    for_each_seed(60, |random| {
        let mut nodes = Nodes::new();
        for _ in 0..150 {
            let act = any_act(&nodes, random);
            nodes.take(act);
        }
        nodes.settle();
        seen.extend(nodes.seen);
        walks += 1;
    });
    if walks > 1 {
        let expected = [
            "arrived",
            "dialable",
            "dialled again",
            "expired",
            "not dialable",
            "offer of a stranger",
            "refused",
            "swarm",
            "want",
        ];
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
    }
}

fn any_act(nodes: &Nodes, random: &mut Random) -> Act {
    let ids = nodes.ids();
    if ids.is_empty() || ids.len() < 7 && random.one_in(8) {
        return Act::Join {
            host: !nodes.has_host() && random.one_in(3),
            ip: random
                .pick(&["127.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "fd00::7"])
                .parse()
                .expect("an address"),
            relayed: random.one_in(5),
            node: random.one_in(2),
            watches: random.one_in(3),
        };
    }
    let id = *random.pick(&ids);
    let number = |random: &mut Random| random.below(3);
    let chunks = |random: &mut Random| u32::try_from(random.below(40)).expect("small");
    match random.below(27) {
        0 => Act::Leave(id),
        1..=6 => Act::Announce(id, any_announcement(random)),
        7..=9 => Act::Delta(id, (0..random.below(6)).map(|_| chunks(random)).collect()),
        10..=12 => {
            let from = (0..random.below(4))
                .map(|_| (Some(random.below(4)).filter(|n| *n > 0), chunks(random) / 2));
            let from = from.collect();
            let unreachable = (0..random.below(3)).map(|_| random.below(4)).collect();
            Act::Links(id, number(random), from, unreachable)
        }
        13 | 14 => {
            let port = if random.one_in(6) {
                9
            } else {
                nodes.port_of(id)
            };
            Act::Dialled(id, port, random.one_in(3))
        }
        15..=17 => Act::Offer {
            id,
            track: number(random),
            server_has_it: random.one_in(4),
        },
        18 => Act::Remove(id, number(random)),
        19 => Act::Arrived(number(random)),
        20 => Act::Server(random.one_in(4).then(|| {
            let total = 1 + chunks(random);
            let held = (0..total).filter(|_| random.one_in(2)).collect();
            (
                number(random),
                total,
                held,
                vec![(random.below(4), chunks(random))],
            )
        })),
        21 => Act::Wait(random.below(1_000_000) as f64 / 1e6),
        22 => Act::Wait(*random.pick(&[0.25, 1.0, 2.0, 20.0, 59.0, 60.0, 61.0])),
        23 => Act::Refused(number(random)),
        _ => Act::Wait(random.below(50) as f64 / 1e3),
    }
}

fn any_announcement(random: &mut Random) -> Announcing {
    let maybe =
        |random: &mut Random, below: usize| (!random.one_in(4)).then(|| random.below(below));
    let small = |number: usize| u32::try_from(number).expect("small");
    let mut whole: Vec<usize> = (0..3).collect();
    whole.retain(|_| random.one_in(3));
    Announcing {
        port: *random.pick(&[0, 7401, 7401, 7402]),
        node: maybe(random, 4),
        track: maybe(random, 3),
        total: random
            .pick(&[None, Some(0), Some(8), Some(40), Some(40)])
            .to_owned(),
        have: maybe(random, 42).map(small),
        whole,
    }
}

// ---- the rules, one by one -----------------------------------------------------------------------

fn watcher() -> Wants {
    Wants {
        swarm: true,
        ..NOTHING
    }
}

fn announce(number: usize) -> String {
    json!({
        "type": "ANNOUNCE", "port": 7400 + number, "node_id": node_id(number), "track_id": track(0),
        "total_chunks": 320, "chunk_size": 16384, "have_count": 0,
    })
    .to_string()
}

fn last_json(lines: &[String]) -> Value {
    let line = lines.last().expect("something is said");
    let (_, text) = line.split_once(": ").expect("a message");
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_basic_client_among_nodes_gets_basic_types_and_new_fields_inside_peers_alone() {
    let mut party = Party::new();
    party.join(1, Role::Host, EVERYTHING);
    let mut heard = party.join(2, Role::Viewer, NOTHING);
    let node = Hello {
        role: Role::Viewer,
        display_name: None,
        wants: EVERYTHING,
        node: true,
        token: None,
        keys: Keys::default(),
    };
    party.join_with(3, node);
    party.say(3, &announce(3));
    party.say(3, r#"{"type":"HAVE_DELTA","indices":[0,1]}"#);
    party.say(
        3,
        &format!(
            r#"{{"type":"LINKS","track_id":"{}","received":[["{}",2]]}}"#,
            track(0),
            node_id(1)
        ),
    );
    party.room.dialled(party.now, MemberId(3), 7403, false);
    for _ in 0..100 {
        party.now += 0.05;
        let mut outputs = Vec::new();
        party.room.tick(party.now, &mut outputs);
        heard.extend(outputs.iter().filter_map(|output| match output {
            Output::Broadcast { message, except }
                if NOTHING.receives(message.kind()) && !except.contains(&MemberId(2)) =>
            {
                Some(format!("to 2: {}", message.encode()))
            }
            Output::Send {
                to: MemberId(2),
                message,
            } => Some(format!("to 2: {}", message.encode())),
            _ => None,
        }));
    }
    let mut kinds = types(&heard);
    kinds.dedup();
    assert_eq!(kinds, ["admit", "STATE", "PEER", "PEERS"]);
    let peers = last_json(&heard);
    let fields = |value: &Value| {
        value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(fields(&peers), ["interval_sec", "peers", "room", "type"]);
    let basic = [
        "peer_id",
        "ip",
        "port",
        "have_count",
        "display_name",
        "is_host",
    ];
    let entry = &peers["peers"][0];
    assert!(
        basic.iter().all(|field| entry.get(field).is_some()),
        "{entry}"
    );
    assert_eq!(
        (&entry["port"], &entry["have_count"]),
        (&7403.into(), &2.into())
    );
}

#[test]
fn a_basic_node_is_told_of_others_exactly_what_it_was_told_before_there_were_swarms() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, NOTHING);
    party.join(2, Role::Viewer, NOTHING);
    party.say(
        1,
        r#"{"type":"ANNOUNCE","port":9003,"total_chunks":120,"chunk_size":4096,"have_count":0}"#,
    );
    assert_eq!(
        party.say(2, r#"{"type":"ANNOUNCE","port":0}"#),
        [
            r#"to 2: {"type":"PEERS","room":"jam1","peers":[{"peer_id":"p1","ip":"127.0.0.1","port":9003,"have_count":0,"display_name":"Name 1","is_host":false,"total_chunks":120,"chunk_size":4096}],"interval_sec":15}"#
        ]
    );
    // And nobody dials it.
    let heard = party.wait(100.0);
    assert!(!types(&heard).contains(&"dial"), "{heard:?}");
}

#[test]
fn the_swarm_key_is_told_to_those_alone_who_asked_for_it() {
    let mut party = Party::new();
    let key = "a5".repeat(32);
    for (id, wants, has_key) in [
        (1, NOTHING, false),
        (
            2,
            Wants {
                welcome: true,
                ..NOTHING
            },
            false,
        ),
        (
            3,
            Wants {
                swarm: true,
                ..NOTHING
            },
            false,
        ),
        (
            4,
            Wants {
                welcome: true,
                swarm_key: true,
                ..NOTHING
            },
            true,
        ),
        (
            5,
            Wants {
                swarm_key: true,
                ..NOTHING
            },
            true,
        ),
    ] {
        let heard = party.join(id, Role::Viewer, wants).join("\n");
        assert_eq!(heard.contains(&key), has_key, "{heard}");
        let field = format!(r#""swarm":{{"key":"{key}","node_id":"5e5e5e5e5e5e5e5e"}}"#);
        assert_eq!(heard.contains(&field), has_key, "{heard}");
    }
}

#[test]
fn members_are_marked_who_are_programs() {
    let mut party = Party::new();
    party.join(1, Role::Host, NOTHING);
    let hello = |node| Hello {
        role: Role::Viewer,
        display_name: None,
        wants: EVERYTHING,
        node,
        token: None,
        keys: Keys::default(),
    };
    party.join_with(2, hello(true));
    let members = party.join_with(3, hello(false));
    let members = members
        .iter()
        .find(|line| line.contains("MEMBERS"))
        .expect("MEMBERS");
    let members: Value =
        serde_json::from_str(members.split_once(": ").expect("JSON").1).expect("JSON");
    let marks: Vec<&Value> = members["members"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|m| &m["node"])
        .collect();
    assert_eq!(marks, [&Value::Null, &true.into(), &Value::Null]);
}

#[test]
fn a_new_track_begins_without_chunks_and_without_links() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, watcher());
    for id in 2..=3 {
        party.join(id, Role::Viewer, NOTHING);
        party.say(id, &announce(id as usize));
    }
    party.say(2, r#"{"type":"HAVE_DELTA","indices":[0,1,2,3,4]}"#);
    let links = |number| {
        format!(
            r#"{{"type":"LINKS","track_id":"{}","received":[["{}",5]],"unreachable":["{}"]}}"#,
            track(number),
            node_id(3),
            node_id(3)
        )
    };
    party.say(2, &links(0));
    let entry = |party: &mut Party| last_json(&party.wait(1.0))["nodes"][0].clone();
    let before = entry(&mut party);
    assert_eq!(
        (&before["have_count"], &before["from"]),
        (&5.into(), &json!([["p3", 5]]))
    );
    assert_eq!(before["unreachable"], json!(["p3"]));
    assert_eq!(before["map"], "9".to_owned() + &"0".repeat(63));
    let other = announce(2).replace(&track(0), &track(1));
    party.say(2, &other);
    let after = entry(&mut party);
    assert_eq!(
        (&after["have_count"], &after["track_id"]),
        (&0.into(), &track(1).into())
    );
    assert_eq!((after.get("from"), after.get("unreachable")), (None, None));
    assert_eq!(after["map"], "0".repeat(64));
    let late = party.say(2, &links(0));
    assert!(
        late[0].contains("LINKS: track_id must be that of the last ANNOUNCE"),
        "{late:?}"
    );
}

#[test]
fn of_a_node_that_came_back_before_its_old_connection_was_missed_the_new_one_counts() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, watcher());
    for (id, number) in [(2, 7), (3, 7), (4, 8)] {
        party.join(id, Role::Viewer, NOTHING);
        party.say(id, &announce(number));
    }
    party.say(
        4,
        &format!(
            r#"{{"type":"LINKS","track_id":"{}","received":[["{}",5]]}}"#,
            track(0),
            node_id(7)
        ),
    );
    let swarm = last_json(&party.wait(1.0));
    assert_eq!(swarm["nodes"][2]["from"], json!([["p3", 5]]));
}

#[test]
fn nobody_passes_for_the_servers_node() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, watcher());
    party.join(2, Role::Viewer, NOTHING);
    party.join(3, Role::Viewer, NOTHING);
    let own = room_words::home().node_id.to_string();
    party.say(2, &announce(2).replace(&node_id(2), &own));
    party.say(3, &announce(3));
    party.say(
        3,
        &format!(
            r#"{{"type":"LINKS","track_id":"{}","received":[["{own}",5]]}}"#,
            track(0)
        ),
    );
    let swarm = last_json(&party.wait(1.0));
    assert_eq!(swarm["nodes"][1]["from"], json!([["server", 5]]));
}

#[test]
fn a_picture_costs_nothing_while_nobody_looks_and_comes_four_times_a_second_otherwise() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, NOTHING);
    party.say(1, &announce(1));
    let steps = |party: &mut Party| {
        let mut swarms = 0;
        for chunk in 0..100 {
            party.say(
                1,
                &format!(r#"{{"type":"HAVE_DELTA","indices":[{chunk}]}}"#),
            );
            party.say(
                1,
                &format!(
                    r#"{{"type":"LINKS","track_id":"{}","received":[["{}",{chunk}]]}}"#,
                    track(0),
                    node_id(2)
                ),
            );
            swarms += types(&party.wait(0.02))
                .iter()
                .filter(|kind| **kind == "SWARM")
                .count();
        }
        swarms
    };
    assert_eq!(steps(&mut party), 0);
    party.join(2, Role::Viewer, watcher());
    // Of the same track again nothing is news; another one is.
    party.say(1, &announce(1).replace(&track(0), &track(2)));
    party.say(1, &announce(1));
    let swarms = steps(&mut party);
    assert!((7..=9).contains(&swarms), "{swarms} in two seconds");
}

#[test]
fn the_largest_lists_have_room_in_an_outbox_beside_each_other() {
    let mut party = Party::new();
    let name = "\u{1f3b5}".repeat(40);
    for id in 1..=150_u64 {
        let hello = Hello {
            role: Role::Viewer,
            display_name: Some(name.clone()),
            wants: NOTHING,
            node: true,
            token: None,
            keys: Keys::default(),
        };
        party.handle(Input::Join(Newcomer {
            member: MemberId(id),
            token: room_words::token(id),
            peer_id: format!("p{id:012}"),
            ip: "fd00:1111:2222:3333:4444:5555:6666:7777"
                .parse()
                .expect("an address"),
            hello,
            relayed: false,
            proxied: false,
            upload_key: String::new(),
        }));
        let number = id as usize;
        let whole: Vec<String> = (0..NODE_TRACKS_MAX)
            .map(|n| track(number * 100 + n))
            .collect();
        let mut said: Value = serde_json::from_str(&announce(number)).expect("JSON");
        said["track_ids"] = json!(whole);
        said["total_chunks"] = json!(1_048_576);
        said["have_count"] = json!(1_000_000);
        party.say(id, &said.to_string());
        party.room.dialled(party.now, MemberId(id), 7400, false);
    }
    for id in 1..=150_u64 {
        let others = (1..=150).filter(|other| *other != id).take(LINKS_MAX);
        let received: Vec<Value> = others
            .clone()
            .map(|n| json!([node_id(n as usize), u32::MAX]))
            .collect();
        let unreachable: Vec<String> = others.map(|n| node_id(n as usize)).collect();
        let links = json!({"type": "LINKS", "track_id": track(0), "received": received, "unreachable": unreachable});
        assert_eq!(party.say(id, &links.to_string()), [""; 0]);
    }
    let swarm = party.join(200, Role::Viewer, watcher());
    let swarm = swarm.last().expect("SWARM");
    assert_eq!(swarm.matches(r#""peer_id""#).count(), SWARM_LISTED_MAX);
    let peers = party.say(1, &announce(1));
    assert_eq!(peers[0].matches(r#""peer_id""#).count(), PEERS_LISTED_MAX);
    let tracks: usize = last_json(&peers)["peers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|peer| peer["track_ids"].as_array().expect("some").len())
        .sum();
    assert!(
        tracks <= PEERS_TRACKS_MAX && tracks > PEERS_TRACKS_MAX / 2,
        "{tracks}"
    );
    let together = swarm.len() + peers[0].len() + QUEUE_BYTES_MAX;
    assert!(
        together < OUTBOX_BYTES_MAX,
        "SWARM {} PEERS {}",
        swarm.len(),
        peers[0].len()
    );
}

#[test]
fn a_few_nodes_have_all_their_tracks_and_links_told() {
    let mut party = Party::new();
    for id in 1..=3 {
        party.join(id, Role::Viewer, NOTHING);
        let mut said: Value = serde_json::from_str(&announce(id as usize)).expect("JSON");
        said["track_ids"] = (0..NODE_TRACKS_MAX)
            .map(|n| track(n + 1))
            .collect::<Vec<_>>()
            .into();
        party.say(id, &said.to_string());
    }
    let peers = last_json(&party.say(1, &announce(1)));
    for peer in peers["peers"].as_array().expect("a list") {
        assert_eq!(
            peer["track_ids"].as_array().expect("all").len(),
            NODE_TRACKS_MAX
        );
    }
}

#[test]
fn the_server_dials_no_faster_than_a_person_could_however_a_node_changes_its_port() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, NOTHING);
    let mut dials = 0;
    for step in 0..1000 {
        party.say(
            1,
            &format!(
                r#"{{"type":"ANNOUNCE","port":{},"node_id":"{}"}}"#,
                1 + step,
                node_id(1)
            ),
        );
        dials += types(&party.wait(0.02))
            .iter()
            .filter(|kind| **kind == "dial")
            .count();
    }
    assert!((9..=11).contains(&dials), "{dials} in 20 seconds");
}

#[test]
fn each_of_many_nodes_is_dialled_once_a_minute_while_it_fails() {
    let mut party = Party::new();
    let nodes = 200_u64;
    for id in 1..=nodes {
        party.join(id, Role::Viewer, NOTHING);
        party.say(id, &announce(1));
    }
    let mut dials = 0;
    for _ in 0..3 {
        for id in 1..=nodes {
            party.say(id, &announce(1));
            party.room.dialled(party.now, MemberId(id), 7401, false);
        }
        dials += types(&party.wait(40.0))
            .iter()
            .filter(|kind| **kind == "dial")
            .count();
    }
    assert_eq!(dials, 400, "twice in two minutes");
}

// ---- offers --------------------------------------------------------------------------------------

fn offered(number: usize, duration_sec: Option<f64>) -> QueueTrack {
    QueueTrack {
        track_id: TrackId::parse(&track(number)).expect("an id"),
        name: "song.mp3".into(),
        bytes: 5,
        content_type: "audio/mpeg",
        duration_sec,
        title: None,
        artist: None,
        album: None,
        cover: false,
        added_by: None,
        added_by_id: None,
        awaited: true,
    }
}

/// A room with a host, and a node at the same address that has announced track 0; it offers that.
fn party_with_offer() -> Party {
    let mut party = Party::new();
    party.join(1, Role::Host, EVERYTHING);
    let node = Hello {
        role: Role::Viewer,
        display_name: Some("Ana's laptop".into()),
        wants: NOTHING,
        node: true,
        token: None,
        keys: Keys::default(),
    };
    party.join_with(2, node);
    party.say(2, &announce(2));
    let heard = party.offer(2, offered(0, None));
    assert!(
        heard.iter().any(|line| line.starts_with("want ")),
        "{heard:?}"
    );
    party
}

#[test]
fn an_offered_track_is_listed_at_once_and_described_when_it_is_there() {
    let mut party = party_with_offer();
    let entry = |party: &Party| party.room.view(party.now).tracks[0].clone();
    assert!(entry(&party).awaited);
    // The host's page found out how long it is, from the node.
    party.say(
        1,
        &format!(
            r#"{{"type":"DURATION","track_id":"{}","duration_sec":61.5}}"#,
            track(0)
        ),
    );
    party.wait(1.0);
    let mut outputs = Vec::new();
    let told = QueueTrack {
        title: Some("Prelude".into()),
        cover: true,
        awaited: false,
        ..offered(0, Some(60.0))
    };
    party
        .room
        .track_arrived(party.now, told.clone(), &mut outputs);
    let expected = QueueTrack {
        duration_sec: Some(61.5),
        added_by: Some("Ana's laptop".into()),
        added_by_id: Some("p2".into()),
        ..told.clone()
    };
    assert_eq!(entry(&party), expected);
    assert_eq!(types(&party.wait(1.0)), ["QUEUE"]);
    // Once more, and of a track that is not there, it is no news.
    party.room.track_arrived(party.now, told, &mut outputs);
    party
        .room
        .track_arrived(party.now, offered(1, None), &mut outputs);
    assert_eq!(party.wait(1.0), [""; 0]);
}

#[test]
fn what_is_removed_or_uploaded_is_no_longer_awaited() {
    let mut party = party_with_offer();
    assert_eq!(party.room.wants().len(), 1);
    party.say(
        1,
        &format!(r#"{{"type":"REMOVE","track_id":"{}"}}"#, track(0)),
    );
    assert_eq!(party.room.wants(), []);
    party.offer(2, offered(0, None));
    assert_eq!(party.room.wants().len(), 1);
    let mut outputs = Vec::new();
    let uploaded = QueueTrack {
        added_by: Some("Name 1".into()),
        awaited: false,
        ..offered(0, Some(60.0))
    };
    assert!(
        party
            .room
            .add_uploaded(party.now, uploaded, &mut outputs)
            .is_ok()
    );
    assert_eq!(party.room.wants(), []);
    let entry = party.room.view(party.now).tracks[0].clone();
    assert_eq!(
        (entry.duration_sec, entry.added_by.as_deref()),
        (Some(60.0), Some("Ana's laptop"))
    );
}

#[test]
fn a_full_queue_takes_no_offer_and_an_arrival_that_has_no_room_for_its_tags_still_counts() {
    let mut party = party_with_offer();
    let long = |number: usize| QueueTrack {
        awaited: false,
        ..offered(number, Some(1.0))
    };
    for number in 1.. {
        let bytes = party
            .room
            .view(party.now)
            .tracks
            .iter()
            .map(|t| serde_json::to_string(t).expect("JSON").len())
            .sum::<usize>();
        if bytes + 400 > QUEUE_BYTES_MAX || number >= QUEUE_TRACKS_MAX {
            break;
        }
        let name = "n".repeat(120);
        party.add(
            1,
            QueueTrack {
                name: name.clone(),
                title: Some(name),
                ..long(number)
            },
            None,
        );
    }
    let heard = party.say(2, &announce(2).replace(&track(0), &track(9999)));
    assert_eq!(types(&heard), ["PEERS"]);
    let title = "\u{1f3b5}".repeat(120);
    let mut number = 10_000;
    while party.room.may_upload(&uploader()).is_ok() {
        party.add(1, long(number), None);
        number += 1;
    }
    party.add(
        1,
        QueueTrack {
            title: Some("x".into()),
            ..long(number)
        },
        None,
    );
    let refused = party.offer(
        2,
        QueueTrack {
            title: Some(title.clone()),
            ..offered(9999, None)
        },
    );
    assert!(refused[0].contains("ADD: the queue is full"), "{refused:?}");
    let mut outputs = Vec::new();
    let told = QueueTrack {
        title: Some(title),
        ..long(0)
    };
    party.room.track_arrived(party.now, told, &mut outputs);
    let entry = party.room.view(party.now).tracks[0].clone();
    assert_eq!((entry.awaited, entry.title), (false, None));
}

fn uploader() -> jam::room::upload::Uploader {
    jam::room::upload::Uploader {
        ip: "127.0.0.1".parse().expect("an address"),
        key: Some("key1".into()),
        relayed: false,
    }
}

#[test]
fn an_offer_says_whose_it_is_and_a_stranger_may_not() {
    // Host at one address, a node there, a node elsewhere, a node there through a proxy, a listener there.
    let here = "10.0.0.1";
    for (line, (ip, relayed, node, listener_here, allowed)) in [
        (here, false, true, false, true),
        ("10.0.0.2", false, true, false, false),
        (here, true, true, false, false),
        (here, false, true, true, false),
        (here, false, false, false, false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut party = Party::new();
        let mut join = |id, role, ip: &str, relayed, node| {
            let hello = Hello {
                role,
                display_name: None,
                wants: NOTHING,
                node,
                token: None,
                keys: Keys::default(),
            };
            party.handle(Input::Join(Newcomer {
                member: MemberId(id),
                token: room_words::token(id),
                peer_id: format!("p{id}"),
                ip: ip.parse().expect("an address"),
                hello,
                relayed,
                proxied: false,
                upload_key: String::new(),
            }));
        };
        join(1, Role::Host, here, false, false);
        join(2, Role::Viewer, ip, relayed, node);
        if listener_here {
            join(3, Role::Viewer, here, false, false);
        }
        party.say(2, &announce(2));
        let heard = party.offer(2, offered(0, None));
        let is_allowed = !heard
            .iter()
            .any(|line| line.contains("Only host can control"));
        assert_eq!(is_allowed, allowed, "line {line}: {heard:?}");
        // Without a host anybody may.
        party.leave(1);
        let heard = party.offer(2, offered(0, None));
        assert!(
            !heard.iter().any(|line| line.contains("ERROR")),
            "line {line}: {heard:?}"
        );
    }
}

// ---- pace and sizes ------------------------------------------------------------------------------

fn parsed(text: &str) -> ClientMessage {
    parse_message(text, room_words::ROOM).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_node_that_says_all_it_should_never_waits() {
    let mut pace = Pace::new(Rates::default());
    let delta = cost(Some(&parsed(r#"{"type":"HAVE_DELTA","indices":[1]}"#)));
    let links = cost(Some(&parsed(&format!(
        r#"{{"type":"LINKS","track_id":"{}"}}"#,
        track(0)
    ))));
    let said = cost(Some(&parsed(&announce(1))));
    for step in 0..100_000 {
        // In tenths of a second: five deltas, two LINKS, and an announcement a second.
        let spent = if step % 2 == 0 { delta } else { 0.0 }
            + if step % 5 == 0 { links } else { 0.0 }
            + if step % 10 == 0 { said } else { 0.0 };
        let verdict = pace.pay(Duration::from_millis(100), spent, 1000.0);
        assert_eq!(verdict, Verdict::Wait(Duration::ZERO));
    }
}

#[test]
fn a_batch_of_thousands_of_chunks_is_one_message() {
    // A 64 MiB file in chunks of 16 KiB, all of it at once.
    let indices: Vec<u32> = (0..4096).collect();
    let text = json!({"type": "HAVE_DELTA", "indices": indices}).to_string();
    assert!(text.len() < ROOM_MESSAGE_BYTES_MAX / 2, "{}", text.len());
    let mut party = Party::new();
    party.join(1, Role::Viewer, watcher());
    party.say(1, &announce(1).replace("320", "4096"));
    party.say(1, &text);
    let swarm = last_json(&party.wait(1.0));
    assert_eq!(swarm["nodes"][0]["map"], "9".repeat(64));
}

#[test]
fn the_servers_own_node_stands_first_and_goes_when_it_has_nothing_to_do() {
    let mut party = Party::new();
    party.join(1, Role::Viewer, watcher());
    party.say(1, &announce(1));
    party.wait(1.0);
    let node = ServerNode {
        track_id: TrackId::parse(&track(0)).expect("an id"),
        total_chunks: 16,
        chunk_size: 16384,
        have_count: 8,
        held: vec![0xff, 0],
        received: vec![(NodeId::parse(&node_id(1)).expect("an id"), 8)],
        unreachable: Vec::new(),
    };
    party.room.set_server_node(party.now, Some(node.clone()));
    let swarm = last_json(&party.wait(1.0));
    let expected = json!({
        "peer_id": "server", "name": "Server", "track_id": track(0), "total_chunks": 16, "chunk_size": 16384,
        "have_count": 8, "map": "9".repeat(32) + &"0".repeat(32), "dialable": true, "server": true,
        "from": [["p1", 8]],
    });
    assert_eq!(swarm["nodes"][0], expected);
    party.room.set_server_node(party.now, Some(node));
    assert_eq!(party.wait(1.0), [""; 0], "the same again is no news");
    party.room.set_server_node(party.now, None);
    let swarm = last_json(&party.wait(1.0));
    assert_eq!(swarm["nodes"].as_array().expect("a list").len(), 1);
    let message: ServerMessage = ServerMessage::Swarm {
        room: "jam1".into(),
        nodes: Vec::new(),
    };
    assert!(message.kind().replaces_unsent());
}
