//! The documents are true: help texts, dependencies and links.

use crate::common::frames;

use jam::cli::{
    CHECK_HELP, FETCH_HELP, HELP, HOST_HELP, LISTEN_HELP, PEER_HELP, SEED_HELP, SERVER_HELP,
};
use std::fs;
use std::path::Path;

const DOCUMENTS: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "docs/ARCHITECTURE.md",
    "docs/OPERATIONS.md",
    "docs/PROTOCOL.md",
    "docs/TESTING.md",
    "SECURITY.md",
];

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect(file)
}

/// What each command says of itself.
const HELPS: [&str; 8] = [
    HELP,
    SERVER_HELP,
    SEED_HELP,
    FETCH_HELP,
    LISTEN_HELP,
    HOST_HELP,
    PEER_HELP,
    CHECK_HELP,
];

#[test]
fn the_readme_has_the_help_that_the_program_prints() {
    let readme = read("README.md");
    for help in HELPS {
        assert!(
            readme.contains(&format!("```text\n{help}```\n")),
            "the README lacks:\n{help}"
        );
    }
}

/// The flags of limits in the help of `jam server`, each with its default.
fn limits_in_help() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let options = SERVER_HELP.split_once("Options:").expect("options").1;
    for option in options.split("\n      --").skip(1) {
        let flag = option.split_whitespace().next().expect("a flag");
        let text: Vec<&str> = option.split_whitespace().collect();
        let text = text.join(" ");
        let default = text
            .split_once("[default: ")
            .and_then(|(_, after)| after.split_once(']'));
        if flag.starts_with("max-") {
            let (default, _) = default.unwrap_or_else(|| panic!("--{flag} has no default"));
            found.push((format!("--{flag}"), default.into()));
        }
    }
    found
}

#[test]
fn the_table_of_limits_in_the_readme_is_that_of_the_help_and_of_the_program() {
    use jam::limits::*;
    let readme = read("README.md");
    let (_, after) = readme
        .split_once("| limit | what | unless told otherwise |\n|---|---|---|\n")
        .expect("the table");
    let rows = after.lines().take_while(|line| line.starts_with('|'));
    let cell = |row: &str, at: usize| row.split('|').nth(at).expect("a cell").trim().to_owned();
    let rows: Vec<_> = rows
        .map(|row| (cell(row, 1).replace('`', ""), cell(row, 3)))
        .collect();
    let sorted = |mut list: Vec<(String, String)>| {
        list.sort();
        list
    };
    assert_eq!(sorted(rows.clone()), sorted(limits_in_help()));
    let usual = ServerLimits::default();
    assert_eq!(usual.connections_per_address, None);
    assert_eq!(
        usual.connections_of_address(CONNECTIONS_MAX),
        CONNECTIONS_MAX / 4 * 3
    );
    for (flag, value) in [
        ("--max-connections", format!("{CONNECTIONS_MAX}, or")),
        (
            "--max-connections-per-address",
            format!("three quarters of them, but at least {CONNECTIONS_PER_ADDRESS_MIN}"),
        ),
        ("--max-rooms", usual.rooms.to_string()),
        (
            "--max-rooms-per-address",
            usual.rooms_per_address.to_string(),
        ),
        ("--max-members", usual.members.to_string()),
        ("--max-messages", usual.messages_per_sec.to_string()),
        (
            "--max-bytes",
            format!("{}MiB", usual.message_bytes_per_sec >> 20),
        ),
        ("--max-uploads", usual.uploads.to_string()),
        ("--max-upload", format!("{}MiB", UPLOAD_BYTES_MAX >> 20)),
        ("--max-library", format!("{}GiB", LIBRARY_BYTES_MAX >> 30)),
    ] {
        let row = rows.iter().find(|(row, _)| row == flag);
        let (_, default) = row.unwrap_or_else(|| panic!("no row for {flag}"));
        assert!(
            default.starts_with(&value),
            "{flag}: {default} and not {value}"
        );
    }
    assert_eq!(rows.len(), 10, "a limit that is compared with nothing");
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
fn the_page_about_running_jam_names_metrics_and_options_that_there_are() {
    let page = read("docs/OPERATIONS.md");
    let quoted = || page.split('`').skip(1).step_by(2);
    let metrics = read("src/server/metrics.rs");
    for name in quoted().filter(|text| text.starts_with("jam_")) {
        let name = name.split(['{', ' ']).next().expect("a name");
        assert!(metrics.contains(&format!("\"{name}")), "{name}");
    }
    // Of other programs.
    let foreign = [
        "--deploy-hook",
        "--release",
        "--features",
        "--now",
        "--locked",
    ];
    let helps = HELPS.concat();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut seen = 0;
    for word in quoted().flat_map(str::split_whitespace) {
        let word = word.trim_end_matches(|c| !is_part(c));
        if word.starts_with("--") && !foreign.contains(&word) {
            assert!(helps.contains(&format!("{word} ")), "{word}");
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} options");
}

#[test]
fn the_page_about_tests_names_tests_that_there_are() {
    let page = read("docs/TESTING.md");
    let mut seen = 0;
    for name in page.split('`').skip(1).step_by(2) {
        let Some((file, test)) = name
            .split_once("::")
            .filter(|(file, _)| !file.contains(char::is_whitespace))
        else {
            continue;
        };
        if test.is_empty() {
            continue;
        }
        let text = read(&format!("tests/{file}.rs"));
        let stands = text.contains(&format!("#[test]\nfn {test}() {{"));
        assert!(stands, "{name}");
        seen += 1;
    }
    assert!(seen > 20, "{seen} tests");
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

/// The blocks of a document that begin with this line, without their fences.
fn blocks(text: &str, fence: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == fence {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            blocks.push(inside.map(|line| format!("{line}\n")).collect());
        }
    }
    blocks
}

#[test]
fn every_frame_of_the_protocol_page_is_a_file_that_the_tests_read() {
    let examples = frames::examples();
    let files: Vec<String> = examples.iter().map(frames::Example::file).collect();
    let shown = blocks(&read("docs/PROTOCOL.md"), "```hex");
    for block in &shown {
        assert!(files.contains(block), "not in testdata/frames:\n{block}");
    }
    for kind in 0..=u8::MAX {
        let of_kind = |text: &&String| {
            let example = examples.iter().find(|example| example.text() == **text);
            example.is_some_and(|example| example.bytes()[4] == kind)
        };
        let (in_files, on_page) = (files.iter().find(of_kind), shown.iter().find(of_kind));
        let missing = in_files.filter(|_| on_page.is_none());
        assert_eq!(missing, None, "no example of this kind on the page");
    }
}

#[test]
fn the_protocol_page_names_the_limits_of_the_program() {
    use jam::limits::*;
    let page = read("docs/PROTOCOL.md");
    let swarm = page.split_once("\n## Swarm over TCP").expect("the part").1;
    let grouped = |number: u64| {
        let digits = number.to_string();
        let from_the_end: Vec<char> = digits.chars().rev().collect();
        let groups: Vec<String> = from_the_end.chunks(3).map(|c| c.iter().collect()).collect();
        groups.join(",").chars().rev().collect::<String>()
    };
    for (number, after) in [
        (u64::from(CHUNKS_MAX), " of them"),
        (u64::from(SWARM_HANDSHAKE_BYTES_MAX), " (has 80) | dialler"),
        (u64::from(SWARM_INFO_BYTES_MAX), " | both"),
        (SWARM_REFUSAL_BYTES_MAX as u64, " bytes"),
        (u64::from(SWARM_SMALL_BYTES_MAX), " | asker"),
        (u64::from(SWARM_MANIFEST_BYTES_MAX), " | answerer"),
        (u64::from(SWARM_TRACKS_BYTES_MAX), " | acceptor, to a list"),
        (SWARM_NEWS_MAX as u64, " go into one frame"),
        (SWARM_MANIFEST_CHECKSUMS as u64, " checksums, from chunk"),
        (SWARM_TRACKS_LISTED_MAX as u64, ". Without any"),
        (SWARM_ADDRESSES_MAX as u64 / 2, ". `bitfield` says"),
        (SWARM_IN_FLIGHT_MAX as u64, ". It has to"),
        (SWARM_DIAL_DEADLINE.as_secs(), " s | tried again"),
        (
            SWARM_HANDSHAKE_DEADLINE.as_secs(),
            " s | the connection ends",
        ),
        (SWARM_SILENCE.as_secs(), " s | the connection ends"),
        (SWARM_CONTENT_PATIENCE.as_secs(), " s: an acceptor"),
        (SWARM_KEEP_ALIVE.as_secs(), " s, so that both sides"),
        (SWARM_NEWS_WAIT.as_millis() as u64, " ms if not"),
        (SWARM_CONNECTIONS_MAX as u64, ", and 96 that come"),
        (
            SWARM_CONNECTIONS_PER_ADDRESS_MAX as u64,
            " that come from one address",
        ),
        (SWARM_CONNECTIONS_OWN as u64, " are kept for those"),
        (SWARM_BOOK_MAX as u64, "; up to 16 nodes"),
        (SWARM_MESH_MAX as u64, " nodes all dial all"),
        (SWARM_PARTNERS as u64, " partners"),
        (SWARM_LINKS_ALONE as u64, " while that is the only one"),
    ] {
        let words = format!("{}{after}", grouped(number));
        assert!(swarm.contains(&words), "the page does not say: {words}");
    }
}
