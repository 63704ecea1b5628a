//! What a hunt found worth keeping is tried again: `testdata/fuzz/TARGET/...` through the same functions that hunt
//! (`fuzz/src/targets`).

#[path = "../fuzz/src/targets/mod.rs"]
#[allow(dead_code, reason = "what is allocated is counted by a hunt alone")]
mod targets;

use crate::common::random::{Random, for_each_seed};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use targets::{TARGETS, Target};

/// Of all corpora together: they are read in every clone.
const CORPORA_BYTES_MAX: usize = 300 << 10;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/fuzz")
}

/// The inputs of a target, by name.
fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder().join(target.name)).expect("a folder for the target");
    let mut inputs: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("a file").path();
            let bytes = fs::read(&path).expect("an input");
            (path.display().to_string(), bytes)
        })
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn what_was_found_worth_keeping_still_holds() {
    let mut bytes_in_all = 0;
    for target in TARGETS {
        let inputs = corpus(target);
        assert!(!inputs.is_empty(), "nothing for {}", target.name);
        for (name, bytes) in &inputs {
            bytes_in_all += bytes.len();
            let held = std::panic::catch_unwind(|| (target.run)(bytes));
            assert!(held.is_ok(), "{name}");
        }
    }
    assert!(bytes_in_all <= CORPORA_BYTES_MAX, "{bytes_in_all} bytes");
}

/// A short hunt without a fuzzer: what is worth keeping, with some bytes changed.
#[test]
fn what_was_found_worth_keeping_holds_when_it_is_damaged() {
    let corpora: Vec<_> = TARGETS.iter().map(corpus).collect();
    for_each_seed(40, |random: &mut Random| {
        for (target, inputs) in TARGETS.iter().zip(&corpora) {
            let (_, bytes) = random.pick(inputs);
            let damaged = random.mutate(bytes);
            let damaged = &damaged[..damaged.len().min(target.bytes_max)];
            let held = std::panic::catch_unwind(|| (target.run)(damaged));
            assert!(held.is_ok(), "{}: {damaged:02x?}", target.name);
        }
    });
}

/// What each is about, and what came of a hunt in it.
#[test]
fn every_target_stands_on_the_page_about_tests() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/TESTING.md");
    let page = fs::read_to_string(page).expect("the page");
    let is_number = |cell: &str| cell.trim().replace(',', "").parse::<u64>().is_ok();
    for Target { name, .. } in TARGETS {
        let begin = format!("| {name}");
        let rows = || page.lines().filter(|line| line.starts_with(&begin));
        let of_family =
            |line: &str| Some(line.contains(&format!(", _{}", name.strip_prefix("tags_")?)));
        let has_result = |line: &str| line.split('|').nth(4).is_some_and(is_number);
        let is_told = rows().any(|line| !has_result(line));
        assert!(
            is_told || page.lines().any(|line| of_family(line) == Some(true)),
            "what {name} is"
        );
        assert!(rows().any(has_result), "what came of {name}");
    }
}

#[test]
fn every_folder_of_inputs_belongs_to_a_target() {
    let entries = fs::read_dir(folder()).expect("testdata/fuzz");
    let folders: BTreeSet<String> = entries
        .map(|entry| entry.expect("a folder").file_name().into_string())
        .map(|name| name.expect("a plain name"))
        .collect();
    let named = TARGETS
        .iter()
        .filter_map(|target| targets::find(target.name));
    let names: BTreeSet<String> = named.map(|target| target.name.into()).collect();
    assert_eq!(folders, names);
}
