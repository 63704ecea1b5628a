//! A crowd that comes and goes, and evenings that are pressed into seconds: nobody is lost who stays, everything that is
//! said reaches everybody, and in the end the server is as small as it was. `make soak` runs the long forms.

use crate::common::company::Company;
use crate::common::crowd::Crowd;
use crate::common::footprint::Footprint;
use crate::common::http::{get, put};
use crate::common::member::Member;
use crate::common::random::Random;
use crate::common::running::{track_id, until, wav};
use crate::common::server::{TestServer, WATCHDOG};
use crate::common::temp::TempFolder;

use jam::sys::descriptors;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Memory that the C library keeps for itself, some more or less each time.
const MARGIN_KIB: u64 = 8 * 1024;

// ---- a crowd that comes and goes -----------------------------------------------------------------

#[test]
fn a_crowd_that_comes_and_goes_hears_everything_and_leaves_no_trace() {
    crowd(300, Duration::from_secs(8));
}

#[test]
#[ignore = "takes a minute and most of the machine: make soak"]
fn three_thousand_who_come_and_go_hear_everything_and_leave_no_trace() {
    crowd(3000, Duration::from_secs(60));
}

/// So many members, of whom fifty leave each second while fifty others come, and a host who plays.
fn crowd(members: usize, time: Duration) {
    const CHANGE: Duration = Duration::from_millis(20);
    descriptors::raise_limit().expect("as many as this process may have");
    let server = TestServer::start(&[]);
    let pid = server.pid();
    let mut company = Company::join(&server, "a");
    let small = Footprint::of(&pid);
    // A first wave makes what every later one uses again.
    let mut crowd = gather(&server, members);
    crowd.leave(members);
    let before = small.back_to(&pid);

    let mut crowd = gather(&server, members);
    let full = Footprint::of(&pid);
    let began = Instant::now();
    let (mut changes, mut slowest) = (0, Duration::ZERO);
    while began.elapsed() < time {
        let said = Instant::now();
        company.plays_on();
        let round = u64::from(company.round());
        let mut present = crowd.len();
        while crowd.have_heard(round, present) < present {
            assert!(
                said.elapsed() < WATCHDOG,
                "some never heard of round {round}"
            );
            crowd.look();
            // One for one, as often as it is due.
            let due = began.elapsed().as_nanos() / CHANGE.as_nanos();
            while changes < due {
                crowd.leave(1);
                crowd.come(1);
                changes += 1;
                present = present.saturating_sub(1);
            }
        }
        slowest = slowest.max(said.elapsed());
        assert_eq!(crowd.lost(), 0, "the server ended some who stayed");
    }
    company.plays_on();
    let last = u64::from(company.round());
    until("everybody has heard the last", || {
        crowd.look();
        (crowd.have_heard(last, members) == members).then_some(())
    });
    assert_eq!(crowd.lost(), 0, "the server ended some who stayed");
    crowd.leave(members);
    let after = before.back_to(&pid);
    println!(
        "{members} members, {changes} left and came in {time:?}, {} rounds, the slowest {slowest:?}\n\
         before {before:?}\nfull   {full:?}\nafter  {after:?}",
        company.round()
    );
    assert!(after.resident_kib < before.resident_kib + MARGIN_KIB);
}

fn gather(server: &TestServer, members: usize) -> Crowd {
    let mut crowd = Crowd::new(server, "a");
    while crowd.len() < members {
        crowd.come(100.min(members - crowd.len()));
        let all = crowd.len();
        until("they have joined", || {
            crowd.look();
            (crowd.have_heard(0, all) == all).then_some(())
        });
    }
    crowd
}

// ---- an evening ----------------------------------------------------------------------------------

#[test]
fn half_an_hour_of_a_party_leaves_the_server_as_it_was() {
    soak(2, 10, 60);
}

#[test]
#[ignore = "takes minutes and most of the machine: make soak"]
fn a_day_of_a_party_leaves_the_server_as_it_was() {
    soak(TRACKS_AN_HOUR, 24 * TRACKS_AN_HOUR, 200);
}

const TRACKS_AN_HOUR: usize = 20;
/// What people do while one plays.
const ORDERS_A_TRACK: usize = 7;
/// What pages say by themselves meanwhile, of eight listeners: four probes every two seconds, and a report every ten.
const PROBES_A_TRACK: usize = 8 * 7200 / TRACKS_AN_HOUR;
const REPORTS_A_TRACK: usize = 8 * 360 / TRACKS_AN_HOUR;

struct Evening {
    server: TestServer,
    friends: Vec<Member>,
    songs: Vec<Vec<u8>>,
    keys: Vec<String>,
    random: Random,
    _folder: TempFolder,
}

/// Counted in tracks, of which an hour has twenty; what pages say comes from so many members.
fn soak(warm_up: usize, tracks: usize, chatters: usize) {
    descriptors::raise_limit().expect("as many as this process may have");
    let mut evening = Evening::begin();
    let pid = evening.server.pid();
    let small = Footprint::of(&pid);
    evening.pass(warm_up, chatters);
    let before = small.back_to(&pid);
    let said = evening.messages();
    let began = Instant::now();
    evening.pass(tracks, chatters);
    let took = began.elapsed();
    let said = evening.messages() - said;
    let after = small.back_to(&pid);
    println!("{tracks} tracks in {took:?}, {said} messages\nbefore {before:?}\nafter  {after:?}");
    assert!(
        after.resident_kib < before.resident_kib + MARGIN_KIB,
        "{before:?} {after:?}"
    );
    evening.all_hear_the_same();
}

impl Evening {
    fn begin() -> Self {
        let folder = TempFolder::new();
        let state = folder.join("state");
        let server = TestServer::start(&["--state-dir", state.to_str().expect("text")]);
        let hello = |role: &str| json!({ "role": role, "wants": ["WELCOME", "QUEUE", "RIGHTS"] });
        let mut friends = vec![Member::join(server.address, "a", hello("host"))];
        friends[0].say(&json!({ "type": "GUESTS", "may": "everything" }));
        friends[0].wait_for("RIGHTS", |rights| rights["guests"] == "everything");
        friends.extend((1..8).map(|_| Member::join(server.address, "a", hello("viewer"))));
        let key = |friend: &Member| {
            let welcome = friend.wait_for("WELCOME", |_| true);
            let key = welcome["upload_key"].as_str().expect("text").to_owned();
            format!("Authorization: Bearer {key}\r\n")
        };
        Self {
            keys: friends.iter().map(key).collect(),
            server,
            friends,
            songs: (0..60).map(|mark| wav(mark, 20_000)).collect(),
            random: Random::from_seed(24),
            _folder: folder,
        }
    }

    /// Of all connections so far.
    fn messages(&self) -> u64 {
        let metrics = get(&mut self.server.connect(), "/metrics").text();
        let line = |line: &str| {
            line.strip_prefix("jam_messages_received_total ")?
                .parse()
                .ok()
        };
        metrics.lines().find_map(line).expect("it is counted")
    }

    fn pass(&mut self, tracks: usize, chatters: usize) {
        let is_over = Arc::new(AtomicBool::new(false));
        let crowd = Crowd::new(&self.server, "a");
        let over = Arc::clone(&is_over);
        let chatter = std::thread::spawn(move || chat(crowd, chatters, tracks, &over));
        for number in 0..tracks {
            self.a_track(number);
            self.friends.iter().for_each(Member::forget);
        }
        is_over.store(true, Ordering::Relaxed);
        chatter.join().expect("nobody was lost");
    }

    /// Somebody brings a track, everybody fetches it, it is played, and a few press keys meanwhile.
    fn a_track(&mut self, number: usize) {
        let who = self.random.below(self.friends.len());
        let song = self.random.pick(&self.songs);
        let id = track_id(song);
        let mut socket = self.server.connect();
        let answer = put(
            &mut socket,
            "/tracks?name=song.wav&room=a",
            &self.keys[who],
            song,
        );
        assert!([200, 201].contains(&answer.status), "{}", answer.text());
        for _ in 0..self.friends.len() {
            let path = format!("/tracks/{id}");
            assert!(get(&mut self.server.connect(), &path).body == *song);
        }
        let orders = [
            json!({ "type": "ADD", "track_id": id, "before": null }),
            json!({ "type": "PLAY", "track_id": id, "offset_sec": number }),
            json!({ "type": "PAUSE", "track_id": id, "offset_sec": number + 1 }),
            json!({ "type": "PLAY", "track_id": id, "offset_sec": number + 2 }),
            json!({ "type": "MOVE", "track_id": id, "before": null }),
            json!({ "type": "NEXT", "from": id }),
            json!({ "type": "REMOVE", "track_id": id }),
        ];
        assert_eq!(orders.len(), ORDERS_A_TRACK);
        for order in orders {
            let who = self.random.below(self.friends.len());
            self.friends[who].say(&order);
        }
    }

    fn all_hear_the_same(&self) {
        let marker = 123_456;
        let play = json!({ "type": "PLAY", "track_id": null, "offset_sec": marker });
        self.friends[0].say(&play);
        for friend in &self.friends {
            friend.wait_for("STATE", |state| state["payload"]["offset_sec"] == marker);
        }
    }
}

/// Says what pages say by themselves, as fast as the server lets one of them speak, while some leave and others come.
fn chat(mut crowd: Crowd, members: usize, tracks: usize, is_over: &AtomicBool) {
    /// 40 credits a second of the 50 that each member has.
    const TURN: Duration = Duration::from_millis(25);
    let (probes, reports) = (tracks * PROBES_A_TRACK, tracks * REPORTS_A_TRACK);
    crowd.come(members);
    let began = Instant::now();
    let (mut said, mut reported, mut turns) = (0, 0, 0);
    while said < probes || !is_over.load(Ordering::Relaxed) {
        crowd.look();
        if began.elapsed() < TURN * turns {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        turns += 1;
        if said < probes {
            crowd.say_all(r#"{"type":"CLOCK","t0":5120.25}"#);
            said += crowd.len();
        }
        if reported * probes < reports * said && turns % 10 == 0 {
            crowd.say_all(r#"{"type":"REPORT","status":"playing","rtt_ms":1.25,"error_ms":0.4}"#);
            reported += crowd.len();
        }
        if turns % 4 == 0 {
            crowd.leave(1);
            crowd.come(1);
        }
        assert_eq!(crowd.lost(), 0, "the server ended some who stayed");
    }
    crowd.leave(members);
}
