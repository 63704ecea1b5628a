//! `docs/jam.service`: systemd understands it and finds little to say against it, and the real binary works under what
//! it promises, as far as that can be had without systemd.

use crate::common::http::{get, put};
use crate::common::running::{track_id, until, wav};
use crate::common::server::{Client, TestServer, run};
use crate::common::temp::TempFolder;

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const UNIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/jam.service");
const CONFINED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/service/confined.py");
const NOBODY: u32 = 65534;

/// `None` on systems without systemd, of which there are some.
fn analyze(arguments: &[&str]) -> Option<Output> {
    let output = Command::new("systemd-analyze").args(arguments).output();
    output.ok()
}

#[test]
fn systemd_understands_the_unit_and_finds_it_well_confined() {
    let folder = TempFolder::new();
    let unit = fs::read_to_string(UNIT).expect("the unit");
    // The program has to be there, which on this machine it is somewhere else.
    let unit = unit.replace("/usr/local/bin/jam", env!("CARGO_BIN_EXE_jam"));
    let file = folder.write("jam.service", unit.as_bytes());
    let file = file.to_str().expect("text");
    let Some(verified) = analyze(&["verify", file]) else {
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && said.is_empty(), "{said}");
    // Of 100, where a service without any of this has 96.
    let judged = analyze(&[
        "security",
        "--offline=true",
        "--threshold=12",
        "--no-pager",
        file,
    ]);
    let Output {
        status,
        stdout,
        stderr,
    } = judged.expect("it was there");
    let too_old = String::from_utf8_lossy(&stderr).contains("unrecognized option");
    assert!(
        status.success() || too_old,
        "{}",
        String::from_utf8_lossy(&stdout)
    );
}

/// The real binary, confined, with `state` as the only folder that it may write to.
fn confined(state: &Path, arguments: &[&str]) -> Command {
    let is_root = fs::metadata("/proc/self").expect("this process").uid() == 0;
    let mut command = match is_root {
        true => Command::new("python3"),
        false => {
            let mut command = Command::new("unshare");
            command.args(["--map-root-user", "python3"]);
            command
        }
    };
    if is_root {
        chown(state, Some(NOBODY), Some(NOBODY)).expect("given away");
    }
    command
        .args(["-B", CONFINED, UNIT])
        .arg(state)
        .args([env!("CARGO_BIN_EXE_jam"), "server", "--listen", "0.0.0.0:0"])
        .args(arguments)
        .env_remove("JAM_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn a_server_works_under_what_the_unit_promises() {
    if analyze(&["--version"]).is_none() {
        return; // It tells which system calls are meant.
    }
    let folder = TempFolder::new();
    let state = folder.join("state");
    fs::create_dir(&state).expect("a folder");
    let kept = state.to_str().expect("text");
    let start = || TestServer::start_command(confined(&state, &["--state-dir", kept]));
    let bytes = wav(1, 2_000_000);
    let mut server = start();
    assert_confined(&server);
    let (mut host, _) = Client::join(&server, "a", "host");
    assert_eq!(get(&mut server.connect(), "/jam1").status, 200);
    // Its addresses are known by netlink.
    let info = get(&mut server.connect(), "/api/server").json();
    let by_ip = run("ip", &["-4", "-o", "addr", "show", "scope", "global"]);
    let addresses = info["addresses"].as_array().expect("a list");
    assert!(addresses.len() >= by_ip.lines().count().min(1), "{info}");
    let stored = put(
        &mut server.connect(),
        "/tracks?name=a.wav&room=a",
        "",
        &bytes,
    );
    assert_eq!(stored.status, 201, "{}", stored.text());
    let path = format!("/tracks/{}", track_id(&bytes));
    assert!(
        get(&mut server.connect(), &path).body == bytes,
        "other bytes"
    );
    let play = format!(
        r#"{{"type":"PLAY","track_id":"{}","offset_sec":0,"timestamp":0}}"#,
        track_id(&bytes)
    );
    host.say(&play);
    until("the room is on the disk", || {
        let room = fs::read_to_string(state.join("rooms/a.json")).ok()?;
        room.contains("PLAY").then_some(())
    });
    server.signal("TERM");
    assert!(server.wait().success());

    let server = start();
    let mut guest = Client::connect(&server, "a");
    guest.say(r#"{"type":"HELLO","role":"viewer"}"#);
    let state_now = guest.hear("STATE");
    assert_eq!(state_now["payload"]["status"], "PLAY", "{state_now}");
    assert!(
        get(&mut server.connect(), &path).body == bytes,
        "other bytes"
    );

    // Nowhere else.
    let elsewhere = folder.join("elsewhere");
    let elsewhere = elsewhere.to_str().expect("text");
    let refused = confined(&state, &["--state-dir", elsewhere]).output();
    let refused = refused.expect("it runs");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
}

/// Or the test above would show nothing.
fn assert_confined(server: &TestServer) {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("it runs");
    let has = |line: &str| status.lines().any(|one| one == line);
    assert!(has("NoNewPrivs:\t1") && has("Seccomp:\t2"), "{status}");
    assert!(
        has("CapBnd:\t0000000000000000") && has("CapEff:\t0000000000000000"),
        "{status}"
    );
    let is_root = fs::metadata("/proc/self").expect("this process").uid() == 0;
    let as_nobody = format!("Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}");
    assert!(!is_root || has(&as_nobody), "{status}");
}
