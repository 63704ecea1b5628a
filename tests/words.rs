//! What the commands say: numbers in words, lines fitted to a terminal, when a line is written, reports and JSON.

use crate::common::random;

use jam::commands::pace::{Mode, Pace};
use jam::commands::report::{Fetched, Invitation, Missed, Seeded, Source};
use jam::commands::words::{self, Fetching, Waiting};
use jam::commands::{event, report};
use jam::room::address::RoomAddress;
use jam::track::chunks::ChunkSize;
use jam::track::id::TrackId;
use random::for_each_seed;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;

/// 2.1 of 4.9 MiB.
fn halfway() -> Fetching {
    Fetching {
        bytes: 2_202_010,
        total: 5_138_022,
        rate: 11_848_909.0,
        peers: 7,
        eta_sec: Some(1.2),
    }
}

fn tried(count: usize) -> Vec<(String, String)> {
    let one = |number| (format!("10.0.0.{number}:9003"), "connection refused".into());
    (2..2 + count).map(one).collect()
}

// ---- numbers -------------------------------------------------------------------------------------

#[test]
fn sizes_have_three_digits_and_the_unit_that_suits_them() {
    for (bytes, expected) in [
        (0, "0 bytes"),
        (1, "1 byte"),
        (612, "612 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 KiB"),
        (4_096, "4.0 KiB"),
        (102_297, "99.9 KiB"),
        (102_400, "100 KiB"),
        (1_022_976, "999 KiB"),
        (1_023_488, "1.0 MiB"),
        (5_138_022, "4.9 MiB"),
        (512 << 20, "512 MiB"),
        (1 << 30, "1.0 GiB"),
        (u64::MAX, "16384 PiB"),
    ] {
        assert_eq!(words::size(bytes), expected, "{bytes}");
    }
    assert_eq!(words::size_of(2_202_010, 5_138_022), "2.1 of 4.9 MiB");
    assert_eq!(words::size_of(612, 5_138_022), "0.0 of 4.9 MiB");
    assert_eq!(words::size_of(0, 1), "0 of 1 byte");
}

#[test]
fn rates_are_in_kib_at_least() {
    for (rate, expected) in [
        (0.0, "0.0 KiB/s"),
        (600.0, "0.6 KiB/s"),
        (11_848_909.0, "11.3 MiB/s"),
        (117e6, "112 MiB/s"),
        (f64::NAN, "0.0 KiB/s"),
        (f64::INFINITY, "16384 PiB/s"),
    ] {
        assert_eq!(words::rate(rate), expected, "{rate}");
    }
}

#[test]
fn durations_are_minutes_and_seconds_as_on_a_clock() {
    for (sec, expected) in [
        (0.0, "0:00"),
        (1.2, "0:02"),
        (59.0, "0:59"),
        (60.0, "1:00"),
        (754.0, "12:34"),
        (3_723.0, "1:02:03"),
        (4.0 * 86_400.0, "4 days"),
        (f64::INFINITY, "213503982334601 days"),
    ] {
        assert_eq!(words::duration(sec), expected, "{sec}");
    }
    for (sec, expected) in [
        (0.0, "0.00 s"),
        (0.62, "0.62 s"),
        (8.24, "8.2 s"),
        (59.9, "59.9 s"),
        (59.96, "1:00"),
    ] {
        assert_eq!(words::took(sec), expected, "{sec}");
    }
}

#[test]
fn only_the_whole_is_a_hundred_percent() {
    assert_eq!(words::percent(0, 0), 0);
    assert_eq!(words::percent(999, 1_000), 99);
    assert_eq!(words::percent(1_000, 1_000), 100);
    assert_eq!(words::percent(2_000, 1_000), 100);
    assert_eq!(words::percent(u64::MAX - 1, u64::MAX), 99);
    assert_eq!(words::bar(43, 100, 20), "[########>           ]");
    assert_eq!(words::bar(0, 100, 5), "[>    ]");
    assert_eq!(words::bar(99, 100, 5), "[####>]");
    assert_eq!(words::bar(100, 100, 5), "[#####]");
    assert_eq!(words::bar(0, 0, 5), "[>    ]");
}

// ---- the line of a download ----------------------------------------------------------------------

#[test]
fn a_line_of_progress_fits_the_terminal_and_loses_the_least_first() {
    for (columns, expected) in [
        (
            79,
            " 42 %  [########>           ]  2.1 of 4.9 MiB  11.3 MiB/s  7 peers  0:02 left",
        ),
        (
            65,
            " 42 %  [##>   ]  2.1 of 4.9 MiB  11.3 MiB/s  7 peers  0:02 left",
        ),
        (60, " 42 %  2.1 of 4.9 MiB  11.3 MiB/s  7 peers  0:02 left"),
        (50, " 42 %  2.1 of 4.9 MiB  11.3 MiB/s  0:02 left"),
        (40, " 42 %  11.3 MiB/s  0:02 left"),
        (20, " 42 %  0:02 left"),
        (5, " 42 %"),
        (4, " ..."),
        (0, ""),
    ] {
        assert_eq!(words::progress(&halfway(), columns), expected, "{columns}");
    }
    let wide = words::progress(&halfway(), 1_000);
    assert_eq!(wide.matches(['#', '>']).count(), 18, "{wide}");
    assert_eq!(
        words::progress_without_bar(&halfway()),
        " 42 %  2.1 of 4.9 MiB  11.3 MiB/s  7 peers  0:02 left"
    );
    let unknown = Fetching {
        peers: 1,
        eta_sec: None,
        ..halfway()
    };
    assert_eq!(
        words::progress_without_bar(&unknown),
        " 42 %  2.1 of 4.9 MiB  11.3 MiB/s  1 peer"
    );
}

#[test]
fn whatever_the_numbers_are_the_line_fits() {
    for_each_seed(5_000, |random| {
        let columns = random.below(200);
        let total = random.next() >> random.below(64);
        let now = Fetching {
            bytes: random.next() >> random.below(64),
            total,
            rate: (random.next() >> random.below(64)) as f64,
            peers: random.next() as usize >> random.below(64),
            eta_sec: (!random.one_in(3)).then(|| (random.next() >> random.below(64)) as f64),
        };
        let line = words::progress(&now, columns);
        assert!(line.len() <= columns, "{columns}: {line}");
    });
}

#[test]
fn waiting_says_for_whom_and_why() {
    let nobody = |count| {
        words::waiting(&Waiting::Nobody {
            tried: &tried(count),
        })
    };
    assert_eq!(nobody(0), "waiting for a peer: nobody known yet");
    assert_eq!(
        nobody(1),
        "waiting for a peer: nobody reachable at 10.0.0.2:9003 (connection refused); trying again"
    );
    let many = nobody(9);
    assert!(many.ends_with("10.0.0.4:9003 (connection refused) and 6 more; trying again"));
    let room = "jam1";
    assert_eq!(
        words::waiting(&Waiting::NobodyInRoom { room }),
        "waiting for a peer: nobody in room jam1 has the track yet"
    );
    let (missing, peers) = (1, 2);
    assert_eq!(
        words::waiting(&Waiting::Chunks { missing, peers }),
        "waiting for 1 chunk that nobody has yet (2 peers connected)"
    );
    let (address, why) = ("10.0.0.2:8000", "timed\nout");
    assert_eq!(
        words::waiting(&Waiting::Server { address, why }),
        "waiting for the server: 10.0.0.2:8000 not reachable (timed out); trying again"
    );
    assert_eq!(
        words::hashing("a\u{1b}[2J\n", 1, 3),
        "hashing a[2J : 33 % of 3 bytes"
    );
}

// ---- when a line is written ----------------------------------------------------------------------

/// How many of a thousand calls in ten seconds write something.
fn written(mode: Mode, mut call: impl FnMut(&mut Pace, f64) -> Option<String>) -> usize {
    let mut pace = Pace::new(mode);
    let times = (0..1_000).map(|step| f64::from(step) / 100.0);
    times.filter_map(|now| call(&mut pace, now)).count()
}

#[test]
fn a_terminal_and_a_program_hear_five_times_a_second_and_a_log_once() {
    for (mode, most) in [
        (Mode::Terminal { columns: 79 }, 50),
        (Mode::Json, 50),
        (Mode::Plain, 10),
    ] {
        let count = written(mode, |pace, now| pace.fetching(now, &halfway()));
        assert!((most * 4 / 5..=most).contains(&count), "{mode:?}: {count}");
    }
}

#[test]
fn the_same_reason_to_wait_is_not_repeated_for_half_a_minute() {
    for mode in [Mode::Plain, Mode::Json] {
        let why = Waiting::NobodyInRoom { room: "jam1" };
        assert_eq!(written(mode, |pace, now| pace.waiting(now, &why)), 1);
        let mut pace = Pace::new(mode);
        assert!(pace.waiting(0.0, &why).is_some());
        assert!(pace.waiting(29.0, &why).is_none());
        assert!(pace.waiting(31.0, &why).is_some());
        let other = Waiting::Nobody { tried: &[] };
        assert!(pace.waiting(33.0, &other).is_some());
        assert!(pace.waiting(35.0, &why).is_some());
        assert!(pace.fetching(37.0, &halfway()).is_some());
        assert!(pace.waiting(39.0, &why).is_some());
    }
}

#[test]
fn quick_hashing_is_not_worth_a_word() {
    for mode in [Mode::Plain, Mode::Json, Mode::Terminal { columns: 79 }] {
        let mut pace = Pace::new(mode);
        assert_eq!(pace.hashing(0.0, "a.mp3", 0, 100), None);
        assert_eq!(pace.hashing(0.9, "a.mp3", 90, 100), None);
        let said = pace.hashing(1.1, "a.mp3", 95, 100).expect("it takes long");
        assert!(said.contains("95"), "{said}");
    }
}

#[test]
fn a_file_that_is_long_on_its_way_is_told_of_now_and_then() {
    let mut pace = Pace::new(Mode::Plain);
    let mib = 1 << 20;
    assert_eq!(pace.sending(0.0, "a.mp3", 0, 4 * mib), None);
    assert_eq!(pace.sending(0.9, "a.mp3", mib, 4 * mib), None);
    let said = pace.sending(1.1, "a.mp3", 2 * mib, 4 * mib);
    assert_eq!(
        said.as_deref(),
        Some("sending a.mp3: 2.0 of 4.0 MiB, 50 %\n")
    );
    assert_eq!(pace.sending(1.9, "a.mp3", 3 * mib, 4 * mib), None);
    assert!(pace.sending(2.2, "a.mp3", 3 * mib, 4 * mib).is_some());
    // The next file has a second of its own.
    pace.clear();
    assert_eq!(pace.sending(3.0, "b.mp3", 0, 4 * mib), None);
}

#[test]
fn a_shorter_line_wipes_what_the_longer_one_left_and_clearing_wipes_all() {
    let mut pace = Pace::new(Mode::Terminal { columns: 30 });
    let first = pace.waiting(0.0, &Waiting::Nobody { tried: &tried(1) });
    assert_eq!(first.as_deref(), Some("\rwaiting for a peer: nobody ...\r"));
    let second = pace.waiting(
        1.0,
        &Waiting::Chunks {
            missing: 9,
            peers: 1,
        },
    );
    assert_eq!(
        second.as_deref(),
        Some("\rwaiting for 9 chunks that n...\r")
    );
    let third = pace.fetching(2.0, &halfway());
    assert_eq!(third.as_deref(), Some("\r 42 %  11.3 MiB/s  0:02 left  \r"));
    assert_eq!(pace.clear(), Some(format!("\r{}\r", " ".repeat(28))));
    assert_eq!(pace.clear(), None);
}

// ---- results -------------------------------------------------------------------------------------

fn source(number: usize, bytes: u64) -> Source {
    Source {
        node: format!("{number:016x}"),
        address: Some(format!("10.0.0.{number}:9004")),
        seed: false,
        bytes,
    }
}

fn fetched(sources: Vec<Source>) -> Fetched {
    Fetched {
        path: PathBuf::from("Music/song.mp3"),
        bytes: sources.iter().map(|source| source.bytes).sum(),
        had_bytes: 0,
        seconds: 0.6,
        sources,
    }
}

#[test]
fn a_download_is_reported_with_its_path_first_and_its_sources_by_what_they_gave() {
    let seed = Source {
        seed: true,
        ..source(2, 1_258_291)
    };
    let undialled = Source {
        address: None,
        ..source(7, 300_000)
    };
    let others = [source(5, 943_718), source(6, 2_600_000), source(8, 0)];
    let report = report::fetched(&fetched([vec![undialled, seed], others.into()].concat()));
    let expected = "\
        Music/song.mp3\n\
        4.9 MiB in 0.60 s, 8.1 MiB/s\n\
        from 10.0.0.6:9004: 2.5 MiB (51 %)\n\
        from the seed 10.0.0.2:9004: 1.2 MiB (25 %)\n\
        from 10.0.0.5:9004: 922 KiB (18 %)\n\
        from node 0000000000000007: 293 KiB (6 %)\n";
    assert_eq!(report, expected);
}

#[test]
fn the_small_ones_among_many_sources_are_summed_up() {
    let lines = |count: usize| {
        let sources = (1..=count).map(|number| source(number, 1_000 * number as u64));
        let report = report::fetched(&fetched(sources.collect()));
        report.lines().skip(2).map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(lines(9).len(), 9);
    let ten = lines(10);
    assert_eq!(ten.len(), 9);
    assert_eq!(ten[0], "from 10.0.0.10:9004: 9.8 KiB (18 %)");
    assert_eq!(ten[8], "from 2 others: 2.9 KiB (5 %)");
}

#[test]
fn what_was_there_before_is_not_counted_as_fetched() {
    let mut resumed = fetched(vec![source(1, 1 << 20)]);
    resumed.bytes = 5 << 20;
    resumed.had_bytes = 4 << 20;
    let report = report::fetched(&resumed);
    let second = report.lines().nth(1).expect("a second line");
    assert_eq!(
        second,
        "5.0 MiB, 1.0 MiB of it fetched now in 0.60 s, 1.7 MiB/s"
    );
    resumed.had_bytes = 5 << 20;
    resumed.sources.clear();
    let report = report::fetched(&resumed);
    assert_eq!(report, "Music/song.mp3\n5.0 MiB, all of it there already\n");
}

fn missed(number: usize) -> Missed {
    Missed {
        name: format!("{number}.wav"),
        track_id: format!("{number:064x}"),
        why: "nobody had it".into(),
    }
}

#[test]
fn tracks_that_are_missing_are_told_one_by_one_and_again_in_the_end() {
    assert_eq!(
        report::missed(&missed(1)),
        "1.wav is left out: nobody had it\n"
    );
    assert_eq!(report::missing(&[], 3), None);
    let again = "(run the same command again to try once more)";
    assert_eq!(
        report::missing(&[missed(1), missed(2)], 3),
        Some(format!(
            "2 of 3 tracks are missing {again}: 1.wav: nobody had it; 2.wav: nobody had it"
        ))
    );
    let one = report::missing(&[missed(1)], 2).expect("one is missing");
    assert!(one.starts_with("1 of 2 tracks is missing ("), "{one}");
    let many: Vec<Missed> = (0..100).map(missed).collect();
    let text = report::missing(&many, 100).expect("some are missing");
    assert!(
        text.ends_with("; 7.wav: nobody had it; and 92 more"),
        "{text}"
    );
    let event: Value = serde_json::from_str(&event::failed(&missed(1))).expect("JSON");
    let expected = json!({
        "event": "failed", "track_id": format!("{:064x}", 1), "name": "1.wav", "message": "nobody had it",
    });
    assert_eq!(event, expected);
}

fn seeded(name: &str) -> Seeded {
    Seeded {
        id: TrackId::from_hash(blake3::hash(b"")),
        name: name.into(),
        bytes: 5_138_022,
        chunks: 314,
        chunk_size: ChunkSize::from_bytes(16_384).expect("a chunk size"),
    }
}

const ID: &str = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

#[test]
fn a_seed_says_what_to_type_elsewhere() {
    let addresses: [SocketAddr; 2] =
        ["192.168.1.20:9003", "[fd00::2]:9003"].map(|text| text.parse().expect("an address"));
    let room = RoomAddress::parse("192.168.1.20:8000/jam1").expect("a room");
    let text = report::seeding(
        &[seeded("song.mp3")],
        &Invitation {
            addresses: &addresses,
            port: 9003,
            room: Some(&room),
            key: false,
        },
    );
    let expected = format!(
        "track  {ID}\n\
         name   song.mp3\n\
         size   4.9 MiB, 314 chunks of 16 KiB\n\
         fetch  jam fetch {ID} --room ws://192.168.1.20:8000/ws/jam1\n       \
                jam fetch {ID} --connect 192.168.1.20:9003\n       \
                jam fetch {ID} --connect '[fd00::2]:9003'\n\
         \n\
         Ctrl-C stops it.\n"
    );
    assert_eq!(text, expected);
}

#[test]
fn what_a_seed_says_to_type_is_understood() {
    let addresses = ["192.168.1.20:9003".parse().expect("an address")];
    let room = RoomAddress::parse("[fd00::2]:8000/jam1").expect("a room");
    for (addresses, room, key) in [
        (&addresses[..], None, true),
        (&addresses, Some(&room), false),
        (&[], Some(&room), true),
        (&[], None, false),
    ] {
        let invitation = Invitation {
            addresses,
            port: 9003,
            room,
            key,
        };
        let text = report::seeding(&[seeded("a"), seeded("b\n")], &invitation);
        let commands: Vec<&str> = text
            .lines()
            .filter_map(|line| Some(line.split_once("jam fetch ")?.1))
            .collect();
        assert!(commands.len() >= 2, "{text}");
        for command in commands {
            let words = command.split(' ').map(|word| word.trim_matches('\''));
            let parsed = jam::cli::parse(["fetch"].into_iter().chain(words));
            assert!(parsed.is_ok(), "{command}");
        }
        assert_eq!(text.contains("KEY is the text"), key, "{text}");
        let alone = addresses.is_empty() && room.is_none();
        assert_eq!(text.contains("it has no network"), alone, "{text}");
    }
}

#[test]
fn a_chunk_is_told_with_the_beginning_of_its_checksum() {
    let checksum = *blake3::hash(b"").as_bytes();
    assert_eq!(
        report::chunk(17, 4_096, &checksum),
        "chunk 17: 4096 bytes af1349b9f5f9...\n"
    );
    assert_eq!(report::DOWNLOAD_COMPLETE, "download complete\n");
}

// ---- JSON ----------------------------------------------------------------------------------------

#[test]
fn every_event_is_one_line_of_json() {
    let read = |line: String| -> Value {
        assert!(line.ends_with('\n') && line.matches('\n').count() == 1);
        serde_json::from_str(&line).expect("JSON")
    };
    assert_eq!(
        read(event::progress(&halfway())),
        json!({"event": "progress", "bytes": 2_202_010, "total": 5_138_022, "rate": 11_848_909,
               "peers": 7, "eta_sec": 1.2})
    );
    let unknown = Fetching {
        eta_sec: None,
        ..halfway()
    };
    assert_eq!(read(event::progress(&unknown))["eta_sec"], Value::Null);
    assert_eq!(
        read(event::waiting(&Waiting::NobodyInRoom { room: "a" })),
        json!({"event": "waiting",
               "message": "waiting for a peer: nobody in room a has the track yet"})
    );
    assert_eq!(
        read(event::hashing("a\n", 1, 2)),
        json!({"event": "hashing", "name": "a\n", "bytes": 1, "total": 2})
    );
    assert_eq!(
        read(event::error("no \"such\"\nthing")),
        json!({"event": "error", "message": "no \"such\"\nthing"})
    );
    let undialled = Source {
        address: None,
        seed: true,
        ..source(3, 10)
    };
    assert_eq!(
        read(event::done(&fetched(vec![undialled, source(2, 590)]))),
        json!({"event": "done", "path": "Music/song.mp3", "bytes": 600, "had_bytes": 0,
        "seconds": 0.6, "rate": 1000, "sources": [
            {"node": "0000000000000002", "address": "10.0.0.2:9004", "seed": false, "bytes": 590},
            {"node": "0000000000000003", "address": null, "seed": true, "bytes": 10},
        ]})
    );
}
