//! `jam seed` and `jam fetch` as programs, over real sockets of this machine: what goes well, and how it is told.

use crate::common::frames;
use crate::common::liar;
use crate::common::node;
use crate::common::proxy;
use crate::common::temp;

use frames::manifest_of;
use liar::Talk;
use node::{
    Running, Seed, TRACK, assert_same, bytes_from, fetch, free_port, jam, noise, part_in,
    wait_until,
};
use proxy::Proxy;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use temp::TempFolder;

fn track() -> Vec<u8> {
    fs::read(TRACK).expect("the track")
}

fn seed_of_track() -> Seed {
    Seed::start(&[Path::new(TRACK)], &[])
}

// ---- one seed ------------------------------------------------------------------------------------

#[test]
fn a_fetched_track_is_the_seeds_and_its_sources_are_told() {
    let folder = TempFolder::new();
    let seed = seed_of_track();
    let outcome = fetch(seed.id(), &[&seed.at()], folder.path(), &[]).success();
    let done = outcome.last_event("done");
    let path = folder.join("prelude5.wav");
    assert_same(&path, &track());
    assert_eq!(folder.names(), ["prelude5.wav"]);
    assert_eq!(done["path"], path.to_str().expect("text"));
    assert_eq!(
        (&done["bytes"], &done["had_bytes"]),
        (&480_044.into(), &0.into())
    );
    assert_eq!(bytes_from(&done), 480_044);
    assert_eq!(done["sources"][0]["address"], seed.at().as_str());
    assert_eq!(done["sources"][0]["seed"], true);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn more_files_than_the_shell_allows_at_first_are_served() {
    let (sources, folder) = (TempFolder::new(), TempFolder::new());
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -S -n 64; exec \"$@\"", "sh"]);
    shell.args([env!("CARGO_BIN_EXE_jam"), "seed", "--listen-port", "0"]);
    for number in 0..100 {
        let name = format!("{number}.bin");
        shell.arg(sources.write(&name, format!("file {number}").as_bytes()));
    }
    let seed = Seed::start_command(shell);
    fetch(seed.id(), &[&seed.at()], folder.path(), &[]).success();
    assert_same(&folder.join("0.bin"), b"file 0");
}

#[test]
fn without_json_the_path_stands_alone_on_the_first_line_of_standard_output() {
    let folder = TempFolder::new();
    let seed = seed_of_track();
    let path = folder.path().to_str().expect("text");
    let outcome = Running::jam(&[
        "fetch",
        "--connect",
        &seed.at(),
        "--output",
        path,
        "--listen-port",
        "0",
    ])
    .success();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(
        lines[0],
        folder.join("prelude5.wav").to_str().expect("text")
    );
    assert!(lines[1].starts_with("469 KiB in "), "{lines:?}");
    assert_eq!(
        lines[2],
        format!("from the seed {}: 469 KiB (100 %)", seed.at())
    );
}

#[test]
fn without_a_track_id_the_only_track_of_the_other_side_is_fetched() {
    let folder = TempFolder::new();
    let seed = seed_of_track();
    let mut arguments = vec!["fetch", "--json", "--listen-port", "0", "--connect"];
    let (at, output) = (seed.at(), folder.path().to_str().expect("text"));
    arguments.extend([&at, "--output", output]);
    Running::jam(&arguments).success().last_event("done");
    assert_same(&folder.join("prelude5.wav"), &track());
}

#[test]
fn without_a_track_id_what_all_others_have_is_fetched() {
    let folder = TempFolder::new();
    let (one, two) = (noise(1, 5000), noise(2, 6000));
    let (of_one, of_two) = (folder.write("one.bin", &one), folder.write("two.bin", &two));
    let seeds = [
        Seed::start(&[&of_one], &[]),
        Seed::start(&[&of_one, &of_two], &[]),
    ];
    let got = folder.join("got");
    let output = got.to_str().expect("text");
    let at = [seeds[0].at(), seeds[1].at()];
    Running::jam(&[
        "fetch",
        "--listen-port",
        "0",
        "--output",
        output,
        "--connect",
        &at[0],
        &at[1],
    ])
    .success();
    assert_same(&got.join("one.bin"), &one);
    assert_same(&got.join("two.bin"), &two);
    assert_eq!(fs::read_dir(&got).expect("the folder").count(), 2);
}

#[test]
fn who_says_nothing_keeps_nobody_from_what_the_others_have() {
    let folder = TempFolder::new();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = silent.local_addr().expect("its address").to_string();
    let seed = seed_of_track();
    let output = folder.path().to_str().expect("text");
    Running::jam(&[
        "fetch",
        "--listen-port",
        "0",
        "--output",
        output,
        "--connect",
        &at,
        &seed.at(),
    ])
    .success();
    assert_same(&folder.join("prelude5.wav"), &track());
}

#[test]
fn a_seed_is_found_by_name_and_by_ipv6_address() {
    let seed = seed_of_track();
    for host in ["localhost", "[::1]", "127.0.0.2"] {
        let folder = TempFolder::new();
        let from = format!("{host}:{}", seed.port);
        fetch(seed.id(), &[&from], folder.path(), &[]).success();
        assert_same(&folder.join("prelude5.wav"), &track());
    }
}

#[test]
fn a_seed_with_several_addresses_is_one_source() {
    let folder = TempFolder::new();
    let seed = seed_of_track();
    let at = |host| format!("{host}:{}", seed.port);
    let from = [
        at("127.0.0.1"),
        at("127.0.0.2"),
        at("[::1]"),
        at("localhost"),
    ];
    let from: Vec<&str> = from.iter().map(String::as_str).collect();
    let outcome = fetch(seed.id(), &from, folder.path(), &[]).success();
    let done = outcome.last_event("done");
    assert_eq!(done["sources"].as_array().map(Vec::len), Some(1), "{done}");
    assert_eq!(bytes_from(&done), 480_044);
}

#[test]
fn what_is_there_already_is_not_fetched_again() {
    let folder = TempFolder::new();
    let seed = seed_of_track();
    fetch(seed.id(), &[&seed.at()], folder.path(), &[]).success();
    let outcome = fetch(seed.id(), &[&seed.at()], folder.path(), &[]).success();
    let done = outcome.last_event("done");
    assert_eq!(
        (&done["had_bytes"], bytes_from(&done)),
        (&480_044.into(), 0)
    );
    assert_eq!(folder.names(), ["prelude5.wav"]);
}

#[test]
fn a_file_of_64_mib_arrives() {
    let folder = TempFolder::new();
    let bytes = noise(64, 64 << 20);
    let file = folder.write("large.bin", &bytes);
    let seed = Seed::start(&[&file], &[]);
    let got = folder.join("got");
    let outcome = fetch(seed.id(), &[&seed.at()], &got, &[]).success();
    assert_same(&got.join("large.bin"), &bytes);
    assert_eq!(bytes_from(&outcome.last_event("done")), 64 << 20);
}

#[test]
fn a_name_with_anything_in_it_stays_in_the_folder() {
    let folder = TempFolder::new();
    let bytes = noise(1, 3000);
    let file = folder.write("-- .. \u{202e}ä\u{1b}[2J \"'.wav", &bytes);
    let seed = Seed::start(&[&file], &[]);
    let got = folder.join("got");
    let outcome = fetch(seed.id(), &[&seed.at()], &got, &[]).success();
    let path = outcome.last_event("done")["path"]
        .as_str()
        .expect("text")
        .to_owned();
    assert_eq!(Path::new(&path).parent(), Some(got.as_path()));
    assert_same(Path::new(&path), &bytes);
    assert!(
        !path.contains('\u{1b}') && !path.contains('\u{202e}'),
        "{path:?}"
    );
}

// ---- the end -------------------------------------------------------------------------------------

#[test]
fn a_fetch_serves_on_for_as_long_as_it_is_told() {
    let (folder, seed) = (TempFolder::new(), seed_of_track());
    let two_sec = ["--seed-after", "2"];
    let two = fetch(seed.id(), &[&seed.at()], &folder.join("two"), &two_sec);
    for seed_after in [&["--seed-after"][..], &["--seed-after", "3600"]] {
        let (got, port) = (folder.join(&seed_after.concat()), free_port());
        let (listen, at) = (port.to_string(), seed.at());
        let mut arguments = vec!["fetch", seed.id(), "--json", "--listen-port", &listen];
        arguments.extend(["--connect", &at, "--output", got.to_str().expect("text")]);
        arguments.extend(seed_after);
        let mut serves = Running::jam(&arguments);
        let is_done = || serves.stdout.so_far().contains("\"done\"");
        wait_until("it is done", is_done, || serves.stdout.so_far());
        let (from, other) = (format!("127.0.0.1:{port}"), got.join("other"));
        let outcome = fetch(seed.id(), &[&from], &other, &[]).success();
        assert_eq!(bytes_from(&outcome.last_event("done")), 480_044);
        assert!(!serves.has_ended());
        serves.signal("INT");
        serves.success();
    }
    two.success();
}

#[test]
fn who_is_done_still_looks_for_those_it_was_told_of() {
    let (folder, seed) = (TempFolder::new(), seed_of_track());
    let (nobody, port) = (free_port(), free_port());
    let at = |port: u16| format!("127.0.0.1:{port}");
    let (seed_at, late_at) = (seed.at(), at(port));
    let (told_of, got) = ([&*seed_at, &late_at], folder.join("done"));
    let done = fetch(seed.id(), &told_of, &got, &["--seed-after"]);
    let is_done = || done.stdout.so_far().contains("\"done\"");
    wait_until("it is done", is_done, || done.stdout.so_far());
    // It knows nobody, and is found.
    let (late, listen, nobody) = (folder.join("late"), port.to_string(), at(nobody));
    let mut arguments = vec!["fetch", seed.id(), "--json", "--listen-port", &listen];
    arguments.extend([
        "--connect",
        &nobody,
        "--output",
        late.to_str().expect("text"),
    ]);
    let outcome = Running::jam(&arguments).success();
    assert_eq!(bytes_from(&outcome.last_event("done")), 480_044);
}

#[test]
fn a_fetch_that_is_done_waits_for_those_who_were_just_there_and_lack_something() {
    let folder = TempFolder::new();
    let seed = seed_of_track();
    let proxy = Proxy::of_chunks(seed.address(), 5);
    let port = free_port();
    let listen = port.to_string();
    let at = proxy.at();
    let mut arguments = vec!["fetch", seed.id(), "--json", "--listen-port", &listen];
    arguments.extend([
        "--connect",
        &at,
        "--output",
        folder.path().to_str().expect("text"),
    ]);
    let running = Running::jam(&arguments);
    proxy.wait_for_different_chunks(1);
    let socket = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let manifest = manifest_of("prelude5.wav", &track(), 14);
    drop(Talk::dial(socket, &manifest).expect("the handshake"));
    proxy.allow(usize::MAX);
    let is_done = || running.stdout.so_far().contains("\"done\"");
    wait_until("it is done", is_done, || running.stdout.so_far());
    // It comes back to fetch the rest, as somebody does who lost the seed at this moment.
    let socket = TcpStream::connect(("127.0.0.1", port)).expect("it is still there");
    drop(Talk::dial(socket, &manifest).expect("the handshake"));
    running.success();
}

#[test]
fn ctrl_c_keeps_what_is_there_and_says_so() {
    let folder = TempFolder::new();
    let seed = seed_of_track();
    let proxy = Proxy::of_chunks(seed.address(), 10);
    let running = fetch(seed.id(), &[&proxy.at()], folder.path(), &[]);
    proxy.wait_for_different_chunks(10);
    running.signal("INT");
    let outcome = running.outcome();
    assert_eq!(outcome.status.code(), Some(1));
    let message = outcome.last_event("error")["message"].to_string();
    assert!(
        message.contains("run the same command again to go on"),
        "{message}"
    );
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert!(
        outcome.stderr.starts_with("jam: stopped; "),
        "{}",
        outcome.stderr
    );
    assert!(part_in(folder.path()).is_some());
    assert!(!folder.join("prelude5.wav").exists());
    fetch(seed.id(), &[&seed.at()], folder.path(), &[]).success();
    assert_same(&folder.join("prelude5.wav"), &track());
    assert_eq!(folder.names(), ["prelude5.wav"]);
}

#[test]
fn a_seed_that_is_told_to_stop_ends_with_0() {
    for signal in ["INT", "TERM"] {
        let seed = seed_of_track();
        seed.running.signal(signal);
        let outcome = seed.running.success();
        assert_eq!(outcome.stderr, "");
    }
}

// ---- who may, and what there is ------------------------------------------------------------------

#[test]
fn without_the_key_nothing_is_given() {
    let folder = TempFolder::new();
    let seed = Seed::start(&[Path::new(TRACK)], &["--key", "tulip"]);
    let mut without = fetch(seed.id(), &[&seed.at()], &folder.join("a"), &[]);
    let mut wrong = fetch(
        seed.id(),
        &[&seed.at()],
        &folder.join("b"),
        &["--key", "rose"],
    );
    let right = fetch(
        seed.id(),
        &[&seed.at()],
        &folder.join("c"),
        &["--key", "tulip"],
    );
    right.success();
    assert_same(&folder.join("c/prelude5.wav"), &track());
    for running in [&mut without, &mut wrong] {
        let told = || {
            running
                .stdout
                .so_far()
                .contains("this swarm needs another key")
        };
        wait_until("it says what is wrong", told, || running.stdout.so_far());
        assert!(!running.has_ended(), "somebody with the key may come");
        running.signal("INT");
    }
    for running in [without, wrong] {
        assert_eq!(running.outcome().status.code(), Some(1));
    }
    assert_eq!(folder.names(), ["c"]);
}

#[test]
fn a_track_that_nobody_has_is_waited_for() {
    let folder = TempFolder::new();
    let seed = seed_of_track();
    let id = blake3::hash(b"another").to_string();
    let running = fetch(&id, &[&seed.at()], folder.path(), &[]);
    let told = || {
        running
            .stdout
            .so_far()
            .contains("this node has no such track")
    };
    wait_until("it says what is wrong", told, || running.stdout.so_far());
    running.signal("INT");
    let outcome = running.outcome();
    assert_eq!(outcome.status.code(), Some(1));
    let first = &outcome.events()[0];
    assert_eq!(first["event"], "waiting", "{first}");
}

#[test]
fn a_port_that_is_taken_is_said_with_what_to_type() {
    let taken = TcpListener::bind("[::]:0").expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    for arguments in [
        &["seed", TRACK, "--listen-port", &port][..],
        &["fetch", "--connect", "localhost", "--listen-port", &port],
        &["peer", "--seed", "--listen-port", &port],
    ] {
        let outcome = Running::start(jam(arguments)).outcome();
        assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
        let start = format!("jam: listening on port {port}: ");
        assert!(outcome.stderr.starts_with(&start), "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains("choose another with --listen-port"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn what_cannot_be_seeded_is_said_in_one_line() {
    let folder = TempFolder::new();
    let empty = folder.write("empty.bin", b"");
    let empty = empty.to_str().expect("text");
    for (arguments, code, words) in [
        (
            &["seed", "--listen-port", "0", "/no/such/song.mp3"][..],
            1,
            "check the name",
        ),
        (
            &["seed", "--listen-port", "0", "/dev/null"],
            1,
            "not a regular file",
        ),
        (
            &["seed", "--listen-port", "0", empty],
            1,
            "the file is empty",
        ),
        (
            &["seed", "--chunk-size", "1000", TRACK],
            2,
            "is not a chunk size",
        ),
        (
            &["seed", "--chunk-size", "8MiB", TRACK],
            2,
            "a power of two from 1 KiB to 4 MiB",
        ),
        (&["fetch", "--connect"], 2, "type"),
        (&["fetch"], 2, "from whom?"),
    ] {
        let outcome = Running::start(jam(arguments)).outcome();
        assert_eq!(outcome.status.code(), Some(code), "{outcome:?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
}
