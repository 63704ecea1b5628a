//! The library on real files: what is a track, what is refused, and what survives on disk.

use crate::common::random;
use crate::common::temp;

use jam::limits::{FOLDER_DEPTH_MAX, HASH_BUFFER_BYTES, TRACK_NAME_CHARS_MAX};
use jam::track::error::LibraryError;
use jam::track::folder::files;
use jam::track::id::TrackId;
use jam::track::library::{Library, Track};
use jam::track::sniff::AudioKind;
use random::for_each_seed;
use std::error::Error;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;
use temp::TempFolder;

/// A WAV file whose samples begin with `mark`, so that each mark is another track.
fn wav(mark: &str) -> Vec<u8> {
    wav_of(mark, 1000)
}

fn wav_of(mark: &str, bytes: usize) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    file.extend(mark.bytes());
    file.resize(bytes, 7);
    file
}

fn id_of(bytes: &[u8]) -> TrackId {
    TrackId::from_hash(blake3::hash(bytes))
}

fn share(library: &Library, path: &Path) -> Result<Arc<Track>, LibraryError> {
    library.share(path, &mut |_, _, _| ControlFlow::Continue(()))
}

fn open(folder: &Path) -> (Library, Vec<Arc<Track>>) {
    Library::open(folder, &mut |_, _, _| ControlFlow::Continue(())).expect("a library")
}

fn read(track: &Track) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut file = track.open().expect("the track's file");
    file.read_to_end(&mut bytes).expect("the track's bytes");
    bytes
}

fn names(tracks: &[Arc<Track>]) -> Vec<&str> {
    tracks.iter().map(|track| track.name.as_str()).collect()
}

// ---- in place ------------------------------------------------------------------------------------

#[test]
fn a_shared_file_is_a_track_whose_id_is_the_hash_of_its_bytes() {
    let temp = TempFolder::new();
    let bytes = wav("song");
    let library = Library::in_place();
    let track = share(&library, &temp.write("A song.wav", &bytes)).expect("a track");
    assert_eq!(track.id, id_of(&bytes));
    assert_eq!(track.id.to_string(), blake3::hash(&bytes).to_hex().as_str());
    assert_eq!((track.name.as_str(), track.bytes), ("A song.wav", 1000));
    assert_eq!(track.kind, AudioKind::Wav);
    assert!(read(&library.get(track.id).expect("known")) == bytes);
    assert!(library.get(id_of(b"another")).is_none());
    assert_eq!(temp.names(), ["A song.wav"], "nothing else is written");
}

#[test]
fn the_same_bytes_twice_are_one_track_under_the_name_they_came_with_first() {
    let temp = TempFolder::new();
    let library = Library::in_place();
    let first = share(&library, &temp.write("b.wav", &wav("song"))).expect("a track");
    let second = share(&library, &temp.write("a.wav", &wav("song"))).expect("a track");
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(second.name, "b.wav");
}

#[test]
fn a_file_that_changed_since_it_was_hashed_is_not_served() {
    let temp = TempFolder::new();
    let library = Library::in_place();
    let path = temp.write("a.wav", &wav("song"));
    let track = share(&library, &path).expect("a track");

    let mut file = File::options().append(true).open(&path).expect("the file");
    file.write_all(b"!").expect("longer by a byte");
    assert!(
        matches!(track.open(), Err(LibraryError::Changed { .. })),
        "longer"
    );

    file.set_len(1000).expect("as long as before");
    let later = fs::metadata(&path)
        .expect("the file")
        .modified()
        .expect("a time");
    file.set_modified(later + Duration::from_secs(2))
        .expect("another time");
    assert!(
        matches!(track.open(), Err(LibraryError::Changed { .. })),
        "written again"
    );

    fs::remove_file(&path).expect("removed");
    assert!(
        matches!(
            track.open(),
            Err(LibraryError::Io {
                doing: "opening",
                ..
            })
        ),
        "gone"
    );
}

#[test]
fn a_file_that_changed_can_be_shared_again_as_its_error_says() {
    let temp = TempFolder::new();
    let library = Library::in_place();
    let path = temp.write("a.wav", &wav("song"));
    let track = share(&library, &path).expect("a track");
    let file = File::options().append(true).open(&path).expect("the file");
    let modified = file
        .metadata()
        .expect("the file")
        .modified()
        .expect("a time");
    file.set_modified(modified + Duration::from_secs(2))
        .expect("touched");
    let error = track.open().expect_err("changed");
    assert!(error.to_string().ends_with("(share it again)"), "{error}");

    let again = share(&library, &path).expect("the same bytes");
    assert_eq!(again.id, track.id);
    assert!(read(&again) == wav("song"));
    assert!(read(&library.get(track.id).expect("known")) == wav("song"));
}

#[test]
fn a_file_that_is_lost_is_replaced_by_another_of_the_same_bytes() {
    let temp = TempFolder::new();
    let library = Library::in_place();
    let path = temp.write("a.wav", &wav("song"));
    let track = share(&library, &path).expect("a track");
    fs::remove_file(&path).expect("removed");
    share(&library, &temp.write("b.wav", &wav("song"))).expect("the same bytes");
    assert!(read(&library.get(track.id).expect("known")) == wav("song"));
}

#[test]
fn a_file_that_grows_while_it_is_hashed_is_refused() {
    let temp = TempFolder::new();
    let path = temp.write("a.wav", &wav_of("song", 3 * HASH_BUFFER_BYTES));
    let library = Library::in_place();
    let grow = &mut |path: &Path, _, _| {
        let mut file = File::options().append(true).open(path).expect("the file");
        if file.metadata().expect("the file").len() < 4 * HASH_BUFFER_BYTES as u64 {
            file.write_all(&[9; 100]).expect("more");
        }
        ControlFlow::Continue(())
    };
    let refused = library.share(&path, grow).map(|track| track.bytes);
    assert!(
        matches!(refused, Err(LibraryError::Changed { .. })),
        "{refused:?}"
    );
}

#[test]
fn progress_is_told_from_the_first_bytes_to_the_last() {
    let temp = TempFolder::new();
    let bytes = 2 * HASH_BUFFER_BYTES + 500;
    let path = temp.write("a.wav", &wav_of("song", bytes));
    for library in [Library::in_place(), open(&temp.join("library")).0] {
        let mut told = Vec::new();
        let progress = &mut |of: &Path, done, total| {
            assert_eq!(of, path);
            told.push((done, total));
            ControlFlow::Continue(())
        };
        library.share(&path, progress).expect("a track");
        let bytes = bytes as u64;
        assert!(told.len() >= 3 && told.is_sorted(), "{told:?}");
        assert!(told.iter().all(|&(_, total)| total == bytes), "{told:?}");
        assert_eq!(told.last(), Some(&(bytes, bytes)));
    }
}

#[test]
fn hashing_that_is_called_off_leaves_nothing_behind() {
    let temp = TempFolder::new();
    let path = temp.write("a.wav", &wav("song"));
    let folder = temp.join("library");
    for library in [Library::in_place(), open(&folder).0] {
        let stopped = library.share(&path, &mut |_, _, _| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(LibraryError::Interrupted { .. })));
    }
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0);
}

#[test]
fn a_shared_folder_is_looked_into_but_not_in_circles() {
    let temp = TempFolder::new();
    let album = temp.join("artist/album");
    fs::create_dir_all(&album).expect("folders");
    for name in ["b.wav", "a.wav", ".hidden.wav"] {
        fs::write(album.join(name), wav(name)).expect("a file");
    }
    std::os::unix::fs::symlink(temp.join("artist"), album.join("circle")).expect("a link");
    let (found, cut) = files(&temp.join("artist")).expect("files");
    assert_eq!(found, [album.join("a.wav"), album.join("b.wav")]);
    assert!(!cut);
    let mut deep = temp.join("artist");
    for _ in 0..FOLDER_DEPTH_MAX {
        deep = deep.join("deeper");
    }
    fs::create_dir_all(&deep).expect("folders");
    assert!(files(&temp.join("artist")).expect("files").1);
}

// ---- what is refused -----------------------------------------------------------------------------

#[test]
fn a_file_that_is_no_audio_is_refused_and_leaves_nothing_behind() {
    let temp = TempFolder::new();
    let folder = temp.join("library");
    for library in [Library::in_place(), open(&folder).0] {
        for (name, bytes) in [
            ("a.mp3", &b"just words"[..]),
            ("b.wav", b""),
            ("c", b"\xff\xd8\xff"),
        ] {
            let error = share(&library, &temp.write(name, bytes)).expect_err(name);
            assert!(matches!(error, LibraryError::NotAudio { .. }), "{error}");
            let text = error.to_string();
            assert!(
                text.starts_with("sharing ") && text.contains(name),
                "{text}"
            );
            assert!(
                text.contains("WAV") && text.ends_with(')'),
                "what would do: {text}"
            );
            assert!(library.get(id_of(bytes)).is_none());
        }
    }
    assert_eq!(fs::read_dir(folder).expect("the library").count(), 0);
}

#[test]
fn a_missing_file_and_a_folder_are_refused_with_the_cause() {
    let temp = TempFolder::new();
    let library = Library::in_place();
    let error = share(&library, &temp.join("none.wav")).expect_err("missing");
    let text = error.to_string();
    assert!(
        text.starts_with("opening ") && text.contains("none.wav: "),
        "{text}"
    );
    let cause = error.source().expect("the cause is kept");
    assert!(
        text.ends_with(&format!("{cause} (check the name)")),
        "{text}"
    );

    let error = share(&library, temp.path()).expect_err("a folder");
    assert!(error.to_string().ends_with("not a regular file"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_named_pipe_that_nobody_writes_into_is_refused_and_not_waited_for() {
    let temp = TempFolder::new();
    let pipe = temp.join("pipe.wav");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("left out: there is no mkfifo here");
        return;
    }
    let (answer, refused) = mpsc::channel();
    std::thread::spawn(move || {
        let error = share(&Library::in_place(), &pipe).expect_err("a pipe");
        answer.send(error.to_string()).expect("somebody waits");
    });
    let text = refused
        .recv_timeout(Duration::from_secs(30))
        .expect("it waits for a writer");
    assert!(text.ends_with("not a regular file"), "{text}");
}

// ---- with a folder -------------------------------------------------------------------------------

#[test]
fn a_library_keeps_copies_and_finds_them_again() {
    let temp = TempFolder::new();
    let folder = temp.join("music/library");
    let (library, found) = open(&folder);
    assert!(found.is_empty(), "a folder that was made just now");
    for (name, mark) in [("c.wav", "one"), ("a.wav", "two"), ("b.wav", "three")] {
        let path = temp.write(name, &wav(mark));
        let track = share(&library, &path).expect("a track");
        assert_eq!((track.name.as_str(), track.id), (name, id_of(&wav(mark))));
        fs::remove_file(&path).expect("the original is not needed any more");
        assert!(read(&track) == wav(mark));
    }

    let (library, found) = open(&folder);
    assert_eq!(names(&found), ["a.wav", "b.wav", "c.wav"], "by name");
    for (track, mark) in found.iter().zip(["two", "three", "one"]) {
        assert!(read(track) == wav(mark));
        assert!(Arc::ptr_eq(track, &library.get(track.id).expect("known")));
    }
}

#[test]
fn a_library_holds_the_bytes_under_the_id_and_the_name_beside_them() {
    let temp = TempFolder::new();
    let (library, _) = open(&temp.join("library"));
    let bytes = wav("song");
    let path = temp.write("a.wav", &bytes);
    for _ in 0..2 {
        share(&library, &path).expect("a track");
        let folder = temp.join("library");
        let mut names: Vec<_> = fs::read_dir(&folder)
            .expect("the library")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("text")
            })
            .collect();
        names.sort();
        let id = id_of(&bytes).to_string();
        assert_eq!(names, [id.clone(), format!("{id}.name")]);
        assert_eq!(fs::read(folder.join(&id)).expect("the copy"), bytes);
        assert_eq!(
            fs::read(folder.join(format!("{id}.name"))).expect("its name"),
            b"a.wav"
        );
    }
}

#[test]
fn a_stored_file_with_a_wrong_byte_is_left_out_and_left_alone() {
    let temp = TempFolder::new();
    let folder = temp.join("library");
    let (library, _) = open(&folder);
    let good = share(&library, &temp.write("good.wav", &wav("good"))).expect("a track");
    let bad = share(&library, &temp.write("bad.wav", &wav("bad"))).expect("a track");
    let mut bytes = wav("bad");
    bytes[500] ^= 1;
    let stored = folder.join(bad.id.to_string());
    fs::write(&stored, &bytes).expect("a wrong byte");

    let (library, found) = open(&folder);
    assert_eq!(names(&found), ["good.wav"]);
    assert!(library.get(bad.id).is_none() && library.get(good.id).is_some());
    assert_eq!(fs::read(&stored).expect("still there"), bytes);
    assert!(
        library.get(id_of(&bytes)).is_none(),
        "nor is it a track of its own"
    );
}

#[test]
fn sharing_a_track_again_heals_its_damaged_copy() {
    for damage in [wav("wron"), wav("song")[..500].to_vec(), Vec::new()] {
        let temp = TempFolder::new();
        let folder = temp.join("library");
        let path = temp.write("a.wav", &wav("song"));
        let track = share(&open(&folder).0, &path).expect("a track");
        fs::write(folder.join(track.id.to_string()), &damage).expect("damaged");

        let (library, found) = open(&folder);
        assert_eq!(found.len(), 0);
        let track = share(&library, &path).expect("a track");
        assert_eq!(
            read(&track),
            wav("song"),
            "a wrong byte would be served under this id"
        );
        assert_eq!(names(&open(&folder).1), ["a.wav"]);
    }
}

#[test]
fn a_copy_that_is_damaged_while_the_library_is_open_is_not_served_until_shared_again() {
    let temp = TempFolder::new();
    let folder = temp.join("library");
    let path = temp.write("a.wav", &wav("song"));
    let (library, _) = open(&folder);
    let track = share(&library, &path).expect("a track");
    fs::write(folder.join(track.id.to_string()), b"RIFF").expect("damaged");
    assert!(matches!(track.open(), Err(LibraryError::Changed { .. })));
    share(&library, &path).expect("a track");
    assert!(read(&library.get(track.id).expect("known")) == wav("song"));
}

#[test]
fn leftovers_and_strangers_in_the_folder_do_no_harm() {
    let temp = TempFolder::new();
    let folder = temp.join("library");
    let (library, _) = open(&folder);
    let track = share(&library, &temp.write("a.wav", &wav("song"))).expect("a track");
    let id_of_folder = id_of(b"folder").to_string();
    fs::create_dir(folder.join(&id_of_folder)).expect("a folder with the name of a track");
    for (name, bytes) in [
        ("jam-incoming-1-0.part", &wav("half")[..400]),
        (
            &format!("jam-incoming-{}-0.part", std::process::id()),
            b"RIFF",
        ),
        ("jam-incoming-1-0.name", b"half.wav"),
        ("somebody-elses.part", b"half of a download"),
        ("stranger.wav", &wav("stranger")),
        (&"a".repeat(63), &wav("nearly an id")),
        (&id_of(b"words").to_string(), b"words"),
    ] {
        fs::write(folder.join(name), bytes).expect("a leftover");
    }
    let (library, found) = open(&folder);
    assert!(!folder.join("jam-incoming-1-0.part").exists());
    assert!(folder.join("somebody-elses.part").exists());
    assert_eq!(names(&found), ["a.wav"]);
    assert!(read(&found[0]) == wav("song"));
    assert!(library.get(track.id).is_some());
    let new = share(&library, &temp.write("b.wav", &wav("new"))).expect("a track");
    assert!(read(&new) == wav("new"));
    assert_eq!(names(&open(&folder).1), ["a.wav", "b.wav"]);
}

#[test]
fn a_folder_that_cannot_be_one_is_refused_with_the_cause() {
    let temp = TempFolder::new();
    let file = temp.write("file", b"");
    let error = Library::open(&file, &mut |_, _, _| ControlFlow::Continue(()))
        .map(|_| ())
        .expect_err("a file");
    assert!(
        error.to_string().starts_with("making the library "),
        "{error}"
    );
    assert!(error.source().is_some());
}

#[test]
fn a_copy_is_what_was_hashed_even_if_the_file_grows_meanwhile() {
    let temp = TempFolder::new();
    let folder = temp.join("library");
    let (library, _) = open(&folder);
    let path = temp.write("a.wav", &wav_of("song", 3 * HASH_BUFFER_BYTES));
    let mut grown = false;
    let track = library.share(&path, &mut |path, _, _| {
        if !std::mem::replace(&mut grown, true) {
            let mut file = File::options().append(true).open(path).expect("the file");
            file.write_all(&[9; 100]).expect("more");
        }
        ControlFlow::Continue(())
    });
    let track = track.expect("a track");
    assert_eq!(id_of(&read(&track)), track.id);
    assert_eq!(names(&open(&folder).1), ["a.wav"]);
}

#[test]
fn files_that_are_shared_at_the_same_time_are_all_stored_whole() {
    const THREADS: usize = 8;
    let temp = TempFolder::new();
    let folder = temp.join("library");
    let (library, _) = open(&folder);
    let (temp, library, together) = (&temp, &library, &Barrier::new(THREADS));
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            scope.spawn(move || {
                // Half of them have the same bytes.
                let bytes = wav_of(&format!("song {}", number.min(4)), 20 * HASH_BUFFER_BYTES);
                let path = temp.write(&format!("{number}.wav"), &bytes);
                together.wait();
                let track = share(library, &path).expect("a track");
                assert_eq!(track.id, id_of(&bytes));
                assert!(read(&track) == bytes, "bytes of another track");
            });
        }
    });
    let (_, found) = open(&folder);
    assert_eq!(found.len(), 5);
    let entries = fs::read_dir(&folder).expect("the library");
    assert_eq!(
        entries.count(),
        10,
        "nothing but the tracks and their names"
    );
}

// ---- names ---------------------------------------------------------------------------------------

#[cfg(unix)]
#[test]
fn the_name_of_a_file_is_cleaned_for_display() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let temp = TempFolder::new();
    let library = Library::in_place();
    for (given, expected) in [
        (&b"  two   blanks .wav"[..], "two blanks .wav"),
        (b"\x1b[2Jterminal\n.wav", "[2Jterminal .wav"),
        ("\u{202e}vaw.exe".as_bytes(), "vaw.exe"),
        ("Grüße 日本.wav".as_bytes(), "Grüße 日本.wav"),
        (b"<b>.wav", "<b>.wav"),
        (b"\xff.wav", "\u{fffd}.wav"),
        ("\u{200b}".as_bytes(), "track"),
    ] {
        let path = temp.path().join(OsStr::from_bytes(given));
        fs::write(&path, wav(expected)).expect("a file of this name");
        assert_eq!(share(&library, &path).expect("a track").name, expected);
    }
    let path = temp.write(&"x".repeat(250), &wav("long"));
    let name = share(&library, &path).expect("a track").name.clone();
    assert_eq!(name, "x".repeat(TRACK_NAME_CHARS_MAX));
}

#[test]
fn a_stored_name_is_cleaned_too_and_without_one_the_id_serves() {
    let temp = TempFolder::new();
    let folder = temp.join("library");
    let path = temp.write("a.wav", &wav("song"));
    let id = share(&open(&folder).0, &path).expect("a track").id;
    let name_file = folder.join(format!("{id}.name"));
    let long = "x".repeat(1 << 20);
    for (stored, expected) in [
        (&b"\x1b[2J \n b.wav\n"[..], "[2J b.wav".to_owned()),
        (b"../../etc/passwd", "../../etc/passwd".to_owned()),
        (long.as_bytes(), "x".repeat(TRACK_NAME_CHARS_MAX)),
        (b"\n", id.to_string()),
        (b"\xff\xfe", id.to_string()),
    ] {
        fs::write(&name_file, stored).expect("another name");
        assert_eq!(names(&open(&folder).1), [expected]);
    }
    fs::remove_file(&name_file).expect("no name");
    assert_eq!(names(&open(&folder).1), [id.to_string()]);
}

// ---- whatever comes ------------------------------------------------------------------------------

#[test]
fn after_any_damage_what_the_library_serves_is_what_the_ids_promise() {
    for_each_seed(40, |random| {
        let temp = TempFolder::new();
        let folder = temp.join("library");
        let (library, _) = open(&folder);
        let originals: Vec<_> = (0..3)
            .map(|n| temp.write(&format!("{n}.wav"), &wav(&n.to_string())))
            .collect();
        for path in &originals {
            share(&library, path).expect("a track");
        }
        for entry in fs::read_dir(&folder).expect("the library") {
            let path = entry.expect("an entry").path();
            match random.below(4) {
                0 => fs::remove_file(&path).expect("removed"),
                1 => {
                    let bytes = fs::read(&path).expect("bytes");
                    fs::write(&path, random.mutate(&bytes)).expect("damaged");
                }
                _ => {}
            }
        }
        let (library, found) = open(&folder);
        for track in &found {
            assert_eq!(id_of(&read(track)), track.id);
        }
        for path in &originals {
            let track = share(&library, path).expect("a track");
            assert_eq!(id_of(&read(&track)), track.id);
        }
        assert_eq!(open(&folder).1.len(), originals.len());
    });
}

// ---- what goes to make room ----------------------------------------------------------------------

fn take(library: &Library, bytes: &[u8]) -> Arc<Track> {
    let mut upload = library.begin_upload().expect("a place");
    upload.write(bytes).expect("written");
    library
        .finish_upload(upload, "song.wav".into())
        .expect("a track")
        .0
        .track()
        .clone()
}

#[test]
fn only_what_the_library_keeps_itself_may_go_and_nothing_that_is_being_sent() {
    let (temp, folder) = (TempFolder::new(), TempFolder::new());
    let (library, _) = open(folder.path());
    let shared = share(&library, &temp.write("a.wav", &wav("shared"))).expect("a track");
    let taken = take(&library, &wav("taken"));
    // The same bytes came as an upload as well: they stay what was shared.
    take(&library, &wav("shared"));
    let droppable =
        || -> Vec<TrackId> { library.droppable().iter().map(|track| track.id).collect() };
    assert_eq!(droppable(), [taken.id]);
    assert!(library.drop_track(shared.id).is_none());
    let sending = taken.begin_sending();
    assert_eq!(droppable(), []);
    assert!(library.drop_track(taken.id).is_none());
    drop(sending);
    // Who found it to tell somebody of it finds it there until that is done.
    let (held, twice) = (library.hold(taken.id), library.hold(taken.id));
    assert!(held.is_some() && library.drop_track(taken.id).is_none());
    drop(held);
    assert_eq!(droppable(), []);
    drop(twice);
    assert_eq!(
        library.drop_track(taken.id).map(|track| track.id),
        Some(taken.id)
    );
    assert!(library.get(taken.id).is_none());
    assert!(library.hold(taken.id).is_none());
    assert!(library.drop_track(taken.id).is_none());
    assert_eq!(library.bytes(), shared.bytes);
    let kept = [shared.id.to_string(), format!("{}.name", shared.id)];
    assert_eq!(folder.names(), kept);
    // And it can come again, which is told to a room before it may go.
    let mut upload = library.begin_upload().expect("a place");
    upload.write(&wav("taken")).expect("written");
    let told = library.finish_upload(upload, "song.wav".into());
    assert!(library.drop_track(taken.id).is_none());
    drop(told);
    assert!(read(&take(&library, &wav("taken"))) == wav("taken"));
}

#[test]
fn a_file_that_is_served_where_it_lies_is_never_deleted() {
    let temp = TempFolder::new();
    let library = Library::in_place();
    let track = share(&library, &temp.write("a.wav", &wav("song"))).expect("a track");
    assert_eq!(library.droppable(), []);
    assert!(library.drop_track(track.id).is_none());
    assert_eq!(temp.names(), ["a.wav"]);
}

#[test]
fn the_last_use_of_a_track_outlives_the_library_and_leaves_its_file_alone() {
    let folder = TempFolder::new();
    let (library, _) = open(folder.path());
    let track = take(&library, &wav("song"));
    let before = library.droppable()[0].used;
    let file = folder.path().join(track.id.to_string());
    let modified = |path: &Path| {
        fs::metadata(path)
            .and_then(|m| m.modified())
            .expect("a time")
    };
    let track_file = modified(&file);
    let name = File::options()
        .write(true)
        .open(file.with_extension("name"))
        .expect("a name");
    let long_ago = modified(&file) - Duration::from_secs(3 * 86_400);
    name.set_modified(long_ago).expect("set");
    drop(library);
    let (library, found) = open(folder.path());
    let used = library.droppable()[0].used;
    assert!(before - used >= Duration::from_secs(2 * 86_400));
    found[0].note_use();
    assert!(library.droppable()[0].used >= before);
    assert!(modified(&file.with_extension("name")) > long_ago);
    assert_eq!(modified(&file), track_file);
    let (again, _) = open(folder.path());
    assert!(again.droppable()[0].used >= before);
}
