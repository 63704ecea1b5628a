//! Peers that send what no node sends: `jam fetch` names each, drops it, and finishes from somebody else.

use crate::common::frames;
use crate::common::liar;
use crate::common::node;
use crate::common::proxy;
use crate::common::temp;

use frames::manifest_of;
use liar::{Liar, Lie, Talk};
use node::{Outcome, Seed, assert_same, fetch, noise};
use proxy::Proxy;
use std::net::TcpStream;

use temp::TempFolder;

struct Told {
    outcome: Outcome,
    liar: Liar,
}

impl Told {
    fn names_the_liar(&self, why: &str) {
        let line = format!("peer {} cut off: {why}", self.liar.at());
        assert!(
            self.outcome.stderr.contains(&line),
            "{}",
            self.outcome.stderr
        );
    }

    fn is_all_there(&self, bytes_of_seed: u64) {
        let done = self.outcome.last_event("done");
        let sources = done["sources"].as_array().expect("a list");
        let seed = sources
            .iter()
            .filter(|source| source["address"] != self.liar.at().as_str());
        let bytes: u64 = seed.filter_map(|source| source["bytes"].as_u64()).sum();
        assert!(bytes >= bytes_of_seed, "{done}");
    }
}

const BYTES: usize = 300_000;

/// Fetches from a liar, and from an honest seed that comes within reach once the liar has lied.
fn tell(lie: Lie) -> Told {
    let folder = TempFolder::new();
    let bytes = noise(5, BYTES);
    let file = folder.write("song.bin", &bytes);
    let seed = Seed::start(&[&file], &["--chunk-size", "4KiB"]);
    let liar = Liar::start(lie, manifest_of("song.bin", &bytes, 12), bytes.clone());
    let proxy = Proxy::shut(seed.address());
    let got = folder.join("got");
    let running = fetch(seed.id(), &[&liar.at(), &proxy.at()], &got, &[]);
    liar.wait_for_lie();
    proxy.unlock();
    let outcome = running.success();
    assert_same(&got.join("song.bin"), &bytes);
    assert_eq!(std::fs::read_dir(&got).expect("the folder").count(), 1);
    Told { outcome, liar }
}

#[test]
fn who_sends_wrong_bytes_is_named_and_not_dialled_again() {
    let told = tell(Lie::WrongBytes);
    told.names_the_liar("chunk ");
    assert!(told.outcome.stderr.contains(" has a wrong checksum"));
    told.is_all_there(BYTES as u64);
    assert_eq!(told.liar.connections(), 1);
}

#[test]
fn who_sends_a_chunk_that_is_too_short_is_named() {
    let told = tell(Lie::ShortChunk);
    told.names_the_liar("chunk ");
    told.is_all_there(BYTES as u64);
}

#[test]
fn who_sends_the_bytes_of_another_chunk_is_named() {
    let told = tell(Lie::WrongIndex);
    told.names_the_liar("");
    told.is_all_there(BYTES as u64);
}

#[test]
fn who_sends_a_chunk_that_the_track_has_not_is_named() {
    tell(Lie::IndexBeyondTheTrack).names_the_liar("it answers what was not asked");
}

#[test]
fn who_has_news_of_a_chunk_that_the_track_has_not_is_named() {
    let told = tell(Lie::NewsBeyondTheTrack);
    told.names_the_liar("it names chunk 74, which the track has not");
    assert_eq!(told.liar.connections(), 1);
}

#[test]
fn who_announces_a_giant_frame_is_named() {
    let told = tell(Lie::GiantFrame);
    told.names_the_liar("frame of 4294967280 bytes, where 1 to 36864 may come");
    assert_eq!(told.liar.connections(), 1);
}

#[test]
fn who_sends_no_frames_is_named() {
    tell(Lie::EmptyFrame).names_the_liar("frame of 0 bytes");
    tell(Lie::UnknownKind).names_the_liar("unexpected frame of kind 0x77");
}

#[test]
fn a_bitfield_of_another_length_is_named() {
    tell(Lie::WrongBitfield).names_the_liar("its bitfield is not one of this track");
}

#[test]
fn a_manifest_that_is_not_proved_is_named_and_somebody_else_is_asked_at_once() {
    let told = tell(Lie::WrongManifest);
    told.names_the_liar("checksums of the manifest are not those of");
    let told = tell(Lie::WrongLength);
    told.names_the_liar("manifest does not prove its 300000 bytes");
    assert_eq!(told.liar.connections(), 1);
}

#[test]
fn a_manifest_that_does_not_come_is_asked_of_somebody_else() {
    tell(Lie::NoManifest);
}

#[test]
fn a_chunk_that_stops_half_way_is_asked_of_somebody_else() {
    tell(Lie::StopsMidChunk);
}

#[test]
fn a_connection_that_ends_half_way_through_a_chunk_changes_nothing() {
    let told = tell(Lie::ClosesMidChunk);
    assert!(
        !told.outcome.stderr.contains("cut off"),
        "{}",
        told.outcome.stderr
    );
}

#[test]
fn a_seed_that_always_sends_the_same_chunk_holds_nobody_up() {
    let told = tell(Lie::SameChunk);
    told.is_all_there(BYTES as u64 - 4096);
}

#[test]
fn who_sends_a_chunk_that_nobody_asked_for_is_named() {
    let told = tell(Lie::UnaskedChunk);
    told.names_the_liar("unexpected frame of kind 0x21");
    assert_eq!(told.liar.connections(), 1);
}

#[test]
fn who_sends_another_answer_than_that_to_the_question_is_named() {
    tell(Lie::OtherAnswer).names_the_liar("unexpected frame of kind 0x23");
}

#[test]
fn who_says_that_a_track_has_four_thousand_million_chunks_is_named() {
    let told = tell(Lie::EndlessManifest);
    told.names_the_liar("malformed frame of kind 0x20");
    told.is_all_there(BYTES as u64);
}

#[test]
fn who_sends_a_byte_a_second_holds_nobody_up() {
    let told = tell(Lie::Drips);
    told.is_all_there(BYTES as u64);
}

#[test]
fn a_name_from_a_stranger_makes_one_file_in_the_folder() {
    // One chunk: this liar always begins with the first.
    let bytes = noise(5, 4000);
    let longest: &str = "日".repeat(100).leak();
    for (name, file) in [
        (longest, &longest[..255]),
        ("../../song.flac", "_.._song.flac"),
        ("..", "track"),
        ("song\0.flac", "song.flac"),
        ("two\nlines.flac", "two lines.flac"),
        ("\u{1f4bf}\u{1f3b5}.mp3", "\u{1f4bf}\u{1f3b5}.mp3"),
        ("CON", "CON"),
        ("aux.flac", "aux.flac"),
    ] {
        let folder = TempFolder::new();
        let manifest = manifest_of("song.bin", &bytes, 12);
        let id = manifest.id().to_string();
        let liar = Liar::start(Lie::Named(name), manifest, bytes.clone());
        let got = folder.join("got");
        fetch(&id, &[&liar.at()], &got, &[]).success();
        assert_same(&got.join(file), &bytes);
        for folder in [&got, folder.path()] {
            assert_eq!(std::fs::read_dir(folder).expect("a folder").count(), 1);
        }
    }
}

#[test]
fn a_liar_that_tells_an_honest_nodes_id_does_not_get_that_node_banned() {
    let folder = TempFolder::new();
    let bytes = noise(5, BYTES);
    let file = folder.write("song.bin", &bytes);
    let seed = Seed::start(&[&file], &["--chunk-size", "4KiB"]);
    let manifest = manifest_of("song.bin", &bytes, 12);
    let socket = TcpStream::connect(seed.address()).expect("connected");
    let talk = Talk::dial(socket, &manifest).expect("the handshake");
    let node = talk.1.expect("its id");
    let liar = Liar::start_as(node, Lie::WrongBytes, manifest, bytes.clone());
    let proxy = Proxy::shut_on("127.0.0.2", seed.address());
    let got = folder.join("got");
    let running = fetch(seed.id(), &[&liar.at(), &proxy.at()], &got, &[]);
    liar.wait_for_lie();
    proxy.unlock();
    let outcome = running.success();
    assert_same(&got.join("song.bin"), &bytes);
    let line = format!("peer {} cut off: ", liar.at());
    assert!(outcome.stderr.contains(&line), "{}", outcome.stderr);
}
