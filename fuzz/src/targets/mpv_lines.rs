//! What mpv writes: lines, however they are cut, and the words in them.

use super::assert_one_line;
use jam::limits::{PLAYER_LINE_BYTES_MAX, PLAYER_WORDS_CHARS_MAX};
use jam::player::ipc::{Answer, Lines, Said, TooLong, parse};

/// The first byte tells into pieces of how many bytes the others are cut.
pub fn run(bytes: &[u8]) {
    let Some((&piece, bytes)) = bytes.split_first() else {
        return;
    };
    let whole = lines(bytes, bytes.len().max(1));
    let pieces = lines(bytes, usize::from(piece).max(1));
    assert_eq!(whole, pieces, "in pieces of {piece}");
    for line in &whole.0 {
        assert!(line.len() <= PLAYER_LINE_BYTES_MAX && !line.contains(&b'\n'));
        match parse(line) {
            Ok(said) => check(&said),
            Err(malformed) => assert_one_line(&malformed.0, PLAYER_WORDS_CHARS_MAX),
        }
    }
}

/// The lines, and whether one was too long.
fn lines(bytes: &[u8], piece: usize) -> (Vec<Vec<u8>>, bool) {
    let mut lines = Lines::default();
    let mut found = Vec::new();
    for bytes in bytes.chunks(piece) {
        lines.push(bytes);
        loop {
            match lines.next_line() {
                Ok(Some(line)) => found.push(line),
                Ok(None) => break,
                Err(TooLong) => return (found, true),
            }
        }
    }
    (found, false)
}

fn check(said: &Said) {
    match said {
        Said::Reply {
            result: Ok(Answer::Number(number)),
            ..
        } => assert!(number.is_finite()),
        Said::Reply {
            result: Err(words), ..
        }
        | Said::Ended {
            error: Some(words), ..
        } => assert_one_line(words, PLAYER_WORDS_CHARS_MAX),
        _ => {}
    }
}
