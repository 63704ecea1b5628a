//! Stores on real files: what is served, what survives, what a download is called, and what goes wrong.

use crate::common::random;
use crate::common::temp;

use jam::limits::{FILE_NAME_BYTES_MAX, FINAL_NAMES_MAX, HASH_BUFFER_BYTES};
use jam::swarm::bitfield::Bitfield;
use jam::swarm::store::file_name::{final_name, numbered, part_name};
use jam::swarm::store::generated::{Generated, GeneratedSink};
use jam::swarm::store::part_file::{Opened, PartFile};
use jam::swarm::store::seed_file::SeedFile;
use jam::swarm::store::{ChunkStore, StoreError};
use jam::track::chunks::{ChunkSize, Layout};
use jam::track::hashing::hash_track;
use jam::track::id::TrackId;
use jam::track::manifest::Manifest;
use random::for_each_seed;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, SystemTime};
use temp::TempFolder;

const SIZE: Option<ChunkSize> = Some(ChunkSize::MIN);

fn sound(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

fn manifest_of(name: &str, bytes: &[u8], chunk_size: Option<ChunkSize>) -> Manifest {
    let length = bytes.len() as u64;
    let go_on = &mut |_: &Path, _, _| ControlFlow::Continue(());
    let hashed = hash_track(&mut &bytes[..], length, chunk_size, Path::new(name), go_on);
    hashed.expect("hashed").into_manifest(name)
}

fn seed(path: &Path) -> Result<(SeedFile, Manifest), StoreError> {
    SeedFile::open(path, SIZE, &mut |_, _, _| ControlFlow::Continue(()))
}

fn open(folder: &Path, manifest: &Manifest) -> Result<Opened, StoreError> {
    PartFile::open(folder, manifest, &mut |_, _, _| ControlFlow::Continue(()))
}

fn open_part(folder: &Path, manifest: &Manifest) -> (PartFile, Bitfield) {
    match open(folder, manifest).expect("opened") {
        Opened::Part(part, held) => (part, held),
        Opened::AlreadyThere(path) => panic!("already there: {}", path.display()),
    }
}

fn already_there(folder: &Path, manifest: &Manifest) -> PathBuf {
    match open(folder, manifest).expect("opened") {
        Opened::Part(_, held) => panic!("a part with {} chunks", held.count_ones()),
        Opened::AlreadyThere(path) => path,
    }
}

fn part_path(folder: &TempFolder, manifest: &Manifest) -> PathBuf {
    folder.join(&part_name(&final_name(manifest.name()), manifest.id()))
}

fn chunk<'a>(manifest: &Manifest, bytes: &'a [u8], index: u32) -> &'a [u8] {
    let layout = manifest.layout();
    let offset = layout.offset(index) as usize;
    &bytes[offset..offset + layout.chunk_bytes(index)]
}

fn write_all(store: &dyn ChunkStore, manifest: &Manifest, bytes: &[u8]) {
    for index in 0..manifest.layout().count() {
        let chunk = chunk(manifest, bytes, index);
        store.write(index, chunk).expect("written");
    }
}

fn read(store: &dyn ChunkStore, manifest: &Manifest, index: u32) -> Result<Vec<u8>, StoreError> {
    let mut buffer = vec![0; manifest.layout().chunk_bytes(index)];
    store.read(index, &mut buffer).map(|()| buffer)
}

fn read_all(store: &dyn ChunkStore, manifest: &Manifest) -> Vec<u8> {
    let chunks = (0..manifest.layout().count()).map(|index| read(store, manifest, index));
    chunks.flat_map(|chunk| chunk.expect("a chunk")).collect()
}

fn fetch(folder: &Path, manifest: &Manifest, bytes: &[u8]) -> PathBuf {
    let (part, _) = open_part(folder, manifest);
    write_all(&part, manifest, bytes);
    part.finish().expect("finished")
}

/// Makes the time of its last change another one, as writing does.
fn touch(path: &Path) {
    let file = File::options().write(true).open(path).expect("a file");
    let later = SystemTime::now() + Duration::from_secs(10);
    file.set_modified(later).expect("another time");
}

// ---- a seed's file -------------------------------------------------------------------------------

#[test]
fn a_seed_serves_every_chunk_of_a_file_where_it_lies() {
    let temp = TempFolder::new();
    let bytes = sound(300_001);
    let path = temp.write("A song.flac", &bytes);
    let (store, manifest) = seed(&path).expect("a seed");
    assert_eq!(manifest.id(), TrackId::from_hash(blake3::hash(&bytes)));
    assert_eq!(manifest.name(), "A song.flac");
    assert_eq!(manifest.layout().count(), 293);
    assert!(read_all(&store, &manifest) == bytes);
    assert_eq!(store.path(), path);
    assert_eq!(temp.names(), ["A song.flac"], "nothing else is written");
    let error = store.write(0, &bytes[..1024]).expect_err("only read");
    assert!(
        error.to_string().contains("a whole file is only read"),
        "{error}"
    );
    assert!(fs::read(&path).expect("the file") == bytes);
}

#[test]
fn the_chunk_size_of_a_seed_grows_with_its_file_unless_it_is_given() {
    let temp = TempFolder::new();
    let path = temp.write("a", &sound(100_000));
    let size = |given| {
        let opened = SeedFile::open(&path, given, &mut |_, _, _| ControlFlow::Continue(()));
        opened.expect("a seed").1.layout().chunk_size().to_string()
    };
    assert_eq!(size(None), "16 KiB");
    assert_eq!(size(ChunkSize::from_log2(20)), "1 MiB");
}

#[test]
fn a_file_that_was_written_to_is_no_longer_served() {
    let temp = TempFolder::new();
    let bytes = sound(5000);
    type Change = fn(&Path);
    let other: Change = |path| {
        fs::write(path, vec![1; 5000]).expect("written");
        touch(path);
    };
    let changes: [(&str, Change); 4] = [
        ("longer", |path| {
            fs::write(path, sound(5001)).expect("written")
        }),
        ("cut", |path| fs::write(path, sound(4999)).expect("written")),
        ("emptied", |path| fs::write(path, b"").expect("written")),
        ("of the same length", other),
    ];
    for (how, change) in changes {
        let path = temp.write("a", &bytes);
        let (store, manifest) = seed(&path).expect("a seed");
        change(&path);
        for index in 0..manifest.layout().count() {
            let error = read(&store, &manifest, index).expect_err(how);
            assert!(
                matches!(error, StoreError::Changed { .. }),
                "{how}: {error:?}"
            );
        }
    }
}

#[test]
fn a_file_that_was_replaced_or_removed_is_served_on_as_it_was() {
    let temp = TempFolder::new();
    let bytes = sound(5000);
    let path = temp.write("a", &bytes);
    let (store, manifest) = seed(&path).expect("a seed");
    fs::rename(temp.write("b", b"another"), &path).expect("replaced");
    assert!(read_all(&store, &manifest) == bytes);
    fs::remove_file(&path).expect("removed");
    assert!(read_all(&store, &manifest) == bytes);
}

#[test]
fn a_file_that_changes_while_it_is_hashed_is_refused() {
    let temp = TempFolder::new();
    let path = temp.write("a", &sound(2 * HASH_BUFFER_BYTES));
    for change in [&|path: &Path| touch(path), &|path: &Path| {
        fs::write(path, b"short").expect("written")
    }] as [&dyn Fn(&Path); 2]
    {
        let result = SeedFile::open(&path, SIZE, &mut |path, done, _| {
            if done as usize == HASH_BUFFER_BYTES {
                change(path);
            }
            ControlFlow::Continue(())
        });
        assert!(matches!(result, Err(StoreError::Changed { .. })));
    }
}

#[test]
fn what_is_no_file_with_bytes_is_not_seeded() {
    let temp = TempFolder::new();
    let said = |path: &Path| seed(path).expect_err("refused").to_string();
    let empty = temp.write("empty.wav", b"");
    assert_eq!(
        said(&empty),
        format!("seeding {}: the file is empty", empty.display())
    );
    let missing = temp.join("missing.wav");
    assert!(
        said(&missing).ends_with("(check the name)"),
        "{}",
        said(&missing)
    );
    let folder = temp.path();
    assert_eq!(
        said(folder),
        format!(
            "opening {}: not a regular file (name the files in a folder one by one)",
            folder.display()
        )
    );
    // A named pipe that nobody writes into must not keep it waiting.
    let pipe = temp.join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    assert_eq!(
        said(&pipe),
        format!(
            "opening {}: not a regular file (name the files in a folder one by one)",
            pipe.display()
        )
    );
    assert!(matches!(
        seed(Path::new("/dev/zero")),
        Err(StoreError::NotAFile { .. })
    ));
}

#[test]
fn a_file_too_long_for_its_chunk_size_is_refused_at_once_with_what_would_do() {
    let temp = TempFolder::new();
    let path = temp.join("long");
    // 1 GiB of nothing, and a byte.
    File::create(&path)
        .and_then(|file| file.set_len((1 << 30) + 1))
        .expect("a long file");
    let error = seed(&path).expect_err("refused").to_string();
    assert!(
        error.ends_with("(choose a larger one: a power of two from 1 KiB to 4 MiB)"),
        "{error}"
    );
    assert!(
        error.contains("1073741825 bytes are too many for chunks of 1 KiB"),
        "{error}"
    );
}

#[test]
fn hashing_a_seed_may_be_called_off() {
    let temp = TempFolder::new();
    let path = temp.write("a", &sound(10));
    let result = SeedFile::open(&path, SIZE, &mut |_, _, _| ControlFlow::Break(()));
    let error = result.expect_err("called off");
    assert_eq!(
        error.to_string(),
        format!("hashing {}: interrupted", path.display())
    );
}

#[test]
fn chunks_are_read_from_many_threads_at_a_time() {
    let temp = TempFolder::new();
    let bytes = sound(200_000);
    let (store, manifest) = seed(&temp.write("a", &bytes)).expect("a seed");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(read_all(&store, &manifest) == bytes));
        }
    });
}

// ---- a download ----------------------------------------------------------------------------------

#[test]
fn a_download_gets_its_name_when_it_is_whole_and_is_served_on() {
    for_each_seed(20, |random| {
        let temp = TempFolder::new();
        let folder = temp.join("music/new");
        let length = 1 + random.below(100_000);
        let bytes = random.bytes(length);
        let size = ChunkSize::from_log2(10 + random.below(7) as u8);
        let manifest = manifest_of("A song.flac", &bytes, size);
        let (part, held) = open_part(&folder, &manifest);
        assert_eq!(held, Bitfield::new(manifest.layout().count()));
        let mut order: Vec<u32> = (0..manifest.layout().count()).collect();
        while !order.is_empty() {
            let index = order.swap_remove(random.below(order.len()));
            let missing = read(&part, &manifest, index).expect_err("not there yet");
            assert!(matches!(missing, StoreError::Missing { .. }), "{missing}");
            let chunk = chunk(&manifest, &bytes, index);
            part.write(index, chunk).expect("written");
            assert!(read(&part, &manifest, index).expect("there") == chunk);
            let incomplete = part.finish().map(|_| order.is_empty());
            match order.is_empty() {
                true => assert!(matches!(incomplete, Ok(true))),
                false => assert!(
                    matches!(incomplete, Err(StoreError::Incomplete { missing, .. })
                    if missing as usize == order.len())
                ),
            }
        }
        let path = folder.join("A song.flac");
        assert_eq!(part.finish().expect("finished again"), path);
        assert_eq!(part.path(), path);
        assert!(fs::read(&path).expect("the track") == bytes);
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 1);
        assert!(read_all(&part, &manifest) == bytes);
        drop(part);
        assert_eq!(already_there(&folder, &manifest), path);
    });
}

#[test]
fn a_download_goes_on_with_the_chunks_that_are_right() {
    for_each_seed(60, |random| {
        let temp = TempFolder::new();
        let length = 1 + random.below(400_000);
        let bytes = random.bytes(length);
        let size = ChunkSize::from_log2(10 + random.below(6) as u8);
        let manifest = manifest_of("a", &bytes, size);
        let (part, _) = open_part(temp.path(), &manifest);
        let count = manifest.layout().count();
        let mut wanted = Bitfield::new(count);
        for index in (0..count).filter(|_| random.one_in(2)) {
            part.write(index, chunk(&manifest, &bytes, index))
                .expect("written");
            wanted.set(index);
        }
        drop(part);
        let (part, held) = open_part(temp.path(), &manifest);
        assert_eq!(held, wanted);
        for index in 0..count {
            assert_eq!(read(&part, &manifest, index).is_ok(), wanted.get(index));
        }
        write_all(&part, &manifest, &bytes);
        let path = part.finish().expect("finished");
        assert!(fs::read(path).expect("the track") == bytes);
    });
}

#[test]
fn a_part_is_never_believed() {
    for_each_seed(60, |random| {
        let temp = TempFolder::new();
        let bytes = sound(100_000);
        let size = ChunkSize::from_log2(10 + random.below(4) as u8);
        let manifest = manifest_of("a", &bytes, size);
        let (part, _) = open_part(temp.path(), &manifest);
        write_all(&part, &manifest, &bytes);
        drop(part);
        // Bits that fell over, a piece of another file, a cut, something behind the end.
        let path = part_path(&temp, &manifest);
        let mut damaged = fs::read(&path).expect("the part");
        for _ in 0..random.below(5) {
            let place = random.below(damaged.len());
            damaged[place] ^= 1 << random.below(8);
        }
        match random.below(4) {
            0 => damaged.truncate(random.below(damaged.len() + 1)),
            1 => damaged.extend(random.bytes(5000)),
            2 => damaged[..1000].fill(0),
            _ => {}
        }
        fs::write(&path, &damaged).expect("damaged");
        let (part, held) = open_part(temp.path(), &manifest);
        for index in 0..manifest.layout().count() {
            let offset = manifest.layout().offset(index) as usize;
            let right = chunk(&manifest, &bytes, index);
            let there = damaged.get(offset..offset + right.len());
            assert_eq!(held.get(index), there == Some(right), "chunk {index}");
        }
        write_all(&part, &manifest, &bytes);
        let path = part.finish().expect("finished");
        assert!(fs::read(path).expect("the track") == bytes);
    });
}

#[test]
fn a_part_longer_than_its_track_is_cut() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let manifest = manifest_of("a", &bytes, SIZE);
    let path = part_path(&temp, &manifest);
    fs::write(&path, [&bytes[..], &[9; 70_000]].concat()).expect("a long part");
    let (part, held) = open_part(temp.path(), &manifest);
    assert!(held.is_full());
    assert_eq!(fs::metadata(&path).expect("the part").len(), 3000);
    assert!(fs::read(part.finish().expect("finished")).expect("the track") == bytes);
}

#[test]
fn silence_is_told_from_holes() {
    // Chunks 0, 2 and 3 of the track are zeros; of a part with nothing but a last chunk all others are holes.
    let temp = TempFolder::new();
    let mut bytes = vec![0; 4096];
    bytes[1024..2048].fill(1);
    bytes.extend([2; 10]);
    let manifest = manifest_of("a", &bytes, SIZE);
    let (part, _) = open_part(temp.path(), &manifest);
    part.write(4, &bytes[4096..]).expect("written");
    drop(part);
    let (_part, held) = open_part(temp.path(), &manifest);
    assert_eq!(held.iter_zeros().collect::<Vec<_>>(), [1]);
}

#[test]
fn hashing_a_part_tells_how_far_it_is_and_may_be_called_off() {
    let temp = TempFolder::new();
    let bytes = sound(3 * HASH_BUFFER_BYTES);
    let manifest = manifest_of("a", &bytes, SIZE);
    let path = part_path(&temp, &manifest);
    let there = 2 * HASH_BUFFER_BYTES + 1500;
    fs::write(&path, &bytes[..there]).expect("a part");
    let mut told = Vec::new();
    let opened = PartFile::open(temp.path(), &manifest, &mut |file, done, all| {
        assert_eq!((file, all), (path.as_path(), there as u64));
        told.push(done as usize);
        ControlFlow::Continue(())
    });
    assert!(matches!(&opened, Ok(Opened::Part(_, held)) if held.count_ones() == 2 * 128 + 1));
    assert_eq!(told, [HASH_BUFFER_BYTES, 2 * HASH_BUFFER_BYTES, there]);
    drop(opened);

    let called_off = PartFile::open(
        temp.path(),
        &manifest,
        &mut |_, _, _| ControlFlow::Break(()),
    );
    assert!(matches!(called_off, Err(StoreError::Interrupted { .. })));
    assert_eq!(fs::read(&path).expect("the part").len(), there, "it stays");
    let (_part, held) = open_part(temp.path(), &manifest);
    assert_eq!(held.count_ones(), 257, "and is not locked");
}

#[test]
fn a_second_download_of_the_same_track_into_the_same_folder_is_told_so() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let manifest = manifest_of("a", &bytes, SIZE);
    let (part, _) = open_part(temp.path(), &manifest);
    let error = open(temp.path(), &manifest).expect_err("busy");
    assert!(matches!(error, StoreError::Busy { .. }));
    let words = "another jam is fetching this track there (wait for it, or choose another folder)";
    assert!(error.to_string().ends_with(words), "{error}");
    let (elsewhere, _) = open_part(&temp.join("elsewhere"), &manifest);
    let another = manifest_of("a", &sound(3001), SIZE);
    let (other_track, _) = open_part(temp.path(), &another);
    write_all(&part, &manifest, &bytes);
    let path = part.finish().expect("finished");
    // The first one still serves it, and the track is there.
    assert_eq!(already_there(temp.path(), &manifest), path);
    drop((elsewhere, other_track));
}

#[test]
fn a_part_that_is_removed_while_somebody_waits_for_it_is_not_written_to() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let manifest = manifest_of("a", &bytes, SIZE);
    let (part, _) = open_part(temp.path(), &manifest);
    let path = part.path().to_owned();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| fetch(temp.path(), &manifest, &bytes));
        // Time to open the part and find it locked; should it not be enough, this tests less, and passes.
        thread::sleep(Duration::from_millis(50));
        fs::remove_file(&path).expect("removed");
        drop(part);
        assert_eq!(waiting.join().expect("fetched"), temp.join("a"));
    });
    assert!(fs::read(temp.join("a")).expect("the track") == bytes);
}

#[test]
fn one_of_many_that_begin_at_a_time_fetches_and_the_others_find_the_track() {
    for_each_seed(100, |_| {
        let temp = TempFolder::new();
        let bytes = sound(3000);
        let manifest = manifest_of("a", &bytes, SIZE);
        let barrier = Barrier::new(4);
        // Asks until the track is there; whether it was the one that fetched it.
        let fetch = || {
            barrier.wait();
            let mut fetched = false;
            loop {
                match open(temp.path(), &manifest) {
                    Ok(Opened::Part(part, held)) => {
                        assert_eq!(held.count_ones(), 0);
                        write_all(&part, &manifest, &bytes);
                        assert_eq!(part.finish().expect("finished"), temp.join("a"));
                        fetched = true;
                    }
                    Ok(Opened::AlreadyThere(path)) => {
                        assert_eq!(path, temp.join("a"));
                        return fetched;
                    }
                    Err(error) => assert!(matches!(error, StoreError::Busy { .. }), "{error}"),
                }
            }
        };
        let fetchers = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(fetch)).collect();
            let results = threads.into_iter().map(|thread| thread.join());
            results
                .filter(|fetched| *fetched.as_ref().expect("no panic"))
                .count()
        });
        assert_eq!(fetchers, 1);
        assert_eq!(temp.names(), ["a"]);
        assert!(fs::read(temp.join("a")).expect("the track") == bytes);
    });
}

#[test]
fn chunks_that_come_from_many_threads_and_twice_make_the_track() {
    for_each_seed(20, |_| {
        let temp = TempFolder::new();
        let bytes = sound(200_000);
        let manifest = manifest_of("a", &bytes, SIZE);
        let (part, _) = open_part(temp.path(), &manifest);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    write_all(&part, &manifest, &bytes);
                    assert_eq!(part.finish().expect("finished"), temp.join("a"));
                    assert!(read_all(&part, &manifest) == bytes);
                });
            }
        });
        assert_eq!(temp.names(), ["a"]);
        assert!(fs::read(temp.join("a")).expect("the track") == bytes);
    });
}

#[test]
fn a_finished_track_that_its_user_writes_to_is_no_longer_served_and_not_mended() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let manifest = manifest_of("a", &bytes, SIZE);
    let (part, _) = open_part(temp.path(), &manifest);
    write_all(&part, &manifest, &bytes);
    let path = part.finish().expect("finished");
    let file = File::options().write(true).open(&path).expect("the track");
    file.write_all_at(b"tag", 0).expect("written");
    touch(&path);
    part.write(0, &bytes[..1024]).expect("there already");
    assert!(fs::read(&path).expect("the track").starts_with(b"tag"));
    let error = read(&part, &manifest, 0).expect_err("changed");
    assert!(matches!(error, StoreError::Changed { .. }));
}

// ---- names ---------------------------------------------------------------------------------------

#[test]
fn another_file_of_that_name_stays_and_the_track_gets_a_number() {
    let temp = TempFolder::new();
    let (one, two) = (sound(3000), sound(4000));
    temp.write("song.flac", b"mine");
    let first = manifest_of("song.flac", &one, SIZE);
    let path = fetch(temp.path(), &first, &one);
    assert_eq!(path, temp.join("song (2).flac"));
    let second = manifest_of("song.flac", &two, SIZE);
    assert_eq!(
        fetch(temp.path(), &second, &two),
        temp.join("song (3).flac")
    );
    // The same length with other bytes is another track as well.
    let third = manifest_of("song.flac", &vec![1; 3000], SIZE);
    assert_eq!(
        fetch(temp.path(), &third, &vec![1; 3000]),
        temp.join("song (4).flac")
    );
    assert_eq!(
        already_there(temp.path(), &first),
        temp.join("song (2).flac")
    );
    assert_eq!(
        already_there(temp.path(), &second),
        temp.join("song (3).flac")
    );
    assert_eq!(
        fs::read(temp.join("song.flac")).expect("the first"),
        b"mine"
    );
    assert_eq!(temp.names().len(), 4);
}

#[test]
fn a_file_that_is_cut_while_it_is_looked_at_is_not_the_track() {
    let temp = TempFolder::new();
    let bytes = sound(2 * HASH_BUFFER_BYTES);
    let manifest = manifest_of("a", &bytes, SIZE);
    let path = temp.write("a", &bytes);
    let opened = PartFile::open(temp.path(), &manifest, &mut |_, _, _| {
        fs::write(&path, &bytes[..HASH_BUFFER_BYTES]).expect("cut");
        ControlFlow::Continue(())
    });
    assert!(matches!(opened, Ok(Opened::Part(_, held)) if held.count_ones() == 0));
}

#[test]
fn looking_at_a_file_of_that_name_may_be_called_off() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let path = temp.write("a", &bytes);
    let manifest = manifest_of("a", &bytes, SIZE);
    let called_off = PartFile::open(
        temp.path(),
        &manifest,
        &mut |_, _, _| ControlFlow::Break(()),
    );
    let error = called_off.expect_err("called off");
    assert_eq!(
        error.to_string(),
        format!("hashing {}: interrupted", path.display())
    );
    assert_eq!(temp.names(), ["a"]);
}

#[test]
fn a_file_that_appears_while_a_track_is_fetched_is_not_overwritten() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let manifest = manifest_of("song.flac", &bytes, SIZE);
    let (part, _) = open_part(temp.path(), &manifest);
    write_all(&part, &manifest, &bytes);
    temp.write("song.flac", b"mine");
    symlink("/nowhere", temp.join("song (2).flac")).expect("a link to nothing");
    fs::create_dir(temp.join("song (3).flac")).expect("a folder");
    assert_eq!(part.finish().expect("finished"), temp.join("song (4).flac"));
    assert_eq!(
        fs::read(temp.join("song.flac")).expect("the first"),
        b"mine"
    );
}

#[test]
fn when_every_name_is_taken_the_part_stays() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let manifest = manifest_of("song.flac", &bytes, SIZE);
    let (part, _) = open_part(temp.path(), &manifest);
    write_all(&part, &manifest, &bytes);
    for number in 1..=FINAL_NAMES_MAX {
        temp.write(&numbered("song.flac", number), b"");
    }
    let error = part.finish().expect_err("no name");
    assert!(matches!(error, StoreError::NoName { .. }));
    fs::remove_file(temp.join("song (17).flac")).expect("removed");
    assert_eq!(
        part.finish().expect("finished"),
        temp.join("song (17).flac")
    );
}

#[test]
fn a_name_from_a_stranger_never_leaves_the_folder() {
    for (name, path) in [
        ("song.flac", "song.flac"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/etc/passwd", "_etc_passwd"),
        ("AC/DC", "AC_DC"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("..", "track"),
        (".", "track"),
        ("...", "track"),
        (". . .", "track"),
        ("", "track"),
        ("\0\n\u{202e}", "track"),
        ("/", "_"),
        (".bashrc", "bashrc"),
        (" . .hidden", "hidden"),
        (".song.1234567890abcdef.part", "song.1234567890abcdef.part"),
        ("a\nb\u{7}c", "a bc"),
        ("Ünïcödé 日本.opus", "Ünïcödé 日本.opus"),
    ] {
        assert_eq!(final_name(name), path, "{name:?}");
    }
    for_each_seed(3000, |random| {
        let pieces = [
            "/", "\\", ".", "..", " ", "\0", "\n", "a", "é", "日", "𝄞", ".flac", "\u{202e}",
        ];
        let count = random.below(200);
        let name: String = (0..count).map(|_| *random.pick(&pieces)).collect();
        let id = TrackId::from_hash(blake3::hash(name.as_bytes()));
        let clean = final_name(&name);
        let numbered_names = [1, 2, 17, FINAL_NAMES_MAX].map(|number| numbered(&clean, number));
        for file in numbered_names.iter().chain([&clean]) {
            assert!(
                !file.starts_with('.') && is_one_part(file),
                "{name:?}: {file:?}"
            );
        }
        let part = part_name(&clean, id);
        assert!(
            part.starts_with('.') && part.ends_with(".part") && is_one_part(&part),
            "{part:?}"
        );
        assert!(part.contains(&id.to_string()[..16]));
        assert_eq!(final_name(&clean), clean, "cleaning twice changes nothing");
    });
}

fn is_one_part(name: &str) -> bool {
    let printable = !name.contains(['/', '\\']) && !name.chars().any(char::is_control);
    let one = Path::new(name).file_name().is_some_and(|file| file == name);
    printable && one && (1..=FILE_NAME_BYTES_MAX).contains(&name.len())
}

#[test]
fn a_number_goes_before_the_extension_and_long_names_are_cut_before_it() {
    assert_eq!(numbered("song.flac", 1), "song.flac");
    assert_eq!(numbered("song.flac", 2), "song (2).flac");
    assert_eq!(numbered("a.tar.gz", 2), "a.tar (2).gz");
    assert_eq!(numbered("song", 3), "song (3)");
    assert_eq!(numbered("No. 5", 2), "No. 5 (2)");
    assert_eq!(numbered("ends.", 2), "ends. (2)");
    let long = final_name(&format!("{}.flac", "日".repeat(115)));
    assert_eq!(long, format!("{}.flac", "日".repeat(83)));
    assert_eq!(
        numbered(&long, 12),
        format!("{} (12).flac", "日".repeat(81))
    );
    let id = TrackId::from_bytes([0xab; 32]);
    assert_eq!(
        part_name("song.flac", id),
        ".song.flac.abababababababab.part"
    );
    assert_eq!(
        part_name(&long, id),
        format!(".{}.abababababababab.part", "日".repeat(77))
    );
}

/// Found by a hunt: cut behind a blank, it was another name when it was cleaned again.
#[test]
fn a_name_that_is_cut_does_not_end_in_a_blank() {
    let name = final_name(&format!("{}ab {}", "日".repeat(84), "日".repeat(20)));
    assert_eq!(name, format!("{}ab", "日".repeat(84)));
    assert_eq!(final_name(&name), name);
}

#[test]
fn the_longest_names_can_be_made() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let name = format!("{}.flac", "𝄞".repeat(115));
    temp.write(&final_name(&name), b"mine");
    let path = fetch(temp.path(), &manifest_of(&name, &bytes, SIZE), &bytes);
    assert_eq!(path, temp.join(&numbered(&final_name(&name), 2)));
}

// ---- what lies in the way ------------------------------------------------------------------------

#[test]
fn a_symbolic_link_in_the_parts_place_is_not_followed() {
    let temp = TempFolder::new();
    let victim = temp.write("victim", b"precious");
    let folder = TempFolder::new();
    let bytes = sound(3000);
    let manifest = manifest_of("a", &bytes, SIZE);
    let part = part_path(&folder, &manifest);
    for target in [
        victim.clone(),
        temp.join("nothing yet"),
        temp.path().to_owned(),
    ] {
        symlink(&target, &part).expect("a link");
        let error = open(folder.path(), &manifest).expect_err("refused");
        assert!(matches!(error, StoreError::InTheWay { .. }), "{error}");
        assert!(error.to_string().ends_with("(move it away)"), "{error}");
        fs::remove_file(&part).expect("removed");
    }
    assert_eq!(fs::read(&victim).expect("the victim"), b"precious");
    assert_eq!(temp.names(), ["victim"]);
}

#[test]
fn a_pipe_or_a_folder_in_the_parts_place_is_refused_at_once() {
    let folder = TempFolder::new();
    let manifest = manifest_of("a", &sound(3000), SIZE);
    let part = part_path(&folder, &manifest);
    assert!(
        Command::new("mkfifo")
            .arg(&part)
            .status()
            .expect("mkfifo")
            .success()
    );
    assert!(matches!(
        open(folder.path(), &manifest),
        Err(StoreError::InTheWay { .. })
    ));
    fs::remove_file(&part).expect("removed");
    fs::create_dir(&part).expect("a folder");
    assert!(matches!(
        open(folder.path(), &manifest),
        Err(StoreError::InTheWay { .. })
    ));
}

#[test]
fn a_link_or_a_pipe_in_the_final_name_is_not_the_track() {
    let temp = TempFolder::new();
    let elsewhere = TempFolder::new();
    // A link is as long as the path that it holds, here as long as the track.
    let bytes = sound(elsewhere.join("a").as_os_str().len());
    let target = elsewhere.write("a", &bytes);
    symlink(&target, temp.join("a")).expect("a link");
    let pipe = temp.join("a (2)");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .expect("mkfifo")
            .success()
    );
    let path = fetch(temp.path(), &manifest_of("a", &bytes, SIZE), &bytes);
    assert_eq!(path, temp.join("a (3)"));
    assert_eq!(elsewhere.names(), ["a"]);
}

#[test]
fn a_part_that_was_moved_away_is_not_finished() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let manifest = manifest_of("a", &bytes, SIZE);
    let (part, _) = open_part(temp.path(), &manifest);
    write_all(&part, &manifest, &bytes);
    let path = part_path(&temp, &manifest);
    fs::remove_file(&path).expect("removed");
    assert!(matches!(part.finish(), Err(StoreError::Moved { .. })));
    fs::write(&path, b"another file").expect("written");
    assert!(matches!(part.finish(), Err(StoreError::Moved { .. })));
    assert!(!temp.join("a").exists());
    assert_eq!(fs::read(&path).expect("the other file"), b"another file");
}

#[test]
fn a_part_that_somebody_else_cut_or_made_longer_is_not_finished() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let manifest = manifest_of("a", &bytes, SIZE);
    let (part, _) = open_part(temp.path(), &manifest);
    write_all(&part, &manifest, &bytes);
    let path = part_path(&temp, &manifest);
    for length in [2999, 3001] {
        let file = File::options().write(true).open(&path).expect("the part");
        file.set_len(length).expect("another length");
        assert!(matches!(part.finish(), Err(StoreError::Changed { .. })));
    }
    fs::write(&path, b"").expect("emptied");
    let error = read(&part, &manifest, 1).expect_err("emptied");
    assert!(matches!(error, StoreError::Changed { .. }));
    assert!(!temp.join("a").exists());
}

#[test]
fn a_folder_that_is_a_file_is_refused_with_what_to_do() {
    let temp = TempFolder::new();
    let file = temp.write("file", b"mine");
    let manifest = manifest_of("a", &sound(3000), SIZE);
    for folder in [file.clone(), file.join("below")] {
        let error = open(&folder, &manifest).expect_err("refused").to_string();
        let expected = format!(
            "fetching into {}: not a folder (choose another one)",
            folder.display()
        );
        assert_eq!(error, expected);
    }
    assert_eq!(fs::read(file).expect("the file"), b"mine");
}

// ---- what a run that was killed left behind ------------------------------------------------------

#[test]
fn a_program_that_ended_between_its_two_names_is_tidied_up_after() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let manifest = manifest_of("a", &bytes, SIZE);
    let part = part_path(&temp, &manifest);
    fs::hard_link(temp.write("a", &bytes), &part).expect("both names");
    assert_eq!(already_there(temp.path(), &manifest), temp.join("a"));
    assert_eq!(temp.names(), ["a"]);

    // The user has changed the track since: it is theirs, and must not be written to under its other name.
    let mut changed = bytes.clone();
    changed[5] = 77;
    fs::hard_link(temp.write("a", &changed), &part).expect("both names");
    let path = fetch(temp.path(), &manifest, &bytes);
    assert_eq!(path, temp.join("a (2)"));
    assert!(fs::read(temp.join("a")).expect("the changed one") == changed);
    assert_eq!(temp.names(), ["a", "a (2)"]);
}

#[test]
fn a_part_is_removed_when_the_track_is_there_but_not_while_it_is_fetched() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let manifest = manifest_of("a", &bytes, SIZE);
    let (part, _) = open_part(temp.path(), &manifest);
    temp.write("a", &bytes);
    assert_eq!(already_there(temp.path(), &manifest), temp.join("a"));
    assert_eq!(temp.names().len(), 2, "it is in use");
    drop(part);
    assert_eq!(already_there(temp.path(), &manifest), temp.join("a"));
    assert_eq!(temp.names(), ["a"]);
}

#[test]
fn bytes_that_were_written_survive_a_kill() {
    const NAME: &str = "bytes_that_were_written_survive_a_kill";
    let bytes = sound(100_000);
    let manifest = manifest_of("a", &bytes, SIZE);
    if let Some(folder) = inner_folder() {
        let (part, _) = open_part(&folder, &manifest);
        for index in [3, 1, 97] {
            part.write(index, chunk(&manifest, &bytes, index))
                .expect("written");
        }
        let own = std::process::id().to_string();
        let _killed = Command::new("kill").args(["-9", &own]).status();
        unreachable!("it was killed");
    }
    let temp = TempFolder::new();
    let output = run_inner(NAME, temp.path(), "");
    assert!(!output.status.success());
    let (_part, held) = open_part(temp.path(), &manifest);
    assert_eq!(held.iter_ones().collect::<Vec<_>>(), [1, 3, 97]);
}

// ---- disks ---------------------------------------------------------------------------------------

const INNER: &str = "JAM_TEST_INNER_FOLDER";

/// Set in the process that runs a test's other half.
fn inner_folder() -> Option<PathBuf> {
    std::env::var_os(INNER).map(PathBuf::from)
}

/// A test of this file, as `--exact` wants it.
fn path_of(test: &str) -> String {
    let (_, module) = module_path!().split_once("::").expect("not the root");
    format!("{module}::{test}")
}

/// Runs one test of this file once more, in a process of its own whose disks are mounted by `mounts`.
fn run_inner(test: &str, folder: &Path, mounts: &str) -> Output {
    let program = std::env::current_exe().expect("this test");
    let mut command = match mounts {
        "" => Command::new(&program),
        _ => {
            let mut command = Command::new("unshare");
            let script = format!("{mounts} && exec \"$@\"");
            command.args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-ec",
                &script,
                "sh",
            ]);
            command.arg(&program);
            command
        }
    };
    command
        .args(["--exact", &path_of(test), "--nocapture"])
        .env(INNER, folder);
    command.output().expect("the other half of the test")
}

fn assert_inner(test: &str, folder: &Path, mounts: &str) {
    let output = run_inner(test, folder, mounts);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let passed = output.status.success() && text.contains("1 passed");
    assert!(passed, "{text}\n{errors}");
}

#[test]
fn a_full_disk_is_said_and_when_there_is_room_again_the_download_goes_on() {
    const NAME: &str = "a_full_disk_is_said_and_when_there_is_room_again_the_download_goes_on";
    let Some(folder) = inner_folder() else {
        let temp = TempFolder::new();
        let disk = temp.path().to_str().expect("text");
        return assert_inner(
            NAME,
            temp.path(),
            &format!("mount -t tmpfs -o size=1m tmpfs {disk}"),
        );
    };
    let bytes = sound(900_000);
    let manifest = manifest_of("a", &bytes, ChunkSize::from_log2(16));
    fs::write(folder.join("large"), sound(500_000)).expect("something else");
    let (part, _) = open_part(&folder, &manifest);
    let full = (0..manifest.layout().count()).find_map(|index| {
        part.write(index, chunk(&manifest, &bytes, index))
            .err()
            .map(|e| (index, e))
    });
    let (index, error) = full.expect("a full disk");
    assert!(error.is_disk_full(), "{error:?}");
    let text = error.to_string();
    assert!(
        text.ends_with("(make room, or choose another folder)"),
        "{text}"
    );
    assert!(text.contains("/.a."), "{text}");
    assert!(error.source().is_some());
    assert!(matches!(
        read(&part, &manifest, index),
        Err(StoreError::Missing { .. })
    ));
    assert!(matches!(part.finish(), Err(StoreError::Incomplete { .. })));
    drop(part);
    let (part, held) = open_part(&folder, &manifest);
    assert_eq!(
        held.iter_ones().collect::<Vec<_>>(),
        (0..index).collect::<Vec<_>>()
    );
    fs::remove_file(folder.join("large")).expect("room");
    write_all(&part, &manifest, &bytes);
    let path = part.finish().expect("finished");
    assert!(fs::read(path).expect("the track") == bytes);
}

#[test]
fn a_disk_that_cannot_be_written_to_is_said_but_a_track_that_is_there_is_found() {
    const NAME: &str =
        "a_disk_that_cannot_be_written_to_is_said_but_a_track_that_is_there_is_found";
    let bytes = sound(3000);
    let Some(folder) = inner_folder() else {
        let temp = TempFolder::new();
        temp.write("there", &bytes);
        let disk = temp.path().to_str().expect("text");
        let mounts = format!("mount --bind {disk} {disk} && mount -o remount,bind,ro {disk}");
        return assert_inner(NAME, temp.path(), &mounts);
    };
    let said = |folder: &Path| {
        let error = open(folder, &manifest_of("a", &bytes, SIZE)).expect_err("read-only");
        assert!(matches!(&error, StoreError::Io { source, .. }
            if source.kind() == ErrorKind::ReadOnlyFilesystem));
        error.to_string()
    };
    assert!(said(&folder).starts_with("making /"), "{}", said(&folder));
    assert!(
        said(&folder).ends_with("(choose another folder)"),
        "{}",
        said(&folder)
    );
    let below = folder.join("below");
    assert!(
        said(&below).starts_with("making the folder /"),
        "{}",
        said(&below)
    );
    let there = manifest_of("there", &bytes, SIZE);
    assert_eq!(already_there(&folder, &there), folder.join("there"));
    let (store, manifest) = seed(&folder.join("there")).expect("a seed");
    assert!(read_all(&store, &manifest) == bytes);
}

#[test]
fn a_folder_of_somebody_else_is_said() {
    const NAME: &str = "a_folder_of_somebody_else_is_said";
    let manifest = manifest_of("a", &sound(3000), SIZE);
    if let Some(folder) = inner_folder() {
        let error = open(&folder, &manifest).expect_err("not allowed");
        let text = error.to_string();
        assert!(
            text.ends_with("(check who may read and write there)"),
            "{text}"
        );
        return;
    }
    let temp = TempFolder::new();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o555)).expect("read-only");
    let is_root = fs::metadata("/proc/self").expect("this process").uid() == 0;
    match is_root {
        // Permissions do not bind root, so the other half runs as somebody who is nobody.
        true => {
            let copy = TempFolder::new();
            fs::set_permissions(copy.path(), fs::Permissions::from_mode(0o755)).expect("open");
            let program = copy.join("test");
            fs::copy(std::env::current_exe().expect("this test"), &program).expect("a copy");
            let ids = ["--reuid=65534", "--regid=65534", "--clear-groups"];
            let mut command = Command::new("setpriv");
            command
                .args(ids)
                .arg(program)
                .args(["--exact", &path_of(NAME), "--nocapture"]);
            let output = command.env(INNER, temp.path()).output().expect("setpriv");
            let text = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success() && text.contains("1 passed"),
                "{text}\n{errors}"
            );
        }
        false => assert_inner(NAME, temp.path(), ""),
    }
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).expect("as it was");
}

// ---- synthetic tracks ----------------------------------------------------------------------------

fn layout(length: u64, log2: u8) -> Layout {
    let size = ChunkSize::from_log2(log2).expect("a chunk size");
    Layout::new(length, size).expect("a layout")
}

#[test]
fn a_synthetic_track_is_the_same_everywhere_and_fits_its_manifest() {
    let track = Generated::new(layout(120 * 4096 - 100, 12));
    let manifest = track.manifest();
    assert_eq!(manifest.name(), "synthetic-120x4096");
    let bytes = read_all(&track, &manifest);
    assert_eq!(manifest.id(), TrackId::from_hash(blake3::hash(&bytes)));
    assert_eq!(
        manifest,
        manifest_of("synthetic-120x4096", &bytes, ChunkSize::from_log2(12))
    );
    assert_eq!(
        Generated::new(track.manifest().layout()).manifest(),
        manifest
    );
    // Never to change: other machines and other versions make the same.
    assert_eq!(
        manifest.id().to_string(),
        "b8c27c2b97ef7654007e4c1cf9413e112703c96e88282277b810fa7f97c5363d"
    );
    let chunks: std::collections::HashSet<&[u8]> = bytes.chunks(4096).collect();
    assert_eq!(chunks.len(), 120);
}

#[test]
fn a_synthetic_leecher_takes_right_chunks_and_serves_what_it_has() {
    for_each_seed(20, |random| {
        let length = 1 + random.below(100_000) as u64;
        let layout = layout(length, 10 + random.below(6) as u8);
        let (seed, sink) = (Generated::new(layout), GeneratedSink::new(layout));
        let manifest = seed.manifest();
        for index in 0..layout.count() {
            assert!(matches!(
                read(&sink, &manifest, index),
                Err(StoreError::Missing { .. })
            ));
            let right = read(&seed, &manifest, index).expect("a chunk");
            let mut wrong = right.clone();
            wrong[random.below(right.len())] ^= 1 << random.below(8);
            for store in [&sink as &dyn ChunkStore, &seed] {
                let error = store.write(index, &wrong).expect_err("wrong");
                assert!(matches!(error, StoreError::Wrong { .. }), "{error}");
                assert!(!sink.held().get(index));
            }
            seed.write(index, &right).expect("right");
            sink.write(index, &right).expect("right");
            assert_eq!(sink.held().count_ones(), index + 1);
            assert!(read(&sink, &manifest, index).expect("held") == right);
        }
        assert!(sink.held().is_full());
        assert!(read_all(&sink, &manifest) == read_all(&seed, &manifest));
    });
}

#[test]
fn errors_of_a_disk_keep_their_cause() {
    let temp = TempFolder::new();
    let error = seed(&temp.join("missing")).expect_err("missing");
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>());
    assert_eq!(cause.map(io::Error::kind), Some(ErrorKind::NotFound));
    assert!(!error.is_disk_full());
}

#[test]
fn a_buffer_of_another_length_is_a_bug() {
    let temp = TempFolder::new();
    let bytes = sound(3000);
    let (seed_file, manifest) = seed(&temp.write("a", &bytes)).expect("a seed");
    let (part, _) = open_part(&temp.join("b"), &manifest);
    let generated = Generated::new(manifest.layout());
    let sink = GeneratedSink::new(manifest.layout());
    for (index, length) in [(0, 1023), (0, 1025), (2, 1024), (3, 0)] {
        for store in [&seed_file as &dyn ChunkStore, &part, &generated, &sink] {
            let reading = std::panic::AssertUnwindSafe(|| store.read(index, &mut vec![0; length]));
            assert!(
                std::panic::catch_unwind(reading).is_err(),
                "{length} for {index}"
            );
        }
    }
}
