//! Keys on the command line, in addresses and in the environment: which counts, and that none is repeated.

use jam::cli::{CheckTarget, Command, Deed, HostWork, UsageError, keys_of_environment, parse};
use jam::room::key::{Key, Keys};

fn keys(room: Option<&str>, host: Option<&str>) -> Keys {
    Keys {
        room: room.map(|text| Key::parse(text).expect("a key")),
        host: host.map(|text| Key::parse(text).expect("a key")),
    }
}

fn command(line: &str) -> Command {
    let parsed = parse(line.split(' ').map(str::to_owned));
    parsed
        .unwrap_or_else(|error| panic!("{line}: {error:?}"))
        .command
}

fn refusal(arguments: &[&str]) -> String {
    let parsed = parse(arguments.iter().map(ToString::to_string));
    let UsageError(line) = parsed.expect_err("refused");
    line
}

/// Of the room that a command goes to.
fn keys_of(command: &Command) -> Keys {
    match command {
        Command::Server(options) => options.keys.clone(),
        Command::Seed(options) => options.room.as_ref().expect("a room").keys.clone(),
        Command::Fetch(options) => options.room.as_ref().expect("a room").keys.clone(),
        Command::Listen(options) => options.room.keys.clone(),
        Command::Host(options) => options.room.keys.clone(),
        Command::Peer(options) => options.tracker.as_ref().expect("a room").keys.clone(),
        Command::Check(options) => match &options.target {
            CheckTarget::Room(room) => room.keys.clone(),
            other => panic!("{other:?}"),
        },
        Command::Print(text) => panic!("{text}"),
    }
}

const URL: &str = "http://host:8000/jam1";

/// Every command that goes to a room, without a key.
fn commands(url: &str) -> [String; 6] {
    [
        format!("seed x --room {url}"),
        format!("fetch --room {url}"),
        format!("listen {url}"),
        format!("host {url} --state"),
        format!("peer --tracker-ws {url}"),
        format!("check --room {url}"),
    ]
}

#[test]
fn what_is_typed_goes_before_the_address_and_that_before_the_environment() {
    let environment = keys(Some("env"), Some("host env"));
    for (plain, linked) in commands(URL)
        .iter()
        .zip(commands(&format!("{URL}#key=in%20link")))
    {
        let mut from_environment = command(plain);
        assert_eq!(keys_of(&from_environment), Keys::default(), "{plain}");
        from_environment.add_keys(&environment);
        assert_eq!(keys_of(&from_environment), environment, "{plain}");
        let mut from_link = command(&linked);
        from_link.add_keys(&environment);
        assert_eq!(keys_of(&from_link), keys(Some("in link"), Some("host env")));
        let mut typed = command(&format!("{linked} --room-key typed"));
        typed.add_keys(&environment);
        assert_eq!(keys_of(&typed), keys(Some("typed"), Some("host env")));
    }
    let mut server = command("server --room-key a --host-key b");
    server.add_keys(&environment);
    assert_eq!(keys_of(&server), keys(Some("a"), Some("b")));
    for line in [
        format!("host {URL} --host-key b"),
        format!("seed x --room {URL} --host --host-key b"),
    ] {
        assert_eq!(keys_of(&command(&line)), keys(None, Some("b")));
    }
}

#[test]
fn a_loudspeaker_beside_the_host_has_the_same_keys() {
    let mut parsed = command(&format!("host {URL} --listen --room-key plum"));
    parsed.add_keys(&keys(Some("other"), Some("stone")));
    let Command::Host(options) = parsed else {
        panic!("another command");
    };
    let HostWork::Stay(stay) = options.work else {
        panic!("another work");
    };
    let listen = stay.listen.expect("it listens");
    assert_eq!(listen.room.keys, keys(Some("plum"), Some("stone")));
}

/// What `jam host` is to do, once the environment has been asked.
fn deed(line: &str, environment: Option<&str>) -> Deed {
    let mut command = command(line);
    command
        .add_new_key(environment.map(Into::into))
        .unwrap_or_else(|error| panic!("{line}: {error:?}"));
    let Command::Host(options) = command else {
        panic!("another command");
    };
    let HostWork::Do { deed, .. } = options.work else {
        panic!("another work");
    };
    deed
}

#[test]
fn the_key_to_be_set_is_typed_or_in_the_environment_and_never_the_one_that_lets_in() {
    let new = |text| Deed::Lock(Key::parse(text));
    for (line, environment, expected) in [
        (format!("host {URL} --lock plum"), None, new("plum")),
        (format!("host {URL} --lock=-plum"), None, new("-plum")),
        (format!("host {URL} --lock plum"), Some("env"), new("plum")),
        (format!("host {URL} --lock"), Some("env"), new("env")),
        (format!("host {URL} --lock --json"), Some("env"), new("env")),
        (
            format!("host {URL} --lock --room-key old"),
            Some("env"),
            new("env"),
        ),
        (format!("host {URL} --unlock"), Some("env"), Deed::Unlock),
        (format!("host {URL} --pause"), Some("\n"), Deed::Pause),
    ] {
        assert_eq!(deed(&line, environment), expected, "{line}");
    }
    let mut without = command(&format!("host {URL} --lock"));
    without.add_keys(&keys(Some("old"), Some("stone")));
    let UsageError(told) = without.add_new_key(None).expect_err("refused");
    assert!(
        told.contains("set JAM_NEW_KEY, or type --lock KEY"),
        "{told}"
    );
    for bad in ["", "secret\n"] {
        let UsageError(told) = without.add_new_key(Some(bad.into())).expect_err("refused");
        assert!(
            told.starts_with("JAM_NEW_KEY is ") && !told.contains("secret"),
            "{told}"
        );
    }
    assert!(refusal(&["host", URL, "--lock", ""]).starts_with("--lock is empty"));
    let told = refusal(&["host", URL, "--lock", "secret\n"]);
    assert!(
        told.starts_with("--lock is no key") && !told.contains("secret"),
        "{told}"
    );
    assert!(refusal(&["host", URL, "--lock", "a", "--unlock"]).contains("one thing at a time"));
    // Nothing is locked with an address for a key.
    assert!(refusal(&["host", "--lock", URL]).starts_with("which room?"));
}

#[test]
fn what_can_be_no_key_is_refused_and_never_repeated() {
    for option in ["--room-key", "--host-key"] {
        assert_eq!(
            refusal(&["server", option, ""]),
            format!("{option} is empty (give it any text that is hard to guess, or leave it out)")
        );
        let told = refusal(&["server", option, "secret\n"]);
        assert!(
            told.contains("is no key") && !told.contains("secret"),
            "{told}"
        );
        let told = refusal(&["host", URL, option, &"secret".repeat(22)]);
        assert!(
            told.contains("is no key") && !told.contains("secret"),
            "{told}"
        );
    }
    let long = format!("{URL}#key={}", "secret".repeat(22));
    let wrong = format!("{URL}/x#key=secret");
    for arguments in [
        &["listen", &long][..],
        &["listen", &wrong],
        &["fetch", &wrong],
        &["fetch", &format!("{URL}#key=secret")],
        &["check", &format!("{URL}#key=secret")],
        &["seed", "x", "--room", &wrong],
        &["peer", "--tracker-ws", &wrong],
    ] {
        let told = refusal(arguments);
        assert!(!told.contains("secret"), "{told}");
    }
    assert_eq!(
        refusal(&["seed", "x", "--room-key", "plum"]),
        "a key to which room? (type --room ws://HOST:8000/ws/jam1 as well)"
    );
}

#[test]
fn an_empty_variable_is_a_mistake_and_a_missing_one_is_none() {
    assert_eq!(keys_of_environment(None, None), Ok(Keys::default()));
    let both = keys_of_environment(Some("a".into()), Some("b".into()));
    assert_eq!(both, Ok(keys(Some("a"), Some("b"))));
    let empty = keys_of_environment(Some("".into()), None).expect_err("refused");
    assert!(empty.0.starts_with("JAM_ROOM_KEY is empty"), "{empty:?}");
    let line_end = keys_of_environment(None, Some("secret\n".into())).expect_err("refused");
    assert!(line_end.0.starts_with("JAM_HOST_KEY is no key") && !line_end.0.contains("secret"));
}
