//! A hundred listeners fetch a track of 10 MiB at once, while a room of 200 hears its host.

use crate::Outcome;
use crate::bench::Bench;
use crate::download::{Downloads, get};
use crate::guests::Round;
use crate::party::{Party, STATE_PATIENCE};
use crate::report::{Report, column};
use crate::servers::{Contestant, Server};
use crate::stats::percentile;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const DOWNLOADS: usize = 100;
const TRACK_BYTES: usize = 10 << 20;
const VIEWERS: usize = 200;
const PLAYS: usize = 60;
const PAUSE: Duration = Duration::from_millis(110);

struct Sample {
    peak_kib: u64,
    mib_per_sec: f64,
    without_ms: Vec<f64>,
    with_ms: Vec<f64>,
}

/// # Errors
/// When the track cannot be made. A contestant that fails is a row that says so.
pub fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let track = make_track(&bench.scratch)?;
    let taken = bench.jam_alone(bench.pick(2, 1), |contestant| measure(contestant, &track));
    report.add(
        "downloads",
        "100 fetch 10 MiB at once over a gigabit; memory on top of before, and the last of 200 viewers' STATE",
        bench,
        &[
            column("peak_mib", "peak MiB", 1),
            column("mib_per_sec", "MiB/s", 0),
            column("p50_without_ms", "p50 without ms", 2),
            column("p99_without_ms", "p99 without ms", 2),
            column("p50_with_ms", "p50 with ms", 2),
            column("p99_with_ms", "p99 with ms", 2),
        ],
        &taken,
        |rounds| {
            let without: Vec<f64> = rounds.iter().flat_map(|it| it.without_ms.clone()).collect();
            let with: Vec<f64> = rounds.iter().flat_map(|it| it.with_ms.clone()).collect();
            let peak_kib = rounds.iter().map(|it| it.peak_kib).max();
            let speeds: Vec<f64> = rounds.iter().map(|it| it.mib_per_sec).collect();
            vec![
                peak_kib.unwrap_or(0) as f64 / 1024.0,
                percentile(&speeds, 50.0),
                percentile(&without, 50.0),
                percentile(&without, 99.0),
                percentile(&with, 50.0),
                percentile(&with, 99.0),
            ]
        },
    );
    Ok(())
}

fn measure(contestant: &Contestant, track: &Path) -> Outcome<Sample> {
    let share = track.display().to_string();
    let server = contestant
        .with(&["--share", &share, "--room", "jam1"])
        .start()?;
    let path = format!("/tracks/{}", track_id(&server)?);
    let mut party = server.party()?;
    let host = party.gather("jam1", VIEWERS)?;
    let mut without_ms = Vec::new();
    for _ in 0..PLAYS {
        party.play(&[host]);
        without_ms.push(whole(party.finish_round(STATE_PATIENCE)?)?);
        party.idle(PAUSE)?;
    }
    // Until the host may say as much at once again.
    party.idle(Duration::from_secs(2))?;

    let before_kib = server.process.resident_kib()?;
    server.process.forget_peak()?;
    let began = Instant::now();
    let mut downloads = Downloads::begin(server.address, &path, DOWNLOADS)?;
    let mut with_ms = Vec::new();
    for _ in 0..PLAYS {
        party.play(&[host]);
        let deadline = Instant::now() + STATE_PATIENCE;
        while party.is_round_open() && Instant::now() < deadline {
            step(&mut party, &mut downloads)?;
        }
        with_ms.push(whole(party.end_round()?)?);
        let next = Instant::now() + PAUSE;
        while Instant::now() < next {
            step(&mut party, &mut downloads)?;
        }
    }
    let mib = downloads.bytes() as f64 / f64::from(1 << 20);
    Ok(Sample {
        peak_kib: server
            .process
            .peak_resident_kib()?
            .saturating_sub(before_kib),
        mib_per_sec: mib / began.elapsed().as_secs_f64(),
        without_ms,
        with_ms,
    })
}

/// The room's listeners first: what this thread owes the downloads must not count as the server's delay.
fn step(party: &mut Party, downloads: &mut Downloads) -> Outcome<()> {
    while party.look_soon()? {}
    Ok(downloads.step()?)
}

fn whole(round: Round) -> Outcome<f64> {
    match round.missing {
        0 => Ok(round.last_ms()),
        missing => Err(format!("{missing} STATEs lost").into()),
    }
}

/// A WAV file of 10 MiB: noise, so that no disk or cache can make less of it.
fn make_track(folder: &Path) -> Outcome<PathBuf> {
    const HEAD_BYTES: usize = 44;
    const SAMPLES_PER_SEC: u32 = 44_100;
    const BYTES_PER_FRAME: u16 = 4;
    let data_bytes = (TRACK_BYTES - HEAD_BYTES) as u32;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((data_bytes + HEAD_BYTES as u32 - 8).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes()); // PCM
    bytes.extend(2_u16.to_le_bytes()); // stereo
    bytes.extend(SAMPLES_PER_SEC.to_le_bytes());
    bytes.extend((SAMPLES_PER_SEC * u32::from(BYTES_PER_FRAME)).to_le_bytes());
    bytes.extend(BYTES_PER_FRAME.to_le_bytes());
    bytes.extend(16_u16.to_le_bytes()); // bits
    bytes.extend(b"data");
    bytes.extend(data_bytes.to_le_bytes());
    let mut noise = 1_u64;
    while bytes.len() < TRACK_BYTES {
        // Knuth's MMIX generator; its upper bits are good enough to be heard.
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        bytes.extend(&noise.to_be_bytes()[..4]);
    }
    let path = folder.join("ten-mib.wav");
    fs::write(&path, bytes)?;
    Ok(path)
}

fn track_id(server: &Server) -> Outcome<String> {
    let body = get(server.address, "/api/rooms/jam1")?;
    let room: Value = serde_json::from_slice(&body)?;
    let id = room["tracks"][0]["track_id"].as_str();
    Ok(id.ok_or("the room offers no track")?.into())
}
