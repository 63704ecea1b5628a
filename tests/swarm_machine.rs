//! What a node decides about a swarm: long random walks beside a plain model, and the rules one by one.

use crate::common::random;

use jam::limits::{SWARM_BOOK_MAX, SWARM_IN_FLIGHT_MAX, SWARM_MESH_MAX, SWARM_PARTNERS};
use jam::swarm::bitfield::Bitfield;
use jam::swarm::book::Book;
use jam::swarm::frame::{NodeId, Want};
use jam::swarm::machine::{LinkKey, Order, Step, Swarm, Violation};
use jam::swarm::pass::Pass;
use jam::swarm::window::{Timing, Window};
use random::{Random, for_each_seed};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

fn node(number: u64) -> NodeId {
    NodeId(number.to_be_bytes())
}

fn bits(count: u32, ones: impl IntoIterator<Item = u32>) -> Bitfield {
    let mut bits = Bitfield::new(count);
    for index in ones {
        bits.set(index);
    }
    bits
}

// ---- a walk beside a model -----------------------------------------------------------------------

#[derive(Default)]
struct ModelPeer {
    has: BTreeSet<u32>,
    connections: usize,
    /// What we told it: on its way, or heard.
    told: BTreeSet<u32>,
}

struct ModelLink {
    node: u64,
    asked: VecDeque<(Want, f64)>,
}

struct Walk {
    swarm: Swarm,
    count: u32,
    now: f64,
    held: BTreeSet<u32>,
    /// Held from the start.
    resumed: BTreeSet<u32>,
    peers: BTreeMap<u64, ModelPeer>,
    links: BTreeMap<u64, ModelLink>,
    next_link: u64,
}

impl Walk {
    fn new(random: &mut Random) -> Self {
        let count = 1 + random.below(70) as u32;
        let held: BTreeSet<u32> = (0..count).filter(|_| random.one_in(8)).collect();
        let order = match random.below(3) {
            0 => Order::Playback(random.next() as u32),
            _ => Order::RarestFirst,
        };
        let start = random.next() as u32;
        Self {
            swarm: Swarm::new(bits(count, held.iter().copied()), start, order, None),
            count,
            now: 0.0,
            resumed: held.clone(),
            held,
            peers: BTreeMap::new(),
            links: BTreeMap::new(),
            next_link: 0,
        }
    }

    fn connect(&mut self, random: &mut Random, number: u64) {
        let more: BTreeSet<u32> = match random.below(4) {
            0 => (0..self.count).collect(),
            _ => (0..self.count).filter(|_| random.one_in(2)).collect(),
        };
        let peer = self.peers.entry(number).or_default();
        peer.has.extend(&more);
        peer.connections += 1;
        if peer.connections == 1 {
            peer.told = self.held.clone();
        }
        let has = bits(self.count, more);
        self.swarm
            .connect(node(number), &has, self.swarm.gains().len());
        self.next_link += 1;
        self.swarm
            .begin_asking(LinkKey(self.next_link), node(number));
        let (node, asked) = (number, VecDeque::new());
        self.links.insert(self.next_link, ModelLink { node, asked });
    }

    fn lose(&mut self, link: u64) {
        let number = self.links.remove(&link).expect("there").node;
        self.swarm.end_asking(LinkKey(link));
        self.swarm.disconnect(node(number));
        let peer = self.peers.get_mut(&number).expect("there");
        peer.connections -= 1;
        peer.told.clear();
        if peer.connections == 0 {
            self.peers.remove(&number);
        }
    }

    fn asked_elsewhere(&self, link: u64, index: u32) -> usize {
        let others = self.links.iter().filter(|&(&other, _)| other != link);
        let asks = |&(want, _): &(Want, f64)| want == Want::Chunk(index);
        others.filter(|(_, it)| it.asked.iter().any(asks)).count()
    }

    fn ask(&mut self, link: u64) {
        let number = self.links[&link].node;
        match self.swarm.next(self.now, LinkKey(link)) {
            Step::Ask(want) => {
                let has = &self.peers[&number].has;
                match want {
                    Want::Chunk(index) => {
                        assert!(has.contains(&index), "it lacks {index}");
                        assert!(!self.held.contains(&index), "{index} is here");
                        if self.asked_elsewhere(link, index) > 0 {
                            self.assert_late(link, index);
                        }
                        let own = &self.links[&link].asked;
                        assert!(own.iter().all(|&(asked, _)| asked != want), "twice of one");
                    }
                    Want::Any => assert_eq!(has.len(), self.count as usize, "no seed"),
                    Want::News => assert!(has.len() < self.count as usize, "a seed has no news"),
                }
                let it = self.links.get_mut(&link).expect("there");
                it.asked.push_back((want, self.now));
                assert!(it.asked.len() <= SWARM_IN_FLIGHT_MAX);
            }
            Step::Read => assert!(!self.links[&link].asked.is_empty(), "would wait for ever"),
            Step::Rest(_) => assert!(self.links[&link].asked.is_empty()),
            Step::Done => assert_eq!(self.held.len(), self.count as usize),
        }
    }

    /// A second request for a chunk: nothing else may be left to ask, and the first is no news.
    fn assert_late(&self, link: u64, index: u32) {
        let has = &self.peers[&self.links[&link].node].has;
        let own = &self.links[&link].asked;
        for &other in has.difference(&self.held) {
            let asked = own.iter().any(|&(want, _)| want == Want::Chunk(other));
            assert!(
                asked || self.asked_elsewhere(link, other) > 0,
                "{other} is free, not {index}"
            );
        }
        let all = self.links.values().flat_map(|it| &it.asked);
        let first = all.filter(|&&(want, _)| want == Want::Chunk(index));
        let since = first.map(|&(_, at)| at).fold(f64::MAX, f64::min);
        assert!(self.now - since > 0.005, "it was asked just now");
    }

    fn answer(&mut self, random: &mut Random, link: u64) {
        let it = self.links.get_mut(&link).expect("there");
        let Some(&(want, asked_at)) = it.asked.front() else {
            return;
        };
        let number = it.node;
        if random.one_in(15) {
            return self.misbehave(random, link, want);
        }
        it.asked.pop_front();
        let index = match want {
            Want::News => None,
            Want::Chunk(index) => Some(index).filter(|_| !random.one_in(20)),
            Want::Any => Some(random.below(self.count as usize) as u32)
                .filter(|index| !self.held.contains(index) && !random.one_in(5)),
        };
        let Some(index) = index else {
            if let Want::Chunk(index) = want {
                let peer = self.peers.get_mut(&number).expect("there");
                assert!(peer.has.remove(&index));
                // It was not told what it was believed to have.
                peer.told.clear();
            }
            let heard = self.swarm.receive_nothing(LinkKey(link), random.one_in(3));
            return heard.expect("it was asked");
        };
        let timing = Timing {
            asked_at,
            began_at: self.now,
            ended_at: self.now,
        };
        let wanted = self
            .swarm
            .receive(timing, LinkKey(link), index)
            .expect("it was asked");
        assert_eq!(wanted, !self.held.contains(&index));
        if !wanted {
            return;
        }
        if random.one_in(12) {
            // A wrong checksum: the connection ends, and the chunk is missing as before.
            return self.lose(link);
        }
        assert!(self.swarm.hold(LinkKey(link), index));
        self.held.insert(index);
    }

    fn misbehave(&mut self, random: &mut Random, link: u64, want: Want) {
        let before = format!("{:?}", self.swarm);
        let index = match (want, random.below(2)) {
            (Want::Chunk(asked), 0) => asked ^ 1,
            _ => self.count + random.below(9) as u32,
        };
        let (asked_at, began_at, ended_at) = (0.0, self.now, self.now);
        let timing = Timing {
            asked_at,
            began_at,
            ended_at,
        };
        let heard = self.swarm.receive(timing, LinkKey(link), index);
        assert_eq!(heard, Err(Violation::NotAsked(index)));
        let number = self.links[&link].node;
        let heard = self.swarm.hear(node(number), &[0, self.count]);
        assert_eq!(heard, Err(Violation::NoSuchChunk(self.count)));
        let asked = self.swarm.answer(node(number), Want::Chunk(self.count));
        assert_eq!(asked, Err(Violation::NoSuchChunk(self.count)));
        assert_eq!(
            format!("{:?}", self.swarm),
            before,
            "a violation changed something"
        );
        self.lose(link);
    }

    fn tell(&mut self, random: &mut Random, number: u64) {
        let peer = self.peers.get_mut(&number).expect("there");
        let news = self.swarm.news_for(node(number), 1 + random.below(5));
        for index in news {
            // What was here before a seed came it has to know, or it chooses just that.
            let resumed = self.resumed.contains(&index);
            assert!(self.held.contains(&index) && (resumed || !peer.has.contains(&index)));
            peer.told.insert(index);
        }
        let untold = self.held.difference(&peer.told);
        let lacked = untold.filter(|index| !peer.has.contains(index)).count();
        assert_eq!(
            self.swarm.has_news_for(node(number)),
            lacked > 0,
            "news are lost"
        );
    }

    fn step(&mut self, random: &mut Random) {
        self.now += random.below(20) as f64 / 1000.0;
        let links: Vec<u64> = self.links.keys().copied().collect();
        if links.is_empty() || random.one_in(20) && links.len() < 8 {
            let number = random.below(5) as u64;
            return self.connect(random, number);
        }
        let link = *random.pick(&links);
        let number = self.links[&link].node;
        match random.below(20) {
            0 => self.lose(link),
            1..=2 => {
                let index = random.below(self.count as usize) as u32;
                self.swarm.hear(node(number), &[index]).expect("it exists");
                self.peers
                    .get_mut(&number)
                    .expect("there")
                    .has
                    .insert(index);
            }
            3..=6 => self.tell(random, number),
            7..=13 => self.ask(link),
            _ => self.answer(random, link),
        }
    }
}

#[test]
fn a_long_walk_keeps_the_rules() {
    for_each_seed(300, |random| {
        let mut walk = Walk::new(random);
        for _ in 0..400 {
            walk.step(random);
            walk.swarm.check();
            let held: Vec<u32> = walk.held.iter().copied().collect();
            assert!(walk.swarm.held().iter_ones().eq(held));
        }
    });
}

#[test]
fn whoever_is_connected_with_all_chunks_between_them_finishes() {
    for_each_seed(200, |random| {
        let count = 1 + random.below(50) as u32;
        let mut swarm = Swarm::new(
            Bitfield::new(count),
            random.next() as u32,
            Order::RarestFirst,
            None,
        );
        let mut has = vec![
            Bitfield::new(count),
            Bitfield::new(count),
            Bitfield::new(count),
        ];
        for index in 0..count {
            has[random.below(3)].set(index);
        }
        for (link, has) in (0..).zip(&has) {
            swarm.connect(node(link), has, 0);
            swarm.begin_asking(LinkKey(link), node(link));
        }
        let mut now = 0.0;
        for round in 0.. {
            assert!(round < 20 * count + 100, "it stands still");
            now += 0.01;
            let link = random.below(3) as u64;
            match swarm.next(now, LinkKey(link)) {
                Step::Ask(Want::Chunk(index)) => {
                    let (asked_at, began_at, ended_at) = (now, now, now);
                    let timing = Timing {
                        asked_at,
                        began_at,
                        ended_at,
                    };
                    if random.one_in(10) {
                        // Lost with its connection, which comes again.
                        swarm.end_asking(LinkKey(link));
                        swarm.begin_asking(LinkKey(link), node(link));
                    } else if swarm.receive(timing, LinkKey(link), index).expect("asked") {
                        swarm.hold(LinkKey(link), index);
                    }
                }
                Step::Ask(_) => swarm.receive_nothing(LinkKey(link), true).expect("asked"),
                Step::Done => break,
                Step::Read | Step::Rest(_) => {}
            }
        }
        assert!(swarm.is_complete());
    });
}

#[test]
fn a_chunk_of_a_lost_connection_is_asked_of_another_node_at_once() {
    let mut swarm = Swarm::new(Bitfield::new(1), 0, Order::Playback(0), Some(1));
    for link in [1, 2] {
        swarm.connect(node(link), &Bitfield::full(1), 0);
        swarm.begin_asking(LinkKey(link), node(link));
    }
    assert_eq!(swarm.next(0.0, LinkKey(1)), Step::Ask(Want::Chunk(0)));
    assert!(matches!(swarm.next(0.001, LinkKey(2)), Step::Rest(_)));
    swarm.end_asking(LinkKey(1));
    swarm.disconnect(node(1));
    assert_eq!(swarm.next(0.002, LinkKey(2)), Step::Ask(Want::Chunk(0)));
}

#[test]
fn news_under_way_on_a_connection_that_ends_are_told_on_the_other_one() {
    let mut swarm = Swarm::new(bits(3, [0, 1]), 0, Order::RarestFirst, None);
    swarm.connect(node(1), &bits(3, [0]), 0);
    swarm.connect(node(1), &bits(3, [0]), 2);
    assert_eq!(swarm.news_for(node(1), 9), [1]);
    assert!(swarm.news_for(node(1), 9).is_empty());
    swarm.disconnect(node(1));
    assert_eq!(swarm.news_for(node(1), 9), [1], "what it has is left out");
}

/// A leecher that misses chunks 2 and 3 of 4, and asks a seed and a leecher that holds them too.
fn nearly_done() -> Swarm {
    let mut swarm = Swarm::new(bits(4, [0, 1]), 0, Order::RarestFirst, Some(1));
    for (link, has) in [(1, Bitfield::full(4)), (2, bits(4, [2, 3]))] {
        swarm.connect(node(link), &has, 0);
        swarm.begin_asking(LinkKey(link), node(link));
    }
    swarm.note_pass_over(node(1));
    swarm
}

fn answer_in_10_ms(swarm: &mut Swarm, link: LinkKey, index: u32) {
    let (asked_at, began_at, ended_at) = (0.0, 0.009, 0.01);
    let timing = Timing {
        asked_at,
        began_at,
        ended_at,
    };
    assert_eq!(swarm.receive(timing, link, index), Ok(true));
    assert!(swarm.hold(link, index));
}

#[test]
fn at_the_end_a_seed_is_left_out_while_others_bring_the_rest() {
    let mut swarm = nearly_done();
    assert_eq!(swarm.next(0.0, LinkKey(2)), Step::Ask(Want::Chunk(2)));
    answer_in_10_ms(&mut swarm, LinkKey(2), 2);
    assert!(matches!(swarm.next(0.011, LinkKey(1)), Step::Rest(_)));
    assert_eq!(swarm.next(0.011, LinkKey(2)), Step::Ask(Want::Chunk(3)));
}

#[test]
fn a_seed_is_asked_after_all_when_the_others_are_slow() {
    let mut swarm = nearly_done();
    swarm.next(0.0, LinkKey(2));
    answer_in_10_ms(&mut swarm, LinkKey(2), 2);
    // The leecher's connection does not come back for more.
    assert!(matches!(swarm.next(0.011, LinkKey(1)), Step::Rest(_)));
    assert!(matches!(swarm.next(0.040, LinkKey(1)), Step::Rest(_)));
    assert_eq!(swarm.next(0.042, LinkKey(1)), Step::Ask(Want::Chunk(3)));
}

#[test]
fn a_seed_is_asked_at_once_for_what_nobody_else_has() {
    let mut swarm = Swarm::new(bits(4, [0, 1]), 0, Order::RarestFirst, Some(1));
    swarm.connect(node(1), &Bitfield::full(4), 0);
    swarm.begin_asking(LinkKey(1), node(1));
    swarm.note_pass_over(node(1));
    assert_eq!(swarm.next(0.0, LinkKey(1)), Step::Ask(Want::Chunk(2)));
}

#[test]
fn whoever_waits_for_news_sees_that_they_went_another_way() {
    let mut swarm = Swarm::new(bits(3, [0, 1]), 0, Order::RarestFirst, None);
    swarm.connect(node(1), &bits(3, [0]), 1);
    let told = swarm.told(node(1));
    assert!(swarm.has_news_for(node(1)));
    assert_eq!(swarm.news_for(node(1), 9), [1]);
    assert!(!swarm.has_news_for(node(1)));
    assert_ne!(swarm.told(node(1)), told);
}

// ---- the pass of a seed --------------------------------------------------------------------------

#[test]
fn a_seed_sends_every_chunk_once_before_any_twice() {
    for_each_seed(200, |random| {
        let count = 1 + random.below(200) as u32;
        let mut pass = Pass::new(count, random.next() as u32);
        let nobody = Bitfield::new(count);
        let sent: BTreeSet<u32> = (0..count)
            .map(|_| pass.take(&nobody).expect("not over"))
            .collect();
        assert_eq!(sent.len(), count as usize);
        assert!(pass.is_over());
        assert_eq!(pass.take(&nobody), None);
    });
}

#[test]
fn a_seed_leaves_out_what_the_leecher_or_anybody_else_has() {
    let mut seed = Swarm::new(Bitfield::full(4), 0, Order::RarestFirst, None);
    seed.connect(node(1), &bits(4, [0]), 4);
    seed.connect(node(2), &bits(4, [1]), 4);
    seed.hear(node(2), &[2]).expect("it exists");
    assert_eq!(seed.answer(node(1), Want::Any), Ok(Some(3)));
    assert!(seed.pass_is_over());
    assert_eq!(seed.answer(node(1), Want::Any), Ok(None));
    assert_eq!(seed.answer(node(1), Want::Chunk(2)), Ok(Some(2)));
}

#[test]
fn a_seed_that_chooses_is_told_of_what_was_here_before_it_came() {
    let mut leecher = Swarm::new(bits(5, [1, 2]), 0, Order::RarestFirst, None);
    let mut seed = Swarm::new(Bitfield::full(5), 1, Order::RarestFirst, None);
    // INFO could not tell of them: which chunks there are was not known yet.
    leecher.connect(node(1), &Bitfield::full(5), 0);
    seed.connect(node(2), &Bitfield::new(5), 0);
    let news = leecher.news_for(node(1), 9);
    assert_eq!(news, [1, 2]);
    seed.hear(node(2), &news).expect("they exist");
    let chosen: Vec<Option<u32>> = (0..4)
        .map(|_| seed.answer(node(2), Want::Any).expect("a request"))
        .collect();
    assert_eq!(chosen, [Some(3), Some(4), Some(0), None]);
    // Of what comes later it is not told: it has that itself.
    leecher.begin_asking(LinkKey(1), node(1));
    leecher.ask(0.0, LinkKey(1), Want::Any);
    assert!(leecher.hold(LinkKey(1), 3));
    assert!(leecher.news_for(node(1), 9).is_empty());
    leecher.check();
}

// ---- the window ----------------------------------------------------------------------------------

/// Answers that wait `wait_sec` and take `transfer_sec`, asked one at a time; one in `stalls` waits 200 ms more.
fn answers(window: &mut Window, from: f64, wait_sec: f64, transfer_sec: f64, stalls: usize) -> f64 {
    let mut now = from;
    for number in 1..=300 {
        let stall = if stalls > 0 && number % stalls == 0 {
            0.2
        } else {
            0.0
        };
        let began_at = now + wait_sec;
        let ended_at = began_at + transfer_sec + stall;
        let asked_at = now;
        window.note(Timing {
            asked_at,
            began_at,
            ended_at,
        });
        now = ended_at;
    }
    now
}

/// No other connection knows of a shorter way.
const FAR: f64 = f64::INFINITY;

#[test]
fn one_request_is_enough_on_a_healthy_network() {
    let mut window = Window::new(None);
    answers(&mut window, 0.0, 0.0003, 0.0013, 0);
    assert_eq!(window.size(false, FAR, 0.0), 1);
    assert_eq!(window.size(true, FAR, 0.0), 2, "nobody else fills the gaps");
}

#[test]
fn a_long_way_gets_more_requests_and_never_more_than_the_limit() {
    let mut window = Window::new(None);
    answers(&mut window, 0.0, 0.04, 0.01, 0);
    assert_eq!(window.size(false, FAR, 0.0), 5);
    answers(&mut window, 100.0, 0.04, 0.0001, 0);
    assert_eq!(window.size(false, FAR, 0.0), SWARM_IN_FLIGHT_MAX);
}

#[test]
fn lost_packets_get_four_requests_until_they_are_over() {
    let mut window = Window::new(None);
    let now = answers(&mut window, 0.0, 0.0003, 0.0013, 20);
    assert_eq!(window.size(false, FAR, 0.0), 4);
    answers(&mut window, now, 0.0003, 0.0013, 0);
    assert_eq!(window.size(false, FAR, 0.0), 1);
}

#[test]
fn what_a_token_bucket_lets_through_at_once_does_not_open_the_window() {
    let mut window = Window::new(None);
    let mut now = 0.0;
    let mut most = 0;
    for transfer_sec in [
        0.00001, 0.00001, 0.0013, 0.0013, 0.0013, 0.0013, 0.0013, 0.0013,
    ] {
        let (asked_at, began_at) = (now, now + 0.0003);
        let ended_at = began_at + transfer_sec;
        window.note(Timing {
            asked_at,
            began_at,
            ended_at,
        });
        most = most.max(window.size(false, FAR, 0.0));
        now = ended_at;
    }
    assert_eq!(most, 2);
    assert_eq!(window.size(false, FAR, 0.0), 1);
}

#[test]
fn a_queue_that_others_fill_is_not_a_long_way() {
    let mut window = Window::new(None);
    answers(&mut window, 0.0, 0.02, 0.0026, 0);
    assert_eq!(window.size(false, FAR, 0.0), 9);
    assert_eq!(
        window.size(false, 0.0002, 0.0),
        1,
        "another connection knows the way"
    );
}

#[test]
fn a_fixed_window_stays() {
    let mut window = Window::new(Some(3));
    answers(&mut window, 0.0, 0.04, 0.001, 5);
    assert_eq!(window.size(false, FAR, 0.0), 3);
}

// ---- the book ------------------------------------------------------------------------------------

fn address(number: usize) -> SocketAddr {
    format!("10.0.{}.{}:7401", number / 250, number % 250 + 1)
        .parse()
        .expect("an address")
}

fn book_of(nodes: usize) -> Book {
    let mut book = Book::default();
    for number in 0..nodes {
        assert!(book.learn(0.0, address(number), None, false, number as u64));
    }
    book
}

#[test]
fn a_small_swarm_is_a_mesh_and_a_large_one_has_partners() {
    for (nodes, dialled) in [
        (1, 1),
        (SWARM_MESH_MAX, SWARM_MESH_MAX),
        (SWARM_MESH_MAX + 1, SWARM_PARTNERS),
    ] {
        let mut book = book_of(nodes);
        assert_eq!(book.dial(0.0, |_| false).len(), dialled);
        assert!(
            book.dial(9.0, |_| false).is_empty(),
            "they are being dialled"
        );
    }
}

#[test]
fn an_address_that_fails_is_dialled_ever_more_seldom_but_always_again() {
    let mut book = book_of(1);
    let (mut now, mut last) = (0.0, 0.0);
    for attempt in 0..20 {
        assert_eq!(book.dial(now, |_| false), [address(0)]);
        match attempt % 2 {
            _ if attempt < 10 => book.failed(now, address(0), "refused".into()),
            _ => book.crowded(now, address(0)),
        }
        let due = book.due_at().expect("one");
        assert!((0.15..10.0).contains(&(due - now)));
        assert!(attempt == 10 || due - now >= last - 1e-9, "{attempt}");
        assert!(book.dial(due - 0.001, |_| false).is_empty());
        (last, now) = (due - now, due);
    }
    assert!(last > 5.0);
}

#[test]
fn a_node_that_is_crowded_stays_one_of_the_swarm() {
    let mut book = book_of(SWARM_MESH_MAX + 1);
    for address in book.dial(0.0, |_| false) {
        book.reached(address, node(7));
        book.crowded(0.0, address);
    }
    assert_eq!(
        book.dial(0.0, |_| false).len(),
        SWARM_PARTNERS,
        "it is still a large swarm"
    );
}

#[test]
fn made_up_addresses_do_not_keep_a_node_from_what_the_user_typed() {
    let mut book = Book::default();
    book.learn(0.0, address(999), None, true, u64::MAX);
    assert_eq!(book.dial(0.0, |_| false), [address(999)]);
    book.failed(0.0, address(999), "closed by the other side".into());
    for number in 0..500 {
        book.learn(0.0, address(number), None, false, number as u64);
    }
    let due = book.dial(9.0, |_| false);
    assert_eq!((due.len(), due[0]), (SWARM_PARTNERS, address(999)));
    // One that has no place for us is there, and others are as good.
    book.crowded(9.0, address(999));
    for number in 0..SWARM_PARTNERS {
        book.never(address(number), "in vain");
    }
    assert!(!book.dial(99.0, |_| false).contains(&address(999)));
}

#[test]
fn never_is_never() {
    let mut book = book_of(2);
    book.never(address(0), "this node itself");
    book.lost(5.0, node(1));
    book.learn(5.0, address(0), Some(node(3)), true, 0);
    assert_eq!(book.dial(99.0, |_| false), [address(1)]);
    assert!(book.addresses(9, node(9)).is_empty());
}

#[test]
fn a_node_that_is_asked_already_is_not_dialled_at_another_address() {
    let mut book = Book::default();
    book.learn(0.0, address(0), Some(node(1)), false, 0);
    assert!(book.dial(0.0, |id| id == node(1)).is_empty());
    assert_eq!(book.dial(0.0, |_| false), [address(0)]);
}

#[test]
fn what_was_only_heard_of_or_typed_is_not_passed_on() {
    let mut book = book_of(3);
    book.learn(0.0, address(9), None, true, 0);
    assert!(book.addresses(9, node(9)).is_empty());
    book.reached(address(1), node(1));
    book.reached(address(2), node(2));
    book.failed(1.0, address(2), "closed".into());
    assert_eq!(book.addresses(9, node(9)), [address(1)]);
    assert!(book.addresses(9, node(1)).is_empty(), "it knows itself");
}

#[test]
fn every_address_is_passed_on_as_often_as_any_other() {
    let mut book = book_of(100);
    (0..100).for_each(|number| book.reached(address(number), node(number as u64)));
    let mut given = BTreeMap::new();
    for _ in 0..50 {
        for address in book.addresses(30, node(999)) {
            *given.entry(address).or_insert(0) += 1;
        }
    }
    assert_eq!(given.len(), 100);
    assert!(given.values().all(|&times| times == 15));
}

#[test]
fn a_book_is_bounded_and_makes_room_only_at_the_cost_of_addresses_that_fail() {
    let mut book = book_of(SWARM_BOOK_MAX);
    assert!(!book.learn(0.0, address(5000), None, false, 0));
    book.failed(0.0, address(17), "refused".into());
    assert!(book.learn(0.0, address(5000), None, false, 0));
    assert!(!book.learn(0.0, address(17), None, false, 0));
}
