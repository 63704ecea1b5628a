//! The screen as a value: rows of text for a room, fitted to a terminal of any size. Pure.
//!
//! There are never more rows than the terminal has, and none fills its last column. What matters most stays longest when
//! there is little room: what plays, what is asked, the keys.

use super::desk::{Desk, Focus, Moment};
use super::legend::{HELP, keys};
use super::names::label;
use super::party::Party;
use super::prompt::question;
use super::report;
use super::width::{cut, pad, pad_left, width};
use crate::client::messages::Track;
use crate::commands::words::{bar, count, rate};
use std::fmt::Write;

/// With fewer rows than this nothing is left free.
const AIRY_ROWS: usize = 20;

/// Below these many columns a list does without who added a track, and how long it is.
const ORIGIN_COLUMNS_MIN: usize = 56;
const DURATION_COLUMNS_MIN: usize = 32;

const ORIGIN_COLUMNS: usize = 18;
const NAME_COLUMNS: usize = 20;
const BAR_COLUMNS_MAX: usize = 60;
const KEY_ROWS_MAX: usize = 3;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    #[default]
    Plain,
    Bold,
    Dim,
    /// The cursor.
    Reverse,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub text: String,
    pub style: Style,
}

/// The files that are served from here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sharing {
    pub tracks: usize,
    /// Nodes that are connected.
    pub peers: usize,
    pub bytes_per_sec: f64,
}

/// What plays here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loudspeaker {
    /// 0 to 100.
    pub volume: u32,
    pub mute: bool,
    pub error_ms: Option<f64>,
}

/// All that is shown.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub party: &'a Party,
    pub desk: &'a Desk,
    pub now: Moment,
    /// The server, as it was typed.
    pub server: &'a str,
    pub sharing: Sharing,
    pub loudspeaker: Option<Loudspeaker>,
}

/// `columns` and `rows` of the terminal, as few as it has.
#[must_use]
pub fn draw(view: &View, columns: usize, rows: usize) -> Vec<Row> {
    let columns = columns.saturating_sub(1);
    let mut shown = all(view, columns, rows);
    shown.truncate(rows);
    for row in &mut shown {
        row.text = cut(&row.text, columns);
    }
    shown
}

fn all(view: &View, columns: usize, rows: usize) -> Vec<Row> {
    let is_airy = rows >= AIRY_ROWS;
    let mut top = vec![header(view)];
    let mut bottom = bottom(view, columns);
    if rows < top.len() + 2 + bottom.len() {
        return most_important(view, columns);
    }
    if is_airy {
        top.push(Row::default());
    }
    top.extend(playing(view, columns));
    if is_airy {
        top.push(Row::default());
        bottom.insert(0, Row::default());
    }
    let left = rows.saturating_sub(top.len() + bottom.len());
    let middle = match view.desk.help {
        true => help(left),
        false => middle(view, columns, left),
    };
    let free = left.saturating_sub(middle.len());
    top.extend(middle);
    top.extend(std::iter::repeat_n(Row::default(), free));
    top.extend(bottom);
    top
}

/// For a terminal that has no room for more, the more important first.
fn most_important(view: &View, columns: usize) -> Vec<Row> {
    let mut few = Vec::from(playing(view, columns));
    few.push(message(view, columns));
    few.push(header(view));
    few.extend(wrap(&keys(view.party, view.desk), columns));
    few
}

/// What a terminal needs to show `new` where it showed `old`; everything if that has another height.
#[must_use]
pub fn update(old: &[Row], new: &[Row]) -> String {
    let is_other = old.len() != new.len();
    let mut text = String::new();
    if is_other {
        text += "\x1b[0m\x1b[2J";
    }
    for (index, row) in new.iter().enumerate() {
        if !is_other && old[index] == *row {
            continue;
        }
        let style = match row.style {
            Style::Plain => "",
            Style::Bold => "\x1b[1m",
            Style::Dim => "\x1b[2m",
            Style::Reverse => "\x1b[7m",
        };
        let _in_memory = write!(
            text,
            "\x1b[{};1H{style}{}\x1b[0m\x1b[K",
            index + 1,
            row.text
        );
    }
    text
}

fn row(text: impl Into<String>, style: Style) -> Row {
    let text = text.into();
    Row { text, style }
}

// ---- the parts -------------------------------------------------------------------------------------

/// `jam1 at 192.168.1.20:8000  you host  guests may only listen  4 here`
fn header(view: &View) -> Row {
    let party = view.party;
    let mut parts = vec![format!("{} at {}", party.room, view.server)];
    if party.connected {
        parts.push(report::seat(party));
        parts.extend(report::guests(party));
        parts.extend(report::locked(party));
        parts.push(format!("{} here", party.members.total));
    } else {
        parts.push("the server is gone, trying again".to_owned());
    }
    row(parts.join("  "), Style::Bold)
}

/// The track, and how far it is.
fn playing(view: &View, columns: usize) -> [Row; 2] {
    let party = view.party;
    if party.track_id().is_none() {
        let hint = match (party.queue.is_empty(), party.may_control()) {
            (true, _) => "the queue is empty",
            (false, Ok(())) => "Enter plays the track under the cursor",
            (false, Err(_)) => "",
        };
        return [row("nothing plays", Style::Plain), row(hint, Style::Dim)];
    }
    let room_sec = view.now.room_sec;
    if let Some(mut waiting) = report::waiting(party, room_sec) {
        if party.may_control().is_ok() {
            waiting += "  (s starts now)";
        }
        return [
            row(report::name(party), Style::Bold),
            row(waiting, Style::Plain),
        ];
    }
    let time = report::time(party, room_sec);
    let mut line = format!("{}  {time}", report::status(party));
    if let Some(duration) = party.duration_sec().filter(|sec| *sec > 0.0) {
        let left = columns.saturating_sub(width(&line) + "  []".len());
        let share = party.position_sec(room_sec) / duration;
        let (part, whole) = ((share.clamp(0.0, 1.0) * 1000.0) as u64, 1000);
        line += "  ";
        line += &bar(part, whole, left.min(BAR_COLUMNS_MAX));
    }
    [
        row(report::name(party), Style::Bold),
        row(line, Style::Plain),
    ]
}

/// The queue and the people, in as many rows as there are.
fn middle(view: &View, columns: usize, rows: usize) -> Vec<Row> {
    let people = view.party.members.listed.len() + 1;
    let for_people = match (rows, view.desk.focus) {
        (..8, Focus::Queue) => 0,
        (..8, Focus::People) => rows,
        (_, Focus::Queue) => people.min((rows / 3).max(3)),
        (_, Focus::People) => people.min(rows * 2 / 3),
    };
    let mut lists = queue(view, columns, rows - for_people);
    lists.extend(members(view, columns, for_people));
    lists
}

fn queue(view: &View, columns: usize, rows: usize) -> Vec<Row> {
    let Some(rows) = rows.checked_sub(1) else {
        return Vec::new();
    };
    let party = view.party;
    let title = match (party.queue.len(), party.place()) {
        (0, _) => "Queue: empty".to_owned(),
        (tracks, Some(place)) => format!("Queue: {} of {tracks}", place + 1),
        (tracks, None) => format!("Queue: {}", count(tracks, "track")),
    };
    let cursor = view.desk.cursor(party);
    let has_focus = view.desk.focus == Focus::Queue;
    let mut list = vec![row(title, style_of_title(has_focus))];
    let first = window(party.queue.len(), cursor, rows);
    let shown = party.queue.iter().enumerate().skip(first).take(rows);
    list.extend(shown.map(|(index, track)| {
        let text = track_line(track, index, party.place() == Some(index), columns);
        row(text, style_of_line(has_focus && index == cursor))
    }));
    list
}

/// ` > 12  Prelude in C, J. S. Bach          3:20  Ana`
fn track_line(track: &Track, index: usize, is_current: bool, columns: usize) -> String {
    let mark = if is_current { '>' } else { ' ' };
    let mut line = format!(" {mark} {:3}  ", index + 1);
    let origin =
        (columns >= ORIGIN_COLUMNS_MIN).then(|| pad(&report::origin(track), ORIGIN_COLUMNS));
    let duration = (columns >= DURATION_COLUMNS_MIN).then(|| pad_left(&report::duration(track), 7));
    let behind: String = [duration, origin]
        .into_iter()
        .flatten()
        .map(|part| format!("  {part}"))
        .collect();
    let left = columns.saturating_sub(width(&line) + width(&behind));
    line += &pad(&label(track), left);
    line += &behind;
    line
}

fn members(view: &View, columns: usize, rows: usize) -> Vec<Row> {
    let Some(rows) = rows.checked_sub(1) else {
        return Vec::new();
    };
    let members = &view.party.members;
    let person = view.desk.person(view.party);
    let has_focus = view.desk.focus == Focus::People;
    let title = format!("Here: {}", members.total);
    let mut list = vec![row(title, style_of_title(has_focus))];
    let first = window(members.listed.len(), person, rows);
    let shown = members.listed.iter().enumerate().skip(first).take(rows);
    list.extend(shown.map(|(index, member)| {
        let is_me = view.party.me.as_ref() == Some(&member.peer_id);
        let mark = if is_me { '*' } else { ' ' };
        let name = pad(&member.name, NAME_COLUMNS.min(columns / 2));
        let line = format!(" {mark} {name}  {}", report::doing(member));
        row(
            pad(&line, columns),
            style_of_line(has_focus && index == person),
        )
    }));
    list
}

fn style_of_title(has_focus: bool) -> Style {
    match has_focus {
        true => Style::Bold,
        false => Style::Dim,
    }
}

fn style_of_line(has_cursor: bool) -> Style {
    match has_cursor {
        true => Style::Reverse,
        false => Style::Plain,
    }
}

/// The first of `length` things that are shown, so that the cursor is among them.
fn window(length: usize, cursor: usize, rows: usize) -> usize {
    let first = cursor.saturating_sub(rows / 2);
    first.min(length.saturating_sub(rows))
}

fn bottom(view: &View, columns: usize) -> Vec<Row> {
    let mut lines = Vec::new();
    let mut here = Vec::new();
    let Sharing {
        tracks,
        peers,
        bytes_per_sec,
    } = view.sharing;
    if tracks > 0 {
        here.push(format!("serving {}", count(tracks, "file")));
        here.push(format!("{}, {}", count(peers, "peer"), rate(bytes_per_sec)));
    }
    if let Some(loudspeaker) = view.loudspeaker {
        here.push(match loudspeaker.mute {
            true => "muted here".to_owned(),
            false => format!("volume here {} %", loudspeaker.volume),
        });
        here.extend(loudspeaker.error_ms.map(|ms| format!("{ms:+.1} ms")));
    }
    if !here.is_empty() {
        lines.push(row(here.join("  "), Style::Dim));
    }
    lines.push(message(view, columns));
    lines.extend(wrap(&keys(view.party, view.desk), columns));
    lines
}

/// What is asked, or what there is to say.
fn message(view: &View, columns: usize) -> Row {
    let message = view.desk.message(view.now).unwrap_or_default();
    match question(&view.desk.prompt, columns) {
        Some(question) => row(question, Style::Bold),
        None => row(message, Style::Plain),
    }
}

fn wrap(words: &[&str], columns: usize) -> Vec<Row> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in words {
        let line = lines
            .last_mut()
            .expect("bug: there is one from the beginning");
        match line.is_empty() {
            true => line.push_str(word),
            false if line.len() + 2 + word.len() <= columns => {
                line.push_str("  ");
                line.push_str(word);
            }
            false => lines.push((*word).to_owned()),
        }
    }
    lines.truncate(KEY_ROWS_MAX);
    lines
        .into_iter()
        .map(|line| row(line, Style::Dim))
        .collect()
}

fn help(rows: usize) -> Vec<Row> {
    let lines = HELP.iter().map(|line| row(*line, Style::Plain));
    lines.take(rows).collect()
}
