//! The key to a room, set and taken away with `jam host`; and what happens to those who are in when it changes.

use crate::common::relay::Relay;
use crate::common::running::Running;
use crate::common::server::{Client, TestServer, jam};

use jam::client::messages::{Person, Rights};
use jam::commands::host::desk::{Desk, Effect, Moment, Prompt};
use jam::commands::host::keys::Key;
use jam::commands::host::party::Party;
use jam::commands::host::prompt::question;
use jam::commands::host::report;
use jam::room::rights::Guests;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::{Output, Stdio};

const NEEDED: &str = "Room key needed (type it as --room-key KEY, or set JAM_ROOM_KEY)";
const WRONG: &str = "Wrong room key (ask the host for the one of today, and type it as --room-key KEY, or set \
                     JAM_ROOM_KEY)";

// ---- at the keyboard -------------------------------------------------------------------------------

fn rights(host: &str, locked: bool, lock_changes: u64) -> Rights {
    Rights {
        host: Some(Person {
            peer_id: format!("p-{host}"),
            name: host.into(),
        }),
        kept: None,
        guests: Guests::Everything,
        locked,
        lock_changes,
    }
}

/// Ana's room jam1, without a key, which `host` hosts.
fn party(host: &str) -> Party {
    let mut party = Party::new("jam1");
    party.connected = true;
    party.me = Some("p-Ana".into());
    party.hear_rights(rights(host, false, 0));
    party
}

const NOW: Moment = Moment {
    local_sec: 0.0,
    room_sec: Some(100.0),
};

/// What these keys say to the room.
fn said(desk: &mut Desk, party: &mut Party, keys: &[Key]) -> Vec<Value> {
    let effects = keys.iter().flat_map(|&key| desk.press(key, party, NOW));
    let texts = effects.map(|effect| match effect {
        Effect::Say(text) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("{other:?}"),
    });
    texts.collect()
}

fn typed(text: &str) -> Vec<Key> {
    let letters = text.chars().map(Key::Char);
    letters.chain([Key::Enter]).collect()
}

#[test]
fn a_key_is_typed_with_blanks_and_all_and_a_room_without_one_has_none_to_take_away() {
    let (mut desk, mut party) = (Desk::default(), party("Ana"));
    assert_eq!(said(&mut desk, &mut party, &typed("l")), [Value::Null; 0]);
    assert_eq!(desk.prompt, Prompt::None);
    let mut keys = typed("lplum q");
    let enter = keys.pop().expect("a key");
    assert_eq!(said(&mut desk, &mut party, &keys), [Value::Null; 0]);
    let asked = question(&desk.prompt, 80).expect("a question");
    assert!(asked.starts_with("new key to the room: plum q_"), "{asked}");
    assert_eq!(
        said(&mut desk, &mut party, &[enter]),
        [json!({"type": "LOCK", "key": "plum q"})]
    );
    party.hear_rights(rights("Ana", true, 1));
    assert!(report::state(&party, None).contains("  locked  "));
    let state: Value = serde_json::from_str(&report::state_json(&party, None)).expect("JSON");
    assert_eq!(state["locked"], true);
    // It is so already.
    assert_eq!(
        said(&mut desk, &mut party, &typed("lplum q")),
        [Value::Null; 0]
    );
    assert_eq!(
        said(&mut desk, &mut party, &typed("lpear")),
        [json!({"type": "LOCK", "key": "pear"})]
    );
}

#[test]
fn a_key_is_taken_away_only_by_who_says_yes() {
    let (mut desk, mut party) = (Desk::default(), party("Ana"));
    party.hear_rights(rights("Ana", true, 1));
    for (no, prompt) in [(Key::Escape, Prompt::None), (Key::Enter, Prompt::Unlock)] {
        said(&mut desk, &mut party, &[Key::Char('l'), no]);
        assert_eq!(desk.prompt, prompt);
    }
    let asked = question(&desk.prompt, 80).expect("a question");
    assert!(asked.contains("everybody can join? (y/n)"), "{asked}");
    assert_eq!(
        said(&mut desk, &mut party, &[Key::Char('n')]),
        [Value::Null; 0]
    );
    let yes = [Key::Char('l'), Key::Enter, Key::Char('y')];
    assert_eq!(
        said(&mut desk, &mut party, &yes),
        [json!({"type": "LOCK", "key": null})]
    );
}

#[test]
fn a_guest_sets_no_key_whatever_guests_may_do() {
    let (mut desk, mut party) = (Desk::default(), party("Ben"));
    assert_eq!(
        said(&mut desk, &mut party, &[Key::Char('l')]),
        [Value::Null; 0]
    );
    assert_eq!(desk.prompt, Prompt::None);
    let told = desk.message(NOW).expect("a message");
    assert!(told.contains("only the host sets its key"), "{told}");
}

#[test]
fn what_can_be_no_key_is_not_typed_further() {
    let (mut desk, mut party) = (Desk::default(), party("Ana"));
    let keys = typed(&format!("l{}", "é".repeat(100)));
    assert_eq!(
        said(&mut desk, &mut party, &keys),
        [json!({"type": "LOCK", "key": "é".repeat(64)})]
    );
}

// ---- scripts ---------------------------------------------------------------------------------------

fn room_of(address: SocketAddr) -> String {
    format!("ws://{address}/ws/jam1")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `jam host URL` with these arguments and variables.
fn script(server: &TestServer, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = jam(&["host", &room_of(server.address)]);
    command.args(arguments).envs(variables.iter().copied());
    let output = command.output().expect("jam runs");
    let told = text(&output.stdout) + &text(&output.stderr);
    for (_, value) in variables.iter().filter(|(_, value)| !value.is_empty()) {
        assert!(!told.contains(value), "{told}");
    }
    output
}

fn state(server: &TestServer, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    let output = script(server, &[arguments, &["--json"]].concat(), variables);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).expect("one object")
}

fn refused(server: &TestServer, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = script(server, arguments, variables);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    text(&output.stderr)
}

#[test]
fn a_script_locks_a_room_with_a_key_that_nobody_on_its_machine_can_read_and_opens_it_again() {
    let server = TestServer::start(&[]);
    assert_eq!(state(&server, &["--state"], &[])["locked"], false);
    let plum = ("JAM_ROOM_KEY", "plum jam");
    let locked = state(&server, &["--lock"], &[("JAM_NEW_KEY", "plum jam")]);
    assert_eq!(
        (&locked["locked"], &locked["host"]),
        (&true.into(), &Value::Null)
    );
    assert!(refused(&server, &["--state"], &[]).contains(NEEDED));
    assert!(refused(&server, &["--state"], &[("JAM_ROOM_KEY", "pear")]).contains(WRONG));
    let line = text(&script(&server, &["--state"], &[plum]).stdout);
    assert!(
        line.contains("nobody hosts  guests may only listen  locked  0 here"),
        "{line}"
    );
    // Once more is no change; another key takes its place.
    state(&server, &["--lock"], &[plum, ("JAM_NEW_KEY", "plum jam")]);
    let output = script(&server, &["--lock", "apricot"], &[plum]);
    assert!(output.status.success(), "{output:?}");
    assert!(refused(&server, &["--lock", "mine"], &[plum]).contains(WRONG));
    let apricot = ("JAM_ROOM_KEY", "apricot");
    assert_eq!(state(&server, &["--unlock"], &[apricot])["locked"], false);
    state(&server, &["--unlock"], &[]);
    assert_eq!(state(&server, &["--state"], &[apricot])["locked"], false);
}

#[test]
fn a_script_says_why_it_cannot_lock() {
    let server = TestServer::start(&["--room-key", "plum"]);
    let plum = ("JAM_ROOM_KEY", "plum");
    let why = refused(&server, &["--unlock"], &[plum]);
    assert!(why.contains("LOCK: the server asks for its key"), "{why}");
    assert_eq!(state(&server, &["--lock", "pear"], &[plum])["locked"], true);
    // The server's is back, which no longer was the one that this script knew.
    let why = refused(&server, &["--unlock"], &[("JAM_ROOM_KEY", "pear")]);
    assert!(why.contains(NEEDED), "{why}");
    assert_eq!(state(&server, &["--state"], &[plum])["locked"], true);
    let mut host = Client::connect(&server, "jam1");
    host.say(
        r#"{"type":"HELLO","role":"host","display_name":"Ana","wants":["RIGHTS"],"key":"plum"}"#,
    );
    host.hear_next("RIGHTS");
    for may in ["nothing", "everything"] {
        host.say(&json!({"type": "GUESTS", "may": may}).to_string());
        let why = refused(&server, &["--lock", "pear"], &[plum]);
        assert!(
            why.contains("Ana hosts room jam1, and only the host sets its key"),
            "{why}"
        );
    }
    let output = script(&server, &["--lock"], &[("JAM_NEW_KEY", "")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("JAM_NEW_KEY is empty"),
        "{output:?}"
    );
}

// ---- while the key changes -------------------------------------------------------------------------

/// `jam host --plain` by way of this address.
fn plain(address: SocketAddr, arguments: &[&str]) -> Running {
    let mut command = jam(&["host", &room_of(address), "--plain", "--listen-port", "0"]);
    command.args(arguments).stdin(Stdio::piped());
    Running::start(command)
}

#[test]
fn a_host_that_has_set_a_key_comes_back_with_it() {
    let server = TestServer::start(&[]);
    let line = Relay::to(server.address);
    let mut host = plain(line.address, &[]);
    host.wait_for_stdout(&["you host"]);
    host.type_in("lock plum jam\n");
    host.wait_for_stdout(&["you host  guests may only listen  locked"]);
    host.wait_for_stderr(&["who joins needs the new key"]);
    line.cut();
    host.wait_for_stdout(&["the server is gone"]);
    line.mend();
    host.wait_for_stderr(&["the room is there again"]);
    host.type_in("unlock\n");
    host.wait_for_stderr(&["joining takes no key any more"]);
    assert_eq!(state(&server, &["--state"], &[])["locked"], false);
    host.type_in("lock\n");
    host.wait_for_stderr(&["lock KEY"]);
}

#[test]
fn who_is_in_hears_of_another_key_and_is_told_what_to_type_when_it_has_to_come_back() {
    let server = TestServer::start(&["--room-key", "plum", "--guests", "everything"]);
    let mut host = Client::connect(&server, "jam1");
    host.say(
        r#"{"type":"HELLO","role":"host","display_name":"Ana","wants":["RIGHTS"],"key":"plum"}"#,
    );
    host.hear_next("RIGHTS");
    let line = Relay::to(server.address);
    let guest = plain(line.address, &["--room-key", "plum"]);
    guest.wait_for_stdout(&["Ana hosts", "locked"]);
    let room = room_of(line.address);
    let loudspeaker = Running::start(jam(&[
        "listen",
        &room,
        "--json",
        "--device",
        "null",
        "--no-fetch",
        "--room-key",
        "plum",
    ]));
    loudspeaker.wait_for_stdout(&[r#""connected":true"#]);
    host.say(r#"{"type":"LOCK","key":"pear"}"#);
    guest.wait_for_stderr(&["the host has set another key", "to come back"]);
    line.cut();
    line.mend();
    // Who heard of it does not even try the old one.
    for (mut client, why) in [(guest, NEEDED), (loudspeaker, WRONG)] {
        client.wait_for_stderr(&["room jam1", why]);
        assert_eq!(client.wait().code(), Some(1));
        let said = client.stderr().join("\n");
        assert!(!said.contains("plum") && !said.contains("pear"), "{said}");
    }
}
