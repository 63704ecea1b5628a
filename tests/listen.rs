//! `jam listen` with a real mpv, whose sound goes nowhere: plays, pauses, seeks, goes on when players or the server die.

use crate::common::node;
use crate::common::relay::Relay;
use crate::common::server;
use crate::common::temp::TempFolder;

use jam::limits::WAKE_GAP;
use jam::player::deck::{Deck, News};
use jam::player::ipc;
use jam::player::mpv::Launch;
use node::{Running, wait_until};
use serde_json::Value;
use server::{Client, TestServer};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const LONG: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/testdata/tracks/prelude60.opus"
);
const SHORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tracks/prelude5.wav");

/// Without mpv these tests would say nothing, so they say so.
fn need_mpv() {
    let found = Command::new("mpv").arg("--version").output();
    assert!(
        found.is_ok_and(|output| output.status.success()),
        "mpv is missing, and this cannot be tested without it: type `make test-setup`, or \
         `sudo apt-get install --no-install-recommends mpv`"
    );
}

struct Party {
    server: TestServer,
    host: Client,
    listener: Running,
    ids: Vec<String>,
}

impl Party {
    /// A host and one listener, in a room with both tracks.
    fn start(more: &[&str]) -> Self {
        Self::start_with(&[LONG, SHORT], more)
    }

    fn start_with(tracks: &[&str], more: &[&str]) -> Self {
        need_mpv();
        let server = TestServer::start(&[&["--share"], tracks].concat());
        let mut host = Client::connect(&server, "jam1");
        host.say(r#"{"type":"HELLO","role":"host","wants":["QUEUE","MEMBERS","WAITING_NEWS"]}"#);
        let queue = host.hear_next("QUEUE");
        let tracks = queue["tracks"].as_array().expect("a list");
        let id = |track: &Value| track["track_id"].as_str().expect("text").to_owned();
        let ids = tracks.iter().map(id).collect();
        let listener = listen(&server, more);
        Self {
            server,
            host,
            listener,
            ids,
        }
    }

    fn say(&mut self, kind: &str, track: usize, offset_sec: f64) {
        let id = &self.ids[track];
        self.host.say(&format!(
            r#"{{"type":"{kind}","track_id":"{id}","offset_sec":{offset_sec},"timestamp":0}}"#
        ));
    }

    /// Waits for a status that is as it should be, said from now on.
    fn wait_for(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let said_before = self.listener.stdout.so_far().len();
        let mut found = None;
        let look = || {
            let said = self.listener.stdout.so_far();
            let mut statuses = said[said_before..].lines().filter_map(as_status);
            found = statuses.find(|status| is_so(status));
            found.is_some()
        };
        let said = || {
            let (out, err) = (&self.listener.stdout, &self.listener.stderr);
            format!("{}\n{}", out.so_far(), err.so_far())
        };
        wait_until(what, look, said);
        found.expect("it came true")
    }

    /// Waits for a WAITING of so many.
    fn hear_waiting(&mut self, ready: u64, of: u64) -> Value {
        loop {
            let waiting = self.host.hear_next("WAITING");
            if waiting["ready"] == ready && waiting["of"] == of {
                return waiting;
            }
        }
    }

    fn players(&self) -> Vec<String> {
        children(self.listener.pid())
    }
}

fn listen(server: &TestServer, more: &[&str]) -> Running {
    let room = format!("ws://{}/ws/jam1", server.address);
    let mut arguments = vec![
        "listen", &room, "--json", "--device", "null", "--name", "Box",
    ];
    arguments.extend(more);
    Running::jam(&arguments)
}

fn as_status(line: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(line).ok()?;
    (event["event"] == "status").then_some(event)
}

/// Plays close to where the room is, as far as the player can tell.
fn is_in_sync(status: &Value) -> bool {
    let error_ms = status["error_ms"].as_f64();
    status["status"] == "playing" && error_ms.is_some_and(|ms| ms.abs() < 50.0)
}

fn number(status: &Value, field: &str) -> f64 {
    status[field].as_f64().unwrap_or(f64::NAN)
}

fn children(pid: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
    let of_task = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children"));
    let found = tasks.flatten().filter_map(|task| of_task(task).ok());
    found
        .collect::<Vec<_>>()
        .join(" ")
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

fn kill(pid: &str) {
    server::run("kill", &["-KILL", pid]);
}

#[test]
fn it_plays_pauses_and_seeks_with_the_room_and_tells_the_members() {
    let mut party = Party::start(&[]);
    party.wait_for("it is there", |status| status["status"] == "idle");
    party.say("PLAY", 0, 0.0);
    let playing = party.wait_for("it plays", is_in_sync);
    assert_eq!(playing["name"], "prelude60.opus");
    assert_eq!(number(&playing, "loaded"), 1.0);
    loop {
        let members = party.host.hear_next("MEMBERS");
        let members = members["members"].as_array().expect("a list");
        let listener = members.iter().find(|member| member["name"] == "Box");
        let report = listener.map_or(&Value::Null, |listener| &listener["report"]);
        if report["status"] == "playing" && report["error_ms"].is_number() {
            assert_eq!(
                (&report["method"], &report["loaded"]),
                (&"mpv".into(), &1.0.into())
            );
            break;
        }
    }
    party.say("PAUSE", 0, 20.5);
    party.wait_for("it pauses", |status| {
        status["status"] == "paused" && number(status, "position_sec") == 20.5
    });
    party.say("PLAY", 0, 20.5);
    party.wait_for("it goes on", |status| {
        is_in_sync(status) && number(status, "position_sec") > 20.5
    });
    party.say("PLAY", 0, 40.0);
    party.wait_for("it seeks", |status| {
        is_in_sync(status) && number(status, "position_sec") > 40.0
    });
    party.say("PLAY", 0, 58.0);
    let next = party.wait_for("the next track follows", |status| {
        status["name"] == "prelude5.wav" && is_in_sync(status)
    });
    assert_eq!(number(&next, "players_lost"), 0.0, "{next}");
}

#[test]
fn it_is_a_node_that_others_can_fetch_from() {
    let mut party = Party::start(&[]);
    party.say("PLAY", 0, 0.0);
    party.wait_for("it plays", is_in_sync);
    party
        .host
        .say(r#"{"type":"ANNOUNCE","room":"jam1","port":0}"#);
    loop {
        let peers = party.host.hear_next("PEERS");
        let peer = &peers["peers"][0];
        let whole = peer["track_ids"].as_array();
        if whole.is_some_and(|ids| ids.contains(&party.ids[0].as_str().into())) {
            assert_eq!(peer["display_name"], "Box");
            break;
        }
    }
}

#[test]
fn without_fetching_it_plays_from_the_server() {
    let mut party = Party::start(&["--no-fetch"]);
    party.say("PLAY", 0, 10.0);
    let playing = party.wait_for("it plays", is_in_sync);
    assert_eq!(playing["peers"], Value::Null);
    assert!(number(&playing, "position_sec") > 10.0);
}

#[test]
fn players_that_are_killed_are_replaced_and_a_signal_ends_everything() {
    let mut party = Party::start(&[]);
    party.say("PLAY", 0, 0.0);
    party.wait_for("it plays", is_in_sync);
    let players = party.players();
    assert_eq!(players.len(), 2, "one that plays, one that prepares");
    for player in &players {
        kill(player);
    }
    let again = party.wait_for("it plays again", |status| {
        is_in_sync(status) && number(status, "players_lost") == 2.0
    });
    assert!(number(&again, "starts") >= 2.0);
    wait_until(
        "both are replaced",
        || party.players().len() == 2,
        String::new,
    );
    let players = party.players();
    party.listener.signal("INT");
    party.listener.success();
    wait_until_gone(&players);
}

fn wait_until_gone(players: &[String]) {
    let is_gone = |pid: &String| !Path::new("/proc").join(pid).exists();
    let are_gone = || players.iter().all(is_gone);
    wait_until("the players end", are_gone, String::new);
}

#[test]
fn the_players_of_a_program_that_is_killed_end_with_it() {
    let mut party = Party::start(&["--no-fetch"]);
    party.say("PLAY", 0, 0.0);
    party.wait_for("it plays", is_in_sync);
    let players = party.players();
    party.listener.kill();
    wait_until_gone(&players);
}

#[test]
fn the_music_goes_on_while_the_server_is_gone_and_it_comes_back() {
    let mut party = Party::start(&[]);
    party.say("PLAY", 0, 0.0);
    party.wait_for("it plays", is_in_sync);
    let port = party.server.address.port().to_string();
    party.server.signal("KILL");
    party.server.wait();
    party.wait_for("it plays on alone", |status| {
        status["connected"] == false && is_in_sync(status)
    });
    let _again = TestServer::start(&["--port", &port]);
    party.wait_for("it is back", |status| {
        status["connected"] == true && status["status"] == "idle"
    });
}

#[test]
fn without_a_player_it_says_what_to_install() {
    let server = TestServer::start(&[]);
    for (player, words) in [
        ("/nonexistent/mpv", "name another with --player"),
        ("/bin/false", "it has to be mpv 0.33 or later"),
    ] {
        let outcome = listen(&server, &["--player", player, "--no-fetch"]).outcome();
        assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
        assert!(outcome.stderr.contains(words), "{outcome:?}");
    }
    let room = format!("ws://{}/ws/jam1", server.address);
    let mut command = node::jam(&["listen", &room, "--no-fetch"]);
    command.env("PATH", "/nonexistent");
    let outcome = Running::start(command).outcome();
    assert!(
        outcome.stderr.contains("apt-get install mpv"),
        "{outcome:?}"
    );
}

#[test]
fn a_room_that_is_not_there_ends_it() {
    for more in [&["--no-fetch"][..], &[]] {
        let url = format!("ws://127.0.0.1:{}/ws/jam1", node::free_port());
        let mut arguments = vec!["listen", &url];
        arguments.extend(more);
        let outcome = Running::jam(&arguments).outcome();
        assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
        assert!(outcome.stderr.contains("joining room jam1"), "{outcome:?}");
    }
}

/// mpv opens what a file names, if it may: a room's track may not.
#[test]
fn a_track_that_is_a_list_of_others_is_not_opened() {
    need_mpv();
    let folder = std::env::temp_dir().join(format!("jam-lists-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    for (number, text) in [
        format!("#EXTM3U\n{LONG}\n"),
        format!("ffconcat version 1.0\nfile {LONG}\n"),
        format!("[playlist]\nFile1={LONG}\nNumberOfEntries=1\n"),
        format!("# mpv EDL v0\n{LONG}\n"),
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:60\n#EXTINF:60,\n{LONG}\n#EXT-X-ENDLIST\n"),
    ]
    .iter()
    .enumerate()
    {
        let list = folder.join(format!("list-{number}.wav"));
        std::fs::write(&list, text).expect("a file");
        let (sender, heard) = crossbeam_channel::bounded(256);
        let launch = Launch {
            program: "mpv".into(),
            device: Some("null".into()),
            tls_ca: None,
        };
        let mut deck = Deck::new(0, launch, sender);
        deck.turn(Instant::now()).expect("a player");
        let source = list.to_str().expect("text").to_owned();
        let offset_sec = 0.0;
        deck.tell(&ipc::Command::Load { source, offset_sec }, Instant::now());
        let news = std::iter::from_fn(|| heard.recv_timeout(server::WATCHDOG).ok());
        let mut news = news.filter_map(|heard| deck.hear(heard));
        let verdict = news.find(|news| *news != News::Up);
        assert!(
            matches!(verdict, Some(News::NotPlayable(_))),
            "{text}: {verdict:?}"
        );
    }
    std::fs::remove_dir_all(folder).expect("the folder");
}

// ---- starting together -----------------------------------------------------------------------------

/// Somebody who is waited for, and says what it does.
fn somebody(party: &Party) -> Client {
    let mut member = Client::connect(&party.server, "jam1");
    member.say(r#"{"type":"HELLO","role":"viewer","display_name":"Slow","wants":["WAITING"]}"#);
    member.hear_next("PEER");
    member
}

#[test]
fn a_start_waits_until_it_has_the_track_and_no_longer() {
    for more in [&[][..], &["--no-fetch"]] {
        let mut party = Party::start(more);
        party.wait_for("it is there", |status| status["status"] == "idle");
        party.say("PLAY", 0, 0.0);
        let held = &party.host.hear_next("STATE")["payload"];
        assert_eq!(held["track_id"], party.ids[0], "{more:?}");
        assert_eq!(held["status"], "PAUSE", "{more:?}: it waits");
        let begun = &party.host.hear_next("STATE")["payload"];
        assert_eq!(begun["track_id"], party.ids[0], "{more:?}");
        assert_eq!(begun["status"], "PLAY", "{more:?}");
        party.wait_for("it plays", is_in_sync);
        let said = party.listener.stdout.so_far();
        let was_ready =
            |status: Value| status["status"] == "ready" && status["track_id"] == party.ids[0];
        assert!(said.lines().filter_map(as_status).any(was_ready), "{said}");
    }
}

#[test]
fn it_is_ready_while_others_are_not_says_so_and_begins_when_the_room_does() {
    let mut party = Party::start(&[]);
    let _slow = somebody(&party);
    party.wait_for("it is there", |status| status["status"] == "idle");
    party.say("PLAY", 0, 5.0);
    let waiting = party.hear_waiting(1, 2);
    assert!(waiting["until"].is_number(), "{waiting}");
    party.wait_for("it waits for the other", |status| {
        let waiting = &status["waiting"];
        status["status"] == "ready"
            && (&waiting["ready"], &waiting["of"]) == (&1.into(), &2.into())
            && waiting["left_sec"].is_number()
            && number(status, "position_sec") == 5.0
    });
    // The host does not wait any longer.
    party.say("PLAY", 0, 5.0);
    let playing = party.wait_for("it plays", is_in_sync);
    assert_eq!(playing["waiting"], Value::Null);
    assert_eq!(number(&playing, "starts"), 1.0, "{playing}");
}

#[test]
fn a_track_that_is_still_coming_is_not_ready() {
    let mut party = Party::start(&[]);
    let mut other = somebody(&party);
    party.wait_for("it is there", |status| status["status"] == "idle");
    // Nobody sends it.
    let id = "5".repeat(64);
    for text in [
        format!(
            r#"{{"type":"ANNOUNCE","port":0,"node_id":"0102030405060708","track_id":"{id}","total_chunks":8,"chunk_size":16384,"have_count":8}}"#
        ),
        format!(
            r#"{{"type":"ADD","track_id":"{id}","offer":{{"name":"later.wav","bytes":131072,"content_type":"audio/wav"}}}}"#
        ),
    ] {
        party.host.say(&text);
    }
    party.ids.push(id.clone());
    party.say("PLAY", 2, 0.0);
    party.wait_for("it knows of the track", |status| {
        status["status"] == "loading" && status["track_id"] == id.as_str()
    });
    other.say(&format!(
        r#"{{"type":"REPORT","status":"ready","track_id":"{id}"}}"#
    ));
    party.hear_waiting(1, 2);
    party.wait_for("it tells that the others wait", |status| {
        status["status"] == "loading" && status["waiting"]["ready"] == 1
    });
    // Time is over: the others begin.
    while party.host.hear_next("STATE")["payload"]["status"] != "PLAY" {}
    party.wait_for("it still waits for the track", |status| {
        status["status"] == "loading" && status["waiting"] == Value::Null
    });
}

#[test]
fn nobody_waits_for_it_when_it_cannot_play_the_track() {
    let folder = TempFolder::new();
    let bytes = [&b"fLaC"[..], &node::noise(1, 5000)].concat();
    let broken = folder.write("broken.flac", &bytes);
    let broken = broken.to_str().expect("text");
    for more in [&[][..], &["--no-fetch"]] {
        let mut party = Party::start_with(&[broken], more);
        let _slow = somebody(&party);
        party.wait_for("it is there", |status| status["status"] == "idle");
        party.say("PLAY", 0, 0.0);
        party.wait_for("it says so", |status| status["status"] == "failed");
        party.hear_waiting(0, 1);
    }
}

// ---- coming back -----------------------------------------------------------------------------------

#[test]
fn after_sleep_it_comes_back_though_its_connection_died_without_a_word() {
    let mut party = Party::start(&[]);
    let relay = Relay::to(party.server.address);
    let room = format!("ws://{}/ws/jam1", relay.address);
    party.listener = Running::jam(&["listen", &room, "--json", "--device", "null"]);
    party.wait_for("it is there", |status| status["connected"] == true);
    party.say("PLAY", 0, 0.0);
    party.wait_for("it plays", is_in_sync);
    relay.freeze();
    party.listener.signal("STOP");
    // So long it is asleep.
    std::thread::sleep(WAKE_GAP + WAKE_GAP / 3);
    party.listener.signal("CONT");
    party
        .listener
        .wait_for_error_line(&["no answer since this machine was asleep"]);
    party
        .listener
        .wait_for_error_line(&["the room is there again"]);
    party.wait_for("it plays on", |status| {
        status["connected"] == true && is_in_sync(status)
    });
}
