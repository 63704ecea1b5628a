//! Whole nodes of a swarm in simulated time: the real `Swarm` and `Book` of each, and a copy in few words of what
//! `asker`, `answerer` and `scout` do around them. Nothing here reads a clock, so a seed gives the same run for ever.
//!
//! The network: a node sends the chunks of all its connections in turns, a quarter of a chunk at a time, which is close
//! to the fair shares that TCP comes to; what arrives queues for the receiver's downlink, first come, first served. That
//! costs five events a chunk, so that a thousand nodes are cheap. Small frames take their latency and no bandwidth.

use super::random::Random;
use jam::limits::{
    SWARM_ADDRESSES_MAX, SWARM_ASK_AGAIN, SWARM_BOOK_MAX, SWARM_CONNECTIONS_MAX,
    SWARM_DIAL_DEADLINE, SWARM_EXTRA_AFTER_SEC, SWARM_IGNORED_ASKERS, SWARM_KEEP_ALIVE,
    SWARM_LINKS_ALONE, SWARM_NEWS_MAX, SWARM_NEWS_WAIT, SWARM_OFFER_AFTER_SEC,
    SWARM_OFFER_AGAIN_SEC, SWARM_OFFER_SOON_SEC, SWARM_SCOUT_TICK, SWARM_SILENCE,
};
use jam::swarm::bitfield::Bitfield;
use jam::swarm::book::Book;
use jam::swarm::frame::{NodeId, Request, Want};
use jam::swarm::machine::{LinkKey, Order, Step, Swarm};
use jam::swarm::window::Timing;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};

/// Bytes a second.
pub const MBIT: f64 = 1e6 / 8.0;

/// A chunk leaves in so many turns.
const TURNS: u32 = 4;

/// From a notification until the thread that waits for it runs.
const WAKE_SEC: f64 = 20e-6;

#[derive(Clone)]
pub struct Place {
    pub up: f64,
    pub down: f64,
    pub starts_at: f64,
    pub held: Bitfield,
    pub order: Order,
    pub window: Option<usize>,
    /// Others can open connections to it.
    pub dialable: bool,
    /// One in so many of the chunks that it sends is wrong; 0: none.
    pub corrupts: usize,
    /// Addresses that its user typed.
    pub given: Vec<usize>,
    /// Nodes that the room told it of.
    pub told: Vec<usize>,
}

pub struct Setup {
    pub places: Vec<Place>,
    pub chunk_bytes: f64,
    pub latency_sec: f64,
    /// Share of chunks that stand still for 200 ms because a packet was lost.
    pub stalls: f64,
    pub faults: Vec<(f64, Fault)>,
}

/// What happens to a node.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Its sockets close.
    Dies(usize),
    /// Its cable is pulled: nobody hears of it.
    FallsSilent(usize),
    /// It ends as soon as it has sent so many chunks.
    DiesAfter(usize, u64),
}

pub struct Node {
    pub place: Place,
    pub id: NodeId,
    pub swarm: Swarm,
    pub book: Book,
    pub alive: bool,
    pub silent: bool,
    pub died: bool,
    pub done_at: Option<f64>,
    pub sent: u64,
    pub received: u64,
    pub duplicates: u64,
    pub wrong: u64,
    pub news_frames: u64,
    pub askers_most: usize,
    pub asks_most: usize,
    dies_after: Option<u64>,
    asking: BTreeMap<NodeId, (usize, f64)>,
    answering: BTreeMap<NodeId, usize>,
    offer_at: BTreeMap<NodeId, f64>,
    banned: BTreeSet<NodeId>,
    asks: Vec<usize>,
    answers: Vec<usize>,
    sending: VecDeque<usize>,
    line_busy: bool,
    down_free: f64,
    wakes: bool,
    scouts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Errand {
    Ask,
    AskMore,
    Offer,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Handshake,
    Reading,
    Resting,
    Gone,
}

struct Answer {
    index: Option<u32>,
    pass_over: bool,
    news: Vec<u32>,
    turns: u32,
    began_at: f64,
}

struct Conn {
    asker: usize,
    answerer: usize,
    errand: Errand,
    address: SocketAddr,
    mood: Mood,
    rest: u64,
    heard_at: f64,
    peers_at: f64,
    answers_open: bool,
    reserved: bool,
    busy: bool,
    requests: VecDeque<Request>,
    /// A poll that waits: until when, and how many gains there were when it began.
    poll: Option<(f64, usize)>,
    out: VecDeque<Answer>,
    last_arrival: f64,
    /// What INFO said: the other side's chunks, as seen by the asker and by the answerer.
    infos: [Option<(Bitfield, Vec<SocketAddr>)>; 2],
    told: [usize; 2],
}

enum Event {
    Start(usize),
    Wake(usize),
    Scout(usize),
    Tick(usize),
    Hello(usize),
    Welcome(usize),
    InfoToAcceptor(usize),
    InfoToDialler(usize),
    Refused(usize, &'static str),
    Request(usize, Request),
    GetPeers(usize),
    Peers(usize, Vec<SocketAddr>),
    Answer(usize, Answer),
    LineFree(usize, usize),
    PollOver(usize),
    RestOver(usize, u64),
    CloseAsker(usize),
    CloseAnswerer(usize, bool),
    Fault(Fault),
}

struct Due(f64, u64, Event);

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

pub struct World<'a> {
    pub now: f64,
    pub nodes: Vec<Node>,
    random: &'a mut Random,
    chunk_bytes: f64,
    latency: f64,
    stalls: f64,
    conns: Vec<Conn>,
    events: BinaryHeap<Reverse<Due>>,
    sequence: u64,
}

impl Place {
    pub fn leecher(chunks: u32, rate: f64) -> Self {
        Self {
            up: rate,
            down: rate,
            starts_at: 0.0,
            held: Bitfield::new(chunks),
            order: Order::RarestFirst,
            window: None,
            dialable: true,
            corrupts: 0,
            given: Vec::new(),
            told: Vec::new(),
        }
    }

    pub fn seed(chunks: u32, rate: f64) -> Self {
        let held = Bitfield::full(chunks);
        Self {
            held,
            ..Self::leecher(chunks, rate)
        }
    }
}

pub fn address_of(node: usize) -> SocketAddr {
    let [.., a, b, c] = u32::try_from(node + 1).expect("few").to_be_bytes();
    (Ipv4Addr::new(10, a, b, c), 7401).into()
}

fn node_of(address: SocketAddr) -> usize {
    let SocketAddr::V4(address) = address else {
        panic!("only these were given out");
    };
    (u32::from(*address.ip()) & 0xff_ffff) as usize - 1
}

impl<'a> World<'a> {
    pub fn new(random: &'a mut Random, setup: Setup) -> Self {
        let mut nodes = Vec::new();
        for place in &setup.places {
            let start = random.next() as u32;
            let swarm = Swarm::new(place.held.clone(), start, place.order, place.window);
            nodes.push(Node {
                id: NodeId(random.next().to_be_bytes()),
                place: place.clone(),
                swarm,
                book: Book::default(),
                alive: false,
                silent: false,
                died: false,
                done_at: None,
                sent: 0,
                received: 0,
                duplicates: 0,
                wrong: 0,
                news_frames: 0,
                askers_most: 0,
                asks_most: 0,
                dies_after: None,
                asking: BTreeMap::new(),
                answering: BTreeMap::new(),
                offer_at: BTreeMap::new(),
                banned: BTreeSet::new(),
                asks: Vec::new(),
                answers: Vec::new(),
                sending: VecDeque::new(),
                line_busy: false,
                down_free: 0.0,
                wakes: false,
                scouts: false,
            });
        }
        let mut world = Self {
            now: 0.0,
            nodes,
            random,
            chunk_bytes: setup.chunk_bytes,
            latency: setup.latency_sec,
            stalls: setup.stalls,
            conns: Vec::new(),
            events: BinaryHeap::new(),
            sequence: 0,
        };
        for (node, place) in setup.places.iter().enumerate() {
            world.at(place.starts_at, Event::Start(node));
        }
        for (time, fault) in setup.faults {
            world.at(time, Event::Fault(fault));
        }
        world
    }

    /// Until all that are alive have everything; `false`: not before `deadline`.
    pub fn run(&mut self, deadline: f64) -> bool {
        while !self.is_over() {
            let Some(Reverse(Due(time, _, event))) = self.events.pop() else {
                return false;
            };
            if time > deadline {
                return false;
            }
            self.now = time;
            self.happen(event);
        }
        true
    }

    fn is_over(&self) -> bool {
        let mut nodes = self.nodes.iter();
        nodes.all(|node| node.done_at.is_some() || node.gone())
    }

    fn at(&mut self, time: f64, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse(Due(time, self.sequence, event)));
    }

    fn later(&mut self, wait: f64, event: Event) {
        self.at(self.now + wait, event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Start(node) => self.start(node),
            Event::Wake(node) => self.wake(node),
            Event::Scout(node) => self.scout(node),
            Event::Tick(node) => {
                self.look(node);
                self.later(SWARM_SCOUT_TICK.as_secs_f64(), Event::Tick(node));
            }
            Event::Hello(conn) => self.hello(conn),
            Event::Welcome(conn) => self.welcome(conn),
            Event::InfoToAcceptor(conn) => self.info_to_acceptor(conn),
            Event::InfoToDialler(conn) => self.info_to_dialler(conn),
            Event::Refused(conn, why) => self.refused(conn, why),
            Event::Request(conn, request) => {
                let to = &mut self.conns[conn];
                if to.answers_open && self.nodes[to.answerer].here() {
                    to.requests.push_back(request);
                    self.serve(conn);
                }
            }
            Event::GetPeers(conn) => self.get_peers(conn),
            Event::Peers(conn, addresses) => self.peers(conn, &addresses),
            Event::Answer(conn, answer) => self.hear_answer(conn, answer),
            Event::LineFree(node, conn) => self.line_free(node, conn),
            Event::PollOver(conn) => self.serve(conn),
            Event::RestOver(conn, rest) => {
                if self.conns[conn].mood == Mood::Resting && self.conns[conn].rest == rest {
                    self.pump(conn);
                }
            }
            Event::CloseAsker(conn) => self.end_asking(conn, "closed by the other side", false),
            Event::CloseAnswerer(conn, complete) => self.end_answering(conn, complete),
            Event::Fault(fault) => self.fault(fault),
        }
    }

    fn start(&mut self, me: usize) {
        let node = &mut self.nodes[me];
        node.alive = true;
        if node.swarm.is_complete() {
            node.done_at = Some(self.now);
        }
        for other in node.place.given.clone() {
            self.learn(me, address_of(other), None, true);
        }
        for other in self.nodes[me].place.told.clone() {
            let id = self.nodes[other].id;
            self.learn(me, address_of(other), Some(id), false);
        }
        self.look(me);
        // Scouts do not all look at the same moment.
        let first = self.random.below(1000) as f64 / 1000.0;
        self.later(first * SWARM_SCOUT_TICK.as_secs_f64(), Event::Tick(me));
    }

    fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::DiesAfter(node, sent) => self.nodes[node].dies_after = Some(sent),
            Fault::FallsSilent(node) => self.nodes[node].silent = true,
            Fault::Dies(node) => self.die(node),
        }
    }

    fn die(&mut self, me: usize) {
        self.nodes[me].alive = false;
        self.nodes[me].died = true;
        for conn in std::mem::take(&mut self.nodes[me].asks) {
            self.conns[conn].mood = Mood::Gone;
            self.later(self.latency, Event::CloseAnswerer(conn, false));
        }
        for conn in std::mem::take(&mut self.nodes[me].answers) {
            self.conns[conn].answers_open = false;
            self.later(self.latency, Event::CloseAsker(conn));
        }
        self.nodes[me].sending.clear();
    }

    // ---- who is there (scout.rs) ----------------------------------------------------------------

    fn look(&mut self, me: usize) {
        let node = &mut self.nodes[me];
        if node.here() && !std::mem::replace(&mut node.scouts, true) {
            self.later(WAKE_SEC, Event::Scout(me));
        }
    }

    fn learn(&mut self, me: usize, address: SocketAddr, id: Option<NodeId>, given: bool) {
        let lot = self.random.next();
        let node = &mut self.nodes[me];
        let news = node.book.learn(self.now, address, id, given, lot);
        if let Some(id) = id
            && node.offer_at.len() < SWARM_BOOK_MAX
        {
            let at = self.now + SWARM_OFFER_AFTER_SEC;
            node.offer_at.entry(id).or_insert(at);
        }
        if news {
            self.look(me);
        }
    }

    fn scout(&mut self, me: usize) {
        let now = self.now;
        let node = &mut self.nodes[me];
        node.scouts = false;
        if !node.here() {
            return;
        }
        let mut errands = Vec::new();
        if !node.swarm.is_complete() {
            let asking = &node.asking;
            let due = node.book.dial(now, |id| asking.contains_key(&id));
            errands.extend(due.into_iter().map(|address| (address, Errand::Ask)));
            let more = node.one_more(now);
            errands.extend(more.map(|address| (address, Errand::AskMore)));
        } else {
            let unmet = node.book.dial_unmet(now);
            errands.extend(unmet.into_iter().map(|address| (address, Errand::Ask)));
        }
        let offers = node.offers(now);
        errands.extend(offers.into_iter().map(|address| (address, Errand::Offer)));
        for (address, errand) in errands {
            self.dial(me, address, errand);
        }
    }

    fn dial(&mut self, me: usize, address: SocketAddr, errand: Errand) {
        let other = node_of(address);
        let (asker, answerer) = match errand {
            Errand::Offer => (other, me),
            _ => (me, other),
        };
        let conn = self.conns.len();
        self.conns.push(Conn {
            asker,
            answerer,
            errand,
            address,
            mood: Mood::Handshake,
            rest: 0,
            heard_at: 0.0,
            peers_at: 0.0,
            answers_open: false,
            reserved: false,
            busy: false,
            requests: VecDeque::new(),
            poll: None,
            out: VecDeque::new(),
            last_arrival: 0.0,
            infos: [None, None],
            told: [0, 0],
        });
        let target = &self.nodes[other];
        if target.silent || !target.place.dialable {
            let wait = SWARM_DIAL_DEADLINE.as_secs_f64();
            self.later(wait, Event::Refused(conn, "timed out"));
        } else if !target.alive {
            self.later(2.0 * self.latency, Event::Refused(conn, "refused"));
        } else {
            self.later(3.0 * self.latency, Event::Hello(conn));
        }
    }

    fn dialler(&self, conn: usize) -> (usize, usize) {
        let it = &self.conns[conn];
        match it.errand {
            Errand::Offer => (it.answerer, it.asker),
            _ => (it.asker, it.answerer),
        }
    }

    fn hello(&mut self, conn: usize) {
        let (from, me) = self.dialler(conn);
        let (errand, now, id) = (self.conns[conn].errand, self.now, self.nodes[from].id);
        let node = &mut self.nodes[me];
        if !node.here() {
            return;
        }
        let mut refusal = None;
        if node.asks.len() + node.answers.len() >= SWARM_CONNECTIONS_MAX {
            refusal = Some("busy");
        } else if node.banned.contains(&id) {
            refusal = Some("banned");
        } else if errand == Errand::Offer {
            if node.asking.len() >= node.book.askers_max() {
                refusal = Some("busy");
            } else if node.swarm.is_complete() || !node.begin_asking_of(id, now) {
                refusal = Some("already");
            } else {
                self.conns[conn].reserved = true;
            }
        }
        let answer = match refusal {
            Some(why) => Event::Refused(conn, why),
            None => Event::Welcome(conn),
        };
        self.later(self.latency, answer);
    }

    fn welcome(&mut self, conn: usize) {
        let (me, other) = self.dialler(conn);
        let (now, id) = (self.now, self.nodes[other].id);
        let errand = self.conns[conn].errand;
        let node = &mut self.nodes[me];
        if !node.here() {
            return;
        }
        if me == other {
            node.book.never(self.conns[conn].address, "itself");
            return;
        }
        if errand == Errand::Ask {
            if !node.begin_asking_of(id, now) {
                node.book.postpone(now, self.conns[conn].address, None);
                return;
            }
            self.conns[conn].reserved = true;
        }
        self.tell(conn, me, other);
        self.later(self.latency, Event::InfoToAcceptor(conn));
    }

    /// `me` says what it has to `other`.
    fn tell(&mut self, conn: usize, me: usize, other: usize) {
        let id = self.nodes[other].id;
        let node = &mut self.nodes[me];
        let info = (
            node.swarm.held().clone(),
            node.book.addresses(SWARM_ADDRESSES_MAX / 2, id),
        );
        let gains = node.swarm.gains().len();
        let it = &mut self.conns[conn];
        let side = usize::from(it.asker != me);
        it.infos[1 - side] = Some(info);
        it.told[side] = gains;
    }

    fn meet(&mut self, me: usize, other: usize, addresses: &[SocketAddr], complete: bool) {
        let id = self.nodes[other].id;
        let at = self.now + SWARM_OFFER_AFTER_SEC;
        let node = &mut self.nodes[me];
        if complete {
            node.offer_at.remove(&id);
        } else if node.book.node_at(address_of(other)).is_some() {
            node.offer_at.entry(id).or_insert(at);
        }
        for &address in addresses {
            self.learn(me, address, None, false);
        }
    }

    fn info_to_acceptor(&mut self, conn: usize) {
        let (from, me) = self.dialler(conn);
        if !self.nodes[me].here() {
            return;
        }
        let id = self.nodes[from].id;
        let offered = self.conns[conn].errand == Errand::Offer;
        let side = usize::from(!offered);
        let (has, addresses) = self.conns[conn].infos[side].take().expect("told");
        if !offered {
            if self.nodes[from].place.dialable {
                self.learn(me, address_of(from), Some(id), false);
            }
            self.meet(me, from, &addresses, has.is_full());
        }
        self.tell(conn, me, from);
        self.later(self.latency, Event::InfoToDialler(conn));
        let node = &self.nodes[me];
        let full = node.answering.len() >= node.book.askers_max();
        if !offered && full && !node.answering.contains_key(&id) {
            self.conns[conn].busy = true;
            return;
        }
        if offered {
            self.begin_asking(conn, &has);
        } else {
            self.begin_answering(conn, &has);
        }
    }

    fn info_to_dialler(&mut self, conn: usize) {
        let (me, other) = self.dialler(conn);
        if !self.nodes[me].here() {
            return;
        }
        let errand = self.conns[conn].errand;
        let side = usize::from(errand == Errand::Offer);
        let (has, addresses) = self.conns[conn].infos[side].take().expect("told");
        if errand == Errand::Ask {
            let id = self.nodes[other].id;
            let address = self.conns[conn].address;
            self.nodes[me].book.reached(address, id);
        }
        self.meet(me, other, &addresses, has.is_full());
        if self.conns[conn].busy {
            let id = self.nodes[other].id;
            let address = self.conns[conn].address;
            self.nodes[me].end_asking_of(id);
            self.nodes[me].book.crowded(self.now, address);
            self.look(me);
            return;
        }
        if errand == Errand::Offer {
            self.begin_answering(conn, &has);
        } else {
            self.begin_asking(conn, &has);
        }
    }

    fn refused(&mut self, conn: usize, why: &str) {
        let (me, other) = self.dialler(conn);
        let address = self.conns[conn].address;
        let (now, id) = (self.now, self.nodes[other].id);
        let node = &mut self.nodes[me];
        match self.conns[conn].errand {
            Errand::Ask if why == "busy" => node.book.crowded(now, address),
            Errand::Ask => node.book.failed(now, address, why.into()),
            Errand::AskMore => node.end_asking_of(id),
            Errand::Offer => {}
        }
        self.look(me);
    }

    fn get_peers(&mut self, conn: usize) {
        let it = &self.conns[conn];
        if !it.answers_open || !self.nodes[it.answerer].here() {
            return;
        }
        let id = self.nodes[it.asker].id;
        let book = &mut self.nodes[it.answerer].book;
        let addresses = book.addresses(SWARM_ADDRESSES_MAX / 2, id);
        self.later(self.latency, Event::Peers(conn, addresses));
    }

    fn peers(&mut self, conn: usize, addresses: &[SocketAddr]) {
        let me = self.conns[conn].asker;
        if self.conns[conn].mood == Mood::Gone || !self.nodes[me].here() {
            return;
        }
        for &address in addresses {
            self.learn(me, address, None, false);
        }
        self.conns[conn].heard_at = self.now;
        self.conns[conn].peers_at = self.now;
        self.pump(conn);
    }

    // ---- asking (asker.rs) ----------------------------------------------------------------------

    fn begin_asking(&mut self, conn: usize, has: &Bitfield) {
        let it = &mut self.conns[conn];
        (it.heard_at, it.peers_at) = (self.now, self.now);
        it.mood = Mood::Reading;
        let (me, told) = (it.asker, it.told[0]);
        let id = self.nodes[it.answerer].id;
        let node = &mut self.nodes[me];
        node.swarm.connect(id, has, told);
        node.swarm.begin_asking(LinkKey(conn as u64), id);
        node.asks.push(conn);
        node.asks_most = node.asks_most.max(node.asks.len());
        self.pump(conn);
    }

    /// What every node must keep to, whenever it is looked at.
    pub fn check(&self) {
        for node in &self.nodes {
            node.swarm.check();
            assert_eq!(node.wrong > 0, !node.banned.is_empty());
        }
    }

    fn pump(&mut self, conn: usize) {
        let it = &mut self.conns[conn];
        let (me, other) = (it.asker, it.answerer);
        let id = self.nodes[other].id;
        let mut asked = false;
        loop {
            let node = &mut self.nodes[me];
            match node.swarm.next(self.now, LinkKey(conn as u64)) {
                Step::Ask(want) => {
                    let news = node.swarm.news_for(id, SWARM_NEWS_MAX);
                    self.later(self.latency, Event::Request(conn, Request { want, news }));
                    asked = true;
                }
                Step::Read => break,
                Step::Done => return self.end_asking(conn, "complete", true),
                Step::Rest(_) if asked => break,
                Step::Rest(seconds) => return self.rest(conn, seconds),
            }
        }
        self.conns[conn].mood = Mood::Reading;
    }

    fn rest(&mut self, conn: usize, seconds: f64) {
        let it = &mut self.conns[conn];
        if self.now - it.peers_at >= SWARM_ASK_AGAIN.as_secs_f64() {
            it.mood = Mood::Reading;
            return self.later(self.latency, Event::GetPeers(conn));
        }
        if self.now - it.heard_at >= SWARM_KEEP_ALIVE.as_secs_f64() {
            it.mood = Mood::Reading;
            let node = &mut self.nodes[it.asker];
            node.swarm.ask(self.now, LinkKey(conn as u64), Want::News);
            let (want, news) = (Want::News, Vec::new());
            return self.later(self.latency, Event::Request(conn, Request { want, news }));
        }
        it.mood = Mood::Resting;
        it.rest += 1;
        let rest = it.rest;
        self.later(seconds, Event::RestOver(conn, rest));
    }

    fn hear_answer(&mut self, conn: usize, answer: Answer) {
        let it = &mut self.conns[conn];
        let (me, other, link) = (it.asker, it.answerer, LinkKey(conn as u64));
        if it.mood == Mood::Gone || !self.nodes[me].here() {
            return;
        }
        it.heard_at = self.now;
        let (id, corrupts) = (self.nodes[other].id, self.nodes[other].place.corrupts);
        let wrong = corrupts > 0 && self.random.one_in(corrupts);
        let node = &mut self.nodes[me];
        if answer.pass_over {
            node.swarm.note_pass_over(id);
        }
        node.swarm
            .hear(id, &answer.news)
            .expect("keeps to the protocol");
        let Some(index) = answer.index else {
            let heard = node.swarm.receive_nothing(link, answer.pass_over);
            heard.expect("keeps to the protocol");
            return self.pump(conn);
        };
        node.received += 1;
        let timing = Timing {
            asked_at: 0.0,
            began_at: answer.began_at,
            ended_at: self.now,
        };
        let wanted = node.swarm.receive(timing, link, index);
        if !wanted.expect("keeps to the protocol") {
            node.duplicates += 1;
            return self.pump(conn);
        }
        if wrong {
            node.wrong += 1;
            node.banned.insert(id);
            if let Some(address) = node.book.address_of(id) {
                node.book.never(address, "wrong bytes");
            }
            return self.end_asking(conn, "wrong", true);
        }
        if !node.swarm.hold(link, index) {
            node.duplicates += 1;
        }
        if node.swarm.is_complete() {
            node.done_at = Some(self.now);
        }
        self.changed(me);
        self.pump(conn);
    }

    fn end_asking(&mut self, conn: usize, why: &str, tell: bool) {
        let it = &mut self.conns[conn];
        let (me, other, link) = (it.asker, it.answerer, LinkKey(conn as u64));
        let (errand, address) = (it.errand, it.address);
        let mood = std::mem::replace(&mut it.mood, Mood::Gone);
        let now = self.now;
        if mood == Mood::Gone || !self.nodes[me].here() {
            return;
        }
        if tell {
            let complete = why == "complete";
            self.later(self.latency, Event::CloseAnswerer(conn, complete));
        }
        let id = self.nodes[other].id;
        let node = &mut self.nodes[me];
        if mood != Mood::Handshake {
            node.asks.retain(|&ask| ask != conn);
            node.swarm.end_asking(link);
            node.swarm.disconnect(id);
        }
        if errand == Errand::AskMore || self.conns[conn].reserved {
            node.end_asking_of(id);
        }
        if errand != Errand::AskMore {
            node.book.lost(now, id);
        }
        if errand == Errand::Ask {
            match why {
                "complete" => node.book.postpone(now, address, None),
                "wrong" => node.book.never(address, why),
                _ => node.book.failed(now, address, why.into()),
            }
        }
        self.changed(me);
        self.look(me);
    }

    // ---- answering (answerer.rs) ----------------------------------------------------------------

    fn begin_answering(&mut self, conn: usize, has: &Bitfield) {
        let it = &mut self.conns[conn];
        it.answers_open = true;
        let (me, told) = (it.answerer, it.told[1]);
        let id = self.nodes[it.asker].id;
        let node = &mut self.nodes[me];
        node.swarm.connect(id, has, told);
        *node.answering.entry(id).or_default() += 1;
        node.answers.push(conn);
        node.askers_most = node.askers_most.max(node.answers.len());
    }

    fn end_answering(&mut self, conn: usize, complete: bool) {
        let it = &mut self.conns[conn];
        let me = it.answerer;
        if !std::mem::replace(&mut it.answers_open, false) || !self.nodes[me].here() {
            return;
        }
        it.out.clear();
        let id = self.nodes[it.asker].id;
        let node = &mut self.nodes[me];
        if complete {
            let all: Vec<u32> = (0..node.swarm.held().len()).collect();
            node.swarm.hear(id, &all).expect("all exist");
        }
        node.swarm.disconnect(id);
        node.answers.retain(|&answer| answer != conn);
        let count = node.answering.get_mut(&id).expect("counted");
        *count -= 1;
        if *count == 0 {
            node.answering.remove(&id);
        }
        self.changed(me);
    }

    fn serve(&mut self, conn: usize) {
        loop {
            let it = &mut self.conns[conn];
            let me = it.answerer;
            let id = self.nodes[it.asker].id;
            let node = &mut self.nodes[me];
            if !it.answers_open || !node.here() {
                return;
            }
            let Some(request) = it.requests.front_mut() else {
                return;
            };
            let news = std::mem::take(&mut request.news);
            let want = request.want;
            node.swarm.hear(id, &news).expect("keeps to the protocol");
            if want == Want::News {
                let wait = SWARM_NEWS_WAIT.as_secs_f64();
                let gains = node.swarm.gains().len();
                let (until, _) = *it.poll.get_or_insert((self.now + wait, gains));
                if !node.swarm.has_news_for(id) && self.now < until {
                    self.at(until, Event::PollOver(conn));
                    if !news.is_empty() {
                        self.changed(me);
                    }
                    return;
                }
                it.poll = None;
            }
            it.requests.pop_front();
            let index = node.swarm.answer(id, want).expect("keeps to the protocol");
            let answer = Answer {
                index,
                pass_over: node.swarm.pass_is_over(),
                news: node.swarm.news_for(id, SWARM_NEWS_MAX),
                turns: if index.is_some() { TURNS } else { 0 },
                began_at: 0.0,
            };
            node.sent += u64::from(index.is_some());
            node.news_frames += u64::from(index.is_none());
            it.out.push_back(answer);
            let first = it.out.len() == 1;
            if !news.is_empty() {
                self.changed(me);
            }
            if first {
                self.send_next(conn);
            }
            if self.nodes[me].dies_after == Some(self.nodes[me].sent) {
                return self.die(me);
            }
        }
    }

    // ---- the network ----------------------------------------------------------------------------

    /// The first answer of a connection sets out.
    fn send_next(&mut self, conn: usize) {
        let it = &mut self.conns[conn];
        let me = it.answerer;
        while let Some(answer) = it.out.front() {
            if answer.turns > 0 {
                self.nodes[me].sending.push_back(conn);
                return self.take_turn(me);
            }
            let answer = it.out.pop_front().expect("there");
            it.last_arrival = it.last_arrival.max(self.now + self.latency);
            let at = it.last_arrival;
            if !self.nodes[me].silent {
                self.sequence += 1;
                let due = Due(at, self.sequence, Event::Answer(conn, answer));
                self.events.push(Reverse(due));
            }
        }
    }

    fn take_turn(&mut self, me: usize) {
        let node = &mut self.nodes[me];
        if node.line_busy || !node.here() {
            return;
        }
        if let Some(conn) = node.sending.pop_front() {
            node.line_busy = true;
            let took = self.chunk_bytes / f64::from(TURNS) / node.place.up;
            self.later(took, Event::LineFree(me, conn));
        }
    }

    fn line_free(&mut self, me: usize, conn: usize) {
        self.nodes[me].line_busy = false;
        let it = &mut self.conns[conn];
        if self.nodes[me].here()
            && it.answers_open
            && let Some(answer) = it.out.front_mut()
        {
            answer.turns -= 1;
            let to = &mut self.nodes[it.asker];
            let took = self.chunk_bytes / f64::from(TURNS) / to.place.down;
            let arrived = (self.now + self.latency).max(to.down_free + took);
            to.down_free = arrived;
            if answer.turns == TURNS - 1 {
                answer.began_at = (arrived - took).max(it.last_arrival);
            }
            if answer.turns > 0 {
                self.nodes[me].sending.push_back(conn);
            } else {
                let answer = it.out.pop_front().expect("there");
                let mut arrived = arrived.max(it.last_arrival);
                if self.stalls > 0.0 && (self.random.below(10_000) as f64) < 1e4 * self.stalls {
                    arrived += 0.2;
                }
                it.last_arrival = arrived;
                self.at(arrived, Event::Answer(conn, answer));
                self.send_next(conn);
            }
        }
        self.take_turn(me);
    }

    /// All threads of `me` that wait look again.
    fn changed(&mut self, me: usize) {
        if !std::mem::replace(&mut self.nodes[me].wakes, true) {
            self.later(WAKE_SEC, Event::Wake(me));
        }
    }

    fn wake(&mut self, me: usize) {
        self.nodes[me].wakes = false;
        if !self.nodes[me].here() {
            return;
        }
        let mut asks = self.nodes[me].asks.clone();
        if !asks.is_empty() {
            let first = self.random.below(asks.len());
            asks.rotate_left(first);
        }
        for conn in asks {
            if self.conns[conn].mood == Mood::Resting {
                self.pump(conn);
            }
        }
        for conn in self.nodes[me].answers.clone() {
            if self.conns[conn].poll.is_some() {
                self.serve_poll(conn);
            }
        }
        // A connection that only reads notices that all is here when its answer comes.
    }

    fn serve_poll(&mut self, conn: usize) {
        let it = &self.conns[conn];
        let id = self.nodes[it.asker].id;
        if self.nodes[it.answerer].swarm.has_news_for(id) {
            self.serve(conn);
        }
    }
}

impl Node {
    fn here(&self) -> bool {
        self.alive && !self.silent
    }

    fn gone(&self) -> bool {
        self.silent || self.died
    }

    fn begin_asking_of(&mut self, id: NodeId, now: f64) -> bool {
        if self.asking.contains_key(&id) || self.banned.contains(&id) {
            return false;
        }
        self.asking.insert(id, (1, now));
        true
    }

    fn end_asking_of(&mut self, id: NodeId) {
        if let Some((links, _)) = self.asking.get_mut(&id) {
            *links -= 1;
            if *links == 0 {
                self.asking.remove(&id);
            }
        }
    }

    fn one_more(&mut self, now: f64) -> Option<SocketAddr> {
        let alone = self.asking.len() == 1 && self.swarm.peer_count() == 1;
        let (&id, (links, since)) = self.asking.iter_mut().next()?;
        if *links >= SWARM_LINKS_ALONE || now < *since + SWARM_EXTRA_AFTER_SEC || !alone {
            return None;
        }
        if self.swarm.peer_is_complete(id) != Some(true) {
            return None;
        }
        let address = self.book.address_of(id)?;
        *links += 1;
        Some(address)
    }

    fn offers(&mut self, now: f64) -> Vec<SocketAddr> {
        let mut offers = Vec::new();
        if self.swarm.held().count_ones() == 0 {
            return offers;
        }
        let enough = self.book.askers_max().saturating_sub(self.answering.len());
        let ignored = !self.swarm.pass_is_over() && self.answering.len() < SWARM_IGNORED_ASKERS;
        let early = if ignored {
            SWARM_OFFER_AFTER_SEC - SWARM_OFFER_SOON_SEC
        } else {
            0.0
        };
        for (&id, at) in &mut self.offer_at {
            if offers.len() >= enough {
                break;
            }
            let known = self.swarm.peer_is_complete(id) == Some(true);
            if now + early < *at
                || self.answering.contains_key(&id)
                || self.banned.contains(&id)
                || known
            {
                continue;
            }
            if let Some(address) = self.book.address_of(id) {
                *at = now + SWARM_OFFER_AGAIN_SEC;
                offers.push(address);
            }
        }
        offers
    }
}

/// Nothing is heard of a silent node for this long until its connections end.
pub fn silence_sec() -> f64 {
    SWARM_SILENCE.as_secs_f64()
}
