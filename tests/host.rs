//! `jam host`: scripts that do one thing, and a host that stays, in lines and on a screen, with the real server.

use crate::common::running::{Running, until};
use crate::common::screen::Screen;
use crate::common::server::{self, Client, TRACK, TestServer, WATCHDOG};

use serde_json::Value;
use std::io::{Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

const LONG: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/testdata/tracks/prelude60.opus"
);
const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

fn room_of(server: &TestServer) -> String {
    format!("ws://{}/ws/jam1", server.address)
}

/// `jam host URL` with these arguments, to its end.
fn script(server: &TestServer, arguments: &[&str]) -> Output {
    let room = room_of(server);
    let mut command = server::jam(&["host", &room]);
    command.args(arguments).output().expect("jam runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What it printed; it has to have done what it should.
fn done(server: &TestServer, arguments: &[&str]) -> String {
    let output = script(server, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    stdout(&output)
}

/// Why it could not.
fn refused(server: &TestServer, arguments: &[&str]) -> String {
    let output = script(server, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    assert_eq!(stdout(&output), "");
    stderr(&output)
}

fn json(server: &TestServer, arguments: &[&str]) -> Value {
    let line = done(server, &[arguments, &["--json"]].concat());
    serde_json::from_str(&line).expect("one object")
}

// ---- scripts ---------------------------------------------------------------------------------------

#[test]
fn scripts_control_a_room_and_leave_it_playing() {
    let server = TestServer::start(&["--share", LONG, TRACK]);
    let idle = json(&server, &["--state"]);
    assert_eq!(
        (&idle["track_id"], &idle["tracks"]),
        (&Value::Null, &2.into())
    );
    let (mut viewer, _) = Client::join(&server, "jam1", "viewer");
    for (arguments, status, number) in [
        (&["--play"][..], "PLAY", 1),
        (&["--seek", "0:42"], "PLAY", 1),
        (&["--pause"], "PAUSE", 1),
        (&["--next"], "PAUSE", 2),
        (&["--previous"], "PAUSE", 1),
        (&["--play", "2"], "PLAY", 2),
        (&["--play", "1"], "PLAY", 1),
    ] {
        let state = json(&server, arguments);
        assert_eq!(state["status"], status, "{arguments:?}: {state}");
        assert_eq!(state["number"], number, "{arguments:?}: {state}");
        // Whoever is there has heard the same, and nobody sits on the host's seat.
        let heard = viewer.hear_next("STATE");
        assert_eq!(
            heard["payload"]["track_id"], state["track_id"],
            "{arguments:?}"
        );
        assert_eq!(heard["payload"]["status"], status, "{arguments:?}");
        assert_eq!(
            (&state["host"], &state["members"]),
            (&Value::Null, &1.into())
        );
    }
    done(&server, &["--seek", "30"]);
    assert_eq!(viewer.hear_next("STATE")["payload"]["offset_sec"], 30.0);
    let line = done(&server, &["--remove", "2"]);
    assert!(
        line.contains("prelude60.opus  track 1 of 1  nobody hosts"),
        "{line}"
    );
    let queue = json(&server, &["--queue"]);
    assert_eq!(queue["tracks"].as_array().map(Vec::len), Some(1));
    assert_eq!(queue["tracks"][0]["current"], true);
    assert_eq!(
        done(&server, &["--queue"]),
        ">   1  prelude60.opus     1:00\n"
    );
    assert_eq!(json(&server, &["--members"])["total"], 1);
    assert!(refused(&server, &["--seek", "1:01"]).contains("is only 1:00 long"));
    assert!(refused(&server, &["--play", "2"]).contains("there is no track 2"));
}

#[test]
fn a_script_leaves_a_room_alone_that_somebody_else_hosts_unless_guests_may_do_everything() {
    let server = TestServer::start(&["--share", LONG]);
    let mut host = Client::connect(&server, "jam1");
    host.say(r#"{"type":"HELLO","role":"host","display_name":"Ana","wants":["RIGHTS"]}"#);
    host.hear_next("RIGHTS");
    for action in [&["--play"][..], &["--guests", "everything"]] {
        let why = refused(&server, action);
        assert!(why.contains("Ana hosts room jam1"), "{why}");
        let how = "Ana may allow it: with g in jam host, or on the page under People";
        assert!(why.contains(how), "what to do: {why}");
    }
    let state = json(&server, &["--state"]);
    assert_eq!(
        (&state["host"], &state["guests"]),
        (&"Ana".into(), &"nothing".into())
    );
    host.say(r#"{"type":"GUESTS","may":"everything"}"#);
    host.hear_next("RIGHTS");
    assert_eq!(json(&server, &["--play"])["status"], "PLAY");
    assert_eq!(host.hear_next("STATE")["payload"]["status"], "PLAY");
    assert!(refused(&server, &["--guests", "nothing"]).contains("Only host can control"));
    let state = json(&server, &["--state"]);
    assert_eq!(
        (&state["host"], &state["guests"]),
        (&"Ana".into(), &"everything".into())
    );
}

#[test]
fn a_script_sets_what_guests_may_do() {
    let server = TestServer::start(&[]);
    let mut viewer = Client::connect(&server, "jam1");
    viewer.say(r#"{"type":"HELLO","role":"viewer","wants":["RIGHTS"]}"#);
    assert_eq!(viewer.hear_next("RIGHTS")["guests"], "nothing");
    let line = done(&server, &["--guests", "vote"]);
    assert!(line.contains("guests may add and vote"), "{line}");
    while viewer.hear_next("RIGHTS")["guests"] != "vote" {}
    done(&server, &["--guests", "vote"]);
}

#[test]
fn a_script_uploads_what_the_server_takes_and_says_why_when_it_does_not() {
    let server = TestServer::start(&["--max-upload", "485000"]);
    let line = done(&server, &["--add", TRACK, "--name", "Ana"]);
    assert!(line.contains("1 track in the queue"), "{line}");
    let queue = json(&server, &["--queue"]);
    assert_eq!(queue["tracks"][0]["name"], "prelude5.wav");
    assert_eq!(queue["tracks"][0]["added_by"], "Ana");
    for (file, why) in [
        (MANIFEST, "is not audio"),
        (LONG, "larger than the server takes"),
        ("no-such-file.mp3", "No such file"),
    ] {
        let said = refused(&server, &["--add", file]);
        assert!(said.contains(why) && said.contains(file), "{said}");
    }
    // Somebody else hosts; guests may add.
    let mut host = Client::connect(&server, "jam1");
    host.say(r#"{"type":"HELLO","role":"host","display_name":"Ben","wants":["RIGHTS"]}"#);
    host.say(r#"{"type":"GUESTS","may":"add"}"#);
    while host.hear_next("RIGHTS")["guests"] != "add" {}
    done(&server, &["--add", TRACK]);
}

#[test]
fn a_server_that_is_not_there_is_told_in_one_line() {
    for action in ["--state", "--next", "--add=Cargo.toml"] {
        let output = server::jam(&["host", "ws://127.0.0.1:9/ws/jam1", action])
            .output()
            .expect("jam runs");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = stderr(&output);
        assert!(said.contains("is `jam server` running there"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

// ---- lines -----------------------------------------------------------------------------------------

/// `jam host URL --plain` with these arguments, and a pipe for words.
fn plain(server: &TestServer, arguments: &[&str]) -> Running {
    let room = room_of(server);
    let mut command = server::jam(&["host", &room, "--plain", "--listen-port", "0"]);
    command.args(arguments).stdin(Stdio::piped());
    Running::start(command)
}

#[test]
fn a_host_in_lines_serves_its_files_and_does_what_it_is_told_and_leaves_the_music_on() {
    let server = TestServer::start(&[]);
    let mut host = plain(&server, &[LONG, TRACK, "--name", "Ana"]);
    host.wait_for_stdout(&["in room jam1"]);
    host.wait_for_stdout(&["in the queue: prelude60.opus"]);
    host.wait_for_stdout(&["in the queue: prelude5.wav"]);
    // The server has fetched them from the host.
    until("both are on the server", || {
        let queue = json(&server, &["--queue"]);
        let tracks = queue["tracks"].as_array()?.clone();
        let is_here = |track: &Value| track["awaited"] == false && track["added_by"] == "Ana";
        (tracks.len() == 2 && tracks.iter().all(is_here)).then_some(())
    });
    for (word, line) in [
        ("play 1\n", &["playing", "prelude60.opus"][..]),
        ("seek 0:42\n", &["playing", "0:42 of 1:00"]),
        ("pause\n", &["paused", "prelude60.opus"]),
        ("next\n", &["paused", "0:00 of 0:05", "prelude5.wav"]),
        ("guests add\n", &["you host  guests may add"]),
        ("state\n", &["track 2 of 2  you host"]),
        ("members\n", &["Ana  host"]),
        ("queue\n", &[">   2  prelude5.wav"]),
        ("play 1\n", &["playing  0:00 of 1:00"]),
    ] {
        host.type_in(word);
        host.wait_for_stdout(line);
    }
    host.type_in("play it\n");
    host.wait_for_stderr(&["type play, play 2, pause"]);
    host.type_in("seek 2:00\n");
    host.wait_for_stderr(&["is only 1:00 long"]);
    host.signal("TERM");
    host.wait_for_success();
    let state = json(&server, &["--state"]);
    assert_eq!(
        (&state["status"], &state["host"]),
        (&"PLAY".into(), &Value::Null)
    );
}

#[test]
fn a_second_host_is_refused_or_waits_and_takes_the_seat_when_it_is_free() {
    let server = TestServer::start(&[]);
    let mut first = plain(&server, &["--name", "Ana"]);
    first.wait_for_stdout(&["you host"]);
    let mut second = plain(&server, &["--name", "Ben"]);
    let status = second.wait();
    assert_eq!(status.code(), Some(1));
    second.wait_for_stderr(&["Ana hosts room jam1", "--wait"]);
    let mut third = plain(&server, &[LONG, "--name", "Cleo", "--wait"]);
    third.wait_for_stdout(&["Ana hosts"]);
    third.type_in("pause\n");
    third.wait_for_stderr(&["Ana hosts room jam1"]);
    first.type_in("leave\n");
    first.wait_for_success();
    third.wait_for_stdout(&["you host"]);
    // What the room did not take from a guest it takes from its host.
    third.wait_for_stdout(&["in the queue: prelude60.opus"]);
    third.type_in("play\n");
    third.wait_for_stdout(&["playing", "prelude60.opus"]);
}

/// A guest that a start waits for, and that never has the track.
fn slow_guest(server: &TestServer) -> Client {
    let mut guest = Client::connect(server, "jam1");
    guest.say(r#"{"type":"HELLO","role":"viewer","wants":["WAITING"]}"#);
    guest.hear_next("PEER");
    guest
}

#[test]
fn who_comes_while_music_plays_is_told_what_and_where() {
    let server = TestServer::start(&["--share", LONG]);
    for action in [&["--play", "1"][..], &["--seek", "0:42"]] {
        done(&server, action);
    }
    let guest = plain(&server, &[]);
    let line = guest.wait_for_stdout(&["playing"]);
    assert!(line.starts_with("playing  0:4"), "{line}");
    assert!(line.ends_with("of 1:00  prelude60.opus"), "{line}");
}

#[test]
fn a_host_in_lines_adds_a_file_and_starts_without_those_who_are_not_ready() {
    let server = TestServer::start(&[]);
    let _slow = slow_guest(&server);
    let mut host = plain(&server, &["--name", "Ana"]);
    host.wait_for_stdout(&["you host"]);
    host.type_in(&format!("add {LONG}\n"));
    host.wait_for_stderr(&["prelude60.opus is served from here"]);
    host.wait_for_stdout(&["in the queue: prelude60.opus"]);
    host.type_in(&format!("add {LONG}\n"));
    host.wait_for_stderr(&["prelude60.opus is served already"]);
    for (path, why) in [
        ("no such file.mp3", "No such file"),
        (env!("CARGO_MANIFEST_DIR"), "not a regular file"),
        (MANIFEST, "is no audio"),
    ] {
        host.type_in(&format!("add {path}\n"));
        host.wait_for_stderr(&[why]);
    }
    host.type_in("play\n");
    host.wait_for_stdout(&["waiting for others: 0 of 1 ready", "(play starts now)"]);
    host.type_in("play\n");
    host.wait_for_stdout(&["playing", "prelude60.opus"]);
    host.type_in("leave\n");
    host.wait_for_success();
}

#[test]
fn without_a_player_there_is_no_loudspeaker_and_it_says_so() {
    let server = TestServer::start(&[]);
    let mut host = plain(&server, &["--listen", "--player", "no-such-player"]);
    assert_eq!(host.wait().code(), Some(1));
    host.wait_for_stderr(&["there is no program \"no-such-player\""]);
    until("nobody is there any more", || {
        (json(&server, &["--members"])["total"] == 0).then_some(())
    });
}

#[test]
fn a_host_with_a_loudspeaker_plays_what_it_serves() {
    let server = TestServer::start(&[]);
    let mut host = plain(
        &server,
        &[LONG, "--name", "Ana", "--listen", "--device", "null"],
    );
    host.wait_for_stdout(&["in the queue: prelude60.opus"]);
    host.type_in("play\n");
    until(
        "its own loudspeaker plays (mpv is needed: make test-setup)",
        || {
            let members = json(&server, &["--members"]);
            let member = &members["members"][0];
            assert_eq!(member["name"], "Ana");
            (member["method"] == "mpv" && member["status"] == "playing").then_some(())
        },
    );
    host.type_in("quit\n");
    host.wait_for_success();
}

// ---- on a screen -----------------------------------------------------------------------------------

/// A program in a terminal of its own.
struct InTerminal {
    child: Child,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    now: Mutex<Option<(Screen, String)>>,
    more: Condvar,
}

impl InTerminal {
    /// Runs a line of shell.
    fn start(line: &str, term: &str) -> Self {
        let mut child = Command::new("script")
            .args(["-qfec", line, "/dev/null"])
            .env("TERM", term)
            .env("SHELL", "/bin/sh")
            .env_remove("JAM_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("script, of util-linux");
        let seen = Arc::<Seen>::default();
        *seen.now.lock().expect("no panic") = Some((Screen::new(80, 24), String::new()));
        let mut stdout = child.stdout.take().expect("a pipe");
        let own = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut buffer) {
                // All that is drawn in these tests is ASCII.
                let text = String::from_utf8_lossy(&buffer[..count]);
                let mut now = own.now.lock().expect("no panic");
                if let Some((screen, all)) = now.as_mut() {
                    screen.feed(&text);
                    *all += &text;
                }
                own.more.notify_all();
            }
        });
        Self { child, seen }
    }

    /// `jam host` with its process id before and the terminal's settings around it.
    fn host(server: &TestServer, arguments: &str) -> Self {
        let (jam, room) = (env!("CARGO_BIN_EXE_jam"), room_of(server));
        let inside = format!("echo pid=$$.; exec {jam} host {room} --listen-port 0 {arguments}");
        let line = format!(
            "trap : INT; tty; stty -g; sh -c '{inside}'; echo code=$?.; stty -g; echo over"
        );
        Self::start(&line, "xterm")
    }

    fn press(&mut self, keys: &str) {
        let stdin = self.child.stdin.as_mut().expect("a pipe");
        stdin.write_all(keys.as_bytes()).expect("it reads");
    }

    /// Waits until the screen, and all that was ever written, are as they should be.
    fn wait(&self, what: &str, is_so: impl Fn(&Screen, &str) -> bool) {
        let deadline = Instant::now() + WATCHDOG;
        let mut now = self.seen.now.lock().expect("no panic");
        loop {
            let (screen, all) = now.as_ref().expect("from the beginning");
            if is_so(screen, all) {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "not seen: {what}\n{:#?}\n{all:?}",
                screen.lines()
            );
            now = self.seen.more.wait_timeout(now, left).expect("no panic").0;
        }
    }

    /// Waits for a line on the screen with all of these.
    fn see(&self, parts: &[&str]) {
        self.wait(&format!("{parts:?}"), |screen, _| screen.has(parts));
    }

    fn all(&self) -> String {
        let now = self.seen.now.lock().expect("no panic");
        now.as_ref().expect("from the beginning").1.clone()
    }

    /// What stands between these two.
    fn said(&self, before: &str, after: &str) -> String {
        let all = self.all();
        let rest = all.split_once(before).expect(before).1;
        rest.split_once(after).expect(after).0.to_owned()
    }

    /// Waits for the end; the terminal has to be as it was.
    fn wait_for_the_end(&self, code: &str) {
        self.wait("the end", |_, all| all.contains("over"));
        assert_eq!(self.said("code=", "."), code);
        self.wait("the screen of before", |screen, _| {
            !screen.is_other && screen.has_cursor
        });
        let all = self.all();
        let is_digit = |c: char| c == ':' || c.is_ascii_hexdigit();
        let is_settings = |line: &&str| line.len() > 30 && line.chars().all(is_digit);
        let settings: Vec<&str> = all.lines().map(str::trim).filter(is_settings).collect();
        assert_eq!(settings.len(), 2, "{all}");
        assert_eq!(settings[0], settings[1], "{all}");
    }
}

impl Drop for InTerminal {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn keys_control_the_room_and_the_screen_shows_it() {
    let server = TestServer::start(&["--share", LONG, TRACK]);
    let mut host = InTerminal::host(&server, "--name Ana");
    host.see(&["jam1 at", "you host", "1 here"]);
    host.wait("the other screen", |screen, _| {
        screen.is_other && !screen.has_cursor
    });
    host.see(&["1  prelude60.opus", "1:00"]);
    host.press(" ");
    host.see(&["playing", "of 1:00", "["]);
    host.press("s0:42\r");
    host.see(&["playing  0:4", "of 1:00"]);
    host.press(" ");
    host.see(&["paused  0:4"]);
    host.press("\x1b[D\x1b[D");
    host.see(&["paused  0:2"]);
    host.press("n");
    host.see(&["paused  0:00 of 0:05"]);
    host.press("\x1b[A\r");
    host.see(&["playing  0:0", "of 1:00"]);
    host.press("g");
    host.see(&["guests may add"]);
    host.press("?");
    host.see(&["remove that member"]);
    host.see(&["any key", "back"]);
    host.press("?\x1b[Bd");
    host.see(&["Queue: 1 of 1"]);
    let state = json(&server, &["--state"]);
    assert_eq!(
        (&state["status"], &state["host"]),
        (&"PLAY".into(), &"Ana".into())
    );
    // A smaller terminal.
    let tty = host.all().lines().next().expect("a line").trim().to_owned();
    server::run("stty", &["-F", &tty, "columns", "40", "rows", "12"]);
    host.wait("fewer rows", |screen, _| {
        let lines = screen.lines();
        lines[..12].iter().any(|line| line.contains("q leave"))
            && lines.iter().all(|line| line.chars().count() < 40)
            && lines[12..].iter().all(String::is_empty)
    });
    host.press("q");
    host.wait_for_the_end("0");
    assert_eq!(
        json(&server, &["--state"])["status"],
        "PLAY",
        "the music plays on"
    );
}

#[test]
fn the_terminal_is_given_back_whatever_ends_the_program() {
    let server = TestServer::start(&[]);
    for (end, code) in [
        ("TERM", "0"),
        ("INT", "0"),
        ("HUP", "0"),
        ("QUIT", "0"),
        ("key", "0"),
    ] {
        let mut host = InTerminal::host(&server, "");
        host.see(&["you host"]);
        let pid = host.said("pid=", ".");
        match end {
            // The terminal makes a signal of it.
            "key" => host.press("\x03"),
            signal => drop(server::run("kill", &[&format!("-{signal}"), &pid])),
        }
        host.wait_for_the_end(code);
    }
}

#[test]
fn a_host_that_is_stopped_for_a_moment_gives_the_terminal_back_and_takes_it_again() {
    let server = TestServer::start(&["--share", LONG]);
    let mut host = InTerminal::host(&server, "");
    host.see(&["you host"]);
    let pid = host.said("pid=", ".");
    for _ in 0..3 {
        server::run("kill", &["-TSTP", &pid]);
        host.wait("the screen of before", |screen, _| !screen.is_other);
        until("it stands still", || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
            (stat.rsplit_once(") ")?.1.starts_with('T')).then_some(())
        });
        server::run("kill", &["-CONT", &pid]);
        host.wait("the other screen", |screen, _| screen.is_other);
        host.see(&["you host"]);
    }
    host.press(" ");
    host.see(&["playing", "of 1:00"]);
    host.press("q");
    host.wait_for_the_end("0");
}

#[test]
fn a_file_is_added_by_its_path_and_a_start_that_waits_is_shown() {
    let server = TestServer::start(&[]);
    let _slow = slow_guest(&server);
    let mut host = InTerminal::host(&server, "--name Ana");
    host.see(&["you host", "2 here"]);
    host.press("a");
    host.see(&["file: _", "Esc: no"]);
    host.press("nq");
    host.see(&["file: nq_"]);
    host.press("\x1b");
    host.wait("no question", |screen, _| !screen.has(&["file:"]));
    host.press(&format!("a{LONG}\r"));
    host.see(&["prelude60.opus is served from here"]);
    host.see(&["1  prelude60.opus"]);
    host.press("ano-such-file\r");
    host.see(&["No such file"]);
    until("the server has it", || {
        let track = &json(&server, &["--queue"])["tracks"][0];
        (track["awaited"] == false && track["added_by"] == "Ana").then_some(())
    });
    host.press(" ");
    host.see(&["waiting for others: 0 of 1 ready", "(s starts now)"]);
    host.press("s");
    host.see(&["playing", "of 1:00"]);
    host.press("q");
    host.wait_for_the_end("0");
}

#[test]
fn a_terminal_that_takes_nothing_holds_nobody_up() {
    let server = TestServer::start(&["--share", LONG]);
    let mut host = InTerminal::host(&server, "--name Ana");
    host.see(&["you host"]);
    let pid = host.said("pid=", ".");
    let script = host.child.id().to_string();
    // Nobody reads what is drawn, and each of these has all drawn again: far more than any terminal takes.
    server::run("kill", &["-STOP", &script]);
    until("it is stuck in a write", || {
        server::run("kill", &["-WINCH", &pid]);
        is_writing(&pid).then_some(())
    });
    // It hears the room all the same.
    let mut guest = Client::connect(&server, "jam1");
    guest.say(r#"{"type":"HELLO","role":"viewer","wants":["RIGHTS"]}"#);
    assert_eq!(guest.hear_next("RIGHTS")["host"]["name"], "Ana");
    server::run("kill", &["-TERM", &pid]);
    until("it leaves", || {
        (json(&server, &["--state"])["host"] == Value::Null).then_some(())
    });
    until("it ends", || is_over(&pid).then_some(()));
    server::run("kill", &["-CONT", &script]);
    host.wait("the end", |_, all| all.contains("over"));
    assert_eq!(host.said("code=", "."), "0");
    host.press("");
}

/// Whether the thread that writes has been waiting for the terminal over some looks.
fn is_writing(pid: &str) -> bool {
    let looks = (0..20).map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(2));
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
        tasks.flatten().any(|task| {
            let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            let call = std::fs::read_to_string(task.path().join("syscall")).unwrap_or_default();
            // 1 is `write` on x86-64, 64 on others.
            name.trim() == "pen" && (call.starts_with("1 ") || call.starts_with("64 "))
        })
    });
    looks.into_iter().all(|is_writing| is_writing)
}

fn is_over(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.map_or(true, |stat| {
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('Z'))
    })
}

#[test]
fn a_server_that_goes_away_is_shown_and_so_is_its_return() {
    let mut server = TestServer::start(&["--share", LONG]);
    let host = InTerminal::host(&server, "");
    host.see(&["you host"]);
    let listen = server.address.to_string();
    server.signal("KILL");
    server.wait();
    host.see(&["the server is gone, trying again"]);
    let again = server::jam(&["server", "--listen", &listen, "--share", LONG]);
    let _server = TestServer::start_command(again);
    host.see(&["you host"]);
}

#[test]
fn who_finds_the_seat_taken_is_asked_and_may_wait() {
    let server = TestServer::start(&[]);
    let mut first = plain(&server, &["--name", "Ana"]);
    first.wait_for_stdout(&["you host"]);
    let mut second = InTerminal::host(&server, "");
    let asked = |_: &Screen, all: &str| all.contains("Wait for the seat? [Y/n]");
    second.wait("a question", asked);
    second.press("n\r");
    second.wait_for_the_end("1");
    let mut third = InTerminal::host(&server, "--name Cleo");
    third.wait("a question", asked);
    third.press("\r");
    third.see(&["Ana hosts", "2 here"]);
    first.type_in("leave\n");
    third.see(&["you host", "1 here"]);
    third.press("q");
    third.wait_for_the_end("0");
}

#[test]
fn a_terminal_that_can_only_print_gets_lines() {
    let server = TestServer::start(&[]);
    let (jam, room) = (env!("CARGO_BIN_EXE_jam"), room_of(&server));
    let line = format!("{jam} host {room} --listen-port 0; echo code=$?.");
    let mut host = InTerminal::start(&line, "dumb");
    host.wait("lines", |_, all| all.contains("you host"));
    host.press("state\r");
    host.wait("an answer", |_, all| all.contains("the queue is empty"));
    host.press("leave\r");
    host.wait("the end", |_, all| all.contains("code=0."));
    assert!(!host.all().contains('\x1b'), "{:?}", host.all());
}
