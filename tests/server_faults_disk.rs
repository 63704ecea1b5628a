//! A disk that takes nothing: full at every page and every file that a server writes, only to be read, failing, and with
//! something in the way where a file is to be renamed to.

use crate::common::company::Company;
use crate::common::disk::DiskServer;
use crate::common::http::get;
use crate::common::running::{track_id, until, wav};
use crate::common::server::{TestServer, jam, run};
use crate::common::temp::TempFolder;

use serde_json::Value;
use std::fs;
use std::path::Path;

/// Ten pages, the last of them not full; the file of its name takes another.
const SONG_BYTES: u32 = 40_000;
const SONG_PAGES: u64 = 11;

/// What is in a library beside tracks that are whole, and what fills the disk.
fn left_behind(library: &Path) -> Vec<String> {
    let names = fs::read_dir(library).expect("the library").map(|entry| {
        let name = entry.expect("an entry").file_name();
        name.to_string_lossy().into_owned()
    });
    let is_whole = |name: &str| {
        let track = name.strip_suffix(".name").unwrap_or(name);
        library.join(track).is_file() && track.len() == 64
    };
    names
        .filter(|name| !name.starts_with("filler") && !is_whole(name))
        .collect()
}

#[test]
fn an_upload_onto_a_disk_that_is_full_at_any_page_or_file_is_refused_and_leaves_nothing_behind() {
    let disk = DiskServer::start("size=1m,nr_inodes=50", "--library DISK");
    let server = &disk.server;
    let mut company = Company::join(server, "a");
    let mut mark = 0;
    let mut try_once = |fits: bool| {
        mark += 1;
        let song = wav(mark, SONG_BYTES);
        let answer = company.upload(&mut server.connect(), &song);
        let path = format!("/tracks/{}", track_id(&song));
        let found = get(&mut server.connect(), &path);
        match fits {
            true => assert_eq!((answer.status, found.body == song), (201, true)),
            false => {
                assert_eq!(
                    (answer.status, found.status),
                    (507, 404),
                    "{}",
                    answer.text()
                );
                assert!(answer.text().contains("disk is full"), "{}", answer.text());
            }
        }
        until("nothing is left behind", || {
            left_behind(&disk.inside).is_empty().then_some(())
        });
        company.plays_on();
    };
    for pages in 0..=SONG_PAGES {
        disk.leave_pages(pages);
        try_once(pages == SONG_PAGES);
    }
    for files in 0..=2 {
        disk.leave_files(files);
        try_once(files == 2);
    }
    disk.make_room();
    try_once(true);
}

#[test]
fn a_track_that_cannot_be_renamed_is_refused_and_leaves_nothing_behind() {
    let library = TempFolder::new();
    let server = TestServer::start(&["--library", library.path().to_str().expect("text")]);
    let mut company = Company::join(&server, "a");
    let song = wav(1, SONG_BYTES);
    for in_the_way in [track_id(&song), format!("{}.name", track_id(&song))] {
        let folder = library.join(&in_the_way);
        fs::create_dir_all(folder.join("something")).expect("a folder");
        let answer = company.upload(&mut server.connect(), &song);
        assert_eq!(answer.status, 500, "{}", answer.text());
        server.wait_for_log(&["upload: storing a track", &track_id(&song)]);
        assert_eq!(library.names(), [in_the_way]);
        fs::remove_dir_all(folder).expect("removed");
        company.plays_on();
    }
    assert_eq!(company.upload(&mut server.connect(), &song).status, 201);
}

#[test]
fn a_disk_that_can_only_be_read_still_gives_and_takes_again_when_it_may() {
    let disk = DiskServer::start("size=4m", "--library DISK/music --state-dir DISK/state");
    let server = &disk.server;
    let mut company = Company::join(server, "a");
    let old = wav(1, SONG_BYTES);
    let new = wav(2, SONG_BYTES);
    let mut kept = server.connect();
    assert_eq!(company.upload(&mut kept, &old).status, 201);
    let room = disk.inside.join("state/rooms/a.json");
    until("the room is kept", || read_room(&room));

    disk.forbid_writing();
    company.plays_on();
    let line = server.wait_for_log(&["state: not kept"]);
    assert!(line.contains("Read-only"), "{line}");
    let answer = company.upload(&mut kept, &new);
    assert_eq!(answer.status, 500, "{}", answer.text());
    let answer = get(
        &mut server.connect(),
        &format!("/tracks/{}", track_id(&old)),
    );
    assert!(answer.body == old);
    company.plays_on();

    disk.allow_writing();
    server.wait_for_log(&["state: kept again"]);
    assert_eq!(company.upload(&mut server.connect(), &new).status, 201);
    until("the room is kept", || {
        let tracks = read_room(&room)?["room"]["queue"].to_string();
        tracks.contains(&track_id(&new)).then_some(())
    });
    assert_eq!(left_behind(&disk.inside.join("music")), [""; 0]);
}

/// Each call that puts something on a disk ends with EIO for a while: tracks and rooms are whole or as they were.
#[test]
fn a_disk_that_fails_is_told_and_what_was_not_kept_is_kept_when_it_works_again() {
    let folder = TempFolder::new();
    let library = folder.join("bad_disk.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/bad_disk.c");
    let arguments = [
        "-shared",
        "-fPIC",
        "-o",
        library.to_str().expect("text"),
        source,
    ];
    run("cc", &arguments);
    let fails = |call: &str| {
        // Whoever looks sees the old one or the new one.
        let new = folder.write("new", call.as_bytes());
        fs::rename(new, folder.join("calls")).expect("renamed");
    };
    let mut command = jam(&["server", "--listen", "127.0.0.1:0"]);
    command.arg("--library").arg(folder.join("music"));
    command.arg("--state-dir").arg(folder.join("state"));
    command.env("LD_PRELOAD", &library);
    command.env("JAM_TEST_BAD_CALLS", folder.join("calls"));
    let server = TestServer::start_command(command);
    let mut company = Company::join(&server, "a");
    let room = folder.join("state/rooms/a.json");
    let kept = || read_room(&room)?["room"]["state"]["offset_sec"].as_u64();
    for (mark, call) in (1..).zip(["write", "fsync", "rename"]) {
        company.plays_on();
        let before = u64::from(company.round());
        until("the room is kept", || (kept()? == before).then_some(()));
        fails(call);
        company.plays_on();
        let line = server.wait_for_log(&["state: not kept"]);
        assert!(line.contains("Input/output error"), "{line}");
        assert_eq!(kept(), Some(before), "{call}");
        let song = wav(mark, SONG_BYTES);
        let answer = company.upload(&mut server.connect(), &song);
        assert_eq!(answer.status, 500, "{call}: {}", answer.text());
        let found = get(
            &mut server.connect(),
            &format!("/tracks/{}", track_id(&song)),
        );
        assert_eq!(found.status, 404, "{call}");
        until("nothing is left behind", || {
            left_behind(&folder.join("music")).is_empty().then_some(())
        });
        company.plays_on();

        fails("nothing");
        server.wait_for_log(&["state: kept again"]);
        let now = u64::from(company.round());
        until("the room is kept", || (kept()? == now).then_some(()));
        assert_eq!(company.upload(&mut server.connect(), &song).status, 201);
    }
}

fn read_room(path: &Path) -> Option<Value> {
    let text = fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).expect("a file is whole whenever it is there"))
}

#[test]
fn a_room_is_kept_whole_or_as_it_was_whatever_is_left_of_the_disk() {
    let disk = DiskServer::start("size=1m", "--state-dir DISK/state");
    let server = &disk.server;
    let mut company = Company::join(server, "a");
    for mark in 0..20 {
        let answer = company.upload(&mut server.connect(), &wav(mark, 1000));
        assert_eq!(answer.status, 201);
    }
    let room = disk.inside.join("state/rooms/a.json");
    let is_kept = |offset: u32| {
        let file = read_room(&room)?;
        let kept = file["room"]["state"]["offset_sec"].as_u64()? == u64::from(offset);
        (kept && file["room"]["queue"].as_array()?.len() == 20).then_some(())
    };
    company.plays_on();
    until("it is kept", || is_kept(company.round()));
    let bytes = fs::metadata(&room).expect("the room").len();
    let needed = bytes.div_ceil(4096);
    assert!(needed > 1, "{bytes} bytes are no test of half a file");
    for pages in 0..=needed {
        disk.leave_pages(pages);
        company.plays_on();
        let refused = wait_until_kept_or_refused(server, || is_kept(company.round()));
        assert_eq!(refused, pages < needed, "with {pages} pages");
        // What was kept before is there as a whole.
        let before = company.round() - u32::from(refused);
        assert_eq!(is_kept(before), Some(()));
        company.plays_on();
        disk.make_room();
        until("it is kept again", || is_kept(company.round()));
    }
    let names = fs::read_dir(disk.inside.join("state/rooms")).expect("a folder");
    assert_eq!(names.count(), 1, "no half of a file is left");
}

fn wait_until_kept_or_refused(server: &TestServer, is_kept: impl Fn() -> Option<()>) -> bool {
    until("kept, or refused", || {
        let refused = |line: &String| line.contains("state: not kept");
        let said = server.log_so_far();
        said.iter()
            .any(refused)
            .then_some(true)
            .or_else(|| is_kept().map(|()| false))
    })
}
