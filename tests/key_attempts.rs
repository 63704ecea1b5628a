//! The counting of wrong keys, in simulated time.

use crate::common::random::for_each_seed;
use jam::limits::{KEY_ADDRESSES_MAX, KEY_ATTEMPT_SEC, KEY_ATTEMPTS_MAX};
use jam::server::attempts::Attempts;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const NOON: f64 = 1_762_569_219.737_918;

fn ip(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(number).into()
}

/// As many wrong keys as may be tried at this moment.
fn exhaust(attempts: &mut Attempts, now: f64, ip: IpAddr) -> u32 {
    let mut tried = 0;
    while attempts.may_try(now, ip) {
        attempts.was_wrong(now, ip);
        tried += 1;
        assert!(tried <= 1000, "no end");
    }
    tried
}

#[test]
fn so_many_at_once_and_then_one_in_three_seconds() {
    let mut attempts = Attempts::default();
    assert_eq!(exhaust(&mut attempts, NOON, ip(1)), KEY_ATTEMPTS_MAX);
    assert!(!attempts.may_try(NOON + KEY_ATTEMPT_SEC - 0.01, ip(1)));
    for seconds in 1..10 {
        let now = NOON + f64::from(seconds) * (KEY_ATTEMPT_SEC + 1e-5);
        assert_eq!(exhaust(&mut attempts, now, ip(1)), 1);
        assert!(attempts.may_try(now, ip(2)), "others are not touched");
    }
    let rested = NOON + 1000.0;
    assert_eq!(exhaust(&mut attempts, rested, ip(1)), KEY_ATTEMPTS_MAX);
    let long_ago = rested + 1e9;
    assert_eq!(exhaust(&mut attempts, long_ago, ip(1)), KEY_ATTEMPTS_MAX);
}

#[test]
fn the_last_one_for_now_is_told_once() {
    let mut attempts = Attempts::default();
    let told: Vec<bool> = (0..KEY_ATTEMPTS_MAX)
        .map(|_| attempts.was_wrong(NOON, ip(1)))
        .collect();
    assert_eq!(told.iter().filter(|&&told| told).count(), 1);
    assert_eq!(told.last(), Some(&true));
}

#[test]
fn a_network_of_ipv6_is_one_and_an_ipv4_address_is_one_however_it_is_written() {
    let mut attempts = Attempts::default();
    let v6 = |text: &str| {
        text.parse::<Ipv6Addr>()
            .map(IpAddr::from)
            .expect("an address")
    };
    exhaust(&mut attempts, NOON, v6("2001:db8:1:2:3:4:5:6"));
    assert!(!attempts.may_try(NOON, v6("2001:db8:1:2::9")));
    assert!(attempts.may_try(NOON, v6("2001:db8:1:3::9")));
    exhaust(&mut attempts, NOON, v6("::ffff:10.0.0.2"));
    assert!(!attempts.may_try(NOON, v6("::ffff:10.0.0.2")));
    assert!(!attempts.may_try(NOON, "10.0.0.2".parse().expect("an address")));
    assert!(attempts.may_try(NOON, v6("::ffff:10.0.0.3")));
    assert_eq!(attempts.len(), 2);
}

#[test]
fn the_table_is_bounded_however_many_addresses_come() {
    let mut attempts = Attempts::default();
    exhaust(&mut attempts, NOON, ip(0));
    for number in 1..=3 * KEY_ADDRESSES_MAX as u32 {
        let now = NOON + f64::from(number) * 1e-4;
        attempts.was_wrong(now, ip(number));
        assert!(attempts.len() <= KEY_ADDRESSES_MAX);
    }
    assert!(
        !attempts.may_try(NOON + 2.0, ip(0)),
        "who tried most is not forgotten for others"
    );
    // A minute later they are all as if they had never been there.
    let later = NOON + 100.0;
    attempts.was_wrong(later, ip(u32::MAX));
    assert_eq!(attempts.len(), 1);
}

/// Against one counter for each address that is never forgotten.
#[test]
fn no_address_ever_tries_more_than_its_credit() {
    for_each_seed(200, |random| {
        let mut attempts = Attempts::default();
        let mut now = NOON;
        let mut credit = [f64::from(KEY_ATTEMPTS_MAX); 4];
        for _ in 0..2000 {
            let passed = [0.0, 0.0, 0.0, 0.5, 1.0, 4.0, 90.0][random.below(7)];
            now += passed;
            for credit in &mut credit {
                *credit = (*credit + passed / KEY_ATTEMPT_SEC).min(f64::from(KEY_ATTEMPTS_MAX));
            }
            let who = random.below(credit.len());
            let may_try = attempts.may_try(now, ip(who as u32));
            let left = credit[who];
            if (left - 1.0).abs() > 1e-3 {
                assert_eq!(may_try, left >= 1.0, "{left}");
            }
            if may_try && random.below(2) == 0 {
                attempts.was_wrong(now, ip(who as u32));
                credit[who] -= 1.0;
            }
            assert!(attempts.len() <= credit.len());
        }
    });
}
