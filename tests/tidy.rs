//! The order of the house: which files are pure, which may import which, how a file begins and how long it is.
//!
//! A failure names the file and line. A rule that is in the way is changed here, with its reason, and not
//! worked around.

use jam::server::page::ASSETS;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a source file. What is longer is two things. Style sheets are lists, and may be longer.
const LINES_MAX: usize = 400;

/// Files and folders under `src` that decide and never do: time comes in as an argument, effects go out as values.
const PURE: &[&str] = &[
    "room/",
    "sync/",
    "text.rs",
    "identity.rs",
    "limits/",
    "cli/",
    "client/backoff.rs",
    "client/http_answer.rs",
    "client/messages.rs",
    "client/orders.rs",
    "client/outgoing.rs",
    "client/parse.rs",
    "client/parse_people.rs",
    "client/tls_words.rs",
    "client/vigil.rs",
    "commands/check/outcome.rs",
    "commands/check/table.rs",
    "commands/check/words.rs",
    "commands/event.rs",
    "commands/host/desk.rs",
    "commands/host/keys.rs",
    "commands/host/legend.rs",
    "commands/host/lock.rs",
    "commands/host/names.rs",
    "commands/host/order.rs",
    "commands/host/party.rs",
    "commands/host/plain.rs",
    "commands/host/prompt.rs",
    "commands/host/report.rs",
    "commands/host/screen.rs",
    "commands/host/width.rs",
    "commands/listen/reporter.rs",
    "commands/listen/words.rs",
    "commands/meter.rs",
    "commands/offers.rs",
    "commands/pace.rs",
    "commands/report.rs",
    "commands/words.rs",
    "pack/comments.rs",
    "player/ipc.rs",
    "sys/log_places.rs",
    "sys/throttle.rs",
    "swarm/bitfield.rs",
    "swarm/book.rs",
    "swarm/check_frames.rs",
    "swarm/flights.rs",
    "swarm/links.rs",
    "swarm/frame.rs",
    "swarm/frame_decode.rs",
    "swarm/frame_encode.rs",
    "swarm/key.rs",
    "swarm/machine.rs",
    "swarm/offering.rs",
    "swarm/pass.rs",
    "swarm/peers.rs",
    "swarm/store/file_name.rs",
    "swarm/window.rs",
    "track/chunks.rs",
    "track/dropping.rs",
    "track/hash_tree.rs",
    "track/id.rs",
    "track/manifest.rs",
    "track/frame.rs",
    "track/sniff.rs",
    "track/tags/comments.rs",
    "track/tags/found.rs",
    "track/tags/id3.rs",
    "server/attempts.rs",
    "server/forwarded.rs",
    "server/frame_watch.rs",
    "server/http.rs",
    "server/range.rs",
    "server/route.rs",
    "server/state_file.rs",
    "server/way.rs",
];

/// What a pure file may not name. `IpAddr`, `SocketAddr` and `Duration` are values and may be named.
const IMPURE_WORDS: &[&str] = &[
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "socket2",
    "std::fs",
    "std::process",
    "std::env::",
    "std::thread",
    "std::io",
    "Instant",
    "SystemTime",
    "Mutex",
    "RwLock",
    "Condvar",
    "Atomic",
    "LazyLock",
    "OnceLock",
    "RandomState",
    "crossbeam",
    "signal_hook",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "dbg!",
    "log::error!",
    "log::warn!",
    "log::info!",
    "log::debug!",
    "log::trace!",
    "unsafe",
];

/// Who may import whom: main -> commands -> {cli, server, client, player} -> {swarm, room, sync, track, sys} ->
/// {identity, text, limits}, and within a layer only what is named here. Nobody imports `main`; `room` never imports anything with I/O.
const ARROWS: &[(&str, &[&str])] = &[
    ("main", &["commands", "cli", "sys"]),
    (
        "commands",
        &[
            "cli", "server", "client", "player", "swarm", "room", "sync", "track", "sys",
            "identity", "text", "limits",
        ],
    ),
    ("client", &["room", "sys", "identity", "text", "limits"]),
    // A player plays what it is told: it knows no rooms.
    ("player", &["text", "limits"]),
    ("cli", &["room", "track", "text", "limits"]),
    (
        "server",
        &[
            "swarm", "room", "sync", "track", "sys", "identity", "text", "limits",
        ],
    ),
    // The swarm moves chunks for whoever asks it to: it knows no rooms, no server and no client.
    ("swarm", &["track", "sys", "identity", "text", "limits"]),
    ("room", &["sync", "track", "identity", "text", "limits"]),
    ("track", &["text", "limits"]),
    // Room time is rounded in one way only.
    ("sys", &["sync", "text", "limits"]),
    ("sync", &["limits"]),
    ("identity", &["limits"]),
    ("text", &["limits"]),
    ("limits", &[]),
    // The build script.
    ("pack", &[]),
];

/// A pure file imports pure files only, but for this: the paths of the page's parts are the list of its files.
const PURE_IMPORTS_IMPURE: &[(&str, &str)] = &[("server/route.rs", "server/page.rs")];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

struct Source {
    /// Below the folder that was asked for, with `/`.
    name: String,
    text: String,
}

impl Source {
    /// Lines with their numbers, without comments and without the tests at the end.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self
            .text
            .lines()
            .take_while(|line| line.trim() != "#[cfg(test)]");
        let numbered = lines.enumerate().map(|(index, line)| (index + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn domain(&self) -> &str {
        let first = self.name.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs")
    }

    fn is_pure(&self) -> bool {
        is_pure(&self.name)
    }
}

fn is_pure(name: &str) -> bool {
    PURE.iter().any(|&pure| match pure.ends_with('/') {
        true => name.starts_with(pure),
        false => name == pure,
    })
}

/// The text files below a folder of the project with one of these extensions, by name.
fn sources(folder: &str, extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let top = root().join(folder);
    collect(&top, &top, extensions, &mut found);
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

fn collect(top: &Path, folder: &Path, extensions: &[&str], found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            if !path.ends_with("node_modules") {
                collect(top, &path, extensions, found);
            }
        } else if extension.is_some_and(|extension| extensions.contains(&extension)) {
            let name = path
                .strip_prefix(top)
                .expect("below")
                .to_string_lossy()
                .replace('\\', "/");
            let bytes = fs::read(&path).expect("a file of the project");
            let text = String::from_utf8_lossy(&bytes).into_owned();
            found.push(Source { name, text });
        }
    }
}

fn rust() -> Vec<Source> {
    sources("src", &["rs"])
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The files, of those that exist, that a line imports: `use crate::track::id::TrackId;` gives `track/id.rs`.
fn imports(source: &Source, all: &BTreeSet<String>) -> Vec<(usize, String)> {
    let folder = source
        .name
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (number, line) in source.code() {
        for (marker, inside) in [("crate::", ""), ("jam::", ""), ("super::", folder)] {
            for (at, _) in line.match_indices(marker) {
                let whole_word = !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                if !whole_word {
                    continue;
                }
                for path in expand(&line[at + marker.len()..]) {
                    let path = [inside, path.as_str()].join("/");
                    found.extend(file_of(path.trim_start_matches('/'), all).map(|f| (number, f)));
                }
            }
        }
    }
    found
}

/// `{limits, text::clean}` and `room::{name, parse}` as paths with slashes.
fn expand(rest: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        let path = text
            .trim()
            .chars()
            .take_while(|&c| c.is_alphanumeric() || c == '_' || c == ':');
        path.collect::<String>()
            .trim_end_matches(':')
            .replace("::", "/")
    };
    let stem = word(rest);
    match rest.split_once('{') {
        Some((before, items)) if before.trim_end_matches("::").replace("::", "/") == stem => items
            .split(',')
            .map(|item| {
                [stem.as_str(), &word(item)]
                    .join("/")
                    .trim_matches('/')
                    .to_owned()
            })
            .collect(),
        _ => vec![stem],
    }
}

/// `track/id/TrackId` is in `track/id.rs`; `room` and `room/machine` are files too.
fn file_of(path: &str, all: &BTreeSet<String>) -> Option<String> {
    let mut path = path;
    loop {
        for candidate in [format!("{path}.rs"), format!("{path}/mod.rs")] {
            if all.contains(&candidate) {
                return Some(candidate);
            }
        }
        path = path.rsplit_once('/')?.0;
    }
}

// ---- the rules -----------------------------------------------------------------------------------

#[test]
fn pure_files_touch_no_socket_file_thread_lock_clock_or_terminal() {
    let mut complaints = Vec::new();
    for source in rust().iter().filter(|source| source.is_pure()) {
        for (number, line) in source.code() {
            for word in IMPURE_WORDS.iter().filter(|&&word| line.contains(word)) {
                complaints.push(format!(
                    "src/{}:{number}: {word} in a pure file",
                    source.name
                ));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn every_name_in_the_list_of_pure_files_exists() {
    let sources = rust();
    for pure in PURE {
        let exists = sources.iter().any(|source| source.name.starts_with(pure));
        assert!(
            exists,
            "{pure} is in the list of pure files, but not in src"
        );
    }
}

#[test]
fn imports_follow_the_arrows() {
    let sources = rust();
    let all: BTreeSet<String> = sources.iter().map(|source| source.name.clone()).collect();
    let mut complaints = Vec::new();
    let mut looked_at = 0;
    for source in sources.iter().filter(|source| source.name != "lib.rs") {
        let from = source.domain();
        let Some((_, allowed)) = ARROWS.iter().find(|(domain, _)| *domain == from) else {
            complaints.push(format!(
                "src/{}: {from} has no arrows in tests/tidy.rs",
                source.name
            ));
            continue;
        };
        for (number, file) in imports(source, &all) {
            looked_at += 1;
            let to = file
                .split('/')
                .next()
                .unwrap_or_default()
                .trim_end_matches(".rs");
            let place = format!("src/{}:{number}", source.name);
            if to != from && !allowed.contains(&to) {
                complaints.push(format!("{place}: {from} must not import {to}"));
            }
            let excepted = PURE_IMPORTS_IMPURE.contains(&(source.name.as_str(), file.as_str()));
            if source.is_pure() && !is_pure(&file) && !excepted {
                complaints.push(format!("{place}: a pure file imports {file}, which is not"));
            }
        }
    }
    assert!(looked_at > 50, "only {looked_at} imports found");
    assert_none(&complaints);
}

#[test]
fn the_arrows_have_no_cycle() {
    // Each domain stands after all that may import it, so that following arrows always leads down the list.
    let place = |name: &str| ARROWS.iter().position(|(domain, _)| *domain == name);
    for (from, allowed) in ARROWS {
        for to in *allowed {
            assert!(place(to) > place(from), "{from} -> {to} points up");
        }
    }
}

#[test]
fn imports_are_recognized_in_every_way_of_writing_them() {
    let all: BTreeSet<String> = [
        "limits.rs",
        "text.rs",
        "room/mod.rs",
        "room/name.rs",
        "room/parse.rs",
        "track/id.rs",
    ]
    .map(String::from)
    .into();
    let found = |name: &str, text: &str| -> Vec<String> {
        let source = Source {
            name: name.into(),
            text: text.into(),
        };
        imports(&source, &all)
            .into_iter()
            .map(|(_, file)| file)
            .collect()
    };
    assert_eq!(
        found("a.rs", "use crate::track::id::TrackId;"),
        ["track/id.rs"]
    );
    assert_eq!(
        found("a.rs", "use crate::limits::{A, B};"),
        ["limits.rs", "limits.rs"]
    );
    assert_eq!(
        found("a.rs", "use crate::{limits, text::clean};"),
        ["limits.rs", "text.rs"]
    );
    assert_eq!(
        found("main.rs", "use jam::room::{name, parse::x};"),
        ["room/name.rs", "room/parse.rs"]
    );
    assert_eq!(
        found("room/parse.rs", "use super::name::RoomName;"),
        ["room/name.rs"]
    );
    assert_eq!(
        found("a.rs", "let x = crate::limits::A + 1;"),
        ["limits.rs"]
    );
    assert_eq!(
        found("a.rs", "// crate::limits is not imported here"),
        [""; 0]
    );
}

#[test]
fn every_source_file_begins_with_what_it_is_for() {
    let mut complaints = Vec::new();
    for (folder, extension, headers) in [
        ("src", "rs", &["//! "][..]),
        ("tests", "rs", &["//! "]),
        ("src", "js", &["// "]),
        ("tests", "js", &["// "]),
        ("src", "css", &["/*"]),
    ] {
        for source in sources(folder, &[extension]) {
            if !headers.iter().any(|header| source.text.starts_with(header)) {
                complaints.push(format!("{folder}/{}: no header comment", source.name));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn no_source_file_is_longer_than_400_lines() {
    let long = sources("src", &["rs", "js"])
        .into_iter()
        .filter_map(|source| {
            let lines = source.text.lines().count();
            (lines > LINES_MAX).then(|| format!("src/{}: {lines} lines", source.name))
        });
    assert_none(&long.collect::<Vec<_>>());
}

#[test]
fn unwrap_is_for_tests_alone() {
    let mut complaints = Vec::new();
    for source in rust() {
        for (number, line) in source.code() {
            for word in [".unwrap()", "todo!", "unimplemented!", "dbg!"] {
                if line.contains(word) {
                    complaints.push(format!("src/{}:{number}: {word}", source.name));
                }
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn expect_says_which_bug_it_would_be() {
    let known = [
        "\"bug: ",
        "\"a String takes everything\"",
        "\"a Vec takes everything\"",
        "\"0 is a JSON number\"",
    ];
    let mut complaints = Vec::new();
    // When the build script gives up, so does the build, and says why.
    let runs = |source: &Source| !source.name.starts_with("pack/");
    for source in rust().into_iter().filter(runs) {
        for (number, line) in source
            .code()
            .filter(|(_, line)| line.contains(".expect(\""))
        {
            if !known.iter().any(|words| line.contains(words)) {
                complaints.push(format!("src/{}:{number}: {}", source.name, line.trim()));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn no_file_names_a_folder_of_somebodys_machine() {
    // Written apart, so that this file does not find itself.
    let folders = [
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("C:", "\\"),
    ];
    let mut complaints = Vec::new();
    for folder in ["src", "tests", "testdata", "docs"] {
        for source in sources(
            folder,
            &[
                "rs",
                "js",
                "css",
                "html",
                "svg",
                "webmanifest",
                "md",
                "jsonl",
                "http",
                "sh",
                "json",
            ],
        ) {
            for (number, line) in source.text.lines().enumerate() {
                if folders.iter().any(|folder| line.contains(folder)) {
                    let place = format!("{folder}/{}:{}", source.name, number + 1);
                    complaints.push(format!("{place}: {}", line.trim()));
                }
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn lines_end_in_one_line_feed_and_no_blanks() {
    let mut complaints = Vec::new();
    for folder in ["src", "tests"] {
        for source in sources(folder, &["rs", "js", "css", "html"]) {
            let place = format!("{folder}/{}", source.name);
            if !source.text.ends_with('\n') || source.text.ends_with("\n\n") {
                complaints.push(format!("{place}: must end in one line end"));
            }
            for (number, line) in source.text.split('\n').enumerate() {
                if line.ends_with([' ', '\t', '\r']) {
                    complaints.push(format!("{place}:{}: blanks at the end", number + 1));
                }
            }
        }
    }
    assert_none(&complaints);
}

// ---- the page ------------------------------------------------------------------------------------

#[test]
fn the_binary_holds_every_file_of_the_page_and_no_other() {
    let entries = fs::read_dir(root().join("src/web")).expect("src/web");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut files: BTreeSet<String> = entries.map(|e| name(e.expect("an entry"))).collect();
    assert!(
        files.remove("index.html"),
        "the page itself, which is not among its parts"
    );
    let listed: Vec<&str> = ASSETS.iter().map(|asset| asset.name).collect();
    let missing: Vec<_> = files
        .iter()
        .filter(|file| !listed.contains(&file.as_str()))
        .collect();
    assert!(missing.is_empty(), "not in ASSETS: {missing:?}");
    let gone: Vec<_> = listed
        .iter()
        .filter(|name| !files.contains(**name))
        .collect();
    assert!(gone.is_empty(), "in ASSETS, but not in src/web: {gone:?}");
    assert!(listed.is_sorted(), "ASSETS is in the order of the alphabet");
}

#[test]
fn the_page_asks_for_no_part_that_does_not_exist() {
    let mut complaints = Vec::new();
    for source in sources("src/web", &["js", "html", "css"]) {
        for (number, line) in source.text.lines().enumerate() {
            for (before, after) in [
                ("\"/assets/", '"'),
                ("from './", '\''),
                ("from \"./", '"'),
                ("import './", '\''),
                ("import('./", '\''),
            ] {
                for (at, _) in line.match_indices(before) {
                    let name = line[at + before.len()..]
                        .split(after)
                        .next()
                        .unwrap_or_default();
                    if !ASSETS.iter().any(|asset| asset.name == name) {
                        let place = format!("src/web/{}:{}", source.name, number + 1);
                        complaints.push(format!("{place}: there is no {name}"));
                    }
                }
            }
        }
    }
    assert_none(&complaints);
}
