//! A room in lines: what changes is printed, and words on standard input are done.

use super::desk::Effect;
use super::outside::Typing;
use super::party::Idle;
use super::plain::{Chronicle, Lines, Word, word};
use super::report;
use super::stay::{Room, TURN};
use crate::cli::Shown;
use crate::client::outgoing;
use crate::commands::{Failure, print};
use crossbeam_channel::{never, select};

/// Until somebody leaves. The end of standard input means nothing.
///
/// # Errors
/// When the room is lost for good, or standard output is.
pub fn run(room: &mut Room) -> Result<(), Failure> {
    let typing = Typing::start()?;
    let events = room.events().clone();
    let (mut chronicle, mut lines) = (Chronicle::default(), Lines::default());
    let mut bytes = typing.bytes.clone();
    while room.turn()? {
        let knows_all = room.party.connected && room.party.state.is_some();
        if knows_all || room.party.me.is_some() {
            for line in chronicle.tell(&room.party, room.now().room_sec) {
                print(&format!("{line}\n"))?;
            }
        }
        for line in room.said.drain(..) {
            eprintln!("jam: {line}");
        }
        select! {
            recv(events) -> event => match event {
                Ok(event) => room.hear(event)?,
                Err(_) => return Ok(()),
            },
            recv(bytes) -> typed => match typed {
                Ok(typed) => {
                    for line in lines.push(&typed) {
                        if !obey(room, &line)? {
                            return Ok(());
                        }
                    }
                }
                Err(_) => bytes = never(),
            },
            default(TURN) => {}
        }
    }
    Ok(())
}

/// `false`: leave.
fn obey(room: &mut Room, line: &str) -> Result<bool, Failure> {
    let now = room.now();
    match word(line) {
        Ok(None) => {}
        Ok(Some(Word::Leave)) => return Ok(false),
        Ok(Some(Word::TakeSeat)) => {
            room.carry_out(Effect::Say(outgoing::take_seat()));
        }
        Ok(Some(Word::Show(what))) => print(&match what {
            Shown::State => report::state(&room.party, now.room_sec),
            Shown::Queue => report::queue(&room.party),
            Shown::Members => report::members(&room.party),
        })?,
        Ok(Some(Word::Do(deed))) => {
            let order = match room.party.may_control() {
                Ok(()) => room.party.order(&deed, now.room_sec),
                Err(why) => Err(Idle::Cannot(why)),
            };
            match order {
                Ok(order) => {
                    room.party.expect(&order, now.local_sec, now.room_sec);
                    room.carry_out(Effect::Say(order.text));
                }
                Err(Idle::Already) => {}
                Err(Idle::Cannot(why)) => room.say(why),
            }
        }
        Err(how) => room.say(how),
    }
    Ok(true)
}
