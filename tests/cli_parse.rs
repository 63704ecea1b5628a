//! Arguments to a command: what is understood, and that every refusal is one line that ends in what to type.

use crate::common::random;

use jam::cli::{
    self, CHECK_HELP, CheckOptions, CheckTarget, Command, Deed, FETCH_HELP, FetchOptions, HELP,
    HOST_HELP, HostOptions, HostWork, Invocation, LISTEN_HELP, ListenOptions, PEER_HELP,
    PeerOptions, SEED_HELP, SERVER_HELP, SeedAfter, SeedOptions, ServerOptions, Shown, StayOptions,
    UsageError, Which, parse_time, parse_track,
};
use jam::limits::{CONNECTIONS_MAX, ServerLimits};
use jam::room::address::{Endpoint, RoomAddress};
use jam::room::key::{Key, Keys};
use jam::room::name::RoomName;
use jam::room::origin::Origin;
use jam::room::rights::Guests;
#[cfg(feature = "tls")]
use jam::room::trust::Trust;
use jam::track::chunks::ChunkSize;
use jam::track::id::TrackId;
use log::LevelFilter;
use random::for_each_seed;
use std::path::PathBuf;
use std::time::Duration;

const COMMANDS: [(&str, &str); 7] = [
    ("server", SERVER_HELP),
    ("seed", SEED_HELP),
    ("fetch", FETCH_HELP),
    ("listen", LISTEN_HELP),
    ("host", HOST_HELP),
    ("peer", PEER_HELP),
    ("check", CHECK_HELP),
];

/// Of nothing at all.
const ID: &str = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

/// The arguments as a shell would cut them, at blanks.
fn parse(line: &str) -> Result<Invocation, UsageError> {
    cli::parse(line.split_whitespace())
}

fn options(line: &str) -> ServerOptions {
    match parse(line).expect(line).command {
        Command::Server(options) => options,
        other => panic!("{line}: {other:?}"),
    }
}

fn seed(line: &str) -> SeedOptions {
    match parse(line).expect(line).command {
        Command::Seed(options) => options,
        other => panic!("{line}: {other:?}"),
    }
}

fn fetch(line: &str) -> FetchOptions {
    match parse(line).expect(line).command {
        Command::Fetch(options) => options,
        other => panic!("{line}: {other:?}"),
    }
}

fn listen(line: &str) -> ListenOptions {
    match parse(line).expect(line).command {
        Command::Listen(options) => options,
        other => panic!("{line}: {other:?}"),
    }
}

fn peer(line: &str) -> PeerOptions {
    match parse(line).expect(line).command {
        Command::Peer(options) => options,
        other => panic!("{line}: {other:?}"),
    }
}

fn check(line: &str) -> CheckOptions {
    match parse(line).expect(line).command {
        Command::Check(options) => options,
        other => panic!("{line}: {other:?}"),
    }
}

fn room(url: &str) -> RoomAddress {
    RoomAddress::parse(url).expect(url)
}

fn node(address: &str) -> Endpoint {
    Endpoint::parse(address, 1).expect(address)
}

fn track() -> TrackId {
    TrackId::parse(ID).expect("an id")
}

fn chunk_size(bytes: u64) -> ChunkSize {
    ChunkSize::from_bytes(bytes).expect("a chunk size")
}

fn printed(line: &str) -> String {
    match parse(line).expect(line).command {
        Command::Print(text) => text,
        other => panic!("{line}: {other:?}"),
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
        state_dir: None,
        share: Vec::new(),
        room: RoomName::parse("jam1").expect("a room"),
        connections_max: CONNECTIONS_MAX,
        upload_bytes_max: 512 << 20,
        library_bytes_max: 16 << 30,
        limits: ServerLimits::default(),
        trust_proxy: false,
        guests: Guests::Nothing,
        keys: Keys::default(),
        origins: Vec::new(),
        tls: None,
    };
    assert_eq!(options("server"), expected);
    assert_eq!(parse("server").expect("valid").log, None);
}

#[test]
fn every_option_reaches_its_place() {
    let line = "server --listen 127.0.0.1:9001 --share a.mp3 b.flac --room lab_2 --library music \
                --state-dir party --max-connections 50 --log debug --share c.wav --guests vote \
                --room-key plum --host-key=stone --allow-origin https://b.example --allow-origin http://C:8080";
    let expected = ServerOptions {
        listen: "127.0.0.1:9001".parse().expect("an address"),
        library: Some(PathBuf::from("music")),
        state_dir: Some(PathBuf::from("party")),
        share: ["a.mp3", "b.flac", "c.wav"].map(PathBuf::from).into(),
        room: RoomName::parse("lab_2").expect("a room"),
        connections_max: 50,
        upload_bytes_max: 512 << 20,
        library_bytes_max: 16 << 30,
        limits: ServerLimits::default(),
        trust_proxy: false,
        guests: Guests::Vote,
        keys: Keys {
            room: Key::parse("plum"),
            host: Key::parse("stone"),
        },
        origins: ["https://b.example", "http://c:8080"]
            .map(|text| Origin::parse(text).expect("an origin"))
            .into(),
        tls: None,
    };
    assert_eq!(options(line), expected);
    assert_eq!(parse(line).expect("valid").log, Some(LevelFilter::Debug));
}

#[cfg(feature = "tls")]
#[test]
fn a_certificate_and_its_key_come_together() {
    let tls = options("server --tls-cert party.pem --tls-key=party.key").tls;
    let files = tls.expect("TLS");
    assert_eq!(files.certificate, PathBuf::from("party.pem"));
    assert_eq!(files.key, PathBuf::from("party.key"));
    for (line, expected) in [
        (
            "server --tls-cert a",
            "--tls-cert without its key (type --tls-key FILE as well)",
        ),
        (
            "server --tls-key a",
            "--tls-key without its certificate (type --tls-cert FILE as well)",
        ),
    ] {
        assert_eq!(refusal(line.split(' ')), expected);
        assert_is_helpful(expected);
    }
}

/// Every command that goes to a room, with what comes before its address.
const TO_ROOMS: [&str; 6] = [
    "seed a --room",
    "fetch --room",
    "listen",
    "host",
    "peer --tracker-ws",
    "check --room",
];

#[cfg(feature = "tls")]
#[test]
fn the_certificates_to_trust_come_with_an_encrypted_address_wherever_they_stand() {
    let room_of = |line: &str| match parse(line).expect("valid").command {
        Command::Seed(options) => options.room,
        Command::Fetch(options) => options.room,
        Command::Listen(options) => Some(options.room),
        Command::Host(options) => Some(options.room),
        Command::Peer(options) => options.tracker,
        Command::Check(options) => match options.target {
            CheckTarget::Room(room) => Some(room),
            _ => None,
        },
        other => panic!("{other:?}"),
    };
    let trusting = |file: Option<&str>| {
        let file = file.map(PathBuf::from);
        Some(Trust { file })
    };
    for to_room in TO_ROOMS {
        let plain = room_of(&format!("{to_room} ws://h/ws/jam1")).expect("a room");
        assert_eq!(plain.tls, None);
        let line = format!("{to_room} https://h/jam1");
        let encrypted = room_of(&line).expect("a room");
        assert_eq!((encrypted.port, &encrypted.tls), (443, &trusting(None)));
        let (command, rest) = line.split_once(' ').expect("an address");
        for line in [
            format!("{line} --tls-ca ca.pem"),
            format!("{command} --tls-ca=ca.pem {rest}"),
        ] {
            let room = room_of(&line).expect("a room");
            assert_eq!(room.tls, trusting(Some("ca.pem")), "{line}");
        }
        let refused = refusal(format!("{to_room} http://h/jam1 --tls-ca ca.pem").split(' '));
        assert_eq!(
            refused,
            "--tls-ca for \"ws://h:80/ws/jam1\", which is not encrypted (type its address with wss:// or https://)"
        );
        assert_is_helpful(&refused);
    }
    let listening = parse("host https://h/jam1 --listen --tls-ca ca.pem").expect("valid");
    let Command::Host(HostOptions {
        work: HostWork::Stay(stay),
        ..
    }) = listening.command
    else {
        panic!("it stays");
    };
    let listen = stay.listen.expect("it listens");
    assert_eq!(listen.room.tls, trusting(Some("ca.pem")));
    for (line, expected) in [
        (
            "seed a --tls-ca ca.pem",
            "--tls-ca for which room? (type --room wss://HOST:8000/ws/jam1 as well)",
        ),
        (
            "listen https://h/jam1 --tls-ca=",
            "--tls-ca is empty (type for example --tls-ca cert.pem)",
        ),
    ] {
        let refused = refusal(line.split(' '));
        assert_eq!(refused, expected);
        assert_is_helpful(&refused);
    }
}

#[cfg(not(feature = "tls"))]
#[test]
fn a_jam_without_tls_says_so_at_an_encrypted_address_of_any_command() {
    for to_room in TO_ROOMS {
        let line = format!("{to_room} https://h/jam1");
        for line in [line.clone(), format!("{line} --tls-ca ca.pem")] {
            let refused = refusal(line.split(' '));
            let hint = "`cargo build --release --features tls`";
            assert!(refused.contains(hint), "{refused}");
            assert_is_helpful(&refused);
        }
    }
}

#[cfg(not(feature = "tls"))]
#[test]
fn a_jam_without_tls_says_how_to_build_one_with_it() {
    for line in ["server --tls-cert a --tls-key b", "server --tls-key b"] {
        let line = refusal(line.split(' '));
        let hint = "type `cargo build --release --features tls`";
        assert!(line.contains(hint), "{line}");
        assert_is_helpful(&line);
    }
}

#[test]
fn every_limit_can_be_told() {
    let line = "server --max-connections-per-address 900 --max-rooms 7 --max-rooms-per-address 3 --max-members 5 \
                --max-messages 1000 --max-bytes 4MiB --max-uploads 2 --trust-proxy";
    let told = options(line);
    let expected = ServerLimits {
        connections_per_address: Some(900),
        rooms: 7,
        rooms_per_address: 3,
        members: 5,
        messages_per_sec: 1000,
        message_bytes_per_sec: 4 << 20,
        uploads: 2,
    };
    assert_eq!((told.limits, told.trust_proxy), (expected, true));
    for (option, least, most) in [
        ("--max-connections-per-address", "1", "1048576"),
        ("--max-rooms", "1", "8192"),
        ("--max-rooms-per-address", "1", "8192"),
        ("--max-members", "1", "1048576"),
        ("--max-messages", "10", "1000000000"),
        ("--max-bytes", "256KiB", "1TiB"),
        ("--max-uploads", "1", "1024"),
    ] {
        for value in [least, most] {
            parse(&format!("server {option} {value}")).expect(value);
        }
        for value in ["0", "-1", "9", "255KiB", "1048577", "1000000001", "ten", ""] {
            let is_number_within =
                value == "9" && option != "--max-messages" && option != "--max-bytes";
            let is_large = ["1048577", "1000000001"].contains(&value);
            if is_number_within
                || is_large && option == "--max-bytes"
                || value == "1048577" && option == "--max-messages"
            {
                continue;
            }
            assert_is_helpful(&refusal(["server", option, value]));
        }
    }
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
    for (command, help) in COMMANDS {
        for line in [
            format!("{command} --help"),
            format!("{command} -h"),
            format!("{command} --log warn --help"),
            format!("{command} help"),
            format!("help {command}"),
        ] {
            assert_eq!(printed(&line), help, "{line}");
        }
    }
    assert_eq!(printed("help nonsense"), HELP);
    for line in ["--version", "-V"] {
        assert_eq!(
            printed(line),
            format!("jam {}\n", env!("CARGO_PKG_VERSION")),
            "{line}"
        );
    }
}

#[test]
fn listen_takes_a_room_and_says_where_the_sound_goes() {
    let plain = ListenOptions {
        room: room("ws://host:8000/ws/jam1"),
        player: "mpv".into(),
        device: None,
        trim_ms: 0,
        fetch: true,
        name: None,
        json: false,
    };
    assert_eq!(listen("listen host:8000/jam1"), plain);
    assert_eq!(
        listen(
            "listen --player ./mpv --device alsa/hw:0 --trim -20 --no-fetch --name Box --json http://host:8000/jam1"
        ),
        ListenOptions {
            player: "./mpv".into(),
            device: Some("alsa/hw:0".into()),
            trim_ms: -20,
            fetch: false,
            name: Some("Box".into()),
            json: true,
            ..plain
        }
    );
}

fn host(line: &str) -> HostOptions {
    match parse(line).expect(line).command {
        Command::Host(options) => options,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn host_without_an_action_stays_and_serves_files() {
    let stay = |work| match work {
        HostWork::Stay(stay) => stay,
        other => panic!("{other:?}"),
    };
    let nothing = StayOptions {
        files: Vec::new(),
        listen_port: None,
        wait: false,
        plain: false,
        listen: None,
    };
    let alone = host("host host:8000/jam1");
    assert_eq!(alone.room, room("ws://host:8000/ws/jam1"));
    assert_eq!((alone.name, stay(alone.work)), (None, nothing));
    let line = "host --name Ana host:8000/jam1 a.mp3 --wait --plain --listen-port 0 b.flac \
                --listen --player ./mpv --device null --trim -20 help";
    let HostOptions { name, work, .. } = host(line);
    assert_eq!(name.as_deref(), Some("Ana"));
    let expected = StayOptions {
        files: ["a.mp3", "b.flac", "help"].map(PathBuf::from).into(),
        listen_port: Some(0),
        wait: true,
        plain: true,
        listen: Some(ListenOptions {
            room: room("ws://host:8000/ws/jam1"),
            player: "./mpv".into(),
            device: Some("null".into()),
            trim_ms: -20,
            fetch: true,
            name: Some("Ana".into()),
            json: false,
        }),
    };
    assert_eq!(stay(work), expected);
}

#[test]
fn host_does_one_thing_for_a_script() {
    let id = TrackId::parse(ID).expect("an id");
    for (action, deed) in [
        ("--play", Deed::Play(None)),
        ("--play 2", Deed::Play(Some(Which::Number(2)))),
        ("--play=2", Deed::Play(Some(Which::Number(2)))),
        (&format!("--play {ID}"), Deed::Play(Some(Which::Id(id)))),
        ("--pause", Deed::Pause),
        ("--seek 1:30", Deed::Seek(90.0)),
        ("--next", Deed::Next),
        ("--previous", Deed::Previous),
        ("--remove 3", Deed::Remove(Which::Number(3))),
        ("--guests everything", Deed::Guests(Guests::Everything)),
    ] {
        for line in [format!("host h/a {action}"), format!("host {action} h/a")] {
            let json = false;
            let deed = deed.clone();
            assert_eq!(host(&line).work, HostWork::Do { deed, json }, "{line}");
        }
        let HostWork::Do { json, .. } = host(&format!("host h/a {action} --json")).work else {
            panic!("{action}")
        };
        assert!(json);
    }
    for (action, what) in [
        ("--state", Shown::State),
        ("--queue", Shown::Queue),
        ("--members", Shown::Members),
    ] {
        let json = true;
        let line = format!("host --json h/a {action}");
        assert_eq!(host(&line).work, HostWork::Show { what, json });
    }
    let upload = HostWork::Upload {
        files: ["a.mp3", "b.mp3"].map(PathBuf::from).into(),
        json: false,
    };
    assert_eq!(host("host h/a --add a.mp3 b.mp3").work, upload);
    for line in [
        "host",
        "host h/a --play --pause",
        "host h/a --pause --state",
        "host h/a --state --queue",
        "host h/a --add a.mp3 --next",
        "host h/a --next song.mp3",
        "host h/a --next --wait",
        "host h/a --next --listen",
        "host h/a --json",
        "host h/a --trim 3",
        "host h/a --seek 1:60",
        "host h/a --remove 0",
        "host h/a --remove 501",
        "host h/a --play=x",
        "host h/a --guests all",
        "host h/a --nonsense",
        "host h/a -x",
    ] {
        assert_is_helpful(&refusal(line.split_whitespace()));
    }
    assert_is_helpful(&refusal(["host", "h/a", ""]));
}

#[test]
fn a_place_in_a_track_is_written_as_on_a_clock() {
    for (text, sec) in [
        ("0", 0.0),
        ("90", 90.0),
        ("90.5", 90.5),
        ("1:30", 90.0),
        ("0:05.25", 5.25),
        ("100:00", 6000.0),
        ("1:02:03", 3723.0),
    ] {
        assert_eq!(parse_time(text), Some(sec), "{text}");
    }
    for text in [
        "",
        ":",
        "1:",
        ":30",
        "1:3",
        "1:60",
        "1:2:03",
        "1:00:00:00",
        "-1",
        "+1",
        "1e3",
        "nan",
        "inf",
        "1,5",
        " 1",
        "1:30 ",
        "1.",
        ".5",
        "1.5:00",
        "99999999999",
    ] {
        assert_eq!(parse_time(text), None, "{text:?}");
    }
    assert_eq!(parse_track("500"), Some(Which::Number(500)));
    for text in ["", "0", "501", "-1", "1.0", "abc", &ID[1..]] {
        assert_eq!(parse_track(text), None, "{text:?}");
    }
}

#[test]
fn the_help_fits_a_terminal_and_names_every_option_that_is_understood() {
    for text in COMMANDS.map(|(_, help)| help).iter().chain(&[HELP]) {
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "too wide: {line}");
            assert_eq!(line, line.trim_end(), "blanks at the end");
        }
    }
    for (command, help) in COMMANDS {
        for option in OPTIONS.iter().filter(|(of, _, _)| *of == command) {
            let (_, option, _) = option;
            assert!(
                help.contains(&format!(" {option} ")),
                "{command}: {option} is not explained"
            );
        }
        assert!(help.contains("\n  -h, --help "), "{command}");
        assert!(
            help.contains(&format!("\nUsage: jam {command} [OPTIONS]")),
            "{command}"
        );
        assert!(HELP.contains(&format!("\n  {command} ")), "{command}");
    }
    assert!(SERVER_HELP.contains(&format!("default: {CONNECTIONS_MAX},")));
}

/// Every option with a value that it takes; no value for those that take none.
const OPTIONS: [(&str, &str, &str); 75] = [
    ("server", "--listen", "127.0.0.1:1"),
    ("server", "--port", "1"),
    ("server", "--share", "a.mp3"),
    ("server", "--room", "a"),
    ("server", "--library", "music"),
    ("server", "--max-upload", "1MiB"),
    ("server", "--max-library", "1GiB"),
    ("server", "--guests", "add"),
    ("server", "--max-connections", "1"),
    ("server", "--max-connections-per-address", "1"),
    ("server", "--max-rooms", "1"),
    ("server", "--max-rooms-per-address", "1"),
    ("server", "--max-members", "1"),
    ("server", "--max-messages", "10"),
    ("server", "--max-bytes", "1MiB"),
    ("server", "--max-uploads", "1"),
    ("server", "--trust-proxy", ""),
    ("server", "--log", "info"),
    ("seed", "--room", "host/a"),
    ("seed", "--host", ""),
    ("seed", "--name", "Ana"),
    ("seed", "--listen-port", "1"),
    ("seed", "--chunk-size", "1KiB"),
    ("seed", "--key", "k"),
    ("seed", "--log", "info"),
    ("fetch", "--room", "host/a"),
    ("fetch", "--connect", "host"),
    ("fetch", "--output", "music"),
    ("fetch", "--listen-port", "1"),
    ("fetch", "--seed-after", ""),
    ("fetch", "--key", "k"),
    ("fetch", "--name", "Ana"),
    ("fetch", "--json", ""),
    ("fetch", "--log", "info"),
    ("listen", "--player", "mpv"),
    ("listen", "--device", "alsa"),
    ("listen", "--trim", "-20"),
    ("listen", "--no-fetch", ""),
    ("listen", "--name", "Box"),
    ("listen", "--json", ""),
    ("listen", "--log", "info"),
    ("host", "--listen", ""),
    ("host", "--player", "mpv"),
    ("host", "--device", "alsa"),
    ("host", "--trim", "-20"),
    ("host", "--wait", ""),
    ("host", "--listen-port", "1"),
    ("host", "--plain", ""),
    ("host", "--name", "Ana"),
    ("host", "--json", ""),
    ("host", "--log", "info"),
    ("host", "--play", ""),
    ("host", "--pause", ""),
    ("host", "--seek", "1:30"),
    ("host", "--next", ""),
    ("host", "--previous", ""),
    ("host", "--add", "a.mp3"),
    ("host", "--remove", "1"),
    ("host", "--guests", "add"),
    ("host", "--state", ""),
    ("host", "--queue", ""),
    ("host", "--members", ""),
    ("peer", "--seed", ""),
    ("peer", "--connect", "host"),
    ("peer", "--listen-port", "1"),
    ("peer", "--num-chunks", "1"),
    ("peer", "--chunk-size", "1KiB"),
    ("peer", "--inflight", "1"),
    ("peer", "--tracker-ws", "host/a"),
    ("peer", "--room", "a"),
    ("peer", "--log", "info"),
    ("check", "--listen-port", "1"),
    ("check", "--room", "host/a"),
    ("check", "--json", ""),
    ("check", "--log", "info"),
];

/// What makes a command whole, whatever else is said.
fn rest_of(command: &str, option: &str) -> &'static str {
    match command {
        "check" if option == "--json" || option == "--log" => "host",
        "seed" => "a.mp3 --room host/a",
        "fetch" => "--room host/a",
        "listen" => "host/a",
        "host" => match option {
            "--player" | "--device" | "--trim" => "host/a --listen",
            "--json" => "host/a --state",
            _ => "host/a",
        },
        "peer" => "--seed --tracker-ws host/a",
        _ => "",
    }
}

#[test]
fn every_option_is_understood_also_with_an_equals_sign() {
    for (command, option, value) in OPTIONS {
        let rest = rest_of(command, option);
        for line in [
            format!("{command} {rest} {option} {value}"),
            format!("{command} {rest} {option}={value}"),
        ] {
            let takes_one = !value.is_empty();
            if takes_one || !line.contains('=') {
                let parsed = parse(&line).expect(&line);
                assert!(!matches!(parsed.command, Command::Print(_)), "{line}");
            } else {
                assert_is_helpful(&refusal(line.split_whitespace()));
            }
        }
    }
}

#[test]
fn every_option_that_needs_a_value_is_refused_without_one() {
    for (command, option, value) in OPTIONS {
        if value.is_empty() {
            continue;
        }
        let line = format!("{command} {} {option}", rest_of(command, option));
        let line = refusal(line.split_whitespace());
        assert!(line.contains(option), "{line}");
        assert_is_helpful(&line);
    }
}

#[test]
fn a_seed_needs_nothing_but_a_file() {
    let expected = SeedOptions {
        files: vec![PathBuf::from("song.mp3")],
        room: None,
        host: false,
        listen_port: None,
        chunk_size: None,
        key: None,
        name: None,
    };
    assert_eq!(seed("seed song.mp3"), expected);
}

#[test]
fn every_option_of_a_seed_reaches_its_place_between_its_files() {
    let line = "seed a.mp3 --room ws://10.0.0.2:8000/ws/lab b.flac --host --listen-port 9999 \
                --chunk-size 64KiB --key secret --name Ana --log debug c.wav help";
    let expected = SeedOptions {
        files: ["a.mp3", "b.flac", "c.wav", "help"]
            .map(PathBuf::from)
            .into(),
        room: Some(room("ws://10.0.0.2:8000/ws/lab")),
        host: true,
        listen_port: Some(9999),
        chunk_size: Some(chunk_size(65536)),
        key: Some("secret".into()),
        name: Some("Ana".into()),
    };
    assert_eq!(seed(line), expected);
    assert_eq!(parse(line).expect("valid").log, Some(LevelFilter::Debug));
    let named = cli::parse(["seed", "--name", "  Ana\n Bo ", "--", "-dash.wav"]).expect("valid");
    let Command::Seed(options) = named.command else {
        panic!("not a seed")
    };
    assert_eq!(options.name.as_deref(), Some("Ana Bo"));
    assert_eq!(options.files, [PathBuf::from("-dash.wav")]);
}

#[test]
fn a_chunk_size_may_be_written_in_many_ways() {
    for (text, bytes) in [
        ("1024", 1024),
        ("4096", 4096),
        ("1KiB", 1024),
        ("4k", 4096),
        ("64KB", 65536),
        ("1m", 1 << 20),
        ("4MiB", 4 << 20),
        ("4194304", 4 << 20),
    ] {
        let line = format!("seed a --chunk-size {text}");
        assert_eq!(seed(&line).chunk_size, Some(chunk_size(bytes)), "{line}");
        let line = format!("peer --seed --chunk-size {text}");
        assert_eq!(peer(&line).chunk_size, chunk_size(bytes), "{line}");
    }
}

#[test]
fn a_fetch_needs_nothing_but_a_room_or_somebody_to_connect_to() {
    let expected = || FetchOptions {
        track: None,
        room: None,
        connect: Vec::new(),
        output: PathBuf::from("."),
        listen_port: None,
        seed_after: SeedAfter::OthersDone,
        key: None,
        name: None,
        json: false,
    };
    let of_room = FetchOptions {
        room: Some(room("ws://10.0.0.2:8000/ws/jam1")),
        ..expected()
    };
    assert_eq!(fetch("fetch --room http://10.0.0.2:8000/jam1"), of_room);
    let of_node = FetchOptions {
        connect: vec![node("10.0.0.2:9003")],
        ..expected()
    };
    assert_eq!(fetch("fetch --connect 10.0.0.2"), of_node);
}

#[test]
fn every_option_of_a_fetch_reaches_its_place() {
    let line = format!(
        "fetch --room host:8000/lab --connect 10.0.0.2 [fd00::2]:9009 --output music \
         --listen-port 0 --seed-after 600 --key secret --name Ana --json --log trace {ID} \
         --connect=lab-3.local:1"
    );
    let expected = FetchOptions {
        track: Some(track()),
        room: Some(room("ws://host:8000/ws/lab")),
        connect: vec![
            node("10.0.0.2:9003"),
            node("[fd00::2]:9009"),
            node("lab-3.local:1"),
        ],
        output: PathBuf::from("music"),
        listen_port: Some(0),
        seed_after: SeedAfter::AtLeast(Duration::from_secs(600)),
        key: Some("secret".into()),
        name: Some("Ana".into()),
        json: true,
    };
    assert_eq!(fetch(&line), expected);
    assert_eq!(parse(&line).expect("valid").log, Some(LevelFilter::Trace));
}

#[test]
fn a_track_is_found_wherever_it_stands() {
    for line in [
        format!("fetch {ID} --connect a b"),
        format!("fetch --connect a b {ID}"),
        format!("fetch --connect a {ID} --connect b"),
        format!("fetch --connect a --connect b {}", ID.to_uppercase()),
        format!("fetch --connect=a {ID} --connect=b"),
        format!("fetch --connect a b -- {ID}"),
        format!("fetch --seed-after {ID} --connect a b"),
        format!("fetch --seed-after 5 {ID} --connect a b"),
    ] {
        let options = fetch(&line);
        assert_eq!(options.track, Some(track()), "{line}");
        assert_eq!(options.connect, [node("a:9003"), node("b:9003")], "{line}");
    }
}

#[test]
fn seeding_on_takes_a_number_of_seconds_or_none() {
    let digits = "1".repeat(64);
    for (text, expected) in [
        ("", SeedAfter::OthersDone),
        ("--seed-after", SeedAfter::Stopped),
        ("--seed-after --json", SeedAfter::Stopped),
        ("--seed-after 0", SeedAfter::AtLeast(Duration::ZERO)),
        (
            "--seed-after=90",
            SeedAfter::AtLeast(Duration::from_secs(90)),
        ),
        ("--seed-after 5 --seed-after", SeedAfter::Stopped),
        (&format!("--seed-after {digits}"), SeedAfter::Stopped),
    ] {
        let options = fetch(&format!("fetch --connect a {text}"));
        assert_eq!(options.seed_after, expected, "{text}");
        let digits_are_the_track = options.track.map(|id| id.to_string()) == Some(digits.clone());
        assert_eq!(digits_are_the_track, text.ends_with(&digits), "{text}");
    }
}

#[test]
fn a_peer_has_120_chunks_of_4_kib_unless_told_otherwise() {
    let expected = PeerOptions {
        seed: true,
        listen_port: None,
        num_chunks: 120,
        chunk_size: chunk_size(4096),
        connect: Vec::new(),
        inflight: None,
        tracker: None,
    };
    assert_eq!(peer("peer --seed"), expected);
}

#[test]
fn every_option_of_a_peer_reaches_its_place() {
    let line = "peer --listen-port 9004 --num-chunks 1048576 --chunk-size 1024 --connect a:1 b \
                --inflight 16 --tracker-ws ws://host:8000/ws/jam1 --connect c --log off";
    let expected = PeerOptions {
        seed: false,
        listen_port: Some(9004),
        num_chunks: 1_048_576,
        chunk_size: chunk_size(1024),
        connect: ["a:1", "b:9003", "c:9003"].map(node).into(),
        inflight: Some(16),
        tracker: Some(room("ws://host:8000/ws/jam1")),
    };
    assert_eq!(peer(line), expected);
}

#[test]
fn a_peers_room_replaces_the_one_in_the_url_wherever_it_stands() {
    for line in [
        "peer --tracker-ws ws://host:8000/ws/jam1 --room lab",
        "peer --room lab --tracker-ws ws://host:8000/ws/jam1",
        "peer --room lab --tracker-ws ws://host:8000/ws",
        "peer --room lab --tracker-ws host:8000",
    ] {
        assert_eq!(peer(line).tracker, Some(room("host:8000/lab")), "{line}");
    }
}

#[test]
fn a_check_has_one_target() {
    for (line, target) in [
        (
            "check 10.0.0.2:9003",
            CheckTarget::Peer(node("10.0.0.2:9003")),
        ),
        (
            "check lab-3.local",
            CheckTarget::Peer(node("lab-3.local:9001")),
        ),
        ("check --listen-port 9001", CheckTarget::Listen(9001)),
        ("check --listen-port 0", CheckTarget::Listen(0)),
        (
            "check --room host/a",
            CheckTarget::Room(room("host:8000/a")),
        ),
    ] {
        let json = false;
        assert_eq!(check(line), CheckOptions { target, json }, "{line}");
    }
    assert!(check("check --json 10.0.0.2").json);
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
            "--max-connections \"0\" is no number of connections (type for example --max-connections 2000)",
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
fn wrong_arguments_to_the_swarms_commands_are_refused_with_what_to_type() {
    for (line, expected) in [
        ("seed", "which file? (type for example `jam seed song.mp3`)"),
        (
            "seed --frob",
            "invalid option '--frob' (type `jam seed --help`)",
        ),
        (
            "seed a --host",
            "--host of which room? (type --room ws://HOST:8000/ws/jam1 as well)",
        ),
        (
            "seed a --chunk-size 5000",
            "--chunk-size \"5000\" is not a chunk size (type a power of two from 1 KiB to 4 MiB, \
             for example --chunk-size 64KiB)",
        ),
        (
            "seed a --listen-port 65536",
            "--listen-port \"65536\" is not a port (type a number from 0 to 65535)",
        ),
        (
            "seed a --room jam1",
            "--room \"jam1\" names no room \
             (type for example --room ws://192.168.1.20:8000/ws/jam1)",
        ),
        (
            "fetch",
            "from whom? (type --connect HOST:9003, or --room ws://HOST:8000/ws/jam1)",
        ),
        (
            "fetch --conect a",
            "invalid option '--conect' (type `jam fetch --help`)",
        ),
        (
            "fetch --connect",
            "missing argument for option '--connect' (type `jam fetch --help`)",
        ),
        (
            "fetch --connect 9003",
            "--connect \"9003\" names no host (type for example --connect 192.168.1.20:9003)",
        ),
        (
            "fetch --connect fd00::2",
            "--connect \"fd00::2\" needs brackets around the IPv6 address \
             (type for example --connect [fd00::2]:9003)",
        ),
        (
            "fetch --connect af1349b9f5f9a1a6a0404dea36dcc949",
            "--connect \"af1349b9f5f9a1a6a0404dea36dcc949\" is a track id \
             (type for example --connect 192.168.1.20:9003)",
        ),
        (
            "fetch af1349b9 --connect a",
            "\"af1349b9\" is not a track id \
             (type the 64 hexadecimal digits that `jam seed` prints)",
        ),
        (
            "fetch --connect a af1349b9f5f9a1a6a0404dea36dcc949",
            "\"af1349b9f5f9a1a6a0404dea36dcc949\" is not a track id \
             (type the 64 hexadecimal digits that `jam seed` prints)",
        ),
        (
            "fetch 10.0.0.2:9003",
            "\"10.0.0.2:9003\" is not a track id (type --connect 10.0.0.2:9003)",
        ),
        (
            "fetch ws://host/ws/jam1",
            "\"ws://host/ws/jam1\" is not a track id (type --room ws://host/ws/jam1)",
        ),
        (
            "fetch --connect a --seed-after 10m",
            "\"10m\" is not a track id (type the 64 hexadecimal digits that `jam seed` prints)",
        ),
        (
            "fetch --connect a --seed-after=10m",
            "--seed-after \"10m\" is out of range (type a number from 0 to 1000000)",
        ),
        (
            "fetch --connect a --seed-after 9999999",
            "--seed-after \"9999999\" is out of range (type a number from 0 to 1000000)",
        ),
        (
            "listen",
            "to which room? (type `jam listen ws://HOST:8000/ws/jam1`)",
        ),
        (
            "listen host:8000",
            "jam listen \"host:8000\" names no room \
             (type for example jam listen ws://192.168.1.20:8000/ws/jam1)",
        ),
        (
            "listen host/a host/b",
            "unexpected argument \"host/b\" (type `jam listen --help`)",
        ),
        (
            "listen host/a --trim 2s",
            "--trim \"2s\" is out of range (type a number from -1000 to 1000)",
        ),
        (
            "listen host/a --trim -1001",
            "--trim \"-1001\" is out of range (type a number from -1000 to 1000)",
        ),
        (
            "listen host/a --player=",
            "--player is empty (type for example --player /usr/bin/mpv)",
        ),
        (
            "listen host/a --device=",
            "--device is empty (type a name that `mpv --audio-device=help` lists)",
        ),
        (
            "peer",
            "from whom? (type --connect HOST:9003, --tracker-ws ws://HOST:8000/ws/jam1, or --seed)",
        ),
        (
            "peer --seed song.mp3",
            "unexpected argument \"song.mp3\" (type `jam peer --help`)",
        ),
        (
            "peer --seed --num-chunks 0",
            "--num-chunks \"0\" is out of range (type a number from 1 to 1048576)",
        ),
        (
            "peer --seed --inflight 17",
            "--inflight \"17\" is out of range (type a number from 1 to 16)",
        ),
        (
            "peer --seed --room lab",
            "--room lab on which server? (type --tracker-ws ws://HOST:8000/ws/lab)",
        ),
        (
            "peer --tracker-ws ws://host:8000/ws",
            "--tracker-ws \"ws://host:8000/ws\" names no room \
             (type for example --tracker-ws ws://192.168.1.20:8000/ws/jam1)",
        ),
        (
            "check",
            "check what? (type --listen-port 9001 here, and `jam check HOST:9001` there; \
             or --room ws://HOST:8000/ws/jam1)",
        ),
        (
            "check a --room host/a",
            "one at a time (type HOST:PORT, --listen-port PORT or --room URL)",
        ),
        (
            "check a --listen-port 1",
            "one at a time (type HOST:PORT, --listen-port PORT or --room URL)",
        ),
        (
            "check a b",
            "unexpected argument \"b\" (type `jam check --help`)",
        ),
        (
            "check 9001",
            "\"9001\" names no host (type for example 192.168.1.20:9001)",
        ),
        (
            "check http://host:8000/jam1",
            "this is a room (type `jam check --room http://host:8000/jam1`)",
        ),
    ] {
        let refused = refusal(line.split_whitespace());
        assert_eq!(refused, expected, "{line}");
        assert_is_helpful(&refused);
    }
    for arguments in [
        &["seed", ""][..],
        &["seed", "a", "--key", ""],
        &["seed", "a", "--name", " \u{200b} "],
        &["fetch", "", "--connect", "a"],
        &["fetch", "--connect", ""],
        &["fetch", "--connect", &"a".repeat(1000)],
        &["fetch", &"ä".repeat(1000), "--connect", "a"],
        &["seed", "a", "--room", &"a/".repeat(1000)],
        &["seed", "a", "--chunk-size", &"1".repeat(1000)],
        &["check", &format!("host/{}", "a".repeat(1000))],
        &["fetch", "--connect", "a", "--output", ""],
        &["peer", &"a".repeat(1000)],
        &["peer", &format!("--{}", "a".repeat(1000))],
        &[&"a".repeat(1000)],
    ] {
        assert_is_helpful(&refusal(arguments.iter().copied()));
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
        let mut lines = vec![vec![odd]];
        for (command, _) in COMMANDS {
            lines.push(vec![command, odd]);
        }
        for (command, option, _) in OPTIONS {
            lines.push(vec![command, option, odd]);
        }
        for arguments in lines {
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
    const WORDS: [&str; 20] = [
        "help",
        "--help",
        "-h",
        "-V",
        "-p",
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
        "host:9003",
        "ws://host/ws/jam1",
        "--connect=",
        ID,
    ];
    let known = OPTIONS
        .iter()
        .flat_map(|&(_, option, value)| [option, value]);
    let commands = COMMANDS.map(|(command, _)| command);
    let words: Vec<&str> = WORDS.into_iter().chain(known).chain(commands).collect();
    for_each_seed(20_000, |random| {
        let arguments: Vec<&str> = (0..random.below(6)).map(|_| *random.pick(&words)).collect();
        let command = *random.pick(&commands);
        let arguments = match random.one_in(4) {
            true => arguments,
            false => [&[command], &arguments[..]].concat(),
        };
        if let Err(UsageError(line)) = cli::parse(&arguments) {
            assert_is_helpful(&line);
        }
    });
}
