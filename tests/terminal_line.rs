//! What somebody at a terminal sees of a command that goes on: one line that is rewritten, and lines of the log above it.

use crate::common::running::{Running, until};
use crate::common::server::{TestServer, jam};
use crate::common::temp::TempFolder;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

const SONG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tracks/prelude5.wav");

/// A program in a terminal of 40 columns, and all that it wrote there.
struct Narrow {
    child: Child,
    written: Arc<Mutex<String>>,
}

impl Narrow {
    fn start(arguments: &[&str]) -> Self {
        let jam = env!("CARGO_BIN_EXE_jam");
        let line = format!("stty cols 40; exec {jam} {}", arguments.join(" "));
        let mut child = Command::new("script")
            .args(["-qfec", &line, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm")
            .env_remove("JAM_LOG")
            .env_remove("COLUMNS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("script, of util-linux");
        let written = Arc::<Mutex<String>>::default();
        let (mut stdout, own) = (child.stdout.take().expect("a pipe"), Arc::clone(&written));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut buffer) {
                *own.lock().expect("no panic") += &String::from_utf8_lossy(&buffer[..count]);
            }
        });
        Self { child, written }
    }

    fn written(&self) -> String {
        self.written.lock().expect("no panic").clone()
    }

    fn wait_for(&self, text: &str) {
        until(text, || self.written().contains(text).then_some(()));
    }
}

impl Drop for Narrow {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// It is killed; what is returned starts another in its place.
fn killed(mut server: TestServer) -> impl FnOnce() -> TestServer {
    let address = server.address.to_string();
    server.signal("KILL");
    server.wait();
    move || TestServer::start_command(jam(&["server", "--listen", &address]))
}

fn room_of(server: &TestServer) -> String {
    format!("ws://{}/ws/jam1", server.address)
}

#[test]
fn the_line_fits_and_the_log_takes_its_place() {
    let (server, folder) = (TestServer::start(&[]), TempFolder::new());
    let (output, room) = (folder.path().display().to_string(), room_of(&server));
    let fetch = [
        "fetch",
        "--listen-port",
        "0",
        "--output",
        &output,
        "--room",
        &room,
    ];
    let fetch = Narrow::start(&fetch);
    fetch.wait_for("waiting for music");
    let start = killed(server);
    fetch.wait_for("refused the connection");
    let _server = start();
    fetch.wait_for("the room is there again");
    let all = fetch.written();
    let (log, rewritten): (Vec<&str>, Vec<&str>) =
        all.split('\r').partition(|text| text.contains("warn "));
    assert!(log.len() >= 3, "{all:?}");
    assert!(
        log.iter().all(|text| text.starts_with("\x1b[Kwarn ")),
        "{all:?}"
    );
    let is_short = |text: &&str| text.trim_end().chars().count() < 40;
    assert!(rewritten.iter().all(is_short), "{all:?}");
}

#[test]
fn a_server_that_stays_away_for_the_same_reason_is_told_once() {
    let server = TestServer::start(&[]);
    let mut command = jam(&[
        "seed",
        SONG,
        "--listen-port",
        "0",
        "--room",
        &room_of(&server),
    ]);
    command.env("JAM_LOG", "debug");
    let seed = Running::start(command);
    seed.wait_for_stdout(&["fetch", "--room"]);
    let start = killed(server);
    let count = |what: &str| {
        let lines = seed.stderr();
        lines.iter().filter(|line| line.contains(what)).count()
    };
    until("three attempts", || {
        (count("the room is still lost: ") >= 2).then_some(())
    });
    let _server = start();
    seed.wait_for_stderr(&["the room is there again"]);
    let refused = "refused the connection (is `jam server` running there, on this port?); what";
    assert_eq!(count(refused), 1, "{:#?}", seed.stderr());
}
