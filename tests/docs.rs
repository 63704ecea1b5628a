//! The documents are true: help texts, dependencies and links.

use jam::cli::{CHECK_HELP, FETCH_HELP, HELP, PEER_HELP, SEED_HELP, SERVER_HELP};
use std::fs;
use std::path::Path;

const DOCUMENTS: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "docs/ARCHITECTURE.md",
    "docs/PROTOCOL.md",
];

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect(file)
}

#[test]
fn the_readme_has_the_help_that_the_program_prints() {
    let readme = read("README.md");
    for help in [
        HELP,
        SERVER_HELP,
        SEED_HELP,
        FETCH_HELP,
        PEER_HELP,
        CHECK_HELP,
    ] {
        assert!(
            readme.contains(&format!("```text\n{help}```\n")),
            "the README lacks:\n{help}"
        );
    }
}

#[test]
fn every_direct_dependency_stands_in_the_readme_with_its_reason() {
    let manifest = read("Cargo.toml");
    let (_, after) = manifest
        .split_once("[dependencies]\n")
        .expect("dependencies");
    let names: Vec<&str> = after
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name)
        .collect();
    let readme = read("README.md");
    let table: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("| "))
        .collect();
    for name in &names {
        let stands = |line: &&str| {
            line.split('|')
                .nth(1)
                .is_some_and(|cell| cell.split(", ").any(|one| one.trim() == *name))
        };
        assert!(
            table.iter().any(stands),
            "the README does not say what {name} is for"
        );
    }
    assert!(
        readme.contains(&format!("{} direct dependencies", names.len())),
        "count them: {}",
        names.len()
    );
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in DOCUMENTS {
        let text = read(document);
        let folder = Path::new(document).parent().expect("a folder");
        for (_, after) in text
            .match_indices("](")
            .map(|(at, found)| text.split_at(at + found.len()))
        {
            let target = after.split(')').next().expect("a link");
            let file = target.split('#').next().expect("a file");
            if file.is_empty() || file.starts_with("http") {
                continue;
            }
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(folder)
                .join(file);
            assert!(path.exists(), "{document} links to {target}");
        }
    }
}
