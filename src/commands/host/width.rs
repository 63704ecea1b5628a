//! How many columns of a terminal a text takes, and texts fitted to so many. Pure.
//!
//! Two columns for what East Asian scripts and emoji take, none for what is drawn onto the character before. Terminals
//! do not agree on the rest, so a row is never filled to its last column.

use std::ops::RangeInclusive;

/// Marks on the character before, and what has no shape.
const NOTHING: &[RangeInclusive<u32>] = &[
    0x0300..=0x036f,
    0x0483..=0x0489,
    0x0591..=0x05bd,
    0x0610..=0x061a,
    0x064b..=0x065f,
    0x06d6..=0x06dc,
    0x0e31..=0x0e31,
    0x0e34..=0x0e3a,
    0x0e47..=0x0e4e,
    0x1ab0..=0x1aff,
    0x1dc0..=0x1dff,
    0x200b..=0x200f,
    0x2028..=0x202e,
    0x2060..=0x206f,
    0x20d0..=0x20ff,
    0x302a..=0x302d,
    0x3099..=0x309a,
    0xfe00..=0xfe0f,
    0xfe20..=0xfe2f,
    0xfeff..=0xfeff,
    0xe0000..=0xe01ef,
];

const TWO: &[RangeInclusive<u32>] = &[
    0x1100..=0x115f,
    0x231a..=0x231b,
    0x23e9..=0x23ec,
    0x25fd..=0x25fe,
    0x2614..=0x2615,
    0x2648..=0x2653,
    0x26a1..=0x26a1,
    0x26bd..=0x26be,
    0x2705..=0x2705,
    0x2728..=0x2728,
    0x274c..=0x274c,
    0x2753..=0x2757,
    0x2b50..=0x2b50,
    0x2e80..=0x303e,
    0x3041..=0x4dbf,
    0x4e00..=0xa4cf,
    0xa960..=0xa97f,
    0xac00..=0xd7a3,
    0xf900..=0xfaff,
    0xfe30..=0xfe6f,
    0xff00..=0xff60,
    0xffe0..=0xffe6,
    0x1f004..=0x1f004,
    0x1f0cf..=0x1f0cf,
    0x1f18e..=0x1f19a,
    0x1f200..=0x1f265,
    0x1f300..=0x1f64f,
    0x1f680..=0x1f6ff,
    0x1f7e0..=0x1f7eb,
    0x1f90c..=0x1f9ff,
    0x1fa70..=0x1faff,
    0x20000..=0x3fffd,
];

/// What stands for the end of a text that was cut.
const CUT: char = '~';

#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

fn width_of(c: char) -> usize {
    let is_in = |ranges: &[RangeInclusive<u32>]| {
        let place = ranges.partition_point(|range| *range.end() < c as u32);
        ranges
            .get(place)
            .is_some_and(|range| range.contains(&(c as u32)))
    };
    match c {
        ' '..='~' => 1,
        _ if c.is_control() || is_in(NOTHING) => 0,
        _ if is_in(TWO) => 2,
        _ => 1,
    }
}

/// The end of it, at most `columns`; what was cut begins with `~`.
#[must_use]
pub fn tail(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |c: &char| match left.checked_sub(width_of(*c)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let end: Vec<char> = text.chars().rev().take_while(fits).collect();
    let mark = (columns > 0).then_some(CUT);
    mark.into_iter().chain(end.into_iter().rev()).collect()
}

/// At most `columns` of it, without control characters; what was cut ends in `~`.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    let clean = || text.chars().filter(|c| !c.is_control());
    if width(text) <= columns {
        return clean().collect();
    }
    let mut shorter = String::new();
    let mut left = columns.saturating_sub(1);
    for c in clean() {
        match left.checked_sub(width_of(c)) {
            Some(rest) => left = rest,
            None => break,
        }
        shorter.push(c);
    }
    if columns > 0 {
        shorter.push(CUT);
    }
    shorter
}

/// Exactly `columns` of it: cut, or with blanks behind.
#[must_use]
pub fn pad(text: &str, columns: usize) -> String {
    let mut text = cut(text, columns);
    let missing = columns - width(&text);
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// The same with the blanks in front.
#[must_use]
pub fn pad_left(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    " ".repeat(columns - width(&text)) + &text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_are_in_order() {
        for ranges in [NOTHING, TWO] {
            assert!(ranges.iter().all(|range| range.start() <= range.end()));
            assert!(ranges.windows(2).all(|two| two[0].end() < two[1].start()));
        }
    }

    #[test]
    fn letters_take_one_column_ideographs_two_and_marks_none() {
        for (text, columns) in [
            ("", 0),
            ("jam1", 4),
            ("Ärger", 5),
            ("A\u{308}rger", 5),
            ("日本", 4),
            ("한국", 4),
            ("🎵a", 3),
            ("a\u{200d}b", 2),
            ("a\u{7}\u{1b}", 1),
        ] {
            assert_eq!(width(text), columns, "{text:?}");
        }
    }

    #[test]
    fn a_cut_text_fits_whatever_it_is_made_of() {
        let pieces = ["a", "日", "e\u{301}", "🎵", "\u{1b}[2J", " ", "\u{202e}"];
        for number in 0..7_usize.pow(4) {
            let digit = |place: u32| pieces[number / 7_usize.pow(place) % 7];
            let text: String = (0..4).map(digit).collect();
            for columns in 0..10 {
                let short = cut(&text, columns);
                assert!(width(&short) <= columns, "{text:?} {columns}");
                assert!(!short.contains(char::is_control), "{text:?}");
                assert_eq!(width(&pad(&text, columns)), columns, "{text:?}");
                assert_eq!(width(&pad_left(&text, columns)), columns, "{text:?}");
                if width(&text) <= columns {
                    assert_eq!(short, text.replace(char::is_control, ""));
                }
            }
        }
        assert_eq!(cut("Prelude in C", 8), "Prelude~");
        assert_eq!(cut("日本語", 4), "日~");
    }
}
