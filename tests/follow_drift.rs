//! An hour on a sound card whose clock is off: it is followed with bent tempo alone, and never far off.

use jam::sync::follow::{DECKS, Follower, Moment, Order, Wanted};

const HOUR_SEC: f64 = 3600.0;
const STEP_SEC: f64 = 0.05;
const START_SEC: f64 = 1.0;
/// What a player says of its place scatters by so much.
const SCATTER_SEC: f64 = 0.0015;
/// A nudge begins at 4 ms, after ten seconds of evidence that say so.
const ERROR_SEC_MAX: f64 = 0.006;

/// Where it is in the track while it plays, and how fast it was told to be.
#[derive(Clone, Default)]
struct Player {
    place_sec: Option<f64>,
    speed: f64,
}

struct Hour {
    follower: Follower,
    players: Vec<Player>,
    /// What the card plays in a second.
    rate: f64,
    random: u64,
    worst_sec: f64,
    bent_sec: f64,
    speeds: Vec<f64>,
}

impl Hour {
    /// Plays one track for an hour.
    fn on_a_card_that_is_off_by(ppm: f64) -> Self {
        let mut hour = Self {
            follower: Follower::default(),
            players: vec![Player::default(); DECKS],
            rate: 1.0 + ppm * 1e-6,
            random: 1,
            worst_sec: 0.0,
            bent_sec: 0.0,
            speeds: Vec::new(),
        };
        for deck in 0..DECKS {
            hour.players[deck].speed = 1.0;
            hour.follower.up(deck);
        }
        hour.follower.set_duration(Some(2.0 * HOUR_SEC));
        hour.follower.follow(Wanted {
            track: Some("a".into()),
            playing: true,
            offset_sec: 0.0,
            timestamp: START_SEC,
        });
        for step in 0..(HOUR_SEC / STEP_SEC) as u32 {
            hour.step(f64::from(step) * STEP_SEC);
        }
        hour
    }

    fn step(&mut self, sec: f64) {
        for player in &mut self.players {
            if let Some(place_sec) = &mut player.place_sec {
                *place_sec += STEP_SEC * self.rate * player.speed;
                self.worst_sec = self.worst_sec.max((*place_sec - (sec - START_SEC)).abs());
                self.bent_sec += if player.speed == 1.0 { 0.0 } else { STEP_SEC };
            }
        }
        let now = Moment {
            local_sec: sec,
            room_sec: sec,
        };
        let mut orders = Vec::new();
        self.follower.step(now, |_| true, &mut orders);
        while !orders.is_empty() {
            for order in std::mem::take(&mut orders) {
                self.carry_out(order, now, &mut orders);
            }
        }
    }

    fn carry_out(&mut self, order: Order, now: Moment, more: &mut Vec<Order>) {
        match order {
            Order::Load { deck, .. } => self.follower.ready(deck, now),
            // It begins where it should.
            Order::Play { deck } => {
                self.players[deck].place_sec = Some(now.room_sec - START_SEC);
            }
            Order::Pause { deck } | Order::Stop { deck } => self.players[deck].place_sec = None,
            Order::Speed { deck, speed } => {
                self.players[deck].speed = speed;
                self.speeds.push(speed);
            }
            Order::Ask { deck } => {
                if let Some(place_sec) = self.players[deck].place_sec {
                    let said_sec = place_sec + self.chance() * SCATTER_SEC;
                    self.follower.heard(deck, said_sec, now, more);
                }
            }
        }
    }

    /// From -1 to 1.
    fn chance(&mut self) -> f64 {
        self.random = self
            .random
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.random >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

fn assert_followed(ppm: f64) {
    let hour = Hour::on_a_card_that_is_off_by(ppm);
    let counts = hour.follower.counts;
    assert_eq!((counts.starts, counts.jumps), (1, 0));
    assert!(hour.worst_sec < ERROR_SEC_MAX, "{} s", hour.worst_sec);
    for speed in &hour.speeds {
        assert!((speed - 1.0).abs() <= 0.002 + 1e-9, "{speed}");
    }
    // 180 ms in an hour, in bends of 4 ms and somewhat more, at 2 ms a second.
    assert!((25..=50).contains(&counts.nudges), "{}", counts.nudges);
    assert!((hour.bent_sec - 90.0).abs() < 15.0, "{} s", hour.bent_sec);
}

#[test]
fn a_card_that_is_fifty_millionths_fast_is_followed_for_an_hour_without_a_jump() {
    assert_followed(50.0);
}

#[test]
fn a_card_that_is_fifty_millionths_slow_is_followed_for_an_hour_without_a_jump() {
    assert_followed(-50.0);
}

#[test]
fn a_good_card_is_left_alone() {
    let counts = Hour::on_a_card_that_is_off_by(0.0).follower.counts;
    assert_eq!((counts.starts, counts.jumps, counts.nudges), (1, 0, 0));
}
