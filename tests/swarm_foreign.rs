//! A leecher in another language, written from `docs/PROTOCOL.md` alone, fetches from a real `jam seed`.

use crate::common::node;
use crate::common::temp;

use node::{Outcome, Running, Seed, TRACK, assert_same, free_port, noise};
use std::path::{Path, PathBuf};
use std::process::Command;
use temp::TempFolder;

const LEECHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/leecher/leecher.py");

fn leecher(address: &str, id: &str, file: &Path, key: &[&str]) -> Outcome {
    let mut python = Command::new("python3");
    python.args([LEECHER, address, id]).arg(file).args(key);
    Running::start(python).outcome()
}

fn fetched(address: &str, id: &str, file: &Path, key: &[&str]) -> String {
    let outcome = leecher(address, id, file, key);
    assert!(outcome.status.success(), "{}", outcome.stderr);
    outcome.stdout
}

#[test]
fn a_leecher_written_from_the_protocol_page_fetches_a_track() {
    let folder = TempFolder::new();
    let seed = Seed::start(&[Path::new(TRACK)], &[]);
    let got = folder.join("got.wav");
    let said = fetched(&seed.at(), seed.id(), &got, &[]);
    assert_eq!(said, "prelude5.wav: 480044 bytes\n");
    assert_same(&got, &std::fs::read(TRACK).expect("the track"));
}

#[test]
fn it_proves_the_length_of_tracks_of_all_shapes() {
    let folder = TempFolder::new();
    for (chunk_size, sizes) in [
        ("1KiB", &[1, 1023, 1024, 1025, 2049, 5 * 1024][..]),
        (
            "8KiB",
            &[1, 1025, 8192, 8193, 3 * 8192 - 1, 7 * 8192 + 2500],
        ),
    ] {
        let bytes_of = |size: usize| noise(size as u64, size);
        let files: Vec<PathBuf> = sizes
            .iter()
            .map(|&size| folder.write(&format!("{size}.bin"), &bytes_of(size)))
            .collect();
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        let seed = Seed::start(&files, &["--chunk-size", chunk_size]);
        for (&size, id) in sizes.iter().zip(&seed.ids) {
            let got = folder.join(&format!("{chunk_size}-{size}"));
            fetched(&seed.at(), id, &got, &[]);
            assert_same(&got, &bytes_of(size));
        }
    }
}

#[test]
fn it_needs_the_key_where_there_is_one() {
    let folder = TempFolder::new();
    let seed = Seed::start(&[Path::new(TRACK)], &["--key", "tulip"]);
    let (with, without) = (folder.join("with"), folder.join("without"));
    fetched(&seed.at(), seed.id(), &with, &["tulip"]);
    for key in [&[][..], &["rose"]] {
        let outcome = leecher(&seed.at(), seed.id(), &without, key);
        assert!(!outcome.status.success() && !without.exists());
        assert!(
            outcome.stderr.contains("refused with code 3"),
            "{outcome:?}"
        );
    }
}

#[test]
fn it_is_served_by_a_jam_that_is_a_leecher_itself() {
    let folder = TempFolder::new();
    let seed = Seed::start(&[Path::new(TRACK)], &[]);
    let port = free_port();
    let own = folder.join("own");
    let (own, listen) = (own.to_str().expect("text"), port.to_string());
    let mut fetch = Running::jam(&[
        "fetch",
        seed.id(),
        "--connect",
        &seed.at(),
        "--output",
        own,
        "--listen-port",
        &listen,
        "--seed-after",
    ]);
    let name = Path::new(own).join("prelude5.wav");
    node::wait_until(
        "it has all",
        || name.exists() || fetch.has_ended(),
        || own.into(),
    );
    drop(seed.running);
    let got = folder.join("got.wav");
    fetched(&format!("127.0.0.1:{port}"), &seed.ids[0], &got, &[]);
    assert_same(&got, &std::fs::read(TRACK).expect("the track"));
}
