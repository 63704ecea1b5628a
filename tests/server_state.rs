//! A server that is killed comes back with its rooms: the real binary, `kill -9`, damaged files, full disks.

use crate::common::disk::DiskServer;
use crate::common::http;
use crate::common::random;
use crate::common::server as common;
use crate::common::temp;

use common::{Client, TRACK, TestServer, WATCHDOG, jam, run};
use http::{get, put};
use jam::limits::{STATE_DAMAGED_MAX, STATE_ROOM_BYTES_MAX};
use jam::server::state_disk::{self, Kept};
use random::{Random, for_each_seed};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};
use temp::TempFolder;

const LONG: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/testdata/tracks/prelude60.opus"
);

/// A server that is started again and again on one port and one folder.
struct Party {
    folder: TempFolder,
    arguments: Vec<String>,
    server: Option<TestServer>,
}

impl Party {
    /// With two tracks in room jam1.
    fn start() -> Self {
        Self::with(&["--share", TRACK, LONG])
    }

    fn with(arguments: &[&str]) -> Self {
        let mut party = Self {
            folder: TempFolder::new(),
            arguments: arguments.iter().map(|&argument| argument.into()).collect(),
            server: None,
        };
        party.server = Some(TestServer::start_command(party.command(0)));
        party
    }

    fn command(&self, port: u16) -> Command {
        let mut command = jam(&["server", "--listen", &format!("127.0.0.1:{port}")]);
        command.arg("--state-dir").arg(self.state());
        command.args(&self.arguments);
        command
    }

    fn server(&self) -> &TestServer {
        self.server.as_ref().expect("it runs")
    }

    fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    fn room_file(&self, room: &str) -> PathBuf {
        self.state().join(format!("rooms/{room}.json"))
    }

    fn port(&self) -> u16 {
        self.server().address.port()
    }

    /// `kill -9`, and a new one on the same port.
    fn kill_and_start(&mut self) {
        let port = self.kill();
        self.start_again(port);
    }

    /// Its port.
    fn kill(&mut self) -> u16 {
        let port = self.port();
        self.server = None;
        port
    }

    fn start_again(&mut self, port: u16) {
        self.server = Some(TestServer::start_command(self.command(port)));
    }

    fn view(&self, room: &str) -> Value {
        get(&mut self.server().connect(), &format!("/api/rooms/{room}")).json()
    }

    /// Waits until the file of a room has this in it.
    fn wait_until_kept(&self, room: &str, part: &str) {
        let file = self.room_file(room);
        wait_until(|| fs::read_to_string(&file).is_ok_and(|text| text.contains(part)));
    }

    fn ids(&self) -> Vec<String> {
        let view = self.view("jam1");
        let tracks = view["tracks"].as_array().expect("a list").iter();
        tracks
            .map(|track| track["track_id"].as_str().expect("text").to_owned())
            .collect()
    }
}

fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + WATCHDOG;
    while !condition() {
        assert!(Instant::now() < deadline, "it never comes true");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn play(host: &mut Client, id: &str, offset: &str) -> String {
    host.say(&format!(
        r#"{{"type":"PLAY","track_id":"{id}","offset_sec":{offset}}}"#
    ));
    host.hear("STATE")["payload"].to_string()
}

/// What does not depend on the moment at which it is asked.
fn lasting(view: &Value) -> [String; 3] {
    ["state", "tracks", "played"].map(|field| view[field].to_string())
}

/// Room jam1's swarm key and the server's node.
fn swarm(server: &TestServer) -> Value {
    let mut node = Client::connect(server, "jam1");
    node.say(r#"{"type":"HELLO","role":"viewer","node":true,"wants":["SWARM_KEY"]}"#);
    node.hear_next("WELCOME")["swarm"].clone()
}

// ---- coming back ---------------------------------------------------------------------------------

#[test]
fn a_server_that_is_killed_in_mid_song_comes_back_with_its_room() {
    let mut party = Party::start();
    let ids = party.ids();
    let (mut host, _) = Client::join(party.server(), "jam1", "host");
    host.say(&format!(r#"{{"type":"MOVE","track_id":"{}"}}"#, ids[0]));
    play(&mut host, &ids[0], "1.250");
    let state = play(&mut host, &ids[1], "0.5");
    wait_until(|| party.view("jam1")["played"].as_array().map(Vec::len) == Some(1));
    party.wait_until_kept("jam1", r#""played":[{"#);
    let before = lasting(&party.view("jam1"));
    let swarm_before = swarm(party.server());
    party.kill_and_start();
    assert_eq!(lasting(&party.view("jam1")), before);
    assert_eq!(swarm(party.server()), swarm_before);
    let mut guest = Client::connect(party.server(), "jam1");
    guest.say(r#"{"type":"HELLO","role":"viewer"}"#);
    assert_eq!(guest.hear("STATE")["payload"].to_string(), state);
}

#[test]
fn a_song_that_ended_while_the_server_was_away_was_followed_at_that_moment() {
    let mut party = Party::start();
    let ids = party.ids();
    let (mut host, _) = Client::join(party.server(), "jam1", "host");
    let state = play(&mut host, &ids[0], "4.75");
    let state: Value = serde_json::from_str(&state).expect("JSON");
    party.wait_until_kept("jam1", "4.75");
    let port = party.kill();
    let ended = state["timestamp"].as_f64().expect("a time") + 0.25;
    // Room time is this machine's, as nearly as it takes here.
    wait_until(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.expect("it is late").as_secs_f64() > ended + 0.5
    });
    party.start_again(port);
    let back = party.view("jam1");
    assert_eq!(back["state"]["track_id"], ids[1].as_str());
    assert_eq!(back["state"]["status"], "PLAY");
    let began = back["state"]["timestamp"].as_f64().expect("a time");
    assert!((began - ended).abs() < 2e-6, "{began} and not {ended}");
    let played = back["played"].as_array().expect("a list");
    assert_eq!(played.len(), 2, "{played:?}");
}

#[test]
fn room_time_goes_on_as_if_nothing_had_happened() {
    let mut party = Party::start();
    let machine = Instant::now();
    // The room's time lies between two moments of the machine's clock; so does the distance of both clocks.
    let mut bounds = || {
        let mut client = Client::connect(party.server(), "jam1");
        client.say(r#"{"type":"HELLO","role":"viewer"}"#);
        client.hear_next("PEER");
        let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
        for _ in 0..200 {
            let asked = machine.elapsed().as_secs_f64();
            client.say(r#"{"type":"CLOCK","t0":0}"#);
            let clock = client.hear("CLOCK");
            let heard = machine.elapsed().as_secs_f64();
            least = least.max(clock["t2"].as_f64().expect("a time") - heard);
            most = most.min(clock["t1"].as_f64().expect("a time") - asked);
        }
        party.kill_and_start();
        (least, most)
    };
    let (first, second) = (bounds(), bounds());
    eprintln!("distance of the clocks: {first:?} and {second:?}");
    // A microsecond for what is rounded on the wire.
    assert!(
        first.0 <= second.1 + 2e-6 && second.0 <= first.1 + 2e-6,
        "{first:?} {second:?}"
    );
}

#[test]
fn whenever_it_is_killed_a_room_comes_back_as_it_was_announced_and_never_older_than_its_file() {
    let mut party = Party::start();
    let ids = party.ids();
    let (mut host, _) = Client::join(party.server(), "jam1", "host");
    play(&mut host, "t1", "0.5");
    party.wait_until_kept("jam1", "t1");
    party.kill_and_start();
    let mut oldest = 0;
    let mut number = 0;
    for_each_seed(34, |random| {
        let (mut host, _) = Client::join(party.server(), "jam1", "host");
        let mut announced = vec![party.view("jam1")["state"].to_string()];
        let most = if random.one_in(5) { 45 } else { 25 };
        let edits = random.below(most);
        for _ in 0..=edits {
            number += 1;
            announced.push(edit(&mut host, &ids, number, random));
        }
        // Another one is on its way when it ends.
        host.say(r#"{"type":"PLAY","track_id":"t1","offset_sec":0.75}"#);
        let kept = fs::read(party.room_file("jam1")).unwrap_or_default();
        let kept: Option<Value> = serde_json::from_slice(&kept).ok();
        let port = party.kill();
        while let Ok(message) = host.next() {
            if message["type"] == "STATE" {
                announced.push(message["payload"].to_string());
            }
        }
        party.start_again(port);
        let place = |state: &str| announced.iter().rposition(|other| other == state);
        let view = party.view("jam1");
        let back = view["state"].to_string();
        // The very last one may have been kept while nobody could hear it any more.
        let is_last = view["state"]["offset_sec"] == 0.75;
        let back = place(&back).or(is_last.then_some(announced.len()));
        let back = back.unwrap_or_else(|| panic!("never announced: {view}"));
        let kept = kept.and_then(|kept| place(&kept["room"]["state"].to_string()));
        assert!(Some(back) >= kept, "older than what was on the disk");
        oldest = oldest.max((announced.len() - 1).saturating_sub(back));
        let mut tracks: Vec<String> = party.ids();
        tracks.sort();
        let mut expected = ids.clone();
        expected.sort();
        assert_eq!(tracks, expected);
    });
    eprintln!("at most {oldest} of the newest states were lost");
}

/// The state that follows.
fn edit(host: &mut Client, ids: &[String], number: usize, random: &mut Random) -> String {
    if random.one_in(3) {
        let id = random.pick(ids);
        host.say(&format!(r#"{{"type":"MOVE","track_id":"{id}"}}"#));
    }
    // Nobody knows its length, so it plays on.
    play(host, "t1", &format!("{number}.25"))
}

#[test]
fn a_clean_stop_keeps_what_was_said_last() {
    let mut party = Party::start();
    let ids = party.ids();
    for number in 0..5 {
        let (mut host, _) = Client::join(party.server(), "jam1", "host");
        play(&mut host, &ids[0], "1");
        let last = play(&mut host, &ids[1], &format!("{number}.5"));
        let port = party.port();
        let server = party.server.as_mut().expect("it runs");
        server.signal("TERM");
        assert!(server.wait().success());
        party.start_again(port);
        assert_eq!(party.view("jam1")["state"].to_string(), last);
    }
}

#[test]
fn what_was_taken_out_stays_out_and_what_is_new_comes_in() {
    let mut party = Party::start();
    let ids = party.ids();
    let (mut host, _) = Client::join(party.server(), "jam1", "host");
    host.say(&format!(r#"{{"type":"REMOVE","track_id":"{}"}}"#, ids[0]));
    host.say(r#"{"type":"CLOCK","t0":0}"#);
    host.hear("CLOCK");
    wait_until(|| party.ids().len() == 1);
    wait_until(|| {
        let text = fs::read_to_string(party.room_file("jam1")).unwrap_or_default();
        text.matches(&format!(r#""track_id":"{}""#, ids[0])).count() == 0 && !text.is_empty()
    });
    let port = party.kill();
    let new = party.folder.write("new.wav", &wav(1, 4000));
    party.arguments.push(new.to_str().expect("text").to_owned());
    party.start_again(port);
    let expected = [ids[1].clone(), blake3::hash(&wav(1, 4000)).to_string()];
    wait_until(|| party.ids() == expected);
    // Also when it is told a second time.
    party.wait_until_kept("jam1", &expected[1]);
    party.kill_and_start();
    wait_until(|| party.server().log_so_far().is_empty());
    assert_eq!(party.ids(), expected);
}

#[test]
fn uploads_are_there_again_and_what_is_not_is_awaited() {
    let mut party = Party::with(&[]);
    let mut host = Client::connect(party.server(), "a");
    host.say(r#"{"type":"HELLO","role":"host","wants":["WELCOME"]}"#);
    let welcome = host.hear_next("WELCOME");
    let key = welcome["upload_key"].as_str().expect("a key");
    let field = format!("Authorization: Bearer {key}\r\n");
    let songs = [wav(1, 30_000), wav(2, 20_000)];
    let ids: Vec<String> = songs
        .iter()
        .map(|song| blake3::hash(song).to_string())
        .collect();
    for song in &songs {
        let path = "/tracks?name=song.wav&room=a";
        let answer = put(&mut party.server().connect(), path, &field, song);
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    party.wait_until_kept("a", &ids[1]);
    let tracks = party.state().join("tracks");
    assert!(tracks.join(&ids[0]).is_file());
    let port = party.kill();
    fs::remove_file(tracks.join(&ids[1])).expect("the second song's file");
    party.start_again(port);
    let again = get(
        &mut party.server().connect(),
        &format!("/tracks/{}", ids[0]),
    );
    assert!(again.body == songs[0], "{}", again.head);
    wait_until(|| party.view("a")["tracks"][1]["awaited"] == true);
    assert_eq!(party.view("a")["tracks"][0].get("awaited"), None);
    // The room is on the disk as it is now, and waits over the next restart too.
    party.wait_until_kept("a", r#""awaited":true"#);
    party.kill_and_start();
    assert_eq!(party.view("a")["tracks"][1]["awaited"], true);
}

#[test]
fn a_long_hashing_keeps_no_room_waiting_and_what_plays_is_looked_at_first() {
    let mut party = Party::start();
    let ids = party.ids();
    let (mut host, _) = Client::join(party.server(), "jam1", "host");
    let state = play(&mut host, &ids[1], "0");
    party.wait_until_kept("jam1", r#""status":"PLAY""#);
    let port = party.kill();
    // More than a machine hashes in the time of this test, and most of it is a hole on the disk.
    let huge = party.folder.write("huge.wav", &wav(0, 1000));
    let file = fs::File::options()
        .write(true)
        .open(&huge)
        .expect("the file");
    file.set_len(1 << 37).expect("a hole");
    let huge = huge.to_str().expect("text").to_owned();
    party.arguments.insert(1, huge);
    party.start_again(port);
    assert_eq!(party.view("jam1")["state"].to_string(), state);
    let song = get(
        &mut party.server().connect(),
        &format!("/tracks/{}", ids[1]),
    );
    assert!(
        song.body == fs::read(LONG).expect("the song"),
        "{}",
        song.head
    );
    // And it stops when it is asked to.
    let server = party.server.as_mut().expect("it runs");
    server.signal("TERM");
    assert!(server.wait().success());
}

#[test]
fn a_room_that_is_over_is_not_kept() {
    let party = Party::start();
    let (mut host, _) = Client::join(party.server(), "b", "host");
    host.say(r#"{"type":"PAUSE","track_id":"t1","offset_sec":0}"#);
    party.wait_until_kept("b", "t1");
    host.say(r#"{"type":"PAUSE","track_id":null,"offset_sec":0}"#);
    party.wait_until_kept("b", r#""track_id":null"#);
    drop(host);
    wait_until(|| !party.room_file("b").exists());
}

// ---- what lies on the disk -----------------------------------------------------------------------

/// A folder with a room in it, and that server gone.
fn kept_folder() -> TempFolder {
    let mut party = Party::start();
    let ids = party.ids();
    let (mut host, _) = Client::join(party.server(), "jam1", "host");
    play(&mut host, &ids[0], "0.5");
    party.wait_until_kept("jam1", r#""played":[{"#);
    party.kill();
    party.folder
}

fn open(folder: &TempFolder) -> Kept {
    state_disk::open(&folder.join("state")).unwrap_or_else(|error| panic!("it opens: {error}"))
}

/// The names in a folder that begin so.
fn named(folder: &Path, begin: &str) -> Vec<String> {
    let names = fs::read_dir(folder).expect("a folder").map(|entry| {
        let name = entry.expect("an entry").file_name();
        name.to_string_lossy().into_owned()
    });
    let mut names: Vec<String> = names.filter(|name| name.starts_with(begin)).collect();
    names.sort();
    names
}

#[test]
fn a_file_that_was_cut_anywhere_is_set_aside() {
    let folder = kept_folder();
    let rooms = folder.join("state/rooms");
    let whole = fs::read(rooms.join("jam1.json")).expect("the room");
    for length in (0..whole.len() - 1).chain([whole.len()]) {
        fs::write(rooms.join("jam1.json"), &whole[..length]).expect("written");
        let kept = open(&folder);
        if length == whole.len() {
            assert_eq!(kept.rooms.len(), 1);
        } else {
            assert!(kept.rooms.is_empty(), "{length} bytes are no room");
            assert_eq!(named(&rooms, "jam1"), ["jam1.json.damaged-1"], "{length}");
            let aside = fs::read(rooms.join("jam1.json.damaged-1")).expect("kept");
            assert!(aside == whole[..length], "nothing is thrown away");
            fs::remove_file(rooms.join("jam1.json.damaged-1")).expect("removed");
        }
    }
    let server = folder.join("state/state.json");
    let whole = fs::read(&server).expect("the server's file");
    for length in 0..whole.len() - 1 {
        fs::write(&server, &whole[..length]).expect("written");
        let kept = open(&folder);
        assert_eq!(kept.rooms.len(), 1, "the room is another file");
        assert!(
            folder.join("state/state.json.damaged-1").exists(),
            "{length}"
        );
        fs::remove_file(folder.join("state/state.json.damaged-1")).expect("removed");
        assert!(server.exists(), "a new one is written");
    }
}

#[test]
fn random_bytes_never_keep_a_server_from_starting() {
    let folder = kept_folder();
    let rooms = folder.join("state/rooms");
    let whole = fs::read(rooms.join("jam1.json")).expect("the room");
    let server = fs::read(folder.join("state/state.json")).expect("the server's file");
    for_each_seed(300, |random| {
        let length = random.below(300);
        let bytes = match random.one_in(4) {
            true => random.bytes(length),
            false => random.mutate(&whole),
        };
        fs::write(rooms.join("jam1.json"), bytes).expect("written");
        fs::write(folder.join("state/state.json"), random.mutate(&server)).expect("written");
        let kept = open(&folder);
        assert!(kept.rooms.len() <= 1);
        for (name, room) in kept.rooms {
            let back = jam::room::machine::Room::restore(
                kept.clock.now(),
                name,
                room,
                crate::common::room_words::home(),
            );
            assert!(back.view(kept.clock.now()).state.timestamp < 1e11);
        }
    });
    let damaged = named(&rooms, "jam1.json.damaged");
    assert_eq!(damaged.len(), STATE_DAMAGED_MAX as usize, "{damaged:?}");
}

/// Puts something where a room's file should be.
type Put = fn(&Path);

#[test]
fn whatever_stands_in_its_place_is_set_aside_with_a_word_and_the_party_goes_on() {
    let in_place: [(&str, Put); 6] = [
        ("jam_state 2", |path| {
            fs::write(path, r#"{"jam_state":2,"rooms":["of","a later jam"]}"#).expect("written");
        }),
        ("no file", |path| fs::create_dir(path).expect("made")),
        ("symbolic links", |path| {
            std::os::unix::fs::symlink(path, path).expect("made");
        }),
        ("no file", |path| {
            run("mkfifo", &[path.to_str().expect("text")]);
        }),
        ("bytes", |path| {
            let file = fs::File::create(path).expect("made");
            file.set_len(STATE_ROOM_BYTES_MAX + 1).expect("a hole");
        }),
        ("room other", |path| {
            let room = r#"{"name":"other","saved_at":1,"state":{"track_id":null,"status":"PAUSE","offset_sec":0,"timestamp":1},"queue":[]}"#;
            fs::write(path, format!(r#"{{"jam_state":1,"room":{room}}}"#)).expect("written");
        }),
    ];
    for (why, put_in_place) in in_place {
        let mut party = Party::start();
        let (mut host, _) = Client::join(party.server(), "jam1", "host");
        host.say(r#"{"type":"NEXT"}"#);
        party.wait_until_kept("jam1", "jam1");
        let ids = party.ids();
        let port = party.kill();
        fs::remove_file(party.room_file("jam1")).expect("removed");
        put_in_place(&party.room_file("jam1"));
        party.start_again(port);
        let line = party
            .server()
            .wait_for_log(&["jam1.json", "cannot be read"]);
        assert!(
            line.contains(why) && line.contains("damaged-1"),
            "{why}: {line}"
        );
        assert_eq!(party.ids(), ids, "the room begins anew");
        let (mut host, _) = Client::join(party.server(), "jam1", "host");
        play(&mut host, &ids[0], "0.125");
        party.wait_until_kept("jam1", "0.125");
    }
}

#[test]
fn the_files_on_the_protocol_page_are_read() {
    let page = include_str!("../docs/PROTOCOL.md");
    let shown: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with(r#"{"jam_state""#))
        .collect();
    let [server, room] = shown[..] else {
        panic!("one of each: {shown:?}")
    };
    let folder = TempFolder::new();
    fs::create_dir_all(folder.join("state/rooms")).expect("made");
    fs::write(folder.join("state/state.json"), server).expect("written");
    fs::write(folder.join("state/rooms/jam1.json"), room).expect("written");
    let kept = open(&folder);
    assert_eq!(kept.rooms[0].1.queue.len(), 1);
    assert_eq!(kept.rooms[0].1.offered.len(), 1);
    assert!(server.contains(&kept.secret.to_hex()));
    assert_eq!(named(&folder.join("state"), "state.json"), ["state.json"]);
}

#[test]
fn nobody_else_may_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let folder = kept_folder();
    let mode = |path: &str| {
        let metadata = fs::metadata(folder.join(path)).expect(path);
        metadata.permissions().mode() & 0o777
    };
    for (path, expected) in [
        ("state", 0o700),
        ("state/rooms", 0o700),
        ("state/state.json", 0o600),
        ("state/rooms/jam1.json", 0o600),
    ] {
        assert_eq!(mode(path), expected, "{path}");
    }
}

// ---- what goes wrong -----------------------------------------------------------------------------

#[test]
fn two_servers_do_not_share_a_folder() {
    let party = Party::start();
    let second = party.command(0).output().expect("it ends");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another server has it"), "{said}");
    assert!(said.contains("--state-dir"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_that_says_so() {
    let folder = TempFolder::new();
    let file = folder.write("file", b"");
    for path in [file.clone(), file.join("below")] {
        let mut command = jam(&["server", "--listen", "127.0.0.1:0", "--state-dir"]);
        let output = command.arg(&path).output().expect("it ends");
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(path.to_str().expect("text")), "{said}");
        assert!(said.contains("--state-dir"), "{said}");
    }
}

#[test]
fn a_full_disk_is_said_and_the_party_goes_on_until_there_is_room_again() {
    let arguments = format!("--state-dir DISK/state --share {TRACK}");
    let disk = DiskServer::start("size=256k", &arguments);
    let (server, inside) = (&disk.server, &disk.inside);
    let room = inside.join("state/rooms/jam1.json");

    let id = blake3::hash(&fs::read(TRACK).expect("the track")).to_string();
    let (mut host, _) = Client::join(server, "jam1", "host");
    play(&mut host, &id, "0.25");
    wait_until(|| fs::read_to_string(&room).is_ok_and(|text| text.contains("0.25")));
    let before = fs::read(&room).expect("the room");
    let full = fs::write(inside.join("filler"), vec![1; 1 << 20]);
    assert!(full.is_err(), "the disk is full");
    play(&mut host, &id, "0.75");
    let line = server.wait_for_log(&["state: not kept"]);
    assert!(line.contains("No space"), "{line}");
    assert!(
        fs::read(&room).expect("the room") == before,
        "the old one is whole"
    );
    play(&mut host, &id, "1.125");
    assert_eq!(server.log_so_far(), [""; 0], "once is enough");
    fs::remove_file(inside.join("filler")).expect("removed");
    server.wait_for_log(&["state: kept again"]);
    wait_until(|| fs::read_to_string(&room).is_ok_and(|text| text.contains("1.125")));
}

/// A WAV file of this many samples (8 kHz, mono, 8 bit), another for each `mark`.
fn wav(mark: u8, samples: u32) -> Vec<u8> {
    let mut file = b"RIFF".to_vec();
    file.extend((36 + samples).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data");
    file.extend(samples.to_le_bytes());
    file.resize(44 + samples as usize, mark);
    file
}
