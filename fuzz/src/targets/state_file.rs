//! A file that a server finds in its folder when it starts: a room that comes back is one that could have been, and is
//! kept again as it is.

use super::assert_one_line;
use crate::common::room_words::home;
use jam::client::parse::parse;
use jam::limits::{QUEUE_TRACKS_MAX, STATE_WORDS_CHARS_MAX};
use jam::room::machine::Room;
use jam::room::message::ServerMessage;
use jam::room::name::RoomName;
use jam::room::snapshot::RoomSnapshot;
use jam::server::state_disk::ServerFile;
use jam::server::state_file::{decode, decode_room, encode, encode_room};

/// How long the server was away, for the three kinds of rooms.
const AWAY_SEC: [f64; 3] = [0.0, 100.0, 1e6];

/// The first byte tells whether it is the server's own file, or for how long the room was away.
pub fn run(bytes: &[u8]) {
    let Some((&kind, bytes)) = bytes.split_first() else {
        return;
    };
    match AWAY_SEC.get(usize::from(kind % 4)) {
        Some(away_sec) => room(bytes, *away_sec),
        None => match decode::<ServerFile>(bytes.to_vec()) {
            Ok(file) => drop(decode::<ServerFile>(encode(&file)).expect("as it was written")),
            Err(why) => assert_one_line(&why, STATE_WORDS_CHARS_MAX),
        },
    }
}

fn room(bytes: &[u8], away_sec: f64) {
    let name = RoomName::parse("jam1").expect("a name");
    let snapshot = match decode_room(&name, bytes.to_vec()) {
        Ok(snapshot) => snapshot,
        Err(why) => return assert_one_line(&why, STATE_WORDS_CHARS_MAX),
    };
    assert_eq!(again(&name, &snapshot), snapshot);
    let now = snapshot.saved_at + away_sec;
    let back = Room::restore(now, name.clone(), snapshot, home());
    // What is told of it, everybody understands.
    let view = back.view(now);
    let state = ServerMessage::State {
        payload: view.state.clone(),
    };
    assert!(parse(&state.encode()).is_ok(), "{}", state.encode());
    // And it comes back once more.
    let kept = back.snapshot(now);
    assert!(kept.queue.len() <= QUEUE_TRACKS_MAX);
    assert_eq!(again(&name, &kept), kept);
    let twice = Room::restore(now, name, kept.clone(), home());
    assert_eq!(twice.snapshot(now).queue, kept.queue);
    assert_eq!(twice.snapshot(now).state, kept.state);
}

fn again(name: &RoomName, snapshot: &RoomSnapshot) -> RoomSnapshot {
    decode_room(name, encode_room(snapshot)).expect("as it was written")
}
