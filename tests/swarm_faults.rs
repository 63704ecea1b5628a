//! What goes wrong around a download: killed programs, disks that are full or take nothing, files that change, seeds that
//! go away. Whatever happens, nothing wrong gets the track's name, and what is there is not fetched again.

use crate::common::frames;
use crate::common::node;
use crate::common::proxy;
use crate::common::temp;

use frames::manifest_of;
use node::{Outcome, Running, Seed, TRACK, assert_same, fetch, jam, noise, part_in, wait_until};
use proxy::Proxy;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use temp::TempFolder;

fn track() -> Vec<u8> {
    fs::read(TRACK).expect("the track")
}

/// Bytes of the chunks of `1 << log2` bytes that are there and right, in the part of a download.
fn held_bytes(folder: &Path, whole: &[u8], log2: u8) -> u64 {
    let Some(part) = part_in(folder) else {
        return 0;
    };
    let manifest = manifest_of("x", whole, log2);
    let mut there = fs::read(part).expect("the part");
    there.truncate(whole.len());
    let chunks = (0..).zip(there.chunks(1 << log2));
    let right = chunks.filter(|(index, chunk)| manifest.matches(*index, chunk));
    right.map(|(_, chunk)| chunk.len() as u64).sum()
}

fn bytes_fetched(outcome: &Outcome) -> (u64, u64) {
    let done = outcome.last_event("done");
    let sources = done["sources"].as_array().expect("a list");
    let came = sources
        .iter()
        .filter_map(|source| source["bytes"].as_u64())
        .sum();
    (done["had_bytes"].as_u64().expect("a number"), came)
}

// ---- killed --------------------------------------------------------------------------------------

#[test]
fn a_fetch_that_is_killed_again_and_again_fetches_only_what_is_missing() {
    const ROUNDS: usize = 12;
    const CHUNKS: usize = 120;
    let folder = TempFolder::new();
    let bytes = noise(1, CHUNKS * 16 * 1024 - 100);
    let file = folder.write("song.bin", &bytes);
    let seed = Seed::start(&[&file], &["--chunk-size", "16KiB"]);
    let got = folder.join("got");
    let mut passed_on = 0;
    for round in 0..ROUNDS {
        let before = held_bytes(&got, &bytes, 14);
        let proxy = Proxy::of_chunks(seed.address(), 7);
        let mut running = fetch(seed.id(), &[&proxy.at()], &got, &[]);
        proxy.wait_for_different_chunks(1 + round % 7);
        running.kill();
        passed_on += proxy.chunks();
        let after = held_bytes(&got, &bytes, 14);
        assert!(after >= before, "{after} of {before} bytes are left");
        assert!(!got.join("song.bin").exists());
    }
    let held = held_bytes(&got, &bytes, 14);
    let outcome = fetch(seed.id(), &[&seed.at()], &got, &[]).success();
    assert_eq!(bytes_fetched(&outcome), (held, bytes.len() as u64 - held));
    assert!(
        held > 0 && passed_on >= ROUNDS,
        "{held} bytes, {passed_on} chunks"
    );
    assert_same(&got.join("song.bin"), &bytes);
    assert_eq!(fs::read_dir(&got).expect("the folder").count(), 1);
}

#[test]
fn a_part_that_somebody_wrote_into_is_fetched_anew_where_it_is_wrong() {
    let folder = TempFolder::new();
    let seed = Seed::start(&[Path::new(TRACK)], &[]);
    let proxy = Proxy::of_chunks(seed.address(), 20);
    let mut running = fetch(seed.id(), &[&proxy.at()], folder.path(), &[]);
    let held = || held_bytes(folder.path(), &track(), 14);
    wait_until(
        "there are 15 chunks",
        || held() >= 15 * 16384,
        || held().to_string(),
    );
    running.kill();
    let part = part_in(folder.path()).expect("a part");
    let mut there = fs::read(&part).expect("the part");
    let before = held();
    for byte in there.iter_mut().step_by(100_000) {
        *byte ^= 1;
    }
    there.extend(b"and something behind the end".repeat(20_000));
    fs::write(&part, there).expect("written");
    let left = held();
    assert!(left < before);
    let outcome = fetch(seed.id(), &[&seed.at()], folder.path(), &[]).success();
    assert_eq!(bytes_fetched(&outcome), (left, 480_044 - left));
    assert_same(&folder.join("prelude5.wav"), &track());
}

// ---- the folder ----------------------------------------------------------------------------------

#[test]
fn the_second_fetch_of_a_track_into_a_folder_is_told_of_the_first() {
    let folder = TempFolder::new();
    let seed = Seed::start(&[Path::new(TRACK)], &[]);
    let proxy = Proxy::of_chunks(seed.address(), 5);
    let first = fetch(seed.id(), &[&proxy.at()], folder.path(), &[]);
    proxy.wait_for_different_chunks(1);
    let second = fetch(seed.id(), &[&seed.at()], folder.path(), &[]).outcome();
    assert_eq!(second.status.code(), Some(1));
    let message = second.last_event("error")["message"].to_string();
    assert!(
        message.contains("another jam is fetching this track there"),
        "{message}"
    );
    proxy.allow(usize::MAX);
    first.success();
    assert_same(&folder.join("prelude5.wav"), &track());
    assert_eq!(folder.names(), ["prelude5.wav"]);
}

#[test]
fn a_file_of_the_same_name_stays_as_it_is() {
    let seed = Seed::start(&[Path::new(TRACK)], &[]);
    let mut same_length = track();
    same_length[400_000] ^= 1;
    for other in [b"mine".to_vec(), Vec::new(), same_length] {
        let folder = TempFolder::new();
        let mine = folder.write("prelude5.wav", &other);
        let outcome = fetch(seed.id(), &[&seed.at()], folder.path(), &[]).success();
        let path = outcome.last_event("done")["path"].clone();
        assert_eq!(
            path,
            folder.join("prelude5 (2).wav").to_str().expect("text")
        );
        assert_same(&folder.join("prelude5 (2).wav"), &track());
        assert_same(&mine, &other);
        assert_eq!(folder.names(), ["prelude5 (2).wav", "prelude5.wav"]);
    }
}

#[test]
fn a_folder_that_is_none_is_said() {
    let folder = TempFolder::new();
    let seed = Seed::start(&[Path::new(TRACK)], &[]);
    let file = folder.write("file", b"");
    let outcome = fetch(seed.id(), &[&seed.at()], &file, &[]).outcome();
    assert_eq!(outcome.status.code(), Some(1));
    assert!(
        outcome.stderr.contains("not a folder (choose another one)"),
        "{}",
        outcome.stderr
    );
    assert_same(&file, b"");
}

/// Runs a script with a file system of its own at `$1`, and `$2` for what is to be kept.
fn on_a_disk_of_its_own(folder: &TempFolder, seed: &Seed, script: &str) -> Outcome {
    let disk = folder.join("disk");
    fs::create_dir_all(&disk).expect("a folder");
    let mut command = Command::new("unshare");
    command
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-euc",
            script,
            "sh",
        ])
        .args([&disk, folder.path()])
        .env_remove("JAM_LOG")
        .process_group(0);
    let fetch = format!(
        "{} fetch {} --connect {} --listen-port 0 --json --output",
        env!("CARGO_BIN_EXE_jam"),
        seed.id(),
        seed.at()
    );
    command.env("FETCH", fetch);
    Running::start(command).outcome()
}

#[test]
fn a_folder_that_takes_nothing_is_said() {
    let folder = TempFolder::new();
    let seed = Seed::start(&[Path::new(TRACK)], &[]);
    let outcome = on_a_disk_of_its_own(
        &folder,
        &seed,
        "mount -t tmpfs -o ro tmpfs $1; exec $FETCH $1",
    );
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    let message = outcome.last_event("error")["message"].to_string();
    assert!(message.contains("(choose another folder)"), "{message}");
}

#[test]
fn a_disk_that_is_full_is_said_and_the_fetch_goes_on_when_there_is_room() {
    let folder = TempFolder::new();
    let bytes = noise(2, 3 << 20);
    let file = folder.write("song.bin", &bytes);
    let seed = Seed::start(&[&file], &["--chunk-size", "16KiB"]);
    let script = "mount -t tmpfs -o size=4m tmpfs $1
        head -c 2500000 /dev/zero > $1/filler
        code=0; $FETCH $1 2> $2/words || code=$?
        test $code = 1
        grep -q 'make room, or choose another folder' $2/words
        grep -q 'free some space and run the same command again: what is there is kept' $2/words
        test ! -e $1/song.bin
        rm $1/filler
        $FETCH $1
        cp $1/song.bin $2/got.bin";
    let outcome = on_a_disk_of_its_own(&folder, &seed, script);
    let words = fs::read_to_string(folder.join("words")).unwrap_or_default();
    assert!(outcome.status.success(), "{words} {outcome:?}");
    let (had, came) = bytes_fetched(&outcome_of_last(outcome));
    assert!(had > 1_000_000, "{had} bytes were kept");
    assert_eq!(had + came, 3 << 20);
    assert_same(&folder.join("got.bin"), &bytes);
    assert_eq!(words.lines().count(), 1, "{words}");
}

/// Two commands printed, of which the last counts.
fn outcome_of_last(outcome: Outcome) -> Outcome {
    let last = outcome.stdout.lines().last().unwrap_or_default().to_owned();
    Outcome {
        stdout: last,
        ..outcome
    }
}

// ---- the seed ------------------------------------------------------------------------------------

#[test]
fn a_file_that_changes_under_its_seed_ends_the_seed_and_spoils_nothing() {
    for change in ["append", "overwrite", "truncate"] {
        let folder = TempFolder::new();
        let bytes = noise(3, 1 << 20);
        let file = folder.write("song.bin", &bytes);
        let seed = Seed::start(&[&file], &["--chunk-size", "16KiB"]);
        let proxy = Proxy::of_chunks(seed.address(), 10);
        let got = folder.join("got");
        let running = fetch(seed.id(), &[&proxy.at()], &got, &[]);
        proxy.wait_for_different_chunks(10);
        match change {
            "append" => fs::write(&file, [&bytes[..], b"!"].concat()),
            "overwrite" => fs::write(&file, noise(4, 1 << 20)),
            _ => fs::write(&file, &bytes[..500_000]),
        }
        .expect("changed");
        proxy.allow(usize::MAX);
        let seed_ended = seed.running.outcome();
        assert_eq!(
            seed_ended.status.code(),
            Some(1),
            "{change}: {seed_ended:?}"
        );
        let words = "the file is not what it was when it was hashed (start again)";
        assert!(seed_ended.stderr.contains(words), "{seed_ended:?}");
        let told = || running.stdout.so_far().contains("\"waiting\"");
        wait_until("it waits for somebody else", told, || {
            running.stdout.so_far()
        });
        running.signal("INT");
        let outcome = running.outcome();
        assert_eq!(outcome.status.code(), Some(1));
        let path = file.to_str().expect("text");
        assert!(
            !outcome.stdout.contains(path),
            "it tells where the seed's file lies"
        );
        assert!(!got.join("song.bin").exists());
        assert!(held_bytes(&got, &bytes, 14) >= 8 * 16384, "{change}");
    }
}

#[test]
fn a_fetch_that_lost_its_only_seed_says_so_and_goes_on_when_it_is_back() {
    let folder = TempFolder::new();
    let bytes = noise(5, 2 << 20);
    let file = folder.write("song.bin", &bytes);
    let seed = Seed::start(&[&file], &["--chunk-size", "16KiB"]);
    let mut proxy = Proxy::of_chunks(seed.address(), 30);
    let got = folder.join("got");
    let running = fetch(seed.id(), &[&proxy.at()], &got, &[]);
    proxy.wait_for_different_chunks(30);
    let (port, at) = (proxy.port.to_string(), proxy.at());
    proxy.close();
    drop(seed);
    let said = || running.stdout.so_far();
    let gone = || said().contains(&format!("nobody reachable at {at} (Connection refused"));
    wait_until("it says that the seed is gone", gone, said);
    let back = jam(&[
        "seed",
        file.to_str().expect("text"),
        "--chunk-size",
        "16KiB",
        "--listen-port",
        &port,
    ]);
    let back = Seed::start_command(back);
    let outcome = running.success();
    assert_eq!(bytes_fetched(&outcome), (0, 2 << 20));
    assert_same(&got.join("song.bin"), &bytes);
    drop(back);
}

#[test]
fn a_seed_that_is_killed_and_started_again_with_other_chunks_is_no_help_and_no_harm() {
    let folder = TempFolder::new();
    let bytes = noise(6, 1 << 20);
    let file = folder.write("song.bin", &bytes);
    let seed = Seed::start(&[&file], &["--chunk-size", "16KiB"]);
    let mut proxy = Proxy::of_chunks(seed.address(), 5);
    let got = folder.join("got");
    let running = fetch(seed.id(), &[&proxy.at()], &got, &[]);
    proxy.wait_for_different_chunks(5);
    let port = proxy.port.to_string();
    proxy.close();
    drop(seed);
    let again = |size: &str| {
        let path = file.to_str().expect("text");
        Seed::start_command(jam(&[
            "seed",
            path,
            "--chunk-size",
            size,
            "--listen-port",
            &port,
        ]))
    };
    let other = again("64KiB");
    let said = || running.stdout.so_far();
    let told = || said().contains("here are 16 chunks of 65536 bytes, not 64 of 16384");
    wait_until("it says what is wrong", told, said);
    drop(other);
    let _same = again("16KiB");
    running.success();
    assert_same(&got.join("song.bin"), &bytes);
}
