//! The name of a track that somebody sent, on its way to a file.

use jam::swarm::store::file_name::{final_name, numbered, part_name};
use jam::track::id::TrackId;

pub fn run(bytes: &[u8]) {
    let name = final_name(&String::from_utf8_lossy(bytes));
    assert_plain(&name);
    assert!(!name.starts_with('.'), "hidden: {name:?}");
    assert_eq!(final_name(&name), name, "named twice it has the same name");
    let number = bytes.len() as u32 * 7919;
    assert_plain(&numbered(&name, number));
    let part = part_name(&name, TrackId::from_hash(blake3::hash(bytes)));
    assert_plain(&part);
    assert!(part.starts_with('.') && part.ends_with(".part"));
}

/// One part of a path: of 1 to 255 bytes, and nothing that a system or a terminal understands otherwise.
fn assert_plain(name: &str) {
    assert!((1..=255).contains(&name.len()), "{name:?}");
    assert!(!name.contains(['/', '\\']), "{name:?}");
    assert!(!name.contains(char::is_control), "{name:?}");
    assert!(name != "." && name != "..", "{name:?}");
}
