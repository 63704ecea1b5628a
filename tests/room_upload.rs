//! Who may upload into a room, as a table.

use jam::room::members::{Member, MemberId, Members};
use jam::room::message::{Role, Wants};
use jam::room::queue::Queue;
use jam::room::rights::Guests;
use jam::room::token::Token;
use jam::room::upload::{UploadRefusal, Uploader, may_upload};

use UploadRefusal::{NoHost, NotTheHost, SharedAddress, WrongKey};

const HOST: &str = "192.168.1.20";
const VIEWER: &str = "192.168.1.30";
const STRANGER: &str = "192.168.1.40";
const LOCAL: &str = "127.0.0.1";
const LOCAL_V6: &str = "::1";
const KEY: Option<&str> = Some("353d413f07f6193d570d6b48b1f42c0a");

/// Members at these addresses; the first is the host, and has `KEY`.
fn room(addresses: &[&str]) -> Members {
    let mut members = Members::default();
    for (id, address) in (1..).zip(addresses) {
        let role = if id == 1 { Role::Host } else { Role::Viewer };
        join(&mut members, id, role, address, KEY.filter(|_| id == 1));
    }
    members
}

fn join(members: &mut Members, id: u64, role: Role, address: &str, key: Option<&str>) {
    let member = Member {
        peer_id: format!("p{id}"),
        token: Token::parse(&format!("{id:032x}")).expect("a token"),
        name: format!("Name {id}"),
        role,
        ip: address.parse().expect("an address"),
        relayed: false,
        proxied: false,
        node: false,
        wants: Wants::default(),
        report: None,
        has_host_key: false,
        upload_key: key.map_or_else(|| format!("key{id}"), Into::into),
    };
    assert!(members.add(MemberId(id), member));
}

fn ask(
    members: &Members,
    address: &str,
    key: Option<&str>,
    relayed: bool,
) -> Result<String, UploadRefusal> {
    let ip = address.parse().expect("an address");
    let key = key.map(Into::into);
    let uploader = Uploader { ip, key, relayed };
    let may = may_upload(members, &Queue::default(), Guests::Nothing, &uploader);
    may.map(|adder| adder.name)
}

#[test]
fn the_host_uploads_with_its_key_from_anywhere_and_without_one_from_an_address_of_its_own() {
    const RIGHT: Option<&str> = KEY;
    const WRONG: Option<&str> = Some("353d413f07f6193d570d6b48b1f42c0b");
    const NONE: Option<&str> = None;
    const STRAIGHT: bool = false;
    const RELAYED: bool = true;
    let apart: &[&str] = &[HOST, VIEWER];
    let together: &[&str] = &[HOST, VIEWER, HOST];
    let local: &[&str] = &[LOCAL, LOCAL, VIEWER];
    let local_v6: &[&str] = &[LOCAL_V6, LOCAL_V6];
    for (line, (addresses, from, key, relayed, expected)) in [
        // The key decides, wherever it comes from.
        (apart, HOST, RIGHT, STRAIGHT, Ok(())),
        (apart, VIEWER, RIGHT, STRAIGHT, Ok(())),
        (apart, STRANGER, RIGHT, RELAYED, Ok(())),
        (together, HOST, RIGHT, RELAYED, Ok(())),
        // A wrong one is not mended by the address.
        (apart, HOST, WRONG, STRAIGHT, Err(WrongKey)),
        (apart, HOST, Some(""), STRAIGHT, Err(WrongKey)),
        (
            apart,
            HOST,
            Some("353D413F07F6193D570D6B48B1F42C0A"),
            STRAIGHT,
            Err(WrongKey),
        ),
        (
            apart,
            HOST,
            Some("353d413f07f6193d570d6b48b1f42c0a "),
            STRAIGHT,
            Err(WrongKey),
        ),
        (apart, VIEWER, WRONG, STRAIGHT, Err(WrongKey)),
        (local, LOCAL, WRONG, STRAIGHT, Err(WrongKey)),
        // Without one the address does, when it is the host's alone.
        (apart, HOST, NONE, STRAIGHT, Ok(())),
        (apart, VIEWER, NONE, STRAIGHT, Err(NotTheHost)),
        (apart, STRANGER, NONE, STRAIGHT, Err(NotTheHost)),
        (apart, LOCAL, NONE, STRAIGHT, Err(NotTheHost)),
        (together, HOST, NONE, STRAIGHT, Err(SharedAddress)),
        (together, VIEWER, NONE, STRAIGHT, Err(NotTheHost)),
        // A proxy's address says nothing.
        (apart, HOST, NONE, RELAYED, Err(NotTheHost)),
        (together, HOST, NONE, RELAYED, Err(NotTheHost)),
        (local, LOCAL, NONE, RELAYED, Err(NotTheHost)),
        // On the server's own machine people share an address rightly.
        (local, LOCAL, NONE, STRAIGHT, Ok(())),
        (local_v6, LOCAL_V6, NONE, STRAIGHT, Ok(())),
        (local, LOCAL_V6, NONE, STRAIGHT, Err(NotTheHost)),
        (local, VIEWER, NONE, STRAIGHT, Err(NotTheHost)),
    ]
    .into_iter()
    .enumerate()
    {
        let may = ask(&room(addresses), from, key, relayed);
        assert_eq!(may, expected.map(|()| "Name 1".to_owned()), "line {line}");
    }
}

#[test]
fn nobody_uploads_into_a_room_without_a_host() {
    let empty = Members::default();
    let mut left = room(&[HOST, VIEWER]);
    left.remove(MemberId(1));
    for members in [&empty, &left] {
        for (from, key) in [(HOST, KEY), (HOST, None), (VIEWER, None), (LOCAL, None)] {
            assert_eq!(ask(members, from, key, false), Err(NoHost));
        }
    }
}

#[test]
fn the_key_of_an_earlier_host_is_worth_nothing() {
    let mut members = room(&[HOST, VIEWER]);
    members.remove(MemberId(1));
    join(&mut members, 3, Role::Host, STRANGER, Some("another"));
    assert_eq!(ask(&members, STRANGER, KEY, false), Err(WrongKey));
    assert_eq!(ask(&members, HOST, KEY, false), Err(WrongKey));
    assert_eq!(ask(&members, HOST, None, false), Err(NotTheHost));
    assert_eq!(
        ask(&members, HOST, Some("another"), false),
        Ok("Name 3".into())
    );
}

#[test]
fn a_host_is_alone_at_its_address_again_when_the_other_one_has_gone() {
    let mut members = room(&[HOST, VIEWER, HOST]);
    assert_eq!(ask(&members, HOST, None, false), Err(SharedAddress));
    members.remove(MemberId(3));
    assert_eq!(ask(&members, HOST, None, false), Ok("Name 1".into()));
}

#[test]
fn a_host_without_a_key_has_no_key_that_fits() {
    let mut members = Members::default();
    join(&mut members, 1, Role::Host, HOST, None);
    assert_eq!(ask(&members, HOST, Some(""), false), Err(WrongKey));
    assert_eq!(ask(&members, HOST, None, false), Ok("Name 1".into()));
}

#[test]
fn every_refusal_is_one_line_that_tells_people_what_to_do_or_why_not() {
    for refusal in [NoHost, WrongKey, NotTheHost, SharedAddress] {
        let text = refusal.text();
        assert!((20..200).contains(&text.len()), "{text}");
        assert!(
            !text.contains(char::is_control) && !text.contains("  "),
            "{text}"
        );
    }
}

#[test]
fn programs_at_the_hosts_address_are_nobody_else() {
    let mut members = room(&[HOST, VIEWER]);
    for id in [7, 8] {
        join(&mut members, id, Role::Viewer, HOST, None);
    }
    assert_eq!(
        ask(&members, HOST, None, false),
        Err(UploadRefusal::SharedAddress)
    );
    members.remove(MemberId(8));
    let mut program = members.remove(MemberId(7)).expect("a member");
    program.node = true;
    assert!(members.add(MemberId(7), program));
    assert_eq!(ask(&members, HOST, None, false), Ok("Name 1".into()));
    // A host that is a program is one all the same, and a listener beside it another.
    let mut host = members.remove(MemberId(1)).expect("the host");
    host.node = true;
    assert!(members.add(MemberId(1), host));
    assert_eq!(ask(&members, HOST, None, false), Ok("Name 1".into()));
    join(&mut members, 9, Role::Viewer, HOST, None);
    assert_eq!(
        ask(&members, HOST, None, false),
        Err(UploadRefusal::SharedAddress)
    );
}
