//! A player that breaks off at any byte, on either way of its line: what it said whole is heard, and its end is told once.

use crate::common::faulty::{FAULTS, Faulty};
use crate::common::server::WATCHDOG;
use crate::common::temp::TempFolder;

use crossbeam_channel::bounded;
use jam::player::ipc::{Command, Lines, Said, parse};
use jam::player::mpv::{Gone, Launch, Mpv};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const SAYS: &str = concat!(
    r#"{"request_id":1,"error":"success","data":{"playlist_entry_id":1}}"#,
    "\n",
    r#"{"event":"start-file","playlist_entry_id":1}"#,
    "\n",
    r#"{"event":"playback-restart"}"#,
    "\n",
    r#"{"request_id":2,"error":"success","data":12.345678}"#,
    "\n",
    r#"{"event":"end-file","reason":"error","playlist_entry_id":1,"file_error":"no such file"}"#,
    "\n",
);

/// What the first `bytes` of it say, in whole lines.
fn said_in(bytes: usize) -> Vec<Said> {
    let whole = &SAYS[..bytes];
    let end = whole.rfind('\n').map_or(0, |end| end + 1);
    let lines = whole[..end].lines();
    lines
        .map(|line| parse(line.as_bytes()).expect("a line of mpv's"))
        .collect()
}

/// A program that does this with its end of the line, `$bytes` being what it was told.
fn player(folder: &TempFolder, script: &str) -> PathBuf {
    let says = folder.write("says", SAYS.as_bytes());
    let text = format!(
        "#!/bin/sh\nfor last; do bytes=${{last#--audio-device=}}; done\nsays='{}'\n{script}\n",
        says.display()
    );
    let path = folder.write("player", text.as_bytes());
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("a program");
    path
}

fn launch(program: &std::path::Path, bytes: usize) -> Launch {
    Launch {
        program: program.into(),
        device: Some(bytes.to_string()),
        tls_ca: None,
    }
}

#[test]
fn a_player_that_dies_at_any_byte_of_what_it_says_is_heard_as_far_as_that() {
    let folder = TempFolder::new();
    let program = player(&folder, r#"exec head -c "$bytes" "$says" >&0"#);
    for bytes in 0..=SAYS.len() {
        let (to, heard) = bounded(64);
        let mpv = Mpv::start(&launch(&program, bytes), 0, 1, &to).expect("it starts");
        let mut said = Vec::new();
        while let Some(one) = heard.recv_timeout(WATCHDOG).expect("an end").said {
            said.push(one);
        }
        assert_eq!(said, said_in(bytes), "{bytes} bytes");
        drop(mpv);
        assert!(heard.try_recv().is_err(), "the end is told once");
    }
}

#[test]
fn a_player_that_takes_so_many_bytes_and_dies_is_gone_and_holds_nobody_up() {
    let folder = TempFolder::new();
    let program = player(&folder, r#"exec head -c "$bytes" >/dev/null"#);
    let command = Command::Load {
        source: "/a/song.flac".into(),
        offset_sec: 1.25,
    };
    let line = command.encode(1).len();
    for bytes in (0..3 * line).step_by(5) {
        let (to, heard) = bounded(64);
        let mpv = Mpv::start(&launch(&program, bytes), 0, 1, &to).expect("it starts");
        // A socket takes some lines that nobody will read; then it says so.
        let mut sent = 0;
        while mpv.send(&command, sent) != Err(Gone) {
            sent += 1;
            assert!(sent < 1_000_000, "nobody reads, and nobody says so");
        }
        assert!(heard.recv_timeout(WATCHDOG).expect("an end").said.is_none());
        drop(mpv);
    }
}

/// The same without a process, where reads can be interrupted and short.
#[test]
fn lines_are_the_same_from_a_reader_that_drips_and_fails_anywhere() {
    for fault in FAULTS {
        for after in 0..=SAYS.len() {
            let mut reader = Faulty::in_drips(SAYS.as_bytes(), after, fault);
            let mut lines = Lines::default();
            let mut said = Vec::new();
            let mut buffer = [0; 7];
            loop {
                match reader.read(&mut buffer) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Ok(0) | Err(_) => break,
                    Ok(count) => lines.push(&buffer[..count]),
                }
                while let Some(line) = lines.next_line().expect("short lines") {
                    said.push(parse(&line).expect("a line of mpv's"));
                }
            }
            assert_eq!(said, said_in(after), "{after} bytes, {fault:?}");
        }
    }
}
