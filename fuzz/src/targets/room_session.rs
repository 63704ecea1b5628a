//! A room in which a host, a viewer and a node say whatever they like: everything that the room tells its members is
//! a message that jam's own client understands.

use crate::common::room_party::{EVERYTHING, Party};
use jam::client::parse::parse;
use jam::limits::SERVER_MESSAGE_BYTES_MAX;
use jam::room::event::{Input, Output};
use jam::room::key::Keys;
use jam::room::members::MemberId;
use jam::room::message::{
    ClientMessage, Hello, HostMessage, Role, RoomMessage, ServerMessage, Wants,
};
use jam::room::parse::parse_message;

const HOST: u64 = 1;
const MEMBERS: u64 = 3;
/// Longer sessions say nothing new, and take long.
const LINES_MAX: usize = 64;

/// A line for each message, after a byte that tells who says it. Other lines let time pass: a byte is so many tenths of
/// a second.
pub fn run(bytes: &[u8]) {
    let mut party = Party::new();
    for id in 1..=MEMBERS {
        let role = if id == HOST { Role::Host } else { Role::Viewer };
        let wants = Wants {
            waiting: id != MEMBERS,
            ..EVERYTHING
        };
        party.join_with(
            id,
            Hello {
                role,
                display_name: None,
                wants,
                node: id == MEMBERS,
                token: None,
                keys: Keys::default(),
            },
        );
    }
    let mut outputs = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n').take(LINES_MAX) {
        let Some((&who, text)) = line.split_first() else {
            continue;
        };
        match std::str::from_utf8(text) {
            Ok(text) if !text.is_empty() => {
                say(&mut party, 1 + u64::from(who) % MEMBERS, text, &mut outputs);
            }
            _ => {
                party.now += f64::from(who) / 10.0;
                party.room.tick(party.now, &mut outputs);
            }
        }
        outputs.drain(..).for_each(|output| check(&output));
    }
}

fn say(party: &mut Party, id: u64, text: &str, outputs: &mut Vec<Output>) {
    let message = match parse_message(text, "jam1") {
        Ok(ClientMessage::Room(message)) => message,
        Ok(ClientMessage::Add {
            track_id,
            before,
            offer: Some(offer),
        }) => {
            let track = Box::new(offer.into_entry(track_id));
            match id {
                // As if the server had it.
                HOST => RoomMessage::Host(HostMessage::Add { track, before }),
                _ => RoomMessage::Offer { track, before },
            }
        }
        _ => return,
    };
    let member = MemberId(id);
    let input = Input::Say { member, message };
    party.room.handle(party.now, input, outputs);
}

fn check(output: &Output) {
    match output {
        Output::Send { message, .. } | Output::Broadcast { message, .. } => understood(message),
        Output::Refuse { .. } => panic!("somebody who is in the room is refused"),
        _ => {}
    }
}

fn understood(message: &ServerMessage) {
    let text = message.encode();
    assert!(text.len() <= SERVER_MESSAGE_BYTES_MAX, "{}", text.len());
    if let Err(malformed) = parse(&text) {
        panic!("{malformed:?}: {text}");
    }
}
