//! The time of day is set while a party goes on, by an hour either way, on the server's machine and on a listener's.
//! Room time is a line on a clock that nobody can set, so nobody notices.

use crate::common::http::get;
use crate::common::node;
use crate::common::server::{Client, TestServer, jam, run};
use crate::common::temp::TempFolder;

use serde_json::Value;
use std::fs;
use std::process::Command;
use std::time::{Instant, SystemTime};

const LONG: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/testdata/tracks/prelude60.opus"
);
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/wall_clock.c");

/// Far less than an hour, and more than a busy machine takes between two looks at a clock.
const SOON_SEC: f64 = 60.0;

/// A time of day that can be set, for the programs that are told of it.
struct WallClock {
    folder: TempFolder,
}

impl WallClock {
    fn new() -> Self {
        let folder = TempFolder::new();
        let library = folder.join("wall_clock.so");
        let library = library.to_str().expect("text");
        run("cc", &["-shared", "-fPIC", "-o", library, SOURCE]);
        let clock = Self { folder };
        clock.set(0);
        clock
    }

    /// So many seconds from the true one.
    fn set(&self, seconds: i64) {
        // Whoever looks sees the old one or the new one.
        let new = self.folder.write("new", seconds.to_string().as_bytes());
        fs::rename(new, self.folder.join("added")).expect("renamed");
    }

    fn tell(&self, mut command: Command) -> Command {
        command.env("LD_PRELOAD", self.folder.join("wall_clock.so"));
        command.env("JAM_TEST_WALL_CLOCK", self.folder.join("added"));
        command
    }
}

fn unix_sec() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.expect("after 1970").as_secs_f64()
}

/// What is the same for as long as room time is the same line.
fn line_of(server: &TestServer, began: Instant) -> f64 {
    let view = get(&mut server.connect(), "/api/rooms/jam1").json();
    view["server_time"].as_f64().expect("a time") - began.elapsed().as_secs_f64()
}

fn is_in_sync(line: &str) -> bool {
    let Ok(status) = serde_json::from_str::<Value>(line) else {
        return false;
    };
    let error_ms = status["error_ms"].as_f64();
    status["status"] == "playing" && error_ms.is_some_and(|ms| ms.abs() < 50.0)
}

/// What it tells until it has said three times that it plays in time.
fn wait_until_in_sync(listener: &node::Running) -> Vec<String> {
    let before = listener.stdout.so_far().len();
    let statuses = || -> Vec<String> {
        let said = listener.stdout.so_far();
        let lines = said[before..].lines().map(str::to_owned);
        lines.filter(|line| line.contains(r#""status""#)).collect()
    };
    let look = || statuses().iter().filter(|line| is_in_sync(line)).count() >= 3;
    node::wait_until("it plays in time", look, || statuses().join("\n"));
    statuses()
}

#[test]
fn an_hour_either_way_on_the_servers_clock_changes_nothing() {
    let clock = WallClock::new();
    let server = TestServer::start_command(clock.tell(jam(&[
        "server",
        "--listen",
        "127.0.0.1:0",
        "--share",
        LONG,
    ])));
    let began = Instant::now();
    let (mut host, _) = Client::join(&server, "jam1", "host");
    let view = get(&mut server.connect(), "/api/rooms/jam1").json();
    let id = view["tracks"][0]["track_id"]
        .as_str()
        .expect("text")
        .to_owned();
    host.say(&format!(
        r#"{{"type":"PLAY","track_id":"{id}","offset_sec":0}}"#
    ));
    let state = host.hear("STATE");
    let line = line_of(&server, began);
    for seconds in [3600, -3600, 0] {
        clock.set(seconds);
        assert!(
            (line_of(&server, began) - line).abs() < SOON_SEC,
            "after {seconds} s"
        );
        host.say(r#"{"type":"CLOCK","t0":1}"#);
        // The next thing that is heard: no STATE came meanwhile.
        let probe = host.hear("CLOCK");
        let t1 = probe["t1"].as_f64().expect("a time");
        assert!(
            (t1 - began.elapsed().as_secs_f64() - line).abs() < SOON_SEC,
            "{probe}"
        );
        let view = get(&mut server.connect(), "/api/rooms/jam1").json();
        assert_eq!(view["state"], state["payload"]);
    }
    // The clock that is set is one: whoever starts now believes it.
    clock.set(3600);
    let other = TestServer::start_command(clock.tell(jam(&["server", "--listen", "127.0.0.1:0"])));
    let ahead = line_of(&other, Instant::now()) - unix_sec();
    assert!((ahead - 3600.0).abs() < SOON_SEC, "{ahead}");
}

#[test]
fn a_server_that_comes_back_goes_on_in_its_time_whatever_the_time_of_day_is_by_then() {
    let clock = WallClock::new();
    let folder = TempFolder::new();
    let state = folder.join("state");
    let start = || {
        let mut command = jam(&["server", "--listen", "127.0.0.1:0", "--state-dir"]);
        command.arg(&state).args(["--share", LONG]);
        TestServer::start_command(clock.tell(command))
    };
    let began = Instant::now();
    let mut server = start();
    let line = line_of(&server, began);
    for seconds in [3600, -3600] {
        drop(server);
        clock.set(seconds);
        server = start();
        assert!(
            (line_of(&server, began) - line).abs() < SOON_SEC,
            "after {seconds} s"
        );
    }
}

#[test]
fn an_hour_either_way_on_a_listeners_clock_is_not_heard() {
    let clock = WallClock::new();
    let server = TestServer::start(&["--share", LONG]);
    let (mut host, _) = Client::join(&server, "jam1", "host");
    let view = get(&mut server.connect(), "/api/rooms/jam1").json();
    let id = view["tracks"][0]["track_id"]
        .as_str()
        .expect("text")
        .to_owned();
    let room = format!("ws://{}/ws/jam1", server.address);
    let arguments = [
        "listen", &room, "--json", "--device", "null", "--name", "Box",
    ];
    let listener = node::Running::start(clock.tell(node::jam(&arguments)));
    host.say(&format!(
        r#"{{"type":"PLAY","track_id":"{id}","offset_sec":0}}"#
    ));
    wait_until_in_sync(&listener);
    for seconds in [3600, -3600] {
        clock.set(seconds);
        let statuses = wait_until_in_sync(&listener);
        let plays = |line: &String| line.contains(r#""status":"playing""#);
        assert!(statuses.iter().all(plays), "{statuses:?}");
    }
}
