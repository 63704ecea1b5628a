//! The binary as a program: help, version, exit codes, what goes where.

use crate::common::server as common;

use common::{TestServer, jam};

struct Outcome {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn outcome(arguments: &[&str]) -> Outcome {
    let output = jam(arguments).output().expect("jam");
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

#[test]
fn help_and_version_are_results() {
    for (arguments, start) in [
        (&["--help"][..], "jam: a listening party"),
        (&["-h"], "jam: a listening party"),
        (&["help"], "jam: a listening party"),
        (&["server", "--help"], "Hosts rooms"),
        (&["seed", "--help"], "Shares files"),
        (&["fetch", "--help"], "Downloads a track"),
        (&["listen", "--help"], "Plays what a room"),
        (&["help", "peer"], "Sends or fetches"),
        (&["check", "-h"], "Tells how the way"),
        (&["--version"], concat!("jam ", env!("CARGO_PKG_VERSION"))),
    ] {
        let outcome = outcome(arguments);
        assert_eq!(
            (outcome.code, outcome.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
        assert!(outcome.stdout.starts_with(start), "{}", outcome.stdout);
    }
}

#[test]
fn wrong_arguments_end_with_2_and_one_line_that_says_what_to_type() {
    for arguments in [
        &[][..],
        &["sever"],
        &["--nonsense"],
        &["server", "--nonsense"],
        &["server", "song.mp3"],
        &["server", "--listen", "here"],
        &["server", "--listen"],
        &["server", "--port", "70000"],
        &["server", "--room", "a b"],
        &["server", "--share"],
        &["server", "--max-connections", "0"],
        &["server", "--log", "loud"],
        &["seed"],
        &["seed", "song.mp3", "--room", "ftp://host/ws/jam1"],
        &["fetch"],
        &["fetch", "--conect", "host"],
        &["peer", "--seed", "--chunk-size", "5000"],
        &["check"],
    ] {
        let outcome = outcome(arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}"
        );
        assert_eq!(
            outcome.stderr.lines().count(),
            1,
            "{arguments:?}: {}",
            outcome.stderr
        );
        assert!(outcome.stderr.starts_with("jam: "), "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains("(type "),
            "{arguments:?}: {}",
            outcome.stderr
        );
    }
}

#[test]
fn what_cannot_be_done_ends_with_1_and_one_line() {
    for arguments in [
        &["server", "--port", "0", "--share", "/no/such/song.mp3"][..],
        &["server", "--port", "0", "--share", "/dev/null"],
        &["server", "--listen", "192.0.2.77:0"],
        &["server", "--port", "0", "--library", "/dev/null/library"],
    ] {
        let outcome = outcome(arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (Some(1), ""),
            "{arguments:?}"
        );
        assert_eq!(
            outcome.stderr.lines().count(),
            1,
            "{arguments:?}: {}",
            outcome.stderr
        );
        assert!(outcome.stderr.starts_with("jam: "), "{}", outcome.stderr);
    }
}

#[test]
fn the_addresses_go_to_standard_output_ready_to_click() {
    let server = TestServer::start(&["--room", "party"]);
    let port = server.address.port();
    assert!(
        server
            .greeting
            .contains(&format!("  http://localhost:{port}/party ")),
        "{}",
        server.greeting
    );
    let alone = format!(
        "Nobody else reaches it: it listens on this machine only (try --listen 0.0.0.0:{port})."
    );
    assert!(server.greeting.contains(&alone), "{}", server.greeting);
    // Nobody shall come past the proxy.
    let server = TestServer::start(&["--trust-proxy"]);
    let behind = "Others come through your proxy.";
    assert!(
        server.greeting.ends_with(&format!("{behind}\n")),
        "{}",
        server.greeting
    );
}

#[test]
fn every_address_of_the_machine_is_offered_when_it_listens_on_all() {
    let mut server = jam(&["server", "--listen", "0.0.0.0:0"]);
    server.env("JAM_LOG", "off");
    let server = TestServer::start_command(server);
    let port = server.address.port();
    let interfaces = if_addrs::get_if_addrs().expect("interfaces");
    for interface in interfaces
        .iter()
        .filter(|interface| !interface.is_loopback())
    {
        if let std::net::IpAddr::V4(ip) = interface.ip() {
            assert!(
                server
                    .greeting
                    .contains(&format!("  http://{ip}:{port}/jam1 ")),
                "{}",
                server.greeting
            );
        }
    }
    assert_eq!(server.log_so_far(), Vec::<String>::new());
}

#[test]
fn the_log_level_comes_from_the_option_before_the_environment() {
    let mut server = jam(&["server", "--listen", "127.0.0.1:0", "--log", "error"]);
    server.env("JAM_LOG", "trace");
    let mut server = TestServer::start_command(server);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(server.log_so_far(), Vec::<String>::new());
}

#[test]
fn a_library_folder_keeps_the_tracks_for_the_next_start() {
    let folder = std::env::temp_dir().join(format!("jam-program-{}", std::process::id()));
    let library = folder.to_str().expect("text");
    let mut first = TestServer::start(&["--library", library, "--share", common::TRACK]);
    first.signal("INT");
    assert_eq!(first.wait().code(), Some(0));
    let second = TestServer::start(&["--library", library]);
    let view = common::run("curl", &["-sSf", &second.url("/api/rooms/jam1")]);
    assert!(view.contains("\"name\":\"prelude5.wav\""), "{view}");
    std::fs::remove_dir_all(folder).expect("removed");
}
