//! What is said of files in `--state-dir` that cannot be understood. What they say when they can: `tests/room_snapshot.rs`.

use jam::limits::STATE_WORDS_CHARS_MAX;
use jam::room::name::RoomName;
use jam::server::state_file::decode_room;

#[test]
fn why_a_file_is_no_room_is_one_short_line_whatever_is_in_it() {
    let name = RoomName::parse("jam1").expect("a name");
    let room = |name: &str, status: &str| {
        let state =
            format!(r#"{{"track_id":null,"status":"{status}","offset_sec":0,"timestamp":1}}"#);
        format!(
            r#"{{"jam_state":1,"room":{{"name":"{name}","saved_at":1,"state":{state},"queue":[]}}}}"#
        )
    };
    assert!(decode_room(&name, room("jam1", "PAUSE").into_bytes()).is_ok());
    let endless = r"a line\n".repeat(5000);
    for (text, words) in [
        (room("jam1", &endless), "unknown variant"),
        (room("jam2", "PAUSE"), "it is of room jam2"),
        (room(&endless, "PAUSE"), "no name of a room"),
        (String::new(), "EOF"),
    ] {
        let why = decode_room(&name, text.into_bytes()).expect_err("no room");
        assert!(why.contains(words), "{why}");
        assert!(!why.contains('\n') && why.chars().count() <= STATE_WORDS_CHARS_MAX);
    }
}
