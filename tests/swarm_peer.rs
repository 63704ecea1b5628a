//! `jam peer` as a program: two sides that agree, and two that do not.

use crate::common::node;

use node::{Running, jam, wait_until};

struct PeerSeed {
    running: Running,
    at: String,
}

fn seed(more: &[&str]) -> PeerSeed {
    let mut arguments = vec!["peer", "--seed", "--listen-port", "0"];
    arguments.extend(more);
    let running = Running::jam(&arguments);
    let stdout = || running.stdout.so_far();
    wait_until(
        "it serves",
        || stdout().contains(" on port "),
        || running.stderr.so_far(),
    );
    let port = stdout()
        .trim()
        .rsplit(' ')
        .next()
        .expect("a port")
        .to_owned();
    let at = format!("127.0.0.1:{port}");
    PeerSeed { running, at }
}

fn leecher(at: &str, more: &[&str]) -> Running {
    let mut arguments = vec!["peer", "--listen-port", "0", "--connect", at];
    arguments.extend(more);
    Running::jam(&arguments)
}

#[test]
fn every_chunk_is_told_once_and_then_that_it_is_complete() {
    for (options, chunks, bytes) in [
        (&[][..], 120, 4096),
        (&["--num-chunks", "1", "--chunk-size", "1KiB"], 1, 1024),
        (
            &[
                "--num-chunks",
                "77",
                "--chunk-size",
                "64KiB",
                "--inflight",
                "4",
            ],
            77,
            65536,
        ),
    ] {
        let seed = seed(options);
        let greeting = seed.running.stdout.so_far();
        assert!(greeting.starts_with(&format!(
            "seeding {chunks} chunks of {bytes} bytes on port "
        )));
        let outcome = leecher(&seed.at, options).success();
        assert_eq!(outcome.stderr, "");
        let lines: Vec<&str> = outcome.stdout.lines().collect();
        assert_eq!(lines.last(), Some(&"download complete"));
        let mut told: Vec<u32> = lines[..lines.len() - 1]
            .iter()
            .map(|line| {
                let (index, rest) = line["chunk ".len()..].split_once(": ").expect("a chunk");
                assert!(rest.starts_with(&format!("{bytes} bytes ")) && rest.ends_with("..."));
                index.parse().expect("a number")
            })
            .collect();
        told.sort_unstable();
        assert_eq!(told, (0..chunks).collect::<Vec<u32>>());
    }
}

#[test]
fn several_leechers_of_made_up_chunks_finish() {
    let options = &["--num-chunks", "500", "--chunk-size", "16KiB"];
    let seed = seed(options);
    let running: Vec<Running> = (0..4).map(|_| leecher(&seed.at, options)).collect();
    for running in running {
        let outcome = running.success();
        assert_eq!(outcome.stdout.lines().count(), 501);
    }
}

#[test]
fn two_sides_that_do_not_agree_say_so_both_and_the_leecher_ends() {
    for (there, here, words) in [
        (
            &[][..],
            &["--num-chunks", "121"][..],
            "here are 120 chunks of 4096 bytes, not 121 of 4096",
        ),
        (
            &["--chunk-size", "8KiB"],
            &["--chunk-size", "16KiB"],
            "here are 120 chunks of 8192 bytes, not 120 of 16384",
        ),
    ] {
        let mut seed = seed(there);
        let outcome = leecher(&seed.at, here).outcome();
        assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
        let line = format!("jam: {}: {words} (give both sides the same ", seed.at);
        assert!(outcome.stderr.starts_with(&line), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        seed.running.wait_for_error_line(&[words]);
        assert!(!seed.running.has_ended());
        // Others are served as before.
        leecher(&seed.at, there).success();
    }
}

#[test]
fn a_seed_that_is_not_there_yet_is_waited_for_in_words() {
    let early = seed(&[]);
    let (at, port) = (
        early.at.clone(),
        early.at.rsplit(':').next().expect("a port").to_owned(),
    );
    drop(early);
    let mut running = leecher(&at, &[]);
    running.wait_for_error_line(&["waiting for a peer", &at]);
    let _late = Running::jam(&["peer", "--seed", "--listen-port", &port]);
    let outcome = running.success();
    assert!(outcome.stdout.ends_with("download complete\n"));
}

#[test]
fn somebody_who_serves_files_is_told_apart() {
    let seed = node::Seed::start(&[std::path::Path::new(node::TRACK)], &[]);
    let mut running = leecher(&seed.at(), &[]);
    running.wait_for_error_line(&["waiting for a peer", "this node has no such track"]);
    running.signal("INT");
    let outcome = running.outcome();
    assert_eq!(outcome.status.code(), Some(1));
    assert!(
        outcome
            .stderr
            .ends_with("jam: stopped before it was done\n"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn numbers_out_of_range_are_wrong_arguments() {
    for arguments in [
        &["peer", "--seed", "--num-chunks", "0"][..],
        &["peer", "--seed", "--num-chunks", "1048577"],
        &["peer", "--seed", "--chunk-size", "1000"],
        &["peer", "--seed", "--chunk-size", "8MiB"],
        &["peer", "--seed", "--inflight", "17"],
        &["peer"],
    ] {
        let outcome = Running::start(jam(arguments)).outcome();
        assert_eq!(outcome.status.code(), Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains("(type "), "{}", outcome.stderr);
    }
}
