//! Arguments to a command: what is understood, and that every refusal is one line that ends in what to type.

#[path = "common/random.rs"]
mod random;

use jam::cli::{self, Command, HELP, Invocation, SERVER_HELP, ServerOptions, UsageError};
use jam::limits::CONNECTIONS_MAX;
use jam::room::name::RoomName;
use log::LevelFilter;
use random::for_each_seed;
use std::path::PathBuf;

/// The arguments as a shell would cut them, at blanks.
fn parse(line: &str) -> Result<Invocation, UsageError> {
    cli::parse(line.split_whitespace())
}

fn options(line: &str) -> ServerOptions {
    match parse(line).expect(line).command {
        Command::Server(options) => options,
        Command::Print(_) => panic!("{line}: only prints"),
    }
}

fn printed(line: &str) -> String {
    match parse(line).expect(line).command {
        Command::Print(text) => text,
        Command::Server(_) => panic!("{line}: starts a server"),
    }
}

fn refusal<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let UsageError(line) = cli::parse(arguments).expect_err("refused");
    line
}

/// One line, and at its end in brackets what to type.
fn assert_is_helpful(line: &str) {
    assert!(
        !line.contains(char::is_control),
        "more than one line: {line:?}"
    );
    let hint = line.rsplit_once('(').map_or("", |(_, hint)| hint);
    assert!(
        line.ends_with(')') && hint.contains("type "),
        "no hint at the end: {line:?}"
    );
    assert!(line.chars().count() < 300, "too long to read: {line:?}");
}

#[test]
fn a_server_without_options_listens_everywhere_on_port_8000_and_shares_nothing() {
    let expected = ServerOptions {
        listen: "0.0.0.0:8000".parse().expect("an address"),
        library: None,
        share: Vec::new(),
        room: RoomName::parse("jam1").expect("a room"),
        connections_max: CONNECTIONS_MAX,
        upload_bytes_max: 512 << 20,
    };
    assert_eq!(options("server"), expected);
    assert_eq!(parse("server").expect("valid").log, None);
}

#[test]
fn every_option_reaches_its_place() {
    let line = "server --listen 127.0.0.1:9001 --share a.mp3 b.flac --room lab_2 --library music \
                --max-connections 50 --log debug --share c.wav";
    let expected = ServerOptions {
        listen: "127.0.0.1:9001".parse().expect("an address"),
        library: Some(PathBuf::from("music")),
        share: ["a.mp3", "b.flac", "c.wav"].map(PathBuf::from).into(),
        room: RoomName::parse("lab_2").expect("a room"),
        connections_max: 50,
        upload_bytes_max: 512 << 20,
    };
    assert_eq!(options(line), expected);
    assert_eq!(parse(line).expect("valid").log, Some(LevelFilter::Debug));
}

#[test]
fn values_may_follow_an_equals_sign_or_stick_to_a_short_option() {
    for line in [
        "server --port=80",
        "server --port 80",
        "server -p80",
        "server -p 80",
        "server -p=80",
    ] {
        assert_eq!(options(line).listen.to_string(), "0.0.0.0:80", "{line}");
    }
    assert_eq!(options("server --room=a-b").room.as_str(), "a-b");
    assert_eq!(
        options("server --share=a.mp3").share,
        [PathBuf::from("a.mp3")]
    );
}

#[test]
fn an_address_may_be_given_whole_or_in_part() {
    for (text, expected) in [
        ("127.0.0.1:9000", "127.0.0.1:9000"),
        ("192.168.1.20", "192.168.1.20:8000"),
        ("9000", "0.0.0.0:9000"),
        (":9000", "0.0.0.0:9000"),
        ("0", "0.0.0.0:0"),
        ("localhost", "127.0.0.1:8000"),
        ("localhost:9000", "127.0.0.1:9000"),
        ("[::]:9000", "[::]:9000"),
        ("[::1]:0", "[::1]:0"),
        ("::", "[::]:8000"),
    ] {
        let listen = options(&format!("server --listen {text}")).listen;
        assert_eq!(listen.to_string(), expected, "{text}");
    }
}

#[test]
fn a_port_changes_the_port_alone_wherever_it_stands() {
    for line in [
        "server -p 9 --listen 127.0.0.1:1",
        "server --listen 127.0.0.1:1 -p 9",
    ] {
        assert_eq!(options(line).listen.to_string(), "127.0.0.1:9", "{line}");
    }
}

#[test]
fn the_last_of_an_option_given_twice_counts() {
    assert_eq!(options("server --room a --room b").room.as_str(), "b");
    assert_eq!(options("server -p 1 -p 2").listen.port(), 2);
}

#[test]
fn help_and_version_are_printed_wherever_they_are_asked_for() {
    for line in ["--help", "-h", "help"] {
        assert_eq!(printed(line), HELP, "{line}");
    }
    for line in [
        "server --help",
        "server -h",
        "server --port 9 --help",
        "server help",
        "help server",
    ] {
        assert_eq!(printed(line), SERVER_HELP, "{line}");
    }
    for line in ["--version", "-V"] {
        assert_eq!(
            printed(line),
            format!("jam {}\n", env!("CARGO_PKG_VERSION")),
            "{line}"
        );
    }
}

#[test]
fn the_help_fits_a_terminal_and_names_every_option_that_is_understood() {
    for text in [HELP, SERVER_HELP] {
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "too wide: {line}");
            assert_eq!(line, line.trim_end(), "blanks at the end");
        }
    }
    for option in [
        "--listen",
        "-p, --port",
        "--share",
        "--room",
        "--library",
        "--max-connections",
        "--log",
        "-h, --help",
    ] {
        assert!(SERVER_HELP.contains(option), "{option} is not explained");
    }
    assert!(SERVER_HELP.contains(&format!("default: {CONNECTIONS_MAX},")));
}

#[test]
fn the_log_level_may_stand_before_the_command_and_the_last_one_counts() {
    let level = |line| parse(line).expect(line).log;
    assert_eq!(level("--log debug server"), Some(LevelFilter::Debug));
    assert_eq!(
        level("--log debug server --log warn"),
        Some(LevelFilter::Warn)
    );
    assert_eq!(level("server"), None);
}

#[test]
fn a_file_that_looks_like_an_option_is_explained() {
    let line = refusal(["server", "--share", "-dash.wav"]);
    assert!(line.contains("as ./-name"), "{line}");
    assert_is_helpful(&line);
}

#[test]
fn log_levels_are_read_in_any_case() {
    for (text, level) in [
        ("error", LevelFilter::Error),
        ("WARN", LevelFilter::Warn),
        ("Info", LevelFilter::Info),
        ("trace", LevelFilter::Trace),
        ("off", LevelFilter::Off),
    ] {
        assert_eq!(cli::parse_log_level(text), Ok(level));
    }
}

#[test]
fn wrong_arguments_are_refused_with_what_to_type() {
    for (arguments, expected) in [
        (
            &[][..],
            "which command? (type `jam server`, or `jam --help`)",
        ),
        (
            &["serve"],
            "there is no command \"serve\" (type `jam --help`)",
        ),
        (&["--frob"], "invalid option '--frob' (type `jam --help`)"),
        (
            &["server", "--frob"],
            "invalid option '--frob' (type `jam server --help`)",
        ),
        (
            &["server", "-x"],
            "invalid option '-x' (type `jam server --help`)",
        ),
        (
            &["server", "a.mp3"],
            "unexpected \"a.mp3\" (type `jam server --share a.mp3` to offer it)",
        ),
        (
            &["server", "--port", "70000"],
            "--port \"70000\" is not a port (type a number from 0 to 65535)",
        ),
        (
            &["server", "--port", "-1"],
            "--port \"-1\" is not a port (type a number from 0 to 65535)",
        ),
        (
            &["server", "--listen", "example.org:80"],
            "--listen \"example.org:80\" is not an address (type for example --listen 0.0.0.0:8000)",
        ),
        (
            &["server", "--listen", ""],
            "--listen \"\" is not an address (type for example --listen 0.0.0.0:8000)",
        ),
        (
            &["server", "--room", "a b"],
            "--room \"a b\" is not a room name (type 1 to 64 of A-Z a-z 0-9 _ -)",
        ),
        (
            &["server", "--max-connections", "0"],
            "--max-connections \"0\" is not a number (type for example --max-connections 2000)",
        ),
        (
            &["server", "--log", "loud"],
            "no log level \"loud\" (type error, warn, info, debug, trace or off)",
        ),
    ] {
        let line = refusal(arguments.iter().copied());
        assert_eq!(line, expected);
        assert_is_helpful(&line);
    }
}

#[test]
fn an_option_without_its_value_is_refused_with_what_to_type() {
    for option in [
        "--listen",
        "--port",
        "-p",
        "--share",
        "--room",
        "--library",
        "--max-connections",
        "--log",
    ] {
        let line = refusal(["server", option]);
        assert!(line.contains(option), "{line}");
        assert_is_helpful(&line);
    }
}

#[test]
fn a_refusal_stays_one_line_whatever_was_typed() {
    for odd in [
        "a\nb",
        "--a\nb",
        "-\n",
        "\u{1b}[2J",
        "--\u{1b}[2J",
        "",
        "-",
        "--",
        "é\u{0}",
        "--room=\n",
    ] {
        for arguments in [&[odd][..], &["server", odd], &["server", "--port", odd]] {
            if let Err(UsageError(line)) = cli::parse(arguments) {
                assert_is_helpful(&line);
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_name_need_not_be_utf_8_but_every_other_value_must() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let odd = || OsString::from_vec(b"m\xff.mp3".to_vec());
    let parsed = cli::parse([OsString::from("server"), "--share".into(), odd()]).expect("valid");
    let Command::Server(options) = parsed.command else {
        panic!("not a server")
    };
    assert_eq!(options.share, [PathBuf::from(odd())]);
    for option in ["--room", "--listen", "--port", "--max-connections", "--log"] {
        let refused = cli::parse([OsString::from("server"), option.into(), odd()]);
        let UsageError(line) = refused.expect_err(option);
        assert_is_helpful(&line);
    }
    for arguments in [vec![odd()], vec!["server".into(), odd()]] {
        let UsageError(line) = cli::parse(arguments).expect_err("no such command");
        assert_is_helpful(&line);
    }
}

#[test]
fn random_arguments_never_panic_and_are_refused_in_one_helpful_line() {
    const WORDS: [&str; 24] = [
        "server",
        "help",
        "--help",
        "-h",
        "-V",
        "--listen",
        "--port",
        "-p",
        "--share",
        "--room",
        "--library",
        "--max-connections",
        "--log",
        "--",
        "-",
        "",
        "8000",
        "a.mp3",
        "jam1",
        "info",
        "--port=",
        "-pp",
        "--room=é",
        "=",
    ];
    for_each_seed(20_000, |random| {
        let arguments: Vec<&str> = (0..random.below(6)).map(|_| *random.pick(&WORDS)).collect();
        if let Err(UsageError(line)) = cli::parse(&arguments) {
            assert_is_helpful(&line);
        }
    });
}
