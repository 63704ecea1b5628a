//! Disks that take so many bytes and no more, for every number: what was there is there still, and nothing wrong is
//! believed later. The system's own limit for files (`RLIMIT_FSIZE`) plays the disk, in a process of its own.

use crate::common::faulty::{FAULTS, Fault, Faulty};
use crate::common::frames::manifest_of;
use crate::common::node::noise;
use crate::common::running::wav;
use crate::common::temp::TempFolder;

use jam::swarm::store::ChunkStore;
use jam::swarm::store::part_file::{Opened, PartFile};
use jam::sys::kept_folder;
use jam::track::hashing::hash_track;
use jam::track::incoming::Incoming;
use jam::track::manifest::Manifest;
use jam::track::sniff::sniff;
use jam::track::tags::{Tags, read_tags};
use rlimit::Resource;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a test of this program alone, in a process that outlives the signal for a file that grows too large.
fn alone(test: &str) {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(program)
        .args(["--exact", test, "--ignored", "--nocapture"])
        .stdin(Stdio::null())
        .output()
        .expect("this program again");
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaint}");
    assert!(said.contains("1 passed"), "{said}");
}

/// Does `work` while no file may become longer than this.
fn on_a_disk_of<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let (_, hard) = Resource::FSIZE.get().expect("a limit");
    Resource::FSIZE.set(bytes as u64, hard).expect("a limit");
    let done = work();
    Resource::FSIZE.set(hard, hard).expect("the old limit");
    done
}

#[test]
fn a_file_that_is_replaced_is_the_old_or_the_new_one_wherever_the_disk_is_full() {
    alone("cut_disk::replaces_a_file_on_a_full_disk");
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn replaces_a_file_on_a_full_disk() {
    let folder = TempFolder::new();
    let path = folder.write("room.json", b"as it was");
    let new = noise(41, 700);
    for room in 0..new.len() {
        let written = on_a_disk_of(room, || kept_folder::write_whole(&path, &new));
        assert!(written.is_err(), "{room} bytes");
        assert_eq!(fs::read(&path).expect("the file"), b"as it was");
        assert_eq!(folder.names(), ["room.json"], "{room} bytes");
    }
    on_a_disk_of(new.len(), || kept_folder::write_whole(&path, &new)).expect("room enough");
    assert!(fs::read(&path).expect("the file") == new);
}

fn open(folder: &Path, manifest: &Manifest) -> (PartFile, Vec<u32>) {
    let go_on = &mut |_: &Path, _, _| ControlFlow::Continue(());
    match PartFile::open(folder, manifest, go_on).expect("opened") {
        Opened::Part(part, held) => (part, held.iter_ones().collect()),
        Opened::AlreadyThere(path) => panic!("already there: {}", path.display()),
    }
}

#[test]
fn a_part_holds_whole_chunks_alone_wherever_the_disk_is_full() {
    alone("cut_disk::writes_a_part_on_a_full_disk");
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn writes_a_part_on_a_full_disk() {
    const CHUNK: usize = 1024;
    let bytes = noise(42, 3 * CHUNK + 100);
    let manifest = manifest_of("song.bin", &bytes, 10);
    for room in (0..bytes.len()).step_by(3).chain([bytes.len() - 1]) {
        let folder = TempFolder::new();
        let (part, _) = open(folder.path(), &manifest);
        let write = |index: u32| {
            let start = index as usize * CHUNK;
            part.write(index, &bytes[start..bytes.len().min(start + CHUNK)])
        };
        let written = on_a_disk_of(room, || (0..4).map(write).collect::<Vec<_>>());
        let fit = room / CHUNK;
        let taken = written.iter().take_while(|written| written.is_ok()).count();
        assert_eq!(taken, fit, "{room} bytes");
        assert!(part.finish().is_err());
        let mut read = vec![0; CHUNK];
        assert!(fit == 3 || part.read(fit as u32, &mut read).is_err());
        drop(part);
        // Half a chunk lies there, and is not believed.
        let (part, held) = open(folder.path(), &manifest);
        assert_eq!(held.len(), fit, "{room} bytes");
        for index in fit..4 {
            let start = index * CHUNK;
            let chunk = &bytes[start..bytes.len().min(start + CHUNK)];
            part.write(index as u32, chunk).expect("room again");
        }
        let path = part.finish().expect("whole");
        assert!(fs::read(path).expect("the file") == bytes);
    }
}

#[test]
fn an_upload_leaves_nothing_wherever_the_disk_is_full() {
    alone("cut_disk::takes_an_upload_on_a_full_disk");
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn takes_an_upload_on_a_full_disk() {
    let song = wav(43, 900);
    for room in 0..=song.len() {
        let folder = TempFolder::new();
        let arrived = on_a_disk_of(room, || {
            let mut incoming = Incoming::begin(folder.path())?;
            for piece in song.chunks(100) {
                incoming.write(piece)?;
            }
            incoming.finish(true)?.into_place(folder.path(), "song.wav")
        });
        match room < song.len() {
            true => {
                assert!(arrived.is_err(), "{room} bytes");
                assert_eq!(folder.names(), [""; 0], "{room} bytes");
            }
            false => assert!(fs::read(arrived.expect("room enough")).expect("a file") == song),
        }
    }
}

// ---- reading -------------------------------------------------------------------------------------

#[test]
fn a_file_that_cannot_be_read_to_its_end_has_no_hash() {
    let bytes = noise(44, 5000);
    let length = bytes.len() as u64;
    let hash = |source: &mut Faulty| {
        let go_on = &mut |_: &Path, _, _| ControlFlow::Continue(());
        hash_track(source, length, None, Path::new("song"), go_on)
    };
    for fault in FAULTS {
        for after in (0..bytes.len()).step_by(13) {
            assert!(hash(&mut Faulty::new(&bytes, after, fault)).is_err());
        }
    }
    let mut drips = Faulty::in_drips(&bytes, bytes.len(), Fault::End);
    let hashed = hash(&mut drips).expect("interrupted reads are tried again");
    let id = hashed.into_manifest("song").id();
    assert_eq!(id.to_string(), blake3::hash(&bytes).to_string());
}

/// Tags are a help and no promise: of a file that cannot be read there are none, and never half of one.
#[test]
fn a_file_that_cannot_be_read_to_its_end_has_the_tags_that_it_has_or_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/tags");
    let none = format!("{:?}", Tags::default());
    let mut files = 0;
    for entry in fs::read_dir(folder).expect("examples") {
        let path = entry.expect("an example").path();
        let bytes = fs::read(&path).expect("an example");
        let Some(kind) = sniff(&bytes[..bytes.len().min(4096)]) else {
            continue;
        };
        files += 1;
        let whole = read_tags(&mut Faulty::new(&bytes, usize::MAX, Fault::End), kind);
        let drips = read_tags(&mut Faulty::in_drips(&bytes, usize::MAX, Fault::End), kind);
        let name = path.display();
        assert_eq!(format!("{whole:?}"), format!("{drips:?}"), "{name}");
        let step = 1 + bytes.len() / 150;
        for fault in FAULTS {
            for after in (0..bytes.len()).step_by(step) {
                let tags = read_tags(&mut Faulty::new(&bytes, after, fault), kind);
                // A file that ends there is just a shorter one.
                if fault != Fault::End {
                    let tags = format!("{tags:?}");
                    let is_one = tags == format!("{whole:?}") || tags == none;
                    assert!(is_one, "{name}: {after} bytes: {tags}");
                }
            }
        }
    }
    assert!(files > 5, "{files} files");
}
