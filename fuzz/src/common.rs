//! What the targets share with the project's tests.

#[path = "../../tests/common/room_party.rs"]
#[allow(dead_code)]
pub mod room_party;
#[path = "../../tests/common/room_words.rs"]
#[allow(dead_code)]
pub mod room_words;
