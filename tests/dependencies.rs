//! What jam is built from: licences that we may pass on, one version of each crate, and no unsafe code of our own.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Licences of crates that may be part of the binary: none of them asks more than to be named.
const ACCEPTED: &[&str] = &[
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "0BSD",
];

/// Crates that may be there in two versions, and why.
const TWICE: &[(&str, &str)] = &[
    // Only with TLS, and there for a function that Linux has itself.
    ("getrandom", "ring 0.17 takes the last version but two"),
    (
        "windows-sys",
        "ring 0.17 takes an older one, on Windows alone",
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What cargo knows of the crates that are built on this machine.
fn packages() -> Vec<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--offline", "--format-version=1"])
        .args(["--features", "tls"])
        .args(["--filter-platform", &host()])
        .current_dir(root())
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{output:?}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    metadata["packages"].as_array().expect("a list").clone()
}

fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc");
    let said = String::from_utf8(output.stdout).expect("text");
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc tells its host").to_owned()
}

/// Whether `A OR (B AND C)` leaves a choice in which all is accepted.
fn is_accepted(license: &str) -> bool {
    let license = license.replace('/', " OR ");
    if let Some((first, rest)) = split_outside(&license, " OR ") {
        return is_accepted(first) || is_accepted(rest);
    }
    if let Some((first, rest)) = split_outside(&license, " AND ") {
        return is_accepted(first) && is_accepted(rest);
    }
    match license.strip_prefix('(').and_then(|l| l.strip_suffix(')')) {
        Some(inside) => is_accepted(inside),
        None => ACCEPTED.contains(&license.trim()),
    }
}

/// At the first `word` that is in no brackets.
fn split_outside<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let is_outside = |before: &str| before.matches('(').count() == before.matches(')').count();
    let (at, _) = text
        .match_indices(word)
        .find(|&(at, _)| is_outside(&text[..at]))?;
    Some((&text[..at], &text[at + word.len()..]))
}

#[test]
fn every_crate_has_a_licence_that_we_may_pass_on() {
    let packages = packages();
    assert!(packages.len() > 20, "only {} crates", packages.len());
    for package in &packages {
        let (name, license) = (&package["name"], package["license"].as_str());
        assert!(license.is_some_and(is_accepted), "{name}: {license:?}");
    }
}

#[test]
fn every_crate_comes_from_the_registry_and_is_checked() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    for package in lock.split("[[package]]").skip(1) {
        let is_own = package.contains("name = \"jam\"");
        let source = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        let is_checked = package.contains(source) && package.contains("checksum = \"");
        assert!(is_own || is_checked, "{package}");
    }
}

#[test]
fn no_crate_is_there_in_two_versions() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lock.lines() {
        if let Some(name) = line.strip_prefix("name = ") {
            *versions.entry(name.trim_matches('"')).or_default() += 1;
        }
    }
    let twice = versions.iter().filter(|(_, count)| **count > 1);
    let twice: Vec<&str> = twice.map(|(name, _)| *name).collect();
    let known: Vec<&str> = TWICE.iter().map(|(name, _)| *name).collect();
    assert_eq!(twice, known);
}

#[test]
fn licences_are_read_as_they_are_meant() {
    for license in [
        "MIT",
        "GPL-3.0 OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Unlicense/MIT",
    ] {
        assert!(is_accepted(license), "{license}");
    }
    for license in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR Apache-2.0) AND GPL-3.0",
        "",
    ] {
        assert!(!is_accepted(license), "{license}");
    }
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml", "benches/rooms/Cargo.toml"] {
        let text = fs::read_to_string(root().join(manifest)).expect(manifest);
        let lints = text.split("[lints.rust]\n").nth(1).unwrap_or_default();
        assert!(
            lints.starts_with("unsafe_code = \"forbid\"\n"),
            "{manifest}"
        );
    }
}
