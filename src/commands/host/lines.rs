//! A room in lines: what changes is printed, and words on standard input are done.

use super::desk::Effect;
use super::outside::Typing;
use super::party::Idle;
use super::plain::{Chronicle, Lines, Word, word};
use super::report;
use super::stay::{Room, TURN};
use crate::cli::Shown;
use crate::client::outgoing;
use crate::commands::Failure;
use crate::limits::HOST_FIRST_LINES_WAIT;
use crate::sys::pen::Pen;
use crossbeam_channel::{never, select};
use std::io;
use std::time::Instant;

/// What is printed; a reader that takes nothing misses lines, and stops nobody.
struct Print {
    out: Pen,
    errors: Pen,
    /// Of standard output, since the last one that had room.
    lost: usize,
}

/// Nothing is told before the room has said what is in it.
#[derive(Default)]
struct Beginning {
    joined: Option<Instant>,
    over: bool,
}

impl Beginning {
    fn is_over(&mut self, room: &Room) -> bool {
        let party = &room.party;
        if party.me.is_some() || party.connected && party.state.is_some() {
            let joined = *self.joined.get_or_insert_with(Instant::now);
            // Room time comes behind all the rest.
            self.over |= room.now().room_sec.is_some() || joined.elapsed() >= HOST_FIRST_LINES_WAIT;
        }
        self.over
    }
}

/// Until somebody leaves. The end of standard input means nothing.
///
/// # Errors
/// When the room is lost for good, or standard output is.
pub fn run(room: &mut Room) -> Result<(), Failure> {
    let mut print = Print::start().map_err(|error| Failure::new("starting a thread", &error))?;
    let typing = Typing::start()?;
    let events = room.events().clone();
    let (mut chronicle, mut lines) = (Chronicle::default(), Lines::default());
    let mut bytes = typing.bytes.clone();
    let mut begins = Beginning::default();
    while room.turn()? {
        if begins.is_over(room) {
            for line in chronicle.tell(&room.party, room.now().room_sec) {
                print.line(&line)?;
            }
        }
        for line in room.said.drain(..) {
            print.error(&line);
        }
        select! {
            recv(events) -> event => match event {
                Ok(event) => room.hear(event)?,
                Err(_) => return Ok(()),
            },
            recv(bytes) -> typed => match typed {
                Ok(typed) => {
                    for line in lines.push(&typed) {
                        if !obey(room, &line, &mut print)? {
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
fn obey(room: &mut Room, line: &str, print: &mut Print) -> Result<bool, Failure> {
    let now = room.now();
    match word(line) {
        Ok(None) => {}
        Ok(Some(Word::Leave)) => return Ok(false),
        Ok(Some(Word::TakeSeat)) => {
            room.carry_out(Effect::Say(outgoing::take_seat()));
        }
        Ok(Some(Word::Add(path))) => {
            room.carry_out(Effect::Add(path));
        }
        Ok(Some(Word::Show(what))) => print.text(match what {
            Shown::State => report::state(&room.party, now.room_sec),
            Shown::Queue => report::queue(&room.party),
            Shown::Members => report::members(&room.party),
        })?,
        Ok(Some(Word::Do(deed))) => {
            let order = match room.party.may_do(&deed) {
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

impl Print {
    fn start() -> io::Result<Self> {
        Ok(Self {
            out: Pen::start(io::stdout())?,
            errors: Pen::start(io::stderr())?,
            lost: 0,
        })
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.text(format!("{line}\n"))
    }

    fn text(&mut self, text: String) -> Result<(), Failure> {
        let lines = text.lines().count();
        let text = match self.lost {
            0 => text,
            lost => format!("{lost} lines are missing here\n{text}"),
        };
        let written = self.out.write(text);
        match written.map_err(|error| Failure::new("writing to standard output", &error))? {
            true => self.lost = 0,
            false => self.lost += lines,
        }
        Ok(())
    }

    fn error(&self, line: &str) {
        // Nobody is left to tell when standard error is gone.
        let _gone = self.errors.write(format!("jam: {line}\n"));
    }
}
