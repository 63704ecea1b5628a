//! A room on a screen: draws what there is, and does what keys ask for.

use super::desk::Effect;
use super::keys::Keys;
use super::outside::{Asked, Typing, Watch, sleep_until_continued};
use super::screen::{View, draw};
use super::stay::{Room, TURN};
use super::terminal::{Canvas, Terminal, size};
use crate::commands::Failure;
use crate::limits::{HOST_DRAW_EVERY, HOST_LOG_LINES_MAX, SERVER_TEXT_CHARS_MAX};
use crate::sys::logger::Diverted;
use crate::text::clean_display_text;
use crossbeam_channel::{Receiver, bounded, never, select};
use std::time::Instant;

/// Until somebody leaves.
///
/// # Errors
/// When the room or the terminal is lost for good.
pub fn run(room: &mut Room, watch: &Watch) -> Result<(), Failure> {
    let (sender, log) = bounded(HOST_LOG_LINES_MAX);
    let terminal = Terminal::take().map_err(|error| gone(&error))?;
    watch.has_taken(&terminal);
    let diverted = Diverted::start(sender);
    let done = Live {
        room,
        watch,
        terminal: terminal.clone(),
        canvas: Canvas::default(),
        keys: Keys::default(),
        log,
    }
    .run();
    terminal.give_back();
    drop(diverted);
    done
}

fn gone(error: &std::io::Error) -> Failure {
    Failure::new("using the terminal", error)
}

struct Live<'a, 'b> {
    room: &'a mut Room<'b>,
    watch: &'a Watch,
    terminal: Terminal,
    canvas: Canvas,
    keys: Keys,
    log: Receiver<String>,
}

impl Live<'_, '_> {
    fn run(mut self) -> Result<(), Failure> {
        let typing = Typing::start()?;
        let events = self.room.events().clone();
        let (asked, log) = (self.watch.asked.clone(), self.log.clone());
        let mut typed = typing.bytes.clone();
        let mut drawn_at = None;
        while self.room.turn()? {
            if !self.terminal.is_ours() {
                // A panic in another thread, which has said what happened.
                return Err(Failure("a part of the program broke (see above)".into()));
            }
            if drawn_at.is_none_or(|at: Instant| at.elapsed() >= HOST_DRAW_EVERY) {
                self.draw()?;
                drawn_at = Some(Instant::now());
            }
            select! {
                recv(events) -> event => match event {
                    Ok(event) => {
                        self.room.hear(event)?;
                        drawn_at = None;
                    }
                    Err(_) => return Ok(()),
                },
                recv(typed) -> bytes => {
                    // Without a keyboard there are still signals.
                    let bytes = bytes.unwrap_or_else(|_gone| {
                        typed = never();
                        Vec::new()
                    });
                    if !bytes.is_empty() {
                        drawn_at = None;
                    }
                    if !self.press(&bytes) {
                        return Ok(());
                    }
                },
                recv(asked) -> asked => {
                    if asked == Ok(Asked::Pause) {
                        self.terminal.give_back();
                        sleep_until_continued();
                    }
                    self.terminal.take_again().map_err(|error| gone(&error))?;
                    self.canvas.forget();
                    drawn_at = None;
                },
                recv(log) -> line => {
                    if let Ok(line) = line
                        && let Some(text) = clean_display_text(&line, SERVER_TEXT_CHARS_MAX)
                    {
                        self.room.say(text);
                    }
                },
                default(TURN) => {}
            }
        }
        Ok(())
    }

    /// `false`: leave.
    fn press(&mut self, bytes: &[u8]) -> bool {
        let mut keys = self.keys.push(bytes);
        if bytes.is_empty() {
            keys.extend(self.keys.quiet());
        }
        for key in keys {
            let now = self.room.now();
            for effect in self.room.desk.press(key, &mut self.room.party, now) {
                if effect == Effect::Redraw {
                    self.canvas.forget();
                }
                if !self.room.carry_out(effect) {
                    return false;
                }
            }
        }
        true
    }

    fn draw(&mut self) -> Result<(), Failure> {
        self.room.said.clear();
        let sharing = self.room.sharing();
        let view = View {
            party: &self.room.party,
            desk: &self.room.desk,
            now: self.room.now(),
            server: &self.room.server,
            sharing,
            loudspeaker: self.room.loudspeaker(),
        };
        let (columns, rows) = size();
        let rows = draw(&view, columns, rows);
        let drawn = self.terminal.draw(&mut self.canvas, rows);
        drawn.map_err(|error| gone(&error))
    }
}
