//! Follows a room with simulated players: they take their time, their clock is off, and they scatter.

use jam::sync::follow::{DECKS, Follower, Moment, Order, Phase, Wanted};

/// Local seconds to room seconds, with 40 ppm between the clocks.
const ROOM_AHEAD_SEC: f64 = 1_762_569_219.0;
const DRIFT: f64 = 40e-6;

/// From the command to the sound.
const LATENCY_SEC: f64 = 0.017;

const DURATION_SEC: f64 = 60.0;

#[derive(Clone, Debug, Default)]
struct Player {
    alive: bool,
    /// What is open, and the local time at which it is.
    open: Option<(String, f64)>,
    opening_until: Option<f64>,
    /// When it was let go, and where it was then.
    playing_since: Option<f64>,
    speed: f64,
    /// Off by this, and says so: a sound card of another opinion.
    off_sec: f64,
}

impl Player {
    /// The place in the track that is heard.
    fn position(&self, local: f64) -> Heard {
        let (track, from) = self.open.clone()?;
        let since = self.playing_since? + LATENCY_SEC;
        (local >= since).then_some((track, from + (local - since) * self.speed + self.off_sec))
    }
}

/// A track and the place in it; nothing in silence.
type Heard = Option<(String, f64)>;

struct World {
    local: f64,
    follower: Follower,
    players: Vec<Player>,
    open_sec: f64,
    here: Vec<&'static str>,
    random: u64,
    /// What was heard, every 10 ms: local time and what each player played.
    heard: Vec<(f64, Vec<Heard>)>,
    speeds: Vec<f64>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            local: 100.0,
            follower: Follower::default(),
            players: vec![Player::default(); DECKS],
            open_sec: 0.06,
            here: vec!["a", "b"],
            random: 1,
            heard: Vec::new(),
            speeds: Vec::new(),
        };
        world.follower.set_duration(Some(DURATION_SEC));
        for deck in 0..DECKS {
            world.revive(deck);
        }
        world
    }

    fn room(local: f64) -> f64 {
        ROOM_AHEAD_SEC + local * (1.0 + DRIFT)
    }

    fn now(&self) -> Moment {
        Moment {
            local_sec: self.local,
            room_sec: Self::room(self.local),
        }
    }

    fn kill(&mut self, deck: usize) {
        self.players[deck] = Player::default();
        self.follower.down(deck);
    }

    fn revive(&mut self, deck: usize) {
        self.players[deck].alive = true;
        self.players[deck].speed = 1.0;
        self.follower.up(deck);
    }

    /// From -1 to 1.
    fn chance(&mut self) -> f64 {
        self.random = self
            .random
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.random >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn say(&mut self, track: Option<&str>, playing: bool, offset_sec: f64) -> Wanted {
        let lead = if playing { 0.25 } else { 0.0 };
        let wanted = Wanted {
            track: track.map(str::to_owned),
            playing,
            offset_sec,
            timestamp: Self::room(self.local) + lead,
        };
        self.follower.follow(wanted.clone());
        wanted
    }

    fn carry_out(&mut self, orders: Vec<Order>) {
        for order in orders {
            let local = self.local;
            match order {
                Order::Load {
                    deck,
                    track,
                    offset_sec,
                } => {
                    let player = &mut self.players[deck];
                    assert!(player.alive, "an order to a dead player");
                    player.playing_since = None;
                    player.open = Some((track, offset_sec));
                    player.opening_until = Some(local + self.open_sec);
                }
                Order::Play { deck } => {
                    let player = &mut self.players[deck];
                    assert!(
                        player.alive && player.opening_until.is_none(),
                        "let go too soon"
                    );
                    player.playing_since = Some(local);
                }
                Order::Pause { deck } => self.players[deck].playing_since = None,
                Order::Stop { deck } => self.players[deck].open = None,
                Order::Speed { deck, speed } => {
                    let player = &mut self.players[deck];
                    if let (Some((_, at)), Some(open)) = (player.position(local), &mut player.open)
                    {
                        open.1 = at - player.off_sec;
                        player.playing_since = Some(local - LATENCY_SEC);
                    }
                    player.speed = speed;
                    self.speeds.push(speed);
                }
                Order::Ask { deck } => {
                    let scatter = 0.0005 * self.chance();
                    if let Some((_, at)) = self.players[deck].position(local) {
                        let mut orders = Vec::new();
                        let now = self.now();
                        self.follower.heard(deck, at + scatter, now, &mut orders);
                        self.carry_out(orders);
                    }
                }
            }
        }
    }

    fn run(&mut self, seconds: f64) {
        let until = self.local + seconds;
        let mut next_look = self.local;
        while self.local < until {
            for deck in 0..DECKS {
                let player = &mut self.players[deck];
                if player
                    .opening_until
                    .take_if(|at| *at <= self.local)
                    .is_some()
                {
                    let now = self.now();
                    self.follower.ready(deck, now);
                }
            }
            let mut orders = Vec::new();
            let here = self.here.clone();
            let now = self.now();
            let wake = self
                .follower
                .step(now, |track| here.contains(&track), &mut orders);
            self.carry_out(orders);
            if self.local >= next_look {
                let heard = self
                    .players
                    .iter()
                    .map(|player| player.position(self.local));
                self.heard.push((self.local, heard.collect()));
                next_look += 0.01;
            }
            let opened = self
                .players
                .iter()
                .filter_map(|player| player.opening_until);
            let next = opened.fold(wake.min(next_look), f64::min);
            self.local = next.max(self.local + 1e-6);
        }
    }

    /// How far off the players were at most between two local times, and whether something was always heard.
    fn worst(&self, wanted: &Wanted, from: f64, to: f64) -> f64 {
        let looks = self.heard.iter().filter(|(at, _)| (from..to).contains(at));
        let mut worst = 0.0_f64;
        for (at, heard) in looks {
            let playing: Vec<_> = heard.iter().flatten().collect();
            assert!(!playing.is_empty(), "silence at {at}");
            for (track, position) in playing {
                assert_eq!(Some(track), wanted.track.as_ref(), "at {at}");
                worst = worst.max((position - wanted.position_at(Self::room(*at))).abs());
            }
        }
        worst
    }

    fn is_silent(&self, from: f64, to: f64) -> bool {
        let mut looks = self.heard.iter().filter(|(at, _)| (from..to).contains(at));
        looks.all(|(_, heard)| heard.iter().all(Option::is_none))
    }
}

#[test]
fn a_start_is_in_time_once_the_way_to_the_sound_is_known() {
    let mut world = World::new();
    world.say(Some("a"), false, 0.0);
    world.run(1.0);
    assert_eq!(world.follower.phase(world.now()), Phase::Paused);
    let wanted = world.say(Some("a"), true, 0.0);
    let began = world.local;
    world.run(10.0);
    // 15 ms of the way were not known, which is less than a jump is for.
    assert!(world.worst(&wanted, began + 0.3, began + 10.0) < 0.02);
    world.say(Some("a"), false, 9.0);
    let paused = world.local;
    world.run(2.0);
    assert!(world.is_silent(paused + 0.02, paused + 2.0));
    let wanted = world.say(Some("a"), true, 9.0);
    let began = world.local;
    world.run(20.0);
    assert!(world.is_silent(began, began + 0.245));
    assert!(world.worst(&wanted, began + 0.26, began + 20.0) < 0.002);
    assert_eq!(world.follower.counts.jumps, 0);
    assert_eq!(world.follower.counts.nudges, 1, "of the first start alone");
}

#[test]
fn a_late_join_comes_in_at_the_right_place_soon() {
    let mut world = World::new();
    let wanted = world.say(Some("a"), true, 0.0);
    let wanted = Wanted {
        timestamp: wanted.timestamp - 20.0,
        ..wanted
    };
    world.follower.follow(wanted.clone());
    let began = world.local;
    world.run(5.0);
    assert!(world.worst(&wanted, began + 0.6, began + 5.0) < 0.02);
}

#[test]
fn the_old_place_sounds_until_the_moment_of_a_seek_and_the_new_one_from_then_on() {
    let mut world = World::new();
    let first = world.say(Some("a"), true, 0.0);
    world.run(8.0);
    let sought = world.local;
    let second = world.say(Some("a"), true, 40.0);
    world.run(5.0);
    assert!(world.worst(&first, sought, sought + 0.24) < 0.02);
    assert!(world.worst(&second, sought + 0.27, sought + 5.0) < 0.02);
}

#[test]
fn the_next_track_begins_at_the_moment_at_which_the_old_one_ends() {
    let mut world = World::new();
    world.follower.set_next(Some("b".into()));
    let first = world.say(Some("a"), true, 50.0);
    world.run(8.0);
    let second = Wanted {
        track: Some("b".into()),
        playing: true,
        offset_sec: 0.0,
        timestamp: first.timestamp + 10.0,
    };
    world.follower.follow(second.clone());
    let ends = world.local + 2.25;
    world.run(6.0);
    assert!(world.worst(&first, ends - 2.0, ends - 0.02) < 0.02);
    assert!(world.worst(&second, ends + 0.06, ends + 3.0) < 0.02);
    assert_eq!(world.follower.counts.starts, 2);
}

#[test]
fn a_track_that_is_left_in_its_middle_is_silent_when_the_next_one_begins() {
    let mut world = World::new();
    world.follower.set_next(Some("b".into()));
    world.say(Some("a"), true, 5.0);
    world.run(8.0);
    let left = world.local;
    let second = world.say(Some("b"), true, 0.0);
    world.run(3.0);
    assert!(world.worst(&second, left + 0.26, left + 3.0) < 0.02);
}

#[test]
fn a_player_that_dies_is_taken_over_by_the_other_and_comes_back() {
    let mut world = World::new();
    let wanted = world.say(Some("a"), true, 0.0);
    world.run(5.0);
    for deck in [0, 1, 0, 1] {
        world.kill(deck);
        let killed = world.local;
        world.run(2.0);
        assert!(world.worst(&wanted, killed + 0.5, killed + 2.0) < 0.02);
        world.revive(deck);
        world.run(2.0);
    }
    // Both at once: silence, and then the right place.
    (0..DECKS).for_each(|deck| world.kill(deck));
    let killed = world.local;
    world.run(1.0);
    assert!(world.is_silent(killed, killed + 1.0));
    (0..DECKS).for_each(|deck| world.revive(deck));
    world.run(2.0);
    assert!(world.worst(&wanted, killed + 1.6, killed + 3.0) < 0.02);
}

#[test]
fn what_is_far_off_jumps_and_what_is_a_little_off_is_bent_in_time() {
    for (off_sec, jumps, nudges) in [(0.2, 1, 0), (0.012, 0, 1), (0.002, 0, 0)] {
        let mut world = World::new();
        world.follower.set_duration(None);
        let wanted = world.say(Some("a"), true, 0.0);
        // What a start costs is learnt first.
        world.run(12.0);
        world.say(Some("a"), false, 12.0);
        world.run(1.0);
        let wanted = Wanted {
            timestamp: world.say(Some("a"), true, 12.0).timestamp,
            offset_sec: 12.0,
            ..wanted
        };
        world.run(4.0);
        let before = world.follower.counts;
        for player in &mut world.players {
            if let Some(open) = player
                .open
                .as_mut()
                .filter(|_| player.playing_since.is_some())
            {
                open.1 += off_sec;
            }
        }
        world.run(40.0);
        let counts = world.follower.counts;
        assert_eq!(counts.jumps - before.jumps, jumps, "off by {off_sec}");
        assert_eq!(counts.nudges - before.nudges, nudges, "off by {off_sec}");
        let now = world.local;
        assert!(
            world.worst(&wanted, now - 10.0, now) < 0.004,
            "off by {off_sec}"
        );
        let wrong = world
            .speeds
            .iter()
            .find(|speed| !(0.998..=1.002).contains(*speed));
        assert_eq!(wrong, None);
    }
}

/// Whenever somebody seeks, the moments included in which the first start is judged, and found to be off.
#[test]
fn what_is_off_does_not_jump_when_something_else_begins_in_a_moment() {
    for wait in 0..60 {
        let mut world = World::new();
        world
            .players
            .iter_mut()
            .for_each(|player| player.off_sec = 0.1);
        world.say(Some("a"), false, 0.0);
        world.run(1.0);
        world.say(Some("a"), true, 0.0);
        world.run(0.3 + 0.05 * f64::from(wait));
        let sought = world.local;
        let second = world.say(Some("a"), true, 40.0);
        let jumps = world.follower.counts.jumps;
        world.run(0.24);
        assert_eq!(world.follower.counts.jumps, jumps, "after {wait}");
        world.run(2.0);
        assert!(world.worst(&second, sought + 0.27, sought + 2.0) < 0.12);
    }
}

#[test]
fn a_jump_that_is_under_way_is_not_begun_again() {
    let mut world = World::new();
    world.say(Some("a"), true, 0.0);
    world.run(0.5);
    for player in &mut world.players {
        player.off_sec = 0.2;
    }
    world.open_sec = 3.0;
    world.run(5.0);
    let counts = world.follower.counts;
    assert_eq!((counts.starts, counts.jumps), (1, 1), "it opens still");
}

/// After sleep, when the clock has been set right: no player has to be heard first, and nothing waits for moments of before.
#[test]
fn room_time_that_leaps_is_followed_at_once() {
    for leap_sec in [600.0, -5.0, 0.05] {
        let mut world = World::new();
        world.follower.set_duration(None);
        world.say(Some("a"), true, 20.0);
        world.run(8.0);
        let mut now = world.now();
        let before = now.room_sec;
        now.room_sec += leap_sec;
        let mut orders = Vec::new();
        world.follower.step(now, |_| true, &mut orders);
        let expected = 20.0 + 8.0 - 0.25 + leap_sec;
        let opened = orders.iter().find_map(|order| match order {
            Order::Load { offset_sec, .. } => Some(*offset_sec),
            _ => None,
        });
        let opened = opened.unwrap_or_else(|| panic!("{leap_sec}: {orders:?}"));
        assert!((opened - expected).abs() < 0.5, "{opened} at {before}");
        assert_eq!(world.follower.counts.jumps, 1);
        // The same once more is no leap.
        now.local_sec += 0.5;
        now.room_sec += 0.5;
        world.follower.step(now, |_| true, &mut orders);
        assert_eq!(world.follower.counts.jumps, 1);
    }
}

#[test]
fn a_machine_that_stumbles_all_the_time_does_not_jump_all_the_time() {
    let mut world = World::new();
    world.follower.set_duration(None);
    world.say(Some("a"), true, 0.0);
    for _ in 0..60 {
        world.run(2.0);
        for player in &mut world.players {
            if let Some(open) = player
                .open
                .as_mut()
                .filter(|_| player.playing_since.is_some())
            {
                open.1 -= 0.05;
            }
        }
    }
    let jumps = world.follower.counts.jumps;
    assert!((4..=12).contains(&jumps), "{jumps}");
}

#[test]
fn nothing_plays_before_it_is_here_or_when_it_is_broken_or_over() {
    let mut world = World::new();
    world.here.clear();
    let wanted = world.say(Some("a"), true, 0.0);
    world.run(3.0);
    assert_eq!(world.follower.phase(world.now()), Phase::Loading);
    world.here.push("a");
    let came = world.local;
    world.run(3.0);
    assert!(world.worst(&wanted, came + 1.1, came + 3.0) < 0.02);
    world.run(60.0);
    assert_eq!(world.follower.phase(world.now()), Phase::Ended);

    let mut world = World::new();
    world.open_sec = f64::INFINITY;
    world.say(Some("a"), true, 0.0);
    world.run(1.0);
    let broken = (0..DECKS).find(|&deck| world.players[deck].open.is_some());
    world.follower.not_playable(broken.expect("one opens it"));
    world.run(1.0);
    assert_eq!(world.follower.phase(world.now()), Phase::Failed);
    world.say(None, true, 0.0);
    world.run(1.0);
    assert_eq!(world.follower.phase(world.now()), Phase::Idle);
}

#[test]
fn a_slow_disk_makes_a_start_later_and_never_wrong() {
    for open_sec in [0.3, 0.9, 2.5] {
        let mut world = World::new();
        world.open_sec = open_sec;
        let wanted = world.say(Some("a"), true, 0.0);
        let began = world.local;
        world.run(20.0);
        assert!(
            world.worst(&wanted, began + 10.0, began + 20.0) < 0.02,
            "{open_sec}"
        );
        let heard = world
            .heard
            .iter()
            .filter(|(_, heard)| heard.iter().any(Option::is_some));
        let first = heard.map(|(at, _)| *at).next().expect("something is heard");
        assert!(
            world.worst(&wanted, first, began + 20.0) < 0.02,
            "{open_sec}"
        );
    }
}

#[test]
fn nonsense_from_a_server_is_no_harm() {
    let mut world = World::new();
    for offset_sec in [-5.0, f64::NAN, f64::INFINITY, 1e300, 1e5] {
        world.say(Some("a"), true, offset_sec);
        world.run(1.0);
        world.say(Some("a"), false, offset_sec);
        world.run(1.0);
    }
    let wanted = world.say(Some("a"), true, 1.0);
    let began = world.local;
    world.run(5.0);
    assert!(world.worst(&wanted, began + 0.6, began + 5.0) < 0.02);
}
